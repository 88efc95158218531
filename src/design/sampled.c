/* Points of sampled designs, block by block. */
#include "sampled.h"

#include "base/stream.h"
#include "normal.h"
#include "permute.h"

/* ---- base points: unit number block * n_replicate + replicate ---- */

static void sobol_units(const ion_design *design, size_t dimension, uint64_t first, size_t n,
                        double *u)
{
  const design_sampled *s = design->sampled;
  const uint64_t block    = first / s->n_replicate;
  const uint64_t *const v = s->direction + dimension * ION_SOBOL_BITS;
  uint64_t x[TILE], which = first % s->n_replicate;
  size_t at = 0;

  ion_sobol_points(v, block, (size_t)((first + n - 1) / s->n_replicate - block) + 1, x);
  for (size_t i = 0; i < n; i++) {
    const uint64_t stream = ion_stream(STREAM_SCRAMBLE, which, dimension);

    u[i] = ion_stream_unit(ion_sobol_scramble(s->scramble, s->seed, stream, x[at]));
    if (++which < s->n_replicate) continue;
    which = 0;
    at++;
  }
}

/* One point in each of n_block equal slices, in an order of its own for every dimension. The place in a
 * slice has so few bits that the sum is exact. */
static void latin_units(const ion_design *design, size_t dimension, uint64_t first, size_t n,
                        double *u)
{
  const design_sampled *s = design->sampled;
  unsigned bits           = 8;

  while (s->n_block >> (48 - bits) == 0 && bits < 40) bits++;
  for (size_t i = 0; i < n; i++) {
    const uint64_t block = (first + i) / s->n_replicate, which = (first + i) % s->n_replicate;
    const uint64_t slice =
        ion_permute(s->seed, ion_stream(STREAM_LATIN, which, dimension), 0, block, s->n_block);
    const uint64_t place =
        ion_stream_bits(s->seed, ion_stream(STREAM_JITTER, which, dimension), block) >> (64 - bits);
    const double within = ((double)place + 0.5) / (double)((uint64_t)1 << bits);

    u[i] = ((double)slice + (s->centred ? 0.5 : within)) / (double)s->n_block;
  }
}

static void units(const ion_design *design, size_t dimension, const ion_marginal *marginal,
                  uint64_t first, size_t n, double *u)
{
  if (design->sampled->is_latin)
    latin_units(design, dimension, first, n, u);
  else
    sobol_units(design, dimension, first, n, u);
  if (marginal) ion_marginal_quantile(marginal, n, u, u, NULL);
}

/* ---- members of a block ---- */

/* Where a member among those from `from` on gets another value. */
static void set(double *value, size_t from, size_t n, size_t member, double x)
{
  if (member >= from && member - from < n) value[member - from] = x;
}

/* n members of a block from `from` on, in a factor's column: a in A and every A_B^j but its own, b in
 * B and every B_A^j but its own, which have the other one. */
static void spread(const ion_design *design, const ion_input *own, double a, double b, size_t from,
                   size_t n, double *value)
{
  const design_sampled *s = design->sampled;
  const size_t plain      = s->first_reverse > from ? PetscMin(n, s->first_reverse - from) : 0;

  for (size_t m = 0; m < plain; m++) value[m] = a;
  for (size_t m = plain; m < n; m++) value[m] = b;
  if (design->kind == &ion_design_saltelli) set(value, from, n, ION_MEMBER_B, b);
  if (!own) return;
  set(value, from, n, own->member, b);
  set(value, from, n, own->reverse, a);
}

/* Base points are made once and shared by the members of their block. */
static void blocks(const ion_design *design, size_t column, const ion_marginal *marginal,
                   uint64_t first, size_t n, double *value)
{
  const design_sampled *s  = design->sampled;
  const PetscBool is_dummy = (PetscBool)(column == design->n_factor);
  const ion_input *own     = is_dummy ? NULL : &design->input[s->input_of[column]];
  const size_t of_a        = is_dummy && s->has_pair ? 2 * column : column;
  const size_t of_b        = is_dummy ? of_a + 1 : column + design->n_factor;
  uint64_t unit            = first / s->n_member;
  size_t from              = (size_t)(first % s->n_member);
  double a[TILE], b[TILE];

  while (n > 0) {
    const size_t n_unit = PetscMin((size_t)TILE, (from + n - 1) / s->n_member + 1);

    units(design, of_a, marginal, unit, n_unit, a);
    if (s->has_pair) units(design, of_b, marginal, unit, n_unit, b);
    for (size_t i = 0; i < n_unit; i++, from = 0) {
      const size_t count = PetscMin(n, s->n_member - from);

      spread(design, own, a[i], s->has_pair ? b[i] : a[i], from, count, value);
      value += count;
      n -= count;
    }
    unit += n_unit;
  }
}

void ion_sampled_column(const ion_design *design, size_t column, const ion_marginal *marginal,
                        uint64_t first, size_t n, double *value)
{
  if (design->sampled->n_level > 0)
    ion_sampled_path(design, column, marginal, first, n, value);
  else
    blocks(design, column, marginal, first, n, value);
}

/* ---- correlation ---- */

PetscBool ion_sampled_is_dependent(const ion_design *design, size_t factor)
{
  const double *rho = design->sampled->correlation;

  for (size_t j = 0; rho && j < design->n_factor; j++)
    if (j != factor && rho[factor * design->n_factor + j] != 0) return PETSC_TRUE;
  return PETSC_FALSE;
}

/* Independent normal scores mixed by a row of the Cholesky factor, then taken back to (0, 1): the
 * Gaussian copula (Nataf 1962). */
static void correlated(const ion_design *design, size_t factor, uint64_t first, size_t n, double *u)
{
  const double *row = design->sampled->cholesky + factor * design->n_factor;
  double score[TILE];

  for (size_t p = 0; p < n; p++) score[p] = 0;
  for (size_t j = 0; j <= factor; j++) {
    if (row[j] == 0) continue;
    ion_sampled_column(design, j, NULL, first, n, u);
    for (size_t p = 0; p < n; p++) score[p] += row[j] * ion_normal_quantile(u[p]);
  }
  for (size_t p = 0; p < n; p++)
    u[p] = fmin(fmax(ion_normal_share(score[p]), 0x1p-53), 1.0 - 0x1p-53);
}

void ion_sampled_coordinates(const ion_design *design, size_t factor, uint64_t first, size_t n,
                             double *coordinate)
{
  const ion_marginal *marginal = &design->factor[factor].marginal;

  if (!ion_sampled_is_dependent(design, factor)) {
    ion_sampled_column(design, factor, marginal, first, n, coordinate);
    return;
  }
  for (size_t done = 0; done < n; done += TILE) {
    const size_t count = PetscMin((size_t)TILE, n - done);

    correlated(design, factor, first + done, count, coordinate + done);
    ion_marginal_quantile(marginal, count, coordinate + done, coordinate + done, NULL);
  }
}
