/* Benchmark: what it costs to deal chunks to ranks. Chunks that do nothing show how many rank 0 can deal in
 * a second; chunks that sleep show what it takes of a core while the others work.
 *
 *   for n in 2 3 9 33; do mpirun -n $n --oversubscribe --bind-to none bench_dispatch; done
 *
 * or `ctest -C bench -R bench_dispatch -V`. Options: -chunks N (100000 empty ones), -naps N (200 that sleep, a
 * rank), -nap S (0.005 s each). postprocess/dispatch_simulation.py takes the cost of a dispatch from here to
 * rank counts that no bench reaches. */
#include <ion/schedule.h>

#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

/* CPU time of this process, s. */
static double cpu_seconds(void)
{
  struct rusage use;

  if (getrusage(RUSAGE_SELF, &use)) return 0.0;
  return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
         1e-6 * (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
}

/* context: how long a chunk sleeps, s */
static PetscErrorCode sleep_chunk(void *context, uint64_t chunk, ion_tally *tally)
{
  const double *seconds     = context;
  const struct timespec nap = {.tv_nsec = (long)(1e9 * *seconds)};

  (void)chunk;
  tally->n_point++;
  if (*seconds > 0.0) (void)nanosleep(&nap, NULL);
  return PETSC_SUCCESS;
}

/* Time one job; a line of the table on rank 0. */
static PetscErrorCode measure(const char *what, PetscInt n_chunk, double nap)
{
  const ion_job job = {.n_chunk = (uint64_t)n_chunk,
                       .n_point = (uint64_t)n_chunk,
                       .context = &nap,
                       .chunk   = sleep_chunk};
  ion_job_result result;
  double cpu;
  int rank, n_rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(MPI_COMM_WORLD, &rank));
  PetscCallMPI(MPI_Comm_size(MPI_COMM_WORLD, &n_rank));
  PetscCallMPI(MPI_Barrier(MPI_COMM_WORLD));
  cpu = cpu_seconds();
  PetscCall(ion_job_run(MPI_COMM_WORLD, &job, &result));
  cpu = cpu_seconds() - cpu;
  if (rank > 0) PetscFunctionReturn(PETSC_SUCCESS);
  printf(
      "%-8s %5d ranks %8d chunks %10.0f chunks/s; rank 0: %5.1f %% of a core, %7.2f us a chunk\n",
      what, n_rank, (int)n_chunk, (double)n_chunk / result.seconds, 100.0 * cpu / result.seconds,
      1e6 * cpu / (double)n_chunk);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode measure_all(void)
{
  PetscInt chunks = 100000, naps = 200;
  PetscReal nap = 0.005;
  int n_rank;

  PetscFunctionBegin;
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-chunks", &chunks, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-naps", &naps, NULL));
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-nap", &nap, NULL));
  PetscCallMPI(MPI_Comm_size(MPI_COMM_WORLD, &n_rank));
  PetscCall(measure("empty", chunks, 0.0));
  PetscCall(measure("sleeping", naps * PetscMax(1, n_rank - 1), nap));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscErrorCode code;

  PETSC_COMM_WORLD = MPI_COMM_NULL;
  if (MPI_Init(&argc, &argv)) return 1;
  PETSC_COMM_WORLD = MPI_COMM_SELF;
  if (PetscInitialize(&argc, &argv, NULL, NULL)) return 1;
  code = measure_all();
  if (PetscFinalize() || MPI_Finalize()) return 1;
  return code ? 1 : 0;
}
