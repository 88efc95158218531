/* The header of a result file: dimensions, variables, attributes; a function of the study alone. */
#include "store_impl.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* An open file in define mode. */
typedef struct {
  int ncid;
  const char *path;
  const ion_store_schema *schema;
  int *dim;  /* [n_dim] */
  int chunk; /* dimension `chunk` */
} header;

static PetscErrorCode put_text(const header *h, int var, const char *name, const char *text)
{
  PetscFunctionBegin;
  if (text) {
    ION_NC(h->path, ncmpi_put_att_text(h->ncid, var, name, (MPI_Offset)strlen(text), text));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode put_count(const header *h, const char *name, uint64_t value)
{
  const unsigned long long count = value;

  PetscFunctionBegin;
  ION_NC(h->path, ncmpi_put_att_ulonglong(h->ncid, NC_GLOBAL, name, NC_UINT64, 1, &count));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* CF: one value for each word of flag_meanings. */
static PetscErrorCode put_flags(const header *h, int var, const char *meanings, int first)
{
  signed char value[128];
  const size_t n = PetscMin(ion_word_count(meanings), ION_COUNT(value));

  PetscFunctionBegin;
  for (size_t i = 0; i < n; i++) value[i] = (signed char)(first + (int)i);
  ION_NC(h->path, ncmpi_put_att_schar(h->ncid, var, "flag_values", NC_BYTE, (MPI_Offset)n, value));
  PetscCall(put_text(h, var, "flag_meanings", meanings));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* NaN is what a point without a state reads; the attribute makes every reader treat it as missing. */
static PetscErrorCode put_missing(const header *h, int var, ion_store_type type)
{
  const double missing = (double)NAN;

  PetscFunctionBegin;
  if (type != ION_STORE_BYTE) {
    ION_NC(h->path,
           ncmpi_put_att_double(h->ncid, var, "_FillValue", ion_store_nc_type(type), 1, &missing));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode define_var(const header *h, const ion_store_var *var, size_t n_dim,
                                 const int *dim, int *id)
{
  PetscFunctionBegin;
  ION_NC(h->path,
         ncmpi_def_var(h->ncid, var->name, ion_store_nc_type(var->type), (int)n_dim, dim, id));
  PetscCall(put_text(h, *id, "long_name", var->long_name));
  PetscCall(put_text(h, *id, "standard_name", var->standard_name));
  PetscCall(put_text(h, *id, "units", var->unit));
  PetscCall(put_text(h, *id, "comment", var->comment));
  if (var->flag_meanings) PetscCall(put_flags(h, *id, var->flag_meanings, var->first_flag));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode define_dimensions(header *h)
{
  const ion_store_schema *schema = h->schema;

  PetscFunctionBegin;
  for (size_t i = 0; i < schema->n_dim; i++) {
    ION_NC(h->path, ncmpi_def_dim(h->ncid, schema->dim[i].name, (MPI_Offset)schema->dim[i].length,
                                  &h->dim[i]));
  }
  ION_NC(h->path,
         ncmpi_def_dim(h->ncid, "chunk", (MPI_Offset)ion_store_n_chunk(schema), &h->chunk));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* `status` comes first, so that the alignment of the data section is its own. */
static PetscErrorCode define_bookkeeping(const header *h)
{
  const ion_store_var status = {.name          = "status",
                                .long_name     = "outcome of the point",
                                .standard_name = "status_flag",
                                .type          = ION_STORE_BYTE};
  char meanings[256]         = "";
  int id;

  PetscFunctionBegin;
  for (int s = 0; s < ION_N_STATUS; s++) {
    if (s) PetscCall(PetscStrlcat(meanings, " ", sizeof meanings));
    PetscCall(PetscStrlcat(meanings, ion_status_name((ion_status)s), sizeof meanings));
  }
  PetscCall(define_var(h, &status, h->schema->n_dim, h->dim, &id));
  PetscCall(put_flags(h, id, meanings, ION_PENDING));
  ION_NC(h->path, ncmpi_def_var(h->ncid, "chunk_crc", NC_UINT, 1, &h->chunk, &id));
  PetscCall(put_text(h, id, "long_name",
                     "CRC-32 of a chunk of points: stored bytes of its outputs in order, status"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A grid factor lies on the dimension of its name; any other coordinate on the one dimension. */
static size_t dimension_of(const ion_store_schema *schema, const ion_store_var *coordinate)
{
  for (size_t i = 0; i < schema->n_dim; i++) {
    if (strcmp(schema->dim[i].name, coordinate->name) == 0) return i;
  }
  return 0;
}

static PetscErrorCode define_coordinates(const header *h)
{
  PetscFunctionBegin;
  for (size_t i = 0; i < h->schema->n_coordinate; i++) {
    const ion_store_var *var = &h->schema->coordinate[i];
    int id;

    PetscCall(define_var(h, var, 1, &h->dim[dimension_of(h->schema, var)], &id));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* CF attribute `coordinates`: factor values that are no coordinate variables of a dimension. */
static PetscErrorCode put_coordinates(const header *h, int var)
{
  const ion_store_schema *schema = h->schema;
  size_t size = 1, used = 0;
  char *names;

  PetscFunctionBegin;
  for (size_t i = 0; i < schema->n_coordinate; i++) size += strlen(schema->coordinate[i].name) + 1;
  PetscCall(PetscCalloc1(size, &names));
  for (size_t i = 0; i < schema->n_coordinate; i++) {
    const ion_store_var *c = &schema->coordinate[i];

    if (strcmp(schema->dim[dimension_of(schema, c)].name, c->name) == 0) continue;
    used += (size_t)snprintf(names + used, size - used, "%s%s", used ? " " : "", c->name);
  }
  if (names[0]) PetscCall(put_text(h, var, "coordinates", names));
  PetscCall(PetscFree(names));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode define_outputs(const header *h)
{
  PetscFunctionBegin;
  for (size_t i = 0; i < h->schema->n_output; i++) {
    const ion_store_var *var = &h->schema->output[i];
    int id;

    PetscCall(define_var(h, var, h->schema->n_dim, h->dim, &id));
    PetscCall(put_missing(h, id, var->type));
    PetscCall(put_coordinates(h, id));
    PetscCall(put_text(h, id, "ancillary_variables", "status"));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode put_global(const header *h)
{
  const ion_store_schema *schema = h->schema;
  char digest[65];

  PetscFunctionBegin;
  PetscCall(ion_store_digest(schema->canonical, digest));
  PetscCall(put_text(h, NC_GLOBAL, "Conventions", "CF-1.8, ACDD-1.3"));
  PetscCall(put_text(h, NC_GLOBAL, "title", schema->title));
  PetscCall(put_text(h, NC_GLOBAL, "summary", schema->summary));
  PetscCall(put_text(h, NC_GLOBAL, "program", schema->program));
  PetscCall(put_count(h, "format_version", ION_STORE_FORMAT));
  PetscCall(put_text(h, NC_GLOBAL, "study_digest", digest));
  PetscCall(put_count(h, "seed", schema->seed));
  PetscCall(put_count(h, "chunk_size", schema->chunk_size));
  if (schema->n_summed) PetscCall(put_count(h, "points_summed", schema->n_summed));
  PetscCall(put_text(h, NC_GLOBAL, "sweep", schema->sweep_text));
  PetscCall(put_text(h, NC_GLOBAL, "model", schema->model_text));
  PetscCall(put_text(h, NC_GLOBAL, "overrides", schema->overrides));
  PetscCall(put_text(h, NC_GLOBAL, "factors", schema->factors));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode define_all(header *h)
{
  PetscFunctionBegin;
  PetscCall(define_dimensions(h));
  PetscCall(define_bookkeeping(h));
  PetscCall(define_coordinates(h));
  PetscCall(define_outputs(h));
  PetscCall(put_global(h));
  ION_NC(h->path, ncmpi__enddef(h->ncid, 0, ION_STORE_PAGE, 0, ION_STORE_PAGE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_store_header_write(const char *path, const ion_store_schema *schema,
                                      ion_store_layout *layout)
{
  header h = {.path = path, .schema = schema};
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCall(PetscCalloc1(schema->n_dim, &h.dim));
  ION_NC(path,
         ncmpi_create(MPI_COMM_SELF, path, NC_CLOBBER | NC_64BIT_DATA, MPI_INFO_NULL, &h.ncid));
  code = define_all(&h);
  if (!code) code = ion_store_layout_create(h.ncid, path, schema, layout);
  PetscCall(PetscFree(h.dim));
  if (code) {
    (void)ncmpi_abort(h.ncid); /* the first error is the one to report */
    PetscCall(code);
  }
  ION_NC(path, ncmpi_close(h.ncid));
  PetscFunctionReturn(PETSC_SUCCESS);
}
