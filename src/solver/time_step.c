/* A step of RODAS: E Hairer, G Wanner, Solving Ordinary Differential Equations II (1996), IV.7 and the code that
 * goes with it. With U_i in place of the stages k_i,
 *
 *     (1/(gamma h) - J) U_i = f(y + sum_j a_ij U_j) + sum_j (c_ij/h) U_j,   y_1 = y + sum_i m_i U_i.
 *
 * Order 4, the last U being the difference to a method of order 3; L-stable and stiffly accurate. The rows
 * of closing pools have no time derivative, J stands alone and their right-hand side is 0: the constraints
 * are met at every stage, so U is that of the ordinary differential equation that is left. */
#include "time_impl.h"

#include <string.h>

static const double gamma_ = 0.25;

/* Row i of a strictly lower triangular matrix starts at i (i - 1)/2. */
static const double a[] = {1.544,
                           0.9466785280815826,
                           0.2557011698983284,
                           3.314825187068521,
                           2.896124015972201,
                           0.9986419139977817,
                           1.221224509226641,
                           6.019134481288629,
                           12.53708332932087,
                           -0.6878860361058950,
                           1.221224509226641,
                           6.019134481288629,
                           12.53708332932087,
                           -0.6878860361058950,
                           1};
static const double c[] = {-5.6688,
                           -2.430093356833875,
                           -0.2063599157091915,
                           -0.1073529058151375,
                           -9.594562251023355,
                           -20.47028614809616,
                           7.496443313967647,
                           -10.24680431464352,
                           -33.99990352819905,
                           11.70890893206160,
                           8.083246795921522,
                           -7.981132988064893,
                           -31.52159432874371,
                           16.31930543123136,
                           -6.058818238834054};

/* y(t + s h) = (1 - s) y_0 + s (y_1 + (1 - s) (cont_0 + s cont_1)), of order 3 */
static const double d[] = {10.12623508344586,  -7.487995877610167, -34.80091861555747,
                           -7.992771707568823, 1.025137723295662,  -0.6762803392801253,
                           6.087714651680015,  16.43084320892478,  24.76722511418386,
                           -6.594389125716872};

static const double *row_of(const double *triangle, int stage)
{
  return triangle + stage * (stage - 1) / 2;
}

static double *stage_row(const ion_course *e, int stage, size_t i)
{
  return ion_row(e->U, (size_t)stage * e->n + i);
}

/* J - 1/(gamma h) in the rows with a time derivative. */
static void shift(const ion_course *e)
{
  for (size_t i = 0; i < e->n; i++) {
    double *restrict J = e->diagonal[i] < 0 ? NULL : ion_row(e->work.jac, (size_t)e->diagonal[i]);

    if (!J) continue;
#pragma omp simd
    for (size_t l = 0; l < e->lanes; l++) J[l] -= 1.0 / (gamma_ * e->taken[l]);
  }
}

/* sum_j by_j U_j of row i over the lanes */
static void add_stages(const ion_course *e, const double *by, int n, size_t i, double *restrict sum)
{
  for (int j = 0; j < n; j++) {
    const double *restrict U = stage_row(e, j, i);
    const double k           = by[j];

#pragma omp simd
    for (size_t l = 0; l < e->lanes; l++) sum[l] += k * U[l];
  }
}

/* F + sum_j (c_ij/h) U_j */
static void form_rhs(const ion_course *e, int stage)
{
  double sum[ION_MAX_LANES];

  for (size_t i = 0; i < e->n; i++) {
    double *restrict F = ion_row(e->work.F, i);

    if (e->diagonal[i] < 0) {
      memset(F, 0, e->lanes * sizeof *F);
      continue;
    }
    memset(sum, 0, e->lanes * sizeof *sum);
    add_stages(e, row_of(c, stage), stage, i, sum);
#pragma omp simd
    for (size_t l = 0; l < e->lanes; l++) F[l] += sum[l] / e->taken[l];
  }
}

/* U = -(J - 1/(gamma h))^-1 rhs */
static void keep_stage(const ion_course *e, int stage)
{
  for (size_t i = 0; i < e->n; i++) {
    const double *restrict s = ion_row(e->work.scratch, (size_t)e->lu.solution[i]);
    double *restrict U       = stage_row(e, stage, i);

#pragma omp simd
    for (size_t l = 0; l < e->lanes; l++) U[l] = -s[l];
  }
}

static void move_to_stage(const ion_course *e, int stage)
{
  for (size_t i = 0; i < e->n; i++) {
    double *y = ion_row(e->stage, i);

    memcpy(y, ion_row(e->y, i), e->lanes * sizeof *y);
    add_stages(e, row_of(a, stage), stage, i, y);
  }
}

/* y becomes the end of the step; y_old its start. */
static void finish(ion_course *e)
{
  const size_t n = e->lanes;

  memset(e->error, 0, n * sizeof *e->error);
  for (size_t i = 0; i < e->n; i++) {
    const double *restrict last = stage_row(e, ION_STAGES - 1, i);
    const double *restrict at   = ion_row(e->stage, i);
    double *restrict y          = ion_row(e->y, i);
    double *restrict old        = ion_row(e->y_old, i);

#pragma omp simd
    for (size_t l = 0; l < n; l++) {
      const double size = last[l] < 0 ? -last[l] : last[l];

      old[l]      = y[l];
      y[l]        = at[l] + last[l];
      e->error[l] = size > e->error[l] || size != size ? size : e->error[l];
    }
    for (int k = 0; k < 2; k++) {
      double *cont = ion_row(e->cont, (size_t)k * e->n + i);

      memset(cont, 0, n * sizeof *cont);
      add_stages(e, d + 5 * k, 5, i, cont);
    }
  }
}

void ion_course_try(ion_course *e)
{
  shift(e);
  form_rhs(e, 0);
  ion_elimination_solve(&e->lu, e->work.scratch, e->lanes, e->sign);
  keep_stage(e, 0);
  for (int stage = 1; stage < ION_STAGES; stage++) {
    move_to_stage(e, stage);
    ion_motion_evaluate(e->motion, e->prepared, e->stage, e->lanes, ION_RESIDUAL | ION_CLOSE,
                        &e->work);
    form_rhs(e, stage);
    ion_elimination_solve_again(&e->lu, e->work.scratch, e->lanes);
    keep_stage(e, stage);
  }
  finish(e);
}
