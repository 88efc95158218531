#!/usr/bin/env python3
"""Draw the books along one factor: shares as stacked bands, or outputs as lines.

usage: ledger.py FILE.nc [--of NAME ...] [--at FACTOR=VALUE] [--share | --lines | --by FACTOR] [--output FILE.png]

Without --of: the dissipation of every process. Names may be globs: --of 'neuron.*.flux'. --by draws one output,
a line for each node of a second factor.
"""
import argparse
import fnmatch
import re
import sys
import textwrap

from figure import (FAILED, STYLE, UserError, coordinate_of, cut, edges_of, find_output, flags_of, is_logarithmic,
                    label_of, np, open_study, output_of, plt, run, save, unit_text)

COLOUR = ["#4f81a8", "#e0a458", "#7fa66b", "#b3587a", "#8d78b5", "#c9b458", "#5aa5a0", "#c77b53", "#7d8ca3",
          "#a8b86c"]
OTHER, LEAST = "#b9b9b9", 0.02  # bands that never reach this part of the figure are one band


# ---- what is drawn ----

def choose(study, wanted):
    """Names of the outputs asked for; those of the dissipation of processes where none were."""
    known = [v for v in study.data_vars if study[v].dims == study["status"].dims and not flags_of(study[v])]
    # what dissipates and has an affinity is a process; the others are sums
    names = [] if wanted else [v for v in known if v.endswith("_dissipation")
                               and v.replace("_dissipation", "_affinity") in known]
    if not wanted and not names:
        raise UserError("this file lacks the dissipation of processes (outputs: [ledger]); name others with --of")
    for pattern in wanted or []:
        found = [v for v in known if fnmatch.fnmatchcase(v, pattern.replace(".", "_"))]
        names += [v for v in found or [find_output(study, pattern)] if v not in names]
    units = {str(study[v].attrs.get("units", "")) for v in names}
    if len(units) > 1:
        raise UserError(f"these outputs have different units ({', '.join(sorted(units))}): draw one unit at a time")
    return names


def words_of(study, names):
    """(labels, label of the axis): "dissipation of neuron.nka" is neuron.nka on the axis of dissipation."""
    texts = [str(study[v].attrs.get("long_name") or v.replace("_", " ")) for v in names]
    heads = {t.rpartition(" ")[0] for t in texts}
    unit = unit_text(str(study[names[0]].attrs.get("units", "")))
    if len(heads) == 1 and len(names) > 1:
        head = heads.pop()
        quantity = re.sub(r" (of|by|in)$", "", re.sub(r" \(.*?\)", "", head))
        return [t.rpartition(" ")[2] for t in texts], f"{quantity} ({unit})"
    return [textwrap.fill(t, 24) for t in texts], f"({unit})"


def values_of(study, names):
    """[name, node], NaN where there is no state."""
    ok = study["status"].values == 1
    return np.array([np.where(ok, study[v].values.astype(float), np.nan) for v in names])


def family_of(study, name, factor):
    """(values, labels, label of the axis) of one output, a row for each node of a factor."""
    nodes, unit = coordinate_of(study, factor), unit_text(str(study[factor].attrs.get("units", "")))
    if len(nodes) > len(COLOUR):
        raise UserError(f"--by {factor}: {len(nodes)} lines are too many; this takes a factor of at most {len(COLOUR)}")
    rows = [values_of(study.isel({factor: k}), [name])[0] for k in range(len(nodes))]
    head = factor.replace("_", " ")
    return np.array(rows), [f"{head if k == len(nodes) - 1 else ''} {v:g} {unit}".strip()
                            for k, v in enumerate(nodes)], label_of(study, name, 46)


def merge_small(values, labels, share):
    """The small ones summed into the last row."""
    size = np.nansum(np.abs(values), axis=0)
    part = np.abs(values) / np.where(size > 0, size, np.nan) if share else np.abs(values) / np.nanmax(size)
    large = np.nanmax(part, axis=1) >= LEAST
    if np.count_nonzero(~large) < 2:
        return values, labels
    rest = f"{np.count_nonzero(~large)} others"
    return (np.vstack([values[large], values[~large].sum(axis=0)]),
            [t for t, keep in zip(labels, large) if keep] + [rest])


def pieces(study, values):
    """Slices of neighbouring nodes that have a state on the same side of a collapse."""
    flags = flags_of(study["class"]) if "class" in study else None
    fallen = np.isin(study["class"].values, [v for v, m in flags.items() if m == "collapsed"]) \
        if flags else np.zeros(values.shape[1], dtype=bool)
    code = np.where(np.isnan(values).any(axis=0), -1, fallen)
    bounds = [0, *(np.nonzero(np.diff(code))[0] + 1), len(code)]
    return [(slice(a, b), int(code[a])) for a, b in zip(bounds[:-1], bounds[1:])]


# ---- drawing ----

def spread(positions, gap, low, high):
    """Positions moved apart to at least `gap` where they crowd, in their order."""
    order = np.argsort(positions)
    placed = np.array(positions, dtype=float)[order]
    for k in range(1, len(placed)):
        placed[k] = max(placed[k], placed[k - 1] + gap)
    if len(placed) and placed[-1] > high:
        placed[-1] = high
        for k in range(len(placed) - 2, -1, -1):
            placed[k] = min(placed[k], placed[k + 1] - gap)
    out = np.empty_like(placed)
    out[order] = np.maximum(placed, low)
    return out


def label_right(axes, positions, labels, colours):
    """Names beside the right edge, joined to their place by a thin line; positions in axis fractions."""
    heights = [0.022 + 0.033 * t.count("\n") for t in labels]
    for y, at, text, colour in zip(positions, spread(positions, 2 * max(heights), 0.02, 0.98), labels, colours):
        axes.annotate(text, (1, y), (1.035, at), xycoords="axes fraction", textcoords="axes fraction",
                      va="center", ha="left", fontsize=8, annotation_clip=False,
                      arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.8, "shrinkA": 1, "shrinkB": 0})


def draw_bands(axes, study, x, values, labels, share):
    """Positive values upwards, negative ones downwards from zero."""
    if share:
        values = 100 * values / np.nansum(np.abs(values), axis=0)
    up, down = np.maximum(values, 0), np.minimum(values, 0)
    top, bottom = np.cumsum(up, axis=0), np.cumsum(down, axis=0)
    low = 1.06 * np.nanmin(bottom) if np.nanmin(bottom) < -1e-6 * np.nanmax(top) else 0.0
    high = np.nanmax(top) if share else 1.04 * np.nanmax(top)
    colours = [OTHER if t.endswith("others") else COLOUR[k % len(COLOUR)] for k, t in enumerate(labels)]
    edges = edges_of(x, is_logarithmic(x)) if len(x) > 1 else np.array([x[0] - 0.5, x[0] + 0.5])
    axes.set(xlim=(edges[0], edges[-1]), ylim=(low, high))
    for where, code in pieces(study, values):
        draw_piece(axes, x, edges, where, code, top, up, bottom, down, colours)
    if low < 0:
        axes.axhline(0, color="black", linewidth=0.8)
    widest = max((where for where, code in pieces(study, values) if code >= 0), key=lambda w: w.stop - w.start)
    name_bands(axes, x, widest, top, up, bottom, down, labels, colours)


def draw_piece(axes, x, edges, where, code, top, up, bottom, down, colours):
    """A stretch of bands out to the edges of its cells; grey where there is no state."""
    left, right = edges[where.start], edges[where.stop]
    if code < 0:
        axes.axvspan(left, right, facecolor=FAILED, hatch="////", edgecolor="white", linewidth=0)
        return
    nodes = np.concatenate([[left], x[where], [right]])
    stretch = lambda row: np.concatenate([row[where][:1], row[where], row[where][-1:]])
    for k, colour in enumerate(colours):
        style = {"facecolor": colour, "edgecolor": "white", "linewidth": 0.5}
        axes.fill_between(nodes, stretch(top[k] - up[k]), stretch(top[k]), **style)
        axes.fill_between(nodes, stretch(bottom[k] - down[k]), stretch(bottom[k]), **style)


def clear_box(axes, x, where, floor, ceiling):
    """(height, x, y) of the highest box, wide enough for a name, that a band leaves free within a stretch."""
    to_axes = axes.transData + axes.transAxes.inverted()
    t = to_axes.transform(np.column_stack([x[where], 0 * x[where]]))[:, 0]
    fine = np.arange(t[0], t[-1], 0.01)
    low, high = np.interp(fine, t, floor[where]), np.interp(fine, t, ceiling[where])
    best = (0.0, 0.0, 0.0)
    for i in range(11, len(fine) - 11):
        inner = slice(i - 11, i + 12)
        bottom, top = low[inner].max(), high[inner].min()
        if top - bottom > best[0]:
            best = (top - bottom, to_axes.inverted().transform((fine[i], 0))[0], (top + bottom) / 2)
    return best


def name_bands(axes, x, where, top, up, bottom, down, labels, colours):
    """Inside a band where it is thick enough within a stretch, else at the right edge where it ends there."""
    low, high = axes.get_ylim()
    beside = []
    for k, text in enumerate(labels):
        is_up = np.nanmax(up[k]) >= -np.nanmin(down[k])
        ceiling, floor = (top[k], top[k] - up[k]) if is_up else (bottom[k] - down[k], bottom[k])
        height, at, y = clear_box(axes, x, where, floor, ceiling)
        if height > 0.045 * (high - low):
            axes.text(at, y, text, ha="center", va="center", fontsize=8)
        elif not np.isnan(ceiling[-1]) and ceiling[-1] > floor[-1]:
            beside.append((((ceiling[-1] + floor[-1]) / 2 - low) / (high - low), text, colours[k]))
    if beside:
        label_right(axes, *zip(*beside))


def draw_lines(axes, study, family, x, values, labels):
    """Broken where the state collapses or is lost."""
    colours = [COLOUR[k % len(COLOUR)] for k in range(len(labels))]
    for k, (row, colour) in enumerate(zip(values, colours)):
        for where, code in pieces(study.isel({family: k}) if family else study, row[None, :]):
            if code >= 0:
                axes.plot(x[where], row[where], color=colour, linewidth=1.4,
                          marker="." if where.stop - where.start == 1 else None)
    low, high = axes.get_ylim()
    if low < 0 < high:
        axes.axhline(0, color="black", linewidth=0.6)
    last = [row[~np.isnan(row)][-1] if not np.isnan(row).all() else low for row in values]
    label_right(axes, [(y - low) / (high - low) for y in last], labels, colours)


# ---- command line ----

def arguments():
    parser = argparse.ArgumentParser(description="Draw the books of a study along one factor.")
    parser.add_argument("file", help="result file of ionsweep run")
    parser.add_argument("--of", nargs="+", metavar="NAME", help="outputs of one unit (default: *.dissipation)")
    parser.add_argument("--at", action="append", default=[], metavar="FACTOR=VALUE",
                        help="fix a factor at its node nearest to VALUE (may be repeated)")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--share", action="store_true", help="bands in per cent of their sum")
    how.add_argument("--lines", action="store_true", help="lines instead of bands")
    how.add_argument("--by", metavar="FACTOR", help="one output, a line for each node of this factor")
    parser.add_argument("--output", metavar="FILE", help="FILE.png or .pdf (default: beside the file)")
    parser.add_argument("--title", help="instead of the study's title")
    return parser.parse_args()


def draw(options):
    output = output_of(options, options.file)
    study = open_study(options.file)
    names, family = choose(study, options.of), (options.by or "").replace(".", "_")
    if family and (len(names) > 1 or family not in study["status"].dims):
        raise UserError(f"--by {options.by}: needs one output (--of) and a factor of the study: "
                        + ", ".join(study["status"].dims))
    study, dims, where = cut(study, options.at, most=2 if family else 1)
    if family and (len(dims) != 2 or family not in dims):
        raise UserError(f"--by {options.by}: needs another factor along which to draw")
    along = next(d for d in dims if d != family)
    if family:
        values, labels, axis = family_of(study, names[0], family)
    else:
        values, (labels, axis) = values_of(study, names), words_of(study, names)
    if np.isnan(values).all():
        raise UserError("no point has a value of these outputs yet")
    plt.rcParams.update(STYLE)
    figure = plt.figure(figsize=(6.2, 4.2), layout="constrained")
    axes = figure.add_subplot()
    x = coordinate_of(study, along)
    axes.set(xlabel=label_of(study, along, 66),
             xscale="log" if is_logarithmic(x) else "linear")
    if options.lines or family:
        draw_lines(axes, study, family, x, values, labels)
    else:
        draw_bands(axes, study, x, *merge_small(values, labels, options.share), options.share)
    axes.set_ylabel(f"Share of {axis.rpartition(' (')[0]} (%)" if options.share else axis[:1].upper() + axis[1:])
    title = options.title if options.title is not None else str(study.attrs.get("title", ""))
    axes.set_title("\n".join(t for t in (title, ", ".join(where)) if t), pad=8)
    save(figure, output)


def main():
    return run("ledger.py", draw, arguments())


if __name__ == "__main__":
    sys.exit(main())
