/* An analysis: its axes, tables and warnings. */
#include "analysis_impl.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#ifndef ION_VERSION
#define ION_VERSION "0.1.0"
#endif

PetscErrorCode ion_analysis_add(ion_analysis *a, const char *name, const char *long_name,
                                const char *unit, size_t n_dim, const ion_analysis_axis *dim,
                                double **value)
{
  ion_store_table *table;
  size_t n = 1;

  PetscFunctionBegin;
  if (a->n_table == a->capacity) {
    a->capacity = 2 * a->capacity + 32;
    PetscCall(PetscRealloc(a->capacity * sizeof *a->table, &a->table));
  }
  for (size_t d = 0; d < n_dim; d++) n *= PetscMax(1, a->axis[dim[d]].length);
  PetscCall(PetscMalloc1(n, value));
  for (size_t i = 0; i < n; i++) (*value)[i] = (double)NAN;
  table  = &a->table[a->n_table++];
  *table = (ion_store_table){
      .name = name, .long_name = long_name, .unit = unit, .n_dim = n_dim, .value = *value};
  for (size_t d = 0; d < n_dim; d++) table->dim[d] = dim[d];
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_analysis_warn(ion_analysis *a, const char *format, ...)
{
  char text[512];
  va_list arguments;

  PetscFunctionBegin;
  if (a->n_warning == ANALYSIS_MAX_WARNING) PetscFunctionReturn(PETSC_SUCCESS);
  va_start(arguments, format);
  (void)vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  PetscCall(PetscStrallocpy(text, &a->warning[a->n_warning++]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

double ion_analysis_indicator(const ion_analysis *a, size_t reason, uint64_t point)
{
  const unsigned char status  = a->status[point];
  const analysis_reason *what = &a->reason[reason];

  if (status == ION_PENDING || status == ION_INFEASIBLE || status == ION_NOT_NEEDED)
    return (double)NAN;
  if (what->class_ >= 0)
    return status == ION_OK ? (double)(a->class_[point] == what->class_) : (double)NAN;
  return (double)(what->statuses >> status & 1u);
}

static PetscErrorCode fill_indices(ion_analysis *a, const char *path, const char *of)
{
  PetscFunctionBegin;
  PetscCall(ion_analysis_open(a, path, of));
  PetscCall(ion_analysis_failures(a));
  if (a->is_saltelli) PetscCall(ion_analysis_pairs(a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode fill(ion_analysis *a, const char *path, const char *of)
{
  PetscFunctionBegin;
  PetscCall(fill_indices(a, path, of));
  if (a->is_morris) PetscCall(ion_analysis_effects(a));
  if (!a->sums) PetscCall(ion_analysis_given(a));
  if (!a->sums) PetscCall(ion_analysis_gradients(a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create(const char *path, const char *of,
                             PetscErrorCode (*fill_it)(ion_analysis *, const char *, const char *),
                             ion_analysis **analysis)
{
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCall(PetscNew(analysis));
  code = fill_it(*analysis, path, of);
  if (code) PetscCall(ion_analysis_destroy(analysis));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_analysis_create(const char *path, const char *of, ion_analysis **analysis)
{
  PetscFunctionBegin;
  PetscCall(create(path, of, fill, analysis));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_analysis_create_indices(const char *path, const char *of,
                                           ion_analysis **analysis)
{
  PetscFunctionBegin;
  PetscCall(create(path, of, fill_indices, analysis));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_analysis_destroy(ion_analysis **analysis)
{
  ion_analysis *a = *analysis;

  PetscFunctionBegin;
  if (!a) PetscFunctionReturn(PETSC_SUCCESS);
  for (size_t i = 0; i < a->n_table; i++) {
    double *value = (double *)(uintptr_t)a->table[i].value; /* made by ion_analysis_add */

    PetscCall(PetscFree(value));
  }
  for (size_t i = 0; i < ION_N_AXIS; i++) PetscCall(PetscFree(a->label[i]));
  for (size_t i = 0; i < a->n_warning; i++) PetscCall(PetscFree(a->warning[i]));
  for (size_t j = 0; a->moves && j < a->n_input; j++) PetscCall(PetscFree(a->moves[j]));
  PetscCall(PetscFree(a->moves));
  PetscCall(PetscFree(a->unit));
  PetscCall(PetscFree(a->table));
  PetscCall(PetscFree(a->output));
  PetscCall(PetscFree(a->status));
  PetscCall(PetscFree(a->class_));
  PetscCall(PetscFree(a->sample));
  PetscCall(PetscFree(a->quantity));
  PetscCall(PetscFree(a->factors));
  PetscCall(ion_sums_destroy(&a->sums));
  if (a->place.data != a->u.data) PetscCall(ion_block_destroy(&a->place));
  PetscCall(ion_block_destroy(&a->u));
  PetscCall(ion_tree_destroy(&a->tree));
  PetscCall(ion_region_destroy(&a->region));
  PetscCall(ion_design_destroy(&a->design));
  PetscCall(ion_spec_close(&a->sweep));
  PetscCall(ion_units_destroy(&a->units));
  PetscCall(ion_store_file_close(&a->file));
  PetscCall(PetscFree(*analysis));
  PetscFunctionReturn(PETSC_SUCCESS);
}

const char *ion_analysis_title(const ion_analysis *analysis)
{
  return analysis->schema->title;
}

const ion_design *ion_analysis_design(const ion_analysis *analysis)
{
  return analysis->design;
}

const ion_store_axis *ion_analysis_axis_at(const ion_analysis *analysis, ion_analysis_axis axis)
{
  return &analysis->axis[axis];
}

const ion_store_table *ion_analysis_table(const ion_analysis *analysis, const char *name)
{
  for (size_t i = 0; i < analysis->n_table; i++)
    if (!strcmp(analysis->table[i].name, name)) return &analysis->table[i];
  return NULL;
}

size_t ion_analysis_n_table(const ion_analysis *analysis)
{
  return analysis->n_table;
}

const ion_store_table *ion_analysis_table_at(const ion_analysis *analysis, size_t i)
{
  return &analysis->table[i];
}

const char *ion_analysis_warning(const ion_analysis *analysis, size_t i)
{
  return i < analysis->n_warning ? analysis->warning[i] : NULL;
}

PetscErrorCode ion_analysis_write(const ion_analysis *analysis, const char *path)
{
  const ion_store_about about = {.title = analysis->schema->title,
                                 .summary =
                                     "Sensitivity indices with 95 % half-widths, and failures",
                                 .program = "ionsweep " ION_VERSION,
                                 .source  = analysis->schema->sweep_text};

  PetscFunctionBegin;
  PetscCall(ion_store_tables_write(path, &about, ION_N_AXIS, analysis->axis, analysis->n_table,
                                   analysis->table));
  PetscFunctionReturn(PETSC_SUCCESS);
}
