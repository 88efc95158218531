/* A model with points of parameters, their states and an evaluation; shared by the tests of the model
 * and of the solver. */
#ifndef MODEL_FIXTURE_H
#define MODEL_FIXTURE_H

#include "ion_test.h"

#include <ion/solver.h>

typedef struct {
  ion_units *units;
  ion_spec *spec;
  ion_model *model;
  const ion_network *net;
  size_t n_state, n_theta, n_point;
  ion_block theta, prepared, x;
  ion_work work;
  ion_solver *solver;
  ion_verdict verdict; /* arrays [n_point] owned here */
} fixture;

static inline PetscErrorCode fixture_create(fixture *f)
{
  PetscFunctionBegin;
  PetscCall(ion_units_create(&f->units));
  PetscCall(ion_model_create(ion_spec_root(f->spec), f->units, &f->model));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A model of sweeps/models, read but not set up. */
static inline PetscErrorCode fixture_open(fixture *f, const char *name)
{
  char path[1024];

  PetscFunctionBegin;
  memset(f, 0, sizeof *f);
  snprintf(path, sizeof path, "%s/sweeps/models/%s.yaml", ION_SOURCE_DIR, name);
  PetscCall(ion_spec_open(path, &f->spec));
  PetscCall(fixture_create(f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The same from a text. */
static inline PetscErrorCode fixture_parse(fixture *f, const char *text)
{
  PetscFunctionBegin;
  memset(f, 0, sizeof *f);
  PetscCall(ion_spec_parse("small.yaml", text, strlen(text), &f->spec));
  PetscCall(fixture_create(f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* neuron_glia with the ecs listed before the cells, which makes other pools dependent. */
static inline PetscErrorCode fixture_ecs_first(fixture *f)
{
  char path[1024], *text, *moved;
  const char *ecs, *processes, *body;
  size_t length;

  PetscFunctionBegin;
  snprintf(path, sizeof path, "%s/sweeps/models/neuron_glia.yaml", ION_SOURCE_DIR);
  PetscCall(ion_text_read((ion_place){path, 1, 1}, path, 1 << 20, &text, &length));
  PetscCall(PetscCalloc1(length + 1, &moved));
  ecs       = strstr(text, "\n  ecs:\n");
  processes = strstr(text, "\nprocesses:\n");
  body      = strstr(text, "\ncompartments:\n");
  PetscCheck(ecs && processes && body && body < ecs && ecs < processes, PETSC_COMM_SELF,
             PETSC_ERR_PLIB, "sections moved");
  body += strlen("\ncompartments:");
  snprintf(moved, length + 1, "%.*s%.*s%.*s%s", (int)(body - text), text, (int)(processes - ecs),
           ecs, (int)(ecs - body), body, processes);
  PetscCall(fixture_parse(f, moved));
  PetscCall(PetscFree(moved));
  PetscCall(PetscFree(text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline PetscErrorCode fixture_row(const fixture *f, const char *name, size_t *row)
{
  const int found = ion_model_find(f->model, name);

  PetscFunctionBegin;
  PetscCheck(found >= 0, PETSC_COMM_SELF, PETSC_ERR_ARG_WRONG, "no quantity '%s'", name);
  *row = (size_t)found;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Before set-up; SI. */
static inline PetscErrorCode fixture_set(fixture *f, const char *name, double value)
{
  size_t row = 0;

  PetscFunctionBegin;
  PetscCall(fixture_row(f, name, &row));
  PetscCall(ion_model_set(f->model, row, value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Set up the model and make n points of its defaults, all at rest. */
static inline PetscErrorCode fixture_setup(fixture *f, size_t n)
{
  PetscFunctionBegin;
  PetscCall(ion_model_setup(f->model));
  f->net     = ion_model_network(f->model);
  f->n_state = ion_model_n_state(f->model);
  f->n_point = n;
  ion_model_quantities(f->model, NULL, &f->n_theta);
  PetscCall(ion_block_create(f->n_theta, n, &f->theta));
  PetscCall(ion_block_create(ion_model_n_prepared(f->model), n, &f->prepared));
  PetscCall(ion_block_create(f->n_state, n, &f->x));
  PetscCall(ion_work_create(f->model, n, &f->work));
  PetscCall(PetscCalloc5(n, &f->verdict.status, n, &f->verdict.reached, n, &f->verdict.eigen_re, n,
                         &f->verdict.eigen_im, n, &f->verdict.iterations));
  ion_model_default_theta(f->model, f->theta);
  for (size_t i = 0; i < f->n_state; i++)
    for (size_t p = 0; p < f->x.stride; p++) ion_row(f->x, i)[p] = ion_model_rest(f->model)[i];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The default model, n points. */
static inline PetscErrorCode fixture_neuron_glia(fixture *f, size_t n)
{
  PetscFunctionBegin;
  PetscCall(fixture_open(f, "neuron_glia"));
  PetscCall(fixture_setup(f, n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline PetscErrorCode fixture_destroy(fixture *f)
{
  PetscFunctionBegin;
  PetscCall(ion_solver_destroy(&f->solver));
  if (f->n_point)
    PetscCall(PetscFree5(f->verdict.status, f->verdict.reached, f->verdict.eigen_re,
                         f->verdict.eigen_im, f->verdict.iterations));
  PetscCall(ion_work_destroy(&f->work));
  PetscCall(ion_block_destroy(&f->x));
  PetscCall(ion_block_destroy(&f->prepared));
  PetscCall(ion_block_destroy(&f->theta));
  PetscCall(ion_model_destroy(&f->model));
  PetscCall(ion_spec_close(&f->spec));
  PetscCall(ion_units_destroy(&f->units));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Evaluate all points at x. */
static inline void fixture_evaluate(fixture *f, unsigned what)
{
  ion_model_prepare(f->model, f->theta, f->prepared);
  ion_model_evaluate(f->model, f->prepared, f->x, f->n_point, what, &f->work);
}

/* Solve all points in one batch, `vary` (ended by NULL) being the parameters that differ, and evaluate
 * them there with affinities. */
static inline PetscErrorCode fixture_solve(fixture *f, const char *const *vary, PetscBool stability)
{
  int varying[64];
  size_t n = 0;
  ion_verdict verdict;

  PetscFunctionBegin;
  for (; vary[n]; n++) varying[n] = ion_model_find(f->model, vary[n]);
  PetscCall(ion_solver_destroy(&f->solver));
  PetscCall(ion_solver_create(f->model, varying, n, f->n_point, &f->solver));
  verdict = f->verdict;
  if (!stability) verdict.eigen_re = verdict.eigen_im = NULL;
  PetscCall(ion_solve_steady(f->solver, f->theta, f->x, &verdict));
  fixture_evaluate(f, ION_RESIDUAL | ION_AFFINITY);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Row of a parameter over the points; a name that is none is a mistake of the test. */
static inline double *fixture_theta(const fixture *f, const char *name)
{
  const int row = ion_model_find(f->model, name);

  if (row < 0 || (size_t)row >= f->n_theta) {
    fprintf(stderr, "the test asks for a parameter '%s', which the model lacks\n", name);
    MPI_Abort(MPI_COMM_SELF, 1);
  }
  return ion_row(f->theta, (size_t)row);
}

static inline size_t fixture_pool(const fixture *f, const char *name)
{
  for (size_t i = 0; i < f->net->n_pool; i++)
    if (!strcmp(f->net->pool[i].name, name)) return i;
  fprintf(stderr, "the test asks for '%s', which the model lacks\n", name);
  MPI_Abort(MPI_COMM_SELF, 1);
  return 0;
}

static inline size_t fixture_compartment(const fixture *f, const char *name)
{
  for (size_t i = 0; i < f->net->n_compartment; i++)
    if (!strcmp(f->net->compartment[i].name, name)) return i;
  fprintf(stderr, "the test asks for '%s', which the model lacks\n", name);
  MPI_Abort(MPI_COMM_SELF, 1);
  return 0;
}

static inline size_t fixture_process(const fixture *f, const char *name)
{
  for (size_t i = 0; i < f->net->n_process; i++)
    if (!strcmp(f->net->process[i].name, name)) return i;
  fprintf(stderr, "the test asks for '%s', which the model lacks\n", name);
  MPI_Abort(MPI_COMM_SELF, 1);
  return 0;
}

/* Concentration, mol m^-3; potential, V; volume, m^3; rate, mol s^-1; affinity, J mol^-1. */
static inline double fixture_c(const fixture *f, const char *pool, size_t p)
{
  return ion_row(f->work.c, fixture_pool(f, pool))[p];
}

static inline double fixture_V(const fixture *f, const char *compartment, size_t p)
{
  return ion_row(f->work.V, fixture_compartment(f, compartment))[p];
}

static inline double fixture_w(const fixture *f, const char *compartment, size_t p)
{
  return ion_row(f->work.w, fixture_compartment(f, compartment))[p];
}

static inline double fixture_J(const fixture *f, const char *process, size_t p)
{
  return ion_row(f->work.J, fixture_process(f, process))[p];
}

static inline double fixture_A(const fixture *f, const char *process, size_t p)
{
  return ION_GAS_CONSTANT * fixture_theta(f, "temperature")[p] *
         ion_row(f->work.A, fixture_process(f, process))[p];
}

/* sum_r J_r A_r, W; the affinity of water is RT times its difference of osmolarity. */
static inline double fixture_dissipation(const fixture *f, size_t p)
{
  double sum = 0;

  for (size_t r = 0; r < f->net->n_process; r++)
    sum += ion_row(f->work.J, r)[p] * ion_row(f->work.A, r)[p];
  return sum * ION_GAS_CONSTANT * fixture_theta(f, "temperature")[p];
}

#endif
