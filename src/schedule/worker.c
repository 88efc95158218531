/* Every rank but 0: takes chunks, asks for the next one before it computes the present one. */
#include "dispatch_impl.h"

typedef struct {
  MPI_Comm comm;
  const ion_job *job;
  ion_report report; /* what rank 0 has not been told yet */
  PetscBool told;    /* of the signal */
  PetscBool failed;
} worker;

static PetscErrorCode send_report(worker *w)
{
  PetscFunctionBegin;
  PetscCallMPI(MPI_Send(&w->report, (int)sizeof w->report, MPI_BYTE, 0, ION_TAG_REPORT, w->comm));
  PetscCall(PetscMemzero(&w->report, sizeof w->report));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode tell_signal(worker *w)
{
  PetscFunctionBegin;
  if (w->told || !ion_signals_caught()) PetscFunctionReturn(PETSC_SUCCESS);
  w->told          = PETSC_TRUE;
  w->report.signal = ion_signals_caught();
  PetscCall(send_report(w));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode is_message(worker *w, int tag, PetscBool *there)
{
  int flag;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Iprobe(0, tag, w->comm, &flag, MPI_STATUS_IGNORE));
  *there = (PetscBool)(flag != 0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode wait_message(worker *w, int tag, void *message, size_t size)
{
  const double start = MPI_Wtime();
  ion_backoff backoff;
  PetscBool there;

  PetscFunctionBegin;
  ion_backoff_reset(&backoff);
  PetscCall(is_message(w, tag, &there));
  while (!there) {
    if (tag == ION_TAG_ORDER) PetscCall(tell_signal(w));
    ion_backoff_wait(&backoff);
    PetscCall(is_message(w, tag, &there));
  }
  PetscCallMPI(MPI_Recv(message, (int)size, MPI_BYTE, 0, tag, w->comm, MPI_STATUS_IGNORE));
  w->report.tally.wait_seconds += MPI_Wtime() - start;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A chunk in hand is given back (stays pending) once anything asks to stop; behind a RUN that was
 * not answered yet there can only be a LEAVE. */
static PetscErrorCode may_start(worker *w, PetscBool *may)
{
  PetscBool leave;

  PetscFunctionBegin;
  PetscCall(tell_signal(w));
  PetscCall(is_message(w, ION_TAG_ORDER, &leave));
  *may = (PetscBool)(!leave && !w->told && !w->failed);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode run(worker *w, uint64_t chunk)
{
  char message[ION_MESSAGE];
  PetscErrorCode code;

  PetscFunctionBegin;
  w->report.wants = 1;
  PetscCall(send_report(w));
  code = ion_chunk_run(w->job, chunk, &w->report.tally, message);
  if (code) {
    w->failed      = PETSC_TRUE;
    w->report.code = (int)code;
    PetscCall(PetscStrncpy(w->report.message, message, sizeof w->report.message));
    PetscCall(send_report(w));
  } else {
    w->report.n_done = 1;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode leave(worker *w)
{
  char message[ION_MESSAGE];
  const PetscErrorCode code = ion_chunks_flush(w->job, message);

  PetscFunctionBegin;
  if (code) {
    w->report.code = (int)code;
    PetscCall(PetscStrncpy(w->report.message, message, sizeof w->report.message));
  }
  w->report.leaves = 1;
  PetscCall(send_report(w));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_worker_run(MPI_Comm comm, const ion_job *job, ion_ending *ending)
{
  worker w = {.comm = comm, .job = job, .report = {.wants = 1}};
  ion_order order;
  PetscBool may = PETSC_FALSE;

  PetscFunctionBegin;
  PetscCall(send_report(&w));
  PetscCall(wait_message(&w, ION_TAG_ORDER, &order, sizeof order));
  while (order.kind == ION_ORDER_RUN) {
    PetscCall(may_start(&w, &may));
    if (may) PetscCall(run(&w, order.chunk));
    PetscCall(wait_message(&w, ION_TAG_ORDER, &order, sizeof order));
  }
  PetscCall(leave(&w));
  PetscCall(wait_message(&w, ION_TAG_ENDING, ending, sizeof *ending));
  PetscFunctionReturn(PETSC_SUCCESS);
}
