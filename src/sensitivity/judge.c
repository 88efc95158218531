/* What may be said of indices: not clipped, not hidden. */
#include "sensitivity_impl.h"

#include <math.h>

static PetscBool holds_zero(ion_estimate e)
{
  return (PetscBool)(fabs(e.value) <= e.half_width);
}

void ion_indices_judge(size_t n, const ion_estimate *first, const ion_estimate *total,
                       const ion_estimate *half, double eps, unsigned *flags)
{
  for (size_t j = 0; j < n; j++) {
    const double S = first[j].value - first[j].half_width;
    const double T = total[j].value + total[j].half_width;

    flags[j] = 0;
    if (holds_zero(first[j])) flags[j] |= ION_FIRST_NOT_FROM_ZERO;
    if (holds_zero(total[j])) flags[j] |= ION_TOTAL_NOT_FROM_ZERO;
    if (S > T || (half && fabs(total[j].value - half[j].value) > eps))
      flags[j] |= ION_NOT_CONVERGED;
  }
}

/* Does a come before b? */
static PetscBool precedes(const ion_estimate *estimate, size_t a, size_t b)
{
  const double x = estimate[a].value, y = estimate[b].value;

  if (isnan(x) || isnan(y)) return (PetscBool)(isnan(y) && (!isnan(x) || a < b));
  return (PetscBool)(x > y || (x == y && a < b));
}

void ion_indices_rank(size_t n, const ion_estimate *estimate, size_t *order)
{
  for (size_t i = 0; i < n; i++) {
    size_t at = i;

    for (; at > 0 && precedes(estimate, i, order[at - 1]); at--) order[at] = order[at - 1];
    order[at] = i;
  }
}
