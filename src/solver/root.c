/* A root of a function in a bracket: regula falsi with the end that stays put weighted down (Anderson and Bjorck
 * 1973, BIT 13:253), which converges faster than linearly from both sides. */
#include "branch_impl.h"

#include <math.h>

void ion_root_start(ion_root *root, double a, double fa, double b, double fb)
{
  *root = (ion_root){.a = a, .fa = fa, .b = b, .fb = fb};
}

double ion_root_next(const ion_root *root)
{
  const double at = (root->a * root->fb - root->b * root->fa) / (root->fb - root->fa);
  const double lo = fmin(root->a, root->b), hi = fmax(root->a, root->b);

  return at > lo && at < hi && root->n < 40 ? at : 0.5 * (lo + hi);
}

void ion_root_tell(ion_root *root, double at, double value)
{
  root->n++;
  if ((value < 0) == (root->fb < 0)) {
    /* b moves; an a that has stayed twice counts for less */
    const double m = 1 - value / root->fb;

    if (root->side == 1) root->fa *= m > 0 ? m : 0.5;
    root->b    = at;
    root->fb   = value;
    root->side = 1;
  } else {
    const double m = 1 - value / root->fa;

    if (root->side == -1) root->fb *= m > 0 ? m : 0.5;
    root->a    = at;
    root->fa   = value;
    root->side = -1;
  }
}
