/* Quantiles, jackknife and random weights. */
#include "sensitivity_impl.h"

#include <math.h>
#include <stdlib.h>

/* P(|t| <= x) for a whole number of degrees: Abramowitz and Stegun 26.7.3 and 26.7.4. */
static double student_within(double x, size_t degrees)
{
  const double theta = atan(x / sqrt((double)degrees)), c = cos(theta), c2 = c * c;
  const size_t odd = degrees % 2;
  double term = odd ? c : 1.0, sum = degrees > 1 ? term : 0.0;

  for (size_t i = odd ? 3 : 2; i + 2 <= degrees; i += 2) {
    term *= c2 * (double)(i - 1) / (double)i;
    sum += term;
  }
  return odd ? 2.0 / M_PI * (theta + sin(theta) * sum) : sin(theta) * sum;
}

double ion_student(size_t degrees)
{
  double low = 0.0, high = 16.0; /* 12.7 with one degree */

  if (degrees == 0) return (double)NAN;
  if (degrees > 10000) return 1.959963984540054;
  for (int i = 0; i < 60; i++) {
    const double middle = 0.5 * (low + high);

    if (student_within(middle, degrees) < 0.95)
      low = middle;
    else
      high = middle;
  }
  return 0.5 * (low + high);
}

/* Miller 1974: variance (n - 1)/n sum (theta_-i - mean)^2 */
double ion_jackknife(size_t n, size_t stride, const double *without)
{
  double mean = 0.0, square = 0.0;

  if (n < 2) return (double)NAN;
  for (size_t i = 0; i < n; i++) mean += without[i * stride];
  mean /= (double)n;
  for (size_t i = 0; i < n; i++)
    square += (without[i * stride] - mean) * (without[i * stride] - mean);
  return ion_student(n - 1) * sqrt(square * (double)(n - 1) / (double)n);
}

double ion_resample_width(size_t n, size_t stride, const double *estimate)
{
  double mean = 0.0, square = 0.0;
  size_t there = 0;

  for (size_t i = 0; i < n; i++) {
    const double x = estimate[i * stride], step = x - mean;

    if (!isfinite(x)) continue;
    mean += step / (double)++there;
    square += step * (x - mean);
  }
  return there < 2 ? (double)NAN : ion_student(SIZE_MAX) * sqrt(square / (double)(there - 1));
}

/* Asymptotic distribution with Stephens' correction (1970). */
double ion_kolmogorov(double d, double n1, double n2)
{
  const double root = sqrt(n1 * n2 / (n1 + n2));
  const double t    = d * (root + 0.12 + 0.11 / root);
  double p = 0.0, sign = 2.0;

  if (!(n1 > 0.0 && n2 > 0.0)) return (double)NAN;
  if (t < 0.2) return 1.0; /* the series below has not yet begun to fall */
  for (int i = 1; i <= 100; i++) {
    p += sign * exp(-2.0 * i * i * t * t);
    sign = -sign;
  }
  return PetscMin(1.0, PetscMax(0.0, p));
}

/* Wilson 1927; about the observed share, wide enough for the farther end. */
ion_estimate ion_proportion(double hits, double n)
{
  const double z = ion_student(SIZE_MAX), share = hits / n, scale = 1.0 + z * z / n;
  const double centre = (share + z * z / (2.0 * n)) / scale;
  const double half   = z * sqrt(share * (1.0 - share) / n + z * z / (4.0 * n * n)) / scale;

  if (!(n > 0.0)) return (ion_estimate){(double)NAN, (double)NAN};
  return (ion_estimate){share, half + fabs(centre - share)};
}

/* Inversion of a 32-bit uniform: thresholds are P(X <= i) 2^32. */
void ion_poisson_weights(uint64_t seed, uint64_t point, uint64_t stream,
                         unsigned char count[ION_POISSON_LANES])
{
  static const uint32_t threshold[] = {1580030169u, 3160060337u, 3950075422u, 4213413783u,
                                       4279248374u, 4292415292u, 4294609778u, 4294923276u,
                                       4294962463u, 4294966817u, 4294967253u, 4294967292u};
  uint64_t words[4];

  ion_random_words(seed, point, stream, words);
  for (size_t lane = 0; lane < ION_POISSON_LANES; lane++) {
    const uint32_t u    = (uint32_t)(words[lane / 2] >> (lane % 2 ? 32 : 0));
    unsigned char value = 0;

    while (value < ION_COUNT(threshold) && u >= threshold[value]) value++;
    count[lane] = value;
  }
}

typedef struct {
  double value;
  size_t index;
} ranked;

static int compare(const void *a, const void *b)
{
  const ranked *x = a, *y = b;

  if (x->value != y->value) return x->value < y->value ? -1 : 1;
  return x->index < y->index ? -1 : x->index > y->index;
}

PetscErrorCode ion_order(size_t n, const double *value, size_t *order)
{
  ranked *all;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n, &all));
  for (size_t i = 0; i < n; i++) all[i] = (ranked){value[i], i};
  if (n) qsort(all, n, sizeof *all, compare);
  for (size_t i = 0; i < n; i++) order[i] = all[i].index;
  PetscCall(PetscFree(all));
  PetscFunctionReturn(PETSC_SUCCESS);
}
