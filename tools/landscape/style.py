"""How all pictures look: colours that colour-blind readers tell apart (Okabe and Ito) and that differ in grey, sizes for
a column or a page, and a context in which a user's matplotlibrc has no say.
"""

import contextlib
import io
import os
import textwrap

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from .output import MARK, check_target, write_bytes
from .reader import TITLES, LandscapeError

BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"
LOSS_COLOURS = {"ritz": BLUE, "galerkin": VERMILION}
CYCLE = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, "black")
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)), (0, (8, 2)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
GREY = "0.35"
# On a colour map: not black and white themselves, which the page turns with the reader's scheme.
DARK, LIGHT = "#010101", "#fefefe"
MAP = "viridis"
COLUMN, PAGE = 3.4, 7.0  # inches
FORMATS = {".pdf": "pdf", ".png": "png", ".svg": "svg"}
SYMBOLS = {"ritz": "R", "galerkin": "G"}


def rc(font_size=8.0, font="DejaVu Sans"):
    small = font_size - 1
    return {
        "font.family": font,
        "font.size": font_size,
        "mathtext.fontset": "dejavusans" if "Sans" in font or font == "sans-serif" else "stix",
        "axes.titlesize": font_size,
        "axes.labelsize": font_size,
        "figure.titlesize": font_size,
        "legend.fontsize": small,
        "xtick.labelsize": small,
        "ytick.labelsize": small,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.6,
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        "lines.linewidth": 1.2,
        "lines.markersize": 3.5,
        "legend.frameon": False,
        "legend.handlelength": 2.6,
        "pdf.fonttype": 42,  # TrueType, as journals ask
        "svg.hashsalt": "landscape",  # the same picture has the same bytes
        "savefig.dpi": 300,
        "axes.prop_cycle": matplotlib.cycler(color=CYCLE),
    }


@contextlib.contextmanager
def context(options=None):
    """matplotlib's own defaults and the style, whatever a matplotlibrc says (usetex, other fonts, colours)."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(rc(getattr(options, "font_size", 8.0), getattr(options, "font", "DejaVu Sans")))
        yield


def new_figure(width, height):
    """A Figure without pyplot: no display, no backend of the user's."""
    figure = Figure(figsize=(width, height), constrained_layout=True)
    FigureCanvasAgg(figure)
    return figure


def grid(options, n, height=2.3, width=COLUMN, **keywords):
    """(figure, n Axes): as many columns as the picture's width has room for."""
    columns = max(1, min(n, round(options.width / width)))
    rows = -(-n // columns)
    figure = new_figure(options.width, options.height or rows * height + 0.45)
    axes = figure.subplots(rows, columns, squeeze=False, **keywords).ravel()
    for spare in axes[n:]:
        spare.set_axis_off()
    return figure, axes[:n]


def name_loss(loss):
    return TITLES.get(loss, loss)


def title_figure(figure, options, lines):
    """The equation and what else is common, wrapped to the picture's width."""
    if not options.title:
        return
    characters = int(figure.get_size_inches()[0] * 72 / (0.56 * options.font_size))
    wrapped = [part for line in lines if line for part in textwrap.wrap(line, characters)]
    figure.suptitle("\n".join(wrapped))


def legend(axes, only=None, **keywords):
    """Beside nothing: below the axes, in as many columns as fit; of `only` these handles."""
    handles, labels = (
        axes.get_legend_handles_labels() if only is None else (only, [one.get_label() for one in only])
    )
    if not handles:
        return
    width = axes.figure.get_size_inches()[0] / max(1, axes.get_subplotspec().get_gridspec().ncols)
    longest = max(len(label) for label in labels) + 10
    columns = max(1, min(len(labels), int(width * 72 / (0.55 * matplotlib.rcParams["legend.fontsize"]) / longest)))
    # the tick labels and the axis's name lie between: four lines
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, 0.0), "borderaxespad": 4.3}
    axes.legend(handles, labels, ncol=columns, columnspacing=1.2, **{**place, **keywords})


def symlog(axes, values, which="y"):
    """A symmetric logarithmic axis over the sizes that the values have, with few ticks that keep apart."""
    sizes = np.abs(np.asarray(values, dtype=float))
    sizes = sizes[np.isfinite(sizes) & (sizes > 0)]
    if sizes.size == 0:
        return
    top = np.ceil(np.log10(sizes.max()))
    bottom = max(np.floor(np.log10(sizes.min())), top - 9)
    exponents = np.arange(bottom, top + 1)
    exponents = exponents[:: -max(1, -(-len(exponents) // 3))][::-1]
    exponents = exponents[exponents >= min(bottom + 2, top)]  # apart from zero
    ticks = [0.0, *10.0**exponents]
    finite = np.asarray(values, dtype=float)
    if (finite[np.isfinite(finite)] < 0).any():
        ticks = [*-(10.0 ** exponents[::-1]), *ticks]
    getattr(axes, f"set_{which}scale")("symlog", linthresh=10.0**bottom, linscale=0.5)
    getattr(axes, f"set_{which}ticks")(ticks)
    getattr(axes, f"{which}axis").set_minor_locator(NullLocator())


def number_ticks(axes, which="both"):
    axes.ticklabel_format(axis=which, scilimits=(-3, 4), useMathText=True)


def mark(artist, name):
    """Names an artist by the dataset that it shows: the tests find it, and an SVG has it as an id."""
    artist.set_gid(name)
    return artist


def mark_all(artists, name):
    """The same of several: name:0, name:1, ..."""
    for k, artist in enumerate(artists):
        mark(artist, f"{name}:{k}")


def metadata(kind):
    """The mark, and no date: the same file makes the same picture."""
    if kind == "png":
        return {"Software": MARK}
    return {"Creator": MARK, "CreationDate": None} if kind == "pdf" else {"Creator": MARK, "Date": None}


def check_font(name):
    """A font that is not installed is said, not replaced in silence."""
    from matplotlib import font_manager

    try:
        font_manager.findfont(font_manager.FontProperties(family=[name]), fallback_to_default=False)
    except (ValueError, RuntimeError) as error:
        raise LandscapeError(f"The font '{name}' is not installed: choose another --font.") from error


def save(figure, path, options, sources=()):
    """Writes a picture whole or not at all."""
    kind = FORMATS[os.path.splitext(path)[1].lower()]
    check_target(path, sources)
    content = io.BytesIO()  # matplotlib's writers can do anything where a disk is full
    with context(options):
        figure.savefig(content, format=kind, dpi=options.dpi, metadata=metadata(kind))
    write_bytes(path, content.getvalue(), sources)


def as_svg(figure, options):
    """The picture as the text of an SVG."""
    text = io.StringIO()
    with context(options):
        figure.savefig(text, format="svg", metadata=metadata("svg"), transparent=True)
    return text.getvalue()
