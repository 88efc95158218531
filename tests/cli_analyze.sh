#!/bin/bash
# `analyze`: indices of studies whose answer algebra knows, failures by hand, bad input in one line.
# Needs IONSWEEP (the program), IONSWEEP_PYTHON and IONSWEEP_SOURCE.
set -u
# shellcheck source=tests/cli_fixture.sh
source "$IONSWEEP_SOURCE/tests/cli_fixture.sh"

# study FILE DESIGN: solve two factors over a range in which the model is as good as linear.
study() {
  cat >sweep.yaml <<END
title: A narrow box
model: neuron_glia
design: {$2, factors: {temperature: {uniform: [36.9 degC, 37.1 degC]}, neuron.leak_na.permeability: {uniform: [0.00198, 0.00202]}}}
outputs: [neuron.V, class, sensitivity.neuron.V.*]
END
  "$IONSWEEP" run sweep.yaml -o "$1.nc" >run.log 2>&1 || fail "run $1: $(tail -1 run.log)"
}

# value CSV FACTOR COLUMN: one number of output neuron_V.
value() {
  awk -F, -v factor="$2" -v column="$3" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == column) at = i }
    $1 == "neuron_V" && $2 == factor { print $at }' "$1"
}

# near NAME A B TOLERANCE
near() {
  awk -v a="$2" -v b="$3" -v t="$4" 'BEGIN { exit !(a != "" && a - b <= t && b - a <= t) }' ||
    fail "$1: $2 is not within $4 of $3"
}

analyze() {
  "$IONSWEEP" analyze "$1.nc" --csv "$1.csv" >"$1.txt" 2>"$1.err" || fail "analyze $1: $(cat "$1.err")"
}

# A linear function of independent inputs: S_j = T_j = V_j/V, sum 1; C nu_j/V = 12 V_j/(pi^2 V).
study saltelli "kind: saltelli, samples: 1024, replicates: 4, seed: 1"
analyze saltelli
leak=$(value saltelli.csv neuron.leak_na.permeability total_order)
warm=$(value saltelli.csv temperature total_order)
near "total indices add up" "$(awk -v a="$leak" -v b="$warm" 'BEGIN { print a + b }')" 1 0.03
near "first order is total order" "$(value saltelli.csv neuron.leak_na.permeability first_order)" "$leak" 0.03
near "bound of a linear function" "$(value saltelli.csv neuron.leak_na.permeability dgsm_bound)" \
  "$(awk -v t="$leak" 'BEGIN { print 12 / 3.14159265^2 * t }')" 0.04
grep -q "no point failed" saltelli.txt || fail "saltelli: says something of failures"

# mu^2/(12 V) of a linear function is the same share, along radial steps and paths alike.
for path in radial winding; do
  study "$path" "kind: morris, path: $path, trajectories: 16, seed: 2"
  analyze "$path"
  a=$(value "$path.csv" neuron.leak_na.permeability mu) b=$(value "$path.csv" temperature mu)
  near "morris $path" "$(awk -v a="$a" -v b="$b" 'BEGIN { print a * a / (a * a + b * b) }')" "$leak" 0.03
  near "morris $path is linear" "$(value "$path.csv" temperature sigma)" 0 "$(awk -v b="$b" \
    'BEGIN { print 0.05 * (b < 0 ? -b : b) }')"
done

# One sample: its ranks and its spectrum have the same first order.
study sobol "kind: sobol, samples: 1024, seed: 3"
analyze sobol
near "ranks" "$(value sobol.csv neuron.leak_na.permeability first_order_ranks)" "$leak" 0.05
near "easi" "$(value sobol.csv neuron.leak_na.permeability first_order_easi)" "$leak" 0.02
near "easi of a weak factor" "$(value sobol.csv temperature first_order_easi)" "$warm" 0.02
near "easi of the dummy" "$(value sobol.csv dummy first_order_easi)" 0 0.02
grep -q "first_order_ranks is too low or too high" sobol.txt || fail "one net: no word on its ranks"
grep -q "first_order_ranks is too low or too high" saltelli.txt && fail "four nets: a word on their ranks"
"$IONSWEEP_PYTHON" -c 'import matplotlib' 2>/dev/null &&
  { "$IONSWEEP_PYTHON" "$IONSWEEP_SOURCE/postprocess/sensitivity.py" sobol.sensitivity.nc --output s.png >py.log 2>&1 ||
    fail "bars from given data: $(tail -1 py.log)"; }

# Gradients of a threshold bound its indices: by 12/pi^2 where it is linear, as it nearly is in a box as narrow as this
# one. They are no outputs of their own; a factor may be in another unit than its gradient. Where one point makes most of
# the mean of their squares, that mean does not exist.
cat >threshold.yaml <<END
model: neuron_glia
solve: threshold
threshold: {parameter: energy_supply, from: 1, to: 0}
design: {kind: saltelli, samples: 512, replicates: 4, seed: 4, factors: {temperature: {uniform: [37 degC, 37.2 degC]}, neuron.leak_na.permeability: {uniform: [1.98 fL/s, 2.02 fL/s]}}}
outputs: [threshold, threshold.gradient]
END
"$IONSWEEP" run threshold.yaml -o threshold.nc >run.log 2>&1 || fail "run threshold: $(tail -1 run.log)"
"$IONSWEEP_PYTHON" - <<'END' || fail "marking a fold"
import netCDF4, shutil
shutil.copy("threshold.nc", "fold.nc")
with netCDF4.Dataset("fold.nc", "r+") as file:
    file["threshold_gradient_temperature"][0] = 1e6
END
analyze threshold
analyze fold
"$IONSWEEP_PYTHON" - <<'END' || fail "gradients of a threshold"
import numpy as np, xarray as xr
a, fold = (xr.open_dataset(f"{name}.sensitivity.nc") for name in ("threshold", "fold"))
outputs = list(a.output.values.astype(str))
assert outputs == ["threshold_energy_supply", "threshold_frequency"], outputs
total, half, bound, width = (a[name][0, :2].values for name in (
    "total_order", "total_order_half_width", "dgsm_bound", "dgsm_bound_half_width"))
assert (total > 0.05).all() and abs(total.sum() - 1) < 0.03, total
assert (bound + width >= total - half).all(), (bound, total)
assert np.abs(bound / (12 / np.pi**2 * total) - 1).max() < 0.05, (bound, total)
assert np.abs(a.activity_score[0, :2].values / a.dgsm[0, :2].values - 1).max() < 0.05, a.activity_score
assert np.isnan(a.dgsm_bound[1]).all(), "the frequency has no gradient"
assert np.isnan(fold.dgsm_bound[0, 0]) and fold.dgsm_largest_share[0, 0] > 0.5
assert fold.dgsm_bound[0, 1] == a.dgsm_bound[0, 1]
END

# A corner of 1/4 x 1/4 of the box is marked as failed: p = 1/16, T^Z = (1/4)(3/16)/(p (1 - p)) of both.
"$IONSWEEP_PYTHON" - <<'END' || fail "marking failures"
import netCDF4, shutil
shutil.copy("saltelli.nc", "corner.nc")
with netCDF4.Dataset("corner.nc", "r+") as file:
    bad = (file["temperature"][:] > 37.05) & (file["neuron_leak_na_permeability"][:] > 0.00201)
    status = file["status"][:]
    status[bad] = 2
    file["status"][:] = status
END
analyze corner
"$IONSWEEP_PYTHON" - <<'END' || fail "the corner"
import xarray as xr
a = xr.open_dataset("corner.sensitivity.nc")
near = lambda x, y, t: abs(float(x) - y) <= t or (print(float(x), "is not", y), exit(1))
any_ = 0
near(a.failure_probability[any_], 1 / 16, 0.01)
for j in (0, 1):
    near(a.failure_total_order[any_, j], 0.25 * 3 / 16 / (1 / 16 * 15 / 16), 0.15)
    near(a.regional_ks[any_, j], 0.75 / (15 / 16), 0.05)
    near(a.box_lower[any_, j], 0.75, 0.06)
    assert a.total_order_lower[0, j] <= a.total_order[0, j] <= a.total_order_upper[0, j]
assert "| ok)" in a.total_order.long_name
assert list(a.reason.values.astype(str)) == ["any", "no_state_found"], a.reason.values
END
grep -q "nothing is imputed" corner.txt || fail "corner: no word on the estimand"

"$IONSWEEP_PYTHON" "$IONSWEEP_SOURCE/postprocess/sensitivity.py" corner.sensitivity.nc --failures --output f.png >py.log 2>&1
case $? in
  0) [ -s f.png ] || fail "no picture of failures" ;;
  1) grep -q "Debian" py.log || fail "sensitivity.py: $(tail -1 py.log)" ;;
  *) fail "sensitivity.py: $(cat py.log)" ;;
esac

# Interactions are named on the screen, strongest first: that of x1 and x3 is 0.2437 of Ishigami.
printf 'solve: function\nmodel: ishigami\ndesign: {kind: saltelli, samples: 4096, second_order: true, seed: 3, factors: {x1: {uniform: [-%s, %s]}, x2: {uniform: [-%s, %s]}, x3: {uniform: [-%s, %s]}}}\n' \
  3.14159265 3.14159265 3.14159265 3.14159265 3.14159265 3.14159265 >sweep.yaml
"$IONSWEEP" run sweep.yaml -o second.nc >run.log 2>&1 || fail "run second: $(tail -1 run.log)"
analyze second
near "the interaction" "$(awk '/second order/ { getline; if ($1 == "x1" && $3 == "x3") print $4 }' second.txt)" 0.2437 0.02
grep -q "x1 x x2 .*not distinguishable from 0" second.txt || fail "interactions: $(grep -A4 'second order' second.txt)"
grep -q "second order" saltelli.txt && fail "saltelli: interactions that were not asked for"

# Units are told on the screen and in the file; shares have none.
grep -q "^neuron_V (mV): mean" saltelli.txt || fail "the mean has no unit: $(grep neuron_V saltelli.txt)"
"$IONSWEEP_PYTHON" - <<'END' || fail "units in the file"
import xarray as xr
a = xr.open_dataset("saltelli.sensitivity.nc")
assert list(a.output_unit.values.astype(str)) == ["mV"], a.output_unit
for name in ("dgsm_bound", "dgsm_bound_half_width", "dgsm_largest_share"):
    assert a[name].attrs.get("units") == "1", name
END

# Nothing is said of what there is not: of one block or trajectory no interval, of failures no mean and no box.
of_function() {
  printf 'solve: function\nmodel: %s\ndesign: {kind: %s, seed: 1, factors: {x1: {uniform: [%s, 3]}, x3: {uniform: [%s, 3]}}}\n' \
    "$2" "$3" "$4" "$4" >sweep.yaml
  "$IONSWEEP" run sweep.yaml -o "$1.nc" >run.log 2>&1 || fail "run $1: $(tail -1 run.log)"
  analyze "$1"
}
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
cp whole.nc nothing.nc
"$IONSWEEP_PYTHON" -c "
import netCDF4
netCDF4.Dataset('nothing.nc', 'a')['status'][:] = 0"

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

"$IONSWEEP" list estimators | grep -q "total_jansen.*Jansen 1999" || fail "list estimators"
"$IONSWEEP" list estimators | grep -q "first_order_easi.*Plischke 2010" || fail "list estimators lacks EASI"

# refuse NAME WORD ARGUMENTS: exit status 2 and one line with WORD.
refuse() {
  local name=$1 word=$2
  shift 2
  "$IONSWEEP" analyze "$@" >stdout 2>stderr
  local status=$?
  [ "$status" = 2 ] || fail "$name: exit status $status"
  [ "$(wc -l <stderr)" = 1 ] || fail "$name: not one line: $(cat stderr)"
  grep -q -- "$word" stderr || fail "$name: no '$word' in: $(cat stderr)"
}

cat >grid.yaml <<END
model: neuron_glia
design: {kind: grid, factors: {temperature: {from: 30 degC, to: 40 degC, count: 3}}}
outputs: [neuron.V]
END
"$IONSWEEP" run grid.yaml -o grid.nc >run.log 2>&1 || fail "run grid"
refuse "a grid" "'grid' carries no sensitivity indices" grid.nc
refuse "unknown output" "did you mean 'neuron_V'" saltelli.nc --of neuron.U
refuse "a gradient" "no output 'threshold.gradient.temperature'" threshold.nc --of threshold.gradient.temperature
refuse "no file" "no such file" absent.nc
refuse "not a result file" "is not a result file" grid.yaml
refuse "a table of indices" "is not a result file" saltelli.sensitivity.nc
refuse "output over input" "is the file to be analysed" saltelli.nc -o saltelli.nc
refuse "unwritable" "cannot be written" saltelli.nc -o no/such/folder.nc
refuse "unwritable table" "cannot be written" saltelli.nc --csv no/such/folder.csv
refuse "no word" "too few words"
refuse "nothing was run" "nothing.nc: no point has been run yet" nothing.nc
refuse "no name of an output" "no output ''" saltelli.nc --of ''

# Solved points stay whatever names they go by, and what cannot all be written is not begun.
ln -s saltelli.nc link.nc
sum=$(cksum saltelli.nc sobol.nc)
refuse "output over input, by another path" "-o ./saltelli.nc is the file to be analysed" saltelli.nc -o ./saltelli.nc
refuse "output over input, by a link" "is the file to be analysed" link.nc -o saltelli.nc
refuse "table over input" "--csv saltelli.nc is the file to be analysed" saltelli.nc --csv saltelli.nc
refuse "output over other points" "-o sobol.nc holds the points of a study" saltelli.nc -o sobol.nc
refuse "table over other points" "--csv sobol.nc holds the points of a study" saltelli.nc --csv sobol.nc
refuse "two in one" "is the file of all numbers as well" saltelli.nc -o both.nc --csv both.nc
refuse "no table, no file" "cannot be written" saltelli.nc -o alone.nc --csv no/such/folder.csv
mkfifo pipe
refuse "not a file" "not a regular file" saltelli.nc -o pipe
[ "$sum" = "$(cksum saltelli.nc sobol.nc)" ] || fail "analyze changed a file of points"
[ -p pipe ] || fail "analyze put a file in the place of a pipe"
if [ -e alone.nc ] || [ -e both.nc ]; then fail "a refused command left a file"; fi

# The sweep in a file is the one that its digest is of, else its factors are not those of the points.
"$IONSWEEP_PYTHON" - <<'END' || fail "another sweep"
import netCDF4, shutil
shutil.copy("saltelli.nc", "edited.nc")
with netCDF4.Dataset("edited.nc", "r+") as file:
    file.sweep = file.sweep.replace("36.9 degC", "30.0 degC")
    assert "30.0 degC" in file.sweep
END
refuse "another sweep" "edited.nc: .*another study of the sweep" edited.nc -o edited.sensitivity.nc
[ ! -e edited.sensitivity.nc ] || fail "a refused study left a file"

[ "$failures" = 0 ] && echo "analyze holds"
[ "$failures" = 0 ]
