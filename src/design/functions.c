/* Test functions whose indices are known. */
#include <ion/design.h>

#include <math.h>
#include <string.h>

/* Ishigami and Homma 1990, a = 7, b = 0.1 */
static const double a = 7.0, b = 0.1;

static void ishigami(size_t n_input, ion_block x, double *y)
{
  const double *x1 = ion_row(x, 0), *x2 = ion_row(x, 1), *x3 = ion_row(x, 2);

  (void)n_input;
  for (size_t p = 0; p < x.n_point; p++) {
    const double s = sin(x2[p]), z2 = x3[p] * x3[p];

    y[p] = sin(x1[p]) * (1.0 + b * z2 * z2) + a * s * s;
  }
}

/* V_1 = (1 + b pi^4/5)^2/2, V_2 = a^2/8, V_13 = 8 b^2 pi^8/225 */
static void ishigami_indices(size_t n_input, double *first, double *total)
{
  const double pi4 = M_PI * M_PI * M_PI * M_PI, main = 1.0 + b * pi4 / 5.0;
  const double V1 = 0.5 * main * main, V2 = a * a / 8.0, V13 = 8.0 * b * b * pi4 * pi4 / 225.0;
  const double V = V1 + V2 + V13;

  (void)n_input;
  first[0] = V1 / V;
  first[1] = total[1] = V2 / V;
  first[2]            = 0.0;
  total[0]            = (V1 + V13) / V;
  total[2]            = V13 / V;
}

/* Ishigami's function where a corner of the box has no value. */
static void ishigami_corner(size_t n_input, ion_block x, double *y)
{
  const double *x1 = ion_row(x, 0), *x3 = ion_row(x, 2);

  ishigami(n_input, x, y);
  for (size_t p = 0; p < x.n_point; p++)
    if (x1[p] > 1.2 && x3[p] > 0.8) y[p] = (double)NAN;
}

static double g_coefficient(size_t j)
{
  static const double known[] = {0.0, 1.0, 4.5, 9.0};

  return j < ION_COUNT(known) ? known[j] : 99.0;
}

/* y = prod_j (|4 x_j - 2| + a_j)/(1 + a_j) */
static void sobol_g(size_t n_input, ion_block x, double *y)
{
  for (size_t p = 0; p < x.n_point; p++) y[p] = 1.0;
  for (size_t j = 0; j < n_input; j++) {
    const double *xj = ion_row(x, j), aj = g_coefficient(j);

    for (size_t p = 0; p < x.n_point; p++) y[p] *= (fabs(4.0 * xj[p] - 2.0) + aj) / (1.0 + aj);
  }
}

/* V_j = 1/(3 (1 + a_j)^2), V = prod (1 + V_j) - 1, S_j = V_j/V, T_j = V_j prod_{l /= j} (1 + V_l)/V */
static void sobol_g_indices(size_t n_input, double *first, double *total)
{
  double product = 1.0;

  for (size_t j = 0; j < n_input; j++) {
    first[j] = 1.0 / (3.0 * (1.0 + g_coefficient(j)) * (1.0 + g_coefficient(j)));
    product *= 1.0 + first[j];
  }
  for (size_t j = 0; j < n_input; j++) {
    total[j] = first[j] * product / (1.0 + first[j]) / (product - 1.0);
    first[j] /= product - 1.0;
  }
}

static const ion_function functions[] = {
    {"ishigami",        "sin x1 + 7 sin^2 x2 + 0.1 x3^4 sin x1",                               "Ishigami and Homma 1990", 3, -M_PI, M_PI,
     ishigami,                                                                                                                                             ishigami_indices},
    {"sobol_g",         "product of (|4 x_j - 2| + a_j)/(1 + a_j), a = 0, 1, 4.5, 9, then 99",
     "Saltelli and Sobol 1995",                                                                                           0, 0.0,   1.0,  sobol_g,         sobol_g_indices },
    {"ishigami_corner", "ishigami, which fails where x1 > 1.2 and x3 > 0.8",
     "Ishigami and Homma 1990",                                                                                           3, -M_PI, M_PI, ishigami_corner, NULL            },
    {NULL,              NULL,                                                                  NULL,                      0, 0.0,   0.0,  NULL,            NULL            },
};

const ion_function *ion_functions(void)
{
  return functions;
}

const ion_function *ion_function_find(const char *name)
{
  for (const ion_function *f = functions; f->name; f++)
    if (strcmp(f->name, name) == 0) return f;
  return NULL;
}
