/* Ranks between two jobs: what rank 0 knows is told to all, who does not answer is counted, on all others alike. */
#include "ion_test.h"

#include <math.h>
#include <schedule/dispatch_impl.h>
#include <string.h>

static void find_place(int *rank, int *n_rank)
{
  MPI_Comm_rank(MPI_COMM_WORLD, rank);
  MPI_Comm_size(MPI_COMM_WORLD, n_rank);
}

static PetscErrorCode all_learn_what_rank_0_knows(void)
{
  char news[3000];
  int rank, n_rank, n_lost = -1;

  PetscFunctionBegin;
  find_place(&rank, &n_rank);
  for (int round = 0; round < 3; round++) {
    memset(news, rank == 0 ? 'a' + round : 'z', sizeof news);
    PetscCall(ion_ranks_meet(MPI_COMM_WORLD, news, sizeof news, (double)INFINITY, &n_lost));
    CHECK(n_lost == 0);
    for (size_t i = 0; i < sizeof news; i++) CHECK(news[i] == 'a' + round);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The last rank stays away, as a dead one does; what it was sent is still to be taken. */
static PetscErrorCode a_rank_that_stays_away_is_counted_by_all_others(void)
{
  double news;
  int rank, n_rank, n_lost = -1;

  PetscFunctionBegin;
  find_place(&rank, &n_rank);
  news = rank == 0 ? 0.5 : -1.0;
  if (n_rank == 1) PetscFunctionReturn(PETSC_SUCCESS);
  if (rank < n_rank - 1) {
    PetscCall(ion_ranks_meet(MPI_COMM_WORLD, &news, sizeof news, 3.0, &n_lost));
    CHECK(n_lost == 1);
  } else {
    PetscCallMPI(MPI_Recv(&news, (int)sizeof news, MPI_BYTE, 0, ION_TAG_NEWS, MPI_COMM_WORLD,
                          MPI_STATUS_IGNORE));
  }
  CHECK(news == 0.5);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const ion_test_case cases[] = {
    {"all_learn_what_rank_0_knows",                     all_learn_what_rank_0_knows},
    {"a_rank_that_stays_away_is_counted_by_all_others",
     a_rank_that_stays_away_is_counted_by_all_others                               },
};

int main(int argc, char **argv)
{
  return ion_test_main(argc, argv, cases, ION_COUNT(cases));
}
