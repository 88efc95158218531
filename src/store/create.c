/* Making a result file: under another name first, so that the path never holds half a header. */
#include "store_impl.h"

#include <openssl/evp.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

PetscErrorCode ion_store_digest(const char *canonical, char digest[65])
{
  unsigned char hash[32];

  PetscFunctionBegin;
  PetscCheck(EVP_Digest(canonical, strlen(canonical), hash, NULL, EVP_sha256(), NULL) == 1,
             PETSC_COMM_SELF, PETSC_ERR_LIB, "libcrypto cannot make a SHA-256 digest");
  for (size_t i = 0; i < sizeof hash; i++) snprintf(digest + 2 * i, 3, "%02x", hash[i]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Coordinates and the full size, then to the disk. */
static PetscErrorCode write_body(const ion_store_body *body)
{
  PetscBool equal;

  PetscFunctionBegin;
  PetscCall(ion_store_mend_body(body, &equal));
  PetscCheck(!fsync(body->fd), PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE, "cannot write %s: %s",
             body->path, strerror(errno));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_file(const char *path, const ion_store_schema *schema)
{
  ion_store_layout layout = {0};
  ion_store_body body = {.path = path, .schema = schema, .layout = &layout, .repair = PETSC_TRUE};
  PetscErrorCode code;

  PetscFunctionBegin;
  code = ion_store_header_write(path, schema, &layout);
  if (!code) {
    body.fd = open(path, O_RDWR | O_CLOEXEC);
    PetscCheck(body.fd >= 0, PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE, "cannot write %s: %s", path,
               strerror(errno));
    code = write_body(&body);
    (void)close(body.fd); /* synced by write_body */
  }
  PetscCall(ion_store_layout_destroy(&layout));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A rename is on the disk when its directory is; file systems that cannot sync one say EINVAL. */
static PetscErrorCode sync_directory(const char *path)
{
  char *copy;
  int fd;

  PetscFunctionBegin;
  PetscCall(PetscStrallocpy(path, &copy));
  fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  PetscCall(PetscFree(copy));
  if (fd < 0) PetscFunctionReturn(PETSC_SUCCESS);
  if (fsync(fd) && errno != EINVAL) {
    const int why = errno;

    (void)close(fd);
    SETERRQ(PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE, "cannot write %s: %s", path, strerror(why));
  }
  (void)close(fd);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Say why a file cannot be made before any library tries: the system's reason is the clear one. */
static PetscErrorCode try_path(const char *path, const char *tmp)
{
  const int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

  PetscFunctionBegin;
  PetscCheck(fd >= 0, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT, "cannot create %s: %s", path,
             strerror(errno));
  (void)close(fd);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_store_move(const char *from, const char *to)
{
  char place[PETSC_MAX_PATH_LEN];

  PetscFunctionBegin;
  PetscCall(ion_store_resolve(to, sizeof place, place));
  PetscCheck(!rename(from, place), PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE,
             "cannot move %s to %s: %s", from, to, strerror(errno));
  PetscCall(sync_directory(place));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode create_as(const char *path, const char *tmp, const ion_store_schema *schema)
{
  PetscFunctionBegin;
  PetscCall(try_path(path, tmp));
  PetscCall(write_file(tmp, schema));
  PetscCheck(!rename(tmp, path), PETSC_COMM_SELF, PETSC_ERR_USER_INPUT, "cannot create %s: %s",
             path, strerror(errno));
  PetscCall(sync_directory(path));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_store_create(const char *path, const ion_store_schema *schema)
{
  char place[PETSC_MAX_PATH_LEN], tmp[PETSC_MAX_PATH_LEN + sizeof ".tmp"];
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCheck(schema->n_point > 0 && schema->chunk_size > 0 && schema->n_dim > 0, PETSC_COMM_SELF,
             PETSC_ERR_ARG_OUTOFRANGE, "a result file needs points, a chunk size and a dimension");
  PetscCall(ion_store_resolve(path, sizeof place, place));
  snprintf(tmp, sizeof tmp, "%s.tmp", place);
  code = create_as(place, tmp, schema);
  if (code) (void)unlink(tmp);
  if (code == PETSC_ERR_FILE_WRITE) code = PETSC_ERR_USER_INPUT; /* no point was solved yet */
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}
