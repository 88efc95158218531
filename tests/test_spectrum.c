/* Eigenvalues in lock step: matrices whose spectrum is known, the dynamics of models against LAPACK point by point,
 * and independence of place and mates. */
#include "model_fixture.h"
#include "solver/solver_impl.h"

#include <stdlib.h>

enum { MOST = 32, N_BOX = 256 };

static double uniform(uint64_t seed, uint64_t i)
{
  return ion_random_uniform(seed, i, 0);
}

/* ---- matrices ---- */

/* A <- H A H with the reflection 1 - 2 v v^T/|v|^2 along a random v: the same eigenvalues. */
static void reflect(size_t n, double *A, uint64_t seed)
{
  double v[MOST], size = 0;

  for (size_t i = 0; i < n; i++) {
    v[i] = 2 * uniform(seed, i) - 1;
    size += v[i] * v[i];
  }
  for (size_t j = 0; j < 2 * n; j++) {
    double *x = j < n ? A + j : A + (j - n) * n, t = 0;
    const size_t step = j < n ? n : 1;

    for (size_t i = 0; i < n; i++) t += v[i] * x[i * step];
    for (size_t i = 0; i < n; i++) x[i * step] -= 2 * t / size * v[i];
  }
}

static void put(ion_eigen *e, size_t lane, const double *A)
{
  for (size_t i = 0; i < e->n; i++)
    for (size_t j = 0; j < e->n; j++) ion_eigen_at(e, i, j)[lane] = A[i * e->n + j];
}

/* Distance from z to the nearest eigenvalue of a lane. */
static double nearest(const ion_eigen *e, size_t lane, double re, double im)
{
  double best = INFINITY;

  for (size_t i = 0; i < e->n; i++)
    best = fmin(best, hypot(ion_row(e->re, i)[lane] - re, ion_row(e->im, i)[lane] - im));
  return best;
}

static double sum_of(const ion_eigen *e, size_t lane)
{
  double sum = 0;

  for (size_t i = 0; i < e->n; i++) sum += ion_row(e->re, i)[lane];
  return sum;
}

/* Blocks of 2 with a +- ib and single eigenvalues over 12 decades, hidden behind reflections: normal matrices, whose
 * eigenvalues move by no more than the matrix is perturbed. */
static void normal_matrix(size_t n, uint64_t seed, double *A, double *re, double *im)
{
  memset(A, 0, n * n * sizeof *A);
  for (size_t i = 0; i < n; i++) {
    const double size   = pow(10, 12 * uniform(seed, 100 + i) - 6);
    const int is_double = i + 1 < n && uniform(seed, 200 + i) < 0.4;

    re[i] = A[i * n + i] = (uniform(seed, 300 + i) - 0.7) * size;
    im[i]                = 0;
    if (!is_double) continue;
    im[i]                    = size * uniform(seed, 400 + i);
    re[i + 1]                = re[i];
    im[i + 1]                = -im[i];
    A[i * n + i + 1]         = im[i];
    A[(i + 1) * n + i]       = -im[i];
    A[(i + 1) * n + (i + 1)] = re[i];
    i++;
  }
  for (uint64_t k = 0; k < 3; k++) reflect(n, A, 1000 * seed + k);
}

static PetscErrorCode normal_matrices(void)
{
  static const size_t order[] = {1, 2, 3, 4, 7, 16, 23, 32};

  PetscFunctionBegin;
  for (size_t o = 0; o < ION_COUNT(order); o++) {
    const size_t n = order[o];

    for (uint64_t first = 0; first < 64; first += ION_EIGEN_LANES) {
      double A[MOST * MOST], re[ION_EIGEN_LANES][MOST], im[ION_EIGEN_LANES][MOST];
      ion_eigen e = {0};

      PetscCall(ion_eigen_create(n, &e));
      for (size_t l = 0; l < ION_EIGEN_LANES; l++) {
        normal_matrix(n, 64 * n + first + l, A, re[l], im[l]);
        put(&e, l, A);
      }
      ion_eigen_find(&e);
      for (size_t l = 0; l < ION_EIGEN_LANES; l++) {
        double largest = 0;

        CHECK(e.found[l]);
        for (size_t i = 0; i < n; i++) largest = fmax(largest, hypot(re[l][i], im[l][i]));
        for (size_t i = 0; i < n; i++)
          CHECK_NEAR(nearest(&e, l, re[l][i], im[l][i]), 0, 2e-14 * largest);
      }
      PetscCall(ion_eigen_destroy(&e));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Units of the variables far apart: powers of 2 on rows and columns leave the spectrum as it is to the last bit, and
 * balancing finds them. The eigenvalues 1, 2, ..., n of a symmetric matrix are well conditioned. */
static PetscErrorCode units_do_not_matter(void)
{
  enum { N = 12 };
  ion_eigen e = {0};

  PetscFunctionBegin;
  PetscCall(ion_eigen_create(N, &e));
  for (size_t l = 0; l < ION_EIGEN_LANES; l++) {
    double A[N * N] = {0};

    for (size_t i = 0; i < N; i++) A[i * N + i] = (double)i + 1;
    for (uint64_t k = 0; k < 3; k++) reflect(N, A, 10 * l + k);
    for (size_t i = 0; i < N; i++)
      for (size_t j = 0; j < N; j++)
        A[i * N + j] *= exp2(floor(60 * uniform(l, i))) / exp2(floor(60 * uniform(l, j)));
    put(&e, l, A);
  }
  ion_eigen_find(&e);
  for (size_t l = 0; l < ION_EIGEN_LANES; l++)
    for (size_t i = 0; i < N; i++) CHECK_NEAR(nearest(&e, l, (double)i + 1, 0), 0, 1e-12);
  PetscCall(ion_eigen_destroy(&e));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A block of Jordan of order m at -1: its eigenvalues move by the m-th root of rounding, their sum by rounding. The
 * cyclic permutation, which shifts from its corner leave as it is: the n-th roots of 1. */
static PetscErrorCode defective_and_cyclic_matrices(void)
{
  enum { N = 9 };
  ion_eigen e = {0};

  PetscFunctionBegin;
  PetscCall(ion_eigen_create(N, &e));
  for (size_t l = 0; l < ION_EIGEN_LANES; l++) {
    const PetscBool is_cyclic = (PetscBool)(l % 2);
    double A[N * N]           = {0};

    for (size_t i = 0; i < N; i++) {
      if (is_cyclic)
        A[i * N + (i + N - 1) % N] = 1;
      else
        A[i * N + i] = i < 4 ? -1 : -(double)i;
      if (!is_cyclic && i < 3) A[i * N + i + 1] = 1;
    }
    for (uint64_t k = 0; k < 3 && !is_cyclic; k++) reflect(N, A, 10 * l + k);
    put(&e, l, A);
  }
  ion_eigen_find(&e);
  for (size_t l = 0; l < ION_EIGEN_LANES; l++) {
    CHECK(e.found[l]);
    CHECK_NEAR(sum_of(&e, l), l % 2 ? 0 : -4 - (4 + 5 + 6 + 7 + 8), 1e-12);
    for (size_t i = 0; i < N; i++) {
      const double angle = 2 * PETSC_PI * (double)i / N;

      if (l % 2)
        CHECK_NEAR(nearest(&e, l, cos(angle), sin(angle)), 0, 1e-13);
      else
        CHECK_NEAR(nearest(&e, l, i < 4 ? -1 : -(double)i, 0), 0, i < 4 ? 2e-3 : 1e-11);
    }
  }
  PetscCall(ion_eigen_destroy(&e));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One matrix at every place among others, one of which is not finite. */
static PetscErrorCode mates_do_not_matter(void)
{
  enum { N = 16 };
  double A[MOST * MOST], re[MOST], im[MOST], got[2 * N], first[2 * N];
  ion_eigen e = {0};

  PetscFunctionBegin;
  PetscCall(ion_eigen_create(N, &e));
  for (size_t place = 0; place < 3 * ION_EIGEN_LANES; place++) {
    const size_t lane = place % ION_EIGEN_LANES, bad = (lane + 3) % ION_EIGEN_LANES;

    memset(e.a.data, 0, e.a.n_row * e.a.stride * sizeof(double));
    for (size_t l = 0; l < ION_EIGEN_LANES; l++) {
      normal_matrix(N, l == lane ? 7 : 100 * place + l, A, re, im);
      if (l == bad) A[place % (N * N)] = place % 2 ? (double)NAN : (double)INFINITY;
      if (place < 2 * ION_EIGEN_LANES || l == lane) put(&e, l, A); /* in the end among zeros */
    }
    ion_eigen_find(&e);
    CHECK(e.found[lane]);
    CHECK(e.found[bad] == (place >= 2 * ION_EIGEN_LANES));
    for (size_t i = 0; i < N; i++) {
      got[i]     = ion_row(e.re, i)[lane];
      got[N + i] = ion_row(e.im, i)[lane];
    }
    if (!place) memcpy(first, got, sizeof got);
    CHECK(!memcmp(first, got, sizeof got));
  }
  PetscCall(ion_eigen_destroy(&e));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- models ---- */

/* Whether a quantity is varied: amounts of machinery and of space. */
static PetscBool is_varied(const char *name)
{
  static const char *const end[] = {".rate", ".permeability", ".conductance", ".current",
                                    ".composition.volume"};
  const size_t length            = strlen(name);

  for (size_t k = 0; k < ION_COUNT(end); k++)
    if (length > strlen(end[k]) && !strcmp(name + length - strlen(end[k]), end[k]))
      return PETSC_TRUE;
  return PETSC_FALSE;
}

/* Points of a box around the defaults; supply 0 leaves the energy supply alone, else it is between that and 1. */
static PetscErrorCode solve_box(fixture *f, double width, double kelvin, double supply)
{
  const ion_quantity *quantity = ion_model_quantities(f->model, NULL, NULL);
  int varying[256];
  size_t n = 0;

  PetscFunctionBegin;
  for (size_t k = 0; k < f->n_theta && n < 254; k++) {
    if (!is_varied(quantity[k].name) || quantity[k].value == 0) continue;
    for (size_t p = 0; p < f->n_point; p++)
      ion_row(f->theta, k)[p] *= 1 + width * (2 * ion_random_uniform(3, p, n) - 1);
    varying[n++] = (int)k;
  }
  CHECK(n >= 4);
  for (size_t p = 0; p < f->n_point && kelvin > 0; p++)
    fixture_theta(f, "temperature")[p] += kelvin * (2 * ion_random_uniform(4, p, 0) - 1);
  for (size_t p = 0; p < f->n_point && supply > 0; p++)
    fixture_theta(f, "energy_supply")[p] = exp(log(supply) * ion_random_uniform(5, p, 0));
  if (kelvin > 0) varying[n++] = ion_model_find(f->model, "temperature");
  if (supply > 0) varying[n++] = ion_model_find(f->model, "energy_supply");
  PetscCall(ion_solver_create(f->model, varying, n, f->n_point, &f->solver));
  PetscCall(ion_solve_steady(f->solver, f->theta, f->x, &f->verdict));
  fixture_evaluate(f, ION_RESIDUAL | ION_JACOBIAN);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What was found of the points of a fixture. */
typedef struct {
  unsigned char wanted[N_BOX];
  double re[N_BOX], im[N_BOX];
  int n_unstable[N_BOX];
} verdicts;

/* All eigenvalues of a lane and LAPACK's agree: the leading one to 1e-8, or to 1e-10 of the largest. */
static PetscErrorCode compare_lane(const fixture *f, const ion_spectrum *s, const verdicts *v,
                                   size_t p)
{
  double re[64], im[64], largest = 0;
  size_t n;
  int n_unstable = 0;

  PetscFunctionBegin;
  PetscCall(ion_stability_spectrum(f->model, f->prepared, f->x, &f->work, p, &n, re, im));
  CHECK(n == s->count[p] && n > 0);
  for (size_t i = 0; i < n; i++) {
    largest = fmax(largest, hypot(re[i], im[i]));
    n_unstable += re[i] > 0;
  }
  for (size_t i = 0; i < n; i++) {
    double best = INFINITY;

    for (size_t k = 0; k < n; k++)
      best = fmin(best, hypot(ion_row(s->re, k)[p] - re[i], ion_row(s->im, k)[p] - im[i]));
    CHECK_NEAR(best, 0, 1e-10 * largest);
  }
  CHECK(n_unstable == v->n_unstable[p]);
  CHECK_NEAR(v->re[p], re[0], fmax(1e-8 * fabs(re[0]), 1e-13 * largest));
  CHECK_NEAR(v->im[p], fabs(im[0]), fmax(1e-8 * hypot(re[0], im[0]), 1e-13 * largest));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Compare every point that has a state; count those that are unstable and those with a complex leading pair. */
static PetscErrorCode compare_points(fixture *f, ion_spectrum *s, size_t *n_state,
                                     size_t *n_unstable)
{
  verdicts v;

  PetscFunctionBegin;
  *n_state = *n_unstable = 0;
  memset(&v, 0, sizeof v);
  for (size_t p = 0; p < f->n_point; p++) v.wanted[p] = f->verdict.status[p] == ION_OK;
  PetscCall(ion_spectrum_find(s, f->prepared, f->x, &f->work, v.wanted, v.re, v.im, v.n_unstable));
  for (size_t p = 0; p < f->n_point; p++) {
    if (!v.wanted[p]) continue;
    PetscCall(compare_lane(f, s, &v, p));
    if (v.n_unstable[p] > 0) ++*n_unstable;
    ++*n_state;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode box_against_lapack(const char *model, double width, double kelvin,
                                         double supply, size_t *n_unstable)
{
  size_t n_state;
  fixture f;
  ion_spectrum s;

  PetscFunctionBegin;
  PetscCall(fixture_open(&f, model));
  PetscCall(fixture_setup(&f, N_BOX));
  PetscCall(solve_box(&f, width, kelvin, supply));
  PetscCall(ion_spectrum_create(f.model, N_BOX, &s));
  PetscCall(compare_points(&f, &s, &n_state, n_unstable));
  CHECK(n_state >= N_BOX * 9 / 10);
  CHECK(s.reduction.is_usable == (strcmp(model, "dusterwald2018") != 0));
  CHECK(s.n_by_one == (s.reduction.is_usable ? 0 : n_state));
  PetscCall(ion_spectrum_destroy(&s));
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode boxes_against_lapack(void)
{
  size_t n_unstable;

  PetscFunctionBegin;
  PetscCall(box_against_lapack("neuron_glia", 0.2, 3, 0, &n_unstable));
  PetscCall(box_against_lapack("neuron_glia", 0.4, 6, 0.2, &n_unstable));
  CHECK(n_unstable > 0);
  PetscCall(box_against_lapack("neuron_irreversible", 0.2, 3, 0, &n_unstable));
  PetscCall(box_against_lapack("hubel2014", 0.1, 0, 0, &n_unstable));
  PetscCall(box_against_lapack("dijkstra2016", 0.1, 0, 0, &n_unstable));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A membrane that stores no charge: the pencil, point by point. */
static PetscErrorCode pencil_against_lapack(void)
{
  size_t n_unstable;

  PetscFunctionBegin;
  PetscCall(box_against_lapack("dusterwald2018", 0.2, 0, 0, &n_unstable));
  CHECK(n_unstable == 0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Along the branch down to its fold near 0.1585, and the collapsed states behind. */
static PetscErrorCode branch_and_collapse_against_lapack(void)
{
  static const char *const vary[] = {"energy_supply", NULL};
  size_t n_state, n_unstable, n_collapsed = 0;
  fixture f;
  ion_spectrum s;

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, 128));
  for (size_t p = 0; p < f.n_point; p++)
    fixture_theta(&f, "energy_supply")[p] =
        p < 64 ? 0.159 + 0.2 * pow((double)p / 64, 3) : 0.158 * (double)(p - 60) / 68;
  PetscCall(fixture_solve(&f, vary, PETSC_FALSE));
  fixture_evaluate(&f, ION_RESIDUAL | ION_JACOBIAN);
  PetscCall(ion_spectrum_create(f.model, 128, &s));
  PetscCall(compare_points(&f, &s, &n_state, &n_unstable));
  for (size_t p = 0; p < f.n_point; p++)
    n_collapsed += f.verdict.reached[p] == ION_REACHED_DEPARTED;
  CHECK(n_state == 128 && n_collapsed > 32 && n_collapsed < 96);
  PetscCall(ion_spectrum_destroy(&s));
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- place and mates ---- */

/* Points in reverse order, every third of them alone, and lanes of ION_PAD: the same bits. */
static PetscErrorCode place_does_not_matter(void)
{
  verdicts all, some;
  fixture f;
  ion_spectrum s;
  ion_block x = {0}, theta = {0};

  PetscFunctionBegin;
  memset(&all, 0, sizeof all);
  PetscCall(fixture_neuron_glia(&f, 64));
  PetscCall(solve_box(&f, 0.4, 6, 0.2));
  PetscCall(ion_spectrum_create(f.model, 64, &s));
  for (size_t p = 0; p < 64; p++) all.wanted[p] = f.verdict.status[p] == ION_OK;
  PetscCall(
      ion_spectrum_find(&s, f.prepared, f.x, &f.work, all.wanted, all.re, all.im, all.n_unstable));
  PetscCall(ion_block_create(f.n_state, 64, &x));
  PetscCall(ion_block_create(f.n_theta, 64, &theta));
  memcpy(x.data, f.x.data, f.n_state * f.x.stride * sizeof(double));
  memcpy(theta.data, f.theta.data, f.n_theta * f.theta.stride * sizeof(double));
  for (size_t p = 0; p < 64; p++) {
    for (size_t i = 0; i < f.n_state; i++) ion_row(f.x, i)[p] = ion_row(x, i)[63 - p];
    for (size_t k = 0; k < f.n_theta; k++) ion_row(f.theta, k)[p] = ion_row(theta, k)[63 - p];
  }
  fixture_evaluate(&f, ION_RESIDUAL | ION_JACOBIAN);
  for (size_t p = 0; p < 64; p++) some.wanted[p] = all.wanted[63 - p] && p % 3 == 0;
  PetscCall(ion_spectrum_find(&s, f.prepared, f.x, &f.work, some.wanted, some.re, some.im,
                              some.n_unstable));
  for (size_t p = 0; p < 64; p++) {
    if (!some.wanted[p]) continue;
    CHECK(!memcmp(&some.re[p], &all.re[63 - p], sizeof(double)));
    CHECK(!memcmp(&some.im[p], &all.im[63 - p], sizeof(double)));
    CHECK(some.n_unstable[p] == all.n_unstable[63 - p]);
  }
  PetscCall(ion_block_destroy(&x));
  PetscCall(ion_block_destroy(&theta));
  PetscCall(ion_spectrum_destroy(&s));
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A lane that is not finite has no eigenvalues; lanes not asked for keep what they had. */
static PetscErrorCode only_what_is_asked_for(void)
{
  verdicts v = {
      .wanted = {1, 1, 0 },
        .re = {0, 0, 42},
        .n_unstable = {7, 7, 7 }
  };
  fixture f;
  ion_spectrum s;

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, ION_PAD));
  fixture_theta(&f, "neuron.nka.rate")[0] = (double)NAN;
  fixture_evaluate(&f, ION_RESIDUAL | ION_JACOBIAN);
  PetscCall(ion_spectrum_create(f.model, ION_PAD, &s));
  PetscCall(ion_spectrum_find(&s, f.prepared, f.x, &f.work, v.wanted, v.re, v.im, v.n_unstable));
  CHECK(isnan(v.re[0]) && isnan(v.im[0]) && v.n_unstable[0] == -1 && s.count[0] == 0);
  CHECK_NEAR(v.re[1], -5.202e-3, 0.51e-6); /* printed at rest */
  CHECK(v.n_unstable[1] == 0);
  CHECK(v.re[2] == 42 && v.n_unstable[2] == 7);
  PetscCall(ion_spectrum_destroy(&s));
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collapsed states are left out where only the class is wanted, and nothing else changes. */
static PetscErrorCode class_needs_none_of_collapsed_states(void)
{
  static const char *const vary[] = {"energy_supply", NULL};
  double re[8];
  fixture f;

  PetscFunctionBegin;
  PetscCall(fixture_neuron_glia(&f, 8));
  for (size_t p = 0; p < 8; p++)
    fixture_theta(&f, "energy_supply")[p] = 0.04 + 0.12 * (double)(p % 3);
  PetscCall(fixture_solve(&f, vary, PETSC_TRUE));
  memcpy(re, f.verdict.eigen_re, sizeof re);
  ion_solver_set_for_class(f.solver, PETSC_TRUE);
  PetscCall(ion_solve_steady(f.solver, f.theta, f.x, &f.verdict));
  for (size_t p = 0; p < 8; p++) {
    CHECK((f.verdict.reached[p] == ION_REACHED_DEPARTED) == (p % 3 == 0));
    CHECK(re[p] < 0);
    CHECK(p % 3 ? f.verdict.eigen_re[p] == re[p] : isnan(f.verdict.eigen_re[p]));
  }
  PetscCall(fixture_destroy(&f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const ion_test_case cases[] = {
    {"normal_matrices",                      normal_matrices                     },
    {"units_do_not_matter",                  units_do_not_matter                 },
    {"defective_and_cyclic_matrices",        defective_and_cyclic_matrices       },
    {"mates_do_not_matter",                  mates_do_not_matter                 },
    {"boxes_against_lapack",                 boxes_against_lapack                },
    {"pencil_against_lapack",                pencil_against_lapack               },
    {"branch_and_collapse_against_lapack",   branch_and_collapse_against_lapack  },
    {"place_does_not_matter",                place_does_not_matter               },
    {"only_what_is_asked_for",               only_what_is_asked_for              },
    {"class_needs_none_of_collapsed_states", class_needs_none_of_collapsed_states},
};

int main(int argc, char **argv)
{
  return ion_test_main(argc, argv, cases, ION_COUNT(cases));
}
