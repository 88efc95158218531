/* Each rate law against its closed form, and the resting cells of the default model against the
 * prefactors that an independent calculation gave for them. */
#include "ion_test.h"

#include <ion/process.h>

#define MAX 8

static const double T_body = 310.15;

/* One state of one process; V in volt, parameters that are not prefactors in order. */
typedef struct {
  const char *kind;
  size_t n;
  int nu[MAX], z[MAX];
  unsigned char inside[MAX];
  double c[MAX], param[MAX];
  double prefactor, V, A0, A_rest;
} state;

/* A/RT from the definition; the model's own comes from ion_affinity. */
static double affinity(const state *s)
{
  double A = s->A0;

  for (size_t i = 0; i < s->n; i++) {
    const double v = s->inside[i] ? s->V / ion_thermal_voltage(T_body) : 0.0;

    A -= s->nu[i] * (log(s->c[i]) + s->z[i] * v);
  }
  return A;
}

static double rate(const state *s)
{
  const ion_process_kind *kind = ion_process_find(s->kind);
  const double RT_F = ion_thermal_voltage(T_body), v = s->V / RT_F, u = s->z[0] * v;
  const double A = affinity(s), e = exp(-u), w = -expm1(-u);
  const double B = u == 0.0 ? 1.0 : u / w, dB = u == 0.0 ? 0.5 : (1.0 - B * e) / w;
  const double *c[MAX], *param[MAX];
  double J = (double)NAN, dA, dv, unused[MAX], *dlnc[MAX];

  for (size_t i = 0; i < MAX; i++) c[i] = &s->c[i], param[i] = &s->param[i], dlnc[i] = &unused[i];
  kind->rate(
      &(ion_local){
          .n_point    = 1,
          .n_reactant = s->n,
          .nu         = s->nu,
          .z          = s->z,
          .inside     = s->inside,
          .c          = c,
          .A          = &A,
          .A_rest     = s->A_rest,
          .v          = &v,
          .RT_F       = &RT_F,
          .prefactor  = &s->prefactor,
          .param      = param,
          .field      = {&e, &B, &dB}
  },
      &(ion_rate){&J, &dA, &dv, dlnc});
  return J;
}

/* X_in -> X_out */
static state channel(const char *kind, int z, double c_in, double c_out, double V, double prefactor)
{
  return (state){
      .kind      = kind,
      .n         = 2,
      .nu        = {-1,   1    },
      .z         = {z,    z    },
      .inside    = {1,    0    },
      .c         = {c_in, c_out},
      .V         = V,
      .prefactor = prefactor
  };
}

static PetscErrorCode ghk_without_field_is_diffusion(void)
{
  state s = channel("ghk", 1, 12.0, 144.0, 0.0, 3.0);

  PetscFunctionBegin;
  CHECK_RELATIVE(rate(&s), 3.0 * (12.0 - 144.0), 1e-15);
  s = channel("ghk", -1, 6.0, 130.0, 0.0, 3.0);
  CHECK_RELATIVE(rate(&s), 3.0 * (6.0 - 130.0), 1e-15);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* In a strong field only one side contributes: P u c_in outwards, P |u| c_out inwards. */
static PetscErrorCode ghk_in_a_strong_field_is_one_way(void)
{
  const double RT_F = ion_thermal_voltage(T_body);
  state s           = channel("ghk", 2, 5.0, 7.0, 30.0 * RT_F, 3.0);

  PetscFunctionBegin;
  CHECK_RELATIVE(rate(&s), 3.0 * 60.0 * 5.0, 1e-14);
  s.V = -30.0 * RT_F;
  CHECK_RELATIVE(rate(&s), -3.0 * 60.0 * 7.0, 1e-14);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode channels_are_silent_at_the_nernst_potential(void)
{
  static const char *const kinds[] = {"ghk", "ohmic"};

  PetscFunctionBegin;
  for (size_t k = 0; k < ION_COUNT(kinds); k++)
    for (int z = -2; z <= 2; z++) {
      const double V = z ? ion_nernst_potential(T_body, z, 6.0, 130.0) : 0.0;
      const state s  = channel(kinds[k], z ? z : 1, 6.0, 130.0, V, 1.0);

      if (z) CHECK_NEAR(rate(&s), 0.0, 1e-13);
    }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ohmic_is_conductance_times_driving_force(void)
{
  const double V = -70e-3, g = 5e-9;

  PetscFunctionBegin;
  for (int z = -2; z <= 2; z++) {
    const double E = z ? ion_nernst_potential(T_body, z, 12.0, 144.0) : 0.0;
    const state s  = channel("ohmic", z, 12.0, 144.0, V, g);

    if (z) CHECK_RELATIVE(rate(&s), g * (V - E) / (z * ION_FARADAY), 1e-13);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ohmic_kcc2_is_driven_by_two_ions(void)
{
  const double E_K  = ion_nernst_potential(T_body, 1, 122.873, 3.5);
  const double E_Cl = ion_nernst_potential(T_body, -1, 5.163, 119.0), g = 2e-9;
  const state s = {
      .kind      = "ohmic",
      .n         = 4,
      .nu        = {-1,      -1,    1,   1    },
      .z         = {1,       -1,    1,   -1   },
      .inside    = {1,       1,     0,   0    },
      .c         = {122.873, 5.163, 3.5, 119.0},
      .V         = -72e-3,
      .prefactor = g
  };

  PetscFunctionBegin;
  CHECK_RELATIVE(rate(&s), g * (E_Cl - E_K) / ION_FARADAY, 1e-12);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Halnes et al. 2013 as printed, in mV. */
static double kir_current(double V, double E_K, double c_out, double c_ref)
{
  return sqrt(c_out / c_ref) * (1.0 + exp(18.5 / 42.5)) / (1.0 + exp((V - E_K + 18.5) / 42.5)) *
         (1.0 + exp(-(118.6 - 85.2) / 44.1)) / (1.0 + exp(-(118.6 + V) / 44.1)) * (V - E_K);
}

static PetscErrorCode kir41_follows_its_publication(void)
{
  PetscFunctionBegin;
  for (double V = -140.0; V <= 60.0; V += 25.0)
    for (double c_out = 1.0; c_out < 40.0; c_out *= 3.0) {
      const double E_K = 1e3 * ion_nernst_potential(T_body, 1, 115.0, c_out);
      state s          = channel("kir41", 1, 115.0, c_out, 1e-3 * V, 7e-9);

      s.param[0] = 3.5;
      CHECK_RELATIVE(rate(&s) * ION_FARADAY, 7e-9 * 1e-3 * kir_current(V, E_K, c_out, 3.5), 1e-11);
    }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Next to V = E_K = -85.2 mV with c_out = c_ref every factor of the conductance is 1. */
static PetscErrorCode kir41_has_its_conductance_at_reference(void)
{
  const double c_in = 3.5 * exp(85.2e-3 / ion_thermal_voltage(T_body)), step = 1e-7;
  state s = channel("kir41", 1, c_in, 3.5, -85.2e-3 + step, 7e-9);

  PetscFunctionBegin;
  s.param[0] = 3.5;
  CHECK_RELATIVE(rate(&s) * ION_FARADAY, 7e-9 * step, 1e-5);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* S -> P far from equilibrium: half of the largest rate at c = K, (1/2)^3 for three sites, all of
 * it when the sites are full. */
static PetscErrorCode modular_saturates(void)
{
  state s = {
      .kind      = "modular",
      .n         = 2,
      .nu        = {-1,  1    },
      .inside    = {1,   1    },
      .c         = {2.0, 1e-12},
      .param     = {2.0, 3.0  },
      .A0        = 80.0,
      .prefactor = 5.0
  };

  PetscFunctionBegin;
  CHECK_RELATIVE(rate(&s), 2.5, 1e-11);
  s.nu[0] = -3;
  CHECK_RELATIVE(rate(&s), 5.0 / 8.0, 1e-11);
  s.c[0] = 2e12;
  CHECK_RELATIVE(rate(&s), 5.0, 1e-11);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Filled with product, S -> P runs backwards at v K_P/(K_S K_eq): the Haldane relation. */
static PetscErrorCode modular_backward_rate_obeys_haldane(void)
{
  const double K_eq = 0.25;
  const state s     = {
          .kind      = "modular",
          .n         = 2,
          .nu        = {-1,   1   },
          .inside    = {1,    1   },
          .c         = {1e-9, 3e12},
          .param     = {2.0,  3.0 },
          .A0        = log(K_eq),
          .prefactor = 5.0
  };

  PetscFunctionBegin;
  CHECK_RELATIVE(rate(&s), -5.0 * 3.0 / (2.0 * K_eq), 1e-11);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode spike_load_at_rest_is_what_it_is_given(void)
{
  state s = {
      .kind      = "spike_load",
      .n         = 4,
      .nu        = {-1,    -1,    1,    1  },
      .z         = {1,     1,     1,    1  },
      .inside    = {0,     1,     1,    0  },
      .c         = {144.0, 140.0, 12.0, 3.5},
      .V         = -70e-3,
      .prefactor = 5.0 * 3e-8 * 2e-9
  };

  PetscFunctionBegin;
  s.A_rest = log(144.0 * 140.0 / (12.0 * 3.5));
  CHECK_RELATIVE(rate(&s), 5.0 * 3e-8 * 2e-9, 1e-14);
  s.V = 30e-3;
  CHECK_RELATIVE(rate(&s), 5.0 * 3e-8 * 2e-9, 1e-14);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode mass_action_counts_molecules(void)
{
  state s = {
      .kind      = "mass_action",
      .n         = 4,
      .nu        = {-1, -1, 1, 1},
      .inside    = {1, 1, 1, 1},
      .c         = {5.0,  0.04, 8.0, 2.5},
      .param     = {100.0},
      .prefactor = 8.0
  };

  PetscFunctionBegin;
  CHECK_NEAR(rate(&s), 0.0, 1e-15); /* creatine kinase at rest: K_eq = 8 * 2.5/(5 * 0.04) */
  s.c[2] = 4.0;
  CHECK_RELATIVE(rate(&s), 8.0 * (5.0 * 0.04 - 4.0 * 2.5 / 100.0), 1e-14);
  s = (state){
      .kind = "mass_action", .n = 2, .nu = {2,   -2 },
              .inside = {1,   1  },
              .c = {3.0, 2.0}
  };
  s.param[0] = 9.0, s.prefactor = 1.0;
  CHECK_RELATIVE(rate(&s), 4.0 - 1.0, 1e-14);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode water_and_linear_are_proportional(void)
{
  const state water  = {.kind = "water", .A0 = -20.0, .prefactor = 2e-18};
  const state linear = {.kind = "linear", .A0 = 1.5, .prefactor = 4.0};

  PetscFunctionBegin;
  CHECK_RELATIVE(rate(&water), -4e-17, 1e-15);
  CHECK_RELATIVE(rate(&linear), 6.0, 1e-15);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Duesterwald et al. 2018, default cell: p = 0.1 A/dm^2 and Na 14.0017 of 145 mM give
 * J_p = 9.00400e-5 A/dm^2; J counts cycles, one charge each. */
static PetscErrorCode cubic_pump_of_the_published_cell(void)
{
  const state s = {
      .kind      = "cubic_pump",
      .n         = 4,
      .nu        = {-3,      -2,  3,     2      },
      .z         = {1,       1,   1,     1      },
      .inside    = {1,       0,   0,     1      },
      .c         = {14.0017, 3.5, 145.0, 122.877},
      .prefactor = 0.1
  };

  PetscFunctionBegin;
  CHECK_RELATIVE(rate(&s) * ION_FARADAY, 9.00400e-5, 2e-5);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The published cells of irreversible pumps, 3 Na_in + 2 K_out -> 3 Na_out + 2 K_in. */
static state pump(const char *kind, double Na_in, double K_out, double current)
{
  return (state){
      .kind      = kind,
      .n         = 4,
      .nu        = {-3,    -2,    3,     2    },
      .z         = {1,     1,     1,     1    },
      .inside    = {1,     0,     0,     1    },
      .c         = {Na_in, K_out, 140.0, 130.0},
      .prefactor = current
  };
}

/* Huebel and Dahlem 2014: I_max = 6.8 uA/cm^2 gives 0.64597 at rest and 6.79986 in the depolarised
 * state. */
static PetscErrorCode sigmoid_pump_of_the_published_cell(void)
{
  const double param[] = {25.0, 3.0, 5.5, 1.0};
  state rest           = pump("sigmoid_pump", 25.22910, 4.00388, 6.8);
  state starved        = pump("sigmoid_pump", 57.36767, 44.82565, 6.8);

  PetscFunctionBegin;
  memcpy(rest.param, param, sizeof param);
  memcpy(starved.param, param, sizeof param);
  CHECK_NEAR(rate(&rest) * ION_FARADAY, 0.64597, 1.1e-5);
  CHECK_NEAR(rate(&starved) * ION_FARADAY, 6.79986, 1.1e-5);
  rest.c[0] = 25.0; /* both at half */
  rest.c[1] = 5.5;
  CHECK_RELATIVE(rate(&rest) * ION_FARADAY, 6.8 / 4, 1e-14);
  rest.c[0] = 28.0; /* a slope above half */
  rest.c[1] = 4.5;  /* a slope below */
  CHECK_RELATIVE(rate(&rest) * ION_FARADAY, 6.8 / (1 + exp(-1)) / (1 + exp(1)), 1e-14);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Dijkstra et al. 2016: 54.5 pA at most, 26.10552 pA at Na 10.03398 mM, whatever the potassium. */
static PetscErrorCode hill_pump_of_the_published_cell(void)
{
  const double param[] = {0.62, 6.7, 67.6};
  state s              = pump("hill_pump", 10.03398, 3.0, 54.5);

  PetscFunctionBegin;
  memcpy(s.param, param, sizeof param);
  CHECK_NEAR(rate(&s) * ION_FARADAY, 26.10552, 1.1e-5);
  s.c[1] = 60.0;
  CHECK_NEAR(rate(&s) * ION_FARADAY, 26.10552, 1.1e-5);
  s.c[0] = 1e9;
  CHECK_RELATIVE(rate(&s) * ION_FARADAY, 54.5, 1e-14);
  s.c[0]     = 67.6; /* the loose sites at half */
  s.param[0] = 1e-12;
  CHECK_RELATIVE(rate(&s) * ION_FARADAY, 54.5 / 2, 1e-11);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- resting cells of the default model; pL/s and mM give fmol/s ---- */

static double leak(double P, int z, double c_in, double c_out, double V)
{
  const state s = channel("ghk", z, c_in, c_out, V, P);

  return rate(&s);
}

/* A cell at rest: Na_in, K_in, V; ecs and metabolites are the same for both. */
static double nka(double v, double Na, double K, double V)
{
  const state s = {
      .kind      = "modular",
      .n         = 7,
      .nu        = {-3,   -2,  -1,  3,     2,     1,    1   },
      .z         = {1,    1,   0,   1,     1,     0,    0   },
      .inside    = {1,    0,   1,   0,     1,     1,    1   },
      .c         = {Na,   3.5, 2.5, 144.0, K,     0.04, 2.0 },
      .param     = {12.0, 1.5, 0.3, 130.0, 140.0, 1.0,  10.0},
      .V         = V,
      .A0        = 30.5e3 / (ION_GAS_CONSTANT * T_body) + log(1e3),
      .prefactor = v
  };

  return rate(&s);
}

static double pmca(double v)
{
  const state s = {
      .kind      = "modular",
      .n         = 5,
      .nu        = {-1,   -1,  1,   1,    1   },
      .z         = {2,    0,   2,   0,    0   },
      .inside    = {1,    1,   0,   1,    1   },
      .c         = {1e-4, 2.5, 1.5, 0.04, 2.0 },
      .param     = {2e-4, 0.3, 5.0, 1.0,  10.0},
      .V         = -70e-3,
      .A0        = 30.5e3 / (ION_GAS_CONSTANT * T_body) + log(1e3),
      .prefactor = v
  };

  return rate(&s);
}

static double ncx(double v)
{
  const state s = {
      .kind      = "modular",
      .n         = 4,
      .nu        = {-3,    -1,     3,    1   },
      .z         = {1,     2,      1,    2   },
      .inside    = {0,     1,      1,    0   },
      .c         = {144.0, 1e-4,   12.0, 1.5 },
      .param     = {87.5,  3.6e-3, 12.3, 1.38},
      .V         = -70e-3,
      .prefactor = v
  };

  return rate(&s);
}

static double atp_use(double v)
{
  const state s = {
      .kind      = "modular",
      .n         = 3,
      .nu        = {-1,  1,    1   },
      .inside    = {1,   1,    1   },
      .c         = {2.5, 0.04, 2.0 },
      .param     = {0.5, 1.0,  10.0},
      .A0        = 30.5e3 / (ION_GAS_CONSTANT * T_body) + log(1e3),
      .prefactor = v
  };

  return rate(&s);
}

/* fuel + ADP + Pi -> ATP: the fuel is no reactant, its 70 kJ/mol is part of A0 */
static double ox_phos(double v)
{
  const state s = {
      .kind      = "modular",
      .n         = 3,
      .nu        = {-1,   -1,  1  },
      .inside    = {1,    1,   1  },
      .c         = {0.04, 2.0, 2.5},
      .param     = {0.08, 0.6, 5.0},
      .A0        = (70e3 - 30.5e3) / (ION_GAS_CONSTANT * T_body) - log(1e3),
      .prefactor = v
  };

  return rate(&s);
}

static PetscErrorCode calcium_of_the_resting_neuron_balances(void)
{
  const double entry = -leak(1e-6, 2, 1e-4, 1.5, -70e-3);

  PetscFunctionBegin;
  CHECK_RELATIVE(pmca(2.21918e-5), 0.8 * entry, 1e-5);
  CHECK_RELATIVE(ncx(1.18502e-3), 0.2 * entry, 1e-5);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode resting_energy_budgets_close(void)
{
  const double neuron = nka(5.24747, 12.0, 140.0, -70e-3) + pmca(2.21918e-5);
  const double glia   = nka(3.51646, 15.0, 115.0, -85e-3);

  PetscFunctionBegin;
  CHECK_RELATIVE(atp_use(0.168428), 0.5 * neuron, 1e-5);
  CHECK_RELATIVE(ox_phos(1.71020), 1.5 * neuron, 1e-5);
  CHECK_RELATIVE(atp_use(0.158856), 0.5 * glia, 1e-5);
  CHECK_RELATIVE(ox_phos(1.61300), 1.5 * glia, 1e-5);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ions_of_the_resting_astrocyte_balance(void)
{
  const double V = -85e-3, pump = nka(3.51646, 15.0, 115.0, V);
  const double nkcc1 = 0.0352258 * log(144.0 * 3.5 * 130.0 * 130.0 / (15.0 * 115.0 * 35.0 * 35.0));
  state kir          = channel("kir41", 1, 115.0, 3.5, V, 7.2941e-9);

  PetscFunctionBegin;
  kir.param[0] = 3.5;
  CHECK_RELATIVE(3.0 * pump - nkcc1, -leak(1.5e-3, 1, 15.0, 144.0, V), 1e-5);
  CHECK_RELATIVE(2.0 * pump + nkcc1, 1e15 * rate(&kir), 1e-5);
  CHECK_RELATIVE(2.0 * nkcc1, leak(1.0e-3, -1, 35.0, 130.0, V), 1e-5);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const ion_test_case cases[] = {
    {"ghk_without_field_is_diffusion",              ghk_without_field_is_diffusion             },
    {"ghk_in_a_strong_field_is_one_way",            ghk_in_a_strong_field_is_one_way           },
    {"channels_are_silent_at_the_nernst_potential", channels_are_silent_at_the_nernst_potential},
    {"ohmic_is_conductance_times_driving_force",    ohmic_is_conductance_times_driving_force   },
    {"ohmic_kcc2_is_driven_by_two_ions",            ohmic_kcc2_is_driven_by_two_ions           },
    {"kir41_follows_its_publication",               kir41_follows_its_publication              },
    {"kir41_has_its_conductance_at_reference",      kir41_has_its_conductance_at_reference     },
    {"modular_saturates",                           modular_saturates                          },
    {"modular_backward_rate_obeys_haldane",         modular_backward_rate_obeys_haldane        },
    {"spike_load_at_rest_is_what_it_is_given",      spike_load_at_rest_is_what_it_is_given     },
    {"mass_action_counts_molecules",                mass_action_counts_molecules               },
    {"water_and_linear_are_proportional",           water_and_linear_are_proportional          },
    {"cubic_pump_of_the_published_cell",            cubic_pump_of_the_published_cell           },
    {"sigmoid_pump_of_the_published_cell",          sigmoid_pump_of_the_published_cell         },
    {"hill_pump_of_the_published_cell",             hill_pump_of_the_published_cell            },
    {"calcium_of_the_resting_neuron_balances",      calcium_of_the_resting_neuron_balances     },
    {"resting_energy_budgets_close",                resting_energy_budgets_close               },
    {"ions_of_the_resting_astrocyte_balance",       ions_of_the_resting_astrocyte_balance      },
};

int main(int argc, char **argv)
{
  return ion_test_main(argc, argv, cases, ION_COUNT(cases));
}
