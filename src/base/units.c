#include <ion/base.h>

#include <udunits2.h>

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_UNIT 256 /* bytes of a unit's text */

struct ion_units {
  ut_system *system;
};

static PetscErrorCode map_name(ut_system *system, const char *name, const char *definition)
{
  ut_unit *unit = ut_parse(system, definition, UT_ASCII);
  ut_status status;

  PetscFunctionBegin;
  PetscCheck(unit, PETSC_COMM_SELF, PETSC_ERR_LIB, "UDUNITS-2 does not know '%s'", definition);
  status = ut_map_symbol_to_unit(name, UT_ASCII, unit);
  ut_free(unit);
  PetscCheck(status == UT_SUCCESS, PETSC_COMM_SELF, PETSC_ERR_LIB, "UDUNITS-2 refused '%s'", name);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_units_create(ion_units **units)
{
  PetscFunctionBegin;
  PetscCall(PetscNew(units));
  ut_set_error_message_handler(ut_ignore);
  (*units)->system = ut_read_xml(NULL);
  PetscCheck((*units)->system, PETSC_COMM_SELF, PETSC_ERR_LIB,
             "UDUNITS-2 cannot read its unit database (is UDUNITS2_XML_PATH right?)");
  PetscCall(map_name((*units)->system, "M", "mol/L"));
  PetscCall(map_name((*units)->system, "Osm", "mol"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_units_destroy(ion_units **units)
{
  PetscFunctionBegin;
  if (!units || !*units) PetscFunctionReturn(PETSC_SUCCESS);
  if ((*units)->system) ut_free_system((*units)->system);
  PetscCall(PetscFree(*units));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The coherent SI unit below a unit, and its factor; borrowed from the visited unit. */
typedef struct {
  const ut_unit *coherent;
  double factor;
} si_form;

static ut_status visit_basic(const ut_unit *unit, void *context)
{
  ((si_form *)context)->coherent = unit;
  return UT_SUCCESS;
}

static ut_status visit_product(const ut_unit *unit, int n, const ut_unit *const *basic,
                               const int *power, void *context)
{
  (void)n;
  (void)basic;
  (void)power;
  return visit_basic(unit, context);
}

static const ut_visitor si_visitor;

static ut_status visit_galilean(const ut_unit *unit, double scale, const ut_unit *underlying,
                                double offset, void *context)
{
  (void)unit;
  (void)offset;
  ((si_form *)context)->factor *= scale;
  return ut_accept_visitor(underlying, &si_visitor, context);
}

/* Dates and logarithmic units have no linear map to SI. */
static ut_status visit_timestamp(const ut_unit *unit, const ut_unit *time, double origin,
                                 void *context)
{
  (void)unit;
  (void)time;
  (void)origin;
  (void)context;
  return UT_BAD_ARG;
}

static ut_status visit_logarithmic(const ut_unit *unit, double base, const ut_unit *reference,
                                   void *context)
{
  return visit_timestamp(unit, reference, base, context);
}

static const ut_visitor si_visitor = {
    .visit_basic       = visit_basic,
    .visit_product     = visit_product,
    .visit_galilean    = visit_galilean,
    .visit_timestamp   = visit_timestamp,
    .visit_logarithmic = visit_logarithmic,
};

/* A unit without the blanks around it; NULL when it is too long to be one. */
static const char *trimmed(const char *name, char text[MAX_UNIT])
{
  size_t n;

  while (isspace((unsigned char)*name)) name++;
  n = strlen(name);
  while (n > 0 && isspace((unsigned char)name[n - 1])) n--;
  if (n >= MAX_UNIT) return NULL;
  memcpy(text, name, n);
  text[n] = '\0';
  return text;
}

/* NULL for an unknown unit. */
static ut_unit *parse(const ion_units *units, const char *name)
{
  char text[MAX_UNIT], whole[MAX_UNIT + 1];

  if (!trimmed(name, text)) return NULL;
  snprintf(whole, sizeof whole, "%s%s", text[0] == '/' || text[0] == '\0' ? "1" : "", text);
  return ut_parse(units->system, whole, UT_UTF8);
}

/* Factors are decimal numbers: drop the round-off of the products that prefixes bring. */
static double without_round_off(double x)
{
  char text[32];
  double y;

  snprintf(text, sizeof text, "%.15g", x);
  y = strtod(text, NULL);
  return fabs(y - x) <= 4 * PETSC_MACHINE_EPSILON * fabs(x) ? y : x;
}

static PetscBool is_like(const ion_units *units, const si_form *form, const char *like)
{
  ut_unit *unit = parse(units, like);
  si_form other = {NULL, 1};
  PetscBool same;

  same = (PetscBool)(unit && ut_accept_visitor(unit, &si_visitor, &other) == UT_SUCCESS &&
                     ut_compare(form->coherent, other.coherent) == 0);
  if (unit) ut_free(unit);
  return same;
}

static cv_converter *si_converter(ut_unit *unit, const si_form *form)
{
  ut_unit *coherent       = ut_clone(form->coherent);
  cv_converter *converter = coherent ? ut_get_converter(unit, coherent) : NULL;

  if (coherent) ut_free(coherent);
  return converter;
}

PetscErrorCode ion_units_to_si(const ion_units *units, const char *name, const char *like,
                               double *factor, double *offset, PetscBool *known)
{
  ut_unit *unit           = parse(units, name);
  si_form form            = {NULL, 1};
  cv_converter *converter = NULL;

  PetscFunctionBegin;
  *factor = 1;
  *offset = 0;
  *known  = PETSC_FALSE;
  if (!unit) PetscFunctionReturn(PETSC_SUCCESS);
  if (ut_accept_visitor(unit, &si_visitor, &form) == UT_SUCCESS &&
      (!like || is_like(units, &form, like)))
    converter = si_converter(unit, &form);
  if (converter) {
    *factor = without_round_off(form.factor);
    *offset = without_round_off(cv_convert_double(converter, 0.0));
    *known  = (PetscBool)(isfinite(*factor) && isfinite(*offset) && *factor > 0);
    cv_free(converter);
  }
  ut_free(unit);
  PetscFunctionReturn(PETSC_SUCCESS);
}
