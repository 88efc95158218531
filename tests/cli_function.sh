#!/bin/bash
# The whole path of a sensitivity study, from the design over the ranks and the result file to `analyze`, on functions
# whose indices algebra knows. cli_function_long.sh takes more seeds.
# Needs IONSWEEP (the program), IONSWEEP_SOURCE, IONSWEEP_PYTHON and MPIEXEC (mpirun and its options).
set -u
# shellcheck source=tests/cli_fixture.sh
source "$IONSWEEP_SOURCE/tests/cli_fixture.sh"
n_seed=${ION_SEEDS:-2}

"$IONSWEEP_PYTHON" -c "import netCDF4, numpy" 2>/dev/null || { echo "skipped: no netCDF4"; exit 77; }

# sweep FILE FUNCTION INPUTS LOWER UPPER KIND...: every input uniform, the keys of the design one a word.
sweep() {
  local file=$1 function=$2 n=$3 lower=$4 upper=$5
  shift 5
  {
    printf 'solve: function\nmodel: %s\ndesign:\n' "$function"
    printf '  %s\n' "$@" "factors:"
    for ((j = 1; j <= n; j++)); do printf '    x%d: {uniform: [%s, %s]}\n' "$j" "$lower" "$upper"; done
  } >"$file.yaml"
}

pi=3.141592653589793

run() { # RANKS SWEEP FILE
  # shellcheck disable=SC2086
  $MPIEXEC -n "$1" "$IONSWEEP" run "$2.yaml" -o "$3.nc" >run.out 2>run.err || fail "run $3: $(tail -1 run.err)"
}

analyze() {
  "$IONSWEEP" analyze "$1.nc" --csv "$1.csv" >"$1.txt" 2>"$1.err" || fail "analyze $1: $(cat "$1.err")"
}

# ---- the same file from 1, 3 and 8 ranks ----

sweep ishigami ishigami 3 -$pi $pi "kind: saltelli" "samples: 4096" "seed: 7"
sweep sobol_g sobol_g 8 0 1 "kind: saltelli" "samples: 4096" "seed: 7"
sweep corner ishigami_corner 3 -$pi $pi "kind: saltelli" "samples: 65536" "replicates: 16" "seed: 7"
for name in ishigami sobol_g corner; do
  run 1 $name $name
  for n in 3 8; do
    run $n $name again
    cmp $name.nc again.nc || fail "$name: $n ranks give another file"
    rm -f again.nc
  done
done
"$IONSWEEP" run corner.yaml -o corner.nc 2>run.err | grep -q domain_error || fail "nothing says that the corner fails"

# ---- indices ----

analyze corner
for ((seed = 1; seed <= n_seed; seed++)); do
  for name in ishigami sobol_g; do
    sed "s/seed: 7/seed: $seed/" $name.yaml >"$name.$seed.yaml"
    "$IONSWEEP" run "$name.$seed.yaml" -o "$name.$seed.nc" >run.out 2>run.err || fail "run $name: $(cat run.err)"
    analyze "$name.$seed"
  done
done

"$IONSWEEP_PYTHON" - "$n_seed" <<'PYTHON' || failures=$((failures + 1))
import csv, sys
import netCDF4
import numpy as np

bad = []

# RMSE of the same estimators on 4 nets of 1024 of scipy.stats.qmc.Sobol (1.10.1), scrambled, 300 seeds.
A, B, pi = 7.0, 0.1, np.pi
V1, V2, V13 = (1 + B * pi**4 / 5)**2 / 2, A**2 / 8, 8 * B**2 * pi**8 / 225
G = 1 / (3 * (1 + np.array([0, 1, 4.5, 9, 99, 99, 99, 99]))**2)
V, VG = V1 + V2 + V13, np.prod(1 + G) - 1
TRUTH = {
    "ishigami": (np.array([V1, V2, 0]) / V, np.array([V1 + V13, V2, V13]) / V, ([.0048, .0028, .0050], [.0038, .0019, .0022])),
    "sobol_g": (G / VG, G * np.prod(1 + G) / (1 + G) / VG, ([.0027, .0028, .0011, .0007], [.0036, .0019, .00063, .00015])),
}
for name, (first, total, rmse) in TRUTH.items():
    for seed in range(1, int(sys.argv[1]) + 1):
        with open(f"{name}.{seed}.csv", newline="") as file:
            rows = [r for r in csv.DictReader(file) if r["factor"] != "dummy"]
        for j, row in enumerate(rows[:len(rmse[0])]):
            for what, truth, error in (("first_order", first[j], rmse[0][j]), ("total_order", total[j], rmse[1][j])):
                if abs(float(row[what]) - truth) > 4 * error:
                    bad.append(f"{name}, seed {seed}: {what} of x{j + 1} is {row[what]}, not {truth:.5f} +- {4 * error:.5f}")

# Ishigami is g(x1, x3) + h(x2); the part of the plane (x1, x3) outside the corner is cut into small cells.
n = 1000
x = (np.arange(n) + 0.5) * 2 * pi / n - pi
x1, x3 = np.meshgrid(x, x, indexing="ij")
ok = 1.0 * ~((x1 > 1.2) & (x3 > 0.8))
g, Vh = np.sin(x1) * (1 + B * x3**4), A**2 / 8
mean = np.sum(ok * g) / np.sum(ok)
V = np.sum(ok * (g - mean)**2) / np.sum(ok) + Vh
def within(axis):
    """E[Var(g | the other)] and Var(E[g | the other]) among the points that succeed."""
    weight, m = np.sum(ok, axis), np.sum(ok * g, axis) / np.sum(ok, axis)
    square = np.sum(ok * g**2, axis) / weight
    return np.sum(weight * (square - m**2)) / np.sum(ok), np.sum(weight * (m - mean)**2) / np.sum(ok)
(T1, S3), (T3, S1) = within(0), within(1)
p1, p3 = (pi - 1.2) / (2 * pi), (pi - 0.8) / (2 * pi)  # shares of the corner
p = p1 * p3
T_VALUE = 2.1314  # Student's, 15 degrees: half-widths are that many standard errors

with netCDF4.Dataset("corner.sensitivity.nc") as file:
    def near(what, place, truth, errors=2.0):
        value, half = (float(file[n][place]) for n in (what, what + "_half_width"))
        if not abs(value - truth) <= errors * half / T_VALUE:
            bad.append(f"corner: {what}{list(place)} is {value:.5f} +- {half:.5f}, not {truth:.5f}")
    for j, (first, total) in enumerate(((S1, T1), (Vh, Vh), (S3, T3))):
        near("first_order", (0, j), first / V)
        near("total_order", (0, j), total / V)
    near("failure_probability", (0,), p)
    for j, share, other in ((0, p1, p3), (2, p3, p1)):
        near("failure_first_order", (0, j), other**2 * share * (1 - share) / (p * (1 - p)))
        near("failure_total_order", (0, j), other * share * (1 - share) / (p * (1 - p)))
    if float(file["failure_total_order"][0, 1]) != 0:
        bad.append("corner: x2 is said to make points fail")
    if not np.allclose(file["box_lower"][0, :3], [1 - p1, 0, 1 - p3], atol=0.02):
        bad.append(f"corner: the box is {file['box_lower'][0, :3]}")
print("\n".join(bad))
sys.exit(bool(bad))
PYTHON

# ---- single points, by hand ----

value() { # NAME TEXT POINTS
  printf 'solve: function\nmodel: %s\ndesign: {kind: points, points: [%s]}\n' "$2" "$3" >point.yaml
  "$IONSWEEP" point point.yaml --json >point.json 2>point.err || fail "$1: $(cat point.err)"
}
value "sin 90 deg + 7 sin^2 90 deg" ishigami "{x1: 1.5707963267948966, x2: 1.5707963267948966, x3: 0}"
grep -q '"y": 8\(\.0*\)\?$' point.json || fail "Ishigami at (pi/2, pi/2, 0) is not 8"
value "an end of x1 alone" sobol_g "{x1: 1}"
grep -q '"y": 2$' point.json || fail "G(1) is not 2"
value "the middle of x1" sobol_g "{x2: 1}"
grep -q '"y": 0$' point.json || fail "G(1/2, 1) is not 0"
value "the corner" ishigami_corner "{x1: 1.3, x3: 0.9}"
grep -q '"status": "domain_error"' point.json || fail "the corner has a value"
"$IONSWEEP" point ishigami.yaml >/dev/null || fail "a point as a table"
"$IONSWEEP" plan ishigami.yaml | grep -q "function: ishigami" || fail "plan does not name the function"
"$IONSWEEP" list functions | grep -q "ishigami_corner.*fails" || fail "list functions"

# ---- kill -9 at a random moment ----

RANDOM=${ION_SEED:-$$}
echo "seed of the kills: ${ION_SEED:-$$}"
caught=no
for samples in 65536 262144; do
  [ $caught = yes ] && break
  sed "s/samples: .*/samples: $samples/" corner.yaml >large.yaml
  rm -f large.nc killed.nc
  run 3 large large
  for _ in 1 2 3; do
    "$IONSWEEP" run large.yaml -o killed.nc --durable chunk >killed.out 2>&1 &
    pid=$!
    for _ in $(seq 500); do [ -e killed.nc ] && break; sleep 0.01; done
    sleep "0.00$((RANDOM % 10))"
    kill -9 $pid 2>/dev/null
    wait $pid 2>/dev/null
    [ $? = 137 ] && caught=yes
  done
  run 3 large killed
  cmp large.nc killed.nc || fail "kill -9 and a resume give another file"
done
[ $caught = yes ] || fail "no run was caught at work"

# ---- bad input ----

# refuse NAME TEXT ARGUMENTS: exit status 2 and one line with TEXT.
refuse() {
  local name=$1 text=$2
  shift 2
  "$IONSWEEP" "$@" >stdout 2>stderr
  local status=$?
  [ "$status" = 2 ] || fail "$name: exit status $status"
  [ "$(wc -l <stderr)" = 1 ] || fail "$name: not one line: $(cat stderr)"
  grep -q -- "$text" stderr || fail "$name: no '$text' in: $(cat stderr)"
}

sed 's/4096/3000/' ishigami.yaml >odd.yaml
"$IONSWEEP" run odd.yaml -o odd.nc >odd.out 2>odd.err || fail "3000 samples are refused"
grep -q "750, not a power of two: .*errors grow .*samples: 2048 or 4096" odd.err ||
  fail "3000 samples: nothing says what that costs: $(cat odd.err)"

sweep bad ishigami 3 1 1 "kind: saltelli" "samples: 64"
refuse "zero width" "bad.yaml:7:19: x1: lower = upper" run bad.yaml -o bad.nc
sweep bad sobol_g 1024 0 1 "kind: saltelli" "samples: 64"
refuse "too many dimensions" "1024 factors need a Sobol sequence of 2050 dimensions; there are 2048" plan bad.yaml
sed 's/model: ishigami/model: ishigamy/' ishigami.yaml >bad.yaml
refuse "unknown function" "bad.yaml:2:8: no function 'ishigamy'; did you mean 'ishigami'?" run bad.yaml -o bad.nc
sed 's/model: ishigami/model: neuron_glia/' ishigami.yaml >bad.yaml
refuse "a model for a function" "no function 'neuron_glia'; known: ishigami, sobol_g, ishigami_corner" plan bad.yaml
sweep bad ishigami 4 0 1 "kind: saltelli" "samples: 64"
refuse "a fourth input" "'x4'" plan bad.yaml
cp ishigami.yaml bad.yaml
echo "outputs: [yy]" >>bad.yaml
refuse "unknown output" "unknown output 'yy'" plan bad.yaml
refuse "set and varied" "'x1' is both set and varied" plan ishigami.yaml --set x1=0
refuse "derivatives" "not of the function ishigami" point ishigami.yaml --check-derivatives
refuse "a branch" "a function has no steady states" branch ishigami.yaml --in x1 --from 0 --to 1
sweep bad sobol_g 0 0 1 "kind: grid"
echo "    x1: {from: 0, to: 1, count: 3, balance: Na}" >>bad.yaml
refuse "a balance" "belongs to the composition of a species" plan bad.yaml
sed -i 's/, balance: Na//' bad.yaml
"$IONSWEEP" run bad.yaml -o grid.nc >run.out 2>run.err || fail "a grid: $(cat run.err)"
refuse "a grid has no indices" "'grid' carries no sensitivity indices" analyze grid.nc
refuse "no such output" "no output 'z'" analyze ishigami.nc --of z
[ ! -e bad.nc ] || fail "a refused study left a file"

[ "$failures" = 0 ] && echo "functions hold"
[ "$failures" = 0 ]
