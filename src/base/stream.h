/** @file
 * Random bits addressed by (seed, stream, counter): any of them without the others.
 *
 * Philox 2x64 of Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3",
 * with 7 rounds: 6 are the fewest that pass BigCrush (their table 2).
 */
#ifndef ION_BASE_STREAM_H
#define ION_BASE_STREAM_H

#include <ion/base.h>

#include <Random123/philox.h>

/** Number of a stream: what it is for, the replicate (24 bits) and the dimension (32 bits). */
static inline uint64_t ion_stream(unsigned purpose, uint64_t replicate, uint64_t dimension)
{
  return (uint64_t)purpose << 56 | replicate << 32 | dimension;
}

static inline uint64_t ion_stream_bits(uint64_t seed, uint64_t stream, uint64_t counter)
{
  const philox2x64_ctr_t at = {
      {counter, stream}
  };
  const philox2x64_key_t key = {{seed}};

  return philox2x64_R(7, at, key).v[0];
}

/** The midpoint of one of 2^52 cells of (0, 1); midpoints of 2^53 would not be doubles, and the last
 * of them would round to 1. */
static inline double ion_stream_unit(uint64_t bits)
{
  return ((double)(bits >> 12) + 0.5) * 0x1p-52;
}

#endif
