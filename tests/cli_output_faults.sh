#!/bin/bash
# Outputs that cannot be used, or stop being usable: one message, the right exit status, nothing destroyed.
# Needs IONSWEEP (the program), IONSWEEP_SOURCE (the source) and MPIEXEC (mpirun and its options).
set -u
# shellcheck source=tests/cli_fixture.sh
source "$IONSWEEP_SOURCE/tests/cli_fixture.sh"

# study COUNT FILE
study() {
  printf 'model: neuron_glia\ndesign: {kind: grid, factors: {%s, %s}}\n' \
    'temperature: {from: 25 degC, to: 42 degC, count: 40}' \
    "energy_supply: {from: 0.5, to: 1, count: $1}" >"$2"
}

# refuse NAME WORD COMMAND...: exit status 2, one line with WORD
refuse() {
  local name=$1 word=$2
  shift 2
  "$@" >out 2>err
  local status=$?
  [ "$status" = 2 ] || fail "$name: exit status $status: $(cat err)"
  if [ "$(wc -l <err)" != 1 ] || ! grep -q -- "$word" err; then
    fail "$name: no line with '$word': $(cat err)"
  fi
}

study 20 study.yaml
study 20000 long.yaml
"$IONSWEEP" run study.yaml -o whole.nc >out 2>err || fail "whole: $(cat err)"

# Two runs on one file: the second one is refused and says who has it; the first one is not disturbed.
"$IONSWEEP" run long.yaml -o shared.nc >first.out 2>first.err &
first=$!
for _ in $(seq 500); do
  [ -s shared.nc.lock ] && [ -e shared.nc ] && break
  sleep 0.02
done
refuse "a second run" "being written by another run: host .*, pid $first\$" \
  "$IONSWEEP" run long.yaml -o shared.nc
refuse "a second run that would start over" "another run" "$IONSWEEP" run long.yaml -o shared.nc --restart
ln -s shared.nc alias.nc
refuse "a second run by another name" "being written by another run: host .*, pid $first\$" \
  "$IONSWEEP" run long.yaml -o alias.nc
kill -TERM $first
wait $first
[ $? = 99 ] || fail "the first run was disturbed: $(cat first.err)"
[ -e shared.nc.lock ] && fail "the lock is left behind"

# A link stays a link, also one to a file that is not there yet; a run by any of the names goes on with the other.
mkdir far
for name in link until; do ln -s "far/$name.nc" $name.nc; done
"$IONSWEEP" run study.yaml -o link.nc --max-points 1 >out 2>err
"$IONSWEEP" run study.yaml -o far/link.nc >out 2>err || fail "a file a link leads to: $(cat err)"
cmp whole.nc link.nc || fail "the file a link leads to is another one"
"$IONSWEEP" run study.yaml -o link.nc --restart >out 2>err || fail "a link: $(cat err)"
printf 'solve: function\nmodel: ishigami\ndesign: {kind: saltelli, samples: 64, factors: {%s}}\n' \
  'x1: {uniform: [-3, 3]}, x2: {uniform: [-3, 3]}, x3: {uniform: [-3, 3]}' >until.yaml
"$IONSWEEP" run until.yaml -o until.nc --until 'T halfwidth < 1e-6' --max-points 3000 >out 2>err ||
  fail "--until with a link: $(cat err)"
for name in link until; do
  if [ ! -L $name.nc ] || [ ! -s far/$name.nc ]; then fail "$name.nc is no link any more: $(ls far)"; fi
done
[ "$(echo far/*)" = 'far/link.nc far/link.nc.log far/until.nc' ] || fail "left behind: $(ls far)"

# What cannot be printed or logged is said; the study is whole.
mkdir a.nc.log
"$IONSWEEP" run study.yaml -o a.nc >/dev/full 2>err
status=$?
[ "$status" = 1 ] || fail "a full device for the summary: exit status $status"
grep -q 'not all could be printed: No space left' err || fail "a full device for the summary: $(cat err)"
grep -q 'warning: there will be no log: cannot write a.nc.log' err || fail "no log, and nothing says so: $(cat err)"
cmp whole.nc a.nc || fail "another file without a log"

# No permission: as another user where this one is root, whom nothing stops.
as_user=()
[ "$(id -u)" = 0 ] && as_user=(setpriv --reuid 65534 --regid 65534 --clear-groups)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
chmod 777 "$scratch"
cp study.yaml whole.nc "$scratch"
chmod 444 "$scratch"/*
mkdir "$scratch/closed"
chmod 555 "$scratch/closed"
cp "$scratch/whole.nc" "$scratch/closed"
cp -r "$IONSWEEP_SOURCE/sweeps/models" "$scratch/models"
chmod -R a+rX "$scratch/models"
if (cd "$scratch" && "${as_user[@]}" "$IONSWEEP" verify whole.nc) >/dev/null 2>&1; then
  sum=$(cksum <"$scratch/whole.nc")
  cd "$scratch" || exit 1
  refuse "a read-only file" 'cannot write whole.nc: Permission denied' \
    "${as_user[@]}" "$IONSWEEP" run study.yaml -o whole.nc 2>/dev/null
  refuse "a read-only file, restarted" 'cannot write whole.nc: Permission denied' \
    "${as_user[@]}" "$IONSWEEP" run study.yaml -o whole.nc --restart
  refuse "a closed directory" 'Permission denied' \
    "${as_user[@]}" "$IONSWEEP" run study.yaml -o closed/new.nc
  refuse "a read-only file in a closed directory" 'Permission denied' \
    "${as_user[@]}" "$IONSWEEP" run study.yaml -o closed/whole.nc
  "${as_user[@]}" "$IONSWEEP" verify closed/whole.nc >out 2>&1 || fail "verify of a read-only file: $(cat out)"
  cd - >/dev/null || exit 1
  [ "$sum" = "$(cksum <"$scratch/whole.nc")" ] || fail "a read-only file was changed"
  [ "$(ls "$scratch/closed")" = whole.nc ] || fail "left behind: $(ls "$scratch/closed")"
else
  echo "no other user can run the program here: permissions are left out"
fi
refuse "a missing directory" 'no/such/a.nc: No such file or directory' \
  "$IONSWEEP" run study.yaml -o no/such/a.nc

# A disk that fills up while the run goes on: exit status 1, what is finished stays, and with more room
# the same command ends with the same bytes.
cat >small_disk.sh <<'END'
mount -t tmpfs -o size="$1" tmpfs disk || exit 77
shift
"$@" >disk.out 2>disk.err
echo $? >disk.status
cp disk/a.nc* . # a sparse file stays sparse
mount -o remount,size=64m disk || exit 77
"$@" >more.out 2>more.err
echo $? >more.status
cmp disk/a.nc filled.nc
END
mkdir disk
study 200 full.yaml
"$IONSWEEP" run full.yaml -o filled.nc >out 2>err || fail "filled: $(cat err)"
for command in "$IONSWEEP" "$MPIEXEC -n 3 $IONSWEEP"; do
  # shellcheck disable=SC2086
  unshare -rm bash small_disk.sh 600k $command run full.yaml -o disk/a.nc --durable chunk 2>unshare.err
  case $? in
    0) ;;
    77) echo "no small disk to be had here: left out" && break ;;
    *) [ -e disk.status ] && fail "a disk that was full once gives another file: $(cat unshare.err)" ;;
  esac
  [ -e disk.status ] || {
    echo "no small disk to be had here: left out: $(head -1 unshare.err)"
    break
  }
  [ "$(cat disk.status)" = 1 ] || fail "a full disk: exit status $(cat disk.status): $(cat disk.err)"
  [ "$(grep -c 'No space left on device' disk.err)" -ge 1 ] || fail "a full disk: $(cat disk.err)"
  grep -q 'run the same command again' disk.err || fail "a full disk: nothing says how to go on"
  [ "$(cat more.status)" = 0 ] || fail "more room: $(cat more.err)"
  grep -q ' from an earlier run' more.out || fail "what was finished before the disk was full is lost"
  rm -f disk.status more.status
done

exit "$((failures > 0))"
