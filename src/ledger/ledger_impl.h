/* Shared inside the ledger: one item per reportable output, and the rows an observation reads. */
#ifndef ION_LEDGER_IMPL_H
#define ION_LEDGER_IMPL_H

#include <ion/ledger.h>

/* What an item reports; `a` and `b` of the item say of which compartment, pool or process. */
typedef enum {
  ITEM_POTENTIAL,     /* a compartment */
  ITEM_CONCENTRATION, /* a pool */
  ITEM_VOLUME,        /* a compartment */
  ITEM_OSMOLARITY,    /* a compartment */
  ITEM_NERNST,        /* a pool inside, b pool outside */
  ITEM_A_ATP,         /* a compartment */
  ITEM_WORK,          /* a process */
  ITEM_EFFICIENCY,    /* a process */
  ITEM_FLUX,          /* a process */
  ITEM_AFFINITY,      /* a process */
  ITEM_DISSIPATION,   /* a process */
  ITEM_TOTAL_DISSIPATION,
  ITEM_TOTAL_ENTROPY,
  ITEM_TOTAL_FUEL,
  ITEM_TOTAL_CLOSURE,
  ITEM_EIGENVALUE,
  ITEM_FREQUENCY,
  ITEM_CLASS,
  N_ITEM
} item_kind;

typedef struct {
  ion_output about;
  char *name, *long_name; /* the texts `about` shows */
  item_kind kind;
  int a, b;
} ion_item;

struct ion_outputs {
  const ion_model *model; /* borrowed */
  size_t n, n_allocated;
  ion_item *item;
  PetscBool need_eigenvalue;
};

/* Everything a model can report, in the order of its compartments, pools and processes. */
PetscErrorCode ion_outputs_tabulate(ion_outputs *outputs);

/* The pool of a species in a compartment, or -1. */
int ion_network_pool(const ion_network *network, int compartment, int species);

#endif
