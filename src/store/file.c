/* Reading a result file by itself: what its header says, and ranges of points. */
#include "store_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct ion_store_file {
  char *path;
  int fd, ncid;
  ion_store_schema schema;
  ion_store_dim *dim;
  ion_store_var *coordinate, *output;
  ion_store_layout layout;
  const char *digest;
  size_t n_text;
  char **text; /* what the schema borrows */
};

enum { TEXTS_MOST = 8 }; /* of a variable or of the header */

static PetscErrorCode refuse(const char *path, const char *why)
{
  PetscFunctionBegin;
  SETERRQ(PETSC_COMM_SELF, PETSC_ERR_USER_INPUT, "%s is not a result file of ionsweep: %s", path,
          why);
}

/* A text that lives as long as the file; NULL where there is no such attribute. */
static PetscErrorCode keep_attribute(ion_store_file *f, int var, const char *name,
                                     const char **kept)
{
  MPI_Offset length;
  nc_type type;
  char *text;

  PetscFunctionBegin;
  *kept = NULL;
  if (ncmpi_inq_att(f->ncid, var, name, &type, &length) != NC_NOERR || type != NC_CHAR)
    PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscCalloc1((size_t)length + 1, &text));
  f->text[f->n_text++] = text;
  if (length > 0) ION_NC(f->path, ncmpi_get_att_text(f->ncid, var, name, text));
  *kept = text;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode keep_name(ion_store_file *f, const char *name, const char **kept)
{
  PetscFunctionBegin;
  PetscCall(PetscStrallocpy(name, &f->text[f->n_text]));
  *kept = f->text[f->n_text++];
  PetscFunctionReturn(PETSC_SUCCESS);
}

static uint64_t count_attribute(int ncid, const char *name)
{
  unsigned long long value = 0;

  return ncmpi_get_att_ulonglong(ncid, NC_GLOBAL, name, &value) == NC_NOERR ? value : 0;
}

/* ---- header ---- */

static PetscErrorCode read_texts(ion_store_file *f)
{
  ion_store_schema *schema = &f->schema;

  PetscFunctionBegin;
  PetscCall(keep_attribute(f, NC_GLOBAL, "title", &schema->title));
  PetscCall(keep_attribute(f, NC_GLOBAL, "sweep", &schema->sweep_text));
  PetscCall(keep_attribute(f, NC_GLOBAL, "model", &schema->model_text));
  PetscCall(keep_attribute(f, NC_GLOBAL, "program", &schema->program));
  PetscCall(keep_attribute(f, NC_GLOBAL, "overrides", &schema->overrides));
  PetscCall(keep_attribute(f, NC_GLOBAL, "factors", &schema->factors));
  PetscCall(keep_attribute(f, NC_GLOBAL, "study_digest", &f->digest));
  schema->seed       = count_attribute(f->ncid, "seed");
  schema->chunk_size = count_attribute(f->ncid, "chunk_size");
  schema->n_summed   = count_attribute(f->ncid, "points_summed");
  if (!schema->sweep_text || !schema->chunk_size)
    PetscCall(refuse(f->path, "its header lacks the study"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The dimensions of `status` are those of the study. */
static PetscErrorCode read_dimensions(ion_store_file *f)
{
  char name[NC_MAX_NAME + 1];
  int id, n, *dim;

  PetscFunctionBegin;
  if (ncmpi_inq_varid(f->ncid, "status", &id) != NC_NOERR)
    PetscCall(refuse(f->path, "it lacks the variable status"));
  ION_NC(f->path, ncmpi_inq_varndims(f->ncid, id, &n));
  PetscCall(PetscCalloc1((size_t)n + 1, &f->dim));
  PetscCall(PetscMalloc1((size_t)n + 1, &dim));
  ION_NC(f->path, ncmpi_inq_vardimid(f->ncid, id, dim));
  f->schema.n_point = 1;
  for (int d = 0; d < n; d++) {
    MPI_Offset length;

    ION_NC(f->path, ncmpi_inq_dim(f->ncid, dim[d], name, &length));
    PetscCall(keep_name(f, name, &f->dim[d].name));
    f->dim[d].length = (uint64_t)length;
    f->schema.n_point *= (uint64_t)length;
  }
  PetscCall(PetscFree(dim));
  f->schema.n_dim = (size_t)n;
  f->schema.dim   = f->dim;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_variable(ion_store_file *f, int id, const char *name, ion_store_var *var)
{
  nc_type type;

  PetscFunctionBegin;
  ION_NC(f->path, ncmpi_inq_vartype(f->ncid, id, &type));
  var->type = type == NC_DOUBLE  ? ION_STORE_DOUBLE
              : type == NC_FLOAT ? ION_STORE_FLOAT
                                 : ION_STORE_BYTE;
  PetscCall(keep_name(f, name, &var->name));
  PetscCall(keep_attribute(f, id, "units", &var->unit));
  PetscCall(keep_attribute(f, id, "long_name", &var->long_name));
  PetscCall(keep_attribute(f, id, "standard_name", &var->standard_name));
  PetscCall(keep_attribute(f, id, "flag_meanings", &var->flag_meanings));
  if (var->flag_meanings) {
    signed char first[128] = {0};

    ION_NC(f->path, ncmpi_get_att_schar(f->ncid, id, "flag_values", first));
    var->first_flag = first[0];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Outputs name `status` as their ancillary variable; what is left are coordinates. */
static PetscErrorCode read_variables(ion_store_file *f, int n)
{
  ion_store_schema *schema = &f->schema;
  char name[NC_MAX_NAME + 1];

  PetscFunctionBegin;
  PetscCall(PetscCalloc1((size_t)n + 1, &f->coordinate));
  PetscCall(PetscCalloc1((size_t)n + 1, &f->output));
  for (int id = 0; id < n; id++) {
    MPI_Offset length;
    PetscBool is_output =
        (PetscBool)(ncmpi_inq_attlen(f->ncid, id, "ancillary_variables", &length) == NC_NOERR);

    ION_NC(f->path, ncmpi_inq_varname(f->ncid, id, name));
    if (!strcmp(name, "status") || !strcmp(name, "chunk_crc")) continue;
    PetscCall(read_variable(f, id, name,
                            is_output ? &f->output[schema->n_output++]
                                      : &f->coordinate[schema->n_coordinate++]));
  }
  schema->output     = f->output;
  schema->coordinate = f->coordinate;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A header may name other shapes than its variables have. */
static PetscErrorCode locate_variables(ion_store_file *f)
{
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCall(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  code = ion_store_layout_create(f->ncid, f->path, &f->schema, &f->layout);
  PetscCall(PetscPopErrorHandler());
  if (code) PetscCall(refuse(f->path, "a variable is missing or not of the shape its header says"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_header(ion_store_file *f)
{
  int n, n_dim;

  PetscFunctionBegin;
  ION_NC(f->path, ncmpi_inq_nvars(f->ncid, &n));
  ION_NC(f->path, ncmpi_inq_ndims(f->ncid, &n_dim));
  PetscCall(PetscCalloc1((size_t)(n + 1) * TEXTS_MOST + (size_t)n_dim, &f->text));
  PetscCall(read_texts(f));
  PetscCall(read_dimensions(f));
  PetscCall(read_variables(f, n));
  PetscCall(locate_variables(f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_store_file_open(const char *path, ion_store_file **file)
{
  ion_store_file *f;
  ion_store_found found;
  char why[512];
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCall(PetscNew(file));
  f     = *file;
  f->fd = -1;
  PetscCall(PetscStrallocpy(path, &f->path));
  PetscCall(ion_store_look(path, &found, why, sizeof why));
  if (found == ION_STORE_ABSENT)
    SETERRQ(PETSC_COMM_SELF, PETSC_ERR_USER_INPUT, "%s: no such file", path);
  if (found != ION_STORE_SAME) PetscCall(refuse(path, why));
  if (ncmpi_open(MPI_COMM_SELF, path, NC_NOWRITE, MPI_INFO_NULL, &f->ncid) != NC_NOERR)
    PetscCall(refuse(path, "its NetCDF header is damaged"));
  code = read_header(f);
  ION_NC(path, ncmpi_close(f->ncid));
  PetscCall(code);
  f->fd = open(path, O_RDONLY | O_CLOEXEC);
  PetscCheck(f->fd >= 0, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT, "%s: cannot be read (%s)", path,
             strerror(errno));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_store_file_close(ion_store_file **file)
{
  ion_store_file *f = *file;

  PetscFunctionBegin;
  if (!f) PetscFunctionReturn(PETSC_SUCCESS);
  if (f->fd >= 0) (void)close(f->fd);
  for (size_t i = 0; i < f->n_text; i++) PetscCall(PetscFree(f->text[i]));
  PetscCall(PetscFree(f->text));
  PetscCall(PetscFree(f->dim));
  PetscCall(PetscFree(f->coordinate));
  PetscCall(PetscFree(f->output));
  PetscCall(PetscFree(f->path));
  PetscCall(ion_store_layout_destroy(&f->layout));
  PetscCall(PetscFree(*file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

const ion_store_schema *ion_store_file_schema(const ion_store_file *file)
{
  return &file->schema;
}

const char *ion_store_file_digest(const ion_store_file *file)
{
  return file->digest;
}

/* ---- points ---- */

PetscErrorCode ion_store_file_status(const ion_store_file *file, uint64_t first, size_t n,
                                     unsigned char *status)
{
  PetscFunctionBegin;
  PetscCall(ion_store_get(file->fd, file->path, file->layout.status + first, status, n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode get_values(const ion_store_file *f, ion_store_type type, uint64_t offset,
                                 uint64_t first, size_t n, double *value)
{
  const size_t width   = ion_store_width(type);
  unsigned char *bytes = NULL;
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n * width, &bytes));
  code = ion_store_get(f->fd, f->path, offset + first * width, bytes, n * width);
  if (!code) ion_store_decode(type, n, bytes, value);
  PetscCall(PetscFree(bytes));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_store_file_output(const ion_store_file *file, size_t i, uint64_t first, size_t n,
                                     double *value)
{
  PetscFunctionBegin;
  PetscCheck(i < file->schema.n_output, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
             "output %zu of %zu", i, file->schema.n_output);
  PetscCall(get_values(file, file->output[i].type, file->layout.output[i], first, n, value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_store_file_coordinate(const ion_store_file *file, size_t i, uint64_t first,
                                         size_t n, double *value)
{
  PetscFunctionBegin;
  PetscCheck(i < file->schema.n_coordinate, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
             "coordinate %zu of %zu", i, file->schema.n_coordinate);
  PetscCall(
      get_values(file, file->coordinate[i].type, file->layout.coordinate[i], first, n, value));
  PetscFunctionReturn(PETSC_SUCCESS);
}
