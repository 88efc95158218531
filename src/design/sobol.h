/* Sobol points in natural order and their randomisations; any point without the others. */
#ifndef ION_DESIGN_SOBOL_H
#define ION_DESIGN_SOBOL_H

#include <stddef.h>
#include <stdint.h>

enum {
  ION_SOBOL_DIMENSIONS = 2048,
  ION_SOBOL_MAX_DEGREE = 15,
  ION_SOBOL_BITS       = 40 /* of an index: ION_MAX_POINTS */
};

extern const uint16_t ion_sobol_first[ION_SOBOL_MAX_DEGREE + 1];
extern const uint64_t ion_sobol_packed[];

typedef enum {
  SCRAMBLE_OWEN,  /* nested uniform: exact */
  SCRAMBLE_HASH,  /* nested uniform: approximate, faster */
  SCRAMBLE_LMS,   /* random lower-triangular matrix and digital shift */
  SCRAMBLE_SHIFT, /* digital shift */
  SCRAMBLE_NONE,
  N_SCRAMBLE
} design_scramble;

/* The degree of a dimension's primitive polynomial (bit i: coefficient of x^i) and the odd numbers
 * m_1 ... m_degree. Dimension 0, the van der Corput sequence, has degree 0. */
size_t ion_sobol_initial(size_t dimension, uint32_t *polynomial, uint32_t m[ION_SOBOL_MAX_DEGREE]);

/* Direction numbers as 64-bit fractions. */
void ion_sobol_directions(size_t dimension, uint64_t v[ION_SOBOL_BITS]);

/* Coordinates of points first, first + 1, ..., as 64-bit fractions. */
void ion_sobol_points(const uint64_t v[ION_SOBOL_BITS], uint64_t first, size_t n, uint64_t *x);

/* The 52 leading bits of a coordinate, scrambled by the random bits of (seed, stream). */
uint64_t ion_sobol_scramble(design_scramble scramble, uint64_t seed, uint64_t stream, uint64_t x);

#endif
