/* Other ways to a steady state, one point after another: PETSc SNES, SUNDIALS KINSOL. They see the same
 * unknowns, residual and analytic Jacobian as the batched solver, and the same rows of parameters. */
#ifndef ION_BENCH_ONE_H
#define ION_BENCH_ONE_H

#include "bench_box.h"

#include <ion/solver.h>

#include <petscsnes.h>

#ifdef ION_HAVE_KINSOL
#include <kinsol/kinsol.h>
#include <nvector/nvector_serial.h>
#include <sunlinsol/sunlinsol_dense.h>
#include <sunmatrix/sunmatrix_dense.h>
#endif

/* Largest scaled residual that counts as converged. */
static const double bench_tolerance = 1e-9;

enum { BENCH_MOST_ITERATIONS = 100 };

/* One point: its prepared rows, and the last evaluation. */
typedef struct {
  const ion_model *model;
  size_t n;
  ion_block prepared, x;
  ion_work work;
  double *theta;
  unsigned long long evaluations;
  double seconds; /* spent in evaluations */
} bench_one;

static PetscErrorCode bench_one_create(const ion_model *model, bench_one *one)
{
  size_t n_theta;

  PetscFunctionBegin;
  *one = (bench_one){.model = model, .n = ion_model_n_state(model)};
  (void)ion_model_quantities(model, NULL, &n_theta);
  PetscCall(ion_block_create(ion_model_n_prepared(model), 1, &one->prepared));
  PetscCall(ion_block_create(one->n, 1, &one->x));
  PetscCall(ion_work_create(model, 1, &one->work));
  PetscCall(PetscMalloc1(n_theta, &one->theta));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode bench_one_destroy(bench_one *one)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(one->theta));
  PetscCall(ion_work_destroy(&one->work));
  PetscCall(ion_block_destroy(&one->x));
  PetscCall(ion_block_destroy(&one->prepared));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* F and dF/dx together, once a state: a Newton iteration asks for both at the same place. */
static inline void bench_evaluate(bench_one *one, const double *x, PetscBool again)
{
  PetscBool same = PETSC_TRUE;
  double started;

  for (size_t i = 0; i < one->n; i++) same = (PetscBool)(same && ion_row(one->x, i)[0] == x[i]);
  if (same && !again) return;
  for (size_t i = 0; i < one->n; i++) ion_row(one->x, i)[0] = x[i];
  started = bench_clock();
  ion_model_evaluate(one->model, one->prepared, one->x, 1, ION_RESIDUAL | ION_JACOBIAN, &one->work);
  one->seconds += bench_clock() - started;
  one->evaluations++;
}

/* F at x; false where x is out of the model's domain. */
static inline PetscBool bench_residual(bench_one *one, const double *x, double *F)
{
  PetscBool finite = PETSC_TRUE;

  bench_evaluate(one, x, PETSC_TRUE);
  for (size_t i = 0; i < one->n; i++) {
    F[i]   = ion_row(one->work.F, i)[0];
    finite = (PetscBool)(finite && isfinite(F[i]));
  }
  return finite;
}

/* Dense dF/dx, column-major [n][n]. */
static inline void bench_jacobian(bench_one *one, const double *x, double *J)
{
  const ion_pattern *pattern = ion_model_pattern(one->model);

  bench_evaluate(one, x, PETSC_FALSE);
  memset(J, 0, one->n * one->n * sizeof *J);
  for (size_t i = 0; i < one->n; i++)
    for (int k = pattern->start[i]; k < pattern->start[i + 1]; k++)
      J[i + one->n * (size_t)pattern->col[k]] = ion_row(one->work.jac, (size_t)k)[0];
}

/* Solves the point in `one` from x in place. */
typedef PetscErrorCode (*bench_solve_one)(void *way, bench_one *one, double *x, PetscBool *found,
                                          PetscInt *iterations);

/* ---- SNES ---- */

typedef struct {
  SNES snes;
  Mat J;
  Vec x, F;
} bench_snes;

static PetscErrorCode bench_snes_function(SNES snes, Vec x, Vec F, void *context)
{
  const PetscScalar *X;
  PetscScalar *f;

  PetscFunctionBegin;
  PetscCall(VecGetArrayRead(x, &X));
  PetscCall(VecGetArrayWrite(F, &f));
  if (!bench_residual(context, X, f)) PetscCall(SNESSetFunctionDomainError(snes));
  PetscCall(VecRestoreArrayWrite(F, &f));
  PetscCall(VecRestoreArrayRead(x, &X));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode bench_snes_jacobian(SNES snes, Vec x, Mat J, Mat B, void *context)
{
  const PetscScalar *X;
  PetscScalar *a;

  PetscFunctionBegin;
  (void)snes;
  (void)B;
  PetscCall(VecGetArrayRead(x, &X));
  PetscCall(MatDenseGetArrayWrite(J, &a));
  bench_jacobian(context, X, a);
  PetscCall(MatDenseRestoreArrayWrite(J, &a));
  PetscCall(VecRestoreArrayRead(x, &X));
  PetscCall(MatAssemblyBegin(J, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(J, MAT_FINAL_ASSEMBLY));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode bench_snes_create(bench_one *one, bench_snes *way)
{
  const PetscInt n = (PetscInt)one->n;
  KSP ksp;
  PC pc;

  PetscFunctionBegin;
  PetscCall(VecCreateSeq(PETSC_COMM_SELF, n, &way->x));
  PetscCall(VecDuplicate(way->x, &way->F));
  PetscCall(MatCreateSeqDense(PETSC_COMM_SELF, n, n, NULL, &way->J));
  PetscCall(SNESCreate(PETSC_COMM_SELF, &way->snes));
  PetscCall(SNESSetOptionsPrefix(way->snes, "bench_"));
  PetscCall(SNESSetType(way->snes, SNESNEWTONLS));
  PetscCall(SNESSetFunction(way->snes, way->F, bench_snes_function, one));
  PetscCall(SNESSetJacobian(way->snes, way->J, way->J, bench_snes_jacobian, one));
  PetscCall(SNESSetTolerances(way->snes, bench_tolerance, 0, 1e-13, BENCH_MOST_ITERATIONS, 10000));
  PetscCall(SNESGetKSP(way->snes, &ksp));
  PetscCall(KSPSetType(ksp, KSPPREONLY));
  PetscCall(KSPGetPC(ksp, &pc));
  PetscCall(PCSetType(pc, PCLU));
  PetscCall(SNESSetFromOptions(way->snes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode bench_snes_destroy(bench_snes *way)
{
  PetscFunctionBegin;
  PetscCall(SNESDestroy(&way->snes));
  PetscCall(MatDestroy(&way->J));
  PetscCall(VecDestroy(&way->F));
  PetscCall(VecDestroy(&way->x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A zero pivot is an error of PETSc 3.18's dense LU, not a reason: that point then has no state, and the
 * objects are made anew. */
static PetscErrorCode bench_snes_solve(void *context, bench_one *one, double *x, PetscBool *found,
                                       PetscInt *iterations)
{
  bench_snes *way = context;
  SNESConvergedReason reason;
  PetscErrorCode code;
  PetscScalar *X;

  PetscFunctionBegin;
  PetscCall(VecGetArrayWrite(way->x, &X));
  memcpy(X, x, one->n * sizeof *x);
  PetscCall(VecRestoreArrayWrite(way->x, &X));
  PetscCall(PetscPushErrorHandler(PetscIgnoreErrorHandler, NULL));
  code = SNESSolve(way->snes, NULL, way->x);
  PetscCall(PetscPopErrorHandler());
  *found = PETSC_FALSE;
  if (code) {
    PetscCall(bench_snes_destroy(way));
    PetscCall(bench_snes_create(one, way));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(SNESGetConvergedReason(way->snes, &reason));
  PetscCall(SNESGetIterationNumber(way->snes, iterations));
  *found = (PetscBool)(reason > 0);
  PetscCall(VecGetArray(way->x, &X));
  memcpy(x, X, one->n * sizeof *x);
  PetscCall(VecRestoreArray(way->x, &X));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The oracle of the tests, which makes its objects at every point. */
static PetscErrorCode bench_oracle_solve(void *context, bench_one *one, double *x, PetscBool *found,
                                         PetscInt *iterations)
{
  SNESConvergedReason reason = SNES_CONVERGED_ITERATING;
  PetscErrorCode code;
  int its = 0;

  PetscFunctionBegin;
  (void)context;
  PetscCall(PetscPushErrorHandler(PetscIgnoreErrorHandler, NULL));
  code = ion_solve_point(one->model, one->theta, x, &reason, &its);
  PetscCall(PetscPopErrorHandler());
  *found      = (PetscBool)(!code && reason > 0);
  *iterations = its;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- KINSOL ---- */

#ifdef ION_HAVE_KINSOL
typedef struct {
  SUNContext context;
  void *memory;
  N_Vector x, scale;
  SUNMatrix J;
  SUNLinearSolver solver;
  int strategy; /* KIN_NONE or KIN_LINESEARCH */
} bench_kinsol;

static int bench_kinsol_function(N_Vector x, N_Vector F, void *context)
{
  return bench_residual(context, N_VGetArrayPointer(x), N_VGetArrayPointer(F)) ? 0 : 1;
}

static int bench_kinsol_jacobian(N_Vector x, N_Vector F, SUNMatrix J, void *context, N_Vector work1,
                                 N_Vector work2)
{
  (void)F;
  (void)work1;
  (void)work2;
  bench_jacobian(context, N_VGetArrayPointer(x), SUNDenseMatrix_Data(J));
  return 0;
}

static void bench_kinsol_silent(int code, const char *module, const char *function, char *message,
                                void *context)
{
  (void)code;
  (void)module;
  (void)function;
  (void)message;
  (void)context;
}

#define BENCH_KINSOL(call)                                                                         \
  do {                                                                                             \
    const int kinsol_code_ = (call);                                                               \
    PetscCheck(kinsol_code_ >= 0, PETSC_COMM_SELF, PETSC_ERR_LIB, "%s returned %d", #call,         \
               kinsol_code_);                                                                      \
  } while (0)

/* Newton's method with a fresh Jacobian at every iteration. */
static PetscErrorCode bench_kinsol_create(bench_one *one, int strategy, bench_kinsol *way)
{
  const sunindextype n = (sunindextype)one->n;

  PetscFunctionBegin;
  way->strategy = strategy;
  BENCH_KINSOL(SUNContext_Create(NULL, &way->context));
  way->x      = N_VNew_Serial(n, way->context);
  way->scale  = N_VNew_Serial(n, way->context);
  way->J      = SUNDenseMatrix(n, n, way->context);
  way->solver = SUNLinSol_Dense(way->x, way->J, way->context);
  way->memory = KINCreate(way->context);
  PetscCheck(way->memory && way->solver, PETSC_COMM_SELF, PETSC_ERR_LIB, "KINSOL has no memory");
  N_VConst(1.0, way->scale);
  BENCH_KINSOL(KINSetErrHandlerFn(way->memory, bench_kinsol_silent, NULL));
  BENCH_KINSOL(KINSetUserData(way->memory, one));
  BENCH_KINSOL(KINInit(way->memory, bench_kinsol_function, way->x));
  BENCH_KINSOL(KINSetLinearSolver(way->memory, way->solver, way->J));
  BENCH_KINSOL(KINSetJacFn(way->memory, bench_kinsol_jacobian));
  BENCH_KINSOL(KINSetMaxSetupCalls(way->memory, 1));
  BENCH_KINSOL(KINSetFuncNormTol(way->memory, bench_tolerance));
  BENCH_KINSOL(KINSetScaledStepTol(way->memory, 1e-13));
  BENCH_KINSOL(KINSetNumMaxIters(way->memory, BENCH_MOST_ITERATIONS));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode bench_kinsol_destroy(bench_kinsol *way)
{
  PetscFunctionBegin;
  KINFree(&way->memory);
  BENCH_KINSOL(SUNLinSolFree(way->solver));
  SUNMatDestroy(way->J);
  N_VDestroy(way->scale);
  N_VDestroy(way->x);
  BENCH_KINSOL(SUNContext_Free(&way->context));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode bench_kinsol_solve(void *context, bench_one *one, double *x, PetscBool *found,
                                         PetscInt *iterations)
{
  bench_kinsol *way = context;
  long count        = 0;

  PetscFunctionBegin;
  memcpy(N_VGetArrayPointer(way->x), x, one->n * sizeof *x);
  *found = (PetscBool)(KINSol(way->memory, way->x, way->strategy, way->scale, way->scale) >= 0);
  memcpy(x, N_VGetArrayPointer(way->x), one->n * sizeof *x);
  BENCH_KINSOL(KINGetNumNonlinSolvIters(way->memory, &count));
  *iterations = (PetscInt)count;
  PetscFunctionReturn(PETSC_SUCCESS);
}
#endif

#endif
