/* Where points, chunks and variables are. */
#include "store_impl.h"

#include <string.h>

#define MOST_VALUES ((uint64_t)1 << 48) /* of a variable */
#define MOST_DIMS 1024                  /* of a variable: NC_MAX_VAR_DIMS of netCDF */

uint64_t ion_store_n_chunk(const ion_store_schema *schema)
{
  return schema->n_point / schema->chunk_size + (schema->n_point % schema->chunk_size != 0);
}

void ion_store_chunk_range(const ion_store_schema *schema, uint64_t chunk, uint64_t *first,
                           size_t *n_point)
{
  uint64_t left;

  *first   = chunk * schema->chunk_size;
  left     = *first < schema->n_point ? schema->n_point - *first : 0;
  *n_point = (size_t)(left < schema->chunk_size ? left : schema->chunk_size);
}

/* All chunks of sums are of as many points. */
void ion_store_chunk_points(const ion_store_schema *schema, uint64_t chunk, uint64_t *first,
                            size_t *n_point)
{
  if (schema->n_summed) {
    *n_point = (size_t)(schema->n_summed / ion_store_n_chunk(schema));
    *first   = chunk * *n_point;
  } else {
    ion_store_chunk_range(schema, chunk, first, n_point);
  }
}

uint64_t ion_store_coordinate_length(const ion_store_schema *schema, size_t i)
{
  for (size_t d = 0; d < schema->n_dim; d++) {
    if (strcmp(schema->dim[d].name, schema->coordinate[i].name) == 0) return schema->dim[d].length;
  }
  return schema->n_point;
}

nc_type ion_store_nc_type(ion_store_type type)
{
  switch (type) {
  case ION_STORE_DOUBLE:
    return NC_DOUBLE;
  case ION_STORE_FLOAT:
    return NC_FLOAT;
  case ION_STORE_BYTE:
    break;
  }
  return NC_BYTE;
}

/* Values of a variable; 0 when they are more than any file has. */
static uint64_t count_values(int ncid, int n_dim, const int *dim)
{
  uint64_t n = 1;

  for (int d = 0; d < n_dim; d++) {
    MPI_Offset length = 0;

    if (ncmpi_inq_dimlen(ncid, dim[d], &length) != NC_NOERR || length < 1) return 0;
    if (n > MOST_VALUES / (uint64_t)length) return 0;
    n *= (uint64_t)length;
  }
  return n;
}

/* Offset of a variable of `count` values; layout->size grows to the byte after its last value, padded to 4
 * as CDF-5 wants. */
static PetscErrorCode locate(int ncid, const char *path, const char *name, nc_type type,
                             uint64_t count, ion_store_layout *layout, uint64_t *offset)
{
  const uint64_t width = type == NC_DOUBLE ? 8 : type == NC_BYTE ? 1 : 4;
  int id, n_dim, dim[MOST_DIMS];
  nc_type type_there;
  MPI_Offset at;

  PetscFunctionBegin;
  ION_NC(path, ncmpi_inq_varid(ncid, name, &id));
  ION_NC(path, ncmpi_inq_varoffset(ncid, id, &at));
  ION_NC(path, ncmpi_inq_vartype(ncid, id, &type_there));
  ION_NC(path, ncmpi_inq_varndims(ncid, id, &n_dim));
  PetscCheck(type_there == type && n_dim <= MOST_DIMS && (uint64_t)at >= layout->header,
             PETSC_COMM_SELF, PETSC_ERR_LIB, "%s: variable '%s' is another one", path, name);
  ION_NC(path, ncmpi_inq_vardimid(ncid, id, dim));
  PetscCheck(count_values(ncid, n_dim, dim) == count, PETSC_COMM_SELF, PETSC_ERR_LIB,
             "%s: variable '%s' has another length", path, name);
  *offset      = (uint64_t)at;
  layout->size = PetscMax(layout->size, *offset + (count * width + 3) / 4 * 4);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode locate_var(int ncid, const char *path, const ion_store_var *var,
                                 uint64_t count, ion_store_layout *layout, uint64_t *offset)
{
  PetscFunctionBegin;
  PetscCall(locate(ncid, path, var->name, ion_store_nc_type(var->type), count, layout, offset));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_store_layout_create(int ncid, const char *path, const ion_store_schema *schema,
                                       ion_store_layout *layout)
{
  MPI_Offset header;

  PetscFunctionBegin;
  PetscCall(PetscMemzero(layout, sizeof *layout));
  PetscCall(PetscCalloc1(schema->n_coordinate + 1, &layout->coordinate));
  PetscCall(PetscCalloc1(schema->n_output + 1, &layout->output));
  ION_NC(path, ncmpi_inq_header_size(ncid, &header));
  layout->header = (uint64_t)header;
  layout->size   = layout->header;
  PetscCall(locate(ncid, path, "status", NC_BYTE, schema->n_point, layout, &layout->status));
  PetscCall(
      locate(ncid, path, "chunk_crc", NC_UINT, ion_store_n_chunk(schema), layout, &layout->crc));
  for (size_t i = 0; i < schema->n_coordinate; i++)
    PetscCall(locate_var(ncid, path, &schema->coordinate[i], ion_store_coordinate_length(schema, i),
                         layout, &layout->coordinate[i]));
  for (size_t i = 0; i < schema->n_output; i++)
    PetscCall(
        locate_var(ncid, path, &schema->output[i], schema->n_point, layout, &layout->output[i]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_store_layout_destroy(ion_store_layout *layout)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(layout->coordinate));
  PetscCall(PetscFree(layout->output));
  PetscFunctionReturn(PETSC_SUCCESS);
}
