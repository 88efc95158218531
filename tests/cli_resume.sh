#!/bin/bash
# The same file, byte for byte, from any number of ranks and after any interruption.
# Needs IONSWEEP (the program), IONSWEEP_SOURCE (the source) and MPIEXEC (mpirun and its options).
set -u
# shellcheck source=tests/cli_fixture.sh
source "$IONSWEEP_SOURCE/tests/cli_fixture.sh"
# shellcheck source=tests/job_fixture.sh
source "$IONSWEEP_SOURCE/tests/job_fixture.sh"

cat >study.yaml <<'YAML'
model: neuron_glia
design:
  kind: grid
  factors:
    energy_supply: {from: 0.05, to: 1, count: 40}
    temperature: {from: 25 degC, to: 42 degC, count: 25}
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

# A layout, comments or an order of keys that differ are the same study; a value is not.
sed 's/^model:/# a comment\nmodel: /' study.yaml >same.yaml
"$IONSWEEP" run same.yaml -o one.nc >/dev/null 2>same.err || fail "the same study: $(cat same.err)"
"$IONSWEEP" run study.yaml -o one.nc --set neuron.gaba_cl.permeability=1e-4 >/dev/null 2>&1
[ $? = 2 ] || fail "another value is not seen as another study"
cmp one.nc ranks2.nc || fail "a run of a finished study changed its file"

# SIGTERM to the program itself: it stops by request. A study that ends before the signal comes is
# too small to be stopped on this machine; a larger one is taken.
for count in 60 600 6000; do
  sed "s/count: 40/count: 400/; s/count: 25/count: $count/" study.yaml >large.yaml
  rm -f term.nc*
  "$IONSWEEP" run large.yaml -o term.nc >term.out 2>term.err &
  pid=$!
  wait_for_run term.nc
  kill -TERM $pid
  wait $pid
  status=$?
  [ "$status" = 0 ] || break
done
mv large.yaml study.yaml
[ "$status" = 99 ] || fail "SIGTERM: exit status $status, $(head -3 term.err)"
grep -q 'run the same command again' term.out || fail "SIGTERM: nothing says how to go on"
run 3 term.nc || fail "resume after SIGTERM: exit status $?"
run 3 whole.nc || fail "whole: exit status $?"
cmp whole.nc term.nc || fail "SIGTERM and a resume give another file"

# The summary of a finished study, read back whole, is that of the run that solved it.
ranges() {
  sed -n '/smallest and largest/,/closure residual/p' "$1"
}
"$IONSWEEP" run study.yaml -o whole.nc >again.out 2>again.err || fail "a finished study is not read"
[ -n "$(ranges whole.nc.out)" ] || fail "the summary has no ranges"
cmp <(ranges whole.nc.out) <(ranges again.out) || fail "ranges of points read back differ"
cmp <(ranges whole.nc.out) <(ranges term.nc.out) || fail "ranges of a resumed run differ"

# kill -9 of the whole job at random moments, each followed by another rank count; first where every
# chunk is saved at once, then as by default, where a kill costs the chunks since the last sync.
RANDOM=${ION_SEED:-$$}
echo "seed of the kills: ${ION_SEED:-$$}"
for durable in "chunk" "interval --interval 0.3" "interval"; do
  rm -f killed.nc*
  runs=0
  for n in 2 5 1; do
    runs=$((runs + 1))
    # shellcheck disable=SC2086
    setsid $MPIEXEC -n "$n" "$IONSWEEP" run study.yaml -o killed.nc --durable $durable \
      >killed.out 2>&1 &
    pid=$!
    wait_for_run killed.nc $runs
    sleep "0.$((RANDOM % 9))"
    kill_job "$pid"
  done
  run 3 killed.nc || fail "resume after kill -9 ($durable): exit status $?, $(head -3 killed.nc.err)"
  cmp whole.nc killed.nc || fail "kill -9 and a resume give another file ($durable)"
  cmp <(ranges whole.nc.out) <(ranges killed.nc.out) || fail "ranges after kill -9 differ ($durable)"
done

exit "$((failures > 0))"
