/** @file
 * Layer 3: a model file becomes a network of processes with residual, Jacobian, calibrated prefactors
 * and conserved totals.
 *
 * Unknowns x of a point: ln c of every free pool (the logit of a/(a+b) where two pools of one
 * compartment share a conserved total), V/(R T_ref/F) of every cell, ln w of every free volume.
 * Parameters theta of a point: one row per quantity, in SI.
 */
#ifndef ION_MODEL_H
#define ION_MODEL_H

#include <ion/process.h>
#include <ion/spec.h>

typedef struct ion_model ion_model;

typedef enum {
  ION_POTENTIAL_NONE,   /**< no potential: no membrane process may use it */
  ION_POTENTIAL_GROUND, /**< V = 0 */
  ION_POTENTIAL_FREE    /**< an unknown, closed by the charge row */
} ion_potential_kind;

typedef enum {
  ION_VOLUME_FREE,      /**< water moves until osmolarities agree */
  ION_VOLUME_REMAINDER, /**< the tissue's total less all others */
  ION_VOLUME_FIXED,
  ION_VOLUME_INFINITE /**< a bath: concentrations are clamped */
} ion_volume_kind;

typedef struct {
  const char *name;
  int outside; /**< compartment on the other side of its membrane, or -1 */
  ion_potential_kind potential;
  ion_volume_kind volume;
  int x_V; /**< unknown of its potential, or -1 */
  int x_w; /**< unknown of its volume, or -1 */
} ion_compartment;

typedef struct {
  const char *name;
  int valence;
  PetscBool osmotic; /**< counts for osmolarity and charge */
} ion_species;

/** A species in a compartment. */
typedef struct {
  int compartment, species;
  const char *name; /**< "neuron.K" */
  int x;            /**< its unknown, or -1 (derived from a conserved total, or clamped) */
  PetscBool clamped;
} ion_pool;

/** A term of a process. */
typedef struct {
  int pool; /**< -1 for a clamped source such as fuel */
  int nu;
  const char *label; /**< "Na_in", "ATP", "fuel" */
} ion_term;

typedef struct {
  const char *name; /**< "neuron.nka" */
  int compartment;  /**< the one it belongs to: "in" */
  const ion_process_kind *kind;
  size_t n_term;
  const ion_term *term; /**< pools first, in the order of the equation; sources last */
  size_t n_pool;        /**< terms that are pools */
  int n_atp;            /**< energy currency used per turn (made if negative), 0 if none */
  int n_gate;
  size_t first_gate; /**< of its dynamic gates, in model order */
  int source_row;    /**< theta row of the free energy its source delivers, or -1 */
  int source_nu;     /**< moles of source used per turn */
  double charge;     /**< charge moved out of its compartment per turn */
} ion_process;

/** A conserved total: sum_i coefficient_i n_i over pools. */
typedef struct {
  const char *name; /**< "neuron.ATP + neuron.ADP" */
  size_t n_member;
  const int *pool;
  const int *coefficient;
} ion_moiety;

/** A homeostasis bound: lower < quantity < upper, or |quantity/rest - 1| < within. */
typedef struct {
  int compartment;
  int pool;       /**< a concentration, or -1 */
  PetscBool is_V; /**< the membrane potential; neither pool nor potential: the volume */
  int lower_row;  /**< theta rows holding the bound, SI; -1 for none */
  int upper_row;
  int within_row;
  double rest; /**< the quantity at rest, SI */
} ion_bound;

/** The network, for those who report on it; owned by the model. */
typedef struct {
  size_t n_compartment;
  const ion_compartment *compartment;
  size_t n_species;
  const ion_species *species;
  size_t n_pool;
  const ion_pool *pool;
  size_t n_process;
  const ion_process *process;
  size_t n_moiety;
  const ion_moiety *moiety;
  size_t n_bound;
  const ion_bound *bound;
  int currency[3]; /**< species of ATP, ADP, Pi of the energy currency, or -1 */
  size_t n_gate;   /**< dynamic gates */
} ion_network;

/** Read and check a model file; prefactors are not solved yet.
 *
 * Not collective. @return PETSC_ERR_USER_INPUT with file and line for an unbalanced process, a wrong
 * unit, an unknown species, a membrane process on a compartment without potential, ...
 */
PetscErrorCode ion_model_create(const ion_node *root, const ion_units *units, ion_model **model);
PetscErrorCode ion_model_destroy(ion_model **model);

/** Change a default, SI; rest quantities too. Before ion_model_setup. */
PetscErrorCode ion_model_set(ion_model *model, size_t quantity, double value);

/** Name the species that balances a composition ("ecs.composition.K", balance "Na"); `where` locates
 * errors. Before ion_model_setup. */
PetscErrorCode ion_model_set_balance(ion_model *model, const ion_node *where, size_t quantity,
                                     const char *balance);

/** Check the resting state, solve the prefactors, find conserved totals and the order of elimination.
 *
 * @return PETSC_ERR_USER_INPUT for a resting state that is not electroneutral or iso-osmolar, a
 * calibration that is singular or gives a negative prefactor (names the process)
 */
PetscErrorCode ion_model_setup(ion_model *model);

/** Canonical text of the model with every default as set; part of a study's digest. PetscFree it. */
PetscErrorCode ion_model_canonical(const ion_model *model, char **text);

const char *ion_model_name(const ion_model *model);
const char *ion_model_title(const ion_model *model);
const ion_network *ion_model_network(const ion_model *model);

/** All quantities: rows of theta [0, n_theta) first, then rest quantities. After ion_model_setup the
 * calibrated ones carry their solved value. */
const ion_quantity *ion_model_quantities(const ion_model *model, size_t *n, size_t *n_theta);

/** Row of a quantity by name, or -1. */
int ion_model_find(const ion_model *model, const char *name);

size_t ion_model_n_state(const ion_model *model);

/** Name of unknown i: "ln neuron.Na", "neuron.V", ... */
const char *ion_model_state_name(const ion_model *model, size_t i);

/** Whether unknown i is the logarithm of a concentration. */
PetscBool ion_model_is_logarithm(const ion_model *model, size_t i);

/** The resting state as unknowns [n_state]. */
const double *ion_model_rest(const ion_model *model);

/** Theta of the model as it stands: every row of `theta` [n_theta][n_point] filled with the default. */
void ion_model_default_theta(const ion_model *model, ion_block theta);

/** Theta at which the resting state is steady: the defaults of the model file with the solved prefactors,
 * before anything that was `set`. [n_theta] */
const double *ion_model_reference(const ion_model *model);

/* ---- evaluation over a row of points ---- */

/** Rows that depend on the parameters only, [n_prepared][n_point]; a function of theta alone. */
size_t ion_model_n_prepared(const ion_model *model);
void ion_model_prepare(const ion_model *model, ion_block theta, ion_block prepared);

/** The same for rows that ion_model_prepare has filled before: does again what depends on varying rows.
 *
 * @param[in] varies  [n_theta] non-zero where theta may differ from then; NULL: everywhere
 */
void ion_model_prepare_varying(const ion_model *model, ion_block theta, const unsigned char *varies,
                               ion_block prepared);

/** Rows an evaluation leaves behind; each a block over points. Created once, reused. */
typedef struct {
  ion_block F;    /**< [n_state] scaled residual, 1 */
  ion_block jac;  /**< [n_nonzero] dF/dx, row-major in the pattern */
  ion_block c;    /**< [n_pool] mol m^-3 */
  ion_block ln_c; /**< [n_pool] */
  ion_block V;    /**< [n_compartment] V */
  ion_block v;    /**< [n_compartment] over RT/F, 1 */
  ion_block w;    /**< [n_compartment] m^3 (infinite: 1) */
  ion_block Pi;   /**< [n_compartment] osmolarity, mol m^-3 */
  ion_block J;    /**< [n_process] mol s^-1 (water: m^3 s^-1) */
  ion_block A;    /**< [n_process] affinity over RT, 1 (water: mol m^-3) */
  ion_block gate; /**< [3 n_gate] steady state, its derivative by V (V^-1), relaxation rate s^-1 */
  ion_block extra;
  ion_block scratch; /**< all of the above are rows of this block */
} ion_work;

PetscErrorCode ion_work_create(const ion_model *model, size_t n_point, ion_work *work);

/** The same with n_extra rows of the caller's own behind the scratch rows: work->extra. */
PetscErrorCode ion_work_create_extended(const ion_model *model, size_t n_point, size_t n_extra,
                                        ion_work *work);
PetscErrorCode ion_work_destroy(ion_work *work);

/** What to compute. */
enum {
  ION_RESIDUAL = 1,
  ION_JACOBIAN = 2,
  ION_AFFINITY = 4, /**< affinities of every process, also those whose rate does not use them */
  ION_CLOSE    = 8  /**< ion_motion_evaluate: set the closing pools first */
};

/** Evaluate at n_point points (the blocks' first ones). Allocates nothing, cannot fail: a state out of
 * the domain of the model gives NaN. */
void ion_model_evaluate(const ion_model *model, ion_block prepared, ion_block x, size_t n_point,
                        unsigned what, ion_work *work);

/** Sparsity of dF/dx: row i holds columns col[start[i]] ... col[start[i+1]-1]. */
typedef struct {
  size_t n;
  size_t n_nonzero;
  const int *start; /**< [n+1] */
  const int *col;   /**< [n_nonzero] */
} ion_pattern;
const ion_pattern *ion_model_pattern(const ion_model *model);

/** Largest absolute unscaled balance residual, mol s^-1, over the largest |rate| of a process moving
 * ions or metabolites: how far a point is from a steady state. Needs ION_RESIDUAL. [n_point] */
void ion_model_imbalance(const ion_model *model, const ion_work *work, size_t n_point,
                         double *imbalance);

/** What is put in at the start, before anything moves: compositions and volumes of point p of theta at
 * the resting potentials. x [n_state] */
void ion_model_start(const ion_model *model, ion_block theta, size_t p, double *x);

/** dn/dx_i of the pool that row i balances, times the scale of that row, s; 0 for a row without a time
 * derivative. [n_point] */
void ion_model_mass(const ion_model *model, const ion_work *work, size_t i, size_t n_point,
                    double *mass);

/** Dense pencil J y = lambda M y of the linearised dynamics with gates, volumes and pools in time, at
 * point p of an evaluation with Jacobian. n = n_state + n_gate; column-major [n][n].
 *
 * @param[out] dynamic  [n] 1 where the row carries a time derivative
 */
void ion_model_dynamics(const ion_model *model, ion_block prepared, ion_block x,
                        const ion_work *work, size_t p, double *J, double *M,
                        unsigned char *dynamic);
size_t ion_model_n_dynamic(const ion_model *model);

/** Entries of that pencil which may differ from 0: the first n_J of J, then those of M. */
typedef struct {
  size_t n, n_J, n_entry;
  const int *row, *col;         /**< [n_entry] */
  const unsigned char *dynamic; /**< [n] */
} ion_dynamics_pattern;
const ion_dynamics_pattern *ion_model_dynamics_pattern(const ion_model *model);

/** The entries at points first ... first + ION_PAD - 1 of an evaluation with Jacobian.
 *
 * @param[in]  first  a multiple of ION_PAD
 * @param[out] value  [n_entry][ION_PAD]
 */
void ion_model_dynamics_strip(const ion_model *model, ion_block prepared, const ion_work *work,
                              size_t first, ion_block value);

/* ---- equations of motion ---- */

/** The network in time, dy/dt = f(y; theta). Unknowns y: those of the steady state with ln n, n the amount in
 * mol, instead of ln c; then the gates. Charge and conserved totals hold exactly through one closing pool
 * each, whose row of F is that constraint and whose unknown follows from the others.
 *
 * Its works differ from those of the steady state; what is reported reads them alike. */
typedef struct ion_motion ion_motion;

/** @return PETSC_ERR_SUP when constraints cannot be solved one after the other for one pool each */
PetscErrorCode ion_motion_create(const ion_model *model, ion_motion **motion);
PetscErrorCode ion_motion_destroy(ion_motion **motion);

size_t ion_motion_n_unknown(const ion_motion *motion);

/** [n_unknown] 1 where the row of F is dy/dt (s^-1), 0 where it is a constraint (1). */
const unsigned char *ion_motion_dynamic(const ion_motion *motion);

/** Sparsity of dF/dy; every diagonal entry is in it. */
const ion_pattern *ion_motion_pattern(const ion_motion *motion);

/** A work for ion_motion_evaluate; F [n_unknown], jac [n_nonzero] of its pattern, n_extra further rows.
 * Its gate rows hold the state of each gate, 0 and the relaxation rate. */
PetscErrorCode ion_motion_work_create(const ion_motion *motion, size_t n_point, size_t n_extra,
                                      ion_work *work);

/** F and dF/dy as ion_model_evaluate; with ION_CLOSE the unknowns of the closing pools are set first, so
 * that their F is zero (NaN where no positive amount is left). */
void ion_motion_evaluate(const ion_motion *motion, ion_block prepared, ion_block y, size_t n_point,
                         unsigned what, ion_work *work);

/** y from unknowns x of the steady state, gates at their steady state, constraints closed.
 *
 * @param[in]  x  [n_state][n_point]
 * @param[out] y  [n_unknown][n_point]
 */
void ion_motion_start(const ion_motion *motion, ion_block prepared, ion_block x, size_t n_point,
                      ion_work *work, ion_block y);

/** x from y and the work evaluated at it; gates are left behind. */
void ion_motion_steady_unknowns(const ion_motion *motion, const ion_work *work, ion_block y,
                                size_t n_point, ion_block x);

/** Whether a row of theta may change during a time course: not what is put in at the start, nor what the
 * charge of a cell is made of. */
PetscBool ion_motion_may_change(const ion_motion *motion, size_t row);

/* Rows of `prepared` that reports need. */
const double *ion_prepared_temperature(const ion_model *model, ion_block prepared); /**< K */
const double *ion_prepared_dG0_atp(const ion_model *model, ion_block prepared);     /**< J/mol */
/** Free energy the source of a process delivers per mole of source, J/mol; NULL if it has none. */
const double *ion_prepared_source(const ion_model *model, ion_block prepared, size_t process);

#endif
