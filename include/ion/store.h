/** @file
 * Layer 1: the result file, which is its own checkpoint (CDF-5 through PnetCDF).
 *
 * The header is complete before the first point. Each rank writes its own chunks through its own
 * handle (PnetCDF independent mode on MPI_COMM_SELF); nothing here is collective over the job.
 * A chunk is a range of flat point indices: all data first, then CRC-32 and status.
 */
#ifndef ION_STORE_H
#define ION_STORE_H

#include <ion/base.h>

typedef struct ion_store ion_store;

/** A dimension of the result: a grid factor, or the one dimension `point`. */
typedef struct {
  const char *name; /**< NetCDF name, dots already replaced by '_' */
  uint64_t length;
} ion_store_dim;

typedef enum { ION_STORE_DOUBLE, ION_STORE_FLOAT, ION_STORE_BYTE } ion_store_type;

/** A variable over all points (one value a point), or a coordinate. */
typedef struct {
  const char *name; /**< NetCDF name */
  const char *unit; /**< UDUNITS-2 text */
  const char *long_name;
  const char *standard_name; /**< CF standard name, or NULL */
  ion_store_type type;
  const char *flag_meanings; /**< of a BYTE variable: words in order of value, else NULL */
  int first_flag;            /**< value of the first word */
  const char *comment;       /**< what else a reader must know, or NULL */
} ion_store_var;

/** Fills `value` with [n] coordinates first, first + 1, ... of variable `i`. */
typedef PetscErrorCode (*ion_store_coordinate)(void *context, size_t i, uint64_t first, size_t n,
                                               double *value);

/** Everything the header says; a function of the study alone. Texts are borrowed. */
typedef struct {
  const char *title;
  const char *sweep_text; /**< as the user wrote it */
  const char *model_text;
  const char *overrides; /**< `--set` of the user, one "name=value" a line, or NULL */
  const char *factors;   /**< "name [unit]" of each factor, commas between, or NULL */
  const char *canonical; /**< checked sweep and model with every override, what the digest is of */
  const char *summary;   /**< one line, ACDD `summary` */
  const char *program;   /**< "ionsweep 0.1.0" */
  uint64_t seed;

  size_t n_dim;
  const ion_store_dim *dim;
  /** Coordinates: of a grid coordinate[i] lies on dimension i alone; of any other design each lies on
   * `point`. */
  size_t n_coordinate;
  const ion_store_var *coordinate;
  ion_store_coordinate fill;
  void *context;

  size_t n_output;
  const ion_store_var *output;
  uint64_t n_point;
  uint64_t chunk_size; /**< points a chunk */
  uint64_t n_summed;   /**< points the outputs are sums over, where they are; else 0 */
} ion_store_schema;

/** Points of the study behind a file, kept or summed. */
static inline uint64_t ion_store_n_solved(const ion_store_schema *schema)
{
  return schema->n_summed ? schema->n_summed : schema->n_point;
}

/** Hexadecimal digest of schema->canonical (SHA-256). Returns PETSC_ERR_LIB when it cannot be made. */
PetscErrorCode ion_store_digest(const char *canonical, char digest[65]);

typedef enum {
  ION_DURABLE_NONE,     /**< status written with the data, nothing synced */
  ION_DURABLE_INTERVAL, /**< data synced, then their status bytes, every so often */
  ION_DURABLE_CHUNK     /**< the same after every chunk */
} ion_durable;

/** Where a path leads that may be a symbolic link, also to a file that is not there yet; another path is that itself.
 *
 * @return PETSC_ERR_USER_INPUT for one that `place`, of so many bytes, cannot hold
 */
PetscErrorCode ion_store_resolve(const char *path, size_t size, char *place);

/** Create the file: header, coordinates and size, as path.tmp, synced, then renamed to path (to where it leads).
 *
 * @return PETSC_ERR_USER_INPUT with one clear line when the path cannot be written
 */
PetscErrorCode ion_store_create(const char *path, const ion_store_schema *schema);

/** Put a finished file in the place of another: what is at `to`, or where that leads, is the one or the other at any
 * moment.
 *
 * @return PETSC_ERR_FILE_WRITE with the system's reason
 */
PetscErrorCode ion_store_move(const char *from, const char *to);

/** What is at a path, before anything is touched. */
typedef enum {
  ION_STORE_ABSENT,
  ION_STORE_SAME,
  ION_STORE_TORN, /**< this study's, but cut short: ion_store_mend, then it is the same */
  ION_STORE_OTHER,
  ION_STORE_FOREIGN
} ion_store_found;

/** Are these two names of one file that is there? */
PetscBool ion_same_file(const char *a, const char *b);

/** Look at an existing file.
 *
 * @param[out] found   absent, this study's, another study's, or no result file at all (or torn)
 * @param[out] reason  [size] for OTHER and FOREIGN: one line that names the difference
 */
PetscErrorCode ion_store_probe(const char *path, const ion_store_schema *schema,
                               ion_store_found *found, char *reason, size_t size);

/** Are size and coordinates of this study's file as they were made?
 *
 * @param[in]  repair  put them right; points that were cut off have a CRC that does not agree
 * @param[out] whole   PETSC_TRUE when there was nothing to repair
 */
PetscErrorCode ion_store_mend(const char *path, const ion_store_schema *schema, PetscBool repair,
                              PetscBool *whole);

/** Open this study's file for writing chunks. Not collective; every rank opens its own handle. */
PetscErrorCode ion_store_open(const char *path, const ion_store_schema *schema, ion_durable durable,
                              double interval, ion_store **store);

/** Open this study's file for reading chunks alone; it may be another run's that is still going on. */
PetscErrorCode ion_store_open_to_read(const char *path, const ion_store_schema *schema,
                                      ion_store **store);

/** Write all outputs of a chunk, and (as `durable` says, at once or later) its CRC and status.
 *
 * @param[in] chunk   number of the chunk
 * @param[in] data    [n_output][n_point of the chunk], in the units of the file; a BYTE or FLOAT
 *                    output is converted; points without a state are NaN (0 in BYTE)
 * @param[in] status  [n_point of the chunk]
 *
 * @return PETSC_ERR_FILE_WRITE when the disk is full or the file is torn
 */
PetscErrorCode ion_store_write_chunk(ion_store *store, uint64_t chunk, ion_block data,
                                     const unsigned char *status);

/** Write what is still held back: sync data, then CRC and status. */
PetscErrorCode ion_store_flush(ion_store *store);

/** Read a chunk back.
 *
 * @param[out] complete  PETSC_TRUE when no point is pending and the CRC agrees; data and status are
 *                       filled then, and unspecified otherwise
 */
PetscErrorCode ion_store_read_chunk(ion_store *store, uint64_t chunk, ion_block data,
                                    unsigned char *status, PetscBool *complete);

/** What became of the points of a chunk. */
typedef enum {
  ION_CHUNK_PENDING, /**< no point has a status */
  ION_CHUNK_PART,    /**< some have; data and status are as they were written */
  ION_CHUNK_WHOLE,
  ION_CHUNK_DAMAGED, /**< the CRC does not agree */
  ION_N_CHUNK_STATE
} ion_chunk_state;

/** Read a chunk in whatever state; data and status are filled where it is whole or in part. */
PetscErrorCode ion_store_check_chunk(ion_store *store, uint64_t chunk, ion_block data,
                                     unsigned char *status, ion_chunk_state *state);
/** Read back a chunk that may hold pending points: what was written last, with its status.
 *
 * @param[out] sound  PETSC_TRUE when the CRC agrees; else the chunk was never written or is damaged, every
 *                    status is set to pending and data are unspecified
 */
PetscErrorCode ion_store_read_part(ion_store *store, uint64_t chunk, ion_block data,
                                   unsigned char *status, PetscBool *sound);

/** Flush and close; NULL is allowed. */
PetscErrorCode ion_store_close(ion_store **store);

/** Points first ... of chunk number `chunk`. */
void ion_store_chunk_range(const ion_store_schema *schema, uint64_t chunk, uint64_t *first,
                           size_t *n_point);
uint64_t ion_store_n_chunk(const ion_store_schema *schema);

/** Points of the study behind a chunk: its own, or those it is the sums of. */
void ion_store_chunk_points(const ion_store_schema *schema, uint64_t chunk, uint64_t *first,
                            size_t *n_point);

/* ---- reading a finished or half-done file without its study ---- */

typedef struct ion_store_file ion_store_file;

/** Open a result file for reading. Not collective; half-done files are allowed.
 *
 * @return PETSC_ERR_USER_INPUT with one clear line when the path is no result file
 */
PetscErrorCode ion_store_file_open(const char *path, ion_store_file **file);
PetscErrorCode ion_store_file_close(ion_store_file **file);

/** What its header says; texts live as long as the file is open. `canonical`, `summary` and `fill` are
 * not filled. */
const ion_store_schema *ion_store_file_schema(const ion_store_file *file);

/** The digest of its study (ion_store_digest), or NULL. */
const char *ion_store_file_digest(const ion_store_file *file);

/** Status of points first, first + 1, ... */
PetscErrorCode ion_store_file_status(const ion_store_file *file, uint64_t first, size_t n,
                                     unsigned char *status);

/** Values of output `i` there, in the units of the file. */
PetscErrorCode ion_store_file_output(const ion_store_file *file, size_t i, uint64_t first, size_t n,
                                     double *value);

/** Values of coordinate `i`: nodes of a grid factor, points of any other design. */
PetscErrorCode ion_store_file_coordinate(const ion_store_file *file, size_t i, uint64_t first,
                                         size_t n, double *value);

/* ---- small files of tables ---- */

enum { ION_STORE_MAX_DIM = 4 };

/** A dimension whose nodes have names, or none (label NULL). */
typedef struct {
  const char *name;
  size_t length;
  const char *const *label; /**< [length] */
  const char *const *unit;  /**< [length] of what has these names, or NULL */
} ion_store_axis;

typedef struct {
  const char *name, *long_name, *unit;
  size_t n_dim;
  size_t dim[ION_STORE_MAX_DIM]; /**< places among the axes */
  const double *value;
} ion_store_table;

/** Texts of the file itself. */
typedef struct {
  const char *title, *summary, *program, *source; /**< source: what it was made from */
} ion_store_about;

/** Write tables to a NetCDF (CDF-5) file, as path.tmp, renamed when complete.
 *
 * @return PETSC_ERR_USER_INPUT when the path cannot be written
 */
PetscErrorCode ion_store_tables_write(const char *path, const ion_store_about *about, size_t n_axis,
                                      const ion_store_axis *axis, size_t n_table,
                                      const ion_store_table *table);

/** Lock path.lock, beside where the path leads, against a second run on the same file (fcntl; holds host and pid).
 *
 * @return PETSC_ERR_USER_INPUT naming the host and pid that hold it
 */
typedef struct ion_store_lock ion_store_lock;
PetscErrorCode ion_store_lock_take(const char *path, ion_store_lock **lock);
PetscErrorCode ion_store_lock_release(ion_store_lock **lock);

#endif
