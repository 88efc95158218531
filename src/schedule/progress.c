/* How far a job is: a line that is rewritten on a terminal, plain lines elsewhere. */
#include "dispatch_impl.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define TERMINAL_EVERY 0.25 /* s */
#define LINE_FIRST 2.0      /* s */
#define LINE_EVERY 10.0     /* s */
#define LINE_LONGEST 500    /* columns */

typedef struct {
  char text[512];
  size_t n;
} line;

static void add(line *l, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(line *l, const char *format, ...)
{
  const size_t room = sizeof l->text - l->n;
  va_list arguments;
  int n;

  va_start(arguments, format);
  n = vsnprintf(l->text + l->n, room, format, arguments);
  va_end(arguments);
  if (n > 0) l->n += PetscMin((size_t)n, room - 1);
}

static void add_duration(line *l, double seconds)
{
  const unsigned long long s = (unsigned long long)(seconds + 0.5);

  if (s >= 3600) {
    add(l, "%lluh%02llum", s / 3600, s / 60 % 60);
  } else if (s >= 60) {
    add(l, "%llum%02llus", s / 60, s % 60);
  } else if (s >= 10) {
    add(l, "%llus", s);
  } else {
    add(l, "%.1fs", seconds);
  }
}

static void add_classes(line *l, const ion_tally *tally)
{
  for (int c = 1; c < ION_N_CLASS; c++) {
    if (tally->class_count[c] == 0) continue;
    add(l, "  %s %llu", ion_class_name((ion_class)c), (unsigned long long)tally->class_count[c]);
  }
}

/* Points without a state, and why. */
static void add_failures(line *l, const ion_tally *tally)
{
  uint64_t failed = 0;

  for (int s = ION_NO_STATE_FOUND; s <= ION_INFEASIBLE; s++) failed += tally->status[s];
  add(l, "  failed %llu", (unsigned long long)failed);
  for (int s = ION_NO_STATE_FOUND; s <= ION_INFEASIBLE; s++) {
    if (tally->status[s] == 0) continue;
    add(l, " (%s %llu)", ion_status_name((ion_status)s), (unsigned long long)tally->status[s]);
  }
}

/* Points/s of this run; those taken over from an earlier one say nothing about the time to go. */
static double rate(const ion_tally *tally, double seconds)
{
  const uint64_t solved = tally->n_point - PetscMin(tally->n_read, tally->n_point);

  if (seconds <= 0.0) return 0.0;
  return (double)(solved ? solved : tally->n_point) / seconds;
}

static void add_label(line *l, const ion_progress *progress)
{
  if (progress->label) add(l, "%s: ", progress->label);
}

static void add_state(line *l, const ion_progress *progress, const ion_tally *tally, double seconds)
{
  const double all = (double)PetscMax(progress->n_point, 1);

  add(l, "%5.1f %%  %llu/%llu points", 100.0 * (double)tally->n_point / all,
      (unsigned long long)tally->n_point, (unsigned long long)progress->n_point);
  if (tally->n_read) add(l, " (%llu read)", (unsigned long long)tally->n_read);
  add(l, "  %.0f points/s", rate(tally, seconds));
}

/* mpirun hands what ranks write on through a pipe: where it writes that to a terminal itself, this
 * opens the terminal. -1 where there is none, or no /proc. */
static int open_terminal_of_mpirun(void)
{
  char path[64];
  struct stat about;

  if (!getenv("OMPI_COMM_WORLD_SIZE")) return -1;
  if (fstat(STDERR_FILENO, &about) || !(S_ISFIFO(about.st_mode) || S_ISSOCK(about.st_mode)))
    return -1;
  snprintf(path, sizeof path, "/proc/%ld/fd/%d", (long)getppid(), STDERR_FILENO);
  return open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
}

/* A line that wraps could not be rewritten: it is cut to the columns there are. */
static void look_at_terminal(ion_progress *progress)
{
  const PetscBool direct = (PetscBool)(isatty(STDERR_FILENO) == 1);
  const int fd           = direct ? STDERR_FILENO : open_terminal_of_mpirun();
  struct winsize window  = {0};

  progress->terminal = (PetscBool)(direct || (fd >= 0 && isatty(fd) == 1));
  progress->width    = LINE_LONGEST;
  if (progress->terminal && !ioctl(fd, TIOCGWINSZ, &window) && window.ws_col > 1)
    progress->width = window.ws_col - 1u;
  if (!direct && fd >= 0) (void)close(fd);
}

void ion_progress_start(ion_progress *progress, const ion_job *job)
{
  look_at_terminal(progress);
  progress->shown   = PETSC_FALSE;
  progress->n_point = job->n_point;
  progress->label   = job->label;
  progress->start   = MPI_Wtime();
  progress->next    = progress->start + (progress->terminal ? TERMINAL_EVERY : LINE_FIRST);
}

/* Cut a line to a width, between two of its parts: half a number would be another number. */
static void cut(line *l, size_t width)
{
  if (l->n <= width) return;
  for (l->n = width; l->n > 1 && strncmp(&l->text[l->n], "  ", 2) != 0; l->n--) continue;
  l->text[l->n] = '\0';
}

void ion_progress_show(ion_progress *progress, const ion_tally *tally)
{
  const double now = MPI_Wtime(), seconds = now - progress->start;
  line l = {.n = 0};

  if (now < progress->next) return;
  progress->next  = now + (progress->terminal ? TERMINAL_EVERY : LINE_EVERY);
  progress->shown = PETSC_TRUE;
  add_label(&l, progress);
  add_state(&l, progress, tally, seconds);
  add(&l, "  ETA ");
  if (tally->n_point > 0) {
    add_duration(&l, (double)(progress->n_point - PetscMin(tally->n_point, progress->n_point)) /
                         rate(tally, seconds));
  } else {
    add(&l, "?");
  }
  add_failures(&l, tally);
  add_classes(&l, tally);
  cut(&l, progress->width);
  fprintf(stderr, progress->terminal ? "\r%s\033[K" : "%s\n", l.text);
  (void)fflush(stderr);
}

void ion_progress_end(ion_progress *progress, const ion_tally *tally, const char *how)
{
  const double seconds = MPI_Wtime() - progress->start;
  line l               = {.n = 0};

  add_label(&l, progress);
  add(&l, "%s: ", how);
  add_state(&l, progress, tally, seconds);
  add(&l, "  ");
  add_duration(&l, seconds);
  add_failures(&l, tally);
  add_classes(&l, tally);
  fprintf(stderr, progress->terminal && progress->shown ? "\r%s\033[K\n" : "%s\n", l.text);
  (void)fflush(stderr);
}
