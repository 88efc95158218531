/* Sums to indices and their intervals. */
#include "pairs_impl.h"

#include <math.h>

static const ion_estimator_info info[ION_N_ESTIMATOR] = {
    [ION_FIRST_SALTELLI] = {"first_saltelli", "first order, mean of (f_B - m)(f_AB - f_A)",
                            "Saltelli et al. 2010"                                                                           },
    [ION_FIRST_JANSEN]   = {"first_jansen",   "first order, V less half the mean of (f_B - f_AB)^2",
                            "Jansen 1999"                                                                                    },
    [ION_FIRST_JANON]    = {"first_janon",    "first order, correlation of f_B and f_AB",
                            "Janon et al. 2014; Monod et al. 2006"                                                           },
    [ION_FIRST_AZZINI] = {"first_azzini",   "first order from A_B and B_A",                        "Azzini and Rosati 2019"},
    [ION_TOTAL_JANSEN] = {"total_jansen",   "total order, half the mean of (f_A - f_AB)^2",
                            "Jansen 1999"                                                                                    },
    [ION_TOTAL_JANON]  = {"total_janon",    "total order, 1 less the correlation of f_A and f_AB",
                            "Janon et al. 2014; Monod et al. 2006"                                                           },
    [ION_TOTAL_AZZINI] = {"total_azzini",   "total order from A_B and B_A",                        "Azzini and Rosati 2019"},
};

const ion_estimator_info *ion_estimator_at(ion_estimator estimator)
{
  return &info[estimator];
}

static const ion_estimator_info measures[] = {
    {"second_order",      "interaction of two inputs, from A_B and B_A",       "Saltelli 2002"            },
    {"mu_star",           "mean size of elementary effects",                   "Campolongo et al. 2007"   },
    {"sigma",             "spread of elementary effects",                      "Morris 1991"              },
    {"dgsm",              "mean squared derivative, bound of the total index", "Sobol and Kucherenko 2009"},
    {"activity_score",    "share in the leading directions of E[g g^T]",       "Constantine and Diaz 2017"},
    {"first_order_ranks", "first order from one sample, by ranks",             "Gamboa et al. 2022"       },
    {"first_order_easi",  "first order from one sample, by its spectrum",
     "Plischke 2010; Tissot and Prieur 2012"                                                              },
    {"delta",             "change of the density of the output",               "Borgonovo 2007"           },
    {"pawn",              "change of its distribution function",               "Pianosi and Wagener 2018" },
    {"regional_ks",       "distribution of a factor where points fail",        "Hornberger and Spear 1981"},
    {"box",               "box in which points fail (PRIM)",                   "Friedman and Fisher 1999" },
    {NULL,                NULL,                                                NULL                       },
};

const ion_estimator_info *ion_measures(void)
{
  return measures;
}

/* Mean (less the shift) and variance over f_A and f_B; variance 0 where it is no more than rounding. */
typedef struct {
  double mean, variance;
} moments;

static moments moments_of(const ion_pairs *p, double n, double sum, double square)
{
  const double mean = sum / n, scale = 1e-13 * p->shape.shift;
  const double variance = square / n - mean * mean;
  const double least    = PetscMax(scale * scale, 1e-13 * square / n);

  return (moments){mean, variance > least ? variance : 0.0};
}

static moments moments_of_sums(const ion_pairs *p, const double *sum)
{
  return moments_of(p, sum[SUM_NA] + sum[SUM_NB], sum[SUM_A] + sum[SUM_B],
                    sum[SUM_AA] + sum[SUM_BB]);
}

/* ---- values from sums ---- */

/* Correlation of two members of weighted pairs about their common mean:
 * w f g = (w (f^2 + g^2) - w (f - g)^2)/2. */
static double correlation(double w, double gap2, double both, double square)
{
  const double mean = 0.5 * both / w, variance = 0.5 * square / w - mean * mean;

  return variance > 1e-13 * square / w ? (variance - 0.5 * gap2 / w) / variance : (double)NAN;
}

static double ratio(double numerator, double denominator)
{
  return denominator > 0.0 ? numerator / denominator : (double)NAN;
}

static double value_of(const ion_pairs *p, ion_estimator estimator, moments m, const double *sum,
                       size_t j)
{
  const size_t k  = p->shape.n_input;
  const double *s = sum + N_SUM_SCALAR + j, *q = s + N_SUM_ARRAY * k;
  const double V = m.variance;

  switch (estimator) {
  case ION_FIRST_SALTELLI:
    return ratio(s[SUM_SBD * k] - m.mean * s[SUM_SD * k], s[SUM_SN * k] * V);
  case ION_FIRST_JANSEN:
    return 1.0 - ratio(s[SUM_PEE * k], 2.0 * s[SUM_PW * k] * V);
  case ION_FIRST_JANON:
    return correlation(s[SUM_PW * k], s[SUM_PEE * k], s[SUM_PS * k], s[SUM_PSS * k]);
  case ION_FIRST_AZZINI:
    return V > 0.0 ? ratio(2.0 * q[QUAD_S * k], q[QUAD_V * k]) : (double)NAN;
  case ION_TOTAL_JANSEN:
    return ratio(s[SUM_TDD * k], 2.0 * s[SUM_TW * k] * V);
  case ION_TOTAL_JANON:
    return 1.0 - correlation(s[SUM_TW * k], s[SUM_TDD * k], s[SUM_TS * k], s[SUM_TSS * k]);
  case ION_TOTAL_AZZINI:
    return V > 0.0 ? ratio(q[QUAD_T * k], q[QUAD_V * k]) : (double)NAN;
  case ION_N_ESTIMATOR:
    break;
  }
  return (double)NAN;
}

/* What is asked for: an estimator for every input, or one of these. */
enum { CLOSED = ION_N_ESTIMATOR, SECOND, SCALARS };
enum { SCALAR_MEAN, SCALAR_VARIANCE, SCALAR_DUMMY, N_SCALAR };

/* S^c_jl = mean of f_BA^j f_AB^l - f_A f_B over V, about the mean; j and l may change places. */
static void cross_values(const ion_pairs *p, int what, moments m, const double *sum, double *value)
{
  const size_t k = p->shape.n_input, kk = k * k;
  const double *c = sum + ion_cross_at(p, 0);

  for (size_t j = 0; j < k; j++) {
    for (size_t l = 0; l < k; l++) {
      const size_t a = j * k + l, b = l * k + j;
      const double n      = c[CROSS_N * kk + a] + c[CROSS_N * kk + b];
      const double P      = c[CROSS_P * kk + a] + c[CROSS_P * kk + b];
      const double Q      = c[CROSS_Q * kk + a] + c[CROSS_Q * kk + b];
      const double closed = ratio(P - m.mean * Q, n * m.variance);

      value[a] = closed;
      if (what == SECOND)
        value[a] -=
            value_of(p, ION_FIRST_SALTELLI, m, sum, j) + value_of(p, ION_FIRST_SALTELLI, m, sum, l);
      if (j == l) value[a] = (double)NAN;
    }
  }
}

static void values(const ion_pairs *p, int what, const double *sum, double *value)
{
  const moments m = moments_of_sums(p, sum);

  if (what == SCALARS) {
    const double half = 0.5 * sum[SUM_GAP] / sum[SUM_NAB];

    value[SCALAR_MEAN]     = p->shape.shift + m.mean;
    value[SCALAR_VARIANCE] = m.variance;
    value[SCALAR_DUMMY]    = ratio(sum[SUM_AB] / sum[SUM_NAB] - half * half, m.variance);
  } else if (what < ION_N_ESTIMATOR) {
    for (size_t j = 0; j < p->shape.n_input; j++)
      value[j] = value_of(p, (ion_estimator)what, m, sum, j);
  } else {
    cross_values(p, what, m, sum, value);
  }
}

/* The same from the sums of a resample, which know two estimators. */
static void resampled(const ion_pairs *p, int what, const double *boot, double *value)
{
  const size_t k  = p->shape.n_input;
  const double *b = boot + N_BOOT_SCALAR;
  const moments m = moments_of(p, boot[BOOT_NA] + boot[BOOT_NB], boot[BOOT_A] + boot[BOOT_B],
                               boot[BOOT_AA] + boot[BOOT_BB]);

  if (what == SCALARS) {
    value[SCALAR_MEAN]     = p->shape.shift + m.mean;
    value[SCALAR_VARIANCE] = m.variance;
    value[SCALAR_DUMMY]    = (double)NAN;
    return;
  }
  for (size_t j = 0; j < k; j++, b++) {
    const double n = boot[BOOT_FULL] + b[BOOT_SN * k], D = b[BOOT_D * k] / n;
    const double centre = p->shape.weighted ? D : m.mean;

    value[j] = what == ION_TOTAL_JANSEN
                   ? ratio(b[BOOT_DD * k], 2.0 * (boot[BOOT_FULL] + b[BOOT_TW * k]) * m.variance)
                   : ratio(b[BOOT_BD * k] / n - centre * D, m.variance);
  }
}

static PetscBool is_resampled(const ion_pairs *p, int what)
{
  return (PetscBool)(what == SCALARS || what == ION_TOTAL_JANSEN ||
                     what == (int)ion_pairs_default(p, PETSC_FALSE));
}

/* ---- intervals ---- */

/* A question, and room for the answers. */
typedef struct {
  const ion_pairs *p;
  int what;
  ion_share share;
  size_t n;        /* values of an answer */
  double *sum;     /* [sum_size] */
  double *without; /* [n_part][n], or of resamples */
} question;

static PetscErrorCode answer(const question *q, size_t without_replicate, size_t without_part,
                             double *value)
{
  const pairs_selection selection = {q->share, without_replicate, without_part};

  PetscFunctionBegin;
  PetscCall(ion_pairs_gather(q->p, &selection, q->sum));
  values(q->p, q->what, q->sum, value);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode jackknife(question *q, size_t n_part, PetscBool replicates,
                                ion_estimate *estimate)
{
  PetscFunctionBegin;
  PetscCall(PetscMalloc1(PetscMax(n_part, 1) * q->n, &q->without));
  for (size_t i = 0; i < n_part; i++)
    PetscCall(
        answer(q, replicates ? i : SIZE_MAX, replicates ? SIZE_MAX : i, q->without + i * q->n));
  for (size_t j = 0; j < q->n; j++)
    estimate[j].half_width = ion_jackknife(n_part, q->n, q->without + j);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode bootstrap(question *q, ion_estimate *estimate)
{
  const size_t n_resample = q->p->shape.n_resample;
  PetscBool is_there      = (PetscBool)(n_resample > 1 && is_resampled(q->p, q->what));
  double *boot;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(PetscMax(n_resample, 1) * q->n, &q->without));
  PetscCall(PetscMalloc1(q->p->boot_size, &boot));
  for (size_t r = 0; is_there && r < n_resample; r++) {
    is_there = ion_pairs_gather_resample(q->p, q->share, r, boot);
    resampled(q->p, q->what, boot, q->without + r * q->n);
  }
  for (size_t j = 0; j < q->n; j++)
    estimate[j].half_width =
        is_there ? ion_resample_width(n_resample, q->n, q->without + j) : (double)NAN;
  PetscCall(PetscFree(boot));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Parts of the present share that hold blocks. */
static size_t n_filled(const ion_pairs *p, ion_share share)
{
  size_t n = 0;

  while (n < (size_t)ION_PART >> share && p->n_fed[n] > 0) n++;
  return n;
}

static PetscErrorCode ask(const ion_pairs *p, int what, size_t n, ion_interval interval,
                          ion_share share, ion_estimate *estimate)
{
  question q = {p, what, share, n, NULL, NULL};
  double *value;
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(p->sum_size, &q.sum));
  PetscCall(PetscMalloc1(n, &value));
  code = answer(&q, SIZE_MAX, SIZE_MAX, value);
  for (size_t j = 0; j < n; j++) estimate[j].value = value[j];
  if (!code && interval == ION_BY_BOOTSTRAP) code = bootstrap(&q, estimate);
  if (!code && interval == ION_BY_REPLICATES)
    code = jackknife(&q, p->shape.n_replicate, PETSC_TRUE, estimate);
  if (!code && interval == ION_BY_SUBBLOCKS)
    code = jackknife(&q, n_filled(p, share), PETSC_FALSE, estimate);
  PetscCall(PetscFree(value));
  PetscCall(PetscFree(q.sum));
  PetscCall(PetscFree(q.without));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- public ---- */

ion_estimator ion_pairs_default(const ion_pairs *pairs, PetscBool total)
{
  if (total) return ION_TOTAL_JANSEN;
  return pairs->shape.weighted ? ION_FIRST_JANON : ION_FIRST_SALTELLI;
}

ion_interval ion_pairs_interval(const ion_pairs *pairs)
{
  return pairs->shape.n_replicate > 1 ? ION_BY_REPLICATES : ION_BY_SUBBLOCKS;
}

PetscErrorCode ion_pairs_estimate(const ion_pairs *pairs, ion_estimator estimator,
                                  ion_interval interval, ion_share share, ion_estimate *estimate)
{
  const PetscBool azzini =
      (PetscBool)(estimator == ION_FIRST_AZZINI || estimator == ION_TOTAL_AZZINI);

  PetscFunctionBegin;
  PetscCheck(pairs->shape.reversed || !azzini, PETSC_COMM_SELF, PETSC_ERR_ARG_INCOMP,
             "%s needs the reversed members B_A of a block", info[estimator].name);
  PetscCall(ask(pairs, (int)estimator, pairs->shape.n_input, interval, share, estimate));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ask_cross(const ion_pairs *p, int what, ion_interval interval,
                                ion_estimate *estimate)
{
  PetscFunctionBegin;
  PetscCheck(p->shape.second_order, PETSC_COMM_SELF, PETSC_ERR_ARG_INCOMP,
             "the study was not summed for second order");
  PetscCall(ask(p, what, p->shape.n_input * p->shape.n_input, interval, ION_ALL, estimate));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_pairs_second_order(const ion_pairs *pairs, ion_interval interval,
                                      ion_estimate *estimate)
{
  PetscFunctionBegin;
  PetscCall(ask_cross(pairs, SECOND, interval, estimate));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_pairs_closed(const ion_pairs *pairs, ion_interval interval,
                                ion_estimate *estimate)
{
  PetscFunctionBegin;
  PetscCall(ask_cross(pairs, CLOSED, interval, estimate));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode count_pairs(const ion_pairs *p, ion_pairs_summary *summary)
{
  const pairs_selection all = {ION_ALL, SIZE_MAX, SIZE_MAX};
  const size_t sides        = p->shape.reversed ? 2 : 1;
  double *sum;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(p->sum_size, &sum));
  PetscCall(ion_pairs_gather(p, &all, sum));
  summary->n_value = (uint64_t)(sum[SUM_NA] + sum[SUM_NB]);
  summary->n_pair  = sides * p->shape.n_input * p->shape.n_replicate * p->shape.n_block;
  for (size_t j = 0; j < p->shape.n_input; j++)
    summary->n_paired += (uint64_t)sum[ion_sum_at(p, SUM_TN) + j];
  PetscCall(PetscFree(sum));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_pairs_summarise(const ion_pairs *pairs, ion_interval interval,
                                   ion_pairs_summary *summary)
{
  ion_estimate scalar[N_SCALAR];

  PetscFunctionBegin;
  *summary = (ion_pairs_summary){0};
  PetscCall(ask(pairs, SCALARS, N_SCALAR, interval, ION_ALL, scalar));
  summary->mean     = scalar[SCALAR_MEAN];
  summary->variance = scalar[SCALAR_VARIANCE];
  summary->dummy    = scalar[SCALAR_DUMMY];
  PetscCall(count_pairs(pairs, summary));
  if (!summary->n_value) summary->mean.value = summary->variance.value = (double)NAN;
  PetscFunctionReturn(PETSC_SUCCESS);
}
