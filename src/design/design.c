#include "design_impl.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every kind of design: its operations, its name, and what `list designs` says of it. */
#define KINDS(X)                                                                                   \
  X(ion_design_grid, "grid", "every combination of the nodes of its factors")                      \
  X(ion_design_list, "points", "points given one by one, in the sweep or in a CSV file")           \
  X(ion_design_boundary, "boundary",                                                               \
    "a fine grid solved only where neighbouring classes differ: two or three factors")

#define OPERATIONS(symbol, name, summary) &(symbol),
#define INFO(symbol, name, summary) {name, summary},

static const design_kind *const kinds[]  = {KINDS(OPERATIONS)};
static const ion_design_kind_info info[] = {
    KINDS(INFO){NULL, NULL}
};

static const char *const planned[] = {"latin_hypercube", "sobol", "saltelli", "morris"};

const ion_design_kind_info *ion_design_kinds(void)
{
  return info;
}

static PetscErrorCode read_kind(const ion_node *node, const design_kind **kind)
{
  const ion_node *word;
  const char *names[ION_COUNT(kinds)], *text;
  char list[128] = "";
  size_t k;

  PetscFunctionBegin;
  PetscCall(ion_node_require(node, "design", "kind", &word));
  PetscCall(ion_node_get_string(word, "design kind", &text));
  for (size_t i = 0; i < ION_COUNT(kinds); i++) {
    const size_t used = strlen(list);

    names[i] = kinds[i]->name;
    (void)snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "", names[i]);
  }
  for (size_t i = 0; i < ION_COUNT(planned); i++)
    if (strcmp(text, planned[i]) == 0)
      PetscCall(
          ion_node_fail(word, "design kind '%s' is not in this version; allowed: %s", text, list));
  PetscCall(ion_node_get_word(word, "design kind", names, ION_COUNT(kinds), &k));
  *kind = kinds[k];
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode build(const design_source *source, ion_design **design)
{
  PetscFunctionBegin;
  PetscCall(PetscNew(design));
  PetscCall(read_kind(source->node, &(*design)->kind));
  PetscCall((*design)->kind->create(source, *design));
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
  PetscCall(PetscFree((*design)->factor));
  PetscCall(PetscFree((*design)->coordinate));
  PetscCall(PetscFree((*design)->si));
  PetscCall(PetscFree((*design)->refinement.of));
  PetscCall(PetscFree(*design));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_design_add_factor(ion_design *design, ion_place place,
                                     const design_source *source, size_t quantity, const char *unit)
{
  const ion_quantity *of = &source->quantity[quantity];
  design_factor *factor;
  ion_scale scale;

  PetscFunctionBegin;
  if (!of->is_factor) PetscCall(ion_place_fail(place, "'%s' may be set but not varied", of->name));
  if (design->n_factor == design->capacity) {
    design->capacity = design->capacity > 0 ? 2 * design->capacity : 8;
    PetscCall(PetscRealloc(design->capacity * sizeof *factor, &design->factor));
  }
  factor = &design->factor[design->n_factor++];
  memset(factor, 0, sizeof *factor);
  PetscCall(PetscStrallocpy(of->name, &factor->name));
  PetscCall(PetscStrallocpy(unit, &factor->unit));
  PetscCall(ion_quantity_unit(place, source->units, of, factor->unit, &scale));
  factor->scale  = scale.factor;
  factor->offset = scale.offset;
  factor->shown  = (ion_factor){quantity, factor->name, factor->unit, NULL, 0};
  PetscFunctionReturn(PETSC_SUCCESS);
}

double ion_design_coordinate_of(const design_factor *factor, double si)
{
  const double x = (si - factor->offset) / factor->scale;
  char text[32];
  double tidy;

  (void)snprintf(text, sizeof text, "%.14g", x);
  tidy = strtod(text, NULL);
  return fabs(factor->scale * tidy + factor->offset - si) <= 4 * PETSC_MACHINE_EPSILON * fabs(si)
             ? tidy
             : x;
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

PetscErrorCode ion_design_canonical(const ion_design *design, char **text)
{
  PetscSegBuffer out;
  char *end;

  PetscFunctionBegin;
  *text = NULL;
  PetscCall(PetscSegBufferCreate(1, 4096, &out));
  PetscCall(ion_design_print(out, "design %s\n", design->kind->name));
  for (size_t i = 0; i < design->n_factor; i++) {
    const ion_factor *factor = &design->factor[i].shown;

    PetscCall(ion_design_print(out, "factor %s [%s] count %llu balance %s\n", factor->name,
                               factor->unit, (unsigned long long)factor->count,
                               factor->balance ? factor->balance : "-"));
  }
  PetscCall(design->kind->canonical(design, out));
  PetscCall(PetscSegBufferGet(out, 1, &end));
  *end = '\0';
  PetscCall(PetscSegBufferExtractAlloc(out, text));
  PetscCall(PetscSegBufferDestroy(&out));
  PetscFunctionReturn(PETSC_SUCCESS);
}
