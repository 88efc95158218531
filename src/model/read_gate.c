/* Gates of a process: opening and closing rates, or a steady state given directly. */
#include "model_impl.h"

#include <stdio.h>
#include <string.h>

typedef enum { ION_FORM_RATE, ION_FORM_STEADY, ION_FORM_VOLUME, ION_FORM_GATE } ion_form_use;

/* rate (s^-1; absent where the form is a steady state), midpoint and width (V; w/w_rest; another gate). */
static PetscErrorCode read_form(ion_model *model, const ion_node *node, const char *name,
                                ion_gate *gate, int k, ion_form_use use)
{
  static const char *const rate_keys[] = {"rate", "midpoint", "width"};
  static const char *const units[][3]  = {
       {"1/ms", "mV", "mV"},
       {"1",    "mV", "mV"},
       {"1",    "1",  "1" },
       {"1",    "1",  "1" }
  };
  const PetscBool is_rate             = (PetscBool)(use == ION_FORM_RATE);
  static const char *const meanings[] = {"scale of the gating rate", "midpoint", "width"};
  const ion_node *body;
  size_t form;

  PetscFunctionBegin;
  PetscCall(ion_node_expect(node, ION_MAPPING, name));
  if (ion_node_count(node) != 1)
    PetscCall(ion_node_fail(node, "%s takes one form: linoid, sigmoid or exponential", name));
  for (form = 0; form < ION_N_GATE_FORM; form++)
    if (!strcmp(ion_node_key_at(node, 0), ion_gate_form_names[form])) break;
  if (form == ION_N_GATE_FORM)
    PetscCall(ion_node_fail_key(node, 0,
                                "%s: unknown form '%s'; allowed: linoid, sigmoid, exponential",
                                name, ion_node_key_at(node, 0)));
  if (!is_rate && form != ION_GATE_SIGMOID)
    PetscCall(ion_node_fail_key(node, 0, "%s: a steady state is a sigmoid", name));
  gate->form[k] = (ion_gate_form)form;
  body          = ion_node_at(node, 0);
  PetscCall(ion_node_expect(body, ION_MAPPING, name));
  if (is_rate)
    PetscCall(ion_node_check_keys(body, name, rate_keys, ION_COUNT(rate_keys)));
  else
    PetscCall(ion_node_check_keys(body, name, rate_keys + 1, ION_COUNT(rate_keys) - 1));
  for (int i = 0; i < 3; i++) {
    const double low  = !i || use == ION_FORM_VOLUME ? 0 : use == ION_FORM_GATE ? -100 : -1;
    const double high = !i ? 1e9 : use == ION_FORM_VOLUME || use == ION_FORM_GATE ? 100 : 1;
    const ion_quantity quantity = {
        .name = rate_keys[i], .unit = units[use][i], .lower = low, .upper = high};
    const ion_node *member;
    double si = 1;

    gate->theta[k][i] = -1;
    if (i == 0 && !is_rate) continue;
    PetscCall(ion_node_require(body, name, rate_keys[i], &member));
    PetscCall(ion_node_get_quantity(member, model->units, &quantity, &si, NULL, NULL));
    if (i == 2 && si == 0) PetscCall(ion_node_fail(member, "%s: a width of 0", name));
    PetscCall(ion_model_add_quantity(
        model, &model->theta, ion_model_format(model, "%s.%s", name, rate_keys[i]), units[use][i],
        meanings[i], si, low, quantity.upper, &gate->theta[k][i]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* `of: PROCESS.GATE`: the steady state is a function of another gate, one that the potential moves and that stands
 * before it in the file. */
static PetscErrorCode find_gate(const ion_model *model, const ion_node *node, size_t r,
                                ion_gate *gate)
{
  const char *text, *cell = model->compartment[model->process[r].compartment].name;
  char wanted[256];

  PetscFunctionBegin;
  PetscCall(ion_node_get_string(node, "of", &text));
  snprintf(wanted, sizeof wanted, "%s.%s", cell, text);
  for (size_t s = 0; s <= r; s++)
    for (int k = 0; k < model->process_detail[s].n_gate; k++)
      if (!strcmp(model->process_detail[s].gate[k].name, wanted)) {
        gate->of_process = (int)s;
        gate->of         = k;
      }
  if (gate->of < 0)
    PetscCall(
        ion_node_fail(node, "%s: there is no gate '%s' in '%s' before it", gate->name, text, cell));
  if (model->process_detail[gate->of_process].gate[gate->of].is_on_volume ||
      model->process_detail[gate->of_process].gate[gate->of].of >= 0)
    PetscCall(ion_node_fail(node, "%s: '%s' is itself no gate that the potential moves", gate->name,
                            text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_gate_q10(const ion_model *model, const ion_node *q10, ion_gate *gate)
{
  PetscFunctionBegin;
  PetscCall(ion_node_expect(q10, ION_SCALAR, "q10"));
  for (int i = 1; i <= model->n_parameter; i++)
    if (!strcmp(model->theta.item[i].name, ion_node_text(q10))) gate->q10_row = i;
  if (gate->q10_row < 0)
    PetscCall(ion_node_fail(q10, "%s: '%s' is no parameter of the model", gate->name,
                            ion_node_text(q10)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Which of the three ways to give a gate the file has chosen, and what belongs to one way only. */
static PetscErrorCode read_gate_way(ion_model *model, const ion_node *node, size_t r,
                                    ion_gate *gate)
{
  const ion_node *steady = ion_node_find(node, "steady"), *alpha = ion_node_find(node, "alpha"),
                 *beta = ion_node_find(node, "beta"), *volume = ion_node_find(node, "volume"),
                 *of = ion_node_find(node, "of"), *instantaneous;
  PetscBool at_once  = PETSC_FALSE;

  PetscFunctionBegin;
  if (!!steady + !!volume + (alpha && beta) != 1 || !!alpha != !!beta)
    PetscCall(ion_node_fail(node, "%s needs either 'alpha' and 'beta' or 'steady' or 'volume'",
                            gate->name));
  instantaneous = ion_node_find(node, "instantaneous");
  if (instantaneous) PetscCall(ion_node_get_bool(instantaneous, "instantaneous", &at_once));
  if (instantaneous && !alpha)
    PetscCall(ion_node_fail(instantaneous,
                            "%s: only a gate of 'alpha' and 'beta' can be said to be instantaneous",
                            gate->name));
  if (of && !steady)
    PetscCall(ion_node_fail(of, "%s: a function of another gate is given by 'steady'", gate->name));
  if (of) PetscCall(find_gate(model, of, r, gate));
  gate->is_dynamic   = (PetscBool)(alpha && !at_once);
  gate->is_on_volume = (PetscBool)(volume != NULL);
  gate->n_rate       = alpha ? 2 : 1;
  if (steady)
    PetscCall(read_form(model, steady, gate->name, gate, 0, of ? ION_FORM_GATE : ION_FORM_STEADY));
  if (volume) PetscCall(read_form(model, volume, gate->name, gate, 0, ION_FORM_VOLUME));
  if (!alpha) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(read_form(model, alpha, ion_model_format(model, "%s.alpha", gate->name), gate, 0,
                      ION_FORM_RATE));
  PetscCall(read_form(model, beta, ion_model_format(model, "%s.beta", gate->name), gate, 1,
                      ION_FORM_RATE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_gate(ion_model *model, const ion_node *node, size_t r, ion_gate *gate)
{
  static const char *const keys[] = {"power",  "q10",    "alpha", "beta",
                                     "steady", "volume", "of",    "instantaneous"};
  const ion_node *power, *q10;
  int64_t n;

  PetscFunctionBegin;
  PetscCall(ion_node_expect(node, ION_MAPPING, gate->name));
  PetscCall(ion_node_check_keys(node, gate->name, keys, ION_COUNT(keys)));
  PetscCall(ion_node_require(node, gate->name, "power", &power));
  PetscCall(ion_node_get_integer(power, "power", 1, 8, &n));
  gate->power   = (int)n;
  gate->q10_row = gate->of_process = gate->of = -1;
  q10                                         = ion_node_find(node, "q10");
  if (q10) PetscCall(read_gate_q10(model, q10, gate));
  PetscCall(read_gate_way(model, node, r, gate));
  gate->dynamic = gate->is_dynamic ? (int)model->network.n_gate++ : -1;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_model_read_gates(ion_model *model, const ion_node *gates, size_t r)
{
  ion_process *process       = &model->process[r];
  ion_process_detail *detail = &model->process_detail[r];

  PetscFunctionBegin;
  PetscCall(ion_node_expect(gates, ION_MAPPING, "gates"));
  if (!(process->kind->flags & ION_HAS_GATES))
    PetscCall(ion_node_fail(gates, "%s: the kind '%s' takes no gates", process->name,
                            process->kind->name));
  if (ion_node_count(gates) > ION_MAX_GATES)
    PetscCall(ion_node_fail(gates, "%s: more than %d gates", process->name, ION_MAX_GATES));
  process->first_gate = model->network.n_gate;
  for (size_t k = 0; k < ion_node_count(gates); k++) {
    ion_gate *gate = &detail->gate[k];

    gate->name = ion_model_format(model, "%s.%s", process->name, ion_node_key_at(gates, k));
    PetscCall(read_gate(model, ion_node_at(gates, k), r, gate));
    if (gate->is_dynamic) process->n_gate++;
    detail->n_gate++;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
