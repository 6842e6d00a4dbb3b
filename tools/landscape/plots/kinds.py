"""Indices beside each other: by kind of direction, by what is measured, by set of points."""

import numpy as np

from .. import style
from ..reader import LandscapeError
from .view import error_bars

METRICS = {
    "loss": "loss",
    "reference": "loss, reference points",
    "l2": "$L_2$ error of $u$",
    "h1": "$H_1$ error of $u$",
    "gradient": "$|\\nabla L|$",
}


def rows_axes(axes, names):
    axes.set_yticks(range(len(names)))
    axes.set_yticklabels(names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(axis="y", color="0.9", linewidth=0.5)
    axes.set_axisbelow(True)


def dots(axes, one, names, values, intervals, shift, name):
    """A value with its interval in every row; where there is none, nothing."""
    values, y = np.asarray(values, dtype=float), np.arange(len(names)) + shift
    there = np.isfinite(values)
    line = axes.errorbar(
        values[there], y[there], xerr=error_bars(values, intervals)[:, there], color=one.colour, linestyle="none",
        marker=one.marker, capsize=2, elinewidth=0.9, label=one.label,
    )  # fmt: skip
    style.mark(line.lines[0], f"{one.label}/{name}")


def shifts(series):
    return [0.22 * (k - 0.5 * (len(series) - 1)) for k in range(len(series))]


def draw_kinds(view):
    """RI with its interval, mean T and mean f'' by kind; below, the median profile along each kind."""
    file = view.file
    series = view.series(
        lambda file, loss: {kind: file.results(f"directions/{loss}/{kind}") for kind in file.kinds(loss)} or None,
        "kind",
    )
    for one in series:
        one.data = {kind: results for kind, results in one.data.items() if results is not None}
    names = list(dict.fromkeys(kind for one in series for kind in one.data))
    if not names:
        raise LandscapeError(
            f"'{file.path}': no kind of direction is complete yet; try again when the job has written it."
        )
    order = ["random", "top", "bulk", "gradient", "adam", "towards", "worst"]
    names.sort(key=lambda kind: (order + [kind]).index(next((o for o in order if kind.split("_")[0] == o), kind)))
    words = [kind.replace("_", ":") for kind in names]
    wide = view.options.width >= 1.6 * style.COLUMN
    n_dots, n_profiles = 3, len(series)
    figure = style.new_figure(
        view.options.width, view.options.height or (5.6 if wide else 2.2 * (n_dots + n_profiles) + 0.6)
    )
    if wide:
        top, bottom = figure.add_gridspec(2, 1, height_ratios=(1, 1.25))
        dot_axes = [figure.add_subplot(cell) for cell in top.subgridspec(1, 3)]
        line_axes = [figure.add_subplot(cell) for cell in bottom.subgridspec(1, n_profiles)]
    else:
        cells = figure.add_gridspec(n_dots + n_profiles, 1)
        dot_axes = [figure.add_subplot(cells[k]) for k in range(n_dots)]
        line_axes = [figure.add_subplot(cells[n_dots + k]) for k in range(n_profiles)]
    nothing = np.full(2, np.nan)
    for axes, result, interval, label in (
        (dot_axes[0], "index", "interval", "roughness index RI"),
        (dot_axes[1], "mean", None, "mean $T$ (1 / step)"),
        (dot_axes[2], "mean_curvature", "mean_curvature_interval", "mean $f''$ (loss / step$^2$)"),
    ):
        rows_axes(axes, words)
        if wide and axes is not dot_axes[0]:
            axes.set_yticklabels([])
        for one, shift in zip(series, shifts(series)):
            values = [float(one.data[kind][result]) if kind in one.data else np.nan for kind in names]
            intervals = [one.data[kind][interval] if interval and kind in one.data else nothing for kind in names]
            dots(axes, one, names, values, intervals, shift, f"directions/{one.loss}/{result}")
        axes.set_xlabel(label)
        axes.margins(x=0.08)
        if result == "mean_curvature":
            log_or_symlog(axes)
    dot_axes[0].set_xlim(left=0)
    for k, kind in enumerate(names):
        if not any(kind in one.data and np.isfinite(one.data[kind]["index"]) for one in series):
            dot_axes[0].text(0.02, k, "one direction", fontsize="small", va="center", color=style.GREY,
                             transform=dot_axes[0].get_yaxis_transform())  # fmt: skip
    style.legend(dot_axes[0 if not wide else 1])
    for axes, one in zip(line_axes, series):
        draw_medians(axes, one, names)
    view.title(figure)
    return figure


def log_or_symlog(axes):
    x = np.concatenate([line.get_xdata() for line in axes.lines if len(line.get_xdata())] or [np.ones(1)])
    x = x[np.isfinite(x)]
    if (x > 0).all():
        axes.set_xscale("log")
    elif x.size:
        style.symlog(axes, x, "x")


def draw_medians(axes, one, names):
    least = np.inf
    found = {}
    for kind in names:
        profiles = one.file.profiles(one.loss, kind)
        if profiles is not None and np.isfinite(profiles.losses).any():
            found[kind] = profiles.steps, np.nanmedian(profiles.losses, axis=0), profiles.path
            least = min(least, np.nanmin(found[kind][1]))
    for k, (kind, (steps, median, path)) in enumerate(found.items()):
        shown = np.where(median > least, median - least, np.nan)
        (line,) = axes.plot(
            steps, shown, color=style.CYCLE[k % len(style.CYCLE)], linestyle=style.DASHES[k % len(style.DASHES)],
            label=kind.replace("_", ":"),
        )  # fmt: skip
        style.mark(line, f"{one.label}/{path}/median")
    axes.set_yscale("log", nonpositive="mask")
    values = np.concatenate([line.get_ydata() for line in axes.lines] or [np.ones(1)])
    values = values[np.isfinite(values) & (values > 0)]
    if values.size:
        axes.set_ylim(max(values.min(), values.max() * 1e-9), 3 * values.max())
    axes.set_xlabel("step $s$ along the direction (dimensionless)")
    axes.set_ylabel(f"${style.SYMBOLS[one.loss]} - \\min {style.SYMBOLS[one.loss]}$")
    axes.set_title(f"{one.title}: median profile by kind")
    style.legend(axes)


def draw_metrics(view):
    """RI of the loss and of what else was measured along the same directions."""
    series = view.series(lambda file, loss: file.results(f"roughness/{loss}"), "index")
    names = [name for name in METRICS if any(view.file.results(metric_path(one.loss, name)) for one in series)]
    figure, (axes,) = style.grid(view.options, 1, 0.34 * len(names) + 1.2)
    rows_axes(axes, [METRICS[name] for name in names])
    nothing = np.full(2, np.nan)
    for one, shift in zip(series, shifts(series)):
        found = [view.file.results(metric_path(one.loss, name)) for name in names]
        values = [np.nan if results is None else float(results["index"]) for results in found]
        intervals = [nothing if results is None else results["interval"] for results in found]
        dots(axes, one, names, values, intervals, shift, f"roughness/{one.loss}/metrics")
    axes.set_xlabel("roughness index RI, with its interval (dimensionless)")
    axes.set_xlim(left=0)
    style.legend(axes)
    view.title(figure)
    return figure


def metric_path(loss, name):
    return f"roughness/{loss}" if name == "loss" else f"roughness/{loss}/metrics/{name}"


def draw_points(view):
    """RI with each set of random points beside that of a reference quadrature."""
    series = view.series(lambda file, loss: file.results(f"roughness/{loss}/point_sets"), "set of points")
    figure, all_axes = style.grid(view.options, len(series), 2.5)
    for axes, one in zip(all_axes, series):
        results = one.data
        index = np.asarray(results["index"], dtype=float)
        x = np.arange(1, index.size + 1)
        (line,) = axes.plot(x, index, one.marker, color=one.colour, label=str(results["quadrature"]))
        style.mark(line, f"{one.label}/{results.path}/index")
        mean, spread = float(results["index_mean"]), float(results["index_spread"])
        axes.axhline(mean, color=one.colour, linewidth=0.9)
        axes.axhspan(
            mean - spread, mean + spread, color=one.colour, alpha=0.15, linewidth=0, label="mean $\\pm$ spread"
        )
        reference = float(results["reference_index"])
        if np.isfinite(reference):
            bar = error_bars([reference], [results["reference_interval"]])
            axes.errorbar(
                [index.size + 1], [reference], bar, color="black", marker="D", linestyle="none", capsize=2,
                label=str(results["reference_quadrature"]),
            )  # fmt: skip
        axes.set_xticks([*x, index.size + 1])
        axes.set_xticklabels([*(str(k) for k in x), "ref."])
        axes.set_xlim(0.4, index.size + 1.6)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("set of points")
        axes.set_ylabel("roughness index RI (dimensionless)")
        axes.set_title(one.title)
        style.legend(axes)
    view.title(figure)
    return figure
