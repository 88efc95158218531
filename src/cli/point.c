/* ionsweep point MODEL-or-SWEEP */
#include "cli_impl.h"

#include <string.h>

const char *cli_class_of(const cli_solved *solved)
{

  for (size_t i = 0; i < ion_study_n_output(solved->study); i++)
    if (!strcmp(ion_study_output_at(solved->study, i)->name, "class"))
      return ion_class_name((ion_class)*ion_row(solved->value, i));
  return ion_class_name(ION_CLASS_NONE);
}

static PetscErrorCode check_arguments(const cli_arguments *arguments)
{
  PetscFunctionBegin;
  PetscCheck(arguments->check_derivatives || (!arguments->of && !arguments->by), PETSC_COMM_SELF,
             PETSC_ERR_USER_INPUT, "ionsweep point: %s belongs to --check-derivatives",
             arguments->of ? "--of" : "--by");
  PetscCheck(!arguments->check_derivatives || !arguments->json, PETSC_COMM_SELF,
             PETSC_ERR_USER_INPUT,
             "ionsweep point: --check-derivatives prints a table; it cannot be had with --json");
  PetscCheck(!arguments->trace || (!arguments->json && !arguments->check_derivatives),
             PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "ionsweep point: --trace prints samples; it cannot be had with --json or "
             "--check-derivatives");
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode open_point(const cli_arguments *arguments, cli_solved *solved)
{
  uint64_t n_point;

  PetscFunctionBegin;
  PetscCall(check_arguments(arguments));
  PetscCall(ion_study_open(arguments->file, arguments->set, arguments->n_set, &solved->study));
  n_point = ion_design_n_point(ion_study_design(solved->study));
  PetscCheck(arguments->index < n_point, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "ionsweep point: --index %llu is beyond the last point, %llu",
             (unsigned long long)arguments->index, (unsigned long long)(n_point - 1));
  solved->index = arguments->index;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode solve(cli_solved *solved)
{
  ion_study *study = solved->study;
  size_t n, n_theta;

  PetscFunctionBegin;
  PetscCall(ion_study_report_all(study));
  ion_study_quantities(study, &n, &n_theta);
  PetscCall(ion_block_create(n_theta, 1, &solved->theta));
  PetscCall(ion_block_create(ion_study_n_output(study), 1, &solved->value));
  PetscCall(ion_study_theta(study, solved->index, 1, solved->theta));
  PetscCall(ion_study_solve(study, solved->index, 1, solved->value, &solved->status));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode solve_and_print(const cli_arguments *arguments, cli_solved *solved)
{
  PetscFunctionBegin;
  if (arguments->trace) {
    PetscCall(cli_print_trace(arguments, solved));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(solve(solved));
  PetscCall(arguments->json ? cli_print_json(solved) : cli_print_tables(solved));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode run(MPI_Comm comm, const cli_arguments *arguments, int *exit_status)
{
  cli_solved solved = {0};
  PetscErrorCode code;

  PetscFunctionBegin;
  (void)comm;
  code = open_point(arguments, &solved);
  if (!code)
    code = arguments->check_derivatives
               ? cli_check_derivatives(arguments, solved.study, exit_status)
               : solve_and_print(arguments, &solved);
  PetscCall(ion_block_destroy(&solved.theta));
  PetscCall(ion_block_destroy(&solved.value));
  PetscCall(ion_study_close(&solved.study));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

const cli_verb cli_point = {
    .name  = "point",
    .usage = "ionsweep point MODEL-or-SWEEP [--index I] [--set NAME=VALUE]... [--json |\n"
             "         --trace TIME | --check-derivatives [--of OUTPUT,...] [--by PARAMETER,...]]",
    .help =
        "Solve one point and print everything about it: state, Nernst potentials, ATP, the rate,\n"
        "affinity and dissipation of every process, totals, stability and verdict. A model is\n"
        "solved as it stands; of a sweep the point --index is, which counts from 0.\n"
        "--trace '1 s' prints a time course every second instead, as comma-separated values.",
    .options  = "--index --set --json --trace --check-derivatives --of --by --help",
    .min_word = 1,
    .max_word = 1,
    .run      = run,
};
