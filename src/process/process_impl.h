/** @file
 * Shared by the kinds: the list of them, bounds of parameters, stoichiometries they have in common.
 */
#ifndef ION_PROCESS_IMPL_H
#define ION_PROCESS_IMPL_H

#include <ion/process.h>

#include <math.h>

#define ION_PROCESS_KIND(name) extern const ion_process_kind ion_process_##name;
#include "process/kinds.def"
#undef ION_PROCESS_KIND

/** Bounds of parameters in their units: finite, and above zero where a law divides by them. */
#define ION_POSITIVE 1e-12
#define ION_LARGE 1e12

/** Default of a parameter that the model must give. */
#define ION_NO_DEFAULT ((double)NAN)

/** Points a kind works on at a time when it needs rows of its own: they stay in the first cache. */
#define ION_TILE 64

/** One ion crossing a membrane: the reactant on each side, and 1 when it runs from inside to
 * outside, -1 when from outside to inside. */
typedef struct {
  size_t in, out;
  double outward;
} ion_crossing;

static inline ion_crossing ion_crossing_of(const int *nu, const unsigned char *inside)
{
  const size_t in = inside[0] ? 0 : 1;

  return (ion_crossing){.in = in, .out = 1 - in, .outward = nu[in] < 0 ? 1.0 : -1.0};
}

/** What is wrong with a stoichiometry that should move one ion through a membrane, or NULL. */
const char *ion_check_single_ion(size_t n_reactant, const int *nu, const int *z,
                                 const unsigned char *inside);

/** Charge that one turn brings inside, in units of F. */
int ion_charge_moved_in(size_t n_reactant, const int *nu, const int *z,
                        const unsigned char *inside);

/** The product outside into which the first substrate turns: same valence, same number. Coefficients
 * tell Na+ from K+, since 3 leave for 2 that enter; n_reactant when there is none. */
size_t ion_exported_reactant(size_t n_reactant, const int *nu, const int *z,
                             const unsigned char *inside);

/** What is wrong with the stoichiometry of a pump whose first substrate leaves the cell, or NULL. */
const char *ion_check_export(size_t n_reactant, const int *nu, const int *z,
                             const unsigned char *inside);

#endif
