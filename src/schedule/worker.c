/* Every rank but 0: takes chunks, asks for the next one before it computes the present one. */
#include "dispatch_impl.h"

#include <stdio.h>
#include <unistd.h>

enum { OUTBOX = 2 }; /* reports on their way to rank 0 */

#define BEAT_EVERY 0.5 /* s between two signs of life in a long chunk */
#define SILENCE 15.0   /* s without a word after which rank 0 is dead; it says one every second */
#define STOPPED 1.0 /* s between two looks for one: this rank did not run (Ctrl-Z and the like) */

typedef struct {
  MPI_Comm comm;
  int rank;
  const ion_job *job;
  ion_report report; /* what rank 0 has not been told yet */
  ion_report outbox[OUTBOX];
  MPI_Request request[OUTBOX];
  int turn;
  PetscBool told; /* of the signal */
  PetscBool failed;
  double beaten; /* s, MPI_Wtime of the last sign of life */
  double looked; /* s, MPI_Wtime of the last look for rank 0 */
} worker;

/* Without rank 0 there is nobody to work for, and no way to leave together; mpirun is to know that the
 * job failed. */
static void leave_without_master(const worker *w)
{
  char message[ION_MESSAGE];

  (void)ion_chunks_flush(w->job, message);
  fprintf(stderr, "rank %d: rank 0 is gone; leaving, finished points are kept\n", w->rank);
  (void)MPI_Abort(w->comm, 1);
  _exit(1);
}

/* Wait until a report has gone and its place in the outbox is free. */
static PetscErrorCode clear(worker *w, int slot)
{
  PetscBool sent = PETSC_TRUE;

  PetscFunctionBegin;
  if (w->job->tolerate_loss)
    PetscCall(ion_message_complete(&w->request[slot], SILENCE, &sent));
  else
    PetscCallMPI(MPI_Wait(&w->request[slot], MPI_STATUS_IGNORE));
  if (!sent) leave_without_master(w);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0 naps while nothing arrives, and MPI may hold a blocking send until the message is taken: the
 * worker goes on meanwhile. */
static PetscErrorCode send_to_master(worker *w, const ion_report *report)
{
  const int slot = w->turn;

  PetscFunctionBegin;
  w->turn = (slot + 1) % OUTBOX;
  PetscCall(clear(w, slot));
  w->outbox[slot] = *report;
  if (MPI_Isend(&w->outbox[slot], (int)sizeof *report, MPI_BYTE, 0, ION_TAG_REPORT, w->comm,
                &w->request[slot])) {
    PetscCheck(w->job->tolerate_loss, PETSC_COMM_SELF, PETSC_ERR_MPI, "rank 0 cannot be reached");
    leave_without_master(w);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode send_report(worker *w)
{
  PetscFunctionBegin;
  PetscCall(send_to_master(w, &w->report));
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

/* Take what says that rank 0 is there; `heard` is when it did so last. */
static PetscErrorCode listen(worker *w, double *heard)
{
  const double now = MPI_Wtime();
  PetscBool there;

  PetscFunctionBegin;
  if (!w->job->tolerate_loss) PetscFunctionReturn(PETSC_SUCCESS);
  if (now - w->looked > STOPPED) *heard += now - w->looked;
  w->looked = now;
  PetscCall(is_message(w, ION_TAG_ALIVE, &there));
  if (there) {
    *heard = now;
    PetscCallMPI(MPI_Recv(NULL, 0, MPI_BYTE, 0, ION_TAG_ALIVE, w->comm, MPI_STATUS_IGNORE));
  } else if (now - *heard > SILENCE) {
    leave_without_master(w);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode wait_message(worker *w, int tag, void *message, size_t size)
{
  const double start = MPI_Wtime();
  double heard       = start;
  ion_backoff backoff;
  PetscBool there;

  PetscFunctionBegin;
  w->looked = start;
  ion_backoff_reset(&backoff);
  PetscCall(is_message(w, tag, &there));
  while (!there) {
    if (tag == ION_TAG_ORDER) PetscCall(tell_signal(w));
    PetscCall(listen(w, &heard));
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

/* A word to rank 0 in the middle of a chunk. */
static PetscErrorCode beat(void *context)
{
  worker *w              = context;
  const ion_report alive = {0};
  const double now       = MPI_Wtime();

  PetscFunctionBegin;
  if (now - w->beaten < BEAT_EVERY) PetscFunctionReturn(PETSC_SUCCESS);
  w->beaten = now;
  PetscCall(send_to_master(w, &alive));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode run(worker *w, const ion_order *order)
{
  const ion_pulse pulse = {beat, w};
  char message[ION_MESSAGE];
  PetscErrorCode code;

  PetscFunctionBegin;
  w->report.wants  = 1;
  w->report.starts = 1;
  w->report.chunk  = order->chunk;
  PetscCall(send_report(w));
  ion_crash_note_set(w->rank, order->chunk, 0);
  code = ion_chunk_run(w->job, order, &pulse, &w->report.tally, message);
  ion_crash_note_clear();
  if (code) {
    w->failed      = PETSC_TRUE;
    w->report.code = (int)code;
    PetscCall(PetscStrncpy(w->report.message, message, sizeof w->report.message));
    PetscCall(send_report(w));
  } else {
    w->report.finished = 1;
    w->report.done     = order->chunk;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Where no further order is there, rank 0 may be waiting for this very chunk. */
static PetscErrorCode tell_finished(worker *w)
{
  PetscBool more;

  PetscFunctionBegin;
  PetscCall(is_message(w, ION_TAG_ORDER, &more));
  if (w->report.finished && !more) PetscCall(send_report(w));
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
  for (int slot = 0; slot < OUTBOX; slot++) PetscCall(clear(w, slot));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_worker_run(MPI_Comm comm, const ion_job *job, ion_ending *ending)
{
  worker w = {.comm = comm, .job = job, .report = {.wants = 1}};
  ion_order order;
  PetscBool may = PETSC_FALSE;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &w.rank));
  for (int slot = 0; slot < OUTBOX; slot++) w.request[slot] = MPI_REQUEST_NULL;
  PetscCall(send_report(&w));
  PetscCall(wait_message(&w, ION_TAG_ORDER, &order, sizeof order));
  while (order.kind == ION_ORDER_RUN) {
    PetscCall(may_start(&w, &may));
    if (may) PetscCall(run(&w, &order));
    PetscCall(tell_finished(&w));
    PetscCall(wait_message(&w, ION_TAG_ORDER, &order, sizeof order));
  }
  PetscCall(leave(&w));
  PetscCall(wait_message(&w, ION_TAG_ENDING, ending, sizeof *ending));
  PetscFunctionReturn(PETSC_SUCCESS);
}
