#!/bin/bash
# Build the fuzzers with clang and let each look for inputs for some seconds. Nothing found: exit status 0; what
# was found stays in BUILD/found, and `BUILD/tests/fuzz_NAME FILE` repeats it.
#   usage: run.sh SOURCE BUILD SECONDS [NAME...]
set -u
source=$(cd "$1" && pwd) build=$2 seconds=$3
shift 3
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 ION_MODEL_PATH="$source/sweeps/models"
export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
echo 'int LLVMFuzzerTestOneInput(const unsigned char *b, unsigned long n) { return b && n ? 0 : 0; }' >"$scratch/try.c"
if ! clang -fsanitize=fuzzer,address,undefined "$scratch/try.c" -o "$scratch/try" 2>/dev/null; then
  echo "skipped: no clang with libFuzzer (Debian packages clang libclang-rt-dev)"
  exit 77
fi

if ! { cmake -S "$source" -B "$build" -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS_DEBUG=-O1\ -g \
  -DION_FUZZ=ON -DION_SANITIZE=ON && cmake --build "$build" -j "$(nproc)" --target fuzz; } >"$scratch/build.log" 2>&1; then
  tail -n 40 "$scratch/build.log"
  exit 1
fi

# Words of the files that readers know: libFuzzer puts them in.
cat "$source"/sweeps/*.yaml "$source"/sweeps/models/*.yaml | grep -oE '[A-Za-z_]{2,}:?' | sort -u |
  sed 's/.*/"&"/' >"$scratch/words"
declare -A also=([model]="$source/sweeps/models" [sweep]="$source/sweeps" [spec]="$source/sweeps")

failures=0
mkdir -p "$build/found"
[ $# -gt 0 ] || set -- spec model sweep table store
for name in "$@"; do
  mkdir "$scratch/$name"
  # shellcheck disable=SC2086
  if "$build/tests/fuzz_$name" "$scratch/$name" "$source/tests/fuzz/seeds/$name" ${also[$name]:-} \
    -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -malloc_limit_mb=512 -dict="$scratch/words" \
    -seed="${ION_SEED:-0}" -artifact_prefix="$build/found/$name-" -print_final_stats=1 >"$scratch/$name.log" 2>&1; then
    echo "$name: $(grep -E 'number_of_executed_units' "$scratch/$name.log"), $(find "$scratch/$name" -type f | wc -l) kept"
  else
    echo "FAIL $name"
    tail -n 60 "$scratch/$name.log"
    failures=$((failures + 1))
  fi
done
exit "$((failures > 0))"
