/* A boundary map into its result file, round by round. Each round is a job whose units of work are chunks of the file
 * that hold a node of it, so that every chunk has one writer at a time. What a round asks for follows from the classes
 * of all earlier ones alone: a run that is taken up again goes through the same rounds, and reads what it finds
 * instead of solving it. */
#include "run_impl.h"
#include "study_impl.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
  N_VALUE      = 32, /* values of an output that can be told apart */
  UNIT_CHUNKS  = 16, /* most chunks in hand, which share few nodes */
  UNIT_NODES   = 64, /* solved together: enough for all lanes of the solver */
  UNIT_LEAST   = 8,  /* the same, of a small round */
  UNITS_WANTED = 32  /* so that the ranks share a round */
};

/* A chunk in hand, in rows of its own. */
typedef struct {
  ion_run run;
  uint64_t chunk, first;
  size_t n;
  PetscBool changed;
} part;

typedef struct {
  ion_run *run;
  ion_boundary *map;
  size_t of_row;        /* output the map tells apart */
  const uint64_t *node; /* nodes of this round, ascending */
  size_t n_node;
  size_t *unit; /* unit u has node[unit[u]] ... node[unit[u + 1] - 1], all nodes of its chunks */
  size_t n_unit;
  const unsigned char *filled; /* kinds of all nodes, in the end */
  part part[UNIT_CHUNKS];
  size_t n_part;
  uint64_t *missing; /* nodes of the chunks in hand that must be solved now */
  size_t n_missing;
  ion_block solved; /* [n_output][chunk_size] */
  unsigned char *solved_status;
  const ion_isolation *how; /* of the unit in hand, or NULL */
} mapping;

/* ---- kinds ---- */

/* Nodes are of one kind when both status and value agree. What failed for reasons of the machine says nothing of the
 * model, and agrees with everything. */
static unsigned char kind_from(unsigned char status, double value)
{
  const int v = value >= 0.0 && value < (double)N_VALUE ? (int)value : 0; /* NaN is stored as 0 */

  if (status == ION_TIMED_OUT || status == ION_CRASHED) return ION_KIND_ANY;
  return (unsigned char)(1 + (status - ION_OK) * N_VALUE + v);
}

static double value_of(unsigned char kind)
{
  return kind == ION_KIND_UNKNOWN || kind == ION_KIND_ANY ? 0.0 : (double)((kind - 1) % N_VALUE);
}

_Static_assert(1 + (ION_INFEASIBLE - ION_OK) * N_VALUE + N_VALUE - 1 < ION_KIND_ANY,
               "a kind is a byte");

/* ---- chunks in hand ---- */

static PetscBool is_solved(const ion_run *run, unsigned char status)
{
  return (PetscBool)(status != ION_PENDING && status != ION_NOT_NEEDED &&
                     !ion_run_retries(run, status));
}

/* Read a chunk, and note which of the nodes asked for so far it lacks: all of them where a kill left it torn. */
static PetscErrorCode take_up(mapping *m, uint64_t chunk)
{
  part *t      = &m->part[m->n_part++];
  size_t known = m->n_missing;
  PetscBool sound;

  PetscFunctionBegin;
  t->chunk = chunk;
  ion_store_chunk_range(t->run.schema, chunk, &t->first, &t->n);
  PetscCall(ion_store_read_part(t->run.store, chunk, t->run.data, t->run.status, &sound));
  for (size_t p = 0; p < t->n; p++)
    if (ion_boundary_needs(m->map, t->first + p) && !is_solved(&t->run, t->run.status[p]))
      m->missing[m->n_missing++] = t->first + p;
  t->changed = (PetscBool)(m->n_missing > known);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Put solved nodes from..., in ascending order, into their chunks. */
static void put_back(mapping *m, size_t from, size_t n)
{
  part *t = m->part;

  for (size_t k = 0; k < n; k++) {
    while (m->missing[from + k] >= t->first + t->n) t++;
    const size_t p = (size_t)(m->missing[from + k] - t->first);

    t->run.status[p] = m->solved_status[k];
    for (size_t i = 0; i < t->run.schema->n_output; i++)
      ion_row(t->run.data, i)[p] = ion_row(m->solved, i)[k];
  }
}

static PetscErrorCode solve_missing(mapping *m, ion_tally *tally)
{
  const size_t most  = (size_t)m->run->schema->chunk_size;
  const double start = MPI_Wtime();

  PetscFunctionBegin;
  for (size_t from = 0; from < m->n_missing; from += most) {
    const size_t n = PetscMin(most, m->n_missing - from);

    if (m->how)
      PetscCall(ion_study_solve_points_isolated(m->run->study, m->missing + from, n, m->how,
                                                m->solved, m->solved_status));
    else
      PetscCall(
          ion_study_solve_points(m->run->study, m->missing + from, n, m->solved, m->solved_status));
    put_back(m, from, n);
  }
  tally->solve_seconds += MPI_Wtime() - start;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Take up chunks, ascending; afterwards every node of them asked for so far is solved. */
static PetscErrorCode take_up_all(mapping *m, const uint64_t *chunk, size_t n, ion_tally *tally)
{
  PetscFunctionBegin;
  m->n_part = m->n_missing = 0;
  for (size_t i = 0; i < n; i++) PetscCall(take_up(m, chunk[i]));
  PetscCall(solve_missing(m, tally));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_back(const part *t, ion_tally *tally)
{
  const double start = MPI_Wtime();

  PetscFunctionBegin;
  if (!t->changed) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ion_store_write_chunk(t->run.store, t->chunk, t->run.data, t->run.status));
  tally->write_seconds += MPI_Wtime() - start;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode flush(void *context)
{
  const mapping *m = context;

  PetscFunctionBegin;
  PetscCall(ion_store_flush(m->run->store));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- a round ---- */

/* Say what a node of this round is. */
static PetscErrorCode report_node(mapping *m, const part *t, uint64_t node, ion_tally *tally)
{
  const size_t p = (size_t)(node - t->first);

  PetscFunctionBegin;
  ion_boundary_put(m->map, node, kind_from(t->run.status[p], ion_row(t->run.data, m->of_row)[p]));
  ion_run_tally(&t->run, p, 1, tally);
  if (t->changed) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ion_study_widen(t->run.study, node, 1, ion_points_from(t->run.data, p, 1)));
  tally->n_read++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode do_unit(void *context, uint64_t u, ion_tally *tally)
{
  mapping *m          = context;
  const uint64_t size = m->run->schema->chunk_size;
  const size_t first = m->unit[u], last = m->unit[u + 1];
  uint64_t chunk[UNIT_CHUNKS] = {0};
  size_t n                    = 0;

  PetscFunctionBegin;
  for (size_t k = first; k < last; k++)
    if (n == 0 || m->node[k] / size != chunk[n - 1]) chunk[n++] = m->node[k] / size;
  PetscCall(take_up_all(m, chunk, n, tally));
  for (size_t i = 0; i < n; i++) PetscCall(write_back(&m->part[i], tally));
  for (size_t k = first, i = 0; k < last; k++) {
    while (m->part[i].chunk != m->node[k] / size) i++;
    PetscCall(report_node(m, &m->part[i], m->node[k], tally));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode do_unit_isolated(void *context, uint64_t u, const ion_pulse *pulse,
                                       ion_tally *tally)
{
  mapping *m              = context;
  const ion_isolation how = {.limit = m->run->options->point_timeout, .pulse = pulse};
  PetscErrorCode code;

  PetscFunctionBegin;
  m->how = &how;
  code   = do_unit(m, u, tally);
  m->how = NULL;
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Cut the nodes of a round where another chunk begins and the unit is large enough. */
static PetscErrorCode cut_units(mapping *m)
{
  const uint64_t size = m->run->schema->chunk_size;
  const size_t wanted =
      PetscMin((size_t)UNIT_NODES, PetscMax((size_t)UNIT_LEAST, m->n_node / UNITS_WANTED));
  size_t n_chunk = 0;

  PetscFunctionBegin;
  PetscCall(PetscFree(m->unit));
  PetscCall(PetscMalloc1(m->n_node + 1, &m->unit));
  m->unit[0] = 0;
  m->n_unit  = 1;
  for (size_t k = 1; k < m->n_node; k++) {
    if (m->node[k] / size == m->node[k - 1] / size) continue;
    n_chunk++;
    if (n_chunk < UNIT_CHUNKS && k - m->unit[m->n_unit - 1] < wanted) continue;
    m->unit[m->n_unit++] = k;
    n_chunk              = 0;
  }
  m->unit[m->n_unit] = m->n_node;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Every rank learns what the others have found. */
static PetscErrorCode exchange(MPI_Comm comm, mapping *m)
{
  unsigned char *kind;

  PetscFunctionBegin;
  PetscCheck(m->n_node <= INT_MAX, PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE,
             "a round of %zu nodes", m->n_node);
  PetscCall(PetscMalloc1(m->n_node, &kind));
  for (size_t k = 0; k < m->n_node; k++) kind[k] = ion_boundary_kind(m->map, m->node[k]);
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, kind, (int)m->n_node, MPI_UNSIGNED_CHAR, MPI_MAX, comm));
  for (size_t k = 0; k < m->n_node; k++) ion_boundary_put(m->map, m->node[k], kind[k]);
  PetscCall(PetscFree(kind));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Levels first; what finer cells say of coarser neighbours takes a few more rounds. */
static void label_round(const mapping *m, char *label, size_t size)
{
  const int round = ion_boundary_round(m->map);
  const int n     = ion_study_refinement(m->run->study)->levels;

  if (round <= n)
    snprintf(label, size, "level %d of %d", round, n);
  else
    snprintf(label, size, "level %d of %d, round %d more", n, n, round - n);
}

/* What is left of a limit of the run; something always is: a job that has hardly any stops at once. */
static double time_left(double limit, double used)
{
  return limit > 0 ? PetscMax(limit - used, 1e-6) : 0;
}

static uint64_t points_left(uint64_t limit, const ion_tally *tally)
{
  const uint64_t used = tally->n_point - tally->n_read;

  return limit > used ? limit - used : PetscMin(limit, 1);
}

/* One job of the run; its counts are added to those of the run. After the loss of a rank the others cannot
 * meet: what is finished is kept, and the next run goes on. */
static PetscErrorCode run_job(MPI_Comm comm, ion_job *job, ion_job_result *total)
{
  ion_job_result one = {0};
  PetscErrorCode code;

  PetscFunctionBegin;
  job->stop_after = time_left(job->stop_after, total->seconds);
  job->max_points = points_left(job->max_points, &total->tally);
  code            = ion_job_run(comm, job, &one);
  total->stopped  = (PetscBool)(one.stopped || one.n_lost);
  total->signal   = one.signal;
  total->apart    = one.apart;
  total->n_lost   = one.n_lost;
  total->seconds += one.seconds;
  ion_tally_add(&total->tally, &one.tally);
  PetscFunctionReturn(code);
}

static PetscErrorCode run_rounds(MPI_Comm comm, mapping *m, const char *log_path,
                                 ion_job_result *total)
{
  char label[64];
  ion_job job;

  PetscFunctionBegin;
  PetscCall(ion_boundary_next(m->map, &m->node, &m->n_node));
  while (m->n_node > 0) {
    label_round(m, label, sizeof label);
    PetscCall(cut_units(m));
    job          = ion_run_job(m->run, log_path);
    job.n_chunk  = m->n_unit;
    job.n_point  = m->n_node;
    job.context  = m;
    job.chunk    = do_unit;
    job.isolated = do_unit_isolated;
    job.flush    = flush;
    job.label    = label;
    PetscCall(run_job(comm, &job, total));
    if (total->stopped) PetscFunctionReturn(PETSC_SUCCESS);
    PetscCall(exchange(comm, m));
    PetscCall(ion_boundary_next(m->map, &m->node, &m->n_node));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- what was not needed ---- */

/* Nodes never asked for: the value of their cell, and nothing else. Their number, and whether they were there. */
static uint64_t blank_rest(mapping *m, part *t, PetscBool *were_there)
{
  uint64_t n = 0;

  *were_there = PETSC_TRUE;
  for (size_t p = 0; p < t->n; p++) {
    if (ion_boundary_needs(m->map, t->first + p)) continue;
    n++;
    if (t->run.status[p] == ION_NOT_NEEDED) continue;
    t->run.status[p] = ION_NOT_NEEDED;
    for (size_t i = 0; i < t->run.schema->n_output; i++) ion_row(t->run.data, i)[p] = (double)NAN;
    ion_row(t->run.data, m->of_row)[p] = value_of(m->filled[t->first + p]);
    *were_there                        = PETSC_FALSE;
  }
  if (!*were_there) t->changed = PETSC_TRUE;
  return n;
}

/* Classes are counted over the whole map, as shares of it: solved nodes crowd along boundaries. */
static PetscErrorCode do_fill(void *context, uint64_t chunk, ion_tally *tally)
{
  mapping *m    = context;
  part *t       = &m->part[0];
  ion_tally all = {0};
  uint64_t n_blank;
  PetscBool were_there;

  PetscFunctionBegin;
  PetscCall(take_up_all(m, &chunk, 1, tally));
  n_blank = blank_rest(m, t, &were_there);
  PetscCall(write_back(t, tally));
  ion_run_tally(&t->run, 0, t->n, &all);
  tally->n_point += n_blank;
  tally->n_read += were_there ? n_blank : 0;
  tally->status[ION_NOT_NEEDED] += n_blank;
  for (int c = 0; c < ION_N_CLASS; c++) tally->class_count[c] += all.class_count[c];
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode run_fill(MPI_Comm comm, mapping *m, const char *log_path,
                               ion_job_result *total)
{
  const ion_store_schema *schema = m->run->schema;
  ion_job job                    = ion_run_job(m->run, log_path);

  PetscFunctionBegin;
  job.n_chunk     = ion_store_n_chunk(schema);
  job.n_point     = schema->n_point - total->tally.n_point;
  job.context     = m;
  job.chunk       = do_fill;
  job.isolate_all = PETSC_FALSE; /* all that is solved was solved in the rounds */
  job.flush       = flush;
  job.label       = "nodes not needed";
  PetscCall(ion_boundary_fill(m->map, &m->filled));
  memset(total->tally.class_count, 0, sizeof total->tally.class_count);
  PetscCall(run_job(comm, &job, total));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the whole ---- */

static PetscErrorCode open_mapping(mapping *m)
{
  const ion_store_schema *schema = m->run->schema;
  const size_t n                 = (size_t)schema->chunk_size;

  PetscFunctionBegin;
  m->of_row = ion_study_boundary_output(m->run->study);
  PetscCall(ion_boundary_create(ion_study_refinement(m->run->study), &m->map));
  for (size_t i = 0; i < UNIT_CHUNKS; i++) {
    m->part[i].run      = *m->run;
    m->part[i].run.data = (ion_block){0};
    PetscCall(PetscMalloc1(n, &m->part[i].run.status));
    PetscCall(ion_block_create(schema->n_output, n, &m->part[i].run.data));
  }
  PetscCall(PetscMalloc1(n * UNIT_CHUNKS, &m->missing));
  PetscCall(PetscMalloc1(n, &m->solved_status));
  PetscCall(ion_block_create(schema->n_output, n, &m->solved));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode close_mapping(mapping *m)
{
  PetscFunctionBegin;
  PetscCall(ion_boundary_destroy(&m->map));
  for (size_t i = 0; i < UNIT_CHUNKS && m->part[i].run.study; i++) {
    PetscCall(PetscFree(m->part[i].run.status));
    PetscCall(ion_block_destroy(&m->part[i].run.data));
  }
  PetscCall(PetscFree(m->unit));
  PetscCall(PetscFree(m->missing));
  PetscCall(PetscFree(m->solved_status));
  PetscCall(ion_block_destroy(&m->solved));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_run_boundary(MPI_Comm comm, ion_run *run, const char *log_path,
                                ion_job_result *result)
{
  mapping m            = {.run = run};
  ion_signals *signals = NULL;
  PetscErrorCode code;
  int any;

  PetscFunctionBegin;
  memset(result, 0, sizeof *result);
  code = open_mapping(&m);
  PetscCall(ion_run_agree(comm, code, &any));
  code = (PetscErrorCode)any;
  PetscCall(ion_signals_catch(&signals)); /* also between the jobs */
  if (!code) code = run_rounds(comm, &m, log_path, result);
  if (!code && !result->stopped) code = run_fill(comm, &m, log_path, result);
  PetscCall(ion_signals_restore(&signals));
  PetscCall(close_mapping(&m));
  PetscFunctionReturn(code);
}
