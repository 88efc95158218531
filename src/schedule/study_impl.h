/* Shared by the files that make up a study. */
#ifndef ION_STUDY_IMPL_H
#define ION_STUDY_IMPL_H

#include <ion/schedule.h>

enum {
  ION_STUDY_BATCH =
      2048,           /* points handed to the solver together: few of its lanes wait at the end */
  ION_STUDY_TILE = 64 /* points reported together: their rows stay in the cache */
};

/* Texts a schema borrows. */
typedef struct {
  ion_store_schema schema;
  ion_store_dim *dim;
  ion_store_var *coordinate, *output;
  size_t n_text, n_text_allocated;
  char **text; /* every name and unit of the above */
} study_header;

/* Rows of one batch, made before the first point. */
typedef struct {
  PetscBool is_ready;
  ion_solver *solver;
  ion_block theta, factors, x;
  ion_work work;
  double *eigen_re, *eigen_im;
  unsigned char *reached;
  ion_response *response; /* NULL where no local sensitivity is wanted */
  double *derivative;
  ion_range *range;
  ion_audit *audit; /* [n_process] */
} study_rows;

struct ion_study {
  ion_units *units;
  ion_spec *sweep; /* NULL for a study of a model as it stands */
  ion_spec *model_file;
  ion_spec *spare[2]; /* design and outputs that were not written */
  const ion_node *design_node, *outputs_node;
  ion_model *model;
  ion_design *design;
  ion_outputs *outputs;
  const char *title;
  ion_store_type precision;
  unsigned char *is_set; /* [n quantities] given by `set:` or --set */
  char *canonical;
  study_header header;
  study_rows rows;
};

/* Fill study->canonical and study->header from the checked parts. */
PetscErrorCode ion_study_describe(ion_study *study);
PetscErrorCode ion_study_undescribe(ion_study *study);
PetscErrorCode ion_study_free_rows(ion_study *study);

/* The file of a model name, looked for in `models` of the folder `beside` first. */
PetscErrorCode ion_library_find(const char *beside, const char *name, char *path, size_t size,
                                PetscBool *found);

/* The nearest name of the library, or NULL; copied into `nearest`. */
PetscErrorCode ion_library_suggest(const char *name, char *nearest, size_t size, PetscBool *found);

#endif
