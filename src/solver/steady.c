/* Steady states of a batch: first guess, Newton through SNES, rescue, stability. */
#include "solver_impl.h"

#include <math.h>
#include <string.h>

PetscErrorCode ion_solver_choose_lanes(size_t max_batch, PetscInt usual, size_t *lanes)
{
  PetscInt asked = usual;

  PetscFunctionBegin;
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-ion_batch_lanes", &asked, NULL));
  PetscCheck(asked >= 1 && asked <= ION_MAX_LANES, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "-ion_batch_lanes %d: allowed is 1 to %d", (int)asked, ION_MAX_LANES);
  *lanes = ((size_t)asked + ION_PAD - 1) / ION_PAD * ION_PAD;
  while (*lanes > ION_PAD && *lanes / 2 >= max_batch) *lanes /= 2;
  *lanes = (*lanes + ION_PAD - 1) / ION_PAD * ION_PAD;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Every row of theta at its reference, where rest is steady. */
void ion_solver_reference_theta(const ion_model *model, ion_block theta)
{
  const double *reference = ion_model_reference(model);

  for (size_t k = 0; k < theta.n_row; k++)
    for (size_t p = 0; p < theta.stride; p++) ion_row(theta, k)[p] = reference[k];
}

/* Jacobian at rest, from which the order of elimination and the sign of its determinant come. */
static PetscErrorCode create_elimination(ion_solver *solver)
{
  const ion_pattern *pattern = ion_model_pattern(solver->model);
  const double *rest         = ion_model_rest(solver->model);
  ion_block theta = {0}, prepared = {0}, x = {0};
  ion_work work = {0};
  double *jacobian, y[ION_MAX_STATE];

  PetscFunctionBegin;
  PetscCall(ion_block_create(solver->n_theta, 1, &theta));
  PetscCall(ion_block_create(ion_model_n_prepared(solver->model), 1, &prepared));
  PetscCall(ion_block_create(solver->n_state, 1, &x));
  PetscCall(ion_work_create(solver->model, 1, &work));
  PetscCall(PetscMalloc1(pattern->n_nonzero, &jacobian));
  ion_solver_reference_theta(solver->model, theta);
  ion_model_prepare(solver->model, theta, prepared);
  for (size_t i = 0; i < solver->n_state; i++) ion_row(x, i)[0] = rest[i];
  ion_model_evaluate(solver->model, prepared, x, 1, ION_RESIDUAL | ION_JACOBIAN, &work);
  for (size_t k = 0; k < pattern->n_nonzero; k++) jacobian[k] = ion_row(work.jac, k)[0];
  PetscCall(ion_dense_solve(pattern, work.jac, work.F, 0, y, &solver->dense_sign));
  PetscCall(ion_elimination_create(pattern, NULL, jacobian, 1, PETSC_FALSE, &solver->elimination));
  PetscCall(ion_relaxation_create(solver, jacobian));
  PetscCall(PetscFree(jacobian));
  PetscCall(ion_work_destroy(&work));
  PetscCall(ion_block_destroy(&theta));
  PetscCall(ion_block_destroy(&prepared));
  PetscCall(ion_block_destroy(&x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Prepared rows that depend on the varying parameters: those that NaN reaches. */
static PetscErrorCode find_varying_rows(ion_solver *solver, ion_block theta)
{
  const size_t n = ion_model_n_prepared(solver->model);

  PetscFunctionBegin;
  for (size_t k = 0; k < solver->n_varying; k++)
    for (size_t l = 0; l < theta.stride; l++) ion_row(theta, (size_t)solver->varying[k])[l] = NAN;
  ion_model_prepare(solver->model, theta, solver->tile.prepared);
  PetscCall(PetscMalloc1(n, &solver->prepared_varying));
  for (size_t i = 0; i < n; i++)
    if (isnan(ion_row(solver->tile.prepared, i)[0]))
      solver->prepared_varying[solver->n_prepared_varying++] = (int)i;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Sign of the determinant, which each elimination gives times a constant of its own, and tangents at rest. */
static PetscErrorCode find_rest(ion_solver *solver, ion_block theta)
{
  ion_tile *tile = &solver->tile;
  double forever[ION_MAX_LANES];

  PetscFunctionBegin;
  ion_solver_reference_theta(solver->model, theta);
  ion_model_prepare(solver->model, theta, tile->prepared);
  PetscCall(ion_solver_find_tangents(solver));
  ion_model_prepare(solver->model, theta, tile->prepared);
  ion_model_evaluate(solver->model, tile->prepared, tile->x, tile->lanes,
                     ION_RESIDUAL | ION_JACOBIAN, &tile->work);
  ion_tile_solve(&solver->elimination, tile);
  solver->rest_sign = tile->sign[0];
  ion_model_evaluate(solver->model, tile->prepared, tile->x, tile->lanes,
                     ION_RESIDUAL | ION_JACOBIAN, &tile->work);
  for (size_t l = 0; l < tile->lanes; l++) forever[l] = (double)INFINITY;
  ion_relaxation_shift(solver, tile, forever);
  ion_tile_solve(&solver->relaxation, tile);
  solver->relaxed_sign = tile->sign[0];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Unknowns of special treatment: potentials, and logarithms of concentrations. */
static PetscErrorCode find_special_unknowns(ion_solver *solver)
{
  const ion_network *n = ion_model_network(solver->model);

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n->n_compartment, &solver->potential));
  for (size_t i = 0; i < n->n_compartment; i++)
    if (n->compartment[i].x_V >= 0)
      solver->potential[solver->n_potential++] = n->compartment[i].x_V;
  PetscCall(PetscMalloc1(solver->n_state, &solver->is_logarithm));
  for (size_t i = 0; i < solver->n_state; i++)
    solver->is_logarithm[i] = ion_model_is_logarithm(solver->model, i);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What differs from the reference: the caller's rows, and whatever was `set`. */
static PetscErrorCode list_varying(ion_solver *solver, const int *varying, size_t n_varying)
{
  const ion_quantity *quantity = ion_model_quantities(solver->model, NULL, NULL);

  PetscFunctionBegin;
  solver->reference = ion_model_reference(solver->model);
  PetscCall(PetscMalloc1(n_varying + solver->n_theta, &solver->varying));
  PetscCall(PetscCalloc1(solver->n_theta, &solver->varies));
  for (size_t k = 0; k < n_varying; k++) {
    solver->varying[k]         = varying[k];
    solver->varies[varying[k]] = 1;
  }
  solver->n_varying = n_varying;
  for (size_t k = 0; k < solver->n_theta; k++) {
    if (solver->varies[k] || quantity[k].value == solver->reference[k]) continue;
    solver->varying[solver->n_varying++] = (int)k;
    solver->varies[k]                    = 1;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_solver_create(const ion_model *model, const int *varying, size_t n_varying,
                                 size_t max_batch, ion_solver **out)
{
  ion_solver *solver;
  ion_block theta = {0};
  size_t lanes    = 0;

  PetscFunctionBegin;
  PetscCall(PetscNew(out));
  solver            = *out;
  solver->model     = model;
  solver->n_state   = ion_model_n_state(model);
  solver->max_batch = max_batch;
  PetscCheck(solver->n_state <= ION_MAX_STATE, PETSC_COMM_SELF, PETSC_ERR_SUP,
             "the model has %zu unknowns; at most %d", solver->n_state, ION_MAX_STATE);
  (void)ion_model_quantities(model, NULL, &solver->n_theta);
  PetscCall(list_varying(solver, varying, n_varying));
  PetscCall(ion_solver_choose_lanes(max_batch, 64, &lanes));
  PetscCall(create_elimination(solver));
  PetscCall(ion_tile_create(solver, lanes, &solver->tile));
  PetscCall(ion_elimination_place(&solver->elimination, &solver->tile.work));
  PetscCall(ion_elimination_place(&solver->relaxation, &solver->tile.work));
  PetscCall(ion_tile_create(solver, lanes < 64 ? lanes : 64, &solver->rescue));
  PetscCall(ion_block_create(ion_model_n_prepared(model), max_batch, &solver->prepared));
  PetscCall(PetscMalloc1(solver->n_varying, &solver->logarithmic));
  PetscCall(PetscMalloc1(solver->n_varying * solver->n_state, &solver->tangent));
  PetscCall(PetscMalloc1(max_batch, &solver->converged));
  PetscCall(PetscMalloc1(max_batch, &solver->det_sign));
  PetscCall(PetscMalloc1(max_batch, &solver->iterations));
  PetscCall(ion_block_create(solver->n_theta, max_batch, &theta));
  ion_solver_reference_theta(model, theta);
  ion_model_prepare(model, theta, solver->prepared);
  PetscCall(ion_block_destroy(&theta));
  PetscCall(ion_block_create(solver->n_theta, lanes, &theta));
  ion_solver_reference_theta(model, theta);
  PetscCall(find_varying_rows(solver, theta));
  PetscCall(find_rest(solver, theta));
  PetscCall(ion_block_destroy(&theta));
  PetscCall(find_special_unknowns(solver));
  PetscCall(ion_solver_create_snes(solver));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_solver_destroy(ion_solver **out)
{
  ion_solver *solver = *out;

  PetscFunctionBegin;
  if (!solver) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ion_solver_destroy_snes(solver));
  PetscCall(ion_elimination_destroy(&solver->elimination));
  PetscCall(ion_relaxation_destroy(solver));
  PetscCall(ion_tile_destroy(&solver->tile));
  PetscCall(ion_tile_destroy(&solver->rescue));
  PetscCall(ion_spectrum_destroy(&solver->spectrum));
  PetscCall(ion_block_destroy(&solver->prepared));
  PetscCall(PetscFree(solver->prepared_varying));
  PetscCall(PetscFree(solver->varying));
  PetscCall(PetscFree(solver->varies));
  PetscCall(PetscFree(solver->logarithmic));
  PetscCall(PetscFree(solver->tangent));
  PetscCall(PetscFree(solver->converged));
  PetscCall(PetscFree(solver->det_sign));
  PetscCall(PetscFree(solver->iterations));
  PetscCall(PetscFree(solver->potential));
  PetscCall(PetscFree(solver->is_logarithm));
  PetscCall(PetscFree(*out));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A state near rest, on its side of every fold, needs no rescue. */
static void judge_direct(ion_solver *solver)
{
  for (size_t p = 0; p < solver->n_point; p++) {
    const PetscBool good =
        (PetscBool)(solver->converged[p] == 1 && solver->det_sign[p] == solver->rest_sign &&
                    !ion_solver_is_far(solver, solver->x, p));

    solver->verdict->status[p]  = good ? ION_OK : ION_PENDING;
    solver->verdict->reached[p] = good ? ION_REACHED_DIRECT : ION_REACHED_NOT;
  }
}

static void hand_over(const ion_solver *solver, ion_block x)
{
  for (size_t i = 0; i < solver->n_state; i++) {
    const double *from = ion_row(solver->x, i);
    double *to         = ion_row(x, i);

    for (size_t p = 0; p < solver->n_point; p++)
      to[p] = solver->verdict->status[p] == ION_OK ? from[p] : (double)NAN;
  }
}

PetscErrorCode ion_solve_steady(ion_solver *solver, ion_block theta, ion_block x,
                                const ion_verdict *verdict)
{
  PetscFunctionBegin;
  PetscCheck(theta.n_row == solver->n_theta && x.n_row == solver->n_state, PETSC_COMM_SELF,
             PETSC_ERR_ARG_SIZ, "%zu parameters and %zu unknowns given, the model has %zu and %zu",
             theta.n_row, x.n_row, solver->n_theta, solver->n_state);
  PetscCheck(theta.n_point <= solver->max_batch && x.n_point == theta.n_point, PETSC_COMM_SELF,
             PETSC_ERR_ARG_SIZ, "%zu points given, and %zu states; at most %zu", theta.n_point,
             x.n_point, solver->max_batch);
  PetscCheck(verdict && verdict->status && verdict->reached, PETSC_COMM_SELF, PETSC_ERR_ARG_NULL,
             "status and how the state was reached are always given");
  if (!theta.n_point) PetscFunctionReturn(PETSC_SUCCESS);
  solver->theta            = theta;
  solver->n_point          = theta.n_point;
  solver->verdict          = verdict;
  solver->prepared.n_point = theta.n_point;
  ion_model_prepare_varying(solver->model, theta, solver->varies, solver->prepared);
  PetscCall(VecGetArray(solver->vec, &solver->x.data));
  ion_solver_guess(solver, theta, solver->n_point, solver->x);
  PetscCall(VecRestoreArray(solver->vec, &solver->x.data));
  PetscCall(PetscArrayzero(solver->converged, solver->n_point));
  PetscCall(PetscArrayzero(solver->iterations, solver->n_point));
  PetscCall(SNESSolve(solver->snes, NULL, solver->vec));
  PetscCall(VecGetArray(solver->vec, &solver->x.data));
  judge_direct(solver);
  PetscCall(ion_rescue_batch(solver));
  if (verdict->eigen_re) PetscCall(ion_stability_batch(solver));
  if (verdict->iterations)
    PetscCall(PetscArraycpy(verdict->iterations, solver->iterations, solver->n_point));
  hand_over(solver, x);
  PetscCall(VecRestoreArray(solver->vec, &solver->x.data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

void ion_solver_set_for_class(ion_solver *solver, PetscBool for_class)
{
  solver->for_class = for_class;
}

ion_block ion_solver_prepared(const ion_solver *solver)
{
  return solver->prepared;
}
