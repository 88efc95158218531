/* Budgets derived from the network alone: entropy production of every process, dissipation by compartment and
 * by kind, ATP made and used with its shares, and what each clamped source delivers. */
#include "ledger_impl.h"

#include <math.h>
#include <stdio.h>

static const double avogadro = 6.02214076e23; /* 1/mol, exact (SI 2019) */

static double dissipation_at(const ion_view *v, size_t r, size_t p)
{
  return ion_row(v->work->J, r)[p] * (ion_view_RT(v, p) * ion_row(v->work->A, r)[p]);
}

static void clear(const ion_view *v, double *restrict y)
{
  for (size_t p = 0; p < v->n_point; p++) y[p] = 0.0;
}

/* ---- entropy and dissipation ---- */

static void entropy(const ion_item *item, const ion_view *v, double *restrict y)
{
  for (size_t p = 0; p < v->n_point; p++) y[p] = dissipation_at(v, (size_t)item->a, p) / v->T[p];
}

static void compartment_dissipation(const ion_item *item, const ion_view *v, double *restrict y)
{
  clear(v, y);
  for (size_t r = 0; r < v->net->n_process; r++)
    for (size_t p = 0; v->net->process[r].compartment == item->a && p < v->n_point; p++)
      y[p] += dissipation_at(v, r, p);
}

/* All processes of the kind that process a has. */
static void kind_dissipation(const ion_item *item, const ion_view *v, double *restrict y)
{
  clear(v, y);
  for (size_t r = 0; r < v->net->n_process; r++)
    for (size_t p = 0; v->net->process[r].kind == v->net->process[item->a].kind && p < v->n_point;
         p++)
      y[p] += dissipation_at(v, r, p);
}

/* Isothermal and steady: all free energy dissipated leaves as heat, Q = T sigma. */
static void heat_flow(const ion_item *item, const ion_view *v, double *restrict y)
{
  (void)item;
  clear(v, y);
  for (size_t r = 0; r < v->net->n_process; r++)
    for (size_t p = 0; p < v->n_point; p++) y[p] += dissipation_at(v, r, p);
}

/* ---- ATP ---- */

/* ATP used per time, mol/s; made where negative. */
static void atp_use(const ion_item *item, const ion_view *v, double *restrict y)
{
  const double n_atp = v->net->process[item->a].n_atp, *J = ion_row(v->work->J, (size_t)item->a);

  for (size_t p = 0; p < v->n_point; p++) y[p] = n_atp * J[p];
}

static void atp_molecules(const ion_item *item, const ion_view *v, double *restrict y)
{
  atp_use(item, v, y);
  for (size_t p = 0; p < v->n_point; p++) y[p] *= avogadro;
}

/* Sum of what is made (sign -1) or used (sign 1) in a compartment. */
static void sum_atp(const ion_view *v, int compartment, double sign, double *restrict y)
{
  clear(v, y);
  for (size_t r = 0; r < v->net->n_process; r++) {
    const ion_process *process = &v->net->process[r];
    const double *J            = ion_row(v->work->J, r);

    if (process->compartment != compartment || process->n_atp == 0) continue;
    for (size_t p = 0; p < v->n_point; p++) y[p] += fmax(sign * process->n_atp * J[p], 0.0);
  }
}

static void atp_made(const ion_item *item, const ion_view *v, double *restrict y)
{
  sum_atp(v, item->a, -1, y);
}

static void atp_used(const ion_item *item, const ion_view *v, double *restrict y)
{
  sum_atp(v, item->a, 1, y);
}

/* Part of its compartment's ATP use that a process takes; the shares of all users add up to 1. */
static void atp_share(const ion_item *item, const ion_view *v, double *restrict y)
{
  const ion_process *process = &v->net->process[item->a];
  const double *J            = ion_row(v->work->J, (size_t)item->a);

  sum_atp(v, process->compartment, 1, y);
  for (size_t p = 0; p < v->n_point; p++) y[p] = fmax(process->n_atp * J[p], 0.0) / y[p];
}

/* ---- clamped sources ---- */

static void source_power(const ion_item *item, const ion_view *v, double *restrict y)
{
  const size_t r  = (size_t)item->a;
  const double nu = v->net->process[r].source_nu, *J = ion_row(v->work->J, r);
  const double *E = ion_prepared_source(v->model, v->prepared, r);

  for (size_t p = 0; p < v->n_point; p++) y[p] = nu * J[p] * E[p];
}

static void bath_power(const ion_item *item, const ion_view *v, double *restrict y)
{
  clear(v, y);
  for (size_t r = 0; r < v->net->n_process; r++)
    for (size_t k = 0; k < v->net->process[r].n_pool; k++)
      if (v->net->process[r].term[k].pool == item->a)
        ion_view_add_clamped(v, r, &v->net->process[r].term[k], 1.0, y);
}

/* ---- table ---- */

static const ion_item_kind item_entropy     = {entropy, "ledger", "W/K", 1.0, PETSC_FALSE};
static const ion_item_kind item_compartment = {compartment_dissipation, "ledger", "pW", 1e12,
                                               PETSC_FALSE};
static const ion_item_kind item_kind        = {kind_dissipation, "ledger", "pW", 1e12, PETSC_FALSE};
static const ion_item_kind item_source      = {source_power, "ledger", "pW", 1e12, PETSC_FALSE};
static const ion_item_kind item_bath        = {bath_power, "ledger", "pW", 1e12, PETSC_FALSE};
const ion_item_kind ion_item_total_heat     = {heat_flow, "ledger.total", "pW", 1e12, PETSC_FALSE};
static const ion_item_kind item_use         = {atp_use, "atp", "fmol/s", 1e15, PETSC_FALSE};
static const ion_item_kind item_molecules   = {atp_molecules, "atp", "1/s", 1.0, PETSC_FALSE};
static const ion_item_kind item_made        = {atp_made, "atp", "fmol/s", 1e15, PETSC_FALSE};
static const ion_item_kind item_used        = {atp_used, "atp", "fmol/s", 1e15, PETSC_FALSE};
static const ion_item_kind item_share       = {atp_share, "atp", "1", 1.0, PETSC_FALSE};

static PetscErrorCode tabulate_kinds(ion_outputs *outputs)
{
  const ion_network *net = ion_model_network(outputs->model);

  PetscFunctionBegin;
  for (size_t r = 0; r < net->n_process; r++) {
    PetscBool first = PETSC_TRUE;
    char owner[128];

    for (size_t s = 0; s < r; s++)
      if (net->process[s].kind == net->process[r].kind) first = PETSC_FALSE;
    if (!first) continue;
    snprintf(owner, sizeof owner, "kind.%s", net->process[r].kind->name);
    PetscCall(ion_outputs_add_of(outputs, &item_kind, (int)r, 0, owner, "dissipation",
                                 "dissipation of all processes of"));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode tabulate_process(ion_outputs *outputs, size_t r)
{
  const ion_process *process = &ion_model_network(outputs->model)->process[r];

  PetscFunctionBegin;
  PetscCall(ion_outputs_add_of(outputs, &item_entropy, (int)r, 0, process->name,
                               "entropy_production", "entropy production of"));
  if (process->source_nu)
    PetscCall(ion_outputs_add_of(outputs, &item_source, (int)r, 0, process->name, "source_power",
                                 "free energy delivered by the clamped source of"));
  if (!process->n_atp) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ion_outputs_add_of(outputs, &item_use, (int)r, 0, process->name, "atp_use",
                               "ATP used (made where negative) by"));
  PetscCall(ion_outputs_add_of(outputs, &item_molecules, (int)r, 0, process->name, "atp_molecules",
                               "ATP molecules used (made where negative) by"));
  if (process->n_atp > 0)
    PetscCall(ion_outputs_add_of(outputs, &item_share, (int)r, 0, process->name, "atp_share",
                                 "share of its compartment's ATP use of"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_outputs_tabulate_budget(ion_outputs *outputs)
{
  const ion_network *net = ion_model_network(outputs->model);

  PetscFunctionBegin;
  for (size_t r = 0; r < net->n_process; r++) PetscCall(tabulate_process(outputs, r));
  for (size_t c = 0; c < net->n_compartment; c++) {
    const char *name = net->compartment[c].name;

    PetscCall(ion_outputs_add_of(outputs, &item_compartment, (int)c, 0, name, "dissipation",
                                 "dissipation of all processes of"));
    if (!ion_network_has_currency(net, (int)c)) continue;
    PetscCall(ion_outputs_add_of(outputs, &item_made, (int)c, 0, name, "atp_made", "ATP made in"));
    PetscCall(ion_outputs_add_of(outputs, &item_used, (int)c, 0, name, "atp_used", "ATP used in"));
  }
  PetscCall(tabulate_kinds(outputs));
  for (size_t q = 0; q < net->n_pool; q++)
    if (net->pool[q].clamped)
      PetscCall(ion_outputs_add_of(outputs, &item_bath, (int)q, 0, net->pool[q].name,
                                   "source_power", "free energy delivered by clamped"));
  PetscFunctionReturn(PETSC_SUCCESS);
}
