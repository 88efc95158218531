/* Evaluation over a row of points: from the unknowns to concentrations, potentials, osmolarities,
 * rates with their partial derivatives, and by the model's program to F and dF/dx. */
#include "base/vecmath.h"
#include "model_impl.h"

#include <math.h>
#include <string.h>

typedef struct {
  const ion_model *model;
  ion_block prepared, x, s;
  size_t n;
} ion_stage;

static double *scratch(const ion_stage *e, int row)
{
  return ion_row(e->s, (size_t)row);
}

static double *prep(const ion_stage *e, int row)
{
  return ion_row(e->prepared, (size_t)row);
}

/* ---- unknowns to state ---- */

static void unpack_potential(const ion_stage *e, size_t i)
{
  const ion_model *m = e->model;
  double *restrict V = scratch(e, m->row_V + (int)i);
  double *restrict v = scratch(e, m->row_v + (int)i);
  const double *tau  = prep(e, m->prep_tau);
  const double unit  = ion_thermal_voltage(m->T_ref);

  if (m->compartment[i].x_V < 0) {
    memset(V, 0, e->n * sizeof *V);
    memset(v, 0, e->n * sizeof *v);
    return;
  }
  const double *restrict x = ion_row(e->x, (size_t)m->compartment[i].x_V);
#pragma omp simd
  for (size_t p = 0; p < e->n; p++) {
    V[p] = x[p] * unit;
    v[p] = x[p] * tau[p];
  }
}

static void unpack_free_volume(const ion_stage *e, size_t i)
{
  const double *restrict x = ion_row(e->x, (size_t)e->model->compartment[i].x_w);
  double *restrict w       = scratch(e, e->model->row_w + (int)i);
  double *restrict inverse = scratch(e, e->model->row_inv_w[i]);

#pragma omp simd
  for (size_t p = 0; p < e->n; p++) {
    w[p]       = ion_exp(x[p]);
    inverse[p] = 1.0 / w[p];
  }
}

/* The remainder of the tissue; no room left is out of the model's domain. */
static void unpack_remainder(const ion_stage *e, size_t i)
{
  const ion_model *m       = e->model;
  double *restrict w       = scratch(e, m->row_w + (int)i);
  double *restrict inverse = scratch(e, m->row_inv_w[i]);

  memcpy(w, prep(e, m->prep_W), e->n * sizeof *w);
  for (size_t j = 0; j < m->network.n_compartment; j++) {
    const double *other = scratch(e, m->row_w + (int)j);

    if (j == i || m->compartment[j].volume == ION_VOLUME_INFINITE) continue;
#pragma omp simd
    for (size_t p = 0; p < e->n; p++) w[p] -= other[p];
  }
#pragma omp simd
  for (size_t p = 0; p < e->n; p++) {
    w[p]       = w[p] > 0 ? w[p] : (double)NAN;
    inverse[p] = 1.0 / w[p];
  }
  for (size_t j = 0; j < m->network.n_compartment; j++) {
    const double *other = scratch(e, m->row_w + (int)j);
    double *ratio       = scratch(e, m->row_dw[i] + (int)j);

    if (m->compartment[j].x_w < 0) continue;
#pragma omp simd
    for (size_t p = 0; p < e->n; p++) ratio[p] = other[p] * inverse[p];
  }
}

static void unpack_volumes(const ion_stage *e)
{
  const ion_model *m = e->model;

  for (size_t i = 0; i < m->network.n_compartment; i++) {
    double *w = scratch(e, m->row_w + (int)i), *inverse = scratch(e, m->row_inv_w[i]);

    if (m->compartment[i].volume == ION_VOLUME_FREE)
      unpack_free_volume(e, i);
    else if (m->compartment[i].volume != ION_VOLUME_REMAINDER)
      for (size_t p = 0; p < e->n; p++) {
        w[p]       = prep(e, m->prep_w[i])[p];
        inverse[p] = 1.0 / w[p];
      }
  }
  for (size_t i = 0; i < m->network.n_compartment; i++) {
    if (m->compartment[i].volume == ION_VOLUME_REMAINDER) unpack_remainder(e, i);
    if (m->row_area[i] < 0) continue;
    for (size_t p = 0; p < e->n; p++)
      scratch(e, m->row_area[i])[p] =
          prep(e, m->prep_area[i])[p] * sqrt(scratch(e, m->row_w + (int)i)[p]);
  }
}

static void unpack_direct(const ion_stage *e, size_t q)
{
  const double *restrict x = ion_row(e->x, (size_t)e->model->pool[q].x);
  double *restrict c       = scratch(e, e->model->row_c + (int)q);
  double *restrict ln_c    = scratch(e, e->model->row_ln_c + (int)q);

#pragma omp simd
  for (size_t p = 0; p < e->n; p++) {
    ln_c[p] = x[p];
    c[p]    = ion_exp(x[p]);
  }
}

/* ln w: the unknown itself where the volume is one. */
static void log_volume(const ion_stage *e, int i, double *ln_w, size_t first, size_t n)
{
  const ion_compartment *c = &e->model->compartment[i];
  const double *w          = scratch(e, e->model->row_w + i) + first;

  if (c->x_w >= 0)
    memcpy(ln_w, ion_row(e->x, (size_t)c->x_w) + first, n * sizeof *ln_w);
  else
    for (size_t p = 0; p < n; p++) ln_w[p] = ion_log(w[p]);
}

/* a = (M/w) s, b = (M/w)(1 - s), s = 1/(1 + exp(-x)). */
static void unpack_pair(const ion_stage *e, size_t q)
{
  const ion_model *m        = e->model;
  const ion_pool_plan *plan = &m->plan[q];
  const int i               = m->pool[q].compartment;
  enum { TILE = 64 };

  for (size_t first = 0; first < e->n; first += TILE) {
    const size_t n                 = e->n - first < TILE ? e->n - first : TILE;
    const double *restrict x       = ion_row(e->x, (size_t)m->pool[q].x) + first;
    const double *restrict M       = prep(e, m->prep_total[plan->moiety]) + first;
    const double *restrict ln_M    = prep(e, m->prep_ln_total[plan->moiety]) + first;
    const double *restrict inverse = scratch(e, m->row_inv_w[i]) + first;
    double *restrict s             = scratch(e, plan->share) + first;
    double *restrict t             = scratch(e, plan->share + 1) + first;
    double *restrict a             = scratch(e, m->row_c + (int)q) + first;
    double *restrict b             = scratch(e, m->row_c + plan->partner) + first;
    double *restrict ln_a          = scratch(e, m->row_ln_c + (int)q) + first;
    double *restrict ln_b          = scratch(e, m->row_ln_c + plan->partner) + first;
    double ln_w[TILE];

    log_volume(e, i, ln_w, first, n);
#pragma omp simd
    for (size_t p = 0; p < n; p++) {
      const double g = ion_exp(-x[p]), c = M[p] * inverse[p];

      s[p]    = 1.0 / (1.0 + g);
      t[p]    = g * s[p];
      a[p]    = c * s[p];
      b[p]    = c * t[p];
      ln_a[p] = ln_M[p] - ln_w[p] - ion_log(1.0 + g);
      ln_b[p] = ln_a[p] - x[p];
    }
  }
}

static void unpack_remaining_pool(const ion_stage *e, size_t q)
{
  const ion_model *m        = e->model;
  const ion_pool_plan *plan = &m->plan[q];
  const ion_moiety *moiety  = &m->moiety[plan->moiety];
  const double *M           = prep(e, m->prep_total[plan->moiety]);
  const double *iw          = scratch(e, m->row_inv_w[m->pool[q].compartment]);
  double *restrict c        = scratch(e, m->row_c + (int)q);
  double *restrict ln_c     = scratch(e, m->row_ln_c + (int)q);
  double *restrict inverse  = scratch(e, plan->inverse);

  for (size_t p = 0; p < e->n; p++) c[p] = M[p] * iw[p];
  for (size_t k = 1; k < moiety->n_member; k++) {
    const double *other = scratch(e, m->row_c + moiety->pool[k]), by = moiety->coefficient[k];

#pragma omp simd
    for (size_t p = 0; p < e->n; p++) c[p] -= by * other[p];
  }
#pragma omp simd
  for (size_t p = 0; p < e->n; p++) {
    ln_c[p]    = ion_log(c[p]);
    inverse[p] = 1.0 / c[p];
  }
}

static void unpack_pools(const ion_stage *e)
{
  const ion_model *m = e->model;

  for (size_t q = 0; q < m->network.n_pool; q++) {
    const ion_pool_rule rule = m->plan[q].rule;

    if (rule == ION_POOL_DIRECT)
      unpack_direct(e, q);
    else if (rule == ION_POOL_PAIR)
      unpack_pair(e, q);
    else if (rule == ION_POOL_CLAMPED) {
      memcpy(scratch(e, m->row_c + (int)q), prep(e, m->prep_c[q]), e->n * sizeof(double));
      memcpy(scratch(e, m->row_ln_c + (int)q), prep(e, m->prep_ln_c[q]), e->n * sizeof(double));
    }
  }
  for (size_t q = 0; q < m->network.n_pool; q++)
    if (m->plan[q].rule == ION_POOL_REMAINDER) unpack_remaining_pool(e, q);
}

static void sum_osmolarities(const ion_stage *e)
{
  const ion_model *m = e->model;

  for (size_t i = 0; i < m->network.n_compartment; i++) {
    double *restrict Pi = scratch(e, m->row_Pi + (int)i);

    if (m->compartment[i].volume == ION_VOLUME_INFINITE)
      memcpy(Pi, prep(e, m->prep_cX[i]), e->n * sizeof *Pi);
    else {
      const double *nX = prep(e, m->prep_nX[i]), *inverse = scratch(e, m->row_inv_w[i]);

#pragma omp simd
      for (size_t p = 0; p < e->n; p++) Pi[p] = nX[p] * inverse[p];
    }
    for (size_t q = 0; q < m->network.n_pool; q++) {
      const double *c = scratch(e, m->row_c + (int)q);

      if (m->pool[q].compartment != (int)i || !m->species[m->pool[q].species].osmotic) continue;
#pragma omp simd
      for (size_t p = 0; p < e->n; p++) Pi[p] += c[p];
    }
  }
}

/* ---- constant-field rows and gates ---- */

static void fill_fields(const ion_stage *e)
{
  const ion_model *m = e->model;

  for (int f = 0; f < m->n_field; f++) {
    const ion_field_rows *rows = &m->field[f];
    const double *inner        = scratch(e, m->row_v + rows->inner);
    const double *outer        = scratch(e, m->row_v + rows->outer);
    double *restrict g         = scratch(e, rows->row_e);
    double *restrict B         = scratch(e, rows->row_B);
    double *restrict dB        = scratch(e, rows->row_dB);
    const double z             = rows->z;

#pragma omp simd
    for (size_t p = 0; p < e->n; p++)
      ion_constant_field(z * (inner[p] - outer[p]), &g[p], &B[p], &dB[p]);
  }
}

/* Steady state g = alpha/(alpha + beta), dg/dV, and the rate alpha + beta times its Q10 factor. */
static void fill_gate(const ion_stage *e, const ion_process_detail *d, int k)
{
  const ion_gate *gate = &d->gate[k];
  double *restrict g   = scratch(e, d->row_gate[k]);
  double *restrict dg  = scratch(e, d->row_gate[k] + 1);
  double *restrict r   = scratch(e, d->row_gate[k] + 2);
  const double *q      = prep(e, gate->q_prep);
  const double *V      = scratch(e, e->model->row_V + d->inner);
  double b[64], db[64];

  if (gate->n_rate == 1) {
    ion_gate_rate(gate->form[0], e->n, prep(e, gate->prep[0][0]), prep(e, gate->prep[0][1]),
                  prep(e, gate->prep[0][2]), V, g, dg);
    return;
  }
  for (size_t first = 0; first < e->n; first += ION_COUNT(b)) {
    const size_t n = e->n - first < ION_COUNT(b) ? e->n - first : ION_COUNT(b);

    ion_gate_rate(gate->form[0], n, prep(e, gate->prep[0][0]) + first,
                  prep(e, gate->prep[0][1]) + first, prep(e, gate->prep[0][2]) + first, V + first,
                  g + first, dg + first);
    ion_gate_rate(gate->form[1], n, prep(e, gate->prep[1][0]) + first,
                  prep(e, gate->prep[1][1]) + first, prep(e, gate->prep[1][2]) + first, V + first,
                  b, db);
#pragma omp simd
    for (size_t p = 0; p < n; p++) {
      const double a = g[first + p], da = dg[first + p], sum = a + b[p], inverse = 1.0 / sum;

      g[first + p]  = a * inverse;
      dg[first + p] = (da * b[p] - a * db[p]) * (inverse * inverse);
      r[first + p]  = q[first + p] * sum;
    }
  }
}

/* ---- processes ---- */

static void multiply(size_t n, const double *restrict by, double *restrict row)
{
#pragma omp simd
  for (size_t p = 0; p < n; p++) row[p] *= by[p];
}

/* G = prod g^power and dG/dV; the pieces are few, so they are multiplied out. */
static void gate_product(const ion_stage *e, const ion_process_detail *d, double *restrict G,
                         double *restrict dG)
{
  for (size_t p = 0; p < e->n; p++) {
    G[p]  = 1;
    dG[p] = 0;
  }
  for (int k = 0; k < d->n_gate; k++) {
    const double *g = scratch(e, d->row_gate[k]), *dg = scratch(e, d->row_gate[k] + 1);

    for (int i = 0; i < d->gate[k].power; i++) {
#pragma omp simd
      for (size_t p = 0; p < e->n; p++) {
        dG[p] = dG[p] * g[p] + G[p] * dg[p];
        G[p] *= g[p];
      }
    }
  }
}

/* The rate times its gates: J = G J0, dJ/dv = G dJ0/dv + J0 dG/dV RT/F. */
static void apply_gates(const ion_stage *e, size_t r)
{
  const ion_process_detail *d = &e->model->process_detail[r];
  const unsigned flags        = e->model->process[r].kind->flags;
  const double *RT_F          = prep(e, e->model->prep_RT_F);
  double *restrict J          = scratch(e, e->model->row_J + (int)r);
  double *restrict dv         = scratch(e, d->row_dv);
  double *restrict G          = scratch(e, d->row_bare);
  double *restrict dG         = scratch(e, d->row_bare + 1);

  for (int k = 0; k < d->n_gate; k++) fill_gate(e, d, k);
  gate_product(e, d, G, dG);
  if (!(flags & ION_BY_VOLTAGE)) memset(dv, 0, e->n * sizeof *dv);
#pragma omp simd
  for (size_t p = 0; p < e->n; p++) {
    dv[p] = dv[p] * G[p] + J[p] * dG[p] * RT_F[p];
    J[p] *= G[p];
  }
  if (d->row_dA >= 0) multiply(e->n, G, scratch(e, d->row_dA));
  for (size_t t = 0; t < e->model->process[r].n_pool; t++)
    if (d->row_dlnc[t] >= 0) multiply(e->n, G, scratch(e, d->row_dlnc[t]));
}

/* Rates per volume or per area times that volume or area. */
static void apply_extent(const ion_stage *e, size_t r)
{
  const ion_process_detail *d = &e->model->process_detail[r];
  const int row    = e->model->process[r].kind->flags & ION_PER_VOLUME ? e->model->row_w + d->inner
                                                                       : e->model->row_area[d->inner];
  const double *by = scratch(e, row);

  multiply(e->n, by, scratch(e, e->model->row_J + (int)r));
  if (d->row_dA >= 0) multiply(e->n, by, scratch(e, d->row_dA));
  if (d->row_dv >= 0 && (e->model->process[r].kind->flags & ION_BY_VOLTAGE || d->n_gate))
    multiply(e->n, by, scratch(e, d->row_dv));
  for (size_t t = 0; t < e->model->process[r].n_pool; t++)
    if (d->row_dlnc[t] >= 0) multiply(e->n, by, scratch(e, d->row_dlnc[t]));
}

/* Total derivatives: by ln c at constant V, dlnc - nu dA, and by x_V, (dv + charge dA) T_ref/T. */
static void fold_affinity(const ion_stage *e, size_t r)
{
  const ion_process *process  = &e->model->process[r];
  const ion_process_detail *d = &e->model->process_detail[r];
  const double *restrict tau  = prep(e, e->model->prep_tau);
  const double *dA            = d->row_dA < 0 ? NULL : scratch(e, d->row_dA);
  const double charge         = process->charge;

  for (size_t t = 0; t < process->n_pool && dA; t++) {
    double *restrict dlnc = d->row_dlnc[t] < 0 ? NULL : scratch(e, d->row_dlnc[t]);
    const double nu       = d->nu[t];

    if (!dlnc) continue;
#pragma omp simd
    for (size_t p = 0; p < e->n; p++) dlnc[p] -= nu * dA[p];
  }
  if (d->row_dv < 0) return;
  double *restrict dv = scratch(e, d->row_dv);

  if (!(process->kind->flags & ION_BY_VOLTAGE) && !d->n_gate) {
#pragma omp simd
    for (size_t p = 0; p < e->n; p++) dv[p] = charge * dA[p] * tau[p];
  } else if (dA && charge != 0) {
#pragma omp simd
    for (size_t p = 0; p < e->n; p++) dv[p] = (dv[p] + charge * dA[p]) * tau[p];
  } else {
    multiply(e->n, tau, dv);
  }
}

static void fill_affinity(const ion_stage *e, size_t r)
{
  const ion_model *m          = e->model;
  const ion_process_detail *d = &m->process_detail[r];
  double *restrict A          = scratch(e, m->row_A + (int)r);

  if (m->process[r].kind->flags & ION_MOVES_VOLUME) {
    const double *in = scratch(e, m->row_Pi + d->inner), *out = scratch(e, m->row_Pi + d->outer);

#pragma omp simd
    for (size_t p = 0; p < e->n; p++) A[p] = in[p] - out[p];
    return;
  }
  const ion_block ln_c = {scratch(e, m->row_ln_c), m->network.n_pool, e->n, e->s.stride};
  const ion_block v    = {scratch(e, m->row_v), m->network.n_compartment, e->n, e->s.stride};

  ion_affinity(d->stoich, m->process[r].n_pool, prep(e, d->prep_A0), ln_c, v, e->n, A);
}

static void evaluate_process(const ion_stage *e, size_t r, unsigned what)
{
  const ion_model *m          = e->model;
  const ion_process *process  = &m->process[r];
  const ion_process_detail *d = &m->process_detail[r];
  const unsigned flags        = process->kind->flags;
  const double *c[ION_MAX_REACTANT], *param[ION_MAX_PARAM];
  double *dlnc[ION_MAX_REACTANT];
  ion_local x        = {.n_point    = e->n,
                        .n_reactant = process->n_pool,
                        .nu         = d->nu,
                        .z          = d->z,
                        .inside     = d->inside,
                        .c          = c,
                        .A          = scratch(e, m->row_A + (int)r),
                        .A_rest     = d->A_rest,
                        .v          = scratch(e, m->row_v + d->inner),
                        .RT_F       = prep(e, m->prep_RT_F),
                        .prefactor  = prep(e, d->prep_prefactor),
                        .param      = param};
  const ion_rate out = {.J    = scratch(e, m->row_J + (int)r),
                        .dA   = d->row_dA < 0 ? NULL : scratch(e, d->row_dA),
                        .dv   = d->row_dv < 0 ? NULL : scratch(e, d->row_dv),
                        .dlnc = dlnc};

  for (size_t t = 0; t < process->n_pool; t++) {
    c[t]    = scratch(e, m->row_c + process->term[t].pool);
    dlnc[t] = d->row_dlnc[t] < 0 ? NULL : scratch(e, d->row_dlnc[t]);
  }
  for (int k = 0; k < d->n_param; k++) param[k] = prep(e, d->prep_param[k]);
  if (d->field >= 0)
    x.field = (ion_field){.e  = scratch(e, m->field[d->field].row_e),
                          .B  = scratch(e, m->field[d->field].row_B),
                          .dB = scratch(e, m->field[d->field].row_dB)};
  if (flags & ION_BY_AFFINITY || d->at_equilibrium || what & ION_AFFINITY) fill_affinity(e, r);
  process->kind->rate(&x, &out);
  if (d->n_gate) apply_gates(e, r);
  if (flags & ION_PER_VOLUME || d->per_area) apply_extent(e, r);
  if (what & ION_JACOBIAN) fold_affinity(e, r);
}

void ion_model_rates(const ion_model *model, ion_block prepared, ion_block x, size_t n_point,
                     unsigned what, ion_block s)
{
  const ion_stage e = {.model = model, .prepared = prepared, .x = x, .s = s, .n = n_point};

  for (size_t i = 0; i < model->network.n_compartment; i++) unpack_potential(&e, i);
  unpack_volumes(&e);
  unpack_pools(&e);
  sum_osmolarities(&e);
  fill_fields(&e);
  for (size_t r = 0; r < model->network.n_process; r++) evaluate_process(&e, r, what);
}

void ion_model_evaluate(const ion_model *model, ion_block prepared, ion_block x, size_t n_point,
                        unsigned what, ion_work *work)
{
  ion_model_rates(model, prepared, x, n_point, what, work->scratch);
  if (what & (ION_RESIDUAL | ION_JACOBIAN))
    ion_program_run(&model->residual_program, work->scratch, prepared, n_point);
  if (what & ION_JACOBIAN)
    ion_program_run(&model->jacobian_program, work->scratch, prepared, n_point);
}

/* ---- work ---- */

static ion_block view(ion_block scratch_, int row, size_t n)
{
  return (ion_block){.data    = n ? ion_row(scratch_, (size_t)row) : NULL,
                     .n_row   = n,
                     .n_point = scratch_.n_point,
                     .stride  = scratch_.stride};
}

PetscErrorCode ion_work_create(const ion_model *model, size_t n_point, ion_work *work)
{
  PetscFunctionBegin;
  PetscCall(ion_work_create_extended(model, n_point, 0, work));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_work_create_extended(const ion_model *model, size_t n_point, size_t n_extra,
                                        ion_work *work)
{
  const ion_network *n = &model->network;

  PetscFunctionBegin;
  memset(work, 0, sizeof *work);
  PetscCall(ion_block_create(model->n_scratch + n_extra, n_point, &work->scratch));
  work->extra = view(work->scratch, (int)model->n_scratch, n_extra);
  work->F     = view(work->scratch, model->row_F, model->n_state);
  work->jac   = view(work->scratch, model->row_jac, model->pattern.n_nonzero);
  work->c     = view(work->scratch, model->row_c, n->n_pool);
  work->ln_c  = view(work->scratch, model->row_ln_c, n->n_pool);
  work->V     = view(work->scratch, model->row_V, n->n_compartment);
  work->v     = view(work->scratch, model->row_v, n->n_compartment);
  work->w     = view(work->scratch, model->row_w, n->n_compartment);
  work->Pi    = view(work->scratch, model->row_Pi, n->n_compartment);
  work->J     = view(work->scratch, model->row_J, n->n_process);
  work->A     = view(work->scratch, model->row_A, n->n_process);
  work->gate  = view(work->scratch, model->row_gate, 3 * n->n_gate);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_work_destroy(ion_work *work)
{
  PetscFunctionBegin;
  PetscCall(ion_block_destroy(&work->scratch));
  memset(work, 0, sizeof *work);
  PetscFunctionReturn(PETSC_SUCCESS);
}

const ion_pattern *ion_model_pattern(const ion_model *model)
{
  return &model->pattern;
}

void ion_model_mass(const ion_model *model, const ion_work *work, size_t i, size_t n_point,
                    double *mass)
{
  const int q         = model->row_pool[i];
  const double *n     = q < 0 ? NULL : ion_row(work->scratch, (size_t)model->plan[q].amount);
  const double *share = q < 0 || model->plan[q].rule != ION_POOL_PAIR
                            ? NULL
                            : ion_row(work->scratch, (size_t)model->plan[q].share + 1);

  for (size_t p = 0; p < n_point; p++)
    mass[p] = q < 0 || model->row_kind_equilibrium[i] >= 0
                  ? 0
                  : model->row_scale[i] * n[p] * (share ? share[p] : 1);
}

void ion_model_imbalance(const ion_model *model, const ion_work *work, size_t n_point,
                         double *imbalance)
{
  for (size_t p = 0; p < n_point; p++) {
    double largest = 0, worst = 0;

    for (size_t r = 0; r < model->network.n_process; r++) {
      const double J = fabs(ion_row(work->J, r)[p]);

      if (!(model->process[r].kind->flags & ION_MOVES_VOLUME) && !(J <= largest)) largest = J;
    }
    for (size_t q = 0; q < model->network.n_pool; q++) {
      double sum = 0;

      if (model->pool[q].clamped) continue;
      for (size_t r = 0; r < model->network.n_process; r++)
        for (size_t t = 0; t < model->process[r].n_pool; t++)
          if (model->process[r].term[t].pool == (int)q)
            sum += model->process[r].term[t].nu * ion_row(work->J, r)[p];
      if (!(fabs(sum) <= worst)) worst = fabs(sum);
    }
    imbalance[p] = largest > 0 ? worst / largest : worst;
  }
}
