/* What is at a path, before anything is touched. */
#include "store_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Result of a look: what was found, and one line that says why. */
typedef struct {
  ion_store_found found;
  char *reason;
  size_t size;
} verdict;

static void foreign(verdict *v, const char *why)
{
  v->found = ION_STORE_FOREIGN;
  snprintf(v->reason, v->size, "%s", why);
}

/* Regular, and long enough and marked as CDF-5; leaves its size. */
static void look_at_bytes(const char *path, verdict *v, uint64_t *size)
{
  unsigned char magic[4] = {0};
  struct stat about;
  int fd;
  ssize_t n;

  v->found = ION_STORE_SAME;
  if (stat(path, &about)) {
    v->found = ION_STORE_ABSENT;
    if (errno != ENOENT) foreign(v, strerror(errno));
    return;
  }
  *size = (uint64_t)about.st_size;
  if (!S_ISREG(about.st_mode)) {
    foreign(v, S_ISDIR(about.st_mode) ? "it is a directory" : "it is not a regular file");
    return;
  }
  fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    foreign(v, strerror(errno));
    return;
  }
  n = pread(fd, magic, sizeof magic, 0);
  if (n < 4 || memcmp(magic, "CDF\005", 4) != 0)
    foreign(v, "it is not a NetCDF (CDF-5) file");
  else if (!ion_store_header_is_sound(fd, *size))
    foreign(v, "its NetCDF header is damaged or cut short (bring back a copy of it)");
  (void)close(fd);
}

PetscErrorCode ion_store_look(const char *path, ion_store_found *found, char *reason, size_t size)
{
  verdict v      = {.reason = reason, .size = size};
  uint64_t bytes = 0;

  PetscFunctionBegin;
  if (size) reason[0] = '\0';
  look_at_bytes(path, &v, &bytes);
  *found = v.found;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A global text, or NULL when there is none. PetscFree it. */
static PetscErrorCode get_text(int ncid, const char *name, char **text)
{
  MPI_Offset length;
  nc_type type;

  PetscFunctionBegin;
  *text = NULL;
  if (ncmpi_inq_att(ncid, NC_GLOBAL, name, &type, &length) != NC_NOERR || type != NC_CHAR) {
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  PetscCall(PetscCalloc1((size_t)length + 1, text));
  if (length > 0 && ncmpi_get_att_text(ncid, NC_GLOBAL, name, *text) != NC_NOERR) {
    PetscCall(PetscFree(*text));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The number of a global attribute, or 0. */
static unsigned long long get_count(int ncid, const char *name)
{
  unsigned long long value = 0;

  if (ncmpi_get_att_ulonglong(ncid, NC_GLOBAL, name, &value) != NC_NOERR) return 0;
  return value;
}

/* Name the first line in which two texts differ; PETSC_FALSE when they are equal. */
static PetscBool differing_line(const char *what, const char *there, const char *here, verdict *v)
{
  size_t line = 1, start = 0, i = 0;

  if (strcmp(there, here) == 0) return PETSC_FALSE;
  for (; there[i] == here[i]; i++) {
    if (there[i] == '\n') {
      line++;
      start = i + 1;
    }
  }
  there += start;
  here += start;
  v->found = ION_STORE_OTHER;
  snprintf(v->reason, v->size, "its %s differs: line %zu is \"%.*s\" there and \"%.*s\" here", what,
           line, (int)PetscMin(strcspn(there, "\r\n"), 60), there,
           (int)PetscMin(strcspn(here, "\r\n"), 60), here);
  return PETSC_TRUE;
}

static PetscErrorCode explain_digest(int ncid, const ion_store_schema *schema, verdict *v)
{
  char *model, *sweep;

  PetscFunctionBegin;
  PetscCall(get_text(ncid, "model", &model));
  PetscCall(get_text(ncid, "sweep", &sweep));
  v->found = ION_STORE_OTHER;
  snprintf(v->reason, v->size,
           "it was made with other --set values, or a file that the sweep reads has changed");
  if (!sweep || !schema->sweep_text || !differing_line("sweep", sweep, schema->sweep_text, v)) {
    if (model && schema->model_text) {
      (void)differing_line("model", model, schema->model_text, v);
    }
  }
  PetscCall(PetscFree(model));
  PetscCall(PetscFree(sweep));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The same digest: the numbers are comparable only if the program and the chunks are the same. */
static PetscErrorCode compare_writer(int ncid, const ion_store_schema *schema, verdict *v)
{
  const unsigned long long format = get_count(ncid, "format_version");
  const unsigned long long chunk  = get_count(ncid, "chunk_size");
  char *program;

  PetscFunctionBegin;
  PetscCall(get_text(ncid, "program", &program));
  if (format != ION_STORE_FORMAT) {
    v->found = ION_STORE_OTHER;
    snprintf(v->reason, v->size, "its format version is %llu, not %d", format, ION_STORE_FORMAT);
  } else if (!program || strcmp(program, schema->program) != 0) {
    v->found = ION_STORE_OTHER;
    snprintf(v->reason, v->size, "it was written by %s, this is %s",
             program ? program : "another program", schema->program);
  } else if (chunk != schema->chunk_size) {
    v->found = ION_STORE_OTHER;
    snprintf(v->reason, v->size, "its chunks have %llu points, not %llu", chunk,
             (unsigned long long)schema->chunk_size);
  }
  PetscCall(PetscFree(program));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Of a file with this study's digest: are its variables there, and all of its bytes? */
static PetscErrorCode compare_size(int ncid, const char *path, const ion_store_schema *schema,
                                   uint64_t size, verdict *v)
{
  ion_store_layout layout;
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCall(PetscPushErrorHandler(PetscReturnErrorHandler, NULL));
  code = ion_store_layout_create(ncid, path, schema, &layout);
  PetscCall(PetscPopErrorHandler());
  if (code) {
    foreign(v, "a variable of this study is missing or has another shape");
  } else if (size != layout.size) {
    v->found = size < layout.size ? ION_STORE_TORN : ION_STORE_FOREIGN;
    snprintf(v->reason, v->size,
             v->found == ION_STORE_TORN
                 ? "it is torn: %llu bytes instead of %llu"
                 : "something was appended to it: %llu bytes instead of %llu",
             (unsigned long long)size, (unsigned long long)layout.size);
  }
  PetscCall(ion_store_layout_destroy(&layout));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode look_at_header(int ncid, const char *path, const ion_store_schema *schema,
                                     uint64_t size, verdict *v)
{
  char digest[65], *there;

  PetscFunctionBegin;
  PetscCall(ion_store_digest(schema->canonical, digest));
  PetscCall(get_text(ncid, "study_digest", &there));
  if (!there) {
    foreign(v, "it is a NetCDF file without study_digest");
  } else if (strcmp(there, digest) != 0) {
    PetscCall(explain_digest(ncid, schema, v));
  } else {
    PetscCall(compare_writer(ncid, schema, v));
    if (v->found == ION_STORE_SAME) PetscCall(compare_size(ncid, path, schema, size, v));
  }
  PetscCall(PetscFree(there));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_store_probe(const char *path, const ion_store_schema *schema,
                               ion_store_found *found, char *reason, size_t size)
{
  verdict v          = {.reason = reason, .size = size};
  uint64_t file_size = 0;
  int ncid;

  PetscFunctionBegin;
  if (size) reason[0] = '\0';
  look_at_bytes(path, &v, &file_size);
  if (v.found == ION_STORE_SAME) {
    const int why = ncmpi_open(MPI_COMM_SELF, path, NC_NOWRITE, MPI_INFO_NULL, &ncid);

    if (why != NC_NOERR) {
      foreign(&v, "its NetCDF header is damaged (bring back a copy of it)");
    } else {
      PetscCall(look_at_header(ncid, path, schema, file_size, &v));
      ION_NC(path, ncmpi_close(ncid));
    }
  }
  *found = v.found;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscBool ion_same_file(const char *a, const char *b)
{
  struct stat one, other;

  return (PetscBool)(!stat(a, &one) && !stat(b, &other) && one.st_ino == other.st_ino &&
                     one.st_dev == other.st_dev);
}
