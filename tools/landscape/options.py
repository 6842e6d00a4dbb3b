"""The options of a picture, of the command line and of landscape.plot alike, with their defaults."""

from types import SimpleNamespace

from .reader import LOSSES, LandscapeError

SIZES = {"column": (3.4, None), "page": (7.0, None)}  # inches; the height follows from what is drawn

DEFAULTS = {
    "loss": (),  # all
    "log": False,
    "normalise": False,
    "size": "page",
    "font_size": 8.0,
    "font": "DejaVu Sans",
    "dpi": 300,
    "title": True,  # of equation and network; "notes": only what is to be said of this picture
    "factors": (),  # of a study: the two that span the map
    "labels": (),  # of several files, in the legend
}


def read_size(text):
    """(width, height or None) in inches of `column`, `page`, `W` or `WxH`."""
    if not isinstance(text, str):
        return (float(text[0]), float(text[1])) if hasattr(text, "__len__") else (float(text), None)
    if text in SIZES:
        return SIZES[text]
    try:
        numbers = [float(part) for part in text.lower().split("x")]
    except ValueError:
        numbers = []
    if len(numbers) not in (1, 2) or not all(1 <= number <= 60 for number in numbers):
        raise LandscapeError(f"The size '{text}' is none: give column, page, or inches as 3.4 or 3.4x2.6.")
    return numbers[0], numbers[1] if len(numbers) == 2 else None


def defaults(**given):
    """The options as one object; those given replace the defaults."""
    unknown = sorted(set(given) - set(DEFAULTS))
    if unknown:
        raise LandscapeError(f"There is no option {', '.join(unknown)}, only {', '.join(DEFAULTS)}.")
    options = SimpleNamespace(**{**DEFAULTS, **given})
    for name in ("loss", "factors", "labels"):
        value = getattr(options, name)
        setattr(
            options, name, tuple(part for part in value.split(",") if part) if isinstance(value, str) else value
        )
    wrong = [loss for loss in options.loss if loss not in LOSSES]
    if wrong:
        raise LandscapeError(f"There is no loss '{wrong[0]}': choose from {', '.join(LOSSES)}.")
    options.width, options.height = read_size(options.size)
    if not 3 <= options.font_size <= 40:
        raise LandscapeError(f"The font size {options.font_size:g} is none: choose 3 to 40 points.")
    return options
