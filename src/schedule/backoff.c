/* Waiting for a message: prompt while work flows, nearly free while it does not. */
#include "dispatch_impl.h"

#include <sched.h>
#include <time.h>

#define SPIN 50e-6       /* s of looking without a sleep */
#define NAP_FIRST 50000  /* ns */
#define NAP_LAST 2000000 /* ns */

void ion_backoff_reset(ion_backoff *backoff)
{
  backoff->since = 0.0;
  backoff->pause = NAP_FIRST;
}

void ion_backoff_wait(ion_backoff *backoff)
{
  const double now = MPI_Wtime();

  if (backoff->since <= 0.0) backoff->since = now;
  if (now - backoff->since > SPIN) {
    const struct timespec nap = {.tv_nsec = backoff->pause};

    (void)nanosleep(&nap, NULL); /* a signal may end it early */
    backoff->pause = PetscMin(2 * backoff->pause, NAP_LAST);
  } else {
    (void)sched_yield(); /* the rank waited for may need this very core */
  }
}
