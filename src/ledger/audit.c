/* Second-law audit: processes whose rate runs against their affinity. */
#include "ledger_impl.h"

#include <math.h>
#include <string.h>

/* J A this far below zero, against the largest |J A| of the point, is no round-off. */
static const double tolerance = 1e-12;

enum { TILE = 64 };

/* -tolerance times the largest |J A/RT| of every point; n <= TILE points from `first` on. */
static void find_limits(const ion_network *net, const ion_work *work, size_t first, size_t n,
                        double *restrict limit)
{
  memset(limit, 0, n * sizeof *limit);
  for (size_t r = 0; r < net->n_process; r++) {
    const double *restrict J = ion_row(work->J, r) + first, *restrict A =
                                                                ion_row(work->A, r) + first;

#pragma omp simd
    for (size_t p = 0; p < n; p++)
      limit[p] = fabs(J[p] * A[p]) > limit[p] ? fabs(J[p] * A[p]) : limit[p];
  }
  for (size_t p = 0; p < n; p++) limit[p] *= -tolerance;
}

void ion_ledger_audit(const ion_model *model, ion_block prepared, const ion_work *work,
                      size_t n_point, const unsigned char *status, uint64_t first_point,
                      ion_audit *audit)
{
  const ion_network *net = ion_model_network(model);
  const double *T        = ion_prepared_temperature(model, prepared);
  double limit[TILE];

  for (size_t first = 0; first < n_point; first += TILE) {
    const size_t n = n_point - first < TILE ? n_point - first : TILE;

    find_limits(net, work, first, n, limit);
    for (size_t r = 0; r < net->n_process; r++) {
      const double *J = ion_row(work->J, r) + first, *A = ion_row(work->A, r) + first;

      for (size_t p = 0; p < n; p++)
        if (J[p] * A[p] < limit[p] && status[first + p] == ION_OK)
          ion_audit_add(&audit[r], J[p] * A[p] * ION_GAS_CONSTANT * T[first + p],
                        first_point + first + p);
    }
  }
}

void ion_audit_add(ion_audit *audit, double power, uint64_t point)
{
  if (!audit->n_violation++ || power < audit->worst ||
      (power == audit->worst && point < audit->at_worst)) {
    audit->worst    = power;
    audit->at_worst = point;
  }
}

void ion_audit_merge(ion_audit *audit, const ion_audit *other)
{
  const uint64_t n = audit->n_violation + other->n_violation;

  if (!other->n_violation) return;
  ion_audit_add(audit, other->worst, other->at_worst);
  audit->n_violation = n;
}

static void violations(const ion_item *item, const ion_view *v, double *restrict y)
{
  double limit[TILE];

  (void)item;
  for (size_t first = 0; first < v->n_point; first += TILE) {
    const size_t n = v->n_point - first < TILE ? v->n_point - first : TILE;

    find_limits(v->net, v->work, first, n, limit);
    for (size_t p = 0; p < n; p++) y[first + p] = 0.0;
    for (size_t r = 0; r < v->net->n_process; r++)
      for (size_t p = 0; p < n; p++)
        if (ion_row(v->work->J, r)[first + p] * ion_row(v->work->A, r)[first + p] < limit[p])
          y[first + p] += 1.0;
  }
}

static const ion_item_kind item_violations = {violations, "audit", "1", 1.0, PETSC_FALSE};

PetscErrorCode ion_outputs_tabulate_audit(ion_outputs *outputs)
{
  PetscFunctionBegin;
  PetscCall(ion_outputs_add(outputs, &item_violations, 0, 0, "audit.violations",
                            "number of processes that run against their affinity"));
  PetscFunctionReturn(PETSC_SUCCESS);
}
