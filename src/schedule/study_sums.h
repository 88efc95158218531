/* A study that keeps sums in place of points: `keep: statistics`. Its file has a chunk for every unit of
 * blocks; the rows of ion_sums, then two of its own (tally, ranges), are the variables. */
#ifndef ION_STUDY_SUMS_H
#define ION_STUDY_SUMS_H

#include "study_impl.h"

#include <ion/sensitivity.h>

enum { ION_SUMS_TALLY, ION_SUMS_RANGES, N_SUMS_OWN };

struct study_sums {
  ion_sums *sums;
  size_t n_number, *number; /* outputs that are numbers */
  size_t class_row;         /* output whose classes are told apart, or n_output */
  size_t n_class;           /* of which so many are not health */
  size_t n_slab;            /* blocks solved together, at most */
  ion_block data;           /* [n_output][points of a slab] */
  unsigned char *status;
  const double **row; /* [n_number] of data */
  double *shift;      /* [n_number] */
  PetscBool is_shifted;
};

/* Rows of the file. */
static inline size_t ion_study_sums_rows(const study_sums *s)
{
  return ion_sums_n_row(s->sums) + N_SUMS_OWN;
}

/* Blocks a unit of a study of so many blocks; a function of the study alone, and of twice as many blocks the same or
 * twice as many. */
uint64_t ion_study_sums_blocks(const ion_study *study, uint64_t n_block);

/* Read `keep:`; study->sums is NULL where points are kept. */
PetscErrorCode ion_study_open_sums(ion_study *study);
PetscErrorCode ion_study_close_sums(ion_study *study);

/* Dimensions and variables of the file. A unit is a chunk, its words are what the store calls points. */
PetscErrorCode ion_study_describe_sums(ion_study *study);

/* Where the sums of so many points lie: the dimensions and sizes of a schema. */
void ion_study_size_sums(const ion_study *study, uint64_t n_point, ion_store_schema *schema,
                         ion_store_dim dim[2]);

/* Add rows of units to those of all of them together.
 *
 * unit  [rows][n x width] unit by unit
 * rows  [rows][width] */
PetscErrorCode ion_study_merge_units(const ion_study *study, size_t n, ion_block unit,
                                     ion_block rows);

/* What a unit has met: into a tally, and, recalled, into the ranges of this rank as well. */
PetscErrorCode ion_study_count_unit(const ion_study *study, ion_block rows, ion_tally *tally);
PetscErrorCode ion_study_recall_unit(ion_study *study, ion_block rows, ion_tally *tally);

#endif
