"""What every picture is drawn from: the files, the options, and which colour and dash belongs to what."""

import os
from types import SimpleNamespace

import numpy as np

from .. import style
from ..reader import LOSSES, LandscapeError


class View:
    def __init__(self, files, options):
        self.files, self.options = files, options
        self.labels = list(options.labels) or [file.label for file in files]
        if len(set(self.labels)) < len(files):  # the same name in two folders
            self.labels = [os.path.splitext(file.path)[0] for file in files]
        if len(self.labels) < len(files):
            raise LandscapeError(f"There are {len(files)} files and {len(self.labels)} labels.")
        self.notes = []  # sentences about what is not drawn, for the caller

    @property
    def file(self):
        return self.files[0]

    @property
    def several(self):
        return len(self.files) > 1

    def style(self):
        return style.context(self.options)

    def wants(self, loss):
        return not self.options.loss or loss in self.options.loss

    def series(self, read, what="result"):
        """What `read(file, loss)` gives of every wanted loss and file, each with its colour, dash, marker and label."""
        found = []
        for loss in LOSSES:
            for number, (file, label) in enumerate(zip(self.files, self.labels)):
                if not self.wants(loss) or loss not in file.losses:
                    continue
                data = read(file, loss)
                if data is None:
                    self.note_empty(file, loss, what)
                    continue
                if len(getattr(data, "damaged", ())):
                    rows = ", ".join(str(row) for row in data.damaged[:5]) + (
                        " ..." if len(data.damaged) > 5 else ""
                    )
                    self.notes.append(f"'{file.path}': damaged directions of {loss} are left out: {rows}.")
                place = number if self.several else LOSSES.index(loss)
                found.append(
                    SimpleNamespace(
                        file=file,
                        loss=loss,
                        data=data,
                        title=style.name_loss(loss),
                        label=label if self.several else style.name_loss(loss),
                        colour=style.CYCLE[place % len(style.CYCLE)],
                        dash=style.DASHES[place % len(style.DASHES)],
                        marker=style.MARKERS[place % len(style.MARKERS)],
                    )
                )
        if not found:
            self.refuse(what)
        return found

    def note_empty(self, file, name, what):
        self.notes.append(f"'{file.path}': '{name}' has no complete {what} yet and is not drawn.")

    def refuse(self, what):
        """Why there is nothing to draw."""
        names = " and ".join(f"'{file.path}'" for file in self.files)
        losses = sorted({loss for file in self.files for loss in file.losses})
        if self.options.loss and not set(self.options.loss) & set(losses):
            only = ", ".join(losses) or "none"
            raise LandscapeError(f"{names}: nothing of the loss '{', '.join(self.options.loss)}', only {only}.")
        raise LandscapeError(f"{names}: no complete {what} yet; try again when the job has written it.")

    def panels(self, series, overlay=False):
        """The series by panel: by loss, or with `overlay` all losses of one file in one."""
        if overlay and not self.several:
            return [series]
        return [
            [one for one in series if one.loss == loss] for loss in LOSSES if any(s.loss == loss for s in series)
        ]

    def title(self, figure, extra=()):
        """Equation and network of one file; of several the equation where it is common."""
        equations = list(dict.fromkeys(file.equation for file in self.files))
        lines = (
            [f"{equations[0]}, d\u00a0=\u00a0{self.file.dimension}"]
            if len(equations) == 1 and equations[0]
            else []
        )
        if not self.several and self.file.minimizers:
            lines.append(self.file.network())
        if self.options.title == "notes":
            lines = []
        style.title_figure(figure, self.options, [*lines, *extra])


def describe_index(profiles, separator=", "):
    """The index with its interval, in words."""
    if profiles.half_width is not None and np.isnan(profiles.half_width):
        return f"RI: when the half-width is chosen{separator if separator != ', ' else '; '}here the steps of all grids"
    if not np.isfinite(profiles.index):
        return "RI undefined: fewer than two usable directions"
    if profiles.interval is None:
        return f"RI = {profiles.index:#.3g} (no interval stored)"
    low, high = profiles.interval
    share = f"{100 * profiles.confidence:g} % interval"
    return f"RI = {profiles.index:#.3g}{separator}{share} {low:#.3g} to {high:#.3g}"


def describe_count(profiles):
    n, total = len(profiles.losses), profiles.n_directions
    text = f"{n} of {total} directions so far" if n < total else f"{n} directions"
    if profiles.half_width is not None:
        chosen = (
            "no half-width chosen yet" if np.isnan(profiles.half_width) else f"half-width {profiles.half_width:g}"
        )
        text += f", {chosen}"
    return text


def above_least(values, least=None):
    """values minus their least one, NaN where that is zero: for a logarithmic axis of a loss that may be negative."""
    values = np.asarray(values, dtype=float)
    finite = values[np.isfinite(values)]
    least = (finite.min() if finite.size else 0.0) if least is None else least
    with np.errstate(invalid="ignore"):
        return np.where(values > least, values - least, np.nan)


def error_bars(centre, interval):
    """(2,N) lengths for errorbar of centres (N) and intervals (N,2); 0 where there is no interval."""
    centre, interval = np.asarray(centre, dtype=float), np.asarray(interval, dtype=float)
    lengths = np.stack([centre - interval[:, 0], interval[:, 1] - centre])
    return np.where(np.isfinite(lengths), np.maximum(lengths, 0), 0)
