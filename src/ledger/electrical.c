/* Electrical readings of the membrane of each cell: driving forces, chord conductances, the
 * potentials its channels set, and what an action potential costs. */
#include "base/vecmath.h"
#include "channel_impl.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Na+ conductance at the peak of an action potential over that at rest where the model file does
 * not say: P_K : P_Na : P_Cl = 1 : 0.04 : 0.45 becomes 1 : 20 : 0.45 (Hodgkin and Katz 1949). */
static const double peak_factor = 500.0;

/* What all channels of a membrane and those of one ion conduct and carry, at a tile of points. */
typedef struct {
  double g[ION_LEDGER_TILE], current[ION_LEDGER_TILE], g_ion[ION_LEDGER_TILE],
      current_ion[ION_LEDGER_TILE];
} membrane;

static size_t fill_membrane(const ion_view *v, int compartment, int species, size_t first,
                            membrane *m)
{
  const size_t left = v->n_point - first, n = left < ION_LEDGER_TILE ? left : ION_LEDGER_TILE;

  memset(m, 0, sizeof *m);
  ion_channel_add(v, compartment, ION_ANY_SPECIES, first, n, m->g, m->current);
  if (species != ION_ANY_SPECIES)
    ion_channel_add(v, compartment, species, first, n, m->g_ion, m->current_ion);
  return n;
}

static double potential(const ion_view *v, int compartment, size_t p)
{
  const int outside = v->net->compartment[compartment].outside;

  return ion_row(v->work->V, (size_t)compartment)[p] - ion_row(v->work->V, (size_t)outside)[p];
}

/* V - E of the ion of pool a inside and b outside, E = RT/(zF) ln(c_out/c_in) */
static void drive(const ion_item *item, const ion_view *v, double *restrict y)
{
  const ion_pool *pool = &v->net->pool[item->a];
  const double *in     = ion_row(v->work->ln_c, (size_t)item->a);
  const double *out    = ion_row(v->work->ln_c, (size_t)item->b);
  const double zF      = v->net->species[pool->species].valence * ION_FARADAY;

  for (size_t p = 0; p < v->n_point; p++)
    y[p] = potential(v, pool->compartment, p) - ion_view_RT(v, p) / zF * (out[p] - in[p]);
}

/* c_out/c_in */
static void gradient(const ion_item *item, const ion_view *v, double *restrict y)
{
  const double *in  = ion_row(v->work->c, (size_t)item->a);
  const double *out = ion_row(v->work->c, (size_t)item->b);

  for (size_t p = 0; p < v->n_point; p++) y[p] = out[p] / in[p];
}

/* Of ion b through membrane a. */
static void conductance(const ion_item *item, const ion_view *v, double *restrict y)
{
  double current[ION_LEDGER_TILE];

  for (size_t first = 0; first < v->n_point; first += ION_LEDGER_TILE) {
    const size_t left = v->n_point - first, n = left < ION_LEDGER_TILE ? left : ION_LEDGER_TILE;

    memset(current, 0, sizeof current);
    memset(y + first, 0, n * sizeof *y);
    ion_channel_add(v, item->a, item->b, first, n, y + first, current);
  }
}

/* sum g E/sum g = V - sum I/sum g */
static void chord_potential(const ion_item *item, const ion_view *v, double *restrict y)
{
  membrane m;

  for (size_t first = 0; first < v->n_point; first += ION_LEDGER_TILE) {
    const size_t n = fill_membrane(v, item->a, ION_ANY_SPECIES, first, &m);

    for (size_t p = 0; p < n; p++)
      y[first + p] = potential(v, item->a, first + p) - m.current[p] / m.g[p];
  }
}

/* Row of the factor of an ion at the peak, or -1 where the model file does not give it. */
static int factor_row(const ion_model *model, int species)
{
  char name[256];

  snprintf(name, sizeof name, "readings.action_potential.factor_%s",
           ion_model_network(model)->species[species].name);
  return ion_model_find(model, name);
}

/* That row over points, or NULL. */
static const double *factor_of(const ion_item *item, const ion_view *v)
{
  const int row = factor_row(v->model, item->b);

  return row < 0 ? NULL : ion_row(v->theta, (size_t)row);
}

/* The chord potential with the conductance of ion b times k. */
static void peak(const ion_item *item, const ion_view *v, double *restrict y)
{
  const double *factor = factor_of(item, v);
  membrane m;

  for (size_t first = 0; first < v->n_point; first += ION_LEDGER_TILE) {
    const size_t n = fill_membrane(v, item->a, item->b, first, &m);

    for (size_t p = 0; p < n; p++) {
      const double more = (factor ? factor[first + p] : peak_factor) - 1.0;

      y[first + p] = potential(v, item->a, first + p) -
                     (m.current[p] + more * m.current_ion[p]) / (m.g[p] + more * m.g_ion[p]);
    }
  }
}

/* dV_peak/dE_b at given conductances: the share k g_b/(sum g + (k - 1) g_b). */
static void peak_slope(const ion_item *item, const ion_view *v, double *restrict y)
{
  const double *factor = factor_of(item, v);
  membrane m;

  for (size_t first = 0; first < v->n_point; first += ION_LEDGER_TILE) {
    const size_t n = fill_membrane(v, item->a, item->b, first, &m);

    for (size_t p = 0; p < n; p++) {
      const double k = factor ? factor[first + p] : peak_factor;

      y[first + p] = k * m.g_ion[p] / (m.g[p] + (k - 1.0) * m.g_ion[p]);
    }
  }
}

/* Products P c on the side cations leave from and on the other, over monovalent ions. */
static void add_permeabilities(const ion_view *v, int compartment, size_t first, size_t n,
                               double *restrict in, double *restrict out)
{
  double P[ION_LEDGER_TILE], s[ION_LEDGER_TILE];

  for (size_t r = 0; r < v->net->n_process; r++) {
    const ion_term *term = ion_channel_inner(v->net, r, compartment);

    if (!term) continue;
    const ion_channel x = ion_channel_fetch(v, r, term, first);

    if (fabs(x.z) != 1.0) continue;
    ion_channel_rows(&x, n, P, s);
    for (size_t p = 0; p < n; p++) {
      in[p] += P[p] * (x.z > 0.0 ? x.c_in[p] : x.c_out[p]);
      out[p] += P[p] * (x.z > 0.0 ? x.c_out[p] : x.c_in[p]);
    }
  }
}

/* RT/F ln((P_Na Na_out + P_K K_out + P_Cl Cl_in)/(P_Na Na_in + P_K K_in + P_Cl Cl_out)); a channel
 * of another law counts with the permeability that carries its present current. */
static void ghk_potential(const ion_item *item, const ion_view *v, double *restrict y)
{
  double in[ION_LEDGER_TILE], out[ION_LEDGER_TILE];

  for (size_t first = 0; first < v->n_point; first += ION_LEDGER_TILE) {
    const size_t left = v->n_point - first, n = left < ION_LEDGER_TILE ? left : ION_LEDGER_TILE;

    memset(in, 0, sizeof in);
    memset(out, 0, sizeof out);
    add_permeabilities(v, item->a, first, n, in, out);
    for (size_t p = 0; p < n; p++)
      y[first + p] = ion_thermal_voltage(v->T[first + p]) * ion_log(out[p] / in[p]);
  }
}

static int load_row(const ion_model *model, const ion_process *spike)
{
  char name[512];

  snprintf(name, sizeof name, "%s.load", spike->name);
  return ion_model_find(model, name);
}

/* Ions of a spike load that enter its cell, per turn of a pump that throws them out; 0 where it
 * does not. */
static int ions_per_turn(const ion_network *net, const ion_process *spike, const ion_process *pump)
{
  for (size_t i = 0; i < spike->n_pool; i++)
    for (size_t k = 0; k < pump->n_pool; k++) {
      const ion_term *enters = &spike->term[i], *leaves = &pump->term[k];

      if (enters->pool == leaves->pool && enters->nu > 0 && leaves->nu < 0 &&
          net->pool[enters->pool].compartment == spike->compartment)
        return -leaves->nu;
    }
  return 0;
}

/* ATP per area that pump b spends on throwing out what one action potential of spike load a lets
 * in at the resting gradients: N_A load n_ATP/ions per turn. */
static void atp_per_spike(const ion_item *item, const ion_view *v, double *restrict y)
{
  const ion_process *spike = &v->net->process[item->a], *pump = &v->net->process[item->b];
  const double per_ion = (double)pump->n_atp / ions_per_turn(v->net, spike, pump);
  const double *load   = ion_row(v->theta, (size_t)load_row(v->model, spike));

  for (size_t p = 0; p < v->n_point; p++) y[p] = ION_AVOGADRO * load[p] * per_ion;
}

/* ---- table ---- */

static const ion_item_kind item_drive       = {drive, "electrical", "mV", 1e3, PETSC_FALSE};
static const ion_item_kind item_gradient    = {gradient, "electrical", "1", 1.0, PETSC_FALSE};
static const ion_item_kind item_conductance = {conductance, "electrical", "nS", 1e9, PETSC_FALSE};
static const ion_item_kind item_chord = {chord_potential, "electrical", "mV", 1e3, PETSC_FALSE};
static const ion_item_kind item_ghk   = {ghk_potential, "electrical", "mV", 1e3, PETSC_FALSE};
static const ion_item_kind item_peak  = {peak, "electrical", "mV", 1e3, PETSC_FALSE};
static const ion_item_kind item_peak_slope = {peak_slope, "electrical", "1", 1.0, PETSC_FALSE};
static const ion_item_kind item_spike = {atp_per_spike, "electrical", "1/cm^2", 1e-4, PETSC_FALSE};

static int find_species(const ion_network *net, const char *name)
{
  for (size_t s = 0; s < net->n_species; s++)
    if (!strcmp(net->species[s].name, name)) return (int)s;
  return -1;
}

/* Channels of a membrane that carry a species, or ION_ANY_SPECIES. */
static size_t count_channels(const ion_network *net, int compartment, int species)
{
  size_t n = 0;

  for (size_t r = 0; r < net->n_process; r++) {
    const ion_term *in = ion_channel_inner(net, r, compartment);

    n += in && (species == ION_ANY_SPECIES || ion_channel_species(net, in) == species);
  }
  return n;
}

/* Driving force and conductance of an ion that is on both sides. */
static PetscErrorCode add_ion(ion_outputs *outputs, int c, int in, int out)
{
  const ion_network *net = ion_model_network(outputs->model);
  const char *cell = net->compartment[c].name, *ion = net->species[net->pool[in].species].name;
  char what[128], meaning[256];

  PetscFunctionBegin;
  snprintf(what, sizeof what, "drive_%s", ion);
  snprintf(meaning, sizeof meaning, "driving force V - E_%s in", ion);
  PetscCall(ion_outputs_add_of(outputs, &item_drive, in, out, cell, what, meaning));
  if (!count_channels(net, c, net->pool[in].species)) PetscFunctionReturn(PETSC_SUCCESS);
  snprintf(what, sizeof what, "g_%s", ion);
  snprintf(meaning, sizeof meaning, "chord conductance of %s through the channels of", ion);
  PetscCall(ion_outputs_add_of(outputs, &item_conductance, c, net->pool[in].species, cell, what,
                               meaning));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The ion whose conductance rises in an action potential. */
static int peak_species(const ion_model *model)
{
  const ion_network *net = ion_model_network(model);

  for (size_t s = 0; s < net->n_species; s++)
    if (factor_row(model, (int)s) >= 0) return (int)s;
  return find_species(net, "Na");
}

/* Potentials that the channels of a membrane set. */
static PetscErrorCode add_potentials(ion_outputs *outputs, int c)
{
  const ion_network *net = ion_model_network(outputs->model);
  const char *cell       = net->compartment[c].name;
  const int active       = peak_species(outputs->model);
  char meaning[256];

  PetscFunctionBegin;
  if (!count_channels(net, c, ION_ANY_SPECIES)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ion_outputs_add_of(outputs, &item_chord, c, 0, cell, "V_chord",
                               "chord-conductance potential sum g E/sum g of"));
  PetscCall(ion_outputs_add_of(outputs, &item_ghk, c, 0, cell, "V_ghk",
                               "Goldman-Hodgkin-Katz potential of the monovalent ions in"));
  if (active < 0 || !count_channels(net, c, active)) PetscFunctionReturn(PETSC_SUCCESS);
  snprintf(meaning, sizeof meaning, "peak of an action potential (conductance of %s raised) in",
           net->species[active].name);
  PetscCall(ion_outputs_add_of(outputs, &item_peak, c, active, cell, "V_peak", meaning));
  snprintf(meaning, sizeof meaning, "slope of V_peak by E_%s (its share of the conductance) in",
           net->species[active].name);
  PetscCall(
      ion_outputs_add_of(outputs, &item_peak_slope, c, active, cell, "V_peak_slope", meaning));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What chloride does to a cell that opens GABA-A channels, and how far calcium is from
 * equilibrium. */
static PetscErrorCode add_gradients(ion_outputs *outputs, int c)
{
  const ion_network *net = ion_model_network(outputs->model);
  const char *cell       = net->compartment[c].name;
  const int outside = net->compartment[c].outside, Cl = find_species(net, "Cl"),
            Ca    = find_species(net, "Ca");
  const int Cl_in = ion_network_pool(net, c, Cl), Cl_out = ion_network_pool(net, outside, Cl);
  const int Ca_in = ion_network_pool(net, c, Ca), Ca_out = ion_network_pool(net, outside, Ca);

  PetscFunctionBegin;
  if (Cl >= 0 && Cl_in >= 0 && Cl_out >= 0)
    PetscCall(ion_outputs_add_of(
        outputs, &item_drive, Cl_in, Cl_out, cell, "gaba_drive",
        "V - E_Cl of GABA-A channels (> 0: they hyperpolarise, < 0: depolarise) in"));
  if (Ca >= 0 && Ca_in >= 0 && Ca_out >= 0)
    PetscCall(ion_outputs_add_of(outputs, &item_gradient, Ca_in, Ca_out, cell, "ca_gradient",
                                 "ratio of Ca outside to Ca in"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A spike load and the first pump of its cell that throws out, for ATP, the ion it lets in. */
static PetscErrorCode add_spike(ion_outputs *outputs, int c)
{
  const ion_network *net = ion_model_network(outputs->model);

  PetscFunctionBegin;
  for (size_t s = 0; s < net->n_process; s++) {
    const ion_process *spike = &net->process[s];

    if (spike->compartment != c || strcmp(spike->kind->name, "spike_load") != 0) continue;
    for (size_t r = 0; r < net->n_process; r++) {
      const ion_process *pump = &net->process[r];

      if (pump->n_atp <= 0 || !ions_per_turn(net, spike, pump)) continue;
      PetscCall(ion_outputs_add_of(outputs, &item_spike, (int)s, (int)r, net->compartment[c].name,
                                   "atp_per_spike", "ATP per action potential and area of"));
      PetscFunctionReturn(PETSC_SUCCESS);
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_outputs_add_electrical(ion_outputs *outputs)
{
  const ion_network *net = ion_model_network(outputs->model);

  PetscFunctionBegin;
  for (int c = 0; c < (int)net->n_compartment; c++) {
    const ion_compartment *here = &net->compartment[c];

    if (here->outside < 0 || here->potential != ION_POTENTIAL_FREE) continue;
    for (size_t i = 0; i < net->n_pool; i++) {
      const int species = net->pool[i].species, out = ion_network_pool(net, here->outside, species);

      if (net->pool[i].compartment != c || net->species[species].valence == 0 || out < 0) continue;
      PetscCall(add_ion(outputs, c, (int)i, out));
    }
    PetscCall(add_potentials(outputs, c));
    PetscCall(add_gradients(outputs, c));
    PetscCall(add_spike(outputs, c));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
