/* A study into its result file: the output is checked, locked, made or taken up again, then dealt. */
#include "run_impl.h"
#include "study_sums.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- chunks ---- */

/* Solve what is pending of a chunk of which n_found points are there. */
static PetscErrorCode solve_rest(ion_run *r, uint64_t first, size_t n, size_t n_found,
                                 const ion_isolation *how)
{
  PetscFunctionBegin;
  if (n_found == 0)
    PetscCall(ion_study_solve_by(r->study, first, n, how, r->data, r->status));
  else if (n_found < n)
    PetscCall(ion_extension_complete(&r->extension, r->study, first, n, how, r->data, r->status));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Points of a finished chunk whose outcome is to be found anew, one by one. */
static PetscErrorCode retry_points(ion_run *r, uint64_t first, size_t n, const ion_isolation *how,
                                   size_t *n_retried)
{
  PetscFunctionBegin;
  *n_retried = 0;
  for (size_t p = 0; p < n; p++) {
    ion_block column = r->data;

    if (!ion_run_retries(r, r->status[p])) continue;
    column.data += p;
    PetscCall(ion_study_solve_isolated(r->study, first + p, 1, how, column, r->status + p));
    (*n_retried)++;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Are there points that ended their process? */
static PetscBool has_given_up(const ion_run *r, size_t n)
{
  return (PetscBool)(memchr(r->status, ION_CRASHED, n) || memchr(r->status, ION_TIMED_OUT, n));
}

PetscErrorCode ion_run_write_chunk(ion_run *r, uint64_t chunk, ion_tally *tally)
{
  const double start = MPI_Wtime();

  PetscFunctionBegin;
  PetscCall(ion_store_write_chunk(r->store, chunk, r->data, r->status));
  tally->write_seconds += MPI_Wtime() - start;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_run_read_chunk(ion_run *r, uint64_t chunk, PetscBool *complete)
{
  PetscFunctionBegin;
  PetscCall(ion_store_read_chunk(r->store, chunk, r->data, r->status, complete));
  if (*complete) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ion_takes_read(&r->takes, chunk, r->data, r->status, complete));
  if (*complete) PetscCall(ion_store_write_chunk(r->store, chunk, r->data, r->status));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode finish_chunk(ion_run *r, uint64_t chunk, const ion_isolation *how,
                                   ion_tally *tally)
{
  double start;
  PetscBool complete;
  uint64_t first;
  size_t n, n_found, n_solved;

  PetscFunctionBegin;
  ion_store_chunk_range(r->schema, chunk, &first, &n);
  PetscCall(ion_run_read_chunk(r, chunk, &complete));
  n_found = n;
  if (!complete)
    PetscCall(ion_extension_read(&r->extension, first, n, r->data, r->status, &n_found));
  if (n_found > 0) PetscCall(ion_study_widen(r->study, first, n, r->data));
  start    = MPI_Wtime();
  n_solved = n - n_found;
  if (complete)
    PetscCall(retry_points(r, first, n, how, &n_solved));
  else
    PetscCall(solve_rest(r, first, n, n_found, how));
  tally->solve_seconds += MPI_Wtime() - start;
  if (!complete || n_solved > 0) {
    PetscCall(ion_run_write_chunk(r, chunk, tally));
    if (how && has_given_up(r, n)) PetscCall(ion_store_flush(r->store)); /* dearly bought */
  }
  tally->n_read += n - n_solved;
  ion_run_tally(r, 0, n, tally);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode work(ion_run *r, uint64_t dealt, const ion_isolation *how, ion_tally *tally)
{
  const uint64_t chunk = r->part.first + dealt * r->part.step;

  PetscFunctionBegin;
  PetscCall(r->schema->n_summed ? ion_run_unit(r, chunk, how, tally)
                                : finish_chunk(r, chunk, how, tally));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode do_chunk(void *context, uint64_t dealt, ion_tally *tally)
{
  PetscFunctionBegin;
  PetscCall(work(context, dealt, NULL, tally));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode do_isolated(void *context, uint64_t dealt, const ion_pulse *pulse,
                                  ion_tally *tally)
{
  ion_run *r              = context;
  const ion_isolation how = {.limit = r->options->point_timeout, .pulse = pulse};

  PetscFunctionBegin;
  PetscCall(work(r, dealt, &how, tally));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode do_flush(void *context)
{
  ion_run *r = context;

  PetscFunctionBegin;
  PetscCall(ion_store_flush(r->store));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the output, on rank 0, before the first point ---- */

/* Everything that makes a path unusable; nothing is touched. */
static PetscErrorCode look(const char *path, const ion_store_schema *schema,
                           const ion_run_options *options, ion_store_found *found)
{
  char why[ION_MESSAGE];

  PetscFunctionBegin;
  PetscCall(ion_store_probe(path, schema, found, why, sizeof why));
  PetscCheck(*found != ION_STORE_FOREIGN, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "%s cannot be the output: %s; it is left as it is, choose another one", path, why);
  PetscCheck(*found != ION_STORE_OTHER || options->restart, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "%s holds another study: %s; choose another output, or --restart to start over", path,
             why);
  PetscCheck(*found == ION_STORE_ABSENT || !access(path, R_OK | W_OK), PETSC_COMM_SELF,
             PETSC_ERR_USER_INPUT, "cannot write %s: %s", path, strerror(errno));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The first line of this run. Later ones learn from the log what ended it, and a job under Slurm how far it came. */
static void begin_log(const char *log_path, const char *how, const char *path)
{
  const int fd = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);

  if (fd < 0)
    fprintf(stderr, "warning: there will be no log: cannot write %s: %s\n", log_path,
            strerror(errno));
  else
    (void)close(fd);
  ion_log_event(log_path, "%s: %s", how, path);
}

static PetscErrorCode prepare(const ion_study *study, const ion_run_options *options,
                              const char *log_path, ion_store_lock **lock)
{
  const ion_store_schema *schema = ion_study_schema(study);
  const char *path               = options->output;
  ion_store_found found;
  PetscBool whole;

  PetscFunctionBegin;
  PetscCheck(path && path[0], PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "run needs an output file: -o FILE.nc");
  PetscCheck(!ion_study_refinement(study) || (!options->part.step && !options->n_take),
             PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "a boundary map grows round by round: --part and --take are for other designs");
  PetscCheck(!ion_study_refinement(study) || !options->tolerate_loss, PETSC_COMM_SELF,
             PETSC_ERR_USER_INPUT,
             "the ranks of a boundary map meet after every round: --tolerate-loss is for other "
             "designs");
  PetscCall(ion_takes_check(options, schema));
  PetscCall(ion_extension_check(study, options));
  PetscCall(look(path, schema, options, &found)); /* refuse before a side file is made */
  PetscCall(ion_store_lock_take(path, lock));
  PetscCall(look(path, schema, options, &found)); /* the last holder may have changed it */
  if ((found == ION_STORE_SAME || found == ION_STORE_TORN) && !options->restart) {
    PetscCall(ion_store_mend(path, schema, PETSC_TRUE, &whole));
    if (!whole) fprintf(stderr, "%s was damaged: what was lost is solved again\n", path);
    begin_log(log_path, "resume", path);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(ion_store_create(path, schema));
  begin_log(log_path, found == ION_STORE_ABSENT ? "create" : "restart", path);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- all ranks ---- */

/* The code of rank 0, so that all leave together; rank 0 has said why. */
static PetscErrorCode agree_with_root(MPI_Comm comm, PetscErrorCode mine, int *code)
{
  PetscFunctionBegin;
  *code = (int)mine;
  PetscCallMPI(MPI_Bcast(code, 1, MPI_INT, 0, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_run_agree(MPI_Comm comm, PetscErrorCode mine, int *code)
{
  const int here = (int)mine;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Allreduce(&here, code, 1, MPI_INT, MPI_MAX, comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode open_run(ion_run *r, const ion_run_options *options)
{
  const ion_store_schema *schema = r->schema;

  PetscFunctionBegin;
  PetscCall(ion_block_create(schema->n_output, (size_t)schema->chunk_size, &r->data));
  PetscCall(PetscCalloc1((size_t)schema->chunk_size, &r->status));
  PetscCall(
      ion_store_open(options->output, schema, options->durable, options->interval, &r->store));
  PetscCall(ion_takes_open(options, schema, &r->takes));
  PetscCall(ion_extension_open(r->study, options, &r->extension));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Where ranks do not meet again rank 0 finds the ranges of all points in the file. */
static PetscErrorCode reread(MPI_Comm comm, ion_run *r)
{
  int rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  for (uint64_t c = 0; rank == 0 && c < ion_store_n_chunk(r->schema); c++) {
    ion_tally counted = {0};
    PetscBool complete;
    uint64_t first;
    size_t n;

    ion_store_chunk_points(r->schema, c, &first, &n);
    PetscCall(ion_store_read_chunk(r->store, c, r->data, r->status, &complete));
    if (complete)
      PetscCall(r->schema->n_summed ? ion_study_recall_unit(r->study, r->data, &counted)
                                    : ion_study_widen(r->study, first, n, r->data));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* After a failed job what cannot be saved has been said already. */
static PetscErrorCode close_run(ion_run *r, PetscErrorCode failed)
{
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCall(ion_block_destroy(&r->data));
  PetscCall(PetscFree(r->status));
  PetscCall(ion_takes_close(&r->takes));
  PetscCall(ion_extension_close(&r->extension));
  if (failed) PetscCall(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  code = ion_store_close(&r->store);
  if (failed) PetscCall(PetscPopErrorHandler());
  PetscFunctionReturn(failed ? failed : code);
}

static uint64_t chunks_of_part(const ion_store_schema *schema, ion_part part)
{
  const uint64_t n = ion_store_n_chunk(schema);

  return part.first < n ? (n - part.first - 1) / part.step + 1 : 0;
}

/* All chunks are full but the last one of the study. */
static uint64_t points_of_part(const ion_store_schema *schema, ion_part part, uint64_t n_chunk)
{
  uint64_t first;
  size_t full, last;

  if (n_chunk == 0) return 0;
  ion_store_chunk_points(schema, 0, &first, &full);
  ion_store_chunk_points(schema, part.first + (n_chunk - 1) * part.step, &first, &last);
  return (n_chunk - 1) * full + last;
}

ion_job ion_run_job(const ion_run *r, const char *log_path)
{
  const ion_run_options *options = r->options;

  return (ion_job){.log_path      = log_path,
                   .stop_after    = options->stop_after,
                   .max_points    = options->max_points,
                   .patience      = options->point_timeout,
                   .isolate_all   = (PetscBool)(options->isolate || options->retry),
                   .tolerate_loss = options->tolerate_loss};
}

static PetscErrorCode run_chunks(MPI_Comm comm, ion_run *r, const char *log_path,
                                 ion_job_result *result)
{
  ion_job job = ion_run_job(r, log_path);

  PetscFunctionBegin;
  job.n_chunk  = chunks_of_part(r->schema, r->part);
  job.n_point  = points_of_part(r->schema, r->part, job.n_chunk);
  job.context  = r;
  job.chunk    = do_chunk;
  job.isolated = do_isolated;
  job.flush    = do_flush;
  PetscFunctionReturn(ion_job_run(comm, &job, result));
}

static PetscErrorCode run_locked(MPI_Comm comm, ion_study *study, const ion_run_options *options,
                                 const char *log_path, ion_job_result *result)
{
  const ion_part whole      = {.step = 1};
  const PetscBool by_rounds = (PetscBool)(ion_study_refinement(study) != NULL);
  ion_run r                 = {.study   = study,
                               .schema  = ion_study_schema(study),
                               .options = options,
                               .part    = options->part.step ? options->part : whole};
  PetscErrorCode code;
  int any;

  PetscFunctionBegin;
  code = open_run(&r, options);
  PetscCall(ion_run_agree(comm, code, &any));
  code = (PetscErrorCode)any;
  if (!code)
    code = by_rounds ? ion_run_boundary(comm, &r, log_path, result)
                     : run_chunks(comm, &r, log_path, result);
  if (!code && result->apart) code = reread(comm, &r);
  code = close_run(&r, code);
  PetscFunctionReturn(code);
}

PetscErrorCode ion_study_run(MPI_Comm comm, ion_study *study, const ion_run_options *options,
                             ion_job_result *result)
{
  char log_path[PETSC_MAX_PATH_LEN];
  ion_store_lock *lock = NULL;
  PetscErrorCode code  = PETSC_SUCCESS;
  int rank, refused;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  snprintf(log_path, sizeof log_path, "%s.log", options->output ? options->output : "");
  if (options->log) snprintf(log_path, sizeof log_path, "%s", options->log);
  if (rank == 0) code = prepare(study, options, log_path, &lock);
  PetscCall(agree_with_root(comm, code, &refused));
  if (refused) {
    PetscCall(ion_store_lock_release(&lock));
    PetscFunctionReturn((PetscErrorCode)refused);
  }
  code = run_locked(comm, study, options, log_path, result);
  PetscCall(ion_store_lock_release(&lock));
  PetscFunctionReturn(code);
}
