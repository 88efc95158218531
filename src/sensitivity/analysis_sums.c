/* A result file that keeps sums in place of points: its rows to pairs and counts. */
#include "analysis_impl.h"

#include <math.h>
#include <string.h>

static const char outcome_word[] = "outcome_", class_word[] = "outcome_class_";

static PetscBool starts_with(const char *text, const char *word)
{
  return (PetscBool)!strncmp(text, word, strlen(word));
}

/* The rows as the header names them: outputs, outcomes, ... */
static ion_sums_shape shape_of(const ion_analysis *a)
{
  ion_sums_shape shape = {.design = a->design, .least_width = (size_t)a->schema->chunk_size};
  PetscBool output     = PETSC_TRUE;

  for (size_t i = 0; i < a->schema->n_output; i++) {
    const char *name = a->schema->output[i].name;

    if (starts_with(name, outcome_word)) output = PETSC_FALSE;
    if (output) shape.n_number++;
    if (starts_with(name, class_word)) shape.n_class++;
  }
  return shape;
}

/* Units that are there without a gap, in whole parts of the study. */
static PetscErrorCode count_units(const ion_analysis *a, size_t *n)
{
  const size_t width    = (size_t)a->schema->chunk_size;
  unsigned char status  = ION_OK;
  const uint64_t n_unit = a->schema->n_point / width;

  PetscFunctionBegin;
  for (*n = 0; *n < n_unit; (*n)++) {
    PetscCall(ion_store_file_status(a->file, *n * width, 1, &status));
    if (status != ION_OK) break;
  }
  *n -= *n % ION_PART;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One row of units first, first + 1, ... together; [width]. */
static PetscErrorCode merge(const ion_analysis *a, size_t row, size_t first, size_t n, double *sum)
{
  const size_t width = ion_sums_width(a->sums);
  PetscErrorCode code;
  double *unit;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n * width, &unit));
  code = ion_store_file_output(a->file, row, first * width, n * width, unit);
  if (!code) code = ion_sums_merge(a->sums, row, n, unit, sum);
  PetscCall(PetscFree(unit));
  PetscFunctionReturn(code);
}

/* Outcomes bear names that say so: what follows the word is shown. */
static PetscBool outcomes_are_named(const ion_analysis *a)
{
  const size_t first = ion_sums_find(a->sums, ION_SUMS_OUTCOME, 0);

  for (size_t o = 0; o < ion_sums_n_outcome(a->sums); o++) {
    const PetscBool is_class = (PetscBool)(ion_sums_outcome(o).class_ >= 0);

    if (!starts_with(a->schema->output[first + o].name, is_class ? class_word : outcome_word))
      return PETSC_FALSE;
  }
  return PETSC_TRUE;
}

static PetscErrorCode refuse(const char *path)
{
  PetscFunctionBegin;
  SETERRQ(PETSC_COMM_SELF, PETSC_ERR_USER_INPUT, "%s: its sums are not those of its sweep", path);
}

/* Every point of a unit is counted, so that units of another design are known by their counts. */
static PetscErrorCode check_counts(const ion_analysis *a, const char *path)
{
  const double points = (double)(a->n_block * a->n_member);
  double *sum, n;
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(ion_sums_width(a->sums), &sum));
  code = merge(a, ion_sums_find(a->sums, ION_SUMS_COUNTS, 0), 0, a->n_unit, sum);
  for (size_t r = 0; !code && r < a->n_replicate; r++) {
    n = 0.0;
    for (size_t s = 0; s < ION_N_STATUS; s++)
      n += sum[r * ION_N_STATUS + s] >= 0.0 ? sum[r * ION_N_STATUS + s] : (double)NAN;
    if (!(n == points)) code = refuse(path);
  }
  PetscCall(PetscFree(sum));
  PetscFunctionReturn(code);
}

PetscErrorCode ion_analysis_open_sums(ion_analysis *a, const char *path)
{
  const uint64_t n_unit      = a->schema->n_point / a->schema->chunk_size;
  const ion_sums_shape shape = shape_of(a);

  PetscFunctionBegin;
  if (n_unit == 0 || a->n_block % n_unit) PetscCall(refuse(path));
  PetscCall(ion_sums_create(&shape, &a->sums));
  if (ion_sums_width(a->sums) != a->schema->chunk_size ||
      ion_sums_n_row(a->sums) > a->schema->n_output || !outcomes_are_named(a))
    PetscCall(refuse(path));
  PetscCall(count_units(a, &a->n_unit));
  PetscCheck(a->n_unit > 0, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "%s: fewer than %d of its %llu units of blocks are there, too few for indices", path,
             ION_PART, (unsigned long long)n_unit);
  a->n_block = a->n_block / n_unit * a->n_unit;
  PetscCall(check_counts(a, path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_analysis_recall(const ion_analysis *a, size_t row, ion_pairs **pairs)
{
  const size_t width = ion_sums_width(a->sums), n = a->n_unit / ION_PART;
  PetscErrorCode code = PETSC_SUCCESS;
  double *part;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(ION_PART * width, &part));
  for (size_t g = 0; !code && g < ION_PART; g++) code = merge(a, row, g * n, n, part + g * width);
  if (!code) code = ion_sums_pairs(a->sums, row, part, a->n_block, pairs);
  PetscCall(PetscFree(part));
  PetscFunctionReturn(code);
}

PetscErrorCode ion_analysis_recall_counts(const ion_analysis *a, uint64_t n[ION_N_STATUS],
                                          uint64_t *n_class)
{
  const size_t row = ion_sums_find(a->sums, ION_SUMS_COUNTS, 0), classes = shape_of(a).n_class;
  double *sum, *by_class;
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(ion_sums_width(a->sums), &sum));
  code = merge(a, row, 0, a->n_unit, sum);
  for (size_t r = 0; !code && r < a->n_replicate; r++)
    for (size_t s = 0; s < ION_N_STATUS; s++) n[s] += (uint64_t)sum[r * ION_N_STATUS + s];
  by_class = sum + a->n_replicate * ION_N_STATUS;
  for (size_t i = 0; !code && i < a->n_replicate * classes; i++)
    n_class[i % classes] += (uint64_t)by_class[i];
  n[ION_PENDING] += ion_store_n_solved(a->schema) - a->n_block * a->n_replicate * a->n_member;
  PetscCall(PetscFree(sum));
  PetscFunctionReturn(code);
}

PetscErrorCode ion_analysis_recall_region(const ion_analysis *a, size_t outcome,
                                          ion_region **region)
{
  const ion_sums_kind kind[]           = {ION_SUMS_OUTCOME, ION_SUMS_WITH, ION_SUMS_WITHOUT,
                                          ION_SUMS_SURVIVORS};
  const double *there[ION_COUNT(kind)] = {NULL}; /* what is not told apart is not */
  const size_t width                   = ion_sums_width(a->sums);
  PetscErrorCode code                  = PETSC_SUCCESS;
  ion_sums_place place;
  double *sum;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(ION_COUNT(kind) * width, &sum));
  for (size_t i = 0; !code && i < ION_COUNT(kind); i++) {
    const size_t row = ion_sums_find(a->sums, kind[i], outcome);

    if (row == ion_sums_n_row(a->sums)) continue;
    code     = merge(a, row, 0, a->n_unit, sum + i * width);
    there[i] = sum + i * width;
  }
  place = (ion_sums_place){there[0], there[1], there[2], there[3]};
  if (!code) code = ion_sums_region(a->sums, &place, region);
  PetscCall(PetscFree(sum));
  PetscFunctionReturn(code);
}

const char *ion_analysis_outcome_name(const ion_analysis *a, size_t outcome)
{
  const size_t row = ion_sums_find(a->sums, ION_SUMS_OUTCOME, outcome);

  return a->schema->output[row].name + strlen(outcome_word);
}
