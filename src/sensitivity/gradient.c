/* From gradients: derivative-based measures and the active subspace. */
#include "sensitivity_impl.h"

#include <petscblaslapack.h>

#include <math.h>
#include <stdlib.h>

/* Columns without a NaN. */
static PetscErrorCode find_complete(ion_block gradient, unsigned char **is_there, size_t *n)
{
  PetscFunctionBegin;
  PetscCall(PetscMalloc1(gradient.n_point, is_there));
  *n = 0;
  for (size_t i = 0; i < gradient.n_point; i++) {
    double bad = 0.0;

    for (size_t j = 0; j < gradient.n_row; j++) bad += ion_row(gradient, j)[i] * 0.0;
    (*is_there)[i] = bad == 0.0;
    *n += (*is_there)[i];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static int by_size(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;

  return (x > y) - (x < y);
}

/* Median, and the share of the largest hundredth in the sum. */
static PetscErrorCode judge_tail(size_t n, const double *square, ion_dgsm *out)
{
  const size_t n_large = PetscMax(1, n / 100);
  double *sorted, sum = 0.0, large = 0.0;

  PetscFunctionBegin;
  out->median = out->largest_share = (double)NAN;
  if (n == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscMalloc1(n, &sorted));
  PetscCall(PetscArraycpy(sorted, square, n));
  qsort(sorted, n, sizeof *sorted, by_size);
  for (size_t i = 0; i < n; i++) {
    sum += sorted[i];
    if (i >= n - n_large) large += sorted[i];
  }
  out->median        = 0.5 * (sorted[(n - 1) / 2] + sorted[n / 2]);
  out->largest_share = sum > 0.0 ? large / sum : 0.0;
  out->is_infinite   = (PetscBool)(out->largest_share > 0.5 && n >= 100);
  PetscCall(PetscFree(sorted));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Means with each part left out, from sums and counts of the parts. */
static void leave_out(size_t n_part, const double *sum, const double *count, double *without,
                      double *mean)
{
  double all = 0.0, n = 0.0;

  for (size_t i = 0; i < n_part; i++) {
    all += sum[i];
    n += count[i];
  }
  *mean = all / n;
  for (size_t i = 0; i < n_part; i++) without[i] = (all - sum[i]) / (n - count[i]);
}

static PetscErrorCode dgsm_of(ion_block gradient, size_t j, const unsigned char *is_there,
                              const ion_parts *parts, double scale, ion_dgsm *out)
{
  const size_t n_part = ion_part_count(parts);
  const double *g     = ion_row(gradient, j);
  double *square, *sum;
  size_t n = 0;

  PetscFunctionBegin;
  *out = (ion_dgsm){.is_infinite = PETSC_FALSE};
  PetscCall(PetscMalloc1(gradient.n_point, &square));
  PetscCall(PetscCalloc1(3 * n_part, &sum));
  for (size_t i = 0; i < gradient.n_point; i++) {
    const size_t part = ion_part_of(parts, i);

    if (!is_there[i]) continue;
    square[n++] = g[i] * g[i];
    sum[part] += g[i] * g[i];
    sum[n_part + part] += 1.0;
  }
  leave_out(n_part, sum, sum + n_part, sum + 2 * n_part, &out->nu.value);
  out->nu.half_width = ion_jackknife(n_part, 1, sum + 2 * n_part);
  out->bound         = (ion_estimate){scale * out->nu.value, scale * out->nu.half_width};
  PetscCall(judge_tail(n, square, out));
  PetscCall(PetscFree(sum));
  PetscCall(PetscFree(square));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_dgsm_indices(ion_block gradient, const double *poincare, double variance,
                                size_t n_replicate, ion_dgsm *dgsm)
{
  const ion_parts parts = {gradient.n_point, n_replicate};
  unsigned char *is_there;
  size_t n;

  PetscFunctionBegin;
  PetscCall(find_complete(gradient, &is_there, &n));
  for (size_t j = 0; j < gradient.n_row; j++)
    PetscCall(dgsm_of(gradient, j, is_there, &parts, poincare[j] / variance, &dgsm[j]));
  PetscCall(PetscFree(is_there));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- active subspace ---- */

/* C = E[g g^T] of the points outside of a part (SIZE_MAX: of all). */
static void covariance(ion_block gradient, const unsigned char *is_there, const ion_parts *parts,
                       size_t without, double *C)
{
  const size_t k = gradient.n_row;
  double n       = 0.0;

  for (size_t i = 0; i < k * k; i++) C[i] = 0.0;
  for (size_t i = 0; i < gradient.n_point; i++) {
    if (!is_there[i] || ion_part_of(parts, i) == without) continue;
    n += 1.0;
    for (size_t a = 0; a < k; a++)
      for (size_t b = 0; b <= a; b++)
        C[a * k + b] += ion_row(gradient, a)[i] * ion_row(gradient, b)[i];
  }
  for (size_t a = 0; a < k; a++)
    for (size_t b = 0; b <= a; b++) C[b * k + a] = C[a * k + b] = C[a * k + b] / n;
}

/* Eigenvalues rise in LAPACK; they are turned round, and vectors get a sign. */
static PetscErrorCode eigen(size_t k, double *C, double *value, double *vector)
{
  PetscBLASInt n, size, info = 0;
  double *rising, *work;

  PetscFunctionBegin;
  PetscCall(PetscBLASIntCast((PetscInt)k, &n));
  PetscCall(PetscBLASIntCast((PetscInt)(k * 34), &size));
  PetscCall(PetscMalloc2(k, &rising, k * 34, &work));
  PetscCallBLAS("LAPACKsyev", LAPACKsyev_("V", "U", &n, C, &n, rising, work, &size, &info));
  PetscCheck(info == 0, PETSC_COMM_SELF, PETSC_ERR_LIB, "dsyev failed (%d)", (int)info);
  for (size_t i = 0; i < k; i++) {
    const double *column = C + (k - 1 - i) * k;
    size_t largest       = 0;

    value[i] = rising[k - 1 - i];
    for (size_t j = 1; j < k; j++)
      if (fabs(column[j]) > fabs(column[largest])) largest = j;
    for (size_t j = 0; j < k; j++) vector[i * k + j] = column[largest] < 0 ? -column[j] : column[j];
  }
  PetscCall(PetscFree2(rising, work));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Eigenvalues [k] and activity scores [k] of one selection of points. */
static PetscErrorCode spectrum(ion_block gradient, const unsigned char *is_there,
                               const ion_parts *parts, size_t without, size_t n_active,
                               double *vector, double *value)
{
  const size_t k = gradient.n_row;
  double *C;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(k * k, &C));
  covariance(gradient, is_there, parts, without, C);
  PetscCall(eigen(k, C, value, vector));
  for (size_t j = 0; j < k; j++) {
    value[k + j] = 0.0;
    for (size_t l = 0; l < n_active; l++)
      value[k + j] += value[l] * vector[l * k + j] * vector[l * k + j];
  }
  PetscCall(PetscFree(C));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void no_spectrum(size_t k, ion_estimate *eigenvalue, double *vector, ion_estimate *activity)
{
  for (size_t i = 0; i < k * k; i++) vector[i] = (double)NAN;
  for (size_t i = 0; i < k; i++)
    eigenvalue[i] = activity[i] = (ion_estimate){(double)NAN, (double)NAN};
}

PetscErrorCode ion_active_subspace(ion_block gradient, size_t n_replicate, size_t n_active,
                                   ion_estimate *eigenvalue, double *vector, ion_estimate *activity)
{
  const ion_parts parts = {gradient.n_point, n_replicate};
  const size_t k = gradient.n_row, n_part = ion_part_count(&parts);
  unsigned char *is_there;
  double *value;
  size_t n;

  PetscFunctionBegin;
  PetscCheck(n_active <= k, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE, "%zu vectors of %zu",
             n_active, k);
  no_spectrum(k, eigenvalue, vector, activity);
  PetscCall(find_complete(gradient, &is_there, &n));
  PetscCall(PetscMalloc1((n_part + 1) * 2 * k, &value));
  for (size_t i = 0; n > n_part && i < n_part; i++)
    PetscCall(spectrum(gradient, is_there, &parts, i, n_active, vector, value + i * 2 * k));
  if (n > n_part)
    PetscCall(
        spectrum(gradient, is_there, &parts, SIZE_MAX, n_active, vector, value + n_part * 2 * k));
  for (size_t j = 0; n > n_part && j < k; j++) {
    eigenvalue[j] =
        (ion_estimate){value[n_part * 2 * k + j], ion_jackknife(n_part, 2 * k, value + j)};
    activity[j] =
        (ion_estimate){value[n_part * 2 * k + k + j], ion_jackknife(n_part, 2 * k, value + k + j)};
  }
  PetscCall(PetscFree(value));
  PetscCall(PetscFree(is_there));
  PetscFunctionReturn(PETSC_SUCCESS);
}
