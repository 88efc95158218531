/* ionsweep verify FILE.nc */
#include "cli_impl.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SHOWN = 10 /* chunks and points that are named one by one */ };

typedef struct {
  const char *path;
  ion_study *study;
  const ion_store_schema *schema;
  ion_store *store;
  ion_block data;  /* [n_output][chunk_size] */
  ion_block again; /* [n_output] a unit that is summed again */
  unsigned char *status;
  uint64_t n_state[ION_N_CHUNK_STATE]; /* chunks */
  uint64_t n_status[ION_N_STATUS];
  uint64_t n_differ;
  PetscBool is_bad, is_foreign; /* no run would go on with a foreign file */
} verification;

/* ---- the file as a whole ---- */

/* PETSC_FALSE where its points cannot be read. */
static PetscErrorCode check_file(verification *v, PetscBool *readable)
{
  char why[512];
  ion_store_found found;
  PetscBool whole = PETSC_TRUE;

  PetscFunctionBegin;
  PetscCall(ion_store_probe(v->path, v->schema, &found, why, sizeof why));
  v->is_foreign = (PetscBool)(found == ION_STORE_FOREIGN || found == ION_STORE_OTHER);
  *readable     = (PetscBool)(found == ION_STORE_SAME);
  if (*readable) PetscCall(ion_store_mend(v->path, v->schema, PETSC_FALSE, &whole));
  if (!*readable)
    printf("  %s\n", why);
  else if (!whole)
    printf("  its coordinates are damaged\n");
  if (!*readable || !whole) v->is_bad = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- chunks ---- */

/* Chunks of a boundary map fill round by round. */
static PetscBool is_readable(ion_chunk_state state)
{
  return (PetscBool)(state == ION_CHUNK_WHOLE || state == ION_CHUNK_PART);
}

static PetscErrorCode check_chunk(verification *v, uint64_t chunk)
{
  ion_chunk_state state;
  uint64_t first;
  size_t n;

  PetscFunctionBegin;
  PetscCall(ion_store_check_chunk(v->store, chunk, v->data, v->status, &state));
  ion_store_chunk_points(v->schema, chunk, &first, &n);
  v->n_state[state]++;
  if (state == ION_CHUNK_DAMAGED && v->n_state[state] <= MOST_SHOWN)
    printf("  chunk %llu is damaged: points %llu to %llu\n", (unsigned long long)chunk,
           (unsigned long long)first, (unsigned long long)(first + n - 1));
  if (state == ION_CHUNK_WHOLE && v->schema->n_summed)
    PetscCall(ion_study_unit_statuses(v->study, v->data, v->n_status));
  for (size_t p = 0; is_readable(state) && !v->schema->n_summed && p < n; p++)
    if (v->status[p] < ION_N_STATUS) v->n_status[v->status[p]]++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_chunks(verification *v)
{
  PetscFunctionBegin;
  for (uint64_t c = 0; c < ion_store_n_chunk(v->schema); c++) PetscCall(check_chunk(v, c));
  if (v->n_state[ION_CHUNK_DAMAGED] > 0) v->is_bad = PETSC_TRUE;
  printf("  chunks: %llu whole,", (unsigned long long)v->n_state[ION_CHUNK_WHOLE]);
  if (v->n_state[ION_CHUNK_PART] > 0)
    printf(" %llu in part,", (unsigned long long)v->n_state[ION_CHUNK_PART]);
  printf(" %llu pending, %llu damaged\n  points of sound chunks:",
         (unsigned long long)v->n_state[ION_CHUNK_PENDING],
         (unsigned long long)v->n_state[ION_CHUNK_DAMAGED]);
  for (int s = 1; s < ION_N_STATUS; s++)
    if (v->n_status[s])
      printf(" %s %llu", ion_status_name((ion_status)s), (unsigned long long)v->n_status[s]);
  printf("\n");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- points solved again ---- */

/* A status that solving the point gives, whatever the run went through. */
static PetscBool is_reproducible(unsigned char status)
{
  return (PetscBool)(status == ION_OK || status == ION_NO_STATE_FOUND ||
                     status == ION_DOMAIN_ERROR || status == ION_INFEASIBLE);
}

/* A value as it reads back from a file. */
static double as_stored(ion_store_type type, double value)
{
  if (type == ION_STORE_FLOAT) return (double)(float)value;
  if (type == ION_STORE_BYTE)
    return isnan(value) ? 0.0 : (double)(signed char)fmin(fmax(value, -128.0), 127.0);
  return value;
}

static PetscBool same_bits(double a, double b)
{
  return (PetscBool)((isnan(a) && isnan(b)) || !memcmp(&a, &b, sizeof a));
}

/* Say where a point differs; column p of the chunk in hand is what the file says. */
static void compare_point(verification *v, uint64_t point, size_t p, ion_block again,
                          unsigned char status)
{
  const char *what = status == v->status[p] ? NULL : "status";

  for (size_t i = 0; !what && i < v->schema->n_output; i++) {
    const ion_store_var *output = &v->schema->output[i];

    if (!same_bits(as_stored(output->type, ion_row(again, i)[0]), ion_row(v->data, i)[p]))
      what = output->name;
  }
  if (!what) return;
  v->is_bad = PETSC_TRUE;
  if (v->n_differ++ < MOST_SHOWN)
    printf("  point %llu: %s differs when it is solved again\n", (unsigned long long)point, what);
}

static int ascending(const void *a, const void *b)
{
  const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

  return (x > y) - (x < y);
}

/* ---- sums made again ---- */

/* Say which row of a unit differs; what the file says is in hand. */
static void compare_unit(verification *v, uint64_t unit)
{
  const char *what = NULL;

  for (size_t i = 0; !what && i < v->schema->n_output; i++)
    for (size_t w = 0; !what && w < (size_t)v->schema->chunk_size; w++)
      if (!same_bits(ion_row(v->again, i)[w], ion_row(v->data, i)[w]))
        what = v->schema->output[i].name;
  if (!what) return;
  v->is_bad = PETSC_TRUE;
  if (v->n_differ++ < MOST_SHOWN)
    printf("  unit %llu: %s differs when it is solved again\n", (unsigned long long)unit, what);
}

/* Units that hold so many points together, each with its points solved again. A unit with a point that crashed or
 * timed out may differ, and is left out. */
static PetscErrorCode check_units(verification *v, const cli_arguments *arguments)
{
  uint64_t first, n_unit = ion_store_n_chunk(v->schema), n_solved = 0, k = 0;
  size_t n;

  PetscFunctionBegin;
  ion_store_chunk_points(v->schema, 0, &first, &n);
  PetscCall(ion_block_create(v->schema->n_output, (size_t)v->schema->chunk_size, &v->again));
  for (; k * n < arguments->n_resolve; k++) {
    const uint64_t unit = (uint64_t)(ion_random_uniform(arguments->seed, k, 0) * (double)n_unit);
    ion_chunk_state state;
    uint64_t status[ION_N_STATUS] = {0};

    PetscCall(ion_store_check_chunk(v->store, unit, v->data, v->status, &state));
    if (state != ION_CHUNK_WHOLE) continue;
    PetscCall(ion_study_unit_statuses(v->study, v->data, status));
    if (status[ION_CRASHED] + status[ION_TIMED_OUT] > 0) continue;
    PetscCall(ion_study_sum_unit(v->study, unit, NULL, v->again));
    compare_unit(v, unit);
    n_solved++;
  }
  printf("  of %llu units drawn (seed %llu, %zu points each) %llu were solved again: %llu differ\n",
         (unsigned long long)k, (unsigned long long)arguments->seed, n,
         (unsigned long long)n_solved, (unsigned long long)v->n_differ);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- points drawn ---- */

/* Draw points with replacement; in their order each chunk is read once. */
static PetscErrorCode draw(const verification *v, const cli_arguments *arguments, uint64_t **point)
{
  PetscFunctionBegin;
  PetscCall(PetscMalloc1((size_t)arguments->n_resolve, point));
  for (uint64_t k = 0; k < arguments->n_resolve; k++)
    (*point)[k] =
        (uint64_t)(ion_random_uniform(arguments->seed, k, 0) * (double)v->schema->n_point);
  qsort(*point, (size_t)arguments->n_resolve, sizeof **point, ascending);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Solve drawn points again that are in the file; `n_solved` of them are. */
static PetscErrorCode resolve(verification *v, const uint64_t *point, uint64_t n, ion_block again,
                              uint64_t *n_solved)
{
  uint64_t in_hand      = ion_store_n_chunk(v->schema);
  ion_chunk_state state = ION_CHUNK_PENDING;
  unsigned char status;

  PetscFunctionBegin;
  for (uint64_t k = 0; k < n; k++) {
    const uint64_t chunk = point[k] / v->schema->chunk_size;
    const size_t p       = (size_t)(point[k] % v->schema->chunk_size);

    if (chunk != in_hand)
      PetscCall(ion_store_check_chunk(v->store, chunk, v->data, v->status, &state));
    in_hand = chunk;
    if (!is_readable(state) || !is_reproducible(v->status[p])) continue;
    PetscCall(ion_study_solve(v->study, point[k], 1, again, &status));
    compare_point(v, point[k], p, again, status);
    (*n_solved)++;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_points(verification *v, const cli_arguments *arguments)
{
  uint64_t *point = NULL, n_solved = 0;
  ion_block again = {0};

  PetscFunctionBegin;
  if (!arguments->n_resolve) PetscFunctionReturn(PETSC_SUCCESS);
  if (v->schema->n_summed) PetscFunctionReturn(check_units(v, arguments));
  PetscCall(draw(v, arguments, &point));
  PetscCall(ion_block_create(v->schema->n_output, 1, &again));
  PetscCall(resolve(v, point, arguments->n_resolve, again, &n_solved));
  PetscCall(ion_block_destroy(&again));
  PetscCall(PetscFree(point));
  printf("  of %llu points drawn (seed %llu) %llu were solved again: %llu differ\n",
         (unsigned long long)arguments->n_resolve, (unsigned long long)arguments->seed,
         (unsigned long long)n_solved, (unsigned long long)v->n_differ);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the verb ---- */

static PetscErrorCode verify(verification *v, const cli_arguments *arguments)
{
  PetscBool readable;

  PetscFunctionBegin;
  v->schema = ion_study_schema(v->study);
  printf("%s: %s\n", v->path, ion_study_title(v->study));
  PetscCall(check_file(v, &readable));
  if (readable) {
    PetscCall(ion_block_create(v->schema->n_output, (size_t)v->schema->chunk_size, &v->data));
    PetscCall(PetscCalloc1((size_t)v->schema->chunk_size, &v->status));
    PetscCall(ion_store_open_to_read(v->path, v->schema, &v->store));
    PetscCall(check_chunks(v));
    PetscCall(check_points(v, arguments));
  }
  if (!v->is_bad)
    printf("  sound\n");
  else if (v->n_differ > 0)
    printf(
        "  not sound: this program or machine computes other values than the one that wrote it\n");
  else if (v->is_foreign)
    printf("  not sound: no run would use this file as it is\n");
  else
    printf(
        "  not sound: run the study again with this file as its output; what is damaged or missing "
        "is solved again\n");
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode run(MPI_Comm comm, const cli_arguments *arguments, int *exit_status)
{
  verification v = {.path = arguments->file};
  PetscErrorCode code;

  PetscFunctionBegin;
  (void)comm;
  code = ion_study_reopen(v.path, &v.study);
  if (!code) code = verify(&v, arguments);
  PetscCall(ion_store_close(&v.store));
  PetscCall(ion_block_destroy(&v.data));
  PetscCall(ion_block_destroy(&v.again));
  PetscCall(PetscFree(v.status));
  PetscCall(ion_study_close(&v.study));
  PetscCall(code);
  if (v.is_bad) *exit_status = EXIT_FAILED;
  PetscFunctionReturn(PETSC_SUCCESS);
}

const cli_verb cli_verify = {
    .name  = "verify",
    .usage = "ionsweep verify FILE.nc [--resolve K] [--seed S]",
    .help = "Check a result file: its size and coordinates, the checksum of every chunk of points, "
            "and K\n"
            "points drawn at random that are solved again and compared bit by bit (by the study "
            "that the\n"
            "file itself tells); where a file keeps sums, units of K points together. Exit status "
            "0: sound,\n"
            "finished or not; 1: damaged; 2: no result file.",
    .options  = "--resolve --seed --help",
    .min_word = 1,
    .max_word = 1,
    .run      = run,
};
