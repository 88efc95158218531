/* Indices of k = 20 inputs from N = 2^18 blocks in 4 replicates (5.8 million outputs), one core. */
#include <ion/sensitivity.h>

#include <stdio.h>
#include <time.h>

enum { K = 20, MEMBER = K + 2, REPLICATE = 4, BLOCK = 1 << 16, N = REPLICATE * BLOCK };

static double seconds(void)
{
  struct timespec t;

  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Outputs of Monte Carlo blocks of the G function, [replicate][block][member]. */
static PetscErrorCode make(double *f)
{
  const ion_function *g = ion_function_find("sobol_g");
  ion_block u, mixed;
  double y[1];

  PetscFunctionBegin;
  PetscCall(ion_block_create(K, 2, &u));
  PetscCall(ion_block_create(K, 1, &mixed));
  for (size_t i = 0; i < N; i++) {
    for (size_t j = 0; j < 2 * K; j++) ion_row(u, j / 2)[j % 2] = ion_random_uniform(1, i, j);
    for (size_t m = 0; m < MEMBER; m++) {
      for (size_t j = 0; j < K; j++) ion_row(mixed, j)[0] = ion_row(u, j)[m == 1 || m == j + 2];
      g->value(K, mixed, y);
      f[i * MEMBER + m] = y[0];
    }
  }
  PetscCall(ion_block_destroy(&mixed));
  PetscCall(ion_block_destroy(&u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode estimate(const ion_pairs *pairs, ion_interval interval, ion_estimate first[K],
                               ion_estimate total[K])
{
  PetscFunctionBegin;
  PetscCall(ion_pairs_estimate(pairs, ION_FIRST_SALTELLI, interval, ION_ALL, first));
  PetscCall(ion_pairs_estimate(pairs, ION_TOTAL_JANSEN, interval, ION_ALL, total));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode time_one(const char *what, const double *f, const unsigned char *status,
                               size_t n_resample)
{
  const ion_pairs_shape shape = {.n_input     = K,
                                 .n_replicate = REPLICATE,
                                 .n_block     = BLOCK,
                                 .shift       = 1.0,
                                 .n_resample  = n_resample,
                                 .seed        = 1};
  const double start          = seconds();
  ion_estimate first[K], total[K];
  ion_pairs *pairs;

  PetscFunctionBegin;
  PetscCall(ion_pairs_create(&shape, &pairs));
  for (size_t r = 0; r < REPLICATE; r++) {
    const ion_pairs_rows rows = {.replicate = r,
                                 .n         = BLOCK,
                                 .f         = f + r * BLOCK * MEMBER,
                                 .status    = status ? status + r * BLOCK * MEMBER : NULL};

    PetscCall(ion_pairs_add(pairs, &rows));
  }
  PetscCall(estimate(pairs, n_resample ? ION_BY_BOOTSTRAP : ION_BY_REPLICATES, first, total));
  printf("%-38s %8.4f s  %7.1f KiB  S_1 %.4f +- %.4f  T_1 %.4f +- %.4f\n", what, seconds() - start,
         (double)ion_pairs_bytes(pairs) / 1024.0, first[0].value, first[0].half_width,
         total[0].value, total[0].half_width);
  PetscCall(ion_pairs_destroy(&pairs));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode bench(void)
{
  const size_t n = (size_t)N * MEMBER;
  unsigned char *status;
  double *f;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(n, &f, n, &status));
  PetscCall(make(f));
  for (size_t i = 0; i < n; i++) status[i] = ION_OK;
  printf("k = %d, N = %d: %zu outputs; exact S_1 = 0.7153, T_1 = 0.7865\n", K, N, n);
  PetscCall(time_one("indices, replicate intervals", f, NULL, 0));
  PetscCall(time_one("indices, statuses read", f, status, 0));
  for (size_t i = 0; i < n; i += 90112) status[i] = ION_NO_STATE_FOUND;
  PetscCall(time_one("indices, one failure in 90112", f, status, 0));
  PetscCall(time_one("100 resamples of blocks", f, NULL, 100));
  PetscCall(PetscFree2(f, status));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  int failed;

  if (PetscInitialize(&argc, &argv, NULL, NULL)) return 1;
  failed = bench() != PETSC_SUCCESS;
  return PetscFinalize() || failed;
}
