#!/bin/bash
# A worker that is killed in the middle of `run --until --tolerate-loss`: the others finish the present stage, which
# takes its place; one line says how to go on, and the same command ends with the file of a direct run.
# Needs IONSWEEP (the program), IONSWEEP_SOURCE (the source) and MPIEXEC (mpirun of Open MPI, which knows
# --enable-recovery).
set -u
# shellcheck source=tests/until_fixture.sh
source "$IONSWEEP_SOURCE/tests/until_fixture.sh"
# shellcheck source=tests/job_fixture.sh
source "$IONSWEEP_SOURCE/tests/job_fixture.sh"
# shellcheck disable=SC2086
$MPIEXEC --enable-recovery -n 1 true 2>/dev/null || {
  echo "this mpirun has no --enable-recovery: skipped"
  exit 77
}
until=(--until 'T halfwidth < 1e-9' --max-points 4e5 --tolerate-loss --point-timeout 0.3s)

sweep 65536 >sweep.yaml
"$IONSWEEP" run sweep.yaml -o direct.nc >direct.log 2>&1 || fail "direct run of 65536"
sweep 4096 >sweep.yaml

# Four ranks, until rank 2 works on the fourth stage.
# shellcheck disable=SC2086
$MPIEXEC --enable-recovery -n 4 "$IONSWEEP" run sweep.yaml -o worker.nc "${until[@]}" >worker.nc.out 2>worker.nc.err &
pid=$!
wait_for_run worker.nc 4 2
kill -9 "$(rank_of "$pid" 2)"
wait "$pid" # 0 from mpirun --enable-recovery, whatever happens
grep -q 'lost: rank 2 does not answer' worker.nc.log || fail "the loss is not noticed: $(tail -3 worker.nc.log)"
tail -2 worker.nc.log | head -1 | grep -q ' end: done, ' || fail "the stage is not finished: $(tail -2 worker.nc.log)"
tail -1 worker.nc.log | grep -q ' end: stopped after a rank was lost' ||
  fail "the log ends with $(tail -1 worker.nc.log)"
[ "$(grep -c 'stopped after a rank was lost: .* saved in worker.nc; run the same command again' worker.nc.out)" = 1 ] ||
  fail "nothing says how to go on: $(tail -3 worker.nc.out)"
[ ! -e worker.nc.next ] || fail "a finished stage is not in its place"
grow 2 worker.nc "${until[@]}"
grep -q '^stage 1: \(32768\|65536\) samples' worker.nc.out || fail "goes on from $(grep '^stage 1' worker.nc.out)"
cmp direct.nc worker.nc || fail "the loss of a worker gives another file"

exit "$((failures > 0))"
