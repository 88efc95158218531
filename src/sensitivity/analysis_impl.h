/* Shared by the files that analyse a result file. */
#ifndef ION_ANALYSIS_IMPL_H
#define ION_ANALYSIS_IMPL_H

#include "sensitivity_impl.h"

enum {
  ANALYSIS_MAX_REASON  = 32,
  ANALYSIS_MAX_WARNING = 16,
  ANALYSIS_MAX_SAMPLE  = 1 << 16, /* independent points used for given data */
  ANALYSIS_MAX_TREE    = 1 << 14  /* and for trees and boxes */
};

/* Z is 1 where a point has one of these statuses, or is ok with this class. */
typedef struct {
  const char *name;
  unsigned statuses; /* bit s: status s */
  int class_;        /* or -1 */
  size_t outcome;    /* which one of the sums, where these are kept */
} analysis_reason;

struct ion_analysis {
  ion_store_file *file;
  const ion_store_schema *schema;
  ion_units *units;
  ion_spec *sweep;
  ion_quantity *quantity; /* [n_column] */
  ion_design *design;     /* NULL for imported points */
  char *factors;          /* what the header says of them, cut into texts */
  ion_sums *sums;         /* of a file without points, or NULL */
  size_t n_unit;          /* of which so many are there, a multiple of ION_PART */

  size_t n_output, *output; /* places in the file */
  size_t n_input, n_column; /* without the dummy */
  size_t n_replicate, n_member;
  uint64_t n_block; /* blocks of each replicate that were run, whole */
  PetscBool is_saltelli, is_morris, is_second_order;
  const unsigned char **moves; /* [n_input][n_column] 1 for the factors of an input */
  unsigned char *status;       /* [n_point], or NULL where sums are kept */
  unsigned char *class_;       /* [n_point] or NULL */

  size_t n_reason;
  analysis_reason reason[ANALYSIS_MAX_REASON];
  PetscBool has_failures;
  ion_tree *tree;     /* of failure by status, where there is any */
  ion_region *region; /* the same */

  /* Points that share no coordinate: point i belongs to replicate i % n_replicate. */
  size_t n_sample;
  uint64_t *sample; /* [n_sample] */
  ion_block u;      /* [n_column][n_sample] before any correlation: what blocks exchange */
  ion_block
      place; /* the same of the factors themselves, in the share of points below; u without correlation */

  ion_store_axis axis[ION_N_AXIS];
  const char **label[ION_N_AXIS]; /* owned lists of borrowed names */
  const char **unit;              /* [n_output] likewise */
  char stage[3][32];
  char reason_name[ANALYSIS_MAX_REASON][64];
  size_t n_table, capacity;
  ion_store_table *table;
  size_t n_warning;
  char *warning[ANALYSIS_MAX_WARNING];
};

/* A new table of NaN over these axes; owned by the analysis. */
PetscErrorCode ion_analysis_add(ion_analysis *a, const char *name, const char *long_name,
                                const char *unit, size_t n_dim, const ion_analysis_axis *dim,
                                double **value);
PetscErrorCode ion_analysis_warn(ion_analysis *a, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* 1 or 0, and NaN where the point has not been run. */
double ion_analysis_indicator(const ion_analysis *a, size_t reason, uint64_t point);

/* First point of a block. */
static inline uint64_t ion_analysis_point(const ion_analysis *a, uint64_t block, size_t replicate)
{
  return (block * a->n_replicate + replicate) * a->n_member;
}

/* Feeds a block row by row: f [n][n_member] of a replicate come from `value`. */
typedef PetscErrorCode (*analysis_source)(const ion_analysis *a, const void *context,
                                          uint64_t first, size_t n, double *value);

/* Sum all blocks of what `source` gives; weighted where points fail and it is wanted. p_least (or NULL):
 * the smallest p(x_~j) met, 1 without weights. */
PetscErrorCode ion_analysis_sum(const ion_analysis *a, analysis_source source, const void *context,
                                PetscBool weighted, PetscBool second_order, double *p_least,
                                ion_pairs **pairs);

/* Of a file that keeps sums: look at its units; pairs of a row, points by status and by class, counts of an outcome. */
PetscErrorCode ion_analysis_open_sums(ion_analysis *a, const char *path);
PetscErrorCode ion_analysis_recall(const ion_analysis *a, size_t row, ion_pairs **pairs);
PetscErrorCode ion_analysis_recall_counts(const ion_analysis *a, uint64_t n[ION_N_STATUS],
                                          uint64_t *n_class);
PetscErrorCode ion_analysis_recall_region(const ion_analysis *a, size_t outcome,
                                          ion_region **region);
const char *ion_analysis_outcome_name(const ion_analysis *a, size_t outcome);

/* Are pairs weighted by 1/p? That takes points. */
static inline PetscBool ion_analysis_weighs(const ion_analysis *a)
{
  return (PetscBool)(a->has_failures && !a->sums);
}

PetscErrorCode ion_analysis_open(ion_analysis *a, const char *path, const char *of);
PetscErrorCode ion_analysis_failures(ion_analysis *a);
PetscErrorCode ion_analysis_pairs(ion_analysis *a);
PetscErrorCode ion_analysis_given(ion_analysis *a);
PetscErrorCode ion_analysis_effects(ion_analysis *a);
PetscErrorCode ion_analysis_gradients(ion_analysis *a);

#endif
