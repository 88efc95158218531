/* The matrix of a linearly implicit Euler step, (J - M/dt) y = F. M = dn/dx of the pools that the rows
 * balance, n = c w: a time derivative couples ln c with ln w, places dF/dx itself need not have. */
#include "solver_impl.h"

#include <string.h>

/* The volume that a row's pool is diluted by: unknown of ln w, or -1. */
static int diluting_volume(const ion_solver *solver, size_t i)
{
  const ion_network *n = ion_model_network(solver->model);

  for (size_t q = 0; q < n->n_pool; q++)
    if (n->pool[q].x == (int)i && ion_model_is_logarithm(solver->model, i))
      return n->compartment[n->pool[q].compartment].x_w;
  return -1;
}

static int find_entry(const ion_pattern *pattern, size_t i, int col)
{
  for (int k = pattern->start[i]; k < pattern->start[i + 1]; k++)
    if (pattern->col[k] == col) return k;
  return -1;
}

/* Entries of the model keep their number; those that M adds are numbered behind them. `relaxed` lists the
 * entries row by row, `relaxed_slot` the number of each. */
static PetscErrorCode extend_pattern(ion_solver *solver)
{
  const ion_pattern *model = ion_model_pattern(solver->model);
  const size_t most        = model->n_nonzero + 2 * model->n;
  size_t n = 0, n_new = 0;

  PetscFunctionBegin;
  PetscCall(PetscMalloc3(model->n + 1, &solver->relaxed_start, most, &solver->relaxed_col, most,
                         &solver->relaxed_slot));
  for (size_t i = 0; i < model->n; i++) {
    const int wanted[] = {(int)i, diluting_volume(solver, i)};

    solver->relaxed_start[i] = (int)n;
    for (int k = model->start[i]; k < model->start[i + 1]; k++, n++) {
      solver->relaxed_col[n]  = model->col[k];
      solver->relaxed_slot[n] = k;
    }
    for (int w = 0; w < 2; w++) {
      if (wanted[w] < 0 || find_entry(model, i, wanted[w]) >= 0) continue;
      solver->relaxed_col[n]    = wanted[w];
      solver->relaxed_slot[n++] = (int)(model->n_nonzero + n_new++);
    }
  }
  solver->relaxed_start[model->n] = (int)n;
  solver->relaxed = (ion_pattern){model->n, n, solver->relaxed_start, solver->relaxed_col};
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_relaxation_create(ion_solver *solver, const double *jacobian)
{
  const size_t n_model = ion_model_pattern(solver->model)->n_nonzero;
  double *value;

  PetscFunctionBegin;
  PetscCall(extend_pattern(solver));
  PetscCall(PetscCalloc1(solver->relaxed.n_nonzero, &value));
  for (size_t i = 0; i < solver->relaxed.n; i++)
    for (int k = solver->relaxed_start[i]; k < solver->relaxed_start[i + 1]; k++)
      if (solver->relaxed_slot[k] < (int)n_model) value[k] = jacobian[solver->relaxed_slot[k]];
  PetscCall(
      ion_elimination_create(&solver->relaxed, solver->relaxed_slot, value, &solver->relaxation));
  PetscCall(PetscFree(value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_relaxation_destroy(ion_solver *solver)
{
  PetscFunctionBegin;
  PetscCall(ion_elimination_destroy(&solver->relaxation));
  PetscCall(PetscFree3(solver->relaxed_start, solver->relaxed_col, solver->relaxed_slot));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static double *entry_row(const ion_solver *solver, const ion_tile *tile, size_t k)
{
  const size_t slot = (size_t)solver->relaxed_slot[k], n = tile->work.jac.n_row;

  return slot < n ? ion_row(tile->work.jac, slot) : ion_row(tile->work.extra, slot - n);
}

const double *ion_relaxation_entry(const ion_solver *solver, const ion_tile *tile, size_t k)
{
  return entry_row(solver, tile, k);
}

void ion_relaxation_shift(const ion_solver *solver, ion_tile *tile, const double *dt)
{
  const size_t lanes = tile->lanes;
  double mass[ION_MAX_LANES];

  for (size_t i = 0; i < solver->relaxed.n; i++) {
    const int volume = diluting_volume(solver, i);

    ion_model_mass(solver->model, &tile->work, i, lanes, mass);
    for (int k = solver->relaxed_start[i]; k < solver->relaxed_start[i + 1]; k++) {
      const int col = solver->relaxed_col[k];
      double *row   = entry_row(solver, tile, (size_t)k);

      if (solver->relaxed_slot[k] >= (int)tile->work.jac.n_row) memset(row, 0, lanes * sizeof *row);
      if (col != (int)i && col != volume) continue;
      for (size_t l = 0; l < lanes; l++) row[l] -= mass[l] / dt[l];
    }
  }
}
