#include "design_impl.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

PetscErrorCode ion_design_add_factor(ion_design *design, ion_place place,
                                     const design_source *source, size_t quantity, const char *unit)
{
  const ion_quantity *of = &source->quantity[quantity];
  design_factor *factor;
  ion_scale scale;

  PetscFunctionBegin;
  if (!of->is_factor) PetscCall(ion_place_fail(place, "'%s' may be set but not varied", of->name));
  if (design->n_factor == design->capacity) {
    design->capacity = design->capacity > 0 ? 2 * design->capacity : 8;
    PetscCall(PetscRealloc(design->capacity * sizeof *factor, &design->factor));
  }
  factor = &design->factor[design->n_factor++];
  memset(factor, 0, sizeof *factor);
  PetscCall(PetscStrallocpy(of->name, &factor->name));
  PetscCall(PetscStrallocpy(unit, &factor->unit));
  PetscCall(ion_quantity_unit(place, source->units, of, factor->unit, &scale));
  factor->scale  = scale.factor;
  factor->offset = scale.offset;
  factor->shown  = (ion_factor){quantity, factor->name, factor->unit, NULL, 0};
  PetscFunctionReturn(PETSC_SUCCESS);
}

double ion_design_coordinate_of(const design_factor *factor, double si)
{
  const double x = (si - factor->offset) / factor->scale;
  char text[32];
  double tidy;

  (void)snprintf(text, sizeof text, "%.14g", x);
  tidy = strtod(text, NULL);
  return fabs(factor->scale * tidy + factor->offset - si) <= 4 * PETSC_MACHINE_EPSILON * fabs(si)
             ? tidy
             : x;
}

size_t ion_design_find_factor(const ion_design *design, const char *name)
{
  size_t i = 0;

  while (i < design->n_factor && strcmp(design->factor[i].name, name) != 0) i++;
  return i;
}

PetscErrorCode ion_design_read_balance(const ion_node *node, design_factor *factor)
{
  static const char volume[] = ".composition.volume";
  const ion_node *balance    = ion_node_find(node, "balance");
  const size_t n = strlen(factor->name), n_volume = sizeof volume - 1;
  const char *species;

  PetscFunctionBegin;
  if (!balance) PetscFunctionReturn(PETSC_SUCCESS);
  if (!strstr(factor->name, ".composition.") ||
      (n >= n_volume && strcmp(factor->name + n - n_volume, volume) == 0))
    PetscCall(ion_node_fail(balance, "%s: 'balance' belongs to the composition of a species only",
                            factor->name));
  PetscCall(ion_node_get_string(balance, "balance", &species));
  PetscCall(PetscStrallocpy(species, &factor->balance));
  factor->shown.balance = factor->balance;
  PetscFunctionReturn(PETSC_SUCCESS);
}
