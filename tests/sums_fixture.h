/* Studies whose points are summed, with numbers, classes and failures. */
#ifndef SUMS_FIXTURE_H
#define SUMS_FIXTURE_H

#include "sensitivity_fixture.h"

enum {
  K         = 3,
  N_BLOCK   = 256, /* of a replicate */
  N_NUMBER  = 2,
  N_CLASS   = 3, /* 2, 3, 4 */
  PART      = 8,
  LEAST     = 100, /* least width: the rows need more */
  N_OUTCOME = 1 + (ION_CRASHED - ION_NO_STATE_FOUND + 1) + N_CLASS
};

/* ---- studies ---- */

typedef struct {
  fixture s;
  ion_units *units;
  ion_spec *spec;
  ion_design *design;
  double shift[N_NUMBER];
  double *number[N_NUMBER], *class_; /* [n_point] */
} study;

typedef struct {
  size_t n_replicate;
  PetscBool second_order, fails;
} variant;

static const variant variants[] = {
    {1, PETSC_FALSE, PETSC_FALSE},
    {3, PETSC_TRUE,  PETSC_FALSE},
    {1, PETSC_TRUE,  PETSC_TRUE },
    {4, PETSC_FALSE, PETSC_TRUE },
};

/* Every status there is, somewhere in the cube. */
static inline unsigned char status_at(const double u[K])
{
  if (u[0] < 0.04) return ION_INFEASIBLE;
  if (u[1] < 0.05) return ION_DOMAIN_ERROR;
  if (u[2] < 0.06) return ION_TIMED_OUT;
  if (u[0] + u[2] > 1.7) return ION_NO_STATE_FOUND;
  if (u[1] > 0.97) return ION_CRASHED;
  if (fabs(u[0] - 0.5) < 0.01) return ION_PENDING;
  if (fabs(u[1] - 0.5) < 0.01) return ION_NOT_NEEDED;
  return ION_OK;
}

static inline void fill(study *t, PetscBool fails)
{
  for (size_t p = 0; p < t->s.n_point; p++) {
    const double u[K] = {ion_row(t->s.u, 0)[p], ion_row(t->s.u, 1)[p], ion_row(t->s.u, 2)[p]};
    const double NaN  = (double)NAN;

    t->s.status[p]  = fails ? status_at(u) : (unsigned char)ION_OK;
    t->number[0][p] = t->s.status[p] == ION_OK ? t->s.y[p] : NaN;
    t->number[1][p] = u[0] + u[1] * u[1] - 3.0 * u[0] * u[2];
    if (fails && u[1] > 0.9) t->number[1][p] = NaN; /* of points that are ok as well */
    t->class_[p] = t->s.status[p] == ION_OK ? floor(1.0 + 2.0 * (u[0] + u[1])) : NaN;
  }
}

static inline PetscErrorCode begin(const variant *v, study *t)
{
  const uint64_t samples = N_BLOCK * v->n_replicate;

  PetscFunctionBegin;
  *t = (study){
      .shift = {3.25, -0.7}
  };
  PetscCall(fixture_begin("ishigami", K, samples, v->n_replicate, v->second_order, 5, &t->s));
  PetscCall(ion_units_create(&t->units));
  PetscCall(fixture_design(K, samples, v->n_replicate, v->second_order, 5, t->units, &t->spec,
                           &t->design));
  for (size_t i = 0; i < N_NUMBER; i++) PetscCall(PetscMalloc1(t->s.n_point, &t->number[i]));
  PetscCall(PetscMalloc1(t->s.n_point, &t->class_));
  fill(t, v->fails);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline PetscErrorCode end(study *t)
{
  PetscFunctionBegin;
  for (size_t i = 0; i < N_NUMBER; i++) PetscCall(PetscFree(t->number[i]));
  PetscCall(PetscFree(t->class_));
  PetscCall(ion_design_destroy(&t->design));
  PetscCall(ion_spec_close(&t->spec));
  PetscCall(ion_units_destroy(&t->units));
  PetscCall(fixture_end(&t->s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline PetscErrorCode sums_of(const study *t, ion_sums **sums)
{
  const ion_sums_shape shape = {t->design, N_NUMBER, N_CLASS, LEAST};

  PetscFunctionBegin;
  PetscCall(ion_sums_create(&shape, sums));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Sum blocks first ... first + n - 1, so many handed over at a time. */
static inline PetscErrorCode sum_unit(const study *t, ion_sums *sums, uint64_t first, size_t n,
                                      size_t slab, ion_block rows)
{
  PetscFunctionBegin;
  PetscCall(ion_sums_start(sums, t->shift));
  for (uint64_t b = first; b < first + n; b += slab) {
    const size_t at                = fixture_point(&t->s, b, 0);
    const double *number[N_NUMBER] = {t->number[0] + at, t->number[1] + at};
    const ion_sums_points points   = {b, slab, number, t->class_ + at, t->s.status + at};

    PetscCall(ion_sums_add(sums, &points));
  }
  PetscCall(ion_sums_store(sums, rows));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rows of all units of so many blocks, unit by unit: [n_row][n_unit x width]. */
static inline PetscErrorCode sum_units(const study *t, ion_sums *sums, size_t blocks,
                                       ion_block *rows)
{
  const size_t width = ion_sums_width(sums), n = N_BLOCK / blocks;

  PetscFunctionBegin;
  PetscCall(ion_block_create(ion_sums_n_row(sums), n * width, rows));
  for (size_t i = 0; i < rows->n_row; i++) /* nothing of what was there stays */
    memset(ion_row(*rows, i), 0xff, n * width * sizeof(double));
  for (size_t unit = 0; unit < n; unit++) {
    ion_block one = *rows;

    one.data += unit * width;
    one.n_point = width;
    PetscCall(sum_unit(t, sums, unit * blocks, blocks, PetscMin(blocks, 32), one));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Neighbours joined, n at a time. */
static inline PetscErrorCode join(const ion_sums *sums, ion_block from, size_t n, ion_block *joined)
{
  const size_t width = ion_sums_width(sums), n_joined = from.n_point / width / n;

  PetscFunctionBegin;
  PetscCall(ion_block_create(from.n_row, n_joined * width, joined));
  for (size_t i = 0; i < from.n_row; i++)
    for (size_t j = 0; j < n_joined; j++)
      PetscCall(ion_sums_merge(sums, i, n, ion_row(from, i) + j * n * width,
                               ion_row(*joined, i) + j * width));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline PetscBool same_rows(ion_block a, ion_block b)
{
  PetscBool same = (PetscBool)(a.n_row == b.n_row && a.n_point == b.n_point);

  for (size_t i = 0; same && i < a.n_row; i++)
    same = (PetscBool)!memcmp(ion_row(a, i), ion_row(b, i), a.n_point * sizeof(double));
  return same;
}

/* The 8 parts of a study of units of so many blocks: [n_row][8 x width]. */
static inline PetscErrorCode parts_of(const study *t, ion_sums *sums, size_t blocks,
                                      ion_block *part)
{
  ion_block rows;

  PetscFunctionBegin;
  PetscCall(sum_units(t, sums, blocks, &rows));
  PetscCall(join(sums, rows, N_BLOCK / blocks / PART, part));
  PetscCall(ion_block_destroy(&rows));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* 1 where the outcome is met, 0 where it is not, NaN where the question has no answer. */
static inline double met(size_t outcome, unsigned char status, double class_)
{
  static const unsigned char failure[] = {ION_NO_STATE_FOUND, ION_DOMAIN_ERROR, ION_TIMED_OUT,
                                          ION_CRASHED};

  if (status == ION_PENDING || status == ION_INFEASIBLE || status == ION_NOT_NEEDED)
    return (double)NAN;
  if (outcome == 0) return status != ION_OK;
  if (outcome <= ION_COUNT(failure)) return status == failure[outcome - 1];
  return status == ION_OK ? class_ == (double)(outcome - ION_COUNT(failure) + 1) : (double)NAN;
}

#endif
