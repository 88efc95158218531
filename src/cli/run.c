/* ionsweep run SWEEP -o FILE.nc */
#include "cli_impl.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* s that ranks wait for rank 0 to end a job that lost others */
enum { MESSAGE = 1024, WAIT_FOR_END = 600, WAIT_TOLERANT = 3 };

/* PETSc error handler that keeps the message for the rank that will say it. */
// NOLINTNEXTLINE(readability-function-size): PETSc fixes the arguments
static PetscErrorCode keep(MPI_Comm comm, int line, const char *function, const char *file,
                           PetscErrorCode code, PetscErrorType type, const char *text,
                           void *context)
{
  (void)comm;
  (void)line;
  (void)function;
  (void)file;
  if (type == PETSC_ERROR_INITIAL && text) snprintf(context, MESSAGE, "%s", text);
  return code;
}

/* A study that one rank cannot read (a file that is not on its node) must not leave the others
 * waiting: all ranks learn of it, the lowest of those that failed says why. */
static PetscErrorCode agree(MPI_Comm comm, PetscErrorCode mine, const char *message)
{
  int rank, size, teller;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCallMPI(MPI_Comm_size(comm, &size));
  teller = mine ? rank : size;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &teller, 1, MPI_INT, MPI_MIN, comm));
  if (teller == rank && rank == 0) SETERRQ(PETSC_COMM_SELF, mine, "%s", message);
  if (teller == rank) fprintf(stderr, "rank %d: %s\n", rank, message);
  PetscFunctionReturn(teller == size ? PETSC_SUCCESS : PETSC_ERR_USER_INPUT);
}

PetscErrorCode cli_open_study(MPI_Comm comm, const cli_arguments *arguments, uint64_t samples,
                              ion_study **study)
{
  char message[MESSAGE] = "";
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCall(PetscPushErrorHandler(keep, message));
  code = ion_study_open_sized(arguments->file, arguments->set, arguments->n_set, samples, study);
  PetscCall(PetscPopErrorHandler());
  PetscCall(agree(comm, code, message));
  PetscFunctionReturn(PETSC_SUCCESS);
}

ion_run_options cli_run_options(const cli_arguments *arguments)
{
  return (ion_run_options){.output     = arguments->output,
                           .restart    = arguments->restart,
                           .durable    = arguments->durable,
                           .interval   = arguments->interval,
                           .stop_after = arguments->stop_after,
                           .max_points = arguments->max_points,

                           .point_timeout = arguments->point_timeout,
                           .isolate       = arguments->isolate,
                           .tolerate_loss = arguments->tolerate_loss,
                           .retry         = arguments->retry,

                           .part   = arguments->part,
                           .n_take = arguments->n_take,
                           .take   = arguments->take,
                           .extend = arguments->extend};
}

static void say_how_to_go_on(const ion_run_options *options, const ion_job_result *result)
{
  if (result->stopped)
    printf("stopped %s: finished points are saved in %s; run the same command again to go on\n",
           result->n_lost ? "after a rank was lost" : "on request", options->output);
}

/* Rank 0 ends what is left of the job. The others wait for that, since mpirun takes a rank that leaves
 * earlier for a failure; mpirun --enable-recovery does not, and may leave them alone. */
void cli_end_lost_job(MPI_Comm comm, const ion_run_options *options, int n_lost, int exit_status)
{
  unsigned wait = options->tolerate_loss ? WAIT_TOLERANT : WAIT_FOR_END;
  int rank;

  (void)MPI_Comm_rank(comm, &rank);
  if (rank == 0) {
    fprintf(stderr, "%d rank%s lost; MPI_Abort ends the job with exit status %d\n", n_lost,
            n_lost == 1 ? " was" : "s were", exit_status);
    (void)fflush(NULL);
    (void)MPI_Abort(comm, exit_status);
  }
  while (wait > 0) wait = sleep(wait);
  _exit(exit_status);
}

PetscErrorCode cli_solve(MPI_Comm comm, ion_study *study, const ion_run_options *options,
                         ion_job_result *result)
{
  PetscErrorCode code;
  int rank;

  PetscFunctionBegin;
  memset(result, 0, sizeof *result);
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  code = ion_study_run(comm, study, options, result);
  if (code == PETSC_ERR_FILE_WRITE && rank == 0 && !access(options->output, F_OK))
    fprintf(stderr, "finished points are kept in %s: run the same command again to go on\n",
            options->output);
  if (code && result->n_lost) cli_end_lost_job(comm, options, result->n_lost, EXIT_FAILED);
  PetscFunctionReturn(code);
}

PetscErrorCode cli_print_outcome(MPI_Comm comm, const ion_study *study,
                                 const ion_run_options *options, const ion_job_result *result,
                                 int *exit_status)
{
  int rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (!result->apart)
    PetscCall(cli_print_summary(comm, study, options->output, result));
  else if (rank == 0)
    PetscCall(cli_print_summary(MPI_COMM_SELF, study, options->output, result));
  if (rank == 0) say_how_to_go_on(options, result);
  if (result->stopped) *exit_status = EXIT_STOPPED;
  if (result->n_lost) cli_end_lost_job(comm, options, result->n_lost, *exit_status);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode solve(MPI_Comm comm, ion_study *study, const cli_arguments *arguments,
                            int *exit_status)
{
  const ion_run_options options = cli_run_options(arguments);
  ion_job_result result;
  int rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (rank == 0) cli_print_warnings(study);
  PetscCall(cli_solve(comm, study, &options, &result));
  PetscCall(cli_print_outcome(comm, study, &options, &result, exit_status));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode run_study(MPI_Comm comm, const cli_arguments *arguments, int *exit_status)
{
  ion_study *study = NULL;
  PetscErrorCode code;

  PetscFunctionBegin;
  code = cli_open_study(comm, arguments, 0, &study);
  if (!code) code = solve(comm, study, arguments, exit_status);
  PetscCall(ion_study_close(&study));
  PetscFunctionReturn(code);
}

static PetscErrorCode run(MPI_Comm comm, const cli_arguments *arguments, int *exit_status)
{
  ion_signals *signals = NULL;
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCheck(arguments->output, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "ionsweep run: -o FILE.nc is missing");
  PetscCall(ion_signals_catch(&signals)); /* a time limit may be up while the study is read */
  code = arguments->until ? cli_run_until(comm, arguments, exit_status)
                          : run_study(comm, arguments, exit_status);
  PetscCall(ion_signals_restore(&signals));
  PetscFunctionReturn(code);
}

const cli_verb cli_run = {
    .name  = "run",
    .usage = "ionsweep run SWEEP -o FILE.nc [--set NAME=VALUE]... [--restart] [--take FILE.nc]...",
    .help =
        "Solve every point of a sweep file into one NetCDF file. If FILE.nc is this study's and\n"
        "unfinished, its finished points are kept and the others solved. Start it under mpirun\n"
        "to share the work: any number of ranks gives the same file. Runs that cannot share a "
        "file\n"
        "solve parts: --part 1/2 and --part 2/2, each into its own; a last run with --take for "
        "each\n"
        "of the parts makes one file of them, the same as that of a single run. A sampled study "
        "grows:\n"
        "--extend keeps the points of a smaller one, --until doubles it until its indices are as\n"
        "certain as wanted, or --max-points are reached; both end with status 0 and say which.",
    .options   = "--output --set --restart --durable --interval --stop-after --max-points "
                 "--point-timeout --isolate --retry --tolerate-loss --part --take --extend --until "
                 "--help",
    .min_word  = 1,
    .max_word  = 1,
    .all_ranks = PETSC_TRUE,
    .run       = run,
};
