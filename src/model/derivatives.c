/* Derivatives by the unknowns: a row times a chain, affinities, osmolarities, rates. */
#include "assemble_impl.h"

/* Entries of row i: derivative row `row` times a chain. */
PetscErrorCode ion_builder_add_chain(ion_builder *b, ion_entry_list *list, int i,
                                     double coefficient, int row, const ion_chain *chain,
                                     int n_chain)
{
  PetscFunctionBegin;
  for (int k = 0; k < n_chain; k++) {
    const double c = coefficient * chain[k].coefficient;

    if (chain[k].row == ion_builder_ones(b->model))
      PetscCall(ion_entries_add(list, i, chain[k].x, c, row));
    else if (row == ion_builder_ones(b->model))
      PetscCall(ion_entries_add(list, i, chain[k].x, c, chain[k].row));
    else {
      const int product = ion_builder_new_row(b->model);

      PetscCall(ion_program_product(&b->model->jacobian_program, product, 1, row, chain[k].row));
      PetscCall(ion_entries_add(list, i, chain[k].x, c, product));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
/* d(A/RT)/dx of a process, times the row `by`. */
PetscErrorCode ion_builder_add_affinity(ion_builder *b, ion_entry_list *list, int i, double scale,
                                        size_t r, int by)
{
  const ion_model *model      = b->model;
  const ion_process *process  = &model->process[r];
  const ion_process_detail *d = &model->process_detail[r];
  const int sides[]           = {d->inner, d->outer};

  PetscFunctionBegin;
  for (size_t t = 0; t < process->n_pool; t++) {
    const ion_pool_plan *plan = &model->plan[process->term[t].pool];

    PetscCall(ion_builder_add_chain(b, list, i, -scale * process->term[t].nu, by, plan->chain,
                                    plan->n_chain));
  }
  for (int s = 0; s < 2; s++) {
    double charge     = 0;
    const ion_chain V = {.x           = sides[s] < 0 ? -1 : model->compartment[sides[s]].x_V,
                         .coefficient = 1,
                         .row         = ~model->prep_tau};

    for (size_t t = 0; t < process->n_pool; t++)
      if (d->inside[t] == !s) charge += d->nu[t] * d->z[t];
    if (V.x >= 0 && charge != 0)
      PetscCall(ion_builder_add_chain(b, list, i, -scale * charge, by, &V, 1));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* d Pi/dx of a compartment, times the row `by`. */
PetscErrorCode ion_builder_add_osmolarity(ion_builder *b, ion_entry_list *list, int i, double scale,
                                          int compartment, int by)
{
  ion_model *model = b->model;
  ion_chain volume[ION_MAX_CHAIN];
  const int n_volume = ion_chain_volume(model, compartment, volume);
  int impermeant;

  PetscFunctionBegin;
  for (size_t p = 0; p < model->network.n_pool; p++) {
    const ion_pool_plan *plan = &model->plan[p];
    int row                   = model->row_c + (int)p;

    if (model->pool[p].compartment != compartment || plan->rule == ION_POOL_CLAMPED) continue;
    if (!model->species[model->pool[p].species].osmotic) continue;
    if (by != ion_builder_ones(model)) {
      row = ion_builder_new_row(model);
      PetscCall(ion_program_product(&model->jacobian_program, row, 1, by, model->row_c + (int)p));
    }
    PetscCall(ion_builder_add_chain(b, list, i, scale, row, plan->chain, plan->n_chain));
  }
  if (!n_volume) PetscFunctionReturn(PETSC_SUCCESS);
  impermeant = ion_builder_new_row(model);
  PetscCall(ion_program_product(&model->jacobian_program, impermeant, 1,
                                ~model->prep_nX[compartment], model->row_inv_w[compartment]));
  if (by != ion_builder_ones(model)) {
    const int product = ion_builder_new_row(model);

    PetscCall(ion_program_product(&model->jacobian_program, product, 1, by, impermeant));
    impermeant = product;
  }
  PetscCall(ion_builder_add_chain(b, list, i, -scale, impermeant, volume, n_volume));
  PetscFunctionReturn(PETSC_SUCCESS);
}
/* dJ_r/dx of a process; its rows hold what ion_model_rates leaves: the affinity's share is already in the
 * derivatives by ln c and V where the law has such of its own. */
PetscErrorCode ion_builder_add_rate(ion_builder *b, size_t r)
{
  ion_model *model            = b->model;
  const ion_process *process  = &model->process[r];
  const ion_process_detail *d = &model->process_detail[r];
  const unsigned flags        = process->kind->flags;
  ion_chain volume[ION_MAX_CHAIN];
  const int n_volume = ion_chain_volume(model, d->inner, volume);
  const PetscBool area_follows =
      (PetscBool)(d->per_area && model->compartment_detail[d->inner].length_row >= 0);
  const double power = flags & ION_PER_VOLUME ? 1 : area_follows ? 0.5 : 0;

  PetscFunctionBegin;
  if (flags & ION_MOVES_VOLUME) {
    PetscCall(ion_builder_add_osmolarity(b, &b->total, (int)r, 1, d->inner, d->row_dA));
    PetscCall(ion_builder_add_osmolarity(b, &b->total, (int)r, -1, d->outer, d->row_dA));
  }
  for (size_t t = 0; t < process->n_pool; t++) {
    const ion_pool_plan *plan = &model->plan[process->term[t].pool];
    const int row             = d->row_dlnc[t] >= 0 ? d->row_dlnc[t] : d->row_dA;
    const double by           = d->row_dlnc[t] >= 0 ? 1 : -process->term[t].nu;

    PetscCall(ion_builder_add_chain(b, &b->total, (int)r, by, row, plan->chain, plan->n_chain));
  }
  if (d->row_dv >= 0 && model->compartment[d->inner].x_V >= 0)
    PetscCall(ion_entries_add(&b->total, (int)r, model->compartment[d->inner].x_V, 1, d->row_dv));
  if (d->row_dlnw >= 0)
    PetscCall(ion_builder_add_chain(b, &b->total, (int)r, 1, d->row_dlnw, volume, n_volume));
  if (power != 0)
    PetscCall(ion_builder_add_chain(b, &b->total, (int)r, power, model->row_J + (int)r, volume,
                                    n_volume));
  PetscFunctionReturn(PETSC_SUCCESS);
}
