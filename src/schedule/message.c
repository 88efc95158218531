/* Messages to a rank that may be dead: in Open MPI a blocking send to one may never return. */
#include "dispatch_impl.h"

PetscErrorCode ion_message_complete(MPI_Request *request, double seconds, PetscBool *done)
{
  const double start = MPI_Wtime();
  ion_backoff backoff;
  int flag = 0;

  PetscFunctionBegin;
  *done = PETSC_FALSE;
  ion_backoff_reset(&backoff);
  do {
    if (MPI_Test(request, &flag, MPI_STATUS_IGNORE)) PetscFunctionReturn(PETSC_SUCCESS);
    if (!flag) ion_backoff_wait(&backoff);
  } while (!flag && MPI_Wtime() - start < seconds);
  *done = (PetscBool)(flag != 0);
  if (!flag) (void)MPI_Request_free(request);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_message_send(MPI_Comm comm, const ion_message *message, double seconds,
                                PetscBool *sent)
{
  MPI_Request request = MPI_REQUEST_NULL;

  PetscFunctionBegin;
  *sent = PETSC_FALSE;
  if (MPI_Isend(message->data, (int)message->size, MPI_BYTE, message->rank, message->tag, comm,
                &request))
    PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ion_message_complete(&request, seconds, sent));
  PetscFunctionReturn(PETSC_SUCCESS);
}
