/* kind: boundary. A grid whose spacing is that of the finest cells; which of its nodes are solved is decided on the
 * way (refine.c). */
#include "design_impl.h"

#include <string.h>

#define MOST_START (1 << 20)
#define MOST_LEVELS 20
#define MOST_PROBES (1 << 20)

/* A whole number under `key`; what it was, where there is none. */
static PetscErrorCode read_number(const design_source *source, const char *key, int64_t lower,
                                  int64_t upper, PetscBool required, uint64_t *value)
{
  const ion_node *node = ion_node_find(source->node, key);
  int64_t n            = (int64_t)*value;

  PetscFunctionBegin;
  if (required) PetscCall(ion_node_require(source->node, "design", key, &node));
  if (node) PetscCall(ion_node_get_integer(node, key, lower, upper, &n));
  *value = (uint64_t)n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_refinement(const design_source *source, ion_refinement *how)
{
  const ion_node *of = ion_node_find(source->node, "of");
  const char *name   = "class";
  uint64_t levels    = 0;
  char *copy;

  PetscFunctionBegin;
  how->probes = 128;
  how->seed   = 1;
  how->place  = ion_node_place(of ? of : source->node);
  if (of) PetscCall(ion_node_get_string(of, "of", &name));
  PetscCall(PetscStrallocpy(name, &copy));
  how->of = copy;
  PetscCall(read_number(source, "start", 2, MOST_START, PETSC_TRUE, &how->start));
  PetscCall(read_number(source, "levels", 1, MOST_LEVELS, PETSC_TRUE, &levels));
  PetscCall(read_number(source, "probes", 0, MOST_PROBES, PETSC_FALSE, &how->probes));
  PetscCall(read_number(source, "seed", 0, INT64_MAX, PETSC_FALSE, &how->seed));
  how->levels = (int)levels;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The map is kept in memory by every rank, a byte a node. */
static PetscErrorCode check_size(const design_source *source, const ion_refinement *how)
{
  const uint64_t count = (how->start << how->levels) + 1;
  uint64_t n           = 1;

  PetscFunctionBegin;
  for (size_t i = 0; i < how->n_factor; i++) {
    if (count > ION_MAX_MAP / n)
      PetscCall(ion_node_fail(ion_node_find(source->node, "levels"),
                              "the map has %zu factors of %llu x 2^%d + 1 nodes, more than 2^26 in "
                              "all; reduce start or levels",
                              how->n_factor, (unsigned long long)how->start, how->levels));
    n *= count;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create(const design_source *source, ion_design *design)
{
  static const char *const keys[] = {"kind", "of", "start", "levels", "probes", "seed", "factors"};
  ion_refinement *how             = &design->refinement;
  const ion_node *factors;

  PetscFunctionBegin;
  PetscCall(ion_node_check_keys(source->node, "design", keys, ION_COUNT(keys)));
  PetscCall(ion_node_require(source->node, "design", "factors", &factors));
  PetscCall(ion_node_expect(factors, ION_MAPPING, "factors"));
  how->n_factor = ion_node_count(factors);
  if (how->n_factor < 2 || how->n_factor > 3)
    PetscCall(ion_node_fail(factors, "a boundary map has 2 or 3 factors, not %zu", how->n_factor));
  PetscCall(read_refinement(source, how));
  PetscCall(check_size(source, how));
  for (size_t i = 0; i < how->n_factor; i++)
    PetscCall(ion_grid_read_factor(source, factors, i, (how->start << how->levels) + 1, design));
  PetscCall(ion_grid_count_points(factors, design));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode canonical(const ion_design *design, uint64_t n_point, PetscSegBuffer out)
{
  const ion_refinement *how = &design->refinement;

  PetscFunctionBegin;
  PetscCall(ion_design_print(out, "of %s start %llu levels %d probes %llu seed %llu\n", how->of,
                             (unsigned long long)how->start, how->levels,
                             (unsigned long long)how->probes, (unsigned long long)how->seed));
  PetscCall(ion_grid_canonical(design, n_point, out));
  PetscFunctionReturn(PETSC_SUCCESS);
}

const design_kind ion_design_boundary = {
    .name        = "boundary",
    .is_grid     = PETSC_TRUE,
    .create      = create,
    .values      = ion_grid_values,
    .coordinates = ion_grid_coordinates,
    .canonical   = canonical,
};
