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

  return (PetscBool)(q->lower >= 0 && ion_model_reference(model)[row] > 0 && row != 0);
}

/* dF/dg_f at rest by the two lanes x_rest at p(1 +- h); in lanes 0 and 1 of the tile. */
static PetscErrorCode tangent_of(ion_solver *solver, size_t f, double *tangent)
{
  ion_tile *tile  = &solver->tile;
  const double p  = solver->reference[solver->varying[f]];
  const double h  = 1e-5 * (solver->logarithmic[f] ? 1 : fmax(fabs(p), 1e-3));
  ion_block theta = {0};
  double dF[2][ION_MAX_STATE];

  PetscFunctionBegin;
  PetscCall(ion_block_create(solver->n_theta, tile->lanes, &theta));
  ion_solver_reference_theta(solver->model, theta);
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
  ion_tile_solve(&solver->elimination, tile);
  for (size_t i = 0; i < solver->n_state; i++) {
    const double t = -ion_tile_direction(&solver->elimination, tile, i)[0];

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

enum { TILE = 64 };

/* g_f of a tile; ln p no lower than e^-3 of the reference, p = 0 included. */
static void distance(const ion_solver *solver, size_t f, const double *restrict p,
                     double *restrict g)
{
  const double ref = solver->reference[solver->varying[f]], by = 1 / ref;

  if (solver->logarithmic[f]) {
#pragma omp simd
    for (size_t l = 0; l < TILE; l++) {
      const double ln = ion_log(p[l] * by);

      g[l] = ln > -3.0 ? ln : -3.0;
    }
  } else {
#pragma omp simd
    for (size_t l = 0; l < TILE; l++) g[l] = p[l] - ref;
  }
}

static void add_tangent(const double *restrict t, size_t n_state, const double *restrict g,
                        double (*restrict dx)[TILE])
{
  for (size_t i = 0; i < n_state; i++) {
#pragma omp simd
    for (size_t l = 0; l < TILE; l++) dx[i][l] += t[i] * g[l];
  }
}

/* Guess of up to TILE points from `first` on; `dx` [n_state][TILE] is working room. */
static void guess_tile(const ion_solver *solver, ion_block theta, size_t first, size_t n,
                       double (*restrict dx)[TILE], ion_block x)
{
  double p[TILE] = {0}, g[TILE], share[TILE] = {0};

  memset(dx, 0, solver->n_state * sizeof *dx);
  for (size_t f = 0; f < solver->n_varying; f++) {
    memcpy(p, ion_row(theta, (size_t)solver->varying[f]) + first, n * sizeof *p);
    distance(solver, f, p, g);
    add_tangent(solver->tangent + f * solver->n_state, solver->n_state, g, dx);
  }
  for (size_t i = 0; i < solver->n_state; i++) {
#pragma omp simd
    for (size_t l = 0; l < TILE; l++)
      share[l] = fabs(dx[i][l]) > share[l] ? fabs(dx[i][l]) : share[l];
  }
#pragma omp simd
  for (size_t l = 0; l < TILE; l++) share[l] = share[l] > reach ? reach / share[l] : 1.0;
  for (size_t i = 0; i < solver->n_state; i++) {
    double *row       = ion_row(x, i) + first;
    const double rest = ion_model_rest(solver->model)[i];

    for (size_t l = 0; l < n; l++) row[l] = rest + share[l] * dx[i][l];
  }
}

void ion_solver_guess(const ion_solver *solver, ion_block theta, size_t n_point, ion_block x)
{
  double dx[ION_MAX_STATE][TILE];

  for (size_t first = 0; first < n_point; first += TILE)
    guess_tile(solver, theta, first, n_point - first < TILE ? n_point - first : TILE, dx, x);
}
