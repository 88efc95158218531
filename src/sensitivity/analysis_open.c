/* A result file to the design, outputs, statuses and independent points behind it. */
#include "analysis_impl.h"

#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- design ---- */

/* The name of a quantity as a variable of the file. */
static void file_name(const char *name, char *text, size_t size)
{
  snprintf(text, size, "%s", name);
  for (char *c = text; *c; c++)
    if (*c == '.') *c = '_';
}

/* The coordinate of that name, or n_coordinate. */
static size_t find_variable(const ion_analysis *a, const char *factor)
{
  char name[512];
  size_t c = 0;

  file_name(factor, name, sizeof name);
  while (c < a->schema->n_coordinate && strcmp(a->schema->coordinate[c].name, name) != 0) c++;
  return c;
}

static PetscErrorCode find_coordinate(const ion_analysis *a, const ion_node *factors, size_t i,
                                      const ion_store_var **found)
{
  const char *name = ion_node_key_at(factors, i);
  const size_t c   = find_variable(a, name);

  PetscFunctionBegin;
  *found = c < a->schema->n_coordinate ? &a->schema->coordinate[c] : NULL;
  if (!*found) PetscCall(ion_node_fail_key(factors, i, "the file lacks the factor '%s'", name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Where sums are kept there are no coordinates: "name [unit],name [unit]" of the header. */
static PetscErrorCode cut_factors(ion_analysis *a)
{
  PetscFunctionBegin;
  PetscCall(PetscStrallocpy(a->schema->factors ? a->schema->factors : "", &a->factors));
  for (char *c = a->factors; *c; c++)
    if (*c == ']') *c = '\0';
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode find_unit(const ion_analysis *a, const ion_node *factors, size_t i,
                                const char **unit)
{
  const char *name = ion_node_key_at(factors, i), *at = a->factors;
  const char *end = at + (a->schema->factors ? strlen(a->schema->factors) : 0);
  const size_t n  = strlen(name);

  PetscFunctionBegin;
  for (*unit = NULL; !*unit && at < end; at += strlen(at) + 1) {
    if (*at == ',') at++;
    if (!strncmp(at, name, n) && !strncmp(at + n, " [", 2)) *unit = at + n + 2;
  }
  if (!*unit) PetscCall(ion_node_fail_key(factors, i, "the file lacks the factor '%s'", name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The design needs of its quantities the names and the unit a bare number is in, which is the one of
 * the file; bounds were checked before the file was made. */
static PetscErrorCode create_design(ion_analysis *a, const ion_node *node)
{
  const ion_node *factors;

  PetscFunctionBegin;
  PetscCall(ion_node_require(node, "design", "factors", &factors));
  PetscCall(ion_node_expect(factors, ION_MAPPING, "factors"));
  a->n_column = ion_node_count(factors);
  PetscCall(PetscCalloc1(a->n_column, &a->quantity));
  PetscCall(cut_factors(a));
  for (size_t i = 0; i < a->n_column; i++) {
    const ion_store_var *coordinate;
    const char *unit;

    if (a->schema->n_summed) {
      PetscCall(find_unit(a, factors, i, &unit));
    } else {
      PetscCall(find_coordinate(a, factors, i, &coordinate));
      unit = coordinate->unit ? coordinate->unit : "1";
    }
    a->quantity[i] = (ion_quantity){.name      = ion_node_key_at(factors, i),
                                    .unit      = unit,
                                    .meaning   = "",
                                    .lower     = -(double)INFINITY,
                                    .upper     = (double)INFINITY,
                                    .is_factor = PETSC_TRUE};
  }
  PetscCall(ion_design_create(node, a->units, a->quantity, a->n_column, &a->design));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode refuse_design(const char *path, const char *kind)
{
  PetscFunctionBegin;
  SETERRQ(PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
          "%s: a design of kind '%s' carries no sensitivity indices; saltelli and morris do, and "
          "sobol, latin_hypercube and points those of given data",
          path, kind);
}

static PetscErrorCode read_kind(ion_analysis *a, const char *path, const char **kind)
{
  const ion_node *root, *node, *word;

  PetscFunctionBegin;
  PetscCall(ion_spec_parse(path, a->schema->sweep_text, strlen(a->schema->sweep_text), &a->sweep));
  root = ion_spec_root(a->sweep);
  node = ion_node_type(root) == ION_MAPPING ? ion_node_find(root, "design") : NULL;
  if (!node) PetscCall(refuse_design(path, "points"));
  PetscCall(ion_node_require(node, "design", "kind", &word));
  PetscCall(ion_node_get_string(word, "design kind", kind));
  if (!strcmp(*kind, "grid") || !strcmp(*kind, "boundary") ||
      (a->schema->n_coordinate == 0 && !a->schema->n_summed))
    PetscCall(refuse_design(path, *kind));
  if (strcmp(*kind, "points") != 0) PetscCall(create_design(a, node));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode describe_design(ion_analysis *a, const char *path, const char *kind)
{
  const ion_design *design = a->design;

  PetscFunctionBegin;
  a->n_replicate = design ? ion_design_n_replicate(design) : 1;
  a->n_member    = design ? ion_design_n_member(design) : 1;
  a->n_block     = design ? ion_design_n_block(design) : a->schema->n_point;
  a->is_saltelli = (PetscBool)!strcmp(kind, "saltelli");
  a->is_morris   = (PetscBool)!strcmp(kind, "morris");
  if (!design) a->n_column = a->schema->n_coordinate;
  PetscCheck(a->n_block * a->n_replicate * a->n_member == ion_store_n_solved(a->schema),
             PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "%s: its sweep describes %llu points, it holds %llu", path,
             (unsigned long long)(a->n_block * a->n_replicate * a->n_member),
             (unsigned long long)ion_store_n_solved(a->schema));
  a->is_second_order = PETSC_FALSE;
  if (a->is_saltelli)
    a->is_second_order = (PetscBool)(ion_design_input(design, 0)->reverse != ION_NO_MEMBER);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Inputs without the dummy, and which factors each one moves. */
static PetscErrorCode describe_inputs(ion_analysis *a)
{
  size_t n = a->design ? ion_design_n_input(a->design) : a->n_column;

  PetscFunctionBegin;
  while (a->design && n > 0 && ion_design_input(a->design, n - 1)->n_factor == 0) n--;
  a->n_input = n;
  PetscCall(PetscCalloc1(n, &a->moves));
  for (size_t j = 0; j < n; j++) {
    const ion_input *input = a->design ? ion_design_input(a->design, j) : NULL;
    unsigned char *row;

    PetscCall(PetscCalloc1(a->n_column, &row));
    a->moves[j] = row;
    if (!input) row[j] = 1;
    for (size_t i = 0; input && i < input->n_factor; i++) row[input->factor[i]] = 1;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- outputs ---- */

/* Local derivatives are read as gradients, names (bytes) as reasons to fail. */
static PetscBool is_number(const ion_analysis *a, size_t i)
{
  const ion_store_var *var = &a->schema->output[i];

  if (a->sums && ion_sums_row_at(a->sums, i).kind != ION_SUMS_NUMBER) return PETSC_FALSE;
  return (PetscBool)(var->type != ION_STORE_BYTE && strncmp(var->name, "sensitivity_", 12) != 0 &&
                     strncmp(var->name, "threshold_gradient_", 19) != 0);
}

static PetscErrorCode unknown_output(const ion_analysis *a, const char *path, const char *word)
{
  const char **known, *nearest;
  char near[512] = "";
  size_t n       = 0;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(a->schema->n_output, &known));
  for (size_t i = 0; i < a->schema->n_output; i++)
    if (is_number(a, i)) known[n++] = a->schema->output[i].name;
  nearest = ion_nearest_name(word, known, n);
  if (nearest) snprintf(near, sizeof near, "; did you mean '%s'?", nearest);
  PetscCall(PetscFree(known));
  SETERRQ(PETSC_COMM_SELF, PETSC_ERR_USER_INPUT, "%s: no output '%s' with numbers in it%s", path,
          word, near);
}

/* Mark the outputs that a word of --of means. */
static PetscErrorCode mark(const ion_analysis *a, const char *path, const char *word,
                           unsigned char *wanted)
{
  PetscBool known = PETSC_FALSE;
  char name[512];

  PetscFunctionBegin;
  file_name(word, name, sizeof name);
  for (size_t i = 0; i < a->schema->n_output; i++) {
    if (!is_number(a, i) || fnmatch(name, a->schema->output[i].name, 0)) continue;
    wanted[i] = 1;
    known     = PETSC_TRUE;
  }
  if (!known) PetscCall(unknown_output(a, path, word));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode mark_all(const ion_analysis *a, const char *path, const char *of,
                               unsigned char *wanted)
{
  char word[512];

  PetscFunctionBegin;
  for (size_t i = 0; !of && i < a->schema->n_output; i++) wanted[i] = is_number(a, i);
  for (const char *at = of; at && (*at || at == of);) {
    const size_t n = strcspn(at, ",");

    snprintf(word, sizeof word, "%.*s", (int)PetscMin(n, sizeof word - 1), at);
    PetscCall(mark(a, path, word, wanted));
    at += n + (at[n] == ',');
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode choose_outputs(ion_analysis *a, const char *path, const char *of)
{
  unsigned char *wanted;
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCall(PetscCalloc1(a->schema->n_output + 1, &wanted));
  PetscCall(PetscMalloc1(a->schema->n_output + 1, &a->output));
  code = mark_all(a, path, of, wanted);
  for (size_t i = 0; i < a->schema->n_output; i++)
    if (wanted[i]) a->output[a->n_output++] = i;
  PetscCall(PetscFree(wanted));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_class(ion_analysis *a)
{
  const size_t n = (size_t)a->schema->n_point;
  double *value;
  size_t i = 0;

  PetscFunctionBegin;
  while (i < a->schema->n_output && strcmp(a->schema->output[i].name, "class") != 0) i++;
  if (i == a->schema->n_output) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscMalloc1(n, &a->class_));
  PetscCall(PetscMalloc1(n, &value));
  PetscCall(ion_store_file_output(a->file, i, 0, n, value));
  for (size_t p = 0; p < n; p++) a->class_[p] = (unsigned char)value[p];
  PetscCall(PetscFree(value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- independent points ---- */

/* Member m of the first `n` (block, replicate) pairs. */
static void take(ion_analysis *a, size_t n, size_t m)
{
  for (size_t i = 0; i < n; i++) a->sample[a->n_sample++] = i * a->n_member + m;
}

static PetscErrorCode locate_sample(ion_analysis *a)
{
  PetscFunctionBegin;
  PetscCall(ion_block_create(a->n_column, a->n_sample, &a->u));
  for (size_t j = 0; !a->design && j < a->n_column; j++)
    PetscCall(ion_store_file_coordinate(a->file, j, 0, a->n_sample, ion_row(a->u, j)));
  if (a->design) {
    ion_block one;

    PetscCall(ion_block_create(a->n_column, 1, &one));
    for (size_t i = 0; i < a->n_sample; i++) {
      PetscCall(ion_design_unit(a->design, a->sample[i], 1, one));
      for (size_t j = 0; j < a->n_column; j++) ion_row(a->u, j)[i] = ion_row(one, j)[0];
    }
    PetscCall(ion_block_destroy(&one));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Values of points, in units of their own, become their ranks. Equal ones are put in random order: the order of the
 * points may be that of another factor. */
static PetscErrorCode rank_rows(uint64_t seed, ion_block x)
{
  const size_t n = x.n_point;
  size_t *shuffled, *order;
  double *value;

  PetscFunctionBegin;
  PetscCall(PetscMalloc3(n, &shuffled, n, &order, n, &value));
  for (size_t j = 0; j < x.n_row; j++) {
    for (size_t i = 0; i < n; i++) value[i] = ion_random_uniform(seed, i, (uint64_t)1 << 50 | j);
    PetscCall(ion_order(n, value, shuffled));
    for (size_t i = 0; i < n; i++) value[i] = ion_row(x, j)[shuffled[i]];
    PetscCall(ion_order(n, value, order));
    for (size_t i = 0; i < n; i++)
      ion_row(x, j)[shuffled[order[i]]] = ((double)i + 0.5) / (double)n;
  }
  PetscCall(PetscFree3(shuffled, order, value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Of correlated factors the numbers that points are made of say nothing: u_2 is what x_2 does not share with x_1. */
static PetscErrorCode place_sample(ion_analysis *a)
{
  const PetscBool correlated = (PetscBool)(a->design && ion_design_is_correlated(a->design));
  const size_t n             = (size_t)a->schema->n_point;
  double *value;

  PetscFunctionBegin;
  a->place = a->u;
  if (!a->design) PetscCall(rank_rows(a->schema->seed, a->u));
  if (!correlated) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ion_block_create(a->n_column, a->n_sample, &a->place));
  PetscCall(PetscMalloc1(n, &value));
  for (size_t j = 0; j < a->n_column; j++) {
    PetscCall(
        ion_store_file_coordinate(a->file, find_variable(a, a->quantity[j].name), 0, n, value));
    for (size_t i = 0; i < a->n_sample; i++) ion_row(a->place, j)[i] = value[a->sample[i]];
  }
  PetscCall(PetscFree(value));
  PetscCall(rank_rows(a->schema->seed, a->place));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A and B of a saltelli block share nothing; of a morris block only its base is taken. Whole rounds of
 * replicates, so that point i is of replicate i % n_replicate. */
static PetscErrorCode choose_sample(ion_analysis *a)
{
  const size_t members = a->is_saltelli ? 2 : 1, R = a->n_replicate;
  const size_t n = (size_t)PetscMin(a->n_block, PetscMax(1, ANALYSIS_MAX_SAMPLE / members / R)) * R;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n * members, &a->sample));
  for (size_t m = 0; m < members; m++) take(a, n, m);
  PetscCall(locate_sample(a));
  PetscCall(place_sample(a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- axes ---- */

static PetscErrorCode name_axis(ion_analysis *a, ion_analysis_axis axis, const char *name, size_t n)
{
  PetscFunctionBegin;
  PetscCall(PetscCalloc1(PetscMax(1, n), &a->label[axis]));
  a->axis[axis] = (ion_store_axis){.name = name, .length = n, .label = a->label[axis]};
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const char *column_name(const ion_analysis *a, size_t j)
{
  return a->design ? a->quantity[j].name : a->schema->coordinate[j].name;
}

static PetscErrorCode name_axes(ion_analysis *a)
{
  PetscFunctionBegin;
  PetscCall(name_axis(a, ION_AXIS_OUTPUT, "output", a->n_output));
  PetscCall(PetscCalloc1(PetscMax(1, a->n_output), &a->unit));
  a->axis[ION_AXIS_OUTPUT].unit = a->unit;
  for (size_t i = 0; i < a->n_output; i++) {
    const ion_store_var *output = &a->schema->output[a->output[i]];

    a->label[ION_AXIS_OUTPUT][i] = output->name;
    a->unit[i]                   = output->unit ? output->unit : "1";
  }
  PetscCall(name_axis(a, ION_AXIS_FACTOR, "factor", a->n_input + 1));
  PetscCall(name_axis(a, ION_AXIS_FACTOR_2, "factor_2", a->n_input + 1));
  for (size_t j = 0; j <= a->n_input; j++) {
    const char *name = j == a->n_input ? "dummy"
                       : a->design     ? ion_design_input(a->design, j)->name
                                       : column_name(a, j);

    a->label[ION_AXIS_FACTOR][j] = a->label[ION_AXIS_FACTOR_2][j] = name;
  }
  PetscCall(name_axis(a, ION_AXIS_COLUMN, "column", a->n_column + 1));
  for (size_t j = 0; j <= a->n_column; j++)
    a->label[ION_AXIS_COLUMN][j] = j == a->n_column ? "dummy" : column_name(a, j);
  PetscCall(name_axis(a, ION_AXIS_STAGE, "stage", 3));
  for (size_t s = 0; s < 3; s++) {
    snprintf(a->stage[s], sizeof a->stage[s], "%llu",
             (unsigned long long)((a->n_block >> s) * a->n_replicate));
    a->label[ION_AXIS_STAGE][s] = a->stage[s];
  }
  a->axis[ION_AXIS_POSITION] = (ion_store_axis){.name = "position", .length = ION_REGION_BIN};
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Blocks behind the last point that was run are not there yet. */
static PetscErrorCode count_blocks(ion_analysis *a, const char *path)
{
  const uint64_t row = (uint64_t)a->n_replicate * a->n_member;
  uint64_t n         = a->schema->n_point;

  PetscFunctionBegin;
  while (n > 0 && a->status[n - 1] == ION_PENDING) n--;
  PetscCheck(n > 0, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT, "%s: no point has been run yet", path);
  a->n_block = (n + row - 1) / row;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode open_points(ion_analysis *a, const char *path)
{
  PetscFunctionBegin;
  PetscCall(PetscMalloc1((size_t)a->schema->n_point, &a->status));
  PetscCall(ion_store_file_status(a->file, 0, (size_t)a->schema->n_point, a->status));
  PetscCall(count_blocks(a, path));
  PetscCall(read_class(a));
  PetscCall(choose_sample(a));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_analysis_open(ion_analysis *a, const char *path, const char *of)
{
  const char *kind;

  PetscFunctionBegin;
  PetscCall(ion_store_file_open(path, &a->file));
  a->schema = ion_store_file_schema(a->file);
  PetscCall(ion_units_create(&a->units));
  PetscCall(read_kind(a, path, &kind));
  PetscCall(describe_design(a, path, kind));
  PetscCall(describe_inputs(a));
  if (a->schema->n_summed) PetscCall(ion_analysis_open_sums(a, path));
  PetscCall(choose_outputs(a, path, of));
  if (!a->sums) PetscCall(open_points(a, path));
  PetscCall(name_axes(a));
  PetscFunctionReturn(PETSC_SUCCESS);
}
