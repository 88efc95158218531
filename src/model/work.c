/* Working room of an evaluation, and what is read off it. */
#include "base/vecmath.h"
#include "model_impl.h"

#include <math.h>
#include <string.h>

static ion_block view(ion_block scratch_, int row, size_t n)
{
  return (ion_block){.data    = n ? ion_row(scratch_, (size_t)row) : NULL,
                     .n_row   = n,
                     .n_point = scratch_.n_point,
                     .stride  = scratch_.stride};
}

PetscErrorCode ion_work_create(const ion_model *model, size_t n_point, ion_work *work)
{
  PetscFunctionBegin;
  PetscCall(ion_work_create_extended(model, n_point, 0, work));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_work_create_extended(const ion_model *model, size_t n_point, size_t n_extra,
                                        ion_work *work)
{
  const ion_network *n = &model->network;

  PetscFunctionBegin;
  memset(work, 0, sizeof *work);
  PetscCall(ion_block_create(model->n_scratch + n_extra, n_point, &work->scratch));
  work->extra = view(work->scratch, (int)model->n_scratch, n_extra);
  work->F     = view(work->scratch, model->row_F, model->n_state);
  work->jac   = view(work->scratch, model->row_jac, model->pattern.n_nonzero);
  work->c     = view(work->scratch, model->row_c, n->n_pool);
  work->ln_c  = view(work->scratch, model->row_ln_c, n->n_pool);
  work->V     = view(work->scratch, model->row_V, n->n_compartment);
  work->v     = view(work->scratch, model->row_v, n->n_compartment);
  work->w     = view(work->scratch, model->row_w, n->n_compartment);
  work->Pi    = view(work->scratch, model->row_Pi, n->n_compartment);
  work->J     = view(work->scratch, model->row_J, n->n_process);
  work->A     = view(work->scratch, model->row_A, n->n_process);
  work->gate  = view(work->scratch, model->row_gate, 3 * n->n_gate);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_work_destroy(ion_work *work)
{
  PetscFunctionBegin;
  PetscCall(ion_block_destroy(&work->scratch));
  memset(work, 0, sizeof *work);
  PetscFunctionReturn(PETSC_SUCCESS);
}

const ion_pattern *ion_model_pattern(const ion_model *model)
{
  return &model->pattern;
}

void ion_model_mass(const ion_model *model, const ion_work *work, size_t i, size_t n_point,
                    double *mass)
{
  const int q         = model->row_pool[i];
  const double *n     = q < 0 ? NULL : ion_row(work->scratch, (size_t)model->plan[q].amount);
  const double *share = q < 0 || model->plan[q].rule != ION_POOL_PAIR
                            ? NULL
                            : ion_row(work->scratch, (size_t)model->plan[q].share + 1);

  for (size_t p = 0; p < n_point; p++)
    mass[p] = q < 0 || model->row_kind_equilibrium[i] >= 0
                  ? 0
                  : model->row_scale[i] * n[p] * (share ? share[p] : 1);
}

void ion_model_imbalance(const ion_model *model, const ion_work *work, size_t n_point,
                         double *imbalance)
{
  for (size_t p = 0; p < n_point; p++) {
    double largest = 0, worst = 0;

    for (size_t r = 0; r < model->network.n_process; r++) {
      const double J = fabs(ion_row(work->J, r)[p]);

      if (!(model->process[r].kind->flags & ION_MOVES_VOLUME)) largest = ion_max_or_nan(largest, J);
    }
    for (size_t q = 0; q < model->network.n_pool; q++) {
      double sum = 0;

      if (model->pool[q].clamped) continue;
      for (size_t r = 0; r < model->network.n_process; r++)
        for (size_t t = 0; t < model->process[r].n_pool; t++)
          if (model->process[r].term[t].pool == (int)q)
            sum += model->process[r].term[t].nu * ion_row(work->J, r)[p];
      worst = ion_max_or_nan(worst, fabs(sum));
    }
    imbalance[p] = largest > 0 ? worst / largest : worst;
  }
}
