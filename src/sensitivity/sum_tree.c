#include "sum_tree.h"

PetscErrorCode ion_sum_tree_start(ion_sum_tree *tree)
{
  PetscFunctionBegin;
  tree->n = 0;
  if (!tree->carry) PetscCall(PetscMalloc1(tree->size, &tree->carry));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_sum_tree_destroy(ion_sum_tree *tree)
{
  PetscFunctionBegin;
  for (size_t l = 0; l < ION_SUM_TREE_LEVELS; l++) PetscCall(PetscFree(tree->node[l]));
  PetscCall(PetscFree(tree->carry));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_sum_tree_push(ion_sum_tree *tree)
{
  size_t l = 0;
  double *carry;

  PetscFunctionBegin;
  for (uint64_t n = tree->n; n & 1; n >>= 1, l++)
    for (size_t i = 0; i < tree->size; i++) tree->carry[i] = tree->node[l][i] + tree->carry[i];
  if (!tree->node[l]) PetscCall(PetscMalloc1(tree->size, &tree->node[l]));
  carry         = tree->node[l];
  tree->node[l] = tree->carry;
  tree->carry   = carry;
  tree->n++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

void ion_sum_tree_top(const ion_sum_tree *tree, double *sum)
{
  PetscBool any = PETSC_FALSE;
  size_t l      = 0;

  for (uint64_t n = tree->n; n; n >>= 1, l++) {
    if (!(n & 1)) continue;
    for (size_t i = 0; i < tree->size; i++)
      sum[i] = any ? tree->node[l][i] + sum[i] : tree->node[l][i];
    any = PETSC_TRUE;
  }
}
