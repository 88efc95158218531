/* Ions near the mouth of an open channel: closed forms, their limits, and the reading of a
 * model. */
#include "model_fixture.h"

#include <ion/ledger.h>

#define AVOGADRO 6.02214076e23

static const double D = 220e-12, c_far = 1e-4, current = 0.1e-12, r = 50e-9;
static const ion_buffer chelator = {
    .total = 1.0, .K = 2e-4, .binding_rate = 4e5, .diffusion = 95e-12};

static double free_rise(double distance)
{
  return current / (2 * PETSC_PI * 2 * ION_FARADAY * D * distance);
}

static double rise(ion_buffer buffer, double distance)
{
  return ion_nanodomain_steady(current, 2, D, c_far, &buffer, distance);
}

/* 1e4 ions in a hemisphere of radius 100 nm: +7.93 mM. */
static PetscErrorCode calcium_microdomain(void)
{
  PetscFunctionBegin;
  CHECK_NEAR(ion_nanodomain_well_mixed(1e4, 100e-9), 7.93, 5e-3);
  CHECK_RELATIVE(ion_nanodomain_well_mixed(AVOGADRO * 2 * PETSC_PI / 3, 1.0), 1.0, 1e-14);
  CHECK_RELATIVE(ion_nanodomain_well_mixed(1e4, 200e-9), ion_nanodomain_well_mixed(1e4, 100e-9) / 8,
                 1e-14);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* No buffer, one that does not bind, and an immobile one leave free diffusion. */
static PetscErrorCode buffers_without_effect(void)
{
  ion_buffer none = chelator, slow = chelator, fixed = chelator;

  PetscFunctionBegin;
  none.total        = 0;
  slow.binding_rate = 0;
  fixed.diffusion   = 0;
  CHECK_RELATIVE(rise(none, r), free_rise(r), 1e-14);
  CHECK_RELATIVE(rise(slow, r), free_rise(r), 1e-14);
  CHECK_RELATIVE(rise(fixed, r), free_rise(r), 1e-14);
  CHECK(isinf(ion_nanodomain_length(D, c_far, &none)));
  CHECK(isinf(ion_nanodomain_length(D, c_far, &slow)));
  CHECK(ion_nanodomain_length(D, c_far, &fixed) == 0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A buffer that diffuses at once is never depleted: exp(-r/lambda) with lambda^2 = D/(k B). */
static PetscErrorCode excess_buffer(void)
{
  ion_buffer excess   = chelator;
  const double B      = chelator.total * chelator.K / (chelator.K + c_far);
  const double lambda = sqrt(D / (chelator.binding_rate * B));

  PetscFunctionBegin;
  excess.diffusion = 1.0;
  CHECK_RELATIVE(ion_nanodomain_length(D, c_far, &excess), lambda, 1e-9);
  CHECK_RELATIVE(rise(excess, r), free_rise(r) * exp(-r / lambda), 1e-9);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A buffer that binds at once is in equilibrium: D becomes D + kappa D_B, kappa = d(bound)/dc. */
static PetscErrorCode rapid_buffer(void)
{
  ion_buffer rapid   = chelator;
  const double kappa = chelator.total * chelator.K / pow(chelator.K + c_far, 2);

  PetscFunctionBegin;
  rapid.binding_rate = 1e15;
  CHECK_RELATIVE(rise(rapid, r), free_rise(r) * D / (D + kappa * rapid.diffusion), 1e-12);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What the closed form solves, for a buffer that binds about as fast as it lets go: with the bound
 * form b from D c + D_B b = i/(2 pi z F r), D (r c)'' = r (k B c - k (c_0 + K) b), by central
 * differences. */
static PetscErrorCode profile_solves_reaction_and_diffusion(void)
{
  const ion_buffer weak = {.total = 1.0, .K = 0.1, .binding_rate = 4e5, .diffusion = 95e-12};
  const double c_0 = 0.05, k = weak.binding_rate, B = weak.total * weak.K / (weak.K + c_0);
  const double h = 1e-10;

  PetscFunctionBegin;
  for (double x = 5e-9; x < 200e-9; x *= 2) {
    double c[3], curvature, bound;

    for (int i = 0; i < 3; i++)
      c[i] = ion_nanodomain_steady(current, 2, D, c_0, &weak, x + (i - 1) * h);
    curvature = ((x + h) * c[2] - 2 * x * c[1] + (x - h) * c[0]) / (h * h);
    bound     = D * (free_rise(x) - c[1]) / weak.diffusion;
    CHECK(bound > 0);
    CHECK_RELATIVE(D * curvature, x * (k * B * c[1] - k * (c_0 + weak.K) * bound), 1e-3);
  }
  CHECK_RELATIVE(ion_nanodomain_steady(current, 2, D, c_0, &weak, 1e-14), free_rise(1e-14),
                 1e-5); /* at the mouth nothing is bound */
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A cell of calcium in a bath; %s the reading. */
static const char *const cell =
    "name: cell\n"
    "reference_temperature: 310.15 K\n"
    "species: {Ca: {valence: 2}, Cl: {valence: -1}, sugar: {}}\n"
    "compartments:\n"
    "  cell:\n"
    "    outside: bath\n"
    "    potential: free\n"
    "    capacitance: 20 pF\n"
    "    volume: free\n"
    "    impermeant: {amount: isosmolar, charge: closing}\n"
    "    rest: {V: -70 mV, volume: 2 pL, Ca: 1e-4 mM, Cl: 10 mM, sugar: 1 mM}\n"
    "  bath:\n"
    "    potential: ground\n"
    "    volume: infinite\n"
    "    impermeant: {amount: neutral, valence: 1}\n"
    "    rest: {Ca: 1.5 mM, Cl: 119 mM, sugar: 1 mM}\n"
    "processes:\n"
    "  cell:\n"
    "    ca: {kind: ghk, equation: Ca_in -> Ca_out, permeability: 1e-6 pL/s}\n"
    "    cl: {kind: ghk, equation: Cl_in -> Cl_out, permeability: 1e-3 pL/s}\n"
    "    sugar: {kind: linear, equation: sugar_in -> sugar_out, rate: 1 fmol/s}\n"
    "    water: {kind: water, equation: water_out -> water_in, "
    "hydraulic_permeability: 2e-3 pL/s/mM}\n"
    "%s";

static PetscErrorCode parse(fixture *f, const char *readings)
{
  char text[4096];

  PetscFunctionBegin;
  snprintf(text, sizeof text, cell, readings);
  PetscCall(fixture_parse(f, text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Three outputs of the cell, in the order well_mixed, steady, length. */
static PetscErrorCode reading_of_a_model(void)
{
  ion_outputs *outputs = NULL;
  ion_spec *selection  = NULL;
  ion_block value;
  fixture f;

  PetscFunctionBegin;
  PetscCall(parse(&f, "readings: {nanodomain: {diffusion_Ca: 220 um^2/s, buffer: 1 mM,\n"
                      "  buffer_K: 0.2 uM, buffer_binding_rate: 4e5 /mM/s,\n"
                      "  buffer_diffusion: 95 um^2/s, current: 0.1 pA}}\n"));
  PetscCall(fixture_setup(&f, 2));
  PetscCall(ion_spec_parse("test", "nanodomain", strlen("nanodomain"), &selection));
  PetscCall(ion_outputs_create(f.model, ion_spec_root(selection), &outputs));
  CHECK(ion_outputs_count(outputs) == 3);
  CHECK(!strcmp(ion_outputs_at(outputs, 1)->name, "cell.nanodomain.steady"));
  PetscCall(ion_block_create(ion_outputs_count(outputs), 2, &value));
  fixture_theta(&f, "readings.nanodomain.radius")[1] = 50e-9;
  fixture_evaluate(&f, ION_RESIDUAL | ION_AFFINITY);
  ion_outputs_observe(outputs, f.theta, f.prepared, &f.work, 2, f.verdict.reached, NULL, NULL,
                      value);
  CHECK_RELATIVE(ion_row(value, 0)[0], ion_nanodomain_well_mixed(1e4, 100e-9), 1e-13);
  CHECK_RELATIVE(ion_row(value, 0)[1], ion_nanodomain_well_mixed(1e4, 50e-9), 1e-13);
  CHECK_RELATIVE(ion_row(value, 1)[0], rise(chelator, 100e-9), 1e-11);
  CHECK_RELATIVE(ion_row(value, 1)[1], rise(chelator, 50e-9), 1e-11);
  CHECK_RELATIVE(ion_row(value, 2)[0], 1e9 * ion_nanodomain_length(D, c_far, &chelator), 1e-11);
  PetscCall(ion_block_destroy(&value));
  PetscCall(ion_outputs_destroy(&outputs));
  PetscCall(ion_spec_close(&selection));
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Without the section a model has neither its parameters nor its outputs. */
static PetscErrorCode reading_is_optional(void)
{
  ion_outputs *outputs = NULL;
  fixture f;

  PetscFunctionBegin;
  PetscCall(parse(&f, ""));
  PetscCall(fixture_setup(&f, 1));
  CHECK(ion_model_find(f.model, "readings.nanodomain.radius") < 0);
  PetscCall(ion_outputs_create(f.model, NULL, &outputs));
  for (size_t i = 0; i < ion_outputs_count(outputs); i++)
    CHECK(strcmp(ion_outputs_at(outputs, i)->group, "nanodomain"));
  PetscCall(ion_outputs_destroy(&outputs));
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode refuse(const char *readings, const char *said)
{
  char text[4096];
  fixture f = {0};

  PetscFunctionBegin;
  snprintf(text, sizeof text, cell, readings);
  PetscCall(ion_units_create(&f.units));
  PetscCall(ion_spec_parse("small.yaml", text, strlen(text), &f.spec));
  CHECK_RAISES(PETSC_ERR_USER_INPUT, ion_model_create(ion_spec_root(f.spec), f.units, &f.model));
  CHECK_SAID("small.yaml:");
  CHECK_SAID(said);
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode wrong_readings_are_refused(void)
{
  PetscFunctionBegin;
  PetscCall(refuse("readings: {nanodomain: {radius: 1 nm}}\n", "diffusion_ION"));
  PetscCall(refuse("readings: {nanodomain: {diffusion_sugar: 1 um^2/s}}\n", "diffusion_ION"));
  PetscCall(refuse("readings: {nanodomain: {diffusion_Ca: 1 um^2/s, radios: 1 nm}}\n",
                   "did you mean 'radius'"));
  PetscCall(refuse("readings: {nanodomain: {diffusion_Ca: 1 um^2/s, radius: 0 nm}}\n", "radius"));
  PetscCall(refuse("readings: {nanodomain: {diffusion_Ca: 1 um}}\n", "diffusion_Ca"));
  PetscCall(refuse("readings: {nanodomein: {}}\n", "did you mean 'nanodomain'"));
  PetscCall(refuse("readings: {action_potential: {factor: 3}}\n", "factor_ION"));
  PetscCall(refuse("readings: {nanodomain: {diffusion_Ca: 1 um^2/s, diffusion_Cl: 1 um^2/s}}\n",
                   "diffusion_Cl"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const ion_test_case cases[] = {
    {"calcium_microdomain",                   calcium_microdomain                  },
    {"buffers_without_effect",                buffers_without_effect               },
    {"excess_buffer",                         excess_buffer                        },
    {"rapid_buffer",                          rapid_buffer                         },
    {"profile_solves_reaction_and_diffusion", profile_solves_reaction_and_diffusion},
    {"reading_of_a_model",                    reading_of_a_model                   },
    {"reading_is_optional",                   reading_is_optional                  },
    {"wrong_readings_are_refused",            wrong_readings_are_refused           },
};

int main(int argc, char **argv)
{
  return ion_test_main(argc, argv, cases, ION_COUNT(cases));
}
