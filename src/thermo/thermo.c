#include <ion/thermo.h>

#include <math.h>

double ion_nernst_potential(double T, int z, double c_in, double c_out)
{
  return ion_thermal_voltage(T) / z * log(c_out / c_in);
}

/* A -= nu ln c: an uncharged reactant. */
static void subtract_chemical(size_t n_point, double nu, const double *restrict ln_c,
                              double *restrict A)
{
#pragma omp simd
  for (size_t p = 0; p < n_point; p++) A[p] -= nu * ln_c[p];
}

/* A -= nu (ln c + z v) */
static void subtract_electrochemical(size_t n_point, double nu, double z,
                                     const double *restrict ln_c, const double *restrict v,
                                     double *restrict A)
{
#pragma omp simd
  for (size_t p = 0; p < n_point; p++) A[p] -= nu * (ln_c[p] + z * v[p]);
}

void ion_affinity(const ion_stoich *term, size_t n_term, const double *A0, ion_block ln_c,
                  ion_block v, size_t n_point, double *A)
{
  for (size_t p = 0; p < n_point; p++) A[p] = A0[p];
  for (size_t i = 0; i < n_term; i++) {
    const double *row = ion_row(ln_c, (size_t)term[i].c);

    if (term[i].z == 0)
      subtract_chemical(n_point, term[i].nu, row, A);
    else
      subtract_electrochemical(n_point, term[i].nu, term[i].z, row, ion_row(v, (size_t)term[i].v),
                               A);
  }
}
