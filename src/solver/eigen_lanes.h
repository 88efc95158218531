/* Eigenvalues of many small real matrices at once, one matrix a lane. */
#ifndef ION_SOLVER_EIGEN_LANES_H
#define ION_SOLVER_EIGEN_LANES_H

#include "base/lanes.h"

enum { ION_EIGEN_LANES = ION_PAD };

/* Matrices of order n. A row and a column of zeros lie behind the last ones, so that a reflector of three rows may
 * stand at the end. */
typedef struct {
  size_t n;
  ion_block a;      /* [(n + 1) (n + 1)][ION_EIGEN_LANES], row-major */
  ion_block w;      /* [n][ION_EIGEN_LANES] a reflector */
  ion_block re, im; /* [n][ION_EIGEN_LANES] eigenvalues in no order, complex ones in pairs */
  unsigned char found[ION_EIGEN_LANES];
} ion_eigen;

PetscErrorCode ion_eigen_create(size_t n, ion_eigen *eigen);
PetscErrorCode ion_eigen_destroy(ion_eigen *eigen);

/* Entry (i, j) of the matrices over the lanes. */
static inline double *ion_eigen_at(const ion_eigen *eigen, size_t i, size_t j)
{
  return ion_row(eigen->a, i * (eigen->n + 1) + j);
}

/* Eigenvalues of the matrices in a, which are overwritten; `found` is 0 in a lane whose matrix is not finite or whose
 * iteration does not converge. A lane's bits do not depend on the other lanes. */
void ion_eigen_find(ion_eigen *eigen);

#endif
