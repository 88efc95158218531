# shellcheck shell=bash
# A real Slurm of one node that lives as long as the test that reads this file; a study, and ways to look at
# jobs. Ends the test with status 77 where Slurm is not installed.
# shellcheck disable=SC2034 # read by the tests
# shellcheck source=tests/cli_fixture.sh
source "$IONSWEEP_SOURCE/tests/cli_fixture.sh"
scripts=$IONSWEEP_SOURCE/slurm
ends_at=240 # s after the start of the test

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

# study_of SECONDS: study.yaml, 8192 points, takes so long on one core of any machine, or longer: some of its points are
# slow (tests/faulty_points.c), evenly spread.
study_of() {
  export IONSWEEP=$IONSWEEP_FAULTY FAULTY_POINTS
  FAULTY_POINTS=$(seq -f '%.0f:slow' 0 $((8192 * 3 / 10 / $1)) 8191 | tr '\n' ' ')
  cat >study.yaml <<YAML
model: neuron_glia
outputs: [state, class]
design:
  kind: grid
  factors:
    energy_supply: {from: 0.05, to: 1, count: 128}
    temperature: {from: 25 degC, to: 42 degC, count: 64}
YAML
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

# has_begun FILE.nc: a rank of its run, the one that works, is at work and listens to signals.
has_begun() {
  grep -q ' run: rank ' "$1.log" 2>/dev/null
}

# submit NAME ARGUMENTS of sbatch: the number of the job; its output goes to NAME.out.
submit() {
  local name=$1
  shift
  sbatch --parsable --ntasks=1 --output="$name.out" "$@"
}
