#include "design_impl.h"

#include <string.h>

/* Factors are the names in the order they first appear; each takes the unit it has there. */
static PetscErrorCode collect_factors(const design_source *source, const ion_node *point,
                                      ion_design *design)
{
  PetscFunctionBegin;
  PetscCall(ion_node_expect(point, ION_MAPPING, "a point"));
  for (size_t k = 0; k < ion_node_count(point); k++) {
    const char *name      = ion_node_key_at(point, k), *unit;
    const ion_node *value = ion_node_at(point, k);
    size_t quantity;
    double si;

    if (ion_design_find_factor(design, name) < design->n_factor) continue;
    PetscCall(ion_quantity_find(point, k, name, source->quantity, source->n, &quantity));
    if (!source->quantity[quantity].is_factor)
      PetscCall(ion_node_fail_key(point, k, "'%s' may be set but not varied", name));
    PetscCall(
        ion_node_get_quantity(value, source->units, &source->quantity[quantity], &si, &unit, NULL));
    PetscCall(ion_design_add_factor(design, ion_node_place(value), source, quantity, unit));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_design_fill_defaults(ion_design *design, const design_source *source,
                                        uint64_t n_point)
{
  const size_t n = design->n_factor;

  PetscFunctionBegin;
  design->n_point = n_point;
  PetscCall(PetscMalloc1(n_point * n, &design->coordinate));
  PetscCall(PetscMalloc1(n_point * n, &design->si));
  for (size_t i = 0; i < n; i++) {
    design_factor *factor   = &design->factor[i];
    const double si         = source->quantity[factor->shown.quantity].value;
    const double coordinate = ion_design_coordinate_of(factor, si);

    factor->shown.count = n_point;
    for (uint64_t p = 0; p < n_point; p++) {
      design->coordinate[p * n + i] = coordinate;
      design->si[p * n + i]         = si;
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_point(const design_source *source, const ion_node *point, size_t p,
                                 ion_design *design)
{
  PetscFunctionBegin;
  for (size_t k = 0; k < ion_node_count(point); k++) {
    const size_t i               = ion_design_find_factor(design, ion_node_key_at(point, k));
    const design_factor *factor  = &design->factor[i];
    const ion_quantity *quantity = &source->quantity[factor->shown.quantity];
    double *coordinate           = &design->coordinate[p * design->n_factor + i];
    double *si                   = &design->si[p * design->n_factor + i];
    const char *unit;

    PetscCall(ion_node_get_quantity(ion_node_at(point, k), source->units, quantity, si, &unit,
                                    coordinate));
    if (strcmp(unit, factor->unit) != 0) *coordinate = ion_design_coordinate_of(factor, *si);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_inline(const design_source *source, const ion_node *points,
                                  ion_design *design)
{
  const size_t n = ion_node_count(points);

  PetscFunctionBegin;
  PetscCall(ion_node_expect(points, ION_SEQUENCE, "points"));
  if (n == 0) PetscCall(ion_node_fail(points, "no points listed"));
  for (size_t p = 0; p < n; p++) PetscCall(collect_factors(source, ion_node_at(points, p), design));
  PetscCall(ion_design_fill_defaults(design, source, n));
  for (size_t p = 0; p < n; p++) PetscCall(read_point(source, ion_node_at(points, p), p, design));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create(const design_source *source, ion_design *design)
{
  static const char *const keys[] = {"kind", "points", "file"};
  const ion_node *points, *file;

  PetscFunctionBegin;
  PetscCall(ion_node_check_keys(source->node, "design", keys, ION_COUNT(keys)));
  points = ion_node_find(source->node, "points");
  file   = ion_node_find(source->node, "file");
  if (!points == !file)
    PetscCall(ion_node_fail(source->node, "design needs either 'points' or 'file'%s",
                            points ? ", not both" : ""));
  if (points)
    PetscCall(read_inline(source, points, design));
  else
    PetscCall(ion_design_read_table(source, file, design));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void copy_column(const ion_design *design, const double *from, size_t which, uint64_t first,
                        size_t n, double *to)
{
  const size_t n_factor = design->n_factor;

  for (size_t p = 0; p < n; p++) to[p] = from[(first + p) * n_factor + which];
}

static void values(const ion_design *design, size_t which, uint64_t first, size_t n, double *si)
{
  copy_column(design, design->si, which, first, n, si);
}

static void coordinates(const ion_design *design, size_t which, uint64_t first, size_t n,
                        double *coordinate)
{
  copy_column(design, design->coordinate, which, first, n, coordinate);
}

/* Coordinates decide the SI values up to the round-off of another unit; those are added where they
 * differ. */
static PetscErrorCode canonical(const ion_design *design, uint64_t n_point, PetscSegBuffer out)
{
  const size_t n = design->n_factor;

  PetscFunctionBegin;
  (void)n_point;
  PetscCall(ion_design_print(out, "points %llu\n", (unsigned long long)design->n_point));
  for (uint64_t p = 0; p < design->n_point; p++) {
    for (size_t i = 0; i < n; i++) {
      const design_factor *factor = &design->factor[i];
      const double x = design->coordinate[p * n + i], si = design->si[p * n + i];

      PetscCall(ion_design_print(out, " %.17g", x));
      if (factor->scale * x + factor->offset != si) PetscCall(ion_design_print(out, "=%.17g", si));
    }
    PetscCall(ion_design_print(out, "\n"));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

const design_kind ion_design_list = {
    .name        = "points",
    .is_grid     = PETSC_FALSE,
    .create      = create,
    .values      = values,
    .coordinates = coordinates,
    .canonical   = canonical,
};
