/* Electrical readings of membranes: closed forms on a cell of channels alone, and the default
 * model. */
#include "model_fixture.h"

#include <ion/ledger.h>

#define T_BODY 310.15

static const double RT_F = ION_GAS_CONSTANT * T_BODY / ION_FARADAY;

/* A cell in a bath: concentrations inside, %s the channels and other sections. */
static const char *const cell =
    "name: cell\n"
    "reference_temperature: 310.15 K\n"
    "species: {Na: {valence: 1}, K: {valence: 1}, Cl: {valence: -1}}\n"
    "compartments:\n"
    "  cell:\n"
    "    outside: bath\n"
    "    potential: free\n"
    "    capacitance: 20 pF\n"
    "    volume: free\n"
    "    impermeant: {amount: isosmolar, charge: closing}\n"
    "    rest: {V: -70 mV, volume: 2 pL, Na: 15 mM, K: 140 mM, Cl: 10 mM}\n"
    "  bath:\n"
    "    potential: ground\n"
    "    volume: infinite\n"
    "    impermeant: {amount: neutral, valence: -1}\n"
    "    rest: {Na: 145 mM, K: 5 mM, Cl: 119 mM}\n"
    "processes:\n"
    "  cell:\n"
    "    water: {kind: water, equation: water_out -> water_in, "
    "hydraulic_permeability: 2e-3 pL/s/mM}\n"
    "%s";

static const char *const ohmic =
    "    k:  {kind: ohmic, equation: K_in -> K_out, conductance: 10 nS}\n"
    "    na: {kind: ohmic, equation: Na_out -> Na_in, conductance: 0.5 nS}\n"
    "    cl: {kind: ohmic, equation: Cl_in -> Cl_out, conductance: 4 nS}\n";

/* K+ through two channels, the second half open at -70 mV. */
static const char *const ghk =
    "    k:  {kind: ghk, equation: K_in -> K_out, permeability: 0.6 pL/s}\n"
    "    k2: {kind: ghk, equation: K_out -> K_in, permeability: 0.8 pL/s,\n"
    "         gates: {open: {power: 1, steady: {sigmoid: {midpoint: -70 mV, width: 10 mV}}}}}\n"
    "    na: {kind: ghk, equation: Na_in -> Na_out, permeability: 0.04 pL/s}\n"
    "    cl: {kind: ghk, equation: Cl_in -> Cl_out, permeability: 0.45 pL/s}\n";

static const char *const mixed =
    "    kir: {kind: kir41, equation: K_in -> K_out, conductance: 5 nS}\n"
    "    na: {kind: ghk, equation: Na_in -> Na_out, permeability: 0.04 pL/s}\n"
    "    cl: {kind: ohmic, equation: Cl_out -> Cl_in, conductance: 2 nS}\n";

typedef struct {
  fixture f;
  ion_outputs *outputs;
  ion_block value;
} readings;

static PetscErrorCode observe_setup(readings *r, size_t n_point)
{
  PetscFunctionBegin;
  r->outputs = NULL;
  PetscCall(fixture_setup(&r->f, n_point));
  PetscCall(ion_outputs_create(r->f.model, NULL, &r->outputs));
  PetscCall(ion_block_create(ion_outputs_count(r->outputs), n_point, &r->value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode cell_of(readings *r, const char *channels, size_t n_point)
{
  char text[4096];

  PetscFunctionBegin;
  snprintf(text, sizeof text, cell, channels);
  PetscCall(fixture_parse(&r->f, text));
  PetscCall(observe_setup(r, n_point));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void observe(readings *r)
{
  fixture_evaluate(&r->f, ION_RESIDUAL | ION_AFFINITY);
  ion_outputs_observe(r->outputs, r->f.theta, r->f.prepared, &r->f.work, r->f.n_point,
                      r->f.verdict.reached, r->f.verdict.eigen_re, r->f.verdict.eigen_im, r->value);
}

static PetscErrorCode tear_down(readings *r)
{
  PetscFunctionBegin;
  PetscCall(ion_block_destroy(&r->value));
  PetscCall(ion_outputs_destroy(&r->outputs));
  PetscCall(fixture_destroy(&r->f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const ion_output *output(const readings *r, const char *name, double **row)
{
  for (size_t i = 0; i < ion_outputs_count(r->outputs); i++)
    if (!strcmp(ion_outputs_at(r->outputs, i)->name, name)) {
      *row = ion_row(r->value, i);
      return ion_outputs_at(r->outputs, i);
    }
  return NULL;
}

static double value_at(const readings *r, const char *name, size_t p)
{
  double *row = NULL;

  return output(r, name, &row) ? row[p] : (double)NAN;
}

static double value(const readings *r, const char *name)
{
  return value_at(r, name, 0);
}

/* Potential of the cell, mV, and a concentration, mM, of point p. */
static void set_V(readings *r, size_t p, double mV)
{
  const size_t row = (size_t)r->f.net->compartment[fixture_compartment(&r->f, "cell")].x_V;

  ion_row(r->f.x, row)[p] = 1e-3 * mV / RT_F;
}

static void set_c(readings *r, const char *pool, size_t p, double c)
{
  ion_row(r->f.x, (size_t)r->f.net->pool[fixture_pool(&r->f, pool)].x)[p] = log(c);
}

/* g_K 10, g_Na 0.5, g_Cl 4 nS with E_K -89, E_Na +60, E_Cl -64 mV: (-890 + 30 - 256)/14.5 mV. */
static PetscErrorCode chord_potential_of_a_resting_cell(void)
{
  readings r;

  PetscFunctionBegin;
  PetscCall(cell_of(&r, ohmic, 1));
  set_c(&r, "cell.K", 0, 5.0 * exp(89e-3 / RT_F));
  set_c(&r, "cell.Na", 0, 145.0 * exp(-60e-3 / RT_F));
  set_c(&r, "cell.Cl", 0, 119.0 * exp(-64e-3 / RT_F));
  set_V(&r, 0, -50.0);
  observe(&r);
  CHECK_NEAR(value(&r, "cell.V_chord"), -1116.0 / 14.5, 1e-10);
  CHECK_NEAR(value(&r, "cell.V_chord"), -77.0, 0.5);
  CHECK_RELATIVE(value(&r, "cell.g_K"), 10.0, 1e-12);
  CHECK_RELATIVE(value(&r, "cell.g_Na"), 0.5, 1e-12); /* written inwards */
  CHECK_RELATIVE(value(&r, "cell.g_Cl"), 4.0, 1e-12);
  CHECK_NEAR(value(&r, "cell.drive_K"), 39.0, 1e-10);
  CHECK_NEAR(value(&r, "cell.drive_Na"), -110.0, 1e-10);
  CHECK_NEAR(value(&r, "cell.gaba_drive"), 14.0, 1e-10);
  PetscCall(tear_down(&r));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* V_peak = sum k g E/sum k g, and dV_peak = f dE_Na with f = k g_Na/sum k g. */
static PetscErrorCode peak_follows_the_sodium_potential(void)
{
  const double share = 500 * 0.5 / (500 * 0.5 + 14);
  readings r;

  PetscFunctionBegin;
  PetscCall(cell_of(&r, ohmic, 2));
  set_c(&r, "cell.Na", 1, 30.0); /* E_Na falls by RT/F ln 2 */
  observe(&r);
  CHECK(share > 0.8);
  for (size_t p = 0; p < 2; p++) {
    const double peak = share * value_at(&r, "cell.E_Na", p) +
                        (10 * value_at(&r, "cell.E_K", p) + 4 * value_at(&r, "cell.E_Cl", p)) / 264;

    CHECK_RELATIVE(value_at(&r, "cell.V_peak", p), peak, 1e-11);
    CHECK_RELATIVE(value_at(&r, "cell.V_peak_slope", p), share, 1e-12);
  }
  CHECK_RELATIVE(value_at(&r, "cell.V_peak", 1) - value_at(&r, "cell.V_peak", 0),
                 -share * 1e3 * RT_F * log(2.0), 1e-10);
  PetscCall(tear_down(&r));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode factor_of_the_peak_is_a_parameter(void)
{
  char channels[2048];
  readings r;

  PetscFunctionBegin;
  snprintf(channels, sizeof channels, "%sreadings: {action_potential: {factor_K: 3}}\n", ohmic);
  PetscCall(cell_of(&r, channels, 2));
  fixture_theta(&r.f, "readings.action_potential.factor_K")[1] = 1.0;
  observe(&r);
  CHECK_RELATIVE(value_at(&r, "cell.V_peak_slope", 0), 30.0 / 34.5, 1e-12);
  CHECK_RELATIVE(value_at(&r, "cell.V_peak_slope", 1), 10.0 / 14.5, 1e-12);
  CHECK_RELATIVE(value_at(&r, "cell.V_peak", 1), value_at(&r, "cell.V_chord", 1), 1e-12);
  PetscCall(tear_down(&r));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Goldman's equation with the permeabilities of the cell; the gate of k2 is half open at -70 mV. */
static PetscErrorCode ghk_potential_by_its_formula(void)
{
  const double P_K = 0.6 + 0.5 * 0.8, P_Na = 0.04, P_Cl = 0.45;
  readings r;

  PetscFunctionBegin;
  PetscCall(cell_of(&r, ghk, 1));
  observe(&r);
  CHECK_RELATIVE(value(&r, "cell.V_ghk"),
                 1e3 * RT_F *
                     log((P_K * 5 + P_Na * 145 + P_Cl * 10) / (P_K * 140 + P_Na * 15 + P_Cl * 119)),
                 1e-12);
  PetscCall(tear_down(&r));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Move V to the chord potential until it stays; there the channels carry no net current. */
static PetscErrorCode check_balance(const char *channels)
{
  readings r;
  double current = 0, gross = 0;

  PetscFunctionBegin;
  PetscCall(cell_of(&r, channels, 1));
  for (int k = 0; k < 200; k++) {
    observe(&r);
    set_V(&r, 0, value(&r, "cell.V_chord"));
  }
  observe(&r);
  for (size_t i = 0; i < r.f.net->n_process; i++) {
    const double carried = r.f.net->process[i].charge * *ion_row(r.f.work.J, i);

    current += carried;
    gross += fabs(carried);
  }
  CHECK(gross > 0);
  CHECK_NEAR(current / gross, 0.0, 1e-12);
  CHECK_RELATIVE(value(&r, "cell.V_chord"), value(&r, "cell.V"), 1e-12);
  CHECK_RELATIVE(value(&r, "cell.V_ghk"), value(&r, "cell.V"), 1e-11);
  CHECK(value(&r, "cell.V") < value(&r, "cell.E_Na") &&
        value(&r, "cell.V") > value(&r, "cell.E_K"));
  PetscCall(tear_down(&r));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode potentials_agree_where_channels_balance(void)
{
  PetscFunctionBegin;
  PetscCall(check_balance(ohmic));
  PetscCall(check_balance(ghk));
  PetscCall(check_balance(mixed));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* g = I/(V - E) has the limit F^2/(RT) P B c_out e = F^2/(RT) P B c_in where V = E, u = -F E/(RT)
 * for an anion; the readings lose no digits on the way there. */
static PetscErrorCode conductance_has_its_limit_at_equilibrium(void)
{
  const double u = log(119.0 / 10.0), B = u / (1 - exp(-u));
  const double limit = 1e9 * ION_FARADAY / RT_F * 0.45e-15 * B * 10.0;
  double off[16];
  readings r;

  PetscFunctionBegin;
  PetscCall(cell_of(&r, ghk, ION_COUNT(off)));
  for (size_t p = 0; p < ION_COUNT(off); p++) {
    off[p] = pow(10.0, -(double)p); /* mV */
    set_V(&r, p, -1e3 * RT_F * u + off[p]);
  }
  observe(&r);
  for (size_t p = 0; p < ION_COUNT(off); p++) {
    const double drive = value_at(&r, "cell.drive_Cl", p), g = value_at(&r, "cell.g_Cl", p);

    CHECK_NEAR(drive, off[p], 1e-12);
    if (drive != 0.0) CHECK_RELATIVE(g, limit, 0.02 * off[p] + 1e-12);
  }
  PetscCall(tear_down(&r));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* 1 mM on both sides at V = 0: no driving force, no rate, no quotient of the two. */
static PetscErrorCode no_chord_without_driving_force(void)
{
  static const char *const laws[] = {
      "    k: {kind: ghk, equation: K_in -> K_out, permeability: 0.04 pL/s}\n",
      "    k: {kind: ohmic, equation: K_in -> K_out, conductance: 1 nS}\n"};
  readings r;

  PetscFunctionBegin;
  for (size_t k = 0; k < ION_COUNT(laws); k++) {
    PetscCall(cell_of(&r, laws[k], 1));
    set_V(&r, 0, 0.0);
    set_c(&r, "cell.K", 0, 1.0);
    fixture_theta(&r.f, "bath.composition.K")[0] = 1.0;
    observe(&r);
    CHECK(value(&r, "cell.drive_K") == 0.0);
    CHECK(isnan(value(&r, "cell.g_K")));
    CHECK(isnan(value(&r, "cell.V_chord")));
    PetscCall(tear_down(&r));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode closed_channels_set_no_potential(void)
{
  readings r;

  PetscFunctionBegin;
  PetscCall(
      cell_of(&r, "    na: {kind: ghk, equation: Na_in -> Na_out, permeability: 0 pL/s}\n", 1));
  observe(&r);
  CHECK(value(&r, "cell.g_Na") == 0.0);
  CHECK(isnan(value(&r, "cell.V_chord")));
  CHECK(isnan(value(&r, "cell.V_ghk")));
  CHECK(isnan(value(&r, "cell.V_peak")));
  CHECK(isfinite(value(&r, "cell.drive_K")));
  PetscCall(tear_down(&r));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* At rest nothing charges the membrane: what channels carry, sum g (V - E), is what pumps carry
 * back. */
static PetscErrorCode pumps_balance_channels_at_rest(void)
{
  static const char *const ions[] = {"Na", "K", "Cl", "Ca"};
  double carried = 0, total = 0, pumped = 0;
  readings r;

  PetscFunctionBegin;
  PetscCall(fixture_open(&r.f, "neuron_glia"));
  PetscCall(observe_setup(&r, 1));
  observe(&r);
  for (size_t k = 0; k < ION_COUNT(ions); k++) {
    char g[64], drive[64];

    snprintf(g, sizeof g, "neuron.g_%s", ions[k]);
    snprintf(drive, sizeof drive, "neuron.drive_%s", ions[k]);
    total += value(&r, g);
    carried += value(&r, g) * value(&r, drive); /* pA */
  }
  for (size_t i = 0; i < r.f.net->n_process; i++)
    if (r.f.net->process[i].n_pool > 2 && !strncmp(r.f.net->process[i].name, "neuron.", 7))
      pumped += 1e12 * ION_FARADAY * r.f.net->process[i].charge * *ion_row(r.f.work.J, i);
  CHECK(pumped > 1.0);
  CHECK_RELATIVE(carried, -pumped, 1e-9);
  CHECK_RELATIVE(value(&r, "neuron.V_chord"), -70.0 - carried / total, 1e-12);
  CHECK(value(&r, "neuron.V_chord") > -70.0); /* the pump hyperpolarises */
  CHECK(value(&r, "neuron.V_peak_slope") > 0.8);
  CHECK(value(&r, "neuron.V_peak") > 0.0);
  CHECK_NEAR(value(&r, "neuron.gaba_drive"), -70.0 + 1e3 * RT_F * log(130.0 / 6.0), 1e-9);
  CHECK_RELATIVE(value(&r, "neuron.ca_gradient"), 1.5 / 1e-4, 1e-12);
  PetscCall(tear_down(&r));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* 3 pmol/cm^2 of Na+ cost 1 pmol/cm^2 = 6.02e11 ATP per cm^2: three ions a turn. */
static PetscErrorCode atp_of_an_action_potential(void)
{
  double *row;
  readings r;

  PetscFunctionBegin;
  PetscCall(fixture_open(&r.f, "neuron_glia"));
  PetscCall(observe_setup(&r, 2));
  fixture_theta(&r.f, "neuron.spike_load.load")[1] *= 2.0;
  observe(&r);
  CHECK_RELATIVE(value_at(&r, "neuron.atp_per_spike", 0), 6.02214076e11, 1e-12);
  CHECK_RELATIVE(value_at(&r, "neuron.atp_per_spike", 1), 2 * 6.02214076e11, 1e-12);
  CHECK(!output(&r, "glia.atp_per_spike", &row));
  PetscCall(tear_down(&r));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Only what a membrane has is listed; the ecs has none, and glia has no calcium. */
static PetscErrorCode outputs_follow_the_network(void)
{
  static const char *const absent[] = {"ecs.V_chord",   "ecs.drive_K", "glia.ca_gradient",
                                       "glia.drive_Ca", "glia.g_Ca",   "neuron.drive_ATP"};
  double *row;
  readings r;

  PetscFunctionBegin;
  PetscCall(fixture_open(&r.f, "neuron_glia"));
  PetscCall(observe_setup(&r, 1));
  for (size_t i = 0; i < ION_COUNT(absent); i++) CHECK(!output(&r, absent[i], &row));
  CHECK(output(&r, "glia.g_K", &row));
  CHECK(output(&r, "glia.V_ghk", &row));
  CHECK(!strcmp(output(&r, "neuron.g_K", &row)->group, "electrical"));
  CHECK(!strcmp(output(&r, "neuron.g_K", &row)->unit, "nS"));
  PetscCall(tear_down(&r));
  PetscCall(fixture_open(&r.f, "dusterwald2018"));
  PetscCall(observe_setup(&r, 1));
  observe(&r);
  CHECK(!output(&r, "neuron.atp_per_spike", &row));
  /* conductances are given per area of a cylinder 25 um long */
  CHECK_RELATIVE(value(&r, "neuron.g_K"),
                 1e9 * 0.7 * 2 * sqrt(PETSC_PI * fixture_w(&r.f, "neuron", 0) * 25e-6), 1e-12);
  PetscCall(tear_down(&r));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A point reads the same wherever it stands in a batch. */
static PetscErrorCode points_do_not_see_each_other(void)
{
  static const char *const names[] = {"cell.V_chord", "cell.V_ghk", "cell.V_peak", "cell.g_K"};
  double alone[ION_COUNT(names)];
  readings r;

  PetscFunctionBegin;
  PetscCall(cell_of(&r, mixed, 1));
  set_V(&r, 0, -42.0);
  observe(&r);
  for (size_t k = 0; k < ION_COUNT(names); k++) alone[k] = value(&r, names[k]);
  PetscCall(tear_down(&r));
  PetscCall(cell_of(&r, mixed, 131));
  for (size_t p = 0; p < 131; p++) set_V(&r, p, p % 2 ? -42.0 : -90.0 + (double)p);
  observe(&r);
  for (size_t k = 0; k < ION_COUNT(names); k++)
    for (size_t p = 1; p < 131; p += 2) CHECK(value_at(&r, names[k], p) == alone[k]);
  PetscCall(tear_down(&r));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const ion_test_case cases[] = {
    {"chord_potential_of_a_resting_cell",        chord_potential_of_a_resting_cell       },
    {"peak_follows_the_sodium_potential",        peak_follows_the_sodium_potential       },
    {"factor_of_the_peak_is_a_parameter",        factor_of_the_peak_is_a_parameter       },
    {"ghk_potential_by_its_formula",             ghk_potential_by_its_formula            },
    {"potentials_agree_where_channels_balance",  potentials_agree_where_channels_balance },
    {"conductance_has_its_limit_at_equilibrium", conductance_has_its_limit_at_equilibrium},
    {"no_chord_without_driving_force",           no_chord_without_driving_force          },
    {"closed_channels_set_no_potential",         closed_channels_set_no_potential        },
    {"pumps_balance_channels_at_rest",           pumps_balance_channels_at_rest          },
    {"atp_of_an_action_potential",               atp_of_an_action_potential              },
    {"outputs_follow_the_network",               outputs_follow_the_network              },
    {"points_do_not_see_each_other",             points_do_not_see_each_other            },
};

int main(int argc, char **argv)
{
  return ion_test_main(argc, argv, cases, ION_COUNT(cases));
}
