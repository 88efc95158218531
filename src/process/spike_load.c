#include "process/process_impl.h"

static const ion_param param[] = {
    {.name    = "firing_rate",
     .unit    = "Hz",
     .meaning = "action potentials per time",
     .value   = ION_NO_DEFAULT,
     .upper   = ION_LARGE,
     .flags   = ION_PREFACTOR},
    {.name    = "load",
     .unit    = "pmol/cm^2",
     .meaning = "Na+ entering per area and action potential at rest",
     .value   = ION_NO_DEFAULT,
     .upper   = ION_LARGE,
     .flags   = ION_PREFACTOR},
    {.name    = "area",
     .unit    = "cm^2",
     .meaning = "area of the membrane that fires",
     .value   = ION_NO_DEFAULT,
     .upper   = ION_LARGE,
     .flags   = ION_PREFACTOR},
};

static const char *check(size_t n_reactant, const int *nu, const int *z,
                         const unsigned char *inside)
{
  int pairs = 0;

  for (size_t i = 0; i < n_reactant; i++)
    if (nu[i] != 1 && nu[i] != -1) return "one ion enters for one that leaves";
  for (size_t i = 0; i < n_reactant; i++) pairs += inside[i] && nu[i] > 0 && z[i] == 1;
  if (n_reactant != 4 || pairs != 1 || ion_charge_moved_in(n_reactant, nu, z, inside) != 0)
    return "it must exchange one monovalent cation outside for another inside";
  return NULL;
}

/* J = f Q S ln(Na_out K_in/(Na_in K_out)) over the same at rest. The exchange is electroneutral, so
 * that the logarithm is its own affinity over RT. */
static void kernel(size_t n_point, double A_rest, const double *restrict load,
                   const double *restrict A, double *restrict J, double *restrict dA)
{
  const double per_rest = 1.0 / A_rest;

#pragma omp simd
  for (size_t p = 0; p < n_point; p++) {
    dA[p] = load[p] * per_rest;
    J[p]  = dA[p] * A[p];
  }
}

static void rate(const ion_local *x, const ion_rate *r)
{
  kernel(x->n_point, x->A_rest, x->prefactor, x->A, r->J, r->dA);
}

const ion_process_kind ion_process_spike_load = {
    .name     = "spike_load",
    .summary  = "mean Na+/K+ exchange of action potentials at a firing rate",
    .formula  = "f Q_AP S A/A_rest, A = RT ln(Na_out K_in/(Na_in K_out))",
    .citation = "Hodgkin 1951 (charge and ions per action potential)",
    .flags    = ION_BY_AFFINITY | ION_BY_REST,
    .param    = param,
    .n_param  = ION_COUNT(param),
    .check    = check,
    .rate     = rate,
};
