"""What a file's command found, as short tables in words: barriers between minimizers, preconditioners, Ritz against
Galerkin. The page shows them; pictures share the names.
"""

import numpy as np

from .reader import TITLES

# of /study/comparison: of each, more is rougher
MEASURES = {
    "index": "roughness index RI",
    "smad_normalised": "depth of basins (SMAD)",
    "persistence_mean": "persistence",
    "negative_share": "negative curvature, share",
    "condition": "condition number",
    "barrier": "barrier between seeds",
}
ANSWERS = {1: "yes", -1: "no, Galerkin is", 0: "not decided"}
PATHS = ("straight", "straight_matched", "curve", "curve_matched")


def text(value):
    value = float(value)
    return f"{value:.4g}" if np.isfinite(value) else "–"


def interval(ends):
    return " to ".join(map(text, ends)) if np.isfinite(np.asarray(ends, dtype=float)).all() else "–"


# ---- Ritz against Galerkin
def is_compared(results, name):
    return f"{name}_pairs" in results and (np.asarray(results[f"{name}_pairs"]) > 0).any()


def groups_of_study(file, short=False):
    """In words what each group of trainings that differ in their seeds only has; "all" where that is all there is.

    short: of options whose values are words these words alone.
    """
    from .plots.maps import SEEDS, option_text, tick_text

    results = file.results("study/comparison")
    n = np.asarray(results["index_pairs"]).size
    factors = file.factors_of("study/comparison")
    chosen = [name for name, (_, x) in factors.items() if name not in SEEDS and np.unique(x).size > 1]

    def words(name, g):
        labels, values = factors[name]
        said = tick_text(labels, values[g])
        is_number = labels is None or said.replace(",", "").isdigit()
        return said if short and not is_number else f"{option_text(name)} {said}"

    return [", ".join(words(name, g) for name in chosen) or "all" for g in range(n)]


def rougher(file):
    """(head, rows), None where the file compares nothing (yet)."""
    results = file.results("study/comparison") if "study/comparison" in file else None
    if results is None:
        return None
    rows = []
    for g, group in enumerate(groups_of_study(file)):
        for name, words in MEASURES.items():
            if not is_compared(results, name) or not np.asarray(results[f"{name}_pairs"])[g] > 0:
                continue
            of = lambda key: np.asarray(results[f"{name}_{key}"])[g]  # noqa: B023, E731
            rows.append(
                (group, words, f"{int(of('pairs'))}", text(of("difference")), interval(of("difference_interval")),
                 text(of("ratio")), interval(of("ratio_interval")), ANSWERS[int(of("larger"))])
            )  # fmt: skip
    head = ("group", "measure", "pairs", "Ritz - Galerkin", "interval", "Ritz / Galerkin", "interval", "rougher?")
    return head, rows


# ---- barriers
def barriers(file):
    rows = []
    for loss in file.losses:
        for path in PATHS:
            name = f"connectivity/{loss}/{path}"
            results = file.results(name) if name in file else None
            if results is not None:
                rows.append(
                    (TITLES[loss], path.replace("_", ", "), text(results["median_barrier"]),
                     text(results["median_scaled_barrier"]), interval(results["median_scaled_barrier_interval"]),
                     f"{int(results['used'])}", text(results["resolution"]))
                )  # fmt: skip
    head = ("loss", "path", "median barrier", "over the scale", "interval", "pairs", "made by rounding")
    return (head, rows) if rows else None


# ---- preconditioners
def preconditioners(file):
    rows = []
    for spectrum in file.groups("spectrum"):
        for p in file.groups(f"spectrum/{spectrum}"):
            results = file.results(f"spectrum/{spectrum}/{p}")
            if results is not None:
                nu = np.asarray(results["eigenvalues"], dtype=float)
                nu = nu[np.isfinite(nu)]
                rows.append(
                    (spectrum.replace("_", " "), p, *(f"{int(results[name])}" for name in ("rank", "positive", "negative")),
                     text(results["negative_weight"]), text(nu.max() if nu.size else np.nan), f"{int(results['leading'])}",
                     text(results["leading_condition"]), text(results["hessian_condition"]),
                     text(results.get("difference", np.nan)))
                )  # fmt: skip
    head = ("loss", "P", "rank", "positive", "negative", "their share", "largest ν", "k", "condition of k largest ν",
            "of H's", "|H - P| / |H|")  # fmt: skip
    return (head, rows) if rows else None


# id of the section, its title, function (file -> (head, rows) or None)
TABLES = (
    ("rougher", "Is Ritz rougher than Galerkin?", rougher),
    ("barriers", "Barriers between minimizers", barriers),
    ("preconditioners", "Preconditioners", preconditioners),
)
