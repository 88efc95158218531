#include "spec_impl.h"

#include <errno.h>
#include <stdalign.h>
#include <stdio.h>
#include <string.h>

#define CHUNK_BYTES ((size_t)64 << 10)

struct ion_spec_chunk {
  ion_spec_chunk *older;
  size_t size, used;
  alignas(max_align_t) char data[];
};

PetscErrorCode ion_spec_alloc(ion_spec *spec, size_t size, void **memory)
{
  const size_t align    = alignof(max_align_t);
  const size_t n        = (size + align - 1) / align * align;
  ion_spec_chunk *chunk = spec->chunk;

  PetscFunctionBegin;
  if (!chunk || chunk->size - chunk->used < n) {
    const size_t capacity = n > CHUNK_BYTES ? n : CHUNK_BYTES;

    PetscCall(PetscMalloc(sizeof *chunk + capacity, &chunk));
    chunk->older = spec->chunk;
    chunk->size  = capacity;
    chunk->used  = 0;
    spec->chunk  = chunk;
  }
  *memory = memset(chunk->data + chunk->used, 0, n);
  chunk->used += n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_spec_copy(ion_spec *spec, const char *text, size_t length, const char **copy)
{
  void *memory = NULL;

  PetscFunctionBegin;
  PetscCall(ion_spec_alloc(spec, length + 1, &memory));
  if (length > 0) memcpy(memory, text, length);
  *copy = memory;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Read all of a stream into *text, which grows; one byte more than `limit` is never kept. */
static PetscErrorCode read_stream(FILE *file, size_t limit, char **text, size_t *length)
{
  size_t capacity = 1 << 16, n;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(capacity, text));
  *length = 0;
  while ((n = fread(*text + *length, 1, capacity - 1 - *length, file)) > 0) {
    *length += n;
    if (*length > limit) break;
    if (*length < capacity - 1) continue;
    capacity *= 2;
    PetscCall(PetscRealloc(capacity, text));
  }
  (*text)[*length] = '\0';
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What no text file of ours may be. */
static PetscErrorCode check_text(ion_place place, const char *text, size_t length, size_t limit)
{
  PetscFunctionBegin;
  if (length == 0) PetscCall(ion_place_fail(place, "the file is empty"));
  if (length > limit)
    PetscCall(ion_place_fail(place, "the file is larger than %zu MiB", limit >> 20));
  if (memchr(text, '\0', length))
    PetscCall(ion_place_fail(place, "this is a binary file (it holds NUL bytes), not text"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_text_read(ion_place blame, const char *path, size_t limit, char **text,
                             size_t *length)
{
  const ion_place start = {path, 1, 1};
  PetscErrorCode code;
  FILE *file;
  int failed;

  PetscFunctionBegin;
  *text   = NULL;
  *length = 0;
  file    = fopen(path, "rb");
  if (!file) PetscCall(ion_place_fail(blame, "cannot open '%.400s': %s", path, strerror(errno)));
  errno  = 0;
  code   = read_stream(file, limit, text, length);
  failed = ferror(file) ? errno : 0;
  (void)fclose(file);
  PetscCall(code);
  if (failed) PetscCall(ion_place_fail(blame, "cannot read '%.400s': %s", path, strerror(failed)));
  PetscCall(check_text(start, *text, *length, limit));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Build the document in *spec; a half-built one is left for ion_spec_close. */
static PetscErrorCode open_file(const char *path, ion_spec **spec)
{
  const ion_place start = {path, 1, 1};

  PetscFunctionBegin;
  PetscCall(PetscNew(spec));
  PetscCall(PetscStrallocpy(path, &(*spec)->path));
  PetscCall(ion_text_read(start, path, ION_SPEC_MAX_BYTES, &(*spec)->text, &(*spec)->length));
  PetscCall(ion_spec_read_tree(*spec));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode open_text(const char *name, const char *text, size_t length, ion_spec **spec)
{
  const ion_place start = {name, 1, 1};

  PetscFunctionBegin;
  PetscCall(PetscNew(spec));
  PetscCall(PetscStrallocpy(name, &(*spec)->path));
  PetscCall(check_text(start, text, length, ION_SPEC_MAX_BYTES));
  PetscCall(PetscMalloc1(length + 1, &(*spec)->text));
  memcpy((*spec)->text, text, length);
  (*spec)->text[length] = '\0';
  (*spec)->length       = length;
  PetscCall(ion_spec_read_tree(*spec));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_spec_open(const char *path, ion_spec **spec)
{
  PetscErrorCode code;

  PetscFunctionBegin;
  *spec = NULL;
  code  = open_file(path, spec);
  if (code) PetscCall(ion_spec_close(spec));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_spec_parse(const char *name, const char *text, size_t length, ion_spec **spec)
{
  PetscErrorCode code;

  PetscFunctionBegin;
  *spec = NULL;
  code  = open_text(name, text, length, spec);
  if (code) PetscCall(ion_spec_close(spec));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_spec_close(ion_spec **spec)
{
  ion_spec_chunk *chunk, *older;

  PetscFunctionBegin;
  if (!spec || !*spec) PetscFunctionReturn(PETSC_SUCCESS);
  for (chunk = (*spec)->chunk; chunk; chunk = older) {
    older = chunk->older;
    PetscCall(PetscFree(chunk));
  }
  PetscCall(PetscFree((*spec)->path));
  PetscCall(PetscFree((*spec)->text));
  PetscCall(PetscFree(*spec));
  PetscFunctionReturn(PETSC_SUCCESS);
}

const ion_node *ion_spec_root(const ion_spec *spec)
{
  return spec->root;
}

const char *ion_spec_path(const ion_spec *spec)
{
  return spec->path;
}

const char *ion_spec_text(const ion_spec *spec)
{
  return spec->text;
}
