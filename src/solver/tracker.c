/* Lanes of a tracker: each iterates z = (x, sigma) towards F = 0 on its own hyperplane c.(z - z0) = ahead. */
#include "base/vecmath.h"
#include "branch_impl.h"

#include <petscblaslapack.h>

#include <math.h>
#include <string.h>

enum { MOST_CORRECTIONS = 8 };

static const double probe       = 1e-6; /* of sigma, on both sides, for F_sigma */
static const double worst_error = 1e-9; /* of a solution, before a lane is solved with pivoting */
static const double longest     = 1.0;  /* Newton step in an unknown */

/* ---- making one ---- */

static PetscErrorCode create_blocks(ion_tracker *t)
{
  const size_t n_prepared = ion_model_n_prepared(t->model);

  PetscFunctionBegin;
  PetscCall(ion_block_create(t->n_theta, t->lanes, &t->theta));
  PetscCall(ion_block_create(n_prepared, t->lanes, &t->prepared));
  PetscCall(ion_block_create(t->n_moving, t->lanes, &t->origin));
  PetscCall(ion_block_create(t->n_moving, t->lanes, &t->direction));
  PetscCall(ion_block_create(t->n + 1, t->lanes, &t->z));
  PetscCall(ion_block_create(t->n + 1, t->lanes, &t->z0));
  PetscCall(ion_block_create(t->n + 1, t->lanes, &t->t));
  PetscCall(ion_block_create(t->n + 1, t->lanes, &t->t0));
  PetscCall(ion_block_create(t->n + 1, t->lanes, &t->border));
  PetscCall(ion_block_create(t->n, t->lanes, &t->plus));
  PetscCall(ion_block_create(t->n, t->lanes, &t->minus));
  PetscCall(ion_block_create(t->n + 1, t->lanes, &t->saved_F));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Idle lanes hold the resting state: nothing there overflows. */
static void fill_idle(ion_tracker *t)
{
  const double *rest = ion_model_rest(t->model);

  ion_solver_reference_theta(t->model, t->theta);
  ion_model_prepare(t->model, t->theta, t->prepared);
  for (size_t i = 0; i < t->n; i++)
    for (size_t l = 0; l < t->z.stride; l++) ion_row(t->z, i)[l] = rest[i];
  for (size_t k = 0; k < t->n_moving; k++)
    for (size_t l = 0; l < t->z.stride; l++)
      ion_row(t->origin, k)[l] = ion_row(t->theta, (size_t)t->moving[k])[l];
  for (size_t l = 0; l < t->z.stride; l++) ion_row(t->border, t->n)[l] = 1;
}

/* The Jacobian at rest, and the rows of F that NaN in the moving parameters reaches. */
static PetscErrorCode create_bordered(ion_tracker *t)
{
  const size_t n_nonzero = ion_model_pattern(t->model)->n_nonzero;
  ion_work work          = {0};
  double *jacobian;
  unsigned char is_moved[ION_MAX_STATE];

  PetscFunctionBegin;
  PetscCall(ion_work_create(t->model, t->lanes, &work));
  PetscCall(PetscMalloc1(n_nonzero, &jacobian));
  ion_model_evaluate(t->model, t->prepared, t->z, t->lanes, ION_RESIDUAL | ION_JACOBIAN, &work);
  for (size_t k = 0; k < n_nonzero; k++) jacobian[k] = ion_row(work.jac, k)[0];
  for (size_t k = 0; k < t->n_moving; k++)
    for (size_t l = 0; l < t->theta.stride; l++)
      ion_row(t->theta, (size_t)t->moving[k])[l] = (double)NAN;
  ion_model_prepare(t->model, t->theta, t->prepared);
  ion_model_evaluate(t->model, t->prepared, t->z, t->lanes, ION_RESIDUAL, &work);
  for (size_t i = 0; i < t->n; i++)
    is_moved[i] = (unsigned char)(isnan(ion_row(work.F, i)[0]) != 0);
  PetscCall(ion_bordered_create(t->model, jacobian, is_moved, &t->bordered));
  PetscCall(PetscFree(jacobian));
  PetscCall(ion_work_destroy(&work));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_tracker_create(const ion_model *model, const int *moving, size_t n_moving,
                                  size_t lanes, ion_tracker *t)
{
  PetscFunctionBegin;
  t->model    = model;
  t->n        = ion_model_n_state(model);
  t->lanes    = lanes;
  t->n_moving = n_moving;
  PetscCheck(t->n < ION_MAX_STATE && lanes <= ION_TRACK_LANES, PETSC_COMM_SELF, PETSC_ERR_SUP,
             "%zu unknowns and %zu lanes; at most %d and %d", t->n, lanes, ION_MAX_STATE - 1,
             ION_TRACK_LANES);
  (void)ion_model_quantities(model, NULL, &t->n_theta);
  PetscCall(PetscMalloc1(n_moving + 1, &t->moving));
  PetscCall(PetscCalloc1(t->n_theta, &t->moves));
  for (size_t k = 0; k < n_moving; k++) {
    t->moving[k]        = moving[k];
    t->moves[moving[k]] = 1;
  }
  PetscCall(create_blocks(t));
  fill_idle(t);
  PetscCall(create_bordered(t));
  fill_idle(t);
  PetscCall(ion_work_create_extended(model, lanes, ion_bordered_extra_rows(&t->bordered, model),
                                     &t->work));
  PetscCall(ion_block_create(t->bordered.solve.n_nonzero, lanes, &t->saved_jac));
  PetscCall(ion_elimination_place(&t->bordered.solve, &t->work));
  PetscCall(ion_elimination_place(&t->bordered.adjoint, &t->work));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_tracker_destroy(ion_tracker *t)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(t->moving));
  PetscCall(PetscFree(t->moves));
  PetscCall(ion_bordered_destroy(&t->bordered));
  PetscCall(ion_work_destroy(&t->work));
  PetscCall(ion_block_destroy(&t->theta));
  PetscCall(ion_block_destroy(&t->prepared));
  PetscCall(ion_block_destroy(&t->origin));
  PetscCall(ion_block_destroy(&t->direction));
  PetscCall(ion_block_destroy(&t->z));
  PetscCall(ion_block_destroy(&t->z0));
  PetscCall(ion_block_destroy(&t->t));
  PetscCall(ion_block_destroy(&t->t0));
  PetscCall(ion_block_destroy(&t->border));
  PetscCall(ion_block_destroy(&t->plus));
  PetscCall(ion_block_destroy(&t->minus));
  PetscCall(ion_block_destroy(&t->saved_F));
  PetscCall(ion_block_destroy(&t->saved_jac));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- lanes ---- */

void ion_tracker_load(ion_tracker *t, size_t lane, ion_block theta, ion_block prepared, size_t p)
{
  for (size_t k = 0; k < theta.n_row; k++) ion_row(t->theta, k)[lane] = ion_row(theta, k)[p];
  for (size_t k = 0; k < prepared.n_row; k++)
    ion_row(t->prepared, k)[lane] = ion_row(prepared, k)[p];
  t->lower[lane] = -(double)INFINITY;
  t->upper[lane] = (double)INFINITY;
}

void ion_tracker_start(ion_tracker *t, size_t lane, const double *x, double sigma, double sign)
{
  for (size_t i = 0; i <= t->n; i++) {
    const double z = i < t->n ? x[i] : sigma;

    ion_row(t->z0, i)[lane] = z;
    ion_row(t->t0, i)[lane] = i < t->n ? 0 : sign;
  }
  ion_tracker_aim(t, lane, 0);
}

void ion_tracker_aim(ion_tracker *t, size_t lane, double ahead)
{
  for (size_t i = 0; i <= t->n; i++) {
    const double tangent = ion_row(t->t0, i)[lane];

    ion_row(t->border, i)[lane] = tangent;
    ion_row(t->z, i)[lane]      = ion_row(t->z0, i)[lane] + ahead * tangent;
  }
  t->ahead[lane] = ahead;
  t->count[lane] = 0;
  t->busy[lane]  = 1;
}

void ion_tracker_aim_at(ion_tracker *t, size_t lane, double sigma)
{
  const double way = sigma - ion_row(t->z0, t->n)[lane], slope = ion_row(t->t0, t->n)[lane];

  ion_tracker_aim(t, lane, way / slope);
  for (size_t i = 0; i <= t->n; i++)
    ion_row(t->border, i)[lane] = i < t->n ? 0 : slope > 0 ? 1 : -1;
  ion_row(t->z, t->n)[lane] = sigma;
  t->ahead[lane]            = slope > 0 ? way : -way;
}

double ion_tracker_way(const ion_tracker *t, size_t lane)
{
  double sum = 0;

  for (size_t i = 0; i <= t->n; i++)
    sum += ion_row(t->t0, i)[lane] * (ion_row(t->z, i)[lane] - ion_row(t->z0, i)[lane]);
  return sum;
}

/* The tangent must not have turned by more than half a right angle, nor the chord left it by as much: another branch
 * may run the same way beside this one. */
PetscBool ion_tracker_has_jumped(const ion_tracker *t, size_t lane)
{
  const double along = ion_tracker_way(t, lane);
  double cosine = 0, chord = 0;

  for (size_t i = 0; i <= t->n; i++) {
    const double way = ion_row(t->z, i)[lane] - ion_row(t->z0, i)[lane];

    cosine += ion_row(t->t, i)[lane] * ion_row(t->t0, i)[lane];
    chord += way * way;
  }
  return (PetscBool) !(cosine > 0.7 && chord <= 2 * along * along);
}

void ion_tracker_accept(ion_tracker *t, size_t lane)
{
  for (size_t i = 0; i <= t->n; i++) {
    ion_row(t->z0, i)[lane] = ion_row(t->z, i)[lane];
    ion_row(t->t0, i)[lane] = ion_row(t->t, i)[lane];
  }
}

/* ---- evaluation ---- */

/* Parameters of every lane at its sigma + step. */
static void set_parameters(ion_tracker *t, double step, double *restrict at)
{
  const double *sigma = ion_row(t->z, t->n);

  for (size_t l = 0; l < t->lanes; l++) {
    at[l] = sigma[l] + step;
    /* a neighbour stays between the bounds of sigma if the iterate is there */
    if (at[l] > t->upper[l] && sigma[l] <= t->upper[l]) at[l] = sigma[l] - fabs(step);
    if (at[l] < t->lower[l] && sigma[l] >= t->lower[l]) at[l] = sigma[l] + fabs(step);
  }
  for (size_t k = 0; k < t->n_moving; k++) {
    double *restrict row = ion_row(t->theta, (size_t)t->moving[k]);
    const double *a = ion_row(t->origin, k), *b = ion_row(t->direction, k);

#pragma omp simd
    for (size_t l = 0; l < t->lanes; l++) row[l] = a[l] + at[l] * b[l];
  }
  ion_model_prepare_varying(t->model, t->theta, t->moves, t->prepared);
}

void ion_tracker_evaluate(ion_tracker *t, unsigned what)
{
  double at[ION_TRACK_LANES];

  set_parameters(t, 0, at);
  ion_model_evaluate(t->model, t->prepared, t->z, t->lanes, what, &t->work);
}

/* F on one side of sigma, and how far that is. */
static void evaluate_beside(ion_tracker *t, double step, ion_block F, double *at)
{
  set_parameters(t, step, at);
  ion_model_evaluate(t->model, t->prepared, t->z, t->lanes, ION_RESIDUAL, &t->work);
  for (size_t k = 0; k < t->bordered.n_moved; k++)
    memcpy(ion_row(F, k), ion_row(t->work.F, (size_t)t->bordered.moved[k]),
           t->lanes * sizeof(double));
}

static void difference(ion_tracker *t, const double *hi, const double *lo)
{
  for (size_t k = 0; k < t->bordered.n_moved; k++) {
    const double *minus = ion_row(t->minus, k);
    double *plus        = ion_row(t->plus, k);

#pragma omp simd
    for (size_t l = 0; l < t->lanes; l++) plus[l] = (plus[l] - minus[l]) / (hi[l] - lo[l]);
  }
}

/* F and dF/dx at the iterates, F_sigma from one side. */
static void evaluate_with_column(ion_tracker *t)
{
  double at[ION_TRACK_LANES];

  evaluate_beside(t, -probe, t->plus, at);
  ion_tracker_evaluate(t, ION_RESIDUAL | ION_JACOBIAN);
  for (size_t k = 0; k < t->bordered.n_moved; k++)
    memcpy(ion_row(t->minus, k), ion_row(t->work.F, (size_t)t->bordered.moved[k]),
           t->lanes * sizeof(double));
  difference(t, at, ion_row(t->z, t->n));
}

/* The same with F_sigma from both sides. */
static void evaluate_with_exact_column(ion_tracker *t)
{
  double hi[ION_TRACK_LANES], lo[ION_TRACK_LANES];

  evaluate_beside(t, probe, t->plus, hi);
  evaluate_beside(t, -probe, t->minus, lo);
  difference(t, hi, lo);
  ion_tracker_evaluate(t, ION_RESIDUAL | ION_JACOBIAN);
}

/* The border, and the right-hand sides [F; c.(z - z0) - ahead] and [0; 1]. */
static void fill_border(ion_tracker *t)
{
  const ion_elimination *e = &t->bordered.solve;
  double *restrict N       = ion_elimination_rhs(e, &t->work, 0, t->n);

  for (size_t k = 0; k < t->bordered.n_moved; k++)
    memcpy(ion_bordered_column(&t->bordered, &t->work, k), ion_row(t->plus, k),
           t->lanes * sizeof(double));
  for (size_t l = 0; l < t->lanes; l++) N[l] = -t->ahead[l];
  for (size_t j = 0; j <= t->n; j++) {
    double *restrict row = ion_bordered_row(&t->bordered, &t->work, j);
    double *restrict one = ion_elimination_rhs(e, &t->work, 1, j);
    const double *c = ion_row(t->border, j), *z = ion_row(t->z, j), *z0 = ion_row(t->z0, j);

#pragma omp simd
    for (size_t l = 0; l < t->lanes; l++) {
      row[l] = c[l];
      one[l] = j == t->n;
      N[l] += c[l] * (z[l] - z0[l]);
    }
  }
}

/* The bordered matrix and F as they are before elimination. */
static void save_matrix(ion_tracker *t)
{
  const ion_bordered *b = &t->bordered;

  for (size_t k = 0; k < t->saved_jac.n_row; k++) {
    const double *from = k < t->work.jac.n_row ? ion_row(t->work.jac, k)
                                               : ion_row(t->work.extra, k - t->work.jac.n_row);

    memcpy(ion_row(t->saved_jac, k), from, t->lanes * sizeof(double));
  }
  for (size_t i = 0; i < b->n; i++)
    memcpy(ion_row(t->saved_F, i), ion_elimination_rhs(&b->solve, &t->work, 0, i),
           t->lanes * sizeof(double));
}

/* Largest |J v + F_sigma v_sigma| over largest term, v the second solution: what the order of elimination, chosen at
 * rest, costs here. */
static void measure_errors(const ion_tracker *t, double *restrict error)
{
  const ion_bordered *b        = &t->bordered;
  double size[ION_TRACK_LANES] = {0}, sum[ION_TRACK_LANES];

  memset(error, 0, t->lanes * sizeof *error);
  for (size_t i = 0; i < t->n; i++) {
    memset(sum, 0, sizeof sum);
    for (int k = b->start[i]; k < b->start[i + 1]; k++) {
      const double *restrict a = ion_row(t->saved_jac, (size_t)b->slot[k]);
      const double *restrict v =
          ion_row(t->work.scratch, (size_t)b->solve.solution[b->n + (size_t)b->col[k]]);

#pragma omp simd
      for (size_t l = 0; l < t->lanes; l++) {
        const double term = a[l] * v[l];

        sum[l] += term;
        size[l] = fabs(term) > size[l] ? fabs(term) : size[l];
      }
    }
#pragma omp simd
    for (size_t l = 0; l < t->lanes; l++) error[l] = ion_max_or_nan(error[l], fabs(sum[l]));
  }
  for (size_t l = 0; l < t->lanes; l++) error[l] /= size[l];
}

/* Both systems of a lane by LU with pivoting; NaN where the matrix is singular. */
static PetscErrorCode solve_dense(ion_tracker *t, size_t lane)
{
  const ion_bordered *b = &t->bordered;
  const size_t n        = b->n;
  PetscBLASInt order, two = 2, info, *pivots;
  PetscScalar *A, *rhs;

  PetscFunctionBegin;
  PetscCall(PetscBLASIntCast((PetscInt)n, &order));
  PetscCall(PetscMalloc3(n * n, &A, 2 * n, &rhs, n, &pivots));
  PetscCall(PetscArrayzero(A, n * n));
  for (size_t i = 0; i < n; i++) {
    for (int k = b->start[i]; k < b->start[i + 1]; k++)
      A[i + n * (size_t)b->col[k]] = ion_row(t->saved_jac, (size_t)b->slot[k])[lane];
    rhs[i]     = ion_row(t->saved_F, i)[lane];
    rhs[n + i] = i + 1 == n;
  }
  PetscCallBLAS("gesv", LAPACKgesv_(&order, &two, A, &order, pivots, rhs, &order, &info));
  for (size_t i = 0; i < 2 * n; i++)
    ion_row(t->work.scratch, (size_t)b->solve.solution[i])[lane] = info ? (double)NAN : rhs[i];
  PetscCall(PetscFree3(A, rhs, pivots));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Both systems of every lane; those that the elimination serves badly by LU with pivoting. */
static PetscErrorCode solve_bordered(ion_tracker *t)
{
  double sign[ION_TRACK_LANES], error[ION_TRACK_LANES];

  PetscFunctionBegin;
  save_matrix(t);
  ion_elimination_solve(&t->bordered.solve, t->work.scratch, t->lanes, sign);
  measure_errors(t, error);
  for (size_t l = 0; l < t->lanes; l++)
    if (t->busy[l] && !(error[l] <= worst_error)) PetscCall(solve_dense(t, l));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* z -= y, no unknown by more than `longest`; the tangent at the old iterate becomes t, of unit length. */
static void take_steps(ion_tracker *t)
{
  const ion_elimination *e       = &t->bordered.solve;
  double length[ION_TRACK_LANES] = {0}, share[ION_TRACK_LANES];

  memset(t->size, 0, sizeof t->size);
  for (size_t i = 0; i <= t->n; i++) {
    const double *restrict y = ion_row(t->work.scratch, (size_t)e->solution[i]);
    const double *restrict v = ion_row(t->work.scratch, (size_t)e->solution[t->n + 1 + i]);

#pragma omp simd
    for (size_t l = 0; l < t->lanes; l++) {
      t->size[l] = ion_max_or_nan(t->size[l], fabs(y[l]));
      length[l] += v[l] * v[l];
    }
  }
  for (size_t l = 0; l < t->lanes; l++) {
    share[l]  = !t->busy[l] ? 0 : t->size[l] > longest ? longest / t->size[l] : 1;
    length[l] = 1 / sqrt(length[l]);
  }
  for (size_t i = 0; i <= t->n; i++) {
    const double *restrict y = ion_row(t->work.scratch, (size_t)e->solution[i]);
    const double *restrict v = ion_row(t->work.scratch, (size_t)e->solution[t->n + 1 + i]);
    double *restrict z       = ion_row(t->z, i);
    double *restrict tangent = ion_row(t->t, i);

#pragma omp simd
    for (size_t l = 0; l < t->lanes; l++) {
      z[l] -= share[l] > 0 ? share[l] * y[l] : 0;
      tangent[l] = v[l] * length[l];
    }
  }
}

void ion_tracker_evaluate_round(ion_tracker *t)
{
  evaluate_with_column(t);
}

PetscErrorCode ion_tracker_step(ion_tracker *t)
{
  PetscFunctionBegin;
  fill_border(t);
  PetscCall(solve_bordered(t));
  take_steps(t);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_tracker_iterate(ion_tracker *t)
{
  PetscFunctionBegin;
  ion_tracker_evaluate_round(t);
  PetscCall(ion_tracker_step(t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

ion_track_state ion_tracker_judge(ion_tracker *t, size_t lane)
{
  const double before = t->before[lane], size = t->size[lane];

  t->before[lane] = size;
  if (!(size <= 1e3)) return ION_TRACK_LOST;
  if (size <= t->tight[lane]) return ION_TRACK_ARRIVED;
  if (++t->count[lane] >= MOST_CORRECTIONS) return ION_TRACK_LOST;
  if (t->count[lane] > 2 && size > 0.5 * before) return ION_TRACK_LOST;
  return ION_TRACK_BUSY;
}

void ion_tracker_adjoint(ion_tracker *t)
{
  const ion_elimination *e = &t->bordered.adjoint;
  double sign[ION_TRACK_LANES];

  evaluate_with_exact_column(t);
  fill_border(t);
  for (size_t i = 0; i <= t->n; i++) {
    double *one = ion_elimination_rhs(e, &t->work, 0, i);

    for (size_t l = 0; l < t->lanes; l++) one[l] = i == t->n;
  }
  ion_elimination_solve(e, t->work.scratch, t->lanes, sign);
}

const double *ion_tracker_adjoint_row(const ion_tracker *t, size_t i)
{
  return ion_row(t->work.scratch, (size_t)t->bordered.adjoint.solution[i]);
}
