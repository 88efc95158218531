/* A point as tables for people. */
#include "cli_impl.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A number in a column, "-" where there is none. */
static void print_cell(double value)
{
  if (isnan(value))
    printf("%13s", "-");
  else
    printf("%13.6g", value + 0.0); /* no "-0" */
}

/* The output of that name, or NULL with a NaN value. */
static const ion_output *find(const cli_solved *solved, const char *name, double *value)
{

  for (size_t i = 0; i < ion_study_n_output(solved->study); i++) {
    if (strcmp(ion_study_output_at(solved->study, i)->name, name) != 0) continue;
    *value = *ion_row(solved->value, i);
    return ion_study_output_at(solved->study, i);
  }
  *value = (double)NAN;
  return NULL;
}

static double value_of(const cli_solved *solved, const char *name)
{
  double value;

  (void)find(solved, name, &value);
  return value;
}

/* Has an earlier output of the group the same last part ("neuron.K" before "glia.K")? */
static PetscBool is_repeated(const cli_solved *solved, size_t i)
{
  const ion_output *output = ion_study_output_at(solved->study, i);
  const char *last         = strchr(output->name, '.');

  for (size_t k = 0; k < i; k++) {
    const ion_output *other = ion_study_output_at(solved->study, k);

    if (!strcmp(other->group, output->group) && !strcmp(strchr(other->name, '.'), last))
      return PETSC_TRUE;
  }
  return PETSC_FALSE;
}

/* A group whose outputs are "COMPARTMENT.WHAT": a row each WHAT, a column each compartment. */
static void print_by_compartment(const cli_solved *solved, const char *group, const char *heading)
{
  const ion_network *net = ion_model_network(ion_study_model(solved->study));
  char name[512];
  PetscBool is_any = PETSC_FALSE;

  for (size_t i = 0; i < ion_study_n_output(solved->study); i++)
    if (!strcmp(ion_study_output_at(solved->study, i)->group, group)) is_any = PETSC_TRUE;
  if (!is_any) return;
  printf("\n%-28s", heading);
  for (size_t c = 0; c < net->n_compartment; c++) printf("%13s", net->compartment[c].name);
  printf("\n");
  for (size_t i = 0; i < ion_study_n_output(solved->study); i++) {
    const ion_output *output = ion_study_output_at(solved->study, i);

    if (strcmp(output->group, group) != 0 || is_repeated(solved, i)) continue;
    printf("  %-18s%-8s", strchr(output->name, '.') + 1, output->unit);
    for (size_t c = 0; c < net->n_compartment; c++) {
      snprintf(name, sizeof name, "%s%s", net->compartment[c].name, strchr(output->name, '.'));
      print_cell(value_of(solved, name));
    }
    printf("\n");
  }
}

static void print_value(const ion_output *output, double value)
{
  char word[64];

  printf("  %-28s", output->name);
  if (output->flags)
    printf("%13s", cli_flag_word(output->flags, value, word, sizeof word));
  else
    print_cell(value);
  printf(" %s\n", strcmp(output->unit, "1") ? output->unit : "");
}

static void print_list(const cli_solved *solved, const char *group, const char *heading)
{
  PetscBool is_any = PETSC_FALSE;

  for (size_t i = 0; i < ion_study_n_output(solved->study); i++) {
    const ion_output *output = ion_study_output_at(solved->study, i);

    if (strcmp(output->group, group) != 0) continue;
    if (!is_any) printf("\n%s\n", heading);
    is_any = PETSC_TRUE;
    print_value(output, *ion_row(solved->value, i));
  }
}

/* Every group under its own name, in the order of the outputs. */
static void print_groups(const cli_solved *solved)
{
  for (size_t i = 0; i < ion_study_n_output(solved->study); i++) {
    const char *group = ion_study_output_at(solved->study, i)->group;
    size_t k          = 0;

    while (k < i && strcmp(ion_study_output_at(solved->study, k)->group, group) != 0) k++;
    if (k == i) print_list(solved, group, group);
  }
}

static double of_process(const cli_solved *solved, size_t r, const char *what,
                         const ion_output **output)
{
  char name[512];
  double value;

  snprintf(name, sizeof name, "%s.%s",
           ion_model_network(ion_study_model(solved->study))->process[r].name, what);
  *output = find(solved, name, &value);
  return value;
}

/* Free energy lost in all processes that lose some: what a share is of, so that shares add up to 1. */
static double lost_power(const cli_solved *solved)
{
  const ion_network *net = ion_model_network(ion_study_model(solved->study));
  const ion_output *output;
  double sum = 0.0;

  for (size_t r = 0; r < net->n_process; r++)
    sum += fmax(of_process(solved, r, "dissipation", &output), 0.0);
  return sum;
}

/* Name the processes that run against their affinity, by more than round-off. */
static void print_second_law(const cli_solved *solved, double lost)
{
  const ion_network *net = ion_model_network(ion_study_model(solved->study));
  const ion_output *output;
  size_t n = 0;

  for (size_t r = 0; r < net->n_process; r++) {
    if (!(of_process(solved, r, "dissipation", &output) < -1e-12 * lost)) continue;
    printf("%s%s", n++ ? ", " : "  second law: broken by ", net->process[r].name);
  }
  printf(n ? "\n" : "  second law: holds, no process runs against its affinity\n");
}

static void print_process(const cli_solved *solved, size_t r, int width, double lost)
{
  const ion_process *process = &ion_model_network(ion_study_model(solved->study))->process[r];
  const ion_output *output;
  double value;

  printf("  %s%-*s", process->name, width - (int)strlen(process->name),
         process->kind->flags & ION_NOT_THERMODYNAMIC ? "*" : "");
  value = of_process(solved, r, "flux", &output);
  print_cell(value);
  printf(" %-6s", output ? output->unit : "");
  value = of_process(solved, r, "affinity", &output);
  print_cell(value);
  printf(" %-6s", output ? output->unit : "");
  value = of_process(solved, r, "dissipation", &output);
  print_cell(value);
  printf(" pW");
  if (value >= 0.0 && lost > 0.0)
    printf(" %6.2f %%\n", 100.0 * value / lost);
  else
    printf(" %6s\n", "-");
}

/* Rate, affinity, dissipation and its share, process by process. */
static void print_processes(const cli_solved *solved)
{
  const ion_network *net = ion_model_network(ion_study_model(solved->study));
  const double lost      = lost_power(solved);
  PetscBool flagged      = PETSC_FALSE;
  int width              = 0;

  for (size_t r = 0; r < net->n_process; r++) {
    width = PetscMax(width, (int)strlen(net->process[r].name) + 2);
    if (net->process[r].kind->flags & ION_NOT_THERMODYNAMIC) flagged = PETSC_TRUE;
  }
  printf("\n%-*s%20s%20s%16s%9s\n", width + 2, "Processes", "rate", "affinity", "dissipation",
         "share");
  for (size_t r = 0; r < net->n_process; r++) print_process(solved, r, width, lost);
  printf(
      "  a rate > 0 runs as the equation is written (channels: outwards), an affinity > 0 drives "
      "it so;\n"
      "  dissipation = rate x affinity; shares are of all free energy lost and add up to 100 %%\n");
  if (flagged) printf("  * a published law that may break the second law\n");
  print_second_law(solved, lost);
}

/* A percentage, "-" where there is none. */
static void print_percent(double value)
{
  if (isnan(value))
    printf("%12s", "-");
  else
    printf("%10.2f %%", 100.0 * value);
}

/* Who makes and who uses ATP, cell by cell; users' shares add up to 100 %. */
static void print_atp(const cli_solved *solved)
{
  const ion_network *net = ion_model_network(ion_study_model(solved->study));
  char name[512];

  for (size_t c = 0; c < net->n_compartment; c++) {
    const char *cell = net->compartment[c].name;
    const ion_output *output;

    snprintf(name, sizeof name, "%s.A_atp", cell);
    if (isnan(value_of(solved, name))) continue;
    printf("\nATP in %s: %.6g kJ/mol", cell, value_of(solved, name));
    snprintf(name, sizeof name, "%s.atp_made", cell);
    printf(", made %.6g fmol/s", value_of(solved, name));
    snprintf(name, sizeof name, "%s.atp_used", cell);
    printf(", used %.6g fmol/s\n", value_of(solved, name));
    printf("  %-22s%16s%16s%12s%14s%12s\n", "(made where negative)", "fmol/s", "molecules/s",
           "share", "work kJ/mol", "efficiency");
    for (size_t r = 0; r < net->n_process; r++) {
      if (net->process[r].compartment != (int)c || !net->process[r].n_atp) continue;
      printf("  %-25s", net->process[r].name);
      print_cell(of_process(solved, r, "atp_use", &output));
      printf("   ");
      print_cell(of_process(solved, r, "atp_molecules", &output));
      print_percent(of_process(solved, r, "atp_share", &output));
      printf(" ");
      print_cell(of_process(solved, r, "work", &output));
      print_percent(of_process(solved, r, "efficiency", &output));
      printf("\n");
    }
  }
}

PetscErrorCode cli_print_tables(const cli_solved *solved)
{
  char where[512];

  PetscFunctionBegin;
  PetscCall(cli_point_text(solved->study, solved->index, where, sizeof where));
  printf("%s\n%s%s%s\n", ion_study_title(solved->study), ion_study_subject(solved->study),
         ion_design_n_factor(ion_study_design(solved->study)) ? " at " : "",
         ion_design_n_factor(ion_study_design(solved->study)) ? where : "");
  printf("status: %s", ion_status_name((ion_status)solved->status));
  if (ion_study_is(solved->study, "steady_state")) printf(", class: %s", cli_class_of(solved));
  printf("\n");
  if (solved->status != ION_OK) PetscFunctionReturn(PETSC_SUCCESS);
  if (!ion_study_is(solved->study, "steady_state")) {
    print_groups(solved);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  print_by_compartment(solved, "state", "State");
  print_by_compartment(solved, "nernst", "Nernst potentials");
  print_by_compartment(solved, "electrical", "Electrical readings");
  print_by_compartment(solved, "nanodomain", "Calcium microdomain");
  print_processes(solved);
  print_atp(solved);
  print_list(solved, "ledger.total", "Totals");
  print_list(solved, "stability", "Stability");
  PetscFunctionReturn(PETSC_SUCCESS);
}
