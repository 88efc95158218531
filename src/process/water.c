#include "process/process_impl.h"

static const ion_param param[] = {
    {.name      = "hydraulic_permeability",
     .unit      = "pL/s/mM",
     .unit_area = "m/s/mM",
     .meaning   = "volume flow per difference of osmolarity",
     .value     = ION_NO_DEFAULT,
     .upper     = ION_LARGE,
     .flags     = ION_PREFACTOR},
};

static const char *check(size_t n_reactant, const int *nu, const int *z,
                         const unsigned char *inside)
{
  (void)nu;
  (void)z;
  (void)inside;
  return n_reactant == 0 ? NULL : "it moves water, no species";
}

/* dw/dt = L_p (Pi_in - Pi_out) */
static void kernel(size_t n_point, const double *restrict L_p, const double *restrict A,
                   double *restrict J, double *restrict dA)
{
#pragma omp simd
  for (size_t p = 0; p < n_point; p++) {
    J[p]  = L_p[p] * A[p];
    dA[p] = L_p[p];
  }
}

static void rate(const ion_local *x, const ion_rate *r)
{
  kernel(x->n_point, x->prefactor, x->A, r->J, r->dA);
}

const ion_process_kind ion_process_water = {
    .name     = "water",
    .summary  = "osmotic flow of water into a compartment",
    .formula  = "L_p (Pi_in - Pi_out)",
    .citation = "Kedem and Katchalsky 1958",
    .flags    = ION_BY_AFFINITY | ION_MOVES_VOLUME,
    .param    = param,
    .n_param  = ION_COUNT(param),
    .check    = check,
    .rate     = rate,
};
