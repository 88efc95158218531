#!/bin/bash
# A study that grows from N to 2N samples makes the file of 2N at once, byte for byte.
# Needs IONSWEEP (the program), IONSWEEP_SOURCE (the source) and MPIEXEC (mpirun and its options).
set -u
# shellcheck source=tests/extend_fixture.sh
source "$IONSWEEP_SOURCE/tests/extend_fixture.sh"

# read_points FILE: how many the summary says were not solved.
read_points() {
  sed -n 's/^  [0-9]* of [0-9]* points (\([0-9]*\) from.*/\1/p' "$1.out"
}

# 800 points in chunks of 64 against 1600: the last chunk of the smaller file ends inside one of the larger.
# 6400 against 12800: chunks of another length.
for n in 200 1600; do
  sweep $n >small.yaml
  sweep $((2 * n)) >large.yaml
  rm -f small.nc large.nc
  run 1 small.yaml small.nc
  run 1 large.yaml large.nc
  for ranks in $([ $n = 200 ] && echo 1 3 8 || echo 1); do
    rm -f grown.nc
    run $ranks large.yaml grown.nc --extend small.nc
    cmp large.nc grown.nc || fail "$n samples doubled on $ranks ranks are not those of $((2 * n)) at once"
    [ "$(read_points grown.nc)" = $((4 * n)) ] || fail "$n samples: $(read_points grown.nc) points taken over"
  done
done
[ "$("${IONSWEEP_PYTHON:-python3}" -c 'import netCDF4 as n
print(n.Dataset("small.nc").chunk_size, n.Dataset("large.nc").chunk_size)' 2>/dev/null)" = "64 128" ] ||
  echo "chunks of both files were not compared"

# By any factor, and from a smaller file that is unfinished or damaged: what it lacks is solved.
sweep 400 >quarter.yaml
run 1 quarter.yaml quarter.nc
run 1 large.yaml from_quarter.nc --extend quarter.nc
cmp large.nc from_quarter.nc || fail "400 samples grown to 3200 are not those of 3200 at once"
run 1 small.yaml part.nc --part 2/3
run 2 large.yaml from_part.nc --extend part.nc
cmp large.nc from_part.nc || fail "a part of the smaller study, grown, is not the study"
got=$(read_points from_part.nc)
if [ "$got" -lt 2000 ] || [ "$got" -gt 2300 ]; then
  fail "$got points taken over from a third of 6400"
fi
cp small.nc damaged.nc
printf '\125' | dd of=damaged.nc bs=1 seek=$(($(stat -c %s damaged.nc) - 600)) conv=notrunc status=none
run 1 large.yaml mended.nc --extend damaged.nc
cmp large.nc mended.nc || fail "a damaged chunk of the smaller study is believed"
run 1 large.yaml isolated.nc --extend damaged.nc --isolate
cmp large.nc isolated.nc || fail "points solved in child processes beside those taken over"
[ "$(read_points isolated.nc)" = 6336 ] || fail "isolated: $(read_points isolated.nc) points taken over"
[ "$(read_points mended.nc)" = 6336 ] || fail "$(read_points mended.nc) points taken over from 99 sound chunks"

# Other designs that grow, and the same by parts.
sed 's/kind: saltelli/kind: sobol/' small.yaml >sobol.yaml
sed 's/samples: 1600/samples: 3200/' sobol.yaml >sobol2.yaml
run 1 sobol.yaml sobol.nc
run 1 sobol2.yaml sobol2.nc
run 1 sobol2.yaml grown_sobol.nc --extend sobol.nc
cmp sobol2.nc grown_sobol.nc || fail "a sobol design grown"
sed 's/kind: saltelli/kind: morris/; s/samples: 1600/trajectories: 300/' small.yaml >morris.yaml
sed 's/trajectories: 300/trajectories: 700/' morris.yaml >morris2.yaml
run 1 morris.yaml morris.nc
run 1 morris2.yaml morris2.nc
run 1 morris2.yaml grown_morris.nc --extend morris.nc
cmp morris2.nc grown_morris.nc || fail "a morris design grown"
for i in 1 2; do run 1 large.yaml "part$i.nc" --part "$i/2" --extend small.nc; done
run 1 large.yaml joined.nc --take part1.nc --take part2.nc
cmp large.nc joined.nc || fail "parts that extend, taken together"

# refuse WORD SWEEP FILE OPTIONS: exit status 2, one line with WORD, no FILE.
refuse() {
  "$IONSWEEP" run "$2" -o "$3" "${@:4}" >refuse.out 2>all.err
  local status=$?
  grep -v ^warning: all.err >refuse.err
  [ "$status" = 2 ] || fail "${*:4}: exit status $status"
  [ "$(wc -l <refuse.err)" = 1 ] || fail "${*:4}: not one line: $(cat refuse.err)"
  grep -q -- "$1" refuse.err || fail "${*:4}: no '$1' in $(cat refuse.err)"
  [ ! -e new.nc ] || fail "${*:4}: leaves a file"
  rm -f new.nc
}

cp small.nc kept.nc
sed 's/3200/6400/' sobol2.yaml >sobol4.yaml
refuse 'no such file' large.yaml new.nc --extend absent.nc
refuse 'is not a result file' large.yaml new.nc --extend large.yaml
refuse 'it has 12800 points, this study 6400' small.yaml new.nc --extend large.nc
refuse 'the output itself' small.yaml small.nc --extend ./small.nc
refuse 'line 4 is "  kind: saltelli" there and "  kind: sobol" here' sobol4.yaml new.nc --extend small.nc
sed 's/36.9 degC/36.8 degC/' large.yaml >other.yaml
refuse 'line 8 is .*36.9 degC.* there and .*36.8 degC.* here' other.yaml new.nc --extend small.nc
refuse 'other --set values' large.yaml new.nc --extend small.nc --set neuron.gaba_cl.permeability=1e-4
sed 's/kind: saltelli/kind: saltelli\n  seed: 2/' large.yaml >seed.yaml
refuse 'line 5 is .* there and "  seed: 2" here' seed.yaml new.nc --extend small.nc
sed 's/saltelli/latin_hypercube/' large.yaml >latin.yaml
refuse "'latin_hypercube' does not grow" latin.yaml new.nc --extend small.nc
sed 's/3200/3200\n  replicates: 5/' large.yaml >uneven.yaml
refuse 'another study' uneven.yaml new.nc --extend sobol.nc
sed 's/, class\]/]/' large.yaml >fewer.yaml
refuse 'line 2 is' fewer.yaml new.nc --extend small.nc
head -c 3000 small.nc >torn.nc
refuse '' large.yaml new.nc --extend torn.nc
cmp -s small.nc kept.nc || fail "a refused run touched the file it named"

exit "$((failures > 0))"
