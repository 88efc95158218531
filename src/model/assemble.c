/* From the network to the program that assembles F and dF/dx from the rates and their derivatives. */
#include "assemble_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Copy process r's derivative into row i, times scale. */
static PetscErrorCode copy_total(ion_builder *b, int i, double scale, size_t r)
{
  const size_t n = b->total.n;

  PetscFunctionBegin;
  for (size_t k = 0; k < n; k++) {
    const ion_entry e = b->total.item[k];

    if (e.i == (int)r)
      PetscCall(ion_entries_add(&b->jacobian, i, e.x, scale * e.coefficient, e.row));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Balance of a pool: F = sum_r nu_r J_r, scaled by the gross flux through it at rest. Processes that
 * stand at equilibrium carry no flux at a steady state and are left out. */
static PetscErrorCode build_balance(ion_builder *b, int i, int p)
{
  ion_model *model = b->model;
  int src[256], n = 0;
  double k[256];

  PetscFunctionBegin;
  for (size_t r = 0; r < model->network.n_process; r++)
    for (size_t t = 0; t < model->process[r].n_pool; t++) {
      if (model->process[r].term[t].pool != p || model->process_detail[r].at_equilibrium) continue;
      PetscCheck(n < 256, PETSC_COMM_SELF, PETSC_ERR_SUP, "more than 256 processes move %s",
                 model->pool[p].name);
      src[n] = model->row_J + (int)r;
      k[n]   = model->process[r].term[t].nu * model->row_scale[i];
      PetscCall(copy_total(b, i, k[n], r));
      n++;
    }
  PetscCall(ion_program_sum(&model->residual_program, model->row_F + i, n, src, k));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* d n/dx of a pool's amount, n = c w. */
static PetscErrorCode add_amount(ion_builder *b, int i, double scale, int p)
{
  const ion_pool_plan *plan = &b->model->plan[p];
  ion_chain volume[ION_MAX_CHAIN];
  const int n_volume = ion_chain_volume(b->model, b->model->pool[p].compartment, volume);

  PetscFunctionBegin;
  PetscCall(
      ion_builder_add_chain(b, &b->jacobian, i, scale, plan->amount, plan->chain, plan->n_chain));
  PetscCall(ion_builder_add_chain(b, &b->jacobian, i, scale, plan->amount, volume, n_volume));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Conserved total: F = sum_k a_k n_k - M over the total's size. */
static PetscErrorCode build_conservation(ion_builder *b, int i, const ion_moiety *moiety, int m)
{
  ion_model *model = b->model;
  int src[64], n     = 0;
  double k[64], size = 0;

  PetscFunctionBegin;
  PetscCheck(moiety->n_member < 63, PETSC_COMM_SELF, PETSC_ERR_SUP, "a total over %zu pools",
             moiety->n_member);
  for (size_t j = 0; j < moiety->n_member; j++) {
    const int p = moiety->pool[j];

    size += fabs(
        moiety->coefficient[j] * ion_model_rest_value(model, model->pool_detail[p].rest_c) *
        ion_model_rest_value(model, model->compartment_detail[model->pool[p].compartment].rest_w));
  }
  model->row_scale[i] = 1 / size;
  for (size_t j = 0; j < moiety->n_member; j++) {
    src[n] = model->plan[moiety->pool[j]].amount;
    k[n]   = moiety->coefficient[j] / size;
    PetscCall(add_amount(b, i, k[n], moiety->pool[j]));
    n++;
  }
  src[n] = ~model->prep_total[m];
  k[n++] = -1 / size;
  PetscCall(ion_program_sum(&model->residual_program, model->row_F + i, n, src, k));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Charge of a cell: F = sum z n + Q_X - C V/F over its gross charge; an electroneutral composition leaves
 * out the charge of the membrane. */
static PetscErrorCode build_charge(ion_builder *b, int i, int compartment)
{
  ion_model *model = b->model;
  int src[64], n      = 0, stored;
  double k[64], gross = 0;
  const double w    = ion_model_rest_value(model, model->compartment_detail[compartment].rest_w);
  const ion_chain V = {
      .x = model->compartment[compartment].x_V, .coefficient = -1, .row = ion_builder_ones(model)};
  const int C = ~(model->compartment_detail[compartment].neutral_pool < 0
                      ? model->prep_capacitance[compartment]
                      : model->prep_zero);

  PetscFunctionBegin;
  for (size_t p = 0; p < model->network.n_pool; p++)
    if (model->pool[p].compartment == compartment)
      gross += fabs(model->species[model->pool[p].species].valence *
                    ion_model_rest_value(model, model->pool_detail[p].rest_c) * w);
  model->row_scale[i] = 1 / gross;
  for (size_t p = 0; p < model->network.n_pool && n < 60; p++) {
    const int z = model->species[model->pool[p].species].valence;

    if (model->pool[p].compartment != compartment || z == 0) continue;
    src[n] = model->plan[p].amount;
    k[n]   = z / gross;
    PetscCall(add_amount(b, i, k[n], (int)p));
    n++;
  }
  stored = ion_builder_new_row(model);
  PetscCall(ion_program_product(&model->residual_program, stored, -1 / gross, C,
                                model->row_V + compartment));
  src[n] = stored;
  k[n++] = 1;
  src[n] = ~model->prep_QX[compartment];
  k[n++] = 1 / gross;
  PetscCall(ion_program_sum(&model->residual_program, model->row_F + i, n, src, k));
  PetscCall(ion_builder_add_chain(b, &b->jacobian, i, ion_thermal_voltage(model->T_ref) / gross, C,
                                  &V, 1));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A process at equilibrium: F is its affinity over RT (water: the osmolarity difference over the
 * osmolarity at rest). */
static PetscErrorCode build_equilibrium(ion_builder *b, int i, size_t r)
{
  ion_model *model            = b->model;
  const ion_process_detail *d = &model->process_detail[r];
  int src                     = model->row_A + (int)r;
  double scale                = 1;

  PetscFunctionBegin;
  if (model->process[r].kind->flags & ION_MOVES_VOLUME) {
    const ion_compartment_detail *c = &model->compartment_detail[d->inner];

    scale = c->X_rest;
    for (size_t p = 0; p < model->network.n_pool; p++)
      if (model->pool[p].compartment == d->inner && model->species[model->pool[p].species].osmotic)
        scale += ion_model_rest_value(model, model->pool_detail[p].rest_c);
    scale = 1 / scale;
    PetscCall(
        ion_builder_add_osmolarity(b, &b->jacobian, i, scale, d->inner, ion_builder_ones(model)));
    PetscCall(
        ion_builder_add_osmolarity(b, &b->jacobian, i, -scale, d->outer, ion_builder_ones(model)));
  } else
    PetscCall(ion_builder_add_affinity(b, &b->jacobian, i, 1, r, ion_builder_ones(model)));
  model->row_scale[i] = scale;
  PetscCall(ion_program_sum(&model->residual_program, model->row_F + i, 1, &src, &scale));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode build_rows(ion_builder *b)
{
  ion_model *model = b->model;

  PetscFunctionBegin;
  for (size_t p = 0; p < model->network.n_pool; p++) {
    const ion_pool_plan *plan = &model->plan[p];

    if (plan->amount >= 0)
      PetscCall(ion_program_product(&model->residual_program, plan->amount, 1,
                                    model->row_c + (int)p,
                                    model->row_w + model->pool[p].compartment));
  }
  for (size_t p = 0; p < model->network.n_pool; p++) {
    const ion_pool_plan *plan = &model->plan[p];

    if (plan->row_F < 0 || model->row_kind_equilibrium[plan->row_F] >= 0) continue;
    if (model->row_pool[plan->row_F] >= 0)
      PetscCall(build_balance(b, plan->row_F, (int)p));
    else
      PetscCall(build_conservation(b, plan->row_F, &model->moiety[plan->moiety], plan->moiety));
  }
  for (size_t i = 0; i < model->network.n_compartment; i++)
    if (model->compartment[i].x_V >= 0)
      PetscCall(build_charge(b, model->compartment[i].x_V, (int)i));
  for (size_t i = 0; i < model->n_state; i++)
    if (model->row_kind_equilibrium[i] >= 0)
      PetscCall(build_equilibrium(b, (int)i, (size_t)model->row_kind_equilibrium[i]));
  PetscFunctionReturn(PETSC_SUCCESS);
}
/* Sparsity of dF/dx, and one sum for each entry of it. */
static PetscErrorCode build_pattern(ion_builder *b)
{
  ion_model *model     = b->model;
  ion_entry_list *list = &b->jacobian;
  size_t n             = 0;
  int src[512];
  double k[512];

  PetscFunctionBegin;
  ion_entries_merge(list);
  model->pattern_start = ion_model_alloc(model, (model->n_state + 1) * sizeof(int));
  model->pattern_col   = ion_model_alloc(model, list->n * sizeof(int));
  PetscCheck(model->pattern_start && model->pattern_col, PETSC_COMM_SELF, PETSC_ERR_MEM,
             "no memory");
  for (size_t e = 0; e < list->n; e++)
    n += e == 0 || list->item[e].i != list->item[e - 1].i || list->item[e].x != list->item[e - 1].x;
  model->row_jac = (int)model->n_scratch;
  model->n_scratch += n;
  n = 0;
  for (size_t e = 0; e < list->n; n++) {
    const ion_entry place = list->item[e];
    int m                 = 0;

    for (; e < list->n && list->item[e].i == place.i && list->item[e].x == place.x; e++, m++) {
      PetscCheck(m < 512, PETSC_COMM_SELF, PETSC_ERR_SUP,
                 "an entry of the Jacobian has over 512 terms");
      src[m] = list->item[e].row;
      k[m]   = list->item[e].coefficient;
    }
    model->pattern_col[n] = place.x;
    for (size_t i = (size_t)place.i + 1; i <= model->n_state; i++)
      model->pattern_start[i] = (int)n + 1;
    PetscCall(ion_program_sum(&model->jacobian_program, model->row_jac + (int)n, m, src, k));
  }
  model->pattern = (ion_pattern){.n         = model->n_state,
                                 .n_nonzero = n,
                                 .start     = model->pattern_start,
                                 .col       = model->pattern_col};
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Keep dJ_r/dx for those who need the rates' own derivatives (dynamics). */
static PetscErrorCode keep_totals(ion_builder *b)
{
  ion_model *model = b->model;

  PetscFunctionBegin;
  ion_entries_merge(&b->total);
  model->n_total = b->total.n;
  model->total   = ion_model_alloc(model, b->total.n * sizeof *model->total);
  PetscCheck(model->total, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory");
  for (size_t k = 0; k < b->total.n; k++) {
    const ion_entry *e    = &b->total.item[k];
    ion_process_detail *d = &model->process_detail[e->i];

    if (!d->n_total++) d->first_total = k;
    model->total[k] = (ion_total){.x = e->x, .coefficient = e->coefficient, .row = e->row};
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode build(ion_builder *b)
{
  PetscFunctionBegin;
  PetscCall(ion_chains_build(b->model));
  for (size_t r = 0; r < b->model->network.n_process; r++) PetscCall(ion_builder_add_rate(b, r));
  PetscCall(build_rows(b));
  PetscCall(build_pattern(b));
  PetscCall(keep_totals(b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_model_assemble(ion_model *model)
{
  ion_builder b = {.model = model};
  PetscErrorCode code;

  PetscFunctionBegin;
  code = build(&b);
  free(b.jacobian.item);
  free(b.total.item);
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}
