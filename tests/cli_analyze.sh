#!/bin/bash
# `analyze`: indices of studies whose answer algebra knows, and failures by hand.
# Needs IONSWEEP (the program), IONSWEEP_PYTHON and IONSWEEP_SOURCE.
set -u
# shellcheck source=tests/analyze_fixture.sh
source "$IONSWEEP_SOURCE/tests/analyze_fixture.sh"

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

"$IONSWEEP" list estimators | grep -q "total_jansen.*Jansen 1999" || fail "list estimators"
"$IONSWEEP" list estimators | grep -q "first_order_easi.*Plischke 2010" || fail "list estimators lacks EASI"

exit "$((failures > 0))"
