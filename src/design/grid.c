#include "design_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Coordinates times the number of nodes stay finite below this. */
#define LARGEST_COORDINATE 1e290

static const char *const spaced_keys[]  = {"from", "to", "count", "spacing", "balance"};
static const char *const counted_keys[] = {"from", "to", "spacing", "balance"};
static const char *const listed_keys[]  = {"values", "balance"};
static const char *const all_keys[]     = {"from", "to", "count", "spacing", "values", "balance"};

static PetscErrorCode read_spacing(const ion_node *node, design_factor *factor)
{
  static const char *const words[] = {"linear", "log"};
  const ion_node *spacing          = ion_node_find(node, "spacing");
  size_t k                         = 0;

  PetscFunctionBegin;
  if (spacing) PetscCall(ion_node_get_word(spacing, "spacing", words, ION_COUNT(words), &k));
  factor->spacing = k == 1 ? SPACING_LOG : SPACING_LINEAR;
  if (factor->spacing == SPACING_LINEAR) PetscFunctionReturn(PETSC_SUCCESS);
  if (factor->offset != 0)
    PetscCall(ion_node_fail(spacing, "%s: log spacing needs a unit that starts at zero, not %s",
                            factor->name, factor->unit));
  if (factor->from <= 0 || factor->to <= 0)
    PetscCall(ion_node_fail(spacing, "%s: log spacing needs positive limits, not %.10g to %.10g",
                            factor->name, factor->from, factor->to));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A value at a node of the tree as a coordinate of the factor. */
static PetscErrorCode read_coordinate(const design_source *source, const ion_node *node,
                                      const design_factor *factor, double *coordinate)
{
  const ion_quantity *quantity = &source->quantity[factor->shown.quantity];
  const char *unit;
  double si, number;

  PetscFunctionBegin;
  PetscCall(ion_node_get_quantity(node, source->units, quantity, &si, &unit, &number));
  *coordinate = strcmp(unit, factor->unit) == 0 ? number : ion_design_coordinate_of(factor, si);
  if (!(fabs(*coordinate) < LARGEST_COORDINATE))
    PetscCall(
        ion_node_fail(node, "%s = %.10g %s is too large", factor->name, *coordinate, factor->unit));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The factor takes the unit of the first value written. */
static PetscErrorCode add_factor(const design_source *source, size_t quantity, ion_place place,
                                 const ion_node *first, ion_design *design)
{
  const char *unit;
  double si;

  PetscFunctionBegin;
  PetscCall(
      ion_node_get_quantity(first, source->units, &source->quantity[quantity], &si, &unit, NULL));
  PetscCall(ion_design_add_factor(design, place, source, quantity, unit));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Nodes of a factor: `count` of them, or what the sweep says where that is 0. */
static PetscErrorCode read_count(const ion_node *node, uint64_t count, design_factor *factor)
{
  const ion_node *key = NULL;
  int64_t n           = (int64_t)count;

  PetscFunctionBegin;
  if (!count) {
    PetscCall(ion_node_require(node, factor->name, "count", &key));
    PetscCall(ion_node_get_integer(key, "count", 1, (int64_t)ION_MAX_POINTS, &n));
  }
  factor->shown.count = (uint64_t)n;
  if (factor->from == factor->to && count)
    PetscCall(ion_node_fail(ion_node_find(node, "to"),
                            "%s: from = to (%.10g %s) leaves nothing to map", factor->name,
                            factor->from, factor->unit));
  if (factor->from == factor->to && n > 1)
    PetscCall(ion_node_fail(key, "%s: from = to (%.10g %s) leaves one node, but count is %lld",
                            factor->name, factor->from, factor->unit, (long long)n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_spaced(const design_source *source, const ion_node *node, uint64_t count,
                                  design_factor *factor)
{
  const ion_node *from, *to;

  PetscFunctionBegin;
  PetscCall(ion_node_require(node, factor->name, "from", &from));
  PetscCall(ion_node_require(node, factor->name, "to", &to));
  PetscCall(read_coordinate(source, from, factor, &factor->from));
  PetscCall(read_coordinate(source, to, factor, &factor->to));
  PetscCall(read_count(node, count, factor));
  PetscCall(read_spacing(node, factor));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static int compare_numbers(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;

  return (x > y) - (x < y);
}

/* Two nodes of one value would be two places of one coordinate. */
static PetscErrorCode refuse_repeats(const ion_node *list, const design_factor *factor)
{
  const size_t n = (size_t)factor->shown.count;
  size_t i;
  double *sorted, again = 0;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n, &sorted));
  memcpy(sorted, factor->node, n * sizeof *sorted);
  qsort(sorted, n, sizeof *sorted, compare_numbers);
  for (i = 1; i < n && sorted[i - 1] != sorted[i]; i++) continue;
  if (i < n) again = sorted[i];
  PetscCall(PetscFree(sorted));
  if (i < n)
    PetscCall(ion_node_fail(list, "%s: the value %.10g %s is listed twice", factor->name, again,
                            factor->unit));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_listed(const design_source *source, const ion_node *list,
                                  design_factor *factor)
{
  const size_t n = ion_node_count(list);

  PetscFunctionBegin;
  factor->spacing     = SPACING_LISTED;
  factor->shown.count = n;
  PetscCall(PetscMalloc1(n, &factor->node));
  for (size_t i = 0; i < n; i++)
    PetscCall(read_coordinate(source, ion_node_at(list, i), factor, &factor->node[i]));
  PetscCall(refuse_repeats(list, factor));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The keys of a factor whose number of nodes is given; `first` decides the unit. */
static PetscErrorCode check_counted(const ion_node *node, const char *name, const ion_node **first)
{
  PetscFunctionBegin;
  if (ion_node_type(node) != ION_MAPPING)
    PetscCall(ion_node_fail(node, "%s must be {from: ..., to: ...}", name));
  PetscCall(ion_node_check_keys(node, name, counted_keys, ION_COUNT(counted_keys)));
  PetscCall(ion_node_require(node, name, "from", first));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The keys of a factor; `first` is its first value, which decides the unit. */
static PetscErrorCode check_factor(const ion_node *node, const char *name, const ion_node **first)
{
  const ion_node *values;

  PetscFunctionBegin;
  if (ion_node_type(node) != ION_MAPPING)
    PetscCall(ion_node_fail(node, "%s must be {from: ..., to: ..., count: ...} or {values: [...]}",
                            name));
  PetscCall(ion_node_check_keys(node, name, all_keys, ION_COUNT(all_keys)));
  values = ion_node_find(node, "values");
  if (!values) {
    PetscCall(ion_node_check_keys(node, name, spaced_keys, ION_COUNT(spaced_keys)));
    PetscCall(ion_node_require(node, name, "from", first));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(ion_node_check_keys(node, name, listed_keys, ION_COUNT(listed_keys)));
  PetscCall(ion_node_expect(values, ION_SEQUENCE, "values"));
  if (ion_node_count(values) == 0) PetscCall(ion_node_fail(values, "%s: no values listed", name));
  *first = ion_node_at(values, 0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_grid_read_factor(const design_source *source, const ion_node *factors, size_t i,
                                    uint64_t count, ion_design *design)
{
  const ion_node *node   = ion_node_at(factors, i), *first;
  const char *name       = ion_node_key_at(factors, i);
  const ion_node *values = ion_node_find(node, "values");
  size_t quantity;
  design_factor *factor;

  PetscFunctionBegin;
  PetscCall(ion_quantity_find(factors, i, name, source->quantity, source->n, &quantity));
  if (!source->quantity[quantity].is_factor)
    PetscCall(ion_node_fail_key(factors, i, "'%s' may be set but not varied", name));
  PetscCall(count ? check_counted(node, name, &first) : check_factor(node, name, &first));
  PetscCall(add_factor(source, quantity, ion_node_place(node), first, design));
  factor = &design->factor[design->n_factor - 1];
  if (values)
    PetscCall(read_listed(source, values, factor));
  else
    PetscCall(read_spaced(source, node, count, factor));
  PetscCall(ion_design_read_balance(node, factor));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_grid_count_points(const ion_node *factors, ion_design *design)
{
  PetscFunctionBegin;
  design->n_point = 1;
  for (size_t i = design->n_factor; i-- > 0;) {
    design_factor *factor = &design->factor[i];

    factor->stride = design->n_point;
    if (factor->shown.count > ION_MAX_POINTS / design->n_point)
      PetscCall(ion_node_fail(factors, "the grid has more than 2^40 points; reduce a count"));
    design->n_point *= factor->shown.count;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create(const design_source *source, ion_design *design)
{
  static const char *const keys[] = {"kind", "factors"};
  const ion_node *factors;

  PetscFunctionBegin;
  PetscCall(ion_node_check_keys(source->node, "design", keys, ION_COUNT(keys)));
  PetscCall(ion_node_require(source->node, "design", "factors", &factors));
  PetscCall(ion_node_expect(factors, ION_MAPPING, "factors"));
  if (ion_node_count(factors) == 0)
    PetscCall(ion_node_fail(factors, "a grid needs at least one factor"));
  for (size_t i = 0; i < ion_node_count(factors); i++)
    PetscCall(ion_grid_read_factor(source, factors, i, 0, design));
  PetscCall(ion_grid_count_points(factors, design));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Coordinate of a node: (a (n-1-i) + b i)/(n-1), which gives decimal steps their nearest number. */
static double coordinate_at(const design_factor *factor, uint64_t i)
{
  const uint64_t last = factor->shown.count - 1;
  const double up = (double)i, down = (double)(last - i), n = (double)last;

  if (factor->spacing == SPACING_LISTED) return factor->node[i];
  if (i == 0) return factor->from;
  if (i == last) return factor->to;
  if (factor->spacing == SPACING_LINEAR) return (factor->from * down + factor->to * up) / n;
  return pow(10.0, (log10(factor->from) * down + log10(factor->to) * up) / n);
}

void ion_grid_values(const ion_design *design, size_t which, uint64_t first, size_t n, double *si)
{
  const design_factor *factor = &design->factor[which];
  uint64_t node               = first / factor->stride % factor->shown.count;
  uint64_t left               = factor->stride - first % factor->stride;

  for (size_t p = 0; p < n;) {
    const double x = factor->scale * coordinate_at(factor, node) + factor->offset;

    for (; left > 0 && p < n; left--) si[p++] = x;
    left = factor->stride;
    node = node + 1 < factor->shown.count ? node + 1 : 0;
  }
}

void ion_grid_coordinates(const ion_design *design, size_t which, uint64_t first, size_t n,
                          double *coordinate)
{
  for (size_t i = 0; i < n; i++) coordinate[i] = coordinate_at(&design->factor[which], first + i);
}

PetscErrorCode ion_grid_canonical(const ion_design *design, uint64_t n_point, PetscSegBuffer out)
{
  PetscFunctionBegin;
  (void)n_point;
  for (size_t i = 0; i < design->n_factor; i++) {
    const design_factor *factor = &design->factor[i];

    if (factor->spacing != SPACING_LISTED) {
      PetscCall(ion_design_print(out, "%s from %.17g to %.17g\n",
                                 factor->spacing == SPACING_LOG ? "log" : "linear", factor->from,
                                 factor->to));
      continue;
    }
    PetscCall(ion_design_print(out, "values"));
    for (uint64_t k = 0; k < factor->shown.count; k++)
      PetscCall(ion_design_print(out, " %.17g", factor->node[k]));
    PetscCall(ion_design_print(out, "\n"));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

const design_kind ion_design_grid = {
    .name        = "grid",
    .is_grid     = PETSC_TRUE,
    .create      = create,
    .values      = ion_grid_values,
    .coordinates = ion_grid_coordinates,
    .canonical   = ion_grid_canonical,
};
