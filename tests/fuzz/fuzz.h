/* What every fuzzer of a reader asks for: no crash, no hang, no memory beyond bounds (libFuzzer and the
 * sanitizers see to those), an error that is the user's and one line, and nothing left allocated. */
#ifndef FUZZ_H
#define FUZZ_H

#include <ion/base.h>

#include <mpi.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* libFuzzer calls these. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t n);

/* One input; what the fuzzer at hand does with it. Frees all it made, also after an error. */
static PetscErrorCode fuzz_one(const unsigned char *bytes, size_t n);

static long fuzz_n_allocated; /* blocks of PETSc that live */
static char fuzz_message[4096];
static char fuzz_path[64]; /* a file of this process, for readers that take a path */

static PetscErrorCode fuzz_malloc(size_t n, PetscBool clear, int line, const char *function,
                                  const char *file, void **block)
{
  (void)line;
  (void)function;
  (void)file;
  *block = NULL;
  if (n == 0) return PETSC_SUCCESS;
  *block = clear ? calloc(1, n) : malloc(n);
  if (!*block) return PETSC_ERR_MEM;
  fuzz_n_allocated++;
  return PETSC_SUCCESS;
}

static PetscErrorCode fuzz_free(void *block, int line, const char *function, const char *file)
{
  (void)line;
  (void)function;
  (void)file;
  if (block) fuzz_n_allocated--;
  free(block);
  return PETSC_SUCCESS;
}

static PetscErrorCode fuzz_realloc(size_t n, int line, const char *function, const char *file,
                                   void **block)
{
  void *grown;

  if (!*block) return fuzz_malloc(n, PETSC_FALSE, line, function, file, block);
  if (n == 0) {
    (void)fuzz_free(*block, line, function, file);
    *block = NULL;
    return PETSC_SUCCESS;
  }
  grown = realloc(*block, n);
  if (!grown) return PETSC_ERR_MEM;
  *block = grown;
  return PETSC_SUCCESS;
}

// NOLINTNEXTLINE(readability-function-size): PETSc fixes the arguments
static PetscErrorCode fuzz_keep_message(MPI_Comm comm, int line, const char *function,
                                        const char *file, PetscErrorCode code, PetscErrorType type,
                                        const char *message, void *context)
{
  (void)comm;
  (void)line;
  (void)function;
  (void)file;
  (void)context;
  if (type == PETSC_ERROR_INITIAL)
    snprintf(fuzz_message, sizeof fuzz_message, "%s", message ? message : "");
  return code;
}

static void fuzz_fail(const char *what)
{
  fprintf(stderr, "fuzz: %s; last message: %s\n", what, fuzz_message);
  abort();
}

/* Make fuzz_path hold these bytes. */
static inline void fuzz_write_file(const unsigned char *bytes, size_t n)
{
  FILE *file = fopen(fuzz_path, "wb");

  if (!file || fwrite(bytes, 1, n, file) != n || fclose(file)) fuzz_fail("no file to write");
}

/* Units, made once: they are read from a file of XML. */
static inline PetscErrorCode fuzz_units(ion_units **units)
{
  static ion_units *made;
  const long before = fuzz_n_allocated;

  PetscFunctionBegin;
  if (!made) PetscCall(ion_units_create(&made));
  fuzz_n_allocated = before; /* kept on purpose */
  *units           = made;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static void fuzz_end(void)
{
  (void)unlink(fuzz_path);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
  int n_none = 0, fd;

  (void)argc;
  (void)argv;
  if (MPI_Init(&n_none, NULL)) return 1;
  PETSC_COMM_WORLD = MPI_COMM_SELF;
  if (PetscMallocSet(fuzz_malloc, fuzz_free, fuzz_realloc)) return 1;
  if (PetscInitializeNoArguments()) return 1;
  if (PetscPopSignalHandler()) return 1;
  if (PetscPushErrorHandler(fuzz_keep_message, NULL)) return 1;
  snprintf(fuzz_path, sizeof fuzz_path, "/tmp/ion_fuzz_XXXXXX");
  fd = mkstemp(fuzz_path);
  if (fd < 0 || close(fd)) return 1;
  return atexit(fuzz_end);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t n)
{
  const long before = fuzz_n_allocated;
  PetscErrorCode code;

  fuzz_message[0] = '\0';
  code            = fuzz_one(bytes, n);
  if (code && code != PETSC_ERR_USER_INPUT) fuzz_fail("an error that is not the user's");
  if (code && (!fuzz_message[0] || strchr(fuzz_message, '\n'))) fuzz_fail("not one line");
  if (fuzz_n_allocated != before) fuzz_fail("memory was left allocated");
  return 0;
}

#endif
