/* What must hold at every steady state, checked by algebra of its own from the reported quantities: over
 * energy_supply x temperature and over a box of random parameters. */
#include "model_fixture.h"

#define N_SUPPLY 40
#define N_WARMTH 25
#define N_BOX 400

typedef struct {
  const char *name;
  int z;
} ion_kind;

static const ion_kind ions[] = {
    {"Na", 1 },
    {"K",  1 },
    {"Cl", -1},
    {"Ca", 2 }
};
static const char *const cells[] = {"neuron", "glia"};
static const char *const both[]  = {"energy_supply", "temperature", NULL};

/* The map of energy_temperature.yaml, shrunk. */
static PetscErrorCode solve_map(fixture *f)
{
  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(f, N_SUPPLY * N_WARMTH));
  for (size_t p = 0; p < f->n_point; p++) {
    const double s = (double)(p / N_WARMTH) / (N_SUPPLY - 1);
    const double t = (double)(p % N_WARMTH) / (N_WARMTH - 1);

    fixture_theta(f, "energy_supply")[p] = 0.05 + 0.95 * s;
    fixture_theta(f, "temperature")[p]   = 298.15 + 17 * t;
  }
  PetscCall(fixture_solve(f, both, PETSC_FALSE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const char *const box[] = {"energy_supply",
                                  "neuron.leak_na.permeability",
                                  "neuron.leak_k.permeability",
                                  "neuron.leak_cl.permeability",
                                  "neuron.transient_na.permeability",
                                  "neuron.rectifier_k.permeability",
                                  "neuron.nka.rate",
                                  "neuron.kcc2.rate",
                                  "neuron.pmca.rate",
                                  "neuron.ncx.rate",
                                  "neuron.ox_phos.rate",
                                  "neuron.ox_phos.A_ox",
                                  "neuron.nka.K_Na_in",
                                  "glia.kir.conductance",
                                  "glia.nka.rate",
                                  "glia.nkcc1.rate",
                                  "neuron.capacitance",
                                  NULL};

/* Every parameter of the list within 20 % of its default. */
static PetscErrorCode solve_box(fixture *f)
{
  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(f, N_BOX));
  for (size_t k = 0; box[k]; k++)
    for (size_t p = 0; p < N_BOX; p++)
      fixture_theta(f, box[k])[p] *= 0.8 + 0.4 * ion_random_uniform(11, p, k);
  PetscCall(fixture_solve(f, box, PETSC_FALSE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

typedef void (*check)(const fixture *f, size_t p);

/* One check at every point of both; no point may be without a state. */
static PetscErrorCode everywhere(check one)
{
  fixture f;

  PetscFunctionBegin;
  for (int k = 0; k < 2; k++) {
    size_t n_missing = 0;

    PetscCall(k ? solve_box(&f) : solve_map(&f));
    for (size_t p = 0; p < f.n_point; p++) {
      n_missing += f.verdict.status[p] != ION_OK;
      one(&f, p);
    }
    CHECK(n_missing == 0);
    PetscCall(fixture_destroy(&f));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Tellegen: what is dissipated is what the fuel delivers. */
static void close_books(const fixture *f, size_t p)
{
  double fuel = 0;

  for (int k = 0; k < 2; k++) {
    char process[64], A_ox[64];

    snprintf(process, sizeof process, "%s.ox_phos", cells[k]);
    snprintf(A_ox, sizeof A_ox, "%s.ox_phos.A_ox", cells[k]);
    fuel += fixture_J(f, process, p) * fixture_theta(f, A_ox)[p];
  }
  CHECK(fuel > 1e-13);
  CHECK_NEAR(fixture_dissipation(f, p), fuel, 1e-9 * fuel);
}

static PetscErrorCode dissipation_is_fuel_power(void)
{
  PetscFunctionBegin;
  PetscCall(everywhere(close_books));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The energies that cancel in the sum over processes have a round-off of their own. */
static void second_law(const fixture *f, size_t p)
{
  for (size_t r = 0; r < f->net->n_process; r++) {
    const double J = ion_row(f->work.J, r)[p], A = ion_row(f->work.A, r)[p];

    CHECK(!(f->net->process[r].kind->flags & ION_NOT_THERMODYNAMIC));
    if (fabs(A) > 1e-9) CHECK(J * A >= 0); /* both are zero at an equilibrium */
  }
}

static PetscErrorCode every_process_dissipates(void)
{
  PetscFunctionBegin;
  PetscCall(everywhere(second_law));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Each pool's gains are its losses; what one process alone changes is at equilibrium. */
static void balance(const fixture *f, size_t p)
{
  for (size_t q = 0; q < f->net->n_pool; q++) {
    double sum = 0, gross = 0, A = 0;
    int count = 0;

    for (size_t r = 0; r < f->net->n_process; r++)
      for (size_t t = 0; t < f->net->process[r].n_pool; t++)
        if (f->net->process[r].term[t].pool == (int)q) {
          sum += f->net->process[r].term[t].nu * ion_row(f->work.J, r)[p];
          gross += fabs(f->net->process[r].term[t].nu * ion_row(f->work.J, r)[p]);
          A = ion_row(f->work.A, r)[p];
          count++;
        }
    if (count == 1)
      CHECK_NEAR(A, 0, 1e-9);
    else
      CHECK_NEAR(sum, 0, 1e-9 * gross);
  }
}

static PetscErrorCode pools_are_at_rest(void)
{
  PetscFunctionBegin;
  PetscCall(everywhere(balance));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static double concentration(const fixture *f, const char *compartment, const char *species,
                            size_t p)
{
  char name[64];

  snprintf(name, sizeof name, "%s.%s", compartment, species);
  for (size_t i = 0; i < f->net->n_pool; i++)
    if (!strcmp(f->net->pool[i].name, name)) return ion_row(f->work.c, i)[p];
  return 0;
}

/* Charge of the ions and their osmolarity, mol m^-3. */
static void sum_ions(const fixture *f, const char *compartment, size_t p, double *charge,
                     double *osmolarity)
{
  *charge = *osmolarity = 0;
  for (size_t i = 0; i < ION_COUNT(ions); i++) {
    const double c = concentration(f, compartment, ions[i].name, p);

    *charge += ions[i].z * c;
    *osmolarity += c;
  }
}

/* Impermeant solute from the resting table: the ecs is neutral with 20.5 mM of valence -1 (144 + 3.5 + 3
 * - 130), 299.5 mM of osmolarity; Q_X closes the charge of each cell at rest. */
static void neutrality(const fixture *f, size_t p)
{
  static const double V_rest[] = {-70e-3, -85e-3}, w_rest[] = {2e-15, 1.6e-15};
  static const double ions_rest[] = {12 + 140 - 6 + 2e-4, 15 + 115 - 35};
  double charge, osmolarity, C;

  for (int k = 0; k < 2; k++) {
    const double w = fixture_w(f, cells[k], p);
    const double Q = 20e-12 * V_rest[k] / ION_FARADAY - ions_rest[k] * w_rest[k]; /* mol, at rest */

    C = fixture_theta(f, k ? "glia.capacitance" : "neuron.capacitance")[p];
    sum_ions(f, cells[k], p, &charge, &osmolarity);
    CHECK_NEAR(charge * w + Q, C * fixture_V(f, cells[k], p) / ION_FARADAY, 1e-9 * 300 * w_rest[k]);
  }
}

static PetscErrorCode charge_of_a_cell_is_that_of_its_membrane(void)
{
  PetscFunctionBegin;
  PetscCall(everywhere(neutrality));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void osmosis(const fixture *f, size_t p)
{
  static const double solute[] = {(299.5 - 158.0001) * 2e-15, (299.5 - 165) * 1.6e-15};
  double charge, outside, inside;

  sum_ions(f, "ecs", p, &charge, &outside);
  outside += 20.5 * 0.9e-15 / fixture_w(f, "ecs", p);
  for (int k = 0; k < 2; k++) {
    sum_ions(f, cells[k], p, &charge, &inside);
    inside += solute[k] / fixture_w(f, cells[k], p);
    CHECK_RELATIVE(inside, outside, 1e-9);
  }
}

static PetscErrorCode cells_are_isosmolar_with_the_ecs(void)
{
  PetscFunctionBegin;
  PetscCall(everywhere(osmosis));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Amounts at rest: of each ion over the tissue, of each moiety over a cell; and the volume. */
static void totals(const fixture *f, size_t p)
{
  static const double rest[] = {12 * 2.0 + 15 * 1.6 + 144 * 0.9, 140 * 2.0 + 115 * 1.6 + 3.5 * 0.9,
                                6 * 2.0 + 35 * 1.6 + 130 * 0.9, 1e-4 * 2.0 + 1.5 * 0.9};
  static const double w_rest[] = {2.0, 1.6};
  const double w[]             = {1e15 * fixture_w(f, "neuron", p), 1e15 * fixture_w(f, "glia", p),
                                  1e15 * fixture_w(f, "ecs", p)};

  CHECK_RELATIVE(w[0] + w[1] + w[2], 4.5, 1e-9);
  for (size_t i = 0; i < ION_COUNT(ions); i++)
    CHECK_RELATIVE(concentration(f, "neuron", ions[i].name, p) * w[0] +
                       concentration(f, "glia", ions[i].name, p) * w[1] +
                       concentration(f, "ecs", ions[i].name, p) * w[2],
                   rest[i], 1e-9);
  for (int k = 0; k < 2; k++) {
    const double ATP = concentration(f, cells[k], "ATP", p), n = w_rest[k] / w[k];
    const double PCr = concentration(f, cells[k], "PCr", p);

    CHECK_RELATIVE(ATP + concentration(f, cells[k], "ADP", p), 2.54 * n, 1e-9);
    CHECK_RELATIVE(PCr + concentration(f, cells[k], "Cr", p), 13 * n, 1e-9);
    CHECK_RELATIVE(ATP + PCr + concentration(f, cells[k], "Pi", p), 9.5 * n, 1e-9);
  }
}

static PetscErrorCode amounts_are_conserved(void)
{
  PetscFunctionBegin;
  PetscCall(everywhere(totals));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const ion_test_case cases[] = {
    {"dissipation_is_fuel_power",                dissipation_is_fuel_power               },
    {"every_process_dissipates",                 every_process_dissipates                },
    {"pools_are_at_rest",                        pools_are_at_rest                       },
    {"charge_of_a_cell_is_that_of_its_membrane", charge_of_a_cell_is_that_of_its_membrane},
    {"cells_are_isosmolar_with_the_ecs",         cells_are_isosmolar_with_the_ecs        },
    {"amounts_are_conserved",                    amounts_are_conserved                   },
};

int main(int argc, char **argv)
{
  return ion_test_main(argc, argv, cases, ION_COUNT(cases));
}
