/* Blocks of pick-freeze pairs to sums, and sums of groups to sums of a study. */
#include "pairs_impl.h"

#include <string.h>

static PetscErrorCode check_shape(const ion_pairs_shape *shape)
{
  PetscFunctionBegin;
  PetscCheck(shape->n_input > 0 && shape->n_replicate > 0 && shape->n_block > 0, PETSC_COMM_SELF,
             PETSC_ERR_ARG_OUTOFRANGE,
             "%zu inputs, %zu replicates of %llu blocks: all must be positive", shape->n_input,
             shape->n_replicate, (unsigned long long)shape->n_block);
  PetscCheck(!shape->second_order || shape->reversed, PETSC_COMM_SELF, PETSC_ERR_ARG_INCOMP,
             "second order needs the reversed members B_A of a block");
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void measure(ion_pairs *p)
{
  const ion_pairs_shape *shape = &p->shape;
  const size_t k               = shape->n_input;

  p->n_member   = (shape->reversed ? 2 : 1) * k + 2;
  p->group_size = (shape->n_block + ION_PART - 1) / ION_PART;
  p->full_size  = ion_full_at(p, shape->reversed ? N_FULL_ARRAY + 2 : N_FULL_ARRAY);
  p->sum_size   = shape->second_order
                      ? ion_cross_at(p, N_CROSS)
                      : ion_sum_at(p, shape->reversed ? N_SUM_ARRAY + N_QUAD : N_SUM_ARRAY);
  p->boot_size  = ion_boot_at(p, N_BOOT_ARRAY);
  p->n_span     = shape->n_resample > 0 ? ION_PART : 0;
  /* at most 8 spans of all replicates together, so that memory does not grow with their number */
  while (p->n_span > 1 && p->n_span * shape->n_replicate > ION_PART) p->n_span /= 2;
}

static size_t n_group(const ion_pairs *p)
{
  return p->shape.n_replicate * ION_PART;
}

static size_t n_boot(const ion_pairs *p)
{
  return p->shape.n_replicate * p->n_span * p->shape.n_resample * p->boot_size;
}

PetscErrorCode ion_pairs_create(const ion_pairs_shape *shape, ion_pairs **pairs)
{
  ion_pairs *p;

  PetscFunctionBegin;
  *pairs = NULL;
  PetscCall(check_shape(shape));
  PetscCall(PetscNew(pairs));
  p        = *pairs;
  p->shape = *shape;
  measure(p);
  PetscCall(PetscCalloc1(n_group(p) * p->full_size, &p->full));
  PetscCall(PetscCalloc1(n_group(p) * p->sum_size, &p->sum));
  PetscCall(PetscCalloc1(n_boot(p), &p->boot));
  PetscCall(PetscCalloc1(n_group(p), &p->n_fed));
  PetscCall(PetscCalloc1(p->full_size + p->sum_size + p->boot_size, &p->scratch));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_pairs_destroy(ion_pairs **pairs)
{
  PetscFunctionBegin;
  if (!*pairs) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFree((*pairs)->full));
  PetscCall(PetscFree((*pairs)->sum));
  PetscCall(PetscFree((*pairs)->boot));
  PetscCall(PetscFree((*pairs)->n_fed));
  PetscCall(PetscFree((*pairs)->scratch));
  PetscCall(PetscFree(*pairs));
  PetscFunctionReturn(PETSC_SUCCESS);
}

size_t ion_pairs_n_member(const ion_pairs *pairs)
{
  return pairs->n_member;
}

uint64_t ion_pairs_unit(const ion_pairs *pairs)
{
  return pairs->n_span > 0 ? pairs->group_size * (ION_PART / pairs->n_span) : pairs->group_size;
}

size_t ion_pairs_bytes(const ion_pairs *p)
{
  const size_t scratch = p->full_size + p->sum_size + p->boot_size;

  return sizeof *p + n_group(p) * sizeof *p->n_fed +
         (n_group(p) * (p->full_size + p->sum_size) + n_boot(p) + scratch) * sizeof *p->full;
}

/* ---- feeding ---- */

/* Groups of a span come one after the other, each from its first block. */
static PetscErrorCode check_order(const ion_pairs *p, size_t replicate, uint64_t block)
{
  const uint64_t group = block / p->group_size, unit = ion_pairs_unit(p) / p->group_size;
  const uint64_t *n_fed  = p->n_fed + replicate * ION_PART;
  const PetscBool starts = (PetscBool)(block % p->group_size == 0 && group % unit == 0);

  PetscFunctionBegin;
  PetscCheck(n_fed[group] == block % p->group_size, PETSC_COMM_SELF, PETSC_ERR_ARG_WRONGSTATE,
             "block %llu of replicate %zu comes out of order or twice", (unsigned long long)block,
             replicate);
  PetscCheck(starts || block % p->group_size || n_fed[group - 1] == p->group_size, PETSC_COMM_SELF,
             PETSC_ERR_ARG_WRONGSTATE, "block %llu of replicate %zu comes before those of its span",
             (unsigned long long)block, replicate);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void add_block(ion_pairs *p, size_t replicate, uint64_t at, const pairs_block *block)
{
  const size_t group      = replicate * ION_PART + (size_t)(at / p->group_size);
  const PetscBool is_full = ion_pairs_is_full(p, block);

  if (is_full)
    ion_pairs_add_full(p, block->f, p->full + group * p->full_size);
  else
    ion_pairs_add_partial(p, block, p->sum + group * p->sum_size);
  ion_pairs_add_cross(p, block, p->sum + group * p->sum_size);
  p->n_fed[group]++;
  if (p->n_span > 0) {
    const size_t span = replicate * p->n_span + (size_t)(at / ion_pairs_unit(p));

    ion_pairs_resample(p, block, is_full, (uint64_t)replicate << 40 | at,
                       p->boot + span * p->shape.n_resample * p->boot_size);
  }
}

PetscErrorCode ion_pairs_add(ion_pairs *p, const ion_pairs_rows *rows)
{
  const size_t stride   = rows->stride ? rows->stride : p->n_member;
  const size_t n_weight = (p->shape.reversed ? 4 : 2) * p->shape.n_input;

  PetscFunctionBegin;
  PetscCheck(rows->replicate < p->shape.n_replicate && rows->first <= p->shape.n_block &&
                 rows->n <= p->shape.n_block - rows->first,
             PETSC_COMM_SELF, PETSC_ERR_ARG_OUTOFRANGE, "blocks %llu ... + %zu of replicate %zu",
             (unsigned long long)rows->first, rows->n, rows->replicate);
  PetscCheck(!rows->weight == !p->shape.weighted, PETSC_COMM_SELF, PETSC_ERR_ARG_INCOMP,
             "weights come with weighted pairs and with no others");
  for (size_t i = 0; i < rows->n; i++) {
    const pairs_block block = {rows->f + i * stride,
                               rows->status ? rows->status + i * stride : NULL,
                               rows->weight ? rows->weight + i * n_weight : NULL};

    PetscCall(check_order(p, rows->replicate, rows->first + i));
    add_block(p, rows->replicate, rows->first + i, &block);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void add_array(size_t n, const double *from, double *into)
{
  for (size_t i = 0; i < n; i++) into[i] += from[i];
}

static PetscBool is_same_shape(const ion_pairs_shape *a, const ion_pairs_shape *b)
{
  return (PetscBool)(a->n_input == b->n_input && a->n_replicate == b->n_replicate &&
                     a->n_block == b->n_block && a->reversed == b->reversed &&
                     a->second_order == b->second_order && a->weighted == b->weighted &&
                     a->n_resample == b->n_resample && a->seed == b->seed && a->shift == b->shift);
}

PetscErrorCode ion_pairs_merge(ion_pairs *into, const ion_pairs *from)
{
  const size_t span_size = into->n_span > 0 ? ION_PART / into->n_span : 1;

  PetscFunctionBegin;
  PetscCheck(is_same_shape(&into->shape, &from->shape), PETSC_COMM_SELF, PETSC_ERR_ARG_INCOMP,
             "sums of two studies cannot be merged");
  for (size_t g = 0; g < n_group(into); g++)
    for (size_t h = g - g % span_size; h < g - g % span_size + span_size; h++)
      PetscCheck(!into->n_fed[g] || !from->n_fed[h], PETSC_COMM_SELF, PETSC_ERR_ARG_WRONGSTATE,
                 "a unit of blocks was fed to two accumulators");
  add_array(n_group(into) * into->full_size, from->full, into->full);
  add_array(n_group(into) * into->sum_size, from->sum, into->sum);
  add_array(n_boot(into), from->boot, into->boot);
  for (size_t g = 0; g < n_group(into); g++) into->n_fed[g] += from->n_fed[g];
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- groups by themselves ---- */

size_t ion_pairs_words(const ion_pairs *p)
{
  return p->full_size + p->sum_size;
}

void ion_pairs_reduce(const ion_pairs *p, const ion_pairs_rows *rows, double *words)
{
  for (size_t i = 0; i < rows->n; i++) {
    const pairs_block block = {.f      = rows->f + i * rows->stride,
                               .status = rows->status ? rows->status + i * rows->stride : NULL};

    if (ion_pairs_is_full(p, &block))
      ion_pairs_add_full(p, block.f, words);
    else
      ion_pairs_add_partial(p, &block, words + p->full_size);
    ion_pairs_add_cross(p, &block, words + p->full_size);
  }
}

/* (f - by)^2 and (f - by)(g - by) from sums of f, g and their products; differences stay. */
static void move_full(const ion_pairs *p, double by, double *full)
{
  const size_t k     = p->shape.n_input;
  const double sides = p->shape.reversed ? 2.0 : 1.0, n = full[FULL_N];
  const double A = full[FULL_A], B = full[FULL_B], own = A + (p->shape.reversed ? B : 0.0);
  double *f = full + N_FULL_SCALAR;

  full[FULL_A] -= n * by;
  full[FULL_AA] += by * (n * by - 2.0 * A);
  full[FULL_B] -= n * by;
  full[FULL_BB] += by * (n * by - 2.0 * B);
  full[FULL_AB] += by * (n * by - A - B);
  for (size_t j = 0; j < k; j++, f++) {
    f[FULL_BD * k] -= by * f[FULL_D * k];
    f[FULL_SS * k] += by * (sides * n * by - 2.0 * (own + f[FULL_D * k]));
  }
}

static void move_partial(const ion_pairs *p, double by, double *sum)
{
  const size_t k = p->shape.n_input;
  double *s      = sum + N_SUM_SCALAR;

  sum[SUM_AA] += by * (sum[SUM_NA] * by - 2.0 * sum[SUM_A]);
  sum[SUM_BB] += by * (sum[SUM_NB] * by - 2.0 * sum[SUM_B]);
  sum[SUM_AB] += by * (sum[SUM_NAB] * by - sum[SUM_GAP]);
  sum[SUM_A] -= by * sum[SUM_NA];
  sum[SUM_B] -= by * sum[SUM_NB];
  sum[SUM_GAP] -= 2.0 * by * sum[SUM_NAB];
  for (size_t j = 0; j < k; j++, s++) {
    s[SUM_TSS * k] += 2.0 * by * (s[SUM_TW * k] * by - s[SUM_TS * k]);
    s[SUM_TS * k] -= 2.0 * by * s[SUM_TW * k];
    s[SUM_SBD * k] -= by * s[SUM_SD * k];
    s[SUM_PSS * k] += 2.0 * by * (s[SUM_PW * k] * by - s[SUM_PS * k]);
    s[SUM_PS * k] -= 2.0 * by * s[SUM_PW * k];
  }
}

void ion_pairs_move(const ion_pairs *p, double by, double *words)
{
  const size_t kk = p->shape.n_input * p->shape.n_input;
  double *sum     = words + p->full_size, *cross;

  move_full(p, by, words);
  move_partial(p, by, sum);
  if (!p->shape.second_order) return;
  cross = sum + ion_cross_at(p, 0);
  for (size_t i = 0; i < kk; i++) cross[CROSS_P * kk + i] -= by * cross[CROSS_Q * kk + i];
}

void ion_pairs_put(ion_pairs *p, size_t replicate, size_t group, const double *words)
{
  const size_t at = replicate * ION_PART + group;

  memcpy(p->full + at * p->full_size, words, p->full_size * sizeof *words);
  memcpy(p->sum + at * p->sum_size, words + p->full_size, p->sum_size * sizeof *words);
  p->n_fed[at] = p->group_size;
}

/* ---- sums of a selection ---- */

/* One sum over the groups of a replicate, in a fixed tree; groups left out count 0. */
static double tree(const double *group, size_t size, ion_share share, size_t without)
{
  double part[ION_PART] = {0.0};

  for (size_t g = 0; g < (size_t)ION_PART >> share; g++)
    if (g != without) part[g] = group[g * size];
  return ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
}

static void add_groups(const ion_pairs *p, const pairs_selection *of, const double *groups,
                       size_t size, double *sum)
{
  for (size_t r = 0; r < p->shape.n_replicate; r++) {
    if (r == of->without_replicate) continue;
    for (size_t i = 0; i < size; i++)
      sum[i] += tree(groups + r * ION_PART * size + i, size, of->share, of->without_part);
  }
}

static void convert_scalars(const double *full, double *sum)
{
  const double n = full[FULL_N];

  sum[SUM_NA] += n;
  sum[SUM_A] += full[FULL_A];
  sum[SUM_AA] += full[FULL_AA];
  sum[SUM_NB] += n;
  sum[SUM_B] += full[FULL_B];
  sum[SUM_BB] += full[FULL_BB];
  sum[SUM_NAB] += n;
  sum[SUM_AB] += full[FULL_AB];
  sum[SUM_GAP] += full[FULL_A] + full[FULL_B];
  sum[SUM_GAP2] += full[FULL_GAP2];
}

/* mixed = own + d, so that sums over pairs of complete blocks follow from those of d and mixed^2. */
static void convert_arrays(const ion_pairs *p, const double *full, double *sum)
{
  const size_t k       = p->shape.n_input;
  const PetscBool both = p->shape.reversed;
  const double sides = both ? 2.0 : 1.0, n = sides * full[FULL_N];
  const double own    = full[FULL_A] + (both ? full[FULL_B] : 0.0);
  const double other  = full[FULL_B] + (both ? full[FULL_A] : 0.0);
  const double own2   = full[FULL_AA] + (both ? full[FULL_BB] : 0.0);
  const double other2 = full[FULL_BB] + (both ? full[FULL_AA] : 0.0);
  const double *f     = full + N_FULL_SCALAR;
  double *s           = sum + N_SUM_SCALAR;

  for (size_t j = 0; j < k; j++, f++, s++) {
    s[SUM_TN * k] += n;
    s[SUM_TW * k] += n;
    s[SUM_TDD * k] += f[FULL_DD * k];
    s[SUM_TS * k] += 2.0 * own + f[FULL_D * k];
    s[SUM_TSS * k] += own2 + f[FULL_SS * k];
    s[SUM_SN * k] += n;
    s[SUM_SBD * k] += f[FULL_BD * k];
    s[SUM_SD * k] += f[FULL_D * k];
    s[SUM_PW * k] += n;
    s[SUM_PEE * k] += f[FULL_EE * k];
    s[SUM_PS * k] += other + own + f[FULL_D * k];
    s[SUM_PSS * k] += other2 + f[FULL_SS * k];
  }
}

static void convert_quads(const ion_pairs *p, const double *full, double *sum)
{
  const size_t k  = p->shape.n_input;
  const double *f = full + N_FULL_SCALAR;
  double *q       = sum + ion_quad_at(p, 0);

  for (size_t j = 0; p->shape.reversed && j < k; j++, f++, q++) {
    q[QUAD_N * k] += full[FULL_N];
    q[QUAD_T * k] += f[FULL_DD * k];
    q[QUAD_S * k] += f[N_FULL_ARRAY * k];
    q[QUAD_V * k] += full[FULL_GAP2] + f[(N_FULL_ARRAY + 1) * k];
  }
}

PetscErrorCode ion_pairs_gather(const ion_pairs *p, const pairs_selection *selection, double *sum)
{
  double *full;

  PetscFunctionBegin;
  PetscCall(PetscCalloc1(p->full_size, &full));
  memset(sum, 0, p->sum_size * sizeof *sum);
  add_groups(p, selection, p->full, p->full_size, full);
  add_groups(p, selection, p->sum, p->sum_size, sum);
  convert_scalars(full, sum);
  convert_arrays(p, full, sum);
  convert_quads(p, full, sum);
  PetscCall(PetscFree(full));
  PetscFunctionReturn(PETSC_SUCCESS);
}
