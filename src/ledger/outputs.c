/* Which outputs a study wants: names, globs and groups. */
#include "ledger_impl.h"

#include <fnmatch.h>
#include <string.h>

static PetscErrorCode item_free(ion_item *item)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(item->name));
  PetscCall(PetscFree(item->long_name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_outputs_destroy(ion_outputs **outputs)
{
  PetscFunctionBegin;
  if (!*outputs) PetscFunctionReturn(PETSC_SUCCESS);
  for (size_t i = 0; i < (*outputs)->n; i++) PetscCall(item_free(&(*outputs)->item[i]));
  PetscCall(PetscFree((*outputs)->item));
  PetscCall(PetscFree((*outputs)->varied));
  PetscCall(ion_outputs_destroy(&(*outputs)->differentiated));
  PetscCall(PetscFree(*outputs));
  PetscFunctionReturn(PETSC_SUCCESS);
}

size_t ion_outputs_count(const ion_outputs *outputs)
{
  return outputs->n;
}

const ion_output *ion_outputs_at(const ion_outputs *outputs, size_t i)
{
  return &outputs->item[i].about;
}

PetscBool ion_outputs_need_eigenvalue(const ion_outputs *outputs)
{
  return outputs->need_eigenvalue;
}

PetscBool ion_outputs_show_eigenvalue(const ion_outputs *outputs)
{
  for (size_t i = 0; i < outputs->n; i++)
    if (outputs->item[i].kind == &ion_item_eigenvalue ||
        outputs->item[i].kind == &ion_item_frequency)
      return PETSC_TRUE;
  return PETSC_FALSE;
}

static PetscBool matches(const ion_output *output, const char *word)
{
  if (!strcmp(output->name, word) || !strcmp(output->group, word)) return PETSC_TRUE;
  return (PetscBool)(strpbrk(word, "*?[") && !fnmatch(word, output->name, 0));
}

/* An unknown word, with the nearest name or group. */
static PetscErrorCode refuse(const ion_outputs *all, const ion_node *node, const char *word)
{
  const char **known, *nearest;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(2 * all->n, &known));
  for (size_t i = 0; i < all->n; i++) {
    known[2 * i]     = all->item[i].about.name;
    known[2 * i + 1] = all->item[i].about.group;
  }
  nearest = ion_nearest_name(word, known, 2 * all->n);
  PetscCall(PetscFree(known));
  if (strpbrk(word, "*?["))
    PetscCall(ion_node_fail(node, "no output matches '%s'", word));
  else if (nearest)
    PetscCall(ion_node_fail(node, "unknown output '%s'; did you mean '%s'?", word, nearest));
  else
    PetscCall(ion_node_fail(node,
                            "unknown output '%s'; groups: state, nernst, electrical, atp, ledger, "
                            "ledger.total, audit, nanodomain, sensitivity.local, stability, class",
                            word));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Append to `order` what a word means and is not taken yet. */
static PetscErrorCode choose(const ion_outputs *all, const ion_node *node, size_t *order,
                             unsigned char *taken, size_t *n)
{
  const char *word;
  PetscBool known = PETSC_FALSE;

  PetscFunctionBegin;
  PetscCall(ion_node_get_string(node, "an output", &word));
  if (ion_outputs_is_local(word)) PetscFunctionReturn(PETSC_SUCCESS);
  for (size_t i = 0; i < all->n; i++) {
    if (!matches(&all->item[i].about, word)) continue;
    known = PETSC_TRUE;
    if (!taken[i]) order[(*n)++] = i;
    taken[i] = 1;
  }
  if (!known) PetscCall(refuse(all, node, word));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_outputs_keep(ion_outputs *all, const size_t *order, const unsigned char *taken,
                                size_t n)
{
  ion_item *item;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n, &item));
  for (size_t i = 0; i < n; i++) item[i] = all->item[order[i]];
  for (size_t i = 0; i < all->n; i++)
    if (!taken[i]) PetscCall(item_free(&all->item[i]));
  PetscCall(PetscFree(all->item));
  all->item = item;
  all->n    = n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode choose_all(const ion_outputs *all, const ion_node *selection, size_t *order,
                                 unsigned char *taken, size_t *n)
{
  PetscFunctionBegin;
  if (ion_node_type(selection) != ION_SEQUENCE) {
    PetscCall(choose(all, selection, order, taken, n));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (!ion_node_count(selection))
    PetscCall(ion_node_fail(selection, "outputs needs at least one name"));
  for (size_t i = 0; i < ion_node_count(selection); i++)
    PetscCall(choose(all, ion_node_at(selection, i), order, taken, n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode reduce(ion_outputs *all, const ion_node *selection)
{
  const size_t most = all->n * (1 + all->n_varied);
  size_t *order, n = 0;
  unsigned char *taken;
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(most, &order));
  PetscCall(PetscCalloc1(most, &taken));
  code = choose_all(all, selection, order, taken, &n);
  if (!code) code = ion_outputs_choose_local(all, selection, order, taken, &n);
  if (!code) code = ion_outputs_keep(all, order, taken, n);
  PetscCall(PetscFree(order));
  PetscCall(PetscFree(taken));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_outputs_create(const ion_model *model, const ion_node *selection,
                                  ion_outputs **outputs)
{
  PetscFunctionBegin;
  PetscCall(ion_outputs_create_varying(model, selection, NULL, 0, outputs));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_outputs_create_varying(const ion_model *model, const ion_node *selection,
                                          const ion_varied *varied, size_t n_varied,
                                          ion_outputs **outputs)
{
  PetscFunctionBegin;
  PetscCall(PetscNew(outputs)); /* zeroed; the caller destroys it even if a later line fails */
  (*outputs)->model = model;
  PetscCall(PetscMalloc1(n_varied, &(*outputs)->varied));
  PetscCall(PetscArraycpy((*outputs)->varied, varied, n_varied));
  (*outputs)->n_varied = n_varied;
  PetscCall(ion_outputs_tabulate(*outputs));
  if (selection) PetscCall(reduce(*outputs, selection));
  for (size_t i = 0; i < (*outputs)->n; i++)
    if ((*outputs)->item[i].kind->needs_eigenvalue) (*outputs)->need_eigenvalue = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}
