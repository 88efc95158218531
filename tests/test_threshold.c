/* Thresholds against the numbers of the default model, against one-point solutions and against differences. */
#include "model_fixture.h"

#include <stdio.h>

enum { MOST_POINTS = 96, MOST_VARYING = 8 };

/* A search over points of a fixture, and what it found. */
typedef struct {
  fixture *f;
  ion_threshold *threshold;
  ion_thresholds found;
  unsigned char status[MOST_POINTS], kind[MOST_POINTS], recovery_kind[MOST_POINTS];
  double value[MOST_POINTS], omega[MOST_POINTS], recovery[MOST_POINTS];
  int steps[MOST_POINTS];
  ion_block x, gradient;
} search;

static PetscErrorCode search_open(search *s, fixture *f, const char *parameter, double from, double to,
                                  double back, const char *const *varying, size_t n_varying)
{
  int rows[MOST_VARYING];
  size_t row = 0;
  ion_threshold_range range = {.parameter = -1, .from = from, .to = to, .back = back};

  PetscFunctionBegin;
  memset(s, 0, sizeof *s);
  s->f = f;
  if (parameter) {
    PetscCall(fixture_row(f, parameter, &row));
    range.parameter = (int)row;
  }
  for (size_t k = 0; k < n_varying; k++) {
    PetscCall(fixture_row(f, varying[k], &row));
    rows[k] = (int)row;
  }
  PetscCall(ion_block_create(f->n_state, f->n_point, &s->x));
  PetscCall(ion_block_create(n_varying, f->n_point, &s->gradient));
  PetscCall(ion_threshold_create(f->model, rows, n_varying, NULL, &range, f->n_point, &s->threshold));
  s->found = (ion_thresholds){.status = s->status, .kind = s->kind, .value = s->value, .omega = s->omega, .x = s->x, .gradient = s->gradient, .recovery_kind = s->recovery_kind, .recovery = s->recovery, .steps = s->steps};
  PetscCall(ion_threshold_solve(s->threshold, f->theta, &s->found));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode search_close(search *s)
{
  PetscFunctionBegin;
  PetscCall(ion_block_destroy(&s->x));
  PetscCall(ion_block_destroy(&s->gradient));
  PetscCall(ion_threshold_destroy(&s->threshold));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode scratch(void)
{
  static const char *const varying[] = {"temperature", "neuron.nka.rate", "neuron.spike_load.firing_rate"};
  fixture f;
  search s;

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, 4));
  fixture_theta(&f, "temperature")[1] = 298.15;
  fixture_theta(&f, "neuron.nka.rate")[2] *= 1 + 1e-4;
  fixture_theta(&f, "neuron.nka.rate")[3] *= 1 - 1e-4;
  PetscCall(search_open(&s, &f, "energy_supply", 1, 0, 20, varying, 3));
  for (size_t p = 0; p < f.n_point; p++) {
    printf("%d kind %d value %.12g steps %d rec %d %.12g grad %.8g %.8g %.8g\n", s.status[p], s.kind[p], s.value[p], s.steps[p], s.recovery_kind[p], s.recovery[p], ion_row(s.gradient,0)[p], ion_row(s.gradient,1)[p], ion_row(s.gradient,2)[p]);
    for (size_t i = 0; i < f.n_state && p == 0; i++) printf("  %s %.8g\n", ion_model_state_name(f.model, i), ion_row(s.x, i)[p]);
  }
  printf("difference %.8g\n", (s.value[2] - s.value[3]) / (fixture_theta(&f, "neuron.nka.rate")[2] - fixture_theta(&f, "neuron.nka.rate")[3]));
  PetscCall(search_close(&s));
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}
int main(int argc, char **argv)
{
  static const ion_test_case cases[] = {{"scratch", scratch}};

  return ion_test_main(argc, argv, cases, ION_COUNT(cases));
}
