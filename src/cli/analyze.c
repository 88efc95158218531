/* ionsweep analyze FILE.nc */
#include "cli_impl.h"

#include <ion/sensitivity.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MAX_SHOWN = 20 }; /* outputs on the screen; the files have all */

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

static void print_heading(const ion_analysis *a, const char *first, const char *const (*columns)[3],
                          size_t n)
{
  printf("  %-28s", first);
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
  if (design)
    printf(": %llu points in %llu blocks (%zu x %llu)",
           (unsigned long long)ion_design_n_point(design),
           (unsigned long long)(ion_design_n_block(design) * ion_design_n_replicate(design)),
           ion_design_n_replicate(design), (unsigned long long)ion_design_n_block(design));
  printf(", %zu factors, %zu outputs\n", ion_analysis_axis_at(a, ION_AXIS_COLUMN)->length - 1,
         ion_analysis_axis_at(a, ION_AXIS_OUTPUT)->length);
}

/* The box by the sides that were cut. */
static void print_box(const ion_analysis *a, size_t reason)
{
  const ion_store_axis *column = ion_analysis_axis_at(a, ION_AXIS_COLUMN);
  const double *lower = row_of(a, "box_lower", reason), *upper = row_of(a, "box_upper", reason);
  const double *share = row_of(a, "box_share", reason);

  if (!share || !(row_of(a, "box_purity", reason)[0] >= 0.5)) return; /* it says little of where */
  printf("    %.1f %% of them lie in %.2f %% of the cube, where %.1f %% of the points do this:",
         100.0 * share[0], 100.0 * row_of(a, "box_volume", reason)[0],
         100.0 * row_of(a, "box_purity", reason)[0]);
  for (size_t j = 0; j + 1 < column->length; j++)
    if (lower[j] > 0.005 || upper[j] < 0.995)
      printf(" %s in u %.3f to %.3f;", column->label[j], lower[j], upper[j]);
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

  print_heading(a, "", columns, ION_COUNT(columns));
  for (size_t j = 0; j + 1 < input->length; j++) {
    printf("  %-28s", input->label[j]);
    for (size_t c = 0; c < ION_COUNT(columns); c++)
      print_estimate(row_of(a, columns[c][0], reason), row_of(a, columns[c][1], reason), j);
    if (same && !isnan(ks[j])) printf("  KS %.3f (p %.2g)", ks[j], p[j]);
    printf("\n");
  }
}

static void print_failures(const ion_analysis *a)
{
  const ion_store_axis *reason = ion_analysis_axis_at(a, ION_AXIS_REASON);

  for (size_t r = 0; r < reason->length; r++) {
    const double p = row_of(a, "failure_probability", r)[0];

    if (r == 0 && !(p > 0.0)) {
      printf("\n  no point failed\n");
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
  order[n] = n; /* the dummy comes last */
  print_heading(a, "", columns, n_column);
  for (size_t i = 0; i <= n; i++) {
    printf("  %-28s", input->label[order[i]]);
    for (size_t c = 0; c < n_column; c++)
      print_estimate(row_of(a, columns[c][0], output), row_of(a, columns[c][1], output), order[i]);
    if (i < n && axis == ION_AXIS_FACTOR) print_flags(row_of(a, "flag", output), order[i]);
    printf("\n");
  }
  PetscCall(PetscFree(order));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void print_scalars(const ion_analysis *a, size_t output)
{
  const double *mean = row_of(a, "mean", output), *missing = row_of(a, "missing_pairs", output);

  printf("\n%s", ion_analysis_axis_at(a, ION_AXIS_OUTPUT)->label[output]);
  if (mean) printf(": mean %.6g, variance %.4g", *mean, row_of(a, "variance", output)[0]);
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
  if (row_of(a, "dgsm_median", output) && !isnan(row_of(a, "dgsm_median", output)[0]))
    PetscCall(print_rows(a, output, ION_AXIS_COLUMN, local, ION_COUNT(local)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Largest change of a total index from half of the blocks to all, and the runs half the width wants. */
static void print_convergence(const ion_analysis *a)
{
  const ion_store_axis *input = ion_analysis_axis_at(a, ION_AXIS_FACTOR);
  const size_t n_output       = ion_analysis_axis_at(a, ION_AXIS_OUTPUT)->length;
  const ion_store_axis *stage = ion_analysis_axis_at(a, ION_AXIS_STAGE);
  double moved = 0.0, widest = 0.0;

  if (!ion_analysis_table(a, "stage_total_order")) return;
  for (size_t o = 0; o < n_output; o++) {
    const double *total = row_of(a, "stage_total_order", o);
    const double *half  = row_of(a, "stage_total_order_half_width", o);

    for (size_t j = 0; j + 1 < input->length; j++) {
      moved  = fmax(moved, fabs(total[j] - total[input->length + j]));
      widest = fmax(widest, half[j]);
    }
  }
  printf("\n  largest half-width of a total index %.2g; from %s to %s blocks they move by at most "
         "%.2g\n",
         widest, stage->label[1], stage->label[0], moved);
}

static PetscErrorCode print_all(const ion_analysis *a, const char *path)
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

/* ---- files ---- */

/* Tables of output and factor, or of output and column where those are the same. */
static PetscBool is_of_factor(const ion_analysis *a, const ion_store_table *table)
{
  const PetscBool same = (PetscBool)(ion_analysis_axis_at(a, ION_AXIS_FACTOR)->length ==
                                     ion_analysis_axis_at(a, ION_AXIS_COLUMN)->length);

  return (
      PetscBool)(table->n_dim == 2 && table->dim[0] == ION_AXIS_OUTPUT &&
                 (table->dim[1] == ION_AXIS_FACTOR || (same && table->dim[1] == ION_AXIS_COLUMN)));
}

static void write_rows(const ion_analysis *a, FILE *file)
{
  const ion_store_axis *output = ion_analysis_axis_at(a, ION_AXIS_OUTPUT);
  const ion_store_axis *input  = ion_analysis_axis_at(a, ION_AXIS_FACTOR);
  const size_t n               = ion_analysis_n_table(a);

  fprintf(file, "output,factor");
  for (size_t t = 0; t < n; t++)
    if (is_of_factor(a, ion_analysis_table_at(a, t)))
      fprintf(file, ",%s", ion_analysis_table_at(a, t)->name);
  for (size_t i = 0; i < output->length * input->length; i++) {
    fprintf(file, "\n%s,%s", output->label[i / input->length], input->label[i % input->length]);
    for (size_t t = 0; t < n; t++) {
      const ion_store_table *table = ion_analysis_table_at(a, t);

      if (!is_of_factor(a, table)) continue;
      if (isnan(table->value[i]))
        fprintf(file, ",");
      else
        fprintf(file, ",%.10g", table->value[i]);
    }
  }
  fprintf(file, "\n");
}

static PetscErrorCode write_csv(const ion_analysis *a, const char *path)
{
  FILE *file = fopen(path, "w");
  int failed;

  PetscFunctionBegin;
  PetscCheck(file, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT, "%s: cannot be written (%s)", path,
             strerror(errno));
  write_rows(a, file);
  failed = ferror(file);
  PetscCheck(!fclose(file) && !failed, PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE,
             "%s: cannot be written (%s)", path, strerror(errno));
  printf("  table: %s\n", path);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* FILE.sensitivity.nc beside FILE.nc. */
static void default_output(const char *file, char *path, size_t size)
{
  const size_t n = strlen(file), cut = n > 3 && !strcmp(file + n - 3, ".nc") ? n - 3 : n;

  snprintf(path, size, "%.*s.sensitivity.nc", (int)cut, file);
}

/* Do points of a study lie there? */
static PetscErrorCode holds_points(const char *path, PetscBool *answer)
{
  ion_store_file *file = NULL;

  PetscFunctionBegin;
  PetscCall(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  *answer = (PetscBool)!ion_store_file_open(path, &file);
  PetscCall(PetscPopErrorHandler());
  PetscCall(ion_store_file_close(&file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Solved points are not written over, whatever name they go by. */
static PetscErrorCode check_target(const char *option, const char *path, const char *file)
{
  PetscBool is_study;

  PetscFunctionBegin;
  PetscCheck(!ion_same_file(path, file), PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "ionsweep analyze: %s %s is the file to be analysed", option, path);
  PetscCall(holds_points(path, &is_study));
  PetscCheck(!is_study, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "ionsweep analyze: %s %s holds the points of a study; choose another output", option,
             path);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Found out before anything is written. */
static PetscErrorCode check_writable(const char *path)
{
  const PetscBool is_new = (PetscBool)(access(path, F_OK) != 0);
  FILE *file             = fopen(path, "a");

  PetscFunctionBegin;
  PetscCheck(file, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT, "%s: cannot be written (%s)", path,
             strerror(errno));
  (void)fclose(file);
  if (is_new) (void)remove(path);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_paths(const cli_arguments *arguments, const char *output)
{
  const char *csv = arguments->csv;

  PetscFunctionBegin;
  PetscCall(check_target("-o", output, arguments->file));
  if (!csv) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(check_target("--csv", csv, arguments->file));
  PetscCheck(strcmp(csv, output) && !ion_same_file(csv, output), PETSC_COMM_SELF,
             PETSC_ERR_USER_INPUT, "ionsweep analyze: --csv %s is the file of all numbers as well",
             csv);
  PetscCall(check_writable(csv));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Points are read by the sweep in their file, which must be the one they were made by: its digest tells. Another version
 * of the program may make another digest of the same study. */
static PetscErrorCode check_study(const char *path)
{
  ion_store_file *file = NULL;
  ion_study *study     = NULL;
  PetscErrorCode code;

  PetscFunctionBegin;
  code = ion_store_file_open(path, &file);
  if (!code && ion_store_file_schema(file)->program &&
      !strcmp(ion_store_file_schema(file)->program, "ionsweep " ION_VERSION))
    code = ion_study_reopen(path, &study);
  PetscCall(ion_study_close(&study));
  PetscCall(ion_store_file_close(&file));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode report(const ion_analysis *a, const cli_arguments *arguments,
                             const char *path)
{
  PetscFunctionBegin;
  PetscCall(ion_analysis_write(a, path));
  PetscCall(print_all(a, arguments->file));
  printf("  file: %s\n", path);
  if (arguments->csv) PetscCall(write_csv(a, arguments->csv));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode analyze(MPI_Comm comm, const cli_arguments *arguments, int *exit_status)
{
  char path[PETSC_MAX_PATH_LEN];
  ion_analysis *a     = NULL;
  PetscErrorCode code = PETSC_SUCCESS;

  PetscFunctionBegin;
  (void)comm;
  (void)exit_status;
  default_output(arguments->file, path, sizeof path);
  if (arguments->output) snprintf(path, sizeof path, "%s", arguments->output);
  PetscCall(check_paths(arguments, path));
  PetscCall(ion_analysis_create(arguments->file, arguments->of, &a));
  if (ion_analysis_design(a))
    code = check_study(arguments->file); /* imported points lie in the file */
  if (!code) code = report(a, arguments, path);
  PetscCall(ion_analysis_destroy(&a));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

const cli_verb cli_analyze = {
    .name  = "analyze",
    .usage = "ionsweep analyze FILE.nc [-o OUT.nc] [--csv FILE] [--of OUTPUT,...]",
    .help  = "Sensitivity indices with 95 % intervals, failure statistics and measures from given\n"
             "data of a sampled study: a table on the screen, all numbers in OUT.nc (default\n"
             "FILE.sensitivity.nc), those of output and factor also as a CSV table.",
    .options  = "--output --csv --of --help",
    .min_word = 1,
    .max_word = 1,
    .run      = analyze,
};
