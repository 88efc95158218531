/* The keys of sampled designs, and the kinds themselves. */
#include "marginal.h"
#include "sampled.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const scramble_words[N_SCRAMBLE] = {
    [SCRAMBLE_OWEN] = "owen",   [SCRAMBLE_HASH] = "hash", [SCRAMBLE_LMS] = "lms",
    [SCRAMBLE_SHIFT] = "shift", [SCRAMBLE_NONE] = "none",
};

PetscErrorCode ion_sampled_warn(ion_design *design, const char *format, ...)
{
  design_sampled *s = design->sampled;
  char text[512];
  va_list arguments;

  PetscFunctionBegin;
  va_start(arguments, format);
  (void)vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  PetscCheck(s->n_warning < ION_COUNT(s->warning), PETSC_COMM_SELF, PETSC_ERR_PLIB,
             "no room for the warning: %s", text);
  PetscCall(PetscStrallocpy(text, &s->warning[s->n_warning]));
  s->n_warning++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_sampled_destroy(ion_design *design)
{
  design_sampled *s = design->sampled;

  PetscFunctionBegin;
  if (!s) PetscFunctionReturn(PETSC_SUCCESS);
  for (size_t i = 0; i < s->n_warning; i++) PetscCall(PetscFree(s->warning[i]));
  PetscCall(PetscFree(s->direction));
  PetscCall(PetscFree(s->input_of));
  PetscCall(PetscFree(s->cholesky));
  PetscCall(PetscFree(s->correlation));
  PetscCall(PetscFree(design->sampled));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- keys ---- */

static PetscErrorCode read_integer(const ion_node *node, const char *key, int64_t lower,
                                   int64_t upper, int64_t otherwise, int64_t *value)
{
  const ion_node *member = ion_node_find(node, key);

  PetscFunctionBegin;
  *value = otherwise;
  if (member) PetscCall(ion_node_get_integer(member, key, lower, upper, value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_factors(const design_source *source, ion_design *design)
{
  const ion_node *factors;

  PetscFunctionBegin;
  PetscCall(ion_node_require(source->node, "design", "factors", &factors));
  PetscCall(ion_node_expect(factors, ION_MAPPING, "factors"));
  if (ion_node_count(factors) == 0)
    PetscCall(ion_node_fail(factors, "a sampled design needs at least one factor"));
  for (size_t i = 0; i < ion_node_count(factors); i++)
    PetscCall(ion_marginal_read(source, factors, i, design));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_seed(const design_source *source, design_sampled *s)
{
  int64_t seed;

  PetscFunctionBegin;
  PetscCall(read_integer(source->node, "seed", 0, INT64_MAX, 1, &seed));
  s->seed = (uint64_t)seed;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Equal copies of an unscrambled net would say nothing about the error. */
static PetscErrorCode read_scramble(const design_source *source, design_sampled *s)
{
  const ion_node *scramble   = ion_node_find(source->node, "scramble");
  const ion_node *replicates = ion_node_find(source->node, "replicates");
  size_t k                   = SCRAMBLE_OWEN;

  PetscFunctionBegin;
  if (scramble) PetscCall(ion_node_get_word(scramble, "scramble", scramble_words, N_SCRAMBLE, &k));
  s->scramble = (design_scramble)k;
  if (k == SCRAMBLE_NONE && s->n_replicate > 1) {
    if (replicates)
      PetscCall(ion_node_fail(replicates, "replicates of an unscrambled net are equal; give 1"));
    s->n_replicate = 1;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* `samples` or `trajectories`, in all, shared by the replicates. */
static PetscErrorCode read_size(const design_source *source, const char *key, int64_t replicates,
                                ion_design *design)
{
  design_sampled *s = design->sampled;
  const ion_node *node;
  int64_t n;

  PetscFunctionBegin;
  PetscCall(read_integer(source->node, "replicates", 1, MAX_REPLICATES, replicates, &replicates));
  s->n_replicate = (size_t)replicates;
  PetscCall(read_scramble(source, s));
  PetscCall(ion_node_require(source->node, "design", key, &node));
  PetscCall(ion_node_get_integer(node, key, 1, (int64_t)ION_MAX_POINTS, &n));
  if ((uint64_t)n % s->n_replicate != 0)
    PetscCall(ion_node_fail(node, "%s: %lld cannot be shared by %zu replicates", key, (long long)n,
                            s->n_replicate));
  s->n_block = (uint64_t)n / s->n_replicate;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Points in all; every factor has its value at each of them. */
static PetscErrorCode count_points(const design_source *source, ion_design *design)
{
  const design_sampled *s = design->sampled;

  PetscFunctionBegin;
  if (s->n_member > ION_MAX_POINTS / (s->n_block * s->n_replicate))
    PetscCall(ion_node_fail(source->node, "the design has more than 2^40 points"));
  design->n_point = s->n_block * s->n_replicate * s->n_member;
  for (size_t i = 0; i < design->n_factor; i++) design->factor[i].shown.count = design->n_point;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- nets ---- */

static PetscErrorCode make_directions(const design_source *source, ion_design *design)
{
  design_sampled *s = design->sampled;
  const size_t n    = (s->has_pair ? 2 : 1) * (design->n_factor + 1); /* and the dummy */

  PetscFunctionBegin;
  if (n > ION_SOBOL_DIMENSIONS)
    PetscCall(ion_node_fail(ion_node_find(source->node, "factors"),
                            "%zu factors need a Sobol sequence of %zu dimensions; there are %d",
                            design->n_factor, n, (int)ION_SOBOL_DIMENSIONS));
  PetscCall(PetscMalloc1(n * ION_SOBOL_BITS, &s->direction));
  for (size_t d = 0; d < n; d++) ion_sobol_directions(d, s->direction + d * ION_SOBOL_BITS);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode warn_of_broken_net(ion_design *design)
{
  const uint64_t n = design->sampled->n_block;
  uint64_t power   = 1;

  PetscFunctionBegin;
  if ((n & (n - 1)) == 0) PetscFunctionReturn(PETSC_SUCCESS);
  while (power < n) power *= 2;
  PetscCall(ion_sampled_warn(design,
                             "samples/replicates is %llu, not a power of two: the points do not "
                             "fill the cube evenly and errors grow towards those of Monte Carlo; "
                             "samples: %llu or %llu would",
                             (unsigned long long)n,
                             (unsigned long long)(power / 2 * design->sampled->n_replicate),
                             (unsigned long long)(power * design->sampled->n_replicate)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the kinds ---- */

/* Which members hold A_B^j and B_A^j. */
static void number_members(ion_design *design, size_t first, PetscBool reversed)
{
  design_sampled *s = design->sampled;

  for (size_t j = 0; j < design->n_input; j++) {
    design->input[j].member  = first + j;
    design->input[j].reverse = reversed ? first + design->n_input + j : ION_NO_MEMBER;
  }
  s->first_reverse = first + design->n_input;
  s->n_member      = s->first_reverse + (reversed ? design->n_input : 0);
}

static void one_member(ion_design *design)
{
  for (size_t j = 0; j < design->n_input; j++)
    design->input[j].member = design->input[j].reverse = ION_NO_MEMBER;
  design->sampled->n_member = design->sampled->first_reverse = 1;
}

/* The part that every kind has. */
static PetscErrorCode start(const design_source *source, const char *const *keys, size_t n_key,
                            const char *size_key, int64_t replicates, ion_design *design)
{
  PetscFunctionBegin;
  PetscCall(ion_node_check_keys(source->node, "design", keys, n_key));
  PetscCall(PetscNew(&design->sampled));
  PetscCall(read_seed(source, design->sampled));
  PetscCall(read_size(source, size_key, replicates, design));
  PetscCall(read_factors(source, design));
  PetscCall(ion_sampled_read_groups(ion_node_find(source->node, "groups"), design));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode finish(const design_source *source, ion_design *design)
{
  PetscFunctionBegin;
  PetscCall(count_points(source, design));
  PetscCall(ion_sampled_read_correlation(ion_node_find(source->node, "correlation"), source->units,
                                         design));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_latin(const design_source *source, ion_design *design)
{
  static const char *const keys[] = {"kind",    "samples",     "seed",   "replicates",
                                     "centred", "correlation", "factors"};
  const ion_node *centred         = ion_node_find(source->node, "centred");

  PetscFunctionBegin;
  PetscCall(start(source, keys, ION_COUNT(keys), "samples", 1, design));
  design->sampled->is_latin = PETSC_TRUE;
  if (centred) PetscCall(ion_node_get_bool(centred, "centred", &design->sampled->centred));
  one_member(design);
  PetscCall(finish(source, design));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_sobol(const design_source *source, ion_design *design)
{
  static const char *const keys[] = {"kind",     "samples",     "seed",   "replicates",
                                     "scramble", "correlation", "factors"};

  PetscFunctionBegin;
  PetscCall(start(source, keys, ION_COUNT(keys), "samples", 1, design));
  one_member(design);
  PetscCall(make_directions(source, design));
  PetscCall(warn_of_broken_net(design));
  PetscCall(finish(source, design));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_saltelli(const design_source *source, ion_design *design)
{
  static const char *const keys[] = {"kind",       "samples",     "seed",
                                     "replicates", "scramble",    "second_order",
                                     "groups",     "correlation", "factors"};
  const ion_node *second_order    = ion_node_find(source->node, "second_order");
  PetscBool reversed              = PETSC_FALSE;

  PetscFunctionBegin;
  PetscCall(start(source, keys, ION_COUNT(keys), "samples", 4, design));
  if (second_order) PetscCall(ion_node_get_bool(second_order, "second_order", &reversed));
  design->sampled->has_pair = PETSC_TRUE;
  number_members(design, ION_MEMBER_B + 1, reversed);
  design->input[design->n_input++] = (ion_input){
      .name = "dummy", .member = ION_MEMBER_A, .reverse = reversed ? ION_MEMBER_B : ION_NO_MEMBER};
  PetscCall(make_directions(source, design));
  PetscCall(warn_of_broken_net(design));
  PetscCall(finish(source, design));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_levels(const design_source *source, design_sampled *s)
{
  const ion_node *node = ion_node_find(source->node, "levels");
  int64_t n;

  PetscFunctionBegin;
  PetscCall(read_integer(source->node, "levels", 2, MAX_LEVELS, 4, &n));
  if (n % 2 != 0)
    PetscCall(ion_node_fail(node, "levels must be even, not %lld, so that all are visited alike",
                            (long long)n));
  s->n_level = (size_t)n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_morris(const design_source *source, ion_design *design)
{
  static const char *const radial[] = {"kind",   "path",     "trajectories", "seed",   "replicates",
                                       "groups", "scramble", "correlation",  "factors"};
  static const char *const winding[] = {"kind",   "path",   "trajectories", "seed",   "replicates",
                                        "groups", "levels", "correlation",  "factors"};
  static const char *const words[]   = {"radial", "winding"};
  const ion_node *path               = ion_node_find(source->node, "path");
  size_t k                           = 0;

  PetscFunctionBegin;
  if (path) PetscCall(ion_node_get_word(path, "path", words, ION_COUNT(words), &k));
  PetscCall(start(source, k ? winding : radial, k ? ION_COUNT(winding) : ION_COUNT(radial),
                  "trajectories", 1, design));
  design->sampled->has_pair = (PetscBool)(k == 0);
  number_members(design, 1, PETSC_FALSE);
  if (k == 0)
    PetscCall(make_directions(source, design));
  else
    PetscCall(read_levels(source, design->sampled));
  for (size_t j = 0; k == 1 && j < design->n_input; j++) design->input[j].member = ION_NO_MEMBER;
  PetscCall(finish(source, design));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- operations ---- */

static void values(const ion_design *design, size_t which, uint64_t first, size_t n, double *si)
{
  const design_factor *factor = &design->factor[which];

  ion_sampled_coordinates(design, which, first, n, si);
  for (size_t p = 0; p < n; p++) si[p] = factor->scale * si[p] + factor->offset;
}

static PetscErrorCode print_inputs(const ion_design *design, PetscSegBuffer out)
{
  PetscFunctionBegin;
  for (size_t j = 0; j < design->n_input; j++) {
    const ion_input *input = &design->input[j];

    if (!input->is_group) continue;
    PetscCall(ion_design_print(out, "group %s", input->name));
    for (size_t i = 0; i < input->n_factor; i++)
      PetscCall(ion_design_print(out, " %s", design->factor[input->factor[i]].name));
    PetscCall(ion_design_print(out, "\n"));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode canonical(const ion_design *design, uint64_t n_point, PetscSegBuffer out)
{
  const design_sampled *s = design->sampled;
  const size_t n          = design->n_factor;

  PetscFunctionBegin;
  PetscCall(ion_design_print(out, "points %llu members %zu replicates %zu seed %llu\n",
                             (unsigned long long)n_point, s->n_member, s->n_replicate,
                             (unsigned long long)s->seed));
  PetscCall(ion_design_print(out, "scramble %s centred %d levels %zu\n",
                             scramble_words[s->scramble], (int)s->centred, s->n_level));
  for (size_t i = 0; i < n; i++) PetscCall(ion_marginal_print(&design->factor[i].marginal, out));
  PetscCall(print_inputs(design, out));
  for (size_t i = 0; s->correlation && i < n * n; i++)
    if (i / n < i % n && s->correlation[i] != 0)
      PetscCall(
          ion_design_print(out, "correlation %zu %zu %.17g\n", i / n, i % n, s->correlation[i]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

#define SAMPLED_KIND(symbol, called, maker)                                                        \
  const design_kind symbol = {                                                                     \
      .name        = called,                                                                       \
      .is_grid     = PETSC_FALSE,                                                                  \
      .create      = maker,                                                                        \
      .values      = values,                                                                       \
      .coordinates = ion_sampled_coordinates,                                                      \
      .canonical   = canonical,                                                                    \
  }

SAMPLED_KIND(ion_design_latin_hypercube, "latin_hypercube", create_latin);
SAMPLED_KIND(ion_design_sobol, "sobol", create_sobol);
SAMPLED_KIND(ion_design_saltelli, "saltelli", create_saltelli);
SAMPLED_KIND(ion_design_morris, "morris", create_morris);
