/* solve: time_course. Every point is followed through the schedule; what is met on the way is reported. */
#include "time_course_impl.h"

#include <math.h>
#include <string.h>

enum { MOST_STEPS = 1000000 };

static const double near = 0.1; /* of a steady state: of ln c, ln w and V/(RT_ref/F) */

/* ---- reading ---- */

static PetscErrorCode open_outputs(ion_study *study, const ion_node *selection)
{
  course_task *t;

  PetscFunctionBegin;
  PetscCall(PetscNew(&t));
  study->state = t;
  PetscCall(ion_outputs_create(study->model, NULL, &t->all));
  PetscCall(PetscMalloc1(ion_outputs_count(t->all), &t->observed));
  PetscCall(ion_course_read(study));
  PetscCall(ion_course_choose_outputs(study, selection));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The selection that stands in for one that is not written is that of steady states. */
static PetscErrorCode open_asked(ion_study *study)
{
  PetscFunctionBegin;
  PetscCall(open_outputs(study, study->spare[1] ? NULL : study->outputs_node));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode open_all(ion_study *study)
{
  PetscFunctionBegin;
  PetscCall(open_outputs(study, NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode close_rows(course_task *t)
{
  ion_block *rows[] = {&t->event_time, &t->largest,  &t->smallest, &t->last,
                       &t->x,          &t->x_steady, &t->theta,    &t->class_};

  PetscFunctionBegin;
  for (size_t k = 0; k < ION_COUNT(rows); k++) PetscCall(ion_block_destroy(rows[k]));
  PetscCall(PetscFree4(t->reached, t->direct, t->solved, t->started));
  PetscCall(ion_work_destroy(&t->work));
  PetscCall(ion_course_destroy(&t->course));
  PetscCall(ion_solver_destroy(&t->solver));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode close_task(ion_study *study)
{
  course_task *t = study->state;

  PetscFunctionBegin;
  if (!t) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(close_rows(t));
  for (size_t k = 0; k < t->n_change; k++) {
    PetscCall(PetscFree(t->row[k]));
    PetscCall(PetscFree(t->value[k]));
  }
  PetscCall(PetscFree3(t->change, t->row, t->value));
  PetscCall(PetscFree2(t->event, t->event_name));
  for (size_t i = 0; i < t->n_output; i++) {
    PetscCall(PetscFree(t->output[i].name));
    PetscCall(PetscFree(t->output[i].long_name));
  }
  PetscCall(PetscFree(t->output));
  PetscCall(PetscFree(t->observed));
  PetscCall(ion_outputs_destroy(&t->watched));
  PetscCall(ion_spec_close(&t->watched_text));
  PetscCall(ion_outputs_destroy(&t->verdict));
  PetscCall(ion_spec_close(&t->verdict_text));
  PetscCall(ion_outputs_destroy(&t->all));
  PetscCall(PetscFree(study->state));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static uint64_t most_points(const ion_study *study)
{
  (void)study;
  return 64;
}

/* ---- rows ---- */

static void observe(const void *outputs, ion_block theta, ion_block prepared, const ion_work *work,
                    size_t n_point, ion_block value)
{
  ion_outputs_observe(outputs, theta, prepared, work, n_point, NULL, NULL, NULL, value);
}

ion_protocol ion_course_protocol(const course_task *t)
{
  return (ion_protocol){.until      = t->until,
                        .n_change   = t->n_change,
                        .change     = t->change,
                        .n_event    = t->n_event,
                        .event      = t->event,
                        .observe    = t->watched ? observe : NULL,
                        .context    = t->watched,
                        .n_observed = t->n_observed,
                        .tolerance  = t->tolerance,
                        .ends_with  = t->ends_with,
                        .most_steps = MOST_STEPS};
}

static PetscErrorCode make_course(ion_study *study, size_t n)
{
  course_task *t              = study->state;
  const ion_protocol protocol = ion_course_protocol(t);

  PetscFunctionBegin;
  PetscCall(ion_course_create(study->model, &protocol, n, &t->course));
  PetscCall(ion_block_create(t->n_event, n, &t->event_time));
  PetscCall(ion_block_create(t->n_observed, n, &t->largest));
  PetscCall(ion_block_create(t->n_observed, n, &t->smallest));
  PetscCall(ion_block_create(t->n_observed, n, &t->last));
  PetscCall(ion_block_create(ion_model_n_state(study->model), n, &t->x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A solver for what the design and the schedule change. */
static PetscErrorCode make_solver(ion_study *study, size_t n)
{
  course_task *t = study->state;
  size_t n_all, n_theta, m = 0;
  unsigned char *varies;
  int *row;

  PetscFunctionBegin;
  ion_model_quantities(study->model, &n_all, &n_theta);
  PetscCall(PetscCalloc2(n_theta, &varies, n_theta, &row));
  for (size_t i = 0; i < ion_design_n_factor(study->design); i++)
    varies[ion_design_factor(study->design, i)->quantity] = 1;
  for (size_t k = 0; k < t->n_change; k++)
    for (size_t i = 0; i < t->change[k].n_set; i++) varies[t->change[k].row[i]] = 1;
  for (size_t k = 0; k < n_theta; k++)
    if (varies[k]) row[m++] = (int)k;
  PetscCall(ion_solver_create(study->model, row, m, n, &t->solver));
  PetscCall(PetscFree2(varies, row));
  PetscCall(ion_block_create(n_theta, n, &t->theta));
  PetscCall(ion_block_create(ion_model_n_state(study->model), n, &t->x_steady));
  PetscCall(PetscMalloc4(n, &t->reached, n, &t->direct, n, &t->solved, n, &t->started));
  memset(t->direct, ION_REACHED_DIRECT, n);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode prepare(ion_study *study)
{
  static const char class_word[] = "class";
  course_task *t                 = study->state;
  const size_t n                 = ION_STUDY_BATCH;

  PetscFunctionBegin;
  if (t->is_ready) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(make_course(study, n));
  if (t->from_steady || t->wants_recovery) PetscCall(make_solver(study, n));
  if (t->wants_recovery) {
    PetscCall(ion_spec_parse("outputs", class_word, strlen(class_word), &t->verdict_text));
    PetscCall(ion_outputs_create(study->model, ion_spec_root(t->verdict_text), &t->verdict));
    while (strcmp(ion_outputs_at(t->verdict, t->class_row)->name, class_word) != 0) t->class_row++;
    PetscCall(ion_work_create(study->model, ION_STUDY_TILE, &t->work));
    PetscCall(ion_block_create(ion_outputs_count(t->verdict), n, &t->class_));
  }
  t->is_ready = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- points ---- */

/* Steady states of the parameters at time 0 or at the end. */
static PetscErrorCode solve_steady(course_task *t, ion_block theta, PetscBool at_end)
{
  const ion_block changed   = ion_points_from(t->theta, 0, theta.n_point);
  const ion_verdict verdict = {.status = t->solved, .reached = t->reached};

  PetscFunctionBegin;
  ion_course_theta(t->course, theta, at_end, changed);
  PetscCall(ion_solve_steady(t->solver, changed, ion_points_from(t->x_steady, 0, theta.n_point),
                             &verdict));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The course from rest or from the steady state, which must be there. */
PetscErrorCode ion_course_follow(course_task *t, ion_course *course, ion_block theta,
                                 const ion_course_result *result)
{
  const size_t n        = theta.n_point;
  const ion_block start = ion_points_from(t->x_steady, 0, n);

  PetscFunctionBegin;
  if (t->from_steady) {
    PetscCall(solve_steady(t, theta, PETSC_FALSE));
    memcpy(t->started, t->solved, n);
  }
  PetscCall(ion_course_run(course, theta, t->from_steady ? &start : NULL, result));
  for (size_t p = 0; t->from_steady && p < n; p++)
    if (t->started[p] != ION_OK) result->status[p] = ION_NO_STATE_FOUND;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether the homeostasis bounds hold at the last states. */
static void judge_bounds(const ion_study *study, size_t n)
{
  course_task *t = study->state;

  for (size_t done = 0; done < n; done += ION_STUDY_TILE) {
    const size_t m           = PetscMin((size_t)ION_STUDY_TILE, n - done);
    const ion_block prepared = ion_points_from(ion_solver_prepared(t->solver), done, m);

    ion_model_evaluate(study->model, prepared, ion_points_from(t->x, done, m), m,
                       ION_RESIDUAL | ION_AFFINITY, &t->work);
    ion_outputs_observe(t->verdict, ion_points_from(t->theta, done, m), prepared, &t->work, m,
                        t->direct + done, NULL, NULL, ion_points_from(t->class_, done, m));
  }
}

static PetscBool has_recovered(const course_task *t, size_t p)
{
  const int class_ = (int)ion_row(t->class_, t->class_row)[p];
  double distance  = 0;

  if (class_ != ION_CLASS_PHYSIOLOGICAL || t->solved[p] != ION_OK ||
      t->reached[p] == ION_REACHED_DEPARTED)
    return PETSC_FALSE;
  for (size_t i = 0; i < t->x.n_row; i++)
    distance = fmax(distance, fabs(ion_row(t->x, i)[p] - ion_row(t->x_steady, i)[p]));
  return (PetscBool)(distance <= near);
}

/* NaN where the course was not finished; whether the cell recovered is then unknown. */
static void report(const course_task *t, size_t n, const unsigned char *status, ion_block data)
{
  const ion_block from[] = {
      [COURSE_EVENT]    = t->event_time,
      [COURSE_LARGEST]  = t->largest,
      [COURSE_SMALLEST] = t->smallest,
      [COURSE_LAST]     = t->last,
  };

  for (size_t i = 0; i < t->n_output; i++) {
    const course_output *o = &t->output[i];
    double *y              = ion_row(data, i);

    for (size_t p = 0; p < n; p++)
      if (o->source == COURSE_RECOVERED)
        y[p] = status[p] == ION_OK ? 1 + has_recovered(t, p) : 0;
      else
        y[p] = status[p] == ION_OK ? ion_row(from[o->source], o->from)[p] : (double)NAN;
  }
}

static PetscErrorCode solve(ion_study *study, uint64_t first, ion_block theta, ion_block data,
                            unsigned char *status)
{
  course_task *t                 = study->state;
  const size_t n                 = theta.n_point;
  const ion_course_result result = {.status   = status,
                                    .event    = t->event_time,
                                    .largest  = t->largest,
                                    .smallest = t->smallest,
                                    .last     = t->last,
                                    .x        = t->x};

  PetscFunctionBegin;
  (void)first;
  PetscCall(ion_course_follow(t, t->course, theta, &result));
  if (t->wants_recovery) {
    PetscCall(solve_steady(t, theta, PETSC_TRUE));
    judge_bounds(study, n);
  }
  report(t, n, status, data);
  PetscFunctionReturn(PETSC_SUCCESS);
}

const study_task ion_task_time_course = {.word        = "time_course",
                                         .section     = "time_course",
                                         .summary     = "Time courses",
                                         .open        = open_asked,
                                         .open_all    = open_all,
                                         .close       = close_task,
                                         .canonical   = ion_course_canonical,
                                         .most_points = most_points,
                                         .prepare     = prepare,
                                         .solve       = solve};
