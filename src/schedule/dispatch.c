/* A job of chunks, from the first deal to the verdict all ranks share. */
#include "dispatch_impl.h"

#include <stdio.h>
#include <string.h>

void ion_tally_add(ion_tally *sum, const ion_tally *part)
{
  sum->n_point += part->n_point;
  sum->n_read += part->n_read;
  for (int s = 0; s < ION_N_STATUS; s++) sum->status[s] += part->status[s];
  for (int c = 0; c < ION_N_CLASS; c++) sum->class_count[c] += part->class_count[c];
  for (int w = 0; w < ION_TALLY_WORDS; w++) sum->word_count[w] += part->word_count[w];
  sum->solve_seconds += part->solve_seconds;
  sum->write_seconds += part->write_seconds;
  sum->wait_seconds += part->wait_seconds;
}

void ion_dealer_start(ion_dealer *dealer, const ion_job *job)
{
  *dealer = (ion_dealer){.job = job};
  ion_progress_start(&dealer->progress, job);
}

void ion_dealer_fail(ion_dealer *dealer, PetscErrorCode code, const char *message)
{
  if (dealer->code) return;
  dealer->code = code;
  snprintf(dealer->message, sizeof dealer->message, "%s", message);
}

PetscBool ion_dealer_is_stopping(ion_dealer *dealer)
{
  if (!dealer->signal) dealer->signal = ion_signals_caught();
  return (PetscBool)(dealer->signal || dealer->code);
}

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

PetscErrorCode ion_chunk_run(const ion_job *job, uint64_t chunk, ion_tally *tally,
                             char message[ION_MESSAGE])
{
  PetscErrorCode code;

  PetscFunctionBegin;
  snprintf(message, ION_MESSAGE, "chunk %llu failed", (unsigned long long)chunk);
  PetscCall(PetscPushErrorHandler(keep_message, message));
  code = job->chunk(job->context, chunk, tally);
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
static void run_alone(ion_dealer *dealer)
{
  const ion_job *job = dealer->job;
  char message[ION_MESSAGE];
  PetscErrorCode code;

  while (dealer->next < job->n_chunk && !ion_dealer_is_stopping(dealer)) {
    ion_tally part = {0};

    code = ion_chunk_run(job, dealer->next++, &part, message);
    ion_tally_add(&dealer->tally, &part);
    if (code) ion_dealer_fail(dealer, code, message);
    dealer->done += code ? 0 : 1;
    ion_progress_show(&dealer->progress, &dealer->tally);
  }
  code = ion_chunks_flush(job, message);
  if (code) ion_dealer_fail(dealer, code, message);
  if (dealer->code) ion_log_event(job->log_path, "error: %s", dealer->message);
}

/* A signal that comes after the last chunk stops nothing. */
static ion_ending end_of(ion_dealer *dealer)
{
  const ion_job *job         = dealer->job;
  const PetscBool unfinished = (PetscBool)(dealer->done < job->n_chunk);
  const ion_ending ending    = {.seconds = MPI_Wtime() - dealer->progress.start,
                                .code    = (int)dealer->code,
                                .signal  = dealer->signal,
                                .stopped = dealer->signal && unfinished && !dealer->code};
  char how[64]               = "done";

  if (ending.stopped) snprintf(how, sizeof how, "stopped by %s", ion_signal_name(dealer->signal));
  if (ending.code) snprintf(how, sizeof how, "failed");
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
    run_alone(dealer);
  } else {
    PetscCall(ion_master_run(comm, dealer));
  }
  *ending = end_of(dealer);
  PetscCall(ion_master_end(comm, ending));
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
    PetscCall(deal_all(comm, n_rank, dealer, ending));
  } else {
    PetscCall(ion_worker_run(comm, job, ending));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_job_run(MPI_Comm comm, const ion_job *job, ion_job_result *result)
{
  ion_ending ending    = {0};
  ion_signals *signals = NULL;
  ion_dealer dealer;
  PetscErrorCode code;

  PetscFunctionBegin;
  ion_dealer_start(&dealer, job);
  PetscCall(ion_signals_catch(&signals));
  code = run_rank(comm, job, &dealer, &ending);
  PetscCall(ion_signals_restore(&signals));
  PetscCall(code);
  *result = (ion_job_result){.stopped = (PetscBool)ending.stopped,
                             .signal  = ending.signal,
                             .seconds = ending.seconds,
                             .tally   = dealer.tally};
  /* Where the message is known it is raised; other ranks leave with the code alone. */
  PetscCheck(!dealer.code, PETSC_COMM_SELF, dealer.code, "%s", dealer.message);
  PetscFunctionReturn((PetscErrorCode)ending.code);
}
