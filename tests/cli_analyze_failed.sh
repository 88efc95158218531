#!/bin/bash
# analyze where a single point failed, of whichever member: its block loses a pair, and the indices are those of the
# whole study within their intervals.
# Needs IONSWEEP (the program), IONSWEEP_FAULTY (tests/faulty_points.c) and IONSWEEP_SOURCE (the source).
set -u
# shellcheck source=tests/extend_fixture.sh
source "$IONSWEEP_SOURCE/tests/extend_fixture.sh"

# indices FILE: output, input, total order and its half-width, a line each
indices() {
  "$IONSWEEP" analyze "$1" --csv "$1.csv" >"$1.out" 2>&1 || fail "analyze $1: exit status $?, $(tail -1 "$1.out")"
  awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
    NR > 1 { print $1, $2, $at["total_order"], $at["total_order_half_width"] }' "$1.csv"
}

sweep 256 >study.yaml
run 1 study.yaml whole.nc
indices whole.nc >whole.txt
[ "$(wc -l <whole.txt)" -ge 6 ] || fail "two outputs of two factors and the dummy: $(cat whole.txt)"

# Points 128 to 131 are A, B and those that take one factor of B: members of one block of one replicate.
for point in 128 129 130 131; do
  rm -f failed.nc
  FAULTY_POINTS="$point:exit" IONSWEEP=$IONSWEEP_FAULTY run 1 study.yaml failed.nc --isolate
  grep -q '^  crashed  *1 ' failed.nc.out || fail "point $point did not fail"
  indices failed.nc | paste -d' ' whole.txt - |
    awk '{ d = $3 - $7; if (d < 0) d = -d; if (!($7 != "") || d > $4 + 1e-3) bad = 1 } END { exit bad || NR < 6 }' ||
    fail "point $point failed: $(cat failed.nc.csv)"
done

exit "$((failures > 0))"
