/* What a study can compute, and the outputs a task hands to it. */
#include "study_impl.h"

static const study_task *const tasks[] = {&ion_task_steady_state, &ion_task_threshold,
                                          &ion_task_time_course, &ion_task_function};

const study_task *const *ion_study_tasks(size_t *n)
{
  *n = ION_COUNT(tasks);
  return tasks;
}

const ion_node *ion_study_section(const ion_study *study)
{
  return study->sweep ? ion_node_find(ion_spec_root(study->sweep), study->task->section) : NULL;
}

PetscErrorCode ion_study_add_output(ion_study *study, const ion_output *output)
{
  PetscFunctionBegin;
  if (study->n_output == study->n_output_allocated) {
    const size_t n = 2 * study->n_output_allocated + 64;

    PetscCall(PetscRealloc(n * sizeof(const ion_output *), &study->output));
    study->n_output_allocated = n;
  }
  study->output[study->n_output++] = output;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_study_add_outputs(ion_study *study, const ion_outputs *outputs)
{
  PetscFunctionBegin;
  for (size_t i = 0; i < ion_outputs_count(outputs); i++)
    PetscCall(ion_study_add_output(study, ion_outputs_at(outputs, i)));
  PetscFunctionReturn(PETSC_SUCCESS);
}
