#include "ion_test.h"

#include <ion/process.h>

typedef struct {
  double r, dr;
} gate;

/* a in 1/ms, V0, k and V in mV; the rate in 1/ms and its slope in 1/(ms mV). */
static gate at(ion_gate_form form, double a, double V0, double k, double V)
{
  const double a_SI = 1e3 * a, V0_SI = 1e-3 * V0, k_SI = 1e-3 * k, V_SI = 1e-3 * V;
  gate g;

  ion_gate_rate(form, 1, &a_SI, &V0_SI, &k_SI, &V_SI, &g.r, &g.dr);
  return (gate){1e-3 * g.r, 1e-6 * g.dr};
}

/* alpha_m, alpha_n, beta_m have the form 0/0 at -52, -35, -25 mV; the limits are a and a/(2 k). */
static PetscErrorCode linoid_takes_its_limit(void)
{
  const double singular[] = {-52.0, -35.0, -25.0}, slope[] = {4.0, 5.0, -5.0};

  PetscFunctionBegin;
  for (size_t i = 0; i < ION_COUNT(singular); i++) {
    const gate g = at(ION_GATE_LINOID, 1.28, singular[i], slope[i], singular[i]);

    CHECK_RELATIVE(g.r, 1.28, 1e-15);
    CHECK_RELATIVE(g.dr, 1.28 / (2.0 * slope[i]), 1e-13);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* As printed for the default model; 0.32 (V+52) = 1.28 (V+52)/4, 0.28 (V+25) = 1.4 (V+25)/5. */
static PetscErrorCode rates_of_the_transient_sodium_channel(void)
{
  PetscFunctionBegin;
  for (double V = -95.3; V < 60.0; V += 7.0) {
    CHECK_RELATIVE(at(ION_GATE_LINOID, 1.28, -52.0, 4.0, V).r,
                   0.32 * (V + 52.0) / (1.0 - exp(-(V + 52.0) / 4.0)), 1e-12);
    CHECK_RELATIVE(at(ION_GATE_LINOID, 1.4, -25.0, -5.0, V).r,
                   0.28 * (V + 25.0) / (exp((V + 25.0) / 5.0) - 1.0), 1e-12);
    CHECK_RELATIVE(at(ION_GATE_EXPONENTIAL, 0.128, -53.0, -18.0, V).r,
                   0.128 * exp(-(V + 53.0) / 18.0), 1e-12);
    CHECK_RELATIVE(at(ION_GATE_SIGMOID, 4.0, -30.0, 5.0, V).r, 4.0 / (1.0 + exp(-(V + 30.0) / 5.0)),
                   1e-12);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode slopes_agree_with_differences(void)
{
  const double h = 1e-3;

  PetscFunctionBegin;
  for (ion_gate_form form = ION_GATE_LINOID; form < ION_N_GATE_FORM; form++)
    for (double V = -150.0; V < 100.0; V += 3.7)
      for (double k = -5.0; k < 20.0; k += 9.0) {
        const gate g      = at(form, 0.5, -40.0, k, V);
        const double high = at(form, 0.5, -40.0, k, V + h).r;
        const double low  = at(form, 0.5, -40.0, k, V - h).r;

        CHECK_NEAR(g.dr, (high - low) / (2.0 * h), 1e-6 * fabs(g.dr) + 1e-9 * fabs(g.r));
      }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode sigmoid_is_a_probability_in_both_tails(void)
{
  const gate open = at(ION_GATE_SIGMOID, 1.0, 0.0, 1.0, 1e5);
  const gate shut = at(ION_GATE_SIGMOID, 1.0, 0.0, 1.0, -1e5);

  PetscFunctionBegin;
  CHECK(open.r == 1.0 && open.dr == 0.0);
  CHECK(shut.r == 0.0 && shut.dr == 0.0);
  CHECK_NEAR(at(ION_GATE_SIGMOID, 1.0, -10.0, 10.0, -10.0).r, 0.5, 1e-15);
  CHECK_RELATIVE(at(ION_GATE_SIGMOID, 1.0, 0.0, 1.0, -300.0).r, exp(-300.0), 1e-12);
  CHECK_RELATIVE(at(ION_GATE_SIGMOID, 1.0, 0.0, 1.0, 300.0).dr, exp(-300.0), 1e-12);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode a_point_does_not_depend_on_its_neighbours(void)
{
  double a[37], V0[37], k[37], V[37], r[37], dr[37], r_1, dr_1;

  PetscFunctionBegin;
  for (int p = 0; p < 37; p++) {
    a[p] = 100.0 + p, V0[p] = -0.05 + 1e-3 * p, k[p] = p % 2 ? 4e-3 : -6e-3;
    V[p] = p % 5 ? -0.09 + 4e-3 * p : V0[p];
  }
  for (ion_gate_form form = ION_GATE_LINOID; form < ION_N_GATE_FORM; form++) {
    ion_gate_rate(form, 37, a, V0, k, V, r, dr);
    for (int p = 0; p < 37; p++) {
      ion_gate_rate(form, 1, a + p, V0 + p, k + p, V + p, &r_1, &dr_1);
      CHECK(memcmp(&r_1, r + p, sizeof r_1) == 0 && memcmp(&dr_1, dr + p, sizeof dr_1) == 0);
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode forms_have_names(void)
{
  PetscFunctionBegin;
  CHECK(strcmp(ion_gate_form_names[ION_GATE_LINOID], "linoid") == 0);
  CHECK(strcmp(ion_gate_form_names[ION_GATE_SIGMOID], "sigmoid") == 0);
  CHECK(strcmp(ion_gate_form_names[ION_GATE_EXPONENTIAL], "exponential") == 0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const ion_test_case cases[] = {
    {"linoid_takes_its_limit",                    linoid_takes_its_limit                   },
    {"rates_of_the_transient_sodium_channel",     rates_of_the_transient_sodium_channel    },
    {"slopes_agree_with_differences",             slopes_agree_with_differences            },
    {"sigmoid_is_a_probability_in_both_tails",    sigmoid_is_a_probability_in_both_tails   },
    {"a_point_does_not_depend_on_its_neighbours", a_point_does_not_depend_on_its_neighbours},
    {"forms_have_names",                          forms_have_names                         },
};

int main(int argc, char **argv)
{
  return ion_test_main(argc, argv, cases, ION_COUNT(cases));
}
