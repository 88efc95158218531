#!/bin/bash
# A job of slurm/run.sbatch that needs several time limits of Slurm's shortest kind, one minute, gives the file
# of a direct run, byte for byte. Skipped where Slurm is not installed.
# Needs IONSWEEP_FAULTY (tests/faulty_points.c), IONSWEEP_SOURCE (the source) and MPIEXEC (mpirun and its options).
set -u
# shellcheck source=tests/slurm_fixture.sh
source "$IONSWEEP_SOURCE/tests/slurm_fixture.sh"
ends_at=600

study_of 75
job=$(submit limited --time=1 --signal=B:USR1@20 "$scripts/run.sbatch" study.yaml limited.nc)
wait_until "a second try" grep -q 'back into the queue' limited.out
wait_until "the end of the job" has "$job" JobState=COMPLETED
has "$job" Restarts=0 && fail "the time limit was not met"
grep -q ' stopped by SIGUSR1' limited.nc.log || fail "no run was stopped: $(cat limited.nc.log)"
grep -q 'TIME LIMIT' limited.out && fail "Slurm had to end the job: $(tail -n 5 limited.out)"

# shellcheck disable=SC2086
FAULTY_POINTS="" $MPIEXEC -n 3 "$IONSWEEP" run study.yaml -o direct.nc >direct.out 2>&1 || fail "the direct run"
cmp limited.nc direct.nc || fail "time limits give another file"
cat limited.nc.log

exit "$((failures > 0))"
