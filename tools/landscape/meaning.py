"""What a roughness index means, in words, for the page: with the file's own numbers, and the terms that it uses."""

import numpy as np

from .findings import text
from .reader import TITLES

PARAGRAPHS = (
    "RI = std(T) / mean(T) over random directions says how differently the directions behave, not how wiggly a profile is. "
    "T, the total variation of a profile over its range and length, measures wiggles: |I| T is 1 for a monotone profile, 2 "
    "for a valley whose ends are equally high, and more with every further turning point.",
    "For comparison, on 101 steps of [−1, 1]: parabolas s² + 0.3 z s with random tilt z have mean |I| T 1.65 and RI 0.12; "
    "sin(20 s + φ), wiggly in every direction alike, 12.7 and 0.009; white noise 22.7 and 0.12.",
    "RI depends on the radius: near a minimum it falls in proportion to it. Give the radius beside the number, and the "
    "interval of the difference where two landscapes are compared.",
)
WORDS = {
    "direction, filter norm": "one normal number a weight, each row as long as the minimizer's own row",
    "profile": "the loss along one direction, f(s) = L(θ* + s d)",
    "tilt": "the part of T that unequal ends make; the rest is oscillation, made by further turning points",
    "basin, persistence": "a local minimum of a profile, and how high the lowest pass to a deeper one lies above it",
    "interval": "by resampling directions; studentised: each resample is measured by its own standard error",
    "paired": "both losses on the same directions, of which the differences are resampled",
}


def of_losses(file):
    """(head, rows): RI and mean |I| T of each loss's profiles; None where the file has no index (yet)."""
    rows = []
    for loss, title in TITLES.items():
        results, profiles = file.results(f"roughness/{loss}"), None
        if results is not None and "index" in results:
            profiles = file.profiles(loss)
        if profiles is None:
            continue
        length = float(np.ptp(profiles.steps))
        lower, upper = np.asarray(results["interval"], dtype=float)
        rows.append(
            (
                title,
                f"{text(results['index'])} ({text(lower)} to {text(upper)})",
                text(length * float(np.asarray(results["mean"]))),
                text(length / 2),
            )
        )
    return (("loss", "RI", "mean |I| T", "radius"), rows) if rows else None
