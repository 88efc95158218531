/* The linearised dynamics at a state: pools, volumes and gates in time, charge and conserved totals as
 * constraints. Unknowns are those of the steady state, then the gates; M y' = J y. */
#include "model_impl.h"

#include <math.h>
#include <string.h>

size_t ion_model_n_dynamic(const ion_model *model)
{
  return model->n_state + model->network.n_gate;
}

typedef struct {
  const ion_model *model;
  ion_block prepared, s;
  size_t p, n;
  double *J, *M;
} ion_linear;

static double value(const ion_linear *e, int row)
{
  return row < 0 ? ion_row(e->prepared, (size_t)~row)[e->p] : ion_row(e->s, (size_t)row)[e->p];
}

static void add(const ion_linear *e, double *matrix, int i, int x, double v)
{
  matrix[(size_t)i + e->n * (size_t)x] += v;
}

/* The column of a gate that moves in time, or of the one it is a function of; -1 for none. */
static int gate_variable(const ion_model *m, const ion_gate *gate)
{
  const ion_gate *moves = gate->of < 0 ? gate : &m->process_detail[gate->of_process].gate[gate->of];

  return moves->is_dynamic ? (int)m->n_state + moves->dynamic : -1;
}

/* factor * dJ_r/dx into row i, gates as variables of their own: what the steady gates contribute to the
 * derivative by V moves to the columns of the gates, dJ/dg = J power/g, for g(n) times dg/dn. */
static void add_rate(const ion_linear *e, int i, size_t r, double factor)
{
  const ion_model *m          = e->model;
  const ion_process_detail *d = &m->process_detail[r];
  const int x_V               = m->compartment[d->inner].x_V;
  const double unit           = ion_thermal_voltage(m->T_ref);

  for (size_t k = 0; k < d->n_total; k++) {
    const ion_total *t = &m->total[d->first_total + k];

    add(e, e->J, i, t->x, factor * t->coefficient * value(e, t->row));
  }
  for (int k = 0; k < d->n_gate; k++) {
    const double g = value(e, d->row_gate[k]), dg = value(e, d->row_gate[k] + 1);
    const double dJ    = factor * value(e, m->row_J + (int)r) * d->gate[k].power / g;
    const int variable = gate_variable(m, &d->gate[k]);

    if (variable < 0 || g == 0) continue;
    add(e, e->J, i, variable, d->gate[k].of < 0 ? dJ : dJ * value(e, d->row_gate[k] + 2));
    add(e, e->J, i, x_V, -dJ * dg * unit);
  }
}

/* n = c w of a pool in the remainder: dw = -sum_j dw_j over the free volumes. */
static void add_remainder(const ion_linear *e, int i, int compartment, double n)
{
  const ion_model *m = e->model;

  for (size_t j = 0; j < m->network.n_compartment; j++)
    if (m->compartment[j].x_w >= 0)
      add(e, e->M, i, m->compartment[j].x_w,
          -n * value(e, m->row_w + (int)j) / value(e, m->row_w + compartment));
}

/* dn/dt = S J with n = c w, or dw/dt = J of its water. */
static void fill_balance(const ion_linear *e, int i)
{
  const ion_model *m = e->model;
  const int q        = m->row_pool[i];

  if (q < 0) {
    const int r    = m->row_kind_equilibrium[i];
    const double w = value(e, m->row_w + m->process_detail[r].inner);

    add(e, e->M, i, i, w);
    add_rate(e, i, (size_t)r, 1);
    return;
  }
  const double n = value(e, m->plan[q].amount);
  const int x_w  = m->compartment[m->pool[q].compartment].x_w;

  if (m->plan[q].rule == ION_POOL_PAIR)
    add(e, e->M, i, i, n * value(e, m->plan[q].share + 1));
  else {
    add(e, e->M, i, i, n);
    if (x_w >= 0) add(e, e->M, i, x_w, n);
    if (m->compartment[m->pool[q].compartment].volume == ION_VOLUME_REMAINDER)
      add_remainder(e, i, m->pool[q].compartment, n);
  }
  for (size_t r = 0; r < m->network.n_process; r++)
    for (size_t t = 0; t < m->process[r].n_pool; t++)
      if (m->process[r].term[t].pool == q) add_rate(e, i, r, m->process[r].term[t].nu);
}

/* Charge and conserved totals: row `from` of dF/dx. */
static void fill_constraint(const ion_linear *e, int i, int from)
{
  const ion_pattern *pattern = &e->model->pattern;

  for (int k = pattern->start[from]; k < pattern->start[from + 1]; k++)
    add(e, e->J, i, pattern->col[k], value(e, e->model->row_jac + k));
}

/* An electroneutral composition in time: C dV/dt = F sum z S J, and the charge row instead of the balance of
 * the ion that follows. */
static void fill_neutrality(const ion_linear *e, int compartment)
{
  const ion_model *m    = e->model;
  const int i           = m->compartment[compartment].x_V;
  const double capacity = value(e, ~m->prep_capacitance[compartment]);

  add(e, e->M, i, i, capacity * ion_thermal_voltage(m->T_ref));
  for (size_t r = 0; r < m->network.n_process; r++)
    for (size_t t = 0; t < m->process[r].n_pool; t++) {
      const ion_pool *pool = &m->pool[m->process[r].term[t].pool];

      if (pool->compartment == compartment)
        add_rate(e, i, r, m->species[pool->species].valence * m->process[r].term[t].nu);
    }
}

/* dg/dt = rate (g_inf(V) - g) */
static void fill_gates(const ion_linear *e)
{
  const ion_model *m = e->model;
  const double unit  = ion_thermal_voltage(m->T_ref);

  for (size_t r = 0; r < m->network.n_process; r++) {
    const ion_process_detail *d = &m->process_detail[r];

    for (int k = 0; k < d->n_gate; k++) {
      const int i       = (int)m->n_state + d->gate[k].dynamic;
      const double rate = value(e, d->row_gate[k] + 2), dg = value(e, d->row_gate[k] + 1);

      if (!d->gate[k].is_dynamic) continue;
      add(e, e->M, i, i, 1);
      add(e, e->J, i, i, -rate);
      add(e, e->J, i, m->compartment[d->inner].x_V, rate * dg * unit);
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

static void fill_rows(const ion_linear *e, unsigned char *dynamic)
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
}

void ion_model_dynamics(const ion_model *model, ion_block prepared, ion_block x,
                        const ion_work *work, size_t p, double *J, double *M,
                        unsigned char *dynamic)
{
  const size_t n     = ion_model_n_dynamic(model);
  const ion_linear e = {
      .model = model, .prepared = prepared, .s = work->scratch, .p = p, .n = n, .J = J, .M = M};

  (void)x;
  memset(J, 0, n * n * sizeof *J);
  memset(M, 0, n * n * sizeof *M);
  fill_rows(&e, dynamic);
  for (size_t g = 0; g < model->network.n_gate; g++) dynamic[model->n_state + g] = 1;
  fill_gates(&e);
}
