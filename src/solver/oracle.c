/* The oracle: one point by SNESNEWTONLS with a dense matrix and LU, nothing shared with the batch but
 * the model's F and dF/dx. */
#include "solver_impl.h"

#include <string.h>

typedef struct {
  const ion_model *model;
  ion_block prepared, x;
  ion_work work;
} ion_one_point;

static PetscErrorCode evaluate(ion_one_point *one, Vec x, unsigned what)
{
  const PetscScalar *X;

  PetscFunctionBegin;
  PetscCall(VecGetArrayRead(x, &X));
  for (size_t i = 0; i < one->x.n_row; i++) ion_row(one->x, i)[0] = X[i];
  PetscCall(VecRestoreArrayRead(x, &X));
  ion_model_evaluate(one->model, one->prepared, one->x, 1, what, &one->work);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode form_function(SNES snes, Vec x, Vec F, void *context)
{
  ion_one_point *one = context;
  PetscScalar *f;

  PetscFunctionBegin;
  (void)snes;
  PetscCall(evaluate(one, x, ION_RESIDUAL));
  PetscCall(VecGetArray(F, &f));
  for (size_t i = 0; i < one->x.n_row; i++) f[i] = ion_row(one->work.F, i)[0];
  PetscCall(VecRestoreArray(F, &f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode form_jacobian(SNES snes, Vec x, Mat J, Mat B, void *context)
{
  ion_one_point *one         = context;
  const ion_pattern *pattern = ion_model_pattern(one->model);

  PetscFunctionBegin;
  (void)snes;
  (void)B;
  PetscCall(evaluate(one, x, ION_RESIDUAL | ION_JACOBIAN));
  PetscCall(MatZeroEntries(J));
  for (size_t i = 0; i < pattern->n; i++)
    for (int k = pattern->start[i]; k < pattern->start[i + 1]; k++)
      PetscCall(MatSetValue(J, (PetscInt)i, pattern->col[k], ion_row(one->work.jac, (size_t)k)[0],
                            INSERT_VALUES));
  PetscCall(MatAssemblyBegin(J, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(J, MAT_FINAL_ASSEMBLY));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_one(const ion_model *model, const double *theta, ion_one_point *one)
{
  size_t n_theta;
  ion_block row = {0};

  PetscFunctionBegin;
  one->model = model;
  (void)ion_model_quantities(model, NULL, &n_theta);
  PetscCall(ion_block_create(ion_model_n_prepared(model), 1, &one->prepared));
  PetscCall(ion_block_create(ion_model_n_state(model), 1, &one->x));
  PetscCall(ion_work_create(model, 1, &one->work));
  PetscCall(ion_block_create(n_theta, 1, &row));
  for (size_t k = 0; k < n_theta; k++)
    for (size_t p = 0; p < row.stride; p++) ion_row(row, k)[p] = theta[k];
  ion_model_prepare(model, row, one->prepared);
  PetscCall(ion_block_destroy(&row));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode solve(ion_one_point *one, double *x, SNESConvergedReason *reason,
                            int *iterations)
{
  const PetscInt n = (PetscInt)one->x.n_row;
  PetscInt its;
  SNES snes;
  KSP ksp;
  PC pc;
  Mat J;
  Vec X, F;

  PetscFunctionBegin;
  PetscCall(VecCreateSeqWithArray(PETSC_COMM_SELF, 1, n, x, &X));
  PetscCall(VecCreateSeq(PETSC_COMM_SELF, n, &F));
  PetscCall(MatCreateSeqDense(PETSC_COMM_SELF, n, n, NULL, &J));
  PetscCall(SNESCreate(PETSC_COMM_SELF, &snes));
  PetscCall(SNESSetOptionsPrefix(snes, "ion_point_"));
  PetscCall(SNESSetType(snes, SNESNEWTONLS));
  PetscCall(SNESSetFunction(snes, F, form_function, one));
  PetscCall(SNESSetJacobian(snes, J, J, form_jacobian, one));
  PetscCall(SNESSetTolerances(snes, 1e-13, 0, 1e-13, 100, 10000));
  PetscCall(SNESGetKSP(snes, &ksp));
  PetscCall(KSPSetType(ksp, KSPPREONLY));
  PetscCall(KSPGetPC(ksp, &pc));
  PetscCall(PCSetType(pc, PCLU));
  PetscCall(SNESSetFromOptions(snes));
  PetscCall(SNESSolve(snes, NULL, X));
  PetscCall(SNESGetConvergedReason(snes, reason));
  PetscCall(SNESGetIterationNumber(snes, &its));
  if (iterations) *iterations = (int)its;
  PetscCall(SNESDestroy(&snes));
  PetscCall(MatDestroy(&J));
  PetscCall(VecDestroy(&F));
  PetscCall(VecDestroy(&X));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_solve_point(const ion_model *model, const double *theta, double *x,
                               SNESConvergedReason *reason, int *iterations)
{
  ion_one_point one = {0};

  PetscFunctionBegin;
  PetscCall(create_one(model, theta, &one));
  PetscCall(solve(&one, x, reason, iterations));
  PetscCall(ion_work_destroy(&one.work));
  PetscCall(ion_block_destroy(&one.prepared));
  PetscCall(ion_block_destroy(&one.x));
  PetscFunctionReturn(PETSC_SUCCESS);
}
