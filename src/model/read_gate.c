/* Gates of a process: opening and closing rates, or a steady state given directly. */
#include "model_impl.h"

#include <string.h>

typedef enum { ION_FORM_RATE, ION_FORM_STEADY, ION_FORM_VOLUME } ion_form_use;

/* rate (s^-1; absent where the form is a steady state), midpoint and width (V, or w/w_rest). */
static PetscErrorCode read_form(ion_model *model, const ion_node *node, const char *name,
                                ion_gate *gate, int k, ion_form_use use)
{
  static const char *const rate_keys[] = {"rate", "midpoint", "width"};
  static const char *const units[][3]  = {
       {"1/ms", "mV", "mV"},
       {"1",    "mV", "mV"},
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
    const double low            = i && use != ION_FORM_VOLUME ? -1 : 0;
    const ion_quantity quantity = {.name  = rate_keys[i],
                                   .unit  = units[use][i],
                                   .lower = low,
                                   .upper = !i                       ? 1e9
                                            : use == ION_FORM_VOLUME ? 100
                                                                     : 1};
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

static PetscErrorCode read_gate(ion_model *model, const ion_node *node, const char *name,
                                ion_gate *gate)
{
  static const char *const keys[] = {"power", "q10", "alpha", "beta", "steady", "volume"};
  const ion_node *power, *q10 = ion_node_find(node, "q10"), *steady, *alpha, *beta, *volume;
  int64_t n;

  PetscFunctionBegin;
  PetscCall(ion_node_expect(node, ION_MAPPING, name));
  PetscCall(ion_node_check_keys(node, name, keys, ION_COUNT(keys)));
  PetscCall(ion_node_require(node, name, "power", &power));
  PetscCall(ion_node_get_integer(power, "power", 1, 8, &n));
  gate->power   = (int)n;
  gate->q10_row = -1;
  if (q10) {
    PetscCall(ion_node_expect(q10, ION_SCALAR, "q10"));
    for (int i = 1; i <= model->n_parameter; i++)
      if (!strcmp(model->theta.item[i].name, ion_node_text(q10))) gate->q10_row = i;
    if (gate->q10_row < 0)
      PetscCall(
          ion_node_fail(q10, "%s: '%s' is no parameter of the model", name, ion_node_text(q10)));
  }
  steady = ion_node_find(node, "steady");
  alpha  = ion_node_find(node, "alpha");
  beta   = ion_node_find(node, "beta");
  volume = ion_node_find(node, "volume");
  if (!!steady + !!volume + (alpha && beta) != 1 || !!alpha != !!beta)
    PetscCall(
        ion_node_fail(node, "%s needs either 'alpha' and 'beta' or 'steady' or 'volume'", name));
  gate->is_dynamic   = (PetscBool)(alpha != NULL);
  gate->is_on_volume = (PetscBool)(volume != NULL);
  gate->n_rate       = alpha ? 2 : 1;
  if (steady) PetscCall(read_form(model, steady, name, gate, 0, ION_FORM_STEADY));
  if (volume) PetscCall(read_form(model, volume, name, gate, 0, ION_FORM_VOLUME));
  if (alpha)
    PetscCall(
        read_form(model, alpha, ion_model_format(model, "%s.alpha", name), gate, 0, ION_FORM_RATE));
  if (beta)
    PetscCall(
        read_form(model, beta, ion_model_format(model, "%s.beta", name), gate, 1, ION_FORM_RATE));
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
    PetscCall(read_gate(model, ion_node_at(gates, k), gate->name, gate));
    if (gate->is_dynamic) process->n_gate++;
    detail->n_gate++;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
