/* ionsweep list processes | models | parameters MODEL | designs | outputs MODEL */
#include "cli_impl.h"

#include <ion/sensitivity.h>

#include <stdio.h>
#include <string.h>

static void print_param(const ion_param *param)
{
  printf("    %-24s %-10s %s%s\n", param->name, param->unit, param->meaning,
         param->flags & ION_PER_REACTANT ? " (one for each reactant)" : "");
}

static PetscErrorCode list_processes(const cli_arguments *arguments)
{
  size_t n;
  const ion_process_kind *const *kind = ion_process_kinds(&n);

  PetscFunctionBegin;
  (void)arguments;
  for (size_t i = 0; i < n; i++) {
    printf("%s: %s\n", kind[i]->name, kind[i]->summary);
    if (kind[i]->formula) printf("    J = %s\n", kind[i]->formula);
    printf("    %s\n    second law: %s\n", kind[i]->citation,
           kind[i]->flags & ION_NOT_THERMODYNAMIC ? "may be broken by this published law"
                                                  : "holds");
    for (size_t k = 0; k < kind[i]->n_param; k++) print_param(&kind[i]->param[k]);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The title of a model file, or what keeps it from being read. */
static PetscErrorCode print_model(const char *name, const char *path)
{
  ion_spec *spec        = NULL;
  const ion_node *title = NULL;
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCall(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  code = ion_spec_open(path, &spec);
  PetscCall(PetscPopErrorHandler());
  if (!code) title = ion_node_find(ion_spec_root(spec), "title");
  printf("%-20s %s\n%-20s %s\n", name,
         code                            ? "(cannot be read)"
         : title && ion_node_text(title) ? ion_node_text(title)
                                         : "",
         "", path);
  PetscCall(ion_spec_close(&spec));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode list_models(const cli_arguments *arguments)
{
  ion_library library;

  PetscFunctionBegin;
  (void)arguments;
  PetscCall(ion_library_create(&library));
  for (size_t i = 0; i < library.n; i++) PetscCall(print_model(library.name[i], library.path[i]));
  PetscCall(ion_library_destroy(&library));
  PetscFunctionReturn(PETSC_SUCCESS);
}

#define FAR 1e12 /* a bound beyond it, in the unit printed, is none to a reader */

/* "273 to 323", ">= 0": the values allowed, in the unit printed. */
static void range_text(double lower, double upper, char *text, size_t size)
{
  if (lower > -FAR && upper < FAR)
    snprintf(text, size, "%.6g to %.6g", lower + 0.0, upper + 0.0);
  else if (lower > -FAR)
    snprintf(text, size, ">= %.6g", lower + 0.0);
  else if (upper < FAR)
    snprintf(text, size, "<= %.6g", upper + 0.0);
  else
    snprintf(text, size, "any");
}

static PetscErrorCode print_quantities(const ion_study *study, const ion_units *units)
{
  size_t n, n_theta;
  const ion_quantity *quantity = ion_study_quantities(study, &n, &n_theta);
  double value, lower, upper;
  char allowed[64];

  PetscFunctionBegin;
  printf("%-38s %13s %-10s %-18s %s\n", "name", "default", "unit", "allowed", "meaning");
  for (size_t i = 0; i < n; i++) {
    PetscCall(cli_from_si(units, quantity[i].unit, quantity[i].value, &value));
    PetscCall(cli_from_si(units, quantity[i].unit, quantity[i].lower, &lower));
    PetscCall(cli_from_si(units, quantity[i].unit, quantity[i].upper, &upper));
    range_text(lower, upper, allowed, sizeof allowed);
    printf("%-38s %13.6g %-10s %-18s %s%s\n", quantity[i].name, value + 0.0, quantity[i].unit,
           allowed, quantity[i].meaning, quantity[i].is_factor ? "" : " (may be set, not varied)");
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void print_output(const ion_output *output)
{
  printf("%-34s %-8s %-13s %s\n", output->name, output->unit, output->group, output->long_name);
}

static PetscErrorCode print_outputs(const ion_study *study)
{
  ion_outputs *outputs = NULL;

  PetscFunctionBegin;
  if (!ion_study_model(study)) {
    for (size_t i = 0; i < ion_study_n_output(study); i++)
      print_output(ion_study_output_at(study, i));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(ion_outputs_create(ion_study_model(study), NULL, &outputs));
  for (size_t i = 0; i < ion_outputs_count(outputs); i++) print_output(ion_outputs_at(outputs, i));
  PetscCall(ion_outputs_destroy(&outputs));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode list_parameters(const cli_arguments *arguments)
{
  ion_study *study = NULL;
  ion_units *units = NULL;
  PetscErrorCode code;

  PetscFunctionBegin;
  code = ion_study_open(arguments->model, arguments->set, arguments->n_set, &study);
  if (!code) code = ion_units_create(&units);
  if (!code) code = print_quantities(study, units);
  PetscCall(ion_units_destroy(&units));
  PetscCall(ion_study_close(&study));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode list_outputs(const cli_arguments *arguments)
{
  ion_study *study = NULL;
  PetscErrorCode code;

  PetscFunctionBegin;
  code = ion_study_open(arguments->model, arguments->set, arguments->n_set, &study);
  if (!code) code = print_outputs(study);
  PetscCall(ion_study_close(&study));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode list_designs(const cli_arguments *arguments)
{
  PetscFunctionBegin;
  (void)arguments;
  for (const ion_design_kind_info *info = ion_design_kinds(); info->name; info++)
    printf("%-18s %s\n", info->name, info->summary);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode list_functions(const cli_arguments *arguments)
{
  PetscFunctionBegin;
  (void)arguments;
  for (const ion_function *f = ion_functions(); f->name; f++)
    printf("%-18s %-72s %s\n", f->name, f->summary, f->citation);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode list_estimators(const cli_arguments *arguments)
{
  PetscFunctionBegin;
  (void)arguments;
  for (int i = 0; i < ION_N_ESTIMATOR; i++) {
    const ion_estimator_info *info = ion_estimator_at((ion_estimator)i);

    printf("%-18s %-56s %s\n", info->name, info->summary, info->citation);
  }
  for (const ion_estimator_info *info = ion_measures(); info->name; info++)
    printf("%-18s %-56s %s\n", info->name, info->summary, info->citation);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const struct {
  const char *name;
  PetscBool of_model;
  PetscErrorCode (*print)(const cli_arguments *arguments);
} listing[] = {
    {"processes",  PETSC_FALSE, list_processes },
    {"models",     PETSC_FALSE, list_models    },
    {"parameters", PETSC_TRUE,  list_parameters},
    {"designs",    PETSC_FALSE, list_designs   },
    {"outputs",    PETSC_TRUE,  list_outputs   },
    {"estimators", PETSC_FALSE, list_estimators},
    {"functions",  PETSC_FALSE, list_functions },
};

static PetscErrorCode find_listing(const char *word, size_t *found)
{
  const char *known[ION_COUNT(listing)], *nearest;

  PetscFunctionBegin;
  for (size_t i = 0; i < ION_COUNT(listing); i++) {
    known[i] = listing[i].name;
    *found   = i;
    if (!strcmp(word, known[i])) PetscFunctionReturn(PETSC_SUCCESS);
  }
  nearest = ion_nearest_name(word, known, ION_COUNT(listing));
  PetscCheck(!nearest, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "ionsweep list: unknown word '%s'; did you mean '%s'?", word, nearest);
  SETERRQ(PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
          "ionsweep list: unknown word '%s'; known: processes, models, parameters, designs, "
          "outputs, estimators, functions",
          word);
}

static PetscErrorCode run(MPI_Comm comm, const cli_arguments *arguments, int *exit_status)
{
  size_t i = 0;

  PetscFunctionBegin;
  (void)comm;
  (void)exit_status;
  PetscCall(find_listing(arguments->file, &i));
  PetscCheck(!listing[i].of_model == !arguments->model, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "ionsweep list: '%s' wants %s", listing[i].name,
             listing[i].of_model ? "a model: its name or file" : "no other word");
  PetscCall(listing[i].print(arguments));
  PetscFunctionReturn(PETSC_SUCCESS);
}

const cli_verb cli_list = {
    .name  = "list",
    .usage = "ionsweep list processes | models | parameters MODEL | designs | outputs MODEL | "
             "estimators | functions",
    .help =
        "Print names with their units, defaults, meaning and source: the kinds of process, the\n"
        "models found by name, the parameters and outputs of a model, the kinds of design, the\n"
        "estimators that analyze uses, the functions that stand in for a cell (solve: function).",
    .options  = "--set --help",
    .min_word = 1,
    .max_word = 2,
    .run      = run,
};
