/* Sums in place of points: where outcomes lie, against the points, and what is refused. */
#include "sums_fixture.h"

/* ---- places ---- */

/* Members A and B one by one, as ok or not. */
static PetscErrorCode feed_region(const study *t, size_t outcome, ion_region **region)
{
  ion_block one;

  PetscFunctionBegin;
  PetscCall(ion_region_create(K, t->s.n_replicate, region));
  PetscCall(ion_block_create(K, 1, &one));
  for (size_t p = 0; p < t->s.n_point; p++) {
    const double z             = met(outcome, t->s.status[p], t->class_[p]);
    const unsigned char status = isnan(z) ? ION_PENDING : z > 0.0 ? ION_NO_STATE_FOUND : ION_OK;

    if (p % t->s.n_member > ION_MEMBER_B) continue;
    for (size_t j = 0; j < K; j++) ion_row(one, j)[0] = ion_row(t->s.u, j)[p];
    PetscCall(ion_region_add(*region, p / t->s.n_member % t->s.n_replicate, one, &status));
  }
  PetscCall(ion_block_destroy(&one));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The row, or NULL where outcomes are not told apart by place. */
static const double *row_of(const ion_sums *sums, ion_block whole, ion_sums_kind kind, size_t of)
{
  const size_t row = ion_sums_find(sums, kind, of);

  return row < ion_sums_n_row(sums) ? ion_row(whole, row) : NULL;
}

static PetscBool same(double a, double b)
{
  return (PetscBool)(a == b || (isnan(a) && isnan(b)));
}

static PetscErrorCode check_regional(const ion_region *a, const ion_region *b)
{
  ion_regional x[K], y[K];

  PetscFunctionBegin;
  PetscCall(ion_region_regional(a, x));
  PetscCall(ion_region_regional(b, y));
  for (size_t j = 0; j < K; j++) {
    CHECK(same(x[j].ks, y[j].ks) && same(x[j].p_value, y[j].p_value));
    for (size_t i = 0; i < ION_REGION_BIN; i++)
      CHECK(same(x[j].cdf_ok[i], y[j].cdf_ok[i]) && same(x[j].cdf_failed[i], y[j].cdf_failed[i]));
    for (double u = 0.01; u < 1.0; u += 0.03)
      CHECK(same(ion_region_success(a, j, u), ion_region_success(b, j, u)));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Survivors are those of any failure; of classes nothing is known about them. */
static void check_correlation(const ion_region *a, const ion_region *b, PetscBool known)
{
  for (size_t i = 0; i < K; i++)
    for (size_t j = 0; j < K; j++)
      CHECK(same(ion_region_correlation(a, i, j),
                 known ? ion_region_correlation(b, i, j) : (double)NAN));
}

static PetscErrorCode check_outcome(const study *t, const ion_sums *sums, ion_block whole, size_t o)
{
  const PetscBool located    = (PetscBool)(o == 0 || ion_sums_outcome(o).class_ > 0);
  const ion_sums_place place = {
      row_of(sums, whole, ION_SUMS_OUTCOME, o), row_of(sums, whole, ION_SUMS_WITH, o),
      row_of(sums, whole, ION_SUMS_WITHOUT, o), row_of(sums, whole, ION_SUMS_SURVIVORS, o)};
  ion_region *region, *fed;
  ion_estimate p, q;

  PetscFunctionBegin;
  PetscCall(ion_sums_region(sums, &place, &region));
  PetscCall(feed_region(t, o, &fed));
  p = ion_region_failure(region);
  q = ion_region_failure(fed);
  CHECK(same(p.value, q.value) && same(p.half_width, q.half_width));
  CHECK(!place.with == !located);
  if (located) PetscCall(check_regional(region, fed));
  if (located) check_correlation(region, fed, (PetscBool)(o == 0));
  PetscCall(ion_region_destroy(&region));
  PetscCall(ion_region_destroy(&fed));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode regions_are_those_of_the_points(void)
{
  PetscFunctionBegin;
  for (size_t i = 0; i < ION_COUNT(variants); i++) {
    ion_block rows, whole;
    ion_sums *sums;
    study t;

    PetscCall(begin(&variants[i], &t));
    PetscCall(sums_of(&t, &sums));
    PetscCall(sum_units(&t, sums, 16, &rows));
    PetscCall(join(sums, rows, N_BLOCK / 16, &whole));
    for (size_t o = 0; o < N_OUTCOME; o++) PetscCall(check_outcome(&t, sums, whole, o));
    PetscCall(ion_block_destroy(&rows));
    PetscCall(ion_block_destroy(&whole));
    PetscCall(ion_sums_destroy(&sums));
    PetscCall(end(&t));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- what is refused ---- */

/* A design of one factor by its kind and size. */
static PetscErrorCode refuse_design(const ion_units *units, const char *text, PetscBool fits)
{
  const ion_quantity quantity = {"x1", "1", "input", 0.5, 0.0, 1.0, PETSC_TRUE};
  ion_sums_shape shape        = {.n_number = 1};
  ion_sums *sums              = NULL;
  ion_design *design          = NULL;
  ion_spec *spec              = NULL;

  PetscFunctionBegin;
  PetscCall(ion_spec_parse("design", text, strlen(text), &spec));
  PetscCall(ion_design_create(ion_spec_root(spec), units, &quantity, 1, &design));
  shape.design = design;
  if (fits)
    PetscCall(ion_sums_create(&shape, &sums));
  else
    CHECK_RAISES(PETSC_ERR_ARG_INCOMP, ion_sums_create(&shape, &sums));
  PetscCall(ion_sums_destroy(&sums));
  PetscCall(ion_design_destroy(&design));
  PetscCall(ion_spec_close(&spec));
  PetscFunctionReturn(PETSC_SUCCESS);
}

#define FACTORS "seed: 1, factors: {x1: {uniform: [0, 1]}}}"

static PetscErrorCode other_designs_are_refused(void)
{
  ion_units *units = NULL;

  PetscFunctionBegin;
  PetscCall(ion_units_create(&units));
  PetscCall(
      refuse_design(units, "{kind: saltelli, samples: 64, replicates: 1, " FACTORS, PETSC_TRUE));
  PetscCall(
      refuse_design(units, "{kind: saltelli, samples: 32, replicates: 1, " FACTORS, PETSC_FALSE));
  PetscCall(
      refuse_design(units, "{kind: saltelli, samples: 96, replicates: 1, " FACTORS, PETSC_FALSE));
  PetscCall(
      refuse_design(units, "{kind: saltelli, samples: 64, replicates: 2, " FACTORS, PETSC_FALSE));
  PetscCall(refuse_design(units, "{kind: sobol, samples: 64, " FACTORS, PETSC_FALSE));
  PetscCall(refuse_design(units, "{kind: morris, trajectories: 64, " FACTORS, PETSC_FALSE));
  PetscCall(refuse_design(units, "{kind: grid, factors: {x1: {from: 0, to: 1, count: 64}}}",
                          PETSC_FALSE));
  PetscCall(ion_units_destroy(&units));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Blocks of a leaf stay together. */
static PetscErrorCode parts_of_a_leaf_are_refused(void)
{
  ion_block rows;
  ion_sums *sums;
  study t;

  PetscFunctionBegin;
  PetscCall(begin(&variants[0], &t));
  PetscCall(sums_of(&t, &sums));
  PetscCall(ion_block_create(ion_sums_n_row(sums), ion_sums_width(sums), &rows));
  CHECK_RAISES(PETSC_ERR_ARG_SIZ, sum_unit(&t, sums, 4, 8, 8, rows));
  CHECK_RAISES(PETSC_ERR_ARG_SIZ, sum_unit(&t, sums, 0, 4, 4, rows));
  rows.n_point--;
  CHECK_RAISES(PETSC_ERR_ARG_SIZ, sum_unit(&t, sums, 0, 8, 8, rows));
  PetscCall(ion_block_destroy(&rows));
  PetscCall(ion_sums_destroy(&sums));
  PetscCall(end(&t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const ion_test_case cases[] = {
    {"regions are those of the points", regions_are_those_of_the_points},
    {"other designs are refused",       other_designs_are_refused      },
    {"parts of a leaf are refused",     parts_of_a_leaf_are_refused    },
};

int main(int argc, char **argv)
{
  return ion_test_main(argc, argv, cases, ION_COUNT(cases));
}
