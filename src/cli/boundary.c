/* What plan and run say of a boundary map: what it costs, and what it can have missed. */
#include "cli_impl.h"

#include <math.h>
#include <stdio.h>

static double start_nodes(const ion_refinement *how)
{
  return pow((double)how->start + 1.0, (double)how->n_factor);
}

/* A boundary across the map along an axis: halving a row of m cells adds 4 m + 1 nodes (2 m + 1 in the middle, m along
 * each side); halving a layer of m x m cells adds three layers of (2 m + 1)^2 less the 2 (m + 1)^2 corners. */
double cli_boundary_typical(const ion_refinement *how)
{
  double n = start_nodes(how) + (double)how->probes * (double)how->levels;

  for (int k = 0; k < how->levels; k++) {
    const double m = (double)(how->start << k), fine = (2.0 * m + 1.0) * (2.0 * m + 1.0);

    n += how->n_factor == 2 ? 4.0 * m + 1.0 : 3.0 * fine - 2.0 * (m + 1.0) * (m + 1.0);
  }
  return n;
}

static void print_start(const ion_refinement *how)
{
  printf(
      "  refined along the boundaries of %s: %llu cells a factor, halved up to %d times (1/%llu)\n",
      how->of, (unsigned long long)how->start, how->levels,
      (unsigned long long)how->start << how->levels);
}

/* n random nodes miss a share v of the map with probability (1 - v)^n. */
static void print_islands(const ion_refinement *how)
{
  const double n_probe = (double)how->probes * (double)how->levels;

  printf("  islands smaller than a cell of 1/%llu may be missed", (unsigned long long)how->start);
  if (n_probe > 0.0)
    printf("; %.0f random probes find 95 %% of those that cover %.2g %% of the map", n_probe,
           -100.0 * expm1(log(0.05) / n_probe));
  else
    printf(" (no probes)");
  printf("\n");
}

void cli_print_boundary_plan(const ion_refinement *how, uint64_t n_node)
{
  const double typical = cli_boundary_typical(how), least = start_nodes(how);

  print_start(how);
  printf(
      "  solved: at least %.0f nodes; about %.0f (%.2g %% of the grid) with one boundary straight "
      "across it,\n    twice as many where it is slanted; how many is known in the end\n",
      least, typical, 100.0 * typical / (double)n_node);
  print_islands(how);
}

void cli_print_boundary_result(const ion_refinement *how, const ion_job_result *result,
                               uint64_t n_node)
{
  const ion_tally *tally  = &result->tally;
  const uint64_t n_solved = tally->n_point - tally->status[ION_NOT_NEEDED];

  print_start(how);
  printf("  %llu nodes solved%s, %.2f %% of the grid\n", (unsigned long long)n_solved,
         result->stopped ? " so far" : "", 100.0 * (double)n_solved / (double)n_node);
  print_islands(how);
}
