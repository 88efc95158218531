/* The table of everything a model can report, derived from its network. */
#include "ledger_impl.h"

#include <stdio.h>

enum { WORD_LENGTH = 128, NAME_LENGTH = 512 };

int ion_network_pool(const ion_network *network, int compartment, int species)
{
  for (size_t i = 0; i < network->n_pool; i++)
    if (network->pool[i].compartment == compartment && network->pool[i].species == species)
      return (int)i;
  return -1;
}

PetscErrorCode ion_outputs_add(ion_outputs *outputs, const ion_item_kind *kind, int a, int b,
                               const char *name, const char *long_name)
{
  ion_item *item;

  PetscFunctionBegin;
  if (outputs->n == outputs->n_allocated) {
    const size_t n = 2 * outputs->n_allocated + 64;

    PetscCall(PetscRealloc(n * sizeof *outputs->item, &outputs->item));
    outputs->n_allocated = n;
  }
  item        = &outputs->item[outputs->n++];
  *item       = (ion_item){.kind = kind, .a = a, .b = b};
  item->about = (ion_output){.group = kind->group, .unit = kind->unit, .scale = kind->scale};
  PetscCall(PetscStrallocpy(name, &item->name));
  PetscCall(PetscStrallocpy(long_name, &item->long_name));
  item->about.name      = item->name;
  item->about.long_name = item->long_name;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* An output "OWNER.WHAT" with the long name "MEANING OWNER". */
PetscErrorCode ion_outputs_add_of(ion_outputs *outputs, const ion_item_kind *kind, int a, int b,
                                  const char *owner, const char *what, const char *meaning)
{
  char name[NAME_LENGTH], long_name[NAME_LENGTH];

  PetscFunctionBegin;
  snprintf(name, sizeof name, "%s.%s", owner, what);
  snprintf(long_name, sizeof long_name, "%s %s", meaning, owner);
  PetscCall(ion_outputs_add(outputs, kind, a, b, name, long_name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode add_pool(ion_outputs *outputs, int i)
{
  const ion_network *net = ion_model_network(outputs->model);
  const ion_pool *pool   = &net->pool[i];
  char long_name[NAME_LENGTH];

  PetscFunctionBegin;
  snprintf(long_name, sizeof long_name, "concentration of %s in %s",
           net->species[pool->species].name, net->compartment[pool->compartment].name);
  PetscCall(ion_outputs_add(outputs, &ion_item_concentration, i, 0, pool->name, long_name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Potential, concentrations that are not given, volume and osmolarity of a compartment. */
static PetscErrorCode add_state(ion_outputs *outputs, int c)
{
  const ion_network *net      = ion_model_network(outputs->model);
  const ion_compartment *here = &net->compartment[c];
  const char *name            = here->name;

  PetscFunctionBegin;
  if (here->potential == ION_POTENTIAL_FREE)
    PetscCall(
        ion_outputs_add_of(outputs, &ion_item_potential, c, 0, name, "V", "membrane potential of"));
  for (size_t i = 0; i < net->n_pool; i++)
    if (net->pool[i].compartment == c && !net->pool[i].clamped)
      PetscCall(add_pool(outputs, (int)i));
  if (here->volume == ION_VOLUME_FREE || here->volume == ION_VOLUME_REMAINDER)
    PetscCall(ion_outputs_add_of(outputs, &ion_item_volume, c, 0, name, "volume", "volume of"));
  if (here->volume != ION_VOLUME_INFINITE)
    PetscCall(ion_outputs_add_of(outputs, &ion_item_osmolarity, c, 0, name, "osmolarity",
                                 "osmolarity of"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Nernst potential of every ion that is on both sides of the membrane of a compartment. */
static PetscErrorCode add_nernst(ion_outputs *outputs, int c)
{
  const ion_network *net      = ion_model_network(outputs->model);
  const ion_compartment *here = &net->compartment[c];

  PetscFunctionBegin;
  for (size_t i = 0; here->outside >= 0 && i < net->n_pool; i++) {
    const ion_species *species = &net->species[net->pool[i].species];
    const int other            = ion_network_pool(net, here->outside, net->pool[i].species);
    char name[WORD_LENGTH], meaning[WORD_LENGTH];

    if (net->pool[i].compartment != c || species->valence == 0 || other < 0) continue;
    snprintf(name, sizeof name, "E_%s", species->name);
    snprintf(meaning, sizeof meaning, "Nernst potential of %s in", species->name);
    PetscCall(
        ion_outputs_add_of(outputs, &ion_item_nernst, (int)i, other, here->name, name, meaning));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscBool ion_network_has_currency(const ion_network *net, int compartment)
{
  for (int k = 0; k < 3; k++)
    if (net->currency[k] < 0 || ion_network_pool(net, compartment, net->currency[k]) < 0)
      return PETSC_FALSE;
  return PETSC_TRUE;
}

/* Does the process spend the energy currency on moving something else? Hydrolysis alone has the
 * three terms ATP, ADP and Pi. */
static PetscBool does_work(const ion_network *net, const ion_process *process)
{
  return (PetscBool)(process->n_atp > 0 && process->n_pool > 3 &&
                     ion_network_has_currency(net, process->compartment));
}

static PetscErrorCode add_atp(ion_outputs *outputs, int c)
{
  const ion_network *net = ion_model_network(outputs->model);

  PetscFunctionBegin;
  if (ion_network_has_currency(net, c))
    PetscCall(ion_outputs_add_of(outputs, &ion_item_a_atp, c, 0, net->compartment[c].name, "A_atp",
                                 "free energy of ATP hydrolysis in"));
  for (size_t r = 0; r < net->n_process; r++) {
    const ion_process *process = &net->process[r];

    if (process->compartment != c || !does_work(net, process)) continue;
    PetscCall(ion_outputs_add_of(outputs, &ion_item_work, (int)r, 0, process->name, "work",
                                 "work per turn of"));
    PetscCall(ion_outputs_add_of(outputs, &ion_item_efficiency, (int)r, 0, process->name,
                                 "efficiency", "work per free energy of ATP of"));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rate, affinity and dissipation; the affinity of water is a pressure. */
static PetscErrorCode add_process(ion_outputs *outputs, int r)
{
  const ion_process *process = &ion_model_network(outputs->model)->process[r];
  const PetscBool water      = (PetscBool)((process->kind->flags & ION_MOVES_VOLUME) != 0);

  PetscFunctionBegin;
  PetscCall(ion_outputs_add_of(outputs, &ion_item_flux, r, 0, process->name, "flux", "rate of"));
  if (water) outputs->item[outputs->n - 1].about.unit = "pL/s";
  PetscCall(ion_outputs_add_of(outputs, &ion_item_affinity, r, 0, process->name, "affinity",
                               "affinity of"));
  if (water) {
    outputs->item[outputs->n - 1].about.unit  = "Pa";
    outputs->item[outputs->n - 1].about.scale = 1.0;
  }
  PetscCall(ion_outputs_add_of(outputs, &ion_item_dissipation, r, 0, process->name, "dissipation",
                               "dissipation of"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode add_totals(ion_outputs *outputs)
{
  PetscFunctionBegin;
  PetscCall(ion_outputs_add(outputs, &ion_item_total_dissipation, 0, 0, "total.dissipation",
                            "dissipation of all processes"));
  PetscCall(ion_outputs_add(outputs, &ion_item_total_entropy, 0, 0, "total.entropy_production",
                            "entropy production of all processes"));
  PetscCall(ion_outputs_add(outputs, &ion_item_total_fuel, 0, 0, "total.fuel_power",
                            "free energy delivered by fuel and baths per time"));
  PetscCall(ion_outputs_add(outputs, &ion_item_total_closure, 0, 0, "total.closure",
                            "total dissipation less all free energy delivered"));
  PetscCall(ion_outputs_add(outputs, &ion_item_total_heat, 0, 0, "total.heat_flow",
                            "heat given off, temperature times entropy production"));
  PetscCall(ion_outputs_add(outputs, &ion_item_eigenvalue, 0, 0, "stability.eigenvalue",
                            "largest real part of the eigenvalues of the dynamics"));
  PetscCall(ion_outputs_add(outputs, &ion_item_frequency, 0, 0, "stability.frequency",
                            "frequency of the leading eigenvalue"));
  PetscCall(ion_outputs_add(outputs, &ion_item_class, 0, 0, "class", "verdict on homeostasis"));
  outputs->item[outputs->n - 1].about.flags = ion_class_words;
  PetscCall(ion_outputs_add(outputs, &ion_item_departure, 0, 0, "departure.at",
                            "share of the straight path of parameters from the reference state at "
                            "which the physiological branch is lost"));
  PetscCall(ion_outputs_add(outputs, &ion_item_departure_kind, 0, 0, "departure.kind",
                            "how the physiological branch is lost on that path"));
  outputs->item[outputs->n - 1].about.flags = ion_departure_words;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_outputs_tabulate(ion_outputs *outputs)
{
  const ion_network *net = ion_model_network(outputs->model);
  const int n            = (int)net->n_compartment;

  PetscFunctionBegin;
  for (int c = 0; c < n; c++) PetscCall(add_state(outputs, c));
  for (int c = 0; c < n; c++) PetscCall(add_nernst(outputs, c));
  PetscCall(ion_outputs_add_electrical(outputs));
  PetscCall(ion_outputs_add_nanodomain(outputs));
  for (int c = 0; c < n; c++) PetscCall(add_atp(outputs, c));
  for (int r = 0; r < (int)net->n_process; r++) PetscCall(add_process(outputs, r));
  PetscCall(ion_outputs_tabulate_budget(outputs));
  PetscCall(ion_outputs_tabulate_audit(outputs));
  PetscCall(add_totals(outputs));
  PetscFunctionReturn(PETSC_SUCCESS);
}
