/* The stages a lane goes through, from the start of its branch to the loss of the state it follows, which is
 * polished on the branch: the physiological state on the way there, the collapsed one on the way back. */
#include "threshold_impl.h"

#include <math.h>
#include <string.h>

enum { MOST_STEPS = 600, MOST_REFINEMENTS = 60 };

static const double first_step   = 0.05; /* of arclength */
static const double longest_step = 0.5;
static const double least_step   = 1e-7;
static const double walking      = 1e-4;  /* Newton step that ends a correction while walking, */
static const double polishing    = 1e-10; /* and while polishing */
static const double turned       = 1e-8;  /* slope of a fold; the error of sigma is its square */

/* ---- readings ---- */

static double sigma_of(const ion_threshold *s, size_t lane)
{
  return ion_row(s->tracker.z, s->tracker.n)[lane];
}

static double base_sigma(const ion_threshold *s, size_t lane)
{
  return ion_row(s->tracker.z0, s->tracker.n)[lane];
}

/* d sigma over the arclength, in the direction of the search, at the iterate and at the base point: 0 at a fold. */
static double slope_of(const ion_threshold *s, size_t lane)
{
  return s->way * ion_row(s->tracker.t, s->tracker.n)[lane];
}

static double base_slope(const ion_threshold *s, size_t lane)
{
  return s->way * ion_row(s->tracker.t0, s->tracker.n)[lane];
}

/* How far the base point is from the end of the range. */
static double way_left(const ion_threshold *s, size_t lane)
{
  return s->way * (s->sigma_end - base_sigma(s, lane));
}

/* ---- results ---- */

static void note_recovery(ion_threshold *s, size_t p, size_t lane, ion_loss kind)
{
  if (s->found->recovery_kind) s->found->recovery_kind[p] = (unsigned char)kind;
  if (kind == ION_LOSS_FOLD || kind == ION_LOSS_HOPF)
    s->found->recovery[p] = ion_threshold_value(s, sigma_of(s, lane));
}

static void note_threshold(ion_threshold *s, size_t p, size_t lane, ion_loss kind)
{
  const ion_threshold_lane *l = &s->lane[lane];

  s->found->kind[p] = (unsigned char)kind;
  s->bound_end[p]   = l->bound;
  if (kind == ION_LOSS_NONE || kind == ION_LOSS_ABSENT) return;
  s->found->value[p] = ion_threshold_value(s, sigma_of(s, lane));
  if (s->found->omega && kind == ION_LOSS_HOPF) s->found->omega[p] = l->eigen_im;
  for (size_t i = 0; i <= s->tracker.n; i++) {
    ion_row(s->z_end, i)[p] = ion_row(s->tracker.z, i)[lane];
    ion_row(s->t_end, i)[p] = ion_row(s->tracker.t, i)[lane];
  }
}

static void finish(ion_threshold *s, size_t lane)
{
  ion_threshold_lane *l = &s->lane[lane];

  if (s->found->steps) s->found->steps[l->point] += l->steps;
  l->stage = ION_STAGE_DONE;
}

/* What ended the branch that was followed. */
static void conclude(ion_threshold *s, size_t lane, ion_loss kind)
{
  const size_t p = (size_t)s->lane[lane].point;

  if (s->way < 0)
    note_recovery(s, p, lane, kind);
  else
    note_threshold(s, p, lane, kind);
  finish(s, lane);
}

/* A lane that cannot go on. */
static void give_up(ion_threshold *s, size_t lane)
{
  if (s->way > 0) s->found->status[s->lane[lane].point] = ION_NO_STATE_FOUND;
  finish(s, lane);
}

/* ---- steps ---- */

static void aim(ion_threshold *s, size_t lane, double ahead)
{
  const ion_stage stage = s->lane[lane].stage;

  s->tracker.tight[lane] = stage == ION_STAGE_WALK ? walking : polishing;
  ion_tracker_aim(&s->tracker, lane, ahead);
}

/* On from the base point; not beyond the end of the range. */
static void walk_on(ion_threshold *s, size_t lane)
{
  ion_threshold_lane *l = &s->lane[lane];
  const double slope = base_slope(s, lane), left = way_left(s, lane);

  if (++l->steps > MOST_STEPS || !(l->step >= least_step)) {
    give_up(s, lane);
    return;
  }
  l->is_last = (PetscBool)(slope > 0 && slope * l->step >= left);
  if (!l->is_last) {
    aim(s, lane, l->step);
    return;
  }
  ion_tracker_aim_at(&s->tracker, lane, s->sigma_end);
  s->tracker.tight[lane] = polishing;
}

static double *kept_at(const ion_threshold *s, size_t lane, int i)
{
  return s->kept + (lane * ION_MOST_KEPT + (size_t)i) * 2 * (s->tracker.n + 1);
}

/* Keep the base point; of a long branch every second place. */
static void keep(ion_threshold *s, size_t lane)
{
  const ion_tracker *t  = &s->tracker;
  ion_threshold_lane *l = &s->lane[lane];
  double *to;

  if (l->n_kept == ION_MOST_KEPT) {
    for (int i = 1; 2 * i < ION_MOST_KEPT; i++)
      memcpy(kept_at(s, lane, i), kept_at(s, lane, 2 * i), 2 * (t->n + 1) * sizeof *to);
    l->n_kept /= 2;
  }
  to = kept_at(s, lane, l->n_kept++);
  for (size_t i = 0; i <= t->n; i++) {
    to[i]            = ion_row(t->z0, i)[lane];
    to[t->n + 1 + i] = ion_row(t->t0, i)[lane];
  }
}

/* The iterate goes to a place that was kept, with its tangent. */
static void visit(ion_threshold *s, size_t lane, int i)
{
  const double *from = kept_at(s, lane, i);
  ion_tracker *t     = &s->tracker;

  for (size_t k = 0; k <= t->n; k++) {
    ion_row(t->z, k)[lane] = from[k];
    ion_row(t->t, k)[lane] = from[t->n + 1 + k];
  }
}

/* Easy corrections lengthen the next step, hard ones shorten it. */
static void go_on(ion_threshold *s, size_t lane)
{
  static const double by[] = {2.0, 2.0, 1.5, 1.0};
  ion_threshold_lane *l    = &s->lane[lane];
  const int n              = s->tracker.count[lane];

  ion_tracker_accept(&s->tracker, lane);
  keep(s, lane);
  l->margin = l->margin_new;
  l->step   = fmin(longest_step, l->step * (n < (int)ION_COUNT(by) ? by[n] : 0.7));
  walk_on(s, lane);
}

static void retry_shorter(ion_threshold *s, size_t lane)
{
  ion_threshold_lane *l = &s->lane[lane];

  if (l->is_last) l->step = fmin(l->step, way_left(s, lane) / base_slope(s, lane));
  l->step *= 0.4;
  walk_on(s, lane);
}

/* ---- polishing ---- */

/* The next place to look at, from the nearest one known: the iterate, which becomes the base point. */
static void aim_at_root(ion_threshold *s, size_t lane)
{
  ion_threshold_lane *l = &s->lane[lane];
  const double next     = ion_root_next(&l->root);

  ion_tracker_accept(&s->tracker, lane);
  aim(s, lane, next - l->place);
  l->place = next;
}

/* Between the base point and the iterate the function changes its sign. */
static void refine(ion_threshold *s, size_t lane, ion_stage stage, double f0, double f1)
{
  ion_threshold_lane *l = &s->lane[lane];

  l->stage = stage;
  l->place = ion_tracker_way(&s->tracker, lane);
  ion_root_start(&l->root, 0, f0, l->place, f1);
  aim_at_root(s, lane);
}

/* Whether the root is met: the function is 0, or its bracket closed; else the next place is aimed at. */
static PetscBool is_met(ion_threshold *s, size_t lane, double f, double enough)
{
  ion_root *root = &s->lane[lane].root;

  if (fabs(f) <= enough) return PETSC_TRUE;
  ion_root_tell(root, s->lane[lane].place, f);
  if (fabs(root->b - root->a) <= 1e-13 || root->n > MOST_REFINEMENTS) return PETSC_TRUE;
  aim_at_root(s, lane);
  return PETSC_FALSE;
}

static void enter(ion_threshold *s, size_t lane, ion_stage stage)
{
  s->lane[lane].stage = stage;
  s->again[lane]      = 1;
}

void ion_threshold_start_lane(ion_threshold *s, size_t lane, size_t p)
{
  double x[ION_MAX_STATE];

  for (size_t i = 0; i < s->tracker.n; i++) x[i] = ion_row(s->x_start, i)[p];
  memset(&s->lane[lane], 0, sizeof s->lane[lane]);
  s->lane[lane].point = (ptrdiff_t)p;
  s->lane[lane].step  = first_step;
  ion_tracker_load(&s->tracker, lane, s->theta_start, s->prepared_start, p);
  ion_threshold_set_line(s, lane, p);
  ion_tracker_start(&s->tracker, lane, x, s->sigma_start[p], s->way);
  s->tracker.tight[lane] = polishing;
}

/* ---- arrivals ---- */

static void at_start(ion_threshold *s, size_t lane)
{
  ion_threshold_lane *l = &s->lane[lane];

  l->was_strained = (PetscBool)(s->way > 0 && l->margin_new < 0);
  l->stage        = ION_STAGE_WALK;
  go_on(s, lane);
}

/* ---- where stability was lost before the branch ended ---- */

/* The iterate is unstable, its eigenvalue known; it becomes the last place kept. */
static void search_back(ion_threshold *s, size_t lane)
{
  ion_threshold_lane *l = &s->lane[lane];

  ion_tracker_accept(&s->tracker, lane);
  keep(s, lane);
  l->low        = -1;
  l->high       = l->n_kept - 1;
  l->eigen_high = l->eigen;
  visit(s, lane, 0);
  enter(s, lane, ION_STAGE_SEARCH);
}

/* Between neighbours: the place before becomes the base point, the place after the iterate. */
static void refine_between(ion_threshold *s, size_t lane)
{
  ion_threshold_lane *l = &s->lane[lane];

  visit(s, lane, l->low);
  ion_tracker_accept(&s->tracker, lane);
  visit(s, lane, l->high);
  refine(s, lane, ION_STAGE_HOPF, l->eigen_low, l->eigen_high);
}

/* Bisection over the places kept: the first one is looked at first. */
static void at_search(ion_threshold *s, size_t lane)
{
  ion_threshold_lane *l = &s->lane[lane];
  const int at          = l->low < 0 ? 0 : (l->low + l->high) / 2;

  if (l->eigen > 0 && at == 0) {
    conclude(s, lane, ION_LOSS_ABSENT);
    return;
  }
  *(l->eigen > 0 ? &l->high : &l->low)             = at;
  *(l->eigen > 0 ? &l->eigen_high : &l->eigen_low) = l->eigen;
  if (l->high - l->low == 1) {
    refine_between(s, lane);
    return;
  }
  visit(s, lane, (l->low + l->high) / 2);
  enter(s, lane, ION_STAGE_SEARCH);
}

static void save_bound(ion_threshold *s, size_t lane)
{
  ion_threshold_lane *l = &s->lane[lane];

  for (size_t i = 0; i <= s->tracker.n; i++) {
    l->saved_z[i] = ion_row(s->tracker.z0, i)[lane];
    l->saved_t[i] = ion_row(s->tracker.t0, i)[lane];
  }
  l->saved_ahead     = ion_tracker_way(&s->tracker, lane);
  l->saved_margin[0] = l->margin;
  l->saved_margin[1] = l->margin_new;
  l->is_bound_saved  = PETSC_TRUE;
}

/* No singular point in the range. */
static void at_end(ion_threshold *s, size_t lane)
{
  ion_threshold_lane *l = &s->lane[lane];

  if (!l->is_bound_saved) {
    conclude(s, lane, l->was_strained ? ION_LOSS_ABSENT : ION_LOSS_NONE);
    return;
  }
  for (size_t i = 0; i <= s->tracker.n; i++) {
    ion_row(s->tracker.z0, i)[lane] = l->saved_z[i];
    ion_row(s->tracker.t0, i)[lane] = l->saved_t[i];
  }
  l->stage = ION_STAGE_BOUND;
  ion_root_start(&l->root, 0, l->saved_margin[0], l->saved_ahead, l->saved_margin[1]);
  l->place = ion_root_next(&l->root);
  aim(s, lane, l->place);
}

static void at_step(ion_threshold *s, size_t lane)
{
  ion_threshold_lane *l = &s->lane[lane];
  const double slope    = slope_of(s, lane);

  if (ion_tracker_has_jumped(&s->tracker, lane)) {
    retry_shorter(s, lane);
    return;
  }
  if (slope <= 0) {
    refine(s, lane, ION_STAGE_FOLD, base_slope(s, lane), slope);
    return;
  }
  if (s->way > 0 && !l->is_bound_saved && !l->was_strained && l->margin_new < 0)
    save_bound(s, lane);
  if (!l->is_last)
    go_on(s, lane);
  else if (l->eigen > 0)
    search_back(s, lane);
  else
    at_end(s, lane);
}

static void at_fold(ion_threshold *s, size_t lane)
{
  if (is_met(s, lane, slope_of(s, lane), turned)) enter(s, lane, ION_STAGE_FOLD_MET);
}

static void at_fold_met(ion_threshold *s, size_t lane)
{
  if (s->lane[lane].is_unstable)
    search_back(s, lane);
  else
    conclude(s, lane, ION_LOSS_FOLD);
}

/* Where the pair is real when it is met, the branch folds there and both eigenvalues vanish to rounding. */
static void at_hopf(ion_threshold *s, size_t lane)
{
  if (is_met(s, lane, s->lane[lane].eigen, 1e-12 * s->lane[lane].eigen_im))
    conclude(s, lane, s->lane[lane].eigen_im > 0 ? ION_LOSS_HOPF : ION_LOSS_FOLD);
}

static void at_bound(ion_threshold *s, size_t lane)
{
  if (is_met(s, lane, s->lane[lane].margin_new, 1e-13)) conclude(s, lane, ION_LOSS_BOUND);
}

/* Whether the verdict at the place where a lane arrived needs its eigenvalues. */
static PetscBool wants_spectrum(const ion_threshold *s, size_t lane)
{
  const ion_threshold_lane *l = &s->lane[lane];

  switch (l->stage) {
  case ION_STAGE_WALK:
    return l->is_last;
  case ION_STAGE_FOLD_MET:
  case ION_STAGE_SEARCH:
  case ION_STAGE_HOPF:
    return PETSC_TRUE;
  default:
    return PETSC_FALSE;
  }
}

PetscBool ion_threshold_arrive(ion_threshold *s, size_t lane)
{
  static void (*const act[])(ion_threshold *, size_t) = {
      [ION_STAGE_START] = at_start,   [ION_STAGE_WALK] = at_step,
      [ION_STAGE_FOLD] = at_fold,     [ION_STAGE_FOLD_MET] = at_fold_met,
      [ION_STAGE_SEARCH] = at_search, [ION_STAGE_HOPF] = at_hopf,
      [ION_STAGE_BOUND] = at_bound};
  ion_threshold_lane *l = &s->lane[lane];

  do {
    s->again[lane] = 0;
    if (wants_spectrum(s, lane) && !l->known) return PETSC_FALSE;
    l->known = PETSC_FALSE;
    act[l->stage](s, lane);
  } while (s->again[lane]);
  return PETSC_TRUE;
}

void ion_threshold_lose(ion_threshold *s, size_t lane)
{
  if (s->lane[lane].stage == ION_STAGE_WALK)
    retry_shorter(s, lane);
  else
    give_up(s, lane);
}
