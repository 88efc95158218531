/* Any bytes as a YAML document. */
#include "fuzz.h"

#include <ion/spec.h>

static PetscErrorCode fuzz_one(const unsigned char *bytes, size_t n)
{
  ion_spec *spec = NULL;
  char *text     = NULL;

  PetscFunctionBegin;
  PetscCall(ion_spec_parse("input", (const char *)bytes, n, &spec));
  PetscCall(ion_spec_canonical(spec, &text));
  PetscCall(PetscFree(text));
  PetscCall(ion_spec_close(&spec));
  PetscFunctionReturn(PETSC_SUCCESS);
}
