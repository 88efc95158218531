/* Where points fail and where they do not: probabilities, regional sensitivity. */
#include "sensitivity_impl.h"

#include <math.h>
#include <string.h>

struct ion_region {
  size_t n_factor, n_replicate;
  uint64_t *status; /* [n_replicate][ION_N_STATUS] */
  uint64_t *bin;    /* [n_factor][2][ION_REGION_BIN]: ok, fails */
  uint64_t *sum;    /* [n_factor] of u in 2^-16, of survivors */
  uint64_t *cross;  /* [n_factor][n_factor] of products of those */
};

PetscErrorCode ion_region_create(size_t n_factor, size_t n_replicate, ion_region **region)
{
  ion_region *r;

  PetscFunctionBegin;
  PetscCall(PetscNew(region));
  r              = *region;
  r->n_factor    = n_factor;
  r->n_replicate = n_replicate;
  PetscCall(PetscCalloc1(n_replicate * ION_N_STATUS, &r->status));
  PetscCall(PetscCalloc1(n_factor * 2 * ION_REGION_BIN, &r->bin));
  PetscCall(PetscCalloc1(n_factor, &r->sum));
  PetscCall(PetscCalloc1(n_factor * n_factor, &r->cross));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_region_destroy(ion_region **region)
{
  PetscFunctionBegin;
  if (!*region) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFree((*region)->status));
  PetscCall(PetscFree((*region)->bin));
  PetscCall(PetscFree((*region)->sum));
  PetscCall(PetscFree((*region)->cross));
  PetscCall(PetscFree(*region));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Never run, or not yet. */
static PetscBool is_outcome(unsigned char status)
{
  return (PetscBool)(status != ION_PENDING && status != ION_INFEASIBLE && status != ION_NOT_NEEDED);
}

size_t ion_region_bin(double u)
{
  const double x = u * ION_REGION_BIN;

  return x <= 0.0 ? 0 : x >= ION_REGION_BIN ? ION_REGION_BIN - 1 : (size_t)x;
}

static void add_survivor(ion_region *r, ion_block u, size_t p)
{
  for (size_t a = 0; a < r->n_factor; a++) {
    const uint64_t x = (uint64_t)(ion_row(u, a)[p] * 0x1p16);

    r->sum[a] += x;
    for (size_t b = 0; b <= a; b++)
      r->cross[a * r->n_factor + b] += x * (uint64_t)(ion_row(u, b)[p] * 0x1p16);
  }
}

PetscErrorCode ion_region_add(ion_region *r, size_t replicate, ion_block u,
                              const unsigned char *status)
{
  PetscFunctionBegin;
  PetscCheck(u.n_row >= r->n_factor && replicate < r->n_replicate, PETSC_COMM_SELF,
             PETSC_ERR_ARG_SIZ, "%zu rows for %zu factors, replicate %zu of %zu", u.n_row,
             r->n_factor, replicate, r->n_replicate);
  for (size_t p = 0; p < u.n_point; p++) {
    const size_t fails = status[p] != ION_OK;

    if (status[p] < ION_N_STATUS) r->status[replicate * ION_N_STATUS + status[p]]++;
    if (!is_outcome(status[p])) continue;
    for (size_t j = 0; j < r->n_factor; j++)
      r->bin[(2 * j + fails) * ION_REGION_BIN + ion_region_bin(ion_row(u, j)[p])]++;
    if (!fails) add_survivor(r, u, p);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void add_counts(size_t n, const uint64_t *from, uint64_t *into)
{
  for (size_t i = 0; i < n; i++) into[i] += from[i];
}

PetscErrorCode ion_region_merge(ion_region *into, const ion_region *from)
{
  const size_t k = into->n_factor;

  PetscFunctionBegin;
  PetscCheck(k == from->n_factor && into->n_replicate == from->n_replicate, PETSC_COMM_SELF,
             PETSC_ERR_ARG_INCOMP, "counts of two studies cannot be merged");
  add_counts(into->n_replicate * ION_N_STATUS, from->status, into->status);
  add_counts(k * 2 * ION_REGION_BIN, from->bin, into->bin);
  add_counts(k, from->sum, into->sum);
  add_counts(k * k, from->cross, into->cross);
  PetscFunctionReturn(PETSC_SUCCESS);
}

void ion_region_put_counts(ion_region *r, size_t replicate, double hits, double misses)
{
  r->status[replicate * ION_N_STATUS + ION_NO_STATE_FOUND] += (uint64_t)hits;
  r->status[replicate * ION_N_STATUS + ION_OK] += (uint64_t)misses;
}

void ion_region_put_places(ion_region *r, const double *with, const double *without,
                           const double *survivors)
{
  const size_t k = r->n_factor;

  for (size_t j = 0; j < k; j++) {
    for (size_t b = 0; b < ION_REGION_BIN; b++) {
      r->bin[2 * j * ION_REGION_BIN + b]       = (uint64_t)without[j * ION_REGION_BIN + b];
      r->bin[(2 * j + 1) * ION_REGION_BIN + b] = (uint64_t)with[j * ION_REGION_BIN + b];
    }
    if (survivors) r->sum[j] = (uint64_t)survivors[j];
  }
  for (size_t i = 0; survivors && i < k * k; i++) r->cross[i] = (uint64_t)survivors[k + i];
}

/* ---- probabilities ---- */

/* Points of a replicate (SIZE_MAX: all but `without`) with a status of the set, and all that were run. */
static void count(const ion_region *r, size_t without, unsigned set, double *hits, double *n)
{
  *hits = *n = 0.0;
  for (size_t i = 0; i < r->n_replicate; i++) {
    for (unsigned char s = 0; i != without && s < ION_N_STATUS; s++) {
      const double x = (double)r->status[i * ION_N_STATUS + s];

      if (!is_outcome(s) && !(set >> s & 1)) continue;
      *n += x;
      if (set >> s & 1) *hits += x;
    }
  }
}

/* Replicates of a net know how much steadier than coin tosses they are. */
static ion_estimate probability(const ion_region *r, unsigned set)
{
  double hits, n, part, n_part, square = 0.0, mean = 0.0;
  const double R = (double)r->n_replicate;
  ion_estimate out;

  count(r, SIZE_MAX, set, &hits, &n);
  out = ion_proportion(hits, n);
  if (r->n_replicate < 2 || hits <= 0.0 || hits >= n) return out;
  for (int pass = 0; pass < 2; pass++) {
    for (size_t i = 0; i < r->n_replicate; i++) {
      count(r, i, set, &part, &n_part);
      if (pass == 0)
        mean += part / n_part / R;
      else
        square += (part / n_part - mean) * (part / n_part - mean);
    }
  }
  out.half_width = ion_student(r->n_replicate - 1) * sqrt(square * (R - 1.0) / R);
  return out;
}

ion_estimate ion_region_probability(const ion_region *region, ion_status status)
{
  return probability(region, 1u << status);
}

ion_estimate ion_region_failure(const ion_region *region)
{
  unsigned set = 0;

  for (unsigned char s = 0; s < ION_N_STATUS; s++)
    if (is_outcome(s) && s != ION_OK) set |= 1u << s;
  return probability(region, set);
}

double ion_region_success(const ion_region *region, size_t factor, double u)
{
  const uint64_t *bin = region->bin + factor * 2 * ION_REGION_BIN + ion_region_bin(u);
  const double ok = (double)bin[0], fails = (double)bin[ION_REGION_BIN];

  return ok / (ok + fails);
}

/* ---- regional sensitivity ---- */

static double total(const uint64_t *bin)
{
  double n = 0.0;

  for (size_t i = 0; i < ION_REGION_BIN; i++) n += (double)bin[i];
  return n;
}

static void compare(const uint64_t *ok, const uint64_t *failed, ion_regional *out)
{
  const double n_ok = total(ok), n_failed = total(failed);
  double a = 0.0, b = 0.0;

  out->ks = n_ok > 0.0 && n_failed > 0.0 ? 0.0 : (double)NAN;
  for (size_t i = 0; i < ION_REGION_BIN; i++) {
    a += (double)ok[i];
    b += (double)failed[i];
    out->cdf_ok[i]     = a / n_ok;
    out->cdf_failed[i] = b / n_failed;
    if (fabs(out->cdf_ok[i] - out->cdf_failed[i]) > out->ks)
      out->ks = fabs(out->cdf_ok[i] - out->cdf_failed[i]);
  }
  out->p_value = ion_kolmogorov(out->ks, n_ok, n_failed);
}

/* Holm 1979: the i-th smallest of n times n - i, never below the one before. */
static void adjust(size_t n, const size_t *order, ion_regional *regional)
{
  double floor = 0.0;

  for (size_t i = 0; i < n; i++) {
    double *p = &regional[order[i]].p_value;

    floor = PetscMax(floor, PetscMin(1.0, *p * (double)(n - i)));
    if (!isnan(*p)) *p = floor;
  }
}

PetscErrorCode ion_region_regional(const ion_region *region, ion_regional *regional)
{
  const size_t k = region->n_factor;
  size_t *order;
  double *p;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(k, &order, k, &p));
  for (size_t j = 0; j < k; j++) {
    const uint64_t *bin = region->bin + j * 2 * ION_REGION_BIN;

    compare(bin, bin + ION_REGION_BIN, &regional[j]);
    p[j] = regional[j].p_value;
  }
  PetscCall(ion_order(k, p, order));
  adjust(k, order, regional);
  PetscCall(PetscFree2(order, p));
  PetscFunctionReturn(PETSC_SUCCESS);
}

double ion_region_correlation(const ion_region *region, size_t a, size_t b)
{
  const size_t k = region->n_factor, row = PetscMax(a, b), column = PetscMin(a, b);
  const double n  = total(region->bin + a * 2 * ION_REGION_BIN);
  const double ma = (double)region->sum[a] / n, mb = (double)region->sum[b] / n;
  const double va = (double)region->cross[a * k + a] / n - ma * ma;
  const double vb = (double)region->cross[b * k + b] / n - mb * mb;

  return ((double)region->cross[row * k + column] / n - ma * mb) / sqrt(va * vb);
}

/* w in [1, 1/p_min] moves a mean by at most that factor either way. */
ion_bounds ion_unweighted_bounds(double unweighted, double p_min)
{
  return (ion_bounds){unweighted, unweighted * p_min, unweighted / p_min};
}
