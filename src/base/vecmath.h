/** @file
 * Exponential, logarithm and constant-field function for loops over points.
 *
 * Without branches, and made of +, -, *, / and 64-bit integer operations that every x86-64 vector
 * unit has, so that loops calling them become vector code at any -march (gcc asks for
 * -fno-trapping-math). Each operation is rounded by itself (-ffp-contract=off): the bits of a
 * result depend neither on the vector width nor on whether a point falls into the vector body or
 * the scalar tail of a loop.
 */
#ifndef ION_BASE_VECMATH_H
#define ION_BASE_VECMATH_H

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

/* ln 2 = ION_LN2_HIGH + ION_LN2_LOW; the high part has 21 bits, so that n ION_LN2_HIGH is exact. */
#define ION_LN2_HIGH 0x1.62e42p-1
#define ION_LN2_LOW 4.7493250390316726e-07
#define ION_LOG2_E 1.4426950408889634

#define ION_ONE_BITS UINT64_C(0x3ff0000000000000) /* bits of 1.0 */
#define ION_MANTISSA_BITS UINT64_C(0x000fffffffffffff)
#define ION_HALF_ROOT_BITS UINT64_C(0x3fe6a09e667f3bcd) /* bits of sqrt(1/2) */

static inline uint64_t ion_bits(double x)
{
  uint64_t bits;

  memcpy(&bits, &x, sizeof bits);
  return bits;
}

static inline double ion_from_bits(uint64_t bits)
{
  double x;

  memcpy(&x, &bits, sizeof x);
  return x;
}

/** e^x within 1 ulp; 0 below -708, where doubles lose digits; infinity above ln DBL_MAX.
 *
 * x = n ln 2 + r, |r| <= ln(2)/2; e^r = 1 + r + r^2/2 + r^3/6 + r^4 g(r), g the Chebyshev
 * interpolant of degree 8 (remainder 7e-19). Adding 1.5 * 2^52 rounds to the integer n and leaves
 * it in the low bits of the sum. 2^n is applied as 2^(n-1) * 2, since 2^1024 is no double.
 */
static inline double ion_exp(double x)
{
  const double round = 0x1.8p52;
  const double t = x * ION_LOG2_E + round, n = t - round;
  const double r = (x - n * ION_LN2_HIGH) - n * ION_LN2_LOW, r2 = r * r, r4 = r2 * r2;
  const double g0 = (0.041666666666666664 + 0.008333333333332147 * r) +
                    r2 * (0.0013888888888888042 + 0.00019841269854409363 * r);
  const double g4 = (2.4801587310971214e-05 + 2.755727992579576e-06 * r) +
                    r2 * (2.755729115781596e-07 + 2.509563297507093e-08 * r);
  const double g     = g0 + r4 * (g4 + r4 * 2.090784263923237e-09);
  const double power = 1.0 + (r + r2 * ((0.5 + r * (1.0 / 6.0)) + r2 * g));
  const double scale = ion_from_bits((ion_bits(t) << 52) + (ION_ONE_BITS - (UINT64_C(1) << 52)));
  double y           = power * scale * 2.0;

  y = x > 709.782712893384 ? (double)INFINITY : y;
  y = x < -708.0 ? 0.0 : y;
  return y;
}

/** Natural logarithm within 1 ulp; -infinity at 0, NaN below.
 *
 * x = 2^k m with sqrt(1/2) <= m < sqrt(2), f = m - 1, s = f/(2 + f):
 *   ln m = 2 atanh(s) = f - (f^2/2 - s (f^2/2 + R)),
 *   R = 2 atanh(s)/s - 2 = s^2 (2/3 + s^2 h(s^2)),
 * h the Chebyshev interpolant of degree 5 (remainder 4e-17 s). k reaches a double as the low bits
 * of 2^52 + k.
 */
static inline double ion_log(double x)
{
  const double tiny   = x < DBL_MIN ? 1.0 : 0.0; /* subnormal: scaled by 2^54 first */
  const uint64_t bits = ion_bits(x * (1.0 + tiny * (0x1p54 - 1.0)));
  const uint64_t from = bits + (ION_ONE_BITS - ION_HALF_ROOT_BITS);
  const double m      = ion_from_bits((from & ION_MANTISSA_BITS) + ION_HALF_ROOT_BITS);
  const double k = ion_from_bits((from >> 52) | ion_bits(0x1p52)) - (0x1p52 + 1023.0) - 54.0 * tiny;
  const double f = m - 1.0, s = f / (2.0 + f), z = s * s, z2 = z * z, half = 0.5 * f * f;
  const double h0 = (0.3999999999999593 + 0.2857142858137795 * z) +
                    z2 * (0.2222221829045774 + 0.18182385255831168 * z);
  const double h = h0 + z2 * z2 * (0.1534777819810992 + 0.1442689399701971 * z);
  const double R = z * ((2.0 / 3.0) + z * h);
  double y       = k * ION_LN2_HIGH - ((half - (s * (half + R) + k * ION_LN2_LOW)) - f);

  y = x > DBL_MAX ? x : y;
  y = x == 0.0 ? -(double)INFINITY : y;
  y = x >= 0.0 ? y : (double)NAN;
  return y;
}

/** The larger of the two, and NaN where either is NaN: a maximum that no bad value slips through. */
static inline double ion_max_or_nan(double largest, double x)
{
  return x > largest || x != x ? x : largest;
}

/** Constant-field function of u = z F V/(RT): e = exp(-u), B = u/(1 - e), dB = dB/du.
 *
 * B is the generating function of the Bernoulli numbers, 1 + u/2 + sum_k B_2k u^2k/(2k)!; eight
 * terms serve |u| < 1/2, where 1 - e loses digits. Elsewhere dB = (1 - B e)/(1 - e), and B e -> -u
 * where e overflows.
 */
static inline void ion_constant_field(double u, double *e, double *B, double *dB)
{
  const double q = u * u, q2 = q * q, q4 = q2 * q2;
  const double s = (1.0 / 12 - q * (1.0 / 720)) + q2 * (1.0 / 30240 - q * (1.0 / 1209600)) +
                   q4 * ((1.0 / 47900160 - q * (691.0 / 1307674368000.0)) +
                         q2 * (1.0 / 74724249600.0 - q * (3617.0 / 10670622842880000.0)));
  const double ds = (2.0 / 12 - q * (4.0 / 720)) + q2 * (6.0 / 30240 - q * (8.0 / 1209600)) +
                    q4 * ((10.0 / 47900160 - q * (12.0 * 691.0 / 1307674368000.0)) +
                          q2 * (14.0 / 74724249600.0 - q * (16.0 * 3617.0 / 10670622842880000.0)));
  const double exponential = ion_exp(-u), w = 1.0 / (1.0 - exponential), far = u * w;
  const double back = u < -700.0 ? -u : far * exponential;
  const int near    = q < 0.25;

  *e  = exponential;
  *B  = near ? 1.0 + (0.5 * u + q * s) : far;
  *dB = near ? 0.5 + u * ds : (1.0 - back) * w;
}

#endif
