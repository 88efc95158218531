/* Sections of a model file: header, parameters, species, homeostasis bounds. */
#include "model_impl.h"

#include <stdio.h>
#include <string.h>

static const double largest = 1e30; /* stands for "no bound" */

int ion_model_find_compartment(const ion_model *model, const char *name)
{
  for (size_t i = 0; i < model->network.n_compartment; i++)
    if (!strcmp(model->compartment[i].name, name)) return (int)i;
  return -1;
}

int ion_model_find_species(const ion_model *model, const char *name)
{
  for (size_t i = 0; i < model->network.n_species; i++)
    if (!strcmp(model->species[i].name, name)) return (int)i;
  return -1;
}

int ion_model_find_pool(const ion_model *model, int compartment, int species)
{
  for (size_t i = 0; i < model->network.n_pool; i++)
    if (model->pool[i].compartment == compartment && model->pool[i].species == species)
      return (int)i;
  return -1;
}

/* A number with a unit that is no quantity of its own, in SI. */
PetscErrorCode ion_model_read_number(const ion_model *model, const ion_node *node, const char *name,
                                     const char *unit, double lower, double upper, double *si)
{
  const ion_quantity quantity = {.name = name, .unit = unit, .lower = lower, .upper = upper};

  PetscFunctionBegin;
  PetscCall(ion_node_get_quantity(node, model->units, &quantity, si, NULL, NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode optional_string(const ion_node *root, const char *key, const char *otherwise,
                                      const char **text)
{
  const ion_node *node = ion_node_find(root, key);

  PetscFunctionBegin;
  *text = otherwise;
  if (node) PetscCall(ion_node_get_string(node, key, text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One of the model's own parameters: {value, unit, lower, upper, meaning}. */
static PetscErrorCode read_parameter(ion_model *model, const ion_node *node, const char *name)
{
  static const char *const keys[] = {"value", "unit", "lower", "upper", "meaning"};
  const ion_node *value, *lower, *upper;
  const char *unit, *meaning;
  double si, low = -largest, high = largest;

  PetscFunctionBegin;
  PetscCall(ion_node_expect(node, ION_MAPPING, name));
  PetscCall(ion_node_check_keys(node, name, keys, ION_COUNT(keys)));
  PetscCall(ion_node_require(node, name, "value", &value));
  PetscCall(optional_string(node, "unit", "1", &unit));
  PetscCall(optional_string(node, "meaning", name, &meaning));
  lower = ion_node_find(node, "lower");
  upper = ion_node_find(node, "upper");
  if (lower) PetscCall(ion_model_read_number(model, lower, name, unit, -largest, largest, &low));
  if (upper) PetscCall(ion_model_read_number(model, upper, name, unit, low, largest, &high));
  PetscCall(ion_model_read_number(model, value, name, unit, low, high, &si));
  PetscCall(ion_model_add_quantity(model, &model->theta, ion_model_format(model, "%s", name),
                                   ion_model_format(model, "%s", unit),
                                   ion_model_format(model, "%s", meaning), si, low, high, NULL));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_model_read_header(ion_model *model, const ion_node *root)
{
  const ion_node *node;

  PetscFunctionBegin;
  PetscCall(ion_node_require(root, "a model file", "name", &node));
  PetscCall(ion_node_get_string(node, "name", &model->name));
  model->name = ion_model_format(model, "%s", model->name);
  PetscCall(optional_string(root, "title", model->name, &model->title));
  model->title = ion_model_format(model, "%s", model->title);
  PetscCall(optional_string(root, "citation", "", &model->citation));
  PetscCall(ion_node_require(root, "a model file", "reference_temperature", &node));
  PetscCall(
      ion_model_read_number(model, node, "reference_temperature", "K", 273, 323, &model->T_ref));
  PetscCall(ion_model_add_quantity(model, &model->theta, "temperature", "K",
                                   "temperature of the tissue", model->T_ref, 273, 323, NULL));
  node = ion_node_find(root, "parameters");
  if (!node) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ion_node_expect(node, ION_MAPPING, "parameters"));
  for (size_t i = 0; i < ion_node_count(node); i++)
    PetscCall(read_parameter(model, ion_node_at(node, i), ion_node_key_at(node, i)));
  model->n_parameter = (int)ion_node_count(node);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- species ---- */

static PetscErrorCode find_element(ion_model *model, const char *name, size_t *index)
{
  PetscFunctionBegin;
  for (*index = 0; *index < model->n_element; (*index)++)
    if (!strcmp(model->element[*index], name)) PetscFunctionReturn(PETSC_SUCCESS);
  model->element[model->n_element++] = ion_model_format(model, "%s", name);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What a species is made of, for the mass balance: itself unless `made_of` lists parts. */
static PetscErrorCode read_parts(ion_model *model, const ion_node *node, size_t s, size_t stride)
{
  const ion_node *parts = ion_node_find(node, "made_of");
  size_t e;

  PetscFunctionBegin;
  if (!parts) {
    PetscCall(find_element(model, model->species[s].name, &e));
    model->element_count[s * stride + e]++;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(ion_node_expect(parts, ION_SEQUENCE, "made_of"));
  for (size_t i = 0; i < ion_node_count(parts); i++) {
    const char *name;

    PetscCall(ion_node_get_string(ion_node_at(parts, i), "a part", &name));
    PetscCall(find_element(model, name, &e));
    model->element_count[s * stride + e]++;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_one_species(ion_model *model, const ion_node *node, const char *name,
                                       size_t s, size_t stride)
{
  static const char *const keys[] = {"valence", "osmotic", "made_of"};
  const ion_node *valence, *osmotic;
  int64_t z = 0;

  PetscFunctionBegin;
  PetscCall(ion_node_expect(node, ION_MAPPING, name));
  PetscCall(ion_node_check_keys(node, name, keys, ION_COUNT(keys)));
  if (strchr(name, '.') || strchr(name, ' '))
    PetscCall(ion_node_fail(node, "the name of a species has no dot and no space: '%s'", name));
  valence = ion_node_find(node, "valence");
  osmotic = ion_node_find(node, "osmotic");
  if (valence) PetscCall(ion_node_get_integer(valence, "valence", -4, 4, &z));
  model->species[s] = (ion_species){
      .name = ion_model_format(model, "%s", name), .valence = (int)z, .osmotic = PETSC_TRUE};
  if (osmotic) PetscCall(ion_node_get_bool(osmotic, "osmotic", &model->species[s].osmotic));
  if (z != 0 && !model->species[s].osmotic)
    PetscCall(ion_node_fail(node, "'%s' has a charge and must count for the osmolarity", name));
  PetscCall(read_parts(model, node, s, stride));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* energy_currency: {reaction: ATP -> ADP + Pi, dG0, dH0} */
static PetscErrorCode read_currency(ion_model *model, const ion_node *root)
{
  static const char *const keys[] = {"reaction", "dG0", "dH0"};
  const ion_node *node            = ion_node_find(root, "energy_currency"), *member;
  const char *text;
  char word[3][32] = {"", "", ""};
  double dG0, dH0;

  PetscFunctionBegin;
  for (int i = 0; i < 3; i++) model->network.currency[i] = -1;
  model->dG0_row = model->dH0_row = -1;
  if (!node) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ion_node_expect(node, ION_MAPPING, "energy_currency"));
  PetscCall(ion_node_check_keys(node, "energy_currency", keys, ION_COUNT(keys)));
  PetscCall(ion_node_require(node, "energy_currency", "reaction", &member));
  PetscCall(ion_node_get_string(member, "reaction", &text));
  if (sscanf(text, "%31s -> %31s + %31s", word[0], word[1], word[2]) != 3)
    PetscCall(ion_node_fail(member, "the reaction must read 'ATP -> ADP + Pi', not '%s'", text));
  for (int i = 0; i < 3; i++) {
    model->network.currency[i] = ion_model_find_species(model, word[i]);
    if (model->network.currency[i] < 0)
      PetscCall(ion_node_fail(member, "unknown species '%s' in the reaction", word[i]));
  }
  PetscCall(ion_node_require(node, "energy_currency", "dG0", &member));
  PetscCall(ion_model_read_number(model, member, "dG0", "kJ/mol", -1e6, 1e6, &dG0));
  PetscCall(ion_node_require(node, "energy_currency", "dH0", &member));
  PetscCall(ion_model_read_number(model, member, "dH0", "kJ/mol", -1e6, 1e6, &dH0));
  PetscCall(
      ion_model_add_quantity(model, &model->theta, "energy_currency.dG0", "kJ/mol",
                             "standard free energy of the currency at the reference temperature",
                             dG0, -1e6, 1e6, &model->dG0_row));
  PetscCall(ion_model_add_quantity(model, &model->theta, "energy_currency.dH0", "kJ/mol",
                                   "standard enthalpy of the currency's hydrolysis", dH0, -1e6, 1e6,
                                   &model->dH0_row));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_model_read_species(ion_model *model, const ion_node *root)
{
  const ion_node *node;
  size_t n, stride = 0;

  PetscFunctionBegin;
  PetscCall(ion_node_require(root, "a model file", "species", &node));
  PetscCall(ion_node_expect(node, ION_MAPPING, "species"));
  n = ion_node_count(node);
  for (size_t i = 0; i < n; i++) {
    const ion_node *parts = ion_node_type(ion_node_at(node, i)) == ION_MAPPING
                                ? ion_node_find(ion_node_at(node, i), "made_of")
                                : NULL;

    stride += 1 + (parts ? ion_node_count(parts) : 0);
  }
  model->species       = ion_model_alloc(model, n * sizeof *model->species);
  model->element       = ion_model_alloc(model, stride * sizeof *model->element);
  model->element_count = ion_model_alloc(model, n * stride * sizeof *model->element_count);
  PetscCheck(model->species && model->element && model->element_count, PETSC_COMM_SELF,
             PETSC_ERR_MEM, "no memory");
  for (size_t i = 0; i < n; i++) {
    PetscCall(read_one_species(model, ion_node_at(node, i), ion_node_key_at(node, i), i, stride));
    model->network.n_species = i + 1;
  }
  /* rows of element_count become [n_species][n_element] */
  for (size_t s = 0; s < n; s++)
    memmove(model->element_count + s * model->n_element, model->element_count + s * stride,
            model->n_element * sizeof *model->element_count);
  PetscCall(read_currency(model, root));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- homeostasis ---- */

/* What a bound is on: COMPARTMENT.V, COMPARTMENT.volume or COMPARTMENT.SPECIES. */
static PetscErrorCode resolve_bound(ion_model *model, const ion_node *map, size_t k,
                                    ion_bound *bound, const char **unit)
{
  const char *name = ion_node_key_at(map, k), *dot = strchr(name, '.');
  char compartment[128] = "";

  PetscFunctionBegin;
  if (dot && (size_t)(dot - name) < sizeof compartment)
    memcpy(compartment, name, (size_t)(dot - name));
  *bound             = (ion_bound){.pool = -1, .lower_row = -1, .upper_row = -1, .within_row = -1};
  bound->compartment = ion_model_find_compartment(model, compartment);
  if (bound->compartment < 0)
    PetscCall(ion_node_fail_key(
        map, k, "a bound is on COMPARTMENT.V, .volume or .SPECIES, not '%s'", name));
  bound->is_V = (PetscBool)!strcmp(dot, ".V");
  *unit       = bound->is_V ? "mV" : "pL";
  if (bound->is_V || !strcmp(dot, ".volume")) PetscFunctionReturn(PETSC_SUCCESS);
  bound->pool =
      ion_model_find_pool(model, bound->compartment, ion_model_find_species(model, dot + 1));
  *unit = "mM";
  if (bound->pool < 0) PetscCall(ion_node_fail_key(map, k, "there is no '%s' to bound", name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_bound(ion_model *model, const ion_node *node, const char *name,
                                 const char *key, const char *unit, int *row)
{
  const ion_node *member = ion_node_find(node, key);
  double value;

  PetscFunctionBegin;
  if (!member) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ion_model_read_number(model, member, key, unit, -largest, largest, &value));
  PetscCall(ion_model_add_quantity(
      model, &model->theta, ion_model_format(model, "homeostasis.%s.%s", name, key),
      ion_model_format(model, "%s", unit), "bound of the homeostatic range", value, -largest,
      largest, row));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_model_read_homeostasis(ion_model *model, const ion_node *root)
{
  static const char *const keys[] = {"above", "below", "within"};
  const ion_node *node            = ion_node_find(root, "homeostasis");
  size_t n;

  PetscFunctionBegin;
  if (!node) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ion_node_expect(node, ION_MAPPING, "homeostasis"));
  n            = ion_node_count(node);
  model->bound = ion_model_alloc(model, n * sizeof *model->bound);
  PetscCheck(model->bound, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory");
  for (size_t k = 0; k < n; k++) {
    const ion_node *member = ion_node_at(node, k);
    const char *name       = ion_node_key_at(node, k), *unit;
    ion_bound *bound       = &model->bound[k];

    PetscCall(ion_node_expect(member, ION_MAPPING, name));
    PetscCall(ion_node_check_keys(member, name, keys, ION_COUNT(keys)));
    PetscCall(resolve_bound(model, node, k, bound, &unit));
    PetscCall(read_bound(model, member, name, "above", unit, &bound->lower_row));
    PetscCall(read_bound(model, member, name, "below", unit, &bound->upper_row));
    PetscCall(read_bound(model, member, name, "within", "1", &bound->within_row));
    if (bound->within_row >= 0 && bound->is_V)
      PetscCall(ion_node_fail(member, "a potential takes 'above' and 'below', not 'within'"));
    model->network.n_bound = k + 1;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
