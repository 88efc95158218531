/* Studies of the analytic test functions: a saltelli design, its points and their values. */
#ifndef ION_SENSITIVITY_FIXTURE_H
#define ION_SENSITIVITY_FIXTURE_H

#include "ion_test.h"

#include <ion/design.h>
#include <ion/sensitivity.h>

enum { FIXTURE_MAX_INPUT = 8 };

typedef struct {
  size_t k, n_replicate, n_member, n_point;
  uint64_t n_block;
  PetscBool second_order;
  ion_block u; /* [k][n_point] */
  ion_block x; /* the same in the range of the function */
  double *y;   /* [n_point] */
  unsigned char *status;
} fixture;

/* The design of unit factors x1 ... xk. */
static inline PetscErrorCode fixture_design(size_t k, uint64_t samples, size_t n_replicate,
                                            PetscBool second_order, uint64_t seed,
                                            const ion_units *units, ion_spec **spec,
                                            ion_design **design)
{
  static const char *const names[FIXTURE_MAX_INPUT] = {"x1", "x2", "x3", "x4",
                                                       "x5", "x6", "x7", "x8"};
  ion_quantity quantity[FIXTURE_MAX_INPUT];
  char text[1024];
  int used;

  PetscFunctionBegin;
  used = snprintf(text, sizeof text,
                  "{kind: saltelli, samples: %llu, replicates: %zu, second_order: %s, seed: %llu, "
                  "factors: {",
                  (unsigned long long)samples, n_replicate, second_order ? "true" : "false",
                  (unsigned long long)seed);
  for (size_t j = 0; j < k; j++) {
    quantity[j] = (ion_quantity){names[j], "1", "input", 0.5, 0.0, 1.0, PETSC_TRUE};
    used += snprintf(text + used, sizeof text - (size_t)used, "%s%s: {uniform: [0, 1]}",
                     j ? ", " : "", names[j]);
  }
  snprintf(text + used, sizeof text - (size_t)used, "}}");
  PetscCall(ion_spec_parse("fixture", text, strlen(text), spec));
  PetscCall(ion_design_create(ion_spec_root(*spec), units, quantity, k, design));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline PetscErrorCode fixture_evaluate(fixture *s, const ion_function *function)
{
  PetscFunctionBegin;
  for (size_t j = 0; j < s->k; j++)
    for (size_t p = 0; p < s->n_point; p++)
      ion_row(s->x, j)[p] =
          function->lower + (function->upper - function->lower) * ion_row(s->u, j)[p];
  function->value(s->k, s->x, s->y);
  for (size_t p = 0; p < s->n_point; p++)
    s->status[p] = isnan(s->y[p]) ? ION_NO_STATE_FOUND : ION_OK;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A study of `samples` blocks in all. */
static inline PetscErrorCode fixture_begin(const char *function, size_t k, uint64_t samples,
                                           size_t n_replicate, PetscBool second_order,
                                           uint64_t seed, fixture *s)
{
  ion_units *units   = NULL;
  ion_spec *spec     = NULL;
  ion_design *design = NULL;

  PetscFunctionBegin;
  *s = (fixture){.k = k, .n_replicate = n_replicate, .second_order = second_order};
  PetscCall(ion_units_create(&units));
  PetscCall(fixture_design(k, samples, n_replicate, second_order, seed, units, &spec, &design));
  s->n_block  = ion_design_n_block(design);
  s->n_member = ion_design_n_member(design);
  s->n_point  = (size_t)ion_design_n_point(design);
  PetscCall(ion_block_create(k, s->n_point, &s->u));
  PetscCall(ion_block_create(k, s->n_point, &s->x));
  PetscCall(PetscMalloc2(s->n_point, &s->y, s->n_point, &s->status));
  PetscCall(ion_design_unit(design, 0, s->n_point, s->u));
  PetscCall(fixture_evaluate(s, ion_function_find(function)));
  PetscCall(ion_design_destroy(&design));
  PetscCall(ion_spec_close(&spec));
  PetscCall(ion_units_destroy(&units));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline PetscErrorCode fixture_end(fixture *s)
{
  PetscFunctionBegin;
  PetscCall(ion_block_destroy(&s->u));
  PetscCall(ion_block_destroy(&s->x));
  PetscCall(PetscFree2(s->y, s->status));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Points lie block by block, replicate by replicate, member by member. */
static inline size_t fixture_point(const fixture *s, uint64_t block, size_t replicate)
{
  return ((size_t)block * s->n_replicate + replicate) * s->n_member;
}

static inline ion_pairs_shape fixture_shape(const fixture *s)
{
  return (ion_pairs_shape){.n_input      = s->k,
                           .n_replicate  = s->n_replicate,
                           .n_block      = s->n_block,
                           .reversed     = s->second_order,
                           .second_order = s->second_order};
}

/* Blocks first ... of a replicate. */
static inline PetscErrorCode fixture_feed(const fixture *s, size_t replicate, uint64_t first,
                                          uint64_t n, ion_pairs *pairs)
{
  const size_t at           = fixture_point(s, first, replicate);
  const ion_pairs_rows rows = {.replicate = replicate,
                               .first     = first,
                               .n         = (size_t)n,
                               .stride    = s->n_replicate * s->n_member,
                               .f         = s->y + at,
                               .status    = s->status + at};

  PetscFunctionBegin;
  PetscCall(ion_pairs_add(pairs, &rows));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline PetscErrorCode fixture_pairs(const fixture *s, const ion_pairs_shape *shape,
                                           ion_pairs **pairs)
{
  PetscFunctionBegin;
  PetscCall(ion_pairs_create(shape, pairs));
  for (size_t r = 0; r < s->n_replicate; r++) PetscCall(fixture_feed(s, r, 0, s->n_block, *pairs));
  PetscFunctionReturn(PETSC_SUCCESS);
}

#endif
