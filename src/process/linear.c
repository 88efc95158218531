#include "process/process_impl.h"

static const ion_param param[] = {
    {.name      = "rate",
     .unit      = "fmol/s",
     .unit_area = "mol/m^2/s",
     .meaning   = "rate at an affinity of RT",
     .value     = ION_NO_DEFAULT,
     .upper     = ION_LARGE,
     .flags     = ION_PREFACTOR},
};

/* J = U A/(RT) */
static void kernel(size_t n_point, const double *restrict U, const double *restrict A,
                   double *restrict J, double *restrict dA)
{
#pragma omp simd
  for (size_t p = 0; p < n_point; p++) {
    J[p]  = U[p] * A[p];
    dA[p] = U[p];
  }
}

static void rate(const ion_local *x, const ion_rate *r)
{
  kernel(x->n_point, x->prefactor, x->A, r->J, r->dA);
}

const ion_process_kind ion_process_linear = {
    .name     = "linear",
    .summary  = "rate proportional to its affinity (cotransporters near equilibrium)",
    .formula  = "U A/RT",
    .citation = "Onsager 1931",
    .flags    = ION_BY_AFFINITY,
    .param    = param,
    .n_param  = ION_COUNT(param),
    .rate     = rate,
};
