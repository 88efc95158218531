#include "beta.h"

#include "base/vecmath.h"

enum { MAX_TERMS = 20000, MAX_STEPS = 200 };

/* ln of x^a (1 - x)^b / B(a, b) */
static double log_weight(double a, double b, double x)
{
  return a * log(x) + b * log1p(-x) + lgamma(a + b) - lgamma(a) - lgamma(b);
}

/* Term of the continued fraction, DLMF 8.17.22-23. */
static double term(double a, double b, double x, int n)
{
  const double m = n / 2;

  if (n % 2) return -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
  return m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
}

/* ln of the share below x <= (a + 1)/(a + b + 2), where the fraction converges fast; modified Lentz
 * (Thompson & Barnett 1986). */
static double log_share(double a, double b, double x)
{
  double f = 1, c = 1, d = 0, change = 0;

  for (int n = 1; n < MAX_TERMS && fabs(change - 1) > 1e-16; n++) {
    const double t = term(a, b, x, n);

    d      = 1 / (1 + t * d);
    c      = 1 + t / c;
    change = c * d;
    f *= change;
  }
  return log_weight(a, b, x) - log(a) - log(f);
}

/* x <= limit whose share has this logarithm: Newton in ln x, where the lower tail is a straight line of
 * slope a; steps that leave the bracket are halved. */
static double solve_lower(double a, double b, double log_u, double limit)
{
  double low = -745, high = log(limit),
         t = fmin(high, (log_u + log(a) + lgamma(a) + lgamma(b) - lgamma(a + b)) / a);

  t = fmax(t, low);
  for (int step = 0; step < MAX_STEPS; step++) {
    const double x = exp(t), share = log_share(a, b, x), miss = share - log_u;
    /* d ln I / d ln x */
    const double slope = exp(log_weight(a, b, x) - log1p(-x) - share);
    double next        = t - miss / slope;

    if (miss > 0)
      high = t;
    else
      low = t;
    if (!(next > low && next < high)) next = 0.5 * (low + high);
    if (fabs(next - t) <= 2e-16 * fmax(1, fabs(t))) return exp(next);
    t = next;
  }
  return exp(t);
}

/* The side of the middle u falls on is solved; the upper one is the lower one of 1 - x. */
double ion_beta_quantile(double a, double b, double u)
{
  const double middle = (a + 1) / (a + b + 2), below = exp(log_share(a, b, middle));

  if (u <= 0) return 0;
  if (u >= 1) return 1;
  if (u <= below) return solve_lower(a, b, log(u), middle);
  return 1 - solve_lower(b, a, log1p(-u), 1 - middle);
}

double ion_beta_density(double a, double b, double x)
{
  return exp(log_weight(a, b, x) - log(x) - log1p(-x));
}
