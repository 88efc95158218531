#!/bin/bash
# `point --check-derivatives`: both ways agree, what is asked for is printed, disagreement is exit 1.
# Needs IONSWEEP (the program) and IONSWEEP_SOURCE (the source).
set -u
# shellcheck source=tests/cli_fixture.sh
source "$IONSWEEP_SOURCE/tests/cli_fixture.sh"

# expect STATUS TEXT ARGUMENTS...: the exit status, and a text on either stream
expect() {
  local status=$1 text=$2 seen
  shift 2
  "$IONSWEEP" point "$@" >out 2>&1
  seen=$?
  [ "$seen" = "$status" ] || fail "$*: exit status $seen, not $status"
  grep -q -e "$text" out || fail "$*: lacks '$text': $(tail -1 out)"
}

expect 0 '^20 derivatives agree' neuron_glia --check-derivatives
grep -q 'neuron.A_atp  *glia.kir.conductance .* kJ/mol per nS$' out ||
  fail "no row for the last output and parameter"
expect 0 '^20 derivatives agree' neuron_glia --check-derivatives --set 'temperature=30 degC'
expect 0 '^20 derivatives agree' neuron_glia --check-derivatives --set energy_supply=0.17
# Sums that are zero at every steady state are no reason to fail.
expect 0 '^6 derivatives agree' neuron_glia --check-derivatives --of total.closure,neuron.water.flux \
  --by energy_supply,neuron.gaba_cl.permeability,ecs.composition.K
expect 0 '^1 derivative agrees' neuron_glia --check-derivatives --of=neuron.V --by=temperature,temperature
expect 0 'at energy_supply = .*, temperature = ' "$IONSWEEP_SOURCE/sweeps/energy_temperature.yaml" \
  --index 99999 --check-derivatives
expect 0 'derivatives agree' dusterwald2018 --check-derivatives
expect 0 'derivatives agree' hubel2014 --check-derivatives --set pump_strength=0.5
expect 0 'derivatives agree' dijkstra2016 --check-derivatives --set pump_strength=0.8
# So near the fold that the neighbours lie beyond it.
expect 1 'derivatives differ' neuron_glia --check-derivatives --set energy_supply=0.15884
expect 2 "did you mean 'neuron.V'" neuron_glia --check-derivatives --of neuron.W
expect 2 "did you mean 'temperature'" neuron_glia --check-derivatives --by temperatur
expect 2 'group class' neuron_glia --check-derivatives --of class
expect 2 'belongs to --check-derivatives' neuron_glia --of neuron.V
expect 2 'cannot be had with --json' neuron_glia --check-derivatives --json

# A derivative by hand, from two points, in the units of the table.
"$IONSWEEP" point neuron_glia --json --set neuron.nka.rate=5.2 >low.json
"$IONSWEEP" point neuron_glia --json --set neuron.nka.rate=5.3 >high.json
"$IONSWEEP" point neuron_glia --check-derivatives --of neuron.V --by neuron.nka.rate \
  --set neuron.nka.rate=5.25 >middle
"${IONSWEEP_PYTHON:-python3}" - . <<'PYTHON' || fail "the table is not what two points give"
import json, sys
low, high = (json.load(open(f"{sys.argv[1]}/{name}.json"))["values"]["neuron.V"] for name in ("low", "high"))
row = [line.split() for line in open(f"{sys.argv[1]}/middle") if "neuron.nka.rate" in line][0]
sys.exit(not abs((high - low) / 0.1 / float(row[2]) - 1) < 1e-3)
PYTHON

# Local sensitivities in a file are the slopes of the map: by ln p, of ln q where q cannot change sign.
cat >local.yaml <<'YAML'
title: Slopes along a line and across it
model: neuron_glia
design:
  kind: grid
  factors:
    energy_supply: {from: 0.3, to: 0.306, count: 3}
    temperature: {from: 36.9 degC, to: 37.1 degC, count: 3}
outputs: [neuron.V, ecs.K, class, sensitivity.local, sensitivity.neuron.nka.flux.temperature]
YAML
"$IONSWEEP" run local.yaml -o local.nc >out 2>&1 ||
  fail "local sensitivities do not run: $(tail -1 out)"
"${IONSWEEP_PYTHON:-python3}" - local.nc <<'PYTHON' || fail "local sensitivities are not the slopes"
import sys
try:
    import netCDF4, numpy as np
except ImportError:
    sys.exit(0)
with netCDF4.Dataset(sys.argv[1]) as f:
    names = [name for name in f.variables if name.startswith("sensitivity")]
    assert sorted(names) == sorted(
        f"sensitivity_{q}_{p}" for q in ("neuron_V", "ecs_K") for p in ("energy_supply", "temperature")
    ) + ["sensitivity_neuron_nka_flux_temperature"], names
    ln_p = {"energy_supply": np.log(f["energy_supply"][:]), "temperature": np.log(f["temperature"][:] + 273.15)}
    for q, value in (("neuron_V", f["neuron_V"][:]), ("ecs_K", np.log(f["ecs_K"][:]))):
        for axis, p in enumerate(ln_p):
            line = np.moveaxis(value, axis, 0)[:, 1]
            slope = (line[2] - line[0]) / (ln_p[p][2] - ln_p[p][0])
            seen = f[f"sensitivity_{q}_{p}"][1, 1]
            assert abs(seen / slope - 1) < 1e-3, (q, p, seen, slope)
    units = [f[f"sensitivity_{q}_temperature"].units for q in ("neuron_V", "ecs_K", "neuron_nka_flux")]
    assert units == ["mV", "1", f["neuron_V"].units.replace("mV", "fmol/s")], units
PYTHON

refuse() {
  sed "s/^outputs: .*/outputs: $1/" local.yaml >bad.yaml
  "$IONSWEEP" run bad.yaml -o bad.nc >out 2>&1
  [ $? = 2 ] || fail "outputs: $1 is not refused"
  grep -q "bad.yaml:[0-9]*:[0-9]*: .*$2" out || fail "outputs: $1: $(tail -1 out)"
}
refuse '\[neuron.V, sensitivity.neuron.V.energy\]' 'sensitivity.OUTPUT.FACTOR'
refuse '\[class, sensitivity.local\]' 'outputs beside it'
printf 'model: neuron_glia\ndesign: {kind: points, points: [{}]}\noutputs: [neuron.V, sensitivity.local]\n' \
  >bad.yaml
"$IONSWEEP" plan bad.yaml 2>&1 | grep -q 'needs a design with factors' ||
  fail "sensitivities without factors are not refused"

exit "$((failures > 0))"
