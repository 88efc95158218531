#include "process/process_impl.h"

static const ion_param param[] = {
    {.name    = "rate_constant",
     .unit    = "/mM/s",
     .meaning = "forward rate per volume and concentration of each substrate",
     .value   = ION_NO_DEFAULT,
     .upper   = ION_LARGE,
     .flags   = ION_PREFACTOR},
    {.name    = "K_eq",
     .unit    = "1",
     .meaning = "products over substrates at equilibrium",
     .value   = ION_NO_DEFAULT,
     .lower   = ION_POSITIVE,
     .upper   = ION_LARGE    },
};

/* Rows of the two substrates and the two products; twice the same where nu is 2. */
typedef struct {
  const double *substrate[2], *product[2];
} partners;

static const char *check(size_t n_reactant, const int *nu, const int *z,
                         const unsigned char *inside)
{
  int substrates = 0, products = 0;

  (void)z;
  for (size_t i = 0; i < n_reactant; i++) {
    if (inside[i] != inside[0]) return "all reactants must be in one compartment";
    if (nu[i] < 0)
      substrates -= nu[i];
    else
      products += nu[i];
  }
  if (substrates != 2 || products != 2) return "it must turn two substrates into two products";
  return NULL;
}

static partners partners_of(const ion_local *x)
{
  partners found = {
      {x->c[0], x->c[0]},
      {x->c[0], x->c[0]}
  };
  size_t n_substrate = 0, n_product = 0;

  for (size_t i = 0; i < x->n_reactant; i++) {
    for (int k = x->nu[i]; k < 0 && n_substrate < 2; k++) found.substrate[n_substrate++] = x->c[i];
    for (int k = x->nu[i]; k > 0 && n_product < 2; k--) found.product[n_product++] = x->c[i];
  }
  return found;
}

/* d J/d ln c of a reactant: its number of molecules times the one-way rate it takes part in. */
static void one_way(size_t n_point, double molecules, const double *restrict k,
                    const double *restrict c, const double *restrict c_2, double *restrict dlnc)
{
#pragma omp simd
  for (size_t p = 0; p < n_point; p++) dlnc[p] = molecules * (k[p] * (c[p] * c_2[p]));
}

static void one_way_back(size_t n_point, double molecules, const double *restrict k,
                         const double *restrict K_eq, const double *restrict c,
                         const double *restrict c_2, double *restrict dlnc)
{
#pragma omp simd
  for (size_t p = 0; p < n_point; p++) dlnc[p] = -molecules * (k[p] * (c[p] * c_2[p] / K_eq[p]));
}

/* J = k (s_1 s_2 - p_1 p_2/K_eq) */
static void net(size_t n_point, const double *restrict k, const double *restrict K_eq,
                const partners *c, double *restrict J)
{
  const double *restrict s1 = c->substrate[0], *restrict s2 = c->substrate[1];
  const double *restrict p1 = c->product[0], *restrict p2 = c->product[1];

#pragma omp simd
  for (size_t p = 0; p < n_point; p++) J[p] = k[p] * (s1[p] * s2[p] - p1[p] * p2[p] / K_eq[p]);
}

static void rate(const ion_local *x, const ion_rate *r)
{
  const partners c   = partners_of(x);
  const double *K_eq = x->param[0];

  net(x->n_point, x->prefactor, K_eq, &c, r->J);
  for (size_t i = 0; i < x->n_reactant; i++) {
    if (x->nu[i] < 0)
      one_way(x->n_point, -x->nu[i], x->prefactor, c.substrate[0], c.substrate[1], r->dlnc[i]);
    else
      one_way_back(x->n_point, x->nu[i], x->prefactor, K_eq, c.product[0], c.product[1],
                   r->dlnc[i]);
  }
}

const ion_process_kind ion_process_mass_action = {
    .name     = "mass_action",
    .summary  = "reversible reaction of two substrates and two products in one compartment",
    .formula  = "k w (s_1 s_2 - p_1 p_2/K_eq)",
    .citation = "Guldberg and Waage 1864",
    .flags    = ION_BY_CONCENTRATION | ION_PER_VOLUME | ION_SETS_EQUILIBRIUM,
    .param    = param,
    .n_param  = ION_COUNT(param),
    .check    = check,
    .rate     = rate,
};
