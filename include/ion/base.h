/** @file
 * Layer 0: physical constants, the block of rows over points, units, random streams.
 *
 * Everything inside the program is in SI units (mol m^-3 equals mM).
 */
#ifndef ION_BASE_H
#define ION_BASE_H

#include <petscsys.h>

#include <stddef.h>
#include <stdint.h>

#if PETSC_VERSION_LT(3, 19, 0) && !defined(PETSC_SUCCESS)
#define PETSC_SUCCESS 0
#endif

#define ION_GAS_CONSTANT 8.314462618 /**< R, J mol^-1 K^-1 (CODATA 2018) */
#define ION_FARADAY 96485.33212      /**< F, C mol^-1 (CODATA 2018) */

/** Rows are padded to this many points, so that a vector loop never leaves a row. */
#define ION_PAD 8

#define ION_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/** What became of a point; the values are those of the variable `status` in a result file. */
typedef enum {
  ION_PENDING        = 0,
  ION_OK             = 1,
  ION_NO_STATE_FOUND = 2,
  ION_DOMAIN_ERROR   = 3,
  ION_TIMED_OUT      = 4,
  ION_CRASHED        = 5,
  ION_INFEASIBLE     = 6,
  ION_NOT_NEEDED     = 7,
  ION_N_STATUS       = 8
} ion_status;

/** flag_meanings of a status: "pending", "ok", ... */
const char *ion_status_name(ion_status status);

/** Rows over points: row r, point p is data[r * stride + p]; the point index is contiguous. */
typedef struct {
  double *data; /**< 64-byte aligned */
  size_t n_row;
  size_t n_point; /**< points in use */
  size_t stride;  /**< points allocated per row, a multiple of ION_PAD */
} ion_block;

static inline double *ion_row(ion_block block, size_t row)
{
  return block.data + row * block.stride;
}

/** Allocate a zero-filled block [n_row][n_point]. Not collective.
 *
 * @return PETSC_ERR_MEM when there is no memory; the block is then empty and may be destroyed.
 */
PetscErrorCode ion_block_create(size_t n_row, size_t n_point, ion_block *block);

/** Free the rows; an empty or already destroyed block is allowed. */
PetscErrorCode ion_block_destroy(ion_block *block);

/** Unit system: UDUNITS-2 plus the names physiologists write (M for mol/L, mM, Osm, mOsm). */
typedef struct ion_units ion_units;

PetscErrorCode ion_units_create(ion_units **units);
PetscErrorCode ion_units_destroy(ion_units **units);

/** Linear map from a unit to SI: value_SI = factor * value + offset.
 *
 * @param[in]  name    unit as a user writes it: "mM", "pL/s", "degC", "/ms", "1"
 * @param[in]  like    a unit it must be convertible to, or NULL for any
 * @param[out] factor  SI units per unit
 * @param[out] offset  SI value of zero (273.15 for degC), else 0
 * @param[out] known   PETSC_FALSE when the unit is unknown or not convertible to `like`
 */
PetscErrorCode ion_units_to_si(const ion_units *units, const char *name, const char *like,
                               double *factor, double *offset, PetscBool *known);

/** The same unit spelled for plain UDUNITS-2 readers: "mM" becomes "(mmol/L)" as a factor of a
 * product and "mmol/L" alone, degC stays. Writes at most `size` bytes. */
PetscErrorCode ion_units_portable(const char *name, char *text, size_t size);

/** Uniform number in the open interval (0, 1), a pure function of its key (Random123 Philox 4x64-10).
 *
 * @param[in] seed    study
 * @param[in] point   index of the point
 * @param[in] stream  factor, or any other independent stream
 */
double ion_random_uniform(uint64_t seed, uint64_t point, uint64_t stream);

/** The 256 random bits behind that number. */
void ion_random_words(uint64_t seed, uint64_t point, uint64_t stream, uint64_t words[4]);

/** The nearest of `n` known names by edit distance, or NULL when none is near enough to suggest. */
const char *ion_nearest_name(const char *name, const char *const *known, size_t n);

/** Words with blanks between, as flag_meanings holds them; NULL has none. */
size_t ion_word_count(const char *words);

/** Word `i` of them, counted from 0, copied into word [size], which is returned; "" past the last one. */
const char *ion_word_at(const char *words, size_t i, char *word, size_t size);

#endif
