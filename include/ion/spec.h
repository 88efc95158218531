/** @file
 * Layer 1: a YAML document as a checked tree that remembers file, line and column.
 *
 * Every error a user can make raises PETSC_ERR_USER_INPUT with one line
 * "file:line:column: what is wrong, what was allowed".
 * Not collective: each rank reads for itself.
 */
#ifndef ION_SPEC_H
#define ION_SPEC_H

#include <ion/base.h>

typedef struct ion_spec ion_spec; /**< one document; owns its nodes and texts */
typedef struct ion_node ion_node; /**< a place in a document; lives as long as the document */

typedef enum { ION_SCALAR, ION_SEQUENCE, ION_MAPPING } ion_node_kind;

/** A place in a user's file, for messages; line and column count from 1. */
typedef struct {
  const char *path;
  size_t line, column;
} ion_place;

/** A named physical quantity a user may give: what `list parameters` prints. */
typedef struct {
  const char *name;    /**< "neuron.nka.rate" */
  const char *unit;    /**< unit printed, and meant by a bare number: "fmol/s" */
  const char *meaning; /**< one line */
  double value;        /**< default, SI */
  double lower;        /**< smallest value allowed, SI */
  double upper;        /**< largest value allowed, SI */
  PetscBool is_factor; /**< may vary over a design (a rest quantity may only be `set`) */
} ion_quantity;

/** Read and parse a file; files above 64 MiB, binary or empty files are refused.
 *
 * @return PETSC_ERR_USER_INPUT for anything wrong with the file or its YAML (duplicate keys, anchors,
 * aliases, tags, a second document, more than 100 levels); the document is then NULL.
 */
PetscErrorCode ion_spec_open(const char *path, ion_spec **spec);

/** Read a text file of at most `limit` bytes, closed by a NUL. The caller frees it with PetscFree, also
 * after an error.
 *
 * @param[in]  blame  where the file is named; a file that cannot be read is reported there
 * @return PETSC_ERR_USER_INPUT when it cannot be read, is empty, too large, or holds NUL bytes
 */
PetscErrorCode ion_text_read(ion_place blame, const char *path, size_t limit, char **text,
                             size_t *length);

/** Parse a text; `name` stands for the file in messages. */
PetscErrorCode ion_spec_parse(const char *name, const char *text, size_t length, ion_spec **spec);
PetscErrorCode ion_spec_close(ion_spec **spec);

const ion_node *ion_spec_root(const ion_spec *spec);
const char *ion_spec_path(const ion_spec *spec);
const char *ion_spec_text(const ion_spec *spec);

/** The document in canonical form, without comments or layout: one line a scalar, each its path and
 * text. Two documents that mean the same give the same text. The caller frees it with PetscFree. */
PetscErrorCode ion_spec_canonical(const ion_spec *spec, char **text);

/** The text of a document with one of its scalars written otherwise; nothing else changes. The caller
 * frees it with PetscFree.
 *
 * @return PETSC_ERR_USER_INPUT at the scalar when it is quoted
 */
PetscErrorCode ion_spec_replace(const ion_node *scalar, const char *text, char **edited);

ion_node_kind ion_node_type(const ion_node *node);
size_t ion_node_count(const ion_node *node); /**< members of a mapping or sequence, else 0 */
const ion_node *ion_node_at(const ion_node *node, size_t i);          /**< i-th value */
const char *ion_node_key_at(const ion_node *node, size_t i);          /**< i-th key of a mapping */
const ion_node *ion_node_find(const ion_node *node, const char *key); /**< NULL when absent */
const char *ion_node_text(const ion_node *node); /**< text of a scalar, else NULL */

/** Raise PETSC_ERR_USER_INPUT "file:line:column: message" at a node. Use as
 * `PetscCall(ion_node_fail(node, "..."))`. */
PetscErrorCode ion_node_fail(const ion_node *node, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** As ion_node_fail, pointing at the i-th key of a mapping. */
PetscErrorCode ion_node_fail_key(const ion_node *node, size_t i, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Where a node is; the path lives as long as the document. */
ion_place ion_node_place(const ion_node *node);

/** As ion_node_fail, at a place of a file that is not YAML. */
PetscErrorCode ion_place_fail(ion_place place, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Refuse a node of another type; `what` names it in the message ("design"). */
PetscErrorCode ion_node_expect(const ion_node *node, ion_node_kind kind, const char *what);

/** Refuse any key of a mapping that is not in `allowed`, with the nearest known one as suggestion. */
PetscErrorCode ion_node_check_keys(const ion_node *node, const char *what,
                                   const char *const *allowed, size_t n_allowed);

/** Member that must be there: raises "<what> needs the key '<key>'". */
PetscErrorCode ion_node_require(const ion_node *node, const char *what, const char *key,
                                const ion_node **member);

PetscErrorCode ion_node_get_string(const ion_node *node, const char *what, const char **text);
PetscErrorCode ion_node_get_bool(const ion_node *node, const char *what, PetscBool *value);
PetscErrorCode ion_node_get_integer(const ion_node *node, const char *what, int64_t lower,
                                    int64_t upper, int64_t *value);

/** One of `n` words; `index` is its place. An unknown word raises with the nearest known one. */
PetscErrorCode ion_node_get_word(const ion_node *node, const char *what, const char *const *words,
                                 size_t n, size_t *index);

/** A number with an optional unit ("8 mM", "30 degC", "2"), checked against a quantity.
 *
 * @param[in]  quantity  its unit is meant by a bare number; its bounds are inclusive
 * @param[out] si        value in SI units
 * @param[out] unit      unit as written, or quantity->unit for a bare number; may be NULL on input;
 *                       lives as long as the document
 * @param[out] number    the number as written, in that unit; may be NULL on input
 *
 * @return PETSC_ERR_USER_INPUT for text that is no number, NaN or infinite, a unit that is unknown or
 * not convertible, or a value out of bounds.
 */
PetscErrorCode ion_node_get_quantity(const ion_node *node, const ion_units *units,
                                     const ion_quantity *quantity, double *si, const char **unit,
                                     double *number);

/** A unit a column of numbers is in: SI value = factor * number + offset. */
typedef struct {
  const char *unit; /**< borrowed */
  double factor, offset;
} ion_scale;

/** The scale of a quantity in a unit; PETSC_ERR_USER_INPUT at `place` when it has no such unit. */
PetscErrorCode ion_quantity_unit(ion_place place, const ion_units *units,
                                 const ion_quantity *quantity, const char *unit, ion_scale *scale);

/** A number, which must be the whole text, on that scale; refused as in ion_node_get_quantity. */
PetscErrorCode ion_quantity_number(ion_place place, const ion_units *units,
                                   const ion_quantity *quantity, const ion_scale *scale,
                                   const char *text, double *number, double *si);

/** The quantity of that name, or PETSC_ERR_USER_INPUT at `where` (key i of a mapping) naming the
 * nearest known one. */
PetscErrorCode ion_quantity_find(const ion_node *where, size_t i, const char *name,
                                 const ion_quantity *quantities, size_t n, size_t *index);
PetscErrorCode ion_quantity_find_at(ion_place place, const char *name,
                                    const ion_quantity *quantities, size_t n, size_t *index);

#endif
