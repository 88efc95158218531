/* A straight-line program over rows: products of two rows and weighted sums of rows. */
#include "base/lanes.h"
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

/* A prepared row may be a view into a longer one. */
ION_INLINE const ion_lanes_anywhere *source(int s, ion_block scratch, ion_block prepared,
                                            size_t first)
{
  const double *row = s < 0 ? ion_row(prepared, (size_t)~s) : ion_row(scratch, (size_t)s);

  return (const ion_lanes_anywhere *)(const void *)(row + first);
}

/* One step over `width` vectors from point `first` on. */
ION_INLINE void run_op(const ion_program *program, const ion_op *op, ion_block scratch,
                       ion_block prepared, size_t first, int width)
{
  const int *src              = program->src + op->first;
  const double *k             = program->coefficient + op->first;
  ion_lanes *dst              = ion_lanes_at(scratch, (size_t)op->dst, first), sum[ION_STRIP];
  const ion_lanes_anywhere *a = source(src[0], scratch, prepared, first);

  for (int v = 0; v < width; v++) sum[v] = k[0] * a[v];
  if (op->code == ION_OP_PRODUCT) {
    const ion_lanes_anywhere *b = source(src[1], scratch, prepared, first);

    for (int v = 0; v < width; v++) dst[v] = sum[v] * b[v];
    return;
  }
  for (int i = 1; i < op->n; i++) {
    const ion_lanes_anywhere *b = source(src[i], scratch, prepared, first);

    for (int v = 0; v < width; v++) sum[v] += k[i] * b[v];
  }
  for (int v = 0; v < width; v++) dst[v] = sum[v];
}

void ion_program_run(const ion_program *program, ion_block scratch, ion_block prepared,
                     size_t n_point)
{
  for (size_t i = 0; i < program->n_op; i++) {
    size_t first = 0;

    for (; first + ION_STRIP * ION_PAD <= n_point; first += ION_STRIP * ION_PAD)
      run_op(program, &program->op[i], scratch, prepared, first, ION_STRIP);
    for (; first < n_point; first += ION_PAD)
      run_op(program, &program->op[i], scratch, prepared, first, 1);
  }
}
