/* ionsweep branch MODEL-or-SWEEP --in PARAMETER --from A --to B */
#include "cli_impl.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What is followed, and what came of it. */
typedef struct {
  const cli_arguments *arguments;
  ion_study *study;
  ion_units *units;
  ion_spec *selection;
  ion_outputs *outputs;
  size_t parameter;
  double from, to; /* SI */
  double longest;
  ion_branch branch;
  ion_block theta, table;
} walk;

/* ---- what was typed ---- */

/* A value of the parameter, read like one of a file. */
static PetscErrorCode read_value(const walk *w, const char *option, const char *text, double *si)
{
  const ion_quantity *q =
      ion_model_quantities(ion_study_model(w->study), NULL, NULL) + w->parameter;
  ion_spec *spec = NULL;
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCheck(text, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT, "ionsweep branch: %s is missing", option);
  code = ion_spec_parse(option, text, strlen(text), &spec);
  if (!code) code = ion_node_get_quantity(ion_spec_root(spec), w->units, q, si, NULL, NULL);
  PetscCall(ion_spec_close(&spec));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_range(walk *w)
{
  const cli_arguments *a = w->arguments;
  size_t n, n_theta;
  const ion_quantity *q = ion_model_quantities(ion_study_model(w->study), &n, &n_theta);

  PetscFunctionBegin;
  PetscCheck(a->in, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "ionsweep branch: --in PARAMETER is missing; 'list parameters MODEL' shows them");
  PetscCall(ion_quantity_find_at((ion_place){"--in", 1, 1}, a->in, q, n, &w->parameter));
  PetscCheck(w->parameter < n_theta, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "--in: '%s' belongs to the resting state the model is calibrated at; a branch cannot "
             "be followed in it",
             a->in);
  PetscCall(read_value(w, "--from", a->from, &w->from));
  PetscCall(read_value(w, "--to", a->to, &w->to));
  PetscCheck(w->from != w->to, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "ionsweep branch: the range is empty: --from and --to are equal");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What is recorded by default, of what the model has. */
static PetscErrorCode usual_list(const ion_model *model, char *list, size_t size)
{
  static const char *const groups[] = {"state", "nernst", "atp", "ledger.total"};
  ion_outputs *all                  = NULL;

  PetscFunctionBegin;
  *list = '\0';
  PetscCall(ion_outputs_create(model, NULL, &all));
  for (size_t g = 0; g < ION_COUNT(groups); g++)
    for (size_t i = 0; i < ion_outputs_count(all); i++) {
      const size_t used = strlen(list);

      if (strcmp(ion_outputs_at(all, i)->group, groups[g]) != 0) continue;
      snprintf(list + used, size - used, "%s%s", used ? ", " : "", groups[g]);
      break;
    }
  PetscCall(ion_outputs_destroy(&all));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode select_outputs(walk *w)
{
  const ion_model *model = ion_study_model(w->study);
  char list[4096], text[4100];

  PetscFunctionBegin;
  if (w->arguments->of)
    snprintf(list, sizeof list, "%s", w->arguments->of);
  else
    PetscCall(usual_list(model, list, sizeof list));
  snprintf(text, sizeof text, "[%s]", list);
  PetscCall(ion_spec_parse("--of", text, strlen(text), &w->selection));
  PetscCall(ion_outputs_create(model, ion_spec_root(w->selection), &w->outputs));
  for (size_t i = 0; i < ion_outputs_count(w->outputs); i++)
    PetscCheck(ion_output_is_of_state(ion_outputs_at(w->outputs, i)), PETSC_COMM_SELF,
               PETSC_ERR_USER_INPUT,
               "--of: '%s' is no output of a branch, which records its spectrum at every place",
               ion_outputs_at(w->outputs, i)->name);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- on screen ---- */

/* The potentials, and what stands for the environment: the first few outputs that are potentials. */
static size_t columns_of(const walk *w, size_t *column, size_t most)
{
  size_t n = 0;

  for (size_t i = 0; i < ion_outputs_count(w->outputs) && n < most; i++) {
    const ion_output *output = ion_outputs_at(w->outputs, i);
    const char *dot          = strchr(output->name, '.');

    if (w->arguments->of || (dot && !strcmp(dot, ".V")) || !strcmp(output->name, "ecs.K"))
      column[n++] = i;
  }
  return n;
}

static PetscErrorCode print_place(const walk *w, size_t p, const size_t *column, size_t n)
{
  const ion_branch_place *place = &w->branch.place[p];
  const ion_quantity *q =
      ion_model_quantities(ion_study_model(w->study), NULL, NULL) + w->parameter;
  char word[32];
  double value;

  PetscFunctionBegin;
  PetscCall(cli_from_si(w->units, q->unit, place->value, &value));
  printf("  %5zu %-8s %14.9g %9d %13.5g %12.5g", p,
         cli_flag_word(ion_place_words, place->kind, word, sizeof word), value, place->n_unstable,
         place->eigen_re, place->eigen_im / 6.283185307179586);
  for (size_t k = 0; k < n; k++)
    printf(" %13.6g",
           ion_row(w->table, w->table.n_row - ion_outputs_count(w->outputs) + column[k])[p]);
  printf("\n");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Every special place, and of the others so many that a page is not overrun. */
static PetscErrorCode print_branch(const walk *w)
{
  enum { MOST_COLUMNS = 5, WANTED = 40 };
  const ion_quantity *q =
      ion_model_quantities(ion_study_model(w->study), NULL, NULL) + w->parameter;
  const size_t every = w->branch.n / WANTED + 1;
  size_t column[MOST_COLUMNS];
  const size_t n = columns_of(w, column, MOST_COLUMNS);

  PetscFunctionBegin;
  printf("Branch of steady states of %s in %s%s\n", ion_model_name(ion_study_model(w->study)),
         q->name, w->branch.is_collapsed ? ", from the collapsed state" : "");
  printf("  %5s %-8s %14s %9s %13s %12s", "place", "kind", "value", "unstable", "eigenvalue",
         "frequency");
  for (size_t k = 0; k < n; k++) printf(" %13s", ion_outputs_at(w->outputs, column[k])->name);
  printf("\n  %5s %-8s %14s %9s %13s %12s", "", "", strcmp(q->unit, "1") ? q->unit : "", "", "1/s",
         "Hz");
  for (size_t k = 0; k < n; k++) printf(" %13s", ion_outputs_at(w->outputs, column[k])->unit);
  printf("\n");
  for (size_t p = 0; p < w->branch.n; p++)
    if (w->branch.place[p].kind != ION_PLACE_REGULAR || p % every == 0)
      PetscCall(print_place(w, p, column, n));
  printf("  %zu places; %s\n", w->branch.n,
         w->branch.is_complete ? "the branch left the range"
                               : "the branch was not followed out of the range (see --places)");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the verb ---- */

static PetscErrorCode follow(walk *w)
{
  const cli_arguments *a = w->arguments;
  size_t n, n_theta;

  PetscFunctionBegin;
  PetscCall(ion_units_create(&w->units));
  PetscCall(ion_study_open(a->file, a->set, a->n_set, &w->study));
  PetscCheck(ion_study_model(w->study), PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "%s: a function has no steady states to follow", a->file);
  ion_model_quantities(ion_study_model(w->study), &n, &n_theta);
  PetscCall(read_range(w));
  PetscCall(select_outputs(w));
  PetscCall(ion_block_create(n_theta, 1, &w->theta));
  ion_model_default_theta(ion_study_model(w->study), w->theta);
  PetscCall(ion_branch_follow(ion_study_model(w->study), w->theta, (int)w->parameter, w->from,
                              w->to, a->places, w->longest, &w->branch));
  PetscCall(ion_study_branch_table(w->study, &w->branch, w->parameter, w->outputs, &w->table));
  PetscCall(print_branch(w));
  if (!a->output) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(
      ion_study_branch_write(w->study, &w->branch, w->parameter, w->outputs, w->table, a->output));
  printf("  file: %s\n", a->output);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode run(MPI_Comm comm, const cli_arguments *arguments, int *exit_status)
{
  walk w = {.arguments = arguments, .longest = 0.2};
  PetscErrorCode code;

  PetscFunctionBegin;
  (void)comm;
  (void)exit_status;
  code = follow(&w);
  PetscCall(ion_branch_destroy(&w.branch));
  PetscCall(ion_block_destroy(&w.table));
  PetscCall(ion_block_destroy(&w.theta));
  PetscCall(ion_outputs_destroy(&w.outputs));
  PetscCall(ion_spec_close(&w.selection));
  PetscCall(ion_study_close(&w.study));
  PetscCall(ion_units_destroy(&w.units));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

const cli_verb cli_branch = {
    .name  = "branch",
    .usage = "ionsweep branch MODEL-or-SWEEP --in PARAMETER --from A --to B [-o FILE.nc]\n"
             "         [--places N] [--of OUTPUT,...] [--set NAME=VALUE]...",
    .help =
        "Follow one branch of steady states as a parameter moves, from the state that rest leads\n"
        "to at A, through its folds, until it leaves the range from A to B or has N places "
        "(1000).\n"
        "Folds and Hopf points are polished and marked with their eigenvalues.\n"
        "postprocess/branch.py draws FILE.nc.",
    .options  = "--in --from --to --output --places --of --set --help",
    .min_word = 1,
    .max_word = 1,
    .run      = run,
};
