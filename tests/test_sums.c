/* Sums in place of points: how blocks join, and what the pairs say, against the points. */
#include "sums_fixture.h"

/* ---- the same bits ---- */

static PetscErrorCode check_slabs(const variant *v)
{
  static const size_t slab[] = {8, 16, 64};
  ion_block rows[ION_COUNT(slab)];
  ion_sums *sums;
  study t;

  PetscFunctionBegin;
  PetscCall(begin(v, &t));
  PetscCall(sums_of(&t, &sums));
  for (size_t i = 0; i < ION_COUNT(slab); i++) {
    PetscCall(ion_block_create(ion_sums_n_row(sums), ion_sums_width(sums), &rows[i]));
    PetscCall(sum_unit(&t, sums, 64, 64, slab[i], rows[i]));
    CHECK(same_rows(rows[0], rows[i]));
  }
  for (size_t i = 0; i < ION_COUNT(slab); i++) PetscCall(ion_block_destroy(&rows[i]));
  PetscCall(ion_sums_destroy(&sums));
  PetscCall(end(&t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode rows_do_not_depend_on_how_blocks_come(void)
{
  PetscFunctionBegin;
  for (size_t i = 0; i < ION_COUNT(variants); i++) PetscCall(check_slabs(&variants[i]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The sums of units of 8 blocks, two by two, up to the whole study. */
static PetscErrorCode check_joints(const variant *v)
{
  ion_block small, large, joined;
  ion_sums *sums;
  study t;

  PetscFunctionBegin;
  PetscCall(begin(v, &t));
  PetscCall(sums_of(&t, &sums));
  for (size_t blocks = 8; blocks < N_BLOCK; blocks *= 2) {
    PetscCall(sum_units(&t, sums, blocks, &small));
    for (size_t n = 2; n * blocks <= N_BLOCK; n *= 2) {
      PetscCall(sum_units(&t, sums, n * blocks, &large));
      PetscCall(join(sums, small, n, &joined));
      CHECK(same_rows(joined, large));
      PetscCall(ion_block_destroy(&joined));
      PetscCall(ion_block_destroy(&large));
    }
    PetscCall(ion_block_destroy(&small));
  }
  PetscCall(ion_sums_destroy(&sums));
  PetscCall(end(&t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode units_join_bit_for_bit(void)
{
  PetscFunctionBegin;
  for (size_t i = 0; i < ION_COUNT(variants); i++) PetscCall(check_joints(&variants[i]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- estimates ---- */

/* Both NaN, or as near as 1e-11 of what is of order 1 and more. */
static void check_estimate(ion_estimate a, ion_estimate b)
{
  if (!isnan(a.value) || !isnan(b.value))
    CHECK_NEAR(a.value, b.value, 1e-11 * fmax(1.0, fabs(b.value)));
  if (!isnan(a.half_width) || !isnan(b.half_width))
    CHECK_NEAR(a.half_width, b.half_width, 1e-11 * fmax(1.0, fabs(b.half_width)));
}

static PetscErrorCode check_estimates(const ion_pairs *a, const ion_pairs *b, PetscBool reversed)
{
  const ion_interval interval = ion_pairs_interval(b);
  ion_estimate x[K], y[K];

  PetscFunctionBegin;
  CHECK(ion_pairs_interval(a) == interval);
  for (int e = 0; e < ION_N_ESTIMATOR; e++) {
    if ((e == ION_FIRST_AZZINI || e == ION_TOTAL_AZZINI) && !reversed) continue;
    for (int share = ION_ALL; share <= ION_FIRST_QUARTER; share++) {
      PetscCall(ion_pairs_estimate(a, (ion_estimator)e, interval, (ion_share)share, x));
      PetscCall(ion_pairs_estimate(b, (ion_estimator)e, interval, (ion_share)share, y));
      for (size_t j = 0; j < K; j++) check_estimate(x[j], y[j]);
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_summary(const ion_pairs *a, const ion_pairs *b)
{
  ion_pairs_summary x, y;

  PetscFunctionBegin;
  PetscCall(ion_pairs_summarise(a, ion_pairs_interval(a), &x));
  PetscCall(ion_pairs_summarise(b, ion_pairs_interval(b), &y));
  check_estimate(x.mean, y.mean);
  check_estimate(x.variance, y.variance);
  check_estimate(x.dummy, y.dummy);
  CHECK(x.n_value == y.n_value && x.n_pair == y.n_pair && x.n_paired == y.n_paired);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_second(const ion_pairs *a, const ion_pairs *b)
{
  ion_estimate x[K * K], y[K * K];

  PetscFunctionBegin;
  PetscCall(ion_pairs_second_order(a, ion_pairs_interval(a), x));
  PetscCall(ion_pairs_second_order(b, ion_pairs_interval(b), y));
  for (size_t i = 0; i < (size_t)K * K; i++) check_estimate(x[i], y[i]);
  PetscCall(ion_pairs_closed(a, ion_pairs_interval(a), x));
  PetscCall(ion_pairs_closed(b, ion_pairs_interval(b), y));
  for (size_t i = 0; i < (size_t)K * K; i++) check_estimate(x[i], y[i]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One row against pairs that were fed value by value; status NULL: values say themselves what is missing. */
static PetscErrorCode check_row(const study *t, const ion_sums *sums, size_t row, ion_block part,
                                ion_pairs *fed)
{
  const PetscBool number = (PetscBool)(ion_sums_row_at(sums, row).kind == ION_SUMS_NUMBER);
  ion_pairs *pairs;

  PetscFunctionBegin;
  PetscCall(ion_sums_pairs(sums, row, ion_row(part, row), N_BLOCK, &pairs));
  PetscCall(check_estimates(pairs, fed, t->s.second_order));
  PetscCall(check_summary(pairs, fed));
  if (number && t->s.second_order) PetscCall(check_second(pairs, fed));
  PetscCall(ion_pairs_destroy(&pairs));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Pairs of values [n_point]. */
static PetscErrorCode feed(const study *t, const double *value, const unsigned char *status,
                           const ion_pairs_shape *shape, ion_pairs **pairs)
{
  fixture s = t->s;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(s.n_point, &s.y, s.n_point, &s.status));
  for (size_t p = 0; p < s.n_point; p++) {
    s.y[p]      = value[p];
    s.status[p] = status ? status[p] : (unsigned char)ION_OK;
  }
  PetscCall(fixture_pairs(&s, shape, pairs));
  PetscCall(PetscFree2(s.y, s.status));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_numbers(const study *t, const ion_sums *sums, ion_block part)
{
  PetscFunctionBegin;
  for (size_t i = 0; i < N_NUMBER; i++) {
    ion_pairs_shape shape = fixture_shape(&t->s);
    ion_pairs *fed;

    shape.shift = t->shift[i];
    PetscCall(feed(t, t->number[i], t->s.status, &shape, &fed));
    PetscCall(check_row(t, sums, ion_sums_find(sums, ION_SUMS_NUMBER, i), part, fed));
    PetscCall(ion_pairs_destroy(&fed));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_outcomes(const study *t, const ion_sums *sums, ion_block part)
{
  ion_pairs_shape shape = fixture_shape(&t->s);
  double *value;

  PetscFunctionBegin;
  CHECK(ion_sums_n_outcome(sums) == N_OUTCOME);
  shape.second_order = PETSC_FALSE;
  PetscCall(PetscMalloc1(t->s.n_point, &value));
  for (size_t o = 0; o < N_OUTCOME; o++) {
    ion_pairs *fed;

    for (size_t p = 0; p < t->s.n_point; p++) value[p] = met(o, t->s.status[p], t->class_[p]);
    PetscCall(feed(t, value, NULL, &shape, &fed));
    PetscCall(check_row(t, sums, ion_sums_find(sums, ION_SUMS_OUTCOME, o), part, fed));
    PetscCall(ion_pairs_destroy(&fed));
  }
  PetscCall(PetscFree(value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode estimates_are_those_of_the_points(void)
{
  PetscFunctionBegin;
  for (size_t i = 0; i < ION_COUNT(variants); i++) {
    ion_block part;
    ion_sums *sums;
    study t;

    PetscCall(begin(&variants[i], &t));
    PetscCall(sums_of(&t, &sums));
    PetscCall(parts_of(&t, sums, i % 2 ? 32 : 8, &part));
    PetscCall(check_numbers(&t, sums, part));
    PetscCall(check_outcomes(&t, sums, part));
    PetscCall(ion_block_destroy(&part));
    PetscCall(ion_sums_destroy(&sums));
    PetscCall(end(&t));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Units of 16 blocks about a shift of their own each, so that those of a part differ, and parts as well. */
static PetscErrorCode sum_moved(study *t, ion_sums *sums, ion_block *part)
{
  const size_t width = ion_sums_width(sums), n = N_BLOCK / 16;
  const double before[N_NUMBER] = {t->shift[0], t->shift[1]};
  ion_block rows;

  PetscFunctionBegin;
  PetscCall(ion_block_create(ion_sums_n_row(sums), n * width, &rows));
  for (size_t unit = 0; unit < n; unit++) {
    ion_block one = rows;

    one.data += unit * width;
    one.n_point = width;
    for (size_t i = 0; i < N_NUMBER; i++) t->shift[i] = before[i] + 0.3 * (double)(unit % 5);
    PetscCall(sum_unit(t, sums, unit * 16, 16, 16, one));
  }
  for (size_t i = 0; i < N_NUMBER; i++) t->shift[i] = before[i];
  PetscCall(join(sums, rows, n / PART, part));
  PetscCall(ion_block_destroy(&rows));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode units_about_other_shifts_are_moved(void)
{
  PetscFunctionBegin;
  for (size_t i = 0; i < ION_COUNT(variants); i++) {
    ion_block part;
    ion_sums *sums;
    study t;

    PetscCall(begin(&variants[i], &t));
    PetscCall(sums_of(&t, &sums));
    PetscCall(sum_moved(&t, sums, &part));
    CHECK(ion_row(part, 0)[ion_sums_width(sums)] != ion_row(part, 0)[0]);
    PetscCall(check_numbers(&t, sums, part));
    PetscCall(ion_block_destroy(&part));
    PetscCall(ion_sums_destroy(&sums));
    PetscCall(end(&t));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- plain loops ---- */

typedef struct {
  double n, mean, variance, paired;
  uint64_t complete; /* blocks without a gap */
} plain;

static PetscBool is_there(const study *t, size_t i, size_t p)
{
  return (PetscBool)(t->s.status[p] == ION_OK && isfinite(t->number[i][p]));
}

/* Mean of what members A and B hold, and pairs (A, A_B) and (B, B_A) that are there. */
static plain count_plainly(const study *t, size_t i)
{
  const size_t m = t->s.n_member;
  plain out      = {0};

  for (int pass = 0; pass < 2; pass++) {
    for (size_t p = 0; p < t->s.n_point; p++) {
      const double x = t->number[i][p];

      if (p % m > 1 || !is_there(t, i, p)) continue;
      if (pass == 0) out.n += 1.0;
      if (pass == 0) out.mean += x;
      if (pass == 1) out.variance += (x - out.mean) * (x - out.mean) / out.n;
    }
    if (pass == 0) out.mean /= out.n;
  }
  for (size_t p = 0; p < t->s.n_point; p += m) {
    size_t there = 0;

    for (size_t j = 0; j < m; j++) there += is_there(t, i, p + j);
    for (size_t j = 2; j < m; j++)
      out.paired += is_there(t, i, p + j) && is_there(t, i, p + (j - 2) / K);
    out.complete += there == m;
  }
  return out;
}

static PetscErrorCode check_moments(const study *t, const ion_sums *sums, ion_block part, size_t i)
{
  const plain truth     = count_plainly(t, i);
  const uint64_t n_rows = N_BLOCK * t->s.n_replicate;
  ion_pairs_summary seen;
  ion_pairs *pairs;

  PetscFunctionBegin;
  PetscCall(ion_sums_pairs(sums, i, ion_row(part, i), N_BLOCK, &pairs));
  PetscCall(ion_pairs_summarise(pairs, ION_BY_SUBBLOCKS, &seen));
  CHECK_RELATIVE(seen.mean.value, truth.mean, 1e-12);
  CHECK_RELATIVE(seen.variance.value, truth.variance, 1e-12);
  CHECK((double)seen.n_value == truth.n && (double)seen.n_paired == truth.paired);
  CHECK(seen.n_pair == n_rows * (t->s.n_member - 2));
  CHECK(truth.n < 2.0 * (double)n_rows ? truth.complete > 0 && truth.complete < n_rows
                                       : truth.complete == n_rows);
  PetscCall(ion_pairs_destroy(&pairs));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Points by replicate and status, then by replicate and class of those that are ok. */
static PetscErrorCode check_counts(const study *t, const ion_sums *sums, ion_block whole)
{
  const double *row  = ion_row(whole, ion_sums_find(sums, ION_SUMS_COUNTS, 0));
  const size_t width = ion_sums_width(sums), n = t->s.n_replicate * ION_N_STATUS;
  double *count;

  PetscFunctionBegin;
  PetscCall(PetscCalloc1(width, &count));
  for (size_t p = 0; p < t->s.n_point; p++) {
    const size_t r = p / t->s.n_member % t->s.n_replicate;

    count[r * ION_N_STATUS + t->s.status[p]] += 1.0;
    if (t->class_[p] >= 2.0) count[n + r * N_CLASS + (size_t)t->class_[p] - 2] += 1.0;
  }
  CHECK(n + t->s.n_replicate * N_CLASS < width &&
        !memcmp(count, row, width * sizeof *row)); /* and zeros behind */
  PetscCall(PetscFree(count));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode moments_and_counts_are_those_of_plain_loops(void)
{
  PetscFunctionBegin;
  for (size_t i = 0; i < ION_COUNT(variants); i++) {
    ion_block part, whole;
    ion_sums *sums;
    study t;

    PetscCall(begin(&variants[i], &t));
    PetscCall(sums_of(&t, &sums));
    PetscCall(parts_of(&t, sums, 16, &part));
    PetscCall(join(sums, part, PART, &whole));
    for (size_t o = 0; o < N_NUMBER; o++) PetscCall(check_moments(&t, sums, part, o));
    PetscCall(check_counts(&t, sums, whole));
    PetscCall(ion_block_destroy(&whole));
    PetscCall(ion_block_destroy(&part));
    PetscCall(ion_sums_destroy(&sums));
    PetscCall(end(&t));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const ion_test_case cases[] = {
    {"rows do not depend on how blocks come",       rows_do_not_depend_on_how_blocks_come      },
    {"units join bit for bit",                      units_join_bit_for_bit                     },
    {"estimates are those of the points",           estimates_are_those_of_the_points          },
    {"units about other shifts are moved",          units_about_other_shifts_are_moved         },
    {"moments and counts are those of plain loops", moments_and_counts_are_those_of_plain_loops},
};

int main(int argc, char **argv)
{
  return ion_test_main(argc, argv, cases, ION_COUNT(cases));
}
