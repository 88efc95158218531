/* Shared by the verbs of the command line. */
#ifndef ION_CLI_IMPL_H
#define ION_CLI_IMPL_H

#include <ion/schedule.h>
#include <ion/sensitivity.h>

#ifndef ION_VERSION
#define ION_VERSION "0.1.0"
#endif

/* Exit statuses a user can rely on. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_BAD_INPUT = 2, EXIT_STOPPED = 99 };

enum {
  CLI_MAX_RANKS = 16,
  CLI_MAX_BRIEF = 3 /* factors whose values are printed in place of the number of a point */
};

/* What was typed; texts are those of argv, but for the overrides, which are cut from a copy. */
typedef struct {
  const char *file;  /* the word after the verb: a file, a model, or what to list */
  const char *model; /* the word after that: of `list parameters MODEL` */
  const char *output;
  const char *csv; /* table of `analyze` */
  size_t n_set;
  ion_override *set;
  char **set_text; /* [n_set] the copies */
  PetscBool restart, json, help;
  ion_durable durable;
  double interval;   /* s */
  double stop_after; /* s; 0: no limit */
  uint64_t max_points, index;
  ion_part part;
  size_t n_take;
  const char **take; /* [n_take] */
  const char *extend;
  const char *until;    /* condition as typed, or NULL */
  double point_timeout; /* s */
  PetscBool isolate, tolerate_loss;
  unsigned retry;           /* bits of ion_status */
  uint64_t n_resolve, seed; /* points to solve again */
  size_t n_ranks;
  int ranks[CLI_MAX_RANKS];
  PetscBool check_derivatives;
  const char *trace;          /* time between samples as typed, or NULL */
  const char *in, *from, *to; /* of `branch`: the parameter and its range */
  size_t places;
  const char *of,
      *by; /* outputs and parameters of that check, commas between; NULL: the usual ones */
} cli_arguments;

typedef struct {
  const char *name;
  const char *usage;
  const char *help;    /* what it does, in sentences */
  const char *options; /* names of its options, each followed by a space */
  int min_word, max_word;
  PetscBool all_ranks; /* runs on every rank, else on rank 0 alone */
  PetscErrorCode (*run)(MPI_Comm comm, const cli_arguments *arguments, int *exit_status);
} cli_verb;

extern const cli_verb cli_run, cli_plan, cli_point, cli_branch, cli_analyze, cli_list, cli_verify;

/* All verbs, NULL at the end. */
extern const cli_verb *const cli_verbs[];

/* The two halves of a command line, made before MPI and PETSc start: options with one dash and more
 * than one letter are PETSc's, with the word that follows unless it is ours to read. */
typedef struct {
  int argc, petsc_argc;
  char **argv, **petsc_argv;
} cli_words;
PetscBool cli_words_split(int argc, char **argv, cli_words *words);
void cli_words_free(cli_words *words);

/* Read the words after the verb. */
PetscErrorCode cli_arguments_read(const cli_verb *verb, int argc, char **argv,
                                  cli_arguments *arguments);
PetscErrorCode cli_arguments_free(cli_arguments *arguments);

void cli_print_overview(void);
void cli_print_help(const cli_verb *verb);

/* ---- how `run` and its --until solve a study ---- */

/* Every rank reads the study, or all learn that one cannot; samples 0: as the sweep says. */
PetscErrorCode cli_open_study(MPI_Comm comm, const cli_arguments *arguments, uint64_t samples,
                              ion_study **study);
ion_run_options cli_run_options(const cli_arguments *arguments);
PetscErrorCode cli_solve(MPI_Comm comm, ion_study *study, const ion_run_options *options,
                         ion_job_result *result);

/* A rank is lost: end the job with the exit status it has earned; does not return. */
void cli_end_lost_job(MPI_Comm comm, const ion_run_options *options, int n_lost, int exit_status);

/* The summary, and the exit status of a run that was stopped; does not return where ranks were lost. */
PetscErrorCode cli_print_outcome(MPI_Comm comm, const ion_study *study,
                                 const ion_run_options *options, const ion_job_result *result,
                                 int *exit_status);

/* All tables of an analysis that a screen holds; `path` is a title for one without. */
PetscErrorCode cli_print_analysis(const ion_analysis *a, const char *path);

/* Double the samples of a study until a condition on its indices holds. */
PetscErrorCode cli_run_until(MPI_Comm comm, const cli_arguments *arguments, int *exit_status);

/* ---- what several verbs print ---- */

/* An SI value in a unit: the number a user reads. */
PetscErrorCode cli_from_si(const ion_units *units, const char *unit, double si, double *number);

/* "energy_supply = 0.4, temperature = 30 degC" of a point, at most `size` bytes. */
PetscErrorCode cli_point_text(const ion_study *study, uint64_t index, char *text, size_t size);

/* "0.4, 30" of a point with a few factors, "point 17" of any other. */
PetscErrorCode cli_point_brief(const ion_study *study, uint64_t index, char *text, size_t size);

/* What a user should know about the design, on stderr. */
void cli_print_warnings(const ion_study *study);

/* "12.3 MB" */
void cli_size_text(double bytes, char *text, size_t size);

/* "2 h 03 min", "41 s", "0.12 s" */
void cli_time_text(double seconds, char *text, size_t size);

/* Word `value` of the words of a flag, copied into `word`; "-" beyond the last. */
const char *cli_flag_word(const char *flags, double value, char *word, size_t size);

/* One solved point, every output of its model. */
typedef struct {
  ion_study *study;
  uint64_t index;
  unsigned char status;
  ion_block value; /* [n_output][1] in the unit of each output */
  ion_block theta; /* [n_theta][1] SI */
} cli_solved;

PetscErrorCode cli_print_json(const cli_solved *solved);
PetscErrorCode cli_print_tables(const cli_solved *solved);

/* Print the time course of a point, sampled. */
PetscErrorCode cli_print_trace(const cli_arguments *arguments, const cli_solved *solved);

/* Print derivatives at a point of a study by the adjoint beside those by solving again at other values of
 * the parameter; exit status 1 where they disagree. */
PetscErrorCode cli_check_derivatives(const cli_arguments *arguments, ion_study *study,
                                     int *exit_status);

/* The class of a solved point. */
const char *cli_class_of(const cli_solved *solved);

/* What a boundary map costs and can miss; nodes solved with one boundary straight across it. */
double cli_boundary_typical(const ion_refinement *how);
void cli_print_boundary_plan(const ion_refinement *how, uint64_t n_node);
void cli_print_boundary_result(const ion_refinement *how, const ion_job_result *result,
                               uint64_t n_node);

/* Sum up a run on rank 0. Collective over `comm`. */
PetscErrorCode cli_print_summary(MPI_Comm comm, const ion_study *study, const char *file,
                                 const ion_job_result *result);

#endif
