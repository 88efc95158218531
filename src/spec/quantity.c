#include "spec_impl.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Limits are compared with this slack, so that 0.3 pL is inside a bound of 0.3e-15 m^3. */
#define SLACK (8 * PETSC_MACHINE_EPSILON)

/* A decimal number at the start of a text; `rest` follows it and the blanks after it. */
static PetscErrorCode read_number(ion_place place, const char *what, const char *text,
                                  double *number, const char **rest)
{
  const char *start = text;
  char *end;

  PetscFunctionBegin;
  while (isspace((unsigned char)*start)) start++;
  *number = strtod(start, &end);
  if (!*start) PetscCall(ion_place_fail(place, "%.200s: a number is missing", what));
  if (end != start && !isfinite(*number))
    PetscCall(ion_place_fail(place, "%.200s must be a finite number, not '%.80s'", what, text));
  if (end == start || memchr(start, 'x', (size_t)(end - start)) ||
      memchr(start, 'X', (size_t)(end - start)))
    PetscCall(ion_place_fail(place, "%.200s must be a number, not '%.80s'", what, text));
  while (isspace((unsigned char)*end)) end++;
  *rest = end;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_quantity_unit(ion_place place, const ion_units *units,
                                 const ion_quantity *quantity, const char *unit, ion_scale *scale)
{
  PetscBool known;

  PetscFunctionBegin;
  scale->unit = unit;
  PetscCall(ion_units_to_si(units, unit, quantity->unit, &scale->factor, &scale->offset, &known));
  if (known) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ion_units_to_si(units, unit, NULL, &scale->factor, &scale->offset, &known));
  PetscCall(ion_place_fail(place, "%.200s: %s unit '%.80s'; expected %s or a unit like it",
                           quantity->name, known ? "wrong" : "unknown", unit, quantity->unit));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const char *unit_suffix(const char *unit)
{
  return strcmp(unit, "1") == 0 ? "" : unit;
}

/* "0.1 to 20 mM", "at least 0 mM", ... of a quantity, in its own unit */
static PetscErrorCode describe_range(const ion_units *units, const ion_quantity *quantity,
                                     char *text, size_t size)
{
  const char *unit = unit_suffix(quantity->unit), *space = *unit ? " " : "";
  double factor, offset, lower, upper;
  PetscBool known;

  PetscFunctionBegin;
  PetscCall(ion_units_to_si(units, quantity->unit, NULL, &factor, &offset, &known));
  lower = (quantity->lower - offset) / factor;
  upper = (quantity->upper - offset) / factor;
  if (!isfinite(upper))
    (void)snprintf(text, size, "at least %.10g%s%s", lower, space, unit);
  else if (!isfinite(lower))
    (void)snprintf(text, size, "at most %.10g%s%s", upper, space, unit);
  else
    (void)snprintf(text, size, "%.10g to %.10g%s%s", lower, upper, space, unit);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_bounds(ion_place place, const ion_units *units,
                                   const ion_quantity *quantity, double number, const char *unit,
                                   double si)
{
  const char *suffix = unit_suffix(unit);
  char range[256];

  PetscFunctionBegin;
  if (isfinite(si) && si >= quantity->lower - SLACK * fabs(quantity->lower) &&
      si <= quantity->upper + SLACK * fabs(quantity->upper))
    PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(describe_range(units, quantity, range, sizeof range));
  PetscCall(ion_place_fail(place, "%.200s = %.10g%s%.80s is out of range; allowed: %s",
                           quantity->name, number, *suffix ? " " : "", suffix, range));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_quantity_number(ion_place place, const ion_units *units,
                                   const ion_quantity *quantity, const ion_scale *scale,
                                   const char *text, double *number, double *si)
{
  const char *rest;

  PetscFunctionBegin;
  PetscCall(read_number(place, quantity->name, text, number, &rest));
  if (*rest)
    PetscCall(ion_place_fail(place, "%.200s must be a number, not '%.80s'", quantity->name, text));
  *si = scale->factor * *number + scale->offset;
  PetscCall(check_bounds(place, units, quantity, *number, scale->unit, *si));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* "5 10 mM" holds two numbers; "5 1/ms" and "0.5 1" hold a number and a unit. */
static PetscBool is_second_number(const char *unit)
{
  if (unit[0] == '1' && (!unit[1] || unit[1] == '/' || isspace((unsigned char)unit[1])))
    return PETSC_FALSE;
  return (PetscBool)(isdigit((unsigned char)*unit) || strchr("+-.,", *unit));
}

/* A unit without the blanks a quoted text may end with. */
static PetscErrorCode tidy_unit(const ion_node *node, const char **unit)
{
  size_t n = strlen(*unit);

  PetscFunctionBegin;
  if (n == 0 || !isspace((unsigned char)(*unit)[n - 1])) PetscFunctionReturn(PETSC_SUCCESS);
  while (n > 0 && isspace((unsigned char)(*unit)[n - 1])) n--;
  PetscCall(ion_spec_copy(node->spec, *unit, n, unit));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_node_get_quantity(const ion_node *node, const ion_units *units,
                                     const ion_quantity *quantity, double *si, const char **unit,
                                     double *number)
{
  const ion_place place = ion_node_place(node);
  const char *written;
  ion_scale scale;
  double x;

  PetscFunctionBegin;
  PetscCall(ion_node_expect(node, ION_SCALAR, quantity->name));
  PetscCall(read_number(place, quantity->name, node->text, &x, &written));
  if (!*written)
    written = quantity->unit;
  else if (is_second_number(written))
    PetscCall(ion_place_fail(place, "%.200s must be a number with a unit, not '%.80s'",
                             quantity->name, node->text));
  PetscCall(tidy_unit(node, &written));
  PetscCall(ion_quantity_unit(place, units, quantity, written, &scale));
  *si = scale.factor * x + scale.offset;
  PetscCall(check_bounds(place, units, quantity, x, written, *si));
  if (unit) *unit = written;
  if (number) *number = x;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Raise at a place that no quantity has this name, with the nearest one there is. */
static PetscErrorCode fail_unknown(ion_place place, const char *name,
                                   const ion_quantity *quantities, size_t n)
{
  const char **names, *nearest;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n, &names));
  for (size_t i = 0; i < n; i++) names[i] = quantities[i].name;
  nearest = ion_nearest_name(name, names, n);
  PetscCall(PetscFree(names));
  if (nearest)
    PetscCall(ion_place_fail(place, "unknown name '%.120s'; did you mean '%s'?", name, nearest));
  PetscCall(ion_place_fail(
      place, "unknown name '%.120s'; 'ionsweep list parameters MODEL' prints those there are",
      name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_quantity_find_at(ion_place place, const char *name,
                                    const ion_quantity *quantities, size_t n, size_t *index)
{
  PetscFunctionBegin;
  for (*index = 0; *index < n; (*index)++)
    if (strcmp(name, quantities[*index].name) == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(fail_unknown(place, name, quantities, n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_quantity_find(const ion_node *where, size_t i, const char *name,
                                 const ion_quantity *quantities, size_t n, size_t *index)
{
  const ion_node *member = where->member[i];
  const ion_place place  = {where->spec->path, member->key_line, member->key_column};

  PetscFunctionBegin;
  PetscCall(ion_quantity_find_at(place, name, quantities, n, index));
  PetscFunctionReturn(PETSC_SUCCESS);
}
