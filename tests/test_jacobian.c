/* dF/dx against central differences at random states: the models of the repository, and small networks
 * in which every kind, volume and conserved total meets others. */
#include "model_fixture.h"

#define N_STATE 12 /* random states a model */

/* A fixed volume: three pools share a total and two reactions, one of mass action; a species that nothing
 * changes. */
static const char metabolism[] =
    "name: metabolism\n"
    "reference_temperature: 300 K\n"
    "parameters: {Q10: {value: 2, unit: '1'}}\n"
    "species:\n"
    "  D: {osmotic: false, made_of: [core, core]}\n"
    "  A: {osmotic: false, made_of: [core]}\n"
    "  B: {osmotic: false, made_of: [core]}\n"
    "  C: {osmotic: false, made_of: [core]}\n"
    "  idle: {osmotic: false}\n"
    "compartments:\n"
    "  cell:\n"
    "    volume: fixed\n"
    "    impermeant: {amount: neutral, valence: -1}\n"
    "    rest: {volume: 1 pL, A: 1 mM, B: 2 mM, C: 3 mM, D: 0.5 mM, idle: 1 mM}\n"
    "processes:\n"
    "  cell:\n"
    "    swap: {kind: mass_action, equation: 2 A -> B + C, rate_constant: 3 /mM/s, K_eq: 2, q10: "
    "Q10}\n"
    "    turn: {kind: modular, equation: A -> B, rate: 2 fmol/s, K_A: 1 mM, K_B: 2 mM}\n"
    "    join: {kind: modular, equation: B + C -> D, rate: 1 fmol/s, K_B: 1 mM, K_C: 1 mM, K_D: 1 "
    "mM}\n"
    "    fed:  {kind: modular, equation: food + A -> C, sources: {food: drive}, drive: 3 kJ/mol,\n"
    "           rate: 0.5 fmol/s, K_A: 1 mM, K_C: 1 mM}\n";

/* A free volume whose channels open as it swells, one of them by voltage as well. */
static const char swelling[] =
    "name: swelling\n"
    "reference_temperature: 310 K\n"
    "species: {Na: {valence: 1}, K: {valence: 1}, Cl: {valence: -1}}\n"
    "compartments:\n"
    "  cell:\n"
    "    outside: bath\n"
    "    potential: free\n"
    "    capacitance: 20 pF\n"
    "    membrane: {area: 1000 um^2}\n"
    "    volume: free\n"
    "    impermeant: {amount: isosmolar, charge: closing}\n"
    "    rest: {V: -70 mV, volume: 2 pL, Na: 12 mM, K: 140 mM, Cl: 10 mM}\n"
    "  bath:\n"
    "    potential: ground\n"
    "    volume: infinite\n"
    "    impermeant: {amount: neutral, valence: -1}\n"
    "    rest: {Na: 145 mM, K: 4 mM, Cl: 120 mM}\n"
    "processes:\n"
    "  cell:\n"
    "    leak_na: {kind: ghk, equation: Na_in -> Na_out, permeability: 2e-3 pL/s}\n"
    "    leak_k: {kind: ghk, equation: K_in -> K_out, per: area, permeability: 2e-8 m/s}\n"
    "    swell_k: {kind: ghk, equation: K_in -> K_out, permeability: 1 pL/s, gates: {s: {power: 2, "
    "volume: {sigmoid: {midpoint: 1.05, width: 0.1}}}}}\n"
    "    swell_cl: {kind: ghk, equation: Cl_in -> Cl_out, permeability: 1 pL/s, gates: {s: {power: "
    "1, volume: {sigmoid: {midpoint: 1.05, width: 0.1}}}, o: {power: 1, steady: {sigmoid: "
    "{midpoint: -10 mV, width: 10 mV}}}}}\n"
    "    leak_cl: {kind: ghk, equation: Cl_in -> Cl_out, permeability: 2e-3 pL/s}\n"
    "    kcc: {kind: linear, equation: K_in + Cl_in -> K_out + Cl_out, rate: 0.02 fmol/s}\n"
    "    pump: {kind: cubic_pump, equation: 3 Na_in + 2 K_out -> 3 Na_out + 2 K_in, current: 20 "
    "nA}\n"
    "    water: {kind: water, equation: water_out -> water_in, hydraulic_permeability: 2e-3 "
    "pL/s/mM}\n";

/* A fixed volume in an infinite bath: ohmic channels with gates, rectifier, pump, carriers. */
static const char axon[] =
    "name: axon\n"
    "reference_temperature: 310 K\n"
    "parameters: {Q10: {value: 2, unit: '1'}}\n"
    "species:\n"
    "  Na: {valence: 1}\n"
    "  K:  {valence: 1}\n"
    "  Cl: {valence: -1}\n"
    "  P:  {osmotic: false, made_of: [p]}\n"
    "  Q:  {osmotic: false, made_of: [p]}\n"
    "compartments:\n"
    "  axon:\n"
    "    outside: bath\n"
    "    potential: free\n"
    "    capacitance: 100 pF\n"
    "    membrane: {cylinder_length: 100 um}\n"
    "    volume: fixed\n"
    "    impermeant: {amount: isosmolar, charge: closing}\n"
    "    rest: {V: -65 mV, volume: 3 pL, Na: 20 mM, K: 120 mM, Cl: 10 mM, P: 1 mM, Q: 2 mM}\n"
    "  bath:\n"
    "    potential: ground\n"
    "    volume: infinite\n"
    "    impermeant: {amount: neutral, valence: -1}\n"
    "    rest: {Na: 145 mM, K: 5 mM, Cl: 140 mM}\n"
    "processes:\n"
    "  axon:\n"
    "    na:\n"
    "      kind: ohmic\n"
    "      equation: Na_in -> Na_out\n"
    "      per: area\n"
    "      conductance: 120 S/m^2\n"
    "      gates:\n"
    "        m: {power: 3, q10: Q10, alpha: {linoid: {rate: 1 /ms, midpoint: -40 mV, width: 10 "
    "mV}},\n"
    "            beta: {exponential: {rate: 4 /ms, midpoint: -65 mV, width: -18 mV}}}\n"
    "        h: {power: 1, alpha: {exponential: {rate: 0.07 /ms, midpoint: -65 mV, width: -20 "
    "mV}},\n"
    "            beta: {sigmoid: {rate: 1 /ms, midpoint: -35 mV, width: 10 mV}}}\n"
    "    k:\n"
    "      kind: ohmic\n"
    "      equation: K_in -> K_out\n"
    "      conductance: 36 nS\n"
    "      q10: Q10\n"
    "      gates:\n"
    "        n: {power: 4, alpha: {linoid: {rate: 0.1 /ms, midpoint: -55 mV, width: 10 mV}},\n"
    "            beta: {exponential: {rate: 0.125 /ms, midpoint: -65 mV, width: -80 mV}}}\n"
    "        open: {power: 2, steady: {sigmoid: {midpoint: -50 mV, width: -15 mV}}}\n"
    "    cl:   {kind: ohmic, equation: Cl_in -> Cl_out, conductance: 3 nS}\n"
    "    kir:  {kind: kir41, equation: K_in -> K_out, conductance: 2 nS, c_ref: 5 mM}\n"
    "    pump: {kind: cubic_pump, equation: 3 Na_in + 2 K_out -> 3 Na_out + 2 K_in, current: 30 "
    "pA}\n"
    "    carrier: {kind: linear, equation: K_in + Cl_in -> K_out + Cl_out, rate: 0.1 fmol/s}\n"
    "    spikes: {kind: spike_load, equation: Na_out + K_in -> Na_in + K_out, firing_rate: 3 Hz,\n"
    "             load: 3 pmol/cm^2, area: 2e-5 cm^2}\n"
    "    exchange: {kind: modular, equation: Na_in + P -> Na_out + Q, rate: 1 fmol/s, K_Na_in: 10 "
    "mM,\n"
    "               K_P: 1 mM, K_Na_out: 100 mM, K_Q: 1 mM}\n"
    "    back: {kind: modular, equation: Q -> P, rate: 1 fmol/s, K_Q: 1 mM, K_P: 3 mM}\n";

/* The remainder of the tissue first; a cell of free volume with a chain of conserved totals, a cylinder
 * with gates in constant field, and a cell without potential. */
static const char tissue[] =
    "name: tissue\n"
    "reference_temperature: 310.15 K\n"
    "parameters: {Q10: {value: 2, unit: '1'}, drive: {value: 1.3, unit: '1'}}\n"
    "species:\n"
    "  Na:  {valence: 1}\n"
    "  K:   {valence: 1}\n"
    "  Cl:  {valence: -1}\n"
    "  G:   {}\n"
    "  ATP: {osmotic: false, made_of: [a, p, p]}\n"
    "  ADP: {osmotic: false, made_of: [a, p]}\n"
    "  AMP: {osmotic: false, made_of: [a]}\n"
    "  Pi:  {osmotic: false, made_of: [p]}\n"
    "energy_currency: {reaction: ATP -> ADP + Pi, dG0: -30 kJ/mol, dH0: -20 kJ/mol}\n"
    "compartments:\n"
    "  ecs:\n"
    "    potential: ground\n"
    "    volume: remainder\n"
    "    impermeant: {amount: neutral, valence: -1}\n"
    "    rest: {volume: 0.9 pL, Na: 145 mM, K: 4 mM, Cl: 130 mM, G: 5 mM}\n"
    "  cell:\n"
    "    outside: ecs\n"
    "    potential: free\n"
    "    capacitance: 20 pF\n"
    "    membrane: {cylinder_length: 30 um}\n"
    "    volume: free\n"
    "    impermeant: {amount: isosmolar, charge: closing}\n"
    "    rest: {V: -60 mV, volume: 2 pL, Na: 15 mM, K: 130 mM, Cl: 10 mM, G: 4 mM, ATP: 2 mM,\n"
    "           ADP: 0.5 mM, AMP: 3 mM, Pi: 20 mM}\n"
    "  vesicle:\n"
    "    outside: ecs\n"
    "    volume: free\n"
    "    impermeant: {amount: isosmolar, charge: closing}\n"
    "    rest: {volume: 0.5 pL, Na: 20 mM, Cl: 20 mM, G: 3 mM}\n"
    "processes:\n"
    "  cell:\n"
    "    na: {kind: ghk, equation: Na_in -> Na_out, per: area, permeability: 1e-8 m/s, q10: Q10,\n"
    "         gates: {m: {power: 2, alpha: {linoid: {rate: 1 /ms, midpoint: -40 mV, width: 10 "
    "mV}},\n"
    "                 beta: {linoid: {rate: 2 /ms, midpoint: -30 mV, width: -8 mV}}}}}\n"
    "    k:   {kind: ghk, equation: K_in -> K_out, permeability: 2e-2 pL/s}\n"
    "    cl:  {kind: ghk, equation: Cl_in -> Cl_out, permeability: 1e-2 pL/s}\n"
    "    glucose: {kind: linear, equation: G_out -> G_in, rate: 0.5 fmol/s}\n"
    "    pump: {kind: modular, equation: 3 Na_in + 2 K_out + ATP -> 3 Na_out + 2 K_in + ADP + Pi,\n"
    "           rate: 5 fmol/s, scaled_by: [drive], K_Na_in: 10 mM, K_K_out: 2 mM, K_ATP: 0.3 mM,\n"
    "           K_Na_out: 100 mM, K_K_in: 140 mM, K_ADP: 1 mM, K_Pi: 10 mM}\n"
    "    adenylate: {kind: mass_action, equation: 2 ADP -> ATP + AMP, rate_constant: 1 /mM/s, "
    "K_eq: 1}\n"
    "    supply: {kind: modular, equation: fuel + ADP + Pi -> ATP, sources: {fuel: A_ox}, A_ox: 60 "
    "kJ/mol,\n"
    "             rate: 2 fmol/s, K_ADP: 0.1 mM, K_Pi: 1 mM, K_ATP: 5 mM}\n"
    "    water: {kind: water, equation: water_out -> water_in, hydraulic_permeability: 2e-3 "
    "pL/s/mM}\n"
    "  vesicle:\n"
    "    salt:    {kind: linear, equation: Na_in + Cl_in -> Na_out + Cl_out, rate: 0.2 fmol/s}\n"
    "    glucose: {kind: linear, equation: 2 G_out -> 2 G_in, rate: 0.5 fmol/s}\n"
    "    water: {kind: water, equation: water_out -> water_in, hydraulic_permeability: 2e-3 "
    "pL/s/mM}\n";

static double entry(const fixture *f, size_t i, size_t j, size_t p)
{
  const ion_pattern *pattern = ion_model_pattern(f->model);

  for (int k = pattern->start[i]; k < pattern->start[i + 1]; k++)
    if (pattern->col[k] == (int)j) return ion_row(f->work.jac, (size_t)k)[p];
  return 0;
}

static double largest_of_row(const fixture *f, size_t i, size_t p)
{
  double largest = 0;

  for (size_t j = 0; j < f->n_state; j++) largest = fmax(largest, fabs(entry(f, i, j, p)));
  return largest;
}

/* Column j at the state of point 0, by differences of fourth order between points 1 to 4; zeros outside
 * the pattern are entries too. */
static void check_column(fixture *f, const double *state, const double *jacobian, const double *row,
                         size_t j)
{
  static const double offset[] = {0, -2, -1, 1, 2};
  static const double weight[] = {0, 1. / 12, -2. / 3, 2. / 3, -1. / 12};
  const double h               = 1e-3;

  for (size_t i = 0; i < f->n_state; i++)
    for (size_t p = 0; p < 5; p++) ion_row(f->x, i)[p] = state[i] + (i == j ? h * offset[p] : 0);
  ion_model_evaluate(f->model, f->prepared, f->x, 5, ION_RESIDUAL, &f->work);
  for (size_t i = 0; i < f->n_state; i++) {
    double slope = 0;

    for (size_t p = 1; p < 5; p++) slope += weight[p] * ion_row(f->work.F, i)[p] / h;
    CHECK_NEAR(jacobian[i + f->n_state * j], slope, 1e-7 * fabs(slope) + 1e-9 * row[i]);
    if (!(fabs(jacobian[i + f->n_state * j] - slope) <= 1e-7 * fabs(slope) + 1e-9 * row[i]))
      fprintf(stderr, "  %s: d(%s)/d(%s)\n", ion_model_name(f->model),
              ion_model_state_name(f->model, i), ion_model_state_name(f->model, j));
  }
}

static PetscErrorCode check_jacobian(fixture *f, double spread)
{
  double *state, *row, *jacobian;

  PetscFunctionBegin;
  PetscCall(PetscMalloc3(f->n_state, &state, f->n_state, &row, f->n_state * f->n_state, &jacobian));
  ion_model_prepare(f->model, f->theta, f->prepared);
  for (size_t s = 0; s < N_STATE; s++) {
    for (size_t i = 0; i < f->n_state; i++)
      ion_row(f->x, i)[0] = state[i] =
          ion_model_rest(f->model)[i] + spread * (2 * ion_random_uniform(5, s, i) - 1);
    ion_model_evaluate(f->model, f->prepared, f->x, 1, ION_RESIDUAL | ION_JACOBIAN, &f->work);
    for (size_t i = 0; i < f->n_state; i++) {
      row[i] = largest_of_row(f, i, 0);
      CHECK(row[i] > 0 && row[i] < (double)INFINITY);
      for (size_t j = 0; j < f->n_state; j++) jacobian[i + f->n_state * j] = entry(f, i, j, 0);
    }
    for (size_t j = 0; j < f->n_state; j++) check_column(f, state, jacobian, row, j);
  }
  PetscCall(PetscFree3(state, row, jacobian));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_text(const char *text, double spread)
{
  fixture f;

  PetscFunctionBegin;
  PetscCall(fixture_parse(&f, text));
  PetscCall(fixture_setup(&f, 8));
  PetscCall(check_jacobian(&f, spread));
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Off the reference temperature, and with the processes that are idle by default. */
static PetscErrorCode neuron_glia(void)
{
  fixture f;

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, 8));
  for (size_t p = 0; p < f.theta.stride; p++) {
    fixture_theta(&f, "temperature")[p]                   = 303;
    fixture_theta(&f, "neuron.gaba_cl.permeability")[p]   = 1e-17;
    fixture_theta(&f, "neuron.nkcc1.rate")[p]             = 2e-17;
    fixture_theta(&f, "neuron.spike_load.firing_rate")[p] = 4;
  }
  PetscCall(check_jacobian(&f, 0.2));
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode dusterwald2018(void)
{
  fixture f;

  PetscFunctionBegin;
  PetscCall(fixture_open(&f, "dusterwald2018"));
  PetscCall(fixture_setup(&f, 8));
  PetscCall(check_jacobian(&f, 0.5));
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Two fixed volumes, a gate of a gate and a fixed area; and a cell of constant-field channels in a bath. */
static PetscErrorCode hubel2014_and_dijkstra2016(void)
{
  static const char *const name[] = {"hubel2014", "dijkstra2016"};

  PetscFunctionBegin;
  for (int k = 0; k < 2; k++) {
    fixture f;

    PetscCall(fixture_open(&f, name[k]));
    PetscCall(fixture_setup(&f, 8));
    PetscCall(check_jacobian(&f, 0.2));
    PetscCall(fixture_destroy(&f));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode shared_totals_in_a_fixed_volume(void)
{
  PetscFunctionBegin;
  PetscCall(check_text(metabolism, 0.2));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode gated_ohmic_cell_in_a_bath(void)
{
  PetscFunctionBegin;
  PetscCall(check_text(axon, 0.4));
  PetscCall(check_text(swelling, 0.4));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode remainder_first_and_chained_totals(void)
{
  PetscFunctionBegin;
  PetscCall(check_text(tissue, 0.2));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The singularities of the linoid and of constant field are removable: V = 0, -40 and -55 mV. */
static PetscErrorCode removable_singularities(void)
{
  static const double V[]    = {0, -30e-3, -40e-3, -55e-3, 1e-12, -40e-3 + 1e-12};
  const char *const texts[2] = {axon, tissue};
  fixture f;

  PetscFunctionBegin;
  for (int k = 0; k < 2; k++) {
    double *state, *row, *jacobian;

    PetscCall(fixture_parse(&f, texts[k]));
    PetscCall(fixture_setup(&f, 8));
    PetscCall(PetscMalloc3(f.n_state, &state, f.n_state, &row, f.n_state * f.n_state, &jacobian));
    for (size_t s = 0; s < ION_COUNT(V); s++) {
      const size_t c = fixture_compartment(&f, k ? "cell" : "axon");
      const size_t x = (size_t)f.net->compartment[c].x_V;

      memcpy(state, ion_model_rest(f.model), f.n_state * sizeof *state);
      state[x] = V[s] / ion_thermal_voltage(k ? 310.15 : 310);
      for (size_t i = 0; i < f.n_state; i++) ion_row(f.x, i)[0] = state[i];
      fixture_evaluate(&f, ION_RESIDUAL | ION_JACOBIAN);
      for (size_t i = 0; i < f.n_state; i++) {
        row[i]                      = largest_of_row(&f, i, 0);
        jacobian[i + f.n_state * x] = entry(&f, i, x, 0);
      }
      check_column(&f, state, jacobian, row, x);
    }
    PetscCall(PetscFree3(state, row, jacobian));
    PetscCall(fixture_destroy(&f));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const ion_test_case cases[] = {
    {"neuron_glia",                        neuron_glia                       },
    {"dusterwald2018",                     dusterwald2018                    },
    {"hubel2014_and_dijkstra2016",         hubel2014_and_dijkstra2016        },
    {"shared_totals_in_a_fixed_volume",    shared_totals_in_a_fixed_volume   },
    {"gated_ohmic_cell_in_a_bath",         gated_ohmic_cell_in_a_bath        },
    {"remainder_first_and_chained_totals", remainder_first_and_chained_totals},
    {"removable_singularities",            removable_singularities           },
};

int main(int argc, char **argv)
{
  return ion_test_main(argc, argv, cases, ION_COUNT(cases));
}
