#!/bin/bash
# What slurm/rounds.sh reads in the log of a run: a round that finishes chunks is progress, of a plain study as of one
# that is solved in stages, and one that finishes none is not. Needs no Slurm.
# Needs IONSWEEP (the program) and IONSWEEP_SOURCE (the source).
set -u
# shellcheck source=tests/until_fixture.sh
source "$IONSWEEP_SOURCE/tests/until_fixture.sh"
# shellcheck source=slurm/rounds.sh
source "$IONSWEEP_SOURCE/slurm/rounds.sh"

# rounds FILE STOP OPTIONS: one round after another, each stopped by STOP, until it is done; the rounds that it took
rounds() {
  local file=$1 before after status=99 n=0
  while [ $status = 99 ] && [ $n -lt 50 ]; do
    before=$(progress "$file")
    # shellcheck disable=SC2086
    "$IONSWEEP" run study.yaml -o "$file" $2 "${@:3}" >"$file.out" 2>&1
    status=$?
    after=$(progress "$file")
    [ "$after" -gt "$before" ] || fail "$file: no progress from $before to $after in: $(tail -1 "$file.log")"
    case $status$(ended "$file") in
      99*'end: stopped by '* | 0*'end: done, '*) ;;
      *) fail "$file: status $status and $(ended "$file")" ;;
    esac
    n=$((n + 1))
  done
  [ $status = 0 ] || fail "$file: not done after $n rounds"
  [ $n -gt 3 ] || fail "$file: only $n rounds"
}

# stands FILE OPTIONS: a round that has no time finishes nothing
stands() {
  local before
  before=$(progress "$1")
  "$IONSWEEP" run study.yaml -o "$1" --stop-after 1e-9s "${@:2}" >"$1.out" 2>&1
  [ "$(progress "$1")" = "$before" ] || fail "$1: progress in: $(tail -1 "$1.log")"
}

[ "$(progress absent.nc)" = 0 ] || fail "progress of a file that is not there"

cat >study.yaml <<'YAML'
model: neuron_glia
outputs: [class]
design: {kind: grid, factors: {energy_supply: {from: 0.5, to: 1, count: 20}, temperature: {from: 30 degC, to: 40 degC, count: 20}}}
YAML
rounds plain.nc '--max-points 90'
"$IONSWEEP" run study.yaml -o plain.nc --restart --max-points 1 >plain.nc.out 2>&1
[ "$(progress plain.nc)" -lt $((2 * 4294967296)) ] || fail "--restart does not begin anew"

cat >study.yaml <<'YAML'
model: neuron_glia
outputs: [class]
design:
  {kind: boundary, start: 4, levels: 3, factors: {ecs.composition.K: {from: 2 mM, to: 90 mM}, energy_supply: {from: 0.05, to: 1}}}
YAML
rounds map.nc '--max-points 100'
rm -f map.nc*
for _ in 1 2 3; do "$IONSWEEP" run study.yaml -o map.nc --max-points 20 >map.nc.out 2>&1; done
stands map.nc

sweep 64 >study.yaml
grow_on=(--until 'T halfwidth < 1e-9' --max-points 1500)
"$IONSWEEP" run study.yaml -o grown.nc "${grow_on[@]}" >grown.nc.out 2>&1 || fail "--until: $(cat grown.nc.out)"
[ "$(progress grown.nc)" -gt $((3 * 4294967296)) ] || fail "three stages are no progress: $(progress grown.nc)"
stands grown.nc "${grow_on[@]}"

exit "$((failures > 0))"
