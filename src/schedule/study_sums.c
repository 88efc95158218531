/* Units of blocks solved and summed, so that no point need be kept. */
#include "study_sums.h"

#include <math.h>
#include <string.h>

enum {
  SLAB_POINTS  = 8192, /* solved together */
  UNITS_WANTED = 64,   /* so that a few dozen ranks share a small study */
  UNITS_MOST   = 512,  /* so that the file does not grow with the study */
  RANGE_WORDS  = 4     /* of a packed range */
};

/* ---- the study ---- */

static uint64_t points_of_block(const ion_study *study)
{
  return (uint64_t)ion_design_n_replicate(study->design) * ion_design_n_member(study->design);
}

uint64_t ion_study_sums_blocks(const ion_study *study, uint64_t n_block)
{
  const uint64_t most = study->task->most_points(study), points = points_of_block(study);
  uint64_t n = ION_SUMS_LEAF;

  while (2 * n * points <= most && n_block / (2 * n) >= UNITS_WANTED) n *= 2;
  while (n_block / n > UNITS_MOST) n *= 2;
  return n;
}

static PetscErrorCode check_design(const ion_study *study, const ion_node *node)
{
  const uint64_t n = ion_design_n_block(study->design);

  PetscFunctionBegin;
  if (strcmp(ion_design_kind(study->design), "saltelli") != 0)
    PetscCall(ion_node_fail(node,
                            "'keep: statistics' is for saltelli designs, whose indices need no "
                            "more than sums; this one is of kind '%s'",
                            ion_design_kind(study->design)));
  if (n < ION_SUMS_BLOCKS || (n & (n - 1)))
    PetscCall(ion_node_fail(node,
                            "'keep: statistics' needs a power of two of blocks a replicate, at "
                            "least %d; 'samples' makes %llu",
                            ION_SUMS_BLOCKS, (unsigned long long)n));
  if (study->precision == ION_STORE_FLOAT)
    PetscCall(ion_node_fail(node, "'keep: statistics' keeps sums in double precision; leave out "
                                  "'precision: float'"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode find_outputs(const ion_study *study, study_sums *s)
{
  PetscFunctionBegin;
  PetscCall(PetscCalloc1(study->n_output + 1, &s->number));
  for (size_t i = 0; i < study->n_output; i++)
    if (!study->output[i]->flags) s->number[s->n_number++] = i;
  s->class_row = ion_study_class_row(study);
  if (s->class_row < study->n_output) {
    const size_t n = ion_word_count(study->output[s->class_row]->flags);

    s->n_class = n > 2 ? n - 2 : 0; /* the words of 0 and 1: none, health */
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create(ion_study *study, study_sums *s)
{
  const size_t tally  = 1 + ION_N_STATUS + ION_N_CLASS + ION_TALLY_WORDS;
  const size_t ranges = RANGE_WORDS * (study->n_output + 1);
  ion_sums_shape shape;
  size_t points;

  PetscFunctionBegin;
  PetscCall(find_outputs(study, s));
  shape = (ion_sums_shape){.design      = study->design,
                           .n_number    = s->n_number,
                           .n_class     = s->n_class,
                           .least_width = PetscMax(tally, ranges)};
  PetscCall(ion_sums_create(&shape, &s->sums));
  s->n_slab =
      PetscMax(1, SLAB_POINTS / (size_t)points_of_block(study) / ION_SUMS_LEAF) * ION_SUMS_LEAF;
  points = s->n_slab * (size_t)points_of_block(study);
  PetscCall(ion_block_create(PetscMax(1, study->n_output), points, &s->data));
  PetscCall(PetscMalloc1(points, &s->status));
  PetscCall(PetscMalloc1(s->n_number + 1, &s->row));
  PetscCall(PetscCalloc1(s->n_number + 1, &s->shift));
  for (size_t i = 0; i < s->n_number; i++) s->row[i] = ion_row(s->data, s->number[i]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_study_open_sums(ion_study *study)
{
  static const char *const words[] = {"points", "statistics"};
  const ion_node *node = study->sweep ? ion_node_find(ion_spec_root(study->sweep), "keep") : NULL;
  size_t i             = 0;

  PetscFunctionBegin;
  if (node) PetscCall(ion_node_get_word(node, "keep", words, ION_COUNT(words), &i));
  if (i == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(check_design(study, node));
  PetscCall(PetscNew(&study->sums));
  PetscCall(create(study, study->sums));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_study_close_sums(ion_study *study)
{
  study_sums *s = study->sums;

  PetscFunctionBegin;
  if (!s) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ion_sums_destroy(&s->sums));
  PetscCall(ion_block_destroy(&s->data));
  PetscCall(PetscFree(s->number));
  PetscCall(PetscFree(s->status));
  PetscCall(PetscFree(s->row));
  PetscCall(PetscFree(s->shift));
  PetscCall(PetscFree(study->sums));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- solving ---- */

/* The outputs of the study with no factor varied: as good as near their means, and the same on every rank whatever
 * becomes of any point. */
static PetscErrorCode find_shift(ion_study *study)
{
  study_sums *s = study->sums;

  PetscFunctionBegin;
  PetscCall(ion_study_solve_reference(study, s->data, s->status));
  for (size_t i = 0; i < s->n_number; i++) {
    const PetscBool there = (PetscBool)(s->status[0] == ION_OK && isfinite(s->row[i][0]));

    s->shift[i] = there ? s->row[i][0] : 0.0;
  }
  s->is_shifted = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode solve_slab(ion_study *study, uint64_t block, size_t n,
                                 const ion_isolation *how, ion_tally *tally)
{
  const size_t points       = n * (size_t)points_of_block(study);
  study_sums *s             = study->sums;
  const ion_sums_points add = {.first  = block,
                               .n      = n,
                               .number = s->row,
                               .class_ = s->n_class ? ion_row(s->data, s->class_row) : NULL,
                               .status = s->status};

  PetscFunctionBegin;
  PetscCall(
      ion_study_solve_by(study, block * points_of_block(study), points, how, s->data, s->status));
  ion_study_tally(study, s->data, s->status, points, tally);
  PetscCall(ion_sums_add(s->sums, &add));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode solve_unit(ion_study *study, uint64_t unit, const ion_isolation *how,
                                 ion_tally *tally)
{
  const uint64_t blocks = ion_study_sums_blocks(study, ion_design_n_block(study->design));
  study_sums *s         = study->sums;

  PetscFunctionBegin;
  if (!s->is_shifted) PetscCall(find_shift(study));
  PetscCall(ion_sums_start(s->sums, s->shift));
  for (uint64_t b = 0; b < blocks; b += s->n_slab)
    PetscCall(
        solve_slab(study, unit * blocks + b, (size_t)PetscMin(s->n_slab, blocks - b), how, tally));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- tally and ranges as rows ---- */

/* Counts of a tally in a fixed order. */
static void pack_tally(const ion_tally *tally, double *row)
{
  *row++ = (double)tally->n_point;
  for (int i = 0; i < ION_N_STATUS; i++) *row++ = (double)tally->status[i];
  for (int i = 0; i < ION_N_CLASS; i++) *row++ = (double)tally->class_count[i];
  for (int i = 0; i < ION_TALLY_WORDS; i++) *row++ = (double)tally->word_count[i];
}

static void unpack_tally(const double *row, ion_tally *tally)
{
  tally->n_point += (uint64_t)*row++;
  for (int i = 0; i < ION_N_STATUS; i++) tally->status[i] += (uint64_t)*row++;
  for (int i = 0; i < ION_N_CLASS; i++) tally->class_count[i] += (uint64_t)*row++;
  for (int i = 0; i < ION_TALLY_WORDS; i++) tally->word_count[i] += (uint64_t)*row++;
}

static void pack_ranges(size_t n, const ion_range *range, double *row)
{
  for (size_t i = 0; i < n; i++, row += RANGE_WORDS) {
    row[0] = range[i].lower;
    row[1] = (double)range[i].at_lower;
    row[2] = range[i].upper;
    row[3] = (double)range[i].at_upper;
  }
}

static void widen_ranges(size_t n, const double *row, ion_range *range)
{
  for (size_t i = 0; i < n; i++, row += RANGE_WORDS) {
    ion_range_widen(&range[i], row[0], (uint64_t)row[1]);
    ion_range_widen(&range[i], row[2], (uint64_t)row[3]);
  }
}

PetscErrorCode ion_study_sum_unit(ion_study *study, uint64_t unit, const ion_isolation *how,
                                  ion_block rows)
{
  const study_sums *s = study->sums;
  const size_t width = ion_sums_width(s->sums), own = ion_sums_n_row(s->sums);
  ion_range *all  = study->rows.range, *range;
  ion_tally tally = {0};
  PetscErrorCode code;

  PetscFunctionBegin;
  study->rows.range = NULL; /* those of the unit alone */
  code              = solve_unit(study, unit, how, &tally);
  range             = study->rows.range;
  study->rows.range = all;
  if (!code) {
    PetscCall(ion_sums_store(s->sums, rows));
    for (size_t i = 0; i < N_SUMS_OWN; i++)
      memset(ion_row(rows, own + i), 0, width * sizeof(double));
    pack_tally(&tally, ion_row(rows, own + ION_SUMS_TALLY));
    pack_ranges(study->n_output + 1, range, ion_row(rows, own + ION_SUMS_RANGES));
  }
  PetscCall(PetscFree(range));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_study_count_unit(const ion_study *study, ion_block rows, ion_tally *tally)
{
  PetscFunctionBegin;
  unpack_tally(ion_row(rows, ion_sums_n_row(study->sums->sums) + ION_SUMS_TALLY), tally);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_study_unit_statuses(const ion_study *study, ion_block rows, uint64_t *n)
{
  ion_tally tally = {0};

  PetscFunctionBegin;
  PetscCall(ion_study_count_unit(study, rows, &tally));
  for (size_t s = 0; s < ION_N_STATUS; s++) n[s] += tally.status[s];
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_study_recall_unit(ion_study *study, ion_block rows, ion_tally *tally)
{
  const size_t own = ion_sums_n_row(study->sums->sums);

  PetscFunctionBegin;
  PetscCall(ion_study_make_ranges(study));
  PetscCall(ion_study_count_unit(study, rows, tally));
  widen_ranges(study->n_output + 1, ion_row(rows, own + ION_SUMS_RANGES), study->rows.range);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode merge_ranges(const ion_study *study, size_t n, const double *unit,
                                   size_t width, double *row)
{
  const size_t n_range = study->n_output + 1;
  ion_range *range;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n_range, &range));
  for (size_t i = 0; i < n_range; i++)
    range[i] = (ion_range){.lower = (double)NAN, .upper = (double)NAN};
  for (size_t u = 0; u < n; u++) widen_ranges(n_range, unit + u * width, range);
  memset(row, 0, width * sizeof *row);
  pack_ranges(n_range, range, row);
  PetscCall(PetscFree(range));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_study_merge_units(const ion_study *study, size_t n, ion_block unit,
                                     ion_block rows)
{
  const study_sums *s   = study->sums;
  const size_t width    = ion_sums_width(s->sums);
  const size_t n_summed = ion_sums_n_row(s->sums) + ION_SUMS_RANGES;

  PetscFunctionBegin;
  for (size_t i = 0; i < n_summed; i++)
    PetscCall(ion_sums_merge(s->sums, i, n, ion_row(unit, i), ion_row(rows, i)));
  PetscCall(merge_ranges(study, n, ion_row(unit, n_summed), width, ion_row(rows, n_summed)));
  PetscFunctionReturn(PETSC_SUCCESS);
}
