/* The resting state: impermeant solute that closes osmolarity and charge, and what is checked. */
#include "model_impl.h"

#include <math.h>

double ion_model_rest_value(const ion_model *model, int rest_row)
{
  return model->quantity[model->n_theta + (size_t)rest_row].value;
}

/* Sums over the ions and osmolytes of a compartment at rest, mol m^-3. */
static void sum_rest(const ion_model *model, size_t i, double *osmolarity, double *charge,
                     double *gross)
{
  *osmolarity = *charge = *gross = 0;
  for (size_t p = 0; p < model->network.n_pool; p++) {
    const ion_species *s = &model->species[model->pool[p].species];
    const double c       = ion_model_rest_value(model, model->pool_detail[p].rest_c);

    if (model->pool[p].compartment != (int)i || !s->osmotic) continue;
    *osmolarity += c;
    *charge += s->valence * c;
    *gross += abs(s->valence) * c;
  }
}

static PetscErrorCode close_neutral(ion_model *model, size_t i)
{
  ion_compartment_detail *d = &model->compartment_detail[i];
  double osmolarity, charge, gross;
  const double valence = d->Q_rest;

  PetscFunctionBegin;
  sum_rest(model, i, &osmolarity, &charge, &gross);
  d->X_rest = -charge / valence;
  if (d->X_rest < 0)
    PetscCall(
        ion_node_fail(d->where,
                      "the resting state of '%s' is not electroneutral: %+g mM of charge, which no "
                      "solute of valence %+g can close",
                      model->compartment[i].name, charge, valence));
  d->Q_rest = -charge;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Charge of a cell's own solute: what closes C V/F, or a valence that must do so nearly. */
static PetscErrorCode close_isosmolar(ion_model *model, size_t i)
{
  ion_compartment_detail *d = &model->compartment_detail[i];
  const int outside         = model->compartment[i].outside;
  double osmolarity, charge, gross, other, ignored, open = 0;

  PetscFunctionBegin;
  if (outside < 0)
    PetscCall(ion_node_fail(d->where, "'%s' has nothing outside it to be iso-osmolar with",
                            model->compartment[i].name));
  sum_rest(model, (size_t)outside, &other, &ignored, &ignored);
  other += model->compartment_detail[outside].X_rest;
  sum_rest(model, i, &osmolarity, &charge, &gross);
  d->X_rest = other - osmolarity;
  if (d->X_rest <= 0)
    PetscCall(ion_node_fail(
        d->where,
        "the resting state of '%s' is not iso-osmolar with '%s': %g mM against %g mM "
        "leaves no room for impermeant solute",
        model->compartment[i].name, model->compartment[outside].name, osmolarity, other));
  if (d->rest_V >= 0 && d->neutral_pool < 0)
    open = model->quantity[d->capacitance_row].value * ion_model_rest_value(model, d->rest_V) /
           (ION_FARADAY * ion_model_rest_value(model, d->rest_w));
  if (d->valence_row < 0) {
    d->Q_rest = open - charge;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  d->Q_rest = model->quantity[d->valence_row].value * d->X_rest;
  if (fabs(charge + d->Q_rest - open) > 1e-4 * gross)
    PetscCall(
        ion_node_fail(d->where,
                      "the resting state of '%s' is not electroneutral: %+g mM of charge are left "
                      "over (allowed: 1e-4 of %g mM)",
                      model->compartment[i].name, charge + d->Q_rest - open, gross));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What is put in at the start is the resting state unless a composition says otherwise. */
static void default_compositions(ion_model *model)
{
  for (size_t p = 0; p < model->network.n_pool; p++)
    model->quantity[model->pool_detail[p].composition_c].value =
        ion_model_rest_value(model, model->pool_detail[p].rest_c);
  for (size_t i = 0; i < model->network.n_compartment; i++) {
    const ion_compartment_detail *d = &model->compartment_detail[i];

    if (d->rest_w >= 0)
      model->quantity[d->composition_w].value = ion_model_rest_value(model, d->rest_w);
  }
}

static void fill_bounds(ion_model *model)
{
  for (size_t b = 0; b < model->network.n_bound; b++) {
    ion_bound *bound                = &model->bound[b];
    const ion_compartment_detail *d = &model->compartment_detail[bound->compartment];
    const int row                   = bound->pool >= 0 ? model->pool_detail[bound->pool].rest_c
                                      : bound->is_V    ? d->rest_V
                                                       : d->rest_w;

    bound->rest = row < 0 ? 0 : ion_model_rest_value(model, row);
  }
}

PetscErrorCode ion_model_check_rest(ion_model *model)
{
  PetscFunctionBegin;
  for (size_t i = 0; i < model->network.n_compartment; i++)
    if (model->compartment_detail[i].amount == ION_X_NEUTRAL) PetscCall(close_neutral(model, i));
  for (size_t i = 0; i < model->network.n_compartment; i++)
    if (model->compartment_detail[i].amount == ION_X_ISOSMOLAR)
      PetscCall(close_isosmolar(model, i));
  default_compositions(model);
  fill_bounds(model);
  PetscFunctionReturn(PETSC_SUCCESS);
}
