/* Local sensitivities: derivatives of outputs by the factors of a study, d ln q/d ln p or dq/d ln p. The
 * derivatives themselves come from outside; here is which are wanted and how they are reported. */
#include "ledger_impl.h"

#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char prefix[] = "sensitivity.", group[] = "sensitivity.local";

PetscBool ion_outputs_is_local(const char *word)
{
  return (PetscBool)!strncmp(word, prefix, strlen(prefix));
}

/* Nothing is known of the derivative until it is put in. */
static void unknown(const ion_item *item, const ion_view *v, double *restrict y)
{
  (void)item;
  for (size_t p = 0; p < v->n_point; p++) y[p] = (double)NAN;
}

/* Of a response the unit is that of its output. */
static const ion_item_kind elasticity = {unknown, group, "1", 1.0, PETSC_FALSE};
static const ion_item_kind response   = {unknown, group, "1", 1.0, PETSC_FALSE};

/* Outputs that cannot change sign have a logarithm. */
static PetscBool is_positive(const ion_item_kind *kind)
{
  return (PetscBool)(kind == &ion_item_concentration || kind == &ion_item_volume ||
                     kind == &ion_item_osmolarity || kind == &ion_item_total_entropy ||
                     kind == &ion_item_total_dissipation || kind == &ion_item_total_fuel);
}

/* A verdict or an eigenvalue is not read from the state alone. */
static PetscBool is_differentiable(const ion_item *item)
{
  return (PetscBool)!item->kind->needs_eigenvalue;
}

static void name_of(const ion_item *item, const char *factor, char *name, size_t size)
{
  snprintf(name, size, "%s%s.%s", prefix, item->about.name, factor);
}

/* ---- which are wanted ---- */

typedef struct {
  ion_outputs *all;
  size_t n; /* outputs of the model */
  const unsigned char *taken;
  unsigned char *wanted; /* [n][n_varied] */
} choice;

/* Mark what a word means: a name, a glob, or the group, which is of the outputs taken otherwise. */
static PetscErrorCode mark(const choice *c, const ion_node *node)
{
  const ion_outputs *all = c->all;
  const char *word;
  PetscBool known = PETSC_FALSE;

  PetscFunctionBegin;
  PetscCall(ion_node_get_string(node, "an output", &word));
  if (!ion_outputs_is_local(word)) PetscFunctionReturn(PETSC_SUCCESS);
  for (size_t i = 0; i < c->n; i++) {
    if (!is_differentiable(&all->item[i])) continue;
    for (size_t f = 0; f < all->n_varied; f++) {
      char name[512];

      name_of(&all->item[i], all->varied[f].name, name, sizeof name);
      if (strcmp(word, group) ? fnmatch(word, name, 0) != 0 : !c->taken[i]) continue;
      c->wanted[i * all->n_varied + f] = 1;
      known                            = PETSC_TRUE;
    }
  }
  if (!all->n_varied)
    PetscCall(ion_node_fail(node, "'%s' needs a design with factors", word));
  else if (!known && !strcmp(word, group))
    PetscCall(ion_node_fail(node, "'%s' is of the outputs beside it, and there are none", word));
  else if (!known)
    PetscCall(ion_node_fail(node,
                            "no local sensitivity '%s'; it is written sensitivity.OUTPUT.FACTOR "
                            "with a factor of the design, such as %s%s.%s",
                            word, prefix, all->item[0].about.name, all->varied[0].name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Append the sensitivity of output i by factor f. */
static PetscErrorCode add(ion_outputs *all, size_t i, size_t f)
{
  const ion_item_kind *kind = is_positive(all->item[i].kind) ? &elasticity : &response;
  const char *log = kind == &elasticity ? "ln " : "", *unit = all->item[i].about.unit;
  char name[512], long_name[512];

  PetscFunctionBegin;
  name_of(&all->item[i], all->varied[f].name, name, sizeof name);
  snprintf(long_name, sizeof long_name, "d %s%s/d ln %s along the branch", log,
           all->item[i].about.name, all->varied[f].name);
  PetscCall(ion_outputs_add(all, kind, (int)i, (int)f, name, long_name));
  if (kind == &response) all->item[all->n - 1].about.unit = unit;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The outputs to differentiate, each once; the new items, from c->n on, refer to their places there. */
static PetscErrorCode create_differentiated(const choice *c)
{
  ion_outputs *all = c->all, *few;
  size_t *order, *place, n = 0;
  unsigned char *kept;
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCall(PetscNew(&all->differentiated));
  few        = all->differentiated;
  few->model = all->model;
  PetscCall(ion_outputs_tabulate(few));
  PetscCall(PetscCalloc3(c->n, &order, c->n, &place, c->n, &kept));
  for (size_t k = c->n; k < all->n; k++) {
    const size_t i = (size_t)all->item[k].a;

    if (!kept[i]) {
      kept[i]    = 1;
      place[i]   = n;
      order[n++] = i;
    }
    all->item[k].a = (int)place[i];
  }
  code = ion_outputs_keep(few, order, kept, n);
  PetscCall(PetscFree3(order, place, kept));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode mark_all(const choice *c, const ion_node *selection)
{
  PetscFunctionBegin;
  if (ion_node_type(selection) != ION_SEQUENCE) {
    PetscCall(mark(c, selection));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  for (size_t i = 0; i < ion_node_count(selection); i++)
    PetscCall(mark(c, ion_node_at(selection, i)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_outputs_choose_local(ion_outputs *all, const ion_node *selection, size_t *order,
                                        unsigned char *taken, size_t *n)
{
  const size_t n_varied = all->n_varied;
  choice c              = {.all = all, .n = all->n, .taken = taken};
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCall(PetscCalloc1(c.n * n_varied, &c.wanted));
  code = mark_all(&c, selection);
  for (size_t i = 0; i < c.n * n_varied && !code; i++) {
    if (!c.wanted[i]) continue;
    code = add(all, i / n_varied, i % n_varied);
    if (code) break;
    order[(*n)++]     = all->n - 1;
    taken[all->n - 1] = 1;
  }
  if (!code && all->n > c.n) code = create_differentiated(&c);
  PetscCall(PetscFree(c.wanted));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- values ---- */

const ion_outputs *ion_outputs_differentiated(const ion_outputs *outputs)
{
  return outputs->differentiated;
}

void ion_outputs_put_sensitivities(const ion_outputs *outputs, ion_block theta, size_t p,
                                   const double *q, const double *derivative, ion_block value)
{
  for (size_t i = 0; i < outputs->n; i++) {
    const ion_item *item = &outputs->item[i];
    const size_t a = (size_t)item->a, f = (size_t)item->b;

    if (item->kind != &elasticity && item->kind != &response) continue;
    ion_row(value, i)[p] = derivative[a * outputs->n_varied + f] *
                           ion_row(theta, (size_t)outputs->varied[f].row)[p] /
                           (item->kind == &elasticity ? q[a] : 1.0);
  }
}
