/* What the result file says where it keeps sums: a variable for every row, over units and words. */
#include "study_sums.h"

#include <stdio.h>

static void name_outcome(const ion_study *study, size_t i, char *text, size_t size)
{
  const ion_outcome outcome = ion_sums_outcome(i);
  char word[64];
  int status = ION_NO_STATE_FOUND;

  if (i == 0) {
    snprintf(text, size, "any_failure");
  } else if (outcome.class_ < 0) {
    while (!(outcome.statuses >> status & 1u)) status++;
    snprintf(text, size, "%s", ion_status_name((ion_status)status));
  } else {
    snprintf(text, size, "class_%s",
             ion_word_at(study->output[study->sums->class_row]->flags, (size_t)outcome.class_, word,
                         sizeof word));
  }
}

static PetscErrorCode describe_outcome(ion_study *study, ion_sums_row row, ion_store_var *var)
{
  static const char *const kind[] = {
      [ION_SUMS_OUTCOME] = "outcome", [ION_SUMS_WITH] = "with", [ION_SUMS_WITHOUT] = "without"};
  static const char *const meaning[] = {
      [ION_SUMS_OUTCOME] = "sums over pairs of the indicator of this outcome",
      [ION_SUMS_WITH]    = "members A and B with this outcome: factor by factor, counts by place",
      [ION_SUMS_WITHOUT] = "members A and B without it: factor by factor, counts by place"};
  char name[80], text[128];

  PetscFunctionBegin;
  name_outcome(study, row.of, name, sizeof name);
  snprintf(text, sizeof text, "%s_%s", kind[row.kind], name);
  PetscCall(ion_header_keep(&study->header, text, &var->name));
  var->long_name = meaning[row.kind];
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode describe_row(ion_study *study, size_t i, ion_store_var *var)
{
  const study_sums *s    = study->sums;
  const ion_sums_row row = ion_sums_row_at(s->sums, i);
  const ion_output *output;

  PetscFunctionBegin;
  switch (row.kind) {
  case ION_SUMS_NUMBER:
    output         = study->output[s->number[row.of]];
    var->long_name = output->long_name;
    var->comment = "shift, then sums over pairs of the output less the shift: of values, of their "
                   "products";
    PetscCall(ion_header_keep_name(&study->header, output->name, &var->name));
    PetscCall(ion_header_keep_unit(&study->header, output->unit, &var->unit));
    break;
  case ION_SUMS_OUTCOME:
  case ION_SUMS_WITH:
  case ION_SUMS_WITHOUT:
    PetscCall(describe_outcome(study, row, var));
    break;
  case ION_SUMS_SURVIVORS:
    var->name      = "survivors";
    var->long_name = "places of members A and B that do not fail: sums by factor, of products";
    break;
  case ION_SUMS_COUNTS:
    var->name      = "counts";
    var->long_name = "points by replicate and status, then by replicate and class";
    break;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode describe_rows(ion_study *study)
{
  const study_sums *s  = study->sums;
  const size_t n_row   = ion_sums_n_row(s->sums);
  study_header *header = &study->header;

  PetscFunctionBegin;
  PetscCall(PetscCalloc1(ion_study_sums_rows(s), &header->output));
  for (size_t i = 0; i < n_row; i++) PetscCall(describe_row(study, i, &header->output[i]));
  header->output[n_row + ION_SUMS_TALLY] = (ion_store_var){
      .name = "tally", .long_name = "points, by status, by class, by words of other outputs"};
  header->output[n_row + ION_SUMS_RANGES] = (ion_store_var){
      .name = "ranges",
      .long_name =
          "of each output, and of |total.closure|/total.fuel_power: smallest value, point, "
          "largest value, point"};
  header->schema.n_output = ion_study_sums_rows(s);
  header->schema.output   = header->output;
  PetscFunctionReturn(PETSC_SUCCESS);
}

void ion_study_size_sums(const ion_study *study, uint64_t n_point, ion_store_schema *schema,
                         ion_store_dim dim[2])
{
  const uint64_t n_block =
      n_point / ion_design_n_member(study->design) / ion_design_n_replicate(study->design);
  const size_t width = ion_sums_width(study->sums->sums);

  dim[0]             = (ion_store_dim){"unit", n_block / ion_study_sums_blocks(study, n_block)};
  dim[1]             = (ion_store_dim){"word", width};
  schema->n_dim      = 2;
  schema->dim        = dim;
  schema->n_point    = dim[0].length * width;
  schema->chunk_size = width;
  schema->n_summed   = n_point;
}

PetscErrorCode ion_study_describe_sums(ion_study *study)
{
  PetscFunctionBegin;
  PetscCall(PetscCalloc1(2, &study->header.dim));
  PetscCall(describe_rows(study));
  ion_study_size_sums(study, ion_design_n_point(study->design), &study->header.schema,
                      study->header.dim);
  PetscFunctionReturn(PETSC_SUCCESS);
}
