/** @file
 * Shared inside `store`: where things are in the file, and bytes as they are stored.
 *
 * PnetCDF writes and reads the header. Points are moved by plain positioned reads and writes at the
 * offsets it reports: a chunk is one contiguous range of every variable, and MPI-IO of Open MPI 4.1
 * (OMPIO) returns success for writes that were cut short or failed (disk full, file size limit).
 */
#ifndef ION_STORE_IMPL_H
#define ION_STORE_IMPL_H

#include <ion/store.h>

#include <pnetcdf.h>

#define ION_STORE_FORMAT 1  /**< attribute format_version */
#define ION_STORE_PAGE 4096 /**< `status` starts on such a boundary */

/** A checked PnetCDF call; `path` says in the message which file it was about. */
#define ION_NC(path, call)                                                                         \
  do {                                                                                             \
    const int ion_nc_ = (call);                                                                    \
    PetscCheck(ion_nc_ == NC_NOERR, PETSC_COMM_SELF, PETSC_ERR_LIB, "%s: %s", path,                \
               ncmpi_strerror(ion_nc_));                                                           \
  } while (0)

/** Offsets in bytes from the start of the file. */
typedef struct {
  uint64_t header; /**< bytes of the header */
  uint64_t size;   /**< bytes of the whole file */
  uint64_t status, crc;
  uint64_t *coordinate; /**< [n_coordinate] */
  uint64_t *output;     /**< [n_output] */
} ion_store_layout;

uint64_t ion_store_coordinate_length(const ion_store_schema *schema, size_t i);
nc_type ion_store_nc_type(ion_store_type type);

/** Ask an open file (out of define mode) where its variables are.
 *
 * @return PETSC_ERR_LIB when a variable of the schema is missing or has another type or length
 */
PetscErrorCode ion_store_layout_create(int ncid, const char *path, const ion_store_schema *schema,
                                       ion_store_layout *layout);
PetscErrorCode ion_store_layout_destroy(ion_store_layout *layout);

/** What the first bytes of a path say: SAME for a CDF-5 file, ABSENT, or FOREIGN with the reason. */
PetscErrorCode ion_store_look(const char *path, ion_store_found *found, char *reason, size_t size);

/** Is the header of a CDF-5 file of `size` bytes well-formed, with nothing in it that the file cannot hold? */
PetscBool ion_store_header_is_sound(int fd, uint64_t size);

/** Define dimensions, variables and attributes; `layout` tells where they came to lie. The file
 * holds the header alone afterwards. */
PetscErrorCode ion_store_header_write(const char *path, const ion_store_schema *schema,
                                      ion_store_layout *layout);

/** A file with its header written. */
typedef struct {
  int fd;
  const char *path;
  const ion_store_schema *schema;
  const ion_store_layout *layout;
  PetscBool repair; /**< put right what differs */
} ion_store_body;

/** Compare size and coordinates with what they should be. */
PetscErrorCode ion_store_mend_body(const ion_store_body *body, PetscBool *equal);

/** Bytes of one value. */
size_t ion_store_width(ion_store_type type);

/** Values as they are stored: big-endian, one bit pattern for NaN; NaN is 0 in a BYTE. */
void ion_store_encode(ion_store_type type, size_t n, const double *value, unsigned char *bytes);
void ion_store_decode(ion_store_type type, size_t n, const unsigned char *bytes, double *value);
void ion_store_encode_crc(uint32_t crc, unsigned char bytes[4]);
uint32_t ion_store_decode_crc(const unsigned char bytes[4]);

/** Write all of `n` bytes, or raise PETSC_ERR_FILE_WRITE with the system's reason. */
PetscErrorCode ion_store_put(int fd, const char *path, uint64_t offset, const void *bytes,
                             size_t n);

/** Read all of `n` bytes, or raise PETSC_ERR_FILE_READ. */
PetscErrorCode ion_store_get(int fd, const char *path, uint64_t offset, void *bytes, size_t n);

/** Bring what was written through `fd` to the disk. */
PetscErrorCode ion_store_sync(int fd, const char *path);

#endif
