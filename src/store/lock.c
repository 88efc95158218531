/* One run at a time on a file: an fcntl lock on a side file that names its holder. The kernel drops
 * it with the process, so a side file left behind by a killed run locks nothing. */
#include <ion/store.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct ion_store_lock {
  char *path;
  int fd;
};

static PetscErrorCode fail_held(const char *path, int fd)
{
  char holder[300] = "";
  const ssize_t n  = pread(fd, holder, sizeof holder - 1, 0);
  char host[256]   = "unknown host";
  char pid[32]     = "?";

  PetscFunctionBegin;
  if (n > 0) (void)sscanf(holder, "%255s %31s", host, pid);
  (void)close(fd);
  SETERRQ(PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
          "%s is being written by another run: host %s, pid %s", path, host, pid);
}

/* A holder removes the side file as it leaves: a lock on a removed file is worth nothing. */
static PetscBool still_there(const char *path, int fd)
{
  struct stat mine, named;

  return (PetscBool)(!fstat(fd, &mine) && !stat(path, &named) && mine.st_ino == named.st_ino &&
                     mine.st_dev == named.st_dev);
}

static void sign(int fd)
{
  char host[256] = "";
  char text[300];
  int n;

  if (gethostname(host, sizeof host - 1)) snprintf(host, sizeof host, "localhost");
  n = snprintf(text, sizeof text, "%s %ld\n", host, (long)getpid());
  /* The text helps whoever is refused; the lock holds without it. */
  if (ftruncate(fd, 0) || pwrite(fd, text, (size_t)n, 0) != n) errno = 0;
}

PetscErrorCode ion_store_lock_take(const char *path, ion_store_lock **lock)
{
  const size_t size = PETSC_MAX_PATH_LEN + sizeof ".lock";
  char place[PETSC_MAX_PATH_LEN];
  struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

  PetscFunctionBegin;
  PetscCall(PetscNew(lock));
  (*lock)->fd = -1;
  PetscCall(ion_store_resolve(path, sizeof place, place));
  PetscCall(PetscMalloc1(size, &(*lock)->path));
  snprintf((*lock)->path, size, "%s.lock", place);
  while ((*lock)->fd < 0) {
    const int fd = open((*lock)->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

    PetscCheck(fd >= 0, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT, "cannot write %s: %s", path,
               strerror(errno));
    if (fcntl(fd, F_SETLK, &whole)) {
      if (errno == EACCES || errno == EAGAIN) PetscCall(fail_held(path, fd));
      fprintf(stderr, "warning: no file locks here (%s); keep other runs off %s yourself\n",
              strerror(errno), path);
    } else if (!still_there((*lock)->path, fd)) {
      (void)close(fd);
      continue;
    }
    (*lock)->fd = fd;
  }
  sign((*lock)->fd);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_store_lock_release(ion_store_lock **lock)
{
  PetscFunctionBegin;
  if (!*lock) PetscFunctionReturn(PETSC_SUCCESS);
  if ((*lock)->fd >= 0) {
    (void)unlink((*lock)->path);
    (void)close((*lock)->fd);
  }
  PetscCall(PetscFree((*lock)->path));
  PetscCall(PetscFree(*lock));
  PetscFunctionReturn(PETSC_SUCCESS);
}
