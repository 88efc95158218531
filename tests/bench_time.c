/* Time courses: microseconds a trajectory, batched and by PETSc TS one point at a time, in one run.
 *
 * Points: residual energy supply 0 to 0.15 at 27 to 40 degC from rest: 30 s of decline, which hardly any cell
 * fails to survive, and 300 s with every action potential of the collapse. Times are those of the core, medians
 * of several repeats. */
#include "bench_box.h"

#include <ion/ledger.h>
#include <ion/solver.h>

enum { N_POINT = 256, N_REPEAT = 5, N_REFERENCE = 3 };

typedef struct {
  ion_units *units;
  ion_spec *file, *selection;
  ion_model *model;
  ion_outputs *outputs;
  ion_block theta, event;
  ion_protocol protocol;
  unsigned char status[N_POINT];
  int steps[N_POINT], refused[N_POINT];
} bench_courses;

static const ion_event depolarises[] = {
    {0, -50, PETSC_TRUE}
};

static void observe(const void *outputs, ion_block theta, ion_block prepared, const ion_work *work,
                    size_t n_point, ion_block value)
{
  ion_outputs_observe(outputs, theta, prepared, work, n_point, NULL, NULL, NULL, value);
}

static PetscErrorCode open_courses(bench_courses *b)
{
  static const char wanted[] = "[neuron.V, ecs.K]";
  char path[PETSC_MAX_PATH_LEN];
  size_t n, n_theta;

  PetscFunctionBegin;
  snprintf(path, sizeof path, "%s/sweeps/models/neuron_glia.yaml", ION_SOURCE_DIR);
  PetscCall(ion_units_create(&b->units));
  PetscCall(ion_spec_open(path, &b->file));
  PetscCall(ion_model_create(ion_spec_root(b->file), b->units, &b->model));
  PetscCall(ion_model_setup(b->model));
  PetscCall(ion_spec_parse("outputs", wanted, strlen(wanted), &b->selection));
  PetscCall(ion_outputs_create(b->model, ion_spec_root(b->selection), &b->outputs));
  ion_model_quantities(b->model, &n, &n_theta);
  PetscCall(ion_block_create(n_theta, N_POINT, &b->theta));
  PetscCall(ion_block_create(1, N_POINT, &b->event));
  ion_model_default_theta(b->model, b->theta);
  for (size_t p = 0; p < N_POINT; p++) {
    ion_row(b->theta, (size_t)ion_model_find(b->model, "energy_supply"))[p] =
        0.15 * ion_random_uniform(1, p, 0);
    ion_row(b->theta, (size_t)ion_model_find(b->model, "temperature"))[p] =
        300.15 + 13 * ion_random_uniform(1, p, 1);
  }
  b->protocol = (ion_protocol){.until      = 300,
                               .n_event    = 1,
                               .event      = depolarises,
                               .observe    = observe,
                               .context    = b->outputs,
                               .n_observed = 2,
                               .ends_with  = -1,
                               .most_steps = 10000000};
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode close_courses(bench_courses *b)
{
  PetscFunctionBegin;
  PetscCall(ion_block_destroy(&b->theta));
  PetscCall(ion_block_destroy(&b->event));
  PetscCall(ion_outputs_destroy(&b->outputs));
  PetscCall(ion_model_destroy(&b->model));
  PetscCall(ion_spec_close(&b->selection));
  PetscCall(ion_spec_close(&b->file));
  PetscCall(ion_units_destroy(&b->units));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Seconds a trajectory, batched; a warm-up comes first. */
static PetscErrorCode time_batched(bench_courses *b, size_t n_repeat, double *seconds)
{
  const ion_course_result result = {
      .status = b->status, .event = b->event, .steps = b->steps, .refused = b->refused};
  ion_course *course;
  double time[N_REPEAT];

  PetscFunctionBegin;
  PetscCall(ion_course_create(b->model, &b->protocol, N_POINT, &course));
  for (size_t k = 0; k < n_repeat; k++) {
    const double start = bench_cpu();

    PetscCall(ion_course_run(course, b->theta, NULL, &result));
    time[k] = (bench_cpu() - start) / N_POINT;
  }
  PetscCall(ion_course_destroy(&course));
  *seconds = bench_median(n_repeat, time);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Seconds a trajectory by TS over the first few points; how far its times of the event are from the batch's. */
static PetscErrorCode time_reference(bench_courses *b, double *seconds, double *steps,
                                     double *apart)
{
  double theta[512], event, last[2], time[N_REFERENCE];

  PetscFunctionBegin;
  *steps = *apart = 0;
  for (size_t p = 0; p < N_REFERENCE; p++) {
    const double start = bench_cpu();
    int n;

    for (size_t k = 0; k < b->theta.n_row; k++) theta[k] = ion_row(b->theta, k)[p];
    PetscCall(ion_course_reference(b->model, &b->protocol, theta, &event, last, &n));
    time[p] = bench_cpu() - start;
    *steps += (double)n / N_REFERENCE;
    *apart = fmax(*apart, fabs(event - ion_row(b->event, 0)[p]));
  }
  *seconds = bench_median(N_REFERENCE, time);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode print_row(bench_courses *b, const char *what, double until, double tolerance,
                                size_t n_repeat)
{
  double batched = 0, reference = 0, steps, refused = 0, taken = 0, apart;
  size_t failed = 0;

  PetscFunctionBegin;
  b->protocol.tolerance = tolerance;
  b->protocol.until     = until;
  PetscCall(time_batched(b, n_repeat, &batched));
  for (size_t p = 0; p < N_POINT; p++) {
    taken += (double)b->steps[p] / N_POINT;
    refused += (double)b->refused[p] / N_POINT;
    failed += b->status[p] != ION_OK;
  }
  PetscCall(time_reference(b, &reference, &steps, &apart));
  printf("%-22s %7.0e %12.1f %9.0f %8.0f %7zu %14.1f %9.0f %9.0f %10.1e\n", what, tolerance,
         1e6 * batched, taken, refused, failed, 1e6 * reference, steps, reference / batched, apart);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode run(void)
{
  bench_courses b = {0};

  PetscFunctionBegin;
  PetscCall(open_courses(&b));
  printf("%-22s %7s %12s %9s %8s %7s %14s %9s %9s %10s\n", "neuron_glia", "", "us/course", "steps",
         "refused", "failed", "TS us/course", "steps", "ratio", "apart, s");
  PetscCall(print_row(&b, "30 s of decline", 30, 1e-4, N_REPEAT));
  PetscCall(print_row(&b, "30 s of decline", 30, 1e-5, N_REPEAT));
  PetscCall(print_row(&b, "300 s, all spikes", 300, 1e-4, 1));
  PetscCall(close_courses(&b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PETSC_COMM_WORLD = MPI_COMM_NULL;
  if (MPI_Init(&argc, &argv)) return 1;
  PETSC_COMM_WORLD = MPI_COMM_SELF;
  if (PetscInitialize(&argc, &argv, NULL, NULL) || run() || PetscFinalize()) return 1;
  return MPI_Finalize() != 0;
}
