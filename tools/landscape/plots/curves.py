"""Curves: RI against the number of directions and the radius, everything along a training, the training's history."""

import numpy as np

from .. import style
from ..reader import LandscapeError
from .view import above_least, error_bars


def band(axes, x, interval, one, **keywords):
    interval = np.asarray(interval, dtype=float)
    axes.fill_between(x, interval[:, 0], interval[:, 1], color=one.colour, alpha=0.18, linewidth=0, **keywords)


# ---- RI of the first M directions
def draw_convergence(view):
    series = view.series(lambda file, loss: file.results(f"roughness/{loss}/curve"), "index")
    panels = view.panels(series, overlay=True)
    figure, all_axes = style.grid(view.options, len(panels), 2.5)
    for axes, panel in zip(all_axes, panels):
        for k, one in enumerate(panel):
            m, index = np.asarray(one.data["directions"], dtype=float), np.asarray(one.data["index"])
            spread = 1.0 + 0.03 * (k - 0.5 * (len(panel) - 1))  # so that bars lie beside each other
            line = axes.errorbar(
                m * spread, index, error_bars(index, one.data["interval"]), color=one.colour, linestyle=one.dash,
                marker=one.marker, capsize=2, elinewidth=0.8, label=one.label,
            )  # fmt: skip
            style.mark(line.lines[0], f"{one.label}/{one.data.path}/index")
        axes.set_xscale("log")
        axes.set_xticks(sorted({float(m) for one in panel for m in one.data["directions"]}))
        axes.set_xticklabels([f"{tick:g}" for tick in axes.get_xticks()])
        axes.minorticks_off()
        axes.set_ylim(0, axes.get_ylim()[1] if not view.options.log else None)
        axes.set_xlabel("first $M$ directions")
        axes.set_ylabel("roughness index RI (dimensionless)")
        confidence = panel[0].file.profiles(panel[0].loss)
        if confidence is not None and confidence.confidence is not None:
            loss = f"{panel[0].title}, " if view.several else ""
            axes.set_title(f"{loss}bars: {100 * confidence.confidence:g} % intervals")
        style.legend(axes)
    view.title(figure)
    return figure


# ---- a sweep
def draw_radius(view):
    series = view.series(lambda file, loss: file.results(f"sweep/{loss}"), "sweep")
    panels = view.panels(series)
    figure, all_axes = style.grid(view.options, len(panels), 2.9, sharey=not view.several)
    import matplotlib

    for axes, panel in zip(all_axes, panels):
        for one in panel:
            draw_sweep(
                axes, one, view, matplotlib.colormaps[style.MAP] if hasattr(matplotlib, "colormaps") else None
            )
        axes.set_xscale("log")
        axes.set_yscale("log")
        readable_log(axes)
        axes.set_xlabel("half-width $l$ of the grid (step)")
        axes.set_ylabel("roughness index RI (dimensionless)")
        axes.set_title(f"{panel[0].title}, {int(panel[0].data['directions'])} directions")
        style.legend(axes)
    view.title(figure, ["open markers: not stable under refinement; band: interval with the finest grid"])
    return figure


# ---- --grid auto
def draw_half_widths(view):
    """RI on each of the grids that --grid auto had to choose from, the chosen one marked."""
    file, results = view.file, view.file.results("roughness/grid")
    if results is None:
        raise LandscapeError(
            f"'{file.path}': --grid auto has chosen no half-width yet; try again when the job has ended."
        )
    radius, chosen = np.asarray(results["radius"], dtype=float), float(results["chosen"])
    series = view.series(lambda file, loss: results if f"index_{loss}" in results else None, "index")
    figure, (axes,) = style.grid(view.options, 1, 2.9)
    for k, one in enumerate(series):
        index = np.asarray(results[f"index_{one.loss}"], dtype=float)
        spread = 1.0 + 0.06 * (k - 0.5 * (len(series) - 1))  # so that bars lie beside each other
        line = axes.errorbar(
            radius * spread, index, error_bars(index, results[f"interval_{one.loss}"]), color=one.colour,
            linestyle=one.dash, marker=one.marker, capsize=2, elinewidth=0.8, label=one.label,
        )  # fmt: skip
        style.mark(line.lines[0], f"{one.label}/roughness/grid/index_{one.loss}")
    line = axes.axvline(chosen, color="black", linestyle=":", linewidth=0.9, label=f"chosen: $l$ = {chosen:g}")
    style.mark(line, "roughness/grid/chosen")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    readable_log(axes)
    axes.set_xticks(radius)
    axes.set_xticklabels([f"{l:g}" if l >= 1 else f"1/{round(1 / l)}" for l in radius])
    axes.minorticks_off()
    axes.set_xlabel("half-width $l$ of the grid (step)")
    axes.set_ylabel("roughness index RI (dimensionless)")
    profiles = next((p for p in (file.profiles(one.loss) for one in series) if p is not None), None)
    if profiles is not None and profiles.confidence is not None:
        axes.set_title(f"bars: {100 * profiles.confidence:g} % intervals")
    style.legend(axes)
    stable = "RI is stable there" if int(results["is_stable"]) else "RI is not stable there"
    judged = int(results["is_judged"])
    view.title(figure, [stable if judged else "RI is defined at too few half-widths to compare them"])
    return figure


def readable_log(axes):
    """Numbers, not powers, on a logarithmic axis that spans little."""
    low, high = axes.get_ylim()
    if 0 < low and high / low < 300:
        from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())


def draw_sweep(axes, one, view, colours):
    radius, intervals = np.asarray(one.data["radius"], dtype=float), np.asarray(one.data["intervals"])
    index, stable = np.asarray(one.data["index"]), np.asarray(one.data["stable"]) == 1
    chosen = [len(intervals) - 1] if view.several else range(len(intervals))
    band(axes, radius, one.data["interval"][:, -1], one)
    for k in chosen:
        colour = one.colour
        if not view.several and colours is not None and len(intervals) > 1:
            colour = colours(0.85 * (1 - k / (len(intervals) - 1)))
        label = one.label if view.several else f"$m$ = {intervals[k]}"
        dash = one.dash if view.several else style.DASHES[k % len(style.DASHES)]
        (line,) = axes.plot(radius, index[:, k], color=colour, linestyle=dash, label=label)
        style.mark(line, f"{one.label}/{one.data.path}/index/{intervals[k]}")
        for which, face in ((stable[:, k], colour), (~stable[:, k], "white")):
            axes.plot(
                radius[which],
                index[which, k],
                style.MARKERS[k % len(style.MARKERS)],
                color=colour,
                markerfacecolor=face,
            )


# ---- along a training: (label of the axis, {result: label of the curve}, scale)
TRAJECTORY = (
    ("losses", {"ritz_loss": "Ritz", "galerkin_loss": "Galerkin"}, "log-above"),
    ("gradient\n$|\\nabla L|$", {"ritz_gradient_norm": "of $R$", "galerkin_gradient_norm": "of $G$"}, "log"),
    ("relative error\nof $u$", {"relative_l2_error": "$L_2$", "relative_h1_error": "$H_1$"}, "log"),
    (
        "RI",
        {"index": "own points", "reference_index": "reference points", "step_index": "the step's points"},
        "linear",
    ),
    (
        "eigenvalues of\nthe Hessian",
        {"largest_eigenvalue": "largest", "smallest_eigenvalue": "smallest"},
        "symlog",
    ),
)
INTERVALS = {"index": "interval", "reference_index": "reference_interval", "step_index": "step_interval"}


def draw_trajectory(view):
    series = view.series(lambda file, loss: file.results(f"trajectory/{loss}"), "checkpoint")
    panels = view.panels(series)
    rows = [row for row in TRAJECTORY if any(name in one.data for one in series for name in row[1])]
    narrow = view.options.width < 1.6 * style.COLUMN and len(panels) > 1
    columns = 1 if narrow else len(panels)
    n_rows = len(rows) * (len(panels) if narrow else 1)
    figure = style.new_figure(view.options.width, view.options.height or 1.15 * n_rows + 1.0)
    cells = figure.subplots(n_rows, columns, squeeze=False, sharex="col")
    for p, panel in enumerate(panels):
        for r, row in enumerate(rows):
            axes = cells[p * len(rows) + r, 0] if narrow else cells[r, p]
            draw_row(axes, panel, row, view)
            if r == 0:
                axes.set_title(f"{panel[0].title} trained")
            if p == 0 or narrow:
                axes.set_ylabel(row[0])
    for axes in cells[-1]:
        axes.set_xlabel("epoch (and iterations after it)")
    if view.several:
        for one in {one.label: one for one in series}.values():
            cells[-1, 0].plot([], [], color=one.colour, linewidth=3, label=f"file {one.label}")
        handles = [line for line in cells[-1, 0].lines if str(line.get_label()).startswith("file ")]
        own = cells[-1, 0].get_legend()
        style.legend(cells[-1, 0], only=handles)
        if own is not None:
            cells[-1, 0].add_artist(own)
    figure.align_ylabels()
    view.title(figure)
    return figure


def draw_row(axes, panel, row, view):
    _, curves, scale = row
    for one in panel:
        epoch = np.asarray(one.data["epoch"], dtype=float)
        for k, (name, label) in enumerate(curves.items()):
            if name not in one.data:
                continue
            values = np.asarray(one.data[name], dtype=float)
            shown = values
            if scale == "log-above":
                symbol = style.SYMBOLS[name.partition("_")[0]]
                above = (values <= 0).any()
                shown = above_least(values) if above else values
                label += f" ${symbol} - \\min {symbol}$" if above else f" ${symbol}$"
            colour = one.colour if view.several else style.CYCLE[k]
            dash = style.DASHES[k % len(style.DASHES)]
            (line,) = axes.plot(epoch, shown, color=colour, linestyle=dash, marker=style.MARKERS[k], label=label)
            style.mark(line, f"{one.label}/{one.data.path}/{name}")
            if INTERVALS.get(name) in one.data:
                interval = np.asarray(one.data[INTERVALS[name]], dtype=float)
                axes.fill_between(epoch, interval[:, 0], interval[:, 1], color=colour, alpha=0.18, linewidth=0)
                middle = np.concatenate([i for i in (shown, interval[:, 1]) if np.isfinite(i).any()])
                top = np.nanpercentile(middle, 90) if np.isfinite(middle).any() else 1
                axes.set_ylim(0, max(1.3 * np.nanmax(shown) if np.isfinite(shown).any() else 1, 1.05 * top) or 1)
    if scale.startswith("log"):
        axes.set_yscale("log")
    elif scale == "symlog":
        style.symlog(axes, np.concatenate([line.get_ydata() for line in axes.lines] or [np.ones(1)]))
    # what a dash means; which file has which colour stands below the last row
    handles = {line.get_label(): line for line in axes.lines}
    if len(handles) > 1:
        legend = axes.legend(handles.values(), handles, loc="best", handlelength=2.2, borderaxespad=0.2)
        for handle in legend.get_lines() if view.several else ():
            handle.set_color("black")


# ---- the training's own record
def has_history(file):
    return any(f"minimizer/{name}/history/epoch" in file for name in file.minimizers)


def history_of(file, loss):
    minimizer = file.minimizer(loss)
    return minimizer if minimizer is not None and minimizer.history is not None else None


def draw_history(view):
    series = view.series(history_of, "record of a training")
    panels = view.panels(series)
    figure, all_axes = style.grid(view.options, 2 * len(panels), 2.1, sharex=True)
    for k, panel in enumerate(panels):
        loss_axes, error_axes = all_axes[2 * k], all_axes[2 * k + 1]
        for one in panel:
            history = one.data.history
            epoch, loss = np.asarray(history["epoch"], dtype=float), np.asarray(history["loss"], dtype=float)
            positive = (loss > 0).all()
            shown = loss if positive else above_least(loss)
            for axes, y, name in (
                (loss_axes, shown, "loss"),
                (error_axes, history.get("relative_l2_error"), "relative_l2_error"),
            ):
                if y is None:
                    continue
                (line,) = axes.plot(
                    epoch,
                    y,
                    color=one.colour,
                    linestyle=one.dash,
                    marker=one.marker,
                    markersize=2.5,
                    label=one.label,
                )
                style.mark(line, f"{one.label}/minimizer/{one.loss}/history/{name}")
            symbol = style.SYMBOLS[one.loss]
            loss_axes.set_ylabel(f"training loss ${symbol}$" if positive else f"${symbol} - \\min {symbol}$")
        error_axes.set_ylabel("relative $L_2$ error of $u$")
        for axes in (loss_axes, error_axes):
            axes.set_yscale("log", nonpositive="mask")
            axes.set_title(panel[0].title)
            axes.set_xlabel("epoch (and iterations after it)")
            axes.tick_params(labelbottom=True)
            if view.several:
                style.legend(axes)
    view.title(figure)
    return figure
