/* The equations of motion: derivatives against differences, constraints, and the linearised dynamics at a
 * steady state, which src/model/dynamics.c writes down by another way. */
#include "model_fixture.h"

#include <ion/solver.h>

#include <petscblaslapack.h>

#include <stdlib.h>

static const char *const models[] = {
    "neuron_glia",         "volume",    "dialysed_neuron", "dusterwald2018",
    "neuron_irreversible", "hubel2014", "dijkstra2016"};

static const char *const nothing[] = {NULL};

typedef struct {
  fixture f;
  ion_motion *motion;
  ion_work work;
  ion_block y;
  size_t n;
} moving;

/* Started at the steady state. */
static PetscErrorCode moving_create(moving *m, const char *name, size_t n_point)
{
  PetscFunctionBegin;
  memset(m, 0, sizeof *m);
  if (strcmp(name, "ecs first") == 0)
    PetscCall(fixture_ecs_first(&m->f));
  else
    PetscCall(fixture_open(&m->f, name));
  PetscCall(fixture_setup(&m->f, n_point));
  PetscCall(ion_motion_create(m->f.model, &m->motion));
  PetscCall(ion_motion_work_create(m->motion, n_point, 0, &m->work));
  m->n = ion_motion_n_unknown(m->motion);
  PetscCall(fixture_solve(&m->f, nothing, PETSC_FALSE));
  PetscCall(ion_block_create(m->n, n_point, &m->y));
  ion_model_prepare(m->f.model, m->f.theta, m->f.prepared);
  ion_motion_start(m->motion, m->f.prepared, m->f.x, n_point, &m->work, m->y);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode moving_destroy(moving *m)
{
  PetscFunctionBegin;
  PetscCall(ion_work_destroy(&m->work));
  PetscCall(ion_block_destroy(&m->y));
  PetscCall(ion_motion_destroy(&m->motion));
  PetscCall(fixture_destroy(&m->f));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Move every unknown of point p away from rest by up to `size`, gates within (0, 1). */
static void disturb(moving *m, size_t p, double size)
{
  const size_t n_gate = m->n - m->f.n_state;

  for (size_t i = 0; i < m->n; i++) {
    double *y = &ion_row(m->y, i)[p];

    if (i < m->n - n_gate)
      *y += size * (2 * ion_random_uniform(7, p, i) - 1);
    else
      *y = ion_random_uniform(8, p, i);
  }
}

/* dF/dy column by column by differences of fourth order: points 1 to 4 of the block carry the offsets. */
static PetscErrorCode check_jacobian(const char *name, unsigned close)
{
  static const double offset[] = {-2, -1, 1, 2}, weight[] = {1. / 12, -2. / 3, 2. / 3, -1. / 12};
  const double step = 2e-4;
  moving m;
  double *exact;
  const ion_pattern *pattern;

  PetscFunctionBegin;
  PetscCall(moving_create(&m, name, 5));
  pattern = ion_motion_pattern(m.motion);
  PetscCall(PetscCalloc1(m.n * m.n, &exact));
  disturb(&m, 0, 0.1);
  ion_motion_evaluate(m.motion, m.f.prepared, m.y, 1, ION_RESIDUAL | ION_JACOBIAN | close, &m.work);
  for (size_t i = 0; i < m.n; i++)
    for (int k = pattern->start[i]; k < pattern->start[i + 1]; k++)
      exact[i * m.n + (size_t)pattern->col[k]] = ion_row(m.work.jac, (size_t)k)[0];
  for (size_t j = 0; j < m.n; j++) {
    double base[5];

    for (size_t i = 0; i < m.n; i++)
      for (size_t p = 1; p < 5; p++) ion_row(m.y, i)[p] = ion_row(m.y, i)[0];
    for (size_t p = 1; p < 5; p++) ion_row(m.y, j)[p] += offset[p - 1] * step;
    ion_motion_evaluate(m.motion, m.f.prepared, m.y, 5, ION_RESIDUAL, &m.work);
    for (size_t i = 0; i < m.n; i++) {
      double d = 0, size = 0;

      for (size_t p = 0; p < 5; p++) base[p] = ion_row(m.work.F, i)[p];
      for (size_t p = 1; p < 5; p++) d += weight[p - 1] * base[p] / step;
      for (size_t k = 0; k < m.n; k++) size = fmax(size, fabs(exact[i * m.n + k]));
      CHECK_NEAR(exact[i * m.n + j], d, 1e-7 * (size + fabs(base[0])));
      if (ion_test_failures > 20) break;
    }
  }
  PetscCall(PetscFree(exact));
  PetscCall(moving_destroy(&m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode derivatives_are_those_of_differences(void)
{
  PetscFunctionBegin;
  for (size_t k = 0; k < ION_COUNT(models); k++) PetscCall(check_jacobian(models[k], 0));
  PetscCall(check_jacobian("ecs first", 0));
  PetscCall(check_jacobian("neuron_glia", ION_CLOSE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode steady_states_do_not_move(void)
{
  PetscFunctionBegin;
  for (size_t k = 0; k < ION_COUNT(models); k++) {
    moving m;

    PetscCall(moving_create(&m, models[k], 1));
    ion_motion_evaluate(m.motion, m.f.prepared, m.y, 1, ION_RESIDUAL | ION_CLOSE, &m.work);
    /* the potential is the fast one: a charge imbalance of 1e-16 of a cell's ions per second */
    for (size_t i = 0; i < m.n; i++) CHECK_NEAR(ion_row(m.work.F, i)[0], 0, 1e-8);
    PetscCall(moving_destroy(&m));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The charge rows and totals of the steady state, at a state far from rest. */
static PetscErrorCode closing_keeps_charge_and_totals(void)
{
  PetscFunctionBegin;
  for (size_t k = 0; k < ION_COUNT(models); k++) {
    moving m;

    PetscCall(moving_create(&m, models[k], 1));
    disturb(&m, 0, 0.05);
    ion_motion_evaluate(m.motion, m.f.prepared, m.y, 1, ION_RESIDUAL | ION_CLOSE, &m.work);
    ion_motion_steady_unknowns(m.motion, &m.work, m.y, 1, m.f.x);
    fixture_evaluate(&m.f, ION_RESIDUAL);
    for (size_t i = 0; i < m.f.net->n_compartment; i++)
      if (m.f.net->compartment[i].x_V >= 0)
        CHECK_NEAR(ion_row(m.f.work.F, (size_t)m.f.net->compartment[i].x_V)[0], 0, 1e-14);
    for (size_t t = 0; t < m.f.net->n_moiety; t++) {
      const ion_moiety *moiety = &m.f.net->moiety[t];
      double now = 0, rest = 0, size = 0;

      for (size_t j = 0; j < moiety->n_member; j++) {
        const ion_pool *pool = &m.f.net->pool[moiety->pool[j]];
        char name[64];

        snprintf(name, sizeof name, "%s.composition.volume",
                 m.f.net->compartment[pool->compartment].name);
        const double w = fixture_theta(&m.f, name)[0];
        snprintf(name, sizeof name, "%s.composition.%s",
                 m.f.net->compartment[pool->compartment].name,
                 m.f.net->species[pool->species].name);
        now += moiety->coefficient[j] * ion_row(m.f.work.c, (size_t)moiety->pool[j])[0] *
               ion_row(m.f.work.w, (size_t)pool->compartment)[0];
        rest += moiety->coefficient[j] * fixture_theta(&m.f, name)[0] * w;
        size += fabs(moiety->coefficient[j] * fixture_theta(&m.f, name)[0] * w);
      }
      CHECK_NEAR(now, rest, 1e-14 * size);
    }
    PetscCall(moving_destroy(&m));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static int by_falling(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;

  return (x < y) - (x > y);
}

/* Eigenvalues of J_dd - J_da J_aa^-1 J_ad, d the unknowns with a time derivative. */
static PetscErrorCode reduced_spectrum(const moving *m, size_t *n, double *re)
{
  const ion_pattern *pattern   = ion_motion_pattern(m->motion);
  const unsigned char *dynamic = ion_motion_dynamic(m->motion);
  double *J, *A, *B, *C, *im, *work, ignored;
  int *number;
  PetscBLASInt nd = 0, na = 0, one = 1, info, lwork, *pivot;

  PetscFunctionBegin;
  PetscCall(PetscCalloc4(m->n * m->n, &A, m->n * m->n, &B, m->n * m->n, &C, m->n * m->n, &J));
  PetscCall(PetscMalloc4(m->n, &im, 64 * m->n, &work, m->n, &number, m->n, &pivot));
  lwork = (PetscBLASInt)(64 * m->n);
  for (size_t i = 0; i < m->n; i++) number[i] = dynamic[i] ? nd++ : na++;
  for (size_t i = 0; i < m->n; i++)
    for (int k = pattern->start[i]; k < pattern->start[i + 1]; k++) {
      const size_t j = (size_t)pattern->col[k];
      const double v = ion_row(m->work.jac, (size_t)k)[0];
      double *to     = dynamic[i] ? (dynamic[j] ? A : J) : (dynamic[j] ? C : B);

      to[number[i] + number[j] * (dynamic[i] ? nd : na)] = v;
    }
  if (na) {
    PetscScalar minus = -1, plus = 1;

    PetscCallBLAS("gesv", LAPACKgesv_(&na, &nd, B, &na, pivot, C, &na, &info));
    CHECK(!info);
    PetscCallBLAS("gemm",
                  BLASgemm_("N", "N", &nd, &nd, &na, &minus, J, &nd, C, &na, &plus, A, &nd));
  }
  PetscCallBLAS("geev", LAPACKgeev_("N", "N", &nd, A, &nd, re, im, &ignored, &one, &ignored, &one,
                                    work, &lwork, &info));
  CHECK(!info);
  *n = (size_t)nd;
  qsort(re, *n, sizeof *re, by_falling);
  PetscCall(PetscFree4(A, B, C, J));
  PetscCall(PetscFree4(im, work, number, pivot));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode spectrum_at_rest_is_that_of_the_pencil(void)
{
  PetscFunctionBegin;
  for (size_t k = 0; k < ION_COUNT(models); k++) {
    double re[64], expected[64], im[64];
    size_t n = 0, n_expected = 0;
    moving m;

    PetscCall(moving_create(&m, models[k], 1));
    ion_motion_evaluate(m.motion, m.f.prepared, m.y, 1, ION_RESIDUAL | ION_JACOBIAN | ION_CLOSE,
                        &m.work);
    PetscCall(reduced_spectrum(&m, &n, re));
    fixture_evaluate(&m.f, ION_RESIDUAL | ION_JACOBIAN);
    PetscCall(ion_stability_spectrum(m.f.model, m.f.prepared, m.f.x, &m.f.work, 0, &n_expected,
                                     expected, im));
    printf("%s: %zu eigenvalues, leading %g, fastest %g\n", models[k], n, re[0], re[n - 1]);
    /* without capacitance the pencil takes the potential as a constraint */
    CHECK(n == n_expected + (strcmp(models[k], "dusterwald2018") == 0));
    for (size_t i = 0; i < n_expected; i++) CHECK_RELATIVE(re[i], expected[i], 1e-7);
    PetscCall(moving_destroy(&m));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A point's bits are the same alone and among others. */
static PetscErrorCode points_do_not_see_each_other(void)
{
  enum { N = 21 };
  moving m, one;

  PetscFunctionBegin;
  PetscCall(moving_create(&m, "neuron_glia", N));
  PetscCall(moving_create(&one, "neuron_glia", 1));
  for (size_t p = 0; p < N; p++) disturb(&m, p, 0.1);
  ion_motion_evaluate(m.motion, m.f.prepared, m.y, N, ION_RESIDUAL | ION_JACOBIAN | ION_CLOSE,
                      &m.work);
  for (size_t i = 0; i < m.n; i++) ion_row(one.y, i)[0] = ion_row(m.y, i)[N - 1];
  ion_motion_evaluate(one.motion, one.f.prepared, one.y, 1, ION_RESIDUAL | ION_JACOBIAN | ION_CLOSE,
                      &one.work);
  for (size_t i = 0; i < m.n; i++) CHECK(ion_row(one.work.F, i)[0] == ion_row(m.work.F, i)[N - 1]);
  for (size_t k = 0; k < ion_motion_pattern(m.motion)->n_nonzero; k++)
    CHECK(ion_row(one.work.jac, k)[0] == ion_row(m.work.jac, k)[N - 1]);
  PetscCall(moving_destroy(&one));
  PetscCall(moving_destroy(&m));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  static const ion_test_case cases[] = {
      {"derivatives are those of differences",       derivatives_are_those_of_differences  },
      {"steady states do not move",                  steady_states_do_not_move             },
      {"closing keeps charge and totals",            closing_keeps_charge_and_totals       },
      {"the spectrum at rest is that of the pencil", spectrum_at_rest_is_that_of_the_pencil},
      {"points do not see each other",               points_do_not_see_each_other          },
  };

  return ion_test_main(argc, argv, cases, ION_COUNT(cases));
}
