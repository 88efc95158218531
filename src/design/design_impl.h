/* What the kinds of design share: factors in the unit of the sweep, and a table of operations. */
#ifndef ION_DESIGN_IMPL_H
#define ION_DESIGN_IMPL_H

#include <ion/design.h>

typedef struct {
  const ion_node *node; /**< the mapping under `design:` */
  const ion_units *units;
  const ion_quantity *quantity; /**< [n] */
  size_t n;
} design_source;

typedef enum { SPACING_LINEAR, SPACING_LOG, SPACING_LISTED } design_spacing;

/* A factor; SI value = scale * coordinate + offset. Texts and nodes are its own. */
typedef struct {
  ion_factor shown;
  char *name, *unit, *balance;
  double scale, offset;
  design_spacing spacing;
  double from, to;       /* coordinates of the first and last node */
  double *node;          /* [count] of SPACING_LISTED; values and weights of a discrete marginal */
  uint64_t stride;       /* points from one node to the next */
  ion_marginal marginal; /* of a sampled design */
} design_factor;

typedef struct design_kind design_kind;
typedef struct design_sampled design_sampled; /* sampled.h */

struct ion_design {
  const design_kind *kind;
  size_t n_factor, capacity;
  design_factor *factor;
  uint64_t n_point;
  /* Points given one by one, [n_point][n_factor]: as written and in SI. */
  double *coordinate, *si;
  design_sampled *sampled; /* or NULL */
  /* What indices are of, and room for the factors they hold. */
  ion_input *input;
  char **input_text; /* [n_factor + 1] names of groups, or NULL */
  size_t n_input, *input_factor;
  ion_refinement refinement; /* of a boundary map; `of` is NULL otherwise, and its own */
};

struct design_kind {
  const char *name;
  PetscBool is_grid;
  PetscErrorCode (*create)(const design_source *source, ion_design *design);
  /* SI values of a factor at points first ... */
  void (*values)(const ion_design *design, size_t factor, uint64_t first, size_t n, double *si);
  /* what ion_design_coordinates promises */
  void (*coordinates)(const ion_design *design, size_t factor, uint64_t first, size_t n,
                      double *coordinate);
  PetscErrorCode (*canonical)(const ion_design *design, uint64_t n_point, PetscSegBuffer out);
};

extern const design_kind ion_design_grid, ion_design_list, ion_design_latin_hypercube,
    ion_design_sobol, ion_design_saltelli, ion_design_morris, ion_design_boundary;

/* Place of a name among the factors there are, or n_factor. */
size_t ion_design_find_factor(const ion_design *design, const char *name);

/* Factor i of a mapping with evenly spaced nodes; as many as the sweep says where `count` is 0. */
PetscErrorCode ion_grid_read_factor(const design_source *source, const ion_node *factors, size_t i,
                                    uint64_t count, ion_design *design);

/* Number of points and, from the last factor up, how many points one node lasts. */
PetscErrorCode ion_grid_count_points(const ion_node *factors, ion_design *design);

/* Operations of a grid. */
void ion_grid_values(const ion_design *design, size_t factor, uint64_t first, size_t n, double *si);
void ion_grid_coordinates(const ion_design *design, size_t factor, uint64_t first, size_t n,
                          double *coordinate);
PetscErrorCode ion_grid_canonical(const ion_design *design, uint64_t n_point, PetscSegBuffer out);

/* Append a factor with that unit. Raises at `place` for a quantity that may not vary. */
PetscErrorCode ion_design_add_factor(ion_design *design, ion_place place,
                                     const design_source *source, size_t quantity,
                                     const char *unit);

/* Coordinate of an SI value, without the round-off of the conversion. */
double ion_design_coordinate_of(const design_factor *factor, double si);

/* `balance:` of a factor, where there is one. */
PetscErrorCode ion_design_read_balance(const ion_node *node, design_factor *factor);

/* Room for n_point points of the factors there are; every one at its default. */
PetscErrorCode ion_design_fill_defaults(ion_design *design, const design_source *source,
                                        uint64_t n_point);

/* A file of points, relative to the sweep that names it. */
PetscErrorCode ion_design_read_table(const design_source *source, const ion_node *file,
                                     ion_design *design);

/* The text of such a file. */
PetscErrorCode ion_design_parse_table(const design_source *source, const char *name,
                                      const char *text, ion_design *design);

PetscErrorCode ion_design_print(PetscSegBuffer out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
