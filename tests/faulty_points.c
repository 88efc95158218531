/* Linked into a copy of the program (--wrap=ion_study_solve, ion_study_solve_points): points that misbehave as no model should.
 *
 * FAULTY_POINTS lists them: "17:segv 30:hang 40:fpe 41:abort 50:exit 60:slow". A point does so whenever
 * it is among those solved, before any of them is. Slow points (0.3 s) and such that take a nap (0.02 s) are right
 * otherwise: a study that has some takes so long on any machine. */
#include <ion/schedule.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

PetscErrorCode __real_ion_study_solve(ion_study *study, uint64_t first, size_t n_point,
                                      ion_block data, unsigned char *status);
PetscErrorCode __wrap_ion_study_solve(ion_study *study, uint64_t first, size_t n_point,
                                      ion_block data, unsigned char *status);

PetscErrorCode __real_ion_study_solve_points(ion_study *study, const uint64_t *point,
                                             size_t n_point, ion_block data, unsigned char *status);
PetscErrorCode __wrap_ion_study_solve_points(ion_study *study, const uint64_t *point,
                                             size_t n_point, ion_block data, unsigned char *status);

static void nap(double seconds)
{
  struct timespec time = {.tv_sec  = (time_t)seconds,
                          .tv_nsec = (long)(1e9 * (seconds - (double)(time_t)seconds))};

  while (nanosleep(&time, &time) && errno == EINTR) continue;
}

static void misbehave(const char *how)
{
  if (!strncmp(how, "segv", 4)) (void)raise(SIGSEGV);
  if (!strncmp(how, "fpe", 3)) (void)raise(SIGFPE);
  if (!strncmp(how, "abort", 5)) abort();
  if (!strncmp(how, "exit", 4)) _exit(3);
  if (!strncmp(how, "kill", 4)) (void)raise(SIGKILL);
  if (!strncmp(how, "slow", 4)) nap(0.3);
  if (!strncmp(how, "nap", 3)) nap(0.02);
  while (!strncmp(how, "hang", 4)) nap(1.0);
}

static void look_up(uint64_t point)
{
  const char *at = getenv("FAULTY_POINTS");

  while (at && *at) {
    char *end;

    if (strtoull(at, &end, 10) == point && *end == ':') misbehave(end + 1);
    at = strchr(end, ' ');
    if (at) at++;
  }
}

PetscErrorCode __wrap_ion_study_solve(ion_study *study, uint64_t first, size_t n_point,
                                      ion_block data, unsigned char *status)
{
  for (size_t p = 0; p < n_point; p++) look_up(first + p);
  return __real_ion_study_solve(study, first, n_point, data, status);
}

PetscErrorCode __wrap_ion_study_solve_points(ion_study *study, const uint64_t *point,
                                             size_t n_point, ion_block data, unsigned char *status)
{
  for (size_t p = 0; p < n_point; p++) look_up(point[p]);
  return __real_ion_study_solve_points(study, point, n_point, data, status);
}
