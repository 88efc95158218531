#include "base/vecmath.h"
#include "process/process_impl.h"

static const ion_param param[] = {
    {.name      = "conductance",
     .unit      = "nS",
     .unit_area = "S/m^2",
     .meaning   = "conductance at V = E_K = -85.2 mV and c_out = c_ref",
     .value     = ION_NO_DEFAULT,
     .upper     = ION_LARGE,
     .flags     = ION_PREFACTOR},
    {.name    = "c_ref",
     .unit    = "mM",
     .meaning = "outside concentration at which the conductance is given",
     .value   = 3.5,
     .lower   = ION_POSITIVE,
     .upper   = ION_LARGE},
};

/* Voltages of the fit, V. */
static const double drive_shift = 18.5e-3, drive_slope = 42.5e-3;
static const double rest_shift = 118.6e-3, rest_slope = 44.1e-3, rest_V = -85.2e-3;

typedef struct {
  const double *g, *c_ref, *c_out, *A, *v, *RT_F;
} arguments;

static const char *check(size_t n_reactant, const int *nu, const int *z,
                         const unsigned char *inside)
{
  const char *wrong = ion_check_single_ion(n_reactant, nu, z, inside);

  if (wrong) return wrong;
  return z[0] == 1 ? NULL : "the channel carries a monovalent cation";
}

/* J = G s h1 h2 A with V - E_K = (RT/F) A outwards, s = sqrt(c_out/c_ref), and the two sigmoids
 * h1 = (1 + e^(a/b))/(1 + E1), h2 = (1 + e^(-(c + V_r)/d))/(1 + E2), E/(1 + E) = 1 - 1/(1 + E). */
static void kernel(size_t n_point, double outward, const arguments *x, double *restrict J,
                   double *restrict dA, double *restrict dv, double *restrict dln_out)
{
  const double top1      = 1.0 + ion_exp(drive_shift / drive_slope);
  const double top2      = 1.0 + ion_exp(-(rest_shift + rest_V) / rest_slope);
  const double per_drive = outward / drive_slope, per_rest = 1.0 / rest_slope;
  const double *restrict g = x->g, *restrict c_ref = x->c_ref, *restrict c_out = x->c_out;
  const double *restrict A = x->A, *restrict v = x->v, *restrict RT_F = x->RT_F;

#pragma omp simd
  for (size_t p = 0; p < n_point; p++) {
    const double dx1 = RT_F[p] * per_drive, dx2 = RT_F[p] * per_rest;
    const double h1    = 1.0 / (1.0 + ion_exp(drive_shift / drive_slope + dx1 * A[p]));
    const double h2    = 1.0 / (1.0 + ion_exp(-(rest_shift / rest_slope + dx2 * v[p])));
    const double G     = g[p] * RT_F[p] * (1.0 / ION_FARADAY) * sqrt(c_out[p] / c_ref[p]);
    const double slope = G * (top1 * h1) * (top2 * h2);

    J[p]       = slope * A[p];
    dA[p]      = slope - J[p] * dx1 * (1.0 - h1);
    dv[p]      = J[p] * dx2 * (1.0 - h2);
    dln_out[p] = 0.5 * J[p];
  }
}

static void rate(const ion_local *x, const ion_rate *r)
{
  const ion_crossing k     = ion_crossing_of(x->nu, x->inside);
  const arguments argument = {.g     = x->prefactor,
                              .c_ref = x->param[0],
                              .c_out = x->c[k.out],
                              .A     = x->A,
                              .v     = x->v,
                              .RT_F  = x->RT_F};

  kernel(x->n_point, k.outward, &argument, r->J, r->dA, r->dv, r->dlnc[k.out]);
  for (size_t p = 0; p < x->n_point; p++) r->dlnc[k.in][p] = 0.0;
}

const ion_process_kind ion_process_kir41 = {
    .name     = "kir41",
    .summary  = "inward rectifier K+ channel Kir4.1 of astrocytes",
    .formula  = "g (V - E_K)/F sqrt(c_out/c_ref) (1+e^(18.5/42.5))/(1+e^((V-E_K+18.5)/42.5)) "
                "(1+e^(-(118.6-85.2)/44.1))/(1+e^(-(118.6+V)/44.1)), mV",
    .citation = "Halnes, Ostby, Pettersen, Omholt and Einevoll 2013",
    .flags    = ION_SINGLE_ION | ION_BY_AFFINITY | ION_BY_VOLTAGE | ION_BY_CONCENTRATION,
    .param    = param,
    .n_param  = ION_COUNT(param),
    .check    = check,
    .rate     = rate,
};
