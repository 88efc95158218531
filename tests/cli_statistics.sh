#!/bin/bash
# keep: statistics: sums in place of points, the same bytes however they were made, and the same indices.
# Needs IONSWEEP, IONSWEEP_FAULTY (tests/faulty_points.c), IONSWEEP_PYTHON, IONSWEEP_SOURCE and MPIEXEC.
set -u
# shellcheck source=tests/extend_fixture.sh
source "$IONSWEEP_SOURCE/tests/extend_fixture.sh"

# study SAMPLES [KEEP]: from health to collapse, so that there are classes; a factor of 1500 Hz has no state
study() {
  cat <<END
model: neuron_glia
keep: ${2:-statistics}
outputs: [neuron.V, ecs.K, class]
design:
  kind: saltelli
  samples: $1
  replicates: 2
  seed: 3
  second_order: true
  factors:
    temperature: {uniform: [30 degC, 40 degC]}
    energy_supply: {uniform: [0.05, 1]}
    ecs.composition.K: {discrete: {values: [3 mM, 8 mM, 253.5 mM], weights: [6, 3, 1]}, balance: Na}
END
}
study 128 >small.yaml
study 512 >large.yaml
study 512 points >points.yaml

# ---- the same bytes ----
run 1 large.yaml one.nc
run 3 large.yaml three.nc
run 8 large.yaml eight.nc
cmp one.nc three.nc || fail "three ranks make another file"
cmp one.nc eight.nc || fail "eight ranks make another file"
grep -q '^  4096 of 4096 points' one.nc.out || fail "points are counted: $(cat one.nc.out)"

# what the summary says is what it says where points are kept, also of a file that was done before
run 1 points.yaml points.nc
summary() { sed -e '/time:/d;/file:/d;/second law/d;/^$/d;s/ (4096 from an earlier run)//' "$1"; }
summary points.nc.out >points.summary
diff <(summary one.nc.out) points.summary || fail "another summary than of points"
cp one.nc.out first.out
run 2 large.yaml one.nc
diff <(summary one.nc.out) <(summary first.out) ||
  fail "another summary of a finished file"

# ---- stopped, in parts, grown ----
"$IONSWEEP" run large.yaml -o stopped.nc --max-points 1000 >stopped.out 2>&1
[ $? = 99 ] || fail "--max-points: exit status $?, $(cat stopped.out)"
cmp -s one.nc stopped.nc && fail "--max-points did not stop the run"
"$IONSWEEP" analyze stopped.nc >stopped.an 2>&1 || fail "analyze a half-done file: $(cat stopped.an)"
grep -q 'of 4096 points have not been run yet' stopped.an || fail "no word about pending points"
run 2 large.yaml stopped.nc
cmp one.nc stopped.nc || fail "stopped and taken up again"
run 1 large.yaml part-1.nc --part 1/2
run 2 large.yaml part-2.nc --part 2/2
run 1 large.yaml merged.nc --take part-1.nc --take part-2.nc
cmp one.nc merged.nc || fail "the parts merged are not the file of one run"
run 2 small.yaml small.nc
run 3 large.yaml grown.nc --extend small.nc
cmp one.nc grown.nc || fail "grown from a quarter of its blocks"
grep -q '(1024 from an earlier run)' grown.nc.out || fail "nothing was taken over: $(cat grown.nc.out)"

# units that become larger with the study are nodes of one tree
of_function() {
  sed -e 's/neuron_glia/ishigami_corner\nsolve: function/' -e 's/^outputs.*/outputs: [y]/' -e "s/samples: .*/samples: $1/" \
    -e '/^  factors/,$d' large.yaml
  echo '  factors: {x1: {uniform: [-3.2, 3.2]}, x2: {uniform: [-3.2, 3.2]}, x3: {uniform: [-3.2, 3.2]}}'
}
of_function 4096 >f4096.yaml
of_function 16384 >f16384.yaml
run 1 f4096.yaml f4096.nc
run 2 f16384.yaml f16384.nc
run 1 f16384.yaml f4grown.nc --extend f4096.nc
cmp f16384.nc f4grown.nc || fail "grown to units of four times as many blocks"
grep -q '(32768 from an earlier run)' f4grown.nc.out || fail "larger units are not made of smaller: $(cat f4grown.nc.out)"
[ "$(ncdump -h f4096.nc | grep 'unit =')" = "$(ncdump -h f16384.nc | grep 'unit =')" ] || fail "units do not grow"

# ---- the same numbers ----
"$IONSWEEP" analyze one.nc >one.an || fail "analyze sums"
"$IONSWEEP" analyze points.nc >points.an || fail "analyze points"
grep -q 'points were not kept' one.an || fail "analyze does not say what is missing: $(cat one.an)"
"$IONSWEEP_PYTHON" - <<'PYTHON' || fail "sums give other numbers than points"
import sys
import netCDF4
import numpy

one, points = netCDF4.Dataset("one.sensitivity.nc"), netCDF4.Dataset("points.sensitivity.nc")
for file in (one, points):
    file.set_auto_mask(False)
compared, bad = 0, []
# where points fail, indices of the response from points are weighted
weighted = ("first_order", "total_order", "stage_first", "stage_total", "flag")
for name, variable in one.variables.items():
    if variable.dtype.kind != "f" or name.startswith(weighted):
        continue
    a, b = variable[:], points[name][:]
    if name in ("regional_ks", "regional_p", "cdf_with", "cdf_without"):
        a, b = a[~numpy.isnan(a)], b[~numpy.isnan(a)]  # single statuses are not told apart by place
    compared += 1
    if a.shape != b.shape or not numpy.allclose(a, b, rtol=1e-9, atol=1e-11, equal_nan=True):
        bad.append(f"{name}: {a} {b}")
a, b = one["total_order"][:], points["total_order_unweighted"][:]
if not numpy.allclose(a[:, :-1], b[:, :-1], rtol=1e-9):
    bad.append(f"total_order: {a} {b}")
for name in ("failure_total_order", "second_order", "variance", "failure_probability", "cdf_with"):
    if not numpy.isfinite(one[name][:]).any():
        bad.append(f"{name} is empty")
reasons = [str(r) for r in netCDF4.chartostring(one["reason"][:])] if one["reason"].ndim == 2 else list(one["reason"][:])
if [r.strip() for r in reasons][0] != "any" or not any("class_collapsed" in r for r in reasons):
    bad.append(f"reasons {reasons}")
print("\n".join(bad))
sys.exit(len(bad) > 0 or compared < 15)
PYTHON

# ---- checked, damaged, mended ----
"$IONSWEEP" verify one.nc --resolve 600 >verify.out || fail "verify: $(cat verify.out)"
grep -q 'were solved again: 0 differ' verify.out || fail "verify does not solve again: $(cat verify.out)"
cp one.nc damaged.nc
size=$(stat -c %s damaged.nc)
printf '\125' | dd of=damaged.nc bs=1 seek=$((size / 2)) conv=notrunc status=none
cmp -s one.nc damaged.nc && fail "the byte to damage was like that before"
"$IONSWEEP" verify damaged.nc >verify.out && fail "a damaged unit passes: $(cat verify.out)"
run 2 large.yaml damaged.nc
cmp one.nc damaged.nc || fail "a damaged unit is not made again"

# ---- a point that crashes is data, and found anew when asked ----
FAULTY_POINTS=700:segv timeout 100 "$IONSWEEP_FAULTY" run large.yaml -o poisoned.nc --isolate >poisoned.out 2>&1 ||
  fail "a crash ends the run: $(tail -3 poisoned.out)"
grep -q 'crashed  *1 ' poisoned.out || fail "no crash is counted: $(cat poisoned.out)"
run 1 large.yaml poisoned.nc --retry crashed
cmp one.nc poisoned.nc || fail "--retry does not make the file of a run without crashes"

# ---- one line for what cannot be ----
# refuse TEXT EDIT: sweeps that are refused, with the line of `keep`
refuse() {
  sed "$2" large.yaml >bad.yaml
  "$IONSWEEP" run bad.yaml -o bad.nc >bad.out 2>&1
  [ $? = 2 ] || fail "'$2' is not refused"
  grep -q "^bad.yaml:2:7: .*$1" bad.out || fail "'$2': $(cat bad.out)"
  if [ "$(wc -l <bad.out)" != 1 ] || [ -e bad.nc ]; then fail "'$2': more than a line: $(cat bad.out)"; fi
}
refuse "allowed: points, statistics" 's/statistics/sums/'
refuse "for saltelli designs" '/second_order/d;s/kind: saltelli/kind: sobol/'
refuse "power of two of blocks" 's/samples: 512/samples: 1000/'
refuse "at least 64" 's/samples: 512/samples: 64/'
refuse "double precision" '2s/$/\nprecision: float/'
"$IONSWEEP" run large.yaml -o points.nc >bad.out 2>&1
[ $? = 2 ] || fail "a file of points is taken for one of sums: $(cat bad.out)"

exit "$((failures > 0))"
