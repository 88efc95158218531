# shellcheck shell=bash
# What the tests of the command line share: root may start mpirun, and failures are counted.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
failures=0

# fail WHAT: the test goes on.
fail() {
  echo "FAIL $1"
  failures=$((failures + 1))
}
