/* One loop over every kind of the registry, at states far outside physiology. */
#include "base/vecmath.h"
#include "ion_test.h"

#include <ion/process.h>

#include <stdlib.h>

#define N_POINT 512
#define N_DRAW 1000000 /* states a kind */
#define N_DIFF 4096    /* states a kind and stoichiometry, for derivatives */
#define MAX 8          /* reactants */

typedef struct {
  const char *name;
  size_t n;
  int nu[MAX], z[MAX];
  unsigned char inside[MAX];
  int chemical; /* has a standard affinity */
} stoichiometry;

static const stoichiometry plausible[] = {
    {"nothing",     0, {0},                      {0},                   {0},                   0},
    {"cation out",  2, {-1, 1},                  {1, 1},                {1, 0},                0},
    {"cation in",   2, {-1, 1},                  {1, 1},                {0, 1},                0},
    {"anion out",   2, {-1, 1},                  {-1, -1},              {1, 0},                0},
    {"anion in",    2, {1, -1},                  {-1, -1},              {1, 0},                0},
    {"calcium out", 2, {-1, 1},                  {2, 2},                {1, 0},                0},
    {"KCC2",        4, {-1, -1, 1, 1},           {1, -1, 1, -1},        {1, 1, 0, 0},          0},
    {"NKCC1",       6, {-1, -1, -2, 1, 1, 2},    {1, 1, -1, 1, 1, -1},  {0, 0, 0, 1, 1, 1},    0},
    {"NCX",         4, {-3, -1, 3, 1},           {1, 2, 1, 2},          {0, 1, 1, 0},          0},
    {"spike",       4, {-1, -1, 1, 1},           {1, 1, 1, 1},          {0, 1, 1, 0},          0},
    {"exchange",    4, {-3, -2, 3, 2},           {1, 1, 1, 1},          {1, 0, 0, 1},          0},
    {"NKA",         7, {-3, -2, -1, 3, 2, 1, 1}, {1, 1, 0, 1, 1, 0, 0}, {1, 0, 1, 0, 1, 1, 1}, 1},
    {"PMCA",        5, {-1, -1, 1, 1, 1},        {2, 0, 2, 0, 0},       {1, 1, 0, 1, 1},       1},
    {"hydrolysis",  3, {-1, 1, 1},               {0, 0, 0},             {1, 1, 1},             1},
    {"synthesis",   3, {-1, -1, 1},              {0, 0, 0},             {1, 1, 1},             1},
    {"CK",          4, {-1, -1, 1, 1},           {0, 0, 0, 0},          {1, 1, 1, 1},          1},
    {"tetramer",    2, {-4, 1},                  {0, 0},                {1, 1},                1},
    {"dimer",       3, {-2, 1, 1},               {0, 0, 0},             {1, 1, 1},             1},
};

typedef struct {
  double rate[N_POINT], dA[N_POINT], dv[N_POINT], dlnc[MAX][N_POINT];
} answer;

/* A kind at N_POINT states of one stoichiometry. */
typedef struct {
  const ion_process_kind *kind;
  const stoichiometry *s;
  double ln_c[MAX][N_POINT], v[2][N_POINT], A0[N_POINT]; /* the state */
  double RT_F[N_POINT], prefactor[N_POINT], param[ION_MAX_PARAM][N_POINT];
  double c[MAX][N_POINT], A[N_POINT], e[N_POINT], B[N_POINT],
      dB[N_POINT]; /* what follows from it */
  answer now, low[2], high[2];
} bench;

/* Visits one block of random states; returns how many of them contradict the fact. */
typedef int (*visit)(bench *b);

static PetscBool has(const bench *b, unsigned flag)
{
  return (b->kind->flags & flag) ? PETSC_TRUE : PETSC_FALSE;
}

static PetscBool accepts(const ion_process_kind *kind, const stoichiometry *s)
{
  if ((s->n == 0) != ((kind->flags & ION_MOVES_VOLUME) != 0)) return PETSC_FALSE;
  return !kind->check || !kind->check(s->n, s->nu, s->z, s->inside) ? PETSC_TRUE : PETSC_FALSE;
}

static double uniform(uint64_t block, size_t p, uint64_t stream, double from, double to)
{
  return from + (to - from) * ion_random_uniform(7, block * N_POINT + p, stream);
}

/* Where a law rises over a few per mille of a concentration, or has underflowed, differences cannot see
 * its slope: at least a twentieth of the concentrations and of the largest midpoint drawn. */
static double least_slope(const bench *b, size_t p)
{
  double most = 1e2;

  for (size_t i = 0; i < b->s->n; i++) most = fmax(most, exp(b->ln_c[i][p]));
  return most / 20;
}

/* Rows of parameters that are not prefactors, log-uniform; K_eq is the standard affinity too. */
static void draw_parameters(bench *b, uint64_t block)
{
  size_t row = 0;

  for (size_t k = 0; k < b->kind->n_param; k++) {
    const ion_param *q = &b->kind->param[k];
    const size_t end   = row + ((q->flags & ION_PER_REACTANT) ? b->s->n : 1);

    if (q->flags & ION_PREFACTOR) continue;
    for (; row < end; row++)
      for (size_t p = 0; p < N_POINT; p++) {
        const double ln = uniform(block, p, 40 + row, log(1e-4), log(fmin(1e2, q->upper)));

        b->param[row][p] = exp(ln);
        if (strstr(q->name, "slope")) b->param[row][p] = fmax(exp(ln), least_slope(b, p));
        if (has(b, ION_SETS_EQUILIBRIUM) && strcmp(q->name, "K_eq") == 0) b->A0[p] = ln;
      }
  }
}

static void draw(bench *b, uint64_t block)
{
  for (size_t p = 0; p < N_POINT; p++) {
    for (size_t i = 0; i < b->s->n; i++) b->ln_c[i][p] = uniform(block, p, i, log(1e-6), log(1e3));
    b->RT_F[p]      = ion_thermal_voltage(uniform(block, p, 20, 273.0, 323.0));
    b->v[1][p]      = uniform(block, p, 21, -0.3, 0.3) / b->RT_F[p];
    b->v[0][p]      = 0.0;
    b->A0[p]        = b->s->chemical ? uniform(block, p, 22, -30.0, 30.0) : 0.0;
    b->prefactor[p] = exp(uniform(block, p, 23, -3.0, 3.0));
    if (b->s->n == 0) b->A0[p] = uniform(block, p, 24, -1e3, 1e3);
  }
  draw_parameters(b, block);
}

static void derive(bench *b)
{
  ion_stoich term[MAX];
  const ion_block ln_c = {&b->ln_c[0][0], MAX, N_POINT, N_POINT};
  const ion_block v    = {&b->v[0][0], 2, N_POINT, N_POINT};

  for (size_t i = 0; i < b->s->n; i++) {
    term[i] = (ion_stoich){b->s->nu[i], b->s->z[i], (int)i, b->s->inside[i]};
    for (size_t p = 0; p < N_POINT; p++) b->c[i][p] = exp(b->ln_c[i][p]);
  }
  ion_affinity(term, b->s->n, b->A0, ln_c, v, N_POINT, b->A);
  for (size_t p = 0; p < N_POINT; p++)
    ion_constant_field(b->s->z[0] * b->v[1][p], &b->e[p], &b->B[p], &b->dB[p]);
}

/* The rates of points first to first + n; what a kind does not fill stays 0. */
static void evaluate(const bench *b, size_t first, size_t n, answer *y)
{
  const double *c[MAX], *param[ION_MAX_PARAM];
  double *dlnc[MAX];
  const ion_rate r  = {y->rate + first, y->dA + first, y->dv + first, dlnc};
  const ion_local x = {
      .n_point    = n,
      .n_reactant = b->s->n,
      .nu         = b->s->nu,
      .z          = b->s->z,
      .inside     = b->s->inside,
      .c          = c,
      .A          = b->A + first,
      .A_rest     = 5.0,
      .v          = b->v[1] + first,
      .RT_F       = b->RT_F + first,
      .prefactor  = b->prefactor + first,
      .param      = param,
      .field      = {b->e + first, b->B + first, b->dB + first}
  };

  for (size_t i = 0; i < MAX; i++) c[i] = b->c[i] + first, dlnc[i] = y->dlnc[i] + first;
  for (size_t k = 0; k < ION_MAX_PARAM; k++) param[k] = b->param[k] + first;
  b->kind->rate(&x, &r);
}

/* Size of the one-way fluxes at a point. */
static double gross(const bench *b, size_t p)
{
  double sum = fabs(b->now.rate[p]) + fabs(b->now.dA[p]);

  for (size_t i = 0; i < b->s->n; i++) sum += fabs(b->now.dlnc[i][p]);
  return sum;
}

/* Runs a visit over n_draw states of every kind (of every stoichiometry it accepts). */
static PetscErrorCode for_every_kind(visit look, size_t n_draw, PetscBool each)
{
  size_t n_kind;
  const ion_process_kind *const *kind = ion_process_kinds(&n_kind);
  bench *b;

  PetscFunctionBegin;
  PetscCall(PetscNew(&b));
  for (size_t k = 0; k < n_kind; k++) {
    size_t accepted = 0, draws = n_draw;
    int wrong = 0;

    for (size_t t = 0; t < ION_COUNT(plausible); t++) accepted += accepts(kind[k], &plausible[t]);
    CHECK(accepted > 0);
    if (!each) draws = n_draw / accepted;
    for (size_t t = 0; t < ION_COUNT(plausible); t++) {
      if (!accepts(kind[k], &plausible[t])) continue;
      PetscCall(PetscMemzero(b, sizeof *b));
      b->kind = kind[k];
      b->s    = &plausible[t];
      for (uint64_t block = 0; block * N_POINT < draws; block++) {
        draw(b, block);
        derive(b);
        evaluate(b, 0, N_POINT, &b->now);
        wrong += look(b);
      }
      if (wrong) fprintf(stderr, "%s (%s): %d\n", kind[k]->name, plausible[t].name, wrong);
      CHECK(wrong == 0);
      wrong = 0;
    }
  }
  PetscCall(PetscFree(b));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* J A >= 0, and J has the sign of A away from equilibrium. Laws that do not take the affinity
 * itself differ from it by round-off next to equilibrium. */
static int second_law(bench *b)
{
  const double round_off = has(b, ION_BY_AFFINITY) ? 0.0 : 1e-13;
  int wrong              = 0;

  if (has(b, ION_NOT_THERMODYNAMIC)) return 0;
  for (size_t p = 0; p < N_POINT; p++) {
    const double A = b->A[p], J = b->now.rate[p];

    wrong += !isfinite(J) || !(J * A >= -round_off * gross(b, p) * fabs(A));
    if (fabs(A) > 1e-6) wrong += !(J * A > 0.0);
  }
  return wrong;
}

static PetscErrorCode dissipation_is_never_negative(void)
{
  PetscFunctionBegin;
  PetscCall(for_every_kind(second_law, N_DRAW, PETSC_FALSE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static int flag_is_deserved(bench *b)
{
  int violations = 0;

  if (!has(b, ION_NOT_THERMODYNAMIC)) return 0;
  for (size_t p = 0; p < N_POINT; p++) violations += b->now.rate[p] * b->A[p] < 0.0;
  return violations == 0;
}

static PetscErrorCode flagged_kinds_break_the_second_law_somewhere(void)
{
  PetscFunctionBegin;
  PetscCall(for_every_kind(flag_is_deserved, N_POINT, PETSC_TRUE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Moves one concentration (or the osmolarity difference) so that the affinity vanishes. */
static int equilibrium(bench *b)
{
  int wrong = 0;

  if (has(b, ION_NOT_THERMODYNAMIC)) return 0;
  for (size_t p = 0; p < N_POINT; p++) {
    const size_t i = p % (b->s->n ? b->s->n : 1);

    if (b->s->n == 0)
      b->A0[p] = 0.0;
    else
      b->ln_c[i][p] += b->A[p] / b->s->nu[i];
  }
  derive(b);
  evaluate(b, 0, N_POINT, &b->now);
  for (size_t p = 0; p < N_POINT; p++) wrong += !(fabs(b->now.rate[p]) <= 1e-12 * gross(b, p));
  return wrong;
}

static PetscErrorCode no_flux_at_equilibrium(void)
{
  PetscFunctionBegin;
  PetscCall(for_every_kind(equilibrium, N_DRAW / 10, PETSC_FALSE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The rates with a row shifted by -2h, -h, h, 2h. */
static void shift(bench *b, double *row, double h)
{
  answer *const to[] = {&b->low[1], &b->low[0], &b->high[0], &b->high[1]};
  const double by[]  = {-2 * h, h, 2 * h, h};

  for (size_t k = 0; k < 4; k++) {
    for (size_t p = 0; p < N_POINT; p++) row[p] += by[k];
    derive(b);
    evaluate(b, 0, N_POINT, to[k]);
  }
  for (size_t p = 0; p < N_POINT; p++) row[p] -= 2 * h;
  derive(b);
}

/* Fourth-order central difference against direct[p] + factor dJ/dA, the affinity's share. */
static int compare(bench *b, double *row, const double *direct, double dA_drow)
{
  const double h = row == b->A0 && b->s->n == 0 ? 1.0 : 1e-3;
  int wrong      = 0;

  shift(b, row, h);
  for (size_t p = 0; p < N_POINT; p++) {
    const double near  = b->high[0].rate[p] - b->low[0].rate[p];
    const double far   = b->high[1].rate[p] - b->low[1].rate[p];
    const double slope = (8.0 * near - far) / (12.0 * h);
    const double given = (direct ? direct[p] : 0.0) + dA_drow * b->now.dA[p];

    wrong += !(fabs(slope - given) <= 1e-8 * gross(b, p));
  }
  return wrong;
}

static int derivatives(bench *b)
{
  int wrong    = 0;
  double dA_dv = 0.0;

  for (size_t i = 0; i < b->s->n; i++) {
    dA_dv -= b->s->inside[i] ? b->s->nu[i] * b->s->z[i] : 0;
    wrong += compare(b, b->ln_c[i], b->now.dlnc[i], -b->s->nu[i]);
  }
  wrong += compare(b, b->v[1], b->now.dv, dA_dv);
  if (b->s->n == 0 || !has(b, ION_SETS_EQUILIBRIUM)) wrong += compare(b, b->A0, NULL, 1.0);
  return wrong;
}

static PetscErrorCode derivatives_agree_with_differences(void)
{
  PetscFunctionBegin;
  PetscCall(for_every_kind(derivatives, N_DIFF, PETSC_TRUE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static int same_alone(bench *b)
{
  int wrong = 0;

  for (size_t p = 0; p < N_POINT; p++) evaluate(b, p, 1, &b->low[0]);
  evaluate(b, 3, N_POINT - 8, &b->high[0]);
  evaluate(b, 0, 3, &b->high[0]);
  evaluate(b, N_POINT - 5, 5, &b->high[0]);
  wrong += memcmp(&b->now, &b->low[0], sizeof(answer)) != 0;
  wrong += memcmp(&b->now, &b->high[0], sizeof(answer)) != 0;
  return wrong;
}

static PetscErrorCode a_point_does_not_depend_on_its_neighbours(void)
{
  PetscFunctionBegin;
  PetscCall(for_every_kind(same_alone, N_DIFF, PETSC_TRUE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static int doubles(bench *b)
{
  int wrong = 0;

  for (size_t p = 0; p < N_POINT; p++) b->prefactor[p] *= 2.0;
  evaluate(b, 0, N_POINT, &b->high[0]);
  for (size_t p = 0; p < N_POINT; p++) wrong += b->high[0].rate[p] != 2.0 * b->now.rate[p];
  return wrong;
}

static PetscErrorCode rate_is_proportional_to_the_prefactor(void)
{
  PetscFunctionBegin;
  PetscCall(for_every_kind(doubles, N_DIFF, PETSC_TRUE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void check_parameters(const ion_process_kind *kind)
{
  size_t prefactors = 0;

  for (size_t k = 0; k < kind->n_param; k++) {
    const ion_param *q = &kind->param[k];

    prefactors += (q->flags & ION_PREFACTOR) != 0;
    CHECK(q->name[0] && q->unit[0] && q->meaning[0]);
    CHECK(isfinite(q->lower) && isfinite(q->upper) && q->lower < q->upper);
    CHECK(isnan(q->value) || (q->lower <= q->value && q->value <= q->upper));
    CHECK((q->flags & ION_PREFACTOR) || q->lower > 0.0);
  }
  CHECK(prefactors > 0);
}

static PetscErrorCode every_kind_is_documented_and_found_by_name(void)
{
  size_t n;
  const ion_process_kind *const *kind = ion_process_kinds(&n);

  PetscFunctionBegin;
  CHECK(n > 0);
  for (size_t k = 0; k < n; k++) {
    CHECK(ion_process_find(kind[k]->name) == kind[k]); /* so no two share a name */
    CHECK(kind[k]->summary[0] && kind[k]->formula[0] && kind[k]->citation[0]);
    check_parameters(kind[k]);
  }
  CHECK(!ion_process_find("no_such_kind"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode unsuitable_stoichiometries_are_refused(void)
{
  static const struct {
    const char *kind, *stoichiometry;
    PetscBool accepted;
  } table[] = {
      {"ghk",          "calcium out", PETSC_TRUE },
      {"ghk",          "KCC2",        PETSC_FALSE},
      {"ghk",          "hydrolysis",  PETSC_FALSE},
      {"ohmic",        "KCC2",        PETSC_TRUE },
      {"ohmic",        "NKCC1",       PETSC_TRUE },
      {"ohmic",        "exchange",    PETSC_FALSE},
      {"ohmic",        "NCX",         PETSC_FALSE},
      {"kir41",        "cation out",  PETSC_TRUE },
      {"kir41",        "anion out",   PETSC_FALSE},
      {"kir41",        "calcium out", PETSC_FALSE},
      {"spike_load",   "spike",       PETSC_TRUE },
      {"spike_load",   "KCC2",        PETSC_FALSE},
      {"spike_load",   "exchange",    PETSC_FALSE},
      {"water",        "cation out",  PETSC_FALSE},
      {"mass_action",  "dimer",       PETSC_TRUE },
      {"mass_action",  "hydrolysis",  PETSC_FALSE},
      {"mass_action",  "spike",       PETSC_FALSE},
      {"cubic_pump",   "exchange",    PETSC_TRUE },
      {"cubic_pump",   "NKA",         PETSC_TRUE },
      {"cubic_pump",   "NCX",         PETSC_FALSE},
      {"cubic_pump",   "hydrolysis",  PETSC_FALSE},
      {"sigmoid_pump", "exchange",    PETSC_TRUE },
      {"sigmoid_pump", "NKA",         PETSC_TRUE },
      {"sigmoid_pump", "PMCA",        PETSC_FALSE},
      {"hill_pump",    "NKA",         PETSC_TRUE },
      {"hill_pump",    "PMCA",        PETSC_TRUE },
      {"hill_pump",    "NCX",         PETSC_FALSE},
  };

  PetscFunctionBegin;
  for (size_t i = 0; i < ION_COUNT(table); i++)
    for (size_t t = 0; t < ION_COUNT(plausible); t++)
      if (strcmp(plausible[t].name, table[i].stoichiometry) == 0)
        CHECK(accepts(ion_process_find(table[i].kind), &plausible[t]) == table[i].accepted);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const ion_test_case cases[] = {
    {"every_kind_is_documented_and_found_by_name",   every_kind_is_documented_and_found_by_name  },
    {"unsuitable_stoichiometries_are_refused",       unsuitable_stoichiometries_are_refused      },
    {"dissipation_is_never_negative",                dissipation_is_never_negative               },
    {"flagged_kinds_break_the_second_law_somewhere", flagged_kinds_break_the_second_law_somewhere},
    {"no_flux_at_equilibrium",                       no_flux_at_equilibrium                      },
    {"derivatives_agree_with_differences",           derivatives_agree_with_differences          },
    {"a_point_does_not_depend_on_its_neighbours",    a_point_does_not_depend_on_its_neighbours   },
    {"rate_is_proportional_to_the_prefactor",        rate_is_proportional_to_the_prefactor       },
};

int main(int argc, char **argv)
{
  return ion_test_main(argc, argv, cases, ION_COUNT(cases));
}
