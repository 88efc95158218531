/* ionsweep analyze FILE.nc */
#include "cli_impl.h"

#include <ion/sensitivity.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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
  PetscCall(cli_print_analysis(a, arguments->file));
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
