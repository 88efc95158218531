/* The summary at the end of a run. */
#include "cli_impl.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Ranges of all ranks together, on rank 0; others get NULL. */
static PetscErrorCode gather_ranges(MPI_Comm comm, const ion_study *study, size_t n,
                                    ion_range **total)
{
  const ion_range *known = ion_study_ranges(study);
  const int bytes        = (int)(n * sizeof **total);
  ion_range *mine, *all = NULL;
  int rank, size;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCallMPI(MPI_Comm_size(comm, &size));
  PetscCall(PetscCalloc1(n, &mine));
  for (size_t i = 0; i < n; i++)
    mine[i] = known ? known[i] : (ion_range){.lower = (double)NAN, .upper = (double)NAN};
  if (rank == 0) PetscCall(PetscCalloc1(n * (size_t)size, &all));
  PetscCallMPI(MPI_Gather(mine, bytes, MPI_BYTE, all, bytes, MPI_BYTE, 0, comm));
  for (size_t i = n; rank == 0 && i < n * (size_t)size; i++) {
    ion_range_widen(&all[i % n], all[i].lower, all[i].at_lower);
    ion_range_widen(&all[i % n], all[i].upper, all[i].at_upper);
  }
  PetscCall(PetscFree(mine));
  *total = all;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Audits of all ranks together, on rank 0; others get NULL, as all do where none keeps an audit. */
static PetscErrorCode gather_audits(MPI_Comm comm, const ion_study *study, ion_audit **total)
{
  const ion_model *model = ion_study_model(study);
  const size_t n         = model ? ion_model_network(model)->n_process : 0;
  const ion_audit *known = ion_study_audit(study);
  const int bytes        = (int)(n * sizeof **total);
  ion_audit *mine, *all = NULL;
  int rank, size, is_kept = known != NULL;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &is_kept, 1, MPI_INT, MPI_MAX, comm));
  if (!is_kept) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCallMPI(MPI_Comm_size(comm, &size));
  PetscCall(PetscCalloc1(n, &mine));
  if (known) PetscCall(PetscArraycpy(mine, known, n));
  if (rank == 0) PetscCall(PetscCalloc1(n * (size_t)size, &all));
  PetscCallMPI(MPI_Gather(mine, bytes, MPI_BYTE, all, bytes, MPI_BYTE, 0, comm));
  for (size_t i = n; rank == 0 && i < n * (size_t)size; i++) ion_audit_merge(&all[i % n], &all[i]);
  PetscCall(PetscFree(mine));
  *total = all;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Which processes ran against their affinity, at how many of the points solved in this run, and the worst. */
static PetscErrorCode print_audit(const ion_study *study, uint64_t n_solved, const ion_audit *audit)
{
  const ion_network *net;
  PetscBool is_broken = PETSC_FALSE;
  char where[256];

  PetscFunctionBegin;
  if (!n_solved || !ion_study_is(study, "steady_state")) PetscFunctionReturn(PETSC_SUCCESS);
  net = ion_model_network(ion_study_model(study));
  for (size_t r = 0; r < net->n_process; r++) {
    if (!audit[r].n_violation) continue;
    if (!is_broken) printf("\n  second law broken (J A < 0), of the points solved now\n");
    is_broken = PETSC_TRUE;
    PetscCall(cli_point_brief(study, audit[r].at_worst, where, sizeof where));
    printf("  %-26s %12llu points, worst %.6g pW (%s)\n", net->process[r].name,
           (unsigned long long)audit[r].n_violation, 1e12 * audit[r].worst, where);
  }
  if (!is_broken) printf("\n  second law: holds for every process at every point solved now\n");
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void print_share(const char *name, uint64_t count, uint64_t total)
{
  if (count)
    printf("  %-16s %12llu  %6.2f %%\n", name, (unsigned long long)count,
           100.0 * (double)count / (double)total);
}

/* Words of every output whose values are words, but for classes. */
static void print_words(const ion_study *study, const ion_tally *tally)
{
  size_t place = 0;
  char word[64];

  for (size_t i = 0; i < ion_study_n_output(study); i++) {
    const ion_output *output = ion_study_output_at(study, i);
    const size_t n           = ion_tally_words(output);
    uint64_t all             = 0;

    if (place + n > ION_TALLY_WORDS) return;
    for (size_t w = 0; w < n; w++) all += tally->word_count[place + w];
    if (all) printf("\n  %-16s %12s  %8s\n", output->name, "points", "share");
    for (size_t w = 0; w < n; w++)
      print_share(cli_flag_word(output->flags, (double)w, word, sizeof word),
                  tally->word_count[place + w], all);
    place += n;
  }
}

static void print_counts(const ion_tally *tally)
{
  uint64_t classified = 0;

  for (int i = 1; i < ION_N_CLASS; i++) classified += tally->class_count[i];
  if (classified) printf("\n  %-16s %12s  %8s\n", "class", "points", "share");
  for (int i = 1; i < ION_N_CLASS; i++)
    print_share(ion_class_name((ion_class)i), tally->class_count[i], classified);
  if (tally->status[ION_OK] == tally->n_point) return;
  printf("\n  %-16s %12s  %8s\n", "status", "points", "share");
  for (int i = 0; i < ION_N_STATUS; i++)
    print_share(ion_status_name((ion_status)i), tally->status[i], tally->n_point);
}

/* Which factors the brief text of a point shows. */
static void print_range_heading(const ion_study *study)
{
  const ion_design *design = ion_study_design(study);
  const size_t n           = ion_design_n_factor(design);

  printf("\n  smallest and largest value");
  for (size_t i = 0; n <= CLI_MAX_BRIEF && i < n; i++) {
    const ion_factor *factor = ion_design_factor(design, i);
    const PetscBool bare     = (PetscBool)!strcmp(factor->unit, "1");

    printf("%s%s%s%s", i ? ", " : " (at ", factor->name, bare ? "" : " in ",
           bare ? "" : factor->unit);
  }
  printf(n > 0 && n <= CLI_MAX_BRIEF ? ")\n" : "\n");
}

static PetscErrorCode print_ranges(const ion_study *study, const ion_range *range)
{
  const size_t n = ion_study_n_output(study);
  char lower[256], upper[256];

  PetscFunctionBegin;
  for (size_t i = 0; i < n; i++) {
    const ion_output *output = ion_study_output_at(study, i);
    const PetscBool bare     = (PetscBool)!strcmp(output->unit, "1");

    if (output->flags || isnan(range[i].lower)) continue;
    PetscCall(cli_point_brief(study, range[i].at_lower, lower, sizeof lower));
    PetscCall(cli_point_brief(study, range[i].at_upper, upper, sizeof upper));
    printf("  %-26s %-7s %12.6g (%s)%*s%12.6g (%s)\n", output->name, bare ? "" : output->unit,
           range[i].lower + 0.0, lower, (int)PetscMax(1, 18 - (int)strlen(lower)), "",
           range[i].upper + 0.0, upper);
  }
  if (!isnan(range[n].upper))
    printf("\n  largest closure residual: %.2g of the fuel power\n", range[n].upper);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void print_times(const ion_job_result *result)
{
  char solve[32], write[32], wait[32], elapsed[32];

  cli_time_text(result->tally.solve_seconds, solve, sizeof solve);
  cli_time_text(result->tally.write_seconds, write, sizeof write);
  cli_time_text(result->tally.wait_seconds, wait, sizeof wait);
  cli_time_text(result->seconds, elapsed, sizeof elapsed);
  printf("\n  time: %s elapsed; all ranks together %s solving, %s writing, %s waiting\n", elapsed,
         solve, write, wait);
}

static PetscErrorCode print_all(const ion_study *study, const char *file,
                                const ion_job_result *result, const ion_range *range,
                                const ion_audit *audit)
{
  const ion_tally *tally    = &result->tally;
  const ion_refinement *how = ion_study_refinement(study);
  const uint64_t n          = ion_design_n_point(ion_study_design(study));

  PetscFunctionBegin;
  printf("\n%s\n  %llu of %llu points", ion_study_title(study), (unsigned long long)tally->n_point,
         (unsigned long long)n);
  if (tally->n_read) printf(" (%llu from an earlier run)", (unsigned long long)tally->n_read);
  printf("\n");
  if (how) cli_print_boundary_result(how, result, n);
  print_counts(tally);
  print_words(study, tally);
  if (tally->n_point > 0) {
    print_range_heading(study);
    PetscCall(print_ranges(study, range));
    if (audit) PetscCall(print_audit(study, tally->n_point - tally->n_read, audit));
  }
  print_times(result);
  printf("  file: %s\n", file);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode cli_print_summary(MPI_Comm comm, const ion_study *study, const char *file,
                                 const ion_job_result *result)
{
  ion_range *range = NULL;
  ion_audit *audit = NULL;

  PetscFunctionBegin;
  PetscCall(gather_ranges(comm, study, ion_study_n_output(study) + 1, &range));
  if (!result->apart) PetscCall(gather_audits(comm, study, &audit));
  if (range) PetscCall(print_all(study, file, result, range, audit));
  PetscCall(PetscFree(range));
  PetscCall(PetscFree(audit));
  PetscFunctionReturn(PETSC_SUCCESS);
}
