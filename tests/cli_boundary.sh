#!/bin/bash
# Boundary maps: the classes of the full grid, the same file from any number of ranks and when taken up again, and one
# clear line for every design that cannot be.
# Needs IONSWEEP (the program), IONSWEEP_SOURCE (the source) and MPIEXEC (mpirun and its options).
set -u
# shellcheck source=tests/cli_fixture.sh
source "$IONSWEEP_SOURCE/tests/cli_fixture.sh"
export PYTHONDONTWRITEBYTECODE=1
python="${IONSWEEP_PYTHON:-python3}"

# sweep DESIGN [OUTPUTS]
sweep() {
  printf 'model: neuron_glia\ndesign: %s\noutputs: %s\n' "$1" "${2:-[state, ledger.total, class]}"
}

factors='factors: {ecs.composition.K: {from: 2 mM, to: 90 mM}, energy_supply: {from: 0.05, to: 1}}'
sweep "{kind: boundary, start: 4, levels: 3, probes: 20, seed: 3, $factors}" >study.yaml
sweep "{kind: grid, $factors}" | sed 's/, to: \([^}]*\)}/, to: \1, count: 33}/g' >full.yaml

# run RANKS FILE [OPTION]...
run() {
  # shellcheck disable=SC2086
  $MPIEXEC -n "$1" "$IONSWEEP" run study.yaml -o "$2" "${@:3}" >"$2.out" 2>"$2.err"
}

run 1 one.nc || fail "1 rank: exit status $?, $(head -3 one.nc.err)"
for n in 2 3; do
  run "$n" "ranks$n.nc" || fail "$n ranks: exit status $?, $(head -3 "ranks$n.nc.err")"
  cmp one.nc "ranks$n.nc" || fail "$n ranks give another file"
done
grep -q 'level 3 of 3' one.nc.err || fail "progress does not say which level"
grep -q 'nodes solved, .* of the grid' one.nc.out || fail "the summary does not say how many nodes were solved"
grep -q 'cell of 1/4 may be missed' one.nc.out || fail "the summary does not state the start resolution"

# The summary of a finished map, read back whole, is that of the run that solved it.
ranges() {
  sed -n '/^  class/,/closure residual/p' "$1"
}
cp one.nc before.nc
run 2 one.nc || fail "a finished map is not read: exit status $?"
cmp one.nc before.nc || fail "a run of a finished map changed its file"
grep -q '(1089 from an earlier run)' one.nc.out || fail "a finished map was solved again"
cmp <(ranges ranks2.nc.out) <(ranges one.nc.out) || fail "ranges of nodes read back differ"

# Against every node of the full grid: same classes, same numbers where solved, nothing but the class elsewhere.
"$IONSWEEP" run full.yaml -o full.nc >full.out 2>&1 || fail "the full grid: $(tail -1 full.out)"
if "$python" -c "import netCDF4, numpy" 2>/dev/null; then
  "$python" - <<'PYTHON' || failures=$((failures + 1))
import netCDF4
import numpy as np

with netCDF4.Dataset("ranks3.nc") as a, netCDF4.Dataset("full.nc") as b:
    a.set_auto_mask(False)
    b.set_auto_mask(False)
    status = a["status"][...]
    solved = status != 7
    wrong = a["class"][...] != b["class"][...]
    bad = []
    if set(np.unique(status)) != {1, 7}:
        bad.append(f"status is one of {np.unique(status)}")
    if not 0.05 < solved.mean() < 0.3:
        bad.append(f"{solved.mean():.3f} of the grid solved")
    if (wrong & solved).any() or wrong.mean() > 1e-3:
        bad.append(f"{wrong.sum()} classes differ, {(wrong & solved).sum()} of them at solved nodes")
    for name, v in a.variables.items():
        if v.dimensions == a["status"].dimensions and name not in ("status", "class"):
            if not np.array_equal(v[...][solved], b[name][...][solved]):
                bad.append(f"{name} differs")
            if not np.isnan(v[...][~solved]).all():
                bad.append(f"{name} has data where nothing was solved")
    if "not_needed" not in a["class"].comment or "from 4 cells" not in a.summary:
        bad.append("the file does not say what it is")
    for line in bad:
        print("FAIL", line)
    raise SystemExit(bool(bad))
PYTHON
fi

# A chunk that is torn is solved again, whichever level its nodes were of.
cp ranks2.nc torn.nc
size=$(stat -c %s torn.nc)
for share in 40 60 80; do
  printf 'torn torn torn' | dd of=torn.nc bs=1 seek=$((size * share / 100)) conv=notrunc 2>/dev/null
done
cmp -s torn.nc ranks2.nc && fail "nothing was torn"
run 2 torn.nc || fail "resume of a torn file: exit status $?"
cmp torn.nc ranks2.nc || fail "torn chunks are not made good"

# plan says what it starts from; three factors run.
"$IONSWEEP" plan study.yaml >plan.out 2>&1 || fail "plan: $(tail -1 plan.out)"
grep -q '4 cells a factor, halved up to 3 times' plan.out || fail "plan does not state the start resolution"
grep -q 'at least 25 nodes' plan.out || fail "plan does not say how many nodes are solved at least"
"$IONSWEEP" list designs | grep -q '^boundary' || fail "list designs lacks boundary"
sweep "{kind: boundary, start: 3, levels: 2, probes: 0, ${factors%\}}, temperature: {from: 30 degC, to: 40 degC}}}" \
  >study.yaml
run 2 three.nc || fail "three factors: exit status $?, $(head -3 three.nc.err)"
grep -q '2197 of 2197 points' three.nc.out || fail "three factors have another number of nodes"

# refused DESIGN OUTPUTS TEXT
refused() {
  sweep "$1" "$2" >bad.yaml
  "$IONSWEEP" run bad.yaml -o bad.nc >bad.out 2>bad.err
  [ $? = 2 ] || fail "$3: not refused"
  [ "$(wc -l <bad.err)" = 1 ] || fail "$3: more than one line: $(cat bad.err)"
  grep -q "^bad.yaml:2:[0-9]*: .*$3" bad.err || fail "$3: it says $(cat bad.err)"
  [ -e bad.nc ] && fail "$3: a file was made"
}
a='energy_supply: {from: 0, to: 1}' b='temperature: {from: 300, to: 310}'
c='ecs.composition.K: {from: 1, to: 9}' d='neuron.nka.rate: {from: 1, to: 2}'
map='kind: boundary, start: 4, levels: 3'
refused "{$map, factors: {$a}}" '[class]' 'has 2 or 3 factors, not 1'
refused "{$map, factors: {$a, $b, $c, $d}}" '[class]' 'has 2 or 3 factors, not 4'
refused "{kind: boundary, start: 1, levels: 3, factors: {$a, $b}}" '[class]' "start must be .* from 2 .*, not '1'"
refused "{kind: boundary, start: 4, levels: 0, factors: {$a, $b}}" '[class]' "levels must be .* from 1 to 20, not '0'"
refused "{kind: boundary, start: 4, levels: 21, factors: {$a, $b}}" '[class]' "levels must be .* not '21'"
refused "{kind: boundary, start: 16, levels: 9, factors: {$a, $b}}" '[class]' 'more than 2^26'
refused "{kind: boundary, start: 16, levels: 5, factors: {$a, $b, $c}}" '[class]' 'more than 2^26'
refused "{kind: boundary, levels: 3, factors: {$a, $b}}" '[class]' "needs the key 'start'"
refused "{$map, of: clas, factors: {$a, $b}}" '[class]' "'clas': no output of this sweep; .*: class"
refused "{$map, factors: {$a, $b}}" '[state]' "'class': no output of this sweep"
refused "{$map, of: ecs.K, factors: {$a, $b}}" '[state, class]' "'ecs.K': a number; .*: class"
refused "{$map, probes: -1, factors: {$a, $b}}" '[class]' "probes must be .* not '-1'"
refused "{$map, factors: {$a, temperature: {from: 300, to: 300}}}" '[class]' 'leaves nothing to map'
refused "{$map, factors: {$a, temperature: {from: 300, to: 310, count: 3}}}" '[class]' "unknown key 'count'"

exit "$((failures > 0))"
