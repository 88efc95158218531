#!/usr/bin/env python3
"""Draw what `ionsweep analyze` found: indices as bars, the plane of elementary effects, or where points fail.

usage: sensitivity.py FILE.sensitivity.nc [--of NAME ...] [--effects | --failures [REASON]] [--most N]
                      [--output FILE.png]

Without a choice: bars of first and total order where the design has them, else the plane of mu* and sigma, else bars of
the measures from given data. Whiskers are 95 % intervals; nothing is clipped. The dashed line is the dummy input, which
nobody reads: what does not rise above it is noise. --most N draws the N strongest inputs only; of elementary effects
all are drawn and the N (14) strongest are named.
"""
import argparse
import difflib
import pathlib
import sys
import textwrap

from figure import STYLE, UserError, np, output_of, plt, run, save, unit_text, xr

FIRST, TOTAL, DUMMY, OK, FAILED = "#e0a458", "#4f81a8", "#8a8a8a", "#4f81a8", "#bf5b50"
BARS = [(("first_order", "First order"), ("total_order", "Total order")),
        (("first_order_easi", "First order (EASI)"), ("delta", "Delta"))]


# ---- reading ----

def open_analysis(path):
    if not pathlib.Path(path).is_file():
        raise UserError(f"{path}: no such file")
    try:
        analysis = xr.open_dataset(path, engine="netcdf4")
    except Exception as error:
        raise UserError(f"{path}: not a NetCDF file that can be read ({error})") from error
    if "output" not in analysis.dims or "reason" not in analysis.dims:
        raise UserError(f"{path}: not a file of ionsweep analyze")
    return analysis


def words(values):
    return [v.decode() if isinstance(v, bytes) else str(v) for v in np.atleast_1d(values)]


def choose(names, wanted, what):
    """Places of the names asked for; of the first four where none were."""
    if not wanted:
        return list(range(min(4, len(names))))
    places = []
    for name in (w.replace(".", "_") if what == "output" else w for w in wanted):
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"did you mean '{near[0]}'?" if near else "it has: " + ", ".join(names)
            raise UserError(f"no {what} '{name}' in this file; {hint}")
        places.append(names.index(name))
    return places


def table(analysis, name, place):
    """(values, half-widths or None) of a row."""
    half = f"{name}_half_width"
    return (analysis[name].values[place],
            analysis[half].values[place] if half in analysis else None)


def whiskers(half, order):
    """Half-widths of inputs in that order, or None where no interval is known."""
    return half[order] if half is not None and np.isfinite(half[order]).any() else None


# ---- bars ----

def order_of(analysis, places, name):
    """Places of the inputs, the one with the largest index in any of the panels last: it is on top."""
    return np.argsort(np.nanmax(np.nan_to_num(analysis[name].values[places, :-1], nan=-np.inf), axis=0))


def bars(analysis, axes, place, pair, order):
    """Both indices of every input; the dummy is a line."""
    names = words(analysis[analysis[pair[0][0]].dims[1]].values)
    for k, ((name, label), colour) in enumerate(zip(pair, (FIRST, TOTAL))):
        value, half = table(analysis, name, place)
        at = np.arange(len(order)) + (0.2 if k == 0 else -0.2)
        axes.barh(at, value[:-1][order], 0.36, color=colour, label=label,
                  xerr=whiskers(half, order),
                  error_kw={"elinewidth": 0.8, "capsize": 2})
    noise, half = table(analysis, pair[0][0], place)
    top = abs(noise[-1]) + (0 if half is None or np.isnan(half[-1]) else half[-1])
    if np.isfinite(top):
        axes.axvline(top, color=DUMMY, linewidth=0.8, linestyle="--", label="Dummy input, upper end")
    axes.axvline(0, color="black", linewidth=0.6)
    axes.set_xlabel("Index")
    axes.set_yticks(np.arange(len(order)), [names[i] for i in order])
    axes.margins(y=0.02)


def draw_bars(analysis, places, figure, most):
    pair = next((p for p in BARS if all(name in analysis for name, _ in p)
                 and np.isfinite(analysis[p[1][0]].values).any()), None)
    if pair is None:
        raise UserError("this file holds no indices that could be drawn")
    order = order_of(analysis, places, pair[1][0])[-most:]
    draw_panels(analysis, places, figure, lambda axes, k: bars(analysis, axes, k, pair, order), True)


def draw_panels(analysis, places, figure, draw, share_y=False):
    names = words(analysis["output"].values)
    panels = figure.subplots(1, len(places), sharey=share_y, squeeze=False)[0]
    for axes, k in zip(panels, places):
        draw(axes, k)
        axes.set(title=names[k].replace("_", " "))
    handles, labels = panels[0].get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="lower center", ncols=len(labels))


# ---- elementary effects ----

def name_points(axes, x, y, names):
    """Numbers at the points, strongest first, and what they mean beside the panel."""
    for i, at in enumerate(zip(x, y), start=1):
        axes.annotate(str(i), at, (0, 4), textcoords="offset points", fontsize=7, ha="center")
    axes.text(1.02, 0.98, "\n".join(f"{i} {name}" for i, name in enumerate(names, start=1)), fontsize=7,
              linespacing=1.35, transform=axes.transAxes, va="top")


def effects(analysis, axes, place, most):
    """mu* against sigma; a group has no sigma and is drawn on the axis."""
    names = words(analysis["factor"].values)[:-1]
    mu, mu_half = (v[:-1] for v in table(analysis, "mu_star", place))
    sigma = np.nan_to_num(table(analysis, "sigma", place)[0][:-1])
    axes.errorbar(mu, sigma, xerr=whiskers(mu_half, slice(None)), fmt="o", markersize=4, color=TOTAL, elinewidth=0.8, capsize=2)
    most_mu = np.nanmax(mu)
    right = 1.05 * max(np.max(mu[np.isfinite(mu)] + np.nan_to_num(mu_half)[np.isfinite(mu)]), 1.05 * most_mu, 1e-300)
    top = 1.2 * max(np.max(sigma), 0.1 * most_mu, 1e-300)
    strongest = [k for k in np.argsort(-np.nan_to_num(mu))[:most] if np.isfinite(mu[k])]
    name_points(axes, mu[strongest], sigma[strongest], [names[k] for k in strongest])
    axes.plot([0, right], [0, right], color=DUMMY, linewidth=0.8, linestyle="--", label="sigma = mu*")
    unit = unit_text(words(analysis["output_unit"].values)[place]) if "output_unit" in analysis else ""
    unit = f" ({unit})" if unit else ""
    axes.set(xlim=(0, right), ylim=(0, top), xlabel=f"mu*{unit}", ylabel=f"sigma{unit}")


def draw_effects(analysis, places, figure, most):
    if "mu_star" not in analysis:
        raise UserError("--effects: this file holds no elementary effects (design: morris)")
    for k in places:
        if not np.isfinite(analysis["mu_star"].values[k]).any():
            raise UserError(f"{words(analysis['output'].values)[k]}: no elementary effect, for no step of it succeeded")
    draw_panels(analysis, places, figure, lambda axes, k: effects(analysis, axes, k, most))


# ---- failures ----

def draw_failures(analysis, reason, figure):
    """The distribution of every factor where the outcome is met and where it is not."""
    reasons, names = words(analysis["reason"].values), words(analysis["column"].values)[:-1]
    known = [r for k, r in enumerate(reasons) if analysis["failure_probability"].values[k] > 0]
    if not known:
        raise UserError("--failures: no independent point failed")
    k = reasons.index(known[0]) if reason == "any" and reason not in known else choose(reasons, [reason], "reason")[0]
    if reasons[k] not in known:
        raise UserError(f"--failures {reasons[k]}: met by none of the independent points")
    distance = analysis["regional_ks"].values[k][:-1]
    columns = min(4, len(names))
    panels = figure.subplots(-(-len(names) // columns), columns, sharey=True, squeeze=False).ravel()
    u = np.linspace(0, 1, analysis.sizes["position"] + 1)
    for axes, j in zip(panels, np.argsort(-np.nan_to_num(distance))):
        for name, colour, label in (("cdf_without", OK, "Without"), ("cdf_with", FAILED, "With")):
            axes.plot(u, np.concatenate([[0], analysis[name].values[k, j]]), color=colour, label=label)
        axes.set(title=f"{names[j]}\nKS {distance[j]:.2f}, p {analysis['regional_p'].values[k, j]:.1g}",
                 xlim=(0, 1), ylim=(0, 1), xlabel="Quantile of the factor")
    for axes in panels[len(names):]:
        axes.set_axis_off()
    panels[0].set_ylabel("Share of points below")
    handles, labels = panels[0].get_legend_handles_labels()
    share = 100 * analysis["failure_probability"].values[k]
    figure.legend(handles, [f"{t} {reasons[k].replace('_', ' ')} ({share:.3g} %)" if t == "With" else t
                            for t in labels], loc="lower center", ncols=2)


# ---- command line ----

def arguments():
    parser = argparse.ArgumentParser(description="Draw the sensitivity indices of a study.")
    parser.add_argument("file", help="FILE.sensitivity.nc of ionsweep analyze")
    parser.add_argument("--of", nargs="+", metavar="NAME", help="outputs (default: the first four)")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--effects", action="store_true", help="the plane of mu* and sigma")
    how.add_argument("--failures", nargs="?", const="any", metavar="REASON", help="distributions of the factors")
    parser.add_argument("--most", type=int, metavar="N", help="the strongest inputs only (effects: named)")
    parser.add_argument("--output", metavar="FILE", help="FILE.png or .pdf (default: beside the file)")
    parser.add_argument("--title", help="instead of the study's title")
    return parser.parse_args()


def draw(options):
    output = output_of(options, options.file)
    analysis = open_analysis(options.file)
    places = choose(words(analysis["output"].values), options.of, "output")
    plt.rcParams.update(STYLE)
    plt.rcParams["axes.titlelocation"] = "center"
    if options.most is not None and options.most < 1:
        raise UserError(f"--most {options.most}: at least 1")
    plane = options.effects or ("mu_star" in analysis and "total_order" not in analysis and not options.failures)
    rows = 10 if plane else min(len(words(analysis["factor"].values)), options.most or sys.maxsize)
    height = 1.8 + 0.28 * max(rows, 6)
    width = max(4.8, (4.8 if plane else 3.6) * len(places))
    figure = plt.figure(figsize=(width, height), layout="constrained")
    figure.get_layout_engine().set(rect=(0, 0.3 / height, 1, 1 - 0.3 / height))  # the legend is below
    if options.failures:
        draw_failures(analysis, options.failures, figure)
    elif plane:
        draw_effects(analysis, places, figure, options.most or 14)
    else:
        draw_bars(analysis, places, figure, options.most or sys.maxsize)
    title = options.title if options.title is not None else str(analysis.attrs.get("title", ""))
    figure.suptitle(textwrap.fill(title, int(12 * width)), fontsize=10)
    save(figure, output)


def main():
    return run("sensitivity.py", draw, arguments())


if __name__ == "__main__":
    sys.exit(main())
