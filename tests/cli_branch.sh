#!/bin/bash
# `branch`: the folds and Hopf points that are known, on screen and in its file; its picture; bad input.
# Needs IONSWEEP (the program) and IONSWEEP_SOURCE (the source).
set -u
# shellcheck source=tests/cli_fixture.sh
source "$IONSWEEP_SOURCE/tests/cli_fixture.sh"
export PYTHONDONTWRITEBYTECODE=1
python="${IONSWEEP_PYTHON:-python3}"

mkdir out

# follow NAME ARGUMENTS: a branch on screen and in NAME.nc
follow() {
  local name=$1
  shift
  "$IONSWEEP" branch "$@" -o "$name.nc" >"$name.txt" 2>"$name.err" || fail "$name: exit status $?, $(head -1 "$name.err")"
  grep -q 'the branch left the range' "$name.txt" || fail "$name: $(tail -2 "$name.txt" | head -1)"
}

# special NAME KIND VALUE TOLERANCE: the first such place on screen
special() {
  awk -v kind="$2" -v value="$3" -v tolerance="$4" '
    $2 == kind { seen = $3; exit }
    END { d = seen - value; if (d < 0) d = -d; if (seen == "" || d > tolerance * value) { print seen; exit 1 } }
  ' "$1.txt" || fail "$1: $2 is not at $3"
}

follow physiological neuron_glia --in energy_supply --from 1 --to 0
special physiological fold 0.158837 4e-6
follow collapsed neuron_glia --in energy_supply --from 0.05 --to 1
grep -q 'from the collapsed state' collapsed.txt || fail "the collapsed branch does not say what it is"
follow hubel hubel2014 --in pump_strength --from 1 --to 0
special hubel hopf 0.15694735 1e-6 # 1.067242 of 6.8 uA/cm^2
special hubel fold 0.15659485 1e-6 # 1.064845
follow unit neuron_glia --in temperature --from '30 degC' --to 42degC --of neuron.V
follow zero neuron_glia --in neuron.gaba_cl.permeability --from 0 --to '1e-3 pL/s' --of neuron.V
follow few neuron_glia --in energy_supply --from 1 --to 0 --set 'temperature=30 degC' --of neuron.V,ecs.K
[ "$(awk '$2 == "fold"' few.txt | wc -l)" = 1 ] || fail "the cold branch has no fold"

# Places that are asked for are all there are.
"$IONSWEEP" branch neuron_glia --in energy_supply --from 1 --to 0 --places 20 >short.txt || fail "--places"
grep -q '^  20 places; the branch was not followed out of the range' short.txt || fail "--places 20: $(tail -1 short.txt)"

if "$python" -c 'import netCDF4, xarray, matplotlib' 2>/dev/null; then
  "$python" - <<'PYTHON' || failures=$((failures + 1))
import sys
import numpy as np
import xarray as xr

bad = []
def check(what, holds):
    if not np.all(holds):
        bad.append(f"not so: {what}")

b = xr.open_dataset("physiological.nc", decode_times=False)
check("the parameter is a coordinate", "energy_supply" in b.coords and b.energy_supply.dims == ("point",))
check("every place is solved", b.status == 1)
words = b.place.flag_meanings.split()
folds = np.nonzero(b.place.values == words.index("fold"))[0]
check("one fold", len(folds) == 1)
fold = folds[0]
check("it is the least supply", b.energy_supply.values[fold] == b.energy_supply.values.min())
check("stable before it, unstable after", (b.unstable.values[:fold] == 0).all() and (b.unstable.values[fold + 1:] > 0).all())
check("its eigenvalue vanishes", abs(b.stability_eigenvalue.values[fold]) < 1e-6)
check("the arclength grows", np.diff(b.arclength) > 0)
check("rest first", abs(b.neuron_V.values[0] + 70) < 1e-6 and b.energy_supply.values[0] == 1)
check("units", b.neuron_V.units == "mV" and b.ecs_K.units == "mmol/L")
c = xr.open_dataset("collapsed.nc", decode_times=False)
check("the collapsed lie above the physiological", c.neuron_V.values.min() > b.neuron_V.values[:fold].max())
check("degrees are kelvins in a file", abs(xr.open_dataset("unit.nc", decode_times=False).temperature.values[0] - 303.15) < 1e-9)
print("\n".join(bad))
sys.exit(bool(bad))
PYTHON
  ncdump -h physiological.nc | grep -q 'neuron_V:coordinates = "energy_supply" ;' || fail "ncdump: no coordinates"

  printf 'model: neuron_glia\ndesign: {kind: points, points: [{}]}\n' >study.yaml
  "$IONSWEEP" run study.yaml -o study.nc >/dev/null 2>&1
  "$python" - "$IONSWEEP_SOURCE/postprocess" <<'PYTHON' || failures=$((failures + 1))
import contextlib, io, os, sys

sys.path.insert(0, sys.argv[1])
import branch

def run(*arguments):
    """(exit status, standard output, standard error)"""
    sys.argv = ["branch.py", *arguments]
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        status = branch.main()
    return status, out.getvalue(), err.getvalue()

bad = []
def draws(name, texts, *arguments):
    """A picture, with these texts in its first panel."""
    seen = []
    save = branch.save
    branch.save = lambda figure, output: (seen.extend(t.get_text() for t in figure.axes[0].texts), save(figure, output))
    status, out, err = run(*arguments, "--output", name)
    branch.save = save
    if status or err or out.strip() != name or os.path.getsize(name) < 5000 or seen != texts:
        bad.append(f"branch.py {arguments}: {status} {out} {err} {seen}")

def refuses(text, *arguments):
    """One line, exit status 2."""
    status, _, err = run(*arguments)
    if status != 2 or len(err.strip().splitlines()) != 1 or text not in err:
        bad.append(f"branch.py {arguments}: exit status {status}, no '{text}' in {err}")

draws("one.png", ["fold 0.158837"], "physiological.nc")
draws("two.pdf", ["fold 0.158837", "Hopf point 0.555378"], "physiological.nc", "collapsed.nc", "--of", "neuron_V", "ecs.K",
      "--log", "--title", "both")
draws("hopf.png", ["Hopf point 0.156947", "fold 0.156595"], "hubel.nc", "--of", "neuron.V")
refuses("did you mean 'neuron_V'", "physiological.nc", "--of", "neuron_v")
refuses("different parameters", "physiological.nc", "hubel.nc")
refuses("no such file", "absent.nc")
refuses("needs a positive parameter", "zero.nc", "--log")
refuses("must end in", "physiological.nc", "--output", "a.doc")
refuses("not a file of ionsweep branch", "study.nc")
print("\n".join(bad))
sys.exit(bool(bad))
PYTHON
fi

# refuse NAME WORD ARGUMENTS: exit status 2, one line with WORD, nothing written.
refuse() {
  local name=$1 word=$2
  shift 2
  "$IONSWEEP" branch "$@" >stdout 2>stderr
  local status=$?
  [ "$status" = 2 ] || fail "$name: exit status $status"
  [ "$(wc -l <stderr)" = 1 ] || fail "$name: not one line: $(cat stderr)"
  grep -qi -- "$word" stderr || fail "$name: no '$word' in: $(cat stderr)"
  [ -s stdout ] && fail "$name: wrote to stdout"
  [ -z "$(ls -A out)" ] || fail "$name: wrote $(ls -A out)"
}

refuse "no parameter" "--in PARAMETER is missing" neuron_glia --from 1 --to 0 -o out/a.nc
refuse "no start" "--from is missing" neuron_glia --in energy_supply --to 0 -o out/a.nc
refuse "no end" "--to is missing" neuron_glia --in energy_supply --from 1 -o out/a.nc
refuse "unknown parameter" "did you mean 'energy_supply'" neuron_glia --in energy_suply --from 1 --to 0 -o out/a.nc
refuse "rest quantity" "resting state" neuron_glia --in neuron.rest.K --from '140 mM' --to '130 mM' -o out/a.nc
refuse "empty range" "range is empty" neuron_glia --in energy_supply --from 1 --to 1 -o out/a.nc
refuse "out of bounds" "energy_supply" neuron_glia --in energy_supply --from 1 --to -1 -o out/a.nc
refuse "wrong unit" "temperature" neuron_glia --in temperature --from '30 mM' --to '35 degC' -o out/a.nc
refuse "no number" "--from" neuron_glia --in energy_supply --from much --to 0 -o out/a.nc
refuse "unknown output" "did you mean 'neuron.V'" neuron_glia --in energy_supply --from 1 --to 0 --of neuron.W -o out/a.nc
refuse "class as an output" "is no output of a branch" neuron_glia --in energy_supply --from 1 --to 0 --of class -o out/a.nc
refuse "unknown model" "neuron_glia" neuron_gila --in energy_supply --from 1 --to 0 -o out/a.nc
refuse "unknown option" "did you mean '--from'" neuron_glia --in energy_supply --form 1 --to 0 -o out/a.nc

exit "$((failures > 0))"
