#!/bin/bash
# Install what is missing, build, and show a first result or run the tests. May be run again at no cost.
set -eu
cd "$(dirname "$0")"

# Debian packages: to build and run, and to test as well.
packages=(build-essential cmake pkg-config libopenmpi-dev openmpi-bin libpetsc-real-dev libpnetcdf-dev
  pnetcdf-bin libnetcdf-dev netcdf-bin libyaml-dev libudunits2-dev librandom123-dev liblapack-dev
  libdeflate-dev zlib1g-dev libssl-dev python3 python3-xarray python3-matplotlib python3-netcdf4)
packages_test=(libsundials-dev clang-format clang libclang-rt-dev shellcheck munge slurmctld slurmd slurm-client)

say() { printf '\n== %s\n' "$*"; }

usage() {
  cat <<HELP
usage: ./bootstrap.sh VERB
  demo   build, solve sweeps/energy_temperature.yaml on three ranks, draw the map as a PNG
  test   build with warnings as errors and run the test suite
Both install missing Debian packages first (with sudo when not root). Builds go to build/.
HELP
}

is_installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Install those of the named packages that are missing; without apt say what to provide instead.
install_packages() {
  local missing=() name
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    say "no apt here: these Debian packages, or what they contain, must be there already"
    printf '  %s\n' "$@"
    echo "CMake names what it cannot find. Point it there by PKG_CONFIG_PATH=DIR/lib/pkgconfig or"
    echo "CMAKE_PREFIX_PATH=DIR1:DIR2 in the environment, or load the environment modules that have it."
    return
  fi
  for name in "$@"; do
    is_installed "$name" || missing+=("$name")
  done
  if [ ${#missing[@]} = 0 ]; then
    say "all ${#} Debian packages needed are installed"
    return
  fi
  say "installing ${missing[*]}"
  local as_root=()
  if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "neither root nor sudo: ask an administrator for apt-get install ${missing[*]}" >&2
      exit 1
    fi
    as_root=(sudo)
  fi
  "${as_root[@]}" apt-get update -q
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -q --no-install-recommends "${missing[@]}"
}

# Open MPI: root must be allowed by name; containers forbid ptrace, which its shared memory would use.
set_up_mpi() {
  if [ "$(id -u)" = 0 ]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  fi
  export OMPI_MCA_btl_vader_single_copy_mechanism=none OMPI_MCA_btl_base_warn_component_unused=0
}

# Configure (a preset) and build (a target, or everything).
build() {
  local preset=$1 target=${2:-all}
  say "building $target in build/$preset"
  mkdir -p build
  cmake --preset "$preset" >"build/$preset.configure.log" 2>&1 ||
    { cat "build/$preset.configure.log" >&2; exit 1; }
  cmake --build "build/$preset" --target "$target" -j "$(nproc)"
}

# A Python that can draw; the distribution's first, as packages were installed for that one.
find_python() {
  local candidate
  for candidate in /usr/bin/python3 python3; do
    if "$candidate" -c 'import xarray, matplotlib, netCDF4' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  echo "no python3 has xarray, matplotlib and netCDF4 (pip install xarray matplotlib netCDF4)" >&2
  return 1
}

demo() {
  install_packages "${packages[@]}"
  build release ionsweep
  local python
  python=$(find_python)
  say "solving sweeps/energy_temperature.yaml on three ranks (a finished file is kept as it is)"
  PATH="$PWD/build/release:$PATH" mpirun -n 3 --oversubscribe --bind-to none \
    ionsweep run sweeps/energy_temperature.yaml -o energy_temperature.nc
  say "drawing the map"
  "$python" postprocess/map.py energy_temperature.nc --of ecs_K
  echo "results: $PWD/energy_temperature.nc"
  echo "picture: $PWD/energy_temperature.png"
}

run_tests() {
  install_packages "${packages[@]}" "${packages_test[@]}"
  build ci
  say "running the tests"
  ctest --test-dir build/ci -j 2 --output-on-failure --no-tests=error -LE 'bench|long'
}

set_up_mpi
case "${1:-help}" in
  demo) demo ;;
  test) run_tests ;;
  help | -h | --help) usage ;;
  *)
    echo "bootstrap.sh: unknown verb '$1'" >&2
    usage >&2
    exit 2
    ;;
esac
