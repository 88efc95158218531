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

# progress FILE.nc: a number that grows with the chunks that are finished, as the log says. Where a study is solved in
# stages (boundary maps, --until) those of a later stage count more than any number of an earlier one.
progress() {
  [ -e "$1.log" ] || { echo 0 && return; }
  awk -v file="$1" '
    / (create|restart): / && substr($0, index($0, ": ") + 2) == file { n = most = 0; split("", number) }
    / start: .* chunks, / {
      sub(/^[^ ]+ /, "")
      sub(/start: [0-9]+ ranks?/, "")
      if (!($0 in number)) number[$0] = ++n
      stage = number[$0]
    }
    / end: / && match($0, / [0-9]+ of [0-9]+ chunks/) {
      now = stage * 4294967296 + substr($0, RSTART + 1)
      if (now > most) most = now
    }
    END { printf "%.0f\n", most }' "$1.log"
}

# ended FILE.nc: how the last run on this file ended, if it did.
ended() {
  sed 's/^[^ ]* //' "$1.log" 2>/dev/null | grep -E '(^|, )(start|end): ' | tail -n 1
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
  before=$(progress "$file")
  echo "round $round of job $job on $(hostname): $file"
  solve "$@"
  status=$?
  # mpirun --enable-recovery returns 0 whatever happened
  [ $status != 0 ] || case $(ended "$file") in
    *'end: done'*) ;;
    *'end: stopped'*) status=99 ;;
    *) status=1 ;;
  esac
  [ $status = 99 ] || exit $status
  after=$(progress "$file")
  if [ "$after" -le "$before" ]; then
    echo "no chunk was finished in this round: it is not tried again; give the job more time" >&2
  elif [ "$round" -ge "${ION_MAX_ROUNDS:-100}" ]; then
    echo "round $round was the last one allowed (ION_MAX_ROUNDS)" >&2
  else
    echo "$(ended "$file"): back into the queue"
    scontrol requeue "$job" && exit 99
  fi
  exit 1
}
