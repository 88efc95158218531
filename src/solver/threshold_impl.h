/* Shared by the files of the threshold search. */
#ifndef ION_THRESHOLD_IMPL_H
#define ION_THRESHOLD_IMPL_H

#include "branch_impl.h"

/* What a lane is at. */
typedef enum {
  ION_STAGE_START,
  ION_STAGE_WALK,
  ION_STAGE_FOLD,     /* polishing t_sigma = 0, */
  ION_STAGE_FOLD_MET, /* which is met: is the rest of the spectrum stable? */
  ION_STAGE_SEARCH,   /* if not: between which steps of the branch was stability lost? */
  ION_STAGE_HOPF,     /* polishing Re lambda = 0 */
  ION_STAGE_BOUND,
  ION_STAGE_DONE
} ion_stage;

enum { ION_MOST_KEPT = 64 };

typedef struct {
  ptrdiff_t point; /* of the batch, -1: idle */
  ion_stage stage;
  PetscBool is_last;      /* the step ends at the end of the range */
  PetscBool was_strained; /* a bound was broken at the start */
  PetscBool known;        /* eigenvalues of the iterate are those below */
  double step;
  int steps;
  double margin,
      margin_new; /* least distance to a bound, relative: at the base point, at the iterate */
  int bound;      /* which one */
  double eigen, eigen_im; /* leading eigenvalue at the iterate, s^-1 */
  PetscBool is_unstable;  /* at a fold: an eigenvalue other than the vanishing one has Re > 0 */
  int n_kept, low,
      high; /* places of the branch that are kept; stable and unstable end of a search */
  double eigen_low, eigen_high; /* there, s^-1 */
  ion_root root;
  double place;             /* of the iterate, along the branch */
  PetscBool is_bound_saved; /* base point and margins of the step that first crossed a bound */
  double saved_z[ION_MAX_STATE], saved_t[ION_MAX_STATE], saved_ahead, saved_margin[2];
} ion_threshold_lane;

struct ion_threshold {
  const ion_model *model;
  size_t n_varying, max_batch;
  int *varying;
  double *scale;
  ion_threshold_range range;
  double sigma_back;
  double way,
      sigma_end; /* of the search in hand: 1 towards the loss, -1 on the way back; where it ends */
  double *sigma_start; /* [max_batch] */
  ion_solver *solver;
  ion_tracker tracker;
  ion_threshold_lane *lane; /* [lanes] */
  double *kept;          /* [lanes][ION_MOST_KEPT][2 (n_state + 1)] places z and their tangents */
  ion_block theta_start; /* [n_theta][max_batch] the parameter at the start of its range */
  ion_block prepared_start; /* of the batch in hand */
  ion_block x_start;        /* [n_state] */
  ion_block z_end, t_end;   /* [n_state + 1] where the state is lost, and the tangent there */
  ion_block perturbed;      /* [n_state][lanes] F with a parameter on one side */
  int *bound_end;           /* [max_batch] the bound that is crossed */
  unsigned char *reached, *starts; /* [max_batch]; points that have a state to start from */
  ion_spectrum spectrum;
  double *re, *im;                      /* [lanes] leading eigenvalues */
  unsigned char waits[ION_TRACK_LANES]; /* for its eigenvalues, found at the next evaluation */
  unsigned char again[ION_TRACK_LANES]; /* the next stage starts where the lane is */
  const ion_thresholds *found;
};

/* threshold.c */
void ion_threshold_set_line(ion_threshold *s, size_t lane, size_t p);
double ion_threshold_value(const ion_threshold *s, double sigma);

/* threshold_stages.c */
void ion_threshold_start_lane(ion_threshold *s, size_t lane, size_t p);

/* What an arrived lane does next; PETSC_FALSE where it needs its eigenvalues first. */
PetscBool ion_threshold_arrive(ion_threshold *s, size_t lane);

/* A correction failed. */
void ion_threshold_lose(ion_threshold *s, size_t lane);

/* threshold_bound.c: the homeostasis bound that is nearest, relative to its size; > 0 while all hold. Lane of
 * an evaluated work. */
double ion_threshold_margin(const ion_model *model, ion_block theta, const ion_work *work,
                            size_t lane, int *bound);

double ion_threshold_margin_of(const ion_model *model, int bound, ion_block theta,
                               const ion_work *work, size_t lane);

/* threshold_gradient.c */
PetscErrorCode ion_threshold_gradients(ion_threshold *s, size_t n_point);

#endif
