/* What the result file of a study says: its canonical text and the schema of its variables. */
#include "study_sums.h"

#include <stdio.h>
#include <string.h>

#ifndef ION_VERSION
#define ION_VERSION "0.1.0"
#endif

enum {
  CHUNK_LEAST   = 64,   /* points, never fewer than this */
  CHUNK_OF_MAP  = 4096, /* points, of which a boundary map solves few */
  CHUNKS_WANTED = 64,   /* so that a few dozen ranks share a small study */
  CHUNKS_OF_MAP = 1024  /* the same, where only those along the boundaries have work in them */
};

/* ---- texts ---- */

PetscErrorCode ion_header_keep(study_header *header, const char *text, const char **kept)
{
  char *copy;

  PetscFunctionBegin;
  if (header->n_text == header->n_text_allocated) {
    const size_t n = 2 * header->n_text_allocated + 64;

    PetscCall(PetscRealloc(n * sizeof *header->text, &header->text));
    header->n_text_allocated = n;
  }
  PetscCall(PetscStrallocpy(text, &copy));
  header->text[header->n_text++] = copy;
  *kept                          = copy;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_header_keep_name(study_header *header, const char *name, const char **kept)
{
  PetscFunctionBegin;
  PetscCall(ion_header_keep(header, name, kept));
  for (char *c = header->text[header->n_text - 1]; *c; c++)
    if (*c == '.') *c = '_';
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_header_keep_unit(study_header *header, const char *unit, const char **kept)
{
  char text[256];

  PetscFunctionBegin;
  PetscCall(ion_units_portable(unit, text, sizeof text));
  PetscCall(ion_header_keep(header, text, kept));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Many quantities share a meaning ("largest forward rate"): which one it is is added. */
static PetscErrorCode keep_meaning(study_header *header, const ion_quantity *quantity,
                                   const char **kept)
{
  char text[512];

  PetscFunctionBegin;
  if (strchr(quantity->name, '.'))
    snprintf(text, sizeof text, "%s (%s)", quantity->meaning, quantity->name);
  else
    snprintf(text, sizeof text, "%s", quantity->meaning);
  PetscCall(ion_header_keep(header, text, kept));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_study_append(char **text, const char *part)
{
  const size_t n = *text ? strlen(*text) : 0;

  PetscFunctionBegin;
  PetscCall(PetscRealloc(n + strlen(part) + 1, text));
  memcpy(*text + n, part, strlen(part) + 1);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A part made by another module, under a heading; frees the part. */
static PetscErrorCode append_part(char **text, const char *heading, char *part)
{
  PetscFunctionBegin;
  PetscCall(ion_study_append(text, heading));
  PetscCall(ion_study_append(text, part));
  PetscCall(ion_study_append(text, "\n"));
  PetscCall(PetscFree(part));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The study without comments, layout or order of keys, every value as set; frees the text of its design. */
static PetscErrorCode write_canonical(const ion_study *study, char *design, char **text)
{
  char *model = NULL;

  PetscFunctionBegin;
  PetscCall(ion_study_append(text, "ionsweep study, format 1\nsolve: "));
  PetscCall(ion_study_append(text, study->task->word));
  PetscCall(ion_study_append(text, "\ntitle: "));
  PetscCall(ion_study_append(text, study->title));
  PetscCall(ion_study_append(text, study->precision == ION_STORE_FLOAT
                                       ? "\nprecision: float\noutputs:"
                                       : "\nprecision: double\noutputs:"));
  for (size_t i = 0; i < study->n_output; i++) {
    PetscCall(ion_study_append(text, " "));
    PetscCall(ion_study_append(text, study->output[i]->name));
  }
  if (study->sums) PetscCall(ion_study_append(text, "\nkeep: statistics"));
  if (study->task->canonical) PetscCall(study->task->canonical(study, text));
  if (study->model) {
    PetscCall(ion_model_canonical(study->model, &model));
    PetscCall(append_part(text, "\nmodel:\n", model));
  }
  PetscCall(append_part(text, "design:\n", design));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- variables ---- */

static PetscErrorCode describe_coordinates(ion_study *study)
{
  study_header *header     = &study->header;
  const ion_design *design = study->design;
  const PetscBool grid     = ion_design_is_grid(design);
  const size_t n = ion_design_n_factor(design), n_dim = grid ? n : 1;
  size_t n_quantity, n_theta;
  const ion_quantity *quantity = ion_study_quantities(study, &n_quantity, &n_theta);

  PetscFunctionBegin;
  PetscCall(PetscCalloc1(n_dim, &header->dim));
  PetscCall(PetscCalloc1(n + 1, &header->coordinate));
  for (size_t i = 0; i < n; i++) {
    const ion_factor *factor  = ion_design_factor(design, i);
    ion_store_var *coordinate = &header->coordinate[i];

    coordinate->type = ION_STORE_DOUBLE;
    PetscCall(keep_meaning(header, &quantity[factor->quantity], &coordinate->long_name));
    PetscCall(ion_header_keep_name(header, factor->name, &coordinate->name));
    PetscCall(ion_header_keep_unit(header, factor->unit, &coordinate->unit));
    if (grid) header->dim[i] = (ion_store_dim){coordinate->name, factor->count};
  }
  if (!grid) header->dim[0] = (ion_store_dim){"point", ion_design_n_point(design)};
  header->schema.n_dim        = n_dim;
  header->schema.dim          = header->dim;
  header->schema.n_coordinate = n;
  header->schema.coordinate   = header->coordinate;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode describe_outputs(ion_study *study)
{
  study_header *header = &study->header;
  const size_t n       = study->n_output;

  PetscFunctionBegin;
  PetscCall(PetscCalloc1(n, &header->output));
  for (size_t i = 0; i < n; i++) {
    const ion_output *output = study->output[i];
    ion_store_var *var       = &header->output[i];

    var->type          = output->flags ? ION_STORE_BYTE : study->precision;
    var->long_name     = output->long_name;
    var->flag_meanings = output->flags;
    if (i == ion_study_boundary_output(study))
      var->comment = "where status is not_needed: that of the solved nodes around";
    PetscCall(ion_header_keep_name(header, output->name, &var->name));
    PetscCall(ion_header_keep_unit(header, output->unit, &var->unit));
  }
  header->schema.n_output = n;
  header->schema.output   = header->output;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode fill_coordinate(void *context, size_t i, uint64_t first, size_t n,
                                      double *value)
{
  const ion_study *study = context;

  PetscFunctionBegin;
  PetscCall(ion_design_coordinates(study->design, i, first, n, value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* "temperature [degC],energy_supply [1]" */
static PetscErrorCode describe_factors(ion_study *study)
{
  char *text = NULL;

  PetscFunctionBegin;
  for (size_t i = 0; i < ion_design_n_factor(study->design); i++) {
    const ion_factor *factor = ion_design_factor(study->design, i);

    PetscCall(ion_study_append(&text, i ? "," : ""));
    PetscCall(ion_study_append(&text, factor->name));
    PetscCall(ion_study_append(&text, " ["));
    PetscCall(ion_study_append(&text, factor->unit));
    PetscCall(ion_study_append(&text, "]"));
  }
  if (text) PetscCall(ion_header_keep(&study->header, text, &study->header.schema.factors));
  PetscCall(PetscFree(text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What a boundary map can have missed depends on where it started. */
static PetscErrorCode append_refinement(const ion_study *study, char **text)
{
  const ion_refinement *how = ion_study_refinement(study);
  char part[512];

  PetscFunctionBegin;
  if (!how) PetscFunctionReturn(PETSC_SUCCESS);
  snprintf(part, sizeof part,
           ", solved along the boundaries of %.200s: from %llu cells a factor in %d levels, with "
           "%llu random "
           "probes a level (seed %llu)",
           how->of, (unsigned long long)how->start, how->levels, (unsigned long long)how->probes,
           (unsigned long long)how->seed);
  PetscCall(ion_study_append(text, part));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* "Steady states of neuron_glia over energy_supply (400) x temperature (250)" */
static PetscErrorCode describe_summary(ion_study *study)
{
  const ion_design *design = study->design;
  char *text               = NULL, count[32];

  PetscFunctionBegin;
  PetscCall(ion_study_append(&text, study->task->summary));
  PetscCall(ion_study_append(&text, " of "));
  PetscCall(ion_study_append(&text, ion_study_subject(study)));
  for (size_t i = 0; ion_design_is_grid(design) && i < ion_design_n_factor(design); i++) {
    const ion_factor *factor = ion_design_factor(design, i);

    snprintf(count, sizeof count, " (%llu)", (unsigned long long)factor->count);
    PetscCall(ion_study_append(&text, i ? " x " : " over "));
    PetscCall(ion_study_append(&text, factor->name));
    PetscCall(ion_study_append(&text, count));
  }
  if (!ion_design_is_grid(design)) {
    snprintf(count, sizeof count, " at %llu points",
             (unsigned long long)ion_design_n_point(design));
    PetscCall(ion_study_append(&text, count));
  }
  PetscCall(append_refinement(study, &text));
  PetscCall(ion_header_keep(&study->header, text, &study->header.schema.summary));
  PetscCall(PetscFree(text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A function of the study alone, so that any number of ranks writes the same file. */
static uint64_t chunk_size(const ion_study *study, uint64_t n_point)
{
  const PetscBool map   = (PetscBool)(ion_study_refinement(study) != NULL);
  const uint64_t wanted = map ? CHUNKS_OF_MAP : CHUNKS_WANTED;
  uint64_t size         = study->task->most_points(study);

  if (map) size = PetscMin(size, (uint64_t)CHUNK_OF_MAP);
  while (n_point / size < wanted && size > CHUNK_LEAST) size /= 2;
  return size;
}

PetscErrorCode ion_study_describe(ion_study *study)
{
  ion_store_schema *schema = &study->header.schema;
  char *design             = NULL;

  PetscFunctionBegin;
  PetscCall(ion_design_canonical(study->design, &design));
  PetscCall(write_canonical(study, design, &study->canonical));
  if (study->sums) {
    PetscCall(ion_study_describe_sums(study));
  } else {
    PetscCall(describe_coordinates(study));
    PetscCall(describe_outputs(study));
    schema->n_point    = ion_design_n_point(study->design);
    schema->chunk_size = chunk_size(study, schema->n_point);
  }
  PetscCall(describe_summary(study));
  PetscCall(describe_factors(study));
  schema->title      = study->title;
  schema->sweep_text = ion_spec_text(study->sweep ? study->sweep : study->model_file);
  schema->model_text =
      study->function ? study->function->summary : ion_spec_text(study->model_file);
  schema->overrides = study->overrides;
  schema->canonical = study->canonical;
  schema->program   = "ionsweep " ION_VERSION;
  schema->fill      = fill_coordinate;
  schema->context   = study;
  if (ion_design_is_sampled(study->design)) schema->seed = ion_design_seed(study->design);
  if (ion_study_refinement(study)) schema->seed = ion_study_refinement(study)->seed;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_study_undescribe(ion_study *study)
{
  study_header *header = &study->header;

  PetscFunctionBegin;
  for (size_t i = 0; i < header->n_text; i++) PetscCall(PetscFree(header->text[i]));
  PetscCall(PetscFree(header->text));
  PetscCall(PetscFree(header->dim));
  PetscCall(PetscFree(header->coordinate));
  PetscCall(PetscFree(header->output));
  PetscCall(PetscFree(study->canonical));
  *header = (study_header){0};
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_study_start_create(const ion_study *study, uint64_t n_point, study_start *start)
{
  const ion_node *node = ion_study_size_node(study);
  char number[32], *design = NULL;

  PetscFunctionBegin;
  *start = (study_start){.schema = study->header.schema};
  PetscCall(ion_design_canonical_of(study->design, n_point, &design));
  if (design) PetscCall(write_canonical(study, design, &start->canonical));
  if (design && node) {
    snprintf(number, sizeof number, "%llu",
             (unsigned long long)(n_point / ion_design_n_member(study->design)));
    PetscCall(ion_spec_replace(node, number, &start->sweep_text));
    start->schema.sweep_text = start->sweep_text;
  }
  start->schema.canonical = start->canonical;
  if (study->sums) {
    ion_study_size_sums(study, n_point, &start->schema, start->dim);
  } else {
    start->dim[0]            = (ion_store_dim){study->header.schema.dim[0].name, n_point};
    start->schema.n_point    = n_point;
    start->schema.chunk_size = chunk_size(study, n_point);
    start->schema.dim        = start->dim;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_study_start_destroy(study_start *start)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(start->canonical));
  PetscCall(PetscFree(start->sweep_text));
  PetscFunctionReturn(PETSC_SUCCESS);
}
