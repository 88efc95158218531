/* Gradients of thresholds: G(x, sigma; p) = 0 is F = 0 with one more condition, whose row c borders the matrix;
 * with its left vector (w, h) of [J F_sigma; c]^T (w, h) = (0, 1)
 *
 *     d sigma/dp = -(w . F_p + h m_p).
 *
 * At a fold the row is the tangent and h = 0: w is the left null vector. At a bound the condition is m = 0. A Hopf
 * point is where Re lambda = 0 on the branch: differences of it along sigma and p. */
#include "threshold_impl.h"

#include <math.h>
#include <string.h>

static const double fraction = 0x1p-17; /* of a parameter, on both sides */

/* Points in the lanes of the tracker, at their ends. */
typedef struct {
  ion_threshold *s;
  size_t n;
  size_t point[ION_TRACK_LANES];
} ion_group;

static void load(const ion_group *g)
{
  ion_tracker *t = &g->s->tracker;

  for (size_t l = 0; l < g->n; l++) {
    ion_tracker_load(t, l, g->s->theta_start, g->s->prepared_start, g->point[l]);
    ion_threshold_set_line(g->s, l, g->point[l]);
    for (size_t i = 0; i <= t->n; i++) {
      ion_row(t->z, i)[l] = ion_row(t->z0, i)[l] = ion_row(g->s->z_end, i)[g->point[l]];
      ion_row(t->border, i)[l]                   = ion_row(g->s->t_end, i)[g->point[l]];
    }
    t->ahead[l] = 0;
  }
}

static void read_margins(const ion_group *g, double *m)
{
  const ion_threshold *s = g->s;

  for (size_t l = 0; l < g->n; l++) {
    const size_t p = g->point[l];

    m[l] = s->found->kind[p] == ION_LOSS_BOUND
               ? ion_threshold_margin_of(s->model, s->bound_end[p], s->tracker.theta,
                                         &s->tracker.work, l)
               : 0;
  }
}

/* The border of points at a bound: dm/dx and dm/dsigma. */
static void border_bounds(const ion_group *g)
{
  static const double step = 1e-6;
  ion_tracker *t           = &g->s->tracker;
  double hi[ION_TRACK_LANES], lo[ION_TRACK_LANES];
  PetscBool is_any = PETSC_FALSE;

  for (size_t l = 0; l < g->n; l++)
    if (g->s->found->kind[g->point[l]] == ION_LOSS_BOUND) is_any = PETSC_TRUE;
  for (size_t i = 0; i <= t->n && is_any; i++) {
    double *z = ion_row(t->z, i);

    for (size_t l = 0; l < t->lanes; l++) z[l] += step;
    ion_tracker_evaluate(t, ION_RESIDUAL);
    read_margins(g, hi);
    for (size_t l = 0; l < t->lanes; l++) z[l] -= 2 * step;
    ion_tracker_evaluate(t, ION_RESIDUAL);
    read_margins(g, lo);
    for (size_t l = 0; l < t->lanes; l++) z[l] += step;
    for (size_t l = 0; l < g->n; l++)
      if (g->s->found->kind[g->point[l]] == ION_LOSS_BOUND)
        ion_row(t->border, i)[l] = (hi[l] - lo[l]) / (2 * step);
  }
}

/* ---- differences by a parameter ---- */

/* Values of parameter k on both sides of a lane's own, within its bounds. */
static void choose_sides(const ion_group *g, size_t k, const double *own, double *lo, double *hi)
{
  const ion_threshold *s = g->s;
  const ion_quantity *q  = ion_model_quantities(s->model, NULL, NULL) + s->varying[k];

  for (size_t l = 0; l < s->tracker.lanes; l++) {
    const double h = fraction * (own[l] != 0 ? fabs(own[l]) : s->scale[k]);

    lo[l] = own[l] - h >= q->lower ? own[l] - h : own[l];
    hi[l] = own[l] + h <= q->upper ? own[l] + h : own[l];
  }
}

/* F and m of every lane with parameter k at `value`. */
static void evaluate_at(const ion_group *g, size_t k, unsigned char *varies, const double *value,
                        double *m)
{
  ion_threshold *s = g->s;
  ion_tracker *t   = &s->tracker;
  const size_t row = (size_t)s->varying[k];

  memcpy(ion_row(t->theta, row), value, t->lanes * sizeof *value);
  varies[row] = 1;
  ion_model_prepare_varying(s->model, t->theta, varies, t->prepared);
  varies[row] = 0;
  ion_model_evaluate(s->model, t->prepared, t->z, t->lanes, ION_RESIDUAL, &t->work);
  read_margins(g, m);
}

/* d sigma/dp_k of every lane; w [n + 1][lanes]. */
static void differentiate(const ion_group *g, size_t k, unsigned char *varies, ion_block w,
                          double *gradient)
{
  ion_threshold *s = g->s;
  ion_tracker *t   = &s->tracker;
  const size_t row = (size_t)s->varying[k];
  double own[ION_TRACK_LANES], lo[ION_TRACK_LANES], hi[ION_TRACK_LANES];
  double m_lo[ION_TRACK_LANES], m_hi[ION_TRACK_LANES];

  memcpy(own, ion_row(t->theta, row), t->lanes * sizeof *own);
  choose_sides(g, k, own, lo, hi);
  evaluate_at(g, k, varies, hi, m_hi);
  for (size_t i = 0; i < t->n; i++)
    memcpy(ion_row(s->perturbed, i), ion_row(t->work.F, i), t->lanes * sizeof *own);
  evaluate_at(g, k, varies, lo, m_lo);
  for (size_t l = 0; l < g->n; l++) gradient[l] = -ion_row(w, t->n)[l] * (m_hi[l] - m_lo[l]);
  for (size_t i = 0; i < t->n; i++)
    for (size_t l = 0; l < g->n; l++)
      gradient[l] -= ion_row(w, i)[l] * (ion_row(s->perturbed, i)[l] - ion_row(t->work.F, i)[l]);
  for (size_t l = 0; l < g->n; l++) gradient[l] /= hi[l] - lo[l];
  memcpy(ion_row(t->theta, row), own, t->lanes * sizeof *own);
  varies[row] = 1;
  ion_model_prepare_varying(s->model, t->theta, varies, t->prepared);
  varies[row] = 0;
}

static PetscErrorCode differentiate_group(const ion_group *g, unsigned char *varies, ion_block w)
{
  ion_threshold *s = g->s;
  const double way = s->range.to - s->range.from;
  double gradient[ION_TRACK_LANES];

  PetscFunctionBegin;
  load(g);
  border_bounds(g);
  ion_tracker_adjoint(&s->tracker);
  for (size_t i = 0; i <= s->tracker.n; i++)
    memcpy(ion_row(w, i), ion_tracker_adjoint_row(&s->tracker, i),
           s->tracker.lanes * sizeof(double));
  ion_tracker_evaluate(&s->tracker, ION_RESIDUAL);
  for (size_t k = 0; k < s->n_varying; k++) {
    differentiate(g, k, varies, w, gradient);
    for (size_t l = 0; l < g->n; l++)
      ion_row(s->found->gradient, k)[g->point[l]] = way * gradient[l];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Hopf points ---- */

/* Variations of one point, one a lane: sigma on both sides, then each parameter. */
enum { SIDES = 2 };
static const double hopf_step = 1e-6; /* Hopf points come near folds, where the branch is steep */

/* Correct every lane at its sigma, then Re of the leading eigenvalue; NaN where that fails. */
static PetscErrorCode follow_lanes(ion_threshold *s, size_t n, double *re)
{
  ion_tracker *t                        = &s->tracker;
  unsigned char wanted[ION_TRACK_LANES] = {0};
  double im[ION_TRACK_LANES];
  size_t n_busy = n;

  PetscFunctionBegin;
  for (size_t l = 0; l < n; l++) re[l] = 0;
  while (n_busy) {
    PetscCall(ion_tracker_iterate(t));
    for (size_t l = 0; l < n; l++) {
      ion_track_state state;

      if (!t->busy[l]) continue;
      state = ion_tracker_judge(t, l);
      if (state == ION_TRACK_BUSY) continue;
      if (state == ION_TRACK_LOST) re[l] = (double)NAN;
      t->busy[l] = 0;
      n_busy--;
    }
  }
  ion_tracker_evaluate(t, ION_RESIDUAL | ION_JACOBIAN);
  for (size_t l = 0; l < t->lanes; l++) wanted[l] = l < n && !isnan(re[l]);
  PetscCall(ion_spectrum_find(&s->spectrum, t->prepared, t->z, &t->work, wanted, re, im, NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Lanes of one point: variation v is sigma (0) or parameter v - 1, each on both sides. */
static PetscErrorCode vary_point(ion_threshold *s, size_t p, size_t first, size_t n, double *slope)
{
  ion_tracker *t = &s->tracker;
  double x[ION_MAX_STATE], re[ION_TRACK_LANES], way[ION_TRACK_LANES];
  const double sigma = ion_row(s->z_end, t->n)[p];

  PetscFunctionBegin;
  for (size_t i = 0; i < t->n; i++) x[i] = ion_row(s->z_end, i)[p];
  for (size_t l = 0; l < SIDES * n; l++) {
    const size_t v    = first + l / SIDES;
    const double side = l % SIDES ? -1 : 1;
    double *own;

    ion_tracker_load(t, l, s->theta_start, s->prepared_start, p);
    ion_threshold_set_line(s, l, p);
    way[l] = hopf_step;
    if (v > 0) {
      own    = ion_row(t->theta, (size_t)s->varying[v - 1]) + l;
      way[l] = hopf_step * (*own != 0 ? fabs(*own) : s->scale[v - 1]);
      *own += side * way[l];
    }
    ion_tracker_start(t, l, x, v ? sigma : sigma + side * hopf_step, 1);
    t->tight[l] = 1e-12;
  }
  ion_model_prepare(s->model, t->theta, t->prepared);
  PetscCall(follow_lanes(s, SIDES * n, re));
  for (size_t k = 0; k < n; k++)
    slope[first + k] = (re[SIDES * k] - re[SIDES * k + 1]) / (2 * way[SIDES * k]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode differentiate_hopf(ion_threshold *s, size_t p)
{
  const size_t n = s->n_varying + 1, most = s->tracker.lanes / SIDES;
  const double way = s->range.to - s->range.from;
  double *slope;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n, &slope));
  for (size_t first = 0; first < n; first += most)
    PetscCall(vary_point(s, p, first, PetscMin(most, n - first), slope));
  for (size_t k = 0; k < s->n_varying; k++)
    ion_row(s->found->gradient, k)[p] = -way * slope[k + 1] / slope[0];
  PetscCall(PetscFree(slope));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_threshold_gradients(ion_threshold *s, size_t n_point)
{
  ion_group g = {.s = s};
  unsigned char *varies;
  ion_block w = {0};

  PetscFunctionBegin;
  PetscCall(PetscCalloc1(s->tracker.n_theta, &varies));
  PetscCall(ion_block_create(s->tracker.n + 1, s->tracker.lanes, &w));
  for (size_t p = 0; p < n_point; p++) {
    const int kind = s->found->kind[p];

    if (s->found->status[p] == ION_OK && kind == ION_LOSS_HOPF) PetscCall(differentiate_hopf(s, p));
    if (s->found->status[p] != ION_OK || (kind != ION_LOSS_FOLD && kind != ION_LOSS_BOUND))
      continue;
    g.point[g.n++] = p;
    if (g.n < s->tracker.lanes) continue;
    PetscCall(differentiate_group(&g, varies, w));
    g.n = 0;
  }
  if (g.n) PetscCall(differentiate_group(&g, varies, w));
  PetscCall(ion_block_destroy(&w));
  PetscCall(PetscFree(varies));
  PetscFunctionReturn(PETSC_SUCCESS);
}
