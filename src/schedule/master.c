/* Rank 0 of several: deals chunk numbers on request, point to point only.
 *
 * Each worker gets orders in the sequence RUN ... RUN LEAVE and nothing after, so that no message is
 * left over however the job ends. It keeps one chunk in hand ahead of the one it computes. A worker
 * that asks while there is nothing to deal waits until every chunk is done: another one may fall
 * silent, and its chunks are dealt again. */
#include "dispatch_impl.h"

#include <stdio.h>
#include <string.h>

enum { IN_FLIGHT = 2 }; /* orders to one worker that it may not have carried out yet */

#define WATCH_EVERY 0.05 /* s between two looks for silent workers */
#define ALIVE_EVERY 1.0  /* s between two words to those that wait */
#define SEND_WITHIN 5.0  /* s, or the rank is dead */
#define STOPPED 1.0      /* s between two such looks: rank 0 did not run, or could not hear */

typedef struct {
  ion_order order[IN_FLIGHT];
  MPI_Request request[IN_FLIGHT];
  int turn;
  uint64_t held[IN_FLIGHT]; /* [n_held] chunks dealt and not finished, the one in work first */
  size_t n_held;
  double heard;        /* s, MPI_Wtime of its last report */
  PetscBool asks;      /* for a chunk, and got none so far */
  PetscBool dismissed; /* LEAVE was sent */
  PetscBool left;
} worker;

typedef struct {
  MPI_Comm comm;
  ion_dealer *dealer;
  int n_rank;
  int n_left;           /* workers that may still report */
  PetscBool over;       /* everyone is to leave */
  double watched, told; /* s, when silent workers were looked for, and waiting ones told to wait */
  worker *of;           /* [n_rank], 0 unused */
} master;

/* ---- workers that fall silent ---- */

/* What a silent worker had is dealt again, the chunk in work as a suspect. */
static PetscErrorCode lose(master *m, int rank, const char *why)
{
  ion_dealer *dealer = m->dealer;
  worker *w          = &m->of[rank];

  PetscFunctionBegin;
  if (dealer->is_lost[rank] || w->left) PetscFunctionReturn(PETSC_SUCCESS);
  dealer->is_lost[rank] = PETSC_TRUE;
  dealer->n_lost++;
  m->n_left--;
  ion_log_event(dealer->job->log_path, "lost: rank %d %s after %.1f s; its chunks are dealt again",
                rank, why, MPI_Wtime() - w->heard);
  fprintf(stderr, "rank %d %s: the others take over its chunks\n", rank, why);
  for (size_t i = w->n_held; i-- > 0;)
    PetscCall(ion_dealer_give_back(dealer, w->held[i], (PetscBool)(i == 0)));
  w->n_held = 0;
  PetscCall(ion_dealer_give_back_finished(dealer, rank));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* It was slow, not dead. */
static void find_again(master *m, int rank)
{
  ion_dealer *dealer = m->dealer;

  if (!dealer->is_lost[rank]) return;
  dealer->is_lost[rank] = PETSC_FALSE;
  dealer->n_lost--;
  m->n_left++;
  ion_log_event(dealer->job->log_path, "back: rank %d", rank);
}

/* Who did not listen cannot tell who was silent: after Ctrl-Z and the like all have their time anew. */
static void forgive_silence(master *m, double now)
{
  const double gap = now - m->watched;

  for (int rank = 1; gap > STOPPED && rank < m->n_rank; rank++) m->of[rank].heard += gap;
}

/* Every worker owes a report but those that wait for an order. */
static PetscErrorCode watch(master *m)
{
  const double now = MPI_Wtime(), patience = ion_dealer_patience(m->dealer);

  PetscFunctionBegin;
  if (!(patience > 0) || now - m->watched < WATCH_EVERY) PetscFunctionReturn(PETSC_SUCCESS);
  forgive_silence(m, now);
  m->watched = now;
  for (int rank = 1; rank < m->n_rank; rank++) {
    const worker *w = &m->of[rank];

    if ((!w->asks || w->dismissed) && now - w->heard > patience)
      PetscCall(lose(m, rank, "does not answer"));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Workers that wait learn that rank 0 is there. */
static PetscErrorCode tell_alive(master *m)
{
  const double now = MPI_Wtime();

  PetscFunctionBegin;
  if (!m->dealer->job->tolerate_loss || now - m->told < ALIVE_EVERY)
    PetscFunctionReturn(PETSC_SUCCESS);
  m->told = now;
  for (int rank = 1; rank < m->n_rank; rank++) {
    const worker *w           = &m->of[rank];
    const ion_message message = {NULL, 0, rank, ION_TAG_ALIVE};
    PetscBool sent;

    if (m->dealer->is_lost[rank] || !(w->asks || w->left)) continue;
    PetscCall(ion_message_send(m->comm, &message, SEND_WITHIN, &sent));
    if (!sent) PetscCall(lose(m, rank, "cannot be reached"));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- orders ---- */

static PetscErrorCode send_order(master *m, int rank, ion_order order)
{
  worker *w      = &m->of[rank];
  const int slot = w->turn;
  PetscBool sent;

  PetscFunctionBegin;
  w->turn = (slot + 1) % IN_FLIGHT;
  PetscCall(ion_message_complete(&w->request[slot], SEND_WITHIN, &sent));
  w->order[slot] = order;
  if (sent && MPI_Isend(&w->order[slot], (int)sizeof order, MPI_BYTE, rank, ION_TAG_ORDER, m->comm,
                        &w->request[slot]))
    sent = PETSC_FALSE;
  if (!sent) PetscCall(lose(m, rank, "cannot be reached"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode dismiss(master *m, int rank)
{
  PetscFunctionBegin;
  if (m->of[rank].dismissed) PetscFunctionReturn(PETSC_SUCCESS);
  m->of[rank].dismissed = PETSC_TRUE;
  m->of[rank].heard     = MPI_Wtime(); /* a parked one owes a report from now on */
  PetscCall(send_order(m, rank, (ion_order){.kind = ION_ORDER_LEAVE}));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode dismiss_all(master *m)
{
  PetscFunctionBegin;
  for (int rank = 1; rank < m->n_rank; rank++)
    if (!m->dealer->is_lost[rank]) PetscCall(dismiss(m, rank));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Answer a worker that asks. */
static PetscErrorCode deal(master *m, int rank)
{
  worker *w = &m->of[rank];
  ion_order order;

  PetscFunctionBegin;
  if (w->dismissed || !w->asks || w->n_held == IN_FLIGHT || !ion_dealer_next(m->dealer, &order))
    PetscFunctionReturn(PETSC_SUCCESS);
  w->asks              = PETSC_FALSE;
  w->held[w->n_held++] = order.chunk;
  if (w->n_held == 1) w->heard = MPI_Wtime();
  PetscCall(send_order(m, rank, order));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Chunks given back or held back go to those that wait. */
static PetscErrorCode deal_to_waiting(master *m)
{
  const ion_dealer *dealer = m->dealer;

  PetscFunctionBegin;
  for (int rank = 1; (dealer->n_again > 0 || dealer->held_back) && rank < m->n_rank; rank++)
    if (!dealer->is_lost[rank]) PetscCall(deal(m, rank));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- reports ---- */

static void take_finished(master *m, int rank, const ion_report *report)
{
  worker *w = &m->of[rank];

  if (!report->finished || report->done >= m->dealer->job->n_chunk) {
    ion_tally_add(&m->dealer->tally, &report->tally);
    return;
  }
  ion_dealer_finish(m->dealer, rank, report->done, &report->tally);
  for (size_t i = 0; i < w->n_held; i++) {
    if (w->held[i] != report->done) continue;
    memmove(&w->held[i], &w->held[i + 1], (--w->n_held - i) * sizeof w->held[0]);
    break;
  }
}

static void take_error(master *m, int rank, ion_report *report)
{
  ion_dealer *dealer = m->dealer;

  if (!report->code) return;
  report->message[ION_MESSAGE - 1] = '\0';
  if (!dealer->code)
    ion_log_event(dealer->job->log_path, "error: rank %d: %s", rank, report->message);
  ion_dealer_fail(dealer, (PetscErrorCode)report->code, report->message);
}

static PetscErrorCode take_report(master *m, int rank)
{
  ion_dealer *dealer = m->dealer;
  worker *w          = &m->of[rank];
  ion_report report;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Recv(&report, (int)sizeof report, MPI_BYTE, rank, ION_TAG_REPORT, m->comm,
                        MPI_STATUS_IGNORE));
  w->heard = MPI_Wtime();
  find_again(m, rank);
  take_finished(m, rank, &report);
  if (report.starts)
    ion_log_event(dealer->job->log_path, "run: rank %d, chunk %llu", rank,
                  (unsigned long long)report.chunk);
  take_error(m, rank, &report);
  ion_dealer_note_signal(dealer, report.signal);
  if (report.leaves) {
    w->left = PETSC_TRUE;
    m->n_left--;
  }
  if (report.wants) w->asks = PETSC_TRUE;
  if (m->over && !w->left)
    PetscCall(dismiss(m, rank)); /* one that was lost */
  else if (w->asks && !ion_dealer_is_stopping(dealer))
    PetscCall(deal(m, rank));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the job ---- */

/* No worker is left: rank 0 does what remains, one chunk a call, as if each were suspect: nobody would
 * notice its own silence. */
static PetscErrorCode work_alone(master *m)
{
  ion_order order;

  PetscFunctionBegin;
  if (!ion_dealer_next(m->dealer, &order)) PetscFunctionReturn(PETSC_SUCCESS);
  order.isolated = 1;
  PetscCall(ion_dealer_work(m->dealer, &order));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode look(master *m, ion_backoff *backoff)
{
  int there;
  MPI_Status status;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Iprobe(MPI_ANY_SOURCE, ION_TAG_REPORT, m->comm, &there, &status));
  if (there) {
    PetscCall(take_report(m, status.MPI_SOURCE));
    ion_backoff_reset(backoff);
  } else if (m->n_left == 0) {
    PetscCall(work_alone(m));
  } else {
    ion_backoff_wait(backoff);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode serve(master *m)
{
  ion_dealer *dealer = m->dealer;
  ion_backoff backoff;

  PetscFunctionBegin;
  ion_backoff_reset(&backoff);
  while (m->n_left > 0 || !m->over) {
    if (!m->over && (dealer->done == dealer->job->n_chunk || ion_dealer_is_stopping(dealer))) {
      m->over = PETSC_TRUE;
      PetscCall(dismiss_all(m));
      continue;
    }
    PetscCall(look(m, &backoff));
    PetscCall(watch(m));
    if (!m->over) PetscCall(deal_to_waiting(m));
    PetscCall(tell_alive(m));
    ion_progress_show(&dealer->progress, &dealer->tally);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What rank 0 has done itself is saved as a worker's is. */
static PetscErrorCode flush_own(ion_dealer *dealer)
{
  char message[ION_MESSAGE];
  PetscErrorCode code;

  PetscFunctionBegin;
  code = ion_chunks_flush(dealer->job, message);
  if (code) ion_dealer_fail(dealer, code, message);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode free_requests(master *m)
{
  PetscFunctionBegin;
  for (int rank = 0; rank < m->n_rank; rank++)
    for (int slot = 0; slot < IN_FLIGHT; slot++) {
      MPI_Request *request = &m->of[rank].request[slot];

      PetscBool sent;

      PetscCall(ion_message_complete(request, m->dealer->is_lost[rank] ? 0 : SEND_WITHIN, &sent));
    }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_master_run(MPI_Comm comm, ion_dealer *dealer)
{
  master m = {.comm = comm, .dealer = dealer};

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(comm, &m.n_rank));
  m.n_left  = m.n_rank - 1;
  m.watched = dealer->progress.start;
  PetscCall(PetscCalloc1((size_t)m.n_rank, &m.of));
  PetscCall(PetscCalloc1((size_t)m.n_rank, &dealer->is_lost));
  for (int rank = 0; rank < m.n_rank; rank++) {
    m.of[rank].heard = dealer->progress.start;
    for (int slot = 0; slot < IN_FLIGHT; slot++) m.of[rank].request[slot] = MPI_REQUEST_NULL;
  }
  PetscCall(serve(&m));
  if (dealer->n_lost > 0) PetscCall(flush_own(dealer));
  PetscCall(free_requests(&m));
  PetscCall(PetscFree(m.of));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_master_end(MPI_Comm comm, const ion_dealer *dealer, const ion_ending *ending)
{
  int n_rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(comm, &n_rank));
  for (int rank = 1; rank < n_rank; rank++) {
    const ion_message message = {ending, sizeof *ending, rank, ION_TAG_ENDING};
    PetscBool sent;

    if (!dealer->is_lost[rank]) PetscCall(ion_message_send(comm, &message, SEND_WITHIN, &sent));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
