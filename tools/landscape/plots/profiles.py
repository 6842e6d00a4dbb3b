"""Loss along random directions: the fan of profiles f(s) = L(theta* + s d) with its median, and the histogram of T."""

import warnings

import numpy as np
from matplotlib.collections import LineCollection

from .. import style
from .view import above_least, describe_count, describe_index

MAX_LINES = 1000  # more lines than this only make the file larger


def read(file, loss):
    return file.profiles(loss)


def finite_rows(losses):
    losses = np.where(np.isfinite(losses), losses, np.nan)
    return losses[np.isfinite(losses).any(axis=1)]


def quartiles(losses):
    """Lower, median and upper of losses (M,P), (3,P); NaN at a step where none is finite."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.nanpercentile(losses, [25, 50, 75], axis=0)


def frame(losses):
    """(bottom, top) that fit the band, not the outermost; losses (M,P) with NaN."""
    upper = np.nanpercentile(losses, 75, axis=0)
    highest, lowest = np.nanmax(losses, axis=1), np.nanmin(losses, axis=1)
    top, bottom = highest.max(), lowest.min()
    if len(losses) > 20:  # the ends are heavy-tailed: a few directions would press the others into a line
        bottom = np.percentile(lowest, 5)
        top = min(np.percentile(highest, 95), bottom + 4 * (np.nanmax(upper) - bottom))
        if highest.max() - lowest.min() <= 1.7 * (top - bottom):  # not far: then all of them
            bottom, top = lowest.min(), highest.max()
    return bottom, top


def common_level(median, spread):
    """(base, digits): around a small radius profiles differ by far less than their common value: then show the rest."""
    level = np.nanmin(median)
    if not abs(level) > 50 * spread > 0:
        return 0.0, 6
    digits = min(17, int(np.ceil(np.log10(abs(level) / spread))) + 1)
    return float(f"{level:.{digits}g}"), digits


def formula(loss):
    return style.SYMBOLS[loss] + r"(\theta^* + s\,d)"


def label_steps(axes):
    axes.set_xlabel("step $s$ along the direction (dimensionless)")
    axes.locator_params(axis="x", nbins=5)


def draw_lines(axes, steps, losses, colour, name):
    lines = losses[np.linspace(0, len(losses) - 1, min(len(losses), MAX_LINES)).astype(int)]
    fan = LineCollection(
        [np.column_stack((steps, line)) for line in lines],
        colors=colour,
        linewidths=0.5,
        alpha=float(np.clip(12 / len(lines), 0.05, 0.6)),
        rasterized=len(lines) > 200,
    )
    axes.add_collection(style.mark(fan, name))


def rescaled(losses, options, least):
    """(losses to draw, what the axis says after the formula)"""
    if options.normalise:
        with np.errstate(all="ignore"):
            low, high = np.nanmin(losses, axis=1)[:, None], np.nanmax(losses, axis=1)[:, None]
            shares = (losses - low) / (high - low)
            return np.where(shares > 0, shares, np.nan) if options.log else shares, r" $-$ min, of max $-$ min"
    if options.log:
        return above_least(losses, least), r" $-$ its least value"
    return losses, ""


def draw_fan(axes, one, options, strip=None):
    """The directions as thin lines, quartile band and median; `strip`: Axes for what leaves the frame."""
    p = one.data
    losses = finite_rows(p.losses)
    label_steps(axes)
    if losses.size == 0:
        axes.text(0.5, 0.5, "no finite loss", ha="center", transform=axes.transAxes)
        return
    least = np.nanmin(losses)
    shown, note = rescaled(losses, options, least)
    shown = shown[np.isfinite(shown).any(axis=1)]
    lower, median, upper = quartiles(shown)
    base, digits, (bottom, top) = 0.0, 6, (np.nanmin(shown), np.nanmax(shown))
    if not note:
        bottom, top = frame(shown)
        base, digits = common_level(median, top - bottom)
    draw_lines(axes, p.steps, shown - base, one.colour, f"{p.path}/loss")
    axes.fill_between(
        p.steps, lower - base, upper - base, color=one.colour, alpha=0.25, linewidth=0, label="quartiles"
    )
    for edge in (lower, upper):
        axes.plot(p.steps, edge - base, color=one.colour, linewidth=0.9)
    (line,) = axes.plot(p.steps, median - base, color="black", label="median")
    style.mark(line, f"{p.path}/median")
    axes.set_xlim(p.steps[0], p.steps[-1])
    margin = 0.04 * (top - bottom) or 1e-12
    text = f"${formula(one.loss)}$"
    if note:
        if options.log:
            axes.set_yscale("log", nonpositive="mask")
            low = np.nanpercentile(shown, 1)
            axes.set_ylim(low / 2, top * 2)
        axes.set_ylabel(text + note)
    else:
        axes.set_ylim(bottom - base - margin, top - base + margin)
        axes.set_ylabel(text if base == 0 else f"{text[:-1]} {-base:+.{digits}g}$")
        style.number_ticks(axes)
    if strip is not None:
        draw_strip(strip, p, losses, least, one.colour, outside(losses, bottom - margin, top + margin))
    # inside, where a valley has room; the strip above has all lines
    axes.legend(loc="upper center", handlelength=1.6)


def outside(losses, bottom, top):
    """How many profiles leave the frame."""
    return int(np.count_nonzero((np.nanmax(losses, axis=1) > top) | (np.nanmin(losses, axis=1) < bottom)))


def draw_strip(axes, p, losses, least, colour, n_outside):
    """All profiles to their ends, above the least loss, on a symmetric logarithmic axis."""
    shown = losses - least
    quiet = np.nanpercentile(shown, 50) or 1.0
    draw_lines(axes, p.steps, shown, colour, f"{p.path}/loss/all")
    axes.set_xlim(p.steps[0], p.steps[-1])
    axes.set_yscale("symlog", linthresh=quiet)
    axes.set_ylim(0, 1.5 * np.nanmax(shown))
    axes.set_yticks([tick for tick in 10.0 ** np.arange(-12, 13) if quiet < tick < 1.5 * np.nanmax(shown)][-2:])
    axes.minorticks_off()
    axes.tick_params(labelbottom=False)
    axes.set_ylabel("all $-$ least")
    leave = "leave" if n_outside > 1 else "leaves"
    axes.text(
        0.5, 0.97, f"whole range: {n_outside} of {len(losses)} {leave} the frame below", ha="center", va="top",
        fontsize="small", color=style.GREY, transform=axes.transAxes,
    )  # fmt: skip


def needs_strip(one, options):
    losses = finite_rows(one.data.losses)
    if options.log or options.normalise or len(losses) <= 20:
        return False
    bottom, top = frame(losses)
    margin = 0.04 * (top - bottom) or 1e-12
    return outside(losses, bottom - margin, top + margin) > 0


def draw_overlay(axes, panel, options):
    """Medians and quartile bands of several files."""
    least = min(np.nanmin(finite_rows(one.data.losses)) for one in panel if finite_rows(one.data.losses).size)
    note = ""
    for one in panel:
        losses = finite_rows(one.data.losses)
        if losses.size == 0:
            continue
        shown, note = rescaled(losses, options, least)
        lower, median, upper = quartiles(shown)
        axes.fill_between(one.data.steps, lower, upper, color=one.colour, alpha=0.2, linewidth=0)
        (line,) = axes.plot(one.data.steps, median, color=one.colour, linestyle=one.dash, label=one.label)
        style.mark(line, f"{one.label}/{one.data.path}/median")
    if options.log:
        axes.set_yscale("log", nonpositive="mask")
    else:
        style.number_ticks(axes)
    axes.margins(x=0)
    label_steps(axes)
    axes.set_ylabel(f"${formula(panel[0].loss)}$" + note)
    axes.set_title(f"{panel[0].title}: median, quartiles")
    style.legend(axes)


def title_fan(axes, one):
    left_out = len(one.data.losses) - one.data.used.size
    comma = "," if one.data.half_width is None else ",\n"  # a column is no wider
    note = f"{comma} {left_out} left out of RI" if left_out and one.data.confidence is not None else ""
    count = describe_count(one.data).replace(", no half-width", ",\nno half-width")
    axes.set_title(f"{one.title}, {count}{note}")


# ---- the histogram
def edges_of(values):
    """Common bins of all values: Freedman and Diaconis, 10 to 40; one bar where they are equal up to rounding."""
    t = np.concatenate(values) if values else np.zeros(0)
    if t.size == 0:
        return np.linspace(0, 1, 11)
    if np.ptp(t) <= 1e-9 * t.mean():  # the linear model: not bins of noise
        return np.linspace(0.95 * t.mean(), 1.05 * t.mean(), 6)
    width = 2 * (np.percentile(t, 75) - np.percentile(t, 25)) / np.cbrt(t.size)
    n = int(np.clip(np.ptp(t) / max(width, np.ptp(t) / 40), 10, 40))
    return np.linspace(t.min(), t.max(), n + 1)


def draw_histogram(axes, panel, options):
    edges = edges_of([one.data.used for one in panel])
    overlay = len(panel) > 1
    for one in panel:
        t = one.data.used
        weights = np.full(t.size, 1 / t.size) if options.normalise and t.size else None
        style_of = (
            {"histtype": "step", "linestyle": one.dash, "linewidth": 1.2, "edgecolor": one.colour}
            if overlay
            else {"color": one.colour, "alpha": 0.75, "edgecolor": "white", "linewidth": 0.4}
        )
        _, _, bars = axes.hist(t, bins=edges, weights=weights, label=one.label, log=options.log, **style_of)
        style.mark_all(bars, f"{one.label}/{one.data.path}/total_variation")
    length = panel[0].data.length
    (low, high), top = axes.get_xlim(), axes.get_ylim()[1]
    # room for the names of the two lines
    if options.log:
        axes.set_ylim(top=top * (top / axes.get_ylim()[0]) ** 0.25)
    else:
        axes.set_ylim(0, 1.2 * top)
    heights = (0.99, 0.92)
    for value, label, height in ((1 / length, "monotone", heights[0]), (2 / length, "even valley", heights[1])):
        if low <= value <= high and len({one.data.length for one in panel}) == 1:
            axes.axvline(value, color="black", linestyle=":", linewidth=0.8)
            side = "left" if value < 0.5 * (low + high) else "right"
            place = axes.get_xaxis_transform()
            axes.text(value, height, f" {label} ", fontsize="small", ha=side, va="top", transform=place)
    axes.ticklabel_format(axis="x", useOffset=False)
    axes.locator_params(axis="x", nbins=5)
    if not options.normalise and not options.log:
        axes.yaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel("total variation $T$ (1 / step)")
    axes.set_ylabel("share of the directions" if options.normalise else "directions")
    if overlay:
        axes.set_title(panel[0].title)
        for one in panel:
            one.label = f"{one.label}: RI = {one.data.index:#.3g}" if np.isfinite(one.data.index) else one.label
        handles, _ = axes.get_legend_handles_labels()
        for handle, one in zip(handles, panel):
            handle.set_label(one.label)
        style.legend(axes)
    else:
        axes.set_title(describe_index(panel[0].data, "\n"))


# ---- figures
def fan_axes(figure, cell, one, options):
    """Axes of a fan, and the strip above it where some leave the frame."""
    if not needs_strip(one, options):
        return figure.add_subplot(cell), None
    parts = cell.subgridspec(2, 1, height_ratios=(1, 3.2), hspace=0.04)
    return figure.add_subplot(parts[1]), figure.add_subplot(parts[0])


def draw_profiles(view):
    series = view.series(read, "direction")
    panels = view.panels(series)
    options = view.options
    if view.several:
        figure, all_axes = style.grid(options, len(panels), 2.6)
        for axes, panel in zip(all_axes, panels):
            draw_overlay(axes, panel, options)
    else:
        columns = max(1, min(len(series), round(options.width / style.COLUMN)))
        rows = -(-len(series) // columns)
        figure = style.new_figure(options.width, options.height or rows * 2.9 + 0.45)
        cells = figure.add_gridspec(rows, columns)
        for k, one in enumerate(series):
            axes, strip = fan_axes(figure, cells[k // columns, k % columns], one, options)
            draw_fan(axes, one, options, strip)
            title_fan(strip or axes, one)
    view.title(figure)
    return figure


def draw_histograms(view):
    panels = view.panels(view.series(read, "direction"))
    figure, all_axes = style.grid(view.options, len(panels), 2.4, sharex=False)
    for axes, panel in zip(all_axes, panels):
        draw_histogram(axes, panel, view.options)
        if not view.several:
            axes.set_title(f"{panel[0].title}\n{axes.get_title()}")
    view.title(figure)
    return figure


def draw_both(view):
    """One row per loss: fan and histogram; below each other in a narrow picture."""
    series = view.series(read, "direction")
    panels, options = view.panels(series), view.options
    side_by_side = options.width >= 1.6 * style.COLUMN
    rows, columns = (len(panels), 2) if side_by_side else (2 * len(panels), 1)
    figure = style.new_figure(options.width, options.height or rows * 2.75 + 0.45)
    cells = figure.add_gridspec(rows, columns, **({"width_ratios": (3, 2)} if side_by_side else {}))
    for k, panel in enumerate(panels):
        place = (cells[k, 0], cells[k, 1]) if side_by_side else (cells[2 * k, 0], cells[2 * k + 1, 0])
        if view.several:
            draw_overlay(figure.add_subplot(place[0]), panel, options)
        else:
            axes, strip = fan_axes(figure, place[0], panel[0], options)
            draw_fan(axes, panel[0], options, strip)
            title_fan(strip or axes, panel[0])
        draw_histogram(figure.add_subplot(place[1]), panel, options)
    view.title(figure)
    return figure
