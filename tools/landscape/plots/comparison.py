"""Is Ritz rougher than Galerkin? The median ratio of every measure in pairs of equal seeds, with its interval, by group of
trainings that differ in their seeds only; 1 is alike. At the right what the study says: yes, no, not decided.
"""

import matplotlib
import numpy as np

from .. import style
from ..findings import ANSWERS, MEASURES, groups_of_study, is_compared
from ..reader import LandscapeError
from .view import error_bars

SHORT = {-1: "no: Galerkin"}  # beside the line there is little room


def draw(view):
    file = view.file
    results = file.results("study/comparison")
    if results is None:
        view.refuse("comparison")
    groups = groups_of_study(file, short=True)
    measures = [name for name in MEASURES if is_compared(results, name)]
    if not measures:
        raise LandscapeError(
            f"'{file.path}': no pair of trainings has a measure of both losses: nothing to compare."
        )
    rows = []  # (measure, group or None for the heading)
    for name in measures:
        rows += [(name, None)] * (len(groups) > 1) + [(name, g) for g in range(len(groups))]
    narrow = view.options.width < 1.6 * style.COLUMN
    above = narrow and len(groups) > 1  # a group's name over its line
    height = (0.27 if above else 0.165) * len(rows) * view.options.font_size / 8
    figure = style.new_figure(view.options.width, view.options.height or height + 1.0)
    axes = figure.subplots()
    colours = dict(zip(MEASURES, style.CYCLE))
    for name in measures:
        draw_measure(axes, results, name, [(y, g) for y, (n, g) in enumerate(rows) if n == name and g is not None],
                     colours[name])  # fmt: skip
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xscale("log")
    axes.set_ylim(len(rows) - 0.4, -0.7)
    label_rows(axes, rows, groups, above, view.options)
    answers(axes, results, rows)
    limits(axes)
    confidence = 100 * float(results["confidence"])
    axes.set_xlabel("ratio Ritz / Galerkin (dimensionless)")
    view.title(
        figure,
        [f"Is Ritz rougher than Galerkin? Median ratios in pairs of equal seeds, {confidence:g} % intervals",
         "no dot: some value is zero, so there is no ratio"] if any_missing(results, measures) else
        [f"Is Ritz rougher than Galerkin? Median ratios in pairs of equal seeds, {confidence:g} % intervals"],
    )  # fmt: skip
    return figure


def any_missing(results, measures):
    return any(not np.isfinite(np.asarray(results[f"{name}_ratio"], dtype=float)).all() for name in measures)


def draw_measure(axes, results, name, places, colour):
    y = np.array([place for place, _ in places], dtype=float)
    which = [group for _, group in places]
    ratio = np.asarray(results[f"{name}_ratio"], dtype=float)[which]
    interval = np.asarray(results[f"{name}_ratio_interval"], dtype=float).reshape(-1, 2)[which]
    there = np.isfinite(ratio) & (ratio > 0)
    marker = style.MARKERS[list(MEASURES).index(name) % len(style.MARKERS)]
    line = axes.errorbar(
        ratio[there], y[there], xerr=error_bars(ratio, interval)[:, there], color=colour, linestyle="none",
        marker=marker, capsize=2, elinewidth=0.9,
    )  # fmt: skip
    style.mark(line.lines[0], f"study/comparison/{name}_ratio")


def label_rows(axes, rows, groups, above, options):
    """Measures as headings, groups below them; in a narrow picture inside, over their lines."""
    small = matplotlib.rcParams["font.size"] - 1
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    place = axes.get_yaxis_transform()
    if above:
        for y, (name, group) in enumerate(rows):
            text = MEASURES[name] if group is None else shorten(groups[group], options)
            axes.text(0.0, y + (0.12 if group is None else -0.5), text, va="center", fontsize=small, transform=place,
                      fontweight="bold" if group is None else None,
                      bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.75})  # fmt: skip
        return
    axes.set_yticks(range(len(rows)))
    axes.tick_params(axis="y", length=0)
    axes.set_yticklabels(
        [MEASURES[name] if group is None or len(groups) == 1 else groups[group] for name, group in rows]
    )
    for label, (_, group) in zip(axes.get_yticklabels(), rows):
        if group is None:
            label.set_fontweight("bold")


def shorten(text, options):
    most = int(options.width * 72 / (0.62 * options.font_size))
    return (
        text if len(text) <= most else text[: most // 2] + "\u2026" + text[1 - most // 2 :]
    )  # ends tell them apart


def answers(axes, results, rows):
    small = matplotlib.rcParams["font.size"] - 1
    place = axes.get_yaxis_transform()
    axes.text(
        1.02,
        -0.9 if len(rows) > 1 else -0.6,
        "rougher?",
        va="bottom",
        fontsize=small,
        color=style.GREY,
        transform=place,
    )
    for y, (name, group) in enumerate(rows):
        if group is None:
            continue
        pairs = int(np.asarray(results[f"{name}_pairs"])[group])
        larger = int(np.asarray(results[f"{name}_larger"])[group])
        text = axes.text(1.02, y, SHORT.get(larger, ANSWERS[larger]) if pairs else "no pair", va="center", fontsize=small, transform=place,
                         fontweight="bold" if larger and pairs else None)  # fmt: skip
        style.mark(text, f"study/comparison/{name}_larger/{group}")


def limits(axes):
    """What the ratios and their intervals span, around 1."""
    ends = [1.0]
    for container in axes.containers:
        for bars in container.lines[2]:
            ends += [x for segment in bars.get_segments() for x in segment[:, 0]]
        ends += list(container.lines[0].get_xdata())
    ends = np.array([x for x in ends if np.isfinite(x) and x > 0])
    low, high = min(ends.min(), 0.5), max(ends.max(), 2.0)
    axes.set_xlim(low / 1.3, high * 1.3)
    if high / low < 100:
        axes.xaxis.set_major_locator(matplotlib.ticker.LogLocator(subs=(1, 2, 5), numticks=9))
        axes.xaxis.set_major_formatter(matplotlib.ticker.StrMethodFormatter("{x:g}"))
        axes.xaxis.set_minor_formatter(matplotlib.ticker.NullFormatter())
