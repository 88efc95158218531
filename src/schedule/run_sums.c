/* Chunks of a file that keeps sums: each is a unit of blocks, solved and summed by one rank. */
#include "run_impl.h"
#include "study_sums.h"

#include <string.h>

/* Does the unit hold points whose outcome is to be found anew? Then all of it is summed again. */
static PetscBool is_retried(const ion_run *r, const ion_tally *unit)
{
  for (unsigned char s = 0; s < ION_N_STATUS; s++)
    if (ion_run_retries(r, s) && unit->status[s] > 0) return PETSC_TRUE;
  return PETSC_FALSE;
}

static PetscErrorCode find(ion_run *r, uint64_t unit, PetscBool *found, PetscBool *written)
{
  ion_tally there = {0};

  PetscFunctionBegin;
  PetscCall(ion_run_read_chunk(r, unit, found));
  *written = *found;
  if (!*found) PetscCall(ion_extension_read_unit(&r->extension, r->study, unit, r->data, found));
  if (*found) PetscCall(ion_study_count_unit(r->study, r->data, &there));
  if (*found && is_retried(r, &there)) *found = *written = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_run_unit(ion_run *r, uint64_t unit, const ion_isolation *how, ion_tally *tally)
{
  const double start = MPI_Wtime();
  ion_tally one      = {0};
  PetscBool found, written = PETSC_FALSE;

  PetscFunctionBegin;
  PetscCall(find(r, unit, &found, &written));
  if (!found) PetscCall(ion_study_sum_unit(r->study, unit, how, r->data));
  PetscCall(ion_study_recall_unit(r->study, r->data, &one));
  if (!found) one.solve_seconds = MPI_Wtime() - start;
  if (found) one.n_read = one.n_point;
  memset(r->status, ION_OK, (size_t)r->schema->chunk_size);
  if (!written) PetscCall(ion_run_write_chunk(r, unit, &one));
  if (how && one.status[ION_CRASHED] + one.status[ION_TIMED_OUT] > 0)
    PetscCall(ion_store_flush(r->store)); /* dearly bought */
  ion_tally_add(tally, &one);
  PetscFunctionReturn(PETSC_SUCCESS);
}
