/* Points of a study: parameters, steady states and reports, batch by batch. */
#include "study_impl.h"

#include <math.h>
#include <string.h>

_Static_assert((int)ION_LEDGER_REACHED_NOT == (int)ION_REACHED_NOT,
               "verdict reads the solver's values");
_Static_assert((int)ION_LEDGER_REACHED_DEPARTED == (int)ION_REACHED_DEPARTED,
               "verdict reads the solver's values");

/* The first n points of a block. */
static ion_block first_points(ion_block block, size_t n)
{
  block.n_point = n;
  return block;
}

/* Points first, first + 1, ... of a block; `first` is a multiple of ION_PAD. */
static ion_block points_from(ion_block block, size_t first, size_t n)
{
  block.data += first;
  block.n_point = n;
  return block;
}

/* ---- rows ---- */

static PetscErrorCode make_solver(ion_study *study)
{
  const size_t n = ion_design_n_factor(study->design);
  int *varying;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n + 1, &varying));
  for (size_t i = 0; i < n; i++) varying[i] = (int)ion_design_factor(study->design, i)->quantity;
  PetscCall(ion_solver_create(study->model, varying, n, ION_STUDY_BATCH, &study->rows.solver));
  PetscCall(PetscFree(varying));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void observe(const void *outputs, ion_block theta, ion_block prepared, const ion_work *work,
                    size_t n_point, ion_block value)
{
  ion_outputs_observe(outputs, theta, prepared, work, n_point, NULL, NULL, NULL, value);
}

/* Room for derivatives by the factors, where local sensitivities are wanted. */
static PetscErrorCode make_response(ion_study *study)
{
  const ion_outputs *few = ion_outputs_differentiated(study->outputs);
  const size_t n         = ion_design_n_factor(study->design);
  int *row;

  PetscFunctionBegin;
  if (!few) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscMalloc1(n, &row));
  for (size_t i = 0; i < n; i++) row[i] = (int)ion_design_factor(study->design, i)->quantity;
  PetscCall(ion_response_create(study->model, row, n, observe, few, ion_outputs_count(few),
                                &study->rows.response));
  PetscCall(PetscFree(row));
  PetscCall(PetscMalloc1(ion_outputs_count(few) * n, &study->rows.derivative));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode make_ranges(ion_study *study)
{
  const size_t n = ion_outputs_count(study->outputs) + 1;

  PetscFunctionBegin;
  if (study->rows.range) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscMalloc1(n, &study->rows.range));
  for (size_t i = 0; i < n; i++)
    study->rows.range[i] = (ion_range){.lower = (double)NAN, .upper = (double)NAN};
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode make_rows(ion_study *study)
{
  study_rows *rows       = &study->rows;
  const ion_model *model = study->model;
  const size_t n         = ION_STUDY_BATCH;
  size_t n_quantity, n_theta;

  PetscFunctionBegin;
  if (rows->is_ready) PetscFunctionReturn(PETSC_SUCCESS);
  ion_model_quantities(model, &n_quantity, &n_theta);
  PetscCall(make_solver(study));
  PetscCall(make_response(study));
  PetscCall(PetscCalloc1(ion_model_network(model)->n_process, &rows->audit));
  PetscCall(ion_block_create(n_theta, n, &rows->theta));
  PetscCall(ion_block_create(ion_design_n_factor(study->design) + 1, n, &rows->factors));
  PetscCall(ion_block_create(ion_model_n_state(model), n, &rows->x));
  PetscCall(ion_work_create(model, ION_STUDY_TILE, &rows->work));
  PetscCall(PetscCalloc3(n, &rows->eigen_re, n, &rows->eigen_im, n, &rows->reached));
  ion_model_default_theta(model, rows->theta);
  rows->is_ready = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_study_free_rows(ion_study *study)
{
  study_rows *rows = &study->rows;

  PetscFunctionBegin;
  PetscCall(PetscFree3(rows->eigen_re, rows->eigen_im, rows->reached));
  PetscCall(PetscFree(rows->range));
  PetscCall(PetscFree(rows->audit));
  PetscCall(PetscFree(rows->derivative));
  PetscCall(ion_response_destroy(&rows->response));
  PetscCall(ion_work_destroy(&rows->work));
  PetscCall(ion_block_destroy(&rows->x));
  PetscCall(ion_block_destroy(&rows->factors));
  PetscCall(ion_block_destroy(&rows->theta));
  PetscCall(ion_solver_destroy(&rows->solver));
  *rows = (study_rows){0};
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- parameters ---- */

/* Write the factors of points first ... over the model's own values. */
static PetscErrorCode write_factors(ion_study *study, uint64_t first, size_t n, ion_block theta)
{
  const ion_block factors = first_points(study->rows.factors, n);

  PetscFunctionBegin;
  PetscCall(ion_design_points(study->design, first, n, factors));
  for (size_t i = 0; i < ion_design_n_factor(study->design); i++)
    memcpy(ion_row(theta, ion_design_factor(study->design, i)->quantity), ion_row(factors, i),
           n * sizeof(double));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_study_theta(ion_study *study, uint64_t first, size_t n_point, ion_block theta)
{
  PetscFunctionBegin;
  PetscCall(make_rows(study));
  ion_model_default_theta(study->model, theta);
  for (size_t done = 0; done < n_point; done += ION_STUDY_BATCH) {
    const size_t n = PetscMin((size_t)ION_STUDY_BATCH, n_point - done);

    PetscCall(write_factors(study, first + done, n, points_from(theta, done, n)));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- states ---- */

/* NaN in every output of a point without a state; its class says so. */
static void blank_failures(const ion_outputs *outputs, size_t n, const unsigned char *status,
                           ion_block data)
{
  for (size_t i = 0; i < ion_outputs_count(outputs); i++) {
    double *y = ion_row(data, i);

    if (!strcmp(ion_outputs_at(outputs, i)->name, "class")) continue;
    for (size_t p = 0; p < n; p++)
      if (status[p] != ION_OK) y[p] = (double)NAN;
  }
}

/* Report points `done` ... of the batch in hand. */
static void report_tile(ion_study *study, uint64_t first, size_t done, size_t n, PetscBool eigen,
                        const unsigned char *status, ion_block data)
{
  study_rows *rows         = &study->rows;
  const ion_block theta    = points_from(rows->theta, done, n);
  const ion_block prepared = points_from(ion_solver_prepared(rows->solver), done, n);

  ion_model_evaluate(study->model, prepared, points_from(rows->x, done, n), n,
                     ION_RESIDUAL | ION_AFFINITY, &rows->work);
  ion_outputs_observe(study->outputs, theta, prepared, &rows->work, n, rows->reached + done,
                      eigen ? rows->eigen_re + done : NULL, eigen ? rows->eigen_im + done : NULL,
                      points_from(data, done, n));
  ion_ledger_audit(study->model, prepared, &rows->work, n, status + done, first + done,
                   rows->audit);
}

/* Derivatives by the factors at every point with a state. */
static PetscErrorCode report_sensitivities(ion_study *study, ion_block theta, ion_block x,
                                           const unsigned char *status, ion_block data)
{
  study_rows *rows = &study->rows;

  PetscFunctionBegin;
  for (size_t p = 0; rows->response && p < theta.n_point; p++) {
    if (status[p] != ION_OK) continue;
    PetscCall(ion_response_derivatives(rows->response, theta, x, p, rows->derivative));
    ion_outputs_put_sensitivities(study->outputs, theta, p, ion_response_value(rows->response),
                                  rows->derivative, data);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode solve_batch(ion_study *study, uint64_t first, size_t n, ion_block data,
                                  unsigned char *status)
{
  study_rows *rows      = &study->rows;
  const PetscBool eigen = ion_outputs_need_eigenvalue(study->outputs);
  const ion_block theta = first_points(rows->theta, n), x = first_points(rows->x, n);
  const ion_verdict verdict = {.status   = status,
                               .reached  = rows->reached,
                               .eigen_re = eigen ? rows->eigen_re : NULL,
                               .eigen_im = eigen ? rows->eigen_im : NULL};

  PetscFunctionBegin;
  PetscCall(write_factors(study, first, n, theta));
  PetscCall(ion_solve_steady(rows->solver, theta, x, &verdict));
  for (size_t done = 0; done < n; done += ION_STUDY_TILE)
    report_tile(study, first, done, PetscMin((size_t)ION_STUDY_TILE, n - done), eigen, status,
                data);
  PetscCall(report_sensitivities(study, theta, x, status, data));
  blank_failures(study->outputs, n, status, data);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- ranges ---- */

void ion_range_widen(ion_range *range, double value, uint64_t point)
{
  if (isnan(value)) return;
  if (!(value >= range->lower) || (value == range->lower && point < range->at_lower)) {
    range->lower    = value;
    range->at_lower = point;
  }
  if (!(value <= range->upper) || (value == range->upper && point < range->at_upper)) {
    range->upper    = value;
    range->at_upper = point;
  }
}

/* The first place where a value is met. */
static size_t place_of(double value, const double *y, size_t n)
{
  size_t p = 0;

  while (p < n && !(y[p] <= value && y[p] >= value)) p++;
  return p;
}

/* Widen by n values: their own bounds first, then where these are met if that matters. */
static void widen_row(ion_range *range, const double *y, uint64_t first, size_t n)
{
  double lower = (double)INFINITY, upper = -(double)INFINITY;

#pragma omp simd reduction(min : lower) reduction(max : upper)
  for (size_t p = 0; p < n; p++) {
    lower = y[p] < lower ? y[p] : lower;
    upper = y[p] > upper ? y[p] : upper;
  }
  if (!(lower <= upper)) return;
  if (!(lower > range->lower)) ion_range_widen(range, lower, first + place_of(lower, y, n));
  if (!(upper < range->upper)) ion_range_widen(range, upper, first + place_of(upper, y, n));
}

PetscErrorCode ion_study_widen(ion_study *study, uint64_t first, size_t n_point, ion_block data)
{
  const size_t n_output = ion_outputs_count(study->outputs);
  const double *closure = NULL, *fuel = NULL;
  ion_range *range;

  PetscFunctionBegin;
  PetscCall(make_ranges(study));
  range = study->rows.range;
  for (size_t i = 0; i < n_output; i++) {
    const char *name = ion_outputs_at(study->outputs, i)->name;

    widen_row(&range[i], ion_row(data, i), first, n_point);
    if (!strcmp(name, "total.closure")) closure = ion_row(data, i);
    if (!strcmp(name, "total.fuel_power")) fuel = ion_row(data, i);
  }
  for (size_t p = 0; closure && fuel && p < n_point; p++)
    ion_range_widen(&range[n_output], fabs(closure[p]) / fabs(fuel[p]), first + p);
  PetscFunctionReturn(PETSC_SUCCESS);
}

const ion_audit *ion_study_audit(const ion_study *study)
{
  return study->rows.audit;
}

const ion_range *ion_study_ranges(const ion_study *study)
{
  return study->rows.range;
}

PetscErrorCode ion_study_solve(ion_study *study, uint64_t first, size_t n_point, ion_block data,
                               unsigned char *status)
{
  PetscFunctionBegin;
  PetscCheck(data.n_row >= ion_outputs_count(study->outputs) && data.n_point >= n_point,
             PETSC_COMM_SELF, PETSC_ERR_ARG_SIZ, "data is [%zu][%zu], wanted [%zu][%zu]",
             data.n_row, data.n_point, ion_outputs_count(study->outputs), n_point);
  PetscCall(make_rows(study));
  for (size_t done = 0; done < n_point; done += ION_STUDY_BATCH) {
    const size_t n        = PetscMin((size_t)ION_STUDY_BATCH, n_point - done);
    const ion_block batch = points_from(data, done, n);

    PetscCall(solve_batch(study, first + done, n, batch, status + done));
    PetscCall(ion_study_widen(study, first + done, n, batch));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
