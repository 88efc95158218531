/** @file
 * Layer 4: what is reported at a point: potentials, affinities, dissipation, the ATP budget, closure,
 * and the verdict on homeostasis. Derived from the network alone.
 */
#ifndef ION_LEDGER_H
#define ION_LEDGER_H

#include <ion/model.h>

/** Verdict on homeostasis; the values are those of the output `class`. */
typedef enum {
  ION_CLASS_NONE          = 0, /**< pending */
  ION_CLASS_PHYSIOLOGICAL = 1, /**< on the branch connected to rest, stable, all bounds hold */
  ION_CLASS_STRAINED      = 2, /**< the same branch, stable, a bound broken */
  ION_CLASS_COLLAPSED     = 3, /**< the branch is gone; the state is the depolarised one */
  ION_CLASS_OSCILLATORY   = 4, /**< the state exists but lost stability with a complex pair */
  ION_CLASS_NONE_FOUND    = 5,
  ION_N_CLASS             = 6
} ion_class;

const char *ion_class_name(ion_class class_);

/** The names of all classes in order of their value, blanks between. */
extern const char ion_class_words[];

/** The words of the output `departure.kind`, those of ion_loss in <ion/solver.h>. */
extern const char ion_departure_words[];

/** The values of `reached` the verdict tells apart; those of ion_reached in <ion/solver.h>. */
enum { ION_LEDGER_REACHED_NOT = 0, ION_LEDGER_REACHED_DEPARTED = 3 };

/** One thing that can be reported. */
typedef struct {
  const char *name;  /**< "neuron.nka.efficiency" */
  const char *group; /**< state, nernst, electrical, nanodomain, atp, ledger, ledger.total, ... */
  const char *unit;  /**< as printed: "mV" */
  const char *long_name;
  double scale; /**< reported value = scale * SI value */
  const char
      *flags; /**< of a value that is a word: the words of 0, 1, ..., blanks between; else NULL */
} ion_output;

/** Whether an output is read from the state alone, not from the branch or the spectrum. */
PetscBool ion_output_is_of_state(const ion_output *output);

/** The outputs a study wants, in order. */
typedef struct ion_outputs ion_outputs;

/** The outputs of a model, in the order asked for.
 *
 * @param[in]  selection  a list of names, globs and groups (or one of them), or NULL for everything the
 *                        model can report
 * @param[out] outputs    the caller destroys it, also after an error; borrows the model
 *
 * @return PETSC_ERR_USER_INPUT at an unknown name, with the nearest known one
 */
PetscErrorCode ion_outputs_create(const ion_model *model, const ion_node *selection,
                                  ion_outputs **outputs);

/** Choose from a list of outputs what a selection names: names, globs and groups, one word or a list of them.
 *
 * @param[in]  all    [n_all]
 * @param[in]  skips  words that mean something else, passed over; NULL for none
 * @param[out] order  [n_all] the chosen ones in the order of the selection, each once; `n` of them
 * @param[in,out] taken  [n_all] set where chosen
 *
 * @return PETSC_ERR_USER_INPUT at an unknown word, with the nearest known one
 */
PetscErrorCode ion_outputs_select(const ion_output *const *all, size_t n_all,
                                  const ion_node *selection, PetscBool (*skips)(const char *word),
                                  size_t *order, unsigned char *taken, size_t *n);

/** A parameter that a study varies. */
typedef struct {
  const char *name; /**< borrowed */
  int row;          /**< of theta */
} ion_varied;

/** The same for a study, whose selection may also name local sensitivities by its factors:
 * `sensitivity.OUTPUT.FACTOR`, globs of such names, or the group `sensitivity.local`, which is every factor
 * for every output selected otherwise (stability and class have none). Reported is d ln q/d ln p for what
 * cannot change sign (concentrations, volumes, osmolarities, total dissipation, entropy production, fuel
 * power), and dq/d ln p in the unit of q for everything else; p in SI, a temperature in K.
 *
 * @param[in] varied  [n_varied]
 */
PetscErrorCode ion_outputs_create_varying(const ion_model *model, const ion_node *selection,
                                          const ion_varied *varied, size_t n_varied,
                                          ion_outputs **outputs);
PetscErrorCode ion_outputs_destroy(ion_outputs **outputs);
size_t ion_outputs_count(const ion_outputs *outputs);
const ion_output *ion_outputs_at(const ion_outputs *outputs, size_t i);
PetscBool ion_outputs_need_eigenvalue(const ion_outputs *outputs); /**< stability or class wanted */
PetscBool ion_outputs_show_eigenvalue(const ion_outputs *outputs); /**< stability wanted */

/** The outputs whose derivatives the local sensitivities need, or NULL; lives as long as the outputs. */
const ion_outputs *ion_outputs_differentiated(const ion_outputs *outputs);

/** Report the local sensitivities of a point, which ion_outputs_observe leaves NaN.
 *
 * @param[in]  theta       [n_theta][n_point] SI
 * @param[in]  p           the point
 * @param[in]  q           [n_differentiated] the outputs to differentiate, at the point
 * @param[in]  derivative  [n_differentiated][n_varied] dq/dp along the branch, per SI unit
 * @param[out] value       [n_output][n_point]
 */
void ion_outputs_put_sensitivities(const ion_outputs *outputs, ion_block theta, size_t p,
                                   const double *q, const double *derivative, ion_block value);

/** Whether `departure.at` or `departure.kind` are wanted. */
PetscBool ion_outputs_need_departure(const ion_outputs *outputs);

/** Report where on the straight path of parameters from the reference state the physiological branch is lost, which
 * ion_outputs_observe leaves open.
 *
 * @param[in]     point  [n] the points it is known of
 * @param[in]     at     [n] share of the path, NaN where it is not lost
 * @param[in]     kind   [n] ion_loss
 * @param[in,out] value  [n_output][n_point]
 */
void ion_outputs_put_departures(const ion_outputs *outputs, size_t n, const size_t *point,
                                const double *at, const unsigned char *kind, ion_block value);

/** Homeostasis bounds are quantities of the model named "homeostasis.<what>"; this reports outputs of
 * evaluated points.
 *
 * @param[in]  theta     [n_theta][n_point] SI
 * @param[in]  prepared  [n_prepared][n_point]
 * @param[in]  work      evaluated at the state with ION_RESIDUAL | ION_AFFINITY
 * @param[in]  reached   [n_point] ion_reached of the solver
 * @param[in]  eigen_re, eigen_im  [n_point] s^-1, or NULL when not needed
 * @param[out] value     [n_output][n_point] in the unit of each output
 */
void ion_outputs_observe(const ion_outputs *outputs, ion_block theta, ion_block prepared,
                         const ion_work *work, size_t n_point, const unsigned char *reached,
                         const double *eigen_re, const double *eigen_im, ion_block value);

/* ---- ions near the mouth of an open channel: closed forms ---- */

/** A mobile buffer that binds one ion a molecule. */
typedef struct {
  double total;        /**< free and bound, mol m^-3 */
  double K;            /**< dissociation constant, mol m^-3, above 0 */
  double binding_rate; /**< m^3 mol^-1 s^-1 */
  double diffusion;    /**< of the free and the bound form, m^2 s^-1; 0: immobile */
} ion_buffer;

/** Rise of a concentration, mol m^-3, when `ions` ions mix in a hemisphere:
 * ions/(N_A (2/3) pi radius^3). */
double ion_nanodomain_well_mixed(double ions, double radius);

/** Length over which a linear buffer captures an ion, m (Naraghi and Neher 1997):
 * 1/lambda^2 = k B/D + k (c + K)/D_B with the free buffer B = B_total K/(K + c); infinite where
 * nothing binds, 0 for an immobile buffer that binds.
 *
 * @param[in] D  diffusion coefficient of the ion, m^2 s^-1
 * @param[in] c  concentration far away, mol m^-3
 */
double ion_nanodomain_length(double D, double c, const ion_buffer *buffer);

/** Rise of a concentration at a distance from a point source in a plane membrane, at steady state,
 * with a buffer whose free form stays near its value far away (Naraghi and Neher 1997; Neher 1998):
 *   i/(2 pi z F r (D + kappa D_B)) (1 + kappa D_B/D exp(-r/lambda)),  kappa = B/(c + K).
 * A buffer in excess (kappa D_B >> D) leaves i/(2 pi z F D r) exp(-r/lambda), a rapid one
 * (lambda << r) i/(2 pi z F (D + kappa D_B) r), none or an immobile one i/(2 pi z F D r).
 *
 * @param[in] current  carried by the ion into the cell, A, positive for a cation
 * @param[in] z        valence
 * @param[in] D, c     as for ion_nanodomain_length
 * @param[in] r        distance, m
 *
 * @return mol m^-3
 */
double ion_nanodomain_steady(double current, int z, double D, double c, const ion_buffer *buffer,
                             double r);

/** Second-law audit of one process over many points. */
typedef struct {
  uint64_t
      n_violation; /**< points with J A < 0 beyond round-off (1e-12 of the point's largest |J A|) */
  double worst;    /**< most negative J A, W */
  uint64_t at_worst; /**< the point of it, the first of equals */
} ion_audit;

/** Add the violations of evaluated points to an audit.
 *
 * @param[in]     status       [n_point] only points with ION_OK count
 * @param[in]     first_point  number of the first of them
 * @param[in,out] audit        [n_process]
 */
void ion_ledger_audit(const ion_model *model, ion_block prepared, const ion_work *work,
                      size_t n_point, const unsigned char *status, uint64_t first_point,
                      ion_audit *audit);

/** Count one violation of J A = power < 0, W, at a point. */
void ion_audit_add(ion_audit *audit, double power, uint64_t point);

/** Add the audit of other points; the order does not matter. */
void ion_audit_merge(ion_audit *audit, const ion_audit *other);

#endif
