/* Damped Newton's method over a batch: each point has its own damping and its own end, and the lane of
 * a finished point takes the next one, so that no point waits for another. A point's arithmetic
 * depends on nothing but itself. */
#include "solver_impl.h"

#include <math.h>
#include <string.h>

enum { MOST_ITERATIONS = 40 };

static const double tolerance =
    1e-7; /* of the last full step, in the unknowns; the error is its square */
static const double quadratic      = 1e-12; /* error that two full steps let expect */
static const double longest        = 2.0;   /* step in the unknowns */
static const double smallest_share = 1e-3;  /* of the first damping */

/* Points that enter or leave lanes together; rows are copied one after the other, since neighbouring
 * points lie side by side. */
typedef struct {
  size_t n;
  size_t lane[ION_MAX_LANES], point[ION_MAX_LANES];
} ion_exchange;

static void load_lanes(ion_solver *solver, const ion_exchange *in)
{
  ion_tile *t = &solver->tile;

  for (size_t k = 0; k < solver->n_prepared_varying; k++) {
    const double *from = ion_row(solver->prepared, (size_t)solver->prepared_varying[k]);
    double *to         = ion_row(t->prepared, (size_t)solver->prepared_varying[k]);

    for (size_t e = 0; e < in->n; e++) to[in->lane[e]] = from[in->point[e]];
  }
  for (size_t i = 0; i < solver->n_state; i++) {
    const double *from = ion_row(solver->x, i);
    double *x = ion_row(t->x, i), *old = ion_row(t->x_old, i);

    for (size_t e = 0; e < in->n; e++) x[in->lane[e]] = old[in->lane[e]] = from[in->point[e]];
  }
  for (size_t e = 0; e < in->n; e++) {
    const size_t lane = in->lane[e];

    t->point[lane]    = (ptrdiff_t)in->point[e];
    t->count[lane]    = 0;
    t->step[lane]     = 0;
    t->first[lane]    = 1;
    t->norm_old[lane] = INFINITY;
    t->size[lane]     = 0;
    t->before[lane]   = 0;
  }
}

static void store_states(ion_solver *solver, const ion_exchange *out)
{
  for (size_t i = 0; i < solver->n_state; i++) {
    const double *from = ion_row(solver->tile.x, i);
    double *to         = ion_row(solver->x, i);

    for (size_t e = 0; e < out->n; e++) to[out->point[e]] = from[out->lane[e]];
  }
}

/* mask = 1 where the trial lowered the residual enough, or is the first evaluation of a point. */
static void judge(ion_tile *t)
{
  for (size_t l = 0; l < t->lanes; l++)
    t->mask[l] =
        t->norm[l] <= (1 - 1e-4 * t->step[l]) * t->norm_old[l] && t->norm[l] < (double)INFINITY;
}

/* Accepted lanes take the new direction and its first damping; rejected ones halve theirs. */
static void choose_steps(ion_tile *t)
{
  for (size_t l = 0; l < t->lanes; l++) {
    const double full = t->largest[l] <= longest ? 1 : longest / t->largest[l];

    /* the last accepted step, if it was a full one, says how fast the steps fall */
    t->before[l]   = t->mask[l] == 0 ? t->before[l] : t->step[l] == 1 ? t->size[l] : 0;
    t->size[l]     = t->mask[l] != 0 ? t->largest[l] : t->size[l];
    t->step[l]     = t->mask[l] != 0 ? full : 0.5 * t->step[l];
    t->first[l]    = t->mask[l] != 0 ? full : t->first[l];
    t->norm_old[l] = t->mask[l] != 0 ? t->norm[l] : t->norm_old[l];
  }
}

/* x_old and y follow accepted lanes; x = x_old - step y. */
static void advance(ion_solver *solver, ion_tile *t)
{
  const double *restrict mask = t->mask, *restrict step = t->step;
  const size_t n = t->lanes;

  for (size_t i = 0; i < solver->n_state; i++) {
    const double *restrict d = ion_tile_direction(&solver->elimination, t, i);
    double *restrict x       = ion_row(t->x, i);
    double *restrict old     = ion_row(t->x_old, i);
    double *restrict y       = ion_row(t->y, i);

#pragma omp simd
    for (size_t l = 0; l < n; l++) {
      old[l] = mask[l] != 0 ? x[l] : old[l];
      y[l]   = mask[l] != 0 ? d[l] : y[l];
      x[l]   = old[l] - step[l] * y[l];
    }
  }
}

/* Newton's steps fall as d' = K d^2, with K from the last two: the step after this one is its error. */
static PetscBool is_converged(const ion_tile *t, size_t l)
{
  const double d = t->largest[l], rate = d / t->before[l];

  if (t->mask[l] == 0) return PETSC_FALSE;
  return (PetscBool)(d <= tolerance || (d <= 1e-4 && rate * rate * d <= quadratic));
}

/* Whether a lane has ended; its point's verdict is noted. */
static PetscBool has_ended(ion_solver *solver, size_t l)
{
  ion_tile *t          = &solver->tile;
  const size_t p       = (size_t)t->point[l];
  const PetscBool done = is_converged(t, l);
  PetscBool failed     = (PetscBool)(++t->count[l] >= MOST_ITERATIONS);

  if (t->mask[l] != 0 ? !(t->largest[l] <= 1e6) : !(t->step[l] >= smallest_share * t->first[l]))
    failed = PETSC_TRUE;
  if (!done && !failed) return PETSC_FALSE;
  solver->converged[p]  = (unsigned char)done;
  solver->det_sign[p]   = t->sign[l];
  solver->iterations[p] = t->count[l];
  return PETSC_TRUE;
}

/* Finished lanes hand over their point and take the next; returns the number of busy lanes. */
static size_t exchange(ion_solver *solver, size_t *next)
{
  ion_tile *t      = &solver->tile;
  ion_exchange out = {.n = 0}, in = {.n = 0};
  size_t busy = 0;

  for (size_t l = 0; l < t->lanes; l++) {
    if (t->point[l] < 0) continue;
    if (!has_ended(solver, l)) {
      busy++;
      continue;
    }
    out.lane[out.n]    = l;
    out.point[out.n++] = (size_t)t->point[l];
    t->point[l]        = -1;
    if (*next == solver->n_point) continue;
    in.lane[in.n]    = l;
    in.point[in.n++] = (*next)++;
    busy++;
  }
  store_states(solver, &out);
  load_lanes(solver, &in);
  return busy;
}

/* Fill the lanes; an idle lane repeats the first point and is never looked at. */
static size_t start(ion_solver *solver)
{
  ion_tile *t     = &solver->tile;
  ion_exchange in = {.n = t->lanes};
  size_t busy     = PetscMin(t->lanes, solver->n_point);

  for (size_t l = 0; l < t->lanes; l++) {
    in.lane[l]  = l;
    in.point[l] = l < busy ? l : 0;
  }
  load_lanes(solver, &in);
  for (size_t l = busy; l < t->lanes; l++) t->point[l] = -1;
  return busy;
}

void ion_newton_batch(ion_solver *solver)
{
  ion_tile *t = &solver->tile;
  size_t busy = start(solver), next = busy;

  while (busy) {
    ion_model_evaluate(solver->model, t->prepared, t->x, t->lanes, ION_RESIDUAL | ION_JACOBIAN,
                       &t->work);
    ion_tile_norm(t, t->work.F, t->norm);
    judge(t);
    ion_tile_solve(&solver->elimination, t);
    choose_steps(t);
    advance(solver, t);
    busy = exchange(solver, &next);
  }
}
