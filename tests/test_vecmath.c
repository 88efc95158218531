#include "base/vecmath.h"
#include "ion_test.h"

#include <ion/base.h>

#define N_BLOCK 2048

/* Distance of y from the exact value in units of the last place of the latter. */
static double ulp(double y, long double exact)
{
  const double near = fabs((double)exact);

  return (double)fabsl((long double)y - exact) / (nextafter(near, (double)INFINITY) - near);
}

/* Uniform on (-1, 1) */
static double draw(uint64_t point, uint64_t stream)
{
  return 2.0 * ion_random_uniform(1, point, stream) - 1.0;
}

static PetscErrorCode exponential_is_within_one_ulp(void)
{
  double worst = 0.0;

  PetscFunctionBegin;
  for (uint64_t i = 0; i < 2000000; i++) {
    const double x = draw(i, 0) * (i % 2 ? 700.0 : 3.0);

    worst = fmax(worst, ulp(ion_exp(x), expl((long double)x)));
  }
  CHECK_NEAR(worst, 0.5, 0.5);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode logarithm_is_within_one_ulp(void)
{
  double worst = 0.0;

  PetscFunctionBegin;
  for (uint64_t i = 0; i < 2000000; i++) {
    const double x = exp(draw(i, 1) * (i % 2 ? 700.0 : 1.0));

    worst = fmax(worst, ulp(ion_log(x), logl((long double)x)));
  }
  CHECK_NEAR(worst, 0.5, 0.5);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ends_of_the_range(void)
{
  PetscFunctionBegin;
  CHECK(ion_exp(0.0) == 1.0 && ion_exp(-0.0) == 1.0);
  CHECK(ion_exp(709.79) == (double)INFINITY && ion_exp((double)INFINITY) == (double)INFINITY);
  CHECK(ion_exp(-750.0) == 0.0 && ion_exp(-(double)INFINITY) == 0.0);
  CHECK_RELATIVE(ion_exp(709.75), exp(709.75), 1e-15);
  CHECK_RELATIVE(ion_exp(-707.9), exp(-707.9), 1e-15);
  CHECK(isnan(ion_exp((double)NAN)) && isnan(ion_log((double)NAN)));
  CHECK(ion_log(1.0) == 0.0);
  CHECK(ion_log(0.0) == -(double)INFINITY && ion_log(-0.0) == -(double)INFINITY);
  CHECK(isnan(ion_log(-1.0)) && isnan(ion_log(-(double)INFINITY)) && isnan(ion_log(-1e-310)));
  CHECK(ion_log((double)INFINITY) == (double)INFINITY);
  CHECK_RELATIVE(ion_log(5e-324), -1074.0 * log(2.0), 1e-15);
  CHECK_RELATIVE(ion_log(DBL_MAX), log(DBL_MAX), 1e-15);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The sign of a rate is the sign of 1 - e^-A. */
static PetscErrorCode exponential_is_monotone_around_zero(void)
{
  int wrong = 0;

  PetscFunctionBegin;
  for (uint64_t i = 0; i < 100000; i++) {
    const double x = exp(-20.0 + 19.99 * draw(i, 2));

    wrong += !(1.0 - ion_exp(-x) >= 0.0) || !(1.0 - ion_exp(x) <= 0.0);
    wrong += !(ion_exp(nextafter(x, 1.0)) >= ion_exp(x));
    wrong += !(ion_exp(-nextafter(x, 1.0)) <= ion_exp(-x));
    if (x > 3e-16) wrong += !(1.0 - ion_exp(-x) > 0.0) || !(1.0 - ion_exp(x) < 0.0);
  }
  CHECK(wrong == 0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* u/(1 - e^-u) and its derivative in extended precision; near 0 by their first Taylor terms. */
static void exact_field(double u, long double *B, long double *dB)
{
  const long double U = (long double)u, m = -expm1l(-U);

  *B  = u == 0.0 ? 1.0L : U / m;
  *dB = fabs(u) < 0.02 ? 0.5L + U / 6 - U * U * U / 180 + U * U * U * U * U / 5040
                       : (m - U * expl(-U)) / (m * m);
}

static PetscErrorCode constant_field_has_no_singularity(void)
{
  double worst_B = 0.0, worst_dB = 0.0, e, B, dB;

  PetscFunctionBegin;
  for (uint64_t i = 0; i < 1000000; i++) {
    const double u = draw(i, 3) * (i % 4 == 0 ? 600.0 : i % 4 == 1 ? 1e-3 : 2.0);
    long double exact_B, exact_dB;

    ion_constant_field(u, &e, &B, &dB);
    exact_field(u, &exact_B, &exact_dB);
    worst_B  = fmax(worst_B, (double)fabsl((long double)B / exact_B - 1));
    worst_dB = fmax(worst_dB, (double)fabsl((long double)dB / exact_dB - 1));
  }
  CHECK_NEAR(worst_B, 0.0, 1e-15);
  CHECK_NEAR(worst_dB, 0.0, 1e-13);
  ion_constant_field(0.0, &e, &B, &dB);
  CHECK(e == 1.0 && B == 1.0 && dB == 0.5);
  ion_constant_field(-1000.0, &e, &B, &dB);
  CHECK(B == 0.0 && dB == 0.0);
  ion_constant_field(1000.0, &e, &B, &dB);
  CHECK(B == 1000.0 && dB == 1.0);
  ion_constant_field((double)NAN, &e, &B, &dB);
  CHECK(isnan(e) && isnan(B) && isnan(dB));
  PetscFunctionReturn(PETSC_SUCCESS);
}

typedef struct {
  double x[N_BLOCK], exponential[N_BLOCK], logarithm[N_BLOCK], e[N_BLOCK], B[N_BLOCK], dB[N_BLOCK];
} rows;

static void fill(size_t n, const double *restrict x, rows *restrict y)
{
  for (size_t i = 0; i < n; i++) y->exponential[i] = ion_exp(x[i]);
  for (size_t i = 0; i < n; i++) y->logarithm[i] = ion_log(x[i]);
  for (size_t i = 0; i < n; i++) ion_constant_field(x[i], y->e + i, y->B + i, y->dB + i);
}

/* A row of one point takes the scalar path of the same loops. */
static PetscErrorCode bits_do_not_depend_on_the_vector_width(void)
{
  rows *all, *one;
  size_t different = 0;

  PetscFunctionBegin;
  PetscCall(PetscNew(&all));
  PetscCall(PetscNew(&one));
  for (uint64_t i = 0; i < N_BLOCK; i++)
    all->x[i] = i % 3 ? draw(i, 4) * 5.0 : exp(draw(i, 4) * 700.0);
  fill(N_BLOCK, all->x, all);
  for (size_t i = 0; i < N_BLOCK; i++) {
    fill(1, all->x + i, one);
    different += memcmp(&one->exponential[0], &all->exponential[i], sizeof(double)) != 0;
    different +=
        all->x[i] > 0.0 && memcmp(&one->logarithm[0], &all->logarithm[i], sizeof(double)) != 0;
    different += memcmp(&one->e[0], &all->e[i], sizeof(double)) != 0;
    different += memcmp(&one->B[0], &all->B[i], sizeof(double)) != 0;
    different += memcmp(&one->dB[0], &all->dB[i], sizeof(double)) != 0;
  }
  CHECK(different == 0);
  PetscCall(PetscFree(all));
  PetscCall(PetscFree(one));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A NaN among finite values decides, wherever it stands. */
static PetscErrorCode nan_wins_every_maximum(void)
{
  PetscFunctionBegin;
  for (size_t at = 0; at < 4; at++) {
    double x[4] = {1, 3, 2, 0}, largest = 0;

    for (size_t i = 0; i < 4; i++) largest = ion_max_or_nan(largest, x[i]);
    CHECK(largest == 3);
    x[at]   = (double)NAN;
    largest = 0;
    for (size_t i = 0; i < 4; i++) largest = ion_max_or_nan(largest, x[i]);
    CHECK(isnan(largest));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const ion_test_case cases[] = {
    {"nan_wins_every_maximum",                 nan_wins_every_maximum                },
    {"exponential_is_within_one_ulp",          exponential_is_within_one_ulp         },
    {"logarithm_is_within_one_ulp",            logarithm_is_within_one_ulp           },
    {"ends_of_the_range",                      ends_of_the_range                     },
    {"exponential_is_monotone_around_zero",    exponential_is_monotone_around_zero   },
    {"constant_field_has_no_singularity",      constant_field_has_no_singularity     },
    {"bits_do_not_depend_on_the_vector_width", bits_do_not_depend_on_the_vector_width},
};

int main(int argc, char **argv)
{
  return ion_test_main(argc, argv, cases, ION_COUNT(cases));
}
