/* Which nodes of a boundary map are worth solving: quadtree and octree refinement.
 *
 * A cell is split while the nodes solved on it are not all of one kind. Corners alone would lose a curve that leaves
 * through a face beside finer cells, so the nodes these left on its edges, and probes inside, count as well. One
 * more solved node never undoes a split: the nodes solved in the end are the least fixed point of a monotone map, and
 * depend neither on the order nor on how many are solved at a time. */
#include "design_impl.h"

#include <string.h>

#define WANTED 255 /* asked for in this round */
#define MIXED 255  /* of a cell: solved nodes of different kinds */

enum { N_AXIS = 3 };

struct ion_boundary {
  ion_refinement how;
  size_t n[N_AXIS]; /* nodes along each axis; 1 along the first of a map of two factors */
  size_t n_node;
  int round;
  unsigned char *mark; /* [n_node] ION_KIND_UNKNOWN, WANTED, or the kind of a solved node */
  unsigned char *fill; /* [n_node] made in the end */
  uint64_t *list;      /* nodes of this round */
};

/* Its node nearest to the origin, and how many finest cells it is wide along each axis that is not flat. */
typedef struct {
  size_t at[N_AXIS];
  size_t width;
} cell;

PetscErrorCode ion_boundary_create(const ion_refinement *how, ion_boundary **boundary)
{
  ion_boundary *b;

  PetscFunctionBegin;
  PetscCheck(how->n_factor == 2 || how->n_factor == 3, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
             "a boundary map of %zu factors; 2 or 3 are possible", how->n_factor);
  PetscCall(PetscNew(boundary));
  b         = *boundary;
  b->how    = *how;
  b->round  = -1;
  b->n_node = 1;
  for (size_t a = 0; a < N_AXIS; a++) {
    b->n[a] = a + how->n_factor < N_AXIS ? 1 : (size_t)(how->start << how->levels) + 1;
    b->n_node *= b->n[a];
  }
  PetscCall(PetscCalloc1(b->n_node, &b->mark));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_boundary_destroy(ion_boundary **boundary)
{
  PetscFunctionBegin;
  if (!*boundary) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFree((*boundary)->mark));
  PetscCall(PetscFree((*boundary)->fill));
  PetscCall(PetscFree((*boundary)->list));
  PetscCall(PetscFree(*boundary));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int ion_boundary_round(const ion_boundary *b)
{
  return b->round;
}

void ion_boundary_put(ion_boundary *b, uint64_t node, unsigned char kind)
{
  b->mark[node] = kind;
}

PetscBool ion_boundary_needs(const ion_boundary *b, uint64_t node)
{
  return (PetscBool)(b->mark[node] != ION_KIND_UNKNOWN);
}

unsigned char ion_boundary_kind(const ion_boundary *b, uint64_t node)
{
  return b->mark[node] == WANTED ? ION_KIND_UNKNOWN : b->mark[node];
}

/* ---- cells ---- */

static size_t node_at(const ion_boundary *b, const size_t at[N_AXIS])
{
  return (at[0] * b->n[1] + at[1]) * b->n[2] + at[2];
}

static PetscBool is_flat(const ion_boundary *b, size_t axis)
{
  return (PetscBool)(b->n[axis] == 1);
}

/* Nodes of a cell along an axis, both ends counted. */
static size_t extent(const ion_boundary *b, const cell *c, size_t axis)
{
  return is_flat(b, axis) ? 1 : c->width + 1;
}

/* What the solved nodes of a row have in common with those of one kind. */
static unsigned char kind_of_row(const unsigned char *mark, size_t n, unsigned char kind)
{
  for (size_t i = 0; i < n; i++) {
    const unsigned char m = mark[i];

    if (m == ION_KIND_UNKNOWN || m >= ION_KIND_ANY || m == kind) continue;
    if (kind != ION_KIND_UNKNOWN) return MIXED;
    kind = m;
  }
  return kind;
}

/* The kind of all solved nodes of a cell: ION_KIND_UNKNOWN for none, MIXED for several. */
static unsigned char kind_of(const ion_boundary *b, const cell *c)
{
  unsigned char kind = ION_KIND_UNKNOWN;

  for (size_t i = 0; i < extent(b, c, 0) && kind != MIXED; i++) {
    for (size_t j = 0; j < extent(b, c, 1) && kind != MIXED; j++) {
      const size_t row[N_AXIS] = {c->at[0] + i, c->at[1] + j, c->at[2]};

      kind = kind_of_row(b->mark + node_at(b, row), extent(b, c, 2), kind);
    }
  }
  return kind;
}

/* Half a cell times the digits of `digits` to that base, one digit an axis; PETSC_FALSE if that leaves a flat axis. */
static PetscBool step_to(const ion_boundary *b, const cell *c, size_t digits, size_t base,
                         size_t at[N_AXIS])
{
  for (size_t a = 0; a < N_AXIS; a++, digits /= base) {
    if (digits % base && is_flat(b, a)) return PETSC_FALSE;
    at[a] = c->at[a] + digits % base * (c->width / 2);
  }
  return PETSC_TRUE;
}

static void want(ion_boundary *b, size_t node)
{
  if (b->mark[node] == ION_KIND_UNKNOWN) b->mark[node] = WANTED;
}

static void refine(ion_boundary *b, const cell *c)
{
  size_t at[N_AXIS];
  cell part = {.width = c->width / 2};

  if (c->width == 1 || kind_of(b, c) != MIXED) return;
  for (size_t i = 0; i < 27; i++)
    if (step_to(b, c, i, 3, at)) want(b, node_at(b, at));
  for (size_t i = 0; i < 8; i++)
    if (step_to(b, c, i, 2, part.at)) refine(b, &part);
}

/* Give every node of a cell that was never asked for the kind of the smallest cell around it. Neighbours that share
 * such a node share solved ones, and so are of one kind. */
static void fill(ion_boundary *b, const cell *c)
{
  const unsigned char kind = kind_of(b, c);
  cell part                = {.width = c->width / 2};

  if (c->width == 1) return;
  for (size_t i = 0; i < 8 && kind == MIXED; i++)
    if (step_to(b, c, i, 2, part.at)) fill(b, &part);
  if (kind == MIXED) return;
  for (size_t i = 0; i < extent(b, c, 0); i++) {
    for (size_t j = 0; j < extent(b, c, 1); j++) {
      const size_t row[N_AXIS] = {c->at[0] + i, c->at[1] + j, c->at[2]};
      unsigned char *to        = b->fill + node_at(b, row);

      for (size_t k = 0; k < extent(b, c, 2); k++)
        if (to[k] == ION_KIND_UNKNOWN) to[k] = kind;
    }
  }
}

/* Do something to every start cell. */
static void for_start_cells(ion_boundary *b, void (*visit)(ion_boundary *, const cell *))
{
  const size_t start = (size_t)b->how.start, width = (size_t)1 << b->how.levels;
  const size_t n0 = is_flat(b, 0) ? 1 : start;

  for (size_t i = 0; i < n0; i++)
    for (size_t j = 0; j < start; j++)
      for (size_t k = 0; k < start; k++)
        visit(b, &(cell){
                     .at = {i * width, j * width, k * width},
                       .width = width
        });
}

/* ---- rounds ---- */

static void want_corners(ion_boundary *b, const cell *c)
{
  const cell doubled = {
      .at = {c->at[0], c->at[1], c->at[2]},
        .width = 2 * c->width
  };
  size_t at[N_AXIS];

  for (size_t i = 0; i < 8; i++)
    if (step_to(b, &doubled, i, 2, at)) want(b, node_at(b, at));
}

/* Probes of this level: uniform over the nodes of the map. */
static void want_probes(ion_boundary *b)
{
  for (uint64_t i = 0; i < b->how.probes; i++) {
    const uint64_t key = (uint64_t)b->round * b->how.probes + i;
    size_t at[N_AXIS];

    for (size_t a = 0; a < N_AXIS; a++)
      at[a] = (size_t)(ion_random_uniform(b->how.seed, key, a) * (double)b->n[a]);
    want(b, node_at(b, at));
  }
}

static PetscErrorCode list_wanted(ion_boundary *b, size_t *n)
{
  size_t count = 0;

  PetscFunctionBegin;
  for (size_t i = 0; i < b->n_node; i++) count += b->mark[i] == WANTED;
  PetscCall(PetscFree(b->list));
  PetscCall(PetscMalloc1(count, &b->list));
  *n    = count;
  count = 0;
  for (size_t i = 0; i < b->n_node; i++)
    if (b->mark[i] == WANTED) b->list[count++] = i;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_boundary_next(ion_boundary *b, const uint64_t **node, size_t *n)
{
  PetscFunctionBegin;
  do {
    b->round++;
    for_start_cells(b, b->round == 0 ? want_corners : refine);
    if (b->round < b->how.levels) want_probes(b);
    PetscCall(list_wanted(b, n));
  } while (*n == 0 && b->round < b->how.levels);
  *node = b->list;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_boundary_fill(ion_boundary *b, const unsigned char **kind)
{
  PetscFunctionBegin;
  if (!b->fill) PetscCall(PetscMalloc1(b->n_node, &b->fill));
  PetscCall(PetscArraycpy(b->fill, b->mark, b->n_node));
  for_start_cells(b, fill);
  *kind = b->fill;
  PetscFunctionReturn(PETSC_SUCCESS);
}
