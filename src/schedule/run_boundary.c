/* A boundary map into its result file, round by round: each round is a job whose units of work are the chunks of the
 * file that hold a node of it, so that every chunk has one writer at a time. What a round asks for follows from the
 * classes of all earlier ones alone: a run that is taken up again goes through the same rounds and reads what it
 * finds instead of solving it. */
#include "run_impl.h"
#include "study_impl.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { N_VALUE = 32 }; /* values of an output that can be told apart */

typedef struct {
  ion_run *run;
  ion_boundary *map;
  size_t of_row;        /* output the map tells apart */
  const uint64_t *node; /* nodes of this round, ascending */
  size_t n_node;
  size_t *unit; /* unit u has node[unit[u]] ... node[unit[u + 1] - 1], all of one chunk */
  size_t n_unit;
  const unsigned char *filled; /* kinds of all nodes, in the end */
  /* nodes of a chunk that must be solved now, [chunk_size] */
  uint64_t *missing;
  ion_block solved;
  unsigned char *solved_status;
} mapping;

/* ---- which output ---- */

size_t ion_study_boundary_output(const ion_study *study)
{
  const ion_refinement *how = ion_design_refinement(study->design);
  size_t i                  = 0;

  while (i < study->n_output && !(how && !strcmp(study->output[i]->name, how->of))) i++;
  return i;
}

/* Outputs with named values, blanks between. */
static PetscErrorCode list_named(const ion_study *study, char **text)
{
  PetscFunctionBegin;
  for (size_t i = 0; i < study->n_output; i++) {
    if (!study->output[i]->flags) continue;
    PetscCall(ion_study_append(text, " "));
    PetscCall(ion_study_append(text, study->output[i]->name));
  }
  if (!*text) PetscCall(ion_study_append(text, " none"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_study_check_boundary(const ion_study *study)
{
  const ion_refinement *how = ion_design_refinement(study->design);
  const size_t row          = ion_study_boundary_output(study);
  char *named               = NULL;
  PetscErrorCode code;

  PetscFunctionBegin;
  if (!how || (row < study->n_output && study->output[row]->flags))
    PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(list_named(study, &named));
  code = ion_place_fail(
      how->place,
      row == study->n_output
          ? "boundary of '%.120s': no output of this sweep; those with named values:%.300s"
          : "boundary of '%.120s': a number; outputs with named values:%.300s",
      how->of, named);
  PetscCall(PetscFree(named));
  PetscFunctionReturn(code);
}

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

/* ---- one chunk ---- */

static PetscBool is_solved(unsigned char status)
{
  return (PetscBool)(status != ION_PENDING && status != ION_NOT_NEEDED);
}

/* Solve what is missing and put it into its places of the chunk in hand. */
static PetscErrorCode solve_missing(mapping *m, size_t n_missing, uint64_t first)
{
  ion_run *r = m->run;

  PetscFunctionBegin;
  PetscCall(ion_study_solve_points(r->study, m->missing, n_missing, m->solved, m->solved_status));
  for (size_t k = 0; k < n_missing; k++) {
    const size_t p = (size_t)(m->missing[k] - first);

    r->status[p] = m->solved_status[k];
    for (size_t i = 0; i < r->schema->n_output; i++)
      ion_row(r->data, i)[p] = ion_row(m->solved, i)[k];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Read a chunk; every node of it asked for so far is solved afterwards. A chunk that a kill left torn begins anew.
 *
 * `n_read` counts the nodes of this unit that were there. */
static PetscErrorCode take_up(mapping *m, uint64_t chunk, PetscBool *changed, ion_tally *tally)
{
  ion_run *r         = m->run;
  const double start = MPI_Wtime();
  size_t n, n_missing = 0;
  uint64_t first;
  PetscBool sound;

  PetscFunctionBegin;
  ion_store_chunk_range(r->schema, chunk, &first, &n);
  PetscCall(ion_store_read_part(r->store, chunk, r->data, r->status, &sound));
  for (size_t p = 0; p < n; p++)
    if (ion_boundary_needs(m->map, first + p) && !is_solved(r->status[p]))
      m->missing[n_missing++] = first + p;
  *changed = (PetscBool)(n_missing > 0);
  if (n_missing) PetscCall(solve_missing(m, n_missing, first));
  tally->solve_seconds += MPI_Wtime() - start;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_back(mapping *m, uint64_t chunk, ion_tally *tally)
{
  const double start = MPI_Wtime();

  PetscFunctionBegin;
  PetscCall(ion_store_write_chunk(m->run->store, chunk, m->run->data, m->run->status));
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

/* Say what the nodes of a unit are. */
static PetscErrorCode report_unit(mapping *m, size_t u, uint64_t first, PetscBool read,
                                  ion_tally *tally)
{
  ion_run *r = m->run;

  PetscFunctionBegin;
  for (size_t k = m->unit[u]; k < m->unit[u + 1]; k++) {
    const size_t p = (size_t)(m->node[k] - first);

    ion_boundary_put(m->map, m->node[k], kind_from(r->status[p], ion_row(r->data, m->of_row)[p]));
    ion_run_tally(r, p, 1, tally);
    if (read) PetscCall(ion_study_widen(r->study, m->node[k], 1, ion_points_from(r->data, p, 1)));
  }
  if (read) tally->n_read += m->unit[u + 1] - m->unit[u];
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode do_unit(void *context, uint64_t u, ion_tally *tally)
{
  mapping *m           = context;
  const uint64_t size  = m->run->schema->chunk_size;
  const uint64_t chunk = m->node[m->unit[u]] / size;
  PetscBool changed;

  PetscFunctionBegin;
  PetscCall(take_up(m, chunk, &changed, tally));
  if (changed) PetscCall(write_back(m, chunk, tally));
  PetscCall(report_unit(m, (size_t)u, chunk * size, (PetscBool)!changed, tally));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Cut the nodes of a round where another chunk begins. */
static PetscErrorCode cut_units(mapping *m)
{
  const uint64_t size = m->run->schema->chunk_size;

  PetscFunctionBegin;
  PetscCall(PetscFree(m->unit));
  PetscCall(PetscMalloc1(m->n_node + 1, &m->unit));
  m->n_unit = 0;
  for (size_t k = 0; k < m->n_node; k++)
    if (k == 0 || m->node[k] / size != m->node[k - 1] / size) m->unit[m->n_unit++] = k;
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
  const int n     = ion_design_refinement(ion_study_design(m->run->study))->levels;

  if (round <= n)
    snprintf(label, size, "level %d of %d", round, n);
  else
    snprintf(label, size, "level %d of %d, round %d more", n, n, round - n);
}

/* One job of the run; its counts are added to those of the run. */
static PetscErrorCode run_job(MPI_Comm comm, const ion_job *job, ion_job_result *total)
{
  ion_job_result part = {0};
  PetscErrorCode code = ion_job_run(comm, job, &part);

  PetscFunctionBegin;
  total->stopped = part.stopped;
  total->signal  = part.signal;
  total->seconds += part.seconds;
  ion_tally_add(&total->tally, &part.tally);
  PetscFunctionReturn(code);
}

static PetscErrorCode run_rounds(MPI_Comm comm, mapping *m, const char *log_path,
                                 ion_job_result *total)
{
  char label[64];
  ion_job job = {
      .context = m, .chunk = do_unit, .flush = flush, .log_path = log_path, .label = label};

  PetscFunctionBegin;
  PetscCall(ion_boundary_next(m->map, &m->node, &m->n_node));
  while (m->n_node > 0) {
    label_round(m, label, sizeof label);
    PetscCall(cut_units(m));
    job.n_chunk = m->n_unit;
    job.n_point = m->n_node;
    PetscCall(run_job(comm, &job, total));
    if (total->stopped) PetscFunctionReturn(PETSC_SUCCESS);
    PetscCall(exchange(comm, m));
    PetscCall(ion_boundary_next(m->map, &m->node, &m->n_node));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- what was not needed ---- */

/* A node never asked for: the value of its cell, and nothing else. */
static void blank(mapping *m, uint64_t node, size_t p)
{
  ion_run *r = m->run;

  r->status[p] = ION_NOT_NEEDED;
  for (size_t i = 0; i < r->schema->n_output; i++) ion_row(r->data, i)[p] = (double)NAN;
  ion_row(r->data, m->of_row)[p] = value_of(m->filled[node]);
}

/* Classes are counted over the whole map: their shares of it; solved nodes crowd along boundaries. */
static void count_filled(const mapping *m, size_t n, uint64_t n_blank, PetscBool read,
                         ion_tally *tally)
{
  ion_tally all = {0};

  ion_run_tally(m->run, 0, n, &all);
  tally->n_point += n_blank;
  tally->n_read += read ? n_blank : 0;
  tally->status[ION_NOT_NEEDED] += n_blank;
  for (int c = 0; c < ION_N_CLASS; c++) tally->class_count[c] += all.class_count[c];
}

static PetscErrorCode do_fill(void *context, uint64_t chunk, ion_tally *tally)
{
  mapping *m       = context;
  uint64_t n_blank = 0, first;
  size_t n;
  PetscBool solved, blanked = PETSC_FALSE;

  PetscFunctionBegin;
  ion_store_chunk_range(m->run->schema, chunk, &first, &n);
  PetscCall(take_up(m, chunk, &solved, tally));
  for (size_t p = 0; p < n; p++) {
    if (ion_boundary_needs(m->map, first + p)) continue;
    n_blank++;
    if (m->run->status[p] == ION_NOT_NEEDED) continue;
    blank(m, first + p, p);
    blanked = PETSC_TRUE;
  }
  if (solved || blanked) PetscCall(write_back(m, chunk, tally));
  count_filled(m, n, n_blank, (PetscBool)!blanked, tally);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode run_fill(MPI_Comm comm, mapping *m, const char *log_path,
                               ion_job_result *total)
{
  const ion_store_schema *schema = m->run->schema;
  const ion_job job              = {.n_chunk  = ion_store_n_chunk(schema),
                                    .n_point  = schema->n_point - total->tally.n_point,
                                    .context  = m,
                                    .chunk    = do_fill,
                                    .flush    = flush,
                                    .log_path = log_path,
                                    .label    = "nodes not needed"};

  PetscFunctionBegin;
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
  PetscCall(ion_boundary_create(ion_design_refinement(ion_study_design(m->run->study)), &m->map));
  PetscCall(PetscMalloc1(n, &m->missing));
  PetscCall(PetscMalloc1(n, &m->solved_status));
  PetscCall(ion_block_create(schema->n_output, n, &m->solved));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode close_mapping(mapping *m)
{
  PetscFunctionBegin;
  PetscCall(ion_boundary_destroy(&m->map));
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
