/* `point --check-derivatives`: derivatives by the adjoint beside those of full steady states. */
#include "cli_impl.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Largest relative difference of two derivatives that agree, and the share of an output, for a parameter
 * changed by all of itself, below which a derivative is not told from zero. */
static const double tolerance = 1e-4, negligible = 1e-6;

static const char *const usual_outputs[]    = {"neuron.V", "ecs.K", "total.dissipation",
                                               "neuron.A_atp"};
static const char *const usual_parameters[] = {"energy_supply", "temperature", "neuron.nka.rate",
                                               "neuron.leak_na.permeability",
                                               "glia.kir.conductance"};

typedef struct {
  const cli_arguments *arguments;
  ion_study *study;
  const ion_model *model;
  ion_units *units;
  ion_spec *selection;
  ion_outputs *outputs;
  size_t n_theta, n_parameter;
  int *parameter;
  ion_solver *solver;
  ion_response *response;
  ion_block theta, x;
  double *adjoint, *solved; /* [n_output][n_parameter] */
} check;

/* ---- what is asked for ---- */

/* Outputs by "a,b,c", read as the list of a sweep. */
static PetscErrorCode select_outputs(check *c, const char *list)
{
  const size_t size = strlen(list) + 3;
  char *text;
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(size, &text));
  snprintf(text, size, "[%s]", list);
  code = ion_spec_parse("--of", text, strlen(text), &c->selection);
  PetscCall(PetscFree(text));
  PetscCall(code);
  PetscCall(ion_outputs_create(c->model, ion_spec_root(c->selection), &c->outputs));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The usual outputs that this model has. */
static PetscErrorCode select_usual_outputs(check *c)
{
  ion_outputs *all = NULL;
  char list[512]   = "";

  PetscFunctionBegin;
  PetscCall(ion_outputs_create(c->model, NULL, &all));
  for (size_t k = 0; k < ION_COUNT(usual_outputs); k++)
    for (size_t i = 0; i < ion_outputs_count(all); i++) {
      const size_t used = strlen(list);

      if (strcmp(ion_outputs_at(all, i)->name, usual_outputs[k]) != 0) continue;
      snprintf(list + used, sizeof list - used, "%s%s", used ? "," : "", usual_outputs[k]);
    }
  PetscCall(ion_outputs_destroy(&all));
  PetscCheck(*list, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "ionsweep point: '%s' has none of the usual outputs; name some by --of",
             ion_model_name(c->model));
  PetscCall(select_outputs(c, list));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A verdict and eigenvalues are no functions of the state alone that could be differentiated here. */
static PetscErrorCode refuse_verdicts(const check *c)
{
  PetscFunctionBegin;
  for (size_t i = 0; i < ion_outputs_count(c->outputs); i++) {
    const ion_output *output = ion_outputs_at(c->outputs, i);

    PetscCheck(ion_output_is_of_state(output), PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
               "ionsweep point: --of %s: derivatives of the group %s are not available",
               output->name, output->group);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Parameters by "a,b,c", each once. */
static PetscErrorCode select_parameters(check *c, const char *list)
{
  size_t n;
  const ion_quantity *quantity = ion_model_quantities(c->model, &n, NULL);
  char *text, *at, *word;
  PetscErrorCode code = PETSC_SUCCESS;

  PetscFunctionBegin;
  PetscCall(PetscStrallocpy(list, &text));
  for (at = text; at && !code; at = word) {
    const ion_place place = {"--by", 1, (size_t)(at - text) + 1};
    size_t found          = 0;
    PetscBool again       = PETSC_FALSE;

    word = strchr(at, ',');
    if (word) *word++ = '\0';
    code = ion_quantity_find_at(place, at, quantity, c->n_theta, &found);
    for (size_t k = 0; k < c->n_parameter; k++)
      if (c->parameter[k] == (int)found) again = PETSC_TRUE;
    if (!code && !again) c->parameter[c->n_parameter++] = (int)found;
  }
  PetscCall(PetscFree(text));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The usual parameters that this model has. */
static void select_usual_parameters(check *c)
{
  for (size_t k = 0; k < ION_COUNT(usual_parameters); k++) {
    const int found = ion_model_find(c->model, usual_parameters[k]);

    if (found >= 0 && (size_t)found < c->n_theta) c->parameter[c->n_parameter++] = found;
  }
}

/* ---- the point ---- */

static void observe(const void *context, ion_block theta, ion_block prepared, const ion_work *work,
                    size_t n_point, ion_block value)
{
  ion_outputs_observe(context, theta, prepared, work, n_point, NULL, NULL, NULL, value);
}

static PetscErrorCode choose(check *c)
{
  PetscFunctionBegin;
  c->model = ion_study_model(c->study);
  PetscCheck(c->model, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "ionsweep point: --check-derivatives is of a model, not of the function %s",
             ion_study_subject(c->study));
  (void)ion_model_quantities(c->model, NULL, &c->n_theta);
  PetscCall(PetscMalloc1(c->n_theta, &c->parameter));
  if (c->arguments->of)
    PetscCall(select_outputs(c, c->arguments->of));
  else
    PetscCall(select_usual_outputs(c));
  PetscCall(refuse_verdicts(c));
  if (c->arguments->by)
    PetscCall(select_parameters(c, c->arguments->by));
  else
    select_usual_parameters(c);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The steady state of the point, and both kinds of derivatives there. */
static PetscErrorCode differentiate(check *c, PetscBool *exists)
{
  const ion_design *design = ion_study_design(c->study);
  const size_t n = ion_design_n_factor(design), n_output = ion_outputs_count(c->outputs);
  unsigned char status = ION_PENDING, reached = ION_REACHED_NOT;
  const ion_verdict verdict = {.status = &status, .reached = &reached};
  int *varying;

  PetscFunctionBegin;
  PetscCall(ion_block_create(c->n_theta, 1, &c->theta));
  PetscCall(ion_block_create(ion_model_n_state(c->model), 1, &c->x));
  PetscCall(ion_study_theta(c->study, c->arguments->index, 1, c->theta));
  PetscCall(PetscMalloc1(n, &varying));
  for (size_t i = 0; i < n; i++) varying[i] = (int)ion_design_factor(design, i)->quantity;
  PetscCall(ion_solver_create(c->model, varying, n, 1, &c->solver));
  PetscCall(PetscFree(varying));
  PetscCall(ion_solve_steady(c->solver, c->theta, c->x, &verdict));
  *exists = (PetscBool)(status == ION_OK);
  if (!*exists) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ion_response_create(c->model, c->parameter, c->n_parameter, observe, c->outputs,
                                n_output, &c->response));
  PetscCall(PetscMalloc1(n_output * c->n_parameter, &c->adjoint));
  PetscCall(PetscMalloc1(n_output * c->n_parameter, &c->solved));
  PetscCall(ion_response_derivatives(c->response, c->theta, c->x, 0, c->adjoint));
  PetscCall(ion_response_differences(c->response, c->solved));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the table ---- */

/* Relative difference; NaN where one of them is missing. */
static double difference(const check *c, size_t output, size_t k)
{
  const size_t i = output * c->n_parameter + k;
  const double a = c->adjoint[i], b = c->solved[i];
  const double least =
      negligible * ion_response_size(c->response)[output] / ion_response_scale(c->response)[k];
  const double size = fmax(fmax(fabs(a), fabs(b)), least);

  return a == b ? 0.0 : fabs(a - b) / size;
}

/* A number in a column, "-" where there is none. */
static void print_cell(int width, int digits, double value)
{
  if (isnan(value))
    printf(" %*s", width, "-");
  else
    printf(" %*.*g", width, digits, value);
}

static PetscErrorCode print_row(const check *c, int width, size_t output, size_t k)
{
  const ion_output *of   = ion_outputs_at(c->outputs, output);
  const ion_quantity *by = ion_model_quantities(c->model, NULL, NULL) + c->parameter[k];
  const PetscBool bare   = (PetscBool)!strcmp(by->unit, "1");
  const size_t i         = output * c->n_parameter + k;
  double factor, offset;
  PetscBool known;

  PetscFunctionBegin;
  PetscCall(ion_units_to_si(c->units, by->unit, NULL, &factor, &offset, &known));
  PetscCheck(known, PETSC_COMM_SELF, PETSC_ERR_PLIB, "unknown unit '%s'", by->unit);
  printf("  %-*s %-30s", width, of->name, by->name);
  print_cell(15, 9, factor * c->adjoint[i]);
  print_cell(15, 9, factor * c->solved[i]);
  print_cell(11, 2, difference(c, output, k));
  printf("  %s%s%s\n", of->unit, bare ? "" : " per ", bare ? "" : by->unit);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode print_rows(const check *c, size_t *n_bad, double *largest)
{
  int width = 14;

  PetscFunctionBegin;
  *n_bad   = 0;
  *largest = 0;
  for (size_t o = 0; o < ion_outputs_count(c->outputs); o++)
    width = (int)PetscMax((size_t)width, strlen(ion_outputs_at(c->outputs, o)->name));
  printf("\n  %-*s %-30s %15s %15s %11s\n", width, "derivative of", "by", "adjoint",
         "solving again", "difference");
  for (size_t o = 0; o < ion_outputs_count(c->outputs); o++)
    for (size_t k = 0; k < c->n_parameter; k++) {
      const double d = difference(c, o, k);

      PetscCall(print_row(c, width, o, k));
      if (!(d <= tolerance)) ++*n_bad;
      if (d > *largest) *largest = d;
    }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode print_table(const check *c, int *exit_status)
{
  const size_t n = ion_outputs_count(c->outputs) * c->n_parameter;
  size_t n_bad;
  double largest;

  PetscFunctionBegin;
  PetscCall(print_rows(c, &n_bad, &largest));
  if (n_bad) {
    printf("\n%zu of %zu derivatives differ by more than %g, or lack a neighbour on this branch\n",
           n_bad, n, tolerance);
    *exit_status = EXIT_FAILED;
  } else {
    printf("\n%zu derivative%s to %g; largest difference %.1e\n", n, n == 1 ? " agrees" : "s agree",
           tolerance, largest);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode report(check *c, int *exit_status)
{
  char where[512];
  PetscBool exists = PETSC_FALSE;

  PetscFunctionBegin;
  PetscCall(ion_units_create(&c->units));
  PetscCall(choose(c));
  PetscCall(differentiate(c, &exists));
  PetscCall(cli_point_text(c->study, c->arguments->index, where, sizeof where));
  printf("%s\n%s%s%s\n", ion_study_title(c->study), ion_model_name(c->model), *where ? " at " : "",
         where);
  if (exists) {
    PetscCall(print_table(c, exit_status));
  } else {
    printf("the point has no steady state to differentiate\n");
    *exit_status = EXIT_FAILED;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode cli_check_derivatives(const cli_arguments *arguments, ion_study *study,
                                     int *exit_status)
{
  check c = {.arguments = arguments, .study = study};
  PetscErrorCode code;

  PetscFunctionBegin;
  code = report(&c, exit_status);
  PetscCall(PetscFree(c.adjoint));
  PetscCall(PetscFree(c.solved));
  PetscCall(ion_response_destroy(&c.response));
  PetscCall(ion_solver_destroy(&c.solver));
  PetscCall(ion_block_destroy(&c.x));
  PetscCall(ion_block_destroy(&c.theta));
  PetscCall(PetscFree(c.parameter));
  PetscCall(ion_outputs_destroy(&c.outputs));
  PetscCall(ion_spec_close(&c.selection));
  PetscCall(ion_units_destroy(&c.units));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}
