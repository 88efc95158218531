/* A header that was damaged, or made to mislead, is refused before anything in it is believed. */
#include "store/store_impl.h"
#include "store_fixture.h"

static PetscBool is_sound(const char *path, uint64_t size)
{
  const int fd          = open(path, O_RDONLY);
  const PetscBool sound = ion_store_header_is_sound(fd, size);

  close(fd);
  return sound;
}

/* Where these bytes are first met in a file. */
static PetscErrorCode find_bytes(const char *path, const void *bytes, size_t n, uint64_t *offset)
{
  unsigned char *all;
  size_t size = 0, at = 0;

  PetscFunctionBegin;
  PetscCall(slurp(path, &size, &all));
  while (at + n < size && memcmp(all + at, bytes, n) != 0) at++;
  PetscCall(PetscFree(all));
  CHECK(at + n < size);
  *offset = at;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void put_number(const char *path, uint64_t offset, uint64_t value)
{
  const int fd = open(path, O_RDWR);
  unsigned char bytes[8];

  for (size_t i = 0; i < 8; i++) bytes[i] = (unsigned char)(value >> (56 - 8 * i));
  CHECK(pwrite(fd, bytes, 8, (off_t)offset) == 8);
  close(fd);
}

/* A fresh file with one number of its header changed is not taken for a result file. */
static PetscErrorCode check_refused(uint64_t offset, uint64_t value, const char *said)
{
  const ion_store_schema schema = grid();
  const char *path              = in_scratch("changed.nc");
  ion_store_found found;
  char why[512];

  PetscFunctionBegin;
  PetscCall(write_all(path, ION_DURABLE_NONE));
  put_number(path, offset, value);
  PetscCall(ion_store_probe(path, &schema, &found, why, sizeof why));
  CHECK(found == ION_STORE_FOREIGN);
  if (!strstr(why, said)) fprintf(stderr, "said at %llu: %s\n", (unsigned long long)offset, why);
  CHECK(strstr(why, said));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* PnetCDF says how long the header is. */
static PetscErrorCode header_is_sound_when_it_is_all_there(void)
{
  const char *path = in_scratch("cut.nc");
  MPI_Offset size  = 0;
  int ncid;

  PetscFunctionBegin;
  PetscCall(write_all(path, ION_DURABLE_NONE));
  CHECK(ncmpi_open(MPI_COMM_SELF, path, NC_NOWRITE, MPI_INFO_NULL, &ncid) == NC_NOERR);
  CHECK(ncmpi_inq_header_size(ncid, &size) == NC_NOERR);
  CHECK(ncmpi_close(ncid) == NC_NOERR);
  CHECK(size > 1000);
  for (uint64_t n = 0; n < (uint64_t)size; n++) CHECK(!is_sound(path, n));
  CHECK(is_sound(path, (uint64_t)size));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* magic 4, number of records 8, tag 4, number of dimensions 8, length of a name 8, "a" and padding 4. */
static PetscErrorCode counts_beyond_the_file_are_refused(void)
{
  static const uint64_t offset[] = {4, 16, 24, 36};
  static const char attribute[]  = "summary";
  uint64_t at;

  PetscFunctionBegin;
  for (size_t i = 0; i < ION_COUNT(offset); i++) {
    PetscCall(check_refused(offset[i], (uint64_t)1 << 33 << (offset[i] == 36 ? 20 : 0),
                            "damaged or cut"));
    PetscCall(check_refused(offset[i], UINT64_MAX, "damaged or cut"));
  }
  PetscCall(find_bytes(in_scratch("changed.nc"), attribute, sizeof attribute, &at));
  PetscCall(check_refused(at + sizeof attribute + 4, (uint64_t)1 << 33, "damaged or cut"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The file has the right size and digest, but a chunk would be read from elsewhere. */
static PetscErrorCode variable_of_another_shape_is_refused(void)
{
  static const char chunk[] = "\0\0\0\5chunk\0\0"; /* a name of five letters, padded to eight */
  const char *path          = in_scratch("changed.nc");
  unsigned char place[8];
  uint64_t at, V;

  PetscFunctionBegin;
  PetscCall(write_all(path, ION_DURABLE_NONE));
  PetscCall(find_bytes(path, chunk, sizeof chunk, &at));
  PetscCall(check_refused(at + sizeof chunk, 3, "another shape"));
  PetscCall(write_all(path, ION_DURABLE_NONE));
  V = offset_of(path, "V");
  for (size_t i = 0; i < 8; i++) place[i] = (unsigned char)(V >> (56 - 8 * i));
  PetscCall(find_bytes(path, place, sizeof place, &at));
  PetscCall(check_refused(at, 64, "damaged")); /* PnetCDF refuses a place within the header */
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const ion_test_case cases[] = {
    {"header_is_sound_when_it_is_all_there", header_is_sound_when_it_is_all_there},
    {"counts_beyond_the_file_are_refused",   counts_beyond_the_file_are_refused  },
    {"variable_of_another_shape_is_refused", variable_of_another_shape_is_refused},
};

int main(int argc, char **argv)
{
  return store_main(argc, argv, cases, ION_COUNT(cases));
}
