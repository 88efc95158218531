/* The bootstrap over blocks in one pass: block i counts Poisson(1) times in each resample. */
#include "pairs_impl.h"

#include <string.h>

/* What a complete block adds to a resample in which it counts once. */
static void record_full(const ion_pairs *p, const double *full, double *boot)
{
  const size_t k = p->shape.n_input;

  boot[BOOT_FULL] = p->shape.reversed ? 2.0 : 1.0;
  boot[BOOT_NA] = boot[BOOT_NB] = 1.0;
  boot[BOOT_A]                  = full[FULL_A];
  boot[BOOT_AA]                 = full[FULL_AA];
  boot[BOOT_B]                  = full[FULL_B];
  boot[BOOT_BB]                 = full[FULL_BB];
  memcpy(boot + ion_boot_at(p, BOOT_BD), full + ion_full_at(p, FULL_BD), k * sizeof *boot);
  memcpy(boot + ion_boot_at(p, BOOT_D), full + ion_full_at(p, FULL_D), k * sizeof *boot);
  memcpy(boot + ion_boot_at(p, BOOT_DD), full + ion_full_at(p, FULL_DD), k * sizeof *boot);
}

/* With weights the first order is a covariance: w other mixed, w (other + mixed)/2 and w. */
static void record_partial(const ion_pairs *p, const double *sum, double *boot)
{
  const size_t k = p->shape.n_input, weighted = p->shape.weighted ? 1 : 0;
  const double *s = sum + N_SUM_SCALAR;
  double *b       = boot + N_BOOT_SCALAR;

  boot[BOOT_FULL] = 0.0;
  boot[BOOT_NA]   = sum[SUM_NA];
  boot[BOOT_A]    = sum[SUM_A];
  boot[BOOT_AA]   = sum[SUM_AA];
  boot[BOOT_NB]   = sum[SUM_NB];
  boot[BOOT_B]    = sum[SUM_B];
  boot[BOOT_BB]   = sum[SUM_BB];
  for (size_t j = 0; j < k; j++, s++, b++) {
    b[BOOT_BD * k] = weighted ? 0.5 * (s[SUM_PSS * k] - s[SUM_PEE * k]) : s[SUM_SBD * k];
    b[BOOT_D * k]  = weighted ? 0.5 * s[SUM_PS * k] : s[SUM_SD * k];
    b[BOOT_DD * k] = s[SUM_TDD * k];
    b[BOOT_SN * k] = weighted ? s[SUM_PW * k] : s[SUM_SN * k];
    b[BOOT_TW * k] = s[SUM_TW * k];
  }
}

static void add_counted(size_t n, double count, const double *record, double *boot)
{
#pragma omp simd
  for (size_t i = 0; i < n; i++) boot[i] += count * record[i];
}

void ion_pairs_resample(const ion_pairs *p, const pairs_block *block, PetscBool is_full,
                        uint64_t key, double *boot)
{
  double *full = p->scratch, *sum = full + p->full_size, *record = sum + p->sum_size;
  const size_t n = ion_boot_at(p, is_full ? N_BOOT_SHORT : N_BOOT_ARRAY);
  unsigned char count[ION_POISSON_LANES];

  if (is_full) {
    memset(full, 0, p->full_size * sizeof *full);
    ion_pairs_add_full(p, block->f, full);
    record_full(p, full, record);
  } else {
    memset(sum, 0, p->sum_size * sizeof *sum);
    ion_pairs_add_partial(p, block, sum);
    record_partial(p, sum, record);
  }
  for (size_t r = 0; r < p->shape.n_resample; r++) {
    const size_t lane = r % ION_POISSON_LANES;

    if (lane == 0) ion_poisson_weights(p->shape.seed, key, r / ION_POISSON_LANES, count);
    if (count[lane]) add_counted(n, count[lane], record, boot + r * p->boot_size);
  }
}

PetscBool ion_pairs_gather_resample(const ion_pairs *p, ion_share share, size_t resample,
                                    double *boot)
{
  const size_t n_span = p->n_span >> share, row = p->shape.n_resample * p->boot_size;

  memset(boot, 0, p->boot_size * sizeof *boot);
  for (size_t r = 0; r < p->shape.n_replicate; r++)
    for (size_t s = 0; s < n_span; s++)
      add_counted(p->boot_size, 1.0, p->boot + (r * p->n_span + s) * row + resample * p->boot_size,
                  boot);
  return (PetscBool)(n_span > 0);
}
