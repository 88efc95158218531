#include "process/process_impl.h"

static const ion_param param[] = {
    {.name      = "current",
     .unit      = "pA",
     .unit_area = "A/m^2",
     .meaning   = "largest pump current",
     .value     = ION_NO_DEFAULT,
     .upper     = ION_LARGE,
     .flags     = ION_PREFACTOR},
    {.name    = "tight_share",
     .unit    = "1",
     .meaning = "share of the current of the pumps that bind tightly",
     .value   = 0.62,
     .lower   = ION_POSITIVE,
     .upper   = 1.0},
    {.name    = "tight_half",
     .unit    = "mM",
     .meaning = "ion inside at half of the current of the pumps that bind tightly",
     .value   = 6.7,
     .lower   = ION_POSITIVE,
     .upper   = ION_LARGE},
    {.name    = "loose_half",
     .unit    = "mM",
     .meaning = "ion inside at half of the current of the others",
     .value   = 67.6,
     .lower   = ION_POSITIVE,
     .upper   = ION_LARGE},
};

/* J = (I/F) (f h(K_1) + (1 - f) h(K_2)), h(K) = c^3/(c^3 + K^3), dh/d ln c = 3 h (1 - h). Cubes of
 * ratios at most 1, so that nothing overflows. */
static void kernel(size_t n_point, const double *restrict current, const double *restrict share,
                   const double *restrict K_1, const double *restrict K_2, const double *restrict c,
                   double *restrict J, double *restrict dln)
{
#pragma omp simd
  for (size_t p = 0; p < n_point; p++) {
    const double most = current[p] * (1.0 / ION_FARADAY), f = share[p];
    const double m_1 = c[p] > K_1[p] ? c[p] : K_1[p], a_1 = c[p] / m_1, b_1 = K_1[p] / m_1;
    const double m_2 = c[p] > K_2[p] ? c[p] : K_2[p], a_2 = c[p] / m_2, b_2 = K_2[p] / m_2;
    const double on_1 = a_1 * a_1 * a_1, off_1 = b_1 * b_1 * b_1, w_1 = 1.0 / (on_1 + off_1);
    const double on_2 = a_2 * a_2 * a_2, off_2 = b_2 * b_2 * b_2, w_2 = 1.0 / (on_2 + off_2);

    J[p] = most * (f * (on_1 * w_1) + (1.0 - f) * (on_2 * w_2));
    dln[p] =
        3.0 * most * (f * (on_1 * w_1) * (off_1 * w_1) + (1.0 - f) * (on_2 * w_2) * (off_2 * w_2));
  }
}

static void rate(const ion_local *x, const ion_rate *r)
{
  for (size_t i = 1; i < x->n_reactant; i++)
    for (size_t p = 0; p < x->n_point; p++) r->dlnc[i][p] = 0.0;
  kernel(x->n_point, x->prefactor, x->param[0], x->param[1], x->param[2], x->c[0], r->J,
         r->dlnc[0]);
}

const ion_process_kind ion_process_hill_pump = {
    .name     = "hill_pump",
    .summary  = "irreversible Na+/K+ pump of two affinities for Na+ inside, blind to K+ and ATP",
    .formula  = "(I/F) (f/(1 + (K_tight/Na_in)^3) + (1 - f)/(1 + (K_loose/Na_in)^3))",
    .citation = "Dijkstra et al. 2016 (J Neurosci 36:11881)",
    .flags    = ION_NOT_THERMODYNAMIC | ION_BY_CONCENTRATION,
    .param    = param,
    .n_param  = ION_COUNT(param),
    .check    = ion_check_export,
    .rate     = rate,
};
