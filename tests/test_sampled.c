#include "ion_test.h"

#include <ion/design.h>

#include <stdio.h>

static const ion_quantity quantities[] = {
    {"temperature",       "K",      "temperature",                310.15,  273,  323,      PETSC_TRUE },
    {"energy_supply",     "1",      "share of the energy supply", 1,       0,    2,        PETSC_TRUE },
    {"neuron.nka.rate",   "fmol/s", "turnover",                   1.5e-15, 0,    INFINITY, PETSC_TRUE },
    {"ecs.composition.K", "mM",     "put in at the start",        3,       0,    1000,     PETSC_TRUE },
    {"glia.kir.g",        "nS",     "conductance",                1e-8,    0,    INFINITY, PETSC_TRUE },
    {"neuron.rest.V",     "mV",     "resting potential",          -0.07,   -0.2, 0.2,      PETSC_FALSE},
};

typedef struct {
  ion_units *units;
  ion_spec *spec;
  ion_design *design;
} study;

static PetscErrorCode end(study *s)
{
  PetscFunctionBegin;
  PetscCall(ion_design_destroy(&s->design));
  PetscCall(ion_spec_close(&s->spec));
  PetscCall(ion_units_destroy(&s->units));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode begin(const char *text, study *s)
{
  PetscFunctionBegin;
  memset(s, 0, sizeof *s);
  PetscCall(ion_units_create(&s->units));
  PetscCall(ion_spec_parse("s.yaml", text, strlen(text), &s->spec));
  PetscCall(ion_design_create(ion_node_find(ion_spec_root(s->spec), "design"), s->units, quantities,
                              ION_COUNT(quantities), &s->design));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A design with these keys and factors. */
static PetscErrorCode make(const char *rest, const char *factors, study *s)
{
  char text[2048];

  PetscFunctionBegin;
  (void)snprintf(text, sizeof text, "design: {%s, factors: {%s}}\n", rest, factors);
  PetscCall(begin(text, s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const char four[] = "temperature: {uniform: [25 degC, 42 degC]}, energy_supply: {uniform: "
                           "[0, 1]}, neuron.nka.rate: {log_uniform: [0.5, 5]}, ecs.composition.K: "
                           "{normal: {mean: 3 mM, sd: 0.2, lower: 2, upper: 5}}";

static PetscErrorCode unit_of(const study *s, uint64_t first, size_t n, ion_block *u)
{
  PetscFunctionBegin;
  PetscCall(ion_block_create(ion_design_n_factor(s->design) + 1, n, u));
  PetscCall(ion_design_unit(s->design, first, n, *u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const char *const every_kind[] = {
    "kind: latin_hypercube, samples: 60, replicates: 3, seed: 5",
    "kind: sobol, samples: 64",
    "kind: sobol, samples: 64, scramble: none",
    "kind: sobol, samples: 64, scramble: lms, replicates: 2",
    "kind: saltelli, samples: 32, scramble: hash",
    "kind: saltelli, samples: 16, replicates: 2, second_order: true,"
    " groups: {rest: [neuron.nka.rate, temperature]}",
    "kind: morris, trajectories: 20, replicates: 5",
    "kind: morris, path: winding, trajectories: 30, levels: 6",
    "kind: saltelli, samples: 16, correlation: [{between: [temperature, neuron.nka.rate], rho: "
    "0.5},"
    " {between: [neuron.nka.rate, ecs.composition.K], rank: -0.3}]",
};

/* Values, unit numbers and coordinates of any range are those of the whole. */
static PetscErrorCode a_point_does_not_depend_on_the_range_it_is_made_in(void)
{
  PetscFunctionBegin;
  for (size_t k = 0; k < ION_COUNT(every_kind); k++) {
    study s;
    ion_block all, part, u, v;
    double x[700];
    size_t n;

    PetscCall(make(every_kind[k], four, &s));
    n = (size_t)ion_design_n_point(s.design);
    PetscCall(ion_block_create(4, n, &all));
    PetscCall(ion_block_create(4, n, &part));
    PetscCall(ion_design_points(s.design, 0, n, all));
    PetscCall(unit_of(&s, 0, n, &u));
    for (size_t first = 0; first < n; first += 7) {
      const size_t m = PetscMin(n - first, first % 31 + 1);

      PetscCall(ion_design_points(s.design, first, m, part));
      PetscCall(unit_of(&s, first, m, &v));
      for (size_t i = 0; i < 5; i++)
        CHECK(!memcmp(ion_row(v, i), ion_row(u, i) + first, m * sizeof(double)));
      for (size_t i = 0; i < 4; i++) {
        CHECK(!memcmp(ion_row(part, i), ion_row(all, i) + first, m * sizeof(double)));
        PetscCall(ion_design_coordinates(s.design, i, first, m, x));
        for (size_t p = 0; p < m; p++) {
          double scale, offset;

          ion_design_scale(s.design, i, &scale, &offset);
          CHECK(scale * x[p] + offset == ion_row(part, i)[p]);
        }
      }
      PetscCall(ion_block_destroy(&v));
    }
    PetscCall(ion_block_destroy(&u));
    PetscCall(ion_block_destroy(&part));
    PetscCall(ion_block_destroy(&all));
    PetscCall(end(&s));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode a_point_of_the_net_is_shared_by_the_members_of_its_block(void)
{
  static const char *const inputs[] = {"temperature", "pair", "neuron.nka.rate", "dummy"};
  static const size_t input_of[]    = {0, 1, 2, 1};
  study s;
  ion_block u;

  PetscFunctionBegin;
  PetscCall(make("kind: saltelli, samples: 64, replicates: 2, second_order: true, groups: {pair: "
                 "[ecs.composition.K, energy_supply]}",
                 four, &s));
  CHECK(ion_design_n_member(s.design) == 8 && ion_design_n_block(s.design) == 32);
  CHECK(ion_design_n_replicate(s.design) == 2 && ion_design_n_point(s.design) == 64 * 8);
  CHECK(ion_design_n_input(s.design) == 4 && ion_design_seed(s.design) == 1);
  for (size_t j = 0; j < 4; j++) {
    const ion_input *input = ion_design_input(s.design, j);

    CHECK(!strcmp(input->name, inputs[j]) && input->is_group == (j == 1));
    CHECK(input->n_factor == (j == 1 ? 2 : j < 3 ? 1 : 0));
    CHECK(input->member == (j < 3 ? 2 + j : ION_MEMBER_A));
    CHECK(input->reverse == (j < 3 ? 5 + j : ION_MEMBER_B));
  }
  CHECK(ion_design_input(s.design, 1)->factor[0] == 1 &&
        ion_design_input(s.design, 1)->factor[1] == 3);
  PetscCall(unit_of(&s, 0, 512, &u));
  for (size_t p = 0; p < 512; p += 8)
    for (size_t i = 0; i < 4; i++) {
      const double *x = ion_row(u, i) + p, a = x[0], b = x[1];

      CHECK(a != b);
      for (size_t j = 0; j < 3; j++) {
        CHECK(x[2 + j] == (input_of[i] == j ? b : a));
        CHECK(x[5 + j] == (input_of[i] == j ? a : b));
      }
    }
  for (size_t p = 0; p < 512; p += 8)
    for (size_t m = 2; m < 8; m++)
      CHECK(ion_row(u, 4)[p + m] == ion_row(u, 4)[p + (m < 5 ? 0 : 1)]);
  PetscCall(ion_block_destroy(&u));
  PetscCall(end(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Each replicate is a net in 2k dimensions: one of 32 points in each of 32 slices of every column of A
 * and of B. */
static PetscErrorCode replicates_are_nets_of_their_own(void)
{
  study s;
  ion_block u;

  PetscFunctionBegin;
  PetscCall(make("kind: saltelli, samples: 128", four, &s));
  PetscCall(unit_of(&s, 0, 128 * 6, &u));
  for (size_t i = 0; i < 5; i++)
    for (size_t r = 0; r < 4; r++)
      for (size_t m = 0; m < 2; m++) {
        unsigned seen = 0;

        for (size_t block = 0; block < 32; block++)
          seen |= 1u << (unsigned)(32 * ion_row(u, i)[(block * 4 + r) * 6 + m]);
        CHECK(seen == UINT32_MAX);
        CHECK(i == 4 || r == 0 || ion_row(u, i)[r * 6 + m] != ion_row(u, i)[m]);
      }
  PetscCall(ion_block_destroy(&u));
  PetscCall(end(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* N, then 2N: the same leading points, and the text of the smaller study. */
static PetscErrorCode a_study_of_twice_the_size_starts_with_the_smaller_one(void)
{
  static const char *const kinds[] = {
      "kind: sobol, seed: 3, samples: %d", "kind: saltelli, samples: %d, second_order: true",
      "kind: saltelli, samples: %d, scramble: lms", "kind: morris, trajectories: %d",
      "kind: morris, path: winding, trajectories: %d"};

  PetscFunctionBegin;
  for (size_t k = 0; k < ION_COUNT(kinds); k++) {
    study small, large;
    char rest[256], *a, *b;
    ion_block x, y;
    size_t n;

    (void)snprintf(rest, sizeof rest, kinds[k], 32);
    PetscCall(make(rest, four, &small));
    (void)snprintf(rest, sizeof rest, kinds[k], 64);
    PetscCall(make(rest, four, &large));
    n = (size_t)ion_design_n_point(small.design);
    PetscCall(ion_block_create(4, 2 * n, &x));
    PetscCall(ion_block_create(4, 2 * n, &y));
    PetscCall(ion_design_points(small.design, 0, n, x));
    PetscCall(ion_design_points(large.design, 0, 2 * n, y));
    for (size_t i = 0; i < 4; i++) CHECK(!memcmp(ion_row(x, i), ion_row(y, i), n * sizeof(double)));
    PetscCall(ion_design_canonical(small.design, &a));
    PetscCall(ion_design_canonical_of(large.design, n, &b));
    CHECK(b && !strcmp(a, b));
    PetscCall(PetscFree(b));
    PetscCall(ion_design_canonical(large.design, &b));
    CHECK(strcmp(a, b));
    PetscCall(PetscFree(b));
    PetscCall(ion_design_canonical_of(large.design, n + 1, &b));
    CHECK(!b == (ion_design_n_member(large.design) > 1));
    PetscCall(PetscFree(b));
    PetscCall(ion_design_canonical_of(small.design, 2 * n, &b));
    CHECK(!b);
    PetscCall(PetscFree(a));
    PetscCall(ion_block_destroy(&x));
    PetscCall(ion_block_destroy(&y));
    PetscCall(end(&small));
    PetscCall(end(&large));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode every_slice_of_a_latin_hypercube_holds_one_point(void)
{
  static const int size[] = {1, 2, 7, 100, 1000};

  PetscFunctionBegin;
  for (size_t k = 0; k < ION_COUNT(size); k++)
    for (int centred = 0; centred < 2; centred++) {
      study s;
      ion_block u;
      char rest[128];
      size_t n = (size_t)size[k];

      (void)snprintf(rest, sizeof rest, "kind: latin_hypercube, samples: %zu, replicates: 2%s",
                     2 * n, centred ? ", centred: true" : "");
      PetscCall(make(rest, four, &s));
      PetscCall(unit_of(&s, 0, 2 * n, &u));
      for (size_t i = 0; i < 5; i++)
        for (size_t r = 0; r < 2; r++) {
          unsigned char seen[1000] = {0};

          for (size_t b = 0; b < n; b++) {
            const double at = ion_row(u, i)[2 * b + r] * (double)n;

            seen[(size_t)at]++;
            if (centred) CHECK_NEAR(at - floor(at), 0.5, 1e-12);
          }
          for (size_t b = 0; b < n; b++) CHECK(seen[b] == 1);
        }
      PetscCall(ion_block_destroy(&u));
      PetscCall(end(&s));
    }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Every step moves the factors of one input by delta = p/(2(p - 1)), the one ion_design_path names, and
 * each input once; open marginals have the middles of p slices for levels. */
static PetscErrorCode winding_paths_move_one_input_a_step(void)
{
  enum { LEVELS = 4, PATHS = 200, MEMBERS = 4 };
  static const char factors[] =
      "temperature: {uniform: [300, 310]}, neuron.nka.rate: {lognormal: [2, 1.5]}, energy_supply: "
      "{triangular: [0, 0.5, 1]}, glia.kir.g: {beta: {alpha: 2, beta: 3, lower: 1, upper: 9}}";
  const double delta[] = {2.0 / 3, 0.5, 2.0 / 3, 2.0 / 3};
  study s;
  ion_block u;
  size_t up = 0, first_moves[3] = {0};

  PetscFunctionBegin;
  PetscCall(make("kind: morris, path: winding, trajectories: 200, groups: {two: [temperature, "
                 "glia.kir.g]}",
                 factors, &s));
  CHECK(ion_design_is_winding(s.design) && ion_design_n_member(s.design) == MEMBERS);
  CHECK(ion_design_n_input(s.design) == 3);
  PetscCall(unit_of(&s, 0, PATHS * MEMBERS, &u));
  for (size_t t = 0; t < PATHS; t++) {
    size_t input[3], moved = 0;

    PetscCall(ion_design_path(s.design, t, 0, input));
    first_moves[input[0]]++;
    for (size_t m = 0; m + 1 < MEMBERS; m++) {
      const ion_input *mover = ion_design_input(s.design, input[m]);

      moved |= (size_t)1 << input[m];
      for (size_t i = 0; i < 4; i++) {
        const double *x = ion_row(u, i) + t * MEMBERS + m, step = x[1] - x[0];
        PetscBool mine = PETSC_FALSE;

        for (size_t k = 0; k < mover->n_factor; k++) mine |= (PetscBool)(mover->factor[k] == i);
        CHECK_NEAR(fabs(step), mine ? delta[i] : 0.0, 1e-15);
        up += mine && step > 0;
        CHECK(x[0] >= 0 && x[0] <= 1 && (i != 1 || (x[0] > 0 && x[0] < 1)));
      }
    }
    CHECK(moved == 7);
  }
  CHECK_NEAR((double)up, 400.0, 5 * sqrt(200.0));
  for (size_t j = 0; j < 3; j++)
    CHECK_NEAR((double)first_moves[j], PATHS / 3.0, 5 * sqrt(PATHS * 2.0 / 9));
  PetscCall(ion_block_destroy(&u));
  PetscCall(end(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The base and stepped points of a radial block are A and A_B^j of the saltelli block. */
static PetscErrorCode radial_blocks_start_the_saltelli_study(void)
{
  study radial, saltelli;
  ion_block u, v;

  PetscFunctionBegin;
  PetscCall(make("kind: morris, trajectories: 16, replicates: 4, seed: 9", four, &radial));
  PetscCall(make("kind: saltelli, samples: 64, seed: 9", four, &saltelli));
  PetscCall(unit_of(&radial, 0, 16 * 5, &u));
  PetscCall(unit_of(&saltelli, 0, 64 * 6, &v));
  for (size_t i = 0; i < 4; i++)
    for (size_t b = 0; b < 16; b++)
      for (size_t m = 0; m < 5; m++)
        CHECK(ion_row(u, i)[b * 5 + m] == ion_row(v, i)[b * 6 + (m ? m + 1 : 0)]);
  PetscCall(ion_block_destroy(&u));
  PetscCall(ion_block_destroy(&v));
  PetscCall(end(&radial));
  PetscCall(end(&saltelli));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Correlation of the normal scores of two uniform factors, which are their ranks' scores. */
static double correlation_of(const double *x, const double *y, size_t n)
{
  double xx = 0, yy = 0, xy = 0, mx = 0, my = 0;

  for (size_t p = 0; p < n; p++) mx += x[p] / (double)n, my += y[p] / (double)n;
  for (size_t p = 0; p < n; p++) {
    xx += (x[p] - mx) * (x[p] - mx);
    yy += (y[p] - my) * (y[p] - my);
    xy += (x[p] - mx) * (y[p] - my);
  }
  return xy / sqrt(xx * yy);
}

/* Normal marginals have correlation rho itself; uniform ones 6/pi asin(rho/2), which is `rank`; the
 * marginals stay what they are. */
static PetscErrorCode copulas_correlate_and_keep_marginals(void)
{
  enum { N = 4096 };
  static const char factors[] =
      "ecs.composition.K: {normal: {mean: 100, sd: 1, lower: 0, upper: 1000}}, temperature: "
      "{uniform: [300, 310]}, glia.kir.g: {normal: {mean: 50, sd: 2, lower: 0}}, energy_supply: "
      "{uniform: [0, 1]}";
  study s;
  ion_block x;
  double mean = 0;

  PetscFunctionBegin;
  PetscCall(make("kind: sobol, samples: 4096, correlation: [{between: [ecs.composition.K, "
                 "glia.kir.g], rho: 0.7}, {between: [energy_supply, temperature], rank: -0.4}, "
                 "{between: [temperature, glia.kir.g], rho: 0.1}]",
                 factors, &s));
  CHECK(ion_design_is_correlated(s.design) && !ion_design_warning(s.design, 0));
  PetscCall(ion_block_create(4, N, &x));
  PetscCall(ion_design_points(s.design, 0, N, x));
  CHECK_NEAR(correlation_of(ion_row(x, 0), ion_row(x, 2), N), 0.7, 0.005);
  CHECK_NEAR(correlation_of(ion_row(x, 1), ion_row(x, 3), N), -0.4, 0.005);
  CHECK_NEAR(correlation_of(ion_row(x, 0), ion_row(x, 3), N), 0.0, 0.01);
  for (size_t p = 0; p < N; p++) mean += ion_row(x, 3)[p] / N;
  CHECK_NEAR(mean, 0.5, 1e-3);
  PetscCall(ion_block_destroy(&x));
  PetscCall(end(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode units_and_parameters_are_what_a_user_means(void)
{
  static const char factors[] =
      "temperature: {normal: {mean: 37 degC, sd: 2 K, lower: 303.15 K, upper: 42 degC}},"
      " energy_supply: {discrete: {values: [0.5, 1], weights: [1, 3]}},"
      " neuron.nka.rate: {lognormal: {mean: 2 fmol/s, sd: 1000 amol/s}},"
      " ecs.composition.K: {uniform: {lower: 2 mM, upper: 0.01 M}, balance: Na}";
  study s;
  const ion_marginal *m;

  PetscFunctionBegin;
  PetscCall(make("kind: sobol, samples: 8", factors, &s));
  m = ion_design_marginal(s.design, 0);
  CHECK(!strcmp(ion_design_factor(s.design, 0)->unit, "degC") && !strcmp(m->name, "normal"));
  CHECK(m->n_param == 2 && !strcmp(m->param_name[1], "sd"));
  CHECK(m->param[0] == 37 && m->param[1] == 2 && m->lower == 30 && m->upper == 42);
  m = ion_design_marginal(s.design, 1);
  CHECK(m->n_value == 2 && m->weight[0] == 0.25 && m->value[1] == 1 && m->upper == 1);
  m = ion_design_marginal(s.design, 2);
  CHECK(!strcmp(m->param_name[0], "median") && m->lower == 0);
  CHECK_RELATIVE(m->param[0] * exp(0.5 * log(m->param[1]) * log(m->param[1])), 2.0, 1e-14);
  CHECK_RELATIVE(exp(log(m->param[1]) * log(m->param[1])) - 1, 0.25, 1e-13);
  m = ion_design_marginal(s.design, 3);
  CHECK(m->lower == 2 && m->upper == 10 && !strcmp(ion_design_factor(s.design, 3)->balance, "Na"));
  PetscCall(end(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode what_breaks_a_design_is_said(void)
{
  study s;

  PetscFunctionBegin;
  PetscCall(make("kind: saltelli, samples: 400", four, &s));
  CHECK(strstr(ion_design_warning(s.design, 0), "not a power of two"));
  CHECK(strstr(ion_design_warning(s.design, 0), "samples: 256 or 512"));
  CHECK(!ion_design_warning(s.design, 1));
  PetscCall(end(&s));
  PetscCall(make(every_kind[8], four, &s));
  CHECK(strstr(ion_design_warning(s.design, 0), "not in one group"));
  PetscCall(end(&s));
  PetscCall(make("kind: saltelli, samples: 16, groups: {two: [temperature, energy_supply]}, "
                 "correlation: [{between: [temperature, energy_supply], rho: 0.5}]",
                 four, &s));
  CHECK(!ion_design_warning(s.design, 0));
  PetscCall(end(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Everything that decides the points is in the text. */
static PetscErrorCode different_designs_have_different_texts(void)
{
  static const char *const other[] = {
      "kind: saltelli, samples: 16",
      "kind: saltelli, samples: 16, seed: 2",
      "kind: saltelli, samples: 16, replicates: 2",
      "kind: saltelli, samples: 16, scramble: hash",
      "kind: saltelli, samples: 16, second_order: true",
      "kind: saltelli, samples: 16, groups: {a: [temperature, energy_supply]}",
      "kind: saltelli, samples: 16, groups: {a: [temperature, neuron.nka.rate]}",
      "kind: saltelli, samples: 16, correlation: [{between: [temperature, energy_supply], rho: "
      "0.5}]",
      "kind: saltelli, samples: 16, correlation: [{between: [temperature, energy_supply], rho: "
      "0.4}]",
      "kind: sobol, samples: 16",
      "kind: latin_hypercube, samples: 16",
      "kind: latin_hypercube, samples: 16, centred: true",
      "kind: morris, trajectories: 16",
      "kind: morris, trajectories: 16, path: winding",
      "kind: morris, trajectories: 16, path: winding, levels: 8",
  };
  char *text[ION_COUNT(other)];

  PetscFunctionBegin;
  for (size_t i = 0; i < ION_COUNT(other); i++) {
    study s;

    PetscCall(make(other[i], four, &s));
    PetscCall(ion_design_canonical(s.design, &text[i]));
    for (size_t k = 0; k < i; k++) CHECK(strcmp(text[i], text[k]));
    PetscCall(end(&s));
  }
  for (size_t i = 0; i < ION_COUNT(other); i++) PetscCall(PetscFree(text[i]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode refused(const char *rest, const char *factors, const char *said)
{
  study s;

  PetscFunctionBegin;
  CHECK_RAISES(PETSC_ERR_USER_INPUT, make(rest, factors, &s));
  CHECK_SAID(said);
  CHECK(!strncmp(ion_test_message, "s.yaml:1:", 9) && !strchr(ion_test_message, '\n'));
  CHECK(!s.design);
  PetscCall(end(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode bad_keys_are_refused_in_one_line(void)
{
  static const char *const bad[][2] = {
      {"kind: sobol",                                                                               "design needs the key 'samples'"       },
      {"kind: sobol, samples: 0",                                                                   "samples must be a whole number from 1"},
      {"kind: sobol, samples: 16, second_order: true",                                              "unknown key 'second_order'"           },
      {"kind: saltelli, samples: 18",                                                               "18 cannot be shared by 4 replicates"  },
      {"kind: saltelli, samples: 16, scramble: owne",                                               "did you mean 'owen'"                  },
      {"kind: saltelli, samples: 16, scramble: none, replicates: 2",
       "of an unscrambled net are equal"                                                                                                   },
      {"kind: saltelli, samples: 1099511627776",                                                    "more than 2^40 points"                },
      {"kind: saltelli, samples: 16, groups: {a: [temprature]}",                                    "did you mean 'temperature'"           },
      {"kind: saltelli, samples: 16, groups: {a: []}",                                              "group 'a' is empty"                   },
      {"kind: saltelli, samples: 16, groups: {temperature: [energy_supply]}",                       "it is taken"                          },
      {"kind: saltelli, samples: 16, groups: {a: [energy_supply], b: [energy_supply]}",
       "is in a group already"                                                                                                             },
      {"kind: morris, trajectories: 8, path: winding, levels: 5",                                   "levels must be even"                  },
      {"kind: morris, trajectories: 8, levels: 4",                                                  "unknown key 'levels'"                 },
      {"kind: sobol, samples: 8, correlation: [{between: [temperature, energy_supply], rho: 1.5}]",
       "rho = 1.5 is out of range"                                                                                                         },
      {"kind: sobol, samples: 8, correlation: [{between: [temperature, energy_supply]}]",
       "needs either 'rho'"                                                                                                                },
      {"kind: sobol, samples: 8, correlation: [{between: [temperature, temperature], rho: 0}]",
       "two different factors"                                                                                                             },
      {"kind: sobol, samples: 8, correlation: [{between: [temperature, energy_supply], rho: 0.9},"
       " {between: [temperature, neuron.nka.rate], rho: 0.9},"
       " {between: [energy_supply, neuron.nka.rate], rho: -0.9}]",                           "contradict each other"                },
  };

  PetscFunctionBegin;
  for (size_t i = 0; i < ION_COUNT(bad); i++) PetscCall(refused(bad[i][0], four, bad[i][1]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode bad_marginals_are_refused_in_one_line(void)
{
  static const char *const bad[][2] = {
      {"temperature: {from: 300, to: 310, count: 3}",                       "unknown key 'from'; allowed: uniform"},
      {"temperature: 300",                                                  "needs a distribution"                },
      {"temperature: {}",                                                   "needs a distribution"                },
      {"temperature: {unifrom: [300, 310]}",                                "did you mean 'uniform'"              },
      {"temperature: {uniform: [300, 310], normal: [300, 1]}",              "two distributions"                   },
      {"temperature: {uniform: [300]}",                                     "a list for uniform has 2 values"     },
      {"temperature: {uniform: [300, 300]}",                                "leaves nothing to vary"              },
      {"temperature: {uniform: [310, 300]}",                                "lower (310) must be below"           },
      {"temperature: {uniform: [300, 400]}",                                "temperature = 400 K is out of range" },
      {"temperature: {uniform: [300, 10 mM]}",                              "wrong unit 'mM'"                     },
      {"temperature: {normal: [37 degC, 5 K]}",                             "at least -0.15 degC; give it 'lower'"},
      {"temperature: {normal: {mean: 310, sd: 2, lower: 300}}",             "at most 323 K; give it 'upper'"      },
      {"temperature: {normal: {mean: 310, sd: 0, lower: 300, upper: 320}}", "it must be positive"                 },
      {"temperature: {normal: {mean: 100, sd: 1, lower: 300, upper: 320}}",
       "nothing of this normal lies"                                                                              },
      {"temperature: {log_uniform: [25 degC, 30 degC]}",                    "a unit that starts at zero"          },
      {"energy_supply: {log_uniform: [0, 1]}",                              "needs positive limits"               },
      {"energy_supply: {triangular: [0, 2, 1]}",                            "the mode (2) must be between"        },
      {"energy_supply: {beta: [0, 1, 0, 1]}",                               "alpha = 0 is out of range"           },
      {"neuron.nka.rate: {lognormal: [2, 0.5]}",                            "a factor above 1"                    },
      {"temperature: {lognormal: {median: 300, gsd: 1.1, upper: 320}}",
       "at least 273 K; give it 'lower'"                                                                          },
      {"energy_supply: {discrete: [1]}",                                    "leaves nothing to vary"              },
      {"energy_supply: {discrete: {values: [0.5, 1], weights: [1]}}",       "1 weights for 2 values"              },
      {"energy_supply: {discrete: {values: [0.5, 1], weights: [1, 0]}}",
       "a weight must be positive"                                                                                },
      {"neuron.rest.V: {uniform: [-80, -70]}",                              "may be set but not varied"           },
      {"",                                                                  "needs at least one factor"           },
  };

  PetscFunctionBegin;
  for (size_t i = 0; i < ION_COUNT(bad); i++)
    PetscCall(refused("kind: sobol, samples: 8", bad[i][0], bad[i][1]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One factor more than the table of direction numbers has dimensions for. */
static PetscErrorCode too_many_dimensions_are_refused(void)
{
  enum { N = 1024 };
  static char text[N * 48], name[N][16];
  ion_quantity many[N];
  ion_units *units;
  ion_spec *spec;
  ion_design *design;
  size_t used;

  PetscFunctionBegin;
  PetscCall(ion_units_create(&units));
  used = (size_t)snprintf(text, sizeof text, "{kind: saltelli, samples: 4, factors: {");
  for (size_t i = 0; i < N; i++) {
    (void)snprintf(name[i], sizeof name[i], "x%zu", i);
    many[i] = (ion_quantity){name[i], "1", "", 0, 0, 1, PETSC_TRUE};
    used += (size_t)snprintf(text + used, sizeof text - used, "x%zu: {uniform: [0, 1]},", i);
  }
  (void)snprintf(text + used, sizeof text - used, "}}\n");
  PetscCall(ion_spec_parse("s.yaml", text, strlen(text), &spec));
  CHECK_RAISES(PETSC_ERR_USER_INPUT,
               ion_design_create(ion_spec_root(spec), units, many, N, &design));
  CHECK_SAID("1024 factors need a Sobol sequence of 2050 dimensions; there are 2048");
  PetscCall(ion_spec_close(&spec));
  PetscCall(ion_units_destroy(&units));
  PetscFunctionReturn(PETSC_SUCCESS);
}

#define CASE(name)                                                                                 \
  {                                                                                                \
#name, name                                                                                    \
  }
static const ion_test_case cases[] = {
    CASE(a_point_does_not_depend_on_the_range_it_is_made_in),
    CASE(a_point_of_the_net_is_shared_by_the_members_of_its_block),
    CASE(replicates_are_nets_of_their_own),
    CASE(a_study_of_twice_the_size_starts_with_the_smaller_one),
    CASE(every_slice_of_a_latin_hypercube_holds_one_point),
    CASE(winding_paths_move_one_input_a_step),
    CASE(radial_blocks_start_the_saltelli_study),
    CASE(copulas_correlate_and_keep_marginals),
    CASE(units_and_parameters_are_what_a_user_means),
    CASE(what_breaks_a_design_is_said),
    CASE(different_designs_have_different_texts),
    CASE(bad_keys_are_refused_in_one_line),
    CASE(bad_marginals_are_refused_in_one_line),
    CASE(too_many_dimensions_are_refused),
};

int main(int argc, char **argv)
{
  return ion_test_main(argc, argv, cases, ION_COUNT(cases));
}
