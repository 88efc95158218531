/* The equations of motion: pools, volumes, potentials and gates in time, dy/dt = f(y) in which every row is
 * divided by what it balances,
 *
 *     d ln n/dt = (S J)_n/n,   d ln w/dt = J_water/w,   d V/dt = (F/C) sum_i z_i (S J)_i,
 *     d x/dt = (S J)_a/(n_a (1 - s)),  x = logit s, s = n_a/M,   dg/dt = q (alpha (1 - g) - beta g),
 *
 * and charge and conserved totals hold through one closing pool each (closing.c). The network is that of the
 * steady state with other unknowns, so the same program builder assembles it. */
#include "assemble_impl.h"
#include "base/vecmath.h"
#include "evaluate_impl.h"

#include <stdlib.h>
#include <string.h>

struct ion_motion {
  ion_model model; /* a copy of the network with unknowns, rows and programs of its own */
  const ion_model *steady;
  unsigned char *dynamic; /* [n] */
};

/* ---- layout ---- */

static PetscErrorCode copy_array(ion_model *model, const void *from, size_t size, void **to)
{
  PetscFunctionBegin;
  *to = ion_model_alloc(model, size);
  PetscCheck(*to, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory");
  memcpy(*to, from, size);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static int take(ion_model *model, size_t n)
{
  const int row = (int)model->n_scratch;

  model->n_scratch += n;
  return row;
}

static PetscErrorCode number_rows(ion_model *m)
{
  const ion_network *net = &m->network;

  PetscFunctionBegin;
  m->row_over_capacitance = ion_model_alloc(m, net->n_compartment * sizeof(int));
  PetscCheck(m->row_over_capacitance, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory");
  m->row_F      = take(m, m->n_state);
  m->row_moving = take(m, 3 * net->n_gate);
  m->row_ln_w   = take(m, net->n_compartment);
  for (size_t i = 0; i < net->n_compartment; i++)
    m->row_over_capacitance[i] = m->compartment[i].x_V < 0 ? -1 : take(m, 1);
  for (size_t q = 0; q < net->n_pool; q++) {
    m->plan[q].n_chain = 0;
    if (m->plan[q].rule == ION_POOL_DIRECT || m->plan[q].rule == ION_POOL_PAIR)
      m->plan[q].over_amount = take(m, 1);
  }
  for (size_t r = 0; r < net->n_process; r++)
    for (int k = 0; k < m->process_detail[r].n_gate; k++)
      if (m->process_detail[r].gate[k].of >= 0) m->process_detail[r].gate[k].row_over = take(m, 1);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The network as it is, with what this file changes in arrays of its own. */
static PetscErrorCode copy_network(ion_motion *motion, const ion_model *steady)
{
  ion_model *m = &motion->model;
  void *plan, *detail;

  PetscFunctionBegin;
  *m                  = *steady;
  m->arena            = NULL;
  m->residual_program = m->jacobian_program = (ion_program){0};
  m->in_time                                = PETSC_TRUE;
  m->n_state                                = steady->n_state + steady->network.n_gate;
  PetscCall(copy_array(m, steady->plan, steady->network.n_pool * sizeof *m->plan, &plan));
  PetscCall(copy_array(m, steady->process_detail,
                       steady->network.n_process * sizeof *m->process_detail, &detail));
  m->plan           = plan;
  m->process_detail = detail;
  for (size_t r = 0; r < m->network.n_process; r++) m->process_detail[r].n_total = 0;
  motion->dynamic = ion_model_alloc(m, m->n_state);
  PetscCheck(motion->dynamic, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory");
  memset(motion->dynamic, 1, m->n_state);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- rows ---- */

/* A row under construction: a sum of rows, times the row `over`, and derivatives by the unknowns. */
typedef struct {
  ion_builder *b;
  int i, over;
  int src[256], n;
  double k[256];
  ion_entry_list entries;
} ion_row_builder;

static PetscErrorCode add_source(ion_row_builder *row, int src, double k)
{
  PetscFunctionBegin;
  PetscCheck(row->n < (int)ION_COUNT(row->src), PETSC_COMM_SELF, PETSC_ERR_SUP,
             "more than %zu terms in one equation of motion", ION_COUNT(row->src));
  row->src[row->n] = src;
  row->k[row->n++] = k;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* k J_r and its derivatives. */
static PetscErrorCode add_flow(ion_row_builder *row, size_t r, double k)
{
  PetscFunctionBegin;
  PetscCall(add_source(row, row->b->model->row_J + (int)r, k));
  for (size_t e = 0; e < row->b->total.n; e++) {
    const ion_entry t = row->b->total.item[e];

    if (t.i == (int)r)
      PetscCall(ion_entries_add(&row->entries, row->i, t.x, k * t.coefficient, t.row));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* k (S J)_q */
static PetscErrorCode add_balance(ion_row_builder *row, size_t q, double k)
{
  const ion_model *m = row->b->model;

  PetscFunctionBegin;
  for (size_t r = 0; r < m->network.n_process; r++)
    for (size_t t = 0; t < m->process[r].n_pool; t++)
      if (m->process[r].term[t].pool == (int)q)
        PetscCall(add_flow(row, r, k * m->process[r].term[t].nu));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Entries times `over`, gathered by unknown: one row each. */
static PetscErrorCode scale_entries(ion_row_builder *row)
{
  ion_model *m         = row->b->model;
  ion_entry_list *list = &row->entries;

  PetscFunctionBegin;
  ion_entries_merge(list);
  for (size_t e = 0; e < list->n;) {
    const int x = list->item[e].x, sum = ion_builder_new_row(m), scaled = ion_builder_new_row(m);
    int src[256], n = 0;
    double k[256];

    for (; e < list->n && list->item[e].x == x; e++, n++) {
      PetscCheck(n < 256, PETSC_COMM_SELF, PETSC_ERR_SUP, "an entry with over 256 terms");
      src[n] = list->item[e].row;
      k[n]   = list->item[e].coefficient;
    }
    PetscCall(ion_program_sum(&m->jacobian_program, sum, n, src, k));
    PetscCall(ion_program_product(&m->jacobian_program, scaled, 1, sum, row->over));
    PetscCall(ion_entries_add(&row->b->jacobian, row->i, x, 1, scaled));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* F = over * sum, its derivatives, and -F for d(over)/dx = -over by its own unknown. */
static PetscErrorCode finish_row(ion_row_builder *row, double own)
{
  ion_model *m  = row->b->model;
  const int sum = ion_builder_new_row(m);

  PetscFunctionBegin;
  if (row->n == 0) PetscCall(add_source(row, ~m->prep_zero, 1));
  PetscCall(ion_program_sum(&m->residual_program, sum, row->n, row->src, row->k));
  PetscCall(ion_program_product(&m->residual_program, m->row_F + row->i, 1, sum, row->over));
  PetscCall(scale_entries(row));
  PetscCall(ion_entries_add(&row->b->jacobian, row->i, row->i, own, m->row_F + row->i));
  row->n = 0;
  free(row->entries.item);
  row->entries = (ion_entry_list){0};
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* 1/(n_a (1 - s)) = 1/(M s (1 - s)) by x: times -(1 - 2 s) = s - (1 - s). */
static PetscErrorCode add_share(ion_builder *b, int i, const ion_pool_plan *plan)
{
  ion_model *m = b->model;

  PetscFunctionBegin;
  for (int side = 0; side < 2; side++) {
    const int product = ion_builder_new_row(m);

    PetscCall(ion_program_product(&m->jacobian_program, product, side ? -1 : 1, m->row_F + i,
                                  plan->share + side));
    PetscCall(ion_entries_add(&b->jacobian, i, i, 1, product));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode build_pool(ion_row_builder *row, size_t q)
{
  const ion_pool_plan *plan = &row->b->model->plan[q];

  PetscFunctionBegin;
  row->i    = row->b->model->pool[q].x;
  row->over = plan->over_amount;
  PetscCall(add_balance(row, q, 1));
  PetscCall(finish_row(row, plan->rule == ION_POOL_PAIR ? 0 : -1));
  if (plan->rule == ION_POOL_PAIR) PetscCall(add_share(row->b, row->i, plan));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The potential of a cell: its charge in time. */
static PetscErrorCode build_potential(ion_row_builder *row, size_t compartment)
{
  const ion_model *m = row->b->model;

  PetscFunctionBegin;
  row->i    = m->compartment[compartment].x_V;
  row->over = m->row_over_capacitance[compartment];
  for (size_t q = 0; q < m->network.n_pool; q++) {
    const int z = m->species[m->pool[q].species].valence;

    if (m->pool[q].compartment == (int)compartment && z != 0) PetscCall(add_balance(row, q, z));
  }
  PetscCall(finish_row(row, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Water that enters from outside, less what goes on to compartments inside. */
static PetscErrorCode build_volume(ion_row_builder *row, size_t compartment)
{
  const ion_model *m = row->b->model;

  PetscFunctionBegin;
  row->i    = m->compartment[compartment].x_w;
  row->over = m->row_inv_w[compartment];
  for (size_t r = 0; r < m->network.n_process; r++) {
    const ion_process_detail *d = &m->process_detail[r];

    if (!(m->process[r].kind->flags & ION_MOVES_VOLUME)) continue;
    if (d->inner == (int)compartment) PetscCall(add_flow(row, r, 1));
    if (d->outer == (int)compartment) PetscCall(add_flow(row, r, -1));
  }
  PetscCall(finish_row(row, -1));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Derivatives of k n_q. */
static PetscErrorCode add_amount(ion_row_builder *row, int q, double k)
{
  ion_builder *b            = row->b;
  const ion_pool_plan *plan = &b->model->plan[q];
  ion_chain volume[ION_MAX_CHAIN];
  int n_volume;

  PetscFunctionBegin;
  PetscCall(add_source(row, plan->amount, k));
  if (plan->rule == ION_POOL_DIRECT) {
    PetscCall(ion_entries_add(&row->entries, row->i, b->model->pool[q].x, k, plan->amount));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  n_volume = ion_chain_volume(b->model, b->model->pool[q].compartment, volume);
  PetscCall(
      ion_builder_add_chain(b, &row->entries, row->i, k, plan->amount, plan->chain, plan->n_chain));
  PetscCall(ion_builder_add_chain(b, &row->entries, row->i, k, plan->amount, volume, n_volume));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A constraint over the amount of its closing pool. */
static PetscErrorCode build_closing(ion_row_builder *row, const ion_closing *c)
{
  ion_model *m = row->b->model;

  PetscFunctionBegin;
  row->i    = m->pool[c->pool].x;
  row->over = m->plan[c->pool].over_amount;
  PetscCall(add_amount(row, c->pool, 1));
  for (size_t t = 0; t < c->n_term; t++) PetscCall(add_amount(row, c->term[t], c->coefficient[t]));
  if (c->moiety >= 0)
    PetscCall(add_source(row, ~m->prep_total[c->moiety], -c->share));
  else {
    const int stored = ion_builder_new_row(m), x_V = m->compartment[c->compartment].x_V;
    const int C = ~ion_closing_capacitance(m, c);

    PetscCall(ion_program_product(&m->residual_program, stored, 1, C, m->row_V + c->compartment));
    PetscCall(add_source(row, stored, -c->share));
    PetscCall(add_source(row, ~m->prep_QX[c->compartment], c->share));
    PetscCall(
        ion_entries_add(&row->entries, row->i, x_V, -c->share * ion_thermal_voltage(m->T_ref), C));
  }
  PetscCall(finish_row(row, -1));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode build_gate(ion_builder *b, const ion_process_detail *d, int k)
{
  ion_model *m     = b->model;
  const int i      = (int)(m->n_state - m->network.n_gate) + d->gate[k].dynamic;
  const int moving = m->row_moving + 3 * d->gate[k].dynamic;
  const double one = 1;

  PetscFunctionBegin;
  PetscCall(ion_program_sum(&m->residual_program, m->row_F + i, 1, &moving, &one));
  PetscCall(ion_entries_add(&b->jacobian, i, i, -1, d->row_gate[k] + 2));
  PetscCall(ion_entries_add(&b->jacobian, i, m->compartment[d->inner].x_V,
                            ion_thermal_voltage(m->T_ref), moving + 1));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscBool is_closing(const ion_model *m, size_t q)
{
  for (size_t k = 0; k < m->n_closing; k++)
    if (m->closing[k].pool == (int)q) return PETSC_TRUE;
  return PETSC_FALSE;
}

static PetscErrorCode build_rows(ion_row_builder *row)
{
  ion_model *m = row->b->model;

  PetscFunctionBegin;
  for (size_t q = 0; q < m->network.n_pool; q++)
    if (m->plan[q].amount >= 0 && m->plan[q].rule != ION_POOL_DIRECT)
      PetscCall(ion_program_product(&m->residual_program, m->plan[q].amount, 1, m->row_c + (int)q,
                                    m->row_w + m->pool[q].compartment));
  for (size_t q = 0; q < m->network.n_pool; q++)
    if (m->pool[q].x >= 0 && !is_closing(m, q)) PetscCall(build_pool(row, q));
  for (size_t k = 0; k < m->n_closing; k++) PetscCall(build_closing(row, &m->closing[k]));
  for (size_t i = 0; i < m->network.n_compartment; i++) {
    if (m->compartment[i].x_V >= 0) PetscCall(build_potential(row, i));
    if (m->compartment[i].x_w >= 0) PetscCall(build_volume(row, i));
  }
  for (size_t r = 0; r < m->network.n_process; r++)
    for (int k = 0; k < m->process_detail[r].n_gate; k++)
      if (m->process_detail[r].gate[k].is_dynamic)
        PetscCall(build_gate(row->b, &m->process_detail[r], k));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* dJ/dg = J power/g of the gates that are unknowns; of one that follows such a gate n, times dg/dn. */
static PetscErrorCode add_gate_columns(ion_builder *b, size_t r)
{
  ion_model *m                = b->model;
  const ion_process_detail *d = &m->process_detail[r];
  const int first             = (int)(m->n_state - m->network.n_gate);

  PetscFunctionBegin;
  for (int k = 0; k < d->n_gate; k++) {
    const ion_gate *gate = &d->gate[k];
    const ion_gate *moves =
        gate->of < 0 ? gate : &m->process_detail[gate->of_process].gate[gate->of];
    const int over = gate->of < 0 ? m->row_moving + 3 * gate->dynamic + 2 : gate->row_over;

    if (!moves->is_dynamic) continue;
    const int row = ion_builder_new_row(m);

    PetscCall(ion_program_product(&m->jacobian_program, row, gate->power, m->row_J + (int)r, over));
    PetscCall(ion_entries_add(&b->total, (int)r, first + moves->dynamic, 1, row));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode build(ion_builder *b, ion_row_builder *row)
{
  PetscFunctionBegin;
  PetscCall(ion_chains_build(b->model));
  for (size_t r = 0; r < b->model->network.n_process; r++) {
    PetscCall(ion_builder_add_rate(b, r));
    PetscCall(add_gate_columns(b, r));
  }
  ion_entries_merge(&b->total);
  PetscCall(build_rows(row));
  PetscCall(ion_builder_finish(b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_motion_create(const ion_model *model, ion_motion **out)
{
  ion_builder b       = {0};
  ion_row_builder row = {.b = &b};
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCall(PetscNew(out));
  b.model        = &(*out)->model;
  (*out)->steady = model;
  PetscCall(copy_network(*out, model));
  PetscCall(number_rows(b.model));
  PetscCall(ion_closing_choose(b.model));
  for (size_t k = 0; k < b.model->n_closing; k++)
    (*out)->dynamic[b.model->pool[b.model->closing[k].pool].x] = 0;
  code = build(&b, &row);
  free(b.jacobian.item);
  free(b.total.item);
  free(row.entries.item);
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_motion_destroy(ion_motion **out)
{
  PetscFunctionBegin;
  if (!*out) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ion_program_destroy(&(*out)->model.residual_program));
  PetscCall(ion_program_destroy(&(*out)->model.jacobian_program));
  ion_model_free_arena(&(*out)->model);
  PetscCall(PetscFree(*out));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- use ---- */

size_t ion_motion_n_unknown(const ion_motion *motion)
{
  return motion->model.n_state;
}

const unsigned char *ion_motion_dynamic(const ion_motion *motion)
{
  return motion->dynamic;
}

const ion_pattern *ion_motion_pattern(const ion_motion *motion)
{
  return &motion->model.pattern;
}

PetscErrorCode ion_motion_work_create(const ion_motion *motion, size_t n_point, size_t n_extra,
                                      ion_work *work)
{
  PetscFunctionBegin;
  PetscCall(ion_work_create_extended(&motion->model, n_point, n_extra, work));
  PetscFunctionReturn(PETSC_SUCCESS);
}

void ion_motion_evaluate(const ion_motion *motion, ion_block prepared, ion_block y, size_t n_point,
                         unsigned what, ion_work *work)
{
  const ion_model *m = &motion->model;
  const ion_stage e  = {.model    = m,
                        .prepared = prepared,
                        .x        = y,
                        .s        = work->scratch,
                        .n        = n_point,
                        .close    = (PetscBool)((what & ION_CLOSE) != 0)};

  ion_stage_rates(&e, what);
  if (what & (ION_RESIDUAL | ION_JACOBIAN))
    ion_program_run(&m->residual_program, work->scratch, prepared, n_point);
  if (what & ION_JACOBIAN) ion_program_run(&m->jacobian_program, work->scratch, prepared, n_point);
}

void ion_motion_start(const ion_motion *motion, ion_block prepared, ion_block x, size_t n_point,
                      ion_work *work, ion_block y)
{
  const ion_model *m = &motion->model;
  const size_t n     = motion->steady->n_state;

  ion_model_rates(motion->steady, prepared, x, n_point, ION_RESIDUAL, work->scratch);
  for (size_t i = 0; i < n; i++) memcpy(ion_row(y, i), ion_row(x, i), n_point * sizeof(double));
  for (size_t q = 0; q < m->network.n_pool; q++) {
    const double *w = ion_row(work->w, (size_t)m->pool[q].compartment);

    if (m->plan[q].rule != ION_POOL_DIRECT) continue;
    for (size_t p = 0; p < n_point; p++) ion_row(y, (size_t)m->pool[q].x)[p] += ion_log(w[p]);
  }
  for (size_t g = 0; g < m->network.n_gate; g++)
    memcpy(ion_row(y, n + g), ion_row(work->gate, 3 * g), n_point * sizeof(double));
  ion_motion_evaluate(motion, prepared, y, n_point, ION_RESIDUAL | ION_CLOSE, work);
}

void ion_motion_steady_unknowns(const ion_motion *motion, const ion_work *work, ion_block y,
                                size_t n_point, ion_block x)
{
  const ion_model *m = &motion->model;

  for (size_t i = 0; i < motion->steady->n_state; i++)
    memcpy(ion_row(x, i), ion_row(y, i), n_point * sizeof(double));
  for (size_t q = 0; q < m->network.n_pool; q++)
    if (m->plan[q].rule == ION_POOL_DIRECT)
      memcpy(ion_row(x, (size_t)m->pool[q].x), ion_row(work->ln_c, q), n_point * sizeof(double));
}

/* Composition, capacitance and impermeant charge are put in at the start: amounts would have to jump. */
PetscBool ion_motion_may_change(const ion_motion *motion, size_t row)
{
  const ion_model *m = &motion->model;

  for (size_t i = 0; i < m->network.n_compartment; i++) {
    const ion_compartment_detail *d = &m->compartment_detail[i];

    if (d->composition_w == (int)row || d->capacitance_row == (int)row ||
        d->valence_row == (int)row)
      return PETSC_FALSE;
  }
  for (size_t q = 0; q < m->network.n_pool; q++)
    if (!m->pool[q].clamped && m->pool_detail[q].composition_c == (int)row) return PETSC_FALSE;
  return PETSC_TRUE;
}
