"""Eigenvalues of the Hessian: how many in every decade of their size, above zero and below, and all of them sorted.

Of Lanczos runs the density is an estimate with its standard error, and the sorted ones are those that were found. Along
a path of a training the last checkpoint is shown so, and beside it how counts and extremes went.
"""

import numpy as np

from .. import style
from ..reader import LandscapeError


def at_last(results):
    """The results at the last checkpoint of a path; all of them where there is none."""
    if "epoch" not in results:
        return dict(results)
    c = len(results["epoch"])
    return {name: value[-1] if np.ndim(value) and len(value) == c else value for name, value in results.items()}


def series_of(view):
    """One for every spectrum, also around the other loss's minimizer."""
    found = []
    for number, (file, label) in enumerate(zip(view.files, view.labels)):
        for name in file.groups("spectrum"):
            loss = name.split("_")[0]
            if loss not in style.SYMBOLS or not view.wants(loss):
                continue
            results = file.results(f"spectrum/{name}")
            if results is None:
                view.note_empty(file, name, "spectrum")
                continue
            found.append((loss, name, number, label, results))
    found.sort(key=lambda one: (one[0] != "ritz", one[1], one[2]))
    if not found:
        view.refuse("spectrum")
    return found


def title_of(name, label, view):
    loss, around, other = name.partition("_around_")
    return (f"{label}: " if view.several else "") + style.name_loss(loss) + (f" around {other}" if around else "")


def draw(view):
    found = series_of(view)
    with_path = any("epoch" in results for *_, results in found)
    per = 4 if with_path else 2
    wide = view.options.width >= 1.6 * style.COLUMN
    columns = 2 if wide else 1
    rows = len(found) * per // columns
    figure = style.new_figure(view.options.width, view.options.height or 2.25 * rows + 0.45)
    all_axes = figure.subplots(rows, columns, squeeze=False).ravel()
    decades = common_decades(found)
    for k, (loss, name, _, label, results) in enumerate(found):
        axes = all_axes[k * per : (k + 1) * per]
        now, title = at_last(results), title_of(name, label, view)
        tag = f"{label}/{results.path}"
        draw_density(axes[0], now, decades, tag)
        draw_sorted(axes[1], now, tag)
        suffix = f", epoch {results['epoch'][-1]}" if "epoch" in results else ""
        axes[0].set_title(f"{title}{suffix}: density")
        axes[1].set_title(f"{title}{suffix}: sorted")
        if with_path and "epoch" in results:
            draw_counts(axes[2], results, tag)
            draw_extremes(axes[3], results, tag)
            axes[2].set_title(f"{title}: by sign")
            axes[3].set_title(f"{title}: extremes")
        elif with_path:
            for spare in axes[2:]:
                spare.set_axis_off()
    densities = all_axes[::per]
    if view.several:
        ends = np.array([axes.get_ylim() for axes in densities])
        for axes in densities:
            axes.set_ylim(ends[:, 0].min(), ends[:, 1].max())
    view.title(figure)
    return figure


def common_decades(found):
    """(first, last) of the decades in which any spectrum has something."""
    low, high = np.inf, -np.inf
    for *_, results in found:
        now = at_last(results)
        there = (np.asarray(now["positive_by_decade"]) > 0) | (np.asarray(now["negative_by_decade"]) > 0)
        if there.any():
            decade = np.asarray(now["decade"])[there]
            low, high = min(low, decade.min()), max(high, decade.max())
    if not np.isfinite(low):
        raise LandscapeError("The spectrum has no eigenvalue that is not zero: there is nothing to draw.")
    return low, high


def draw_density(axes, now, decades, tag):
    decade = np.asarray(now["decade"], dtype=float)
    shown = (decade >= decades[0]) & (decade <= decades[1])
    for sign, side, colour, hatch in (
        (1, "positive", style.BLUE, None),
        (-1, "negative", style.VERMILION, "////"),
    ):
        count = np.asarray(now[f"{side}_by_decade"], dtype=float)[shown]
        error = now.get(f"{side}_by_decade_error")
        bars = axes.bar(
            decade[shown] + 0.5, sign * count, 1.0, color=colour, alpha=0.85, edgecolor="white", linewidth=0.5,
            hatch=hatch, label=f"{side} ({float(now[side]):.3g})", yerr=None if error is None else np.asarray(error)[shown],
            error_kw={"elinewidth": 0.7, "capsize": 1.5},
        )  # fmt: skip
        style.mark_all(bars, f"{tag}/{side}_by_decade")
    axes.axhline(0, color="black", linewidth=0.6)
    level = float(now.get("level", 0))
    if level > 0 and decades[0] <= np.log10(level) <= decades[1] + 1:
        axes.axvline(np.log10(level), color="black", linestyle=":", linewidth=0.9, label="rounding level")
    axes.yaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
    step = max(1, int(np.ceil((decades[1] - decades[0] + 1) / 6)))
    ticks = np.arange(decades[0], decades[1] + 2, step)
    axes.set_xticks(ticks)
    axes.set_xticklabels([f"$10^{{{int(tick)}}}$" for tick in ticks])
    axes.set_xlim(decades[0] - 0.3, decades[1] + 1.3)
    axes.set_xlabel(r"size $|\lambda|$ (loss)")
    axes.set_ylabel("eigenvalues in a decade")
    style.legend(axes)


def draw_sorted(axes, now, tag):
    values = now.get("eigenvalues")
    partial = values is None
    if partial:  # of Lanczos: the largest and the smallest that converged
        values = np.concatenate(
            [np.asarray(now["smallest"], dtype=float), np.asarray(now["largest"], dtype=float)]
        )
    values = np.asarray(values, dtype=float)
    values = np.sort(values[np.isfinite(values)])[::-1]
    n = int(now["parameters"]) if "parameters" in now else values.size
    rank = np.arange(1, values.size + 1)
    if partial:
        k = values.size // 2
        rank = np.concatenate([np.arange(1, k + 1), np.arange(n - (values.size - k) + 1, n + 1)])
    for sign, marker, colour, label in ((1, "o", style.BLUE, "positive"), (-1, "s", style.VERMILION, "negative")):
        there = sign * values > 0
        face = colour if sign > 0 else "white"
        (line,) = axes.plot(
            rank[there],
            np.abs(values[there]),
            marker,
            color=colour,
            markerfacecolor=face,
            markersize=2.8,
            label=label,
        )
        style.mark(line, f"{tag}/eigenvalues/{label}")
    axes.set_yscale("log")
    level = float(now.get("level", 0))
    if level > 0:
        axes.axhline(level, color="black", linestyle=":", linewidth=0.9, label="rounding level")
    axes.set_xlabel("rank, the largest first" + (" (extremes only)" if partial else ""))
    axes.set_ylabel(r"$|\lambda|$ (loss)")
    style.legend(axes)


def draw_counts(axes, results, tag):
    epoch = np.asarray(results["epoch"], dtype=float)
    for k, name in enumerate(("positive", "zero", "negative")):
        if name in results:
            (line,) = axes.plot(
                epoch, results[name], color=style.CYCLE[(0, 2, 1)[k]], linestyle=style.DASHES[k],
                marker=style.MARKERS[k], label=name,
            )  # fmt: skip
            style.mark(line, f"{tag}/{name}")
    axes.set_xlabel("epoch (and iterations after it)")
    axes.set_ylabel("eigenvalues")
    axes.set_ylim(bottom=0)
    style.legend(axes)


def draw_extremes(axes, results, tag):
    epoch = np.asarray(results["epoch"], dtype=float)
    for k, name in enumerate(("largest", "smallest")):
        values = np.asarray(results[name], dtype=float)[:, 0]
        (line,) = axes.plot(
            epoch, values, color=style.CYCLE[k], linestyle=style.DASHES[k], marker=style.MARKERS[k], label=name
        )
        style.mark(line, f"{tag}/{name}")
    style.symlog(axes, np.concatenate([line.get_ydata() for line in axes.lines]))
    axes.set_xlabel("epoch (and iterations after it)")
    axes.set_ylabel(r"$\lambda$ (loss)")
    style.legend(axes)
