/* Thresholds of a batch: start states, lanes refilled as points finish, gradients in the end. */
#include "threshold_impl.h"

#include <math.h>
#include <string.h>

const char ion_loss_words[] = "none fold hopf bound absent";

/* ---- making one ---- */

static PetscErrorCode copy_arguments(ion_threshold *s, const int *varying, size_t n_varying,
                                     const double *scale)
{
  PetscFunctionBegin;
  s->n_varying = n_varying;
  PetscCall(PetscMalloc1(n_varying + 1, &s->varying));
  PetscCall(PetscMalloc1(n_varying + 1, &s->scale));
  for (size_t k = 0; k < n_varying; k++) {
    s->varying[k] = varying[k];
    s->scale[k]   = scale && scale[k] > 0 ? scale[k] : 1;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The solver of start states takes the parameter as varying too; a path moves all rows that vary. */
static PetscErrorCode create_parts(ion_threshold *s, size_t max_batch)
{
  const size_t lanes =
      PetscMin((size_t)ION_TRACK_LANES, (max_batch + ION_PAD - 1) / ION_PAD * ION_PAD);
  const size_t n          = ion_model_n_state(s->model);
  const PetscBool is_path = (PetscBool)(s->range.parameter < 0);

  PetscFunctionBegin;
  s->varying[s->n_varying] = s->range.parameter;
  PetscCall(
      ion_solver_create(s->model, s->varying, s->n_varying + !is_path, max_batch, &s->solver));
  if (is_path)
    PetscCall(
        ion_tracker_create(s->model, s->solver->varying, s->solver->n_varying, lanes, &s->tracker));
  else
    PetscCall(ion_tracker_create(s->model, &s->range.parameter, 1, lanes, &s->tracker));
  PetscCall(PetscCalloc1(lanes, &s->lane));
  PetscCall(PetscMalloc1(lanes * ION_MOST_KEPT * 2 * (n + 1), &s->kept));
  PetscCall(ion_block_create(s->tracker.n_theta, max_batch, &s->theta_start));
  PetscCall(ion_block_create(n, max_batch, &s->x_start));
  PetscCall(ion_block_create(n + 1, max_batch, &s->z_end));
  PetscCall(ion_block_create(n + 1, max_batch, &s->t_end));
  PetscCall(ion_block_create(n, lanes, &s->perturbed));
  PetscCall(PetscCalloc4(max_batch, &s->bound_end, max_batch, &s->reached, max_batch,
                         &s->sigma_start, max_batch, &s->starts));
  PetscCall(ion_spectrum_create(s->model, lanes, &s->spectrum));
  PetscCall(PetscMalloc2(lanes, &s->re, lanes, &s->im));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_threshold_create(const ion_model *model, const int *varying, size_t n_varying,
                                    const double *scale, const ion_threshold_range *range,
                                    size_t max_batch, ion_threshold **out)
{
  ion_threshold *s;

  PetscFunctionBegin;
  PetscCall(PetscNew(out)); /* zeroed; the caller destroys it even if a later line fails */
  s            = *out;
  s->model     = model;
  s->max_batch = max_batch;
  s->range     = *range;
  if (range->parameter < 0) s->range.from = s->range.back = 0, s->range.to = 1;
  PetscCheck(s->range.from != s->range.to, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
             "an empty range of the threshold's parameter");
  s->sigma_back = (s->range.back - s->range.from) / (s->range.to - s->range.from);
  PetscCall(copy_arguments(s, varying, n_varying, scale));
  PetscCall(create_parts(s, max_batch));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_threshold_destroy(ion_threshold **out)
{
  ion_threshold *s = *out;

  PetscFunctionBegin;
  if (!s) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFree(s->varying));
  PetscCall(PetscFree(s->scale));
  PetscCall(PetscFree(s->lane));
  PetscCall(PetscFree(s->kept));
  PetscCall(PetscFree4(s->bound_end, s->reached, s->sigma_start, s->starts));
  PetscCall(PetscFree2(s->re, s->im));
  PetscCall(ion_spectrum_destroy(&s->spectrum));
  PetscCall(ion_tracker_destroy(&s->tracker));
  PetscCall(ion_solver_destroy(&s->solver));
  PetscCall(ion_block_destroy(&s->theta_start));
  PetscCall(ion_block_destroy(&s->x_start));
  PetscCall(ion_block_destroy(&s->z_end));
  PetscCall(ion_block_destroy(&s->t_end));
  PetscCall(ion_block_destroy(&s->perturbed));
  PetscCall(PetscFree(*out));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the line ---- */

double ion_threshold_value(const ion_threshold *s, double sigma)
{
  return s->range.from + sigma * (s->range.to - s->range.from);
}

void ion_threshold_set_line(ion_threshold *s, size_t lane, size_t p)
{
  ion_tracker *t = &s->tracker;

  for (size_t k = 0; k < t->n_moving; k++) {
    const double end        = ion_row(s->theta_start, (size_t)t->moving[k])[p];
    const double rest       = s->solver->reference[t->moving[k]];
    const PetscBool is_path = (PetscBool)(s->range.parameter < 0);

    ion_row(t->origin, k)[lane]    = is_path ? rest : s->range.from;
    ion_row(t->direction, k)[lane] = is_path ? end - rest : s->range.to - s->range.from;
  }
  t->upper[lane] = 1;
  t->lower[lane] = PetscMin(0, s->sigma_back);
}

static void copy_theta(ion_threshold *s, ion_block theta)
{
  for (size_t k = 0; k < theta.n_row; k++)
    memcpy(ion_row(s->theta_start, k), ion_row(theta, k), theta.n_point * sizeof(double));
}

/* A path starts at the resting state whatever its end is. */
static void start_at_rest(ion_threshold *s, size_t n)
{
  const double *rest = ion_model_rest(s->model);

  for (size_t i = 0; i < s->x_start.n_row; i++)
    for (size_t p = 0; p < n; p++) ion_row(s->x_start, i)[p] = rest[i];
  s->prepared_start         = s->solver->prepared;
  s->prepared_start.n_point = n;
  ion_model_prepare(s->model, s->theta_start, s->prepared_start);
  memset(s->found->status, ION_OK, n);
  memset(s->starts, 1, n);
}

/* The states that rest leads to at the start of the range. */
static PetscErrorCode find_start(ion_threshold *s, size_t n)
{
  const ion_verdict v = {.status = s->found->status, .reached = s->reached};

  PetscFunctionBegin;
  s->way       = 1;
  s->sigma_end = 1;
  memset(s->sigma_start, 0, n * sizeof *s->sigma_start);
  if (s->range.parameter < 0) {
    start_at_rest(s, n);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  for (size_t p = 0; p < n; p++)
    ion_row(s->theta_start, (size_t)s->range.parameter)[p] = s->range.from;
  PetscCall(ion_solve_steady(s->solver, s->theta_start, s->x_start, &v));
  s->prepared_start = ion_solver_prepared(s->solver);
  for (size_t p = 0; p < n; p++) {
    const PetscBool departed = (PetscBool)(s->reached[p] == ION_REACHED_DEPARTED);

    s->starts[p] = s->found->status[p] == ION_OK && !departed;
    if (departed) s->found->kind[p] = ION_LOSS_ABSENT;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The collapsed states half-way between the loss and the end of the range, from which the way back starts. */
static PetscErrorCode find_collapsed(ion_threshold *s, size_t n)
{
  const size_t row      = (size_t)s->range.parameter;
  unsigned char *status = s->starts;
  const ion_verdict v   = {.status = status, .reached = s->reached};

  PetscFunctionBegin;
  s->way       = -1;
  s->sigma_end = s->sigma_back;
  for (size_t p = 0; p < n; p++) {
    const double lost = (s->found->value[p] - s->range.from) / (s->range.to - s->range.from);

    s->sigma_start[p]               = isnan(lost) ? 0 : 0.5 * (1 + lost);
    ion_row(s->theta_start, row)[p] = ion_threshold_value(s, s->sigma_start[p]);
  }
  PetscCall(ion_solve_steady(s->solver, s->theta_start, s->x_start, &v));
  s->prepared_start = ion_solver_prepared(s->solver);
  for (size_t p = 0; p < n; p++)
    s->starts[p] = status[p] == ION_OK && s->reached[p] == ION_REACHED_DEPARTED &&
                   (s->found->kind[p] == ION_LOSS_FOLD || s->found->kind[p] == ION_LOSS_HOPF);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- lanes ---- */

static void blank(const ion_thresholds *found, size_t n)
{
  for (size_t p = 0; p < n; p++) {
    found->kind[p]  = ION_LOSS_NONE;
    found->value[p] = (double)NAN;
    if (found->omega) found->omega[p] = (double)NAN;
    if (found->recovery) found->recovery[p] = (double)NAN;
    if (found->recovery_kind) found->recovery_kind[p] = ION_LOSS_NONE;
    if (found->steps) found->steps[p] = 0;
  }
  for (size_t i = 0; i < found->x.n_row; i++)
    for (size_t p = 0; p < n; p++) ion_row(found->x, i)[p] = (double)NAN;
  for (size_t i = 0; i < found->gradient.n_row; i++)
    for (size_t p = 0; p < n; p++) ion_row(found->gradient, i)[p] = (double)NAN;
}

/* The next point that has a state to start from; n when there is none. */
static size_t next_point(const ion_threshold *s, size_t p, size_t n)
{
  while (p < n && !s->starts[p]) p++;
  return p;
}

/* Eigenvalues at the iterate of a lane, from those found; at a fold all but the one nearest to 0 count. */
static void read_spectrum(ion_threshold *s, size_t lane)
{
  ion_threshold_lane *l   = &s->lane[lane];
  const PetscBool is_fold = (PetscBool)(l->stage == ION_STAGE_FOLD_MET);
  const size_t n          = s->spectrum.count[lane];
  double least            = (double)INFINITY;
  size_t nearest          = 0;

  l->is_unstable = PETSC_FALSE;
  for (size_t i = 0; i < n; i++) {
    const double size = hypot(ion_row(s->spectrum.re, i)[lane], ion_row(s->spectrum.im, i)[lane]);

    if (size < least) nearest = i;
    least = fmin(least, size);
  }
  for (size_t i = 0; i < n; i++)
    if (ion_row(s->spectrum.re, i)[lane] > 0 && !(is_fold && i == nearest))
      l->is_unstable = PETSC_TRUE;
  l->eigen    = s->re[lane];
  l->eigen_im = s->im[lane];
  l->known    = PETSC_TRUE;
}

/* What a lane does after a round: those that wait for their eigenvalues have them now, the others may have arrived. A
 * lane that needs them waits over the next round, whose evaluation is at its iterate. */
static void serve_lane(ion_threshold *s, size_t lane)
{
  ion_tracker *t = &s->tracker;
  ion_track_state state;

  if (s->waits[lane]) {
    read_spectrum(s, lane);
    s->waits[lane] = 0;
    t->busy[lane]  = 1;
  } else {
    if (!t->busy[lane]) return;
    state = ion_tracker_judge(t, lane);
    if (state == ION_TRACK_BUSY) return;
    s->lane[lane].margin_new =
        ion_threshold_margin(s->model, t->theta, &t->work, lane, &s->lane[lane].bound);
    if (state == ION_TRACK_LOST) {
      ion_threshold_lose(s, lane);
      return;
    }
  }
  if (ion_threshold_arrive(s, lane)) return;
  s->waits[lane] = 1;
  t->busy[lane]  = 0;
}

/* One Newton step of the lanes under way, eigenvalues of those that wait, and what follows. */
static PetscErrorCode run_round(ion_threshold *s)
{
  PetscBool is_any = PETSC_FALSE;

  PetscFunctionBegin;
  for (size_t lane = 0; lane < s->tracker.lanes; lane++)
    if (s->waits[lane]) is_any = PETSC_TRUE;
  ion_tracker_evaluate_round(&s->tracker);
  if (is_any)
    PetscCall(ion_spectrum_find(&s->spectrum, s->tracker.prepared, s->tracker.z, &s->tracker.work,
                                s->waits, s->re, s->im, NULL));
  PetscCall(ion_tracker_step(&s->tracker));
  for (size_t lane = 0; lane < s->tracker.lanes; lane++) serve_lane(s, lane);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A lane whose point is finished takes the next one; returns the number at work. */
static size_t refill(ion_threshold *s, size_t *next, size_t n)
{
  ion_tracker *t = &s->tracker;
  size_t at_work = 0;

  for (size_t lane = 0; lane < t->lanes; lane++) {
    if (s->lane[lane].stage == ION_STAGE_DONE) {
      t->busy[lane] = 0;
      if (*next == n) continue;
      ion_threshold_start_lane(s, lane, *next);
      *next = next_point(s, *next + 1, n);
    }
    at_work++;
  }
  return at_work;
}

static PetscErrorCode run_lanes(ion_threshold *s, size_t n)
{
  size_t next = next_point(s, 0, n);

  PetscFunctionBegin;
  for (size_t lane = 0; lane < s->tracker.lanes; lane++) s->lane[lane].stage = ION_STAGE_DONE;
  while (refill(s, &next, n)) PetscCall(run_round(s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_threshold_solve(ion_threshold *s, ion_block theta, const ion_thresholds *found)
{
  const size_t n = theta.n_point;

  PetscFunctionBegin;
  PetscCheck(theta.n_row == s->tracker.n_theta && n <= s->max_batch, PETSC_COMM_SELF,
             PETSC_ERR_ARG_SIZ,
             "%zu parameters of %zu points given; the model has %zu, at most %zu points",
             theta.n_row, n, s->tracker.n_theta, s->max_batch);
  PetscCheck(found && found->status && found->kind && found->value, PETSC_COMM_SELF,
             PETSC_ERR_ARG_NULL, "status, kind and value are always given");
  s->found = found;
  blank(found, n);
  if (!n) PetscFunctionReturn(PETSC_SUCCESS);
  s->theta_start.n_point = s->x_start.n_point = n;
  copy_theta(s, theta);
  PetscCall(find_start(s, n));
  PetscCall(run_lanes(s, n));
  for (size_t i = 0; i < found->x.n_row; i++)
    for (size_t p = 0; p < n; p++)
      if (!isnan(found->value[p])) ion_row(found->x, i)[p] = ion_row(s->z_end, i)[p];
  if (found->gradient.n_row) PetscCall(ion_threshold_gradients(s, n));
  if (!found->recovery || s->range.parameter < 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(find_collapsed(s, n));
  PetscCall(run_lanes(s, n));
  PetscFunctionReturn(PETSC_SUCCESS);
}
