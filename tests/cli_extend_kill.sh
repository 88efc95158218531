#!/bin/bash
# A study that grows, killed and taken up again, makes the file of a direct run, byte for byte.
# Needs IONSWEEP (the program) and MPIEXEC (mpirun and its options).
set -u
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
failures=0

fail() {
  echo "FAIL $1"
  failures=$((failures + 1))
}

# sweep SAMPLES [DESIGN [OUTPUTS]]: two factors over a range in which the model is as good as linear.
sweep() {
  cat <<END
model: neuron_glia
outputs: [${3:-neuron.V, ecs.K, class}]
design:
  kind: ${2:-saltelli}
  # how many in all: samples
  samples: $1   # samples: 7
  factors:
    temperature: {uniform: [36.9 degC, 37.1 degC]}
    neuron.leak_na.permeability: {uniform: [0.00198, 0.00202]}
END
}

# run RANKS SWEEP FILE OPTIONS
run() {
  local ranks="$MPIEXEC -n $1" file=$3
  [ "$1" = 1 ] && ranks=""
  # shellcheck disable=SC2086
  $ranks "$IONSWEEP" run "$2" -o "$file" "${@:4}" >"$file.out" 2>"$file.err" ||
    fail "$file: exit status $?, $(head -3 "$file.err")"
}

sweep 1600 >small.yaml
sweep 25600 >huge.yaml
run 1 small.yaml small.nc
run 1 huge.yaml huge.nc

# kill -9 in the middle, then taken up again by other ranks, once without the smaller file.
for again in "--extend small.nc" ""; do
  rm -f killed.nc
  # shellcheck disable=SC2086
  setsid $MPIEXEC -n 3 "$IONSWEEP" run huge.yaml -o killed.nc --extend small.nc --durable chunk >killed.out 2>&1 &
  pid=$!
  for _ in $(seq 1000); do
    [ -e killed.nc ] && break
    sleep 0.02
  done
  sleep 0.2
  for child in $(ps -o pid= --ppid "$pid"); do kill -9 "$child" 2>/dev/null; done
  kill -9 "$pid" 2>/dev/null
  wait "$pid" 2>/dev/null
  # shellcheck disable=SC2086
  run 2 huge.yaml killed.nc $again
  cmp huge.nc killed.nc || fail "killed and taken up again with '$again'"
done

exit "$((failures > 0))"
