/* A straight-line program over rows: products of two rows and weighted sums of rows. */
#include "model_impl.h"

#include <stdlib.h>
#include <string.h>

static PetscErrorCode append(ion_program *program, ion_op_code code, int dst, int n, const int *src,
                             int n_coefficient, const double *coefficient)
{
  PetscFunctionBegin;
  if (program->n_op == program->op_capacity) {
    const size_t capacity = program->op_capacity ? 2 * program->op_capacity : 256;
    ion_op *op            = realloc(program->op, capacity * sizeof *op);

    PetscCheck(op, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory");
    program->op          = op;
    program->op_capacity = capacity;
  }
  if (program->n_src + (size_t)n > program->src_capacity) {
    const size_t capacity = 2 * (program->src_capacity + (size_t)n) + 512;
    int *s                = realloc(program->src, capacity * sizeof *s);
    double *c             = s ? realloc(program->coefficient, capacity * sizeof *c) : NULL;

    if (s) program->src = s;
    if (c) program->coefficient = c;
    PetscCheck(s && c, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory");
    program->src_capacity = capacity;
  }
  program->op[program->n_op++] =
      (ion_op){.code = code, .dst = dst, .n = n, .first = program->n_src};
  memcpy(program->src + program->n_src, src, (size_t)n * sizeof *src);
  memcpy(program->coefficient + program->n_src, coefficient,
         (size_t)n_coefficient * sizeof *coefficient);
  program->n_src += (size_t)n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_program_product(ion_program *program, int dst, double coefficient, int a, int b)
{
  const int src[2] = {a, b};

  PetscFunctionBegin;
  PetscCall(append(program, ION_OP_PRODUCT, dst, 2, src, 1, &coefficient));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_program_sum(ion_program *program, int dst, int n, const int *src,
                               const double *coefficient)
{
  PetscFunctionBegin;
  PetscCall(append(program, ION_OP_SUM, dst, n, src, n, coefficient));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_program_destroy(ion_program *program)
{
  PetscFunctionBegin;
  free(program->op);
  free(program->src);
  free(program->coefficient);
  memset(program, 0, sizeof *program);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static inline const double *source(int s, ion_block scratch, ion_block prepared)
{
  return s < 0 ? ion_row(prepared, (size_t)~s) : ion_row(scratch, (size_t)s);
}

/* dst = c0 a + c1 b + c2 c + c3 d, or the same added to what dst holds; missing sources have weight 0
 * and repeat the first row. */
static void sum4(size_t n, double *restrict dst, PetscBool add, const double *a, const double *b,
                 const double *c, const double *d, const double *k)
{
  if (add) {
#pragma omp simd
    for (size_t p = 0; p < n; p++)
      dst[p] += (k[0] * a[p] + k[1] * b[p]) + (k[2] * c[p] + k[3] * d[p]);
  } else {
#pragma omp simd
    for (size_t p = 0; p < n; p++)
      dst[p] = (k[0] * a[p] + k[1] * b[p]) + (k[2] * c[p] + k[3] * d[p]);
  }
}

static void sum2(size_t n, double *restrict dst, PetscBool add, const double *a, const double *b,
                 const double *k)
{
  if (add) {
#pragma omp simd
    for (size_t p = 0; p < n; p++) dst[p] += k[0] * a[p] + k[1] * b[p];
  } else {
#pragma omp simd
    for (size_t p = 0; p < n; p++) dst[p] = k[0] * a[p] + k[1] * b[p];
  }
}

static void sum1(size_t n, double *restrict dst, PetscBool add, const double *a, double k)
{
  if (add) {
#pragma omp simd
    for (size_t p = 0; p < n; p++) dst[p] += k * a[p];
  } else {
#pragma omp simd
    for (size_t p = 0; p < n; p++) dst[p] = k * a[p];
  }
}

static void run_sum(const ion_op *op, const ion_program *program, ion_block scratch,
                    ion_block prepared, size_t n_point)
{
  double *dst     = ion_row(scratch, (size_t)op->dst);
  const int *src  = program->src + op->first;
  const double *k = program->coefficient + op->first;
  int i           = 0;

  for (; i + 4 <= op->n; i += 4)
    sum4(n_point, dst, i > 0, source(src[i], scratch, prepared),
         source(src[i + 1], scratch, prepared), source(src[i + 2], scratch, prepared),
         source(src[i + 3], scratch, prepared), k + i);
  for (; i + 2 <= op->n; i += 2)
    sum2(n_point, dst, i > 0, source(src[i], scratch, prepared),
         source(src[i + 1], scratch, prepared), k + i);
  if (i < op->n) sum1(n_point, dst, i > 0, source(src[i], scratch, prepared), k[i]);
}

static void product(size_t n, double *restrict dst, const double *a, const double *b, double k)
{
#pragma omp simd
  for (size_t p = 0; p < n; p++) dst[p] = k * a[p] * b[p];
}

void ion_program_run(const ion_program *program, ion_block scratch, ion_block prepared,
                     size_t n_point)
{
  for (size_t i = 0; i < program->n_op; i++) {
    const ion_op *op = &program->op[i];

    if (op->code == ION_OP_SUM)
      run_sum(op, program, scratch, prepared, n_point);
    else
      product(n_point, ion_row(scratch, (size_t)op->dst),
              source(program->src[op->first], scratch, prepared),
              source(program->src[op->first + 1], scratch, prepared),
              program->coefficient[op->first]);
  }
}
