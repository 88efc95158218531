#include "base/vecmath.h"
#include "process/process_impl.h"

static const ion_param param[] = {
    {.name      = "current",
     .unit      = "pA",
     .unit_area = "A/m^2",
     .meaning   = "largest pump current",
     .value     = ION_NO_DEFAULT,
     .upper     = ION_LARGE,
     .flags     = ION_PREFACTOR},
    {.name    = "Na_half",
     .unit    = "mM",
     .meaning = "ion inside at half of the largest current",
     .value   = 25.0,
     .lower   = ION_POSITIVE,
     .upper   = ION_LARGE},
    {.name    = "Na_slope",
     .unit    = "mM",
     .meaning = "concentration inside over which the current rises",
     .value   = 3.0,
     .lower   = ION_POSITIVE,
     .upper   = ION_LARGE},
    {.name    = "K_half",
     .unit    = "mM",
     .meaning = "ion outside at half of the largest current",
     .value   = 5.5,
     .lower   = ION_POSITIVE,
     .upper   = ION_LARGE},
    {.name    = "K_slope",
     .unit    = "mM",
     .meaning = "concentration outside over which the current rises",
     .value   = 1.0,
     .lower   = ION_POSITIVE,
     .upper   = ION_LARGE},
};

/* The substrate outside that enters for the exported one; n_reactant when there is none. */
static size_t find_imported(size_t n_reactant, const int *nu, const int *z,
                            const unsigned char *inside)
{
  size_t i = 1;

  while (i < n_reactant && !(nu[i] < 0 && !inside[i] && z[i] == z[0])) i++;
  return i;
}

static const char *check(size_t n_reactant, const int *nu, const int *z,
                         const unsigned char *inside)
{
  const char *wrong = ion_check_export(n_reactant, nu, z, inside);

  if (!wrong && find_imported(n_reactant, nu, z, inside) == n_reactant)
    wrong = "it must take up an ion of the same valence from outside";
  return wrong;
}

/* s = 1/(1 + e^-x), x = (c - half)/slope, and ds/d ln c; with q = e^-|x| neither tail overflows. */
static void saturate(size_t n_point, const double *restrict c, const double *restrict half,
                     const double *restrict slope, double *restrict s, double *restrict dln)
{
#pragma omp simd
  for (size_t p = 0; p < n_point; p++) {
    const double x = (c[p] - half[p]) / slope[p], q = ion_exp(-fabs(x)), near = 1.0 / (1.0 + q);

    s[p]   = x >= 0.0 ? near : q * near;
    dln[p] = q * near * near * (c[p] / slope[p]);
  }
}

/* J = (I/F) s_Na s_K, the derivatives of the factors becoming those of the product */
static void multiply(size_t n_point, const double *restrict current, const double *restrict s_Na,
                     const double *restrict s_K, double *restrict J, double *restrict dln_Na,
                     double *restrict dln_K)
{
#pragma omp simd
  for (size_t p = 0; p < n_point; p++) {
    const double most = current[p] * (1.0 / ION_FARADAY);

    J[p]      = most * (s_Na[p] * s_K[p]);
    dln_Na[p] = most * (dln_Na[p] * s_K[p]);
    dln_K[p]  = most * (s_Na[p] * dln_K[p]);
  }
}

static void rate(const ion_local *x, const ion_rate *r)
{
  const size_t K = find_imported(x->n_reactant, x->nu, x->z, x->inside);
  double s_Na[ION_TILE], s_K[ION_TILE];

  for (size_t i = 1; i < x->n_reactant; i++)
    for (size_t p = 0; p < x->n_point; p++) r->dlnc[i][p] = 0.0;
  for (size_t first = 0; first < x->n_point; first += ION_TILE) {
    const size_t n = x->n_point - first < ION_TILE ? x->n_point - first : ION_TILE;

    saturate(n, x->c[0] + first, x->param[0] + first, x->param[1] + first, s_Na,
             r->dlnc[0] + first);
    saturate(n, x->c[K] + first, x->param[2] + first, x->param[3] + first, s_K, r->dlnc[K] + first);
    multiply(n, x->prefactor + first, s_Na, s_K, r->J + first, r->dlnc[0] + first,
             r->dlnc[K] + first);
  }
}

const ion_process_kind ion_process_sigmoid_pump = {
    .name    = "sigmoid_pump",
    .summary = "irreversible Na+/K+ pump, sigmoid in Na+ inside and K+ outside, blind to ATP",
    .formula =
        "(I/F) 1/(1 + exp((Na_half - Na_in)/Na_slope)) 1/(1 + exp((K_half - K_out)/K_slope))",
    .citation = "Huebel, Schoell and Dahlem 2014; Huebel and Dahlem 2014",
    .flags    = ION_NOT_THERMODYNAMIC | ION_BY_CONCENTRATION,
    .param    = param,
    .n_param  = ION_COUNT(param),
    .check    = check,
    .rate     = rate,
};
