# shellcheck shell=bash
# What run.sbatch and array.sbatch have in common; read by them, not run.
#
# A round is one start of the job. `ionsweep run` stops when asked to by SIGUSR1, all finished points saved,
# and says so by exit status 99; the job then puts itself back into the queue and goes on from there.
#
#   ION_MAX_ROUNDS   give up after so many rounds (100)
#   ION_RANKS        ranks to start (one more than tasks: the rank that deals needs no core)
#   MPIEXEC          mpirun with its options (mpirun --oversubscribe --bind-to none)
#   IONSWEEP         the program (ionsweep)

# finished FILE.nc: how many chunks were finished when the last run on this file ended.
finished() {
  awk '/^[^ ]+ (create|restart): / { n = 0 }
       match($0, / [0-9]+ of [0-9]+ chunks/) && / end: / { n = substr($0, RSTART + 1) + 0 }
       END { print n + 0 }' "$1.log" 2>/dev/null || echo 0
}

# solve ARGUMENTS of ionsweep: run it under mpirun; its exit status. A signal to this shell is handed on to
# mpirun, which hands it on to the ranks. `wait` returns early for a signal, so it is called again.
solve() {
  local pid status asked=no
  # shellcheck disable=SC2086
  ${MPIEXEC:-mpirun --oversubscribe --bind-to none} -n "${ION_RANKS:-$((${SLURM_NTASKS:-1} + 1))}" \
    "${IONSWEEP:-ionsweep}" "$@" &
  pid=$!
  trap 'asked=yes; kill -USR1 $pid' USR1
  wait "$pid"
  status=$?
  while [ $asked = yes ]; do
    asked=no
    wait "$pid"
    status=$?
  done
  trap '' USR1
  return "$status"
}

# run_round FILE.nc ARGUMENTS of ionsweep: one round; ends the job.
run_round() {
  local file=$1 before after status round=$((${SLURM_RESTART_COUNT:-0} + 1))
  local job=$SLURM_JOB_ID
  # One task of an array may have the number of the whole array.
  [ -z "${SLURM_ARRAY_TASK_ID:-}" ] || job=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID
  shift
  before=$(finished "$file")
  echo "round $round of job $job on $(hostname): $file has $before finished chunks"
  solve "$@"
  status=$?
  [ "$status" = 99 ] || exit "$status"
  after=$(finished "$file")
  if [ "$after" -le "$before" ]; then
    echo "no chunk was finished in this round: it is not tried again; give the job more time" >&2
  elif [ "$round" -ge "${ION_MAX_ROUNDS:-100}" ]; then
    echo "round $round was the last one allowed (ION_MAX_ROUNDS)" >&2
  else
    echo "$after chunks are finished: back into the queue"
    scontrol requeue "$job" && exit 99
  fi
  exit 1
}
