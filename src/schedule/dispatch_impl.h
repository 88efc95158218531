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

typedef struct {
  const ion_job *job;
  uint64_t next; /* first chunk not dealt yet */
  uint64_t done; /* chunks finished */
  int signal;    /* that asked to stop, or 0 */
  PetscErrorCode code;
  char message[ION_MESSAGE]; /* of the first error */
  ion_tally tally;
  ion_progress progress;
} ion_dealer;

void ion_dealer_start(ion_dealer *dealer, const ion_job *job);

/* Keep the first error. */
void ion_dealer_fail(ion_dealer *dealer, PetscErrorCode code, const char *message);

/* Note a signal of this process; PETSC_TRUE when nothing more is to be dealt. */
PetscBool ion_dealer_is_stopping(ion_dealer *dealer);

/* ---- chunks on the rank that works ---- */

/* Run one chunk. An error is returned with its message instead of being printed here. */
PetscErrorCode ion_chunk_run(const ion_job *job, uint64_t chunk, ion_tally *tally,
                             char message[ION_MESSAGE]);
PetscErrorCode ion_chunks_flush(const ion_job *job, char message[ION_MESSAGE]);

/* ---- several ranks ---- */

/* What a worker tells rank 0. Ranks run one program on one kind of machine: sent as bytes. */
typedef struct {
  ion_tally tally; /* since the last report */
  uint64_t n_done; /* chunks finished since the last report */
  int wants;       /* asks for one more chunk */
  int signal;      /* caught here, or 0 */
  int leaves;      /* the last report of this worker */
  int code;        /* error raised here, or 0 */
  char message[ION_MESSAGE];
} ion_report;

/* What rank 0 tells a worker. ION_ORDER_LEAVE is sent once and is the last order. */
typedef enum { ION_ORDER_RUN, ION_ORDER_LEAVE } ion_order_kind;
typedef struct {
  uint64_t chunk;
  ion_order_kind kind;
} ion_order;

/* How the job ended: sent to each worker when all have left. */
typedef struct {
  double seconds;
  int code;
  int signal;
  int stopped;
} ion_ending;

enum { ION_TAG_REPORT = 1, ION_TAG_ORDER, ION_TAG_ENDING };

/* Deal until every worker has left. */
PetscErrorCode ion_master_run(MPI_Comm comm, ion_dealer *dealer);
PetscErrorCode ion_master_end(MPI_Comm comm, const ion_ending *ending);
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

/* ---- what a person sees ---- */

void ion_progress_start(ion_progress *progress, const ion_job *job);
void ion_progress_show(ion_progress *progress, const ion_tally *tally);
void ion_progress_end(ion_progress *progress, const ion_tally *tally, const char *how);

/* Append one line "2026-01-31T12:00:00Z text" to a log; NULL for none. A log that cannot be written
 * stops no job. */
void ion_log_event(const char *path, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
