/* Microseconds a threshold: the batched search beside PETSc SNES, one point and one state after another. */
#include "bench_box.h"

#include <ion/solver.h>

enum { POINTS = 1024, ONE_BY_ONE = 24 };

static const bench_box box = {.name = "+-20 %", .width = 0.2, .kelvin = 5};

static const char *const factor[] = {"temperature",
                                     "neuron.leak_na.permeability",
                                     "neuron.leak_k.permeability",
                                     "neuron.leak_cl.permeability",
                                     "neuron.nka.rate",
                                     "neuron.kcc2.rate",
                                     "glia.nka.rate",
                                     "glia.kir.conductance",
                                     "glia.nkcc1.rate",
                                     "neuron.atp_use.rate"};

typedef struct {
  const ion_model *model;
  size_t n_theta;
  int row[ION_COUNT(factor)], supply;
  ion_block theta, gradient;
  ion_threshold *threshold;
  ion_thresholds found;
  unsigned char status[POINTS], kind[POINTS], recovery_kind[POINTS];
  double value[POINTS], recovery[POINTS];
} bench;

static PetscErrorCode fill_points(bench *b)
{
  const ion_quantity *quantity = ion_model_quantities(b->model, NULL, &b->n_theta);

  PetscFunctionBegin;
  PetscCall(ion_block_create(b->n_theta, POINTS, &b->theta));
  ion_model_default_theta(b->model, b->theta);
  for (size_t k = 0; k < ION_COUNT(factor); k++) {
    b->row[k] = ion_model_find(b->model, factor[k]);
    PetscCheck(b->row[k] >= 0, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT, "the model has no '%s'",
               factor[k]);
    for (size_t p = 0; p < POINTS; p++)
      ion_row(b->theta, (size_t)b->row[k])[p] =
          bench_value(&box, &quantity[b->row[k]], ion_random_uniform(BENCH_SEED, p, k));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create(const ion_model *model, bench *b)
{
  ion_threshold_range range = {.from = 1, .to = 0, .back = 1};

  PetscFunctionBegin;
  b->model = model;
  PetscCall(fill_points(b));
  b->supply = range.parameter = ion_model_find(model, "energy_supply");
  PetscCall(ion_block_create(ION_COUNT(factor), POINTS, &b->gradient));
  PetscCall(
      ion_threshold_create(model, b->row, ION_COUNT(factor), NULL, &range, POINTS, &b->threshold));
  b->found = (ion_thresholds){.status = b->status, .kind = b->kind, .value = b->value};
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy(bench *b)
{
  PetscFunctionBegin;
  PetscCall(ion_threshold_destroy(&b->threshold));
  PetscCall(ion_block_destroy(&b->theta));
  PetscCall(ion_block_destroy(&b->gradient));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Lower the supply by SNES solves that start from the last state; a step that fails, or turns the potential by
 * more than 3 mV, is halved, down to 1e-7: what one would do without continuation. */
static PetscErrorCode fold_by_steps(const bench *b, size_t p, double *fold)
{
  double theta[512], x[256], old[256], step = 0.1, s = 1;
  const size_t n = ion_model_n_state(b->model);
  const int x_V  = ion_model_network(b->model)->compartment[0].x_V;
  SNESConvergedReason reason;

  PetscFunctionBegin;
  PetscCheck(b->n_theta <= ION_COUNT(theta) && n <= ION_COUNT(x) && x_V >= 0, PETSC_COMM_SELF,
             PETSC_ERR_SUP, "a larger model than the bench is made for");
  for (size_t k = 0; k < b->n_theta; k++) theta[k] = ion_row(b->theta, k)[p];
  memcpy(x, ion_model_rest(b->model), n * sizeof *x);
  theta[b->supply] = 1;
  PetscCall(ion_solve_point(b->model, theta, x, &reason, NULL));
  while (step > 1e-7) {
    memcpy(old, x, n * sizeof *x);
    theta[b->supply] = s - step;
    PetscCall(ion_solve_point(b->model, theta, x, &reason, NULL));
    if (reason > 0 && fabs(x[x_V] - old[x_V]) < 0.1) {
      s -= step;
    } else {
      memcpy(x, old, n * sizeof *x);
      step *= 0.5;
    }
  }
  *fold = s;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* CPU seconds of one pass. */
static PetscErrorCode pass(bench *b, double *seconds)
{
  const double start = bench_cpu();

  PetscFunctionBegin;
  PetscCall(ion_threshold_solve(b->threshold, b->theta, &b->found));
  *seconds = bench_cpu() - start;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode print_batched(bench *b, const char *name, size_t n_repeat, double one)
{
  double seconds[BENCH_MOST_REPEATS], us;
  size_t fold = 0, hopf = 0, failed = 0;

  PetscFunctionBegin;
  for (size_t r = 0; r < n_repeat; r++) PetscCall(pass(b, &seconds[r]));
  for (size_t p = 0; p < POINTS; p++) {
    fold += b->kind[p] == ION_LOSS_FOLD;
    hopf += b->kind[p] == ION_LOSS_HOPF;
    failed += b->status[p] != ION_OK;
  }
  us = 1e6 * bench_median(n_repeat, seconds) / POINTS;
  printf("%-44s %6d %10.1f %8.4f %6zu %6zu %6zu\n", name, POINTS, us, us / one, fold, hopf, failed);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode run(bench *b, size_t n_repeat)
{
  double start, one, fold, error = 0, ignored;
  size_t n_same = 0;

  PetscFunctionBegin;
  PetscCall(pass(b, &ignored));
  start = bench_cpu();
  for (size_t p = 0; p < ONE_BY_ONE; p++) {
    PetscCall(fold_by_steps(b, p, &fold));
    if (b->kind[p] != ION_LOSS_FOLD) continue; /* SNES does not see Hopf points */
    error = fmax(error, fabs(fold / b->value[p] - 1));
    n_same++;
  }
  one = 1e6 * (bench_cpu() - start) / ONE_BY_ONE;
  printf("\nThresholds of energy_supply over a box %s of %zu factors\n", box.name,
         ION_COUNT(factor));
  printf("%-44s %6s %10s %8s %6s %6s %6s\n", "way", "points", "us", "x", "fold", "hopf", "failed");
  printf("%-44s %6d %10.1f %8.4f\n", "SNES, one state after another, to 1e-7", ONE_BY_ONE, one,
         1.0);
  PetscCall(print_batched(b, "batched: kind, value and state", n_repeat, one));
  b->found.gradient = b->gradient;
  PetscCall(print_batched(b, "  and gradients by all factors", n_repeat, one));
  b->found.recovery      = b->recovery;
  b->found.recovery_kind = b->recovery_kind;
  PetscCall(print_batched(b, "  and the way back", n_repeat, one));
  printf("  largest relative difference of the two ways at %zu folds: %.1e\n", n_same, error);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode run_model(size_t n_repeat)
{
  static bench b;
  ion_units *units = NULL;
  ion_spec *spec   = NULL;
  ion_model *model = NULL;

  PetscFunctionBegin;
  PetscCall(ion_units_create(&units));
  PetscCall(ion_spec_open(ION_SOURCE_DIR "/sweeps/models/neuron_glia.yaml", &spec));
  PetscCall(ion_model_create(ion_spec_root(spec), units, &model));
  PetscCall(ion_model_setup(model));
  PetscCall(create(model, &b));
  PetscCall(run(&b, n_repeat));
  PetscCall(destroy(&b));
  PetscCall(ion_model_destroy(&model));
  PetscCall(ion_spec_close(&spec));
  PetscCall(ion_units_destroy(&units));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscBool quick = PETSC_FALSE;
  PetscErrorCode code;

  if (MPI_Init(&argc, &argv) != MPI_SUCCESS) return 1;
  PETSC_COMM_WORLD = MPI_COMM_SELF;
  if (PetscInitialize(&argc, &argv, NULL, NULL)) return 1;
  code = PetscOptionsGetBool(NULL, NULL, "-quick", &quick, NULL);
  if (!code) code = run_model(quick ? 1 : 5);
  if (PetscFinalize() || MPI_Finalize() != MPI_SUCCESS) return 1;
  return code ? 1 : 0;
}
