/* Strips of points held in registers: arithmetic over ION_PAD doubles at a time, IEEE operation by
 * operation, so that a point's bits are those of scalar code. Rows are 64-byte aligned and padded. */
#ifndef ION_BASE_LANES_H
#define ION_BASE_LANES_H

#include <ion/base.h>

/* Vectors are passed between functions of one file only, so that no binary interface depends on them. */
#pragma GCC diagnostic ignored "-Wpsabi"

typedef double ion_lanes __attribute__((vector_size(ION_PAD * sizeof(double)), may_alias));

/* The same where it need not be aligned as rows are: in a view into a longer row. */
typedef double ion_lanes_anywhere
    __attribute__((vector_size(ION_PAD * sizeof(double)), aligned(8), may_alias));

typedef int64_t ion_mask __attribute__((vector_size(ION_PAD * sizeof(int64_t)), may_alias));

enum { ION_STRIP = 4 }; /* vectors advanced together: independent chains that hide latency */

#define ION_INLINE static inline __attribute__((always_inline))

ION_INLINE ion_lanes *ion_lanes_at(ion_block block, size_t row, size_t first)
{
  return (ion_lanes *)(void *)(block.data + row * block.stride + first);
}

/* a where the mask is set, else b */
ION_INLINE ion_lanes ion_lanes_choose(ion_mask m, ion_lanes a, ion_lanes b)
{
  return (ion_lanes)((m & (ion_mask)a) | (~m & (ion_mask)b));
}

ION_INLINE ion_lanes ion_lanes_size(ion_lanes a)
{
  return (ion_lanes)((ion_mask)a & INT64_MAX);
}

ION_INLINE PetscBool ion_lanes_any(ion_mask m)
{
  int64_t bits = 0;

  for (int i = 0; i < ION_PAD; i++) bits |= m[i];
  return (PetscBool)(bits != 0);
}

#endif
