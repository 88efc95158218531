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

typedef struct {
  size_t n_factor;
  uint64_t n_point;
  double **value; /* [n_factor][n_point] */
} columns;

static PetscErrorCode read_columns(const study_source *source, columns *c)
{
  char name[256];

  PetscFunctionBegin;
  for (const char *at = source->texts->factors; at && *at; c->n_factor++) {
    const size_t n = strcspn(at, " ");
    double *value;

    snprintf(name, sizeof name, "%.*s", (int)n, at);
    for (char *dot = name; *dot; dot++)
      if (*dot == '.') *dot = '_';
    PetscCall(ion_store_coordinate_read(source->path, name, &c->n_point, &value));
    PetscCall(PetscRealloc((c->n_factor + 1) * sizeof *c->value, &c->value));
    c->value[c->n_factor] = value;
    at += strcspn(at, ",");
    at += *at == ',';
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The table as a text of comma-separated values. */
static PetscErrorCode write_table(const study_source *source, const columns *c, char **text)
{
  const size_t cell = 26, head = strlen(source->texts->factors) + 2;
  const size_t size = head + (size_t)c->n_point * c->n_factor * cell + 1;
  size_t at;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(size, text));
  at = (size_t)snprintf(*text, size, "%s\n", source->texts->factors);
  for (uint64_t p = 0; p < c->n_point; p++)
    for (size_t i = 0; i < c->n_factor; i++)
      at += (size_t)snprintf(*text + at, size - at, "%.17g%c", c->value[i][p],
                             i + 1 == c->n_factor ? '\n' : ',');
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_study_restore_points(ion_study *study, const study_source *source)
{
  size_t n, n_theta;
  const ion_quantity *quantity = ion_model_quantities(study->model, &n, &n_theta);
  columns c                    = {0};
  char *text                   = NULL;
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCheck(source->texts->factors, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "%s does not name its factors", source->path);
  code = read_columns(source, &c);
  if (!code) code = write_table(source, &c, &text);
  if (!code)
    code = ion_design_create_table(source->path, text, study->units, quantity, n, &study->design);
  for (size_t i = 0; i < c.n_factor; i++) PetscCall(PetscFree(c.value[i]));
  PetscCall(PetscFree(c.value));
  PetscCall(PetscFree(text));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the study ---- */

static PetscErrorCode check_digest(const char *path, const ion_store_texts *texts,
                                   const ion_study *study)
{
  char digest[65];

  PetscFunctionBegin;
  PetscCall(ion_store_digest(study->canonical, digest));
  PetscCheck(!strcmp(digest, texts->digest), PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "%s: this program makes another study of the sweep and model in it; they or its "
             "coordinates are damaged, or it is of another version",
             path);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_study_reopen(const char *path, ion_study **study)
{
  ion_store_texts texts;
  study_source source = {.path = path, .texts = &texts};
  ion_override *set   = NULL;
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCall(PetscNew(study)); /* zeroed; the caller closes it even if a later line fails */
  code = ion_store_texts_read(path, &texts);
  if (!code) code = split_overrides(texts.overrides, &set, &source.n_set);
  source.set = set;
  if (!code) code = ion_study_read(&source, *study);
  if (!code) code = check_digest(path, &texts, *study);
  PetscCall(PetscFree(set));
  PetscCall(ion_store_texts_free(&texts));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}
