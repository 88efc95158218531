#include "spec_impl.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

ion_node_kind ion_node_type(const ion_node *node)
{
  return node->kind;
}

size_t ion_node_count(const ion_node *node)
{
  return node->n_member;
}

const ion_node *ion_node_at(const ion_node *node, size_t i)
{
  return node->member[i];
}

const char *ion_node_key_at(const ion_node *node, size_t i)
{
  return node->member[i]->key;
}

const char *ion_node_text(const ion_node *node)
{
  return node->text;
}

static int compare_to_key(const void *key, const void *node)
{
  return strcmp(key, (*(ion_node *const *)node)->key);
}

const ion_node *ion_node_find(const ion_node *node, const char *key)
{
  ion_node *const *found;

  if (node->kind != ION_MAPPING || node->n_member == 0) return NULL;
  found = bsearch(key, node->sorted, node->n_member, ION_POINTER_BYTES, compare_to_key);
  return found ? *found : NULL;
}

ion_place ion_node_place(const ion_node *node)
{
  return (ion_place){node->spec->path, node->line, node->column};
}

static ion_place key_place(const ion_node *node, size_t i)
{
  const ion_node *member = node->member[i];

  return (ion_place){node->spec->path, member->key_line, member->key_column};
}

/* A message is one line whatever the user's text holds. */
static void keep_one_line(char *text)
{
  for (; *text; text++)
    if ((unsigned char)*text < 0x20 || *text == 0x7f) *text = '?';
}

static PetscErrorCode raise_at(ion_place place, const char *format, va_list arguments)
{
  char said[ION_MAX_MESSAGE], line[ION_MAX_MESSAGE + 600];

  (void)vsnprintf(said, sizeof said, format, arguments);
  (void)snprintf(line, sizeof line, "%.500s:%zu:%zu: %s", place.path, place.line, place.column,
                 said);
  keep_one_line(line);
  (void)PetscError(PETSC_COMM_SELF, __LINE__, PETSC_FUNCTION_NAME, __FILE__, PETSC_ERR_USER_INPUT,
                   PETSC_ERROR_INITIAL, "%s", line);
  return PETSC_ERR_USER_INPUT;
}

PetscErrorCode ion_place_fail(ion_place place, const char *format, ...)
{
  PetscErrorCode code;
  va_list arguments;

  va_start(arguments, format);
  code = raise_at(place, format, arguments);
  va_end(arguments);
  return code;
}

PetscErrorCode ion_node_fail(const ion_node *node, const char *format, ...)
{
  PetscErrorCode code;
  va_list arguments;

  va_start(arguments, format);
  code = raise_at(ion_node_place(node), format, arguments);
  va_end(arguments);
  return code;
}

PetscErrorCode ion_node_fail_key(const ion_node *node, size_t i, const char *format, ...)
{
  PetscErrorCode code;
  va_list arguments;

  va_start(arguments, format);
  code = raise_at(key_place(node, i), format, arguments);
  va_end(arguments);
  return code;
}

void ion_spec_list_words(const char *const *words, size_t n, char *text, size_t size)
{
  size_t used = 0;

  text[0] = '\0';
  for (size_t i = 0; i < n && used < size; i++)
    used += (size_t)snprintf(text + used, size - used, "%s%s", i > 0 ? ", " : "", words[i]);
}

PetscErrorCode ion_node_expect(const ion_node *node, ion_node_kind kind, const char *what)
{
  static const char *const name[] = {
      [ION_SCALAR] = "a single value", [ION_SEQUENCE] = "a list", [ION_MAPPING] = "a mapping"};

  PetscFunctionBegin;
  if (node->kind != kind)
    PetscCall(ion_node_fail(node, "%.200s must be %s, not %s", what, name[kind], name[node->kind]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_node_check_keys(const ion_node *node, const char *what,
                                   const char *const *allowed, size_t n_allowed)
{
  PetscFunctionBegin;
  PetscCall(ion_node_expect(node, ION_MAPPING, what));
  for (size_t i = 0; i < node->n_member; i++) {
    const char *key = node->member[i]->key, *nearest;
    char list[ION_MAX_MESSAGE / 2];
    size_t k = 0;

    while (k < n_allowed && strcmp(key, allowed[k]) != 0) k++;
    if (k < n_allowed) continue;
    nearest = ion_nearest_name(key, allowed, n_allowed);
    if (nearest)
      PetscCall(ion_node_fail_key(node, i, "%.200s: unknown key '%.80s'; did you mean '%s'?", what,
                                  key, nearest));
    ion_spec_list_words(allowed, n_allowed, list, sizeof list);
    PetscCall(
        ion_node_fail_key(node, i, "%.200s: unknown key '%.80s'; allowed: %s", what, key, list));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_node_require(const ion_node *node, const char *what, const char *key,
                                const ion_node **member)
{
  PetscFunctionBegin;
  PetscCall(ion_node_expect(node, ION_MAPPING, what));
  *member = ion_node_find(node, key);
  if (!*member) PetscCall(ion_node_fail(node, "%.200s needs the key '%s'", what, key));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_node_get_string(const ion_node *node, const char *what, const char **text)
{
  PetscFunctionBegin;
  PetscCall(ion_node_expect(node, ION_SCALAR, what));
  if (!*node->text) PetscCall(ion_node_fail(node, "%.200s is empty", what));
  *text = node->text;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_node_get_bool(const ion_node *node, const char *what, PetscBool *value)
{
  const char *text = NULL;

  PetscFunctionBegin;
  PetscCall(ion_node_get_string(node, what, &text));
  if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
    PetscCall(ion_node_fail(node, "%.200s must be true or false, not '%.80s'", what, text));
  *value = (PetscBool)(text[0] == 't');
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_node_get_integer(const ion_node *node, const char *what, int64_t lower,
                                    int64_t upper, int64_t *value)
{
  const char *text = NULL;
  char *end;
  long long number;

  PetscFunctionBegin;
  PetscCall(ion_node_get_string(node, what, &text));
  errno  = 0;
  number = strtoll(text, &end, 10);
  if (errno || end == text || *end || number < lower || number > upper)
    PetscCall(ion_node_fail(
        node, "%.200s must be a whole number from %" PRId64 " to %" PRId64 ", not '%.80s'", what,
        lower, upper, text));
  *value = number;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_node_get_word(const ion_node *node, const char *what, const char *const *words,
                                 size_t n, size_t *index)
{
  const char *text = NULL, *nearest;
  char list[ION_MAX_MESSAGE / 2];

  PetscFunctionBegin;
  PetscCall(ion_node_get_string(node, what, &text));
  for (*index = 0; *index < n; (*index)++)
    if (strcmp(text, words[*index]) == 0) PetscFunctionReturn(PETSC_SUCCESS);
  nearest = ion_nearest_name(text, words, n);
  if (nearest)
    PetscCall(ion_node_fail(node, "%.200s: unknown word '%.80s'; did you mean '%s'?", what, text,
                            nearest));
  ion_spec_list_words(words, n, list, sizeof list);
  PetscCall(ion_node_fail(node, "%.200s: unknown word '%.80s'; allowed: %s", what, text, list));
  PetscFunctionReturn(PETSC_SUCCESS);
}
