/* Published and independently computed numbers: the default model at rest, off rest and at its fold, and
 * the pump-leak model of Duesterwald et al. 2018. */
#include "model_fixture.h"

/* A number to the digits it is printed with: half a unit in the last place. */
typedef struct {
  const char *name;
  double value, half_unit, si;
} printed;

static const char *const supply[] = {"energy_supply", NULL};

static PetscErrorCode prefactors_follow_from_the_resting_state(void)
{
  static const printed table[] = {
      {"neuron.leak_k.permeability", 0.0271569,  0.5e-7,  1e-15},
      {"neuron.kcc2.rate",           0.0407752,  0.5e-7,  1e-15},
      {"neuron.nka.rate",            5.24747,    0.5e-5,  1e-15},
      {"glia.nka.rate",              3.51646,    0.5e-5,  1e-15},
      {"neuron.pmca.rate",           2.21918e-5, 0.5e-10, 1e-15},
      {"neuron.ncx.rate",            1.18502e-3, 0.5e-8,  1e-15},
      {"neuron.atp_use.rate",        0.168428,   0.5e-6,  1e-15},
      {"glia.atp_use.rate",          0.158856,   0.5e-6,  1e-15},
      {"neuron.ox_phos.rate",        1.71020,    0.5e-5,  1e-15},
      {"glia.ox_phos.rate",          1.61300,    0.5e-5,  1e-15},
      {"glia.kir.conductance",       7.2941,     0.5e-4,  1e-9 },
      {"glia.nkcc1.rate",            0.0352258,  0.5e-7,  1e-15},
  };
  fixture f;

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, 1));
  for (size_t i = 0; i < ION_COUNT(table); i++)
    CHECK_NEAR(fixture_theta(&f, table[i].name)[0] / table[i].si, table[i].value,
               1.01 * table[i].half_unit);
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The table of the resting state is what the solver finds at the defaults. */
static PetscErrorCode resting_state_is_the_steady_state(void)
{
  static const printed table[] = {
      {"neuron.Na", 12,   0, 1},
      {"neuron.K",  140,  0, 1},
      {"neuron.Cl", 6,    0, 1},
      {"neuron.Ca", 1e-4, 0, 1},
      {"glia.Na",   15,   0, 1},
      {"glia.K",    115,  0, 1},
      {"glia.Cl",   35,   0, 1},
      {"ecs.Na",    144,  0, 1},
      {"ecs.K",     3.5,  0, 1},
      {"ecs.Cl",    130,  0, 1},
      {"ecs.Ca",    1.5,  0, 1},
  };
  static const printed metabolites[] = {
      {"ATP", 2.5,  0, 1},
      {"ADP", 0.04, 0, 1},
      {"Pi",  2,    0, 1},
      {"PCr", 5,    0, 1},
      {"Cr",  8,    0, 1}
  };
  fixture f;
  char name[64];

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, 1));
  PetscCall(fixture_solve(&f, supply, PETSC_TRUE));
  CHECK(f.n_state == 19);
  CHECK(f.verdict.status[0] == ION_OK && f.verdict.reached[0] == ION_REACHED_DIRECT);
  for (size_t i = 0; i < ION_COUNT(table); i++)
    CHECK_RELATIVE(fixture_c(&f, table[i].name, 0), table[i].value, 1e-9);
  for (size_t i = 0; i < 2 * ION_COUNT(metabolites); i++) {
    snprintf(name, sizeof name, "%s.%s", i % 2 ? "glia" : "neuron", metabolites[i / 2].name);
    CHECK_RELATIVE(fixture_c(&f, name, 0), metabolites[i / 2].value, 1e-9);
  }
  CHECK_RELATIVE(fixture_V(&f, "neuron", 0), -70e-3, 1e-9);
  CHECK_RELATIVE(fixture_V(&f, "glia", 0), -85e-3, 1e-9);
  CHECK_RELATIVE(fixture_w(&f, "neuron", 0), 2e-15, 1e-9);
  CHECK_RELATIVE(fixture_w(&f, "glia", 0), 1.6e-15, 1e-9);
  CHECK_RELATIVE(fixture_w(&f, "ecs", 0), 0.9e-15, 1e-9);
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A_ATP, W and the ATP budget by their formulas and as printed. */
static PetscErrorCode energy_at_rest(void)
{
  const double RT = ION_GAS_CONSTANT * 310.15, FV = -70e-3 * ION_FARADAY;
  const double A_atp = 30500 - RT * log(0.04e-3 * 2e-3 / 2.5e-3);
  const double W     = 3 * (RT * log(144.0 / 12) - FV) + 2 * (RT * log(140 / 3.5) + FV);
  fixture f;
  double pumps;

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, 1));
  fixture_evaluate(&f, ION_RESIDUAL | ION_AFFINITY);
  CHECK_NEAR(A_atp, 57189, 0.5);
  CHECK_NEAR(W, 45003, 0.5);
  CHECK_RELATIVE(fixture_A(&f, "neuron.atp_use", 0), A_atp, 1e-12);
  CHECK_RELATIVE(fixture_A(&f, "neuron.nka", 0), A_atp - W, 1e-11);
  CHECK_RELATIVE(fixture_A(&f, "neuron.ox_phos", 0), 70e3 - A_atp, 1e-11);
  CHECK_NEAR(fixture_dissipation(&f, 0), 55.0013e-12, 0.51e-16);
  CHECK_NEAR(70e3 * (fixture_J(&f, "neuron.ox_phos", 0) + fixture_J(&f, "glia.ox_phos", 0)),
             55.0013e-12, 0.51e-16);
  pumps = fixture_J(&f, "neuron.nka", 0) + fixture_J(&f, "neuron.pmca", 0);
  CHECK_RELATIVE(pumps / fixture_J(&f, "neuron.ox_phos", 0), 2.0 / 3, 1e-10);
  CHECK_RELATIVE(fixture_J(&f, "neuron.pmca", 0) / fixture_J(&f, "neuron.leak_ca", 0), -0.8, 1e-10);
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* V differs from every Nernst potential, entropy is produced, and yet nothing accumulates. */
static PetscErrorCode rest_is_no_equilibrium(void)
{
  const double RT_F = ion_thermal_voltage(310.15), V = -70e-3;
  fixture f;
  double imbalance;

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, 1));
  fixture_evaluate(&f, ION_RESIDUAL | ION_AFFINITY);
  CHECK(V - RT_F * log(3.5 / 140) > 5e-3);
  CHECK(RT_F * log(144.0 / 12) - V > 50e-3);
  CHECK(V + RT_F * log(130.0 / 6) > 5e-3);
  CHECK(fixture_dissipation(&f, 0) / 310.15 > 0);
  ion_model_imbalance(f.model, &f.work, 1, &imbalance);
  CHECK(imbalance < 1e-12);
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* phi = 0.165, 0.175, ... 1: one stable branch from rest. */
static PetscErrorCode branch_is_stable_above_the_fold(void)
{
  const size_t n = 85;
  fixture f;
  double last = -1;

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, n));
  for (size_t p = 0; p < n; p++)
    fixture_theta(&f, "energy_supply")[p] = 0.1600001 + 0.84 * (double)p / (double)(n - 1);
  PetscCall(fixture_solve(&f, supply, PETSC_TRUE));
  for (size_t p = 0; p < n; p++) {
    CHECK(f.verdict.status[p] == ION_OK && f.verdict.reached[p] != ION_REACHED_DEPARTED);
    CHECK(f.verdict.eigen_re[p] < 0 && f.verdict.eigen_im[p] >= 0);
    if (p) CHECK(fixture_V(&f, "neuron", p) < last); /* more supply, deeper potential */
    last = fixture_V(&f, "neuron", p);
  }
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode branch_ends_at_the_fold(void)
{
  static const double phi[] = {0.158, 0.15880, 0.15885, 0.1590};
  fixture f;

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, ION_COUNT(phi)));
  memcpy(fixture_theta(&f, "energy_supply"), phi, sizeof phi);
  PetscCall(fixture_solve(&f, supply, PETSC_TRUE));
  for (size_t p = 0; p < ION_COUNT(phi); p++) {
    const unsigned char reached = f.verdict.reached[p];

    CHECK(f.verdict.status[p] == ION_OK);
    if (phi[p] < 0.158837) {
      CHECK(reached == ION_REACHED_DEPARTED);
      CHECK(fixture_V(&f, "neuron", p) > -30e-3);
    } else {
      CHECK(reached == ION_REACHED_DIRECT || reached == ION_REACHED_BRANCH);
      CHECK_NEAR(fixture_V(&f, "neuron", p), -58.4e-3, 1e-3);
      CHECK_NEAR(fixture_c(&f, "ecs.K", p), 7.6, 0.3);
      CHECK(f.verdict.eigen_re[p] < 0);
    }
  }
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Value at t of the cubic through four points (Lagrange), and its derivative. */
static double cubic(const double *t, const double *y, double at, double *slope)
{
  double sum = 0;

  *slope = 0;
  for (int i = 0; i < 4; i++) {
    double product = 1, derivative = 0;

    for (int j = 0; j < 4; j++) {
      if (j == i) continue;
      derivative = derivative * (at - t[j]) / (t[i] - t[j]) + product / (t[i] - t[j]);
      product *= (at - t[j]) / (t[i] - t[j]);
    }
    sum += y[i] * product;
    *slope += y[i] * derivative;
  }
  return sum;
}

/* At a fold phi is a smooth function of V with a minimum: states above it locate it. */
static PetscErrorCode extrapolate_fold(double T, const double *phi, double *phi_star,
                                       double *V_star, double *K_star)
{
  static const char *const both[] = {"energy_supply", "temperature", NULL};
  fixture f;
  double V[4], K[4], low, high, slope;

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, 4));
  for (size_t p = 0; p < 4; p++) {
    fixture_theta(&f, "energy_supply")[p] = phi[p];
    fixture_theta(&f, "temperature")[p]   = T;
  }
  PetscCall(fixture_solve(&f, both, PETSC_FALSE));
  for (size_t p = 0; p < 4; p++) {
    CHECK(f.verdict.status[p] == ION_OK && f.verdict.reached[p] != ION_REACHED_DEPARTED);
    V[p] = fixture_V(&f, "neuron", p);
    K[p] = fixture_c(&f, "ecs.K", p);
  }
  low  = V[0];
  high = V[0] + 3e-3;
  for (int i = 0; i < 60; i++) {
    const double middle = 0.5 * (low + high);

    (void)cubic(V, phi, middle, &slope);
    if (slope < 0)
      low = middle;
    else
      high = middle;
  }
  *V_star   = low;
  *phi_star = cubic(V, phi, low, &slope);
  *K_star   = cubic(V, K, low, &slope);
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode fold_is_where_it_was_found(void)
{
  static const double warm[] = {0.15884, 0.15886, 0.15890, 0.15895};
  static const double cold[] = {0.121040, 0.121055, 0.12108, 0.12111};
  double phi, V, K;

  PetscFunctionBegin;
  PetscCall(extrapolate_fold(310.15, warm, &phi, &V, &K));
  CHECK_NEAR(phi, 0.158837, 1e-6);
  CHECK_NEAR(V, -58.39e-3, 0.02e-3);
  CHECK_NEAR(K, 7.593, 2e-3);
  PetscCall(extrapolate_fold(298.15, cold, &phi, &V, &K));
  CHECK_NEAR(phi, 0.121037, 1e-6);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode cold_branch_ends_at_its_own_fold(void)
{
  static const char *const both[] = {"energy_supply", "temperature", NULL};
  fixture f;

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, 2));
  for (size_t p = 0; p < 2; p++) fixture_theta(&f, "temperature")[p] = 298.15;
  fixture_theta(&f, "energy_supply")[0] = 0.1215;
  fixture_theta(&f, "energy_supply")[1] = 0.1205;
  PetscCall(fixture_solve(&f, both, PETSC_FALSE));
  CHECK(f.verdict.status[0] == ION_OK && f.verdict.status[1] == ION_OK);
  CHECK(f.verdict.reached[0] == ION_REACHED_DIRECT || f.verdict.reached[0] == ION_REACHED_BRANCH);
  CHECK(f.verdict.reached[1] == ION_REACHED_DEPARTED);
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode collapsed_state(void)
{
  fixture f;

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, 1));
  fixture_theta(&f, "energy_supply")[0] = 0.05;
  PetscCall(fixture_solve(&f, supply, PETSC_TRUE));
  CHECK(f.verdict.status[0] == ION_OK && f.verdict.reached[0] == ION_REACHED_DEPARTED);
  CHECK(f.verdict.eigen_re[0] < 0);
  CHECK_NEAR(1e3 * fixture_V(&f, "neuron", 0), -10.20, 0.0051);
  CHECK_NEAR(1e3 * fixture_V(&f, "glia", 0), -18.95, 0.0051);
  CHECK_NEAR(fixture_c(&f, "ecs.K", 0), 60.5, 0.051);
  CHECK_NEAR(fixture_c(&f, "neuron.Na", 0), 61.8, 0.051);
  CHECK_NEAR(fixture_c(&f, "neuron.Cl", 0), 27.1, 0.051);
  CHECK_NEAR(1e15 * fixture_w(&f, "ecs", 0), 0.166, 0.00051);
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Q10 and dG0(T) at 30 C; spike_load at 5 Hz. */
static PetscErrorCode off_the_default_point(void)
{
  static const char *const both[] = {"temperature", "neuron.spike_load.firing_rate", NULL};
  fixture f;

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, 2));
  fixture_theta(&f, "temperature")[0]                   = 303.15;
  fixture_theta(&f, "neuron.spike_load.firing_rate")[1] = 5;
  PetscCall(fixture_solve(&f, both, PETSC_FALSE));
  CHECK_RELATIVE(1e3 * fixture_V(&f, "neuron", 0), -65.17866, 1e-6);
  CHECK_RELATIVE(1e3 * fixture_V(&f, "glia", 0), -76.98110, 1e-6);
  CHECK_RELATIVE(fixture_c(&f, "ecs.K", 0), 4.751915, 1e-6);
  CHECK_RELATIVE(1e3 * fixture_V(&f, "neuron", 1), -71.86019, 1e-6);
  CHECK_RELATIVE(fixture_c(&f, "ecs.K", 1), 3.841909, 1e-6);
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* At a steady state creatine kinase is at equilibrium, whatever its rate constant. */
static PetscErrorCode creatine_kinase_does_not_move_the_state(void)
{
  static const char *const vary[] = {"neuron.creatine_kinase.rate_constant",
                                     "glia.creatine_kinase.rate_constant", "energy_supply", NULL};
  static const double factor[]    = {1, 0, 1e-6, 1e3};
  const size_t n                  = ION_COUNT(factor);
  fixture f;

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, 3 * n));
  for (size_t p = 0; p < 3 * n; p++) {
    fixture_theta(&f, vary[0])[p] *= factor[p % n];
    fixture_theta(&f, vary[1])[p] *= factor[(p + p / n) % n];
    fixture_theta(&f, vary[2])[p] = p < n ? 0.6 : p < 2 * n ? 0.17 : 0.05;
  }
  PetscCall(fixture_solve(&f, vary, PETSC_FALSE));
  for (size_t p = 0; p < 3 * n; p++) {
    CHECK(f.verdict.status[p] == ION_OK);
    for (size_t i = 0; i < f.n_state; i++)
      CHECK_NEAR(ion_row(f.x, i)[p], ion_row(f.x, i)[p / n * n], 1e-9);
    CHECK_RELATIVE(fixture_c(&f, "neuron.Cr", p) * fixture_c(&f, "neuron.ATP", p),
                   100 * fixture_c(&f, "neuron.PCr", p) * fixture_c(&f, "neuron.ADP", p), 1e-8);
  }
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const ion_test_case cases[] = {
    {"prefactors_follow_from_the_resting_state", prefactors_follow_from_the_resting_state},
    {"resting_state_is_the_steady_state",        resting_state_is_the_steady_state       },
    {"energy_at_rest",                           energy_at_rest                          },
    {"rest_is_no_equilibrium",                   rest_is_no_equilibrium                  },
    {"branch_is_stable_above_the_fold",          branch_is_stable_above_the_fold         },
    {"branch_ends_at_the_fold",                  branch_ends_at_the_fold                 },
    {"fold_is_where_it_was_found",               fold_is_where_it_was_found              },
    {"cold_branch_ends_at_its_own_fold",         cold_branch_ends_at_its_own_fold        },
    {"collapsed_state",                          collapsed_state                         },
    {"off_the_default_point",                    off_the_default_point                   },
    {"creatine_kinase_does_not_move_the_state",  creatine_kinase_does_not_move_the_state },
};

int main(int argc, char **argv)
{
  return ion_test_main(argc, argv, cases, ION_COUNT(cases));
}
