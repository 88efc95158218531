/* The models of Huebel and Dahlem 2014 and of Dijkstra et al. 2016: fixed points, eigenvalues, and the folds and
 * Hopf points at which the pump becomes too weak. Expected numbers come from implementations of the published
 * equations that share nothing with this program. */
#include "branch_fixture.h"

static const char *const strength[] = {"pump_strength", NULL};

/* ---- Huebel and Dahlem 2014 ---- */

#define T_HUBEL 309.1444

typedef struct {
  double V, n, K_i, Na_i, Cl_i, K_e, Na_e, Cl_e, I_p; /* mV, 1, mM, uA/cm^2 */
  double eigenvalue[4];                               /* 1/s */
} fixed_point;

static const fixed_point rest = {
    -67.19388, 0.06940732, 129.25635, 25.22910, 9.896556,
    4.00388,   125.31271,  123.28265, 0.64597,  {-3.25346e-3, -0.214815, -91.992, -529.303}
};
static const fixed_point starved = {
    -23.11150, 0.6302914, 115.64909, 57.36767, 28.42788,
    44.82565,  28.89698,  67.68868,  6.79986,  {-2.91357e-3, -0.590358, -1038.79, -8331.31}
};

static void guess(fixture *f, const fixed_point *e)
{
  static const char *const name[] = {"neuron.K", "neuron.Na", "neuron.Cl",
                                     "ecs.K",    "ecs.Na",    "ecs.Cl"};
  const double c[]                = {e->K_i, e->Na_i, e->Cl_i, e->K_e, e->Na_e, e->Cl_e};
  const size_t x_V = (size_t)f->net->compartment[fixture_compartment(f, "neuron")].x_V;

  for (size_t p = 0; p < f->n_point; p++) {
    for (size_t k = 0; k < ION_COUNT(name); k++)
      ion_row(f->x, (size_t)f->net->pool[fixture_pool(f, name[k])].x)[p] = log(c[k]);
    ion_row(f->x, x_V)[p] = 1e-3 * e->V / ion_thermal_voltage(T_HUBEL);
  }
}

/* Pump current of one charge a turn, uA/cm^2, on 922 um^2. */
static double pump_density(const fixture *f)
{
  return 100 * ION_FARADAY * fixture_J(f, "neuron.pump", 0) / 922e-12;
}

static PetscErrorCode compare(fixture *f, const fixed_point *e)
{
  double re[MOST], im[MOST];
  size_t n;

  PetscFunctionBegin;
  CHECK_RELATIVE(1e3 * fixture_V(f, "neuron", 0), e->V, 1e-6);
  CHECK_RELATIVE(ion_row(f->work.gate, 0)[0], e->n, 1e-6);
  CHECK_RELATIVE(fixture_c(f, "neuron.K", 0), e->K_i, 1e-6);
  CHECK_RELATIVE(fixture_c(f, "neuron.Na", 0), e->Na_i, 1e-6);
  CHECK_RELATIVE(fixture_c(f, "neuron.Cl", 0), e->Cl_i, 1e-6);
  CHECK_RELATIVE(fixture_c(f, "ecs.K", 0), e->K_e, 2e-6);
  CHECK_RELATIVE(fixture_c(f, "ecs.Na", 0), e->Na_e, 1e-6);
  CHECK_RELATIVE(fixture_c(f, "ecs.Cl", 0), e->Cl_e, 1e-6);
  CHECK_RELATIVE(pump_density(f), e->I_p, 1e-5);
  PetscCall(spectrum(f, 0, &n, re, im));
  CHECK(n ==
        4); /* V, n and two amounts: the composition is electroneutral, three totals are kept */
  for (size_t i = 0; i < n && n == 4; i++) {
    CHECK_RELATIVE(re[i], e->eigenvalue[i], 1e-5);
    CHECK(im[i] == 0);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode hubel_rest(void)
{
  fixture f;

  PetscFunctionBegin;
  PetscCall(fixture_open(&f, "hubel2014"));
  PetscCall(fixture_setup(&f, 1));
  PetscCall(fixture_solve(&f, strength, PETSC_TRUE));
  CHECK(f.verdict.status[0] == ION_OK && f.verdict.reached[0] == ION_REACHED_DIRECT);
  PetscCall(compare(&f, &rest));
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* At the same pump rate. */
static PetscErrorCode hubel_depolarised_state_coexists(void)
{
  SNESConvergedReason reason;
  fixture f;

  PetscFunctionBegin;
  PetscCall(fixture_open(&f, "hubel2014"));
  PetscCall(fixture_setup(&f, 1));
  guess(&f, &starved);
  PetscCall(solve_from(&f, &reason));
  CHECK(reason > 0);
  PetscCall(compare(&f, &starved));
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Without a pump all ions are at equilibrium: r = K_e/K_i = Na_e/Na_i = Cl_i/Cl_e. The totals, in mM of a neuron
 * three times the size of the space outside, give every concentration by r, and electroneutrality gives r. */
static double ratio_without_a_pump(void)
{
  const double K = 4.0 + 3 * 129.25764, Na = 125.30555 + 3 * 25.231485,
               Cl = 123.2716 + 3 * 9.900239;
  double low = 0.1, high = 1;

  while (high - low > 1e-15) {
    const double r = 0.5 * (low + high);
    const double open =
        (K + Na) / (3 + r) - Cl * r / (1 + 3 * r) - (25.231485 + 129.25764 - 9.900239);

    *(open > 0 ? &low : &high) = r;
  }
  return low;
}

/* Short of pump the rest is gone, and relaxation from it ends on the depolarised branch. */
static PetscErrorCode hubel_collapses_onto_the_depolarised_branch(void)
{
  const double r = ratio_without_a_pump();
  fixture f;

  PetscFunctionBegin;
  PetscCall(fixture_open(&f, "hubel2014"));
  PetscCall(fixture_setup(&f, 3));
  fixture_theta(&f, "pump_strength")[0] = 0;
  fixture_theta(&f, "pump_strength")[1] = 0.05;
  fixture_theta(&f, "pump_strength")[2] = 0.15;
  PetscCall(fixture_solve(&f, strength, PETSC_TRUE));
  for (size_t p = 0; p < 3; p++) {
    CHECK(f.verdict.status[p] == ION_OK && f.verdict.reached[p] == ION_REACHED_DEPARTED);
    CHECK(f.verdict.eigen_re[p] < 0);
    CHECK_NEAR(fixture_c(&f, "neuron.Na", p) + fixture_c(&f, "neuron.K", p) -
                   fixture_c(&f, "neuron.Cl", p),
               25.231485 + 129.25764 - 9.900239, 1e-9); /* electroneutral whatever V is */
  }
  CHECK_RELATIVE(fixture_V(&f, "neuron", 0), ion_thermal_voltage(T_HUBEL) * log(r), 1e-8);
  CHECK_RELATIVE(fixture_c(&f, "neuron.K", 0), 391.77292 / (3 + r), 1e-8);
  CHECK_RELATIVE(fixture_c(&f, "neuron.Cl", 0), 152.972317 * r / (1 + 3 * r), 1e-8);
  CHECK_NEAR(26.64 * log(r), -22.868, 6e-4); /* as printed */
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The capacitance is no part of the steady state. The two fast eigenvalues add up to g/C and the rate of n. */
static PetscErrorCode hubel_capacitance_sets_the_pace_of_the_potential(void)
{
  double re[MOST], im[MOST], V[2], slow[2], fast[2];
  size_t n;

  PetscFunctionBegin;
  for (int k = 0; k < 2; k++) {
    fixture f;

    PetscCall(fixture_open(&f, "hubel2014"));
    if (k) PetscCall(fixture_set(&f, "neuron.capacitance", 0.1 * 9.22e-12));
    PetscCall(fixture_setup(&f, 1));
    PetscCall(fixture_solve(&f, strength, PETSC_FALSE));
    V[k] = fixture_V(&f, "neuron", 0);
    PetscCall(spectrum(&f, 0, &n, re, im));
    CHECK(n == 4);
    slow[k] = re[0];
    fast[k] = -re[2] - re[3] - ion_row(f.work.gate, 2)[0];
    PetscCall(fixture_destroy(&f));
  }
  CHECK_RELATIVE(V[1], V[0], 1e-12);
  CHECK_RELATIVE(fast[1], 10 * fast[0], 1e-2);
  CHECK_RELATIVE(slow[1], slow[0], 1e-4);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* All rates are per area and the volumes are fixed: area is a factor of time, and of nothing else. */
static PetscErrorCode hubel_area_is_a_factor_of_time(void)
{
  fixture f;

  PetscFunctionBegin;
  PetscCall(fixture_open(&f, "hubel2014"));
  PetscCall(fixture_setup(&f, 2));
  fixture_theta(&f, "neuron.membrane.area")[1] *= 3;
  fixture_theta(&f, "neuron.capacitance")[1] *= 3;
  PetscCall(fixture_solve(
      &f, (const char *const[]){"neuron.membrane.area", "neuron.capacitance", NULL}, PETSC_TRUE));
  CHECK_RELATIVE(fixture_V(&f, "neuron", 1), fixture_V(&f, "neuron", 0), 1e-9);
  CHECK_RELATIVE(fixture_J(&f, "neuron.pump", 1), 3 * fixture_J(&f, "neuron.pump", 0), 1e-9);
  CHECK_RELATIVE(f.verdict.eigen_re[1], 3 * f.verdict.eigen_re[0], 1e-4);
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* I_max = 1.064845 of 6.8 uA/cm^2 at the fold, 1.067242 at the Hopf point before it. */
static PetscErrorCode hubel_fold_and_hopf_point(void)
{
  double V = NAN, p = NAN, omega = NAN;
  fixture f;

  PetscFunctionBegin;
  PetscCall(open_branch(&f, "hubel2014"));
  for (double at = -67e-3; at < -58e-3; at += 1e-3) PetscCall(at_potential(&f, at, T_HUBEL, &p));
  PetscCall(find_fold(&f, -57.5e-3, -56e-3, T_HUBEL, &V, &p));
  CHECK_RELATIVE(6.8 * p, 1.064845, 1e-6);
  CHECK_RELATIVE(1e3 * V, -56.5574, 2e-6);
  PetscCall(find_crossing(&f, -57.5e-3, V, T_HUBEL, &p, &V, &omega));
  CHECK_RELATIVE(6.8 * p, 1.067242, 1e-6);
  CHECK_RELATIVE(1e3 * V, -56.8783, 2e-6);
  CHECK(omega > 1e-3);
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The charge row takes the place of the balance of Na+, so that one may not follow from a total. */
static PetscErrorCode hubel_ecs_first_is_refused(void)
{
  char path[1024], *text, *moved;
  const char *neuron, *ecs, *processes;
  size_t length;
  fixture f;

  PetscFunctionBegin;
  snprintf(path, sizeof path, "%s/sweeps/models/hubel2014.yaml", ION_SOURCE_DIR);
  PetscCall(ion_text_read((ion_place){path, 1, 1}, path, 1 << 20, &text, &length));
  PetscCall(PetscCalloc1(length + 1, &moved));
  neuron    = strstr(text, "\n  neuron:\n");
  ecs       = strstr(text, "\n  ecs:\n");
  processes = strstr(text, "\n\nprocesses:\n");
  PetscCheck(neuron && ecs && processes && neuron < ecs, PETSC_COMM_SELF, PETSC_ERR_PLIB,
             "sections moved");
  snprintf(moved, length + 1, "%.*s%.*s%.*s%s", (int)(neuron - text), text, (int)(processes - ecs),
           ecs, (int)(ecs - neuron), neuron, processes);
  PetscCall(fixture_parse(&f, moved));
  CHECK_RAISES(PETSC_ERR_USER_INPUT, ion_model_setup(f.model));
  CHECK_SAID("neuron.Na");
  CHECK_SAID("list 'neuron' before what is outside it");
  PetscCall(fixture_destroy(&f));
  PetscCall(PetscFree(moved));
  PetscCall(PetscFree(text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Dijkstra et al. 2016 ---- */

#define T_DIJKSTRA 310.0

/* Current outwards, pA. */
static double current(const fixture *f, const char *process, double z, size_t p)
{
  return 1e12 * z * ION_FARADAY * fixture_J(f, process, p);
}

static PetscErrorCode dijkstra_rest(void)
{
  fixture f;

  PetscFunctionBegin;
  PetscCall(fixture_open(&f, "dijkstra2016"));
  PetscCall(fixture_setup(&f, 1));
  PetscCall(fixture_solve(&f, strength, PETSC_FALSE));
  CHECK(f.verdict.status[0] == ION_OK && f.verdict.reached[0] == ION_REACHED_DIRECT);
  CHECK_RELATIVE(1e3 * fixture_V(&f, "neuron", 0), -65.49373, 1e-6);
  CHECK_RELATIVE(fixture_c(&f, "neuron.Na", 0), 10.03398, 1e-6);
  CHECK_RELATIVE(fixture_c(&f, "neuron.K", 0), 144.96263, 1e-6);
  CHECK_RELATIVE(fixture_c(&f, "neuron.Cl", 0), 7.00796, 1e-6);
  CHECK_RELATIVE(1e15 * fixture_w(&f, "neuron", 0), 2.00006, 1e-6);
  CHECK_RELATIVE(current(&f, "neuron.pump", 1, 0), 26.10552, 1e-6);
  CHECK_RELATIVE(current(&f, "neuron.kcc2", 1, 0), 3.08145, 2e-6);
  CHECK_RELATIVE(current(&f, "neuron.leak_na", 1, 0), -78.24336, 1e-6);
  CHECK_RELATIVE(current(&f, "neuron.leak_k", 1, 0), 49.12091, 1e-6);
  CHECK_RELATIVE(current(&f, "neuron.leak_cl", -1, 0), 2.99105, 1e-5);
  CHECK_NEAR(current(&f, "neuron.gated_cl", -1, 0), 0.0904, 6e-5);
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* From the published equations in the published variables, with forty digits. */
static PetscErrorCode dijkstra_eigenvalues_at_rest(void)
{
  static const double expected[] = {-4.5747741e-3, -9.3462852e-3, -2.6168475e-2, -150.17017,
                                    -259.51691,    -369.08292,    -11497.233};
  double re[MOST], im[MOST];
  size_t n;
  fixture f;

  PetscFunctionBegin;
  PetscCall(fixture_open(&f, "dijkstra2016"));
  PetscCall(fixture_setup(&f, 1));
  PetscCall(fixture_solve(&f, strength, PETSC_FALSE));
  PetscCall(spectrum(&f, 0, &n, re, im));
  CHECK(n == ION_COUNT(expected));
  for (size_t i = 0; i < ION_COUNT(expected); i++) CHECK_RELATIVE(re[i], expected[i], 1e-6);
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The tipping point; no Hopf point comes before it. */
static PetscErrorCode dijkstra_fold(void)
{
  double V = NAN, p = NAN, re[MOST], im[MOST];
  size_t n;
  fixture f;

  PetscFunctionBegin;
  PetscCall(open_branch(&f, "dijkstra2016"));
  for (double at = -65e-3; at < -59e-3; at += 5e-4) {
    PetscCall(at_potential(&f, at, T_DIJKSTRA, &p));
    PetscCall(spectrum(&f, 0, &n, re, im));
    CHECK(re[0] < 0);
  }
  PetscCall(find_fold(&f, -59e-3, -57.5e-3, T_DIJKSTRA, &V, &p));
  CHECK_RELATIVE(p, 0.648576, 1e-6);
  CHECK_RELATIVE(1e3 * V, -58.1600, 2e-6);
  CHECK_RELATIVE(fixture_c(&f, "neuron.Na", 0), 43.3333, 5e-6);
  CHECK_RELATIVE(fixture_c(&f, "neuron.K", 0), 111.6637, 5e-6);
  CHECK_RELATIVE(fixture_c(&f, "neuron.Cl", 0), 9.9381, 6e-6);
  CHECK_RELATIVE(1e15 * fixture_w(&f, "neuron", 0), 2.04047, 3e-6);
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Without a pump all driving forces vanish: V = 0, the bath's ions inside, and the 296 fmol of impermeant anion as
 * dilute as the 20 mM outside. */
static PetscErrorCode dijkstra_without_a_pump_is_at_donnan_equilibrium(void)
{
  fixture f;

  PetscFunctionBegin;
  PetscCall(fixture_open(&f, "dijkstra2016"));
  PetscCall(fixture_setup(&f, 1));
  fixture_theta(&f, "pump_strength")[0] = 0;
  PetscCall(fixture_solve(&f, strength, PETSC_TRUE));
  CHECK(f.verdict.status[0] == ION_OK && f.verdict.reached[0] == ION_REACHED_DEPARTED);
  CHECK_NEAR(fixture_V(&f, "neuron", 0), 0, 1e-9);
  CHECK_RELATIVE(fixture_c(&f, "neuron.Na", 0), 152.0, 1e-6);
  CHECK_RELATIVE(fixture_c(&f, "neuron.K", 0), 3.0, 1e-6);
  CHECK_RELATIVE(fixture_c(&f, "neuron.Cl", 0), 135.0, 1e-6);
  CHECK_RELATIVE(1e15 * fixture_w(&f, "neuron", 0), 14.8, 1e-6);
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Published: the swollen cell does not recover when its pump does. */
static PetscErrorCode dijkstra_stays_swollen_as_the_pump_returns(void)
{
  SNESConvergedReason reason;
  double re[MOST], im[MOST];
  size_t n;
  fixture f;

  PetscFunctionBegin;
  PetscCall(fixture_open(&f, "dijkstra2016"));
  PetscCall(fixture_setup(&f, 1));
  fixture_theta(&f, "pump_strength")[0] = 0.6;
  PetscCall(fixture_solve(&f, strength, PETSC_FALSE));
  CHECK(f.verdict.reached[0] == ION_REACHED_DEPARTED);
  /* found by an independent root finder */
  CHECK_NEAR(1e3 * fixture_V(&f, "neuron", 0), -24.781, 6e-4);
  CHECK_NEAR(1e15 * fixture_w(&f, "neuron", 0), 2.8522, 6e-5);
  for (double p = 0.65; p < 1.01; p += 0.05) {
    fixture_theta(&f, "pump_strength")[0] = p;
    PetscCall(solve_from(&f, &reason));
    CHECK(reason > 0);
  }
  PetscCall(spectrum(&f, 0, &n, re, im));
  CHECK(re[0] < 0);
  CHECK(1e3 * fixture_V(&f, "neuron", 0) > -40);
  CHECK(1e15 * fixture_w(&f, "neuron", 0) > 2.3);
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- both ---- */

/* Just above the fold the state is that of the branch, just below it the cell has collapsed. */
static PetscErrorCode states_end_at_the_folds(void)
{
  static const char *const name[] = {"hubel2014", "dijkstra2016"};
  static const double fold[]      = {1.064845 / 6.8, 0.648576};

  PetscFunctionBegin;
  for (int k = 0; k < 2; k++) {
    fixture f;

    PetscCall(fixture_open(&f, name[k]));
    PetscCall(fixture_setup(&f, 2));
    for (size_t p = 0; p < 2; p++)
      fixture_theta(&f, "pump_strength")[p] = fold[k] * (p ? 1 - 1e-4 : 1 + 1e-4);
    PetscCall(fixture_solve(&f, strength, PETSC_FALSE));
    CHECK(f.verdict.status[0] == ION_OK && f.verdict.status[1] == ION_OK);
    CHECK(f.verdict.reached[0] == ION_REACHED_BRANCH || f.verdict.reached[0] == ION_REACHED_DIRECT);
    CHECK(f.verdict.reached[1] == ION_REACHED_DEPARTED);
    CHECK(fixture_V(&f, "neuron", 0) < -55e-3 && fixture_V(&f, "neuron", 1) > -30e-3);
    PetscCall(fixture_destroy(&f));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* As in dusterwald2018: what the channels dissipate the flagged pump has to find. */
static PetscErrorCode flagged_pumps_pay_for_the_channels(void)
{
  static const char *const name[] = {"hubel2014", "dijkstra2016"};

  PetscFunctionBegin;
  for (int k = 0; k < 2; k++) {
    fixture f;

    PetscCall(fixture_open(&f, name[k]));
    PetscCall(fixture_setup(&f, 2));
    fixture_theta(&f, "pump_strength")[1] = 0.1; /* collapsed */
    PetscCall(fixture_solve(&f, strength, PETSC_FALSE));
    for (size_t p = 0; p < 2; p++) {
      CHECK(fixture_J(&f, "neuron.pump", p) * fixture_A(&f, "neuron.pump", p) < 0);
      CHECK_NEAR(fixture_dissipation(&f, p), 0,
                 1e-9 * fabs(fixture_J(&f, "neuron.pump", p) * fixture_A(&f, "neuron.pump", p)));
    }
    for (size_t r = 0; r < f.net->n_process; r++)
      CHECK(!(f.net->process[r].kind->flags & ION_NOT_THERMODYNAMIC) ==
            (strcmp(f.net->process[r].name, "neuron.pump") != 0));
    PetscCall(fixture_destroy(&f));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const ion_test_case cases[] = {
    {"hubel_rest",                                       hubel_rest                                 },
    {"hubel_depolarised_state_coexists",                 hubel_depolarised_state_coexists           },
    {"hubel_collapses_onto_the_depolarised_branch",      hubel_collapses_onto_the_depolarised_branch},
    {"hubel_capacitance_sets_the_pace_of_the_potential",
     hubel_capacitance_sets_the_pace_of_the_potential                                               },
    {"hubel_area_is_a_factor_of_time",                   hubel_area_is_a_factor_of_time             },
    {"hubel_fold_and_hopf_point",                        hubel_fold_and_hopf_point                  },
    {"hubel_ecs_first_is_refused",                       hubel_ecs_first_is_refused                 },
    {"dijkstra_rest",                                    dijkstra_rest                              },
    {"dijkstra_eigenvalues_at_rest",                     dijkstra_eigenvalues_at_rest               },
    {"dijkstra_fold",                                    dijkstra_fold                              },
    {"dijkstra_without_a_pump_is_at_donnan_equilibrium",
     dijkstra_without_a_pump_is_at_donnan_equilibrium                                               },
    {"dijkstra_stays_swollen_as_the_pump_returns",       dijkstra_stays_swollen_as_the_pump_returns },
    {"states_end_at_the_folds",                          states_end_at_the_folds                    },
    {"flagged_pumps_pay_for_the_channels",               flagged_pumps_pay_for_the_channels         },
};

int main(int argc, char **argv)
{
  return ion_test_main(argc, argv, cases, ION_COUNT(cases));
}
