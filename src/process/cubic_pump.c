#include "process/process_impl.h"

static const ion_param param[] = {
    {.name      = "current",
     .unit      = "pA",
     .unit_area = "A/m^2",
     .meaning   = "pump current where inside and outside are equal",
     .value     = ION_NO_DEFAULT,
     .upper     = ION_LARGE,
     .flags     = ION_PREFACTOR},
};

/* J = (p/F) (c_in/c_out)^3 */
static void kernel(size_t n_point, const double *restrict current, const double *restrict c_in,
                   const double *restrict c_out, double *restrict J, double *restrict dln_in,
                   double *restrict dln_out)
{
#pragma omp simd
  for (size_t p = 0; p < n_point; p++) {
    const double ratio = c_in[p] / c_out[p];

    J[p]       = current[p] * (1.0 / ION_FARADAY) * (ratio * ratio * ratio);
    dln_in[p]  = 3.0 * J[p];
    dln_out[p] = -3.0 * J[p];
  }
}

static void rate(const ion_local *x, const ion_rate *r)
{
  const size_t out = ion_exported_reactant(x->n_reactant, x->nu, x->z, x->inside);

  for (size_t i = 1; i < x->n_reactant; i++)
    for (size_t p = 0; p < x->n_point; p++) r->dlnc[i][p] = 0.0;
  kernel(x->n_point, x->prefactor, x->c[0], x->c[out], r->J, r->dlnc[0], r->dlnc[out]);
}

const ion_process_kind ion_process_cubic_pump = {
    .name     = "cubic_pump",
    .summary  = "irreversible Na+/K+ pump driven by the cube of the Na+ ratio, blind to ATP",
    .formula  = "(p/F) (Na_in/Na_out)^3",
    .citation = "Duesterwald et al. 2018; Keener and Sneyd 2009",
    .flags    = ION_NOT_THERMODYNAMIC | ION_BY_CONCENTRATION,
    .param    = param,
    .n_param  = ION_COUNT(param),
    .check    = ion_check_export,
    .rate     = rate,
};
