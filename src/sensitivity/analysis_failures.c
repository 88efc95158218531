/* Tables of where and why points fail. */
#include "analysis_impl.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const ion_analysis_axis by_reason[]   = {ION_AXIS_REASON};
static const ion_analysis_axis by_input[]    = {ION_AXIS_REASON, ION_AXIS_FACTOR};
static const ion_analysis_axis by_column[]   = {ION_AXIS_REASON, ION_AXIS_COLUMN};
static const ion_analysis_axis by_position[] = {ION_AXIS_REASON, ION_AXIS_COLUMN,
                                                ION_AXIS_POSITION};

/* ---- reasons ---- */

static PetscErrorCode add_reason(ion_analysis *a, const char *name, unsigned statuses, int class_)
{
  char *copy = a->reason_name[a->n_reason];

  PetscFunctionBegin;
  if (a->n_reason == ANALYSIS_MAX_REASON) PetscFunctionReturn(PETSC_SUCCESS);
  snprintf(copy, sizeof a->reason_name[0], "%s", name);
  a->reason[a->n_reason++] = (analysis_reason){copy, statuses, class_, 0};
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Classes that occur, but for the first: the one that is healthy. */
static PetscErrorCode add_classes(ion_analysis *a)
{
  const char *words = NULL;
  uint64_t n[256]   = {0};
  int first         = 0;
  char word[48], name[64];

  PetscFunctionBegin;
  for (size_t i = 0; i < a->schema->n_output; i++) {
    if (strcmp(a->schema->output[i].name, "class") != 0) continue;
    words = a->schema->output[i].flag_meanings;
    first = a->schema->output[i].first_flag;
  }
  for (uint64_t p = 0; p < a->schema->n_point; p++)
    if (a->status[p] == ION_OK) n[a->class_[p]]++;
  for (size_t i = 0; i < ion_word_count(words); i++) {
    const int value = first + (int)i;

    snprintf(name, sizeof name, "class_%s", ion_word_at(words, i, word, sizeof word));
    if (value > 1 && value < 256 && n[value] > 0) PetscCall(add_reason(a, name, 0, value));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Classes that occur, and which outcome of the sums each reason is. */
static PetscErrorCode match_outcomes(ion_analysis *a, const uint64_t *n_class)
{
  PetscFunctionBegin;
  for (size_t o = 1; o < ion_sums_n_outcome(a->sums); o++) {
    const ion_outcome outcome = ion_sums_outcome(o);

    for (size_t r = 1; r < a->n_reason; r++)
      if (outcome.class_ < 0 && a->reason[r].statuses == outcome.statuses) a->reason[r].outcome = o;
    if (outcome.class_ < 0 || !n_class[outcome.class_ - 2]) continue;
    if (a->n_reason == ANALYSIS_MAX_REASON) break;
    PetscCall(add_reason(a, ion_analysis_outcome_name(a, o), 0, outcome.class_));
    a->reason[a->n_reason - 1].outcome = o;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode find_reasons(ion_analysis *a)
{
  uint64_t n[ION_N_STATUS] = {0}, *n_class;
  unsigned any             = 0;

  PetscFunctionBegin;
  PetscCall(PetscCalloc1(a->sums ? ion_sums_n_outcome(a->sums) : 1, &n_class));
  if (a->sums) PetscCall(ion_analysis_recall_counts(a, n, n_class));
  for (uint64_t p = 0; a->status && p < a->schema->n_point; p++)
    if (a->status[p] < ION_N_STATUS) n[a->status[p]]++;
  for (unsigned s = ION_NO_STATE_FOUND; s <= ION_CRASHED; s++)
    if (n[s] > 0) any |= 1u << s;
  a->has_failures = (PetscBool)(any != 0);
  PetscCall(add_reason(a, "any", any, -1));
  for (unsigned s = ION_NO_STATE_FOUND; s <= ION_CRASHED; s++)
    if (n[s] > 0) PetscCall(add_reason(a, ion_status_name((ion_status)s), 1u << s, -1));
  if (a->class_) PetscCall(add_classes(a));
  if (a->sums) PetscCall(match_outcomes(a, n_class));
  PetscCall(PetscFree(n_class));
  if (n[ION_PENDING] > 0)
    PetscCall(ion_analysis_warn(a, "%llu of %llu points have not been run yet",
                                (unsigned long long)n[ION_PENDING],
                                (unsigned long long)ion_store_n_solved(a->schema)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode name_reasons(ion_analysis *a)
{
  PetscFunctionBegin;
  PetscCall(PetscCalloc1(a->n_reason, &a->label[ION_AXIS_REASON]));
  a->axis[ION_AXIS_REASON] =
      (ion_store_axis){.name = "reason", .length = a->n_reason, .label = a->label[ION_AXIS_REASON]};
  for (size_t r = 0; r < a->n_reason; r++) a->label[ION_AXIS_REASON][r] = a->reason[r].name;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- of independent points: regions ---- */

/* Z of the sample as statuses: ok where it is 0. */
static PetscErrorCode count_region(const ion_analysis *a, size_t reason, ion_block u,
                                   ion_region **region)
{
  ion_block one;

  PetscFunctionBegin;
  if (a->sums) {
    PetscCall(ion_analysis_recall_region(a, a->reason[reason].outcome, region));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(ion_region_create(a->n_column, a->n_replicate, region));
  PetscCall(ion_block_create(a->n_column, 1, &one));
  for (size_t i = 0; i < a->n_sample; i++) {
    const double z             = ion_analysis_indicator(a, reason, a->sample[i]);
    const unsigned char status = isnan(z) ? ION_PENDING : z > 0.0 ? ION_NO_STATE_FOUND : ION_OK;

    for (size_t j = 0; j < a->n_column; j++) ion_row(one, j)[0] = ion_row(u, j)[i];
    PetscCall(ion_region_add(*region, i % a->n_replicate, one, &status));
  }
  PetscCall(ion_block_destroy(&one));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Tables of one reason after the other. */
typedef struct {
  double *probability, *probability_half, *ks, *ks_p, *cdf, *cdf_failed;
  double *first, *first_half, *total, *total_half;
  double *lower, *upper, *purity, *share, *volume;
} tables;

static PetscErrorCode add_region_tables(ion_analysis *a, tables *t)
{
  PetscFunctionBegin;
  PetscCall(ion_analysis_add(a, "failure_probability", "probability of the outcome", "1", 1,
                             by_reason, &t->probability));
  PetscCall(
      ion_analysis_add(a, "failure_probability_half_width",
                       "half-width of its 95 % interval (replicates; Wilson where there is one)",
                       "1", 1, by_reason, &t->probability_half));
  PetscCall(ion_analysis_add(a, "regional_ks",
                             "largest distance of the distributions of the factor with and without "
                             "the outcome (Hornberger and Spear 1981)",
                             "1", 2, by_column, &t->ks));
  PetscCall(ion_analysis_add(a, "regional_p",
                             "its level, Holm over the factors; indicative for points of a net",
                             "1", 2, by_column, &t->ks_p));
  PetscCall(ion_analysis_add(a, "cdf_without", "distribution of the factor without the outcome",
                             "1", 3, by_position, &t->cdf));
  PetscCall(ion_analysis_add(a, "cdf_with", "distribution of the factor where the outcome is met",
                             "1", 3, by_position, &t->cdf_failed));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode fill_region(const ion_analysis *a, size_t reason, const ion_region *region,
                                  tables *t)
{
  const ion_estimate p = ion_region_failure(region);
  const size_t row     = a->n_column + 1;
  ion_regional *regional;

  PetscFunctionBegin;
  t->probability[reason]      = p.value;
  t->probability_half[reason] = p.half_width;
  PetscCall(PetscMalloc1(a->n_column, &regional));
  PetscCall(ion_region_regional(region, regional));
  for (size_t j = 0; j < a->n_column; j++) {
    const size_t at = reason * row + j;

    t->ks[at]   = regional[j].ks;
    t->ks_p[at] = regional[j].p_value;
    for (size_t b = 0; b < ION_REGION_BIN; b++) {
      t->cdf[at * ION_REGION_BIN + b]        = regional[j].cdf_ok[b];
      t->cdf_failed[at * ION_REGION_BIN + b] = regional[j].cdf_failed[b];
    }
  }
  PetscCall(PetscFree(regional));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- boxes and trees ---- */

static PetscErrorCode add_box_tables(ion_analysis *a, tables *t)
{
  PetscFunctionBegin;
  PetscCall(ion_analysis_add(a, "box_lower",
                             "box in which the outcome is met (PRIM), lower side in u", "1", 2,
                             by_column, &t->lower));
  PetscCall(ion_analysis_add(a, "box_upper", "upper side of that box in u", "1", 2, by_column,
                             &t->upper));
  PetscCall(ion_analysis_add(a, "box_purity", "share of the points inside that meet the outcome",
                             "1", 1, by_reason, &t->purity));
  PetscCall(ion_analysis_add(a, "box_share", "share of the outcome that lies inside", "1", 1,
                             by_reason, &t->share));
  PetscCall(ion_analysis_add(a, "box_volume", "share of the cube that is inside", "1", 1, by_reason,
                             &t->volume));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Points of the sample that were run, at most so many, and whether they met the outcome. */
static PetscErrorCode select_run(const ion_analysis *a, size_t reason, ion_block all, ion_block *u,
                                 unsigned char **failed, size_t *n_failed)
{
  size_t n = 0;

  PetscFunctionBegin;
  *n_failed = 0;
  PetscCall(ion_block_create(a->n_column, PetscMin(a->n_sample, ANALYSIS_MAX_TREE), u));
  PetscCall(PetscMalloc1(u->n_point, failed));
  /* spread over the sample: its first and second half are different members */
  for (size_t i = 0; i < a->n_sample && n < u->n_point; i++) {
    const size_t at = i % 2 ? a->n_sample - 1 - i / 2 : i / 2;
    const double z  = ion_analysis_indicator(a, reason, a->sample[at]);

    if (isnan(z)) continue;
    for (size_t j = 0; j < a->n_column; j++) ion_row(*u, j)[n] = ion_row(all, j)[at];
    (*failed)[n++] = z > 0.0;
    *n_failed += z > 0.0;
  }
  u->n_point = n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode fill_box(ion_analysis *a, size_t reason, tables *t)
{
  const size_t row = a->n_column + 1;
  unsigned char *failed;
  size_t n_failed;
  ion_block u;
  ion_box box;

  PetscFunctionBegin;
  PetscCall(select_run(a, reason, a->place, &u, &failed, &n_failed));
  if (n_failed > 0) {
    PetscCall(ion_box_find(u, failed, &box));
    for (size_t j = 0; j < a->n_column; j++) {
      t->lower[reason * row + j] = box.lower[j];
      t->upper[reason * row + j] = box.upper[j];
    }
    t->purity[reason] = box.purity;
    t->share[reason]  = box.share;
    t->volume[reason] = box.volume;
    PetscCall(ion_box_destroy(&box));
  }
  PetscCall(PetscFree(failed));
  PetscCall(ion_block_destroy(&u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Of failure, in what blocks exchange. */
static PetscErrorCode plant_tree(ion_analysis *a)
{
  unsigned char *failed;
  size_t n_failed;
  ion_block u;

  PetscFunctionBegin;
  PetscCall(select_run(a, 0, a->u, &u, &failed, &n_failed));
  if (n_failed > 0) PetscCall(ion_tree_create(u, failed, &a->tree));
  PetscCall(PetscFree(failed));
  PetscCall(ion_block_destroy(&u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- of pairs: indices of Z ---- */

static PetscErrorCode add_index_tables(ion_analysis *a, tables *t)
{
  PetscFunctionBegin;
  PetscCall(
      ion_analysis_add(a, "failure_first_order",
                       "first-order index of the indicator of the outcome (Saltelli et al. 2010)",
                       "1", 2, by_input, &t->first));
  PetscCall(ion_analysis_add(a, "failure_first_order_half_width", "half-width of its 95 % interval",
                             "1", 2, by_input, &t->first_half));
  PetscCall(
      ion_analysis_add(a, "failure_total_order",
                       "total index of the indicator: P(the outcome changes when the factor is "
                       "redrawn)/(2 p (1 - p)) (Jansen 1999)",
                       "1", 2, by_input, &t->total));
  PetscCall(ion_analysis_add(a, "failure_total_order_half_width", "half-width of its 95 % interval",
                             "1", 2, by_input, &t->total_half));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode indicate(const ion_analysis *a, const void *context, uint64_t first, size_t n,
                               double *value)
{
  const size_t *reason = context;

  PetscFunctionBegin;
  for (size_t i = 0; i < n; i++) value[i] = ion_analysis_indicator(a, *reason, first + i);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode fill_indices(ion_analysis *a, size_t reason, tables *t)
{
  const size_t row = a->n_input + 1;
  ion_estimate *e;
  ion_pairs *pairs;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(a->n_input, &e));
  if (a->sums)
    PetscCall(ion_analysis_recall(
        a, ion_sums_find(a->sums, ION_SUMS_OUTCOME, a->reason[reason].outcome), &pairs));
  else
    PetscCall(ion_analysis_sum(a, indicate, &reason, PETSC_FALSE, PETSC_FALSE, NULL, &pairs));
  PetscCall(ion_pairs_estimate(pairs, ION_FIRST_SALTELLI, ion_pairs_interval(pairs), ION_ALL, e));
  for (size_t j = 0; j < a->n_input; j++) {
    t->first[reason * row + j]      = e[j].value;
    t->first_half[reason * row + j] = e[j].half_width;
  }
  PetscCall(ion_pairs_estimate(pairs, ION_TOTAL_JANSEN, ion_pairs_interval(pairs), ION_ALL, e));
  for (size_t j = 0; j < a->n_input; j++) {
    t->total[reason * row + j]      = e[j].value;
    t->total_half[reason * row + j] = e[j].half_width;
  }
  PetscCall(ion_pairs_destroy(&pairs));
  PetscCall(PetscFree(e));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Survivors that are correlated where the design is not mark a condition on two factors together. */
static PetscErrorCode warn_joint(ion_analysis *a)
{
  PetscFunctionBegin;
  for (size_t i = 0; i < a->n_column; i++) {
    for (size_t j = 0; j < i; j++) {
      const double rho = ion_region_correlation(a->region, i, j);

      if (fabs(rho) > 0.1)
        PetscCall(ion_analysis_warn(
            a, "%s and %s are correlated among the points that succeed (%.2f): they fail together",
            a->label[ION_AXIS_COLUMN][j], a->label[ION_AXIS_COLUMN][i], rho));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_analysis_failures(ion_analysis *a)
{
  tables t = {0};

  PetscFunctionBegin;
  PetscCall(find_reasons(a));
  PetscCall(name_reasons(a));
  PetscCall(add_region_tables(a, &t));
  if (!a->sums) PetscCall(add_box_tables(a, &t));
  if (a->is_saltelli) PetscCall(add_index_tables(a, &t));
  for (size_t r = 0; r < a->n_reason; r++) {
    ion_region *region;

    PetscCall(count_region(a, r, a->place, &region));
    PetscCall(fill_region(a, r, region, &t));
    if (!a->sums) PetscCall(fill_box(a, r, &t));
    if (a->is_saltelli) PetscCall(fill_indices(a, r, &t));
    PetscCall(ion_region_destroy(&region));
  }
  PetscCall(count_region(a, 0, a->u, &a->region));
  if (!a->sums) PetscCall(plant_tree(a));
  if (a->has_failures) PetscCall(warn_joint(a));
  PetscFunctionReturn(PETSC_SUCCESS);
}
