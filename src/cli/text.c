/* Numbers and points as people read them. */
#include "cli_impl.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

PetscErrorCode cli_from_si(const ion_units *units, const char *unit, double si, double *number)
{
  double factor, offset;
  PetscBool known;

  PetscFunctionBegin;
  PetscCall(ion_units_to_si(units, unit, NULL, &factor, &offset, &known));
  PetscCheck(known, PETSC_COMM_SELF, PETSC_ERR_PLIB, "unknown unit '%s'", unit);
  *number = (si - offset) / factor;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The node of a grid factor at a point: the last factor varies fastest. */
static uint64_t node_at(const ion_design *design, size_t factor, uint64_t index)
{
  for (size_t i = ion_design_n_factor(design); i-- > factor + 1;)
    index /= ion_design_factor(design, i)->count;
  return index % ion_design_factor(design, factor)->count;
}

/* The coordinate of a factor at a point, in the unit of the sweep. */
static PetscErrorCode coordinate_at(const ion_design *design, size_t factor, uint64_t index,
                                    double *coordinate)
{
  const uint64_t node = ion_design_is_grid(design) ? node_at(design, factor, index) : index;

  PetscFunctionBegin;
  PetscCall(ion_design_coordinates(design, factor, node, 1, coordinate));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode cli_point_text(const ion_study *study, uint64_t index, char *text, size_t size)
{
  const ion_design *design = ion_study_design(study);

  PetscFunctionBegin;
  *text = '\0';
  for (size_t i = 0; i < ion_design_n_factor(design); i++) {
    const ion_factor *factor = ion_design_factor(design, i);
    const size_t used        = strlen(text);
    const PetscBool bare     = (PetscBool)!strcmp(factor->unit, "1");
    double coordinate;

    PetscCall(coordinate_at(design, i, index, &coordinate));
    snprintf(text + used, size - used, "%s%s = %.6g%s%s", i ? ", " : "", factor->name, coordinate,
             bare ? "" : " ", bare ? "" : factor->unit);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode cli_point_brief(const ion_study *study, uint64_t index, char *text, size_t size)
{
  const ion_design *design = ion_study_design(study);
  const size_t n           = ion_design_n_factor(design);

  PetscFunctionBegin;
  snprintf(text, size, "point %llu", (unsigned long long)index);
  if (n == 0 || n > CLI_MAX_BRIEF) PetscFunctionReturn(PETSC_SUCCESS);
  *text = '\0';
  for (size_t i = 0; i < n; i++) {
    const size_t used = strlen(text);
    double coordinate;

    PetscCall(coordinate_at(design, i, index, &coordinate));
    snprintf(text + used, size - used, "%s%.4g", i ? ", " : "", coordinate);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

void cli_print_warnings(const ion_study *study)
{
  const char *warning;

  for (size_t i = 0; (warning = ion_design_warning(ion_study_design(study), i)); i++)
    fprintf(stderr, "warning: %s\n", warning);
}

void cli_size_text(double bytes, char *text, size_t size)
{
  static const char *const unit[] = {"bytes", "kB", "MB", "GB", "TB", "PB"};
  size_t i                        = 0;

  for (; bytes >= 1000.0 && i + 1 < ION_COUNT(unit); i++) bytes /= 1000.0;
  snprintf(text, size, i ? "%.3g %s" : "%.0f %s", bytes, unit[i]);
}

void cli_time_text(double seconds, char *text, size_t size)
{
  const double minutes = floor(seconds / 60.0), hours = floor(seconds / 3600.0);

  if (seconds < 100.0)
    snprintf(text, size, "%.3g s", seconds);
  else if (hours < 1.0)
    snprintf(text, size, "%.0f min %02.0f s", minutes, seconds - 60.0 * minutes);
  else if (hours < 48.0)
    snprintf(text, size, "%.0f h %02.0f min", hours, minutes - 60.0 * hours);
  else
    snprintf(text, size, "%.1f days", hours / 24.0);
}

const char *cli_flag_word(const char *flags, double value, char *word, size_t size)
{
  if (!(value >= 0.0 && value < 256.0) || !*ion_word_at(flags, (size_t)ceil(value), word, size))
    snprintf(word, size, "-");
  return word;
}
