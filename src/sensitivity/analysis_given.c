/* Tables from given data, elementary effects and local derivatives. */
#include "analysis_impl.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const ion_analysis_axis by_column[] = {ION_AXIS_OUTPUT, ION_AXIS_COLUMN};
static const ion_analysis_axis by_input[]  = {ION_AXIS_OUTPUT, ION_AXIS_FACTOR};

/* ---- given data ---- */

typedef struct {
  double *pawn, *pawn_max, *delta, *delta_half, *ranks, *ranks_half, *easi, *easi_half;
} given_tables;

static PetscErrorCode add(ion_analysis *a, const char *name, const char *long_name, double **value)
{
  PetscFunctionBegin;
  PetscCall(ion_analysis_add(a, name, long_name, "1", 2, by_column, value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode add_given_tables(ion_analysis *a, given_tables *t)
{
  static const char half[] = "half-width of its 95 % interval";

  PetscFunctionBegin;
  PetscCall(add(a, "pawn",
                "mean over 10 slices of x_j of the Kolmogorov distance of F(y | slice) to F(y), of "
                "points that succeed (Pianosi and Wagener 2018)",
                &t->pawn));
  PetscCall(add(a, "pawn_max", "largest of those distances", &t->pawn_max));
  PetscCall(add(a, "delta",
                "half the mean L1 distance of the densities of y and of y given x_j, of points "
                "that succeed (Borgonovo 2007); the dummy shows its bias",
                &t->delta));
  PetscCall(
      add(a, "delta_half_width", "half-width of its 95 % interval (bootstrap)", &t->delta_half));
  PetscCall(add(a, "first_order_ranks",
                "Var(E[Y|x_j, ok] | ok)/Var(Y | ok) from one sample by ranks (Gamboa et al. 2022)",
                &t->ranks));
  PetscCall(add(a, "first_order_ranks_half_width", half, &t->ranks_half));
  PetscCall(add(a, "first_order_easi",
                "the same by the 6 lowest frequencies of y along x_j (EASI: Plischke 2010, bias "
                "taken off by Tissot and Prieur 2012)",
                &t->easi));
  PetscCall(add(a, "first_order_easi_half_width", half, &t->easi_half));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Values of an output at the independent points, NaN where there is no state. */
static PetscErrorCode read_sample(const ion_analysis *a, size_t output, double *y)
{
  PetscFunctionBegin;
  for (size_t i = 0; i < a->n_sample; i++) {
    PetscCall(ion_store_file_output(a->file, output, a->sample[i], 1, &y[i]));
    if (a->status[a->sample[i]] != ION_OK) y[i] = (double)NAN;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode fill_given(ion_analysis *a, size_t o, double *y, ion_given *given,
                                 given_tables *t)
{
  const size_t row = a->n_column + 1;

  PetscFunctionBegin;
  PetscCall(read_sample(a, a->output[o], y));
  PetscCall(ion_given_data(a->place, y, a->n_replicate, a->schema->seed, given));
  for (size_t j = 0; j < row; j++) {
    t->pawn[o * row + j]       = given[j].pawn_mean;
    t->pawn_max[o * row + j]   = given[j].pawn_max;
    t->delta[o * row + j]      = given[j].delta.value;
    t->delta_half[o * row + j] = given[j].delta.half_width;
    t->ranks[o * row + j]      = given[j].first.value;
    t->ranks_half[o * row + j] = given[j].first.half_width;
    t->easi[o * row + j]       = given[j].first_easi.value;
    t->easi_half[o * row + j]  = given[j].first_easi.half_width;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Neighbours in x_j of one net are tied in the other factors, by design: the mean of y_i y_next is not that of
 * independent points (2 x1 + x2 + x3/2 at 1024 points of a scrambled net: S_2 0.19, by ranks -0.12; six factors of
 * neuron_glia at 4096 points: two of S_j below 0.001 are 0.3 by ranks). */
static PetscErrorCode warn_of_net(ion_analysis *a)
{
  PetscFunctionBegin;
  if (a->design && a->n_replicate == 1 &&
      strcmp(ion_design_kind(a->design), "latin_hypercube") != 0)
    PetscCall(ion_analysis_warn(a, "first_order_ranks is too low or too high, by tenths, where all "
                                   "points are of one net; first_order_easi is not"));
  if (a->is_morris && ion_design_is_correlated(a->design))
    PetscCall(ion_analysis_warn(
        a, "factors are correlated: a step of one takes along those that depend on it"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Outputs that have no value at points that are ok: no threshold on the way, an event that does not happen. */
typedef struct {
  size_t n, first; /* how many, and one of them */
  double largest;  /* share of the points that are ok */
} gaps;

static void count_gaps(const ion_analysis *a, size_t o, const double *y, gaps *found)
{
  double n = 0.0, ok = 0.0;

  for (size_t i = 0; i < a->n_sample; i++) {
    if (a->status[a->sample[i]] != ION_OK) continue;
    ok += 1.0;
    n += isnan(y[i]) ? 1.0 : 0.0;
  }
  if (!(n > 0.0)) return;
  if (found->n++ == 0 || n / ok > found->largest) found->first = o;
  found->largest = fmax(found->largest, n / ok);
}

static PetscErrorCode warn_of_gaps(ion_analysis *a, const gaps *found)
{
  char others[64] = "";

  PetscFunctionBegin;
  if (found->n == 0) PetscFunctionReturn(PETSC_SUCCESS);
  if (found->n > 1)
    snprintf(others, sizeof others, " and %zu other output%s", found->n - 1,
             found->n > 2 ? "s" : "");
  PetscCall(ion_analysis_warn(
      a,
      "%s%s: no value at up to %.3g %% of the independent points that are ok; indices are of the "
      "points with one, not weighted, and biased where that depends on the factors",
      a->label[ION_AXIS_OUTPUT][found->first], others, 100.0 * found->largest));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_analysis_given(ion_analysis *a)
{
  given_tables t;
  ion_given *given;
  gaps found = {0};
  double *y;

  PetscFunctionBegin;
  PetscCall(add_given_tables(a, &t));
  PetscCall(warn_of_net(a));
  PetscCall(PetscMalloc1(a->n_sample, &y));
  PetscCall(PetscMalloc1(a->n_column + 1, &given));
  for (size_t o = 0; o < a->n_output; o++) {
    PetscCall(fill_given(a, o, y, given, &t));
    count_gaps(a, o, y, &found);
  }
  PetscCall(warn_of_gaps(a, &found));
  PetscCall(PetscFree(given));
  PetscCall(PetscFree(y));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- elementary effects ---- */

typedef struct {
  double *mu_star, *mu_star_half, *mu, *mu_half, *sigma, *sigma_half;
} effect_tables;

static PetscErrorCode add_effect_tables(ion_analysis *a, effect_tables *t)
{
  PetscFunctionBegin;
  PetscCall(
      ion_analysis_add(a, "mu_star",
                       "mean of |dY/du_j| over steps in u, of steps that succeed (Campolongo et "
                       "al. 2007), in the unit of the output",
                       NULL, 2, by_input, &t->mu_star));
  PetscCall(ion_analysis_add(a, "mu_star_half_width",
                             "half-width of its 95 % interval (bootstrap over trajectories)", NULL,
                             2, by_input, &t->mu_star_half));
  PetscCall(ion_analysis_add(a, "mu", "mean of dY/du_j; not defined for groups", NULL, 2, by_input,
                             &t->mu));
  PetscCall(ion_analysis_add(a, "mu_half_width", "half-width of its 95 % interval", NULL, 2,
                             by_input, &t->mu_half));
  PetscCall(ion_analysis_add(a, "sigma",
                             "standard deviation of dY/du_j (Morris 1991); not defined for groups",
                             NULL, 2, by_input, &t->sigma));
  PetscCall(ion_analysis_add(a, "sigma_half_width", "half-width of its 95 % interval", NULL, 2,
                             by_input, &t->sigma_half));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Steps of one block: input j goes from member `from` to member `to`. */
static PetscErrorCode find_steps(const ion_analysis *a, uint64_t block, size_t replicate,
                                 size_t *from, size_t *to, size_t *path)
{
  PetscFunctionBegin;
  if (ion_design_is_winding(a->design)) {
    PetscCall(ion_design_path(a->design, block, replicate, path));
    for (size_t s = 0; s < a->n_input; s++) {
      from[path[s]] = s;
      to[path[s]]   = s + 1;
    }
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  for (size_t j = 0; j < a->n_input; j++) {
    from[j] = ION_MEMBER_A;
    to[j]   = ion_design_input(a->design, j)->member;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Length of a step in u: of a group the root mean square over its factors, without a sign. */
static double step_of(const ion_analysis *a, ion_block u, size_t j, size_t from, size_t to)
{
  double square = 0.0, step = 0.0, n = 0.0;

  for (size_t i = 0; i < a->n_column; i++) {
    if (!a->moves[j][i]) continue;
    step = ion_row(u, i)[to] - ion_row(u, i)[from];
    square += step * step;
    n += 1.0;
  }
  return n > 1.0 ? sqrt(square / n) : step;
}

/* Effects of trajectory t = block x n_replicate + replicate, from f [n_member]. */
static PetscErrorCode effects_of(const ion_analysis *a, size_t t, const double *f, size_t *scratch,
                                 ion_block u, ion_block effect)
{
  size_t *from = scratch, *to = from + a->n_input, *path = to + a->n_input;

  PetscFunctionBegin;
  PetscCall(find_steps(a, t / a->n_replicate, t % a->n_replicate, from, to, path));
  PetscCall(ion_design_unit(a->design, (uint64_t)t * a->n_member, a->n_member, u));
  for (size_t j = 0; j < a->n_input; j++)
    ion_row(effect, j)[t] = (f[to[j]] - f[from[j]]) / step_of(a, u, j, from[j], to[j]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode all_effects(const ion_analysis *a, size_t output, ion_block effect)
{
  ion_block u;
  size_t *scratch;
  double *f;

  PetscFunctionBegin;
  PetscCall(ion_block_create(a->n_column, a->n_member, &u));
  PetscCall(PetscMalloc1(a->n_member, &f));
  PetscCall(PetscMalloc1(3 * (a->n_input + 1), &scratch));
  for (size_t t = 0; t < effect.n_point; t++) {
    const uint64_t first = (uint64_t)t * a->n_member;

    PetscCall(ion_store_file_output(a->file, output, first, a->n_member, f));
    for (size_t m = 0; m < a->n_member; m++)
      if (a->status[first + m] != ION_OK) f[m] = (double)NAN;
    PetscCall(effects_of(a, t, f, scratch, u, effect));
  }
  PetscCall(PetscFree(scratch));
  PetscCall(PetscFree(f));
  PetscCall(ion_block_destroy(&u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void fill_effects(const ion_analysis *a, size_t o, const ion_morris *morris,
                         effect_tables *t)
{
  for (size_t j = 0; j < a->n_input; j++) {
    const size_t at = o * (a->n_input + 1) + j;

    t->mu_star[at]      = morris[j].mu_star.value;
    t->mu_star_half[at] = morris[j].mu_star.half_width;
    t->mu[at]           = morris[j].mu.value;
    t->mu_half[at]      = morris[j].mu.half_width;
    t->sigma[at]        = morris[j].sigma.value;
    t->sigma_half[at]   = morris[j].sigma.half_width;
  }
}

PetscErrorCode ion_analysis_effects(ion_analysis *a)
{
  unsigned char *is_group;
  effect_tables t;
  ion_morris *morris;
  ion_block effect;

  PetscFunctionBegin;
  PetscCall(add_effect_tables(a, &t));
  PetscCall(ion_block_create(a->n_input, (size_t)a->n_block * a->n_replicate, &effect));
  PetscCall(PetscMalloc2(a->n_input, &is_group, a->n_input, &morris));
  for (size_t j = 0; j < a->n_input; j++) is_group[j] = ion_design_input(a->design, j)->is_group;
  for (size_t o = 0; o < a->n_output; o++) {
    PetscCall(all_effects(a, a->output[o], effect));
    PetscCall(ion_morris_indices(effect, is_group, a->schema->seed, morris));
    fill_effects(a, o, morris, &t);
  }
  PetscCall(PetscFree2(is_group, morris));
  PetscCall(ion_block_destroy(&effect));
  PetscFunctionReturn(PETSC_SUCCESS);
}
