/* Sparse LU with a pivot order chosen once (Markowitz 1957, Manag Sci 3:255), executed over all points of a
 * tile. Rows of the matrix are finished one after the other, each entry by one sum of products (Doolittle),
 * so that a row stays in cache while it is worked on and every entry is written once. */
#include "base/lanes.h"
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
  PetscBool is_bordered;
} ion_symbolic;

/* ---- order of elimination ---- */

static size_t count_open(const ion_symbolic *s, size_t i, PetscBool is_row)
{
  size_t count = 0;

  for (size_t j = 0; j < s->n; j++) {
    const size_t at = is_row ? i * s->n + j : j * s->n + i;

    if (!(is_row ? s->col_done[j] : s->row_done[j]) && s->slot[at] >= 0) count++;
  }
  return count;
}

static double largest_in_row(const ion_symbolic *s, size_t i)
{
  double largest = 0;

  for (size_t j = 0; j < s->n; j++)
    if (!s->col_done[j] && s->slot[i * s->n + j] >= 0)
      largest = fmax(largest, fabs(s->value[i * s->n + j]));
  return largest;
}

/* Smallest (r - 1)(c - 1) among entries of at least a hundredth of their row. */
static PetscErrorCode choose_pivot(const ion_symbolic *s, size_t *row, size_t *col)
{
  size_t best       = SIZE_MAX;
  double best_value = 0;

  PetscFunctionBegin;
  for (size_t i = 0; i < s->n; i++) {
    const size_t n_row   = s->row_done[i] ? 0 : count_open(s, i, PETSC_TRUE);
    const double largest = s->row_done[i] ? 0 : largest_in_row(s, i);

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

static void eliminate(ion_elimination *e, ion_symbolic *s, size_t row, size_t col)
{
  const size_t n = s->n;

  for (size_t i = 0; i < n; i++) {
    const double by = s->value[i * n + col] / s->value[row * n + col];

    if (s->row_done[i] || i == row || s->slot[i * n + col] < 0) continue;
    for (size_t j = 0; j < n; j++) {
      if (s->col_done[j] || j == col || s->slot[row * n + j] < 0) continue;
      if (s->slot[i * n + j] < 0) s->slot[i * n + j] = (int)(e->n_nonzero + e->n_fill++);
      s->value[i * n + j] -= by * s->value[row * n + j];
    }
  }
  s->row_done[row] = s->col_done[col] = 1;
}

/* The border waits to the last two pivots, of which the first lies in its column. */
static PetscErrorCode choose_next(ion_symbolic *s, size_t k, size_t *row, size_t *col)
{
  const size_t last = s->n - 1;

  PetscFunctionBegin;
  if (s->is_bordered && k + 2 >= s->n) {
    for (*row = 0; *row < last && s->row_done[*row];) (*row)++;
    for (*col = 0; *col < last && s->col_done[*col];) (*col)++;
    if (k + 2 == s->n && s->slot[*row * s->n + last] >= 0) *col = last;
    if (k + 1 == s->n && !s->row_done[last]) *row = last;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (s->is_bordered) s->row_done[last] = s->col_done[last] = 1;
  PetscCall(choose_pivot(s, row, col));
  if (s->is_bordered) s->row_done[last] = s->col_done[last] = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode choose_order(ion_elimination *e, ion_symbolic *s, const ion_pattern *pattern,
                                   const int *number, const double *jacobian)
{
  const size_t n = s->n;

  PetscFunctionBegin;
  for (size_t i = 0; i < n * n; i++) s->slot[i] = -1;
  for (size_t i = 0; i < n; i++)
    for (int k = pattern->start[i]; k < pattern->start[i + 1]; k++) {
      s->slot[i * n + (size_t)pattern->col[k]]  = number ? number[k] : k;
      s->value[i * n + (size_t)pattern->col[k]] = jacobian[k];
    }
  for (size_t k = 0; k < n; k++) {
    size_t row = 0, col = 0;

    PetscCall(choose_next(s, k, &row, &col));
    s->pivot_row[k] = (int)row;
    s->pivot_col[k] = (int)col;
    eliminate(e, s, row, col);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the list of operations ---- */

static int slot_at(const ion_symbolic *s, size_t row, size_t col)
{
  return s->slot[(size_t)s->pivot_row[row] * s->n + (size_t)s->pivot_col[col]];
}

static int rhs(const ion_elimination *e, const ion_symbolic *s, size_t r, size_t row)
{
  return (int)(e->n_nonzero + e->n_fill + r * e->n) + s->pivot_row[row];
}

static ion_lu_op *new_op(ion_elimination *e, int dst)
{
  e->op[e->n_op] = (ion_lu_op){.dst = dst, .scale = -1, .first = (int)e->n_term};
  return &e->op[e->n_op++];
}

static void add_term(ion_elimination *e, ion_lu_op *op, int a, int b)
{
  e->term[2 * e->n_term]     = a;
  e->term[2 * e->n_term + 1] = b;
  e->n_term++;
  op->n++;
}

/* Entry (t, k) of the factors, places in pivot order: a_tk - sum_l L_tl U_lk, over the pivot left of the
 * diagonal; the diagonal keeps its reciprocal. */
static void factor_entry(ion_elimination *e, const ion_symbolic *s, size_t t, size_t k)
{
  ion_lu_op *op = new_op(e, slot_at(s, t, k));

  op->is_fill  = (size_t)op->dst >= e->n_nonzero;
  op->is_pivot = k == t;
  if (k < t) op->scale = slot_at(s, k, k);
  for (size_t l = 0; l < k && l < t; l++)
    if (slot_at(s, t, l) >= 0 && slot_at(s, l, k) >= 0)
      add_term(e, op, slot_at(s, t, l), slot_at(s, l, k));
}

/* Component t of right-hand side r: less those to the left, then over the pivot less those to the right. */
static void forward(ion_elimination *e, const ion_symbolic *s, size_t r, size_t t)
{
  ion_lu_op *op = new_op(e, rhs(e, s, r, t));

  op->is_rhs = PETSC_TRUE;
  for (size_t l = 0; l < t; l++)
    if (slot_at(s, t, l) >= 0) add_term(e, op, slot_at(s, t, l), rhs(e, s, r, l));
}

static void backward(ion_elimination *e, const ion_symbolic *s, size_t r, size_t t)
{
  ion_lu_op *op = new_op(e, rhs(e, s, r, t));

  op->is_rhs = PETSC_TRUE;
  op->scale  = slot_at(s, t, t);
  for (size_t l = t + 1; l < s->n; l++)
    if (slot_at(s, t, l) >= 0) add_term(e, op, slot_at(s, t, l), rhs(e, s, r, l));
  e->solution[r * e->n + (size_t)s->pivot_col[t]] = rhs(e, s, r, t);
}

static void list_operations(ion_elimination *e, const ion_symbolic *s)
{
  const size_t n = s->n;

  for (size_t t = 0; t < n; t++) {
    for (size_t k = 0; k < n; k++)
      if (slot_at(s, t, k) >= 0) factor_entry(e, s, t, k);
    for (size_t r = 0; r < e->n_rhs; r++) forward(e, s, r, t);
  }
  for (size_t t = n; t-- > 0;)
    for (size_t r = 0; r < e->n_rhs; r++) backward(e, s, r, t);
}

PetscErrorCode ion_elimination_create(const ion_pattern *pattern, const int *number,
                                      const double *jacobian, size_t n_rhs, PetscBool is_bordered,
                                      ion_elimination *e)
{
  const size_t n = pattern->n;
  ion_symbolic s = {.n = n, .is_bordered = is_bordered};
  PetscErrorCode code;

  PetscFunctionBegin;
  *e = (ion_elimination){.n = n, .n_rhs = n_rhs, .n_nonzero = pattern->n_nonzero};
  PetscCall(PetscMalloc6(n * n, &s.slot, n * n, &s.value, n, &s.row_done, n, &s.col_done, n,
                         &s.pivot_row, n, &s.pivot_col));
  PetscCall(PetscArrayzero(s.value, n * n));
  PetscCall(PetscArrayzero(s.row_done, n));
  PetscCall(PetscArrayzero(s.col_done, n));
  code = choose_order(e, &s, pattern, number, jacobian);
  if (!code) {
    PetscCall(PetscMalloc3(n_rhs * n, &e->solution, n * n + 2 * n_rhs * n, &e->op,
                           2 * n * n * n + 2 * n_rhs * n * n, &e->term));
    list_operations(e, &s);
  }
  PetscCall(PetscFree6(s.slot, s.value, s.row_done, s.col_done, s.pivot_row, s.pivot_col));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_elimination_destroy(ion_elimination *e)
{
  PetscFunctionBegin;
  PetscCall(PetscFree3(e->solution, e->op, e->term));
  memset(e, 0, sizeof *e);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- execution ---- */

/* Rows of a work: where dF/dx, F and the extra rows begin, and how many dF/dx and F have. */
typedef struct {
  size_t n_jac, n_matrix, n_F, jac, F, extra;
} ion_places;

static int place(const ion_places *at, int slot)
{
  const size_t i = (size_t)slot;

  if (slot < 0) return slot;
  if (i < at->n_jac) return (int)(at->jac + i);
  if (i < at->n_matrix) return (int)(at->extra + i - at->n_jac);
  if (i < at->n_matrix + at->n_F) return (int)(at->F + i - at->n_matrix);
  return (int)(at->extra + i - at->n_jac - at->n_F);
}

size_t ion_elimination_extra_rows(const ion_elimination *e, size_t n_jac, size_t n_F)
{
  return e->n_nonzero + e->n_fill + e->n_rhs * e->n - n_jac - n_F;
}

double *ion_elimination_rhs(const ion_elimination *e, const ion_work *work, size_t r, size_t i)
{
  const size_t j = r * e->n + i, n_F = work->F.n_row;

  if (j < n_F) return ion_row(work->F, j);
  return ion_row(work->extra, e->n_nonzero + e->n_fill - work->jac.n_row + j - n_F);
}

static size_t row_of(const ion_work *work, ion_block part)
{
  return part.n_row ? (size_t)(part.data - work->scratch.data) / work->scratch.stride : 0;
}

PetscErrorCode ion_elimination_place(ion_elimination *e, const ion_work *work)
{
  const ion_places at = {.n_jac    = work->jac.n_row,
                         .n_matrix = e->n_nonzero + e->n_fill,
                         .n_F      = work->F.n_row,
                         .jac      = row_of(work, work->jac),
                         .F        = row_of(work, work->F),
                         .extra    = row_of(work, work->extra)};

  PetscFunctionBegin;
  PetscCheck(work->extra.n_row >= ion_elimination_extra_rows(e, at.n_jac, at.n_F), PETSC_COMM_SELF,
             PETSC_ERR_ARG_SIZ, "%zu rows behind dF/dx, %zu needed", work->extra.n_row,
             ion_elimination_extra_rows(e, at.n_jac, at.n_F));
  for (size_t k = 0; k < e->n_op; k++) {
    e->op[k].dst   = place(&at, e->op[k].dst);
    e->op[k].scale = place(&at, e->op[k].scale);
  }
  for (size_t k = 0; k < 2 * e->n_term; k++) e->term[k] = place(&at, e->term[k]);
  for (size_t i = 0; i < e->n_rhs * e->n; i++) e->solution[i] = place(&at, e->solution[i]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One operation over `width` vectors from point `first` on. */
ION_INLINE void run_op(const ion_lu_op *op, const int *term, ion_block block, size_t first,
                       int width, double *restrict sign)
{
  ion_lanes *dst = ion_lanes_at(block, (size_t)op->dst, first), sum[ION_STRIP];

  for (int v = 0; v < width; v++) sum[v] = op->is_fill ? (ion_lanes){0} : dst[v];
  for (int k = 0; k < op->n; k++) {
    const ion_lanes *a = ion_lanes_at(block, (size_t)term[2 * k], first);
    const ion_lanes *b = ion_lanes_at(block, (size_t)term[2 * k + 1], first);

    for (int v = 0; v < width; v++) sum[v] -= a[v] * b[v];
  }
  if (op->scale >= 0) {
    const ion_lanes *by = ion_lanes_at(block, (size_t)op->scale, first);

    for (int v = 0; v < width; v++) sum[v] *= by[v];
  }
  if (!op->is_pivot) {
    for (int v = 0; v < width; v++) dst[v] = sum[v];
    return;
  }
  for (int v = 0; v < width; v++) dst[v] = 1.0 / sum[v];
  for (size_t p = 0; p < (size_t)width * ION_PAD; p++)
    sign[first + p] =
        ion_row(block, (size_t)op->dst)[first + p] < 0 ? -sign[first + p] : sign[first + p];
}

static void run_over_points(const ion_elimination *e, const ion_lu_op *op, ion_block scratch,
                            size_t n_point, double *sign)
{
  const int *term = e->term + 2 * op->first;
  size_t first    = 0;

  for (; first + ION_STRIP * ION_PAD <= n_point; first += ION_STRIP * ION_PAD)
    run_op(op, term, scratch, first, ION_STRIP, sign);
  for (; first < n_point; first += ION_PAD) run_op(op, term, scratch, first, 1, sign);
}

void ion_elimination_solve(const ion_elimination *e, ion_block scratch, size_t n_point,
                           double *sign)
{
  for (size_t p = 0; p < n_point; p++) sign[p] = 1;
  for (size_t i = 0; i < e->n_op; i++) run_over_points(e, &e->op[i], scratch, n_point, sign);
}

void ion_elimination_solve_again(const ion_elimination *e, ion_block scratch, size_t n_point)
{
  for (size_t i = 0; i < e->n_op; i++)
    if (e->op[i].is_rhs) run_over_points(e, &e->op[i], scratch, n_point, NULL);
}
