/* The dynamics without their constraints, A = M_dd^-1 (J_dd - J_da J_aa^-1 J_ad), over a strip of points: an
 * elimination whose order is found once a model. */
#ifndef ION_SOLVER_REDUCTION_H
#define ION_SOLVER_REDUCTION_H

#include "base/lanes.h"

#include <ion/model.h>

typedef enum {
  ION_REDUCE_INVERT,   /* dst = 1/a */
  ION_REDUCE_MULTIPLY, /* dst = a b */
  ION_REDUCE_FILL,     /* dst = -a b */
  ION_REDUCE_SUBTRACT  /* dst -= a b */
} ion_reduce_code;

typedef struct {
  ion_reduce_code code;
  int dst, a, b;
} ion_reduce_op;

/* A pivot and the entry of its row that it must not be small against. */
typedef struct {
  int pivot, other;
} ion_reduce_guard;

/* An entry of A. */
typedef struct {
  size_t row, col, slot;
} ion_reduce_entry;

/* Slots: the entries of the pencil, then fill, reciprocals and factors. */
typedef struct {
  const ion_model *model;
  size_t n;            /* order of A */
  PetscBool is_usable; /* J_aa and M_dd are regular at rest */
  size_t n_slot;
  ion_block slot; /* [n_slot][ION_PAD] */
  ion_reduce_op *op;
  size_t n_op;
  ion_reduce_guard *guard;
  size_t n_guard;
  ion_reduce_entry *entry; /* of A, others are 0 */
  size_t n_entry;
} ion_reduction;

PetscErrorCode ion_reduction_create(const ion_model *model, ion_reduction *reduction);
PetscErrorCode ion_reduction_destroy(ion_reduction *reduction);

/* A at points first ... first + ION_PAD - 1 of an evaluation with Jacobian, each entry in its slot. good [ION_PAD] is 0
 * where a pivot is too small to trust the order. */
void ion_reduction_run(const ion_reduction *reduction, ion_block prepared, const ion_work *work,
                       size_t first, unsigned char *good);

#endif
