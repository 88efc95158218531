#include "sampled.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Every kind of design: its operations, its name, and what `list designs` says of it. */
#define KINDS(X)                                                                                   \
  X(ion_design_grid, "grid", "every combination of the nodes of its factors")                      \
  X(ion_design_list, "points", "points given one by one, in the sweep or in a CSV file")           \
  X(ion_design_latin_hypercube, "latin_hypercube", "one point in each of N slices of each factor") \
  X(ion_design_sobol, "sobol", "scrambled Sobol points: fill the box evenly")                      \
  X(ion_design_saltelli, "saltelli", "Sobol points in blocks for first-order and total indices")   \
  X(ion_design_morris, "morris", "steps of one input at a time, to screen many of them")           \
  X(ion_design_boundary, "boundary",                                                               \
    "a fine grid solved only where neighbouring classes differ: two or three factors")

#define OPERATIONS(symbol, name, summary) &(symbol),
#define INFO(symbol, name, summary) {name, summary},

static const design_kind *const kinds[]  = {KINDS(OPERATIONS)};
static const ion_design_kind_info info[] = {
    KINDS(INFO){NULL, NULL}
};

const ion_design_kind_info *ion_design_kinds(void)
{
  return info;
}

static PetscErrorCode read_kind(const ion_node *node, const design_kind **kind)
{
  const ion_node *word;
  const char *names[ION_COUNT(kinds)];
  size_t k;

  PetscFunctionBegin;
  PetscCall(ion_node_require(node, "design", "kind", &word));
  for (size_t i = 0; i < ION_COUNT(kinds); i++) names[i] = kinds[i]->name;
  PetscCall(ion_node_get_word(word, "design kind", names, ION_COUNT(kinds), &k));
  *kind = kinds[k];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Where nothing moves together, every factor is an input. */
static PetscErrorCode make_inputs(ion_design *design)
{
  const size_t n = design->n_factor;

  PetscFunctionBegin;
  PetscCall(PetscCalloc1(n, &design->input));
  PetscCall(PetscMalloc1(n, &design->input_factor));
  for (size_t i = 0; i < n; i++) {
    design->input_factor[i] = i;
    design->input[i]        = (ion_input){.name     = design->factor[i].name,
                                          .n_factor = 1,
                                          .factor   = &design->input_factor[i],
                                          .member   = ION_NO_MEMBER,
                                          .reverse  = ION_NO_MEMBER};
  }
  design->n_input = n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode build(const design_source *source, ion_design **design)
{
  PetscFunctionBegin;
  PetscCall(PetscNew(design));
  PetscCall(read_kind(source->node, &(*design)->kind));
  PetscCall((*design)->kind->create(source, *design));
  if (!(*design)->sampled) PetscCall(make_inputs(*design));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_design_create(const ion_node *node, const ion_units *units,
                                 const ion_quantity *quantities, size_t n, ion_design **design)
{
  const design_source source = {node, units, quantities, n};
  PetscErrorCode code;

  PetscFunctionBegin;
  *design = NULL;
  code    = build(&source, design);
  if (code) PetscCall(ion_design_destroy(design));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_design_create_table(const char *name, const char *text, const ion_units *units,
                                       const ion_quantity *quantities, size_t n,
                                       ion_design **design)
{
  const design_source source = {NULL, units, quantities, n};
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCall(PetscNew(design));
  (*design)->kind = &ion_design_list;
  code            = ion_design_parse_table(&source, name, text, *design);
  if (code) PetscCall(ion_design_destroy(design));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_design_destroy(ion_design **design)
{
  PetscFunctionBegin;
  if (!design || !*design) PetscFunctionReturn(PETSC_SUCCESS);
  for (size_t i = 0; i < (*design)->n_factor; i++) {
    design_factor *factor = &(*design)->factor[i];

    PetscCall(PetscFree(factor->name));
    PetscCall(PetscFree(factor->unit));
    PetscCall(PetscFree(factor->balance));
    PetscCall(PetscFree(factor->node));
  }
  for (size_t j = 0; (*design)->input_text && j < (*design)->n_input; j++)
    PetscCall(PetscFree((*design)->input_text[j]));
  PetscCall(ion_sampled_destroy(*design));
  PetscCall(PetscFree((*design)->input));
  PetscCall(PetscFree((*design)->input_text));
  PetscCall(PetscFree((*design)->input_factor));
  PetscCall(PetscFree((*design)->factor));
  PetscCall(PetscFree((*design)->coordinate));
  PetscCall(PetscFree((*design)->si));
  PetscCall(PetscFree((*design)->refinement.of));
  PetscCall(PetscFree(*design));
  PetscFunctionReturn(PETSC_SUCCESS);
}

const char *ion_design_kind(const ion_design *design)
{
  return design->kind->name;
}

PetscBool ion_design_is_grid(const ion_design *design)
{
  return design->kind->is_grid;
}

uint64_t ion_design_n_point(const ion_design *design)
{
  return design->n_point;
}

size_t ion_design_n_factor(const ion_design *design)
{
  return design->n_factor;
}

const ion_factor *ion_design_factor(const ion_design *design, size_t i)
{
  return &design->factor[i].shown;
}

const ion_refinement *ion_design_refinement(const ion_design *design)
{
  return design->refinement.of ? &design->refinement : NULL;
}

PetscErrorCode ion_design_points(const ion_design *design, uint64_t first, size_t n_point,
                                 ion_block values)
{
  PetscFunctionBegin;
  PetscCheck(first <= design->n_point && n_point <= design->n_point - first, PETSC_COMM_SELF,
             PETSC_ERR_ARG_OUTOFRANGE, "points %llu ... + %zu of a design of %llu",
             (unsigned long long)first, n_point, (unsigned long long)design->n_point);
  PetscCheck(values.n_row >= design->n_factor && values.stride >= n_point, PETSC_COMM_SELF,
             PETSC_ERR_ARG_SIZ, "%zu rows of %zu points for %zu factors at %zu points",
             values.n_row, values.stride, design->n_factor, n_point);
  for (size_t i = 0; i < design->n_factor && n_point > 0; i++)
    design->kind->values(design, i, first, n_point, ion_row(values, i));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_design_coordinates(const ion_design *design, size_t factor, uint64_t first,
                                      size_t n, double *coordinate)
{
  PetscFunctionBegin;
  PetscCheck(factor < design->n_factor, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
             "factor %zu of %zu", factor, design->n_factor);
  PetscCheck(first <= design->factor[factor].shown.count &&
                 n <= design->factor[factor].shown.count - first,
             PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE, "coordinates %llu ... + %zu of %llu",
             (unsigned long long)first, n, (unsigned long long)design->factor[factor].shown.count);
  design->kind->coordinates(design, factor, first, n, coordinate);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_design_print(PetscSegBuffer out, const char *format, ...)
{
  char text[1024], *slot;
  va_list arguments;
  int n;

  PetscFunctionBegin;
  va_start(arguments, format);
  n = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  PetscCheck(n >= 0 && (size_t)n < sizeof text, PETSC_COMM_SELF, PETSC_ERR_ARG_SIZ,
             "a name or unit of a design is too long");
  PetscCall(PetscSegBufferGet(out, (size_t)n, &slot));
  memcpy(slot, text, (size_t)n);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_canonical(const ion_design *design, uint64_t n_point, char **text)
{
  PetscSegBuffer out;
  char *end;

  PetscFunctionBegin;
  PetscCall(PetscSegBufferCreate(1, 4096, &out));
  PetscCall(ion_design_print(out, "design %s\n", design->kind->name));
  for (size_t i = 0; i < design->n_factor; i++) {
    const ion_factor *factor = &design->factor[i].shown;
    const uint64_t count     = design->kind->is_grid ? factor->count : n_point;

    PetscCall(ion_design_print(out, "factor %s [%s] count %llu balance %s\n", factor->name,
                               factor->unit, (unsigned long long)count,
                               factor->balance ? factor->balance : "-"));
  }
  PetscCall(design->kind->canonical(design, n_point, out));
  PetscCall(PetscSegBufferGet(out, 1, &end));
  *end = '\0';
  PetscCall(PetscSegBufferExtractAlloc(out, text));
  PetscCall(PetscSegBufferDestroy(&out));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_design_canonical(const ion_design *design, char **text)
{
  PetscFunctionBegin;
  *text = NULL;
  PetscCall(write_canonical(design, design->n_point, text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_design_canonical_of(const ion_design *design, uint64_t n_point, char **text)
{
  const design_sampled *s = design->sampled;
  const PetscBool whole   = (PetscBool)(s && !s->is_latin && n_point > 0 &&
                                      n_point % (s->n_member * s->n_replicate) == 0);

  PetscFunctionBegin;
  *text = NULL;
  if (n_point == design->n_point || (whole && n_point < design->n_point))
    PetscCall(write_canonical(design, n_point, text));
  PetscFunctionReturn(PETSC_SUCCESS);
}
