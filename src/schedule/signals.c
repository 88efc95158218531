/* Signals that ask a run to stop: noted here, acted upon between chunks. */
#include "dispatch_impl.h"

#include <signal.h>

static const int asked_by[ION_N_SIGNAL] = {SIGINT, SIGTERM, SIGUSR1};

/* A handler may write nothing else (C11 7.14.1.1). */
static volatile sig_atomic_t caught;

struct ion_signals {
  size_t n; /* handlers in place */
  struct sigaction previous[ION_N_SIGNAL];
};

static void note(int signal)
{
  caught = signal;
}

PetscErrorCode ion_signals_catch(ion_signals **signals)
{
  struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART}, present;

  PetscFunctionBegin;
  PetscCall(PetscNew(signals));
  sigemptyset(&action.sa_mask);
  /* A job within a run of several keeps what came since the last one. */
  if (sigaction(asked_by[0], NULL, &present) || present.sa_handler != note) caught = 0;
  for (size_t i = 0; i < ION_N_SIGNAL; i++) {
    PetscCheck(!sigaction(asked_by[i], &action, &(*signals)->previous[i]), PETSC_COMM_SELF,
               PETSC_ERR_SYS, "signal %d cannot be caught", asked_by[i]);
    (*signals)->n = i + 1;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_signals_restore(ion_signals **signals)
{
  PetscFunctionBegin;
  if (!*signals) PetscFunctionReturn(PETSC_SUCCESS);
  for (size_t i = 0; i < (*signals)->n && i < ION_N_SIGNAL; i++) {
    (void)sigaction(asked_by[i], &(*signals)->previous[i], NULL);
  }
  PetscCall(PetscFree(*signals));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int ion_signals_caught(void)
{
  return (int)caught;
}

const char *ion_signal_name(int signal)
{
  switch (signal) {
  case SIGINT:
    return "SIGINT";
  case SIGTERM:
    return "SIGTERM";
  case SIGUSR1:
    return "SIGUSR1";
  default:
    return "no signal";
  }
}
