#!/bin/bash
# Sums in place of points where something went wrong: first points that are given up in one part of a study and not in
# the other, and files that are not what their sweep says.
# Needs IONSWEEP, IONSWEEP_SOURCE, IONSWEEP_FAULTY (tests/faulty_points.c) and IONSWEEP_PYTHON.
set -u
# shellcheck source=tests/cli_fixture.sh
source "$IONSWEEP_SOURCE/tests/cli_fixture.sh"

"$IONSWEEP_PYTHON" -c "import netCDF4, numpy" 2>/dev/null || { echo "skipped: no netCDF4"; exit 77; }

cat >study.yaml <<'YAML'
solve: function
model: ishigami_corner
keep: statistics
design:
  kind: saltelli
  samples: 8192
  replicates: 2
  second_order: true
  seed: 7
  factors:
    x1: {uniform: [-3.141592653589793, 3.141592653589793]}
    x2: {uniform: [-3.141592653589793, 3.141592653589793]}
    x3: {uniform: [-3.141592653589793, 3.141592653589793]}
YAML
sed 's/8192/16384/' study.yaml >grown.yaml

run() { # SWEEP FILE OPTIONS...
  local sweep=$1 file=$2
  shift 2
  timeout 100 "$IONSWEEP_FAULTY" run "$sweep" -o "$file" "$@" >run.out 2>run.err || fail "run $file: $(tail -1 run.err)"
}

analyze() {
  "$IONSWEEP" analyze "$1.nc" --csv "$1.csv" >"$1.txt" 2>"$1.err" || fail "analyze $1: $(cat "$1.err")"
}

# ---- a point that is given up in one part alone, and found anew ----

# same A B: their tables agree, but for the rounding of other shifts
same() {
  analyze "$1"
  analyze "$2"
  "$IONSWEEP_PYTHON" - "$1.sensitivity.nc" "$2.sensitivity.nc" <<'PYTHON' || fail "$1 and $2 tell other things"
import sys
import netCDF4
import numpy

a, b = (netCDF4.Dataset(name) for name in sys.argv[1:])
bad = []
for name, variable in a.variables.items():
    if variable.dtype.kind != "f":
        continue
    x, y = (numpy.ma.filled(data[name][:].astype(float), numpy.nan) for data in (a, b))
    if x.shape != y.shape or not numpy.allclose(x, y, rtol=1e-9, atol=1e-9, equal_nan=True):
        bad.append(name)
print("\n".join(bad))
sys.exit(len(bad) > 0 or "total_order" not in a.variables)
PYTHON
}

run study.yaml whole.nc
FAULTY_POINTS=0:segv run study.yaml part1.nc --part 1/2 --isolate
run study.yaml part2.nc --part 2/2
run study.yaml both.nc --take part1.nc --take part2.nc
analyze both
grep -q crashed both.txt || fail "point 0 did not crash: $(cat both.txt)"
"$IONSWEEP" verify both.nc --resolve 65536 >verify.out 2>&1 || fail "units about two shifts are not sound: $(cat verify.out)"
run study.yaml both.nc --retry crashed
cmp whole.nc both.nc || fail "--retry does not make the file of a run without crashes"
run grown.yaml grown.nc --extend both.nc
run grown.yaml large.nc
same grown large

# ---- files that are not of their sweep ----

# refused NAME WORDS: nothing is made of the file, and no more than a line is said
refused() {
  local status
  "$IONSWEEP" analyze "$1.nc" >"$1.out" 2>"$1.err"
  status=$?
  [ $status = 2 ] || fail "$1: exit status $status: $(cat "$1.err")"
  grep -q "$2" "$1.err" || fail "$1: '$(cat "$1.err")' lacks '$2'"
}

"$IONSWEEP_PYTHON" - <<'PYTHON' || fail "no damaged files"
import shutil
import struct
import netCDF4

whole = open("whole.nc", "rb").read()

def edit(name, pairs):
    data = whole
    for old, new in pairs:
        assert data.count(old) >= 1 and len(old) == len(new)
        data = data.replace(old, new, 1)
    open(name, "wb").write(data)

with netCDF4.Dataset("whole.nc") as data:
    width, n_unit = data.dimensions["word"].size, data.dimensions["unit"].size
size = b"chunk_size\0\0" + struct.pack(">iq", 11, 1)  # a count is an unsigned 64-bit integer
chunk = b"chunk\0\0\0"
edit("no_unit.nc", [(size + struct.pack(">Q", width), size + struct.pack(">Q", 1 << 40)),
                    (chunk + struct.pack(">q", n_unit), chunk + struct.pack(">q", 1))])
edit("nameless.nc", [(b"outcome_crashed", b"xutcome_crashed")])
for name, value in (("counts", 1.0), ("nothing", float("nan"))):
    shutil.copy("whole.nc", name + ".nc")
    with netCDF4.Dataset(name + ".nc", "r+") as data:
        data["counts"][0, 1] = value
PYTHON
for name in no_unit nameless counts nothing; do refused $name "its sums are not those of its sweep"; done

exit $((failures > 0))
