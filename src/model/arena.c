/* Memory that lives as long as a model, and its growing list of quantities. */
#include "model_impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ion_arena_block {
  ion_arena_block *next;
  max_align_t bytes[];
};

void *ion_model_alloc(ion_model *model, size_t size)
{
  ion_arena_block *block = calloc(1, sizeof *block + (size ? size : 1));

  if (!block) return NULL;
  block->next  = model->arena;
  model->arena = block;
  return block->bytes;
}

const char *ion_model_format(ion_model *model, const char *format, ...)
{
  va_list args, again;
  int length;
  char *text;

  va_start(args, format);
  va_copy(again, args);
  length = vsnprintf(NULL, 0, format, args);
  va_end(args);
  text = length < 0 ? NULL : ion_model_alloc(model, (size_t)length + 1);
  if (text) vsnprintf(text, (size_t)length + 1, format, again);
  va_end(again);
  return text;
}

PetscErrorCode ion_model_add_quantity(ion_model *model, ion_quantity_list *list, const char *name,
                                      const char *unit, const char *meaning, double value,
                                      double lower, double upper, int *row)
{
  PetscFunctionBegin;
  PetscCheck(name && unit && meaning, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory for a quantity");
  if (list->n == list->capacity) {
    const size_t capacity = list->capacity ? 2 * list->capacity : 64;
    ion_quantity *item    = ion_model_alloc(model, capacity * sizeof *item);

    PetscCheck(item, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory for %zu quantities", capacity);
    if (list->n) memcpy(item, list->item, list->n * sizeof *item);
    list->item     = item;
    list->capacity = capacity;
  }
  list->item[list->n] = (ion_quantity){.name      = name,
                                       .unit      = unit,
                                       .meaning   = meaning,
                                       .value     = value,
                                       .lower     = lower,
                                       .upper     = upper,
                                       .is_factor = list == &model->theta};
  if (row) *row = (int)list->n;
  list->n++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

void ion_model_free_arena(ion_model *model)
{
  for (ion_arena_block *block = model->arena, *next; block; block = next) {
    next = block->next;
    free(block);
  }
  model->arena = NULL;
}
