/* The pump-leak model of Duesterwald et al. 2018: its published numbers and its exact steady state. */
#include "model_fixture.h"

#define RHO 26.725e-3 /* RT/F, V */

static const char *const vary[] = {"neuron.pump.current", "neuron.kcc2.conductance",
                                   "neuron.impermeant.valence", "pump_strength", NULL};

/* Pump and KCC2 in A/dm^2 and S/dm^2; what is found, in mV, mM and A/dm^2. */
typedef struct {
  double pump, g_KCC, z, V, Na, K, Cl, X, E_Cl, J_p;
} published;

/* J_p of the model: one turn of its process carries the current of one charge, F J = J_p area. */
static double pump_current(const fixture *f, size_t p)
{
  const double area = 2 * sqrt(PETSC_PI * fixture_w(f, "neuron", p) * 25e-6);

  return 1e-2 * ION_FARADAY * fixture_J(f, "neuron.pump", p) / area;
}

static double impermeant(const fixture *f, size_t p)
{
  return 297 - fixture_c(f, "neuron.Na", p) - fixture_c(f, "neuron.K", p) -
         fixture_c(f, "neuron.Cl", p);
}

static double reversal_cl(const fixture *f, size_t p)
{
  return -RHO * log(119 / fixture_c(f, "neuron.Cl", p));
}

static PetscErrorCode published_table(void)
{
  static const published table[] = {
      {1e-1, 2e-3, -0.85, -72.5887, 14.0017, 122.877, 5.16470, 154.957, -83.8437, 9.00400e-5},
      {1e-2, 2e-3, -0.85, -72.4202, 28.6538, 108.253, 5.51986, 154.573, -82.0663, 7.71689e-5},
      {1e-4, 2e-3, -0.85, -49.5417, 105.640, 32.0811, 15.5567, 143.722, -54.3755, 3.86703e-5},
      {1e-1, 0,    -0.85, -69.9290, 13.9150, 123.249, 8.69294, 151.143, -69.9290, 8.83775e-5},
      {1e-1, 1e-3, -0.85, -71.7659, 13.9749, 122.976, 6.06468, 153.984, -79.5507, 8.95255e-5},
      {1e-1, 8e-3, -0.85, -73.9331, 14.0451, 122.737, 3.97495, 156.243, -90.8412, 9.08810e-5},
      {1e-1, 2e-3, -0.50, -64.7702, 13.7439, 87.6160, 7.07971, 188.560, -75.4150, 8.51586e-5},
      {1e-1, 2e-3, -1.00, -74.6657, 14.0687, 134.431, 4.74956, 143.750, -86.0831, 9.13395e-5},
  };
  fixture f;

  PetscFunctionBegin;
  PetscCall(fixture_open(&f, "dusterwald2018"));
  PetscCall(fixture_setup(&f, ION_COUNT(table)));
  for (size_t p = 0; p < ION_COUNT(table); p++) {
    fixture_theta(&f, vary[0])[p] = 100 * table[p].pump;
    fixture_theta(&f, vary[1])[p] = 100 * table[p].g_KCC;
    fixture_theta(&f, vary[2])[p] = table[p].z;
  }
  PetscCall(fixture_solve(&f, vary, PETSC_TRUE));
  for (size_t p = 0; p < ION_COUNT(table); p++) {
    const published *e = &table[p];

    CHECK(f.verdict.status[p] == ION_OK);
    CHECK_RELATIVE(1e3 * fixture_V(&f, "neuron", p), e->V, 1e-5);
    CHECK_RELATIVE(fixture_c(&f, "neuron.Na", p), e->Na, 1e-5);
    CHECK_RELATIVE(fixture_c(&f, "neuron.K", p), e->K, 1e-5);
    CHECK_RELATIVE(fixture_c(&f, "neuron.Cl", p), e->Cl, 1e-5);
    CHECK_RELATIVE(impermeant(&f, p), e->X, 1e-5);
    CHECK_RELATIVE(1e3 * reversal_cl(&f, p), e->E_Cl, 1e-5);
    CHECK_RELATIVE(pump_current(&f, p), e->J_p, 1e-5);
    CHECK(f.verdict.eigen_re[p] < 0);
  }
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The published form of the steady state, parametric in the pump current J_p. */
static void exact(double J_p, double g_KCC, double z, published *e)
{
  const double g_Na = 2e-3, g_K = 7e-3, g_Cl = 2e-3, Pi = 297;
  const double b    = g_K * g_Cl + g_KCC * g_K + g_Cl * g_KCC;
  const double A_Na = 145 * exp(-3 * J_p / (RHO * g_Na));
  const double A_K  = 3.5 * exp(2 * J_p * (g_Cl + g_KCC) / (RHO * b));
  const double c = 119 * exp(-2 * J_p * g_KCC / (RHO * b)), a = A_Na + A_K;
  const double theta =
      z == -1 ? Pi / (2 * a)
              : (-z * Pi + sqrt(z * z * Pi * Pi + 4 * (1 - z * z) * a * c)) / (2 * (1 - z) * a);

  *e = (published){.pump  = J_p * pow(145 / (A_Na * theta), 3),
                   .g_KCC = g_KCC,
                   .z     = z,
                   .V     = -RHO * log(theta),
                   .Na    = A_Na * theta,
                   .K     = A_K * theta,
                   .Cl    = c / theta};
}

static PetscErrorCode exact_steady_state(void)
{
  const size_t n = 64;
  published e[64];
  fixture f;

  PetscFunctionBegin;
  PetscCall(fixture_open(&f, "dusterwald2018"));
  PetscCall(fixture_setup(&f, n));
  for (size_t p = 0; p < n; p++) {
    exact(4e-5 + 5e-5 * ion_random_uniform(3, p, 0), 8e-3 * ion_random_uniform(3, p, 1),
          -1.3 + 0.8 * ion_random_uniform(3, p, 2), &e[p]);
    fixture_theta(&f, vary[0])[p] = 100 * e[p].pump;
    fixture_theta(&f, vary[1])[p] = 100 * e[p].g_KCC;
    fixture_theta(&f, vary[2])[p] = e[p].z;
  }
  PetscCall(fixture_solve(&f, vary, PETSC_FALSE));
  for (size_t p = 0; p < n; p++) { /* RT/F of 310.1307 K is 26.725 mV to 1e-7 */
    CHECK(f.verdict.status[p] == ION_OK);
    CHECK_RELATIVE(fixture_V(&f, "neuron", p), e[p].V, 3e-6);
    CHECK_RELATIVE(fixture_c(&f, "neuron.Na", p), e[p].Na, 3e-6);
    CHECK_RELATIVE(fixture_c(&f, "neuron.K", p), e[p].K, 3e-6);
    CHECK_RELATIVE(fixture_c(&f, "neuron.Cl", p), e[p].Cl, 3e-6);
  }
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Mori 2012 (Physica D): models of this class have one steady state, and no fold, however weak the
 * pump. */
static PetscErrorCode no_fold_as_the_pump_weakens(void)
{
  const size_t n = 60;
  fixture f;

  PetscFunctionBegin;
  PetscCall(fixture_open(&f, "dusterwald2018"));
  PetscCall(fixture_setup(&f, n));
  for (size_t p = 0; p < n; p++)
    fixture_theta(&f, "pump_strength")[p] = pow(10, -3.0 * (double)p / (double)(n - 1));
  PetscCall(fixture_solve(&f, vary, PETSC_TRUE));
  for (size_t p = 0; p < n; p++) {
    CHECK(f.verdict.status[p] == ION_OK);
    CHECK(f.verdict.reached[p] == ION_REACHED_DIRECT || f.verdict.reached[p] == ION_REACHED_BRANCH);
    CHECK(f.verdict.eigen_re[p] < 0);
  }
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* At a steady state nothing enters from the baths: what the channels dissipate is what the irreversible
 * pump, which burns nothing, has to find; its own J A is the negative one. */
static PetscErrorCode flagged_pump_pays_for_the_channels(void)
{
  fixture f;

  PetscFunctionBegin;
  PetscCall(fixture_open(&f, "dusterwald2018"));
  PetscCall(fixture_setup(&f, 1));
  PetscCall(fixture_solve(&f, vary, PETSC_FALSE));
  for (size_t r = 0; r < f.net->n_process; r++) {
    const double JA      = ion_row(f.work.J, r)[0] * ion_row(f.work.A, r)[0];
    const PetscBool pump = (PetscBool)!strcmp(f.net->process[r].name, "neuron.pump");

    CHECK(pump == (PetscBool)((f.net->process[r].kind->flags & ION_NOT_THERMODYNAMIC) != 0));
    if (strcmp(f.net->process[r].name, "neuron.water")) CHECK(pump ? JA < 0 : JA > 0);
  }
  CHECK_NEAR(fixture_dissipation(&f, 0), 0,
             1e-9 * fabs(fixture_J(&f, "neuron.pump", 0) * fixture_A(&f, "neuron.pump", 0)));
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const ion_test_case cases[] = {
    {"published_table",                    published_table                   },
    {"exact_steady_state",                 exact_steady_state                },
    {"no_fold_as_the_pump_weakens",        no_fold_as_the_pump_weakens       },
    {"flagged_pump_pays_for_the_channels", flagged_pump_pays_for_the_channels},
};

int main(int argc, char **argv)
{
  return ion_test_main(argc, argv, cases, ION_COUNT(cases));
}
