/** @file
 * Layer 4: steady states of a batch of points, each judged alone; rescue; stability.
 *
 * Not collective: each rank solves its own batches.
 */
#ifndef ION_SOLVER_H
#define ION_SOLVER_H

#include <ion/model.h>

#include <petscsnes.h>

typedef struct ion_solver ion_solver;

/** How a state was reached. */
typedef enum {
  ION_REACHED_NOT,     /**< no state */
  ION_REACHED_DIRECT,  /**< Newton's method from the resting state, near it */
  ION_REACHED_BRANCH,  /**< following the path of parameters from rest leads to the same state */
  ION_REACHED_DEPARTED /**< relaxation from rest left the branch, which is gone at this point */
} ion_reached;

/** What the solver says of each point; arrays [n_point], owned by the caller. NULL where not wanted. */
typedef struct {
  unsigned char *status;  /**< ion_status */
  unsigned char *reached; /**< ion_reached */
  double *eigen_re;       /**< leading eigenvalue of the dynamics, s^-1 */
  double *eigen_im;       /**< its imaginary part >= 0, s^-1 */
  int *iterations;        /**< Newton iterations spent */
} ion_verdict;

/** Solver of one model.
 *
 * @param[in] varying    [n_varying] rows of theta that differ between points (the others hold the
 *                       model's default); they decide the tangent the first guess follows
 * @param[in] max_batch  most points of one call
 *
 * PETSc options: -snes_type shell (default) or newtonls, and the others of SNES;
 * -ion_batch_lanes N, points advanced together.
 */
PetscErrorCode ion_solver_create(const ion_model *model, const int *varying, size_t n_varying,
                                 size_t max_batch, ion_solver **solver);
PetscErrorCode ion_solver_destroy(ion_solver **solver);

/** Find the steady state F(x; theta) = 0 of every point that the resting state leads to.
 *
 * @param[in]  theta    [n_theta][n_point] SI
 * @param[out] x        [n_state][n_point] the state, NaN where none was found
 * @param[out] verdict  what became of each point; eigenvalues are computed where their arrays are given
 *
 * @return PETSC_SUCCESS even when points fail; PETSC_ERR_ARG_SIZ when the shapes disagree
 */
PetscErrorCode ion_solve_steady(ion_solver *solver, ion_block theta, ion_block x,
                                const ion_verdict *verdict);

/** Prepared rows of the last batch solved, [n_prepared][n_point]; valid until the next. */
ion_block ion_solver_prepared(const ion_solver *solver);

/** The oracle: one point by PETSc SNES newtonls with dense LU, from a given guess.
 *
 * @param[in]     theta  [n_theta] SI
 * @param[in,out] x      [n_state] guess, then state
 */
PetscErrorCode ion_solve_point(const ion_model *model, const double *theta, double *x,
                               SNESConvergedReason *reason, int *iterations);

/** Leading eigenvalue (largest real part) of the linearised dynamics, s^-1, at evaluated point p.
 * Gates, amounts and volumes move in time, A = M_dd^-1 (J_dd - J_da J_aa^-1 J_ad) (LAPACK dgeev). */
PetscErrorCode ion_stability_eigenvalue(const ion_model *model, ion_block prepared, ion_block x,
                                        const ion_work *work, size_t p, double *re, double *im);

/** All eigenvalues of the dynamics, s^-1, sorted by falling real part; `n` of them, arrays of
 * ion_model_n_dynamic(model). */
PetscErrorCode ion_stability_spectrum(const ion_model *model, ion_block prepared, ion_block x,
                                      const ion_work *work, size_t p, size_t *n, double *re,
                                      double *im);

#endif
