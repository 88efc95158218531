/* Blocks of the file to sums, with the weights that failures ask for. */
#include "analysis_impl.h"

#include <math.h>

enum { READ_POINTS = 1 << 16 }; /* read together */

static const double least_success = 0.02; /* below it an estimated p says little */

/* ---- weights ---- */

/* Rows of one replicate and what is needed to weigh them. */
typedef struct {
  const ion_analysis *a;
  ion_block u;               /* [n_column][2]: members A and B */
  double *position;          /* [n_column] */
  unsigned char **others;    /* [n_input][n_column]: factors an input does not move */
  size_t n_weight;           /* of a block */
  double *weight, *smallest; /* [n_weight]; p met so far */
} weigher;

static double bounded(weigher *w, double p)
{
  *w->smallest = PetscMin(*w->smallest, p);
  return 1.0 / PetscMax(p, least_success);
}

/* Where no point of members A and B failed there is no tree. */
static double success_along(const weigher *w, const unsigned char *moves)
{
  return w->a->tree ? ion_tree_success_along(w->a->tree, w->position, moves) : 1.0;
}

/* p(x_j): one factor by counts of survivors, a group by the tree. */
static double share_given(const weigher *w, size_t j)
{
  const ion_analysis *a = w->a;
  size_t n = 0, last = 0;

  for (size_t i = 0; i < a->n_column; i++) {
    if (!a->moves[j][i]) continue;
    n++;
    last = i;
  }
  return n == 1 ? ion_region_success(a->region, last, w->position[last])
                : success_along(w, w->others[j]);
}

/* Of a side: member `own` keeps x_~j, member `other` gives x_j. */
static void weigh_side(weigher *w, size_t own, double *weight)
{
  const ion_analysis *a = w->a;

  for (size_t i = 0; i < a->n_column; i++) w->position[i] = ion_row(w->u, i)[own];
  for (size_t j = 0; j < a->n_input; j++) weight[j] = bounded(w, success_along(w, a->moves[j]));
  for (size_t i = 0; i < a->n_column; i++) w->position[i] = ion_row(w->u, i)[1 - own];
  for (size_t j = 0; j < a->n_input; j++)
    weight[a->n_input + j] = 1.0 / PetscMax(share_given(w, j), least_success);
}

static PetscErrorCode weigh(weigher *w, uint64_t block, size_t replicate)
{
  PetscFunctionBegin;
  PetscCall(ion_design_unit(w->a->design, ion_analysis_point(w->a, block, replicate), 2, w->u));
  weigh_side(w, 0, w->weight);
  if (w->a->is_second_order) weigh_side(w, 1, w->weight + 2 * w->a->n_input);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode start_weigher(const ion_analysis *a, double *smallest, weigher *w)
{
  PetscFunctionBegin;
  *w = (weigher){
      .a = a, .smallest = smallest, .n_weight = (a->is_second_order ? 4 : 2) * a->n_input};
  PetscCall(ion_block_create(a->n_column, 2, &w->u));
  PetscCall(PetscMalloc1(a->n_column, &w->position));
  PetscCall(PetscMalloc1(w->n_weight, &w->weight));
  PetscCall(PetscCalloc1(a->n_input, &w->others));
  for (size_t j = 0; j < a->n_input; j++) {
    PetscCall(PetscMalloc1(a->n_column, &w->others[j]));
    for (size_t i = 0; i < a->n_column; i++) w->others[j][i] = !a->moves[j][i];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode end_weigher(weigher *w)
{
  PetscFunctionBegin;
  for (size_t j = 0; w->others && j < w->a->n_input; j++) PetscCall(PetscFree(w->others[j]));
  PetscCall(PetscFree(w->others));
  PetscCall(PetscFree(w->position));
  PetscCall(PetscFree(w->weight));
  PetscCall(ion_block_destroy(&w->u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- blocks ---- */

/* The mean of the first values there are: near enough to the mean of all. */
static double find_shift(size_t n, const double *value)
{
  double sum = 0.0, there = 0.0;

  for (size_t i = 0; i < n; i++) {
    if (!isfinite(value[i])) continue;
    sum += value[i];
    there += 1.0;
  }
  return there > 0.0 ? sum / there : 0.0;
}

static PetscErrorCode add_blocks(const ion_analysis *a, uint64_t first, size_t n,
                                 const double *value, weigher *w, ion_pairs *pairs)
{
  const size_t stride = a->n_replicate * a->n_member;

  PetscFunctionBegin;
  for (size_t r = 0; r < a->n_replicate; r++) {
    for (size_t i = 0; i < n; i += w ? 1 : n) {
      const ion_pairs_rows rows = {.replicate = r,
                                   .first     = first + i,
                                   .n         = w ? 1 : n,
                                   .stride    = stride,
                                   .f         = value + i * stride + r * a->n_member,
                                   .weight    = w ? w->weight : NULL};

      if (w) PetscCall(weigh(w, first + i, r));
      PetscCall(ion_pairs_add(pairs, &rows));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode sum_blocks(const ion_analysis *a, analysis_source source, const void *context,
                                 const ion_pairs_shape *plan, weigher *w, ion_pairs **pairs)
{
  const size_t row      = a->n_replicate * a->n_member;
  const uint64_t n_read = PetscMin(a->n_block, PetscMax(1, READ_POINTS / row));
  ion_pairs_shape shape = *plan;
  double *value;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1((size_t)n_read * row, &value));
  for (uint64_t b = 0; b < a->n_block; b += n_read) {
    const size_t n = (size_t)PetscMin(n_read, a->n_block - b);

    PetscCall(source(a, context, b * row, n * row, value));
    if (b == 0) {
      shape.shift = find_shift(n * row, value);
      PetscCall(ion_pairs_create(&shape, pairs));
    }
    PetscCall(add_blocks(a, b, n, value, w, *pairs));
  }
  PetscCall(PetscFree(value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_analysis_sum(const ion_analysis *a, analysis_source source, const void *context,
                                PetscBool weighted, PetscBool second_order, double *p_least,
                                ion_pairs **pairs)
{
  const ion_pairs_shape shape = {.n_input      = a->n_input,
                                 .n_replicate  = a->n_replicate,
                                 .n_block      = a->n_block,
                                 .reversed     = a->is_second_order,
                                 .second_order = second_order,
                                 .weighted     = weighted};
  double smallest             = 1.0;
  weigher w;

  PetscFunctionBegin;
  if (weighted) {
    PetscCall(start_weigher(a, &smallest, &w));
    PetscCall(sum_blocks(a, source, context, &shape, &w, pairs));
    PetscCall(end_weigher(&w));
  } else {
    PetscCall(sum_blocks(a, source, context, &shape, NULL, pairs));
  }
  if (p_least) *p_least = PetscMax(smallest, least_success);
  PetscFunctionReturn(PETSC_SUCCESS);
}
