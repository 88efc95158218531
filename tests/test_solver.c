/* Steady states of batches: a point's answer depends on the point alone, and three ways agree. */
#include "model_fixture.h"

#define N_MIXED 512
#define N_BOX 300

static const char *const mixed[] = {"energy_supply",     "temperature",
                                    "neuron.nka.rate",   "neuron.leak_na.permeability",
                                    "ecs.composition.K", NULL};

/* Easy points, points close to the fold and points beyond it, in no order. */
static void fill_mixed(fixture *f)
{
  for (size_t p = 0; p < f->n_point; p++) {
    const double u = ion_random_uniform(21, p, 0);

    fixture_theta(f, mixed[0])[p] = p % 4 == 0 ? 0.05 + 0.15 * u : 0.2 + 0.8 * u;
    fixture_theta(f, mixed[1])[p] = 300 + 14 * ion_random_uniform(21, p, 1);
    fixture_theta(f, mixed[2])[p] *= 0.7 + 0.6 * ion_random_uniform(21, p, 2);
    fixture_theta(f, mixed[3])[p] *= 0.7 + 0.6 * ion_random_uniform(21, p, 3);
    fixture_theta(f, mixed[4])[p] += ion_random_uniform(21, p, 4);
  }
}

static PetscErrorCode set_up_mixed(fixture *f)
{
  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(f, N_MIXED));
  fill_mixed(f);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Solve the points of f in the order (first + p stride) mod n, `size` a batch, by a solver of its own;
 * answers go to where the points stand in f. */
static PetscErrorCode solve_in_batches(fixture *f, size_t size, size_t first, size_t stride)
{
  int varying[64];
  size_t n_varying = 0;
  ion_block theta = {0}, x = {0};
  ion_solver *solver = NULL;
  unsigned char status[N_MIXED], reached[N_MIXED];
  double re[N_MIXED], im[N_MIXED];
  int iterations[N_MIXED];
  const ion_verdict verdict = {status, reached, re, im, iterations};

  PetscFunctionBegin;
  for (; mixed[n_varying]; n_varying++)
    varying[n_varying] = ion_model_find(f->model, mixed[n_varying]);
  PetscCall(ion_solver_create(f->model, varying, n_varying, size, &solver));
  for (size_t done = 0; done < f->n_point; done += size) {
    const size_t n = f->n_point - done < size ? f->n_point - done : size;

    PetscCall(ion_block_create(f->n_theta, n, &theta));
    PetscCall(ion_block_create(f->n_state, n, &x));
    for (size_t k = 0; k < n; k++) {
      const size_t p = (first + (done + k) * stride) % f->n_point;

      for (size_t i = 0; i < f->n_theta; i++) ion_row(theta, i)[k] = ion_row(f->theta, i)[p];
    }
    PetscCall(ion_solve_steady(solver, theta, x, &verdict));
    for (size_t k = 0; k < n; k++) {
      const size_t p = (first + (done + k) * stride) % f->n_point;

      for (size_t i = 0; i < f->n_state; i++) ion_row(f->x, i)[p] = ion_row(x, i)[k];
      f->verdict.status[p]     = status[k];
      f->verdict.reached[p]    = reached[k];
      f->verdict.eigen_re[p]   = re[k];
      f->verdict.eigen_im[p]   = im[k];
      f->verdict.iterations[p] = iterations[k];
    }
    PetscCall(ion_block_destroy(&theta));
    PetscCall(ion_block_destroy(&x));
  }
  PetscCall(ion_solver_destroy(&solver));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void check_same_bits(const fixture *a, const fixture *b)
{
  const size_t n = a->n_point;

  for (size_t i = 0; i < a->n_state; i++)
    CHECK(!memcmp(ion_row(a->x, i), ion_row(b->x, i), n * sizeof(double)));
  CHECK(!memcmp(a->verdict.status, b->verdict.status, n));
  CHECK(!memcmp(a->verdict.reached, b->verdict.reached, n));
  CHECK(!memcmp(a->verdict.eigen_re, b->verdict.eigen_re, n * sizeof(double)));
  CHECK(!memcmp(a->verdict.eigen_im, b->verdict.eigen_im, n * sizeof(double)));
  CHECK(!memcmp(a->verdict.iterations, b->verdict.iterations, n * sizeof(int)));
}

typedef struct {
  const char *lanes;
  size_t size, first, stride;
} way;

static PetscErrorCode compare_ways(const way *w, size_t n)
{
  fixture f, g;
  size_t n_departed = 0;

  PetscFunctionBegin;
  PetscCall(set_up_mixed(&f));
  PetscCall(set_up_mixed(&g));
  PetscCall(solve_in_batches(&f, N_MIXED, 0, 1));
  for (size_t p = 0; p < N_MIXED; p++) {
    CHECK(f.verdict.status[p] == ION_OK);
    n_departed += f.verdict.reached[p] == ION_REACHED_DEPARTED;
  }
  CHECK(n_departed > 20 && n_departed < 200); /* both sides of the fold are there */
  for (size_t k = 0; k < n; k++) {
    if (w[k].lanes) PetscCall(PetscOptionsSetValue(NULL, "-ion_batch_lanes", w[k].lanes));
    PetscCall(solve_in_batches(&g, w[k].size, w[k].first, w[k].stride));
    PetscCall(PetscOptionsClearValue(NULL, "-ion_batch_lanes"));
    check_same_bits(&f, &g);
  }
  PetscCall(fixture_destroy(&f));
  PetscCall(fixture_destroy(&g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode bits_do_not_depend_on_the_batch_size(void)
{
  static const way ways[] = {
      {NULL, 1,   0, 1},
      {NULL, 8,   0, 1},
      {NULL, 100, 0, 1},
      {NULL, 512, 0, 1}
  };

  PetscFunctionBegin;
  PetscCall(compare_ways(ways, ION_COUNT(ways)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode bits_do_not_depend_on_the_order(void)
{
  static const way ways[] = {
      {NULL, 512, 511, 511}, /* backwards */
      {NULL, 512, 3,   77 },
      {NULL, 37,  9,   129}
  };

  PetscFunctionBegin;
  PetscCall(compare_ways(ways, ION_COUNT(ways)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode bits_do_not_depend_on_the_lanes(void)
{
  static const way ways[] = {
      {"8",   512, 0, 1 },
      {"64",  512, 0, 1 },
      {"512", 512, 0, 1 },
      {"24",  512, 5, 13}
  };

  PetscFunctionBegin;
  PetscCall(compare_ways(ways, ION_COUNT(ways)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A solver keeps nothing of the batch before. */
static PetscErrorCode bits_do_not_depend_on_history(void)
{
  fixture f;
  double *before;

  PetscFunctionBegin;
  PetscCall(set_up_mixed(&f));
  PetscCall(fixture_solve(&f, mixed, PETSC_FALSE));
  PetscCall(PetscMalloc1(f.n_state * f.x.stride, &before));
  PetscCall(PetscArraycpy(before, f.x.data, f.n_state * f.x.stride));
  fixture_theta(&f, "energy_supply")[0] = 0.3;
  for (size_t p = 0; p < f.n_point; p++) fixture_theta(&f, "temperature")[p] += 1;
  PetscCall(ion_solve_steady(f.solver, f.theta, f.x, &f.verdict));
  CHECK(memcmp(before, f.x.data, f.n_point * sizeof(double)));
  ion_model_default_theta(f.model, f.theta);
  fill_mixed(&f);
  for (size_t k = 0; k < f.n_state * f.x.stride; k++) f.x.data[k] = NAN; /* x is no input */
  PetscCall(ion_solve_steady(f.solver, f.theta, f.x, &f.verdict));
  for (size_t i = 0; i < f.n_state; i++)
    CHECK(!memcmp(before + i * f.x.stride, ion_row(f.x, i), f.n_point * sizeof(double)));
  PetscCall(PetscFree(before));
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- three ways ---- */

static PetscBool ends_with(const char *name, const char *end)
{
  const size_t n = strlen(name), m = strlen(end);

  return (PetscBool)(n >= m && !strcmp(name + n - m, end));
}

/* Every rate, permeability, conductance, capacitance and the energy supply within 20 % of its default. */
static PetscErrorCode set_up_box(fixture *f, const char **vary, size_t most)
{
  static const char *const ends[] = {".rate",        ".permeability",          ".conductance",
                                     ".capacitance", ".supply_ratio",          "energy_supply",
                                     ".K_ADP",       ".hydraulic_permeability"};
  const ion_quantity *quantity;
  size_t n = 0;

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(f, N_BOX));
  quantity = ion_model_quantities(f->model, NULL, NULL);
  for (size_t k = 0; k < f->n_theta; k++)
    for (size_t e = 0; e < ION_COUNT(ends) && n + 1 < most; e++) {
      if (!ends_with(quantity[k].name, ends[e]) || strstr(quantity[k].name, "alpha") ||
          strstr(quantity[k].name, "beta"))
        continue;
      vary[n++] = quantity[k].name;
      for (size_t p = 0; p < f->n_point; p++)
        ion_row(f->theta, k)[p] *= 0.8 + 0.4 * ion_random_uniform(31, p, k);
    }
  vary[n] = NULL;
  CHECK(n > 30);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode newtonls_agrees_with_the_shell(void)
{
  const char *vary[64];
  fixture f;
  double *shell, *ls;

  PetscFunctionBegin;
  PetscCall(set_up_box(&f, vary, ION_COUNT(vary)));
  PetscCall(fixture_solve(&f, vary, PETSC_FALSE));
  PetscCall(PetscMalloc1(f.n_state * f.x.stride, &shell));
  PetscCall(PetscArraycpy(shell, f.x.data, f.n_state * f.x.stride));
  PetscCall(PetscOptionsSetValue(NULL, "-snes_type", "newtonls"));
  PetscCall(fixture_solve(&f, vary, PETSC_FALSE));
  PetscCall(PetscOptionsClearValue(NULL, "-snes_type"));
  ls = f.x.data;
  for (size_t p = 0; p < f.n_point; p++) {
    CHECK(f.verdict.status[p] == ION_OK && f.verdict.reached[p] == ION_REACHED_DIRECT);
    for (size_t i = 0; i < f.n_state; i++)
      CHECK_NEAR(ls[i * f.x.stride + p], shell[i * f.x.stride + p], 1e-9);
  }
  PetscCall(PetscFree(shell));
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode compare_with_oracle(const fixture *f, size_t p)
{
  double theta[512], x[64];
  SNESConvergedReason reason;
  int iterations;

  PetscFunctionBegin;
  for (size_t k = 0; k < f->n_theta; k++) theta[k] = ion_row(f->theta, k)[p];
  memcpy(x, ion_model_rest(f->model), f->n_state * sizeof *x);
  PetscCall(ion_solve_point(f->model, theta, x, &reason, &iterations));
  CHECK(reason > 0);
  for (size_t i = 0; i < f->n_state; i++) CHECK_NEAR(ion_row(f->x, i)[p], x[i], 1e-9);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode one_point_snes_agrees(void)
{
  const char *vary[64];
  fixture f;

  PetscFunctionBegin;
  PetscCall(set_up_box(&f, vary, ION_COUNT(vary)));
  PetscCheck(f.n_theta <= 512 && f.n_state <= 64, PETSC_COMM_SELF, PETSC_ERR_PLIB,
             "test too small");
  PetscCall(fixture_solve(&f, vary, PETSC_FALSE));
  for (size_t p = 0; p < f.n_point; p++) PetscCall(compare_with_oracle(&f, p));
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rescued states too are steady: the oracle stays where it is put. */
static PetscErrorCode rescued_states_stay(void)
{
  fixture f;
  double imbalance[N_MIXED];

  PetscFunctionBegin;
  PetscCall(set_up_mixed(&f));
  PetscCall(fixture_solve(&f, mixed, PETSC_FALSE));
  ion_model_imbalance(f.model, &f.work, f.n_point, imbalance);
  for (size_t p = 0; p < f.n_point; p++) CHECK(imbalance[p] < 1e-9);
  for (size_t p = 0; p < f.n_point; p += 4) {
    double theta[512], x[64];
    SNESConvergedReason reason;

    for (size_t k = 0; k < f.n_theta; k++) theta[k] = ion_row(f.theta, k)[p];
    for (size_t i = 0; i < f.n_state; i++) x[i] = ion_row(f.x, i)[p];
    PetscCall(ion_solve_point(f.model, theta, x, &reason, NULL));
    CHECK(reason > 0);
    for (size_t i = 0; i < f.n_state; i++) CHECK_NEAR(ion_row(f.x, i)[p], x[i], 1e-9);
  }
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Which pools are dependent is no physics: the ecs listed first leads to the same states on
 * the branch. */
/* A collapsed point is the same whether its supply is a factor of the study or was set for all of it. */
static PetscErrorCode set_or_varied_is_the_same(void)
{
  static const char *const vary[] = {"energy_supply", NULL}, *const nothing[] = {NULL};
  static const double supply[] = {0.05, 0.1, 0.15, 0.5};
  fixture f, g;

  PetscFunctionBegin;
  for (size_t k = 0; k < ION_COUNT(supply); k++) {
    PetscCall(fixture_neuron_glia(&f, 1));
    fixture_theta(&f, vary[0])[0] = supply[k];
    PetscCall(fixture_solve(&f, vary, PETSC_FALSE));
    PetscCall(fixture_open(&g, "neuron_glia"));
    PetscCall(fixture_set(&g, vary[0], supply[k]));
    PetscCall(fixture_setup(&g, 1));
    PetscCall(fixture_solve(&g, nothing, PETSC_FALSE));
    CHECK(f.verdict.status[0] == ION_OK && g.verdict.status[0] == ION_OK);
    CHECK(f.verdict.reached[0] == g.verdict.reached[0]);
    for (size_t i = 0; i < f.n_state; i++) CHECK_NEAR(ion_row(g.x, i)[0], ion_row(f.x, i)[0], 1e-9);
    PetscCall(fixture_destroy(&f));
    PetscCall(fixture_destroy(&g));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode order_of_compartments_does_not_matter(void)
{
  fixture f, g;

  PetscFunctionBegin;
  PetscCall(set_up_mixed(&f));
  PetscCall(fixture_ecs_first(&g));
  PetscCall(fixture_setup(&g, N_MIXED));
  fill_mixed(&g);
  PetscCall(fixture_solve(&f, mixed, PETSC_FALSE));
  PetscCall(fixture_solve(&g, mixed, PETSC_FALSE));
  for (size_t p = 0; p < N_MIXED; p++) {
    CHECK(g.verdict.status[p] == ION_OK);
    CHECK((g.verdict.reached[p] == ION_REACHED_DEPARTED) ==
          (f.verdict.reached[p] == ION_REACHED_DEPARTED));
    for (size_t q = 0; q < f.net->n_pool; q++)
      CHECK_RELATIVE(fixture_c(&g, f.net->pool[q].name, p), ion_row(f.work.c, q)[p], 1e-7);
  }
  PetscCall(fixture_destroy(&f));
  PetscCall(fixture_destroy(&g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- points without an answer ---- */

/* Every eighth point is impossible; the others have the bits they have without them. */
static PetscErrorCode impossible_points_disturb_nobody(void)
{
  static const double nonsense[] = {NAN, INFINITY, -INFINITY, 1e300};
  fixture f, g;

  PetscFunctionBegin;
  PetscCall(set_up_mixed(&f));
  PetscCall(set_up_mixed(&g));
  PetscCall(solve_in_batches(&f, N_MIXED, 0, 1));
  for (size_t p = 5; p < N_MIXED; p += 8)
    fixture_theta(&g, mixed[(p / 8) % 5])[p] = nonsense[(p / 40) % 4];
  PetscCall(solve_in_batches(&g, N_MIXED, 0, 1));
  for (size_t p = 0; p < N_MIXED; p++) {
    if (p % 8 == 5) {
      CHECK(g.verdict.status[p] == ION_DOMAIN_ERROR || g.verdict.status[p] == ION_NO_STATE_FOUND);
      CHECK(g.verdict.reached[p] == ION_REACHED_NOT);
      CHECK(isnan(g.verdict.eigen_re[p]));
    } else
      CHECK(f.verdict.status[p] == g.verdict.status[p] &&
            f.verdict.reached[p] == g.verdict.reached[p] &&
            f.verdict.iterations[p] == g.verdict.iterations[p]);
    for (size_t i = 0; i < f.n_state; i++)
      CHECK(p % 8 == 5 ? isnan(ion_row(g.x, i)[p]) : ion_row(g.x, i)[p] == ion_row(f.x, i)[p]);
  }
  PetscCall(fixture_destroy(&f));
  PetscCall(fixture_destroy(&g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* SNES takes norms over the whole batch, which one point must not spoil; nor the number of points. */
static PetscErrorCode newtonls_keeps_points_apart(void)
{
  const size_t n = 61;
  fixture f, g;

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, n));
  PetscCall(fixture_neuron_glia(&g, n));
  for (size_t p = 0; p < n; p++) {
    const double supply = 0.5 + 0.5 * (double)p / (double)n;

    fixture_theta(&f, "energy_supply")[p] = supply;
    fixture_theta(&g, "energy_supply")[p] = p == 7 ? (double)NAN : p == 30 ? 1e300 : supply;
  }
  PetscCall(fixture_solve(&f, mixed, PETSC_FALSE));
  PetscCall(PetscOptionsSetValue(NULL, "-snes_type", "newtonls"));
  PetscCall(fixture_solve(&g, mixed, PETSC_FALSE));
  PetscCall(PetscOptionsClearValue(NULL, "-snes_type"));
  for (size_t p = 0; p < n; p++) {
    if (p == 7 || p == 30) {
      CHECK(g.verdict.status[p] != ION_OK && isnan(ion_row(g.x, 0)[p]));
      continue;
    }
    CHECK(g.verdict.status[p] == ION_OK && g.verdict.reached[p] == ION_REACHED_DIRECT);
    CHECK(g.verdict.iterations[p] > 0 && g.verdict.iterations[p] < 40);
    for (size_t i = 0; i < f.n_state; i++) CHECK_NEAR(ion_row(g.x, i)[p], ion_row(f.x, i)[p], 1e-9);
  }
  PetscCall(fixture_destroy(&f));
  PetscCall(fixture_destroy(&g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* 250 mM of K+ in the ecs in exchange for Na+ would need more sodium than the tissue has. */
static PetscErrorCode negative_total_is_a_domain_error(void)
{
  static const char *const vary[] = {"ecs.composition.K", NULL};
  fixture f;
  size_t row = 0;

  PetscFunctionBegin;
  PetscCall(fixture_open(&f, "neuron_glia"));
  PetscCall(fixture_row(&f, vary[0], &row));
  PetscCall(ion_model_set_balance(f.model, ion_spec_root(f.spec), row, "Na"));
  PetscCall(fixture_setup(&f, 2));
  fixture_theta(&f, vary[0])[0] = 253.5;
  fixture_theta(&f, vary[0])[1] = 4.0;
  PetscCall(fixture_solve(&f, vary, PETSC_FALSE));
  CHECK(f.verdict.status[0] == ION_DOMAIN_ERROR && f.verdict.reached[0] == ION_REACHED_NOT);
  CHECK(f.verdict.status[1] == ION_OK);
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode shapes_that_disagree_are_refused(void)
{
  fixture f;
  ion_block rows, x, many;
  int iterations[8];
  ion_verdict none = {NULL, NULL, NULL, NULL, iterations};

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, 4));
  PetscCall(fixture_solve(&f, mixed, PETSC_FALSE));
  rows = f.theta;
  rows.n_row--;
  CHECK_RAISES(PETSC_ERR_ARG_SIZ, ion_solve_steady(f.solver, rows, f.x, &f.verdict));
  x = f.x;
  x.n_row++;
  CHECK_RAISES(PETSC_ERR_ARG_SIZ, ion_solve_steady(f.solver, f.theta, x, &f.verdict));
  x         = f.x;
  x.n_point = 3;
  CHECK_RAISES(PETSC_ERR_ARG_SIZ, ion_solve_steady(f.solver, f.theta, x, &f.verdict));
  x = many     = f.theta;
  x            = f.x;
  many.n_point = x.n_point = 5;
  CHECK_RAISES(PETSC_ERR_ARG_SIZ, ion_solve_steady(f.solver, many, x, &f.verdict));
  CHECK_RAISES(PETSC_ERR_ARG_NULL, ion_solve_steady(f.solver, f.theta, f.x, &none));
  x            = f.x;
  many         = f.theta;
  many.n_point = x.n_point = 0;
  PetscCall(ion_solve_steady(f.solver, many, x, &f.verdict)); /* no point is no error */
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode wrong_options_are_refused(void)
{
  static const char *const lanes[] = {"0", "-8", "513"};
  fixture f;

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, 1));
  for (size_t k = 0; k < ION_COUNT(lanes); k++) {
    PetscCall(PetscOptionsSetValue(NULL, "-ion_batch_lanes", lanes[k]));
    CHECK_RAISES(PETSC_ERR_USER_INPUT, ion_solver_create(f.model, NULL, 0, 1, &f.solver));
    CHECK_SAID(lanes[k]);
    PetscCall(ion_solver_destroy(&f.solver)); /* legal after a failed create */
  }
  PetscCall(PetscOptionsClearValue(NULL, "-ion_batch_lanes"));
  PetscCall(PetscOptionsSetValue(NULL, "-snes_type", "newtontr"));
  CHECK_RAISES(PETSC_ERR_USER_INPUT, ion_solver_create(f.model, NULL, 0, 1, &f.solver));
  CHECK_SAID("shell and newtonls");
  PetscCall(ion_solver_destroy(&f.solver));
  PetscCall(PetscOptionsClearValue(NULL, "-snes_type"));
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const ion_test_case cases[] = {
    {"bits_do_not_depend_on_the_batch_size",  bits_do_not_depend_on_the_batch_size },
    {"bits_do_not_depend_on_the_order",       bits_do_not_depend_on_the_order      },
    {"bits_do_not_depend_on_the_lanes",       bits_do_not_depend_on_the_lanes      },
    {"bits_do_not_depend_on_history",         bits_do_not_depend_on_history        },
    {"newtonls_agrees_with_the_shell",        newtonls_agrees_with_the_shell       },
    {"one_point_snes_agrees",                 one_point_snes_agrees                },
    {"rescued_states_stay",                   rescued_states_stay                  },
    {"set_or_varied_is_the_same",             set_or_varied_is_the_same            },
    {"order_of_compartments_does_not_matter", order_of_compartments_does_not_matter},
    {"impossible_points_disturb_nobody",      impossible_points_disturb_nobody     },
    {"newtonls_keeps_points_apart",           newtonls_keeps_points_apart          },
    {"negative_total_is_a_domain_error",      negative_total_is_a_domain_error     },
    {"shapes_that_disagree_are_refused",      shapes_that_disagree_are_refused     },
    {"wrong_options_are_refused",             wrong_options_are_refused            },
};

int main(int argc, char **argv)
{
  return ion_test_main(argc, argv, cases, ION_COUNT(cases));
}
