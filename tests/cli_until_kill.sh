#!/bin/bash
# `run --until`, killed or stopped between and in stages and taken up again, ends with the file of a direct run.
# Needs IONSWEEP (the program) and MPIEXEC (mpirun and its options).
set -u
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
failures=0

fail() {
  echo "FAIL $1"
  failures=$((failures + 1))
}

# sweep SAMPLES: three factors that interact, so that intervals are wide at first.
sweep() {
  cat <<END
model: neuron_glia
outputs: [neuron.V, ecs.K, class]
design:
  kind: saltelli
  samples: $1
  factors:
    temperature: {uniform: [35 degC, 39 degC]}
    energy_supply: {uniform: [0.8, 1]}
    neuron.leak_na.permeability: {lognormal: {median: 2e-3 pL/s, gsd: 1.1}}
END
}

# grow RANKS FILE OPTIONS
grow() {
  local ranks="$MPIEXEC -n $1" file=$2
  [ "$1" = 1 ] && ranks=""
  # shellcheck disable=SC2086
  $ranks "$IONSWEEP" run sweep.yaml -o "$file" "${@:3}" >"$file.out" 2>"$file.err" ||
    fail "$file: exit status $?, $(head -3 "$file.err")"
}

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
