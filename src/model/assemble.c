/* From the network to the program that assembles F and dF/dx from the rates and their derivatives.
 *
 * Every derivative is a list of entries (unknown, coefficient, row): the value is the sum of
 * coefficient times row. A row < 0 is the prepared row ~row; the row of ones stands for a constant. */
#include "model_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  int i, x; /* row of F, unknown */
  double coefficient;
  int row;
} ion_entry;

typedef struct {
  ion_entry *item;
  size_t n, capacity;
} ion_entry_list;

typedef struct {
  ion_model *model;
  ion_entry_list jacobian;
  ion_entry_list total; /* i is the process */
} ion_builder;

static PetscErrorCode add_entry(ion_entry_list *list, int i, int x, double coefficient, int row)
{
  PetscFunctionBegin;
  if (list->n == list->capacity) {
    const size_t capacity = list->capacity ? 2 * list->capacity : 512;
    ion_entry *item       = realloc(list->item, capacity * sizeof *item);

    PetscCheck(item, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory");
    list->item     = item;
    list->capacity = capacity;
  }
  list->item[list->n++] = (ion_entry){.i = i, .x = x, .coefficient = coefficient, .row = row};
  PetscFunctionReturn(PETSC_SUCCESS);
}

static int new_row(ion_model *model)
{
  return (int)model->n_scratch++;
}

static int row_of_ones(const ion_model *model)
{
  return ~model->prep_one;
}

/* d ln w / dx of a compartment's volume. */
static int volume_chain(const ion_model *model, int compartment, ion_chain *chain)
{
  const ion_compartment *c = &model->compartment[compartment];
  int n                    = 0;

  if (c->volume == ION_VOLUME_FREE) {
    chain[n++] = (ion_chain){.x = c->x_w, .coefficient = 1, .row = row_of_ones(model)};
  } else if (c->volume == ION_VOLUME_REMAINDER) {
    for (size_t j = 0; j < model->network.n_compartment && n < ION_MAX_CHAIN; j++)
      if (model->compartment[j].x_w >= 0)
        chain[n++] = (ion_chain){.x           = model->compartment[j].x_w,
                                 .coefficient = -1,
                                 .row         = model->row_dw[compartment] + (int)j};
  }
  return n;
}

static PetscErrorCode extend_chain(ion_pool_plan *plan, int x, double coefficient, int row)
{
  PetscFunctionBegin;
  PetscCheck(plan->n_chain < ION_MAX_CHAIN, PETSC_COMM_SELF, PETSC_ERR_SUP,
             "a pool depends on more than %d unknowns", ION_MAX_CHAIN);
  plan->chain[plan->n_chain++] = (ion_chain){.x = x, .coefficient = coefficient, .row = row};
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ln c of the two members of a pair: c = (M/w) s and (M/w)(1 - s), s the logistic function of x. */
static PetscErrorCode chain_pair(ion_model *model, size_t p)
{
  ion_pool_plan *a = &model->plan[p], *b = &model->plan[a->partner];
  ion_chain volume[ION_MAX_CHAIN];
  const int n = volume_chain(model, model->pool[p].compartment, volume);

  PetscFunctionBegin;
  PetscCall(extend_chain(a, model->pool[p].x, 1, a->share + 1));
  PetscCall(extend_chain(b, model->pool[p].x, -1, a->share));
  for (int k = 0; k < n; k++) {
    PetscCall(extend_chain(a, volume[k].x, -volume[k].coefficient, volume[k].row));
    PetscCall(extend_chain(b, volume[k].x, -volume[k].coefficient, volume[k].row));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Gather d ln c/dx of a remainder c = M/w - sum_j k_j c_j by unknown into one row each:
 * dc/dx = -(c + sum_j k_j c_j) dlnw/dx - sum_j k_j c_j dlnc_j/dx. */
static PetscErrorCode chain_remainder(ion_model *model, size_t p)
{
  ion_pool_plan *plan      = &model->plan[p];
  const ion_moiety *moiety = &model->moiety[plan->moiety];
  ion_program *program     = &model->jacobian_program;
  ion_chain volume[ION_MAX_CHAIN];
  const int n_volume = volume_chain(model, model->pool[p].compartment, volume);
  int x[ION_MAX_CHAIN * ION_MAX_REACTANT], src[ION_MAX_CHAIN * ION_MAX_REACTANT];
  double one[ION_MAX_CHAIN * ION_MAX_REACTANT];
  int n = 0;

  PetscFunctionBegin;
  PetscCheck(moiety->n_member < ION_MAX_REACTANT, PETSC_COMM_SELF, PETSC_ERR_SUP,
             "a conserved total of %zu pools in one compartment", moiety->n_member);
  for (int v = 0; v < n_volume; v++) {
    x[n]   = volume[v].x;
    src[n] = new_row(model);
    PetscCall(
        ion_program_sum(program, src[n], 1, &volume[v].row, (double[]){-volume[v].coefficient}));
    n++;
  }
  for (size_t j = 1; j < moiety->n_member; j++) {
    const ion_pool_plan *other = &model->plan[moiety->pool[j]];
    const int ratio            = new_row(model);

    PetscCall(ion_program_product(program, ratio, -moiety->coefficient[j], plan->inverse,
                                  model->row_c + moiety->pool[j]));
    for (int k = 0; k < other->n_chain; k++) {
      x[n]   = other->chain[k].x;
      src[n] = new_row(model);
      PetscCall(ion_program_product(program, src[n++], other->chain[k].coefficient, ratio,
                                    other->chain[k].row));
    }
    for (int v = 0; v < n_volume; v++) {
      x[n]   = volume[v].x;
      src[n] = new_row(model);
      PetscCall(
          ion_program_product(program, src[n++], volume[v].coefficient, ratio, volume[v].row));
    }
  }
  for (int i = 0; i < n; i++) {
    int rows[ION_MAX_CHAIN * ION_MAX_REACTANT], n_same = 0, sum;

    if (x[i] < 0) continue;
    for (int j = n - 1; j >= i; j--)
      if (x[j] == x[i]) {
        rows[n_same]  = src[j];
        one[n_same++] = 1;
        if (j > i) x[j] = -1;
      }
    sum = new_row(model);
    PetscCall(ion_program_sum(program, sum, n_same, rows, one));
    PetscCall(extend_chain(plan, x[i], 1, sum));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode build_chains(ion_model *model)
{
  PetscFunctionBegin;
  for (size_t p = 0; p < model->network.n_pool; p++)
    if (model->plan[p].rule == ION_POOL_DIRECT)
      PetscCall(extend_chain(&model->plan[p], model->pool[p].x, 1, row_of_ones(model)));
    else if (model->plan[p].rule == ION_POOL_PAIR)
      PetscCall(chain_pair(model, p));
  for (size_t p = 0; p < model->network.n_pool; p++)
    if (model->plan[p].rule == ION_POOL_REMAINDER) PetscCall(chain_remainder(model, p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Entries of row i: derivative row `row` times a chain. */
static PetscErrorCode add_chain(ion_builder *b, ion_entry_list *list, int i, double coefficient,
                                int row, const ion_chain *chain, int n_chain)
{
  PetscFunctionBegin;
  for (int k = 0; k < n_chain; k++) {
    const double c = coefficient * chain[k].coefficient;

    if (chain[k].row == row_of_ones(b->model))
      PetscCall(add_entry(list, i, chain[k].x, c, row));
    else if (row == row_of_ones(b->model))
      PetscCall(add_entry(list, i, chain[k].x, c, chain[k].row));
    else {
      const int product = new_row(b->model);

      PetscCall(ion_program_product(&b->model->jacobian_program, product, 1, row, chain[k].row));
      PetscCall(add_entry(list, i, chain[k].x, c, product));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* d(A/RT)/dx of a process, times the row `by`. */
static PetscErrorCode add_affinity(ion_builder *b, ion_entry_list *list, int i, double scale,
                                   size_t r, int by)
{
  const ion_model *model      = b->model;
  const ion_process *process  = &model->process[r];
  const ion_process_detail *d = &model->process_detail[r];
  const int sides[]           = {d->inner, d->outer};

  PetscFunctionBegin;
  for (size_t t = 0; t < process->n_pool; t++) {
    const ion_pool_plan *plan = &model->plan[process->term[t].pool];

    PetscCall(add_chain(b, list, i, -scale * process->term[t].nu, by, plan->chain, plan->n_chain));
  }
  for (int s = 0; s < 2; s++) {
    double charge     = 0;
    const ion_chain V = {.x           = sides[s] < 0 ? -1 : model->compartment[sides[s]].x_V,
                         .coefficient = 1,
                         .row         = ~model->prep_tau};

    for (size_t t = 0; t < process->n_pool; t++)
      if (d->inside[t] == !s) charge += d->nu[t] * d->z[t];
    if (V.x >= 0 && charge != 0) PetscCall(add_chain(b, list, i, -scale * charge, by, &V, 1));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* d Pi/dx of a compartment, times the row `by`. */
static PetscErrorCode add_osmolarity(ion_builder *b, ion_entry_list *list, int i, double scale,
                                     int compartment, int by)
{
  ion_model *model = b->model;
  ion_chain volume[ION_MAX_CHAIN];
  const int n_volume = volume_chain(model, compartment, volume);
  int impermeant;

  PetscFunctionBegin;
  for (size_t p = 0; p < model->network.n_pool; p++) {
    const ion_pool_plan *plan = &model->plan[p];
    int row                   = model->row_c + (int)p;

    if (model->pool[p].compartment != compartment || plan->rule == ION_POOL_CLAMPED) continue;
    if (!model->species[model->pool[p].species].osmotic) continue;
    if (by != row_of_ones(model)) {
      row = new_row(model);
      PetscCall(ion_program_product(&model->jacobian_program, row, 1, by, model->row_c + (int)p));
    }
    PetscCall(add_chain(b, list, i, scale, row, plan->chain, plan->n_chain));
  }
  if (!n_volume) PetscFunctionReturn(PETSC_SUCCESS);
  impermeant = new_row(model);
  PetscCall(ion_program_product(&model->jacobian_program, impermeant, 1,
                                ~model->prep_nX[compartment], model->row_inv_w[compartment]));
  if (by != row_of_ones(model)) {
    const int product = new_row(model);

    PetscCall(ion_program_product(&model->jacobian_program, product, 1, by, impermeant));
    impermeant = product;
  }
  PetscCall(add_chain(b, list, i, -scale, impermeant, volume, n_volume));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* dJ_r/dx of a process; its rows hold what ion_model_rates leaves: the affinity's share is already in the
 * derivatives by ln c and V where the law has such of its own. */
static PetscErrorCode build_totals(ion_builder *b, size_t r)
{
  ion_model *model            = b->model;
  const ion_process *process  = &model->process[r];
  const ion_process_detail *d = &model->process_detail[r];
  const unsigned flags        = process->kind->flags;
  ion_chain volume[ION_MAX_CHAIN];
  const int n_volume = volume_chain(model, d->inner, volume);
  const double power = flags & ION_PER_VOLUME ? 1 : d->per_area ? 0.5 : 0;

  PetscFunctionBegin;
  if (flags & ION_MOVES_VOLUME) {
    PetscCall(add_osmolarity(b, &b->total, (int)r, 1, d->inner, d->row_dA));
    PetscCall(add_osmolarity(b, &b->total, (int)r, -1, d->outer, d->row_dA));
  }
  for (size_t t = 0; t < process->n_pool; t++) {
    const ion_pool_plan *plan = &model->plan[process->term[t].pool];
    const int row             = d->row_dlnc[t] >= 0 ? d->row_dlnc[t] : d->row_dA;
    const double by           = d->row_dlnc[t] >= 0 ? 1 : -process->term[t].nu;

    PetscCall(add_chain(b, &b->total, (int)r, by, row, plan->chain, plan->n_chain));
  }
  if (d->row_dv >= 0 && model->compartment[d->inner].x_V >= 0)
    PetscCall(add_entry(&b->total, (int)r, model->compartment[d->inner].x_V, 1, d->row_dv));
  if (power != 0)
    PetscCall(add_chain(b, &b->total, (int)r, power, model->row_J + (int)r, volume, n_volume));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Copy process r's derivative into row i, times scale. */
static PetscErrorCode copy_total(ion_builder *b, int i, double scale, size_t r)
{
  const size_t n = b->total.n;

  PetscFunctionBegin;
  for (size_t k = 0; k < n; k++) {
    const ion_entry e = b->total.item[k];

    if (e.i == (int)r) PetscCall(add_entry(&b->jacobian, i, e.x, scale * e.coefficient, e.row));
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
  const int n_volume = volume_chain(b->model, b->model->pool[p].compartment, volume);

  PetscFunctionBegin;
  PetscCall(add_chain(b, &b->jacobian, i, scale, plan->amount, plan->chain, plan->n_chain));
  PetscCall(add_chain(b, &b->jacobian, i, scale, plan->amount, volume, n_volume));
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

/* Charge of a cell: F = sum z n + Q_X - C V/F over its gross charge. */
static PetscErrorCode build_charge(ion_builder *b, int i, int compartment)
{
  ion_model *model = b->model;
  int src[64], n      = 0, stored;
  double k[64], gross = 0;
  const double w    = ion_model_rest_value(model, model->compartment_detail[compartment].rest_w);
  const ion_chain V = {
      .x = model->compartment[compartment].x_V, .coefficient = -1, .row = row_of_ones(model)};

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
  stored = new_row(model);
  PetscCall(ion_program_product(&model->residual_program, stored, -1 / gross,
                                ~model->prep_capacitance[compartment], model->row_V + compartment));
  src[n] = stored;
  k[n++] = 1;
  src[n] = ~model->prep_QX[compartment];
  k[n++] = 1 / gross;
  PetscCall(ion_program_sum(&model->residual_program, model->row_F + i, n, src, k));
  PetscCall(add_chain(b, &b->jacobian, i, ion_thermal_voltage(model->T_ref) / gross,
                      ~model->prep_capacitance[compartment], &V, 1));
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
    PetscCall(add_osmolarity(b, &b->jacobian, i, scale, d->inner, row_of_ones(model)));
    PetscCall(add_osmolarity(b, &b->jacobian, i, -scale, d->outer, row_of_ones(model)));
  } else
    PetscCall(add_affinity(b, &b->jacobian, i, 1, r, row_of_ones(model)));
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

static int compare_entries(const void *a, const void *b)
{
  const ion_entry *x = a, *y = b;

  if (x->i != y->i) return x->i < y->i ? -1 : 1;
  if (x->x != y->x) return x->x < y->x ? -1 : 1;
  if (x->row != y->row) return x->row < y->row ? -1 : 1;
  return x->coefficient < y->coefficient ? -1 : x->coefficient > y->coefficient;
}

/* Add up entries of one place and row; the list stays sorted by row of F, then unknown. */
static void merge_entries(ion_entry_list *list)
{
  size_t n = 0;

  qsort(list->item, list->n, sizeof *list->item, compare_entries);
  for (size_t k = 0; k < list->n; k++) {
    const ion_entry e = list->item[k];

    if (n && list->item[n - 1].i == e.i && list->item[n - 1].x == e.x &&
        list->item[n - 1].row == e.row)
      list->item[n - 1].coefficient += e.coefficient;
    else
      list->item[n++] = e;
  }
  list->n = n;
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
  merge_entries(list);
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
  merge_entries(&b->total);
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
  PetscCall(build_chains(b->model));
  for (size_t r = 0; r < b->model->network.n_process; r++) PetscCall(build_totals(b, r));
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
