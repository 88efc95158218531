/* Ions near the mouth of an open channel: closed forms, and their readings in every cell with the
 * ion of the model's reading `nanodomain`. */
#include "base/vecmath.h"
#include "channel_impl.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

double ion_nanodomain_well_mixed(double ions, double radius)
{
  return ions / (ION_AVOGADRO * (2.0 / 3.0) * PETSC_PI * radius * radius * radius);
}

static double free_buffer(double c, const ion_buffer *buffer)
{
  return buffer->total * buffer->K / (buffer->K + c);
}

/* 1/lambda^2; what binds to an immobile buffer does not leave it. */
static double capture(double D, double c, const ion_buffer *buffer)
{
  const double k = buffer->binding_rate;

  if (k == 0.0 || buffer->total == 0.0) return 0.0;
  return k * (free_buffer(c, buffer) / D + (c + buffer->K) / buffer->diffusion);
}

double ion_nanodomain_length(double D, double c, const ion_buffer *buffer)
{
  return 1.0 / sqrt(capture(D, c, buffer));
}

double ion_nanodomain_steady(double current, int z, double D, double c, const ion_buffer *buffer,
                             double r)
{
  const double kappa_D = free_buffer(c, buffer) / (c + buffer->K) * buffer->diffusion;
  const double near    = kappa_D / D * ion_exp(-r * sqrt(capture(D, c, buffer)));

  return current / (2.0 * PETSC_PI * z * ION_FARADAY * r * (D + kappa_D)) * (1.0 + near);
}

/* ---- readings ---- */

/* Parameters of the reading, `readings.nanodomain.NAME`. */
enum { IONS, RADIUS, CURRENT, BUFFER, BUFFER_K, BINDING_RATE, BUFFER_DIFFUSION, N_PARAMETER };

static const char *const parameter_names[N_PARAMETER] = {
    "ions", "radius", "current", "buffer", "buffer_K", "buffer_binding_rate", "buffer_diffusion"};

/* Rows of the parameters over points. The current is that of ions entering, whatever their sign,
 * so that the valence counts without its sign. */
typedef struct {
  const double *row[N_PARAMETER], *D, *c;
  int z;
} reading;

static int find_row(const ion_model *model, const char *name)
{
  char full[512];

  snprintf(full, sizeof full, "readings.nanodomain.%s", name);
  return ion_model_find(model, full);
}

static reading fetch(const ion_item *item, const ion_view *v)
{
  const ion_pool *pool = &v->net->pool[item->a];
  reading x            = {.D = ion_row(v->theta, (size_t)item->b),
                          .c = ion_row(v->work->c, (size_t)item->a),
                          .z = abs(v->net->species[pool->species].valence)};

  for (int k = 0; k < N_PARAMETER; k++)
    x.row[k] = ion_row(v->theta, (size_t)find_row(v->model, parameter_names[k]));
  return x;
}

static ion_buffer buffer_of(const reading *x, size_t p)
{
  return (ion_buffer){.total        = x->row[BUFFER][p],
                      .K            = x->row[BUFFER_K][p],
                      .binding_rate = x->row[BINDING_RATE][p],
                      .diffusion    = x->row[BUFFER_DIFFUSION][p]};
}

static void well_mixed(const ion_item *item, const ion_view *v, double *restrict y)
{
  const reading x = fetch(item, v);

  for (size_t p = 0; p < v->n_point; p++)
    y[p] = ion_nanodomain_well_mixed(x.row[IONS][p], x.row[RADIUS][p]);
}

static void steady(const ion_item *item, const ion_view *v, double *restrict y)
{
  const reading x = fetch(item, v);

  for (size_t p = 0; p < v->n_point; p++) {
    const ion_buffer buffer = buffer_of(&x, p);

    y[p] = ion_nanodomain_steady(x.row[CURRENT][p], x.z, x.D[p], x.c[p], &buffer, x.row[RADIUS][p]);
  }
}

static void length(const ion_item *item, const ion_view *v, double *restrict y)
{
  const reading x = fetch(item, v);

  for (size_t p = 0; p < v->n_point; p++) {
    const ion_buffer buffer = buffer_of(&x, p);

    y[p] = ion_nanodomain_length(x.D[p], x.c[p], &buffer);
  }
}

static const ion_item_kind item_well_mixed = {well_mixed, "nanodomain", "mM", 1.0, PETSC_FALSE};
static const ion_item_kind item_steady     = {steady, "nanodomain", "mM", 1.0, PETSC_FALSE};
static const ion_item_kind item_length     = {length, "nanodomain", "nm", 1e9, PETSC_FALSE};

static PetscErrorCode add_pool(ion_outputs *outputs, int pool, int D_row)
{
  const ion_network *net = ion_model_network(outputs->model);
  const char *ion        = net->species[net->pool[pool].species].name;
  const char *cell       = net->compartment[net->pool[pool].compartment].name;
  char meaning[256];

  PetscFunctionBegin;
  snprintf(meaning, sizeof meaning, "rise of %s when its ions mix in the hemisphere, in", ion);
  PetscCall(ion_outputs_add_of(outputs, &item_well_mixed, pool, D_row, cell,
                               "nanodomain.well_mixed", meaning));
  snprintf(meaning, sizeof meaning, "steady rise of %s at the radius from an open channel, in",
           ion);
  PetscCall(
      ion_outputs_add_of(outputs, &item_steady, pool, D_row, cell, "nanodomain.steady", meaning));
  snprintf(meaning, sizeof meaning,
           "length over which the buffer captures %s (infinite: no buffer), in", ion);
  PetscCall(
      ion_outputs_add_of(outputs, &item_length, pool, D_row, cell, "nanodomain.length", meaning));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The row of the diffusion coefficient names the ion: readings.nanodomain.diffusion_Ca. */
PetscErrorCode ion_outputs_add_nanodomain(ion_outputs *outputs)
{
  const ion_network *net = ion_model_network(outputs->model);

  PetscFunctionBegin;
  if (find_row(outputs->model, parameter_names[IONS]) < 0) PetscFunctionReturn(PETSC_SUCCESS);
  for (size_t i = 0; i < net->n_pool; i++) {
    const ion_pool *pool = &net->pool[i];
    char name[256];
    int row;

    snprintf(name, sizeof name, "diffusion_%s", net->species[pool->species].name);
    row = find_row(outputs->model, name);
    if (row >= 0 && net->compartment[pool->compartment].outside >= 0)
      PetscCall(add_pool(outputs, (int)i, row));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}
