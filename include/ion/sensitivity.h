/** @file
 * Layer 5: sensitivity indices, their intervals, and what can be said where points fail.
 *
 * The estimators know no files: they are fed outputs, statuses and positions u in the unit cube of the
 * factors. Only an ion_analysis reads a result file.
 * Not collective; no MPI. Nothing is ever imputed and nothing clipped: an index that cannot be
 * estimated is NaN. Intervals are 95 % half-widths.
 */
#ifndef ION_SENSITIVITY_H
#define ION_SENSITIVITY_H

#include <ion/design.h>
#include <ion/store.h>

/** A number and the half-width of its 95 % interval; NaN where there is none. */
typedef struct {
  double value;
  double half_width;
} ion_estimate;

/* ---- pick-freeze pairs: variance-based indices in one pass ---- */

/** How the interval of an index is made. */
typedef enum {
  ION_BY_REPLICATES, /**< delete-one jackknife over independent scrambles, Student's t */
  ION_BY_SUBBLOCKS,  /**< the same over 8 consecutive parts of one net: may be too narrow */
  ION_BY_BOOTSTRAP   /**< Poisson(1) weights on blocks: Monte Carlo error, far too wide for a net */
} ion_interval;

/** What is estimated from pairs of points. m, V: mean and variance over f_A and f_B. */
typedef enum {
  ION_FIRST_SALTELLI, /**< sum (f_B - m)(f_AB - f_A) / (N V): Saltelli et al. 2010 */
  ION_FIRST_JANSEN,   /**< 1 - sum (f_B - f_AB)^2 / (2 N V): Jansen 1999 */
  ION_FIRST_JANON,    /**< correlation of f_B and f_AB about their common mean: Janon et al. 2014 */
  ION_FIRST_AZZINI,   /**< Azzini and Rosati 2019; needs B_A */
  ION_TOTAL_JANSEN,   /**< sum (f_A - f_AB)^2 / (2 N V): Jansen 1999 */
  ION_TOTAL_JANON,    /**< 1 - correlation of f_A and f_AB: Janon et al. 2014, Monod et al. 2006 */
  ION_TOTAL_AZZINI,   /**< Azzini and Rosati 2019; needs B_A */
  ION_N_ESTIMATOR
} ion_estimator;

/** Name, meaning and source of an estimator. */
typedef struct {
  const char *name;
  const char *summary;
  const char *citation;
} ion_estimator_info;
const ion_estimator_info *ion_estimator_at(ion_estimator estimator);

/** The other measures an analysis makes, with a NULL name at the end. */
const ion_estimator_info *ion_measures(void);

/** Shape of a study of blocks. The members of a block are f_A, f_B, f_AB^1 ... f_AB^k and, with
 * `reversed`, f_BA^1 ... f_BA^k; a group of inputs that is swapped together counts as one input. */
typedef struct {
  size_t n_input;
  size_t n_replicate; /**< independent scrambles */
  uint64_t n_block;   /**< blocks of each replicate */
  PetscBool reversed;
  PetscBool second_order; /**< needs `reversed` */
  PetscBool weighted;     /**< pairs come with weights: indices of the response given success */
  double shift;           /**< subtracted from every output, near its mean: no cancellation */
  size_t n_resample;      /**< of the bootstrap, 0 for none */
  uint64_t seed;          /**< of the bootstrap */
} ion_pairs_shape;

/** Sums over the blocks of one output: about 50 k doubles a replicate, whatever the number of blocks.
 *
 * The blocks of a replicate are cut into 8 groups, and with a bootstrap these are joined into spans.
 * Blocks of one unit (group, or span) are added in order into one accumulator; the sums of a group
 * are then the same bits wherever they were made, and the groups are added in a fixed tree when
 * something is asked for. So no result depends on how units were dealt to ranks or in which order
 * accumulators are merged.
 */
typedef struct ion_pairs ion_pairs;

/** @return PETSC_ERR_ARG_INCOMP for second order without reversed members, PETSC_ERR_ARG_OUTOFRANGE for no
 * inputs, replicates or blocks */
PetscErrorCode ion_pairs_create(const ion_pairs_shape *shape, ion_pairs **pairs);
PetscErrorCode ion_pairs_destroy(ion_pairs **pairs);

/** Members of a block: k + 2 or 2 k + 2. */
size_t ion_pairs_n_member(const ion_pairs *pairs);

/** Blocks a unit: those from unit x n to unit x (n + 1) - 1 go into one accumulator, in order. */
uint64_t ion_pairs_unit(const ion_pairs *pairs);

/** Bytes held. */
size_t ion_pairs_bytes(const ion_pairs *pairs);

/** Rows of one replicate. */
typedef struct {
  size_t replicate;
  uint64_t first; /**< block of the first row */
  size_t n;
  size_t stride;               /**< from one row to the next, in values; 0: n_member */
  const double *f;             /**< [n][n_member] */
  const unsigned char *status; /**< [n][n_member] with the same stride, or NULL: all ION_OK */

  /** Weighted only: [n][2][k] of the pairs (f_A, f_AB^j), which share all but x_j, then of (f_B, f_AB^j),
   * which share x_j; with `reversed` [n][4][k], then (f_B, f_BA^j) and (f_A, f_BA^j). */
  const double *weight;
} ion_pairs_rows;

/** Add rows. A member whose status is not ION_OK, or that is not finite, is missing: the pairs it
 * belongs to are left out, all others count.
 *
 * @return PETSC_ERR_ARG_WRONGSTATE when blocks of a unit come out of order or twice
 */
PetscErrorCode ion_pairs_add(ion_pairs *pairs, const ion_pairs_rows *rows);

/** Add the groups of `from`; no group may have been fed in both. */
PetscErrorCode ion_pairs_merge(ion_pairs *into, const ion_pairs *from);

/** Which part of a study is looked at: all of it, its first half, its first quarter. */
typedef enum { ION_ALL = 0, ION_FIRST_HALF = 1, ION_FIRST_QUARTER = 2 } ion_share;

/** Estimates of an index for every input.
 *
 * @param[out] estimate  [n_input]
 */
PetscErrorCode ion_pairs_estimate(const ion_pairs *pairs, ion_estimator estimator,
                                  ion_interval interval, ion_share share, ion_estimate *estimate);

/** What is used when nothing is asked for: Saltelli 2010 (weighted pairs: Janon) or Jansen. */
ion_estimator ion_pairs_default(const ion_pairs *pairs, PetscBool total);

/** Interval that the study allows: over replicates, or sub-blocks where there is one. */
ion_interval ion_pairs_interval(const ion_pairs *pairs);

/** Second-order indices (Saltelli 2002), symmetric, NaN on the diagonal.
 *
 * @param[out] estimate  [n_input][n_input]
 */
PetscErrorCode ion_pairs_second_order(const ion_pairs *pairs, ion_interval interval,
                                      ion_estimate *estimate);

/** Closed indices of pairs of inputs: S_j + S_l + S_jl. */
PetscErrorCode ion_pairs_closed(const ion_pairs *pairs, ion_interval interval,
                                ion_estimate *estimate);

/** Scalars of the output. */
typedef struct {
  ion_estimate mean, variance;
  ion_estimate dummy;        /**< first order of an input nobody reads: truth 0, shows the noise */
  uint64_t n_value;          /**< members A and B that are there */
  uint64_t n_pair, n_paired; /**< pairs (A, A_B) of all inputs there could be, and there are */
} ion_pairs_summary;
PetscErrorCode ion_pairs_summarise(const ion_pairs *pairs, ion_interval interval,
                                   ion_pairs_summary *summary);

/** Honest words about one input. */
enum {
  ION_FIRST_NOT_FROM_ZERO = 1, /**< interval of S contains 0 */
  ION_TOTAL_NOT_FROM_ZERO = 2, /**< interval of T contains 0 */
  ION_NOT_CONVERGED       = 4  /**< S above T beyond both intervals, or T moved by more than eps */
};

/** @param[in] half  total order at half of the blocks, or NULL
 * @param[out] flags [n]
 */
void ion_indices_judge(size_t n, const ion_estimate *first, const ion_estimate *total,
                       const ion_estimate *half, double eps, unsigned *flags);

/** Inputs in order of falling value; NaN last, equal ones in order of their number. */
void ion_indices_rank(size_t n, const ion_estimate *estimate, size_t *order);

/* ---- failures ---- */

/** Small tree (CART, Gini) of where in the unit cube points fail: Breiman et al. 1984. */
typedef struct ion_tree ion_tree;

/** Grow a tree.
 *
 * @param[in] u       [k][n] positions
 * @param[in] failed  [n] 0 or 1
 */
PetscErrorCode ion_tree_create(ion_block u, const unsigned char *failed, ion_tree **tree);
PetscErrorCode ion_tree_destroy(ion_tree **tree);

/** Share of points that succeed at u [k], by the leaf it lies in. */
double ion_tree_success(const ion_tree *tree, const double *u);

/** p(x_~j): the same averaged over factor j, or over several factors that move together.
 *
 * @param[in] moves  [k] 1 for a factor that is averaged over
 */
double ion_tree_success_along(const ion_tree *tree, const double *u, const unsigned char *moves);

/** A box in which points fail. */
typedef struct {
  double *lower, *upper; /**< [k] */
  double volume;         /**< share of the cube */
  double purity;         /**< share of the points inside that fail */
  double share;          /**< share of all failures that lie inside */
} ion_box;

/** Where most points fail: one box, found by peeling and pasting (PRIM: Friedman and Fisher 1999) in
 * the same points. The caller frees it with ion_box_destroy. */
PetscErrorCode ion_box_find(ion_block u, const unsigned char *failed, ion_box *box);
PetscErrorCode ion_box_destroy(ion_box *box);

enum { ION_REGION_BIN = 64 }; /**< bins of the distributions of survivors and failures */

/** Counts of where points succeed and fail; integers, so that any order gives the same. */
typedef struct ion_region ion_region;
PetscErrorCode ion_region_create(size_t n_factor, size_t n_replicate, ion_region **region);
PetscErrorCode ion_region_destroy(ion_region **region);

/** Add points of one replicate: u [k][n], status [n]; pending points are left out. */
PetscErrorCode ion_region_add(ion_region *region, size_t replicate, ion_block u,
                              const unsigned char *status);
PetscErrorCode ion_region_merge(ion_region *into, const ion_region *from);

/** Probability of a status; interval over replicates, Wilson's where there is one. */
ion_estimate ion_region_probability(const ion_region *region, ion_status status);

/** Probability that a point fails, by whatever status but infeasible (never run). */
ion_estimate ion_region_failure(const ion_region *region);

/** Regional sensitivity of one factor (Hornberger and Spear 1981). */
typedef struct {
  double ks;      /**< sup |F(x | ok) - F(x | fails)| */
  double p_value; /**< two-sample Kolmogorov-Smirnov, Holm over the factors; indicative for nets */
  double cdf_ok[ION_REGION_BIN], cdf_failed[ION_REGION_BIN]; /**< at (bin + 1)/ION_REGION_BIN */
} ion_regional;
PetscErrorCode ion_region_regional(const ion_region *region, ion_regional *regional);

/** Correlation of two factors among the survivors; far from 0 it marks a joint condition. */
double ion_region_correlation(const ion_region *region, size_t a, size_t b);

/** P(ok | x_j) where u_j lies. */
double ion_region_success(const ion_region *region, size_t factor, double u);

/** Where p(x_~j) is not known: T^c of the unweighted pairs and what p in [p_min, 1] leaves open. */
typedef struct {
  double value, lower, upper;
} ion_bounds;
ion_bounds ion_unweighted_bounds(double unweighted, double p_min);

/* ---- one pass: sums in place of points ---- */

enum {
  ION_SUMS_LEAF   = 8, /**< blocks added one after the other; more are added in a binary tree */
  ION_SUMS_BLOCKS = 64 /**< fewest blocks of a replicate, whose number is a power of two */
};

/** What becomes of a point, told apart: any failure, one of the statuses that are failures, or a value of
 * the output `class` but the first one, which is health. */
typedef struct {
  unsigned statuses; /**< bit s: status s; 0 for a class */
  int class_;        /**< value of `class`, or -1 */
} ion_outcome;

/** What is summed over the blocks of a saltelli design. */
typedef struct {
  const ion_design *design; /**< borrowed */
  size_t n_number;          /**< outputs that are numbers */
  size_t n_class;           /**< classes but the first: values 2, 3, ... */
  size_t least_width;
} ion_sums_shape;

/** Sums over units of blocks, a unit being so many neighbouring blocks of every replicate: rows of one
 * width [n_row][width], which lie in a file where points are not kept.
 *
 * Blocks are added in a binary tree over all blocks of a replicate, whose leaves are ION_SUMS_LEAF
 * blocks: what a unit leaves is a node of it, whatever its size, so that the sums of a study are the
 * same bits wherever its units were made and however large they were.
 */
typedef struct ion_sums ion_sums;

/** What a row holds, in this order, padded with zeros:
 * NUMBER     shift, then the pair sums of an output [n_replicate][words];
 * OUTCOME    the same of the indicator of an outcome;
 * WITH       counts [n_factor][ION_REGION_BIN] of members A and B with the outcome, by place;
 * WITHOUT    the same without it; both of the first outcome, any failure, and of the classes;
 * SURVIVORS  of those that do not fail: sums of u in 2^-16 [n_factor], of products [n_factor][n_factor];
 * COUNTS     points by status [n_replicate][ION_N_STATUS], then by class [n_replicate][n_class]. */
typedef enum {
  ION_SUMS_NUMBER,
  ION_SUMS_OUTCOME,
  ION_SUMS_WITH,
  ION_SUMS_WITHOUT,
  ION_SUMS_SURVIVORS,
  ION_SUMS_COUNTS
} ion_sums_kind;

typedef struct {
  ion_sums_kind kind;
  size_t of; /**< which output, or which outcome */
} ion_sums_row;

/** @return PETSC_ERR_ARG_INCOMP unless the design is made of pairs, in a power of two of blocks, at least
 * ION_SUMS_BLOCKS */
PetscErrorCode ion_sums_create(const ion_sums_shape *shape, ion_sums **sums);
PetscErrorCode ion_sums_destroy(ion_sums **sums);

size_t ion_sums_n_row(const ion_sums *sums);
size_t ion_sums_width(const ion_sums *sums);
ion_sums_row ion_sums_row_at(const ion_sums *sums, size_t row);
size_t ion_sums_find(const ion_sums *sums, ion_sums_kind kind, size_t of); /**< its row */
size_t ion_sums_n_outcome(const ion_sums *sums);
ion_outcome ion_sums_outcome(size_t outcome);

/** Begin a unit. shift [n_number]: near the mean of each output; the same for all units, or they do not join bit for
 * bit. */
PetscErrorCode ion_sums_start(ion_sums *sums, const double *shift);

/** Blocks of all replicates, point by point as the design orders them. */
typedef struct {
  uint64_t first;              /**< block, a multiple of ION_SUMS_LEAF */
  size_t n;                    /**< blocks, the same */
  const double *const *number; /**< [n_number] of [n][n_replicate][n_member] */
  const double *class_;        /**< the same, or NULL where there are no classes */
  const unsigned char *status; /**< the same */
} ion_sums_points;

/** Add blocks, in their order. */
PetscErrorCode ion_sums_add(ion_sums *sums, const ion_sums_points *points);

/** Rows [n_row][width] of the unit: a power of two of leaves. */
PetscErrorCode ion_sums_store(const ion_sums *sums, ion_block rows);

/** One row of neighbouring units to that row of all of them together. Where units of an output have different
 * shifts, that of the first one counts, and the others' sums are moved to it: exact but for rounding.
 *
 * @param[in]  unit  [n][width]
 * @param[out] sum   [width]
 */
PetscErrorCode ion_sums_merge(const ion_sums *sums, size_t row, size_t n, const double *unit,
                              double *sum);

/** Sums of pairs of a NUMBER or OUTCOME row, from its 8 consecutive parts, whose shifts may differ.
 *
 * @param[in] part     [8][width]
 * @param[in] n_block  blocks of each replicate in all parts together
 */
PetscErrorCode ion_sums_pairs(const ion_sums *sums, size_t row, const double *part,
                              uint64_t n_block, ion_pairs **pairs);

/** Rows of an outcome, merged over all units: [width], or NULL. */
typedef struct {
  const double *outcome;
  const double *with, *without; /**< NULL where it is not told apart by place */
  const double *survivors;      /**< of any failure; else NULL, and no correlation is known */
} ion_sums_place;
PetscErrorCode ion_sums_region(const ion_sums *sums, const ion_sums_place *place,
                               ion_region **region);

/* ---- screening and gradients ---- */

/** Elementary effects of one input. */
typedef struct {
  ion_estimate mu_star; /**< mean of |EE| */
  ion_estimate mu;      /**< mean of EE; NaN for a group, for which it is not defined */
  ion_estimate sigma;   /**< standard deviation of EE; NaN for a group */
  uint64_t n;           /**< effects that are there */
} ion_morris;

/** Morris 1991, Campolongo et al. 2007; intervals by bootstrap over trajectories.
 *
 * @param[in]  effect    [n_input][n_trajectory]; NaN is missing
 * @param[in]  is_group  [n_input] or NULL
 * @param[out] morris    [n_input]
 */
PetscErrorCode ion_morris_indices(ion_block effect, const unsigned char *is_group, uint64_t seed,
                                  ion_morris *morris);

/** Parts of a sample for jackknives: points i % n_replicate, or 8 consecutive ranges where that is 1. */
typedef struct {
  size_t n_point, n_replicate;
} ion_parts;

/** Derivative-based measure of one factor (Sobol and Kucherenko 2009). */
typedef struct {
  ion_estimate nu;       /**< E[(dq/dx)^2] */
  ion_estimate bound;    /**< C nu / V, an upper bound of the total index */
  double median;         /**< of (dq/dx)^2 */
  double largest_share;  /**< of the largest 1 % of points in the sum */
  PetscBool is_infinite; /**< largest_share > 0.5: the mean has no finite limit that is seen here */
} ion_dgsm;

/** @param[in] gradient  [k][n]; columns with a NaN are missing
 * @param[in]  poincare  [k] C: (b - a)^2/pi^2 of a uniform, sigma^2 of a normal factor
 * @param[in]  variance  V of the output
 */
PetscErrorCode ion_dgsm_indices(ion_block gradient, const double *poincare, double variance,
                                size_t n_replicate, ion_dgsm *dgsm);

/** Active subspace of E[g g^T] (Constantine et al. 2014).
 *
 * @param[in]  gradient    [k][n], by u
 * @param[in]  n_active    eigenvectors the activity scores use (Constantine and Diaz 2017)
 * @param[out] eigenvalue  [k] falling
 * @param[out] vector      [k][k] row i is the eigenvector of eigenvalue i, largest component positive
 * @param[out] activity    [k]
 */
PetscErrorCode ion_active_subspace(ion_block gradient, size_t n_replicate, size_t n_active,
                                   ion_estimate *eigenvalue, double *vector,
                                   ion_estimate *activity);

/* ---- from given data: survivors, imported samples ---- */

/** Measures of one factor that need no design. */
typedef struct {
  ion_estimate first;         /**< Var E[Y|x]/Var Y by ranks: Gamboa et al. 2022 */
  ion_estimate first_easi;    /**< the same by EASI: Plischke 2010, Tissot and Prieur 2012 */
  ion_estimate delta;         /**< Borgonovo 2007, binned, bias-corrected (Plischke et al. 2013) */
  double pawn_mean, pawn_max; /**< Kolmogorov distance over slices: Pianosi and Wagener 2018 */
} ion_given;

/** Points must be independent of each other: of a block only A and B, never A_B^j, which share inputs.
 *
 * @param[in]  x  [k][n] factor values, in any monotone scale
 * @param[in]  y  [n]; points that are not finite are left out
 * @param[out] given  [k + 1]; the last one is a dummy: a random order of the points
 */
PetscErrorCode ion_given_data(ion_block x, const double *y, size_t n_replicate, uint64_t seed,
                              ion_given *given);

/* ---- a result file ---- */

/** Axes of the tables of an analysis. */
typedef enum {
  ION_AXIS_OUTPUT,
  ION_AXIS_FACTOR,   /**< inputs (factors and groups), then the dummy */
  ION_AXIS_FACTOR_2, /**< the same */
  ION_AXIS_COLUMN,   /**< factors one by one, then the dummy */
  ION_AXIS_REASON,   /**< why points fail: any status, each status, each class but the first */
  ION_AXIS_STAGE,    /**< all blocks, the first half, the first quarter */
  ION_AXIS_POSITION, /**< u from 0 to 1 */
  ION_N_AXIS
} ion_analysis_axis;

typedef struct ion_analysis ion_analysis;

/** Analyse a result file: all that its design allows. Not collective.
 *
 * @param[in] of  outputs to look at, commas between, globs allowed; NULL for all numbers
 *
 * @return PETSC_ERR_USER_INPUT with one line for a file that is none of ours, an output that is not in it,
 * a design that carries no indices
 */
PetscErrorCode ion_analysis_create(const char *path, const char *of, ion_analysis **analysis);

/** Failures and variance-based indices alone, which cost little beside the rest: of a saltelli design. */
PetscErrorCode ion_analysis_create_indices(const char *path, const char *of,
                                           ion_analysis **analysis);
PetscErrorCode ion_analysis_destroy(ion_analysis **analysis);

const char *ion_analysis_title(const ion_analysis *analysis);
const ion_design *
ion_analysis_design(const ion_analysis *analysis); /**< NULL for imported points */
const ion_store_axis *ion_analysis_axis_at(const ion_analysis *analysis, ion_analysis_axis axis);

/** A table by name, NULL where the design or the file does not give it; values [axis]... in the order of
 * its axes, NaN where not defined. */
const ion_store_table *ion_analysis_table(const ion_analysis *analysis, const char *name);
size_t ion_analysis_n_table(const ion_analysis *analysis);
const ion_store_table *ion_analysis_table_at(const ion_analysis *analysis, size_t i);

/** What a reader must know before trusting a number, one line each; NULL past the last. */
const char *ion_analysis_warning(const ion_analysis *analysis, size_t i);

/** Write all tables. @return PETSC_ERR_USER_INPUT when the path cannot be written */
PetscErrorCode ion_analysis_write(const ion_analysis *analysis, const char *path);

#endif
