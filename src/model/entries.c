/* Lists of entries of a sparse derivative. */
#include "assemble_impl.h"

#include <stdlib.h>

PetscErrorCode ion_entries_add(ion_entry_list *list, int i, int x, double coefficient, int row)
{
  PetscFunctionBegin;
  if (list->n == list->capacity) {
    const size_t capacity = list->capacity ? 2 * list->capacity : 512;
    ion_entry *item       = realloc(list->item, capacity * sizeof *item);

    PetscCheck(item, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory");
    list->item     = item;
    list->capacity = capacity;
  }
  list->item[list->n++] = (ion_entry){.i = i, .x = x, .coefficient = coefficient, .row = row};
  PetscFunctionReturn(PETSC_SUCCESS);
}
static int compare_entries(const void *a, const void *b)
{
  const ion_entry *x = a, *y = b;

  if (x->i != y->i) return x->i < y->i ? -1 : 1;
  if (x->x != y->x) return x->x < y->x ? -1 : 1;
  if (x->row != y->row) return x->row < y->row ? -1 : 1;
  return x->coefficient < y->coefficient ? -1 : x->coefficient > y->coefficient;
}

/* Add up entries of one place and row; the list stays sorted by row of F, then unknown. */
void ion_entries_merge(ion_entry_list *list)
{
  size_t n = 0;

  qsort(list->item, list->n, sizeof *list->item, compare_entries);
  for (size_t k = 0; k < list->n; k++) {
    const ion_entry e = list->item[k];

    if (n && list->item[n - 1].i == e.i && list->item[n - 1].x == e.x &&
        list->item[n - 1].row == e.row)
      list->item[n - 1].coefficient += e.coefficient;
    else
      list->item[n++] = e;
  }
  list->n = n;
}
