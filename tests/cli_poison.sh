#!/bin/bash
# Points that crash, never end or leave the domain: each gets its status, all others are right, without a
# human beyond running the same command again; --retry solves only such points again.
# Needs IONSWEEP, IONSWEEP_SOURCE, IONSWEEP_FAULTY (tests/faulty_points.c), IONSWEEP_PYTHON and MPIEXEC.
set -u
# shellcheck source=tests/cli_fixture.sh
source "$IONSWEEP_SOURCE/tests/cli_fixture.sh"

# In the last quarter more sodium would have to leave than there is.
cat >study.yaml <<'YAML'
model: neuron_glia
outputs: [neuron.V, ecs.K, class]
design:
  kind: grid
  factors:
    ecs.composition.K: {values: [3 mM, 4 mM, 5 mM, 253.5 mM], balance: Na}
    energy_supply: {from: 0.5, to: 1, count: 400}
YAML
"$IONSWEEP" run study.yaml -o whole.nc >whole.out 2>&1 || fail "whole: exit status $?"
grep -q '^  domain_error  *400 ' whole.out || fail "400 points are outside the domain: $(cat whole.out)"

# run RANKS FILE OPTIONS...: with the points of FAULTY_POINTS
run() {
  local ranks=$1 file=$2
  shift 2
  # shellcheck disable=SC2086
  timeout 100 $MPIEXEC -n "$ranks" "$IONSWEEP_FAULTY" run study.yaml -o "$file" --point-timeout 0.5s "$@" \
    >"$file.out" 2>"$file.err"
}

# compare FILE POINT=STATUS...: these points have that status and no data, all others those of whole.nc
compare() {
  "$IONSWEEP_PYTHON" - "$@" <<'PYTHON' || fail "$1 differs from the undisturbed run"
import sys
import netCDF4
import numpy

whole, file = netCDF4.Dataset("whole.nc"), netCDF4.Dataset(sys.argv[1])
for data in (whole, file):
    data.set_auto_mask(False)
expected = dict((int(p), int(s)) for p, s in (a.split("=") for a in sys.argv[2:]))
others = numpy.ones(whole["status"].size, bool)
others[list(expected)] = False
bad = []
for name in ("status", "class", "neuron_V", "ecs_K"):
    a, b = whole[name][:].ravel(), file[name][:].ravel()
    if a[others].tobytes() != b[others].tobytes():
        bad.append(f"{name} of points {numpy.flatnonzero(others & (a != b))[:5]}")
    for point, status in expected.items():
        if name == "status" and b[point] != status or name[1] == "e" and not numpy.isnan(b[point]):
            bad.append(f"{name} of point {point} is {b[point]}")
print("\n".join(bad))
sys.exit(len(bad) > 0)
PYTHON
}

"$IONSWEEP_PYTHON" -c 'import netCDF4' 2>/dev/null || {
  echo "no netCDF4 for $IONSWEEP_PYTHON: skipped"
  exit 77
}
crashed=5 timed_out=4
all="100:segv 450:hang 700:fpe 1000:exit"
expected="100=$crashed 450=$timed_out 700=$crashed 1000=$crashed"

# In child processes from the start nothing is lost.
export FAULTY_POINTS=$all
run 3 isolated.nc --isolate || fail "--isolate: exit status $?: $(cat isolated.nc.err)"
# shellcheck disable=SC2086
compare isolated.nc $expected

# The command run again, by any number of ranks, until it is done: a rank that leaves without a word must
# do so twice before its chunk counts as the reason.
# until_done RANKS MOST: at most so many attempts, more than one
until_done() {
  local attempt
  for attempt in $(seq "$2"); do
    run "$1" "again$1.nc" && break
    [ "$attempt" = "$2" ] && fail "$1 ranks: not done after $2 attempts: $(cat "again$1.nc.err")"
  done
  [ "$attempt" -gt 1 ] || fail "$1 ranks: no point ended the first attempt"
}
FAULTY_POINTS="100:segv 450:hang" until_done 1 3
compare again1.nc 100=$crashed 450=$timed_out
FAULTY_POINTS="700:fpe 1000:exit" until_done 3 4
compare again3.nc 700=$crashed 1000=$crashed

# A hanging point of several ranks: the others take over, mpirun reports success, once.
FAULTY_POINTS="450:hang" run 3 hang.nc || fail "a hanging point: exit status $?: $(cat hang.nc.err)"
compare hang.nc 450=$timed_out
grep -q ' lost: rank . does not answer' hang.nc.log || fail "the log does not name the silent rank"

# Ranks that die one after another, the last one too: no attempt but the first.
FAULTY_POINTS="100:segv 1000:exit" MPIEXEC="$MPIEXEC --enable-recovery" run 3 tolerant.nc --tolerate-loss
grep -q ' end: done' tolerant.nc.log || fail "--tolerate-loss: $(cat tolerant.nc.err)"
compare tolerant.nc 100=$crashed 1000=$crashed

# With points that behave: only those named are solved again.
unset FAULTY_POINTS
cp isolated.nc retry.nc
"$IONSWEEP" run study.yaml -o retry.nc >retry.out 2>&1 || fail "a finished study: exit status $?"
cmp isolated.nc retry.nc || fail "without --retry a finished file was changed"
"$IONSWEEP" run study.yaml -o retry.nc --retry timed_out >retry.out 2>&1 || fail "--retry timed_out: $?"
grep -q '(1599 from an earlier run)' retry.out || fail "--retry timed_out: $(sed -n 2,4p retry.out)"
# shellcheck disable=SC2086
compare retry.nc ${expected/450=4/}
$MPIEXEC -n 2 "$IONSWEEP" run study.yaml -o retry.nc --retry crashed,timed_out >retry.out 2>&1
grep -q '(1597 from an earlier run)' retry.out || fail "--retry of both: $(sed -n 2,4p retry.out)"
cmp whole.nc retry.nc || fail "--retry does not give the undisturbed file"
"$IONSWEEP" run study.yaml -o retry.nc --retry crashed,late >retry.out 2>retry.err
status=$?
if [ "$status" != 2 ] || [ "$(wc -l <retry.err)" != 1 ]; then
  fail "--retry of an unknown status: exit status $status: $(cat retry.err)"
fi

exit "$((failures > 0))"
