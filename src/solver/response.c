/* Linear response of a steady state: derivatives of outputs by parameters through the adjoint of the
 * factorised Jacobian, and the same from differences of full steady states. */
#include "base/vecmath.h"
#include "solver_impl.h"

#include <petscblaslapack.h>

#include <math.h>

/* Differences of fourth order in steps h: f' = sum_k weight_k f(at_k h)/h; the point itself first. */
enum { NODES = 4 };

typedef struct {
  double here, at[NODES], weight[NODES];
} ion_stencil;

static const ion_stencil central = {
    0, {-2,       -1,        1,        2        },
     {1.0 / 12, -8.0 / 12, 8.0 / 12, -1.0 / 12}
};
static const ion_stencil one_sided = {
    -25.0 / 12, {1,         2,          3,         4        },
       {48.0 / 12, -36.0 / 12, 16.0 / 12, -3.0 / 12}
};

/* Where the error of rounding, 1e-16/h, and that of the steepest gates, (20 h)^4/30, meet. */
static const double fraction = 0x1p-12;

/* Lane 0 is the point, then NODES lanes a parameter, then NODES lanes an unknown. */
struct ion_response {
  const ion_model *model;
  ion_observer observe;
  const void *context;
  size_t n_state, n_theta, n_parameter, n_output, n_lane;
  int *parameter;
  double *scale, *step;        /* [n_parameter] */
  const ion_stencil **stencil; /* [n_parameter] */
  double *J, *lambda;          /* column-major [n_state][n_state], [n_state][n_output] */
  double *size;                /* [n_output] of the outputs */
  double *value;               /* [n_output] */
  PetscBLASInt *pivot;         /* [n_state] */
  ion_block theta, prepared, x, q;
  ion_work work;
};

/* ---- working room ---- */

static PetscErrorCode allocate(ion_response *r)
{
  const size_t n = r->n_state, m = r->n_parameter;

  PetscFunctionBegin;
  r->n_lane = 1 + NODES * (m + n);
  PetscCall(PetscMalloc1(m, &r->parameter));
  PetscCall(PetscCalloc1(m, &r->scale));
  PetscCall(PetscCalloc1(m, &r->step));
  PetscCall(PetscCalloc1(m, &r->stencil));
  PetscCall(PetscMalloc1(n * n, &r->J));
  PetscCall(PetscMalloc1(n * r->n_output, &r->lambda));
  PetscCall(PetscCalloc1(r->n_output, &r->size));
  PetscCall(PetscCalloc1(r->n_output, &r->value));
  PetscCall(PetscMalloc1(n, &r->pivot));
  PetscCall(ion_block_create(r->n_theta, r->n_lane, &r->theta));
  PetscCall(ion_block_create(ion_model_n_prepared(r->model), r->n_lane, &r->prepared));
  PetscCall(ion_block_create(n, r->n_lane, &r->x));
  PetscCall(ion_block_create(r->n_output, r->n_lane, &r->q));
  PetscCall(ion_work_create(r->model, r->n_lane, &r->work));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_response_create(const ion_model *model, const int *parameter, size_t n_parameter,
                                   ion_observer observe, const void *context, size_t n_output,
                                   ion_response **response)
{
  ion_response *r;

  PetscFunctionBegin;
  PetscCall(PetscNew(response)); /* zeroed; the caller destroys it even if a later line fails */
  r              = *response;
  r->model       = model;
  r->observe     = observe;
  r->context     = context;
  r->n_state     = ion_model_n_state(model);
  r->n_parameter = n_parameter;
  r->n_output    = n_output;
  (void)ion_model_quantities(model, NULL, &r->n_theta);
  for (size_t k = 0; k < n_parameter; k++)
    PetscCheck(parameter[k] >= 0 && (size_t)parameter[k] < r->n_theta, PETSC_COMM_SELF,
               PETSC_ERR_ARG_OUTOFRANGE, "parameter %d is no row of theta, which has %zu",
               parameter[k], r->n_theta);
  PetscCall(allocate(r));
  PetscCall(PetscArraycpy(r->parameter, parameter, n_parameter));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_response_destroy(ion_response **response)
{
  ion_response *r = *response;

  PetscFunctionBegin;
  if (!r) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFree(r->parameter));
  PetscCall(PetscFree(r->scale));
  PetscCall(PetscFree(r->step));
  PetscCall(PetscFree(r->stencil));
  PetscCall(PetscFree(r->J));
  PetscCall(PetscFree(r->lambda));
  PetscCall(PetscFree(r->size));
  PetscCall(PetscFree(r->value));
  PetscCall(PetscFree(r->pivot));
  PetscCall(ion_work_destroy(&r->work));
  PetscCall(ion_block_destroy(&r->q));
  PetscCall(ion_block_destroy(&r->x));
  PetscCall(ion_block_destroy(&r->prepared));
  PetscCall(ion_block_destroy(&r->theta));
  PetscCall(PetscFree(*response));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- lanes ---- */

/* Lane p of a block into every lane of another, its padding included. */
static void repeat(ion_block from, size_t p, ion_block to)
{
  for (size_t i = 0; i < to.n_row; i++)
    for (size_t l = 0; l < to.stride; l++) ion_row(to, i)[l] = ion_row(from, i)[p];
}

static void evaluate(ion_response *r, size_t n_lane, unsigned what)
{
  ion_block theta = r->theta, prepared = r->prepared, x = r->x;

  theta.n_point = prepared.n_point = x.n_point = n_lane;
  ion_model_prepare(r->model, theta, prepared);
  ion_model_evaluate(r->model, prepared, x, n_lane, what, &r->work);
}

/* Evaluate and read the outputs of the first lanes. */
static void read_outputs(ion_response *r, size_t n_lane)
{
  ion_block theta = r->theta, prepared = r->prepared, q = r->q;

  evaluate(r, n_lane, ION_RESIDUAL | ION_AFFINITY);
  theta.n_point = prepared.n_point = q.n_point = n_lane;
  r->observe(r->context, theta, prepared, &r->work, n_lane, q);
}

/* Derivative of a row over the lanes of a direction. */
static double differentiate(const ion_stencil *s, double h, const double *f, size_t direction)
{
  const double *at = f + 1 + NODES * direction;
  double sum       = s->here * f[0];

  for (size_t k = 0; k < NODES; k++) sum += s->weight[k] * at[k];
  return sum / h;
}

/* ---- steps ---- */

/* Largest change of F when parameter k takes a value; lane 1. */
static double moved(ion_response *r, size_t k, double value)
{
  double *p   = ion_row(r->theta, (size_t)r->parameter[k]);
  double most = 0;
  p[1]        = value;
  evaluate(r, 2, ION_RESIDUAL);
  p[1] = p[0];
  for (size_t i = 0; i < r->n_state; i++) {
    const double d = fabs(ion_row(r->work.F, i)[1] - ion_row(r->work.F, i)[0]);

    most = ion_max_or_nan(most, d);
  }
  return most;
}

/* |p|; of p = 0 the value that moves F by about 1, whatever unit it has. */
static double scale_of(ion_response *r, size_t k)
{
  enum { MOST_TRIALS = 60 };
  const double p     = ion_row(r->theta, (size_t)r->parameter[k])[0];
  const double upper = ion_model_quantities(r->model, NULL, NULL)[r->parameter[k]].upper;
  double scale       = upper > 0 ? fmin(1.0, upper) : 1.0;

  if (p != 0) return fabs(p);
  for (int trial = 0; trial < MOST_TRIALS; trial++) {
    const double most = moved(r, k, scale);

    if (most == 0 || (most >= 0.1 && most <= 10)) break;
    scale = isfinite(most) ? scale / most : 1e-3 * scale;
    if (upper > 0 && scale >= upper) return upper;
  }
  return scale;
}

/* Steps away from a bound that is nearer than two of them. */
static void choose_step(ion_response *r, size_t k)
{
  const ion_quantity *q = ion_model_quantities(r->model, NULL, NULL) + r->parameter[k];
  const double p        = ion_row(r->theta, (size_t)r->parameter[k])[0];
  const double scale = scale_of(r, k), h = fraction * scale;
  const PetscBool low = (PetscBool)(p - 2 * h < q->lower), high = (PetscBool)(p + 2 * h > q->upper);

  r->scale[k]   = scale;
  r->step[k]    = high && !low ? -h : h;
  r->stencil[k] = low || high ? &one_sided : &central;
}

static void fill_lanes(ion_response *r)
{
  for (size_t k = 0; k < r->n_parameter; k++) {
    double *p = ion_row(r->theta, (size_t)r->parameter[k]);

    choose_step(r, k);
    for (size_t s = 0; s < NODES; s++)
      p[1 + NODES * k + s] = p[0] + r->stencil[k]->at[s] * r->step[k];
  }
  for (size_t i = 0; i < r->n_state; i++) {
    double *x = ion_row(r->x, i);

    for (size_t s = 0; s < NODES; s++)
      x[1 + NODES * (r->n_parameter + i) + s] = x[0] + central.at[s] * fraction;
  }
}

/* ---- the adjoint ---- */

/* LU of the Jacobian of lane 0; singular where it is not finite either. */
static PetscErrorCode factorise(ion_response *r, PetscBool *singular)
{
  const ion_pattern *pattern = ion_model_pattern(r->model);
  const size_t n             = r->n_state;
  PetscBLASInt order, info = 0;

  PetscFunctionBegin;
  *singular = PETSC_FALSE;
  evaluate(r, 1, ION_RESIDUAL | ION_JACOBIAN);
  PetscCall(PetscArrayzero(r->J, n * n));
  for (size_t i = 0; i < n; i++)
    for (int k = pattern->start[i]; k < pattern->start[i + 1]; k++) {
      const double entry = ion_row(r->work.jac, (size_t)k)[0];

      r->J[i + n * (size_t)pattern->col[k]] = entry;
      if (!isfinite(entry)) *singular = PETSC_TRUE;
    }
  if (*singular) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscBLASIntCast((PetscInt)n, &order));
  PetscCallBLAS("getrf", LAPACKgetrf_(&order, &order, r->J, &order, r->pivot, &info));
  *singular = (PetscBool)(info != 0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* q_x of every output, where lambda will be, and how large the outputs are. */
static void measure_outputs(ion_response *r)
{
  for (size_t o = 0; o < r->n_output; o++) {
    const double *q = ion_row(r->q, o);
    double sum      = 0;

    for (size_t i = 0; i < r->n_state; i++) {
      const double d = differentiate(&central, fraction, q, r->n_parameter + i);

      r->lambda[i + r->n_state * o] = d;
      sum += fabs(d);
    }
    r->value[o] = q[0];
    r->size[o]  = fmax(sum, fabs(q[0]));
  }
}

/* Solve J^T lambda = q_x for every output. */
static PetscErrorCode solve_adjoint(ion_response *r)
{
  PetscBLASInt order, count, info = 0;

  PetscFunctionBegin;
  PetscCall(PetscBLASIntCast((PetscInt)r->n_state, &order));
  PetscCall(PetscBLASIntCast((PetscInt)r->n_output, &count));
  if (count)
    PetscCallBLAS("getrs", LAPACKgetrs_("T", &order, &count, r->J, &order, r->pivot, r->lambda,
                                        &order, &info));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* dq/dp = q_p - lambda . F_p */
static void combine(const ion_response *r, double *derivative)
{
  for (size_t o = 0; o < r->n_output; o++)
    for (size_t k = 0; k < r->n_parameter; k++) {
      const double *lambda = r->lambda + r->n_state * o;
      double sum           = differentiate(r->stencil[k], r->step[k], ion_row(r->q, o), k);

      for (size_t i = 0; i < r->n_state; i++)
        sum -= lambda[i] * differentiate(r->stencil[k], r->step[k], ion_row(r->work.F, i), k);
      derivative[o * r->n_parameter + k] = sum;
    }
}

static void blank(const ion_response *r, double *derivative)
{
  for (size_t i = 0; i < r->n_output * r->n_parameter; i++) derivative[i] = (double)NAN;
}

PetscErrorCode ion_response_derivatives(ion_response *r, ion_block theta, ion_block x, size_t p,
                                        double *derivative)
{
  PetscBool singular;

  PetscFunctionBegin;
  PetscCheck(theta.n_row == r->n_theta && x.n_row == r->n_state && p < theta.n_point &&
                 p < x.n_point,
             PETSC_COMM_SELF, PETSC_ERR_ARG_SIZ,
             "point %zu of %zu parameters and %zu unknowns asked for, the model has %zu and %zu", p,
             theta.n_row, x.n_row, r->n_theta, r->n_state);
  repeat(theta, p, r->theta);
  repeat(x, p, r->x);
  PetscCall(factorise(r, &singular));
  fill_lanes(r);
  read_outputs(r, r->n_lane);
  measure_outputs(r);
  if (singular) {
    blank(r, derivative);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(solve_adjoint(r));
  combine(r, derivative);
  PetscFunctionReturn(PETSC_SUCCESS);
}

const double *ion_response_value(const ion_response *r)
{
  return r->value;
}

const double *ion_response_size(const ion_response *r)
{
  return r->size;
}

const double *ion_response_scale(const ion_response *r)
{
  return r->scale;
}

/* ---- differences of full steady states ---- */

/* Rows in which the lanes differ from the model's default or from each other. */
static PetscErrorCode make_solver(const ion_response *r, size_t n_lane, ion_solver **solver)
{
  ion_block reference = {0};
  int *varying;
  size_t n = 0;

  PetscFunctionBegin;
  PetscCall(ion_block_create(r->n_theta, 1, &reference));
  PetscCall(PetscMalloc1(r->n_theta, &varying));
  ion_model_default_theta(r->model, reference);
  for (size_t i = 0; i < r->n_theta; i++) {
    PetscBool varies = (PetscBool)(ion_row(r->theta, i)[0] != ion_row(reference, i)[0]);

    for (size_t k = 0; k < r->n_parameter; k++)
      if (r->parameter[k] == (int)i) varies = PETSC_TRUE;
    if (varies) varying[n++] = (int)i;
  }
  PetscCall(ion_solver_create(r->model, varying, n, n_lane, solver));
  PetscCall(PetscFree(varying));
  PetscCall(ion_block_destroy(&reference));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Solve the first lanes from rest; those without a state, or not on the branch of lane 0, become NaN. */
static PetscErrorCode solve_lanes(ion_response *r, size_t n_lane)
{
  ion_solver *solver = NULL;
  ion_block theta = r->theta, x = r->x;
  ion_verdict verdict = {0};

  PetscFunctionBegin;
  theta.n_point = x.n_point = n_lane;
  PetscCall(PetscCalloc2(n_lane, &verdict.status, n_lane, &verdict.reached));
  PetscCall(make_solver(r, n_lane, &solver));
  PetscCall(ion_solve_steady(solver, theta, x, &verdict));
  for (size_t l = 1; l < n_lane; l++)
    if ((verdict.reached[l] == ION_REACHED_DEPARTED) !=
        (verdict.reached[0] == ION_REACHED_DEPARTED))
      for (size_t i = 0; i < r->n_state; i++) ion_row(x, i)[l] = (double)NAN;
  PetscCall(ion_solver_destroy(&solver));
  PetscCall(PetscFree2(verdict.status, verdict.reached));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_response_differences(ion_response *r, double *derivative)
{
  const size_t n_lane = 1 + NODES * r->n_parameter;

  PetscFunctionBegin;
  PetscCall(solve_lanes(r, n_lane));
  read_outputs(r, n_lane);
  for (size_t o = 0; o < r->n_output; o++)
    for (size_t k = 0; k < r->n_parameter; k++)
      derivative[o * r->n_parameter + k] =
          differentiate(r->stencil[k], r->step[k], ion_row(r->q, o), k);
  PetscFunctionReturn(PETSC_SUCCESS);
}
