# shellcheck shell=bash
# What the tests of `run --until` share: a study of any size, and runs of it.
# shellcheck source=tests/cli_fixture.sh
source "$IONSWEEP_SOURCE/tests/cli_fixture.sh"

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
