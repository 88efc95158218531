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

/** The values of `reached` the verdict tells apart; those of ion_reached in <ion/solver.h>. */
enum { ION_LEDGER_REACHED_NOT = 0, ION_LEDGER_REACHED_DEPARTED = 3 };

/** One thing that can be reported. */
typedef struct {
  const char *name;  /**< "neuron.nka.efficiency" */
  const char *group; /**< state, nernst, atp, ledger, ledger.total, stability, class */
  const char *unit;  /**< as printed: "mV" */
  const char *long_name;
  double scale; /**< reported value = scale * SI value */
} ion_output;

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
PetscErrorCode ion_outputs_destroy(ion_outputs **outputs);
size_t ion_outputs_count(const ion_outputs *outputs);
const ion_output *ion_outputs_at(const ion_outputs *outputs, size_t i);
PetscBool ion_outputs_need_eigenvalue(const ion_outputs *outputs); /**< stability or class wanted */

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

#endif
