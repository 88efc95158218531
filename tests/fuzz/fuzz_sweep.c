/* Any bytes as a sweep file, with its design, outputs and model. */
#include "fuzz.h"

#include <ion/schedule.h>

static PetscErrorCode fuzz_one(const unsigned char *bytes, size_t n)
{
  ion_study *study = NULL;
  double value[4];
  PetscErrorCode code;

  PetscFunctionBegin;
  fuzz_write_file(bytes, n);
  code = ion_study_open(fuzz_path, NULL, 0, &study);
  for (size_t i = 0; !code && i < ion_design_n_factor(ion_study_design(study)); i++) {
    const uint64_t count = ion_design_factor(ion_study_design(study), i)->count;

    code = ion_design_coordinates(ion_study_design(study), i, 0, PetscMin(count, 4), value);
  }
  PetscCall(ion_study_close(&study));
  PetscFunctionReturn(code);
}
