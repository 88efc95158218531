/* Optional section `readings`: parameters that only reports use, quantities
 * readings.NAME.PARAMETER. One parameter of a reading ends in _ION and so names its ion. */
#include "model_impl.h"

#include <math.h>
#include <string.h>

#define LARGE 1e12

typedef struct {
  const char *name, *unit, *meaning;
  double value, lower, upper; /* in its unit; NAN: the model file must give it */
} parameter;

typedef struct {
  const char *name;
  parameter of_ion; /* its name goes before _ION */
  const parameter *other;
  size_t n_other;
} reading;

/* The buffer is a fast chelator; its total is 0 unless given. */
static const parameter nanodomain[] = {
    {"ions",                "1",      "ions that enter",                            1e4,  0,     LARGE},
    {"radius",              "nm",     "radius of the hemisphere, distance read at", 100,  1e-3,  LARGE},
    {"current",             "pA",     "current that entering ions carry",           0.1,  0,     LARGE},
    {"buffer",              "mM",     "buffer, free and bound",                     0,    0,     LARGE},
    {"buffer_K",            "mM",     "dissociation constant of the buffer",        2e-4, 1e-12, LARGE},
    {"buffer_binding_rate", "1/mM/s", "binding rate of the buffer",                 4e5,  0,     LARGE},
    {"buffer_diffusion",    "um^2/s", "diffusion coefficient of the buffer",        95,   0,     LARGE},
};

static const reading readings[] = {
    {"action_potential",
     {"factor", "1", "conductance of the ion at the peak over that at the state", NAN, 0, LARGE},
     NULL,       0                    },
    {"nanodomain",
     {"diffusion", "um^2/s", "diffusion coefficient of the ion", NAN, 1e-6, LARGE},
     nanodomain, ION_COUNT(nanodomain)},
};

static PetscErrorCode add_parameter(ion_model *model, const ion_node *node, const reading *reading_,
                                    const parameter *parameter_, const char *key)
{
  const ion_node *member = ion_node_find(node, key);
  ion_quantity quantity  = {.name = ion_model_format(model, "readings.%s.%s", reading_->name, key),
                            .unit = parameter_->unit};
  double factor, offset, si;
  PetscBool known;

  PetscFunctionBegin;
  PetscCall(ion_units_to_si(model->units, quantity.unit, NULL, &factor, &offset, &known));
  PetscCheck(known, PETSC_COMM_SELF, PETSC_ERR_PLIB, "reading %s: unit '%s'", reading_->name,
             quantity.unit);
  quantity.lower = parameter_->lower * factor;
  quantity.upper = parameter_->upper * factor;
  si             = parameter_->value * factor;
  if (member) PetscCall(ion_node_get_quantity(member, model->units, &quantity, &si, NULL, NULL));
  PetscCall(ion_model_add_quantity(model, &model->theta, quantity.name, quantity.unit,
                                   parameter_->meaning, si, quantity.lower, quantity.upper, NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Is the key NAME_ION of an ion of the model? */
static PetscBool names_ion(const ion_model *model, const char *key, const char *name)
{
  const size_t length = strlen(name);
  int species;

  if (strncmp(key, name, length) || key[length] != '_') return PETSC_FALSE;
  species = ion_model_find_species(model, key + length + 1);
  return (PetscBool)(species >= 0 && model->species[species].valence != 0);
}

static PetscErrorCode read_reading(ion_model *model, const ion_node *node, const reading *reading_)
{
  const char *keys[ION_COUNT(nanodomain) + 1], *ion = NULL;

  PetscFunctionBegin;
  PetscCall(ion_node_expect(node, ION_MAPPING, reading_->name));
  for (size_t i = 0; i < ion_node_count(node) && !ion; i++)
    if (names_ion(model, ion_node_key_at(node, i), reading_->of_ion.name))
      ion = ion_node_key_at(node, i);
  if (!ion)
    PetscCall(ion_node_fail(node, "readings.%s needs '%s_ION', the %s in %s", reading_->name,
                            reading_->of_ion.name, reading_->of_ion.meaning,
                            reading_->of_ion.unit));
  ion     = ion_model_format(model, "%s", ion);
  keys[0] = ion;
  PetscCheck(ion, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory");
  for (size_t k = 0; k < reading_->n_other; k++) keys[k + 1] = reading_->other[k].name;
  PetscCall(ion_node_check_keys(node, reading_->name, keys, reading_->n_other + 1));
  PetscCall(add_parameter(model, node, reading_, &reading_->of_ion, ion));
  for (size_t k = 0; k < reading_->n_other; k++)
    PetscCall(add_parameter(model, node, reading_, &reading_->other[k], keys[k + 1]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_model_read_readings(ion_model *model, const ion_node *root)
{
  const ion_node *node = ion_node_find(root, "readings");
  const char *names[ION_COUNT(readings)];

  PetscFunctionBegin;
  if (!node) PetscFunctionReturn(PETSC_SUCCESS);
  for (size_t k = 0; k < ION_COUNT(readings); k++) names[k] = readings[k].name;
  PetscCall(ion_node_expect(node, ION_MAPPING, "readings"));
  PetscCall(ion_node_check_keys(node, "readings", names, ION_COUNT(names)));
  for (size_t k = 0; k < ION_COUNT(readings); k++) {
    const ion_node *member = ion_node_find(node, names[k]);

    if (member) PetscCall(read_reading(model, member, &readings[k]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
