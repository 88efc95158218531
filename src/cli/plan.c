/* ionsweep plan SWEEP */
#include "cli_impl.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SAMPLE_BLOCKS = 8, SAMPLE_POINTS = 512 };
enum { MAP_BLOCKS = 16, MAP_POINTS = 64 }; /* what a boundary map solves of a chunk is as few */

/* "normal, mean 37, sd 2, from 30 to 42 degC" */
static void print_marginal(const ion_factor *factor, const ion_marginal *marginal)
{
  printf("    %-32s %s", factor->name, marginal->name);
  for (size_t i = 0; i < marginal->n_param; i++)
    printf(", %s %.6g", marginal->param_name[i], marginal->param[i]);
  for (size_t i = 0; i < marginal->n_value; i++)
    printf("%s %.6g (%.3g %%)", i ? "," : "", marginal->value[i], 100.0 * marginal->weight[i]);
  if (marginal->n_value == 0 && isfinite(marginal->lower)) printf(", from %.6g", marginal->lower);
  if (marginal->n_value == 0 && isfinite(marginal->upper)) printf(", to %.6g", marginal->upper);
  printf(strcmp(factor->unit, "1") ? " %s\n" : "\n", factor->unit);
}

static void print_sampled(const ion_design *design)
{
  printf("    %llu blocks of %zu in each of %zu %s, seed %llu\n",
         (unsigned long long)ion_design_n_block(design), ion_design_n_member(design),
         ion_design_n_replicate(design),
         ion_design_n_replicate(design) == 1 ? "replicate" : "replicates",
         (unsigned long long)ion_design_seed(design));
  for (size_t i = 0; i < ion_design_n_factor(design); i++)
    print_marginal(ion_design_factor(design, i), ion_design_marginal(design, i));
  for (size_t j = 0; j < ion_design_n_input(design); j++) {
    const ion_input *input = ion_design_input(design, j);

    if (!input->is_group) continue;
    printf("    group %s:", input->name);
    for (size_t i = 0; i < input->n_factor; i++)
      printf("%s %s", i ? "," : "", ion_design_factor(design, input->factor[i])->name);
    printf("\n");
  }
}

static PetscErrorCode print_factors(const ion_study *study)
{
  const ion_design *design = ion_study_design(study);
  const PetscBool grid     = ion_design_is_grid(design);

  PetscFunctionBegin;
  printf("  design: %s, %llu points\n", ion_design_kind(design),
         (unsigned long long)ion_design_n_point(design));
  if (ion_design_is_sampled(design)) {
    print_sampled(design);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  for (size_t i = 0; i < ion_design_n_factor(design); i++) {
    const ion_factor *factor = ion_design_factor(design, i);
    double from, to;

    PetscCall(ion_design_coordinates(design, i, 0, 1, &from));
    PetscCall(ion_design_coordinates(design, i, factor->count - 1, 1, &to));
    printf("    %-32s %s %.6g to %.6g %s%s", factor->name, grid ? "from" : "first to last:", from,
           to, strcmp(factor->unit, "1") ? factor->unit : "", strcmp(factor->unit, "1") ? " " : "");
    if (grid) printf("in %llu nodes", (unsigned long long)factor->count);
    printf("\n");
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void print_outputs(const ion_study *study)
{
  size_t column = 0;

  printf("  outputs: %zu\n   ", ion_study_n_output(study));
  for (size_t i = 0; i < ion_study_n_output(study); i++) {
    const char *name = ion_study_output_at(study, i)->name;
    const size_t n   = strlen(name) + 1;

    if (column + n > 90) printf("\n   ");
    column = column + n > 90 ? n : column + n;
    printf(" %s", name);
  }
  printf("\n");
}

/* Bytes of a variable's value. */
static double width(ion_store_type type)
{
  return type == ION_STORE_DOUBLE ? 8.0 : type == ION_STORE_FLOAT ? 4.0 : 1.0;
}

static void print_file(const ion_study *study)
{
  const ion_store_schema *schema = ion_study_schema(study);
  double bytes = 1.0, total = 8192.0; /* status; attributes and alignment */
  uint64_t first;
  size_t n;
  char text[32];

  for (size_t i = 0; i < schema->n_output; i++) bytes += width(schema->output[i].type);
  for (size_t i = 0; i < schema->n_coordinate; i++)
    total += 8.0 * (double)schema->dim[schema->n_dim == schema->n_coordinate ? i : 0].length;
  total += bytes * (double)schema->n_point + 4.0 * (double)ion_store_n_chunk(schema);
  total += (double)(strlen(schema->sweep_text) + strlen(schema->model_text));
  cli_size_text(total, text, sizeof text);
  ion_store_chunk_points(schema, 0, &first, &n);
  printf("  file: about %s in %llu chunks of %zu points%s\n", text,
         (unsigned long long)ion_store_n_chunk(schema), n,
         schema->n_summed ? ", of which the sums are kept" : "");
}

/* Solve a few batches spread over the design; seconds a point. The first one warms up. */
static PetscErrorCode measure(ion_study *study, double *seconds)
{
  const uint64_t n_point = ion_design_n_point(ion_study_design(study));
  const PetscBool map    = (PetscBool)(ion_study_refinement(study) != NULL);
  const uint64_t wanted  = map ? MAP_POINTS : SAMPLE_POINTS;
  const size_t n         = (size_t)PetscMin(n_point, wanted);
  const uint64_t n_block = PetscMin((uint64_t)(map ? MAP_BLOCKS : SAMPLE_BLOCKS), n_point / n);
  unsigned char *status;
  ion_block data = {0};
  double start;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n, &status));
  PetscCall(ion_block_create(ion_study_n_output(study), n, &data));
  PetscCall(ion_study_solve(study, 0, PetscMin(n, (size_t)8), data, status));
  start = MPI_Wtime();
  for (uint64_t i = 0; i < n_block; i++)
    PetscCall(ion_study_solve(study, n_block > 1 ? i * ((n_point - n) / (n_block - 1)) : 0, n, data,
                              status));
  *seconds = (MPI_Wtime() - start) / (double)(n * n_block);
  PetscCall(ion_block_destroy(&data));
  PetscCall(PetscFree(status));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rank 0 deals and the others work; a rank alone does both. */
static void print_times(double seconds, uint64_t n_point, const cli_arguments *arguments)
{
  static const int usual[] = {2, 8, 64, 512};
  const size_t n_ranks     = arguments->n_ranks ? arguments->n_ranks : ION_COUNT(usual);
  const int *ranks         = arguments->n_ranks ? arguments->ranks : usual;
  char text[32];

  printf("  solving: %.3g us a point and core\n", 1e6 * seconds);
  for (size_t i = 0; i < n_ranks; i++) {
    cli_time_text(seconds * (double)n_point / (double)PetscMax(1, ranks[i] - 1), text, sizeof text);
    printf("    %d ranks (one core each and one that deals): about %s\n", ranks[i], text);
  }
}

static PetscErrorCode print_plan(ion_study *study, const cli_arguments *arguments)
{
  const ion_refinement *how = ion_study_refinement(study);
  const uint64_t n_point    = ion_design_n_point(ion_study_design(study));
  double seconds            = 0.0;

  PetscFunctionBegin;
  printf("%s\n  %s: %s\n", ion_study_title(study), ion_study_model(study) ? "model" : "function",
         ion_study_subject(study));
  PetscCall(print_factors(study));
  if (how) cli_print_boundary_plan(how, n_point);
  print_outputs(study);
  print_file(study);
  PetscCall(measure(study, &seconds));
  print_times(seconds, how ? PetscMin((uint64_t)cli_boundary_typical(how), n_point) : n_point,
              arguments);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode run(MPI_Comm comm, const cli_arguments *arguments, int *exit_status)
{
  ion_study *study = NULL;
  PetscErrorCode code;

  PetscFunctionBegin;
  (void)comm;
  (void)exit_status;
  code = ion_study_open(arguments->file, arguments->set, arguments->n_set, &study);
  if (!code) cli_print_warnings(study);
  if (!code) code = print_plan(study, arguments);
  PetscCall(ion_study_close(&study));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

const cli_verb cli_plan = {
    .name  = "plan",
    .usage = "ionsweep plan SWEEP [--ranks N,N,...] [--set NAME=VALUE]...",
    .help = "Say what a run would do: points, factors with units and ranges, outputs, size of the\n"
            "file, chunks, and the time it takes, from a few points solved now. Writes nothing.",
    .options  = "--set --ranks --help",
    .min_word = 1,
    .max_word = 1,
    .run      = run,
};
