/* Distance of a state to its homeostasis bounds. */
#include "threshold_impl.h"

#include <math.h>

static double quantity(const ion_bound *bound, const ion_work *work, size_t lane)
{
  const size_t c = (size_t)bound->compartment;

  if (bound->pool >= 0) return ion_row(work->c, (size_t)bound->pool)[lane];
  return bound->is_V ? ion_row(work->V, c)[lane] : ion_row(work->w, c)[lane];
}

/* The nearest limit of one bound. */
static double margin(const ion_bound *bound, ion_block theta, double q, size_t lane)
{
  double least = (double)INFINITY;

  if (bound->lower_row >= 0) {
    const double limit = ion_row(theta, (size_t)bound->lower_row)[lane];

    least = fmin(least, (q - limit) / fabs(limit));
  }
  if (bound->upper_row >= 0) {
    const double limit = ion_row(theta, (size_t)bound->upper_row)[lane];

    least = fmin(least, (limit - q) / fabs(limit));
  }
  if (bound->within_row >= 0)
    least =
        fmin(least, ion_row(theta, (size_t)bound->within_row)[lane] - fabs(q / bound->rest - 1));
  return least;
}

double ion_threshold_margin_of(const ion_model *model, int bound, ion_block theta,
                               const ion_work *work, size_t lane)
{
  const ion_bound *b = &ion_model_network(model)->bound[bound];

  return margin(b, theta, quantity(b, work, lane), lane);
}

double ion_threshold_margin(const ion_model *model, ion_block theta, const ion_work *work,
                            size_t lane, int *bound)
{
  const ion_network *network = ion_model_network(model);
  double least               = (double)INFINITY;

  *bound = -1;
  for (size_t i = 0; i < network->n_bound; i++) {
    const double m = ion_threshold_margin_of(model, (int)i, theta, work, lane);

    if (m >= least) continue;
    least  = m;
    *bound = (int)i;
  }
  return least;
}
