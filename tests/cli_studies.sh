#!/bin/bash
# Every study of sweeps/, shrunk: it runs, its books close at every point that has a state, it shows what it is
# there to show, and it draws its picture.
# Needs IONSWEEP (the program), IONSWEEP_SOURCE (the source) and MPIEXEC.
set -u
# shellcheck source=tests/cli_fixture.sh
source "$IONSWEEP_SOURCE/tests/cli_fixture.sh"
export PYTHONDONTWRITEBYTECODE=1
python="${IONSWEEP_PYTHON:-python3}"

"$python" -c "import netCDF4, numpy" 2>/dev/null || { echo "skipped: no netCDF4"; exit 77; }
for sweep in "$IONSWEEP_SOURCE"/sweeps/*.yaml; do
  name=$(basename "$sweep" .yaml)
  sed -E 's/count: *[0-9]+/count: 17/g; s/levels: *[0-9]+/levels: 1/; s/samples: *[0-9]+/samples: 128/; s/trajectories: *[0-9]+/trajectories: 32/; s/^( *)start: 16$/\1start: 16\n\1probes: 8/' "$sweep" >"$name.yaml"
  # shellcheck disable=SC2086
  ${MPIEXEC:-mpirun --oversubscribe --bind-to none} -n 2 "$IONSWEEP" run "$name.yaml" \
    -o "$name.nc" >log 2>&1 || fail "$name: $(tail -3 log)"
done

"$python" - . <<'PYTHON' || failures=$((failures + 1))
import glob, os, sys
import netCDF4
import numpy as np

bad = []
def check(study, what, holds):
    if not np.all(holds):
        bad.append(f"{study}: not so: {what}")

class Study(dict):
    """Outputs by name at the points that have a state, flat; factors spread over the grid."""
    def __init__(self, path):
        self.name = os.path.basename(path)[:-3]
        with netCDF4.Dataset(path) as file:
            status = file["status"][...].filled(0)
            self.ok = status == 1
            self.pending = np.count_nonzero(status == 0)
            self.needed = status != 7
            self.lost = np.count_nonzero(status == 2)
            dims = file["status"].dimensions
            axes = [d for d in dims if d in file.variables]  # none where points are sampled
            grid = np.meshgrid(*(file[d][...].filled() for d in axes), indexing="ij")
            self.factor = {d: g[self.ok] for d, g in zip(axes, grid)}
            self.sampled = [] if axes else next(v.coordinates.split() for v in file.variables.values()
                                                if "coordinates" in v.ncattrs())
            for name, variable in file.variables.items():
                if variable.dimensions == dims:
                    self[name] = np.ma.filled(variable[...].astype(float), np.nan)[self.ok]

studies = {}
for path in glob.glob(f"{sys.argv[1]}/*.nc"):
    s = Study(path)
    studies[s.name] = s
    check(s.name, "every point was solved", s.pending == 0)
    check(s.name, "most points have a state", s.ok[s.needed].mean() > 0.5)
    if s.name != "pump_against_atp_audit":  # its pump asks for more than there is
        check(s.name, "no state remains unfound", s.lost == 0)
    if "total_closure" in s:
        check(s.name, "closure below 1e-9 of the fuel power",
              np.abs(s["total_closure"]) < 1e-9 * np.abs(s["total_fuel_power"]))

def is_lawful(s, flagged=()):
    for name in s:
        is_process = name.replace("_dissipation", "_affinity") in s and name.endswith("_dissipation")
        if is_process and name not in flagged:
            check(s.name, f"{name} >= 0", s[name] >= -1e-12 * np.abs(s["total_dissipation"]))

s = studies["supply_sensitivity"]
check(s.name, "every point has a state", s.ok)
supply, potassium = (s[name].reshape(-1, 5) for name in ("energy_supply", "ecs_K"))  # A, B, A_B of 3 inputs
check(s.name, "where only the supply is redrawn, less of it leaves more potassium outside",
      (supply[:, 2] - supply[:, 0]) * (potassium[:, 2] - potassium[:, 0]) < 0)
check(s.name, "other inputs leave the supply alone", supply[:, 3:] == supply[:, :1])
check(s.name, "temperatures have the mean and spread asked for",
      abs(s["temperature"].mean() - 37) < 0.1 and abs(s["temperature"].std() - 1) < 0.1)

def steps(s, name, output, n_base):
    """Change of a factor and of an output from A to A_B of that factor, the first of which is member n_base."""
    j = n_base + s.sampled.index(name)
    x, y = (s[n].reshape(-1, n_base + len(s.sampled)) for n in (name, output))
    return x[:, j] - x[:, 0], y[:, j] - y[:, 0]

def grows(s, name, output, sign):
    dx, dy = steps(s, name, output, 2)
    check(s.name, f"{output} goes {'up' if sign > 0 else 'down'} with {name}", sign * dx * dy > 0)

s = studies["sobol_resting"]
check(s.name, "every cell is in homeostasis", [s.ok.all(), np.all(s["class"] == 1)])
grows(s, "neuron_leak_na_permeability", "neuron_atp_used", 1)
grows(s, "neuron_leak_na_permeability", "neuron_V", 1)
grows(s, "glia_nka_rate", "ecs_K", -1)

s = studies["sobol_threshold"]
check(s.name, "every cell has its threshold, below the full supply",
      (s["threshold_energy_supply"] > 0) & (s["threshold_energy_supply"] < 1))
grows(s, "neuron_leak_na_permeability", "threshold_energy_supply", 1)
grows(s, "neuron_atp_use_rate", "threshold_energy_supply", 1)

s = studies["morris_screen"]
check(s.name, "every cell is in homeostasis", [s.ok.all(), np.all(s["class"] == 1)])
for name in ("neuron_water_hydraulic_permeability", "glia_creatine_kinase_rate_constant"):
    dx, dy = steps(s, name, "neuron_V", 1)
    check(s.name, f"{name} is varied and leaves the steady state alone", [(dx != 0).all(), (np.abs(dy) < 1e-9).all()])

s = studies["energy_budget"]
share = s["neuron_nka_atp_share"] + s["neuron_pmca_atp_share"]
leak, rate = s.factor["neuron_leak_na_permeability"], s.factor["neuron_spike_load_firing_rate"]
check(s.name, "two thirds of the ATP go into pumps at rest",
      np.abs(share[np.isclose(leak, 2e-3) & (rate == 0)] - 2 / 3) < 1e-6)
alive = s["class"] == 1
check(s.name, "more with a larger leak", share[alive & (leak > 2.1e-3)] > 2 / 3)
check(s.name, "supply is all that is used",
      np.abs(s["neuron_ox_phos_flux"] / s["neuron_atp_used"] - 1) < 1e-9)
check(s.name, "the shares add up", np.abs(share + s["neuron_atp_use_atp_share"] - 1) < 1e-12)
is_lawful(s)

s = studies["pump_failure"]
K, strength = s.factor["bath_composition_K"], s.factor["pump_strength"]
collapsed, published = s["class"] == 3, np.isclose(K, 3)
check(s.name, "the published fold", collapsed[published] == (strength[published] < 0.648576))
check(s.name, "a collapsed cell is depolarised and swollen",
      (s["neuron_V"] > -40)[collapsed] & (s["neuron_volume"] > 2.3)[collapsed])
borders = [strength[~collapsed & (K == k)].min(initial=9) for k in np.unique(K)]
check(s.name, "the more potassium the stronger a pump is needed", np.diff(borders) >= 0)

s = studies["pump_against_atp"]
A, J = s["neuron_nka_affinity"], s["neuron_nka_flux"]
check(s.name, "affinity is A_ATP less work", np.abs(s["neuron_A_atp"] - s["neuron_nka_work"] - A) < 1e-9)
check(s.name, "the pump follows its affinity", A * J > 0)
check(s.name, "forward, and backward past the stall", [A.max() > 20, A.min() < -5])
for T in np.unique(s.factor["temperature"]):
    here = s.factor["temperature"] == T
    check(s.name, f"stall within reach at {T} degC", [A[here].min() < 0, A[here].max() > 0])
is_lawful(s)

s = studies["pump_against_atp_audit"]
P, left = s["neuron_nka_dissipation"], s["neuron_A_atp"] - s["neuron_nka_work"]
check(s.name, "the pump breaks the second law somewhere", np.any(P < 0))
check(s.name, "exactly where ATP is worth less than the work", (P < 0) == (left < 0))
check(s.name, "the audit counts it", s["audit_violations"] == (P < 0))
check(s.name, "only where energy is short", s.factor["energy_supply"][P < 0] < 0.4)
check(s.name, "unseen by the potential", np.abs(s["neuron_V"][P < 0] + 70) < 5)
is_lawful(s, flagged=["neuron_nka_dissipation"])

s = studies["gaba_switch"]
E, drive = s["neuron_E_Cl"], s["neuron_gaba_drive"]
kcc2, nkcc1 = s.factor["neuron_kcc2_rate"], s.factor["neuron_nkcc1_rate"]
young = (kcc2 == kcc2.min()) & (nkcc1 == nkcc1.max())
old = (kcc2 == kcc2.max()) & (nkcc1 == 0)
check(s.name, "E_Cl about -40 mV and depolarising in the young", [np.abs(E[young] + 40) < 1.5, drive[young] < 0])
check(s.name, "E_Cl about -83 mV and hyperpolarising in the old", [np.abs(E[old] + 83) < 1.5, drive[old] > 0])

s = studies["entropy_production"]
check(s.name, "entropy is produced", s["total_entropy_production"] > 0)
check(s.name, "it is the dissipation over T",
      np.abs(310.15e12 * s["total_entropy_production"] / s["total_dissipation"] - 1) < 1e-9)
check(s.name, "more in the living than in the collapsed",
      s["total_dissipation"][s["class"] == 1].min() > np.median(s["total_dissipation"][s["class"] == 3]))
is_lawful(s)

s = studies["volume_regulation"]
solute, width = s.factor["cell_composition_osmolyte"], s.factor["cell_swell_cl_swell_width"]
def at_30_mM(name, w):
    here = width == w
    return np.interp(30, solute[here], s[name][here])
check(s.name, "20 mM of solute leave its volume within 0.5 %", abs(at_30_mM("cell_volume", 0.003) / 2 - 1) < 0.005)
check(s.name, "and swell a cell without regulation", at_30_mM("cell_volume", 1) / 2 > 1.06)
for ion, rest in (("cell_K", 130), ("cell_Cl", 35)):
    lost = rest - at_30_mM(ion, 0.003) * at_30_mM("cell_volume", 0.003) / 2
    check(s.name, f"10 mM of {ion} are lost, not {lost}", abs(lost - 10) < 0.5)

s = studies["collapse_threshold"]
lost, back = s["threshold_energy_supply"], s["recovery_energy_supply"]
T, rate = s.factor["temperature"], s.factor["neuron_spike_load_firing_rate"]
grid = lost.reshape(17, 17)  # by temperature, rate
check(s.name, "the healthy state is lost at a fold everywhere", s["threshold_kind"] == 1)
check(s.name, "firing raises the threshold", np.diff(grid, axis=1) > 0)
check(s.name, "cooling lowers it, down to 27 degC", np.diff(grid, axis=0)[np.unique(T)[:-1] > 27] > 0)
check(s.name, "gradients are the slopes of the map",
      np.abs(s["threshold_gradient_temperature"].reshape(17, 17)[1:-1] / ((grid[2:] - grid[:-2]) / (T[34] - T[0])) - 1)
      [np.unique(T)[1:-1] > 30] < 0.02)
check(s.name, "the way back needs more than was lost at", (back > lost)[np.isfinite(back)])

s = studies["collapse_conductances"]
lost, kind = s["threshold_energy_supply"].reshape(17, 17), s["threshold_kind"].reshape(17, 17)  # by pump, leak
step = np.diff(lost, axis=1)
check(s.name, "a leak raises the threshold", step[np.isfinite(step)] > 0)
step = np.diff(lost, axis=0)
check(s.name, "pumps lower it", step[np.isfinite(step)] < 0)
check(s.name, "and save nothing once there are enough", np.abs(lost[-1, :9] / lost[-5, :9] - 1) < 0.02)
check(s.name, "few pumps and a large leak leave no healthy state", (kind == 4) == np.isnan(lost))
check(s.name, "which more pumps mend", np.diff((kind == 4).astype(int), axis=0) <= 0)

s = studies["failure_boundary"]
put_in, supply = s.factor["ecs_composition_K"], s.factor["energy_supply"]
check(s.name, "few nodes are needed", s.needed.mean() < 0.6)
check(s.name, "a healthy cell clears 80 mM", s["class"][(put_in < 80) & (supply == 1)] == 1)
check(s.name, "none clears 120 mM", s["class"][put_in > 120] == 3)
check(s.name, "none lives on a tenth of its energy", s["class"][supply < 0.12] == 3)
alive = s["class"] == 1
check(s.name, "the living keep potassium out of ecs, the collapsed do not",
      s["ecs_K"][alive].max() < s["ecs_K"][s["class"] == 3].min())
s = studies["time_to_collapse"]
time, supply, T = (s["event_depolarised_time"], s.factor["energy_supply"], s.factor["temperature"])
check(s.name, "no collapse before the insult", np.nanmin(time) > 10)
check(s.name, "a collapse on no supply, none on a fifth", [np.isfinite(time[supply == 0]), np.isnan(time[supply == 0.2])])
check(s.name, "a cell that collapsed has not recovered", s["recovered"][np.isfinite(time)] == 1)
order = np.lexsort((supply, T))
later = np.diff(time[order])[np.diff(T[order]) == 0]
check(s.name, "later with more supply", later[np.isfinite(later)] > 0)
order = np.lexsort((T, supply))
sooner = np.diff(time[order])[np.diff(supply[order]) == 0]
check(s.name, "sooner with more heat", sooner[np.isfinite(sooner)] < 0)
print("\n".join(bad))
sys.exit(bool(bad))
PYTHON

draw() { # SCRIPT STUDY ARGUMENTS...
  local script=$1 study=$2
  shift 2
  "$python" "$IONSWEEP_SOURCE/postprocess/$script.py" "$study.nc" "$@" --output "$study.png" \
    >log 2>&1 || fail "$study: $(tail -1 log)"
  [ -s "$study.png" ] || fail "$study: $script.py draws nothing"
  rm -f "$study.png"
}

refuse() { # TEXT ARGUMENTS...
  local text=$1
  shift
  "$python" "$IONSWEEP_SOURCE/postprocess/ledger.py" "$@" >log 2>&1
  [ $? = 2 ] || fail "ledger.py $* does not exit with 2"
  grep -q "$text" log || fail "ledger.py $*: $(tail -1 log)"
}

if "$python" -c "import matplotlib, xarray" 2>/dev/null; then
  draw ledger energy_budget --share --at neuron_leak_na_permeability=0.002 \
    --of neuron.nka.atp_use neuron.pmca.atp_use neuron.atp_use.atp_use
  draw map energy_budget --of neuron.nka.atp_share
  draw ledger pump_against_atp --lines --at temperature=37 --at pipette_composition_Na=6 \
    --of neuron.A_atp neuron.nka.work neuron.nka.affinity
  draw map pump_against_atp --of neuron.nka.affinity --at temperature=37
  draw ledger pump_against_atp_audit --at neuron_spike_load_firing_rate=0
  draw map pump_against_atp_audit --of neuron.nka.dissipation
  draw map gaba_switch --of neuron.gaba_drive
  draw ledger entropy_production --at neuron_spike_load_firing_rate=0
  draw map time_to_collapse --of event.depolarised.time
  draw ledger volume_regulation --of cell.volume --by cell.swell_cl.swell.width
  draw map collapse_threshold --of threshold.energy_supply
  draw map collapse_conductances --of threshold.energy_supply
  draw map collapse_conductances --of recovery.kind
  draw map collapse_threshold --of threshold.gradient.temperature
  for name in sobol_resting sobol_threshold morris_screen; do
    "$IONSWEEP" analyze "$name.nc" >log 2>&1 || fail "$name: $(tail -1 log)"
    draw sensitivity "$name.sensitivity" --most 5
  done
  draw map failure_boundary --of class --nodes
  draw map failure_boundary --of ecs.K
  refuse 'did you mean' energy_budget.nc --of neuron.nka.flx --at neuron_leak_na_permeability=0.002
  refuse 'different units' energy_budget.nc --of neuron.V neuron.Na
  refuse 'factors vary' energy_budget.nc
  refuse 'needs one output' volume_regulation.nc --of 'cell.E_*' --by cell.swell_cl.swell.width
  refuse 'no such file' absent.nc
fi
exit "$((failures > 0))"
