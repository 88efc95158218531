/* Rank 0 of several: deals chunk numbers on request, point to point only.
 *
 * Each worker gets orders in the sequence RUN ... RUN LEAVE and nothing after, so that no message is
 * left over however the job ends. It keeps one chunk in hand ahead of the one it computes. */
#include "dispatch_impl.h"

#include <string.h>

enum { IN_FLIGHT = 2 }; /* orders to one worker that it may not have taken yet */

typedef struct {
  ion_order order[IN_FLIGHT];
  MPI_Request request[IN_FLIGHT];
  int turn;
  PetscBool dismissed; /* LEAVE was sent */
} worker;

typedef struct {
  MPI_Comm comm;
  ion_dealer *dealer;
  int n_rank;
  int n_left; /* workers that may still report */
  worker *of; /* [n_rank], 0 unused */
} master;

static PetscErrorCode send_order(master *m, int rank, ion_order order)
{
  worker *w      = &m->of[rank];
  const int slot = w->turn;

  PetscFunctionBegin;
  w->turn = (slot + 1) % IN_FLIGHT;
  PetscCallMPI(MPI_Wait(&w->request[slot], MPI_STATUS_IGNORE));
  w->order[slot] = order;
  PetscCallMPI(MPI_Isend(&w->order[slot], (int)sizeof order, MPI_BYTE, rank, ION_TAG_ORDER, m->comm,
                         &w->request[slot]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode dismiss(master *m, int rank)
{
  PetscFunctionBegin;
  if (m->of[rank].dismissed) PetscFunctionReturn(PETSC_SUCCESS);
  m->of[rank].dismissed = PETSC_TRUE;
  PetscCall(send_order(m, rank, (ion_order){.kind = ION_ORDER_LEAVE}));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode deal(master *m, int rank)
{
  ion_dealer *dealer = m->dealer;

  PetscFunctionBegin;
  if (m->of[rank].dismissed) PetscFunctionReturn(PETSC_SUCCESS);
  if (dealer->next == dealer->job->n_chunk) {
    PetscCall(dismiss(m, rank));
  } else {
    PetscCall(send_order(m, rank, (ion_order){.kind = ION_ORDER_RUN, .chunk = dealer->next++}));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode take_report(master *m, int rank)
{
  ion_dealer *dealer = m->dealer;
  ion_report report;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Recv(&report, (int)sizeof report, MPI_BYTE, rank, ION_TAG_REPORT, m->comm,
                        MPI_STATUS_IGNORE));
  ion_tally_add(&dealer->tally, &report.tally);
  dealer->done += report.n_done;
  if (report.code) {
    report.message[ION_MESSAGE - 1] = '\0';
    if (!dealer->code)
      ion_log_event(dealer->job->log_path, "error: rank %d: %s", rank, report.message);
    ion_dealer_fail(dealer, (PetscErrorCode)report.code, report.message);
  }
  ion_dealer_note_signal(dealer, report.signal);
  if (report.leaves) m->n_left--;
  if (report.wants && !ion_dealer_is_stopping(dealer)) PetscCall(deal(m, rank));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode dismiss_all(master *m)
{
  PetscFunctionBegin;
  for (int rank = 1; rank < m->n_rank; rank++) PetscCall(dismiss(m, rank));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode serve(master *m)
{
  ion_backoff backoff;
  PetscBool stopping = PETSC_FALSE;

  PetscFunctionBegin;
  ion_backoff_reset(&backoff);
  while (m->n_left > 0) {
    int there;
    MPI_Status status;

    if (!stopping && ion_dealer_is_stopping(m->dealer)) {
      stopping = PETSC_TRUE;
      PetscCall(dismiss_all(m));
    }
    PetscCallMPI(MPI_Iprobe(MPI_ANY_SOURCE, ION_TAG_REPORT, m->comm, &there, &status));
    if (there) {
      PetscCall(take_report(m, status.MPI_SOURCE));
      ion_backoff_reset(&backoff);
    } else {
      ion_backoff_wait(&backoff);
    }
    ion_progress_show(&m->dealer->progress, &m->dealer->tally);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_master_run(MPI_Comm comm, ion_dealer *dealer)
{
  master m = {.comm = comm, .dealer = dealer};

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(comm, &m.n_rank));
  m.n_left = m.n_rank - 1;
  PetscCall(PetscCalloc1((size_t)m.n_rank, &m.of));
  for (int rank = 0; rank < m.n_rank; rank++) {
    for (int slot = 0; slot < IN_FLIGHT; slot++) m.of[rank].request[slot] = MPI_REQUEST_NULL;
  }
  PetscCall(serve(&m));
  for (int rank = 0; rank < m.n_rank; rank++) {
    PetscCallMPI(MPI_Waitall(IN_FLIGHT, m.of[rank].request, MPI_STATUSES_IGNORE));
  }
  PetscCall(PetscFree(m.of));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_master_end(MPI_Comm comm, const ion_ending *ending)
{
  int n_rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(comm, &n_rank));
  for (int rank = 1; rank < n_rank; rank++) {
    PetscCallMPI(MPI_Send(ending, (int)sizeof *ending, MPI_BYTE, rank, ION_TAG_ENDING, comm));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
