#!/usr/bin/env python3
"""Draw branches of steady states: stable parts solid, unstable ones dashed, folds and Hopf points marked.

usage: branch.py FILE.nc [FILE.nc ...] [--of neuron_V ...] [--output FILE.png] [--log] [--title TEXT]

The files are those of `ionsweep branch ... -o FILE.nc`; several of them, in the same parameter, share one diagram. Each
output gets a panel of its own.
"""
import argparse
import sys
import textwrap

from figure import (STYLE, UserError, coordinate_of, find_output, flags_of, label_of, np, open_study, output_of, plain, plt,
                    run, save, unit_text)
from matplotlib.lines import Line2D

COLOUR = ["#2f5f8a", "#bf5b50", "#5f8f4e", "#8d78b5", "#c77b53", "#5aa5a0"]
MARK = {"fold": ("fold", "o", "full"), "hopf": ("Hopf point", "D", "none")}


# ---- reading ----

def open_branch(path):
    branch = open_study(path)
    if "place" not in branch or "arclength" not in branch:
        raise UserError(f"{path}: no variable 'place'; not a file of ionsweep branch")
    return branch


def parameter_of(branch):
    return str(branch["place"].attrs["coordinates"])


def outputs_of(branches, wanted):
    """Names of the outputs to draw: those asked for, or the first membrane potential, or the first output."""
    if wanted:
        return [[find_output(b, name) for b in branches][0] for name in wanted]
    own = {"status", "chunk_crc", "arclength", "stability_eigenvalue", "stability_frequency", "unstable", "place",
           parameter_of(branches[0])}
    known = [v for v in branches[0].data_vars if v not in own]
    potentials = [v for v in known if v.endswith("_V")]
    return (potentials or known)[:1]


def open_all(paths):
    branches = [open_branch(path) for path in paths]
    names = {parameter_of(b) for b in branches}
    if len(names) > 1:
        raise UserError(f"these branches are followed in different parameters: {', '.join(sorted(names))}")
    return branches


# ---- drawing ----

def pieces(unstable):
    """(slice, is it stable) of stretches between places where stability changes; neighbours share a place."""
    steps = np.maximum(unstable[1:], unstable[:-1]) > 0
    bounds = [0, *(np.nonzero(steps[1:] != steps[:-1])[0] + 1), len(steps)]
    return [(slice(a, b + 1), not steps[a]) for a, b in zip(bounds[:-1], bounds[1:])]


def draw_branch(axes, branch, name, colour):
    x, y = coordinate_of(branch, parameter_of(branch)), branch[name].values.astype(float)
    for where, is_stable in pieces(branch["unstable"].values):
        axes.plot(x[where], y[where], color=colour, linewidth=1.6 if is_stable else 1.0,
                  linestyle="-" if is_stable else (0, (4, 2.5)))
    words = flags_of(branch["place"])
    for p, code in enumerate(branch["place"].values):
        if words[int(code)] in MARK:
            mark_place(axes, x, y, p, words[int(code)], colour)


def mark_place(axes, x, y, p, kind, colour):
    """A fold has its name on the side that its branch turns away from, a Hopf point above its branch."""
    word, marker, fill = MARK[kind]
    axes.plot(x[p], y[p], marker=marker, color=colour, fillstyle=fill, markersize=5, zorder=3)
    before, after = max(p - 1, 0), min(p + 1, len(x) - 1)
    if kind == "fold":
        is_left, offset = x[p] < (x[before] + x[after]) / 2, 0
    else:
        is_left, offset = (y[after] - y[before]) * (x[after] - x[before]) > 0, 6
    axes.annotate(f"{word} {x[p]:.6g}", (x[p], y[p]), (-6 if is_left else 6, offset), textcoords="offset points",
                  ha="right" if is_left else "left", va="bottom" if offset else "center", fontsize=7.5)


def label_of_parameter(branch):
    """Its name and meaning: meanings alone are shared by the parameters of a kind."""
    name = parameter_of(branch)
    unit = unit_text(str(branch[name].attrs.get("units", "")))
    text = plain(f"{name}: {branch[name].attrs.get('long_name', '')}".rstrip(": "))
    return textwrap.fill(text[:1].upper() + text[1:] + (f" ({unit})" if unit else ""), 80)


def draw_legend(axes, branches, files):
    """What lines and marks mean, and which colour is which file."""
    kinds = {flags_of(b["place"])[int(code)] for b in branches for code in b["place"].values}
    entries = [Line2D([], [], color=COLOUR[k % len(COLOUR)], linewidth=1.6, label=f) for k, f in enumerate(files)] \
        if len(files) > 1 else []
    entries += [Line2D([], [], color="0.25", linewidth=1.6, label="stable"),
                Line2D([], [], color="0.25", linewidth=1.0, linestyle=(0, (4, 2.5)), label="unstable")]
    entries += [Line2D([], [], color="0.25", linestyle="", marker=marker, fillstyle=fill, markersize=5, label=word)
                for kind, (word, marker, fill) in MARK.items() if kind in kinds]
    drop = 0.2 + 0.08 * axes.get_xlabel().count("\n")
    axes.legend(handles=entries, loc="upper center", bbox_to_anchor=(0.5, -drop), ncol=min(6, len(entries)))


# ---- command line ----

def arguments():
    parser = argparse.ArgumentParser(description="Draw branches of steady states.")
    parser.add_argument("file", nargs="+", help="result file of ionsweep branch")
    parser.add_argument("--of", nargs="+", metavar="NAME", help="outputs, a panel each (default: the first potential)")
    parser.add_argument("--output", metavar="FILE", help="FILE.png or .pdf (default: beside the first file)")
    parser.add_argument("--log", action="store_true", help="logarithmic axis of the parameter")
    parser.add_argument("--title", help="instead of the title of the first file")
    return parser.parse_args()


def draw(options):
    output = output_of(options, options.file[0])
    branches = open_all(options.file)
    names = outputs_of(branches, options.of)
    values = np.concatenate([coordinate_of(b, parameter_of(b)) for b in branches])
    if options.log and values.min() <= 0:
        raise UserError(f"--log needs a positive parameter; its smallest value is {values.min():.4g}")
    plt.rcParams.update(STYLE)
    figure = plt.figure(figsize=(6.2, 1.0 + 2.6 * len(names)), layout="constrained")
    panels = figure.subplots(len(names), sharex=True, squeeze=False)[:, 0]
    for axes, name in zip(panels, names):
        for k, branch in enumerate(branches):
            draw_branch(axes, branch, name, COLOUR[k % len(COLOUR)])
        axes.set_ylabel(label_of(branches[0], name, 34))
        axes.tick_params(direction="out", length=3)
        axes.margins(x=0.12)  # room for the names of folds
    panels[-1].set(xlabel=label_of_parameter(branches[0]), xscale="log" if options.log else "linear")
    panels[0].set_title(options.title if options.title is not None else str(branches[0].attrs.get("title", "")), pad=8)
    draw_legend(panels[-1], branches, [str(f).rpartition("/")[2].removesuffix(".nc") for f in options.file])
    save(figure, output)


def main():
    return run("branch.py", draw, arguments())


if __name__ == "__main__":
    sys.exit(main())
