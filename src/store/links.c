/* Where a symbolic link leads: files are made, replaced and locked there, so that a link stays one and two names of a
 * file are one file. */
#include <ion/store.h>

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MOST_LINKS = 40 }; /* as of Linux */

/* The path that a link names, seen from the directory the link is in. */
static PetscBool follow(const char *link, const char *there, char path[PATH_MAX])
{
  const char *name       = strrchr(link, '/');
  const size_t directory = name && there[0] != '/' ? (size_t)(name - link) + 1 : 0;

  return (PetscBool)(snprintf(path, PATH_MAX, "%.*s%s", (int)directory, link, there) < PATH_MAX);
}

PetscErrorCode ion_store_resolve(const char *path, size_t size, char *place)
{
  char at[PATH_MAX], there[PATH_MAX], next[PATH_MAX];
  PetscBool fits = (PetscBool)(snprintf(at, sizeof at, "%s", path) < (int)sizeof at);

  PetscFunctionBegin;
  for (int i = 0; fits && i < MOST_LINKS; i++) {
    const ssize_t n = readlink(at, there, sizeof there - 1);

    if (n <= 0) break;
    there[n] = '\0';
    fits     = follow(at, there, next);
    if (fits) memcpy(at, next, sizeof at);
  }
  fits = (PetscBool)(fits && (size_t)snprintf(place, size, "%s", at) < size);
  PetscCheck(fits, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT, "%s: the name is too long", path);
  PetscFunctionReturn(PETSC_SUCCESS);
}
