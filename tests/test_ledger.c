/* Reports of the default model at its resting state, where every number is known. */
#include "ion_test.h"

#include <ion/ledger.h>

/* A model at rest, evaluated, ready to be observed. */
typedef struct {
  ion_units *units;
  ion_spec *spec, *selection;
  ion_model *model;
  ion_outputs *outputs;
  ion_block theta, prepared, x, value;
  ion_work work;
  unsigned char reached[8];
  double eigen_re[8], eigen_im[8];
} fixture;

/* `selection` NULL means everything. */
static PetscErrorCode set_up(fixture *f, const char *model, const char *selection)
{
  char path[1024];
  size_t n, n_theta;

  PetscFunctionBegin;
  memset(f, 0, sizeof *f);
  snprintf(path, sizeof path, "%s/sweeps/models/%s.yaml", ION_SOURCE_DIR, model);
  PetscCall(ion_units_create(&f->units));
  PetscCall(ion_spec_open(path, &f->spec));
  PetscCall(ion_model_create(ion_spec_root(f->spec), f->units, &f->model));
  PetscCall(ion_model_setup(f->model));
  if (selection) PetscCall(ion_spec_parse("test", selection, strlen(selection), &f->selection));
  PetscCall(
      ion_outputs_create(f->model, selection ? ion_spec_root(f->selection) : NULL, &f->outputs));
  ion_model_quantities(f->model, &n, &n_theta);
  PetscCall(ion_block_create(n_theta, 1, &f->theta));
  PetscCall(ion_block_create(ion_model_n_prepared(f->model), 1, &f->prepared));
  PetscCall(ion_block_create(ion_model_n_state(f->model), 1, &f->x));
  PetscCall(ion_block_create(ion_outputs_count(f->outputs), 1, &f->value));
  PetscCall(ion_work_create(f->model, 1, &f->work));
  ion_model_default_theta(f->model, f->theta);
  for (size_t i = 0; i < ion_model_n_state(f->model); i++)
    *ion_row(f->x, i) = ion_model_rest(f->model)[i];
  f->reached[0]  = 1;
  f->eigen_re[0] = -1.0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void observe(fixture *f)
{
  ion_model_prepare(f->model, f->theta, f->prepared);
  ion_model_evaluate(f->model, f->prepared, f->x, 1, ION_RESIDUAL | ION_AFFINITY, &f->work);
  ion_outputs_observe(f->outputs, f->theta, f->prepared, &f->work, 1, f->reached, f->eigen_re,
                      f->eigen_im, f->value);
}

static PetscErrorCode tear_down(fixture *f)
{
  PetscFunctionBegin;
  PetscCall(ion_work_destroy(&f->work));
  PetscCall(ion_block_destroy(&f->value));
  PetscCall(ion_block_destroy(&f->x));
  PetscCall(ion_block_destroy(&f->prepared));
  PetscCall(ion_block_destroy(&f->theta));
  PetscCall(ion_outputs_destroy(&f->outputs));
  PetscCall(ion_model_destroy(&f->model));
  PetscCall(ion_spec_close(&f->selection));
  PetscCall(ion_spec_close(&f->spec));
  PetscCall(ion_units_destroy(&f->units));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Place of an output, or the count when it is absent. */
static size_t place(const fixture *f, const char *name)
{
  size_t i = 0;

  while (i < ion_outputs_count(f->outputs) && strcmp(ion_outputs_at(f->outputs, i)->name, name))
    i++;
  return i;
}

static double value(const fixture *f, const char *name)
{
  const size_t i = place(f, name);

  return i < ion_outputs_count(f->outputs) ? *ion_row(f->value, i) : (double)NAN;
}

/* The table of the default model's resting state; the energy rows are published with it. */
static PetscErrorCode default_model_at_rest(void)
{
  fixture f;

  PetscFunctionBegin;
  PetscCall(set_up(&f, "neuron_glia", NULL));
  observe(&f);
  CHECK_RELATIVE(value(&f, "neuron.V"), -70.0, 1e-12);
  CHECK_RELATIVE(value(&f, "glia.V"), -85.0, 1e-12);
  CHECK_RELATIVE(value(&f, "neuron.K"), 140.0, 1e-12);
  CHECK_RELATIVE(value(&f, "glia.ADP"), 0.04, 1e-9);
  CHECK_RELATIVE(value(&f, "neuron.Pi"), 2.0, 1e-9);
  CHECK_RELATIVE(value(&f, "glia.Cr"), 8.0, 1e-9);
  CHECK_RELATIVE(value(&f, "ecs.volume"), 0.9, 1e-12);
  CHECK_RELATIVE(value(&f, "neuron.A_atp"), 57.189, 1e-5);
  CHECK_RELATIVE(value(&f, "neuron.nka.work"), 45.003, 1e-5);
  CHECK_RELATIVE(value(&f, "neuron.nka.efficiency"), 45.003 / 57.189, 2e-5);
  CHECK_RELATIVE(value(&f, "total.dissipation"), 55.0013, 1e-6);
  CHECK_RELATIVE(value(&f, "total.fuel_power"), 55.0013, 1e-6);
  CHECK_RELATIVE(value(&f, "total.entropy_production"), 55.0013e-12 / 310.15, 1e-6);
  CHECK_NEAR(value(&f, "total.closure"), 0.0, 1e-9 * 55.0);
  CHECK(value(&f, "class") == ION_CLASS_PHYSIOLOGICAL);
  PetscCall(tear_down(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode totals_are_sums_of_processes(void)
{
  fixture f;
  double sum = 0.0, by_kind = 0.0, entropy = 0.0, affinity, flux;
  const ion_network *net;
  char name[128];

  PetscFunctionBegin;
  PetscCall(set_up(&f, "neuron_glia", NULL));
  net = ion_model_network(f.model);
  for (size_t i = 0; i < ion_model_n_state(f.model); i++)
    *ion_row(f.x, i) += 0.01; /* no steady state */
  observe(&f);
  for (size_t r = 0; r < net->n_process; r++) {
    snprintf(name, sizeof name, "%s.dissipation", net->process[r].name);
    sum += value(&f, name);
    snprintf(name, sizeof name, "%s.entropy_production", net->process[r].name);
    entropy += value(&f, name);
  }
  for (size_t i = 0; i < ion_outputs_count(f.outputs); i++)
    if (!strncmp(ion_outputs_at(f.outputs, i)->name, "kind.", 5)) by_kind += *ion_row(f.value, i);
  CHECK_RELATIVE(value(&f, "total.dissipation"), sum, 1e-12);
  CHECK_RELATIVE(by_kind, sum, 1e-12);
  CHECK_RELATIVE(value(&f, "neuron.dissipation") + value(&f, "glia.dissipation") +
                     value(&f, "ecs.dissipation"),
                 sum, 1e-12);
  CHECK_RELATIVE(value(&f, "total.entropy_production"), entropy, 1e-12);
  CHECK_RELATIVE(value(&f, "total.heat_flow"), sum, 1e-12);
  CHECK_RELATIVE(value(&f, "total.closure"), sum - value(&f, "total.fuel_power"), 1e-6);
  CHECK(fabs(value(&f, "total.closure")) > 1e-3); /* away from a steady state the books stay open */
  flux     = value(&f, "neuron.leak_k.flux");     /* fmol/s kJ/mol = pW */
  affinity = value(&f, "neuron.leak_k.affinity");
  CHECK_RELATIVE(value(&f, "neuron.leak_k.dissipation"), flux * affinity, 1e-12);
  PetscCall(tear_down(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Two sources of 70 kJ/mol each. */
static PetscErrorCode fuel_power_is_flux_times_free_energy(void)
{
  fixture f;

  PetscFunctionBegin;
  PetscCall(set_up(&f, "neuron_glia", NULL));
  observe(&f);
  CHECK_RELATIVE(value(&f, "total.fuel_power"),
                 70.0 * (value(&f, "neuron.ox_phos.flux") + value(&f, "glia.ox_phos.flux")), 1e-12);
  PetscCall(tear_down(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Where no fuel is burnt the baths give what is dissipated: sum over ions of RT ln c_out times the net
 * uptake, which for the state after one more ion entered is the free energy of that ion outside. */
static PetscErrorCode clamped_baths_deliver(void)
{
  const double RT = ION_GAS_CONSTANT * 310.1307;
  fixture f;
  double Na, K, Cl;

  PetscFunctionBegin;
  PetscCall(set_up(&f, "dusterwald2018", NULL));
  *ion_row(f.x, 0) += 0.1;
  observe(&f);
  Na = -value(&f, "neuron.leak_na.flux") - 3.0 * value(&f, "neuron.pump.flux");
  K  = -value(&f, "neuron.leak_k.flux") - value(&f, "neuron.kcc2.flux") +
      2.0 * value(&f, "neuron.pump.flux");
  Cl = -value(&f, "neuron.leak_cl.flux") - value(&f, "neuron.kcc2.flux");
  CHECK_RELATIVE(value(&f, "total.fuel_power"),
                 1e-3 * RT * (Na * log(145.0) + K * log(3.5) + Cl * log(119.0)), 1e-9);
  CHECK(place(&f, "bath.K") == ion_outputs_count(f.outputs)); /* given, not found */
  CHECK(place(&f, "neuron.A_atp") == ion_outputs_count(f.outputs));
  PetscCall(tear_down(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode nernst_potentials_by_their_formula(void)
{
  const double RT_F = 1e3 * ION_GAS_CONSTANT * 310.15 / ION_FARADAY; /* mV */
  fixture f;

  PetscFunctionBegin;
  PetscCall(set_up(&f, "neuron_glia", "nernst"));
  observe(&f);
  CHECK_RELATIVE(value(&f, "neuron.E_K"), RT_F * log(3.5 / 140.0), 1e-12);
  CHECK_RELATIVE(value(&f, "neuron.E_Cl"), -RT_F * log(130.0 / 6.0), 1e-12);
  CHECK_RELATIVE(value(&f, "neuron.E_Ca"), 0.5 * RT_F * log(1.5 / 1e-4), 1e-12);
  CHECK_RELATIVE(value(&f, "glia.E_Na"), RT_F * log(144.0 / 15.0), 1e-12);
  CHECK(ion_outputs_count(f.outputs) ==
        7); /* 4 ions in the neuron, 3 in the glia, none in the ecs */
  CHECK(!ion_outputs_need_eigenvalue(f.outputs));
  PetscCall(tear_down(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode class_with(fixture *f, unsigned char reached, double re, double im, double *y)
{
  PetscFunctionBegin;
  f->reached[0]  = reached;
  f->eigen_re[0] = re;
  f->eigen_im[0] = im;
  observe(f);
  *y = value(f, "class");
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode classes_follow_branch_stability_and_bounds(void)
{
  fixture f;
  double y;
  int row;

  PetscFunctionBegin;
  PetscCall(set_up(&f, "neuron_glia", "class"));
  CHECK(ion_outputs_need_eigenvalue(f.outputs));
  PetscCall(class_with(&f, 2, -0.1, 3.0, &y));
  CHECK(y == ION_CLASS_PHYSIOLOGICAL);
  PetscCall(class_with(&f, 2, 0.1, 3.0, &y));
  CHECK(y == ION_CLASS_OSCILLATORY);
  PetscCall(class_with(&f, 2, 0.1, 0.0, &y));
  CHECK(y == ION_CLASS_STRAINED);
  PetscCall(class_with(&f, ION_LEDGER_REACHED_DEPARTED, 0.1, 3.0, &y));
  CHECK(y == ION_CLASS_COLLAPSED);
  PetscCall(class_with(&f, ION_LEDGER_REACHED_NOT, -0.1, 0.0, &y));
  CHECK(y == ION_CLASS_NONE_FOUND);
  row = ion_model_find(f.model, "homeostasis.ecs.K.below");
  CHECK(row >= 0);
  if (row >= 0) *ion_row(f.theta, (size_t)row) = 3.5; /* bounds are strict: 3.5 mM breaks it */
  PetscCall(class_with(&f, 1, -0.1, 0.0, &y));
  CHECK(y == ION_CLASS_STRAINED);
  PetscCall(tear_down(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The books close at rest, and do not where a rate, an affinity or a stoichiometry is falsified. */
static PetscErrorCode false_books_do_not_close(void)
{
  static const char *const tampered[] = {"neuron.leak_na", "glia.nka", "neuron.ox_phos"};
  fixture f;
  const ion_network *net;

  PetscFunctionBegin;
  PetscCall(set_up(&f, "neuron_glia", NULL));
  net = ion_model_network(f.model);
  observe(&f);
  CHECK(fabs(value(&f, "total.closure")) < 1e-9 * value(&f, "total.fuel_power"));
  for (size_t r = 0; r < net->n_process; r++)
    for (size_t k = 0; k < ION_COUNT(tampered); k++)
      for (int what = 0; what < 3; what++) {
        const ion_block rows = what ? f.work.A : f.work.J;

        if (strcmp(net->process[r].name, tampered[k]) != 0) continue;
        observe(&f);
        *ion_row(rows, r) *= what == 2 ? 1.0 : 1.0 + 1e-6;
        if (what == 2) /* 4 Na a turn instead of 3, or one ion too many */
          *ion_row(rows, r) -= *ion_row(f.work.ln_c, (size_t)net->process[r].term[0].pool);
        ion_outputs_observe(f.outputs, f.theta, f.prepared, &f.work, 1, f.reached, f.eigen_re,
                            f.eigen_im, f.value);
        CHECK(fabs(value(&f, "total.closure")) > 1e-9 * value(&f, "total.fuel_power"));
      }
  PetscCall(tear_down(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What is made is used, the shares of the users add up to 1, and the pump takes two thirds. */
static PetscErrorCode atp_is_shared_out(void)
{
  static const char *const users[] = {"nka", "pmca", "atp_use"};
  fixture f;
  double share = 0.0, used = 0.0;
  char name[128];

  PetscFunctionBegin;
  PetscCall(set_up(&f, "neuron_glia", NULL));
  observe(&f);
  for (size_t k = 0; k < ION_COUNT(users); k++) {
    snprintf(name, sizeof name, "neuron.%s.atp_share", users[k]);
    share += value(&f, name);
    snprintf(name, sizeof name, "neuron.%s.atp_use", users[k]);
    used += value(&f, name);
  }
  CHECK_NEAR(share, 1.0, 1e-12);
  CHECK_RELATIVE(used, value(&f, "neuron.atp_used"), 1e-12);
  CHECK_RELATIVE(value(&f, "neuron.atp_made"), used, 1e-9); /* at rest */
  CHECK_NEAR(value(&f, "neuron.nka.atp_share"), 2.0 / 3.0, 1e-3);
  CHECK_RELATIVE(value(&f, "neuron.ox_phos.atp_use"), -used, 1e-9);
  CHECK_RELATIVE(value(&f, "neuron.nka.atp_molecules"),
                 value(&f, "neuron.nka.atp_use") * 1e-15 * 6.02214076e23, 1e-12);
  CHECK_RELATIVE(value(&f, "neuron.ox_phos.source_power") + value(&f, "glia.ox_phos.source_power"),
                 value(&f, "total.fuel_power"), 1e-12);
  PetscCall(tear_down(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* No process of neuron_glia breaks the second law; the published pump of dusterwald2018 does. */
static PetscErrorCode audit_counts_what_runs_uphill(void)
{
  fixture f;

  PetscFunctionBegin;
  PetscCall(set_up(&f, "neuron_glia", NULL));
  observe(&f);
  CHECK(value(&f, "audit.violations") == 0);
  PetscCall(tear_down(&f));
  PetscCall(set_up(&f, "dusterwald2018", NULL));
  observe(&f);
  CHECK(value(&f, "audit.violations") == 1);
  CHECK(value(&f, "neuron.pump.dissipation") < 0);
  PetscCall(tear_down(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode selection_keeps_the_order_asked_for(void)
{
  fixture f;

  PetscFunctionBegin;
  PetscCall(set_up(&f, "neuron_glia", "[class, ecs.K, '*.E_K', ecs.K, ledger.total]"));
  CHECK(ion_outputs_count(f.outputs) == 9);
  CHECK(place(&f, "class") == 0 && place(&f, "ecs.K") == 1 && place(&f, "neuron.E_K") == 2 &&
        place(&f, "glia.E_K") == 3 && place(&f, "total.dissipation") == 4);
  PetscCall(tear_down(&f));
  PetscCall(set_up(&f, "neuron_glia", "ledger")); /* not those of ledger.total */
  CHECK(place(&f, "neuron.nka.flux") < ion_outputs_count(f.outputs));
  CHECK(place(&f, "total.dissipation") == ion_outputs_count(f.outputs));
  PetscCall(tear_down(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode refuse(const fixture *f, const char *text, const char *said)
{
  ion_spec *spec       = NULL;
  ion_outputs *outputs = NULL;

  PetscFunctionBegin;
  PetscCall(ion_spec_parse("test", text, strlen(text), &spec));
  CHECK_RAISES(PETSC_ERR_USER_INPUT, ion_outputs_create(f->model, ion_spec_root(spec), &outputs));
  CHECK_SAID(said);
  PetscCall(ion_outputs_destroy(&outputs));
  PetscCall(ion_spec_close(&spec));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode unknown_outputs_are_refused(void)
{
  fixture f;

  PetscFunctionBegin;
  PetscCall(set_up(&f, "neuron_glia", NULL));
  PetscCall(refuse(&f, "[state, neuron.nka.fluks]", "did you mean 'neuron.nka.flux'?"));
  PetscCall(refuse(&f, "[stat]", "did you mean 'state'?"));
  PetscCall(refuse(&f, "[astrocyte.*]", "no output matches"));
  PetscCall(refuse(&f, "[]", "at least one"));
  PetscCall(tear_down(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const ion_test_case cases[] = {
    {"default_model_at_rest",                      default_model_at_rest                     },
    {"totals_are_sums_of_processes",               totals_are_sums_of_processes              },
    {"fuel_power_is_flux_times_free_energy",       fuel_power_is_flux_times_free_energy      },
    {"clamped_baths_deliver",                      clamped_baths_deliver                     },
    {"nernst_potentials_by_their_formula",         nernst_potentials_by_their_formula        },
    {"classes_follow_branch_stability_and_bounds", classes_follow_branch_stability_and_bounds},
    {"false_books_do_not_close",                   false_books_do_not_close                  },
    {"atp_is_shared_out",                          atp_is_shared_out                         },
    {"audit_counts_what_runs_uphill",              audit_counts_what_runs_uphill             },
    {"selection_keeps_the_order_asked_for",        selection_keeps_the_order_asked_for       },
    {"unknown_outputs_are_refused",                unknown_outputs_are_refused               },
};

int main(int argc, char **argv)
{
  return ion_test_main(argc, argv, cases, ION_COUNT(cases));
}
