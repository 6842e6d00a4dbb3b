#!/usr/bin/env python3
"""Draws the loss profiles and the roughness index of a landscape_mpi output file, also while the job still runs.

One row per loss. Left: the fan of profiles f(s) = L(theta* + s d), one line per direction, with their median and
quartile band. Right: the histogram of the normalised total variation T = sum |f_{j+1} - f_j| / (|I| (max f - min f)),
|I| = grid length, and the roughness index RI = std(T; ddof=1) / mean(T) with its bootstrap interval. |I| T is 1 for a
monotone profile and 2 for a single valley with equal ends: dotted lines show both. Only directions whose every step is
complete are used. Of a surface: its contour lines, at levels that part its points evenly, with the place of the lowest
one and of the minimizers; of a line: the loss along it.

  tools/plot_landscape.py landscape.h5 -o landscape.pdf
  tools/plot_landscape.py landscape.h5 --loss galerkin -o galerkin.png

Exit codes: 0 done, 1 the file cannot be drawn, 2 wrong options.
"""

import argparse
import os
import sys
from types import SimpleNamespace

os.environ.setdefault(
    "HDF5_USE_FILE_LOCKING", "FALSE"
)  # a running job may hold the file; read before h5py loads HDF5
try:
    import h5py
    import matplotlib
    import numpy as np

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.collections import LineCollection
except ImportError as error:
    if (
        __name__ == "__main__"
        and "LANDSCAPE_PYTHON_TRIED" not in os.environ
        and os.access("/usr/bin/python3", os.X_OK)
    ):
        # apt installs for the system's python3; another one may stand before it on PATH
        os.environ["LANDSCAPE_PYTHON_TRIED"] = "1"
        os.execv("/usr/bin/python3", ["/usr/bin/python3", os.path.abspath(__file__), *sys.argv[1:]])
    sys.exit(
        f"plot_landscape: the Python module '{error.name}' is missing; install it with "
        "'pip install numpy h5py matplotlib' or 'apt-get install python3-numpy python3-h5py python3-matplotlib'."
    )

LOSSES = {
    "ritz": ("Deep Ritz", "#0072B2"),
    "galerkin": ("Deep Galerkin", "#D55E00"),
}  # Okabe and Ito: colour-blind safe
MAX_LINES = 1000  # more lines than this only make the file larger
STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.titlesize": 8.5,
    "axes.labelsize": 8,
    "figure.titlesize": 9.5,
    "legend.fontsize": 7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "lines.linewidth": 1.2,
    "pdf.fonttype": 42,  # TrueType, as journals ask
    "savefig.dpi": 300,
}


# Written into every picture, by which the tool knows its own.
MARK = "drawn by landscape_mpi's plot_landscape"

# What h5py and numpy raise over a damaged file.
DAMAGE = (AttributeError, IndexError, KeyError, MemoryError, OSError, RuntimeError, TypeError, ValueError)


class PlotError(Exception):
    """The file cannot be drawn; the text is one sentence for the user."""


# ---- reading
def as_text(value):
    """HDF5 strings arrive as bytes or str."""
    return value.decode() if isinstance(value, bytes) else value


def attribute(node, name, default=None):
    """An attribute as str, number or array."""
    value = node.attrs.get(name, default)
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.reshape(-1)[0]
    return as_text(value)


def total_variation(steps, losses):
    """T of each profile, (M,); NaN where a loss is not finite or rounding may make more than a tenth of T."""
    with np.errstate(all="ignore"):
        spread = losses.max(axis=1) - losses.min(axis=1)
        t = np.abs(np.diff(losses, axis=1)).sum(axis=1) / ((steps[-1] - steps[0]) * spread)
        rounding = 64 * np.finfo(float).eps * np.abs(losses).max(axis=1)  # as the program: 32 eps on either side
        runs = 1 + np.count_nonzero(np.diff(np.sign(np.diff(losses, axis=1)), axis=1), axis=1)
        error = (runs / ((steps[-1] - steps[0]) * t) + 1) * rounding / spread
    return np.where(np.isfinite(losses).all(axis=1) & (spread > rounding) & (error <= 0.1), t, np.nan)


def crc32c(data):
    """CRC-32C (Castagnoli) of bytes."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def read_results(file, path):
    """{name: value} of a result group, or None until its job has written it."""
    group = file.get(path)
    if group is None or as_text(group["state"][()]) == "pending":
        return None
    names = [as_text(name) for name in group.attrs["results"]]
    found = {name: group[name][()] for name in names}
    parts = [value.tobytes() if isinstance(value, (np.ndarray, np.number)) else value for value in found.values()]
    if "crc32c" in group and crc32c(b"".join(parts)) != group["crc32c"][()]:
        raise PlotError(f"is damaged: the results in /{path} do not match their checksum.")
    return found


def read_statistics(file, loss, steps, profiles):
    """T of the complete directions and the index: as stored once the job has reduced them, computed here until then."""
    stored = read_results(file, f"roughness/{loss}")
    computed = total_variation(steps, profiles.losses)
    t = np.asarray(file[f"profiles/{loss}/total_variation"])[profiles.rows] if stored is not None else computed
    used = t[np.isfinite(t)]
    if stored is not None:
        interval = np.asarray(stored["interval"], dtype=float)
        interval = interval if interval.shape == (2,) and np.isfinite(interval).all() else None
        return SimpleNamespace(
            t=used, index=float(stored["index"]), interval=interval, confidence=float(stored["confidence"])
        )
    index = used.std(ddof=1) / used.mean() if used.size > 1 else np.nan
    return SimpleNamespace(t=used, index=index, interval=None, confidence=None)


def most_bytes(file, dataset):
    """That a dataset can have in a file of this size; deflate reaches 1032 to 1."""
    if dataset.chunks is None:
        return os.path.getsize(file.filename)
    return max(2**26, 1100 * min(dataset.id.get_storage_size(), os.path.getsize(file.filename)))


def read_loss(file, loss):
    """Everything one row shows, or None while no direction is complete."""
    group = file[f"profiles/{loss}"]
    if f"directions/{loss}" in file:
        raise PlotError("holds profiles by kind of direction, not one set: see it with landscape_mpi reduce.")
    if f"sweep/{loss}" in file:
        raise PlotError("holds a sweep over many grids, not profiles on one: see it with landscape_mpi reduce.")
    for name in ("steps", "complete", "loss", "total_variation"):  # a damaged shape must not take all memory
        if group[name].size * group[name].dtype.itemsize > most_bytes(file, group[name]):
            raise PlotError(f"has a dataset /profiles/{loss}/{name} that is larger than the file.")
    steps = np.asarray(group["steps"], dtype=float)
    complete = np.asarray(group["complete"])  # before the losses: the job writes it after them
    rows = np.flatnonzero((complete == 1).all(axis=1))
    if complete.ndim != 2 or complete.shape[1] != steps.size or steps.size < 2:
        raise PlotError(f"has a group /profiles/{loss} whose shapes do not fit together.")
    if rows.size == 0:
        return None
    profiles = SimpleNamespace(rows=rows, losses=np.asarray(group["loss"])[rows])
    minimizer = file.get(f"minimizer/{loss}")
    return SimpleNamespace(
        name=loss,
        steps=steps,
        losses=profiles.losses,
        n_directions=complete.shape[0],
        statistics=read_statistics(file, loss, steps, profiles),
        network=describe_network(minimizer) if minimizer is not None else "network not stored",
    )


def read_surface(file, name):
    """One surface, NaN where it is not yet computed, or None while no point is."""
    group = file[f"surface/{name}"]
    for part in ("x", "y", "loss", "complete"):
        if group[part].size * group[part].dtype.itemsize > most_bytes(file, group[part]):
            raise PlotError(f"has a dataset /surface/{name}/{part} that is larger than the file.")
    x, y, complete = (np.asarray(group[part]) for part in ("x", "y", "complete"))
    if complete.shape != (y.size, x.size) or x.size < 2:
        raise PlotError(f"has a group /surface/{name} whose shapes do not fit together.")
    losses = np.where(complete == 1, np.asarray(group["loss"]), np.nan)
    losses[~np.isfinite(losses)] = np.nan
    if np.isnan(losses).all():
        return None
    summary = read_results(file, f"surface/{name}/summary")
    places = np.zeros((0, 2)) if summary is None else np.asarray(summary["minimizer_positions"], dtype=float)
    path = summary.get("path_positions") if summary is not None else None
    around = str(attribute(group, "minimizer", ""))
    minimizer = file.get(f"minimizer/{around}")
    return SimpleNamespace(
        name=name,
        loss=name.split("_")[0],
        title=LOSSES[name.split("_")[0]][0] + (f" around {around}" if "_around_" in name else ""),
        x=x,
        y=y,
        losses=losses,
        n_complete=int(np.count_nonzero(complete == 1)),
        places=places,
        path=np.zeros((0, 2)) if path is None else np.asarray(path, dtype=float),
        plane=str(attribute(group, "plane", "")),
        network=describe_network(minimizer) if minimizer is not None else "network not stored",
    )


def describe_network(minimizer):
    network = attribute(minimizer, "network", "network not stored")
    if network == "linear":
        return "linear model"
    if network == "mlp":
        layers = ",".join(str(width) for width in minimizer.attrs["layers"]) if "layers" in minimizer.attrs else "?"
        return f"mlp (layers {layers}, {attribute(minimizer, 'activation', 'activation not stored')})"
    blocks = attribute(minimizer, "blocks", 0)
    width, activation = attribute(minimizer, "width", "?"), attribute(
        minimizer, "activation", "activation not stored"
    )
    return f"{network} (width {width}, {blocks} block{'s' if blocks != 1 else ''}, {activation})"


def read_file(path, wanted):
    """(dimension, rows to draw, losses without a complete direction)"""
    if not os.path.exists(path):
        raise PlotError("does not exist; landscape_mpi writes it (--output).")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise PlotError("is not an HDF5 file, or was cut off before its first flush.") from error
    with file:
        try:
            kind = "surface" if "surface" in file else "profiles"
            if kind not in file or "format_version" not in file.attrs:
                raise PlotError("is an HDF5 file, but holds no landscape_mpi profiles.")
            present = [loss for loss in LOSSES if loss in file[kind]]
            if kind == "surface":  # those around the other loss's minimizer too
                present = [name for loss in LOSSES for name in sorted(file[kind]) if name.split("_")[0] == loss]
            for loss in wanted:
                if loss not in (name.split("_")[0] for name in present):
                    raise PlotError(f"holds no {kind} of the loss '{loss}', only {', '.join(present) or 'none'}.")
            chosen = [name for name in present if not wanted or name.split("_")[0] in wanted]
            rows = {name: (read_surface if kind == "surface" else read_loss)(file, name) for name in chosen}
            dimension = attribute(file["problem"], "dimension", "?")
            equation = str(attribute(file["problem"], "pde", ""))
        except PlotError:
            raise
        except DAMAGE as error:
            raise PlotError(f"cannot be read to its end ({str(error).strip(chr(39))}).") from error
    empty = [loss for loss, row in rows.items() if row is None]
    if len(empty) == len(rows):
        what = "point" if kind == "surface" else "direction"
        raise PlotError(f"has no complete {what} yet; try again when the job has written its first round.")
    return dimension, equation, [row for row in rows.values() if row is not None], empty


# ---- writing
def check_output(path, source):
    """Only a picture drawn by this tool is replaced."""
    if not os.path.lexists(path):
        return
    if os.path.exists(path) and os.path.samefile(path, source):
        raise PlotError(f"would be replaced by its own picture '{path}': choose another -o.")
    drawn = False
    if os.path.isfile(path) and not h5py.is_hdf5(path):
        with open(path, "rb") as file:
            drawn = MARK.encode() in file.read()
    if not drawn:
        raise PlotError(
            f"was not drawn: '{path}' exists and is no picture of this tool; remove it or choose another -o."
        )


# ---- drawing
def draw_fan(axes, row, colour):
    """Thin lines for the directions, the quartile band and the median; the frame fits the band, not the outermost."""
    losses, steps = np.where(np.isfinite(row.losses), row.losses, np.nan), row.steps
    drawable = losses[np.isfinite(losses).any(axis=1)]
    if drawable.size == 0:
        axes.text(0.5, 0.5, "no finite loss", ha="center", transform=axes.transAxes)
        return
    lower, median, upper = np.nanpercentile(drawable, [25, 50, 75], axis=0)
    highest, lowest = np.nanmax(drawable, axis=1), np.nanmin(drawable, axis=1)
    top, bottom = highest.max(), lowest.min()
    if len(drawable) > 20:  # the ends are heavy-tailed: a few directions would press the others into a line
        bottom = np.percentile(lowest, 5)
        top = min(np.percentile(highest, 95), bottom + 4 * (np.nanmax(upper) - bottom))
    margin = 0.04 * (top - bottom) or 1e-12
    # Around a small radius the profiles differ by far less than their common value: show the difference then.
    level, base, digits = np.nanmin(median), 0.0, 6
    if abs(level) > 50 * (top - bottom) > 0:
        digits = min(17, int(np.ceil(np.log10(abs(level) / (top - bottom)))) + 1)
        base = float(f"{level:.{digits}g}")
    lines = drawable[np.linspace(0, len(drawable) - 1, min(len(drawable), MAX_LINES)).astype(int)] - base
    fan = [np.column_stack((steps, line)) for line in lines]
    alpha = float(np.clip(12 / len(lines), 0.05, 0.6))
    axes.add_collection(
        LineCollection(fan, colors=colour, linewidths=0.5, alpha=alpha, rasterized=len(lines) > 200)
    )
    axes.fill_between(steps, lower - base, upper - base, color=colour, alpha=0.25, linewidth=0, label="quartiles")
    axes.plot(steps, median - base, color="black", label="median")
    axes.set_xlim(steps[0], steps[-1])
    axes.set_ylim(bottom - base - margin, top - base + margin)
    formula = {"ritz": "R", "galerkin": "G"}[row.name] + r"(\theta^* + s\,d)"
    axes.set_ylabel(f"${formula}$" if base == 0 else f"${formula} {-base:+.{digits}g}$")
    axes.set_xlabel("step $s$ along the direction (dimensionless)")
    axes.legend(frameon=False, loc="upper center")
    axes.locator_params(axis="x", nbins=5)
    axes.ticklabel_format(axis="both", scilimits=(-3, 4), useMathText=True)
    outside = np.count_nonzero((highest > top + margin) | (lowest < bottom - margin))
    if outside:
        note = f"{outside} profile{'s leave' if outside > 1 else ' leaves'} the frame"
        axes.text(0.99, 0.98, note, ha="right", va="top", fontsize=6.5, color="0.35", transform=axes.transAxes)


def describe_index(statistics, separator=", "):
    if not np.isfinite(statistics.index):
        return "RI undefined: fewer than two usable directions"
    if statistics.interval is None:
        return f"RI = {statistics.index:#.3g} (no interval stored)"
    low, high = statistics.interval
    share = f"{100 * statistics.confidence:g} % interval"
    return f"RI = {statistics.index:#.3g}{separator}{share} {low:#.3g} to {high:#.3g}"


def draw_histogram(axes, row, colour):
    t, length = row.statistics.t, row.steps[-1] - row.steps[0]
    if t.size:
        # Equal up to rounding (the linear model): one bar as wide as the axis can resolve, not bins of noise.
        even = np.ptp(t) <= 1e-9 * t.mean()
        span = (0.95 * t.mean(), 1.05 * t.mean()) if even else (t.min(), t.max())
        width = 2 * (np.percentile(t, 75) - np.percentile(t, 25)) / np.cbrt(t.size)  # Freedman and Diaconis
        bins = 5 if even else int(np.clip(np.ptp(t) / max(width, np.ptp(t) / 40), 10, 40))
        axes.hist(t, bins=bins, range=span, color=colour, alpha=0.75, edgecolor="white", linewidth=0.4)
    (low, high), top = axes.get_xlim(), axes.get_ylim()[1]
    axes.set_ylim(0, 1.2 * top)  # room for the names of the two lines
    for value, label, height in ((1 / length, "monotone", 0.99), (2 / length, "even valley", 0.92)):
        if low <= value <= high:
            axes.axvline(value, color="black", linestyle=":", linewidth=0.8)
            side = "left" if value < 0.5 * (low + high) else "right"
            place = axes.get_xaxis_transform()
            axes.text(value, height, f" {label} ", fontsize=6.5, ha=side, va="top", transform=place)
    axes.ticklabel_format(axis="x", useOffset=False)
    axes.locator_params(axis="x", nbins=5)
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel("total variation $T$ (dimensionless)")
    axes.set_ylabel("directions")
    axes.set_title(describe_index(row.statistics, "\n"))


def draw_surface(axes, row, figure):
    """Contour lines with the training's path, or the loss along a line; minimizers dots, the lowest point a cross."""
    colour = LOSSES[row.loss][1]
    if row.y.size == 1:
        axes.plot(row.x, row.losses[0], color=colour)
        for x, _ in row.places:
            axes.axvline(x, color="black", linestyle=":", linewidth=0.8)
        axes.set_ylabel("loss (dimensionless)")
        axes.ticklabel_format(axis="both", scilimits=(-3, 4), useMathText=True)
    else:
        levels = np.unique(np.nanpercentile(row.losses, np.linspace(0, 100, 21)))  # losses span decades
        if levels.size > 1:
            norm = matplotlib.colors.BoundaryNorm(levels, 256)
            filled = axes.contourf(row.x, row.y, row.losses, levels=levels, norm=norm, cmap="viridis")
            axes.contour(row.x, row.y, row.losses, levels=levels, colors="black", linewidths=0.25)
            bar = figure.colorbar(filled, ax=axes, ticks=levels[::5], spacing="uniform")
            bar.ax.set_yticklabels([f"{level:.3g}" for level in levels[::5]])
        i, j = np.unravel_index(np.nanargmin(row.losses), row.losses.shape)
        axes.plot(row.x[j], row.y[i], "x", color="white", markersize=5)
        if row.path.size:
            axes.plot(*row.path.T, ".-", color="white", linewidth=0.8, markersize=3)
        axes.plot(*row.places.T, "o", color=colour, markeredgecolor="white", markersize=4)
        axes.set_xlim(row.x[0], row.x[-1])
        axes.set_ylim(row.y[0], row.y[-1])
        axes.set_ylabel("$y$ (dimensionless)")
    axes.set_xlabel("$x$ (dimensionless)")
    total = row.losses.size
    axes.set_title(row.title + (f", {row.n_complete} of {total} points so far" if row.n_complete < total else ""))


def draw_surfaces(dimension, equation, rows, output):
    """One figure, two surfaces side by side, written to `output`."""
    with plt.rc_context(STYLE):
        n_rows = (len(rows) + 1) // 2
        n_columns = min(2, len(rows))
        figure, panels = plt.subplots(
            n_rows, n_columns, figsize=(3.5 * n_columns, 2.9 * n_rows + 0.5), squeeze=False, constrained_layout=True
        )
        for axes in panels.ravel()[len(rows) :]:
            axes.set_axis_off()
        for axes, row in zip(panels.ravel(), rows):
            draw_surface(axes, row, figure)
        save(figure, dimension, equation, rows, output, rows[0].plane)


def save(figure, dimension, equation, rows, output, what=""):
    networks = list(dict.fromkeys(row.network for row in rows))
    lines = [equation, f"$d = {dimension}$: {' and '.join(networks)}", what]
    figure.suptitle("\n".join(line for line in lines if line))
    try:
        key = "Software" if output.lower().endswith(".png") else "Creator"
        figure.savefig(output, metadata={key: MARK})
    except OSError as error:
        raise PlotError(f"was read, but '{output}' cannot be written ({error.strerror}).") from error
    finally:
        plt.close(figure)


def draw(dimension, equation, rows, output):
    """One figure, two panels per loss, written to `output`."""
    with plt.rc_context(STYLE):
        figure, panels = plt.subplots(
            len(rows),
            2,
            figsize=(7.0, 2.5 * len(rows) + 0.4),
            squeeze=False,
            constrained_layout=True,
            gridspec_kw={"width_ratios": (3, 2)},
        )
        for (fan, histogram), row in zip(panels, rows):
            title, colour = LOSSES[row.name]
            draw_fan(fan, row, colour)
            draw_histogram(histogram, row, colour)
            n, total = len(row.losses), row.n_directions
            left_out = n - row.statistics.t.size
            count = f"{n} of {total} directions so far" if n < total else f"{n} directions"
            fan.set_title(f"{title}, {count}" + (f" ({left_out} left out of RI)" if left_out else ""), loc="right")
        save(figure, dimension, equation, rows, output)


def main(argv=None):
    summary, details = __doc__.split("\n\n", 1)
    parser = argparse.ArgumentParser(
        description=summary, epilog=details, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", metavar="FILE", help="output file of landscape_mpi")
    parser.add_argument(
        "-o", "--output", help="picture to write: .pdf, .png or .svg (default: FILE's name with .pdf)"
    )
    parser.add_argument(
        "--loss", default="", help="ritz, galerkin or both with a comma between (default: all in the file)"
    )
    options = parser.parse_args(argv)
    output = options.output or os.path.splitext(os.path.basename(options.file))[0] + ".pdf"
    if os.path.splitext(output)[1].lower() not in (".pdf", ".png", ".svg"):
        parser.error(f"-o {output}: the name must end in .pdf, .png or .svg")
    wanted = [name for name in options.loss.split(",") if name]
    if any(name not in LOSSES for name in wanted):
        parser.error(f"--loss {options.loss}: choose from {', '.join(LOSSES)}")
    try:
        dimension, equation, rows, empty = read_file(options.file, wanted)
        check_output(output, options.file)
        is_surface = hasattr(rows[0], "places")
        (draw_surfaces if is_surface else draw)(dimension, equation, rows, output)
    except PlotError as error:
        print(f"plot_landscape: '{options.file}' {error}", file=sys.stderr)
        return 1
    for loss in empty:
        what = "point" if is_surface else "direction"
        print(f"plot_landscape: the loss '{loss}' has no complete {what} yet and is not drawn.", file=sys.stderr)
    for row in rows if is_surface else ():
        lowest = f"lowest {np.nanmin(row.losses):.8g}, highest {np.nanmax(row.losses):.8g}"
        print(f"{output}: {row.title}, {row.n_complete} of {row.losses.size} points, {lowest}")
    for row in () if is_surface else rows:
        n, total = len(row.losses), row.n_directions
        note = f"{n} of {total} directions so far" if n < total else f"{n} directions"
        print(f"{output}: {row.name}, {note}, {describe_index(row.statistics)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
