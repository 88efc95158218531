#!/bin/bash
# The result file as other programs see it: names, units, meanings, flags; grid and list of points.
# Needs IONSWEEP (the program), IONSWEEP_SOURCE and IONSWEEP_PYTHON (a Python with xarray).
set -u
# shellcheck source=tests/cli_fixture.sh
source "$IONSWEEP_SOURCE/tests/cli_fixture.sh"

cat >grid.yaml <<'YAML'
model: neuron_glia
precision: float
outputs: ["*.V", ledger, class]
design:
  kind: grid
  factors:
    temperature: {values: [300, 305, 310.15]}
    ecs.composition.K: {from: 3 mM, to: 6 mM, count: 2, balance: Na}
    neuron.water.hydraulic_permeability: {values: [2e-3]}
    neuron.transient_na.m.alpha.rate: {from: 1.2 /ms, to: 1.3 /ms, count: 2}
YAML
printf 'energy_supply,temperature [degC]\n1,37\n0.8,30\n' >cells.csv
printf 'model: neuron_glia\ndesign: {kind: points, file: cells.csv}\n' >points.yaml
for study in grid points; do
  "$IONSWEEP" run $study.yaml -o $study.nc >out 2>err || fail "$study: $(cat err)"
  if command -v ncvalidator >/dev/null; then
    ncvalidator -q $study.nc || fail "$study.nc is not valid"
  fi
done
if ! "$IONSWEEP_PYTHON" -c 'import xarray, netCDF4' 2>/dev/null; then
  echo "no xarray: what it reads is left out"
  exit "$((failures > 0))"
fi

"$IONSWEEP_PYTHON" - <<'PYTHON' || fail "what xarray reads"
import ctypes, ctypes.util, sys
import xarray

udunits = ctypes.CDLL(ctypes.util.find_library("udunits2") or "libudunits2.so.0")
for name in ("ut_read_xml", "ut_parse"):
    getattr(udunits, name).restype = ctypes.c_void_p
udunits.ut_set_error_message_handler(ctypes.cast(udunits.ut_ignore, ctypes.c_void_p))
system = ctypes.c_void_p(udunits.ut_read_xml(None))
bad = []

def check(what, is_true):
    if not is_true:
        bad.append(what)

for path in ("grid.nc", "points.nc"):
    study = xarray.open_dataset(path, decode_times=False)
    check(f"{path}: every point is ok", bool((study.status == 1).all()))
    check(f"{path}: conventions", study.attrs["Conventions"].startswith("CF-1."))
    for name, variable in study.variables.items():
        check(f"{path}: {name} has a long name", variable.attrs.get("long_name"))
        unit = variable.attrs.get("units")
        if unit is not None:
            check(f"{path}: {name} has the unit '{unit}'",
                  udunits.ut_parse(system, unit.encode(), 2))
        if "flag_values" in variable.attrs:
            words = variable.attrs["flag_meanings"].split()
            check(f"{path}: flags of {name}", len(words) == len(variable.attrs["flag_values"]))

grid = xarray.open_dataset("grid.nc", decode_times=False)
check("dimensions", dict(grid.neuron_V.sizes) == {
    "temperature": 3, "ecs_composition_K": 2, "neuron_water_hydraulic_permeability": 1,
    "neuron_transient_na_m_alpha_rate": 2})
check("coordinates as written", grid.temperature.values.tolist() == [300, 305, 310.15])
check("which rate", "neuron.transient_na.m.alpha.rate" in
      grid.neuron_transient_na_m_alpha_rate.attrs["long_name"])
check("precision", grid.neuron_V.dtype == "float32" and grid["class"].dtype == "int8")
points = xarray.open_dataset("points.nc", decode_times=False)
check("coordinates of points", {"energy_supply", "temperature"} <= set(points.neuron_V.coords))
check("columns", points.temperature.values.tolist() == [37, 30])
check("resting state", abs(float(points.neuron_V[0]) + 70) < 1e-9)
print("\n".join(bad))
sys.exit(bool(bad))
PYTHON

exit "$((failures > 0))"
