/* What moves together: groups of factors, and correlated ones. */
#include "sampled.h"

#include <petscblaslapack.h>

#include <math.h>
#include <string.h>

/* ---- groups ---- */

/* The factor a node names. */
static PetscErrorCode find(const ion_node *node, const char *what, const ion_design *design,
                           size_t *factor)
{
  const char *name, *nearest;
  const char **names;

  PetscFunctionBegin;
  PetscCall(ion_node_get_string(node, what, &name));
  *factor = ion_design_find_factor(design, name);
  if (*factor < design->n_factor) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscMalloc1(design->n_factor, &names));
  for (size_t i = 0; i < design->n_factor; i++) names[i] = design->factor[i].name;
  nearest = ion_nearest_name(name, names, design->n_factor);
  PetscCall(PetscFree(names));
  PetscCall(ion_node_fail(node, "%.100s: '%.120s' is not a factor of this design%s%s%s", what, name,
                          nearest ? "; did you mean '" : "", nearest ? nearest : "",
                          nearest ? "'?" : ""));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Mark the factors of group g. */
static PetscErrorCode read_group(const ion_node *groups, size_t g, const ion_design *design,
                                 size_t *group_of)
{
  const ion_node *list = ion_node_at(groups, g);
  const char *name     = ion_node_key_at(groups, g);
  size_t factor;

  PetscFunctionBegin;
  if (ion_design_find_factor(design, name) < design->n_factor || !strcmp(name, "dummy"))
    PetscCall(
        ion_node_fail_key(groups, g, "'%.120s' cannot be the name of a group: it is taken", name));
  PetscCall(ion_node_expect(list, ION_SEQUENCE, name));
  if (ion_node_count(list) == 0) PetscCall(ion_node_fail(list, "group '%.120s' is empty", name));
  for (size_t i = 0; i < ion_node_count(list); i++) {
    const ion_node *node = ion_node_at(list, i);

    PetscCall(find(node, name, design, &factor));
    if (group_of[factor] != SIZE_MAX)
      PetscCall(ion_node_fail(node, "'%.120s' is in a group already", design->factor[factor].name));
    group_of[factor] = g;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The input that starts at this factor, with the factors of its group. */
static PetscErrorCode add_input(const ion_node *groups, const size_t *group_of, size_t factor,
                                size_t *used, ion_design *design)
{
  const size_t g   = group_of[factor];
  ion_input *input = &design->input[design->n_input];
  size_t *member   = design->input_factor + *used;

  PetscFunctionBegin;
  input->name     = design->factor[factor].name;
  input->is_group = (PetscBool)(g != SIZE_MAX);
  input->factor   = member;
  if (input->is_group) {
    PetscCall(PetscStrallocpy(ion_node_key_at(groups, g), &design->input_text[design->n_input]));
    input->name = design->input_text[design->n_input];
  }
  for (size_t i = factor; i < design->n_factor; i++)
    if (i == factor || (input->is_group && group_of[i] == g)) {
      member[input->n_factor++]    = i;
      design->sampled->input_of[i] = design->n_input;
    }
  *used += input->n_factor;
  design->n_input++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode group(const ion_node *groups, size_t *group_of, ion_design *design)
{
  const size_t n_group = groups ? ion_node_count(groups) : 0;
  size_t used          = 0;

  PetscFunctionBegin;
  for (size_t i = 0; i < design->n_factor; i++) group_of[i] = SIZE_MAX;
  for (size_t g = 0; g < n_group; g++) PetscCall(read_group(groups, g, design, group_of));
  for (size_t i = 0; i < design->n_factor; i++) {
    size_t first = 0;

    while (first < i && (group_of[i] == SIZE_MAX || group_of[first] != group_of[i])) first++;
    if (first == i) PetscCall(add_input(groups, group_of, i, &used, design));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_sampled_read_groups(const ion_node *groups, ion_design *design)
{
  const size_t n = design->n_factor;
  size_t *group_of;
  PetscErrorCode code;

  PetscFunctionBegin;
  if (groups) PetscCall(ion_node_expect(groups, ION_MAPPING, "groups"));
  PetscCall(PetscCalloc1(n + 1, &design->input)); /* the dummy is the last */
  PetscCall(PetscCalloc1(n + 1, &design->input_text));
  PetscCall(PetscMalloc1(n, &design->input_factor));
  PetscCall(PetscMalloc1(n, &design->sampled->input_of));
  PetscCall(PetscMalloc1(n, &group_of));
  code = group(groups, group_of, design);
  PetscCall(PetscFree(group_of));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- correlation ---- */

/* The correlation of normal scores: `rho`, or from Spearman's rank correlation `rank` the one of the
 * bivariate normal, 2 sin(pi rank/6) (Pearson 1907). */
static PetscErrorCode read_rho(const ion_node *node, const ion_units *units, double *rho)
{
  const ion_node *normal = ion_node_find(node, "rho"), *rank = ion_node_find(node, "rank");
  const ion_quantity as = {.name = rank ? "rank" : "rho", .unit = "1", .lower = -1, .upper = 1};

  PetscFunctionBegin;
  if (!normal == !rank)
    PetscCall(ion_node_fail(node,
                            "a correlation needs either 'rho' (of normal scores) or 'rank' "
                            "(Spearman's)%s",
                            rank ? ", not both" : ""));
  PetscCall(ion_node_get_quantity(rank ? rank : normal, units, &as, rho, NULL, NULL));
  if (rank) *rho = 2.0 * sin(3.14159265358979323846 / 6.0 * *rho);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_pair(const ion_node *node, const ion_units *units,
                                const ion_design *design, double *matrix)
{
  static const char *const keys[] = {"between", "rho", "rank"};
  const ion_node *between;
  const size_t n = design->n_factor;
  size_t a, b;
  double rho;

  PetscFunctionBegin;
  PetscCall(ion_node_check_keys(node, "correlation", keys, ION_COUNT(keys)));
  PetscCall(ion_node_require(node, "correlation", "between", &between));
  PetscCall(ion_node_expect(between, ION_SEQUENCE, "between"));
  if (ion_node_count(between) != 2)
    PetscCall(ion_node_fail(between, "a correlation is between two factors, not %zu",
                            ion_node_count(between)));
  PetscCall(find(ion_node_at(between, 0), "between", design, &a));
  PetscCall(find(ion_node_at(between, 1), "between", design, &b));
  if (a == b) PetscCall(ion_node_fail(between, "a correlation is between two different factors"));
  if (!isnan(matrix[a * n + b]))
    PetscCall(ion_node_fail(node, "the correlation of '%.120s' and '%.120s' is given twice",
                            design->factor[a].name, design->factor[b].name));
  PetscCall(read_rho(node, units, &rho));
  matrix[a * n + b] = rho;
  matrix[b * n + a] = rho;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* LAPACK's upper factor by columns is ours, lower, by rows. */
static PetscErrorCode factorise(const ion_node *list, ion_design *design)
{
  design_sampled *s = design->sampled;
  const size_t n    = design->n_factor;
  PetscBLASInt order, info;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n * n, &s->cholesky));
  memcpy(s->cholesky, s->correlation, n * n * sizeof *s->cholesky);
  PetscCall(PetscBLASIntCast((PetscInt)n, &order));
  PetscCallBLAS("potrf", LAPACKpotrf_("U", &order, s->cholesky, &order, &info));
  if (info > 0)
    PetscCall(ion_node_fail(list,
                            "these correlations contradict each other (not positive definite "
                            "at '%.120s')",
                            design->factor[info - 1].name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Say which dependent factors indices would tear apart. */
static PetscErrorCode warn(ion_design *design)
{
  const design_sampled *s = design->sampled;
  const size_t n          = design->n_factor;

  PetscFunctionBegin;
  for (size_t a = 0; s->has_pair && a < n; a++)
    for (size_t b = a + 1; b < n; b++) {
      if (s->correlation[a * n + b] == 0 || s->input_of[a] == s->input_of[b]) continue;
      PetscCall(ion_sampled_warn(design,
                                 "%s and %s are correlated but not in one group: indices of "
                                 "dependent inputs are no longer parts of the variance; put "
                                 "dependent factors into one of 'groups'",
                                 design->factor[a].name, design->factor[b].name));
      PetscFunctionReturn(PETSC_SUCCESS);
    }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_sampled_read_correlation(const ion_node *list, const ion_units *units,
                                            ion_design *design)
{
  design_sampled *s = design->sampled;
  const size_t n    = design->n_factor;

  PetscFunctionBegin;
  if (!list) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ion_node_expect(list, ION_SEQUENCE, "correlation"));
  PetscCall(PetscMalloc1(n * n, &s->correlation));
  for (size_t i = 0; i < n * n; i++) s->correlation[i] = i % (n + 1) == 0 ? 1.0 : (double)NAN;
  for (size_t i = 0; i < ion_node_count(list); i++)
    PetscCall(read_pair(ion_node_at(list, i), units, design, s->correlation));
  for (size_t i = 0; i < n * n; i++)
    if (isnan(s->correlation[i])) s->correlation[i] = 0;
  PetscCall(factorise(list, design));
  PetscCall(warn(design));
  PetscFunctionReturn(PETSC_SUCCESS);
}
