/* Measures that need no design: by ranks, by the spectrum along a factor, by classes of equal count. */
#include "sensitivity_impl.h"

#include <math.h>
#include <string.h>

enum {
  N_WAVE     = 6,   /* frequencies of EASI: M */
  N_SLICE    = 10,  /* conditioning intervals of PAWN */
  MAX_CLASS  = 20,  /* classes of x and of y in the table of delta */
  MIN_CELL   = 100, /* points a cell of that table should hold */
  N_RESAMPLE = 200, /* of its bootstrap */
  GAUSSIAN   = 64   /* a Poisson number of such a mean is drawn as a normal one */
};

/* Survivors: y and the order of y; for one factor the order of x. */
typedef struct {
  size_t n, n_part;
  double *y;
  size_t *rank;  /* [n] place of each point among the y */
  size_t *part;  /* [n] part of the jackknife */
  size_t *order; /* [n] points by rising x */
  uint64_t seed;
} sample;

/* ---- first order ---- */

/* y by rising x, without the points of a part. */
static size_t select_sorted(const sample *s, size_t without, double *y)
{
  size_t n = 0;

  for (size_t i = 0; i < s->n; i++)
    if (s->part[s->order[i]] != without) y[n++] = s->y[s->order[i]];
  return n;
}

/* Mean and variance; NaN where the variance is no more than rounding. */
static double variance_of(size_t n, const double *y, double *mean)
{
  double sum = 0.0, square = 0.0;

  for (size_t i = 0; i < n; i++) {
    sum += y[i];
    square += y[i] * y[i];
  }
  sum /= (double)n;
  square /= (double)n;
  *mean = sum;
  return square - sum * sum > 1e-13 * square ? square - sum * sum : (double)NAN;
}

/* Gamboa, Gremaud, Klein and Lagnoux 2022 (after Chatterjee 2021): the mean of y_i y_next, next in the
 * order of x, estimates E[E[Y|x]^2]; the last is followed by the first. */
static double by_ranks(size_t n, const double *y)
{
  double product        = 0.0, mean;
  const double variance = variance_of(n, y, &mean);

  for (size_t i = 0; i < n; i++) product += y[i] * y[i + 1 < n ? i + 1 : 0];
  return (product / (double)n - mean * mean) / variance;
}

/* sum_m |sum_t z_t exp(2 pi i m t/n)|^2 over the lowest frequencies, z = y less its mean: every second y on the
 * way up, the others on the way down, so that x is a triangle of t and E[Y|x] has period n. */
static double low_power(size_t n, const double *y, double mean)
{
  double re[N_WAVE] = {0.0}, im[N_WAVE] = {0.0}, c[N_WAVE], s[N_WAVE], dc[N_WAVE], ds[N_WAVE];
  double power = 0.0;

  for (size_t m = 0; m < N_WAVE; m++) {
    const double step = 2.0 * M_PI * (double)(m + 1) / (double)n;

    c[m]  = 1.0;
    s[m]  = 0.0;
    dc[m] = cos(step);
    ds[m] = sin(step);
  }
  for (size_t t = 0; t < n; t++) {
    const double z = y[2 * t < n ? 2 * t : 2 * (n - t) - 1] - mean;

    for (size_t m = 0; m < N_WAVE; m++) {
      const double turned = c[m] * dc[m] - s[m] * ds[m];

      re[m] += z * c[m];
      im[m] += z * s[m];
      s[m] = c[m] * ds[m] + s[m] * dc[m];
      c[m] = turned;
    }
  }
  for (size_t m = 0; m < N_WAVE; m++) power += re[m] * re[m] + im[m] * im[m];
  return power;
}

/* EASI, Plischke 2010: the share of the spectrum (Parseval: n^2 V over all frequencies) in the lowest ones and
 * their conjugates. Of noise they hold lambda = 2 M/n: Tissot and Prieur 2012 take that off. */
static double by_spectrum(size_t n, const double *y)
{
  const double lambda = 2.0 * N_WAVE / (double)n;
  double mean, share;
  const double variance = variance_of(n, y, &mean);

  if (lambda >= 1.0) return (double)NAN;
  share = 2.0 * low_power(n, y, mean) / ((double)n * (double)n * variance);
  return share - lambda / (1.0 - lambda) * (1.0 - share);
}

/* An estimator and its jackknife over parts; y holds n, without n_part numbers. */
static ion_estimate first_order(const sample *s, double (*estimator)(size_t, const double *),
                                double *y, double *without)
{
  for (size_t i = 0; i < s->n_part; i++) without[i] = estimator(select_sorted(s, i, y), y);
  return (ion_estimate){estimator(select_sorted(s, SIZE_MAX, y), y),
                        ion_jackknife(s->n_part, 1, without)};
}

static PetscErrorCode first_orders(const sample *s, ion_given *out)
{
  double *y, *without;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(s->n, &y, s->n_part, &without));
  out->first      = first_order(s, by_ranks, y, without);
  out->first_easi = first_order(s, by_spectrum, y, without);
  PetscCall(PetscFree2(y, without));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- PAWN ---- */

/* Kolmogorov distance of the y of points order[from .. to) to all y. */
static double slice_distance(const sample *s, size_t from, size_t to, unsigned char *is_in)
{
  const double all = (double)s->n, in = (double)(to - from);
  double d = 0.0, seen = 0.0;

  memset(is_in, 0, s->n);
  for (size_t i = from; i < to; i++) is_in[s->rank[s->order[i]]] = 1;
  for (size_t r = 0; r < s->n; r++) {
    seen += is_in[r];
    d = PetscMax(d, fabs(seen / in - (double)(r + 1) / all));
  }
  return d;
}

static PetscErrorCode pawn(const sample *s, ion_given *out)
{
  unsigned char *is_in;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(s->n, &is_in));
  for (size_t c = 0; c < N_SLICE; c++) {
    const double d = slice_distance(s, c * s->n / N_SLICE, (c + 1) * s->n / N_SLICE, is_in);

    out->pawn_mean += d / N_SLICE;
    out->pawn_max = PetscMax(out->pawn_max, d);
  }
  PetscCall(PetscFree(is_in));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- delta ---- */

/* delta = 1/2 sum_cells |p_cell - p_class p_bin| */
static double delta_of(size_t m, const double *cell)
{
  double row[MAX_CLASS] = {0.0}, column[MAX_CLASS] = {0.0}, n = 0.0, distance = 0.0;

  for (size_t i = 0; i < m * m; i++) {
    row[i / m] += cell[i];
    column[i % m] += cell[i];
    n += cell[i];
  }
  for (size_t i = 0; i < m * m; i++) distance += fabs(cell[i] - row[i / m] * column[i % m] / n);
  return 0.5 * distance / n;
}

/* Poisson number of any mean, a pure function of its key (small means by Knuth's product). */
static double poisson(double mean, uint64_t seed, uint64_t point, uint64_t stream)
{
  double product = 1.0, count = -1.0;

  if (mean >= GAUSSIAN) {
    const double u = ion_random_uniform(seed, point, stream);
    const double v = ion_random_uniform(seed, point, stream | (uint64_t)1 << 40);

    return PetscMax(0.0, round(mean + sqrt(-2.0 * mean * log(u)) * cos(2.0 * M_PI * v)));
  }
  for (uint64_t i = 0; product > exp(-mean); i++) {
    product *= ion_random_uniform(seed, point, stream | i << 32);
    count += 1.0;
  }
  return count;
}

/* Plischke, Borgonovo and Smith 2013: the bias of d is that of resamples of the table, 2 d - mean(d*).
 * Cells of a table whose points count Poisson(1) times are Poisson numbers of their content. */
static ion_estimate corrected(size_t m, const double *cell, uint64_t seed, uint64_t factor)
{
  const double d = delta_of(m, cell);
  double draw[N_RESAMPLE], copy[MAX_CLASS * MAX_CLASS], mean = 0.0;

  for (size_t r = 0; r < N_RESAMPLE; r++) {
    for (size_t i = 0; i < m * m; i++)
      copy[i] = cell[i] > 0.0 ? poisson(cell[i], seed, factor << 32 | r, i) : 0.0;
    draw[r] = delta_of(m, copy);
    mean += draw[r] / N_RESAMPLE;
  }
  return (ion_estimate){2.0 * d - mean, ion_resample_width(N_RESAMPLE, 1, draw)};
}

static void delta(const sample *s, uint64_t factor, ion_given *out)
{
  const double wanted                = sqrt((double)s->n / MIN_CELL);
  const size_t m                     = (size_t)PetscMax(3.0, PetscMin(wanted, MAX_CLASS));
  double cell[MAX_CLASS * MAX_CLASS] = {0.0};

  for (size_t i = 0; i < s->n; i++)
    cell[(i * m / s->n) * m + s->rank[s->order[i]] * m / s->n] += 1.0;
  out->delta = corrected(m, cell, s->seed, factor);
}

/* ---- all of them ---- */

static PetscErrorCode one_factor(sample *s, const double *x, uint64_t factor, ion_given *out)
{
  const ion_estimate none = {(double)NAN, (double)NAN};

  PetscFunctionBegin;
  *out = (ion_given){none, none, none, (double)NAN, (double)NAN};
  if (s->n < (size_t)N_SLICE * ION_PART) PetscFunctionReturn(PETSC_SUCCESS);
  out->pawn_mean = out->pawn_max = 0.0;
  PetscCall(ion_order(s->n, x, s->order));
  PetscCall(first_orders(s, out));
  PetscCall(pawn(s, out));
  delta(s, factor, out);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode select_survivors(const double *y, size_t n, size_t n_replicate, sample *s,
                                       size_t *index)
{
  const ion_parts parts = {n, n_replicate};
  size_t *order;

  PetscFunctionBegin;
  s->n_part = ion_part_count(&parts);
  for (size_t i = 0; i < n; i++) {
    if (!isfinite(y[i])) continue;
    index[s->n]   = i;
    s->part[s->n] = ion_part_of(&parts, i);
    s->y[s->n++]  = y[i];
  }
  PetscCall(PetscMalloc1(s->n, &order));
  PetscCall(ion_order(s->n, s->y, order));
  for (size_t i = 0; i < s->n; i++) s->rank[order[i]] = i;
  PetscCall(PetscFree(order));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Columns of the survivors one after the other; the dummy is a random order. */
static PetscErrorCode all_factors(ion_block x, sample *s, const size_t *index, ion_given *given)
{
  double *column;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(x.n_point, &column));
  for (size_t j = 0; j <= x.n_row; j++) {
    for (size_t i = 0; i < s->n; i++)
      column[i] = j < x.n_row ? ion_row(x, j)[index[i]]
                              : ion_random_uniform(s->seed, index[i], (uint64_t)1 << 48);
    PetscCall(one_factor(s, column, j, &given[j]));
  }
  PetscCall(PetscFree(column));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_given_data(ion_block x, const double *y, size_t n_replicate, uint64_t seed,
                              ion_given *given)
{
  const size_t n = x.n_point;
  sample s       = {.seed = seed};
  size_t *index;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n + 1, &s.y));
  PetscCall(PetscMalloc4(n, &s.rank, n, &s.part, n, &s.order, n, &index));
  PetscCall(select_survivors(y, n, n_replicate, &s, index));
  PetscCall(all_factors(x, &s, index, given));
  PetscCall(PetscFree4(s.rank, s.part, s.order, index));
  PetscCall(PetscFree(s.y));
  PetscFunctionReturn(PETSC_SUCCESS);
}
