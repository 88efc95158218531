/* What the files of the time courses share. */
#ifndef ION_TIME_IMPL_H
#define ION_TIME_IMPL_H

#include "solver_impl.h"

enum { ION_STAGES = 6 };

/* Where the lane of a point stands. */
typedef enum {
  ION_LANE_IDLE,
  ION_LANE_ENTERS,  /* parameters are new, the state not yet evaluated with them */
  ION_LANE_FRESH,   /* evaluated since: nothing of the last step holds */
  ION_LANE_ARRIVED, /* a step was accepted */
  ION_LANE_REFUSED  /* the last step was not */
} ion_lane_state;

/* States between the ends of the last step, looked at together. */
typedef struct {
  size_t n;
  size_t lane[ION_MAX_LANES];
  double at[ION_MAX_LANES]; /* share of the step */
  ion_work work;
  ion_block theta, prepared, y, value;
} ion_probe;

struct ion_course {
  const ion_model *model;
  ion_motion *motion;
  ion_protocol protocol;
  size_t n, n_state, n_theta, max_batch;
  size_t room, lanes; /* lanes there are, and those still in use: the first ones */
  ion_elimination lu;
  int *diagonal; /* [n] entry of the pattern, or -1 where the row is a constraint */

  /* the lanes */
  ion_work work;
  ion_block theta, prepared, y, y_old, stage, U; /* U: [ION_STAGES * n] */
  ion_block cont;                /* [2 n] of the continuous extension over the last step */
  ion_block now, before, middle; /* [n_observed] */
  ion_probe probe;
  ptrdiff_t point[ION_MAX_LANES];
  ion_lane_state state[ION_MAX_LANES];
  size_t segment[ION_MAX_LANES]; /* changes made */
  size_t sample[ION_MAX_LANES];  /* next one of the trace */
  double t[ION_MAX_LANES], t_old[ION_MAX_LANES], h[ION_MAX_LANES];
  double taken[ION_MAX_LANES]; /* step in hand: h, cut to the end of the segment */
  double h_last[ION_MAX_LANES], error_last[ION_MAX_LANES]; /* of the last accepted step */
  double error[ION_MAX_LANES], mask[ION_MAX_LANES], sign[ION_MAX_LANES];
  int accepted[ION_MAX_LANES], refused[ION_MAX_LANES];

  /* the batch in hand */
  ion_block all; /* theta of the caller */
  const ion_block *start;
  const ion_course_result *result;
  size_t next;
};

/* time_step.c: from what an evaluation with derivatives left, try a step of every lane: y, y_old, cont,
 * error. Lanes without a point repeat some step. */
void ion_course_try(ion_course *course);

/* time_watch.c */
void ion_course_watch(ion_course *course); /* events, extremes and samples up to now */

/* States of the probe's lanes at the probe's shares of the last step, and what is observed there. */
void ion_course_probe(ion_course *course);

#endif
