/* Conserved moieties: the left null space of the stoichiometric matrix over the pools that are not
 * clamped. Rows that depend on earlier ones give the link matrix (Reder 1988, J Theor Biol 135:175):
 * S_i = sum_j L_ij S_j, so that n_i - sum_j L_ij n_j is conserved. */
#include "model_impl.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  size_t n_pool, n_process;
  double *S;     /* [n_pool][n_process] */
  double *basis; /* [n_basis][n_process] reduced rows */
  double *combo; /* [n_basis][n_pool] each as a sum of original rows */
  size_t *pivot;
  size_t n_basis;
} ion_elimination;

static void fill_stoichiometry(const ion_model *model, double *S)
{
  for (size_t r = 0; r < model->network.n_process; r++)
    for (size_t t = 0; t < model->process[r].n_pool; t++)
      S[(size_t)model->process[r].term[t].pool * model->network.n_process + r] +=
          model->process[r].term[t].nu;
}

/* Reduce a row by the basis; `combo` receives the multiples of original rows taken away. */
static void reduce(const ion_elimination *e, double *row, double *combo)
{
  for (size_t k = 0; k < e->n_basis; k++) {
    const double *b = e->basis + k * e->n_process;
    const double f  = row[e->pivot[k]] / b[e->pivot[k]];

    if (f == 0) continue;
    for (size_t r = 0; r < e->n_process; r++) row[r] -= f * b[r];
    for (size_t i = 0; i < e->n_pool; i++) combo[i] += f * e->combo[k * e->n_pool + i];
  }
}

static void extend_basis(ion_elimination *e, size_t pool, const double *row, const double *combo,
                         size_t pivot)
{
  double *c = e->combo + e->n_basis * e->n_pool;

  memcpy(e->basis + e->n_basis * e->n_process, row, e->n_process * sizeof *row);
  for (size_t i = 0; i < e->n_pool; i++) c[i] = (i == pool) - combo[i];
  e->pivot[e->n_basis++] = pivot;
}

/* Smallest multiple of a combination whose coefficients are whole numbers, or 0. */
static int find_denominator(const double *combo, size_t n)
{
  for (int m = 1; m <= 60; m++) {
    PetscBool whole = PETSC_TRUE;

    for (size_t i = 0; i < n; i++)
      if (fabs(m * combo[i] - (double)lround(m * combo[i])) > 1e-6) whole = PETSC_FALSE;
    if (whole) return m;
  }
  return 0;
}

static PetscErrorCode add_moiety(ion_model *model, size_t pool, const double *combo)
{
  ion_moiety *moiety = &model->moiety[model->network.n_moiety];
  int *member, *coefficient;
  const char *name      = model->pool[pool].name;
  const int denominator = find_denominator(combo, model->network.n_pool);
  size_t n              = 0;

  PetscFunctionBegin;
  member      = ion_model_alloc(model, model->network.n_pool * sizeof *member);
  coefficient = ion_model_alloc(model, model->network.n_pool * sizeof *coefficient);
  PetscCheck(member && coefficient, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory");
  if (!denominator)
    PetscCall(ion_node_fail(model->process_detail[0].where,
                            "the conserved total of %s has no whole coefficients",
                            model->pool[pool].name));
  member[n]        = (int)pool;
  coefficient[n++] = denominator;
  if (denominator > 1) name = ion_model_format(model, "(%d) %s", denominator, name);
  for (size_t i = 0; i < model->network.n_pool; i++) {
    const int k = (int)-lround(denominator * combo[i]);

    if (k == 0) continue;
    member[n]        = (int)i;
    coefficient[n++] = k;
    name             = k == 1 ? ion_model_format(model, "%s + %s", name, model->pool[i].name)
                              : ion_model_format(model, "%s + (%d) %s", name, k, model->pool[i].name);
  }
  *moiety = (ion_moiety){.name = name, .n_member = n, .pool = member, .coefficient = coefficient};
  model->moiety_dependent[model->network.n_moiety++] = (int)pool;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode eliminate(ion_model *model, ion_elimination *e, double *row, double *combo)
{
  PetscFunctionBegin;
  for (size_t i = 0; i < e->n_pool; i++) {
    size_t pivot = 0;

    if (model->pool[i].clamped) continue;
    memcpy(row, e->S + i * e->n_process, e->n_process * sizeof *row);
    memset(combo, 0, e->n_pool * sizeof *combo);
    reduce(e, row, combo);
    for (size_t r = 1; r < e->n_process; r++)
      if (fabs(row[r]) > fabs(row[pivot])) pivot = r;
    if (e->n_process && fabs(row[pivot]) > 1e-9)
      extend_basis(e, i, row, combo, pivot);
    else
      PetscCall(add_moiety(model, i, combo));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_model_find_moieties(ion_model *model)
{
  const size_t n = model->network.n_pool, m = model->network.n_process;
  ion_elimination e = {.n_pool = n, .n_process = m};
  double *work;

  PetscFunctionBegin;
  model->moiety           = ion_model_alloc(model, n * sizeof *model->moiety);
  model->moiety_dependent = ion_model_alloc(model, n * sizeof *model->moiety_dependent);
  work                    = ion_model_alloc(model, (2 * n * m + n * n + m + n) * sizeof *work);
  e.pivot                 = ion_model_alloc(model, n * sizeof *e.pivot);
  PetscCheck(model->moiety && model->moiety_dependent && work && e.pivot, PETSC_COMM_SELF,
             PETSC_ERR_MEM, "no memory");
  e.S     = work;
  e.basis = work + n * m;
  e.combo = work + 2 * n * m;
  fill_stoichiometry(model, e.S);
  PetscCall(eliminate(model, &e, e.combo + n * n, e.combo + n * n + m));
  PetscFunctionReturn(PETSC_SUCCESS);
}
