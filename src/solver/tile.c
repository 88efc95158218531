/* A tile: a few dozen points advanced together, small enough that their Jacobians stay in cache. */
#include "base/vecmath.h"
#include "solver_impl.h"

#include <math.h>
#include <string.h>

/* Rows a work needs behind dF/dx for either elimination. */
static size_t count_extra_rows(const ion_solver *solver)
{
  const size_t n_jac = ion_model_pattern(solver->model)->n_nonzero, n = solver->n_state;

  return PetscMax(ion_elimination_extra_rows(&solver->elimination, n_jac, n),
                  ion_elimination_extra_rows(&solver->relaxation, n_jac, n));
}

PetscErrorCode ion_tile_create(const ion_solver *solver, size_t lanes, ion_tile *tile)
{
  const size_t n = solver->n_state;

  PetscFunctionBegin;
  tile->lanes = lanes;
  PetscCall(ion_work_create_extended(solver->model, lanes, count_extra_rows(solver), &tile->work));
  PetscCall(ion_block_create(ion_model_n_prepared(solver->model), lanes, &tile->prepared));
  PetscCall(ion_block_create(n, lanes, &tile->x));
  PetscCall(ion_block_create(n, lanes, &tile->x_old));
  PetscCall(ion_block_create(n, lanes, &tile->y));
  PetscCall(ion_block_create(solver->relaxed.n_nonzero, lanes, &tile->saved_jac));
  PetscCall(ion_block_create(n, lanes, &tile->saved_F));
  for (size_t l = 0; l < ION_MAX_LANES; l++) tile->point[l] = -1;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_tile_destroy(ion_tile *tile)
{
  PetscFunctionBegin;
  PetscCall(ion_work_destroy(&tile->work));
  PetscCall(ion_block_destroy(&tile->prepared));
  PetscCall(ion_block_destroy(&tile->x));
  PetscCall(ion_block_destroy(&tile->x_old));
  PetscCall(ion_block_destroy(&tile->y));
  PetscCall(ion_block_destroy(&tile->saved_jac));
  PetscCall(ion_block_destroy(&tile->saved_F));
  PetscFunctionReturn(PETSC_SUCCESS);
}

void ion_tile_norm(const ion_tile *tile, ion_block F, double *norm)
{
  const size_t n = tile->lanes;

  memset(norm, 0, n * sizeof *norm);
  for (size_t i = 0; i < F.n_row; i++) {
    const double *f = ion_row(F, i);

#pragma omp simd
    for (size_t l = 0; l < n; l++) norm[l] += f[l] * f[l];
  }
#pragma omp simd
  for (size_t l = 0; l < n; l++) norm[l] = norm[l] <= 1e300 ? sqrt(norm[l]) : (double)INFINITY;
}

const double *ion_tile_direction(const ion_elimination *elimination, const ion_tile *tile, size_t i)
{
  return ion_row(tile->work.scratch, (size_t)elimination->solution[i]);
}

void ion_tile_solve(const ion_elimination *elimination, ion_tile *tile)
{
  const size_t n        = tile->lanes;
  double *restrict most = tile->largest;

  ion_elimination_solve(elimination, tile->work.scratch, n, tile->sign);
  memset(most, 0, n * sizeof *most);
  for (size_t i = 0; i < elimination->n; i++) {
    const double *restrict y = ion_tile_direction(elimination, tile, i);

#pragma omp simd
    for (size_t l = 0; l < n; l++) most[l] = ion_max_or_nan(most[l], fabs(y[l]));
  }
}
