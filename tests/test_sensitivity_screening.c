/* Elementary effects, gradients and given data. */
#include "sensitivity_fixture.h"

enum { K = 3, N = 16384, TRAJECTORY = 400 };

/* Gradient of Ishigami's function. */
static void ishigami_gradient(const double x[K], double g[K])
{
  const double z2 = x[2] * x[2];

  g[0] = cos(x[0]) * (1.0 + 0.1 * z2 * z2);
  g[1] = 7.0 * sin(2.0 * x[1]);
  g[2] = 0.4 * z2 * x[2] * sin(x[0]);
}

/* C nu/V = 2.230, 7.079, 3.174 with C = (2 pi)^2/pi^2: above the total orders 0.558, 0.442, 0.244. */
static PetscErrorCode dgsm_of_ishigami(void)
{
  const double bound[K] = {2.230, 7.079, 3.174}, C[K] = {4.0, 4.0, 4.0};
  ion_dgsm dgsm[K];
  ion_block gradient;
  fixture s;

  PetscFunctionBegin;
  PetscCall(fixture_begin("ishigami", K, N, 4, PETSC_FALSE, 1, &s));
  PetscCall(ion_block_create(K, N, &gradient));
  for (size_t i = 0; i < N; i++) {
    const size_t p = i * s.n_member; /* member A of block i / 4, replicate i % 4 */
    double x[K], g[K];

    for (size_t j = 0; j < K; j++) x[j] = ion_row(s.x, j)[p];
    ishigami_gradient(x, g);
    for (size_t j = 0; j < K; j++) ion_row(gradient, j)[i] = g[j];
  }
  ion_row(gradient, 1)[7] = (double)NAN;
  PetscCall(ion_dgsm_indices(gradient, C, 13.844587940719, 4, dgsm));
  for (size_t j = 0; j < K; j++) {
    CHECK_NEAR(dgsm[j].bound.value, bound[j], 0.005 * bound[j]);
    CHECK_NEAR(dgsm[j].nu.value, bound[j] * 13.844587940719 / 4.0, 0.005 * dgsm[j].nu.value);
    CHECK(dgsm[j].bound.half_width < 0.02 * bound[j] && !dgsm[j].is_infinite);
  }
  PetscCall(ion_block_destroy(&gradient));
  PetscCall(fixture_end(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Beyond a fold y ~ sqrt(u), dy/du = 1/(2 sqrt u): the mean of its square does not exist, and its median
 * is that at u = 1/2, namely 1/2. y = u^2 has nu = 4/3. */
static PetscErrorCode dgsm_says_where_it_does_not_exist(void)
{
  const double C[2] = {1.0, 1.0};
  ion_dgsm dgsm[2];
  ion_block g;

  PetscFunctionBegin;
  PetscCall(ion_block_create(2, N, &g));
  for (size_t i = 0; i < N; i++) {
    const double u = pow(ion_random_uniform(3, i, 0), 4.0); /* nearer the fold: slope 1/u */

    ion_row(g, 0)[i] = 0.5 / sqrt(u);
    ion_row(g, 1)[i] = 2.0 * ((double)i + 0.5) / N;
  }
  PetscCall(ion_dgsm_indices(g, C, 1.0, 1, dgsm));
  CHECK(dgsm[0].is_infinite && dgsm[0].largest_share > 0.5);
  CHECK_NEAR(dgsm[0].median, 0.25 * 16.0, 0.5); /* u^(1/4) = 1/2 */
  CHECK(!dgsm[1].is_infinite && isfinite(dgsm[1].nu.value));
  CHECK_NEAR(dgsm[1].nu.value, 4.0 / 3.0, 1e-6);
  PetscCall(ion_block_destroy(&g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* y = exp(a.x): every gradient is a multiple of a, so one eigenvector, a/|a|, has all of the spectrum. */
static PetscErrorCode a_ridge_function_has_one_active_direction(void)
{
  const double a[K] = {0.5, -2.0, 1.0}, norm = sqrt(5.25);
  ion_estimate eigenvalue[K], activity[K];
  double vector[K * K], nu = 0.0;
  ion_block g;

  PetscFunctionBegin;
  PetscCall(ion_block_create(K, 1000, &g));
  for (size_t i = 0; i < 1000; i++) {
    const double y = exp(a[0] * ion_random_uniform(1, i, 0) + a[1] * ion_random_uniform(1, i, 1) +
                         a[2] * ion_random_uniform(1, i, 2));

    for (size_t j = 0; j < K; j++) ion_row(g, j)[i] = a[j] * y;
    nu += a[1] * a[1] * y * y / 1000.0;
  }
  PetscCall(ion_active_subspace(g, 1, 1, eigenvalue, vector, activity));
  CHECK_NEAR(eigenvalue[1].value, 0.0, 1e-12 * eigenvalue[0].value);
  CHECK(eigenvalue[0].half_width > 0.0 && eigenvalue[0].half_width < 0.3 * eigenvalue[0].value);
  for (size_t j = 0; j < K; j++) CHECK_NEAR(vector[j], -a[j] / norm, 1e-12);
  CHECK_NEAR(activity[1].value, nu,
             1e-10 * nu); /* with all vectors activity is nu: here one is all */
  PetscCall(ion_block_destroy(&g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* y = 2 x1 - x2 + 4 (x1 - 1/2) (x3 - 1/2): the effect of x2 is -1 everywhere; of x3 it changes sign. */
static PetscErrorCode elementary_effects_of_a_bilinear_function(void)
{
  const unsigned char is_group[K] = {0, 0, 1};
  ion_morris plain[K], grouped[K];
  ion_block effect;

  PetscFunctionBegin;
  PetscCall(ion_block_create(K, TRAJECTORY, &effect));
  for (size_t t = 0; t < TRAJECTORY; t++) {
    const double x1 = ion_random_uniform(2, t, 0), x3 = ion_random_uniform(2, t, 2);

    ion_row(effect, 0)[t] = 2.0 + 4.0 * (x3 - 0.5);
    ion_row(effect, 1)[t] = -1.0;
    ion_row(effect, 2)[t] = 4.0 * (x1 - 0.5);
  }
  ion_row(effect, 1)[5] = (double)NAN;
  PetscCall(ion_morris_indices(effect, NULL, 1, plain));
  PetscCall(ion_morris_indices(effect, is_group, 1, grouped));
  CHECK(plain[1].n == TRAJECTORY - 1 && plain[1].mu_star.value == 1.0 && plain[1].mu.value == -1.0);
  CHECK_NEAR(plain[1].sigma.value, 0.0, 1e-7);
  CHECK_NEAR(plain[0].mu.value, 2.0, 2.0 * plain[0].mu.half_width);
  CHECK_NEAR(plain[0].sigma.value, 4.0 / sqrt(12.0), 2.0 * plain[0].sigma.half_width);
  CHECK_NEAR(plain[2].mu_star.value, 1.0, 2.0 * plain[2].mu_star.half_width);
  CHECK_NEAR(plain[2].mu.value, 0.0, 2.0 * plain[2].mu.half_width);
  /* the bootstrap knows the standard error sigma/sqrt n of a mean */
  CHECK_RELATIVE(plain[0].mu.half_width, 1.96 * plain[0].sigma.value / sqrt(TRAJECTORY), 0.1);
  CHECK(grouped[2].mu_star.value == plain[2].mu_star.value && isnan(grouped[2].mu.value) &&
        isnan(grouped[2].sigma.value) && isfinite(grouped[0].sigma.value));
  effect.n_point = 1; /* tells nothing of its error */
  PetscCall(ion_morris_indices(effect, NULL, 1, plain));
  CHECK(plain[1].mu_star.value == 1.0 && isnan(plain[1].mu_star.half_width) &&
        isnan(plain[1].mu.half_width));
  PetscCall(ion_block_destroy(&effect));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* y = x1: E[Y|x] = y, delta = 1 - 1/m with m = 10 classes, F(y | slice) leaves F by 1 - 1/10 in the outer of
 * ten slices. An input nobody reads, and the dummy, have first order 0. Their m^2 cells hold Poisson
 * numbers: d is m/sqrt(2 pi n) by chance, d* of resamples sqrt(2) times that, and 2 d - d* what is left. */
static PetscErrorCode given_data_of_known_functions(void)
{
  const size_t n    = 10000;
  const double bias = 10.0 / sqrt(2.0 * M_PI * (double)n);
  ion_given given[3];
  ion_block x;
  double *y;

  PetscFunctionBegin;
  PetscCall(ion_block_create(2, n, &x));
  PetscCall(PetscMalloc1(n, &y));
  for (size_t i = 0; i < n; i++) {
    y[i] = ion_row(x, 0)[i] = ion_random_uniform(4, i, 0);
    ion_row(x, 1)[i]        = ion_random_uniform(4, i, 1);
  }
  PetscCall(ion_given_data(x, y, 1, 1, given));
  CHECK_NEAR(given[0].first.value, 1.0, 1e-3);
  CHECK_NEAR(given[0].delta.value, 1.0 - 1.0 / 10, 1e-3);
  CHECK_NEAR(given[0].pawn_max, 0.9, 1e-3);
  for (size_t j = 1; j < 3; j++) {
    CHECK_NEAR(given[j].first.value, 0.0, 1.5 * given[j].first.half_width);
    CHECK_NEAR(given[j].delta.value, (2.0 - M_SQRT2) * bias, 0.005);
    CHECK(given[j].pawn_max < 0.06 && given[j].pawn_mean <= given[j].pawn_max);
  }
  PetscCall(PetscFree(y));
  PetscCall(ion_block_destroy(&x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* y = x = 1 ... n: the mean of y_i y_next, the last followed by the first, gives 1 - 6/(n + 1). */
static PetscErrorCode rank_estimator_by_hand(void)
{
  double y[100];
  ion_given given[2];
  ion_block x;

  PetscFunctionBegin;
  PetscCall(ion_block_create(1, 100, &x));
  for (size_t i = 0; i < 100; i++) y[i] = ion_row(x, 0)[i] = (double)i + 1.0;
  PetscCall(ion_given_data(x, y, 1, 1, given));
  CHECK_NEAR(given[0].first.value, 1.0 - 6.0 / 101.0, 1e-12);
  PetscCall(ion_block_destroy(&x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Members A and B of a study, which share no input. */
static PetscErrorCode select_bases(const fixture *s, ion_block x, double *y)
{
  PetscFunctionBegin;
  for (size_t i = 0; i < x.n_point; i++) {
    const size_t p = i / 2 * s->n_member + i % 2;

    for (size_t j = 0; j < K; j++) ion_row(x, j)[i] = ion_row(s->x, j)[p];
    y[i] = s->y[p];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The rank estimator on one sample of Ishigami's function, and on its survivors. */
static PetscErrorCode first_order_from_given_data(void)
{
  const size_t n = 8192;
  double S[K], T[K], *y;
  ion_given given[K + 1];
  ion_block x;
  fixture s;

  PetscFunctionBegin;
  ion_function_find("ishigami")->indices(K, S, T);
  PetscCall(fixture_begin("ishigami", K, n / 2, 4, PETSC_FALSE, 3, &s));
  PetscCall(ion_block_create(K, n, &x));
  PetscCall(PetscMalloc1(n, &y));
  PetscCall(select_bases(&s, x, y));
  PetscCall(ion_given_data(x, y, 1, 1, given));
  for (size_t j = 0; j < K; j++) CHECK_NEAR(given[j].first.value, S[j], 0.03);
  for (size_t i = 0; i < n; i += 3) y[i] = (double)NAN; /* lost at random */
  PetscCall(ion_given_data(x, y, 1, 1, given));
  for (size_t j = 0; j < K; j++) CHECK_NEAR(given[j].first.value, S[j], 0.04);
  for (size_t i = 0; i < n; i++) y[i] = (double)NAN;
  PetscCall(ion_given_data(x, y, 1, 1, given));
  CHECK(isnan(given[0].first.value) && isnan(given[K].delta.value));
  PetscCall(PetscFree(y));
  PetscCall(ion_block_destroy(&x));
  PetscCall(fixture_end(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const ion_test_case cases[] = {
    {"dgsm of ishigami",                          dgsm_of_ishigami                         },
    {"dgsm says where it does not exist",         dgsm_says_where_it_does_not_exist        },
    {"a ridge function has one active direction", a_ridge_function_has_one_active_direction},
    {"elementary effects of a bilinear function", elementary_effects_of_a_bilinear_function},
    {"given data of known functions",             given_data_of_known_functions            },
    {"rank estimator by hand",                    rank_estimator_by_hand                   },
    {"first order from given data",               first_order_from_given_data              },
};

int main(int argc, char **argv)
{
  return ion_test_main(argc, argv, cases, ION_COUNT(cases));
}
