/* Sparse LU with a pivot order chosen once (Markowitz 1957, Manag Sci 3:255), executed as a list of
 * row operations over all points of a tile. */
#include "solver_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The matrix while pivots are chosen: slot of each entry or -1, and its representative value. */
typedef struct {
  size_t n;
  int *slot;
  double *value;
  unsigned char *row_done, *col_done;
  int *pivot_row, *pivot_col;
} ion_symbolic;

static PetscErrorCode add_op(ion_elimination *e, ion_lu_code code, int dst, int a, int b)
{
  PetscFunctionBegin;
  if (e->n_op == e->capacity) {
    const size_t capacity = e->capacity ? 2 * e->capacity : 1024;
    ion_lu_op *op         = realloc(e->op, capacity * sizeof *op);

    PetscCheck(op, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory");
    e->op       = op;
    e->capacity = capacity;
  }
  e->op[e->n_op++] = (ion_lu_op){.code = code, .dst = dst, .a = a, .b = b};
  PetscFunctionReturn(PETSC_SUCCESS);
}

static size_t count_open(const ion_symbolic *s, size_t i, PetscBool is_row)
{
  size_t count = 0;

  for (size_t j = 0; j < s->n; j++) {
    const size_t at = is_row ? i * s->n + j : j * s->n + i;

    if (!(is_row ? s->col_done[j] : s->row_done[j]) && s->slot[at] >= 0) count++;
  }
  return count;
}

static PetscErrorCode choose_pivot(const ion_symbolic *s, size_t *row, size_t *col)
{
  size_t best       = SIZE_MAX;
  double best_value = 0;

  PetscFunctionBegin;
  for (size_t i = 0; i < s->n; i++) {
    const size_t n_row = s->row_done[i] ? 0 : count_open(s, i, PETSC_TRUE);
    double largest     = 0;

    for (size_t j = 0; j < s->n; j++)
      if (!s->row_done[i] && !s->col_done[j] && s->slot[i * s->n + j] >= 0)
        largest = fmax(largest, fabs(s->value[i * s->n + j]));
    for (size_t j = 0; j < s->n && n_row; j++) {
      const double v = fabs(s->value[i * s->n + j]);
      size_t cost;

      if (s->col_done[j] || s->slot[i * s->n + j] < 0 || v < 0.01 * largest || v == 0) continue;
      cost = (n_row - 1) * (count_open(s, j, PETSC_FALSE) - 1);
      if (cost > best || (cost == best && v / largest <= best_value)) continue;
      best       = cost;
      best_value = v / largest;
      *row       = i;
      *col       = j;
    }
  }
  PetscCheck(best != SIZE_MAX, PETSC_COMM_SELF, PETSC_ERR_MAT_LU_ZRPVT,
             "the model's Jacobian is singular at the resting state");
  PetscFunctionReturn(PETSC_SUCCESS);
}

static int rhs(size_t row)
{
  return -(int)row - 2; /* numbered once the fill is known */
}

static PetscErrorCode eliminate_column(ion_elimination *e, ion_symbolic *s, size_t row, size_t col)
{
  const size_t n  = s->n;
  const int pivot = s->slot[row * n + col];

  PetscFunctionBegin;
  PetscCall(add_op(e, ION_LU_PIVOT, pivot, -1, -1));
  for (size_t i = 0; i < n; i++) {
    const size_t at = i * n + col;

    if (s->row_done[i] || i == row || s->slot[at] < 0) continue;
    PetscCall(add_op(e, ION_LU_SCALE, s->slot[at], pivot, -1));
    s->value[at] /= s->value[row * n + col];
    for (size_t j = 0; j < n; j++) {
      const size_t to = i * n + j, from = row * n + j;

      if (s->col_done[j] || j == col || s->slot[from] < 0) continue;
      if (s->slot[to] < 0) {
        s->slot[to] = (int)(e->n_nonzero + e->n_fill++);
        PetscCall(add_op(e, ION_LU_FILL, s->slot[to], s->slot[at], s->slot[from]));
      } else
        PetscCall(add_op(e, ION_LU_UPDATE, s->slot[to], s->slot[at], s->slot[from]));
      s->value[to] -= s->value[at] * s->value[from];
    }
    PetscCall(add_op(e, ION_LU_UPDATE, rhs(i), s->slot[at], rhs(row)));
  }
  s->row_done[row] = s->col_done[col] = 1;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode substitute_back(ion_elimination *e, ion_symbolic *s)
{
  const size_t n = s->n;

  PetscFunctionBegin;
  for (size_t k = n; k-- > 0;) {
    const size_t row = (size_t)s->pivot_row[k];

    for (size_t later = k + 1; later < n; later++) {
      const int slot = s->slot[row * n + (size_t)s->pivot_col[later]];

      if (slot >= 0)
        PetscCall(add_op(e, ION_LU_UPDATE, rhs(row), slot, rhs((size_t)s->pivot_row[later])));
    }
    PetscCall(add_op(e, ION_LU_SCALE, rhs(row), s->slot[row * n + (size_t)s->pivot_col[k]], -1));
    e->solution[s->pivot_col[k]] = rhs(row);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static int settle(const ion_elimination *e, int slot)
{
  return slot >= -1 ? slot : (int)(e->n_nonzero + e->n_fill) + (-slot - 2);
}

static PetscErrorCode build(ion_elimination *e, ion_symbolic *s, const ion_pattern *pattern,
                            const double *jacobian)
{
  const size_t n = s->n;

  PetscFunctionBegin;
  for (size_t i = 0; i < n * n; i++) s->slot[i] = -1;
  for (size_t i = 0; i < n; i++)
    for (int k = pattern->start[i]; k < pattern->start[i + 1]; k++) {
      s->slot[i * n + (size_t)pattern->col[k]]  = k;
      s->value[i * n + (size_t)pattern->col[k]] = jacobian[k];
    }
  for (size_t k = 0; k < n; k++) {
    size_t row = 0, col = 0;

    PetscCall(choose_pivot(s, &row, &col));
    s->pivot_row[k] = (int)row;
    s->pivot_col[k] = (int)col;
    PetscCall(eliminate_column(e, s, row, col));
  }
  PetscCall(substitute_back(e, s));
  for (size_t i = 0; i < e->n_op; i++) {
    e->op[i].dst = settle(e, e->op[i].dst);
    e->op[i].a   = settle(e, e->op[i].a);
    e->op[i].b   = settle(e, e->op[i].b);
  }
  for (size_t i = 0; i < n; i++) e->solution[i] = settle(e, e->solution[i]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_elimination_create(const ion_pattern *pattern, const double *jacobian,
                                      ion_elimination *e)
{
  const size_t n = pattern->n;
  ion_symbolic s = {.n = n};
  PetscErrorCode code;

  PetscFunctionBegin;
  *e = (ion_elimination){.n = n, .n_nonzero = pattern->n_nonzero};
  PetscCall(PetscMalloc1(n, &e->solution));
  PetscCall(PetscMalloc6(n * n, &s.slot, n * n, &s.value, n, &s.row_done, n, &s.col_done, n,
                         &s.pivot_row, n, &s.pivot_col));
  PetscCall(PetscArrayzero(s.value, n * n));
  PetscCall(PetscArrayzero(s.row_done, n));
  PetscCall(PetscArrayzero(s.col_done, n));
  code = build(e, &s, pattern, jacobian);
  PetscCall(PetscFree6(s.slot, s.value, s.row_done, s.col_done, s.pivot_row, s.pivot_col));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_elimination_destroy(ion_elimination *e)
{
  PetscFunctionBegin;
  free(e->op);
  PetscCall(PetscFree(e->solution));
  memset(e, 0, sizeof *e);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_elimination_place(ion_elimination *e, const ion_work *work)
{
  const double *base  = work->scratch.data;
  const size_t stride = work->scratch.stride, n = e->n_nonzero;
  const size_t first_jac   = (size_t)(work->jac.data - base) / stride;
  const size_t first_F     = (size_t)(work->F.data - base) / stride;
  const size_t first_extra = e->n_fill ? (size_t)(work->extra.data - base) / stride : 0;

  PetscFunctionBegin;
  PetscCheck(work->extra.n_row >= e->n_fill, PETSC_COMM_SELF, PETSC_ERR_ARG_SIZ,
             "%zu rows for a fill of %zu", work->extra.n_row, e->n_fill);
  for (size_t k = 0; k < e->n_op; k++) {
    int *slots[] = {&e->op[k].dst, &e->op[k].a, &e->op[k].b};

    for (int i = 0; i < 3; i++) {
      const size_t slot = (size_t)*slots[i];

      if (*slots[i] < 0) continue;
      *slots[i] = (int)(slot < n               ? first_jac + slot
                        : slot < n + e->n_fill ? first_extra + slot - n
                                               : first_F + slot - n - e->n_fill);
    }
  }
  for (size_t i = 0; i < e->n; i++)
    e->solution[i] = (int)(first_F + (size_t)e->solution[i] - n - e->n_fill);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline void pivot(size_t n, double *restrict a, double *restrict sign)
{
#pragma omp simd
  for (size_t p = 0; p < n; p++) {
    sign[p] = a[p] < 0 ? -sign[p] : sign[p];
    a[p]    = 1.0 / a[p];
  }
}

static inline void scale(size_t n, double *restrict dst, const double *restrict a)
{
#pragma omp simd
  for (size_t p = 0; p < n; p++) dst[p] *= a[p];
}

static inline void update(size_t n, double *restrict dst, const double *restrict a,
                          const double *restrict b)
{
#pragma omp simd
  for (size_t p = 0; p < n; p++) dst[p] -= a[p] * b[p];
}

static inline void fill_in(size_t n, double *restrict dst, const double *restrict a,
                           const double *restrict b)
{
#pragma omp simd
  for (size_t p = 0; p < n; p++) dst[p] = -(a[p] * b[p]);
}

/* Inlined for a constant n, whose loops then have neither counter nor rest. */
static inline __attribute__((always_inline)) void run(const ion_elimination *e, double *base,
                                                      size_t stride, size_t n, double *sign)
{
  for (size_t p = 0; p < n; p++) sign[p] = 1;
  for (const ion_lu_op *op = e->op, *end = op + e->n_op; op < end; op++) {
    double *dst     = base + (size_t)op->dst * stride;
    const double *a = base + (size_t)(op->a < 0 ? 0 : op->a) * stride;
    const double *b = base + (size_t)(op->b < 0 ? 0 : op->b) * stride;

    switch (op->code) {
    case ION_LU_UPDATE:
      update(n, dst, a, b);
      break;
    case ION_LU_SCALE:
      scale(n, dst, a);
      break;
    case ION_LU_FILL:
      fill_in(n, dst, a, b);
      break;
    case ION_LU_PIVOT:
      pivot(n, dst, sign);
      break;
    }
  }
}

void ion_elimination_solve(const ion_elimination *e, ion_block scratch, size_t n_point,
                           double *sign)
{
  switch (n_point) {
  case 32:
    run(e, scratch.data, scratch.stride, 32, sign);
    break;
  case 64:
    run(e, scratch.data, scratch.stride, 64, sign);
    break;
  default:
    run(e, scratch.data, scratch.stride, n_point, sign);
    break;
  }
}
