#include "base/vecmath.h"
#include "process/process_impl.h"

#include <stdlib.h>

static const ion_param param[] = {
    {.name      = "rate",
     .unit      = "fmol/s",
     .unit_area = "mol/m^2/s",
     .meaning   = "largest forward rate",
     .value     = ION_NO_DEFAULT,
     .upper     = ION_LARGE,
     .flags     = ION_PREFACTOR },
    {.name    = "K",
     .unit    = "mM",
     .meaning = "concentration at which half of the sites are taken",
     .value   = ION_NO_DEFAULT,
     .lower   = ION_POSITIVE,
     .upper   = ION_LARGE,
     .flags   = ION_PER_REACTANT},
};

/* Binding of both sides over a tile of points. */
typedef struct {
  double N[ION_TILE];     /* prod_s (c_s/K_s)^n_s over substrates */
  double D_sub[ION_TILE]; /* prod_s (1 + c_s/K_s)^n_s */
  double D_pro[ION_TILE]; /* the same over products */
} binding;

/* D *= a^power */
static void multiply(size_t n, int power, const double *restrict a, double *restrict D)
{
  for (; power > 0; power--) {
#pragma omp simd
    for (size_t p = 0; p < n; p++) D[p] *= a[p];
  }
}

/* a = c/K, b = 1 + a, and the share n c/(K + c) = d ln (1 + c/K)^n / d ln c, by one division. */
static void bind(size_t n, double power, const double *restrict c, const double *restrict K,
                 double *restrict a, double *restrict b, double *restrict share)
{
#pragma omp simd
  for (size_t p = 0; p < n; p++) {
    const double sum = K[p] + c[p], q = 1.0 / (K[p] * sum);

    a[p]     = c[p] * (sum * q);
    b[p]     = 1.0 + a[p];
    share[p] = power * (c[p] * (K[p] * q));
  }
}

static void bind_all(const ion_local *x, const ion_rate *r, size_t first, size_t n, binding *site)
{
  double a[ION_TILE], b[ION_TILE];

  for (size_t p = 0; p < n; p++) site->N[p] = site->D_sub[p] = site->D_pro[p] = 1.0;
  for (size_t i = 0; i < x->n_reactant; i++) {
    const int power = abs(x->nu[i]);

    bind(n, power, x->c[i] + first, x->param[i] + first, a, b, r->dlnc[i] + first);
    if (x->nu[i] < 0) multiply(n, power, a, site->N);
    multiply(n, power, b, x->nu[i] < 0 ? site->D_sub : site->D_pro);
  }
}

/* J = v N (1 - e^-A)/D, D = D_sub + D_pro - 1; leaves D_sub/D and D_pro/D in the sites. */
static void turn_over(size_t n, const double *restrict v, const double *restrict A,
                      binding *restrict site, double *restrict J, double *restrict dA)
{
#pragma omp simd
  for (size_t p = 0; p < n; p++) {
    const double per_D   = 1.0 / (site->D_sub[p] + (site->D_pro[p] - 1.0));
    const double forward = v[p] * site->N[p] * per_D, back = ion_exp(-A[p]);

    J[p]  = forward * (1.0 - back);
    dA[p] = forward * back;
    site->D_sub[p] *= per_D;
    site->D_pro[p] *= per_D;
  }
}

/* d J/d ln c = J (power - share D_side/D), the power counting for substrates only. */
static void differentiate(size_t n, double power, const double *restrict part,
                          const double *restrict J, double *restrict dlnc)
{
#pragma omp simd
  for (size_t p = 0; p < n; p++) dlnc[p] = J[p] * (power - dlnc[p] * part[p]);
}

static void rate(const ion_local *x, const ion_rate *r)
{
  binding site;

  for (size_t first = 0; first < x->n_point; first += ION_TILE) {
    const size_t n = x->n_point - first < ION_TILE ? x->n_point - first : ION_TILE;

    bind_all(x, r, first, n, &site);
    turn_over(n, x->prefactor + first, x->A + first, &site, r->J + first, r->dA + first);
    for (size_t i = 0; i < x->n_reactant; i++)
      differentiate(n, x->nu[i] < 0 ? -x->nu[i] : 0.0, x->nu[i] < 0 ? site.D_sub : site.D_pro,
                    r->J + first, r->dlnc[i] + first);
  }
}

const ion_process_kind ion_process_modular = {
    .name     = "modular",
    .summary  = "reversible saturable enzyme, carrier or pump, coupling to ATP included",
    .formula  = "v prod_s (c_s/K_s)^n_s (1 - exp(-A/RT)) / "
                "(prod_s (1 + c_s/K_s)^n_s + prod_p (1 + c_p/K_p)^n_p - 1)",
    .citation = "Liebermeister, Uhlendorf and Klipp 2010 (common modular rate law)",
    .flags    = ION_BY_AFFINITY | ION_BY_CONCENTRATION,
    .param    = param,
    .n_param  = ION_COUNT(param),
    .rate     = rate,
};
