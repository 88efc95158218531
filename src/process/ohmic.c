#include "process/process_impl.h"

static const ion_param param[] = {
    {.name      = "conductance",
     .unit      = "nS",
     .unit_area = "S/m^2",
     .meaning   = "current per driving force",
     .value     = ION_NO_DEFAULT,
     .upper     = ION_LARGE,
     .flags     = ION_PREFACTOR},
};

static const char *check(size_t n_reactant, const int *nu, const int *z,
                         const unsigned char *inside)
{
  const char *not_single = ion_check_single_ion(n_reactant, nu, z, inside);

  if (!not_single) return NULL;
  if (n_reactant < 4) return not_single;
  if (ion_charge_moved_in(n_reactant, nu, z, inside) != 0)
    return "a cotransporter given by a conductance must move no net charge";
  return NULL;
}

static void kernel(size_t n_point, double per_charge, const double *restrict g,
                   const double *restrict RT_F, const double *restrict A, double *restrict J,
                   double *restrict dA)
{
#pragma omp simd
  for (size_t p = 0; p < n_point; p++) {
    dA[p] = per_charge * g[p] * RT_F[p];
    J[p]  = dA[p] * A[p];
  }
}

/* One ion: z F (V - E_X) = A outwards, so J = g (V - E_X)/(z F) = g A/(z F)^2. A cotransporter of
 * no net charge: J = g A/F^2, which for KCC2 is g (E_Cl - E_K)/F. */
static void rate(const ion_local *x, const ion_rate *r)
{
  const double z = x->n_reactant == 2 ? x->z[0] : 1.0;

  kernel(x->n_point, 1.0 / (z * z * ION_FARADAY), x->prefactor, x->RT_F, x->A, r->J, r->dA);
}

const ion_process_kind ion_process_ohmic = {
    .name     = "ohmic",
    .summary  = "current proportional to the driving force; electroneutral cotransporters too",
    .formula  = "g (V - E_X)/(z F); cotransporter: g A/F^2",
    .citation = "Hodgkin and Huxley 1952",
    .flags    = ION_BY_AFFINITY | ION_HAS_GATES,
    .param    = param,
    .n_param  = ION_COUNT(param),
    .check    = check,
    .rate     = rate,
};
