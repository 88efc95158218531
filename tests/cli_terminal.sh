#!/bin/bash
# What a person at a terminal sees: one line, rewritten in place, never wider than the terminal, also
# where mpirun stands between.
# Needs IONSWEEP (the program), IONSWEEP_SOURCE, IONSWEEP_FAULTY (tests/faulty_points.c) and MPIEXEC (mpirun and its options).
set -u
# shellcheck source=tests/cli_fixture.sh
source "$IONSWEEP_SOURCE/tests/cli_fixture.sh"

command -v script >/dev/null || {
  echo "no program 'script' to stand in for a terminal: skipped"
  exit 77
}
script -qec true /dev/null </dev/null >/dev/null 2>&1 || {
  echo "no pseudo-terminal to be had here: skipped"
  exit 77
}

cat >study.yaml <<'YAML'
model: neuron_glia
outputs: [neuron.V, class]
design:
  kind: grid
  factors:
    energy_supply: {from: 0.05, to: 1, count: 300}
    temperature: {from: 25 degC, to: 42 degC, count: 100}
YAML

# look COLUMNS COMMAND: run it on a terminal; what it rewrote goes to `lines`, one a line.
look() {
  script -qec "stty cols $1; $2" typescript </dev/null >/dev/null || fail "$2: exit status $?"
  tr '\r' '\n' <typescript | grep -a $'\033\[K' | sed $'s/\033\\[K.*//' >lines
}

# Points that keep a fast machine busy until a line is due, twice.
export FAULTY_POINTS="0:slow 15000:slow"
for command in "$IONSWEEP_FAULTY" "$MPIEXEC -n 2 $IONSWEEP_FAULTY"; do
  rm -f a.nc
  look 60 "$command run study.yaml -o a.nc"
  [ "$(wc -l <lines)" -gt 1 ] || fail "$command: no line is rewritten"
  # the last one stays on the screen and may be long
  awk 'length > 59' <(sed '$d' lines) | grep . && fail "$command: a line is wider than the terminal"
  grep -q ' points/s  ETA ' lines || fail "$command: no rate, no time to go"
  tail -1 lines | grep -q '^done: 100.0 %  30000/30000 points' || fail "$command: no end"
done

# Into a file go plain lines.
rm -f a.nc
"$IONSWEEP" run study.yaml -o a.nc 2>plain >/dev/null
grep -q $'[\r\033]' plain && fail "a log has control characters"
tail -1 plain | grep -q '^done: 100.0 %' || fail "a log has no end"

exit "$((failures > 0))"
