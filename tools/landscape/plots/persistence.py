"""Basins of profiles and planes. Diagram: a point (minimum, saddle) for every basin that meets a lower one, in shares of
its profile's max - min; how far above the diagonal is how deep. Barcode: the basins of the profile with the deepest ones
(or of the plane), from minimum to saddle; the lowest never ends.
"""

import numpy as np

from .. import style
from ..basins import above_rounding, persistence_pairs
from .surface import read_surfaces

MOST_BARS = 40


def has(file):
    return any(f"profiles/{loss}/loss" in file and f"sweep/{loss}" not in file for loss in file.losses) or bool(
        file.surfaces
    )


class Basins:
    """Of a grid of values: finite pairs and the lowest, in shares of max - min."""

    def __init__(self, values, name):
        finite = values[np.isfinite(values)]
        low, spread = finite.min(), np.ptp(finite)
        pairs = above_rounding(persistence_pairs(values), np.abs(finite).max())
        self.name, self.low, self.spread = name, low, spread
        self.shares = (pairs - low) / spread if spread > 0 else np.zeros((0, 2))

    @property
    def finite(self):
        return self.shares[np.isfinite(self.shares[:, 1])]

    @property
    def total(self):
        return float((self.finite[:, 1] - self.finite[:, 0]).sum())


def groups_of(view):
    """[(title, colour, marker, [Basins])] of each loss's profiles, or of each surface."""
    if view.file.surfaces:
        return [
            (surface.title, style.LOSS_COLOURS[surface.loss], "o", [Basins(surface.losses, surface.name)])
            for surface in read_surfaces(view)
        ]
    found = []
    for one in view.series(lambda file, loss: file.profiles(loss), "direction"):
        p = one.data
        usable = np.isfinite(p.total_variation)
        basins = [Basins(losses, f"direction {row}") for losses, row in zip(p.losses[usable], p.rows[usable])]
        found.append((one.title, one.colour, one.marker, basins))
    return found


def draw(view):
    groups = groups_of(view)
    figure, all_axes = style.grid(view.options, 2 * len(groups), 2.7)
    for k, (title, colour, marker, basins) in enumerate(groups):
        draw_diagram(all_axes[2 * k], title, colour, marker, basins)
        draw_barcode(all_axes[2 * k + 1], title, colour, basins)
    view.title(figure)
    return figure


def draw_diagram(axes, title, colour, marker, basins):
    points = np.concatenate([b.finite for b in basins] or [np.zeros((0, 2))])
    axes.plot([0, 1], [0, 1], color=style.GREY, linewidth=0.8)
    (line,) = axes.plot(*points.T, marker, color=colour, alpha=0.55, markersize=3.5, markeredgewidth=0)
    style.mark(line, f"{title}/pairs")
    with_some = sum(len(b.finite) > 0 for b in basins)
    text = f"{len(points)} pairs" + (f" in {with_some} of {len(basins)} profiles" if len(basins) > 1 else "")
    axes.text(0.98, 0.03, text if len(points) else "no basin beside the lowest", ha="right", fontsize="small",
              color=style.GREY, transform=axes.transAxes)  # fmt: skip
    axes.set_xlim(-0.03, 1.03)
    axes.set_ylim(-0.03, 1.03)
    axes.set_aspect("equal")
    axes.set_xlabel("minimum (share of max $-$ min)")
    axes.set_ylabel("saddle (share of max $-$ min)")
    axes.set_title(f"{title}: diagram")


def draw_barcode(axes, title, colour, basins):
    axes.set_title(f"{title}: barcode")
    axes.set_xlabel("level (share of max $-$ min)")
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlim(-0.03, 1.06)
    deepest = max(basins, key=lambda b: b.total, default=None)
    if deepest is None:
        axes.text(0.5, 0.5, "no usable profile", ha="center", transform=axes.transAxes)
        return
    bars = deepest.shares
    order = np.argsort(-np.where(np.isfinite(bars[:, 1]), bars[:, 1] - bars[:, 0], np.inf), kind="stable")
    left_out = max(0, len(bars) - MOST_BARS)
    bars = bars[order][:MOST_BARS]
    for k, (birth, death) in enumerate(bars):
        if np.isfinite(death):
            (line,) = axes.plot([birth, death], [k, k], color=colour, linewidth=2.2, solid_capstyle="butt")
            style.mark(line, f"{title}/bar:{k}")
        else:
            axes.annotate("", (1.06, k), (birth, k), arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 1.6,
                                                               "shrinkA": 0, "shrinkB": 0})  # fmt: skip
            axes.text(birth, k - 0.18, "the lowest never ends", va="bottom", fontsize="small", color=style.GREY)
    axes.set_ylim(max(len(bars), 3) - 0.4, -0.9)
    axes.set_ylabel("basins, the deepest first" + (f" ({left_out} shallower ones left out)" if left_out else ""))
    axes.set_title(f"{title}: barcode" + (f" of {deepest.name}" if len(basins) > 1 else ""))
