/* What `analyze` found, on the screen. */
#include "cli_impl.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* On the screen; the files have all. */
enum {
  MAX_SHOWN = 20, /* outputs */
  MAX_PAIRS = 5   /* of inputs, for each */
};

/* ---- cells ---- */

/* The values of a table in the row of an output (or reason), NULL where there is no such table. */
static const double *row_of(const ion_analysis *a, const char *name, size_t i)
{
  const ion_store_table *table = ion_analysis_table(a, name);
  size_t n                     = 1;

  if (!table) return NULL;
  for (size_t d = 1; d < table->n_dim; d++)
    n *= ion_analysis_axis_at(a, (ion_analysis_axis)table->dim[d])->length;
  return table->value + i * n;
}

/* "0.3139 +- 0.0065", in 20 columns. */
static void print_estimate(const double *value, const double *half, size_t j)
{
  char text[64];

  if (!value) return;
  if (isnan(value[j]))
    snprintf(text, sizeof text, "not defined");
  else if (half && !isnan(half[j]))
    snprintf(text, sizeof text, "%.4g +- %.2g", value[j], half[j]);
  else
    snprintf(text, sizeof text, "%.4g", value[j]);
  printf("  %-20s", text);
}

/* "3 factors", "1 factor" */
static void print_count(const char *before, unsigned long long n, const char *what)
{
  printf("%s%llu %s%s", before, n, what, n == 1 ? "" : "s");
}

/* Is there a number in any of these columns? */
static PetscBool has_any(const ion_analysis *a, size_t i, size_t j, const char *const (*columns)[3],
                         size_t n)
{
  for (size_t c = 0; c < n; c++) {
    const double *value = row_of(a, columns[c][0], i);

    if (value && !isnan(value[j])) return PETSC_TRUE;
  }
  return PETSC_FALSE;
}

/* Names line up, however long. */
static int name_width(const ion_analysis *a)
{
  static const ion_analysis_axis of[] = {ION_AXIS_FACTOR, ION_AXIS_COLUMN};
  size_t width                        = 28;

  for (size_t i = 0; i < ION_COUNT(of); i++)
    for (size_t j = 0; j < ion_analysis_axis_at(a, of[i])->length; j++)
      width = PetscMax(width, strlen(ion_analysis_axis_at(a, of[i])->label[j]));
  return (int)width;
}

static void print_heading(const ion_analysis *a, const char *const (*columns)[3], size_t n)
{
  printf("  %-*s", name_width(a), "");
  for (size_t c = 0; c < n; c++)
    if (ion_analysis_table(a, columns[c][0])) printf("  %-20s", columns[c][2]);
  printf("\n");
}

/* ---- the study and its failures ---- */

static void print_study(const ion_analysis *a, const char *path)
{
  const ion_design *design = ion_analysis_design(a);

  printf("%s\n  %s", ion_analysis_title(a) ? ion_analysis_title(a) : path,
         design ? ion_design_kind(design) : "points");
  if (design) {
    print_count(": ", ion_design_n_point(design), "point");
    print_count(" in ", ion_design_n_block(design) * ion_design_n_replicate(design), "block");
    printf(" (%zu x %llu)", ion_design_n_replicate(design),
           (unsigned long long)ion_design_n_block(design));
  }
  print_count(", ", ion_analysis_axis_at(a, ION_AXIS_COLUMN)->length - 1, "factor");
  print_count(", ", ion_analysis_axis_at(a, ION_AXIS_OUTPUT)->length, "output");
  printf("\n");
}

/* The box by the sides that were cut. */
static void print_box(const ion_analysis *a, size_t reason)
{
  const ion_store_axis *column = ion_analysis_axis_at(a, ION_AXIS_COLUMN);
  const double *lower = row_of(a, "box_lower", reason), *upper = row_of(a, "box_upper", reason);
  const double *share = row_of(a, "box_share", reason);
  size_t n            = 0;

  if (!share || !(row_of(a, "box_purity", reason)[0] >= 0.5) ||
      !(row_of(a, "box_volume", reason)[0] < 1.0))
    return; /* it says little of where */
  printf("    %.1f %% of them lie in %.2f %% of the cube, where %.1f %% of the points do this:",
         100.0 * share[0], 100.0 * row_of(a, "box_volume", reason)[0],
         100.0 * row_of(a, "box_purity", reason)[0]);
  for (size_t j = 0; j + 1 < column->length; j++)
    if (lower[j] > 0.005 || upper[j] < 0.995)
      printf("%s %s in u %.3f to %.3f", n++ ? ";" : "", column->label[j], lower[j], upper[j]);
  printf("\n");
}

static void print_regional(const ion_analysis *a, size_t reason)
{
  static const char *const columns[][3] = {
      {"failure_first_order", "failure_first_order_half_width", "first order"},
      {"failure_total_order", "failure_total_order_half_width", "total order"}
  };
  const ion_store_axis *input = ion_analysis_axis_at(a, ION_AXIS_FACTOR);
  const PetscBool same =
      (PetscBool)(input->length == ion_analysis_axis_at(a, ION_AXIS_COLUMN)->length);
  const double *ks = row_of(a, "regional_ks", reason), *p = row_of(a, "regional_p", reason);
  PetscBool any = PETSC_FALSE;

  for (size_t j = 0; j + 1 < input->length; j++)
    if (has_any(a, reason, j, columns, ION_COUNT(columns)) || (same && !isnan(ks[j])))
      any = PETSC_TRUE;
  if (!any) return; /* all points meet the outcome, or groups that the design has no indices of */
  print_heading(a, columns, ION_COUNT(columns));
  for (size_t j = 0; j + 1 < input->length; j++) {
    printf("  %-*s", name_width(a), input->label[j]);
    for (size_t c = 0; c < ION_COUNT(columns); c++)
      print_estimate(row_of(a, columns[c][0], reason), row_of(a, columns[c][1], reason), j);
    if (same && !isnan(ks[j])) printf("  KS %.3f (p %.2g)", ks[j], p[j]);
    printf("\n");
  }
}

/* An outcome whose probability, which is told from independent points, is estimated as 0. */
static void print_rare(const ion_analysis *a, size_t r)
{
  const ion_store_axis *reason = ion_analysis_axis_at(a, ION_AXIS_REASON);
  const PetscBool by_status =
      (PetscBool)(reason->length > 1 && strncmp(reason->label[1], "class_", 6) != 0);

  if (r == 0 && !by_status)
    printf("\n  no point failed\n");
  else
    printf("\n  %s: some points, none of the independent ones (0 %% +- %.2g %%)\n",
           r ? reason->label[r] : "failures",
           100.0 * row_of(a, "failure_probability_half_width", r)[0]);
}

static void print_failures(const ion_analysis *a)
{
  const ion_store_axis *reason = ion_analysis_axis_at(a, ION_AXIS_REASON);

  for (size_t r = 0; r < reason->length; r++) {
    const double p = row_of(a, "failure_probability", r)[0];

    if (!(p > 0.0)) {
      print_rare(a, r);
      continue;
    }
    if (r == 1 && p == row_of(a, "failure_probability", 0)[0]) {
      printf("\n  all of them: %s\n", reason->label[r]);
      continue;
    }
    printf("\n  %s: %.3g %% +- %.2g %% of the points\n", r ? reason->label[r] : "failures",
           100.0 * p, 100.0 * row_of(a, "failure_probability_half_width", r)[0]);
    print_box(a, r);
    print_regional(a, r);
  }
}

/* ---- outputs ---- */

static void print_flags(const double *flag, size_t j)
{
  const unsigned f = flag && !isnan(flag[j]) ? (unsigned)flag[j] : 0;

  if (f & ION_TOTAL_NOT_FROM_ZERO)
    printf("  not distinguishable from 0");
  else if (f & ION_FIRST_NOT_FROM_ZERO)
    printf("  first order not distinguishable from 0");
  if (f & ION_NOT_CONVERGED) printf("  not converged");
}

/* Inputs in order of what ranks them best. */
static PetscErrorCode rank(const ion_analysis *a, size_t output, size_t n, size_t *order)
{
  static const char *const by[] = {"total_order", "mu_star", "delta"};
  const double *value           = NULL;
  ion_estimate *e;

  PetscFunctionBegin;
  for (size_t i = 0; i < ION_COUNT(by) && !value; i++) value = row_of(a, by[i], output);
  PetscCall(PetscCalloc1(n, &e));
  for (size_t j = 0; j < n; j++) e[j].value = value[j];
  ion_indices_rank(n, e, order);
  PetscCall(PetscFree(e));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode print_rows(const ion_analysis *a, size_t output, ion_analysis_axis axis,
                                 const char *const (*columns)[3], size_t n_column)
{
  const ion_store_axis *input = ion_analysis_axis_at(a, axis);
  const size_t n              = input->length - 1;
  size_t *order;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n + 1, &order));
  PetscCall(rank(a, output, n, order));
  order[n] = n; /* the dummy comes last, where there is one */
  print_heading(a, columns, n_column);
  for (size_t i = 0; i < n + has_any(a, output, n, columns, n_column); i++) {
    printf("  %-*s", name_width(a), input->label[order[i]]);
    for (size_t c = 0; c < n_column; c++)
      print_estimate(row_of(a, columns[c][0], output), row_of(a, columns[c][1], output), order[i]);
    if (i < n && axis == ION_AXIS_FACTOR) print_flags(row_of(a, "flag", output), order[i]);
    printf("\n");
  }
  PetscCall(PetscFree(order));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The strongest pair of inputs not among those shown: its place in the table, or row * row. */
static size_t next_pair(const double *value, size_t row, const size_t *shown, size_t n_shown)
{
  size_t best = row * row;

  for (size_t i = 0; i < row * row; i++) {
    PetscBool is_shown = PETSC_FALSE;

    if (i / row >= i % row || isnan(value[i])) continue; /* one of (j, l) and (l, j) */
    for (size_t s = 0; s < n_shown; s++)
      if (shown[s] == i) is_shown = PETSC_TRUE;
    if (!is_shown && (best == row * row || fabs(value[i]) > fabs(value[best]))) best = i;
  }
  return best;
}

/* Pairs of inputs by their interaction, strongest first. */
static void print_pairs(const ion_analysis *a, size_t output)
{
  const ion_store_axis *input = ion_analysis_axis_at(a, ION_AXIS_FACTOR);
  const double *value         = row_of(a, "second_order", output);
  const double *half          = row_of(a, "second_order_half_width", output);
  const size_t row            = input->length;
  size_t shown[MAX_PAIRS];

  for (size_t n = 0; value && n < MAX_PAIRS; n++) {
    const size_t at = next_pair(value, row, shown, n);
    char name[512];

    if (at == row * row) return;
    if (n == 0) printf("  %-*s  second order\n", name_width(a), "");
    snprintf(name, sizeof name, "%.250s x %.250s", input->label[at / row], input->label[at % row]);
    printf("  %-*s", name_width(a), name);
    print_estimate(value, half, at);
    if (fabs(value[at]) <= half[at]) printf("  not distinguishable from 0");
    printf("\n");
    shown[n] = at;
  }
}

static void print_scalars(const ion_analysis *a, size_t output)
{
  const double *mean = row_of(a, "mean", output), *missing = row_of(a, "missing_pairs", output);
  const ion_store_axis *axis = ion_analysis_axis_at(a, ION_AXIS_OUTPUT);

  printf("\n%s (%s)", axis->label[output], axis->unit[output]);
  if (mean && isnan(*mean)) printf(": no value");
  if (mean && !isnan(*mean))
    printf(": mean %.6g, variance %.4g", *mean, row_of(a, "variance", output)[0]);
  if (missing && *missing > 0.0) printf("; %.3g %% of the pairs are missing", 100.0 * *missing);
  printf("\n");
}

static PetscErrorCode print_output(const ion_analysis *a, size_t output)
{
  static const char *const indices[][3] = {
      {"first_order", "first_order_half_width", "first order"},
      {"total_order", "total_order_half_width", "total order"},
      {"mu_star",     "mu_star_half_width",     "mu*"        },
      {"mu",          "mu_half_width",          "mu"         },
      {"sigma",       "sigma_half_width",       "sigma"      }
  };
  static const char *const local[][3] = {
      {"dgsm_bound",         "dgsm_bound_half_width",     "bound of total"  },
      {"activity_score",     "activity_score_half_width", "activity score"  },
      {"dgsm_largest_share", "",                          "largest 1 % hold"}
  };
  static const char *const given[][3] = {
      {"first_order_ranks", "first_order_ranks_half_width", "first (ranks)"},
      {"first_order_easi",  "first_order_easi_half_width",  "first (EASI)" },
      {"delta",             "delta_half_width",             "delta"        },
      {"pawn",              "",                             "pawn (mean)"  },
      {"pawn_max",          "",                             "pawn (max)"   }
  };

  PetscFunctionBegin;
  print_scalars(a, output);
  if (ion_analysis_table(a, "first_order") || ion_analysis_table(a, "mu_star"))
    PetscCall(print_rows(a, output, ION_AXIS_FACTOR, indices, ION_COUNT(indices)));
  else
    PetscCall(print_rows(a, output, ION_AXIS_COLUMN, given, ION_COUNT(given)));
  print_pairs(a, output);
  if (row_of(a, "dgsm_median", output) && !isnan(row_of(a, "dgsm_median", output)[0]))
    PetscCall(print_rows(a, output, ION_AXIS_COLUMN, local, ION_COUNT(local)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The largest number of the totals' half-widths (what 0) or of their changes from half of the blocks to all (1); NaN
 * where there is none. */
static double largest(const ion_analysis *a, int what)
{
  const size_t n = ion_analysis_axis_at(a, ION_AXIS_FACTOR)->length;
  double most    = (double)NAN;

  for (size_t o = 0; o < ion_analysis_axis_at(a, ION_AXIS_OUTPUT)->length; o++) {
    const double *total = row_of(a, "stage_total_order", o);
    const double *half  = row_of(a, "stage_total_order_half_width", o);

    for (size_t j = 0; j + 1 < n; j++) /* fmax passes over NaN */
      most = fmax(most, what ? fabs(total[j] - total[n + j]) : half[j]);
  }
  return most;
}

static void print_convergence(const ion_analysis *a)
{
  const ion_store_axis *stage = ion_analysis_axis_at(a, ION_AXIS_STAGE);
  double moved;

  if (!ion_analysis_table(a, "stage_total_order") || isnan(largest(a, 0))) return;
  moved = largest(a, 1);
  printf("\n  largest half-width of a total index %.2g", largest(a, 0));
  if (!isnan(moved))
    printf("; from %s to %s blocks they move by at most %.2g", stage->label[1], stage->label[0],
           moved);
  printf("\n");
}

PetscErrorCode cli_print_analysis(const ion_analysis *a, const char *path)
{
  const size_t n = ion_analysis_axis_at(a, ION_AXIS_OUTPUT)->length;

  PetscFunctionBegin;
  print_study(a, path);
  print_failures(a);
  for (size_t o = 0; o < PetscMin(n, MAX_SHOWN); o++) PetscCall(print_output(a, o));
  if (n > MAX_SHOWN)
    printf("\n  ... and %zu outputs more in the file; --of NAME shows one\n", n - MAX_SHOWN);
  print_convergence(a);
  for (size_t i = 0; ion_analysis_warning(a, i); i++)
    printf("  note: %s\n", ion_analysis_warning(a, i));
  PetscFunctionReturn(PETSC_SUCCESS);
}
