"""The pictures: one function (view -> Figure) and one line of TABLE each.

A function takes a View (the files, the options), draws what they hold and returns the Figure, or raises LandscapeError
where there is nothing to draw. `has` says whether a file has what the picture shows; `several`: files can be overlaid.
"""

from types import SimpleNamespace

from ..reader import LOSSES, File, LandscapeError
from . import (
    comparison,
    connectivity,
    curves,
    kinds,
    maps,
    persistence,
    preconditioned,
    profiles,
    solution,
    spectrum,
    surface,
)
from .view import View


def plot_line(name, function, has, text, several=False, commands=()):
    return SimpleNamespace(
        name=name,
        function=function,
        has=has,
        text=text,
        several=several,
        commands=commands.split() if commands else [],
    )


def group(*names):
    """A file that has one of these groups."""
    return lambda file: any(name in file for name in names)


def each(*patterns):
    """A file that has one of these paths for one of the losses."""
    return lambda file: any(pattern.format(loss) in file for pattern in patterns for loss in LOSSES)


profiles_of_one_set = each("profiles/{}/loss")
reduced = each("roughness/{}")

# name, function, what a file must have, what it shows, can overlay files, commands whose first picture it is
TABLE = (
    plot_line("roughness", profiles.draw_both, reduced, "profiles and the histogram of T, side by side", True, "roughness"),
    plot_line("profiles", profiles.draw_profiles, profiles_of_one_set, "loss along the directions: fan and median", True),
    plot_line("histogram", profiles.draw_histograms, reduced, "total variation T of the directions", True),
    plot_line("convergence", curves.draw_convergence, each("roughness/{}/curve"), "RI of the first M directions", True),
    plot_line("metrics", kinds.draw_metrics, each("roughness/{}/metrics"), "RI of the errors and the gradient"),
    plot_line("points", kinds.draw_points, each("roughness/{}/point_sets"), "RI on independent sets of points"),
    plot_line("radius", curves.draw_radius, each("sweep/{}"), "RI against half-width and intervals", True, "sweep"),
    plot_line("half-width", curves.draw_half_widths, group("roughness/grid"), "RI against the half-width, that of --grid auto marked"),
    plot_line("kinds", kinds.draw_kinds, each("directions/{}"), "RI, T and curvature by kind of direction", False, "directions"),
    plot_line("trajectory", curves.draw_trajectory, each("trajectory/{}"), "all curves along a training", True, "trajectory"),
    plot_line("surface", surface.draw_filled, group("surface"), "plane as filled contours (or line)", False, "surface"),
    plot_line("contour", surface.draw_contour, surface.has_plane, "plane as contour lines"),
    plot_line("heat", surface.draw_heat, surface.has_plane, "plane as a heat map"),
    plot_line("3d", surface.draw_3d, surface.has_plane, "plane as a surface in three dimensions"),
    plot_line("spectrum", spectrum.draw, group("spectrum"), "eigenvalues of the Hessian: density and sorted", True, "spectrum"),
    plot_line("precondition", preconditioned.draw, preconditioned.has, "eigenvalues of H against those of H v = nu P v"),
    plot_line("barriers", connectivity.draw_curves, connectivity.has, "loss along paths between minimizers, above the straight line", False, "connectivity"),
    plot_line("barrier-matrix", connectivity.draw_matrices, connectivity.has, "barriers pair by pair"),
    plot_line("rougher", comparison.draw, group("study/comparison"), "is Ritz rougher than Galerkin: ratios by measure and group"),
    plot_line("regimes", maps.draw_maps, maps.has_two_factors, "a study over two options as maps", False, "study"),
    plot_line("study", maps.draw_study, each("study/{}"), "a study against each varied option", False, "study"),
    plot_line("persistence", persistence.draw, persistence.has, "basins: barcode and diagram"),
    plot_line("solution", solution.draw, solution.has, "solution, error and residual", False, "train"),
    plot_line("history", curves.draw_history, curves.has_history, "loss and error during training", True, "train"),
)  # fmt: skip
NAMES = tuple(line.name for line in TABLE)


def line_of(name):
    return next(line for line in TABLE if line.name == name)


def available(file):
    """Names of the pictures that a file has something for."""
    return [line.name for line in TABLE if line.has(file)]


def suggested(file):
    """The picture that shows what the file's command was run for."""
    for line in TABLE:
        if file.command in line.commands and line.has(file):
            return line.name
    names = available(file)
    if not names:
        raise LandscapeError(
            f"'{file.path}' has nothing to draw yet; try again when the job has written its first round."
        )
    return names[0]


def draw(name, files, options, notes=None):
    """The Figure of that name; `notes` gets sentences about what is not drawn."""
    line = line_of(name)
    for file in files:
        if not line.has(file):
            has = ", ".join(available(file)) or "none"
            raise LandscapeError(f"'{file.path}' holds nothing for the picture '{name}', only for: {has}.")
    if len(files) > 1 and not line.several:
        raise LandscapeError(
            f"The picture '{name}' shows one file: give one, or one of those that overlay several."
        )
    view = View(files, options)
    with view.style():
        figure = line.function(view)
    if notes is not None:
        notes.extend(view.notes)
    return figure


def plot(files, what=None, **options):
    """As landscape.plot: of paths or Files, `what` by default the first file's suggestion."""
    from ..options import defaults

    files = [files] if isinstance(files, (str, bytes, File)) or hasattr(files, "__fspath__") else list(files)
    opened = [file if isinstance(file, File) else File(file) for file in files]
    try:
        if what is not None and what not in NAMES:
            raise LandscapeError(f"There is no picture '{what}': choose from {', '.join(NAMES)}.")
        return draw(what or suggested(opened[0]), opened, defaults(**options))
    finally:
        for given, file in zip(files, opened):
            if given is not file:
                file.close()
