/* Balancing (Parlett and Reinsch 1969, Numer Math 13:293), Householder's reduction to Hessenberg form and Francis's
 * implicit double shift (1961, Comput J 4:265, 332) with the shifts and the test of convergence of LAPACK's dlahqr,
 * all lanes in lock step: a lane whose active block is elsewhere meanwhile applies the identity. */
#include "eigen_lanes.h"

#include <float.h>
#include <math.h>

enum { MOST_SWEEPS = 40, MOST_BALANCINGS = 8 };

static const double tiny = 1e-290; /* below it nothing is left of a product */

/* ---- lanes ---- */

ION_INLINE ion_lanes all(double x)
{
  return (ion_lanes){0} + x;
}

ION_INLINE ion_lanes root(ion_lanes a)
{
  ion_lanes y;

  for (int i = 0; i < ION_PAD; i++) y[i] = sqrt(a[i]);
  return y;
}

ION_INLINE ion_lanes *entry(const ion_eigen *e, size_t i, size_t j)
{
  return ion_lanes_at(e->a, i * (e->n + 1) + j, 0);
}

/* ---- making one ---- */

PetscErrorCode ion_eigen_create(size_t n, ion_eigen *e)
{
  PetscFunctionBegin;
  e->n = n;
  PetscCall(ion_block_create((n + 1) * (n + 1), ION_EIGEN_LANES, &e->a));
  PetscCall(ion_block_create(n, ION_EIGEN_LANES, &e->w));
  PetscCall(ion_block_create(n, ION_EIGEN_LANES, &e->re));
  PetscCall(ion_block_create(n, ION_EIGEN_LANES, &e->im));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_eigen_destroy(ion_eigen *e)
{
  PetscFunctionBegin;
  PetscCall(ion_block_destroy(&e->a));
  PetscCall(ion_block_destroy(&e->w));
  PetscCall(ion_block_destroy(&e->re));
  PetscCall(ion_block_destroy(&e->im));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- balancing ---- */

/* The nearest power of 2. */
ION_INLINE ion_lanes power_of_two(ion_lanes x)
{
  const int64_t exponent = INT64_C(0x7ff0000000000000), half = INT64_C(0x00095f619980c433);

  return (ion_lanes)(((ion_mask)x + half) & exponent);
}

/* Row and column i of like size where that halves their sum. */
static PetscBool balance_one(const ion_eigen *e, size_t i)
{
  ion_lanes r = {0}, c = {0}, by, inverse;
  ion_mask m;

  for (size_t j = 0; j < e->n; j++) {
    if (j == i) continue;
    r += ion_lanes_size(*entry(e, i, j));
    c += ion_lanes_size(*entry(e, j, i));
  }
  m  = (r > tiny) & (c > tiny) & (r < 1 / tiny) & (c < 1 / tiny);
  by = power_of_two(root(ion_lanes_choose(m, r, all(1)) / ion_lanes_choose(m, c, all(1))));
  m &= c * by + r / by < 0.5 * (r + c);
  if (!ion_lanes_any(m)) return PETSC_FALSE;
  by      = ion_lanes_choose(m, by, all(1));
  inverse = 1.0 / by;
  for (size_t j = 0; j < e->n; j++) {
    *entry(e, i, j) *= inverse;
    *entry(e, j, i) *= by;
  }
  return PETSC_TRUE;
}

static void balance(const ion_eigen *e)
{
  PetscBool is_moving = PETSC_TRUE;

  for (int k = 0; k < MOST_BALANCINGS && is_moving; k++) {
    is_moving = PETSC_FALSE;
    for (size_t i = 0; i < e->n; i++)
      if (balance_one(e, i)) is_moving = PETSC_TRUE;
  }
}

/* ---- Hessenberg form ---- */

/* Column m below the subdiagonal becomes 0 by 1 - beta w w^T, w = (1, w_(m+2), ...). */
static ion_lanes make_reflector(const ion_eigen *e, size_t m)
{
  const ion_lanes x = *entry(e, m + 1, m);
  ion_lanes sum     = {0}, s, p, inverse;
  ion_mask is_there;

  for (size_t i = m + 2; i < e->n; i++) sum += *entry(e, i, m) * *entry(e, i, m);
  is_there            = sum > tiny;
  s                   = root(x * x + sum);
  s                   = ion_lanes_choose(x < 0, -s, s);
  p                   = x + s;
  inverse             = ion_lanes_choose(is_there, 1.0 / p, all(0));
  *entry(e, m + 1, m) = ion_lanes_choose(is_there, -s, x);
  for (size_t i = m + 2; i < e->n; i++) {
    *ion_lanes_at(e->w, i, 0) = *entry(e, i, m) * inverse;
    *entry(e, i, m)           = all(0);
  }
  return ion_lanes_choose(is_there, p / s, all(0));
}

/* `count` elements of a row (step 1) or column. */
ION_INLINE void reflect(ion_lanes *x, size_t step, size_t count, ion_lanes beta, const ion_lanes *w)
{
  ion_lanes t = x[0];

  for (size_t i = 1; i < count; i++) t += w[i] * x[i * step];
  t *= beta;
  x[0] -= t;
  for (size_t i = 1; i < count; i++) x[i * step] -= w[i] * t;
}

static void make_hessenberg(const ion_eigen *e)
{
  const size_t n = e->n;

  for (size_t m = 0; m + 2 < n; m++) {
    const ion_lanes beta = make_reflector(e, m), *w = ion_lanes_at(e->w, m + 1, 0);

    for (size_t j = m + 1; j < n; j++) reflect(entry(e, m + 1, j), n + 1, n - m - 1, beta, w);
    for (size_t i = 0; i < n; i++) reflect(entry(e, i, m + 1), 1, n - m - 1, beta, w);
  }
}

/* ---- QR ---- */

/* Where each lane stands: its active block lo ... hi (hi < 0: done), sweeps spent on it, and the last 2 x 2 block
 * [a b; c d] there. */
typedef struct {
  ion_lanes hi, lo, sweeps, a, b, c, d;
  ion_mask failed;
} progress;

static double largest_of(ion_lanes x)
{
  double y = x[0];

  for (int i = 1; i < ION_PAD; i++) y = x[i] > y ? x[i] : y;
  return y;
}

/* Lanes that end at row l note their corner. */
ION_INLINE void note_corner(const ion_eigen *e, progress *s, size_t l)
{
  const ion_mask ends = s->hi == all((double)l);

  if (!l || !ion_lanes_any(ends)) return;
  s->a = ion_lanes_choose(ends, *entry(e, l - 1, l - 1), s->a);
  s->b = ion_lanes_choose(ends, *entry(e, l - 1, l), s->b);
  s->c = ion_lanes_choose(ends, *entry(e, l, l - 1), s->c);
  s->d = ion_lanes_choose(ends, *entry(e, l, l), s->d);
}

/* Lanes in which subdiagonal l is small against its neighbours on the diagonal. */
ION_INLINE ion_mask small_at(const ion_eigen *e, size_t l)
{
  return ion_lanes_size(*entry(e, l, l - 1)) <=
         DBL_EPSILON * (ion_lanes_size(*entry(e, l - 1, l - 1)) + ion_lanes_size(*entry(e, l, l)));
}

/* Lanes in which leaving out subdiagonal l, small as it is, changes no eigenvalue by more than rounding (Ahues and
 * Tisseur 1997, LAPACK Working Note 122). */
ION_INLINE ion_mask negligible_at(const ion_eigen *e, size_t l)
{
  const ion_lanes above = *entry(e, l - 1, l - 1), here = *entry(e, l, l);
  const ion_lanes product =
      ion_lanes_size(*entry(e, l, l - 1)) * ion_lanes_size(*entry(e, l - 1, l));

  return (product <= DBL_EPSILON * ion_lanes_size(here) * ion_lanes_size(above - here)) |
         (product <= tiny);
}

/* From the last row upwards: a lane is done with what ends in one or two rows above a negligible subdiagonal, and
 * has found its block where more do. Returns whether any lane has one. */
static PetscBool find_blocks(const ion_eigen *e, progress *s)
{
  const double top = largest_of(s->hi);

  s->lo = all(-1);
  for (size_t l = (size_t)(top + 1); l-- > 0;) {
    const ion_lanes at = all((double)l);
    ion_mask hit       = (s->hi >= at) & (s->lo < 0), over;

    note_corner(e, s, l);
    if (l) {
      hit &= small_at(e, l);
      if (!ion_lanes_any(hit)) continue;
      hit &= negligible_at(e, l);
      *entry(e, l, l - 1) = ion_lanes_choose(hit, all(0), *entry(e, l, l - 1));
    }
    over      = hit & (s->hi - at < 2);
    s->lo     = ion_lanes_choose(hit & ~over, at, s->lo);
    s->hi     = ion_lanes_choose(over, at - 1, s->hi);
    s->sweeps = ion_lanes_choose(over, all(0), s->sweeps);
  }
  return (PetscBool)(largest_of(s->hi) >= 0);
}

/* The two shifts: real parts and squared imaginary part. */
typedef struct {
  ion_lanes re, im2;
} shifts;

/* Eigenvalues of the corner; of real ones the one nearer to d twice. Every tenth sweep something else. */
static shifts choose_shifts(progress *s)
{
  const ion_mask odd   = (s->sweeps == 10) | (s->sweeps == 20) | (s->sweeps == 30);
  const ion_lanes size = ion_lanes_size(s->c), d = ion_lanes_choose(odd, s->d + 0.75 * size, s->d);
  const ion_lanes a    = ion_lanes_choose(odd, d, s->a);
  const ion_lanes bc   = ion_lanes_choose(odd, -0.4375 * size * size, s->b * s->c);
  const ion_lanes mean = 0.5 * (a + d), p = 0.5 * (a - d), q = p * p + bc;
  const ion_lanes half = root(ion_lanes_size(q));

  s->failed |= (s->hi >= 0) & (s->sweeps >= MOST_SWEEPS);
  s->hi = ion_lanes_choose(s->failed, all(-1), s->hi);
  s->sweeps += 1;
  return (shifts){
      .re  = ion_lanes_choose(q >= 0, ion_lanes_choose(p < 0, mean + half, mean - half), mean),
      .im2 = ion_lanes_choose(q >= 0, all(0), -q)};
}

/* 1 - (b0 b1 b2)^T (1 w1 w2) */
typedef struct {
  ion_lanes w1, w2, b0, b1, b2;
} reflector;

/* First column of (H - z)(H - z') at row k, over its size. */
static void start_bulge(const ion_eigen *e, const shifts *z, size_t k, ion_lanes *x)
{
  const ion_lanes h00 = *entry(e, k, k), h01 = *entry(e, k, k + 1);
  const ion_lanes h10 = *entry(e, k + 1, k), h11 = *entry(e, k + 1, k + 1);
  const ion_lanes g = h00 - z->re, size = ion_lanes_size(g) + root(z->im2) + ion_lanes_size(h10);
  const ion_lanes by = ion_lanes_choose(size > tiny, 1.0 / size, all(0)), h = h10 * by;

  x[0] = h * h01 + g * (g * by) + z->im2 * by;
  x[1] = h * (g + (h11 - z->re));
  x[2] = h * *entry(e, k + 2, k + 1);
}

/* That which makes (x0 x1 x2) a multiple of the first axis, `left`; the identity outside the mask or where there is
 * nothing to do. */
ION_INLINE reflector reflector_of(const ion_lanes *x, ion_mask *where, ion_lanes *left)
{
  const ion_lanes sum = x[1] * x[1] + x[2] * x[2], size = root(x[0] * x[0] + sum);
  const ion_lanes s = ion_lanes_choose(x[0] < 0, -size, size), p = x[0] + s;
  ion_lanes inverse, w1, w2, beta;

  *where &= sum > tiny;
  *left   = -s;
  inverse = ion_lanes_choose(*where, 1.0 / (p * s), all(0));
  beta    = p * p * inverse;
  w1      = x[1] * (s * inverse);
  w2      = x[2] * (s * inverse);
  return (reflector){.w1 = w1, .w2 = w2, .b0 = beta, .b1 = beta * w1, .b2 = beta * w2};
}

/* The reflector at row k: of the bulge in column k - 1, or of the first column in lanes whose block starts here. A
 * block's last one has two rows: the third, below the block, is 0. */
ION_INLINE reflector reflector_at(const ion_eigen *e, const progress *s, const shifts *z, size_t k)
{
  const ion_lanes at    = all((double)k);
  const ion_mask begins = (s->hi > at) & (s->lo == at);
  ion_mask where        = (s->hi > at) & (s->lo <= at);
  ion_lanes x[3]        = {{0}}, start[3], left;
  reflector r;

  if (k)
    for (size_t i = 0; i < 3; i++) x[i] = *entry(e, k + i, k - 1);
  if (ion_lanes_any(begins)) {
    start_bulge(e, z, k, start);
    for (int i = 0; i < 3; i++) x[i] = ion_lanes_choose(begins, start[i], x[i]);
  }
  r = reflector_of(x, &where, &left);
  if (!k) return r;
  where &= ~begins;
  *entry(e, k, k - 1)     = ion_lanes_choose(where, left, *entry(e, k, k - 1));
  *entry(e, k + 1, k - 1) = ion_lanes_choose(where, all(0), *entry(e, k + 1, k - 1));
  *entry(e, k + 2, k - 1) = ion_lanes_choose(where, all(0), *entry(e, k + 2, k - 1));
  return r;
}

/* One triple whose elements are `apart`. */
ION_INLINE void apply(reflector r, ion_lanes *x, size_t apart)
{
  const ion_lanes y = x[apart], z = x[2 * apart], t = x[0] + r.w1 * y + r.w2 * z;

  x[0] -= t * r.b0;
  x[apart]     = y - t * r.b1;
  x[2 * apart] = z - t * r.b2;
}

/* What the next reflector is made of comes first: its square roots and divisions then overlap with the rest. */
static void sweep(const ion_eigen *e, const progress *s, const shifts *z)
{
  const ion_lanes behind = ion_lanes_choose(s->hi < 0, all(-(double)e->n), -s->lo);
  const size_t first = (size_t)-largest_of(behind), last = (size_t)largest_of(s->hi);
  const size_t stride = e->n + 1;

  for (size_t k = first; k < last; k++) {
    const reflector r = reflector_at(e, s, z, k);
    const size_t near = PetscMin(k + 3, last + 1), end = PetscMin(k + 3, last);

    for (size_t j = k; j < near; j++) apply(r, entry(e, k, j), stride);
    for (size_t i = end + 1; i-- > first;) apply(r, entry(e, i, k), 1);
    for (size_t j = near; j <= last; j++) apply(r, entry(e, k, j), stride);
  }
}

/* ---- eigenvalues of the triangle of blocks ---- */

static void read_blocks(const ion_eigen *e)
{
  ion_mask second = {0}; /* lanes in which i is the second row of a block of two */

  for (size_t i = 0; i < e->n; i++) {
    const size_t j    = i + 1 < e->n ? i + 1 : i;
    const ion_lanes c = j > i ? *entry(e, j, i) : all(0), a = *entry(e, i, i), d = *entry(e, j, j);
    const ion_lanes bc = *entry(e, i, j) * c, p = 0.5 * (a - d), q = p * p + bc;
    const ion_lanes half = root(ion_lanes_size(q)), z = ion_lanes_choose(p < 0, p - half, p + half);
    const ion_mask first = ~second & (c != 0), real = q >= 0, flat = z == 0;
    ion_lanes *re = ion_lanes_at(e->re, i, 0), *im = ion_lanes_at(e->im, i, 0);

    re[0] = ion_lanes_choose(second, re[0],
                             ion_lanes_choose(first, ion_lanes_choose(real, d + z, d + p), a));
    im[0] = ion_lanes_choose(second, im[0], ion_lanes_choose(first & ~real, half, all(0)));
    if (j > i) {
      re[1] = ion_lanes_choose(
          real, ion_lanes_choose(flat, d, d - bc / ion_lanes_choose(flat, all(1), z)), d + p);
      im[1] = ion_lanes_choose(real, all(0), -half);
    }
    second = first;
  }
}

void ion_eigen_find(ion_eigen *e)
{
  progress s    = {0};
  ion_lanes sum = {0};

  for (size_t k = 0; k < e->a.n_row; k++) sum += 0 * *ion_lanes_at(e->a, k, 0);
  s.failed = sum != 0;
  s.hi     = ion_lanes_choose(s.failed, all(-1), all((double)e->n - 1));
  balance(e);
  make_hessenberg(e);
  while (find_blocks(e, &s)) {
    const shifts z = choose_shifts(&s);

    if (largest_of(s.hi) >= 0) sweep(e, &s, &z);
  }
  read_blocks(e);
  for (int i = 0; i < ION_PAD; i++) e->found[i] = s.failed[i] == 0;
}
