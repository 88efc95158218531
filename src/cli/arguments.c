/* Reading the options of a verb. */
#include "cli_impl.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_RESOLVED = 1 << 24 };

typedef PetscErrorCode (*reader)(cli_arguments *arguments, const char *text);

#define BAD(...) SETERRQ(PETSC_COMM_SELF, PETSC_ERR_USER_INPUT, __VA_ARGS__)

/* "NAME=VALUE", cut at the first '='. */
static PetscErrorCode read_set(cli_arguments *arguments, const char *text)
{
  const char *equals = strchr(text, '=');
  const size_t n     = arguments->n_set;
  char *copy         = NULL;

  PetscFunctionBegin;
  if (!equals || equals == text || !equals[1])
    BAD("ionsweep: --set wants name=value, not '%s'", text);
  PetscCall(PetscRealloc((n + 1) * sizeof *arguments->set, &arguments->set));
  PetscCall(PetscRealloc((n + 1) * sizeof *arguments->set_text, &arguments->set_text));
  PetscCall(PetscStrallocpy(text, &copy));
  copy[equals - text]    = '\0';
  arguments->set_text[n] = copy;
  arguments->set[n]      = (ion_override){.name = copy, .value = copy + (equals - text) + 1};
  arguments->n_set++;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_places(cli_arguments *arguments, const char *text)
{
  char *end;
  const long n = strtol(text, &end, 10);

  PetscFunctionBegin;
  if (end == text || *end || n < 2 || n > 1000000)
    BAD("ionsweep: --places wants a number from 2 to 1000000, not '%s'", text);
  arguments->places = (size_t)n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_durable(cli_arguments *arguments, const char *text)
{
  static const char *const words[] = {"none", "interval", "chunk"};

  PetscFunctionBegin;
  for (size_t i = 0; i < ION_COUNT(words); i++)
    if (!strcmp(text, words[i])) {
      arguments->durable = (ion_durable)i;
      PetscFunctionReturn(PETSC_SUCCESS);
    }
  BAD("ionsweep: --durable wants none, interval or chunk, not '%s'", text);
}

static PetscErrorCode read_interval(cli_arguments *arguments, const char *text)
{
  char *end;

  PetscFunctionBegin;
  arguments->interval = strtod(text, &end);
  if (end == text || *end || !(arguments->interval >= 0.0) || isinf(arguments->interval))
    BAD("ionsweep: --interval wants seconds, not '%s'", text);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* "3/8": the third of eight parts. */
static PetscErrorCode read_part(cli_arguments *arguments, const char *text)
{
  char *slash, *end = NULL;
  const long part  = strtol(text, &slash, 10);
  const long count = *slash == '/' ? strtol(slash + 1, &end, 10) : 0;

  PetscFunctionBegin;
  if (!end || *end || part < 1 || part > count || count > 10000000)
    BAD("ionsweep: --part wants I/N with I from 1 to N, such as 3/8, not '%s'", text);
  arguments->part = (ion_part){.first = (uint64_t)part - 1, .step = (uint64_t)count};
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_take(cli_arguments *arguments, const char *text)
{
  PetscFunctionBegin;
  if (!*text) BAD("ionsweep: --take needs a file name");
  PetscCall(PetscRealloc((arguments->n_take + 1) * sizeof *arguments->take, &arguments->take));
  arguments->take[arguments->n_take++] = text;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* "2h", "90 min", "30 s" in seconds; a bare number means seconds. */
static PetscErrorCode read_time(const char *name, const char *text, double *seconds)
{
  char *unit;
  ion_units *units = NULL;
  double factor = 0.0, offset = 0.0;
  PetscBool known;
  const double value = strtod(text, &unit);
  PetscErrorCode code;

  PetscFunctionBegin;
  while (*unit == ' ') unit++;
  PetscCall(ion_units_create(&units));
  code = ion_units_to_si(units, *unit ? unit : "s", "s", &factor, &offset, &known);
  PetscCall(ion_units_destroy(&units));
  PetscCall(code);
  if (unit == text || !known || !(value * factor > 0.0) || isinf(value * factor))
    BAD("ionsweep: %s wants a time such as 2h, 90 min or 30 s, not '%s'", name, text);
  *seconds = value * factor;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_stop_after(cli_arguments *arguments, const char *text)
{
  PetscFunctionBegin;
  PetscCall(read_time("--stop-after", text, &arguments->stop_after));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A count in digits. */
static PetscErrorCode read_count(const char *name, const char *what, const char *text,
                                 uint64_t *count)
{
  char *end;
  unsigned long long value;

  PetscFunctionBegin;
  errno = 0;
  value = strtoull(text, &end, 10);
  if (end == text || *end || errno || *text == '-')
    BAD("ionsweep: %s wants %s, not '%s'", name, what, text);
  *count = value;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_max_points(cli_arguments *arguments, const char *text)
{
  char *end;
  const double value = strtod(text, &end); /* 1e6 as well */

  PetscFunctionBegin;
  if (end == text || *end || !(value >= 1.0 && value <= (double)ION_MAX_POINTS) ||
      value - floor(value) > 0.0)
    BAD("ionsweep: --max-points wants a number of points, not '%s'", text);
  arguments->max_points = (uint64_t)value;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_point_timeout(cli_arguments *arguments, const char *text)
{
  PetscFunctionBegin;
  PetscCall(read_time("--point-timeout", text, &arguments->point_timeout));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* "crashed,timed_out" */
static PetscErrorCode read_retry(cli_arguments *arguments, const char *text)
{
  static const ion_status failed[] = {ION_NO_STATE_FOUND, ION_DOMAIN_ERROR, ION_TIMED_OUT,
                                      ION_CRASHED, ION_INFEASIBLE};
  size_t n;

  PetscFunctionBegin;
  for (const char *at = text;; at += n + 1) {
    const unsigned before = arguments->retry;

    n = strcspn(at, ",");
    for (size_t i = 0; i < ION_COUNT(failed); i++) {
      const char *name = ion_status_name(failed[i]);

      if (strlen(name) == n && !strncmp(at, name, n)) arguments->retry |= 1U << failed[i];
    }
    if (arguments->retry == before)
      BAD("ionsweep: --retry wants some of crashed, timed_out, no_state_found, domain_error, "
          "infeasible, each once with commas between, not '%s'",
          text);
    if (!at[n]) break;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_resolve(cli_arguments *arguments, const char *text)
{
  PetscFunctionBegin;
  PetscCall(read_count("--resolve", "a number of points", text, &arguments->n_resolve));
  if (arguments->n_resolve > MOST_RESOLVED)
    BAD("ionsweep: --resolve %s is too many: at most %d", text, MOST_RESOLVED);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_seed(cli_arguments *arguments, const char *text)
{
  PetscFunctionBegin;
  PetscCall(read_count("--seed", "a whole number", text, &arguments->seed));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode read_index(cli_arguments *arguments, const char *text)
{
  PetscFunctionBegin;
  PetscCall(read_count("--index", "the number of a point", text, &arguments->index));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* "2,8,64" */
static PetscErrorCode read_ranks(cli_arguments *arguments, const char *text)
{
  char *end = NULL;

  PetscFunctionBegin;
  arguments->n_ranks = 0;
  for (const char *at = text; !end || *end; at = end + 1) {
    const long n = strtol(at, &end, 10);

    if (end == at || (*end && *end != ',') || n < 1 || n > 10000000 ||
        arguments->n_ranks == CLI_MAX_RANKS)
      BAD("ionsweep: --ranks wants up to %d numbers such as 2,8,64, not '%s'", CLI_MAX_RANKS, text);
    arguments->ranks[arguments->n_ranks++] = (int)n;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What becomes of an option: set, kept as typed, or read by a function of its own. */
typedef enum { FLAG, TEXT, FILE_NAME, VALUE } treatment;

#define PLACE(field) offsetof(cli_arguments, field)

static const struct {
  const char *name;
  treatment kind;
  size_t place; /* of the PetscBool or the text in cli_arguments */
  reader read;  /* of a VALUE */
} option[] = {
    {"--output",            FILE_NAME, PLACE(output),            NULL              },
    {"--csv",               FILE_NAME, PLACE(csv),               NULL              },
    {"--set",               VALUE,     0,                        read_set          },
    {"--restart",           FLAG,      PLACE(restart),           NULL              },
    {"--durable",           VALUE,     0,                        read_durable      },
    {"--interval",          VALUE,     0,                        read_interval     },
    {"--stop-after",        VALUE,     0,                        read_stop_after   },
    {"--max-points",        VALUE,     0,                        read_max_points   },
    {"--point-timeout",     VALUE,     0,                        read_point_timeout},
    {"--isolate",           FLAG,      PLACE(isolate),           NULL              },
    {"--tolerate-loss",     FLAG,      PLACE(tolerate_loss),     NULL              },
    {"--retry",             VALUE,     0,                        read_retry        },
    {"--resolve",           VALUE,     0,                        read_resolve      },
    {"--seed",              VALUE,     0,                        read_seed         },
    {"--part",              VALUE,     0,                        read_part         },
    {"--take",              VALUE,     0,                        read_take         },
    {"--extend",            FILE_NAME, PLACE(extend),            NULL              },
    {"--until",             TEXT,      PLACE(until),             NULL              },
    {"--index",             VALUE,     0,                        read_index        },
    {"--ranks",             VALUE,     0,                        read_ranks        },
    {"--json",              FLAG,      PLACE(json),              NULL              },
    {"--check-derivatives", FLAG,      PLACE(check_derivatives), NULL              },
    {"--trace",             TEXT,      PLACE(trace),             NULL              },
    {"--in",                TEXT,      PLACE(in),                NULL              },
    {"--from",              TEXT,      PLACE(from),              NULL              },
    {"--to",                TEXT,      PLACE(to),                NULL              },
    {"--places",            VALUE,     0,                        read_places       },
    {"--of",                TEXT,      PLACE(of),                NULL              },
    {"--by",                TEXT,      PLACE(by),                NULL              },
    {"--help",              FLAG,      PLACE(help),              NULL              },
};

static PetscErrorCode keep(size_t o, const char *text, cli_arguments *arguments)
{
  char *place = (char *)arguments + option[o].place;

  PetscFunctionBegin;
  switch (option[o].kind) {
  case FLAG:
    *(PetscBool *)(void *)place = PETSC_TRUE;
    break;
  case FILE_NAME:
    if (!*text) BAD("ionsweep: %s needs a file name", option[o].name);
    *(const char **)(void *)place = text;
    break;
  case TEXT:
    *(const char **)(void *)place = text;
    break;
  case VALUE:
    PetscCall(option[o].read(arguments, text));
    break;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Is the option one of this verb's? */
static PetscBool belongs(const cli_verb *verb, const char *name)
{
  const size_t n = strlen(name);

  for (const char *at = verb->options; at; at = strchr(at, ' ') ? strchr(at, ' ') + 1 : NULL)
    if (!strncmp(at, name, n) && (at[n] == ' ' || !at[n])) return PETSC_TRUE;
  return PETSC_FALSE;
}

static PetscErrorCode find_option(const cli_verb *verb, const char *name, size_t *found)
{
  const char *known[ION_COUNT(option)], *nearest;
  size_t n = 0;

  PetscFunctionBegin;
  for (size_t i = 0; i < ION_COUNT(option); i++) {
    if (!belongs(verb, option[i].name)) continue;
    known[n++] = option[i].name;
    *found     = i;
    if (!strcmp(option[i].name, name)) PetscFunctionReturn(PETSC_SUCCESS);
  }
  nearest = ion_nearest_name(name, known, n);
  if (nearest)
    BAD("ionsweep %s: unknown option '%s'; did you mean '%s'?", verb->name, name, nearest);
  BAD("ionsweep %s: unknown option '%s'; options: %s", verb->name, name, verb->options);
}

/* An option with its value, which is either the rest of the word or the next one. */
static PetscErrorCode read_option(const cli_verb *verb, int argc, char **argv, int *i,
                                  cli_arguments *arguments)
{
  const char *word = argv[*i], *value = strchr(word, '=');
  char name[64];
  size_t found = 0;

  PetscFunctionBegin;
  snprintf(name, sizeof name, "%.*s", value ? (int)PetscMin(value - word, 60) : 60, word);
  if (!strcmp(word, "-o")) snprintf(name, sizeof name, "--output");
  if (!strcmp(word, "-h") || !strcmp(word, "-help")) snprintf(name, sizeof name, "--help");
  PetscCall(find_option(verb, name, &found));
  if (option[found].kind == FLAG) {
    if (value) BAD("ionsweep %s: %s takes no value", verb->name, name);
  } else if (value) {
    value++;
  } else {
    if (++*i >= argc) BAD("ionsweep %s: %s needs a value", verb->name, name);
    value = argv[*i];
  }
  PetscCall(keep(found, value, arguments));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode cli_arguments_read(const cli_verb *verb, int argc, char **argv,
                                  cli_arguments *arguments)
{
  int n_word = 0;

  PetscFunctionBegin;
  *arguments = (cli_arguments){
      .durable = ION_DURABLE_INTERVAL, .interval = 30.0, .point_timeout = 60.0, .places = 1000};
  for (int i = 0; i < argc; i++) {
    if (argv[i][0] == '-' && argv[i][1]) {
      PetscCall(read_option(verb, argc, argv, &i, arguments));
      continue;
    }
    if (n_word >= verb->max_word)
      BAD("ionsweep %s: one word too many: '%s' (%s)", verb->name, argv[i], verb->usage);
    if (n_word++ == 0)
      arguments->file = argv[i];
    else
      arguments->model = argv[i];
  }
  if (n_word < verb->min_word && !arguments->help)
    BAD("ionsweep %s: too few words: %s", verb->name, verb->usage);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode cli_arguments_free(cli_arguments *arguments)
{
  PetscFunctionBegin;
  for (size_t i = 0; i < arguments->n_set; i++) PetscCall(PetscFree(arguments->set_text[i]));
  PetscCall(PetscFree(arguments->set_text));
  PetscCall(PetscFree(arguments->set));
  PetscCall(PetscFree(arguments->take));
  PetscFunctionReturn(PETSC_SUCCESS);
}
