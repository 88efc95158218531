#!/bin/bash
# A boundary map that was killed or stopped in any of its rounds ends as the same file.
# Needs IONSWEEP (the program), IONSWEEP_SOURCE (the source) and MPIEXEC (mpirun and its options).
set -u
# shellcheck source=tests/cli_fixture.sh
source "$IONSWEEP_SOURCE/tests/cli_fixture.sh"
# shellcheck source=tests/job_fixture.sh
source "$IONSWEEP_SOURCE/tests/job_fixture.sh"

cat >study.yaml <<'YAML'
model: neuron_glia
design:
  kind: boundary
  start: 8
  levels: 3
  probes: 60
  factors:
    ecs.composition.K: {from: 2 mM, to: 90 mM}
    energy_supply: {from: 0.05, to: 1}
outputs: [state, class]
YAML

# run RANKS FILE
run() {
  # shellcheck disable=SC2086
  $MPIEXEC -n "$1" "$IONSWEEP" run study.yaml -o "$2" >"$2.out" 2>"$2.err"
}

run 3 whole.nc || fail "whole: exit status $?"
RANDOM=${ION_SEED:-$$}
echo "seed of the kills: ${ION_SEED:-$$}"
stopped=0
for i in 1 2; do
  "$IONSWEEP" run study.yaml -o term.nc >term.out 2>term.err &
  pid=$!
  wait_for_run term.nc $i
  sleep "0.$((RANDOM % 5))"
  kill -TERM $pid
  wait $pid
  status=$?
  case $status in
  99) stopped=$((stopped + 1)) ;;
  0) ;; # it had ended
  *) fail "SIGTERM: exit status $status, $(head -3 term.err)" ;;
  esac
done
[ "$stopped" -gt 0 ] || echo "note: no run was stopped by SIGTERM in time"
run 3 term.nc || fail "resume after SIGTERM: exit status $?"
cmp whole.nc term.nc || fail "SIGTERM and a resume give another file"
runs=0
for n in 2 3 1; do
  runs=$((runs + 1))
  # shellcheck disable=SC2086
  setsid $MPIEXEC -n "$n" "$IONSWEEP" run study.yaml -o killed.nc --interval 0.1 >killed.out 2>&1 &
  pid=$!
  wait_for_run killed.nc $runs
  sleep "0.$((RANDOM % 5))"
  kill_job "$pid"
done
run 3 killed.nc || fail "resume after kill -9: exit status $?, $(head -3 killed.nc.err)"
cmp whole.nc killed.nc || fail "kill -9 and a resume give another file"

exit "$((failures > 0))"
