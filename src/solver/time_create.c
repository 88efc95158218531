/* Making room for the time courses of a batch, and checking what is asked of them. */
#include "time_impl.h"

static PetscErrorCode check_protocol(const ion_course *e, const ion_protocol *p)
{
  PetscFunctionBegin;
  PetscCheck(p->until > 0 && p->tolerance > 0 && p->most_steps > 0, PETSC_COMM_SELF,
             PETSC_ERR_ARG_OUTOFRANGE,
             "until %g s, tolerance %g and %zu steps: all must be above 0", p->until, p->tolerance,
             p->most_steps);
  for (size_t k = 0; k < p->n_change; k++) {
    const ion_change *c = &p->change[k];

    PetscCheck(c->at >= (k ? p->change[k - 1].at : 0) && c->at < p->until, PETSC_COMM_SELF,
               PETSC_ERR_ARG_OUTOFRANGE, "change %zu at %g s is out of order or not before %g s", k,
               c->at, p->until);
    for (size_t j = 0; j < c->n_set; j++)
      PetscCheck(c->row[j] >= 0 && (size_t)c->row[j] < e->n_theta &&
                     ion_motion_may_change(e->motion, (size_t)c->row[j]),
                 PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
                 "row %d of theta cannot change in a time course", c->row[j]);
  }
  for (size_t k = 0; k < p->n_event; k++)
    PetscCheck(p->event[k].quantity < p->n_observed, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
               "event %zu watches quantity %zu of %zu", k, p->event[k].quantity, p->n_observed);
  PetscCheck(p->ends_with < (int)p->n_event, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
             "ends with event %d of %zu", p->ends_with, p->n_event);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Pivots stay on the diagonal: 1/(gamma h) makes it large where a step is short, and a step that a poor
 * elimination spoils is refused. */
static PetscErrorCode create_elimination(ion_course *e)
{
  const ion_pattern *pattern   = ion_motion_pattern(e->motion);
  const unsigned char *dynamic = ion_motion_dynamic(e->motion);
  double *value;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(pattern->n_nonzero, &value));
  PetscCall(PetscMalloc1(e->n, &e->diagonal));
  for (size_t i = 0; i < e->n; i++) {
    e->diagonal[i] = -1;
    for (int k = pattern->start[i]; k < pattern->start[i + 1]; k++) {
      const PetscBool on = (PetscBool)(pattern->col[k] == (int)i);

      value[k] = on ? 1e12 : 1;
      if (on && dynamic[i]) e->diagonal[i] = k;
    }
  }
  PetscCall(ion_elimination_create(pattern, NULL, value, 1, PETSC_FALSE, &e->lu));
  PetscCall(PetscFree(value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_rows(ion_course *e)
{
  const size_t n_prepared = ion_model_n_prepared(e->model), seen = e->protocol.n_observed;
  const size_t n_extra =
      ion_elimination_extra_rows(&e->lu, ion_motion_pattern(e->motion)->n_nonzero, e->n);
  ion_probe *probe = &e->probe;

  PetscFunctionBegin;
  PetscCall(ion_motion_work_create(e->motion, e->room, n_extra, &e->work));
  PetscCall(ion_elimination_place(&e->lu, &e->work));
  PetscCall(ion_motion_work_create(e->motion, e->room, 0, &probe->work));
  PetscCall(ion_block_create(e->n_theta, e->room, &e->theta));
  PetscCall(ion_block_create(e->n_theta, e->room, &probe->theta));
  PetscCall(ion_block_create(n_prepared, e->room, &e->prepared));
  PetscCall(ion_block_create(n_prepared, e->room, &probe->prepared));
  PetscCall(ion_block_create(e->n, e->room, &e->y));
  PetscCall(ion_block_create(e->n, e->room, &e->y_old));
  PetscCall(ion_block_create(e->n, e->room, &e->stage));
  PetscCall(ion_block_create(e->n, e->room, &probe->y));
  PetscCall(ion_block_create(ION_STAGES * e->n, e->room, &e->U));
  PetscCall(ion_block_create(2 * e->n, e->room, &e->cont));
  if (!seen) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ion_block_create(seen, e->room, &e->now));
  PetscCall(ion_block_create(seen, e->room, &e->before));
  PetscCall(ion_block_create(seen, e->room, &e->middle));
  PetscCall(ion_block_create(seen, e->room, &probe->value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_course_create(const ion_model *model, const ion_protocol *protocol,
                                 size_t max_batch, ion_course **out)
{
  ion_course *e;

  PetscFunctionBegin;
  PetscCall(PetscNew(out));
  e            = *out;
  e->model     = model;
  e->protocol  = *protocol;
  e->n_state   = ion_model_n_state(model);
  e->max_batch = max_batch;
  (void)ion_model_quantities(model, NULL, &e->n_theta);
  PetscCall(ion_solver_choose_lanes(max_batch, 32, &e->room));
  PetscCall(ion_motion_create(model, &e->motion));
  e->n = ion_motion_n_unknown(e->motion);
  PetscCall(check_protocol(e, protocol));
  PetscCall(create_elimination(e));
  PetscCall(create_rows(e));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_course_destroy(ion_course **out)
{
  ion_course *e = *out;

  PetscFunctionBegin;
  if (!e) PetscFunctionReturn(PETSC_SUCCESS);
  ion_block *rows[] = {&e->theta,  &e->probe.theta, &e->prepared, &e->probe.prepared,
                       &e->y,      &e->y_old,       &e->stage,    &e->probe.y,
                       &e->U,      &e->cont,        &e->now,      &e->before,
                       &e->middle, &e->probe.value};

  for (size_t k = 0; k < ION_COUNT(rows); k++) PetscCall(ion_block_destroy(rows[k]));
  PetscCall(ion_work_destroy(&e->work));
  PetscCall(ion_work_destroy(&e->probe.work));
  PetscCall(ion_elimination_destroy(&e->lu));
  PetscCall(PetscFree(e->diagonal));
  PetscCall(ion_motion_destroy(&e->motion));
  PetscCall(PetscFree(*out));
  PetscFunctionReturn(PETSC_SUCCESS);
}

size_t ion_course_n_sample(const ion_course *e)
{
  return e->protocol.every > 0 ? (size_t)(e->protocol.until / e->protocol.every * (1 + 1e-12)) + 1
                               : 0;
}
