/* First guess: the tangent of the branch at rest, x = x_rest + sum_f dx/dg_f (g_f(p) - g_f(p_ref)),
 * with g = ln p for positive quantities, else p; dx/dg = -J^-1 F_g by central differences in g. */
#include "base/vecmath.h"
#include "solver_impl.h"

#include <math.h>
#include <string.h>

/* The tangent is trusted over this far in the unknowns. */
static const double reach = 2.0;

static PetscBool is_logarithmic(const ion_model *model, int row)
{
  const ion_quantity *q = ion_model_quantities(model, NULL, NULL) + row;

  return (PetscBool)(q->lower >= 0 && q->value > 0 && row != 0);
}

/* dF/dg_f at rest by the two lanes x_rest at p(1 +- h); in lanes 0 and 1 of the tile. */
static PetscErrorCode tangent_of(ion_solver *solver, size_t f, double *tangent)
{
  ion_tile *tile  = &solver->tile;
  const double p  = solver->reference[solver->varying[f]];
  const double h  = 1e-5 * (solver->logarithmic[f] ? 1 : fmax(fabs(p), 1e-3));
  ion_block theta = {0};
  double dF[2][256];

  PetscFunctionBegin;
  PetscCheck(solver->n_state <= ION_COUNT(dF[0]), PETSC_COMM_SELF, PETSC_ERR_SUP,
             "more than %zu unknowns", ION_COUNT(dF[0]));
  PetscCall(ion_block_create(solver->n_theta, tile->lanes, &theta));
  ion_model_default_theta(solver->model, theta);
  for (int s = 0; s < 2; s++) {
    const double step = s ? -h : h;

    ion_row(theta, (size_t)solver->varying[f])[0] =
        solver->logarithmic[f] ? p * exp(step) : p + step;
    ion_model_prepare(solver->model, theta, tile->prepared);
    ion_model_evaluate(solver->model, tile->prepared, tile->x, tile->lanes,
                       ION_RESIDUAL | ION_JACOBIAN, &tile->work);
    for (size_t i = 0; i < solver->n_state; i++) dF[s][i] = ion_row(tile->work.F, i)[0];
  }
  for (size_t i = 0; i < solver->n_state; i++)
    ion_row(tile->work.F, i)[0] = (dF[0][i] - dF[1][i]) / (2 * h);
  ion_tile_solve(solver, tile);
  for (size_t i = 0; i < solver->n_state; i++) {
    const double t = -ion_tile_direction(solver, tile, i)[0];

    tangent[i] = isfinite(t) ? t : 0;
  }
  PetscCall(ion_block_destroy(&theta));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_solver_find_tangents(ion_solver *solver)
{
  const double *rest = ion_model_rest(solver->model);

  PetscFunctionBegin;
  for (size_t i = 0; i < solver->n_state; i++)
    for (size_t l = 0; l < solver->tile.lanes; l++) ion_row(solver->tile.x, i)[l] = rest[i];
  for (size_t f = 0; f < solver->n_varying; f++) {
    solver->logarithmic[f] = is_logarithmic(solver->model, solver->varying[f]);
    PetscCall(tangent_of(solver, f, solver->tangent + f * solver->n_state));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void guess_tile(const ion_solver *solver, ion_block theta, size_t first, size_t n,
                       ion_block x)
{
  enum { TILE = 64 };
  double g[TILE], largest[TILE];

  for (size_t i = 0; i < solver->n_state; i++) memset(ion_row(x, i) + first, 0, n * sizeof(double));
  for (size_t f = 0; f < solver->n_varying; f++) {
    const double *p  = ion_row(theta, (size_t)solver->varying[f]) + first;
    const double ref = solver->reference[solver->varying[f]];
    const double *t  = solver->tangent + f * solver->n_state;
    const double by  = solver->logarithmic[f] ? 1 / ref : 0;

    for (size_t l = 0; l < n; l++) g[l] = by > 0 ? ion_log(p[l] * by) : p[l] - ref;
    for (size_t l = 0; l < n; l++) g[l] = g[l] > -3 || by == 0 ? g[l] : -3; /* p = 0 included */
    for (size_t i = 0; i < solver->n_state; i++) {
      double *restrict row = ion_row(x, i) + first;

#pragma omp simd
      for (size_t l = 0; l < n; l++) row[l] += t[i] * g[l];
    }
  }
  memset(largest, 0, sizeof largest);
  for (size_t i = 0; i < solver->n_state; i++) {
    const double *row = ion_row(x, i) + first;

    for (size_t l = 0; l < n; l++)
      largest[l] = fabs(row[l]) > largest[l] ? fabs(row[l]) : largest[l];
  }
  for (size_t l = 0; l < n; l++) g[l] = largest[l] > reach ? reach / largest[l] : 1;
  for (size_t i = 0; i < solver->n_state; i++) {
    double *row       = ion_row(x, i) + first;
    const double rest = ion_model_rest(solver->model)[i];

    for (size_t l = 0; l < n; l++) row[l] = rest + g[l] * row[l];
  }
}

void ion_solver_guess(const ion_solver *solver, ion_block theta, size_t n_point, ion_block x)
{
  for (size_t first = 0; first < n_point; first += 64)
    guess_tile(solver, theta, first, n_point - first < 64 ? n_point - first : 64, x);
}
