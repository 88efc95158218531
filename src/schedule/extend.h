/* Finished points of a smaller study, with which the present one starts. */
#ifndef ION_EXTEND_H
#define ION_EXTEND_H

#include "study_impl.h"

typedef struct {
  study_start start;
  ion_store *store;      /* the smaller study, open for reading, or NULL */
  ion_block data;        /* [n_output] of one of its chunks */
  unsigned char *status; /* the same */
  unsigned retry;        /* bits 1 << ion_status: its points of these are solved again */
  ion_block solved;      /* [n_output] of a chunk of the present study: points that are not there */
  ion_block units;       /* [rows][n_unit x width] units that make one of the present study */
  size_t n_unit;
} ion_extension;

/* The file to extend holds the start of this study and is not the output itself; nothing is touched. */
PetscErrorCode ion_extension_check(const ion_study *study, const ion_run_options *options);

PetscErrorCode ion_extension_open(const ion_study *study, const ion_run_options *options,
                                  ion_extension *extension);
PetscErrorCode ion_extension_close(ion_extension *extension); /* also a half-opened one */

/* Read points first, first + 1, ... as far as they are there and not to be solved again.
 *
 * data    [n_output][n], NaN where a point is not there
 * status  [n], pending where it is not
 * n_found how many are there
 */
PetscErrorCode ion_extension_read(ion_extension *extension, uint64_t first, size_t n,
                                  ion_block data, unsigned char *status, size_t *n_found);

/* The sums of a unit from those of the smaller study, where these are all there.
 *
 * rows  [rows][width] of ion_study_sum_unit */
PetscErrorCode ion_extension_read_unit(ion_extension *extension, const ion_study *study,
                                       uint64_t unit, ion_block rows, PetscBool *found);

/* Solve the points that are pending; `how` as in ion_study_solve_by. */
PetscErrorCode ion_extension_complete(ion_extension *extension, ion_study *study, uint64_t first,
                                      size_t n, const ion_isolation *how, ion_block data,
                                      unsigned char *status);

#endif
