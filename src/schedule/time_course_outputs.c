/* What a time course reports: times of events, extremes and last values of any output that a state has, and
 * whether the cell recovered. */
#include "time_course_impl.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

static const char recovered_words[] = "unknown no yes";

ptrdiff_t ion_course_find(const course_task *t, const char *name)
{
  for (size_t i = 0; i < ion_outputs_count(t->all); i++)
    if (!strcmp(ion_outputs_at(t->all, i)->name, name) &&
        ion_output_is_of_state(ion_outputs_at(t->all, i)))
      return (ptrdiff_t)i;
  return -1;
}

size_t ion_course_observe(course_task *t, size_t i)
{
  size_t k = 0;

  while (k < t->n_observed && t->observed[k] != i) k++;
  if (k == t->n_observed) t->observed[t->n_observed++] = i;
  return k;
}

PetscErrorCode ion_course_refuse(const course_task *t, const ion_node *node, const char *what,
                                 const char *word)
{
  const size_t n = ion_outputs_count(t->all);
  const char **known, *nearest;
  size_t m = 0;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(2 * n, &known));
  for (size_t i = 0; i < n; i++) {
    if (!ion_output_is_of_state(ion_outputs_at(t->all, i))) continue;
    known[m++] = ion_outputs_at(t->all, i)->name;
    known[m++] = ion_outputs_at(t->all, i)->group;
  }
  nearest = ion_nearest_name(word, known, m);
  PetscCall(PetscFree(known));
  if (nearest)
    PetscCall(ion_node_fail(node, "unknown %s '%s'; did you mean '%s'?", what, word, nearest));
  PetscCall(ion_node_fail(node, "unknown %s '%s'; 'list outputs MODEL' prints those of a state",
                          what, word));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the list ---- */

static PetscErrorCode add(course_task *t, course_source source, size_t from, const char *name,
                          const char *long_name, const ion_output *like)
{
  course_output *o;

  PetscFunctionBegin;
  for (size_t i = 0; i < t->n_output; i++)
    if (!strcmp(t->output[i].name, name)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscRealloc((t->n_output + 1) * sizeof *t->output, &t->output));
  o  = &t->output[t->n_output++];
  *o = (course_output){.source = source, .from = from};
  PetscCall(PetscStrallocpy(name, &o->name));
  PetscCall(PetscStrallocpy(long_name, &o->long_name));
  o->about = (ion_output){.name      = o->name,
                          .group     = "time_course",
                          .unit      = like                         ? like->unit
                                       : source == COURSE_RECOVERED ? "1"
                                                                    : "s",
                          .long_name = o->long_name,
                          .scale     = 1,
                          .flags     = source == COURSE_RECOVERED ? recovered_words : NULL};
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode add_event(course_task *t, size_t k)
{
  const ion_output *of = ion_outputs_at(t->all, t->observed[t->event[k].quantity]);
  char name[256], meaning[512];

  PetscFunctionBegin;
  snprintf(name, sizeof name, "event.%s.time", t->event_name[k]);
  snprintf(meaning, sizeof meaning, "first time with %s %c %g %s", of->name,
           t->event[k].is_above ? '>' : '<', t->event[k].bound, of->unit);
  PetscCall(add(t, COURSE_EVENT, k, name, meaning, NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode add_recovered(course_task *t)
{
  PetscFunctionBegin;
  t->wants_recovery = PETSC_TRUE;
  PetscCall(add(t, COURSE_RECOVERED, 0, "recovered",
                "at the end within the homeostasis bounds and within 10 % (potentials: RT/F/10) of "
                "the physiological steady state",
                NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

typedef struct {
  const char *prefix, *meaning;
  course_source source;
} course_kind;

static const course_kind kinds[] = {
    {"max.",   "largest value of",  COURSE_LARGEST },
    {"min.",   "smallest value of", COURSE_SMALLEST},
    {"final.", "at the end:",       COURSE_LAST    }
};

/* Everything that `pattern`, a name, glob or group of a state's outputs, means. */
static PetscErrorCode add_matching(course_task *t, const course_kind *kind, const char *pattern,
                                   PetscBool *known)
{
  PetscFunctionBegin;
  for (size_t i = 0; i < ion_outputs_count(t->all); i++) {
    const ion_output *o = ion_outputs_at(t->all, i);
    char name[256], meaning[512];

    if (!ion_output_is_of_state(o)) continue;
    if (strcmp(o->name, pattern) != 0 && strcmp(o->group, pattern) != 0 &&
        (!strpbrk(pattern, "*?[") || fnmatch(pattern, o->name, 0)))
      continue;
    *known = PETSC_TRUE;
    snprintf(name, sizeof name, "%s%s", kind->prefix, o->name);
    snprintf(meaning, sizeof meaning, "%s %s", kind->meaning, o->long_name);
    PetscCall(add(t, kind->source, ion_course_observe(t, i), name, meaning, o));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* An event's name, or a glob of such. */
static PetscErrorCode add_events(course_task *t, const char *word, PetscBool *known)
{
  PetscFunctionBegin;
  for (size_t k = 0; k < t->n_event; k++) {
    char name[256];

    snprintf(name, sizeof name, "event.%s.time", t->event_name[k]);
    if (strcmp(name, word) != 0 && (!strpbrk(word, "*?[") || fnmatch(word, name, 0))) continue;
    *known = PETSC_TRUE;
    PetscCall(add_event(t, k));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode add_word(course_task *t, const ion_node *node)
{
  PetscBool known = PETSC_FALSE;
  const char *word;

  PetscFunctionBegin;
  PetscCall(ion_node_get_string(node, "an output", &word));
  if (!strcmp(word, "recovered")) {
    PetscCall(add_recovered(t));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(add_events(t, word, &known));
  for (size_t k = 0; k < ION_COUNT(kinds); k++) {
    const size_t n = strlen(kinds[k].prefix);

    if (strncmp(word, kinds[k].prefix, n) != 0) continue;
    PetscCall(add_matching(t, &kinds[k], word + n, &known));
    if (!known) PetscCall(ion_course_refuse(t, node, "output", word + n));
  }
  if (!known)
    PetscCall(ion_node_fail(node,
                            "unknown output '%s'; a time course has event.NAME.time, max.OUTPUT, "
                            "min.OUTPUT, final.OUTPUT and recovered",
                            word));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Without a selection: events, whether the cell recovered, and the extremes and end of its state. */
static PetscErrorCode add_usual(course_task *t)
{
  PetscBool known;

  PetscFunctionBegin;
  for (size_t k = 0; k < t->n_event; k++) PetscCall(add_event(t, k));
  PetscCall(add_recovered(t));
  for (size_t k = 0; k < ION_COUNT(kinds); k++)
    PetscCall(add_matching(t, &kinds[k], "state", &known));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The observed quantities as outputs of their own. */
static PetscErrorCode choose_watched(ion_study *study)
{
  course_task *t = study->state;
  char *text     = NULL;
  PetscErrorCode code;

  PetscFunctionBegin;
  if (!t->n_observed) PetscFunctionReturn(PETSC_SUCCESS);
  for (size_t k = 0; k < t->n_observed; k++) {
    PetscCall(ion_study_append(&text, k ? ", " : "["));
    PetscCall(ion_study_append(&text, ion_outputs_at(t->all, t->observed[k])->name));
  }
  PetscCall(ion_study_append(&text, "]"));
  code = ion_spec_parse("outputs", text, strlen(text), &t->watched_text);
  PetscCall(PetscFree(text));
  PetscCall(code);
  PetscCall(ion_outputs_create(study->model, ion_spec_root(t->watched_text), &t->watched));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_course_choose_outputs(ion_study *study, const ion_node *selection)
{
  course_task *t = study->state;

  PetscFunctionBegin;
  if (!selection)
    PetscCall(add_usual(t));
  else if (ion_node_type(selection) != ION_SEQUENCE)
    PetscCall(add_word(t, selection));
  else
    for (size_t i = 0; i < ion_node_count(selection); i++)
      PetscCall(add_word(t, ion_node_at(selection, i)));
  if (!t->n_output) PetscCall(ion_node_fail(selection, "outputs needs at least one name"));
  PetscCall(choose_watched(study));
  for (size_t i = 0; i < t->n_output; i++)
    PetscCall(ion_study_add_output(study, &t->output[i].about));
  PetscFunctionReturn(PETSC_SUCCESS);
}
