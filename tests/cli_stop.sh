#!/bin/bash
# A run that is asked to stop (by a limit or a signal) exits with 99, keeps what it finished, says how
# to go on, and goes on to the same bytes.
# Needs IONSWEEP (the program), IONSWEEP_SOURCE (the source) and MPIEXEC (mpirun and its options).
set -u
# shellcheck source=tests/cli_fixture.sh
source "$IONSWEEP_SOURCE/tests/cli_fixture.sh"
# shellcheck source=tests/job_fixture.sh
source "$IONSWEEP_SOURCE/tests/job_fixture.sh"

# study COUNT FILE: COUNT x 40 points of a model, in chunks of 64 points or more
study() {
  printf 'model: neuron_glia\noutputs: [neuron.V, class]\ndesign: {kind: grid, factors: {%s, %s}}\n' \
    'temperature: {from: 25 degC, to: 42 degC, count: 40}' \
    "energy_supply: {from: 0.5, to: 1, count: $1}" >"$2"
}

# points FILE.out: how many points a run says it has, of which how many were there before
points() {
  sed -n 's/^  \([0-9]*\) of [0-9]* points.*/\1/p' "$1"
}
was_there() {
  sed -n 's/^ .* points (\([0-9]*\) from an earlier run)/\1/p' "$1"
}

study 100 study.yaml
chunk=$("$IONSWEEP" plan study.yaml | sed -n 's/.* chunks of \([0-9]*\) points.*/\1/p')
"$IONSWEEP" run study.yaml -o whole.nc >whole.out 2>&1 || fail "whole: exit status $?"

# go RANKS OPTIONS...: run the study into a.nc
go() {
  local ranks=$1
  shift
  # shellcheck disable=SC2086
  $MPIEXEC -n "$ranks" "$IONSWEEP" run study.yaml -o a.nc "$@" >a.out 2>a.err
}

# Twelve ranks ask for more chunks than 1000 points take before any is finished.
for ranks in 1 3 12; do
  rm -f a.nc
  go $ranks --max-points 1000
  [ $? = 99 ] || fail "--max-points, $ranks ranks: exit status is not 99: $(cat a.err)"
  if [ "$(points a.out)" -lt 1000 ] || [ "$(points a.out)" -ge $((1000 + chunk)) ]; then
    fail "--max-points, $ranks ranks: $(points a.out) points in chunks of $chunk"
  fi
  [ "$(grep -c 'run the same command again' a.out)" = 1 ] || fail "nothing says how to go on"
  grep -q 'stopped by its limit of points' a.nc.log || fail "the log has no reason"
  before=$(points a.out)
  go $ranks --max-points=1000
  [ $? = 99 ] || fail "--max-points again: exit status is not 99"
  [ "$(was_there a.out)" = "$before" ] || fail "$before points were finished, $(was_there a.out) read"
  [ "$(points a.out)" -lt $((before + 1000 + chunk)) ] || fail "again, $ranks ranks: $(points a.out) points after $before"
  go $ranks --max-points 1000000 || fail "a limit beyond the end: exit status $?"
  cmp whole.nc a.nc || fail "--max-points and resumes give another file, $ranks ranks"
done

# A time limit that ends before the study on any machine: a large study, and no time at all.
rm -f a.nc
go 2 --stop-after 1e-5h
[ $? = 99 ] || fail "--stop-after: exit status is not 99: $(cat a.err)"
grep -q 'stopped by its time limit' a.nc.log || fail "the log does not name the time limit"
go 3 --stop-after '2 h' || fail "--stop-after 2 h: exit status $?"
cmp whole.nc a.nc || fail "--stop-after and a resume give another file"

for bad in '--stop-after soon' '--stop-after 2mM' '--stop-after -1s' '--stop-after 0' '--max-points 0' \
  '--max-points 1.5' '--max-points many'; do
  # shellcheck disable=SC2086
  "$IONSWEEP" run study.yaml -o b.nc $bad >out 2>err
  status=$?
  if [ "$status" != 2 ] || [ "$(wc -l <err)" != 1 ] || ! grep -q -- "${bad% *}" err; then
    fail "$bad: exit status $status: $(cat err)"
  fi
  [ -e b.nc ] && fail "$bad: wrote a file"
done

# A signal to each kind of rank: the program alone, the rank that deals, one that works; and SIGUSR1
# to mpirun, which hands it on. The study is one that no machine ends before the signal comes.
# stop SIGNAL WHO: run large.yaml on three ranks (`alone`: on one) and send the signal
stop() {
  local signal=$1 who=$2 rank pid target status=0
  rm -f b.nc*
  if [ "$who" = alone ]; then
    "$IONSWEEP" run large.yaml -o b.nc >b.out 2>b.err &
  else
    # shellcheck disable=SC2086
    $MPIEXEC -n 3 "$IONSWEEP" run large.yaml -o b.nc >b.out 2>b.err &
  fi
  pid=$!
  for rank in 1 2; do
    [ "$who" = alone ] && rank=0
    wait_for_run b.nc 1 $rank
  done
  case $who in
    alone | mpirun) target=$pid ;;
    dealer) target=$(rank_of "$pid" 0) ;;
    worker) target=$(rank_of "$pid" 2) ;;
  esac
  # shellcheck disable=SC2086
  kill "-$signal" $target
  wait "$pid" || status=$?
  return "$status"
}
study 20000 large.yaml
for case in 'TERM alone' 'INT alone' 'USR1 alone' 'TERM dealer' 'USR1 worker' 'USR1 mpirun'; do
  # shellcheck disable=SC2086
  stop $case
  status=$?
  [ "$status" = 99 ] || fail "SIG$case: exit status $status: $(cat b.err)"
  grep -q 'run the same command again' b.out || fail "SIG$case: nothing says how to go on"
  grep -q "end: stopped by SIG${case% *}" b.nc.log || fail "SIG$case: $(cat b.nc.log)"
done
[ "$(points b.out)" -gt 0 ] || fail "nothing was finished before the signal"

# A signal that comes before there is anything to deal, while the sweep is read.
mkfifo late.yaml
"$IONSWEEP" run late.yaml -o late.nc >late.out 2>late.err &
pid=$!
exec 3>late.yaml
kill -USR1 $pid
cat study.yaml >&3
exec 3>&-
wait $pid
status=$?
[ "$status" = 99 ] || fail "a signal while the sweep is read: exit status $status: $(cat late.err)"
[ "$(points late.out)" = 0 ] || fail "a signal while the sweep is read: $(points late.out) points"

exit "$((failures > 0))"
