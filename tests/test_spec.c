#include "ion_test.h"

#include <ion/spec.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const ion_quantity quantities[] = {
    {"temperature",     "K",      "temperature",                310.15, 273,       323,      PETSC_TRUE },
    {"energy_supply",   "1",      "share of the energy supply", 1,      0,         2,        PETSC_TRUE },
    {"neuron.nka.rate", "fmol/s", "turnover",                   1e-15,  0,         INFINITY, PETSC_TRUE },
    {"ecs.K",           "mM",     "concentration",              3,      0.1,       100,      PETSC_TRUE },
    {"neuron.kcat",     "/mM/s",  "rate constant",              1,      0,         1000,     PETSC_TRUE },
    {"neuron.V",        "mV",     "potential",                  -0.07,  -INFINITY, 0,        PETSC_FALSE},
};

static PetscErrorCode parse(const char *text, ion_spec **spec)
{
  return ion_spec_parse("s.yaml", text, strlen(text), spec);
}

/* A file in the working directory that holds n bytes. */
static PetscErrorCode write_file(const char *path, const char *text, size_t n)
{
  FILE *file;

  PetscFunctionBegin;
  file = fopen(path, "wb");
  PetscCheck(file, PETSC_COMM_SELF, PETSC_ERR_FILE_OPEN, "cannot write %s", path);
  PetscCheck(fwrite(text, 1, n, file) == n, PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE, "%s", path);
  PetscCheck(fclose(file) == 0, PETSC_COMM_SELF, PETSC_ERR_FILE_WRITE, "%s", path);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode tree_has_the_members_of_the_document(void)
{
  ion_spec *spec;
  const ion_node *root, *list, *node;

  PetscFunctionBegin;
  PetscCall(parse("# a comment\n"
                  "title: 'Two: words'\n"
                  "set: {b: 2 Hz, a: 1}\n"
                  "outputs: [state, class]\n"
                  "none: {}\n"
                  "empty:\n",
                  &spec));
  root = ion_spec_root(spec);
  CHECK(ion_node_type(root) == ION_MAPPING && ion_node_count(root) == 5);
  CHECK(!strcmp(ion_node_key_at(root, 1), "set"));
  CHECK(!strcmp(ion_node_text(ion_node_find(root, "title")), "Two: words"));
  node = ion_node_find(root, "set");
  CHECK(!strcmp(ion_node_key_at(node, 0), "b") && !strcmp(ion_node_key_at(node, 1), "a"));
  CHECK(!strcmp(ion_node_text(ion_node_find(node, "a")), "1"));
  CHECK(!ion_node_find(node, "c") && !ion_node_text(node));
  list = ion_node_find(root, "outputs");
  CHECK(ion_node_type(list) == ION_SEQUENCE && ion_node_count(list) == 2);
  CHECK(!strcmp(ion_node_text(ion_node_at(list, 1)), "class"));
  CHECK(!ion_node_find(list, "state"));
  CHECK(ion_node_count(ion_node_find(root, "none")) == 0);
  CHECK(!ion_node_find(ion_node_find(root, "none"), "x"));
  CHECK(!strcmp(ion_node_text(ion_node_find(root, "empty")), ""));
  CHECK(ion_node_place(ion_node_at(list, 1)).line == 4);
  CHECK(ion_node_place(ion_node_at(list, 1)).column == 18);
  CHECK(!strcmp(ion_spec_path(spec), "s.yaml") && !strncmp(ion_spec_text(spec), "# a", 3));
  PetscCall(ion_spec_close(&spec));
  CHECK(!spec);
  PetscCall(ion_spec_close(&spec));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode bad_documents_are_refused_at_their_line(void)
{
  static const struct {
    const char *text, *said;
  } row[] = {
      {"",                        "s.yaml:1:1: the file is empty"                               },
      {"# only a comment\n",      "s.yaml:1:1: the file is empty"                               },
      {"\n\n",                    "s.yaml:1:1: the file is empty"                               },
      {"a: [1, 2\nb: 3\n",        "s.yaml:2:2: malformed YAML: did not find expected ',' or ']'"},
      {"a: 1\n b: 2\n",           "s.yaml:2:3: malformed YAML"                                  },
      {"a: 'open\n",              "malformed YAML: found unexpected end of stream"              },
      {"a:\n\t- 1\n",             "s.yaml:2:1: malformed YAML"                                  },
      {"}\n",                     "s.yaml:1:1: malformed YAML"                                  },
      {"a: 1\nb: \xff\xfe\n",     "s.yaml:2:4: malformed text"                                  },
      {"a: 1\nb: 2\na: 3\n",      "s.yaml:3:1: duplicate key 'a' (first at line 1)"             },
      {"x: {b: 1, c: 2, b: 3}\n", "s.yaml:1:17: duplicate key 'b' (first at line 1)"            },
      {"a: &x 1\n",               "s.yaml:1:4: anchors (&x) are not allowed"                    },
      {"a: &x {b: 1}\n",          "s.yaml:1:4: anchors (&x) are not allowed"                    },
      {"a: &x [b]\n",             "s.yaml:1:4: anchors (&x) are not allowed"                    },
      {"a: *x\n",                 "s.yaml:1:4: aliases (*x) are not allowed"                    },
      {"a: !!int 1\n",            "s.yaml:1:4: tags (tag:yaml.org,2002:int) are not allowed"    },
      {"a: !x {b: 1}\n",          "s.yaml:1:4: tags (!x) are not allowed"                       },
      {"a: 1\n---\nb: 2\n",       "s.yaml:2:1: a second document begins here"                   },
      {"{a: 1}: 2\n",             "s.yaml:1:1: a key must be plain text"                        },
      {"a: \"x\\0y\"\n",          "s.yaml:1:4: a text may not hold NUL"                         },
  };

  PetscFunctionBegin;
  for (size_t i = 0; i < ION_COUNT(row); i++) {
    ion_spec *spec = (ion_spec *)&spec;

    CHECK_RAISES(PETSC_ERR_USER_INPUT, parse(row[i].text, &spec));
    CHECK_SAID(row[i].said);
    CHECK(!strchr(ion_test_message, '\n'));
    CHECK(!spec);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode nesting_is_limited_to_100_levels(void)
{
  char text[2 * 5000 + 1];
  ion_spec *spec;

  PetscFunctionBegin;
  for (int depth = 100; depth <= 101; depth++) {
    memset(text, '[', (size_t)depth);
    memset(text + depth, ']', (size_t)depth);
    text[2 * depth] = '\0';
    if (depth == 100) {
      PetscCall(parse(text, &spec));
      PetscCall(ion_spec_close(&spec));
    } else {
      CHECK_RAISES(PETSC_ERR_USER_INPUT, parse(text, &spec));
      CHECK_SAID("s.yaml:1:101: nested more than 100 levels deep");
    }
  }
  memset(text, '[', sizeof text - 1);
  text[sizeof text - 1] = '\0';
  CHECK_RAISES(PETSC_ERR_USER_INPUT, parse(text, &spec));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode bad_files_are_refused(void)
{
  static const char binary[] = "CDF\005\000\000\000\001 and more";
  const size_t large         = ((size_t)64 << 20) + 1;
  char *text;
  ion_spec *spec;

  PetscFunctionBegin;
  CHECK_RAISES(PETSC_ERR_USER_INPUT, ion_spec_open("absent.yaml", &spec));
  CHECK_SAID("absent.yaml:1:1: cannot open 'absent.yaml': No such file");
  CHECK_RAISES(PETSC_ERR_USER_INPUT, ion_spec_open("/", &spec));
  CHECK_SAID("/:1:1: cannot read '/': Is a directory");
  PetscCall(write_file("spec_test.tmp", "", 0));
  CHECK_RAISES(PETSC_ERR_USER_INPUT, ion_spec_open("spec_test.tmp", &spec));
  CHECK_SAID("spec_test.tmp:1:1: the file is empty");
  PetscCall(write_file("spec_test.tmp", binary, sizeof binary));
  CHECK_RAISES(PETSC_ERR_USER_INPUT, ion_spec_open("spec_test.tmp", &spec));
  CHECK_SAID("spec_test.tmp:1:1: this is a binary file");
  PetscCall(PetscMalloc1(large, &text));
  memset(text, '#', large);
  PetscCall(write_file("spec_test.tmp", text, large));
  PetscCall(PetscFree(text));
  CHECK_RAISES(PETSC_ERR_USER_INPUT, ion_spec_open("spec_test.tmp", &spec));
  CHECK_SAID("spec_test.tmp:1:1: the file is larger than 64 MiB");
  CHECK(!spec);
  PetscCall(write_file("spec_test.tmp", "a: 1\n", 5));
  PetscCall(ion_spec_open("spec_test.tmp", &spec));
  CHECK(!strcmp(ion_spec_text(spec), "a: 1\n"));
  PetscCall(ion_spec_close(&spec));
  CHECK(unlink("spec_test.tmp") == 0);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode control_characters_do_not_reach_a_message(void)
{
  static const char *const allowed[] = {"model"};
  ion_spec *spec;

  PetscFunctionBegin;
  PetscCall(parse("\"a\\n\\e[31mb\": 1\n", &spec));
  CHECK_RAISES(PETSC_ERR_USER_INPUT, ion_node_check_keys(ion_spec_root(spec), "sweep", allowed, 1));
  CHECK_SAID("s.yaml:1:1: sweep: unknown key 'a??[31mb'; allowed: model");
  PetscCall(ion_spec_close(&spec));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode unknown_keys_bring_a_suggestion_or_the_list(void)
{
  static const char *const allowed[] = {"title", "model", "design"};
  ion_spec *spec;
  const ion_node *root, *member;

  PetscFunctionBegin;
  PetscCall(parse("title: x\nmodle: y\n", &spec));
  root = ion_spec_root(spec);
  CHECK_RAISES(PETSC_ERR_USER_INPUT, ion_node_check_keys(root, "sweep", allowed, 3));
  CHECK_SAID("s.yaml:2:1: sweep: unknown key 'modle'; did you mean 'model'?");
  CHECK_RAISES(PETSC_ERR_USER_INPUT, ion_node_check_keys(root, "sweep", allowed + 2, 1));
  CHECK_SAID("s.yaml:1:1: sweep: unknown key 'title'; allowed: design");
  CHECK_RAISES(PETSC_ERR_USER_INPUT, ion_node_require(root, "sweep", "model", &member));
  CHECK_SAID("s.yaml:1:1: sweep needs the key 'model'");
  PetscCall(ion_node_require(root, "sweep", "title", &member));
  CHECK_RAISES(PETSC_ERR_USER_INPUT, ion_node_check_keys(member, "title", allowed, 3));
  CHECK_SAID("s.yaml:1:8: title must be a mapping, not a single value");
  CHECK_RAISES(PETSC_ERR_USER_INPUT, ion_node_fail_key(root, 1, "said %d", 7));
  CHECK_SAID("s.yaml:2:1: said 7");
  PetscCall(ion_spec_close(&spec));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode plain_values_are_read_and_checked(void)
{
  static const char *const words[] = {"linear", "log"};
  ion_spec *spec;
  const ion_node *root;
  const char *text;
  PetscBool flag;
  int64_t number;
  size_t index;

  PetscFunctionBegin;
  PetscCall(parse("t: true\nf: false\nn: 12\nzero: 0\nx: 1.5\nhuge: 99999999999999999999\n"
                  "w: log\nlist: [1]\ntypo: lgo\nempty:\nbig: 1e3\n",
                  &spec));
  root = ion_spec_root(spec);
#define AT(key) ion_node_find(root, key), key
  PetscCall(ion_node_get_bool(AT("t"), &flag));
  CHECK(flag);
  PetscCall(ion_node_get_bool(AT("f"), &flag));
  CHECK(!flag);
  CHECK_RAISES(PETSC_ERR_USER_INPUT, ion_node_get_bool(AT("n"), &flag));
  CHECK_SAID("s.yaml:3:4: n must be true or false, not '12'");
  PetscCall(ion_node_get_integer(AT("n"), 1, 12, &number));
  CHECK(number == 12);
  CHECK_RAISES(PETSC_ERR_USER_INPUT, ion_node_get_integer(AT("zero"), 1, 12, &number));
  CHECK_SAID("s.yaml:4:7: zero must be a whole number from 1 to 12, not '0'");
  CHECK_RAISES(PETSC_ERR_USER_INPUT, ion_node_get_integer(AT("n"), 1, 11, &number));
  CHECK_RAISES(PETSC_ERR_USER_INPUT, ion_node_get_integer(AT("x"), 1, 12, &number));
  CHECK_RAISES(PETSC_ERR_USER_INPUT, ion_node_get_integer(AT("big"), 1, 5000, &number));
  CHECK_RAISES(PETSC_ERR_USER_INPUT, ion_node_get_integer(AT("huge"), 1, INT64_MAX, &number));
  CHECK_SAID("not '99999999999999999999'");
  PetscCall(ion_node_get_word(AT("w"), words, 2, &index));
  CHECK(index == 1);
  CHECK_RAISES(PETSC_ERR_USER_INPUT, ion_node_get_word(AT("typo"), words, 2, &index));
  CHECK_SAID("s.yaml:9:7: typo: unknown word 'lgo'; did you mean 'log'?");
  CHECK_RAISES(PETSC_ERR_USER_INPUT, ion_node_get_word(AT("n"), words, 2, &index));
  CHECK_SAID("unknown word '12'; allowed: linear, log");
  CHECK_RAISES(PETSC_ERR_USER_INPUT, ion_node_get_string(AT("list"), &text));
  CHECK_SAID("s.yaml:8:7: list must be a single value, not a list");
  CHECK_RAISES(PETSC_ERR_USER_INPUT, ion_node_get_string(AT("empty"), &text));
  CHECK_SAID("empty is empty");
#undef AT
  PetscCall(ion_spec_close(&spec));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A text read as one of the quantities above. */
static PetscErrorCode read_as(const char *text, size_t quantity, double *si, char unit[64],
                              double *number)
{
  char document[256];
  const char *written;
  ion_spec *spec;
  ion_units *units;
  PetscErrorCode code;

  PetscFunctionBegin;
  (void)snprintf(document, sizeof document, "a: 1\nv: %s\n", text);
  PetscCall(ion_units_create(&units));
  PetscCall(parse(document, &spec));
  code = ion_node_get_quantity(ion_node_find(ion_spec_root(spec), "v"), units,
                               &quantities[quantity], si, &written, number);
  if (!code) (void)snprintf(unit, 64, "%s", written);
  PetscCall(ion_spec_close(&spec));
  PetscCall(ion_units_destroy(&units));
  PetscFunctionReturn(code);
}

static PetscErrorCode quantities_are_converted_to_si(void)
{
  static const struct {
    const char *text;
    size_t quantity;
    double si, number;
    const char *unit;
  } row[] = {
      {"30 degC",         0, 303.15,              30,     "degC"    },
      {"300",             0, 300,                 300,    "K"       },
      {"323",             0, 323,                 323,    "K"       },
      {"0.5",             1, 0.5,                 0.5,    "1"       },
      {"50 %",            1, 0.5,                 50,     "%"       },
      {"50%",             1, 0.5,                 50,     "%"       },
      {"1 1",             1, 1,                   1,      "1"       },
      {"3 fmol/s",        2, 3e-15,               3,      "fmol/s"  },
      {"2",               2, 2e-15,               2,      "fmol/s"  },
      {"2.4e-3 pmol/min", 2, 2.4e-3 * 1e-12 / 60, 2.4e-3, "pmol/min"},
      {"8 mM",            3, 8,                   8,      "mM"      },
      {"8mM",             3, 8,                   8,      "mM"      },
      {"+.5e1 mM",        3, 5,                   5,      "mM"      },
      {"800 uM",          3, 0.8,                 800,    "uM"      },
      {"\"8 mM  \"",      3, 8,                   8,      "mM"      },
      {"100",             3, 100,                 100,    "mM"      },
      {"0.1 M",           3, 100,                 0.1,    "M"       },
      {"8 /mM/s",         4, 8,                   8,      "/mM/s"   },
      {"1/mM/s",          4, 1,                   1,      "/mM/s"   },
      {"0.5 1/mM/ms",     4, 500,                 0.5,    "1/mM/ms" },
      {"-70 mV",          5, -0.07,               -70,    "mV"      },
  };
  double si, number;
  char unit[64];

  PetscFunctionBegin;
  for (size_t i = 0; i < ION_COUNT(row); i++) {
    PetscCall(read_as(row[i].text, row[i].quantity, &si, unit, &number));
    CHECK_RELATIVE(si, row[i].si, 4e-16);
    CHECK(number == row[i].number && !strcmp(unit, row[i].unit));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode bad_quantities_are_refused_with_what_was_allowed(void)
{
  static const struct {
    const char *text;
    size_t quantity;
    const char *said;
  } row[] = {
      {"warm",         0, "s.yaml:2:4: temperature must be a number, not 'warm'"                   },
      {"nan",          0, "s.yaml:2:4: temperature must be a finite number, not 'nan'"             },
      {".nan",         0, "s.yaml:2:4: temperature must be a number, not '.nan'"                   },
      {"NaN degC",     0, "temperature must be a finite number, not 'NaN degC'"                    },
      {"-inf",         0, "temperature must be a finite number"                                    },
      {"1e999",        2, "neuron.nka.rate must be a finite number, not '1e999'"                   },
      {"0x10",         3, "ecs.K must be a number, not '0x10'"                                     },
      {"",             3, "ecs.K: a number is missing"                                             },
      {"5,3 mM",       3, "ecs.K must be a number with a unit, not '5,3 mM'"                       },
      {"5 10 mM",      3, "ecs.K must be a number with a unit, not '5 10 mM'"                      },
      {"[8]",          3, "s.yaml:2:4: ecs.K must be a single value, not a list"                   },
      {"8 mV",         3, "s.yaml:2:4: ecs.K: wrong unit 'mV'; expected mM or a unit like it"      },
      {"8 mMol",       3, "s.yaml:2:4: ecs.K: unknown unit 'mMol'; expected mM"                    },
      {"30 C",         0, "temperature: wrong unit 'C'; expected K"                                },
      {"30",           0, "temperature = 30 K is out of range; allowed: 273 to 323 K"              },
      {"60 degC",      0, "temperature = 60 degC is out of range; allowed: 273 to 323 K"           },
      {"3",            1, "energy_supply = 3 is out of range; allowed: 0 to 2"                     },
      {"-1 mM",        3, "ecs.K = -1 mM is out of range; allowed: 0.1 to 100 mM"                  },
      {"-1",           2, "neuron.nka.rate = -1 fmol/s is out of range; allowed: at least 0 fmol/s"},
      {"1 V",          5, "neuron.V = 1 V is out of range; allowed: at most 0 mV"                  },
      {"1e300 Ymol/s", 2, "neuron.nka.rate = 1e+300 Ymol/s is out of range"                        },
  };
  double si, number;
  char unit[64];

  PetscFunctionBegin;
  for (size_t i = 0; i < ION_COUNT(row); i++) {
    CHECK_RAISES(PETSC_ERR_USER_INPUT, read_as(row[i].text, row[i].quantity, &si, unit, &number));
    CHECK_SAID(row[i].said);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode unknown_quantities_bring_the_nearest_name(void)
{
  ion_spec *spec;
  size_t index;

  PetscFunctionBegin;
  PetscCall(parse("ecs.K: 1\nneuron.nak.rate: 2\nwhatever: 3\n", &spec));
  PetscCall(ion_quantity_find(ion_spec_root(spec), 0, "ecs.K", quantities, ION_COUNT(quantities),
                              &index));
  CHECK(index == 3);
  CHECK_RAISES(PETSC_ERR_USER_INPUT, ion_quantity_find(ion_spec_root(spec), 1, "neuron.nak.rate",
                                                       quantities, ION_COUNT(quantities), &index));
  CHECK_SAID("s.yaml:2:1: unknown name 'neuron.nak.rate'; did you mean 'neuron.nka.rate'?");
  CHECK_RAISES(PETSC_ERR_USER_INPUT, ion_quantity_find(ion_spec_root(spec), 2, "whatever",
                                                       quantities, ION_COUNT(quantities), &index));
  CHECK_SAID("s.yaml:3:1: unknown name 'whatever'");
  PetscCall(ion_spec_close(&spec));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode canonical(const char *text, char **out)
{
  ion_spec *spec;

  PetscFunctionBegin;
  PetscCall(parse(text, &spec));
  PetscCall(ion_spec_canonical(spec, out));
  PetscCall(ion_spec_close(&spec));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode canonical_text_ignores_layout_and_nothing_else(void)
{
  static const char *const same[] = {
      "a: {b: 1 mM, c: [x, y]}\nd: {}\n",
      "# note\na:\n  b:   '1 mM'   # unit\n  c:\n  - x\n  - \"y\"\nd: {   }\n",
  };
  static const char *const different[][2] = {
      {"a: [x]",            "'a[0]': x" },
      {"a: 1",              "a: 2"      },
      {"a: 1",              "b: 1"      },
      {"a: {}",             "a: []"     },
      {"[x]",               "{'[0]': x}"},
      {"'a/b': 1",          "a: {b: 1}" },
      {"a: ''",             "a: {}"     },
      {"'a = x': y",        "a: x = y"  },
      {"a: \"1\\n/b = 2\"", "a: 1\nb: 2"},
      {"a: '{}'",           "a: {}"     },
      {"a: '\\n'",          "a: \"\\n\""},
  };
  char *text[2];

  PetscFunctionBegin;
  PetscCall(canonical(same[0], &text[0]));
  PetscCall(canonical(same[1], &text[1]));
  CHECK(!strcmp(text[0], text[1]));
  CHECK(!strcmp(text[0], "/a/b = 1\\ mM\n/a/c[0] = x\n/a/c[1] = y\n/d {}\n"));
  for (int k = 0; k < 2; k++) PetscCall(PetscFree(text[k]));
  for (size_t i = 0; i < ION_COUNT(different); i++) {
    for (int k = 0; k < 2; k++) PetscCall(canonical(different[i][k], &text[k]));
    CHECK(strcmp(text[0], text[1]) != 0);
    for (int k = 0; k < 2; k++) PetscCall(PetscFree(text[k]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode a_replaced_scalar_changes_nothing_else(void)
{
  static const char *const text[][2] = {
      {"n: 64",                                  "n: 2048"                                 },
      {"# n: 64\r\ntitle: 64\r\nn: 64\r\nm: 64", "# n: 64\r\ntitle: 64\r\nn: 2048\r\nm: 64"},
      {"{\"\xc3\xa9\xe2\x82\xac\": 64, n: 64}",  "{\"\xc3\xa9\xe2\x82\xac\": 64, n: 2048}" },
      {"m: 64\nn:   # how many\n  64 # 64\n",    "m: 64\nn:   # how many\n  2048 # 64\n"   },
  };
  static const char *const quoted[] = {"n: '64'", "n: \"64\"", "n: >\n  64", "n: ''"};

  PetscFunctionBegin;
  for (size_t i = 0; i < ION_COUNT(text); i++) {
    ion_spec *spec;
    char *edited;

    PetscCall(parse(text[i][0], &spec));
    PetscCall(ion_spec_replace(ion_node_find(ion_spec_root(spec), "n"), "2048", &edited));
    CHECK(!strcmp(edited, text[i][1]));
    PetscCall(PetscFree(edited));
    PetscCall(ion_spec_close(&spec));
  }
  for (size_t i = 0; i < ION_COUNT(quoted); i++) {
    ion_spec *spec;
    char *edited;

    PetscCall(parse(quoted[i], &spec));
    CHECK_RAISES(PETSC_ERR_USER_INPUT,
                 ion_spec_replace(ion_node_find(ion_spec_root(spec), "n"), "2048", &edited));
    CHECK(!edited);
    PetscCall(ion_spec_close(&spec));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static const ion_test_case cases[] = {
    {"tree_has_the_members_of_the_document",             tree_has_the_members_of_the_document       },
    {"bad_documents_are_refused_at_their_line",          bad_documents_are_refused_at_their_line    },
    {"nesting_is_limited_to_100_levels",                 nesting_is_limited_to_100_levels           },
    {"bad_files_are_refused",                            bad_files_are_refused                      },
    {"control_characters_do_not_reach_a_message",        control_characters_do_not_reach_a_message  },
    {"unknown_keys_bring_a_suggestion_or_the_list",      unknown_keys_bring_a_suggestion_or_the_list},
    {"plain_values_are_read_and_checked",                plain_values_are_read_and_checked          },
    {"quantities_are_converted_to_si",                   quantities_are_converted_to_si             },
    {"bad_quantities_are_refused_with_what_was_allowed",
     bad_quantities_are_refused_with_what_was_allowed                                               },
    {"unknown_quantities_bring_the_nearest_name",        unknown_quantities_bring_the_nearest_name  },
    {"canonical_text_ignores_layout_and_nothing_else",
     canonical_text_ignores_layout_and_nothing_else                                                 },
    {"a_replaced_scalar_changes_nothing_else",           a_replaced_scalar_changes_nothing_else     },
};

int main(int argc, char **argv)
{
  return ion_test_main(argc, argv, cases, ION_COUNT(cases));
}
