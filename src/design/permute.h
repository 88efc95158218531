/* Keyed permutations: the image of one number without the others. */
#ifndef ION_DESIGN_PERMUTE_H
#define ION_DESIGN_PERMUTE_H

#include <stdint.h>

/* Image of i < n <= 2^40 under the permutation of (seed, stream, which), which < 2^40. */
uint64_t ion_permute(uint64_t seed, uint64_t stream, uint64_t which, uint64_t i, uint64_t n);

#endif
