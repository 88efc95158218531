#!/bin/bash
# The scripts of slurm/ under a real Slurm of one node that lives as long as this test: whatever happens to
# the jobs, their file is that of a direct run, byte for byte. Skipped where Slurm is not installed.
# Needs IONSWEEP_FAULTY (tests/faulty_points.c), IONSWEEP_SOURCE (the source) and MPIEXEC (mpirun and its options).
set -u
# shellcheck source=tests/slurm_fixture.sh
source "$IONSWEEP_SOURCE/tests/slurm_fixture.sh"

study_of 8
FAULTY_POINTS="" "$IONSWEEP" run study.yaml -o direct.nc >direct.out 2>&1 || fail "the direct run: $(tail -n 3 direct.out)"

# A plan names what Slurm refuses, and submits nothing.
"$scripts/pipeline.sh" --plan --sbatch '--ntasks=99999 --output=none.out' study.yaml none.nc >plan.out 2>plan.err
[ $? = 2 ] || fail "a plan that Slurm refuses"
grep -q 'solving:' plan.out || fail "a plan does not say what the run takes: $(cat plan.out)"
grep -q 'not available' plan.err || fail "a plan does not say why Slurm refuses: $(cat plan.err)"
"$scripts/pipeline.sh" --sbatch '--ntasks=99999' study.yaml none.nc >/dev/null 2>&1
[ $? = 2 ] || fail "a job that Slurm refuses is submitted"
"$scripts/pipeline.sh" --plan --sbatch --ntasks=1 study.yaml none.nc >plan.out 2>plan.err ||
  fail "a plan that Slurm would accept: $(cat plan.err)"
[ -z "$(squeue -h)" ] || fail "a plan submits jobs"

# A signal as before a time limit: the job stops, queues again and goes on. Meanwhile a chain of jobs, the
# second of which reads what the first has written.
"$scripts/pipeline.sh" --sbatch '--ntasks=1 --output=plain.out' --draw 'cmp plain.nc direct.nc && touch drawn' \
  study.yaml plain.nc >chain.out 2>chain.err || fail "pipeline: $(cat chain.err)"
drawing=$(sed -n 's/^draw: job //p' chain.out)
stopped=$(submit stopped "$scripts/run.sbatch" study.yaml stopped.nc)
wait_until "the start of a job" has_begun stopped.nc
scancel --signal=USR1 --batch "$stopped"
wait_until "a second try" grep -q 'back into the queue' stopped.out

# One task of an array, the one that Slurm knows by the number of the whole array, queues again alone.
"$scripts/pipeline.sh" --parts 3 --sbatch '--ntasks=1 --output=part-%a.out' study.yaml whole.nc \
  >array.out 2>array.err || fail "pipeline of parts: $(cat array.err)"
solving=$(sed -n 's/^solve: job //p' array.out)
merging=$(sed -n 's/^merge: job //p' array.out)
wait_until "the start of a part" has_begun whole.part-3.nc
scancel --signal=USR1 --batch "${solving}_3"
wait_until "a second try of a part" grep -q 'back into the queue' part-3.out

# The node fails later, with no other job on it that would be queued again as well.
for job in "$drawing" "$stopped" "$merging"; do
  wait_until "the end of job $job" has "$job" JobState=COMPLETED
done

# A node that fails.
failed=$(submit failed "$scripts/run.sbatch" study.yaml failed.nc --durable chunk)
wait_until "the start of a job" has_begun failed.nc
scontrol update nodename="$(hostname -s)" state=down reason=test
wait_until "the end of a job with its node" has "$failed" JobState=PENDING
scontrol update nodename="$(hostname -s)" state=resume

# Giving up: a last round that is stopped, and rounds that finish nothing.
limited=$(ION_MAX_ROUNDS=1 submit limited "$scripts/run.sbatch" study.yaml limited.nc)
printf '#!/bin/bash\nexit 99\n' >idle
chmod +x idle
idle=$(IONSWEEP=$PWD/idle submit idle "$scripts/run.sbatch" study.yaml idle.nc)
wait_until "the start of a job" has_begun limited.nc
scancel --signal=USR1 --batch "$limited"

wait_until "the end of job $failed" has "$failed" JobState=COMPLETED
for job in "$idle" "$limited"; do wait_until "the end of job $job" has "$job" JobState=FAILED; done
[ -e drawn ] || fail "the second job of a chain found another file"
for file in stopped failed whole; do cmp $file.nc direct.nc || fail "$file.nc is not that of a direct run"; done
has "$stopped" Restarts=1 || fail "a job that was stopped was not queued again"
for i in 1 2 3; do
  has "${solving}_$i" "Restarts=$((i == 3))" || fail "part $i of 3, the last of which was stopped: Restarts"
done
has "$failed" Restarts=1 || fail "a job whose node failed was not queued again"
grep -q ' stopped by SIGUSR1' stopped.nc.log || fail "no run was stopped: $(cat stopped.nc.log)"
grep -q 'the last one allowed' limited.out || fail "more rounds than allowed: $(cat limited.out)"
grep -q 'not tried again' idle.out || fail "rounds that finish nothing go on: $(cat idle.out)"
has "$idle" Restarts=0 || fail "a round that finished nothing was tried again"

exit "$((failures > 0))"
