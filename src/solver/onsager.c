/* Onsager's matrix of the relaxation: how independent flows follow independent affinities along changes
 * of state that keep charge and conserved totals. */
#include "solver_impl.h"

#include <petscblaslapack.h>

#include <math.h>

/* Central differences of fourth order in steps h. */
enum { NODES = 4 };

static const double at[NODES]     = {-2, -1, 1, 2};
static const double weight[NODES] = {1.0 / 12, -8.0 / 12, 8.0 / 12, -1.0 / 12};
static const double longest       = 0x1p-12; /* step, in the unknown that moves most */

/* A row of affinities that is a combination of others leaves less than this of itself. */
static const double dependent = 1e-7;

/* Matrices are column-major; n unknowns, m ways to move, r processes. */
typedef struct {
  const ion_model *model;
  const ion_network *net;
  size_t n, m, r, n_independent;
  ion_block theta, prepared, x; /* a lane, or NODES lanes a direction */
  ion_work work;
  double *origin;    /* [n] the state */
  double *kernel;    /* [n][m] state changes that keep charge and totals */
  double *direction; /* [n][m] those that move one affinity each */
  double *dA, *dJ;   /* [r][m] along `kernel`, along `direction` */
  double *inverse;   /* [m][m] of the rows of dA that are independent */
  double *B;         /* [r][m] A = B A' */
  int *process;      /* [m] the independent ones */
} ion_relaxing;

/* ---- working room ---- */

static PetscErrorCode create(const ion_model *model, ion_relaxing *s)
{
  size_t n_lane, n_theta;

  PetscFunctionBegin;
  s->model = model;
  s->net   = ion_model_network(model);
  s->n     = ion_model_n_state(model);
  s->r     = s->net->n_process;
  n_lane   = NODES * s->n;
  (void)ion_model_quantities(model, NULL, &n_theta);
  PetscCall(ion_block_create(n_theta, n_lane, &s->theta));
  PetscCall(ion_block_create(ion_model_n_prepared(model), n_lane, &s->prepared));
  PetscCall(ion_block_create(s->n, n_lane, &s->x));
  PetscCall(ion_work_create(model, n_lane, &s->work));
  PetscCall(PetscMalloc1(s->n, &s->origin));
  PetscCall(PetscCalloc1(s->n * s->n, &s->kernel));
  PetscCall(PetscCalloc1(s->n * s->n, &s->direction));
  PetscCall(PetscMalloc1(s->r * s->n, &s->dA));
  PetscCall(PetscMalloc1(s->r * s->n, &s->dJ));
  PetscCall(PetscCalloc1(s->n * s->n, &s->inverse));
  PetscCall(PetscCalloc1(s->r * s->n, &s->B));
  PetscCall(PetscMalloc1(s->n, &s->process));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy(ion_relaxing *s)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(s->origin));
  PetscCall(PetscFree(s->kernel));
  PetscCall(PetscFree(s->direction));
  PetscCall(PetscFree(s->dA));
  PetscCall(PetscFree(s->dJ));
  PetscCall(PetscFree(s->inverse));
  PetscCall(PetscFree(s->B));
  PetscCall(PetscFree(s->process));
  PetscCall(ion_work_destroy(&s->work));
  PetscCall(ion_block_destroy(&s->x));
  PetscCall(ion_block_destroy(&s->prepared));
  PetscCall(ion_block_destroy(&s->theta));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- ways to move ---- */

/* Rows of dF/dx that are constraints: charge and conserved totals. [n_row][n] */
static PetscErrorCode find_constraints(ion_relaxing *s, double *row, size_t *n_row)
{
  const size_t n = ion_model_n_dynamic(s->model);
  unsigned char *dynamic;
  double *J, *M;

  PetscFunctionBegin;
  PetscCall(PetscMalloc3(n * n, &J, n * n, &M, n, &dynamic));
  ion_model_evaluate(s->model, s->prepared, s->x, 1, ION_RESIDUAL | ION_JACOBIAN, &s->work);
  ion_model_dynamics(s->model, s->prepared, s->x, &s->work, 0, J, M, dynamic);
  *n_row = 0;
  for (size_t i = 0; i < s->n; i++) *n_row += !dynamic[i];
  for (size_t i = 0, k = 0; i < s->n; i++) {
    if (dynamic[i]) continue;
    for (size_t j = 0; j < s->n; j++) row[k + *n_row * j] = J[i + n * j];
    k++;
  }
  PetscCall(PetscFree3(J, M, dynamic));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Orthonormal basis of the kernel of [n_row][n]: the last right singular vectors. */
static PetscErrorCode find_kernel(ion_relaxing *s, double *row, size_t n_row)
{
  PetscBLASInt n, m, one = 1, size, info = 0;
  double *sigma, *V, *room, unused;

  PetscFunctionBegin;
  PetscCall(PetscBLASIntCast((PetscInt)s->n, &n));
  PetscCall(PetscBLASIntCast((PetscInt)n_row, &m));
  PetscCall(PetscBLASIntCast((PetscInt)(16 * s->n + 64), &size));
  PetscCall(PetscCalloc3(s->n, &sigma, s->n * s->n, &V, (size_t)size, &room));
  for (size_t i = 0; i < s->n; i++) V[i + s->n * i] = 1; /* where there are no constraints */
  if (m)
    PetscCallBLAS("gesvd", LAPACKgesvd_("N", "A", &m, &n, row, &m, sigma, &unused, &one, V, &n,
                                        room, &size, &info));
  PetscCheck(!info, PETSC_COMM_SELF, PETSC_ERR_LIB, "gesvd failed with %d", (int)info);
  s->m = s->n - n_row;
  for (size_t k = 0; k < s->m; k++)
    for (size_t i = 0; i < s->n; i++) s->kernel[i + s->n * k] = V[n_row + k + s->n * i];
  PetscCall(PetscFree3(sigma, V, room));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- derivatives along directions ---- */

static double step_of(const ion_relaxing *s, const double *direction)
{
  double most = 0;

  for (size_t i = 0; i < s->n; i++) most = fmax(most, fabs(direction[i]));
  return longest / most;
}

/* Affinities and rates of all processes NODES steps along each direction [n][m]. */
static void evaluate_along(ion_relaxing *s, const double *direction)
{
  for (size_t k = 0; k < s->m; k++) {
    const double *d = direction + s->n * k, h = step_of(s, d);

    for (size_t i = 0; i < s->n; i++)
      for (size_t l = 0; l < NODES; l++)
        ion_row(s->x, i)[NODES * k + l] = s->origin[i] + at[l] * h * d[i];
  }
  ion_model_evaluate(s->model, s->prepared, s->x, NODES * s->m, ION_RESIDUAL | ION_AFFINITY,
                     &s->work);
}

/* Derivatives of rows over those lanes, [r][m]. */
static void differentiate(const ion_relaxing *s, ion_block f, const double *direction, double *to)
{
  for (size_t k = 0; k < s->m; k++) {
    const double h = step_of(s, direction + s->n * k);

    for (size_t r = 0; r < s->r; r++) {
      double sum = 0;

      for (size_t l = 0; l < NODES; l++) sum += weight[l] * ion_row(f, r)[NODES * k + l];
      to[r + s->r * k] = sum / h;
    }
  }
}

/* ---- independent affinities ---- */

static double product(const double *a, const double *b, size_t n)
{
  double sum = 0;

  for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
  return sum;
}

/* Gram and Schmidt over the processes in order; the inverse starts as the rows kept. */
static PetscErrorCode choose_processes(ion_relaxing *s)
{
  double *basis, *row;

  PetscFunctionBegin;
  PetscCall(PetscMalloc2(s->m * s->m, &basis, s->m, &row));
  for (size_t r = 0; r < s->r && s->n_independent < s->m; r++) {
    double norm;

    for (size_t k = 0; k < s->m; k++) row[k] = s->dA[r + s->r * k];
    norm = sqrt(product(row, row, s->m));
    if (norm == 0) continue;
    for (int pass = 0; pass < 2; pass++) /* twice is enough */
      for (size_t b = 0; b < s->n_independent; b++) {
        const double along = product(row, basis + s->m * b, s->m);

        for (size_t k = 0; k < s->m; k++) row[k] -= along * basis[b * s->m + k];
      }
    if (!(sqrt(product(row, row, s->m)) > dependent * norm)) continue;
    norm = sqrt(product(row, row, s->m));
    for (size_t k = 0; k < s->m; k++) basis[s->n_independent * s->m + k] = row[k] / norm;
    s->process[s->n_independent++] = (int)r;
  }
  PetscCall(PetscFree2(basis, row));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Inverse of the independent rows of dA: dx along kernel = inverse dA'. */
static PetscErrorCode invert(ion_relaxing *s)
{
  PetscBLASInt m, info = 0, *pivot;
  double *rows;

  PetscFunctionBegin;
  PetscCall(PetscBLASIntCast((PetscInt)s->m, &m));
  PetscCall(PetscMalloc2(s->m * s->m, &rows, s->m, &pivot));
  for (size_t k = 0; k < s->m; k++)
    for (size_t i = 0; i < s->m; i++) {
      rows[i + s->m * k]       = s->dA[(size_t)s->process[i] + s->r * k];
      s->inverse[i + s->m * k] = i == k;
    }
  PetscCallBLAS("gesv", LAPACKgesv_(&m, &m, rows, &m, pivot, s->inverse, &m, &info));
  PetscCheck(!info, PETSC_COMM_SELF, PETSC_ERR_LIB, "gesv failed with %d", (int)info);
  PetscCall(PetscFree2(rows, pivot));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* to [n_row][m] = from [n_row][m] inverse */
static void times_inverse(const ion_relaxing *s, const double *from, size_t n_row, double *to)
{
  for (size_t k = 0; k < s->m; k++)
    for (size_t j = 0; j < s->m; j++)
      for (size_t i = 0; i < n_row; i++)
        to[i + n_row * k] += from[i + n_row * j] * s->inverse[j + s->m * k];
}

/* ---- the matrix ---- */

static void start_lanes(ion_relaxing *s, ion_block theta, ion_block x, size_t p)
{
  for (size_t i = 0; i < s->theta.n_row; i++)
    for (size_t l = 0; l < s->theta.stride; l++) ion_row(s->theta, i)[l] = ion_row(theta, i)[p];
  for (size_t i = 0; i < s->n; i++) {
    s->origin[i] = ion_row(x, i)[p];
    for (size_t l = 0; l < s->x.stride; l++) ion_row(s->x, i)[l] = s->origin[i];
  }
  ion_model_prepare(s->model, s->theta, s->prepared);
}

static PetscErrorCode relax(ion_relaxing *s)
{
  double *row;
  size_t n_row = 0;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(s->n * s->n, &row));
  PetscCall(find_constraints(s, row, &n_row));
  PetscCall(find_kernel(s, row, n_row));
  PetscCall(PetscFree(row));
  evaluate_along(s, s->kernel);
  differentiate(s, s->work.A, s->kernel, s->dA);
  PetscCall(choose_processes(s));
  PetscCheck(s->n_independent == s->m, PETSC_COMM_SELF, PETSC_ERR_SUP,
             "%zu ways to change the state, but only %zu independent affinities", s->m,
             s->n_independent);
  PetscCall(invert(s));
  times_inverse(s, s->dA, s->r, s->B);
  times_inverse(s, s->kernel, s->n, s->direction);
  evaluate_along(s, s->direction);
  differentiate(s, s->work.J, s->direction, s->dJ);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_response_onsager(const ion_model *model, ion_block theta, ion_block x, size_t p,
                                    size_t *n, int *process, double *L)
{
  ion_relaxing s = {0};
  PetscErrorCode code;

  PetscFunctionBegin;
  *n   = 0;
  code = create(model, &s);
  if (!code) {
    start_lanes(&s, theta, x, p);
    code = relax(&s);
  }
  if (!code) {
    *n = s.m;
    for (size_t i = 0; i < s.m; i++) {
      process[i] = s.process[i];
      for (size_t j = 0; j < s.m; j++) L[i * s.m + j] = product(s.B + s.r * i, s.dJ + s.r * j, s.r);
    }
  }
  PetscCall(destroy(&s));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}
