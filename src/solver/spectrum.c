/* Spectra of a tile: the lanes asked for are reduced strip by strip, and their matrices gathered until the
 * eigenvalue solver is full, whatever lanes they come from. LAPACK, one point at a time, does those whose reduction
 * or iteration is not to be trusted, and models whose constraints cannot be eliminated. */
#include "solver_impl.h"

#include <math.h>
#include <string.h>

PetscErrorCode ion_spectrum_create(const ion_model *model, size_t lanes, ion_spectrum *s)
{
  PetscFunctionBegin;
  *s       = (ion_spectrum){.model = model, .lanes = lanes};
  s->order = ion_model_n_dynamic(model);
  PetscCall(ion_reduction_create(model, &s->reduction));
  PetscCall(ion_eigen_create(s->reduction.n, &s->eigen));
  PetscCall(ion_block_create(s->order, lanes, &s->re));
  PetscCall(ion_block_create(s->order, lanes, &s->im));
  PetscCall(PetscCalloc3(lanes, &s->count, s->order, &s->re_one, s->order, &s->im_one));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_spectrum_destroy(ion_spectrum *s)
{
  PetscFunctionBegin;
  PetscCall(ion_reduction_destroy(&s->reduction));
  PetscCall(ion_eigen_destroy(&s->eigen));
  PetscCall(ion_block_destroy(&s->re));
  PetscCall(ion_block_destroy(&s->im));
  PetscCall(PetscFree3(s->count, s->re_one, s->im_one));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What a lane is evaluated with. */
typedef struct {
  ion_block prepared, x;
  const ion_work *work;
} evaluated;

static PetscErrorCode find_one(ion_spectrum *s, const evaluated *at, size_t lane)
{
  PetscFunctionBegin;
  PetscCall(ion_stability_spectrum(s->model, at->prepared, at->x, at->work, lane, &s->count[lane],
                                   s->re_one, s->im_one));
  for (size_t i = 0; i < s->count[lane]; i++) {
    ion_row(s->re, i)[lane] = s->re_one[i];
    ion_row(s->im, i)[lane] = s->im_one[i];
  }
  s->n_by_one++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Solve for the matrices gathered so far. */
static PetscErrorCode find_gathered(ion_spectrum *s, const evaluated *at)
{
  const size_t n = s->n_gathered;

  PetscFunctionBegin;
  s->n_gathered = 0;
  if (!n) PetscFunctionReturn(PETSC_SUCCESS);
  ion_eigen_find(&s->eigen);
  for (size_t k = 0; k < n; k++) {
    const size_t lane = s->gathered[k];

    if (!s->eigen.found[k]) {
      PetscCall(find_one(s, at, lane));
      continue;
    }
    s->count[lane] = s->eigen.n;
    for (size_t i = 0; i < s->eigen.n; i++) {
      ion_row(s->re, i)[lane] = ion_row(s->eigen.re, i)[k];
      ion_row(s->im, i)[lane] = ion_row(s->eigen.im, i)[k];
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One more matrix, lane l of the strip reduced last. */
static PetscErrorCode gather(ion_spectrum *s, const evaluated *at, size_t first, size_t l)
{
  const ion_reduction *r = &s->reduction;
  const size_t to        = s->n_gathered;

  PetscFunctionBegin;
  if (!to) PetscCall(PetscArrayzero(s->eigen.a.data, s->eigen.a.n_row * s->eigen.a.stride));
  for (size_t k = 0; k < r->n_entry; k++)
    ion_eigen_at(&s->eigen, r->entry[k].row, r->entry[k].col)[to] =
        ion_row(r->slot, r->entry[k].slot)[l];
  s->gathered[s->n_gathered++] = first + l;
  if (s->n_gathered == ION_EIGEN_LANES) PetscCall(find_gathered(s, at));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The whole strip, where none waits. */
static PetscErrorCode gather_strip(ion_spectrum *s, const evaluated *at, size_t first)
{
  const ion_reduction *r = &s->reduction;

  PetscFunctionBegin;
  PetscCall(PetscArrayzero(s->eigen.a.data, s->eigen.a.n_row * s->eigen.a.stride));
  for (size_t k = 0; k < r->n_entry; k++)
    memcpy(ion_eigen_at(&s->eigen, r->entry[k].row, r->entry[k].col),
           ion_row(r->slot, r->entry[k].slot), ION_PAD * sizeof(double));
  for (size_t l = 0; l < ION_PAD; l++) s->gathered[l] = first + l;
  s->n_gathered = ION_PAD;
  PetscCall(find_gathered(s, at));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode find_strip(ion_spectrum *s, const evaluated *at, size_t first,
                                 const unsigned char *wanted)
{
  unsigned char good[ION_PAD] = {0};
  size_t n                    = 0;

  PetscFunctionBegin;
  if (!memchr(wanted + first, 1, ION_PAD)) PetscFunctionReturn(PETSC_SUCCESS);
  if (s->reduction.is_usable) ion_reduction_run(&s->reduction, at->prepared, at->work, first, good);
  for (size_t l = 0; l < ION_PAD; l++) n += wanted[first + l] && good[l];
  if (n == ION_PAD && !s->n_gathered) {
    PetscCall(gather_strip(s, at, first));
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  for (size_t l = 0; l < ION_PAD; l++) {
    if (!wanted[first + l]) continue;
    if (good[l])
      PetscCall(gather(s, at, first, l));
    else
      PetscCall(find_one(s, at, first + l));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void read_leading(const ion_spectrum *s, size_t lane, double *re, double *im, int *unstable)
{
  re[lane] = im[lane] = (double)NAN;
  if (unstable) unstable[lane] = s->count[lane] ? 0 : -1;
  for (size_t i = 0; i < s->count[lane]; i++) {
    const double y = ion_row(s->re, i)[lane];

    if (unstable && y > 0) unstable[lane]++;
    if (y <= re[lane]) continue;
    re[lane] = y;
    im[lane] = fabs(ion_row(s->im, i)[lane]);
  }
}

PetscErrorCode ion_spectrum_find(ion_spectrum *s, ion_block prepared, ion_block x,
                                 const ion_work *work, const unsigned char *wanted, double *re,
                                 double *im, int *n_unstable)
{
  const evaluated at = {prepared, x, work};

  PetscFunctionBegin;
  for (size_t first = 0; first < s->lanes; first += ION_PAD)
    PetscCall(find_strip(s, &at, first, wanted));
  PetscCall(find_gathered(s, &at));
  for (size_t lane = 0; lane < s->lanes; lane++)
    if (wanted[lane]) read_leading(s, lane, re, im, n_unstable);
  PetscFunctionReturn(PETSC_SUCCESS);
}
