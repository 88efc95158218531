/* A table of named cases: each is a function returning PetscErrorCode that calls CHECK macros.
 * Every case runs; a failed check names file, line and what was seen; main returns 1 if any failed. */
#ifndef ION_TEST_H
#define ION_TEST_H

#include <petscsys.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct {
  const char *name;
  PetscErrorCode (*run)(void);
} ion_test_case;

static int ion_test_failures = 0;

#define CHECK(condition)                                                                           \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      ion_test_failures++;                                                                         \
      fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition);                      \
    }                                                                                              \
  } while (0)

/* |a - b| <= tolerance; NaN fails. */
#define CHECK_NEAR(a, b, tolerance)                                                                \
  do {                                                                                             \
    const double ion_a_ = (a), ion_b_ = (b), ion_t_ = (tolerance);                                 \
    if (!(fabs(ion_a_ - ion_b_) <= ion_t_)) {                                                      \
      ion_test_failures++;                                                                         \
      fprintf(stderr, "%s:%d: %s = %.17g, %s = %.17g, differ by %.3g > %.3g\n", __FILE__,          \
              __LINE__, #a, ion_a_, #b, ion_b_, fabs(ion_a_ - ion_b_), ion_t_);                    \
    }                                                                                              \
  } while (0)

/* |a - b| <= tolerance |b| */
#define CHECK_RELATIVE(a, b, tolerance) CHECK_NEAR(a, b, (tolerance)*fabs(b))

/* The call raises this error code; what it prints is kept in ion_test_message. */
static char ion_test_message[2048];

static inline PetscErrorCode ion_test_catch(MPI_Comm comm, int line, const char *fun,
                                            const char *file, PetscErrorCode code,
                                            PetscErrorType type, const char *message, void *context)
{
  (void)comm;
  (void)line;
  (void)fun;
  (void)file;
  (void)context;
  if (type == PETSC_ERROR_INITIAL && message)
    snprintf(ion_test_message, sizeof ion_test_message, "%s", message);
  return code;
}

#define CHECK_RAISES(code, call)                                                                   \
  do {                                                                                             \
    PetscErrorCode ion_code_;                                                                      \
    ion_test_message[0] = '\0';                                                                    \
    PetscCall(PetscPushErrorHandler(ion_test_catch, NULL));                                        \
    ion_code_ = (call);                                                                            \
    PetscCall(PetscPopErrorHandler());                                                             \
    if (ion_code_ != (code)) {                                                                     \
      ion_test_failures++;                                                                         \
      fprintf(stderr, "%s:%d: %s returned %d, not %s; said: %s\n", __FILE__, __LINE__, #call,      \
              (int)ion_code_, #code, ion_test_message);                                            \
    }                                                                                              \
  } while (0)

/* The message of the last CHECK_RAISES contains this text. */
#define CHECK_SAID(text)                                                                           \
  do {                                                                                             \
    if (!strstr(ion_test_message, text)) {                                                         \
      ion_test_failures++;                                                                         \
      fprintf(stderr, "%s:%d: message lacks \"%s\": %s\n", __FILE__, __LINE__, text,               \
              ion_test_message);                                                                   \
    }                                                                                              \
  } while (0)

/* Run all cases of a table (or the one named by `-case NAME`) after PetscInitialize. */
static inline int ion_test_main(int argc, char **argv, const ion_test_case *cases, size_t n)
{
  char only[256]   = "";
  PetscBool chosen = PETSC_FALSE;

  PETSC_COMM_WORLD = MPI_COMM_NULL;
  if (MPI_Init(&argc, &argv)) return 1;
  PETSC_COMM_WORLD = MPI_COMM_SELF;
  if (PetscInitialize(&argc, &argv, NULL, NULL)) return 1;
  if (PetscOptionsGetString(NULL, NULL, "-case", only, sizeof only, &chosen)) return 1;
  for (size_t i = 0; i < n; i++) {
    const int before = ion_test_failures;

    if (chosen && strcmp(only, cases[i].name) != 0) continue;
    if (cases[i].run()) {
      ion_test_failures++;
      fprintf(stderr, "%s: raised an error\n", cases[i].name);
    }
    printf("%s %s\n", ion_test_failures == before ? "ok  " : "FAIL", cases[i].name);
  }
  if (PetscFinalize() || MPI_Finalize()) return 1;
  return ion_test_failures ? 1 : 0;
}

#endif
