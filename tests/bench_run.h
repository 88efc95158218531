/* What a run costs besides its states: writing, memory, the start of a large grid. */
#ifndef ION_BENCH_RUN_H
#define ION_BENCH_RUN_H

#include "bench_box.h"

#include <ion/schedule.h>

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A grid study in a folder of its own. */
typedef struct {
  char folder[PETSC_MAX_PATH_LEN];
  char sweep[PETSC_MAX_PATH_LEN + 16], output[PETSC_MAX_PATH_LEN + 16];
  ion_study *study;
  ion_store *store;
  const ion_store_schema *schema;
  ion_block data;
  unsigned char *status;
} bench_grid;

/* Seconds a part of a run took: by the clock and on the core. */
typedef struct {
  double wall, cpu;
} bench_seconds;

static bench_seconds bench_now(void)
{
  return (bench_seconds){MPI_Wtime(), bench_cpu()};
}

static void bench_count(bench_seconds *sum, bench_seconds since)
{
  const bench_seconds now = bench_now();

  sum->wall += now.wall - since.wall;
  sum->cpu += now.cpu - since.cpu;
}

static PetscErrorCode bench_write_sweep(const bench_grid *grid, const char *model,
                                        const char *outputs, size_t n_supply, size_t n_temperature)
{
  FILE *file = fopen(grid->sweep, "w");

  PetscFunctionBegin;
  PetscCheck(file, PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN, "cannot write %s", grid->sweep);
  fprintf(file,
          "title: Benchmark\nmodel: %s\noutputs: %s\ndesign:\n  kind: grid\n  factors:\n"
          "    energy_supply: {from: 0.8, to: 1.2, count: %zu}\n"
          "    temperature: {from: 307.15 K, to: 313.15 K, count: %zu}\n",
          model, outputs, n_supply, n_temperature);
  PetscCheck(fclose(file) == 0, PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE, "cannot write %s",
             grid->sweep);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Everything a run does before its first point. */
static PetscErrorCode bench_grid_open(bench_grid *grid, const char *model, const char *outputs,
                                      size_t n_supply, size_t n_temperature)
{
  const char *parent = getenv("TMPDIR");

  PetscFunctionBegin;
  *grid = (bench_grid){0};
  snprintf(grid->folder, sizeof grid->folder, "%s/ion_bench_XXXXXX", parent ? parent : "/tmp");
  PetscCheck(mkdtemp(grid->folder), PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN, "cannot make %s",
             grid->folder);
  snprintf(grid->sweep, sizeof grid->sweep, "%s/sweep.yaml", grid->folder);
  snprintf(grid->output, sizeof grid->output, "%s/result.nc", grid->folder);
  PetscCall(bench_write_sweep(grid, model, outputs, n_supply, n_temperature));
  PetscCall(ion_study_open(grid->sweep, NULL, 0, &grid->study));
  grid->schema = ion_study_schema(grid->study);
  PetscCall(ion_store_create(grid->output, grid->schema));
  PetscCall(ion_store_open(grid->output, grid->schema, ION_DURABLE_INTERVAL, 30.0, &grid->store));
  PetscCall(
      ion_block_create(grid->schema->n_output, (size_t)grid->schema->chunk_size, &grid->data));
  PetscCall(PetscCalloc1((size_t)grid->schema->chunk_size, &grid->status));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode bench_grid_close(bench_grid *grid)
{
  PetscFunctionBegin;
  PetscCall(ion_store_close(&grid->store));
  PetscCall(ion_study_close(&grid->study));
  PetscCall(ion_block_destroy(&grid->data));
  PetscCall(PetscFree(grid->status));
  unlink(grid->output);
  unlink(grid->sweep);
  rmdir(grid->folder);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode bench_solve_chunk(bench_grid *grid, uint64_t chunk, bench_seconds *solve)
{
  const bench_seconds start = bench_now();
  uint64_t first;
  size_t n;

  PetscFunctionBegin;
  ion_store_chunk_range(grid->schema, chunk, &first, &n);
  PetscCall(ion_study_solve(grid->study, first, n, grid->data, grid->status));
  bench_count(solve, start);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode bench_write_chunk(bench_grid *grid, uint64_t chunk, bench_seconds *write)
{
  const bench_seconds start = bench_now();

  PetscFunctionBegin;
  PetscCall(ion_store_write_chunk(grid->store, chunk, grid->data, grid->status));
  bench_count(write, start);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What one pass over a grid took. */
typedef struct {
  bench_seconds solve, write, plain;
  double sync; /* last sync, s by the clock */
  double size; /* of the file, bytes */
} bench_pass;

/* The bytes of every chunk by plain write(2) calls into a new file beside: what the machine itself asks. */
static PetscErrorCode bench_plain_write(const bench_grid *grid, bench_seconds *plain)
{
  const size_t n = (size_t)grid->schema->chunk_size * sizeof(double);
  char path[PETSC_MAX_PATH_LEN + 32];
  bench_seconds start;
  FILE *file;

  PetscFunctionBegin;
  snprintf(path, sizeof path, "%s/plain", grid->folder);
  file = fopen(path, "w");
  PetscCheck(file, PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN, "cannot write %s", path);
  start = bench_now();
  for (uint64_t i = 0; i < ion_store_n_chunk(grid->schema) * grid->schema->n_output; i++)
    PetscCheck(write(fileno(file), ion_row(grid->data, 0), n) == (ssize_t)n, PETSC_COMM_SELF,
               PETSC_ERR_FILE_WRITE, "cannot write %s", path);
  bench_count(plain, start);
  fclose(file);
  unlink(path);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Solve and write a grid chunk by chunk, as `run` does on one rank. */
static PetscErrorCode bench_pass_grid(const char *model, const char *outputs, size_t side,
                                      bench_pass *pass)
{
  bench_seconds sync = {0}, start;
  bench_grid grid;
  struct stat file;

  PetscFunctionBegin;
  *pass = (bench_pass){.sync = 0};
  PetscCall(bench_grid_open(&grid, model, outputs, side, side));
  for (uint64_t chunk = 0; chunk < ion_store_n_chunk(grid.schema); chunk++) {
    PetscCall(bench_solve_chunk(&grid, chunk, &pass->solve));
    PetscCall(bench_write_chunk(&grid, chunk, &pass->write));
  }
  start = bench_now();
  PetscCall(ion_store_flush(grid.store));
  bench_count(&sync, start);
  pass->sync = sync.wall;
  PetscCheck(!stat(grid.output, &file), PETSC_COMM_SELF, PETSC_ERR_FILE_READ, "no %s", grid.output);
  pass->size = (double)file.st_size;
  PetscCall(bench_plain_write(&grid, &pass->plain));
  PetscCall(bench_grid_close(&grid));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The pass whose writing took the median: the first also meets pages that the machine has never used. */
static PetscErrorCode bench_writing(const char *model, const char *outputs, size_t side,
                                    size_t n_repeat)
{
  const double us = 1e6 / ((double)side * (double)side);
  double write[BENCH_MOST_REPEATS], solve[BENCH_MOST_REPEATS], plain[BENCH_MOST_REPEATS];
  double clock[BENCH_MOST_REPEATS], middle, cost;
  bench_pass pass = {.sync = 0};

  PetscFunctionBegin;
  for (size_t r = 0; r < n_repeat; r++) {
    PetscCall(bench_pass_grid(model, outputs, side, &pass));
    solve[r] = pass.solve.cpu;
    write[r] = pass.write.cpu;
    clock[r] = pass.write.wall;
    plain[r] = pass.plain.cpu;
  }
  middle = bench_median(n_repeat, solve);
  cost   = bench_median(n_repeat, write);
  printf("%-32s %8zu %8.3f %8.3f %8.3f %8.3f %6.1f %7.1f %7.1f %7.0f\n", outputs, side * side,
         us * middle, us * cost, us * bench_median(n_repeat, clock),
         us * bench_median(n_repeat, plain), 100 * cost / middle, 1e3 * pass.sync, 1e-6 * pass.size,
         bench_memory());
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* From nothing to the first point of ten million. */
static PetscErrorCode bench_start(const char *model)
{
  const bench_seconds start = bench_now();
  bench_seconds ready = {0}, first = {0};
  bench_grid grid;

  PetscFunctionBegin;
  PetscCall(bench_grid_open(&grid, model, "[state]", 4000, 2500));
  bench_count(&ready, start);
  PetscCall(ion_study_solve(grid.study, 0, 1, grid.data, grid.status));
  bench_count(&first, start);
  printf(
      "a grid of 1e7 points: %.3f s to study and file, %.3f s to the first point; memory %.0f MB\n",
      ready.wall, first.wall, bench_memory());
  PetscCall(bench_grid_close(&grid));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode bench_run(const char *model, size_t n_point, size_t n_repeat)
{
  const size_t side = (size_t)sqrt((double)n_point);

  PetscFunctionBegin;
  printf("\nRuns on one rank: a grid of energy_supply 0.8 to 1.2 and temperature 307 to 313 K\n"
         "  solve, write: us/point (CPU; write also by the clock); plain: the same bytes by "
         "write(2);\n"
         "  %%: write over solve; last sync, ms; file, MB; memory: most of the process so far, MB\n"
         "%-32s %8s %8s %8s %8s %8s %6s %7s %7s %7s\n",
         "outputs", "points", "solve", "write", "(clock)", "plain", "%", "sync", "file", "memory");
  PetscCall(bench_writing(model, "[state]", side, n_repeat));
  PetscCall(bench_writing(model, "[state, ledger.total, class]", side > 200 ? 200 : side, 1));
  PetscCall(bench_start(model));
  PetscFunctionReturn(PETSC_SUCCESS);
}

#endif
