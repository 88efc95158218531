#!/bin/bash
# A run that is stopped and continued (Ctrl-Z and fg, a job that Slurm suspends): the time in between belongs to no point
# and to no rank.
# Needs IONSWEEP (the program), IONSWEEP_FAULTY (tests/faulty_points.c), IONSWEEP_SOURCE and MPIEXEC.
set -u
# shellcheck source=tests/cli_fixture.sh
source "$IONSWEEP_SOURCE/tests/cli_fixture.sh"
# shellcheck source=tests/job_fixture.sh
source "$IONSWEEP_SOURCE/tests/job_fixture.sh"

cat >study.yaml <<'YAML'
model: neuron_glia
outputs: [neuron.V, class]
design: {kind: grid, factors: {energy_supply: {from: 0.05, to: 1, count: 40}, temperature: {from: 25 degC, to: 42 degC, count: 100}}}
YAML
"$IONSWEEP" run study.yaml -o whole.nc >out 2>err || fail "whole: $(cat err)"
"$IONSWEEP" run neuron_glia -o point.nc >out 2>err || fail "a point: $(cat err)"

# suspend SECONDS PID...: stopped for so long
suspend() {
  kill -STOP "${@:2}"
  sleep "$1"
  kill -CONT "${@:2}"
}

# The first chunk, which may take 10 timeouts.
FAULTY_POINTS=0:slow "$IONSWEEP_FAULTY" run study.yaml -o alone.nc --point-timeout 0.2s >out 2>err &
pid=$!
wait_for_run alone.nc 1 0
suspend 3 $pid
wait $pid || fail "alone: exit status $?: $(tail -n 1 err)"
cmp whole.nc alone.nc || fail "a run that was stopped gives another file"

# One point in a child process, which ends by an alarm of its own after 2 s more than its timeout.
FAULTY_POINTS=0:slow "$IONSWEEP_FAULTY" run neuron_glia -o child.nc --isolate --point-timeout 1s >out 2>err &
pid=$!
wait_for_run child.nc 1 0
sleep 0.1
read -r -a child <<<"$(ranks_of $pid)"
suspend 4 $pid "${child[@]}"
wait $pid || fail "a point in a child process: exit status $?: $(tail -n 1 err)"
cmp point.nc child.nc || fail "a point that was stopped counts as one that takes too long"

# Rank 0 does not take ranks for lost that were stopped as it was. It waits for 4 s before any chunk is done, then for
# 10 times the longest one more than its timeout.
FAULTY_POINTS="0:slow 64:slow $(seq -f '%.0f:nap' 128 64 3999 | tr '\n' ' ')"
export FAULTY_POINTS
# shellcheck disable=SC2086
$MPIEXEC -n 3 "$IONSWEEP_FAULTY" run study.yaml -o ranks.nc --point-timeout 0.4s >out 2>err &
pid=$!
wait_for_run ranks.nc 1 1
read -r -a ranks <<<"$(ranks_of $pid)"
suspend 6 "${ranks[@]}"
wait $pid || fail "ranks: exit status $?: $(tail -n 1 err)"
cmp whole.nc ranks.nc || fail "ranks that were stopped give another file"
grep ' lost: ' ranks.nc.log && fail "the log says that ranks were lost that were stopped with all others"

exit "$((failures > 0))"
