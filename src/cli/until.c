/* ionsweep run SWEEP -o FILE.nc --until 'T halfwidth < 0.02': a study that doubles until its indices are certain.
 *
 * FILE.nc always holds a study of some number of samples, the largest that is finished (or the first). The next one is
 * made beside it, as FILE.nc.next, from its points, and then takes its place. */
#include "cli_impl.h"

#include <ion/sensitivity.h>

#include <ctype.h>
#include <float.h>
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAMES = 1024 };

#define SILENCE 5.0 /* s after which a rank that does not answer between stages is lost */

/* "T(neuron_V) halfwidth < 0.02" */
typedef struct {
  PetscBool total;
  char of[NAMES]; /* outputs, commas between; empty for all */
  double below;
} condition;

/* Where the indices are after a stage. Sent as bytes. */
typedef struct {
  int code; /* of the analysis */
  double widest, moved;
  char where[NAMES]; /* "temperature of neuron_V" */
} state;

typedef struct {
  MPI_Comm comm;
  int rank;
  const cli_arguments *arguments;
  condition wanted;
  uint64_t samples, n_stage;
  int is_in_hand; /* an earlier run has left a second stage to go on with */
  double start;   /* MPI_Wtime */
  double before;  /* half-width of the last stage, or NaN */
  char next[PETSC_MAX_PATH_LEN + sizeof ".next"], log[PETSC_MAX_PATH_LEN];
} growth;

/* ---- the condition ---- */

static const char *skip(const char *at)
{
  while (isspace((unsigned char)*at)) at++;
  return at;
}

/* The rest after a word, or NULL where it is another one. */
static const char *after(const char *at, const char *word)
{
  const size_t n = strlen(word);

  return at && !strncmp(skip(at), word, n) ? skip(at) + n : NULL;
}

static const char *read_names(const char *at, condition *wanted)
{
  const char *open = after(at, "("), *close = open ? strchr(open, ')') : NULL;
  size_t n = 0;

  if (!at || !open) return at;
  for (const char *c = open; close && c < close && n + 1 < NAMES; c++)
    if (!isspace((unsigned char)*c)) wanted->of[n++] = *c;
  return close && n > 0 && n + 1 < NAMES ? close + 1 : NULL;
}

static PetscErrorCode read_condition(const char *text, condition *wanted)
{
  const char *at = skip(text);
  char *end      = NULL;

  PetscFunctionBegin;
  wanted->total = (PetscBool)(*at == 'T');
  at            = *at == 'T' || *at == 'S' ? at + 1 : NULL;
  at            = after(after(read_names(at, wanted), "halfwidth"), "<");
  if (at) wanted->below = strtod(at, &end);
  PetscCheck(end && end != at && !*skip(end) && wanted->below > 0.0 && wanted->below < 10.0,
             PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "ionsweep run: --until wants 'T halfwidth < 0.02' (total order) or 'S(neuron_V) "
             "halfwidth < 0.02' (first order, of that output), not '%s'",
             text);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Before the first point what --of of `analyze` would refuse after the last one. */
static PetscErrorCode check_output(const ion_store_schema *schema, const char *word)
{
  const char **known, *nearest;
  char name[NAMES], near[NAMES] = "";
  size_t n        = 0;
  PetscBool found = PETSC_FALSE;

  PetscFunctionBegin;
  snprintf(name, sizeof name, "%s", word);
  for (char *c = name; *c; c++)
    if (*c == '.') *c = '_';
  PetscCall(PetscMalloc1(schema->n_output + 1, &known));
  for (size_t i = 0; i < schema->n_output; i++) {
    if (schema->output[i].type == ION_STORE_BYTE) continue;
    known[n++] = schema->output[i].name;
    if (!fnmatch(name, schema->output[i].name, 0)) found = PETSC_TRUE;
  }
  nearest = ion_nearest_name(name, known, n);
  if (nearest) snprintf(near, sizeof near, "; did you mean '%.200s'?", nearest);
  PetscCall(PetscFree(known));
  PetscCheck(found, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "ionsweep run: --until: the sweep reports no output '%s' with numbers in it%s", word,
             near);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_outputs(const ion_study *study, const condition *wanted)
{
  char word[NAMES];

  PetscFunctionBegin;
  if (!wanted->of[0]) PetscCall(check_output(ion_study_schema(study), "*"));
  for (const char *at = wanted->of; *at;) {
    const size_t n = strcspn(at, ",");

    snprintf(word, sizeof word, "%.*s", (int)n, at);
    PetscCall(check_output(ion_study_schema(study), word));
    at += n + (at[n] == ',');
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_study(const growth *g, const ion_study *study)
{
  const ion_design *design   = ion_study_design(study);
  const unsigned long long n = ion_design_n_point(design), most = g->arguments->max_points;

  PetscFunctionBegin;
  PetscCheck(!strcmp(ion_design_kind(design), "saltelli"), PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "ionsweep run: --until asks for indices of a saltelli design, not of a '%s'",
             ion_design_kind(design));
  PetscCheck(!g->arguments->part.step && !g->arguments->n_take, PETSC_COMM_SELF,
             PETSC_ERR_USER_INPUT, "ionsweep run: --until goes without --part and --take");
  PetscCheck(!most || n <= most, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "ionsweep run: the sweep has %llu points to begin with, more than --max-points %llu",
             n, most);
  PetscCall(check_outputs(study, &g->wanted));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- how far it is ---- */

/* One value of the tables, NaN where there is none. */
static double at_input(const ion_analysis *a, const char *table, size_t i)
{
  const ion_store_table *found = ion_analysis_table(a, table);

  return found ? found->value[i] : (double)NAN;
}

/* Inputs whose interval is not there yet are infinitely wide; outputs that do not vary have no indices, and where none
 * does, the width is below 0. */
static PetscErrorCode measure(const ion_analysis *a, const condition *wanted, state *s)
{
  const ion_store_axis *output = ion_analysis_axis_at(a, ION_AXIS_OUTPUT);
  const ion_store_axis *input  = ion_analysis_axis_at(a, ION_AXIS_FACTOR);
  const char *const half  = wanted->total ? "total_order_half_width" : "first_order_half_width";
  const char *const stage = wanted->total ? "stage_total_order" : "stage_first_order";

  PetscFunctionBegin;
  s->widest = s->moved = -1.0;
  for (size_t i = 0; i < output->length * input->length; i++) {
    const size_t o = i / input->length, j = i % input->length, all = 3 * o * input->length + j;
    double width = at_input(a, half, i);

    if (j + 1 == input->length || !(fabs(at_input(a, "variance", o)) > 0.0)) continue;
    if (isnan(width)) width = (double)INFINITY;
    s->moved =
        fmax(s->moved, fabs(at_input(a, stage, all) - at_input(a, stage, all + input->length)));
    if (width <= s->widest) continue;
    s->widest = width;
    snprintf(s->where, sizeof s->where, "%.400s of %.400s", input->label[j], output->label[o]);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode analyse(const growth *g, state *s)
{
  ion_analysis *a = NULL;
  PetscErrorCode code;

  PetscFunctionBegin;
  code =
      ion_analysis_create_indices(g->arguments->output, g->wanted.of[0] ? g->wanted.of : NULL, &a);
  if (!code) code = measure(a, &g->wanted, s);
  PetscCall(ion_analysis_destroy(&a));
  PetscFunctionReturn(code);
}

/* How fast widths fall with N: as N^-1/2 (Monte Carlo) or faster, told from two stages; few replicates tell it badly. */
static double rate_of(const growth *g, double widest)
{
  const double rate = isfinite(g->before) && isfinite(widest) ? log2(g->before / widest) : 0.5;

  return fmin(fmax(rate, 0.5), 1.0);
}

/* Samples for a half-width: the stage of the doubling that is expected to reach it. */
static double samples_for(const growth *g, double widest, double wanted)
{
  return (double)g->samples * exp2(fmax(1.0, ceil(log2(widest / wanted) / rate_of(g, widest))));
}

static void print_stage(const growth *g, const ion_study *study, const state *s, PetscBool last)
{
  printf("stage %llu: %llu samples, %llu points: largest half-width of %s %.2g (%s), moved by at "
         "most %.2g since half of them",
         (unsigned long long)g->n_stage, (unsigned long long)g->samples,
         (unsigned long long)ion_design_n_point(ion_study_design(study)),
         g->wanted.total ? "T" : "S", s->widest, s->where, s->moved);
  if (!last)
    printf("; wanted below %.2g, expected of %llu samples %.2g", g->wanted.below,
           (unsigned long long)(2 * g->samples), s->widest * exp2(-rate_of(g, s->widest)));
  printf("\n");
  fflush(stdout);
}

static void print_end(const growth *g, const ion_study *study, const state *s, PetscBool reached)
{
  const double goal   = reached ? g->wanted.below / 2.0 : g->wanted.below;
  const double member = (double)ion_design_n_member(ion_study_design(study));

  printf("%s: '%s' %s at %llu samples; half-width %.2g", reached ? "reached" : "not reached",
         g->arguments->until, reached ? "holds" : "does not hold", (unsigned long long)g->samples,
         s->widest);
  if (!reached) printf(", and twice as many points are more than --max-points allows");
  if (isfinite(s->widest))
    printf("; %.2g would take about %.10g samples (%.3g points)", goal,
           samples_for(g, s->widest, goal), samples_for(g, s->widest, goal) * member);
  printf("\n");
  if (g->n_stage > 1)
    printf("  note: intervals that are looked at %llu times are a little narrower than 95 %%\n",
           (unsigned long long)g->n_stage);
}

/* More samples of outputs that do not vary, or of points that fail, may be no better. */
static void print_constant(const growth *g)
{
  printf(
      "not reached: none of the outputs that '%s' asks for varies over the points that succeed of "
      "%llu samples; there are no indices\n",
      g->arguments->until, (unsigned long long)g->samples);
}

/* ---- stages ---- */

/* The number of samples to begin with: that of the file, where it is the study doubled. Whether it is this study at
 * all is seen when it is opened. */
static PetscErrorCode find_start(growth *g, const ion_study *study)
{
  const size_t n_member = ion_design_n_member(ion_study_design(study));
  const uint64_t n      = ion_design_n_point(ion_study_design(study));
  ion_store_file *file  = NULL;
  uint64_t there        = 0;

  PetscFunctionBegin;
  if (g->rank == 0 && !g->arguments->restart) {
    PetscCall(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
    if (!ion_store_file_open(g->arguments->output, &file))
      there = ion_store_n_solved(ion_store_file_schema(file));
    PetscCall(PetscPopErrorHandler());
    PetscCall(ion_store_file_close(&file));
    g->is_in_hand = !access(g->next, F_OK);
  }
  PetscCallMPI(MPI_Bcast(&there, 1, MPI_UINT64_T, 0, g->comm));
  PetscCallMPI(MPI_Bcast(&g->is_in_hand, 1, MPI_INT, 0, g->comm));
  if (there % n != 0 || ((there / n) & (there / n - 1)) != 0 || there == 0) there = n;
  g->samples = there / n_member;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* How to solve g->samples into their file: the first stage at once, others beside the last one. --max-points
 * bounds the stages, not the work of one; --stop-after all of them together. */
static ion_run_options stage_options(const growth *g)
{
  ion_run_options options = cli_run_options(g->arguments);

  options.log        = g->log;
  options.max_points = 0;
  if (options.stop_after > 0)
    options.stop_after = fmax(options.stop_after - (MPI_Wtime() - g->start), DBL_MIN);
  if (g->n_stage > 1) {
    options.extend = g->arguments->output;
    options.output = g->next;
  }
  if (options.retry && g->n_stage > (g->is_in_hand ? 2 : 1)) { /* once was enough */
    options.retry   = 0;
    options.isolate = PETSC_TRUE;
  }
  return options;
}

/* A finished stage takes its place, also where ranks were lost: rank 0 needs nobody for that. Its indices are looked
 * at where there may be another one. */
static PetscErrorCode end_stage(const growth *g, ion_run_options *options, state *s, int *n_lost)
{
  const double patience = options->tolerate_loss ? SILENCE : (double)INFINITY;

  PetscFunctionBegin;
  memset(s, 0, sizeof *s);
  if (g->rank == 0 && g->n_stage > 1)
    s->code = (int)ion_store_move(options->output, g->arguments->output);
  options->output = g->arguments->output;
  if (g->rank == 0 && !s->code && !*n_lost) s->code = (int)analyse(g, s);
  if (!*n_lost) PetscCall(ion_ranks_meet(g->comm, s, sizeof *s, patience, n_lost));
  if (s->code && *n_lost) cli_end_lost_job(g->comm, options, *n_lost, EXIT_FAILED);
  PetscFunctionReturn((PetscErrorCode)s->code);
}

/* The log tells it from a growth that is done, where mpirun --enable-recovery returns 0. */
static void note_loss(const growth *g, ion_job_result *result)
{
  if (!result->n_lost) return;
  if (g->rank == 0 && !result->stopped)
    ion_log_event(g->log, "end: stopped after a rank was lost, with %llu samples",
                  (unsigned long long)g->samples);
  result->stopped = PETSC_TRUE;
}

/* What an earlier run has left beside the file is gone on with, or is in the way. */
static PetscErrorCode look_at_next(const growth *g, const ion_study *study)
{
  ion_store_found found;
  char why[256];

  PetscFunctionBegin;
  PetscCall(ion_store_probe(g->next, ion_study_schema(study), &found, why, sizeof why));
  PetscCheck(found != ION_STORE_OTHER && found != ION_STORE_FOREIGN, PETSC_COMM_SELF,
             PETSC_ERR_USER_INPUT, "%s, the next stage, is not of this growth: %s; remove it",
             g->next, why);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0 looks, and all leave together. */
static PetscErrorCode check_next(const growth *g, const ion_study *study)
{
  int code = 0;

  PetscFunctionBegin;
  if (g->n_stage == 1 || g->arguments->restart) PetscFunctionReturn(PETSC_SUCCESS);
  if (g->rank == 0) code = (int)look_at_next(g, study);
  PetscCallMPI(MPI_Bcast(&code, 1, MPI_INT, 0, g->comm));
  PetscFunctionReturn((PetscErrorCode)code);
}

/* One stage; *done when it is the last one. After a rank was lost there are no more. */
static PetscErrorCode run_stage(growth *g, ion_study *study, PetscBool *done, int *exit_status)
{
  const uint64_t n = ion_design_n_point(ion_study_design(study));
  const uint64_t most =
      g->arguments->max_points ? g->arguments->max_points : (uint64_t)ION_MAX_POINTS;
  ion_run_options options = stage_options(g);
  ion_job_result result;
  state s;
  PetscBool reached = PETSC_FALSE;

  PetscFunctionBegin;
  PetscCall(check_next(g, study));
  PetscCall(cli_solve(g->comm, study, &options, &result));
  if (!result.stopped) PetscCall(end_stage(g, &options, &s, &result.n_lost));
  note_loss(g, &result);
  *done = result.stopped;
  if (!*done) {
    reached = (PetscBool)(s.widest >= 0.0 && s.widest < g->wanted.below);
    *done   = (PetscBool)(reached || s.widest < 0.0 || 2 * n > most);
    if (g->rank == 0 && s.widest >= 0.0) print_stage(g, study, &s, *done);
  }
  if (!*done) {
    g->before = s.widest;
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(cli_print_outcome(g->comm, study, &options, &result, exit_status));
  if (result.stopped) PetscFunctionReturn(PETSC_SUCCESS);
  if (g->rank == 0 && s.widest >= 0.0) print_end(g, study, &s, reached);
  if (g->rank == 0 && s.widest < 0.0) print_constant(g);
  if (s.widest < 0.0) *exit_status = EXIT_FAILED;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode start(growth *g)
{
  ion_study *study = NULL;
  PetscErrorCode code;

  PetscFunctionBegin;
  code = cli_open_study(g->comm, g->arguments, 0, &study);
  if (!code) code = check_study(g, study);
  if (!code && g->rank == 0) cli_print_warnings(study);
  if (!code) code = find_start(g, study);
  PetscCall(ion_study_close(&study));
  PetscFunctionReturn(code);
}

static PetscErrorCode run_stages(growth *g, int *exit_status)
{
  PetscBool done = PETSC_FALSE;

  PetscFunctionBegin;
  for (g->n_stage = 1; !done; g->n_stage++, g->samples *= 2) {
    ion_study *study    = NULL;
    PetscErrorCode code = cli_open_study(g->comm, g->arguments, g->samples, &study);

    if (!code) code = run_stage(g, study, &done, exit_status);
    PetscCall(ion_study_close(&study));
    PetscCall(code);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode cli_run_until(MPI_Comm comm, const cli_arguments *arguments, int *exit_status)
{
  growth g = {.comm = comm, .arguments = arguments, .start = MPI_Wtime(), .before = (double)NAN};
  char place[PETSC_MAX_PATH_LEN];

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &g.rank));
  PetscCall(ion_store_resolve(arguments->output, sizeof place, place));
  snprintf(g.next, sizeof g.next, "%s.next", place);
  snprintf(g.log, sizeof g.log, "%s.log", arguments->output);
  PetscCall(read_condition(arguments->until, &g.wanted));
  PetscCall(start(&g));
  PetscCall(run_stages(&g, exit_status));
  PetscFunctionReturn(PETSC_SUCCESS);
}
