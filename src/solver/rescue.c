/* Points that Newton's method from rest left open, or brought far from rest:
 *
 * 1. follow the branch from rest along the straight path of parameters to the point; arriving there is
 *    what "connected to rest" means;
 * 2. else relax from what is put in (pseudo-transient continuation): linearly implicit Euler steps whose
 *    length grows as the state settles. Where the branch is gone it ends on the collapsed state.
 *
 * Both advance one lane a point in the rescue tile, a Newton solve at a time. */
#include "base/vecmath.h"
#include "solver_impl.h"

#include <math.h>
#include <string.h>

enum { MOST_CORRECTIONS = 10, MOST_RELAXATIONS = 600 };

static const double tolerance = 1e-7;
static const double shortest_path =
    1.0 / 4096;                         /* step of the path before the branch counts as lost */
static const double on_the_way  = 1e-4; /* the tolerance before the end of the path */
static const double widest_jump = 0.7;  /* change of the state over one step of the path */
static const double longest     = 0.7;  /* change of the unknowns in one relaxation step */
static const double settled     = 1e10; /* s, time step of a relaxation that has become Newton */

typedef enum { ION_LANE_BUSY, ION_LANE_FOUND, ION_LANE_LOST, ION_LANE_OUTSIDE } ion_lane_state;

typedef struct ion_stage ion_stage;

struct ion_stage {
  ion_solver *solver;
  ion_tile *tile;
  ion_block theta;                            /* [n_theta][lanes] parameters of the lanes */
  double t[ION_MAX_LANES], dt[ION_MAX_LANES]; /* path: place and step; relaxation: dt in s */
  int calm[ION_MAX_LANES];                    /* steps of the path taken since one failed */
  ion_block x_before;                         /* state before the last step of the path, */
  double dt_before[ION_MAX_LANES];            /* and that step */
  PetscBool is_path;
};

/* ---- lanes ---- */

static void copy_column(ion_block from, size_t p, ion_block to, size_t lane)
{
  for (size_t i = 0; i < to.n_row; i++) ion_row(to, i)[lane] = ion_row(from, i)[p];
}

/* Parameters of a lane: at place t of the path, or the point's own. */
static void set_parameters(ion_stage *s, size_t lane, double t)
{
  const ion_solver *solver = s->solver;
  const size_t p           = (size_t)s->tile->point[lane];

  for (size_t k = 0; k < solver->n_varying; k++) {
    const size_t row = (size_t)solver->varying[k];
    const double ref = solver->reference[row], end = ion_row(solver->theta, row)[p];

    ion_row(s->theta, row)[lane] = t >= 1 ? end : ref + t * (end - ref);
  }
}

static void start_lane(ion_stage *s, size_t lane, size_t p)
{
  ion_tile *tile = s->tile;
  double x[ION_MAX_STATE];

  tile->point[lane] = (ptrdiff_t)p;
  tile->count[lane] = 0;
  if (s->is_path) {
    memcpy(x, ion_model_rest(s->solver->model), s->solver->n_state * sizeof *x);
    s->t[lane]         = 0;
    s->dt[lane]        = 0.25;
    s->calm[lane]      = 2;
    s->dt_before[lane] = 0;
    set_parameters(s, lane, s->dt[lane]);
  } else {
    set_parameters(s, lane, 1);
    ion_model_start(s->solver->model, s->theta, lane, x);
    s->t[lane]  = 0;
    s->dt[lane] = 0.1;
  }
  for (size_t i = 0; i < s->solver->n_state; i++)
    ion_row(tile->x, i)[lane] = ion_row(tile->x_old, i)[lane] = x[i];
}

static void restore(ion_tile *tile, size_t lane)
{
  copy_column(tile->x_old, lane, tile->x, lane);
}

/* ---- linear solve with a guard ---- */

/* The matrix in hand: dF/dx, or that of a time step. */
static const ion_pattern *pattern_of(const ion_stage *s)
{
  return s->is_path ? ion_model_pattern(s->solver->model) : &s->solver->relaxed;
}

/* Largest |J y - F| and |F| of every lane, with the matrix as it was before elimination. */
static void measure_errors(const ion_stage *s, double *restrict worst, double *restrict size)
{
  const ion_pattern *pattern = pattern_of(s);
  const ion_tile *tile       = s->tile;
  const size_t n             = tile->lanes;
  double sum[ION_MAX_LANES];

  for (size_t l = 0; l < n; l++) worst[l] = size[l] = 0;
  for (size_t i = 0; i < pattern->n; i++) {
    const double *restrict F = ion_row(tile->saved_F, i);

    for (size_t l = 0; l < n; l++) sum[l] = -F[l];
    for (int k = pattern->start[i]; k < pattern->start[i + 1]; k++) {
      const double *restrict a = ion_row(tile->saved_jac, (size_t)k);
      const double *restrict y = ion_row(tile->y, (size_t)pattern->col[k]);

#pragma omp simd
      for (size_t l = 0; l < n; l++) sum[l] += a[l] * y[l];
    }
#pragma omp simd
    for (size_t l = 0; l < n; l++) {
      worst[l] = ion_max_or_nan(worst[l], fabs(sum[l]));
      size[l]  = fabs(F[l]) > size[l] ? fabs(F[l]) : size[l];
    }
  }
}

/* LU with pivoting for one lane; a singular matrix gives NaN. */
static PetscErrorCode solve_dense(ion_stage *s, size_t lane, double reference)
{
  ion_tile *tile = s->tile;
  double y[ION_MAX_STATE], sign;

  PetscFunctionBegin;
  PetscCall(ion_dense_solve(pattern_of(s), tile->saved_jac, tile->saved_F, lane, y, &sign));
  tile->sign[lane]    = sign == s->solver->dense_sign ? reference : -reference;
  tile->largest[lane] = 0;
  for (size_t i = 0; i < s->solver->n_state; i++) {
    ion_row(tile->y, i)[lane] = y[i];
    tile->largest[lane]       = ion_max_or_nan(tile->largest[lane], fabs(y[i]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode solve_lanes(ion_stage *s)
{
  ion_tile *tile             = s->tile;
  const ion_pattern *pattern = pattern_of(s);
  const ion_elimination *elimination =
      s->is_path ? &s->solver->elimination : &s->solver->relaxation;
  const double reference = s->is_path ? s->solver->rest_sign : s->solver->relaxed_sign;
  double worst[ION_MAX_LANES], size[ION_MAX_LANES];

  PetscFunctionBegin;
  if (!s->is_path) ion_relaxation_shift(s->solver, tile, s->dt);
  for (size_t k = 0; k < pattern->n_nonzero; k++)
    memcpy(ion_row(tile->saved_jac, k),
           s->is_path ? ion_row(tile->work.jac, k) : ion_relaxation_entry(s->solver, tile, k),
           tile->lanes * sizeof(double));
  for (size_t i = 0; i < tile->saved_F.n_row; i++)
    memcpy(ion_row(tile->saved_F, i), ion_row(tile->work.F, i), tile->lanes * sizeof(double));
  ion_tile_solve(elimination, tile);
  for (size_t i = 0; i < s->solver->n_state; i++)
    memcpy(ion_row(tile->y, i), ion_tile_direction(elimination, tile, i),
           tile->lanes * sizeof(double));
  measure_errors(s, worst, size);
  for (size_t l = 0; l < tile->lanes; l++)
    if (tile->point[l] >= 0 && tile->norm[l] < (double)INFINITY && !(worst[l] <= 1e-8 * size[l]))
      PetscCall(solve_dense(s, l, reference));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- following the path ---- */

static double change_since(const ion_tile *tile, size_t lane)
{
  double most = 0;

  for (size_t i = 0; i < tile->x.n_row; i++) {
    const double d = fabs(ion_row(tile->x, i)[lane] - ion_row(tile->x_old, i)[lane]);

    most = ion_max_or_nan(most, d);
  }
  return most;
}

/* Go to t + dt: its parameters, and the secant through the last two states as first guess. */
static void aim(ion_stage *s, size_t lane)
{
  ion_tile *tile     = s->tile;
  const double share = s->dt_before[lane] > 0 ? s->dt[lane] / s->dt_before[lane] : 0;

  for (size_t i = 0; i < s->solver->n_state; i++) {
    const double x = ion_row(tile->x_old, i)[lane], before = ion_row(s->x_before, i)[lane];

    ion_row(tile->x, i)[lane] = x + share * (x - before);
  }
  tile->count[lane] = 0;
  set_parameters(s, lane, s->t[lane] + s->dt[lane]);
}

static ion_lane_state shorten_path(ion_stage *s, size_t lane)
{
  s->dt[lane] *= 0.5;
  s->calm[lane] = 0;
  if (s->dt[lane] < shortest_path) return ION_LANE_LOST;
  aim(s, lane);
  return ION_LANE_BUSY;
}

static void lengthen_path(ion_stage *s, size_t lane)
{
  s->t[lane] += s->dt[lane];
  s->dt_before[lane] = s->dt[lane];
  copy_column(s->tile->x_old, lane, s->x_before, lane);
  copy_column(s->tile->x, lane, s->tile->x_old, lane);
  /* near a fold the step that failed would fail again; steps are powers of two, so the end is met */
  if (++s->calm[lane] > 2) s->dt[lane] *= 2;
  while (s->t[lane] + s->dt[lane] > 1) s->dt[lane] *= 0.5;
}

static ion_lane_state advance_path(ion_stage *s, size_t lane)
{
  ion_tile *tile    = s->tile;
  const double most = tile->largest[lane];

  if (!(tile->norm[lane] < (double)INFINITY) || !(most <= 2 * widest_jump))
    return shorten_path(s, lane);
  if (tile->count[lane] > 0 && most > 0.8 * tile->size[lane])
    return shorten_path(s, lane); /* corrections that do not shrink lead nowhere */
  tile->size[lane] = most;
  for (size_t i = 0; i < s->solver->n_state; i++)
    ion_row(tile->x, i)[lane] -= ion_row(tile->y, i)[lane];
  if (most > (s->t[lane] + s->dt[lane] < 1 ? on_the_way : tolerance))
    return ++tile->count[lane] < MOST_CORRECTIONS ? ION_LANE_BUSY : shorten_path(s, lane);
  if (tile->sign[lane] != s->solver->rest_sign || !(change_since(tile, lane) <= widest_jump))
    return shorten_path(s, lane);
  lengthen_path(s, lane);
  if (s->t[lane] >= 1) return ION_LANE_FOUND;
  aim(s, lane);
  return ION_LANE_BUSY;
}

/* ---- relaxation ---- */

/* d ln w of a compartment for the step y. */
static double volume_change(const ion_stage *s, size_t lane, int compartment)
{
  const ion_network *n = ion_model_network(s->solver->model);
  double d             = 0;

  if (n->compartment[compartment].volume == ION_VOLUME_FREE)
    return ion_row(s->tile->y, (size_t)n->compartment[compartment].x_w)[lane];
  if (n->compartment[compartment].volume != ION_VOLUME_REMAINDER) return 0;
  for (size_t j = 0; j < n->n_compartment; j++)
    if (n->compartment[j].x_w >= 0)
      d -= ion_row(s->tile->y, (size_t)n->compartment[j].x_w)[lane] *
           ion_row(s->tile->work.w, j)[lane] / ion_row(s->tile->work.w, (size_t)compartment)[lane];
  return d;
}

/* Charge and conserved totals are linear in amounts and volumes, and V is steep in charge: so amounts and
 * volumes take the step, n (1 - dn) and w (1 - dw), not their logarithms. */
static PetscBool take_step(ion_stage *s, size_t lane, double share)
{
  const ion_network *n = ion_model_network(s->solver->model);
  ion_tile *tile       = s->tile;

  for (size_t i = 0; i < s->solver->n_state; i++)
    ion_row(tile->x, i)[lane] -= share * ion_row(tile->y, i)[lane];
  for (size_t q = 0; q < n->n_pool; q++) {
    const int x     = n->pool[q].x;
    const double dw = share * volume_change(s, lane, n->pool[q].compartment);
    double y, dn;

    if (x < 0 || !s->solver->is_logarithm[x]) continue;
    y  = share * ion_row(tile->y, (size_t)x)[lane];
    dn = y + dw;
    if (!(dn < 0.95 && dw < 0.95)) return PETSC_FALSE;
    ion_row(tile->x, (size_t)x)[lane] += y + log1p(-dn) - log1p(-dw);
  }
  for (size_t i = 0; i < n->n_compartment; i++) {
    const int x = n->compartment[i].x_w;

    if (x < 0) continue;
    const double y = share * ion_row(tile->y, (size_t)x)[lane];

    ion_row(tile->x, (size_t)x)[lane] += y + log1p(-y);
  }
  return PETSC_TRUE;
}

static ion_lane_state retry_shorter(ion_stage *s, size_t lane, double by)
{
  s->dt[lane] *= by;
  restore(s->tile, lane);
  return s->dt[lane] < 1e-12 ? ION_LANE_LOST : ION_LANE_BUSY;
}

static ion_lane_state advance_relaxation(ion_stage *s, size_t lane)
{
  ion_tile *tile    = s->tile;
  const double most = tile->largest[lane];
  double share      = 1;

  if (++tile->count[lane] > MOST_RELAXATIONS) return ION_LANE_LOST;
  if (!(tile->norm[lane] < (double)INFINITY))
    return tile->count[lane] == 1 ? ION_LANE_OUTSIDE : retry_shorter(s, lane, 0.25);
  copy_column(tile->x, lane, tile->x_old, lane);
  /* a growing mode of rate 1/dt flips the determinant: a longer step would run against time */
  if (tile->sign[lane] != s->solver->relaxed_sign && s->dt[lane] > 1e-9)
    return retry_shorter(s, lane, 0.3);
  if (!(most <= longest)) {
    /* what does not shrink with the time step are constraints: they are approached in part */
    if (s->dt[lane] > 1e-9 || !(most <= 1e6))
      return retry_shorter(s, lane, most <= 1e6 ? fmax(0.5 * longest / most, 0.05) : 0.05);
    share = longest / most;
  }
  if (!take_step(s, lane, share)) return retry_shorter(s, lane, 0.25);
  if (most <= tolerance && s->dt[lane] >= settled) return ION_LANE_FOUND;
  s->dt[lane] *= fmin(4, fmax(0.5, 0.5 * longest / most));
  if (s->dt[lane] > 10 * settled) s->dt[lane] = 10 * settled;
  return ION_LANE_BUSY;
}

/* ---- both ---- */

typedef struct {
  size_t *point; /* points that need it, in order */
  size_t n;
  unsigned char *end; /* [max_batch] ion_lane_state each point ended in */
} ion_queue;

static PetscErrorCode run_stage(ion_stage *s, const ion_queue *queue)
{
  ion_tile *tile = s->tile;
  size_t next = 0, busy = 0;

  PetscFunctionBegin;
  for (size_t l = 0; l < tile->lanes; l++) {
    start_lane(s, l, queue->point[next < queue->n ? next : 0]);
    if (next++ < queue->n)
      busy++;
    else
      tile->point[l] = -1;
  }
  next = busy;
  while (busy) {
    ion_model_prepare_varying(s->solver->model, s->theta, s->solver->varies, tile->prepared);
    ion_model_evaluate(s->solver->model, tile->prepared, tile->x, tile->lanes,
                       ION_RESIDUAL | ION_JACOBIAN, &tile->work);
    ion_tile_norm(tile, tile->work.F, tile->norm);
    PetscCall(solve_lanes(s));
    for (size_t l = 0; l < tile->lanes; l++) {
      const ptrdiff_t p = tile->point[l];
      ion_lane_state end;

      if (p < 0) continue;
      s->solver->iterations[p]++;
      end = s->is_path ? advance_path(s, l) : advance_relaxation(s, l);
      if (end == ION_LANE_BUSY) continue;
      queue->end[p] = (unsigned char)end;
      if (end == ION_LANE_FOUND) {
        copy_column(tile->x, l,
                    (ion_block){s->solver->x.data + p, s->solver->n_state, 1, s->solver->x.stride},
                    0);
        s->solver->det_sign[p] = tile->sign[l];
      }
      tile->point[l] = -1;
      busy--;
      if (next < queue->n) {
        start_lane(s, l, queue->point[next++]);
        busy++;
      }
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode rescue_points(ion_solver *solver, ion_stage *s, ion_queue *queue)
{
  size_t n_left = 0;

  PetscFunctionBegin;
  ion_solver_reference_theta(solver->model, s->theta);
  ion_model_prepare(solver->model, s->theta, s->tile->prepared);
  s->is_path = PETSC_TRUE;
  PetscCall(run_stage(s, queue));
  for (size_t k = 0; k < queue->n; k++) {
    const size_t p = queue->point[k];

    if (queue->end[p] == ION_LANE_FOUND) {
      solver->verdict->status[p]  = ION_OK;
      solver->verdict->reached[p] = ION_REACHED_BRANCH;
    } else
      queue->point[n_left++] = p;
  }
  queue->n = n_left;
  if (!n_left) PetscFunctionReturn(PETSC_SUCCESS);
  s->is_path = PETSC_FALSE;
  PetscCall(run_stage(s, queue));
  for (size_t k = 0; k < queue->n; k++) {
    const size_t p = queue->point[k];
    const int found =
        queue->end[p] == ION_LANE_FOUND && solver->det_sign[p] == solver->relaxed_sign;

    solver->verdict->status[p]  = found                               ? ION_OK
                                  : queue->end[p] == ION_LANE_OUTSIDE ? ION_DOMAIN_ERROR
                                                                      : ION_NO_STATE_FOUND;
    solver->verdict->reached[p] = found ? ION_REACHED_DEPARTED : ION_REACHED_NOT;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_rescue_batch(ion_solver *solver)
{
  ion_queue queue = {0};
  ion_stage *stage;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(solver->n_point, &queue.point, solver->max_batch, &queue.end));
  for (size_t p = 0; p < solver->n_point; p++)
    if (solver->verdict->reached[p] == ION_REACHED_NOT) queue.point[queue.n++] = p;
  if (queue.n) {
    PetscCall(PetscNew(&stage));
    stage->solver = solver;
    stage->tile   = &solver->rescue;
    PetscCall(ion_block_create(solver->n_theta, stage->tile->lanes, &stage->theta));
    PetscCall(ion_block_create(solver->n_state, stage->tile->lanes, &stage->x_before));
    PetscCall(rescue_points(solver, stage, &queue));
    PetscCall(ion_block_destroy(&stage->theta));
    PetscCall(ion_block_destroy(&stage->x_before));
    PetscCall(PetscFree(stage));
  }
  PetscCall(PetscFree2(queue.point, queue.end));
  PetscFunctionReturn(PETSC_SUCCESS);
}
