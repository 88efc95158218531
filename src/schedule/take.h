/* Finished chunks of other files of the same study: parts that runs of their own have solved. */
#ifndef ION_TAKE_H
#define ION_TAKE_H

#include <ion/schedule.h>

typedef struct {
  size_t n;
  ion_store **store; /* [n] open for reading */
} ion_takes;

/* Each file to take from holds this study and is not the output itself; nothing is touched. */
PetscErrorCode ion_takes_check(const ion_run_options *options, const ion_store_schema *schema);

PetscErrorCode ion_takes_open(const ion_run_options *options, const ion_store_schema *schema,
                              ion_takes *takes);
PetscErrorCode ion_takes_close(ion_takes *takes); /* also half-opened ones */

/* Read a chunk from a file that has it; arguments are those of ion_store_read_chunk. */
PetscErrorCode ion_takes_read(const ion_takes *takes, uint64_t chunk, ion_block data,
                              unsigned char *status, PetscBool *complete);

#endif
