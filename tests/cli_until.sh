#!/bin/bash
# `run --until`: doubles a study until its indices are certain, and ends with the file of a direct run.
# Needs IONSWEEP (the program), IONSWEEP_SOURCE (the source), IONSWEEP_PYTHON and MPIEXEC (mpirun and its options).
set -u
# shellcheck source=tests/until_fixture.sh
source "$IONSWEEP_SOURCE/tests/until_fixture.sh"

# widest FILE TABLE [OUTPUT]: the largest half-width that `analyze` finds; the dummy comes last.
widest() {
  "$IONSWEEP" analyze "$1" -o analysed.nc --csv analysed.csv >analysed.txt 2>&1 || fail "analyze $1"
  awk -F, -v column="$2" -v output="${3:-}" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == column) at = i }
    NR > 1 && $2 != "dummy" && (output == "" || $1 == output) && $at > most { most = $at } END { print most }' analysed.csv
}

less() {
  awk -v a="$1" -v b="$2" 'BEGIN { exit !(a != "" && a < b) }'
}

sweep 64 >sweep.yaml
"$IONSWEEP" run sweep.yaml -o t64.nc >direct.log 2>&1 || fail "direct run of 64"
grow 1 t.nc --until 'T halfwidth < 0.02'
n=$(sed -n 's/^reached: .* holds at \([0-9]*\) samples.*/\1/p' t.nc.out)
[ -n "$n" ] || fail "nothing says where it ended: $(tail -2 t.nc.out)"
sweep "$n" >direct.yaml
"$IONSWEEP" run direct.yaml -o direct.nc >direct.log 2>&1 || fail "direct run"
cmp direct.nc t.nc || fail "the file is not that of a direct run of $n samples"
less "$(widest t.nc total_order_half_width)" 0.02 || fail "$n samples: T is not that certain"
sweep $((n / 2)) >half.yaml
"$IONSWEEP" run half.yaml -o half.nc >half.log 2>&1 || fail "direct run of half"
less "$(widest half.nc total_order_half_width)" 0.02 && fail "half of $n samples would have done"
[ "$(grep -c ^stage t.nc.out)" = "$(awk -v n="$n" 'BEGIN { print log(n / 64) / log(2) + 1 }')" ] ||
  fail "not a line a stage: $(grep ^stage t.nc.out)"
for left in next next.lock lock next.log tmp; do [ ! -e "t.nc.$left" ] || fail "t.nc.$left is left behind"; done

# Any ranks; taken up again where it is; a wider condition on one output ends earlier.
grow 3 ranks.nc --until 'T halfwidth < 0.02'
cmp direct.nc ranks.nc || fail "3 ranks make another file"
cp half.nc again.nc
grow 1 again.nc --until 'T halfwidth<0.02'
cmp direct.nc again.nc || fail "taken up again at half of the samples"
grep -q "^stage 1: $((n / 2)) samples" again.nc.out || fail "does not begin where the file is: $(grep ^stage again.nc.out)"
grow 1 again.nc --until 'T halfwidth < 0.02'
grep -q '(.* from an earlier run)' again.nc.out || fail "solves a finished study again"
cmp direct.nc again.nc || fail "a finished study was changed"
grow 1 s.nc --until ' S ( neuron.V , ecs* ) halfwidth < 0.2 '
less "$(widest s.nc first_order_half_width)" 0.2 || fail "S is not that certain"
grow 1 v.nc --until 'T(neuron.V) halfwidth < 0.02'
less "$(widest v.nc total_order_half_width neuron_V)" 0.02 || fail "T of neuron.V is not that certain"

# A budget that ends first: status 0, and it says so; the file is still that of a direct run.
grow 1 budget.nc --until 'T halfwidth < 1e-6' --max-points 1500
grep -q "^not reached: .* at 256 samples.*--max-points" budget.nc.out || fail "budget: $(tail -2 budget.nc.out)"
sweep 256 >direct.yaml
"$IONSWEEP" run direct.yaml -o direct256.nc >direct.log 2>&1 || fail "direct run of 256"
cmp direct256.nc budget.nc || fail "budget: not the file of 256 samples"
grow 1 extended.nc --until 'T halfwidth < 1e-6' --max-points 1500 --extend t64.nc
cmp direct256.nc extended.nc || fail "--until from a file to extend"

# Stopped by a time that is up before the first stage is done, and taken up again.
"$IONSWEEP" run sweep.yaml -o late.nc --until 'T halfwidth < 1e-6' --max-points 1500 --stop-after 1e-9s >late.out 2>&1
status=$?
[ "$status" = 99 ] || fail "--stop-after: exit status $status: $(tail -2 late.out)"
grow 1 late.nc --until 'T halfwidth < 1e-6' --max-points 1500 --stop-after 2h
cmp direct256.nc late.nc || fail "--until after --stop-after: not the file of 256 samples"

# Where all points fail there are no indices, now or later: exit status 1, and one line that says so.
printf 'solve: function\nmodel: ishigami_corner\ndesign: {kind: saltelli, samples: 64, factors: {x1: {uniform: [2, 3]}, x3: {uniform: [2, 3]}}}\n' >corner.yaml
"$IONSWEEP" run corner.yaml -o corner.nc --until 'T halfwidth < 0.1' >corner.out 2>corner.err
status=$?
[ "$status" = 1 ] || fail "all points fail: exit status $status"
grep -q "^not reached: none of the outputs .* varies .* of 64 samples" corner.out || fail "all points fail: $(cat corner.out)"
grep -q "until.c" corner.err && fail "all points fail: $(cat corner.err)"
"$IONSWEEP" verify corner.nc >verify.out || fail "all points fail: $(cat verify.out)"

# refuse WORD OPTIONS: exit status 2, one line with WORD, no file.
sweep 64 >sweep.yaml
refuse() {
  "$IONSWEEP" run "${sweep:-sweep.yaml}" -o new.nc "${@:2}" >refuse.out 2>refuse.err
  local status=$?
  [ "$status" = 2 ] || fail "${*:2}: exit status $status"
  [ "$(wc -l <refuse.err)" = 1 ] || fail "${*:2}: not one line: $(cat refuse.err)"
  grep -q -- "$1" refuse.err || fail "${*:2}: no '$1' in $(cat refuse.err)"
  [ ! -e new.nc ] || fail "${*:2}: leaves a file"
}
for bad in T 'T < 0.1' 'T halfwidth' 'T halfwidth < ' 'T halfwidth < 0' 'T halfwidth < nan' 'T halfwidth > 1' 'U halfwidth < 1' \
  'T() halfwidth < 1' 'T(neuron.V halfwidth < 1' 'T halfwidth < 0.1x' ''; do
  refuse "wants 'T halfwidth < 0.02'" --until "$bad"
done
refuse "did you mean 'neuron_V'" --until 'T(neuron.U) halfwidth < 1'
refuse "no output 'class' with numbers" --until 'T(ecs.K,class) halfwidth < 1'
refuse "320 points to begin with" --until 'T halfwidth < 1' --max-points 319
refuse "wants a number of points" --until 'T halfwidth < 1' --max-points many
refuse "without --part and --take" --until 'T halfwidth < 1' --part 1/2
sed 's/^outputs.*/outputs: [class]/' sweep.yaml >words.yaml
sweep=words.yaml refuse "no output '\*' with numbers in it" --until 'T halfwidth < 1'
sed 's/saltelli/sobol/' sweep.yaml >sobol.yaml
sweep=sobol.yaml refuse "not of a 'sobol'" --until 'T halfwidth < 1'
sed 's/0.8, 1/0.7, 1/' sweep.yaml >other.yaml
cp v.nc new.nc.kept
"$IONSWEEP" run other.yaml -o v.nc --until 'T halfwidth < 1' >refuse.out 2>refuse.err
status=$?
grep -q 'another study.*0.8, 1.*0.7, 1' refuse.err || status=$(cat refuse.err)
[ "$status" = 2 ] || fail "another study: $status"
cmp v.nc new.nc.kept || fail "the file of another study was changed"

# What lies where the next stage belongs is named, and no advice would cost the file that it is beside.
cp half.nc beside.nc
"$IONSWEEP" run other.yaml -o beside.nc.next >refuse.out 2>&1 || fail "run other.yaml"
"$IONSWEEP" run sweep.yaml -o beside.nc --until 'T halfwidth < 1e-9' --max-points 1e5 >refuse.out 2>refuse.err
status=$?
if [ "$status" != 2 ] || ! grep -q '^beside.nc.next, .*; remove it$' refuse.err || grep -q restart refuse.err; then
  fail "another study beside it: exit status $status, $(cat refuse.err)"
fi
cmp -s half.nc beside.nc || fail "the stage that was there was changed"

exit "$((failures > 0))"
