/* Designs of the benchmark: boxes around the model as it stands, points keyed by (seed, point, factor). */
#ifndef ION_BENCH_BOX_H
#define ION_BENCH_BOX_H

#include <ion/model.h>

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { BENCH_BATCH = 512, BENCH_SEED = 1, BENCH_MOST_REPEATS = 99 };

/* What a box spans around the defaults. */
typedef struct {
  const char *name;
  double width;  /* each factor within 1 +- width of its default, 1 */
  double kelvin; /* temperature within +- kelvin, K */
  double supply; /* energy_supply log-uniform from this to 1; 0: like the other factors */
} bench_box;

/* Points of a box. */
typedef struct {
  const bench_box *box;
  const ion_model *model;
  size_t n_point, n_factor;
  int *row;        /* [n_factor] rows of theta */
  ion_block value; /* [n_factor][n_point] SI */
} bench_points;

/* Temperature, supply, all calibrated prefactors, all leaks, all volumes put in. */
static const char *const bench_factor[] = {
    "temperature",
    "energy_supply",
    "neuron.leak_na.permeability",
    "neuron.leak_k.permeability",
    "neuron.leak_cl.permeability",
    "neuron.leak_ca.permeability",
    "neuron.nka.rate",
    "neuron.kcc2.rate",
    "neuron.pmca.rate",
    "neuron.ncx.rate",
    "neuron.ox_phos.rate",
    "neuron.atp_use.rate",
    "glia.leak_na.permeability",
    "glia.leak_cl.permeability",
    "glia.kir.conductance",
    "glia.nka.rate",
    "glia.nkcc1.rate",
    "glia.ox_phos.rate",
    "glia.atp_use.rate",
    "neuron.composition.volume",
    "glia.composition.volume",
    "ecs.composition.volume",
};

/* CPU time of this process, s: what a core spent, whoever else wants it. */
static inline double bench_cpu(void)
{
  struct timespec t;

  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Time by the clock, s: cheap enough to ask around a single evaluation. */
static inline double bench_clock(void)
{
  struct timespec t;

  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Most memory this process ever held, MB. */
static inline double bench_memory(void)
{
  struct rusage usage;

  getrusage(RUSAGE_SELF, &usage);
  return (double)usage.ru_maxrss / 1024.0;
}

/* Median of n times; sorts them. */
static inline double bench_median(size_t n, double *time)
{
  for (size_t i = 1; i < n; i++)
    for (size_t j = i; j > 0 && time[j] < time[j - 1]; j--) {
      const double t = time[j];

      time[j]     = time[j - 1];
      time[j - 1] = t;
    }
  return n % 2 ? time[n / 2] : 0.5 * (time[n / 2 - 1] + time[n / 2]);
}

/* A part of a block; `first` is a multiple of ION_PAD. */
static inline ion_block bench_part(ion_block block, size_t first, size_t n)
{
  block.data += first;
  block.n_point = n;
  return block;
}

/* Value of a factor at u in (0, 1). */
static double bench_value(const bench_box *box, const ion_quantity *quantity, double u)
{
  if (!strcmp(quantity->name, "temperature")) return quantity->value + box->kelvin * (2 * u - 1);
  if (!strcmp(quantity->name, "energy_supply") && box->supply > 0)
    return quantity->value * exp((1 - u) * log(box->supply));
  return quantity->value * (1 + box->width * (2 * u - 1));
}

static inline PetscErrorCode bench_points_create(const ion_model *model, const bench_box *box,
                                                 size_t n, bench_points *points)
{
  const ion_quantity *quantity = ion_model_quantities(model, NULL, NULL);

  PetscFunctionBegin;
  *points =
      (bench_points){.box = box, .model = model, .n_point = n, .n_factor = ION_COUNT(bench_factor)};
  PetscCall(PetscMalloc1(points->n_factor, &points->row));
  PetscCall(ion_block_create(points->n_factor, n, &points->value));
  for (size_t k = 0; k < points->n_factor; k++) {
    points->row[k] = ion_model_find(model, bench_factor[k]);
    PetscCheck(points->row[k] >= 0, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
               "the benchmark varies %s, which model %s lacks", bench_factor[k],
               ion_model_name(model));
    for (size_t p = 0; p < n; p++)
      ion_row(points->value, k)[p] =
          bench_value(box, &quantity[points->row[k]], ion_random_uniform(BENCH_SEED, p, k));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline PetscErrorCode bench_points_destroy(bench_points *points)
{
  PetscFunctionBegin;
  PetscCall(ion_block_destroy(&points->value));
  PetscCall(PetscFree(points->row));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Factors of points first ... over a theta that holds the model's own values. */
static inline void bench_write_theta(const bench_points *points, size_t first, size_t n,
                                     ion_block theta)
{
  for (size_t k = 0; k < points->n_factor; k++)
    memcpy(ion_row(theta, (size_t)points->row[k]), ion_row(points->value, k) + first,
           n * sizeof(double));
}

/* What a way of solving found. */
typedef struct {
  size_t n_point;
  ion_block x;                                /* [n_state][n_point] */
  unsigned char *found;                       /* [n_point] 0 or 1 */
  unsigned long long iterations, evaluations; /* evaluations of one point at a time */
  double seconds, seconds_evaluating;
} bench_result;

static inline PetscErrorCode bench_result_create(const ion_model *model, size_t n,
                                                 bench_result *result)
{
  PetscFunctionBegin;
  *result = (bench_result){.n_point = n};
  PetscCall(ion_block_create(ion_model_n_state(model), n, &result->x));
  PetscCall(PetscCalloc1(n, &result->found));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline PetscErrorCode bench_result_destroy(bench_result *result)
{
  PetscFunctionBegin;
  PetscCall(ion_block_destroy(&result->x));
  PetscCall(PetscFree(result->found));
  PetscFunctionReturn(PETSC_SUCCESS);
}

#endif
