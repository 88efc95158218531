/* What a rank leaves behind when a point ends it: a line in the log that names the chunk, so that the
 * next run solves that chunk in child processes. */
#include "dispatch_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* The alarm is last: it is set only on a rank that nobody else watches. */
static const int deadly[ION_N_DEADLY] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGALRM};

/* The alarm rings so often before a chunk is overdue. A rank that was stopped (Ctrl-Z, a suspended job) finds one of the
 * rings that it slept through, not all. */
enum { RINGS = 20 };

struct ion_crash_notes {
  size_t n; /* handlers in place */
  struct sigaction previous[ION_N_DEADLY];
};

/* What a handler needs, made beforehand: it may only write. */
static struct {
  const ion_crash_notes *notes;
  int fd;
  volatile sig_atomic_t is_set, rings;
  PetscBool has_alarm;
  char crash[160], overdue[160]; /* lines of the log */
} note = {.fd = -1};

static const char slow[]  = "ionsweep: points take longer than --point-timeout allows";
static const char crash[] = "ionsweep: a point ended its process";
static const char advice[] =
    "; run the same command again: points near it will be solved one by one\n";

static void put(int fd, const char *text)
{
  if (fd >= 0 && write(fd, text, strlen(text)) < 0)
    errno = 0; /* nothing to be done about it here */
}

/* Say which chunk, then let the signal do what it did before. */
static void leave_note(int signal)
{
  if (signal == SIGALRM && note.is_set && ++note.rings < RINGS) return;
  if (note.is_set) {
    put(note.fd, signal == SIGALRM ? note.overdue : note.crash);
    put(STDERR_FILENO, signal == SIGALRM ? slow : crash);
    put(STDERR_FILENO, advice);
  }
  note.is_set = 0;
  if (signal == SIGALRM) _exit(1);
  for (size_t i = 0; i < note.notes->n; i++)
    if (deadly[i] == signal) (void)sigaction(signal, &note.notes->previous[i], NULL);
  (void)raise(signal);
}

PetscErrorCode ion_crash_notes_open(const char *log_path, PetscBool has_alarm,
                                    ion_crash_notes **notes)
{
  const size_t n          = ION_N_DEADLY - (has_alarm ? 0 : 1);
  struct sigaction action = {.sa_handler = leave_note, .sa_flags = SA_RESTART};

  PetscFunctionBegin;
  PetscCall(PetscNew(notes));
  sigemptyset(&action.sa_mask);
  note.notes     = *notes;
  note.has_alarm = has_alarm;
  if (log_path) note.fd = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  for (size_t i = 0; i < n; i++) {
    PetscCheck(!sigaction(deadly[i], &action, &(*notes)->previous[i]), PETSC_COMM_SELF,
               PETSC_ERR_SYS, "signal %d cannot be caught", deadly[i]);
    (*notes)->n = i + 1;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_crash_notes_close(ion_crash_notes **notes)
{
  PetscFunctionBegin;
  if (!*notes) PetscFunctionReturn(PETSC_SUCCESS);
  for (size_t i = 0; i < (*notes)->n; i++) (void)sigaction(deadly[i], &(*notes)->previous[i], NULL);
  if (note.fd >= 0) (void)close(note.fd);
  note.fd    = -1;
  note.notes = NULL;
  PetscCall(PetscFree(*notes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Seconds of real time until the last ring of the alarm; 0 for never. */
static void set_alarm(double seconds)
{
  const double ring = PetscMin(seconds, 1e9) / RINGS, whole = floor(ring);
  const struct timeval time   = {.tv_sec  = (time_t)whole,
                                 .tv_usec = (suseconds_t)(1e6 * (ring - whole))};
  const struct itimerval when = {.it_value = time, .it_interval = time};

  note.rings = 0;
  (void)setitimer(ITIMER_REAL, &when, NULL);
}

void ion_crash_note_set(int rank, uint64_t chunk, double seconds)
{
  char when[32];

  if (!note.notes) return;
  ion_log_time(when, sizeof when);
  snprintf(note.crash, sizeof note.crash, "%s crash: rank %d, chunk %llu, begun then\n", when, rank,
           (unsigned long long)chunk);
  snprintf(note.overdue, sizeof note.overdue, "%s overdue: rank %d, chunk %llu, begun then\n", when,
           rank, (unsigned long long)chunk);
  note.is_set = 1;
  if (note.has_alarm && seconds > 0) set_alarm(seconds);
}

void ion_crash_note_clear(void)
{
  if (note.is_set && note.has_alarm) set_alarm(0);
  note.is_set = 0;
}
