/* One branch, with its spectrum at every place: folds where sigma turns, Hopf points where a pair of eigenvalues
 * crosses the imaginary axis. */
#include "branch_impl.h"

#include <math.h>
#include <string.h>

static const double tight = 1e-10; /* Newton step that ends a correction */
static const double least = 1e-6;  /* step of arclength */

enum { MOST_REFINEMENTS = 60 };

const char ion_place_words[] = "regular fold hopf end";

/* The walk; lane 0 of the tracker. */
typedef struct {
  ion_tracker tracker;
  ion_branch *branch;
  double from, to, step, longest, arclength;
  size_t most, n_dynamic, n_eigen;
  double *re, *im;         /* [n_dynamic] at the iterate, by falling real part */
  int unstable, unstable0; /* positive real parts at the iterate, at the base point */
} walk;

/* ---- readings ---- */

static double slope(const walk *w)
{
  return *ion_row(w->tracker.t, w->tracker.n);
}

static double base_slope(const walk *w)
{
  return *ion_row(w->tracker.t0, w->tracker.n);
}

static double sigma(const walk *w)
{
  return *ion_row(w->tracker.z, w->tracker.n);
}

static double way(const walk *w)
{
  return ion_tracker_way(&w->tracker, 0);
}

/* Beyond the range: a step that was not aimed at its end went past it. */
static PetscBool is_outside(const walk *w)
{
  return (PetscBool)(sigma(w) < 0 || sigma(w) > 1);
}

/* Eigenvalues at the iterate; of a fold the one nearest to 0 does not count. */
static PetscErrorCode read_spectrum(walk *w, PetscBool is_fold)
{
  ion_tracker *t = &w->tracker;
  size_t nearest = 0;

  PetscFunctionBegin;
  ion_tracker_evaluate(t, ION_RESIDUAL | ION_JACOBIAN);
  PetscCall(
      ion_stability_spectrum(t->model, t->prepared, t->z, &t->work, 0, &w->n_eigen, w->re, w->im));
  for (size_t i = 1; i < w->n_eigen; i++)
    if (hypot(w->re[i], w->im[i]) < hypot(w->re[nearest], w->im[nearest])) nearest = i;
  w->unstable = 0;
  for (size_t i = 0; i < w->n_eigen; i++) w->unstable += w->re[i] > 0 && !(is_fold && i == nearest);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Correct the lane where it was aimed. */
static PetscErrorCode correct(walk *w, PetscBool *arrived)
{
  ion_track_state state;

  PetscFunctionBegin;
  w->tracker.tight[0] = tight;
  do {
    PetscCall(ion_tracker_iterate(&w->tracker));
    state = ion_tracker_judge(&w->tracker, 0);
  } while (state == ION_TRACK_BUSY);
  *arrived = (PetscBool)(state == ION_TRACK_ARRIVED);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the record ---- */

static PetscErrorCode note(walk *w, ion_place_kind kind, size_t eigen)
{
  ion_branch *b = w->branch;

  PetscFunctionBegin;
  if (b->n == b->n_allocated) {
    b->n_allocated = 2 * b->n_allocated + 64;
    PetscCall(PetscRealloc(b->n_allocated * sizeof *b->place, &b->place));
    PetscCall(PetscRealloc(b->n_allocated * b->n_state * sizeof *b->x, &b->x));
  }
  for (size_t i = 0; i < b->n_state; i++) b->x[b->n * b->n_state + i] = *ion_row(w->tracker.z, i);
  b->place[b->n++] = (ion_branch_place){.value      = w->from + sigma(w) * (w->to - w->from),
                                        .arclength  = w->arclength + way(w),
                                        .eigen_re   = w->n_eigen ? w->re[eigen] : (double)NAN,
                                        .eigen_im   = w->n_eigen ? fabs(w->im[eigen]) : (double)NAN,
                                        .n_unstable = w->unstable,
                                        .kind       = kind};
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- special places between the base point and an iterate ---- */

/* Two arclengths from the base point, and the values of a function there, which differ in sign. */
typedef struct {
  double at[2], f[2];
} bracket;

/* The iterate goes to where the function vanishes; `met` tells whether it was reached. The base point stays. */
static PetscErrorCode polish(walk *w, double (*function)(const walk *, size_t), size_t index,
                             PetscBool needs_spectrum, const bracket *ends, PetscBool *met)
{
  ion_root root;
  double at, f;
  PetscBool arrived = PETSC_FALSE;

  PetscFunctionBegin;
  *met = PETSC_FALSE;
  if (!(ends->f[0] * ends->f[1] < 0)) PetscFunctionReturn(PETSC_SUCCESS);
  ion_root_start(&root, ends->at[0], ends->f[0], ends->at[1], ends->f[1]);
  do {
    at = ion_root_next(&root);
    ion_tracker_aim(&w->tracker, 0, at);
    PetscCall(correct(w, &arrived));
    if (!arrived) PetscFunctionReturn(PETSC_SUCCESS);
    if (needs_spectrum) PetscCall(read_spectrum(w, PETSC_FALSE));
    f = function(w, index);
    ion_root_tell(&root, at, f);
  } while (fabs(f) > 1e-11 && fabs(root.b - root.a) > 1e-13 && root.n < MOST_REFINEMENTS);
  *met = PETSC_TRUE;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static double slope_there(const walk *w, size_t ignored)
{
  (void)ignored;
  return slope(w);
}

static double real_part(const walk *w, size_t i)
{
  return w->re[i];
}

/* What is at a place of the step: the iterate, its tangent and its spectrum. */
typedef struct {
  double z[ION_MAX_STATE], t[ION_MAX_STATE], re[ION_MAX_STATE];
  double at; /* arclength from the base point */
  int unstable;
} stand;

static void save(const walk *w, stand *s)
{
  for (size_t i = 0; i <= w->tracker.n; i++) {
    s->z[i] = *ion_row(w->tracker.z, i);
    s->t[i] = *ion_row(w->tracker.t, i);
  }
  for (size_t i = 0; i < w->n_eigen; i++) s->re[i] = w->re[i];
  s->at       = way(w);
  s->unstable = w->unstable;
}

static void restore(walk *w, const stand *s)
{
  for (size_t i = 0; i <= w->tracker.n; i++) {
    *ion_row(w->tracker.z, i) = s->z[i];
    *ion_row(w->tracker.t, i) = s->t[i];
  }
  w->unstable = s->unstable;
}

/* Where the count of unstable eigenvalues differs by a pair, the pair stands behind those unstable at both places: its
 * real part vanishes between them. Noted if it is complex there. */
static PetscErrorCode note_hopf(walk *w, const stand *a, const stand *b, int count_a, int count_b)
{
  const int less     = PetscMin(count_a, count_b);
  const bracket ends = {
      {a->at,       b->at      },
      {a->re[less], b->re[less]}
  };
  PetscBool met;

  PetscFunctionBegin;
  if (PetscAbsInt(count_a - count_b) != 2) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(polish(w, real_part, (size_t)less, PETSC_TRUE, &ends, &met));
  if (!met || w->im[less] == 0) PetscFunctionReturn(PETSC_SUCCESS);
  w->unstable = less;
  PetscCall(note(w, ION_PLACE_HOPF, (size_t)less));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Unstable eigenvalues beside a fold, where one of the others is about 0: the count on a side has the parity of that
 * side. */
static int count_beside(const stand *fold, int side)
{
  return fold->unstable + (fold->unstable - side) % 2 * (fold->unstable > side ? 1 : -1);
}

static PetscErrorCode note_fold(walk *w, const stand *base, const stand *there)
{
  const bracket ends = {
      {base->at,      there->at},
      {base_slope(w), slope(w) }
  };
  PetscBool met;
  stand fold;

  PetscFunctionBegin;
  PetscCall(polish(w, slope_there, 0, PETSC_FALSE, &ends, &met));
  if (!met) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(read_spectrum(w, PETSC_TRUE));
  save(w, &fold);
  PetscCall(note_hopf(w, base, &fold, base->unstable, count_beside(&fold, base->unstable)));
  restore(w, &fold);
  PetscCall(read_spectrum(w, PETSC_TRUE));
  PetscCall(note(w, ION_PLACE_FOLD, 0));
  PetscCall(note_hopf(w, &fold, there, count_beside(&fold, there->unstable), there->unstable));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Polish and note what lies in the step that led to the iterate, and come back to it. `split` asks for a shorter step:
 * more than one thing of a kind happened. */
static PetscErrorCode note_special(walk *w, PetscBool *split)
{
  const PetscBool folds = (PetscBool)(slope(w) * base_slope(w) < 0);
  const int change      = PetscAbsInt(w->unstable - w->unstable0);
  PetscBool arrived     = PETSC_FALSE;
  stand base, there;

  PetscFunctionBegin;
  *split = (PetscBool)(change > (folds ? 1 : 2) || (change % 2 == 1) != folds);
  if (*split && w->step > 50 * least) PetscFunctionReturn(PETSC_SUCCESS);
  *split = PETSC_FALSE;
  if (!folds && !change) PetscFunctionReturn(PETSC_SUCCESS);
  save(w, &there);
  ion_tracker_aim(&w->tracker, 0, 0);
  PetscCall(correct(w, &arrived));
  if (arrived) {
    PetscCall(read_spectrum(w, PETSC_FALSE));
    save(w, &base);
    restore(w, &there);
    if (folds)
      PetscCall(note_fold(w, &base, &there));
    else
      PetscCall(note_hopf(w, &base, &there, base.unstable, there.unstable));
  }
  restore(w, &there);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- the walk ---- */

static PetscErrorCode create_walk(walk *w, const ion_model *model, ion_block theta, int parameter)
{
  ion_solver *solver = NULL;
  ion_block start = {0}, x = {0};
  unsigned char status, reached;
  const ion_verdict verdict = {.status = &status, .reached = &reached};
  double guess[ION_MAX_STATE];
  PetscBool arrived = PETSC_FALSE;

  PetscFunctionBegin;
  PetscCall(ion_tracker_create(model, &parameter, 1, ION_PAD, &w->tracker));
  w->n_dynamic = ion_model_n_dynamic(model);
  PetscCall(PetscMalloc2(w->n_dynamic, &w->re, w->n_dynamic, &w->im));
  PetscCall(ion_solver_create(model, &parameter, 1, 1, &solver));
  PetscCall(ion_block_create(w->tracker.n_theta, 1, &start));
  PetscCall(ion_block_create(w->tracker.n, 1, &x));
  for (size_t k = 0; k < theta.n_row; k++) *ion_row(start, k) = *ion_row(theta, k);
  *ion_row(start, (size_t)parameter) = w->from;
  PetscCall(ion_solve_steady(solver, start, x, &verdict));
  for (size_t i = 0; i < w->tracker.n; i++) guess[i] = *ion_row(x, i);
  ion_tracker_load(&w->tracker, 0, start, ion_solver_prepared(solver), 0);
  *ion_row(w->tracker.origin, 0)    = w->from;
  *ion_row(w->tracker.direction, 0) = w->to - w->from;
  w->tracker.lower[0]               = 0;
  w->tracker.upper[0]               = 1;
  w->branch->is_collapsed           = (PetscBool)(reached == ION_REACHED_DEPARTED);
  if (status == ION_OK) ion_tracker_start(&w->tracker, 0, guess, 0, 1);
  PetscCall(ion_block_destroy(&start));
  PetscCall(ion_block_destroy(&x));
  PetscCall(ion_solver_destroy(&solver));
  if (status == ION_OK) PetscCall(correct(w, &arrived));
  PetscCheck(arrived, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "no steady state was found where the branch is to start");
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy_walk(walk *w)
{
  PetscFunctionBegin;
  PetscCall(PetscFree2(w->re, w->im));
  PetscCall(ion_tracker_destroy(&w->tracker));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Aim one step ahead, or at the end of the range that the step would pass. */
static PetscBool aim(walk *w)
{
  const double here = *ion_row(w->tracker.z0, w->tracker.n), s = base_slope(w);
  const double end = s > 0 ? 1 : 0, left = (end - here) / s;

  if (fabs(s) > 1e-6 && left <= w->step && left > 1e-9) {
    ion_tracker_aim_at(&w->tracker, 0, end);
    return PETSC_TRUE;
  }
  ion_tracker_aim(&w->tracker, 0, w->step);
  return PETSC_FALSE;
}

static void accept(walk *w)
{
  const int n = w->tracker.count[0];

  w->arclength += way(w);
  ion_tracker_accept(&w->tracker, 0);
  w->unstable0 = w->unstable;
  w->step      = PetscMin(w->longest, w->step * (n <= 2 ? 1.6 : n <= 4 ? 1.0 : 0.7));
}

static PetscErrorCode take_steps(walk *w)
{
  PetscFunctionBegin;
  while (w->branch->n < w->most && w->step > least) {
    const PetscBool is_end = aim(w);
    PetscBool split = PETSC_FALSE, arrived = PETSC_FALSE;

    PetscCall(correct(w, &arrived));
    if (!arrived || ion_tracker_has_jumped(&w->tracker, 0) || (!is_end && is_outside(w))) {
      w->step *= 0.5;
      continue;
    }
    PetscCall(read_spectrum(w, PETSC_FALSE));
    PetscCall(note_special(w, &split));
    if (split) {
      w->step = 0.5 * PetscMin(w->step, fabs(way(w)));
      continue;
    }
    PetscCall(read_spectrum(w, PETSC_FALSE));
    PetscCall(note(w, is_end ? ION_PLACE_END : ION_PLACE_REGULAR, 0));
    w->branch->is_complete = is_end;
    if (is_end) break;
    accept(w);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_branch_follow(const ion_model *model, ion_block theta, int parameter,
                                 double from, double to, size_t most, double longest,
                                 ion_branch *branch)
{
  walk w = {.branch = branch, .from = from, .to = to, .longest = longest, .most = most};
  PetscErrorCode code;

  PetscFunctionBegin;
  *branch = (ion_branch){.n_state = ion_model_n_state(model)};
  code    = create_walk(&w, model, theta, parameter);
  if (!code) code = read_spectrum(&w, PETSC_FALSE);
  if (!code) code = note(&w, ION_PLACE_END, 0);
  if (!code) {
    w.step = 0.02;
    accept(&w);
    code = take_steps(&w);
  }
  PetscCall(destroy_walk(&w));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_branch_destroy(ion_branch *branch)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(branch->place));
  PetscCall(PetscFree(branch->x));
  *branch = (ion_branch){0};
  PetscFunctionReturn(PETSC_SUCCESS);
}
