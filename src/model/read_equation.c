/* A process's equation, "3 Na_in + 2 K_out + ATP -> 3 Na_out + 2 K_in + ADP + Pi": its stoichiometry
 * and whether mass and charge balance. */
#include "model_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "Na_in" is inside, "Na_out" outside, "ATP" in the compartment of the process. */
static void split_side(const char *label, char *species, size_t size, PetscBool *outside)
{
  const size_t n = strlen(label);
  size_t cut     = n;

  *outside = PETSC_FALSE;
  if (n > 3 && !strcmp(label + n - 3, "_in")) cut = n - 3;
  if (n > 4 && !strcmp(label + n - 4, "_out")) {
    cut      = n - 4;
    *outside = PETSC_TRUE;
  }
  snprintf(species, size, "%.*s", (int)cut, label);
}

static PetscErrorCode add_source(ion_model *model, const ion_node *node, size_t r,
                                 const char *label, int nu)
{
  ion_process *process = &model->process[r];

  PetscFunctionBegin;
  if (process->source_nu)
    PetscCall(ion_node_fail(node, "%s: one clamped source a process, found '%s' besides",
                            process->name, label));
  if (nu > 0)
    PetscCall(
        ion_node_fail(node, "%s: the source '%s' must stand on the left", process->name, label));
  process->source_nu = -nu;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One term: its pool, or the water of the volume kinds. */
static PetscErrorCode add_term(ion_model *model, const ion_node *node, const ion_node *sources,
                               size_t r, const char *label, int nu)
{
  ion_process *process       = &model->process[r];
  ion_process_detail *detail = &model->process_detail[r];
  ion_term *term             = ion_model_alloc(model, (process->n_term + 1) * sizeof *term);
  char name[64];
  PetscBool outside;
  int compartment, species, pool;

  PetscFunctionBegin;
  PetscCheck(term, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory");
  split_side(label, name, sizeof name, &outside);
  if (sources && ion_node_find(sources, label)) {
    PetscCall(add_source(model, node, r, label, nu));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  compartment = outside ? model->compartment[process->compartment].outside : process->compartment;
  if (compartment < 0)
    PetscCall(ion_node_fail(node, "%s: '%s' has no compartment outside it, so there is no '%s'",
                            process->name, model->compartment[process->compartment].name, label));
  species = ion_model_find_species(model, name);
  if (species < 0) PetscCall(ion_node_fail(node, "%s: unknown species '%s'", process->name, label));
  pool = ion_model_find_pool(model, compartment, species);
  if (pool < 0)
    PetscCall(ion_node_fail(node, "%s: there is no %s in '%s' (its resting state does not list it)",
                            process->name, name, model->compartment[compartment].name));
  if (process->n_term == ION_MAX_REACTANT)
    PetscCall(ion_node_fail(node, "%s: more than %d terms", process->name, ION_MAX_REACTANT));
  for (size_t t = 0; t < process->n_term; t++)
    if (process->term[t].pool == pool)
      PetscCall(ion_node_fail(node, "%s: '%s' stands twice", process->name, label));
  if (process->n_term) memcpy(term, process->term, process->n_term * sizeof *term);
  term[process->n_term] =
      (ion_term){.pool = pool, .nu = nu, .label = ion_model_format(model, "%s", label)};
  detail->nu[process->n_term]     = nu;
  detail->z[process->n_term]      = model->species[species].valence;
  detail->inside[process->n_term] = !outside;
  process->term                   = term;
  process->n_pool                 = ++process->n_term;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_volume_equation(const ion_node *node, const char *text,
                                           const ion_model *model, size_t r)
{
  PetscFunctionBegin;
  if (strcmp(text, "water_out -> water_in"))
    PetscCall(ion_node_fail(node, "%s: the kind '%s' takes the equation 'water_out -> water_in'",
                            model->process[r].name, model->process[r].kind->name));
  if (model->compartment[model->process[r].compartment].outside < 0)
    PetscCall(ion_node_fail(node, "%s: '%s' has no compartment outside it", model->process[r].name,
                            model->compartment[model->process[r].compartment].name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_model_read_equation(ion_model *model, const ion_node *node, const char *text,
                                       const ion_node *sources, size_t r)
{
  const char *cursor = text, *name = model->process[r].name;
  int side = -1, coefficient = 1, used;
  PetscBool want_term = PETSC_TRUE;
  char word[64];

  PetscFunctionBegin;
  if (model->process[r].kind->flags & ION_MOVES_VOLUME) {
    PetscCall(read_volume_equation(node, text, model, r));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  while (sscanf(cursor, " %63s%n", word, &used) == 1) {
    char *end;
    const long number = strtol(word, &end, 10);

    cursor += used;
    if (!strcmp(word, "->") && side < 0 && !want_term) {
      side      = 1;
      want_term = PETSC_TRUE;
    } else if (!strcmp(word, "+") && !want_term) {
      want_term = PETSC_TRUE;
    } else if (want_term && *end == '\0' && coefficient == 1 && number >= 2 && number <= 20) {
      coefficient = (int)number;
    } else if (want_term && end == word && strcmp(word, "->") && strcmp(word, "+")) {
      PetscCall(add_term(model, node, sources, r, word, side * coefficient));
      coefficient = 1;
      want_term   = PETSC_FALSE;
    } else
      PetscCall(ion_node_fail(node, "%s: cannot read '%s' in the equation '%s'", name, word, text));
  }
  if (want_term || side < 0)
    PetscCall(ion_node_fail(
        node, "%s: the equation must read like '2 A_in + B -> 2 A_out + C', not '%s'", name, text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_model_check_balance(const ion_model *model, const ion_node *node, size_t r)
{
  const ion_process *process = &model->process[r];
  int charge                 = 0;

  PetscFunctionBegin;
  for (size_t t = 0; t < process->n_term; t++)
    charge +=
        process->term[t].nu * model->species[model->pool[process->term[t].pool].species].valence;
  if (charge)
    PetscCall(ion_node_fail(node, "%s: charge does not balance, %+d elementary charges a turn",
                            process->name, charge));
  for (size_t e = 0; e < model->n_element; e++) {
    int sum = 0;

    for (size_t t = 0; t < process->n_term; t++) {
      const size_t s = (size_t)model->pool[process->term[t].pool].species;

      sum += process->term[t].nu * model->element_count[s * model->n_element + e];
    }
    if (sum)
      PetscCall(ion_node_fail(node, "%s: mass does not balance, %+d %s a turn", process->name, sum,
                              model->element[e]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
