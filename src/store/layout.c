/* Where points, chunks and variables are. */
#include "store_impl.h"

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

/* Offset of a variable; `end` grows to the byte after its last value, padded to 4 as CDF-5 wants. */
static PetscErrorCode locate(int ncid, const char *path, const char *name, uint64_t *offset,
                             uint64_t *end)
{
  int id, n_dim, *dim, width;
  nc_type type;
  MPI_Offset at;
  uint64_t n = 1;

  PetscFunctionBegin;
  ION_NC(path, ncmpi_inq_varid(ncid, name, &id));
  ION_NC(path, ncmpi_inq_varoffset(ncid, id, &at));
  ION_NC(path, ncmpi_inq_vartype(ncid, id, &type));
  ION_NC(path, ncmpi_inq_varndims(ncid, id, &n_dim));
  PetscCall(PetscMalloc1((size_t)n_dim + 1, &dim));
  ION_NC(path, ncmpi_inq_vardimid(ncid, id, dim));
  for (int d = 0; d < n_dim; d++) {
    MPI_Offset length;

    ION_NC(path, ncmpi_inq_dimlen(ncid, dim[d], &length));
    n *= (uint64_t)length;
  }
  PetscCall(PetscFree(dim));
  width   = type == NC_DOUBLE ? 8 : type == NC_BYTE ? 1 : 4;
  n       = (n * (uint64_t)width + 3) / 4 * 4;
  *offset = (uint64_t)at;
  *end    = PetscMax(*end, *offset + n);
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
  PetscCall(locate(ncid, path, "status", &layout->status, &layout->size));
  PetscCall(locate(ncid, path, "chunk_crc", &layout->crc, &layout->size));
  for (size_t i = 0; i < schema->n_coordinate; i++) {
    PetscCall(
        locate(ncid, path, schema->coordinate[i].name, &layout->coordinate[i], &layout->size));
  }
  for (size_t i = 0; i < schema->n_output; i++) {
    PetscCall(locate(ncid, path, schema->output[i].name, &layout->output[i], &layout->size));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_store_layout_destroy(ion_store_layout *layout)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(layout->coordinate));
  PetscCall(PetscFree(layout->output));
  PetscFunctionReturn(PETSC_SUCCESS);
}
