"""Between minimizers: the loss along the paths of every pair, above the straight line between its values at the ends, and
the barriers pair by pair.
"""

import matplotlib
import matplotlib.colors
import numpy as np
from matplotlib.collections import LineCollection

from .. import style
from ..reader import LandscapeError

PATHS = {
    "straight": "straight",
    "straight_matched": "straight, matched",
    "curve": "curve",
    "curve_matched": "curve, matched",
}
MAX_LINES = 1000  # more lines than this only make the file larger


def has(file):
    return any(f"paths/{loss}/straight/loss" in file for loss in file.losses)


def rise(file, loss, path):
    """(t (P), loss above the line between its ends (N',P), pairs of them, pairs of all), None where no row is complete."""
    name = f"paths/{loss}/{path}"
    if name not in file:
        return None
    with file.reading():
        losses, rows, n, _ = file.block(name)
        t = np.asarray(file.raw(f"{name}/t"), dtype=float)
    if t.shape != losses.shape[1:]:
        raise LandscapeError(f"'{file.path}' has a group /{name} whose shapes do not fit together.")
    finite = np.isfinite(losses).all(axis=1)
    losses, rows = losses[finite], rows[finite]
    if not rows.size:
        return None
    return t, losses - ((1 - t) * losses[:, :1] + t * losses[:, -1:]), rows, n


def draw_curves(view):
    """A panel for each path, a column for each loss: pairs as thin lines and their median."""
    file = view.file
    series = view.series(
        lambda file, loss: {path: found for path in PATHS if (found := rise(file, loss, path)) is not None}
        or None,
        "path",
    )
    paths = [path for path in PATHS if any(path in one.data for one in series)]
    wide = view.options.width >= 1.6 * style.COLUMN and len(series) > 1
    order = (
        [(one, path) for path in paths for one in series]
        if wide
        else [(one, path) for one in series for path in paths]
    )
    columns = len(series) if wide else 1
    rows = len(order) // columns
    figure = style.new_figure(view.options.width, view.options.height or 1.75 * rows + 0.6)
    cells = figure.subplots(rows, columns, squeeze=False, sharex="col").ravel()
    for axes, (one, path) in zip(cells, order):
        draw_rises(axes, file, one, path)
    for axes in cells[-columns:]:
        axes.set_xlabel("place $t$ on the path (dimensionless)")
        style.legend(axes)
    figure.align_ylabels()
    view.title(
        figure,
        [
            "loss minus the straight line between its values at the ends",
            "median: of the barriers, the highest rises",
        ],
    )
    return figure


def draw_rises(axes, file, one, path):
    if path not in one.data:
        axes.text(0.5, 0.5, "no path yet", ha="center", transform=axes.transAxes)
        return
    t, rises, rows, n = one.data[path]
    lines = rises[np.linspace(0, len(rises) - 1, min(len(rises), MAX_LINES)).astype(int)]
    fan = LineCollection(
        [np.column_stack((t, line)) for line in lines],
        colors=one.colour,
        linewidths=0.5,
        alpha=float(np.clip(12 / len(lines), 0.1, 0.6)),
        rasterized=len(lines) > 200,
    )
    axes.add_collection(style.mark(fan, f"paths/{one.loss}/{path}/loss"))
    (line,) = axes.plot(t, np.median(rises, axis=0), color="black", label=f"median of {len(rises)} pairs")
    style.mark(line, f"paths/{one.loss}/{path}/median")
    axes.axhline(0, color=style.GREY, linewidth=0.6)
    axes.set_xlim(t[0], t[-1])
    low, high = min(rises.min(), 0.0), max(rises.max(), 0.0)
    spread = high - low or 1e-12
    axes.set_ylim(low - 0.05 * spread, high + 0.05 * spread)
    style.number_ticks(axes)
    symbol = style.SYMBOLS[one.loss]
    axes.set_ylabel(f"${symbol}(t)\\,-$ line")
    so_far = f", {len(rises)} of {n} pairs" if len(rises) < n else ""
    results = file.results(f"connectivity/{one.loss}/{path}")
    found = f": median {float(results['median_barrier']):.3g}" if results is not None else so_far
    axes.set_title(f"{one.title}, {PATHS[path]}{found}")


# ---- pair by pair
def barriers(file, loss, path):
    """(barrier over the loss's scale (N), what rounding can make), None until they are there."""
    results = file.results(f"connectivity/{loss}/{path}")
    if results is None:
        return None
    return np.asarray(results["scaled_barrier"], dtype=float), float(results["resolution"])


def matrix(file, loss, upper, lower):
    """(K,K) scaled barriers of pair (i, j): of one path above the diagonal, of another below, NaN where there is none."""
    results = file.results(f"connectivity/{loss}")
    first, second = np.asarray(results["first"], dtype=int), np.asarray(results["second"], dtype=int)
    k = np.asarray(results["loss"]).size
    found = np.full((k, k), np.nan)
    if first.size and (min(first.min(), second.min()) < 0 or max(first.max(), second.max()) >= k):
        raise LandscapeError(f"'{file.path}' has pairs of minimizers that it does not have.")
    for path, (i, j) in ((upper, (first, second)), (lower, (second, first))):
        of_path = barriers(file, loss, path)
        if of_path is not None:
            found[i, j] = of_path[0]
    return found


def draw_matrices(view):
    file = view.file
    series = view.series(lambda file, loss: file.results(f"connectivity/{loss}"), "barrier")
    panels = [
        (one, path)
        for path in ("straight", "curve")
        for one in series
        if barriers(file, one.loss, path) is not None
    ]
    if not panels:
        view.refuse("barrier")
    figure, all_axes = style.grid(view.options, len(panels), 2.9)
    for axes, (one, path) in zip(all_axes, panels):
        draw_matrix(axes, file, one, path)
    view.title(figure, ["barrier over the scale; above the diagonal as trained, below it matched"])
    return figure


def draw_matrix(axes, file, one, path):
    values = matrix(file, one.loss, path, f"{path}_matched")
    of_both = [barriers(file, one.loss, name) for name in (path, f"{path}_matched")]
    floor = max([resolution for _, resolution in filter(None, of_both)] + [1e-300])
    finite = values[np.isfinite(values)]
    high = max(finite.max(), 10 * floor) if finite.size else 10 * floor
    positive = finite[finite > floor]
    low = positive.min() if positive.size and positive.min() < high else high / 10
    colours = matplotlib.colormaps[style.MAP].copy()
    colours.set_under("0.85")
    k = len(values)
    shown = np.where(values < low, low / 2, values)  # none at all has no logarithm
    mesh = axes.pcolormesh(
        np.arange(k + 1) - 0.5, np.arange(k + 1) - 0.5, np.ma.masked_invalid(shown), cmap=colours,
        norm=matplotlib.colors.LogNorm(low, high), edgecolors="white", linewidth=0.4 if k <= 30 else 0,
        rasterized=k > 50,
    )  # fmt: skip
    style.mark(mesh, f"connectivity/{one.loss}/{path}/scaled_barrier")
    axes.set_aspect("equal")
    axes.invert_yaxis()
    step = max(1, -(-k // 8))
    axes.set_xticks(range(0, k, step))
    axes.set_yticks(range(0, k, step))
    axes.set_xlabel("minimizer $j$")
    axes.set_ylabel("minimizer $i$")
    axes.set_title(f"{one.title}, {PATHS[path]}")
    under = finite.size and finite.min() < low
    bar = axes.figure.colorbar(mesh, ax=axes, pad=0.02, extend="min" if under else "neither")
    bar.set_label("scaled barrier" + (" (grey: none)" if under else ""))
    if high / low < 300:  # numbers, as there may be no power of ten
        bar.ax.yaxis.set_minor_formatter(lambda value, _: "")
        ticks = np.geomspace(low, high, 4)
        bar.set_ticks(ticks)
        bar.set_ticklabels([f"{tick:.2g}" for tick in ticks])
