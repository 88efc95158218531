/* Conductance, current and permeability of channels at the state of a point. */
#include "base/vecmath.h"
#include "channel_impl.h"

const ion_term *ion_channel_inner(const ion_network *net, size_t r, int compartment)
{
  const ion_process *process = &net->process[r];
  const ion_term *term       = process->term;
  const ion_pool *a, *b;

  if (process->compartment != compartment || process->n_term != 2 || process->n_pool != 2 ||
      process->charge == 0.0)
    return NULL;
  a = &net->pool[term[0].pool];
  b = &net->pool[term[1].pool];
  if (a->species != b->species || a->compartment == b->compartment) return NULL;
  return a->compartment == compartment ? &term[0] : &term[1];
}

int ion_channel_species(const ion_network *net, const ion_term *term)
{
  return net->pool[term->pool].species;
}

ion_channel ion_channel_fetch(const ion_view *v, size_t r, const ion_term *in, size_t first)
{
  const ion_process *process = &v->net->process[r];
  const int in_pool          = in->pool;
  const int out_pool =
      process->term[0].pool == in_pool ? process->term[1].pool : process->term[0].pool;
  const size_t inner = (size_t)v->net->pool[in_pool].compartment;
  const size_t outer = (size_t)v->net->pool[out_pool].compartment;

  return (ion_channel){.J              = ion_row(v->work->J, r) + first,
                       .A              = ion_row(v->work->A, r) + first,
                       .c_in           = ion_row(v->work->c, (size_t)in_pool) + first,
                       .c_out          = ion_row(v->work->c, (size_t)out_pool) + first,
                       .v_in           = ion_row(v->work->v, inner) + first,
                       .v_out          = ion_row(v->work->v, outer) + first,
                       .z              = v->net->species[ion_channel_species(v->net, in)].valence,
                       .turn           = -in->nu,
                       .constant_field = (PetscBool)((process->kind->flags & ION_BY_FIELD) != 0)};
}

/* The permeability P of J = P B (c_in - c_out e) and the slope s = J/A over RT of the same
 * channel, both of ions outwards. c_in = c_out e exp(A) links them:
 *   s = P B c_out e (exp(A) - 1)/A,
 * where (exp(A) - 1)/A = 1/B(-A) is smooth at A = 0. A constant-field rate divides by its own
 * bracket, to the bit, another rate by its own affinity: both keep all digits down to the smallest
 * driving force. Where that is exactly 0, so is the rate, and neither can be told: NaN. */
void ion_channel_rows(const ion_channel *x, size_t n, double *restrict P, double *restrict s)
{
  const double z = x->z, turn = x->turn;

  for (size_t p = 0; p < n; p++) {
    double e, B, dB, e_A, B_A, dB_A;

    ion_constant_field(z * (x->v_in[p] - x->v_out[p]), &e, &B, &dB);
    ion_constant_field(-x->A[p] / turn, &e_A, &B_A, &dB_A);
    const double back = x->c_out[p] * e, J = turn * x->J[p], between = B * back / B_A;

    P[p] = x->constant_field ? J / (B * (x->c_in[p] - back)) : turn * J / x->A[p] / between;
    s[p] = x->constant_field ? P[p] * between : turn * J / x->A[p];
  }
}

/* g += (zF)^2 s/RT, S, and current += z F J outwards, A, over the channels of a membrane that
 * carry a species. I = g (V - E) since z F (V - E) is the affinity. */
void ion_channel_add(const ion_view *v, int compartment, int species, size_t first, size_t n,
                     double *restrict g, double *restrict current)
{
  double P[ION_LEDGER_TILE], s[ION_LEDGER_TILE];

  for (size_t r = 0; r < v->net->n_process; r++) {
    const ion_term *in = ion_channel_inner(v->net, r, compartment);

    if (!in || (species != ION_ANY_SPECIES && ion_channel_species(v->net, in) != species)) continue;
    const ion_channel x = ion_channel_fetch(v, r, in, first);
    const double z_F    = x.z * ION_FARADAY;

    ion_channel_rows(&x, n, P, s);
    for (size_t p = 0; p < n; p++) {
      g[p] += z_F * z_F * s[p] / ion_view_RT(v, first + p);
      current[p] += z_F * x.turn * x.J[p];
    }
  }
}
