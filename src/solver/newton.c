/* Damped Newton's method over a batch: each point has its own damping and its own end, and the lane of
 * a finished point takes the next one, so that no point waits for another. A point's arithmetic
 * depends on nothing but itself. */
#include "solver_impl.h"

#include <math.h>
#include <string.h>

enum { MOST_ITERATIONS = 40 };

static const double tolerance =
    1e-7; /* of the last full step, in the unknowns; the error is its square */
static const double longest        = 2.0;  /* step in the unknowns */
static const double smallest_share = 1e-3; /* of the first damping */

static void load_lane(ion_solver *solver, size_t lane, size_t p)
{
  ion_tile *t = &solver->tile;

  for (size_t k = 0; k < solver->n_prepared_varying; k++) {
    const size_t row = (size_t)solver->prepared_varying[k];

    ion_row(t->prepared, row)[lane] = ion_row(solver->prepared, row)[p];
  }
  for (size_t i = 0; i < solver->n_state; i++)
    ion_row(t->x, i)[lane] = ion_row(t->x_old, i)[lane] = ion_row(solver->x, i)[p];
  t->point[lane]    = (ptrdiff_t)p;
  t->count[lane]    = 0;
  t->step[lane]     = 0;
  t->first[lane]    = 1;
  t->norm_old[lane] = INFINITY;
}

static void store_lane(ion_solver *solver, size_t lane, PetscBool converged)
{
  const ion_tile *t = &solver->tile;
  const size_t p    = (size_t)t->point[lane];

  for (size_t i = 0; i < solver->n_state; i++) ion_row(solver->x, i)[p] = ion_row(t->x, i)[lane];
  solver->converged[p]  = (unsigned char)converged;
  solver->det_sign[p]   = t->sign[lane];
  solver->iterations[p] = t->count[lane];
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
    const double *restrict d = ion_tile_direction(solver, t, i);
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

/* Finished lanes hand over their point and take the next; returns the number of busy lanes. */
static size_t exchange(ion_solver *solver, size_t *next)
{
  ion_tile *t = &solver->tile;
  size_t busy = 0;

  for (size_t l = 0; l < t->lanes; l++) {
    PetscBool done, failed;

    if (t->point[l] < 0) continue;
    t->count[l]++;
    done = (PetscBool)(t->mask[l] != 0 && t->largest[l] <= tolerance);
    failed =
        (PetscBool)(!done && (t->count[l] >= MOST_ITERATIONS ||
                              (t->mask[l] != 0 ? !(t->largest[l] <= 1e6)
                                               : !(t->step[l] >= smallest_share * t->first[l]))));
    if (!done && !failed) {
      busy++;
      continue;
    }
    store_lane(solver, l, done);
    t->point[l] = -1;
    if (*next < solver->n_point) {
      load_lane(solver, l, (*next)++);
      busy++;
    }
  }
  return busy;
}

void ion_newton_batch(ion_solver *solver)
{
  ion_tile *t = &solver->tile;
  size_t next = 0, busy = 0;

  for (size_t l = 0; l < t->lanes; l++) {
    t->point[l] = -1;
    /* an idle lane repeats the first point and is never looked at */
    load_lane(solver, l, next < solver->n_point ? next++ : 0);
    if (busy == solver->n_point)
      t->point[l] = -1;
    else
      busy++;
  }
  while (busy) {
    ion_model_evaluate(solver->model, t->prepared, t->x, t->lanes, ION_RESIDUAL | ION_JACOBIAN,
                       &t->work);
    ion_tile_norm(t, t->work.F, t->norm);
    judge(t);
    ion_tile_solve(solver, t);
    choose_steps(t);
    advance(solver, t);
    busy = exchange(solver, &next);
  }
}
