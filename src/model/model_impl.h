/* What the files of src/model share. */
#ifndef ION_MODEL_IMPL_H
#define ION_MODEL_IMPL_H

#include <ion/model.h>

#define ION_MAX_GATES 4   /* gates of one process */
#define ION_MAX_SCALES 4  /* multipliers of one process */
#define ION_MAX_FIELDS 64 /* membranes times valences that constant-field laws use */

/* Memory that lives as long as the model: blocks in a list, freed together. */
typedef struct ion_arena_block ion_arena_block;

typedef struct {
  ion_quantity *item;
  size_t n, capacity;
} ion_quantity_list;

/* Where a theta row or a rest row stands; a rest row is an index into the rest quantities. */
typedef enum { ION_X_NEUTRAL, ION_X_ISOSMOLAR } ion_impermeant_amount;

typedef struct {
  const ion_node *where;
  int capacitance_row; /* theta, F */
  int length_row;      /* theta, m: cylinder whose radius follows the volume; or -1 */
  int area_row;        /* theta, m^2: membrane of fixed area; or -1 */
  int valence_row;     /* theta: Q_X = valence n_X; or -1: Q_X closes the charge at rest */
  ion_impermeant_amount amount;
  int rest_V, rest_w;        /* rest rows */
  int composition_w;         /* theta row, m^3; -1 for an infinite bath */
  double X_rest;             /* impermeant solute, mol m^-3 at rest */
  double Q_rest;             /* its charge density at rest, mol m^-3 */
  int charge_row, water_row; /* rows of F, or -1 */
  int water_process;         /* or -1 */
  int neutral_pool;          /* ion whose balance follows from electroneutrality, or -1 */
} ion_compartment_detail;

typedef struct {
  int rest_c;        /* rest row, mol m^-3 */
  int composition_c; /* theta row */
  int balance;       /* pool that balances a change of composition, or -1 */
} ion_pool_detail;

typedef struct {
  const char *name;
  int power;
  PetscBool is_dynamic;
  PetscBool is_on_volume; /* a function of w/w_rest instead of V */
  int of_process, of;     /* a function of gate `of` of that process instead of V, or -1 */
  int row_over;           /* in time, of such a gate: scratch row of (dg/dn)/g */
  int dynamic;            /* index among the model's dynamic gates */
  int q10_row;            /* theta, or -1 */
  int n_rate;             /* 2: alpha and beta; 1: steady state given directly */
  ion_gate_form form[2];
  int theta[2][3]; /* theta rows of rate, midpoint, width */
  int prep[2][3];  /* prepared rows */
  int q_prep;      /* prepared row of its Q10 factor, or -1 */
} ion_gate;

typedef struct {
  const ion_node *where;
  const ion_node *calibration; /* {times, of} of a split, or NULL */
  PetscBool calibrated;
  PetscBool per_area;
  PetscBool at_equilibrium; /* its affinity is a row of F, and its rate is zero at a steady state */
  double times;             /* of a split: J = times * sum of the rates of `of` */
  int of[8];
  int n_of;
  int q10_row;
  int scale_row[ION_MAX_SCALES];
  int n_scale;
  int prefactor_row[ION_MAX_PARAM];
  int n_prefactor;
  int calibrated_row;           /* theta row that calibration solves, or -1 */
  int param_row[ION_MAX_PARAM]; /* theta rows of the other parameters, in order */
  int n_param;
  int K_eq_row;
  int nu[ION_MAX_REACTANT], z[ION_MAX_REACTANT];
  unsigned char inside[ION_MAX_REACTANT];
  ion_stoich stoich[ION_MAX_REACTANT];
  int inner, outer; /* compartments of its membrane; outer -1 where it has none */
  double A_rest;
  ion_gate gate[ION_MAX_GATES];
  int n_gate;
  int field; /* constant-field rows it uses, or -1 */
  /* prepared rows */
  int prep_prefactor, prep_A0, prep_param[ION_MAX_PARAM], prep_source;
  /* scratch rows */
  int row_dA, row_dv, row_dlnc[ION_MAX_REACTANT];
  int row_gate[ION_MAX_GATES]; /* steady value; + 1 derivative by V; + 2 relaxation rate */
  int row_bare;                /* rate without gates; where it has gates */
  int row_dlnw;                /* derivative by ln w of its volume through its gates, or -1 */
  size_t first_total, n_total; /* total derivatives by unknowns */
} ion_process_detail;

/* dJ_r/dx_u: a scratch row times a coefficient. */
typedef struct {
  int x;
  double coefficient;
  int row;
} ion_total;

/* How ln c of a pool depends on unknowns: coefficient, times a scratch row unless row < 0. */
typedef struct {
  int x;
  double coefficient;
  int row;
} ion_chain;

#define ION_MAX_CHAIN 8

typedef enum {
  ION_POOL_DIRECT,    /* x = ln c */
  ION_POOL_PAIR,      /* x = logit of its share of a pair that shares a total */
  ION_POOL_PARTNER,   /* the other one of that pair */
  ION_POOL_REMAINDER, /* total less the other members, in one compartment */
  ION_POOL_CLAMPED
} ion_pool_rule;

typedef struct {
  ion_pool_rule rule;
  int moiety;  /* of a pair or remainder */
  int partner; /* pool */
  int share;   /* scratch row of s = a/(a+b); + 1: 1 - s; (pair) */
  int inverse; /* scratch row of 1/c (remainder) */
  ion_chain chain[ION_MAX_CHAIN];
  int n_chain;
  int row_F;       /* its row of F, or -1 */
  int amount;      /* scratch row of n = c w, or -1 (clamped) */
  int over_amount; /* in time: scratch row of 1/n (pair: of 1/(n_a (1 - s))) */
} ion_pool_plan;

/* One step of the straight-line program that assembles F and dF/dx. */
typedef enum { ION_OP_PRODUCT, ION_OP_SUM } ion_op_code;

/* PRODUCT: dst = coefficient[0] * src[0] * src[1]; SUM: dst = sum_k coefficient[k] src[k].
 * A source is a scratch row, or the prepared row ~source where negative. */
typedef struct {
  ion_op_code code;
  int dst;
  int n;
  size_t first; /* in the lists of sources and coefficients */
} ion_op;

typedef struct {
  ion_op *op;
  size_t n_op, op_capacity;
  int *src;
  double *coefficient;
  size_t n_src, src_capacity;
} ion_program;

/* coefficient * a * b / c, rows as in a program; 0 where c is. */
typedef struct {
  int i, x; /* entry of J, or of M */
  PetscBool is_mass;
  double coefficient;
  int a, b, c;
  size_t order;
} ion_dynamics_term;

/* The linearised dynamics. */
typedef struct {
  ion_dynamics_pattern about;
  ion_dynamics_term *term; /* sorted by entry */
  size_t n_term;
  size_t *start; /* [n_entry + 1] */
  int *row, *col;
  unsigned char *dynamic;
} ion_dynamics;

typedef struct {
  int inner, outer, z;
  int row_u, row_e, row_B, row_dB;
} ion_field_rows;

/* In time: the pool whose amount follows from a constraint over amounts, that of the charge of a cell
 * (sum z n + Q_X - C V/F = 0) or of a conserved total. */
typedef struct {
  int pool;
  int compartment; /* of the charge, or -1 */
  int moiety;      /* or -1 */
  size_t n_term;   /* the other pools of the constraint */
  int *term;
  double *coefficient; /* [n_term] over that of the closing pool */
  double share;        /* 1 over the coefficient of the closing pool */
} ion_closing;

struct ion_model {
  ion_arena_block *arena;
  const char *name, *title, *citation;
  const ion_units *units;
  double T_ref;

  ion_quantity_list theta, rest;
  ion_quantity *quantity; /* theta then rest, after create */
  size_t n_quantity, n_theta;
  double *override_; /* [n_theta] value set before setup, NaN where none */
  double *reference; /* [n_theta] values at which rest is steady */
  int dG0_row, dH0_row;
  int n_parameter; /* rows of the model's own parameters: 1 ... n_parameter */

  ion_network network;
  ion_compartment *compartment;
  ion_compartment_detail *compartment_detail;
  ion_species *species;
  int *element_count; /* [n_species][n_element] */
  size_t n_element;
  const char **element;
  ion_pool *pool;
  ion_pool_detail *pool_detail;
  ion_pool_plan *plan;
  ion_process *process;
  ion_process_detail *process_detail;
  ion_moiety *moiety;
  int *moiety_dependent; /* pool whose row of S depends on the others */
  ion_bound *bound;

  /* layout */
  size_t n_state;
  const char **state_name;
  double *x_rest;
  int *row_kind_equilibrium; /* [n_state] process whose affinity row i is, or -1 */
  double *row_scale;         /* [n_state] */
  int *row_pool;             /* [n_state] pool whose balance row i is, or -1 */
  ion_pattern pattern;
  int *pattern_start, *pattern_col;
  ion_total *total;
  size_t n_total;
  ion_field_rows field[ION_MAX_FIELDS];
  int n_field;
  ion_program residual_program, jacobian_program;
  ion_dynamics dynamics;

  /* prepared rows */
  size_t n_prepared;
  int prep_T, prep_RT_F, prep_tau, prep_inverse_RT, prep_dG0, prep_zero, prep_one, prep_W;
  int *prep_q10;                    /* [n_parameter + 1] factor of a Q10 parameter, or -1 */
  int *prep_capacitance;            /* [n_compartment] C (R T_ref/F)/F, mol per unit of x_V */
  int *prep_nX, *prep_QX, *prep_cX; /* [n_compartment]; cX: fixed osmolarity of X in a bath */
  int *prep_w;                      /* [n_compartment] fixed volumes */
  int *prep_area;                   /* [n_compartment] 2 sqrt(pi L) or the fixed area, or -1 */
  int *prep_total;                  /* [n_moiety] */
  int *prep_ln_total;
  int *prep_c, *prep_ln_c; /* [n_pool] clamped concentrations */

  /* scratch rows of a work */
  size_t n_scratch;
  int row_c, row_ln_c, row_V, row_v, row_w, row_Pi, row_J, row_A, row_F, row_jac, row_gate;
  int *row_inv_w; /* [n_compartment], or -1 */
  int *row_area;  /* [n_compartment], or -1 */
  int *row_dw;    /* [n_compartment] of a remainder: first of its -w_j rows; unused: -1 */

  /* the network in time (motion.c): unknowns are ln n instead of ln c, then the gates */
  PetscBool in_time;
  int row_moving;            /* [3 n_gate] dg/dt, its derivative by V, 1/g */
  int row_ln_w;              /* [n_compartment] */
  int *row_over_capacitance; /* [n_compartment] 1/(C R T_ref/F^2), per mol */
  ion_closing *closing;      /* in the order in which they can be solved */
  size_t n_closing;
};

/* arena.c */
void *ion_model_alloc(ion_model *model, size_t size); /* zeroed; NULL when there is no memory */
const char *ion_model_format(ion_model *model, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
PetscErrorCode ion_model_add_quantity(ion_model *model, ion_quantity_list *list, const char *name,
                                      const char *unit, const char *meaning, double value,
                                      double lower, double upper, int *row);

void ion_model_free_arena(ion_model *model);

/* read.c: sections of a model file */
PetscErrorCode ion_model_read_header(ion_model *model, const ion_node *root);
PetscErrorCode ion_model_read_species(ion_model *model, const ion_node *root);
PetscErrorCode ion_model_read_homeostasis(ion_model *model, const ion_node *root);

/* A number with a unit that is no quantity of its own, in SI. */
PetscErrorCode ion_model_read_number(const ion_model *model, const ion_node *node, const char *name,
                                     const char *unit, double lower, double upper, double *si);

/* read_readings.c */
PetscErrorCode ion_model_read_readings(ion_model *model, const ion_node *root);

/* read_compartment.c */
PetscErrorCode ion_model_read_compartments(ion_model *model, const ion_node *root);

/* read_process.c, read_gate.c */
PetscErrorCode ion_model_read_processes(ion_model *model, const ion_node *root);
PetscErrorCode ion_model_read_gates(ion_model *model, const ion_node *gates, size_t process);

/* read_equation.c */
PetscErrorCode ion_model_read_equation(ion_model *model, const ion_node *node, const char *text,
                                       const ion_node *sources, size_t process);
PetscErrorCode ion_model_check_balance(const ion_model *model, const ion_node *node,
                                       size_t process);

int ion_model_find_compartment(const ion_model *model, const char *name);
int ion_model_find_species(const ion_model *model, const char *name);
int ion_model_find_pool(const ion_model *model, int compartment, int species);
int ion_model_find_process(const ion_model *model, int compartment, const char *name);

/* moiety.c */
PetscErrorCode ion_model_find_moieties(ion_model *model);

/* rest.c */
PetscErrorCode ion_model_check_rest(ion_model *model);
double ion_model_rest_value(const ion_model *model, int rest_row);

/* layout.c */
PetscErrorCode ion_model_layout(ion_model *model);

/* assemble.c */
PetscErrorCode ion_model_assemble(ion_model *model);

/* dynamics.c */
PetscErrorCode ion_model_list_dynamics(ion_model *model);

/* program.c */
PetscErrorCode ion_program_product(ion_program *program, int dst, double coefficient, int a, int b);
PetscErrorCode ion_program_sum(ion_program *program, int dst, int n, const int *src,
                               const double *coefficient);
PetscErrorCode ion_program_destroy(ion_program *program);
void ion_program_run(const ion_program *program, ion_block scratch, ion_block prepared,
                     size_t n_point);

/* calibrate.c: prefactors from the resting state, and the scales of the balance rows */
PetscErrorCode ion_model_calibrate(ion_model *model);

/* closing.c */
PetscErrorCode ion_closing_choose(ion_model *model);

/* Prepared row of the capacitance whose charge is part of the sum, which an electroneutral composition
 * leaves out. */
int ion_closing_capacitance(const ion_model *model, const ion_closing *closing);

/* evaluate.c: concentrations, potentials, osmolarities, rates and their partial derivatives */
void ion_model_rates(const ion_model *model, ion_block prepared, ion_block x, size_t n_point,
                     unsigned what, ion_block scratch);

#endif
