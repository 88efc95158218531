/* Processes of a model file: kind, equation, parameters, multipliers, gates, calibration. */
#include "model_impl.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const common_keys[] = {"kind", "equation", "q10",     "scaled_by",
                                          "per",  "gates",    "sources", "meaning"};

#define ION_MAX_KEYS (ION_COUNT(common_keys) + ION_MAX_PARAM + ION_MAX_SCALES + 2)

int ion_model_find_process(const ion_model *model, int compartment, const char *name)
{
  for (size_t r = 0; r < model->network.n_process; r++) {
    const char *dot = strchr(model->process[r].name, '.');

    if (model->process[r].compartment == compartment && dot && !strcmp(dot + 1, name))
      return (int)r;
  }
  return -1;
}

static int find_parameter(const ion_model *model, const char *name)
{
  for (int i = 1; i <= model->n_parameter; i++)
    if (!strcmp(model->theta.item[i].name, name)) return i;
  return -1;
}

/* `rate: calibrate` or `rate: {calibrate: {times: -0.8, of: [leak_ca]}}` */
static PetscErrorCode read_calibration(ion_process_detail *detail, const ion_node *node,
                                       const char *name, PetscBool *found)
{
  static const char *const outer[] = {"calibrate"}, *const inner[] = {"times", "of"};
  const char *text = ion_node_text(node);

  PetscFunctionBegin;
  *found = PETSC_FALSE;
  if (ion_node_type(node) == ION_MAPPING) {
    PetscCall(ion_node_check_keys(node, name, outer, 1));
    PetscCall(ion_node_require(node, name, "calibrate", &detail->calibration));
    PetscCall(ion_node_expect(detail->calibration, ION_MAPPING, "calibrate"));
    PetscCall(ion_node_check_keys(detail->calibration, "calibrate", inner, ION_COUNT(inner)));
  } else if (!text || strcmp(text, "calibrate"))
    PetscFunctionReturn(PETSC_SUCCESS);
  *found             = PETSC_TRUE;
  detail->calibrated = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One parameter of the kind as a quantity COMPARTMENT.PROCESS.NAME. */
static PetscErrorCode read_param(ion_model *model, const ion_node *node, size_t r,
                                 const ion_param *param, const char *key)
{
  const ion_process *process = &model->process[r];
  ion_process_detail *detail = &model->process_detail[r];
  const ion_node *member     = ion_node_find(node, key);
  const char *name           = ion_model_format(model, "%s.%s", process->name, key);
  const char *unit           = detail->per_area ? param->unit_area : param->unit;
  ion_quantity quantity      = {.name = name, .unit = unit ? unit : param->unit};
  double factor, offset, si = 0;
  PetscBool known, calibrate = PETSC_FALSE;
  int row;

  PetscFunctionBegin;
  if (!(param->flags & ION_PREFACTOR) || !unit) quantity.unit = param->unit;
  PetscCall(ion_units_to_si(model->units, quantity.unit, NULL, &factor, &offset, &known));
  PetscCheck(known, PETSC_COMM_SELF, PETSC_ERR_PLIB, "kind %s: unit '%s'", process->kind->name,
             quantity.unit);
  quantity.lower = param->lower * factor;
  quantity.upper = param->upper * factor;
  if (member && param->flags & ION_PREFACTOR)
    PetscCall(read_calibration(detail, member, name, &calibrate));
  if (!member && isnan(param->value))
    PetscCall(ion_node_fail(node, "%s: the kind '%s' needs '%s' in %s", process->name,
                            process->kind->name, key, quantity.unit));
  if (!calibrate) {
    if (member)
      PetscCall(ion_node_get_quantity(member, model->units, &quantity, &si, NULL, NULL));
    else
      si = param->value * factor;
  }
  PetscCall(ion_model_add_quantity(model, &model->theta, name, quantity.unit, param->meaning, si,
                                   quantity.lower, quantity.upper, &row));
  if (calibrate) detail->calibrated_row = row;
  if (param->flags & ION_PREFACTOR) {
    detail->prefactor_row[detail->n_prefactor++] = row;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  if (process->kind->flags & ION_SETS_EQUILIBRIUM && !strcmp(param->name, "K_eq"))
    detail->K_eq_row = row;
  detail->param_row[detail->n_param++] = row;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Parameters of the kind, those of each reactant in the order of the equation. */
static PetscErrorCode read_params(ion_model *model, const ion_node *node, size_t r,
                                  const char **keys, size_t *n_key)
{
  const ion_process *process = &model->process[r];

  PetscFunctionBegin;
  for (size_t k = 0; k < process->kind->n_param; k++) {
    const ion_param *param = &process->kind->param[k];
    const size_t n         = param->flags & ION_PER_REACTANT ? process->n_pool : 1;

    for (size_t t = 0; t < n; t++) {
      const char *key = param->flags & ION_PER_REACTANT
                            ? ion_model_format(model, "%s_%s", param->name, process->term[t].label)
                            : param->name;

      PetscCheck(key, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory");
      if (*n_key >= ION_COUNT(common_keys) + ION_MAX_PARAM)
        PetscCall(ion_node_fail(node, "%s: more than %d parameters", process->name, ION_MAX_PARAM));
      keys[(*n_key)++] = key;
      PetscCall(read_param(model, node, r, param, key));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* scaled_by: names of model parameters, or of the process's own with a default of its own. */
static PetscErrorCode read_scales(ion_model *model, const ion_node *node, size_t r,
                                  const char **keys, size_t *n_key)
{
  ion_process_detail *detail = &model->process_detail[r];
  const ion_node *list       = ion_node_find(node, "scaled_by");

  PetscFunctionBegin;
  if (!list) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ion_node_expect(list, ION_SEQUENCE, "scaled_by"));
  if (ion_node_count(list) > ION_MAX_SCALES)
    PetscCall(ion_node_fail(list, "%s: more than %d multipliers", model->process[r].name,
                            ION_MAX_SCALES));
  for (size_t i = 0; i < ion_node_count(list); i++) {
    const ion_node *item = ion_node_at(list, i), *member;
    const char *name;
    ion_quantity quantity = {.unit = "1", .lower = 0, .upper = 1e6};
    double si;
    int row;

    PetscCall(ion_node_get_string(item, "a multiplier", &name));
    row    = find_parameter(model, name);
    member = ion_node_find(node, name);
    if (row < 0 && !member)
      PetscCall(ion_node_fail(item, "%s: '%s' is neither a parameter of the model nor given here",
                              model->process[r].name, name));
    if (row < 0) {
      keys[(*n_key)++] = name;
      quantity.name    = ion_model_format(model, "%s.%s", model->process[r].name, name);
      PetscCall(ion_node_get_quantity(member, model->units, &quantity, &si, NULL, NULL));
      PetscCall(ion_model_add_quantity(model, &model->theta, quantity.name, "1",
                                       "multiplier of the rate", si, 0, 1e6, &row));
    }
    detail->scale_row[detail->n_scale++] = row;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* sources: {fuel: A_ox}; A_ox: 70 kJ/mol */
static PetscErrorCode read_source(ion_model *model, const ion_node *node, const ion_node *sources,
                                  size_t r, const char **keys, size_t *n_key)
{
  ion_process *process = &model->process[r];
  const ion_node *member;
  const char *key;
  ion_quantity quantity = {.unit = "kJ/mol", .lower = 0, .upper = 1e7};
  double si;

  PetscFunctionBegin;
  process->source_row = -1;
  if (!sources) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ion_node_expect(sources, ION_MAPPING, "sources"));
  if (ion_node_count(sources) != 1 || !process->source_nu)
    PetscCall(ion_node_fail(sources, "%s: 'sources' names the one clamped source of its equation",
                            process->name));
  PetscCall(ion_node_get_string(ion_node_at(sources, 0), "a source", &key));
  PetscCall(ion_node_require(node, process->name, key, &member));
  keys[(*n_key)++] = key;
  quantity.name    = ion_model_format(model, "%s.%s", process->name, key);
  PetscCall(ion_node_get_quantity(member, model->units, &quantity, &si, NULL, NULL));
  PetscCall(ion_model_add_quantity(model, &model->theta, quantity.name, "kJ/mol",
                                   "free energy the clamped source delivers", si, 0, 1e7,
                                   &process->source_row));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Turns of the energy currency: n ATP on the left with n ADP and n Pi on the right. */
static int count_currency(const ion_model *model, size_t r)
{
  const ion_process *process = &model->process[r];
  int nu[3]                  = {0, 0, 0};

  for (size_t t = 0; t < process->n_pool; t++)
    for (int i = 0; i < 3; i++)
      if (model->pool[process->term[t].pool].species == model->network.currency[i])
        nu[i] += process->term[t].nu;
  return nu[1] == -nu[0] && nu[2] == -nu[0] ? -nu[0] : 0;
}

/* The membrane of a process, and the charge it carries outwards a turn. */
static PetscErrorCode check_membrane(ion_model *model, const ion_node *node, size_t r)
{
  ion_process *process         = &model->process[r];
  ion_process_detail *detail   = &model->process_detail[r];
  const ion_process_kind *kind = process->kind;
  const char *wrong;
  PetscBool crosses = PETSC_FALSE;

  PetscFunctionBegin;
  detail->inner = process->compartment;
  for (size_t t = 0; t < process->n_pool; t++) {
    const int pool = process->term[t].pool;

    if (detail->inside[t])
      process->charge -= detail->nu[t] * detail->z[t];
    else
      crosses = PETSC_TRUE;
    detail->stoich[t] = (ion_stoich){
        .nu = detail->nu[t], .z = detail->z[t], .c = pool, .v = model->pool[pool].compartment};
  }
  detail->outer =
      crosses || kind->flags & ION_MOVES_VOLUME ? model->compartment[detail->inner].outside : -1;
  if (kind->flags & (ION_BY_FIELD | ION_BY_VOLTAGE | ION_SINGLE_ION) || process->charge != 0)
    for (int i = 0; i < 2; i++) {
      const int c = i ? detail->outer : detail->inner;

      if (c < 0)
        PetscCall(ion_node_fail(node, "%s: the kind '%s' needs a membrane, but nothing crosses one",
                                process->name, kind->name));
      if (i && model->compartment[c].potential == ION_POTENTIAL_FREE)
        PetscCall(ion_node_fail(node, "%s: '%s' is outside and must have the potential 'ground'",
                                process->name, model->compartment[c].name));
      if (model->compartment[c].potential == ION_POTENTIAL_NONE)
        PetscCall(ion_node_fail(node, "%s: the kind '%s' needs a potential, and '%s' has none",
                                process->name, kind->name, model->compartment[c].name));
    }
  wrong = kind->check ? kind->check(process->n_pool, detail->nu, detail->z, detail->inside) : NULL;
  if (wrong) PetscCall(ion_node_fail(node, "%s: %s", process->name, wrong));
  if (detail->per_area && model->compartment_detail[detail->inner].length_row < 0 &&
      model->compartment_detail[detail->inner].area_row < 0)
    PetscCall(ion_node_fail(node, "%s: 'per: area' needs the 'membrane' of '%s'", process->name,
                            model->compartment[detail->inner].name));
  if (kind->flags & ION_MOVES_VOLUME &&
      model->compartment[detail->inner].volume == ION_VOLUME_FREE) {
    ion_compartment_detail *c = &model->compartment_detail[detail->inner];

    if (c->water_process >= 0)
      PetscCall(ion_node_fail(node, "%s: the water of '%s' already moves by %s", process->name,
                              model->compartment[detail->inner].name,
                              model->process[c->water_process].name));
    c->water_process = (int)r;
  } else if (kind->flags & ION_MOVES_VOLUME)
    PetscCall(ion_node_fail(node, "%s: the volume of '%s' is not free", process->name,
                            model->compartment[detail->inner].name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_per(const ion_node *node, ion_process_detail *detail,
                               const ion_process *process)
{
  static const char *const words[] = {"area"};
  const ion_node *per              = ion_node_find(node, "per");
  size_t word;

  PetscFunctionBegin;
  if (!per) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ion_node_get_word(per, "per", words, ION_COUNT(words), &word));
  for (size_t k = 0; k < process->kind->n_param; k++)
    if (process->kind->param[k].flags & ION_PREFACTOR && process->kind->param[k].unit_area)
      detail->per_area = PETSC_TRUE;
  if (!detail->per_area)
    PetscCall(ion_node_fail(per, "%s: the kind '%s' cannot be given per area", process->name,
                            process->kind->name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_kind(const ion_node *node, ion_process *process)
{
  const ion_process_kind *const *kinds;
  const char *names[64];
  const ion_node *member;
  size_t n, index;

  PetscFunctionBegin;
  kinds = ion_process_kinds(&n);
  for (size_t k = 0; k < n && k < ION_COUNT(names); k++) names[k] = kinds[k]->name;
  PetscCall(ion_node_expect(node, ION_MAPPING, process->name));
  PetscCall(ion_node_require(node, process->name, "kind", &member));
  PetscCall(ion_node_get_word(member, "kind", names, n, &index));
  process->kind = kinds[index];
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_process(ion_model *model, const ion_node *node, size_t r)
{
  ion_process *process       = &model->process[r];
  ion_process_detail *detail = &model->process_detail[r];
  const ion_node *equation, *q10 = NULL, *gates, *sources;
  const char *text, *keys[ION_MAX_KEYS];
  size_t n_key = ION_COUNT(common_keys);

  PetscFunctionBegin;
  memcpy(keys, common_keys, sizeof common_keys);
  detail->where          = node;
  detail->calibrated_row = detail->K_eq_row = detail->q10_row = -1;
  PetscCall(read_kind(node, process));
  PetscCall(ion_node_require(node, process->name, "equation", &equation));
  PetscCall(ion_node_get_string(equation, "equation", &text));
  sources = ion_node_find(node, "sources");
  gates   = ion_node_find(node, "gates");
  q10     = ion_node_find(node, "q10");
  PetscCall(ion_model_read_equation(model, equation, text, sources, r));
  PetscCall(ion_model_check_balance(model, equation, r));
  PetscCall(read_per(node, detail, process));
  PetscCall(read_params(model, node, r, keys, &n_key));
  PetscCall(read_scales(model, node, r, keys, &n_key));
  PetscCall(read_source(model, node, sources, r, keys, &n_key));
  PetscCall(ion_node_check_keys(node, process->name, keys, n_key));
  if (q10) {
    PetscCall(ion_node_expect(q10, ION_SCALAR, "q10"));
    detail->q10_row = find_parameter(model, ion_node_text(q10));
    if (detail->q10_row < 0)
      PetscCall(ion_node_fail(q10, "%s: '%s' is no parameter of the model", process->name,
                              ion_node_text(q10)));
  }
  if (gates) PetscCall(ion_model_read_gates(model, gates, r));
  PetscCall(check_membrane(model, equation, r));
  process->n_atp = model->network.currency[0] < 0 ? 0 : count_currency(model, r);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* `of` of the splits, once all processes are known. */
static PetscErrorCode resolve_split(ion_model *model, size_t r)
{
  const ion_node *times, *of;
  ion_process_detail *detail  = &model->process_detail[r];
  const ion_quantity quantity = {.name = "times", .unit = "1", .lower = -1e6, .upper = 1e6};

  PetscFunctionBegin;
  PetscCall(ion_node_require(detail->calibration, "calibrate", "times", &times));
  PetscCall(ion_node_require(detail->calibration, "calibrate", "of", &of));
  PetscCall(ion_node_get_quantity(times, model->units, &quantity, &detail->times, NULL, NULL));
  PetscCall(ion_node_expect(of, ION_SEQUENCE, "of"));
  for (size_t i = 0; i < ion_node_count(of); i++) {
    const char *name;
    int other;

    PetscCall(ion_node_get_string(ion_node_at(of, i), "a process", &name));
    other = ion_model_find_process(model, model->process[r].compartment, name);
    if (other < 0 || detail->n_of == (int)ION_COUNT(detail->of))
      PetscCall(ion_node_fail(ion_node_at(of, i), "%s: unknown process '%s' (or more than %d)",
                              model->process[r].name, name, (int)ION_COUNT(detail->of)));
    detail->of[detail->n_of++] = other;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_model_read_processes(ion_model *model, const ion_node *root)
{
  const ion_node *node;
  size_t n = 0;

  PetscFunctionBegin;
  PetscCall(ion_node_require(root, "a model file", "processes", &node));
  PetscCall(ion_node_expect(node, ION_MAPPING, "processes"));
  for (size_t i = 0; i < ion_node_count(node); i++) n += ion_node_count(ion_node_at(node, i));
  model->process        = ion_model_alloc(model, n * sizeof *model->process);
  model->process_detail = ion_model_alloc(model, n * sizeof *model->process_detail);
  PetscCheck(model->process && model->process_detail, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory");
  for (size_t c = 0; c < model->network.n_compartment; c++)
    model->compartment_detail[c].water_process = -1;
  for (size_t i = 0; i < ion_node_count(node); i++) {
    const ion_node *list  = ion_node_at(node, i);
    const int compartment = ion_model_find_compartment(model, ion_node_key_at(node, i));

    if (compartment < 0)
      PetscCall(ion_node_fail_key(node, i, "unknown compartment '%s'", ion_node_key_at(node, i)));
    PetscCall(ion_node_expect(list, ION_MAPPING, ion_node_key_at(node, i)));
    for (size_t k = 0; k < ion_node_count(list); k++) {
      const size_t r = model->network.n_process;

      model->process[r].compartment = compartment;
      model->process[r].name =
          ion_model_format(model, "%s.%s", ion_node_key_at(node, i), ion_node_key_at(list, k));
      PetscCall(read_process(model, ion_node_at(list, k), r));
      model->network.n_process++;
    }
  }
  for (size_t r = 0; r < model->network.n_process; r++)
    if (model->process_detail[r].calibration) PetscCall(resolve_split(model, r));
  PetscFunctionReturn(PETSC_SUCCESS);
}
