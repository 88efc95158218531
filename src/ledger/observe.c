/* Reports over a row of points. Affinities come from the model's stoichiometry, so that every report
 * is the same code for every model. */
#include "ledger_impl.h"

#include <math.h>

static void copy(const double *row, size_t n, double *restrict y)
{
  for (size_t p = 0; p < n; p++) y[p] = row[p];
}

static void potential(const ion_item *item, const ion_view *v, double *restrict y)
{
  copy(ion_row(v->work->V, (size_t)item->a), v->n_point, y);
}

static void concentration(const ion_item *item, const ion_view *v, double *restrict y)
{
  copy(ion_row(v->work->c, (size_t)item->a), v->n_point, y);
}

static void volume(const ion_item *item, const ion_view *v, double *restrict y)
{
  copy(ion_row(v->work->w, (size_t)item->a), v->n_point, y);
}

static void osmolarity(const ion_item *item, const ion_view *v, double *restrict y)
{
  copy(ion_row(v->work->Pi, (size_t)item->a), v->n_point, y);
}

/* E = RT/(zF) ln(c_out/c_in) */
static void nernst(const ion_item *item, const ion_view *v, double *restrict y)
{
  const double *in  = ion_row(v->work->ln_c, (size_t)item->a);
  const double *out = ion_row(v->work->ln_c, (size_t)item->b);
  const double zF   = v->net->species[v->net->pool[item->a].species].valence * ION_FARADAY;

  for (size_t p = 0; p < v->n_point; p++) y[p] = ion_view_RT(v, p) / zF * (out[p] - in[p]);
}

/* A_ATP = -dG0 - RT ln([ADP][Pi]/[ATP]), concentrations in mol/L = 1e-3 mol m^-3 */
void ion_view_free_energy_of_atp(const ion_view *v, int compartment, double *restrict y)
{
  const double *ln_c[3], ln_1000 = log(1e3);

  for (int k = 0; k < 3; k++)
    ln_c[k] =
        ion_row(v->work->ln_c, (size_t)ion_network_pool(v->net, compartment, v->net->currency[k]));
  for (size_t p = 0; p < v->n_point; p++)
    y[p] = -v->dG0[p] + ion_view_RT(v, p) * (ln_1000 + ln_c[0][p] - ln_c[1][p] - ln_c[2][p]);
}

static void a_atp(const ion_item *item, const ion_view *v, double *restrict y)
{
  ion_view_free_energy_of_atp(v, item->a, y);
}

/* W = n_ATP A_ATP - A, the free energy a turn stores in gradients. */
static void work(const ion_item *item, const ion_view *v, double *restrict y)
{
  const ion_process *process = &v->net->process[item->a];
  const double *A            = ion_row(v->work->A, (size_t)item->a);

  ion_view_free_energy_of_atp(v, process->compartment, y);
  for (size_t p = 0; p < v->n_point; p++) y[p] = process->n_atp * y[p] - ion_view_RT(v, p) * A[p];
}

/* W/(n_ATP A_ATP) */
static void efficiency(const ion_item *item, const ion_view *v, double *restrict y)
{
  const ion_process *process = &v->net->process[item->a];
  const double *A            = ion_row(v->work->A, (size_t)item->a);

  ion_view_free_energy_of_atp(v, process->compartment, y);
  for (size_t p = 0; p < v->n_point; p++)
    y[p] = 1.0 - ion_view_RT(v, p) * A[p] / (process->n_atp * y[p]);
}

static void flux(const ion_item *item, const ion_view *v, double *restrict y)
{
  copy(ion_row(v->work->J, (size_t)item->a), v->n_point, y);
}

/* RT times the affinity over RT; of water RT times the osmolarity difference, a pressure. */
static void affinity(const ion_item *item, const ion_view *v, double *restrict y)
{
  const double *A = ion_row(v->work->A, (size_t)item->a);

  for (size_t p = 0; p < v->n_point; p++) y[p] = ion_view_RT(v, p) * A[p];
}

/* y += J A */
static void add_dissipation(const ion_view *v, size_t r, double *restrict y)
{
  const double *A = ion_row(v->work->A, r), *J = ion_row(v->work->J, r);

  for (size_t p = 0; p < v->n_point; p++) y[p] += J[p] * (ion_view_RT(v, p) * A[p]);
}

static void dissipation(const ion_item *item, const ion_view *v, double *restrict y)
{
  for (size_t p = 0; p < v->n_point; p++) y[p] = 0.0;
  add_dissipation(v, (size_t)item->a, y);
}

static void total_dissipation(const ion_item *item, const ion_view *v, double *restrict y)
{
  (void)item;
  for (size_t p = 0; p < v->n_point; p++) y[p] = 0.0;
  for (size_t r = 0; r < v->net->n_process; r++) add_dissipation(v, r, y);
}

static void total_entropy(const ion_item *item, const ion_view *v, double *restrict y)
{
  total_dissipation(item, v, y);
  for (size_t p = 0; p < v->n_point; p++) y[p] /= v->T[p];
}

/* y += sign J nu E of the fuel a process burns. */
static void add_source(const ion_view *v, size_t r, double sign, double *restrict y)
{
  const double nu = sign * v->net->process[r].source_nu, *J = ion_row(v->work->J, r);
  const double *E =
      v->net->process[r].source_row < 0 ? NULL : ion_prepared_source(v->model, v->prepared, r);

  if (!E) return;
  for (size_t p = 0; p < v->n_point; p++) y[p] += nu * J[p] * E[p];
}

/* y -= sign J nu mu of a term that is a clamped pool: what a bath gives up is delivered.
 * mu = RT (ln c + z v), to which ATP adds its free energy of formation from ADP and Pi. */
void ion_view_add_clamped(const ion_view *v, size_t r, const ion_term *term, double sign,
                          double *restrict y)
{
  const ion_pool *pool = &v->net->pool[term->pool];
  const double *J = ion_row(v->work->J, r), *ln_c = ion_row(v->work->ln_c, (size_t)term->pool);
  const double *potential_RT_F = ion_row(v->work->v, (size_t)pool->compartment);
  const double z = v->net->species[pool->species].valence, nu = sign * term->nu;
  const PetscBool is_atp = (PetscBool)(v->dG0 && pool->species == v->net->currency[0]);
  const double ln_1000   = log(1e3);

  for (size_t p = 0; p < v->n_point; p++)
    y[p] -= nu * J[p] * (ion_view_RT(v, p) * (ln_c[p] + z * potential_RT_F[p]));
  for (size_t p = 0; is_atp && p < v->n_point; p++)
    y[p] -= nu * J[p] * (ion_view_RT(v, p) * ln_1000 - v->dG0[p]);
}

/* y += sign times all free energy delivered by clamped sources and clamped pools. */
static void add_fuel(const ion_view *v, double sign, double *restrict y)
{
  for (size_t r = 0; r < v->net->n_process; r++) {
    const ion_process *process = &v->net->process[r];

    add_source(v, r, sign, y);
    for (size_t k = 0; k < process->n_term; k++)
      if (process->term[k].pool >= 0 && v->net->pool[process->term[k].pool].clamped)
        ion_view_add_clamped(v, r, &process->term[k], sign, y);
  }
}

static void total_fuel(const ion_item *item, const ion_view *v, double *restrict y)
{
  (void)item;
  for (size_t p = 0; p < v->n_point; p++) y[p] = 0.0;
  add_fuel(v, 1.0, y);
}

/* Tellegen: zero at a steady state. */
static void total_closure(const ion_item *item, const ion_view *v, double *restrict y)
{
  total_dissipation(item, v, y);
  add_fuel(v, -1.0, y);
}

static void eigenvalue(const ion_item *item, const ion_view *v, double *restrict y)
{
  (void)item;
  for (size_t p = 0; p < v->n_point; p++) y[p] = v->eigen_re ? v->eigen_re[p] : (double)NAN;
}

static void frequency(const ion_item *item, const ion_view *v, double *restrict y)
{
  (void)item;
  for (size_t p = 0; p < v->n_point; p++) y[p] = v->eigen_im ? fabs(v->eigen_im[p]) : (double)NAN;
}

/* y = strained where a homeostasis bound does not hold; NaN holds no bound. */
static void apply_bound(const ion_view *v, const ion_bound *bound, double *restrict y)
{
  const size_t c      = (size_t)bound->compartment;
  const double *q     = bound->pool >= 0 ? ion_row(v->work->c, (size_t)bound->pool)
                        : bound->is_V    ? ion_row(v->work->V, c)
                                         : ion_row(v->work->w, c);
  const double *lower = bound->lower_row < 0 ? NULL : ion_row(v->theta, (size_t)bound->lower_row);
  const double *upper = bound->upper_row < 0 ? NULL : ion_row(v->theta, (size_t)bound->upper_row);
  const double *within =
      bound->within_row < 0 ? NULL : ion_row(v->theta, (size_t)bound->within_row);

  for (size_t p = 0; p < v->n_point; p++) {
    const PetscBool holds =
        (PetscBool)((!lower || lower[p] < q[p]) && (!upper || q[p] < upper[p]) &&
                    (!within || fabs(q[p] / bound->rest - 1.0) < within[p]));

    if (!holds) y[p] = ION_CLASS_STRAINED;
  }
}

/* An unstable state with a real leading eigenvalue is a saddle, which relaxation never returns; should
 * one appear it is called strained, not physiological. */
static void verdict(const ion_item *item, const ion_view *v, double *restrict y)
{
  (void)item;
  for (size_t p = 0; p < v->n_point; p++) y[p] = ION_CLASS_PHYSIOLOGICAL;
  for (size_t i = 0; i < v->net->n_bound; i++) apply_bound(v, &v->net->bound[i], y);
  for (size_t p = 0; p < v->n_point; p++) {
    if (v->eigen_re && v->eigen_re[p] > 0.0)
      y[p] = v->eigen_im && v->eigen_im[p] != 0.0 ? ION_CLASS_OSCILLATORY : ION_CLASS_STRAINED;
    if (v->reached[p] == ION_LEDGER_REACHED_DEPARTED) y[p] = ION_CLASS_COLLAPSED;
    if (v->reached[p] == ION_LEDGER_REACHED_NOT) y[p] = ION_CLASS_NONE_FOUND;
  }
}

/* Read from the branch, not from the state: see ion_outputs_put_departures. */
static void departure(const ion_item *item, const ion_view *v, double *restrict y)
{
  (void)item;
  for (size_t p = 0; p < v->n_point; p++) y[p] = (double)NAN;
}

static void departure_kind(const ion_item *item, const ion_view *v, double *restrict y)
{
  (void)item;
  for (size_t p = 0; p < v->n_point; p++) y[p] = 0;
}

/* How each is reported: group, unit, reported value per SI value, and whether it needs eigenvalues. */
const ion_item_kind ion_item_potential         = {potential, "state", "mV", 1e3, PETSC_FALSE};
const ion_item_kind ion_item_concentration     = {concentration, "state", "mM", 1.0, PETSC_FALSE};
const ion_item_kind ion_item_volume            = {volume, "state", "pL", 1e15, PETSC_FALSE};
const ion_item_kind ion_item_osmolarity        = {osmolarity, "state", "mM", 1.0, PETSC_FALSE};
const ion_item_kind ion_item_nernst            = {nernst, "nernst", "mV", 1e3, PETSC_FALSE};
const ion_item_kind ion_item_a_atp             = {a_atp, "atp", "kJ/mol", 1e-3, PETSC_FALSE};
const ion_item_kind ion_item_work              = {work, "atp", "kJ/mol", 1e-3, PETSC_FALSE};
const ion_item_kind ion_item_efficiency        = {efficiency, "atp", "1", 1.0, PETSC_FALSE};
const ion_item_kind ion_item_flux              = {flux, "ledger", "fmol/s", 1e15, PETSC_FALSE};
const ion_item_kind ion_item_affinity          = {affinity, "ledger", "kJ/mol", 1e-3, PETSC_FALSE};
const ion_item_kind ion_item_dissipation       = {dissipation, "ledger", "pW", 1e12, PETSC_FALSE};
const ion_item_kind ion_item_total_dissipation = {total_dissipation, "ledger.total", "pW", 1e12,
                                                  PETSC_FALSE};
const ion_item_kind ion_item_total_entropy     = {total_entropy, "ledger.total", "W/K", 1.0,
                                                  PETSC_FALSE};
const ion_item_kind ion_item_total_fuel     = {total_fuel, "ledger.total", "pW", 1e12, PETSC_FALSE};
const ion_item_kind ion_item_total_closure  = {total_closure, "ledger.total", "pW", 1e12,
                                               PETSC_FALSE};
const ion_item_kind ion_item_eigenvalue     = {eigenvalue, "stability", "1/s", 1.0, PETSC_TRUE};
const ion_item_kind ion_item_frequency      = {frequency, "stability", "Hz",
                                               0.15915494309189535 /* 1/(2 pi) */, PETSC_TRUE};
const ion_item_kind ion_item_class          = {verdict, "class", "1", 1.0, PETSC_TRUE};
const ion_item_kind ion_item_departure      = {departure, "departure", "1", 1.0, PETSC_TRUE};
const ion_item_kind ion_item_departure_kind = {departure_kind, "departure", "1", 1.0, PETSC_TRUE};

void ion_outputs_observe(const ion_outputs *outputs, ion_block theta, ion_block prepared,
                         const ion_work *work_, size_t n_point, const unsigned char *reached,
                         const double *eigen_re, const double *eigen_im, ion_block value)
{
  const ion_network *net = ion_model_network(outputs->model);
  const ion_view v       = {.model    = outputs->model,
                            .net      = net,
                            .work     = work_,
                            .theta    = theta,
                            .prepared = prepared,
                            .n_point  = n_point,
                            .T        = ion_prepared_temperature(outputs->model, prepared),
                            .dG0      = net->currency[0] < 0 ? NULL
                                                             : ion_prepared_dG0_atp(outputs->model, prepared),
                            .reached  = reached,
                            .eigen_re = eigen_re,
                            .eigen_im = eigen_im};

  for (size_t i = 0; i < outputs->n; i++) {
    const ion_item *item = &outputs->item[i];
    const double scale   = item->about.scale;
    double *y            = ion_row(value, i);

    item->kind->report(item, &v, y);
    if (scale == 1.0) continue;
    for (size_t p = 0; p < n_point; p++) y[p] *= scale;
  }
}
