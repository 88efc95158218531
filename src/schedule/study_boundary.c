/* A study that is a boundary map: which of its outputs the map tells apart. */
#include "study_impl.h"

#include <string.h>

const ion_refinement *ion_study_refinement(const ion_study *study)
{
  return ion_design_refinement(study->design);
}

size_t ion_study_boundary_output(const ion_study *study)
{
  const ion_refinement *how = ion_study_refinement(study);
  size_t i                  = 0;

  while (i < study->n_output && !(how && !strcmp(study->output[i]->name, how->of))) i++;
  return i;
}

/* Outputs with named values, blanks between. */
static PetscErrorCode list_named(const ion_study *study, char **text)
{
  PetscFunctionBegin;
  for (size_t i = 0; i < study->n_output; i++) {
    if (!study->output[i]->flags) continue;
    PetscCall(ion_study_append(text, " "));
    PetscCall(ion_study_append(text, study->output[i]->name));
  }
  if (!*text) PetscCall(ion_study_append(text, " none"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_study_check_boundary(const ion_study *study)
{
  const ion_refinement *how = ion_study_refinement(study);
  const size_t row          = ion_study_boundary_output(study);
  char *named               = NULL;
  PetscErrorCode code;

  PetscFunctionBegin;
  if (!how || (row < study->n_output && study->output[row]->flags))
    PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(list_named(study, &named));
  code = ion_place_fail(
      how->place,
      row == study->n_output
          ? "boundary of '%.120s': no output of this sweep; those with named values:%.300s"
          : "boundary of '%.120s': a number; outputs with named values:%.300s",
      how->of, named);
  PetscCall(PetscFree(named));
  PetscFunctionReturn(code);
}
