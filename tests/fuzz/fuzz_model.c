/* Any bytes as a model file. */
#include "fuzz.h"

#include <ion/model.h>

static PetscErrorCode make(const ion_spec *spec, const ion_units *units, ion_model **model)
{
  char *text = NULL;

  PetscFunctionBegin;
  PetscCall(ion_model_create(ion_spec_root(spec), units, model));
  PetscCall(ion_model_setup(*model));
  PetscCall(ion_model_canonical(*model, &text));
  PetscCall(PetscFree(text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode fuzz_one(const unsigned char *bytes, size_t n)
{
  ion_units *units;
  ion_spec *spec   = NULL;
  ion_model *model = NULL;
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCall(fuzz_units(&units));
  code = ion_spec_parse("input", (const char *)bytes, n, &spec);
  if (!code) code = make(spec, units, &model);
  PetscCall(ion_model_destroy(&model));
  PetscCall(ion_spec_close(&spec));
  PetscFunctionReturn(code);
}
