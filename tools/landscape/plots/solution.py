"""The stored network as a function, evaluated here in numpy: u beside the exact solution, the error and the residual of
the equation. In one dimension along the interval; in more along an axis and the diagonal through the centre, with the error at
random points against their distance from the boundary.
"""

import numpy as np

from .. import style
from ..network import EQUATIONS, Solution

N = 401  # points of a line
N_RANDOM = 1500


def has(file):
    return file.problem.get("problem") in EQUATIONS and any(
        f"minimizer/{name}/parameters" in file for name in file.minimizers
    )


def is_ball(file):
    return file.problem.get("problem") == "ball"


def slices(file):
    """[(name, parameter (N), points (N,d))]: along x_1 through the centre, and along the diagonal."""
    d = int(file.dimension)
    low, high = (-1.0, 1.0) if is_ball(file) else (0.0, 1.0)
    t = np.linspace(low, high, N)
    middle = np.full((N, d), 0.5 * (low + high))
    along = middle.copy()
    along[:, 0] = t
    if d == 1:
        return [("$x$", t, along)]
    diagonal = np.repeat(t[:, None] / (np.sqrt(d) if is_ball(file) else 1.0), d, axis=1)
    return [("$x_1$, the others in the middle", t, along), ("position on the diagonal", t, diagonal)]


def distance_from_boundary(file, x):
    if is_ball(file):
        return 1 - np.sqrt((x**2).sum(axis=1))
    return np.minimum(x, 1 - x).min(axis=1)


def minimizer_of(file, loss):
    minimizer = file.minimizer(loss)
    return minimizer if minimizer is not None and minimizer.tensors else None


def draw(view):
    series = view.series(minimizer_of, "minimizer")
    file, d = view.file, int(view.file.dimension)
    lines = slices(file)
    n = 3 if d == 1 else len(lines) + 2
    figure, all_axes = style.grid(view.options, n, 2.35, width=2.4 if n == 3 else style.COLUMN)
    for axes, (name, t, x) in zip(all_axes, lines):
        draw_slice(axes, series, name, t, x)
    name, t, x = lines[0]
    if d == 1:
        draw_size(all_axes[1], series, t, x, name, "error")
        draw_size(all_axes[2], series, t, x, name, "residual")
    else:
        draw_scatter(all_axes[-2], series, random_points(file))
        draw_size(all_axes[-1], series, t, x, name, "residual")
    view.title(figure)
    return figure


def draw_slice(axes, series, name, t, x):
    for k, one in enumerate(series):
        solution = Solution(one.file, one.data, x)
        if k == 0:
            (line,) = axes.plot(t, solution.exact, color="black", linewidth=2.6, alpha=0.35, label="exact $u^*$")
            style.mark(line, "exact")
        (line,) = axes.plot(t, solution.u, color=one.colour, linestyle=("--", ":")[k % 2], label=one.label)
        style.mark(line, f"{one.label}/u/{name}")
    axes.set_xlabel(name)
    axes.set_ylabel("$u$ (dimensionless)")
    axes.set_title("solution")
    style.legend(axes)


def draw_size(axes, series, t, x, name, what):
    for one in series:
        solution = Solution(one.file, one.data, x)
        values = solution.u - solution.exact if what == "error" else solution.residual
        (line,) = axes.plot(t, np.abs(values), color=one.colour, linestyle=one.dash, label=one.label)
        style.mark(line, f"{one.label}/{what}")
    axes.set_yscale("log", nonpositive="mask")
    values = np.concatenate([line.get_ydata() for line in axes.lines])
    values = values[np.isfinite(values) & (values > 0)]
    if values.size:
        axes.set_ylim(max(np.percentile(values, 1) / 2, values.max() * 1e-8), 2 * values.max())
    axes.set_xlabel(name)
    axes.set_ylabel("$|u - u^*|$" if what == "error" else "residual $|r|$ of the equation")
    axes.set_title(what)
    style.legend(axes)


def random_points(file):
    """Uniform in the domain, the same ones every time."""
    random, d = np.random.Generator(np.random.Philox(1)), int(file.dimension)
    if not is_ball(file):
        return random.random((N_RANDOM, d))
    x = random.standard_normal((N_RANDOM, d))
    return x / np.sqrt((x**2).sum(axis=1))[:, None] * random.random((N_RANDOM, 1)) ** (1 / d)


def draw_scatter(axes, series, x):
    """The error at points x (Q,d)."""
    for one in series:
        file, solution = one.file, Solution(one.file, one.data, x)
        (line,) = axes.plot(
            distance_from_boundary(file, x), np.abs(solution.u - solution.exact), one.marker, color=one.colour,
            markersize=1.8, alpha=0.5, markeredgewidth=0, label=one.label, rasterized=True,
        )  # fmt: skip
        style.mark(line, f"{one.label}/error")
    axes.set_yscale("log", nonpositive="mask")
    axes.set_xlabel("distance from the boundary")
    axes.set_ylabel("$|u - u^*|$")
    axes.set_title(f"error at {len(x)} random points")
    style.legend(axes, markerscale=2.5)
