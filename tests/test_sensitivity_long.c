/* Coverage of the 95 % intervals over 200 seeds, and their width beside that of the row bootstrap of the usual
 * estimators (Saltelli et al. 2010, Jansen 1999). */
#include "sensitivity_fixture.h"

enum { N_SEED = 200, N_RESAMPLE = 50 };

typedef struct {
  double covered, width, row_width;
} score;

static void note(const ion_estimate *e, const ion_estimate *row, double truth, score *s)
{
  s->covered += (fabs(e->value - truth) <= e->half_width) / (double)N_SEED;
  s->width += e->half_width / N_SEED;
  s->row_width += row->half_width / N_SEED;
}

typedef struct {
  const char *function;
  size_t k, n_check; /* inputs, and those whose coverage is asked for */
  uint64_t n_sample; /* blocks, in 4 nets */
  ion_estimator first;
  double most; /* of the row bootstrap's interval, for the first input */
} plan;

/* Scores of first and total order of every input. */
static PetscErrorCode one_seed(const plan *p, uint64_t seed, const double *S, const double *T,
                               score *first, score *total)
{
  ion_estimate e[FIXTURE_MAX_INPUT], row[FIXTURE_MAX_INPUT];
  ion_pairs_shape shape;
  ion_pairs *pairs;
  fixture s;

  PetscFunctionBegin;
  PetscCall(fixture_begin(p->function, p->k, p->n_sample, 4, PETSC_FALSE, seed, &s));
  shape            = fixture_shape(&s);
  shape.shift      = s.y[0];
  shape.n_resample = N_RESAMPLE;
  shape.seed       = seed;
  PetscCall(fixture_pairs(&s, &shape, &pairs));
  PetscCall(ion_pairs_estimate(pairs, p->first, ION_BY_REPLICATES, ION_ALL, e));
  PetscCall(ion_pairs_estimate(pairs, ION_FIRST_SALTELLI, ION_BY_BOOTSTRAP, ION_ALL, row));
  for (size_t j = 0; j < p->k; j++) note(&e[j], &row[j], S[j], &first[j]);
  PetscCall(ion_pairs_estimate(pairs, ION_TOTAL_JANSEN, ION_BY_REPLICATES, ION_ALL, e));
  PetscCall(ion_pairs_estimate(pairs, ION_TOTAL_JANSEN, ION_BY_BOOTSTRAP, ION_ALL, row));
  for (size_t j = 0; j < p->k; j++) note(&e[j], &row[j], T[j], &total[j]);
  PetscCall(ion_pairs_destroy(&pairs));
  PetscCall(fixture_end(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode covered(const plan *p)
{
  double S[FIXTURE_MAX_INPUT], T[FIXTURE_MAX_INPUT];
  score first[FIXTURE_MAX_INPUT] = {0}, total[FIXTURE_MAX_INPUT] = {0};

  PetscFunctionBegin;
  ion_function_find(p->function)->indices(p->k, S, T);
  for (uint64_t seed = 1; seed <= N_SEED; seed++) PetscCall(one_seed(p, seed, S, T, first, total));
  for (size_t j = 0; j < p->n_check; j++) {
    printf("     %s x%zu, %llu blocks: S %5.1f %%, +- %.4f (rows %.4f); T %5.1f %%, +- %.4f (rows "
           "%.4f)\n",
           p->function, j + 1, (unsigned long long)p->n_sample, 100.0 * first[j].covered,
           first[j].width, first[j].row_width, 100.0 * total[j].covered, total[j].width,
           total[j].row_width);
    CHECK(first[j].covered >= 0.9);
    CHECK(total[j].covered >= 0.9);
  }
  CHECK(first[0].width < p->most * first[0].row_width);
  CHECK(total[0].width < p->most * total[0].row_width);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode coverage_on_the_g_function(void)
{
  const plan small = {"sobol_g", 8, 4, 4096, ION_FIRST_SALTELLI, 1.0 / 3.0};

  PetscFunctionBegin;
  PetscCall(covered(&small));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Its interactions are large: in nets of 1024 points the estimator of Saltelli does not reach the third that it has
 * in larger ones; that of Janon does. */
static PetscErrorCode coverage_on_ishigami(void)
{
  const plan plans[] = {
      {"ishigami", 3, 3, 4096,  ION_FIRST_SALTELLI, 0.5      },
      {"ishigami", 3, 3, 4096,  ION_FIRST_JANON,    1.0 / 3.0},
      {"ishigami", 3, 3, 65536, ION_FIRST_SALTELLI, 1.0 / 3.0}
  };

  PetscFunctionBegin;
  for (size_t i = 0; i < ION_COUNT(plans); i++) PetscCall(covered(&plans[i]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const ion_test_case cases[] = {
    {"coverage on the g function", coverage_on_the_g_function},
    {"coverage on ishigami",       coverage_on_ishigami      },
};

int main(int argc, char **argv)
{
  return ion_test_main(argc, argv, cases, ION_COUNT(cases));
}
