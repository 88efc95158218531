/* Time courses: published times, PETSc TS as a second integrator, conservation, independence of points. */
#include "model_fixture.h"

#include <ion/ledger.h>

typedef struct {
  fixture f;
  ion_spec *selection;
  ion_outputs *outputs;
  ion_protocol protocol;
  ion_course *course;
  ion_course_result result;
  unsigned char status[128];
  int steps[128], refused[128];
} story;

enum { V_NEURON, K_ECS, K_NEURON = K_ECS };

static const ion_event depolarises[] = {
    {V_NEURON, -50, PETSC_TRUE}
};

static void observe(const void *outputs, ion_block theta, ion_block prepared, const ion_work *work,
                    size_t n_point, ion_block value)
{
  ion_outputs_observe(outputs, theta, prepared, work, n_point, NULL, NULL, NULL, value);
}

/* A model; the neuron's potential and the potassium outside it, in published models that inside, are watched. */
static PetscErrorCode story_open(story *s, const char *model)
{
  const PetscBool is_default = (PetscBool)!strcmp(model, "neuron_glia");
  const char *wanted         = is_default ? "[neuron.V, ecs.K]" : "[neuron.V, neuron.K]";

  PetscFunctionBegin;
  memset(s, 0, sizeof *s);
  PetscCall(fixture_open(&s->f, model));
  PetscCall(ion_spec_parse("outputs", wanted, strlen(wanted), &s->selection));
  s->protocol = (ion_protocol){.until      = 100,
                               .event      = depolarises,
                               .n_event    = 1,
                               .observe    = observe,
                               .n_observed = 2,
                               .tolerance  = 1e-6,
                               .ends_with  = -1,
                               .most_steps = 1000000};
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode story_setup(story *s, size_t n)
{
  PetscFunctionBegin;
  PetscCall(fixture_setup(&s->f, n));
  PetscCall(ion_outputs_create(s->f.model, ion_spec_root(s->selection), &s->outputs));
  s->protocol.context = s->outputs;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode story_forget(story *s)
{
  ion_block *rows[] = {&s->result.event, &s->result.largest, &s->result.smallest,
                       &s->result.last,  &s->result.x,       &s->result.trace};

  PetscFunctionBegin;
  for (size_t k = 0; k < ION_COUNT(rows); k++) PetscCall(ion_block_destroy(rows[k]));
  PetscCall(ion_course_destroy(&s->course));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode story_run(story *s)
{
  const size_t n = s->f.n_point;

  PetscFunctionBegin;
  PetscCall(story_forget(s));
  s->result = (ion_course_result){.status = s->status, .steps = s->steps, .refused = s->refused};
  PetscCall(ion_course_create(s->f.model, &s->protocol, n, &s->course));
  PetscCall(ion_block_create(s->protocol.n_event, n, &s->result.event));
  PetscCall(ion_block_create(2, n, &s->result.largest));
  PetscCall(ion_block_create(2, n, &s->result.smallest));
  PetscCall(ion_block_create(2, n, &s->result.last));
  PetscCall(ion_block_create(s->f.n_state, n, &s->result.x));
  if (s->protocol.every > 0)
    PetscCall(ion_block_create(2 * ion_course_n_sample(s->course), n, &s->result.trace));
  PetscCall(ion_course_run(s->course, s->f.theta, NULL, &s->result));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode story_close(story *s)
{
  PetscFunctionBegin;
  PetscCall(story_forget(s));
  PetscCall(ion_outputs_destroy(&s->outputs));
  PetscCall(ion_spec_close(&s->selection));
  PetscCall(fixture_destroy(&s->f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Times of an independent solution in double precision: 48.66 s and 66.10 s. */
static PetscErrorCode collapse_takes_as_long_as_published(void)
{
  story s;

  PetscFunctionBegin;
  PetscCall(story_open(&s, "neuron_glia"));
  PetscCall(story_setup(&s, 2));
  s.protocol.tolerance                    = 1e-8;
  s.protocol.ends_with                    = 0;
  fixture_theta(&s.f, "energy_supply")[0] = 0.05;
  fixture_theta(&s.f, "energy_supply")[1] = 0.10;
  PetscCall(story_run(&s));
  CHECK(s.status[0] == ION_OK && s.status[1] == ION_OK);
  CHECK_NEAR(ion_row(s.result.event, 0)[0], 48.66, 0.005);
  CHECK_NEAR(ion_row(s.result.event, 0)[1], 66.10, 0.005);
  PetscCall(story_close(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode creatine_kinase_buys_time(void)
{
  story s;

  PetscFunctionBegin;
  PetscCall(story_open(&s, "neuron_glia"));
  PetscCall(story_setup(&s, 1));
  s.protocol.ends_with                                           = 0;
  fixture_theta(&s.f, "energy_supply")[0]                        = 0.05;
  fixture_theta(&s.f, "neuron.creatine_kinase.rate_constant")[0] = 0;
  fixture_theta(&s.f, "glia.creatine_kinase.rate_constant")[0]   = 0;
  PetscCall(story_run(&s));
  CHECK_NEAR(ion_row(s.result.event, 0)[0], 20, 1);
  PetscCall(story_close(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Another method on the constrained equations, past the first action potentials. */
static PetscErrorCode petsc_ts_agrees(void)
{
  story s;
  double theta[512], event, last[2];
  int steps;

  PetscFunctionBegin;
  PetscCall(story_open(&s, "neuron_glia"));
  PetscCall(story_setup(&s, 1));
  s.protocol.until                        = 48.8;
  s.protocol.tolerance                    = 1e-7;
  fixture_theta(&s.f, "energy_supply")[0] = 0.05;
  PetscCall(story_run(&s));
  for (size_t k = 0; k < s.f.n_theta; k++) theta[k] = ion_row(s.f.theta, k)[0];
  PetscCall(ion_course_reference(s.f.model, &s.protocol, theta, &event, last, &steps));
  printf("batched %d steps, %d refused; TS %d steps\n", s.steps[0], s.refused[0], steps);
  CHECK_NEAR(ion_row(s.result.event, 0)[0], event, 2e-5);
  CHECK(ion_row(s.result.largest, V_NEURON)[0] > 0);
  CHECK_NEAR(ion_row(s.result.last, K_ECS)[0], last[K_ECS], 1e-5);
  PetscCall(story_close(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Published models without a pump: an electroneutral composition, gates that are instantaneous or follow another. */
static PetscErrorCode petsc_ts_agrees_on_published_models(void)
{
  static const char *const names[] = {"hubel2014", "dijkstra2016"};

  PetscFunctionBegin;
  for (size_t k = 0; k < ION_COUNT(names); k++) {
    story s;
    double theta[512], event, last[2];
    int steps;

    PetscCall(story_open(&s, names[k]));
    PetscCall(story_setup(&s, 1));
    s.protocol.until                        = 0.6;
    s.protocol.tolerance                    = 1e-8;
    fixture_theta(&s.f, "pump_strength")[0] = 0;
    PetscCall(story_run(&s));
    for (size_t i = 0; i < s.f.n_theta; i++) theta[i] = ion_row(s.f.theta, i)[0];
    PetscCall(ion_course_reference(s.f.model, &s.protocol, theta, &event, last, &steps));
    CHECK(s.status[0] == ION_OK);
    CHECK_NEAR(ion_row(s.result.last, V_NEURON)[0], last[V_NEURON], 1e-4);
    CHECK_RELATIVE(ion_row(s.result.last, K_NEURON)[0], last[K_NEURON], 1e-6);
    CHECK(fabs(last[K_NEURON] -
               exp(ion_model_rest(s.f.model)[s.f.net->pool[fixture_pool(&s.f, "neuron.K")].x])) >
          0.01);
    PetscCall(story_close(&s));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rest is steady, so an insult at 10 s is the insult at 0 s ten seconds later. */
static PetscErrorCode an_insult_later_is_the_same_later(void)
{
  story s;
  int row;
  const double low      = 0.05;
  const ion_change late = {.at = 10, .n_set = 1, .row = &row, .value = &low};
  double early;

  PetscFunctionBegin;
  PetscCall(story_open(&s, "neuron_glia"));
  PetscCall(story_setup(&s, 1));
  row                                     = ion_model_find(s.f.model, "energy_supply");
  s.protocol.ends_with                    = 0;
  fixture_theta(&s.f, "energy_supply")[0] = low;
  PetscCall(story_run(&s));
  early                                   = ion_row(s.result.event, 0)[0];
  fixture_theta(&s.f, "energy_supply")[0] = 1;
  s.protocol.change                       = &late;
  s.protocol.n_change                     = 1;
  PetscCall(story_run(&s));
  CHECK_NEAR(ion_row(s.result.event, 0)[0], early + 10, 2e-5);
  PetscCall(story_close(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Supply comes back before the collapse: the cell returns to rest, the slowest mode within exp(-0.0052 t). */
static PetscErrorCode a_short_insult_is_forgotten(void)
{
  story s;
  int row;
  const double value[] = {0.05, 1};
  ion_change change[]  = {
       {.at = 0,  .n_set = 1, .row = &row, .value = &value[0]},
       {.at = 20, .n_set = 1, .row = &row, .value = &value[1]}
  };

  PetscFunctionBegin;
  PetscCall(story_open(&s, "neuron_glia"));
  PetscCall(story_setup(&s, 1));
  row                 = ion_model_find(s.f.model, "energy_supply");
  s.protocol.change   = change;
  s.protocol.n_change = 2;
  s.protocol.until    = 5000;
  PetscCall(story_run(&s));
  CHECK(isnan(ion_row(s.result.event, 0)[0]));
  CHECK(ion_row(s.result.largest, K_ECS)[0] > 3.6);
  for (size_t i = 0; i < s.f.n_state; i++)
    CHECK_NEAR(ion_row(s.result.x, i)[0], ion_model_rest(s.f.model)[i], 1e-5);
  PetscCall(story_close(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Charge rows and totals of the steady state, past the action potentials of a collapse. */
static PetscErrorCode charge_and_totals_do_not_drift(void)
{
  story s;

  PetscFunctionBegin;
  PetscCall(story_open(&s, "neuron_glia"));
  PetscCall(story_setup(&s, 1));
  fixture_theta(&s.f, "energy_supply")[0] = 0.05;
  s.protocol.tolerance                    = 1e-4;
  s.protocol.until                        = 60;
  PetscCall(story_run(&s));
  CHECK(s.status[0] == ION_OK);
  for (size_t i = 0; i < s.f.n_state; i++) ion_row(s.f.x, i)[0] = ion_row(s.result.x, i)[0];
  fixture_evaluate(&s.f, ION_RESIDUAL);
  for (size_t c = 0; c < s.f.net->n_compartment; c++)
    if (s.f.net->compartment[c].x_V >= 0)
      CHECK_NEAR(ion_row(s.f.work.F, (size_t)s.f.net->compartment[c].x_V)[0], 0, 1e-14);
  for (size_t q = 0; q < s.f.net->n_pool; q++) /* rows of totals: the ions outside */
    if (!strncmp(s.f.net->pool[q].name, "ecs.", 4))
      CHECK_NEAR(ion_row(s.f.work.F, (size_t)s.f.net->pool[q].x)[0], 0, 1e-14);
  PetscCall(story_close(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Every row of a result at points `first` ... of one and 0 ... of the other. */
static void same_rows(ion_block a, size_t first, ion_block b)
{
  for (size_t i = 0; i < a.n_row; i++)
    for (size_t p = 0; p < b.n_point; p++) CHECK(ion_row(a, i)[first + p] == ion_row(b, i)[p]);
}

/* More points than lanes, the last of them also among themselves: they have met others, and lanes that moved
 * when no point was left to take. */
static PetscErrorCode points_do_not_see_each_other(void)
{
  enum { N = 100, FEW = 30 };
  story all, few;

  PetscFunctionBegin;
  PetscCall(story_open(&all, "neuron_glia"));
  PetscCall(story_setup(&all, N));
  PetscCall(story_open(&few, "neuron_glia"));
  PetscCall(story_setup(&few, FEW));
  all.protocol.tolerance = few.protocol.tolerance = 1e-4;
  all.protocol.until = few.protocol.until = 40;
  all.protocol.every = few.protocol.every = 0.3;
  for (size_t p = 0; p < N; p++)
    fixture_theta(&all.f, "energy_supply")[p] = 0.15 - 0.0015 * (double)p;
  for (size_t p = 0; p < FEW; p++)
    fixture_theta(&few.f, "energy_supply")[p] = 0.15 - 0.0015 * (double)(N - FEW + p);
  PetscCall(story_run(&all));
  PetscCall(story_run(&few));
  for (size_t p = 0; p < FEW; p++)
    CHECK(few.status[p] == ION_OK && all.steps[N - FEW + p] == few.steps[p]);
  same_rows(all.result.x, N - FEW, few.result.x);
  same_rows(all.result.largest, N - FEW, few.result.largest);
  same_rows(all.result.smallest, N - FEW, few.result.smallest);
  same_rows(all.result.last, N - FEW, few.result.last);
  same_rows(all.result.trace, N - FEW, few.result.trace);
  PetscCall(story_close(&all));
  PetscCall(story_close(&few));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Between the ends of long steps the course is known as well as at them: against steps a hundredth as long. */
static PetscErrorCode samples_lie_on_the_course(void)
{
  story coarse, fine;

  PetscFunctionBegin;
  PetscCall(story_open(&coarse, "neuron_glia"));
  PetscCall(story_setup(&coarse, 1));
  PetscCall(story_open(&fine, "neuron_glia"));
  PetscCall(story_setup(&fine, 1));
  coarse.protocol.tolerance = 1e-5;
  fine.protocol.tolerance   = 1e-10;
  coarse.protocol.until = fine.protocol.until = 30;
  coarse.protocol.every = fine.protocol.every  = 0.37;
  fixture_theta(&coarse.f, "energy_supply")[0] = 0.05;
  fixture_theta(&fine.f, "energy_supply")[0]   = 0.05;
  PetscCall(story_run(&coarse));
  PetscCall(story_run(&fine));
  CHECK(fine.steps[0] > 15 * coarse.steps[0]);
  for (size_t k = 0; k < fine.result.trace.n_row; k++) {
    const double unit = k % 2 == V_NEURON ? 26.7 : 4; /* mV, mM */

    CHECK_NEAR(ion_row(coarse.result.trace, k)[0], ion_row(fine.result.trace, k)[0], 5e-5 * unit);
  }
  PetscCall(story_close(&coarse));
  PetscCall(story_close(&fine));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Samples on a fine mesh know no larger value, and nearly as large a one; so do ends and times. */
static PetscErrorCode extremes_and_events_are_those_of_the_trace(void)
{
  story s;
  double largest = -1e9, first = -1;
  size_t n;

  PetscFunctionBegin;
  PetscCall(story_open(&s, "neuron_glia"));
  PetscCall(story_setup(&s, 1));
  fixture_theta(&s.f, "energy_supply")[0] = 0.05;
  s.protocol.until                        = 48.7;
  s.protocol.every                        = 5e-5;
  PetscCall(story_run(&s));
  n = ion_course_n_sample(s.course);
  CHECK(n == 974001);
  for (size_t k = 0; k < n; k++) {
    const double V = ion_row(s.result.trace, 2 * k + V_NEURON)[0];

    largest = fmax(largest, V);
    if (first < 0 && V > -50) first = (double)k * s.protocol.every;
  }
  CHECK_NEAR(s.result.largest.data[0], largest, 0.01); /* a sample may miss the peak by 25 us */
  CHECK(largest <= s.result.largest.data[0] + 1e-4);
  CHECK_NEAR(ion_row(s.result.event, 0)[0], first - 0.5 * s.protocol.every, s.protocol.every);
  CHECK_NEAR(ion_row(s.result.trace, 2 * (n - 1) + K_ECS)[0], ion_row(s.result.last, K_ECS)[0],
             1e-6);
  PetscCall(story_close(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode what_cannot_be_finished_is_said(void)
{
  story s;
  int row;
  const double value    = 140;
  const ion_change sets = {.at = 1, .n_set = 1, .row = &row, .value = &value};

  PetscFunctionBegin;
  PetscCall(story_open(&s, "neuron_glia"));
  PetscCall(story_setup(&s, 2));
  fixture_theta(&s.f, "energy_supply")[0] = 0.05;
  s.protocol.most_steps                   = 100;
  PetscCall(story_run(&s));
  CHECK(s.status[0] == ION_NO_STATE_FOUND && s.status[1] == ION_OK);
  CHECK(isnan(ion_row(s.result.x, 0)[0]) && isnan(ion_row(s.result.last, 0)[0]));
  row                 = ion_model_find(s.f.model, "neuron.composition.K");
  s.protocol.change   = &sets;
  s.protocol.n_change = 1;
  PetscCall(story_forget(&s));
  CHECK_RAISES(PETSC_ERR_ARG_OUTOFRANGE, ion_course_create(s.f.model, &s.protocol, 1, &s.course));
  CHECK_SAID("cannot change");
  PetscCall(story_close(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  static const ion_test_case cases[] = {
      {"collapse takes as long as published",        collapse_takes_as_long_as_published       },
      {"creatine kinase buys time",                  creatine_kinase_buys_time                 },
      {"PETSc TS agrees",                            petsc_ts_agrees                           },
      {"PETSc TS agrees on published models",        petsc_ts_agrees_on_published_models       },
      {"an insult later is the same later",          an_insult_later_is_the_same_later         },
      {"a short insult is forgotten",                a_short_insult_is_forgotten               },
      {"charge and totals do not drift",             charge_and_totals_do_not_drift            },
      {"points do not see each other",               points_do_not_see_each_other              },
      {"samples lie on the course",                  samples_lie_on_the_course                 },
      {"extremes and events are those of the trace", extremes_and_events_are_those_of_the_trace},
      {"what cannot be finished is said",            what_cannot_be_finished_is_said           },
  };

  return ion_test_main(argc, argv, cases, ION_COUNT(cases));
}
