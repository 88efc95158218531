#include "spec_impl.h"

#include <stdio.h>
#include <string.h>

static PetscErrorCode put(PetscSegBuffer out, const char *text, size_t n)
{
  char *slot;

  PetscFunctionBegin;
  PetscCall(PetscSegBufferGet(out, n, &slot));
  memcpy(slot, text, n);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode put_text(PetscSegBuffer out, const char *text)
{
  PetscFunctionBegin;
  PetscCall(put(out, text, strlen(text)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Escape what separates keys, paths and lines, so that different documents give different texts. */
static PetscErrorCode put_escaped(PetscSegBuffer out, const char *text)
{
  PetscFunctionBegin;
  for (; *text; text++) {
    if (*text == '\n') {
      PetscCall(put(out, "\\n", 2));
    } else {
      if (strchr("\\/[ ", *text)) PetscCall(put(out, "\\", 1));
      PetscCall(put(out, text, 1));
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One step of the way from the root: its parent, its place there, and the step before. */
typedef struct step {
  const struct step *before;
  const ion_node *parent;
  size_t i;
} step;

static PetscErrorCode put_path(PetscSegBuffer out, const step *last)
{
  PetscFunctionBegin;
  if (!last) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(put_path(out, last->before));
  if (last->parent->kind == ION_MAPPING) {
    PetscCall(put(out, "/", 1));
    PetscCall(put_escaped(out, last->parent->member[last->i]->key));
  } else {
    char index[32];

    (void)snprintf(index, sizeof index, "[%zu]", last->i);
    PetscCall(put_text(out, index));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode put_node(PetscSegBuffer out, const ion_node *node, const step *way)
{
  PetscFunctionBegin;
  for (size_t i = 0; i < node->n_member; i++) {
    const step next = {way, node, i};

    PetscCall(put_node(out, node->member[i], &next));
  }
  if (node->n_member > 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(put_path(out, way));
  if (node->kind == ION_SCALAR) {
    PetscCall(put(out, " = ", 3));
    PetscCall(put_escaped(out, node->text));
  } else {
    PetscCall(put_text(out, node->kind == ION_MAPPING ? " {}" : " []"));
  }
  PetscCall(put(out, "\n", 1));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_spec_canonical(const ion_spec *spec, char **text)
{
  PetscSegBuffer out;

  PetscFunctionBegin;
  *text = NULL;
  PetscCall(PetscSegBufferCreate(1, 4096, &out));
  PetscCall(put_node(out, spec->root, NULL));
  PetscCall(put(out, "", 1));
  PetscCall(PetscSegBufferExtractAlloc(out, text));
  PetscCall(PetscSegBufferDestroy(&out));
  PetscFunctionReturn(PETSC_SUCCESS);
}
