/* Benchmark: steady states of neuron_glia on one core, by the batched solver and by other ways, in one
 * run over the same points; the parts of a point's time; what writing adds. Times are CPU times of this
 * process, medians over repeats that visit the ways in turn.
 *
 *   bench_steady [-points N] [-repeats R] [-quick] [-model FILE] [-ion_... options of the solver] */
#include "bench_one.h"
#include "bench_parts.h"
#include "bench_run.h"
#include "bench_table.h"

static const bench_box boxes[] = {
    {"+-20 %, temperature +-3 K",                                           0.2, 3, 0  },
    {"hard: +-40 %, temperature +-6 K, energy_supply log-uniform 0.2 to 1", 0.4, 6, 0.2},
};

typedef enum { FROM_REST, FROM_TANGENT } start;

/* All that the ways need, made once. */
typedef struct {
  const ion_model *model;
  ion_solver *shell, *newtonls;
  bench_one one;
  bench_snes snes;
#ifdef ION_HAVE_KINSOL
  bench_kinsol newton, search;
#endif
  ion_block theta, prepared, guess; /* of a batch */
  unsigned char status[BENCH_BATCH], reached[BENCH_BATCH];
  int iterations[BENCH_BATCH];
  double re[BENCH_BATCH], im[BENCH_BATCH];
  size_t reached_count[4]; /* by ion_reached */
} bench;

typedef struct {
  const char *name;
  size_t share; /* solves the first n_point/share points */
  ion_solver *solver;
  PetscBool eigen;
  bench_solve_one solve; /* one by one, in `context` */
  void *context;
  start start;
} way;

/* ---- solving ---- */

static PetscErrorCode solve_batches(bench *b, const way *w, const bench_points *points,
                                    bench_result *result)
{
  const ion_verdict verdict = {.status     = b->status,
                               .reached    = b->reached,
                               .iterations = b->iterations,
                               .eigen_re   = w->eigen ? b->re : NULL,
                               .eigen_im   = w->eigen ? b->im : NULL};

  PetscFunctionBegin;
  PetscCall(PetscArrayzero(b->reached_count, ION_COUNT(b->reached_count)));
  for (size_t first = 0; first < result->n_point; first += BENCH_BATCH) {
    const size_t n = PetscMin((size_t)BENCH_BATCH, result->n_point - first);

    bench_write_theta(points, first, n, b->theta);
    PetscCall(ion_solve_steady(w->solver, bench_part(b->theta, 0, n),
                               bench_part(result->x, first, n), &verdict));
    for (size_t p = 0; p < n; p++) {
      result->found[first + p] = b->status[p] == ION_OK;
      result->iterations += (unsigned long long)b->iterations[p];
      b->reached_count[b->reached[p]]++;
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode solve_one(bench *b, const way *w, size_t p, double *x, bench_result *result,
                                PetscBool *found)
{
  const double *rest  = ion_model_rest(b->model);
  PetscInt iterations = 0;

  PetscFunctionBegin;
  for (size_t i = 0; i < b->one.prepared.n_row; i++)
    ion_row(b->one.prepared, i)[0] = ion_row(b->prepared, i)[p];
  for (size_t k = 0; w->solve == bench_oracle_solve && k < b->theta.n_row; k++)
    b->one.theta[k] = ion_row(b->theta, k)[p];
  for (size_t i = 0; i < b->one.n; i++)
    x[i] = w->start == FROM_REST ? rest[i] : ion_row(b->guess, i)[p];
  PetscCall(w->solve(w->context, &b->one, x, found, &iterations));
  result->iterations += (unsigned long long)iterations;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One point after another; what depends on parameters alone is still prepared by batches. */
static PetscErrorCode solve_points(bench *b, const way *w, const bench_points *points,
                                   bench_result *result)
{
  double *x;
  PetscBool found;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(b->one.n, &x));
  b->one.evaluations = 0;
  b->one.seconds     = 0;
  for (size_t first = 0; first < result->n_point; first += BENCH_BATCH) {
    const size_t n = PetscMin((size_t)BENCH_BATCH, result->n_point - first);

    bench_write_theta(points, first, n, b->theta);
    ion_model_prepare(b->model, b->theta, b->prepared);
    if (w->start == FROM_TANGENT) ion_solver_guess(b->shell, b->theta, n, b->guess);
    for (size_t p = 0; p < n; p++) {
      PetscCall(solve_one(b, w, p, x, result, &found));
      result->found[first + p] = (unsigned char)found;
      for (size_t i = 0; i < b->one.n; i++) ion_row(result->x, i)[first + p] = x[i];
    }
  }
  result->evaluations        = b->one.evaluations;
  result->seconds_evaluating = b->one.seconds;
  PetscCall(PetscFree(x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode solve_way(bench *b, const way *w, const bench_points *points,
                                bench_result *result)
{
  const double started = bench_cpu();

  PetscFunctionBegin;
  result->iterations = result->evaluations = 0;
  if (w->solver)
    PetscCall(solve_batches(b, w, points, result));
  else
    PetscCall(solve_points(b, w, points, result));
  result->seconds = bench_cpu() - started;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- boxes ---- */

/* All ways over a box: each repeat visits every way, so that a busy machine slows all alike. */
static PetscErrorCode run_box(bench *b, const way *ways, size_t n_way, const bench_points *points,
                              size_t n_repeat)
{
  bench_result *result;
  double *time, fastest = 0;
  size_t reached[4];

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(n_way, &result, n_way * n_repeat, &time));
  for (size_t k = 0; k < n_way; k++)
    PetscCall(bench_result_create(b->model, points->n_point / ways[k].share, &result[k]));
  for (size_t r = 0; r < n_repeat; r++)
    for (size_t k = 0; k < n_way; k++) {
      PetscCall(solve_way(b, &ways[k], points, &result[k]));
      time[k * n_repeat + r] = result[k].seconds;
      if (k == 0) memcpy(reached, b->reached_count, sizeof reached);
    }
  bench_print_head(points);
  for (size_t k = 0; k < n_way; k++) {
    const double seconds = bench_median(n_repeat, time + k * n_repeat);

    if (k == 0) fastest = 1e6 * seconds / (double)result[k].n_point;
    bench_print_row(ways[k].name, &result[k], &result[0], seconds, fastest);
  }
  printf(
      "first row: %zu directly, %zu along the branch, %zu beyond its end (collapsed), %zu none\n",
      reached[ION_REACHED_DIRECT], reached[ION_REACHED_BRANCH], reached[ION_REACHED_DEPARTED],
      reached[ION_REACHED_NOT]);
  for (size_t k = 0; k < n_way; k++) PetscCall(bench_result_destroy(&result[k]));
  PetscCall(PetscFree2(result, time));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- set-up ---- */

static PetscErrorCode create_solvers(bench *b, const bench_points *points)
{
  PetscFunctionBegin;
  PetscCall(ion_solver_create(b->model, points->row, points->n_factor, BENCH_BATCH, &b->shell));
  PetscCall(PetscOptionsSetValue(NULL, "-snes_type", "newtonls"));
  PetscCall(ion_solver_create(b->model, points->row, points->n_factor, BENCH_BATCH, &b->newtonls));
  PetscCall(PetscOptionsClearValue(NULL, "-snes_type"));
  PetscCall(bench_one_create(b->model, &b->one));
  PetscCall(bench_snes_create(&b->one, &b->snes));
#ifdef ION_HAVE_KINSOL
  PetscCall(bench_kinsol_create(&b->one, KIN_NONE, &b->newton));
  PetscCall(bench_kinsol_create(&b->one, KIN_LINESEARCH, &b->search));
#endif
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode bench_create(const ion_model *model, const bench_points *points, bench *b)
{
  size_t n_theta;

  PetscFunctionBegin;
  b->model = model;
  (void)ion_model_quantities(model, NULL, &n_theta);
  PetscCall(ion_block_create(n_theta, BENCH_BATCH, &b->theta));
  PetscCall(ion_block_create(ion_model_n_prepared(model), BENCH_BATCH, &b->prepared));
  PetscCall(ion_block_create(ion_model_n_state(model), BENCH_BATCH, &b->guess));
  ion_model_default_theta(model, b->theta);
  PetscCall(create_solvers(b, points));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode bench_destroy(bench *b)
{
  PetscFunctionBegin;
#ifdef ION_HAVE_KINSOL
  PetscCall(bench_kinsol_destroy(&b->search));
  PetscCall(bench_kinsol_destroy(&b->newton));
#endif
  PetscCall(bench_snes_destroy(&b->snes));
  PetscCall(bench_one_destroy(&b->one));
  PetscCall(ion_solver_destroy(&b->newtonls));
  PetscCall(ion_solver_destroy(&b->shell));
  PetscCall(ion_block_destroy(&b->guess));
  PetscCall(ion_block_destroy(&b->prepared));
  PetscCall(ion_block_destroy(&b->theta));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode run_boxes(bench *b, bench_points *points, size_t n_repeat)
{
  const PetscBool no = PETSC_FALSE, yes = PETSC_TRUE;
  const way ways[] = {
      {"batched, SNESSHELL",                1,  b->shell,    no,  NULL,               NULL,       FROM_REST},
      {"batched, newtonls",                 1,  b->newtonls, no,  NULL,               NULL,       FROM_REST},
      {"batched, with eigenvalues",         8,  b->shell,    yes, NULL,               NULL,       FROM_REST},
      {"SNES, objects kept",                8,  NULL,        no,  bench_snes_solve,   &b->snes,   FROM_REST},
      {"SNES, made anew at each point",     40, NULL,        no,  bench_oracle_solve, NULL,       FROM_REST},
#ifdef ION_HAVE_KINSOL
      {"KINSOL full Newton",                8,  NULL,        no,  bench_kinsol_solve, &b->newton, FROM_REST},
      {"KINSOL line search",                8,  NULL,        no,  bench_kinsol_solve, &b->search, FROM_REST},
      {"KINSOL full Newton, tangent guess", 8,  NULL,        no,  bench_kinsol_solve, &b->newton,
       FROM_TANGENT                                                                                        },
      {"KINSOL line search, tangent guess", 8,  NULL,        no,  bench_kinsol_solve, &b->search,
       FROM_TANGENT                                                                                        },
#endif
  };

  PetscFunctionBegin;
  for (size_t i = 0; i < ION_COUNT(boxes); i++)
    PetscCall(run_box(b, ways, ION_COUNT(ways), &points[i], n_repeat));
#ifndef ION_HAVE_KINSOL
  printf("no KINSOL: it was built without SUNDIALS\n");
#endif
  PetscFunctionReturn(PETSC_SUCCESS);
}

typedef struct {
  PetscInt n_point, n_repeat, n_run;
  char model[PETSC_MAX_PATH_LEN];
} options;

static PetscErrorCode read_options(options *o)
{
  PetscBool quick = PETSC_FALSE;

  PetscFunctionBegin;
  PetscCall(PetscOptionsGetBool(NULL, NULL, "-quick", &quick, NULL));
  o->n_point  = quick ? 4000 : 20000;
  o->n_repeat = quick ? 1 : 5;
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-points", &o->n_point, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-repeats", &o->n_repeat, NULL));
  PetscCall(PetscOptionsGetString(NULL, NULL, "-model", o->model, sizeof o->model, NULL));
  PetscCheck(o->n_point >= BENCH_BATCH && o->n_repeat >= 1 && o->n_repeat <= BENCH_MOST_REPEATS,
             PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "allowed are -points %d and more, -repeats 1 to %d", BENCH_BATCH, BENCH_MOST_REPEATS);
  o->n_run = PetscMin(50 * o->n_point, 1000000);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode open_model(const char *path, const ion_units *units, ion_spec **spec,
                                 ion_model **model)
{
  PetscFunctionBegin;
  PetscCall(ion_spec_open(path, spec));
  PetscCall(ion_model_create(ion_spec_root(*spec), units, model));
  PetscCall(ion_model_setup(*model));
  printf("%s: %zu unknowns, %zu entries of the Jacobian\nfactors:", path, ion_model_n_state(*model),
         ion_model_pattern(*model)->n_nonzero);
  for (size_t k = 0; k < ION_COUNT(bench_factor); k++)
    printf("%s%s", k % 4 ? ", " : k ? ",\n  " : "\n  ", bench_factor[k]);
  printf("\n");
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode run_states(const options *o)
{
  ion_units *units = NULL;
  ion_spec *spec   = NULL;
  ion_model *model = NULL;
  bench_points points[ION_COUNT(boxes)];
  bench *b;

  PetscFunctionBegin;
  PetscCall(ion_units_create(&units));
  PetscCall(open_model(o->model, units, &spec, &model));
  for (size_t i = 0; i < ION_COUNT(boxes); i++)
    PetscCall(bench_points_create(model, &boxes[i], (size_t)o->n_point, &points[i]));
  PetscCall(PetscNew(&b));
  PetscCall(bench_create(model, &points[0], b));
  PetscCall(run_boxes(b, points, (size_t)o->n_repeat));
  PetscCall(bench_parts(&points[0], b->shell, units));
  PetscCall(bench_destroy(b));
  PetscCall(PetscFree(b));
  for (size_t i = 0; i < ION_COUNT(boxes); i++) PetscCall(bench_points_destroy(&points[i]));
  PetscCall(ion_model_destroy(&model));
  PetscCall(ion_spec_close(&spec));
  PetscCall(ion_units_destroy(&units));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  options o = {.model = ION_SOURCE_DIR "/sweeps/models/neuron_glia.yaml"};
  PetscErrorCode code;

  if (MPI_Init(&argc, &argv) != MPI_SUCCESS) return 1;
  PETSC_COMM_WORLD = MPI_COMM_SELF;
  if (PetscInitialize(&argc, &argv, NULL, NULL)) return 1;
  setvbuf(stdout, NULL, _IOLBF, 0);
  code = read_options(&o);
  /* runs first: memory is the most the process ever held */
  if (!code) code = bench_run(o.model, (size_t)o.n_run, (size_t)o.n_repeat);
  if (!code) code = run_states(&o);
  if (PetscFinalize() || MPI_Finalize() != MPI_SUCCESS) return 1;
  return code ? 1 : 0;
}
