/* Linear response: derivatives through the adjoint against full solutions and closed forms, Onsager's
 * matrix at equilibrium. */
#include "model_fixture.h"

#include <ion/ledger.h>

#define RHO 26.725e-3 /* RT/F of dusterwald2018, V */

/* Outputs by name and the derivatives of all fixture points. */
typedef struct {
  ion_spec *selection;
  ion_outputs *outputs;
  ion_response *response;
  int parameter[16];
  size_t n_output, n_parameter;
  double *derivative;
} probe;

static void observe(const void *context, ion_block theta, ion_block prepared, const ion_work *work,
                    size_t n_point, ion_block value)
{
  ion_outputs_observe(context, theta, prepared, work, n_point, NULL, NULL, NULL, value);
}

static PetscErrorCode probe_create(const fixture *f, const char *of, const char *const *by,
                                   probe *q)
{
  PetscFunctionBegin;
  memset(q, 0, sizeof *q);
  PetscCall(ion_spec_parse("of", of, strlen(of), &q->selection));
  PetscCall(ion_outputs_create(f->model, ion_spec_root(q->selection), &q->outputs));
  q->n_output = ion_outputs_count(q->outputs);
  for (; by[q->n_parameter]; q->n_parameter++)
    q->parameter[q->n_parameter] = ion_model_find(f->model, by[q->n_parameter]);
  PetscCall(ion_response_create(f->model, q->parameter, q->n_parameter, observe, q->outputs,
                                q->n_output, &q->response));
  PetscCall(PetscMalloc1(q->n_output * q->n_parameter, &q->derivative));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode probe_destroy(probe *q)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(q->derivative));
  PetscCall(ion_response_destroy(&q->response));
  PetscCall(ion_outputs_destroy(&q->outputs));
  PetscCall(ion_spec_close(&q->selection));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- against differences of full solutions ---- */

static const char of_cell[] = "[neuron.V, glia.V, ecs.K, neuron.Ca, neuron.volume, ecs.volume, "
                              "neuron.A_atp, neuron.nka.flux, neuron.transient_na.flux, "
                              "glia.kir.affinity, neuron.nka.efficiency, total.dissipation]";

static const char *const by_cell[] = {"energy_supply",
                                      "temperature",
                                      "neuron.nka.rate",
                                      "neuron.leak_na.permeability",
                                      "glia.kir.conductance",
                                      "neuron.nka.K_Na_in",
                                      "ecs.composition.K",
                                      "Q10_transport",
                                      NULL};

enum { N_BY = 8, N_NEIGHBOUR = 4 };

/* A point and, for each parameter, p(1 +- h) and p(1 +- 2h), solved by the oracle from a given state. */
typedef struct {
  fixture f;
  double h;
} neighbours;

static PetscErrorCode neighbours_create(const fixture *f, size_t p, double h, neighbours *s)
{
  static const double at[N_NEIGHBOUR] = {-2, -1, 1, 2};
  const size_t n                      = 1 + N_BY * N_NEIGHBOUR;
  double theta[1024], x[64];

  PetscFunctionBegin;
  s->h = h;
  PetscCall(fixture_neuron_glia(&s->f, n));
  for (size_t i = 0; i < f->n_theta; i++)
    for (size_t l = 0; l < n; l++) ion_row(s->f.theta, i)[l] = ion_row(f->theta, i)[p];
  for (size_t k = 0; k < N_BY; k++)
    for (size_t l = 0; l < N_NEIGHBOUR; l++)
      fixture_theta(&s->f, by_cell[k])[1 + N_NEIGHBOUR * k + l] *= 1 + at[l] * h;
  for (size_t l = 0; l < n; l++) {
    SNESConvergedReason reason;

    for (size_t i = 0; i < f->n_theta; i++) theta[i] = ion_row(s->f.theta, i)[l];
    for (size_t i = 0; i < f->n_state; i++) x[i] = ion_row(f->x, i)[p];
    PetscCall(ion_solve_point(f->model, theta, x, &reason, NULL));
    CHECK(reason > 0);
    for (size_t i = 0; i < f->n_state; i++) ion_row(s->f.x, i)[l] = x[i];
  }
  fixture_evaluate(&s->f, ION_RESIDUAL | ION_AFFINITY);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* |a - b| below a share of either, or of the output itself for a relative change of the parameter: a
 * derivative that is nothing to the output cannot be told from zero. */
static void check_derivative(const char *output, const char *parameter, double a, double b,
                             double weight, double tolerance)
{
  const double allowed = tolerance * fmax(fmax(fabs(a), fabs(b)), 1e-4 * weight);

  if (fabs(a - b) <= allowed) return;
  ion_test_failures++;
  fprintf(stderr, "d %s/d %s: %.12g, by solving again %.12g\n", output, parameter, a, b);
}

static PetscErrorCode compare_point(const fixture *f, size_t p, probe *q, double tolerance)
{
  const double h = 1e-4;
  neighbours s;
  ion_block value = {0};

  PetscFunctionBegin;
  PetscCall(neighbours_create(f, p, h, &s));
  PetscCall(ion_block_create(q->n_output, s.f.n_point, &value));
  observe(q->outputs, s.f.theta, s.f.prepared, &s.f.work, s.f.n_point, value);
  PetscCall(ion_response_derivatives(q->response, f->theta, f->x, p, q->derivative));
  for (size_t o = 0; o < q->n_output; o++)
    for (size_t k = 0; k < N_BY; k++) {
      const double *y = ion_row(value, o), *at = y + 1 + N_NEIGHBOUR * k;
      const double parameter = ion_row(f->theta, (size_t)q->parameter[k])[p];
      const double solved    = (at[0] - 8 * at[1] + 8 * at[2] - at[3]) / (12 * h * parameter);

      check_derivative(ion_outputs_at(q->outputs, o)->name, by_cell[k], q->derivative[o * N_BY + k],
                       solved, fabs(y[0] / parameter), tolerance);
    }
  PetscCall(ion_block_destroy(&value));
  PetscCall(fixture_destroy(&s.f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode compare_all(fixture *f)
{
  probe q;

  PetscFunctionBegin;
  PetscCall(fixture_solve(f, by_cell, PETSC_FALSE));
  PetscCall(probe_create(f, of_cell, by_cell, &q));
  CHECK(q.n_parameter == N_BY && q.n_output == 12);
  for (size_t p = 0; p < f->n_point; p++) {
    CHECK(f->verdict.status[p] == ION_OK);
    PetscCall(compare_point(f, p, &q, 1e-5));
  }
  PetscCall(probe_destroy(&q));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode agrees_at_rest_in_the_cold_and_near_the_fold(void)
{
  fixture f;

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, 4));
  fixture_theta(&f, "temperature")[1]   = 303.15;
  fixture_theta(&f, "energy_supply")[2] = 0.17;
  fixture_theta(&f, "energy_supply")[3] = 0.05;
  PetscCall(compare_all(&f));
  CHECK(f.verdict.reached[2] == ION_REACHED_BRANCH || f.verdict.reached[2] == ION_REACHED_DIRECT);
  CHECK(f.verdict.reached[3] == ION_REACHED_DEPARTED);
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode agrees_at_random_points(void)
{
  fixture f;

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, 10));
  for (size_t p = 0; p < f.n_point; p++)
    for (size_t k = 0; k < N_BY; k++)
      fixture_theta(&f, by_cell[k])[p] *=
          1 + (k == 1 ? 0.02 : 0.2) * (2 * ion_random_uniform(11, p, k) - 1);
  PetscCall(compare_all(&f));
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The check that users run gives what the adjoint gives. */
static PetscErrorCode own_check_agrees(void)
{
  fixture f;
  probe q;
  double solved[12 * N_BY];

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, 2));
  fixture_theta(&f, "energy_supply")[1] = 0.17;
  PetscCall(fixture_solve(&f, by_cell, PETSC_FALSE));
  PetscCall(probe_create(&f, of_cell, by_cell, &q));
  for (size_t p = 0; p < 2; p++) {
    PetscCall(ion_response_derivatives(q.response, f.theta, f.x, p, q.derivative));
    PetscCall(ion_response_differences(q.response, solved));
    for (size_t i = 0; i < q.n_output * N_BY; i++)
      check_derivative(
          ion_outputs_at(q.outputs, i / N_BY)->name, by_cell[i % N_BY], q.derivative[i], solved[i],
          fabs(ion_response_size(q.response)[i / N_BY] / ion_response_scale(q.response)[i % N_BY]),
          1e-5);
  }
  PetscCall(probe_destroy(&q));
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- closed forms ---- */

/* Duesterwald et al. 2018, parametric in the pump current j: V and the pump strength that j needs. */
static void exact(double j, double *V, double *strength)
{
  const double g_Na = 2e-3, g_K = 7e-3, g_Cl = 2e-3, g_KCC = 2e-3, Pi = 297, z = -0.85;
  const double b    = g_K * g_Cl + g_KCC * g_K + g_Cl * g_KCC;
  const double A_Na = 145 * exp(-3 * j / (RHO * g_Na));
  const double A_K  = 3.5 * exp(2 * j * (g_Cl + g_KCC) / (RHO * b));
  const double c = 119 * exp(-2 * j * g_KCC / (RHO * b)), a = A_Na + A_K;
  const double theta =
      (-z * Pi + sqrt(z * z * Pi * Pi + 4 * (1 - z * z) * a * c)) / (2 * (1 - z) * a);

  *V        = -RHO * log(theta);
  *strength = j * pow(145 / (A_Na * theta), 3) / 0.1;
}

/* The same derivative by hand: dtheta/dj from (1-z) a theta^2 + z Pi theta - (1+z) c = 0. */
static double exact_slope(double j)
{
  const double g_Na = 2e-3, g_K = 7e-3, g_Cl = 2e-3, g_KCC = 2e-3, Pi = 297, z = -0.85;
  const double b    = g_K * g_Cl + g_KCC * g_K + g_Cl * g_KCC;
  const double k_Na = -3 / (RHO * g_Na), k_K = 2 * (g_Cl + g_KCC) / (RHO * b);
  const double k_c  = -2 * g_KCC / (RHO * b);
  const double A_Na = 145 * exp(k_Na * j), A_K = 3.5 * exp(k_K * j), c = 119 * exp(k_c * j);
  const double a = A_Na + A_K, da = k_Na * A_Na + k_K * A_K, dc = k_c * c;
  const double theta =
      (-z * Pi + sqrt(z * z * Pi * Pi + 4 * (1 - z * z) * a * c)) / (2 * (1 - z) * a);
  const double dtheta =
      ((1 + z) * dc - (1 - z) * da * theta * theta) / (2 * (1 - z) * a * theta + z * Pi);
  const double strength = j * pow(145 / (A_Na * theta), 3) / 0.1;
  const double dln      = 1 / j - 3 * (k_Na + dtheta / theta);

  return -RHO * dtheta / theta / (strength * dln);
}

static const char *const by_pump[] = {"pump_strength", "neuron.composition.volume",
                                      "neuron.capacitance", "neuron.impermeant.valence", NULL};

/* dV/d(pump strength) of the exact steady state; the volume put in scales the cell, so that
 * d ln w/d ln w0 = 1 and V stays; charge z N + ... = C V/F makes a small capacitance a change -V C/(F N) of
 * the impermeant valence z, N its amount. */
static PetscErrorCode closed_form_of_the_pump_leak_cell(void)
{
  static const double current[] = {4e-5, 6e-5, 7.7e-5, 9e-5};
  const size_t n                = ION_COUNT(current);
  fixture f;
  probe q;

  PetscFunctionBegin;
  PetscCall(fixture_open(&f, "dusterwald2018"));
  PetscCall(fixture_setup(&f, n));
  for (size_t p = 0; p < n; p++) {
    double V;

    exact(current[p], &V, &fixture_theta(&f, "pump_strength")[p]);
  }
  PetscCall(fixture_solve(&f, by_pump, PETSC_FALSE));
  PetscCall(probe_create(&f, "[neuron.V, neuron.volume, neuron.E_Cl]", by_pump, &q));
  for (size_t p = 0; p < n; p++) {
    const double w0 = fixture_theta(&f, "neuron.composition.volume")[p];
    const double w  = fixture_w(&f, "neuron", p);
    const double N  = w * (297 - fixture_c(&f, "neuron.Na", p) - fixture_c(&f, "neuron.K", p) -
                          fixture_c(&f, "neuron.Cl", p));
    const double *d = q.derivative;

    CHECK(f.verdict.status[p] == ION_OK);
    PetscCall(ion_response_derivatives(q.response, f.theta, f.x, p, q.derivative));
    CHECK_RELATIVE(d[0], 1e3 * exact_slope(current[p]), 1e-5); /* RHO is good to 1e-7 */
    CHECK(p > 0 || d[0] < 0);
    CHECK_NEAR(d[1] * w0, 0, 1e-6);
    CHECK_RELATIVE(d[2], -d[3] * fixture_V(&f, "neuron", p) / (ION_FARADAY * N), 1e-6);
    CHECK_RELATIVE(d[5] * w0, 1e15 * w, 1e-8);
  }
  PetscCall(probe_destroy(&q));
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A parameter that is 0 has no scale of its own: the GABA conductance at rest moves V as Cl- lets it,
 * which full solutions at small conductances show. */
static PetscErrorCode zero_has_a_derivative(void)
{
  static const char *const by[] = {"neuron.gaba_cl.permeability", "neuron.spike_load.firing_rate",
                                   NULL};
  const double h = 1e-22, rate = 1e-4; /* m^3/s, Hz */
  fixture f;
  probe q;

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, 5));
  for (size_t p = 1; p < 3; p++) {
    fixture_theta(&f, by[0])[p]     = (double)p * h;
    fixture_theta(&f, by[1])[p + 2] = (double)p * rate;
  }
  PetscCall(fixture_solve(&f, by, PETSC_FALSE));
  PetscCall(probe_create(&f, "[neuron.V, neuron.Cl]", by, &q));
  PetscCall(ion_response_derivatives(q.response, f.theta, f.x, 0, q.derivative));
  CHECK(ion_response_scale(q.response)[0] > 0 && ion_response_scale(q.response)[0] < 1e-14);
  for (size_t k = 0; k < 2; k++) { /* one-sided differences of second order */
    const size_t at   = 1 + 2 * k;
    const double by_V = (-3 * fixture_V(&f, "neuron", 0) + 4 * fixture_V(&f, "neuron", at) -
                         fixture_V(&f, "neuron", at + 1)) /
                        (2 * (k ? rate : h));
    const double by_Cl = (-3 * fixture_c(&f, "neuron.Cl", 0) + 4 * fixture_c(&f, "neuron.Cl", at) -
                          fixture_c(&f, "neuron.Cl", at + 1)) /
                         (2 * (k ? rate : h));

    CHECK_RELATIVE(q.derivative[k], 1e3 * by_V, 1e-4);
    CHECK_RELATIVE(q.derivative[2 + k], by_Cl, 1e-4);
  }
  PetscCall(probe_destroy(&q));
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode no_state_has_no_derivative(void)
{
  fixture f;
  probe q;

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, 1));
  PetscCall(probe_create(&f, "[neuron.V]", by_cell, &q));
  ion_row(f.x, 3)[0] = (double)NAN;
  PetscCall(ion_response_derivatives(q.response, f.theta, f.x, 0, q.derivative));
  for (size_t k = 0; k < N_BY; k++) CHECK(isnan(q.derivative[k]));
  CHECK_RAISES(PETSC_ERR_ARG_SIZ,
               ion_response_derivatives(q.response, f.theta, f.x, 1, q.derivative));
  PetscCall(probe_destroy(&q));
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Onsager's matrix ---- */

enum { MOST_PROCESSES = 64 };

typedef struct {
  size_t n;
  int process[MOST_PROCESSES];
  double L[MOST_PROCESSES * MOST_PROCESSES];
} onsager;

static PetscErrorCode find_onsager(const fixture *f, size_t p, onsager *o)
{
  PetscFunctionBegin;
  CHECK(f->net->n_process <= MOST_PROCESSES);
  PetscCall(ion_response_onsager(f->model, f->theta, f->x, p, &o->n, o->process, o->L));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Largest |L_ij - L_ji| over sqrt(L_ii L_jj). */
static double asymmetry(const onsager *o)
{
  double most = 0;

  for (size_t i = 0; i < o->n; i++)
    for (size_t j = 0; j < i; j++) {
      const double d = fabs(o->L[i * o->n + j] - o->L[j * o->n + i]) /
                       sqrt(fabs(o->L[i * o->n + i] * o->L[j * o->n + j]));

      if (!(d <= most)) most = d;
    }
  return most;
}

/* Cholesky's pivots of L_ij/sqrt(L_ii L_jj) do not fall below -tolerance. */
static PetscBool is_positive(const onsager *o, double tolerance)
{
  const size_t n = o->n;
  double a[MOST_PROCESSES * MOST_PROCESSES];

  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++)
      a[i * n + j] = o->L[i * n + j] / sqrt(o->L[i * n + i] * o->L[j * n + j]);
  for (size_t k = 0; k < n; k++) {
    if (!(a[k * n + k] > -tolerance)) return PETSC_FALSE;
    for (size_t i = k + 1; i < n && a[k * n + k] > tolerance; i++)
      for (size_t j = k + 1; j < n; j++) a[i * n + j] -= a[i * n + k] * a[k * n + j] / a[k * n + k];
  }
  return PETSC_TRUE;
}

/* Without a pump the cell is a Donnan equilibrium, where channels and KCC2 alone give
 * L = B^T diag(l) B with l = g area RT/F^2: A_kcc2 = A_K + A_Cl couples K+ and Cl-. */
static PetscErrorCode onsager_of_channels_is_their_conductances(void)
{
  static const char *const vary[]    = {"pump_strength", NULL};
  static const double expected[4][4] = {
  /* S/m^2; of water per osmolarity, in any unit */
      {2, 0, 0, 0},
      {0, 9, 2, 0},
      {0, 2, 4, 0},
      {0, 0, 0, 1}
  };
  fixture f;
  onsager o;
  double unit;

  PetscFunctionBegin;
  PetscCall(fixture_open(&f, "dusterwald2018"));
  PetscCall(fixture_setup(&f, 2));
  fixture_theta(&f, "pump_strength")[0] = 0;
  PetscCall(fixture_solve(&f, vary, PETSC_FALSE));
  for (size_t r = 0; r < f.net->n_process; r++) /* an equilibrium indeed */
    if (strcmp(f.net->process[r].name, "neuron.pump") != 0)
      CHECK_NEAR(ion_row(f.work.A, r)[0], 0, 1e-8);
  PetscCall(find_onsager(&f, 0, &o));
  CHECK(o.n == 4);
  CHECK(!strcmp(f.net->process[o.process[1]].name, "neuron.leak_k"));
  /* the cylinder's side, 2 sqrt(pi w length), at 0.1 S/m^2 */
  unit = 0.1 * 2 * sqrt(PETSC_PI * fixture_w(&f, "neuron", 0) * 25e-6) * RHO / ION_FARADAY;
  for (size_t i = 0; i < 3; i++)
    for (size_t j = 0; j < 3; j++)
      CHECK_NEAR(o.L[i * 4 + j], expected[i][j] * unit, 3e-6 * unit); /* RHO again */
  CHECK_RELATIVE(o.L[15], 2e-18, 1e-8);                               /* 2e-3 pL/s/mM */
  CHECK(asymmetry(&o) < 1e-7 && is_positive(&o, 0));
  PetscCall(find_onsager(&f, 1, &o)); /* the pump moves with Na+ in, not with its affinity */
  CHECK(asymmetry(&o) > 1e-2);
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A tissue without energy ends at equilibrium: every affinity is zero, fuel left unburnt excepted. */
static PetscErrorCode onsager_of_dead_tissue_is_symmetric(void)
{
  static const char *const vary[] = {"energy_supply", NULL};
  fixture f;
  onsager o;

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, 2));
  fixture_theta(&f, "energy_supply")[0] = 0;
  PetscCall(fixture_solve(&f, vary, PETSC_FALSE));
  for (size_t r = 0; r < f.net->n_process; r++)
    if (!strstr(f.net->process[r].name, "ox_phos")) CHECK_NEAR(ion_row(f.work.A, r)[0], 0, 1e-8);
  PetscCall(find_onsager(&f, 0, &o));
  CHECK(o.n ==
        13); /* 4 ions, ATP, PCr and water of the neuron; 3 ions, ATP, PCr and water of the glia */
  CHECK(asymmetry(&o) < 1e-6);
  CHECK(is_positive(&o, 1e-9));
  PetscCall(find_onsager(&f, 1, &o)); /* alive it is not */
  CHECK(o.n == 13);
  CHECK(asymmetry(&o) > 1e-2);
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const ion_test_case cases[] = {
    {"agrees_at_rest_in_the_cold_and_near_the_fold", agrees_at_rest_in_the_cold_and_near_the_fold},
    {"agrees_at_random_points",                      agrees_at_random_points                     },
    {"own_check_agrees",                             own_check_agrees                            },
    {"closed_form_of_the_pump_leak_cell",            closed_form_of_the_pump_leak_cell           },
    {"zero_has_a_derivative",                        zero_has_a_derivative                       },
    {"no_state_has_no_derivative",                   no_state_has_no_derivative                  },
    {"onsager_of_channels_is_their_conductances",    onsager_of_channels_is_their_conductances   },
    {"onsager_of_dead_tissue_is_symmetric",          onsager_of_dead_tissue_is_symmetric         },
};

int main(int argc, char **argv)
{
  return ion_test_main(argc, argv, cases, ION_COUNT(cases));
}
