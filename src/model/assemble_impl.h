/* What the files share that turn the network into the program of F and dF/dx.
 *
 * Every derivative is a list of entries (unknown, coefficient, row): the value is the sum of coefficient
 * times row. A row < 0 is the prepared row ~row; the row of ones stands for a constant. */
#ifndef ION_ASSEMBLE_IMPL_H
#define ION_ASSEMBLE_IMPL_H

#include "model_impl.h"

typedef struct {
  int i, x; /* row of F, unknown */
  double coefficient;
  int row;
} ion_entry;

typedef struct {
  ion_entry *item;
  size_t n, capacity;
} ion_entry_list;

typedef struct {
  ion_model *model;
  ion_entry_list jacobian;
  ion_entry_list total; /* i is the process */
} ion_builder;

static inline int ion_builder_new_row(ion_model *model)
{
  return (int)model->n_scratch++;
}

static inline int ion_builder_ones(const ion_model *model)
{
  return ~model->prep_one;
}

/* entries.c */
PetscErrorCode ion_entries_add(ion_entry_list *list, int i, int x, double coefficient, int row);
void ion_entries_merge(
    ion_entry_list *list); /* sorted by row of F, then unknown; one entry a row */

/* chains.c: d ln w/dx of a compartment's volume, and d ln c/dx of every pool */
int ion_chain_volume(const ion_model *model, int compartment, ion_chain *chain);
PetscErrorCode ion_chains_build(ion_model *model);

/* derivatives.c: derivatives of row i times the row `by`, and of the rates */
PetscErrorCode ion_builder_add_chain(ion_builder *b, ion_entry_list *list, int i,
                                     double coefficient, int row, const ion_chain *chain,
                                     int n_chain);
PetscErrorCode ion_builder_add_affinity(ion_builder *b, ion_entry_list *list, int i, double scale,
                                        size_t process, int by);
PetscErrorCode ion_builder_add_osmolarity(ion_builder *b, ion_entry_list *list, int i, double scale,
                                          int compartment, int by);
PetscErrorCode ion_builder_add_rate(ion_builder *b, size_t process);

/* assemble.c: sparsity of dF/dx and the sums of its entries; the rates' own derivatives */
PetscErrorCode ion_builder_finish(ion_builder *b);

#endif
