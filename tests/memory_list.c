/* Linked into a copy of the program for tests of the command line: what PetscFinalize leaves unfreed is
 * listed in the file $ION_MEMORY_DIRECTORY/<process id>. (-malloc_dump writes to standard output, which
 * these tests read.) Needs -malloc_debug and the linker's --wrap=PetscFinalize. */
#include <petscsys.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

PetscErrorCode __real_PetscFinalize(void);
PetscErrorCode __wrap_PetscFinalize(void);

PetscErrorCode __wrap_PetscFinalize(void)
{
  const char *directory     = getenv("ION_MEMORY_DIRECTORY");
  const PetscErrorCode code = __real_PetscFinalize();
  char path[PETSC_MAX_PATH_LEN];
  FILE *file;

  if (code || !directory) return code;
  snprintf(path, sizeof path, "%s/%ld", directory, (long)getpid());
  file = fopen(path, "w");
  if (!file) return PETSC_ERR_FILE_OPEN;
  if (PetscMallocDump(file)) return PETSC_ERR_MEM;
  return fclose(file) ? PETSC_ERR_FILE_WRITE : 0;
}
