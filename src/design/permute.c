#include "permute.h"

#include "base/stream.h"

enum { ROUNDS = 8 };

/* A Feistel network on `low` + `high` bits; its round function is a random word. */
static uint64_t scatter(uint64_t seed, uint64_t stream, uint64_t which, uint64_t i, unsigned low,
                        unsigned high)
{
  const uint64_t low_mask = ((uint64_t)1 << low) - 1, high_mask = ((uint64_t)1 << high) - 1;
  uint64_t l = i & low_mask, h = i >> low;

  for (uint64_t round = 0; round < ROUNDS; round += 2) {
    h ^= ion_stream_bits(seed, stream, which << 24 | l << 4 | round) & high_mask;
    l ^= ion_stream_bits(seed, stream, which << 24 | h << 4 | (round + 1)) & low_mask;
  }
  return h << low | l;
}

/* Images outside of [0, n) are sent on until one is inside (cycle walking, Black & Rogaway 2002);
 * fewer than two steps on average, because the network acts on less than 2n numbers. */
uint64_t ion_permute(uint64_t seed, uint64_t stream, uint64_t which, uint64_t i, uint64_t n)
{
  unsigned bits = 0;

  while (((n - 1) >> bits) > 0) bits++;
  do i = scatter(seed, stream, which, i, bits / 2, bits - bits / 2);
  while (i >= n);
  return i;
}
