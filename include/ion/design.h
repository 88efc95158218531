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

/** How a boundary map refines its grid of start * 2^levels + 1 nodes a factor. */
typedef struct {
  const char *of;  /**< output whose values it tells apart: "class" */
  ion_place place; /**< where the sweep says so */
  size_t n_factor; /**< 2 or 3 */
  uint64_t start;  /**< cells a factor before any is split */
  int levels;      /**< how often a cell may be halved */
  uint64_t probes; /**< random nodes a level, against islands smaller than a cell */
  uint64_t seed;   /**< of the probes */
} ion_refinement;

#define ION_MAX_MAP ((uint64_t)1 << 26) /**< nodes of the largest boundary map */

/** Read `design:` of a sweep.
 *
 * @param[in] node        the mapping under `design:`
 * @param[in] quantities  [n] the names that may vary, with units and bounds
 *
 * @return PETSC_ERR_USER_INPUT for anything unknown, out of bounds, a count of 0, from = to with a
 * count above 1, or more than ION_MAX_POINTS points (ION_MAX_MAP of a boundary map); the design is then
 * NULL.
 */
PetscErrorCode ion_design_create(const ion_node *node, const ion_units *units,
                                 const ion_quantity *quantities, size_t n, ion_design **design);
PetscErrorCode ion_design_destroy(ion_design **design);

const char *ion_design_kind(const ion_design *design);  /**< "grid", "points" */
PetscBool ion_design_is_grid(const ion_design *design); /**< one dimension per factor */
uint64_t ion_design_n_point(const ion_design *design);
size_t ion_design_n_factor(const ion_design *design);
const ion_factor *ion_design_factor(const ion_design *design, size_t i);

/** How a boundary map is refined; NULL for any other design. */
const ion_refinement *ion_design_refinement(const ion_design *design);

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

/* ---- which nodes of a boundary map are worth solving ---- */

/** What is known of a map's nodes: a byte a node. */
typedef struct ion_boundary ion_boundary;

/** Kinds of solved nodes are 1 ... ION_KIND_ANY; that last one agrees with every kind. */
enum { ION_KIND_UNKNOWN = 0, ION_KIND_ANY = 254 };

PetscErrorCode ion_boundary_create(const ion_refinement *how, ion_boundary **boundary);
PetscErrorCode ion_boundary_destroy(ion_boundary **boundary);

/** Nodes to solve next: the start grid, then the corners of the parts of every cell on which solved nodes
 * (corners, edges, faces, inside) are of different kinds, and each level's probes.
 *
 * All nodes of the last round must have been put. Which nodes are asked for in the end depends neither
 * on the order nor on the number of rounds.
 *
 * @param[out] node  [n] flat indices, ascending; borrowed until the next call
 * @param[out] n     0 when the map is finished
 */
PetscErrorCode ion_boundary_next(ion_boundary *boundary, const uint64_t **node, size_t *n);

/** Rounds asked for so far; round 0 is the start grid. */
int ion_boundary_round(const ion_boundary *boundary);

/** Say of which kind a node is. */
void ion_boundary_put(ion_boundary *boundary, uint64_t node, unsigned char kind);

/** PETSC_TRUE for a node that was asked for in this round or an earlier one. */
PetscBool ion_boundary_needs(const ion_boundary *boundary, uint64_t node);

/** Kind of a solved node, or ION_KIND_UNKNOWN. */
unsigned char ion_boundary_kind(const ion_boundary *boundary, uint64_t node);

/** Find the kind of every node never asked for: that of the smallest cell around it, on which all solved
 * nodes agree. ION_KIND_UNKNOWN where all of them are ION_KIND_ANY. Of a finished map.
 *
 * @param[out] kind  [nodes of the map], those asked for included; borrowed
 */
PetscErrorCode ion_boundary_fill(ion_boundary *boundary, const unsigned char **kind);

#endif
