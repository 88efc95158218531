/* How fast designs are made: ns a coordinate, and the Saltelli design of k = 20 inputs, N = 2^18. */
#include <ion/design.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { K = 20, BATCH = 8192 };

static const char *const laws[] = {
    "uniform: [1, 2]",     "log_uniform: [0.1, 10]",
    "normal: [5, 1]",      "normal: {mean: 5, sd: 1, lower: 4, upper: 8}",
    "lognormal: [5, 1.5]", "triangular: [1, 2, 4]",
    "beta: [2, 3, 0, 1]",  "discrete: [1, 2, 3]",
};

static double seconds(void)
{
  struct timespec now;

  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static PetscErrorCode make(const char *rest, const char *law, ion_design **design)
{
  static char text[1 << 14], name[K][8];
  ion_quantity quantity[K];
  ion_units *units;
  ion_spec *spec;
  size_t used = (size_t)snprintf(text, sizeof text, "{%s, factors: {", rest);

  PetscFunctionBegin;
  for (size_t i = 0; i < K; i++) {
    (void)snprintf(name[i], sizeof name[i], "x%zu", i + 1);
    quantity[i] = (ion_quantity){name[i], "1", "", 0, -INFINITY, INFINITY, PETSC_TRUE};
    used += (size_t)snprintf(text + used, sizeof text - used, "%s: {%s},", name[i], law);
  }
  (void)snprintf(text + used, sizeof text - used, "}}\n");
  PetscCall(ion_units_create(&units));
  PetscCall(ion_spec_parse("bench.yaml", text, strlen(text), &spec));
  PetscCall(ion_design_create(ion_spec_root(spec), units, quantity, K, design));
  PetscCall(ion_spec_close(&spec));
  PetscCall(ion_units_destroy(&units));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Time to make all points, in order, a batch at a time. */
static PetscErrorCode measure(const char *rest, const char *law, size_t batch)
{
  ion_design *design;
  ion_block values;
  double start;
  uint64_t n;

  PetscFunctionBegin;
  PetscCall(make(rest, law, &design));
  PetscCall(ion_block_create(K, batch, &values));
  n     = ion_design_n_point(design);
  start = seconds();
  for (uint64_t first = 0; first < n; first += batch)
    PetscCall(ion_design_points(design, first, (size_t)PetscMin(batch, n - first), values));
  start = seconds() - start;
  printf("%-62s %-46s %6zu %9llu %8.3f %8.2f\n", rest, law, batch, (unsigned long long)n, start,
         1e9 * start / ((double)n * K));
  PetscCall(ion_block_destroy(&values));
  PetscCall(ion_design_destroy(&design));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode run(void)
{
  static const char *const scrambles[] = {"owen", "hash", "lms", "shift", "none"};
  static const size_t batches[]        = {256, 1024, BATCH, 65536};
  char rest[128];

  PetscFunctionBegin;
  printf("%-62s %-46s %6s %9s %8s %8s\n", "design, k = 20", "marginal of every factor", "batch",
         "points", "s", "ns");
  for (size_t i = 0; i < ION_COUNT(batches); i++)
    PetscCall(measure("kind: saltelli, samples: 262144", laws[0], batches[i]));
  PetscCall(measure("kind: saltelli, samples: 262144, replicates: 1", laws[0], BATCH));
  for (size_t i = 0; i < ION_COUNT(scrambles); i++) {
    (void)snprintf(rest, sizeof rest,
                   "kind: saltelli, samples: 262144, replicates: 1, scramble: %s", scrambles[i]);
    PetscCall(measure(rest, laws[0], BATCH));
    (void)snprintf(rest, sizeof rest, "kind: sobol, samples: 262144, scramble: %s", scrambles[i]);
    PetscCall(measure(rest, laws[0], BATCH));
  }
  PetscCall(measure("kind: latin_hypercube, samples: 262144", laws[0], BATCH));
  PetscCall(measure("kind: morris, trajectories: 16384", laws[0], BATCH));
  PetscCall(measure("kind: morris, path: winding, trajectories: 16384", laws[0], BATCH));
  for (size_t i = 0; i < ION_COUNT(laws); i++)
    PetscCall(measure("kind: sobol, samples: 65536, scramble: none", laws[i], BATCH));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PETSC_COMM_WORLD = MPI_COMM_NULL;
  if (MPI_Init(&argc, &argv)) return 1;
  PETSC_COMM_WORLD = MPI_COMM_SELF;
  if (PetscInitialize(&argc, &argv, NULL, NULL)) return 1;
  if (run()) return 1;
  return PetscFinalize() || MPI_Finalize() ? 1 : 0;
}
