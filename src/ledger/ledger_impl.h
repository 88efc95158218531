/* Shared inside the ledger: one item per reportable output, and the rows an observation reads. */
#ifndef ION_LEDGER_IMPL_H
#define ION_LEDGER_IMPL_H

#include <ion/ledger.h>

/* Everything an item may read. */
typedef struct {
  const ion_model *model;
  const ion_network *net;
  const ion_work *work;
  ion_block theta, prepared;
  size_t n_point;
  const double *T;   /* K */
  const double *dG0; /* standard free energy of ATP hydrolysis at 1 mol/L, J/mol */
  const unsigned char *reached;
  const double *eigen_re, *eigen_im;
} ion_view;

typedef struct ion_item ion_item;

/* Fill y [n_point] with SI values of an item. */
typedef void (*ion_reporter)(const ion_item *item, const ion_view *v, double *restrict y);

/* A kind of report: how it is computed, its group, unit, reported value per SI value. */
typedef struct {
  ion_reporter report;
  const char *group, *unit;
  double scale;
  PetscBool needs_eigenvalue;
} ion_item_kind;

/* One output; a and b say of which compartment, pool or process, as its kind reads them. */
struct ion_item {
  ion_output about;
  char *name, *long_name; /* the texts `about` shows */
  const ion_item_kind *kind;
  int a, b;
};

extern const ion_item_kind ion_item_potential, ion_item_concentration, ion_item_volume,
    ion_item_osmolarity, ion_item_nernst, ion_item_a_atp, ion_item_work, ion_item_efficiency,
    ion_item_flux, ion_item_affinity, ion_item_dissipation, ion_item_total_dissipation,
    ion_item_total_entropy, ion_item_total_fuel, ion_item_total_closure, ion_item_total_heat,
    ion_item_eigenvalue, ion_item_frequency, ion_item_class, ion_item_departure,
    ion_item_departure_kind;

struct ion_outputs {
  const ion_model *model; /* borrowed */
  size_t n, n_allocated;
  ion_item *item;
  PetscBool need_eigenvalue;
  size_t n_varied;
  ion_varied *varied;          /* names borrowed */
  ion_outputs *differentiated; /* outputs that local sensitivities are of, or NULL */
};

/* Everything a model can report, in the order of its compartments, pools and processes. */
PetscErrorCode ion_outputs_tabulate(ion_outputs *outputs);

/* Keep the n chosen items in their order, free the others. */
PetscErrorCode ion_outputs_keep(ion_outputs *outputs, const size_t *order,
                                const unsigned char *taken, size_t n);

/* elasticity.c: whether a word of a selection means local sensitivities, and the items it asks for, appended
 * to the outputs and to the choice made so far. */
PetscBool ion_outputs_is_local(const char *word);
PetscErrorCode ion_outputs_choose_local(ion_outputs *outputs, const ion_node *selection,
                                        size_t *order, unsigned char *taken, size_t *n);

/* Append an output; `of` makes "OWNER.WHAT" with the long name "MEANING OWNER". */
PetscErrorCode ion_outputs_add(ion_outputs *outputs, const ion_item_kind *kind, int a, int b,
                               const char *name, const char *long_name);
PetscErrorCode ion_outputs_add_of(ion_outputs *outputs, const ion_item_kind *kind, int a, int b,
                                  const char *owner, const char *what, const char *meaning);

/* Readings of membranes (electrical.c) and of nanodomains (nanodomain.c). */
PetscErrorCode ion_outputs_add_electrical(ion_outputs *outputs);
PetscErrorCode ion_outputs_add_nanodomain(ion_outputs *outputs);

/* RT of a point, J/mol. */
static inline double ion_view_RT(const ion_view *v, size_t p)
{
  return ION_GAS_CONSTANT * v->T[p];
}

/* A_ATP of a compartment that has the currency, J/mol. */
void ion_view_free_energy_of_atp(const ion_view *v, int compartment, double *restrict y);

/* y += sign times the free energy that a term, a clamped pool, delivers to process r. */
void ion_view_add_clamped(const ion_view *v, size_t r, const ion_term *term, double sign,
                          double *restrict y);

/* budget.c, audit.c */
PetscErrorCode ion_outputs_tabulate_budget(ion_outputs *outputs);
PetscErrorCode ion_outputs_tabulate_audit(ion_outputs *outputs);

/* Whether a compartment has ATP, ADP and Pi. */
PetscBool ion_network_has_currency(const ion_network *network, int compartment);

/* The pool of a species in a compartment, or -1. */
int ion_network_pool(const ion_network *network, int compartment, int species);

#endif
