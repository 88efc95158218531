/* The matrix [J F_sigma; c] of a corrector, and its transpose, in the pattern of the model. */
#include "branch_impl.h"

#include <string.h>

/* Columns of the bordered pattern row by row; slots follow those of dF/dx: F_sigma, then the row c. */
static PetscErrorCode extend_pattern(const ion_model *model, const unsigned char *is_moved,
                                     ion_bordered *b)
{
  const ion_pattern *p = ion_model_pattern(model);
  const size_t most    = p->n_nonzero + 2 * p->n + 1;
  size_t n             = 0;

  PetscFunctionBegin;
  PetscCall(PetscMalloc4(p->n, &b->moved, p->n + 2, &b->start, most, &b->col, most, &b->slot));
  b->n = p->n + 1;
  for (size_t i = 0; i < p->n; i++) {
    b->start[i] = (int)n;
    for (int k = p->start[i]; k < p->start[i + 1]; k++, n++) {
      b->col[n]  = p->col[k];
      b->slot[n] = k;
    }
    if (!is_moved[i]) continue;
    b->col[n]              = (int)p->n;
    b->slot[n++]           = (int)(p->n_nonzero + b->n_moved);
    b->moved[b->n_moved++] = (int)i;
  }
  b->start[p->n] = (int)n;
  for (size_t j = 0; j < b->n; j++, n++) {
    b->col[n]  = (int)j;
    b->slot[n] = (int)(p->n_nonzero + b->n_moved + j);
  }
  b->start[b->n] = (int)n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Representative values: the Jacobian, and 1 in the border, whose pivots are not chosen by size. */
static void fill_values(const ion_bordered *b, size_t n_nonzero, const double *jacobian,
                        double *value)
{
  for (int k = 0; k < b->start[b->n]; k++)
    value[k] = b->slot[k] < (int)n_nonzero ? jacobian[b->slot[k]] : 1.0;
}

/* The same entries column by column. */
static void transpose(const ion_bordered *b, const double *value, int *start, int *row, int *slot,
                      double *at)
{
  size_t n = 0;

  for (size_t j = 0; j < b->n; j++) {
    start[j] = (int)n;
    for (size_t i = 0; i < b->n; i++)
      for (int k = b->start[i]; k < b->start[i + 1]; k++) {
        if (b->col[k] != (int)j) continue;
        row[n]  = (int)i;
        slot[n] = b->slot[k];
        at[n++] = value[k];
      }
  }
  start[b->n] = (int)n;
}

static PetscErrorCode create_eliminations(ion_bordered *b, size_t n_nonzero, const double *jacobian)
{
  const size_t n = (size_t)b->start[b->n];
  int *start, *row, *slot;
  double *value, *at;

  PetscFunctionBegin;
  PetscCall(PetscMalloc5(n, &value, n, &at, b->n + 1, &start, n, &row, n, &slot));
  fill_values(b, n_nonzero, jacobian, value);
  transpose(b, value, start, row, slot, at);
  PetscCall(ion_elimination_create(&(ion_pattern){b->n, n, b->start, b->col}, b->slot, value, 2,
                                   PETSC_TRUE, &b->solve));
  PetscCall(ion_elimination_create(&(ion_pattern){b->n, n, start, row}, slot, at, 1, PETSC_TRUE,
                                   &b->adjoint));
  PetscCall(PetscFree5(value, at, start, row, slot));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_bordered_create(const ion_model *model, const double *jacobian,
                                   const unsigned char *is_moved, ion_bordered *b)
{
  PetscFunctionBegin;
  PetscCall(extend_pattern(model, is_moved, b));
  PetscCall(create_eliminations(b, ion_model_pattern(model)->n_nonzero, jacobian));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_bordered_destroy(ion_bordered *b)
{
  PetscFunctionBegin;
  PetscCall(PetscFree4(b->moved, b->start, b->col, b->slot));
  PetscCall(ion_elimination_destroy(&b->solve));
  PetscCall(ion_elimination_destroy(&b->adjoint));
  memset(b, 0, sizeof *b);
  PetscFunctionReturn(PETSC_SUCCESS);
}

size_t ion_bordered_extra_rows(const ion_bordered *b, const ion_model *model)
{
  const size_t n_jac = ion_model_pattern(model)->n_nonzero, n = b->n - 1;

  return PetscMax(ion_elimination_extra_rows(&b->solve, n_jac, n),
                  ion_elimination_extra_rows(&b->adjoint, n_jac, n));
}

double *ion_bordered_column(const ion_bordered *b, const ion_work *work, size_t k)
{
  (void)b;
  return ion_row(work->extra, k);
}

double *ion_bordered_row(const ion_bordered *b, const ion_work *work, size_t j)
{
  return ion_row(work->extra, b->n_moved + j);
}
