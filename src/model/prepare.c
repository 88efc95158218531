/* Rows that depend on the parameters alone, computed once a point: prefactors, standard affinities,
 * conserved totals, impermeant solute. */
#include "base/vecmath.h"
#include "model_impl.h"

#include <math.h>
#include <string.h>

size_t ion_model_n_prepared(const ion_model *model)
{
  return model->n_prepared;
}

/* What is prepared: rows of theta and of prepared over n points, and which of theta's rows vary. */
typedef struct {
  const ion_model *model;
  ion_block theta, prepared;
  size_t n;
  const unsigned char *varies; /* [n_theta]; NULL: all */
} ion_preparation;

static const double *theta_row(const ion_preparation *e, int row)
{
  return ion_row(e->theta, (size_t)row);
}

static double *prep(const ion_preparation *e, int row)
{
  return ion_row(e->prepared, (size_t)row);
}

static PetscBool varies(const ion_preparation *e, int row)
{
  return (PetscBool)(row >= 0 && (!e->varies || e->varies[row]));
}

static PetscBool any_varies(const ion_preparation *e, const int *row, int n)
{
  for (int k = 0; k < n; k++)
    if (varies(e, row[k])) return PETSC_TRUE;
  return PETSC_FALSE;
}

static void fill_row(size_t n, double value, double *row)
{
  for (size_t p = 0; p < n; p++) row[p] = value;
}

static void copy_varying(const ion_preparation *e, int from, int to)
{
  if (varies(e, from)) memcpy(prep(e, to), theta_row(e, from), e->n * sizeof(double));
}

static void multiply_row(size_t n, const double *restrict by, double *restrict row)
{
#pragma omp simd
  for (size_t p = 0; p < n; p++) row[p] *= by[p];
}

/* Q10^((T - T_ref)/10) */
static void prepare_q10(const ion_preparation *e, int parameter)
{
  const double *restrict Q10 = theta_row(e, parameter), *restrict T = theta_row(e, 0);
  double *restrict q = prep(e, e->model->prep_q10[parameter]);
  const double T_ref = e->model->T_ref;

  if (!varies(e, 0) && !varies(e, parameter)) return;
#pragma omp simd
  for (size_t p = 0; p < e->n; p++) q[p] = ion_exp(ion_log(Q10[p]) * ((T[p] - T_ref) * 0.1));
}

static void prepare_temperature(const ion_preparation *e)
{
  const ion_model *model      = e->model;
  const double *restrict T    = theta_row(e, 0);
  double *restrict RT_F       = prep(e, model->prep_RT_F);
  double *restrict tau        = prep(e, model->prep_tau);
  double *restrict inverse_RT = prep(e, model->prep_inverse_RT);
  double *restrict dG0        = prep(e, model->prep_dG0);

  copy_varying(e, 0, model->prep_T);
  if (!e->varies) {
    fill_row(e->n, 0, prep(e, model->prep_zero));
    fill_row(e->n, 1, prep(e, model->prep_one));
    fill_row(e->n, 0, dG0);
  }
  for (int k = 1; k <= model->n_parameter; k++)
    if (model->prep_q10[k] >= 0) prepare_q10(e, k);
  if (varies(e, 0))
    for (size_t p = 0; p < e->n; p++) {
      RT_F[p]       = ion_thermal_voltage(T[p]);
      tau[p]        = model->T_ref / T[p];
      inverse_RT[p] = 1 / (ION_GAS_CONSTANT * T[p]);
    }
  if (model->dG0_row < 0 || !any_varies(e, (int[]){0, model->dG0_row, model->dH0_row}, 3)) return;
  for (size_t p = 0; p < e->n; p++)
    dG0[p] = ion_standard_free_energy(T[p], model->T_ref, theta_row(e, model->dG0_row)[p],
                                      theta_row(e, model->dH0_row)[p]);
}

/* A0/RT: n (-dG0/RT - ln 1e-3) for n turns of the currency, whose constants are for mol/L; ln K_eq; and
 * what the clamped source brings. */
static void prepare_standard(const ion_preparation *e, size_t r)
{
  const ion_model *model      = e->model;
  const ion_process *process  = &model->process[r];
  const ion_process_detail *d = &model->process_detail[r];
  const double *dG0           = prep(e, model->prep_dG0);
  const double *inverse_RT    = prep(e, model->prep_inverse_RT);
  double *A0                  = prep(e, d->prep_A0);
  const double n_atp = process->n_atp, thousand = process->n_atp * ion_log(1000.0);
  const int source = d->prep_source < 0 ? -1 : process->source_row;

  if (d->prep_A0 == model->prep_zero) return;
  if (source >= 0) copy_varying(e, source, d->prep_source);
  if (!any_varies(e, (int[]){0, model->dG0_row, model->dH0_row, d->K_eq_row, source}, 5)) return;
  for (size_t p = 0; p < e->n; p++) A0[p] = thousand - n_atp * dG0[p] * inverse_RT[p];
  if (d->K_eq_row >= 0)
    for (size_t p = 0; p < e->n; p++) A0[p] += ion_log(theta_row(e, d->K_eq_row)[p]);
  if (source >= 0)
    for (size_t p = 0; p < e->n; p++)
      A0[p] += process->source_nu * theta_row(e, source)[p] * inverse_RT[p];
}

static void prepare_gate(const ion_preparation *e, const ion_gate *gate)
{
  for (int k = 0; k < gate->n_rate; k++)
    for (int i = 0; i < 3; i++)
      if (gate->theta[k][i] >= 0) copy_varying(e, gate->theta[k][i], gate->prep[k][i]);
}

static void prepare_process(const ion_preparation *e, size_t r)
{
  const ion_process_detail *d = &e->model->process_detail[r];
  double *prefactor           = prep(e, d->prep_prefactor);

  if (any_varies(e, d->prefactor_row, d->n_prefactor) || any_varies(e, d->scale_row, d->n_scale) ||
      (d->q10_row >= 0 && any_varies(e, (int[]){0, d->q10_row}, 2))) {
    memcpy(prefactor, prep(e, d->q10_row < 0 ? e->model->prep_one : e->model->prep_q10[d->q10_row]),
           e->n * sizeof *prefactor);
    for (int k = 0; k < d->n_prefactor; k++)
      multiply_row(e->n, theta_row(e, d->prefactor_row[k]), prefactor);
    for (int k = 0; k < d->n_scale; k++)
      multiply_row(e->n, theta_row(e, d->scale_row[k]), prefactor);
  } else if (!e->varies)
    fill_row(e->n, 1, prefactor);
  for (int k = 0; k < d->n_param; k++) copy_varying(e, d->param_row[k], d->prep_param[k]);
  prepare_standard(e, r);
  for (int g = 0; g < d->n_gate; g++) prepare_gate(e, &d->gate[g]);
}

/* Concentration put in: the composition, and what balances the changes of others. A change dc of an ion
 * of valence z is balanced by -(z/z_b) dc of the balancing ion. */
static double concentration_put_in(const ion_model *model, size_t pool, ion_block theta, size_t p)
{
  const int z_pool = model->species[model->pool[pool].species].valence;
  double c         = ion_row(theta, (size_t)model->pool_detail[pool].composition_c)[p];

  for (size_t q = 0; q < model->network.n_pool; q++) {
    const ion_pool_detail *d = &model->pool_detail[q];

    if (d->balance == (int)pool)
      c -= (double)model->species[model->pool[q].species].valence / z_pool *
           (ion_row(theta, (size_t)d->composition_c)[p] - ion_model_rest_value(model, d->rest_c));
  }
  return c;
}

/* The same over a row, times w, times `factor`, added to `sum`. */
static void add_put_in(const ion_preparation *e, size_t pool, double factor,
                       const double *restrict w, double *restrict sum)
{
  const ion_model *model   = e->model;
  const int z_pool         = model->species[model->pool[pool].species].valence;
  const double *restrict c = theta_row(e, model->pool_detail[pool].composition_c);

#pragma omp simd
  for (size_t p = 0; p < e->n; p++) sum[p] += factor * c[p] * w[p];
  for (size_t q = 0; q < model->network.n_pool; q++) {
    const ion_pool_detail *d     = &model->pool_detail[q];
    const double *restrict other = theta_row(e, d->composition_c);
    const double rest            = ion_model_rest_value(model, d->rest_c);
    const double by              = d->balance == (int)pool
                                       ? factor * model->species[model->pool[q].species].valence / z_pool
                                       : 0;

    if (d->balance != (int)pool) continue;
#pragma omp simd
    for (size_t p = 0; p < e->n; p++) sum[p] -= by * (other[p] - rest) * w[p];
  }
}

static PetscBool put_in_varies(const ion_preparation *e, size_t pool)
{
  if (varies(e, e->model->pool_detail[pool].composition_c)) return PETSC_TRUE;
  for (size_t q = 0; q < e->model->network.n_pool; q++)
    if (e->model->pool_detail[q].balance == (int)pool &&
        varies(e, e->model->pool_detail[q].composition_c))
      return PETSC_TRUE;
  return PETSC_FALSE;
}

static void prepare_compartment(const ion_preparation *e, size_t i)
{
  const ion_model *model          = e->model;
  const ion_compartment_detail *d = &model->compartment_detail[i];
  double *nX                      = prep(e, model->prep_nX[i]);
  double *QX                      = prep(e, model->prep_QX[i]);
  double *C                       = prep(e, model->prep_capacitance[i]);
  double *w                       = prep(e, model->prep_w[i]);

  if (e->varies && !any_varies(e,
                               (int[]){d->composition_w, d->valence_row, d->capacitance_row,
                                       d->length_row, d->area_row},
                               5))
    return;
  for (size_t p = 0; p < e->n; p++) {
    w[p]  = d->composition_w < 0 ? 1 : theta_row(e, d->composition_w)[p];
    nX[p] = d->X_rest * w[p];
    QX[p] = d->valence_row < 0 ? d->Q_rest * w[p] : nX[p] * theta_row(e, d->valence_row)[p];
    C[p]  = d->capacitance_row < 0 ? 0 : theta_row(e, d->capacitance_row)[p] / ION_FARADAY;
    prep(e, model->prep_cX[i])[p] = d->X_rest;
    if (d->length_row >= 0) /* area of a cylinder: 2 sqrt(pi w L) */
      prep(e, model->prep_area[i])[p] = 2 * sqrt(PETSC_PI * theta_row(e, d->length_row)[p]);
    if (d->area_row >= 0) prep(e, model->prep_area[i])[p] = theta_row(e, d->area_row)[p];
  }
}

static void prepare_total(const ion_preparation *e, size_t m)
{
  const ion_model *model   = e->model;
  const ion_moiety *moiety = &model->moiety[m];
  double *total            = prep(e, model->prep_total[m]);
  double *ln               = prep(e, model->prep_ln_total[m]);
  PetscBool wanted         = PETSC_FALSE;

  for (size_t k = 0; k < moiety->n_member; k++) {
    const size_t pool = (size_t)moiety->pool[k];

    if (put_in_varies(e, pool) ||
        varies(e, model->compartment_detail[model->pool[pool].compartment].composition_w))
      wanted = PETSC_TRUE;
  }
  if (!wanted) return;
  fill_row(e->n, 0, total);
  for (size_t k = 0; k < moiety->n_member; k++) {
    const size_t pool = (size_t)moiety->pool[k];
    const double *w   = prep(e, model->prep_w[model->pool[pool].compartment]);

    add_put_in(e, pool, moiety->coefficient[k], w, total);
  }
#pragma omp simd
  for (size_t p = 0; p < e->n; p++) ln[p] = ion_log(total[p]);
}

/* Totals: the volume of the tissue, what is put in, and clamped concentrations. */
static void prepare_totals(const ion_preparation *e)
{
  const ion_model *model = e->model;
  double *W              = prep(e, model->prep_W);

  fill_row(e->n, 0, W);
  for (size_t i = 0; i < model->network.n_compartment; i++) {
    const double *w = prep(e, model->prep_w[i]);

    if (model->compartment_detail[i].composition_w < 0) continue;
    for (size_t p = 0; p < e->n; p++) W[p] += w[p];
  }
  for (size_t m = 0; m < model->network.n_moiety; m++) prepare_total(e, m);
  for (size_t q = 0; q < model->network.n_pool; q++) {
    if (!model->pool[q].clamped || !put_in_varies(e, q)) continue;
    for (size_t p = 0; p < e->n; p++) {
      const double c = concentration_put_in(model, q, e->theta, p);

      prep(e, model->prep_c[q])[p]    = c;
      prep(e, model->prep_ln_c[q])[p] = ion_log(c);
    }
  }
}

static void prepare(const ion_preparation *e)
{
  prepare_temperature(e);
  for (size_t r = 0; r < e->model->network.n_process; r++) prepare_process(e, r);
  for (size_t i = 0; i < e->model->network.n_compartment; i++) prepare_compartment(e, i);
  prepare_totals(e);
}

void ion_model_prepare(const ion_model *model, ion_block theta, ion_block prepared)
{
  ion_model_prepare_varying(model, theta, NULL, prepared);
}

void ion_model_prepare_varying(const ion_model *model, ion_block theta,
                               const unsigned char *varies_, ion_block prepared)
{
  const size_t used       = theta.n_point < prepared.n_point ? theta.n_point : prepared.n_point;
  const size_t n          = (used + ION_PAD - 1) / ION_PAD * ION_PAD;
  const ion_preparation e = {
      .model = model, .theta = theta, .prepared = prepared, .n = n, .varies = varies_};

  prepare(&e);
}

void ion_model_start(const ion_model *model, ion_block theta, size_t p, double *x)
{
  for (size_t i = 0; i < model->n_state; i++) x[i] = model->x_rest[i];
  for (size_t q = 0; q < model->network.n_pool; q++) {
    const ion_pool_plan *plan = &model->plan[q];

    if (plan->rule == ION_POOL_DIRECT)
      x[model->pool[q].x] = ion_log(concentration_put_in(model, q, theta, p));
    if (plan->rule == ION_POOL_PAIR)
      x[model->pool[q].x] = ion_log(concentration_put_in(model, q, theta, p) /
                                    concentration_put_in(model, (size_t)plan->partner, theta, p));
  }
  for (size_t i = 0; i < model->network.n_compartment; i++)
    if (model->compartment[i].x_w >= 0)
      x[model->compartment[i].x_w] =
          ion_log(ion_row(theta, (size_t)model->compartment_detail[i].composition_w)[p]);
}

const double *ion_prepared_temperature(const ion_model *model, ion_block prepared)
{
  return ion_row(prepared, (size_t)model->prep_T);
}

const double *ion_prepared_dG0_atp(const ion_model *model, ion_block prepared)
{
  return ion_row(prepared, (size_t)model->prep_dG0);
}

const double *ion_prepared_source(const ion_model *model, ion_block prepared, size_t process)
{
  const int row = model->process_detail[process].prep_source;

  return row < 0 ? NULL : ion_row(prepared, (size_t)row);
}
