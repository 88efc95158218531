/* Points solved in child processes, where a crash or an endless loop is data: a part of the points that
 * ends its child, or takes too long, is halved down to the point that did it.
 *
 * The child only computes, into memory it shares with its parent; it makes no call of MPI and leaves by
 * _exit. */
#define _DEFAULT_SOURCE 1 // NOLINT(bugprone-reserved-identifier): for MAP_ANONYMOUS
#include "dispatch_impl.h"
#include "study_impl.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PART_PATIENCE 2.0 /* s for several points, before they are tried in two halves */
#define LONGEST_LOOK                                                                               \
  0.1 /* s; more between two looks at a child is time in which this process was stopped, too */

/* What a child leaves in the shared memory besides data. */
typedef struct {
  int code; /* PetscErrorCode */
  char message[ION_MESSAGE];
  unsigned char status[ION_STUDY_BATCH];
} outcome;

typedef struct {
  ion_study *study;
  double limit; /* s a point */
  const ion_pulse *pulse;
  size_t n_audit, size; /* processes; bytes shared */
  ion_block shared;     /* [n_output][ION_STUDY_BATCH] */
  outcome *out;
  ion_audit *audit;      /* [n_audit] */
  uint64_t first;        /* points first, first + 1, ... */
  const uint64_t *point; /* or these */
  ion_block data;
  unsigned char *status;
} isolation;

/* ---- shared memory ---- */

static PetscErrorCode share(isolation *s)
{
  const size_t n_value = PetscMax(s->study->n_output, 1) * (size_t)ION_STUDY_BATCH;
  unsigned char *bytes;

  PetscFunctionBegin;
  s->n_audit = s->study->audit ? ion_model_network(s->study->model)->n_process : 0;
  s->size    = n_value * sizeof(double) + s->n_audit * sizeof *s->audit + sizeof *s->out;
  bytes      = mmap(NULL, s->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  PetscCheck(bytes != MAP_FAILED, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory to share: %s",
             strerror(errno));
  s->shared = (ion_block){.data    = (double *)(void *)bytes,
                          .n_row   = s->study->n_output,
                          .n_point = ION_STUDY_BATCH,
                          .stride  = ION_STUDY_BATCH};
  s->audit  = (ion_audit *)(void *)(bytes + n_value * sizeof(double));
  s->out    = (outcome *)(void *)(s->audit + s->n_audit);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the child ---- */

// NOLINTNEXTLINE(readability-function-size): PETSc fixes the arguments
static PetscErrorCode keep_message(MPI_Comm comm, int at, const char *function, const char *file,
                                   PetscErrorCode code, PetscErrorType type, const char *text,
                                   void *context)
{
  (void)comm;
  (void)at;
  (void)function;
  (void)file;
  if (type == PETSC_ERROR_INITIAL && text) snprintf(context, ION_MESSAGE, "%s", text);
  return code;
}

/* A crash ends the child and nothing else; what asks the run to stop is the parent's business; a child
 * whose parent was killed ends by the alarm. */
static void set_child_signals(double patience)
{
  static const int deadly[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGALRM};
  static const int asked[]  = {SIGINT, SIGTERM, SIGUSR1};

  for (size_t i = 0; i < ION_COUNT(deadly); i++) (void)signal(deadly[i], SIG_DFL);
  for (size_t i = 0; i < ION_COUNT(asked); i++) (void)signal(asked[i], SIG_IGN);
  (void)alarm((unsigned)PetscMin(ceil(patience) + 2, 1e9));
}

static void work_in_child(isolation *s, size_t from, size_t n, double patience)
{
  set_child_signals(patience);
  if (PetscPushErrorHandler(keep_message, s->out->message)) _exit(1);
  s->out->code =
      (int)(s->point
                ? ion_study_solve_points(s->study, s->point + from, n, s->shared, s->out->status)
                : ion_study_solve(s->study, s->first + from, n, s->shared, s->out->status));
  if (s->n_audit) memcpy(s->audit, s->study->audit, s->n_audit * sizeof *s->audit);
  _exit(0);
}

/* ---- the parent ---- */

/* Wait for a child, at most `patience` s; `late` when it had to be killed. */
static PetscErrorCode await(const isolation *s, pid_t child, double patience, int *how,
                            PetscBool *late)
{
  double looked = MPI_Wtime(), now, spent = 0.0;
  ion_backoff backoff;
  pid_t ended;

  PetscFunctionBegin;
  *late = PETSC_FALSE;
  ion_backoff_reset(&backoff);
  while ((ended = waitpid(child, how, WNOHANG)) == 0 || (ended < 0 && errno == EINTR)) {
    now = MPI_Wtime();
    spent += PetscMin(now - looked, LONGEST_LOOK);
    looked = now;
    if (!*late && spent > patience) {
      *late = PETSC_TRUE;
      (void)kill(child, SIGKILL);
    }
    if (s->pulse) PetscCall(s->pulse->beat(s->pulse->context));
    ion_backoff_wait(&backoff);
  }
  PetscCheck(ended == child, PETSC_COMM_SELF, PETSC_ERR_SYS, "a child process is lost: %s",
             strerror(errno));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Try points in a child: ION_OK, or what became of it. */
static PetscErrorCode try_once(isolation *s, size_t from, size_t n, int *how, ion_status *status)
{
  const double patience = n > 1 ? PetscMin(s->limit, PART_PATIENCE) : s->limit;
  PetscBool late;
  pid_t child;

  PetscFunctionBegin;
  s->out->code = 0;
  child        = fork();
  PetscCheck(child >= 0, PETSC_COMM_SELF, PETSC_ERR_SYS, "no child process: %s", strerror(errno));
  if (child == 0) work_in_child(s, from, n, patience);
  PetscCall(await(s, child, patience, how, &late));
  *status = late ? ION_TIMED_OUT : WIFEXITED(*how) && !WEXITSTATUS(*how) ? ION_OK : ION_CRASHED;
  PetscCheck(*status != ION_OK || !s->out->code, PETSC_COMM_SELF, (PetscErrorCode)s->out->code,
             "%s", s->out->message);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A SIGKILL may have come from outside (no memory, a person), a SIGALRM after a time in which all were stopped: only
 * the second one counts. */
static PetscBool may_be_chance(int how)
{
  return (PetscBool)(WIFSIGNALED(how) && (WTERMSIG(how) == SIGKILL || WTERMSIG(how) == SIGALRM));
}

static PetscErrorCode try_points(isolation *s, size_t from, size_t n, ion_status *status)
{
  int how;

  PetscFunctionBegin;
  PetscCall(try_once(s, from, n, &how, status));
  if (*status == ION_CRASHED && may_be_chance(how)) PetscCall(try_once(s, from, n, &how, status));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode take(isolation *s, size_t from, size_t n)
{
  PetscFunctionBegin;
  for (size_t i = 0; i < s->study->n_output; i++)
    memcpy(ion_row(s->data, i) + from, ion_row(s->shared, i), n * sizeof(double));
  memcpy(s->status + from, s->out->status, n);
  if (s->n_audit) memcpy(s->study->audit, s->audit, s->n_audit * sizeof *s->audit);
  if (!s->point) PetscCall(ion_study_widen(s->study, s->first + from, n, s->shared));
  for (size_t p = 0; s->point && p < n; p++)
    PetscCall(ion_study_widen(s->study, s->point[from + p], 1, ion_points_from(s->shared, p, 1)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void give_up(isolation *s, size_t at, ion_status status)
{
  for (size_t i = 0; i < s->study->n_output; i++) ion_row(s->data, i)[at] = (double)NAN;
  s->status[at] = (unsigned char)status;
}

/* Points from, from + 1, ... of those in hand. */
// NOLINTNEXTLINE(misc-no-recursion): 11 levels at most, a batch has 2048 points
static PetscErrorCode solve_part(isolation *s, size_t from, size_t n)
{
  ion_status status;

  PetscFunctionBegin;
  PetscCall(try_points(s, from, n, &status));
  if (status == ION_OK) {
    PetscCall(take(s, from, n));
  } else if (n == 1) {
    give_up(s, from, status);
  } else {
    PetscCall(solve_part(s, from, n / 2));
    PetscCall(solve_part(s, from + n / 2, n - n / 2));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode solve_all(isolation *s, const ion_isolation *how, size_t n_point)
{
  PetscErrorCode code = PETSC_SUCCESS;

  PetscFunctionBegin;
  s->limit = how->limit > 0 ? how->limit : (double)INFINITY;
  s->pulse = how->pulse;
  PetscCall(ion_study_make_rows(s->study)); /* once here, not in every child */
  PetscCall(share(s));
  for (size_t done = 0; !code && done < n_point; done += ION_STUDY_BATCH)
    code = solve_part(s, done, PetscMin((size_t)ION_STUDY_BATCH, n_point - done));
  (void)munmap(s->shared.data, s->size);
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_study_solve_isolated(ion_study *study, uint64_t first, size_t n_point,
                                        const ion_isolation *how, ion_block data,
                                        unsigned char *status)
{
  isolation s = {.study = study, .first = first, .data = data, .status = status};

  PetscFunctionBegin;
  PetscCall(solve_all(&s, how, n_point));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_study_solve_points_isolated(ion_study *study, const uint64_t *point,
                                               size_t n_point, const ion_isolation *how,
                                               ion_block data, unsigned char *status)
{
  isolation s = {.study = study, .point = point, .data = data, .status = status};

  PetscFunctionBegin;
  PetscCall(solve_all(&s, how, n_point));
  PetscFunctionReturn(PETSC_SUCCESS);
}
