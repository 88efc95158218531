/* Thresholds against printed numbers, against the branch followed by its potential, and against differences. */
#include "branch_fixture.h"

enum { MOST_POINTS = 40, MOST_VARYING = 8 };

/* A search over the points of a fixture, and what it found. */
typedef struct {
  ion_threshold *threshold;
  ion_thresholds found;
  unsigned char status[MOST_POINTS], kind[MOST_POINTS], recovery_kind[MOST_POINTS];
  double value[MOST_POINTS], omega[MOST_POINTS], recovery[MOST_POINTS];
  int steps[MOST_POINTS], row[MOST_VARYING];
} search;

/* `parameter` NULL is the path from the reference; `varying` ends with NULL. */
static PetscErrorCode search_open(search *s, const fixture *f, const char *parameter, double from,
                                  double to, double back, const char *const *varying)
{
  ion_threshold_range range = {.parameter = parameter ? ion_model_find(f->model, parameter) : -1,
                               .from      = from,
                               .to        = to,
                               .back      = back};
  size_t n                  = 0;

  PetscFunctionBegin;
  memset(s, 0, sizeof *s);
  for (; varying[n]; n++) s->row[n] = ion_model_find(f->model, varying[n]);
  PetscCall(ion_threshold_create(f->model, s->row, n, NULL, &range, f->n_point, &s->threshold));
  s->found = (ion_thresholds){.status        = s->status,
                              .kind          = s->kind,
                              .value         = s->value,
                              .omega         = s->omega,
                              .recovery_kind = s->recovery_kind,
                              .recovery      = s->recovery,
                              .steps         = s->steps};
  PetscCall(ion_block_create(f->n_state, f->n_point, &s->found.x));
  PetscCall(ion_block_create(n, f->n_point, &s->found.gradient));
  PetscCall(ion_threshold_solve(s->threshold, f->theta, &s->found));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode search_close(search *s)
{
  PetscFunctionBegin;
  PetscCall(ion_block_destroy(&s->found.x));
  PetscCall(ion_block_destroy(&s->found.gradient));
  PetscCall(ion_threshold_destroy(&s->threshold));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the default model ---- */

static const char *const none[] = {NULL};

static PetscErrorCode printed_folds(void)
{
  static const char *const varying[] = {"temperature", NULL};
  fixture f;
  search s;

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, 2));
  fixture_theta(&f, "temperature")[1] = 298.15;
  PetscCall(search_open(&s, &f, "energy_supply", 1, 0, 1, varying));
  CHECK(s.status[0] == ION_OK && s.kind[0] == ION_LOSS_FOLD);
  CHECK_NEAR(s.value[0], 0.158837, 5e-7);
  CHECK_NEAR(s.value[1], 0.121037, 5e-7);
  for (size_t i = 0; i < f.n_state; i++)
    for (size_t p = 0; p < 2; p++) ion_row(f.x, i)[p] = ion_row(s.found.x, i)[p];
  for (size_t p = 0; p < 2; p++) fixture_theta(&f, "energy_supply")[p] = s.value[p];
  fixture_evaluate(&f, ION_RESIDUAL);
  CHECK_NEAR(1e3 * fixture_V(&f, "neuron", 0), -58.39, 5e-3);
  CHECK_NEAR(fixture_c(&f, "ecs.K", 0), 7.593, 5e-4);
  PetscCall(search_close(&s));
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The branch by its potential turns at the least supply; the same to 1e-9, from code that shares F alone. */
static PetscErrorCode fold_is_the_least_supply(void)
{
  fixture f;
  search s;
  double V, p = 0;

  PetscFunctionBegin;
  moving = "energy_supply";
  PetscCall(open_branch(&f, "neuron_glia"));
  for (double at = -70e-3; at < -60e-3; at += 0.5e-3) PetscCall(at_potential(&f, at, 310.15, &p));
  PetscCall(find_fold(&f, -60e-3, -57e-3, 310.15, &V, &p));
  ion_model_default_theta(f.model, f.theta);
  PetscCall(search_open(&s, &f, "energy_supply", 1, 0, 1, none));
  CHECK_RELATIVE(s.value[0], p, 1e-9);
  PetscCall(search_close(&s));
  PetscCall(fixture_destroy(&f));
  moving = "pump_strength";
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Thresholds of two neighbours on each side of every factor, fourth order. */
static PetscErrorCode check_gradient(fixture *f, const char *parameter, double from, double to,
                                     const char *const *varying, ion_loss kind)
{
  static const double at[] = {-2, -1, 1, 2}, weight[] = {1. / 12, -2. / 3, 2. / 3, -1. / 12};
  double scale[MOST_VARYING];
  size_t n = 0;
  search s;

  PetscFunctionBegin;
  for (; varying[n]; n++) {
    double *row = fixture_theta(f, varying[n]);

    scale[n] = 2e-3 * (row[0] != 0 ? row[0] : 1.0);
    for (size_t k = 0; k < 4; k++) row[1 + 4 * n + k] += at[k] * scale[n];
  }
  PetscCall(search_open(&s, f, parameter, from, to, from, varying));
  for (size_t k = 0; k < n; k++) {
    double sum = 0;

    for (size_t i = 0; i < 4; i++) {
      CHECK(s.kind[1 + 4 * k + i] == kind && s.status[1 + 4 * k + i] == ION_OK);
      sum += weight[i] * s.value[1 + 4 * k + i];
    }
    CHECK_RELATIVE(ion_row(s.found.gradient, k)[0], sum / scale[k], 1e-4);
  }
  PetscCall(search_close(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode gradients_of_folds(void)
{
  static const char *const varying[] = {"temperature",
                                        "neuron.nka.rate",
                                        "neuron.leak_na.permeability",
                                        "neuron.spike_load.firing_rate",
                                        "ecs.composition.K",
                                        "neuron.composition.volume",
                                        "glia.kir.conductance",
                                        NULL};
  fixture f;

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, 1 + 4 * 7));
  for (size_t p = 0; p < f.n_point; p++) fixture_theta(&f, "neuron.spike_load.firing_rate")[p] = 3;
  PetscCall(check_gradient(&f, "energy_supply", 1, 0, varying, ION_LOSS_FOLD));
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A factor at its lower bound, 0, has a derivative to the right. */
static PetscErrorCode gradient_at_a_bound_of_a_factor(void)
{
  static const char *const varying[] = {"neuron.spike_load.firing_rate", NULL};
  const double h                     = 1e-3;
  fixture f;
  search s;

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, 3));
  for (size_t p = 0; p < 3; p++) fixture_theta(&f, varying[0])[p] = (double)p * h;
  PetscCall(search_open(&s, &f, "energy_supply", 1, 0, 1, varying));
  CHECK_RELATIVE(ion_row(s.found.gradient, 0)[0],
                 (-1.5 * s.value[0] + 2 * s.value[1] - 0.5 * s.value[2]) / h, 1e-4);
  PetscCall(search_close(&s));
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Other parameters can be lowered as well; each loss is the end of the branch that the verb follows. */
static PetscErrorCode thresholds_agree_with_the_branch(void)
{
  static const struct {
    const char *name;
    double from, to;
  } line[] = {
      {"energy_supply",               1, 0 },
      {"neuron.nka.rate",             1, 0 },
      {"glia.nka.rate",               1, 0 },
      {"neuron.leak_na.permeability", 1, 20},
  };

  PetscFunctionBegin;
  for (size_t k = 0; k < ION_COUNT(line); k++) {
    fixture f;
    search s;
    ion_branch branch = {0};
    size_t first      = 0;
    double unit;

    PetscCall(fixture_neuron_glia(&f, 1));
    unit = fixture_theta(&f, line[k].name)[0];
    PetscCall(search_open(&s, &f, line[k].name, unit * line[k].from, unit * line[k].to,
                          unit * line[k].from, none));
    PetscCall(ion_branch_follow(f.model, f.theta, ion_model_find(f.model, line[k].name),
                                unit * line[k].from, unit * line[k].to, 500, 0.2, &branch));
    while (first < branch.n && branch.place[first].kind != ION_PLACE_FOLD &&
           branch.place[first].kind != ION_PLACE_HOPF)
      first++;
    CHECK(first < branch.n);
    CHECK(s.kind[0] ==
          (branch.place[first].kind == ION_PLACE_FOLD ? ION_LOSS_FOLD : ION_LOSS_HOPF));
    CHECK_RELATIVE(s.value[0], branch.place[first].value, 1e-8);
    CHECK(branch.place[0].n_unstable == 0);
    PetscCall(ion_branch_destroy(&branch));
    PetscCall(search_close(&s));
    PetscCall(fixture_destroy(&f));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Where a collapsed branch runs the same way beside the physiological one, within a step of it. */
static const double warm[]  = {273.15 + 32.203389830508474, 273.15 + 26.152542372881356,
                               273.15 + 25.576271186440678};
static const double rapid[] = {19.487179487179485, 13.333333333333334, 20};

static PetscErrorCode folds_beside_another_branch(void)
{
  static const char *const varying[] = {"temperature", "neuron.spike_load.firing_rate", NULL};
  fixture f;
  search s;

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, ION_COUNT(warm)));
  for (size_t p = 0; p < f.n_point; p++) {
    fixture_theta(&f, "temperature")[p]                   = warm[p];
    fixture_theta(&f, "neuron.spike_load.firing_rate")[p] = rapid[p];
  }
  PetscCall(search_open(&s, &f, "energy_supply", 1, 0, 1, varying));
  for (size_t p = 0; p < f.n_point; p++) CHECK(s.status[p] == ION_OK && s.kind[p] == ION_LOSS_FOLD);
  PetscCall(search_close(&s));
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The branch ends with its range, also where a step would pass it. */
static PetscErrorCode branches_end_with_their_range(void)
{
  fixture f;
  ion_branch branch = {0};
  int n_fold        = 0;

  PetscFunctionBegin;
  PetscCall(fixture_open(&f, "neuron_glia"));
  PetscCall(fixture_set(&f, "temperature", warm[0]));
  PetscCall(fixture_set(&f, "neuron.spike_load.firing_rate", rapid[0]));
  PetscCall(fixture_setup(&f, 1));
  PetscCall(ion_branch_follow(f.model, f.theta, ion_model_find(f.model, "energy_supply"), 1, 0, 500,
                              0.2, &branch));
  CHECK(branch.is_complete);
  for (size_t i = 0; i < branch.n; i++) {
    CHECK(branch.place[i].value >= 0 && branch.place[i].value <= 1);
    n_fold += branch.place[i].kind == ION_PLACE_FOLD;
  }
  CHECK(n_fold == 1);
  CHECK_RELATIVE(branch.place[branch.n - 1].value, 1.0, 1e-12);
  PetscCall(ion_branch_destroy(&branch));
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The collapsed branch, followed back from its own state. */
static PetscErrorCode recovery_agrees_with_the_branch(void)
{
  fixture f;
  search s;
  ion_branch branch = {0};
  size_t first      = 0;

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, 1));
  PetscCall(search_open(&s, &f, "energy_supply", 1, 0, 1, none));
  PetscCall(ion_branch_follow(f.model, f.theta, ion_model_find(f.model, "energy_supply"), 0.05, 1,
                              500, 0.2, &branch));
  CHECK(branch.is_collapsed);
  while (first < branch.n && branch.place[first].kind != ION_PLACE_HOPF) first++;
  CHECK(first < branch.n && s.recovery_kind[0] == ION_LOSS_HOPF);
  CHECK_RELATIVE(s.recovery[0], branch.place[first].value, 1e-7);
  CHECK(s.recovery[0] > s.value[0]);
  PetscCall(ion_branch_destroy(&branch));
  PetscCall(search_close(&s));
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The path from the reference to a point in one parameter is that parameter. */
static PetscErrorCode departure_of_a_path(void)
{
  static const char *const varying[] = {"energy_supply", "temperature", NULL};
  fixture f;
  search line, path;

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, 2));
  PetscCall(search_open(&line, &f, "energy_supply", 1, 0, 1, none));
  for (size_t p = 0; p < 2; p++) fixture_theta(&f, "energy_supply")[p] = p ? 0.5 : 0.1;
  PetscCall(search_open(&path, &f, NULL, 0, 1, 0, varying));
  CHECK(path.kind[0] == ION_LOSS_FOLD && path.kind[1] == ION_LOSS_NONE);
  CHECK_RELATIVE(path.value[0], (1 - line.value[0]) / 0.9, 1e-9);
  CHECK(isnan(path.value[1]));
  PetscCall(search_close(&line));
  PetscCall(search_close(&path));
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- points of a batch ---- */

static void scatter(fixture *f, PetscBool reversed)
{
  static const char *const name[] = {"temperature", "neuron.nka.rate",
                                     "neuron.leak_na.permeability"};

  for (size_t k = 0; k < ION_COUNT(name); k++)
    for (size_t p = 0; p < f->n_point; p++) {
      const size_t as = reversed ? f->n_point - 1 - p : p;
      const double u = ion_random_uniform(7, as, k), by = k ? 0.7 + 0.6 * u : 0.97 + 0.06 * u;

      fixture_theta(f, name[k])[p] *= by;
    }
}

static PetscErrorCode batch_mates_do_not_matter(void)
{
  static const char *const varying[] = {"temperature", "neuron.nka.rate",
                                        "neuron.leak_na.permeability", NULL};
  fixture f, g;
  search s, t;

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, MOST_POINTS));
  PetscCall(fixture_neuron_glia(&g, MOST_POINTS));
  scatter(&f, PETSC_FALSE);
  scatter(&g, PETSC_TRUE);
  PetscCall(search_open(&s, &f, "energy_supply", 1, 0, 1, varying));
  PetscCall(search_open(&t, &g, "energy_supply", 1, 0, 1, varying));
  for (size_t p = 0; p < MOST_POINTS; p++) {
    const size_t q = MOST_POINTS - 1 - p;

    CHECK(s.status[p] == ION_OK && s.kind[p] == t.kind[q]);
    CHECK(!memcmp(&s.value[p], &t.value[q], sizeof(double)));
    CHECK(!memcmp(&s.recovery[p], &t.recovery[q], sizeof(double)));
    for (size_t k = 0; k < 3; k++)
      CHECK(!memcmp(&ion_row(s.found.gradient, k)[p], &ion_row(t.found.gradient, k)[q],
                    sizeof(double)));
  }
  PetscCall(search_close(&s));
  PetscCall(search_close(&t));
  PetscCall(fixture_destroy(&f));
  PetscCall(fixture_destroy(&g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- models without a singular point ---- */

/* Linear currents have one steady state for every pump rate (Mori 2012): never a fold. */
static PetscErrorCode pump_leak_has_no_fold(void)
{
  static const char *const varying[] = {"neuron.kcc2.conductance", "neuron.leak_k.conductance",
                                        NULL};
  fixture f;
  search s;

  PetscFunctionBegin;
  PetscCall(fixture_open(&f, "dusterwald2018"));
  PetscCall(fixture_setup(&f, 9));
  PetscCall(check_gradient(&f, "pump_strength", 1, 1e-3, varying, ION_LOSS_BOUND));
  PetscCall(search_open(&s, &f, "pump_strength", 1, 0.5, 1, varying));
  for (size_t p = 0; p < f.n_point; p++) CHECK(s.status[p] == ION_OK && s.kind[p] == ION_LOSS_NONE);
  CHECK(isnan(s.value[0]) && isnan(s.recovery[0]));
  PetscCall(search_close(&s));
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* At a bound the quantity is the bound. */
static PetscErrorCode bound_is_met(void)
{
  fixture f;
  search s;

  PetscFunctionBegin;
  PetscCall(fixture_open(&f, "dusterwald2018"));
  PetscCall(fixture_setup(&f, 1));
  PetscCall(search_open(&s, &f, "pump_strength", 1, 1e-3, 1, none));
  CHECK(s.kind[0] == ION_LOSS_BOUND);
  fixture_theta(&f, "pump_strength")[0] = s.value[0];
  PetscCall(fixture_solve(&f, (const char *const[]){"pump_strength", NULL}, PETSC_FALSE));
  CHECK(fabs(fixture_V(&f, "neuron", 0) + 50e-3) < 1e-10 ||
        fabs(fabs(fixture_w(&f, "neuron", 0) / f.net->bound[1].rest - 1) - 0.15) < 1e-9);
  PetscCall(search_close(&s));
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Where there is no physiological state at the start of the range, that is the answer. */
static PetscErrorCode absent_at_the_start(void)
{
  fixture f;
  search s;

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, 1));
  PetscCall(search_open(&s, &f, "energy_supply", 0.1, 0.05, 0.1, none));
  CHECK(s.status[0] == ION_OK && s.kind[0] == ION_LOSS_ABSENT && isnan(s.value[0]));
  PetscCall(search_close(&s));
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- published models ---- */

static PetscErrorCode published_thresholds(void)
{
  fixture f;
  search s;

  PetscFunctionBegin;
  PetscCall(fixture_open(&f, "hubel2014"));
  PetscCall(fixture_setup(&f, 1));
  PetscCall(search_open(&s, &f, "pump_strength", 1, 0, 20, none));
  CHECK(s.kind[0] == ION_LOSS_HOPF && s.omega[0] > 0);
  CHECK_RELATIVE(6.8 * s.value[0], 1.067242, 1e-6);
  CHECK(s.recovery_kind[0] == ION_LOSS_HOPF && s.recovery[0] > 1);
  PetscCall(search_close(&s));
  PetscCall(fixture_destroy(&f));
  PetscCall(fixture_open(&f, "dijkstra2016"));
  PetscCall(fixture_setup(&f, 1));
  PetscCall(search_open(&s, &f, "pump_strength", 1, 0, 1, none));
  CHECK(s.kind[0] == ION_LOSS_FOLD);
  CHECK_RELATIVE(s.value[0], 0.648576, 1e-6);
  CHECK(s.recovery_kind[0] == ION_LOSS_NONE); /* the published pump does not bring it back */
  PetscCall(search_close(&s));
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode gradients_of_hopf_points(void)
{
  static const char *const varying[] = {"neuron.leak_k.conductance", "neuron.leak_cl.conductance",
                                        NULL};
  fixture f;

  PetscFunctionBegin;
  PetscCall(fixture_open(&f, "hubel2014"));
  PetscCall(fixture_setup(&f, 9));
  PetscCall(check_gradient(&f, "pump_strength", 1, 0, varying, ION_LOSS_HOPF));
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const ion_test_case cases[] = {
    {"printed_folds",                    printed_folds                   },
    {"fold_is_the_least_supply",         fold_is_the_least_supply        },
    {"gradients_of_folds",               gradients_of_folds              },
    {"gradient_at_a_bound_of_a_factor",  gradient_at_a_bound_of_a_factor },
    {"thresholds_agree_with_the_branch", thresholds_agree_with_the_branch},
    {"folds_beside_another_branch",      folds_beside_another_branch     },
    {"branches_end_with_their_range",    branches_end_with_their_range   },
    {"recovery_agrees_with_the_branch",  recovery_agrees_with_the_branch },
    {"departure_of_a_path",              departure_of_a_path             },
    {"batch_mates_do_not_matter",        batch_mates_do_not_matter       },
    {"pump_leak_has_no_fold",            pump_leak_has_no_fold           },
    {"bound_is_met",                     bound_is_met                    },
    {"absent_at_the_start",              absent_at_the_start             },
    {"published_thresholds",             published_thresholds            },
    {"gradients_of_hopf_points",         gradients_of_hopf_points        },
};

int main(int argc, char **argv)
{
  return ion_test_main(argc, argv, cases, ION_COUNT(cases));
}
