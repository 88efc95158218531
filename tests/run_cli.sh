#!/bin/bash
# Run one test of the command line in a directory of its own, which is removed afterwards.
#
# The test finds the program in $IONSWEEP, a copy with points that crash in $IONSWEEP_FAULTY, the source in $IONSWEEP_SOURCE, and mpirun with its options
# in $MPIEXEC. It fails as well when a process it started listed memory of PETSc that was never freed
# (tests/memory_list.c, preset sanitize).
set -u
test_script=$1
directory=$(mktemp -d "${TMPDIR:-/tmp}/ionsweep.XXXXXX") || exit 1
trap 'rm -rf "$directory"' EXIT
mkdir "$directory/work" "$directory/memory"
export ION_MEMORY_DIRECTORY="$directory/memory"
export ION_MODEL_PATH="$IONSWEEP_SOURCE/sweeps/models"

cd "$directory/work" || exit 1
bash "$test_script"
status=$?

for list in "$directory"/memory/*; do
  if [ -s "$list" ]; then
    echo "memory of PETSc was never freed:"
    head -20 "$list"
    [ "$status" = 0 ] && status=1
    break
  fi
done
exit "$status"
