/* ionsweep run SWEEP -o FILE.nc */
#include "cli_impl.h"

#include <stdio.h>
#include <string.h>

/* A study that one rank cannot read (a file that is not on its node) must not leave the others
 * waiting: all ranks learn the worst result. */
static PetscErrorCode agree(MPI_Comm comm, PetscErrorCode mine, const char *file)
{
  int rank, worst, code = (int)mine;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCallMPI(MPI_Allreduce(&code, &worst, 1, MPI_INT, MPI_MAX, comm));
  if (mine) PetscCall(mine);
  PetscCheck(!worst, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "%s: another rank cannot read this study", file);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode solve(MPI_Comm comm, ion_study *study, const cli_arguments *arguments,
                            int *exit_status)
{
  const ion_run_options options = {.output   = arguments->output,
                                   .restart  = arguments->restart,
                                   .durable  = arguments->durable,
                                   .interval = arguments->interval};
  ion_job_result result;
  int rank;

  PetscFunctionBegin;
  memset(&result, 0, sizeof result);
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCall(ion_study_run(comm, study, &options, &result));
  PetscCall(cli_print_summary(comm, study, arguments->output, &result));
  if (!result.stopped) PetscFunctionReturn(PETSC_SUCCESS);
  *exit_status = EXIT_STOPPED;
  if (rank == 0)
    printf(
        "stopped by signal %d: finished points are saved in %s; run the same command again to go "
        "on\n",
        result.signal, arguments->output);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode run(MPI_Comm comm, const cli_arguments *arguments, int *exit_status)
{
  ion_study *study = NULL;
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCheck(arguments->output, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "ionsweep run: -o FILE.nc is missing");
  code = ion_study_open(arguments->file, arguments->set, arguments->n_set, &study);
  code = agree(comm, code, arguments->file);
  if (!code) code = solve(comm, study, arguments, exit_status);
  PetscCall(ion_study_close(&study));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

const cli_verb cli_run = {
    .name  = "run",
    .usage = "ionsweep run SWEEP -o FILE.nc [--set NAME=VALUE]... [--restart]",
    .help =
        "Solve every point of a sweep file into one NetCDF file. If FILE.nc is this study's and\n"
        "unfinished, its finished points are kept and the others solved. Start it under mpirun\n"
        "to share the work: any number of ranks gives the same file.",
    .options   = "--output --set --restart --durable --interval --help",
    .min_word  = 1,
    .max_word  = 1,
    .all_ranks = PETSC_TRUE,
    .run       = run,
};
