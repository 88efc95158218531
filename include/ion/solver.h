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

/** Whether eigenvalues serve the output `class` alone: then they stay NaN at departed states, which are
 * collapsed whatever theirs are. False at first. */
void ion_solver_set_for_class(ion_solver *solver, PetscBool for_class);

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

/* ---- thresholds ---- */

/** How the physiological state is lost as a parameter moves. */
typedef enum {
  ION_LOSS_NONE,   /**< not lost in the range */
  ION_LOSS_FOLD,   /**< a saddle-node: beyond it the state does not exist */
  ION_LOSS_HOPF,   /**< a pair of complex eigenvalues crosses the imaginary axis */
  ION_LOSS_BOUND,  /**< a homeostasis bound is crossed without a singular point */
  ION_LOSS_ABSENT, /**< there is no physiological state at the start */
  ION_N_LOSS
} ion_loss;

/** Their names in order of their value, blanks between. */
extern const char ion_loss_words[];

/** What moves: one parameter, the same for all points. */
typedef struct {
  int parameter; /**< row of theta; -1: all varying ones, on the straight path from the reference state
                      (0) to each point (1) */
  double from, to; /**< SI; of the path 0 and 1 */
  double
      back; /**< SI; how far back from the threshold a recovery is looked for: from, or before it */
} ion_threshold_range;

/** Thresholds of a batch; arrays [n_point] and blocks owned by the caller, those not wanted NULL or without
 * rows. NaN where there is none. */
typedef struct {
  unsigned char *status; /**< ion_status; always given */
  unsigned char *kind;   /**< ion_loss; always given */
  double *value;         /**< SI; always given */
  double *omega;         /**< s^-1, of a Hopf point */
  ion_block x;           /**< [n_state] the state there */
  ion_block gradient;    /**< [n_varying] d value/d theta, SI per SI */
  unsigned char
      *recovery_kind; /**< ion_loss of the collapsed state on the way back: fold, hopf or none */
  double *recovery;   /**< SI */
  int *steps;         /**< points of the branch */
} ion_thresholds;

typedef struct ion_threshold ion_threshold;

/** Search for thresholds of one model.
 *
 * @param[in] varying  [n_varying] rows of theta that differ between points, without the parameter itself
 * @param[in] scale    [n_varying] SI, what a change of each is measured by where its value is 0; NULL: 1
 *
 * Not collective.
 */
PetscErrorCode ion_threshold_create(const ion_model *model, const int *varying, size_t n_varying,
                                    const double *scale, const ion_threshold_range *range,
                                    size_t max_batch, ion_threshold **threshold);
PetscErrorCode ion_threshold_destroy(ion_threshold **threshold);

/** The first loss of the physiological state of every point, as the parameter moves from one end of its
 * range to the other: the first fold or Hopf point of its branch (pseudo-arclength continuation; Keller
 * 1977; fold by t_sigma = 0 on the branch, which is the minimally augmented condition with border F_sigma
 * and the tangent, Govaerts 2000), else the first crossing of a homeostasis bound. The gradient is
 * -(w . F_p)/(w . F_s), w the left null vector.
 *
 * A point's result does not depend on its batch mates.
 *
 * @param[in] theta  [n_theta][n_point] SI; the parameter's own row is ignored
 *
 * @return PETSC_SUCCESS even when points fail; PETSC_ERR_ARG_SIZ when the shapes disagree
 */
PetscErrorCode ion_threshold_solve(ion_threshold *threshold, ion_block theta,
                                   const ion_thresholds *found);

/* ---- one branch ---- */

/** What a place on a branch is. */
typedef enum {
  ION_PLACE_REGULAR,
  ION_PLACE_FOLD,
  ION_PLACE_HOPF,
  ION_PLACE_END, /**< an end of the range of the parameter */
  ION_N_PLACE
} ion_place_kind;

/** Their names in order of their value, blanks between. */
extern const char ion_place_words[];

typedef struct {
  double value;     /**< of the parameter, SI */
  double arclength; /**< from the start, in unknowns and the range of the parameter */
  double eigen_re,
      eigen_im;   /**< of the leading eigenvalue, s^-1; at a Hopf point of the pair that crosses */
  int n_unstable; /**< eigenvalues with a positive real part; at a fold those but the one that is 0 */
  ion_place_kind kind;
} ion_branch_place;

/** A branch of steady states, place by place. */
typedef struct {
  size_t n, n_allocated, n_state;
  ion_branch_place *place;
  double *x;              /**< [n][n_state] */
  PetscBool is_collapsed; /**< it starts at the collapsed state: rest leads to no other there */
  PetscBool
      is_complete; /**< it left the range; else the most places or the end of what can be followed was met */
} ion_branch;

/** Follow one branch through its folds, from the state that rest leads to at `from`, first towards `to`, until it
 * leaves the range between them.
 *
 * Not collective.
 *
 * @param[in]  theta      [n_theta][1] SI; rows other than that of the parameter have the values of the model
 * @param[in]  parameter  row of theta that moves
 * @param[in]  most       places at most
 * @param[in]  longest    step, in arclength
 * @param[out] branch     the caller destroys it, also after an error
 *
 * @return PETSC_ERR_USER_INPUT when no state is found at `from`
 */
PetscErrorCode ion_branch_follow(const ion_model *model, ion_block theta, int parameter,
                                 double from, double to, size_t most, double longest,
                                 ion_branch *branch);
PetscErrorCode ion_branch_destroy(ion_branch *branch);

/* ---- observers ---- */

/** Reads outputs of points that are evaluated with ION_RESIDUAL | ION_AFFINITY.
 *
 * @param[in]  theta     [n_theta][n_point] SI
 * @param[in]  prepared  [n_prepared][n_point]
 * @param[out] value     [n_output][n_point] in the unit of each output
 */
typedef void (*ion_observer)(const void *context, ion_block theta, ion_block prepared,
                             const ion_work *work, size_t n_point, ion_block value);

/* ---- time courses ---- */

/** Parameters that take new values at a time. */
typedef struct {
  double at; /**< s, not negative */
  size_t n_set;
  const int *row; /**< [n_set] of theta, such that ion_motion_may_change */
  const double
      *value; /**< [n_set] SI; NaN: the point's own value of theta, which then counts from here on,
                            the model's default before */
} ion_change;

/** The first time at which an observed quantity is above (below) a bound. */
typedef struct {
  size_t quantity; /**< row of what the observer reads */
  double bound;    /**< in its unit */
  PetscBool is_above;
} ion_event;

/** What is done to every point and what is looked at. */
typedef struct {
  double until; /**< s, above 0 */
  size_t n_change;
  const ion_change *change; /**< [n_change] in order of time, none after `until` */
  size_t n_event;
  const ion_event *event; /**< [n_event] */
  ion_observer observe;   /**< reads n_observed quantities; NULL where none is wanted */
  const void *context;
  size_t n_observed;
  double tolerance; /**< error of a step: of ln n, of V/(RT_ref/F), of a gate */
  double every;     /**< s between the samples of a trace, 0 for no trace */
  int ends_with; /**< event with which a course ends, at the step in which it happens; -1: none */
  size_t most_steps; /**< of a point, refused ones included */
} ion_protocol;

/** What became of every point; rows are [n_point] wide and owned by the caller, empty where not wanted. */
typedef struct {
  unsigned char *status; /**< ion_status: ok; domain_error where a compartment or pool runs empty;
                            no_state_found where the steps are used up */
  ion_block event;       /**< [n_event] s, NaN where it never happens */
  ion_block largest;     /**< [n_observed] over the course */
  ion_block smallest;
  ion_block last;  /**< [n_observed] at the end */
  ion_block x;     /**< [n_state] unknowns of the steady state at the end */
  ion_block trace; /**< [n_sample * n_observed] at 0, every, ... sample by sample */
  int *steps;      /**< accepted steps */
  int *refused;
} ion_course_result;

typedef struct ion_course ion_course;

/** Time courses of batches of points by RODAS (Hairer and Wanner 1996, IV.7: linearly implicit, order 4,
 * stiffly accurate), each point with a step of its own. Not collective.
 *
 * @param[in]  protocol   copied; what it points to lives as long as the course
 * @param[in]  max_batch  most points of one call
 *
 * PETSc options: -ion_batch_lanes N, points advanced together.
 *
 * @return PETSC_ERR_ARG_OUTOFRANGE for changes out of order or after the end, or of what cannot change;
 * PETSC_ERR_SUP as ion_motion_create
 */
PetscErrorCode ion_course_create(const ion_model *model, const ion_protocol *protocol,
                                 size_t max_batch, ion_course **course);
PetscErrorCode ion_course_destroy(ion_course **course);

/** Samples of a trace: 0, every, ... up to `until`. */
size_t ion_course_n_sample(const ion_course *course);

/** Parameters of points at time 0 (changes at 0 are made), or at the end.
 *
 * @param[in]  theta    [n_theta][n_point] SI, the points' own
 * @param[out] changed  [n_theta][n_point]
 */
void ion_course_theta(ion_course *course, ion_block theta, PetscBool at_end, ion_block changed);

/** Follow every point from rest plus what is put in at the start (ion_model_start).
 *
 * @param[in]  theta  [n_theta][n_point] SI, the points' own
 * @param[in]  start  [n_state][n_point] unknowns of the steady state to start from, or NULL
 */
PetscErrorCode ion_course_run(ion_course *course, ion_block theta, const ion_block *start,
                              const ion_course_result *result);

/** The reference: one point by PETSc TS (rosw on the constrained equations unless options say otherwise),
 * changes by restarts and events by TSSetEventHandler; nothing shared with the batch but F and dF/dy.
 *
 * @param[in]  theta  [n_theta] SI
 * @param[out] event  [n_event] s, NaN where it never happens
 * @param[out] last   [n_observed] at the end
 * @param[out] steps  accepted
 */
PetscErrorCode ion_course_reference(const ion_model *model, const ion_protocol *protocol,
                                    const double *theta, double *event, double *last, int *steps);

/* ---- linear response ---- */

/** Derivatives of outputs by parameters along the branch of steady states. */
typedef struct ion_response ion_response;

/** Working room for one point at a time.
 *
 * @param[in]  parameter  [n_parameter] rows of theta
 * @param[in]  observe    reads the n_output outputs; it and its context live as long as the response
 * @param[out] response   the caller destroys it, also after an error; borrows the model
 *
 * @return PETSC_ERR_ARG_OUTOFRANGE when a parameter is no row of theta
 */
PetscErrorCode ion_response_create(const ion_model *model, const int *parameter, size_t n_parameter,
                                   ion_observer observe, const void *context, size_t n_output,
                                   ion_response **response);
PetscErrorCode ion_response_destroy(ion_response **response);

/** Implicit function theorem at a steady state F(x; p) = 0 with outputs q(x, p), by the adjoint
 *
 *     dq/dp = q_p - lambda . F_p,   J^T lambda = q_x,
 *
 * one factorisation of J = dF/dx a point, one solve an output; every further parameter costs four
 * evaluations. J is the model's; F_p, q_p and q_x are differences of fourth order with steps of 2^-12 of
 * the parameter (or in an unknown), one-sided at a bound, which leaves a relative error of about 1e-10.
 * A parameter that is 0 is measured against the value at which F has moved by 1.
 *
 * Not collective.
 *
 * @param[in]  theta       [n_theta][n_point] SI
 * @param[in]  x           [n_state][n_point] steady states
 * @param[in]  p           the point
 * @param[out] derivative  [n_output][n_parameter] unit of the output per SI unit of the parameter; NaN
 *                         where the point has no state or J is singular
 *
 * @return PETSC_ERR_ARG_SIZ when the shapes disagree
 */
PetscErrorCode ion_response_derivatives(ion_response *response, ion_block theta, ion_block x,
                                        size_t p, double *derivative);

/** The same derivatives at the point of the last ion_response_derivatives from differences of full
 * steady states, each solved from rest at four values of a parameter. For checks.
 *
 * @param[out] derivative  [n_output][n_parameter]; NaN where a neighbour has no state, or one on another
 *                         branch
 */
PetscErrorCode ion_response_differences(ion_response *response, double *derivative);

/** Outputs [n_output] at the point of the last ion_response_derivatives; valid until the next. */
const double *ion_response_value(const ion_response *response);

/** Of the point of the last ion_response_derivatives: how large its outputs are, |q| or sum_i |dq/dx_i| where
 * that is larger (a closure is 0 but made of large terms), [n_output]; and what each parameter is measured
 * against, |p| or the stand-in of p = 0, [n_parameter] SI. A derivative far below their quotient is not told
 * from 0. Valid until the next call. */
const double *ion_response_size(const ion_response *response);
const double *ion_response_scale(const ion_response *response);

/** Onsager's matrix of the relaxation towards a steady state.
 *
 * The affinities of a network depend on each other, A = B A', A' being those of the first processes that
 * are independent (leak_na, not transient_na after it). Their flows are J' = B^T J, so that the
 * dissipation is RT J'.A'. State changes that keep charge and conserved totals, and no others, are
 * described by dA': L = dJ'/dA'. At thermodynamic equilibrium L = B^T diag(dJ_r/dA_r) B, symmetric and
 * positive semidefinite; elsewhere neither holds.
 *
 * Not collective. Gates are at their steady state.
 *
 * @param[in]  theta    [n_theta][n_point] SI
 * @param[in]  x        [n_state][n_point] any state
 * @param[in]  p        the point
 * @param[out] n        independent flows
 * @param[out] process  [n of n_process] which processes they belong to
 * @param[out] L        [n][n] of at least n_process x n_process; mol s^-1 per A/RT. The affinity of
 *                      water is an osmolarity difference, mol m^-3, its flow m^3 s^-1.
 *
 * @return PETSC_ERR_SUP when a change of state leaves every affinity as it is
 */
PetscErrorCode ion_response_onsager(const ion_model *model, ion_block theta, ion_block x, size_t p,
                                    size_t *n, int *process, double *L);

#endif
