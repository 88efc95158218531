# shellcheck shell=bash
# What the tests that kill or signal runs share. They wait for what a run says in its log, never for a time that it
# may take on some machine. Read after cli_fixture.sh.

# Processes of the ranks of an mpirun.
ranks_of() {
  ps -o pid= --ppid "$1" | tr '\n' ' '
}

# rank_of PID RANK: the process of that rank of an mpirun; numbers of processes tell no order, they begin anew.
rank_of() {
  local rank
  for rank in $(ranks_of "$1"); do
    tr '\0' '\n' <"/proc/$rank/environ" | grep -qx "OMPI_COMM_WORLD_RANK=$2" && echo "$rank"
  done
}

# wait_for_run FILE.nc [RUNS [RANK]]: until RUNS runs (or stages) have taken a file up and a rank of the last one, or
# this one, has work, or the run has ended. A rank that has work listens to signals.
wait_for_run() {
  for _ in $(seq 3000); do
    awk -v runs="${2:-1}" -v rank="run: rank ${3:-[0-9]+}," '
      / (create|resume|restart): / { n++ }
      n >= runs && ($0 ~ rank || / end: /) { found = 1 }
      END { exit !found }' "$1.log" 2>/dev/null && return
    sleep 0.02
  done
  fail "$1: no run has started for a minute: $(tail -n 2 "$1.log" 2>&1)"
}

# Ranks whose mpirun was killed leave by themselves; before that nobody else may write.
wait_for_ranks() {
  local rank
  for rank in "$@"; do
    for _ in $(seq 600); do
      kill -0 "$rank" 2>/dev/null || break
      sleep 0.05
    done
    kill -0 "$rank" 2>/dev/null && fail "rank $rank outlives its killed mpirun by 30 s"
  done
}

# kill_job PID: mpirun and its ranks, all at once; returns when they are gone.
kill_job() {
  local all
  read -r -a all <<<"$(ranks_of "$1")"
  kill -9 "${all[@]}" "$1" 2>/dev/null
  wait "$1" 2>/dev/null
  wait_for_ranks "${all[@]}"
}
