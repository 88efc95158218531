/** @file
 * Layer 3: a design is a function (spec, index) -> factor values; no matrix of points is stored.
 *
 * Not collective: any rank makes any point by itself.
 *
 * Sampled designs (latin_hypercube, sobol, saltelli, morris) are made of blocks, each run
 * `n_member` points long, of `n_replicate` independently randomised nets:
 *
 *   point = (block * n_replicate + replicate) * n_member + member
 *
 * so that a study of 2N blocks starts with the study of N (Latin hypercubes excepted). Block i of a
 * replicate is made from point i of its net, u in the open unit cube:
 *
 *   latin_hypercube, sobol  one member, u itself
 *   saltelli                A and B, the two halves of one point of twice the dimension, then A_B^j
 *                           (A with input j from B) for every input j, then with second_order B_A^j
 *   morris, radial          A, then A_B^j for every input j: the start of the saltelli block
 *   morris, winding         a path of n_input steps; ion_design_path says which input each one moves
 *
 * Inputs are what indices are of: a group of factors, which move together, or a factor by itself.
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

const char *ion_design_kind(const ion_design *design);  /**< "grid", "saltelli", ... */
PetscBool ion_design_is_grid(const ion_design *design); /**< one dimension per factor */
uint64_t ion_design_n_point(const ion_design *design);
size_t ion_design_n_factor(const ion_design *design);
const ion_factor *ion_design_factor(const ion_design *design, size_t i);

/** A design of kind `points` from the text of such a file; `name` stands for the file in messages. */
PetscErrorCode ion_design_create_table(const char *name, const char *text, const ion_units *units,
                                       const ion_quantity *quantities, size_t n,
                                       ion_design **design);

/** How a boundary map is refined; NULL for any other design. */
const ion_refinement *ion_design_refinement(const ion_design *design);

/** Canonical text of everything that decides the points, an imported file's values and the seed
 * included; part of a study's digest. The caller frees it with PetscFree. */
PetscErrorCode ion_design_canonical(const ion_design *design, char **text);

/** The canonical text this design would have with another number of points: a study of n_point is
 * the start of this one, point by point, when its own text is this. NULL where no such study exists
 * (grids, lists and Latin hypercubes do not grow; a sampled study grows by whole blocks). */
PetscErrorCode ion_design_canonical_of(const ion_design *design, uint64_t n_point, char **text);

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

/** Whether the design is made of blocks; what follows is for those, except where it says more. */
PetscBool ion_design_is_sampled(const ion_design *design);
uint64_t ion_design_n_block(const ion_design *design); /**< of each replicate */
size_t ion_design_n_replicate(const ion_design *design);
size_t ion_design_n_member(const ion_design *design); /**< points a block */
uint64_t ion_design_seed(const ion_design *design);
PetscBool ion_design_is_winding(const ion_design *design); /**< morris along paths */

#define ION_NO_MEMBER SIZE_MAX

/** What indices are of: a group, a factor by itself, or the dummy that no model reads. */
typedef struct {
  const char *name;     /**< of the group or factor; "dummy" */
  size_t n_factor;      /**< 0 for the dummy */
  const size_t *factor; /**< [n_factor] places among the factors, rising */
  PetscBool is_group;
  size_t member;  /**< which member is A_B^j; ION_NO_MEMBER where the design has none */
  size_t reverse; /**< which member is B_A^j; ION_NO_MEMBER where the design has none */
} ion_input;

/** Inputs of any design, groups in the place of their first factor. The dummy of a saltelli design
 * comes last and costs no run: its A_B^j is A itself (member 0) and its B_A^j, with second_order, is
 * B (member 1). */
size_t ion_design_n_input(const ion_design *design);
const ion_input *ion_design_input(const ion_design *design, size_t j);

/** Members A and B of a saltelli block; A is also the base of a radial morris block. */
enum { ION_MEMBER_A = 0, ION_MEMBER_B = 1 };

/** The inputs that a winding morris path moves, in order: member s + 1 is member s with
 * input[s] moved.
 *
 * @param[out] input  [ion_design_n_input]
 */
PetscErrorCode ion_design_path(const ion_design *design, uint64_t block, size_t replicate,
                               size_t *input);

/** The numbers in the unit cube that points first, first + 1, ... are made of; 1. Before any
 * correlation: columns are independent, and these are what blocks exchange and steps are measured
 * in. Inside (0, 1), but for winding paths, whose levels may be 0 and 1.
 *
 * @param[out] u  [n_factor][n_point]; if it has n_factor + 1 rows, the last one is filled with a
 *                column no model reads, of the same kind of point
 */
PetscErrorCode ion_design_unit(const ion_design *design, uint64_t first, size_t n_point,
                               ion_block u);

typedef enum {
  ION_MARGINAL_UNIFORM,
  ION_MARGINAL_LOG_UNIFORM,
  ION_MARGINAL_NORMAL,
  ION_MARGINAL_LOGNORMAL,
  ION_MARGINAL_TRIANGULAR,
  ION_MARGINAL_BETA,
  ION_MARGINAL_DISCRETE
} ion_marginal_kind;

enum { ION_MARGINAL_MAX_PARAM = 2 };

/** Distribution of a factor; values in the unit of the factor. */
typedef struct {
  ion_marginal_kind kind;
  const char *name;    /**< "log_uniform" */
  double lower, upper; /**< support, truncation included; may be infinite */
  size_t n_param;      /**< beside lower and upper */
  const char *param_name[ION_MARGINAL_MAX_PARAM]; /**< "mean", "sd"; "median", "gsd"; "mode"; ... */
  double param[ION_MARGINAL_MAX_PARAM];
  size_t n_value;               /**< of a discrete marginal */
  const double *value, *weight; /**< [n_value], weights add up to 1 */
  double start, span;           /**< truncated: u of the parent law is start + span u, or, */
  PetscBool mirrored;           /**< counted from its upper tail, start + span (1 - u) */
} ion_marginal;

/** Distribution of a factor of a sampled design, else NULL. */
const ion_marginal *ion_design_marginal(const ion_design *design, size_t factor);

/** Quantiles x(u), and their slopes dx/du, of a marginal in the unit of its factor; a discrete
 * marginal has slope 0. SI value = scale * x + offset.
 *
 * @param[in]  u      [n] in [0, 1]
 * @param[out] x      [n]; may be u itself
 * @param[out] slope  [n], or NULL
 */
void ion_marginal_quantile(const ion_marginal *marginal, size_t n, const double *u, double *x,
                           double *slope);

/** SI value = scale * coordinate + offset of a factor. */
void ion_design_scale(const ion_design *design, size_t factor, double *scale, double *offset);

/** Whether factors are dependent: the indices of inputs that are not groups of all dependent
 * factors then lose their reading as parts of the variance. */
PetscBool ion_design_is_correlated(const ion_design *design);

/** What a user should know about the design before running it, one line each; NULL past the last. */
const char *ion_design_warning(const ion_design *design, size_t i);

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

/* ---- functions with known indices ---- */

/** An analytic test function of uniform inputs. */
typedef struct {
  const char *name;     /**< "ishigami" */
  const char *summary;  /**< one line */
  const char *citation; /**< where it is from */
  size_t n_input;       /**< 0: any number */
  double lower, upper;  /**< range of every input, 1 */

  /** y [n_point] from x [n_input][n_point]; NaN where the function fails. */
  void (*value)(size_t n_input, ion_block x, double *y);

  /** Exact indices, [n_input] each; NULL where they are not known in closed form. */
  void (*indices)(size_t n_input, double *first, double *total);
} ion_function;

/** All of them, with a NULL name at the end. */
const ion_function *ion_functions(void);
const ion_function *ion_function_find(const char *name); /**< NULL when unknown */

#endif
