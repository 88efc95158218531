"""What the scripts of this folder share: result files opened and cut, words and units as print has them, axes, and
what a command line starts and ends with."""
import difflib
import pathlib
import re
import sys
import textwrap

try:
    import numpy as np
    import xarray as xr
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
except ImportError as error:
    sys.exit(f"{pathlib.Path(sys.argv[0]).name}: {error} (Debian: python3-xarray python3-matplotlib python3-netcdf4)")

STYLE = {
    "font.family": "sans-serif", "font.size": 9, "axes.titlesize": 10, "axes.titlelocation": "left",
    "axes.labelsize": 9, "axes.linewidth": 0.6, "xtick.major.width": 0.6, "ytick.major.width": 0.6,
    "legend.fontsize": 8, "legend.frameon": False, "hatch.linewidth": 0.5, "pdf.fonttype": 42,
    "savefig.dpi": 200,
}
CLASS_COLOUR = {
    "physiological": "#7fb8ad", "strained": "#f2cf73", "collapsed": "#bf5b50",
    "oscillatory": "#8d78b5", "none_found": "#9a9a9a", "ok": "#cfe3de", "pending": "#f0f0f0",
}
OTHER_COLOUR = ["#6f9fc8", "#d9a05b", "#87b26a", "#c58bb0", "#b0a48a", "#6b6b6b"]
PENDING, FAILED = "#f0f0f0", "#c4c4c4"
UNIT_TEXT = {"degC": "°C", "degree_Celsius": "°C", "celsius": "°C", "mmol/L": "mM", "umol/L": "µM",
             "nmol/L": "nM", "1": "", "": ""}
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
MOST_CELLS = 1500  # along an axis; more than a printed figure resolves


class UserError(Exception):
    """One line for the person who typed the command."""


# ---- reading ----

def open_study(path):
    if not pathlib.Path(path).is_file():
        raise UserError(f"{path}: no such file")
    try:
        # Undecoded: "s" would become a timedelta, and no value here is a calendar date.
        study = xr.open_dataset(path, decode_cf=False, engine="netcdf4")
    except Exception as error:
        raise UserError(f"{path}: not a NetCDF file that can be read ({error})") from error
    if "status" not in study:
        raise UserError(f"{path}: no variable 'status'; not a result file of ionsweep run")
    return study


def find_output(study, name):
    wanted = name.replace(".", "_")
    known = [v for v in study.data_vars if study[v].dims == study["status"].dims]
    if wanted not in known:
        near = difflib.get_close_matches(wanted, known, n=1)
        hint = f"did you mean '{near[0]}'?" if near else "it has: " + ", ".join(sorted(known))
        raise UserError(f"no output '{name}' in this file; {hint}")
    return wanted


def parse_cut(study, text):
    """("temperature", index) of --at temperature=310: the nearest node."""
    name, _, value = text.partition("=")
    name = name.strip().replace(".", "_")
    if name not in study["status"].dims:
        raise UserError(f"--at {text}: no factor '{name}'; factors: {', '.join(study['status'].dims)}")
    number = re.match(r"\s*([-+]?[\d.]+(?:[eE][-+]?\d+)?)\s*(.*)$", value)
    unit = study[name].attrs.get("units", "") if name in study else ""
    if not number:
        raise UserError(f"--at {text}: '{value}' is no number")
    if number.group(2).strip() not in ("", unit, unit_text(unit)):
        raise UserError(f"--at {text}: this file has {name} in {unit}")
    nodes = coordinate_of(study, name)
    return name, int(np.argmin(np.abs(nodes - float(number.group(1)))))


def cut(study, texts, most):
    """Fix the factors given by --at and those with one node; at most `most` may be left."""
    fixed = dict(parse_cut(study, text) for text in texts)
    fixed.update({d: 0 for d, n in study.sizes.items() if n == 1 and d in study["status"].dims})
    left = [d for d in study["status"].dims if d not in fixed]
    if left == ["point"]:
        raise UserError("a list of points has no map: it has no axes, only points")
    if len(left) > most:
        raise UserError(f"{len(left)} factors vary ({', '.join(left)}): fix all but {most} with "
                        "--at NAME=VALUE")
    if not left:
        raise UserError("a single point is left: nothing to draw (ionsweep point prints it)")
    thin = {d: slice(None, None, -(-study.sizes[d] // MOST_CELLS)) for d in left}
    where = [f"{d.replace('_', ' ')} {coordinate_of(study, d)[i]:.4g} "
             f"{unit_text(study[d].attrs.get('units', ''))}".strip() for d, i in fixed.items() if d in study]
    return study.isel({**fixed, **thin}), left, where


def coordinate_of(study, name):
    return np.asarray(study[name].values, dtype=float) if name in study else np.arange(study.sizes[name])


def status_of(study, name, dims):
    """The status as far as one output goes: of a boundary map, nodes that were not solved have the class
    of their cell, and that counts as any other."""
    status = study["status"]
    if "not_needed" in str(study[name].attrs.get("comment", "")):
        status = status.where(status != value_of(status, "not_needed"), value_of(status, "ok"))
    return status.transpose(*dims).values


def value_of(variable, meaning):
    return {m: v for v, m in (flags_of(variable) or {}).items()}.get(meaning)


def flags_of(variable):
    """{value: meaning} of a variable of named values, else None."""
    meanings = str(variable.attrs.get("flag_meanings", "")).split()
    values = np.atleast_1d(variable.attrs.get("flag_values", []))
    return dict(zip((int(v) for v in values), meanings)) if meanings else None


# ---- words ----

def unit_text(unit):
    """As print has it: °C, mM, s⁻¹."""
    text = UNIT_TEXT.get(unit, re.sub(r"^\(?mmol/L\)?", "mM", unit))
    return re.sub(r"(?<=[A-Za-z])\^?(-?\d+)", lambda m: m.group(1).translate(SUPERSCRIPT), text)


def plain(text):
    """Blanks for the underscores of words; a name with dots is left as it is typed."""
    return re.sub(r"(?<![.\w])\w+(?![.\w])", lambda word: word.group().replace("_", " "), text)


def label_of(study, name, width=60):
    attrs = study[name].attrs if name in study else {}
    text = plain(str(attrs.get("long_name") or name))
    unit = unit_text(str(attrs.get("units", "")))
    return textwrap.fill(text[:1].upper() + text[1:] + (f" ({unit})" if unit else ""), width)


# ---- scales ----

def is_logarithmic(x):
    if len(x) < 3 or np.any(x <= 0) or x.max() / x.min() < 5:
        return False
    step = np.diff(np.log(x))
    return np.ptp(step) < 1e-6 * abs(step[0])


def edges_of(x, logarithmic):
    """Cell edges half-way between nodes."""
    t = np.log(x) if logarithmic else x
    middle = (t[1:] + t[:-1]) / 2
    edges = np.concatenate([[2 * t[0] - middle[0]], middle, [2 * t[-1] - middle[-1]]])
    return np.exp(edges) if logarithmic else edges


def ticks_125(low, high, digits=(1, 2, 5)):
    """1, 2, 5, 10, ... within the range; decades alone where that is too many."""
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    digits = digits if len(powers) <= 5 else (1,)
    return [d * 10.0**p for p in powers for d in digits if low <= d * 10.0**p <= high]


def colours_of(flags):
    other = iter(OTHER_COLOUR * 8)
    return {v: CLASS_COLOUR[m] if m in CLASS_COLOUR else next(other) for v, m in flags.items()}


# ---- command line ----

def output_of(options, first):
    """Where the picture goes: --output, or beside the (first) file."""
    output = pathlib.Path(options.output or pathlib.Path(first).with_suffix(".png"))
    if output.suffix not in (".png", ".pdf", ".svg"):
        raise UserError(f"--output {output}: the name must end in .png, .pdf or .svg")
    return output


def save(figure, output):
    try:
        figure.savefig(output)
    except OSError as error:
        raise UserError(f"{output}: cannot be written ({error.strerror})") from error
    finally:
        plt.close(figure)
    print(f"{output}")


def run(script, draw, options):
    """The exit status of a script: 2 and one line where the command cannot be followed."""
    try:
        draw(options)
    except UserError as error:
        print(f"{script}: {error}", file=sys.stderr)
        return 2
    return 0
