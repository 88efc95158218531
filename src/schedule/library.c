/* Where models are found by name. */
#include "study_impl.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#ifdef ION_SHARE_DIR
static const char share[] = ION_SHARE_DIR "/models";
#else
static const char share[] = "/usr/share/ionsweep/models";
#endif

/* The i-th folder to look in, or PETSC_FALSE after the last one. */
static PetscBool folder_at(const char *beside, size_t i, char *folder, size_t size)
{
  const char *path = getenv("ION_MODEL_PATH");

  if (i == 0) return (PetscBool)(snprintf(folder, size, "%s/models", beside) < (int)size);
  for (i--; path && *path; path += strcspn(path, ":") + (path[strcspn(path, ":")] == ':'), i--)
    if (i == 0)
      return (PetscBool)(snprintf(folder, size, "%.*s", (int)strcspn(path, ":"), path) < (int)size);
  if (i > 1) return PETSC_FALSE;
  return (PetscBool)(snprintf(folder, size, "%s", i ? share : "sweeps/models") < (int)size);
}

PetscErrorCode ion_library_find(const char *beside, const char *name, char *path, size_t size,
                                PetscBool *found)
{
  char folder[PETSC_MAX_PATH_LEN];
  struct stat info;

  PetscFunctionBegin;
  *found = PETSC_FALSE;
  for (size_t i = 0; !*found && folder_at(beside, i, folder, sizeof folder); i++)
    *found = (PetscBool)(snprintf(path, size, "%s/%s.yaml", folder, name) < (int)size &&
                         !stat(path, &info) && S_ISREG(info.st_mode));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscBool is_listed(const ion_library *library, const char *name)
{
  for (size_t i = 0; i < library->n; i++)
    if (!strcmp(library->name[i], name)) return PETSC_TRUE;
  return PETSC_FALSE;
}

/* Insert in the order of names; the first folder that has a name wins. */
static PetscErrorCode insert(ion_library *library, const char *folder, const char *file)
{
  char name[PETSC_MAX_PATH_LEN], path[2 * PETSC_MAX_PATH_LEN];
  size_t i = library->n;

  PetscFunctionBegin;
  snprintf(name, sizeof name, "%.*s", (int)(strlen(file) - strlen(".yaml")), file);
  snprintf(path, sizeof path, "%s/%s", folder, file);
  if (is_listed(library, name)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscRealloc((library->n + 1) * sizeof *library->name, &library->name));
  PetscCall(PetscRealloc((library->n + 1) * sizeof *library->path, &library->path));
  for (; i > 0 && strcmp(library->name[i - 1], name) > 0; i--) {
    library->name[i] = library->name[i - 1];
    library->path[i] = library->path[i - 1];
  }
  library->n++;
  library->name[i] = library->path[i] = NULL;
  PetscCall(PetscStrallocpy(name, &library->name[i]));
  PetscCall(PetscStrallocpy(path, &library->path[i]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode insert_folder(ion_library *library, const char *folder)
{
  DIR *directory      = opendir(folder);
  PetscErrorCode code = PETSC_SUCCESS;

  PetscFunctionBegin;
  if (!directory) PetscFunctionReturn(PETSC_SUCCESS);
  for (struct dirent *entry = readdir(directory); entry && !code; entry = readdir(directory)) {
    const size_t n = strlen(entry->d_name), ending = strlen(".yaml");

    if (entry->d_name[0] != '.' && n > ending && !strcmp(entry->d_name + n - ending, ".yaml"))
      code = insert(library, folder, entry->d_name);
  }
  closedir(directory);
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_library_create(ion_library *library)
{
  char folder[PETSC_MAX_PATH_LEN];

  PetscFunctionBegin;
  *library = (ion_library){0};
  for (size_t i = 0; folder_at(".", i, folder, sizeof folder); i++)
    PetscCall(insert_folder(library, folder));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_library_destroy(ion_library *library)
{
  PetscFunctionBegin;
  for (size_t i = 0; i < library->n; i++) {
    PetscCall(PetscFree(library->name[i]));
    PetscCall(PetscFree(library->path[i]));
  }
  PetscCall(PetscFree(library->name));
  PetscCall(PetscFree(library->path));
  library->n = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_library_suggest(const char *name, char *nearest, size_t size, PetscBool *found)
{
  ion_library library;
  const char **known, *near;

  PetscFunctionBegin;
  PetscCall(ion_library_create(&library));
  PetscCall(PetscMalloc1(library.n + 1, &known));
  for (size_t i = 0; i < library.n; i++) known[i] = library.name[i];
  near   = ion_nearest_name(name, known, library.n);
  *found = (PetscBool)(near != NULL);
  snprintf(nearest, size, "%s", near ? near : "");
  PetscCall(PetscFree(known));
  PetscCall(ion_library_destroy(&library));
  PetscFunctionReturn(PETSC_SUCCESS);
}
