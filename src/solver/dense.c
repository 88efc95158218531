/* LU with pivoting of one lane: for matrices whose pivots have moved, and for the sign of the determinant where the
 * order of elimination chosen at rest loses it. */
#include "solver_impl.h"

#include <petscblaslapack.h>

#include <math.h>

PetscErrorCode ion_dense_solve(const ion_pattern *pattern, ion_block jac, ion_block F, size_t lane,
                               double *y, double *sign)
{
  const size_t n = pattern->n;
  PetscBLASInt order, one = 1, info, *pivots;
  PetscScalar *A;

  PetscFunctionBegin;
  PetscCall(PetscBLASIntCast((PetscInt)n, &order));
  PetscCall(PetscMalloc2(n * n, &A, n, &pivots));
  PetscCall(PetscArrayzero(A, n * n));
  for (size_t i = 0; i < n; i++) {
    y[i] = ion_row(F, i)[lane];
    for (int k = pattern->start[i]; k < pattern->start[i + 1]; k++)
      A[i + n * (size_t)pattern->col[k]] = ion_row(jac, (size_t)k)[lane];
  }
  PetscCallBLAS("gesv", LAPACKgesv_(&order, &one, A, &order, pivots, y, &order, &info));
  *sign = 1;
  for (size_t i = 0; i < n; i++) {
    if ((size_t)pivots[i] != i + 1) *sign = -*sign;
    if (A[i + n * i] < 0) *sign = -*sign;
    if (info) y[i] = (double)NAN;
  }
  PetscCall(PetscFree2(A, pivots));
  PetscFunctionReturn(PETSC_SUCCESS);
}
