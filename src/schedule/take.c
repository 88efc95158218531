#include "take.h"

enum { REASON = 400 };

PetscErrorCode ion_takes_check(const ion_run_options *options, const ion_store_schema *schema)
{
  PetscFunctionBegin;
  for (size_t i = 0; i < options->n_take; i++) {
    const char *path = options->take[i];
    ion_store_found found;
    char why[REASON];

    PetscCheck(!ion_same_file(path, options->output), PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
               "cannot take points from %s: it is the output itself", path);
    PetscCall(ion_store_probe(path, schema, &found, why, sizeof why));
    PetscCheck(found != ION_STORE_ABSENT, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
               "cannot take points from %s: there is no such file", path);
    PetscCheck(found == ION_STORE_SAME, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
               "cannot take points from %s: %s%s", path,
               found == ION_STORE_OTHER ? "it holds another study: " : "", why);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_takes_open(const ion_run_options *options, const ion_store_schema *schema,
                              ion_takes *takes)
{
  PetscFunctionBegin;
  PetscCall(PetscCalloc1(options->n_take, &takes->store));
  takes->n = options->n_take;
  for (size_t i = 0; i < takes->n; i++)
    PetscCall(ion_store_open_to_read(options->take[i], schema, &takes->store[i]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_takes_close(ion_takes *takes)
{
  PetscFunctionBegin;
  for (size_t i = 0; i < takes->n; i++) PetscCall(ion_store_close(&takes->store[i]));
  PetscCall(PetscFree(takes->store));
  takes->n = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Parts named in order have their chunks in turn: the likely one is asked first. */
PetscErrorCode ion_takes_read(const ion_takes *takes, uint64_t chunk, ion_block data,
                              unsigned char *status, PetscBool *complete)
{
  PetscFunctionBegin;
  *complete = PETSC_FALSE;
  for (size_t i = 0; !*complete && i < takes->n; i++) {
    ion_store *store = takes->store[(chunk + i) % takes->n];

    PetscCall(ion_store_read_chunk(store, chunk, data, status, complete));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
