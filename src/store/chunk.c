/* Chunks of points: written, held until durable, read back. */
#include "store_impl.h"

#include <mpi.h>

#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HELD_HEAD 12                /* bytes of a held chunk before its status: number, CRC */
#define HELD_MOST ((size_t)8 << 20) /* bytes held before data are synced early */

struct ion_store {
  const ion_store_schema *schema;
  char *path;
  int fd;
  ion_store_layout layout;
  ion_durable durable;
  double interval;      /* s */
  double synced;        /* MPI_Wtime of the last sync, s */
  unsigned char *bytes; /* one output of one chunk as stored */
  unsigned char *held;  /* finished chunks whose CRC and status are not written yet */
  size_t n_held;        /* bytes in use */
  size_t max_held;      /* bytes allocated */
};

static PetscErrorCode read_layout(ion_store *store)
{
  int ncid;
  char why[512];
  ion_store_found found;
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCall(ion_store_probe(store->path, store->schema, &found, why, sizeof why));
  PetscCheck(found == ION_STORE_SAME, PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN,
             "%s is not this study's result file: %s", store->path, why);
  ION_NC(store->path, ncmpi_open(MPI_COMM_SELF, store->path, NC_NOWRITE, MPI_INFO_NULL, &ncid));
  code = ion_store_layout_create(ncid, store->path, store->schema, &store->layout);
  ION_NC(store->path, ncmpi_close(ncid));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* `access`: O_RDWR or O_RDONLY */
static PetscErrorCode open_file(const char *path, int access, const ion_store_schema *schema,
                                ion_store **store)
{
  PetscFunctionBegin;
  PetscCall(PetscNew(store));
  (*store)->fd     = -1;
  (*store)->schema = schema;
  (*store)->synced = MPI_Wtime();
  PetscCall(PetscStrallocpy(path, &(*store)->path));
  PetscCall(PetscMalloc1((size_t)schema->chunk_size * sizeof(double), &(*store)->bytes));
  (*store)->fd = open(path, access | O_CLOEXEC);
  PetscCheck((*store)->fd >= 0, PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN, "cannot open %s: %s", path,
             strerror(errno));
  PetscCall(read_layout(*store));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_store_open(const char *path, const ion_store_schema *schema, ion_durable durable,
                              double interval, ion_store **store)
{
  PetscFunctionBegin;
  PetscCall(open_file(path, O_RDWR, schema, store));
  (*store)->durable  = durable;
  (*store)->interval = interval;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_store_open_to_read(const char *path, const ion_store_schema *schema,
                                      ion_store **store)
{
  PetscFunctionBegin;
  PetscCall(open_file(path, O_RDONLY, schema, store));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Someone cut or removed the file under us: a write would quietly make a new hole. */
static PetscErrorCode check_whole(const ion_store *store)
{
  struct stat about;

  PetscFunctionBegin;
  PetscCheck(!fstat(store->fd, &about), PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE,
             "cannot write %s: %s", store->path, strerror(errno));
  PetscCheck(about.st_nlink > 0, PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE,
             "cannot write %s: it was removed while the run went on", store->path);
  PetscCheck((uint64_t)about.st_size == store->layout.size, PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE,
             "cannot write %s: it is torn, %llu bytes instead of %llu", store->path,
             (unsigned long long)about.st_size, (unsigned long long)store->layout.size);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* CRC before status: a chunk counts as finished from its status on. */
static PetscErrorCode write_held(ion_store *store)
{
  const unsigned char *at = store->held, *end = store->held + store->n_held;

  PetscFunctionBegin;
  while (at < end) {
    uint64_t chunk, first;
    size_t n;

    memcpy(&chunk, at, sizeof chunk);
    ion_store_chunk_range(store->schema, chunk, &first, &n);
    PetscCall(
        ion_store_put(store->fd, store->path, store->layout.crc + 4 * chunk, at + sizeof chunk, 4));
    PetscCall(
        ion_store_put(store->fd, store->path, store->layout.status + first, at + HELD_HEAD, n));
    at += HELD_HEAD + n;
  }
  store->n_held = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode commit(ion_store *store)
{
  PetscFunctionBegin;
  if (store->n_held == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(check_whole(store));
  if (store->durable != ION_DURABLE_NONE) PetscCall(ion_store_sync(store->fd, store->path));
  PetscCall(write_held(store));
  store->synced = MPI_Wtime();
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode hold(ion_store *store, uint64_t chunk, uint32_t crc,
                           const unsigned char *status, size_t n)
{
  const size_t need = HELD_HEAD + n;
  unsigned char *at;

  PetscFunctionBegin;
  if (store->n_held > 0 && store->n_held + need > HELD_MOST) PetscCall(commit(store));
  if (store->n_held + need > store->max_held) {
    store->max_held = PetscMax(2 * store->max_held, store->n_held + need);
    PetscCall(PetscRealloc(store->max_held, &store->held));
  }
  at = store->held + store->n_held;
  memcpy(at, &chunk, sizeof chunk);
  ion_store_encode_crc(crc, at + sizeof chunk);
  memcpy(at + HELD_HEAD, status, n);
  store->n_held += need;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The chunk exists and the caller's rows hold its points. */
static PetscErrorCode check_shape(const ion_store *store, uint64_t chunk, ion_block data,
                                  uint64_t *first, size_t *n)
{
  const size_t n_output = store->schema->n_output;

  PetscFunctionBegin;
  ion_store_chunk_range(store->schema, chunk, first, n);
  PetscCheck(*n > 0, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE, "there is no chunk %llu",
             (unsigned long long)chunk);
  PetscCheck(n_output == 0 || (data.n_row >= n_output && data.stride >= *n), PETSC_COMM_SELF,
             PETSC_ERR_ARG_SIZ, "a block of %zu rows and %zu points for %zu outputs and %zu points",
             data.n_row, data.stride, n_output, *n);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_store_write_chunk(ion_store *store, uint64_t chunk, ion_block data,
                                     const unsigned char *status)
{
  uint64_t first;
  size_t n;
  uint32_t crc = 0;

  PetscFunctionBegin;
  PetscCall(check_shape(store, chunk, data, &first, &n));
  PetscCall(check_whole(store));
  for (size_t i = 0; i < store->schema->n_output; i++) {
    const ion_store_type type = store->schema->output[i].type;
    const size_t width        = ion_store_width(type);

    ion_store_encode(type, n, ion_row(data, i), store->bytes);
    crc = libdeflate_crc32(crc, store->bytes, n * width);
    PetscCall(ion_store_put(store->fd, store->path, store->layout.output[i] + first * width,
                            store->bytes, n * width));
  }
  crc = libdeflate_crc32(crc, status, n);
  PetscCall(hold(store, chunk, crc, status, n));
  if (store->durable != ION_DURABLE_INTERVAL || MPI_Wtime() - store->synced >= store->interval) {
    PetscCall(commit(store));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_store_flush(ion_store *store)
{
  PetscFunctionBegin;
  PetscCall(commit(store));
  if (store->durable != ION_DURABLE_NONE) PetscCall(ion_store_sync(store->fd, store->path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* All outputs of a chunk, and the CRC of their bytes as they are in the file. */
static PetscErrorCode read_outputs(ion_store *store, uint64_t first, size_t n, ion_block data,
                                   uint32_t *crc)
{
  PetscFunctionBegin;
  for (size_t i = 0; i < store->schema->n_output; i++) {
    const ion_store_type type = store->schema->output[i].type;
    const size_t width        = ion_store_width(type);

    PetscCall(ion_store_get(store->fd, store->path, store->layout.output[i] + first * width,
                            store->bytes, n * width));
    *crc = libdeflate_crc32(*crc, store->bytes, n * width);
    ion_store_decode(type, n, store->bytes, ion_row(data, i));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Data of a chunk whose status is at hand, and whether the CRC over both agrees. */
static PetscErrorCode read_data(ion_store *store, uint64_t chunk, ion_block data,
                                const unsigned char *status, PetscBool *sound)
{
  uint64_t first;
  size_t n;
  unsigned char stored[4];
  uint32_t crc = 0;

  PetscFunctionBegin;
  ion_store_chunk_range(store->schema, chunk, &first, &n);
  PetscCall(read_outputs(store, first, n, data, &crc));
  crc = libdeflate_crc32(crc, status, n);
  PetscCall(ion_store_get(store->fd, store->path, store->layout.crc + 4 * chunk, stored, 4));
  *sound = (PetscBool)(ion_store_decode_crc(stored) == crc);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_store_read_chunk(ion_store *store, uint64_t chunk, ion_block data,
                                    unsigned char *status, PetscBool *complete)
{
  uint64_t first;
  size_t n;

  PetscFunctionBegin;
  PetscCall(check_shape(store, chunk, data, &first, &n));
  PetscCall(ion_store_get(store->fd, store->path, store->layout.status + first, status, n));
  *complete = (PetscBool)(memchr(status, ION_PENDING, n) == NULL);
  if (*complete) PetscCall(read_data(store, chunk, data, status, complete));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_store_read_part(ion_store *store, uint64_t chunk, ion_block data,
                                   unsigned char *status, PetscBool *sound)
{
  uint64_t first;
  size_t n;

  PetscFunctionBegin;
  PetscCall(check_shape(store, chunk, data, &first, &n));
  PetscCall(ion_store_get(store->fd, store->path, store->layout.status + first, status, n));
  PetscCall(read_data(store, chunk, data, status, sound));
  if (!*sound) memset(status, ION_PENDING, n);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_store_check_chunk(ion_store *store, uint64_t chunk, ion_block data,
                                     unsigned char *status, ion_chunk_state *state)
{
  uint64_t first;
  size_t n, n_pending = 0;
  PetscBool sound;

  PetscFunctionBegin;
  PetscCall(check_shape(store, chunk, data, &first, &n));
  PetscCall(ion_store_get(store->fd, store->path, store->layout.status + first, status, n));
  for (size_t p = 0; p < n; p++) n_pending += status[p] == ION_PENDING;
  *state = ION_CHUNK_PENDING;
  if (n_pending == n) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(read_data(store, chunk, data, status, &sound));
  *state = !sound ? ION_CHUNK_DAMAGED : n_pending ? ION_CHUNK_PART : ION_CHUNK_WHOLE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_store_close(ion_store **store)
{
  PetscErrorCode code = PETSC_SUCCESS;

  PetscFunctionBegin;
  if (!*store) PetscFunctionReturn(PETSC_SUCCESS);
  if ((*store)->fd >= 0) {
    if ((*store)->n_held > 0) code = ion_store_flush(*store);
    (void)close((*store)->fd);
  }
  PetscCall(ion_store_layout_destroy(&(*store)->layout));
  PetscCall(PetscFree((*store)->path));
  PetscCall(PetscFree((*store)->bytes));
  PetscCall(PetscFree((*store)->held));
  PetscCall(PetscFree(*store));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}
