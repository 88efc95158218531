# shellcheck shell=bash
# A real Slurm of one node that lives as long as the test that reads this file; a study, and ways to look at
# jobs. Ends the test with status 77 where Slurm is not installed.
# shellcheck disable=SC2034 # read by the tests
scripts=$IONSWEEP_SOURCE/slurm
failures=0
ends_at=100 # s after the start of the test

fail() {
  echo "FAIL $1"
  failures=$((failures + 1))
}

mkdir slurm
bash "$IONSWEEP_SOURCE/tests/slurm_local.sh" start slurm
status=$?
if [ $status = 77 ]; then
  echo "skipped: Slurm is not installed"
  exit 77
fi
trap 'bash "$IONSWEEP_SOURCE/tests/slurm_local.sh" stop slurm' EXIT
if [ $status != 0 ] && ! mountpoint -q /sys/fs/cgroup; then
  echo "skipped: slurmd wants a filesystem at /sys/fs/cgroup, and there is none"
  exit 77
fi
[ $status = 0 ] || exit 1
export SLURM_CONF=$PWD/slurm/slurm.conf

# write_study COUNT: study.yaml with 64 COUNT points.
write_study() {
  cat >study.yaml <<YAML
model: neuron_glia
outputs: [state, class]
design:
  kind: grid
  factors:
    energy_supply: {from: 0.05, to: 1, count: $1}
    temperature: {from: 25 degC, to: 42 degC, count: 64}
YAML
}

# study_of SECONDS: study.yaml takes so long on one core, here and now; 64 chunks or more.
study_of() {
  local time_us
  write_study 64
  time_us=$("$IONSWEEP" plan study.yaml | sed -n 's/.*solving: \([0-9]*\).*/\1/p')
  write_study $(($1 * 1000000 / 64 / (${time_us:-100} + 1) + 64))
}

# wait_until WHAT COMMAND: until the time of this test is up.
wait_until() {
  local what=$1
  shift
  while [ $SECONDS -lt "$ends_at" ]; do
    "$@" && return
    sleep 0.2
  done
  fail "$what never came to pass"
  tail -n 5 ./*.out slurm/slurmctld.log
  exit 1
}

# has JOB TEXT: what Slurm knows of a job.
has() {
  scontrol show job "$1" --oneliner | grep -q " $2 "
}

# has_begun FILE.nc: its run deals chunks.
has_begun() {
  grep -q ' start: ' "$1.log" 2>/dev/null || return
  sleep 0.3
}

# submit NAME ARGUMENTS of sbatch: the number of the job; its output goes to NAME.out.
submit() {
  local name=$1
  shift
  sbatch --parsable --ntasks=1 --output="$name.out" "$@"
}
