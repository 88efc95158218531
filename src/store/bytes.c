/* Values as they are stored, and positioned reads and writes that are complete or an error. */
#include "store_impl.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

/* To big-endian order and back. */
static inline uint64_t swap_64(uint64_t word)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  return __builtin_bswap64(word);
#else
  return word;
#endif
}

static inline uint32_t swap_32(uint32_t word)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  return __builtin_bswap32(word);
#else
  return word;
#endif
}

size_t ion_store_width(ion_store_type type)
{
  switch (type) {
  case ION_STORE_DOUBLE:
    return 8;
  case ION_STORE_FLOAT:
    return 4;
  case ION_STORE_BYTE:
    break;
  }
  return 1;
}

/* The sign and payload of a NaN depend on the instruction that made it; one pattern is stored. */
static void encode_doubles(size_t n, const double *value, unsigned char *bytes)
{
  for (size_t i = 0; i < n; i++) {
    const double v = isnan(value[i]) ? (double)NAN : value[i];
    uint64_t word;

    memcpy(&word, &v, sizeof word);
    word = swap_64(word);
    memcpy(bytes + i * sizeof word, &word, sizeof word);
  }
}

static void encode_floats(size_t n, const double *value, unsigned char *bytes)
{
  for (size_t i = 0; i < n; i++) {
    const float v = isnan(value[i]) ? NAN : (float)value[i];
    uint32_t word;

    memcpy(&word, &v, sizeof word);
    word = swap_32(word);
    memcpy(bytes + i * sizeof word, &word, sizeof word);
  }
}

static void encode_flags(size_t n, const double *value, unsigned char *bytes)
{
  for (size_t i = 0; i < n; i++) {
    const double v = isnan(value[i]) ? 0.0 : fmin(fmax(value[i], -128.0), 127.0);

    bytes[i] = (unsigned char)(signed char)v;
  }
}

void ion_store_encode(ion_store_type type, size_t n, const double *value, unsigned char *bytes)
{
  switch (type) {
  case ION_STORE_DOUBLE:
    encode_doubles(n, value, bytes);
    break;
  case ION_STORE_FLOAT:
    encode_floats(n, value, bytes);
    break;
  case ION_STORE_BYTE:
    encode_flags(n, value, bytes);
    break;
  }
}

static void decode_doubles(size_t n, const unsigned char *bytes, double *value)
{
  for (size_t i = 0; i < n; i++) {
    uint64_t word;

    memcpy(&word, bytes + i * sizeof word, sizeof word);
    word = swap_64(word);
    memcpy(&value[i], &word, sizeof word);
  }
}

static void decode_floats(size_t n, const unsigned char *bytes, double *value)
{
  for (size_t i = 0; i < n; i++) {
    uint32_t word;
    float v;

    memcpy(&word, bytes + i * sizeof word, sizeof word);
    word = swap_32(word);
    memcpy(&v, &word, sizeof word);
    value[i] = (double)v;
  }
}

void ion_store_decode(ion_store_type type, size_t n, const unsigned char *bytes, double *value)
{
  switch (type) {
  case ION_STORE_DOUBLE:
    decode_doubles(n, bytes, value);
    break;
  case ION_STORE_FLOAT:
    decode_floats(n, bytes, value);
    break;
  case ION_STORE_BYTE:
    for (size_t i = 0; i < n; i++) value[i] = (double)(signed char)bytes[i];
    break;
  }
}

void ion_store_encode_crc(uint32_t crc, unsigned char bytes[4])
{
  const uint32_t word = swap_32(crc);

  memcpy(bytes, &word, sizeof word);
}

uint32_t ion_store_decode_crc(const unsigned char bytes[4])
{
  uint32_t word;

  memcpy(&word, bytes, sizeof word);
  return swap_32(word);
}

PetscErrorCode ion_store_put(int fd, const char *path, uint64_t offset, const void *bytes, size_t n)
{
  const unsigned char *from = bytes;

  PetscFunctionBegin;
  while (n > 0) {
    const ssize_t done = pwrite(fd, from, n, (off_t)offset);

    if (done < 0 && errno == EINTR) continue;
    PetscCheck(done > 0, PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE, "cannot write %s: %s", path,
               done < 0 ? strerror(errno) : "nothing was taken");
    from += done;
    offset += (uint64_t)done;
    n -= (size_t)done;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_store_get(int fd, const char *path, uint64_t offset, void *bytes, size_t n)
{
  unsigned char *to = bytes;

  PetscFunctionBegin;
  while (n > 0) {
    const ssize_t done = pread(fd, to, n, (off_t)offset);

    if (done < 0 && errno == EINTR) continue;
    PetscCheck(done > 0, PETSC_COMM_SELF, PETSC_ERR_FILE_READ, "cannot read %s: %s", path,
               done < 0 ? strerror(errno) : "it is cut short");
    to += done;
    offset += (uint64_t)done;
    n -= (size_t)done;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ion_store_sync(int fd, const char *path)
{
  PetscFunctionBegin;
  PetscCheck(!fdatasync(fd), PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE, "cannot write %s: %s", path,
             strerror(errno));
  PetscFunctionReturn(PETSC_SUCCESS);
}
