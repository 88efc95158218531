/* The linearised dynamics at a state: pools, volumes and gates in time, charge and conserved totals as
 * constraints. Unknowns are those of the steady state, then the gates; M y' = J y. Which rows of an evaluation
 * make up each entry is written down once a model and read for one point or for a strip of them. */
#include "base/lanes.h"
#include "model_impl.h"

#include <stdlib.h>
#include <string.h>

size_t ion_model_n_dynamic(const ion_model *model)
{
  return model->n_state + model->network.n_gate;
}

/* ---- the terms ---- */

/* While the terms are listed: counted first, where `item` is NULL. */
typedef struct {
  const ion_model *model;
  ion_dynamics_term *item;
  size_t n;
} ion_linear;

/* coefficient * a * b / c into entry (i, x) of J, or of M */
static void add(ion_linear *e, PetscBool is_mass, int i, int x, ion_dynamics_term term)
{
  term.is_mass = is_mass;
  term.i       = i;
  term.x       = x;
  term.order   = e->n;
  if (e->item) e->item[e->n] = term;
  e->n++;
}

static ion_dynamics_term product(const ion_linear *e, double coefficient, int a, int b)
{
  return (ion_dynamics_term){.coefficient = coefficient, .a = a, .b = b, .c = ~e->model->prep_one};
}

static ion_dynamics_term single(const ion_linear *e, double coefficient, int a)
{
  return product(e, coefficient, a, ~e->model->prep_one);
}

/* The column of a gate that moves in time, or of the one it is a function of; -1 for none. */
static int gate_variable(const ion_model *m, const ion_gate *gate)
{
  const ion_gate *moves = gate->of < 0 ? gate : &m->process_detail[gate->of_process].gate[gate->of];

  return moves->is_dynamic ? (int)m->n_state + moves->dynamic : -1;
}

/* factor * dJ_r/dx into row i, gates as variables of their own: what the steady gates contribute to the
 * derivative by V moves to the columns of the gates, dJ/dg = J power/g, for g(n) times dg/dn. */
static void add_rate(ion_linear *e, int i, size_t r, double factor)
{
  const ion_model *m          = e->model;
  const ion_process_detail *d = &m->process_detail[r];
  const int x_V               = m->compartment[d->inner].x_V;
  const double unit           = ion_thermal_voltage(m->T_ref);

  for (size_t k = 0; k < d->n_total; k++) {
    const ion_total *t = &m->total[d->first_total + k];

    add(e, PETSC_FALSE, i, t->x, single(e, factor * t->coefficient, t->row));
  }
  for (int k = 0; k < d->n_gate; k++) {
    const int variable     = gate_variable(m, &d->gate[k]);
    const double dJ        = factor * d->gate[k].power;
    ion_dynamics_term by_g = single(e, dJ, m->row_J + (int)r),
                      by_V = product(e, -dJ * unit, m->row_J + (int)r, d->row_gate[k] + 1);

    if (variable < 0) continue;
    by_g.c = by_V.c = d->row_gate[k];
    if (d->gate[k].of >= 0) by_g.b = d->row_gate[k] + 2;
    add(e, PETSC_FALSE, i, variable, by_g);
    add(e, PETSC_FALSE, i, x_V, by_V);
  }
}

/* n = c w of a pool in the remainder: dw = -sum_j dw_j over the free volumes. */
static void add_remainder(ion_linear *e, int i, int compartment, int amount)
{
  const ion_model *m = e->model;

  for (size_t j = 0; j < m->network.n_compartment; j++) {
    ion_dynamics_term term = product(e, -1, amount, m->row_w + (int)j);

    term.c = m->row_w + compartment;
    if (m->compartment[j].x_w >= 0) add(e, PETSC_TRUE, i, m->compartment[j].x_w, term);
  }
}

/* dn/dt = S J with n = c w, or dw/dt = J of its water. */
static void fill_balance(ion_linear *e, int i)
{
  const ion_model *m = e->model;
  const int q        = m->row_pool[i];

  if (q < 0) {
    const int r = m->row_kind_equilibrium[i];

    add(e, PETSC_TRUE, i, i, single(e, 1, m->row_w + m->process_detail[r].inner));
    add_rate(e, i, (size_t)r, 1);
    return;
  }
  const int n   = m->plan[q].amount;
  const int x_w = m->compartment[m->pool[q].compartment].x_w;

  if (m->plan[q].rule == ION_POOL_PAIR)
    add(e, PETSC_TRUE, i, i, product(e, 1, n, m->plan[q].share + 1));
  else {
    add(e, PETSC_TRUE, i, i, single(e, 1, n));
    if (x_w >= 0) add(e, PETSC_TRUE, i, x_w, single(e, 1, n));
    if (m->compartment[m->pool[q].compartment].volume == ION_VOLUME_REMAINDER)
      add_remainder(e, i, m->pool[q].compartment, n);
  }
  for (size_t r = 0; r < m->network.n_process; r++)
    for (size_t t = 0; t < m->process[r].n_pool; t++)
      if (m->process[r].term[t].pool == q) add_rate(e, i, r, m->process[r].term[t].nu);
}

/* Charge and conserved totals: row `from` of dF/dx. */
static void fill_constraint(ion_linear *e, int i, int from)
{
  const ion_pattern *pattern = &e->model->pattern;

  for (int k = pattern->start[from]; k < pattern->start[from + 1]; k++)
    add(e, PETSC_FALSE, i, pattern->col[k], single(e, 1, e->model->row_jac + k));
}

/* An electroneutral composition in time: C dV/dt = F sum z S J, and the charge row instead of the balance of
 * the ion that follows. */
static void fill_neutrality(ion_linear *e, int compartment)
{
  const ion_model *m = e->model;
  const int i        = m->compartment[compartment].x_V;

  add(e, PETSC_TRUE, i, i,
      single(e, ion_thermal_voltage(m->T_ref), ~m->prep_capacitance[compartment]));
  for (size_t r = 0; r < m->network.n_process; r++)
    for (size_t t = 0; t < m->process[r].n_pool; t++) {
      const ion_pool *pool = &m->pool[m->process[r].term[t].pool];

      if (pool->compartment == compartment)
        add_rate(e, i, r, m->species[pool->species].valence * m->process[r].term[t].nu);
    }
}

/* dg/dt = rate (g_inf(V) - g) */
static void fill_gates(ion_linear *e)
{
  const ion_model *m = e->model;
  const double unit  = ion_thermal_voltage(m->T_ref);

  for (size_t r = 0; r < m->network.n_process; r++) {
    const ion_process_detail *d = &m->process_detail[r];

    for (int k = 0; k < d->n_gate; k++) {
      const int i = (int)m->n_state + d->gate[k].dynamic, rate = d->row_gate[k] + 2;

      if (!d->gate[k].is_dynamic) continue;
      add(e, PETSC_TRUE, i, i, single(e, 1, ~m->prep_one));
      add(e, PETSC_FALSE, i, i, single(e, -1, rate));
      add(e, PETSC_FALSE, i, m->compartment[d->inner].x_V,
          product(e, unit, rate, d->row_gate[k] + 1));
    }
  }
}

/* Compartment whose electroneutrality turns row i around, or -1. */
static int neutral_compartment(const ion_model *m, int i)
{
  for (size_t c = 0; c < m->network.n_compartment; c++) {
    const int pool = m->compartment_detail[c].neutral_pool;

    if (pool >= 0 && (m->compartment[c].x_V == i || m->plan[pool].row_F == i)) return (int)c;
  }
  return -1;
}

static void fill_rows(ion_linear *e, unsigned char *dynamic)
{
  const ion_model *m = e->model;

  for (int i = 0; i < (int)m->n_state; i++) {
    const int neutral     = neutral_compartment(m, i);
    const PetscBool moves = (PetscBool)(m->row_pool[i] >= 0 || m->row_kind_equilibrium[i] >= 0);

    dynamic[i] = (unsigned char)((neutral < 0) == moves);
    if (neutral >= 0 && dynamic[i])
      fill_neutrality(e, neutral);
    else if (neutral >= 0)
      fill_constraint(e, i, m->compartment[neutral].x_V);
    else if (dynamic[i])
      fill_balance(e, i);
    else
      fill_constraint(e, i, i);
  }
  for (size_t g = 0; g < m->network.n_gate; g++) dynamic[m->n_state + g] = 1;
  fill_gates(e);
}

/* ---- entries ---- */

static int compare_terms(const void *a, const void *b)
{
  const ion_dynamics_term *s = a, *t = b;

  if (s->is_mass != t->is_mass) return s->is_mass ? 1 : -1;
  if (s->i != t->i) return s->i < t->i ? -1 : 1;
  if (s->x != t->x) return s->x < t->x ? -1 : 1;
  return s->order < t->order ? -1 : s->order > t->order;
}

/* Terms of one place follow each other: entry k has those from start[k] on. */
static void number_entries(ion_dynamics *d)
{
  size_t n = 0;

  for (size_t k = 0; k < d->n_term; k++) {
    const ion_dynamics_term *t = &d->term[k];

    if (k && t->is_mass == t[-1].is_mass && t->i == t[-1].i && t->x == t[-1].x) continue;
    d->start[n] = k;
    d->row[n]   = t->i;
    d->col[n++] = t->x;
    if (!t->is_mass) d->about.n_J = n;
  }
  d->start[n]      = d->n_term;
  d->about.n_entry = n;
}

PetscErrorCode ion_model_list_dynamics(ion_model *model)
{
  ion_dynamics *d = &model->dynamics;
  ion_linear e    = {.model = model};

  PetscFunctionBegin;
  d->dynamic = ion_model_alloc(model, ion_model_n_dynamic(model));
  PetscCheck(d->dynamic, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory");
  fill_rows(&e, d->dynamic);
  d->n_term = e.n;
  d->term   = ion_model_alloc(model, e.n * sizeof *d->term);
  d->start  = ion_model_alloc(model, (e.n + 1) * sizeof *d->start);
  d->row    = ion_model_alloc(model, e.n * sizeof *d->row);
  d->col    = ion_model_alloc(model, e.n * sizeof *d->col);
  PetscCheck(d->term && d->start && d->row && d->col, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory");
  e = (ion_linear){.model = model, .item = d->term};
  fill_rows(&e, d->dynamic);
  qsort(d->term, d->n_term, sizeof *d->term, compare_terms);
  number_entries(d);
  d->about.n       = ion_model_n_dynamic(model);
  d->about.row     = d->row;
  d->about.col     = d->col;
  d->about.dynamic = d->dynamic;
  PetscFunctionReturn(PETSC_SUCCESS);
}

const ion_dynamics_pattern *ion_model_dynamics_pattern(const ion_model *model)
{
  return &model->dynamics.about;
}

/* ---- values ---- */

static double value(ion_block prepared, ion_block scratch, int row, size_t p)
{
  return row < 0 ? ion_row(prepared, (size_t)~row)[p] : ion_row(scratch, (size_t)row)[p];
}

void ion_model_dynamics(const ion_model *model, ion_block prepared, ion_block x,
                        const ion_work *work, size_t p, double *J, double *M,
                        unsigned char *dynamic)
{
  const ion_dynamics *d = &model->dynamics;
  const size_t n        = d->about.n;

  (void)x;
  memset(J, 0, n * n * sizeof *J);
  memset(M, 0, n * n * sizeof *M);
  memcpy(dynamic, d->dynamic, n);
  for (size_t k = 0; k < d->n_term; k++) {
    const ion_dynamics_term *t = &d->term[k];
    const double c             = value(prepared, work->scratch, t->c, p);
    double *to                 = (t->is_mass ? M : J) + (size_t)t->i + n * (size_t)t->x;

    if (c != 0)
      *to += t->coefficient * value(prepared, work->scratch, t->a, p) *
             value(prepared, work->scratch, t->b, p) / c;
  }
}

ION_INLINE ion_lanes strip(ion_block prepared, ion_block scratch, int row, size_t first)
{
  const double *from = row < 0 ? ion_row(prepared, (size_t)~row) : ion_row(scratch, (size_t)row);

  return *(const ion_lanes_anywhere *)(const void *)(from + first);
}

void ion_model_dynamics_strip(const ion_model *model, ion_block prepared, const ion_work *work,
                              size_t first, ion_block value_)
{
  const ion_dynamics *d = &model->dynamics;
  const int one         = ~model->prep_one;

  for (size_t k = 0; k < d->about.n_entry; k++) {
    ion_lanes sum = {0};

    for (size_t i = d->start[k]; i < d->start[k + 1]; i++) {
      const ion_dynamics_term *t = &d->term[i];
      ion_lanes y                = t->coefficient * strip(prepared, work->scratch, t->a, first);

      if (t->b != one) y *= strip(prepared, work->scratch, t->b, first);
      if (t->c != one) {
        const ion_lanes c = strip(prepared, work->scratch, t->c, first);

        y = ion_lanes_choose(c != 0, y / c, (ion_lanes){0});
      }
      sum += y;
    }
    *ion_lanes_at(value_, k, 0) = sum;
  }
}
