/** @file
 * Layer 5: a study (sweep file + model + design + outputs) and how its chunks reach the ranks.
 */
#ifndef ION_SCHEDULE_H
#define ION_SCHEDULE_H

#include <ion/design.h>
#include <ion/ledger.h>
#include <ion/model.h>
#include <ion/solver.h>
#include <ion/store.h>

#include <mpi.h>

/* ---- dispatch: chunk numbers to ranks, whatever a chunk means ---- */

enum { ION_TALLY_WORDS = 128 }; /**< room for words of outputs whose values are words */

/** What was met in some chunks; counts add up, seconds too. */
typedef struct {
  uint64_t n_point;
  uint64_t status[ION_N_STATUS];
  uint64_t class_count[ION_N_CLASS];
  /** Words of the other outputs that have some, one output after another; those that exceed the room are
   * not counted. */
  uint64_t word_count[ION_TALLY_WORDS];
  uint64_t n_read; /**< points taken over from an earlier run */
  double solve_seconds;
  double write_seconds;
  double wait_seconds;
} ion_tally;

void ion_tally_add(ion_tally *sum, const ion_tally *part);

/** Places in word_count that an output takes; 0 for `class` and where values are numbers. */
size_t ion_tally_words(const ion_output *output);

/** To be called now and then by work that may take long, so that its rank does not count as lost. */
typedef struct {
  PetscErrorCode (*beat)(void *context);
  void *context;
} ion_pulse;

/** Work that is cut into chunks. `chunk` is called on the ranks that work, once a chunk (again where the
 * rank that had it fell silent: it must give the same); `flush` before a rank leaves and before the job
 * is reported as stopped.
 *
 * A chunk that ended its rank (by the log: a crash; a kill or loss without a known reason, twice; or
 * silence beyond `patience`) is given to `isolated` instead, for which a crash or an endless loop inside
 * a point is data. */
typedef struct {
  uint64_t n_chunk;
  uint64_t n_point;
  void *context;
  PetscErrorCode (*chunk)(void *context, uint64_t chunk, ion_tally *tally);
  /** As chunk, but survives its points; NULL: the same as chunk. `pulse` may be NULL. */
  PetscErrorCode (*isolated)(void *context, uint64_t chunk, const ion_pulse *pulse,
                             ion_tally *tally);
  PetscErrorCode (*flush)(void *context);
  const char *log_path; /**< append-only log of events, one line each; NULL for none */
  double stop_after;    /**< s after which no chunk is dealt any more; 0 for no limit */
  /** Points solved (not read) after which no chunk is dealt any more, those in hand counted in; 0 for no
   * limit. */
  uint64_t max_points;

  /** s of silence, besides ten times the longest chunk so far, after which a rank that works counts as
   * lost and its chunks are dealt again; ten times as much before any chunk is done. A rank alone ends
   * itself. 0: never. */
  double patience;
  PetscBool isolate_all;   /**< every chunk goes to `isolated` */
  PetscBool tolerate_loss; /**< ranks but 0 may die (mpirun --enable-recovery); without rank 0 the
                                others leave by _exit */
  const char
      *label; /**< which of several jobs it is, said with its progress; NULL for an only one */
} ion_job;

/** Why a job ended before its last chunk. */
typedef enum { ION_STOP_NONE, ION_STOP_SIGNAL, ION_STOP_TIME, ION_STOP_POINTS } ion_stop;

typedef struct {
  PetscBool stopped; /**< asked to stop; finished chunks are saved, the rest is pending */
  int signal;        /**< which signal asked, or 0 */
  PetscBool apart;   /**< ranks are lost or may be: nothing collective may follow */
  int n_lost;        /**< ranks that fell silent; MPI_Abort must end them */
  double seconds;
  ion_tally tally; /**< of all ranks; valid on rank 0 */
} ion_job_result;

/** Deal the chunks of a job: rank 0 deals on request, all others work; a single rank does both.
 *
 * Collective over `comm`, point to point only. SIGINT, SIGTERM and SIGUSR1 on any rank, and the
 * limits of the job, stop the dealing; running chunks are finished. Rank 0 shows a progress line on a
 * terminal and plain lines every few seconds elsewhere (stderr).
 *
 * @return the first error a chunk raised on any rank; every rank then returns non-zero
 */
PetscErrorCode ion_job_run(MPI_Comm comm, const ion_job *job, ion_job_result *result);

/** Append one line "2026-01-31T12:00:00Z text" to a log; NULL for none. A log that cannot be written stops no job. */
void ion_log_event(const char *path, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Between two jobs: all ranks learn what rank 0 knows. Collective over `comm`, point to point only: ranks but 0
 * may have died since the last job.
 *
 * @param[in,out] data    of `size` bytes: read on rank 0, written on the others
 * @param[in]     seconds s after which a rank that does not answer counts as lost; INFINITY for never
 * @param[out]    n_lost  ranks that are lost, on all others alike: above 0 nothing collective may follow
 */
PetscErrorCode ion_ranks_meet(MPI_Comm comm, void *data, size_t size, double seconds, int *n_lost);

/** Note SIGINT, SIGTERM and SIGUSR1 also between the jobs of a run of several: the next job is then
 * stopped at once. Restore puts the previous handlers back. May be nested. */
typedef struct ion_signals ion_signals;
PetscErrorCode ion_signals_catch(ion_signals **signals);
PetscErrorCode ion_signals_restore(ion_signals **signals);

/* ---- study ---- */

typedef struct ion_study ion_study;

/** `--set name=value`, applied after the sweep's own `set:`. */
typedef struct {
  const char *name;
  const char *value;
} ion_override;

/** Read a sweep file (or a model file or name: a study of one point, the model as it stands).
 *
 * Not collective; every rank reads for itself and comes to the same result.
 *
 * @return PETSC_ERR_USER_INPUT with file, line and column for anything wrong in sweep, model or override
 */
PetscErrorCode ion_study_open(const char *path, const ion_override *set, size_t n_set,
                              ion_study **study);

/** The same with another number of `samples` (`trajectories`) in its sampled design, as if the sweep said so:
 * its text, which the result file holds, differs in that number alone.
 *
 * @param[in] samples  in all, shared by the replicates; 0: as the sweep says
 */
PetscErrorCode ion_study_open_sized(const char *path, const ion_override *set, size_t n_set,
                                    uint64_t samples, ion_study **study);
/** Make the study of a result file again from what the file says: sweep, model and `--set` as they were
 * then, points of an imported table from the coordinates.
 *
 * @return PETSC_ERR_USER_INPUT when it is no result file, or this program makes another study of it
 */
PetscErrorCode ion_study_reopen(const char *path, ion_study **study);
PetscErrorCode ion_study_close(ion_study **study);

const char *ion_study_title(const ion_study *study);
const ion_model *ion_study_model(const ion_study *study); /**< NULL for `solve: function` */
const char *ion_study_subject(const ion_study *study);    /**< name of the model or function */

/** What may be set and varied, [n]; the first n_theta of it are the rows of theta. */
const ion_quantity *ion_study_quantities(const ion_study *study, size_t *n, size_t *n_theta);

const ion_design *ion_study_design(const ion_study *study);

/** What `solve:` says: steady_state, threshold, ... */
PetscBool ion_study_is(const ion_study *study, const char *solve);

/** What is reported at each point, in order. */
size_t ion_study_n_output(const ion_study *study);
const ion_output *ion_study_output_at(const ion_study *study, size_t i);

/** How a boundary map is refined; NULL for any other study. */
const ion_refinement *ion_study_refinement(const ion_study *study);

/** The output a boundary map tells apart (ion_refinement.of), or ion_study_n_output. */
size_t ion_study_boundary_output(const ion_study *study);

/** What the result file's header says; borrowed from the study. */
const ion_store_schema *ion_study_schema(const ion_study *study);

/** Evaluate points first ... first + n_point - 1.
 *
 * @param[out] data    [n_output][n_point] in the units of the file; NaN where a point has no state
 * @param[out] status  [n_point]
 */
PetscErrorCode ion_study_solve(ion_study *study, uint64_t first, size_t n_point, ion_block data,
                               unsigned char *status);

/** How points are solved in child processes. */
typedef struct {
  double limit;           /**< s a point, before it is given up; 0 for none */
  const ion_pulse *pulse; /**< or NULL */
} ion_isolation;

/** As ion_study_solve, with the same bits, in child processes: a point that crashes has status
 * ION_CRASHED, one that exceeds the limit ION_TIMED_OUT, and its data are NaN. */
PetscErrorCode ion_study_solve_isolated(ion_study *study, uint64_t first, size_t n_point,
                                        const ion_isolation *how, ion_block data,
                                        unsigned char *status);

/** Evaluate the points of a unit, and sum them.
 *
 * @param[in]  how   in child processes, as ion_study_solve_isolated; or NULL
 * @param[out] rows  [n_output][chunk_size] of the schema
 */
PetscErrorCode ion_study_sum_unit(ion_study *study, uint64_t unit, const ion_isolation *how,
                                  ion_block rows);

/** Add the points of a unit by status to `n` [ION_N_STATUS], from its rows. */
PetscErrorCode ion_study_unit_statuses(const ion_study *study, ion_block rows, uint64_t *n);

/** Theta of points first ..., as the solver sees it: [n_theta][n_point] SI. */
PetscErrorCode ion_study_theta(ion_study *study, uint64_t first, size_t n_point, ion_block theta);

/** The course of one point of a time-course study, sampled. */
typedef struct {
  double every; /**< s */
  size_t n_sample;
  unsigned char status; /**< ion_status */
  const ion_outputs
      *outputs;    /**< what is sampled: all that the study's outputs and events watch; borrowed */
  ion_block value; /**< [n_sample * n_output][1] sample by sample, NaN after the course has ended */
} ion_trace;

/** @param[in] every  as typed: "1 s"; destroy the trace, also after an error
 *
 * @return PETSC_ERR_USER_INPUT for a study that follows no time course */
PetscErrorCode ion_study_trace(ion_study *study, uint64_t index, const char *every,
                               ion_trace *trace);
PetscErrorCode ion_trace_destroy(ion_trace *trace);

/** Report everything the model can instead of what the sweep asks for; for tables, not for files. */
PetscErrorCode ion_study_report_all(ion_study *study);

/** Range of an output, and the points where it is met; NaN before a value was met. */
typedef struct {
  double lower, upper;
  uint64_t at_lower, at_upper;
} ion_range;

/** Widen a range by a value met at a point; of equal values the first point counts, NaN never. */
void ion_range_widen(ion_range *range, double value, uint64_t point);

/** Widen the ranges of this rank by points that were solved earlier; ion_study_solve does so itself.
 *
 * @param[in] data  [n_output][n_point] of points first, first + 1, ..., in the units of the file
 */
PetscErrorCode ion_study_widen(ion_study *study, uint64_t first, size_t n_point, ion_block data);

/** Ranges over the points this rank has solved or read back: [n_output], then of |total.closure|/total.fuel_power
 * where both are outputs. NULL before the first point. */
const ion_range *ion_study_ranges(const ion_study *study);

/** Second-law audit over the points this rank has solved in this run, [n_process]; NULL before the first. */
const ion_audit *ion_study_audit(const ion_study *study);

/** A branch of the study's model as a table: arclength, real part and frequency of the leading eigenvalue, number of
 * unstable eigenvalues, ion_place_kind, then the outputs. [5 + n_output][n]; the caller destroys it. */
PetscErrorCode ion_study_branch_table(ion_study *study, const ion_branch *branch, size_t parameter,
                                      const ion_outputs *outputs, ion_block *table);

/** Write that table as a result file over `point`. */
PetscErrorCode ion_study_branch_write(ion_study *study, const ion_branch *branch, size_t parameter,
                                      const ion_outputs *outputs, ion_block table,
                                      const char *path);

/** The models found by name: in `models` of the present folder, the folders of ION_MODEL_PATH (colons
 * between), sweeps/models, and the installed share folder. The caller destroys it. */
typedef struct {
  size_t n;
  char **name; /**< sorted */
  char **path;
} ion_library;
PetscErrorCode ion_library_create(ion_library *library);
PetscErrorCode ion_library_destroy(ion_library *library);

/** One part of a study's chunks, to be solved by a run of its own: first, first + step, first + 2 step, ... */
typedef struct {
  uint64_t first;
  uint64_t step; /**< how many parts there are; 0 for the whole study */
} ion_part;

/** Options of `run`. */
typedef struct {
  const char *output; /**< FILE.nc */
  PetscBool restart;  /**< start over even when the file is this study's */
  ion_durable durable;
  double interval;         /**< s between syncs */
  double stop_after;       /**< s, as in ion_job */
  uint64_t max_points;     /**< as in ion_job */
  double point_timeout;    /**< s a point may take; 0: any time */
  PetscBool isolate;       /**< all points in child processes */
  PetscBool tolerate_loss; /**< as in ion_job */
  unsigned retry;          /**< bits 1 << ion_status: points of these statuses are solved again */
  ion_part part;
  size_t n_take;
  const char *const
      *take; /**< [n_take] other files of this study, whose finished chunks are copied */
  const char
      *extend; /**< file of a smaller study this one starts with, whose finished points are copied;
                         or NULL */
  const char *log; /**< NULL: `output` with .log after it */
} ion_run_options;

/** Solve a study into its result file, resuming where an earlier run left off.
 *
 * Collective over `comm`. Rank 0 creates, locks and logs.
 *
 * @return PETSC_ERR_USER_INPUT before the first point when the output, or a file to take from, cannot
 * be used
 */
PetscErrorCode ion_study_run(MPI_Comm comm, ion_study *study, const ion_run_options *options,
                             ion_job_result *result);

#endif
