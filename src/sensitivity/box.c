/* A box in which points fail: PRIM, the patient rule (Friedman and Fisher 1999). */
#include "sensitivity_impl.h"

#include <math.h>
#include <string.h>

/* Share peeled off at a time, least share of the points in a box, and the purity at which it is kept. */
static const double peel = 0.05, least = 0.002, pure = 0.99;

typedef struct {
  ion_block u;
  const unsigned char *failed;
  ion_box *box;
  size_t *inside, n_inside; /* points in the box */
  double *column;
  size_t *order;
} search;

/* A side that may be peeled off: what stays is from lower to upper. */
typedef struct {
  size_t factor;
  double lower, upper, purity;
} peeling;

static double purity_of(const search *s)
{
  double failed = 0.0;

  for (size_t i = 0; i < s->n_inside; i++) failed += s->failed[s->inside[i]];
  return s->n_inside ? failed / (double)s->n_inside : 0.0;
}

static void keep_inside(search *s)
{
  size_t n = 0;

  for (size_t i = 0; i < s->n_inside; i++) {
    PetscBool is_in = PETSC_TRUE;

    for (size_t j = 0; j < s->u.n_row; j++) {
      const double u = ion_row(s->u, j)[s->inside[i]];

      if (u < s->box->lower[j] || u > s->box->upper[j]) is_in = PETSC_FALSE;
    }
    if (is_in) s->inside[n++] = s->inside[i];
  }
  s->n_inside = n;
}

/* Purity of the points from order[first] to order[last - 1]. */
static double purity_between(const search *s, size_t first, size_t last)
{
  double failed = 0.0;

  for (size_t i = first; i < last; i++) failed += s->failed[s->inside[s->order[i]]];
  return failed / (double)(last - first);
}

static PetscErrorCode try_factor(const search *s, size_t j, peeling *best)
{
  const size_t n = s->n_inside, cut = PetscMax(1, (size_t)(peel * (double)n));
  double low, high;

  PetscFunctionBegin;
  for (size_t i = 0; i < n; i++) s->column[i] = ion_row(s->u, j)[s->inside[i]];
  PetscCall(ion_order(n, s->column, s->order));
  low  = purity_between(s, cut, n);
  high = purity_between(s, 0, n - cut);
  if (low > best->purity)
    *best = (peeling){j, 0.5 * (s->column[s->order[cut - 1]] + s->column[s->order[cut]]),
                      s->box->upper[j], low};
  if (high > best->purity)
    *best =
        (peeling){j, s->box->lower[j],
                  0.5 * (s->column[s->order[n - cut - 1]] + s->column[s->order[n - cut]]), high};
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode peel_off(search *s)
{
  const double few = PetscMax(10.0, least * (double)s->u.n_point);

  PetscFunctionBegin;
  while ((double)s->n_inside > few && purity_of(s) < pure) {
    peeling best = {SIZE_MAX, 0.0, 0.0, purity_of(s)};

    for (size_t j = 0; j < s->u.n_row; j++) PetscCall(try_factor(s, j, &best));
    if (best.factor == SIZE_MAX) break;
    s->box->lower[best.factor] = best.lower;
    s->box->upper[best.factor] = best.upper;
    keep_inside(s);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The points in the box as it now is. */
static void enter(search *s)
{
  for (size_t i = 0; i < s->u.n_point; i++) s->inside[i] = i;
  s->n_inside = s->u.n_point;
  keep_inside(s);
}

/* A side goes back as far as purity allows: the box was cut by shares of points, not at the border. */
static void paste(search *s, size_t j, PetscBool is_upper)
{
  double *side        = is_upper ? &s->box->upper[j] : &s->box->lower[j];
  const double end    = is_upper ? 1.0 : 0.0;
  const double wanted = PetscMin(purity_of(s), pure);

  for (double step = 1.0; step > 1e-3; step *= 0.5) {
    const double before = *side;

    *side = before + step * (end - before);
    enter(s);
    if (purity_of(s) < wanted) *side = before;
  }
  enter(s);
}

static void describe(search *s)
{
  double failed = 0.0;

  s->box->volume = 1.0;
  s->box->purity = purity_of(s);
  for (size_t i = 0; i < s->u.n_point; i++) failed += s->failed[i];
  s->box->share = failed > 0.0 ? s->box->purity * (double)s->n_inside / failed : (double)NAN;
  for (size_t j = 0; j < s->u.n_row; j++) s->box->volume *= s->box->upper[j] - s->box->lower[j];
}

PetscErrorCode ion_box_find(ion_block u, const unsigned char *failed, ion_box *box)
{
  search s = {.u = u, .failed = failed, .box = box, .n_inside = u.n_point};

  PetscFunctionBegin;
  *box = (ion_box){0};
  PetscCall(PetscMalloc1(u.n_row, &box->lower));
  PetscCall(PetscMalloc1(u.n_row, &box->upper));
  for (size_t j = 0; j < u.n_row; j++) {
    box->lower[j] = 0.0;
    box->upper[j] = 1.0;
  }
  PetscCall(PetscMalloc3(u.n_point, &s.inside, u.n_point, &s.column, u.n_point, &s.order));
  for (size_t i = 0; i < u.n_point; i++) s.inside[i] = i;
  PetscCall(peel_off(&s));
  for (size_t j = 0; j < u.n_row; j++) {
    paste(&s, j, PETSC_FALSE);
    paste(&s, j, PETSC_TRUE);
  }
  describe(&s);
  PetscCall(PetscFree3(s.inside, s.column, s.order));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_box_destroy(ion_box *box)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(box->lower));
  PetscCall(PetscFree(box->upper));
  PetscFunctionReturn(PETSC_SUCCESS);
}
