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

/* What a study computes at its points, one file a task; `solve:` names it. */
typedef struct {
  const char *word;
  const char *section; /* key of the sweep that belongs to it, or NULL */
  const char *summary; /* "Steady states": what the file is said to hold */

  /* Find what `model:` names where it is no model: study->function and its inputs. NULL: a model. */
  PetscErrorCode (*find)(ion_study *study, const ion_node *model);

  /* Read the task's section and outputs, after model and design are made: study->state, and
   * study->output through ion_study_add_output. */
  PetscErrorCode (*open)(ion_study *study);
  /* Report everything there is instead of what the sweep asks for. */
  PetscErrorCode (*open_all)(ion_study *study);
  PetscErrorCode (*close)(ion_study *study); /* also of a half-opened one */

  /* The section without comments, layout or order, appended to `text`. */
  PetscErrorCode (*canonical)(const ion_study *study, char **text);
  uint64_t (*most_points)(const ion_study *study); /* of a chunk: up to a second or so of work */

  /* Make what solving needs, once, before the first point. */
  PetscErrorCode (*prepare)(ion_study *study);

  /* Evaluate points first, first + 1, ... with parameters theta [n_theta][n_point] SI.
   * data [n_output][n_point], NaN where a point has no value; status [n_point]. */
  PetscErrorCode (*solve)(ion_study *study, uint64_t first, ion_block theta, ion_block data,
                          unsigned char *status);
} study_task;

/* Every task, and the one of a word. */
extern const study_task ion_task_steady_state, ion_task_threshold, ion_task_time_course,
    ion_task_function;
const study_task *const *ion_study_tasks(size_t *n);

/* Rows of one batch, made before the first point. */
typedef struct {
  PetscBool is_ready;
  ion_block theta, factors;
  ion_range *range;
} study_rows;

/* Where a study is read from: files, or what a result file says. */
typedef struct {
  const char *path;        /* of the sweep or model, or of the result file */
  const ion_override *set; /* [n_set] */
  size_t n_set;
  uint64_t samples;           /* in all, of a sampled design; 0: as the sweep says */
  const ion_store_file *file; /* the result file, or NULL */
} study_source;

typedef struct study_sums study_sums; /* study_sums.h */

struct ion_study {
  ion_units *units;
  ion_spec *sweep; /* NULL for a study of a model as it stands */
  ion_spec *model_file;
  ion_spec *spare[2]; /* design and outputs that were not written */
  const ion_node *design_node, *outputs_node;
  ion_model *model; /* NULL for a study of a function */
  const ion_function
      *function; /* NULL for a study of a model; its inputs, with their names, are: */
  ion_quantity *input;
  size_t n_input;
  char *input_name, *input_meaning;
  ion_design *design;
  const study_task *task;
  void *state;               /* the task's own */
  const ion_output **output; /* [n_output], owned by the task */
  size_t n_output, n_output_allocated;
  ion_audit *audit; /* [n_process] of the points solved, or NULL where the task keeps none */
  study_sums *sums; /* NULL where the file keeps points */
  const char *title;
  ion_store_type precision;
  unsigned char *is_set; /* [n quantities] given by `set:` or --set */
  char *canonical;
  char *overrides; /* "name=value" lines, or NULL */
  study_header header;
  study_rows rows;
};

/* Keep a text for as long as the header lives: as it is, as a NetCDF name ('_' for '.'), as a unit any reader knows. */
PetscErrorCode ion_header_keep(study_header *header, const char *text, const char **kept);
PetscErrorCode ion_header_keep_name(study_header *header, const char *name, const char **kept);
PetscErrorCode ion_header_keep_unit(study_header *header, const char *unit, const char **kept);

/* Fill study->canonical and study->header from the checked parts. */
PetscErrorCode ion_study_describe(ion_study *study);
PetscErrorCode ion_study_undescribe(ion_study *study);
PetscErrorCode ion_study_make_rows(ion_study *study);
PetscErrorCode ion_study_free_rows(ion_study *study);
PetscErrorCode ion_study_make_ranges(ion_study *study);

/* What the file of the study of the first points of this one says of itself. */
typedef struct study_start {
  ion_store_schema schema; /* its canonical is NULL where there is no such study */
  ion_store_dim dim[2];
  char *canonical, *sweep_text;
} study_start;
PetscErrorCode ion_study_start_create(const ion_study *study, uint64_t n_point, study_start *start);
PetscErrorCode ion_study_start_destroy(study_start *start); /* also a half-made one */

/* Where the sweep says how many samples there are, or NULL. */
const ion_node *ion_study_size_node(const ion_study *study);
/* Read all parts; *study is allocated, and closed by the caller also after an error. */
PetscErrorCode ion_study_read(const study_source *source, ion_study *study);

/* The design of a study whose points came from a file, by the coordinates of the result file. */
PetscErrorCode ion_study_restore_points(ion_study *study, const study_source *source);

/* Count points: data [n_output][n], status [n]. */
void ion_study_tally(const ion_study *study, ion_block data, const unsigned char *status, size_t n,
                     ion_tally *tally);

/* Output `class`, or n_output. */
size_t ion_study_class_row(const ion_study *study);

/* Append an output; the task owns it. */
PetscErrorCode ion_study_add_output(ion_study *study, const ion_output *output);

/* Append every output of a selection. */
PetscErrorCode ion_study_add_outputs(ion_study *study, const ion_outputs *outputs);

/* Free the inputs of a function. */
PetscErrorCode ion_study_free_inputs(ion_study *study);

/* The section of the task in the sweep, or NULL. */
const ion_node *ion_study_section(const ion_study *study);

/* Rows of theta that the design varies; [n_factor + 1], the last one left to the caller. PetscFree it. */
PetscErrorCode ion_study_varying(const ion_study *study, int **row);

/* Points first, first + 1, ... of a block; `first` is a multiple of ION_PAD. */
static inline ion_block ion_points_from(ion_block block, size_t first, size_t n)
{
  block.data += first;
  block.n_point = n;
  return block;
}

/* ion_study_solve, or ion_study_solve_isolated where it is said how. */
static inline PetscErrorCode ion_study_solve_by(ion_study *study, uint64_t first, size_t n_point,
                                                const ion_isolation *how, ion_block data,
                                                unsigned char *status)
{
  return how ? ion_study_solve_isolated(study, first, n_point, how, data, status)
             : ion_study_solve(study, first, n_point, data, status);
}

/* Evaluate the model or function as it stands, with no factor varied: data [n_output][1], status [1]. */
PetscErrorCode ion_study_solve_reference(ion_study *study, ion_block data, unsigned char *status);

/* Evaluate points that need not be neighbours, as ion_study_solve does. */
PetscErrorCode ion_study_solve_points(ion_study *study, const uint64_t *point, size_t n_point,
                                      ion_block data, unsigned char *status);

/* The same in child processes, as ion_study_solve_isolated does. */
PetscErrorCode ion_study_solve_points_isolated(ion_study *study, const uint64_t *point,
                                               size_t n_point, const ion_isolation *how,
                                               ion_block data, unsigned char *status);

/* Refuse a boundary map of what is no output with named values. */
PetscErrorCode ion_study_check_boundary(const ion_study *study);

/* text += part */
PetscErrorCode ion_study_append(char **text, const char *part);

/* The file of a model name, looked for in `models` of the folder `beside` first. */
PetscErrorCode ion_library_find(const char *beside, const char *name, char *path, size_t size,
                                PetscBool *found);

/* The nearest name of the library, or NULL; copied into `nearest`. */
PetscErrorCode ion_library_suggest(const char *name, char *nearest, size_t size, PetscBool *found);

#endif
