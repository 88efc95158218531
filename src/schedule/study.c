/* Reading a study: sweep file, model, overrides, design and outputs. */
#include "study_sums.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const char model_as_it_stands[] = "{kind: points, points: [{}]}";
static const char default_outputs[]    = "[state, ledger.total, class, departure]";

static PetscBool is_file(const char *path)
{
  struct stat info;

  return (PetscBool)(!stat(path, &info) && !S_ISDIR(info.st_mode));
}

static PetscBool is_path(const char *text)
{
  const size_t n = strlen(text);

  return (PetscBool)(strchr(text, '/') || (n > 5 && !strcmp(text + n - 5, ".yaml")) ||
                     (n > 4 && !strcmp(text + n - 4, ".yml")));
}

/* The folder of a file, "." for a bare name. */
static void folder_of(const char *path, char *folder, size_t size)
{
  const char *slash = strrchr(path, '/');

  if (!slash)
    snprintf(folder, size, ".");
  else
    snprintf(folder, size, "%.*s", slash == path ? 1 : (int)(slash - path), path);
}

/* ---- which files ---- */

/* A text kept in a result file. */
static PetscErrorCode parse_kept(const study_source *source, const char *what, const char *text,
                                 ion_spec **spec)
{
  char name[PETSC_MAX_PATH_LEN];

  PetscFunctionBegin;
  snprintf(name, sizeof name, "%s of %s", what, source->path);
  PetscCall(ion_spec_parse(name, text, strlen(text), spec));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A path is looked for beside the sweep first; a name in the library. */
static PetscErrorCode open_model_of_sweep(ion_study *study, const study_source *source,
                                          const ion_node *node)
{
  char folder[PETSC_MAX_PATH_LEN], path[2 * PETSC_MAX_PATH_LEN], nearest[256];
  const char *text;
  PetscBool found = PETSC_FALSE;

  PetscFunctionBegin;
  if (source->file) {
    PetscCall(parse_kept(source, "model", ion_store_file_schema(source->file)->model_text,
                         &study->model_file));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(ion_node_get_string(node, "model", &text));
  folder_of(ion_spec_path(study->sweep), folder, sizeof folder);
  if (!is_path(text)) {
    PetscCall(ion_library_find(folder, text, path, sizeof path, &found));
  } else {
    snprintf(path, sizeof path, "%s/%s", folder, text);
    if (*text == '/' || !is_file(path)) snprintf(path, sizeof path, "%s", text);
    found = is_file(path);
  }
  if (!found) {
    PetscCall(ion_library_suggest(text, nearest, sizeof nearest, &found));
    if (found)
      PetscCall(ion_node_fail(node, "no model '%s'; did you mean '%s'?", text, nearest));
    else
      PetscCall(ion_node_fail(node, "no model '%s'; 'list models' shows those there are", text));
  }
  PetscCall(ion_spec_open(path, &study->model_file));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The file behind what was typed: a path, or the name of a model. */
static PetscErrorCode find_file(const char *text, char *path, size_t size)
{
  PetscBool found = is_file(text);
  char nearest[256];

  PetscFunctionBegin;
  snprintf(path, size, "%s", text);
  if (found || is_path(text)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ion_library_find(".", text, path, size, &found));
  if (found) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ion_library_suggest(text, nearest, sizeof nearest, &found));
  PetscCheck(!found, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "%s: no such file or model; did you mean the model '%s'?", text, nearest);
  SETERRQ(PETSC_COMM_SELF, PETSC_ERR_USER_INPUT, "%s: no such file or model", text);
}

/* ---- parts of a sweep ---- */

static PetscErrorCode read_solve(ion_study *study, const ion_node *root)
{
  size_t n, i = 0;
  const study_task *const *task = ion_study_tasks(&n);
  const ion_node *node          = ion_node_find(root, "solve");
  const char **word;
  PetscErrorCode code = PETSC_SUCCESS;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n, &word));
  for (size_t k = 0; k < n; k++) word[k] = task[k]->word;
  if (node) code = ion_node_get_word(node, "solve", word, n, &i);
  PetscCall(PetscFree(word));
  PetscCall(code);
  study->task = task[i];
  for (size_t k = 0; k < n; k++) {
    const ion_node *section = task[k]->section ? ion_node_find(root, task[k]->section) : NULL;

    if (section && k != i)
      PetscCall(
          ion_node_fail(section, "'%s' belongs to 'solve: %s'", task[k]->section, task[k]->word));
  }
  if (study->task->section) {
    const ion_node *section;

    PetscCall(ion_node_require(root, "a sweep", study->task->section, &section));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_precision(ion_study *study, const ion_node *root)
{
  static const char *const precisions[] = {"double", "float"};
  const ion_node *node                  = ion_node_find(root, "precision");
  size_t i                              = 0;

  PetscFunctionBegin;
  if (node) PetscCall(ion_node_get_word(node, "precision", precisions, ION_COUNT(precisions), &i));
  study->precision = i ? ION_STORE_FLOAT : ION_STORE_DOUBLE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_sweep(ion_study *study, const study_source *source)
{
  static const char *const keys[] = {"title",   "model",     "solve", "set",       "design",
                                     "outputs", "precision", "keep",  "threshold", "time_course"};
  const ion_node *root            = ion_spec_root(study->sweep), *node;

  PetscFunctionBegin;
  PetscCall(ion_node_expect(root, ION_MAPPING, "a sweep"));
  PetscCall(ion_node_check_keys(root, "a sweep", keys, ION_COUNT(keys)));
  PetscCall(read_solve(study, root));
  if ((node = ion_node_find(root, "title")))
    PetscCall(ion_node_get_string(node, "title", &study->title));
  PetscCall(read_precision(study, root));
  PetscCall(ion_node_require(root, "a sweep", "model", &node));
  PetscCall(ion_node_require(root, "a sweep", "design", &study->design_node));
  study->outputs_node = ion_node_find(root, "outputs");
  PetscCall(study->task->find ? study->task->find(study, node)
                              : open_model_of_sweep(study, source, node));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The sweep as if it had asked for another number of samples. */
static PetscErrorCode resize(ion_study *study, uint64_t samples)
{
  const ion_node *node = ion_study_size_node(study);
  char number[32], *text = NULL, *path = NULL;
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCheck(node, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT, "%s: its design has no samples",
             ion_spec_path(study->sweep ? study->sweep : study->model_file));
  snprintf(number, sizeof number, "%llu", (unsigned long long)samples);
  PetscCall(ion_spec_replace(node, number, &text));
  PetscCall(PetscStrallocpy(ion_spec_path(study->sweep), &path));
  PetscCall(ion_spec_close(&study->sweep));
  code = ion_spec_parse(path, text, strlen(text), &study->sweep);
  PetscCall(PetscFree(path));
  PetscCall(PetscFree(text));
  PetscFunctionReturn(code);
}

const ion_node *ion_study_size_node(const ion_study *study)
{
  const ion_node *root = study->sweep ? ion_spec_root(study->sweep) : NULL;
  const ion_node *design =
      root && ion_node_type(root) == ION_MAPPING ? ion_node_find(root, "design") : NULL;
  const ion_node *node = NULL;

  if (design && ion_node_type(design) == ION_MAPPING) {
    node = ion_node_find(design, "samples");
    if (!node) node = ion_node_find(design, "trajectories");
  }
  return node;
}

static PetscErrorCode open_files(ion_study *study, const study_source *source)
{
  char path[2 * PETSC_MAX_PATH_LEN];
  const ion_node *root;

  PetscFunctionBegin;
  study->task = &ion_task_steady_state;
  if (source->file) {
    PetscCall(parse_kept(source, "sweep", ion_store_file_schema(source->file)->sweep_text,
                         &study->sweep));
  } else {
    PetscCall(find_file(source->path, path, sizeof path));
    PetscCall(ion_spec_open(path, &study->sweep));
  }
  if (source->samples) PetscCall(resize(study, source->samples));
  root = ion_spec_root(study->sweep);
  if (ion_node_type(root) == ION_MAPPING && ion_node_find(root, "compartments")) {
    study->model_file = study->sweep;
    study->sweep      = NULL;
  } else {
    PetscCall(read_sweep(study, source));
  }
  if (!study->design_node) {
    PetscCall(
        ion_spec_parse("design", model_as_it_stands, strlen(model_as_it_stands), &study->spare[0]));
    study->design_node = ion_spec_root(study->spare[0]);
  }
  if (!study->outputs_node) {
    PetscCall(
        ion_spec_parse("outputs", default_outputs, strlen(default_outputs), &study->spare[1]));
    study->outputs_node = ion_spec_root(study->spare[1]);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- values of the model ---- */

/* Apply a mapping of names to values. */
static PetscErrorCode apply_set(ion_study *study, const ion_node *set)
{
  size_t n, n_theta, q;
  const ion_quantity *quantity = ion_study_quantities(study, &n, &n_theta);
  double si;

  PetscFunctionBegin;
  PetscCall(ion_node_expect(set, ION_MAPPING, "set"));
  for (size_t i = 0; i < ion_node_count(set); i++) {
    PetscCall(ion_quantity_find(set, i, ion_node_key_at(set, i), quantity, n, &q));
    PetscCall(
        ion_node_get_quantity(ion_node_at(set, i), study->units, &quantity[q], &si, NULL, NULL));
    if (study->model)
      PetscCall(ion_model_set(study->model, q, si));
    else
      study->input[q].value = si;
    study->is_set[q] = 1;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* An override is read as the mapping "name: value", so that messages are those of a file. */
static PetscErrorCode apply_override(ion_study *study, const ion_override *set)
{
  char where[256];
  char *text;
  size_t size    = strlen(set->name) + strlen(set->value) + 3;
  ion_spec *spec = NULL;
  PetscErrorCode code;

  PetscFunctionBegin;
  snprintf(where, sizeof where, "--set %.200s", set->name);
  PetscCall(PetscMalloc1(size, &text));
  snprintf(text, size, "%s: %s", set->name, set->value);
  code = ion_spec_parse(where, text, strlen(text), &spec);
  if (!code) code = apply_set(study, ion_spec_root(spec));
  PetscCall(ion_spec_close(&spec));
  PetscCall(PetscFree(text));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The species that balance composition factors must be known before the model is set up; names that
 * are no quantities are left to the design to refuse. */
static PetscErrorCode apply_balances(ion_study *study)
{
  const ion_node *factors = ion_node_find(study->design_node, "factors");

  PetscFunctionBegin;
  if (!factors || ion_node_type(factors) != ION_MAPPING) PetscFunctionReturn(PETSC_SUCCESS);
  for (size_t i = 0; i < ion_node_count(factors); i++) {
    const ion_node *factor = ion_node_at(factors, i);
    const ion_node *balance =
        ion_node_type(factor) == ION_MAPPING ? ion_node_find(factor, "balance") : NULL;
    const int q = ion_model_find(study->model, ion_node_key_at(factors, i));
    const char *species;

    if (!balance || q < 0) continue;
    PetscCall(ion_node_get_string(balance, "balance", &species));
    PetscCall(ion_model_set_balance(study->model, balance, (size_t)q, species));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What is varied cannot be set as well. */
static PetscErrorCode check_conflicts(const ion_study *study)
{
  const ion_node *factors = ion_node_find(study->design_node, "factors");

  PetscFunctionBegin;
  for (size_t i = 0; i < ion_design_n_factor(study->design); i++) {
    const ion_factor *factor = ion_design_factor(study->design, i);

    if (!study->is_set[factor->quantity]) continue;
    for (size_t k = 0; factors && k < ion_node_count(factors); k++)
      if (!strcmp(ion_node_key_at(factors, k), factor->name))
        PetscCall(ion_node_fail_key(factors, k, "'%s' is both set and varied", factor->name));
    PetscCall(ion_node_fail(study->design_node, "'%s' is both set and varied", factor->name));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Kept for the result file, so that the study can be made again from it. */
static PetscErrorCode note_override(ion_study *study, const ion_override *set)
{
  PetscFunctionBegin;
  PetscCall(ion_study_append(&study->overrides, set->name));
  PetscCall(ion_study_append(&study->overrides, "="));
  PetscCall(ion_study_append(&study->overrides, set->value));
  PetscCall(ion_study_append(&study->overrides, "\n"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What is written over a model or function before anything varies. */
static PetscErrorCode apply_values(ion_study *study, const study_source *source)
{
  const ion_node *node = study->sweep ? ion_node_find(ion_spec_root(study->sweep), "set") : NULL;
  size_t n, n_theta;

  PetscFunctionBegin;
  ion_study_quantities(study, &n, &n_theta);
  PetscCall(PetscCalloc1(n, &study->is_set));
  if (node) PetscCall(apply_set(study, node));
  for (size_t i = 0; i < source->n_set; i++) {
    PetscCall(apply_override(study, &source->set[i]));
    PetscCall(note_override(study, &source->set[i]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode make_model(ion_study *study, const study_source *source)
{
  PetscFunctionBegin;
  PetscCall(ion_model_create(ion_spec_root(study->model_file), study->units, &study->model));
  PetscCall(apply_values(study, source));
  PetscCall(apply_balances(study));
  PetscCall(ion_model_setup(study->model));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode make_design(ion_study *study, const study_source *source)
{
  size_t n, n_theta;
  const ion_quantity *quantity = ion_study_quantities(study, &n, &n_theta);

  PetscFunctionBegin;
  if (source->file && ion_node_find(study->design_node, "file"))
    PetscCall(ion_study_restore_points(study, source));
  else
    PetscCall(ion_design_create(study->design_node, study->units, quantity, n, &study->design));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_study_read(const study_source *source, ion_study *study)
{
  PetscFunctionBegin;
  PetscCall(ion_units_create(&study->units));
  PetscCall(open_files(study, source));
  PetscCall(study->function ? apply_values(study, source) : make_model(study, source));
  PetscCall(make_design(study, source));
  PetscCall(check_conflicts(study));
  PetscCall(study->task->open(study));
  PetscCall(ion_study_check_boundary(study));
  PetscCall(ion_study_open_sums(study));
  if (!study->title)
    study->title = study->function ? study->function->summary : ion_model_title(study->model);
  PetscCall(ion_study_describe(study));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_study_open(const char *path, const ion_override *set, size_t n_set,
                              ion_study **study)
{
  PetscFunctionBegin;
  PetscCall(ion_study_open_sized(path, set, n_set, 0, study));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_study_open_sized(const char *path, const ion_override *set, size_t n_set,
                                    uint64_t samples, ion_study **study)
{
  const study_source source = {.path = path, .set = set, .n_set = n_set, .samples = samples};

  PetscFunctionBegin;
  PetscCall(PetscNew(study)); /* zeroed; the caller closes it even if a later line fails */
  PetscCall(ion_study_read(&source, *study));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_study_close(ion_study **out)
{
  ion_study *study = *out;

  PetscFunctionBegin;
  if (!study) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ion_study_free_rows(study));
  PetscCall(ion_study_undescribe(study));
  PetscCall(PetscFree(study->is_set));
  PetscCall(PetscFree(study->overrides));
  if (study->task) PetscCall(study->task->close(study));
  PetscCall(ion_study_close_sums(study));
  PetscCall(PetscFree(study->output));
  PetscCall(ion_design_destroy(&study->design));
  PetscCall(ion_model_destroy(&study->model));
  PetscCall(ion_study_free_inputs(study));
  for (size_t i = 0; i < ION_COUNT(study->spare); i++) PetscCall(ion_spec_close(&study->spare[i]));
  PetscCall(ion_spec_close(&study->model_file));
  PetscCall(ion_spec_close(&study->sweep));
  PetscCall(ion_units_destroy(&study->units));
  PetscCall(PetscFree(*out));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_study_report_all(ion_study *study)
{
  PetscFunctionBegin;
  PetscCall(ion_study_free_rows(study));
  PetscCall(ion_study_undescribe(study));
  PetscCall(study->task->close(study));
  PetscCall(ion_study_close_sums(study));
  study->n_output = 0;
  PetscCall(study->task->open_all(study));
  PetscCall(ion_study_describe(study));
  PetscFunctionReturn(PETSC_SUCCESS);
}

const char *ion_study_title(const ion_study *study)
{
  return study->title;
}

const ion_model *ion_study_model(const ion_study *study)
{
  return study->model;
}

const char *ion_study_subject(const ion_study *study)
{
  return study->function ? study->function->name : ion_model_name(study->model);
}

const ion_quantity *ion_study_quantities(const ion_study *study, size_t *n, size_t *n_theta)
{
  if (!study->function) return ion_model_quantities(study->model, n, n_theta);
  *n = *n_theta = study->n_input;
  return study->input;
}

const ion_design *ion_study_design(const ion_study *study)
{
  return study->design;
}

size_t ion_study_n_output(const ion_study *study)
{
  return study->n_output;
}

const ion_output *ion_study_output_at(const ion_study *study, size_t i)
{
  return study->output[i];
}

PetscBool ion_study_is(const ion_study *study, const char *solve)
{
  return (PetscBool)!strcmp(study->task->word, solve);
}

const ion_store_schema *ion_study_schema(const ion_study *study)
{
  return &study->header.schema;
}
