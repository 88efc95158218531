/* Chunks reach the ranks: each is done exactly once, errors and signals end a job on every rank. Run
 * under mpirun with any number of ranks; one rank deals to itself. */
#include "ion_test.h"

#include <ion/schedule.h>

#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { N_CHUNK = 301, POINTS = 3 };

/* A job that counts how often it saw each chunk, and can misbehave at one of them. */
typedef struct {
  int seen[N_CHUNK];
  int started;       /* chunks begun on this rank */
  int flushed;       /* calls of flush */
  uint64_t fails_at; /* chunk that raises an error; N_CHUNK for none */
  int kill_after;    /* chunks on this rank before it signals itself; 0 for never */
  PetscBool fails_to_flush;
  PetscBool reads; /* its points were solved by an earlier run */
  long nap;        /* ns a chunk */
  long long_nap;   /* ns of the first chunk of the culprit */
  int isolated[N_CHUNK];
} fake;

static int my_rank(void)
{
  int rank = -1;

  CHECK(!MPI_Comm_rank(MPI_COMM_WORLD, &rank));
  return rank;
}

static int count_ranks(void)
{
  int n = 0;

  CHECK(!MPI_Comm_size(MPI_COMM_WORLD, &n));
  return n;
}

static PetscErrorCode do_chunk(void *context, uint64_t chunk, ion_tally *tally)
{
  fake *f                   = context;
  const struct timespec nap = {.tv_nsec = f->nap}, long_nap = {.tv_nsec = f->long_nap};

  PetscFunctionBegin;
  CHECK(chunk < N_CHUNK);
  CHECK(tally->n_point == 0); /* a chunk starts from an empty tally */
  f->started++;
  if (f->nap) (void)nanosleep(&nap, NULL);
  if (f->long_nap && f->started == 1) (void)nanosleep(&long_nap, NULL);
  PetscCheck(chunk < f->fails_at, PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE, "chunk %d is bad",
             (int)chunk);
  f->seen[chunk]++;
  tally->n_point += POINTS;
  tally->n_read += f->reads ? POINTS : 0;
  tally->status[ION_OK] += POINTS;
  tally->class_count[ION_CLASS_STRAINED] += chunk;
  if (f->started == f->kill_after) raise(SIGUSR1);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode do_isolated(void *context, uint64_t chunk, const ion_pulse *pulse,
                                  ion_tally *tally)
{
  fake *f = context;

  PetscFunctionBegin;
  if (pulse) PetscCall(pulse->beat(pulse->context));
  f->isolated[chunk]++;
  PetscCall(do_chunk(context, chunk, tally));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode do_flush(void *context)
{
  fake *f = context;

  PetscFunctionBegin;
  f->flushed++;
  PetscCheck(!f->fails_to_flush, PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE, "the disk is gone");
  PetscFunctionReturn(PETSC_SUCCESS);
}

static ion_job job_of(fake *f, uint64_t n_chunk)
{
  return (ion_job){.n_chunk = n_chunk,
                   .n_point = n_chunk * POINTS,
                   .context = f,
                   .chunk   = do_chunk,
                   .flush   = do_flush};
}

/* How often each chunk was done on all ranks together. */
static PetscErrorCode gather(const fake *f, int seen[N_CHUNK], int *n_done)
{
  PetscFunctionBegin;
  PetscCallMPI(MPI_Allreduce(f->seen, seen, N_CHUNK, MPI_INT, MPI_SUM, MPI_COMM_WORLD));
  *n_done = 0;
  for (int c = 0; c < N_CHUNK; c++) *n_done += seen[c];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0 of several deals and does not work. */
static PetscBool works(void)
{
  return (PetscBool)(my_rank() > 0 || count_ranks() == 1);
}

/* The rank that misbehaves: the last one. */
static PetscBool is_culprit(void)
{
  return (PetscBool)(my_rank() == count_ranks() - 1);
}

static PetscErrorCode every_chunk_is_done_once(void)
{
  fake f            = {.fails_at = N_CHUNK};
  const ion_job job = job_of(&f, N_CHUNK);
  ion_job_result result;
  int seen[N_CHUNK], n_done = 0;

  PetscFunctionBegin;
  PetscCall(ion_job_run(MPI_COMM_WORLD, &job, &result));
  PetscCall(gather(&f, seen, &n_done));
  for (int c = 0; c < N_CHUNK; c++) CHECK(seen[c] == 1);
  CHECK(!result.stopped && result.signal == 0 && result.seconds >= 0.0);
  CHECK(f.flushed == (works() ? 1 : 0));
  if (my_rank() == 0) {
    CHECK(result.tally.n_point == (uint64_t)N_CHUNK * POINTS);
    CHECK(result.tally.status[ION_OK] == (uint64_t)N_CHUNK * POINTS);
    CHECK(result.tally.class_count[ION_CLASS_STRAINED] == (uint64_t)N_CHUNK * (N_CHUNK - 1) / 2);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode fewer_chunks_than_ranks(void)
{
  ion_job_result result;
  int seen[N_CHUNK], n_done = 0;

  PetscFunctionBegin;
  for (uint64_t n_chunk = 0; n_chunk < 4; n_chunk++) {
    fake f            = {.fails_at = N_CHUNK};
    const ion_job job = job_of(&f, n_chunk);

    PetscCall(ion_job_run(MPI_COMM_WORLD, &job, &result));
    PetscCall(gather(&f, seen, &n_done));
    CHECK((uint64_t)n_done == n_chunk);
    CHECK(!result.stopped);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode error_ends_the_job_on_every_rank(void)
{
  fake f            = {.fails_at = 7};
  const ion_job job = job_of(&f, N_CHUNK);
  ion_job_result result;
  int seen[N_CHUNK], n_done = 0;

  PetscFunctionBegin;
  CHECK_RAISES(PETSC_ERR_FILE_WRITE, ion_job_run(MPI_COMM_WORLD, &job, &result));
  if (my_rank() == 0) {
    CHECK_SAID("is bad");
  } else {
    CHECK(ion_test_message[0] == '\0'); /* said once, where the job was started from */
  }
  CHECK(f.flushed == (works() ? 1 : 0)); /* what was finished is saved */
  PetscCall(gather(&f, seen, &n_done));
  CHECK(n_done <= 7);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode failed_flush_is_an_error(void)
{
  fake f            = {.fails_at = N_CHUNK, .fails_to_flush = is_culprit()};
  const ion_job job = job_of(&f, 10);
  ion_job_result result;

  PetscFunctionBegin;
  CHECK_RAISES(PETSC_ERR_FILE_WRITE, ion_job_run(MPI_COMM_WORLD, &job, &result));
  if (my_rank() == 0) CHECK_SAID("the disk is gone");
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode signal_to_a_worker_stops_all(void)
{
  fake f            = {.fails_at = N_CHUNK, .kill_after = is_culprit() ? 2 : 0, .nap = 50000000};
  const ion_job job = job_of(&f, N_CHUNK);
  ion_job_result result;
  int seen[N_CHUNK], n_done = 0;

  PetscFunctionBegin;
  PetscCall(ion_job_run(MPI_COMM_WORLD, &job, &result));
  CHECK(result.stopped && result.signal == SIGUSR1);
  CHECK(!is_culprit() || f.started == 2); /* the chunk in hand is given back */
  CHECK(f.flushed == (works() ? 1 : 0));
  PetscCall(gather(&f, seen, &n_done));
  CHECK(n_done > 0 && n_done < N_CHUNK);
  for (int c = 0; c < N_CHUNK; c++) CHECK(seen[c] <= 1);
  if (my_rank() == 0) CHECK(result.tally.n_point == (uint64_t)n_done * POINTS);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void pass_on(int signal)
{
  (void)signal;
  raise(SIGTERM);
}

/* Rank 0 is signalled while it waits: a timer does it from outside. */
static PetscErrorCode signal_to_rank_0_stops_all(void)
{
  fake f                         = {.fails_at = N_CHUNK, .nap = 10000000};
  const ion_job job              = job_of(&f, N_CHUNK);
  const struct sigaction on_time = {.sa_handler = pass_on};
  const struct itimerval soon    = {.it_value = {.tv_usec = 50000}};
  struct sigaction previous;
  ion_job_result result;
  int seen[N_CHUNK], n_done = 0;

  PetscFunctionBegin;
  if (my_rank() == 0) {
    CHECK(!sigaction(SIGALRM, &on_time, &previous));
    CHECK(!setitimer(ITIMER_REAL, &soon, NULL));
  }
  PetscCall(ion_job_run(MPI_COMM_WORLD, &job, &result));
  if (my_rank() == 0) CHECK(!sigaction(SIGALRM, &previous, NULL));
  CHECK(result.stopped && result.signal == SIGTERM);
  PetscCall(gather(&f, seen, &n_done));
  CHECK(n_done < N_CHUNK);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Nothing is left to stop: the job is complete. */
static PetscErrorCode signal_in_the_last_chunk_stops_nothing(void)
{
  fake f            = {.fails_at = N_CHUNK, .kill_after = 1};
  const ion_job job = job_of(&f, 1);
  ion_job_result result;

  PetscFunctionBegin;
  PetscCall(ion_job_run(MPI_COMM_WORLD, &job, &result));
  CHECK(!result.stopped);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode limits_stop_the_dealing(void)
{
  ion_job_result result;

  PetscFunctionBegin;
  for (int of_points = 0; of_points < 2; of_points++) {
    fake f      = {.fails_at = N_CHUNK, .nap = 5000000};
    ion_job job = job_of(&f, N_CHUNK);
    int seen[N_CHUNK], n_done = 0;

    if (of_points)
      job.max_points = 4 * POINTS;
    else
      job.stop_after = 0.05;
    PetscCall(ion_job_run(MPI_COMM_WORLD, &job, &result));
    CHECK(result.stopped && result.signal == 0);
    CHECK(f.flushed == (works() ? 1 : 0));
    PetscCall(gather(&f, seen, &n_done));
    CHECK(n_done < N_CHUNK);
    for (int c = 0; c < N_CHUNK; c++) CHECK(seen[c] <= 1);
    CHECK(!of_points || n_done == 4); /* chunks in hand are counted in */
    if (my_rank() == 0) CHECK(result.tally.n_point == (uint64_t)n_done * POINTS);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What was read is no work of this run. */
static PetscErrorCode points_read_do_not_count_for_a_limit(void)
{
  fake f      = {.fails_at = N_CHUNK, .reads = PETSC_TRUE};
  ion_job job = job_of(&f, N_CHUNK);
  ion_job_result result;

  PetscFunctionBegin;
  job.max_points = 1;
  PetscCall(ion_job_run(MPI_COMM_WORLD, &job, &result));
  CHECK(!result.stopped);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static volatile sig_atomic_t own_handler_ran;

static void own_handler(int signal)
{
  (void)signal;
  own_handler_ran = 1;
}

static PetscErrorCode previous_handlers_come_back(void)
{
  fake f                     = {.fails_at = N_CHUNK};
  const ion_job job          = job_of(&f, 3);
  const struct sigaction own = {.sa_handler = own_handler};
  struct sigaction before;
  ion_job_result result;

  PetscFunctionBegin;
  CHECK(!sigaction(SIGTERM, &own, &before));
  PetscCall(ion_job_run(MPI_COMM_WORLD, &job, &result));
  raise(SIGTERM);
  CHECK(own_handler_ran == 1);
  CHECK(!sigaction(SIGTERM, &before, NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One line an event, each with its time. */
static PetscErrorCode log_tells_start_and_end(void)
{
  char path[]       = "/tmp/ion_dispatch_XXXXXX";
  fake f            = {.fails_at = N_CHUNK};
  ion_job job       = job_of(&f, 5);
  char text[7][256] = {""};
  ion_job_result result;

  PetscFunctionBegin;
  if (my_rank() == 0) {
    const int fd = mkstemp(path);

    CHECK(fd >= 0);
    close(fd);
    job.log_path = path;
  }
  PetscCall(ion_job_run(MPI_COMM_WORLD, &job, &result));
  if (my_rank() == 0) {
    FILE *log = fopen(path, "r");

    for (int i = 0; i < 7; i++) CHECK(fgets(text[i], sizeof text[i], log) != NULL);
    fclose(log);
    unlink(path);
    CHECK(strlen(text[0]) > 21 && text[0][10] == 'T' && text[0][19] == 'Z');
    CHECK(strstr(text[0], "Z start: ") && strstr(text[0], " 5 chunks, 15 points\n"));
    for (int i = 1; i < 6; i++)
      CHECK(strstr(text[i], "Z run: rank ") && strstr(text[i], ", chunk "));
    CHECK(strstr(text[6], "Z end: done, 5 of 5 chunks"));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The chunks of a slow rank are dealt again; when it is there after all it works on, and what was done
 * twice is counted once. */
static PetscErrorCode slow_rank_is_taken_back(void)
{
  fake f      = {.fails_at = N_CHUNK, .nap = 20000000};
  ion_job job = job_of(&f, N_CHUNK);
  int seen[N_CHUNK], n_done = 0;
  ion_job_result result;

  PetscFunctionBegin;
  if (count_ranks() < 3) PetscFunctionReturn(PETSC_SUCCESS);
  if (is_culprit()) f.long_nap = 990000000;
  job.patience = 0.2;
  job.isolated = do_isolated;
  PetscCall(ion_job_run(MPI_COMM_WORLD, &job, &result));
  CHECK(!result.n_lost && !result.stopped);
  PetscCall(gather(&f, seen, &n_done));
  for (int c = 0; c < N_CHUNK; c++) CHECK(seen[c] >= 1);
  if (my_rank() == 0) CHECK(result.tally.n_point == (uint64_t)N_CHUNK * POINTS);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A log of 10 chunks: 3 crashed, 4 was in work in two killed runs, 5 in one, 6 in one and beside a known
 * crash, 7 in a run that ended, 8 in jobs of other chunks, 9 was too slow. */
static const char killed_runs[] =
    "2026-01-31T12:00:00Z start: 3 ranks, 10 chunks, 30 points\n"
    "2026-01-31T12:00:00Z run: rank 1, chunk 7\n"
    "2026-01-31T12:00:00Z end: done, 10 of 10 chunks in 0.0 s\n"
    "2026-01-31T12:00:00Z start: 3 ranks, 10 chunks, 30 points\n"
    "2026-01-31T12:00:00Z run: rank 1, chunk 0\n"
    "2026-01-31T12:00:00Z run: rank 1, chunk 4\n"
    "2026-01-31T12:00:00Z run: rank 2, chunk 5\n"
    "2026-01-31T12:00:00Z resume: a.nc\n"
    "2026-01-31T12:00:00Z start: 1 rank, 10 chunks, 30 points\n"
    "2026-01-31T12:00:00Z run: rank 0, chunk 4\n"
    "2026-01-31T12:00:00Z start: 3 ranks, 10 chunks, 30 points\n"
    "2026-01-31T12:00:00Z run: rank 1, chunk 3\n"
    "2026-01-31T12:00:00Z run: rank 2, chunk 6\n"
    "2026-01-31T12:00:00Z crash: rank 1, chunk 3, begun then\n"
    "2026-01-31T12:00:00Z start: 3 ranks, 10 chunks, 30 points\n"
    "2026-01-31T12:00:00Z run: rank 2, chunk 6\n"
    "2026-01-31T12:00:00Z start: 1 rank, 10 chunks, 30 points\n"
    "2026-01-31T12:00:00Z overdue: rank 0, chunk 9, begun then\n"
    "2026-01-31T12:00:00Z start: 3 ranks, 12 chunks, 30 points\n"
    "2026-01-31T12:00:00Z crash: rank 1, chunk 8, begun then\n"
    "2026-01-31T12:00:00Z level 1 of 2, start: 3 ranks, 10 chunks, 30 points\n"
    "2026-01-31T12:00:00Z crash: rank 1, chunk 8, begun then\n"
    "2026-01-31T12:00:00Z start: 3 ranks, 10 chunks, 30 points\n"
    "2026-01-31T12:00:00Z run: rank 99999999, chunk 99999999\n"
    "2026-01-31T12:00:00Z run: rank, chunk\nnonsense\n";

static PetscErrorCode log_tells_suspects(void)
{
  static const int expected[10] = {[3] = 1, [4] = 1, [9] = 1};
  char path[]                   = "/tmp/ion_dispatch_XXXXXX";
  fake f                        = {.fails_at = N_CHUNK};
  ion_job job                   = job_of(&f, 10);
  ion_job_result result;

  PetscFunctionBegin;
  job.isolated = do_isolated;
  if (my_rank() == 0) {
    const int fd = mkstemp(path);

    CHECK(write(fd, killed_runs, strlen(killed_runs)) == (ssize_t)strlen(killed_runs));
    close(fd);
    job.log_path = path;
  }
  PetscCall(ion_job_run(MPI_COMM_WORLD, &job, &result));
  if (my_rank() == 0) unlink(path);
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, f.isolated, 10, MPI_INT, MPI_SUM, MPI_COMM_WORLD));
  for (int c = 0; c < 10; c++) CHECK(f.isolated[c] == expected[c]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode tallies_add_up(void)
{
  ion_tally sum        = {.n_point = 1, .solve_seconds = 0.5};
  const ion_tally part = {.n_point       = 2,
                          .n_read        = 3,
                          .status        = {[ION_OK] = 4},
                          .class_count   = {[ION_CLASS_COLLAPSED] = 5},
                          .solve_seconds = 0.25,
                          .write_seconds = 2.0,
                          .wait_seconds  = 4.0};

  PetscFunctionBegin;
  ion_tally_add(&sum, &part);
  ion_tally_add(&sum, &part);
  CHECK(sum.n_point == 5 && sum.n_read == 6 && sum.status[ION_OK] == 8);
  CHECK(sum.class_count[ION_CLASS_COLLAPSED] == 10);
  CHECK(sum.solve_seconds == 1.0 && sum.write_seconds == 4.0 && sum.wait_seconds == 8.0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const ion_test_case cases[] = {
    {"tallies_add_up",                         tallies_add_up                        },
    {"every_chunk_is_done_once",               every_chunk_is_done_once              },
    {"fewer_chunks_than_ranks",                fewer_chunks_than_ranks               },
    {"error_ends_the_job_on_every_rank",       error_ends_the_job_on_every_rank      },
    {"failed_flush_is_an_error",               failed_flush_is_an_error              },
    {"signal_to_a_worker_stops_all",           signal_to_a_worker_stops_all          },
    {"signal_to_rank_0_stops_all",             signal_to_rank_0_stops_all            },
    {"signal_in_the_last_chunk_stops_nothing", signal_in_the_last_chunk_stops_nothing},
    {"limits_stop_the_dealing",                limits_stop_the_dealing               },
    {"points_read_do_not_count_for_a_limit",   points_read_do_not_count_for_a_limit  },
    {"previous_handlers_come_back",            previous_handlers_come_back           },
    {"slow_rank_is_taken_back",                slow_rank_is_taken_back               },
    {"log_tells_suspects",                     log_tells_suspects                    },
    {"log_tells_start_and_end",                log_tells_start_and_end               },
};

int main(int argc, char **argv)
{
  return ion_test_main(argc, argv, cases, ION_COUNT(cases));
}
