/* solve: threshold. Where a point's physiological state is lost as a parameter moves, the state there, gradients,
 * and where the collapsed state is lost on the way back. */
#include "study_impl.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What an output reads. */
typedef enum {
  VALUE,
  KIND,
  FREQUENCY,
  RECOVERY,
  RECOVERY_KIND,
  HYSTERESIS,
  GRADIENT,
  STATE
} reading;

typedef struct {
  ion_output about;
  char *name, *long_name, *unit, *group; /* the texts `about` shows */
  reading reads;
  size_t index;          /* factor of a gradient; output of the ledger */
  double factor, offset; /* reported value = (SI value - offset)/factor */
} item;

typedef struct {
  ion_threshold_range range;
  size_t quantity;     /* of the parameter */
  ion_outputs *ledger; /* what can be said of the state at the threshold */
  item *item;          /* every output there is, */
  size_t n_item, n_allocated;
  size_t *order; /* [n_output] and those asked for */
  PetscBool is_ready, wants_gradient, wants_recovery, wants_state;

  ion_threshold *threshold;
  ion_thresholds found;
  ion_block theta; /* [n_theta] with the parameter at its threshold */
  ion_block prepared, at_state;
  ion_work work;
} search;

/* ---- the section ---- */

static PetscErrorCode read_parameter(const ion_study *study, search *s, const ion_node *section)
{
  size_t n, n_theta;
  const ion_quantity *quantity = ion_model_quantities(study->model, &n, &n_theta);
  const ion_node *node;
  const char *name;

  PetscFunctionBegin;
  PetscCall(ion_node_require(section, "threshold", "parameter", &node));
  PetscCall(ion_node_get_string(node, "parameter", &name));
  PetscCall(ion_quantity_find_at(ion_node_place(node), name, quantity, n, &s->quantity));
  if (s->quantity >= n_theta)
    PetscCall(ion_node_fail(node,
                            "'%s' belongs to the resting state the model is calibrated at; a "
                            "threshold's parameter cannot be one of those",
                            name));
  for (size_t i = 0; i < ion_design_n_factor(study->design); i++)
    if (ion_design_factor(study->design, i)->quantity == s->quantity)
      PetscCall(ion_node_fail(node, "'%s' is both the threshold's parameter and a factor", name));
  if (study->is_set[s->quantity])
    PetscCall(ion_node_fail(node, "'%s' is both the threshold's parameter and set", name));
  s->range.parameter = (int)s->quantity;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_range(const ion_study *study, search *s, const ion_node *section)
{
  const ion_quantity *quantity = ion_model_quantities(study->model, NULL, NULL) + s->quantity;
  const ion_node *from, *to, *back = ion_node_find(section, "recovery_to");

  PetscFunctionBegin;
  PetscCall(ion_node_require(section, "threshold", "from", &from));
  PetscCall(ion_node_require(section, "threshold", "to", &to));
  PetscCall(ion_node_get_quantity(from, study->units, quantity, &s->range.from, NULL, NULL));
  PetscCall(ion_node_get_quantity(to, study->units, quantity, &s->range.to, NULL, NULL));
  if (s->range.from == s->range.to)
    PetscCall(ion_node_fail(to, "the range is empty: 'from' and 'to' are equal"));
  s->range.back = s->range.from;
  if (back) {
    PetscCall(ion_node_get_quantity(back, study->units, quantity, &s->range.back, NULL, NULL));
    if ((s->range.back - s->range.from) * (s->range.to - s->range.from) > 0)
      PetscCall(
          ion_node_fail(back, "'recovery_to' must be 'from' or lie beyond it, away from 'to'"));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_section(const ion_study *study, search *s)
{
  static const char *const keys[] = {"parameter", "from", "to", "recovery_to"};
  const ion_node *section         = ion_study_section(study);

  PetscFunctionBegin;
  PetscCall(ion_node_expect(section, ION_MAPPING, "threshold"));
  PetscCall(ion_node_check_keys(section, "threshold", keys, ION_COUNT(keys)));
  PetscCall(read_parameter(study, s, section));
  PetscCall(read_range(study, s, section));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- outputs ---- */

/* Append an output; the texts are copied. */
static PetscErrorCode add(search *s, reading reads, size_t index, const char *group,
                          const char *name, const char *unit, const char *long_name, item **added)
{
  item *i;

  PetscFunctionBegin;
  if (s->n_item == s->n_allocated) {
    s->n_allocated = 2 * s->n_allocated + 64;
    PetscCall(PetscRealloc(s->n_allocated * sizeof *s->item, &s->item));
  }
  i  = &s->item[s->n_item++];
  *i = (item){.reads = reads, .index = index, .factor = 1};
  PetscCall(PetscStrallocpy(name, &i->name));
  PetscCall(PetscStrallocpy(long_name, &i->long_name));
  PetscCall(PetscStrallocpy(unit, &i->unit));
  PetscCall(PetscStrallocpy(group, &i->group));
  i->about = (ion_output){
      .name = i->name, .group = i->group, .unit = i->unit, .long_name = i->long_name, .scale = 1};
  *added = i;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Scale and offset of a quantity's unit. */
static PetscErrorCode scale_of(const ion_study *study, const char *unit, double *factor,
                               double *offset)
{
  PetscBool known;

  PetscFunctionBegin;
  PetscCall(ion_units_to_si(study->units, unit, NULL, factor, offset, &known));
  PetscCheck(known, PETSC_COMM_SELF, PETSC_ERR_PLIB, "unknown unit '%s'", unit);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode add_values(const ion_study *study, search *s)
{
  const ion_quantity *q = ion_model_quantities(study->model, NULL, NULL) + s->quantity;
  char name[512], text[512];
  double factor, offset;
  item *i;

  PetscFunctionBegin;
  PetscCall(scale_of(study, q->unit, &factor, &offset));
  snprintf(name, sizeof name, "threshold.%s", q->name);
  snprintf(text, sizeof text, "%s at which the physiological state is lost", q->name);
  PetscCall(add(s, VALUE, 0, "threshold", name, q->unit, text, &i));
  i->factor = factor;
  i->offset = offset;
  PetscCall(add(s, KIND, 0, "threshold", "threshold.kind", "1",
                "how the physiological state is lost", &i));
  i->about.flags = ion_loss_words;
  PetscCall(add(s, FREQUENCY, 0, "threshold", "threshold.frequency", "Hz",
                "frequency at a Hopf point", &i));
  i->factor = 6.283185307179586;
  snprintf(name, sizeof name, "recovery.%s", q->name);
  snprintf(text, sizeof text, "%s at which the collapsed state is lost on the way back", q->name);
  PetscCall(add(s, RECOVERY, 0, "recovery", name, q->unit, text, &i));
  i->factor = factor;
  i->offset = offset;
  PetscCall(add(s, RECOVERY_KIND, 0, "recovery", "recovery.kind", "1",
                "how the collapsed state is lost on the way back", &i));
  i->about.flags = ion_loss_words;
  snprintf(name, sizeof name, "hysteresis.%s", q->name);
  snprintf(text, sizeof text, "%s between the loss and the way back", q->name);
  PetscCall(add(s, HYSTERESIS, 0, "recovery", name, q->unit, text, &i));
  i->factor = factor;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* "pL/s", "1/K", "1/(pL/s)" */
static void unit_of_quotient(const char *above, const char *below, char *text, size_t size)
{
  const PetscBool is_plain = (PetscBool)(strcspn(below, "/ *.") == strlen(below));

  if (!strcmp(below, "1"))
    snprintf(text, size, "%s", above);
  else
    snprintf(text, size, is_plain ? "%s/%s" : "%s/(%s)", above, below);
}

static PetscErrorCode add_gradients(const ion_study *study, search *s)
{
  const ion_quantity *all = ion_model_quantities(study->model, NULL, NULL), *q = all + s->quantity;
  char name[512], text[512], unit[256];
  double above, below, ignored;
  item *i;

  PetscFunctionBegin;
  PetscCall(scale_of(study, q->unit, &above, &ignored));
  for (size_t f = 0; f < ion_design_n_factor(study->design); f++) {
    const ion_quantity *by = all + ion_design_factor(study->design, f)->quantity;

    PetscCall(scale_of(study, by->unit, &below, &ignored));
    unit_of_quotient(q->unit, by->unit, unit, sizeof unit);
    snprintf(name, sizeof name, "threshold.gradient.%s", by->name);
    snprintf(text, sizeof text, "d threshold.%s/d %s", q->name, by->name);
    PetscCall(add(s, GRADIENT, f, "threshold.gradient", name, unit, text, &i));
    i->factor = above / below;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Everything the ledger reads from a state alone. */
static PetscErrorCode add_states(const ion_study *study, search *s)
{
  char name[512], text[512], group[128];
  item *i;

  PetscFunctionBegin;
  PetscCall(ion_outputs_create(study->model, NULL, &s->ledger));
  for (size_t k = 0; k < ion_outputs_count(s->ledger); k++) {
    const ion_output *of = ion_outputs_at(s->ledger, k);

    if (!ion_output_is_of_state(of)) continue;
    snprintf(name, sizeof name, "threshold.%s", of->name);
    snprintf(group, sizeof group, "threshold.%s", of->group);
    snprintf(text, sizeof text, "%s at the threshold", of->long_name);
    PetscCall(add(s, STATE, k, group, name, of->unit, text, &i));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode choose(ion_study *study, search *s, const ion_node *selection)
{
  const ion_output **about;
  unsigned char *taken;
  size_t n            = 0;
  PetscErrorCode code = PETSC_SUCCESS;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(s->n_item, &s->order));
  PetscCall(PetscMalloc1(s->n_item, &about));
  PetscCall(PetscCalloc1(s->n_item, &taken));
  for (size_t i = 0; i < s->n_item; i++) about[i] = &s->item[i].about;
  if (selection)
    code = ion_outputs_select(about, s->n_item, selection, NULL, s->order, taken, &n);
  else
    for (; n < s->n_item; n++) s->order[n] = n;
  PetscCall(PetscFree(about));
  PetscCall(PetscFree(taken));
  PetscCall(code);
  for (size_t k = 0; k < n; k++) {
    const item *i = &s->item[s->order[k]];

    PetscCall(ion_study_add_output(study, &i->about));
    if (i->reads == GRADIENT) s->wants_gradient = PETSC_TRUE;
    if (i->reads == STATE) s->wants_state = PETSC_TRUE;
    if (i->reads == RECOVERY || i->reads == RECOVERY_KIND || i->reads == HYSTERESIS)
      s->wants_recovery = PETSC_TRUE;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Of the ledger only what is asked for is kept; its items then count in that order. */
static PetscErrorCode reduce_ledger(const ion_study *study, search *s)
{
  char *names    = NULL;
  ion_spec *spec = NULL;
  size_t n       = 0;
  PetscErrorCode code;

  PetscFunctionBegin;
  if (!s->wants_state) PetscFunctionReturn(PETSC_SUCCESS);
  for (size_t k = 0; k < study->n_output; k++) {
    item *i = &s->item[s->order[k]];

    if (i->reads != STATE) continue;
    PetscCall(ion_study_append(&names, n ? ", " : "["));
    PetscCall(ion_study_append(&names, ion_outputs_at(s->ledger, i->index)->name));
    i->index = n++;
  }
  PetscCall(ion_study_append(&names, "]"));
  PetscCall(ion_outputs_destroy(&s->ledger));
  code = ion_spec_parse("outputs", names, strlen(names), &spec);
  if (!code) code = ion_outputs_create(study->model, ion_spec_root(spec), &s->ledger);
  PetscCall(ion_spec_close(&spec));
  PetscCall(PetscFree(names));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode open_search(ion_study *study, PetscBool everything)
{
  static const char usual[] = "[threshold, recovery]";
  const ion_node *selection = everything ? NULL : study->outputs_node;
  ion_spec *spec            = NULL;
  search *s;
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCall(PetscNew(&s));
  study->state = s;
  PetscCall(read_section(study, s));
  PetscCall(add_values(study, s));
  PetscCall(add_gradients(study, s));
  PetscCall(add_states(study, s));
  if (!everything && study->spare[1]) { /* no outputs are written */
    PetscCall(ion_spec_parse("outputs", usual, strlen(usual), &spec));
    selection = ion_spec_root(spec);
  }
  code = choose(study, s, selection);
  PetscCall(ion_spec_close(&spec));
  PetscCall(code);
  PetscCall(reduce_ledger(study, s));
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
  search *s = study->state;

  PetscFunctionBegin;
  if (!s) PetscFunctionReturn(PETSC_SUCCESS);
  for (size_t i = 0; i < s->n_item; i++) {
    PetscCall(PetscFree(s->item[i].name));
    PetscCall(PetscFree(s->item[i].long_name));
    PetscCall(PetscFree(s->item[i].unit));
    PetscCall(PetscFree(s->item[i].group));
  }
  PetscCall(PetscFree(s->item));
  PetscCall(PetscFree(s->order));
  PetscCall(PetscFree5(s->found.kind, s->found.value, s->found.omega, s->found.recovery_kind,
                       s->found.recovery));
  PetscCall(ion_block_destroy(&s->found.x));
  PetscCall(ion_block_destroy(&s->found.gradient));
  PetscCall(ion_block_destroy(&s->theta));
  PetscCall(ion_block_destroy(&s->prepared));
  PetscCall(ion_block_destroy(&s->at_state));
  PetscCall(ion_work_destroy(&s->work));
  PetscCall(ion_threshold_destroy(&s->threshold));
  PetscCall(ion_outputs_destroy(&s->ledger));
  PetscCall(PetscFree(study->state));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode canonical(const ion_study *study, char **text)
{
  const search *s = study->state;
  char line[512];

  PetscFunctionBegin;
  snprintf(line, sizeof line, "\nthreshold: %s from %.17g to %.17g recovery_to %.17g",
           ion_model_quantities(study->model, NULL, NULL)[s->quantity].name, s->range.from,
           s->range.to, s->range.back);
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

static PetscErrorCode make_threshold(const ion_study *study, search *s)
{
  const size_t n = ion_design_n_factor(study->design);
  double *scale;
  int *varying;

  PetscFunctionBegin;
  PetscCall(ion_study_varying(study, &varying));
  PetscCall(PetscMalloc1(n + 1, &scale));
  PetscCall(measure_factors(study, scale));
  PetscCall(ion_threshold_create(study->model, varying, n, scale, &s->range, ION_STUDY_BATCH,
                                 &s->threshold));
  PetscCall(PetscFree(scale));
  PetscCall(PetscFree(varying));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode prepare(ion_study *study)
{
  search *s      = study->state;
  const size_t n = ION_STUDY_BATCH;
  size_t n_theta;

  PetscFunctionBegin;
  if (s->is_ready) PetscFunctionReturn(PETSC_SUCCESS);
  ion_model_quantities(study->model, NULL, &n_theta);
  PetscCall(make_threshold(study, s));
  PetscCall(PetscCalloc5(n, &s->found.kind, n, &s->found.value, n, &s->found.omega, n,
                         &s->found.recovery_kind, n, &s->found.recovery));
  PetscCall(ion_block_create(ion_model_n_state(study->model), n, &s->found.x));
  PetscCall(ion_block_create(ion_design_n_factor(study->design), n, &s->found.gradient));
  PetscCall(ion_block_create(n_theta, n, &s->theta));
  PetscCall(ion_block_create(ion_model_n_prepared(study->model), n, &s->prepared));
  PetscCall(ion_block_create(ion_outputs_count(s->ledger), n, &s->at_state));
  PetscCall(ion_work_create(study->model, ION_STUDY_TILE, &s->work));
  s->is_ready = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The ledger of every point at its threshold; NaN where there is none. */
static void observe(const ion_study *study, search *s, ion_block theta)
{
  const size_t n = theta.n_point, row = s->quantity;
  ion_block moved = ion_points_from(s->theta, 0, n);

  for (size_t k = 0; k < theta.n_row; k++)
    memcpy(ion_row(moved, k), ion_row(theta, k), n * sizeof(double));
  memcpy(ion_row(moved, row), s->found.value, n * sizeof(double));
  s->prepared.n_point = n;
  ion_model_prepare(study->model, moved, s->prepared);
  for (size_t done = 0; done < n; done += ION_STUDY_TILE) {
    const size_t m           = PetscMin((size_t)ION_STUDY_TILE, n - done);
    const ion_block prepared = ion_points_from(s->prepared, done, m);

    ion_model_evaluate(study->model, prepared, ion_points_from(s->found.x, done, m), m,
                       ION_RESIDUAL | ION_AFFINITY, &s->work);
    ion_outputs_observe(s->ledger, ion_points_from(moved, done, m), prepared, &s->work, m, NULL,
                        NULL, NULL, ion_points_from(s->at_state, done, m));
  }
}

static double read_item(const search *s, const item *i, size_t p)
{
  const double value = s->found.value[p];

  switch (i->reads) {
  case VALUE:
    return value;
  case KIND:
    return s->found.kind[p];
  case FREQUENCY:
    return s->found.omega[p];
  case RECOVERY:
    return s->found.recovery[p];
  case RECOVERY_KIND:
    return s->found.recovery_kind[p];
  case HYSTERESIS:
    return fabs(s->found.recovery[p] - value);
  case GRADIENT:
    return ion_row(s->found.gradient, i->index)[p];
  case STATE:
    return isnan(value) ? (double)NAN : ion_row(s->at_state, i->index)[p];
  }
  return (double)NAN;
}

static PetscErrorCode solve(ion_study *study, uint64_t first, ion_block theta, ion_block data,
                            unsigned char *status)
{
  search *s            = study->state;
  const size_t n       = theta.n_point;
  ion_thresholds found = s->found;

  PetscFunctionBegin;
  (void)first;
  found.status    = status;
  found.x.n_point = found.gradient.n_point = n;
  if (!s->wants_gradient) found.gradient.n_row = 0;
  if (!s->wants_recovery) found.recovery = NULL;
  PetscCall(ion_threshold_solve(s->threshold, theta, &found));
  if (s->wants_state) observe(study, s, theta);
  for (size_t k = 0; k < study->n_output; k++) {
    const item *i = &s->item[s->order[k]];
    double *y     = ion_row(data, k);

    for (size_t p = 0; p < n; p++)
      y[p] = status[p] == ION_OK || i->about.flags ? (read_item(s, i, p) - i->offset) / i->factor
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
