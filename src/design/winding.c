/* Winding trajectories of Morris 1991, Technometrics 33, 161: from a random node of a grid of p levels
 * every input moves once, up or down by delta = p/(2(p - 1)), in random order. */
#include "base/stream.h"
#include "marginal.h"
#include "permute.h"
#include "sampled.h"

/* Place of an input in the order of a path. */
static uint64_t turn_of(const ion_design *design, uint64_t block, size_t replicate, size_t input)
{
  return ion_permute(design->sampled->seed, ion_stream(STREAM_PATH, replicate, 0), block, input,
                     design->n_input);
}

/* Level a of p as a number in [0, 1]. Where the quantiles at 0 and 1 are out of reach the levels are
 * the middles of p equal slices instead. */
static double level_at(const ion_design *design, size_t column, uint64_t level)
{
  const double p          = (double)design->sampled->n_level;
  const PetscBool is_open = (PetscBool)(column < design->n_factor &&
                                        (ion_marginal_is_open(&design->factor[column].marginal) ||
                                         ion_sampled_is_dependent(design, column)));

  return is_open ? ((double)level + 0.5) / p : (double)level / (p - 1.0);
}

/* The two levels of a column, before and after its move. */
static void ends(const ion_design *design, size_t column, uint64_t block, size_t replicate,
                 double end[2])
{
  const design_sampled *s = design->sampled;
  const uint64_t bits =
      ion_stream_bits(s->seed, ion_stream(STREAM_LEVEL, replicate, column), block);
  const uint64_t half = s->n_level / 2, low = ((bits >> 32) * half) >> 32, down = bits & 1;

  end[down]     = level_at(design, column, low);
  end[1 - down] = level_at(design, column, low + half);
}

void ion_sampled_path(const ion_design *design, size_t column, const ion_marginal *marginal,
                      uint64_t first, size_t n, double *value)
{
  const design_sampled *s = design->sampled;

  while (n > 0) {
    const uint64_t unit = first / s->n_member, from = first % s->n_member;
    const uint64_t block   = unit / s->n_replicate;
    const size_t replicate = (size_t)(unit % s->n_replicate);
    const size_t count     = PetscMin(n, (size_t)(s->n_member - from));
    uint64_t turn          = s->n_member; /* the dummy never moves */
    double end[2];

    ends(design, column, block, replicate, end);
    if (column < design->n_factor) turn = turn_of(design, block, replicate, s->input_of[column]);
    if (marginal) ion_marginal_quantile(marginal, 2, end, end, NULL);
    for (size_t m = 0; m < count; m++) value[m] = end[from + m > turn];
    value += count;
    first += count;
    n -= count;
  }
}

PetscErrorCode ion_design_path(const ion_design *design, uint64_t block, size_t replicate,
                               size_t *input)
{
  PetscFunctionBegin;
  PetscCheck(ion_design_is_winding(design), PETSC_COMM_SELF, PETSC_ERR_ARG_WRONG,
             "a %s design has no winding paths", design->kind->name);
  PetscCheck(block < design->sampled->n_block && replicate < design->sampled->n_replicate,
             PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE, "path %llu of replicate %zu",
             (unsigned long long)block, replicate);
  for (size_t j = 0; j < design->n_input; j++) input[turn_of(design, block, replicate, j)] = j;
  PetscFunctionReturn(PETSC_SUCCESS);
}
