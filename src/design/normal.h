/* The standard normal distribution. */
#ifndef ION_DESIGN_NORMAL_H
#define ION_DESIGN_NORMAL_H

#include "base/vecmath.h"

/* Share below z; exact in the lower tail to the last digits of erfc. */
static inline double ion_normal_share(double z)
{
  return 0.5 * erfc(-z * 0.70710678118654752440);
}

static inline double ion_normal_density(double z)
{
  return 0.39894228040143267794 * ion_exp(-0.5 * z * z);
}

static inline double ion_normal_ratio(const double *a, const double *b, double r)
{
  const double above =
      ((((((a[7] * r + a[6]) * r + a[5]) * r + a[4]) * r + a[3]) * r + a[2]) * r + a[1]) * r + a[0];
  const double below =
      ((((((b[6] * r + b[5]) * r + b[4]) * r + b[3]) * r + b[2]) * r + b[1]) * r + b[0]) * r + 1.0;

  return above / below;
}

/* z with the share p below it, 0 < p < 1, to about 16 digits: PPND16 of Wichura 1988, algorithm AS 241,
 * Appl. Statist. 37, 477. */
static inline double ion_normal_quantile(double p)
{
  static const double a[] = {3.3871328727963666080e0,  1.3314166789178437745e+2,
                             1.9715909503065514427e+3, 1.3731693765509461125e+4,
                             4.5921953931549871457e+4, 6.7265770927008700853e+4,
                             3.3430575583588128105e+4, 2.5090809287301226727e+3};
  static const double b[] = {4.2313330701600911252e+1, 6.8718700749205790830e+2,
                             5.3941960214247511077e+3, 2.1213794301586595867e+4,
                             3.9307895800092710610e+4, 2.8729085735721942674e+4,
                             5.2264952788528545610e+3};
  static const double c[] = {1.42343711074968357734e0,  4.63033784615654529590e0,
                             5.76949722146069140550e0,  3.64784832476320460504e0,
                             1.27045825245236838258e0,  2.41780725177450611770e-1,
                             2.27238449892691845833e-2, 7.74545014278341407640e-4};
  static const double d[] = {2.05319162663775882187e0,  1.67638483018380384940e0,
                             6.89767334985100004550e-1, 1.48103976427480074590e-1,
                             1.51986665636164571966e-2, 5.47593808499534494600e-4,
                             1.05075007164441684324e-9};
  static const double e[] = {6.65790464350110377720e0,  5.46378491116411436990e0,
                             1.78482653991729133580e0,  2.96560571828504891230e-1,
                             2.65321895265761230930e-2, 1.24266094738807843860e-3,
                             2.71155556874348757815e-5, 2.01033439929228813265e-7};
  static const double f[] = {5.99832206555887937690e-1, 1.36929880922735805310e-1,
                             1.48753612908506148525e-2, 7.86869131145613259100e-4,
                             1.84631831751005468180e-5, 1.42151175831644588870e-7,
                             2.04426310338993978564e-15};
  const double q = p - 0.5, tail = q < 0 ? p : 1.0 - p;
  double r, z;

  if (fabs(q) <= 0.425) return q * ion_normal_ratio(a, b, 0.180625 - q * q);
  r = sqrt(-ion_log(tail));
  z = r <= 5.0 ? ion_normal_ratio(c, d, r - 1.6) : ion_normal_ratio(e, f, r - 5.0);
  return q < 0 ? -z : z;
}

#endif
