#!/bin/bash
# --retry with --extend and --until: points that failed in the smaller study are solved again, and give the file of a direct run.
# Needs IONSWEEP (the program), IONSWEEP_FAULTY (tests/faulty_points.c), IONSWEEP_SOURCE (the source) and MPIEXEC.
set -u
# shellcheck source=tests/extend_fixture.sh
source "$IONSWEEP_SOURCE/tests/extend_fixture.sh"

# says FILE TEXT...: the summary of its run
says() {
  for text in "${@:2}"; do grep -q -- "$text" "$1.out" || fail "$1: no '$text' in $(sed -n 2,6p "$1.out")"; done
}

# 6416 points in chunks of 64, the last one of which ends inside one of the 128 of the larger study.
sweep 1604 >small.yaml
sweep 3208 >large.yaml
FAULTY_POINTS="100:segv 130:hang 6415:abort" IONSWEEP=$IONSWEEP_FAULTY \
  run 1 small.yaml small.nc --isolate --point-timeout 0.3s
says small.nc '^  crashed  *2 ' '^  timed_out  *1 '
cp small.nc kept.nc
run 1 large.yaml large.nc
run 1 large.yaml as_is.nc --extend small.nc
says as_is.nc '^  crashed  *2 ' '^  timed_out  *1 ' '(6416 from an earlier run)'
run 1 large.yaml one.nc --extend small.nc --retry timed_out
says one.nc '^  crashed  *2 ' '(6415 from an earlier run)'
run 1 large.yaml one.nc --extend small.nc --retry crashed
cmp large.nc one.nc || fail "one status after the other"
run 3 large.yaml both.nc --extend small.nc --retry crashed,timed_out
says both.nc '(6413 from an earlier run)'
cmp large.nc both.nc || fail "both at once"
cmp small.nc kept.nc || fail "the smaller study was changed"

# A point that fails again keeps its status, and no number of the file it was in.
FAULTY_POINTS="130:hang" IONSWEEP=$IONSWEEP_FAULTY \
  run 1 large.yaml again.nc --extend small.nc --retry crashed,timed_out --point-timeout 0.3s
says again.nc '^  timed_out  *1 '
run 1 large.yaml again.nc --retry timed_out
cmp large.nc again.nc || fail "a point that failed twice"

# --until tries points again in its first stage, not in every one.
cp small.nc grown.nc
FAULTY_POINTS="130:hang" IONSWEEP=$IONSWEEP_FAULTY run 1 small.yaml grown.nc --retry crashed,timed_out \
  --until 'T halfwidth < 1e-9' --max-points 12832 --point-timeout 0.3s
says grown.nc '^  timed_out  *1 ' '12832 of 12832 points (6416 from an earlier run)'
rm grown.nc
cp small.nc grown.nc
run 1 small.yaml grown.nc --retry crashed,timed_out --until 'T halfwidth < 1e-9' --max-points 12832
cmp large.nc grown.nc || fail "a study doubled by --until with --retry"

exit "$((failures > 0))"
