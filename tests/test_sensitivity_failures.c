/* Where points fail: indices of the response given success, of the failure itself, and its place. */
#include "sensitivity_fixture.h"

enum { K = 3, NODE = 16, LINE = 2 * NODE, N_SEED = 16 };

/* ---- truth by quadrature: Ishigami's function without the corner x1 > 1.2, x3 > 0.8 ---- */

/* Gauss-Legendre nodes on [a, b] by Newton steps on P_n. */
static void gauss(double a, double b, double *x, double *w)
{
  for (int i = 0; i < NODE; i++) {
    double t = cos(M_PI * (i + 0.75) / (NODE + 0.5)), p0, p1, slope = 1.0;

    for (int step = 0; step < 50; step++) {
      p0 = 1.0;
      p1 = t;
      for (int n = 2; n <= NODE; n++) {
        const double p2 = ((2 * n - 1) * t * p1 - (n - 1) * p0) / n;

        p0 = p1;
        p1 = p2;
      }
      slope = NODE * (t * p1 - p0) / (t * t - 1.0);
      t -= p1 / slope;
    }
    x[i] = 0.5 * (a + b) + 0.5 * (b - a) * t;
    w[i] = (b - a) / ((1.0 - t * t) * slope * slope) / (2.0 * M_PI);
  }
}

/* Nodes of every input, cut where the corner begins. */
typedef struct {
  double x[K][LINE], w[K][LINE];
  double y[LINE][LINE][LINE]; /* NaN where it fails */
} lattice;

static PetscErrorCode make_lattice(lattice *g)
{
  static const double cut[K] = {1.2, 0.0, 0.8};
  const ion_function *f      = ion_function_find("ishigami_corner");
  ion_block x;

  PetscFunctionBegin;
  PetscCall(ion_block_create(K, 1, &x));
  for (size_t j = 0; j < K; j++) {
    gauss(-M_PI, cut[j], g->x[j], g->w[j]);
    gauss(cut[j], M_PI, g->x[j] + NODE, g->w[j] + NODE);
  }
  for (size_t i = 0; i < LINE * LINE * LINE; i++) {
    const size_t at[K] = {i / LINE / LINE, i / LINE % LINE, i % LINE};

    for (size_t j = 0; j < K; j++) ion_row(x, j)[0] = g->x[j][at[j]];
    f->value(K, x, &g->y[at[0]][at[1]][at[2]]);
  }
  PetscCall(ion_block_destroy(&x));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* E[Var(Y | the others, ok) | ok] and Var(E[Y | x_j, ok] | ok), both over Var(Y | ok). `on_line` says
 * whether the inner mean runs over x_j alone (total) or over the others (first). */
static double conditional(const lattice *g, size_t j, PetscBool on_line)
{
  double P = 0.0, sum = 0.0, square = 0.0, within = 0.0, *moment;
  const size_t n_outer = on_line ? LINE * LINE : LINE;

  if (PetscCalloc1(n_outer * 3, &moment)) return (double)NAN;
  for (size_t i = 0; i < LINE * LINE * LINE; i++) {
    const size_t at[K] = {i / LINE / LINE, i / LINE % LINE, i % LINE};
    const size_t rest  = at[(j + 1) % K] * LINE + at[(j + 2) % K];
    double *const m    = moment + 3 * (on_line ? rest : at[j]);
    const double y     = g->y[at[0]][at[1]][at[2]];
    const double w     = g->w[0][at[0]] * g->w[1][at[1]] * g->w[2][at[2]];

    if (isnan(y)) continue;
    m[0] += w;
    m[1] += w * y;
    m[2] += w * y * y;
  }
  for (size_t o = 0; o < n_outer; o++) {
    const double *m = moment + 3 * o;

    P += m[0];
    sum += m[1];
    square += m[2];
    if (m[0] > 0.0) within += m[2] - m[1] * m[1] / m[0];
  }
  if (PetscFree(moment)) return (double)NAN;
  return (on_line ? within : square - sum * sum / P - within) / (square - sum * sum / P);
}

/* ---- studies ---- */

/* Weights of the pairs of all points: 1/p(x_~j) and 1/p(x_j), p from members A and B alone. */
static PetscErrorCode learn(const fixture *s, ion_region *region, ion_tree **tree)
{
  const size_t n = 2 * (size_t)s->n_block * s->n_replicate;
  unsigned char *failed, status;
  ion_block u, one;

  PetscFunctionBegin;
  PetscCall(ion_block_create(K, n, &u));
  PetscCall(ion_block_create(K, 1, &one));
  PetscCall(PetscMalloc1(n, &failed));
  for (size_t i = 0; i < n; i++) {
    const size_t p = i / 2 * s->n_member + i % 2;

    for (size_t j = 0; j < K; j++) ion_row(u, j)[i] = ion_row(one, j)[0] = ion_row(s->u, j)[p];
    failed[i] = s->status[p] != ION_OK;
    status    = s->status[p];
    PetscCall(ion_region_add(region, i / 2 % s->n_replicate, one, &status));
  }
  PetscCall(ion_tree_create(u, failed, tree));
  PetscCall(PetscFree(failed));
  PetscCall(ion_block_destroy(&one));
  PetscCall(ion_block_destroy(&u));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Weights [2][K] of the block whose first point is p. */
static void weights_of(const fixture *s, const ion_region *region, const ion_tree *tree, size_t p,
                       double *weight)
{
  for (size_t j = 0; j < K; j++) {
    unsigned char moves[K] = {0};
    double u[K];

    moves[j] = 1;
    for (size_t l = 0; l < K; l++) u[l] = ion_row(s->u, l)[p];
    weight[j]     = 1.0 / PetscMax(0.02, ion_tree_success_along(tree, u, moves));
    weight[K + j] = 1.0 / ion_region_success(region, j, ion_row(s->u, j)[p + 1]);
  }
}

static PetscErrorCode weighted_pairs(const fixture *s, ion_pairs **pairs)
{
  ion_pairs_shape shape = fixture_shape(s);
  double weight[2 * K];
  ion_region *region;
  ion_tree *tree;

  PetscFunctionBegin;
  PetscCall(ion_region_create(K, s->n_replicate, &region));
  PetscCall(learn(s, region, &tree));
  shape.weighted = PETSC_TRUE;
  shape.shift    = 3.5;
  PetscCall(ion_pairs_create(&shape, pairs));
  for (uint64_t b = 0; b < s->n_block; b++) {
    for (size_t r = 0; r < s->n_replicate; r++) {
      const size_t p            = fixture_point(s, b, r);
      const ion_pairs_rows rows = {r, b, 1, 0, s->y + p, s->status + p, weight};

      weights_of(s, region, tree, p, weight);
      PetscCall(ion_pairs_add(*pairs, &rows));
    }
  }
  PetscCall(ion_tree_destroy(&tree));
  PetscCall(ion_region_destroy(&region));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Means over seeds of what weighted and unweighted pairs say, with the standard error of the mean. */
typedef struct {
  double total[K], total_error[K], first[K], first_error[K], unweighted[K];
} verdict;

static PetscErrorCode one_seed(uint64_t seed, double first[K], double total[K],
                               double unweighted[K])
{
  ion_estimate S[K], T[K], plain[K];
  ion_pairs_shape shape;
  ion_pairs *pairs;
  fixture s;

  PetscFunctionBegin;
  PetscCall(fixture_begin("ishigami_corner", K, 8192, 4, PETSC_FALSE, seed, &s));
  PetscCall(weighted_pairs(&s, &pairs));
  PetscCall(ion_pairs_estimate(pairs, ion_pairs_default(pairs, PETSC_FALSE), ION_BY_REPLICATES,
                               ION_ALL, S));
  PetscCall(ion_pairs_estimate(pairs, ION_TOTAL_JANSEN, ION_BY_REPLICATES, ION_ALL, T));
  PetscCall(ion_pairs_destroy(&pairs));
  shape       = fixture_shape(&s);
  shape.shift = 3.5;
  PetscCall(fixture_pairs(&s, &shape, &pairs));
  PetscCall(ion_pairs_estimate(pairs, ION_TOTAL_JANSEN, ION_BY_REPLICATES, ION_ALL, plain));
  PetscCall(ion_pairs_destroy(&pairs));
  for (size_t j = 0; j < K; j++) {
    first[j]      = S[j].value;
    total[j]      = T[j].value;
    unweighted[j] = plain[j].value;
  }
  PetscCall(fixture_end(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void mean_and_error(double x[N_SEED][K], double mean[K], double error[K])
{
  for (size_t j = 0; j < K; j++) {
    double square = 0.0;

    mean[j] = 0.0;
    for (size_t i = 0; i < N_SEED; i++) mean[j] += x[i][j] / N_SEED;
    for (size_t i = 0; i < N_SEED; i++) square += (x[i][j] - mean[j]) * (x[i][j] - mean[j]);
    error[j] = sqrt(square / (N_SEED - 1) / N_SEED);
  }
}

/* 2 standard errors of the mean over 16 seeds, for pairs weighted by an estimated p. */
static PetscErrorCode weighted_pairs_estimate_the_response_given_success(void)
{
  double first[N_SEED][K], total[N_SEED][K], plain[N_SEED][K], spare[K];
  const double T[K] = {0.499426, 0.464555, 0.242669}; /* by 80 nodes a side */
  verdict v;
  lattice *g;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(1, &g));
  PetscCall(make_lattice(g));
  for (uint64_t seed = 0; seed < N_SEED; seed++)
    PetscCall(one_seed(seed + 1, first[seed], total[seed], plain[seed]));
  mean_and_error(first, v.first, v.first_error);
  mean_and_error(total, v.total, v.total_error);
  mean_and_error(plain, v.unweighted, spare);
  for (size_t j = 0; j < K; j++) {
    const double truth_T = conditional(g, j, PETSC_TRUE), truth_S = conditional(g, j, PETSC_FALSE);

    printf("     x%zu: T^c %.5f +- %.5f (truth %.5f, unweighted %.5f), S^c %.5f +- %.5f (truth "
           "%.5f)\n",
           j + 1, v.total[j], v.total_error[j], truth_T, v.unweighted[j], v.first[j],
           v.first_error[j], truth_S);
    CHECK_NEAR(truth_T, T[j], 1e-6);
    CHECK_NEAR(v.total[j], truth_T, 2.0 * v.total_error[j]);
    CHECK_NEAR(v.first[j], truth_S, 2.0 * v.first_error[j]);
  }
  CHECK(v.total[2] < 0.25); /* where filling with the mean says 0.312 */
  CHECK(v.unweighted[0] < 0.497);
  PetscCall(PetscFree(g));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Z is 1 in a corner of share p = a b; with the corner's sides a and b:
 * T_1 = a b (1 - a)/(p (1 - p)), T_2 = 0, S_1 = b^2 a (1 - a)/(p (1 - p)). */
static PetscErrorCode indices_of_the_failure_itself(void)
{
  const double a = 0.5 - 1.2 / (2.0 * M_PI), b = 0.5 - 0.8 / (2.0 * M_PI),
               V = a * b * (1.0 - a * b);
  ion_estimate first[K], total[K];
  ion_pairs_shape shape;
  ion_pairs *pairs;
  fixture s;

  PetscFunctionBegin;
  PetscCall(fixture_begin("ishigami_corner", K, 16384, 4, PETSC_FALSE, 2, &s));
  for (size_t p = 0; p < s.n_point; p++) {
    s.y[p]      = s.status[p] != ION_OK;
    s.status[p] = ION_OK;
  }
  shape = fixture_shape(&s);
  PetscCall(fixture_pairs(&s, &shape, &pairs));
  PetscCall(ion_pairs_estimate(pairs, ION_FIRST_SALTELLI, ION_BY_REPLICATES, ION_ALL, first));
  PetscCall(ion_pairs_estimate(pairs, ION_TOTAL_JANSEN, ION_BY_REPLICATES, ION_ALL, total));
  CHECK_NEAR(total[0].value, a * b * (1.0 - a) / V, 0.01);
  CHECK_NEAR(total[2].value, a * b * (1.0 - b) / V, 0.01);
  CHECK_NEAR(first[0].value, b * b * a * (1.0 - a) / V, 0.01);
  CHECK(total[1].value == 0.0 && first[1].value == 0.0);
  PetscCall(ion_pairs_destroy(&pairs));
  PetscCall(fixture_end(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Share of the corner 0.1155, F_1 of failures is 0 up to 1.2: D_1 = P(x1 < 1.2 | ok) and so on. */
static PetscErrorCode regions_tell_ok_from_failed(void)
{
  const double a = 0.5 - 1.2 / (2.0 * M_PI), b = 0.5 - 0.8 / (2.0 * M_PI), ok = 1.0 - a * b;
  ion_regional regional[K];
  ion_estimate p, q;
  ion_region *region;
  ion_tree *tree;
  fixture s;

  PetscFunctionBegin;
  PetscCall(fixture_begin("ishigami_corner", K, 8192, 4, PETSC_FALSE, 2, &s));
  PetscCall(ion_region_create(K, 4, &region));
  PetscCall(learn(&s, region, &tree));
  p = ion_region_failure(region);
  q = ion_region_probability(region, ION_NO_STATE_FOUND);
  CHECK_NEAR(p.value, a * b, p.half_width);
  CHECK(p.half_width < 0.005 && q.value == p.value);
  CHECK(ion_region_probability(region, ION_TIMED_OUT).value == 0.0);
  CHECK(ion_region_probability(region, ION_TIMED_OUT).half_width > 0.0);
  PetscCall(ion_region_regional(region, regional));
  CHECK_NEAR(regional[0].ks, (1.0 - a) / ok, 0.02); /* within a bin of 1/64 */
  CHECK_NEAR(regional[2].ks, (1.0 - b) / ok, 0.02);
  CHECK(regional[1].ks < 0.03 && regional[1].p_value > 0.05);
  CHECK(regional[0].p_value < 1e-6 && regional[0].cdf_ok[63] == 1.0);
  CHECK(ion_region_correlation(region, 0, 2) < -0.05);
  CHECK_NEAR(ion_region_correlation(region, 0, 1), 0.0, 0.02);
  PetscCall(ion_tree_destroy(&tree));
  PetscCall(ion_region_destroy(&region));
  PetscCall(fixture_end(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* p(x_~1) is 1 - a where x3 is in the corner's range, else 1; the box is the corner. */
static PetscErrorCode tree_and_box_find_the_corner(void)
{
  const double a = 0.5 - 1.2 / (2.0 * M_PI), b = 0.5 - 0.8 / (2.0 * M_PI);
  const unsigned char x1[K] = {1, 0, 0}, both[K] = {1, 0, 1}, none[K] = {0, 0, 0};
  const double inside[K] = {0.1, 0.4, 0.9}, outside[K] = {0.9, 0.4, 0.2};
  unsigned char *failed;
  ion_region *region;
  ion_tree *tree;
  ion_box box;
  fixture s;

  PetscFunctionBegin;
  PetscCall(fixture_begin("ishigami_corner", K, 4096, 1, PETSC_FALSE, 2, &s));
  PetscCall(ion_region_create(K, 1, &region));
  PetscCall(learn(&s, region, &tree));
  CHECK_NEAR(ion_tree_success_along(tree, inside, x1), 1.0 - a, 0.003);
  CHECK_NEAR(ion_tree_success_along(tree, outside, x1), 1.0, 1e-12);
  CHECK_NEAR(ion_tree_success_along(tree, outside, both), 1.0 - a * b, 0.003);
  CHECK(ion_tree_success_along(tree, inside, none) == ion_tree_success(tree, inside));
  CHECK(ion_tree_success(tree, inside) == 1.0);
  PetscCall(PetscMalloc1(s.n_point, &failed));
  for (size_t i = 0; i < s.n_point; i++) failed[i] = s.status[i] != ION_OK;
  PetscCall(ion_box_find(s.u, failed, &box));
  CHECK_NEAR(box.lower[0], 1.0 - a, 0.02);
  CHECK_NEAR(box.lower[2], 1.0 - b, 0.02);
  CHECK(box.upper[0] > 0.98 && box.upper[2] > 0.98 && box.lower[1] < 0.02 && box.upper[1] > 0.98);
  CHECK(box.purity > 0.97 && box.share > 0.95);
  PetscCall(ion_box_destroy(&box));
  PetscCall(PetscFree(failed));
  PetscCall(ion_tree_destroy(&tree));
  PetscCall(ion_region_destroy(&region));
  PetscCall(fixture_end(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whatever p(x_~j) in [p_min, 1] is, the truth lies inside. */
static PetscErrorCode unweighted_pairs_come_with_a_bound(void)
{
  const ion_bounds bounds = ion_unweighted_bounds(0.494, 0.69);

  PetscFunctionBegin;
  CHECK(bounds.value == 0.494 && bounds.lower < 0.4997 && bounds.upper > 0.4997);
  CHECK_NEAR(bounds.upper, 0.494 / 0.69, 1e-15);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const ion_test_case cases[] = {
    {"weighted pairs estimate the response given success",
     weighted_pairs_estimate_the_response_given_success                                      },
    {"indices of the failure itself",                      indices_of_the_failure_itself     },
    {"regions tell ok from failed",                        regions_tell_ok_from_failed       },
    {"tree and box find the corner",                       tree_and_box_find_the_corner      },
    {"unweighted pairs come with a bound",                 unweighted_pairs_come_with_a_bound},
};

int main(int argc, char **argv)
{
  return ion_test_main(argc, argv, cases, ION_COUNT(cases));
}
