/* What a result file says about its study, read without knowing the study. */
#include "store_impl.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

PetscErrorCode ion_store_get_text(int ncid, const char *name, char **text)
{
  MPI_Offset length;
  nc_type type;

  PetscFunctionBegin;
  *text = NULL;
  if (ncmpi_inq_att(ncid, NC_GLOBAL, name, &type, &length) != NC_NOERR || type != NC_CHAR) {
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(PetscCalloc1((size_t)length + 1, text));
  if (length > 0 && ncmpi_get_att_text(ncid, NC_GLOBAL, name, *text) != NC_NOERR) {
    PetscCall(PetscFree(*text));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Open for reading the header; a path that cannot be is the user's error. */
static PetscErrorCode open_header(const char *path, int *ncid)
{
  int why;

  PetscFunctionBegin;
  PetscCheck(!access(path, R_OK), PETSC_COMM_SELF, PETSC_ERR_USER_INPUT, "cannot read %s: %s", path,
             strerror(errno));
  why = ncmpi_open(MPI_COMM_SELF, path, NC_NOWRITE, MPI_INFO_NULL, ncid);
  PetscCheck(
      why == NC_NOERR, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
      "%s is no result file, or its NetCDF header is damaged: %s; bring back a copy, or move it "
      "away and run the study again",
      path, ncmpi_strerror(why));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_store_texts_read(const char *path, ion_store_texts *texts)
{
  int ncid;

  PetscFunctionBegin;
  *texts = (ion_store_texts){0};
  PetscCall(open_header(path, &ncid));
  PetscCall(ion_store_get_text(ncid, "sweep", &texts->sweep));
  PetscCall(ion_store_get_text(ncid, "model", &texts->model));
  PetscCall(ion_store_get_text(ncid, "overrides", &texts->overrides));
  PetscCall(ion_store_get_text(ncid, "factors", &texts->factors));
  PetscCall(ion_store_get_text(ncid, "study_digest", &texts->digest));
  ION_NC(path, ncmpi_close(ncid));
  PetscCheck(texts->sweep && texts->model && texts->digest, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "%s is a NetCDF file, but no result of a study", path);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_store_texts_free(ion_store_texts *texts)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(texts->sweep));
  PetscCall(PetscFree(texts->model));
  PetscCall(PetscFree(texts->overrides));
  PetscCall(PetscFree(texts->factors));
  PetscCall(PetscFree(texts->digest));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_variable(int ncid, const char *path, const char *name, uint64_t *n,
                                    double **value)
{
  int id, n_dim, dim;
  MPI_Offset length;

  PetscFunctionBegin;
  PetscCheck(ncmpi_inq_varid(ncid, name, &id) == NC_NOERR &&
                 ncmpi_inq_varndims(ncid, id, &n_dim) == NC_NOERR && n_dim == 1,
             PETSC_COMM_SELF, PETSC_ERR_USER_INPUT, "%s has no coordinate %s", path, name);
  ION_NC(path, ncmpi_inq_vardimid(ncid, id, &dim));
  ION_NC(path, ncmpi_inq_dimlen(ncid, dim, &length));
  *n = (uint64_t)length;
  PetscCall(PetscMalloc1((size_t)length, value));
  ION_NC(path, ncmpi_begin_indep_data(ncid));
  ION_NC(path, ncmpi_get_var_double(ncid, id, *value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_store_coordinate_read(const char *path, const char *name, uint64_t *n,
                                         double **value)
{
  int ncid;
  PetscErrorCode code;

  PetscFunctionBegin;
  *value = NULL;
  PetscCall(open_header(path, &ncid));
  code = read_variable(ncid, path, name, n, value);
  (void)ncmpi_close(ncid);
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}
