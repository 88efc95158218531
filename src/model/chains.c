/* How ln c of every pool and ln w of every compartment depend on the unknowns. */
#include "assemble_impl.h"

/* d ln w / dx of a compartment's volume. */
int ion_chain_volume(const ion_model *model, int compartment, ion_chain *chain)
{
  const ion_compartment *c = &model->compartment[compartment];
  int n                    = 0;

  if (c->volume == ION_VOLUME_FREE) {
    chain[n++] = (ion_chain){.x = c->x_w, .coefficient = 1, .row = ion_builder_ones(model)};
  } else if (c->volume == ION_VOLUME_REMAINDER) {
    for (size_t j = 0; j < model->network.n_compartment && n < ION_MAX_CHAIN; j++)
      if (model->compartment[j].x_w >= 0)
        chain[n++] = (ion_chain){.x           = model->compartment[j].x_w,
                                 .coefficient = -1,
                                 .row         = model->row_dw[compartment] + (int)j};
  }
  return n;
}
static PetscErrorCode extend_chain(ion_pool_plan *plan, int x, double coefficient, int row)
{
  PetscFunctionBegin;
  PetscCheck(plan->n_chain < ION_MAX_CHAIN, PETSC_COMM_SELF, PETSC_ERR_SUP,
             "a pool depends on more than %d unknowns", ION_MAX_CHAIN);
  plan->chain[plan->n_chain++] = (ion_chain){.x = x, .coefficient = coefficient, .row = row};
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ln c of the two members of a pair: c = (M/w) s and (M/w)(1 - s), s the logistic function of x. */
static PetscErrorCode chain_pair(ion_model *model, size_t p)
{
  ion_pool_plan *a = &model->plan[p], *b = &model->plan[a->partner];
  ion_chain volume[ION_MAX_CHAIN];
  const int n = ion_chain_volume(model, model->pool[p].compartment, volume);

  PetscFunctionBegin;
  PetscCall(extend_chain(a, model->pool[p].x, 1, a->share + 1));
  PetscCall(extend_chain(b, model->pool[p].x, -1, a->share));
  for (int k = 0; k < n; k++) {
    PetscCall(extend_chain(a, volume[k].x, -volume[k].coefficient, volume[k].row));
    PetscCall(extend_chain(b, volume[k].x, -volume[k].coefficient, volume[k].row));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Gather d ln c/dx of a remainder c = M/w - sum_j k_j c_j (k over that of c) by unknown into one row each:
 * dc/dx = -(c + sum_j k_j c_j) dlnw/dx - sum_j k_j c_j dlnc_j/dx. */
static PetscErrorCode chain_remainder(ion_model *model, size_t p)
{
  ion_pool_plan *plan      = &model->plan[p];
  const ion_moiety *moiety = &model->moiety[plan->moiety];
  ion_program *program     = &model->jacobian_program;
  ion_chain volume[ION_MAX_CHAIN];
  const int n_volume = ion_chain_volume(model, model->pool[p].compartment, volume);
  int x[ION_MAX_CHAIN * ION_MAX_REACTANT], src[ION_MAX_CHAIN * ION_MAX_REACTANT];
  double one[ION_MAX_CHAIN * ION_MAX_REACTANT];
  int n = 0;

  PetscFunctionBegin;
  PetscCheck(moiety->n_member < ION_MAX_REACTANT, PETSC_COMM_SELF, PETSC_ERR_SUP,
             "a conserved total of %zu pools in one compartment", moiety->n_member);
  for (int v = 0; v < n_volume; v++) {
    x[n]   = volume[v].x;
    src[n] = ion_builder_new_row(model);
    PetscCall(
        ion_program_sum(program, src[n], 1, &volume[v].row, (double[]){-volume[v].coefficient}));
    n++;
  }
  for (size_t j = 1; j < moiety->n_member; j++) {
    const ion_pool_plan *other = &model->plan[moiety->pool[j]];
    const int ratio            = ion_builder_new_row(model);

    PetscCall(ion_program_product(program, ratio,
                                  -(double)moiety->coefficient[j] / moiety->coefficient[0],
                                  plan->inverse, model->row_c + moiety->pool[j]));
    for (int k = 0; k < other->n_chain; k++) {
      x[n]   = other->chain[k].x;
      src[n] = ion_builder_new_row(model);
      PetscCall(ion_program_product(program, src[n++], other->chain[k].coefficient, ratio,
                                    other->chain[k].row));
    }
    for (int v = 0; v < n_volume; v++) {
      x[n]   = volume[v].x;
      src[n] = ion_builder_new_row(model);
      PetscCall(
          ion_program_product(program, src[n++], volume[v].coefficient, ratio, volume[v].row));
    }
  }
  for (int i = 0; i < n; i++) {
    int rows[ION_MAX_CHAIN * ION_MAX_REACTANT], n_same = 0, sum;

    if (x[i] < 0) continue;
    for (int j = n - 1; j >= i; j--)
      if (x[j] == x[i]) {
        rows[n_same]  = src[j];
        one[n_same++] = 1;
        if (j > i) x[j] = -1;
      }
    sum = ion_builder_new_row(model);
    PetscCall(ion_program_sum(program, sum, n_same, rows, one));
    PetscCall(extend_chain(plan, x[i], 1, sum));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The unknown is ln c; in time ln n, and ln c = ln n - ln w. */
static PetscErrorCode chain_direct(ion_model *model, size_t p)
{
  ion_pool_plan *plan = &model->plan[p];
  ion_chain volume[ION_MAX_CHAIN];
  const int n = model->in_time ? ion_chain_volume(model, model->pool[p].compartment, volume) : 0;

  PetscFunctionBegin;
  PetscCall(extend_chain(plan, model->pool[p].x, 1, ion_builder_ones(model)));
  for (int k = 0; k < n; k++)
    PetscCall(extend_chain(plan, volume[k].x, -volume[k].coefficient, volume[k].row));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_chains_build(ion_model *model)
{
  PetscFunctionBegin;
  for (size_t p = 0; p < model->network.n_pool; p++)
    if (model->plan[p].rule == ION_POOL_DIRECT)
      PetscCall(chain_direct(model, p));
    else if (model->plan[p].rule == ION_POOL_PAIR)
      PetscCall(chain_pair(model, p));
  for (size_t p = 0; p < model->network.n_pool; p++)
    if (model->plan[p].rule == ION_POOL_REMAINDER) PetscCall(chain_remainder(model, p));
  PetscFunctionReturn(PETSC_SUCCESS);
}
