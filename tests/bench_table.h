/* The table of a box: one row a way, its states compared with those of the first row. */
#ifndef ION_BENCH_TABLE_H
#define ION_BENCH_TABLE_H

#include "bench_box.h"

/* Unknowns that differ by more than this are another state. */
static const double bench_same_state = 1e-6;

/* A way's states beside those of the first row. */
typedef struct {
  size_t failed; /* not converged */
  size_t other;  /* converged to another state than the batched solver */
  size_t alone;  /* converged where the batched solver did not */
  double error;  /* largest difference from the batched solver's state, where it is the same */
} bench_comparison;

static bench_comparison bench_compare(const bench_result *result, const bench_result *reference)
{
  bench_comparison c = {0};

  for (size_t p = 0; p < result->n_point; p++) {
    double most = 0;

    if (!result->found[p]) {
      c.failed++;
      continue;
    }
    if (!reference->found[p]) {
      c.alone++;
      continue;
    }
    for (size_t i = 0; i < result->x.n_row; i++) {
      const double d = fabs(ion_row(result->x, i)[p] - ion_row(reference->x, i)[p]);

      if (!(d <= most)) most = d;
    }
    if (!(most <= bench_same_state)) c.other++;
    if (most <= bench_same_state && most > c.error) c.error = most;
  }
  return c;
}

static void bench_print_row(const char *name, const bench_result *result,
                            const bench_result *reference, double seconds, double fastest)
{
  const double n = (double)result->n_point, us = 1e6 * seconds / n;
  const double own         = us * (1 - result->seconds_evaluating / result->seconds);
  const bench_comparison c = bench_compare(result, reference);

  printf("%-36s %6zu %9.3f %6.2f %6zu %6zu %6zu %8.1e %8.1f", name, result->n_point, us,
         (double)result->iterations / n, c.failed, c.other, c.alone, c.error, us / fastest);
  if (result->evaluations)
    printf(" %8.2f %8.1f %6.2f", own, own / fastest,
           1e6 * result->seconds_evaluating / (double)result->evaluations);
  printf("\n");
}

static void bench_print_head(const bench_points *points)
{
  printf("\nBox %s: %zu points, %zu factors, seed %d\n", points->box->name, points->n_point,
         points->n_factor, BENCH_SEED);
  printf("  us: CPU time a point; its: iterations a point; failed: not converged;\n"
         "  other: differs from the first row's state by more than %g; alone: converged where the\n"
         "  first row has no state; error: largest difference where it is the same state;\n"
         "  x: times the first row; own: us if evaluations of the model cost nothing; eval: us of "
         "one\n",
         bench_same_state);
  printf("%-36s %6s %9s %6s %6s %6s %6s %8s %8s %8s %8s %6s\n", "way", "points", "us", "its",
         "failed", "other", "alone", "error", "x", "own", "x", "eval");
}

#endif
