/* Which nodes of a boundary map are solved, on regions whose shape is known. */
#include "ion_test.h"

#include <ion/design.h>

#include <math.h>

/* Kind of a point of the unit square or cube. */
typedef unsigned char (*region)(const double x[3]);

/* A map refined to the end against a region. */
typedef struct {
  ion_refinement how;
  ion_boundary *map;
  const unsigned char *filled;
  uint64_t side, n_node; /* nodes a factor, in all */
  uint64_t n_solved, n_wrong;
  int n_round;
} refined;

static void place_of(const refined *r, uint64_t node, double x[3])
{
  for (size_t a = r->how.n_factor; a-- > 0; node /= r->side)
    x[a] = (double)(node % r->side) / (double)(r->side - 1);
}

static unsigned char kind_at(const refined *r, region kind, uint64_t node)
{
  double x[3] = {0};

  place_of(r, node, x);
  return kind(x);
}

/* Solve a round; the last node first where `backwards`. */
static void put_all(refined *r, region kind, const uint64_t *node, size_t n, PetscBool backwards)
{
  for (size_t i = 0; i < n; i++) {
    const uint64_t at = node[backwards ? n - 1 - i : i];

    CHECK(ion_boundary_needs(r->map, at) && ion_boundary_kind(r->map, at) == ION_KIND_UNKNOWN);
    CHECK(i == 0 || node[i] > node[i - 1]);
    ion_boundary_put(r->map, at, kind_at(r, kind, at));
  }
  r->n_solved += n;
}

static PetscErrorCode begin(region kind, const ion_refinement *how, PetscBool backwards, refined *r)
{
  const uint64_t *node;
  size_t n;

  PetscFunctionBegin;
  *r        = (refined){.how = *how, .side = (how->start << how->levels) + 1};
  r->n_node = how->n_factor == 2 ? r->side * r->side : r->side * r->side * r->side;
  PetscCall(ion_boundary_create(how, &r->map));
  PetscCall(ion_boundary_next(r->map, &node, &n));
  while (n > 0) {
    put_all(r, kind, node, n, backwards);
    PetscCall(ion_boundary_next(r->map, &node, &n));
  }
  r->n_round = ion_boundary_round(r->map);
  PetscCall(ion_boundary_fill(r->map, &r->filled));
  for (uint64_t i = 0; i < r->n_node; i++) r->n_wrong += r->filled[i] != kind_at(r, kind, i);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- regions ---- */

static unsigned char in_circle(const double x[3])
{
  return hypot(x[0] - 0.52, x[1] - 0.47) < 0.31 ? 2 : 1;
}

static unsigned char in_ball(const double x[3])
{
  return hypot(hypot(x[0] - 0.52, x[1] - 0.47), x[2] - 0.5) < 0.31 ? 2 : 1;
}

static unsigned char below_line(const double x[3])
{
  return x[1] < 0.3717 ? 1 : 2;
}

static unsigned char below_plane(const double x[3])
{
  return x[2] < 0.3717 ? 1 : 2;
}

static unsigned char anywhere(const double x[3])
{
  (void)x;
  return 1;
}

/* Three regions that meet in a point. */
static unsigned char in_sector(const double x[3])
{
  const double angle = atan2(x[1] - 0.41, x[0] - 0.57);

  return angle < -1.0 ? 1 : angle < 1.3 ? 2 : 3;
}

/* A disk between the nodes of a start grid of 4 cells a factor, of 0.79 % of the square. */
static unsigned char in_island(const double x[3])
{
  return hypot(x[0] - 0.37, x[1] - 0.63) < 0.05 ? 2 : 1;
}

/* A band that rises at 45 degrees and is narrower than a start cell of 1/4. */
static unsigned char in_band(const double x[3])
{
  return fabs(x[0] - x[1]) < 0.02 ? 2 : 1;
}

/* ---- facts ---- */

static PetscErrorCode every_node_has_its_class_where_the_start_grid_sees_the_shape(void)
{
  static const struct {
    region kind;
    size_t n_factor;
    uint64_t start;
    int levels;
  } map[] = {
      {in_circle,  2, 8, 5},
      {below_line, 2, 4, 6},
      {in_sector,  2, 8, 5},
      {in_band,    2, 4, 6},
      {in_ball,    3, 8, 3},
  };

  PetscFunctionBegin;
  for (size_t i = 0; i < ION_COUNT(map); i++) {
    const ion_refinement how = {
        .n_factor = map[i].n_factor, .start = map[i].start, .levels = map[i].levels};
    refined r;

    PetscCall(begin(map[i].kind, &how, PETSC_FALSE, &r));
    CHECK(r.n_wrong == 0);
    CHECK(r.n_solved < r.n_node / 4);
    PetscCall(ion_boundary_destroy(&r.map));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A line along an axis cuts m = s 2^k cells at level k. Halving a row of m cells adds the 2 m + 1 nodes half-way across
 * it, and m half-way along each of its two sides. */
static PetscErrorCode a_straight_boundary_costs_what_can_be_counted(void)
{
  PetscFunctionBegin;
  for (int levels = 1; levels <= 6; levels++) {
    const ion_refinement how = {.n_factor = 2, .start = 4, .levels = levels};
    uint64_t expected        = 25;
    refined r;

    for (int k = 0; k < levels; k++) expected += 4 * ((uint64_t)4 << k) + 1;
    PetscCall(begin(below_line, &how, PETSC_FALSE, &r));
    CHECK(r.n_solved == expected);
    CHECK(r.n_wrong == 0);
    PetscCall(ion_boundary_destroy(&r.map));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The same of a plane: a slab of m x m cells adds three layers: (2m+1)^2 in the middle, and on both sides what is no
 * corner, (2m+1)^2 - (m+1)^2. */
static PetscErrorCode a_plane_costs_what_can_be_counted(void)
{
  const ion_refinement how = {.n_factor = 3, .start = 3, .levels = 3};
  uint64_t expected        = 64;
  refined r;

  PetscFunctionBegin;
  for (int k = 0; k < how.levels; k++) {
    const uint64_t m = (uint64_t)3 << k, fine = (2 * m + 1) * (2 * m + 1);

    expected += fine + 2 * (fine - (m + 1) * (m + 1));
  }
  PetscCall(begin(below_plane, &how, PETSC_FALSE, &r));
  CHECK(r.n_solved == expected);
  CHECK(r.n_wrong == 0);
  PetscCall(ion_boundary_destroy(&r.map));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A circle of radius r crosses lines of the grid 8 r/h times, so it cuts as many cells of width h. Halving one adds five
 * nodes, of which it shares one with the next: 4 x 8 r (16 + ... + 512) after the 17^2 of the start, 1 % of 1025^2. */
static PetscErrorCode a_circle_costs_four_nodes_a_cell_it_cuts(void)
{
  const ion_refinement how = {.n_factor = 2, .start = 16, .levels = 6};
  const double expected    = 289.0 + 4.0 * 8.0 * 0.31 * 16.0 * 63.0;
  refined r;

  PetscFunctionBegin;
  PetscCall(begin(in_circle, &how, PETSC_FALSE, &r));
  CHECK(r.n_node == 1050625 && r.n_wrong == 0);
  CHECK(fabs((double)r.n_solved - expected) < 0.02 * expected);
  PetscCall(ion_boundary_destroy(&r.map));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode one_class_costs_the_start_grid(void)
{
  const ion_refinement how = {.n_factor = 3, .start = 4, .levels = 3};
  refined r;

  PetscFunctionBegin;
  PetscCall(begin(anywhere, &how, PETSC_FALSE, &r));
  CHECK(r.n_solved == 125);
  CHECK(r.n_wrong == 0);
  PetscCall(ion_boundary_destroy(&r.map));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Without probes the start grid says nothing of it; n probes find a share v but for (1 - v)^n: 0.002 for 5 x 160. */
static PetscErrorCode an_island_between_the_nodes_is_found_by_probes_alone(void)
{
  ion_refinement how = {.n_factor = 2, .start = 4, .levels = 5, .seed = 1};
  refined r;

  PetscFunctionBegin;
  PetscCall(begin(in_island, &how, PETSC_FALSE, &r));
  CHECK(r.n_solved == 25 && r.n_wrong > 100);
  PetscCall(ion_boundary_destroy(&r.map));
  how.probes = 160;
  PetscCall(begin(in_island, &how, PETSC_FALSE, &r));
  CHECK(r.n_wrong == 0);
  PetscCall(ion_boundary_destroy(&r.map));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Nodes asked for are a function of the seed, not of how they were answered; another seed has other probes. */
static PetscErrorCode nodes_depend_on_the_seed_alone(void)
{
  ion_refinement how = {.n_factor = 2, .start = 4, .levels = 4, .probes = 10, .seed = 5};
  uint64_t n_same = 0, n_other = 0;
  refined a, b, c;

  PetscFunctionBegin;
  PetscCall(begin(in_circle, &how, PETSC_FALSE, &a));
  PetscCall(begin(in_circle, &how, PETSC_TRUE, &b));
  how.seed = 6;
  PetscCall(begin(in_circle, &how, PETSC_FALSE, &c));
  for (uint64_t i = 0; i < a.n_node; i++) {
    n_same += ion_boundary_needs(a.map, i) == ion_boundary_needs(b.map, i);
    n_other += ion_boundary_needs(a.map, i) == ion_boundary_needs(c.map, i);
  }
  CHECK(n_same == a.n_node && n_other < a.n_node);
  PetscCall(ion_boundary_destroy(&a.map));
  PetscCall(ion_boundary_destroy(&b.map));
  PetscCall(ion_boundary_destroy(&c.map));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* When a map is finished, every cell wider than the finest that was not split is of one kind. */
static PetscErrorCode cells_left_whole_are_of_one_kind(void)
{
  const ion_refinement how = {.n_factor = 2, .start = 4, .levels = 6, .probes = 30, .seed = 3};
  refined r;

  PetscFunctionBegin;
  PetscCall(begin(in_island, &how, PETSC_FALSE, &r));
  for (uint64_t i = 0; i + 1 < r.side; i++) {
    for (uint64_t j = 0; j + 1 < r.side; j++) {
      const uint64_t at = i * r.side + j, corner[4] = {at, at + 1, at + r.side, at + r.side + 1};
      PetscBool differ = PETSC_FALSE;

      /* where filled kinds differ, a finest cell has all its corners solved */
      for (size_t k = 1; k < 4; k++)
        if (r.filled[corner[k]] != r.filled[at]) differ = PETSC_TRUE;
      for (size_t k = 0; k < 4 && differ; k++) CHECK(ion_boundary_needs(r.map, corner[k]));
    }
  }
  PetscCall(ion_boundary_destroy(&r.map));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static unsigned char unknown_left(const double x[3])
{
  return x[0] < 0.4 ? ION_KIND_ANY : 2;
}

/* A node that failed for no reason of the model makes no boundary, and no class where there is no other. */
static PetscErrorCode what_says_nothing_makes_no_boundary(void)
{
  const ion_refinement how = {.n_factor = 2, .start = 4, .levels = 2};
  refined r;

  PetscFunctionBegin;
  PetscCall(begin(unknown_left, &how, PETSC_FALSE, &r));
  CHECK(r.n_solved == 25);
  CHECK(r.filled[1] == ION_KIND_UNKNOWN);          /* x = 0, next to a corner */
  CHECK(r.filled[5 * r.side + 1] == 2);            /* a cell with both */
  CHECK(r.filled[(r.side - 1) * r.side + 1] == 2); /* x = 1 */
  PetscCall(ion_boundary_destroy(&r.map));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const ion_test_case cases[] = {
    {"every_node_has_its_class_where_the_start_grid_sees_the_shape",
     every_node_has_its_class_where_the_start_grid_sees_the_shape                                            },
    {"a_straight_boundary_costs_what_can_be_counted",
     a_straight_boundary_costs_what_can_be_counted                                                           },
    {"a_plane_costs_what_can_be_counted",                            a_plane_costs_what_can_be_counted       },
    {"a_circle_costs_four_nodes_a_cell_it_cuts",                     a_circle_costs_four_nodes_a_cell_it_cuts},
    {"one_class_costs_the_start_grid",                               one_class_costs_the_start_grid          },
    {"an_island_between_the_nodes_is_found_by_probes_alone",
     an_island_between_the_nodes_is_found_by_probes_alone                                                    },
    {"nodes_depend_on_the_seed_alone",                               nodes_depend_on_the_seed_alone          },
    {"cells_left_whole_are_of_one_kind",                             cells_left_whole_are_of_one_kind        },
    {"what_says_nothing_makes_no_boundary",                          what_says_nothing_makes_no_boundary     },
};

int main(int argc, char **argv)
{
  return ion_test_main(argc, argv, cases, ION_COUNT(cases));
}
