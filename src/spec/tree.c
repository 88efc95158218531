#include "spec_impl.h"

#include <yaml.h>

#include <stdlib.h>
#include <string.h>

/* A sequence or mapping whose end has not been seen. */
typedef struct {
  ion_node *node;
  ion_node **tail; /* where its next member is linked */
  ion_node *first;
  const char *key; /* of the value that comes next, or NULL */
  size_t key_line, key_column;
} frame;

typedef struct {
  ion_spec *spec;
  yaml_parser_t parser;
  yaml_event_t event;
  size_t depth;
  frame stack[ION_SPEC_MAX_DEPTH];
} reader;

static ion_place place_of(const reader *in, yaml_mark_t mark)
{
  return (ion_place){in->spec->path, mark.line + 1, mark.column + 1};
}

/* Line and column of a byte: a reader error of libyaml has no mark. */
static ion_place place_of_byte(const ion_spec *spec, size_t byte)
{
  ion_place place = {spec->path, 1, 1};

  for (size_t i = 0; i < byte && i < spec->length; i++) {
    place.column++;
    if (spec->text[i] == '\n') {
      place.line++;
      place.column = 1;
    }
  }
  return place;
}

static PetscErrorCode fail_syntax(const reader *in)
{
  const yaml_parser_t *p = &in->parser;

  PetscFunctionBegin;
  if (p->error == YAML_MEMORY_ERROR)
    SETERRQ(PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory to read '%s'", in->spec->path);
  if (p->error == YAML_READER_ERROR)
    PetscCall(ion_place_fail(place_of_byte(in->spec, p->problem_offset), "malformed text: %s",
                             p->problem));
  if (p->context)
    PetscCall(ion_place_fail(place_of(in, p->problem_mark),
                             "malformed YAML: %s %s (begun at line %zu)", p->problem, p->context,
                             p->context_mark.line + 1));
  PetscCall(ion_place_fail(place_of(in, p->problem_mark), "malformed YAML: %s", p->problem));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode next_event(reader *in)
{
  PetscFunctionBegin;
  yaml_event_delete(&in->event);
  if (!yaml_parser_parse(&in->parser, &in->event)) PetscCall(fail_syntax(in));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Anchors, aliases and tags would let a text mean more than it says. */
static PetscErrorCode refuse_extras(const reader *in, const yaml_char_t *anchor,
                                    const yaml_char_t *tag)
{
  const ion_place place = place_of(in, in->event.start_mark);

  PetscFunctionBegin;
  if (anchor)
    PetscCall(ion_place_fail(place, "anchors (&%.80s) are not allowed; write the value out",
                             (const char *)anchor));
  if (tag) PetscCall(ion_place_fail(place, "tags (%.80s) are not allowed", (const char *)tag));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A node at the present event, linked into the container that is open. */
static PetscErrorCode add_node(reader *in, ion_node_kind kind, ion_node **out)
{
  const ion_place place = place_of(in, in->event.start_mark);
  void *memory          = NULL;
  ion_node *node;

  PetscFunctionBegin;
  if (++in->spec->n_node > ION_SPEC_MAX_NODES)
    PetscCall(ion_place_fail(place, "more than %zu values", ION_SPEC_MAX_NODES));
  PetscCall(ion_spec_alloc(in->spec, sizeof *node, &memory));
  *out         = memory;
  node         = memory;
  node->spec   = in->spec;
  node->kind   = kind;
  node->line   = place.line;
  node->column = place.column;
  if (in->depth == 0) {
    in->spec->root = node;
  } else {
    frame *top = &in->stack[in->depth - 1];

    node->key        = top->key;
    node->key_line   = top->key_line;
    node->key_column = top->key_column;
    top->key         = NULL;
    *top->tail       = node;
    top->tail        = &node->next;
    top->node->n_member++;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscBool expects_key(const reader *in)
{
  const frame *top = in->depth > 0 ? &in->stack[in->depth - 1] : NULL;

  return (PetscBool)(top && top->node->kind == ION_MAPPING && !top->key);
}

static PetscErrorCode read_scalar(reader *in)
{
  const char *text      = (const char *)in->event.data.scalar.value;
  const size_t length   = in->event.data.scalar.length;
  const ion_place place = place_of(in, in->event.start_mark);
  const char *copy;
  ion_node *node;

  PetscFunctionBegin;
  PetscCall(refuse_extras(in, in->event.data.scalar.anchor, in->event.data.scalar.tag));
  if (memchr(text, '\0', length)) PetscCall(ion_place_fail(place, "a text may not hold NUL"));
  PetscCall(ion_spec_copy(in->spec, text, length, &copy));
  if (expects_key(in)) {
    frame *top = &in->stack[in->depth - 1];

    top->key        = copy;
    top->key_line   = place.line;
    top->key_column = place.column;
  } else {
    PetscCall(add_node(in, ION_SCALAR, &node));
    node->text = copy;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode begin_container(reader *in, ion_node_kind kind, const yaml_char_t *anchor,
                                      const yaml_char_t *tag)
{
  const ion_place place = place_of(in, in->event.start_mark);
  frame *top;

  PetscFunctionBegin;
  PetscCall(refuse_extras(in, anchor, tag));
  if (expects_key(in)) PetscCall(ion_place_fail(place, "a key must be plain text"));
  if (in->depth == ION_SPEC_MAX_DEPTH)
    PetscCall(ion_place_fail(place, "nested more than %d levels deep", ION_SPEC_MAX_DEPTH));
  top  = &in->stack[in->depth];
  *top = (frame){0};
  PetscCall(add_node(in, kind, &top->node));
  top->tail = &top->first;
  in->depth++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static int compare_keys(const void *a, const void *b)
{
  const ion_node *x = *(ion_node *const *)a, *y = *(ion_node *const *)b;
  const int order = strcmp(x->key, y->key);

  if (order != 0) return order;
  if (x->key_line != y->key_line) return x->key_line < y->key_line ? -1 : 1;
  return (x->key_column > y->key_column) - (x->key_column < y->key_column);
}

static PetscErrorCode sort_keys(ion_node *node)
{
  void *memory = NULL;

  PetscFunctionBegin;
  PetscCall(ion_spec_alloc(node->spec, node->n_member * ION_POINTER_BYTES, &memory));
  node->sorted = memory;
  memcpy(node->sorted, node->member, node->n_member * ION_POINTER_BYTES);
  qsort(node->sorted, node->n_member, ION_POINTER_BYTES, compare_keys);
  for (size_t i = 1; i < node->n_member; i++) {
    const ion_node *first = node->sorted[i - 1], *again = node->sorted[i];
    const ion_place place = {node->spec->path, again->key_line, again->key_column};

    if (strcmp(first->key, again->key) == 0)
      PetscCall(ion_place_fail(place, "duplicate key '%.80s' (first at line %zu)", again->key,
                               first->key_line));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode end_container(reader *in)
{
  const frame *top = &in->stack[--in->depth];
  ion_node *node   = top->node;
  size_t i         = 0;
  void *memory     = NULL;

  PetscFunctionBegin;
  if (node->n_member == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(ion_spec_alloc(in->spec, node->n_member * ION_POINTER_BYTES, &memory));
  node->member = memory;
  for (ion_node *member = top->first; member; member = member->next) node->member[i++] = member;
  if (node->kind == ION_MAPPING) PetscCall(sort_keys(node));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_event(reader *in)
{
  const yaml_event_t *event = &in->event;

  PetscFunctionBegin;
  switch (event->type) {
  case YAML_SCALAR_EVENT:
    PetscCall(read_scalar(in));
    break;
  case YAML_SEQUENCE_START_EVENT:
    PetscCall(begin_container(in, ION_SEQUENCE, event->data.sequence_start.anchor,
                              event->data.sequence_start.tag));
    break;
  case YAML_MAPPING_START_EVENT:
    PetscCall(begin_container(in, ION_MAPPING, event->data.mapping_start.anchor,
                              event->data.mapping_start.tag));
    break;
  case YAML_SEQUENCE_END_EVENT:
  case YAML_MAPPING_END_EVENT:
    PetscCall(end_container(in));
    break;
  case YAML_ALIAS_EVENT:
    PetscCall(ion_place_fail(place_of(in, event->start_mark),
                             "aliases (*%.80s) are not allowed; write the value out",
                             (const char *)event->data.alias.anchor));
    break;
  default:
    break;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* stream start, document start, the nodes, document end, stream end */
static PetscErrorCode read_stream(reader *in)
{
  PetscFunctionBegin;
  PetscCall(next_event(in));
  PetscCall(next_event(in));
  if (in->event.type == YAML_STREAM_END_EVENT)
    PetscCall(ion_place_fail((ion_place){in->spec->path, 1, 1}, "the file is empty"));
  do {
    PetscCall(next_event(in));
    PetscCall(read_event(in));
  } while (in->event.type != YAML_DOCUMENT_END_EVENT);
  PetscCall(next_event(in));
  if (in->event.type != YAML_STREAM_END_EVENT)
    PetscCall(ion_place_fail(place_of(in, in->event.start_mark),
                             "a second document begins here; a file holds one"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_spec_read_tree(ion_spec *spec)
{
  PetscErrorCode code;
  reader in = {.spec = spec};

  PetscFunctionBegin;
  PetscCheck(yaml_parser_initialize(&in.parser), PETSC_COMM_SELF, PETSC_ERR_MEM,
             "no memory to read '%s'", spec->path);
  yaml_parser_set_encoding(&in.parser, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&in.parser, (const unsigned char *)spec->text, spec->length);
  code = read_stream(&in);
  yaml_event_delete(&in.event);
  yaml_parser_delete(&in.parser);
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}
