/* The study of a result file, made again from what the file says. */
#include "study_impl.h"

#include <stdio.h>
#include <string.h>

/* ---- overrides ---- */

/* "name=value" lines, cut in place. */
static PetscErrorCode split_overrides(char *text, ion_override **set, size_t *n_set)
{
  size_t n = 0;

  PetscFunctionBegin;
  *n_set = 0;
  for (const char *c = text; c && *c; c++) n += *c == '\n';
  PetscCall(PetscMalloc1(n + 1, set));
  for (char *line = text, *end; line && (end = strchr(line, '\n')); line = end + 1) {
    char *equals = strchr(line, '=');

    *end = '\0';
    if (!equals) continue;
    *equals            = '\0';
    (*set)[(*n_set)++] = (ion_override){.name = line, .value = equals + 1};
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- points that came from a table ---- */

enum { CELL = 26, ROWS = 4096 }; /* bytes a number takes at most; points read at a time */

/* Rows of numbers after the header of a table. */
static PetscErrorCode write_rows(const ion_store_file *file, uint64_t first, size_t n,
                                 double *value, char **at)
{
  const ion_store_schema *schema = ion_store_file_schema(file);
  const size_t n_factor          = schema->n_coordinate;

  PetscFunctionBegin;
  for (size_t i = 0; i < n_factor; i++)
    PetscCall(ion_store_file_coordinate(file, i, first, n, value + i * ROWS));
  for (size_t p = 0; p < n; p++)
    for (size_t i = 0; i < n_factor; i++)
      *at += snprintf(*at, CELL, "%.17g%c", value[i * ROWS + p], i + 1 == n_factor ? '\n' : ',');
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The table as a text of comma-separated values. */
static PetscErrorCode write_table(const ion_store_file *file, char **text)
{
  const ion_store_schema *schema = ion_store_file_schema(file);
  const size_t n_factor          = schema->n_coordinate;
  double *value;
  char *at;

  PetscFunctionBegin;
  PetscCall(
      PetscMalloc1(strlen(schema->factors) + 2 + (size_t)schema->n_point * n_factor * CELL, text));
  PetscCall(PetscMalloc1(n_factor * ROWS, &value));
  at = *text + sprintf(*text, "%s\n", schema->factors);
  for (uint64_t first = 0; first < schema->n_point; first += ROWS)
    PetscCall(write_rows(file, first, (size_t)PetscMin(schema->n_point - first, ROWS), value, &at));
  PetscCall(PetscFree(value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_study_restore_points(ion_study *study, const study_source *source)
{
  size_t n, n_theta;
  const ion_quantity *quantity = ion_model_quantities(study->model, &n, &n_theta);
  char *text                   = NULL;
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCheck(ion_store_file_schema(source->file)->factors, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "%s does not name its factors", source->path);
  code = write_table(source->file, &text);
  if (!code)
    code = ion_design_create_table(source->path, text, study->units, quantity, n, &study->design);
  PetscCall(PetscFree(text));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the study ---- */

static PetscErrorCode check_digest(const char *path, const ion_store_file *file,
                                   const ion_study *study)
{
  const char *there = ion_store_file_digest(file);
  char digest[65];

  PetscFunctionBegin;
  PetscCall(ion_store_digest(study->canonical, digest));
  PetscCheck(there && !strcmp(digest, there), PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "%s: this program makes another study of the sweep and model in it; they or its "
             "coordinates are damaged, or it is of another version",
             path);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_from(const char *path, const ion_store_file *file, ion_study *study)
{
  const char *overrides = ion_store_file_schema(file)->overrides;
  study_source source   = {.path = path, .file = file};
  ion_override *set     = NULL;
  char *text            = NULL;
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCheck(ion_store_file_schema(file)->model_text, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "%s lacks its model", path);
  if (overrides) PetscCall(PetscStrallocpy(overrides, &text));
  code       = split_overrides(text, &set, &source.n_set);
  source.set = set;
  if (!code) code = ion_study_read(&source, study);
  if (!code) code = check_digest(path, file, study);
  PetscCall(PetscFree(set));
  PetscCall(PetscFree(text));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_study_reopen(const char *path, ion_study **study)
{
  ion_store_file *file = NULL;
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCall(PetscNew(study)); /* zeroed; the caller closes it even if a later line fails */
  code = ion_store_file_open(path, &file);
  if (!code) code = read_from(path, file, *study);
  PetscCall(ion_store_file_close(&file));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}
