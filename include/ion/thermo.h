/** @file
 * Layer 1: electrochemical potentials, reversal potentials, free energy of ATP, affinities.
 *
 * Signs: membrane potentials are inside minus outside; J > 0 runs along the stoichiometry;
 * A = -sum_i nu_i mu_i with mu_i = mu0_i + RT ln c_i + z_i F V_i.
 */
#ifndef ION_THERMO_H
#define ION_THERMO_H

#include <ion/base.h>

/** RT/F, V, at temperature T in K. */
static inline double ion_thermal_voltage(double T)
{
  return ION_GAS_CONSTANT * T / ION_FARADAY;
}

/** Reversal (Nernst) potential RT/(zF) ln(c_out/c_in), V; concentrations in any one unit. */
double ion_nernst_potential(double T, int z, double c_in, double c_out);

/** Standard free energy of a reaction at T from dG0 and dH0 at T_ref (Gibbs-Helmholtz with constant
 * enthalpy): dH0 - T (dH0 - dG0)/T_ref, J mol^-1. */
static inline double ion_standard_free_energy(double T, double T_ref, double dG0, double dH0)
{
  return dH0 - T * (dH0 - dG0) / T_ref;
}

/** One term of a stoichiometry: nu (products > 0), and the rows its chemical potential comes from. */
typedef struct {
  int nu; /**< stoichiometric coefficient, negative for what is consumed */
  int z;  /**< valence */
  int c;  /**< row of ln c */
  int v;  /**< row of the potential of its compartment, RT/F */
} ion_stoich;

/** Affinities over RT of one process at a row of points:
 *   A/RT = A0/RT - sum_i nu_i (ln c_i + z_i v_i).
 *
 * @param[in]  term    [n_term]
 * @param[in]  A0      [n_point] standard affinity over RT, 1
 * @param[in]  ln_c    [n_pool][n_point] of concentrations in mol m^-3
 * @param[in]  v       [n_compartment][n_point] potentials over RT/F, 1
 * @param[out] A       [n_point] affinity over RT, 1
 */
void ion_affinity(const ion_stoich *term, size_t n_term, const double *A0, ion_block ln_c,
                  ion_block v, size_t n_point, double *A);

#endif
