#!/usr/bin/env python3
"""Draw one output of a grid study: a colour map over two factors, or a line over one.

usage: map.py FILE.nc --of ecs_K [--at temperature=310] [--output FILE.png] [--log | --linear] [--title TEXT] [--nodes]
"""
import argparse
import sys

from figure import (FAILED, PENDING, STYLE, UserError, colours_of, coordinate_of, cut, edges_of, find_output, flags_of,
                    is_logarithmic, label_of, np, open_study, output_of, plt, run, save, status_of, ticks_125)
from matplotlib import colors, patches, patheffects
from matplotlib.collections import LineCollection
from matplotlib.ticker import NullLocator

WORD_TEXT = {"hopf": "Hopf point", "absent": "no healthy state"}  # others say themselves what they are


# ---- scales ----

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
        draw_grey(axes, here, x, y, colour, hatch)
        entries.append(patches.Patch(facecolor=colour, edgecolor="0.4", hatch=hatch, linewidth=0.4,
                                     label=f"{meaning.replace('_', ' ')} ({share(here.mean())})"))
    return entries


def draw_grey(axes, here, x, y, colour, hatch):
    """A flat colour and a hatch over some cells."""
    if not here.any():
        return
    axes.pcolormesh(x, y, np.ma.masked_where(~here, here.astype(float)), rasterized=True,
                    cmap=colors.ListedColormap([colour]))
    if hatch and min(here.shape) > 1:
        axes.contourf(*centres(x, y), here.astype(float), levels=[0.5, 1.5], colors="none", hatches=[hatch])


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
        draw_values(figure, axes, values, x, y, label_of(study, name, 46), options)
        entries = []
        if is_of_a_loss(study, name):
            draw_losses(axes, values, status, nodes, x, y, options)
        entries += draw_verdicts(axes, study, verdict_of(study, name), dims, x, y)
    if name != "status":
        entries += draw_without_state(axes, status, x, y, flags_of(study["status"]) or {})
    if options.nodes:
        entries += draw_nodes(axes, study, dims)
    finish_axes(axes, study, dims, logs, x, y, entries)


def draw_values(figure, axes, values, x, y, label, options):
    """Numbers as colours, with their bar."""
    cmap, norm, extend = scale_of(values, options)
    mesh = axes.pcolormesh(x, y, np.ma.masked_invalid(values), cmap=cmap, norm=norm, rasterized=True)
    bar = figure.colorbar(mesh, ax=axes, extend=extend, pad=0.025, aspect=28)
    bar.set_label(label)
    bar.outline.set_linewidth(0.6)
    if isinstance(norm, colors.LogNorm):
        ticks = ticks_125(norm.vmin, norm.vmax)
        bar.set_ticks(ticks, labels=[f"{t:g}" for t in ticks], minor=False)
        bar.minorticks_off()


def is_of_a_loss(study, name):
    """A threshold, or a way back: of an output in whose file stands how it came about."""
    return (verdict_of(study, name) or "").endswith("_kind")


def verdict_of(study, name):
    """The output of words that tells the regions of another one apart, or None."""
    head = name.partition("_")[0]
    kind = {"threshold": "threshold_kind", "recovery": "recovery_kind", "hysteresis": "recovery_kind"}.get(head, "class")
    return kind if kind in study else None


def draw_losses(axes, values, status, nodes, x, y, options):
    """Labelled lines of equal value, and grey where nothing is lost or nothing was there to be lost."""
    nothing = np.isnan(values)
    draw_grey(axes, nothing & (status == 1), x, y, FAILED, "////")
    beside = np.pad(nothing, 1)  # lines would crowd along its border
    beside = sum(np.roll(beside, (i, j), (0, 1)) for i in (-1, 0, 1) for j in (-1, 0, 1))[1:-1, 1:-1] > 0
    shown = np.ma.masked_where(beside, values)
    _, norm, _ = scale_of(values, options)
    if min(values.shape) < 2 or shown.count() == 0 or np.ptp(shown.compressed()) == 0:
        return
    levels = ticks_125(norm.vmin, norm.vmax, (1, 1.5, 2, 3, 5, 7)) if isinstance(norm, colors.LogNorm) else 8
    axes.clabel(axes.contour(*nodes, shown, levels=levels, colors="white", linewidths=0.7), fontsize=7, fmt="%g")


def draw_verdicts(axes, study, verdict, dims, x, y):
    """Borders and names of the regions of an output of words; legend entries of the small ones."""
    if not verdict:
        return []
    flags = {v: WORD_TEXT.get(m, m) for v, m in flags_of(study[verdict]).items()}
    classified = status_of(study, verdict, dims[::-1])
    code = np.where(classified == 1, study[verdict].transpose(dims[1], dims[0]).values, -1)
    hatch_collapsed(axes, code, x, y, flags)
    return draw_classes(axes, code, classified, x, y, flags, filled=False)


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
    for axis, is_log, edges in zip((axes.xaxis, axes.yaxis), logs, (x, y)):
        if is_log:
            ticks = ticks_125(edges.min(), edges.max())
            axis.set_ticks(ticks, labels=[f"{t:g}" for t in ticks])
            axis.set_minor_locator(NullLocator())
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
    output = output_of(options, options.file)
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
    save(figure, output)


def main():
    return run("map.py", draw, arguments())


if __name__ == "__main__":
    sys.exit(main())
