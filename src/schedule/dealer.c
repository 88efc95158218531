/* What rank 0 knows of a running job: which chunks are done, to be dealt, suspected; when to stop. */
#include "dispatch_impl.h"

#include <stdio.h>
#include <string.h>

enum {
  UNMEASURED = 10, /* as many times more patience before any chunk has told how long one takes */
  SLOWER     = 10  /* a chunk may take this many times the longest so far */
};

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

PetscErrorCode ion_dealer_start(ion_dealer *dealer, const ion_job *job)
{
  uint64_t n_suspect = 0;

  PetscFunctionBegin;
  *dealer = (ion_dealer){.job = job};
  PetscCall(PetscCalloc1((size_t)job->n_chunk, &dealer->mark));
  PetscCall(PetscCalloc1((size_t)job->n_chunk, &dealer->owner));
  PetscCall(ion_log_suspects(job, dealer->mark));
  for (uint64_t c = 0; c < job->n_chunk; c++) {
    if (job->isolate_all) dealer->mark[c] |= ION_MARK_ISOLATED;
    if (!job->isolate_all && dealer->mark[c]) n_suspect++;
  }
  if (n_suspect > 0)
    ion_log_event(job->log_path, "isolate: %llu chunks that ended a rank before",
                  (unsigned long long)n_suspect);
  ion_progress_start(&dealer->progress, job);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_dealer_end(ion_dealer *dealer)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(dealer->mark));
  PetscCall(PetscFree(dealer->owner));
  PetscCall(PetscFree(dealer->again));
  PetscCall(PetscFree(dealer->is_lost));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- stopping ---- */

void ion_dealer_fail(ion_dealer *dealer, PetscErrorCode code, const char *message)
{
  if (dealer->code) return;
  dealer->code = code;
  snprintf(dealer->message, sizeof dealer->message, "%s", message);
}

void ion_dealer_note_signal(ion_dealer *dealer, int signal)
{
  if (!signal || dealer->stop) return;
  dealer->stop   = ION_STOP_SIGNAL;
  dealer->signal = signal;
}

PetscBool ion_dealer_is_stopping(ion_dealer *dealer)
{
  const ion_job *job    = dealer->job;
  const uint64_t solved = dealer->tally.n_point - dealer->tally.n_read;

  ion_dealer_note_signal(dealer, ion_signals_caught());
  if (!dealer->stop && job->max_points > 0 && solved >= job->max_points)
    dealer->stop = ION_STOP_POINTS;
  if (!dealer->stop && job->stop_after > 0 &&
      MPI_Wtime() - dealer->progress.start >= job->stop_after)
    dealer->stop = ION_STOP_TIME;
  return (PetscBool)(dealer->stop || dealer->code);
}

/* ---- chunks ---- */

/* PETSC_TRUE where the points in hand, were none of them in the file, reach the limit: how far a run goes past it
 * depends on the size of a chunk alone, not on how many ranks ask before the first one reports. */
static PetscBool limit_is_in_hand(const ion_dealer *dealer)
{
  const ion_job *job    = dealer->job;
  const uint64_t solved = dealer->tally.n_point - dealer->tally.n_read;

  if (job->max_points == 0 || dealer->in_hand == 0) return PETSC_FALSE;
  return (PetscBool)(solved + dealer->in_hand * ((job->n_point - 1) / job->n_chunk + 1) >=
                     job->max_points);
}

static void take_in_hand(ion_dealer *dealer, uint64_t chunk)
{
  if (dealer->mark[chunk] & ION_MARK_IN_HAND) return;
  dealer->mark[chunk] |= ION_MARK_IN_HAND;
  dealer->in_hand++;
}

static void put_down(ion_dealer *dealer, uint64_t chunk)
{
  if (!(dealer->mark[chunk] & ION_MARK_IN_HAND)) return;
  dealer->mark[chunk] &= (unsigned char)~ION_MARK_IN_HAND;
  dealer->in_hand--;
}

PetscBool ion_dealer_next(ion_dealer *dealer, ion_order *order)
{
  PetscBool found = PETSC_FALSE;

  dealer->held_back = limit_is_in_hand(dealer);
  if (dealer->held_back) return PETSC_FALSE;
  while (!found && dealer->n_again > 0) {
    order->chunk = dealer->again[--dealer->n_again];
    found        = (PetscBool) !(dealer->mark[order->chunk] & ION_MARK_DONE);
  }
  if (!found && dealer->next < dealer->job->n_chunk) {
    order->chunk = dealer->next++;
    found        = PETSC_TRUE;
  }
  if (!found) return PETSC_FALSE;
  take_in_hand(dealer, order->chunk);
  order->kind     = ION_ORDER_RUN;
  order->isolated = (dealer->mark[order->chunk] & ION_MARK_ISOLATED) != 0;
  return PETSC_TRUE;
}

PetscErrorCode ion_dealer_give_back(ion_dealer *dealer, uint64_t chunk, PetscBool suspect)
{
  PetscFunctionBegin;
  if (suspect) dealer->mark[chunk] |= ION_MARK_ISOLATED;
  put_down(dealer, chunk);
  if (dealer->n_again == dealer->n_again_allocated) {
    dealer->n_again_allocated = 2 * dealer->n_again_allocated + 16;
    PetscCall(PetscRealloc(dealer->n_again_allocated * sizeof *dealer->again, &dealer->again));
  }
  dealer->again[dealer->n_again++] = chunk;
  PetscFunctionReturn(PETSC_SUCCESS);
}

void ion_dealer_finish(ion_dealer *dealer, int rank, uint64_t chunk, const ion_tally *tally)
{
  const double seconds = tally->solve_seconds + tally->write_seconds;
  ion_tally part       = *tally;

  put_down(dealer, chunk);
  if (dealer->mark[chunk] & ION_MARK_COUNTED) /* dealt twice: the same bytes were written twice */
    part = (ion_tally){.solve_seconds = tally->solve_seconds,
                       .write_seconds = tally->write_seconds,
                       .wait_seconds  = tally->wait_seconds};
  if (!(dealer->mark[chunk] & ION_MARK_DONE)) dealer->done++;
  dealer->mark[chunk] |= ION_MARK_DONE | ION_MARK_COUNTED;
  dealer->owner[chunk] = rank;
  ion_tally_add(&dealer->tally, &part);
  if (!(dealer->mark[chunk] & ION_MARK_ISOLATED))
    dealer->longest = PetscMax(dealer->longest, seconds);
}

PetscErrorCode ion_dealer_give_back_finished(ion_dealer *dealer, int rank)
{
  PetscFunctionBegin;
  for (uint64_t c = 0; c < dealer->job->n_chunk; c++) {
    if (!(dealer->mark[c] & ION_MARK_DONE) || dealer->owner[c] != rank) continue;
    dealer->mark[c] &= (unsigned char)~ION_MARK_DONE;
    dealer->done--;
    PetscCall(ion_dealer_give_back(dealer, c, PETSC_FALSE));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

double ion_dealer_patience(const ion_dealer *dealer)
{
  const double patience = dealer->job->patience;

  if (!(patience > 0)) return 0;
  return (dealer->longest > 0 ? patience : UNMEASURED * patience) + SLOWER * dealer->longest;
}

PetscErrorCode ion_dealer_work(ion_dealer *dealer, const ion_order *order)
{
  const ion_job *job = dealer->job;
  char message[ION_MESSAGE];
  ion_tally part = {0};
  PetscErrorCode code;

  PetscFunctionBegin;
  ion_log_event(job->log_path, "run: rank 0, chunk %llu", (unsigned long long)order->chunk);
  ion_crash_note_set(0, order->chunk, order->isolated ? 0 : ion_dealer_patience(dealer));
  code = ion_chunk_run(job, order, NULL, &part, message);
  ion_crash_note_clear();
  if (code) {
    ion_tally_add(&dealer->tally, &part);
    ion_dealer_fail(dealer, code, message);
  } else {
    ion_dealer_finish(dealer, 0, order->chunk, &part);
  }
  ion_progress_show(&dealer->progress, &dealer->tally);
  PetscFunctionReturn(PETSC_SUCCESS);
}
