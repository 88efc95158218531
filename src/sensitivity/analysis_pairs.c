/* Tables of variance-based indices. */
#include "analysis_impl.h"

#include <math.h>

static const ion_analysis_axis by_output[] = {ION_AXIS_OUTPUT};
static const ion_analysis_axis by_input[]  = {ION_AXIS_OUTPUT, ION_AXIS_FACTOR};
static const ion_analysis_axis by_pair[]   = {ION_AXIS_OUTPUT, ION_AXIS_FACTOR, ION_AXIS_FACTOR_2};
static const ion_analysis_axis by_stage[]  = {ION_AXIS_OUTPUT, ION_AXIS_STAGE, ION_AXIS_FACTOR};

/* Where the numbers of one output go. */
typedef struct {
  double *first, *first_half, *first_check, *total, *total_half, *total_check;
  double *mean, *variance, *missing, *flag;
  double *stage_first, *stage_first_half, *stage_total, *stage_total_half;
  double *second, *second_half;
  double *plain, *plain_lower, *plain_upper;
} tables;

static const char unweighted[] = "of the pairs and triples that succeed, without weights, over "
                                 "their variance: biased where points fail";
static const char half_width[] = "half-width of its 95 % interval";

static PetscErrorCode add_orders(ion_analysis *a, tables *t)
{
  const PetscBool fails = ion_analysis_weighs(a);
  const char *of_pairs  = a->has_failures
                              ? unweighted
                              : "Var(E[Y|x_j])/Var(Y) (Saltelli et al. 2010); the dummy shows noise";

  PetscFunctionBegin;
  PetscCall(
      ion_analysis_add(a, "first_order",
                       fails ? "Var(E[Y|x_j, ok] | ok)/Var(Y | ok): pairs that succeed weighted by "
                               "1/p(x_j), p from the "
                               "runs; the dummy shows noise"
                             : of_pairs,
                       "1", 2, by_input, &t->first));
  PetscCall(
      ion_analysis_add(a, "first_order_half_width", half_width, "1", 2, by_input, &t->first_half));
  PetscCall(ion_analysis_add(a, "first_order_check",
                             fails ? "the same by unweighted differences (Saltelli et al. 2010)"
                                   : "the same by Jansen 1999",
                             "1", 2, by_input, &t->first_check));
  PetscCall(ion_analysis_add(
      a, "total_order",
      fails
          ? "E[Var(Y|x_~j, ok) | ok]/Var(Y | ok): pairs that succeed weighted by 1/p(x_~j), p by a "
            "tree fitted to the runs"
      : a->has_failures ? unweighted
                        : "E[Var(Y|x_~j)]/Var(Y) (Jansen 1999)",
      "1", 2, by_input, &t->total));
  PetscCall(
      ion_analysis_add(a, "total_order_half_width", half_width, "1", 2, by_input, &t->total_half));
  PetscCall(ion_analysis_add(a, "total_order_check", "the same by Janon et al. 2014", "1", 2,
                             by_input, &t->total_check));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode add_scalars(ion_analysis *a, tables *t)
{
  PetscFunctionBegin;
  PetscCall(ion_analysis_add(a, "mean", "mean over A and B, in the unit of the output", NULL, 1,
                             by_output, &t->mean));
  PetscCall(ion_analysis_add(a, "variance", "variance over A and B, in that unit squared", NULL, 1,
                             by_output, &t->variance));
  PetscCall(ion_analysis_add(a, "missing_pairs", "share of the pairs (f_A, f_AB) that are missing",
                             "1", 1, by_output, &t->missing));
  PetscCall(ion_analysis_add(a, "flag",
                             "sum of 1: first order not distinguishable from 0, 2: total order not "
                             "distinguishable from 0, 4: not converged",
                             "1", 2, by_input, &t->flag));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode add_stages(ion_analysis *a, tables *t)
{
  PetscFunctionBegin;
  PetscCall(ion_analysis_add(a, "stage_first_order", "first_order of the blocks up to this number",
                             "1", 3, by_stage, &t->stage_first));
  PetscCall(ion_analysis_add(a, "stage_first_order_half_width", half_width, "1", 3, by_stage,
                             &t->stage_first_half));
  PetscCall(ion_analysis_add(a, "stage_total_order", "total_order of the blocks up to this number",
                             "1", 3, by_stage, &t->stage_total));
  PetscCall(ion_analysis_add(a, "stage_total_order_half_width", half_width, "1", 3, by_stage,
                             &t->stage_total_half));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode add_optional(ion_analysis *a, tables *t)
{
  PetscFunctionBegin;
  if (a->is_second_order) {
    PetscCall(
        ion_analysis_add(a, "second_order",
                         "interaction of two inputs over Var(Y) (Saltelli 2002), of the blocks "
                         "without failures where points fail",
                         "1", 3, by_pair, &t->second));
    PetscCall(ion_analysis_add(a, "second_order_half_width", half_width, "1", 3, by_pair,
                               &t->second_half));
  }
  if (!ion_analysis_weighs(a)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ion_analysis_add(a, "total_order_unweighted",
                             "total_order of the pairs that succeed without weights: biased", "1",
                             2, by_input, &t->plain));
  PetscCall(ion_analysis_add(a, "total_order_lower", "least it can be for p in [p_min, 1]", "1", 2,
                             by_input, &t->plain_lower));
  PetscCall(ion_analysis_add(a, "total_order_upper", "most it can be for p in [p_min, 1]", "1", 2,
                             by_input, &t->plain_upper));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void put(size_t n, const ion_estimate *e, double *value, double *half)
{
  for (size_t j = 0; j < n; j++) {
    value[j] = e[j].value;
    if (half) half[j] = e[j].half_width;
  }
}

/* ---- one output ---- */

static PetscErrorCode fill_checks(const ion_analysis *a, const ion_pairs *pairs, size_t at,
                                  tables *t, ion_estimate *e)
{
  const ion_estimator other = ion_analysis_weighs(a) ? ION_FIRST_SALTELLI : ION_FIRST_JANSEN;

  PetscFunctionBegin;
  PetscCall(ion_pairs_estimate(pairs, other, ion_pairs_interval(pairs), ION_ALL, e));
  put(a->n_input, e, t->first_check + at, NULL);
  PetscCall(ion_pairs_estimate(pairs, ION_TOTAL_JANON, ion_pairs_interval(pairs), ION_ALL, e));
  put(a->n_input, e, t->total_check + at, NULL);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Orders of all blocks, the first half and the first quarter; e [6][n_input]. */
static PetscErrorCode fill_stages(const ion_analysis *a, const ion_pairs *pairs, size_t o,
                                  tables *t, ion_estimate *e)
{
  const size_t k = a->n_input, row = k + 1;

  PetscFunctionBegin;
  for (int s = ION_ALL; s <= ION_FIRST_QUARTER; s++) {
    const size_t at     = (o * 3 + (size_t)s) * row;
    ion_estimate *first = e + 2 * (size_t)s * k, *total = first + k;

    for (int i = 0; i < 2; i++)
      PetscCall(ion_pairs_estimate(pairs, ion_pairs_default(pairs, (PetscBool)i),
                                   ion_pairs_interval(pairs), (ion_share)s, i ? total : first));
    put(k, first, t->stage_first + at, t->stage_first_half + at);
    put(k, total, t->stage_total + at, t->stage_total_half + at);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode fill_flags(const ion_analysis *a, size_t at, tables *t, const ion_estimate *e)
{
  const size_t k   = a->n_input;
  const double eps = 0.05; /* Sarrazin et al. 2016 */
  unsigned *flag;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(k, &flag));
  ion_indices_judge(k, e, e + k, a->n_block >= 2 * ION_PART ? e + 3 * k : NULL, eps, flag);
  for (size_t j = 0; j < k; j++) t->flag[at + j] = flag[j];
  PetscCall(PetscFree(flag));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode fill_orders(const ion_analysis *a, const ion_pairs *pairs, size_t o,
                                  tables *t)
{
  const size_t k = a->n_input, at = o * (k + 1);
  ion_pairs_summary summary;
  ion_estimate *e;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(6 * k, &e));
  PetscCall(fill_stages(a, pairs, o, t, e));
  put(k, e, t->first + at, t->first_half + at);
  put(k, e + k, t->total + at, t->total_half + at);
  PetscCall(fill_flags(a, at, t, e));
  PetscCall(fill_checks(a, pairs, at, t, e));
  PetscCall(ion_pairs_summarise(pairs, ion_pairs_interval(pairs), &summary));
  t->mean[o]            = summary.mean.value;
  t->variance[o]        = summary.variance.value;
  t->missing[o]         = 1.0 - (double)summary.n_paired / (double)summary.n_pair;
  t->first[at + k]      = summary.dummy.value;
  t->first_half[at + k] = summary.dummy.half_width;
  t->total[at + k] = t->total_half[at + k] = summary.variance.value > 0.0 ? 0.0 : (double)NAN;
  PetscCall(PetscFree(e));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode fill_second(const ion_analysis *a, const ion_pairs *pairs, size_t o,
                                  tables *t)
{
  const size_t k = a->n_input, row = k + 1;
  ion_estimate *e;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(k * k, &e));
  PetscCall(ion_pairs_second_order(pairs, ion_pairs_interval(pairs), e));
  for (size_t j = 0; j < k; j++) {
    const size_t at = (o * row + j) * row;

    put(k, e + j * k, t->second + at, t->second_half + at);
  }
  PetscCall(PetscFree(e));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode fill_plain(const ion_analysis *a, const ion_pairs *pairs, double p_least,
                                 size_t at, tables *t)
{
  ion_estimate *e;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(a->n_input, &e));
  PetscCall(ion_pairs_estimate(pairs, ION_TOTAL_JANSEN, ion_pairs_interval(pairs), ION_ALL, e));
  for (size_t j = 0; j < a->n_input; j++) {
    const ion_bounds bounds = ion_unweighted_bounds(e[j].value, p_least);

    t->plain[at + j]       = bounds.value;
    t->plain_lower[at + j] = bounds.lower;
    t->plain_upper[at + j] = bounds.upper;
  }
  PetscCall(PetscFree(e));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* NaN where the point has no state: a value that is there by chance must not count. */
static PetscErrorCode read_output(const ion_analysis *a, const void *context, uint64_t first,
                                  size_t n, double *value)
{
  const size_t *output = context;

  PetscFunctionBegin;
  PetscCall(ion_store_file_output(a->file, *output, first, n, value));
  for (size_t i = 0; i < n; i++)
    if (a->status[first + i] != ION_OK) value[i] = (double)NAN;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode analyse(ion_analysis *a, size_t o, tables *t)
{
  const PetscBool weighted = ion_analysis_weighs(a), second = a->is_second_order;
  ion_pairs *pairs, *plain;
  double p_least;

  PetscFunctionBegin;
  if (a->sums)
    PetscCall(ion_analysis_recall(a, a->output[o], &pairs));
  else
    PetscCall(ion_analysis_sum(a, read_output, &a->output[o], weighted,
                               (PetscBool)(second && !weighted), &p_least, &pairs));
  PetscCall(fill_orders(a, pairs, o, t));
  if (weighted) {
    PetscCall(ion_analysis_sum(a, read_output, &a->output[o], PETSC_FALSE, second, NULL, &plain));
    PetscCall(fill_plain(a, plain, p_least, o * (a->n_input + 1), t));
    if (second) PetscCall(fill_second(a, plain, o, t));
    PetscCall(ion_pairs_destroy(&plain));
  } else if (second) {
    PetscCall(fill_second(a, pairs, o, t));
  }
  PetscCall(ion_pairs_destroy(&pairs));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode warn(ion_analysis *a)
{
  PetscFunctionBegin;
  if (a->n_replicate == 1)
    PetscCall(ion_analysis_warn(
        a, "one net was run: intervals are from 8 consecutive parts of it and may be too narrow; "
           "replicates: 4 gives honest ones"));
  if (a->sums)
    PetscCall(ion_analysis_warn(
        a, "points were not kept: no boxes, no measures from given data or derivatives%s",
        a->has_failures ? ", and pairs that succeed are not weighted: indices are biased where "
                          "points fail"
                        : ""));
  if (ion_analysis_weighs(a))
    PetscCall(ion_analysis_warn(
        a,
        "points fail: indices are of the response given success, from pairs that succeed, weighted "
        "by 1/p estimated from the runs; first and total orders need not add up, nothing is "
        "imputed"));
  if (ion_design_is_correlated(a->design))
    PetscCall(ion_analysis_warn(a,
                                "factors are correlated: indices of inputs that are not groups of "
                                "all dependent factors are no parts of the variance"));
  if (a->sums && ion_design_is_correlated(a->design))
    PetscCall(ion_analysis_warn(a,
                                "points were not kept: distributions of factors with and without "
                                "an outcome are of their scores before the correlation"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_analysis_pairs(ion_analysis *a)
{
  tables t = {0};

  PetscFunctionBegin;
  PetscCall(add_orders(a, &t));
  PetscCall(add_scalars(a, &t));
  PetscCall(add_stages(a, &t));
  PetscCall(add_optional(a, &t));
  for (size_t o = 0; o < a->n_output; o++) PetscCall(analyse(a, o, &t));
  PetscCall(warn(a));
  PetscFunctionReturn(PETSC_SUCCESS);
}
