/* Layout: which unknown stands for what, which row of F closes it, and where prepared and scratch rows
 * lie. Row i of F is the equation that belongs to unknown i. */
#include "model_impl.h"

#include <math.h>
#include <string.h>

/* A total of two members in one compartment is a share; any other local total leaves a remainder; a
 * total over several compartments is a row of its own. */
static void choose_rules(ion_model *model)
{
  for (size_t p = 0; p < model->network.n_pool; p++)
    model->plan[p] =
        (ion_pool_plan){.rule    = model->pool[p].clamped ? ION_POOL_CLAMPED : ION_POOL_DIRECT,
                        .moiety  = -1,
                        .partner = -1,
                        .row_F   = -1,
                        .amount  = -1};
  for (size_t m = 0; m < model->network.n_moiety; m++) {
    const ion_moiety *moiety = &model->moiety[m];
    const int dependent      = model->moiety_dependent[m];
    PetscBool local          = PETSC_TRUE;

    for (size_t k = 0; k < moiety->n_member; k++)
      if (model->pool[moiety->pool[k]].compartment != model->pool[dependent].compartment)
        local = PETSC_FALSE;
    model->plan[dependent].moiety = (int)m;
    if (!local) continue;
    if (moiety->n_member == 2 && moiety->coefficient[0] == 1 && moiety->coefficient[1] == 1 &&
        model->plan[moiety->pool[1]].rule == ION_POOL_DIRECT) {
      ion_pool_plan *a = &model->plan[moiety->pool[1]], *b = &model->plan[dependent];

      a->rule    = ION_POOL_PAIR;
      b->rule    = ION_POOL_PARTNER;
      a->moiety  = (int)m;
      a->partner = dependent;
      b->partner = moiety->pool[1];
    } else
      model->plan[dependent].rule = ION_POOL_REMAINDER;
  }
}

static int add_unknown(ion_model *model, const char *name)
{
  model->state_name[model->n_state] = name;
  return (int)model->n_state++;
}

static PetscErrorCode number_unknowns(ion_model *model)
{
  const size_t most = model->network.n_pool + 2 * model->network.n_compartment;

  PetscFunctionBegin;
  model->state_name           = ion_model_alloc(model, most * sizeof *model->state_name);
  model->row_kind_equilibrium = ion_model_alloc(model, most * sizeof(int));
  model->row_pool             = ion_model_alloc(model, most * sizeof(int));
  model->row_scale            = ion_model_alloc(model, most * sizeof(double));
  PetscCheck(model->state_name && model->row_kind_equilibrium && model->row_pool &&
                 model->row_scale,
             PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory");
  for (size_t i = 0; i < most; i++) model->row_kind_equilibrium[i] = model->row_pool[i] = -1;
  for (size_t i = 0; i < model->network.n_compartment; i++) {
    ion_compartment *c = &model->compartment[i];

    for (size_t p = 0; p < model->network.n_pool; p++) {
      const ion_pool_rule rule = model->plan[p].rule;

      if (model->pool[p].compartment != (int)i) continue;
      if (rule != ION_POOL_DIRECT && rule != ION_POOL_PAIR) continue;
      model->pool[p].x     = add_unknown(model, ion_model_format(model, "%s %s",
                                                             rule == ION_POOL_PAIR ? "logit" : "ln",
                                                                 model->pool[p].name));
      model->plan[p].row_F = model->pool[p].x;
    }
    if (c->potential == ION_POTENTIAL_FREE)
      c->x_V = add_unknown(model, ion_model_format(model, "%s.V", c->name));
    if (c->volume == ION_VOLUME_FREE)
      c->x_w = add_unknown(model, ion_model_format(model, "ln %s.volume", c->name));
    model->compartment_detail[i].charge_row = c->x_V;
    model->compartment_detail[i].water_row  = c->x_w;
    if (c->x_w >= 0 && model->compartment_detail[i].water_process < 0)
      PetscCall(ion_node_fail(model->compartment_detail[i].where,
                              "'%s' has a free volume but no process moves water", c->name));
    if (c->x_w >= 0)
      model->row_kind_equilibrium[c->x_w] = model->compartment_detail[i].water_process;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A pool that one process alone changes is at a steady state where that process is at equilibrium:
 * its row is the affinity, which keeps its scale whatever the rate constant is. */
static void find_equilibria(ion_model *model)
{
  for (size_t p = 0; p < model->network.n_pool; p++) {
    int only = -1, count = 0;

    if (model->plan[p].row_F < 0 ||
        (model->plan[p].rule == ION_POOL_DIRECT && model->plan[p].moiety >= 0))
      continue;
    model->row_pool[model->plan[p].row_F] = (int)p;
    for (size_t r = 0; r < model->network.n_process; r++)
      for (size_t t = 0; t < model->process[r].n_pool; t++)
        if (model->process[r].term[t].pool == (int)p) {
          only = (int)r;
          count++;
        }
    if (count == 1 && !(model->process[only].kind->flags & ION_NOT_THERMODYNAMIC) &&
        !model->process[only].source_nu)
      model->row_kind_equilibrium[model->plan[p].row_F] = only;
  }
  for (size_t i = 0; i < model->n_state; i++)
    if (model->row_kind_equilibrium[i] >= 0)
      model->process_detail[model->row_kind_equilibrium[i]].at_equilibrium = PETSC_TRUE;
}

/* Whether a parameter of the model is the Q10 of a process or gate. */
static PetscBool is_q10(const ion_model *model, int parameter)
{
  for (size_t r = 0; r < model->network.n_process; r++) {
    const ion_process_detail *d = &model->process_detail[r];

    if (d->q10_row == parameter) return PETSC_TRUE;
    for (int g = 0; g < d->n_gate; g++)
      if (d->gate[g].q10_row == parameter) return PETSC_TRUE;
  }
  return PETSC_FALSE;
}

static PetscBool has_area(const ion_model *model, size_t i)
{
  const ion_compartment_detail *d = &model->compartment_detail[i];

  return (PetscBool)(d->length_row >= 0 || d->area_row >= 0);
}

static void number_prepared(ion_model *model)
{
  int n = 0;

  model->prep_T          = n++;
  model->prep_RT_F       = n++;
  model->prep_tau        = n++;
  model->prep_inverse_RT = n++;
  model->prep_dG0        = n++;
  model->prep_zero       = n++;
  model->prep_one        = n++;
  model->prep_W          = n++;
  for (int k = 1; k <= model->n_parameter; k++) model->prep_q10[k] = is_q10(model, k) ? n++ : -1;
  for (size_t i = 0; i < model->network.n_compartment; i++) {
    model->prep_capacitance[i] = n++;
    model->prep_nX[i]          = n++;
    model->prep_QX[i]          = n++;
    model->prep_cX[i]          = n++;
    model->prep_w[i]           = n++;
    model->prep_area[i]        = has_area(model, i) ? n++ : -1;
  }
  for (size_t m = 0; m < model->network.n_moiety; m++) {
    model->prep_total[m]    = n++;
    model->prep_ln_total[m] = n++;
  }
  for (size_t p = 0; p < model->network.n_pool; p++) {
    model->prep_c[p]    = model->pool[p].clamped ? n++ : -1;
    model->prep_ln_c[p] = model->pool[p].clamped ? n++ : -1;
  }
  for (size_t r = 0; r < model->network.n_process; r++) {
    ion_process_detail *d = &model->process_detail[r];

    d->prep_prefactor = n++;
    d->prep_A0        = model->process[r].n_atp || model->process[r].source_nu || d->K_eq_row >= 0
                            ? n++
                            : model->prep_zero;
    d->prep_source    = model->process[r].source_nu ? n++ : -1;
    for (int k = 0; k < d->n_param; k++) d->prep_param[k] = n++;
    for (int g = 0; g < d->n_gate; g++) {
      ion_gate *gate = &d->gate[g];

      gate->q_prep = gate->q10_row < 0 ? model->prep_one : model->prep_q10[gate->q10_row];
      for (int k = 0; k < gate->n_rate; k++)
        for (int i = 0; i < 3; i++)
          gate->prep[k][i] = gate->theta[k][i] < 0 ? model->prep_one : n++;
    }
  }
  model->n_prepared = (size_t)n;
}

static int find_field(ion_model *model, const ion_process_detail *d, int z)
{
  for (int f = 0; f < model->n_field; f++)
    if (model->field[f].inner == d->inner && model->field[f].outer == d->outer &&
        model->field[f].z == z)
      return f;
  if (model->n_field == ION_MAX_FIELDS) return -1;
  model->field[model->n_field] = (ion_field_rows){.inner = d->inner, .outer = d->outer, .z = z};
  return model->n_field++;
}

static int take(ion_model *model, size_t n)
{
  const int row = (int)model->n_scratch;

  model->n_scratch += n;
  return row;
}

/* Rows of one process: rate law's derivatives, gates, and the rate before gates. */
static PetscErrorCode number_process_rows(ion_model *model, size_t r)
{
  ion_process_detail *d        = &model->process_detail[r];
  const ion_process_kind *kind = model->process[r].kind;

  PetscFunctionBegin;
  d->field = -1;
  if (kind->flags & ION_BY_FIELD) {
    d->field = find_field(model, d, d->z[0]);
    PetscCheck(d->field >= 0, PETSC_COMM_SELF, PETSC_ERR_SUP, "more than %d membranes and valences",
               ION_MAX_FIELDS);
  }
  d->row_dA = kind->flags & ION_BY_AFFINITY ? take(model, 1) : -1;
  d->row_dv = kind->flags & ION_BY_VOLTAGE || d->n_gate ||
                      (kind->flags & ION_BY_AFFINITY && model->process[r].charge != 0)
                  ? take(model, 1)
                  : -1;
  for (size_t t = 0; t < model->process[r].n_pool; t++)
    d->row_dlnc[t] = kind->flags & ION_BY_CONCENTRATION ? take(model, 1) : -1;
  for (int g = 0; g < d->n_gate; g++)
    d->row_gate[g] =
        d->gate[g].is_dynamic ? model->row_gate + 3 * d->gate[g].dynamic : take(model, 3);
  d->row_bare = d->n_gate ? take(model, 2) : -1;
  d->row_dlnw = -1;
  for (int g = 0; g < d->n_gate; g++)
    if (d->gate[g].is_on_volume && d->row_dlnw < 0) d->row_dlnw = take(model, 1);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode number_scratch(ion_model *model)
{
  const ion_network *n = &model->network;

  PetscFunctionBegin;
  model->row_c    = take(model, n->n_pool);
  model->row_ln_c = take(model, n->n_pool);
  model->row_V    = take(model, n->n_compartment);
  model->row_v    = take(model, n->n_compartment);
  model->row_w    = take(model, n->n_compartment);
  model->row_Pi   = take(model, n->n_compartment);
  model->row_J    = take(model, n->n_process);
  model->row_A    = take(model, n->n_process);
  model->row_F    = take(model, model->n_state);
  model->row_gate = take(model, 3 * n->n_gate);
  for (size_t i = 0; i < n->n_compartment; i++) {
    model->row_inv_w[i] = take(model, 1);
    model->row_area[i]  = has_area(model, i) ? take(model, 1) : -1;
    model->row_dw[i] =
        model->compartment[i].volume == ION_VOLUME_REMAINDER ? take(model, n->n_compartment) : -1;
  }
  for (size_t p = 0; p < n->n_pool; p++) {
    ion_pool_plan *plan = &model->plan[p];

    plan->amount = plan->rule == ION_POOL_CLAMPED ? -1 : take(model, 1);
    if (plan->rule == ION_POOL_PAIR) plan->share = take(model, 2);
    if (plan->rule == ION_POOL_REMAINDER) plan->inverse = take(model, 1);
  }
  for (size_t r = 0; r < n->n_process; r++) PetscCall(number_process_rows(model, r));
  for (int f = 0; f < model->n_field; f++) {
    const int row = take(model, 4);

    model->field[f].row_u  = row;
    model->field[f].row_e  = row + 1;
    model->field[f].row_B  = row + 2;
    model->field[f].row_dB = row + 3;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The resting state in the unknowns. */
static void fill_rest(ion_model *model)
{
  const double RT_F = ion_thermal_voltage(model->T_ref);

  for (size_t p = 0; p < model->network.n_pool; p++) {
    const ion_pool_plan *plan = &model->plan[p];
    const double c            = ion_model_rest_value(model, model->pool_detail[p].rest_c);

    if (plan->rule == ION_POOL_DIRECT) model->x_rest[model->pool[p].x] = log(c);
    if (plan->rule == ION_POOL_PAIR)
      model->x_rest[model->pool[p].x] =
          log(c / ion_model_rest_value(model, model->pool_detail[plan->partner].rest_c));
  }
  for (size_t i = 0; i < model->network.n_compartment; i++) {
    const ion_compartment *c        = &model->compartment[i];
    const ion_compartment_detail *d = &model->compartment_detail[i];

    if (c->x_V >= 0) model->x_rest[c->x_V] = ion_model_rest_value(model, d->rest_V) / RT_F;
    if (c->x_w >= 0) model->x_rest[c->x_w] = log(ion_model_rest_value(model, d->rest_w));
  }
}

static PetscErrorCode allocate(ion_model *model)
{
  const size_t n_c = model->network.n_compartment, n_p = model->network.n_pool,
               n_m       = model->network.n_moiety;
  int **lists[]          = {&model->prep_capacitance, &model->prep_nX,       &model->prep_QX,
                            &model->prep_cX,          &model->prep_w,        &model->prep_area,
                            &model->row_inv_w,        &model->row_area,      &model->row_dw,
                            &model->prep_total,       &model->prep_ln_total, &model->prep_c,
                            &model->prep_ln_c,        &model->prep_q10};
  const size_t lengths[] = {n_c, n_c, n_c, n_c, n_c, n_c, n_c,
                            n_c, n_c, n_m, n_m, n_p, n_p, (size_t)model->n_parameter + 1};

  PetscFunctionBegin;
  for (size_t k = 0; k < ION_COUNT(lists); k++) {
    *lists[k] = ion_model_alloc(model, lengths[k] * sizeof(int));
    PetscCheck(*lists[k], PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory");
  }
  model->plan = ion_model_alloc(model, n_p * sizeof *model->plan);
  PetscCheck(model->plan, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* In time the balance of the ion that closes an electroneutral composition gives way to the charge row, so
 * there must be one. */
static PetscErrorCode check_neutrality(const ion_model *model)
{
  PetscFunctionBegin;
  for (size_t i = 0; i < model->network.n_compartment; i++) {
    const int p = model->compartment_detail[i].neutral_pool;

    if (p >= 0 && (model->plan[p].row_F < 0 || model->row_pool[model->plan[p].row_F] != p))
      PetscCall(ion_node_fail(model->compartment_detail[i].where,
                              "electroneutral_by: the balance of %s already follows from a "
                              "conserved total; list '%s' before what is outside it",
                              model->pool[p].name, model->compartment[i].name));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_model_layout(ion_model *model)
{
  PetscFunctionBegin;
  PetscCall(allocate(model));
  choose_rules(model);
  PetscCall(number_unknowns(model));
  find_equilibria(model);
  PetscCall(check_neutrality(model));
  number_prepared(model);
  PetscCall(number_scratch(model));
  model->x_rest = ion_model_alloc(model, model->n_state * sizeof *model->x_rest);
  PetscCheck(model->x_rest, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory");
  fill_rest(model);
  PetscFunctionReturn(PETSC_SUCCESS);
}
