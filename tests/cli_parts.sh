#!/bin/bash
# Parts of a study, each solved into a file of its own, make the file of one run, byte for byte.
# Needs IONSWEEP (the program), IONSWEEP_SOURCE and MPIEXEC (mpirun and its options).
set -u
# shellcheck source=tests/cli_fixture.sh
source "$IONSWEEP_SOURCE/tests/cli_fixture.sh"

# 33 chunks of 64 points but for the last, which has 32: no number of parts below divides them.
cat >study.yaml <<'YAML'
model: neuron_glia
outputs: [state, class]
design:
  kind: grid
  factors:
    energy_supply: {from: 0.05, to: 1, count: 40}
    temperature: {from: 25 degC, to: 42 degC, count: 52}
YAML

# run RANKS FILE OPTIONS
run() {
  local n=$1 file=$2
  shift 2
  # shellcheck disable=SC2086
  $MPIEXEC -n "$n" "$IONSWEEP" run study.yaml -o "$file" "$@" >"$file.out" 2>"$file.err" ||
    fail "$file: exit status $?, $(head -3 "$file.err")"
}

# points FILE: "SOLVED of ALL" as the summary says.
points() {
  sed -n 's/^  \([0-9]* of [0-9]*\) points.*/\1/p' "$1.out"
}

run 3 whole.nc
for i in 1 2 3; do run "$i" "part-$i.nc" --part "$i/3"; done
[ "$(points part-1.nc)" = "704 of 2080" ] || fail "part 1 has $(points part-1.nc) points"
[ "$(points part-3.nc)" = "672 of 2080" ] || fail "part 3 has $(points part-3.nc) points"
cmp -s part-1.nc whole.nc && fail "a part is the whole study"

# Merged, whatever the order and the ranks: nothing is solved again.
run 1 merged.nc --take part-3.nc --take part-1.nc --take part-2.nc
cmp whole.nc merged.nc || fail "the parts merged are not the file of one run"
grep -q '2080 of 2080 points (2080 ' merged.nc.out || fail "merging solves: $(points merged.nc)"
run 3 merged3.nc --take part-1.nc --take part-2.nc --take part-3.nc
cmp whole.nc merged3.nc || fail "the parts merged by three ranks are not the file of one run"

# What no part has is solved; what a part has wrong is solved again.
run 2 rest.nc --take part-2.nc
cmp whole.nc rest.nc || fail "a part and the rest are not the file of one run"
cp part-1.nc damaged.nc
size=$(stat -c %s damaged.nc)
printf '\125' | dd of=damaged.nc bs=1 seek=$((size - 600)) conv=notrunc status=none
cmp -s part-1.nc damaged.nc && fail "the byte to damage was like that before"
run 2 mended.nc --take damaged.nc
cmp whole.nc mended.nc || fail "a damaged part is believed"

# Parts beyond the last chunk are empty files of the study.
run 2 empty.nc --part 50/50
run 1 from_empty.nc --take empty.nc
cmp whole.nc from_empty.nc || fail "an empty part is not like a file that was never begun"

# refuse WORD FILE OPTIONS: exit status 2, one line with WORD, no FILE.
refuse() {
  local word=$1 file=$2
  shift 2
  "$IONSWEEP" run study.yaml -o "$file" "$@" >refuse.out 2>refuse.err
  [ $? = 2 ] || fail "$*: not refused"
  [ "$(wc -l <refuse.err)" = 1 ] || fail "$*: not one line: $(cat refuse.err)"
  grep -q -- "$word" refuse.err || fail "$*: no '$word' in $(cat refuse.err)"
}

for part in 0/3 4/3 3 1/ /3 1/3x -1/3 1/-1; do refuse '--part wants I/N' new.nc --part=$part; done
head -c 3000 part-1.nc >torn.nc
cp study.yaml text.nc
refuse 'no such file' new.nc --take absent.nc
refuse 'torn' new.nc --take torn.nc
refuse 'not a NetCDF' new.nc --take text.nc
refuse 'another study' new.nc --take part-1.nc --set neuron.gaba_cl.permeability=1e-4
refuse 'the output itself' part-1.nc --restart --take ./part-1.nc
[ -e new.nc ] && fail "a refused run left a file"
cmp -s part-1.nc damaged.nc && fail "unexpected" # part-1.nc is still the sound one
run 1 after.nc --take part-1.nc
grep -q '2080 of 2080 points (704 ' after.nc.out || fail "a refused run touched the part it named"

exit "$((failures > 0))"
