#!/bin/bash
# `analyze` of what has no indices, or into what must not be written over: one line, exit status 2, nothing written.
# Needs IONSWEEP (the program), IONSWEEP_PYTHON and IONSWEEP_SOURCE.
set -u
# shellcheck source=tests/analyze_fixture.sh
source "$IONSWEEP_SOURCE/tests/analyze_fixture.sh"

study saltelli "kind: saltelli, samples: 64, seed: 1"
study sobol "kind: sobol, samples: 64, seed: 3"
cat >threshold.yaml <<END
model: neuron_glia
solve: threshold
threshold: {parameter: energy_supply, from: 1, to: 0}
design: {kind: saltelli, samples: 1, replicates: 1, factors: {temperature: {uniform: [37 degC, 37.2 degC]}}}
outputs: [threshold, threshold.gradient]
END
"$IONSWEEP" run threshold.yaml -o threshold.nc >run.log 2>&1 || fail "run threshold: $(tail -1 run.log)"
analyze saltelli
cp saltelli.nc nothing.nc
"$IONSWEEP_PYTHON" -c "
import netCDF4
netCDF4.Dataset('nothing.nc', 'a')['status'][:] = 0"

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

exit "$((failures > 0))"
