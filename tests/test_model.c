/* From a model file to a network: conserved totals, what is put in at the start, calibration. */
#include "model_fixture.h"

/* A cell of fixed volume in a bath, whose two potassium channels are given by the test. */
static const char two_channels[] =
    "name: two_channels\n"
    "reference_temperature: 310.15 K\n"
    "species: {K: {valence: 1}, Cl: {valence: -1}}\n"
    "compartments:\n"
    "  cell: {outside: bath, potential: free, capacitance: 10 pF, volume: fixed,\n"
    "         impermeant: {amount: isosmolar, charge: closing},\n"
    "         rest: {V: -60 mV, volume: 1 pL, K: 100 mM, Cl: 10 mM}}\n"
    "  bath: {potential: ground, volume: infinite, impermeant: {amount: neutral, valence: 1},\n"
    "         rest: {K: 5 mM, Cl: 150 mM}}\n"
    "processes:\n"
    "  cell:\n"
    "    one: {kind: ghk, equation: K_in -> K_out, permeability: %s}\n"
    "    two: {kind: ghk, equation: K_in -> K_out, permeability: %s}\n";

/* ---- the network ---- */

static PetscErrorCode resting_state_is_balanced(void)
{
  fixture f;
  double imbalance;

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, 1));
  fixture_evaluate(&f, ION_RESIDUAL | ION_AFFINITY);
  ion_model_imbalance(f.model, &f.work, 1, &imbalance);
  CHECK(imbalance < 1e-12);
  for (size_t i = 0; i < f.n_state; i++) CHECK_NEAR(ion_row(f.work.F, i)[0], 0, 1e-11);
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* sum_i a_i S_ir = 0 for every process. */
static PetscBool is_conserved(const fixture *f, const int *a)
{
  for (size_t r = 0; r < f->net->n_process; r++) {
    int sum = 0;

    for (size_t t = 0; t < f->net->process[r].n_pool; t++)
      sum += a[f->net->process[r].term[t].pool] * f->net->process[r].term[t].nu;
    if (sum) return PETSC_FALSE;
  }
  return PETSC_TRUE;
}

static const char dimer[] =
    "name: dimer\n"
    "reference_temperature: 310 K\n"
    "species: {A: {osmotic: false, made_of: [half]}, B: {osmotic: false, made_of: [half, half]}}\n"
    "compartments:\n"
    "  cell:\n"
    "    volume: fixed\n"
    "    impermeant: {amount: neutral, valence: -1}\n"
    "    rest: {volume: 2 pL, A: 1 mM, B: 1 mM}\n"
    "processes:\n"
    "  cell:\n"
    "    dimerise: {kind: linear, equation: 2 A -> B, rate: 1 fmol/s}\n";

/* A + 2 B is conserved and B = A^2 at equilibrium: 6 mM in all give A = 1.5, B = 2.25 mM. */
static PetscErrorCode total_of_a_dimer_counts_it_twice(void)
{
  static const char *const vary[] = {"cell.composition.A", NULL};
  fixture f;

  PetscFunctionBegin;
  PetscCall(fixture_parse(&f, dimer));
  PetscCall(fixture_setup(&f, 1));
  CHECK(f.net->n_moiety == 1 && f.net->moiety[0].n_member == 2);
  CHECK(f.net->moiety[0].coefficient[0] == 2 && f.net->moiety[0].coefficient[1] == 1);
  fixture_theta(&f, vary[0])[0] = 4;
  PetscCall(fixture_solve(&f, vary, PETSC_FALSE));
  CHECK(f.verdict.status[0] == ION_OK);
  CHECK_RELATIVE(fixture_c(&f, "cell.A", 0), 1.5, 1e-12);
  CHECK_RELATIVE(fixture_c(&f, "cell.B", 0), 2.25, 1e-12);
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Chloride put in is balanced by sodium: as many moles of each, and no charge. */
static PetscErrorCode chloride_is_balanced_by_sodium(void)
{
  static const char *const vary[] = {"ecs.composition.Cl", NULL};
  fixture f, rest;
  const char *ion[] = {"Na", "Cl"};
  double added[2];

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, 1));
  PetscCall(fixture_neuron_glia(&rest, 1));
  fixture_theta(&f, vary[0])[0] += 2;
  PetscCall(fixture_solve(&f, vary, PETSC_FALSE));
  PetscCall(fixture_solve(&rest, vary, PETSC_FALSE));
  for (int i = 0; i < 2; i++) {
    static const char *const cell[] = {"neuron", "glia", "ecs"};

    added[i] = 0;
    for (int c = 0; c < 3; c++) {
      char name[32];

      snprintf(name, sizeof name, "%s.%s", cell[c], ion[i]);
      added[i] += fixture_c(&f, name, 0) * fixture_w(&f, cell[c], 0) -
                  fixture_c(&rest, name, 0) * fixture_w(&rest, cell[c], 0);
    }
  }
  CHECK_RELATIVE(added[0], 2 * 0.9e-15, 1e-9); /* 2 mM of the 0.9 pL put in */
  CHECK_RELATIVE(added[1], 2 * 0.9e-15, 1e-9);
  PetscCall(fixture_destroy(&f));
  PetscCall(fixture_destroy(&rest));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode moieties_are_those_of_algebra(void)
{
  static const char *const expected[][4] = {
      {"neuron.Na",  "glia.Na",    "ecs.Na",    NULL},
      {"neuron.K",   "glia.K",     "ecs.K",     NULL},
      {"neuron.Cl",  "glia.Cl",    "ecs.Cl",    NULL},
      {"neuron.Ca",  "ecs.Ca",     NULL,        NULL},
      {"neuron.ATP", "neuron.ADP", NULL,        NULL},
      {"neuron.PCr", "neuron.Cr",  NULL,        NULL},
      {"neuron.ATP", "neuron.PCr", "neuron.Pi", NULL},
      {"glia.ATP",   "glia.ADP",   NULL,        NULL},
      {"glia.PCr",   "glia.Cr",    NULL,        NULL},
      {"glia.ATP",   "glia.PCr",   "glia.Pi",   NULL},
  };
  fixture f;

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, 1));
  CHECK(f.net->n_moiety == ION_COUNT(expected));
  for (size_t e = 0; e < ION_COUNT(expected); e++) {
    int a[64] = {0}, found = 0;

    for (int k = 0; k < 4 && expected[e][k]; k++) a[fixture_pool(&f, expected[e][k])] = 1;
    CHECK(is_conserved(&f, a));
    for (size_t m = 0; m < f.net->n_moiety; m++) {
      int b[64] = {0};

      for (size_t k = 0; k < f.net->moiety[m].n_member; k++)
        b[f.net->moiety[m].pool[k]] += f.net->moiety[m].coefficient[k];
      found += !memcmp(a, b, sizeof a);
    }
    CHECK(found == 1);
  }
  PetscCall(fixture_destroy(&f));
  PetscCall(fixture_open(&f, "dusterwald2018")); /* a bath conserves nothing */
  PetscCall(fixture_setup(&f, 1));
  CHECK(f.net->n_moiety == 0);
  CHECK(f.n_state == 5);
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode processes_report_what_they_carry(void)
{
  fixture f;

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, 1));
  CHECK(f.net->process[fixture_process(&f, "neuron.nka")].n_atp == 1);
  CHECK(f.net->process[fixture_process(&f, "glia.ox_phos")].n_atp == -1);
  CHECK(f.net->process[fixture_process(&f, "neuron.ncx")].n_atp == 0);
  CHECK(f.net->process[fixture_process(&f, "neuron.creatine_kinase")].n_atp == 0);
  CHECK(f.net->process[fixture_process(&f, "neuron.nka")].charge == 1);
  CHECK(f.net->process[fixture_process(&f, "neuron.ncx")].charge == -1);
  CHECK(f.net->process[fixture_process(&f, "neuron.pmca")].charge == 2);
  CHECK(f.net->process[fixture_process(&f, "neuron.leak_cl")].charge == -1);
  CHECK(f.net->process[fixture_process(&f, "neuron.kcc2")].charge == 0);
  CHECK(f.net->process[fixture_process(&f, "neuron.ox_phos")].source_nu == 1);
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- compositions ---- */

/* Amount of a species over the tissue, fmol. */
static double amount(const fixture *f, const char *species)
{
  double sum = 0;

  for (size_t q = 0; q < f->net->n_pool; q++)
    if (!strcmp(f->net->species[f->net->pool[q].species].name, species))
      sum += 1e15 * ion_row(f->work.c, q)[0] *
             ion_row(f->work.w, (size_t)f->net->pool[q].compartment)[0];
  return sum;
}

/* A change of one composition and what it adds to the tissue, fmol; dc = value less rest, w at rest. */
typedef struct {
  const char *quantity, *balance;
  double value, Na, K, Cl, Ca;
} composition;

static PetscErrorCode compositions_add_amounts(void)
{
  static const composition table[] = {
      {"ecs.composition.K",     NULL, 5.5, 0,            2 * 0.9,  2 * 0.9,      0        },
      {"ecs.composition.K",     "Na", 5.5, -2 * 0.9,     2 * 0.9,  0,            0        },
      {"ecs.composition.Ca",    NULL, 2.0, 0,            0,        2 * 0.5 * .9, 0.5 * 0.9},
      {"ecs.composition.Ca",    "Na", 2.0, -2 * .5 * .9, 0,        0,            0.5 * 0.9},
      {"neuron.composition.Na", "K",  15,  3 * 2.0,      -3 * 2.0, 0,            0        },
      {"glia.composition.K",    NULL, 110, 0,            -5 * 1.6, -5 * 1.6,     0        },
      {"ecs.composition.Cl",    "Na", 120, -10 * 0.9,    0,        -10 * 0.9,    0        },
  };

  PetscFunctionBegin;
  for (size_t i = 0; i < ION_COUNT(table); i++) {
    const composition *e     = &table[i];
    const char *const vary[] = {e->quantity, NULL};
    fixture f;
    size_t row = 0;

    PetscCall(fixture_open(&f, "neuron_glia"));
    PetscCall(fixture_row(&f, e->quantity, &row));
    if (e->balance)
      PetscCall(ion_model_set_balance(f.model, ion_spec_root(f.spec), row, e->balance));
    PetscCall(fixture_setup(&f, 1));
    fixture_theta(&f, e->quantity)[0] = e->value;
    PetscCall(fixture_solve(&f, vary, PETSC_FALSE));
    CHECK(f.verdict.status[0] == ION_OK);
    CHECK_RELATIVE(amount(&f, "Na"), 177.6 + e->Na, 1e-9);
    CHECK_RELATIVE(amount(&f, "K"), 467.15 + e->K, 1e-9);
    CHECK_RELATIVE(amount(&f, "Cl"), 185 + e->Cl, 1e-9);
    CHECK_RELATIVE(amount(&f, "Ca"), 1.3502 + e->Ca, 1e-9);
    CHECK_NEAR(e->Na + e->K - e->Cl + 2 * e->Ca, 0, 1e-12); /* the table itself is neutral */
    PetscCall(fixture_destroy(&f));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* An ecs of twice the size, of the same composition: its ions, its water and its impermeant solute. */
static PetscErrorCode volume_scales_its_compartment(void)
{
  static const char *const vary[] = {"ecs.composition.volume", NULL};
  fixture f;
  double inside, outside;

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, 1));
  fixture_theta(&f, "ecs.composition.volume")[0] = 1.8e-15;
  PetscCall(fixture_solve(&f, vary, PETSC_FALSE));
  CHECK(f.verdict.status[0] == ION_OK);
  CHECK_RELATIVE(amount(&f, "K"), 467.15 + 3.5 * 0.9, 1e-9);
  CHECK_RELATIVE(amount(&f, "Cl"), 185 + 130 * 0.9, 1e-9);
  CHECK_RELATIVE(fixture_w(&f, "neuron", 0) + fixture_w(&f, "glia", 0) + fixture_w(&f, "ecs", 0),
                 5.4e-15, 1e-12);
  outside = fixture_c(&f, "ecs.Na", 0) + fixture_c(&f, "ecs.K", 0) + fixture_c(&f, "ecs.Cl", 0) +
            fixture_c(&f, "ecs.Ca", 0) + 20.5 * 1.8e-15 / fixture_w(&f, "ecs", 0);
  inside = fixture_c(&f, "neuron.Na", 0) + fixture_c(&f, "neuron.K", 0) +
           fixture_c(&f, "neuron.Cl", 0) + fixture_c(&f, "neuron.Ca", 0) +
           (299.5 - 158.0001) * 2e-15 / fixture_w(&f, "neuron", 0);
  CHECK_RELATIVE(inside, outside, 1e-9);
  /* the same concentrations everywhere are the same steady state */
  CHECK_RELATIVE(fixture_V(&f, "neuron", 0), -70e-3, 1e-9);
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode metabolites_set_their_totals(void)
{
  static const char *const vary[] = {"neuron.composition.ATP", "neuron.composition.Cr", NULL};
  fixture f;

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, 1));
  fixture_theta(&f, vary[0])[0] = 3;
  fixture_theta(&f, vary[1])[0] = 7;
  PetscCall(fixture_solve(&f, vary, PETSC_FALSE));
  CHECK(f.verdict.status[0] == ION_OK);
  CHECK_RELATIVE(amount(&f, "ATP") + amount(&f, "ADP"), 2 * 3.04 + 1.6 * 2.54, 1e-9);
  CHECK_RELATIVE(amount(&f, "PCr") + amount(&f, "Cr"), 2 * 12 + 1.6 * 13, 1e-9);
  CHECK_RELATIVE(amount(&f, "ATP") + amount(&f, "PCr") + amount(&f, "Pi"), 2 * 10 + 1.6 * 9.5,
                 1e-9);
  CHECK_RELATIVE(amount(&f, "K"), 467.15, 1e-9);
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Cells larger than the tissue, or more ATP than its total: no rate is defined there, and none is given. */
static PetscErrorCode states_out_of_the_domain_give_nan(void)
{
  fixture f;
  size_t n_nan[3] = {0, 0, 0}, neuron;

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, 3));
  neuron                                                  = fixture_compartment(&f, "neuron");
  ion_row(f.x, (size_t)f.net->compartment[neuron].x_w)[1] = log(5e-15);
  ion_row(f.x, (size_t)f.net->pool[fixture_pool(&f, "neuron.PCr")].x)[2] = 30;
  fixture_theta(&f, "neuron.composition.Pi")[2]                          = 1e-3;
  fixture_evaluate(&f, ION_RESIDUAL);
  for (size_t p = 0; p < 3; p++)
    for (size_t i = 0; i < f.n_state; i++) n_nan[p] += (size_t)isnan(ion_row(f.work.F, i)[p]);
  CHECK(n_nan[0] == 0);
  CHECK(n_nan[1] > 0);
  CHECK(n_nan[2] > 0);
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Time courses start from what is put in, at the resting potentials. */
static PetscErrorCode start_is_what_is_put_in(void)
{
  fixture f;
  double x[32];

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, 1));
  fixture_theta(&f, "ecs.composition.K")[0]         = 5.5;
  fixture_theta(&f, "neuron.composition.volume")[0] = 2.2e-15;
  ion_model_start(f.model, f.theta, 0, x);
  for (size_t i = 0; i < f.n_state; i++) ion_row(f.x, i)[0] = x[i];
  fixture_evaluate(&f, ION_RESIDUAL);
  CHECK_RELATIVE(fixture_c(&f, "ecs.K", 0), 5.5, 1e-12);
  CHECK_RELATIVE(fixture_c(&f, "ecs.Cl", 0), 132.0, 1e-12);
  CHECK_RELATIVE(fixture_c(&f, "ecs.Na", 0), 144.0, 1e-12);
  CHECK_RELATIVE(fixture_c(&f, "neuron.K", 0), 140.0, 1e-12);
  CHECK_RELATIVE(fixture_c(&f, "neuron.ADP", 0), 0.04, 1e-12);
  CHECK_RELATIVE(fixture_w(&f, "neuron", 0), 2.2e-15, 1e-12);
  CHECK_RELATIVE(fixture_V(&f, "glia", 0), -85e-3, 1e-12);
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode balance_is_another_ion_of_the_compartment(void)
{
  static const char *const wrong[] = {"K", "ATP", "Mg", "bicarbonate"};
  fixture f;
  size_t row = 0;

  PetscFunctionBegin;
  PetscCall(fixture_open(&f, "neuron_glia"));
  PetscCall(fixture_row(&f, "neuron.composition.K", &row));
  for (size_t i = 0; i < ION_COUNT(wrong); i++) {
    CHECK_RAISES(PETSC_ERR_USER_INPUT,
                 ion_model_set_balance(f.model, ion_spec_root(f.spec), row, wrong[i]));
    CHECK_SAID(wrong[i]);
    CHECK_SAID("neuron.composition.K");
  }
  PetscCall(fixture_row(&f, "neuron.composition.volume", &row));
  CHECK_RAISES(PETSC_ERR_USER_INPUT,
               ion_model_set_balance(f.model, ion_spec_root(f.spec), row, "Cl"));
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- calibration ---- */

static PetscErrorCode rest_recalibrates(void)
{
  fixture f;
  double imbalance;

  PetscFunctionBegin;
  PetscCall(fixture_open(&f, "neuron_glia"));
  PetscCall(fixture_set(&f, "neuron.rest.V", -72e-3));
  PetscCall(fixture_set(&f, "ecs.rest.K", 4));
  PetscCall(fixture_set(&f, "glia.rest.volume", 1.7e-15));
  PetscCall(fixture_setup(&f, 1));
  fixture_evaluate(&f, ION_RESIDUAL);
  CHECK_RELATIVE(fixture_V(&f, "neuron", 0), -72e-3, 1e-12);
  CHECK_RELATIVE(fixture_c(&f, "ecs.K", 0), 4.0, 1e-12);
  CHECK_RELATIVE(fixture_w(&f, "glia", 0), 1.7e-15, 1e-12);
  ion_model_imbalance(f.model, &f.work, 1, &imbalance);
  CHECK(imbalance < 1e-12);
  CHECK(fabs(fixture_theta(&f, "neuron.leak_k.permeability")[0] / 0.0271569e-15 - 1) > 1e-3);
  CHECK_RELATIVE(fixture_J(&f, "neuron.pmca", 0), -0.8 * fixture_J(&f, "neuron.leak_ca", 0), 1e-10);
  CHECK_RELATIVE(fixture_theta(&f, "ecs.composition.K")[0], 4.0, 1e-15);
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Prefactors belong to T_ref, full supply and the parameters of the file. */
static PetscErrorCode parameters_do_not_recalibrate(void)
{
  static const char *const set[]  = {"neuron.leak_na.permeability", "temperature", "energy_supply",
                                     "neuron.spike_load.firing_rate", "ecs.composition.K"};
  static const double value[]     = {3e-18, 303.15, 0.5, 5, 6};
  static const char *const kept[] = {"neuron.leak_k.permeability", "neuron.nka.rate",
                                     "neuron.pmca.rate", "glia.kir.conductance",
                                     "glia.ox_phos.rate"};
  double expected[ION_COUNT(kept)], imbalance;
  fixture f;

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, 1));
  for (size_t k = 0; k < ION_COUNT(kept); k++) expected[k] = fixture_theta(&f, kept[k])[0];
  PetscCall(fixture_destroy(&f));
  for (size_t i = 0; i < ION_COUNT(set); i++) {
    PetscCall(fixture_open(&f, "neuron_glia"));
    PetscCall(fixture_set(&f, set[i], value[i]));
    PetscCall(fixture_setup(&f, 1));
    CHECK(fixture_theta(&f, set[i])[0] == value[i]);
    for (size_t k = 0; k < ION_COUNT(kept); k++)
      CHECK(fixture_theta(&f, kept[k])[0] == expected[k]);
    fixture_evaluate(&f, ION_RESIDUAL);
    ion_model_imbalance(f.model, &f.work, 1, &imbalance);
    if (i < 4) CHECK(imbalance > 1e-3); /* the resting state is no longer a steady one */
    PetscCall(fixture_destroy(&f));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A calibrated prefactor is an ordinary parameter once it is set. */
static PetscErrorCode calibrated_prefactor_may_be_set(void)
{
  fixture f;

  PetscFunctionBegin;
  PetscCall(fixture_open(&f, "neuron_glia"));
  PetscCall(fixture_set(&f, "neuron.nka.rate", 5e-15));
  PetscCall(fixture_setup(&f, 1));
  CHECK(fixture_theta(&f, "neuron.nka.rate")[0] == 5e-15);
  CHECK_NEAR(fixture_theta(&f, "neuron.leak_k.permeability")[0], 0.0271569e-15, 0.51e-22);
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode refuse_channels(const char *one, const char *two, const char *said)
{
  char text[2048];
  fixture f;

  PetscFunctionBegin;
  snprintf(text, sizeof text, two_channels, one, two);
  PetscCall(fixture_parse(&f, text));
  CHECK_RAISES(PETSC_ERR_USER_INPUT, ion_model_setup(f.model));
  CHECK_SAID(said);
  CHECK_SAID("cell.");
  CHECK_SAID("small.yaml:1");
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode singular_and_negative_calibrations_are_refused(void)
{
  fixture f;

  PetscFunctionBegin;
  PetscCall(refuse_channels("calibrate", "calibrate", "calibration is singular"));
  PetscCall(refuse_channels("1e-2 pL/s", "calibrate", "cell.two: calibration gives a negative"));
  PetscCall(refuse_channels("calibrate", "1e-2 pL/s", "cell.one: calibration gives a negative"));
  /* below the reversal potential of K+ the leak would have to run uphill */
  PetscCall(fixture_open(&f, "neuron_glia"));
  PetscCall(fixture_set(&f, "neuron.rest.V", -120e-3));
  CHECK_RAISES(PETSC_ERR_USER_INPUT, ion_model_setup(f.model));
  CHECK_SAID("neuron_glia.yaml:");
  CHECK_SAID("neuron.leak_k: calibration gives a negative prefactor");
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A channel at its reversal potential has no rate that could fix its prefactor. */
static PetscErrorCode calibration_at_equilibrium_is_refused(void)
{
  char text[2048];
  fixture f;

  PetscFunctionBegin;
  snprintf(text, sizeof text, two_channels, "0 pL/s", "calibrate");
  PetscCall(fixture_parse(&f, text));
  PetscCall(fixture_set(&f, "cell.rest.V", ion_nernst_potential(310.15, 1, 100, 5)));
  CHECK_RAISES(PETSC_ERR_USER_INPUT, ion_model_setup(f.model));
  CHECK_SAID("cell.two: calibration is singular");
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Sodium as high inside as outside and potassium as low: spikes would run against their affinity. */
static PetscErrorCode load_against_its_affinity_is_refused(void)
{
  fixture f;

  PetscFunctionBegin;
  PetscCall(fixture_open(&f, "neuron_glia"));
  PetscCall(fixture_set(&f, "neuron.rest.Na", 148.6));
  PetscCall(fixture_set(&f, "neuron.rest.K", 3.4));
  CHECK_RAISES(PETSC_ERR_USER_INPUT, ion_model_setup(f.model));
  CHECK_SAID("neuron.spike_load");
  CHECK_SAID("affinity at rest");
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode canonical_text_follows_what_is_set(void)
{
  fixture f;
  char *text[4];

  PetscFunctionBegin;
  for (int k = 0; k < 4; k++) {
    PetscCall(fixture_open(&f, "neuron_glia"));
    if (k == 2) PetscCall(fixture_set(&f, "neuron.nka.K_ATP", 0.31));
    if (k == 3) PetscCall(fixture_set(&f, "neuron.rest.K", 141));
    PetscCall(ion_model_setup(f.model));
    PetscCall(ion_model_canonical(f.model, &text[k]));
    PetscCall(fixture_destroy(&f));
  }
  CHECK(!strcmp(text[0], text[1]));
  CHECK(strcmp(text[0], text[2]));
  CHECK(strcmp(text[0], text[3]));
  for (int k = 0; k < 4; k++) PetscCall(PetscFree(text[k]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const ion_test_case cases[] = {
    {"resting_state_is_balanced",                      resting_state_is_balanced                },
    {"moieties_are_those_of_algebra",                  moieties_are_those_of_algebra            },
    {"total_of_a_dimer_counts_it_twice",               total_of_a_dimer_counts_it_twice         },
    {"chloride_is_balanced_by_sodium",                 chloride_is_balanced_by_sodium           },
    {"processes_report_what_they_carry",               processes_report_what_they_carry         },
    {"compositions_add_amounts",                       compositions_add_amounts                 },
    {"volume_scales_its_compartment",                  volume_scales_its_compartment            },
    {"metabolites_set_their_totals",                   metabolites_set_their_totals             },
    {"states_out_of_the_domain_give_nan",              states_out_of_the_domain_give_nan        },
    {"start_is_what_is_put_in",                        start_is_what_is_put_in                  },
    {"balance_is_another_ion_of_the_compartment",      balance_is_another_ion_of_the_compartment},
    {"rest_recalibrates",                              rest_recalibrates                        },
    {"parameters_do_not_recalibrate",                  parameters_do_not_recalibrate            },
    {"calibrated_prefactor_may_be_set",                calibrated_prefactor_may_be_set          },
    {"singular_and_negative_calibrations_are_refused",
     singular_and_negative_calibrations_are_refused                                             },
    {"calibration_at_equilibrium_is_refused",          calibration_at_equilibrium_is_refused    },
    {"load_against_its_affinity_is_refused",           load_against_its_affinity_is_refused     },
    {"canonical_text_follows_what_is_set",             canonical_text_follows_what_is_set       },
};

int main(int argc, char **argv)
{
  return ion_test_main(argc, argv, cases, ION_COUNT(cases));
}
