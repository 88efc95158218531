#!/bin/bash
# kill -9 of all ranks, one rank or mpirun at random moments, each followed by a resume with another number
# of ranks: the file is that of an undisturbed run, byte for byte. Other programs read it meanwhile.
# Needs IONSWEEP, IONSWEEP_SOURCE, IONSWEEP_PYTHON and MPIEXEC; ION_SEED repeats a run.
# shellcheck disable=SC2154 # pid, failures and more come from kill_runs.bash
set -u
# shellcheck source=tests/kill_runs.bash
source "$IONSWEEP_SOURCE/tests/kill_runs.bash"

read -r -a studies <<<"$KILL_STUDIES"
for study in "${studies[@]}"; do kill_and_resume "$study" $((${KILLS:-20} / ${#studies[@]})); done

# A half-done file is a valid one at any moment.
study=long
study_steady_state | sed 's/count: 160/count: 8000/' >long.yaml
start 3 open.nc
wait_for_run open.nc
for _ in 1 2 3; do
  ncdump -h open.nc >header || fail "ncdump of a half-done file"
  command -v ncvalidator >/dev/null && { ncvalidator -q open.nc || fail "ncvalidator of a half-done file"; }
  "$IONSWEEP_PYTHON" -c "
import xarray
file = xarray.open_dataset('open.nc')
done = file.status != 0
assert file.neuron_V.where(done).isnull().sum() >= (~done).sum()" || fail "xarray of a half-done file"
done
kill -0 "$pid" 2>/dev/null || fail "the run was over before anybody looked"
kill -TERM "$(rank_of "$pid" 0)"
wait "$pid"
[ $? = 99 ] || fail "the run that was looked at: $(cat run.err)"

exit "$((failures > 0))"
