/* Tables from the local derivatives that a study wrote: derivative-based measures, active subspace. */
#include "analysis_impl.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const ion_analysis_axis by_column[] = {ION_AXIS_OUTPUT, ION_AXIS_COLUMN};

typedef struct {
  double *nu, *nu_half, *bound, *bound_half, *median, *largest;
  double *eigenvalue, *eigenvalue_half, *activity, *activity_half;
} tables;

/* A unit of NULL is the square of the output's. */
static PetscErrorCode add(ion_analysis *a, const char *name, const char *long_name,
                          const char *unit, double **value)
{
  PetscFunctionBegin;
  PetscCall(ion_analysis_add(a, name, long_name, unit, 2, by_column, value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode add_tables(ion_analysis *a, tables *t)
{
  static const char half[] = "half-width of its 95 % interval";

  PetscFunctionBegin;
  PetscCall(add(a, "dgsm",
                "E[(dY/du_j)^2] over points that succeed, in the unit of the output squared (Sobol "
                "and Kucherenko 2009); NaN where the "
                "largest 1 % of the points make more than half of it: it does not exist here",
                NULL, &t->nu));
  PetscCall(add(a, "dgsm_half_width", half, NULL, &t->nu_half));
  PetscCall(
      add(a, "dgsm_bound", "dgsm/(pi^2 V): an upper bound of the total index", "1", &t->bound));
  PetscCall(add(a, "dgsm_bound_half_width", half, "1", &t->bound_half));
  PetscCall(add(a, "dgsm_median", "median of (dY/du_j)^2, in that unit", NULL, &t->median));
  PetscCall(add(a, "dgsm_largest_share",
                "share of the largest 1 % of the points in the sum of dgsm", "1", &t->largest));
  PetscCall(add(a, "active_eigenvalue",
                "eigenvalues of E[g g^T], g = dY/du, falling, in that unit: the first is in the "
                "place of the first "
                "factor (Constantine et al. 2014)",
                NULL, &t->eigenvalue));
  PetscCall(add(a, "active_eigenvalue_half_width", half, NULL, &t->eigenvalue_half));
  PetscCall(add(
      a, "activity_score",
      "sum of lambda_l w_lj^2 over the eigenvectors that hold 90 % of the spectrum, in that unit "
      "(Constantine and Diaz 2017)",
      NULL, &t->activity));
  PetscCall(add(a, "activity_score_half_width", half, NULL, &t->activity_half));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What the file holds of the derivative of an output by a factor. */
typedef struct {
  size_t output;    /* place in the file, SIZE_MAX for nothing */
  PetscBool by_log; /* by ln p, else by p */
  PetscBool of_log; /* of ln Y, else of Y */
  double scale;     /* by p: units of Y per SI unit of p in one of the file's */
} derivative;

static size_t find_output(const ion_analysis *a, const char *first, const char *second)
{
  char name[1024];

  snprintf(name, sizeof name, "%s_%s", first, second);
  for (char *c = name; *c; c++)
    if (*c == '.') *c = '_';
  for (size_t i = 0; i < a->schema->n_output; i++)
    if (!strcmp(a->schema->output[i].name, name)) return i;
  return SIZE_MAX;
}

/* The unit of an output in SI. */
static PetscErrorCode scale_of(const ion_analysis *a, size_t output, double *scale)
{
  const char *unit = a->schema->output[output].unit;
  double offset;
  PetscBool known;

  PetscFunctionBegin;
  PetscCall(ion_units_to_si(a->units, unit ? unit : "1", NULL, scale, &offset, &known));
  PetscCheck(known, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT, "%s: unknown unit '%s'",
             a->schema->output[output].name, unit);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Gradients of a study of thresholds are of the one output that is its parameter at the loss. */
static PetscErrorCode is_threshold(const ion_analysis *a, size_t o, PetscBool *answer)
{
  const ion_node *section = ion_node_find(ion_spec_root(a->sweep), "threshold"), *node;
  const char *parameter;

  PetscFunctionBegin;
  *answer = PETSC_FALSE;
  if (!section) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ion_node_require(section, "threshold", "parameter", &node));
  PetscCall(ion_node_get_string(node, "parameter", &parameter));
  *answer = (PetscBool)(find_output(a, "threshold", parameter) == a->output[o]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode find_gradient(const ion_analysis *a, size_t o, size_t j, derivative *d)
{
  PetscBool is_of_output;
  double scale;

  PetscFunctionBegin;
  PetscCall(is_threshold(a, o, &is_of_output));
  if (!is_of_output) PetscFunctionReturn(PETSC_SUCCESS);
  d->output = find_output(a, "threshold_gradient", a->quantity[j].name);
  if (d->output == SIZE_MAX) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(scale_of(a, a->output[o], &scale));
  PetscCall(scale_of(a, d->output, &d->scale));
  d->scale /= scale;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Steady states have theirs by ln p, of Y or of ln Y, thresholds by p. */
static PetscErrorCode find_derivative(const ion_analysis *a, size_t o, size_t j, derivative *d)
{
  const char *meaning;
  char name[512];

  PetscFunctionBegin;
  snprintf(name, sizeof name, "sensitivity_%s", a->schema->output[a->output[o]].name);
  *d = (derivative){.output = find_output(a, name, a->quantity[j].name)};
  if (d->output == SIZE_MAX) {
    PetscCall(find_gradient(a, o, j, d));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  meaning   = a->schema->output[d->output].long_name;
  d->by_log = PETSC_TRUE;
  d->of_log = (PetscBool)(meaning && !strncmp(meaning, "d ln ", 5));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* [n_column] */
static PetscErrorCode find_all(const ion_analysis *a, size_t o, derivative *d, PetscBool *has_all)
{
  PetscFunctionBegin;
  *has_all = (PetscBool)(a->n_column > 0);
  for (size_t j = 0; j < a->n_column; j++) {
    PetscCall(find_derivative(a, o, j, &d[j]));
    if (d[j].output == SIZE_MAX) *has_all = PETSC_FALSE;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* dY/du = dY/dp dp/du, of dY/d ln p a p-th of that, of d ln Y/d ln p Y times as much. */
static PetscErrorCode differentiate(const ion_analysis *a, const derivative *d, size_t j, size_t at,
                                    double y, double *g)
{
  double x, slope, scale, offset;

  PetscFunctionBegin;
  PetscCall(ion_store_file_output(a->file, d->output, a->sample[at], 1, g));
  ion_marginal_quantile(ion_design_marginal(a->design, j), 1, ion_row(a->u, j) + at, &x, &slope);
  ion_design_scale(a->design, j, &scale, &offset);
  *g *= scale * slope * (d->by_log ? 1.0 / (scale * x + offset) : d->scale);
  if (d->of_log) *g *= y;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Gradients [n_column][n] at the first n points of the sample, and the variance of Y there. */
static PetscErrorCode read_gradients(const ion_analysis *a, size_t o, const derivative *d,
                                     ion_block gradient, double *variance)
{
  double n = 0.0, mean = 0.0, square = 0.0;

  PetscFunctionBegin;
  for (size_t i = 0; i < gradient.n_point; i++) {
    double y, step;

    PetscCall(ion_store_file_output(a->file, a->output[o], a->sample[i], 1, &y));
    if (a->status[a->sample[i]] != ION_OK) y = (double)NAN;
    for (size_t j = 0; j < a->n_column; j++) {
      PetscCall(differentiate(a, &d[j], j, i, y, &ion_row(gradient, j)[i]));
      if (!isfinite(y)) ion_row(gradient, j)[i] = (double)NAN;
    }
    if (!isfinite(y)) continue;
    step = y - mean;
    mean += step / ++n;
    square += step * (y - mean);
  }
  *variance = square / n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void fill_dgsm(const ion_analysis *a, size_t o, const ion_dgsm *dgsm, tables *t)
{
  for (size_t j = 0; j < a->n_column; j++) {
    const size_t at    = o * (a->n_column + 1) + j;
    const double exist = dgsm[j].is_infinite ? (double)NAN : 1.0;

    t->nu[at]         = exist * dgsm[j].nu.value;
    t->nu_half[at]    = exist * dgsm[j].nu.half_width;
    t->bound[at]      = exist * dgsm[j].bound.value;
    t->bound_half[at] = exist * dgsm[j].bound.half_width;
    t->median[at]     = dgsm[j].median;
    t->largest[at]    = dgsm[j].largest_share;
  }
}

/* Eigenvectors that hold 90 % of the spectrum. */
static size_t count_active(size_t k, const ion_estimate *eigenvalue)
{
  double all = 0.0, sum = 0.0;
  size_t n = 0;

  for (size_t i = 0; i < k; i++) all += eigenvalue[i].value;
  while (n < k && sum < 0.9 * all) sum += eigenvalue[n++].value;
  return n;
}

static PetscErrorCode fill_active(const ion_analysis *a, size_t o, ion_block gradient, tables *t)
{
  const size_t k = a->n_column;
  ion_estimate *e;
  double *vector;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(2 * k, &e));
  PetscCall(PetscMalloc1(k * k, &vector));
  PetscCall(ion_active_subspace(gradient, a->n_replicate, k, e, vector, e + k));
  PetscCall(ion_active_subspace(gradient, a->n_replicate, count_active(k, e), e, vector, e + k));
  for (size_t j = 0; j < k; j++) {
    const size_t at = o * (k + 1) + j;

    t->eigenvalue[at]      = e[j].value;
    t->eigenvalue_half[at] = e[j].half_width;
    t->activity[at]        = e[k + j].value;
    t->activity_half[at]   = e[k + j].half_width;
  }
  PetscCall(PetscFree(vector));
  PetscCall(PetscFree(e));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode analyse(ion_analysis *a, size_t o, const derivative *d, size_t n, tables *t)
{
  double *poincare, variance = (double)NAN;
  ion_block gradient;
  ion_dgsm *dgsm;

  PetscFunctionBegin;
  PetscCall(ion_block_create(a->n_column, n, &gradient));
  PetscCall(PetscMalloc2(a->n_column, &poincare, a->n_column, &dgsm));
  for (size_t j = 0; j < a->n_column; j++) poincare[j] = 1.0 / (M_PI * M_PI); /* u is uniform */
  PetscCall(read_gradients(a, o, d, gradient, &variance));
  PetscCall(ion_dgsm_indices(gradient, poincare, variance, a->n_replicate, dgsm));
  fill_dgsm(a, o, dgsm, t);
  PetscCall(fill_active(a, o, gradient, t));
  PetscCall(PetscFree2(poincare, dgsm));
  PetscCall(ion_block_destroy(&gradient));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A derivative along a branch does not know of jumps to another one: the bound is then none. */
static PetscErrorCode check_bound(ion_analysis *a, size_t o, const tables *t)
{
  const ion_store_table *total = ion_analysis_table(a, "total_order");
  const ion_store_table *half  = ion_analysis_table(a, "total_order_half_width");
  const size_t row             = a->n_column + 1;

  PetscFunctionBegin;
  if (!total || a->n_input != a->n_column) PetscFunctionReturn(PETSC_SUCCESS);
  for (size_t j = o * row; j + 1 < (o + 1) * row; j++)
    if (total->value[j] - half->value[j] > t->bound[j] + t->bound_half[j]) {
      PetscCall(ion_analysis_warn(
          a,
          "%s: total index of %s is above the bound from its derivative: it jumps between branches",
          a->label[ION_AXIS_OUTPUT][o], a->label[ION_AXIS_COLUMN][j - o * row]));
    }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The slope of a factor by u is known where factors are independent and have a density. */
static PetscBool has_slopes(const ion_analysis *a)
{
  if (!a->design || !ion_design_is_sampled(a->design) || ion_design_is_correlated(a->design))
    return PETSC_FALSE;
  for (size_t j = 0; j < a->n_column; j++)
    if (ion_design_marginal(a->design, j)->kind == ION_MARGINAL_DISCRETE) return PETSC_FALSE;
  return PETSC_TRUE;
}

PetscErrorCode ion_analysis_gradients(ion_analysis *a)
{
  const size_t n = a->is_saltelli ? a->n_sample / 2 : a->n_sample; /* members A */
  tables t       = {0};
  derivative *d;
  PetscBool has_all;

  PetscFunctionBegin;
  if (!has_slopes(a)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscMalloc1(a->n_column, &d));
  for (size_t o = 0; o < a->n_output; o++) {
    PetscCall(find_all(a, o, d, &has_all));
    if (!has_all) continue;
    if (!t.nu) PetscCall(add_tables(a, &t));
    PetscCall(analyse(a, o, d, n, &t));
    PetscCall(check_bound(a, o, &t));
  }
  PetscCall(PetscFree(d));
  PetscFunctionReturn(PETSC_SUCCESS);
}
