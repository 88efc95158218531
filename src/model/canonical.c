/* Canonical text of a model: what decides its results, without comments or layout. */
#include "model_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  char *text;
  size_t length, capacity;
} ion_text;

static PetscErrorCode append(ion_text *t, const char *line)
{
  const size_t n = strlen(line);

  PetscFunctionBegin;
  if (t->length + n + 1 > t->capacity) {
    const size_t capacity = 2 * (t->length + n) + 4096;
    char *text;

    PetscCall(PetscMalloc1(capacity, &text));
    if (t->text) memcpy(text, t->text, t->length);
    PetscCall(PetscFree(t->text));
    t->text     = text;
    t->capacity = capacity;
  }
  memcpy(t->text + t->length, line, n + 1);
  t->length += n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode append_process(const ion_model *model, size_t r, ion_text *t)
{
  const ion_process *process  = &model->process[r];
  const ion_process_detail *d = &model->process_detail[r];
  char line[512];

  PetscFunctionBegin;
  snprintf(line, sizeof line, "process %s %s", process->name, process->kind->name);
  PetscCall(append(t, line));
  for (size_t k = 0; k < process->n_pool; k++) {
    snprintf(line, sizeof line, " %+d %s", process->term[k].nu,
             model->pool[process->term[k].pool].name);
    PetscCall(append(t, line));
  }
  snprintf(line, sizeof line, " source %d q10 %d area %d K_eq %d", process->source_nu, d->q10_row,
           (int)d->per_area, d->K_eq_row);
  PetscCall(append(t, line));
  for (int k = 0; k < d->n_scale; k++) {
    snprintf(line, sizeof line, " by %d", d->scale_row[k]);
    PetscCall(append(t, line));
  }
  for (int k = 0; k < d->n_gate; k++) {
    const ion_gate *g = &d->gate[k];

    snprintf(line, sizeof line, " gate %s^%d q10 %d volume %d of %d.%d dynamic %d", g->name,
             g->power, g->q10_row, (int)g->is_on_volume, g->of_process, g->of, g->dynamic);
    PetscCall(append(t, line));
    for (int i = 0; i < g->n_rate; i++) {
      snprintf(line, sizeof line, " %s", ion_gate_form_names[g->form[i]]);
      PetscCall(append(t, line));
    }
  }
  PetscCall(append(t, "\n"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode append_model(const ion_model *model, ion_text *t)
{
  char line[512];

  PetscFunctionBegin;
  snprintf(line, sizeof line, "model %s T_ref %.17g\n", model->name, model->T_ref);
  PetscCall(append(t, line));
  for (size_t i = 0; i < model->network.n_compartment; i++) {
    const ion_compartment *c = &model->compartment[i];

    snprintf(line, sizeof line,
             "compartment %s outside %d potential %d volume %d X %.17g Q %.17g neutral %d\n",
             c->name, c->outside, (int)c->potential, (int)c->volume,
             model->compartment_detail[i].X_rest, model->compartment_detail[i].Q_rest,
             model->compartment_detail[i].neutral_pool);
    PetscCall(append(t, line));
  }
  for (size_t p = 0; p < model->network.n_pool; p++) {
    const ion_species *s = &model->species[model->pool[p].species];

    snprintf(line, sizeof line, "pool %s valence %d osmotic %d balance %d\n", model->pool[p].name,
             s->valence, (int)s->osmotic, model->pool_detail[p].balance);
    PetscCall(append(t, line));
  }
  for (size_t r = 0; r < model->network.n_process; r++) PetscCall(append_process(model, r, t));
  for (size_t i = 0; i < model->n_quantity; i++) {
    snprintf(line, sizeof line, "%s = %.17g\n", model->quantity[i].name, model->quantity[i].value);
    PetscCall(append(t, line));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_model_canonical(const ion_model *model, char **text)
{
  ion_text t = {0};
  PetscErrorCode code;

  PetscFunctionBegin;
  *text = NULL;
  code  = append_model(model, &t);
  if (code) PetscCall(PetscFree(t.text));
  PetscCall(code);
  *text = t.text;
  PetscFunctionReturn(PETSC_SUCCESS);
}
