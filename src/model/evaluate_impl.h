/* What the stages of an evaluation share: the blocks in hand and how a row of them is reached. */
#ifndef ION_EVALUATE_IMPL_H
#define ION_EVALUATE_IMPL_H

#include "model_impl.h"

typedef struct {
  const ion_model *model;
  ion_block prepared, x, s; /* s: the scratch rows of a work */
  size_t n;
  PetscBool close; /* in time: solve the constraints for their closing pools, also in x */
} ion_stage;

static inline double *ion_stage_scratch(const ion_stage *e, int row)
{
  return ion_row(e->s, (size_t)row);
}

static inline double *ion_stage_prepared(const ion_stage *e, int row)
{
  return ion_row(e->prepared, (size_t)row);
}

/* unpack.c: concentrations, potentials, volumes and osmolarities from the unknowns */
void ion_stage_unpack(const ion_stage *e);

/* closing.c: amounts of the closing pools, and their unknowns */
void ion_stage_close(const ion_stage *e);

/* evaluate.c: all of the above, then rates and their derivatives */
void ion_stage_rates(const ion_stage *e, unsigned what);

#endif
