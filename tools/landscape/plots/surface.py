"""The loss on a plane: filled contours, contour lines, a heat map or a surface in three dimensions; on a line a curve.

Levels part the points evenly, as losses span decades. Dots are the minimizers, the cross is the lowest point, the white
line the path of a training.
"""

import functools

import matplotlib
import matplotlib.colors
import matplotlib.patheffects
import numpy as np

from .. import style
from ..reader import LandscapeError

N_LEVELS = 20


def has_plane(file):
    """A surface with more than one row."""
    return any(file[f"surface/{name}/y"].size > 1 for name in file.surfaces)


def read_surfaces(view, planes_only=False):
    found = []
    for name in view.file.surfaces:
        if not view.wants(name.split("_")[0]):
            continue
        surface = view.file.surface(name)
        if surface is None:
            view.note_empty(view.file, name, "point")
        elif surface.y.size > 1 or not planes_only:
            found.append(surface)
    if not found:
        view.refuse("point")
    return found


def levels_of(losses, n=N_LEVELS):
    """Distinct quantiles: as much of the plane between any two."""
    return np.unique(np.nanpercentile(losses, np.linspace(0, 100, n + 1)))


def title(axes, surface):
    so_far = (
        f", {surface.n_complete} of {surface.n_points} points so far"
        if surface.n_complete < surface.n_points
        else ""
    )
    axes.set_title(surface.title + so_far)


def label_plane(axes, surface):
    shares = surface.explained[np.isfinite(surface.explained)] if surface.path.size else ()
    names = [f", {100 * share:.3g} % of the path" for share in shares] + ["", ""]
    axes.set_xlabel(f"$x$ (dimensionless{names[0]})")
    axes.set_ylabel(f"$y$ (dimensionless{names[1]})")


def points_of(surface):
    """Path, minimizers and lowest point as (x, y, keywords, label)."""
    outlined = (
        [matplotlib.patheffects.withStroke(linewidth=2.2, foreground=style.DARK)] if surface.path.size else []
    )
    found = []
    if surface.path.size:
        found.append((surface.path, {"color": style.LIGHT, "linestyle": "-", "marker": ".", "linewidth": 0.9,
                                     "path_effects": outlined}, "path", "path_positions"))  # fmt: skip
        found.append((surface.path[:1], {"color": style.LIGHT, "marker": "^", "markersize": 5, "markeredgecolor": style.DARK,
                                         "linestyle": "none"}, "start", "start"))  # fmt: skip
    if surface.places.size:
        found.append((surface.places, {"color": style.LOSS_COLOURS[surface.loss], "marker": "o", "markersize": 8,
                                       "markeredgecolor": style.LIGHT, "linestyle": "none"},
                      "minimizer" + ("s" if len(surface.places) > 1 else ""), "minimizer_positions"))  # fmt: skip
    i, j = np.unravel_index(np.nanargmin(surface.losses), surface.losses.shape)
    lowest = np.array([[surface.x[j], surface.y[i]]])
    found.append((lowest, {"color": style.DARK, "marker": "x", "markersize": 4.5, "markeredgewidth": 1.3, "linestyle": "none"},
                  "lowest", "lowest"))  # fmt: skip
    return found


def add_points(axes, surface):
    for places, keywords, label, name in points_of(surface):
        (line,) = axes.plot(*places.T, label=label, zorder=4, **keywords)
        style.mark(line, f"surface/{surface.name}/{name}")
    axes.set_xlim(surface.x[0], surface.x[-1])
    axes.set_ylim(surface.y[0], surface.y[-1])


def draw_levels(axes, surface, view, filled):
    levels = levels_of(surface.losses)
    if levels.size < 3:
        axes.text(0.5, 0.5, "one value everywhere", ha="center", transform=axes.transAxes)
        return
    norm = matplotlib.colors.BoundaryNorm(levels, 256)
    if filled:
        drawn = axes.contourf(surface.x, surface.y, surface.losses, levels=levels, norm=norm, cmap=style.MAP)
        axes.contour(surface.x, surface.y, surface.losses, levels=levels, colors=style.DARK, linewidths=0.25)
    else:
        drawn = axes.contour(surface.x, surface.y, surface.losses, levels=levels[1:-1], norm=norm, cmap=style.MAP)
        axes.clabel(
            drawn, levels[2:-1:4], fmt=lambda level: f"{level:.3g}", fontsize=matplotlib.rcParams["font.size"] - 2
        )
    style_bar(axes, drawn, levels, surface)


def style_bar(axes, drawn, levels, surface):
    ticks = levels[:: max(1, (levels.size - 1) // 4)]
    bar = axes.figure.colorbar(drawn, ax=axes, ticks=ticks, spacing="uniform", pad=0.02)
    bar.ax.set_yticklabels([f"{level:.3g}" for level in ticks])
    bar.set_label(f"loss ${style.SYMBOLS[surface.loss]}$, levels by quantiles")


def draw_heat_map(axes, surface, view):
    levels = levels_of(surface.losses, 256)
    norm = matplotlib.colors.BoundaryNorm(levels, 256, extend="neither") if levels.size > 2 else None
    drawn = axes.pcolormesh(
        surface.x, surface.y, np.ma.masked_invalid(surface.losses), norm=norm, cmap=style.MAP, shading="nearest",
        rasterized=surface.n_points > 2500,
    )  # fmt: skip
    style.mark(drawn, f"surface/{surface.name}/loss")
    if norm is not None:
        style_bar(axes, drawn, levels, surface)


def draw_line(axes, surface, view):
    """Of a line: the loss along it, the minimizers as dotted lines."""
    colour = style.LOSS_COLOURS[surface.loss]
    losses = surface.losses[0]
    (line,) = axes.plot(surface.x, losses, color=colour, marker="." if losses.size < 60 else None)
    style.mark(line, f"surface/{surface.name}/loss")
    for k, (x, _) in enumerate(surface.places):
        axes.axvline(x, color="black", linestyle=":", linewidth=0.9, label="minimizer" if k == 0 else None)
    if view.options.log and np.nanmin(losses) > 0:
        axes.set_yscale("log")
    else:
        style.number_ticks(axes)
    axes.set_xlabel("$x$ along the line (dimensionless)")
    axes.set_ylabel(f"loss ${style.SYMBOLS[surface.loss]}$")
    style.legend(axes)


def draw_flat(view, draw_plane, planes_only=False):
    surfaces = read_surfaces(view, planes_only)
    figure, all_axes = style.grid(view.options, len(surfaces), 3.1 if any(s.y.size > 1 for s in surfaces) else 2.4)
    for axes, surface in zip(all_axes, surfaces):
        title(axes, surface)
        if surface.y.size == 1:
            draw_line(axes, surface, view)
            continue
        draw_plane(axes, surface, view)
        add_points(axes, surface)
        label_plane(axes, surface)
        style.legend(axes, handlelength=1.4)
        dark = axes.get_legend()
        if dark is not None:  # white marks want a ground
            dark.set_frame_on(True)
            dark.get_frame().set(facecolor="0.8", edgecolor="none")
            for text in dark.get_texts():
                text.set_color(style.DARK)
    view.title(figure, [surfaces[0].plane])
    return figure


def draw_filled(view):
    return draw_flat(view, functools.partial(draw_levels, filled=True))


def draw_contour(view):
    return draw_flat(view, functools.partial(draw_levels, filled=False), planes_only=True)


def draw_heat(view):
    return draw_flat(view, draw_heat_map, planes_only=True)


def draw_3d(view):
    """Height is the loss, with --log the logarithm of what it has above its least value."""
    try:
        from mpl_toolkits.mplot3d import Axes3D  # noqa: F401  two matplotlibs on one machine can part here
    except ImportError as error:
        raise LandscapeError(f"matplotlib cannot draw in three dimensions here ({error}).") from error
    surfaces = read_surfaces(view, planes_only=True)
    columns = max(1, min(len(surfaces), round(view.options.width / style.COLUMN)))
    rows = -(-len(surfaces) // columns)
    figure = style.new_figure(view.options.width, view.options.height or 3.3 * rows + 0.4)
    for k, surface in enumerate(surfaces):
        axes = figure.add_subplot(rows, columns, k + 1, projection="3d", computed_zorder=False)
        draw_surface_3d(axes, surface, view)
        title(axes, surface)
    view.title(figure, [surfaces[0].plane])
    return figure


def heights(surface, view):
    """(heights, name of the axis, function from a loss to a height)"""
    symbol = style.SYMBOLS[surface.loss]
    if not view.options.log:
        return surface.losses, f"loss ${symbol}$", lambda loss: loss
    least = np.nanmin(surface.losses)
    above = surface.losses[surface.losses > least] - least
    floor = max(above.min(), above.max() * 1e-8) if above.size else 1.0
    height = lambda loss: np.log10(np.maximum(loss - least, floor))  # noqa: E731
    return height(surface.losses), f"$\\log_{{10}}({symbol} - \\min {symbol})$", height


def draw_surface_3d(axes, surface, view):
    z, name, _ = heights(surface, view)
    x, y = np.meshgrid(surface.x, surface.y)
    axes.plot_surface(
        x, y, z, cmap=style.MAP, rcount=min(80, y.shape[0]), ccount=min(80, x.shape[1]), linewidth=0.1,
        edgecolor=(0, 0, 0, 0.25), antialiased=True, zorder=1,
    )  # fmt: skip
    lift = 0.02 * (np.nanmax(z) - np.nanmin(z))
    for places, keywords, label, kind in points_of(surface):
        inside = (places >= [surface.x[0], surface.y[0]]) & (places <= [surface.x[-1], surface.y[-1]])
        places = places[inside.all(axis=1)]
        if len(places):
            (line,) = axes.plot(
                *places.T, interpolated(surface, z, places) + lift, label=label, zorder=5, **keywords
            )
            style.mark(line, f"surface/{surface.name}/{kind}")
    axes.view_init(32, -60)
    axes.set_box_aspect((1, 1, 0.72), zoom=0.84)
    axes.set_xlabel("$x$", labelpad=-6)
    axes.set_ylabel("$y$", labelpad=-6)
    axes.set_zlabel(name, labelpad=1)
    axes.tick_params(pad=-2)
    axes.tick_params(axis="z", pad=1)
    axes.locator_params(nbins=5)
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.pane.set_facecolor("none")
    if not view.options.log:
        axes.ticklabel_format(axis="z", scilimits=(-3, 4), useMathText=True)


def interpolated(surface, z, places):
    """Bilinear between the points of the grid."""
    i = np.clip(np.searchsorted(surface.y, places[:, 1]) - 1, 0, surface.y.size - 2)
    j = np.clip(np.searchsorted(surface.x, places[:, 0]) - 1, 0, surface.x.size - 2)
    v = (places[:, 1] - surface.y[i]) / (surface.y[i + 1] - surface.y[i])
    u = (places[:, 0] - surface.x[j]) / (surface.x[j + 1] - surface.x[j])
    below = (1 - u) * z[i, j] + u * z[i, j + 1]
    return (1 - v) * below + v * ((1 - u) * z[i + 1, j] + u * z[i + 1, j + 1])
