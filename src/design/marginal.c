#include "marginal.h"

#include "beta.h"
#include "normal.h"

#include <math.h>

static double clamp(const ion_marginal *m, double x)
{
  return fmin(fmax(x, m->lower), m->upper);
}

/* Standard score of a value of a normal or lognormal. */
static double score_of(const ion_marginal *m, double x)
{
  if (isinf(x)) return x;
  if (m->kind == ION_MARGINAL_NORMAL) return (x - m->param[0]) / m->param[1];
  return x > 0 ? log(x / m->param[0]) / log(m->param[1]) : -(double)INFINITY;
}

PetscBool ion_marginal_is_open(const ion_marginal *m)
{
  if (m->kind != ION_MARGINAL_NORMAL && m->kind != ION_MARGINAL_LOGNORMAL) return PETSC_FALSE;
  return (PetscBool)(isinf(score_of(m, m->lower)) || isinf(score_of(m, m->upper)));
}

double ion_marginal_truncate(ion_marginal *m)
{
  const double low = score_of(m, m->lower), high = score_of(m, m->upper);

  m->mirrored = (PetscBool)(low > 0); /* shares near 1 have lost their digits: count from above */
  m->start    = ion_normal_share(m->mirrored ? -high : low);
  m->span     = ion_normal_share(m->mirrored ? -low : high) - m->start;
  return m->span;
}

/* Standard scores of the parent law. */
static void scores(const ion_marginal *m, size_t n, const double *u, double *z)
{
  const double sign = m->mirrored ? -1.0 : 1.0;

  for (size_t i = 0; i < n; i++)
    z[i] = sign * ion_normal_quantile(m->start + m->span * (m->mirrored ? 1.0 - u[i] : u[i]));
}

/* ---- one function a kind: x and, where wanted, dx/du ---- */

static void uniform(const ion_marginal *m, size_t n, const double *u, double *x, double *slope)
{
  const double width = m->upper - m->lower;

  for (size_t i = 0; i < n; i++) {
    if (slope) slope[i] = width;
    x[i] = clamp(m, m->lower + width * u[i]);
  }
}

static void log_uniform(const ion_marginal *m, size_t n, const double *u, double *x, double *slope)
{
  const double start = ion_log(m->lower), width = ion_log(m->upper / m->lower);

  for (size_t i = 0; i < n; i++) {
    x[i] = clamp(m, ion_exp(start + width * u[i]));
    if (slope) slope[i] = width * x[i];
  }
}

static void normal(const ion_marginal *m, size_t n, const double *u, double *x, double *slope)
{
  scores(m, n, u, x);
  for (size_t i = 0; i < n; i++) {
    if (slope) slope[i] = m->param[1] * m->span / ion_normal_density(x[i]);
    x[i] = clamp(m, m->param[0] + m->param[1] * x[i]);
  }
}

static void lognormal(const ion_marginal *m, size_t n, const double *u, double *x, double *slope)
{
  const double sigma = ion_log(m->param[1]);

  scores(m, n, u, x);
  for (size_t i = 0; i < n; i++) {
    const double z = x[i];

    x[i] = clamp(m, m->param[0] * ion_exp(sigma * z));
    if (slope) slope[i] = sigma * x[i] * m->span / ion_normal_density(z);
  }
}

/* The density rises to the mode, then falls: F = (x - l)^2/(w (mode - l)) below it. */
static void triangular(const ion_marginal *m, size_t n, const double *u, double *x, double *slope)
{
  const double width = m->upper - m->lower, left = m->param[0] - m->lower;
  const double right = m->upper - m->param[0];

  for (size_t i = 0; i < n; i++) {
    const PetscBool below = (PetscBool)(u[i] * width < left);
    const double arm      = below ? sqrt(u[i] * width * left) : sqrt((1.0 - u[i]) * width * right);

    x[i] = clamp(m, below ? m->lower + arm : m->upper - arm);
    if (slope) slope[i] = 0.5 * width * (below ? left : right) / arm;
  }
}

static void beta(const ion_marginal *m, size_t n, const double *u, double *x, double *slope)
{
  const double width = m->upper - m->lower;

  for (size_t i = 0; i < n; i++) {
    const double s = ion_beta_quantile(m->param[0], m->param[1], u[i]);

    x[i] = clamp(m, m->lower + width * s);
    if (slope) slope[i] = width / ion_beta_density(m->param[0], m->param[1], s);
  }
}

static void discrete(const ion_marginal *m, size_t n, const double *u, double *x, double *slope)
{
  for (size_t i = 0; i < n; i++) {
    double sum = m->weight[0];
    size_t k   = 0;

    while (k + 1 < m->n_value && u[i] >= sum) sum += m->weight[++k];
    x[i] = m->value[k];
    if (slope) slope[i] = 0;
  }
}

void ion_marginal_quantile(const ion_marginal *marginal, size_t n, const double *u, double *x,
                           double *slope)
{
  static void (*const quantile[])(const ion_marginal *, size_t, const double *, double *,
                                  double *) = {
      [ION_MARGINAL_UNIFORM] = uniform,       [ION_MARGINAL_LOG_UNIFORM] = log_uniform,
      [ION_MARGINAL_NORMAL] = normal,         [ION_MARGINAL_LOGNORMAL] = lognormal,
      [ION_MARGINAL_TRIANGULAR] = triangular, [ION_MARGINAL_BETA] = beta,
      [ION_MARGINAL_DISCRETE] = discrete,
  };

  quantile[marginal->kind](marginal, n, u, x, slope);
}

PetscErrorCode ion_marginal_print(const ion_marginal *marginal, PetscSegBuffer out)
{
  PetscFunctionBegin;
  PetscCall(
      ion_design_print(out, "%s %.17g %.17g", marginal->name, marginal->lower, marginal->upper));
  for (size_t i = 0; i < marginal->n_param; i++)
    PetscCall(ion_design_print(out, " %s %.17g", marginal->param_name[i], marginal->param[i]));
  for (size_t i = 0; i < marginal->n_value; i++)
    PetscCall(ion_design_print(out, " %.17g:%.17g", marginal->value[i], marginal->weight[i]));
  PetscCall(ion_design_print(out, "\n"));
  PetscFunctionReturn(PETSC_SUCCESS);
}
