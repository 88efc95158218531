/* From the unknowns to the state: potentials, volumes, concentrations, osmolarities. */
#include "base/vecmath.h"
#include "evaluate_impl.h"

#include <math.h>
#include <string.h>

static void unpack_potential(const ion_stage *e, size_t i)
{
  const ion_model *m = e->model;
  double *restrict V = ion_stage_scratch(e, m->row_V + (int)i);
  double *restrict v = ion_stage_scratch(e, m->row_v + (int)i);
  const double *tau  = ion_stage_prepared(e, m->prep_tau);
  const double unit  = ion_thermal_voltage(m->T_ref);

  if (m->compartment[i].x_V < 0) {
    memset(V, 0, e->n * sizeof *V);
    memset(v, 0, e->n * sizeof *v);
    return;
  }
  const double *restrict x = ion_row(e->x, (size_t)m->compartment[i].x_V);
#pragma omp simd
  for (size_t p = 0; p < e->n; p++) {
    V[p] = x[p] * unit;
    v[p] = x[p] * tau[p];
  }
}

static void unpack_free_volume(const ion_stage *e, size_t i)
{
  const double *restrict x = ion_row(e->x, (size_t)e->model->compartment[i].x_w);
  double *restrict w       = ion_stage_scratch(e, e->model->row_w + (int)i);
  double *restrict inverse = ion_stage_scratch(e, e->model->row_inv_w[i]);

#pragma omp simd
  for (size_t p = 0; p < e->n; p++) {
    w[p]       = ion_exp(x[p]);
    inverse[p] = 1.0 / w[p];
  }
}

/* The remainder of the tissue; no room left is out of the model's domain. */
static void unpack_remainder(const ion_stage *e, size_t i)
{
  const ion_model *m       = e->model;
  double *restrict w       = ion_stage_scratch(e, m->row_w + (int)i);
  double *restrict inverse = ion_stage_scratch(e, m->row_inv_w[i]);

  memcpy(w, ion_stage_prepared(e, m->prep_W), e->n * sizeof *w);
  for (size_t j = 0; j < m->network.n_compartment; j++) {
    const double *other = ion_stage_scratch(e, m->row_w + (int)j);

    if (j == i || m->compartment[j].volume == ION_VOLUME_INFINITE) continue;
#pragma omp simd
    for (size_t p = 0; p < e->n; p++) w[p] -= other[p];
  }
#pragma omp simd
  for (size_t p = 0; p < e->n; p++) {
    w[p]       = w[p] > 0 ? w[p] : (double)NAN;
    inverse[p] = 1.0 / w[p];
  }
  for (size_t j = 0; j < m->network.n_compartment; j++) {
    const double *other = ion_stage_scratch(e, m->row_w + (int)j);
    double *ratio       = ion_stage_scratch(e, m->row_dw[i] + (int)j);

    if (m->compartment[j].x_w < 0) continue;
#pragma omp simd
    for (size_t p = 0; p < e->n; p++) ratio[p] = other[p] * inverse[p];
  }
}

static void unpack_area(const ion_stage *e, size_t i)
{
  const ion_model *m        = e->model;
  const double *restrict w  = ion_stage_scratch(e, m->row_w + (int)i);
  const double *restrict by = ion_stage_prepared(e, m->prep_area[i]);
  double *restrict area     = ion_stage_scratch(e, m->row_area[i]);
  const PetscBool is_fixed  = (PetscBool)(m->compartment_detail[i].length_row < 0);

  for (size_t p = 0; p < e->n; p++) area[p] = is_fixed ? by[p] : by[p] * sqrt(w[p]);
}

static void unpack_volumes(const ion_stage *e)
{
  const ion_model *m = e->model;

  for (size_t i = 0; i < m->network.n_compartment; i++) {
    double *w       = ion_stage_scratch(e, m->row_w + (int)i),
           *inverse = ion_stage_scratch(e, m->row_inv_w[i]);

    if (m->compartment[i].volume == ION_VOLUME_FREE)
      unpack_free_volume(e, i);
    else if (m->compartment[i].volume != ION_VOLUME_REMAINDER)
      for (size_t p = 0; p < e->n; p++) {
        w[p]       = ion_stage_prepared(e, m->prep_w[i])[p];
        inverse[p] = 1.0 / w[p];
      }
  }
  for (size_t i = 0; i < m->network.n_compartment; i++) {
    if (m->compartment[i].volume == ION_VOLUME_REMAINDER) unpack_remainder(e, i);
    if (m->row_area[i] >= 0) unpack_area(e, i);
  }
}

static void unpack_direct(const ion_stage *e, size_t q)
{
  const double *restrict x = ion_row(e->x, (size_t)e->model->pool[q].x);
  double *restrict c       = ion_stage_scratch(e, e->model->row_c + (int)q);
  double *restrict ln_c    = ion_stage_scratch(e, e->model->row_ln_c + (int)q);

#pragma omp simd
  for (size_t p = 0; p < e->n; p++) {
    ln_c[p] = x[p];
    c[p]    = ion_exp(x[p]);
  }
}

/* ln w: the unknown itself where the volume is one. */
static void log_volume(const ion_stage *e, int i, double *ln_w, size_t first, size_t n)
{
  const ion_compartment *c = &e->model->compartment[i];
  const double *w          = ion_stage_scratch(e, e->model->row_w + i) + first;

  if (c->x_w >= 0)
    memcpy(ln_w, ion_row(e->x, (size_t)c->x_w) + first, n * sizeof *ln_w);
  else
    for (size_t p = 0; p < n; p++) ln_w[p] = ion_log(w[p]);
}

/* a = (M/w) s, b = (M/w)(1 - s), s = 1/(1 + exp(-x)). */
static void unpack_pair(const ion_stage *e, size_t q)
{
  const ion_model *m        = e->model;
  const ion_pool_plan *plan = &m->plan[q];
  const int i               = m->pool[q].compartment;
  enum { TILE = 64 };

  for (size_t first = 0; first < e->n; first += TILE) {
    const size_t n                 = e->n - first < TILE ? e->n - first : TILE;
    const double *restrict x       = ion_row(e->x, (size_t)m->pool[q].x) + first;
    const double *restrict M       = ion_stage_prepared(e, m->prep_total[plan->moiety]) + first;
    const double *restrict ln_M    = ion_stage_prepared(e, m->prep_ln_total[plan->moiety]) + first;
    const double *restrict inverse = ion_stage_scratch(e, m->row_inv_w[i]) + first;
    double *restrict s             = ion_stage_scratch(e, plan->share) + first;
    double *restrict t             = ion_stage_scratch(e, plan->share + 1) + first;
    double *restrict a             = ion_stage_scratch(e, m->row_c + (int)q) + first;
    double *restrict b             = ion_stage_scratch(e, m->row_c + plan->partner) + first;
    double *restrict ln_a          = ion_stage_scratch(e, m->row_ln_c + (int)q) + first;
    double *restrict ln_b          = ion_stage_scratch(e, m->row_ln_c + plan->partner) + first;
    double ln_w[TILE];

    log_volume(e, i, ln_w, first, n);
#pragma omp simd
    for (size_t p = 0; p < n; p++) {
      const double g = ion_exp(-x[p]), c = M[p] * inverse[p];

      s[p]    = 1.0 / (1.0 + g);
      t[p]    = g * s[p];
      a[p]    = c * s[p];
      b[p]    = c * t[p];
      ln_a[p] = ln_M[p] - ln_w[p] - ion_log(1.0 + g);
      ln_b[p] = ln_a[p] - x[p];
    }
  }
}

/* c = (M/w - sum_j k_j c_j)/k_0 */
static void unpack_remaining_pool(const ion_stage *e, size_t q)
{
  const ion_model *m        = e->model;
  const ion_pool_plan *plan = &m->plan[q];
  const ion_moiety *moiety  = &m->moiety[plan->moiety];
  const double *M           = ion_stage_prepared(e, m->prep_total[plan->moiety]);
  const double *iw          = ion_stage_scratch(e, m->row_inv_w[m->pool[q].compartment]);
  double *restrict c        = ion_stage_scratch(e, m->row_c + (int)q);
  double *restrict ln_c     = ion_stage_scratch(e, m->row_ln_c + (int)q);
  const double share        = 1.0 / moiety->coefficient[0];
  double *restrict inverse  = ion_stage_scratch(e, plan->inverse);

  for (size_t p = 0; p < e->n; p++) c[p] = M[p] * iw[p] * share;
  for (size_t k = 1; k < moiety->n_member; k++) {
    const double *other = ion_stage_scratch(e, m->row_c + moiety->pool[k]);
    const double by     = moiety->coefficient[k] * share;

#pragma omp simd
    for (size_t p = 0; p < e->n; p++) c[p] -= by * other[p];
  }
#pragma omp simd
  for (size_t p = 0; p < e->n; p++) {
    ln_c[p]    = ion_log(c[p]);
    inverse[p] = 1.0 / c[p];
  }
}

static void unpack_pools(const ion_stage *e)
{
  const ion_model *m = e->model;

  for (size_t q = 0; q < m->network.n_pool; q++) {
    const ion_pool_rule rule = m->plan[q].rule;

    if (rule == ION_POOL_DIRECT)
      unpack_direct(e, q);
    else if (rule == ION_POOL_PAIR)
      unpack_pair(e, q);
    else if (rule == ION_POOL_CLAMPED) {
      memcpy(ion_stage_scratch(e, m->row_c + (int)q), ion_stage_prepared(e, m->prep_c[q]),
             e->n * sizeof(double));
      memcpy(ion_stage_scratch(e, m->row_ln_c + (int)q), ion_stage_prepared(e, m->prep_ln_c[q]),
             e->n * sizeof(double));
    }
  }
  for (size_t q = 0; q < m->network.n_pool; q++)
    if (m->plan[q].rule == ION_POOL_REMAINDER) unpack_remaining_pool(e, q);
}

static void sum_osmolarities(const ion_stage *e)
{
  const ion_model *m = e->model;

  for (size_t i = 0; i < m->network.n_compartment; i++) {
    double *restrict Pi = ion_stage_scratch(e, m->row_Pi + (int)i);

    if (m->compartment[i].volume == ION_VOLUME_INFINITE)
      memcpy(Pi, ion_stage_prepared(e, m->prep_cX[i]), e->n * sizeof *Pi);
    else {
      const double *nX      = ion_stage_prepared(e, m->prep_nX[i]),
                   *inverse = ion_stage_scratch(e, m->row_inv_w[i]);

#pragma omp simd
      for (size_t p = 0; p < e->n; p++) Pi[p] = nX[p] * inverse[p];
    }
    for (size_t q = 0; q < m->network.n_pool; q++) {
      const double *c = ion_stage_scratch(e, m->row_c + (int)q);

      if (m->pool[q].compartment != (int)i || !m->species[m->pool[q].species].osmotic) continue;
#pragma omp simd
      for (size_t p = 0; p < e->n; p++) Pi[p] += c[p];
    }
  }
}

void ion_stage_unpack(const ion_stage *e)
{
  for (size_t i = 0; i < e->model->network.n_compartment; i++) unpack_potential(e, i);
  unpack_volumes(e);
  unpack_pools(e);
  sum_osmolarities(e);
}
