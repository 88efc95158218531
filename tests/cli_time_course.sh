#!/bin/bash
# Studies with solve: time_course: the same bytes for 1, 2 and 3 ranks, known times, and one clear line where the
# section is wrong.
# Needs IONSWEEP (the program), IONSWEEP_SOURCE (the source) and MPIEXEC.
set -u
# shellcheck source=tests/cli_fixture.sh
source "$IONSWEEP_SOURCE/tests/cli_fixture.sh"
python="${IONSWEEP_PYTHON:-python3}"

cat >insult.yaml <<END
model: neuron_glia
solve: time_course
time_course:
  until: 100 s
  schedule:
    - {at: 10 s, set: {energy_supply: factor}}
    - {at: 35 s, set: {energy_supply: 1, temperature: 37 degC}}
  events: {depolarised: neuron.V > -50 mV, drained: neuron.PCr < 4 mM, always: ecs.K > 1 mM}
  ends_with: depolarised
design:
  kind: grid
  factors:
    ecs.composition.K: {values: [3.5 mM, 5 mM]}
    energy_supply: {from: 0, to: 1, count: 80}
END
for ranks in 1 2 3; do
  # shellcheck disable=SC2086
  ${MPIEXEC:-mpirun --oversubscribe --bind-to none} -n $ranks "$IONSWEEP" run insult.yaml -o $ranks.nc >log 2>&1 ||
    fail "$ranks ranks: $(tail -3 log)"
  cmp -s 1.nc $ranks.nc || fail "$ranks ranks write other bytes than one"
done
"$IONSWEEP" point insult.yaml --index 79 --json >healthy.json || fail "point"

cat >collapse.yaml <<END
model: neuron_glia
solve: time_course
time_course: {until: 70 s, tolerance: 1e-7, events: {depolarised: neuron.V > -0.05 V}, ends_with: depolarised}
design: {kind: points, points: [{energy_supply: 0.05}, {energy_supply: 0.10}, {energy_supply: 1}]}
outputs: [event.*, max.ecs.K, min.neuron.ATP, final.state, recovered]
END
"$IONSWEEP" run collapse.yaml -o collapse.nc >log 2>&1 || fail "collapse: $(tail -3 log)"
grep -q "second law" log && fail "an audit is printed that nothing kept"

"$IONSWEEP" point collapse.yaml --index 2 --trace '10 s' >trace.csv || fail "trace"
[ "$(wc -l <trace.csv)" = 9 ] || fail "trace: $(wc -l <trace.csv) lines"
grep -q '^time \[s\],neuron.V \[mV\],.*ecs.K \[mM\]' trace.csv || fail "trace: $(head -1 trace.csv)"
sed -n 9p trace.csv | grep -Eq '^70,-(70|69.99999)' || fail "trace: $(sed -n 9p trace.csv)"
"$IONSWEEP" point neuron_glia --trace '1 s' >stdout 2>stderr
[ $? = 2 ] || fail "a trace of a steady state is not refused"
"$IONSWEEP" point collapse.yaml --trace '1 mM' >stdout 2>stderr
[ $? = 2 ] || fail "a trace in mM is not refused"
grep -q "wrong unit" stderr || fail "unit of a trace: $(cat stderr)"

if "$python" -c "import netCDF4, numpy" 2>/dev/null; then
  "$python" - <<'PYTHON' || failures=$((failures + 1))
import json, sys
import netCDF4
import numpy as np

bad = []
def check(what, holds):
    if not np.all(holds):
        bad.append(f"not so: {what}")

with netCDF4.Dataset("collapse.nc") as f:
    time = f["event_depolarised_time"][...].filled()
    check("48.66 and 66.10 s", np.abs(time[:2] - [48.66, 66.10]) < 0.006)
    check("never at rest", np.isnan(time[2]))
    check("rest stays", [abs(f["max_ecs_K"][2] - 3.5) < 1e-6, abs(f["final_neuron_V"][2] + 70) < 1e-4])
    check("ATP falls", f["min_neuron_ATP"][:2] < 1)
    check("words", f["recovered"].flag_meanings == "unknown no yes")
    check("recovered at rest only", list(f["recovered"][...]) == [1, 1, 2])
with netCDF4.Dataset("1.nc") as f:
    supply, K = f["energy_supply"][...].filled(), f["ecs_composition_K"][...].filled()
    drained = f["event_drained_time"][...].filled()
    largest = f["max_ecs_K"][...].filled()
    check("what is put in is there from the start", [largest[0] >= 3.5, largest[1] >= 5])
    check("and counts as an event at once", f["event_always_time"][...].filled() == 0)
    check("nothing before the insult", ~(drained < 10))
    check("no supply drains its phosphocreatine", drained[:, 0] < 35)
    check("full supply does not", np.isnan(drained[:, -1]))
    healthy = json.load(open("healthy.json"))
    check("point says what run says", healthy["values"]["max.ecs.K"] == largest[0, -1])
    check("words in JSON", healthy["values"]["recovered"] == "yes")
print("\n".join(bad))
sys.exit(bool(bad))
PYTHON
fi

# refuse NAME WORDS EXPRESSION: insult.yaml changed by sed is refused with its place.
refuse() {
  sed -E "$3" insult.yaml >sweep.yaml
  cmp -s insult.yaml sweep.yaml && fail "$1: the expression changes nothing"
  "$IONSWEEP" run sweep.yaml -o out.nc >stdout 2>stderr
  [ $? = 2 ] || fail "$1: exit status is not 2"
  [ "$(wc -l <stderr)" = 1 ] || fail "$1: not one line: $(cat stderr)"
  grep -Eq "^sweep.yaml:[0-9]+:[0-9]+: .*$2" stderr || fail "$1: no '$2' in: $(cat stderr)"
  [ -e out.nc ] && fail "$1: wrote a file"
}
refuse "out of order" "in order of time" 's/at: 35 s/at: 9 s/'
refuse "twice at a time" "in order of time" 's/at: 35 s/at: 10 s/'
refuse "beyond the end" "'until' is 100 s" 's/at: 35 s/at: 135 s/'
refuse "a factor is set" "both varied and set" 's/energy_supply: factor/energy_supply: 0.1/'
refuse "no factor" "is no factor" 's/temperature: 37 degC/temperature: factor/'
refuse "what is put in changes" "put in at the start" 's/temperature: 37 degC/neuron.composition.K: 140 mM/'
refuse "rest changes" "cannot change in time" 's/temperature: 37 degC/neuron.rest.K: 140 mM/'
refuse "unknown parameter" "did you mean 'temperature'" 's/temperature: 37 degC/temperture: 37 degC/'
refuse "unit of a time" "wrong unit 'mM'" 's/until: 100 s/until: 100 mM/'
refuse "unit of a value" "wrong unit" 's/37 degC/37 mM/'
refuse "no time" "until" '/until:/d'
refuse "end before the start" "out of range" 's/until: 100 s/until: -1 s/'
refuse "unknown quantity" "did you mean 'neuron.V'" 's/neuron.V >/neuron.W >/'
refuse "quantity of a steady state" "unknown quantity 'class'" 's/neuron.V > -50 mV/class > 1/'
refuse "unit of a bound" "wrong unit 'mM'" 's/-50 mV/-50 mM/'
refuse "no bound" "a number is missing" 's/> -50 mV/>/'
refuse "no comparison" "must be like" 's/neuron.V > -50 mV/neuron.V = -50 mV/'
refuse "name of an event" "names no event" 's/drained:/dra.ined:/'
refuse "unknown end" "did you mean 'depolarised'" 's/ends_with: depolarised/ends_with: depolarized/'
refuse "unknown key" "schedule" 's/schedule:/shedule:/'
refuse "tolerance" "out of range" 's/until: 100 s/&\n  tolerance: 2/'
refuse "unknown output" "did you mean 'ecs.K'" 's/^model:/outputs: [max.ecs.KK]\n&/'
refuse "an output of steady states" "event.NAME.time" 's/^model:/outputs: [ecs.K]\n&/'

exit "$((failures > 0))"
