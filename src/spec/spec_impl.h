/* The tree of a document: nodes and texts live in chunks that the document owns. */
#ifndef ION_SPEC_IMPL_H
#define ION_SPEC_IMPL_H

#include <ion/spec.h>

#define ION_SPEC_MAX_BYTES ((size_t)64 << 20)
#define ION_SPEC_MAX_NODES ((size_t)1 << 23)
#define ION_SPEC_MAX_DEPTH 100
#define ION_MAX_MESSAGE 1200

/* Of an entry in `member` and `sorted`. */
#define ION_POINTER_BYTES sizeof(void *)

typedef struct ion_spec_chunk ion_spec_chunk;

struct ion_node {
  ion_spec *spec;
  ion_node_kind kind;
  size_t line, column;
  const char *text;
  size_t n_member;
  ion_node **member; /* in the order of the document */
  ion_node **sorted; /* of a mapping: by key */
  const char *key;   /* in the mapping above, or NULL */
  size_t key_line, key_column;
  ion_node *next; /* while its parent is being read */
};

struct ion_spec {
  char *path;
  char *text;
  size_t length;
  ion_node *root;
  size_t n_node;
  ion_spec_chunk *chunk;
};

/* Zeroed memory that lives as long as the document. */
PetscErrorCode ion_spec_alloc(ion_spec *spec, size_t size, void **memory);
PetscErrorCode ion_spec_copy(ion_spec *spec, const char *text, size_t length, const char **copy);

/* libyaml events -> spec->root. */
PetscErrorCode ion_spec_read_tree(ion_spec *spec);

/* "a, b, c" for a message, cut to what fits. */
void ion_spec_list_words(const char *const *words, size_t n, char *text, size_t size);

#endif
