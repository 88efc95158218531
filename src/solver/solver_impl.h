/* What the files of src/solver share. */
#ifndef ION_SOLVER_IMPL_H
#define ION_SOLVER_IMPL_H

#include "eigen_lanes.h"
#include "reduction.h"

#include <ion/solver.h>

/* ---- elimination: sparse LU found once a model, executed over rows of points ---- */

/* dst = (dst - sum of products) * scale, or its reciprocal on the diagonal. */
typedef struct {
  int dst, scale;              /* scale -1: none */
  int first, n;                /* products */
  PetscBool is_fill, is_pivot; /* fill starts from zero */
  PetscBool is_rhs;            /* of the right-hand side */
} ion_lu_op;

/* Slots: the entries of the matrix, then fill, then one for each component of each right-hand side; once
 * placed, rows of a work's scratch block. */
typedef struct {
  size_t n;
  size_t n_rhs;
  size_t n_nonzero, n_fill;
  ion_lu_op *op;
  size_t n_op, n_term;
  int *term; /* [n_term][2] */
  int *
      solution; /* [n_rhs][n] row that holds component i of a right-hand side, and in the end of its solution */
} ion_elimination;

/* Choose pivots by Markowitz counts among entries of at least a hundredth of their row, at the values
 * of one representative Jacobian [n_nonzero]. number [n_nonzero] gives the slot of each entry of the
 * pattern, NULL where they follow each other.
 *
 * Of a bordered matrix [J b; c d] the last row and column wait to the end, where the last row of J takes its
 * pivot in b: regular also where J is singular, as long as the bordered matrix is not. */
PetscErrorCode ion_elimination_create(const ion_pattern *pattern, const int *number,
                                      const double *jacobian, size_t n_rhs, PetscBool is_bordered,
                                      ion_elimination *elimination);

/* Rows behind those of dF/dx and F that a work must have for it. */
size_t ion_elimination_extra_rows(const ion_elimination *elimination, size_t n_jac, size_t n_F);
PetscErrorCode ion_elimination_destroy(ion_elimination *elimination);

/* Row of a work that component i of right-hand side r is put into. */
double *ion_elimination_rhs(const ion_elimination *elimination, const ion_work *work, size_t r,
                            size_t i);

/* Bind the slots to the rows of works: entries of the pattern to dF/dx, the first right-hand side to F; what is
 * beyond them and fill to the extra rows behind. Once. */
PetscErrorCode ion_elimination_place(ion_elimination *elimination, const ion_work *work);

/* Solve J y = F in place: dF/dx, fill and right-hand sides of the scratch block are overwritten; component i of
 * y is row solution[i]. sign [n_point] becomes that of the determinant times a constant of the elimination. */
void ion_elimination_solve(const ion_elimination *elimination, ion_block scratch, size_t n_point,
                           double *sign);

/* The same for another right-hand side in F, with the factors that the last solution left in the block. */
void ion_elimination_solve_again(const ion_elimination *elimination, ion_block scratch,
                                 size_t n_point);

/* ---- a tile: points advanced together ---- */

#define ION_MAX_LANES 512
#define ION_MAX_STATE 256 /* unknowns of a model */

typedef struct {
  size_t lanes;
  ion_work work;
  ion_block prepared, x, x_old, y;
  ion_block saved_jac, saved_F; /* for the guard of the relaxation */
  double norm[ION_MAX_LANES], norm_old[ION_MAX_LANES], step[ION_MAX_LANES], first[ION_MAX_LANES];
  double size[ION_MAX_LANES], before[ION_MAX_LANES]; /* |y| of the last two accepted directions */
  double largest[ION_MAX_LANES], sign[ION_MAX_LANES], mask[ION_MAX_LANES];
  ptrdiff_t point[ION_MAX_LANES]; /* of the batch, -1 where the lane is idle */
  int count[ION_MAX_LANES];
} ion_tile;

PetscErrorCode ion_tile_create(const ion_solver *solver, size_t lanes, ion_tile *tile);
PetscErrorCode ion_tile_destroy(ion_tile *tile);

/* |F|_2 of every lane; NaN becomes infinite. */
void ion_tile_norm(const ion_tile *tile, ion_block F, double *norm);

/* Solve J y = F in place of what the last evaluation left; `largest` becomes max |y|, `sign` that of the
 * determinant. */
void ion_tile_solve(const ion_elimination *elimination, ion_tile *tile);

/* Component i of y over the lanes. */
const double *ion_tile_direction(const ion_elimination *elimination, const ion_tile *tile,
                                 size_t i);

/* ---- spectra of the dynamics over a tile ---- */

typedef struct {
  const ion_model *model;
  size_t lanes, order; /* a multiple of ION_PAD; most eigenvalues of a lane */
  ion_reduction reduction;
  ion_eigen eigen;
  size_t gathered[ION_EIGEN_LANES], n_gathered; /* lanes whose matrix waits for its eigenvalues */
  ion_block re, im; /* [order][lanes] s^-1, eigenvalues of the lanes last asked for, in no order */
  size_t *count;    /* [lanes] how many of them; 0 where the lane is not finite */
  double *re_one, *im_one; /* [order] of one point */
  size_t n_by_one;         /* lanes done one at a time since creation */
} ion_spectrum;

PetscErrorCode ion_spectrum_create(const ion_model *model, size_t lanes, ion_spectrum *spectrum);
PetscErrorCode ion_spectrum_destroy(ion_spectrum *spectrum);

/* All eigenvalues of the dynamics in the lanes wanted, of an evaluation ION_RESIDUAL | ION_JACOBIAN that no
 * elimination has overwritten: in spectrum->re and im. A lane's bits depend neither on its place nor on the others.
 *
 * wanted [lanes] 0 or 1; re, im [lanes] the eigenvalue of largest real part and its imaginary part >= 0, s^-1, NaN
 * where the lane is not finite; n_unstable [lanes] eigenvalues with a positive real part, -1 there, or NULL. Lanes
 * that are not wanted keep what they had. */
PetscErrorCode ion_spectrum_find(ion_spectrum *spectrum, ion_block prepared, ion_block x,
                                 const ion_work *work, const unsigned char *wanted, double *re,
                                 double *im, int *n_unstable);

struct ion_solver {
  const ion_model *model;
  size_t n_state, n_theta, n_varying, max_batch;
  int *varying;
  unsigned char *varies; /* [n_theta] */
  size_t n_prepared_varying;
  int *prepared_varying;      /* prepared rows that depend on the varying parameters */
  const double *reference;    /* [n_theta] */
  double *tangent;            /* [n_varying][n_state] dx/dg, g = ln p or p */
  unsigned char *logarithmic; /* [n_varying] */
  double rest_sign;           /* sign of the determinant at rest, */
  double relaxed_sign;        /* as the elimination of the relaxation gives it, */
  double dense_sign;          /* and as LU with pivoting does */
  ion_elimination elimination;
  ion_elimination relaxation; /* with the entries that a time derivative adds to dF/dx */
  ion_pattern relaxed;        /* its pattern: that of the model, then those entries row by row */
  int *relaxed_start, *relaxed_col, *relaxed_slot;
  ion_tile tile, rescue;
  ion_spectrum spectrum;   /* of the tile; made when first asked for */
  PetscBool for_class;     /* departed states need no eigenvalues */
  ion_block prepared;      /* [n_prepared][max_batch] */
  PetscBool *is_logarithm; /* [n_state] of a concentration */
  int *potential;          /* unknowns that are potentials */
  size_t n_potential;

  /* the batch in hand */
  ion_block theta, x;
  size_t n_point;
  const ion_verdict *verdict;
  unsigned char *converged; /* [max_batch] */
  double *det_sign;         /* [max_batch] sign of the determinant at the state */
  int *iterations;

  SNES snes;
  Vec vec; /* the batch's unknowns [n_state][stride]; `x` is its array */
  Vec residual;
  Mat matrix;
  ion_block jac;   /* [n_nonzero][max_batch] of the newtonls alternative */
  double *scalars; /* [4][max_batch] norm, step, first, sign */
};

/* steady.c */
/* -ion_batch_lanes, or the usual number */
PetscErrorCode ion_solver_choose_lanes(size_t max_batch, PetscInt usual, size_t *lanes);
void ion_solver_reference_theta(const ion_model *model, ion_block theta);

/* tangent.c */
PetscErrorCode ion_solver_find_tangents(ion_solver *solver);
void ion_solver_guess(const ion_solver *solver, ion_block theta, size_t n_point, ion_block x);

/* newton.c: damped Newton over the batch, finished lanes refilled */
void ion_newton_batch(ion_solver *solver);

/* snes.c */
PetscErrorCode ion_solver_create_snes(ion_solver *solver);
PetscErrorCode ion_solver_destroy_snes(ion_solver *solver);

/* rescue.c: points the direct way left open */
PetscErrorCode ion_rescue_batch(ion_solver *solver);

/* dense.c: J y = F of one lane by LU with pivoting; y [n] is NaN where J is singular */
PetscErrorCode ion_dense_solve(const ion_pattern *pattern, ion_block jac, ion_block F, size_t lane,
                               double *y, double *sign);

/* relaxation.c: the matrix J - M/dt of a time step, M = dn/dx of the balanced pools */
PetscErrorCode ion_relaxation_create(ion_solver *solver, const double *jacobian);
PetscErrorCode ion_relaxation_destroy(ion_solver *solver);

/* Put J - M/dt where J stands, and its further entries into the extra rows; dt [lanes] in s. */
void ion_relaxation_shift(const ion_solver *solver, ion_tile *tile, const double *dt);

/* Row of the work that holds entry k of the relaxed pattern. */
const double *ion_relaxation_entry(const ion_solver *solver, const ion_tile *tile, size_t k);

/* stability.c */
PetscErrorCode ion_stability_batch(ion_solver *solver);

static inline PetscBool ion_solver_is_far(const ion_solver *solver, ion_block x, size_t p)
{
  const double *rest = ion_model_rest(solver->model);

  for (size_t k = 0; k < solver->n_potential; k++) {
    const double d = ion_row(x, (size_t)solver->potential[k])[p] - rest[solver->potential[k]];

    if (!(d <= 1 && d >= -1)) return PETSC_TRUE;
  }
  return PETSC_FALSE;
}

#endif
