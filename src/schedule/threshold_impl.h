/* What the files of `solve: threshold` share. */
#ifndef ION_THRESHOLD_IMPL_H
#define ION_THRESHOLD_IMPL_H

#include "study_impl.h"

/* What an output reads. */
typedef enum {
  THRESHOLD_VALUE,
  THRESHOLD_KIND,
  THRESHOLD_FREQUENCY,
  THRESHOLD_RECOVERY,
  THRESHOLD_RECOVERY_KIND,
  THRESHOLD_HYSTERESIS,
  THRESHOLD_GRADIENT,
  THRESHOLD_STATE
} threshold_reading;

typedef struct {
  ion_output about;
  char *name, *long_name, *unit, *group; /* the texts `about` shows */
  threshold_reading reads;
  size_t index;          /* factor of a gradient; output of the ledger */
  double factor, offset; /* reported value = (SI value - offset)/factor */
} threshold_output;

typedef struct {
  ion_threshold_range range;
  size_t quantity;          /* of the parameter */
  ion_outputs *ledger;      /* what can be said of the state at the threshold */
  threshold_output *output; /* every output there is, */
  size_t n_output, n_allocated;
  size_t *order; /* and those asked for, in the study's order */
  PetscBool is_ready, wants_gradient, wants_recovery, wants_state;

  ion_threshold *threshold;
  ion_thresholds found;
  ion_block theta; /* [n_theta] with the parameter at its threshold */
  ion_block prepared, at_state;
  ion_work work;
} threshold_task;

/* threshold_outputs.c: all outputs there are, then those that a selection (NULL: all) takes; study->state is a
 * threshold_task whose section was read */
PetscErrorCode ion_threshold_list_outputs(const ion_study *study);
PetscErrorCode ion_threshold_choose_outputs(ion_study *study, const ion_node *selection);

#endif
