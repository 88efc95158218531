/* In time the charge of a cell and a conserved total hold exactly: one pool of each, the closing one, has no
 * balance of its own, its amount is what the constraint leaves. What is integrated is then an ordinary
 * differential equation. */
#include "base/vecmath.h"
#include "evaluate_impl.h"

#include <math.h>
#include <string.h>

/* ---- choice ---- */

static double amount_at_rest(const ion_model *model, size_t q)
{
  const ion_compartment_detail *c = &model->compartment_detail[model->pool[q].compartment];

  return ion_model_rest_value(model, model->pool_detail[q].rest_c) *
         ion_model_rest_value(model, c->rest_w);
}

static int valence(const ion_model *model, size_t q)
{
  return model->species[model->pool[q].species].valence;
}

static PetscBool closes(const ion_model *model, int pool)
{
  for (size_t k = 0; k < model->n_closing; k++)
    if (model->closing[k].pool == pool) return PETSC_TRUE;
  return PETSC_FALSE;
}

/* The ion that an electroneutral composition names, or the largest charge of a cell. */
static int choose_for_charge(const ion_model *model, size_t compartment)
{
  const int neutral = model->compartment_detail[compartment].neutral_pool;
  double largest    = 0;
  int best          = -1;

  if (neutral >= 0 && model->plan[neutral].rule == ION_POOL_DIRECT) return neutral;
  for (size_t q = 0; q < model->network.n_pool; q++) {
    const double size = abs(valence(model, q)) * amount_at_rest(model, q);

    if (model->pool[q].compartment != (int)compartment || model->plan[q].rule != ION_POOL_DIRECT ||
        !(size > largest))
      continue;
    largest = size;
    best    = (int)q;
  }
  return best;
}

/* A member that closes nothing yet, outside the cells where there is one: there it leaves the charge
 * alone. */
static int choose_for_total(const ion_model *model, const ion_moiety *moiety)
{
  int best = -1;

  for (size_t k = 0; k < moiety->n_member; k++) {
    const int q = moiety->pool[k];

    if (model->plan[q].rule != ION_POOL_DIRECT || closes(model, q)) continue;
    if (best < 0 || model->compartment[model->pool[q].compartment].x_V < 0) best = q;
  }
  return best;
}

static PetscErrorCode add_closing(ion_model *model, int pool, int compartment, int moiety)
{
  ion_closing *c = &model->closing[model->n_closing++];

  PetscFunctionBegin;
  *c             = (ion_closing){.pool = pool, .compartment = compartment, .moiety = moiety};
  c->term        = ion_model_alloc(model, model->network.n_pool * sizeof *c->term);
  c->coefficient = ion_model_alloc(model, model->network.n_pool * sizeof *c->coefficient);
  PetscCheck(c->term && c->coefficient, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory");
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void add_term(ion_closing *c, int pool, double coefficient)
{
  if (pool == c->pool) {
    c->share = 1 / coefficient;
    return;
  }
  c->term[c->n_term]          = pool;
  c->coefficient[c->n_term++] = coefficient;
}

static PetscErrorCode close_charge(ion_model *model, size_t i)
{
  const int pool = choose_for_charge(model, i);
  ion_closing *c = &model->closing[model->n_closing];

  PetscFunctionBegin;
  PetscCheck(pool >= 0, PETSC_COMM_SELF, PETSC_ERR_SUP,
             "'%s' has a potential in time but no ion that may close its charge",
             model->compartment[i].name);
  PetscCall(add_closing(model, pool, (int)i, -1));
  for (size_t q = 0; q < model->network.n_pool; q++)
    if (model->pool[q].compartment == (int)i && valence(model, q) != 0 &&
        model->plan[q].rule != ION_POOL_CLAMPED)
      add_term(c, (int)q, valence(model, q));
  for (size_t k = 0; k < c->n_term; k++) c->coefficient[k] *= c->share;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode close_total(ion_model *model, size_t m)
{
  const ion_moiety *moiety = &model->moiety[m];
  const int pool           = choose_for_total(model, moiety);
  ion_closing *c           = &model->closing[model->n_closing];

  PetscFunctionBegin;
  PetscCheck(pool >= 0, PETSC_COMM_SELF, PETSC_ERR_SUP,
             "no pool is left in time to close the conserved total %s", moiety->name);
  PetscCall(add_closing(model, pool, -1, (int)m));
  for (size_t k = 0; k < moiety->n_member; k++)
    add_term(c, moiety->pool[k], moiety->coefficient[k]);
  for (size_t k = 0; k < c->n_term; k++) c->coefficient[k] *= c->share;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- order ---- */

/* Whether a constraint has no term that a constraint from `first` on has yet to give. */
static PetscBool is_ready(const ion_model *model, size_t first, size_t k)
{
  const ion_closing *c = &model->closing[k];

  for (size_t t = 0; t < c->n_term; t++)
    for (size_t other = first; other < model->n_closing; other++)
      if (other != k && model->closing[other].pool == c->term[t]) return PETSC_FALSE;
  return PETSC_TRUE;
}

static PetscErrorCode sort(ion_model *model)
{
  PetscFunctionBegin;
  for (size_t first = 0; first < model->n_closing; first++) {
    size_t k = first;

    while (k < model->n_closing && !is_ready(model, first, k)) k++;
    PetscCheck(k < model->n_closing, PETSC_COMM_SELF, PETSC_ERR_SUP,
               "charges and conserved totals depend on each other in a circle");
    const ion_closing c   = model->closing[k];
    model->closing[k]     = model->closing[first];
    model->closing[first] = c;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_closing_choose(ion_model *model)
{
  const ion_network *net = &model->network;

  PetscFunctionBegin;
  model->closing =
      ion_model_alloc(model, (net->n_compartment + net->n_moiety) * sizeof *model->closing);
  PetscCheck(model->closing, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory");
  for (size_t i = 0; i < net->n_compartment; i++)
    if (model->compartment[i].x_V >= 0) PetscCall(close_charge(model, i));
  for (size_t m = 0; m < net->n_moiety; m++)
    if (model->plan[model->moiety_dependent[m]].rule == ION_POOL_DIRECT)
      PetscCall(close_total(model, m));
  for (size_t k = 0; k < model->n_closing; k++)
    for (size_t t = 0; t < model->closing[k].n_term; t++)
      PetscCheck(model->plan[model->closing[k].term[t]].rule != ION_POOL_REMAINDER, PETSC_COMM_SELF,
                 PETSC_ERR_SUP, "the charge of %s is what two others leave",
                 model->pool[model->closing[k].term[t]].name);
  PetscCall(sort(model));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- evaluation ---- */

int ion_closing_capacitance(const ion_model *model, const ion_closing *c)
{
  return model->compartment_detail[c->compartment].neutral_pool < 0
             ? model->prep_capacitance[c->compartment]
             : model->prep_zero;
}

/* What the constraint sets, before other pools take their part: M, or C V/F - Q_X. */
static void start_sum(const ion_stage *e, const ion_closing *c, double *restrict n)
{
  const ion_model *m = e->model;

  if (c->moiety >= 0) {
    const double *total = ion_stage_prepared(e, m->prep_total[c->moiety]);

    for (size_t p = 0; p < e->n; p++) n[p] = total[p] * c->share;
    return;
  }
  const double *C = ion_stage_prepared(e, ion_closing_capacitance(m, c));
  const double *Q = ion_stage_prepared(e, m->prep_QX[c->compartment]);
  const double *V = ion_stage_scratch(e, m->row_V + c->compartment);

  for (size_t p = 0; p < e->n; p++) n[p] = (C[p] * V[p] - Q[p]) * c->share;
}

static void subtract_term(const ion_stage *e, int pool, double coefficient, double *restrict n)
{
  const ion_model *m = e->model;

  if (m->plan[pool].rule == ION_POOL_DIRECT) {
    const double *other = ion_stage_scratch(e, m->plan[pool].amount);

#pragma omp simd
    for (size_t p = 0; p < e->n; p++) n[p] -= coefficient * other[p];
    return;
  }
  const double *c = ion_stage_scratch(e, m->row_c + pool),
               *w = ion_stage_scratch(e, m->row_w + m->pool[pool].compartment);

  for (size_t p = 0; p < e->n; p++) n[p] -= coefficient * (c[p] * w[p]);
}

void ion_stage_close(const ion_stage *e)
{
  const ion_model *m = e->model;

  for (size_t k = 0; k < m->n_closing; k++) {
    const ion_closing *c = &m->closing[k];
    double *restrict n   = ion_stage_scratch(e, m->plan[c->pool].amount);
    double *restrict y   = ion_row(e->x, (size_t)m->pool[c->pool].x);

    start_sum(e, c, n);
    for (size_t t = 0; t < c->n_term; t++) subtract_term(e, c->term[t], c->coefficient[t], n);
#pragma omp simd
    for (size_t p = 0; p < e->n; p++) y[p] = ion_log(n[p]);
  }
}
