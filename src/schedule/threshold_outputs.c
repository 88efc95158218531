/* Outputs of `solve: threshold`: what is found, its gradients, and what the ledger says of the state there. */
#include "threshold_impl.h"

#include <stdio.h>
#include <string.h>

/* Append an output; the texts are copied. */
static PetscErrorCode add(threshold_task *t, threshold_reading reads, size_t index,
                          const char *group, const char *name, const char *unit,
                          const char *long_name, threshold_output **added)
{
  threshold_output *i;

  PetscFunctionBegin;
  if (t->n_output == t->n_allocated) {
    t->n_allocated = 2 * t->n_allocated + 64;
    PetscCall(PetscRealloc(t->n_allocated * sizeof *t->output, &t->output));
  }
  i  = &t->output[t->n_output++];
  *i = (threshold_output){.reads = reads, .index = index, .factor = 1};
  PetscCall(PetscStrallocpy(name, &i->name));
  PetscCall(PetscStrallocpy(long_name, &i->long_name));
  PetscCall(PetscStrallocpy(unit, &i->unit));
  PetscCall(PetscStrallocpy(group, &i->group));
  i->about = (ion_output){
      .name = i->name, .group = i->group, .unit = i->unit, .long_name = i->long_name, .scale = 1};
  *added = i;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Scale and offset of a quantity's unit. */
static PetscErrorCode scale_of(const ion_study *study, const char *unit, double *factor,
                               double *offset)
{
  PetscBool known;

  PetscFunctionBegin;
  PetscCall(ion_units_to_si(study->units, unit, NULL, factor, offset, &known));
  PetscCheck(known, PETSC_COMM_SELF, PETSC_ERR_PLIB, "unknown unit '%s'", unit);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode add_values(const ion_study *study, threshold_task *t)
{
  const ion_quantity *q = ion_model_quantities(study->model, NULL, NULL) + t->quantity;
  char name[512], text[512];
  double factor, offset;
  threshold_output *i;

  PetscFunctionBegin;
  PetscCall(scale_of(study, q->unit, &factor, &offset));
  snprintf(name, sizeof name, "threshold.%s", q->name);
  snprintf(text, sizeof text, "%s at which the physiological state is lost", q->name);
  PetscCall(add(t, THRESHOLD_VALUE, 0, "threshold", name, q->unit, text, &i));
  i->factor = factor;
  i->offset = offset;
  PetscCall(add(t, THRESHOLD_KIND, 0, "threshold", "threshold.kind", "1",
                "how the physiological state is lost", &i));
  i->about.flags = ion_loss_words;
  PetscCall(add(t, THRESHOLD_FREQUENCY, 0, "threshold", "threshold.frequency", "Hz",
                "frequency at a Hopf point", &i));
  i->factor = 6.283185307179586;
  snprintf(name, sizeof name, "recovery.%s", q->name);
  snprintf(text, sizeof text, "%s at which the collapsed state is lost on the way back", q->name);
  PetscCall(add(t, THRESHOLD_RECOVERY, 0, "recovery", name, q->unit, text, &i));
  i->factor = factor;
  i->offset = offset;
  PetscCall(add(t, THRESHOLD_RECOVERY_KIND, 0, "recovery", "recovery.kind", "1",
                "how the collapsed state is lost on the way back", &i));
  i->about.flags = ion_loss_words;
  snprintf(name, sizeof name, "hysteresis.%s", q->name);
  snprintf(text, sizeof text, "%s between the loss and the way back", q->name);
  PetscCall(add(t, THRESHOLD_HYSTERESIS, 0, "recovery", name, q->unit, text, &i));
  i->factor = factor;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* "pL/s", "1/K", "1/(pL/s)" */
static void unit_of_quotient(const char *above, const char *below, char *text, size_t size)
{
  const PetscBool is_plain = (PetscBool)(strcspn(below, "/ *.") == strlen(below));

  if (!strcmp(below, "1"))
    snprintf(text, size, "%s", above);
  else
    snprintf(text, size, is_plain ? "%s/%s" : "%s/(%s)", above, below);
}

static PetscErrorCode add_gradients(const ion_study *study, threshold_task *t)
{
  const ion_quantity *all = ion_model_quantities(study->model, NULL, NULL), *q = all + t->quantity;
  char name[512], text[512], unit[256];
  double above, below, ignored;
  threshold_output *i;

  PetscFunctionBegin;
  PetscCall(scale_of(study, q->unit, &above, &ignored));
  for (size_t f = 0; f < ion_design_n_factor(study->design); f++) {
    const ion_quantity *by = all + ion_design_factor(study->design, f)->quantity;

    PetscCall(scale_of(study, by->unit, &below, &ignored));
    unit_of_quotient(q->unit, by->unit, unit, sizeof unit);
    snprintf(name, sizeof name, "threshold.gradient.%s", by->name);
    snprintf(text, sizeof text, "d threshold.%s/d %s", q->name, by->name);
    PetscCall(add(t, THRESHOLD_GRADIENT, f, "threshold.gradient", name, unit, text, &i));
    i->factor = above / below;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Everything the ledger reads from a state alone. */
static PetscErrorCode add_states(const ion_study *study, threshold_task *t)
{
  char name[512], text[512], group[128];
  threshold_output *i;

  PetscFunctionBegin;
  PetscCall(ion_outputs_create(study->model, NULL, &t->ledger));
  for (size_t k = 0; k < ion_outputs_count(t->ledger); k++) {
    const ion_output *of = ion_outputs_at(t->ledger, k);

    if (!ion_output_is_of_state(of)) continue;
    snprintf(name, sizeof name, "threshold.%s", of->name);
    snprintf(group, sizeof group, "threshold.%s", of->group);
    snprintf(text, sizeof text, "%s at the threshold", of->long_name);
    PetscCall(add(t, THRESHOLD_STATE, k, group, name, of->unit, text, &i));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Those of `t` that are asked for become outputs of the study. */
static PetscErrorCode choose(ion_study *study, threshold_task *t, const ion_node *selection)
{
  const ion_output **about;
  unsigned char *taken;
  size_t n            = 0;
  PetscErrorCode code = PETSC_SUCCESS;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(t->n_output, &t->order));
  PetscCall(PetscMalloc1(t->n_output, &about));
  PetscCall(PetscCalloc1(t->n_output, &taken));
  for (size_t i = 0; i < t->n_output; i++) about[i] = &t->output[i].about;
  if (selection)
    code = ion_outputs_select(about, t->n_output, selection, NULL, t->order, taken, &n);
  else
    for (; n < t->n_output; n++) t->order[n] = n;
  PetscCall(PetscFree(about));
  PetscCall(PetscFree(taken));
  PetscCall(code);
  for (size_t k = 0; k < n; k++) {
    const threshold_output *i = &t->output[t->order[k]];

    PetscCall(ion_study_add_output(study, &i->about));
    if (i->reads == THRESHOLD_GRADIENT) t->wants_gradient = PETSC_TRUE;
    if (i->reads == THRESHOLD_STATE) t->wants_state = PETSC_TRUE;
    if (i->reads == THRESHOLD_RECOVERY || i->reads == THRESHOLD_RECOVERY_KIND ||
        i->reads == THRESHOLD_HYSTERESIS)
      t->wants_recovery = PETSC_TRUE;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Of the ledger only what is asked for is kept; its items then count in that order. */
static PetscErrorCode reduce_ledger(const ion_study *study, threshold_task *t)
{
  char *names    = NULL;
  ion_spec *spec = NULL;
  size_t n       = 0;
  PetscErrorCode code;

  PetscFunctionBegin;
  if (!t->wants_state) PetscFunctionReturn(PETSC_SUCCESS);
  for (size_t k = 0; k < study->n_output; k++) {
    threshold_output *i = &t->output[t->order[k]];

    if (i->reads != THRESHOLD_STATE) continue;
    PetscCall(ion_study_append(&names, n ? ", " : "["));
    PetscCall(ion_study_append(&names, ion_outputs_at(t->ledger, i->index)->name));
    i->index = n++;
  }
  PetscCall(ion_study_append(&names, "]"));
  PetscCall(ion_outputs_destroy(&t->ledger));
  code = ion_spec_parse("outputs", names, strlen(names), &spec);
  if (!code) code = ion_outputs_create(study->model, ion_spec_root(spec), &t->ledger);
  PetscCall(ion_spec_close(&spec));
  PetscCall(PetscFree(names));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_threshold_list_outputs(const ion_study *study)
{
  threshold_task *t = study->state;

  PetscFunctionBegin;
  PetscCall(add_values(study, t));
  PetscCall(add_gradients(study, t));
  PetscCall(add_states(study, t));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_threshold_choose_outputs(ion_study *study, const ion_node *selection)
{
  threshold_task *t = study->state;

  PetscFunctionBegin;
  PetscCall(choose(study, t, selection));
  PetscCall(reduce_ledger(study, t));
  PetscFunctionReturn(PETSC_SUCCESS);
}
