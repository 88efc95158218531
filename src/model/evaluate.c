/* Evaluation over a row of points: the rates of all processes with their partial derivatives, and by the
 * model's program F and dF/dx. */
#include "base/vecmath.h"
#include "evaluate_impl.h"

#include <math.h>
#include <string.h>

/* ---- constant-field rows and gates ---- */

static void fill_fields(const ion_stage *e)
{
  const ion_model *m = e->model;

  for (int f = 0; f < m->n_field; f++) {
    const ion_field_rows *rows = &m->field[f];
    const double *inner        = ion_stage_scratch(e, m->row_v + rows->inner);
    const double *outer        = ion_stage_scratch(e, m->row_v + rows->outer);
    double *restrict g         = ion_stage_scratch(e, rows->row_e);
    double *restrict B         = ion_stage_scratch(e, rows->row_B);
    double *restrict dB        = ion_stage_scratch(e, rows->row_dB);
    const double z             = rows->z;

#pragma omp simd
    for (size_t p = 0; p < e->n; p++)
      ion_constant_field(z * (inner[p] - outer[p]), &g[p], &B[p], &dB[p]);
  }
}

/* g = f(n) of another gate n, dg/dV = f' dn/dV, and f'. */
static void fill_following_gate(const ion_stage *e, const ion_gate *gate, double *restrict g,
                                double *restrict dg, double *restrict df)
{
  const int row    = e->model->process_detail[gate->of_process].row_gate[gate->of];
  const double *dn = ion_stage_scratch(e, row + 1);

  ion_gate_rate(gate->form[0], e->n, ion_stage_prepared(e, gate->prep[0][0]),
                ion_stage_prepared(e, gate->prep[0][1]), ion_stage_prepared(e, gate->prep[0][2]),
                ion_stage_scratch(e, row), g, df);
#pragma omp simd
  for (size_t p = 0; p < e->n; p++) dg[p] = df[p] * dn[p];
}

/* Steady state g = alpha/(alpha + beta), dg/dV, and the rate alpha + beta times its Q10 factor. */
static void fill_gate(const ion_stage *e, const ion_process_detail *d, int k)
{
  const ion_gate *gate = &d->gate[k];
  double *restrict g   = ion_stage_scratch(e, d->row_gate[k]);
  double *restrict dg  = ion_stage_scratch(e, d->row_gate[k] + 1);
  double *restrict r   = ion_stage_scratch(e, d->row_gate[k] + 2);
  const double *q      = ion_stage_prepared(e, gate->q_prep);
  const double *V      = ion_stage_scratch(e, e->model->row_V + d->inner);
  double b[64], db[64];

  if (gate->of >= 0) {
    fill_following_gate(e, gate, g, dg, r);
    return;
  }
  if (gate->is_on_volume) {
    const double *w = ion_stage_scratch(e, e->model->row_w + d->inner);
    const double share =
        1 / ion_model_rest_value(e->model, e->model->compartment_detail[d->inner].rest_w);

    for (size_t p = 0; p < e->n; p++)
      r[p] = w[p] * share; /* its only use for a gate without a rate */
    V = r;
  }
  if (gate->n_rate == 1) {
    ion_gate_rate(gate->form[0], e->n, ion_stage_prepared(e, gate->prep[0][0]),
                  ion_stage_prepared(e, gate->prep[0][1]), ion_stage_prepared(e, gate->prep[0][2]),
                  V, g, dg);
    return;
  }
  for (size_t first = 0; first < e->n; first += ION_COUNT(b)) {
    const size_t n = e->n - first < ION_COUNT(b) ? e->n - first : ION_COUNT(b);

    ion_gate_rate(gate->form[0], n, ion_stage_prepared(e, gate->prep[0][0]) + first,
                  ion_stage_prepared(e, gate->prep[0][1]) + first,
                  ion_stage_prepared(e, gate->prep[0][2]) + first, V + first, g + first,
                  dg + first);
    ion_gate_rate(gate->form[1], n, ion_stage_prepared(e, gate->prep[1][0]) + first,
                  ion_stage_prepared(e, gate->prep[1][1]) + first,
                  ion_stage_prepared(e, gate->prep[1][2]) + first, V + first, b, db);
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

/* G = prod g^power and its derivative by V, or by w/w_rest times w/w_rest where `by_volume`; the pieces are
 * few, so they are multiplied out. */
static void gate_product(const ion_stage *e, const ion_process_detail *d, PetscBool by_volume,
                         double *restrict G, double *restrict dG)
{
  for (size_t p = 0; p < e->n; p++) {
    G[p]  = 1;
    dG[p] = 0;
  }
  for (int k = 0; k < d->n_gate; k++) {
    const double *g        = ion_stage_scratch(e, d->row_gate[k]),
                 *dg       = ion_stage_scratch(e, d->row_gate[k] + 1),
                 *x        = ion_stage_scratch(e, d->row_gate[k] + 2);
    const PetscBool counts = (PetscBool)(d->gate[k].is_on_volume == by_volume);

    for (int i = 0; i < d->gate[k].power; i++) {
#pragma omp simd
      for (size_t p = 0; p < e->n; p++) {
        dG[p] = dG[p] * g[p] + (counts ? G[p] * dg[p] * (by_volume ? x[p] : 1.0) : 0.0);
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
  const double *RT_F          = ion_stage_prepared(e, e->model->prep_RT_F);
  double *restrict J          = ion_stage_scratch(e, e->model->row_J + (int)r);
  double *restrict dv         = ion_stage_scratch(e, d->row_dv);
  double *restrict G          = ion_stage_scratch(e, d->row_bare);
  double *restrict dG         = ion_stage_scratch(e, d->row_bare + 1);

  for (int k = 0; k < d->n_gate; k++) fill_gate(e, d, k);
  if (d->row_dlnw >= 0) {
    double *restrict dlnw = ion_stage_scratch(e, d->row_dlnw);

    gate_product(e, d, PETSC_TRUE, G, dlnw);
    multiply(e->n, J, dlnw);
  }
  gate_product(e, d, PETSC_FALSE, G, dG);
  if (!(flags & ION_BY_VOLTAGE)) memset(dv, 0, e->n * sizeof *dv);
#pragma omp simd
  for (size_t p = 0; p < e->n; p++) {
    dv[p] = dv[p] * G[p] + J[p] * dG[p] * RT_F[p];
    J[p] *= G[p];
  }
  if (d->row_dA >= 0) multiply(e->n, G, ion_stage_scratch(e, d->row_dA));
  for (size_t t = 0; t < e->model->process[r].n_pool; t++)
    if (d->row_dlnc[t] >= 0) multiply(e->n, G, ion_stage_scratch(e, d->row_dlnc[t]));
}

/* Rates per volume or per area times that volume or area. */
static void apply_extent(const ion_stage *e, size_t r)
{
  const ion_process_detail *d = &e->model->process_detail[r];
  const int row    = e->model->process[r].kind->flags & ION_PER_VOLUME ? e->model->row_w + d->inner
                                                                       : e->model->row_area[d->inner];
  const double *by = ion_stage_scratch(e, row);

  multiply(e->n, by, ion_stage_scratch(e, e->model->row_J + (int)r));
  if (d->row_dA >= 0) multiply(e->n, by, ion_stage_scratch(e, d->row_dA));
  if (d->row_dv >= 0 && (e->model->process[r].kind->flags & ION_BY_VOLTAGE || d->n_gate))
    multiply(e->n, by, ion_stage_scratch(e, d->row_dv));
  if (d->row_dlnw >= 0) multiply(e->n, by, ion_stage_scratch(e, d->row_dlnw));
  for (size_t t = 0; t < e->model->process[r].n_pool; t++)
    if (d->row_dlnc[t] >= 0) multiply(e->n, by, ion_stage_scratch(e, d->row_dlnc[t]));
}

/* Total derivatives: by ln c at constant V, dlnc - nu dA, and by x_V, (dv + charge dA) T_ref/T. */
static void fold_affinity(const ion_stage *e, size_t r)
{
  const ion_process *process  = &e->model->process[r];
  const ion_process_detail *d = &e->model->process_detail[r];
  const double *restrict tau  = ion_stage_prepared(e, e->model->prep_tau);
  const double *dA            = d->row_dA < 0 ? NULL : ion_stage_scratch(e, d->row_dA);
  const double charge         = process->charge;

  for (size_t t = 0; t < process->n_pool && dA; t++) {
    double *restrict dlnc = d->row_dlnc[t] < 0 ? NULL : ion_stage_scratch(e, d->row_dlnc[t]);
    const double nu       = d->nu[t];

    if (!dlnc) continue;
#pragma omp simd
    for (size_t p = 0; p < e->n; p++) dlnc[p] -= nu * dA[p];
  }
  if (d->row_dv < 0) return;
  double *restrict dv = ion_stage_scratch(e, d->row_dv);

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
  double *restrict A          = ion_stage_scratch(e, m->row_A + (int)r);

  if (m->process[r].kind->flags & ION_MOVES_VOLUME) {
    const double *in  = ion_stage_scratch(e, m->row_Pi + d->inner),
                 *out = ion_stage_scratch(e, m->row_Pi + d->outer);

#pragma omp simd
    for (size_t p = 0; p < e->n; p++) A[p] = in[p] - out[p];
    return;
  }
  const ion_block ln_c = {ion_stage_scratch(e, m->row_ln_c), m->network.n_pool, e->n, e->s.stride};
  const ion_block v = {ion_stage_scratch(e, m->row_v), m->network.n_compartment, e->n, e->s.stride};

  ion_affinity(d->stoich, m->process[r].n_pool, ion_stage_prepared(e, d->prep_A0), ln_c, v, e->n,
               A);
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
                        .A          = ion_stage_scratch(e, m->row_A + (int)r),
                        .A_rest     = d->A_rest,
                        .v          = ion_stage_scratch(e, m->row_v + d->inner),
                        .RT_F       = ion_stage_prepared(e, m->prep_RT_F),
                        .prefactor  = ion_stage_prepared(e, d->prep_prefactor),
                        .param      = param};
  const ion_rate out = {.J    = ion_stage_scratch(e, m->row_J + (int)r),
                        .dA   = d->row_dA < 0 ? NULL : ion_stage_scratch(e, d->row_dA),
                        .dv   = d->row_dv < 0 ? NULL : ion_stage_scratch(e, d->row_dv),
                        .dlnc = dlnc};

  for (size_t t = 0; t < process->n_pool; t++) {
    c[t]    = ion_stage_scratch(e, m->row_c + process->term[t].pool);
    dlnc[t] = d->row_dlnc[t] < 0 ? NULL : ion_stage_scratch(e, d->row_dlnc[t]);
  }
  for (int k = 0; k < d->n_param; k++) param[k] = ion_stage_prepared(e, d->prep_param[k]);
  if (d->field >= 0)
    x.field = (ion_field){.e  = ion_stage_scratch(e, m->field[d->field].row_e),
                          .B  = ion_stage_scratch(e, m->field[d->field].row_B),
                          .dB = ion_stage_scratch(e, m->field[d->field].row_dB)};
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

  ion_stage_unpack(&e);
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
