#!/bin/bash
# --tolerate-loss: workers that are killed while a study is solved, one after another; and rank 0, without
# which the others leave by themselves.
# Needs IONSWEEP, IONSWEEP_FAULTY (tests/faulty_points.c), IONSWEEP_SOURCE and MPIEXEC (mpirun of Open MPI, which knows
# --enable-recovery).
set -u
# shellcheck source=tests/cli_fixture.sh
source "$IONSWEEP_SOURCE/tests/cli_fixture.sh"
# shellcheck source=tests/job_fixture.sh
source "$IONSWEEP_SOURCE/tests/job_fixture.sh"
# shellcheck disable=SC2086
$MPIEXEC --enable-recovery -n 1 true 2>/dev/null || {
  echo "this mpirun has no --enable-recovery: skipped"
  exit 77
}

cat >study.yaml <<'YAML'
model: neuron_glia
outputs: [neuron.V, class]
design: {kind: grid, factors: {energy_supply: {from: 0.05, to: 1, count: 200}, temperature: {from: 25 degC, to: 42 degC, count: 100}}}
YAML
"$IONSWEEP" run study.yaml -o whole.nc >out 2>err || fail "whole: $(cat err)"

# Naps that take three workers 2 s, so that nobody is done before the kills.
FAULTY_POINTS=$(seq -f '%.0f:nap' 0 66 19999 | tr '\n' ' ')
export FAULTY_POINTS

# start FILE: on four ranks, once each of them has work; their processes in `rank`
start() {
  local i
  # shellcheck disable=SC2086
  $MPIEXEC --enable-recovery -n 4 "$IONSWEEP_FAULTY" run study.yaml -o "$1" --tolerate-loss --point-timeout 0.5s \
    >"$1.out" 2>"$1.err" &
  pid=$!
  for i in 1 2 3; do wait_for_run "$1" 1 $i; done
  rank=()
  for i in 0 1 2 3; do rank+=("$(rank_of "$pid" $i)"); done
}

start workers.nc
kill -9 "${rank[2]}"
sleep 0.2
kill -9 "${rank[3]}"
wait "$pid"
grep -q 'end: done' workers.nc.log || fail "two of three workers killed: $(cat workers.nc.err)"
[ "$(grep -c 'lost: rank [123] does not answer' workers.nc.log)" -ge 2 ] || fail "losses are not noticed"
grep -q 'of 20000 points' workers.nc.out || fail "no summary: $(cat workers.nc.out)"
cmp whole.nc workers.nc || fail "losses give another file"

start dealer.nc
kill -9 "${rank[0]}"
for _ in $(seq 1200); do
  kill -0 "$pid" 2>/dev/null || break
  sleep 0.05
done
kill -0 "$pid" 2>/dev/null && fail "the job goes on 60 s after rank 0 was killed"
wait "$pid"
grep -q 'rank 0 is gone' dealer.nc.err || fail "nobody says that rank 0 is gone: $(cat dealer.nc.err)"
"$IONSWEEP" run study.yaml -o dealer.nc >out 2>err || fail "resume: $(cat err)"
cmp whole.nc dealer.nc || fail "the loss of rank 0 and a resume give another file"

exit "$((failures > 0))"
