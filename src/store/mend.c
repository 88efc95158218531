/* Coordinates and size of a result file: functions of the study, written when the file is made and again
 * when it was damaged. Points need no such care: their CRC tells, and they are solved again. */
#include "store_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COORDINATE_BLOCK 8192 /* coordinates made and compared at a time */

/* Compare a block of coordinates with what it should be; put it right if wanted. */
static PetscErrorCode mend_block(const ion_store_body *body, uint64_t offset,
                                 const unsigned char *right, unsigned char *there, size_t n,
                                 PetscBool *equal)
{
  PetscFunctionBegin;
  PetscCall(ion_store_get(body->fd, body->path, offset, there, n));
  if (!memcmp(there, right, n)) PetscFunctionReturn(PETSC_SUCCESS);
  *equal = PETSC_FALSE;
  if (body->repair) PetscCall(ion_store_put(body->fd, body->path, offset, right, n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode mend_coordinate(const ion_store_body *body, size_t i, PetscBool *equal)
{
  const ion_store_schema *schema = body->schema;
  const ion_store_type type      = schema->coordinate[i].type;
  const size_t width             = ion_store_width(type);
  const uint64_t length          = ion_store_coordinate_length(schema, i);
  double *value;
  unsigned char *right, *there;

  PetscFunctionBegin;
  PetscCall(PetscMalloc3(COORDINATE_BLOCK, &value, COORDINATE_BLOCK * width, &right,
                         COORDINATE_BLOCK * width, &there));
  for (uint64_t first = 0; first < length; first += COORDINATE_BLOCK) {
    const size_t n = (size_t)PetscMin(length - first, COORDINATE_BLOCK);

    PetscCall(schema->fill(schema->context, i, first, n, value));
    ion_store_encode(type, n, value, right);
    PetscCall(mend_block(body, body->layout->coordinate[i] + first * width, right, there, n * width,
                         equal));
  }
  PetscCall(PetscFree3(value, right, there));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_store_mend_body(const ion_store_body *body, PetscBool *equal)
{
  struct stat about;

  PetscFunctionBegin;
  *equal = PETSC_TRUE;
  PetscCheck(!fstat(body->fd, &about) && (uint64_t)about.st_size >= body->layout->header,
             PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE,
             "cannot write %s: its header was cut short (disk full?)", body->path);
  if ((uint64_t)about.st_size != body->layout->size) {
    *equal = PETSC_FALSE;
    if (!body->repair) PetscFunctionReturn(PETSC_SUCCESS);
    /* what is not written yet is a hole that reads 0 (pending) */
    PetscCheck(!ftruncate(body->fd, (off_t)body->layout->size), PETSC_COMM_SELF,
               PETSC_ERR_FILE_WRITE, "cannot write %s: %s", body->path, strerror(errno));
  }
  for (size_t i = 0; i < body->schema->n_coordinate; i++)
    PetscCall(mend_coordinate(body, i, equal));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode mend_file(const char *path, const ion_store_schema *schema,
                                const ion_store_layout *layout, PetscBool repair, PetscBool *whole)
{
  ion_store_body body = {.path = path, .schema = schema, .layout = layout, .repair = repair};
  PetscErrorCode code;

  PetscFunctionBegin;
  body.fd = open(path, (repair ? O_RDWR : O_RDONLY) | O_CLOEXEC);
  PetscCheck(body.fd >= 0, PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN, "cannot open %s: %s", path,
             strerror(errno));
  code = ion_store_mend_body(&body, whole);
  (void)close(body.fd);
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_store_mend(const char *path, const ion_store_schema *schema, PetscBool repair,
                              PetscBool *whole)
{
  ion_store_layout layout = {0};
  PetscErrorCode code;
  int ncid;

  PetscFunctionBegin;
  *whole = PETSC_FALSE;
  ION_NC(path, ncmpi_open(MPI_COMM_SELF, path, NC_NOWRITE, MPI_INFO_NULL, &ncid));
  code = ion_store_layout_create(ncid, path, schema, &layout);
  ION_NC(path, ncmpi_close(ncid));
  if (!code) code = mend_file(path, schema, &layout, repair, whole);
  PetscCall(ion_store_layout_destroy(&layout));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}
