#include "design/beta.h"
#include "design/marginal.h"
#include "design/normal.h"
#include "ion_test.h"

#include <ion/design.h>

static const double some_u[] = {0x1p-53, 1e-12, 1e-4, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 0.9999};

static double quantile(const ion_marginal *m, double u)
{
  double x;

  ion_marginal_quantile(m, 1, &u, &x, NULL);
  return x;
}

/* Abramowitz & Stegun 1972, tables 26.5 and 26.6, and more digits from the tail of erfc. */
static PetscErrorCode normal_quantiles_are_the_published_ones(void)
{
  PetscFunctionBegin;
  CHECK(ion_normal_quantile(0.5) == 0);
  CHECK_RELATIVE(ion_normal_quantile(0.975), 1.9599639845400543, 1e-15);
  CHECK_RELATIVE(ion_normal_quantile(0.75), 0.67448975019608174, 1e-15);
  CHECK_RELATIVE(ion_normal_quantile(1e-3), -3.0902323061678135, 1e-15);
  CHECK_RELATIVE(ion_normal_quantile(1e-10), -6.3613409024040562, 1e-15);
  CHECK_RELATIVE(ion_normal_quantile(1e-20), -9.2623400897984076, 1e-15);
  CHECK_RELATIVE(ion_normal_quantile(0x1p-53), -8.2095361516013856, 1e-15);
  for (double z = -37; z < 6; z += 0.37)
    CHECK_NEAR(ion_normal_quantile(ion_normal_share(z)), z,
               4e-16 * (1 + fabs(z)) + (z > 0 ? 2e-16 / ion_normal_density(z) : 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A normal cut to [8, 9] standard deviations keeps its digits, there and mirrored. */
static PetscErrorCode truncated_tails_keep_their_digits(void)
{
  ion_marginal upper = {
      .kind = ION_MARGINAL_NORMAL, .lower = 8, .upper = 9, .param = {0, 1}
  };
  ion_marginal lower = {
      .kind = ION_MARGINAL_NORMAL, .lower = -9, .upper = -8, .param = {0, 1}
  };
  const double at_8 = 0.5 * erfc(8 / sqrt(2)), at_9 = 0.5 * erfc(9 / sqrt(2));

  PetscFunctionBegin;
  CHECK_RELATIVE(ion_marginal_truncate(&upper), at_8 - at_9, 3e-14); /* z^2 roundings of z */
  CHECK_RELATIVE(ion_marginal_truncate(&lower), at_8 - at_9, 3e-14); /* z^2 roundings of z */
  for (size_t i = 0; i < ION_COUNT(some_u); i++) {
    const double u = some_u[i], x = quantile(&upper, u);

    CHECK_NEAR((at_8 - 0.5 * erfc(x / sqrt(2))) / (at_8 - at_9), u, 1e-13);
    CHECK_NEAR(quantile(&lower, 1 - u), -x, 1e-13);
    CHECK(x >= 8 && x <= 9);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Closed forms: x^a for (a, 1), the arcsine law, 3 x^2 - 2 x^3 for (2, 2). */
static PetscErrorCode beta_quantiles_have_their_closed_forms(void)
{
  static const double shape[] = {0.05, 0.5, 1, 2, 7.5, 300};

  PetscFunctionBegin;
  for (size_t i = 0; i < ION_COUNT(some_u); i++) {
    const double u = some_u[i], x = ion_beta_quantile(2, 2, u),
                 s = sin(0.25 * (double)M_PI * 2 * u);

    for (size_t k = 0; k < ION_COUNT(shape); k++) {
      CHECK_RELATIVE(ion_beta_quantile(shape[k], 1, u), pow(u, 1 / shape[k]), 2e-13);
      CHECK_NEAR(ion_beta_quantile(1, shape[k], u), -expm1(log1p(-u) / shape[k]), 1e-14);
      if (u >= 0.01) /* below, 1 - u has lost the digits of u */
        CHECK_NEAR(ion_beta_quantile(shape[k], shape[k], u),
                   1 - ion_beta_quantile(shape[k], shape[k], 1 - u), 2e-13);
    }
    CHECK_RELATIVE(ion_beta_quantile(0.5, 0.5, u), s * s, 1e-13);
    CHECK_RELATIVE(x * x * (3 - 2 * x), u, 1e-13);
  }
  CHECK(ion_beta_quantile(2, 3, 0) == 0 && ion_beta_quantile(2, 3, 1) == 1);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const ion_marginal laws[] = {
    {.kind = ION_MARGINAL_UNIFORM, .lower = -1, .upper = 3},
    {                               .kind = ION_MARGINAL_LOG_UNIFORM,               .lower = 1e-3, .upper = 50          },
    {     .kind = ION_MARGINAL_NORMAL,           .lower = -INFINITY,     .upper = INFINITY,           .param = {2, 0.5}},
    {     .kind = ION_MARGINAL_NORMAL,                .lower = 1,          .upper = 2.5,           .param = {2, 0.5}},
    {  .kind = ION_MARGINAL_LOGNORMAL,           .lower = 0,     .upper = INFINITY,           .param = {3, 1.5}},
    {  .kind = ION_MARGINAL_LOGNORMAL,                 .lower = 4,           .upper = 20,           .param = {3, 1.5}},
    { .kind = ION_MARGINAL_TRIANGULAR,                  .lower = 1,                 .upper = 5,           .param = {2}},
    { .kind = ION_MARGINAL_TRIANGULAR,                  .lower = 1,                 .upper = 5,           .param = {1}},
    { .kind = ION_MARGINAL_TRIANGULAR,                  .lower = 1,                 .upper = 5,           .param = {5}},
    {       .kind = ION_MARGINAL_BETA,                 .lower = 10,           .upper = 30,           .param = {2.5, 4}},
};

static ion_marginal law_at(size_t i)
{
  ion_marginal m = laws[i];

  if (m.kind == ION_MARGINAL_NORMAL || m.kind == ION_MARGINAL_LOGNORMAL)
    (void)ion_marginal_truncate(&m);
  return m;
}

static PetscErrorCode slopes_are_those_of_the_quantiles(void)
{
  PetscFunctionBegin;
  for (size_t i = 0; i < ION_COUNT(laws); i++) {
    const ion_marginal m = law_at(i);

    for (double u = 0.03; u < 1; u += 0.045) {
      const double h = 1e-5;
      double x, slope;

      ion_marginal_quantile(&m, 1, &u, &x, &slope);
      CHECK_RELATIVE(slope, (quantile(&m, u + h) - quantile(&m, u - h)) / (2 * h), 1e-5);
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode quantiles_rise_and_stay_in_their_limits(void)
{
  PetscFunctionBegin;
  for (size_t i = 0; i < ION_COUNT(laws); i++) {
    const ion_marginal m = law_at(i);
    double before        = -INFINITY;

    for (size_t k = 0; k < ION_COUNT(some_u); k++) {
      const double x = quantile(&m, some_u[k]);

      CHECK(x >= before && x >= m.lower && x <= m.upper && isfinite(x));
      before = x;
    }
    if (ion_marginal_is_open(&m)) continue;
    CHECK_NEAR(quantile(&m, 0), m.lower, 1e-12);
    CHECK_NEAR(quantile(&m, 1), m.upper, 1e-12);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Midpoint sums of the quantile function against the means in closed form. */
static PetscErrorCode means_are_the_closed_forms(void)
{
  enum { N = 20000 };
  const double sigma  = log(1.5);
  const double phi_1  = ion_normal_density(-2) - ion_normal_density(1);
  const double mean[] = {1,
                         (50 - 1e-3) / log(50e3),
                         2,
                         2 + 0.5 * phi_1 / (ion_normal_share(1) - ion_normal_share(-2)),
                         3 * exp(0.5 * sigma * sigma),
                         NAN,
                         8.0 / 3,
                         7.0 / 3,
                         11.0 / 3,
                         10 + 20 * 2.5 / 6.5};

  PetscFunctionBegin;
  for (size_t i = 0; i < ION_COUNT(laws); i++) {
    const ion_marginal m = law_at(i);
    double sum           = 0;

    if (isnan(mean[i])) continue;
    for (size_t k = 0; k < N; k++) sum += quantile(&m, ((double)k + 0.5) / N) / N;
    CHECK_RELATIVE(sum, mean[i], 2e-5);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode discrete_values_have_their_shares(void)
{
  static const double value[] = {3, 1, 7}, weight[] = {0.5, 0.25, 0.25};
  const ion_marginal m = {.kind    = ION_MARGINAL_DISCRETE,
                          .lower   = 1,
                          .upper   = 7,
                          .n_value = 3,
                          .value   = value,
                          .weight  = weight};

  PetscFunctionBegin;
  CHECK(quantile(&m, 0) == 3 && quantile(&m, 0.4999) == 3 && quantile(&m, 0.5) == 1);
  CHECK(quantile(&m, 0.7499) == 1 && quantile(&m, 0.75) == 7 && quantile(&m, 1) == 7);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const ion_test_case cases[] = {
    {"normal_quantiles_are_the_published_ones", normal_quantiles_are_the_published_ones},
    {"truncated_tails_keep_their_digits",       truncated_tails_keep_their_digits      },
    {"beta_quantiles_have_their_closed_forms",  beta_quantiles_have_their_closed_forms },
    {"slopes_are_those_of_the_quantiles",       slopes_are_those_of_the_quantiles      },
    {"quantiles_rise_and_stay_in_their_limits", quantiles_rise_and_stay_in_their_limits},
    {"means_are_the_closed_forms",              means_are_the_closed_forms             },
    {"discrete_values_have_their_shares",       discrete_values_have_their_shares      },
};

int main(int argc, char **argv)
{
  return ion_test_main(argc, argv, cases, ION_COUNT(cases));
}
