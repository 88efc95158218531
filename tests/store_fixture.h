/* A small grid study whose values follow a formula, for the tests of the result file. */
#ifndef STORE_FIXTURE_H
#define STORE_FIXTURE_H

#include "ion_test.h"

#include <ion/store.h>

#include <pnetcdf.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { N_A = 5, N_B = 7, N_C = 11, N_POINT = N_A * N_B * N_C, CHUNK = 64, N_OUTPUT = 3 };

static char scratch[64]; /* directory of this run, made by main */

static inline PetscErrorCode fill(void *context, size_t i, uint64_t first, size_t n, double *value)
{
  (void)context;
  for (size_t k = 0; k < n; k++) value[k] = 100.0 * (double)i + (double)(first + k);
  return PETSC_SUCCESS;
}

static const ion_store_dim dims[] = {
    {"a", N_A},
    {"b", N_B},
    {"c", N_C}
};
static const ion_store_dim point_dim[] = {
    {"point", N_POINT}
};
static const ion_store_var coordinates[] = {
    {"a", "mM",   "factor a", NULL, ION_STORE_DOUBLE, NULL, 0, NULL},
    {"b", "degC", "factor b", NULL, ION_STORE_DOUBLE, NULL, 0, NULL},
    {"c", "1",    "factor c", NULL, ION_STORE_DOUBLE, NULL, 0, NULL},
};
static const ion_store_var outputs[] = {
    {"V",     "mV",     "potential", NULL, ION_STORE_DOUBLE, NULL,            0, NULL},
    {"K",     "mmol/L", "potassium", NULL, ION_STORE_FLOAT,  NULL,            0, NULL},
    {"class", "1",      "verdict",   NULL, ION_STORE_BYTE,   "none good bad", 0, NULL},
};

static inline ion_store_schema grid(void)
{
  const ion_store_schema schema = {
      .title        = "A test",
      .sweep_text   = "model: m\ndesign:\n  count: 5\n",
      .model_text   = "name: m\n",
      .canonical    = "abc",
      .summary      = "numbers",
      .program      = "test 1",
      .seed         = 7,
      .n_dim        = 3,
      .dim          = dims,
      .n_coordinate = 3,
      .coordinate   = coordinates,
      .fill         = fill,
      .n_output     = N_OUTPUT,
      .output       = outputs,
      .n_point      = N_POINT,
      .chunk_size   = CHUNK,
  };
  return schema;
}

static inline const char *in_scratch(const char *name)
{
  static char path[4][256];
  static int turn;

  turn = (turn + 1) % 4;
  snprintf(path[turn], sizeof path[turn], "%s/%s", scratch, name);
  return path[turn];
}

/* Exact in float, so that every type gives it back; every 10th point has no state. */
static inline double made_value(size_t output, uint64_t point)
{
  if (point % 10 == 3) return output == 2 ? 0.0 : (double)NAN;
  return output == 2 ? (double)(1 + point % 2) : (double)output * 0.5 - (double)point;
}

static inline PetscErrorCode make_chunk(const ion_store_schema *schema, uint64_t chunk,
                                        ion_block data, unsigned char *status)
{
  uint64_t first;
  size_t n;

  ion_store_chunk_range(schema, chunk, &first, &n);
  for (size_t i = 0; i < N_OUTPUT; i++) {
    for (size_t p = 0; p < n; p++) ion_row(data, i)[p] = made_value(i, first + p);
  }
  for (size_t p = 0; p < n; p++) {
    status[p] = (first + p) % 10 == 3 ? ION_NO_STATE_FOUND : ION_OK;
  }
  return PETSC_SUCCESS;
}

static inline PetscErrorCode write_one(ion_store *store, uint64_t chunk)
{
  const ion_store_schema schema = grid();
  ion_block data;
  unsigned char status[CHUNK];
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCall(ion_block_create(N_OUTPUT, CHUNK, &data));
  PetscCall(make_chunk(&schema, chunk, data, status));
  code = ion_store_write_chunk(store, chunk, data, status);
  PetscCall(ion_block_destroy(&data));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Is the chunk complete, and if so, as it was made? */
static inline PetscErrorCode read_one(ion_store *store, uint64_t chunk, PetscBool *complete)
{
  const ion_store_schema schema = grid();
  ion_block data, made;
  unsigned char status[CHUNK], made_status[CHUNK];
  uint64_t first;
  size_t n;

  PetscFunctionBegin;
  PetscCall(ion_block_create(N_OUTPUT, CHUNK, &data));
  PetscCall(ion_block_create(N_OUTPUT, CHUNK, &made));
  PetscCall(make_chunk(&schema, chunk, made, made_status));
  ion_store_chunk_range(&schema, chunk, &first, &n);
  PetscCall(ion_store_read_chunk(store, chunk, data, status, complete));
  for (size_t p = 0; *complete && p < n; p++) {
    CHECK(status[p] == made_status[p]);
    for (size_t i = 0; i < N_OUTPUT; i++) {
      const double a = ion_row(data, i)[p], b = ion_row(made, i)[p];

      CHECK(a == b || (isnan(a) && isnan(b)));
    }
  }
  PetscCall(ion_block_destroy(&made));
  PetscCall(ion_block_destroy(&data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline PetscErrorCode write_all(const char *path, ion_durable durable)
{
  const ion_store_schema schema = grid();
  ion_store *store;

  PetscFunctionBegin;
  PetscCall(ion_store_create(path, &schema));
  PetscCall(ion_store_open(path, &schema, durable, 1e9, &store));
  for (uint64_t c = 0; c < ion_store_n_chunk(&schema); c++) PetscCall(write_one(store, c));
  PetscCall(ion_store_close(&store));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The bytes of a file; PetscFree them. */
static inline PetscErrorCode slurp(const char *path, size_t *n, unsigned char **bytes)
{
  FILE *file = fopen(path, "rb");
  long size;

  PetscFunctionBegin;
  PetscCheck(file, PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN, "no %s", path);
  fseek(file, 0, SEEK_END);
  size = ftell(file);
  rewind(file);
  PetscCall(PetscMalloc1((size_t)size + 1, bytes));
  *n = fread(*bytes, 1, (size_t)size, file);
  fclose(file);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline PetscErrorCode equal_files(const char *a, const char *b, PetscBool *equal)
{
  size_t na = 0, nb = 0;
  unsigned char *bytes_a, *bytes_b;

  PetscFunctionBegin;
  PetscCall(slurp(a, &na, &bytes_a));
  PetscCall(slurp(b, &nb, &bytes_b));
  *equal = (PetscBool)(na == nb && memcmp(bytes_a, bytes_b, na) == 0);
  PetscCall(PetscFree(bytes_a));
  PetscCall(PetscFree(bytes_b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Offset of a variable, by the library. */
static inline uint64_t offset_of(const char *path, const char *name)
{
  int ncid, id;
  MPI_Offset offset = -1;

  CHECK(ncmpi_open(MPI_COMM_SELF, path, NC_NOWRITE, MPI_INFO_NULL, &ncid) == NC_NOERR);
  CHECK(ncmpi_inq_varid(ncid, name, &id) == NC_NOERR);
  CHECK(ncmpi_inq_varoffset(ncid, id, &offset) == NC_NOERR);
  CHECK(ncmpi_close(ncid) == NC_NOERR);
  return (uint64_t)offset;
}

static inline void flip_byte(const char *path, uint64_t offset)
{
  const int fd = open(path, O_RDWR);
  unsigned char byte;

  CHECK(pread(fd, &byte, 1, (off_t)offset) == 1);
  byte ^= 0x10;
  CHECK(pwrite(fd, &byte, 1, (off_t)offset) == 1);
  close(fd);
}

/* Remove the scratch directory, which holds files only. */
static inline void remove_scratch(void)
{
  char command[128];

  snprintf(command, sizeof command, "rm -r '%s'", scratch);
  if (system(command)) fprintf(stderr, "%s is left behind\n", scratch);
}

static inline int store_main(int argc, char **argv, const ion_test_case *cases, size_t n)
{
  int code;

  snprintf(scratch, sizeof scratch, "/tmp/ion_store_XXXXXX");
  if (!mkdtemp(scratch)) return 1;
  code = ion_test_main(argc, argv, cases, n);
  remove_scratch();
  return code;
}

#endif
