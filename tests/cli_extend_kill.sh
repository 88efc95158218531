#!/bin/bash
# A study that grows, killed and taken up again, makes the file of a direct run, byte for byte.
# Needs IONSWEEP (the program), IONSWEEP_SOURCE (the source) and MPIEXEC (mpirun and its options).
set -u
# shellcheck source=tests/extend_fixture.sh
source "$IONSWEEP_SOURCE/tests/extend_fixture.sh"
# shellcheck source=tests/job_fixture.sh
source "$IONSWEEP_SOURCE/tests/job_fixture.sh"

sweep 1600 >small.yaml
sweep 25600 >huge.yaml
run 1 small.yaml small.nc
run 1 huge.yaml huge.nc

# kill -9 in the middle, then taken up again by other ranks, once without the smaller file.
for again in "--extend small.nc" ""; do
  rm -f killed.nc*
  # shellcheck disable=SC2086
  setsid $MPIEXEC -n 3 "$IONSWEEP" run huge.yaml -o killed.nc --extend small.nc --durable chunk >killed.out 2>&1 &
  pid=$!
  wait_for_run killed.nc
  sleep 0.2
  kill_job "$pid"
  # shellcheck disable=SC2086
  run 2 huge.yaml killed.nc $again
  cmp huge.nc killed.nc || fail "killed and taken up again with '$again'"
done

exit "$((failures > 0))"
