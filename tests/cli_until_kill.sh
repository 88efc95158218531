#!/bin/bash
# `run --until`, killed or stopped between and in stages and taken up again, ends with the file of a direct run.
# Needs IONSWEEP (the program), IONSWEEP_SOURCE (the source) and MPIEXEC (mpirun and its options).
set -u
# shellcheck source=tests/until_fixture.sh
source "$IONSWEEP_SOURCE/tests/until_fixture.sh"

sweep 4096 >sweep.yaml
sweep 65536 >direct.yaml
"$IONSWEEP" run direct.yaml -o direct.nc >direct.log 2>&1 || fail "direct run of 65536"
for signal in KILL TERM; do
  rm -f killed.nc*
  "$IONSWEEP" run sweep.yaml -o killed.nc --until 'T halfwidth < 1e-9' --max-points 4e5 --durable chunk >killed.out 2>&1 &
  pid=$!
  for _ in $(seq 1000); do
    [ -e killed.nc.next ] && break
    sleep 0.01
  done
  sleep 0.1
  kill -s "$signal" "$pid"
  wait "$pid" 2>/dev/null
  status=$?
  if [ "$status" != 0 ] && [ ! -e killed.nc ]; then fail "$signal: no file is left"; fi
  case $signal$status in
    KILL137 | TERM99 | TERM0 | KILL0) ;; # 0: it was done before
    *) fail "$signal: exit status $status, $(tail -1 killed.out)" ;;
  esac
  grow 2 killed.nc --until 'T halfwidth < 1e-9' --max-points 4e5
  cmp direct.nc killed.nc || fail "$signal and taken up again: another file"
done

exit "$((failures > 0))"
