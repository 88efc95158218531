#!/bin/bash
# No shell script has anything shellcheck would warn of. usage: style_shell.sh SOURCE_DIRECTORY
set -u
cd "$1" || exit 1
if ! command -v shellcheck >/dev/null; then
  echo "skipped: shellcheck is not installed (Debian package shellcheck)"
  exit 77
fi
mapfile -t files < <(find bootstrap.sh .ci slurm tests -name '*.sh' -o -name '*.sbatch' -o -path '.ci/run' | sort)
echo "${#files[@]} files"
[ "${#files[@]}" -gt 10 ] && shellcheck -x "${files[@]}"
