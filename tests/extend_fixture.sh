# shellcheck shell=bash
# What the tests of `run --extend` share: a study of any size, and runs of it.
# shellcheck source=tests/cli_fixture.sh
source "$IONSWEEP_SOURCE/tests/cli_fixture.sh"

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
