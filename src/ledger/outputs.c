/* Which outputs a study wants: names, globs and groups. */
#include "ledger_impl.h"

#include <fnmatch.h>
#include <stdio.h>
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

PetscBool ion_output_is_of_state(const ion_output *output)
{
  return (PetscBool)(strcmp(output->group, "class") != 0 &&
                     strcmp(output->group, "departure") != 0 &&
                     strcmp(output->group, "stability") != 0);
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

/* The groups of a list of outputs, each once, commas between. */
static PetscErrorCode list_groups(const ion_output *const *all, size_t n, char **text)
{
  size_t size = 1, used = 0;

  PetscFunctionBegin;
  for (size_t i = 0; i < n; i++) size += strlen(all[i]->group) + 2;
  PetscCall(PetscCalloc1(size, text));
  for (size_t i = 0; i < n; i++) {
    size_t k = 0;

    while (k < i && strcmp(all[k]->group, all[i]->group) != 0) k++;
    if (k < i) continue;
    used += (size_t)snprintf(*text + used, size - used, "%s%s", used ? ", " : "", all[i]->group);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* An unknown word, with the nearest name or group. */
static PetscErrorCode refuse(const ion_output *const *all, size_t n, const ion_node *node,
                             const char *word)
{
  const char **known, *nearest;
  char *groups = NULL;
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(2 * n, &known));
  for (size_t i = 0; i < n; i++) {
    known[2 * i]     = all[i]->name;
    known[2 * i + 1] = all[i]->group;
  }
  nearest = ion_nearest_name(word, known, 2 * n);
  PetscCall(PetscFree(known));
  PetscCall(list_groups(all, n, &groups));
  if (strpbrk(word, "*?["))
    code = ion_node_fail(node, "no output matches '%s'", word);
  else if (nearest)
    code = ion_node_fail(node, "unknown output '%s'; did you mean '%s'?", word, nearest);
  else
    code = ion_node_fail(node, "unknown output '%s'; groups: %s", word, groups);
  PetscCall(PetscFree(groups));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Append to `order` what a word means and is not taken yet. */
static PetscErrorCode choose(const ion_output *const *all, size_t n_all, const ion_node *node,
                             const char *word, size_t *order, unsigned char *taken, size_t *n)
{
  PetscBool known = PETSC_FALSE;

  PetscFunctionBegin;
  for (size_t i = 0; i < n_all; i++) {
    if (!matches(all[i], word)) continue;
    known = PETSC_TRUE;
    if (!taken[i]) order[(*n)++] = i;
    taken[i] = 1;
  }
  if (!known) PetscCall(refuse(all, n_all, node, word));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_outputs_select(const ion_output *const *all, size_t n_all,
                                  const ion_node *selection, PetscBool (*skips)(const char *),
                                  size_t *order, unsigned char *taken, size_t *n)
{
  const PetscBool is_list = (PetscBool)(ion_node_type(selection) == ION_SEQUENCE);
  const size_t n_word     = is_list ? ion_node_count(selection) : 1;

  PetscFunctionBegin;
  if (!n_word) PetscCall(ion_node_fail(selection, "outputs needs at least one name"));
  for (size_t i = 0; i < n_word; i++) {
    const ion_node *node = is_list ? ion_node_at(selection, i) : selection;
    const char *word;

    PetscCall(ion_node_get_string(node, "an output", &word));
    if (!skips || !skips(word)) PetscCall(choose(all, n_all, node, word, order, taken, n));
  }
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

static PetscErrorCode reduce(ion_outputs *all, const ion_node *selection)
{
  const size_t most = all->n * (1 + all->n_varied);
  const ion_output **about;
  size_t *order, n = 0;
  unsigned char *taken;
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(most, &order));
  PetscCall(PetscCalloc1(most, &taken));
  PetscCall(PetscMalloc1(all->n, &about));
  for (size_t i = 0; i < all->n; i++) about[i] = &all->item[i].about;
  code = ion_outputs_select(about, all->n, selection, ion_outputs_is_local, order, taken, &n);
  PetscCall(PetscFree(about));
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

PetscBool ion_outputs_need_departure(const ion_outputs *outputs)
{
  for (size_t i = 0; i < outputs->n; i++)
    if (outputs->item[i].kind == &ion_item_departure ||
        outputs->item[i].kind == &ion_item_departure_kind)
      return PETSC_TRUE;
  return PETSC_FALSE;
}

void ion_outputs_put_departures(const ion_outputs *outputs, size_t n, const size_t *point,
                                const double *at, const unsigned char *kind, ion_block value)
{
  for (size_t i = 0; i < outputs->n; i++) {
    double *y = ion_row(value, i);

    if (outputs->item[i].kind == &ion_item_departure)
      for (size_t k = 0; k < n; k++) y[point[k]] = at[k];
    if (outputs->item[i].kind == &ion_item_departure_kind)
      for (size_t k = 0; k < n; k++) y[point[k]] = kind[k];
  }
}
