/* Prefactors from the resting state. Rates are linear in their prefactors, so the fluxes y of the
 * calibrated processes solve the linear system
 *   sum_r nu_ir y_r = - sum_known nu_ir J_r     for every independent pool,
 *   y_r - times * sum_{s in of} y_s = times * (known ones)   for every split,
 * by singular values; its null space names what is not determined. */
#include "model_impl.h"

#include <petscblaslapack.h>

#include <math.h>
#include <string.h>

typedef struct {
  size_t n_unknown, n_row;
  size_t *process; /* [n_unknown] */
  int *column;     /* [n_process], -1 where the rate is known */
  double *A;       /* column-major [n_row][n_unknown] */
  double *b;       /* [max(n_row, n_unknown)] */
  double *J;       /* [n_process] rates with calibrated prefactors at 1 */
} ion_calibration;

/* Rates at rest, at T_ref and with the defaults of the model file. */
static PetscErrorCode rates_at_rest(ion_model *model, double *J, double *A)
{
  ion_block theta = {0}, prepared = {0}, x = {0}, scratch = {0};

  PetscFunctionBegin;
  PetscCall(ion_block_create(model->n_theta, 1, &theta));
  PetscCall(ion_block_create(model->n_prepared, 1, &prepared));
  PetscCall(ion_block_create(model->n_state, 1, &x));
  PetscCall(ion_block_create(model->n_scratch, 1, &scratch));
  ion_model_default_theta(model, theta);
  ion_model_prepare(model, theta, prepared);
  for (size_t i = 0; i < model->n_state; i++)
    for (size_t p = 0; p < x.stride; p++) ion_row(x, i)[p] = model->x_rest[i];
  ion_model_rates(model, prepared, x, 1, ION_AFFINITY, scratch);
  for (size_t r = 0; r < model->network.n_process; r++) {
    J[r] = ion_row(scratch, (size_t)model->row_J + r)[0];
    A[r] = ion_row(scratch, (size_t)model->row_A + r)[0];
  }
  PetscCall(ion_block_destroy(&theta));
  PetscCall(ion_block_destroy(&prepared));
  PetscCall(ion_block_destroy(&x));
  PetscCall(ion_block_destroy(&scratch));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode prepare_system(ion_model *model, ion_calibration *c)
{
  const size_t n = model->network.n_process, most = model->n_state + n;
  double *A;

  PetscFunctionBegin;
  c->process = ion_model_alloc(model, n * sizeof *c->process);
  c->column  = ion_model_alloc(model, n * sizeof *c->column);
  c->A       = ion_model_alloc(model, most * n * sizeof *c->A);
  c->b       = ion_model_alloc(model, (most + n) * sizeof *c->b);
  c->J       = ion_model_alloc(model, n * sizeof *c->J);
  A          = ion_model_alloc(model, n * sizeof *A);
  PetscCheck(c->process && c->column && c->A && c->b && c->J && A, PETSC_COMM_SELF, PETSC_ERR_MEM,
             "no memory");
  for (size_t r = 0; r < n; r++) {
    c->column[r] = -1;
    if (!model->process_detail[r].calibrated) continue;
    c->column[r]                                                   = (int)c->n_unknown;
    c->process[c->n_unknown++]                                     = r;
    model->quantity[model->process_detail[r].calibrated_row].value = 1;
  }
  /* the first pass gives affinities at rest, which some rate laws refer to */
  PetscCall(rates_at_rest(model, c->J, A));
  for (size_t r = 0; r < n; r++) {
    model->process_detail[r].A_rest = A[r];
    if (model->process[r].kind->flags & ION_BY_REST && !(A[r] > 0))
      PetscCall(ion_node_fail(model->process_detail[r].where,
                              "%s: the kind '%s' is scaled by its affinity at rest, which must be "
                              "positive, not %g RT",
                              model->process[r].name, model->process[r].kind->name, A[r]));
  }
  PetscCall(rates_at_rest(model, c->J, A));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void add_rate(ion_calibration *c, size_t row, size_t n_row, size_t r, double factor)
{
  if (c->column[r] >= 0)
    c->A[row + n_row * (size_t)c->column[r]] += factor;
  else
    c->b[row] -= factor * c->J[r];
}

static void fill_system(const ion_model *model, ion_calibration *c)
{
  const size_t n_row = model->n_state + c->n_unknown;

  c->n_row = n_row;
  memset(c->A, 0, n_row * c->n_unknown * sizeof *c->A);
  memset(c->b, 0, n_row * sizeof *c->b);
  for (size_t i = 0; i < model->n_state; i++)
    for (size_t r = 0; r < model->network.n_process; r++)
      for (size_t t = 0; t < model->process[r].n_pool; t++)
        if (model->row_pool[i] >= 0 && model->process[r].term[t].pool == model->row_pool[i])
          add_rate(c, i, n_row, r, model->process[r].term[t].nu);
  for (size_t k = 0; k < c->n_unknown; k++) {
    const ion_process_detail *d = &model->process_detail[c->process[k]];
    const size_t row            = model->n_state + k;

    if (!d->calibration) continue;
    add_rate(c, row, n_row, c->process[k], 1);
    for (int j = 0; j < d->n_of; j++) add_rate(c, row, n_row, (size_t)d->of[j], -d->times);
  }
}

static PetscErrorCode fail_singular(const ion_model *model, const ion_calibration *c,
                                    const double *V, int rank)
{
  PetscFunctionBegin;
  for (size_t k = 0; k < c->n_unknown; k++)
    for (size_t j = (size_t)rank; j < c->n_unknown; j++)
      if (fabs(V[j + c->n_row * k]) > 1e-6)
        PetscCall(
            ion_node_fail(model->process_detail[c->process[k]].where,
                          "%s: calibration is singular, the resting state does not determine its "
                          "prefactor",
                          model->process[c->process[k]].name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Least squares by singular values; b becomes the solution, A the right singular vectors. */
static PetscErrorCode solve_least_squares(ion_calibration *c, int *rank)
{
  PetscBLASInt m, n, one = 1, r, info, lwork = 4096;
  PetscReal rcond = 1e-10, *singular;
  PetscScalar *work;

  PetscFunctionBegin;
  PetscCall(PetscBLASIntCast((PetscInt)c->n_row, &m));
  PetscCall(PetscBLASIntCast((PetscInt)c->n_unknown, &n));
  PetscCall(PetscMalloc2(c->n_unknown, &singular, (size_t)lwork, &work));
  PetscCallBLAS("gelss", LAPACKgelss_(&m, &n, &one, c->A, &m, c->b, &m, singular, &rcond, &r, work,
                                      &lwork, &info));
  PetscCall(PetscFree2(singular, work));
  PetscCheck(!info, PETSC_COMM_SELF, PETSC_ERR_LIB, "singular values of the calibration: info %d",
             (int)info);
  *rank = (int)r;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Calcium fluxes are 1e5 times smaller than sodium's: rows and unknowns are brought to the size that a
 * first solution shows, and solved again. */
static void rescale(ion_calibration *c, const double *y)
{
  for (size_t i = 0; i < c->n_row; i++) {
    double size = fabs(c->b[i]);

    for (size_t k = 0; k < c->n_unknown; k++)
      size = fmax(size, fabs(c->A[i + c->n_row * k] * y[k]));
    if (size == 0) continue;
    c->b[i] /= size;
    for (size_t k = 0; k < c->n_unknown; k++) c->A[i + c->n_row * k] *= y[k] / size;
  }
}

static PetscErrorCode solve_system(ion_model *model, ion_calibration *c)
{
  double *y;
  int rank;

  PetscFunctionBegin;
  y = ion_model_alloc(model, c->n_unknown * sizeof *y);
  PetscCheck(y, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory");
  fill_system(model, c);
  PetscCall(solve_least_squares(c, &rank));
  if (rank < (int)c->n_unknown) PetscCall(fail_singular(model, c, c->A, rank));
  for (size_t k = 0; k < c->n_unknown; k++) y[k] = c->b[k] != 0 ? c->b[k] : 1;
  fill_system(model, c);
  rescale(c, y);
  PetscCall(solve_least_squares(c, &rank));
  for (size_t k = 0; k < c->n_unknown; k++) c->b[k] *= y[k];
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode take_prefactors(ion_model *model, ion_calibration *c)
{
  PetscFunctionBegin;
  for (size_t k = 0; k < c->n_unknown; k++) {
    const size_t r         = c->process[k];
    ion_process_detail *d  = &model->process_detail[r];
    ion_quantity *quantity = &model->quantity[d->calibrated_row];

    quantity->value = c->b[k] / c->J[r];
    if (!isfinite(quantity->value) ||
        (fabs(d->A_rest) < 1e-10 && !(model->process[r].kind->flags & ION_NOT_THERMODYNAMIC)))
      PetscCall(ion_node_fail(
          d->where, "%s: calibration is singular, its rate at rest is %g for a unit prefactor",
          model->process[r].name, c->J[r]));
    if (quantity->value < 0)
      PetscCall(ion_node_fail(d->where, "%s: calibration gives a negative prefactor, %s = %g (SI)",
                              model->process[r].name, quantity->name, quantity->value));
    c->J[r] = c->b[k];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Every independent pool is at rest, if anything was calibrated; and the scale of its balance row, the
 * gross flux through it. */
static PetscErrorCode check_balance(ion_model *model, const ion_calibration *c)
{
  double typical = 0;

  PetscFunctionBegin;
  for (size_t i = 0; i < model->n_state; i++) {
    double sum = 0, gross = 0;

    if (model->row_pool[i] < 0) continue;
    for (size_t r = 0; r < model->network.n_process; r++)
      for (size_t t = 0; t < model->process[r].n_pool; t++)
        if (model->process[r].term[t].pool == model->row_pool[i]) {
          sum += model->process[r].term[t].nu * c->J[r];
          gross += fabs(model->process[r].term[t].nu * c->J[r]);
        }
    model->row_scale[i] = gross / 2;
    if (gross > typical) typical = gross;
    if (c->n_unknown && model->row_kind_equilibrium[i] < 0 && fabs(sum) > 1e-9 * gross)
      PetscCall(ion_node_fail(
          model->compartment_detail[model->pool[model->row_pool[i]].compartment].where,
          "calibration cannot bring %s to rest: %g of %g mol/s are left over",
          model->pool[model->row_pool[i]].name, sum, gross));
  }
  for (size_t i = 0; i < model->n_state; i++)
    if (model->row_pool[i] >= 0)
      model->row_scale[i] = 1 / (model->row_scale[i] > 1e-12 * typical ? model->row_scale[i]
                                 : typical > 0                         ? typical
                                                                       : 1);
  for (size_t r = 0; r < model->network.n_process; r++)
    for (size_t i = 0; i < model->n_state; i++)
      if (c->n_unknown && model->row_kind_equilibrium[i] == (int)r && model->row_pool[i] >= 0 &&
          fabs(model->process_detail[r].A_rest) > 1e-9)
        PetscCall(
            ion_node_fail(model->process_detail[r].where,
                          "%s alone changes %s, but is not at equilibrium at rest (affinity %g RT)",
                          model->process[r].name, model->pool[model->row_pool[i]].name,
                          model->process_detail[r].A_rest));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_model_calibrate(ion_model *model)
{
  ion_calibration c = {0};

  PetscFunctionBegin;
  PetscCall(prepare_system(model, &c));
  if (c.n_unknown) {
    PetscCall(solve_system(model, &c));
    PetscCall(take_prefactors(model, &c));
  }
  PetscCall(check_balance(model, &c));
  for (size_t i = 0; i < model->n_theta; i++) {
    model->reference[i] = model->quantity[i].value;
    if (!isnan(model->override_[i])) model->quantity[i].value = model->override_[i];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
