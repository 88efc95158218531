#!/bin/bash
# `analyze` where there is little to say, or where it is easily said wrongly: single blocks, no value at all, correlated
# factors, imported points, half-done studies; and what is drawn of them.
# Needs IONSWEEP (the program), IONSWEEP_PYTHON and IONSWEEP_SOURCE.
set -u
# shellcheck source=tests/analyze_fixture.sh
source "$IONSWEEP_SOURCE/tests/analyze_fixture.sh"

# Nothing is said of what there is not: of one block or trajectory no interval, of failures no mean and no box.
of_function single ishigami "saltelli, samples: 1, replicates: 1" 0
grep -q "half-width of a total" single.txt && fail "one block: $(grep half-width single.txt)"
of_function step ishigami "morris, trajectories: 1" 0
grep -q "+- 0" step.txt && fail "one trajectory: $(grep '+- 0' step.txt)"
grep -q dummy step.txt && fail "effects of a dummy that no trajectory moves"
of_function none ishigami_corner "saltelli, samples: 64" 2
grep -q "^y (1): no value" none.txt || fail "no point has a value: $(grep '^y' none.txt)"
grep -q "half-width of a total\|in 100.00 %\|nan" none.txt && fail "all points failed: $(cat none.txt)"
"$IONSWEEP_PYTHON" -c "
import netCDF4, numpy
assert numpy.isnan(netCDF4.Dataset('none.sensitivity.nc')['variance'][:].filled(numpy.nan)).all()" || fail "a variance of nothing"

# Of correlated factors x_j counts, not the number that it is made of: y is x2 here, of uniform marginals with rho = 0.9 of
# scores, so that S_1 = Var(E[x2 | x1])/Var(x2) = 6/pi asin(rho^2/2). x2 does not make points fail, but x1 does, and they
# go together.
correlated() {
  printf 'solve: function\nmodel: %s\n' "$2" >sweep.yaml
  printf 'design: {kind: %s, seed: 1, correlation: [{between: [x1, x2], rho: 0.9}], factors: {x1: {uniform: [%s]}, x2: {uniform: [%s]}}}\n' \
    "$3" "$4" "$5" >>sweep.yaml
  sed -i "s/}}}$/}${6:+, x3: {uniform: [$6]\}}}}/" sweep.yaml
  "$IONSWEEP" run sweep.yaml -o "$1.nc" >run.log 2>&1 || fail "run $1: $(tail -1 run.log)"
  analyze "$1"
}
correlated line ishigami "sobol, samples: 4096" "-0.000001, 0.000001" "0.78, 0.79"
correlated both_fail ishigami_corner "saltelli, samples: 4096" "-3, 3" "-3, 3" "-3, 3"
"$IONSWEEP_PYTHON" - <<'END' || fail "correlated factors"
import netCDF4
import numpy as np
import xarray as xr
first = xr.open_dataset("line.sensitivity.nc").first_order_easi[0].values
assert abs(first[1] - 1) < 0.02 and abs(first[0] - 6 / np.pi * np.arcsin(0.9**2 / 2)) < 0.02, first
file = netCDF4.Dataset("both_fail.nc")
x2, status = (file[name][:].reshape(-1, 5)[:, :2].ravel() for name in ("x2", "status"))
ok, bad = (np.sort(x2[status == s]) for s in (1, 3))
distance = np.abs(np.searchsorted(ok, x2) / len(ok) - np.searchsorted(bad, x2) / len(bad)).max()
ks = xr.open_dataset("both_fail.sensitivity.nc").regional_ks[0, 1].item()
assert distance > 0.5 and abs(ks - distance) < 0.03, (distance, ks)
END

# Imported points lie in the order of x2 here; x1 is the same in all of them, and is worth as much as the dummy.
awk 'BEGIN { print "x1,x2,x3"; for (i = 0; i < 2000; i++) print "0.5," 1.5 * i / 2000 ",0" }' >table.csv
printf 'solve: function\nmodel: ishigami\ndesign: {kind: points, file: table.csv}\n' >sweep.yaml
"$IONSWEEP" run sweep.yaml -o table.nc >run.log 2>&1 || fail "run a table: $(tail -1 run.log)"
analyze table
awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i } NR > 1 { easi[$2] = $at["first_order_easi"]; pawn[$2] = $at["pawn"] }
  END { exit !(easi["x2"] > 0.95 && easi["x1"] < 0.05 && easi["x1"] > -0.05 && pawn["x1"] < 2 * pawn["dummy"]) }' table.csv ||
  fail "a constant factor: $(cat table.csv)"

# Of a half-done study the stages are of the blocks that are there, and those that are not are no missing pairs.
of_function whole ishigami "saltelli, samples: 65536" 0
"$IONSWEEP" run sweep.yaml -o half.nc --max-points 100000 >run.log 2>&1
[ $? = 99 ] || fail "--max-points: $(tail -1 run.log)"
analyze half
"$IONSWEEP_PYTHON" - <<'END' || fail "a half-done study"
import netCDF4
import numpy as np
import xarray as xr
a = xr.open_dataset("half.sensitivity.nc")
blocks = np.flatnonzero(netCDF4.Dataset("half.nc")["status"][:] == 1)[-1] // 4 + 1
all_, half = (int(stage) for stage in a.stage.values.astype(str)[:2])
assert 0 <= all_ - blocks < 4 and 0 <= all_ - 2 * half < 8, (all_, half, blocks)
assert a.missing_pairs[0] < 0.001, a.missing_pairs
assert a.stage_total_order[0, 0, 0] != a.stage_total_order[0, 1, 0]
END

# A value that is not there at a point that is ok, as where an event does not happen, is told of.
"$IONSWEEP_PYTHON" - <<'END' || fail "taking values away"
import netCDF4, shutil
shutil.copy("both_fail.nc", "gaps.nc")
with netCDF4.Dataset("gaps.nc", "r+") as file:
    file["y"][file["x2"][:] > 1.5] = float("nan")
    file["status"][:] = 1
END
grep -q "no value at" both_fail.txt && fail "points that fail are told of twice"
analyze gaps
grep -q "note: y: no value at up to .* not weighted" gaps.txt || fail "no word on missing values: $(tail -5 gaps.txt)"

# A point fails that is neither A nor B of its block: the probability is 0 as far as is known, but points fail.
of_function one_failed ishigami "saltelli, samples: 64" 0
"$IONSWEEP_PYTHON" -c "
import netCDF4
netCDF4.Dataset('one_failed.nc', 'a')['status'][2] = 5"
cp one_failed.nc both_reasons.nc
"$IONSWEEP_PYTHON" -c "
import netCDF4
netCDF4.Dataset('both_reasons.nc', 'a')['status'][4] = 3"
analyze one_failed
analyze both_reasons
grep -q "no point failed\|all of them" one_failed.txt && fail "a point failed: $(cat one_failed.txt)"
grep -q "crashed: some points, none of the independent ones (0 %" one_failed.txt || fail "a point failed: $(cat one_failed.txt)"

# Pictures where there is little to draw, and one line where there is nothing.
draw() { # STATUS WORD ARGUMENTS
  local status=$1 word=$2
  shift 2
  "$IONSWEEP_PYTHON" "$IONSWEEP_SOURCE/postprocess/sensitivity.py" "$@" --output picture.png >py.log 2>&1
  local seen=$?
  grep -q Debian py.log && return
  if [ "$seen" != "$status" ] || [ "$(wc -l <py.log)" != 1 ] || ! grep -q -- "$word" py.log; then
    fail "sensitivity.py $*: exit status $seen: $(cat py.log)"
  fi
}
of_function no_step ishigami_corner "morris, trajectories: 8" 2
draw 0 picture.png single.sensitivity.nc
draw 0 picture.png step.sensitivity.nc
draw 2 "y: no elementary effect" no_step.sensitivity.nc
draw 2 "holds no indices" none.sensitivity.nc
draw 2 "crashed: met by none of the independent points" both_reasons.sensitivity.nc --failures crashed

exit "$((failures > 0))"
