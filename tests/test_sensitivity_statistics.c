/* Quantiles, levels and random weights against tables. */
#include "ion_test.h"
#include "sensitivity/sensitivity_impl.h"

/* Two-sided 95 % points: any table of Student's t. */
static PetscErrorCode student_as_tabulated(void)
{
  PetscFunctionBegin;
  CHECK_NEAR(ion_student(1), 12.7062, 5e-5);
  CHECK_NEAR(ion_student(2), 4.30265, 5e-6);
  CHECK_NEAR(ion_student(3), 3.18245, 5e-6);
  CHECK_NEAR(ion_student(7), 2.36462, 5e-6);
  CHECK_NEAR(ion_student(30), 2.04227, 5e-6);
  CHECK_NEAR(ion_student(SIZE_MAX), 1.95996, 5e-6);
  CHECK(isnan(ion_student(0)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Critical values of large samples: 1.3581 at 5 %, 1.6276 at 1 %, in units of 1/sqrt(n/2). */
static PetscErrorCode kolmogorov_as_tabulated(void)
{
  const double n = 2e8, unit = sqrt(2.0 / n);

  PetscFunctionBegin;
  CHECK_NEAR(ion_kolmogorov(1.3581 * unit, n, n), 0.05, 1e-4);
  CHECK_NEAR(ion_kolmogorov(1.6276 * unit, n, n), 0.01, 1e-4);
  CHECK(ion_kolmogorov(0.0, n, n) == 1.0 && isnan(ion_kolmogorov(0.1, 0.0, 5.0)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Wilson's interval of 0 of 10 ends at z^2/(n + z^2) = 0.2775; of 5 of 10 it is 0.2366 to 0.7634. */
static PetscErrorCode proportion_of_none_has_a_width(void)
{
  const ion_estimate none = ion_proportion(0, 10), half = ion_proportion(5, 10);

  PetscFunctionBegin;
  CHECK(none.value == 0.0 && half.value == 0.5 && isnan(ion_proportion(0, 0).value));
  CHECK_NEAR(none.half_width, 0.2775, 5e-5);
  CHECK_NEAR(half.half_width, 0.2634, 5e-5);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The jackknife of a mean of n numbers is their standard error: of 1, 2, 3 it is 1/sqrt 3. */
static PetscErrorCode jackknife_of_a_mean_is_its_standard_error(void)
{
  const double without[] = {2.5, 2.0, 1.5}, one[] = {1.0};

  PetscFunctionBegin;
  CHECK_RELATIVE(ion_jackknife(3, 1, without), 4.30265 / sqrt(3.0), 1e-5);
  CHECK(isnan(ion_jackknife(1, 1, one)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* P(0) = P(1) = 1/e, P(2) = 1/(2 e); mean and variance 1; within 5 standard errors. */
static PetscErrorCode poisson_weights_are_poisson(void)
{
  enum { N = 100000 };
  double count[16] = {0.0}, mean = 0.0, square = 0.0;

  PetscFunctionBegin;
  for (uint64_t i = 0; i < N / ION_POISSON_LANES; i++) {
    unsigned char w[ION_POISSON_LANES];

    ion_poisson_weights(1, i, 2, w);
    for (size_t lane = 0; lane < ION_POISSON_LANES; lane++) {
      count[w[lane] & 15] += 1.0 / N;
      mean += w[lane] / (double)N;
      square += w[lane] * w[lane] / (double)N;
    }
  }
  CHECK_NEAR(count[0], exp(-1.0), 5.0 * sqrt(0.2325 / N));
  CHECK_NEAR(count[1], exp(-1.0), 5.0 * sqrt(0.2325 / N));
  CHECK_NEAR(count[2], 0.5 * exp(-1.0), 5.0 * sqrt(0.15 / N));
  CHECK_NEAR(mean, 1.0, 5.0 / sqrt(N));
  CHECK_NEAR(square - mean * mean, 1.0, 5.0 * sqrt(3.0 / N));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const ion_test_case cases[] = {
    {"student as tabulated",                      student_as_tabulated                     },
    {"kolmogorov as tabulated",                   kolmogorov_as_tabulated                  },
    {"proportion of none has a width",            proportion_of_none_has_a_width           },
    {"jackknife of a mean is its standard error", jackknife_of_a_mean_is_its_standard_error},
    {"poisson weights are poisson",               poisson_weights_are_poisson              },
};

int main(int argc, char **argv)
{
  return ion_test_main(argc, argv, cases, ION_COUNT(cases));
}
