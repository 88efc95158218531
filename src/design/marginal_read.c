#include "marginal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX_KEYS = 8, NAME = 256 };

/* What a parameter of a distribution is. */
typedef enum {
  LIMIT, /* a value the factor takes: in the range of its quantity */
  PLACE, /* a value it need not take */
  WIDTH, /* a difference of two values: units have no offset */
  PURE   /* a number without unit */
} role;

typedef struct {
  const char *key;
  role role;
} parameter;

/* A way to write a distribution: keys that must be there, in the order of a list, and, after them,
 * limits that may be. */
typedef struct {
  const char *name;
  ion_marginal_kind kind;
  size_t n_required, n_allowed;
  parameter parameter[MAX_KEYS];
} form;

#define TRUNCATED                                                                                  \
  {"lower", LIMIT},                                                                                \
  {                                                                                                \
    "upper", LIMIT                                                                                 \
  }

static const form forms[] = {
    {"uniform",     ION_MARGINAL_UNIFORM,     2, 2, {{"lower", LIMIT}, {"upper", LIMIT}}                 },
    {"log_uniform", ION_MARGINAL_LOG_UNIFORM, 2, 2, {{"lower", LIMIT}, {"upper", LIMIT}}                 },
    {"normal",      ION_MARGINAL_NORMAL,      2, 4, {{"mean", PLACE}, {"sd", WIDTH}, TRUNCATED}          },
    {"lognormal",   ION_MARGINAL_LOGNORMAL,   2, 4, {{"median", PLACE}, {"gsd", PURE}, TRUNCATED}        },
    {"triangular",
     ION_MARGINAL_TRIANGULAR,                 3,
     3,                                             {{"lower", LIMIT}, {"mode", LIMIT}, {"upper", LIMIT}}},
    {"beta",        ION_MARGINAL_BETA,        4, 4, {{"alpha", PURE}, {"beta", PURE}, TRUNCATED}         },
    {"discrete",    ION_MARGINAL_DISCRETE,    0, 0, {{"values", LIMIT}}                                  },
};

/* The other way to write a lognormal: mean and standard deviation of the quantity itself. */
static const form lognormal_by_moments = {
    "lognormal", ION_MARGINAL_LOGNORMAL, 2, 4, {{"mean", PLACE}, {"sd", WIDTH}, TRUNCATED}
};

static const char *const words[] = {"uniform",    "log_uniform", "normal",   "lognormal",
                                    "triangular", "beta",        "discrete", "balance"};

/* A factor being read. */
typedef struct {
  const design_source *source;
  const ion_node *node; /* the distribution's own mapping or list */
  const form *form;
  design_factor *factor;
  const char *name;
  const ion_quantity *quantity;
} reader;

/* ---- numbers ---- */

/* The node of parameter i, or NULL. */
static const ion_node *member_of(const reader *in, size_t i)
{
  if (ion_node_type(in->node) == ION_MAPPING)
    return ion_node_find(in->node, in->form->parameter[i].key);
  return i < ion_node_count(in->node) ? ion_node_at(in->node, i) : NULL;
}

/* The quantity a parameter is read as; `name` has room for its name. */
static ion_quantity quantity_of(const reader *in, const parameter *p, char name[NAME])
{
  ion_quantity as = *in->quantity;

  if (p->role == LIMIT) return as;
  (void)snprintf(name, NAME, "%s of %.150s", p->key, in->name);
  as.name  = name;
  as.lower = -INFINITY;
  as.upper = INFINITY;
  if (p->role == PURE) as.unit = "1";
  return as;
}

static PetscErrorCode read_number(const reader *in, const ion_node *node, const parameter *p,
                                  double *number)
{
  char name[NAME];
  const ion_quantity as = quantity_of(in, p, name);
  ion_scale scale;
  const char *unit;
  double si;

  PetscFunctionBegin;
  PetscCall(ion_node_get_quantity(node, in->source->units, &as, &si, &unit, number));
  if (p->role == PURE) {
    *number = si;
  } else if (p->role == WIDTH) {
    PetscCall(ion_quantity_unit(ion_node_place(node), in->source->units, &as, unit, &scale));
    *number *= scale.factor / in->factor->scale;
  } else if (strcmp(unit, in->factor->unit) != 0) {
    *number = ion_design_coordinate_of(in->factor, si);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The factor takes the unit of the first value that has one. */
static PetscErrorCode add_factor(reader *in, const ion_node *first, const parameter *p,
                                 ion_design *design)
{
  char name[NAME];
  const ion_quantity as = quantity_of(in, p, name);
  const char *unit;
  double si;

  PetscFunctionBegin;
  PetscCall(ion_node_get_quantity(first, in->source->units, &as, &si, &unit, NULL));
  PetscCall(ion_design_add_factor(design, ion_node_place(first), in->source,
                                  (size_t)(in->quantity - in->source->quantity), unit));
  in->factor = &design->factor[design->n_factor - 1];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- what a distribution must satisfy ---- */

/* "273.15 K": an SI value in the unit of the factor */
static void print_value(const reader *in, double si, char text[NAME])
{
  const char *unit = in->factor->unit;

  (void)snprintf(text, NAME, "%.10g%s%.80s", ion_design_coordinate_of(in->factor, si),
                 strcmp(unit, "1") ? " " : "", strcmp(unit, "1") ? unit : "");
}

/* Limits were read with a slack of a few roundings. */
static PetscBool is_beyond(double si, double bound)
{
  return (PetscBool)(si > bound + 1e-12 * fabs(bound));
}

/* A law whose outermost quantiles that a design can ask for are beyond the range of its quantity must
 * be cut. */
static PetscErrorCode check_reach(const reader *in, const ion_marginal *m)
{
  static const double outermost[] = {0x1p-53, 1.0 - 0x1p-53};
  double end[2];
  PetscBool below;
  char text[NAME];

  PetscFunctionBegin;
  ion_marginal_quantile(m, 2, outermost, end, NULL);
  for (size_t i = 0; i < 2; i++) end[i] = in->factor->scale * end[i] + in->factor->offset;
  below = is_beyond(-end[0], -in->quantity->lower);
  if (!below && !is_beyond(end[1], in->quantity->upper)) PetscFunctionReturn(PETSC_SUCCESS);
  print_value(in, below ? in->quantity->lower : in->quantity->upper, text);
  PetscCall(ion_node_fail(in->node, "%s: this %s leaves the allowed range, %s %s; give it '%s'",
                          in->name, m->name, below ? "at least" : "at most", text,
                          below ? "lower" : "upper"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_order(const reader *in, const ion_marginal *m)
{
  PetscFunctionBegin;
  if (m->lower == m->upper)
    PetscCall(ion_node_fail(
        in->node, "%s: lower = upper (%.10g %s) leaves nothing to vary; use 'set' instead",
        in->name, m->lower, in->factor->unit));
  if (!(m->lower < m->upper))
    PetscCall(ion_node_fail(in->node, "%s: lower (%.10g) must be below upper (%.10g)", in->name,
                            m->lower, m->upper));
  if (m->kind == ION_MARGINAL_TRIANGULAR && !(m->param[0] >= m->lower && m->param[0] <= m->upper))
    PetscCall(ion_node_fail(in->node, "%s: the mode (%.10g) must be between lower and upper",
                            in->name, m->param[0]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Parameters that must be positive, and how far they may go. */
static PetscErrorCode check_shape(const reader *in, const ion_marginal *m)
{
  const double least = m->kind == ION_MARGINAL_BETA ? 0.01 : 0, most = 1e4;

  PetscFunctionBegin;
  for (size_t i = 0; i < 2 && m->kind == ION_MARGINAL_BETA; i++)
    if (!(m->param[i] >= least && m->param[i] <= most))
      PetscCall(ion_node_fail(in->node, "%s: %s = %.10g is out of range; allowed: %.10g to %.10g",
                              in->name, m->param_name[i], m->param[i], least, most));
  if (m->kind == ION_MARGINAL_NORMAL && !(m->param[1] > 0))
    PetscCall(ion_node_fail(in->node, "%s: sd = %.10g leaves nothing to vary; it must be positive",
                            in->name, m->param[1]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Laws of a logarithm need a unit that starts at zero and positive values. */
static PetscErrorCode check_logarithm(const reader *in, const ion_marginal *m)
{
  const PetscBool lognormal = (PetscBool)(m->kind == ION_MARGINAL_LOGNORMAL);

  PetscFunctionBegin;
  if (!lognormal && m->kind != ION_MARGINAL_LOG_UNIFORM) PetscFunctionReturn(PETSC_SUCCESS);
  if (in->factor->offset != 0)
    PetscCall(ion_node_fail(in->node, "%s: %s needs a unit that starts at zero, not %s", in->name,
                            m->name, in->factor->unit));
  if (!lognormal && !(m->lower > 0))
    PetscCall(ion_node_fail(in->node, "%s: log_uniform needs positive limits, not %.10g to %.10g",
                            in->name, m->lower, m->upper));
  if (lognormal && !(m->param[0] > 0))
    PetscCall(ion_node_fail(in->node, "%s: the %s of a lognormal must be positive, not %.10g",
                            in->name, in->form->parameter[0].key, m->param[0]));
  if (lognormal && in->form == &lognormal_by_moments && !(m->param[1] > 0))
    PetscCall(ion_node_fail(in->node, "%s: sd = %.10g leaves nothing to vary; it must be positive",
                            in->name, m->param[1]));
  if (lognormal && in->form != &lognormal_by_moments && !(m->param[1] > 1))
    PetscCall(ion_node_fail(in->node,
                            "%s: gsd = %.10g: a geometric standard deviation is a factor above 1",
                            in->name, m->param[1]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Median and geometric standard deviation from mean and standard deviation. */
static void from_moments(ion_marginal *m)
{
  const double mean = m->param[0], ratio = m->param[1] / mean;

  m->param_name[0] = "median";
  m->param_name[1] = "gsd";
  m->param[0]      = mean / sqrt(1 + ratio * ratio);
  m->param[1]      = exp(sqrt(log1p(ratio * ratio)));
}

static PetscErrorCode finish(const reader *in, ion_marginal *m)
{
  PetscFunctionBegin;
  if (m->kind == ION_MARGINAL_LOGNORMAL) m->lower = fmax(m->lower, 0);
  PetscCall(check_order(in, m));
  PetscCall(check_shape(in, m));
  PetscCall(check_logarithm(in, m));
  if (in->form == &lognormal_by_moments) from_moments(m);
  if ((m->kind == ION_MARGINAL_NORMAL || m->kind == ION_MARGINAL_LOGNORMAL) &&
      !(ion_marginal_truncate(m) > 1e-290))
    PetscCall(ion_node_fail(in->node, "%s: nothing of this %s lies between %.10g and %.10g",
                            in->name, m->name, m->lower, m->upper));
  PetscCall(check_reach(in, m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- reading ---- */

/* Limits go to lower and upper, other parameters to param. */
static PetscErrorCode read_parameters(reader *in, ion_marginal *m)
{
  PetscFunctionBegin;
  m->lower = -INFINITY;
  m->upper = INFINITY;
  for (size_t i = 0; i < in->form->n_allowed; i++) {
    const parameter *p   = &in->form->parameter[i];
    const ion_node *node = member_of(in, i);
    double *to           = !strcmp(p->key, "lower")   ? &m->lower
                           : !strcmp(p->key, "upper") ? &m->upper
                                                      : &m->param[m->n_param];

    if (!node) continue;
    PetscCall(read_number(in, node, p, to));
    if (to == &m->param[m->n_param]) m->param_name[m->n_param++] = p->key;
  }
  PetscCall(finish(in, m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Every key that must be there is, and no other. */
static PetscErrorCode check_form(const reader *in)
{
  const char *keys[MAX_KEYS];
  const form *f = in->form;

  PetscFunctionBegin;
  if (ion_node_type(in->node) == ION_SEQUENCE) {
    if (ion_node_count(in->node) != f->n_required)
      PetscCall(ion_node_fail(
          in->node, "%s: a list for %s has %zu values, %s first; this one has %zu", in->name,
          f->name, f->n_required, f->parameter[0].key, ion_node_count(in->node)));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  for (size_t i = 0; i < f->n_allowed; i++) keys[i] = f->parameter[i].key;
  PetscCall(ion_node_check_keys(in->node, f->name, keys, f->n_allowed));
  for (size_t i = 0; i < f->n_required; i++) {
    const ion_node *member;

    PetscCall(ion_node_require(in->node, f->name, keys[i], &member));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Weights of a discrete marginal, scaled to a sum of 1; equal ones where none are given. */
static PetscErrorCode read_weights(const reader *in, const ion_node *list, size_t n, double *weight)
{
  static const parameter as = {"weight", PURE};
  double sum                = 0;

  PetscFunctionBegin;
  if (list) PetscCall(ion_node_expect(list, ION_SEQUENCE, "weights"));
  if (list && ion_node_count(list) != n)
    PetscCall(
        ion_node_fail(list, "%s: %zu weights for %zu values", in->name, ion_node_count(list), n));
  for (size_t i = 0; i < n; i++) {
    weight[i] = 1;
    if (list) PetscCall(read_number(in, ion_node_at(list, i), &as, &weight[i]));
    if (!(weight[i] > 0))
      PetscCall(ion_node_fail(ion_node_at(list, i), "%s: a weight must be positive, not %.10g",
                              in->name, weight[i]));
    sum += weight[i];
  }
  for (size_t i = 0; i < n; i++) weight[i] /= sum;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_values(reader *in, const ion_node *list, const ion_node *weights,
                                  ion_marginal *m)
{
  const size_t n = ion_node_count(list);
  double *value;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(2 * n, &in->factor->node)); /* values, then weights; the factor's own */
  value      = in->factor->node;
  m->value   = value;
  m->weight  = value + n;
  m->n_value = n;
  m->lower   = INFINITY;
  m->upper   = -INFINITY;
  for (size_t i = 0; i < n; i++) {
    PetscCall(read_number(in, ion_node_at(list, i), &in->form->parameter[0], &value[i]));
    m->lower = fmin(m->lower, value[i]);
    m->upper = fmax(m->upper, value[i]);
  }
  PetscCall(check_order(in, m));
  PetscCall(read_weights(in, weights, n, value + n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* `discrete: [1, 2, 4]` or `discrete: {values: [1, 2, 4], weights: [2, 1, 1]}` */
static PetscErrorCode read_discrete(reader *in, ion_design *design, ion_marginal *m)
{
  static const char *const keys[] = {"values", "weights"};
  const ion_node *values          = in->node;

  PetscFunctionBegin;
  if (ion_node_type(in->node) == ION_MAPPING) {
    PetscCall(ion_node_check_keys(in->node, "discrete", keys, ION_COUNT(keys)));
    PetscCall(ion_node_require(in->node, "discrete", "values", &values));
    PetscCall(ion_node_expect(values, ION_SEQUENCE, "values"));
  }
  if (ion_node_count(values) == 0)
    PetscCall(ion_node_fail(values, "%s: no values listed", in->name));
  PetscCall(add_factor(in, ion_node_at(values, 0), &in->form->parameter[0], design));
  PetscCall(read_values(in, values, ion_node_find(in->node, "weights"), m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The one distribution of a factor's mapping. */
static PetscErrorCode find_form(reader *in, const ion_node *node)
{
  PetscFunctionBegin;
  if (ion_node_type(node) != ION_MAPPING)
    PetscCall(ion_node_fail(node, "%s needs a distribution, such as {uniform: [lower, upper]}",
                            in->name));
  PetscCall(ion_node_check_keys(node, in->name, words, ION_COUNT(words)));
  for (size_t i = 0; i < ION_COUNT(forms); i++) {
    const ion_node *member = ion_node_find(node, forms[i].name);

    if (!member) continue;
    if (in->form)
      PetscCall(ion_node_fail(node, "%s has two distributions, %s and %s", in->name, in->form->name,
                              forms[i].name));
    in->form = &forms[i];
    in->node = member;
  }
  if (!in->form)
    PetscCall(ion_node_fail(node, "%s needs a distribution, such as {uniform: [lower, upper]}",
                            in->name));
  if (ion_node_type(in->node) == ION_SCALAR)
    PetscCall(ion_node_fail(in->node, "%s: %s needs a list or a mapping of its parameters",
                            in->name, in->form->name));
  if (in->form->kind == ION_MARGINAL_LOGNORMAL &&
      (ion_node_find(in->node, "mean") || ion_node_find(in->node, "sd")))
    in->form = &lognormal_by_moments;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_marginal_read(const design_source *source, const ion_node *factors, size_t i,
                                 ion_design *design)
{
  const ion_node *node = ion_node_at(factors, i);
  reader in            = {.source = source, .name = ion_node_key_at(factors, i)};
  ion_marginal m       = {0};
  size_t quantity, first = 0;

  PetscFunctionBegin;
  PetscCall(ion_quantity_find(factors, i, in.name, source->quantity, source->n, &quantity));
  if (!source->quantity[quantity].is_factor)
    PetscCall(ion_node_fail_key(factors, i, "'%s' may be set but not varied", in.name));
  in.quantity = &source->quantity[quantity];
  PetscCall(find_form(&in, node));
  m.kind = in.form->kind;
  m.name = in.form->name;
  if (m.kind == ION_MARGINAL_DISCRETE) {
    PetscCall(read_discrete(&in, design, &m));
  } else {
    PetscCall(check_form(&in));
    while (in.form->parameter[first].role == PURE) first++;
    PetscCall(add_factor(&in, member_of(&in, first), &in.form->parameter[first], design));
    PetscCall(read_parameters(&in, &m));
  }
  in.factor->marginal = m;
  PetscCall(ion_design_read_balance(node, in.factor));
  PetscFunctionReturn(PETSC_SUCCESS);
}
