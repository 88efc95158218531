/* PETSc's nonlinear solvers around a batch. Default: SNESSHELL holds the refilling Newton. Alternative:
 * SNESNEWTONLS over the whole batch in lock step, its matrix, preconditioner and line search shells that
 * keep every point to itself. Oracle: SNESNEWTONLS with dense LU on one point. */
#include "solver_impl.h"

#include <math.h>
#include <string.h>

static const double tolerance = 1e-7, longest = 2.0, smallest_share = 1e-3;
static const double huge = 1e100; /* |F| of a point outside the domain */

/* ---- shell: the refilling Newton ---- */

static PetscErrorCode solve_shell(SNES snes, Vec x)
{
  ion_solver *solver;

  PetscFunctionBegin;
  PetscCall(SNESShellGetContext(snes, &solver));
  PetscCall(VecGetArray(x, &solver->x.data));
  ion_newton_batch(solver);
  PetscCall(VecRestoreArray(x, &solver->x.data));
  PetscCall(SNESSetConvergedReason(snes, SNES_CONVERGED_ITS)); /* each point has its own reason */
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- newtonls over the batch ---- */

static double *scalars(const ion_solver *solver, size_t which)
{
  return solver->scalars + which * solver->max_batch;
}

static ion_block part(ion_block block, size_t first, size_t n)
{
  return (ion_block){block.data + first, block.n_row, n, block.stride};
}

/* F of the batch, tile by tile; dF/dx as well where `jac` has rows. */
static void evaluate_batch(ion_solver *solver, const double *x, double *F, ion_block jac)
{
  const size_t lanes = solver->tile.lanes;
  ion_block X        = solver->x;
  ion_work *work     = &solver->tile.work;

  memcpy(&X.data, &x, sizeof x);
  for (size_t first = 0; first < solver->n_point; first += lanes) {
    const size_t left = X.stride - first, n = left < lanes ? left : lanes;

    ion_model_evaluate(solver->model, part(solver->prepared, first, n), part(X, first, n), n,
                       ION_RESIDUAL | ION_JACOBIAN, work);
    for (size_t i = 0; i < solver->n_state; i++)
      memcpy(F + i * X.stride + first, ion_row(work->F, i), n * sizeof *F);
    for (size_t k = 0; k < jac.n_row; k++)
      memcpy(ion_row(jac, k) + first, ion_row(work->jac, k), n * sizeof *F);
  }
}

/* PETSc would end the whole batch at one point outside the domain of the model: its F is set to a huge
 * number, which its own line search refuses and which ends that point at its guess. What pads the rows
 * is no point and has F = 0. */
static void fail_undefined(const ion_solver *solver, PetscScalar *F)
{
  const size_t stride = solver->x.stride;

  for (size_t p = 0; p < stride; p++) {
    PetscBool defined = PETSC_TRUE;

    for (size_t i = 0; i < solver->n_state; i++)
      if (!(fabs(F[i * stride + p]) <= huge)) defined = PETSC_FALSE;
    for (size_t i = 0; i < solver->n_state; i++) {
      if (p >= solver->n_point)
        F[i * stride + p] = 0;
      else if (!defined)
        F[i * stride + p] = huge;
    }
  }
}

static PetscErrorCode form_function(SNES snes, Vec x, Vec F, void *context)
{
  ion_solver *solver = context;
  const PetscScalar *X;
  PetscScalar *f;

  PetscFunctionBegin;
  (void)snes;
  PetscCall(VecSet(F, 0));
  PetscCall(VecGetArrayRead(x, &X));
  PetscCall(VecGetArray(F, &f));
  evaluate_batch(solver, X, f, (ion_block){0});
  fail_undefined(solver, f);
  PetscCall(VecRestoreArray(F, &f));
  PetscCall(VecRestoreArrayRead(x, &X));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode form_jacobian(SNES snes, Vec x, Mat J, Mat B, void *context)
{
  ion_solver *solver = context;
  const PetscScalar *X;
  PetscScalar *f;

  PetscFunctionBegin;
  (void)snes;
  PetscCall(VecGetArrayRead(x, &X));
  PetscCall(VecGetArray(solver->residual, &f));
  evaluate_batch(solver, X, f, solver->jac);
  PetscCall(VecRestoreArray(solver->residual, &f));
  PetscCall(VecRestoreArrayRead(x, &X));
  PetscCall(MatAssemblyBegin(J, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(J, MAT_FINAL_ASSEMBLY));
  (void)B;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* y = J x, block by block. */
static PetscErrorCode multiply_matrix(Mat J, Vec x, Vec y)
{
  ion_solver *solver;
  const ion_pattern *pattern;
  const PetscScalar *X;
  PetscScalar *Y;

  PetscFunctionBegin;
  PetscCall(MatShellGetContext(J, &solver));
  pattern = ion_model_pattern(solver->model);
  PetscCall(VecSet(y, 0));
  PetscCall(VecGetArrayRead(x, &X));
  PetscCall(VecGetArray(y, &Y));
  for (size_t i = 0; i < pattern->n; i++)
    for (int k = pattern->start[i]; k < pattern->start[i + 1]; k++)
      for (size_t p = 0; p < solver->n_point; p++)
        Y[i * solver->x.stride + p] +=
            ion_row(solver->jac, (size_t)k)[p] * X[(size_t)pattern->col[k] * solver->x.stride + p];
  PetscCall(VecRestoreArray(y, &Y));
  PetscCall(VecRestoreArrayRead(x, &X));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* y = J^-1 x by the model's elimination; finished points take no step. */
static PetscErrorCode apply_inverse(PC pc, Vec x, Vec y)
{
  ion_solver *solver;
  const PetscScalar *X;
  PetscScalar *Y;
  ion_tile *t;

  PetscFunctionBegin;
  PetscCall(PCShellGetContext(pc, &solver));
  t = &solver->tile;
  PetscCall(VecSet(y, 0));
  PetscCall(VecGetArrayRead(x, &X));
  PetscCall(VecGetArray(y, &Y));
  for (size_t first = 0; first < solver->n_point; first += t->lanes) {
    const size_t left = solver->x.stride - first, n = left < t->lanes ? left : t->lanes;

    for (size_t k = 0; k < solver->jac.n_row; k++)
      memcpy(ion_row(t->work.jac, k), ion_row(solver->jac, k) + first, n * sizeof *Y);
    for (size_t i = 0; i < solver->n_state; i++)
      memcpy(ion_row(t->work.F, i), X + i * solver->x.stride + first, n * sizeof *Y);
    ion_tile_solve(&solver->elimination, t);
    for (size_t i = 0; i < solver->n_state; i++)
      for (size_t l = 0; l < n && first + l < solver->n_point; l++)
        Y[i * solver->x.stride + first + l] =
            solver->converged[first + l] || !(t->largest[l] <= 1e6)
                ? 0
                : ion_tile_direction(&solver->elimination, t, i)[l];
    for (size_t l = 0; l < n && first + l < solver->n_point; l++)
      if (!solver->converged[first + l]) {
        scalars(solver, 3)[first + l] = t->sign[l];
        scalars(solver, 2)[first + l] = t->largest[l];
      }
  }
  PetscCall(VecRestoreArray(y, &Y));
  PetscCall(VecRestoreArrayRead(x, &X));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static double norm_at(const ion_solver *solver, const PetscScalar *F, size_t p)
{
  double sum = 0;

  for (size_t i = 0; i < solver->n_state; i++)
    sum += F[i * solver->x.stride + p] * F[i * solver->x.stride + p];
  return sum <= 1e300 ? sqrt(sum) : (double)INFINITY;
}

/* Points marked 2 have failed: like finished ones they stay where they are. */
enum { RUNNING = 0, CONVERGED = 1, FAILED = 2 };

/* One round of the line search: halve the step of every point whose residual did not fall. */
static PetscBool shorten_steps(ion_solver *solver, const PetscScalar *F)
{
  double *norm = scalars(solver, 0), *step = scalars(solver, 1);
  PetscBool again = PETSC_FALSE;

  for (size_t p = 0; p < solver->n_point; p++) {
    const double full = scalars(solver, 2)[p] <= longest ? 1 : longest / scalars(solver, 2)[p];

    if (solver->converged[p] != RUNNING || scalars(solver, 2)[p] <= tolerance) continue;
    if (norm_at(solver, F, p) <= (1 - 1e-4 * step[p]) * norm[p]) continue;
    step[p] *= 0.5;
    if (step[p] >= smallest_share * full)
      again = PETSC_TRUE;
    else {
      solver->converged[p] = FAILED;
      step[p]              = 0;
    }
  }
  return again;
}

static void start_steps(ion_solver *solver, const PetscScalar *F)
{
  for (size_t p = 0; p < solver->n_point; p++) {
    const double most = scalars(solver, 2)[p];

    if (solver->converged[p] != RUNNING) continue;
    solver->iterations[p]++;
    solver->det_sign[p]   = scalars(solver, 3)[p];
    scalars(solver, 0)[p] = norm_at(solver, F, p);
    scalars(solver, 1)[p] = most <= longest ? 1 : longest / most;
    if (!(most <= 1e6) || !(scalars(solver, 0)[p] < huge)) solver->converged[p] = FAILED;
  }
}

static void take_steps(const ion_solver *solver, const PetscScalar *x, const PetscScalar *y,
                       PetscScalar *to)
{
  for (size_t i = 0; i < solver->n_state; i++)
    for (size_t p = 0; p < solver->n_point; p++) {
      const size_t at = i * solver->x.stride + p;

      to[at] = solver->converged[p] == RUNNING ? x[at] - scalars(solver, 1)[p] * y[at] : x[at];
    }
}

static PetscErrorCode search_line(SNESLineSearch search, void *context)
{
  ion_solver *solver = context;
  Vec x, f, y, w, g;
  SNES snes;
  const PetscScalar *X, *Y, *F;
  PetscScalar *W;
  PetscBool again = PETSC_TRUE;

  PetscFunctionBegin;
  PetscCall(SNESLineSearchGetSNES(search, &snes));
  PetscCall(SNESLineSearchGetVecs(search, &x, &f, &y, &w, &g));
  PetscCall(VecGetArrayRead(f, &F));
  start_steps(solver, F);
  PetscCall(VecRestoreArrayRead(f, &F));
  PetscCall(VecCopy(x, w));
  while (again) {
    PetscCall(VecGetArrayRead(x, &X));
    PetscCall(VecGetArrayRead(y, &Y));
    PetscCall(VecGetArray(w, &W));
    take_steps(solver, X, Y, W);
    PetscCall(VecRestoreArray(w, &W));
    PetscCall(VecRestoreArrayRead(y, &Y));
    PetscCall(VecRestoreArrayRead(x, &X));
    PetscCall(SNESComputeFunction(snes, w, g));
    PetscCall(VecGetArrayRead(g, &F));
    again = shorten_steps(solver, F);
    PetscCall(VecRestoreArrayRead(g, &F));
  }
  for (size_t p = 0; p < solver->n_point; p++)
    if (solver->converged[p] == RUNNING && scalars(solver, 2)[p] <= tolerance)
      solver->converged[p] = CONVERGED;
  PetscCall(VecCopy(w, x));
  PetscCall(SNESComputeFunction(snes, x, f));
  PetscCall(SNESLineSearchSetReason(search, SNES_LINESEARCH_SUCCEEDED));
  PetscCall(SNESLineSearchSetNorms(search, 1, 1, 1));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The batch ends when every point has. */
static PetscErrorCode test_converged(SNES snes, PetscInt it, PetscReal xnorm, PetscReal ynorm,
                                     PetscReal fnorm, SNESConvergedReason *reason, void *context)
{
  const ion_solver *solver = context;

  PetscFunctionBegin;
  (void)snes;
  (void)xnorm;
  (void)ynorm;
  (void)fnorm;
  *reason = SNES_CONVERGED_ITS;
  for (size_t p = 0; p < solver->n_point; p++)
    if (it == 0 || solver->converged[p] == RUNNING) *reason = SNES_CONVERGED_ITERATING;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_newtonls(ion_solver *solver)
{
  const PetscInt n = (PetscInt)(solver->n_state * solver->x.stride);
  KSP ksp;
  PC pc;
  SNESLineSearch search;

  PetscFunctionBegin;
  PetscCall(ion_block_create(ion_model_pattern(solver->model)->n_nonzero, solver->max_batch,
                             &solver->jac));
  PetscCall(PetscCalloc1(4 * solver->max_batch, &solver->scalars));
  PetscCall(MatCreateShell(PETSC_COMM_SELF, n, n, n, n, solver, &solver->matrix));
  PetscCall(MatShellSetOperation(solver->matrix, MATOP_MULT, (void (*)(void))multiply_matrix));
  PetscCall(SNESSetFunction(solver->snes, solver->residual, form_function, solver));
  PetscCall(SNESSetJacobian(solver->snes, solver->matrix, solver->matrix, form_jacobian, solver));
  PetscCall(SNESSetConvergenceTest(solver->snes, test_converged, solver, NULL));
  PetscCall(SNESSetTolerances(solver->snes, 0, 0, 0, 40, 1000000));
  PetscCall(SNESSetMaxLinearSolveFailures(solver->snes, 1000));
  PetscCall(SNESGetKSP(solver->snes, &ksp));
  PetscCall(KSPSetType(ksp, KSPPREONLY));
  PetscCall(KSPGetPC(ksp, &pc));
  PetscCall(PCSetType(pc, PCSHELL));
  PetscCall(PCShellSetContext(pc, solver));
  PetscCall(PCShellSetApply(pc, apply_inverse));
  PetscCall(SNESGetLineSearch(solver->snes, &search));
  PetscCall(SNESLineSearchSetType(search, SNESLINESEARCHSHELL));
  PetscCall(SNESLineSearchShellSetUserFunc(search, search_line, solver));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_solver_create_snes(ion_solver *solver)
{
  const size_t stride = solver->prepared.stride;
  PetscBool is_shell, is_newtonls;

  PetscFunctionBegin;
  solver->x = (ion_block){.n_row = solver->n_state, .n_point = solver->max_batch, .stride = stride};
  PetscCall(VecCreateSeq(PETSC_COMM_SELF, (PetscInt)(solver->n_state * stride), &solver->vec));
  PetscCall(VecDuplicate(solver->vec, &solver->residual));
  PetscCall(SNESCreate(PETSC_COMM_SELF, &solver->snes));
  PetscCall(SNESSetType(solver->snes, SNESSHELL));
  PetscCall(SNESShellSetContext(solver->snes, solver));
  PetscCall(SNESShellSetSolve(solver->snes, solve_shell));
  PetscCall(SNESSetFromOptions(solver->snes));
  PetscCall(PetscObjectTypeCompare((PetscObject)solver->snes, SNESSHELL, &is_shell));
  PetscCall(PetscObjectTypeCompare((PetscObject)solver->snes, SNESNEWTONLS, &is_newtonls));
  PetscCheck(is_shell || is_newtonls, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "-snes_type: allowed are shell and newtonls");
  if (is_newtonls) PetscCall(create_newtonls(solver));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_solver_destroy_snes(ion_solver *solver)
{
  PetscFunctionBegin;
  PetscCall(SNESDestroy(&solver->snes));
  PetscCall(MatDestroy(&solver->matrix));
  PetscCall(VecDestroy(&solver->vec));
  PetscCall(VecDestroy(&solver->residual));
  PetscCall(ion_block_destroy(&solver->jac));
  PetscCall(PetscFree(solver->scalars));
  PetscFunctionReturn(PETSC_SUCCESS);
}
