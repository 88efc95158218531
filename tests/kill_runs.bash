# shellcheck shell=bash
# Sourced by cli_kill.sh and cli_kill_long.sh: runs that are killed at random moments and taken up again.
# Needs IONSWEEP, IONSWEEP_SOURCE and MPIEXEC; KILLS says how many kills there are, KILL_STUDIES which studies share them.
# shellcheck source=tests/cli_fixture.sh
source "$IONSWEEP_SOURCE/tests/cli_fixture.sh"
# shellcheck source=tests/job_fixture.sh
source "$IONSWEEP_SOURCE/tests/job_fixture.sh"
: "${KILL_STUDIES:=steady_state threshold time_course saltelli statistics boundary}"
seed=${ION_SEED:-$$}
RANDOM=$seed

fail() {
  echo "FAIL $1 (ION_SEED=$seed)"
  failures=$((failures + 1))
}

# Each of about a second of work in a hundred chunks or so.
study_steady_state() {
  cat <<'YAML'
model: neuron_glia
design: {kind: grid, factors: {energy_supply: {from: 0.05, to: 1, count: 160}, temperature: {from: 25 degC, to: 42 degC, count: 100}}}
YAML
}

study_threshold() {
  cat <<'YAML'
model: neuron_glia
solve: threshold
threshold: {parameter: energy_supply, from: 1, to: 0}
outputs: [threshold.energy_supply, threshold.kind]
design: {kind: grid, factors: {temperature: {from: 30 degC, to: 40 degC, count: 50}, neuron.spike_load.firing_rate: {from: 0 Hz, to: 5 Hz, count: 50}}}
YAML
}
study_time_course() {
  cat <<'YAML'
model: neuron_glia
solve: time_course
time_course: {until: 20 s, schedule: [{at: 5 s, set: {energy_supply: 0.05}}], events: {depolarised: neuron.V > -50 mV}}
design: {kind: grid, factors: {temperature: {from: 30 degC, to: 40 degC, count: 30}, neuron.spike_load.firing_rate: {from: 0 Hz, to: 5 Hz, count: 30}}}
YAML
}
study_saltelli() {
  cat <<'YAML'
model: neuron_glia
outputs: [neuron.V, ecs.K, class]
design: {kind: saltelli, samples: 512, replicates: 2, seed: 5, factors: {temperature: {uniform: [30 degC, 40 degC]}, energy_supply: {uniform: [0.1, 1]}, neuron.spike_load.firing_rate: {uniform: [0 Hz, 5 Hz]}}}
YAML
}
# The same, and more of it, of which nothing but sums is kept.
study_statistics() {
  study_saltelli | sed '1i keep: statistics' | sed 's/samples: 512/samples: 4096/'
}
study_boundary() {
  cat <<'YAML'
model: neuron_glia
outputs: [neuron.V, class]
design: {kind: boundary, of: class, start: 16, levels: 4, factors: {energy_supply: {from: 0.05, to: 1}, temperature: {from: 25 degC, to: 42 degC}}}
YAML
}

# start RANKS FILE: in the background, its process in $pid
start() {
  # shellcheck disable=SC2086
  setsid $MPIEXEC -n "$1" "$IONSWEEP" run "$study.yaml" -o "$2" --interval 0.1 >run.out 2>run.err &
  pid=$!
}

# wait_for_lock FILE.nc: until a rank of $pid holds it, or that has ended. Killed runs leave their lock behind: its holder
# counts. In MPI_Init, before that, a rank whose mpirun is killed may wait for ever (PMIx 4.2); it has touched nothing yet.
wait_for_lock() {
  local holder
  for _ in $(seq 500); do
    read -r _ holder 2>/dev/null <"$1.lock" && [[ " $(ranks_of "$pid") " = *" $holder "* ]] && return
    case $(ps -o stat= -p "$pid") in Z* | '') return ;; esac
    sleep 0.02
  done
}

# kill_once WHOM: kill -9 all ranks, one of them, or mpirun; false where the run was over before
kill_once() {
  local ranks one
  read -r -a ranks <<<"$(ranks_of "$pid")"
  one=${ranks[RANDOM % (${#ranks[@]} + 1)]:-${ranks[0]:-}}
  case $1 in
    all) kill -9 "${ranks[@]}" ;;
    one) kill -9 "$one" ;;
    mpirun) kill -9 "$pid" ;;
  esac 2>/dev/null
  # PMIx 4.2 locks itself up now and then as mpirun leaves after a killed rank
  (sleep 20 && kill -9 "$pid") 2>/dev/null &
  local guard=$!
  wait "$pid" 2>/dev/null
  local status=$?
  pkill -P "$guard" 2>/dev/null
  wait "$guard" 2>/dev/null
  wait_for_ranks "${ranks[@]}"
  [ "$status" != 0 ]
}

# kill_and_resume STUDY KILLS: every time another number of ranks takes the file up again. The kills come within 1 s;
# where a run is over before, within half of that from then on: it may be a fast machine.
kill_and_resume() {
  local study=$1 kills=0 runs=0 n=1 span=1000 whom
  "study_$study" >"$study.yaml"
  "$IONSWEEP" run "$study.yaml" -o "$study.whole.nc" >run.out 2>run.err || fail "$study: $(cat run.err)"
  rm -f killed.nc*
  while [ "$kills" -lt "$2" ] && [ "$runs" -lt $((4 * $2)) ] && [ "$failures" = 0 ]; do
    runs=$((runs + 1))
    n=$(((n + RANDOM % 4) % 5 + 1))
    whom=$(printf 'all\none\nmpirun\n' | sed -n "$((RANDOM % 3 + 1))p")
    start $n killed.nc
    wait_for_lock killed.nc
    sleep "$(printf '0.%03d' $((RANDOM % span)))"
    if kill_once "$whom"; then
      kills=$((kills + 1))
    else
      cmp "$study.whole.nc" killed.nc || fail "$study: another file after $kills kills"
      rm -f killed.nc*
      span=$((span / 2 + 1))
    fi
  done
  [ "$kills" = "$2" ] || fail "$study: $kills kills in $runs runs"
  start 3 killed.nc
  wait "$pid" || fail "$study: the last resume: $(cat run.err)"
  cmp "$study.whole.nc" killed.nc || fail "$study: another file after $kills kills"
  echo "$study: $kills kills in $runs runs: equal"
}

echo "seed of the kills: ION_SEED=$seed"
