/* Shared by the files behind ion_job_run. */
#ifndef ION_DISPATCH_IMPL_H
#define ION_DISPATCH_IMPL_H

#include <ion/schedule.h>

enum { ION_MESSAGE = 512 }; /* longest error message handed on, bytes */

/* ---- what is known of a running job, on the rank that deals ---- */

typedef struct {
  PetscBool terminal; /* rewrite one line */
  PetscBool shown;
  size_t width; /* columns of the terminal, or of a plain line */
  const char *label;
  uint64_t n_point;
  double start, next; /* s, MPI_Wtime */
} ion_progress;

/* What is known of a chunk. */
enum {
  ION_MARK_DONE     = 1,
  ION_MARK_COUNTED  = 2, /* its points are in the tally */
  ION_MARK_ISOLATED = 4, /* it ended a rank: its points are solved in child processes */
  ION_MARK_IN_HAND  = 8  /* dealt, and neither finished nor given back */
};

typedef struct {
  const ion_job *job;
  unsigned char *mark; /* [n_chunk] */
  int *owner;          /* [n_chunk] rank that finished it */
  uint64_t next;       /* first chunk that was never dealt */
  uint64_t *again;     /* [n_again] chunks of ranks that fell silent, to be dealt again */
  size_t n_again, n_again_allocated;
  uint64_t in_hand; /* chunks dealt, and neither finished nor given back */
  PetscBool
      held_back;  /* those may reach the limit of points: nothing is dealt until one is finished */
  uint64_t done;  /* chunks finished */
  double longest; /* s, of the chunks finished */
  int n_lost;     /* ranks that are silent */
  PetscBool *is_lost; /* [n_rank], or NULL on a rank alone */
  ion_stop stop;      /* why nothing more is dealt */
  int signal;         /* that asked to stop, or 0 */
  PetscErrorCode code;
  char message[ION_MESSAGE]; /* of the first error */
  ion_tally tally;
  ion_progress progress;
} ion_dealer;

/* What rank 0 tells a worker. ION_ORDER_LEAVE is sent once and is the last order. */
typedef enum { ION_ORDER_RUN, ION_ORDER_LEAVE } ion_order_kind;
typedef struct {
  uint64_t chunk;
  ion_order_kind kind;
  int isolated; /* its points in child processes */
} ion_order;

PetscErrorCode ion_dealer_start(ion_dealer *dealer, const ion_job *job);
PetscErrorCode ion_dealer_end(ion_dealer *dealer);

/* Keep the first error. */
void ion_dealer_fail(ion_dealer *dealer, PetscErrorCode code, const char *message);

/* Keep the first signal, of this process or another one. */
void ion_dealer_note_signal(ion_dealer *dealer, int signal);

/* Look at the limits of the job and for a signal; PETSC_TRUE when nothing more is to be dealt. */
PetscBool ion_dealer_is_stopping(ion_dealer *dealer);

/* A chunk to deal, or PETSC_FALSE where there is none just now. */
PetscBool ion_dealer_next(ion_dealer *dealer, ion_order *order);

/* A chunk whose rank fell silent is dealt again; a suspect may have been the reason. */
PetscErrorCode ion_dealer_give_back(ion_dealer *dealer, uint64_t chunk, PetscBool suspect);

/* Note a chunk that a rank has finished; its points are counted once. */
void ion_dealer_finish(ion_dealer *dealer, int rank, uint64_t chunk, const ion_tally *tally);

/* What a lost rank has finished may not be in the file: it is dealt again, and read where it is. */
PetscErrorCode ion_dealer_give_back_finished(ion_dealer *dealer, int rank);

/* s of silence after which a rank that works on a chunk counts as lost; 0 for never. */
double ion_dealer_patience(const ion_dealer *dealer);

/* Run a chunk on this very rank; its errors are the job's. */
PetscErrorCode ion_dealer_work(ion_dealer *dealer, const ion_order *order);

/* ---- chunks on the rank that works ---- */

/* Run one chunk. An error is returned with its message instead of being printed here. */
PetscErrorCode ion_chunk_run(const ion_job *job, const ion_order *order, const ion_pulse *pulse,
                             ion_tally *tally, char message[ION_MESSAGE]);
PetscErrorCode ion_chunks_flush(const ion_job *job, char message[ION_MESSAGE]);

/* ---- several ranks ---- */

/* What a worker tells rank 0. Ranks run one program on one kind of machine: sent as bytes. */
typedef struct {
  ion_tally tally; /* since the last report */
  int finished;    /* the chunk `done` */
  int starts;      /* the chunk `chunk` */
  uint64_t done, chunk;
  int wants;  /* asks for one more chunk */
  int signal; /* caught here, or 0 */
  int leaves; /* the last report of this worker */
  int code;   /* error raised here, or 0 */
  char message[ION_MESSAGE];
} ion_report;

/* How the job ended: sent to each worker when all have left. */
typedef struct {
  double seconds;
  int code;
  int signal;
  int stopped;
  int n_lost;
} ion_ending;

/* ALIVE is empty: rank 0 is there, and a worker that is waiting goes on waiting. NEWS, HERE and LOST are of
 * ion_ranks_meet. */
enum {
  ION_TAG_REPORT = 1,
  ION_TAG_ORDER,
  ION_TAG_ENDING,
  ION_TAG_ALIVE,
  ION_TAG_NEWS,
  ION_TAG_HERE,
  ION_TAG_LOST
};

/* Send to a rank that may be dead: `sent` is false where that takes longer than this or fails. */
typedef struct {
  const void *data;
  size_t size; /* bytes */
  int rank, tag;
} ion_message;
PetscErrorCode ion_message_send(MPI_Comm comm, const ion_message *message, double seconds,
                                PetscBool *sent);

/* Wait for a send of that kind; given up, and the request freed, after so many seconds. */
PetscErrorCode ion_message_complete(MPI_Request *request, double seconds, PetscBool *done);

/* Deal until every worker has left or is lost. */
PetscErrorCode ion_master_run(MPI_Comm comm, ion_dealer *dealer);
PetscErrorCode ion_master_end(MPI_Comm comm, const ion_dealer *dealer, const ion_ending *ending);
PetscErrorCode ion_worker_run(MPI_Comm comm, const ion_job *job, ion_ending *ending);

/* ---- waiting without burning a core ---- */

typedef struct {
  double since; /* s, MPI_Wtime of the first idle look; 0 when busy */
  long pause;   /* ns of the next sleep */
} ion_backoff;

void ion_backoff_reset(ion_backoff *backoff);
void ion_backoff_wait(ion_backoff *backoff);

/* ---- signals ---- */

enum { ION_N_SIGNAL = 3 };
int ion_signals_caught(void);
const char *ion_signal_name(int signal);

/* ---- ranks that end in a chunk ---- */

enum { ION_N_DEADLY = 6 };
typedef struct ion_crash_notes ion_crash_notes;

/* From here a crash inside a chunk leaves a line in the log, an alarm as well if there is to be one;
 * close puts the handlers back. */
PetscErrorCode ion_crash_notes_open(const char *log_path, PetscBool has_alarm,
                                    ion_crash_notes **notes);
PetscErrorCode ion_crash_notes_close(ion_crash_notes **notes);

/* Which chunk this process works on, and after how many seconds it is to end itself (0: never). */
void ion_crash_note_set(int rank, uint64_t chunk, double seconds);
void ion_crash_note_clear(void);

/* Mark chunks as isolated that ended ranks in earlier runs, by the log. */
PetscErrorCode ion_log_suspects(const ion_job *job, unsigned char *mark);

/* ---- what a person sees ---- */

void ion_progress_start(ion_progress *progress, const ion_job *job);
void ion_progress_show(ion_progress *progress, const ion_tally *tally);
void ion_progress_end(ion_progress *progress, const ion_tally *tally, const char *how);

/* "2026-01-31T12:00:00Z" */
void ion_log_time(char *text, size_t size);

#endif
