#!/bin/bash
# `point`: the default model's table, JSON that parses, overrides and indices.
# Needs IONSWEEP (the program) and IONSWEEP_SOURCE (the source).
set -u
# shellcheck source=tests/cli_fixture.sh
source "$IONSWEEP_SOURCE/tests/cli_fixture.sh"

"$IONSWEEP" point neuron_glia --json >rest.json || fail "point --json does not run"
"$IONSWEEP" point neuron_glia --set 'temperature=30 degC' --json >cold.json ||
  fail "point --set does not run"
"$IONSWEEP" point neuron_glia --set 'neuron.spike_load.firing_rate=5 Hz' --json >busy.json ||
  fail "point --set with a rate does not run"
"$IONSWEEP" point neuron_glia --set energy_supply=0.05 --json >starved.json ||
  fail "point of a collapsed cell does not run"
"$IONSWEEP" point "$IONSWEEP_SOURCE/sweeps/energy_temperature.yaml" --index 99999 --json \
  >last.json || fail "point of a sweep does not run"
"$IONSWEEP" point dusterwald2018 --json >dusterwald.json || fail "second model does not run"
for name in hubel2014 dijkstra2016; do
  "$IONSWEEP" point "$name" --json >"$name.json" || fail "$name does not run"
  "$IONSWEEP" point "$name" --set pump_strength=0.1 --json >"$name.weak.json" ||
    fail "$name does not run with a weak pump"
done

"${IONSWEEP_PYTHON:-python3}" - . <<'PYTHON' || failures=$((failures + 1))
import json, math, sys

def load(name):
    def refuse(word):
        raise ValueError("not JSON: " + word)
    with open(f"{sys.argv[1]}/{name}.json") as file:
        return json.load(file, parse_constant=refuse)

bad = []
def near(point, name, expected, tolerance):
    seen = point["values"][name]
    if seen is None or not abs(seen - expected) <= tolerance * abs(expected):
        bad.append(f"{name}: {seen}, expected {expected}")
def same(what, seen, expected):
    if seen != expected:
        bad.append(f"{what}: {seen!r}, expected {expected!r}")

rest, cold, busy = load("rest"), load("cold"), load("busy")
same("keys", sorted(rest), ["class", "parameters", "status", "units", "values"])
same("status", rest["status"], "ok")
same("class", rest["class"], "physiological")
same("class as a value", rest["values"]["class"], "physiological")
same("units", sorted(rest["units"]), sorted(rest["values"]))
same("unit", rest["units"]["neuron.V"], "mV")
for name, expected in (("neuron.V", -70), ("glia.V", -85), ("neuron.Na", 12), ("ecs.K", 3.5),
                       ("neuron.ATP", 2.5), ("ecs.volume", 0.9)):
    near(rest, name, expected, 1e-9)
near(rest, "neuron.A_atp", 57.189, 1e-5)
near(rest, "neuron.nka.work", 45.003, 1e-5)
near(rest, "total.dissipation", 55.0013, 1e-6)
near(rest, "stability.eigenvalue", -5.202e-3, 1e-3)
for point in (rest, cold, busy):
    if not abs(point["values"]["total.closure"]) <= 1e-9 * point["values"]["total.fuel_power"]:
        bad.append(f"closure {point['values']['total.closure']}")
same("parameters", rest["parameters"]["energy_supply"], 1)
near({"values": rest["parameters"]}, "neuron.leak_k.permeability", 0.0271569, 3e-6)
near({"values": rest["parameters"]}, "glia.kir.conductance", 7.2941, 1e-5)
near({"values": cold["parameters"]}, "temperature", 303.15, 1e-12)
for name, expected in (("neuron.V", -65.17866), ("glia.V", -76.98110), ("ecs.K", 4.751915)):
    near(cold, name, expected, 1e-6)
near(busy, "neuron.V", -71.86019, 1e-6)
near(busy, "ecs.K", 3.841909, 1e-6)
starved = load("starved")
same("class without energy", starved["class"], "collapsed")
near(starved, "neuron.V", -10.20, 1e-3)
near(starved, "ecs.K", 60.5, 1e-3)
last = load("last")
same("last point", last["parameters"]["energy_supply"], 1)
near({"values": last["parameters"]}, "temperature", 315.15, 1e-12)
published = load("dusterwald")
for name, expected in (("neuron.V", -72.5887), ("neuron.Na", 14.0017), ("neuron.K", 122.877),
                       ("neuron.Cl", 5.16470), ("neuron.E_Cl", -83.8437)):
    near(published, name, expected, 1e-5)
for name, V, V_weak in (("hubel2014", -67.19388, -22.885), ("dijkstra2016", -65.49373, -7.0924)):
    healthy, weak = load(name), load(f"{name}.weak")
    same(f"class of {name}", (healthy["class"], weak["class"]), ("physiological", "collapsed"))
    near(healthy, "neuron.V", V, 1e-6)
    near(weak, "neuron.V", V_weak, 1e-4)
    for point in (healthy, weak): # the channels lose what the pump, against the second law, gains
        terms = {k: v for k, v in point["values"].items()
                 if k.startswith("neuron.") and k.count(".") == 2 and k.endswith(".dissipation")}
        pump = terms.pop("neuron.pump.dissipation")
        same(f"violations in {name}", point["values"]["audit.violations"], 1)
        if not (min(terms.values()) > -1e-12 * -pump and abs(sum(terms.values()) + pump) < 1e-9 * -pump):
            bad.append(f"ledger of {name}: {terms} against {pump}")
print("\n".join(bad))
sys.exit(bool(bad))
PYTHON

"$IONSWEEP" point neuron_glia >table || fail "point does not run"
for word in 'status: ok, class: physiological' 'neuron.nka' 'total.closure' 'stability.eigenvalue'; do
  grep -q "$word" table || fail "the table lacks $word"
done
for words in 'list processes' 'list models' 'list designs' 'list parameters neuron_glia' \
  'list outputs neuron_glia' '--help' 'run --help' 'plan --help' 'point --help' 'list --help' \
  'help plan' '--version' "plan $IONSWEEP_SOURCE/sweeps/energy_temperature.yaml --ranks 2,64"; do
  # shellcheck disable=SC2086
  "$IONSWEEP" $words >out 2>error || fail "ionsweep $words"
  [ -s out ] || fail "ionsweep $words prints nothing"
  [ -s error ] && fail "ionsweep $words: $(head -1 error)"
done
"$IONSWEEP" list parameters neuron_glia | grep -q '^temperature  *310.15 K  *273 to 323  *[a-z]' ||
  fail "list parameters does not print the temperature with its bounds"

# Every kind says whether it obeys the second law; of the published pump a point says it does not.
"$IONSWEEP" list processes >kinds
kinds=$(grep -c '^[a-z]' kinds)
[ "$kinds" = "$(grep -c '^    second law: ' kinds)" ] || fail "kinds without second law"
[ "$kinds" = "$(grep -c '^    J = ' kinds)" ] || fail "kinds without a rate law"
grep -q 'second law: holds' table || fail "the table does not say that the second law holds"
"$IONSWEEP" point dusterwald2018 >published || fail "point of the second model does not run"
grep -q 'second law: broken by neuron.pump$' published ||
  fail "the pump that breaks the second law is not named"
for table in table published; do
  grep -Eq '(^| )-0( |$)' "$table" && fail "$table: a negative zero"
  awk '/ pW / && $NF == "%" { sum += $(NF - 1); n++ }
       END { exit !(n > 3 && sum > 99.8 && sum < 100.2) }' "$table" ||
    fail "$table: shares do not add up to 100 %"
done

# A plan says points and file size at once, however large the design.
cat >large.yaml <<'YAML'
model: neuron_glia
outputs: [neuron.V]
design:
  kind: grid
  factors:
    energy_supply: {from: 0.05, to: 1, count: 1000000}
    temperature: {from: 25 degC, to: 42 degC, count: 1000000}
YAML
"$IONSWEEP" plan large.yaml >plan.out || fail "plan of 1e12 points"
grep -q '1000000000000 points' plan.out || fail "plan: no number of points"
# 8 bytes of the output and one of the status a point, a CRC a chunk
grep -q 'file: about 9 TB' plan.out || fail "plan: $(grep file: plan.out)"

exit "$((failures > 0))"
