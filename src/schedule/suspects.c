/* Chunks that ended a rank, from the log of earlier runs.
 *
 * A run that did not come to its `end:` line was killed. Where a rank said itself which chunk it died
 * in, that chunk is the suspect; where none did (kill -9, a lost node), all chunks in work are, and the
 * one that is so twice counts. */
#include "dispatch_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SURE = 2, MOST_RANKS = 1 << 24 };

typedef struct {
  const ion_job *job;
  unsigned char *blame; /* [n_chunk] */
  PetscBool is_open;    /* inside a run of this job that has not ended so far */
  PetscBool is_clear;   /* of which the culprits are known */
  size_t n_rank;
  uint64_t *running; /* [n_rank] number of the chunk plus 1, or 0 */
} reading;

static void blame(reading *r, uint64_t chunk, int weight)
{
  if (chunk < r->job->n_chunk)
    r->blame[chunk] = (unsigned char)PetscMin(SURE, r->blame[chunk] + weight);
}

/* The run before was cut short here, if it did not end. */
static void close_run(reading *r)
{
  for (size_t i = 0; r->is_open && !r->is_clear && i < r->n_rank; i++)
    if (r->running[i]) blame(r, r->running[i] - 1, 1);
  r->is_open = PETSC_FALSE;
}

/* A run of several jobs writes the label of each before its start: "level 2 of 6, start: ...". */
static PetscBool is_label(const reading *r, const char *text, size_t n)
{
  const char *label = r->job->label ? r->job->label : "";
  const size_t size = strlen(label);

  return (PetscBool)(n == (size ? size + 2 : 0) && !strncmp(text, label, size));
}

static PetscErrorCode open_run(reading *r, const char *text, PetscBool is_ours)
{
  unsigned long long n_rank, n_chunk, n_point;

  PetscFunctionBegin;
  close_run(r);
  if (!is_ours) PetscFunctionReturn(PETSC_SUCCESS);
  if (sscanf(text, "%9llu rank%*[s], %18llu chunks, %18llu points", &n_rank, &n_chunk, &n_point) !=
          3 &&
      sscanf(text, "%9llu rank, %18llu chunks, %18llu points", &n_rank, &n_chunk, &n_point) != 3)
    PetscFunctionReturn(PETSC_SUCCESS);
  if (n_chunk != r->job->n_chunk || n_point != r->job->n_point || n_rank > MOST_RANKS)
    PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFree(r->running));
  PetscCall(PetscCalloc1((size_t)n_rank, &r->running));
  r->n_rank   = (size_t)n_rank;
  r->is_open  = PETSC_TRUE;
  r->is_clear = PETSC_FALSE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* "rank 3, chunk 17" */
static PetscBool read_holder(const char *text, size_t *rank, uint64_t *chunk)
{
  unsigned long long a, b;

  if (sscanf(text, "rank %9llu, chunk %18llu", &a, &b) != 2) return PETSC_FALSE;
  *rank  = (size_t)a;
  *chunk = b;
  return PETSC_TRUE;
}

static PetscErrorCode read_line(reading *r, const char *line)
{
  const char *text = strstr(line, "Z "), *start, *end;
  size_t rank;
  uint64_t chunk;

  PetscFunctionBegin;
  if (!text) PetscFunctionReturn(PETSC_SUCCESS);
  text += 2;
  start = strstr(text, "start: ");
  end   = strstr(text, "end: ");
  if (start && strstr(start, " chunks, ")) {
    PetscCall(open_run(r, start + 7, is_label(r, text, (size_t)(start - text))));
  } else if (end && strstr(end, " chunks in ")) {
    r->is_open = PETSC_FALSE;
  } else if (!strncmp(text, "run: ", 5)) {
    if (r->is_open && read_holder(text + 5, &rank, &chunk) && rank < r->n_rank)
      r->running[rank] = chunk + 1;
  } else if (!strncmp(text, "crash: ", 7) || !strncmp(text, "overdue: ", 9)) {
    if (r->is_open && read_holder(strchr(text, ' ') + 1, &rank, &chunk)) {
      blame(r, chunk, SURE);
      r->is_clear = PETSC_TRUE;
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_log(reading *r, FILE *log)
{
  char line[ION_MESSAGE + 128];

  PetscFunctionBegin;
  while (fgets(line, sizeof line, log)) PetscCall(read_line(r, line));
  close_run(r);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_log_suspects(const ion_job *job, unsigned char *mark)
{
  FILE *log = job->log_path ? fopen(job->log_path, "r") : NULL;
  reading r = {.job = job};
  PetscErrorCode code;

  PetscFunctionBegin;
  if (!log) PetscFunctionReturn(PETSC_SUCCESS);
  code = PetscCalloc1((size_t)job->n_chunk, &r.blame);
  if (!code) code = read_log(&r, log);
  (void)fclose(log);
  for (uint64_t c = 0; !code && c < job->n_chunk; c++)
    if (r.blame[c] >= SURE) mark[c] |= ION_MARK_ISOLATED;
  PetscCall(PetscFree(r.blame));
  PetscCall(PetscFree(r.running));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}
