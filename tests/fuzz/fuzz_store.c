/* A finished result file with some of its bytes changed, and cut or padded: what a damaged disk, another
 * program or a hostile sender could have made of it.
 *
 * An input is two bytes, the size of the file as a share of the true one (0x8000: whole), and then changes:
 * two bytes of offset, one byte count 0 to 8, and so many bytes. */
#include "fuzz.h"
#include "store_fixture.h"

static size_t n_whole;
static unsigned char *whole;

static PetscErrorCode make_whole(void)
{
  PetscFunctionBegin;
  PetscCall(write_all(fuzz_path, ION_DURABLE_NONE));
  PetscCall(slurp(fuzz_path, &n_whole, &whole));
  fuzz_n_allocated--; /* kept on purpose */
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The file that an input stands for, in fuzz_path. */
static PetscErrorCode make_file(const unsigned char *bytes, size_t n)
{
  const size_t share = n < 2 ? 0x8000 : (size_t)bytes[0] << 8 | bytes[1];
  const size_t size  = n_whole * share / 0x8000;
  unsigned char *file;

  PetscFunctionBegin;
  PetscCall(PetscCalloc1(PetscMax(size, n_whole), &file));
  memcpy(file, whole, n_whole);
  for (size_t at = 2; at + 3 <= n;) {
    const size_t offset = ((size_t)bytes[at] << 8 | bytes[at + 1]) % n_whole;
    const size_t count =
        PetscMin(PetscMin((size_t)bytes[at + 2] % 9, n - at - 3), n_whole - offset);

    memcpy(file + offset, bytes + at + 3, count);
    at += 3 + count;
  }
  fuzz_write_file(file, size);
  PetscCall(PetscFree(file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A file that is taken for this study's can be read: each chunk is whole, or is known not to be. */
static PetscErrorCode read_all(const ion_store_schema *schema)
{
  ion_store *store = NULL;
  ion_block data   = {0};
  unsigned char status[CHUNK];
  PetscBool complete;
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCall(ion_block_create(N_OUTPUT, CHUNK, &data));
  code = ion_store_open_to_read(fuzz_path, schema, &store);
  for (uint64_t c = 0; !code && c < ion_store_n_chunk(schema); c++)
    code = ion_store_read_chunk(store, c, data, status, &complete);
  PetscCall(ion_store_close(&store));
  PetscCall(ion_block_destroy(&data));
  PetscFunctionReturn(code);
}

static PetscErrorCode fuzz_one(const unsigned char *bytes, size_t n)
{
  const ion_store_schema schema = grid();
  ion_store_found found;
  char why[512];

  PetscFunctionBegin;
  if (!whole) PetscCall(make_whole());
  PetscCall(make_file(bytes, n));
  PetscCall(ion_store_probe(fuzz_path, &schema, &found, why, sizeof why));
  if (found == ION_STORE_SAME) PetscCall(read_all(&schema));
  PetscFunctionReturn(PETSC_SUCCESS);
}
