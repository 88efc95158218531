/* Time courses of a batch: each point has its own time, step and end, and the lane of a finished point takes the
 * next one. A point's arithmetic depends on nothing but itself. */
#include "base/vecmath.h"
#include "time_impl.h"

#include <math.h>
#include <string.h>

static const double smallest_step = 1e-13; /* of the time reached, or of 1 ms */
static const double most_growth = 6, least_growth = 0.2, caution = 0.9;

/* ---- segments: from one change of parameters to the next ---- */

static double segment_end(const ion_course *e, size_t l)
{
  return e->segment[l] < e->protocol.n_change ? e->protocol.change[e->segment[l]].at
                                              : e->protocol.until;
}

/* Lanes that take new parameters together. */
typedef struct {
  size_t n, lane[ION_MAX_LANES];
} ion_lane_list;

/* theta [column] of a point's own values with the first n changes made. */
static void make_changes(const ion_course *e, size_t point, size_t n, ion_block theta,
                         size_t column)
{
  const ion_quantity *quantity = ion_model_quantities(e->model, NULL, NULL);

  for (size_t s = 0; s < e->protocol.n_change; s++) {
    const ion_change *c = &e->protocol.change[s];

    for (size_t i = 0; i < c->n_set; i++)
      if (isnan(c->value[i])) ion_row(theta, (size_t)c->row[i])[column] = quantity[c->row[i]].value;
  }
  for (size_t s = 0; s < n; s++) {
    const ion_change *c = &e->protocol.change[s];

    for (size_t i = 0; i < c->n_set; i++)
      ion_row(theta, (size_t)c->row[i])[column] =
          isnan(c->value[i]) ? ion_row(e->all, (size_t)c->row[i])[point] : c->value[i];
  }
}

/* theta of the lanes' points with all changes up to their segment, into the probe's rows. */
static void gather_theta(const ion_course *e, const ion_lane_list *in)
{
  const ion_block to = e->probe.theta;

  for (size_t k = 0; k < e->n_theta; k++)
    for (size_t j = 0; j < in->n; j++)
      ion_row(to, k)[j] = ion_row(e->all, k)[e->point[in->lane[j]]];
  for (size_t j = 0; j < in->n; j++)
    make_changes(e, (size_t)e->point[in->lane[j]], e->segment[in->lane[j]], to, j);
}

static void scatter(ion_block from, const ion_lane_list *in, ion_block to)
{
  for (size_t k = 0; k < from.n_row; k++)
    for (size_t j = 0; j < in->n; j++) ion_row(to, k)[in->lane[j]] = ion_row(from, k)[j];
}

static void fill_up(ion_block rows, size_t n)
{
  for (size_t k = 0; k < rows.n_row; k++)
    for (size_t j = n; j % ION_PAD; j++) ion_row(rows, k)[j] = ion_row(rows, k)[n - 1];
}

/* Parameters of the lanes' new segments. */
static void enter_segments(ion_course *e, const ion_lane_list *in)
{
  ion_block prepared = e->probe.prepared;

  if (!in->n) return;
  gather_theta(e, in);
  fill_up(e->probe.theta, in->n);
  prepared.n_point = in->n;
  ion_model_prepare(e->model, e->probe.theta, prepared);
  scatter(e->probe.theta, in, e->theta);
  scatter(prepared, in, e->prepared);
  for (size_t j = 0; j < in->n; j++) e->state[in->lane[j]] = ION_LANE_ENTERS;
}

/* States at time 0 of lanes that take a new point; their parameters are still in the probe's rows. */
static void put_in(ion_course *e, const ion_lane_list *in)
{
  const ion_block x = {e->stage.data, e->n_state, in->n, e->stage.stride};
  double start[ION_MAX_STATE];

  if (!in->n) return;
  for (size_t j = 0; j < in->n; j++) {
    if (!e->start) ion_model_start(e->model, e->probe.theta, j, start);
    for (size_t i = 0; i < e->n_state; i++)
      ion_row(x, i)[j] = e->start ? ion_row(*e->start, i)[e->point[in->lane[j]]] : start[i];
  }
  fill_up(x, in->n);
  ion_motion_start(e->motion, e->probe.prepared, x, (in->n + ION_PAD - 1) / ION_PAD * ION_PAD,
                   &e->probe.work, e->probe.y);
  scatter(e->probe.y, in, e->y);
}

/* ---- lanes ---- */

/* Changes at time 0 are made before the start. */
static void take_point(ion_course *e, size_t l)
{
  e->point[l]   = (ptrdiff_t)e->next++;
  e->segment[l] = e->sample[l] = 0;
  while (segment_end(e, l) <= 0) e->segment[l]++;
  e->t[l] = e->t_old[l] = 0;
  e->accepted[l] = e->refused[l] = 0;
}

/* Whether a point has come to its end: the last time, or the event that ends it. */
static PetscBool has_ended(const ion_course *e, size_t l)
{
  const int last = e->protocol.ends_with;

  if (e->point[l] < 0) return PETSC_FALSE;
  return (PetscBool)(e->t[l] >= e->protocol.until ||
                     (last >= 0 && !isnan(ion_row(e->result->event, (size_t)last)[e->point[l]])));
}

/* Hand over what became of a point. */
static void give_point(ion_course *e, size_t l, ion_status status)
{
  const ion_course_result *r = e->result;
  const size_t p             = (size_t)e->point[l];

  r->status[p] = (unsigned char)status;
  if (r->steps) r->steps[p] = e->accepted[l];
  if (r->refused) r->refused[p] = e->refused[l];
  for (size_t i = 0; i < r->last.n_row; i++)
    ion_row(r->last, i)[p] = status == ION_OK ? ion_row(e->now, i)[l] : (double)NAN;
  e->point[l] = -1;
  e->state[l] = ION_LANE_IDLE;
}

static void hand_over_states(const ion_course *e)
{
  const ion_block x = {e->stage.data, e->n_state, e->lanes, e->stage.stride};
  PetscBool wanted  = PETSC_FALSE;

  for (size_t l = 0; l < e->lanes; l++)
    if (has_ended(e, l)) wanted = PETSC_TRUE;
  if (!wanted || !e->result->x.n_row) return;
  ion_motion_steady_unknowns(e->motion, &e->work, e->y, e->lanes, x);
  for (size_t i = 0; i < e->n_state; i++)
    for (size_t l = 0; l < e->lanes; l++)
      if (has_ended(e, l)) ion_row(e->result->x, i)[e->point[l]] = ion_row(x, i)[l];
}

/* A lane whose point has ended, or may not go on, gives it up. */
static void judge_lane(ion_course *e, size_t l)
{
  const size_t spent = (size_t)(e->accepted[l] + e->refused[l]);
  const double least = smallest_step * (e->t[l] > 1e-3 ? e->t[l] : 1e-3);

  if (has_ended(e, l))
    give_point(e, l, ION_OK);
  else if (e->state[l] == ION_LANE_REFUSED && !(e->h[l] > least))
    give_point(e, l, isfinite(e->error[l]) ? ION_NO_STATE_FOUND : ION_DOMAIN_ERROR);
  else if (spent >= e->protocol.most_steps)
    give_point(e, l, ION_NO_STATE_FOUND);
}

/* After a look at all lanes: points that end leave, others take their lanes, and lanes at the end of a
 * segment take its parameters. Returns the number of busy lanes. */
static size_t exchange(ion_course *e)
{
  ion_lane_list points = {.n = 0}, segments = {.n = 0};
  size_t busy = 0;

  hand_over_states(e);
  for (size_t l = 0; l < e->lanes; l++) {
    if (e->point[l] >= 0) judge_lane(e, l);
    if (e->point[l] < 0 && e->next < e->all.n_point) {
      take_point(e, l);
      points.lane[points.n++] = l;
    } else if (e->point[l] >= 0 && e->t[l] >= segment_end(e, l)) {
      while (e->t[l] >= segment_end(e, l)) e->segment[l]++;
      segments.lane[segments.n++] = l;
    }
    busy += e->point[l] >= 0;
  }
  enter_segments(e, &segments);
  enter_segments(e, &points);
  put_in(e, &points);
  return busy;
}

static void move_rows(ion_block rows, size_t from, size_t to)
{
  for (size_t i = 0; i < rows.n_row; i++) ion_row(rows, i)[to] = ion_row(rows, i)[from];
}

/* All that a lane knows between two steps. */
static void move_lane(ion_course *e, size_t from, size_t to)
{
  const ion_block rows[] = {e->theta, e->prepared, e->y, e->y_old, e->cont, e->before};

  for (size_t k = 0; k < ION_COUNT(rows); k++) move_rows(rows[k], from, to);
  e->point[to]      = e->point[from];
  e->state[to]      = e->state[from];
  e->segment[to]    = e->segment[from];
  e->sample[to]     = e->sample[from];
  e->t[to]          = e->t[from];
  e->t_old[to]      = e->t_old[from];
  e->h[to]          = e->h[from];
  e->h_last[to]     = e->h_last[from];
  e->error[to]      = e->error[from];
  e->error_last[to] = e->error_last[from];
  e->accepted[to]   = e->accepted[from];
  e->refused[to]    = e->refused[from];
  e->point[from]    = -1;
  e->state[from]    = ION_LANE_IDLE;
}

/* Once no point is left to take, the busy lanes move together and whole vectors of idle ones are dropped. */
static void close_ranks(ion_course *e, size_t busy)
{
  const size_t wanted = (busy + ION_PAD - 1) / ION_PAD * ION_PAD;
  size_t idle         = 0;

  if (e->next < e->all.n_point || !busy || wanted >= e->lanes) return;
  for (size_t l = wanted; l < e->lanes; l++) {
    if (e->point[l] < 0) continue;
    while (e->point[idle] >= 0) idle++;
    move_lane(e, l, idle);
  }
  e->lanes = wanted;
}

/* ---- steps ---- */

/* Whether the lane takes a step: it has a point, whose state has been evaluated. */
static PetscBool steps(const ion_course *e, size_t l)
{
  return (PetscBool)(e->state[l] != ION_LANE_IDLE && e->state[l] != ION_LANE_ENTERS);
}

/* A first step that moves no unknown by more than about the third root of the tolerance. */
static void start_steps(ion_course *e)
{
  const double far = 0.1 * sqrt(sqrt(e->protocol.tolerance));

  for (size_t l = 0; l < e->lanes; l++) {
    double fastest = 1;

    if (e->state[l] != ION_LANE_FRESH) continue;
    for (size_t i = 0; i < e->n; i++)
      if (e->diagonal[i] >= 0) fastest = fmax(fastest, fabs(ion_row(e->work.F, i)[l]));
    e->h[l] = far / fastest;
  }
}

/* The step in hand ends where the segment does, and leaves no splinter before it. */
static void cut_steps(ion_course *e)
{
  for (size_t l = 0; l < e->lanes; l++) {
    const double left = steps(e, l) ? segment_end(e, l) - e->t[l] : 1;
    const double h    = steps(e, l) ? e->h[l] : 1;

    e->taken[l] = 1.01 * h >= left ? left : 2 * h > left ? 0.5 * left : h;
  }
}

/* Of a step by its error over the tolerance, which goes with the fourth power of the step. */
static double growth(double error)
{
  const double factor = caution / sqrt(sqrt(error));

  return factor < most_growth ? (factor > least_growth ? factor : least_growth) : most_growth;
}

/* The next step expects the error to go on changing as it did over the last two (Gustafsson 1994, ACM Trans
 * Math Softw 20:496). */
static double predicted_growth(const ion_course *e, size_t l, double error)
{
  const double plain = growth(error);
  const double trend = e->taken[l] / e->h_last[l] * growth(error * error / e->error_last[l]);

  return e->state[l] == ION_LANE_FRESH || !e->accepted[l] ? plain : fmin(plain, trend);
}

static void accept_lane(ion_course *e, size_t l)
{
  const double end       = segment_end(e, l);
  const PetscBool at_end = (PetscBool)(e->taken[l] >= end - e->t[l]);
  const double error     = fmax(e->error[l] / e->protocol.tolerance, 1e-3);
  const double factor    = predicted_growth(e, l, error);

  e->t_old[l]      = e->t[l];
  e->t[l]          = at_end ? end : e->t[l] + e->taken[l];
  e->h_last[l]     = e->taken[l];
  e->error_last[l] = error;
  e->h[l]          = e->taken[l] * (e->state[l] == ION_LANE_REFUSED ? fmin(1, factor) : factor);
  e->state[l]      = ION_LANE_ARRIVED;
  e->accepted[l]++;
}

static void refuse_lane(ion_course *e, size_t l)
{
  const double error = e->error[l] / e->protocol.tolerance;

  e->h[l]     = e->taken[l] * (isfinite(error) ? fmin(growth(error), caution) : least_growth);
  e->state[l] = ION_LANE_REFUSED;
  e->refused[l]++;
}

/* Accept or refuse each step; a refused one is taken back. */
static void judge_steps(ion_course *e)
{
  double keep[ION_MAX_LANES];

  for (size_t l = 0; l < e->lanes; l++) {
    keep[l] = steps(e, l) && e->error[l] <= e->protocol.tolerance;
    if (!steps(e, l)) continue;
    if (keep[l] != 0)
      accept_lane(e, l);
    else
      refuse_lane(e, l);
  }
  for (size_t i = 0; i < e->n; i++) {
    double *restrict y = ion_row(e->y, i), *restrict old = ion_row(e->y_old, i);

#pragma omp simd
    for (size_t l = 0; l < e->lanes; l++) y[l] = keep[l] != 0 ? y[l] : old[l];
  }
}

/* ---- the batch ---- */

void ion_course_theta(ion_course *e, ion_block theta, PetscBool at_end, ion_block changed)
{
  size_t n = 0;

  while (n < e->protocol.n_change && (at_end || e->protocol.change[n].at <= 0)) n++;
  e->all = theta;
  for (size_t k = 0; k < e->n_theta; k++)
    memcpy(ion_row(changed, k), ion_row(theta, k), theta.n_point * sizeof(double));
  for (size_t p = 0; p < theta.n_point; p++) make_changes(e, p, n, changed, p);
}

static void fill_row(ion_block rows, size_t n, double value)
{
  for (size_t i = 0; i < rows.n_row; i++)
    for (size_t p = 0; p < n; p++) ion_row(rows, i)[p] = value;
}

static PetscErrorCode check_shapes(const ion_course *e, ion_block theta, const ion_block *start,
                                   const ion_course_result *r)
{
  const size_t n_trace = ion_course_n_sample(e) * e->protocol.n_observed;

  PetscFunctionBegin;
  PetscCheck(theta.n_row == e->n_theta && (!start || start->n_row == e->n_state), PETSC_COMM_SELF,
             PETSC_ERR_ARG_SIZ, "%zu parameters given, the model has %zu", theta.n_row, e->n_theta);
  PetscCheck(theta.n_point <= e->max_batch, PETSC_COMM_SELF, PETSC_ERR_ARG_SIZ,
             "%zu points given; at most %zu", theta.n_point, e->max_batch);
  PetscCheck(r->status && r->event.n_row == e->protocol.n_event &&
                 (!r->last.n_row || r->last.n_row == e->protocol.n_observed) &&
                 (!r->largest.n_row || r->largest.n_row == e->protocol.n_observed) &&
                 (!r->smallest.n_row || r->smallest.n_row == e->protocol.n_observed) &&
                 (!r->x.n_row || r->x.n_row == e->n_state) &&
                 (!r->trace.n_row || r->trace.n_row == n_trace),
             PETSC_COMM_SELF, PETSC_ERR_ARG_SIZ,
             "rows of the result are not those of the protocol");
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void begin(ion_course *e, ion_block theta, const ion_block *start,
                  const ion_course_result *result)
{
  const size_t n = theta.n_point;

  e->all    = theta;
  e->start  = start;
  e->result = result;
  e->next   = 0;
  e->lanes  = e->room;
  fill_row(result->event, n, (double)NAN);
  fill_row(result->largest, n, (double)NAN);
  fill_row(result->smallest, n, (double)NAN);
  fill_row(result->last, n, (double)NAN);
  fill_row(result->x, n, (double)NAN);
  fill_row(result->trace, n, (double)NAN);
  for (size_t l = 0; l < e->lanes; l++) {
    e->point[l] = -1;
    e->state[l] = ION_LANE_IDLE;
    e->t[l] = e->t_old[l] = e->h[l] = 0;
  }
}

/* Lanes that no point has ever taken repeat the first. */
static void fill_idle(ion_course *e)
{
  const ion_block rows[] = {e->theta, e->prepared, e->y};

  for (size_t l = 1; l < e->lanes; l++) {
    if (e->point[l] >= 0) continue;
    for (size_t b = 0; b < ION_COUNT(rows); b++)
      for (size_t i = 0; i < rows[b].n_row; i++) ion_row(rows[b], i)[l] = ion_row(rows[b], i)[0];
  }
}

PetscErrorCode ion_course_run(ion_course *e, ion_block theta, const ion_block *start,
                              const ion_course_result *result)
{
  const unsigned what =
      ION_RESIDUAL | ION_JACOBIAN | ION_CLOSE | (e->protocol.n_observed ? ION_AFFINITY : 0u);
  size_t busy;

  PetscFunctionBegin;
  PetscCall(check_shapes(e, theta, start, result));
  if (!theta.n_point) PetscFunctionReturn(PETSC_SUCCESS);
  begin(e, theta, start, result);
  busy = exchange(e);
  fill_idle(e);
  while (busy) {
    ion_motion_evaluate(e->motion, e->prepared, e->y, e->lanes, what, &e->work);
    for (size_t l = 0; l < e->lanes; l++)
      if (e->state[l] == ION_LANE_ENTERS) e->state[l] = ION_LANE_FRESH;
    ion_course_watch(e);
    start_steps(e);
    busy = exchange(e);
    cut_steps(e);
    ion_course_try(e);
    judge_steps(e);
    close_ranks(e, busy);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
