/* A model with a parameter pump_strength, whose branch of steady states is followed by its potential: so folds are
 * no obstacle. Shares nothing with the solver but F and dF/dx. */
#ifndef BRANCH_FIXTURE_H
#define BRANCH_FIXTURE_H

#include "model_fixture.h"

#include <petscblaslapack.h>

enum { MOST = 16 };

/* A published model; both of its points are one state, their pump strengths are one apart. */
static inline PetscErrorCode open_branch(fixture *f, const char *name)
{
  PetscFunctionBegin;
  PetscCall(fixture_open(f, name));
  PetscCall(fixture_setup(f, 2));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One Newton step for the state and the pump strength p at a given potential, of which dF/dp takes the place in
 * the matrix: F is linear in p. The largest change. */
static inline PetscErrorCode step_at_potential(fixture *f, size_t x_V, double *largest)
{
  const ion_pattern *pattern = ion_model_pattern(f->model);
  const size_t n             = f->n_state;
  double A[MOST * MOST]      = {0}, y[MOST];
  PetscBLASInt order = (PetscBLASInt)n, one = 1, info, pivots[MOST];

  PetscFunctionBegin;
  fixture_theta(f, "pump_strength")[1] = fixture_theta(f, "pump_strength")[0] + 1;
  fixture_evaluate(f, ION_RESIDUAL | ION_JACOBIAN);
  for (size_t i = 0; i < n; i++) {
    y[i] = ion_row(f->work.F, i)[0];
    for (int k = pattern->start[i]; k < pattern->start[i + 1]; k++)
      A[i + n * (size_t)pattern->col[k]] = ion_row(f->work.jac, (size_t)k)[0];
    A[i + n * x_V] = ion_row(f->work.F, i)[1] - ion_row(f->work.F, i)[0];
  }
  PetscCallBLAS("gesv", LAPACKgesv_(&order, &one, A, &order, pivots, y, &order, &info));
  PetscCheck(!info, PETSC_COMM_SELF, PETSC_ERR_LIB, "gesv: info %d", (int)info);
  *largest = 0;
  for (size_t i = 0; i < n; i++) {
    if (i == x_V)
      fixture_theta(f, "pump_strength")[0] -= y[i];
    else
      for (size_t p = 0; p < 2; p++) ion_row(f->x, i)[p] -= y[i];
    *largest = fmax(*largest, fabs(y[i]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The steady state at a potential near the last one, and the pump strength that it needs. */
static inline PetscErrorCode at_potential(fixture *f, double V, double T, double *p)
{
  const size_t x_V = (size_t)f->net->compartment[fixture_compartment(f, "neuron")].x_V;
  double largest   = 1;

  PetscFunctionBegin;
  for (size_t k = 0; k < 2; k++) ion_row(f->x, x_V)[k] = V / ion_thermal_voltage(T);
  for (int k = 0; k < 30 && largest > 1e-12; k++) PetscCall(step_at_potential(f, x_V, &largest));
  CHECK(largest <= 1e-10);
  *p = fixture_theta(f, "pump_strength")[0];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Where the branch turns: the least p between two potentials, by the golden section. */
static inline PetscErrorCode find_fold(fixture *f, double low, double high, double T, double *V,
                                       double *p)
{
  const double golden = 0.5 * (sqrt(5.0) - 1);
  double a = low, b = high, c[2], value[2];

  PetscFunctionBegin;
  c[0] = b - golden * (b - a);
  c[1] = a + golden * (b - a);
  for (int k = 0; k < 2; k++) PetscCall(at_potential(f, c[k], T, &value[k]));
  while (b - a > 1e-8) {
    const int worse = value[0] > value[1] ? 0 : 1;

    *(worse ? &b : &a) = c[worse];
    c[worse]           = c[!worse];
    value[worse]       = value[!worse];
    c[!worse]          = worse ? b - golden * (b - a) : a + golden * (b - a);
    PetscCall(at_potential(f, c[!worse], T, &value[!worse]));
  }
  *V = 0.5 * (a + b);
  PetscCall(at_potential(f, *V, T, p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline PetscErrorCode spectrum(fixture *f, size_t p, size_t *n, double *re, double *im)
{
  PetscFunctionBegin;
  fixture_evaluate(f, ION_RESIDUAL | ION_JACOBIAN);
  PetscCall(ion_stability_spectrum(f->model, f->prepared, f->x, &f->work, p, n, re, im));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Where the leading eigenvalue, stable at `low`, crosses the axis, and its imaginary part there. */
static inline PetscErrorCode find_crossing(fixture *f, double low, double high, double T, double *p,
                                           double *V, double *omega)
{
  double re[MOST], im[MOST];
  size_t n;

  PetscFunctionBegin;
  while (high - low > 1e-9) {
    *V = 0.5 * (low + high);
    PetscCall(at_potential(f, *V, T, p));
    PetscCall(spectrum(f, 0, &n, re, im));
    *(re[0] < 0 ? &low : &high) = *V;
  }
  *omega = fabs(im[0]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Newton's method from a guess for point 0. */
static inline PetscErrorCode solve_from(fixture *f, SNESConvergedReason *reason)
{
  double theta[256], x[MOST];

  PetscFunctionBegin;
  CHECK(f->n_theta <= ION_COUNT(theta) && f->n_state <= MOST);
  for (size_t k = 0; k < f->n_theta; k++) theta[k] = ion_row(f->theta, k)[0];
  for (size_t i = 0; i < f->n_state; i++) x[i] = ion_row(f->x, i)[0];
  PetscCall(ion_solve_point(f->model, theta, x, reason, NULL));
  for (size_t i = 0; i < f->n_state; i++) ion_row(f->x, i)[0] = x[i];
  fixture_evaluate(f, ION_RESIDUAL | ION_AFFINITY);
  PetscFunctionReturn(PETSC_SUCCESS);
}

#endif
