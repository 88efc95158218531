/* solve: function. A function whose indices are known in the place of a cell: a check of the whole path from a design
 * to its analysis. */
#include "study_impl.h"

#include <math.h>
#include <stdio.h>

enum {
  MOST_INPUTS = 2048, /* of a function of any number: as many as the Sobol table has dimensions */
  NAME_SIZE   = 24
};

/* ---- the function ---- */

static PetscErrorCode refuse(const ion_node *node, const char *name)
{
  const ion_function *all = ion_functions();
  const char **known, *nearest;
  char *list = NULL;
  size_t n   = 0;
  PetscErrorCode code;

  PetscFunctionBegin;
  while (all[n].name) n++;
  PetscCall(PetscMalloc1(n, &known));
  for (size_t i = 0; i < n; i++) {
    known[i] = all[i].name;
    PetscCall(ion_study_append(&list, i ? ", " : ""));
    PetscCall(ion_study_append(&list, known[i]));
  }
  nearest = ion_nearest_name(name, known, n);
  PetscCall(PetscFree(known));
  code = nearest ? ion_node_fail(node, "no function '%s'; did you mean '%s'?", name, nearest)
                 : ion_node_fail(node, "no function '%s'; known: %s", name, list);
  PetscCall(PetscFree(list));
  PetscFunctionReturn(code);
}

/* x1, x2, ..., each in the middle of its range until something is said of it. */
static PetscErrorCode name_inputs(ion_study *study)
{
  const ion_function *f = study->function;
  const size_t n        = f->n_input ? f->n_input : MOST_INPUTS;
  char meaning[64], *name;

  PetscFunctionBegin;
  snprintf(meaning, sizeof meaning, "input, usually from %.6g to %.6g", f->lower, f->upper);
  PetscCall(PetscStrallocpy(meaning, &study->input_meaning));
  PetscCall(PetscMalloc1(n * NAME_SIZE, &study->input_name));
  PetscCall(PetscCalloc1(n, &study->input));
  study->n_input = n;
  for (size_t j = 0; j < n; j++) {
    name = study->input_name + j * NAME_SIZE;
    snprintf(name, NAME_SIZE, "x%zu", j + 1);
    study->input[j] = (ion_quantity){.name      = name,
                                     .unit      = "1",
                                     .meaning   = study->input_meaning,
                                     .value     = 0.5 * (f->lower + f->upper),
                                     .lower     = -(double)INFINITY,
                                     .upper     = (double)INFINITY,
                                     .is_factor = PETSC_TRUE};
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode find(ion_study *study, const ion_node *model)
{
  const char *name;

  PetscFunctionBegin;
  PetscCall(ion_node_get_string(model, "model", &name));
  study->function = ion_function_find(name);
  if (!study->function) PetscCall(refuse(model, name));
  PetscCall(name_inputs(study));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_study_free_inputs(ion_study *study)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(study->input));
  PetscCall(PetscFree(study->input_name));
  PetscCall(PetscFree(study->input_meaning));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- what is reported ---- */

static const ion_output value_of_function = {.name      = "y",
                                             .group     = "function",
                                             .unit      = "1",
                                             .long_name = "value of the function",
                                             .scale     = 1.0};

/* A function of any number of inputs has those up to the last one that is set or varied. */
static void count_inputs(ion_study *study)
{
  size_t n = 1;

  if (study->function->n_input) return;
  for (size_t j = 0; j < study->n_input; j++)
    if (study->is_set[j]) n = j + 1;
  for (size_t i = 0; i < ion_design_n_factor(study->design); i++)
    n = PetscMax(n, ion_design_factor(study->design, i)->quantity + 1);
  study->n_input = n;
}

static PetscErrorCode open_all(ion_study *study)
{
  PetscFunctionBegin;
  PetscCall(ion_study_add_output(study, &value_of_function));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode open_asked(ion_study *study)
{
  const ion_output *all[] = {&value_of_function};
  size_t order[1], n = 0;
  unsigned char taken[1] = {0};

  PetscFunctionBegin;
  count_inputs(study);
  if (!study->spare[1])
    PetscCall(ion_outputs_select(all, ION_COUNT(all), study->outputs_node, NULL, order, taken, &n));
  PetscCall(open_all(study));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode close_task(ion_study *study)
{
  PetscFunctionBegin;
  (void)study;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode canonical(const ion_study *study, char **text)
{
  char part[64];

  PetscFunctionBegin;
  PetscCall(ion_study_append(text, "\nfunction: "));
  PetscCall(ion_study_append(text, study->function->name));
  for (size_t j = 0; j < study->n_input; j++) {
    snprintf(part, sizeof part, "\n%s: %.17g", study->input[j].name, study->input[j].value);
    PetscCall(ion_study_append(text, part));
  }
  PetscCall(ion_study_append(text, "\n"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- points ---- */

static uint64_t most_points(const ion_study *study)
{
  (void)study;
  return 65536;
}

static PetscErrorCode prepare(ion_study *study)
{
  PetscFunctionBegin;
  (void)study;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode solve(ion_study *study, uint64_t first, ion_block theta, ion_block data,
                            unsigned char *status)
{
  double *y = ion_row(data, 0);

  PetscFunctionBegin;
  (void)first;
  study->function->value(study->n_input, theta, y);
  for (size_t p = 0; p < theta.n_point; p++) {
    status[p] = isfinite(y[p]) ? ION_OK : ION_DOMAIN_ERROR;
    if (status[p] != ION_OK) y[p] = (double)NAN;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

const study_task ion_task_function = {.word        = "function",
                                      .summary     = "Values",
                                      .find        = find,
                                      .open        = open_asked,
                                      .open_all    = open_all,
                                      .close       = close_task,
                                      .canonical   = canonical,
                                      .most_points = most_points,
                                      .prepare     = prepare,
                                      .solve       = solve};
