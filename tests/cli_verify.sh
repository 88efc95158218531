#!/bin/bash
# verify finds what is damaged and nothing else; run repairs it to the same bytes; the study of a file is
# made again from the file alone.
# Needs IONSWEEP, IONSWEEP_SOURCE and IONSWEEP_PYTHON (with netCDF4).
set -u
# shellcheck source=tests/cli_fixture.sh
source "$IONSWEEP_SOURCE/tests/cli_fixture.sh"

# verify STATUS WORD FILE OPTIONS...: exit status, and a word in what is said
verify() {
  local status=$1 word=$2
  shift 2
  "$IONSWEEP" verify "$@" >out 2>&1
  local seen=$?
  [ "$seen" = "$status" ] || fail "verify $*: exit status $seen, not $status: $(cat out)"
  grep -q -- "$word" out || fail "verify $*: no '$word' in: $(cat out)"
}

# flip FILE OFFSET: change a byte
flip() {
  local byte
  byte=$(od -An -tu1 -j "$2" -N 1 "$1")
  # shellcheck disable=SC2059
  printf "\\$(printf '%03o' $((byte ^ 64)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

cat >study.yaml <<'YAML'
model: here.yaml
outputs: [neuron.V, ecs.K, ledger.total, class]
precision: float
design: {kind: grid, factors: {energy_supply: {from: 0.05, to: 1, count: 40}, temperature: {from: 25 degC, to: 42 degC, count: 25}}}
YAML
cp "$IONSWEEP_SOURCE/sweeps/models/neuron_glia.yaml" here.yaml
set_some=(--set 'neuron.spike_load.firing_rate=2 Hz' --set neuron.rest.K='131 mM')
"$IONSWEEP" run study.yaml -o whole.nc "${set_some[@]}" >run.out 2>&1 || fail "run: $(cat run.out)"
printf 'energy_supply,temperature [degC],ecs.composition.K [mM]\n1,37,3.1\n0.8,30,0.1234567890123\n0.7,29.1,4\n' >cells.csv
printf 'model: neuron_glia\ndesign: {kind: points, file: cells.csv}\n' >cells.yaml
"$IONSWEEP" run cells.yaml -o cells.nc >run.out 2>&1 || fail "run of a table: $(cat run.out)"
"$IONSWEEP" run neuron_glia -o model.nc >run.out 2>&1 || fail "run of a model: $(cat run.out)"

# Sweep, model, overrides and table come from the file alone.
mkdir elsewhere
mv study.yaml here.yaml cells.csv elsewhere
ION_MODEL_PATH=/nowhere verify 0 '50 were solved again: 0 differ' whole.nc --resolve 50 --seed 3
ION_MODEL_PATH=/nowhere verify 0 '9 were solved again: 0 differ' cells.nc --resolve 9
ION_MODEL_PATH=/nowhere verify 0 'ok 1$' model.nc
mv elsewhere/* .

# Damage anywhere among the points: the chunk is named, a run mends it and it alone.
size=$(stat -c %s whole.nc)
for at in $((size - 700)) $((size / 2)) status; do
  cp whole.nc hurt.nc
  if [ "$at" = status ]; then
    "$IONSWEEP_PYTHON" -c "
import netCDF4
netCDF4.Dataset('hurt.nc', 'a')['status'][20, 3] = 2" || fail "no netCDF4"
  else
    flip hurt.nc "$at"
  fi
  verify 1 'chunk [0-9]* is damaged' hurt.nc
  grep -q ' 1 damaged' out || fail "a byte at $at damages more than a chunk: $(cat out)"
  "$IONSWEEP" run study.yaml -o hurt.nc "${set_some[@]}" >run.out 2>&1 || fail "repair: $(cat run.out)"
  cmp whole.nc hurt.nc || fail "a byte at $at is not mended"
done

# A coordinate; a file cut short, down to its header.
"$IONSWEEP_PYTHON" -c "
import netCDF4
file = netCDF4.Dataset('hurt.nc', 'a')
file['temperature'][7] += 1" || fail "no netCDF4"
verify 1 'coordinates are damaged' hurt.nc
for at in $((size - 1)) $((size / 2)) $((size / 3)); do
  [ "$at" = $((size - 1)) ] || head -c "$at" whole.nc >hurt.nc
  [ "$at" = $((size - 1)) ] || verify 1 'torn' hurt.nc
  "$IONSWEEP" run study.yaml -o hurt.nc "${set_some[@]}" >run.out 2>run.err || fail "mend: $(cat run.err)"
  grep -q 'hurt.nc was damaged' run.err || fail "nothing is said of the damage: $(cat run.err)"
  cmp whole.nc hurt.nc || fail "a file cut at $at is not mended"
done
cp whole.nc hurt.nc
echo more >>hurt.nc
verify 1 "something was appended to it: $((size + 5)) bytes instead of $size" hurt.nc
grep -q 'run the study again' out && fail "advice that run refuses: $(cat out)"
"$IONSWEEP" run study.yaml -o hurt.nc "${set_some[@]}" >run.out 2>run.err
status=$?
if [ "$status" != 2 ] || ! grep -q 'something was appended' run.err; then
  fail "a file with more behind it: exit status $status: $(cat run.err)"
fi
head -c 1500 whole.nc >hurt.nc
verify 2 'header is damaged' hurt.nc
"$IONSWEEP" run study.yaml -o hurt.nc "${set_some[@]}" >run.out 2>run.err
status=$?
if [ "$status" != 2 ] || ! grep -q 'bring back a copy' run.err; then
  fail "a torn header: exit status $status: $(cat run.err)"
fi
[ "$(stat -c %s hurt.nc)" = 1500 ] || fail "a file with a torn header was changed"
verify 2 'not a result file' study.yaml
verify 2 'no such file' absent.nc

# A chunk_size for which there are more checksums than chunks, or fewer.
for points in 1 16 4096; do
  cp whole.nc hurt.nc
  "$IONSWEEP_PYTHON" -c "
import netCDF4, numpy
netCDF4.Dataset('hurt.nc', 'a').chunk_size = numpy.uint64($points)" || fail "no netCDF4"
  verify 2 'hurt.nc is not a result file .*not of the shape' hurt.nc
  "$IONSWEEP" run study.yaml -o hurt.nc "${set_some[@]}" >run.out 2>run.err
  status=$?
  if [ "$status" != 2 ] || ! grep -q "its chunks have $points points" run.err; then
    fail "chunk_size $points: exit status $status: $(cat run.err)"
  fi
done

# An unfinished file is sound.
rm -f part.nc
"$IONSWEEP" run study.yaml -o part.nc "${set_some[@]}" --max-points 100 >run.out 2>&1
verify 0 ' [1-9][0-9]* pending, 0 damaged' part.nc --resolve 20

# A wrong value whose checksum is right: only solving it again tells.
"$IONSWEEP_PYTHON" - <<'PYTHON' || fail "no netCDF4 to forge a file with"
import zlib
import netCDF4

file = netCDF4.Dataset("model.nc", "a")
file.set_auto_mask(False)
outputs = [v for v in file.variables.values() if "ancillary_variables" in v.ncattrs()]
outputs[0][:] = outputs[0][:] * (1 + 2.0**-52)
crc = 0
for v in outputs + [file["status"]]:
    value = v[:]
    crc = zlib.crc32(value.astype(value.dtype.newbyteorder(">")).tobytes(), crc)
file["chunk_crc"][0] = crc
file.close()
PYTHON
verify 0 'sound' model.nc
verify 1 'differs when it is solved again' model.nc --resolve 1

exit "$((failures > 0))"
