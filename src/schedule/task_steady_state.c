/* solve: steady_state. The steady state that rest leads to, and the ledger's reports of it. */
#include "study_impl.h"

#include <math.h>
#include <string.h>

_Static_assert((int)ION_LEDGER_REACHED_NOT == (int)ION_REACHED_NOT,
               "verdict reads the solver's values");
_Static_assert((int)ION_LEDGER_REACHED_DEPARTED == (int)ION_REACHED_DEPARTED,
               "verdict reads the solver's values");

/* Points without a physiological state, and where their path lost it; made when the first one is met. */
typedef struct {
  ion_threshold *search;
  ion_block theta; /* [n_theta] of those points */
  size_t *point;
  double *at;
  unsigned char *kind, *status;
} departures;

typedef struct {
  ion_outputs *outputs;
  PetscBool is_ready;
  ion_solver *solver;
  ion_block x;
  ion_work work;
  double *eigen_re, *eigen_im;
  unsigned char *reached;
  ion_response *response; /* NULL where no local sensitivity is wanted */
  double *derivative;
  ion_audit *audit; /* [n_process] */
  departures lost;
} steady;

/* ---- what is reported ---- */

/* What the sweep asks for, local sensitivities by the factors included; all there is without a selection. */
static PetscErrorCode open_outputs(ion_study *study, const ion_node *selection)
{
  const size_t n = ion_design_n_factor(study->design);
  steady *s;
  ion_varied *varied;
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCall(PetscNew(&s));
  study->state = s;
  PetscCall(PetscMalloc1(n, &varied));
  for (size_t i = 0; i < n; i++) {
    const ion_factor *factor = ion_design_factor(study->design, i);

    varied[i] = (ion_varied){.name = factor->name, .row = (int)factor->quantity};
  }
  code = selection ? ion_outputs_create_varying(study->model, selection, varied, n, &s->outputs)
                   : ion_outputs_create(study->model, NULL, &s->outputs);
  PetscCall(PetscFree(varied));
  PetscCall(code);
  PetscCall(ion_study_add_outputs(study, s->outputs));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode open_asked(ion_study *study)
{
  PetscFunctionBegin;
  PetscCall(open_outputs(study, study->outputs_node));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode open_all(ion_study *study)
{
  PetscFunctionBegin;
  PetscCall(open_outputs(study, NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode close_task(ion_study *study)
{
  steady *s = study->state;

  PetscFunctionBegin;
  if (!s) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFree3(s->eigen_re, s->eigen_im, s->reached));
  PetscCall(PetscFree(s->audit));
  PetscCall(PetscFree(s->derivative));
  PetscCall(ion_response_destroy(&s->response));
  PetscCall(ion_work_destroy(&s->work));
  PetscCall(ion_block_destroy(&s->x));
  PetscCall(ion_solver_destroy(&s->solver));
  PetscCall(ion_threshold_destroy(&s->lost.search));
  PetscCall(ion_block_destroy(&s->lost.theta));
  PetscCall(PetscFree4(s->lost.point, s->lost.at, s->lost.kind, s->lost.status));
  PetscCall(ion_outputs_destroy(&s->outputs));
  PetscCall(PetscFree(study->state));
  study->audit = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static uint64_t most_points(const ion_study *study)
{
  const steady *s = study->state;

  return ion_outputs_need_eigenvalue(s->outputs) ? 4096 : 65536;
}

/* ---- rows ---- */

static void observe(const void *outputs, ion_block theta, ion_block prepared, const ion_work *work,
                    size_t n_point, ion_block value)
{
  ion_outputs_observe(outputs, theta, prepared, work, n_point, NULL, NULL, NULL, value);
}

/* Room for derivatives by the factors, where local sensitivities are wanted. */
static PetscErrorCode make_response(const ion_study *study, steady *s, const int *varying)
{
  const ion_outputs *few = ion_outputs_differentiated(s->outputs);
  const size_t n         = ion_design_n_factor(study->design);

  PetscFunctionBegin;
  if (!few) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ion_response_create(study->model, varying, n, observe, few, ion_outputs_count(few),
                                &s->response));
  PetscCall(PetscMalloc1(ion_outputs_count(few) * n, &s->derivative));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode prepare(ion_study *study)
{
  steady *s              = study->state;
  const ion_model *model = study->model;
  const size_t n         = ION_STUDY_BATCH;
  int *varying;

  PetscFunctionBegin;
  if (s->is_ready) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ion_study_varying(study, &varying));
  PetscCall(ion_solver_create(model, varying, ion_design_n_factor(study->design), n, &s->solver));
  ion_solver_set_for_class(s->solver, (PetscBool)!ion_outputs_show_eigenvalue(s->outputs));
  PetscCall(make_response(study, s, varying));
  PetscCall(PetscFree(varying));
  PetscCall(PetscCalloc1(ion_model_network(model)->n_process, &s->audit));
  PetscCall(ion_block_create(ion_model_n_state(model), n, &s->x));
  PetscCall(ion_work_create(model, ION_STUDY_TILE, &s->work));
  PetscCall(PetscCalloc3(n, &s->eigen_re, n, &s->eigen_im, n, &s->reached));
  study->audit = s->audit;
  s->is_ready  = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- points ---- */

/* NaN in every output of a point without a state; its class says so. */
static void blank_failures(const ion_outputs *outputs, size_t n, const unsigned char *status,
                           ion_block data)
{
  for (size_t i = 0; i < ion_outputs_count(outputs); i++) {
    double *y = ion_row(data, i);

    if (ion_outputs_at(outputs, i)->flags) continue;
    for (size_t p = 0; p < n; p++)
      if (status[p] != ION_OK) y[p] = (double)NAN;
  }
}

/* Report points `done` ... of the batch in hand. */
static void report_tile(const ion_study *study, uint64_t first, size_t done, size_t n,
                        ion_block all, const unsigned char *status, ion_block data)
{
  steady *s                = study->state;
  const PetscBool eigen    = ion_outputs_need_eigenvalue(s->outputs);
  const ion_block theta    = ion_points_from(all, done, n);
  const ion_block prepared = ion_points_from(ion_solver_prepared(s->solver), done, n);

  ion_model_evaluate(study->model, prepared, ion_points_from(s->x, done, n), n,
                     ION_RESIDUAL | ION_AFFINITY, &s->work);
  ion_outputs_observe(s->outputs, theta, prepared, &s->work, n, s->reached + done,
                      eigen ? s->eigen_re + done : NULL, eigen ? s->eigen_im + done : NULL,
                      ion_points_from(data, done, n));
  ion_ledger_audit(study->model, prepared, &s->work, n, status + done, first + done, s->audit);
}

/* Derivatives by the factors at every point with a state. */
static PetscErrorCode report_sensitivities(const steady *s, ion_block theta, ion_block x,
                                           const unsigned char *status, ion_block data)
{
  PetscFunctionBegin;
  for (size_t p = 0; s->response && p < theta.n_point; p++) {
    if (status[p] != ION_OK) continue;
    PetscCall(ion_response_derivatives(s->response, theta, x, p, s->derivative));
    ion_outputs_put_sensitivities(s->outputs, theta, p, ion_response_value(s->response),
                                  s->derivative, data);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode make_departures(const ion_study *study, departures *d)
{
  const ion_threshold_range path = {.parameter = -1};
  const size_t n                 = ION_STUDY_BATCH;
  size_t n_theta;
  int *varying;

  PetscFunctionBegin;
  if (d->search) PetscFunctionReturn(PETSC_SUCCESS);
  ion_model_quantities(study->model, NULL, &n_theta);
  PetscCall(ion_study_varying(study, &varying));
  PetscCall(ion_threshold_create(study->model, varying, ion_design_n_factor(study->design), NULL,
                                 &path, n, &d->search));
  PetscCall(PetscFree(varying));
  PetscCall(ion_block_create(n_theta, n, &d->theta));
  PetscCall(PetscCalloc4(n, &d->point, n, &d->at, n, &d->kind, n, &d->status));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Why points are not physiological: where the branch from rest folds or loses stability on the way to them. */
static PetscErrorCode report_departures(const ion_study *study, steady *s, ion_block theta,
                                        const unsigned char *status, ion_block data)
{
  departures *d = &s->lost;
  size_t n      = 0;

  PetscFunctionBegin;
  for (size_t p = 0; p < theta.n_point; p++) {
    const PetscBool is_lost = (PetscBool)(status[p] == ION_NO_STATE_FOUND || s->eigen_re[p] > 0 ||
                                          s->reached[p] == ION_REACHED_DEPARTED);

    if (!is_lost) continue;
    PetscCall(make_departures(study, d));
    for (size_t k = 0; k < theta.n_row; k++) ion_row(d->theta, k)[n] = ion_row(theta, k)[p];
    d->point[n++] = p;
  }
  if (!n) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(
      ion_threshold_solve(d->search, ion_points_from(d->theta, 0, n),
                          &(ion_thresholds){.status = d->status, .kind = d->kind, .value = d->at}));
  ion_outputs_put_departures(s->outputs, n, d->point, d->at, d->kind, data);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode solve(ion_study *study, uint64_t first, ion_block theta, ion_block data,
                            unsigned char *status)
{
  steady *s                 = study->state;
  const PetscBool eigen     = ion_outputs_need_eigenvalue(s->outputs);
  const size_t n            = theta.n_point;
  const ion_block x         = ion_points_from(s->x, 0, n);
  const ion_verdict verdict = {.status   = status,
                               .reached  = s->reached,
                               .eigen_re = eigen ? s->eigen_re : NULL,
                               .eigen_im = eigen ? s->eigen_im : NULL};

  PetscFunctionBegin;
  PetscCall(ion_solve_steady(s->solver, theta, x, &verdict));
  for (size_t done = 0; done < n; done += ION_STUDY_TILE)
    report_tile(study, first, done, PetscMin((size_t)ION_STUDY_TILE, n - done), theta, status,
                data);
  PetscCall(report_sensitivities(s, theta, x, status, data));
  blank_failures(s->outputs, n, status, data);
  if (ion_outputs_need_departure(s->outputs))
    PetscCall(report_departures(study, s, theta, status, data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

const study_task ion_task_steady_state = {.word        = "steady_state",
                                          .summary     = "Steady states",
                                          .open        = open_asked,
                                          .open_all    = open_all,
                                          .close       = close_task,
                                          .most_points = most_points,
                                          .prepare     = prepare,
                                          .solve       = solve};
