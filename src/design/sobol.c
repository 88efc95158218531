#include "sobol.h"

#include "base/stream.h"

/* ---- direction numbers ---- */

static size_t degree_of(size_t dimension)
{
  size_t s = 0;

  while (s < ION_SOBOL_MAX_DEGREE && dimension >= ion_sobol_first[s]) s++;
  return s;
}

/* n bits from bit `at` of the packed numbers on, lowest first. */
static uint32_t take(size_t *at, size_t n)
{
  uint32_t bits = 0;

  for (size_t i = 0; i < n; i++, (*at)++)
    bits |= (uint32_t)(ion_sobol_packed[*at / 64] >> *at % 64 & 1) << i;
  return bits;
}

/* Bits a dimension of degree s takes: s - 1 coefficients, then 1 + 2 + ... + (s - 1). */
static size_t width(size_t s)
{
  return (s - 1) * (s + 2) / 2;
}

size_t ion_sobol_initial(size_t dimension, uint32_t *polynomial, uint32_t m[ION_SOBOL_MAX_DEGREE])
{
  const size_t s = degree_of(dimension);
  size_t at      = 0;

  *polynomial = 1;
  if (s == 0) return 0;
  for (size_t r = 1; r < s; r++)
    at += width(r) * (size_t)(ion_sobol_first[r] - ion_sobol_first[r - 1]);
  at += width(s) * (dimension - ion_sobol_first[s - 1]);
  *polynomial = (uint32_t)1 << s | take(&at, s - 1) << 1 | 1;
  for (size_t i = 0; i < s; i++) m[i] = take(&at, i) << 1 | 1;
  return s;
}

/* v_i = m_i 2^(64 - i), then v_i = a_1 v_(i-1) ^ ... ^ a_(s-1) v_(i-s+1) ^ v_(i-s) ^ (v_(i-s) >> s),
 * which is the recurrence of m of Bratley & Fox 1988, ACM Trans. Math. Softw. 14, 88. */
void ion_sobol_directions(size_t dimension, uint64_t v[ION_SOBOL_BITS])
{
  uint32_t polynomial, m[ION_SOBOL_MAX_DEGREE];
  const size_t s = ion_sobol_initial(dimension, &polynomial, m);

  for (size_t i = 0; i < ION_SOBOL_BITS; i++) {
    if (s == 0 || i < s) {
      v[i] = (uint64_t)(s == 0 ? 1 : m[i]) << (63 - i);
      continue;
    }
    v[i] = v[i - s] ^ v[i - s] >> s;
    for (size_t k = 1; k < s; k++)
      if (polynomial >> (s - k) & 1) v[i] ^= v[i - k];
  }
}

/* From point i to i + 1 the lowest bits of the index flip, up to the lowest zero of i. */
void ion_sobol_points(const uint64_t v[ION_SOBOL_BITS], uint64_t first, size_t n, uint64_t *x)
{
  uint64_t step[ION_SOBOL_BITS + 1], at = 0;

  for (size_t b = 0; b < ION_SOBOL_BITS; b++) {
    step[b] = v[b] ^ (b > 0 ? step[b - 1] : 0);
    if (first >> b & 1) at ^= v[b];
  }
  step[ION_SOBOL_BITS] = 0; /* after the last point there is */
  for (size_t p = 0; p < n; p++) {
    x[p] = at;
    at ^= step[__builtin_ctzll(~(first + p))];
  }
}

/* ---- randomisation ---- */

/* Bits below the lowest one that is set. */
static uint64_t below_lowest(uint64_t x)
{
  return (x & (~x + 1)) - 1;
}

/* Nested uniform scrambling (Owen 1995): bit b is flipped by a fair coin of its own for every value
 * of the bits above it. The nodes of that tree are cut into chains that start at a node reached by a
 * one (or at the root) and follow the zeros; the bits of one random word are the coins of a chain.
 * A point with w ones crosses w + 1 chains; they start at x with its lowest ones cleared one by one,
 * and each decides the flips from its own lowest one down to the next. */
static uint64_t owen(uint64_t seed, uint64_t stream, uint64_t x)
{
  uint64_t flip = 0, done = 0;

  for (uint64_t start = x; start; start &= start - 1) {
    const uint64_t below = below_lowest(start);

    flip |= ion_stream_bits(seed, stream, start) & (below & ~done);
    done = below;
  }
  return x ^ (flip | (ion_stream_bits(seed, stream, 0) & ~done));
}

/* Linear matrix scrambling (Matousek 1998): each one of x also flips random bits below itself. */
static uint64_t matrix(uint64_t seed, uint64_t stream, uint64_t x)
{
  uint64_t y = x ^ ion_stream_bits(seed, stream, 0);

  for (uint64_t rest = x; rest; rest &= rest - 1) {
    const uint64_t below = below_lowest(rest);

    y ^= ion_stream_bits(seed, stream, below + 1) & below;
  }
  return y;
}

static uint64_t reverse(uint64_t x)
{
  x = (x & 0x5555555555555555) << 1 | (x >> 1 & 0x5555555555555555);
  x = (x & 0x3333333333333333) << 2 | (x >> 2 & 0x3333333333333333);
  x = (x & 0x0f0f0f0f0f0f0f0f) << 4 | (x >> 4 & 0x0f0f0f0f0f0f0f0f);
  x = (x & 0x00ff00ff00ff00ff) << 8 | (x >> 8 & 0x00ff00ff00ff00ff);
  x = (x & 0x0000ffff0000ffff) << 16 | (x >> 16 & 0x0000ffff0000ffff);
  return x << 32 | x >> 32;
}

/* Hash permutation after Laine & Karras 2011 and Burley 2020 (JCGT 9-4, 1), in the form of Vegdahl 2021
 * with 64-bit multipliers, twice: in reversed order every step changes a bit by lower ones only. */
static uint64_t hash(uint64_t seed, uint64_t stream, uint64_t x)
{
  x = reverse(x);
  for (uint64_t round = 0; round < 2; round++) {
    const uint64_t key = ion_stream_bits(seed, stream, round);

    x ^= x * 0x3d20adea6c50d1ec;
    x += key;
    x *= key >> 32 | 1;
    x ^= x * 0x05526c569b8e1f7c;
    x ^= x * 0x53a22864c51a17ca;
  }
  return reverse(x);
}

uint64_t ion_sobol_scramble(design_scramble scramble, uint64_t seed, uint64_t stream, uint64_t x)
{
  static const uint64_t kept = ~(uint64_t)0 << 12;

  x &= kept;
  switch (scramble) {
  case SCRAMBLE_OWEN:
    return owen(seed, stream, x) & kept;
  case SCRAMBLE_HASH:
    return hash(seed, stream, x) & kept;
  case SCRAMBLE_LMS:
    return matrix(seed, stream, x) & kept;
  case SCRAMBLE_SHIFT:
    return (x ^ ion_stream_bits(seed, stream, 0)) & kept;
  case SCRAMBLE_NONE:
  case N_SCRAMBLE:
    break;
  }
  return x;
}
