/* The command line in two halves: our words, and the options of PETSc. */
#include "cli_impl.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* "-snes_monitor": one dash and more than one letter. -help is ours. */
static PetscBool is_petsc_option(const char *word)
{
  return (PetscBool)(word[0] == '-' && isalpha((unsigned char)word[1]) && word[2] &&
                     strcmp(word, "-help") != 0);
}

/* Does a word of ours take the next one as its value? */
static PetscBool takes_next(const char *word)
{
  static const char *const valued[] = {
      "-o",     "--output", "--set",    "--index", "--ranks",     "--durable", "--interval",
      "--part", "--take",   "--csv",    "--in",    "--from",      "--to",      "--of",
      "--by",   "--places", "--extend", "--until", "--max-points"};

  for (size_t i = 0; i < ION_COUNT(valued); i++)
    if (!strcmp(word, valued[i])) return PETSC_TRUE;
  return PETSC_FALSE;
}

static PetscBool is_verb(const char *word)
{
  for (size_t i = 0; cli_verbs[i]; i++)
    if (!strcmp(word, cli_verbs[i]->name)) return PETSC_TRUE;
  return PETSC_FALSE;
}

/* After `-log_view` a word may be its value or our own: the verb and the file that are still missing
 * are ours. */
static PetscBool is_ours(const char *word, int n_plain)
{
  const size_t n = strlen(word);

  if (n_plain == 0) return is_verb(word);
  return (PetscBool)(n_plain == 1 &&
                     ((n > 5 && !strcmp(word + n - 5, ".yaml")) || !access(word, F_OK)));
}

PetscBool cli_words_split(int argc, char **argv, cli_words *words)
{
  int n_plain = 0;

  *words            = (cli_words){.argc = 1, .petsc_argc = 1};
  words->argv       = calloc((size_t)argc + 2, sizeof *argv);
  words->petsc_argv = calloc((size_t)argc + 2, sizeof *argv);
  if (!words->argv || !words->petsc_argv || argc < 1) return PETSC_FALSE;
  words->argv[0] = words->petsc_argv[0] = argv[0];
  for (int i = 1; i < argc; i++) {
    if (is_petsc_option(argv[i])) {
      words->petsc_argv[words->petsc_argc++] = argv[i];
      if (i + 1 < argc && (argv[i + 1][0] != '-' || isdigit((unsigned char)argv[i + 1][1])) &&
          !is_ours(argv[i + 1], n_plain))
        words->petsc_argv[words->petsc_argc++] = argv[++i];
      continue;
    }
    if (argv[i][0] != '-') n_plain++;
    words->argv[words->argc++] = argv[i];
    if (takes_next(argv[i]) && i + 1 < argc) words->argv[words->argc++] = argv[++i];
  }
  return PETSC_TRUE;
}

void cli_words_free(cli_words *words)
{
  free(words->argv);
  free(words->petsc_argv);
}
