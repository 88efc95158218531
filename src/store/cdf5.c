/* The header of a CDF-5 file, walked before PnetCDF opens it: PnetCDF 1.12 allocates what a header says, and a
 * damaged one says anything. The grammar is that of "CDF-5 file format specification" of the PnetCDF project:
 *   magic numrecs dim_list gatt_list var_list
 * with big-endian counts of 8 bytes and texts padded to 4. */
#include "store_impl.h"

#include <unistd.h>

#define MAX_LENGTH                                                                                 \
  ((uint64_t)1 << 48) /* of a dimension: far beyond any design, products stay apart */

#define MAX_OFFSET ((uint64_t)1 << 62) /* bytes */

enum { TAG_DIMENSION = 10, TAG_VARIABLE = 11, TAG_ATTRIBUTE = 12 };
enum { MAX_NAME = 256, MAX_VAR_DIM = 1024 };

/* A place in a file; once unsound it stays so. */
typedef struct {
  int fd;
  uint64_t at, size; /* bytes */
  PetscBool sound;
} walk;

static void require(walk *w, int condition)
{
  if (!condition) w->sound = PETSC_FALSE;
}

static void skip(walk *w, uint64_t n)
{
  require(w, n <= w->size - w->at);
  if (w->sound) w->at += n;
}

/* An unsigned number of `n` bytes, 0 from an unsound file. */
static uint64_t number(walk *w, size_t n)
{
  unsigned char bytes[8] = {0};
  uint64_t value         = 0;

  require(w, w->size - w->at >= n && pread(w->fd, bytes, n, (off_t)w->at) == (ssize_t)n);
  if (!w->sound) return 0;
  for (size_t i = 0; i < n; i++) value = value << 8 | bytes[i];
  w->at += n;
  return value;
}

static void skip_text(walk *w, uint64_t n)
{
  require(w, n <= w->size);
  if (w->sound) skip(w, (n + 3) / 4 * 4);
}

static void skip_name(walk *w)
{
  const uint64_t n = number(w, 8);

  require(w, n > 0 && n <= MAX_NAME);
  skip_text(w, n);
}

/* Head of a list: how many elements follow. Each takes bytes: too many of them run out of the file. */
static uint64_t list(walk *w, uint64_t tag)
{
  const uint64_t is = number(w, 4), n = number(w, 8);

  require(w, is == tag || (is == 0 && n == 0));
  return w->sound ? n : 0;
}

/* Bytes of one value of a type, 0 for none: byte char short int float double ubyte ushort uint int64 uint64. */
static uint64_t width_of(uint64_t type)
{
  static const unsigned char width[] = {0, 1, 1, 2, 4, 4, 8, 1, 2, 4, 8, 8};

  return type < ION_COUNT(width) ? width[type] : 0;
}

static void skip_attributes(walk *w)
{
  const uint64_t n = list(w, TAG_ATTRIBUTE);

  for (uint64_t i = 0; w->sound && i < n; i++) {
    uint64_t width, count;

    skip_name(w);
    width = width_of(number(w, 4));
    count = number(w, 8);
    require(w, width > 0 && count <= w->size / (width ? width : 1));
    if (w->sound) skip_text(w, width * count);
  }
}

static void skip_variable(walk *w, uint64_t n_dim)
{
  uint64_t n;

  skip_name(w);
  n = number(w, 8);
  require(w, n <= MAX_VAR_DIM);
  for (uint64_t i = 0; w->sound && i < n; i++) require(w, number(w, 8) < n_dim);
  skip_attributes(w);
  require(w, width_of(number(w, 4)) > 0);
  (void)number(w, 8);                     /* its size, which follows from the dimensions */
  require(w, number(w, 8) <= MAX_OFFSET); /* a file cut short is for others to refuse */
}

PetscBool ion_store_header_is_sound(int fd, uint64_t size)
{
  walk w = {.fd = fd, .at = 4, .size = size, .sound = (PetscBool)(size > 4)};
  uint64_t n_dim, n;

  require(&w, w.sound && number(&w, 8) == 0); /* no record dimension */
  n_dim = list(&w, TAG_DIMENSION);
  for (uint64_t i = 0; w.sound && i < n_dim; i++) {
    skip_name(&w);
    n = number(&w, 8);
    require(&w, n > 0 && n <= MAX_LENGTH);
  }
  skip_attributes(&w);
  n = list(&w, TAG_VARIABLE);
  for (uint64_t i = 0; w.sound && i < n; i++) skip_variable(&w, n_dim);
  return w.sound;
}
