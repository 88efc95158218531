/* The parts that a point's time is made of, each alone over the states of a batch. */
#ifndef ION_BENCH_PARTS_H
#define ION_BENCH_PARTS_H

#include "bench_box.h"
#include "solver/solver_impl.h"

#include <ion/design.h>
#include <ion/ledger.h>

enum { BENCH_EIGEN = 64, BENCH_LANES = 64, BENCH_PART_REPEATS = 7 };

/* A batch at its steady states. */
typedef struct {
  const ion_model *model;
  ion_solver *solver;
  const ion_design *design;
  const ion_outputs *outputs, *ledger;
  ion_block theta, prepared, x, guess, value, factors;
  ion_work work, tile_work;
  ion_spectrum spectrum;
  unsigned char status[BENCH_BATCH], reached[BENCH_BATCH];
  double re[BENCH_BATCH], im[BENCH_BATCH];
} bench_batch;

typedef struct {
  const char *name;
  size_t n_point; /* of one call */
  PetscErrorCode (*run)(bench_batch *b);
} bench_part_timer;

static PetscErrorCode bench_do_evaluate(bench_batch *b)
{
  PetscFunctionBegin;
  for (size_t first = 0; first < BENCH_BATCH; first += BENCH_LANES)
    ion_model_evaluate(b->model, bench_part(b->prepared, first, BENCH_LANES),
                       bench_part(b->x, first, BENCH_LANES), BENCH_LANES,
                       ION_RESIDUAL | ION_JACOBIAN, &b->tile_work);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode bench_do_residual(bench_batch *b)
{
  PetscFunctionBegin;
  for (size_t first = 0; first < BENCH_BATCH; first += BENCH_LANES)
    ion_model_evaluate(b->model, bench_part(b->prepared, first, BENCH_LANES),
                       bench_part(b->x, first, BENCH_LANES), BENCH_LANES, ION_RESIDUAL,
                       &b->tile_work);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode bench_do_evaluate_wide(bench_batch *b)
{
  PetscFunctionBegin;
  ion_model_evaluate(b->model, b->prepared, b->x, BENCH_BATCH, ION_RESIDUAL | ION_JACOBIAN,
                     &b->work);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode bench_do_evaluate_one(bench_batch *b)
{
  PetscFunctionBegin;
  for (size_t p = 0; p < BENCH_BATCH; p += ION_PAD)
    ion_model_evaluate(b->model, bench_part(b->prepared, p, 1), bench_part(b->x, p, 1), 1,
                       ION_RESIDUAL | ION_JACOBIAN, &b->tile_work);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* An evaluation and the elimination that overwrites it. */
static PetscErrorCode bench_do_eliminate(bench_batch *b)
{
  ion_tile *tile     = &b->solver->tile;
  const size_t lanes = tile->lanes;

  PetscFunctionBegin;
  for (size_t first = 0; first + lanes <= BENCH_BATCH; first += lanes) {
    ion_model_evaluate(b->model, bench_part(b->prepared, first, lanes),
                       bench_part(b->x, first, lanes), lanes, ION_RESIDUAL | ION_JACOBIAN,
                       &tile->work);
    ion_tile_solve(&b->solver->elimination, tile);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode bench_do_prepare(bench_batch *b)
{
  PetscFunctionBegin;
  ion_model_prepare(b->model, b->theta, b->prepared);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode bench_do_guess(bench_batch *b)
{
  PetscFunctionBegin;
  ion_solver_guess(b->solver, b->theta, BENCH_BATCH, b->guess);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode bench_do_design(bench_batch *b)
{
  PetscFunctionBegin;
  PetscCall(ion_design_points(b->design, 40000, BENCH_BATCH, b->factors));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode bench_do_affinity(bench_batch *b)
{
  PetscFunctionBegin;
  ion_model_evaluate(b->model, b->prepared, b->x, BENCH_BATCH, ION_RESIDUAL | ION_AFFINITY,
                     &b->work);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode bench_do_observe(bench_batch *b)
{
  PetscFunctionBegin;
  ion_outputs_observe(b->outputs, b->theta, b->prepared, &b->work, BENCH_BATCH, b->reached, b->re,
                      b->im, b->value);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Every rate, affinity, dissipation, sum, ATP budget and audit. */
static PetscErrorCode bench_do_ledger(bench_batch *b)
{
  PetscFunctionBegin;
  ion_outputs_observe(b->ledger, b->theta, b->prepared, &b->work, BENCH_BATCH, b->reached, b->re,
                      b->im, b->value);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The solve that a ledger follows. */
static PetscErrorCode bench_do_solve(bench_batch *b)
{
  unsigned char status[BENCH_BATCH];
  const ion_verdict verdict = {.status = status, .reached = b->reached};

  PetscFunctionBegin;
  PetscCall(ion_solve_steady(b->solver, b->theta, b->x, &verdict));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode bench_do_eigenvalue(bench_batch *b)
{
  PetscFunctionBegin;
  ion_model_evaluate(b->model, b->prepared, b->x, BENCH_EIGEN, ION_RESIDUAL | ION_JACOBIAN,
                     &b->work);
  for (size_t p = 0; p < BENCH_EIGEN; p++)
    PetscCall(
        ion_stability_eigenvalue(b->model, b->prepared, b->x, &b->work, p, &b->re[p], &b->im[p]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The same over tiles. */
static PetscErrorCode bench_do_spectrum(bench_batch *b)
{
  unsigned char wanted[BENCH_LANES];

  PetscFunctionBegin;
  memset(wanted, 1, sizeof wanted);
  for (size_t first = 0; first < BENCH_BATCH; first += BENCH_LANES) {
    const ion_block prepared = bench_part(b->prepared, first, BENCH_LANES);
    const ion_block x        = bench_part(b->x, first, BENCH_LANES);

    ion_model_evaluate(b->model, prepared, x, BENCH_LANES, ION_RESIDUAL | ION_JACOBIAN,
                       &b->tile_work);
    PetscCall(ion_spectrum_find(&b->spectrum, prepared, x, &b->tile_work, wanted, b->re + first,
                                b->im + first, NULL));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* In the order of the table; those that read an evaluation come after one. */
static const bench_part_timer bench_part_list[] = {
    {"prepare",                          BENCH_BATCH,           bench_do_prepare      },
    {"tangent guess",                    BENCH_BATCH,           bench_do_guess        },
    {"F, 64 points",                     BENCH_BATCH,           bench_do_residual     },
    {"F and dF/dx, 64 points",           BENCH_BATCH,           bench_do_evaluate     },
    {"F and dF/dx, 512 points",          BENCH_BATCH,           bench_do_evaluate_wide},
    {"F and dF/dx, one point",           BENCH_BATCH / ION_PAD, bench_do_evaluate_one },
    {"F, dF/dx and elimination, a tile", BENCH_BATCH,           bench_do_eliminate    },
    {"design points (grid of two)",      BENCH_BATCH,           bench_do_design       },
    {"F with affinities, 512 points",    BENCH_BATCH,           bench_do_affinity     },
    {"observe [state]",                  BENCH_BATCH,           bench_do_observe      },
    {"observe the whole ledger",         BENCH_BATCH,           bench_do_ledger       },
    {"steady states, which it follows",  BENCH_BATCH,           bench_do_solve        },
    {"leading eigenvalue",               BENCH_EIGEN,           bench_do_eigenvalue   },
    {"leading eigenvalue, a tile",       BENCH_BATCH,           bench_do_spectrum     },
};

/* Seconds of one call: the median of several, each of at least 2 ms. */
static PetscErrorCode bench_time_part(bench_batch *b, const bench_part_timer *part, double *seconds)
{
  double time[BENCH_PART_REPEATS];
  size_t n = 1;

  PetscFunctionBegin;
  for (size_t r = 0; r < BENCH_PART_REPEATS;) {
    const double start = bench_cpu();
    double spent;

    for (size_t i = 0; i < n; i++) PetscCall(part->run(b));
    spent = bench_cpu() - start;
    if (spent < 2e-3 && n < 1000000) {
      n *= 2;
      continue;
    }
    time[r++] = spent / (double)n;
  }
  *seconds = bench_median(BENCH_PART_REPEATS, time);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode bench_batch_create(const bench_points *points, ion_solver *solver,
                                         bench_batch *b)
{
  const ion_verdict verdict = {.status = b->status, .reached = b->reached};
  size_t n_theta;

  PetscFunctionBegin;
  b->model  = points->model;
  b->solver = solver;
  (void)ion_model_quantities(b->model, NULL, &n_theta);
  PetscCall(ion_block_create(n_theta, BENCH_BATCH, &b->theta));
  PetscCall(ion_block_create(ion_model_n_prepared(b->model), BENCH_BATCH, &b->prepared));
  PetscCall(ion_block_create(ion_model_n_state(b->model), BENCH_BATCH, &b->x));
  PetscCall(ion_block_create(ion_model_n_state(b->model), BENCH_BATCH, &b->guess));
  PetscCall(ion_block_create(ion_outputs_count(b->outputs) + ion_outputs_count(b->ledger),
                             BENCH_BATCH, &b->value));
  PetscCall(ion_block_create(2, BENCH_BATCH, &b->factors));
  PetscCall(ion_work_create(b->model, BENCH_BATCH, &b->work));
  PetscCall(ion_work_create(b->model, BENCH_LANES, &b->tile_work));
  PetscCall(ion_spectrum_create(b->model, BENCH_LANES, &b->spectrum));
  ion_model_default_theta(b->model, b->theta);
  bench_write_theta(points, 0, BENCH_BATCH, b->theta);
  PetscCall(ion_solve_steady(solver, b->theta, b->x, &verdict));
  ion_model_prepare(b->model, b->theta, b->prepared);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode bench_batch_destroy(bench_batch *b)
{
  PetscFunctionBegin;
  PetscCall(ion_work_destroy(&b->work));
  PetscCall(ion_work_destroy(&b->tile_work));
  PetscCall(ion_spectrum_destroy(&b->spectrum));
  PetscCall(ion_block_destroy(&b->factors));
  PetscCall(ion_block_destroy(&b->value));
  PetscCall(ion_block_destroy(&b->guess));
  PetscCall(ion_block_destroy(&b->x));
  PetscCall(ion_block_destroy(&b->prepared));
  PetscCall(ion_block_destroy(&b->theta));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A node of a text. */
static PetscErrorCode bench_parse(const char *text, ion_spec **spec, const ion_node **node)
{
  PetscFunctionBegin;
  PetscCall(ion_spec_parse("bench", text, strlen(text), spec));
  *node = ion_spec_root(*spec);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode bench_parts(const bench_points *points, ion_solver *solver,
                                  const ion_units *units)
{
  size_t n;
  const ion_quantity *quantity = ion_model_quantities(points->model, &n, NULL);
  ion_spec *spec[3]            = {NULL};
  const ion_node *node;
  ion_design *design   = NULL;
  ion_outputs *outputs = NULL, *ledger = NULL;
  bench_batch *b;
  double seconds = 0;

  PetscFunctionBegin;
  PetscCall(PetscNew(&b));
  PetscCall(bench_parse("{kind: grid, factors: {energy_supply: {from: 0.05, to: 1, count: 400}, "
                        "temperature: {from: 25 degC, to: 42 degC, count: 250}}}",
                        &spec[0], &node));
  PetscCall(ion_design_create(node, units, quantity, n, &design));
  PetscCall(bench_parse("[state]", &spec[1], &node));
  PetscCall(ion_outputs_create(points->model, node, &outputs));
  b->design  = design;
  b->outputs = outputs;
  PetscCall(bench_parse("[ledger, ledger.total, atp, audit]", &spec[2], &node));
  PetscCall(ion_outputs_create(points->model, node, &ledger));
  b->ledger = ledger;
  PetscCall(bench_batch_create(points, solver, b));
  printf("\nParts, us/point\n");
  for (size_t i = 0; i < ION_COUNT(bench_part_list); i++) {
    PetscCall(bench_time_part(b, &bench_part_list[i], &seconds));
    printf("%-40s %8.3f\n", bench_part_list[i].name,
           1e6 * seconds / (double)bench_part_list[i].n_point);
  }
  PetscCall(bench_batch_destroy(b));
  PetscCall(PetscFree(b));
  PetscCall(ion_outputs_destroy(&outputs));
  PetscCall(ion_outputs_destroy(&ledger));
  PetscCall(ion_design_destroy(&design));
  PetscCall(ion_spec_close(&spec[0]));
  PetscCall(ion_spec_close(&spec[1]));
  PetscCall(ion_spec_close(&spec[2]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

#endif
