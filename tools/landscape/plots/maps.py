"""A study of many trainings: maps over two varied options (medians over the seeds), and every training against each option.

An option of words (activation, quadrature) has its values as categories, in the order of --vary.
"""

import itertools

import matplotlib
import matplotlib.colors
import matplotlib.patheffects
import numpy as np

from .. import style
from ..reader import LandscapeError

SEEDS = ("seed", "train_seed", "direction_seed")
# result: (its name, logarithmic)
QUANTITIES = {
    "relative_l2_error": ("relative $L_2$ error", True),
    "index": ("roughness index RI", False),
    "largest_eigenvalue": (r"largest eigenvalue $\lambda_{\max}$", True),
}


def varied(file, loss):
    """Names of the factors that are no seeds and have more than one value."""
    return [name for name, (_, x) in file.factors(loss).items() if name not in SEEDS and np.unique(x).size > 1]


def has_two_factors(file):
    return "study" in file and any(len(varied(file, loss)) >= 2 for loss in file.losses)


def option_text(name):
    return name.replace("_", "-")


def tick_text(labels, value):
    return labels[int(value)] if labels else f"{value:g}"


def quantities(study):
    """Of the three those that the study has numbers of."""
    return [
        name for name in QUANTITIES if name in study and np.isfinite(np.asarray(study[name], dtype=float)).any()
    ]


def median_map(x, y, values, columns, rows):
    """(rows, columns) medians of the values at each pair, NaN where there is none."""
    found = np.full((len(rows), len(columns)), np.nan)
    for (i, row), (j, column) in itertools.product(enumerate(rows), enumerate(columns)):
        here = values[(x == column) & (y == row)]
        if np.isfinite(here).any():
            found[i, j] = np.nanmedian(here)
    return found


def choose_factors(view, file, loss):
    """The two that span the map; the others, of which each combination gets a row of maps."""
    names = varied(file, loss)
    chosen = [name.lstrip("-").replace("-", "_") for name in view.options.factors]
    unknown = [name for name in chosen if name not in names]
    if unknown or len(chosen) not in (0, 2):
        raise LandscapeError(
            f"'{file.path}' varies {', '.join(option_text(name) for name in names)}: --factors takes two of them."
        )
    if not chosen:
        chosen = names[:2]
    return chosen, [name for name in names if name not in chosen]


def draw_maps(view):
    file = view.file
    rows = []  # (loss, study, x name, y name, which rows of the study, what is fixed)
    for one in view.series(lambda file, loss: file.results(f"study/{loss}"), "training"):
        factors = file.factors(one.loss)
        (x_name, y_name), others = choose_factors(view, file, one.loss)
        values = [np.unique(factors[name][1]) for name in others]
        for combination in itertools.product(*values):
            which = np.ones(len(factors[x_name][1]), dtype=bool)
            words = []
            for name, value in zip(others, combination):
                which &= factors[name][1] == value
                words.append(f"{option_text(name)} {tick_text(factors[name][0], value)}")
            rows.append((one, x_name, y_name, which, ", ".join(words)))
    if len(rows) > 8:
        raise LandscapeError(
            f"'{file.path}' would make {len(rows)} rows of maps: choose one --loss, or vary fewer options at once."
        )
    names = quantities(rows[0][0].data)
    if not names:
        raise LandscapeError(f"'{file.path}': no training has ended with a finite error yet; try again later.")
    wide = view.options.width >= 1.6 * style.COLUMN
    n_columns = len(names) if wide else 1
    n_rows = len(rows) if wide else len(rows) * len(names)
    figure = style.new_figure(view.options.width, view.options.height or 2.45 * n_rows + 0.5)
    cells = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    for k, ((one, x_name, y_name, which, fixed), name) in enumerate(itertools.product(rows, names)):
        draw_map(cells[k], one, file, (x_name, y_name), which, name)
        cells[k].set_title(
            "\n".join(text for text in (f"{one.title}{', ' if fixed else ''}{fixed}", QUANTITIES[name][0]) if text)
        )
    seeds = [name for name in file.factors(rows[0][0].loss) if name in SEEDS]
    n = (
        len(np.unique(np.stack([file.factors(rows[0][0].loss)[name][1] for name in seeds]), axis=1).T)
        if seeds
        else 1
    )
    view.title(figure, [f"medians over {n} seeds" if n > 1 else "one training in each cell"])
    return figure


def colours_of(values, logarithmic):
    """(norm, drawn values): logarithmic where all are positive and they span more than a factor of three."""
    finite = values[np.isfinite(values)]
    if finite.size and logarithmic and (finite > 0).all() and finite.max() > 3 * finite.min():
        return matplotlib.colors.LogNorm(finite.min(), finite.max())
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 1.0)
    return matplotlib.colors.Normalize(low, high if high > low else low + (abs(low) or 1.0) * 1e-3)


def draw_map(axes, one, file, names, which, name):
    factors = file.factors(one.loss)
    (x_labels, x), (y_labels, y) = (factors[factor] for factor in names)
    columns, rows = np.unique(x), np.unique(y)
    values = median_map(x[which], y[which], np.asarray(one.data[name], dtype=float)[which], columns, rows)
    norm = colours_of(values, QUANTITIES[name][1])
    edges = np.arange(len(columns) + 1) - 0.5, np.arange(len(rows) + 1) - 0.5
    mesh = axes.pcolormesh(
        *edges, np.ma.masked_invalid(values), cmap=style.MAP, norm=norm, edgecolors="white", linewidth=0.4
    )
    style.mark(mesh, f"{one.label}/{one.data.path}/{name}")
    axes.patch.set(hatch="xxxx", edgecolor="0.7", facecolor="white")  # shows where there is no number
    axes.set_xticks(range(len(columns)))
    axes.set_yticks(range(len(rows)))
    x_texts = [tick_text(x_labels, value) for value in columns]
    axes.set_xticklabels(x_texts, rotation=40 if max(map(len, x_texts)) * len(columns) > 24 else 0)
    axes.set_yticklabels([tick_text(y_labels, value) for value in rows])
    axes.set_xlabel(option_text(names[0]))
    axes.set_ylabel(option_text(names[1]))
    axes.spines[:].set_visible(True)
    axes.figure.colorbar(mesh, ax=axes, pad=0.02)
    write_numbers(axes, values, norm)


def write_numbers(axes, values, norm):
    """In the cells, with two digits or one, where they are not too small to read."""
    panel = 72 * axes.figure.get_size_inches()[0] / axes.get_subplotspec().get_gridspec().ncols
    cell = 0.56 * panel / values.shape[1]  # the rest are the axis and the colour bar
    there = np.argwhere(np.isfinite(values))
    for digits in (2, 1):
        texts = [short(values[i, j], digits) for i, j in there]
        size = min(matplotlib.rcParams["font.size"] - 1.5, cell / (0.62 * max(map(len, texts), default=1) + 0.6))
        if size >= 5:
            break
    else:
        return
    for (i, j), number in zip(there, texts):
        light = norm(values[i, j]) > 0.55
        text = axes.text(
            j, i, number, ha="center", va="center", fontsize=size, color=style.DARK if light else style.LIGHT
        )
        edge = style.LIGHT if light else style.DARK
        text.set_path_effects([matplotlib.patheffects.withStroke(linewidth=1, foreground=edge)])


def short(value, digits=2):
    """In few characters: 4.8e-4, not 0.00048."""
    plain = f"{value:.{digits}g}"
    if len(plain) <= 5 and "e" not in plain:
        return plain
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def draw_study(view):
    """Every training as a dot against each factor, and the median of each value."""
    file = view.file
    series = view.series(lambda file, loss: file.results(f"study/{loss}"), "training")
    factors = varied(file, series[0].loss)
    factors = factors or [name for name, (_, x) in file.factors(series[0].loss).items() if np.unique(x).size > 1]
    names = [name for name in QUANTITIES if any(name in quantities(one.data) for one in series)]
    if not names or not factors:
        raise LandscapeError(f"'{file.path}': no training has ended with a finite error yet; try again later.")
    wide = view.options.width >= 1.6 * style.COLUMN
    n_columns = len(names) if wide else 1
    n_rows = len(factors) * (1 if wide else len(names))
    figure = style.new_figure(view.options.width, view.options.height or 2.2 * n_rows + 0.6)
    cells = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    for k, (factor, name) in enumerate(itertools.product(factors, names)):
        draw_dots(cells[k], series, file, factor, name)
    style.legend(cells[-1])
    view.title(figure, ["dots: trainings; lines: medians over everything else that varies"])
    return figure


def draw_dots(axes, series, file, factor, name):
    for k, one in enumerate(series):
        labels, x = file.factors(one.loss)[factor]
        columns = np.unique(x)
        place = np.searchsorted(columns, x) + 0.14 * (k - 0.5 * (len(series) - 1))
        values = np.asarray(one.data[name], dtype=float)
        (dots,) = axes.plot(
            place, values, one.marker, color=one.colour, alpha=0.35, markersize=3, markeredgewidth=0
        )
        style.mark(dots, f"{one.label}/{one.data.path}/{name}/{factor}")
        medians = [np.nanmedian(values[x == c]) if np.isfinite(values[x == c]).any() else np.nan for c in columns]
        axes.plot(
            np.unique(place),
            medians,
            color=one.colour,
            linestyle=one.dash,
            marker="_",
            markersize=8,
            label=one.label,
        )
    texts = [tick_text(labels, value) for value in columns]
    step = max(1, len(columns) // 8)
    axes.set_xticks(range(0, len(columns), step))
    axes.set_xticklabels(texts[::step], rotation=40 if max(map(len, texts)) * len(texts[::step]) > 24 else 0)
    if QUANTITIES[name][1]:
        axes.set_yscale("log", nonpositive="mask")
    axes.set_xlabel(option_text(factor))
    axes.set_ylabel(QUANTITIES[name][0])
