/* Linear stability: eigenvalues of A = M_dd^-1 (J_dd - J_da J_aa^-1 J_ad), the dynamics with charge and
 * conserved totals as constraints. Where a membrane stores no charge J_aa is singular, and the pencil
 * itself is solved. */
#include "solver_impl.h"

#include <petscblaslapack.h>

#include <math.h>
#include <string.h>

/* LAPACK's generalised eigenvalues, which PETSc does not declare. */
extern void dggev_(const char *jobvl, const char *jobvr, const PetscBLASInt *n, double *A,
                   const PetscBLASInt *lda, double *B, const PetscBLASInt *ldb, double *alpha_re,
                   double *alpha_im, double *beta, double *VL, const PetscBLASInt *ldvl, double *VR,
                   const PetscBLASInt *ldvr, double *work, const PetscBLASInt *lwork,
                   PetscBLASInt *info);

typedef struct {
  size_t n, n_d, n_a;
  double *J, *M;
  unsigned char *dynamic;
  size_t *d, *a; /* dynamic and algebraic rows */
  double *re, *im;
} ion_dynamics;

static PetscErrorCode create_dynamics(const ion_model *model, ion_dynamics *s)
{
  PetscFunctionBegin;
  s->n = ion_model_n_dynamic(model);
  PetscCall(PetscMalloc7(s->n * s->n, &s->J, s->n * s->n, &s->M, s->n, &s->dynamic, s->n, &s->d,
                         s->n, &s->a, s->n, &s->re, s->n, &s->im));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy_dynamics(ion_dynamics *s)
{
  PetscFunctionBegin;
  PetscCall(PetscFree7(s->J, s->M, s->dynamic, s->d, s->a, s->re, s->im));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void gather(const ion_dynamics *s, const double *from, const size_t *row, size_t n_row,
                   const size_t *col, size_t n_col, double *to)
{
  for (size_t j = 0; j < n_col; j++)
    for (size_t i = 0; i < n_row; i++) to[i + n_row * j] = from[row[i] + s->n * col[j]];
}

/* Solve B X = R in place; info > 0 where B is singular. */
static PetscErrorCode solve_in_place(size_t n, double *B, size_t n_rhs, double *R,
                                     PetscBLASInt *info)
{
  PetscBLASInt order, count, *pivots;

  PetscFunctionBegin;
  PetscCall(PetscBLASIntCast((PetscInt)n, &order));
  PetscCall(PetscBLASIntCast((PetscInt)n_rhs, &count));
  PetscCall(PetscMalloc1(n, &pivots));
  *info = 0;
  if (n && n_rhs)
    PetscCallBLAS("gesv", LAPACKgesv_(&order, &count, B, &order, pivots, R, &order, info));
  PetscCall(PetscFree(pivots));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A over the dynamic variables, [n_d][n_d]; `reduced` is false where J_aa is singular. */
static PetscErrorCode reduce(const ion_dynamics *s, double *A, PetscBool *reduced)
{
  double *J_aa, *J_ad, *J_da, *M_dd;
  PetscBLASInt info;

  PetscFunctionBegin;
  *reduced = PETSC_FALSE;
  PetscCall(PetscMalloc4(s->n_a * s->n_a, &J_aa, s->n_a * s->n_d, &J_ad, s->n_d * s->n_a, &J_da,
                         s->n_d * s->n_d, &M_dd));
  gather(s, s->J, s->a, s->n_a, s->a, s->n_a, J_aa);
  gather(s, s->J, s->a, s->n_a, s->d, s->n_d, J_ad);
  gather(s, s->J, s->d, s->n_d, s->a, s->n_a, J_da);
  gather(s, s->J, s->d, s->n_d, s->d, s->n_d, A);
  gather(s, s->M, s->d, s->n_d, s->d, s->n_d, M_dd);
  PetscCall(solve_in_place(s->n_a, J_aa, s->n_d, J_ad, &info));
  if (!info) {
    for (size_t j = 0; j < s->n_d; j++)
      for (size_t k = 0; k < s->n_a; k++)
        for (size_t i = 0; i < s->n_d; i++)
          A[i + s->n_d * j] -= J_da[i + s->n_d * k] * J_ad[k + s->n_a * j];
    PetscCall(solve_in_place(s->n_d, M_dd, s->n_d, A, &info));
    *reduced = (PetscBool)(info == 0);
  }
  PetscCall(PetscFree4(J_aa, J_ad, J_da, M_dd));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode find_reduced(ion_dynamics *s, double *A, size_t *count)
{
  PetscBLASInt n, one = 1, info, lwork = 64 * 32;
  PetscScalar ignored, *work;

  PetscFunctionBegin;
  PetscCall(PetscBLASIntCast((PetscInt)s->n_d, &n));
  if (lwork < 8 * n) lwork = 8 * n;
  PetscCall(PetscMalloc1((size_t)lwork, &work));
  PetscCallBLAS("geev", LAPACKgeev_("N", "N", &n, A, &n, s->re, s->im, &ignored, &one, &ignored,
                                    &one, work, &lwork, &info));
  PetscCall(PetscFree(work));
  *count = info ? 0 : s->n_d;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The pencil itself; infinite eigenvalues belong to constraints and are left out. */
static PetscErrorCode find_pencil(ion_dynamics *s, size_t *count)
{
  PetscBLASInt n, one = 1, info, lwork;
  double *alpha_re, *alpha_im, *beta, *work, ignored;

  PetscFunctionBegin;
  PetscCall(PetscBLASIntCast((PetscInt)s->n, &n));
  lwork = 16 * n + 64;
  PetscCall(PetscMalloc4(s->n, &alpha_re, s->n, &alpha_im, s->n, &beta, (size_t)lwork, &work));
  for (size_t i = 0; i < s->n; i++) { /* rows of one size */
    double size = 0;

    for (size_t j = 0; j < s->n; j++) size = fmax(size, fabs(s->J[i + s->n * j]));
    for (size_t j = 0; j < s->n && size > 0; j++) {
      s->J[i + s->n * j] /= size;
      s->M[i + s->n * j] /= size;
    }
  }
  dggev_("N", "N", &n, s->J, &n, s->M, &n, alpha_re, alpha_im, beta, &ignored, &one, &ignored, &one,
         work, &lwork, &info);
  *count = 0;
  for (size_t i = 0; i < s->n && !info; i++) {
    const double size = hypot(alpha_re[i], alpha_im[i]);

    if (fabs(beta[i]) <= 1e-12 * size || size <= 1e-13 * fabs(beta[i])) continue;
    s->re[*count]     = alpha_re[i] / beta[i];
    s->im[(*count)++] = alpha_im[i] / beta[i];
  }
  PetscCall(PetscFree4(alpha_re, alpha_im, beta, work));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode find_eigenvalues(const ion_model *model, ion_block prepared, ion_block x,
                                       const ion_work *work, size_t p, ion_dynamics *s,
                                       size_t *count)
{
  double *A;
  PetscBool reduced;

  PetscFunctionBegin;
  ion_model_dynamics(model, prepared, x, work, p, s->J, s->M, s->dynamic);
  *count = s->n_d = s->n_a = 0;
  for (size_t i = 0; i < s->n * s->n; i++)
    if (!isfinite(s->J[i]) || !isfinite(s->M[i])) PetscFunctionReturn(PETSC_SUCCESS);
  for (size_t i = 0; i < s->n; i++)
    if (s->dynamic[i])
      s->d[s->n_d++] = i;
    else
      s->a[s->n_a++] = i;
  PetscCall(PetscMalloc1(s->n_d * s->n_d, &A));
  PetscCall(reduce(s, A, &reduced));
  if (reduced)
    PetscCall(find_reduced(s, A, count));
  else
    PetscCall(find_pencil(s, count));
  PetscCall(PetscFree(A));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void take_leading(const ion_dynamics *s, size_t count, double *re, double *im)
{
  *re = *im = NAN;
  for (size_t i = 0; i < count; i++)
    if (!(s->re[i] <= *re)) {
      *re = s->re[i];
      *im = fabs(s->im[i]);
    }
}

PetscErrorCode ion_stability_eigenvalue(const ion_model *model, ion_block prepared, ion_block x,
                                        const ion_work *work, size_t p, double *re, double *im)
{
  ion_dynamics s = {0};
  size_t count;

  PetscFunctionBegin;
  PetscCall(create_dynamics(model, &s));
  PetscCall(find_eigenvalues(model, prepared, x, work, p, &s, &count));
  take_leading(&s, count, re, im);
  PetscCall(destroy_dynamics(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_stability_spectrum(const ion_model *model, ion_block prepared, ion_block x,
                                      const ion_work *work, size_t p, size_t *n, double *re,
                                      double *im)
{
  ion_dynamics s = {0};

  PetscFunctionBegin;
  PetscCall(create_dynamics(model, &s));
  PetscCall(find_eigenvalues(model, prepared, x, work, p, &s, n));
  for (size_t i = 0; i < *n; i++) { /* insertion by falling real part */
    size_t at = i;

    for (; at > 0 && re[at - 1] < s.re[i]; at--) {
      re[at] = re[at - 1];
      im[at] = im[at - 1];
    }
    re[at] = s.re[i];
    im[at] = s.im[i];
  }
  PetscCall(destroy_dynamics(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Eigenvalues of a tile that begins at point `first`. */
static PetscErrorCode find_tile(ion_solver *solver, size_t first, size_t n)
{
  const ion_verdict *v     = solver->verdict;
  const ion_block prepared = {solver->prepared.data + first, solver->prepared.n_row, n,
                              solver->prepared.stride};
  const ion_block x        = {solver->x.data + first, solver->n_state, n, solver->x.stride};
  unsigned char wanted[ION_MAX_LANES] = {0};
  double re[ION_MAX_LANES], im[ION_MAX_LANES];
  PetscBool is_any = PETSC_FALSE;

  PetscFunctionBegin;
  for (size_t l = 0; l < n && first + l < solver->n_point; l++) {
    wanted[l] = v->status[first + l] == ION_OK &&
                !(solver->for_class && v->reached[first + l] == ION_REACHED_DEPARTED);
    re[l] = im[l] = (double)NAN;
    if (wanted[l]) is_any = PETSC_TRUE;
  }
  if (is_any) {
    ion_model_evaluate(solver->model, prepared, x, n, ION_RESIDUAL | ION_JACOBIAN,
                       &solver->tile.work);
    PetscCall(ion_spectrum_find(&solver->spectrum, prepared, x, &solver->tile.work, wanted, re, im,
                                NULL));
  }
  for (size_t l = 0; l < n && first + l < solver->n_point; l++) {
    v->eigen_re[first + l] = re[l];
    if (v->eigen_im) v->eigen_im[first + l] = im[l];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_stability_batch(ion_solver *solver)
{
  const size_t lanes = solver->tile.lanes;

  PetscFunctionBegin;
  if (!solver->spectrum.lanes)
    PetscCall(ion_spectrum_create(solver->model, lanes, &solver->spectrum));
  for (size_t first = 0; first < solver->n_point; first += lanes)
    PetscCall(find_tile(solver, first, PetscMin(lanes, solver->x.stride - first)));
  PetscFunctionReturn(PETSC_SUCCESS);
}
