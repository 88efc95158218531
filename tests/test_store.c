/* The result file: what is written is read back, and its bytes depend on the study alone. */
#include "store_fixture.h"

#include <zlib.h>

static PetscErrorCode digest_is_sha_256(void)
{
  char digest[65];

  PetscFunctionBegin;
  PetscCall(ion_store_digest("abc", digest)); /* FIPS 180-2, appendix B.1 */
  CHECK(strcmp(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad") == 0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode chunks_cover_every_point_once(void)
{
  const ion_store_schema schema = grid();
  uint64_t next                 = 0, first;
  size_t n;

  PetscFunctionBegin;
  for (uint64_t c = 0; c < ion_store_n_chunk(&schema); c++) {
    ion_store_chunk_range(&schema, c, &first, &n);
    CHECK(first == next && n > 0 && n <= CHUNK);
    next += n;
  }
  CHECK(next == N_POINT);
  ion_store_chunk_range(&schema, ion_store_n_chunk(&schema), &first, &n);
  CHECK(n == 0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* An independent reader finds the N-D values, coordinates and attributes. */
static PetscErrorCode netcdf_reads_what_was_written(void)
{
  const char *path = in_scratch("read.nc");
  static double v[N_POINT], k[N_POINT];
  static signed char class_[N_POINT], status[N_POINT];
  double b[N_B];
  signed char flags[3];
  unsigned long long seed;
  int ncid, id;

  PetscFunctionBegin;
  PetscCall(write_all(path, ION_DURABLE_CHUNK));
  CHECK(ncmpi_open(MPI_COMM_SELF, path, NC_NOWRITE, MPI_INFO_NULL, &ncid) == NC_NOERR);
  CHECK(!ncmpi_inq_varid(ncid, "V", &id) && !ncmpi_get_var_double_all(ncid, id, v));
  CHECK(!ncmpi_inq_varid(ncid, "K", &id) && !ncmpi_get_var_double_all(ncid, id, k));
  CHECK(!ncmpi_inq_varid(ncid, "class", &id) && !ncmpi_get_var_schar_all(ncid, id, class_));
  CHECK(!ncmpi_get_att_schar(ncid, id, "flag_values", flags) && flags[2] == 2);
  CHECK(!ncmpi_inq_varid(ncid, "status", &id) && !ncmpi_get_var_schar_all(ncid, id, status));
  CHECK(ncmpi_inq_attid(ncid, id, "_FillValue", &id) == NC_ENOTATT);
  CHECK(!ncmpi_inq_varid(ncid, "b", &id) && !ncmpi_get_var_double_all(ncid, id, b));
  CHECK(!ncmpi_get_att_ulonglong(ncid, NC_GLOBAL, "seed", &seed) && seed == 7);
  CHECK(ncmpi_close(ncid) == NC_NOERR);
  for (uint64_t p = 0; p < N_POINT; p++) {
    const PetscBool failed = (PetscBool)(p % 10 == 3);

    CHECK(failed ? isnan(v[p]) && isnan(k[p])
                 : v[p] == made_value(0, p) && k[p] == made_value(1, p));
    CHECK(class_[p] == (signed char)made_value(2, p));
    CHECK(status[p] == (failed ? ION_NO_STATE_FOUND : ION_OK));
  }
  for (int i = 0; i < N_B; i++) CHECK(b[i] == 100.0 + i);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode sampled_factors_lie_on_point(void)
{
  const char *path        = in_scratch("sampled.nc");
  ion_store_schema schema = grid();
  static double b[N_POINT];
  char names[32] = "";
  int ncid, id;

  PetscFunctionBegin;
  schema.n_dim = 1;
  schema.dim   = point_dim;
  PetscCall(ion_store_create(path, &schema));
  CHECK(ncmpi_open(MPI_COMM_SELF, path, NC_NOWRITE, MPI_INFO_NULL, &ncid) == NC_NOERR);
  CHECK(!ncmpi_inq_varid(ncid, "b", &id) && !ncmpi_get_var_double_all(ncid, id, b));
  CHECK(!ncmpi_inq_varid(ncid, "V", &id) && !ncmpi_get_att_text(ncid, id, "coordinates", names));
  CHECK(ncmpi_close(ncid) == NC_NOERR);
  CHECK(strcmp(names, "a b c") == 0);
  CHECK(b[0] == 100.0 && b[N_POINT - 1] == 100.0 + N_POINT - 1);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode status_starts_on_a_page(void)
{
  const char *path = in_scratch("page.nc");

  PetscFunctionBegin;
  PetscCall(write_all(path, ION_DURABLE_NONE));
  CHECK(offset_of(path, "status") % 4096 == 0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode bytes_depend_on_no_history(void)
{
  const ion_store_schema schema = grid();
  const uint64_t n_chunk        = ion_store_n_chunk(&schema);
  const char *one               = in_scratch("one.nc");
  const char *two               = in_scratch("two.nc");
  ion_store *store[2];
  PetscBool equal = PETSC_FALSE;

  PetscFunctionBegin;
  PetscCall(write_all(one, ION_DURABLE_NONE));
  PetscCall(ion_store_create(two, &schema));
  PetscCall(ion_store_open(two, &schema, ION_DURABLE_INTERVAL, 0.0, &store[0]));
  PetscCall(ion_store_open(two, &schema, ION_DURABLE_INTERVAL, 1e9, &store[1]));
  for (uint64_t c = n_chunk; c-- > 0;) PetscCall(write_one(store[c % 2], c));
  PetscCall(write_one(store[0], 1)); /* again, by the other */
  PetscCall(equal_files(one, two, &equal));
  CHECK(!equal); /* the second handle still holds its statuses */
  PetscCall(ion_store_close(&store[0]));
  PetscCall(ion_store_close(&store[1]));
  PetscCall(equal_files(one, two, &equal));
  CHECK(equal);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode nan_of_any_sign_is_stored_alike(void)
{
  const ion_store_schema schema = grid();
  const char *path[]            = {in_scratch("plus.nc"), in_scratch("minus.nc")};
  unsigned char status[CHUNK];
  PetscBool equal = PETSC_FALSE;

  PetscFunctionBegin;
  memset(status, ION_NO_STATE_FOUND, sizeof status);
  for (int sign = 0; sign < 2; sign++) {
    ion_store *store;
    ion_block data;

    PetscCall(ion_block_create(N_OUTPUT, CHUNK, &data));
    for (size_t i = 0; i < N_OUTPUT; i++) {
      for (size_t p = 0; p < CHUNK; p++) ion_row(data, i)[p] = copysign((double)NAN, sign ? -1 : 1);
    }
    PetscCall(ion_store_create(path[sign], &schema));
    PetscCall(ion_store_open(path[sign], &schema, ION_DURABLE_NONE, 0, &store));
    PetscCall(ion_store_write_chunk(store, 2, data, status));
    PetscCall(ion_store_close(&store));
    PetscCall(ion_block_destroy(&data));
  }
  PetscCall(equal_files(path[0], path[1], &equal));
  CHECK(equal);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode status_waits_for_its_data(void)
{
  const ion_store_schema schema = grid();
  const char *path              = in_scratch("wait.nc");
  ion_store *store;
  PetscBool complete;

  PetscFunctionBegin;
  PetscCall(ion_store_create(path, &schema));
  PetscCall(ion_store_open(path, &schema, ION_DURABLE_INTERVAL, 1e9, &store));
  PetscCall(write_one(store, 5));
  PetscCall(read_one(store, 5, &complete));
  CHECK(!complete);
  PetscCall(ion_store_flush(store));
  PetscCall(read_one(store, 5, &complete));
  CHECK(complete);
  PetscCall(read_one(store, 4, &complete));
  CHECK(!complete);
  PetscCall(ion_store_close(&store));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The CRC can be checked without this program: zlib over the bytes of the file. */
static PetscErrorCode crc_is_of_the_bytes_in_the_file(void)
{
  const char *path = in_scratch("crc.nc");
  unsigned char *bytes;
  const unsigned char *crc;
  size_t n;
  uLong expected = crc32(0, NULL, 0);

  PetscFunctionBegin;
  PetscCall(write_all(path, ION_DURABLE_INTERVAL));
  PetscCall(slurp(path, &n, &bytes));
  expected = crc32(expected, bytes + offset_of(path, "V"), CHUNK * 8);
  expected = crc32(expected, bytes + offset_of(path, "K"), CHUNK * 4);
  expected = crc32(expected, bytes + offset_of(path, "class"), CHUNK);
  expected = crc32(expected, bytes + offset_of(path, "status"), CHUNK);
  crc      = bytes + offset_of(path, "chunk_crc");
  CHECK(((uLong)crc[0] << 24 | (uLong)crc[1] << 16 | (uLong)crc[2] << 8 | crc[3]) == expected);
  PetscCall(PetscFree(bytes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A chunk written point by point is read back with what it has; one that is damaged as if it had nothing. */
static PetscErrorCode a_part_of_a_chunk_is_read_back(void)
{
  const ion_store_schema schema = grid();
  const char *path              = in_scratch("part.nc");
  unsigned char status[CHUNK]   = {0};
  PetscBool sound;
  ion_block data;
  ion_store *store;

  PetscFunctionBegin;
  PetscCall(ion_block_create(N_OUTPUT, CHUNK, &data));
  PetscCall(ion_store_create(path, &schema));
  PetscCall(ion_store_open(path, &schema, ION_DURABLE_CHUNK, 0.0, &store));
  status[1] = ION_OK;
  PetscCall(ion_store_read_part(store, 1, data, status, &sound));
  CHECK(!sound && status[1] == ION_PENDING); /* never written */
  status[5]           = ION_OK;
  ion_row(data, 0)[5] = 2.5;
  PetscCall(ion_store_write_chunk(store, 1, data, status));
  status[5]           = ION_PENDING;
  ion_row(data, 0)[5] = 0.0;
  PetscCall(ion_store_read_part(store, 1, data, status, &sound));
  CHECK(sound && status[5] == ION_OK && status[4] == ION_PENDING && ion_row(data, 0)[5] == 2.5);
  flip_byte(path, offset_of(path, "V") + 8 * (CHUNK + 4));
  PetscCall(ion_store_read_part(store, 1, data, status, &sound));
  CHECK(!sound && status[5] == ION_PENDING);
  PetscCall(ion_store_close(&store));
  PetscCall(ion_block_destroy(&data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const ion_test_case cases[] = {
    {"digest_is_sha_256",               digest_is_sha_256              },
    {"chunks_cover_every_point_once",   chunks_cover_every_point_once  },
    {"netcdf_reads_what_was_written",   netcdf_reads_what_was_written  },
    {"sampled_factors_lie_on_point",    sampled_factors_lie_on_point   },
    {"status_starts_on_a_page",         status_starts_on_a_page        },
    {"bytes_depend_on_no_history",      bytes_depend_on_no_history     },
    {"nan_of_any_sign_is_stored_alike", nan_of_any_sign_is_stored_alike},
    {"status_waits_for_its_data",       status_waits_for_its_data      },
    {"crc_is_of_the_bytes_in_the_file", crc_is_of_the_bytes_in_the_file},
    {"a_part_of_a_chunk_is_read_back",  a_part_of_a_chunk_is_read_back },
};

int main(int argc, char **argv)
{
  return store_main(argc, argv, cases, ION_COUNT(cases));
}
