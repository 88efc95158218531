/* solve: threshold. Where a point's physiological state is lost as a parameter moves, the state there, gradients,
 * and where the collapsed state is lost on the way back. */
#include "threshold_impl.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- the section ---- */

static PetscErrorCode read_parameter(const ion_study *study, threshold_task *t,
                                     const ion_node *section)
{
  size_t n, n_theta;
  const ion_quantity *quantity = ion_model_quantities(study->model, &n, &n_theta);
  const ion_node *node;
  const char *name;

  PetscFunctionBegin;
  PetscCall(ion_node_require(section, "threshold", "parameter", &node));
  PetscCall(ion_node_get_string(node, "parameter", &name));
  PetscCall(ion_quantity_find_at(ion_node_place(node), name, quantity, n, &t->quantity));
  if (t->quantity >= n_theta)
    PetscCall(ion_node_fail(node,
                            "'%s' belongs to the resting state the model is calibrated at; a "
                            "threshold's parameter cannot be one of those",
                            name));
  for (size_t i = 0; i < ion_design_n_factor(study->design); i++)
    if (ion_design_factor(study->design, i)->quantity == t->quantity)
      PetscCall(ion_node_fail(node, "'%s' is both the threshold's parameter and a factor", name));
  if (study->is_set[t->quantity])
    PetscCall(ion_node_fail(node, "'%s' is both the threshold's parameter and set", name));
  t->range.parameter = (int)t->quantity;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_range(const ion_study *study, threshold_task *t, const ion_node *section)
{
  const ion_quantity *quantity = ion_model_quantities(study->model, NULL, NULL) + t->quantity;
  const ion_node *from, *to, *back = ion_node_find(section, "recovery_to");

  PetscFunctionBegin;
  PetscCall(ion_node_require(section, "threshold", "from", &from));
  PetscCall(ion_node_require(section, "threshold", "to", &to));
  PetscCall(ion_node_get_quantity(from, study->units, quantity, &t->range.from, NULL, NULL));
  PetscCall(ion_node_get_quantity(to, study->units, quantity, &t->range.to, NULL, NULL));
  if (t->range.from == t->range.to)
    PetscCall(ion_node_fail(to, "the range is empty: 'from' and 'to' are equal"));
  t->range.back = t->range.from;
  if (back) {
    PetscCall(ion_node_get_quantity(back, study->units, quantity, &t->range.back, NULL, NULL));
    if ((t->range.back - t->range.from) * (t->range.to - t->range.from) > 0)
      PetscCall(
          ion_node_fail(back, "'recovery_to' must be 'from' or lie beyond it, away from 'to'"));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_section(const ion_study *study, threshold_task *t)
{
  static const char *const keys[] = {"parameter", "from", "to", "recovery_to"};
  const ion_node *section         = ion_study_section(study);

  PetscFunctionBegin;
  PetscCall(ion_node_expect(section, ION_MAPPING, "threshold"));
  PetscCall(ion_node_check_keys(section, "threshold", keys, ION_COUNT(keys)));
  PetscCall(read_parameter(study, t, section));
  PetscCall(read_range(study, t, section));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode open_search(ion_study *study, PetscBool everything)
{
  static const char usual[] = "[threshold, recovery]";
  const ion_node *selection = everything ? NULL : study->outputs_node;
  ion_spec *spec            = NULL;
  threshold_task *t;
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCall(PetscNew(&t));
  study->state = t;
  PetscCall(read_section(study, t));
  PetscCall(ion_threshold_list_outputs(study));
  if (!everything && study->spare[1]) { /* no outputs are written */
    PetscCall(ion_spec_parse("outputs", usual, strlen(usual), &spec));
    selection = ion_spec_root(spec);
  }
  code = ion_threshold_choose_outputs(study, selection);
  PetscCall(ion_spec_close(&spec));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode open_asked(ion_study *study)
{
  PetscFunctionBegin;
  PetscCall(open_search(study, PETSC_FALSE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode open_all(ion_study *study)
{
  PetscFunctionBegin;
  PetscCall(open_search(study, PETSC_TRUE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode close_task(ion_study *study)
{
  threshold_task *t = study->state;

  PetscFunctionBegin;
  if (!t) PetscFunctionReturn(PETSC_SUCCESS);
  for (size_t i = 0; i < t->n_output; i++) {
    PetscCall(PetscFree(t->output[i].name));
    PetscCall(PetscFree(t->output[i].long_name));
    PetscCall(PetscFree(t->output[i].unit));
    PetscCall(PetscFree(t->output[i].group));
  }
  PetscCall(PetscFree(t->output));
  PetscCall(PetscFree(t->order));
  PetscCall(PetscFree5(t->found.kind, t->found.value, t->found.omega, t->found.recovery_kind,
                       t->found.recovery));
  PetscCall(ion_block_destroy(&t->found.x));
  PetscCall(ion_block_destroy(&t->found.gradient));
  PetscCall(ion_block_destroy(&t->theta));
  PetscCall(ion_block_destroy(&t->prepared));
  PetscCall(ion_block_destroy(&t->at_state));
  PetscCall(ion_work_destroy(&t->work));
  PetscCall(ion_threshold_destroy(&t->threshold));
  PetscCall(ion_outputs_destroy(&t->ledger));
  PetscCall(PetscFree(study->state));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode canonical(const ion_study *study, char **text)
{
  const threshold_task *t = study->state;
  char line[512];

  PetscFunctionBegin;
  snprintf(line, sizeof line, "\nthreshold: %s from %.17g to %.17g recovery_to %.17g",
           ion_model_quantities(study->model, NULL, NULL)[t->quantity].name, t->range.from,
           t->range.to, t->range.back);
  PetscCall(ion_study_append(text, line));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static uint64_t most_points(const ion_study *study)
{
  (void)study;
  return 512;
}

/* ---- points ---- */

/* How large each factor is, for steps where one is 0: of the design's first and last points. */
static PetscErrorCode measure_factors(const ion_study *study, double *scale)
{
  const size_t n  = ion_design_n_factor(study->design);
  ion_block value = {0};

  PetscFunctionBegin;
  PetscCall(ion_block_create(n + 1, 1, &value));
  for (size_t f = 0; f < n; f++) scale[f] = 0;
  for (int end = 0; end < 2; end++) {
    PetscCall(ion_design_points(study->design, end ? ion_design_n_point(study->design) - 1 : 0, 1,
                                value));
    for (size_t f = 0; f < n; f++) scale[f] = fmax(scale[f], fabs(*ion_row(value, f)));
  }
  PetscCall(ion_block_destroy(&value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode make_threshold(const ion_study *study, threshold_task *t)
{
  const size_t n = ion_design_n_factor(study->design);
  double *scale;
  int *varying;

  PetscFunctionBegin;
  PetscCall(ion_study_varying(study, &varying));
  PetscCall(PetscMalloc1(n + 1, &scale));
  PetscCall(measure_factors(study, scale));
  PetscCall(ion_threshold_create(study->model, varying, n, scale, &t->range, ION_STUDY_BATCH,
                                 &t->threshold));
  PetscCall(PetscFree(scale));
  PetscCall(PetscFree(varying));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode prepare(ion_study *study)
{
  threshold_task *t = study->state;
  const size_t n    = ION_STUDY_BATCH;
  size_t n_theta;

  PetscFunctionBegin;
  if (t->is_ready) PetscFunctionReturn(PETSC_SUCCESS);
  ion_model_quantities(study->model, NULL, &n_theta);
  PetscCall(make_threshold(study, t));
  PetscCall(PetscCalloc5(n, &t->found.kind, n, &t->found.value, n, &t->found.omega, n,
                         &t->found.recovery_kind, n, &t->found.recovery));
  PetscCall(ion_block_create(ion_model_n_state(study->model), n, &t->found.x));
  PetscCall(ion_block_create(ion_design_n_factor(study->design), n, &t->found.gradient));
  PetscCall(ion_block_create(n_theta, n, &t->theta));
  PetscCall(ion_block_create(ion_model_n_prepared(study->model), n, &t->prepared));
  PetscCall(ion_block_create(ion_outputs_count(t->ledger), n, &t->at_state));
  PetscCall(ion_work_create(study->model, ION_STUDY_TILE, &t->work));
  t->is_ready = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The ledger of every point at its threshold; NaN where there is none. */
static void observe(const ion_study *study, threshold_task *t, ion_block theta)
{
  const size_t n = theta.n_point, row = t->quantity;
  ion_block moved = ion_points_from(t->theta, 0, n);

  for (size_t k = 0; k < theta.n_row; k++)
    memcpy(ion_row(moved, k), ion_row(theta, k), n * sizeof(double));
  memcpy(ion_row(moved, row), t->found.value, n * sizeof(double));
  t->prepared.n_point = n;
  ion_model_prepare(study->model, moved, t->prepared);
  for (size_t done = 0; done < n; done += ION_STUDY_TILE) {
    const size_t m           = PetscMin((size_t)ION_STUDY_TILE, n - done);
    const ion_block prepared = ion_points_from(t->prepared, done, m);

    ion_model_evaluate(study->model, prepared, ion_points_from(t->found.x, done, m), m,
                       ION_RESIDUAL | ION_AFFINITY, &t->work);
    ion_outputs_observe(t->ledger, ion_points_from(moved, done, m), prepared, &t->work, m, NULL,
                        NULL, NULL, ion_points_from(t->at_state, done, m));
  }
}

static double read_item(const threshold_task *t, const threshold_output *i, size_t p)
{
  const double value = t->found.value[p];

  switch (i->reads) {
  case THRESHOLD_VALUE:
    return value;
  case THRESHOLD_KIND:
    return t->found.kind[p];
  case THRESHOLD_FREQUENCY:
    return t->found.omega[p];
  case THRESHOLD_RECOVERY:
    return t->found.recovery[p];
  case THRESHOLD_RECOVERY_KIND:
    return t->found.recovery_kind[p];
  case THRESHOLD_HYSTERESIS:
    return fabs(t->found.recovery[p] - value);
  case THRESHOLD_GRADIENT:
    return ion_row(t->found.gradient, i->index)[p];
  case THRESHOLD_STATE:
    return isnan(value) ? (double)NAN : ion_row(t->at_state, i->index)[p];
  }
  return (double)NAN;
}

static PetscErrorCode solve(ion_study *study, uint64_t first, ion_block theta, ion_block data,
                            unsigned char *status)
{
  threshold_task *t    = study->state;
  const size_t n       = theta.n_point;
  ion_thresholds found = t->found;

  PetscFunctionBegin;
  (void)first;
  found.status    = status;
  found.x.n_point = found.gradient.n_point = n;
  if (!t->wants_gradient) found.gradient.n_row = 0;
  if (!t->wants_recovery) found.recovery = NULL;
  PetscCall(ion_threshold_solve(t->threshold, theta, &found));
  if (t->wants_state) observe(study, t, theta);
  for (size_t k = 0; k < study->n_output; k++) {
    const threshold_output *i = &t->output[t->order[k]];
    double *y                 = ion_row(data, k);

    for (size_t p = 0; p < n; p++)
      y[p] = status[p] == ION_OK || i->about.flags ? (read_item(t, i, p) - i->offset) / i->factor
                                                   : (double)NAN;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

const study_task ion_task_threshold = {.word        = "threshold",
                                       .section     = "threshold",
                                       .summary     = "Thresholds",
                                       .open        = open_asked,
                                       .open_all    = open_all,
                                       .close       = close_task,
                                       .canonical   = canonical,
                                       .most_points = most_points,
                                       .prepare     = prepare,
                                       .solve       = solve};
