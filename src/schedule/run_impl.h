/* Shared by the ways a study gets into its file: a design all at once, a boundary map round by round. */
#ifndef ION_RUN_IMPL_H
#define ION_RUN_IMPL_H

#include "dispatch_impl.h"
#include "extend.h"
#include "study_impl.h"
#include "take.h"

/* What the chunk callback works on. */
typedef struct {
  ion_study *study;
  const ion_store_schema *schema;
  const ion_run_options *options;
  ion_store *store;
  ion_takes takes;
  ion_extension extension;
  ion_part part;
  ion_block data;        /* [n_output][chunk_size] */
  unsigned char *status; /* [chunk_size] */
} ion_run;

/* Count points first ... first + n - 1 of the chunk in hand. */
static inline void ion_run_tally(const ion_run *run, size_t first, size_t n, ion_tally *tally)
{
  ion_study_tally(run->study, ion_points_from(run->data, first, n), run->status + first, n, tally);
}

/* A chunk that is finished, here or in a file to take from; write one, timed. */
PetscErrorCode ion_run_read_chunk(ion_run *run, uint64_t chunk, PetscBool *complete);
PetscErrorCode ion_run_write_chunk(ion_run *run, uint64_t chunk, ion_tally *tally);

/* Finish a chunk that is the sums of a unit of blocks; `how` as in ion_study_solve_by. */
PetscErrorCode ion_run_unit(ion_run *run, uint64_t chunk, const ion_isolation *how,
                            ion_tally *tally);

/* Is a point of this status to be solved again? Then every chunk is isolated. */
static inline PetscBool ion_run_retries(const ion_run *run, unsigned char status)
{
  return (PetscBool)(run->options->retry >> status & 1U);
}

/* A job of this run, without its work. */
ion_job ion_run_job(const ion_run *run, const char *log_path);

/* The largest code of all ranks. */
PetscErrorCode ion_run_agree(MPI_Comm comm, PetscErrorCode mine, int *code);

/* Solve a boundary map. Collective over `comm`; `log_path` as in ion_job. */
PetscErrorCode ion_run_boundary(MPI_Comm comm, ion_run *run, const char *log_path,
                                ion_job_result *result);

#endif
