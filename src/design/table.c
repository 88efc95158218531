#include "design_impl.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define MAX_TABLE_BYTES ((size_t)256 << 20)

/* A table being read: the text is cut into cells in place. */
typedef struct {
  const design_source *source;
  const char *path;
  char *text, *next; /* `next` is the line not yet read, or NULL */
  size_t line;
} table;

/* Cut the next line that is not blank; NULL at the end. */
static char *next_line(table *in)
{
  while (in->next) {
    char *line = in->next, *end = strchr(line, '\n');

    in->line++;
    in->next = end ? end + 1 : NULL;
    if (end) *end = '\0';
    if (line[strspn(line, " \t\r")]) return line;
  }
  return NULL;
}

/* Cut the first cell off *line, without the blanks around it; *line is NULL after the last one. */
static char *next_cell(char **line)
{
  char *cell = *line, *comma = strchr(cell, ',');
  size_t n;

  *line = comma ? comma + 1 : NULL;
  if (comma) *comma = '\0';
  while (isspace((unsigned char)*cell)) cell++;
  n = strlen(cell);
  while (n > 0 && isspace((unsigned char)cell[n - 1])) cell[--n] = '\0';
  return cell;
}

static ion_place place_at(const table *in, const char *line, const char *cell)
{
  return (ion_place){in->path, in->line, (size_t)(cell - line) + 1};
}

/* "neuron.nka.rate [fmol/s]": cut the unit off; NULL when there is none. */
static PetscErrorCode split_unit(ion_place place, char *cell, const char **unit)
{
  char *open = strchr(cell, '['), *close = open ? strchr(open, ']') : NULL;
  size_t n;

  PetscFunctionBegin;
  *unit = NULL;
  if (!*cell) PetscCall(ion_place_fail(place, "a column without a name"));
  if (!open) PetscFunctionReturn(PETSC_SUCCESS);
  if (!close || close[1]) {
    PetscCall(ion_place_fail(place, "'%.120s' is not of the form 'name [unit]'", cell));
    PetscFunctionReturn(PETSC_ERR_USER_INPUT);
  }
  *close = '\0';
  *unit  = open + 1;
  *open  = '\0';
  for (n = strlen(cell); n > 0 && isspace((unsigned char)cell[n - 1]);) cell[--n] = '\0';
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_header(table *in, ion_design *design)
{
  char *const line = next_line(in);
  char *rest       = line;

  PetscFunctionBegin;
  if (!line) PetscCall(ion_place_fail((ion_place){in->path, 1, 1}, "the file is empty"));
  while (rest) {
    char *cell            = next_cell(&rest);
    const ion_place place = place_at(in, line, cell);
    const char *unit;
    size_t quantity;

    PetscCall(split_unit(place, cell, &unit));
    PetscCall(ion_quantity_find_at(place, cell, in->source->quantity, in->source->n, &quantity));
    for (size_t i = 0; i < design->n_factor; i++)
      if (design->factor[i].shown.quantity == quantity)
        PetscCall(ion_place_fail(place, "duplicate column '%.120s'", cell));
    if (!unit) unit = in->source->quantity[quantity].unit;
    PetscCall(ion_design_add_factor(design, place, in->source, quantity, unit));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Cell i of point p. */
static PetscErrorCode read_cell(const table *in, ion_place place, const char *cell, uint64_t p,
                                size_t i, ion_design *design)
{
  const design_factor *factor  = &design->factor[i];
  const ion_quantity *quantity = &in->source->quantity[factor->shown.quantity];
  const ion_scale scale        = {factor->unit, factor->scale, factor->offset};
  const size_t at              = p * design->n_factor + i;

  PetscFunctionBegin;
  PetscCall(ion_quantity_number(place, in->source->units, quantity, &scale, cell,
                                &design->coordinate[at], &design->si[at]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_row(const table *in, char *line, uint64_t p, ion_design *design)
{
  char *rest = line;
  size_t i;

  PetscFunctionBegin;
  for (i = 0; rest; i++) {
    char *cell            = next_cell(&rest);
    const ion_place place = place_at(in, line, cell);

    if (i == design->n_factor)
      PetscCall(ion_place_fail(place, "more cells than the %zu columns of the header", i));
    PetscCall(read_cell(in, place, cell, p, i, design));
  }
  if (i < design->n_factor)
    PetscCall(ion_place_fail((ion_place){in->path, in->line, 1},
                             "%zu cells, but the header has %zu columns", i, design->n_factor));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Lines that hold a point, from here to the end. */
static uint64_t count_rows(const char *text)
{
  uint64_t n = 0;

  while (text) {
    const char *end = strchr(text, '\n');

    text += strspn(text, " \t\r");
    if (*text && *text != '\n') n++;
    text = end ? end + 1 : NULL;
  }
  return n;
}

static PetscErrorCode read_table(table *in, ion_design *design)
{
  static const char byte_order_mark[] = "\xef\xbb\xbf";
  uint64_t n, p = 0;
  char *line;

  PetscFunctionBegin;
  if (strncmp(in->next, byte_order_mark, 3) == 0) in->next += 3;
  PetscCall(read_header(in, design));
  n = count_rows(in->next);
  if (n == 0)
    PetscCall(ion_place_fail((ion_place){in->path, in->line, 1}, "a header, but no points"));
  PetscCall(ion_design_fill_defaults(design, in->source, n));
  while ((line = next_line(in))) PetscCall(read_row(in, line, p++, design));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* DIRECTORY-OF-SWEEP/name, or the name itself when it is absolute. */
static PetscErrorCode beside(const char *sweep, const char *name, char **path)
{
  const char *slash = strrchr(sweep, '/');
  const size_t n    = slash && name[0] != '/' ? (size_t)(slash - sweep) + 1 : 0;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n + strlen(name) + 1, path));
  memcpy(*path, sweep, n);
  memcpy(*path + n, name, strlen(name) + 1);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_design_parse_table(const design_source *source, const char *name,
                                      const char *text, ion_design *design)
{
  table in = {.source = source, .path = name};
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCall(PetscStrallocpy(text, &in.text)); /* cells are cut from it */
  in.next = in.text;
  code    = read_table(&in, design);
  PetscCall(PetscFree(in.text));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_design_read_table(const design_source *source, const ion_node *file,
                                     ion_design *design)
{
  table in   = {.source = source};
  char *path = NULL;
  const char *name;
  size_t length;
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCall(ion_node_get_string(file, "file", &name));
  PetscCall(beside(ion_node_place(file).path, name, &path));
  in.path = path;
  code    = ion_text_read(ion_node_place(file), path, MAX_TABLE_BYTES, &in.text, &length);
  in.next = in.text;
  if (!code) code = read_table(&in, design);
  PetscCall(PetscFree(in.text));
  PetscCall(PetscFree(path));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}
