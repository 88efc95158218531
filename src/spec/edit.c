#include "spec_impl.h"

#include <ctype.h>
#include <string.h>

/* Columns count characters, a byte with the upper bits 10 goes on with one. */
static PetscBool goes_on(char byte)
{
  return (PetscBool)(((unsigned char)byte & 0xc0u) == 0x80u);
}

/* The byte at a line and column, NULL beyond the end. */
static const char *find_place(const char *text, size_t line, size_t column)
{
  while (line > 1 && (text = strchr(text, '\n'))) {
    text++;
    line--;
  }
  for (; text && column > 1; column--) {
    if (!*text) return NULL;
    do text++;
    while (goes_on(*text));
  }
  return text;
}

PetscErrorCode ion_spec_replace(const ion_node *scalar, const char *text, char **edited)
{
  const ion_spec *spec = scalar->spec;
  const char *old      = ion_node_text(scalar);
  const size_t n_old = old ? strlen(old) : 0, n_new = strlen(text);
  const char *at = find_place(spec->text, scalar->line, scalar->column);

  PetscFunctionBegin;
  *edited = NULL;
  if (!at || !n_old || strncmp(at, old, n_old) != 0 || isalnum((unsigned char)at[n_old]))
    PetscCall(ion_node_fail(scalar, "this value is to be replaced: write it without quotes"));
  PetscCall(PetscMalloc1(spec->length + n_new + 1, edited));
  memcpy(*edited, spec->text, (size_t)(at - spec->text));
  memcpy(*edited + (at - spec->text), text, n_new);
  memcpy(*edited + (at - spec->text) + n_new, at + n_old,
         spec->length - (size_t)(at - spec->text) - n_old + 1);
  PetscFunctionReturn(PETSC_SUCCESS);
}
