/* Arrays added in a binary tree: the sum is the same bits however the leaves were grouped into nodes. */
#ifndef ION_SUM_TREE_H
#define ION_SUM_TREE_H

#include <ion/base.h>

enum { ION_SUM_TREE_LEVELS = 48 };

/* Nodes that wait for their sibling are held: of 2^l leaves at level l. */
typedef struct {
  size_t size;                       /* values a node */
  uint64_t n;                        /* leaves added */
  double *node[ION_SUM_TREE_LEVELS]; /* [size], made when first used */
  double *carry;                     /* [size] the next leaf */
} ion_sum_tree;

/* Begin with no leaf; `size` is set and all else zero, or left by an earlier sum. */
PetscErrorCode ion_sum_tree_start(ion_sum_tree *tree);
PetscErrorCode ion_sum_tree_destroy(ion_sum_tree *tree); /* also one never started */

/* Add the leaf that lies in `carry`, which becomes free again. */
PetscErrorCode ion_sum_tree_push(ion_sum_tree *tree);

/* All leaves together [size]; those of an incomplete tree from its end. Left alone where there is none. */
void ion_sum_tree_top(const ion_sum_tree *tree, double *sum);

#endif
