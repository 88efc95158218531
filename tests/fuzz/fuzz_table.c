/* Any bytes as a table of points (CSV). */
#include "fuzz.h"

#include <ion/design.h>

#include <math.h>

static const ion_quantity quantities[] = {
    {"temperature",       "K",      "temperature",                310.15,  273,  323,      PETSC_TRUE },
    {"energy_supply",     "1",      "share of the energy supply", 1,       0,    2,        PETSC_TRUE },
    {"neuron.nka.rate",   "fmol/s", "turnover",                   1.5e-15, 0,    INFINITY, PETSC_TRUE },
    {"neuron.rest.V",     "mV",     "resting potential",          -0.07,   -0.2, 0.2,      PETSC_FALSE},
    {"ecs.composition.K", "mM",     "put in at the start",        3,       0,    1000,     PETSC_TRUE },
};

/* Points and canonical text of a design that was accepted. */
static PetscErrorCode look(const ion_design *design)
{
  const size_t n  = (size_t)PetscMin(ion_design_n_point(design), 8);
  ion_block value = {0};
  char *text      = NULL;

  PetscFunctionBegin;
  PetscCall(ion_block_create(ion_design_n_factor(design), n, &value));
  PetscCall(ion_design_points(design, 0, n, value));
  PetscCall(ion_block_destroy(&value));
  PetscCall(ion_design_canonical(design, &text));
  PetscCall(PetscFree(text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode fuzz_one(const unsigned char *bytes, size_t n)
{
  ion_units *units;
  ion_spec *spec     = NULL;
  ion_design *design = NULL;
  char text[128];
  PetscErrorCode code;

  PetscFunctionBegin;
  fuzz_write_file(bytes, n);
  snprintf(text, sizeof text, "{kind: points, file: %s}", fuzz_path);
  PetscCall(fuzz_units(&units));
  code = ion_spec_parse("design", text, strlen(text), &spec);
  if (!code)
    code =
        ion_design_create(ion_spec_root(spec), units, quantities, ION_COUNT(quantities), &design);
  if (!code) code = look(design);
  PetscCall(ion_design_destroy(&design));
  PetscCall(ion_spec_close(&spec));
  PetscFunctionReturn(code);
}
