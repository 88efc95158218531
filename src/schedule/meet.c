/* Between jobs: all ranks learn what rank 0 knows, and rank 0 who is left. Open MPI lets a collective call wait for a
 * dead rank forever. */
#include "dispatch_impl.h"

#include <math.h>

#define SEND_WITHIN 5.0 /* s, or the rank is dead */

/* A message from a rank, waited for; `came` is false where that takes longer than so many seconds. */
static PetscErrorCode receive(MPI_Comm comm, const ion_message *message, void *data, double seconds,
                              PetscBool *came)
{
  const double start = MPI_Wtime();
  ion_backoff backoff;
  int there = 0;

  PetscFunctionBegin;
  ion_backoff_reset(&backoff);
  do {
    if (MPI_Iprobe(message->rank, message->tag, comm, &there, MPI_STATUS_IGNORE)) there = 0;
    if (!there) ion_backoff_wait(&backoff);
  } while (!there && MPI_Wtime() - start < seconds);
  *came = (PetscBool)(there != 0);
  if (there)
    PetscCallMPI(MPI_Recv(data, (int)message->size, MPI_BYTE, message->rank, message->tag, comm,
                          MPI_STATUS_IGNORE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode tell(MPI_Comm comm, const void *data, size_t size, int rank, int tag,
                           PetscBool *sent)
{
  const ion_message message = {data, size, rank, tag};

  PetscFunctionBegin;
  PetscCall(ion_message_send(comm, &message, SEND_WITHIN, sent));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A message to a dead rank may count as sent: only an answer tells. */
static PetscErrorCode call_roll(MPI_Comm comm, const void *data, size_t size, double seconds,
                                int *n_lost)
{
  PetscBool *here, sent;
  int n_rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(comm, &n_rank));
  PetscCall(PetscCalloc1((size_t)n_rank, &here));
  for (int rank = 1; rank < n_rank; rank++)
    PetscCall(tell(comm, data, size, rank, ION_TAG_NEWS, &here[rank]));
  for (int rank = 1; rank < n_rank; rank++) {
    const ion_message word = {.rank = rank, .tag = ION_TAG_HERE};

    if (here[rank]) PetscCall(receive(comm, &word, NULL, seconds, &here[rank]));
    if (!here[rank]) (*n_lost)++;
  }
  for (int rank = 1; rank < n_rank; rank++)
    if (here[rank]) PetscCall(tell(comm, n_lost, sizeof *n_lost, rank, ION_TAG_LOST, &sent));
  PetscCall(PetscFree(here));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode answer(MPI_Comm comm, void *data, size_t size, int *n_lost)
{
  const ion_message news = {.size = size, .tag = ION_TAG_NEWS};
  const ion_message lost = {.size = sizeof *n_lost, .tag = ION_TAG_LOST};
  PetscBool came, sent;

  PetscFunctionBegin;
  PetscCall(receive(comm, &news, data, (double)INFINITY, &came));
  PetscCall(tell(comm, NULL, 0, 0, ION_TAG_HERE, &sent));
  PetscCall(receive(comm, &lost, n_lost, (double)INFINITY, &came));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_ranks_meet(MPI_Comm comm, void *data, size_t size, double seconds, int *n_lost)
{
  MPI_Errhandler usual = MPI_ERRHANDLER_NULL;
  PetscErrorCode code;
  int rank;

  PetscFunctionBegin;
  *n_lost = 0;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCallMPI(MPI_Comm_get_errhandler(comm, &usual));
  PetscCallMPI(MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN));
  code =
      rank == 0 ? call_roll(comm, data, size, seconds, n_lost) : answer(comm, data, size, n_lost);
  PetscCallMPI(MPI_Comm_set_errhandler(comm, usual));
  PetscCallMPI(MPI_Errhandler_free(&usual));
  PetscFunctionReturn(code);
}
