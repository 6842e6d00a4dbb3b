"""What an optimizer's matrix P makes of the Hessian: the sorted nu of H v = nu P v for each P beside H's eigenvalues.

Each set is divided by its largest size, as P may have units: what counts is how far apart its values are.
"""

import numpy as np

from .. import style
from .spectrum import series_of, title_of


def has(file):
    return any(file.groups(f"spectrum/{name}") for name in file.groups("spectrum"))


def sets_of(file, name, results):
    """[(label, values, path)]: of H, then of each P that is there."""
    found = [("$H$", np.asarray(results["eigenvalues"], dtype=float), f"{results.path}/eigenvalues")]
    for p in file.groups(f"spectrum/{name}"):
        of_p = file.results(f"spectrum/{name}/{p}")
        if of_p is not None:
            found.append((p, np.asarray(of_p["eigenvalues"], dtype=float), f"{of_p.path}/eigenvalues"))
    return found


def draw(view):
    found = [one for one in series_of(view) if view.file.groups(f"spectrum/{one[1]}")]
    if not found:
        view.refuse("spectrum against a preconditioner")
    figure, all_axes = style.grid(view.options, len(found), 2.9)
    for axes, (_, name, _, label, results) in zip(all_axes, found):
        draw_sets(axes, sets_of(view.file, name, results))
        tolerance = float(view.file.settings.get("rank-tolerance", 1e-6))
        axes.axhline(tolerance, color="black", linestyle=":", linewidth=0.8, label="rank tolerance")
        axes.set_title(title_of(name, label, view))
        style.legend(axes)
    view.title(figure, ["filled: positive, open: negative; each set divided by its largest size"])
    return figure


def draw_sets(axes, sets):
    for k, (label, values, path) in enumerate(sets):
        values = np.sort(values[np.isfinite(values)])[::-1]
        if not values.size or not np.abs(values).max() > 0:
            continue
        shares = values / np.abs(values).max()
        rank = np.arange(1, values.size + 1)
        colour = "black" if k == 0 else style.CYCLE[(k - 1) % len(style.CYCLE)]
        marker = style.MARKERS[k % len(style.MARKERS)]
        for sign, face in ((1, colour), (-1, "white")):
            there = sign * shares > 0
            (line,) = axes.plot(
                rank[there], np.abs(shares[there]), marker, color=colour, markerfacecolor=face, markersize=3,
                markeredgewidth=0.8, label=label if sign > 0 else None,
            )  # fmt: skip
            style.mark(line, f"{path}/{'positive' if sign > 0 else 'negative'}")
    axes.set_yscale("log")
    axes.set_xlabel("rank, the largest first")
    axes.set_ylabel(r"$|\lambda|$, $|\nu|$ over the largest")
