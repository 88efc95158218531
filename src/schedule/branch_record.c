/* A branch as a result file: one dimension `point`, the places of the branch in their order. */
#include "study_impl.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Rows before those of the ledger. */
enum { ARCLENGTH, EIGENVALUE, FREQUENCY, UNSTABLE, PLACE, N_FIXED };

/* Name, unit and long name of each. */
static const char *const fixed[N_FIXED][3] = {
    {"arclength",            "1",   "length along the branch"              },
    {"stability_eigenvalue", "1/s",
     "real part of the leading eigenvalue; at a Hopf point of the pair"    },
    {"stability_frequency",  "Hz",  "its frequency"                        },
    {"unstable",             "1",   "eigenvalues with a positive real part"},
    {"place",                "1",   "what the place is"                    },
};

typedef struct {
  ion_study *study;
  const ion_branch *branch;
  const ion_outputs *outputs;
  size_t parameter;
  double factor, offset; /* of its unit */
  ion_block data;        /* [N_FIXED + outputs][n] */
  ion_store_var *var;
  char **text;
} record;

/* ---- values ---- */

static PetscErrorCode evaluate_outputs(record *r)
{
  const ion_model *model = r->study->model;
  const size_t n         = r->branch->n;
  ion_block theta = {0}, prepared = {0}, x = {0}, value = {0};
  ion_work work = {0};
  size_t n_theta;

  PetscFunctionBegin;
  ion_model_quantities(model, NULL, &n_theta);
  PetscCall(ion_block_create(n_theta, n, &theta));
  PetscCall(ion_block_create(ion_model_n_prepared(model), n, &prepared));
  PetscCall(ion_block_create(r->branch->n_state, n, &x));
  PetscCall(ion_work_create(model, n, &work));
  ion_model_default_theta(model, theta);
  for (size_t p = 0; p < n; p++) {
    ion_row(theta, r->parameter)[p] = r->branch->place[p].value;
    for (size_t i = 0; i < r->branch->n_state; i++)
      ion_row(x, i)[p] = r->branch->x[p * r->branch->n_state + i];
  }
  ion_model_prepare(model, theta, prepared);
  ion_model_evaluate(model, prepared, x, n, ION_RESIDUAL | ION_AFFINITY, &work);
  value      = r->data;
  value.data = ion_row(r->data, N_FIXED);
  value.n_row -= N_FIXED;
  ion_outputs_observe(r->outputs, theta, prepared, &work, n, NULL, NULL, NULL, value);
  PetscCall(ion_work_destroy(&work));
  PetscCall(ion_block_destroy(&theta));
  PetscCall(ion_block_destroy(&prepared));
  PetscCall(ion_block_destroy(&x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void fill_fixed(record *r)
{
  for (size_t p = 0; p < r->branch->n; p++) {
    const ion_branch_place *place = &r->branch->place[p];

    ion_row(r->data, ARCLENGTH)[p]  = place->arclength;
    ion_row(r->data, EIGENVALUE)[p] = place->eigen_re;
    ion_row(r->data, FREQUENCY)[p]  = place->eigen_im / 6.283185307179586;
    ion_row(r->data, UNSTABLE)[p]   = place->n_unstable;
    ion_row(r->data, PLACE)[p]      = place->kind;
  }
}

static PetscErrorCode fill_coordinate(void *context, size_t i, uint64_t first, size_t n,
                                      double *value)
{
  const record *r = context;

  (void)i;
  for (size_t p = 0; p < n; p++)
    value[p] = (r->branch->place[first + p].value - r->offset) / r->factor;
  return PETSC_SUCCESS;
}

/* ---- texts ---- */

/* A copy with '_' for '.'. */
static PetscErrorCode file_name(const char *name, char **copy)
{
  PetscFunctionBegin;
  PetscCall(PetscStrallocpy(name, copy));
  for (char *c = *copy; *c; c++)
    if (*c == '.') *c = '_';
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode file_unit(const char *unit, char **copy)
{
  char text[256];

  PetscFunctionBegin;
  PetscCall(ion_units_portable(unit, text, sizeof text));
  PetscCall(PetscStrallocpy(text, copy));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Variables of the ledger behind the fixed ones; text [2 n_output + 2]. */
static PetscErrorCode describe(record *r)
{
  const size_t n = ion_outputs_count(r->outputs);

  PetscFunctionBegin;
  PetscCall(PetscCalloc1(N_FIXED + n, &r->var));
  PetscCall(PetscCalloc1(2 * n + 2, &r->text));
  for (size_t k = 0; k < N_FIXED; k++)
    r->var[k] = (ion_store_var){.name = fixed[k][0], .unit = fixed[k][1], .long_name = fixed[k][2]};
  r->var[PLACE].type          = ION_STORE_BYTE;
  r->var[PLACE].flag_meanings = ion_place_words;
  for (size_t k = 0; k < n; k++) {
    const ion_output *output = ion_outputs_at(r->outputs, k);

    PetscCall(file_name(output->name, &r->text[2 * k]));
    PetscCall(file_unit(output->unit, &r->text[2 * k + 1]));
    r->var[N_FIXED + k] = (ion_store_var){
        .name = r->text[2 * k], .unit = r->text[2 * k + 1], .long_name = output->long_name};
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the file ---- */

static PetscErrorCode write_file(record *r, const ion_store_schema *schema, const char *path)
{
  ion_store *store = NULL;
  unsigned char *status;
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(r->branch->n, &status));
  memset(status, ION_OK, r->branch->n);
  code = ion_store_create(path, schema);
  if (!code) code = ion_store_open(path, schema, ION_DURABLE_NONE, 0, &store);
  if (!code) code = ion_store_write_chunk(store, 0, r->data, status);
  if (!code)
    code = ion_store_close(&store);
  else
    PetscCall(ion_store_close(&store));
  PetscCall(PetscFree(status));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_record(record *r, const char *path)
{
  const ion_study *study   = r->study;
  const ion_quantity *q    = ion_model_quantities(study->model, NULL, NULL) + r->parameter;
  const size_t n           = ion_outputs_count(r->outputs);
  const ion_store_dim dim  = {"point", r->branch->n};
  ion_store_var coordinate = {.type = ION_STORE_DOUBLE, .long_name = q->meaning};
  char title[512], canonical[640], *model_text = NULL;
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCall(file_name(q->name, &r->text[2 * n]));
  PetscCall(file_unit(q->unit, &r->text[2 * n + 1]));
  coordinate.name = r->text[2 * n];
  coordinate.unit = r->text[2 * n + 1];
  snprintf(title, sizeof title, "Branch of steady states of %s in %s", ion_model_name(study->model),
           q->name);
  snprintf(canonical, sizeof canonical, "ionsweep branch, format 1\n%s from %.17g to %.17g\n",
           q->name, r->branch->place[0].value, r->branch->place[r->branch->n - 1].value);
  PetscCall(ion_study_append(&model_text, canonical));
  PetscCall(ion_study_append(&model_text, study->canonical));
  code = write_file(r,
                    &(ion_store_schema){.title      = title,
                                        .sweep_text = ion_spec_text(
                                            study->sweep ? study->sweep : study->model_file),
                                        .model_text   = ion_spec_text(study->model_file),
                                        .canonical    = model_text,
                                        .summary      = title,
                                        .program      = "ionsweep",
                                        .n_dim        = 1,
                                        .dim          = &dim,
                                        .n_coordinate = 1,
                                        .coordinate   = &coordinate,
                                        .fill         = fill_coordinate,
                                        .context      = r,
                                        .n_output     = N_FIXED + n,
                                        .output       = r->var,
                                        .n_point      = r->branch->n,
                                        .chunk_size   = r->branch->n},
                    path);
  PetscCall(PetscFree(model_text));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_study_branch_table(ion_study *study, const ion_branch *branch, size_t parameter,
                                      const ion_outputs *outputs, ion_block *table)
{
  record r = {.study = study, .branch = branch, .outputs = outputs, .parameter = parameter};

  PetscFunctionBegin;
  PetscCall(ion_block_create(N_FIXED + ion_outputs_count(outputs), branch->n, &r.data));
  fill_fixed(&r);
  PetscCall(evaluate_outputs(&r));
  *table = r.data;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_study_branch_write(ion_study *study, const ion_branch *branch, size_t parameter,
                                      const ion_outputs *outputs, ion_block table, const char *path)
{
  record r = {
      .study = study, .branch = branch, .outputs = outputs, .parameter = parameter, .data = table};
  const size_t n = ion_outputs_count(outputs);
  PetscBool known;
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCall(ion_units_to_si(study->units,
                            ion_model_quantities(study->model, NULL, NULL)[parameter].unit, NULL,
                            &r.factor, &r.offset, &known));
  code = describe(&r);
  if (!code) code = write_record(&r, path);
  for (size_t i = 0; r.text && i < 2 * n + 2; i++) PetscCall(PetscFree(r.text[i]));
  PetscCall(PetscFree(r.text));
  PetscCall(PetscFree(r.var));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}
