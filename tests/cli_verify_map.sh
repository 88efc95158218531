#!/bin/bash
# verify --resolve of a boundary map, finished or not: nodes that were not needed are not solved, all others are what
# solving them gives; an unfinished map is sound.
# Needs IONSWEEP and IONSWEEP_SOURCE.
set -u
# shellcheck source=tests/cli_fixture.sh
source "$IONSWEEP_SOURCE/tests/cli_fixture.sh"

# verify FILE WORD...: 0 differ, and words in what is said
verify() {
  "$IONSWEEP" verify "$1" --resolve 2000 >out 2>&1 || fail "$1: exit status $?: $(cat out)"
  for word in "${@:2}" ': 0 differ$' '^  sound$'; do grep -q -- "$word" out || fail "$1: no '$word' in: $(cat out)"; done
}

# solved_again: how many of the points drawn
solved_again() {
  sed -n 's/.*drawn (seed 0) \([0-9]*\) were solved again.*/\1/p' out
}

cat >study.yaml <<'YAML'
model: neuron_glia
outputs: [state, class]
design:
  kind: boundary
  start: 4
  levels: 3
  probes: 20
  factors: {ecs.composition.K: {from: 2 mM, to: 90 mM}, energy_supply: {from: 0.05, to: 1}}
YAML

"$IONSWEEP" run study.yaml -o half.nc --max-points 60 >run.out 2>&1
[ $? = 99 ] || fail "--max-points: $(tail -1 run.out)"
verify half.nc ' in part, .*pending, 0 damaged'
[ "$(solved_again)" -gt 0 ] || fail "no point of an unfinished map was solved again"
"$IONSWEEP" run study.yaml -o half.nc >run.out 2>&1 || fail "an unfinished map: $(tail -1 run.out)"
"$IONSWEEP" run study.yaml -o whole.nc >run.out 2>&1 || fail "a map: $(tail -1 run.out)"
cmp whole.nc half.nc || fail "verify changed an unfinished map"

# Of 1089 nodes 2000 draws miss few: those solved again are the share of those that were needed.
verify whole.nc 'not_needed [1-9]'
needed=$(sed -n 's/.* ok \([0-9]*\) not_needed.*/\1/p' out)
expected=$((2000 * needed / 1089))
[ "$(solved_again)" -lt $((expected + 100)) ] || fail "solves $(solved_again) of 2000 nodes, $needed of 1089 were needed"
[ "$(solved_again)" -gt $((expected - 100)) ] || fail "solves $(solved_again) of 2000 nodes, $needed of 1089 were needed"

exit "$((failures > 0))"
