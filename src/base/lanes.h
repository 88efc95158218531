/* Strips of points held in registers: arithmetic over ION_PAD doubles at a time, IEEE operation by
 * operation, so that a point's bits are those of scalar code. Rows are 64-byte aligned and padded. */
#ifndef ION_BASE_LANES_H
#define ION_BASE_LANES_H

#include <ion/base.h>

typedef double ion_lanes __attribute__((vector_size(ION_PAD * sizeof(double)), may_alias));

enum { ION_STRIP = 4 }; /* vectors advanced together: independent chains that hide latency */

#define ION_INLINE static inline __attribute__((always_inline))

ION_INLINE ion_lanes *ion_lanes_at(ion_block block, size_t row, size_t first)
{
  return (ion_lanes *)(void *)(block.data + row * block.stride + first);
}

#endif
