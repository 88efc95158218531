#!/bin/bash
# A study of thresholds: the same file, byte for byte, from any number of ranks and after any interruption; what its
# summary counts is what its file holds; a point of it on screen.
# Needs IONSWEEP (the program), IONSWEEP_SOURCE (the source) and MPIEXEC (mpirun and its options).
set -u
# shellcheck source=tests/cli_fixture.sh
source "$IONSWEEP_SOURCE/tests/cli_fixture.sh"
python="${IONSWEEP_PYTHON:-python3}"

# All kinds there are: folds and Hopf points, and no healthy state where the leak is large.
cat >study.yaml <<'YAML'
model: neuron_glia
solve: threshold
threshold: {parameter: energy_supply, from: 1, to: 0}
design:
  kind: grid
  factors:
    neuron.leak_na.permeability: {from: 0.8e-3 pL/s, to: 6e-3 pL/s, count: 7}
    temperature: {from: 25 degC, to: 42 degC, count: 6}
outputs: [threshold, recovery, threshold.gradient]
YAML

# run RANKS FILE
run() {
  # shellcheck disable=SC2086
  $MPIEXEC -n "$1" "$IONSWEEP" run study.yaml -o "$2" --durable chunk >"$2.out" 2>"$2.err"
}

run 1 one.nc || fail "1 rank: exit status $?, $(head -3 one.nc.err)"
for n in 2 3 5; do
  run "$n" "ranks$n.nc" || fail "$n ranks: exit status $?, $(head -3 "ranks$n.nc.err")"
  cmp one.nc "ranks$n.nc" || fail "$n ranks give another file"
done

# The summary, without the times.
summary() {
  sed -n '/threshold.kind/,/^  time:/p' "$1" | grep -v '^  time:'
}
[ -n "$(summary one.nc.out)" ] || fail "the summary has no kinds"
cmp <(summary one.nc.out) <(summary ranks3.nc.out) || fail "the summary depends on the rank count"
grep -q 'second law' one.nc.out && fail "the summary speaks of an audit that was not made"
grep -q '^  second law: holds' <("$IONSWEEP" run <(sed '/^solve\|^threshold\|^outputs/d' study.yaml) -o steady.nc 2>&1) ||
  fail "the summary of steady states lacks their audit"
grep -q 'failed 0$' one.nc.err || fail "points failed: $(tail -1 one.nc.err)"

# A point on screen, and the same in the file.
"$IONSWEEP" point study.yaml --index 10 --json >point.json || fail "point --index: exit status $?"
"$IONSWEEP" point study.yaml --index 10 >point.txt || fail "a point on screen: exit status $?"
grep -Eq 'threshold.kind +(fold|hopf)' point.txt || fail "a point on screen does not say its kind"

if "$python" -c 'import netCDF4, numpy' 2>/dev/null; then
  "$python" - <<'PYTHON' || failures=$((failures + 1))
import json, sys
import netCDF4
import numpy as np

bad = []
def check(what, holds):
    if not np.all(holds):
        bad.append(f"not so: {what}")

file = netCDF4.Dataset("one.nc")
text = open("one.nc.out").read()
lost = file["threshold_energy_supply"][...].filled(np.nan)
for name in ("threshold.kind", "recovery.kind"):
    variable = file[name.replace(".", "_")]
    section = text.split(name + " ")[1].split("\n\n")[0].split("\n")[1:]
    printed = {line.split()[0]: int(line.split()[1]) for line in section}
    words = variable.flag_meanings.split()
    held = {w: int((variable[...] == k).sum()) for k, w in enumerate(words) if (variable[...] == k).any()}
    check(f"{name}: counts {printed} are those of the file, {held}", printed == held)
words = file["threshold_kind"].flag_meanings.split()
kind = np.array(words)[file["threshold_kind"][...].filled(0)]
check("every word is met", [(kind == w).any() for w in ("fold", "hopf", "absent")])
check("a value where something is lost, and only there", np.isnan(lost) == np.isin(kind, ["none", "absent"]))
check("a leak raises the threshold", np.diff(lost, axis=0)[np.isfinite(np.diff(lost, axis=0))] > 0)
gradient = file["threshold_gradient_neuron_leak_na_permeability"][...].filled(np.nan)
check("its gradient says so", gradient[np.isfinite(gradient)] > 0)
point = json.load(open("point.json"))["values"]
check("the point on screen is that of the file", abs(point["threshold.energy_supply"] - lost.flat[10]) < 1e-15)
check("its kind too", point["threshold.kind"] == kind.flat[10])
print("\n".join(bad))
sys.exit(bool(bad))
PYTHON
fi

# A list of points: the file names all of its coordinates.
sed '/kind: grid/,$d' study.yaml >list.yaml
cat >>list.yaml <<'YAML'
  kind: points
  points:
    - {temperature: 310.15 K, neuron.spike_load.firing_rate: 0 Hz}
    - {temperature: 303.15 K, neuron.spike_load.firing_rate: 5 Hz}
YAML
"$IONSWEEP" run list.yaml -o list.nc >list.out 2>&1 || fail "a list of points: $(tail -1 list.out)"
ncdump -h list.nc | grep -q 'threshold_kind:coordinates = "temperature neuron_spike_load_firing_rate" ;' ||
  fail "the coordinates of a list are named $(ncdump -h list.nc | grep coordinates | head -1)"

# Wait until the file of a run is there, at most 20 s, and then for some of its chunks.
wait_for_start() {
  for _ in $(seq 1000); do
    [ -e "$1" ] && sleep 0.2 && return
    sleep 0.02
  done
}

# SIGTERM to the program, then another rank count. A study that ends before the signal comes is too small to be
# stopped on this machine; a larger one is taken.
cp study.yaml small.yaml
for count in 40 160 640; do
  sed "s/count: 6/count: $count/; s/6e-3/3e-3/; s/, threshold.gradient//" small.yaml >study.yaml
  rm -f term.nc*
  "$IONSWEEP" run study.yaml -o term.nc >term.out 2>term.err &
  pid=$!
  wait_for_start term.nc
  kill -TERM $pid
  wait $pid
  status=$?
  [ "$status" = 0 ] || break
done
[ "$status" = 99 ] || fail "SIGTERM: exit status $status, $(head -3 term.err)"
run 3 term.nc || fail "resume after SIGTERM: exit status $?"
grep -q 'from an earlier run' term.nc.out || fail "a resume after SIGTERM starts over"
run 2 whole.nc || fail "whole: exit status $?"
cmp whole.nc term.nc || fail "SIGTERM and a resume give another file"
cmp <(summary whole.nc.out) <(summary term.nc.out) || fail "the summary of a resumed run differs"

# kill -9 of all ranks, then another rank count.
# shellcheck disable=SC2086
setsid $MPIEXEC -n 3 "$IONSWEEP" run study.yaml -o killed.nc --durable chunk >killed.out 2>&1 &
pid=$!
wait_for_start killed.nc
for child in $(ps -o pid= --ppid "$pid"); do kill -9 "$child" 2>/dev/null; done
kill -9 "$pid" 2>/dev/null
wait "$pid" 2>/dev/null
run 2 killed.nc || fail "resume after kill -9: exit status $?, $(head -3 killed.nc.err)"
cmp whole.nc killed.nc || fail "kill -9 and a resume give another file"
cmp <(summary whole.nc.out) <(summary killed.nc.out) || fail "the summary after kill -9 differs"

exit "$((failures > 0))"
