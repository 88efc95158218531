/* The course of one point: samples of everything that the study watches. */
#include "time_course_impl.h"

#include <stdio.h>
#include <string.h>

static const ion_quantity every_ = {.name = "every", .unit = "s", .lower = 1e-9, .upper = 1e12};

enum { MOST_SAMPLES = 1000000 };

/* What was typed is read as the mapping "every: text". */
static PetscErrorCode read_every(const ion_study *study, const char *text, double *every)
{
  char line[256];
  ion_spec *spec = NULL;
  PetscErrorCode code;

  PetscFunctionBegin;
  snprintf(line, sizeof line, "every: %.200s", text);
  code = ion_spec_parse("--trace", line, strlen(line), &spec);
  if (!code)
    code = ion_node_get_quantity(ion_node_at(ion_spec_root(spec), 0), study->units, &every_, every,
                                 NULL, NULL);
  PetscCall(ion_spec_close(&spec));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode follow(ion_study *study, uint64_t index, ion_course *course, ion_trace *trace)
{
  course_task *t       = study->state;
  unsigned char status = ION_PENDING;
  ion_block theta = {0}, event = {0};
  ion_course_result result = {.status = &status};
  size_t n, n_theta;
  PetscErrorCode code;

  PetscFunctionBegin;
  ion_model_quantities(study->model, &n, &n_theta);
  PetscCall(ion_block_create(n_theta, 1, &theta));
  PetscCall(ion_block_create(t->n_event, 1, &event));
  PetscCall(ion_block_create(trace->n_sample * t->n_observed, 1, &trace->value));
  PetscCall(ion_study_theta(study, index, 1, theta));
  result.event = event;
  result.trace = trace->value;
  code         = ion_course_follow(t, course, theta, &result);
  PetscCall(ion_block_destroy(&event));
  PetscCall(ion_block_destroy(&theta));
  PetscCall(code);
  trace->status = status;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_study_trace(ion_study *study, uint64_t index, const char *every,
                               ion_trace *trace)
{
  course_task *t     = study->state;
  ion_course *course = NULL;
  ion_protocol protocol;
  PetscErrorCode code;

  PetscFunctionBegin;
  memset(trace, 0, sizeof *trace);
  PetscCheck(ion_study_is(study, "time_course"), PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "--trace belongs to a sweep with 'solve: time_course'");
  PetscCheck(t->n_observed, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "--trace: the sweep watches nothing; its outputs and events name what it does");
  PetscCall(read_every(study, every, &trace->every));
  PetscCheck(t->until / trace->every <= MOST_SAMPLES, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "--trace %s: more than %d samples", every, MOST_SAMPLES);
  protocol       = ion_course_protocol(t);
  protocol.every = trace->every;
  PetscCall(ion_course_create(study->model, &protocol, 1, &course));
  trace->n_sample = ion_course_n_sample(course);
  trace->outputs  = t->watched;
  code            = follow(study, index, course, trace);
  PetscCall(ion_course_destroy(&course));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_trace_destroy(ion_trace *trace)
{
  PetscFunctionBegin;
  PetscCall(ion_block_destroy(&trace->value));
  PetscFunctionReturn(PETSC_SUCCESS);
}
