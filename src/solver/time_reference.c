/* The reference of the time courses: one point by PETSc TS, constraints as rows of the system, the Jacobian
 * dense. */
#include "time_impl.h"

#include <petscts.h>

#include <math.h>

typedef struct {
  const ion_protocol *protocol;
  ion_motion *motion;
  const unsigned char *dynamic;
  ion_block theta, prepared, x, y, value;
  ion_work work;
  double offset;     /* time at the start of the segment */
  const double *own; /* theta of the point */
  double *event;
} ion_reference;

static PetscErrorCode evaluate(ion_reference *r, Vec u, unsigned what)
{
  const PetscScalar *U;

  PetscFunctionBegin;
  PetscCall(VecGetArrayRead(u, &U));
  for (size_t i = 0; i < r->y.n_row; i++) ion_row(r->y, i)[0] = U[i];
  PetscCall(VecRestoreArrayRead(u, &U));
  ion_motion_evaluate(r->motion, r->prepared, r->y, 1, what, &r->work);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* M du/dt - F(u). A stage that empties a pool has no F; one beyond all bounds has the step refused, where
 * NaN would end the run. */
static PetscErrorCode form_function(TS ts, PetscReal t, Vec u, Vec udot, Vec F, void *context)
{
  ion_reference *r = context;
  const PetscScalar *rate;
  PetscScalar *f;

  PetscFunctionBegin;
  (void)ts;
  (void)t;
  PetscCall(evaluate(r, u, ION_RESIDUAL));
  PetscCall(VecGetArrayRead(udot, &rate));
  PetscCall(VecGetArray(F, &f));
  for (size_t i = 0; i < r->y.n_row; i++) {
    const double value = (r->dynamic[i] ? rate[i] : 0) - ion_row(r->work.F, i)[0];

    f[i] = isfinite(value) ? value : 1e30;
  }
  PetscCall(VecRestoreArray(F, &f));
  PetscCall(VecRestoreArrayRead(udot, &rate));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode form_jacobian(TS ts, PetscReal t, Vec u, Vec udot, PetscReal shift, Mat J,
                                    Mat B, void *context)
{
  ion_reference *r           = context;
  const ion_pattern *pattern = ion_motion_pattern(r->motion);

  PetscFunctionBegin;
  (void)ts;
  (void)t;
  (void)udot;
  (void)B;
  PetscCall(evaluate(r, u, ION_RESIDUAL | ION_JACOBIAN));
  PetscCall(MatZeroEntries(J));
  for (size_t i = 0; i < pattern->n; i++)
    for (int k = pattern->start[i]; k < pattern->start[i + 1]; k++) {
      const double own = r->dynamic[i] && pattern->col[k] == (int)i ? shift : 0;

      PetscCall(MatSetValue(J, (PetscInt)i, pattern->col[k],
                            own - ion_row(r->work.jac, (size_t)k)[0], INSERT_VALUES));
    }
  PetscCall(MatAssemblyBegin(J, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(J, MAT_FINAL_ASSEMBLY));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode observe(ion_reference *r, Vec u)
{
  PetscFunctionBegin;
  PetscCall(evaluate(r, u, ION_RESIDUAL | ION_AFFINITY));
  r->protocol->observe(r->protocol->context, r->theta, r->prepared, &r->work, 1, r->value);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Only the first crossing is looked for: one that has happened changes its sign no more. */
static PetscErrorCode indicate(TS ts, PetscReal t, Vec u, PetscScalar *f, void *context)
{
  ion_reference *r = context;

  PetscFunctionBegin;
  (void)ts;
  (void)t;
  PetscCall(observe(r, u));
  for (size_t k = 0; k < r->protocol->n_event; k++) {
    const ion_event *e = &r->protocol->event[k];

    f[k] = isnan(r->event[k])
               ? (ion_row(r->value, e->quantity)[0] - e->bound) * (e->is_above ? 1 : -1)
               : 1;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode note(TS ts, PetscInt n, PetscInt *list, PetscReal t, Vec u,
                           PetscBool is_forward, void *context)
{
  ion_reference *r = context;

  PetscFunctionBegin;
  (void)ts;
  (void)u;
  (void)is_forward;
  for (PetscInt k = 0; k < n; k++)
    if (isnan(r->event[list[k]])) r->event[list[k]] = r->offset + t;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_integrator(ion_reference *r, Mat J, TS *ts)
{
  PetscInt direction[64];
  PetscBool terminate[64];
  const PetscInt n = (PetscInt)r->protocol->n_event;
  TSAdapt adapt;
  SNES snes;
  KSP ksp;
  PC pc;

  PetscFunctionBegin;
  PetscCheck(n <= 64, PETSC_COMM_SELF, PETSC_ERR_SUP, "the reference takes up to 64 events");
  for (PetscInt k = 0; k < n; k++) {
    direction[k] = 1;
    terminate[k] = PETSC_FALSE;
  }
  PetscCall(TSCreate(PETSC_COMM_SELF, ts));
  PetscCall(TSSetOptionsPrefix(*ts, "ion_course_"));
  PetscCall(TSSetType(*ts, TSROSW));
  PetscCall(TSSetEquationType(*ts, TS_EQ_DAE_SEMI_EXPLICIT_INDEX1));
  PetscCall(TSSetIFunction(*ts, NULL, form_function, r));
  PetscCall(TSSetIJacobian(*ts, J, J, form_jacobian, r));
  PetscCall(TSSetTolerances(*ts, r->protocol->tolerance, NULL, 0, NULL));
  PetscCall(TSSetExactFinalTime(*ts, TS_EXACTFINALTIME_MATCHSTEP));
  PetscCall(TSSetMaxSteps(*ts, (PetscInt)PetscMin(r->protocol->most_steps, (size_t)1 << 30)));
  PetscCall(TSGetAdapt(*ts, &adapt));
  PetscCall(TSAdaptSetStepLimits(adapt, 1e-15, 1e30));
  PetscCall(TSGetSNES(*ts, &snes));
  PetscCall(SNESGetKSP(snes, &ksp));
  PetscCall(KSPSetType(ksp, KSPPREONLY));
  PetscCall(KSPGetPC(ksp, &pc));
  PetscCall(PCSetType(pc, PCLU));
  if (n) {
    PetscCall(TSSetEventHandler(*ts, n, direction, terminate, indicate, note, r));
    PetscCall(TSSetEventTolerances(*ts, 1e-7, NULL));
    PetscCall(TSSetPostEventIntervalStep(*ts, 1e-5));
  }
  PetscCall(TSSetFromOptions(*ts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One segment: a TS of its own, so that nothing of the last one is left. */
static PetscErrorCode follow_segment(ion_reference *r, Vec u, Mat J, double length, int *steps)
{
  TSConvergedReason reason;
  PetscInt n;
  TS ts;

  PetscFunctionBegin;
  PetscCall(create_integrator(r, J, &ts));
  PetscCall(TSSetTime(ts, 0));
  PetscCall(TSSetTimeStep(ts, PetscMin(1e-4, length)));
  PetscCall(TSSetMaxTime(ts, length));
  PetscCall(TSSolve(ts, u));
  PetscCall(TSGetConvergedReason(ts, &reason));
  PetscCall(TSGetStepNumber(ts, &n));
  *steps += (int)n;
  PetscCall(TSDestroy(&ts));
  PetscCheck(reason == TS_CONVERGED_TIME, PETSC_COMM_SELF, PETSC_ERR_NOT_CONVERGED, "TS ended %s",
             TSConvergedReasons[reason]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static double value_of(const ion_reference *r, const ion_change *c, size_t i)
{
  return isnan(c->value[i]) ? r->own[c->row[i]] : c->value[i];
}

static PetscErrorCode follow(ion_reference *r, const ion_model *model, Vec u, Mat J, int *steps)
{
  const ion_protocol *p = r->protocol;

  PetscFunctionBegin;
  for (size_t s = 0; s <= p->n_change; s++) {
    const double from = s ? p->change[s - 1].at : 0;
    const double to   = s < p->n_change ? p->change[s].at : p->until;

    for (size_t i = 0; s && i < p->change[s - 1].n_set; i++)
      for (size_t l = 0; l < r->theta.stride; l++)
        ion_row(r->theta, (size_t)p->change[s - 1].row[i])[l] = value_of(r, &p->change[s - 1], i);
    ion_model_prepare(model, r->theta, r->prepared);
    r->offset = from;
    if (to > from) PetscCall(follow_segment(r, u, J, to - from, steps));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_rows(ion_reference *r, const ion_model *model, const double *theta)
{
  size_t n_theta;
  const ion_quantity *quantity = ion_model_quantities(model, NULL, &n_theta);
  double x[ION_MAX_STATE];

  PetscFunctionBegin;
  PetscCall(ion_motion_create(model, &r->motion));
  r->dynamic = ion_motion_dynamic(r->motion);
  PetscCall(ion_motion_work_create(r->motion, 1, 0, &r->work));
  PetscCall(ion_block_create(n_theta, 1, &r->theta));
  PetscCall(ion_block_create(ion_model_n_prepared(model), 1, &r->prepared));
  PetscCall(ion_block_create(ion_model_n_state(model), 1, &r->x));
  PetscCall(ion_block_create(ion_motion_n_unknown(r->motion), 1, &r->y));
  PetscCall(ion_block_create(r->protocol->n_observed, 1, &r->value));
  for (size_t k = 0; k < n_theta; k++)
    for (size_t l = 0; l < r->theta.stride; l++) ion_row(r->theta, k)[l] = theta[k];
  for (size_t s = 0; s < r->protocol->n_change; s++)
    for (size_t i = 0; i < r->protocol->change[s].n_set; i++)
      if (isnan(r->protocol->change[s].value[i]))
        for (size_t l = 0; l < r->theta.stride; l++)
          ion_row(r->theta, (size_t)r->protocol->change[s].row[i])[l] =
              quantity[r->protocol->change[s].row[i]].value;
  ion_model_prepare(model, r->theta, r->prepared);
  ion_model_start(model, r->theta, 0, x);
  for (size_t i = 0; i < r->x.n_row; i++) ion_row(r->x, i)[0] = x[i];
  ion_motion_start(r->motion, r->prepared, r->x, 1, &r->work, r->y);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy_rows(ion_reference *r)
{
  PetscFunctionBegin;
  PetscCall(ion_block_destroy(&r->theta));
  PetscCall(ion_block_destroy(&r->prepared));
  PetscCall(ion_block_destroy(&r->x));
  PetscCall(ion_block_destroy(&r->y));
  PetscCall(ion_block_destroy(&r->value));
  PetscCall(ion_work_destroy(&r->work));
  PetscCall(ion_motion_destroy(&r->motion));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_course_reference(const ion_model *model, const ion_protocol *protocol,
                                    const double *theta, double *event, double *last, int *steps)
{
  ion_reference r = {.protocol = protocol, .own = theta, .event = event};
  PetscInt n;
  PetscScalar *U;
  Vec u;
  Mat J;

  PetscFunctionBegin;
  PetscCall(create_rows(&r, model, theta));
  n      = (PetscInt)r.y.n_row;
  *steps = 0;
  for (size_t k = 0; k < protocol->n_event; k++) event[k] = NAN;
  PetscCall(VecCreateSeq(PETSC_COMM_SELF, n, &u));
  PetscCall(MatCreateSeqDense(PETSC_COMM_SELF, n, n, NULL, &J));
  PetscCall(VecGetArray(u, &U));
  for (PetscInt i = 0; i < n; i++) U[i] = ion_row(r.y, (size_t)i)[0];
  PetscCall(VecRestoreArray(u, &U));
  PetscCall(follow(&r, model, u, J, steps));
  if (protocol->n_observed) PetscCall(observe(&r, u));
  for (size_t i = 0; i < protocol->n_observed; i++) last[i] = ion_row(r.value, i)[0];
  PetscCall(VecDestroy(&u));
  PetscCall(MatDestroy(&J));
  PetscCall(destroy_rows(&r));
  PetscFunctionReturn(PETSC_SUCCESS);
}
