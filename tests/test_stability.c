/* Eigenvalues of the dynamics against linearisations of the equations of motion by finite differences, in
 * variables of the test's own: charge and conserved totals are solved by hand, not as constraints. */
#include "model_fixture.h"

#include <petscblaslapack.h>

#include <stdlib.h>

#define MOST 24

/* dy/dt of n variables. */
typedef void (*motion)(void *context, const double *y, double *dydt);

static int by_falling(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;

  return (x < y) - (x > y);
}

/* Eigenvalues of d(dy/dt)/dy, sorted by falling real part; differences of fourth order. */
static PetscErrorCode spectrum_by_differences(motion f, void *context, size_t n, const double *y,
                                              const double *step, double *re, double *im)
{
  static const double offset[] = {-2, -1, 1, 2}, weight[] = {1. / 12, -2. / 3, 2. / 3, -1. / 12};
  double A[MOST * MOST] = {0}, moved[MOST], rate[MOST], pair[MOST][2], work[64 * MOST], ignored;
  PetscBLASInt order = (PetscBLASInt)n, one = 1, info, lwork = 64 * MOST;

  PetscFunctionBegin;
  for (size_t j = 0; j < n; j++)
    for (size_t k = 0; k < 4; k++) {
      memcpy(moved, y, n * sizeof *moved);
      moved[j] += offset[k] * step[j];
      f(context, moved, rate);
      for (size_t i = 0; i < n; i++) A[i + n * j] += weight[k] * rate[i] / step[j];
    }
  PetscCallBLAS("geev", LAPACKgeev_("N", "N", &order, A, &order, re, im, &ignored, &one, &ignored,
                                    &one, work, &lwork, &info));
  PetscCheck(!info, PETSC_COMM_SELF, PETSC_ERR_LIB, "geev: info %d", (int)info);
  for (size_t i = 0; i < n; i++) {
    pair[i][0] = re[i];
    pair[i][1] = im[i];
  }
  qsort(pair, n, sizeof pair[0], by_falling);
  for (size_t i = 0; i < n; i++) {
    re[i] = pair[i][0];
    im[i] = pair[i][1];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The spectrum of point 0, at its state in f->x. */
static PetscErrorCode spectrum_of_model(fixture *f, size_t *n, double *re, double *im)
{
  PetscFunctionBegin;
  fixture_evaluate(f, ION_RESIDUAL | ION_JACOBIAN);
  PetscCall(ion_stability_spectrum(f->model, f->prepared, f->x, &f->work, 0, n, re, im));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode compare(size_t n, const double *re, const double *im, size_t n_expected,
                              const double *expected_re, const double *expected_im,
                              double tolerance)
{
  PetscFunctionBegin;
  CHECK(n == n_expected);
  for (size_t i = 0; i < n && n == n_expected; i++) {
    CHECK_RELATIVE(re[i], expected_re[i], tolerance);
    CHECK_NEAR(fabs(im[i]), fabs(expected_im[i]), tolerance * fabs(expected_re[i]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the default model ---- */

/* Amounts that stay: of each ion over the tissue, of the moieties in a cell; charge of impermeant solute
 * (mol), from the table of the resting state. */
static const double total[4] = {
    12 * 2e-15 + 15 * 1.6e-15 + 144 * 0.9e-15, 140 * 2e-15 + 115 * 1.6e-15 + 3.5 * 0.9e-15,
    6 * 2e-15 + 35 * 1.6e-15 + 130 * 0.9e-15, 1e-4 * 2e-15 + 1.5 * 0.9e-15};
static const double w_rest[2] = {2e-15, 1.6e-15};
static const double V_rest[2] = {-70e-3, -85e-3};
static const double charge[2] = {-(12 + 140 - 6 + 2e-4) * 2e-15, -(15 + 115 - 35) * 1.6e-15};

/* y: neuron V, K, Cl, Ca, w, ATP, PCr; glia V, K, Cl, w, ATP, PCr; gates m, h, n. V stands for the amount
 * of Na+, which keeps fast and slow directions apart. */
enum { V, K, Cl, Ca, W, ATP, PCr, GLIA, GATES = GLIA + 6, N_Y = GATES + 3 };
enum { NO_CA = 3 };

static size_t place(int cell, int what)
{
  return (size_t)(cell ? GLIA + what - (what > NO_CA) : what);
}

static const char *const cell_name[] = {"neuron", "glia"};

static void put(fixture *f, const char *cell, const char *species, double value)
{
  char name[64];

  snprintf(name, sizeof name, "%s.%s", cell, species);
  ion_row(f->x, (size_t)f->net->pool[fixture_pool(f, name)].x)[0] = value;
}

/* Amounts and potentials y to the model's unknowns. */
static void set_state(fixture *f, const double *y)
{
  double out[4], w_out = 4.5e-15;

  memcpy(out, total, sizeof out);
  for (int k = 0; k < 2; k++) {
    const double w = y[place(k, W)], nK = y[place(k, K)], nCl = y[place(k, Cl)];
    const double nCa = k ? 0 : y[Ca], nATP = y[place(k, ATP)];
    const double open = 20e-12 * (y[place(k, V)] - V_rest[k]) / ION_FARADAY;
    const double nNa  = nCl - nK - 2 * nCa - (charge[k] - open);
    const size_t c    = fixture_compartment(f, cell_name[k]);

    out[0] -= nNa;
    out[1] -= nK;
    out[2] -= nCl;
    out[3] -= nCa;
    w_out -= w;
    put(f, cell_name[k], "Na", log(nNa / w));
    put(f, cell_name[k], "K", log(nK / w));
    put(f, cell_name[k], "Cl", log(nCl / w));
    if (!k) put(f, cell_name[k], "Ca", log(nCa / w));
    put(f, cell_name[k], "ATP", log(nATP / (2.54 * w_rest[k] - nATP)));
    put(f, cell_name[k], "PCr", log(y[place(k, PCr)] / (13 * w_rest[k] - y[place(k, PCr)])));
    ion_row(f->x, (size_t)f->net->compartment[c].x_w)[0] = log(w);
    ion_row(f->x, (size_t)f->net->compartment[c].x_V)[0] =
        y[place(k, V)] / ion_thermal_voltage(310.15);
  }
  put(f, "ecs", "Na", log(out[0] / w_out));
  put(f, "ecs", "K", log(out[1] / w_out));
  put(f, "ecs", "Cl", log(out[2] / w_out));
  put(f, "ecs", "Ca", log(out[3] / w_out));
}

/* Rate of a process with gates at y instead of their steady state: m^3 h and n^2. */
static double rate_of(const fixture *f, size_t r, const double *y)
{
  const ion_process *process = &f->net->process[r];
  const double J             = ion_row(f->work.J, r)[0];
  double g[2];

  for (int k = 0; k < process->n_gate; k++)
    g[k] = y[GATES + process->first_gate + (size_t)k] /
           ion_row(f->work.gate, 3 * (process->first_gate + (size_t)k))[0];
  if (!strcmp(process->name, "neuron.transient_na")) return J * g[0] * g[0] * g[0] * g[1];
  if (!strcmp(process->name, "neuron.rectifier_k")) return J * g[0] * g[0];
  return J;
}

static double gain(const fixture *f, const char *cell, const char *species, const double *y)
{
  char name[64];
  double sum = 0;

  snprintf(name, sizeof name, "%s.%s", cell, species);
  for (size_t r = 0; r < f->net->n_process; r++)
    for (size_t t = 0; t < f->net->process[r].n_pool; t++)
      if (!strcmp(f->net->pool[f->net->process[r].term[t].pool].name, name))
        sum += f->net->process[r].term[t].nu * rate_of(f, r, y);
  return sum;
}

static void neuron_glia_in_time(void *context, const double *y, double *dydt)
{
  fixture *f = context;

  set_state(f, y);
  ion_model_evaluate(f->model, f->prepared, f->x, 1, ION_RESIDUAL, &f->work);
  for (int k = 0; k < 2; k++) {
    const char *cell = cell_name[k];
    const double dK = gain(f, cell, "K", y), dCl = gain(f, cell, "Cl", y),
                 dCa = k ? 0 : gain(f, cell, "Ca", y);

    dydt[place(k, V)]   = ION_FARADAY / 20e-12 * (gain(f, cell, "Na", y) + dK - dCl + 2 * dCa);
    dydt[place(k, K)]   = dK;
    dydt[place(k, Cl)]  = dCl;
    dydt[place(k, ATP)] = gain(f, cell, "ATP", y);
    dydt[place(k, PCr)] = gain(f, cell, "PCr", y);
    dydt[place(k, W)]   = fixture_J(f, k ? "glia.water" : "neuron.water", 0);
    if (!k) dydt[Ca] = dCa;
  }
  for (size_t g = 0; g < 3; g++)
    dydt[GATES + g] =
        ion_row(f->work.gate, 3 * g + 2)[0] * (ion_row(f->work.gate, 3 * g)[0] - y[GATES + g]);
}

/* y and its steps at the state of point 0. */
static void get_state(fixture *f, double *y, double *step)
{
  fixture_evaluate(f, ION_RESIDUAL);
  for (int k = 0; k < 2; k++) {
    const char *cell = cell_name[k];
    const double w   = fixture_w(f, cell, 0);
    char name[64];

    y[place(k, V)] = fixture_V(f, cell, 0);
    y[place(k, W)] = w;
    for (int i = 0; i < 5; i++) {
      static const char *const species[] = {"K", "Cl", "Ca", "ATP", "PCr"};
      static const int what[]            = {K, Cl, Ca, ATP, PCr};

      if (k && what[i] == Ca) continue;
      snprintf(name, sizeof name, "%s.%s", cell, species[i]);
      y[place(k, what[i])] = w * fixture_c(f, name, 0);
    }
  }
  for (size_t g = 0; g < 3; g++) y[GATES + g] = ion_row(f->work.gate, 3 * g)[0];
  for (size_t i = 0; i < N_Y; i++) step[i] = 3e-4 * fabs(y[i]);
}

/* At rest, in the tissue short of energy, near the fold, in the collapsed state and cold. */
static PetscErrorCode default_model_by_differences(void)
{
  static const char *const vary[] = {"energy_supply", "temperature", NULL};
  static const double phi[]       = {1, 0.3, 0.16, 0.05, 0.5};
  static const double T[]         = {310.15, 310.15, 310.15, 310.15, 300};

  PetscFunctionBegin;
  for (size_t k = 0; k < ION_COUNT(phi); k++) {
    double y[N_Y], step[N_Y], re[2][MOST], im[2][MOST];
    size_t n;
    fixture f;

    PetscCall(fixture_neuron_glia(&f, 1));
    fixture_theta(&f, "energy_supply")[0] = phi[k];
    fixture_theta(&f, "temperature")[0]   = T[k];
    PetscCall(fixture_solve(&f, vary, PETSC_TRUE));
    PetscCall(spectrum_of_model(&f, &n, re[0], im[0]));
    CHECK_RELATIVE(f.verdict.eigen_re[0], re[0][0], 1e-8);
    get_state(&f, y, step);
    PetscCall(spectrum_by_differences(neuron_glia_in_time, &f, N_Y, y, step, re[1], im[1]));
    PetscCall(compare(n, re[0], im[0], N_Y, re[1], im[1], 1e-5));
    PetscCall(fixture_destroy(&f));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode printed_eigenvalues_at_rest(void)
{
  double re[MOST], im[MOST];
  size_t n;
  fixture f;

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, 1));
  PetscCall(spectrum_of_model(&f, &n, re, im));
  CHECK(n == N_Y);
  CHECK_NEAR(re[0], -5.202e-3, 0.51e-6);
  CHECK_NEAR(re[n - 1], -1.26664e4, 0.051);
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The order of sections of a model file is no physics: the ecs first makes other pools dependent. */
static PetscErrorCode order_of_compartments_does_not_matter(void)
{
  double re[2][MOST], im[2][MOST];
  size_t n[2];
  fixture f;

  PetscFunctionBegin;
  for (int k = 0; k < 2; k++) {
    PetscCall(k ? fixture_ecs_first(&f) : fixture_open(&f, "neuron_glia"));
    PetscCall(fixture_setup(&f, 1));
    CHECK(!strcmp(f.net->compartment[0].name, k ? "ecs" : "neuron"));
    PetscCall(spectrum_of_model(&f, &n[k], re[k], im[k]));
    PetscCall(fixture_destroy(&f));
  }
  PetscCall(compare(n[1], re[1], im[1], n[0], re[0], im[0], 1e-6));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the pump-leak model: its membrane stores no charge ---- */

typedef struct {
  double g_KCC, pump, n_X, z;
} pump_leak;

/* The published equations with V from zero current; y: amounts of K and Cl, volume. Na from neutrality. */
static void pump_leak_in_time(void *context, const double *y, double *dydt)
{
  const pump_leak *m = context;
  const double rho = ION_GAS_CONSTANT * 310.1307 / ION_FARADAY, g_Na = 0.2, g_K = 0.7, g_Cl = 0.2;
  const double w = y[2], n_Na = y[1] - y[0] - m->z * m->n_X;
  const double E_Na = rho * log(145 * w / n_Na), E_K = rho * log(3.5 * w / y[0]);
  const double E_Cl = -rho * log(119 * w / y[1]), J_p = m->pump * pow(n_Na / w / 145, 3);
  const double U     = (g_Na * E_Na + g_K * E_K + g_Cl * E_Cl - J_p) / (g_Na + g_K + g_Cl);
  const double J_KCC = m->g_KCC * (E_K - E_Cl);
  const double area  = 2 * sqrt(PETSC_PI * w * 25e-6) / ION_FARADAY;

  dydt[0] = -area * (g_K * (U - E_K) - 2 * J_p - J_KCC);
  dydt[1] = area * (g_Cl * (U - E_Cl) + J_KCC);
  dydt[2] = 2e-18 * ((n_Na + y[0] + y[1] + m->n_X) / w - 297);
}

static PetscErrorCode pump_leak_by_differences(void)
{
  static const char *const vary[] = {"neuron.pump.current", "neuron.kcc2.conductance", NULL};
  static const double g_KCC[] = {0.2, 0, 0.8, 0.2}, pump[] = {10, 10, 10, 0.01};

  PetscFunctionBegin;
  for (size_t k = 0; k < ION_COUNT(g_KCC); k++) {
    const double n_X = (297 - 14.002 - 122.873 - 5.163) * 1.9635e-15;
    pump_leak m      = {g_KCC[k], pump[k], n_X, -0.85};
    double y[3], step[3], re[2][MOST], im[2][MOST];
    size_t n;
    fixture f;

    PetscCall(fixture_open(&f, "dusterwald2018"));
    PetscCall(fixture_setup(&f, 1));
    fixture_theta(&f, vary[0])[0] = pump[k];
    fixture_theta(&f, vary[1])[0] = g_KCC[k];
    PetscCall(fixture_solve(&f, vary, PETSC_FALSE));
    y[2] = fixture_w(&f, "neuron", 0);
    y[0] = y[2] * fixture_c(&f, "neuron.K", 0);
    y[1] = y[2] * fixture_c(&f, "neuron.Cl", 0);
    for (int i = 0; i < 3; i++) step[i] = 1e-3 * y[i];
    PetscCall(spectrum_of_model(&f, &n, re[0], im[0]));
    PetscCall(spectrum_by_differences(pump_leak_in_time, &m, 3, y, step, re[1], im[1]));
    PetscCall(compare(n, re[0], im[0], 3, re[1], im[1], 1e-5));
    CHECK(re[0][0] < 0);
    PetscCall(fixture_destroy(&f));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const ion_test_case cases[] = {
    {"printed_eigenvalues_at_rest",           printed_eigenvalues_at_rest          },
    {"default_model_by_differences",          default_model_by_differences         },
    {"order_of_compartments_does_not_matter", order_of_compartments_does_not_matter},
    {"pump_leak_by_differences",              pump_leak_by_differences             },
};

int main(int argc, char **argv)
{
  return ion_test_main(argc, argv, cases, ION_COUNT(cases));
}
