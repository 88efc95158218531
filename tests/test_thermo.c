#include "ion_test.h"

#include <ion/thermo.h>

static const double T_body = 310.15;

/* A/RT of a stoichiometry at one point; row i of ln c belongs to term i, rows 0 and 1 of v are the
 * outside and the inside. */
static double affinity(const ion_stoich *term, size_t n, double A0, const double *c, double V)
{
  double ln_c[16], v[2] = {0.0, V / ion_thermal_voltage(T_body)}, A;
  const ion_block ln_c_rows = {.data = ln_c, .n_row = n, .n_point = 1, .stride = 1};
  const ion_block v_rows    = {.data = v, .n_row = 2, .n_point = 1, .stride = 1};

  for (size_t i = 0; i < n; i++) ln_c[i] = log(c[i]);
  ion_affinity(term, n, &A0, ln_c_rows, v_rows, 1, &A);
  return A;
}

static PetscErrorCode nernst_potentials_of_the_textbook(void)
{
  PetscFunctionBegin;
  CHECK_NEAR(ion_thermal_voltage(T_body), 26.727e-3, 5e-7);
  CHECK_NEAR(ion_nernst_potential(T_body, 2, 1e-4, 1.0), 0.1231, 1e-4);
  CHECK_NEAR(ion_nernst_potential(T_body, 2, 1e-4, 2.0), 0.1323, 1e-4);
  CHECK_NEAR(ion_nernst_potential(T_body, -1, 25.0, 111.7), -0.040, 5e-4);
  CHECK_NEAR(ion_nernst_potential(T_body, -1, 5.0, 111.7), -0.083, 5e-4);
  CHECK(ion_nernst_potential(T_body, 1, 7.0, 7.0) == 0.0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* PHYSICS: 1.8 mM outside to 1e-4 mM inside at -70 mV, 37 C: dG = -38.8 kJ/mol */
static PetscErrorCode calcium_entry_is_downhill(void)
{
  const ion_stoich entry[] = {
      {-1, 2, 0, 0},
      {1,  2, 1, 1}
  };
  const double c[] = {1.8, 1e-4};

  PetscFunctionBegin;
  CHECK_NEAR(affinity(entry, 2, 0.0, c, -70e-3) * ION_GAS_CONSTANT * T_body, 38.8e3, 50.0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode affinity_vanishes_at_the_nernst_potential(void)
{
  const double c[] = {12.0, 145.0};

  PetscFunctionBegin;
  for (int z = -2; z <= 2; z++) {
    const ion_stoich leave[] = {
        {-1, z, 0, 1},
        {1,  z, 1, 0}
    };

    if (z == 0) continue;
    CHECK_NEAR(affinity(leave, 2, 0.0, c, ion_nernst_potential(T_body, z, c[0], c[1])), 0.0, 1e-14);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Na_in, K_out, ATP, Na_out, K_in, ADP, Pi */
static const ion_stoich pump[] = {
    {-3, 1, 0, 1},
    {-2, 1, 1, 0},
    {-1, 0, 2, 1},
    {3,  1, 3, 0},
    {2,  1, 4, 1},
    {1,  0, 5, 1},
    {1,  0, 6, 1}
};

/* The resting neuron of the default model: A_ATP 57.189 kJ/mol, pump work 45.003 kJ/mol; A0 in
 * concentrations of mol m^-3: [ADP][Pi]/[ATP] in mol/L is 1e-3 of that in mM. */
static PetscErrorCode pump_affinity_is_atp_less_work(void)
{
  const double RT = ION_GAS_CONSTANT * T_body, A0 = 30.5e3 / RT + log(1e3);
  const double c[]              = {12.0, 3.5, 2.5, 144.0, 140.0, 0.04, 2.0};
  const ion_stoich hydrolysis[] = {
      {-1, 0, 0, 1},
      {1,  0, 1, 1},
      {1,  0, 2, 1}
  };
  const double nucleotides[] = {2.5, 0.04, 2.0};

  PetscFunctionBegin;
  CHECK_NEAR(RT * affinity(hydrolysis, 3, A0, nucleotides, -0.07), 57.189e3, 0.5);
  CHECK_NEAR(RT * affinity(pump, 7, A0, c, -0.07), 57.189e3 - 45.003e3, 1.0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode only_the_charge_moved_feels_the_potential(void)
{
  const ion_stoich kcc2[] = {
      {-1, 1,  0, 1},
      {-1, -1, 1, 1},
      {1,  1,  2, 0},
      {1,  -1, 3, 0}
  };
  const double c[] = {140.0, 6.0, 3.5, 130.0}, c_pump[] = {12, 3.5, 2.5, 144, 140, .04, 2};
  const double u = 0.1 / ion_thermal_voltage(T_body);

  PetscFunctionBegin;
  CHECK_NEAR(affinity(kcc2, 4, 0.0, c, 0.1), affinity(kcc2, 4, 0.0, c, 0.0), 1e-13);
  CHECK_NEAR(affinity(kcc2, 4, 0.0, c, 0.0), log(140.0 * 6.0 / (3.5 * 130.0)), 1e-14);
  CHECK_NEAR(affinity(pump, 7, 0.0, c_pump, 0.1) - affinity(pump, 7, 0.0, c_pump, 0.0), u, 1e-13);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode every_point_has_its_own_affinity(void)
{
  const ion_stoich leave[] = {
      {-2, 1, 0, 1},
      {2,  1, 1, 0}
  };
  double ln_c[2][8], v[2][8], A0[8], A[8];
  const ion_block ln_c_rows = {.data = &ln_c[0][0], .n_row = 2, .n_point = 5, .stride = 8};
  const ion_block v_rows    = {.data = &v[0][0], .n_row = 2, .n_point = 5, .stride = 8};

  PetscFunctionBegin;
  for (int p = 0; p < 8; p++) {
    ln_c[0][p] = p, ln_c[1][p] = 0.5, v[0][p] = 0.25, v[1][p] = 0.125 * p, A0[p] = 100.0 * p;
    A[p] = -1.0;
  }
  ion_affinity(leave, 2, A0, ln_c_rows, v_rows, 5, A);
  for (int p = 0; p < 5; p++) CHECK(A[p] == 100.0 * p + 2.0 * (p + 0.125 * p) - 2.0 * 0.75);
  for (int p = 5; p < 8; p++) CHECK(A[p] == -1.0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode standard_free_energy_follows_the_enthalpy(void)
{
  PetscFunctionBegin;
  CHECK_RELATIVE(ion_standard_free_energy(T_body, T_body, -30.5e3, -20.5e3), -30.5e3, 1e-14);
  CHECK_RELATIVE(ion_standard_free_energy(0.0, T_body, -30.5e3, -20.5e3), -20.5e3, 1e-14);
  CHECK_RELATIVE(ion_standard_free_energy(2 * T_body, T_body, -30.5e3, -20.5e3), -40.5e3, 1e-14);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const ion_test_case cases[] = {
    {"nernst_potentials_of_the_textbook",         nernst_potentials_of_the_textbook        },
    {"calcium_entry_is_downhill",                 calcium_entry_is_downhill                },
    {"affinity_vanishes_at_the_nernst_potential", affinity_vanishes_at_the_nernst_potential},
    {"pump_affinity_is_atp_less_work",            pump_affinity_is_atp_less_work           },
    {"only_the_charge_moved_feels_the_potential", only_the_charge_moved_feels_the_potential},
    {"every_point_has_its_own_affinity",          every_point_has_its_own_affinity         },
    {"standard_free_energy_follows_the_enthalpy", standard_free_energy_follows_the_enthalpy},
};

int main(int argc, char **argv)
{
  return ion_test_main(argc, argv, cases, ION_COUNT(cases));
}
