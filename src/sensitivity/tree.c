/* A classification tree of where points fail. */
#include "sensitivity_impl.h"

#include <math.h>
#include <string.h>

enum { MAX_DEPTH = 12, MIN_LEAF = 4 };

/* A node is a leaf (factor SIZE_MAX) or splits at u[factor] < at. */
typedef struct {
  size_t factor;
  double at;
  size_t left, right;
  double success; /* share of its points */
} node;

struct ion_tree {
  size_t k, n_node, capacity;
  node *node;
};

/* Points while the tree grows. */
typedef struct {
  ion_block u;
  const unsigned char *failed;
  double *column; /* [n] */
  size_t *order;  /* [n] */
} grower;

typedef struct {
  size_t factor;
  double at, gain;
} split;

/* n p (1 - p): Gini impurity times points. */
static double impurity(double failed, double n)
{
  return n > 0.0 ? failed * (n - failed) / n : 0.0;
}

/* The best place to cut the points `index` along a factor, if better than `best`. */
static PetscErrorCode try_factor(const grower *g, size_t j, const size_t *index, size_t n,
                                 size_t n_failed, split *best)
{
  const double *u  = ion_row(g->u, j);
  const double all = impurity((double)n_failed, (double)n);
  size_t left      = 0;

  PetscFunctionBegin;
  for (size_t i = 0; i < n; i++) g->column[i] = u[index[i]];
  PetscCall(ion_order(n, g->column, g->order));
  for (size_t i = 1; i < n; i++) {
    const double before = g->column[g->order[i - 1]], after = g->column[g->order[i]];
    double gain;

    left += g->failed[index[g->order[i - 1]]];
    if (i < MIN_LEAF || n - i < MIN_LEAF || !(after > before)) continue;
    gain = all - impurity((double)left, (double)i) -
           impurity((double)(n_failed - left), (double)(n - i));
    if (gain > best->gain) *best = (split){j, 0.5 * (before + after), gain};
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Points of the left child first; returns their number. */
static size_t partition(const double *u, double at, size_t *index, size_t n)
{
  size_t left = 0;

  for (size_t i = 0; i < n; i++) {
    if (u[index[i]] < at) {
      const size_t swap = index[left];

      index[left++] = index[i];
      index[i]      = swap;
    }
  }
  return left;
}

static PetscErrorCode add_node(ion_tree *tree, double success, size_t *at)
{
  PetscFunctionBegin;
  if (tree->n_node == tree->capacity) {
    tree->capacity = 2 * tree->capacity + 64;
    PetscCall(PetscRealloc(tree->capacity * sizeof *tree->node, &tree->node));
  }
  *at             = tree->n_node++;
  tree->node[*at] = (node){SIZE_MAX, 0.0, 0, 0, success};
  PetscFunctionReturn(PETSC_SUCCESS);
}

// NOLINTNEXTLINE(misc-no-recursion): at most MAX_DEPTH deep
static PetscErrorCode grow(const grower *g, ion_tree *tree, size_t *index, size_t n, int depth,
                           size_t *at)
{
  split best      = {SIZE_MAX, 0.0, 0.0};
  size_t n_failed = 0, n_left, left, right;

  PetscFunctionBegin;
  for (size_t i = 0; i < n; i++) n_failed += g->failed[index[i]];
  PetscCall(add_node(tree, 1.0 - (double)n_failed / (double)n, at));
  if (depth == MAX_DEPTH || n_failed == 0 || n_failed == n) PetscFunctionReturn(PETSC_SUCCESS);
  for (size_t j = 0; j < tree->k; j++) PetscCall(try_factor(g, j, index, n, n_failed, &best));
  if (best.factor == SIZE_MAX) PetscFunctionReturn(PETSC_SUCCESS);
  n_left = partition(ion_row(g->u, best.factor), best.at, index, n);
  PetscCall(grow(g, tree, index, n_left, depth + 1, &left));
  PetscCall(grow(g, tree, index + n_left, n - n_left, depth + 1, &right));
  tree->node[*at] = (node){best.factor, best.at, left, right, tree->node[*at].success};
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_tree_create(ion_block u, const unsigned char *failed, ion_tree **tree)
{
  grower g = {.u = u, .failed = failed};
  size_t *index, root;

  PetscFunctionBegin;
  *tree = NULL;
  PetscCheck(u.n_point > 0, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE, "a tree of no points");
  PetscCall(PetscNew(tree));
  (*tree)->k = u.n_row;
  PetscCall(PetscMalloc3(u.n_point, &g.column, u.n_point, &g.order, u.n_point, &index));
  for (size_t i = 0; i < u.n_point; i++) index[i] = i;
  PetscCall(grow(&g, *tree, index, u.n_point, 0, &root));
  PetscCall(PetscFree3(g.column, g.order, index));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_tree_destroy(ion_tree **tree)
{
  PetscFunctionBegin;
  if (!*tree) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFree((*tree)->node));
  PetscCall(PetscFree(*tree));
  PetscFunctionReturn(PETSC_SUCCESS);
}

double ion_tree_success(const ion_tree *tree, const double *u)
{
  const node *at = tree->node;

  while (at->factor != SIZE_MAX) at = &tree->node[u[at->factor] < at->at ? at->left : at->right];
  return at->success;
}

/* The part of the line (or plane) through u that passes node `at`, which spans lower to upper. */
typedef struct {
  const ion_tree *tree;
  const double *u;
  const unsigned char *moves;
  double lower[MAX_DEPTH], upper[MAX_DEPTH]; /* of the free factors met so far */
  size_t factor[MAX_DEPTH];
} walk;

static size_t find(const walk *w, size_t n, size_t factor)
{
  size_t i = 0;

  while (i < n && w->factor[i] != factor) i++;
  return i;
}

// NOLINTNEXTLINE(misc-no-recursion): at most MAX_DEPTH deep
static double average(walk *w, size_t at, size_t n)
{
  const node *here = &w->tree->node[at];
  double lower, upper, share, left = 0.0, right = 0.0;
  size_t i;

  if (here->factor == SIZE_MAX) return here->success;
  if (!w->moves[here->factor])
    return average(w, w->u[here->factor] < here->at ? here->left : here->right, n);
  i = find(w, n, here->factor);
  if (i == n) {
    w->factor[n] = here->factor;
    w->lower[n]  = 0.0;
    w->upper[n]  = 1.0;
    n++;
  }
  lower       = w->lower[i];
  upper       = w->upper[i];
  share       = (here->at - lower) / (upper - lower);
  w->upper[i] = here->at;
  left        = average(w, here->left, n);
  w->upper[i] = upper;
  w->lower[i] = here->at;
  right       = average(w, here->right, n);
  w->lower[i] = lower;
  return share * left + (1.0 - share) * right;
}

double ion_tree_success_along(const ion_tree *tree, const double *u, const unsigned char *moves)
{
  walk w = {.tree = tree, .u = u, .moves = moves};

  return average(&w, 0, 0);
}
