/* Small NetCDF files of tables with named rows. */
#include "store_impl.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* A file in the making. */
typedef struct {
  const char *path;
  int ncid;
  size_t n_axis;
  const ion_store_axis *axis;
  int *dim;     /* [n_axis] */
  int *text;    /* [n_axis] dimension of the letters of its labels */
  int *label;   /* [n_axis] variable of labels, or -1 */
  int *id;      /* [n_table] */
  int *unit;    /* [n_axis] variable of their units, or -1 */
  size_t *wide; /* [n_axis] letters of labels and units alike */
} writer;

static PetscErrorCode put_text(const writer *w, int var, const char *name, const char *text)
{
  PetscFunctionBegin;
  if (text) ION_NC(w->path, ncmpi_put_att_text(w->ncid, var, name, (MPI_Offset)strlen(text), text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static size_t widest(const ion_store_axis *axis)
{
  size_t n = 1;

  for (size_t i = 0; i < axis->length; i++) n = PetscMax(n, strlen(axis->label[i]));
  for (size_t i = 0; axis->unit && i < axis->length; i++) n = PetscMax(n, strlen(axis->unit[i]));
  return n;
}

static PetscErrorCode define_axis(writer *w, size_t a)
{
  const ion_store_axis *axis = &w->axis[a];
  char name[256];
  int dim[2];

  PetscFunctionBegin;
  w->label[a] = w->unit[a] = -1;
  ION_NC(w->path,
         ncmpi_def_dim(w->ncid, axis->name, (MPI_Offset)PetscMax(1, axis->length), &w->dim[a]));
  if (!axis->label) PetscFunctionReturn(PETSC_SUCCESS);
  w->wide[a] = widest(axis);
  snprintf(name, sizeof name, "%s_letter", axis->name);
  ION_NC(w->path, ncmpi_def_dim(w->ncid, name, (MPI_Offset)w->wide[a], &w->text[a]));
  dim[0] = w->dim[a];
  dim[1] = w->text[a];
  ION_NC(w->path, ncmpi_def_var(w->ncid, axis->name, NC_CHAR, 2, dim, &w->label[a]));
  if (!axis->unit) PetscFunctionReturn(PETSC_SUCCESS);
  snprintf(name, sizeof name, "%s_unit", axis->name);
  ION_NC(w->path, ncmpi_def_var(w->ncid, name, NC_CHAR, 2, dim, &w->unit[a]));
  PetscCall(put_text(w, w->unit[a], "long_name", "unit of the values of these names"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode define_table(writer *w, const ion_store_table *table, int *id)
{
  const double missing = (double)NAN;
  int dim[ION_STORE_MAX_DIM];

  PetscFunctionBegin;
  for (size_t d = 0; d < table->n_dim; d++) dim[d] = w->dim[table->dim[d]];
  ION_NC(w->path, ncmpi_def_var(w->ncid, table->name, NC_DOUBLE, (int)table->n_dim, dim, id));
  PetscCall(put_text(w, *id, "long_name", table->long_name));
  PetscCall(put_text(w, *id, "units", table->unit));
  ION_NC(w->path, ncmpi_put_att_double(w->ncid, *id, "_FillValue", NC_DOUBLE, 1, &missing));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One text a row, NUL behind it. */
static PetscErrorCode put_words(const writer *w, size_t a, int var, const char *const *word)
{
  char *letters;

  PetscFunctionBegin;
  if (var < 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscCalloc1(PetscMax(1, w->axis[a].length) * w->wide[a], &letters));
  for (size_t i = 0; i < w->axis[a].length; i++)
    memcpy(letters + i * w->wide[a], word[i], strlen(word[i]));
  ION_NC(w->path, ncmpi_put_var_text_all(w->ncid, var, letters));
  PetscCall(PetscFree(letters));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_all(writer *w, const ion_store_about *about, size_t n_table,
                                const ion_store_table *table)
{
  PetscFunctionBegin;
  PetscCall(put_text(w, NC_GLOBAL, "Conventions", "CF-1.8, ACDD-1.3"));
  PetscCall(put_text(w, NC_GLOBAL, "title", about->title));
  PetscCall(put_text(w, NC_GLOBAL, "summary", about->summary));
  PetscCall(put_text(w, NC_GLOBAL, "program", about->program));
  PetscCall(put_text(w, NC_GLOBAL, "source", about->source));
  for (size_t a = 0; a < w->n_axis; a++) PetscCall(define_axis(w, a));
  for (size_t t = 0; t < n_table; t++) PetscCall(define_table(w, &table[t], &w->id[t]));
  ION_NC(w->path, ncmpi_enddef(w->ncid));
  for (size_t a = 0; a < w->n_axis; a++) {
    PetscCall(put_words(w, a, w->label[a], w->axis[a].label));
    PetscCall(put_words(w, a, w->unit[a], w->axis[a].unit));
  }
  for (size_t t = 0; t < n_table; t++)
    ION_NC(w->path, ncmpi_put_var_double_all(w->ncid, w->id[t], table[t].value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_store_tables_write(const char *path, const ion_store_about *about, size_t n_axis,
                                      const ion_store_axis *axis, size_t n_table,
                                      const ion_store_table *table)
{
  writer w = {.path = path, .n_axis = n_axis, .axis = axis};
  char temporary[PETSC_MAX_PATH_LEN];
  struct stat there;
  PetscErrorCode code;
  int why;

  PetscFunctionBegin;
  PetscCheck(stat(path, &there) || S_ISREG(there.st_mode), PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "%s: cannot be written (it is not a regular file)", path);
  snprintf(temporary, sizeof temporary, "%s.tmp", path);
  PetscCall(PetscMalloc6(n_axis, &w.dim, n_axis, &w.text, n_axis, &w.label, n_axis, &w.unit, n_axis,
                         &w.wide, n_table, &w.id));
  why  = ncmpi_create(MPI_COMM_SELF, temporary, NC_CLOBBER | NC_64BIT_DATA, MPI_INFO_NULL, &w.ncid);
  code = why == NC_NOERR ? write_all(&w, about, n_table, table) : PETSC_ERR_USER_INPUT;
  if (why == NC_NOERR) why = ncmpi_close(w.ncid);
  PetscCall(PetscFree6(w.dim, w.text, w.label, w.unit, w.wide, w.id));
  PetscCheck(why == NC_NOERR, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT, "%s: cannot be written (%s)",
             path, ncmpi_strerror(why));
  PetscCall(code);
  PetscCheck(!rename(temporary, path), PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "%s: cannot be written (%s)", path, strerror(errno));
  PetscFunctionReturn(PETSC_SUCCESS);
}
