#!/usr/bin/env python3
"""Draw one output of a grid study: a colour map over two factors, or a line over one.

usage: map.py FILE.nc --of ecs_K [--at temperature=310] [--output FILE.png] [--log | --linear] [--title TEXT] [--nodes]
"""
import argparse
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
    from matplotlib import colors, patches, patheffects
    from matplotlib.collections import LineCollection
except ImportError as error:
    sys.exit(f"map.py: {error} (Debian: python3-xarray python3-matplotlib python3-netcdf4)")

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


def label_of(study, name, width=60):
    attrs = study[name].attrs if name in study else {}
    text = str(attrs.get("long_name") or name.replace("_", " "))
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


def scale_of(values, options):
    """(colour map, norm, extend): diverging about zero where both signs matter; logarithmic where
    asked for, or where half of a positive map would share the lowest 15 % of a linear scale."""
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        raise UserError("no point has a value of this output yet")
    crowded = finite.min() > 0 and np.median(finite) - finite.min() < 0.15 * np.ptp(finite) \
        and finite.max() > 4 * finite.min()
    if options.log or (crowded and not options.linear):
        if finite.min() <= 0:
            raise UserError(f"--log needs positive values; the smallest is {finite.min():.4g}")
        return "viridis", colors.LogNorm(finite.min(), finite.max()), "neither"
    low, high = finite.min(), finite.max()
    inner_low, inner_high = np.percentile(finite, [0.5, 99.5])
    extend = "neither"
    if high - low > 5 * (inner_high - inner_low) > 0:  # a few outliers would take all the colours
        extend = {(1, 1): "both", (1, 0): "min", (0, 1): "max"}.get(
            (int(low < inner_low), int(high > inner_high)), "neither")
        low, high = inner_low, inner_high
    if low < 0 < high and min(-low, high) > 0.15 * (high - low):
        limit = max(-low, high)
        return "RdBu_r", colors.Normalize(-limit, limit), extend
    if low == high:
        low, high = low - 0.5 * (abs(low) or 1), high + 0.5 * (abs(high) or 1)
    return "viridis", colors.Normalize(low, high), extend


def ticks_125(low, high):
    """1, 2, 5, 10, ... within the range; decades alone where that is too many."""
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    digits = (1, 2, 5) if len(powers) <= 5 else (1,)
    return [d * 10.0**p for p in powers for d in digits if low <= d * 10.0**p <= high]


def colours_of(flags):
    other = iter(OTHER_COLOUR * 8)
    return {v: CLASS_COLOUR[m] if m in CLASS_COLOUR else next(other) for v, m in flags.items()}


# ---- a map over two factors ----

def boundaries(code, x, y):
    """Line segments between neighbouring cells of different code; x, y are cell edges."""
    right, up = code[:, 1:] != code[:, :-1], code[1:, :] != code[:-1, :]
    segments = [[(x[j + 1], y[i]), (x[j + 1], y[i + 1])] for i, j in zip(*np.nonzero(right))]
    return segments + [[(x[j], y[i + 1]), (x[j + 1], y[i + 1])] for i, j in zip(*np.nonzero(up))]


def inner_cell(region):
    """(row, column, depth) of the cell of a region farthest from its edge, by peeling layers off.

    The figure's border counts as edge, so that a name stays inside."""
    depth, left = 0, np.pad(region, 1)
    while True:
        inside = left[1:-1, 1:-1]
        peeled = np.zeros_like(left)
        peeled[1:-1, 1:-1] = (inside & left[2:, 1:-1] & left[:-2, 1:-1] & left[1:-1, 2:]
                              & left[1:-1, :-2])
        if not peeled.any():
            rows, columns = np.nonzero(inside)
            k = np.argmin(np.hypot(rows - rows.mean(), columns - columns.mean()))
            return rows[k], columns[k], depth
        depth, left = depth + 1, peeled


def name_regions(axes, code, x, y, flags, letters):
    """Write each class into its region; where it is too small for that the legend has it, by a letter
    if `letters` (its colour says it otherwise).

    Returns (value, legend text) of the small ones."""
    small = []
    halo = [patheffects.withStroke(linewidth=2.2, foreground="white", alpha=0.85)]
    for value, meaning in flags.items():
        region = code == value
        if not region.any():
            continue
        row, column, depth = inner_cell(region)
        text = meaning.replace("_", " ")
        if depth < 0.035 * min(code.shape) or region.mean() < 0.02:
            letter = "abcdefgh"[len(small) % 8] if letters else ""
            key = f"{letter}: {text}" if letters else text
            small.append((value, f"{key} ({share(region.mean())})"))
            text = letter
        axes.text((x[column] + x[column + 1]) / 2, (y[row] + y[row + 1]) / 2, text, ha="center",
                  va="center", fontsize=8.5, style="italic", path_effects=halo)
    return small


def draw_without_state(axes, status, x, y, flags):
    """Grey where there is nothing to show; the legend entries for it."""
    entries = []
    for value, meaning in flags.items():
        here = status == value
        if meaning == "ok" or not here.any():
            continue
        colour, hatch = {"pending": (PENDING, "...."), "not_needed": (PENDING, "")}.get(meaning, (FAILED, "////"))
        axes.pcolormesh(x, y, np.ma.masked_where(~here, here.astype(float)), rasterized=True,
                        cmap=colors.ListedColormap([colour]))
        axes.contourf(*centres(x, y), here.astype(float), levels=[0.5, 1.5], colors="none",
                      hatches=[hatch]) if hatch and min(here.shape) > 1 else None
        entries.append(patches.Patch(facecolor=colour, edgecolor="0.4", hatch=hatch, linewidth=0.4,
                                     label=f"{meaning.replace('_', ' ')} ({share(here.mean())})"))
    return entries


def centres(x, y):
    return (x[1:] + x[:-1]) / 2, (y[1:] + y[:-1]) / 2


def share(fraction):
    return f"{100 * fraction:.0f} %" if fraction >= 0.01 else f"{100 * fraction:.1g} %"


def draw_classes(axes, code, status, x, y, flags, filled):
    """Boundaries and names of classes; legend entries for regions too small to be named in place."""
    shown = np.where(status == 1, code, -1)
    lines = boundaries(shown, x, y)
    axes.add_collection(LineCollection(lines, colors="white", linewidths=2, capstyle="projecting"))
    axes.add_collection(LineCollection(lines, colors="black", linewidths=0.8, capstyle="projecting"))
    colour = colours_of(flags)
    return [patches.Patch(facecolor=colour[v] if filled else "none", edgecolor="black", linewidth=0.6,
                          label=text)
            for v, text in name_regions(axes, shown, x, y, flags, letters=not filled)]


def hatch_collapsed(axes, code, x, y, flags):
    """Sparse lines over the collapsed region, so that it stands out in black and white."""
    values = [v for v, m in flags.items() if m == "collapsed"]
    here = np.isin(code, values)
    if here.any() and min(here.shape) > 1:
        hatched = axes.contourf(*centres(x, y), here.astype(float), levels=[0.5, 1.5], colors="none",
                                hatches=["\\\\"])
        for collection in hatched.collections:
            collection.set_edgecolor((0, 0, 0, 0.35))
            collection.set_linewidth(0)


def draw_map(figure, study, name, dims, options):
    axes = figure.add_subplot()
    nodes = [coordinate_of(study, d) for d in dims]
    logs = [is_logarithmic(n) for n in nodes]
    x, y = (edges_of(n, is_log) for n, is_log in zip(nodes, logs))
    variable = study[name].transpose(dims[1], dims[0])
    status = status_of(study, name, dims[::-1])
    flags = flags_of(variable)
    if flags:
        entries = draw_codes(axes, variable.values, status, x, y, flags, name)
    else:
        values = np.where(status == 1, variable.values.astype(float), np.nan)
        cmap, norm, extend = scale_of(values, options)
        mesh = axes.pcolormesh(x, y, np.ma.masked_invalid(values), cmap=cmap, norm=norm, rasterized=True)
        bar = figure.colorbar(mesh, ax=axes, extend=extend, pad=0.025, aspect=28)
        bar.set_label(label_of(study, name, 46))
        bar.outline.set_linewidth(0.6)
        if isinstance(norm, colors.LogNorm):
            ticks = ticks_125(norm.vmin, norm.vmax)
            bar.set_ticks(ticks, labels=[f"{t:g}" for t in ticks], minor=False)
            bar.minorticks_off()
        entries = []
    class_flags = flags_of(study["class"]) if "class" in study and not flags else None
    if class_flags:
        classified = status_of(study, "class", dims[::-1])
        code = np.where(classified == 1, study["class"].transpose(dims[1], dims[0]).values, -1)
        hatch_collapsed(axes, code, x, y, class_flags)
        entries += draw_classes(axes, code, classified, x, y, class_flags, filled=False)
    if name != "status":
        entries += draw_without_state(axes, status, x, y, flags_of(study["status"]) or {})
    if options.nodes:
        entries += draw_nodes(axes, study, dims)
    finish_axes(axes, study, dims, logs, x, y, entries)


def draw_codes(axes, code, status, x, y, flags, name):
    """Named values as flat colours."""
    if name == "status":
        status = np.ones_like(status)
    colour = colours_of(flags)
    values = sorted(flags)
    index = np.searchsorted(values, code)
    shown = np.ma.masked_where((status != 1) | ~np.isin(code, values), index)
    axes.pcolormesh(x, y, shown, rasterized=True, vmin=-0.5, vmax=len(values) - 0.5,
                    cmap=colors.ListedColormap([colour[v] for v in values]))
    return draw_classes(axes, code, status, x, y, flags, filled=True)


def draw_nodes(axes, study, dims):
    """A dot at every node that was solved."""
    row, column = np.nonzero(study["status"].transpose(dims[1], dims[0]).values == 1)
    x, y = (coordinate_of(study, d) for d in dims)
    return axes.plot(x[column], y[row], ".", color="black", markersize=1.2, markeredgewidth=0, rasterized=True,
                     label=f"solved nodes ({share(len(row) / study['status'].size)})")


def finish_axes(axes, study, dims, logs, x, y, entries):
    axes.set(xlabel=label_of(study, dims[0], 55), ylabel=label_of(study, dims[1], 42),
             xscale="log" if logs[0] else "linear", yscale="log" if logs[1] else "linear",
             xlim=(x.min(), x.max()), ylim=(y.min(), y.max()))
    axes.tick_params(direction="out", length=3)
    if entries:
        legend_below(axes, entries)


def legend_below(axes, entries):
    drop = 0.145 + 0.05 * axes.get_xlabel().count("\n")
    axes.legend(handles=entries, loc="upper center", bbox_to_anchor=(0.5, -drop), handlelength=1.6,
                ncol=min(3, len(entries)))


# ---- a line over one factor ----

def draw_line(figure, study, name, dims, options):
    axes = figure.add_subplot()
    x = coordinate_of(study, dims[0])
    status = status_of(study, name, dims)
    edges = edges_of(x, is_logarithmic(x))
    flags = flags_of(study[name])
    y = np.where(status == 1, study[name].values.astype(float), np.nan)
    if flags:
        axes.set_yticks(sorted(flags), [flags[v].replace("_", " ") for v in sorted(flags)])
    else:
        _, norm, _ = scale_of(y, options)
        if isinstance(norm, colors.LogNorm):
            axes.set_yscale("log")
            ticks = ticks_125(norm.vmin / 1.5, norm.vmax * 1.5)
            axes.set_yticks(ticks, labels=[f"{t:g}" for t in ticks])
            axes.minorticks_off()
    axes.plot(*broken_at_collapse(study, x, y), color="black", linewidth=1.2, markersize=3,
              marker="." if len(x) < 60 else None)
    entries = shade(axes, study["class"].values, status_of(study, "class", dims), edges, flags_of(study["class"])) \
        if "class" in study else []
    axes.set(xlabel=label_of(study, dims[0]), ylabel="" if flags else label_of(study, name, 46),
             xscale="log" if is_logarithmic(x) else "linear", xlim=(edges.min(), edges.max()))
    axes.tick_params(direction="out", length=3)
    if entries:
        legend_below(axes, entries)


def broken_at_collapse(study, x, y):
    """The line with a gap where it jumps from one branch of states to the other."""
    flags = flags_of(study["class"]) if "class" in study else None
    if not flags:
        return x, y
    fallen = np.isin(study["class"].values, [v for v, m in flags.items() if m == "collapsed"])
    jumps = np.nonzero(fallen[1:] != fallen[:-1])[0] + 1
    return np.insert(x, jumps, x[jumps]), np.insert(y, jumps, np.nan)


def shade(axes, code, status, edges, flags):
    """Tint the background by class; grey where there is no state."""
    entries = {}
    colour = colours_of(flags)
    runs = np.where(status == 1, code, -1)
    start = 0
    for end in range(1, len(runs) + 1):
        if end < len(runs) and runs[end] == runs[start]:
            continue
        value = int(runs[start])
        label = flags.get(value, "no state").replace("_", " ")
        axes.axvspan(edges[start], edges[end], color=colour.get(value, FAILED), alpha=0.35, linewidth=0)
        entries[label] = patches.Patch(facecolor=colour.get(value, FAILED), alpha=0.35, label=label)
        start = end
    return list(entries.values())


# ---- command line ----

def arguments():
    parser = argparse.ArgumentParser(description="Draw one output of a grid study.")
    parser.add_argument("file", help="result file of ionsweep run")
    parser.add_argument("--of", required=True, metavar="NAME", help="output to draw: ecs_K, class, ...")
    parser.add_argument("--at", action="append", default=[], metavar="FACTOR=VALUE",
                        help="fix a factor at its node nearest to VALUE (may be repeated)")
    parser.add_argument("--output", metavar="FILE", help="FILE.png or .pdf (default: beside the file)")
    scale = parser.add_mutually_exclusive_group()
    scale.add_argument("--log", action="store_true", help="logarithmic scale of the output")
    scale.add_argument("--linear", action="store_true",
                       help="linear scale, also where half of the map would look alike")
    parser.add_argument("--nodes", action="store_true", help="mark the nodes that were solved, of a boundary map")
    parser.add_argument("--title", help="instead of the study's title")
    return parser.parse_args()


def draw(options):
    output = pathlib.Path(options.output or pathlib.Path(options.file).with_suffix(".png"))
    if output.suffix not in (".png", ".pdf", ".svg"):
        raise UserError(f"--output {output}: the name must end in .png, .pdf or .svg")
    study = open_study(options.file)
    name = find_output(study, options.of)
    study, dims, where = cut(study, options.at, most=2)
    plt.rcParams.update(STYLE)
    figure = plt.figure(figsize=(6.2, 4.4), layout="constrained")
    (draw_map if len(dims) == 2 else draw_line)(figure, study, name, dims, options)
    title = options.title if options.title is not None else str(study.attrs.get("title", ""))
    if flags_of(study[name]) and not options.title:  # there is no colour bar to say what is drawn
        title = ": ".join(t for t in (title, label_of(study, name)) if t)
    figure.axes[0].set_title("\n".join(t for t in (title, ", ".join(where)) if t), pad=8)
    try:
        figure.savefig(output)
    except OSError as error:
        raise UserError(f"{output}: cannot be written ({error.strerror})") from error
    print(f"{output}")


def main():
    try:
        draw(arguments())
    except UserError as error:
        print(f"map.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
