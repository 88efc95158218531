/** @file
 * Layer 3: a design is a function (spec, index) -> factor values; no matrix of points is stored.
 *
 * Not collective: any rank makes any point by itself.
 */
#ifndef ION_DESIGN_H
#define ION_DESIGN_H

#include <ion/spec.h>

#define ION_MAX_POINTS ((uint64_t)1 << 40) /**< largest design */

typedef struct ion_design ion_design;

/** One varied quantity. */
typedef struct {
  size_t quantity;     /**< its place in the table of quantities */
  const char *name;    /**< "ecs.composition.K" */
  const char *unit;    /**< unit the sweep wrote; coordinates are in it */
  const char *balance; /**< species that balances a composition, or NULL for the default */
  uint64_t count;      /**< nodes of a grid factor; number of points otherwise */
} ion_factor;

/** Read `design:` of a sweep.
 *
 * @param[in] node        the mapping under `design:`
 * @param[in] quantities  [n] the names that may vary, with units and bounds
 *
 * @return PETSC_ERR_USER_INPUT for anything unknown, out of bounds, a count of 0, from = to with a
 * count above 1, or more than ION_MAX_POINTS points; the design is then NULL.
 */
PetscErrorCode ion_design_create(const ion_node *node, const ion_units *units,
                                 const ion_quantity *quantities, size_t n, ion_design **design);
PetscErrorCode ion_design_destroy(ion_design **design);

const char *ion_design_kind(const ion_design *design);  /**< "grid", "points" */
PetscBool ion_design_is_grid(const ion_design *design); /**< one dimension per factor */
uint64_t ion_design_n_point(const ion_design *design);
size_t ion_design_n_factor(const ion_design *design);
const ion_factor *ion_design_factor(const ion_design *design, size_t i);

/** A design of kind `points` from the text of such a file; `name` stands for the file in messages. */
PetscErrorCode ion_design_create_table(const char *name, const char *text, const ion_units *units,
                                       const ion_quantity *quantities, size_t n,
                                       ion_design **design);

/** Canonical text of everything that decides the points, an imported file's values included; part of
 * a study's digest. The caller frees it with PetscFree. */
PetscErrorCode ion_design_canonical(const ion_design *design, char **text);

/** Factor values of points first, first + 1, ..., in SI; the last listed factor varies fastest.
 *
 * @param[out] values  [n_factor][n_point], n_point of them are filled
 */
PetscErrorCode ion_design_points(const ion_design *design, uint64_t first, size_t n_point,
                                 ion_block values);

/** Coordinates of a factor in its own unit: nodes first ... of a grid factor, or the factor's value
 * at points first ... of any other design.
 *
 * @param[out] coordinate  [n]
 */
PetscErrorCode ion_design_coordinates(const ion_design *design, size_t factor, uint64_t first,
                                      size_t n, double *coordinate);

/** The kinds of design there are, with one line each; ends with a NULL name. */
typedef struct {
  const char *name;
  const char *summary;
} ion_design_kind_info;
const ion_design_kind_info *ion_design_kinds(void);

#endif
