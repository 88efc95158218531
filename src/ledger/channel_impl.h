/* Channels of a membrane, shared by the electrical readings. A channel is a process that moves one
 * ion across; at any state it has a chord conductance g = I/(V - E), whatever its law. */
#ifndef ION_LEDGER_CHANNEL_IMPL_H
#define ION_LEDGER_CHANNEL_IMPL_H

#include "ledger_impl.h"

#define ION_AVOGADRO 6.02214076e23 /* mol^-1, exact */

/* Points worked on at a time: their rows stay in the first cache. */
enum { ION_LEDGER_TILE = 64, ION_ANY_SPECIES = -1 };

/* A channel at a tile of points, its rows from the tile's first point on. */
typedef struct {
  const double *J, *A, *c_in, *c_out, *v_in, *v_out;
  double z, turn; /* valence; ions moved out per turn */
  PetscBool constant_field;
} ion_channel;

/* The term of a channel that is in `compartment`, or NULL where r is no channel of its membrane. */
const ion_term *ion_channel_inner(const ion_network *net, size_t r, int compartment);

int ion_channel_species(const ion_network *net, const ion_term *term);

/* Channel r from point `first` on; `in` is its inner term. */
ion_channel ion_channel_fetch(const ion_view *v, size_t r, const ion_term *in, size_t first);

/* Permeability P, m^3 s^-1, and slope s = J/A of the flux outwards by its affinity over RT, mol
 * s^-1; both [n]. NaN where the driving force is exactly 0. */
void ion_channel_rows(const ion_channel *x, size_t n, double *restrict P, double *restrict s);

/* Add conductances, S, and currents outwards, A, of the channels of a membrane that carry a
 * species (or ION_ANY_SPECIES) at n points from `first` on, at most ION_LEDGER_TILE. */
void ion_channel_add(const ion_view *v, int compartment, int species, size_t first, size_t n,
                     double *restrict g, double *restrict current);

#endif
