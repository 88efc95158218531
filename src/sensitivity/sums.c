/* One pass: points to sums, which are kept in their place. */
#include "pairs_impl.h"
#include "sum_tree.h"

#include <math.h>
#include <string.h>

enum { N_FAILURE = ION_CRASHED - ION_NO_STATE_FOUND + 1 };

struct ion_sums {
  ion_sums_shape shape;
  size_t n_column, n_input, n_replicate, n_member;
  PetscBool reversed;
  ion_pairs *number, *outcome; /* what a group of either kind looks like */
  size_t n_outcome, n_located, n_row, width;
  double *shift;     /* [n_number] */
  ion_sum_tree tree; /* of all outputs: [n_number][n_replicate][words] */
  double *outcomes;  /* [n_outcome][n_replicate][words], whole numbers: any order gives the same */
  double *with;      /* [n_located][2][n_column][ION_REGION_BIN] with, without */
  double *survivors; /* [n_column], [n_column][n_column] */
  double *counts;    /* [n_replicate][ION_N_STATUS], [n_replicate][n_class] */
  double *indicator; /* [n_member] */
  ion_block u;       /* [n_column][2] */
};

/* ---- shape ---- */

static PetscBool is_power_of_two(uint64_t n)
{
  return (PetscBool)(n > 0 && !(n & (n - 1)));
}

static PetscErrorCode describe(ion_sums *s)
{
  const ion_design *design = s->shape.design;
  const uint64_t n_block   = ion_design_n_block(design);
  size_t n                 = ion_design_n_input(design);

  PetscFunctionBegin;
  while (n > 0 && ion_design_input(design, n - 1)->n_factor == 0) n--;
  s->n_column    = ion_design_n_factor(design);
  s->n_input     = n;
  s->n_replicate = ion_design_n_replicate(design);
  s->n_member    = ion_design_n_member(design);
  s->reversed    = (PetscBool)(s->n_member == 2 * n + 2);
  s->n_outcome   = 1 + N_FAILURE + s->shape.n_class;
  s->n_located   = 1 + s->shape.n_class;
  s->n_row       = s->shape.n_number + s->n_outcome + 2 * s->n_located + 2;
  PetscCheck(!strcmp(ion_design_kind(design), "saltelli") && n_block >= ION_SUMS_BLOCKS &&
                 is_power_of_two(n_block),
             PETSC_COMM_SELF, PETSC_ERR_ARG_INCOMP,
             "sums are of saltelli designs of a power of two of blocks, at least %d",
             ION_SUMS_BLOCKS);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_pairs(const ion_sums *s, PetscBool second_order, double shift,
                                   uint64_t n_block, ion_pairs **pairs)
{
  const ion_pairs_shape shape = {.n_input      = s->n_input,
                                 .n_replicate  = s->n_replicate,
                                 .n_block      = n_block,
                                 .reversed     = s->reversed,
                                 .second_order = second_order,
                                 .shift        = shift};

  PetscFunctionBegin;
  PetscCall(ion_pairs_create(&shape, pairs));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static size_t number_words(const ion_sums *s)
{
  return s->n_replicate * ion_pairs_words(s->number);
}

static size_t outcome_words(const ion_sums *s)
{
  return s->n_replicate * ion_pairs_words(s->outcome);
}

static size_t n_count(const ion_sums *s)
{
  return s->n_replicate * (ION_N_STATUS + s->shape.n_class);
}

static PetscErrorCode allocate(ion_sums *s)
{
  const size_t k = s->n_column, bins = k * ION_REGION_BIN;
  const uint64_t n_block = ion_design_n_block(s->shape.design);

  PetscFunctionBegin;
  PetscCall(create_pairs(s, s->reversed, 0.0, n_block, &s->number));
  PetscCall(create_pairs(s, PETSC_FALSE, 0.0, n_block, &s->outcome));
  s->width     = PetscMax(s->shape.least_width, 1 + number_words(s));
  s->width     = PetscMax(s->width, PetscMax(bins, k + k * k));
  s->width     = PetscMax(s->width, n_count(s));
  s->tree.size = PetscMax(1, s->shape.n_number * number_words(s));
  PetscCall(PetscCalloc1(s->shape.n_number + 1, &s->shift));
  PetscCall(PetscCalloc1(s->n_outcome * outcome_words(s), &s->outcomes));
  PetscCall(PetscCalloc1(s->n_located * 2 * bins, &s->with));
  PetscCall(PetscCalloc1(k + k * k, &s->survivors));
  PetscCall(PetscCalloc1(n_count(s), &s->counts));
  PetscCall(PetscCalloc1(s->n_member, &s->indicator));
  PetscCall(ion_block_create(k, 2, &s->u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_sums_create(const ion_sums_shape *shape, ion_sums **sums)
{
  PetscFunctionBegin;
  PetscCall(PetscNew(sums)); /* destroyed by the caller, also after an error */
  (*sums)->shape = *shape;
  PetscCall(describe(*sums));
  PetscCall(allocate(*sums));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_sums_destroy(ion_sums **sums)
{
  ion_sums *s = *sums;

  PetscFunctionBegin;
  if (!s) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ion_pairs_destroy(&s->number));
  PetscCall(ion_pairs_destroy(&s->outcome));
  PetscCall(ion_sum_tree_destroy(&s->tree));
  PetscCall(ion_block_destroy(&s->u));
  PetscCall(PetscFree(s->shift));
  PetscCall(PetscFree(s->outcomes));
  PetscCall(PetscFree(s->with));
  PetscCall(PetscFree(s->survivors));
  PetscCall(PetscFree(s->counts));
  PetscCall(PetscFree(s->indicator));
  PetscCall(PetscFree(*sums));
  PetscFunctionReturn(PETSC_SUCCESS);
}

size_t ion_sums_n_row(const ion_sums *sums)
{
  return sums->n_row;
}

size_t ion_sums_width(const ion_sums *sums)
{
  return sums->width;
}

size_t ion_sums_n_outcome(const ion_sums *sums)
{
  return sums->n_outcome;
}

/* Classes are told apart by place as any failure is; single statuses are not. */
static size_t located(size_t i)
{
  return i ? N_FAILURE + i : 0;
}

ion_outcome ion_sums_outcome(size_t outcome)
{
  const unsigned failures = ((1u << N_FAILURE) - 1) << ION_NO_STATE_FOUND;

  if (outcome == 0) return (ion_outcome){failures, -1};
  if (outcome <= N_FAILURE) return (ion_outcome){1u << (ION_NO_STATE_FOUND + outcome - 1), -1};
  return (ion_outcome){0, (int)(outcome - N_FAILURE + 1)};
}

ion_sums_row ion_sums_row_at(const ion_sums *s, size_t row)
{
  const size_t outcomes = s->shape.n_number, with = outcomes + s->n_outcome;
  const size_t without = with + s->n_located, rest = without + s->n_located;

  if (row < outcomes) return (ion_sums_row){ION_SUMS_NUMBER, row};
  if (row < with) return (ion_sums_row){ION_SUMS_OUTCOME, row - outcomes};
  if (row < without) return (ion_sums_row){ION_SUMS_WITH, located(row - with)};
  if (row < rest) return (ion_sums_row){ION_SUMS_WITHOUT, located(row - without)};
  return (ion_sums_row){row == rest ? ION_SUMS_SURVIVORS : ION_SUMS_COUNTS, 0};
}

size_t ion_sums_find(const ion_sums *s, ion_sums_kind kind, size_t of)
{
  size_t row = 0;

  for (; row < s->n_row; row++) {
    const ion_sums_row at = ion_sums_row_at(s, row);

    if (at.kind == kind && at.of == of) break;
  }
  return row;
}

/* ---- points ---- */

PetscErrorCode ion_sums_start(ion_sums *s, const double *shift)
{
  const size_t k = s->n_column;

  PetscFunctionBegin;
  PetscCall(ion_sum_tree_start(&s->tree));
  if (s->shape.n_number) memcpy(s->shift, shift, s->shape.n_number * sizeof *shift);
  memset(s->outcomes, 0, s->n_outcome * outcome_words(s) * sizeof *s->outcomes);
  memset(s->with, 0, s->n_located * 2 * k * ION_REGION_BIN * sizeof *s->with);
  memset(s->survivors, 0, (k + k * k) * sizeof *s->survivors);
  memset(s->counts, 0, n_count(s) * sizeof *s->counts);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The blocks of a leaf, of every output and replicate. */
static PetscErrorCode add_leaf(ion_sums *s, const ion_sums_points *points, size_t block)
{
  const size_t stride = s->n_replicate * s->n_member, words = ion_pairs_words(s->number);

  PetscFunctionBegin;
  memset(s->tree.carry, 0, s->tree.size * sizeof *s->tree.carry);
  for (size_t i = 0; i < s->shape.n_number; i++) {
    s->number->shape.shift = s->shift[i];
    for (size_t r = 0; r < s->n_replicate; r++) {
      const size_t at           = block * stride + r * s->n_member;
      const ion_pairs_rows rows = {.n      = ION_SUMS_LEAF,
                                   .stride = stride,
                                   .f      = points->number[i] + at,
                                   .status = points->status + at};

      ion_pairs_reduce(s->number, &rows, s->tree.carry + (i * s->n_replicate + r) * words);
    }
  }
  PetscCall(ion_sum_tree_push(&s->tree));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* 1 or 0; NaN where the point was never run, or has no state and so no class. */
static double indicate(ion_outcome outcome, unsigned char status, double class_)
{
  if (status == ION_PENDING || status == ION_INFEASIBLE || status == ION_NOT_NEEDED)
    return (double)NAN;
  if (outcome.class_ < 0) return (double)(outcome.statuses >> status & 1u);
  return status == ION_OK ? (double)(class_ == (double)outcome.class_) : (double)NAN;
}

static void add_place(ion_sums *s, size_t i, size_t member, double z)
{
  const size_t bins = s->n_column * ION_REGION_BIN;
  double *bin       = s->with + (2 * i + (z > 0.0 ? 0 : 1)) * bins;

  if (isnan(z)) return;
  for (size_t j = 0; j < s->n_column; j++)
    bin[j * ION_REGION_BIN + ion_region_bin(ion_row(s->u, j)[member])] += 1.0;
}

static void add_survivor(ion_sums *s, size_t member)
{
  const size_t k = s->n_column;

  for (size_t a = 0; a < k; a++) {
    const double x = floor(ion_row(s->u, a)[member] * 0x1p16);

    s->survivors[a] += x;
    for (size_t b = 0; b <= a; b++)
      s->survivors[k + a * k + b] += x * floor(ion_row(s->u, b)[member] * 0x1p16);
  }
}

/* Where A and B of a block lie, and what becomes of them. */
static PetscErrorCode add_places(ion_sums *s, const ion_sums_points *points, size_t at,
                                 uint64_t point)
{
  PetscFunctionBegin;
  PetscCall(ion_design_unit(s->shape.design, point, 2, s->u));
  for (size_t m = 0; m < 2; m++) {
    const double class_        = points->class_ ? points->class_[at + m] : 0.0;
    const unsigned char status = points->status[at + m];

    for (size_t i = 0; i < s->n_located; i++)
      add_place(s, i, m, indicate(ion_sums_outcome(located(i)), status, class_));
    if (status == ION_OK) add_survivor(s, m);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void add_outcomes(ion_sums *s, const ion_sums_points *points, size_t at, size_t replicate)
{
  const size_t words        = ion_pairs_words(s->outcome);
  const ion_pairs_rows rows = {.n = 1, .stride = s->n_member, .f = s->indicator};

  for (size_t o = 0; o < s->n_outcome; o++) {
    const ion_outcome outcome = ion_sums_outcome(o);

    for (size_t m = 0; m < s->n_member; m++)
      s->indicator[m] =
          indicate(outcome, points->status[at + m], points->class_ ? points->class_[at + m] : 0.0);
    ion_pairs_reduce(s->outcome, &rows, s->outcomes + (o * s->n_replicate + replicate) * words);
  }
}

static void count_point(ion_sums *s, size_t replicate, unsigned char status, double class_)
{
  double *by_class = s->counts + s->n_replicate * ION_N_STATUS + replicate * s->shape.n_class;

  if (status < ION_N_STATUS) s->counts[replicate * ION_N_STATUS + status] += 1.0;
  if (status == ION_OK && class_ >= 2.0 && class_ < 2.0 + (double)s->shape.n_class)
    by_class[(size_t)class_ - 2] += 1.0;
}

static PetscErrorCode add_block(ion_sums *s, const ion_sums_points *points, size_t block)
{
  const uint64_t first = (points->first + block) * s->n_replicate;

  PetscFunctionBegin;
  for (size_t r = 0; r < s->n_replicate; r++) {
    const size_t at = (block * s->n_replicate + r) * s->n_member;

    for (size_t m = 0; m < s->n_member; m++)
      count_point(s, r, points->status[at + m], points->class_ ? points->class_[at + m] : 0.0);
    add_outcomes(s, points, at, r);
    PetscCall(add_places(s, points, at, (first + r) * s->n_member));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_sums_add(ion_sums *s, const ion_sums_points *points)
{
  PetscFunctionBegin;
  PetscCheck(points->first % ION_SUMS_LEAF == 0 && points->n % ION_SUMS_LEAF == 0, PETSC_COMM_SELF,
             PETSC_ERR_ARG_SIZ, "blocks are added by %d", ION_SUMS_LEAF);
  for (size_t b = 0; b < points->n; b += ION_SUMS_LEAF) PetscCall(add_leaf(s, points, b));
  for (size_t b = 0; b < points->n; b++) PetscCall(add_block(s, points, b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- rows ---- */

static void store_places(const ion_sums *s, ion_sums_row at, double *row)
{
  const size_t bins = s->n_column * ION_REGION_BIN;
  const size_t i    = at.of ? at.of - N_FAILURE : 0;

  memcpy(row, s->with + (2 * i + (at.kind == ION_SUMS_WITH ? 0 : 1)) * bins, bins * sizeof *row);
}

static void store_row(const ion_sums *s, ion_sums_row at, const double *numbers, double *row)
{
  const size_t k = s->n_column;

  switch (at.kind) {
  case ION_SUMS_NUMBER:
    row[0] = s->shift[at.of];
    memcpy(row + 1, numbers + at.of * number_words(s), number_words(s) * sizeof *row);
    break;
  case ION_SUMS_OUTCOME:
    memcpy(row + 1, s->outcomes + at.of * outcome_words(s), outcome_words(s) * sizeof *row);
    break;
  case ION_SUMS_WITH:
  case ION_SUMS_WITHOUT:
    store_places(s, at, row);
    break;
  case ION_SUMS_SURVIVORS:
    memcpy(row, s->survivors, (k + k * k) * sizeof *row);
    break;
  case ION_SUMS_COUNTS:
    memcpy(row, s->counts, n_count(s) * sizeof *row);
    break;
  }
}

PetscErrorCode ion_sums_store(const ion_sums *s, ion_block rows)
{
  double *numbers;

  PetscFunctionBegin;
  PetscCheck(rows.n_row >= s->n_row && rows.n_point >= s->width, PETSC_COMM_SELF, PETSC_ERR_ARG_SIZ,
             "rows are [%zu][%zu], wanted [%zu][%zu]", rows.n_row, rows.n_point, s->n_row,
             s->width);
  PetscCall(PetscCalloc1(s->tree.size, &numbers));
  ion_sum_tree_top(&s->tree, numbers);
  for (size_t i = 0; i < s->n_row; i++) {
    memset(ion_row(rows, i), 0, s->width * sizeof(double));
    store_row(s, ion_sums_row_at(s, i), numbers, ion_row(rows, i));
  }
  PetscCall(PetscFree(numbers));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A row of an output about another shift. Units of a study have the same one, but where machines that round in
 * different ways made them. */
static void move_row(const ion_sums *s, double shift, double *row)
{
  const double by = shift - row[0];

  if (by == 0.0) return;
  for (size_t r = 0; r < s->n_replicate; r++)
    ion_pairs_move(s->number, by, row + 1 + r * ion_pairs_words(s->number));
  row[0] = shift;
}

/* Row by row, but for the shift of an output, which is common to all. */
PetscErrorCode ion_sums_merge(const ion_sums *s, size_t row, size_t n, const double *unit,
                              double *sum)
{
  const PetscBool number = (PetscBool)(ion_sums_row_at(s, row).kind == ION_SUMS_NUMBER);
  const double shift     = unit[0];
  ion_sum_tree tree      = {.size = s->width};

  PetscFunctionBegin;
  PetscCall(ion_sum_tree_start(&tree));
  for (size_t u = 0; u < n; u++) {
    memcpy(tree.carry, unit + u * s->width, s->width * sizeof *unit);
    if (number) move_row(s, shift, tree.carry);
    PetscCall(ion_sum_tree_push(&tree));
  }
  ion_sum_tree_top(&tree, sum);
  if (number) sum[0] = shift;
  PetscCall(ion_sum_tree_destroy(&tree));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- what is made of them ---- */

PetscErrorCode ion_sums_pairs(const ion_sums *s, size_t row, const double *part, uint64_t n_block,
                              ion_pairs **pairs)
{
  const PetscBool number = (PetscBool)(ion_sums_row_at(s, row).kind == ION_SUMS_NUMBER);
  const size_t words     = ion_pairs_words(number ? s->number : s->outcome);
  double *one;

  PetscFunctionBegin;
  PetscCall(create_pairs(s, (PetscBool)(number && s->reversed), part[0], n_block, pairs));
  PetscCall(PetscMalloc1(s->width, &one));
  for (size_t g = 0; g < ION_PART; g++) {
    memcpy(one, part + g * s->width, s->width * sizeof *one);
    if (number) move_row(s, part[0], one);
    for (size_t r = 0; r < s->n_replicate; r++) ion_pairs_put(*pairs, r, g, one + 1 + r * words);
  }
  PetscCall(PetscFree(one));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_sums_region(const ion_sums *s, const ion_sums_place *place, ion_region **region)
{
  const size_t words = ion_pairs_words(s->outcome);

  PetscFunctionBegin;
  PetscCall(ion_region_create(s->n_column, s->n_replicate, region));
  for (size_t r = 0; r < s->n_replicate; r++) {
    const double *full = place->outcome + 1 + r * words, *sum = full + s->outcome->full_size;
    const double hits = full[FULL_A] + full[FULL_B] + sum[SUM_A] + sum[SUM_B];
    const double n    = 2.0 * full[FULL_N] + sum[SUM_NA] + sum[SUM_NB];

    ion_region_put_counts(*region, r, hits, n - hits);
  }
  if (place->with) ion_region_put_places(*region, place->with, place->without, place->survivors);
  PetscFunctionReturn(PETSC_SUCCESS);
}
