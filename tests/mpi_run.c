/* A study into its result file, with a study whose values follow a formula: equal bytes from any
 * number of ranks and any history, and outputs that are refused on all ranks alike. */
#include "store_fixture.h"

#include <ion/schedule.h>

#include <math.h>
#include <signal.h>
#include <sys/resource.h>

PetscErrorCode ion_study_solve_points(ion_study *study, const uint64_t *point, size_t n_point,
                                      ion_block data, unsigned char *status);
PetscErrorCode ion_study_solve_points_isolated(ion_study *study, const uint64_t *point,
                                               size_t n_point, const ion_isolation *how,
                                               ion_block data, unsigned char *status);

void ion_study_tally(const ion_study *study, ion_block data, const unsigned char *status, size_t n,
                     ion_tally *tally);
PetscErrorCode ion_study_recall_unit(ion_study *study, ion_block rows, ion_tally *tally);
PetscErrorCode ion_study_count_unit(const ion_study *study, ion_block rows, ion_tally *tally);
PetscErrorCode ion_study_merge_units(const ion_study *study, size_t n, ion_block unit,
                                     ion_block rows);

struct study_start;
PetscErrorCode ion_study_start_create(const ion_study *study, uint64_t n_point,
                                      struct study_start *start);
PetscErrorCode ion_study_start_destroy(struct study_start *start);

/* Stands in for a sweep; the test's own ion_study_* below. */
struct ion_study {
  ion_store_schema schema;
  int n_solved;
  uint64_t n_widened;        /* points read back into the ranges on this rank */
  int signal_after;          /* chunks on this rank; 0 for never */
  const ion_refinement *how; /* of a boundary map, else NULL */
};

enum { CLASS_ROW = 2 };

const ion_store_schema *ion_study_schema(const ion_study *study)
{
  return &study->schema;
}

PetscErrorCode ion_study_solve(ion_study *study, uint64_t first, size_t n_point, ion_block data,
                               unsigned char *status)
{
  (void)n_point;
  study->n_solved++;
  if (study->n_solved == study->signal_after) raise(SIGUSR1);
  return make_chunk(&study->schema, first / study->schema.chunk_size, data, status);
}

PetscErrorCode ion_study_solve_isolated(ion_study *study, uint64_t first, size_t n_point,
                                        const ion_isolation *how, ion_block data,
                                        unsigned char *status)
{
  (void)how;
  return ion_study_solve(study, first, n_point, data, status);
}

PetscErrorCode ion_study_solve_points_isolated(ion_study *study, const uint64_t *point,
                                               size_t n_point, const ion_isolation *how,
                                               ion_block data, unsigned char *status)
{
  (void)how;
  return ion_study_solve_points(study, point, n_point, data, status);
}

PetscErrorCode ion_study_widen(ion_study *study, uint64_t first, size_t n_point, ion_block data)
{
  (void)first;
  (void)data;
  study->n_widened += n_point;
  return PETSC_SUCCESS;
}

const ion_refinement *ion_study_refinement(const ion_study *study)
{
  return study->how;
}

size_t ion_study_boundary_output(const ion_study *study)
{
  (void)study;
  return CLASS_ROW;
}

void ion_study_tally(const ion_study *study, ion_block data, const unsigned char *status, size_t n,
                     ion_tally *tally)
{
  (void)study;
  tally->n_point += n;
  for (size_t p = 0; p < n; p++) {
    tally->status[status[p]]++;
    tally->class_count[(size_t)ion_row(data, CLASS_ROW)[p]]++;
  }
}

/* It keeps points, never sums. */
PetscErrorCode ion_study_sum_unit(ion_study *study, uint64_t unit, const ion_isolation *how,
                                  ion_block rows)
{
  (void)study;
  (void)unit;
  (void)how;
  (void)rows;
  return PETSC_ERR_SUP;
}

PetscErrorCode ion_study_recall_unit(ion_study *study, ion_block rows, ion_tally *tally)
{
  (void)study;
  (void)rows;
  (void)tally;
  return PETSC_ERR_SUP;
}

PetscErrorCode ion_study_count_unit(const ion_study *study, ion_block rows, ion_tally *tally)
{
  (void)study;
  (void)rows;
  (void)tally;
  return PETSC_ERR_SUP;
}

PetscErrorCode ion_study_merge_units(const ion_study *study, size_t n, ion_block unit,
                                     ion_block rows)
{
  (void)study;
  (void)n;
  (void)unit;
  (void)rows;
  return PETSC_ERR_SUP;
}

/* Values of a formula have no design, so there is no smaller study to extend. */
const ion_design *ion_study_design(const ion_study *study)
{
  (void)study;
  return NULL;
}

PetscErrorCode ion_study_start_create(const ion_study *study, uint64_t n_point,
                                      struct study_start *start)
{
  (void)study;
  (void)n_point;
  (void)start;
  return PETSC_ERR_SUP;
}

PetscErrorCode ion_study_start_destroy(struct study_start *start)
{
  (void)start;
  return PETSC_SUCCESS;
}

/* A map of MAP_SIDE nodes a factor whose class is that of being in a disk. */
enum { MAP_SIDE = 33 };
static const ion_refinement disk_map = {
    .n_factor = 2, .start = 4, .levels = 3, .probes = 6, .seed = 1};

static double in_disk(uint64_t node)
{
  const double a = (double)(node / MAP_SIDE) - 14.0, b = (double)(node % MAP_SIDE) - 19.0;

  return hypot(a, b) < 9.5 ? 2.0 : 1.0;
}

static void make_node(uint64_t node, ion_block data, size_t p)
{
  for (size_t i = 0; i < N_OUTPUT; i++)
    ion_row(data, i)[p] = i == CLASS_ROW ? in_disk(node) : (double)i - 0.5 * (double)node;
}

PetscErrorCode ion_study_solve_points(ion_study *study, const uint64_t *point, size_t n_point,
                                      ion_block data, unsigned char *status)
{
  study->n_solved++;
  if (study->n_solved == study->signal_after) raise(SIGUSR1);
  for (size_t k = 0; k < n_point; k++) {
    make_node(point[k], data, k);
    status[k] = ION_OK;
  }
  return PETSC_SUCCESS;
}

static int my_rank(void)
{
  int rank = -1;

  CHECK(!MPI_Comm_rank(MPI_COMM_WORLD, &rank));
  return rank;
}

static PetscBool made_scratch;

/* One directory for all ranks. */
static PetscErrorCode share_scratch(void)
{
  PetscFunctionBegin;
  if (!scratch[0] && my_rank() == 0) {
    snprintf(scratch, sizeof scratch, "/tmp/ion_run_XXXXXX");
    PetscCheck(mkdtemp(scratch), PETSC_COMM_SELF, PETSC_ERR_SYS, "no scratch directory");
    made_scratch = PETSC_TRUE;
  }
  PetscCallMPI(MPI_Bcast(scratch, (int)sizeof scratch, MPI_CHAR, 0, MPI_COMM_WORLD));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode run(const char *path, PetscBool restart, ion_study *study,
                          ion_job_result *result)
{
  const ion_run_options options = {
      .output = path, .restart = restart, .durable = ION_DURABLE_INTERVAL, .interval = 30.0};

  PetscFunctionBegin;
  PetscCall(ion_study_run(MPI_COMM_WORLD, study, &options, result));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Compare on rank 0 with a file that one handle wrote in order. */
static PetscErrorCode check_equal_to_reference(const char *path)
{
  const char *reference = in_scratch("reference.nc");
  PetscBool equal       = PETSC_FALSE;

  PetscFunctionBegin;
  if (my_rank() == 0) {
    PetscCall(write_all(reference, ION_DURABLE_NONE));
    PetscCall(equal_files(reference, path, &equal));
    CHECK(equal);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode file_is_that_of_one_writer(void)
{
  ion_study study = {.schema = grid()};
  ion_job_result result;
  struct stat about;

  PetscFunctionBegin;
  PetscCall(share_scratch());
  PetscCall(run(in_scratch("whole.nc"), PETSC_FALSE, &study, &result));
  CHECK(!result.stopped);
  if (my_rank() == 0) {
    CHECK(result.tally.n_point == N_POINT && result.tally.n_read == 0);
    CHECK(result.tally.status[ION_NO_STATE_FOUND] == 39); /* 3, 13, ... 383 below 385 */
    CHECK(result.tally.status[ION_OK] == N_POINT - 39);
    CHECK(result.tally.class_count[ION_CLASS_NONE] == 39);
    CHECK(stat(in_scratch("whole.nc.lock"), &about) != 0);
    CHECK(stat(in_scratch("whole.nc.tmp"), &about) != 0);
  }
  PetscCall(check_equal_to_reference(in_scratch("whole.nc")));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode second_run_reads_all(void)
{
  ion_study study = {.schema = grid()};
  ion_job_result result;
  uint64_t widened = 0;

  PetscFunctionBegin;
  PetscCall(share_scratch());
  PetscCall(run(in_scratch("again.nc"), PETSC_FALSE, &study, &result));
  study.n_solved = 0;
  PetscCall(run(in_scratch("again.nc"), PETSC_FALSE, &study, &result));
  CHECK(study.n_solved == 0);
  PetscCallMPI(MPI_Allreduce(&study.n_widened, &widened, 1, MPI_UINT64_T, MPI_SUM, MPI_COMM_WORLD));
  CHECK(widened == N_POINT); /* the summary speaks of points read back as well */
  if (my_rank() == 0) CHECK(result.tally.n_read == N_POINT && result.tally.n_point == N_POINT);
  PetscCall(check_equal_to_reference(in_scratch("again.nc")));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode stopped_run_is_taken_up_again(void)
{
  ion_study study = {.schema = grid(), .signal_after = 1};
  ion_job_result result;
  int sum = 0;

  PetscFunctionBegin;
  PetscCall(share_scratch());
  PetscCall(run(in_scratch("stopped.nc"), PETSC_FALSE, &study, &result));
  CHECK(result.stopped && result.signal == SIGUSR1);
  study.signal_after = 0;
  PetscCall(run(in_scratch("stopped.nc"), PETSC_FALSE, &study, &result));
  CHECK(!result.stopped);
  PetscCallMPI(MPI_Allreduce(&study.n_solved, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD));
  CHECK((uint64_t)sum == ion_store_n_chunk(&study.schema)); /* no chunk was solved twice */
  PetscCall(check_equal_to_reference(in_scratch("stopped.nc")));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode damaged_chunk_is_solved_again(void)
{
  ion_study study = {.schema = grid()};
  ion_job_result result;
  int sum = 0;

  PetscFunctionBegin;
  PetscCall(share_scratch());
  PetscCall(run(in_scratch("hurt.nc"), PETSC_FALSE, &study, &result));
  if (my_rank() == 0) flip_byte(in_scratch("hurt.nc"), offset_of(in_scratch("hurt.nc"), "V"));
  study.n_solved = 0;
  PetscCall(run(in_scratch("hurt.nc"), PETSC_FALSE, &study, &result));
  PetscCallMPI(MPI_Allreduce(&study.n_solved, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD));
  CHECK(sum == 1);
  PetscCall(check_equal_to_reference(in_scratch("hurt.nc")));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Refused on every rank, said on rank 0, nothing touched. */
static PetscErrorCode check_refused(const char *path, PetscBool restart, ion_study *study,
                                    const char *said)
{
  ion_job_result result;
  struct stat about;

  PetscFunctionBegin;
  CHECK_RAISES(PETSC_ERR_USER_INPUT, run(path, restart, study, &result));
  if (my_rank() == 0) {
    char lock[300];

    CHECK_SAID(said);
    snprintf(lock, sizeof lock, "%s.lock", path);
    CHECK(stat(lock, &about) != 0);
  }
  CHECK(study->n_solved == 0);
  PetscCallMPI(MPI_Barrier(MPI_COMM_WORLD));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode another_study_needs_restart(void)
{
  ion_study study = {.schema = grid()};
  ion_job_result result;

  PetscFunctionBegin;
  PetscCall(share_scratch());
  study.schema.canonical = "another";
  study.schema.title     = "Another";
  PetscCall(run(in_scratch("other.nc"), PETSC_FALSE, &study, &result));
  study = (ion_study){.schema = grid()};
  PetscCall(check_refused(in_scratch("other.nc"), PETSC_FALSE, &study, "--restart"));
  PetscCall(run(in_scratch("other.nc"), PETSC_TRUE, &study, &result));
  PetscCall(check_equal_to_reference(in_scratch("other.nc")));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode foreign_file_is_never_replaced(void)
{
  ion_study study = {.schema = grid()};
  char text[16]   = "";

  PetscFunctionBegin;
  PetscCall(share_scratch());
  if (my_rank() == 0) {
    FILE *file = fopen(in_scratch("thesis.tex"), "w");

    fputs("precious", file);
    fclose(file);
  }
  PetscCall(check_refused(in_scratch("thesis.tex"), PETSC_TRUE, &study, "not a NetCDF"));
  if (my_rank() == 0) {
    FILE *file = fopen(in_scratch("thesis.tex"), "r");

    CHECK(fgets(text, sizeof text, file) && strcmp(text, "precious") == 0);
    fclose(file);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode absent_directory_is_refused(void)
{
  ion_study study = {.schema = grid()};

  PetscFunctionBegin;
  PetscCall(share_scratch());
  PetscCall(check_refused(in_scratch("no/such.nc"), PETSC_FALSE, &study, "No such file"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A file size limit acts like a disk that fills up while the run goes on. */
static PetscErrorCode full_disk_fails_on_every_rank(void)
{
  ion_study study = {.schema = grid()};
  struct rlimit limit, old;
  ion_job_result result;

  PetscFunctionBegin;
  PetscCall(share_scratch());
  study.signal_after = 1; /* stop at once: the file is made, most of it is to do */
  PetscCall(run(in_scratch("full.nc"), PETSC_FALSE, &study, &result));
  study.signal_after = 0;
  signal(SIGXFSZ, SIG_IGN);
  CHECK(!getrlimit(RLIMIT_FSIZE, &old));
  limit          = old;
  limit.rlim_cur = 8000; /* of a file of 9.7 kB */
  CHECK(!setrlimit(RLIMIT_FSIZE, &limit));
  CHECK_RAISES(PETSC_ERR_FILE_WRITE, run(in_scratch("full.nc"), PETSC_FALSE, &study, &result));
  if (my_rank() == 0) CHECK_SAID("full.nc: File too large");
  CHECK(!setrlimit(RLIMIT_FSIZE, &old));
  PetscCallMPI(MPI_Barrier(MPI_COMM_WORLD));
  PetscCall(run(in_scratch("full.nc"), PETSC_FALSE, &study, &result));
  PetscCall(check_equal_to_reference(in_scratch("full.nc")));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- boundary maps ---- */

static const ion_store_dim map_dims[] = {
    {"a", MAP_SIDE},
    {"b", MAP_SIDE}
};

static ion_study map_study(void)
{
  ion_study study = {.schema = grid(), .how = &disk_map};

  study.schema.n_dim = study.schema.n_coordinate = 2;
  study.schema.dim                               = map_dims;
  study.schema.n_point                           = (uint64_t)MAP_SIDE * MAP_SIDE;
  return study;
}

/* The nodes of a map, found without ranks, files or chunks. */
static PetscErrorCode solve_map(ion_boundary **map, const unsigned char **filled)
{
  const uint64_t *node;
  size_t n;

  PetscFunctionBegin;
  PetscCall(ion_boundary_create(&disk_map, map));
  PetscCall(ion_boundary_next(*map, &node, &n));
  while (n > 0) {
    for (size_t k = 0; k < n; k++) ion_boundary_put(*map, node[k], (unsigned char)in_disk(node[k]));
    PetscCall(ion_boundary_next(*map, &node, &n));
  }
  PetscCall(ion_boundary_fill(*map, filled));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_map(const char *path, const ion_store_schema *schema)
{
  unsigned char status[CHUNK];
  const unsigned char *filled;
  ion_boundary *map;
  ion_block data;
  ion_store *store;

  PetscFunctionBegin;
  PetscCall(solve_map(&map, &filled));
  PetscCall(ion_block_create(N_OUTPUT, CHUNK, &data));
  PetscCall(ion_store_create(path, schema));
  PetscCall(ion_store_open(path, schema, ION_DURABLE_NONE, 1e9, &store));
  for (uint64_t c = 0; c < ion_store_n_chunk(schema); c++) {
    uint64_t first;
    size_t n;

    ion_store_chunk_range(schema, c, &first, &n);
    for (size_t p = 0; p < n; p++) {
      const PetscBool needed = ion_boundary_needs(map, first + p);

      make_node(first + p, data, p);
      for (size_t i = 0; i < N_OUTPUT && !needed; i++)
        ion_row(data, i)[p] = i == CLASS_ROW ? (double)filled[first + p] : (double)NAN;
      status[p] = needed ? ION_OK : ION_NOT_NEEDED;
    }
    PetscCall(ion_store_write_chunk(store, c, data, status));
  }
  PetscCall(ion_store_close(&store));
  PetscCall(ion_block_destroy(&data));
  PetscCall(ion_boundary_destroy(&map));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_equal_to_map(const char *path, const ion_study *study)
{
  const char *reference = in_scratch("map_reference.nc");
  PetscBool equal       = PETSC_FALSE;

  PetscFunctionBegin;
  if (my_rank() == 0) {
    PetscCall(write_map(reference, &study->schema));
    PetscCall(equal_files(path, reference, &equal));
    CHECK(equal);
  }
  PetscCallMPI(MPI_Barrier(MPI_COMM_WORLD));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode map_is_that_of_one_writer(void)
{
  ion_study study = map_study();
  ion_job_result result;

  PetscFunctionBegin;
  PetscCall(share_scratch());
  PetscCall(run(in_scratch("map.nc"), PETSC_FALSE, &study, &result));
  CHECK(!result.stopped);
  if (my_rank() == 0) {
    const ion_tally *tally = &result.tally;

    CHECK(tally->n_point == study.schema.n_point && tally->n_read == 0);
    CHECK(tally->status[ION_OK] + tally->status[ION_NOT_NEEDED] == tally->n_point);
    /* classes are counted over the map: pi 9.5^2 nodes within the disk */
    CHECK(fabs((double)tally->class_count[2] - 283.5) < 10.0);
  }
  PetscCall(check_equal_to_map(in_scratch("map.nc"), &study));
  study.n_solved = 0;
  PetscCall(run(in_scratch("map.nc"), PETSC_FALSE, &study, &result));
  CHECK(study.n_solved == 0);
  if (my_rank() == 0) CHECK(result.tally.n_read == study.schema.n_point);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whichever rank is told to stop, in whichever round. */
static PetscErrorCode stopped_map_is_taken_up_again(void)
{
  ion_study study = map_study();
  ion_job_result result;

  PetscFunctionBegin;
  PetscCall(share_scratch());
  for (int after = 1; after < 6; after++) {
    study.n_solved     = 0;
    study.signal_after = after;
    PetscCall(run(in_scratch("stopped_map.nc"), (PetscBool)(after == 4), &study, &result));
    if (after == 1) CHECK(result.stopped && result.signal == SIGUSR1);
  }
  study.signal_after = 0;
  PetscCall(run(in_scratch("stopped_map.nc"), PETSC_FALSE, &study, &result));
  CHECK(!result.stopped);
  PetscCall(check_equal_to_map(in_scratch("stopped_map.nc"), &study));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Nodes of all levels that were in it, and the rest of it. */
static PetscErrorCode damaged_chunk_of_a_map_is_solved_again(void)
{
  ion_study study = map_study();
  ion_job_result result;
  const char *path;

  PetscFunctionBegin;
  PetscCall(share_scratch());
  path = in_scratch("hurt_map.nc");
  PetscCall(run(path, PETSC_FALSE, &study, &result));
  if (my_rank() == 0) flip_byte(path, offset_of(path, "V") + 8 * 3 * CHUNK);
  PetscCallMPI(MPI_Barrier(MPI_COMM_WORLD));
  PetscCall(run(path, PETSC_FALSE, &study, &result));
  if (my_rank() == 0) CHECK(result.tally.n_read < study.schema.n_point);
  PetscCall(check_equal_to_map(path, &study));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const ion_test_case cases[] = {
    {"file_is_that_of_one_writer",             file_is_that_of_one_writer            },
    {"second_run_reads_all",                   second_run_reads_all                  },
    {"stopped_run_is_taken_up_again",          stopped_run_is_taken_up_again         },
    {"damaged_chunk_is_solved_again",          damaged_chunk_is_solved_again         },
    {"another_study_needs_restart",            another_study_needs_restart           },
    {"foreign_file_is_never_replaced",         foreign_file_is_never_replaced        },
    {"absent_directory_is_refused",            absent_directory_is_refused           },
    {"full_disk_fails_on_every_rank",          full_disk_fails_on_every_rank         },
    {"map_is_that_of_one_writer",              map_is_that_of_one_writer             },
    {"stopped_map_is_taken_up_again",          stopped_map_is_taken_up_again         },
    {"damaged_chunk_of_a_map_is_solved_again", damaged_chunk_of_a_map_is_solved_again},
};

int main(int argc, char **argv)
{
  const int code = ion_test_main(argc, argv, cases, ION_COUNT(cases));

  if (made_scratch) remove_scratch();
  return code;
}
