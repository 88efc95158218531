#!/usr/bin/env python3
"""postprocess/map.py draws what a result file says, and refuses the rest with one line and exit 2."""
import contextlib
import importlib.util
import io
import pathlib
import subprocess
import sys
import tempfile

try:
    import netCDF4
    import numpy as np
    import matplotlib.image
    import xarray  # noqa: F401
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

MAP = pathlib.Path(__file__).resolve().parent.parent / "postprocess" / "map.py"
STATUS = "pending ok no_state_found domain_error timed_out crashed infeasible not_needed"
CLASS = "none physiological strained collapsed oscillatory none_found"


def add(file, name, kind, dims, values, **attrs):
    variable = file.createVariable(name, kind, dims, fill_value=False)
    variable.setncatts(attrs)
    variable[...] = values


def write_study(path, n_supply=60, n_temperature=40, with_cells=False):
    """A made-up study in the layout of a grid file: a fold curve, a failed corner, a pending strip."""
    with netCDF4.Dataset(path, "w", format="NETCDF3_64BIT_DATA") as file:
        dims = ("energy_supply", "temperature")
        supply, temperature = np.linspace(0.05, 1, n_supply), np.linspace(25, 42, n_temperature)
        e, t = np.meshgrid(supply, temperature, indexing="ij")
        factors = [("energy_supply", supply, "1", "energy supply"),
                   ("temperature", temperature, "degC", "temperature")]
        if with_cells:
            dims += ("ecs_volume",)
            factors.append(("ecs_volume", np.array([0.1, 0.2, 0.4]), "pL", "volume of ecs"))
            e, t = (np.repeat(a[..., None], 3, axis=2) for a in (e, t))
        for name, nodes, unit, text in factors:
            file.createDimension(name, len(nodes))
            add(file, name, "f8", (name,), nodes, units=unit, long_name=text)
        fold = 0.25 + 0.02 * (t - 25)
        code = np.where(e < fold, 3, np.where(e < fold + 0.12, 2, 1))
        code = np.where((e > 0.9) & (t < 26), 4, code)
        status = np.where((e < 0.08) & (t > 40), 2, 1)
        status = np.where(t > 41.8, 0, status)
        potassium = np.where(e < fold, 60 - 10 * e, 3.5 + 2 * np.exp(-8 * (e - fold)))
        potassium = np.where(status == 1, potassium, np.nan)
        voltage = np.where(e < fold, -20 + 45 * (fold - e), -72 + 10 * fold / e)
        file.title = "Where the resting state survives"
        file.Conventions = "CF-1.8, ACDD-1.3"
        add(file, "ecs_K", "f8", dims, potassium, units="mmol/L", long_name="concentration of K in ecs")
        add(file, "neuron_V", "f8", dims, voltage, units="mV", long_name="membrane potential of neuron")
        add(file, "stability_eigenvalue", "f8", dims, 4 * (fold - e), units="s-1",
            long_name="leading eigenvalue")
        flags = {"flag_values": np.arange(8, dtype="i1"), "flag_meanings": STATUS, "long_name": "status"}
        add(file, "status", "i1", dims, status, **flags)
        flags = {"flag_values": np.arange(6, dtype="i1"), "flag_meanings": CLASS,
                 "long_name": "class of the steady state"}
        add(file, "class", "i1", dims, np.where(status == 1, code, 0), **flags)


def thin_out(path, by_class):
    """Make it a boundary map: three nodes of four were not solved, and of the class of their cell if `by_class`."""
    with netCDF4.Dataset(path, "r+") as file:
        status, values = file["status"][...], file["ecs_K"][...]
        left_out = np.arange(status.size).reshape(status.shape) % 4 > 0
        file["status"][...] = np.where(left_out & (status == 1), 7, status)
        file["ecs_K"][...] = np.where(left_out, np.nan, values)
        if by_class:
            file["class"].comment = "where status is not_needed: that of the solved nodes around"


def load_map():
    """The script as a module: importing xarray for every case would take most of the time."""
    sys.path.insert(0, str(MAP.parent))  # where the script finds what it shares with others
    spec = importlib.util.spec_from_file_location("ion_map", MAP)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SCRIPT = load_map()


def run(*arguments):
    """(exit status, standard output, standard error)"""
    sys.argv = [str(MAP), *map(str, arguments)]
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        status = SCRIPT.main()
    return status, out.getvalue(), err.getvalue()


def draws(picture, *arguments):
    """The command succeeds and leaves a picture that is not blank."""
    status, out, err = run(*arguments)
    assert status == 0, err
    assert out.strip() == str(picture), out
    assert err == "", err
    if picture.suffix == ".png":
        pixels = matplotlib.image.imread(picture)[..., :3].reshape(-1, 3)
        assert len(np.unique((pixels * 15).astype(int), axis=0)) > 20, "blank picture"
    else:
        assert picture.read_bytes().startswith(b"%PDF")


def refuses(words, *arguments):
    """Exit 2 and one line that says the words."""
    status, _, err = run(*arguments)
    assert status == 2, (status, err)
    assert len(err.strip().splitlines()) == 1, err
    assert words in err, err


def exits_with_2_from_a_shell(*arguments):
    result = subprocess.run([sys.executable, str(MAP), *map(str, arguments)], capture_output=True,
                            text=True, timeout=100, check=False)
    assert result.returncode == 2, result
    assert len(result.stderr.strip().splitlines()) == 1, result


def scales_as_the_values_ask():
    """Diverging about zero where both signs matter, logarithmic where values crowd at the low end."""
    class Options:
        log = linear = False

    cmap, norm, _ = SCRIPT.scale_of(np.array([-3.0, 1.0, 2.0]), Options)
    assert cmap == "RdBu_r" and norm(0.0) == 0.5
    cmap, norm, _ = SCRIPT.scale_of(np.array([-90.0, -60.0, 4.0]), Options)
    assert cmap == "viridis" and norm(-90.0) == 0.0
    _, norm, _ = SCRIPT.scale_of(np.array([3.5, 3.6, 3.7, 60.0]), Options)
    assert abs(norm(np.sqrt(3.5 * 60)) - 0.5) < 1e-12
    assert SCRIPT.is_logarithmic(np.geomspace(1, 100, 7))
    assert not SCRIPT.is_logarithmic(np.linspace(1, 100, 7))
    assert np.allclose(SCRIPT.edges_of(np.array([1.0, 2.0, 4.0]), False), [0.5, 1.5, 3.0, 5.0])
    shared = sys.modules["figure"]
    assert shared.unit_text("s^-1") == "s⁻¹" and shared.unit_text("degC") == "°C"
    assert shared.plain("energy_supply of neuron.spike_load at_rest") == "energy supply of neuron.spike_load at rest"


def boundaries_run_between_cells():
    """Two columns of different class: one line, at the edge between them."""
    code, edges = np.array([[1, 3], [1, 3]]), np.array([0.0, 1.0, 2.0])
    assert SCRIPT.boundaries(code, edges, edges) == [[(1, 0), (1, 1)], [(1, 1), (1, 2)]]


def thresholds_have_lines_and_kinds(folder):
    """A threshold that rises along both factors and is absent in a corner."""
    path = folder / "threshold.nc"
    write_study(path)
    with netCDF4.Dataset(path, "a") as file:
        e, t = np.meshgrid(file["energy_supply"][:], file["temperature"][:], indexing="ij")
        absent = e + t / 42 > 1.7
        dims = ("energy_supply", "temperature")
        add(file, "threshold_neuron_nka_rate", "f8", dims, np.where(absent, np.nan, e * t), units="fmol/s",
            long_name="neuron.nka.rate at which the physiological state is lost")
        flags = {"flag_values": np.arange(5, dtype="i1"), "flag_meanings": "none fold hopf bound absent"}
        add(file, "threshold_kind", "i1", dims, np.where(absent, 4, np.where(e > 0.5, 1, 2)), **flags)
    draws(folder / "threshold.png", path, "--of", "threshold.neuron.nka.rate")
    draws(folder / "threshold_log.png", path, "--of", "threshold.neuron.nka.rate", "--log", "--output",
          folder / "threshold_log.png")
    draws(folder / "kind.png", path, "--of", "threshold.kind", "--output", folder / "kind.png")
    texts = []
    SCRIPT.save, kept = (lambda figure, _: texts.extend(t.get_text() for t in figure.axes[0].texts)), SCRIPT.save
    assert run(path, "--of", "threshold.neuron.nka.rate")[0] == 0
    SCRIPT.save = kept
    assert {"fold", "Hopf point", "no healthy state"} <= set(texts), texts
    assert {"10", "20"} & set(texts), texts  # the values of lines


def boundary_maps_have_a_class_everywhere(folder):
    """The picture of classes is that of the full grid; a number is shown where it was solved, and masked elsewhere."""
    full, part, other = (folder / f"{n}.nc" for n in ("full", "part", "other"))
    for path in (full, part, other):
        write_study(path)
    thin_out(part, by_class=True)
    thin_out(other, by_class=False)
    for path in (full, part, other):
        draws(path.with_suffix(".png"), path, "--of", "class")
    picture = {p: matplotlib.image.imread(p.with_suffix(".png")) for p in (full, part, other)}
    assert np.array_equal(picture[full], picture[part]), "the classes of cells are not drawn as classes"
    assert not np.array_equal(picture[full], picture[other]), "nodes without a class are drawn as if they had one"
    draws(folder / "k.png", part, "--of", "ecs_K", "--output", folder / "k.png")
    draws(folder / "nodes.png", part, "--of", "class", "--nodes", "--output", folder / "nodes.png")
    assert not np.array_equal(picture[part], matplotlib.image.imread(folder / "nodes.png"))
    draws(folder / "line.png", part, "--of", "class", "--at", "temperature=31", "--output", folder / "line.png")


def main():
    scales_as_the_values_ask()
    boundaries_run_between_cells()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        thresholds_have_lines_and_kinds(folder)
        boundary_maps_have_a_class_everywhere(folder)
        plane, box, chain = folder / "plane.nc", folder / "box.nc", folder / "chain.nc"
        write_study(plane)
        write_study(box, 12, 9, with_cells=True)
        write_study(chain, n_temperature=1)
        draws(folder / "plane.png", plane, "--of", "ecs_K")
        draws(folder / "v.pdf", plane, "--of", "neuron.V", "--output", folder / "v.pdf")
        draws(folder / "c.png", plane, "--of", "class", "--output", folder / "c.png", "--title", "t")
        draws(folder / "s.png", plane, "--of", "status", "--output", folder / "s.png")
        draws(folder / "e.png", plane, "--of", "stability_eigenvalue", "--output", folder / "e.png")
        draws(folder / "i.png", plane, "--of", "ecs_K", "--linear", "--output", folder / "i.png")
        draws(folder / "l.png", plane, "--of", "ecs_K", "--log", "--output", folder / "l.png")
        draws(folder / "line.png", plane, "--of", "ecs_K", "--at", "temperature=31 degC", "--output",
              folder / "line.png")
        draws(folder / "box.png", box, "--of", "ecs_K", "--at", "ecs_volume=0.21")
        draws(folder / "chain.png", chain, "--of", "class")
        refuses("did you mean 'ecs_K'", plane, "--of", "ecs_k")
        refuses("--log needs positive", plane, "--of", "neuron_V", "--log")
        refuses("no factor 'presure'", plane, "--of", "ecs_K", "--at", "presure=1")
        refuses("in degC", plane, "--of", "ecs_K", "--at", "temperature=300 K")
        refuses("is no number", plane, "--of", "ecs_K", "--at", "temperature=warm")
        refuses("3 factors vary", box, "--of", "ecs_K")
        refuses("single point", chain, "--of", "ecs_K", "--at", "energy_supply=1")
        refuses("must end in", plane, "--of", "ecs_K", "--output", folder / "x.doc")
        refuses("cannot be written", plane, "--of", "ecs_K", "--output", folder / "absent" / "x.png")
        exits_with_2_from_a_shell(folder / "absent.nc", "--of", "ecs_K")
        refuses("no such file", folder / "absent.nc", "--of", "ecs_K")
        (folder / "text.nc").write_text("not a result file")
        refuses("not a NetCDF file", folder / "text.nc", "--of", "ecs_K")
    print("all pictures drawn, all mistakes refused")


if __name__ == "__main__":
    main()
