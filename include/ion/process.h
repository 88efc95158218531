/** @file
 * Layer 2: the kinds of process, one rate law each. A kind knows no model and no species.
 *
 * The model derives the affinity and hands each kind its reactants; the kind returns the rate and
 * its partial derivatives. To add one: write src/process/NAME.c, add ION_PROCESS_KIND(NAME) to
 * src/process/kinds.def.
 */
#ifndef ION_PROCESS_H
#define ION_PROCESS_H

#include <ion/thermo.h>

#define ION_MAX_REACTANT 12 /**< terms of one stoichiometry */
#define ION_MAX_PARAM 24    /**< parameters of one process, those of its reactants included */

/** Properties of a parameter of a kind. */
enum {
  ION_PREFACTOR =
      1, /**< the rate is proportional to it; may be calibrated; folded into `prefactor` */
  ION_PER_REACTANT = 2, /**< one for each reactant that is a pool: NAME_<reactant> */
};

/** A parameter of a kind. */
typedef struct {
  const char *name;
  const char *unit; /**< what users write and `list parameters` prints */
  const char
      *unit_area; /**< the same for a process given per membrane area, or NULL if it cannot be */
  const char *meaning;
  double value;        /**< default in `unit`, NAN when the model must give it */
  double lower, upper; /**< bounds in `unit` */
  unsigned flags;
} ion_param;

/** What the rate law depends on, and what it is. */
enum {
  ION_NOT_THERMODYNAMIC = 1,  /**< J A >= 0 does not hold everywhere; the ledger reports it */
  ION_BY_AFFINITY       = 2,  /**< uses A/RT; fills dA */
  ION_BY_VOLTAGE        = 4,  /**< uses v besides the affinity; fills dv */
  ION_BY_CONCENTRATION  = 8,  /**< uses concentrations besides the affinity; fills dlnc */
  ION_BY_FIELD          = 16, /**< uses the constant-field rows of its membrane */
  ION_BY_REST           = 32, /**< uses its affinity at the resting state */
  ION_PER_VOLUME        = 64, /**< the rate is per volume of its compartment */
  ION_MOVES_VOLUME =
      128, /**< moves water: affinity is Pi_in - Pi_out in mol m^-3, rate in m^3 s^-1 */
  ION_SINGLE_ION       = 256, /**< exactly one ion, from one side of the membrane to the other */
  ION_HAS_GATES        = 512, /**< may carry gates */
  ION_SETS_EQUILIBRIUM = 1024 /**< its parameter K_eq is the standard affinity RT ln K_eq */
};

/** Constant-field rows of one membrane and valence, u = z v: shared by its channels. [n_point] each. */
typedef struct {
  const double *e;  /**< exp(-u) */
  const double *B;  /**< u/(1 - exp(-u)) */
  const double *dB; /**< dB/du */
} ion_field;

/** The world of one process over a row of points; pointers are rows [n_point] unless said. */
typedef struct {
  size_t n_point;
  size_t n_reactant;           /**< pools in its stoichiometry, clamped ones included */
  const int *nu;               /**< [n_reactant] */
  const int *z;                /**< [n_reactant] */
  const unsigned char *inside; /**< [n_reactant] 1 inside, 0 outside */
  const double *const *c;      /**< [n_reactant] concentrations, mol m^-3 */
  const double *A;             /**< affinity over RT (water: Pi_in - Pi_out, mol m^-3) */
  double A_rest;               /**< affinity over RT at the resting state, 1 */
  const double *v;             /**< membrane potential over RT/F, inside minus outside, 1 */
  const double *RT_F;          /**< RT/F, V */
  const double *prefactor;     /**< product of Q10 factor, multipliers and prefactor parameters */
  const double *const *param;  /**< parameters that are not prefactors, in order, SI */
  ion_field field;
} ion_local;

/** Where a kind puts its rate and partial derivatives; rows [n_point]. A law is seen as
 * J(A/RT, v, ln c): each derivative keeps the other arguments fixed. */
typedef struct {
  double *J;           /**< mol s^-1 (water: m^3 s^-1) */
  double *dA;          /**< by A/RT, if ION_BY_AFFINITY */
  double *dv;          /**< by v, if ION_BY_VOLTAGE */
  double *const *dlnc; /**< [n_reactant] by ln c, if ION_BY_CONCENTRATION */
} ion_rate;

typedef struct {
  const char *name;
  const char *summary;
  const char *formula; /**< the rate law as a line of text */
  const char *citation;
  unsigned flags;
  const ion_param *param;
  size_t n_param;
  /** NULL, or says what is wrong with a stoichiometry (a static text), NULL when nothing is. */
  const char *(*check)(size_t n_reactant, const int *nu, const int *z, const unsigned char *inside);
  void (*rate)(const ion_local *x, const ion_rate *r);
} ion_process_kind;

/** All kinds in the order of kinds.def. */
const ion_process_kind *const *ion_process_kinds(size_t *n);

/** The kind of that name, or NULL. */
const ion_process_kind *ion_process_find(const char *name);

/* ---- gates ---- */

/** Rate of opening or closing, s^-1, as a function of V in volt. */
typedef enum {
  ION_GATE_LINOID,      /**< a x/(1 - exp(-x)), x = (V - V0)/k */
  ION_GATE_SIGMOID,     /**< a/(1 + exp(-x)) */
  ION_GATE_EXPONENTIAL, /**< a exp(x) */
  ION_N_GATE_FORM
} ion_gate_form;

extern const char *const ion_gate_form_names[ION_N_GATE_FORM];

/** r = f(V) and dr/dV over a row of points.
 *
 * @param[in]  a, V0, k  [n_point] s^-1 (1 for an instantaneous gate), V, V
 * @param[in]  V         [n_point] membrane potential, V
 * @param[out] r, dr     [n_point] s^-1, s^-1 V^-1
 */
void ion_gate_rate(ion_gate_form form, size_t n_point, const double *a, const double *V0,
                   const double *k, const double *V, double *r, double *dr);

#endif
