/* Points of a study: parameters batch by batch, handed to the task; ranges of what it reports. */
#include "study_impl.h"

#include <math.h>
#include <string.h>

/* ---- rows ---- */

PetscErrorCode ion_study_make_ranges(ion_study *study)
{
  const size_t n = study->n_output + 1;

  PetscFunctionBegin;
  if (study->rows.range) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscMalloc1(n, &study->rows.range));
  for (size_t i = 0; i < n; i++)
    study->rows.range[i] = (ion_range){.lower = (double)NAN, .upper = (double)NAN};
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Every point as the model or function stands. */
static void default_theta(const ion_study *study, ion_block theta)
{
  if (study->model) ion_model_default_theta(study->model, theta);
  for (size_t j = 0; j < (study->function ? study->n_input : 0); j++)
    for (size_t p = 0; p < theta.n_point; p++) ion_row(theta, j)[p] = study->input[j].value;
}

PetscErrorCode ion_study_make_rows(ion_study *study)
{
  study_rows *rows = &study->rows;
  const size_t n   = ION_STUDY_BATCH;
  size_t n_quantity, n_theta;

  PetscFunctionBegin;
  if (rows->is_ready) PetscFunctionReturn(PETSC_SUCCESS);
  ion_study_quantities(study, &n_quantity, &n_theta);
  PetscCall(study->task->prepare(study));
  PetscCall(ion_block_create(n_theta, n, &rows->theta));
  PetscCall(ion_block_create(ion_design_n_factor(study->design) + 1, n, &rows->factors));
  default_theta(study, rows->theta);
  rows->is_ready = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_study_free_rows(ion_study *study)
{
  study_rows *rows = &study->rows;

  PetscFunctionBegin;
  PetscCall(PetscFree(rows->range));
  PetscCall(ion_block_destroy(&rows->factors));
  PetscCall(ion_block_destroy(&rows->theta));
  *rows = (study_rows){0};
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- parameters ---- */

/* Write the factors of points first ... over the model's own values. */
static PetscErrorCode write_factors(ion_study *study, uint64_t first, size_t n, ion_block theta)
{
  const ion_block factors = ion_points_from(study->rows.factors, 0, n);

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
  PetscCall(ion_study_make_rows(study));
  default_theta(study, theta);
  for (size_t done = 0; done < n_point; done += ION_STUDY_BATCH) {
    const size_t n = PetscMin((size_t)ION_STUDY_BATCH, n_point - done);

    PetscCall(write_factors(study, first + done, n, ion_points_from(theta, done, n)));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_study_varying(const ion_study *study, int **row)
{
  const size_t n = ion_design_n_factor(study->design);

  PetscFunctionBegin;
  PetscCall(PetscCalloc1(n + 1, row));
  for (size_t i = 0; i < n; i++) (*row)[i] = (int)ion_design_factor(study->design, i)->quantity;
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
  const size_t n_output = study->n_output;
  const double *closure = NULL, *fuel = NULL;
  ion_range *range;

  PetscFunctionBegin;
  PetscCall(ion_study_make_ranges(study));
  range = study->rows.range;
  for (size_t i = 0; i < n_output; i++) {
    const char *name = study->output[i]->name;

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
  return study->audit;
}

const ion_range *ion_study_ranges(const ion_study *study)
{
  return study->rows.range;
}

PetscErrorCode ion_study_solve(ion_study *study, uint64_t first, size_t n_point, ion_block data,
                               unsigned char *status)
{
  PetscFunctionBegin;
  PetscCheck(data.n_row >= study->n_output && data.n_point >= n_point, PETSC_COMM_SELF,
             PETSC_ERR_ARG_SIZ, "data is [%zu][%zu], wanted [%zu][%zu]", data.n_row, data.n_point,
             study->n_output, n_point);
  PetscCall(ion_study_make_rows(study));
  for (size_t done = 0; done < n_point; done += ION_STUDY_BATCH) {
    const size_t n        = PetscMin((size_t)ION_STUDY_BATCH, n_point - done);
    const ion_block batch = ion_points_from(data, done, n);
    const ion_block theta = ion_points_from(study->rows.theta, 0, n);

    PetscCall(write_factors(study, first + done, n, theta));
    PetscCall(study->task->solve(study, first + done, theta, batch, status + done));
    PetscCall(ion_study_widen(study, first + done, n, batch));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The audit of a batch knows its points by their places in it, counted from ELSEWHERE on. */
#define ELSEWHERE ION_MAX_POINTS

static void name_audited(ion_study *study, const uint64_t *point)
{
  for (size_t r = 0; study->audit && r < ion_model_network(study->model)->n_process; r++) {
    ion_audit *audit = &study->audit[r];

    if (audit->at_worst >= ELSEWHERE) audit->at_worst = point[audit->at_worst - ELSEWHERE];
  }
}

PetscErrorCode ion_study_solve_reference(ion_study *study, ion_block data, unsigned char *status)
{
  const uint64_t first = 0; /* where an audit finds it */

  PetscFunctionBegin;
  PetscCall(ion_study_make_rows(study));
  default_theta(study, ion_points_from(study->rows.theta, 0, 1));
  PetscCall(study->task->solve(study, ELSEWHERE, ion_points_from(study->rows.theta, 0, 1),
                               ion_points_from(data, 0, 1), status));
  name_audited(study, &first);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_study_solve_points(ion_study *study, const uint64_t *point, size_t n_point,
                                      ion_block data, unsigned char *status)
{
  PetscFunctionBegin;
  PetscCall(ion_study_make_rows(study));
  for (size_t done = 0; done < n_point; done += ION_STUDY_BATCH) {
    const size_t n        = PetscMin((size_t)ION_STUDY_BATCH, n_point - done);
    const ion_block batch = ion_points_from(data, done, n);
    const ion_block theta = ion_points_from(study->rows.theta, 0, n);

    for (size_t p = 0; p < n; p++)
      PetscCall(write_factors(study, point[done + p], 1, ion_points_from(theta, p, 1)));
    PetscCall(study->task->solve(study, ELSEWHERE, theta, batch, status + done));
    name_audited(study, point + done);
    for (size_t p = 0; p < n; p++)
      PetscCall(ion_study_widen(study, point[done + p], 1, ion_points_from(batch, p, 1)));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
