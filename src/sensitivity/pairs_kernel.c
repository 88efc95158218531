/* What one block adds to the sums. */
#include "pairs_impl.h"

#include <math.h>
#include <string.h>

PetscBool ion_pairs_is_full(const ion_pairs *p, const pairs_block *block)
{
  unsigned other = 0;
  double bad     = 0.0;

  if (p->shape.weighted) return PETSC_FALSE;
  if (block->status)
    for (size_t m = 0; m < p->n_member; m++) other |= block->status[m] ^ (unsigned)ION_OK;
#pragma omp simd reduction(+ : bad)
  for (size_t m = 0; m < p->n_member; m++) bad += block->f[m] * 0.0; /* NaN where not finite */
  return (PetscBool)(!other && bad == 0.0);
}

/* ---- complete blocks ---- */

static void add_side(size_t k, double own, double other, double shift, const double *mixed,
                     double *sum)
{
  double *D = sum, *DD = sum + k, *BD = sum + 2 * k, *EE = sum + 3 * k, *SS = sum + 4 * k;

#pragma omp simd
  for (size_t j = 0; j < k; j++) {
    const double f = mixed[j] - shift, d = f - own, e = f - other;

    D[j] += d;
    DD[j] += d * d;
    BD[j] += other * d;
    EE[j] += e * e;
    SS[j] += f * f;
  }
}

/* Azzini and Rosati's sums but for (f_A - f_B)^2 and d^2, which are there. */
static void add_quads(size_t k, double A, double B, double shift, const double *AB,
                      const double *BA, double *sum)
{
  double *S = sum, *V = sum + k;

#pragma omp simd
  for (size_t j = 0; j < k; j++) {
    const double ab = AB[j] - shift, ba = BA[j] - shift;

    S[j] += (ba - B) * (A - ab);
    V[j] += (ba - ab) * (ba - ab);
  }
}

void ion_pairs_add_full(const ion_pairs *p, const double *f, double *full)
{
  const size_t k     = p->shape.n_input;
  const double shift = p->shape.shift;
  const double A = f[0] - shift, B = f[1] - shift;
  double *array = full + N_FULL_SCALAR;

  full[FULL_N] += 1.0;
  full[FULL_A] += A;
  full[FULL_AA] += A * A;
  full[FULL_B] += B;
  full[FULL_BB] += B * B;
  full[FULL_AB] += A * B;
  full[FULL_GAP2] += (A - B) * (A - B);
  add_side(k, A, B, shift, f + 2, array);
  if (!p->shape.reversed) return;
  add_side(k, B, A, shift, f + 2 + k, array);
  add_quads(k, A, B, shift, f + 2, f + 2 + k, array + N_FULL_ARRAY * k);
}

/* ---- any block ---- */

/* A member, and 1 where it is there; else both are 0. */
typedef struct {
  double f, is;
} member;

static member member_of(const ion_pairs *p, const pairs_block *block, size_t m)
{
  const double f = block->f[m] - p->shape.shift;

  if ((block->status && block->status[m] != ION_OK) || !isfinite(f)) return (member){0.0, 0.0};
  return (member){f, 1.0};
}

static void add_scalars(member A, member B, double *sum)
{
  const double both = A.is * B.is;

  sum[SUM_NA] += A.is;
  sum[SUM_A] += A.f;
  sum[SUM_AA] += A.f * A.f;
  sum[SUM_NB] += B.is;
  sum[SUM_B] += B.f;
  sum[SUM_BB] += B.f * B.f;
  sum[SUM_NAB] += both;
  sum[SUM_AB] += A.f * B.f;
  sum[SUM_GAP] += both * (A.f + B.f);
  sum[SUM_GAP2] += both * (A.f - B.f) * (A.f - B.f);
}

/* Input j of a side. */
static void add_mixed(const ion_pairs *p, member own, member other, member f, size_t j,
                      double w_total, double w_first, double *sum)
{
  const size_t k = p->shape.n_input;
  const double T = w_total * own.is * f.is, P = w_first * other.is * f.is;
  const double all = own.is * other.is * f.is;
  const double d = f.f - own.f, e = f.f - other.f;
  double *const s = sum + N_SUM_SCALAR + j;

  s[SUM_TN * k] += own.is * f.is;
  s[SUM_TW * k] += T;
  s[SUM_TDD * k] += T * d * d;
  s[SUM_TS * k] += T * (own.f + f.f);
  s[SUM_TSS * k] += T * (own.f * own.f + f.f * f.f);
  s[SUM_SN * k] += all;
  s[SUM_SBD * k] += all * other.f * d;
  s[SUM_SD * k] += all * d;
  s[SUM_PW * k] += P;
  s[SUM_PEE * k] += P * e * e;
  s[SUM_PS * k] += P * (other.f + f.f);
  s[SUM_PSS * k] += P * (other.f * other.f + f.f * f.f);
}

static void add_side_partial(const ion_pairs *p, const pairs_block *block, size_t side, double *sum)
{
  const size_t k   = p->shape.n_input;
  const member own = member_of(p, block, side), other = member_of(p, block, 1 - side);
  const double *total = block->weight ? block->weight + 2 * side * k : NULL;

  for (size_t j = 0; j < k; j++) {
    const member f = member_of(p, block, 2 + side * k + j);

    add_mixed(p, own, other, f, j, total ? total[j] : 1.0, total ? total[k + j] : 1.0, sum);
  }
}

static void add_quad_partial(const ion_pairs *p, const pairs_block *block, double *sum)
{
  const size_t k = p->shape.n_input;
  const member A = member_of(p, block, 0), B = member_of(p, block, 1);

  for (size_t j = 0; j < k; j++) {
    const member AB = member_of(p, block, 2 + j), BA = member_of(p, block, 2 + k + j);
    double *const q = sum + ion_quad_at(p, 0) + j;

    if (A.is * B.is * AB.is * BA.is == 0.0) continue;
    q[QUAD_N * k] += 1.0;
    q[QUAD_T * k] += (B.f - BA.f) * (B.f - BA.f) + (A.f - AB.f) * (A.f - AB.f);
    q[QUAD_S * k] += (BA.f - B.f) * (A.f - AB.f);
    q[QUAD_V * k] += (A.f - B.f) * (A.f - B.f) + (BA.f - AB.f) * (BA.f - AB.f);
  }
}

/* Row j of the cross products f_BA^j f_AB^l. */
static void add_cross_row(const ion_pairs *p, const pairs_block *block, size_t j, double *sum)
{
  const size_t k = p->shape.n_input;
  const member A = member_of(p, block, 0), B = member_of(p, block, 1);
  const member BA = member_of(p, block, 2 + k + j);

  for (size_t l = 0; l < k; l++) {
    const member AB = member_of(p, block, 2 + l);
    double *const c = sum + ion_cross_at(p, 0) + j * k + l;

    if (A.is * B.is * AB.is * BA.is == 0.0) continue;
    c[CROSS_N * k * k] += 1.0;
    c[CROSS_P * k * k] += BA.f * AB.f - A.f * B.f;
    c[CROSS_Q * k * k] += BA.f + AB.f - A.f - B.f;
  }
}

void ion_pairs_add_partial(const ion_pairs *p, const pairs_block *block, double *sum)
{
  add_scalars(member_of(p, block, 0), member_of(p, block, 1), sum);
  add_side_partial(p, block, 0, sum);
  if (!p->shape.reversed) return;
  add_side_partial(p, block, 1, sum);
  add_quad_partial(p, block, sum);
}

void ion_pairs_add_cross(const ion_pairs *p, const pairs_block *block, double *sum)
{
  for (size_t j = 0; p->shape.second_order && j < p->shape.n_input; j++)
    add_cross_row(p, block, j, sum);
}
