/* Shared by the estimators. */
#ifndef ION_SENSITIVITY_IMPL_H
#define ION_SENSITIVITY_IMPL_H

#include <ion/sensitivity.h>

enum { ION_PART = 8 }; /* consecutive parts that one net, or a replicate, is cut into */

/* Two-sided 95 % quantile of Student's t. */
double ion_student(size_t degrees);

/* Half-width of the 95 % interval of a delete-one jackknife over n parts; NaN below two.
 *
 * without [n][stride]: the estimates with one part left out, of which the first column is used. */
double ion_jackknife(size_t n, size_t stride, const double *without);

/* Half-width from estimates on resamples; those that are not finite are left out. */
double ion_resample_width(size_t n, size_t stride, const double *estimate);

/* Probability that the two-sample Kolmogorov-Smirnov distance exceeds d by chance. */
double ion_kolmogorov(double d, double n1, double n2);

/* Wilson's interval of a proportion. */
ion_estimate ion_proportion(double hits, double n);

/* Bin of the distributions of a region that a position lies in. */
size_t ion_region_bin(double u);

/* Counts made elsewhere: points of a replicate with and without an outcome; with [k][bins], without the same,
 * survivors (or NULL: no correlation): sums of u in 2^-16 [k], of their products [k][k], row >= column. */
void ion_region_put_counts(ion_region *region, size_t replicate, double hits, double misses);
void ion_region_put_places(ion_region *region, const double *with, const double *without,
                           const double *survivors);

/* Eight independent Poisson(1) counts, a pure function of their key. */
enum { ION_POISSON_LANES = 8 };
void ion_poisson_weights(uint64_t seed, uint64_t point, uint64_t stream,
                         unsigned char count[ION_POISSON_LANES]);

/* Part of point i. */
static inline size_t ion_part_of(const ion_parts *parts, size_t i)
{
  return parts->n_replicate > 1 ? i % parts->n_replicate : i * ION_PART / parts->n_point;
}

static inline size_t ion_part_count(const ion_parts *parts)
{
  return parts->n_replicate > 1 ? parts->n_replicate : ION_PART;
}

/* Indices 0 .. n-1 in order of rising value; equal values in order of their index. */
PetscErrorCode ion_order(size_t n, const double *value, size_t *order);

#endif
