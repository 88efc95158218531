/* Compartments of a model file: potential, volume, membrane, resting state, impermeant solute. */
#include "model_impl.h"

#include <string.h>

static PetscErrorCode read_impermeant(ion_model *model, const ion_node *node, size_t i)
{
  static const char *const keys[]    = {"amount", "valence", "charge"};
  static const char *const amounts[] = {"neutral", "isosmolar"};
  static const char *const charges[] = {"closing"};
  ion_compartment_detail *d          = &model->compartment_detail[i];
  const ion_node *member, *valence, *charge;
  const char *name = model->compartment[i].name;
  size_t word;
  double z;

  PetscFunctionBegin;
  PetscCall(ion_node_expect(node, ION_MAPPING, "impermeant"));
  PetscCall(ion_node_check_keys(node, "impermeant", keys, ION_COUNT(keys)));
  PetscCall(ion_node_require(node, "impermeant", "amount", &member));
  PetscCall(ion_node_get_word(member, "amount", amounts, ION_COUNT(amounts), &word));
  d->amount = word == 0 ? ION_X_NEUTRAL : ION_X_ISOSMOLAR;
  valence   = ion_node_find(node, "valence");
  charge    = ion_node_find(node, "charge");
  if ((valence != NULL) == (charge != NULL))
    PetscCall(ion_node_fail(
        node, "impermeant solute of '%s' needs either 'valence' or 'charge: closing'", name));
  if (charge) {
    PetscCall(ion_node_get_word(charge, "charge", charges, ION_COUNT(charges), &word));
    if (d->amount == ION_X_NEUTRAL)
      PetscCall(ion_node_fail(charge, "an amount that makes '%s' neutral needs a 'valence'", name));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(ion_model_read_number(model, valence, "valence", "1", -100, 100, &z));
  if (d->amount == ION_X_NEUTRAL && z == 0)
    PetscCall(ion_node_fail(valence, "solute of valence 0 cannot make '%s' neutral", name));
  if (d->amount == ION_X_ISOSMOLAR)
    PetscCall(ion_model_add_quantity(
        model, &model->theta, ion_model_format(model, "%s.impermeant.valence", name), "1",
        "mean valence of impermeant solute", z, -100, 100, &d->valence_row));
  else
    d->Q_rest = z; /* the valence, until the resting state is checked */
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Concentrations at rest: one pool for each species named, in the order of the species. */
static PetscErrorCode read_rest(ion_model *model, const ion_node *rest, size_t i)
{
  ion_compartment_detail *d = &model->compartment_detail[i];
  const ion_compartment *c  = &model->compartment[i];
  const char *name          = c->name;
  const ion_node *node;
  double value;

  PetscFunctionBegin;
  PetscCall(ion_node_expect(rest, ION_MAPPING, "rest"));
  for (size_t k = 0; k < ion_node_count(rest); k++) {
    const char *key = ion_node_key_at(rest, k);

    if (strcmp(key, "V") && strcmp(key, "volume") && ion_model_find_species(model, key) < 0)
      PetscCall(ion_node_fail_key(rest, k, "unknown species '%s' in the resting state of '%s'", key,
                                  name));
  }
  d->rest_V = d->rest_w = d->composition_w = -1;
  if (c->potential == ION_POTENTIAL_FREE) {
    PetscCall(ion_node_require(rest, "the resting state", "V", &node));
    PetscCall(ion_model_read_number(model, node, "V", "mV", -0.5, 0.5, &value));
    PetscCall(ion_model_add_quantity(
        model, &model->rest, ion_model_format(model, "%s.rest.V", name), "mV",
        "membrane potential the prefactors are calibrated at", value, -0.5, 0.5, &d->rest_V));
  } else if (ion_node_find(rest, "V"))
    PetscCall(ion_node_fail(ion_node_find(rest, "V"), "'%s' has no free potential", name));
  if (c->volume != ION_VOLUME_INFINITE) {
    PetscCall(ion_node_require(rest, "the resting state", "volume", &node));
    PetscCall(ion_model_read_number(model, node, "volume", "pL", 1e-24, 1e-6, &value));
    PetscCall(ion_model_add_quantity(
        model, &model->rest, ion_model_format(model, "%s.rest.volume", name), "pL",
        "volume the prefactors are calibrated at", value, 1e-24, 1e-6, &d->rest_w));
    PetscCall(ion_model_add_quantity(model, &model->theta,
                                     ion_model_format(model, "%s.composition.volume", name), "pL",
                                     "volume put in at the start, at fixed concentrations", value,
                                     1e-24, 1e-6, &d->composition_w));
  } else if (ion_node_find(rest, "volume"))
    PetscCall(ion_node_fail(ion_node_find(rest, "volume"), "'%s' is infinite", name));
  for (size_t s = 0; s < model->network.n_species; s++) {
    const char *species = model->species[s].name;
    const size_t p      = model->network.n_pool;

    node = ion_node_find(rest, species);
    if (!node) continue;
    PetscCall(ion_model_read_number(model, node, species, "mM", 1e-12, 1e4, &value));
    model->pool[p] = (ion_pool){.compartment = (int)i,
                                .species     = (int)s,
                                .name        = ion_model_format(model, "%s.%s", name, species),
                                .x           = -1,
                                .clamped     = c->volume == ION_VOLUME_INFINITE};
    PetscCall(ion_model_add_quantity(model, &model->rest,
                                     ion_model_format(model, "%s.rest.%s", name, species), "mM",
                                     "concentration the prefactors are calibrated at", value, 1e-12,
                                     1e4, &model->pool_detail[p].rest_c));
    PetscCall(ion_model_add_quantity(model, &model->theta,
                                     ion_model_format(model, "%s.composition.%s", name, species),
                                     "mM", "concentration put in at the start", value, 1e-12, 1e4,
                                     &model->pool_detail[p].composition_c));
    model->network.n_pool++;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What rates `per: area` are multiplied by: a cylinder of given length whose radius follows the volume, or a
 * fixed area. */
static PetscErrorCode read_membrane(ion_model *model, const ion_node *node, size_t i)
{
  static const char *const keys[] = {"cylinder_length", "area"};
  ion_compartment_detail *d       = &model->compartment_detail[i];
  const ion_node *length, *area;
  const char *name = model->compartment[i].name;
  double value;

  PetscFunctionBegin;
  PetscCall(ion_node_expect(node, ION_MAPPING, "membrane"));
  PetscCall(ion_node_check_keys(node, "membrane", keys, ION_COUNT(keys)));
  length = ion_node_find(node, "cylinder_length");
  area   = ion_node_find(node, "area");
  if (!length == !area)
    PetscCall(
        ion_node_fail(node, "the membrane of '%s' needs either 'cylinder_length' or 'area'", name));
  if (length) {
    PetscCall(ion_model_read_number(model, length, "cylinder_length", "um", 1e-9, 1, &value));
    PetscCall(ion_model_add_quantity(
        model, &model->theta, ion_model_format(model, "%s.membrane.cylinder_length", name), "um",
        "length of a cylinder whose radius follows its volume", value, 1e-9, 1, &d->length_row));
  } else {
    PetscCall(ion_model_read_number(model, area, "area", "um^2", 1e-18, 1, &value));
    PetscCall(ion_model_add_quantity(model, &model->theta,
                                     ion_model_format(model, "%s.membrane.area", name), "um^2",
                                     "area of the membrane", value, 1e-18, 1, &d->area_row));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* `electroneutral_by: Na`: the membrane's charge is no part of the composition, which is electroneutral at all
 * times, so that the balance of one ion follows from the others; the capacitance only says how fast the potential
 * follows the current, C dV/dt = -I (Kager, Wadman and Somjen 2000; Huebel, Schoell and Dahlem 2014). */
static PetscErrorCode read_neutrality(ion_model *model, const ion_node *node, size_t i)
{
  const ion_compartment *c = &model->compartment[i];
  const char *text;
  int species, pool;

  PetscFunctionBegin;
  PetscCall(ion_node_get_string(node, "electroneutral_by", &text));
  if (c->potential != ION_POTENTIAL_FREE)
    PetscCall(ion_node_fail(node, "'electroneutral_by' needs a free potential, and '%s' has none",
                            c->name));
  species = ion_model_find_species(model, text);
  pool    = species < 0 ? -1 : ion_model_find_pool(model, (int)i, species);
  if (pool < 0 || model->species[species].valence == 0)
    PetscCall(ion_node_fail(node, "electroneutral_by: '%s' is no ion of '%s'", text, c->name));
  if (model->pool[pool].clamped)
    PetscCall(ion_node_fail(node, "electroneutral_by: the %s of '%s' is clamped", text, c->name));
  model->compartment_detail[i].neutral_pool = pool;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_compartment(ion_model *model, const ion_node *node, size_t i)
{
  static const char *const keys[] = {"outside",  "potential", "capacitance", "electroneutral_by",
                                     "membrane", "volume",    "rest",        "impermeant"};
  static const char *const potentials[] = {"none", "ground", "free"};
  static const char *const volumes[]    = {"free", "remainder", "fixed", "infinite"};
  ion_compartment *c                    = &model->compartment[i];
  ion_compartment_detail *d             = &model->compartment_detail[i];
  const ion_node *member;
  size_t word;
  double value;

  PetscFunctionBegin;
  PetscCall(ion_node_expect(node, ION_MAPPING, c->name));
  PetscCall(ion_node_check_keys(node, c->name, keys, ION_COUNT(keys)));
  d->where           = node;
  d->capacitance_row = d->length_row = d->area_row = d->valence_row = d->neutral_pool = -1;
  c->x_V = c->x_w = -1;
  member          = ion_node_find(node, "potential");
  if (member) {
    PetscCall(ion_node_get_word(member, "potential", potentials, ION_COUNT(potentials), &word));
    c->potential = (ion_potential_kind)word;
  }
  PetscCall(ion_node_require(node, c->name, "volume", &member));
  PetscCall(ion_node_get_word(member, "volume", volumes, ION_COUNT(volumes), &word));
  c->volume = (ion_volume_kind)word;
  member    = ion_node_find(node, "capacitance");
  if ((c->potential == ION_POTENTIAL_FREE) != (member != NULL))
    PetscCall(ion_node_fail(
        node, "'%s': a free potential needs a 'capacitance', and only that does", c->name));
  if (member) {
    PetscCall(ion_model_read_number(model, member, "capacitance", "pF", 0, 1e-3, &value));
    PetscCall(ion_model_add_quantity(
        model, &model->theta, ion_model_format(model, "%s.capacitance", c->name), "pF",
        "capacitance of the membrane", value, 0, 1e-3, &d->capacitance_row));
  }
  member = ion_node_find(node, "membrane");
  if (member) PetscCall(read_membrane(model, member, i));
  PetscCall(ion_node_require(node, c->name, "rest", &member));
  PetscCall(read_rest(model, member, i));
  member = ion_node_find(node, "electroneutral_by");
  if (member) PetscCall(read_neutrality(model, member, i));
  PetscCall(ion_node_require(node, c->name, "impermeant", &member));
  PetscCall(read_impermeant(model, member, i));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A change of composition is balanced by chloride, that of chloride by sodium, unless the design says
 * otherwise. */
static void default_balance(ion_model *model)
{
  const int chloride = ion_model_find_species(model, "Cl"),
            sodium   = ion_model_find_species(model, "Na");

  for (size_t p = 0; p < model->network.n_pool; p++) {
    const ion_pool *pool = &model->pool[p];
    const int species    = pool->species == chloride ? sodium : chloride;

    model->pool_detail[p].balance =
        species < 0 || species == pool->species || model->species[pool->species].valence == 0
            ? -1
            : ion_model_find_pool(model, pool->compartment, species);
  }
}

PetscErrorCode ion_model_read_compartments(ion_model *model, const ion_node *root)
{
  const ion_node *node;
  size_t n, n_remainder = 0;

  PetscFunctionBegin;
  PetscCall(ion_node_require(root, "a model file", "compartments", &node));
  PetscCall(ion_node_expect(node, ION_MAPPING, "compartments"));
  n                         = ion_node_count(node);
  model->compartment        = ion_model_alloc(model, n * sizeof *model->compartment);
  model->compartment_detail = ion_model_alloc(model, n * sizeof *model->compartment_detail);
  model->pool = ion_model_alloc(model, n * model->network.n_species * sizeof *model->pool);
  model->pool_detail =
      ion_model_alloc(model, n * model->network.n_species * sizeof *model->pool_detail);
  PetscCheck(model->compartment && model->compartment_detail && model->pool && model->pool_detail,
             PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory");
  for (size_t i = 0; i < n; i++) {
    model->compartment[i].name    = ion_model_format(model, "%s", ion_node_key_at(node, i));
    model->compartment[i].outside = -1;
  }
  model->network.n_compartment = n;
  for (size_t i = 0; i < n; i++) {
    const ion_node *c = ion_node_at(node, i), *outside;

    PetscCall(read_compartment(model, c, i));
    n_remainder += model->compartment[i].volume == ION_VOLUME_REMAINDER;
    if (n_remainder > 1)
      PetscCall(ion_node_fail(c, "only one compartment can be the remainder of the tissue"));
    outside = ion_node_find(c, "outside");
    if (!outside) continue;
    PetscCall(ion_node_expect(outside, ION_SCALAR, "outside"));
    model->compartment[i].outside = ion_model_find_compartment(model, ion_node_text(outside));
    if (model->compartment[i].outside < 0 || model->compartment[i].outside == (int)i)
      PetscCall(ion_node_fail(outside, "unknown compartment '%s' outside '%s'",
                              ion_node_text(outside), model->compartment[i].name));
  }
  default_balance(model);
  PetscFunctionReturn(PETSC_SUCCESS);
}
