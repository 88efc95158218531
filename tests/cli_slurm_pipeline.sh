#!/bin/bash
# slurm/pipeline.sh to its end under a real Slurm: run, analyze, draw; a chain whose first job fails, which takes the
# others out of the queue; a job that is stopped under an mpirun that returns 0 for that. Skipped where Slurm is not
# installed.
# Needs IONSWEEP (the program), IONSWEEP_SOURCE (the source), IONSWEEP_PYTHON and MPIEXEC (mpirun and its options).
set -u
# shellcheck source=tests/slurm_fixture.sh
source "$IONSWEEP_SOURCE/tests/slurm_fixture.sh"
export PYTHONDONTWRITEBYTECODE=1

cat >study.yaml <<'YAML'
model: neuron_glia
outputs: [neuron.V, ecs.K, class]
design:
  kind: saltelli
  samples: 64
  factors:
    temperature: {uniform: [35 degC, 39 degC]}
    energy_supply: {uniform: [0.8, 1]}
YAML
sed 's/energy_supply/energy_suply/' study.yaml >wrong.yaml
picture=drawn.png
draw='touch drawn.png'
"$IONSWEEP_PYTHON" -c 'import xarray, matplotlib' 2>/dev/null &&
  draw="$IONSWEEP_PYTHON $IONSWEEP_SOURCE/postprocess/sensitivity.py study.sensitivity.nc --output $picture"
[ "${draw#touch}" = "$draw" ] || echo "no xarray and matplotlib for $IONSWEEP_PYTHON: pictures are not drawn"

# chain SWEEP FILE.nc DRAW: submit; the numbers of its jobs in solve, analyze and draw_job
chain() {
  "$scripts/pipeline.sh" --analyze --draw "$3" --sbatch '--ntasks=1' "$1" "$2" >chain.out 2>chain.err ||
    fail "pipeline of $1: $(cat chain.err)"
  solve=$(sed -n 's/^solve: job //p' chain.out)
  analyze=$(sed -n 's/^analyze: job //p' chain.out)
  draw_job=$(sed -n 's/^draw: job //p' chain.out)
}

queue_is_empty() {
  [ -z "$(squeue -h)" ]
}

# Nothing is submitted where Slurm refuses a job that comes later.
SBATCH_PARTITION=absent "$scripts/pipeline.sh" --analyze --sbatch '--ntasks=1 --partition=test' study.yaml study.nc \
  >chain.out 2>chain.err
[ $? = 2 ] || fail "a chain whose last job Slurm refuses"
grep -q "refuses the job 'analyze'" chain.err || fail "it does not say which job is refused: $(cat chain.err)"
queue_is_empty || fail "a part of a chain is submitted"

# Half of the points a round.
recovery=--enable-recovery
# shellcheck disable=SC2086
$MPIEXEC $recovery -n 1 true 2>/dev/null || recovery=''
stopped=$(MPIEXEC="$MPIEXEC $recovery" submit stopped "$scripts/run.sbatch" study.yaml stopped.nc --max-points 150)
chain wrong.yaml wrong.nc 'touch never'
failing=("$solve" "$analyze" "$draw_job")
chain study.yaml study.nc "$draw"
wait_until "the end of the drawing" has "$draw_job" 'JobState=\(COMPLETED\|FAILED\|CANCELLED\)'
[ -s $picture ] || fail "no picture: $(cat "slurm-$draw_job.out")"
for job in "$solve" "$analyze"; do has "$job" JobState=COMPLETED || fail "job $job was not completed"; done
"$IONSWEEP" run study.yaml -o direct.nc >direct.out 2>&1 || fail "the direct run: $(cat direct.out)"
cmp study.nc direct.nc || fail "study.nc is not that of a direct run"
"$IONSWEEP" analyze study.nc -o direct.sensitivity.nc >direct.out 2>&1 || fail "analyze: $(cat direct.out)"
cmp study.sensitivity.nc direct.sensitivity.nc || fail "the indices are not those of a direct analysis"

# The run that fails says why; those that wait for it leave the queue and say why they never ran.
for job in "${failing[@]:1}"; do
  wait_until "the end of job $job" has "$job" JobState=CANCELLED
  has "$job" Reason=DependencyNeverSatisfied || fail "no reason: $(scontrol show job "$job" --oneliner)"
done
has "${failing[0]}" JobState=FAILED || fail "a run of a wrong sweep: $(cat "slurm-${failing[0]}.out")"
grep -q 'energy_suply' "slurm-${failing[0]}.out" || fail "it does not say why: $(cat "slurm-${failing[0]}.out")"
wait_until "the end of job $stopped" has "$stopped" 'JobState=\(COMPLETED\|FAILED\)'
has "$stopped" Restarts=1 || fail "a job that was stopped was not queued again: $(tail -5 stopped.out)"
cmp stopped.nc direct.nc || fail "stopped.nc is not that of a direct run"
[ ! -e never ] || fail "a job ran after one that failed"
wait_until "an empty queue" queue_is_empty # jobs that have ended leave it a little later

exit "$((failures > 0))"
