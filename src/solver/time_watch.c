/* What is watched along a time course: events, extremes, samples. The ends of a step and its middle are looked
 * at always; crossings are located on the continuous extension of the method. */
#include "time_impl.h"

#include <math.h>
#include <string.h>

enum { MOST_BISECTIONS = 60 };

static void gather(ion_block from, const ion_probe *probe, ion_block to)
{
  for (size_t i = 0; i < from.n_row; i++) {
    const double *source = ion_row(from, i);
    double *row          = ion_row(to, i);

    for (size_t k = 0; k < probe->n; k++) row[k] = source[probe->lane[k]];
  }
}

/* y(t_old + s h); gates and logarithms alike. */
static void interpolate(const ion_course *e)
{
  const ion_probe *probe = &e->probe;

  for (size_t i = 0; i < e->n; i++) {
    const double *y0 = ion_row(e->y_old, i), *y1 = ion_row(e->y, i);
    const double *c0 = ion_row(e->cont, i), *c1 = ion_row(e->cont, e->n + i);
    double *row = ion_row(probe->y, i);

    for (size_t k = 0; k < probe->n; k++) {
      const size_t l = probe->lane[k];
      const double s = probe->at[k], r = 1 - s;

      row[k] = r * y0[l] + s * (y1[l] + r * (c0[l] + s * c1[l]));
    }
  }
}

/* The last states are repeated up to a whole vector. */
static void fill_up(ion_probe *probe)
{
  const size_t n = probe->n, whole = (n + ION_PAD - 1) / ION_PAD * ION_PAD;

  for (size_t k = n; k < whole; k++) {
    probe->lane[k] = probe->lane[n - 1];
    probe->at[k]   = probe->at[n - 1];
  }
  probe->n = whole;
}

void ion_course_probe(ion_course *e)
{
  ion_probe *probe = &e->probe;
  const size_t n   = probe->n;

  if (!n) return;
  fill_up(probe);
  gather(e->theta, probe, probe->theta);
  gather(e->prepared, probe, probe->prepared);
  interpolate(e);
  ion_motion_evaluate(e->motion, probe->prepared, probe->y, probe->n,
                      ION_RESIDUAL | ION_AFFINITY | ION_CLOSE, &probe->work);
  e->protocol.observe(e->protocol.context, probe->theta, probe->prepared, &probe->work, probe->n,
                      probe->value);
  probe->n = n;
}

static void collect(ion_course *e, size_t lane, double at)
{
  e->probe.lane[e->probe.n] = lane;
  e->probe.at[e->probe.n++] = at;
}

/* ---- extremes ---- */

static void widen(const ion_course *e, size_t i, size_t p, double value)
{
  double *largest  = e->result->largest.n_row ? &ion_row(e->result->largest, i)[p] : NULL;
  double *smallest = e->result->smallest.n_row ? &ion_row(e->result->smallest, i)[p] : NULL;

  if (largest && !(value <= *largest)) *largest = value;
  if (smallest && !(value >= *smallest)) *smallest = value;
}

/* The vertex of the parabola through the ends and the middle, where it lies within. */
static void widen_between(const ion_course *e, size_t i, size_t p, double q0, double qm, double q1)
{
  const double bend = q0 - 2 * qm + q1, slope = 4 * qm - 3 * q0 - q1;
  const double at = -slope / (4 * bend);

  widen(e, i, p, qm);
  if (at > 0 && at < 1) widen(e, i, p, q0 + at * (slope + at * 2 * bend));
}

/* ---- events ---- */

/* Positive where the event's condition holds. */
static double excess(const ion_event *event, double value)
{
  return event->is_above ? value - event->bound : event->bound - value;
}

/* A bracket of a crossing within the last step: not yet at `low`, happened at `high`. */
typedef struct {
  size_t lane;
  double low, high, f_low, f_high;
  int side;
} ion_bracket;

/* Illinois: regula falsi with the value at an end that stays halved. */
static void narrow(ion_bracket *b, double at, double f)
{
  if (f > 0) {
    if (b->side == 1) b->f_low *= 0.5;
    b->side   = 1;
    b->high   = at;
    b->f_high = f;
  } else {
    if (b->side == -1) b->f_high *= 0.5;
    b->side  = -1;
    b->low   = at;
    b->f_low = f;
  }
}

static PetscBool is_narrow(const ion_course *e, const ion_bracket *b)
{
  const double h = e->t[b->lane] - e->t_old[b->lane];

  return (PetscBool)((b->high - b->low) * h <= 4e-16 * e->t[b->lane] || b->high - b->low < 1e-13 ||
                     !(b->f_low < 0));
}

/* Times of the crossings of one event in all lanes that have one. */
static void locate(ion_course *e, size_t event, ion_bracket *b, size_t n)
{
  const ion_event *what = &e->protocol.event[event];

  for (int k = 0; k < MOST_BISECTIONS; k++) {
    e->probe.n = 0;
    for (size_t j = 0; j < n; j++)
      if (!is_narrow(e, &b[j]))
        collect(e, b[j].lane,
                b[j].low - b[j].f_low * (b[j].high - b[j].low) / (b[j].f_high - b[j].f_low));
    if (!e->probe.n) break;
    ion_course_probe(e);
    for (size_t j = 0, m = 0; j < n; j++)
      if (!is_narrow(e, &b[j])) {
        narrow(&b[j], e->probe.at[m], excess(what, ion_row(e->probe.value, what->quantity)[m]));
        m++;
      }
  }
  for (size_t j = 0; j < n; j++) {
    const size_t l  = b[j].lane;
    const double at = b[j].f_low < 0 ? b[j].high : b[j].low;

    ion_row(e->result->event, event)[e->point[l]] = e->t_old[l] + at * (e->t[l] - e->t_old[l]);
  }
}

static void watch_event(ion_course *e, size_t event)
{
  const ion_event *what = &e->protocol.event[event];
  const double *before  = ion_row(e->before, what->quantity);
  const double *middle  = ion_row(e->middle, what->quantity);
  const double *now     = ion_row(e->now, what->quantity);
  double *time          = ion_row(e->result->event, event);
  ion_bracket b[ION_MAX_LANES];
  size_t n = 0;

  for (size_t l = 0; l < e->lanes; l++) {
    if (e->state[l] != ION_LANE_ARRIVED && e->state[l] != ION_LANE_FRESH) continue;
    if (!isnan(time[e->point[l]])) continue;
    const double f0 = excess(what, before[l]), fm = excess(what, middle[l]);
    const double f1 = excess(what, now[l]);

    if (e->state[l] == ION_LANE_FRESH) {
      if (f1 > 0) time[e->point[l]] = e->t[l];
    } else if (fm > 0)
      b[n++] = (ion_bracket){l, 0, 0.5, f0, fm, 0};
    else if (f1 > 0)
      b[n++] = (ion_bracket){l, 0.5, 1, fm, f1, 0};
  }
  if (n) locate(e, event, b, n);
}

/* ---- samples ---- */

static void store_samples(const ion_course *e, const size_t *sample)
{
  const size_t n = e->protocol.n_observed;

  for (size_t k = 0; k < e->probe.n; k++)
    for (size_t i = 0; i < n; i++)
      ion_row(e->result->trace, sample[k] * n + i)[e->point[e->probe.lane[k]]] =
          ion_row(e->probe.value, i)[k];
}

/* Samples that the last steps have passed; those at the start of a segment belong to the step before. */
static void watch_samples(ion_course *e)
{
  const size_t most = e->result->trace.n_row / e->protocol.n_observed;
  size_t sample[ION_MAX_LANES];

  e->probe.n = 0;
  for (size_t l = 0; l < e->lanes; l++) {
    if (e->state[l] == ION_LANE_FRESH && !e->sample[l]) {
      for (size_t i = 0; i < e->protocol.n_observed; i++)
        ion_row(e->result->trace, i)[e->point[l]] = ion_row(e->now, i)[l];
      e->sample[l] = 1;
    }
    if (e->state[l] != ION_LANE_ARRIVED) continue;
    for (; e->sample[l] < most; e->sample[l]++) {
      const double t = (double)e->sample[l] * e->protocol.every;

      if (t > e->t[l]) break;
      sample[e->probe.n] = e->sample[l];
      collect(e, l, (t - e->t_old[l]) / (e->t[l] - e->t_old[l]));
      if (e->probe.n < e->lanes) continue;
      ion_course_probe(e);
      store_samples(e, sample);
      e->probe.n = 0;
    }
  }
  ion_course_probe(e);
  store_samples(e, sample);
}

/* ---- all of it ---- */

/* What is observed halfway through the last step, in all lanes. */
static void look_halfway(ion_course *e)
{
  ion_probe *probe = &e->probe;

  probe->n = e->lanes;
  for (size_t l = 0; l < e->lanes; l++) {
    probe->lane[l] = l;
    probe->at[l]   = 0.5;
  }
  interpolate(e);
  ion_motion_evaluate(e->motion, e->prepared, probe->y, e->lanes,
                      ION_RESIDUAL | ION_AFFINITY | ION_CLOSE, &probe->work);
  e->protocol.observe(e->protocol.context, e->theta, e->prepared, &probe->work, e->lanes,
                      e->middle);
}

void ion_course_watch(ion_course *e)
{
  const size_t n = e->protocol.n_observed;

  if (!n) return;
  e->protocol.observe(e->protocol.context, e->theta, e->prepared, &e->work, e->lanes, e->now);
  look_halfway(e);
  for (size_t i = 0; i < n && (e->result->largest.n_row || e->result->smallest.n_row); i++)
    for (size_t l = 0; l < e->lanes; l++) {
      const size_t p = (size_t)e->point[l];

      if (e->state[l] == ION_LANE_FRESH || e->state[l] == ION_LANE_ARRIVED)
        widen(e, i, p, ion_row(e->now, i)[l]);
      if (e->state[l] == ION_LANE_ARRIVED)
        widen_between(e, i, p, ion_row(e->before, i)[l], ion_row(e->middle, i)[l],
                      ion_row(e->now, i)[l]);
    }
  for (size_t k = 0; k < e->protocol.n_event; k++) watch_event(e, k);
  if (e->result->trace.n_row) watch_samples(e);
  for (size_t i = 0; i < n; i++)
    memcpy(ion_row(e->before, i), ion_row(e->now, i), e->lanes * sizeof(double));
}
