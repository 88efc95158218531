/* Following branches of steady states F(x; theta(sigma)) = 0 along a line of parameters,
 * theta(sigma) = origin + sigma direction, by pseudo-arclength (Keller 1977) in z = (x, sigma): a bordered
 * Newton step a round for every lane, each lane at its own place of its own branch. */
#ifndef ION_BRANCH_IMPL_H
#define ION_BRANCH_IMPL_H

#include "solver_impl.h"

/* ---- bordered.c: the matrix [J F_sigma; c] ---- */

typedef struct {
  size_t n;                /* unknowns of the model, + 1 */
  size_t n_moved;          /* rows of F that sigma reaches */
  int *moved;              /* [n_moved] */
  int *start, *col, *slot; /* pattern */
  ion_elimination solve;   /* two right-hand sides: [F; N] and [0; 1] */
  ion_elimination adjoint; /* of the transposed matrix; one right-hand side */
} ion_bordered;

/* From a Jacobian at rest; moved lists the rows of F that depend on the line. */
PetscErrorCode ion_bordered_create(const ion_model *model, const double *jacobian,
                                   const unsigned char *is_moved, ion_bordered *bordered);
PetscErrorCode ion_bordered_destroy(ion_bordered *bordered);
size_t ion_bordered_extra_rows(const ion_bordered *bordered, const ion_model *model);

/* Rows of an extended work that hold the entries of the border. */
double *ion_bordered_column(const ion_bordered *bordered, const ion_work *work, size_t k);
double *ion_bordered_row(const ion_bordered *bordered, const ion_work *work, size_t j);

/* ---- root.c: where a function of the arclength vanishes ---- */

typedef struct {
  double a, fa, b, fb; /* a bracket: fa and fb differ in sign */
  int side, n;
} ion_root;

void ion_root_start(ion_root *root, double a, double fa, double b, double fb);
double ion_root_next(const ion_root *root);                  /* the next place to look at */
void ion_root_tell(ion_root *root, double at, double value); /* what was found there */

/* ---- tracker.c ---- */

/* What the corrector of a lane has come to. */
typedef enum { ION_TRACK_BUSY, ION_TRACK_ARRIVED, ION_TRACK_LOST } ion_track_state;

#define ION_TRACK_LANES 64

typedef struct {
  const ion_model *model;
  size_t n, n_theta, lanes; /* n = unknowns of the model */
  size_t n_moving;
  int *moving; /* rows of theta that the line moves */
  unsigned char *moves;
  ion_bordered bordered;
  ion_work work;
  ion_block theta, prepared;
  ion_block origin, direction;                           /* [n_moving][lanes] SI */
  double lower[ION_TRACK_LANES], upper[ION_TRACK_LANES]; /* of sigma */
  ion_block z, z0;                                       /* [n + 1] iterate, base point */
  ion_block t, t0;              /* unit tangents there; that of the iterate follows the border */
  ion_block border;             /* [n + 1] row c of the corrector c.(z - z0) = ahead */
  ion_block plus, minus;        /* [n] F on both sides of sigma */
  ion_block saved_jac, saved_F; /* the matrix and right-hand side before elimination */
  double ahead[ION_TRACK_LANES];
  double size[ION_TRACK_LANES];   /* last Newton step */
  double before[ION_TRACK_LANES]; /* and the one before */
  double tight[ION_TRACK_LANES];  /* step below which a lane has arrived */
  int count[ION_TRACK_LANES];
  unsigned char busy[ION_TRACK_LANES];
} ion_tracker;

/* moving [n_moving] rows of theta. */
PetscErrorCode ion_tracker_create(const ion_model *model, const int *moving, size_t n_moving,
                                  size_t lanes, ion_tracker *tracker);
PetscErrorCode ion_tracker_destroy(ion_tracker *tracker);

/* Put a point into a lane: its parameters and prepared rows, column p of the blocks. The line is set by the
 * caller in origin and direction. */
void ion_tracker_load(ion_tracker *tracker, size_t lane, ion_block theta, ion_block prepared,
                      size_t p);

/* Start from a guess x [n] at sigma: corrected at that sigma, the tangent then points to where sigma rises
 * (sign 1) or falls (-1). */
void ion_tracker_start(ion_tracker *tracker, size_t lane, const double *x, double sigma,
                       double sign);

/* Aim from the base point along its tangent, or at a value of sigma. */
void ion_tracker_aim(ion_tracker *tracker, size_t lane, double ahead);
void ion_tracker_aim_at(ion_tracker *tracker, size_t lane, double sigma);

/* From the base point to the iterate, along the tangent of the base point. */
double ion_tracker_way(const ion_tracker *tracker, size_t lane);

/* Whether the iterate may lie on another branch than the base point. */
PetscBool ion_tracker_has_jumped(const ion_tracker *tracker, size_t lane);

/* The iterate becomes the base point. */
void ion_tracker_accept(ion_tracker *tracker, size_t lane);

/* F, dF/dx and F_sigma at the iterates, then one Newton step of every busy lane; or both. */
void ion_tracker_evaluate_round(ion_tracker *tracker);
PetscErrorCode ion_tracker_step(ion_tracker *tracker);
PetscErrorCode ion_tracker_iterate(ion_tracker *tracker);

/* At the iterates: (w, h) of [J F_sigma; c]^T (w, h) = (0, 1), component i over the lanes. */
void ion_tracker_adjoint(ion_tracker *tracker);
const double *ion_tracker_adjoint_row(const ion_tracker *tracker, size_t i);

/* What the last step means for a lane; an arrived one has its tangent in t. */
ion_track_state ion_tracker_judge(ion_tracker *tracker, size_t lane);

/* Theta and prepared rows of all lanes at their iterates, and F, dF/dx there. */
void ion_tracker_evaluate(ion_tracker *tracker, unsigned what);

#endif
