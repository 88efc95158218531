#include "process/process_impl.h"

static const ion_param param[] = {
    {.name      = "permeability",
     .unit      = "pL/s",
     .unit_area = "m/s",
     .meaning   = "flux per concentration at zero field",
     .value     = ION_NO_DEFAULT,
     .upper     = ION_LARGE,
     .flags     = ION_PREFACTOR},
};

/* With u = z v, e = exp(-u), B = u/(1 - e): J = P B (c_in - c_out e) outwards. Its two terms are
 * the one-way fluxes. */
static void rate(const ion_local *x, const ion_rate *r)
{
  const ion_crossing k = ion_crossing_of(x->nu, x->inside);
  const size_t n_point = x->n_point;
  const double outward = k.outward, z = x->z[0];
  const double *restrict P = x->prefactor, *restrict c_in = x->c[k.in],
                         *restrict c_out = x->c[k.out];
  const double *restrict e = x->field.e, *restrict B = x->field.B, *restrict dB = x->field.dB;
  double *restrict J = r->J, *restrict dv = r->dv;
  double *restrict dln_in = r->dlnc[k.in], *restrict dln_out = r->dlnc[k.out];

#pragma omp simd
  for (size_t p = 0; p < n_point; p++) {
    const double P_out = outward * P[p], back = c_out[p] * e[p], drive = c_in[p] - back;

    J[p]       = P_out * B[p] * drive;
    dv[p]      = P_out * z * (dB[p] * drive + B[p] * back);
    dln_in[p]  = P_out * B[p] * c_in[p];
    dln_out[p] = -P_out * B[p] * back;
  }
}

const ion_process_kind ion_process_ghk = {
    .name     = "ghk",
    .summary  = "constant-field electrodiffusion of one ion through a channel or leak",
    .formula  = "P u/(1 - exp(-u)) (c_in - c_out exp(-u)), u = z F V/(R T)",
    .citation = "Goldman 1943; Hodgkin and Katz 1949",
    .flags = ION_SINGLE_ION | ION_BY_VOLTAGE | ION_BY_CONCENTRATION | ION_BY_FIELD | ION_HAS_GATES,
    .param = param,
    .n_param = ION_COUNT(param),
    .check   = ion_check_single_ion,
    .rate    = rate,
};
