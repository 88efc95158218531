#include "cli_impl.h"

#include <stdio.h>
#include <string.h>

static const struct {
  const char *name;
  const char *text;
} option_help[] = {
    {"--output",            "  -o, --output FILE.nc          the result file\n"                           },
    {"--set",
     "  --set NAME=VALUE              give a quantity of the model another value, with its unit:\n"
     "                                --set 'temperature=30 degC'; may be repeated\n"                     },
    {"--restart",
     "  --restart                     start over even if the file holds finished points\n"                },
    {"--durable",
     "  --durable none|interval|chunk how often results are forced to the disk (interval)\n"              },
    {"--interval",          "  --interval S                  seconds between two such moments (30)\n"     },
    {"--stop-after",
     "  --stop-after TIME             deal no more work after 2h, 90 min, ...; exit status 99\n"          },
    {"--max-points",
     "  --max-points N                deal no more chunks than N points take; exit status 99;\n"
     "                                with --until: how many points in all it may come to\n"              },
    {"--point-timeout",
     "  --point-timeout TIME          a point that takes longer is given up: timed_out (60 s)\n"          },
    {"--isolate",
     "  --isolate                     solve all points in child processes, not only those that\n"
     "                                ended a rank before: a crash is data at once, a little "
     "slower\n"                                                                                           },
    {"--tolerate-loss",
     "  --tolerate-loss               ranks but 0 may die (mpirun --enable-recovery)\n"                   },
    {"--retry",
     "  --retry STATUS,...            solve points of these statuses again: crashed,timed_out\n"          },
    {"--resolve",           "  --resolve K                   solve K points of it again and compare (0)\n"},
    {"--seed",              "  --seed S                      which points these are (0)\n"                },
    {"--part",              "  --part I/N                    solve the I-th of N parts alone\n"           },
    {"--take",
     "  --take FILE.nc                copy what another file of this study has; may be repeated\n"        },
    {"--extend",            "  --extend FILE.nc              start with the points of a smaller study of the "
                 "same sweep\n"                                                           },
    {"--until",
     "  --until CONDITION             double the samples until 'T halfwidth < 0.02' or\n"
     "                                'S(neuron_V) halfwidth < 0.05' holds for every input\n"             },
    {"--in",                "  --in PARAMETER                what moves; see `list parameters`\n"         },
    {"--from",              "  --from A, --to B              its range\n"                                 },
    {"--places",            "  --places N                    places of the branch at most (1000)\n"       },
    {"--index",             "  --index I                     which point of a sweep, from 0 (0)\n"        },
    {"--ranks",
     "  --ranks N,N,...               rank counts to estimate the time for (2,8,64,512)\n"                },
    {"--json",              "  --json                        one JSON object instead of tables\n"         },
    {"--check-derivatives",
     "  --check-derivatives           derivatives of outputs by parameters at this point, each by "
     "the\n"
     "                                adjoint and by solving again at other values; exit status 1\n"
     "                                where they differ by more than 1e-4\n"                              },
    {"--csv",               "  --csv FILE                    a table of output and factor as text\n"      },
    {"--of",                "  --of OUTPUT,...               the outputs looked at (names, globs)\n"      },
    {"--by",                "  --by PARAMETER,...            its parameters\n"                            },
    {"--help",              "  --help                        this text\n"                                 },
};

void cli_print_help(const cli_verb *verb)
{
  printf("usage: %s\n\n%s\n\n", verb->usage, verb->help);
  for (size_t i = 0; i < ION_COUNT(option_help); i++)
    if (strstr(verb->options, option_help[i].name)) fputs(option_help[i].text, stdout);
  printf("\nOptions of PETSc, with one dash (-snes_type newtonls, -log_view), may be added.\n");
}

void cli_print_overview(void)
{
  printf("ionsweep %s: steady states of brain-cell ion homeostasis over large parameter designs\n\n"
         "usage: ionsweep VERB [FILE] [options]\n\n",
         ION_VERSION);
  for (size_t i = 0; cli_verbs[i]; i++) printf("  %s\n", cli_verbs[i]->usage);
  printf(
      "\n'ionsweep VERB --help' explains a verb; 'ionsweep --version' prints the version.\n"
      "Exit status: 0 done; 1 failed; 2 bad input or an output that cannot be used, nothing was\n"
      "run; 99 stopped early on request with everything finished saved: run again to go on.\n");
}
