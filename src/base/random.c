#include <ion/base.h>

#include <Random123/philox.h>

#include <string.h>

/* Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3". */
void ion_random_words(uint64_t seed, uint64_t point, uint64_t stream, uint64_t words[4])
{
  const philox4x64_ctr_t counter = {
      {point, stream, 0, 0}
  };
  const philox4x64_key_t key = {
      {seed, 0}
  };
  const philox4x64_ctr_t bits = philox4x64_R(10, counter, key);

  memcpy(words, bits.v, sizeof bits.v);
}

double ion_random_uniform(uint64_t seed, uint64_t point, uint64_t stream)
{
  uint64_t words[4];

  ion_random_words(seed, point, stream, words);
  /* 52 bits at the middle of their interval: neither 0 nor 1 can come out of the rounding. */
  return ((double)(words[0] >> 12) + 0.5) * 0x1p-52;
}
