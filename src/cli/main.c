/* ionsweep VERB [FILE] [options] */
#include "cli_impl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const cli_verb *const cli_verbs[] = {&cli_run,     &cli_plan, &cli_point,  &cli_branch,
                                     &cli_analyze, &cli_list, &cli_verify, NULL};

/* A disk that is full or a file that was taken away says all there is to say. */
static PetscBool is_of_file(PetscErrorCode code)
{
  return (PetscBool)(code == PETSC_ERR_FILE_WRITE || code == PETSC_ERR_FILE_READ ||
                     code == PETSC_ERR_FILE_OPEN);
}

/* What a user can mend is one line, from one rank; anything else is a short trace. */
static PetscErrorCode report_error(MPI_Comm comm, int line, const char *function, const char *file,
                                   PetscErrorCode code, PetscErrorType type, const char *message,
                                   void *context)
{
  const int *rank = context;

  (void)comm;
  if (code == PETSC_ERR_USER_INPUT) {
    if (type == PETSC_ERROR_INITIAL && *rank == 0) fprintf(stderr, "%s\n", message ? message : "");
    return code;
  }
  if (is_of_file(code)) {
    if (type == PETSC_ERROR_INITIAL) fprintf(stderr, "ionsweep: %s\n", message ? message : "");
    return code;
  }
  if (type == PETSC_ERROR_INITIAL)
    fprintf(stderr, "ionsweep: rank %d: %s (error %d)\n", *rank, message ? message : "", (int)code);
  fprintf(stderr, "  in %s, %s:%d\n", function, file, line);
  return code;
}

static PetscErrorCode find_verb(const char *word, const cli_verb **verb)
{
  const char *known[ION_COUNT(cli_verbs)], *nearest;
  size_t n = 0;

  PetscFunctionBegin;
  for (*verb = NULL; cli_verbs[n]; n++) {
    known[n] = cli_verbs[n]->name;
    if (!strcmp(word, known[n])) *verb = cli_verbs[n];
  }
  if (*verb) PetscFunctionReturn(PETSC_SUCCESS);
  nearest = ion_nearest_name(word, known, n);
  PetscCheck(!nearest, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "ionsweep: unknown %s '%s'; did you mean '%s'?", *word == '-' ? "option" : "verb",
             word, nearest);
  SETERRQ(PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
          "ionsweep: unknown %s '%s'; verbs: run, plan, point, branch, analyze, list, verify "
          "(ionsweep --help)",
          *word == '-' ? "option" : "verb", word);
}

static PetscErrorCode run_verb(MPI_Comm comm, const cli_verb *verb, int argc, char **argv,
                               int *exit_status)
{
  cli_arguments arguments = {0};
  int rank;
  PetscErrorCode code;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  code = cli_arguments_read(verb, argc, argv, &arguments);
  if (!code && arguments.help) {
    if (rank == 0) cli_print_help(verb);
  } else if (!code && (rank == 0 || verb->all_ranks)) {
    code = verb->run(comm, &arguments, exit_status);
  }
  PetscCall(cli_arguments_free(&arguments));
  PetscCall(code);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscBool is_help(const char *word)
{
  return (PetscBool)(!strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "-help") ||
                     !strcmp(word, "help"));
}

static PetscErrorCode run_command(MPI_Comm comm, int rank, const cli_words *words, int *exit_status)
{
  const char *word     = words->argc > 1 ? words->argv[1] : NULL;
  const cli_verb *verb = NULL;

  PetscFunctionBegin;
  PetscCheck(word, PETSC_COMM_SELF, PETSC_ERR_USER_INPUT,
             "ionsweep: a verb is missing: run, plan, point, branch, analyze, list or verify "
             "(ionsweep --help)");
  if (!strcmp(word, "help") && words->argc > 2) {
    PetscCall(find_verb(words->argv[2], &verb));
    if (rank == 0) cli_print_help(verb);
  } else if (is_help(word)) {
    if (rank == 0) cli_print_overview();
  } else if (!strcmp(word, "--version") || !strcmp(word, "-V")) {
    if (rank == 0) printf("ionsweep %s\n", ION_VERSION);
  } else {
    PetscCall(find_verb(word, &verb));
    PetscCall(run_verb(comm, verb, words->argc - 2, words->argv + 2, exit_status));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* A mistyped option of PETSC is silently ignored by it; say so where one process has seen all code. */
static PetscErrorCode warn_unused_options(MPI_Comm comm)
{
  PetscInt n;
  int size;
  char **name, **value;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_size(comm, &size));
  if (size > 1) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscOptionsLeftGet(NULL, &n, &name, &value));
  for (PetscInt i = 0; i < n; i++)
    if (strncmp(name[i], "malloc", 6) != 0)
      fprintf(stderr, "ionsweep: option -%s was not used\n", name[i]);
  PetscCall(PetscOptionsLeftRestore(NULL, &n, &name, &value));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  cli_words words;
  int rank = 0, exit_status = EXIT_DONE;
  PetscErrorCode code;

  if (!cli_words_split(argc, argv, &words)) return EXIT_FAILED;
  if (MPI_Init(&argc, &argv)) return EXIT_FAILED;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  PETSC_COMM_WORLD = MPI_COMM_SELF; /* every rank solves its own points */
  if (PetscInitialize(&words.petsc_argc, &words.petsc_argv, NULL, NULL)) return EXIT_FAILED;
  (void)
      PetscPopSignalHandler(); /* a closed pipe or a crash ends the process as it does any other */
  (void)PetscPushErrorHandler(report_error, &rank);

  code = run_command(MPI_COMM_WORLD, rank, &words, &exit_status);
  if (code)
    exit_status = code == PETSC_ERR_USER_INPUT ? EXIT_BAD_INPUT : EXIT_FAILED;
  else
    (void)warn_unused_options(MPI_COMM_WORLD);

  if ((fflush(stdout) || ferror(stdout)) && exit_status == EXIT_DONE) {
    fprintf(stderr, "ionsweep: not all could be printed: %s\n", strerror(errno));
    exit_status = EXIT_FAILED;
  }
  (void)PetscPopErrorHandler();
  if (PetscFinalize() || MPI_Finalize()) exit_status = exit_status ? exit_status : EXIT_FAILED;
  cli_words_free(&words); /* PETSc looks at its half until it ends */
  return exit_status;
}
