/* Elementary effects: Morris 1991, Campolongo, Cariboni and Saltelli 2007. */
#include "sensitivity_impl.h"

#include <math.h>

enum { N_RESAMPLE = 1000 };

/* Weighted moments of an effect; missing ones count nothing. */
typedef struct {
  double n, sum, square, absolute;
} effect_sums;

typedef struct {
  double mu_star, mu, sigma;
} effect_values;

static void add(effect_sums *s, double weight, double effect)
{
  s->n += weight;
  s->sum += weight * effect;
  s->square += weight * effect * effect;
  s->absolute += weight * fabs(effect);
}

static effect_values values_of(const effect_sums *s)
{
  const double mu = s->sum / s->n, rest = PetscMax(0.0, s->square - s->n * mu * mu);

  return (effect_values){s->n > 0.0 ? s->absolute / s->n : (double)NAN,
                         s->n > 0.0 ? mu : (double)NAN,
                         s->n > 1.0 ? sqrt(rest / (s->n - 1.0)) : (double)NAN};
}

/* Trajectory t counts Poisson(1) times in resample r, the same in every input. */
static effect_values resample(ion_block effect, size_t j, size_t r, const unsigned char *count)
{
  const double *x = ion_row(effect, j);
  effect_sums s   = {0};

  for (size_t t = 0; t < effect.n_point; t++)
    if (!isnan(x[t])) add(&s, count[t * N_RESAMPLE + r], x[t]);
  return values_of(&s);
}

static PetscErrorCode make_counts(size_t n, uint64_t seed, unsigned char **count)
{
  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n * N_RESAMPLE, count));
  for (size_t t = 0; t < n; t++)
    for (size_t r = 0; r < N_RESAMPLE; r += ION_POISSON_LANES)
      ion_poisson_weights(seed, t, r / ION_POISSON_LANES, *count + t * N_RESAMPLE + r);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Of one trajectory there is no interval. */
static ion_estimate estimate(double value, double n, const double *draw)
{
  return (ion_estimate){value, n > 1.0 ? ion_resample_width(N_RESAMPLE, 3, draw) : (double)NAN};
}

static void summarise(ion_block effect, size_t j, const unsigned char *count, PetscBool group,
                      ion_morris *out)
{
  const ion_estimate undefined = {(double)NAN, (double)NAN};
  effect_values draw[N_RESAMPLE], all;
  effect_sums s   = {0};
  const double *x = ion_row(effect, j);

  for (size_t t = 0; t < effect.n_point; t++)
    if (!isnan(x[t])) add(&s, 1.0, x[t]);
  all = values_of(&s);
  for (size_t r = 0; r < N_RESAMPLE; r++) draw[r] = resample(effect, j, r, count);
  out->n       = (uint64_t)s.n;
  out->mu_star = estimate(all.mu_star, s.n, &draw[0].mu_star);
  out->mu      = estimate(all.mu, s.n, &draw[0].mu);
  out->sigma   = estimate(all.sigma, s.n, &draw[0].sigma);
  if (group) out->mu = out->sigma = undefined;
}

PetscErrorCode ion_morris_indices(ion_block effect, const unsigned char *is_group, uint64_t seed,
                                  ion_morris *morris)
{
  unsigned char *count;

  PetscFunctionBegin;
  PetscCall(make_counts(effect.n_point, seed, &count));
  for (size_t j = 0; j < effect.n_row; j++)
    summarise(effect, j, count, (PetscBool)(is_group && is_group[j]), &morris[j]);
  PetscCall(PetscFree(count));
  PetscFunctionReturn(PETSC_SUCCESS);
}
