#include "ion_test.h"

#include <ion/design.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static const ion_quantity quantities[] = {
    {"temperature",            "K",      "temperature",                310.15,  273,  323,      PETSC_TRUE },
    {"energy_supply",          "1",      "share of the energy supply", 1,       0,    2,        PETSC_TRUE },
    {"neuron.nka.rate",        "fmol/s", "turnover",                   1.5e-15, 0,    INFINITY, PETSC_TRUE },
    {"ecs.composition.K",      "mM",     "put in at the start",        3,       0,    1000,     PETSC_TRUE },
    {"ecs.composition.volume", "pL",     "put in at the start",        1e-15,   0,    1,        PETSC_TRUE },
    {"neuron.rest.V",          "mV",     "resting potential",          -0.07,   -0.2, 0.2,      PETSC_FALSE},
};

/* A sweep and what was made of it; zeroed or half made, it may be ended. */
typedef struct {
  ion_units *units;
  ion_spec *spec;
  ion_design *design;
} study;

static PetscErrorCode end(study *s)
{
  PetscFunctionBegin;
  PetscCall(ion_design_destroy(&s->design));
  PetscCall(ion_spec_close(&s->spec));
  PetscCall(ion_units_destroy(&s->units));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode begin(const char *text, study *s)
{
  PetscFunctionBegin;
  memset(s, 0, sizeof *s);
  PetscCall(ion_units_create(&s->units));
  PetscCall(ion_spec_parse("s.yaml", text, strlen(text), &s->spec));
  s->design = (ion_design *)s;
  PetscCall(ion_design_create(ion_node_find(ion_spec_root(s->spec), "design"), s->units, quantities,
                              ION_COUNT(quantities), &s->design));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The design is refused with these words, and is then NULL. */
static PetscErrorCode refused(const char *text, const char *said)
{
  study s;

  PetscFunctionBegin;
  CHECK_RAISES(PETSC_ERR_USER_INPUT, begin(text, &s));
  CHECK_SAID(said);
  CHECK(!strchr(ion_test_message, '\n'));
  CHECK(!s.design);
  PetscCall(end(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode write_file(const char *path, const char *text)
{
  FILE *file;

  PetscFunctionBegin;
  file = fopen(path, "wb");
  PetscCheck(file, PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN, "cannot write %s", path);
  PetscCheck(fputs(text, file) >= 0 && fclose(file) == 0, PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE,
             "%s", path);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode last_factor_varies_fastest(void)
{
  study s;
  ion_block all;

  PetscFunctionBegin;
  PetscCall(begin("design:\n"
                  "  kind: grid\n"
                  "  factors:\n"
                  "    energy_supply: {from: 0, to: 1, count: 3}\n"
                  "    temperature: {from: 25 degC, to: 42 degC, count: 18}\n"
                  "    ecs.composition.K: {values: [3, 8 mM, 0.02 M, 1], balance: Na}\n",
                  &s));
  CHECK(!strcmp(ion_design_kind(s.design), "grid") && ion_design_is_grid(s.design));
  CHECK(ion_design_n_factor(s.design) == 3 && ion_design_n_point(s.design) == 3 * 18 * 4);
  CHECK(!strcmp(ion_design_factor(s.design, 1)->name, "temperature"));
  CHECK(!strcmp(ion_design_factor(s.design, 1)->unit, "degC"));
  CHECK(ion_design_factor(s.design, 1)->quantity == 0);
  CHECK(ion_design_factor(s.design, 1)->count == 18 && !ion_design_factor(s.design, 1)->balance);
  CHECK(!strcmp(ion_design_factor(s.design, 2)->unit, "mM"));
  CHECK(!strcmp(ion_design_factor(s.design, 2)->balance, "Na"));
  PetscCall(ion_block_create(3, 216, &all));
  PetscCall(ion_design_points(s.design, 0, 216, all));
  for (size_t p = 0; p < 216; p++) {
    static const double K[] = {3, 8, 20, 1};

    CHECK(ion_row(all, 0)[p] == (double)(p / 72) / 2);
    CHECK(ion_row(all, 1)[p] == 25.0 + (double)(p / 4 % 18) + 273.15);
    CHECK(ion_row(all, 2)[p] == K[p % 4]);
  }
  PetscCall(ion_block_destroy(&all));
  PetscCall(end(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode a_point_does_not_depend_on_the_range_it_is_made_in(void)
{
  study s;
  ion_block all, part;

  PetscFunctionBegin;
  PetscCall(begin("design: {kind: grid, factors: {energy_supply: {from: 0.05, to: 1, count: 7},"
                  " neuron.nka.rate: {from: 0.1, to: 30, count: 5, spacing: log},"
                  " temperature: {values: [300, 310]}}}",
                  &s));
  PetscCall(ion_block_create(3, 70, &all));
  PetscCall(ion_block_create(3, 70, &part));
  PetscCall(ion_design_points(s.design, 0, 70, all));
  for (size_t first = 0; first < 70; first++) {
    for (size_t n = 1; first + n <= 70; n += 4) {
      PetscCall(ion_design_points(s.design, first, n, part));
      for (size_t i = 0; i < 3; i++)
        CHECK(!memcmp(ion_row(part, i), ion_row(all, i) + first, n * sizeof(double)));
    }
  }
  CHECK_RAISES(PETSC_ERR_ARG_OUTOFRANGE, ion_design_points(s.design, 70, 1, part));
  CHECK_RAISES(PETSC_ERR_ARG_OUTOFRANGE, ion_design_points(s.design, UINT64_MAX, 2, part));
  PetscCall(ion_block_destroy(&all));
  CHECK_RAISES(PETSC_ERR_ARG_SIZ, ion_design_points(s.design, 0, 1, all));
  PetscCall(ion_block_destroy(&part));
  PetscCall(end(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Steps of a tenth are the numbers nearest to n/10, and decades come out whole. */
static PetscErrorCode nodes_are_the_numbers_a_person_would_write(void)
{
  study s;
  double x[401];

  PetscFunctionBegin;
  PetscCall(begin("design: {kind: grid, factors: {energy_supply: {from: 0, to: 2, count: 21},"
                  " neuron.nka.rate: {from: 1e-3, to: 1000, count: 7, spacing: log},"
                  " temperature: {from: 15 degC, to: 310.15 K, count: 12},"
                  " ecs.composition.K: {from: 20, to: 3 mM, count: 18}}}",
                  &s));
  PetscCall(ion_design_coordinates(s.design, 0, 0, 21, x));
  for (int i = 0; i < 21; i++) CHECK(x[i] == i / 10.0);
  PetscCall(ion_design_coordinates(s.design, 1, 0, 7, x));
  for (int i = 0; i < 7; i++) CHECK_RELATIVE(x[i], pow(10, i - 3), 1e-15);
  CHECK(x[0] == 1e-3 && x[3] == 1 && x[6] == 1000);
  PetscCall(ion_design_coordinates(s.design, 2, 0, 12, x));
  CHECK(x[0] == 15 && x[1] == 17 && x[11] == 37);
  PetscCall(ion_design_coordinates(s.design, 3, 1, 17, x));
  for (int i = 0; i < 17; i++) CHECK(x[i] == 19 - i);
  CHECK_RAISES(PETSC_ERR_ARG_OUTOFRANGE, ion_design_coordinates(s.design, 3, 1, 18, x));
  CHECK_RAISES(PETSC_ERR_ARG_OUTOFRANGE, ion_design_coordinates(s.design, 4, 0, 1, x));
  PetscCall(end(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode first_and_last_node_are_as_written(void)
{
  static const int count[] = {4, 3, 7, 2, 10, 100, 401, 400};
  double x[401];

  PetscFunctionBegin;
  for (size_t i = 0; i < ION_COUNT(count); i++) {
    char text[256];
    study s;
    size_t n = (size_t)count[i];

    (void)snprintf(text, sizeof text,
                   "design: {kind: grid, factors: {energy_supply: {from: 0.05, to: 0.95, count: %d,"
                   " spacing: %s}}}",
                   count[i], i % 2 ? "log" : "linear");
    PetscCall(begin(text, &s));
    PetscCall(ion_design_coordinates(s.design, 0, 0, n, x));
    CHECK(x[0] == 0.05 && x[n - 1] == 0.95);
    for (size_t k = 1; k < n; k++) CHECK(x[k] > x[k - 1]);
    PetscCall(end(&s));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode one_node_is_its_first(void)
{
  study s;
  ion_block one;

  PetscFunctionBegin;
  PetscCall(begin("design: {kind: grid, factors: {temperature: {from: 300, to: 300, count: 1},"
                  " energy_supply: {from: 0.5, to: 1, count: 1}}}",
                  &s));
  CHECK(ion_design_n_point(s.design) == 1);
  PetscCall(ion_block_create(2, 1, &one));
  PetscCall(ion_design_points(s.design, 0, 1, one));
  CHECK(ion_row(one, 0)[0] == 300 && ion_row(one, 1)[0] == 0.5);
  PetscCall(ion_block_destroy(&one));
  PetscCall(end(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* 2^40 points: nothing that grows with their number is stored or walked through. */
static PetscErrorCode the_largest_grid_costs_nothing(void)
{
  const uint64_t n    = (uint64_t)1 << 40;
  const clock_t start = clock();
  study s;
  ion_block end_of;
  PetscLogDouble before, after;

  PetscFunctionBegin;
  PetscCall(PetscMallocGetCurrentUsage(&before));
  PetscCall(begin("design: {kind: grid, factors: {energy_supply: {from: 0, to: 1, count: 1048576},"
                  " temperature: {from: 300, to: 310, count: 1048576}}}",
                  &s));
  CHECK(ion_design_n_point(s.design) == n);
  PetscCall(ion_block_create(2, 4, &end_of));
  PetscCall(ion_design_points(s.design, n - 4, 4, end_of));
  CHECK(ion_row(end_of, 0)[0] == 1 && ion_row(end_of, 1)[3] == 310);
  CHECK(ion_row(end_of, 1)[2] < 310);
  PetscCall(PetscMallocGetCurrentUsage(&after));
  CHECK(after - before < 1 << 20);
  PetscCall(ion_block_destroy(&end_of));
  PetscCall(end(&s));
  PetscCall(begin("design: {kind: grid, factors:"
                  " {energy_supply: {from: 0, to: 1, count: 1099511627776}}}",
                  &s));
  CHECK(ion_design_n_point(s.design) == n);
  PetscCall(end(&s));
  CHECK((double)(clock() - start) / CLOCKS_PER_SEC < 5);
  PetscFunctionReturn(PETSC_SUCCESS);
}

#define GRID(factors) "design:\n  kind: grid\n  factors:\n" factors

static PetscErrorCode bad_grids_are_refused_at_their_line(void)
{
  static const char *const row[][2] = {
      {"design: [1]\n",                                                                    "s.yaml:1:9: design must be a mapping, not a list" },
      {"design: {factors: {}}\n",                                                          "s.yaml:1:9: design needs the key 'kind'"          },
      {"design:\n  kind: gird\n",
       "s.yaml:2:9: design kind: unknown word 'gird'; did you mean 'grid'?"                                                                   },
      {"design:\n  kind: random\n",                                                        "unknown word 'random'; allowed: grid, points"     },
      {"design:\n  kind: grid\n",                                                          "s.yaml:2:3: design needs the key 'factors'"       },
      {"design:\n  kind: grid\n  factor: 1\n",
       "s.yaml:3:3: design: unknown key 'factor'; did you mean 'factors'?"                                                                    },
      {GRID("    {}\n"),                                                                   "s.yaml:4:5: a grid needs at least one factor"     },
      {GRID("    [temperature]\n"),                                                        "s.yaml:4:5: factors must be a mapping, not a list"},
      {GRID("    temperature: 300\n"),
       "s.yaml:4:18: temperature must be {from: ..., to: ..., count: ...} or {values: [...]}"                                                 },
      {GRID("    temprature: {from: 300, to: 310, count: 2}\n"),
       "s.yaml:4:5: unknown name 'temprature'; did you mean 'temperature'?"                                                                   },
      {GRID("    neuron.rest.V: {from: -80, to: -60, count: 2}\n"),
       "s.yaml:4:5: 'neuron.rest.V' may be set but not varied"                                                                                },
      {GRID("    temperature: {from: 300, to: 310, count: 0}\n"),
       "s.yaml:4:46: count must be a whole number from 1 to 1099511627776, not '0'"                                                           },
      {GRID("    temperature: {from: 300, to: 310, count: -3}\n"),                         "not '-3'"                                         },
      {GRID("    temperature: {from: 300, to: 310, count: 2.5}\n"),                        "not '2.5'"                                        },
      {GRID("    temperature: {from: 300, to: 310}\n"),                                    "temperature needs the key 'count'"                },
      {GRID("    temperature: {from: 300, count: 2}\n"),                                   "temperature needs the key 'to'"                   },
      {GRID("    temperature: {to: 300, count: 2}\n"),                                     "temperature needs the key 'from'"                 },
      {GRID("    temperature: {from: 300, to: 300, count: 2}\n"),
       "s.yaml:4:46: temperature: from = to (300 K) leaves one node, but count is 2"                                                          },
      {GRID("    temperature: {from: 26.85 degC, to: 300 K, count: 2}\n"),                 "from = to"                                        },
      {GRID("    temperature:\n      from: 25 degC\n      to: 60 degC\n      count: 3\n"),
       "s.yaml:6:11: temperature = 60 degC is out of range; allowed: 273 to 323 K"                                                            },
      {GRID("    temperature: {from: nan, to: 310, count: 2}\n"),
       "s.yaml:4:25: temperature must be a finite number, not 'nan'"                                                                          },
      {GRID("    temperature: {from: 300, to: 310 mV, count: 2}\n"),
       "s.yaml:4:34: temperature: wrong unit 'mV'; expected K"                                                                                },
      {GRID("    temperature: {from: 300, to: 310, cuont: 2}\n"),
       "s.yaml:4:39: temperature: unknown key 'cuont'; did you mean 'count'?"                                                                 },
      {GRID("    temperature: {uniform: [300, 310]}\n"),                                   "temperature: unknown key 'uniform'"               },
      {GRID("    temperature: {values: [300], count: 1}\n"),                               "temperature: unknown key 'count'"                 },
      {GRID("    temperature: {values: 300}\n"),                                           "values must be a list"                            },
      {GRID("    temperature: {values: []}\n"),                                            "s.yaml:4:27: temperature: no values listed"       },
      {GRID("    temperature: {values: [300, warm]}\n"),
       "s.yaml:4:33: temperature must be a number, not 'warm'"                                                                                },
      {GRID("    temperature: {values: [300, 310, 300 K]}\n"),
       "s.yaml:4:27: temperature: the value 300 K is listed twice"                                                                            },
      {GRID("    energy_supply: {from: 0, to: 1, count: 2, spacing: log}\n"),
       "s.yaml:4:56: energy_supply: log spacing needs positive limits, not 0 to 1"                                                            },
      {GRID("    temperature: {from: 20 degC, to: 30 degC, count: 2, spacing: log}\n"),
       "log spacing needs a unit that starts at zero, not degC"                                                                               },
      {GRID("    energy_supply: {from: 1, to: 2, count: 2, spacing: logarithmic}\n"),
       "s.yaml:4:56: spacing: unknown word 'logarithmic'; allowed: linear, log"                                                               },
      {GRID("    energy_supply: {from: 0, to: 1, count: 2, balance: Cl}\n"),
       "s.yaml:4:56: energy_supply: 'balance' belongs to the composition of a species only"                                                   },
      {GRID("    ecs.composition.volume: {values: [1], balance: Cl}\n"),                   "'balance' belongs to"                             },
      {GRID("    ecs.composition.K: {values: [1], balance: [Cl]}\n"),
       "balance must be a single value"                                                                                                       },
      {GRID("    energy_supply: {from: 0, to: 1, count: 1099511627777}\n"),
       "count must be a whole number from 1 to 1099511627776"                                                                                 },
      {GRID("    energy_supply: {from: 0, to: 1, count: 1048577}\n"
            "    temperature: {from: 300, to: 310, count: 1048576}\n"),
       "s.yaml:4:5: the grid has more than 2^40 points"                                                                                       },
      {GRID("    energy_supply: {from: 0, to: 1, count: 1099511627776}\n"
            "    temperature: {from: 300, to: 310, count: 1099511627776}\n"
            "    ecs.composition.K: {from: 1, to: 2, count: 1099511627776}\n"),
       "the grid has more than 2^40 points"                                                                                                   },
      {GRID("    neuron.nka.rate: {from: 0, to: 1e300, count: 2}\n"),
       "s.yaml:4:36: neuron.nka.rate = 1e+300 fmol/s is too large"                                                                            },
      {GRID("    temperature: {from: 300, to: 310, count: 2}\n"
            "    temperature: {from: 300, to: 310, count: 2}\n"),
       "s.yaml:5:5: duplicate key 'temperature'"                                                                                              },
  };

  PetscFunctionBegin;
  for (size_t i = 0; i < ION_COUNT(row); i++) {
    if (strstr(row[i][1], "duplicate")) {
      study s;

      CHECK_RAISES(PETSC_ERR_USER_INPUT, begin(row[i][0], &s));
      CHECK_SAID(row[i][1]);
      PetscCall(end(&s));
      continue;
    }
    PetscCall(refused(row[i][0], row[i][1]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode points_take_defaults_where_they_say_nothing(void)
{
  study s;
  ion_block all;
  double x[4];

  PetscFunctionBegin;
  PetscCall(begin("design:\n"
                  "  kind: points\n"
                  "  points:\n"
                  "  - {temperature: 30 degC}\n"
                  "  - {}\n"
                  "  - {neuron.nka.rate: 2, temperature: 300 K}\n"
                  "  - {neuron.nka.rate: 3 pmol/s}\n",
                  &s));
  CHECK(!strcmp(ion_design_kind(s.design), "points") && !ion_design_is_grid(s.design));
  CHECK(ion_design_n_factor(s.design) == 2 && ion_design_n_point(s.design) == 4);
  CHECK(ion_design_factor(s.design, 0)->count == 4);
  CHECK(!strcmp(ion_design_factor(s.design, 0)->unit, "degC"));
  CHECK(!strcmp(ion_design_factor(s.design, 1)->unit, "fmol/s"));
  PetscCall(ion_block_create(2, 4, &all));
  PetscCall(ion_design_points(s.design, 0, 4, all));
  CHECK(ion_row(all, 0)[0] == 303.15 && ion_row(all, 0)[1] == 310.15);
  CHECK(ion_row(all, 0)[2] == 300 && ion_row(all, 0)[3] == 310.15);
  CHECK(ion_row(all, 1)[0] == 1.5e-15 && ion_row(all, 1)[1] == 1.5e-15);
  CHECK(ion_row(all, 1)[2] == 2e-15 && ion_row(all, 1)[3] == 3e-12);
  PetscCall(ion_design_coordinates(s.design, 0, 0, 4, x));
  CHECK(x[0] == 30 && x[1] == 37 && x[2] == 26.85 && x[3] == 37);
  PetscCall(ion_design_coordinates(s.design, 1, 1, 3, x));
  CHECK(x[0] == 1.5 && x[1] == 2 && x[2] == 3000);
  PetscCall(ion_design_points(s.design, 2, 1, all));
  CHECK(ion_row(all, 0)[0] == 300);
  PetscCall(ion_block_destroy(&all));
  PetscCall(end(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode an_empty_point_is_the_model_as_it_stands(void)
{
  study s;
  ion_block none;

  PetscFunctionBegin;
  PetscCall(begin("design: {kind: points, points: [{}]}", &s));
  CHECK(ion_design_n_factor(s.design) == 0 && ion_design_n_point(s.design) == 1);
  PetscCall(ion_block_create(0, 1, &none));
  PetscCall(ion_design_points(s.design, 0, 1, none));
  PetscCall(ion_block_destroy(&none));
  PetscCall(end(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode bad_points_are_refused_at_their_line(void)
{
  static const char *const row[][2] = {
      {"design:\n  kind: points\n",                                                             "s.yaml:2:3: design needs either 'points' or 'file'"},
      {"design:\n  kind: points\n  file: a\n  points: [{}]\n",                                  "'file', not both"                                  },
      {"design:\n  kind: points\n  pionts: [{}]\n",                                             "did you mean 'points'?"                            },
      {"design:\n  kind: points\n  points: {}\n",                                               "s.yaml:3:11: points must be a list"                },
      {"design:\n  kind: points\n  points: []\n",                                               "s.yaml:3:11: no points listed"                     },
      {"design:\n  kind: points\n  points:\n  - {}\n  - 3\n",
       "s.yaml:5:5: a point must be a mapping, not a single value"                                                                                  },
      {"design:\n  kind: points\n  points:\n  - {}\n  - {temprature: 300}\n",
       "s.yaml:5:6: unknown name 'temprature'; did you mean 'temperature'?"                                                                         },
      {"design:\n  kind: points\n  points:\n  - {temperature: 300}\n  - {temperature: .nan}\n",
       "s.yaml:5:19: temperature must be a number, not '.nan'"                                                                                      },
      {"design:\n  kind: points\n  points:\n  - {temperature: 300}\n  - {temperature: 30}\n",
       "s.yaml:5:19: temperature = 30 K is out of range; allowed: 273 to 323 K"                                                                     },
      {"design:\n  kind: points\n  points:\n  - {temperature: 30 mM}\n",                        "wrong unit 'mM'"                                   },
      {"design:\n  kind: points\n  points:\n  - {neuron.rest.V: -70}\n",
       "s.yaml:4:6: 'neuron.rest.V' may be set but not varied"                                                                                      },
      {"design:\n  kind: points\n  file: absent.csv\n",
       "s.yaml:3:9: cannot open 'absent.csv': No such file"                                                                                         },
      {"design:\n  kind: points\n  file: [a]\n",                                                "file must be a single value"                       },
  };

  PetscFunctionBegin;
  for (size_t i = 0; i < ION_COUNT(row); i++) PetscCall(refused(row[i][0], row[i][1]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

#define TABLE "design: {kind: points, file: design_test.csv}"

static PetscErrorCode a_table_gives_its_points(void)
{
  study s;
  ion_block all;
  double x[3];

  PetscFunctionBegin;
  PetscCall(write_file("design_test.csv", "\xef\xbb\xbf"
                                          "temperature [degC], neuron.nka.rate,energy_supply\r\n"
                                          "25,1.5,0.5\r\n"
                                          "\r\n"
                                          "  \n"
                                          "37 , 2e3 ,1\n"
                                          "30,0,.25"));
  PetscCall(begin(TABLE, &s));
  CHECK(ion_design_n_factor(s.design) == 3 && ion_design_n_point(s.design) == 3);
  CHECK(!strcmp(ion_design_factor(s.design, 0)->unit, "degC"));
  CHECK(!strcmp(ion_design_factor(s.design, 1)->unit, "fmol/s"));
  PetscCall(ion_block_create(3, 3, &all));
  PetscCall(ion_design_points(s.design, 0, 3, all));
  CHECK(ion_row(all, 0)[0] == 298.15 && ion_row(all, 0)[1] == 310.15);
  CHECK_RELATIVE(ion_row(all, 1)[0], 1.5e-15, 4e-16);
  CHECK_RELATIVE(ion_row(all, 1)[1], 2e-12, 4e-16);
  CHECK(ion_row(all, 1)[2] == 0 && ion_row(all, 2)[2] == 0.25);
  PetscCall(ion_design_coordinates(s.design, 0, 0, 3, x));
  CHECK(x[0] == 25 && x[1] == 37 && x[2] == 30);
  PetscCall(ion_block_destroy(&all));
  PetscCall(end(&s));
  CHECK(unlink("design_test.csv") == 0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode a_table_is_looked_up_beside_its_sweep(void)
{
  const char text[] = TABLE;
  study s           = {NULL, NULL, NULL};
  const ion_node *node;

  PetscFunctionBegin;
  PetscCall(ion_units_create(&s.units));
  PetscCall(ion_spec_parse("no/where/s.yaml", text, sizeof text - 1, &s.spec));
  node = ion_node_find(ion_spec_root(s.spec), "design");
  CHECK_RAISES(PETSC_ERR_USER_INPUT,
               ion_design_create(node, s.units, quantities, ION_COUNT(quantities), &s.design));
  CHECK_SAID("no/where/s.yaml:1:30: cannot open 'no/where/design_test.csv'");
  PetscCall(end(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode bad_tables_are_refused_at_their_cell(void)
{
  static const char *const row[][2] = {
      {"",                                                "design_test.csv:1:1: the file is empty"                        },
      {"\n\r\n",                                          "design_test.csv:1:1: the file is empty"                        },
      {"temperature\n",                                   "design_test.csv:1:1: a header, but no points"                  },
      {"temperature\n300\n\n301,1\n",
       "design_test.csv:4:5: more cells than the 1 columns of the header"                                                 },
      {"temperature,energy_supply\n300\n",                "design_test.csv:2:1: 1 cells, but the header has 2"            },
      {"energy_supply, temprature\n1,1\n",
       "design_test.csv:1:16: unknown name 'temprature'; did you mean 'temperature'?"                                     },
      {"temperature,temperature [K]\n1,1\n",              "design_test.csv:1:13: duplicate column 'temp"                  },
      {"temperature,\n300,\n",                            "design_test.csv:1:13: a column without a name"                 },
      {"temperature [K\n300\n",                           "is not of the form 'name [unit]'"                              },
      {"temperature [K] x\n300\n",                        "is not of the form 'name [unit]'"                              },
      {"temperature [mV]\n300\n",                         "design_test.csv:1:1: temperature: wrong unit 'mV'"             },
      {"temperature [zz]\n300\n",                         "temperature: unknown unit 'zz'; expected K"                    },
      {"neuron.rest.V\n-70\n",                            "'neuron.rest.V' may be set but not varied"                     },
      {"energy_supply,temperature [degC]\n1,30\n1, 60\n",
       "design_test.csv:3:4: temperature = 60 degC is out of range; allowed: 273 to 323 K"                                },
      {"temperature\n300\nnan\n",                         "design_test.csv:3:1: temperature must be a finite number"      },
      {"temperature\n300 K\n",                            "design_test.csv:2:1: temperature must be a number, not '300 K'"},
      {"temperature,energy_supply\n300,\n",
       "design_test.csv:2:5: energy_supply: a number is missing"                                                          },
  };

  PetscFunctionBegin;
  for (size_t i = 0; i < ION_COUNT(row); i++) {
    PetscCall(write_file("design_test.csv", row[i][0]));
    PetscCall(refused(TABLE, row[i][1]));
  }
  CHECK(unlink("design_test.csv") == 0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode canonical(const char *text, char **out)
{
  study s;

  PetscFunctionBegin;
  PetscCall(begin(text, &s));
  PetscCall(ion_design_canonical(s.design, out));
  PetscCall(end(&s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode canonical_text_differs_where_points_differ(void)
{
  static const char *const text[] = {
      GRID("    energy_supply: {from: 0.1, to: 1, count: 3}\n"),
      GRID("    energy_supply: {from: 0.1, to: 1, count: 4}\n"),
      GRID("    energy_supply: {from: 0.10000000000000002, to: 1, count: 3}\n"),
      GRID("    energy_supply: {from: 0.1, to: 1, count: 3, spacing: log}\n"),
      GRID("    energy_supply: {values: [0.1, 0.5, 1]}\n"),
      GRID("    energy_supply: {values: [0.1, 0.6, 1]}\n"),
      GRID("    energy_supply: {from: 10 %, to: 1, count: 3}\n"),
      GRID("    ecs.composition.K: {from: 0.1, to: 1, count: 3}\n"),
      GRID("    ecs.composition.K: {from: 0.1, to: 1, count: 3, balance: Na}\n"),
      GRID("    energy_supply: {values: [1]}\n    temperature: {values: [300]}\n"),
      GRID("    temperature: {values: [300]}\n    energy_supply: {values: [1]}\n"),
      "design: {kind: points, points: [{}]}",
      "design: {kind: points, points: [{}, {}]}",
      "design: {kind: points, points: [{energy_supply: 0.1}]}",
      "design: {kind: points, points: [{energy_supply: 0.10000000000000002}]}",
  };
  char *one[ION_COUNT(text)], *again;

  PetscFunctionBegin;
  for (size_t i = 0; i < ION_COUNT(text); i++) PetscCall(canonical(text[i], &one[i]));
  for (size_t i = 0; i < ION_COUNT(text); i++) {
    for (size_t k = 0; k < i; k++) CHECK(strcmp(one[i], one[k]) != 0);
    PetscCall(canonical(text[i], &again));
    CHECK(!strcmp(one[i], again));
    PetscCall(PetscFree(again));
  }
  CHECK(strstr(one[0], "from 0.10000000000000001 to 1"));
  for (size_t i = 0; i < ION_COUNT(text); i++) PetscCall(PetscFree(one[i]));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A table's values are in the text, wherever they came from. */
static PetscErrorCode canonical_text_holds_the_values_of_a_table(void)
{
  char *one, *other, *in_sweep;

  PetscFunctionBegin;
  PetscCall(write_file("design_test.csv", "energy_supply\n0.1\n"));
  PetscCall(canonical(TABLE, &one));
  PetscCall(write_file("design_test.csv", "energy_supply\n0.2\n"));
  PetscCall(canonical(TABLE, &other));
  PetscCall(canonical("design: {kind: points, points: [{energy_supply: 0.1}]}", &in_sweep));
  CHECK(strcmp(one, other) != 0);
  CHECK(!strcmp(one, in_sweep));
  PetscCall(PetscFree(one));
  PetscCall(PetscFree(other));
  PetscCall(PetscFree(in_sweep));
  CHECK(unlink("design_test.csv") == 0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode kinds_are_listed(void)
{
  static const char *const names[] = {"grid",     "points", "latin_hypercube", "sobol",
                                      "saltelli", "morris", "boundary"};
  const ion_design_kind_info *kind = ion_design_kinds();

  PetscFunctionBegin;
  for (size_t i = 0; i < 7; i++) CHECK(kind[i].name && !strcmp(kind[i].name, names[i]));
  CHECK(!kind[7].name);
  CHECK(*kind[0].summary && *kind[1].summary);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const ion_test_case cases[] = {
    {"last_factor_varies_fastest",                         last_factor_varies_fastest                 },
    {"a_point_does_not_depend_on_the_range_it_is_made_in",
     a_point_does_not_depend_on_the_range_it_is_made_in                                               },
    {"nodes_are_the_numbers_a_person_would_write",         nodes_are_the_numbers_a_person_would_write },
    {"first_and_last_node_are_as_written",                 first_and_last_node_are_as_written         },
    {"one_node_is_its_first",                              one_node_is_its_first                      },
    {"the_largest_grid_costs_nothing",                     the_largest_grid_costs_nothing             },
    {"bad_grids_are_refused_at_their_line",                bad_grids_are_refused_at_their_line        },
    {"points_take_defaults_where_they_say_nothing",        points_take_defaults_where_they_say_nothing},
    {"an_empty_point_is_the_model_as_it_stands",           an_empty_point_is_the_model_as_it_stands   },
    {"bad_points_are_refused_at_their_line",               bad_points_are_refused_at_their_line       },
    {"a_table_gives_its_points",                           a_table_gives_its_points                   },
    {"a_table_is_looked_up_beside_its_sweep",              a_table_is_looked_up_beside_its_sweep      },
    {"bad_tables_are_refused_at_their_cell",               bad_tables_are_refused_at_their_cell       },
    {"canonical_text_differs_where_points_differ",         canonical_text_differs_where_points_differ },
    {"canonical_text_holds_the_values_of_a_table",         canonical_text_holds_the_values_of_a_table },
    {"kinds_are_listed",                                   kinds_are_listed                           },
};

int main(int argc, char **argv)
{
  return ion_test_main(argc, argv, cases, ION_COUNT(cases));
}
