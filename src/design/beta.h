/* The beta distribution. */
#ifndef ION_DESIGN_BETA_H
#define ION_DESIGN_BETA_H

/* x with the share u below it, 0 <= u <= 1, for shapes a, b > 0. */
double ion_beta_quantile(double a, double b, double u);

double ion_beta_density(double a, double b, double x);

#endif
