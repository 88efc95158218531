#include <ion/base.h>

#include <stdlib.h>
#include <string.h>

/* Rows of a power-of-two length would all start in the same cache set. */
#define ALIASING_STRIDE 64
#define ALIGNMENT 64

static size_t padded(size_t n_point)
{
  const size_t stride = (n_point + ION_PAD - 1) / ION_PAD * ION_PAD;

  return stride > 0 && stride % ALIASING_STRIDE == 0 ? stride + ION_PAD : stride;
}

PetscErrorCode ion_block_create(size_t n_row, size_t n_point, ion_block *block)
{
  const size_t limit = SIZE_MAX / 2 / sizeof(double);
  size_t stride;
  PetscBool fits;

  PetscFunctionBegin;
  memset(block, 0, sizeof *block);
  fits   = (PetscBool)(n_point < limit - (size_t)2 * ION_PAD);
  stride = fits ? padded(n_point) : limit;
  fits   = (PetscBool)(fits && (stride == 0 || n_row <= limit / stride));
  PetscCheck(fits, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory for %zu rows of %zu points", n_row,
             n_point);
  if (n_row > 0 && stride > 0) {
    block->data = aligned_alloc(ALIGNMENT, n_row * stride * sizeof(double));
    PetscCheck(block->data, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory for %zu rows of %zu points",
               n_row, n_point);
    memset(block->data, 0, n_row * stride * sizeof(double));
  }
  block->n_row   = n_row;
  block->n_point = n_point;
  block->stride  = stride;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_block_destroy(ion_block *block)
{
  PetscFunctionBegin;
  if (block) {
    free(block->data);
    memset(block, 0, sizeof *block);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
