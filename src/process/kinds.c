#include "process/process_impl.h"

#include <string.h>

#define ION_PROCESS_KIND(name) &ion_process_##name,
static const ion_process_kind *const kinds[] = {
#include "process/kinds.def"
};
#undef ION_PROCESS_KIND

const ion_process_kind *const *ion_process_kinds(size_t *n)
{
  *n = ION_COUNT(kinds);
  return kinds;
}

const ion_process_kind *ion_process_find(const char *name)
{
  for (size_t i = 0; i < ION_COUNT(kinds); i++)
    if (strcmp(kinds[i]->name, name) == 0) return kinds[i];
  return NULL;
}

const char *ion_check_single_ion(size_t n_reactant, const int *nu, const int *z,
                                 const unsigned char *inside)
{
  if (n_reactant != 2 || inside[0] == inside[1] || z[0] != z[1])
    return "it must move one ion from one side of the membrane to the other";
  if (nu[0] * nu[1] != -1) return "it must move one ion a turn";
  if (z[0] == 0) return "what it moves must carry a charge";
  return NULL;
}

int ion_charge_moved_in(size_t n_reactant, const int *nu, const int *z, const unsigned char *inside)
{
  int charge = 0;

  for (size_t i = 0; i < n_reactant; i++)
    if (inside[i]) charge += nu[i] * z[i];
  return charge;
}

size_t ion_exported_reactant(size_t n_reactant, const int *nu, const int *z,
                             const unsigned char *inside)
{
  size_t i = 1;

  while (i < n_reactant && !(!inside[i] && nu[i] == -nu[0] && z[i] == z[0])) i++;
  return i;
}

const char *ion_check_export(size_t n_reactant, const int *nu, const int *z,
                             const unsigned char *inside)
{
  if (n_reactant < 2 || nu[0] >= 0 || !inside[0])
    return "its first substrate must be the ion inside that it pumps out";
  if (ion_exported_reactant(n_reactant, nu, z, inside) == n_reactant)
    return "its first substrate must leave as itself";
  return NULL;
}
