#include "base/stream.h"
#include "design/permute.h"
#include "design/sobol.h"
#include "ion_test.h"

/* ---- the sequence ---- */

/* x^n modulo a polynomial over GF(2) of degree s. */
static uint32_t power_of_x(uint32_t n, uint32_t polynomial, size_t s)
{
  uint32_t y = 1, x = s > 1 ? 2 : 1; /* degree 1: x = 1 modulo x + 1 */

  for (; n > 0; n >>= 1) {
    uint32_t product[2] = {0, 0};

    for (size_t i = 0; i < s; i++) {
      if (y >> i & 1) product[0] ^= x << i;
      if (x >> i & 1) product[1] ^= x << i;
    }
    for (size_t k = 0; k < 2; k++)
      for (size_t i = 2 * s; i-- > s;)
        if (product[k] >> i & 1) product[k] ^= polynomial << (i - s);
    if (n & 1) y = product[0];
    x = product[1];
  }
  return y;
}

/* x generates all 2^s - 1 units: its order is that number and no part of it. */
static PetscBool is_primitive(uint32_t polynomial, size_t s)
{
  const uint32_t order = ((uint32_t)1 << s) - 1;

  if (power_of_x(order, polynomial, s) != 1) return PETSC_FALSE;
  for (uint32_t p = 2; p <= order; p++)
    if (order % p == 0 && p > 1 && order / p < order && power_of_x(order / p, polynomial, s) == 1)
      return PETSC_FALSE;
  return PETSC_TRUE;
}

static PetscErrorCode every_primitive_polynomial_comes_once_and_in_order(void)
{
  uint32_t next = 3, m[ION_SOBOL_MAX_DEGREE];

  PetscFunctionBegin;
  for (size_t d = 1; d < ION_SOBOL_DIMENSIONS; d++) {
    uint32_t polynomial;
    const size_t s = ion_sobol_initial(d, &polynomial, m);

    CHECK(polynomial >> s == 1);
    for (; next < polynomial; next += 2) {
      size_t degree = 1;

      while (next >> (degree + 1)) degree++;
      CHECK(!is_primitive(next, degree));
    }
    CHECK(next == polynomial && is_primitive(polynomial, s));
    next = polynomial + 2;
    for (size_t i = 0; i < s; i++) CHECK(m[i] % 2 == 1 && m[i] >> (i + 1) == 0);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Points of scipy.stats.qmc.Sobol(2048, scramble=False) 1.10.1, bits in natural order: its point i is
 * ours at i xor i >> 1. */
static PetscErrorCode points_are_those_of_scipy(void)
{
  static const size_t dimension[] = {0,   1,    2,    3,    4,    36,   100,
                                     500, 1110, 1111, 1866, 1867, 2046, 2047};
  static const struct {
    uint64_t index;
    uint32_t x[14];
  } known[] = {
      {3,
       {0xc0000000, 0x40000000, 0x40000000, 0x40000000, 0xc0000000, 0x40000000, 0x40000000,
        0x40000000, 0xc0000000, 0x40000000, 0x40000000, 0xc0000000, 0x40000000, 0xc0000000}},
      {100,
       {0x26000000, 0xc6000000, 0xb2000000, 0xf6000000, 0x86000000, 0xfe000000, 0xb6000000,
        0x22000000, 0xaa000000, 0x8e000000, 0x3e000000, 0x66000000, 0xfa000000, 0x4e000000}},
      {1023,
       {0xffc00000, 0x41400000, 0xbb400000, 0x70c00000, 0xe6400000, 0x10c00000, 0x60400000,
        0x66400000, 0x09400000, 0x86400000, 0xe1c00000, 0xc1c00000, 0xf1400000, 0xa0400000}},
      {65535,
       {0xffff0000, 0x00010000, 0xb0ff0000, 0x42f30000, 0xc3050000, 0x30010000, 0x65a10000,
        0x428f0000, 0x30050000, 0x9eb50000, 0xcc030000, 0x8ac70000, 0x1a8f0000, 0xea4b0000}},
      {777777,
       {0x8c7bd000, 0x394db000, 0x1233d000, 0xab6ef000, 0x8dbd9000, 0x32bef000, 0xfb06b000,
        0xacb7f000, 0xd2689000, 0xb75b9000, 0xa495f000, 0x0753f000, 0x38949000, 0xe78cd000}},
  };
  uint64_t v[ION_SOBOL_BITS], x;

  PetscFunctionBegin;
  for (size_t k = 0; k < sizeof known / sizeof *known; k++)
    for (size_t d = 0; d < sizeof dimension / sizeof *dimension; d++) {
      ion_sobol_directions(dimension[d], v);
      ion_sobol_points(v, known[k].index, 1, &x);
      CHECK(x == (uint64_t)known[k].x[d] << 32);
    }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Sum over d < 2048, b < 30 of (30 d + b + 1) x(2^b, d) 2^32 mod 2^64, from its direction numbers in SciPy. */
static PetscErrorCode all_direction_numbers_are_those_of_scipy(void)
{
  uint64_t v[ION_SOBOL_BITS], sum = 0;

  PetscFunctionBegin;
  for (uint64_t d = 0; d < ION_SOBOL_DIMENSIONS; d++) {
    ion_sobol_directions(d, v);
    for (uint64_t b = 0; b < 30; b++) sum += (30 * d + b + 1) * (v[b] >> 32);
  }
  CHECK(sum == 0x382e9d4e4d01b340);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode a_walk_meets_the_points_asked_for_alone(void)
{
  uint64_t v[ION_SOBOL_BITS], walk[300], alone;

  PetscFunctionBegin;
  for (size_t d = 0; d < ION_SOBOL_DIMENSIONS; d += 411) {
    static const uint64_t first[] = {0, 1, 1000, ((uint64_t)1 << 32) - 150,
                                     ((uint64_t)1 << 40) - 300};

    ion_sobol_directions(d, v);
    for (size_t k = 0; k < sizeof first / sizeof *first; k++) {
      ion_sobol_points(v, first[k], 300, walk);
      for (size_t i = 0; i < 300; i++) {
        ion_sobol_points(v, first[k] + i, 1, &alone);
        CHECK(walk[i] == alone);
      }
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- scrambling ---- */

/* Leading bits two numbers share. */
static int shared(uint64_t x, uint64_t y)
{
  return x == y ? 64 : __builtin_clzll(x ^ y);
}

/* What makes a scramble nested; true of all of them. */
static PetscErrorCode points_that_share_leading_bits_keep_sharing_exactly_those(void)
{
  PetscFunctionBegin;
  for (int s = 0; s < N_SCRAMBLE; s++)
    for (uint64_t i = 0; i < 20000; i++) {
      const int b      = (int)(i % 52);
      const uint64_t x = ion_stream_bits(3, 1, i) >> 12 << 12, flip = (uint64_t)1 << (63 - b);
      const uint64_t tail = ion_stream_bits(3, 2, i) >> 12 << 12 & (flip - 1);
      const uint64_t y    = (x ^ flip) ^ tail;
      const uint64_t X    = ion_sobol_scramble((design_scramble)s, 7, 11, x);
      const uint64_t Y    = ion_sobol_scramble((design_scramble)s, 7, 11, y);

      CHECK(shared(x, y) == b && shared(X, Y) == b);
    }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Coins of the nodes of the upper levels over many seeds: each is fair, and any two agree half of the
 * time, within 5 standard deviations of the binomial. */
static PetscErrorCode flips_of_different_nodes_are_fair_and_independent(void)
{
  enum { DEPTH = 5, NODES = (1 << DEPTH) - 1, SEEDS = 4000 };
  static unsigned char coin[SEEDS][NODES];
  const double limit = 5 * sqrt(0.25 * SEEDS);

  PetscFunctionBegin;
  for (uint64_t seed = 0; seed < SEEDS; seed++)
    for (uint64_t leaf = 0; leaf < 1 << DEPTH; leaf++) {
      const uint64_t x = leaf << (64 - DEPTH);
      const uint64_t y = x ^ ion_sobol_scramble(SCRAMBLE_OWEN, seed, 5, x);

      for (int b = 0; b < DEPTH; b++) {
        const size_t node       = ((size_t)1 << b) - 1 + (size_t)(leaf >> (DEPTH - b));
        const unsigned char now = y >> (63 - b) & 1;

        /* every leaf below a node sees the coin its first leaf saw */
        CHECK(leaf % ((uint64_t)1 << (DEPTH - b)) == 0 || coin[seed][node] == now);
        coin[seed][node] = now;
      }
    }
  for (size_t i = 0; i < NODES; i++)
    for (size_t j = 0; j <= i; j++) {
      double same = 0;

      for (size_t seed = 0; seed < SEEDS; seed++)
        same += i == j ? coin[seed][i] : coin[seed][i] == coin[seed][j];
      CHECK_NEAR(same, 0.5 * SEEDS, limit);
    }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One of 2^12 points falls into each of 2^12 slices, whatever the scramble. */
static PetscErrorCode a_scrambled_net_still_fills_every_slice_once(void)
{
  enum { M = 12, N = 1 << M };
  uint64_t v[ION_SOBOL_BITS];
  static uint64_t x[N];

  PetscFunctionBegin;
  for (int s = 0; s < N_SCRAMBLE; s++)
    for (size_t d = 0; d < 100; d += 9) {
      static unsigned char seen[N];

      memset(seen, 0, sizeof seen);
      ion_sobol_directions(d, v);
      ion_sobol_points(v, 3 * N, N, x);
      for (size_t i = 0; i < N; i++)
        seen[ion_sobol_scramble((design_scramble)s, 1, ion_stream(1, 0, d), x[i]) >> (64 - M)]++;
      for (size_t i = 0; i < N; i++) CHECK(seen[i] == 1);
    }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Owen 1997: over scrambles the mean of a linear function has the variance of one jittered point in each
 * of n slices, 1/(12 n^3); the digital shift alone does worse. */
static double variance_of_mean(design_scramble scramble, size_t n)
{
  enum { SEEDS = 2000 };
  uint64_t v[ION_SOBOL_BITS], x[64];
  double sum = 0;

  ion_sobol_directions(1, v);
  ion_sobol_points(v, 0, n, x);
  for (uint64_t seed = 0; seed < SEEDS; seed++) {
    double mean = 0;

    for (size_t i = 0; i < n; i++)
      mean += ion_stream_unit(ion_sobol_scramble(scramble, seed, 1, x[i])) / (double)n;
    sum += (mean - 0.5) * (mean - 0.5) / SEEDS;
  }
  return sum;
}

static PetscErrorCode nested_scrambles_have_the_variance_of_owen(void)
{
  PetscFunctionBegin;
  for (size_t n = 1; n <= 64; n *= 4) {
    const double expected = 1.0 / (12.0 * (double)(n * n * n));

    /* relative standard deviation of the sum of 2000 squares: at most sqrt(2/2000) = 0.032 */
    CHECK_RELATIVE(variance_of_mean(SCRAMBLE_OWEN, n), expected, 0.13);
    CHECK_RELATIVE(variance_of_mean(SCRAMBLE_HASH, n), expected, 0.13);
  }
  CHECK(variance_of_mean(SCRAMBLE_SHIFT, 64) > 10.0 / (12.0 * 64 * 64 * 64));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode unit_numbers_are_exact_and_never_0_or_1(void)
{
  PetscFunctionBegin;
  CHECK(ion_stream_unit(0) == 0x1p-53);
  CHECK(ion_stream_unit(UINT64_MAX) == 1.0 - 0x1p-53);
  for (uint64_t i = 0; i < 1000; i++) {
    const uint64_t bits = ion_stream_bits(1, 1, i);

    CHECK(ion_stream_unit(bits) + ion_stream_unit(~bits) == 1.0);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- permutations ---- */

static PetscErrorCode a_permutation_takes_every_value_once(void)
{
  static unsigned char seen[5000];

  PetscFunctionBegin;
  for (uint64_t n = 1; n <= 5000; n = n < 40 ? n + 1 : 3 * n) {
    memset(seen, 0, sizeof seen);
    for (uint64_t i = 0; i < n; i++) {
      const uint64_t image = ion_permute(4, n, 9, i, n);

      CHECK(image < n);
      seen[image]++;
    }
    for (uint64_t i = 0; i < n; i++) CHECK(seen[i] == 1);
  }
  CHECK(ion_permute(1, 1, 0, (uint64_t)1 << 39, ((uint64_t)1 << 40) - 1) < (uint64_t)1 << 40);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* All n! orders of n = 3 and 4 are equally likely: chi-square below its 1 - 1e-6 quantile (37 for 5
 * degrees of freedom, 75 for 23). */
static PetscErrorCode all_orders_are_equally_likely(void)
{
  enum { TRIALS = 24000 };

  PetscFunctionBegin;
  for (uint64_t n = 3; n <= 4; n++) {
    const double cells = n == 3 ? 6 : 24, expected = TRIALS / cells;
    double chi = 0, count[256] = {0};

    for (uint64_t which = 0; which < TRIALS; which++) {
      size_t code = 0;

      for (uint64_t i = 0; i < n; i++) code = 4 * code + (size_t)ion_permute(2, 3, which, i, n);
      count[code]++;
    }
    for (size_t c = 0; c < 256; c++)
      if (count[c] > 0) chi += (count[c] - expected) * (count[c] - expected) / expected;
    CHECK(chi < (n == 3 ? 37 : 75));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const ion_test_case cases[] = {
    {"every_primitive_polynomial_comes_once_and_in_order",
     every_primitive_polynomial_comes_once_and_in_order                                                       },
    {"points_are_those_of_scipy",                                 points_are_those_of_scipy                   },
    {"all_direction_numbers_are_those_of_scipy",                  all_direction_numbers_are_those_of_scipy    },
    {"a_walk_meets_the_points_asked_for_alone",                   a_walk_meets_the_points_asked_for_alone     },
    {"points_that_share_leading_bits_keep_sharing_exactly_those",
     points_that_share_leading_bits_keep_sharing_exactly_those                                                },
    {"flips_of_different_nodes_are_fair_and_independent",
     flips_of_different_nodes_are_fair_and_independent                                                        },
    {"a_scrambled_net_still_fills_every_slice_once",              a_scrambled_net_still_fills_every_slice_once},
    {"nested_scrambles_have_the_variance_of_owen",                nested_scrambles_have_the_variance_of_owen  },
    {"unit_numbers_are_exact_and_never_0_or_1",                   unit_numbers_are_exact_and_never_0_or_1     },
    {"a_permutation_takes_every_value_once",                      a_permutation_takes_every_value_once        },
    {"all_orders_are_equally_likely",                             all_orders_are_equally_likely               },
};

int main(int argc, char **argv)
{
  return ion_test_main(argc, argv, cases, sizeof cases / sizeof *cases);
}
