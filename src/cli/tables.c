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
    printf("%13.6g", value);
}

/* The output of that name, or NULL with a NaN value. */
static const ion_output *find(const cli_solved *solved, const char *name, double *value)
{
  const ion_outputs *outputs = ion_study_outputs(solved->study);

  for (size_t i = 0; i < ion_outputs_count(outputs); i++) {
    if (strcmp(ion_outputs_at(outputs, i)->name, name) != 0) continue;
    *value = *ion_row(solved->value, i);
    return ion_outputs_at(outputs, i);
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
static PetscBool is_repeated(const ion_outputs *outputs, size_t i)
{
  const ion_output *output = ion_outputs_at(outputs, i);
  const char *last         = strchr(output->name, '.');

  for (size_t k = 0; k < i; k++) {
    const ion_output *other = ion_outputs_at(outputs, k);

    if (!strcmp(other->group, output->group) && !strcmp(strchr(other->name, '.'), last))
      return PETSC_TRUE;
  }
  return PETSC_FALSE;
}

/* A group whose outputs are "COMPARTMENT.WHAT": a row each WHAT, a column each compartment. */
static void print_by_compartment(const cli_solved *solved, const char *group, const char *heading)
{
  const ion_outputs *outputs = ion_study_outputs(solved->study);
  const ion_network *net     = ion_model_network(ion_study_model(solved->study));
  char name[512];

  printf("\n%-24s", heading);
  for (size_t c = 0; c < net->n_compartment; c++) printf("%13s", net->compartment[c].name);
  printf("\n");
  for (size_t i = 0; i < ion_outputs_count(outputs); i++) {
    const ion_output *output = ion_outputs_at(outputs, i);

    if (strcmp(output->group, group) != 0 || is_repeated(outputs, i)) continue;
    printf("  %-14s%-8s", strchr(output->name, '.') + 1, output->unit);
    for (size_t c = 0; c < net->n_compartment; c++) {
      snprintf(name, sizeof name, "%s%s", net->compartment[c].name, strchr(output->name, '.'));
      print_cell(value_of(solved, name));
    }
    printf("\n");
  }
}

static void print_list(const cli_solved *solved, const char *group, const char *heading)
{
  const ion_outputs *outputs = ion_study_outputs(solved->study);
  PetscBool is_any           = PETSC_FALSE;

  for (size_t i = 0; i < ion_outputs_count(outputs); i++) {
    const ion_output *output = ion_outputs_at(outputs, i);

    if (strcmp(output->group, group) != 0) continue;
    if (!is_any) printf("\n%s\n", heading);
    is_any = PETSC_TRUE;
    printf("  %-28s", output->name);
    print_cell(*ion_row(solved->value, i));
    printf(" %s\n", strcmp(output->unit, "1") ? output->unit : "");
  }
}

/* Rate, affinity, dissipation and its share of the total, process by process. */
static void print_processes(const cli_solved *solved)
{
  const ion_network *net = ion_model_network(ion_study_model(solved->study));
  const double total     = value_of(solved, "total.dissipation");
  PetscBool audit        = PETSC_FALSE;
  char name[512];

  printf("\n%-24s%20s%20s%16s%9s\n", "Processes", "rate", "affinity", "dissipation", "share");
  for (size_t r = 0; r < net->n_process; r++) {
    const ion_process *process = &net->process[r];
    const PetscBool flagged    = (PetscBool)((process->kind->flags & ION_NOT_THERMODYNAMIC) != 0);
    const ion_output *output;
    double value;

    audit = (PetscBool)(audit || flagged);
    printf("  %s%-*s", process->name, (int)PetscMax(1, 22 - (int)strlen(process->name)),
           flagged ? "*" : "");
    snprintf(name, sizeof name, "%s.flux", process->name);
    output = find(solved, name, &value);
    print_cell(value);
    printf(" %-6s", output ? output->unit : "");
    snprintf(name, sizeof name, "%s.affinity", process->name);
    output = find(solved, name, &value);
    print_cell(value);
    printf(" %-6s", output ? output->unit : "");
    snprintf(name, sizeof name, "%s.dissipation", process->name);
    value = value_of(solved, name);
    print_cell(value);
    printf(" pW %6.2f %%\n", 100.0 * value / total);
  }
  if (audit) printf("  * a published law that may break the second law\n");
}

PetscErrorCode cli_print_tables(const cli_solved *solved)
{
  const ion_model *model = ion_study_model(solved->study);
  char where[512];

  PetscFunctionBegin;
  PetscCall(cli_point_text(solved->study, solved->index, where, sizeof where));
  printf("%s\n%s%s%s\n", ion_study_title(solved->study), ion_model_name(model),
         ion_design_n_factor(ion_study_design(solved->study)) ? " at " : "",
         ion_design_n_factor(ion_study_design(solved->study)) ? where : "");
  printf("status: %s, class: %s\n", ion_status_name((ion_status)solved->status),
         cli_class_of(solved));
  if (solved->status != ION_OK) PetscFunctionReturn(PETSC_SUCCESS);
  print_by_compartment(solved, "state", "State");
  print_by_compartment(solved, "nernst", "Nernst potentials");
  print_list(solved, "atp", "Energy of ATP");
  print_processes(solved);
  print_list(solved, "ledger.total", "Totals");
  print_list(solved, "stability", "Stability");
  PetscFunctionReturn(PETSC_SUCCESS);
}
