/* Gauss's elimination of the constraints, then of the mass matrix, in an order chosen at rest: the entry of fewest
 * others in its row and column (Markowitz 1957) among those of at least a hundredth of their row. */
#include "reduction.h"

#include <math.h>
#include <string.h>

/* Of a pivot, against the other constraints' unknowns in its row: at rest, and at any point. */
static const double smallest_at_rest = 1e-2, smallest_pivot = 1e-4;

/* The matrices while the order is found: slot of each entry of J and M or -1, and its value at rest. */
typedef struct {
  size_t n;
  const unsigned char *dynamic;
  int *J, *M;
  double *J_rest, *M_rest;
  unsigned char *done; /* rows whose pivot was taken, and columns behind them */
  size_t op_capacity, guard_capacity;
} ion_order;

static PetscErrorCode add_op(ion_reduction *r, ion_order *o, ion_reduce_code code, int dst, int a,
                             int b)
{
  PetscFunctionBegin;
  if (r->n_op == o->op_capacity) {
    o->op_capacity = 2 * o->op_capacity + 1024;
    PetscCall(PetscRealloc(o->op_capacity * sizeof *r->op, &r->op));
  }
  r->op[r->n_op++] = (ion_reduce_op){code, dst, a, b};
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* *slot -= a b; a new slot where there is none. */
static PetscErrorCode subtract(ion_reduction *r, ion_order *o, int *slot, int a, int b)
{
  const ion_reduce_code code = *slot < 0 ? ION_REDUCE_FILL : ION_REDUCE_SUBTRACT;

  PetscFunctionBegin;
  if (*slot < 0) *slot = (int)r->n_slot++;
  PetscCall(add_op(r, o, code, *slot, a, b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A slot for the reciprocal of another. */
static PetscErrorCode invert(ion_reduction *r, ion_order *o, int a, int *inverse)
{
  PetscFunctionBegin;
  *inverse = (int)r->n_slot++;
  PetscCall(add_op(r, o, ION_REDUCE_INVERT, *inverse, a, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- constraints ---- */

static size_t count_row(const ion_order *o, size_t i)
{
  size_t count = 0;

  for (size_t j = 0; j < o->n; j++) count += !o->done[o->n + j] && o->J[i * o->n + j] >= 0;
  return count;
}

static size_t count_column(const ion_order *o, size_t j)
{
  size_t count = 0;

  for (size_t i = 0; i < o->n; i++) count += !o->done[i] && o->J[i * o->n + j] >= 0;
  return count;
}

/* Largest entry of a constraint in the columns of constraints. */
static double largest_in_row(const ion_order *o, size_t i)
{
  double most = 0;

  for (size_t j = 0; j < o->n; j++)
    if (!o->dynamic[j] && !o->done[o->n + j] && o->J[i * o->n + j] >= 0)
      most = fmax(most, fabs(o->J_rest[i * o->n + j]));
  return most;
}

static PetscBool choose_pivot(const ion_order *o, size_t *row, size_t *col)
{
  const size_t n = o->n;
  size_t best    = SIZE_MAX;

  for (size_t i = 0; i < n; i++) {
    const double most = o->dynamic[i] || o->done[i] ? 0 : largest_in_row(o, i);

    for (size_t j = 0; j < n && most > 0; j++) {
      size_t cost;

      if (o->dynamic[j] || o->done[n + j] || o->J[i * n + j] < 0) continue;
      if (fabs(o->J_rest[i * n + j]) < smallest_at_rest * most) continue;
      cost = (count_row(o, i) - 1) * (count_column(o, j) - 1);
      if (cost >= best) continue;
      best = cost;
      *row = i;
      *col = j;
    }
  }
  return (PetscBool)(best != SIZE_MAX);
}

/* The pivot against the other entries of its constraint. */
static PetscErrorCode add_guards(ion_reduction *r, ion_order *o, size_t row, size_t col)
{
  PetscFunctionBegin;
  for (size_t j = 0; j < o->n; j++) {
    if (j == col || o->dynamic[j] || o->done[o->n + j] || o->J[row * o->n + j] < 0) continue;
    if (r->n_guard == o->guard_capacity) {
      o->guard_capacity = 2 * o->guard_capacity + 64;
      PetscCall(PetscRealloc(o->guard_capacity * sizeof *r->guard, &r->guard));
    }
    r->guard[r->n_guard++] = (ion_reduce_guard){o->J[row * o->n + col], o->J[row * o->n + j]};
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode eliminate_constraint(ion_reduction *r, ion_order *o, size_t row, size_t col)
{
  const size_t n = o->n;
  int inverse    = -1;

  PetscFunctionBegin;
  PetscCall(add_guards(r, o, row, col));
  PetscCall(invert(r, o, o->J[row * n + col], &inverse));
  o->done[row] = o->done[n + col] = 1;
  for (size_t i = 0; i < n; i++) {
    const int factor = o->J[i * n + col];
    const double by  = o->J_rest[i * n + col] / o->J_rest[row * n + col];

    if (o->done[i] || factor < 0) continue;
    PetscCall(add_op(r, o, ION_REDUCE_MULTIPLY, factor, factor, inverse));
    for (size_t j = 0; j < n; j++) {
      if (o->done[n + j] || o->J[row * n + j] < 0) continue;
      o->J_rest[i * n + j] -= by * o->J_rest[row * n + j];
      PetscCall(subtract(r, o, &o->J[i * n + j], factor, o->J[row * n + j]));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode eliminate_constraints(ion_reduction *r, ion_order *o)
{
  size_t row = 0, col = 0;

  PetscFunctionBegin;
  for (size_t k = 0; k < o->n; k++) {
    if (o->dynamic[k]) continue;
    r->is_usable = choose_pivot(o, &row, &col);
    if (!r->is_usable) break;
    PetscCall(eliminate_constraint(r, o, row, col));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the mass matrix ---- */

/* A row with no other mass than that on its diagonal, in columns not yet done. */
static PetscBool find_diagonal_row(const ion_order *o, size_t *row)
{
  for (size_t i = 0; i < o->n; i++) {
    size_t others = 0;

    if (!o->dynamic[i] || o->done[o->n + i]) continue;
    for (size_t j = 0; j < o->n; j++)
      others += o->dynamic[j] && j != i && !o->done[o->n + j] && o->M[i * o->n + j] >= 0;
    if (others || o->M[i * o->n + i] < 0 || o->M_rest[i * o->n + i] == 0) continue;
    *row = i;
    return PETSC_TRUE;
  }
  return PETSC_FALSE;
}

/* J_i -= M_ij/M_jj J_j of the columns j already solved, then J_i /= M_ii: M_dd is a triangle, since masses beside the
 * diagonal belong to volumes. */
static PetscErrorCode solve_mass_row(ion_reduction *r, ion_order *o, size_t i)
{
  const size_t n = o->n;
  int inverse    = -1;

  PetscFunctionBegin;
  for (size_t j = 0; j < n; j++) {
    if (!o->dynamic[j] || !o->done[n + j] || o->M[i * n + j] < 0) continue;
    for (size_t k = 0; k < n; k++) {
      if (!o->dynamic[k] || o->J[j * n + k] < 0) continue;
      PetscCall(subtract(r, o, &o->J[i * n + k], o->M[i * n + j], o->J[j * n + k]));
    }
  }
  PetscCall(invert(r, o, o->M[i * n + i], &inverse));
  for (size_t k = 0; k < n; k++)
    if (o->dynamic[k] && o->J[i * n + k] >= 0)
      PetscCall(add_op(r, o, ION_REDUCE_MULTIPLY, o->J[i * n + k], o->J[i * n + k], inverse));
  o->done[n + i] = 1;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode solve_masses(ion_reduction *r, ion_order *o)
{
  size_t row = 0;

  PetscFunctionBegin;
  memset(o->done, 0, 2 * o->n);
  for (size_t k = 0; k < r->n && r->is_usable; k++) {
    r->is_usable = find_diagonal_row(o, &row);
    if (r->is_usable) PetscCall(solve_mass_row(r, o, row));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- making one ---- */

/* The entries at rest, in the first slots of a block. */
static PetscErrorCode evaluate_at_rest(const ion_model *model, ion_block value)
{
  const double *reference = ion_model_reference(model), *rest = ion_model_rest(model);
  ion_block theta = {0}, prepared = {0}, x = {0};
  ion_work work = {0};
  size_t n_theta;

  PetscFunctionBegin;
  (void)ion_model_quantities(model, NULL, &n_theta);
  PetscCall(ion_block_create(n_theta, ION_PAD, &theta));
  PetscCall(ion_block_create(ion_model_n_prepared(model), ION_PAD, &prepared));
  PetscCall(ion_block_create(ion_model_n_state(model), ION_PAD, &x));
  PetscCall(ion_work_create(model, ION_PAD, &work));
  for (size_t p = 0; p < ION_PAD; p++) {
    for (size_t k = 0; k < n_theta; k++) ion_row(theta, k)[p] = reference[k];
    for (size_t i = 0; i < x.n_row; i++) ion_row(x, i)[p] = rest[i];
  }
  ion_model_prepare(model, theta, prepared);
  ion_model_evaluate(model, prepared, x, ION_PAD, ION_RESIDUAL | ION_JACOBIAN, &work);
  ion_model_dynamics_strip(model, prepared, &work, 0, value);
  PetscCall(ion_work_destroy(&work));
  PetscCall(ion_block_destroy(&theta));
  PetscCall(ion_block_destroy(&prepared));
  PetscCall(ion_block_destroy(&x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_pencil(const ion_model *model, ion_order *o)
{
  const ion_dynamics_pattern *pattern = ion_model_dynamics_pattern(model);
  const size_t n                      = pattern->n;
  ion_block value                     = {0};

  PetscFunctionBegin;
  o->n       = n;
  o->dynamic = pattern->dynamic;
  PetscCall(PetscMalloc5(n * n, &o->J, n * n, &o->M, n * n, &o->J_rest, n * n, &o->M_rest, 2 * n,
                         &o->done));
  PetscCall(ion_block_create(pattern->n_entry, ION_PAD, &value));
  PetscCall(evaluate_at_rest(model, value));
  PetscCall(PetscArrayzero(o->J_rest, n * n));
  PetscCall(PetscArrayzero(o->M_rest, n * n));
  PetscCall(PetscArrayzero(o->done, 2 * n));
  for (size_t k = 0; k < n * n; k++) o->J[k] = o->M[k] = -1;
  for (size_t k = 0; k < pattern->n_entry; k++) {
    const size_t at      = (size_t)pattern->row[k] * n + (size_t)pattern->col[k];
    const PetscBool is_J = (PetscBool)(k < pattern->n_J);

    (is_J ? o->J : o->M)[at]           = (int)k;
    (is_J ? o->J_rest : o->M_rest)[at] = ion_row(value, k)[0];
  }
  PetscCall(ion_block_destroy(&value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Where the entries of A lie. */
static PetscErrorCode list_entries(ion_reduction *r, const ion_order *o)
{
  size_t row = 0;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(r->n * r->n, &r->entry));
  for (size_t i = 0; i < o->n; i++) {
    size_t col = 0;

    if (!o->dynamic[i]) continue;
    for (size_t j = 0; j < o->n; j++) {
      if (!o->dynamic[j]) continue;
      if (o->J[i * o->n + j] >= 0)
        r->entry[r->n_entry++] = (ion_reduce_entry){row, col, (size_t)o->J[i * o->n + j]};
      col++;
    }
    row++;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_reduction_create(const ion_model *model, ion_reduction *r)
{
  ion_order o = {0};

  PetscFunctionBegin;
  *r = (ion_reduction){.model = model, .is_usable = PETSC_TRUE};
  PetscCall(read_pencil(model, &o));
  r->n_slot = ion_model_dynamics_pattern(model)->n_entry;
  for (size_t i = 0; i < o.n; i++) r->n += o.dynamic[i];
  PetscCall(eliminate_constraints(r, &o));
  PetscCall(solve_masses(r, &o));
  PetscCall(list_entries(r, &o));
  PetscCall(ion_block_create(r->n_slot, ION_PAD, &r->slot));
  PetscCall(PetscFree5(o.J, o.M, o.J_rest, o.M_rest, o.done));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_reduction_destroy(ion_reduction *r)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(r->op));
  PetscCall(PetscFree(r->guard));
  PetscCall(PetscFree(r->entry));
  PetscCall(ion_block_destroy(&r->slot));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- execution ---- */

ION_INLINE ion_lanes *slot(const ion_reduction *r, int k)
{
  return ion_lanes_at(r->slot, (size_t)k, 0);
}

static void run_op(const ion_reduction *r, const ion_reduce_op *op)
{
  ion_lanes *dst    = slot(r, op->dst);
  const ion_lanes a = *slot(r, op->a), b = *slot(r, op->b);

  switch (op->code) {
  case ION_REDUCE_INVERT:
    *dst = 1.0 / a;
    break;
  case ION_REDUCE_MULTIPLY:
    *dst = a * b;
    break;
  case ION_REDUCE_FILL:
    *dst = -(a * b);
    break;
  case ION_REDUCE_SUBTRACT:
    *dst -= a * b;
    break;
  }
}

void ion_reduction_run(const ion_reduction *r, ion_block prepared, const ion_work *work,
                       size_t first, unsigned char *good)
{
  ion_mask m = (ion_lanes){0} == 0;

  ion_model_dynamics_strip(r->model, prepared, work, first, r->slot);
  for (size_t k = 0; k < r->n_op; k++) run_op(r, &r->op[k]);
  for (size_t k = 0; k < r->n_guard; k++)
    m &= ion_lanes_size(*slot(r, r->guard[k].pivot)) >=
         smallest_pivot * ion_lanes_size(*slot(r, r->guard[k].other));
  for (int l = 0; l < ION_PAD; l++) good[l] = m[l] != 0;
}
