/* A study that grows: the points of N blocks are the first ones of 2N, but the chunks of the two files are others. */
#include "extend.h"

#include "study_sums.h"
#include "take.h"

#include <math.h>
#include <string.h>

enum { REASON = 400 };

static uint64_t least(uint64_t a, uint64_t b)
{
  return a < b ? a : b;
}

/* ---- before the first point ---- */

/* How many points a file has, whatever study it is of. */
static PetscErrorCode count_points(const char *path, uint64_t *n_point)
{
  ion_store_file *file = NULL;
  PetscErrorCode code;

  PetscFunctionBegin;
  code = ion_store_file_open(path, &file);
  if (!code) *n_point = ion_store_n_solved(ion_store_file_schema(file));
  PetscCall(ion_store_file_close(&file));
  PetscFunctionReturn(code);
}

static PetscErrorCode check_start(const ion_study *study, const char *path,
                                  const study_start *start)
{
  const unsigned long long n = ion_store_n_solved(&start->schema),
                           m = ion_design_n_point(ion_study_design(study));
  ion_store_found found;
  char why[REASON];

  PetscFunctionBegin;
  PetscCheck(n <= m, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "cannot extend %s: it has %llu points, this study %llu", path, n, m);
  PetscCheck(
      start->schema.canonical, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
      "cannot extend %s: it holds another study: its %llu points are not whole rounds of the "
      "%zu that the factors and replicates of this one make",
      path, n,
      ion_design_n_member(ion_study_design(study)) *
          ion_design_n_replicate(ion_study_design(study)));
  PetscCall(ion_store_probe(path, &start->schema, &found, why, sizeof why));
  PetscCheck(found == ION_STORE_SAME, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "cannot extend %s: %s%s", path,
             found == ION_STORE_OTHER ? "it holds another study: " : "", why);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Latin hypercubes place every point by how many there are. */
static PetscBool grows(const ion_design *design)
{
  return (PetscBool)(ion_design_is_sampled(design) &&
                     strcmp(ion_design_kind(design), "latin_hypercube") != 0);
}

PetscErrorCode ion_extension_check(const ion_study *study, const ion_run_options *options)
{
  const ion_design *design = ion_study_design(study);
  const char *path         = options->extend;
  study_start start        = {0};
  uint64_t n               = 0;
  PetscErrorCode code;

  PetscFunctionBegin;
  if (!path) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCheck(grows(design), PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "cannot extend %s: a design of kind '%s' does not grow; sobol, saltelli and morris do",
             path, ion_design_kind(design));
  PetscCheck(!ion_same_file(path, options->output), PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "cannot extend %s: it is the output itself", path);
  PetscCall(count_points(path, &n));
  code = ion_study_start_create(study, n, &start);
  if (!code) code = check_start(study, path, &start);
  PetscCall(ion_study_start_destroy(&start));
  PetscFunctionReturn(code);
}

/* ---- points ---- */

/* Room for the units that make one of the present study, which is as large or larger. */
static PetscErrorCode open_units(const ion_store_schema *schema, ion_extension *e)
{
  const ion_store_schema *old = &e->start.schema;
  uint64_t first;
  size_t points, points_there;

  PetscFunctionBegin;
  ion_store_chunk_points(schema, 0, &first, &points);
  ion_store_chunk_points(old, 0, &first, &points_there);
  e->n_unit = points / points_there;
  PetscCall(ion_block_create(old->n_output, e->n_unit * (size_t)old->chunk_size, &e->units));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_extension_open(const ion_study *study, const ion_run_options *options,
                                  ion_extension *extension)
{
  const ion_store_schema *schema = ion_study_schema(study);
  uint64_t n                     = 0;

  PetscFunctionBegin;
  *extension = (ion_extension){0};
  if (!options->extend) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(count_points(options->extend, &n));
  PetscCall(ion_study_start_create(study, n, &extension->start));
  PetscCall(check_start(study, options->extend, &extension->start));
  PetscCall(ion_store_open_to_read(options->extend, &extension->start.schema, &extension->store));
  n                = extension->start.schema.chunk_size;
  extension->retry = options->retry;
  PetscCall(ion_block_create(schema->n_output, (size_t)n, &extension->data));
  PetscCall(PetscCalloc1((size_t)n, &extension->status));
  PetscCall(ion_block_create(schema->n_output, (size_t)schema->chunk_size, &extension->solved));
  if (schema->n_summed) PetscCall(open_units(schema, extension));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_extension_close(ion_extension *extension)
{
  PetscFunctionBegin;
  PetscCall(ion_store_close(&extension->store));
  PetscCall(ion_block_destroy(&extension->data));
  PetscCall(ion_block_destroy(&extension->solved));
  PetscCall(ion_block_destroy(&extension->units));
  PetscCall(PetscFree(extension->status));
  PetscCall(ion_study_start_destroy(&extension->start));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void copy_rows(size_t n_row, ion_block from, size_t at, ion_block to, size_t place, size_t n)
{
  for (size_t i = 0; i < n_row; i++)
    memcpy(ion_row(to, i) + place, ion_row(from, i) + at, n * sizeof(double));
}

PetscErrorCode ion_extension_read_unit(ion_extension *e, const ion_study *study, uint64_t unit,
                                       ion_block rows, PetscBool *found)
{
  const uint64_t first = unit * e->n_unit;
  const size_t width   = (size_t)e->start.schema.chunk_size;

  PetscFunctionBegin;
  *found = (PetscBool)(e->store && first + e->n_unit <= ion_store_n_chunk(&e->start.schema));
  for (size_t u = 0; *found && u < e->n_unit; u++) {
    PetscCall(ion_store_read_chunk(e->store, first + u, e->data, e->status, found));
    copy_rows(e->start.schema.n_output, e->data, 0, e->units, u * width, width);
  }
  if (*found) PetscCall(ion_study_merge_units(study, e->n_unit, e->units, rows));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What a chunk of the smaller study has of points first ... last - 1. */
static PetscErrorCode read_overlap(ion_extension *e, uint64_t chunk, uint64_t first, uint64_t last,
                                   ion_block data, unsigned char *status, size_t *n_found)
{
  uint64_t begin, from;
  size_t n;
  PetscBool complete;

  PetscFunctionBegin;
  ion_store_chunk_range(&e->start.schema, chunk, &begin, &n);
  PetscCall(ion_store_read_chunk(e->store, chunk, e->data, e->status, &complete));
  if (!complete) PetscFunctionReturn(PETSC_SUCCESS);
  from = begin > first ? begin : first;
  n    = (size_t)(least(begin + n, last) - from);
  copy_rows(e->start.schema.n_output, e->data, (size_t)(from - begin), data, (size_t)(from - first),
            n);
  memcpy(status + (from - first), e->status + (from - begin), n);
  *n_found += n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A point to be solved again is as good as not there. */
static void forget_failed(const ion_extension *e, size_t n, ion_block data, unsigned char *status,
                          size_t *n_found)
{
  for (size_t p = 0; p < n; p++) {
    if (!(e->retry >> status[p] & 1U)) continue;
    status[p] = ION_PENDING;
    for (size_t i = 0; i < e->start.schema.n_output; i++) ion_row(data, i)[p] = (double)NAN;
    (*n_found)--;
  }
}

PetscErrorCode ion_extension_read(ion_extension *e, uint64_t first, size_t n, ion_block data,
                                  unsigned char *status, size_t *n_found)
{
  const ion_store_schema *old = &e->start.schema;
  const uint64_t last         = e->store ? least(first + n, old->n_point) : first;

  PetscFunctionBegin;
  *n_found = 0;
  memset(status, ION_PENDING, n);
  for (size_t i = 0; e->store && i < old->n_output; i++)
    for (size_t p = 0; p < n; p++) ion_row(data, i)[p] = (double)NAN;
  for (uint64_t at = first; at < last; at += old->chunk_size - at % old->chunk_size)
    PetscCall(read_overlap(e, at / old->chunk_size, first, last, data, status, n_found));
  forget_failed(e, n, data, status, n_found);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_extension_complete(ion_extension *e, ion_study *study, uint64_t first, size_t n,
                                      const ion_isolation *how, ion_block data,
                                      unsigned char *status)
{
  size_t p = 0, end;

  PetscFunctionBegin;
  for (; p < n; p = end) {
    end = p;
    while (end < n && (status[end] == ION_PENDING) == (status[p] == ION_PENDING)) end++;
    if (status[p] != ION_PENDING) continue;
    PetscCall(ion_study_solve_by(study, first + p, end - p, how, e->solved, status + p));
    copy_rows(e->start.schema.n_output, e->solved, 0, data, p, end - p);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
