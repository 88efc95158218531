#include "base/vecmath.h"
#include "process/process_impl.h"

const char *const ion_gate_form_names[ION_N_GATE_FORM] = {
    [ION_GATE_LINOID]      = "linoid",
    [ION_GATE_SIGMOID]     = "sigmoid",
    [ION_GATE_EXPONENTIAL] = "exponential",
};

typedef void (*gate_kernel)(size_t, const double *restrict, const double *restrict,
                            const double *restrict, const double *restrict, double *restrict,
                            double *restrict);

/* a x/(1 - e^-x), the constant-field function of x */
static void linoid(size_t n_point, const double *restrict a, const double *restrict V0,
                   const double *restrict k, const double *restrict V, double *restrict r,
                   double *restrict dr)
{
#pragma omp simd
  for (size_t p = 0; p < n_point; p++) {
    double e, B, dB;

    ion_constant_field((V[p] - V0[p]) / k[p], &e, &B, &dB);
    r[p]  = a[p] * B;
    dr[p] = a[p] * dB / k[p];
  }
}

/* a/(1 + e^-x); with q = e^-|x| neither tail overflows or cancels */
static void sigmoid(size_t n_point, const double *restrict a, const double *restrict V0,
                    const double *restrict k, const double *restrict V, double *restrict r,
                    double *restrict dr)
{
#pragma omp simd
  for (size_t p = 0; p < n_point; p++) {
    const double x = (V[p] - V0[p]) / k[p], q = ion_exp(-fabs(x)), s = 1.0 / (1.0 + q);

    r[p]  = a[p] * (x >= 0.0 ? s : q * s);
    dr[p] = a[p] * (q * s * s) / k[p];
  }
}

/* a e^x */
static void exponential(size_t n_point, const double *restrict a, const double *restrict V0,
                        const double *restrict k, const double *restrict V, double *restrict r,
                        double *restrict dr)
{
#pragma omp simd
  for (size_t p = 0; p < n_point; p++) {
    r[p]  = a[p] * ion_exp((V[p] - V0[p]) / k[p]);
    dr[p] = r[p] / k[p];
  }
}

static const gate_kernel kernels[ION_N_GATE_FORM] = {
    [ION_GATE_LINOID]      = linoid,
    [ION_GATE_SIGMOID]     = sigmoid,
    [ION_GATE_EXPONENTIAL] = exponential,
};

void ion_gate_rate(ion_gate_form form, size_t n_point, const double *a, const double *V0,
                   const double *k, const double *V, double *r, double *dr)
{
  kernels[form](n_point, a, V0, k, V, r, dr);
}
