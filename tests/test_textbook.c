/* Textbook facts of the electrochemistry of brain cells, as the models and readings give them. */
#include "model_fixture.h"

#include <ion/ledger.h>

#define T_BODY 310.15

/* A model with everything it can report. */
typedef struct {
  fixture f;
  ion_outputs *outputs;
  ion_block value; /* [n_output][n_point] in the unit of each output */
} book;

static PetscErrorCode book_setup(book *b, size_t n_point)
{
  PetscFunctionBegin;
  b->outputs = NULL;
  PetscCall(fixture_setup(&b->f, n_point));
  PetscCall(ion_outputs_create(b->f.model, NULL, &b->outputs));
  PetscCall(ion_block_create(ion_outputs_count(b->outputs), n_point, &b->value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode book_open(book *b, const char *model, size_t n_point)
{
  PetscFunctionBegin;
  PetscCall(fixture_open(&b->f, model));
  PetscCall(book_setup(b, n_point));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A cell in a bath: the resting values of both and the processes of the cell. */
static PetscErrorCode book_parse(book *b, const char *cell_rest, const char *bath_rest,
                                 const char *processes, size_t n_point)
{
  static const char *const text =
      "name: cell\n"
      "reference_temperature: 310.15 K\n"
      "species:\n"
      "  Na: {valence: 1}\n"
      "  K: {valence: 1}\n"
      "  Cl: {valence: -1}\n"
      "  Ca: {valence: 2}\n"
      "  osmolyte: {valence: 0}\n"
      "  ATP: {osmotic: false, made_of: [adenylate, phosphoryl]}\n"
      "  ADP: {osmotic: false, made_of: [adenylate]}\n"
      "  Pi: {osmotic: false, made_of: [phosphoryl]}\n"
      "energy_currency: {reaction: ATP -> ADP + Pi, dG0: -30.5 kJ/mol, dH0: -20.5 kJ/mol}\n"
      "compartments:\n"
      "  cell:\n"
      "    outside: bath\n"
      "    potential: free\n"
      "    capacitance: 20 pF\n"
      "    volume: free\n"
      "    impermeant: {amount: isosmolar, charge: closing}\n"
      "    rest: {volume: 2 pL, %s}\n"
      "  bath:\n"
      "    potential: ground\n"
      "    volume: infinite\n"
      "    impermeant: {amount: neutral, valence: -1}\n"
      "    rest: {%s}\n"
      "processes:\n"
      "  cell:\n"
      "    water: {kind: water, equation: water_out -> water_in, "
      "hydraulic_permeability: 2e-3 pL/s/mM}\n"
      "%s";
  char model[4096];

  PetscFunctionBegin;
  snprintf(model, sizeof model, text, cell_rest, bath_rest, processes);
  PetscCall(fixture_parse(&b->f, model));
  PetscCall(book_setup(b, n_point));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Report the states the points are in. */
static void book_observe(book *b)
{
  fixture_evaluate(&b->f, ION_RESIDUAL | ION_AFFINITY);
  ion_outputs_observe(b->outputs, b->f.theta, b->f.prepared, &b->f.work, b->f.n_point,
                      b->f.verdict.reached, b->f.verdict.eigen_re, b->f.verdict.eigen_im, b->value);
}

static PetscErrorCode book_solve(book *b, const char *const *vary)
{
  PetscFunctionBegin;
  PetscCall(fixture_solve(&b->f, vary, PETSC_FALSE));
  for (size_t p = 0; p < b->f.n_point; p++) CHECK(b->f.verdict.status[p] == ION_OK);
  book_observe(b);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode book_close(book *b)
{
  PetscFunctionBegin;
  PetscCall(ion_block_destroy(&b->value));
  PetscCall(ion_outputs_destroy(&b->outputs));
  PetscCall(fixture_destroy(&b->f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* An output of point p, NaN if the model has none of that name. */
static double read(const book *b, const char *name, size_t p)
{
  for (size_t i = 0; i < ion_outputs_count(b->outputs); i++)
    if (!strcmp(ion_outputs_at(b->outputs, i)->name, name)) return ion_row(b->value, i)[p];
  return (double)NAN;
}

/* Put a concentration, mM, into the state of point p. */
static void put(book *b, const char *pool, size_t p, double c)
{
  const int x = b->f.net->pool[fixture_pool(&b->f, pool)].x;

  CHECK(x >= 0 && ion_model_is_logarithm(b->f.model, (size_t)x));
  ion_row(b->f.x, (size_t)x)[p] = log(c);
}

/* ---- potentials ---- */

/* E_K -89, E_Na +60, E_Cl -64 mV */
static const char *const ions_in  = "V: -70 mV, Na: 15.36 mM, K: 140 mM, Cl: 10.85 mM";
static const char *const ions_out = "Na: 145 mM, K: 5.01 mM, Cl: 119 mM";
static const char *const channels =
    "    k:  {kind: ohmic, equation: K_in -> K_out, conductance: 10 nS}\n"
    "    na: {kind: ohmic, equation: Na_in -> Na_out, conductance: 0.5 nS}\n"
    "    cl: {kind: ohmic, equation: Cl_in -> Cl_out, conductance: 4 nS}\n";

/* g_K 10, g_Na 0.5, g_Cl 4 nS rest at about -77 mV. */
static PetscErrorCode chord_conductance_rest(void)
{
  book b;

  PetscFunctionBegin;
  PetscCall(book_parse(&b, ions_in, ions_out, channels, 1));
  book_observe(&b);
  CHECK_NEAR(read(&b, "cell.E_K", 0), -89, 0.1);
  CHECK_NEAR(read(&b, "cell.E_Na", 0), 60, 0.1);
  CHECK_NEAR(read(&b, "cell.E_Cl", 0), -64, 0.1);
  CHECK_RELATIVE(read(&b, "cell.g_K", 0), 10.0, 1e-9);
  CHECK_RELATIVE(read(&b, "cell.g_Na", 0), 0.5, 1e-9);
  CHECK_RELATIVE(read(&b, "cell.g_Cl", 0), 4.0, 1e-9);
  CHECK_NEAR(read(&b, "cell.V_chord", 0), -77, 0.15);
  PetscCall(book_close(&b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* dV_peak = f dE_Na, f > 0.8 the share of sodium in the conductance at the peak. */
static PetscErrorCode peak_of_the_action_potential_follows_E_Na(void)
{
  book b;
  double f, dE;

  PetscFunctionBegin;
  PetscCall(book_parse(&b, ions_in, ions_out, channels, 2));
  put(&b, "cell.Na", 1, 2 * 15.36);
  book_observe(&b);
  f  = read(&b, "cell.V_peak_slope", 0);
  dE = read(&b, "cell.E_Na", 1) - read(&b, "cell.E_Na", 0);
  CHECK(f > 0.8 && f < 1);
  CHECK_NEAR(dE, -18.5, 0.1); /* RT/F ln 2 */
  CHECK_RELATIVE(read(&b, "cell.V_peak", 1) - read(&b, "cell.V_peak", 0), f * dE, 1e-9);
  PetscCall(book_close(&b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* 100 nM inside, 1 to 2 mM outside: +120 to +133 mV. */
static PetscErrorCode calcium_gradient(void)
{
  book b;

  PetscFunctionBegin;
  CHECK_NEAR(1e3 * ion_nernst_potential(T_BODY, 2, 1e-4, 1), 123, 0.5);
  CHECK_NEAR(1e3 * ion_nernst_potential(T_BODY, 2, 1e-4, 2), 132.3, 0.5);
  PetscCall(book_open(&b, "neuron_glia", 1));
  book_observe(&b);
  CHECK(read(&b, "neuron.E_Ca", 0) > 120 && read(&b, "neuron.E_Ca", 0) < 133);
  CHECK_RELATIVE(read(&b, "neuron.ca_gradient", 0), 1.5e4, 1e-9);
  PetscCall(book_close(&b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* 1e4 ions in a hemisphere of radius 100 nm: +7.93 mM. */
static PetscErrorCode calcium_microdomain(void)
{
  PetscFunctionBegin;
  CHECK_NEAR(ion_nanodomain_well_mixed(1e4, 100e-9), 7.93, 0.005);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Cl 25 -> 5 mM inside at 111.7 mM outside and -65 mV: E_Cl -40 -> -83 mV, from depolarising to
 * hyperpolarising. */
static PetscErrorCode gaba_switch(void)
{
  book b;

  PetscFunctionBegin;
  PetscCall(book_parse(&b, "V: -65 mV, Na: 12 mM, K: 140 mM, Cl: 25 mM",
                       "Na: 130 mM, K: 3.5 mM, Cl: 111.7 mM", channels, 2));
  put(&b, "cell.Cl", 1, 5);
  book_observe(&b);
  CHECK_NEAR(read(&b, "cell.E_Cl", 0), -40, 0.1);
  CHECK_NEAR(read(&b, "cell.E_Cl", 1), -83, 0.1);
  CHECK_NEAR(read(&b, "cell.gaba_drive", 0), -25, 0.1);
  CHECK_NEAR(read(&b, "cell.gaba_drive", 1), 18, 0.1);
  PetscCall(book_close(&b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- energy ---- */

/* 3 pmol/cm^2 of Na+ cost 1 pmol/cm^2 = 6.02e11 ATP per cm^2. */
static PetscErrorCode atp_of_one_action_potential(void)
{
  book b;

  PetscFunctionBegin;
  PetscCall(book_open(&b, "neuron_glia", 1));
  book_observe(&b);
  CHECK_NEAR(read(&b, "neuron.atp_per_spike", 0), 6.02e11, 0.01e11);
  PetscCall(book_close(&b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The Na+/K+ pump takes about two thirds of the ATP of a resting neuron. */
static PetscErrorCode energy_budget(void)
{
  book b;
  double shares;

  PetscFunctionBegin;
  PetscCall(book_open(&b, "neuron_glia", 1));
  book_observe(&b);
  CHECK_NEAR(read(&b, "neuron.nka.atp_share", 0), 2.0 / 3, 1e-3);
  shares = read(&b, "neuron.nka.atp_share", 0) + read(&b, "neuron.pmca.atp_share", 0) +
           read(&b, "neuron.atp_use.atp_share", 0);
  CHECK_NEAR(shares, 1, 1e-12);
  PetscCall(book_close(&b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* 1.8 mM -> 1e-4 mM at -70 mV: dG = -A = -38.8 kJ/mol. */
static PetscErrorCode calcium_entry(void)
{
  book b;

  PetscFunctionBegin;
  PetscCall(book_parse(&b, "V: -70 mV, Na: 12 mM, K: 140 mM, Cl: 6 mM, Ca: 1e-4 mM",
                       "Na: 144 mM, K: 3.5 mM, Cl: 130 mM, Ca: 1.8 mM",
                       "    ca: {kind: ghk, equation: Ca_out -> Ca_in, permeability: 1e-6 pL/s}\n",
                       1));
  book_observe(&b);
  CHECK_NEAR(-read(&b, "cell.ca.affinity", 0), -38.8, 0.05);
  PetscCall(book_close(&b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Na 145/12, K 140/4 mM, -70 mV, 50 kJ/mol of ATP: work 44, dissipated 6 kJ/mol per ATP. */
static PetscErrorCode pump_budget(void)
{
  book b;
  double per_atp;

  PetscFunctionBegin;
  PetscCall(book_parse(
      &b, "V: -70 mV, Na: 12 mM, K: 140 mM, Cl: 6 mM, ATP: 2.5 mM, ADP: 0.65 mM, Pi: 2 mM",
      "Na: 145 mM, K: 4 mM, Cl: 130 mM",
      "    nka: {kind: modular, equation: 3 Na_in + 2 K_out + ATP -> 3 Na_out + 2 K_in + ADP + Pi,"
      " rate: 5 fmol/s, K_Na_in: 12 mM, K_K_out: 1.5 mM, K_ATP: 0.3 mM, K_Na_out: 130 mM,"
      " K_K_in: 140 mM, K_ADP: 1 mM, K_Pi: 10 mM}\n",
      1));
  book_observe(&b);
  CHECK_NEAR(read(&b, "cell.A_atp", 0), 50, 0.05);
  CHECK_NEAR(read(&b, "cell.nka.work", 0), 44, 0.5);
  per_atp = read(&b, "cell.nka.dissipation", 0) / read(&b, "cell.nka.atp_use", 0);
  CHECK_NEAR(per_atp, 6, 0.5);
  CHECK_NEAR(per_atp + read(&b, "cell.nka.work", 0), read(&b, "cell.A_atp", 0), 1e-9);
  PetscCall(book_close(&b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- cells ---- */

/* V differs from E_K, E_Na and E_Cl, entropy is produced, and nothing flows on balance. */
static PetscErrorCode resting_states_are_no_equilibria(void)
{
  static const char *const vary[] = {"energy_supply", "temperature", NULL};
  static const char *const ion[]  = {"neuron.E_K", "neuron.E_Na", "neuron.E_Cl"};
  book b;
  double imbalance[6];

  PetscFunctionBegin;
  PetscCall(book_open(&b, "neuron_glia", 6));
  for (size_t p = 0; p < 6; p++) {
    fixture_theta(&b.f, vary[0])[p] = p % 2 ? 0.5 : 1;
    fixture_theta(&b.f, vary[1])[p] = 303.15 + 4 * (double)(p / 2);
  }
  PetscCall(book_solve(&b, vary));
  ion_model_imbalance(b.f.model, &b.f.work, 6, imbalance);
  for (size_t p = 0; p < 6; p++) {
    for (size_t i = 0; i < ION_COUNT(ion); i++)
      CHECK(fabs(read(&b, "neuron.V", p) - read(&b, ion[i], p)) > 3);
    CHECK(read(&b, "total.entropy_production", p) > 0);
    CHECK(imbalance[p] < 1e-9);
  }
  PetscCall(book_close(&b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* 20 mM of solute that stays inside swell a cell; the loss of 10 mM KCl restores its volume. */
static PetscErrorCode loss_of_salt_restores_the_volume(void)
{
  static const char *const vary[] = {"cell.composition.osmolyte", "cell.composition.K", NULL};
  book b;

  PetscFunctionBegin;
  PetscCall(book_parse(&b, "V: -70 mV, Na: 15 mM, K: 130 mM, Cl: 35 mM, osmolyte: 10 mM",
                       "Na: 144 mM, K: 3.5 mM, Cl: 130 mM", "", 2));
  fixture_theta(&b.f, vary[0])[0] = fixture_theta(&b.f, vary[0])[1] = 30;
  fixture_theta(&b.f, vary[1])[1] -= 10; /* chloride balances it */
  PetscCall(book_solve(&b, vary));
  CHECK_RELATIVE(read(&b, "cell.volume", 0) / 2, 1 + 20.0 / read(&b, "cell.osmolarity", 0), 1e-9);
  CHECK_RELATIVE(read(&b, "cell.volume", 1), 2.0, 1e-9);
  CHECK_RELATIVE(read(&b, "cell.K", 1), 120.0, 1e-9);
  CHECK_RELATIVE(read(&b, "cell.Cl", 1), 25.0, 1e-9);
  PetscCall(book_close(&b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A cell whose channels open as it swells finds that by itself. */
static PetscErrorCode regulatory_volume_decrease(void)
{
  static const char *const vary[] = {"cell.composition.osmolyte", "cell.swell_cl.swell.width",
                                     "cell.swell_k.swell.width", NULL};
  book b;

  PetscFunctionBegin;
  PetscCall(book_open(&b, "volume", 3));
  for (size_t p = 1; p < 3; p++) fixture_theta(&b.f, vary[0])[p] += 20;
  fixture_theta(&b.f, vary[1])[2] = fixture_theta(&b.f, vary[2])[2] = 1; /* blind to the volume */
  PetscCall(book_solve(&b, vary));
  CHECK_RELATIVE(read(&b, "cell.volume", 0), 2.0, 1e-9);
  CHECK_RELATIVE(read(&b, "cell.volume", 1), 2.0, 5e-3);
  CHECK_NEAR(130 - read(&b, "cell.K", 1) * read(&b, "cell.volume", 1) / 2, 10, 0.5);
  CHECK_NEAR(35 - read(&b, "cell.Cl", 1) * read(&b, "cell.volume", 1) / 2, 10, 0.5);
  CHECK(read(&b, "cell.volume", 2) / 2 > 1.05);
  PetscCall(book_close(&b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Without energy K_out rises from 3.5 to 30 mM and more, E_K by more than 50 mV, V from -70 to -20 mV or
 * above. */
static PetscErrorCode ischaemia(void)
{
  static const char *const vary[] = {"energy_supply", NULL};
  book b;

  PetscFunctionBegin;
  PetscCall(book_open(&b, "neuron_glia", 2));
  fixture_theta(&b.f, vary[0])[1] = 0.05;
  PetscCall(book_solve(&b, vary));
  CHECK_RELATIVE(read(&b, "ecs.K", 0), 3.5, 1e-9);
  CHECK_RELATIVE(read(&b, "neuron.V", 0), -70.0, 1e-9);
  CHECK(read(&b, "ecs.K", 1) > 30);
  CHECK(read(&b, "neuron.E_K", 1) - read(&b, "neuron.E_K", 0) > 50);
  CHECK(read(&b, "neuron.V", 1) > -20);
  PetscCall(book_close(&b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const ion_test_case cases[] = {
    {"chord_conductance_rest",                    chord_conductance_rest                   },
    {"peak_of_the_action_potential_follows_E_Na", peak_of_the_action_potential_follows_E_Na},
    {"calcium_gradient",                          calcium_gradient                         },
    {"calcium_microdomain",                       calcium_microdomain                      },
    {"gaba_switch",                               gaba_switch                              },
    {"atp_of_one_action_potential",               atp_of_one_action_potential              },
    {"energy_budget",                             energy_budget                            },
    {"calcium_entry",                             calcium_entry                            },
    {"pump_budget",                               pump_budget                              },
    {"resting_states_are_no_equilibria",          resting_states_are_no_equilibria         },
    {"loss_of_salt_restores_the_volume",          loss_of_salt_restores_the_volume         },
    {"regulatory_volume_decrease",                regulatory_volume_decrease               },
    {"ischaemia",                                 ischaemia                                },
};

int main(int argc, char **argv)
{
  return ion_test_main(argc, argv, cases, ION_COUNT(cases));
}
