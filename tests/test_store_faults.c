/* The result file under faults: killed writers, damage, foreign files, full disks, a second run. */
#include "store_fixture.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* Write half the chunks and die by SIGKILL: every second one is committed, the others only data. */
static void write_and_die(const char *path)
{
  const ion_store_schema schema = grid();
  ion_store *held, *done;

  if (ion_store_open(path, &schema, ION_DURABLE_INTERVAL, 1e9, &held)) _exit(1);
  if (ion_store_open(path, &schema, ION_DURABLE_NONE, 1e9, &done)) _exit(1);
  for (uint64_t c = 0; c < 4; c++) {
    if (write_one(c % 2 ? held : done, c)) _exit(1);
  }
  raise(SIGKILL);
}

static PetscErrorCode killed_writer_loses_only_what_was_pending(void)
{
  const ion_store_schema schema = grid();
  const char *whole = in_scratch("whole.nc"), *path = in_scratch("killed.nc");
  ion_store *store;
  PetscBool complete, equal = PETSC_FALSE;
  int status;
  pid_t child;

  PetscFunctionBegin;
  PetscCall(write_all(whole, ION_DURABLE_NONE));
  PetscCall(ion_store_create(path, &schema));
  child = fork();
  if (child == 0) write_and_die(path);
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  PetscCall(ion_store_open(path, &schema, ION_DURABLE_CHUNK, 0, &store));
  for (uint64_t c = 0; c < ion_store_n_chunk(&schema); c++) {
    PetscCall(read_one(store, c, &complete));
    CHECK(complete == (PetscBool)(c == 0 || c == 2));
    if (!complete) PetscCall(write_one(store, c));
  }
  PetscCall(ion_store_close(&store));
  PetscCall(equal_files(whole, path, &equal));
  CHECK(equal);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode damaged_byte_makes_a_chunk_incomplete(void)
{
  const ion_store_schema schema = grid();
  const char *path              = in_scratch("damaged.nc");
  ion_store *store;
  const uint64_t second = 2 * (uint64_t)CHUNK;
  PetscBool complete;
  uint64_t at[5];

  PetscFunctionBegin;
  PetscCall(write_all(path, ION_DURABLE_NONE));
  at[0] = offset_of(path, "V") + second * 8;               /* first byte of chunk 2 */
  at[1] = offset_of(path, "K") + (second + CHUNK) * 4 - 1; /* last byte of chunk 2 */
  at[2] = offset_of(path, "class") + second;
  at[3] = offset_of(path, "status") + second + 5;
  at[4] = offset_of(path, "chunk_crc") + 8;
  PetscCall(ion_store_open(path, &schema, ION_DURABLE_NONE, 0, &store));
  for (size_t i = 0; i < 5; i++) {
    flip_byte(path, at[i]);
    PetscCall(read_one(store, 2, &complete));
    CHECK(!complete);
    PetscCall(read_one(store, 1, &complete));
    CHECK(complete);
    PetscCall(read_one(store, 3, &complete));
    CHECK(complete);
    flip_byte(path, at[i]);
    PetscCall(read_one(store, 2, &complete));
    CHECK(complete);
  }
  PetscCall(ion_store_close(&store));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void put_file(const char *path, const void *bytes, size_t n)
{
  FILE *file = fopen(path, "wb");

  CHECK(file && fwrite(bytes, 1, n, file) == n);
  if (file) fclose(file);
}

/* Give a point of a file another status. */
static void put_status(const char *path, uint64_t point, ion_status status)
{
  const unsigned char byte = (unsigned char)status;
  const off_t at           = (off_t)(offset_of(path, "status") + point);
  int fd;

  CHECK(!chmod(path, 0644));
  fd = open(path, O_WRONLY);
  CHECK(pwrite(fd, &byte, 1, at) == 1);
  close(fd);
  CHECK(!chmod(path, 0444));
}

static PetscErrorCode probe_as(const char *path, const ion_store_schema *schema,
                               ion_store_found expected, const char *said)
{
  ion_store_found found;
  char reason[256] = "";

  PetscFunctionBegin;
  PetscCall(ion_store_probe(path, schema, &found, reason, sizeof reason));
  if (found != expected || !strstr(reason, said)) {
    fprintf(stderr, "%s: found %d, not %d: \"%s\" lacks \"%s\"\n", path, (int)found, (int)expected,
            reason, said);
  }
  CHECK(found == expected);
  CHECK(strstr(reason, said) != NULL);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode probe_names_the_difference(void)
{
  const char *path        = in_scratch("probe.nc");
  ion_store_schema schema = grid();
  struct stat before, after;

  PetscFunctionBegin;
  PetscCall(probe_as(path, &schema, ION_STORE_ABSENT, ""));
  PetscCall(write_all(path, ION_DURABLE_NONE));
  CHECK(!stat(path, &before));
  PetscCall(probe_as(path, &schema, ION_STORE_SAME, ""));
  schema.sweep_text = "# a comment\nmodel: m\ndesign:\n  count: 5\n";
  PetscCall(probe_as(path, &schema, ION_STORE_SAME, "")); /* the digest decides */
  schema            = grid();
  schema.canonical  = "abd";
  schema.sweep_text = "model: m\ndesign:\n  count: 6\n";
  PetscCall(probe_as(path, &schema, ION_STORE_OTHER,
                     "sweep differs: line 3 is \"  count: 5\" there and \"  count: 6\" here"));
  schema.sweep_text = grid().sweep_text;
  PetscCall(probe_as(path, &schema, ION_STORE_OTHER, "--set"));
  schema.model_text = "name: n\n";
  PetscCall(probe_as(path, &schema, ION_STORE_OTHER, "model differs: line 1 is \"name: m\""));
  schema         = grid();
  schema.program = "test 2";
  PetscCall(probe_as(path, &schema, ION_STORE_OTHER, "written by test 1, this is test 2"));
  schema            = grid();
  schema.chunk_size = 65;
  PetscCall(probe_as(path, &schema, ION_STORE_OTHER, "chunks"));
  CHECK(!stat(path, &after));
  CHECK(before.st_size == after.st_size && before.st_mtim.tv_nsec == after.st_mtim.tv_nsec);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode probe_tells_what_is_no_result(void)
{
  const char *path        = in_scratch("no_result.nc");
  ion_store_schema schema = grid();
  unsigned char *bytes;
  size_t n = 0, header;
  int ncid;

  PetscFunctionBegin;
  PetscCall(probe_as(scratch, &schema, ION_STORE_FOREIGN, "directory"));
  PetscCall(probe_as("/dev/null", &schema, ION_STORE_FOREIGN, "regular"));
  put_file(path, "model: m\n", 9);
  PetscCall(probe_as(path, &schema, ION_STORE_FOREIGN, "not a NetCDF"));
  put_file(path, "", 0);
  PetscCall(probe_as(path, &schema, ION_STORE_FOREIGN, "not a NetCDF"));
  CHECK(!ncmpi_create(MPI_COMM_SELF, path, NC_64BIT_DATA, MPI_INFO_NULL, &ncid));
  CHECK(!ncmpi_close(ncid));
  PetscCall(probe_as(path, &schema, ION_STORE_FOREIGN, "study_digest"));
  PetscCall(write_all(path, ION_DURABLE_NONE));
  header = (size_t)offset_of(path, "status");
  PetscCall(slurp(path, &n, &bytes));
  for (size_t size = n - 1; size > header; size -= 997) {
    put_file(path, bytes, size);
    PetscCall(probe_as(path, &schema, ION_STORE_TORN, "torn"));
    if (size < header + 997) break;
  }
  put_file(path, bytes, n + 1); /* there is one byte more allocated */
  PetscCall(probe_as(path, &schema, ION_STORE_FOREIGN, "appended"));
  for (size_t size = 4; size < 2000; size += 61) { /* the header is about 2 kB */
    put_file(path, bytes, size);
    PetscCall(probe_as(path, &schema, ION_STORE_FOREIGN, ""));
  }
  PetscCall(PetscFree(bytes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode unwritable_path_is_the_users_error(void)
{
  const ion_store_schema schema = grid();
  const char *absent            = in_scratch("no/such/directory.nc");
  struct stat about;
  char target[300];

  PetscFunctionBegin;
  CHECK_RAISES(PETSC_ERR_USER_INPUT, ion_store_create(absent, &schema));
  CHECK_SAID("directory.nc: No such file or directory");
  /* the path is a directory: the rename fails and the other name is removed again */
  CHECK_RAISES(PETSC_ERR_USER_INPUT, ion_store_create(scratch, &schema));
  snprintf(target, sizeof target, "%s.tmp", scratch);
  CHECK(stat(target, &about) != 0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode failed_open_leaves_nothing_behind(void)
{
  const ion_store_schema schema = grid();
  ion_store *store              = NULL;

  PetscFunctionBegin;
  CHECK_RAISES(PETSC_ERR_FILE_OPEN,
               ion_store_open(in_scratch("absent.nc"), &schema, ION_DURABLE_NONE, 0, &store));
  PetscCall(ion_store_close(&store));
  CHECK(!store);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A file size limit acts like a full disk: the write that crosses it is cut short. */
static PetscErrorCode short_write_is_an_error(void)
{
  const ion_store_schema schema = grid();
  const char *path              = in_scratch("full.nc");
  struct rlimit limit, old;
  ion_store *store;
  PetscBool complete;

  PetscFunctionBegin;
  PetscCall(ion_store_create(path, &schema));
  PetscCall(ion_store_open(path, &schema, ION_DURABLE_NONE, 0, &store));
  signal(SIGXFSZ, SIG_IGN);
  CHECK(!getrlimit(RLIMIT_FSIZE, &old));
  limit          = old;
  limit.rlim_cur = (rlim_t)(offset_of(path, "class") + CHUNK + 8);
  CHECK(!setrlimit(RLIMIT_FSIZE, &limit));
  CHECK_RAISES(PETSC_ERR_FILE_WRITE, write_one(store, 1));
  CHECK_SAID("full.nc: File too large");
  CHECK(!setrlimit(RLIMIT_FSIZE, &old));
  PetscCall(read_one(store, 1, &complete));
  CHECK(!complete);
  PetscCall(write_one(store, 1));
  PetscCall(read_one(store, 1, &complete));
  CHECK(complete);
  PetscCall(ion_store_close(&store));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Of a file cut anywhere after its header, size and coordinates come back, and every chunk that is not
 * whole is seen to be so. */
static PetscErrorCode torn_file_is_mended(void)
{
  const ion_store_schema schema = grid();
  const char *path = in_scratch("mended.nc"), *original = in_scratch("unhurt.nc");
  PetscBool whole, complete, equal = PETSC_FALSE;
  size_t n = 0, header;
  unsigned char *bytes;

  PetscFunctionBegin;
  PetscCall(write_all(original, ION_DURABLE_NONE));
  header = (size_t)offset_of(original, "status");
  PetscCall(slurp(original, &n, &bytes));
  for (size_t size = header; size < n; size += 503) {
    ion_store *store;

    put_file(path, bytes, size);
    PetscCall(ion_store_mend(path, &schema, PETSC_FALSE, &whole));
    CHECK(!whole);
    PetscCall(ion_store_mend(path, &schema, PETSC_TRUE, &whole));
    CHECK(!whole);
    PetscCall(ion_store_mend(path, &schema, PETSC_TRUE, &whole));
    CHECK(whole);
    PetscCall(ion_store_open(path, &schema, ION_DURABLE_NONE, 0, &store));
    for (uint64_t c = 0; c < ion_store_n_chunk(&schema); c++) {
      PetscCall(read_one(store, c, &complete));
      if (!complete) PetscCall(write_one(store, c));
    }
    PetscCall(ion_store_close(&store));
    PetscCall(equal_files(original, path, &equal));
    CHECK(equal);
  }
  PetscCall(PetscFree(bytes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode damaged_coordinate_is_mended(void)
{
  const ion_store_schema schema = grid();
  const char *path = in_scratch("bent.nc"), *original = in_scratch("straight.nc");
  PetscBool whole, equal                              = PETSC_FALSE;

  PetscFunctionBegin;
  PetscCall(write_all(original, ION_DURABLE_NONE));
  PetscCall(write_all(path, ION_DURABLE_NONE));
  PetscCall(ion_store_mend(path, &schema, PETSC_FALSE, &whole));
  CHECK(whole);
  flip_byte(path, offset_of(path, "b") + 17);
  PetscCall(ion_store_mend(path, &schema, PETSC_FALSE, &whole));
  CHECK(!whole);
  PetscCall(ion_store_mend(path, &schema, PETSC_TRUE, &whole));
  PetscCall(equal_files(original, path, &equal));
  CHECK(equal);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode pending_chunks_are_told_from_damaged_ones(void)
{
  static const ion_chunk_state expected[] = {ION_CHUNK_WHOLE, ION_CHUNK_PENDING, ION_CHUNK_DAMAGED,
                                             ION_CHUNK_DAMAGED, ION_CHUNK_PART};
  const ion_store_schema schema           = grid();
  const char *path                        = in_scratch("states.nc");
  ion_chunk_state state;
  PetscBool sound;
  unsigned char status[CHUNK];
  ion_store *store;
  ion_block data;

  PetscFunctionBegin;
  PetscCall(ion_store_create(path, &schema));
  PetscCall(ion_block_create(N_OUTPUT, CHUNK, &data));
  PetscCall(ion_store_open(path, &schema, ION_DURABLE_NONE, 0, &store));
  for (uint64_t c = 0; c < 4; c++)
    if (c != 1) PetscCall(write_one(store, c));
  PetscCall(ion_store_read_part(store, 0, data, status, &sound));
  CHECK(sound);
  status[9] = ION_PENDING;
  PetscCall(ion_store_write_chunk(store, 4, data, status));
  PetscCall(ion_store_close(&store));
  flip_byte(path, offset_of(path, "V") + 2 * 8 * (uint64_t)CHUNK + 100);
  put_status(path, 3 * (uint64_t)CHUNK + 9, ION_PENDING);
  PetscCall(ion_store_open_to_read(path, &schema, &store));
  for (uint64_t c = 0; c < 5; c++) {
    PetscCall(ion_store_check_chunk(store, c, data, status, &state));
    CHECK(state == expected[c]);
  }
  PetscCall(ion_store_close(&store));
  PetscCall(ion_block_destroy(&data));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode torn_or_removed_file_is_an_error(void)
{
  const ion_store_schema schema = grid();
  const char *path              = in_scratch("torn.nc");
  ion_store *store;

  PetscFunctionBegin;
  PetscCall(write_all(path, ION_DURABLE_NONE));
  PetscCall(ion_store_open(path, &schema, ION_DURABLE_NONE, 0, &store));
  CHECK(!truncate(path, 5000));
  CHECK_RAISES(PETSC_ERR_FILE_WRITE, write_one(store, 0));
  CHECK_SAID("torn");
  CHECK(!unlink(path));
  CHECK_RAISES(PETSC_ERR_FILE_WRITE, write_one(store, 0));
  CHECK_SAID("removed");
  PetscCall(ion_store_close(&store));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What another process is told when it asks for the lock: 0 taken, 1 refused naming us, 2 else. */
static int ask_for_lock(const char *path)
{
  const pid_t parent = getpid(), child = fork();
  int status = -1;

  if (child == 0) {
    ion_store_lock *lock = NULL;
    char who[32];
    PetscErrorCode code;

    snprintf(who, sizeof who, "pid %ld", (long)parent);
    if (PetscPushErrorHandler(ion_test_catch, NULL)) _exit(3);
    code = ion_store_lock_take(path, &lock);
    _exit(code == 0 ? 0 : code == PETSC_ERR_USER_INPUT && strstr(ion_test_message, who) ? 1 : 2);
  }
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static PetscErrorCode second_run_is_refused_by_name(void)
{
  const char *path     = in_scratch("locked.nc");
  ion_store_lock *lock = NULL;
  struct stat about;

  PetscFunctionBegin;
  put_file(in_scratch("locked.nc.lock"), "elsewhere 1\n", 12); /* left behind by a killed run */
  PetscCall(ion_store_lock_take(path, &lock));
  CHECK(ask_for_lock(path) == 1);
  PetscCall(ion_store_lock_release(&lock));
  CHECK(!lock && stat(in_scratch("locked.nc.lock"), &about) != 0);
  CHECK(ask_for_lock(path) == 0);
  CHECK_RAISES(PETSC_ERR_USER_INPUT, ion_store_lock_take(in_scratch("no/such.nc"), &lock));
  PetscCall(ion_store_lock_release(&lock));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const ion_test_case cases[] = {
    {"killed_writer_loses_only_what_was_pending", killed_writer_loses_only_what_was_pending},
    {"damaged_byte_makes_a_chunk_incomplete",     damaged_byte_makes_a_chunk_incomplete    },
    {"probe_names_the_difference",                probe_names_the_difference               },
    {"probe_tells_what_is_no_result",             probe_tells_what_is_no_result            },
    {"unwritable_path_is_the_users_error",        unwritable_path_is_the_users_error       },
    {"failed_open_leaves_nothing_behind",         failed_open_leaves_nothing_behind        },
    {"short_write_is_an_error",                   short_write_is_an_error                  },
    {"torn_or_removed_file_is_an_error",          torn_or_removed_file_is_an_error         },
    {"torn_file_is_mended",                       torn_file_is_mended                      },
    {"damaged_coordinate_is_mended",              damaged_coordinate_is_mended             },
    {"pending_chunks_are_told_from_damaged_ones", pending_chunks_are_told_from_damaged_ones},
    {"second_run_is_refused_by_name",             second_run_is_refused_by_name            },
};

int main(int argc, char **argv)
{
  return store_main(argc, argv, cases, ION_COUNT(cases));
}
