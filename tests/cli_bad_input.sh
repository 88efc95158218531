#!/bin/bash
# Bad input: one clear line on stderr, exit status 2, and no file written.
# Needs IONSWEEP (the program) and IONSWEEP_SOURCE (the source).
set -u
# shellcheck source=tests/cli_fixture.sh
source "$IONSWEEP_SOURCE/tests/cli_fixture.sh"
trap 'chmod -R u+w .' EXIT

mkdir out

# refuse NAME WORD ARGUMENTS: the command exits with 2, says one line with WORD, leaves out/ empty.
refuse() {
  local name=$1 word=$2
  shift 2
  "$IONSWEEP" "$@" >stdout 2>stderr
  local status=$?
  [ "$status" = 2 ] || fail "$name: exit status $status"
  [ "$(wc -l <stderr)" = 1 ] || fail "$name: not one line: $(cat stderr)"
  grep -qi -- "$word" stderr || fail "$name: no '$word' in: $(cat stderr)"
  [ -s stdout ] && fail "$name: wrote to stdout"
  [ -z "$(ls -A out)" ] || {
    fail "$name: wrote $(ls -A out)"
    rm -rf out/* out/.[!.]*
  }
}

# sweep NAME WORD: the sweep on stdin is refused by `run` with its file, line and column.
sweep() {
  cat >sweep.yaml
  refuse "$1" "$2" run sweep.yaml -o out/a.nc
  grep -Eq '^sweep.yaml:[0-9]+:[0-9]+: ' stderr || fail "$1: no file:line:column in: $(cat stderr)"
}

# grid NAME WORD FACTORS: the same, of a good sweep but for its factors.
grid() {
  printf 'model: neuron_glia\ndesign:\n  kind: grid\n  factors:\n    %s\n' "$3" >sweep.yaml
  refuse "$1" "$2" run sweep.yaml -o out/a.nc
  grep -Eq '^sweep.yaml:[0-9]+:[0-9]+: ' stderr || fail "$1: no file:line:column in: $(cat stderr)"
}

printf 'model: neuron_glia\ndesign: {kind: grid, factors: {energy_supply: {from: 0.8, to: 1, count: 3}}}\n' >good.yaml
printf 'model: neuron_glia\ndesign: {kind: grid, factors: {energy_supply: {from: 0.7, to: 1, count: 3}}}\n' >other.yaml

sweep "malformed YAML" "" <<<'model: [neuron_glia'
sweep "duplicate key" "duplicate" <<<$'model: neuron_glia\nmodel: neuron_glia\ndesign: {kind: grid}'
sweep "unknown key" "did you mean 'model'" <<<$'modle: neuron_glia\ndesign: {kind: grid}'
sweep "missing model" "model" <<<'design: {kind: points, points: [{}]}'
sweep "missing design" "design" <<<'model: neuron_glia'
sweep "unknown model" "did you mean 'neuron_glia'" <<<$'model: neuron_gila\ndesign: {kind: points, points: [{}]}'
sweep "unknown solve" "did you mean 'steady_state'" <<<$'solve: steady_stat\nmodel: neuron_glia\ndesign: {kind: points, points: [{}]}'
sweep "unknown precision" "precision" <<<$'precision: half\nmodel: neuron_glia\ndesign: {kind: points, points: [{}]}'
sweep "unknown output" "did you mean 'neuron.Na'" <<<$'model: neuron_glia\noutputs: [neuron.Nas]\ndesign: {kind: points, points: [{}]}'
sweep "unknown group" "did you mean 'state'" <<<$'model: neuron_glia\noutputs: [stat]\ndesign: {kind: points, points: [{}]}'
sweep "no output" "" <<<$'model: neuron_glia\noutputs: []\ndesign: {kind: points, points: [{}]}'
sweep "set of an unknown name" "did you mean 'temperature'" <<<$'model: neuron_glia\nset: {temprature: 30 degC}\ndesign: {kind: points, points: [{}]}'
sweep "set with a wrong unit" "temperature" <<<$'model: neuron_glia\nset: {temperature: 30 mM}\ndesign: {kind: points, points: [{}]}'
sweep "set out of bounds" "temperature" <<<$'model: neuron_glia\nset: {temperature: 30}\ndesign: {kind: points, points: [{}]}'
sweep "set and varied" "both set and varied" <<<$'model: neuron_glia\nset: {energy_supply: 0.5}\ndesign: {kind: grid, factors: {energy_supply: {from: 0.5, to: 1, count: 2}}}'
sweep "sweep that is a list" "" <<<'- model'

# threshold NAME WORD SECTION [LINES]: a study of thresholds, good but for its section and further lines.
threshold() {
  sweep "threshold: $1" "$2" <<<"model: neuron_glia
solve: threshold
$3
design: {kind: grid, factors: {temperature: {from: 300, to: 310, count: 2}}}
${4:-}"
}

threshold "unknown parameter" "did you mean 'energy_supply'" 'threshold: {parameter: energy_suply, from: 1, to: 0}'
threshold "parameter that is a factor" "both the threshold's parameter and a factor" \
  'threshold: {parameter: temperature, from: 310, to: 300}'
threshold "parameter that is set" "both the threshold's parameter and set" \
  'threshold: {parameter: energy_supply, from: 1, to: 0}' 'set: {energy_supply: 0.9}'
threshold "rest quantity" "resting state" 'threshold: {parameter: neuron.rest.K, from: 140 mM, to: 100 mM}'
threshold "empty range" "range is empty" 'threshold: {parameter: energy_supply, from: 1, to: 1}'
threshold "start out of bounds" "energy_supply" 'threshold: {parameter: energy_supply, from: 100, to: 0}'
threshold "end out of bounds" "energy_supply" 'threshold: {parameter: energy_supply, from: 1, to: -1}'
threshold "wrong unit" "energy_supply" 'threshold: {parameter: energy_supply, from: 1 mM, to: 0}'
threshold "end that is no number" "" 'threshold: {parameter: energy_supply, from: 1, to: nothing}'
threshold "way back on the wrong side" "recovery_to" \
  'threshold: {parameter: energy_supply, from: 1, to: 0, recovery_to: 0.5}'
threshold "way back out of bounds" "energy_supply" \
  'threshold: {parameter: energy_supply, from: 1, to: 0, recovery_to: 20}'
threshold "no section" "threshold" ''
threshold "section that is a word" "threshold" 'threshold: energy_supply'
threshold "no parameter" "parameter" 'threshold: {from: 1, to: 0}'
threshold "no start" "from" 'threshold: {parameter: energy_supply, to: 0}'
threshold "no end" "'to'" 'threshold: {parameter: energy_supply, from: 1}'
threshold "unknown key" "did you mean 'recovery_to'" 'threshold: {parameter: energy_supply, from: 1, to: 0, recover_to: 2}'
threshold "unknown output" "did you mean 'threshold.kind'" \
  'threshold: {parameter: energy_supply, from: 1, to: 0}' 'outputs: [threshold.kin]'
threshold "output of a steady state" "neuron.V" 'threshold: {parameter: energy_supply, from: 1, to: 0}' 'outputs: [neuron.V]'
sweep "threshold: section without its solve" "threshold" <<<$'model: neuron_glia
threshold: {parameter: energy_supply, from: 1, to: 0}
design: {kind: points, points: [{}]}'
printf 'model: neuron_glia\nsolve: threshold\nthreshold: {parameter: energy_supply, from: 1, to: 0}\ndesign: {kind: points, points: [{}]}\n' >lost.yaml
refuse "threshold: override of its parameter" "both the threshold's parameter and set" run lost.yaml -o out/a.nc --set energy_supply=0.9

grid "unknown factor" "did you mean 'temperature'" 'temprature: {from: 300, to: 310, count: 2}'
grid "unknown key of a factor" "count" 'temperature: {from: 300, to: 310, cuont: 2}'
grid "wrong unit" "temperature" 'temperature: {from: 20 mM, to: 310, count: 2}'
grid "unknown unit" "" 'temperature: {from: 20 degQ, to: 310, count: 2}'
grid "NaN" "" 'energy_supply: {from: nan, to: 1, count: 2}'
grid "infinity" "" 'energy_supply: {from: inf, to: 1, count: 2}'
grid "out of bounds" "energy_supply" 'energy_supply: {from: -1, to: 1, count: 2}'
grid "count of 0" "count" 'energy_supply: {from: 0.5, to: 1, count: 0}'
grid "count that is no number" "count" 'energy_supply: {from: 0.5, to: 1, count: many}'
grid "from = to" "" 'energy_supply: {from: 1, to: 1, count: 2}'
grid "too many points" "" $'energy_supply: {from: 0.5, to: 1, count: 2000000}\n    temperature: {from: 300, to: 310, count: 2000000}'
grid "duplicate factor" "duplicate" $'energy_supply: {from: 0.5, to: 1, count: 2}\n    energy_supply: {from: 0.5, to: 1, count: 2}'
grid "rest quantity varied" "" 'neuron.rest.K: {from: 130 mM, to: 140 mM, count: 2}'

: >empty.yaml
refuse "empty file" "empty" run empty.yaml -o out/a.nc
head -c 4096 "$IONSWEEP" >binary.yaml
refuse "binary file" "" run binary.yaml -o out/a.nc
refuse "absent file" "absent.yaml" run absent.yaml -o out/a.nc
refuse "directory" "" run out -o out/a.nc
refuse "no output" "-o" run good.yaml
refuse "output in an absent directory" "absent" run good.yaml -o absent/a.nc
refuse "output that is a directory" "" run good.yaml -o out
refuse "unknown verb" "did you mean 'run'" rum good.yaml -o out/a.nc
refuse "no verb" "verb"
refuse "unknown option" "did you mean '--restart'" run good.yaml -o out/a.nc --restrat
refuse "option of another verb" "unknown option" run good.yaml -o out/a.nc --json
refuse "two sweeps" "too many" run good.yaml other.yaml -o out/a.nc
refuse "override without a value" "name=value" run good.yaml -o out/a.nc --set temperature
refuse "override of an unknown name" "did you mean 'temperature'" run good.yaml -o out/a.nc --set temprature=300
refuse "override out of bounds" "temperature" run good.yaml -o out/a.nc --set temperature=30
refuse "override of a factor" "both set and varied" run good.yaml -o out/a.nc --set energy_supply=0.5
refuse "index beyond the last point" "index" point good.yaml --index 3
refuse "index that is no number" "index" point good.yaml --index first
refuse "unknown model" "did you mean the model 'neuron_glia'" point neuron_gila
refuse "unknown listing" "did you mean 'models'" list modles
refuse "listing without its model" "model" list parameters

# An output that holds something else stays as it is.
"$IONSWEEP" run good.yaml -o keep.nc >/dev/null 2>&1 || fail "a good sweep does not run"
sum=$(cksum <keep.nc)
refuse "file of another study" "keep.nc" run other.yaml -o keep.nc
[ "$sum" = "$(cksum <keep.nc)" ] || fail "the file of another study was changed"
echo "not a result" >foreign.nc
refuse "file that is no result" "foreign.nc" run good.yaml -o foreign.nc
refuse "file that is no result, restarted" "foreign.nc" run good.yaml -o foreign.nc --restart
[ "$(cat foreign.nc)" = "not a result" ] || fail "a foreign file was changed"

# A disk without room for the whole file: said before the first point, in one line.
cat >limited <<END
#!/bin/bash
trap '' XFSZ # a write beyond the limit is an error then, as on a full disk
ulimit -f 30000
exec "$IONSWEEP" "\$@"
END
chmod +x limited
sed 's/count: 3/count: 300000/' good.yaml >large.yaml
IONSWEEP=./limited refuse "no room for the file" "File too large" run large.yaml -o out/a.nc

# A study that one rank cannot read: that rank alone says why.
cat >other_file <<END
#!/bin/bash
if [ "\$OMPI_COMM_WORLD_RANK" = 1 ]; then exec "$IONSWEEP" run absent.yaml -o out/a.nc; fi
exec "$IONSWEEP" run good.yaml -o out/a.nc
END
chmod +x other_file
# shellcheck disable=SC2086
$MPIEXEC -n 3 ./other_file >stdout 2>stderr
[ $? = 2 ] || fail "ranks that disagree: exit status is not 2"
[ "$(grep -c 'absent.yaml\|good.yaml' stderr)" = 1 ] || fail "ranks that disagree: $(cat stderr)"
grep -q '^rank 1: absent.yaml' stderr || fail "ranks that disagree: $(cat stderr)"
[ -z "$(ls -A out)" ] || fail "ranks that disagree wrote $(ls -A out)"

exit "$((failures > 0))"
