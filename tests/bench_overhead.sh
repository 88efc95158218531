#!/bin/bash
# What safety and dealing cost, on the main job: sweeps/energy_temperature.yaml at a million points.
#
#   ctest --test-dir build/native -C bench -R bench_overhead -V
#   IONSWEEP=build/native/ionsweep bash tests/bench_overhead.sh [POINTS] [REPEATS]
#
# Prints two ratios of the shortest of so many times each: a run that syncs every 30 s over one that never
# does, on one rank (1.03 at most is wanted); and one rank over two that work with a third that deals, per
# core (0.93 at least), where the machine has two cores to itself. The load of the machine is said with them.
set -u
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
points=${1:-1000000} repeats=${2:-3}
source_=${IONSWEEP_SOURCE:-$(cd "$(dirname "$0")/.." && pwd)}
: "${MPIEXEC:=mpirun --oversubscribe --bind-to none}"
export ION_MODEL_PATH="$source_/sweeps/models"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
sed "s/count: 400/count: $((points / 250))/" "$source_/sweeps/energy_temperature.yaml" >"$scratch/study.yaml"

# seconds RANKS OPTIONS: of the solving itself, without the start of MPI
seconds() {
  local ranks=$1
  shift
  rm -f "$scratch"/a.nc*
  # shellcheck disable=SC2086
  $MPIEXEC -n "$ranks" "$IONSWEEP" run "$scratch/study.yaml" -o "$scratch/a.nc" "$@" >"$scratch/out" 2>&1 ||
    { cat "$scratch/out" >&2 && exit 1; }
  sed -n 's/.* chunks in \([0-9.]*\) s$/\1/p' "$scratch/a.nc.log"
}

# shortest A B: the smaller one, where there are two
shortest() {
  awk -v a="$1" -v b="${2:-$1}" 'BEGIN { print a + 0 < b + 0 ? a : b }'
}

plain='' safe='' shared=''
for _ in $(seq "$repeats"); do
  plain=$(shortest "$(seconds 1 --durable none)" "$plain")
  safe=$(shortest "$(seconds 1 --durable interval)" "$safe")
  shared=$(shortest "$(seconds 3 --durable interval)" "$shared")
done
echo "$points points, shortest of $repeats: $plain s without syncs, $safe s with, $shared s on three ranks"
awk -v p="$plain" -v s="$safe" -v m="$shared" 'BEGIN {
  printf "durability: %.3f; parallel efficiency on two cores: %.3f\n", s / p, s / (2 * m) }'
echo "load of the machine: $(cut -d ' ' -f 1-3 /proc/loadavg), $(nproc) cores"
