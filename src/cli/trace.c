/* The course of a point as comma-separated values. */
#include "cli_impl.h"

#include <math.h>
#include <stdio.h>

static void print_header(const ion_outputs *outputs)
{
  printf("time [s]");
  for (size_t i = 0; i < ion_outputs_count(outputs); i++)
    printf(",%s [%s]", ion_outputs_at(outputs, i)->name, ion_outputs_at(outputs, i)->unit);
  printf("\n");
}

/* Samples after an event that ended the course hold nothing. */
static PetscBool is_empty(const ion_trace *trace, size_t k, size_t n)
{
  for (size_t i = 0; i < n; i++)
    if (!isnan(*ion_row(trace->value, k * n + i))) return PETSC_FALSE;
  return PETSC_TRUE;
}

static void print_samples(const ion_trace *trace)
{
  const size_t n = ion_outputs_count(trace->outputs);

  print_header(trace->outputs);
  for (size_t k = 0; k < trace->n_sample && !is_empty(trace, k, n); k++) {
    printf("%.12g", (double)k * trace->every);
    for (size_t i = 0; i < n; i++) printf(",%.10g", *ion_row(trace->value, k * n + i));
    printf("\n");
  }
}

PetscErrorCode cli_print_trace(const cli_arguments *arguments, const cli_solved *solved)
{
  ion_trace trace = {0};
  PetscErrorCode code;

  PetscFunctionBegin;
  code = ion_study_trace(solved->study, solved->index, arguments->trace, &trace);
  if (!code) print_samples(&trace);
  PetscCall(ion_trace_destroy(&trace));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}
