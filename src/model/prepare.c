/* Rows that depend on the parameters alone, computed once a point: prefactors, standard affinities,
 * conserved totals, impermeant solute. */
#include "base/vecmath.h"
#include "model_impl.h"

#include <math.h>

size_t ion_model_n_prepared(const ion_model *model)
{
  return model->n_prepared;
}

static void copy_row(size_t n, const double *from, double *to)
{
  for (size_t p = 0; p < n; p++) to[p] = from[p];
}

static void multiply_row(size_t n, const double *restrict by, double *restrict row)
{
#pragma omp simd
  for (size_t p = 0; p < n; p++) row[p] *= by[p];
}

/* row *= Q10^((T - T_ref)/10) */
static void multiply_q10(size_t n, const double *restrict Q10, const double *restrict T,
                         double T_ref, double *restrict row)
{
#pragma omp simd
  for (size_t p = 0; p < n; p++) row[p] *= ion_exp(ion_log(Q10[p]) * ((T[p] - T_ref) * 0.1));
}

static void prepare_temperature(const ion_model *model, ion_block theta, ion_block prepared,
                                size_t n)
{
  const double *T = ion_row(theta, 0);
  double *RT_F    = ion_row(prepared, (size_t)model->prep_RT_F);
  double *tau     = ion_row(prepared, (size_t)model->prep_tau);
  double *dG0     = ion_row(prepared, (size_t)model->prep_dG0);

  copy_row(n, T, ion_row(prepared, (size_t)model->prep_T));
  for (size_t p = 0; p < n; p++) {
    RT_F[p]                                        = ion_thermal_voltage(T[p]);
    tau[p]                                         = model->T_ref / T[p];
    dG0[p]                                         = 0;
    ion_row(prepared, (size_t)model->prep_zero)[p] = 0;
    ion_row(prepared, (size_t)model->prep_one)[p]  = 1;
  }
  if (model->dG0_row < 0) return;
  for (size_t p = 0; p < n; p++)
    dG0[p] = ion_standard_free_energy(T[p], model->T_ref, ion_row(theta, (size_t)model->dG0_row)[p],
                                      ion_row(theta, (size_t)model->dH0_row)[p]);
}

/* A0/RT: n (-dG0/RT - ln 1e-3) for n turns of the currency, whose constants are for mol/L; ln K_eq; and
 * what the clamped source brings. */
static void prepare_standard(const ion_model *model, size_t r, ion_block theta, ion_block prepared,
                             size_t n)
{
  const ion_process *process  = &model->process[r];
  const ion_process_detail *d = &model->process_detail[r];
  const double *T             = ion_row(theta, 0);
  const double *dG0           = ion_row(prepared, (size_t)model->prep_dG0);
  double *A0                  = ion_row(prepared, (size_t)d->prep_A0);

  if (d->prep_A0 == model->prep_zero) return;
  for (size_t p = 0; p < n; p++)
    A0[p] = process->n_atp * (ion_log(1000.0) - dG0[p] / (ION_GAS_CONSTANT * T[p]));
  if (d->K_eq_row >= 0)
    for (size_t p = 0; p < n; p++) A0[p] += ion_log(ion_row(theta, (size_t)d->K_eq_row)[p]);
  if (d->prep_source < 0) return;
  copy_row(n, ion_row(theta, (size_t)process->source_row),
           ion_row(prepared, (size_t)d->prep_source));
  for (size_t p = 0; p < n; p++)
    A0[p] += process->source_nu * ion_row(prepared, (size_t)d->prep_source)[p] /
             (ION_GAS_CONSTANT * T[p]);
}

static void prepare_gate(const ion_model *model, const ion_gate *gate, ion_block theta,
                         ion_block prepared, size_t n)
{
  if (gate->q10_row >= 0) {
    double *q = ion_row(prepared, (size_t)gate->q_prep);

    for (size_t p = 0; p < n; p++) q[p] = 1;
    multiply_q10(n, ion_row(theta, (size_t)gate->q10_row), ion_row(theta, 0), model->T_ref, q);
  }
  for (int k = 0; k < gate->n_rate; k++)
    for (int i = 0; i < 3; i++)
      if (gate->theta[k][i] >= 0)
        copy_row(n, ion_row(theta, (size_t)gate->theta[k][i]),
                 ion_row(prepared, (size_t)gate->prep[k][i]));
}

static void prepare_process(const ion_model *model, size_t r, ion_block theta, ion_block prepared,
                            size_t n)
{
  const ion_process_detail *d = &model->process_detail[r];
  double *prefactor           = ion_row(prepared, (size_t)d->prep_prefactor);

  for (size_t p = 0; p < n; p++) prefactor[p] = 1;
  for (int k = 0; k < d->n_prefactor; k++)
    multiply_row(n, ion_row(theta, (size_t)d->prefactor_row[k]), prefactor);
  for (int k = 0; k < d->n_scale; k++)
    multiply_row(n, ion_row(theta, (size_t)d->scale_row[k]), prefactor);
  if (d->q10_row >= 0)
    multiply_q10(n, ion_row(theta, (size_t)d->q10_row), ion_row(theta, 0), model->T_ref, prefactor);
  for (int k = 0; k < d->n_param; k++)
    copy_row(n, ion_row(theta, (size_t)d->param_row[k]),
             ion_row(prepared, (size_t)d->prep_param[k]));
  prepare_standard(model, r, theta, prepared, n);
  for (int g = 0; g < d->n_gate; g++) prepare_gate(model, &d->gate[g], theta, prepared, n);
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

static void prepare_compartment(const ion_model *model, size_t i, ion_block theta,
                                ion_block prepared, size_t n)
{
  const ion_compartment_detail *d = &model->compartment_detail[i];
  double *nX                      = ion_row(prepared, (size_t)model->prep_nX[i]);
  double *QX                      = ion_row(prepared, (size_t)model->prep_QX[i]);
  double *C                       = ion_row(prepared, (size_t)model->prep_capacitance[i]);
  double *w                       = ion_row(prepared, (size_t)model->prep_w[i]);

  for (size_t p = 0; p < n; p++) {
    w[p]  = d->composition_w < 0 ? 1 : ion_row(theta, (size_t)d->composition_w)[p];
    nX[p] = d->X_rest * w[p];
    QX[p] =
        d->valence_row < 0 ? d->Q_rest * w[p] : nX[p] * ion_row(theta, (size_t)d->valence_row)[p];
    C[p] = d->capacitance_row < 0 ? 0 : ion_row(theta, (size_t)d->capacitance_row)[p] / ION_FARADAY;
    ion_row(prepared, (size_t)model->prep_cX[i])[p] = d->X_rest;
    if (d->length_row >= 0) /* area of a cylinder: 2 sqrt(pi w L) */
      ion_row(prepared, (size_t)model->prep_area[i])[p] =
          2 * sqrt(3.14159265358979323846 * ion_row(theta, (size_t)d->length_row)[p]);
  }
}

/* Totals: what is put in, and the volume of the tissue. */
static void prepare_totals(const ion_model *model, ion_block theta, ion_block prepared, size_t n)
{
  double *W = ion_row(prepared, (size_t)model->prep_W);

  for (size_t p = 0; p < n; p++) {
    W[p] = 0;
    for (size_t i = 0; i < model->network.n_compartment; i++)
      if (model->compartment_detail[i].composition_w >= 0)
        W[p] += ion_row(prepared, (size_t)model->prep_w[i])[p];
  }
  for (size_t m = 0; m < model->network.n_moiety; m++) {
    const ion_moiety *moiety = &model->moiety[m];
    double *total            = ion_row(prepared, (size_t)model->prep_total[m]);

    for (size_t p = 0; p < n; p++) {
      total[p] = 0;
      for (size_t k = 0; k < moiety->n_member; k++) {
        const size_t pool = (size_t)moiety->pool[k];

        total[p] += moiety->coefficient[k] * concentration_put_in(model, pool, theta, p) *
                    ion_row(prepared, (size_t)model->prep_w[model->pool[pool].compartment])[p];
      }
      ion_row(prepared, (size_t)model->prep_ln_total[m])[p] = ion_log(total[p]);
    }
  }
  for (size_t q = 0; q < model->network.n_pool; q++) {
    if (!model->pool[q].clamped) continue;
    for (size_t p = 0; p < n; p++) {
      const double c = concentration_put_in(model, q, theta, p);

      ion_row(prepared, (size_t)model->prep_c[q])[p]    = c;
      ion_row(prepared, (size_t)model->prep_ln_c[q])[p] = ion_log(c);
    }
  }
}

void ion_model_prepare(const ion_model *model, ion_block theta, ion_block prepared)
{
  const size_t n = theta.stride < prepared.stride ? theta.stride : prepared.stride;

  prepare_temperature(model, theta, prepared, n);
  for (size_t r = 0; r < model->network.n_process; r++)
    prepare_process(model, r, theta, prepared, n);
  for (size_t i = 0; i < model->network.n_compartment; i++)
    prepare_compartment(model, i, theta, prepared, n);
  prepare_totals(model, theta, prepared, n);
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
