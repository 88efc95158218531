/* Sums over blocks of pick-freeze pairs. */
#ifndef ION_PAIRS_IMPL_H
#define ION_PAIRS_IMPL_H

#include "sensitivity_impl.h"

/* A side is (own, other, mixed): (f_A, f_B, f_AB), and (f_B, f_A, f_BA) of reversed members. All f are
 * less the shift. Sums of complete blocks without weights: scalars, then an array [k] each. */
enum { FULL_N, FULL_A, FULL_AA, FULL_B, FULL_BB, FULL_AB, FULL_GAP2, N_FULL_SCALAR = 8 };
enum {
  FULL_D,  /* d = mixed - own */
  FULL_DD, /* d^2 */
  FULL_BD, /* other d */
  FULL_EE, /* (mixed - other)^2 */
  FULL_SS, /* mixed^2 */
  N_FULL_ARRAY
};

/* The same of any blocks. */
enum {
  SUM_NA,
  SUM_A,
  SUM_AA,
  SUM_NB,
  SUM_B,
  SUM_BB,
  SUM_NAB,  /* both there */
  SUM_AB,   /* f_A f_B */
  SUM_GAP,  /* f_A + f_B */
  SUM_GAP2, /* (f_A - f_B)^2 */
  N_SUM_SCALAR = 16
};
enum {
  SUM_TW,  /* pairs (own, mixed): weights w */
  SUM_TDD, /* w d^2 */
  SUM_TS,  /* w (own + mixed) */
  SUM_TSS, /* w (own^2 + mixed^2) */
  SUM_SN,  /* triples (own, other, mixed) */
  SUM_SBD, /* other d */
  SUM_SD,  /* d */
  SUM_PW,  /* pairs (other, mixed): weights w */
  SUM_PEE, /* w (mixed - other)^2 */
  SUM_PS,  /* w (other + mixed) */
  SUM_PSS, /* w (other^2 + mixed^2) */
  SUM_TN,  /* pairs (own, mixed) that are there */
  N_SUM_ARRAY
};

/* Of reversed studies, arrays [k] behind the others, of quadruples (f_A, f_B, f_AB, f_BA):
 * count, sum (f_B - f_BA)^2 + (f_A - f_AB)^2, (f_BA - f_B)(f_A - f_AB), (f_A - f_B)^2 + (f_BA - f_AB)^2. */
enum { QUAD_N, QUAD_T, QUAD_S, QUAD_V, N_QUAD };

/* Of second order, matrices [k][k] behind those: count, sum f_BA^j f_AB^l - f_A f_B, and
 * f_BA^j + f_AB^l - f_A - f_B. */
enum { CROSS_N, CROSS_P, CROSS_Q, N_CROSS };

/* Of a resample. Blocks without weights and failures share the count BOOT_FULL. */
enum { BOOT_FULL, BOOT_NA, BOOT_A, BOOT_AA, BOOT_NB, BOOT_B, BOOT_BB, N_BOOT_SCALAR = 8 };
enum {
  BOOT_BD, /* other d; with weights w other mixed */
  BOOT_D,  /* d;       with weights w (other + mixed)/2 */
  BOOT_DD, /* w d^2 */
  N_BOOT_SHORT,
  BOOT_SN = N_BOOT_SHORT, /* counts or weights of the first two */
  BOOT_TW,                /* and of the third */
  N_BOOT_ARRAY
};

struct ion_pairs {
  ion_pairs_shape shape;
  size_t n_member;
  uint64_t group_size;                   /* blocks a group */
  size_t n_span;                         /* spans a replicate; 0 without a bootstrap */
  size_t full_size, sum_size, boot_size; /* doubles */
  double *full;                          /* [n_replicate][ION_PART][full_size] */
  double *sum;                           /* [n_replicate][ION_PART][sum_size] */
  double *boot;                          /* [n_replicate][n_span][n_resample][boot_size] */
  uint64_t *n_fed;                       /* [n_replicate][ION_PART] blocks added */
  double *scratch;                       /* one block: [full_size], [sum_size], [boot_size] */
};

/* Offsets. */
static inline size_t ion_full_at(const ion_pairs *p, size_t array)
{
  return N_FULL_SCALAR + array * p->shape.n_input;
}
static inline size_t ion_sum_at(const ion_pairs *p, size_t array)
{
  return N_SUM_SCALAR + array * p->shape.n_input;
}
static inline size_t ion_quad_at(const ion_pairs *p, size_t array)
{
  return ion_sum_at(p, N_SUM_ARRAY + array);
}
static inline size_t ion_cross_at(const ion_pairs *p, size_t matrix)
{
  return ion_quad_at(p, N_QUAD) + matrix * p->shape.n_input * p->shape.n_input;
}
static inline size_t ion_boot_at(const ion_pairs *p, size_t array)
{
  return N_BOOT_SCALAR + array * p->shape.n_input;
}

/* One block. */
typedef struct {
  const double *f;             /* [n_member] */
  const unsigned char *status; /* [n_member] or NULL */
  const double *weight;        /* [sides][2][k] or NULL */
} pairs_block;

/* Add a block to sums laid out as above. */
void ion_pairs_add_full(const ion_pairs *p, const double *f, double *full);
void ion_pairs_add_partial(const ion_pairs *p, const pairs_block *block, double *sum);
void ion_pairs_add_cross(const ion_pairs *p, const pairs_block *block, double *sum);
PetscBool ion_pairs_is_full(const ion_pairs *p, const pairs_block *block);

/* Add a block to every resample of a span. */
void ion_pairs_resample(const ion_pairs *p, const pairs_block *block, PetscBool is_full,
                        uint64_t key, double *boot);

/* A group by itself: its sums [ion_pairs_words] in one array, as rows of so many values add to them. */
size_t ion_pairs_words(const ion_pairs *p);
void ion_pairs_reduce(const ion_pairs *p, const ion_pairs_rows *rows, double *words);

/* The same sums about a shift that is greater by so much. */
void ion_pairs_move(const ion_pairs *p, double by, double *words);

/* Put the sums of a group in their place; it counts as fed. */
void ion_pairs_put(ion_pairs *p, size_t replicate, size_t group, const double *words);

/* Which groups are added up; SIZE_MAX leaves out none. */
typedef struct {
  ion_share share;
  size_t without_replicate, without_part;
} pairs_selection;

/* All sums [sum_size] of a selection, complete blocks included. */
PetscErrorCode ion_pairs_gather(const ion_pairs *p, const pairs_selection *selection, double *sum);

/* Sums of one resample [boot_size]; PETSC_FALSE where the spans are coarser than the share. */
PetscBool ion_pairs_gather_resample(const ion_pairs *p, ion_share share, size_t resample,
                                    double *boot);

#endif
