#include "ion_test.h"

#include <ion/base.h>

#include <stdlib.h>

static ion_units *units;

static PetscErrorCode block_is_zero_aligned_and_padded(void)
{
  static const size_t points[] = {1, 7, 8, 9, 64, 511, 512, 4096};

  PetscFunctionBegin;
  for (size_t i = 0; i < ION_COUNT(points); i++) {
    ion_block block;

    PetscCall(ion_block_create(5, points[i], &block));
    CHECK(block.n_row == 5 && block.n_point == points[i]);
    CHECK(block.stride >= points[i] && block.stride % ION_PAD == 0);
    CHECK((uintptr_t)ion_row(block, 1) % 64 == 0);
    CHECK(ion_row(block, 4)[block.stride - 1] == 0);
    ion_row(block, 4)[block.stride - 1] = 1;
    PetscCall(ion_block_destroy(&block));
    CHECK(!block.data && block.n_row == 0);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode long_rows_do_not_share_a_cache_set(void)
{
  ion_block block;

  PetscFunctionBegin;
  PetscCall(ion_block_create(1, 512, &block));
  CHECK(block.stride % 64 != 0);
  PetscCall(ion_block_destroy(&block));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode block_without_rows_or_points_is_allowed(void)
{
  ion_block block;

  PetscFunctionBegin;
  PetscCall(ion_block_create(0, 8, &block));
  PetscCall(ion_block_destroy(&block));
  PetscCall(ion_block_create(8, 0, &block));
  PetscCall(ion_block_destroy(&block));
  PetscCall(ion_block_destroy(&block));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode too_large_a_block_is_an_error_and_empty(void)
{
  ion_block block;

  PetscFunctionBegin;
  CHECK_RAISES(PETSC_ERR_MEM, ion_block_create(SIZE_MAX / 8, SIZE_MAX / 8, &block));
  CHECK(!block.data && block.n_row == 0);
  CHECK_RAISES(PETSC_ERR_MEM, ion_block_create(3, SIZE_MAX, &block));
  CHECK_RAISES(PETSC_ERR_MEM, ion_block_create((size_t)1 << 40, (size_t)1 << 21, &block));
  PetscCall(ion_block_destroy(&block));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode statuses_have_their_names(void)
{
  PetscFunctionBegin;
  CHECK(!strcmp(ion_status_name(ION_PENDING), "pending"));
  CHECK(!strcmp(ion_status_name(ION_OK), "ok"));
  CHECK(!strcmp(ion_status_name(ION_NO_STATE_FOUND), "no_state_found"));
  CHECK(!strcmp(ion_status_name(ION_DOMAIN_ERROR), "domain_error"));
  CHECK(!strcmp(ion_status_name(ION_TIMED_OUT), "timed_out"));
  CHECK(!strcmp(ion_status_name(ION_CRASHED), "crashed"));
  CHECK(!strcmp(ion_status_name(ION_INFEASIBLE), "infeasible"));
  CHECK(!strcmp(ion_status_name(ION_NOT_NEEDED), "not_needed"));
  CHECK(!strcmp(ion_status_name(ION_N_STATUS), "unknown"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Factors by the definitions of the SI and of the litre; exact as decimal numbers. */
static PetscErrorCode units_have_exact_factors(void)
{
  static const struct {
    const char *name, *like;
    double factor, offset;
  } row[] = {
      {"mM",        "mol/m^3",     1,     0     },
      {"M",         "mM",          1000,  0     },
      {"uM",        "mM",          1e-3,  0     },
      {"\xc2\xb5M", "mM",          1e-3,  0     },
      {"nM",        "mM",          1e-6,  0     },
      {"mmol/L",    "mM",          1,     0     },
      {"mOsm/L",    "mM",          1,     0     },
      {"Osm",       "mol",         1,     0     },
      {"/ms",       "Hz",          1000,  0     },
      {"1/ms",      "/s",          1000,  0     },
      {"/s",        "s^-1",        1,     0     },
      {"/mM/s",     "m^3/(mol s)", 1,     0     },
      {" /mM/s ",   NULL,          1,     0     },
      {"pL/s/mM",   NULL,          1e-15, 0     },
      {"pL/s",      "m3/s",        1e-15, 0     },
      {"fmol/s",    "mol/s",       1e-15, 0     },
      {"pmol/cm^2", "mol/m2",      1e-8,  0     },
      {"kJ/mol",    "J mol^-1",    1000,  0     },
      {"nS",        "S",           1e-9,  0     },
      {"uF/cm^2",   "F/m^2",       1e-2,  0     },
      {"mV",        "V",           1e-3,  0     },
      {"ms",        "s",           1e-3,  0     },
      {"min",       "s",           60,    0     },
      {"pW",        "W",           1e-12, 0     },
      {"W/K",       NULL,          1,     0     },
      {"um^2",      "m2",          1e-12, 0     },
      {"%",         "1",           1e-2,  0     },
      {"1",         "1",           1,     0     },
      {"",          "1",           1,     0     },
      {"K",         "K",           1,     0     },
      {"degC",      "K",           1,     273.15},
      {"\xc2\xb0"
       "C",  "K",           1,     273.15},
  };

  PetscFunctionBegin;
  for (size_t i = 0; i < ION_COUNT(row); i++) {
    double factor, offset;
    PetscBool known;

    PetscCall(ion_units_to_si(units, row[i].name, row[i].like, &factor, &offset, &known));
    CHECK(known && factor == row[i].factor && offset == row[i].offset);
    if (!known || factor != row[i].factor)
      fprintf(stderr, "  unit '%s': known %d factor %.17g\n", row[i].name, known, factor);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode fahrenheit_has_a_factor_and_an_offset(void)
{
  double factor, offset;
  PetscBool known;

  PetscFunctionBegin;
  PetscCall(ion_units_to_si(units, "degF", "K", &factor, &offset, &known));
  CHECK(known);
  CHECK_RELATIVE(factor, 5.0 / 9.0, 1e-15);
  CHECK_RELATIVE(factor * 98.6 + offset, 310.15, 1e-14);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Reciprocals (s and Hz), dates and logarithmic units have no linear map. */
static PetscErrorCode unlike_and_nonlinear_units_are_unknown(void)
{
  static const char *const row[][2] = {
      {"-1 mM",                    "mM"   },
      {"mV",                       "mM"   },
      {"s",                        "Hz"   },
      {"degC",                     "mM"   },
      {"furlongs?",                "m"    },
      {"foo",                      NULL   },
      {"seconds since 1970-01-01", NULL   },
      {"m(",                       NULL   },
      {"lg(re 1 mW)",              "W"    },
      {"mM",                       "foo"  },
      {"C",                        "K"    },
      {"mol",                      "mol/s"},
      {"1",                        "mM"   },
  };
  char long_name[600];
  double factor, offset;
  PetscBool known;

  PetscFunctionBegin;
  for (size_t i = 0; i < ION_COUNT(row); i++) {
    PetscCall(ion_units_to_si(units, row[i][0], row[i][1], &factor, &offset, &known));
    CHECK(!known);
    if (known) fprintf(stderr, "  unit '%s'\n", row[i][0]);
  }
  memset(long_name, 'm', sizeof long_name - 1);
  long_name[sizeof long_name - 1] = '\0';
  PetscCall(ion_units_to_si(units, long_name, NULL, &factor, &offset, &known));
  CHECK(!known);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode portable_units_use_names_of_plain_udunits(void)
{
  static const char *const row[][2] = {
      {"mM",        "mmol/L"         },
      {"uM",        "umol/L"         },
      {"\xc2\xb5M", "umol/L"         },
      {"M",         "mol/L"          },
      {"mM/s",      "(mmol/L)/s"     },
      {"pL/s/mM",   "pL/s/(mmol/L)"  },
      {"mM^2",      "(mmol/L)^2"     },
      {"mM2 s-1",   "(mmol/L)^2 s^-1"},
      {"/mM/s",     "(mmol/L)^-1/s"  },
      {"/ms",       "ms^-1"          },
      {"1/ms",      "ms^-1"          },
      {"1 / cm^2",  "cm^-2"          },
      {"1/(mM s)",  "((mmol/L) s)^-1"},
      {"mOsm/L",    "mmol/L"         },
      {"mOsm",      "mmol"           },
      {"mol m^-3",  "mol m^-3"       },
      {"degC",      "degC"           },
      {"\xc2\xb0"
       "C",  "degC"           },
      {"%",         "%"              },
      {"1",         "1"              },
      {"",          "1"              },
      {" mV ",      "mV"             },
      {"1e-3 mol",  "1e-3 mol"       },
      {"Mm",        "Mm"             },
      {"GHz",       "GHz"            },
  };
  char text[64];

  PetscFunctionBegin;
  for (size_t i = 0; i < ION_COUNT(row); i++) {
    PetscCall(ion_units_portable(row[i][0], text, sizeof text));
    CHECK(!strcmp(text, row[i][1]));
    if (strcmp(text, row[i][1]) != 0) fprintf(stderr, "  '%s' -> '%s'\n", row[i][0], text);
  }
  CHECK_RAISES(PETSC_ERR_ARG_SIZ, ion_units_portable("mM", text, 6));
  PetscCall(ion_units_portable("mM", text, 7));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode portable_units_mean_the_same(void)
{
  static const char *const name[] = {"mM",      "mM/s",   "pL/s/mM", "mM^2",   "mM2 s-1",
                                     "/mM/s",   "/ms",    "1/cm^2",  "mOsm/L", "1/(mM s)",
                                     "1/mM^2",  "kJ/mol", "degC",    "%",      "\xc2\xb5M/min",
                                     "mol/M/s", "/mM2/s"};

  PetscFunctionBegin;
  for (size_t i = 0; i < ION_COUNT(name); i++) {
    char text[64];
    double factor[2], offset[2];
    PetscBool known[2];

    PetscCall(ion_units_portable(name[i], text, sizeof text));
    PetscCall(ion_units_to_si(units, name[i], NULL, &factor[0], &offset[0], &known[0]));
    PetscCall(ion_units_to_si(units, text, name[i], &factor[1], &offset[1], &known[1]));
    CHECK(known[0] && known[1] && factor[0] == factor[1] && offset[0] == offset[1]);
    CHECK(!strpbrk(text, "M\xc2\xce"));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* First word of the known answer of philox4x64-10 at counter 0 and key 0 (Random123 kat_vectors). */
static PetscErrorCode random_numbers_are_those_of_philox(void)
{
  const uint64_t word = UINT64_C(0x16554d9eca36314c);

  PetscFunctionBegin;
  CHECK(ion_random_uniform(0, 0, 0) == ((double)(word >> 12) + 0.5) / 4503599627370496.0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Mean 1/2, variance 1/12, neighbours uncorrelated, each within five standard errors. */
static PetscErrorCode random_numbers_are_uniform_along_each_key(void)
{
  enum { N = 20000 };
  const double standard_error = 1 / sqrt(12.0 * N);

  PetscFunctionBegin;
  for (int key = 0; key < 3; key++) {
    double sum = 0, square = 0, product = 0, last = 0.5;

    for (uint64_t i = 0; i < N; i++) {
      const double u = ion_random_uniform(key == 0 ? i : 7, key == 1 ? i : 7, key == 2 ? i : 7);

      CHECK(u > 0 && u < 1);
      sum += u;
      square += (u - 0.5) * (u - 0.5);
      product += (u - 0.5) * (last - 0.5);
      last = u;
    }
    CHECK_NEAR(sum / N, 0.5, 5 * standard_error);
    CHECK_NEAR(square / N, 1.0 / 12, 5 * sqrt(1.0 / 180 / N));
    CHECK_NEAR(product / N, 0, 5 / 12.0 / sqrt((double)N));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode nearest_name_is_close_or_none(void)
{
  static const char *const known[]  = {"model", "design", "neuron.nka.rate", "neuron.kcc2.rate",
                                       "title", "K"};
  static const char *const row[][2] = {
      {"modle",           "model"           },
      {"Model",           "model"           },
      {"desing",          "design"          },
      {"titel",           "title"           },
      {"neuron.nak.rate", "neuron.nka.rate" },
      {"neuron.kcc.rate", "neuron.kcc2.rate"},
      {"zzz",             NULL              },
      {"x",               NULL              },
      {"",                NULL              },
      {"something else",  NULL              },
  };
  char long_name[300];

  PetscFunctionBegin;
  for (size_t i = 0; i < ION_COUNT(row); i++) {
    const char *found = ion_nearest_name(row[i][0], known, ION_COUNT(known));

    CHECK(row[i][1] ? found && !strcmp(found, row[i][1]) : !found);
  }
  memset(long_name, 'a', sizeof long_name - 1);
  long_name[sizeof long_name - 1] = '\0';
  CHECK(!ion_nearest_name(long_name, known, ION_COUNT(known)));
  CHECK(!ion_nearest_name("model", known, 0));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode begin(void)
{
  PetscFunctionBegin;
  PetscCall(ion_units_create(&units));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode end(void)
{
  PetscFunctionBegin;
  PetscCall(ion_units_destroy(&units));
  CHECK(!units);
  PetscCall(ion_units_destroy(&units));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Cases that need the unit system make it and destroy it, so that each runs alone. */
#define WITH_UNITS(name)                                                                           \
  static PetscErrorCode name##_(void)                                                              \
  {                                                                                                \
    PetscFunctionBegin;                                                                            \
    PetscCall(begin());                                                                            \
    PetscCall(name());                                                                             \
    PetscCall(end());                                                                              \
    PetscFunctionReturn(PETSC_SUCCESS);                                                            \
  }

WITH_UNITS(units_have_exact_factors)
WITH_UNITS(fahrenheit_has_a_factor_and_an_offset)
WITH_UNITS(unlike_and_nonlinear_units_are_unknown)
WITH_UNITS(portable_units_mean_the_same)

static const ion_test_case cases[] = {
    {"block_is_zero_aligned_and_padded",          block_is_zero_aligned_and_padded         },
    {"long_rows_do_not_share_a_cache_set",        long_rows_do_not_share_a_cache_set       },
    {"block_without_rows_or_points_is_allowed",   block_without_rows_or_points_is_allowed  },
    {"too_large_a_block_is_an_error_and_empty",   too_large_a_block_is_an_error_and_empty  },
    {"statuses_have_their_names",                 statuses_have_their_names                },
    {"units_have_exact_factors",                  units_have_exact_factors_                },
    {"fahrenheit_has_a_factor_and_an_offset",     fahrenheit_has_a_factor_and_an_offset_   },
    {"unlike_and_nonlinear_units_are_unknown",    unlike_and_nonlinear_units_are_unknown_  },
    {"portable_units_use_names_of_plain_udunits", portable_units_use_names_of_plain_udunits},
    {"portable_units_mean_the_same",              portable_units_mean_the_same_            },
    {"random_numbers_are_those_of_philox",        random_numbers_are_those_of_philox       },
    {"random_numbers_are_uniform_along_each_key", random_numbers_are_uniform_along_each_key},
    {"nearest_name_is_close_or_none",             nearest_name_is_close_or_none            },
};

int main(int argc, char **argv)
{
  return ion_test_main(argc, argv, cases, ION_COUNT(cases));
}
