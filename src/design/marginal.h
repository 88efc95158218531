/* Distributions of factors: their table, and reading them. */
#ifndef ION_DESIGN_MARGINAL_H
#define ION_DESIGN_MARGINAL_H

#include "design_impl.h"

/* Append the factor of key i of `factors`, with the unit its distribution is written in. */
PetscErrorCode ion_marginal_read(const design_source *source, const ion_node *factors, size_t i,
                                 ion_design *design);

/* Fill in what truncation to [lower, upper] does to a normal or lognormal; its share of the parent
 * law, 0 when nothing of it is left. */
double ion_marginal_truncate(ion_marginal *marginal);

/* Whether its quantiles at 0 or 1 are out of reach. */
PetscBool ion_marginal_is_open(const ion_marginal *marginal);

PetscErrorCode ion_marginal_print(const ion_marginal *marginal, PetscSegBuffer out);

#endif
