/* What the header says of blocks, members, inputs and marginals, for any kind of design. */
#include "sampled.h"

PetscBool ion_design_is_sampled(const ion_design *design)
{
  return (PetscBool)(design->sampled != NULL);
}

uint64_t ion_design_n_block(const ion_design *design)
{
  return design->sampled ? design->sampled->n_block : design->n_point;
}

size_t ion_design_n_replicate(const ion_design *design)
{
  return design->sampled ? design->sampled->n_replicate : 1;
}

size_t ion_design_n_member(const ion_design *design)
{
  return design->sampled ? design->sampled->n_member : 1;
}

uint64_t ion_design_seed(const ion_design *design)
{
  return design->sampled ? design->sampled->seed : 0;
}

PetscBool ion_design_is_winding(const ion_design *design)
{
  return (PetscBool)(design->sampled && design->sampled->n_level > 0);
}

size_t ion_design_n_input(const ion_design *design)
{
  return design->n_input;
}

const ion_input *ion_design_input(const ion_design *design, size_t j)
{
  return &design->input[j];
}

const ion_marginal *ion_design_marginal(const ion_design *design, size_t factor)
{
  return design->sampled ? &design->factor[factor].marginal : NULL;
}

void ion_design_scale(const ion_design *design, size_t factor, double *scale, double *offset)
{
  *scale  = design->factor[factor].scale;
  *offset = design->factor[factor].offset;
}

PetscBool ion_design_is_correlated(const ion_design *design)
{
  PetscBool any = PETSC_FALSE;

  for (size_t i = 0; design->sampled && i < design->n_factor; i++)
    if (ion_sampled_is_dependent(design, i)) any = PETSC_TRUE;
  return any;
}

const char *ion_design_warning(const ion_design *design, size_t i)
{
  return design->sampled && i < design->sampled->n_warning ? design->sampled->warning[i] : NULL;
}

PetscErrorCode ion_design_unit(const ion_design *design, uint64_t first, size_t n_point,
                               ion_block u)
{
  const size_t n = design->n_factor;

  PetscFunctionBegin;
  PetscCheck(design->sampled, PETSC_COMM_SELF, PETSC_ERR_ARG_WRONG,
             "a %s design is not made in the unit cube", design->kind->name);
  PetscCheck(first <= design->n_point && n_point <= design->n_point - first, PETSC_COMM_SELF,
             PETSC_ERR_ARG_OUTOFRANGE, "points %llu ... + %zu of a design of %llu",
             (unsigned long long)first, n_point, (unsigned long long)design->n_point);
  PetscCheck(u.n_row >= n && u.stride >= n_point, PETSC_COMM_SELF, PETSC_ERR_ARG_SIZ,
             "%zu rows of %zu points for %zu factors at %zu points", u.n_row, u.stride, n, n_point);
  for (size_t i = 0; i <= n && i < u.n_row && n_point > 0; i++)
    ion_sampled_column(design, i, NULL, first, n_point, ion_row(u, i));
  PetscFunctionReturn(PETSC_SUCCESS);
}
