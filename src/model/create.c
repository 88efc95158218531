/* Life of a model, and the order in which a model file is read. */
#include "model_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One table of all quantities, theta rows first. */
static PetscErrorCode join_quantities(ion_model *model)
{
  PetscFunctionBegin;
  model->n_theta    = model->theta.n;
  model->n_quantity = model->theta.n + model->rest.n;
  model->quantity   = ion_model_alloc(model, model->n_quantity * sizeof *model->quantity);
  model->override_  = ion_model_alloc(model, model->n_theta * sizeof *model->override_);
  model->reference  = ion_model_alloc(model, model->n_theta * sizeof *model->reference);
  PetscCheck(model->quantity && model->override_ && model->reference, PETSC_COMM_SELF,
             PETSC_ERR_MEM, "no memory");
  memcpy(model->quantity, model->theta.item, model->theta.n * sizeof *model->quantity);
  if (model->rest.n)
    memcpy(model->quantity + model->theta.n, model->rest.item,
           model->rest.n * sizeof *model->quantity);
  for (size_t i = 0; i < model->n_theta; i++) model->override_[i] = NAN;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Two processes or parameters of one full name would shadow each other. */
static PetscErrorCode check_names(const ion_model *model, const ion_node *root)
{
  PetscFunctionBegin;
  for (size_t i = 0; i < model->n_quantity; i++)
    for (size_t j = 0; j < i; j++)
      if (!strcmp(model->quantity[i].name, model->quantity[j].name))
        PetscCall(ion_node_fail(root, "the name '%s' stands for two quantities",
                                model->quantity[i].name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void publish_network(ion_model *model)
{
  ion_network *n = &model->network;

  n->compartment = model->compartment;
  n->species     = model->species;
  n->pool        = model->pool;
  n->process     = model->process;
  n->moiety      = model->moiety;
  n->bound       = model->bound;
}

PetscErrorCode ion_model_create(const ion_node *root, const ion_units *units, ion_model **out)
{
  static const char *const keys[] = {"name",        "title",        "citation",
                                     "parameters",  "species",      "reference_temperature",
                                     "processes",   "compartments", "energy_currency",
                                     "homeostasis", "readings"};
  ion_model *model;

  PetscFunctionBegin;
  *out = calloc(1, sizeof **out);
  PetscCheck(*out, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory for a model");
  model        = *out;
  model->units = units;
  PetscCall(ion_node_expect(root, ION_MAPPING, "a model file"));
  PetscCall(ion_node_check_keys(root, "a model file", keys, ION_COUNT(keys)));
  PetscCall(ion_model_read_header(model, root));
  PetscCall(ion_model_read_species(model, root));
  PetscCall(ion_model_read_compartments(model, root));
  PetscCall(ion_model_read_processes(model, root));
  PetscCall(ion_model_read_homeostasis(model, root));
  PetscCall(ion_model_read_readings(model, root));
  PetscCall(join_quantities(model));
  PetscCall(check_names(model, root));
  PetscCall(ion_model_find_moieties(model));
  publish_network(model);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_model_destroy(ion_model **model)
{
  PetscFunctionBegin;
  if (!*model) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ion_program_destroy(&(*model)->residual_program));
  PetscCall(ion_program_destroy(&(*model)->jacobian_program));
  ion_model_free_arena(*model);
  free(*model);
  *model = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_model_set(ion_model *model, size_t quantity, double value)
{
  PetscFunctionBegin;
  PetscCheck(quantity < model->n_quantity, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
             "no quantity %zu among %zu", quantity, model->n_quantity);
  if (quantity < model->n_theta)
    model->override_[quantity] = value;
  else
    model->quantity[quantity].value = value;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_model_set_balance(ion_model *model, const ion_node *where, size_t quantity,
                                     const char *balance)
{
  PetscFunctionBegin;
  for (size_t p = 0; p < model->network.n_pool; p++) {
    const ion_pool *pool = &model->pool[p];
    int species, other;

    if (model->pool_detail[p].composition_c != (int)quantity) continue;
    species = ion_model_find_species(model, balance);
    other   = species < 0 ? -1 : ion_model_find_pool(model, pool->compartment, species);
    if (other < 0 || other == (int)p || model->species[species].valence == 0)
      PetscCall(ion_node_fail(
          where, "'%s' cannot balance %s: allowed is another ion of the compartment '%s'", balance,
          model->quantity[quantity].name, model->compartment[pool->compartment].name));
    model->pool_detail[p].balance = other;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(ion_node_fail(where, "only the composition of a species takes a 'balance', not '%s'",
                          model->quantity[quantity].name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_model_setup(ion_model *model)
{
  PetscFunctionBegin;
  PetscCall(ion_model_check_rest(model));
  PetscCall(ion_model_layout(model));
  PetscCall(ion_model_calibrate(model));
  PetscCall(ion_model_assemble(model));
  PetscCall(ion_model_list_dynamics(model));
  PetscFunctionReturn(PETSC_SUCCESS);
}

const char *ion_model_name(const ion_model *model)
{
  return model->name;
}

const char *ion_model_title(const ion_model *model)
{
  return model->title;
}

const ion_network *ion_model_network(const ion_model *model)
{
  return &model->network;
}

const ion_quantity *ion_model_quantities(const ion_model *model, size_t *n, size_t *n_theta)
{
  if (n) *n = model->n_quantity;
  if (n_theta) *n_theta = model->n_theta;
  return model->quantity;
}

int ion_model_find(const ion_model *model, const char *name)
{
  for (size_t i = 0; i < model->n_quantity; i++)
    if (!strcmp(model->quantity[i].name, name)) return (int)i;
  return -1;
}

size_t ion_model_n_state(const ion_model *model)
{
  return model->n_state;
}

const char *ion_model_state_name(const ion_model *model, size_t i)
{
  return model->state_name[i];
}

PetscBool ion_model_is_logarithm(const ion_model *model, size_t i)
{
  for (size_t p = 0; p < model->network.n_pool; p++)
    if (model->pool[p].x == (int)i) return (PetscBool)(model->plan[p].rule == ION_POOL_DIRECT);
  return PETSC_FALSE;
}

const double *ion_model_rest(const ion_model *model)
{
  return model->x_rest;
}

const double *ion_model_reference(const ion_model *model)
{
  return model->reference;
}

void ion_model_default_theta(const ion_model *model, ion_block theta)
{
  for (size_t i = 0; i < model->n_theta; i++) {
    double *row = ion_row(theta, i);

    for (size_t p = 0; p < theta.stride; p++) row[p] = model->quantity[i].value;
  }
}
