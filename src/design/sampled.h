/* Designs made of blocks of random points in the unit cube. */
#ifndef ION_DESIGN_SAMPLED_H
#define ION_DESIGN_SAMPLED_H

#include "design_impl.h"
#include "sobol.h"

/* What a stream of random bits is for. */
enum { STREAM_SCRAMBLE = 1, STREAM_LATIN, STREAM_JITTER, STREAM_PATH, STREAM_LEVEL };

enum { MAX_REPLICATES = 1 << 16, MAX_LEVELS = 1024, TILE = 256 };

struct design_sampled {
  uint64_t seed, n_block;
  size_t n_replicate, n_member, n_warning;
  PetscBool is_latin, centred; /* nets are Latin hypercubes; points in the middle of slices */
  PetscBool has_pair;          /* base points have twice the dimension: A, then B */
  size_t first_reverse;        /* first member B_A^j, or n_member */
  design_scramble scramble;
  size_t n_level;      /* of winding paths, else 0 */
  uint64_t *direction; /* [n_dimension][ION_SOBOL_BITS], or NULL */
  size_t *input_of;    /* [n_factor] the input a factor belongs to */
  /* Gaussian copula: [n_factor][n_factor] lower Cholesky factor of the correlations, or NULL */
  double *cholesky;
  double *correlation; /* [n_factor][n_factor] as its factor was made from, or NULL */
  char *warning[4];
};

/* Unit-cube numbers [n] of points first ... in a column: a factor, or n_factor for the dummy; a marginal,
 * unless NULL, turns them into values. */
void ion_sampled_column(const ion_design *design, size_t column, const ion_marginal *marginal,
                        uint64_t first, size_t n, double *value);

/* The same for the winding paths of morris. */
void ion_sampled_path(const ion_design *design, size_t column, const ion_marginal *marginal,
                      uint64_t first, size_t n, double *value);
/* Values of a factor in its unit, correlation included. */
void ion_sampled_coordinates(const ion_design *design, size_t factor, uint64_t first, size_t n,
                             double *coordinate);

/* Whether the correlation ties a factor to another one. */
PetscBool ion_sampled_is_dependent(const ion_design *design, size_t factor);

/* `groups:` of a design, or none; every factor belongs to one input. */
PetscErrorCode ion_sampled_read_groups(const ion_node *groups, ion_design *design);

/* `correlation:` of a design. */
PetscErrorCode ion_sampled_read_correlation(const ion_node *list, const ion_units *units,
                                            ion_design *design);

PetscErrorCode ion_sampled_warn(ion_design *design, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

PetscErrorCode ion_sampled_destroy(ion_design *design);

#endif
