/* The matrix of a linearly implicit Euler step, (J - M/dt) y = F. M = dn/dx of the pools that the rows
 * balance, n = c w: a time derivative couples ln c with ln w, places dF/dx itself need not have. */
#include "solver_impl.h"

#include <string.h>

/* The compartment of the pool that row i balances, where its unknown is ln c; else -1. */
static int compartment_of(const ion_solver *solver, size_t i)
{
  const ion_network *n = ion_model_network(solver->model);

  for (size_t q = 0; q < n->n_pool; q++)
    if (n->pool[q].x == (int)i && ion_model_is_logarithm(solver->model, i))
      return n->pool[q].compartment;
  return -1;
}

/* Whether the unknown ln w_j changes the volume of compartment i: its own, or what is left by j. */
static PetscBool is_volume_of(const ion_network *n, int i, size_t j)
{
  if (i < 0 || n->compartment[j].x_w < 0) return PETSC_FALSE;
  return (PetscBool)(i == (int)j || n->compartment[i].volume == ION_VOLUME_REMAINDER);
}

static int find_entry(const ion_pattern *pattern, size_t i, int col)
{
  for (int k = pattern->start[i]; k < pattern->start[i + 1]; k++)
    if (pattern->col[k] == col) return k;
  return -1;
}

/* List an entry of row i; one that the model lacks is numbered behind the model's. */
static void add_entry(ion_solver *solver, size_t i, int col, size_t *n, size_t *n_new)
{
  const ion_pattern *model = ion_model_pattern(solver->model);

  if (find_entry(model, i, col) >= 0) return;
  solver->relaxed_col[*n]      = col;
  solver->relaxed_slot[(*n)++] = (int)(model->n_nonzero + (*n_new)++);
}

/* `relaxed` lists the entries row by row, `relaxed_slot` the number of each. */
static PetscErrorCode extend_pattern(ion_solver *solver)
{
  const ion_pattern *model   = ion_model_pattern(solver->model);
  const ion_network *network = ion_model_network(solver->model);
  const size_t most          = model->n_nonzero + model->n * (1 + network->n_compartment);
  size_t n = 0, n_new = 0;

  PetscFunctionBegin;
  PetscCall(PetscMalloc3(model->n + 1, &solver->relaxed_start, most, &solver->relaxed_col, most,
                         &solver->relaxed_slot));
  for (size_t i = 0; i < model->n; i++) {
    solver->relaxed_start[i] = (int)n;
    for (int k = model->start[i]; k < model->start[i + 1]; k++, n++) {
      solver->relaxed_col[n]  = model->col[k];
      solver->relaxed_slot[n] = k;
    }
    add_entry(solver, i, (int)i, &n, &n_new);
    for (size_t j = 0; j < network->n_compartment; j++)
      if (is_volume_of(network, compartment_of(solver, i), j))
        add_entry(solver, i, network->compartment[j].x_w, &n, &n_new);
  }
  solver->relaxed_start[model->n] = (int)n;
  solver->relaxed = (ion_pattern){model->n, n, solver->relaxed_start, solver->relaxed_col};
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_relaxation_create(ion_solver *solver, const double *jacobian)
{
  const size_t n_model = ion_model_pattern(solver->model)->n_nonzero;
  double *value;

  PetscFunctionBegin;
  PetscCall(extend_pattern(solver));
  PetscCall(PetscCalloc1(solver->relaxed.n_nonzero, &value));
  for (size_t i = 0; i < solver->relaxed.n; i++)
    for (int k = solver->relaxed_start[i]; k < solver->relaxed_start[i + 1]; k++)
      if (solver->relaxed_slot[k] < (int)n_model) value[k] = jacobian[solver->relaxed_slot[k]];
  PetscCall(ion_elimination_create(&solver->relaxed, solver->relaxed_slot, value, 1, PETSC_FALSE,
                                   &solver->relaxation));
  PetscCall(PetscFree(value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_relaxation_destroy(ion_solver *solver)
{
  PetscFunctionBegin;
  PetscCall(ion_elimination_destroy(&solver->relaxation));
  PetscCall(PetscFree3(solver->relaxed_start, solver->relaxed_col, solver->relaxed_slot));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static double *entry_row(const ion_solver *solver, const ion_tile *tile, size_t k)
{
  const size_t slot = (size_t)solver->relaxed_slot[k], n = tile->work.jac.n_row;

  return slot < n ? ion_row(tile->work.jac, slot) : ion_row(tile->work.extra, slot - n);
}

const double *ion_relaxation_entry(const ion_solver *solver, const ion_tile *tile, size_t k)
{
  return entry_row(solver, tile, k);
}

/* Row k loses share * mass/dt. */
static void subtract(const ion_solver *solver, ion_tile *tile, int k, const double *mass,
                     const double *dt, const double *above, const double *below)
{
  double *row = entry_row(solver, tile, (size_t)k);

  for (size_t l = 0; l < tile->lanes; l++)
    row[l] -= (above ? -above[l] / below[l] : 1) * mass[l] / dt[l];
}

/* dn/d ln w of a pool of what remains is -n w_j/w. */
static void shift_row(const ion_solver *solver, ion_tile *tile, size_t i, const double *mass,
                      const double *dt)
{
  const ion_network *n = ion_model_network(solver->model);
  const int c          = compartment_of(solver, i);

  for (int k = solver->relaxed_start[i]; k < solver->relaxed_start[i + 1]; k++) {
    const int col = solver->relaxed_col[k];

    if (solver->relaxed_slot[k] >= (int)tile->work.jac.n_row)
      memset(entry_row(solver, tile, (size_t)k), 0, tile->lanes * sizeof(double));
    if (col == (int)i) subtract(solver, tile, k, mass, dt, NULL, NULL);
    for (size_t j = 0; j < n->n_compartment; j++)
      if (is_volume_of(n, c, j) && col == n->compartment[j].x_w)
        subtract(solver, tile, k, mass, dt, c == (int)j ? NULL : ion_row(tile->work.w, j),
                 ion_row(tile->work.w, (size_t)c));
  }
}

void ion_relaxation_shift(const ion_solver *solver, ion_tile *tile, const double *dt)
{
  double mass[ION_MAX_LANES];

  for (size_t i = 0; i < solver->relaxed.n; i++) {
    ion_model_mass(solver->model, &tile->work, i, tile->lanes, mass);
    shift_row(solver, tile, i, mass, dt);
  }
}
