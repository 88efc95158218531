/* The section `time_course:` of a sweep. */
#include "time_course_impl.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const ion_quantity until_     = {.name = "until", .unit = "s", .lower = 1e-9, .upper = 1e12};
static const ion_quantity at_        = {.name = "at", .unit = "s", .lower = 0, .upper = 1e12};
static const ion_quantity tolerance_ = {
    .name = "tolerance", .unit = "1", .lower = 1e-12, .upper = 1e-2};

static PetscErrorCode read_quantity(const ion_study *study, const ion_node *section,
                                    const ion_quantity *quantity, double *value)
{
  const ion_node *node = ion_node_find(section, quantity->name);

  PetscFunctionBegin;
  if (node) PetscCall(ion_node_get_quantity(node, study->units, quantity, value, NULL, NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- schedule ---- */

static PetscBool is_varied(const ion_study *study, size_t row)
{
  for (size_t i = 0; i < ion_design_n_factor(study->design); i++)
    if (ion_design_factor(study->design, i)->quantity == row) return PETSC_TRUE;
  return PETSC_FALSE;
}

/* Whether a change before change k gives the row the design's value. */
static PetscBool is_given(const course_task *t, size_t k, size_t row)
{
  for (size_t j = 0; j < k; j++)
    for (size_t i = 0; i < t->change[j].n_set; i++)
      if (t->row[j][i] == (int)row && isnan(t->value[j][i])) return PETSC_TRUE;
  return PETSC_FALSE;
}

/* A value of change k, or the word `factor`: what the design gives, from this time on. */
static PetscErrorCode read_value(const ion_study *study, const ion_node *set, size_t k, size_t i,
                                 int *row, double *value)
{
  size_t n, n_theta, q;
  const ion_quantity *quantity = ion_model_quantities(study->model, &n, &n_theta);
  const ion_node *node         = ion_node_at(set, i);
  const char *text             = ion_node_text(node);
  const PetscBool by_design    = (PetscBool)(text && !strcmp(text, "factor"));

  PetscFunctionBegin;
  PetscCall(ion_quantity_find(set, i, ion_node_key_at(set, i), quantity, n, &q));
  *row = (int)q;
  if (q >= n_theta)
    PetscCall(ion_node_fail_key(
        set, i, "'%s' belongs to the resting state and cannot change in time", quantity[q].name));
  if (by_design && !is_varied(study, q))
    PetscCall(ion_node_fail(node, "'%s' is no factor of the design", quantity[q].name));
  if (!by_design && is_varied(study, q) && !is_given(study->state, k, q))
    PetscCall(
        ion_node_fail_key(set, i,
                          "'%s' is both varied and set by the schedule; 'factor' instead of a "
                          "value gives it the design's value from then on",
                          quantity[q].name));
  *value = NAN;
  if (!by_design)
    PetscCall(ion_node_get_quantity(node, study->units, &quantity[q], value, NULL, NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_may_change(const ion_motion *motion, const ion_node *set, size_t i,
                                       int row)
{
  PetscFunctionBegin;
  if (!ion_motion_may_change(motion, (size_t)row))
    PetscCall(ion_node_fail_key(set, i, "'%s' is put in at the start and cannot change in time",
                                ion_node_key_at(set, i)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_change(ion_study *study, const ion_node *node, const ion_motion *motion,
                                  size_t k)
{
  static const char *const keys[] = {"at", "set"};
  course_task *t                  = study->state;
  ion_change *change              = &t->change[k];
  const ion_node *at, *set;

  PetscFunctionBegin;
  PetscCall(ion_node_expect(node, ION_MAPPING, "a change"));
  PetscCall(ion_node_check_keys(node, "a change", keys, ION_COUNT(keys)));
  PetscCall(ion_node_require(node, "a change", "at", &at));
  PetscCall(ion_node_require(node, "a change", "set", &set));
  PetscCall(ion_node_get_quantity(at, study->units, &at_, &change->at, NULL, NULL));
  if (!(change->at < t->until))
    PetscCall(ion_node_fail(at, "at %g s nothing is left to change: 'until' is %g s", change->at,
                            t->until));
  if (k && !(change->at > t->change[k - 1].at))
    PetscCall(ion_node_fail(at, "changes must be in order of time: %g s comes after %g s",
                            change->at, t->change[k - 1].at));
  PetscCall(ion_node_expect(set, ION_MAPPING, "set"));
  change->n_set = ion_node_count(set);
  PetscCall(PetscMalloc1(change->n_set, &t->row[k]));
  PetscCall(PetscMalloc1(change->n_set, &t->value[k]));
  change->row   = t->row[k];
  change->value = t->value[k];
  for (size_t i = 0; i < change->n_set; i++) {
    PetscCall(read_value(study, set, k, i, &t->row[k][i], &t->value[k][i]));
    PetscCall(check_may_change(motion, set, i, t->row[k][i]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_schedule(ion_study *study, const ion_node *node)
{
  course_task *t     = study->state;
  ion_motion *motion = NULL;
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCall(ion_node_expect(node, ION_SEQUENCE, "schedule"));
  PetscCall(PetscCalloc3(ion_node_count(node), &t->change, ion_node_count(node), &t->row,
                         ion_node_count(node), &t->value));
  code = ion_motion_create(study->model, &motion);
  for (; !code && t->n_change < ion_node_count(node); t->n_change++)
    code = read_change(study, ion_node_at(node, t->n_change), motion, t->n_change);
  if (code) t->n_change = ion_node_count(node); /* for the release of what was read */
  PetscCall(ion_motion_destroy(&motion));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- events ---- */

/* The number and unit of a bound, in the unit its output is reported in. */
static PetscErrorCode read_bound(const ion_study *study, const ion_node *node,
                                 const ion_output *output, const char *text, double *bound)
{
  const ion_quantity quantity = {
      .name = output->name, .unit = output->unit, .lower = -HUGE_VAL, .upper = HUGE_VAL};
  const ion_place place = ion_node_place(node);
  char number[64], unit[64] = "", *end;
  ion_scale scale;
  double si;

  PetscFunctionBegin;
  (void)strtod(text, &end);
  snprintf(number, sizeof number, "%.*s", (int)(end - text), text);
  while (isspace((unsigned char)*end)) end++;
  snprintf(unit, sizeof unit, "%s", *end ? end : output->unit);
  PetscCall(ion_quantity_unit(place, study->units, &quantity, unit, &scale));
  PetscCall(ion_quantity_number(place, study->units, &quantity, &scale, number, bound, &si));
  *bound = si * output->scale;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* "neuron.V > -50 mV" */
static PetscErrorCode read_event(ion_study *study, const ion_node *events, size_t k)
{
  course_task *t       = study->state;
  const ion_node *node = ion_node_at(events, k);
  const char *text, *sign;
  char name[256];
  size_t length;
  ptrdiff_t i;

  PetscFunctionBegin;
  t->event_name[k] = ion_node_key_at(events, k);
  PetscCall(ion_node_get_string(node, t->event_name[k], &text));
  sign = strpbrk(text, "<>");
  if (!sign)
    PetscCall(ion_node_fail(node, "event '%s' must be like 'neuron.V > -50 mV', not '%s'",
                            t->event_name[k], text));
  length = (size_t)(sign - text);
  while (length && isspace((unsigned char)text[length - 1])) length--;
  snprintf(name, sizeof name, "%.*s", (int)length, text);
  i = ion_course_find(t, name);
  if (i < 0) PetscCall(ion_course_refuse(t, node, "quantity", name));
  t->event[k].quantity = ion_course_observe(t, (size_t)i);
  t->event[k].is_above = (PetscBool)(*sign == '>');
  sign += 1 + strspn(sign + 1, " \t");
  PetscCall(read_bound(study, node, ion_outputs_at(t->all, (size_t)i), sign, &t->event[k].bound));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Names become parts of variables of the result file. */
static PetscErrorCode check_name(const ion_node *events, size_t k)
{
  const char *name = ion_node_key_at(events, k);

  PetscFunctionBegin;
  if (!isalpha((unsigned char)*name) ||
      name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")])
    PetscCall(ion_node_fail_key(
        events, k, "'%s' names no event: a letter first, then letters, digits and '_'", name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_events(ion_study *study, const ion_node *node)
{
  course_task *t = study->state;

  PetscFunctionBegin;
  PetscCall(ion_node_expect(node, ION_MAPPING, "events"));
  PetscCall(PetscCalloc2(ion_node_count(node), &t->event, ion_node_count(node), &t->event_name));
  for (; t->n_event < ion_node_count(node); t->n_event++) {
    PetscCall(check_name(node, t->n_event));
    PetscCall(read_event(study, node, t->n_event));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the section ---- */

PetscErrorCode ion_course_read(ion_study *study)
{
  static const char *const keys[]   = {"until",     "schedule", "events",
                                       "tolerance", "start",    "ends_with"};
  static const char *const starts[] = {"rest", "steady"};
  const ion_node *section           = ion_study_section(study), *node;
  course_task *t                    = study->state;
  size_t word                       = 0;

  PetscFunctionBegin;
  PetscCall(ion_node_expect(section, ION_MAPPING, "time_course"));
  PetscCall(ion_node_check_keys(section, "time_course", keys, ION_COUNT(keys)));
  PetscCall(ion_node_require(section, "time_course", "until", &node));
  PetscCall(read_quantity(study, section, &until_, &t->until));
  t->tolerance = 1e-5;
  PetscCall(read_quantity(study, section, &tolerance_, &t->tolerance));
  node = ion_node_find(section, "start");
  if (node) PetscCall(ion_node_get_word(node, "start", starts, ION_COUNT(starts), &word));
  t->from_steady = (PetscBool)(word == 1);
  node           = ion_node_find(section, "schedule");
  if (node) PetscCall(read_schedule(study, node));
  node = ion_node_find(section, "events");
  if (node) PetscCall(read_events(study, node));
  t->ends_with = -1;
  node         = ion_node_find(section, "ends_with");
  if (!node) PetscFunctionReturn(PETSC_SUCCESS);
  if (!t->n_event) PetscCall(ion_node_fail(node, "ends_with: there are no events"));
  PetscCall(ion_node_get_word(node, "ends_with", t->event_name, t->n_event, &word));
  t->ends_with = (int)word;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_course_canonical(const ion_study *study, char **text)
{
  const course_task *t         = study->state;
  const ion_quantity *quantity = ion_model_quantities(study->model, NULL, NULL);
  char line[512];

  PetscFunctionBegin;
  snprintf(line, sizeof line, "\ntime course until %.17g s from %s, tolerance %.17g, ends with %d",
           t->until, t->from_steady ? "steady" : "rest", t->tolerance, t->ends_with);
  PetscCall(ion_study_append(text, line));
  for (size_t k = 0; k < t->n_change; k++)
    for (size_t i = 0; i < t->change[k].n_set; i++) {
      snprintf(line, sizeof line, "\nat %.17g s %s %.17g", t->change[k].at,
               quantity[t->change[k].row[i]].name, t->change[k].value[i]);
      PetscCall(ion_study_append(text, line));
    }
  for (size_t k = 0; k < t->n_event; k++) {
    snprintf(line, sizeof line, "\nevent %s: %s %c %.17g", t->event_name[k],
             ion_outputs_at(t->all, t->observed[t->event[k].quantity])->name,
             t->event[k].is_above ? '>' : '<', t->event[k].bound);
    PetscCall(ion_study_append(text, line));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
