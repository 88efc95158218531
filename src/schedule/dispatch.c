/* A job of chunks, from the first deal to the verdict all ranks share. */
#include "dispatch_impl.h"

#include <stdio.h>
#include <string.h>

/* PETSc error handler that keeps the message; rank 0 raises the first one of the job again. */
// NOLINTNEXTLINE(readability-function-size): PETSc fixes the arguments
static PetscErrorCode keep_message(MPI_Comm comm, int at, const char *function, const char *file,
                                   PetscErrorCode code, PetscErrorType type, const char *text,
                                   void *context)
{
  char *message = context;

  (void)comm;
  (void)at;
  (void)function;
  (void)file;
  if (type == PETSC_ERROR_INITIAL && text) snprintf(message, ION_MESSAGE, "%s", text);
  return code;
}

PetscErrorCode ion_chunk_run(const ion_job *job, const ion_order *order, const ion_pulse *pulse,
                             ion_tally *tally, char message[ION_MESSAGE])
{
  PetscErrorCode code;

  PetscFunctionBegin;
  snprintf(message, ION_MESSAGE, "chunk %llu failed", (unsigned long long)order->chunk);
  PetscCall(PetscPushErrorHandler(keep_message, message));
  if (order->isolated && job->isolated)
    code = job->isolated(job->context, order->chunk, pulse, tally);
  else
    code = job->chunk(job->context, order->chunk, tally);
  PetscCall(PetscPopErrorHandler());
  PetscFunctionReturn(code);
}

PetscErrorCode ion_chunks_flush(const ion_job *job, char message[ION_MESSAGE])
{
  PetscErrorCode code;

  PetscFunctionBegin;
  if (!job->flush) PetscFunctionReturn(PETSC_SUCCESS);
  snprintf(message, ION_MESSAGE, "finished chunks could not be saved");
  PetscCall(PetscPushErrorHandler(keep_message, message));
  code = job->flush(job->context);
  PetscCall(PetscPopErrorHandler());
  PetscFunctionReturn(code);
}

/* One rank deals to itself. */
static PetscErrorCode run_alone(ion_dealer *dealer)
{
  const ion_job *job = dealer->job;
  char message[ION_MESSAGE];
  PetscErrorCode code;
  ion_order order;

  PetscFunctionBegin;
  while (!ion_dealer_is_stopping(dealer) && ion_dealer_next(dealer, &order))
    PetscCall(ion_dealer_work(dealer, &order));
  code = ion_chunks_flush(job, message);
  if (code) ion_dealer_fail(dealer, code, message);
  if (dealer->code) ion_log_event(job->log_path, "error: %s", dealer->message);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void describe_end(const ion_dealer *dealer, const ion_ending *ending, char *how, size_t size)
{
  static const char *const limit[] = {
      [ION_STOP_TIME] = "its time limit", [ION_STOP_POINTS] = "its limit of points"};

  if (ending->code)
    snprintf(how, size, "failed");
  else if (!ending->stopped)
    snprintf(how, size, "done");
  else
    snprintf(how, size, "stopped by %s",
             dealer->stop == ION_STOP_SIGNAL ? ion_signal_name(dealer->signal)
                                             : limit[dealer->stop]);
}

/* What asks to stop after the last chunk stops nothing. */
static ion_ending end_of(ion_dealer *dealer)
{
  const ion_job *job         = dealer->job;
  const PetscBool unfinished = (PetscBool)(dealer->done < job->n_chunk);
  const ion_ending ending    = {.seconds = MPI_Wtime() - dealer->progress.start,
                                .code    = (int)dealer->code,
                                .signal  = dealer->signal,
                                .n_lost  = dealer->n_lost,
                                .stopped = dealer->stop && unfinished && !dealer->code};
  char how[64];

  describe_end(dealer, &ending, how, sizeof how);
  ion_progress_end(&dealer->progress, &dealer->tally, how);
  ion_log_event(job->log_path, "%s%send: %s, %llu of %llu chunks in %.1f s",
                job->label ? job->label : "", job->label ? ", " : "", how,
                (unsigned long long)dealer->done, (unsigned long long)job->n_chunk, ending.seconds);
  return ending;
}

static PetscErrorCode deal_all(MPI_Comm comm, int n_rank, ion_dealer *dealer, ion_ending *ending)
{
  const ion_job *job = dealer->job;

  PetscFunctionBegin;
  ion_log_event(job->log_path, "%s%sstart: %d rank%s, %llu chunks, %llu points",
                job->label ? job->label : "", job->label ? ", " : "", n_rank,
                n_rank == 1 ? "" : "s", (unsigned long long)job->n_chunk,
                (unsigned long long)job->n_point);
  if (n_rank == 1) {
    PetscCall(run_alone(dealer));
  } else {
    PetscCall(ion_master_run(comm, dealer));
  }
  *ending = end_of(dealer);
  if (n_rank > 1) PetscCall(ion_master_end(comm, dealer, ending));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode run_rank(MPI_Comm comm, const ion_job *job, ion_dealer *dealer,
                               ion_ending *ending)
{
  int rank, n_rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCallMPI(MPI_Comm_size(comm, &n_rank));
  if (rank == 0) {
    PetscCall(ion_dealer_start(dealer, job));
    PetscCall(deal_all(comm, n_rank, dealer, ending));
  } else {
    PetscCall(ion_worker_run(comm, job, ending));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Where ranks may die, a message to one of them must not end the others. */
static PetscErrorCode run_tolerant(MPI_Comm comm, const ion_job *job, ion_dealer *dealer,
                                   ion_ending *ending)
{
  MPI_Errhandler usual = MPI_ERRHANDLER_NULL;
  PetscErrorCode code;

  PetscFunctionBegin;
  if (job->tolerate_loss) {
    PetscCallMPI(MPI_Comm_get_errhandler(comm, &usual));
    PetscCallMPI(MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN));
  }
  code = run_rank(comm, job, dealer, ending);
  if (job->tolerate_loss) {
    PetscCallMPI(MPI_Comm_set_errhandler(comm, usual));
    PetscCallMPI(MPI_Errhandler_free(&usual));
  }
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_job_run(MPI_Comm comm, const ion_job *job, ion_job_result *result)
{
  ion_ending ending      = {0};
  ion_signals *signals   = NULL;
  ion_crash_notes *notes = NULL;
  ion_dealer dealer      = {.job = job};
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCall(ion_signals_catch(&signals));
  PetscCall(ion_crash_notes_open(job->log_path, (PetscBool)(job->patience > 0), &notes));
  code = run_tolerant(comm, job, &dealer, &ending);
  PetscCall(ion_crash_notes_close(&notes));
  PetscCall(ion_signals_restore(&signals));
  PetscCall(ion_dealer_end(&dealer));
  PetscCall(code);
  *result = (ion_job_result){.stopped = (PetscBool)ending.stopped,
                             .signal  = ending.signal,
                             .apart   = (PetscBool)(job->tolerate_loss || ending.n_lost),
                             .n_lost  = ending.n_lost,
                             .seconds = ending.seconds,
                             .tally   = dealer.tally};
  /* Where the message is known it is raised; other ranks leave with the code alone. */
  PetscCheck(!dealer.code, PETSC_COMM_SELF, dealer.code, "%s", dealer.message);
  PetscFunctionReturn((PetscErrorCode)ending.code);
}
