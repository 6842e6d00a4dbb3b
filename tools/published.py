#!/usr/bin/env python3
"""One page: the study's published figures beside ours, as published and corrected; does each conclusion stand?

Reads the output files of the presets (jobs/NAME-as-published.cfg and NAME-corrected.cfg) from one folder, NAME-....h5,
and writes published.md with its pictures there. With --run it first runs the presets that have no finished file yet.
Every verdict is computed from the numbers by the rules that the page states; a run that is not there is named.
Published numbers: Wu, Du, Chen, Zhou, arXiv 2103.11069, and what its released code and notebooks print.

  tools/published.py --run -o study                       all presets (some minutes), then the page
  tools/published.py --run --quick -o quick               in a reduced size
  tools/published.py --run --networks FOLDER -o study     at the authors' own networks (*.pkl) where they are known

Exit codes: 0 the page is written, 1 a preset failed (the page says which) or it cannot be written, 2 wrong options.
"""

import argparse
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

os.environ.setdefault("HDF5_USE_FILE_LOCKING", "FALSE")  # before h5py loads HDF5
try:
    import h5py
    import matplotlib
    import numpy as np

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
except ImportError as error:
    if __name__ == "__main__" and "LANDSCAPE_PYTHON_TRIED" not in os.environ and os.access("/usr/bin/python3", os.X_OK):
        # apt installs for the system's python3; another one may stand before it on PATH
        os.environ["LANDSCAPE_PYTHON_TRIED"] = "1"
        os.execv("/usr/bin/python3", ["/usr/bin/python3", os.path.abspath(__file__), *sys.argv[1:]])
    sys.exit(f"published: {error}; install numpy, h5py and matplotlib.")

ROOT = Path(__file__).resolve().parent.parent
LEAST_RITZ = -(math.pi**2) / 4  # over all functions, d = 1
LOSSES = ("ritz", "galerkin")
TITLE = {"ritz": "Ritz", "galerkin": "Galerkin"}
COLOUR = {"published": "black", "as-published": "tab:red", "corrected": "tab:blue"}

# Printed by the authors; one training and one set of directions each, no intervals.
RADII = (0.00025, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4)
RADIUS_MEAN = {
    "galerkin": (3941.83, 1991.88, 995.91, 194.13, 96.9, 18.92, 8.96, 4.17, 2.65, 1.92),
    "ritz": (14495.62, 4001.19, 1203.85, 155.92, 83.16, 18.16, 8.57, 3.91, 2.49, 1.81),
}
RADIUS_STD = {
    "galerkin": (113.13, 14.54, 10.86, 1.44, 1.23, 0.79, 0.68, 0.48, 0.4, 0.33),
    "ritz": (9774.4, 2906.46, 880.13, 29.05, 12.68, 1.63, 0.9, 0.54, 0.39, 0.15),
}
FCNET = {0.001: (0.1290497, 914.8), 0.05: (0.0704639, 18.49)}  # RI, mean T
POINTS = {"ritz": 0.0889950, "galerkin": 0.0214946}
CUBE10D = {"ritz": 0.2235563, "galerkin": 0.1872281}
TRAJECTORY_EPOCHS = tuple(range(0, 5001, 500))
TRAJECTORY = {
    "galerkin": (0.001, 0.186, 0.219, 0.18, 0.107, 0.079, 0.029, 0.029, 0.038, 0.029, 0.02),
    "ritz": (0.065, 0.018, 0.103, 0.002, 0.136, 0.196, 0.105, 0.159, 0.196, 0.208, 0.173),
}
CENTRES = {  # loss, at whose minimizer
    ("ritz", "ritz"): -2.471628,
    ("ritz", "galerkin"): -2.471513,
    ("galerkin", "galerkin"): 5.993325e-05,
    ("galerkin", "ritz"): 0.1044017,
}
LOG_VOLUME_3 = {"galerkin": (6.34, 6.83), "ritz": (0.36, 1.46)}
DISTANCE = (3.7243, 2.2392)
SWITCHING = (0.1044017, 5.741835e-05)
LONG_END = {100: -7.375, 200: -2.948, 400: -2.485}  # by Simpson intervals
WIDTHS_MSE = {  # mean square error on the nodes at widths 2 to 6: the relative L2 error is sqrt(2 MSE)
    "galerkin": (0.052085, 0.018136, 0.00071171, 8.0109e-08, 8.3104e-08),
    "ritz": (0.0016386, 0.0009481, 0.00076296, 0.0007756, 6.7528e-06),
}
DECAY_LOSS = {"galerkin": 8.543e-05, "ritz": -2.47163}
DECAY_MSE = {"galerkin": 6.14e-10, "ritz": 2.652e-06}
BALL = {"ritz": 0.143, "galerkin": 0.058}

# Not among the presets yet.
ABSENT = {
    "Initialisations, numbers of Simpson intervals": "no printed numbers: see the presets init and intervals",
    "RI against the number of intervals m and of directions M": "see `sweep` and the report's curve of the first M",
    "Eigenvalues along the training": "see `trajectory --eigenvalues`",
}

PRESETS = [
    f"{name}-{kind}"
    for name in ("radius", "fcnet", "points", "ball", "trajectory", "widths", "decay", "surface", "spectrum", "long", "cube10d")
    for kind in ("as-published", "corrected")
] + ["switching"]
# At the authors' own networks where they are given: option, network, file.
NETWORKS = {
    "radius": [("--minimizer-ritz", "resnet", "resnet_ritz"), ("--minimizer-galerkin", "resnet", "resnet_galerkin")],
    "surface": [("--minimizer-ritz", "resnet", "resnet_ritz"), ("--minimizer-galerkin", "resnet", "resnet_galerkin")],
    "fcnet": [("--minimizer-ritz", "fcnet", "fcnet_ritz")],
    "points": [("--minimizer", "fcnet", "fcnet_width_4_galerkin")],
    "ball": [("--minimizer", "resnet", "ball3d_ritz")],
    "cube10d": [("--minimizer", "resnet", "cube10d_galerkin")],
    "switching": [("--start", "resnet", "resnet_ritz")],
}
SAME_SIGN = ("fcnet_width_4_galerkin", "cube10d_galerkin", "ball3d_ritz")  # trained with x(1 - x); the others with x(x - 1)


def import_network(folder, network, name, networks):
    """The authors' pickle as .safetensors in `folder`; None where there is none."""
    source, target = Path(networks) / f"{name}.pkl", folder / f"{name}.safetensors"
    if not source.exists():
        return None
    if not target.exists():
        command = [sys.executable, str(ROOT / "tools/import_checkpoint.py"), str(source), "-o", str(target)]
        command += ["--network", network, "--activation", "swish"]
        command += [] if name in SAME_SIGN else ["--negate-output"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return target


def options_of(preset, folder, networks):
    """What the preset cannot know; a text instead of a list where the run is not possible."""
    figure = preset.removesuffix("-as-published").removesuffix("-corrected")
    if networks and figure in NETWORKS:
        files = [
            (option, import_network(folder, network, name, networks)) for option, network, name in NETWORKS[figure]
        ]
        if all(file for _, file in files):
            return [f"{option}={file.name}" for option, file in files]
    if figure == "cube10d":
        return "its training is a job for GPUs: run the preset there, or give --networks"
    if figure == "switching":
        if not (folder / "spectrum-as-published.h5").exists():
            return "it starts from the Ritz minimizer of spectrum-as-published"
        return ["--start=spectrum-as-published.h5", "--start-minimizer=ritz"]
    return []


def run(presets, folder, program, quick, networks, ranks):
    """Runs what has no finished file; {preset: why it is not there}."""
    problems = {}
    launcher = ["mpirun", "-np", str(ranks), "--bind-to", "none", "--quiet"] if ranks > 1 else []
    for preset in presets:
        options = options_of(preset, folder, networks)
        if isinstance(options, str):
            problems[preset] = options
            continue
        command = [*launcher, program, "--preset", preset, f"--output={preset}.h5", "--resume", "--quiet", *options]
        command += [f"--config={ROOT / 'jobs/quick.cfg'}"] if quick else []
        print("published:", preset, flush=True)
        done = subprocess.run(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False
        )
        (folder / f"{preset}.txt").write_text(done.stdout + done.stderr)
        if done.returncode != 0:
            problems[preset] = "failed: " + (done.stderr.strip().splitlines() or [f"code {done.returncode}"])[-1]
    return problems


class Run:
    """A preset's output file, complete."""

    def __init__(self, file):
        self.file = file

    def __getitem__(self, name):
        return self.file[name][()]

    def attribute(self, group, name):
        return self.file[group].attrs[name]

    def loads(self, loss):
        return not str(self.attribute(f"minimizer/{loss}", "source")).startswith("train")

    def theta(self, loss, layers=("",)):
        tensors = self.file[f"minimizer/{loss}/parameters"]
        return np.concatenate([tensors[n][()].ravel() for n in sorted(tensors) if n.startswith(tuple(layers))])


def size_of(preset, run):
    """How large the run was, from its own settings: a reduced one is seen whatever the options of this script."""
    settings = dict(line.split(" = ", 1) for line in text_of(run.file.attrs["config"]).splitlines() if " = " in line)
    parts = [f"{settings[key]} {key}" for key in ("epochs", "directions") if key in settings]
    return f"`{preset}`: " + (", ".join(parts) or "networks loaded")


def text_of(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def open_run(folder, preset):
    """(Run, "") or (None, why not)."""
    path = folder / f"{preset}.h5"
    if not path.exists():
        return None, "there is no " + path.name
    try:
        file = h5py.File(path)
        state = text_of(file["state"][()])
    except (OSError, KeyError) as error:
        return None, f"{path.name} cannot be read: {error}"
    return (Run(file), "") if state == "complete" else (None, f"{path.name} is not finished: {state}")


# ---- The rules. Each returns a word; the page says what it means.


def order(first, second):
    """Of two intervals: above, below, or open where they overlap or one is not a number."""
    if first[0] > second[1]:
        return "above"
    return "below" if first[1] < second[0] else "open"


def inside(value, index, interval):
    """Whether a printed index can be another sample of the same size as ours: the interval is widened by sqrt(2)."""
    low, high = (index + (bound - index) * math.sqrt(2) for bound in interval)
    return bool(low <= value <= high)


def rises_then_falls(index, interval):
    """yes: the largest index is inside, its interval above those of both ends; no: it is at an end, its interval above
    all those inside; else open."""
    index = np.asarray(index)
    if not np.isfinite(index).any():
        return "open"
    top = int(np.nanargmax(index))
    if top in (0, len(index) - 1):
        inner = [order(interval[top], interval[at]) for at in range(1, len(index) - 1)]
        return "no" if inner and all(word == "above" for word in inner) else "open"
    ends = [order(interval[top], interval[end]) for end in (0, -1)]
    return "yes" if ends == ["above", "above"] else "open"


def verdict(words):
    """words: same, opposite or open, one for each comparison of the paper."""
    same, opposite, total = words.count("same"), words.count("opposite"), len(words)
    count = f"{same} of {total} comparisons confirmed, {opposite} reversed, {total - same - opposite} open"
    if opposite:
        return f"**The conclusion does not stand** ({count})."
    if same == total:
        return f"**The conclusion stands** ({count})."
    return f"**The conclusion {'stands in part' if same else 'is not decided'}** ({count})."


def compare_orders(published_ritz, published_galerkin, ritz, galerkin):
    """The paper's order of the two losses against that of our intervals."""
    ours = order(ritz, galerkin)
    if ours == "open":
        return "open"
    return "same" if (published_ritz > published_galerkin) == (ours == "above") else "opposite"


RULES = """Rules. *Reproduced*: the printed index lies in our 95 % interval as published, widened by √2 since the printed
one is a sample of the same size too; of losses and distances: equal to 1e-5 relative. *A conclusion* that one
index is above another is confirmed where our corrected intervals are disjoint in the paper's order, reversed
where they are disjoint in the other one, and open where they overlap; it stands where all its comparisons are
confirmed, stands in part where some are and none is reversed, does not stand where one is reversed, else it is
not decided. An index *rises, then falls* where its largest value is neither the first nor the last and its
interval is above those of both; it does not where it is at an end and its interval above all inside. Intervals
are over directions, at one minimizer: another training may differ by more."""


SLIP_NOTE = (
    "The lost end point is of the released Ritz code only; here the Galerkin loss has it too as published, so the "
    "corrected column is nearer to what the authors ran for Galerkin."
)


# ---- The page: each figure is a function from the two runs to lines of Markdown; it may save a picture.


def number(value, digits=4):
    return "–" if value is None or not math.isfinite(value) else f"{value:.{digits}g}"


def with_interval(index, interval):
    return f"{number(index)} [{number(interval[0], 3)}, {number(interval[1], 3)}]"


def table(header, rows):
    return [
        "",
        "| " + " | ".join(header) + " |",
        "|" + "---|" * len(header),
        *("| " + " | ".join(r) + " |" for r in rows),
        "",
    ]


HEADER = ("published", "ours, as published", "reproduced", "ours, corrected")


def reproduced_word(value, index, interval):
    return "yes" if inside(value, index, interval) else "no"


def network_note(run, loss="ritz"):
    return (
        "At the authors' own networks." if run.loads(loss) else "At networks that we trained: another seed than theirs."
    )


def save(figure, folder, name):
    figure.tight_layout()
    figure.savefig(folder / name, dpi=110)
    plt.close(figure)
    return f"![{name}]({name})"


def draw_series(axis, x, y, intervals, kind):
    axis.plot(x, y, color=COLOUR[kind], label="ours, " + kind.replace("-", " "))
    axis.fill_between(x, intervals[:, 0], intervals[:, 1], color=COLOUR[kind], alpha=0.2, lw=0)


def radius(folder, published, corrected):
    for run in (published, corrected):
        if list(run["sweep/ritz/radius"]) != list(RADII):
            raise ValueError("the file has other half-widths than the paper")
    rows, words = [], []
    ours = {
        kind: {loss: (r[f"sweep/{loss}/index"][:, 0], r[f"sweep/{loss}/interval"][:, 0]) for loss in LOSSES}
        for kind, r in (("as-published", published), ("corrected", corrected))
    }
    printed = {loss: np.array(RADIUS_STD[loss]) / np.array(RADIUS_MEAN[loss]) for loss in LOSSES}
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), sharey=True)
    for axis, loss in zip(axes, LOSSES):
        for kind, values in ours.items():
            draw_series(axis, RADII, *values[loss], kind)
        axis.plot(RADII, printed[loss], "o", color=COLOUR["published"], label="published")
        axis.set(xscale="log", yscale="log", xlabel="half-width l", title=TITLE[loss], ylabel="RI", ylim=(1e-4, 3))
    axes[0].legend(fontsize=8)
    for i, l in enumerate(RADII):
        words.append(
            compare_orders(
                printed["ritz"][i],
                printed["galerkin"][i],
                ours["corrected"]["ritz"][1][i],
                ours["corrected"]["galerkin"][1][i],
            )
        )
        for loss in LOSSES:
            a, c = ours["as-published"][loss], ours["corrected"][loss]
            rows.append(
                (
                    f"{l:g} {TITLE[loss]}",
                    number(printed[loss][i]),
                    with_interval(a[0][i], a[1][i]),
                    reproduced_word(printed[loss][i], a[0][i], a[1][i]),
                    with_interval(c[0][i], c[1][i]),
                )
            )
    note = (
        "The printed Ritz values at l ≤ 0.001 are of the size that an emulation of single precision gives, an inference. "
        "The released arange adds a step at l = 0.005 and 0.01, which `sweep` does not. " + SLIP_NOTE
    )
    return [
        network_note(published),
        note,
        save(figure, folder, "radius.png"),
        *table(("RI at l", *HEADER), rows),
        "Conclusion: which of the two losses is rougher at each l. " + verdict(words),
    ]


def fcnet(folder, published, corrected):
    rows, words = [], []
    for l, (index, mean) in FCNET.items():
        at = int(np.argmin(abs(published["sweep/ritz/radius"] - l)))
        if published["sweep/ritz/radius"][at] != l or corrected["sweep/ritz/radius"][at] != l:
            raise ValueError(f"a file lacks the half-width {l:g}")
        for name, value in (("RI", index), ("mean T", mean)):
            a, c = (index_or_mean(r, at, name) for r in (published, corrected))
            words.append(judged(inside(value, *c), corrected))
            rows.append(
                (f"{name}, l = {l:g}", number(value), with_interval(*a), reproduced_word(value, *a), with_interval(*c))
            )
    return [
        network_note(published),
        *table(("Ritz", *HEADER), rows),
        "Conclusion: the printed numbers are those of a sound quadrature, too (corrected intervals, widened likewise). "
        + verdict(words),
    ]


def judged(holds, run, loss="ritz"):
    """Whether a printed number is ours: of another network than the authors' nothing follows from that it is not."""
    return "same" if holds else "opposite" if run.loads(loss) else "open"


def index_or_mean(run, at, name):
    """With its interval; the mean's is the normal one, mean (1 +- 1.96 RI / sqrt(M))."""
    index, interval = run["sweep/ritz/index"][at, 0], run["sweep/ritz/interval"][at, 0]
    if name == "RI":
        return index, interval
    mean = run["sweep/ritz/mean"][at, 0]
    half = 1.96 * index * mean / math.sqrt(run["sweep/ritz/used"][at, 0])
    return mean, (mean - half, mean + half)


def pair_of_losses(printed, at, published, corrected):
    rows, spreads = [], []
    for loss in LOSSES:
        a, c = ((r[f"roughness/{loss}/index"], r[f"roughness/{loss}/interval"]) for r in (published, corrected))
        sets = published[f"roughness/{loss}/point_sets/index"]
        known = sets.min() <= printed[loss] <= sets.max()
        rows.append(
            (
                TITLE[loss],
                number(printed[loss]),
                f"{with_interval(*a)}; {len(sets)} point sets: {number(sets.min())} to {number(sets.max())}",
                "yes" if known or inside(printed[loss], *a) else "no",
                with_interval(*c),
            )
        )
        ratio = number(sets.max() / sets.min(), 2) if sets.min() > 0 else "without bound"
        spreads.append(f"{TITLE[loss]} {ratio}")
    word = compare_orders(
        printed["ritz"], printed["galerkin"], *(corrected[f"roughness/{loss}/interval"] for loss in LOSSES)
    )
    return [
        network_note(published),
        f"The printed indices of both losses are at one {at} minimizer"
        + (", as here." if published.loads("ritz") else "; here each loss is at its own: compare with care."),
        "Reproduced here also: inside the range of the point sets.",
        *table(("RI", *HEADER), rows),
        f"Largest over smallest index of the point sets, the same minimizer and directions: {', '.join(spreads)}.",
        "",
        "Conclusion: which loss is rougher. " + verdict([word]),
    ]


def points(folder, published, corrected):
    return pair_of_losses(POINTS, "Galerkin", published, corrected)


def cube10d(folder, published, corrected):
    return pair_of_losses(CUBE10D, "Galerkin", published, corrected)


def trajectory(folder, published, corrected):
    rows, words = [], []
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), sharey=True)
    for axis, loss in zip(axes, LOSSES):
        g = f"trajectory/{loss}/"
        # The authors measured on the points of the training's step.
        step = "step_" if f"trajectory/{loss}/step_index" in published.file else ""
        a = published[g + step + "index"], published[g + step + "interval"]
        c = corrected[g + "index"], corrected[g + "interval"]
        draw_series(axis, published[g + "epoch"], *a, "as-published")
        draw_series(axis, corrected[g + "epoch"], *c, "corrected")
        axis.plot(TRAJECTORY_EPOCHS, TRAJECTORY[loss], "o", color=COLOUR["published"], label="published")
        axis.set(xlabel="epoch", title=TITLE[loss], ylabel="RI", ylim=(0, 0.5))
        printed = dict(zip(TRAJECTORY_EPOCHS, TRAJECTORY[loss]))
        hits = [inside(printed[e], a[0][i], a[1][i]) for i, e in enumerate(published[g + "epoch"]) if e in printed]
        rises = rises_then_falls(*c)
        words.append({"yes": "same", "no": "opposite", "open": "open"}[rises])

        def summary(index, epochs):
            if not np.isfinite(index).any():
                return "undefined"
            at = int(np.nanargmax(index))
            return f"{number(index[0])}, {number(index[at])} at {epochs[at]}, {number(index[-1])}"

        rows.append(
            (
                TITLE[loss],
                summary(np.array(TRAJECTORY[loss]), TRAJECTORY_EPOCHS),
                summary(a[0], published[g + "epoch"]),
                f"{sum(hits)} of {len(hits)} epochs",
                summary(c[0], corrected[g + "epoch"]) + f": {rises}",
            )
        )
    axes[0].legend(fontsize=8)
    header = ("RI first, largest, last", *HEADER[:3], HEADER[3] + ": rises, then falls?")
    return [
        "One seed of a training each.",
        save(figure, folder, "trajectory.png"),
        *table(header, rows),
        "Conclusion: RI rises, then falls along the descent path. " + verdict(words),
    ]


def close(a, b):
    return abs(a - b) <= 1e-5 * abs(b)


def local_minima(loss):
    """Inner points below all eight neighbours."""
    n, m = loss.shape
    shifts = [(i, j) for i in range(3) for j in range(3) if (i, j) != (1, 1)]
    return int(np.all([loss[1:-1, 1:-1] < loss[i : n - 2 + i, j : m - 2 + j] for i, j in shifts], axis=0).sum())


def surface(folder, published, corrected):
    rows, figure = [], plt.figure(figsize=(9, 7))
    for i, (loss, run, title) in enumerate(
        ((l, r, t) for l in LOSSES for r, t in ((published, "redrawn"), (corrected, "drawn once")))
    ):
        axis = figure.add_subplot(2, 2, i + 1)
        g = f"surface/{loss}/"
        levels = np.unique(np.quantile(run[g + "loss"], np.linspace(0, 1, 20)))
        lines = axis.contourf(run[g + "x"], run[g + "y"], run[g + "loss"], levels=levels)
        figure.colorbar(lines, ax=axis)
        axis.set(title=f"{TITLE[loss]}, directions {title}", xlabel="x", ylabel="y")
    for (loss, at), value in CENTRES.items():
        group = f"surface/{loss}" + ("" if loss == at else f"_around_{at}") + "/summary/centre"
        c = float(corrected[group])
        # The released Galerkin code is sound, and the published preset's Galerkin loss has the Ritz code's slip.
        a = float(published[group]) if loss == "ritz" else c if published.loads(loss) else math.nan
        rows.append(
            (
                f"{TITLE[loss]} at the {TITLE[at]} minimizer",
                number(value, 7),
                number(a, 7),
                "yes" if close(a, value) else "no" if published.loads(loss) else "–",
                number(c, 7),
            )
        )
    printed = CENTRES["ritz", "ritz"]
    sound = float(corrected["surface/ritz/summary/centre"])
    bound = (
        f"The printed Ritz losses lie below the least over all functions, {LEAST_RITZ:.7f}: the rule is no bound. "
        f"Corrected, the loss at that minimizer is {sound:.7f}, "
    )
    stands = printed >= LEAST_RITZ or sound < LEAST_RITZ
    smooth = {loss: [local_minima(r[f"surface/{loss}/loss"]) for r in (published, corrected)] for loss in LOSSES}
    minima = ", ".join(f"{TITLE[l]} {a} redrawn, {c} drawn once" for l, (a, c) in smooth.items())
    # Two new directions at every point make a picture of noise: neighbours are then not neighbours in the parameters.
    word = ["same" if c >= a / 2 else "opposite" for a, c in smooth.values()]
    return [
        network_note(published),
        save(figure, folder, "surface.png"),
        *table(("loss at the centre", *HEADER), rows),
        bound + ("below it as well." if stands else "above it."),
        "",
        f"Local minima on the grid: {minima}.",
        "",
        "Conclusion: the published pictures' valleys are the loss's (half or more of their local minima remain). "
        + verdict(word),
    ]


def distances(folder, published, corrected):
    a, b = (published.theta(loss, ("layer_in", "layer_out")) for loss in LOSSES)
    c, d = (published.theta(loss) for loss in LOSSES)
    rows, words = [], []
    for name, printed, norm in (("L2", DISTANCE[0], 2), ("L∞", DISTANCE[1], np.inf)):
        part, whole = np.linalg.norm(a - b, norm), np.linalg.norm(c - d, norm)
        words.append("same" if close(part, whole) else "opposite")
        rows.append(
            (
                name,
                number(printed, 7),
                number(part, 7),
                "yes" if abs(part - printed) <= 5.1e-5 else "no",
                number(whole, 7),
            )
        )
    return [
        network_note(published),
        "As published: first and last layer only, a slip dropped the hidden ones. Reproduced: to the printed digits.",
        *table(("between the minimizers", *HEADER), rows),
        "Conclusion: the printed distance is that of all parameters. " + verdict(words),
    ]


def spectrum(folder, published, corrected):
    rows, v3 = [], {}
    figure, axis = plt.subplots(figsize=(6, 3.4))
    for loss in LOSSES:
        a, c = (float(r[f"spectrum/{loss}/log_volume"][2]) for r in (published, corrected))
        v3[loss] = c
        low, high = LOG_VOLUME_3[loss]
        counts = "/".join(str(int(corrected[f"spectrum/{loss}/{sign}"])) for sign in ("positive", "zero", "negative"))
        rows.append(
            (TITLE[loss], f"{low} to {high}", number(a), "yes" if low <= a <= high else "no", number(c), counts)
        )
        values = np.sort(corrected[f"spectrum/{loss}/eigenvalues"])[::-1]
        axis.plot(range(1, len(values) + 1), values, ".-", label=TITLE[loss])
    axis.set(yscale="symlog", xlabel="number", ylabel="eigenvalue, corrected")
    axis.set_yscale("symlog", linthresh=1e-8)
    axis.legend(fontsize=8)
    word = "open" if not all(map(math.isfinite, v3.values())) else "same" if v3["galerkin"] > v3["ritz"] else "opposite"
    return [
        "One seed of a training. Reproduced: inside the printed range. " + SLIP_NOTE,
        save(figure, folder, "spectrum.png"),
        *table(("V(3)", *HEADER, "positive/zero/negative"), rows),
        "Conclusion: V(3) of the Galerkin loss is the larger one (its basin is narrower). " + verdict([word]),
    ]


class Seeds:
    """The trainings of one loss in a study's file, by the value of its one option that is no seed."""

    def __init__(self, run, loss, factor):
        self.rows, self.medians = (f"study/{part}{loss}/" for part in ("", "medians/"))
        self.run, self.factor = run, factor
        self.values = run[self.medians + factor]

    def all(self, name, value):
        return self.run[self.rows + name][self.run[self.rows + self.factor] == value]

    def median(self, name):
        return self.run[self.medians + name], self.run[self.medians + name + "_interval"]

    def covers(self, printed, name, value):
        """Whether a printed number lies among those of our seeds: each is one training of the authors' too."""
        values = self.all(name, value)
        return bool(np.nanmin(values) <= printed <= np.nanmax(values))

    def cell(self, name, value):
        median, interval = self.median(name)
        at = list(self.values).index(value)
        return with_interval(median[at], interval[at])

    def range(self, name, value):
        values = self.all(name, value)
        return f"{number(np.nanmin(values), 3)} to {number(np.nanmax(values), 3)}"


SEEDS_NOTE = (
    "Medians over 20 seeds with 95 % intervals. Reproduced here: the printed number, of one training, lies between the "
    "least and the largest of our seeds. "
)


def widths(folder, published, corrected):
    rows, words = [], []
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.4))
    for loss in LOSSES:
        a, c = Seeds(published, loss, "width"), Seeds(corrected, loss, "width")
        printed = np.sqrt(2 * np.array(WIDTHS_MSE[loss]))
        for value, error in zip(a.values, printed):
            rows.append(
                (
                    f"{TITLE[loss]}, width {value:g}",
                    number(error, 3),
                    f"{a.cell('relative_l2_error', value)}; {a.range('relative_l2_error', value)}",
                    "yes" if a.covers(error, "relative_l2_error", value) else "no",
                    c.cell("relative_l2_error", value),
                    c.cell("index", value),
                )
            )
        for axis, name in zip(axes, ("relative_l2_error", "index")):
            middle, interval = c.median(name)
            line = axis.plot(c.values, middle, "o-", label=TITLE[loss] + ", corrected")[0]
            axis.fill_between(c.values, interval[:, 0], interval[:, 1], color=line.get_color(), alpha=0.2, lw=0)
        axes[0].plot(a.values, printed, "x", color=line.get_color(), label=TITLE[loss] + ", published")
        errors, intervals = c.median("relative_l2_error")[1], c.median("index")[1]
        words.append({"above": "same", "below": "opposite"}.get(order(errors[0], errors[-1]), "open"))
        differ = order(intervals[0], intervals[-1])
        rows.append((f"{TITLE[loss]}, RI of width 2 against 6", "–", "–", "–", "–", differ))
    axes[0].set(yscale="log", xlabel="width", ylabel="relative L2 error")
    axes[1].set(xlabel="width", ylabel="RI")
    axes[0].legend(fontsize=8)
    return [
        SEEDS_NOTE + SLIP_NOTE,
        save(figure, folder, "widths.png"),
        *table(("relative L2 error", *HEADER, "RI, corrected"), rows),
        "Conclusion: a network of width 6 ends with a smaller error than one of width 2. " + verdict(words),
    ]


def decay(folder, published, corrected):
    rows, words = [], []
    for loss in LOSSES:
        a, c = Seeds(published, loss, "decay_every"), Seeds(corrected, loss, "decay_every")
        falling = a.values[-1]
        for name, title, printed in (
            ("training_loss", "loss", DECAY_LOSS[loss]),
            ("relative_l2_error", "relative L2 error", math.sqrt(2 * DECAY_MSE[loss])),
        ):
            rows.append(
                (
                    f"{TITLE[loss]}, {title}",
                    number(printed, 7),
                    a.range(name, falling),
                    "yes" if a.covers(printed, name, falling) else "no",
                    c.range(name, falling),
                )
            )
        constant, falls = c.median("relative_l2_error")[1]
        words.append({"above": "same", "below": "opposite"}.get(order(constant, falls), "open"))
    return [
        SEEDS_NOTE + SLIP_NOTE,
        *table(("at a falling rate", *HEADER), rows),
        "Conclusion: a falling learning rate ends with a smaller error than a constant one. " + verdict(words),
    ]


def long(folder, published, corrected):
    kinds = {
        kind: Seeds(run, "ritz", "quadrature") for kind, run in (("as-published", published), ("corrected", corrected))
    }
    figure, axis = plt.subplots(figsize=(6, 3.4))
    rows, words = [], []
    for at, (n, printed) in enumerate(LONG_END.items()):
        lowest = {}
        for kind, seeds in kinds.items():
            ends = seeds.all("training_loss", at)
            lowest[kind] = seeds.all("lowest_training_loss", at)
            axis.plot(np.full(len(ends), at), LEAST_RITZ - ends, ".", color=COLOUR[kind], label=kind if at == 0 else None)
        axis.plot(at, LEAST_RITZ - printed, "*", color=COLOUR["published"], label="published" if at == 0 else None)
        below = {kind: int((values < LEAST_RITZ - 1e-7).sum()) for kind, values in lowest.items()}
        count = len(lowest["corrected"])
        rows.append(
            (
                f"{n} intervals",
                number(printed, 4),
                f"{kinds['as-published'].range('training_loss', at)}; {below['as-published']} of {count} below the least",
                "yes" if kinds["as-published"].covers(printed, "training_loss", at) else "no",
                f"{kinds['corrected'].range('training_loss', at)}; {below['corrected']} of {count} below the least",
            )
        )
        words.append("open" if below["as-published"] == 0 else "opposite" if below["corrected"] == 0 else "same")
    axis.set_yscale("symlog", linthresh=1e-4)
    axis.set(xlabel="Simpson intervals", ylabel="least loss minus the training's", xticks=range(len(LONG_END)))
    axis.set_xticklabels(LONG_END)
    axis.axhline(0, color="grey", lw=0.8)
    axis.legend(fontsize=8)
    return [
        SEEDS_NOTE,
        save(figure, folder, "long.png"),
        *table(("Ritz loss at the end", *HEADER), rows),
        f"Conclusion: a loss below {LEAST_RITZ:.7f} is reached by training, not by the quadrature. " + verdict(words),
    ]


def ball(folder, published, corrected):
    return pair_of_losses(BALL, "Ritz", published, corrected)


def switching(folder, only, _):
    losses = only["minimizer/galerkin/history/loss"]
    theirs = "resnet_ritz" in str(only.attribute("minimizer/galerkin", "source"))
    ours = [float(losses[0]), float(losses[-1])]
    rows = [
        (
            name,
            number(printed, 7),
            number(value, 7),
            "yes" if close(value, printed) else "no" if theirs else "–",
            "the same: the released Galerkin code is sound",
        )
        for name, printed, value in zip(("before", "after 999 steps"), SWITCHING, ours)
    ]
    words = ["same" if ours[1] < ours[0] / 10 else "opposite"]
    return [
        "From the authors' own network." if theirs else "From a Ritz network that we trained: the numbers are another's.",
        *table(("Galerkin loss", *HEADER), rows),
        "Conclusion: from a Ritz minimizer the Galerkin loss falls by more than a factor of ten within 1 000 epochs. "
        + verdict(words),
    ]


FIGURES = [
    ("RI against the half-width, resnet of width 4", radius, ("radius-as-published", "radius-corrected")),
    ("RI at fcnet of width 4, Ritz loss", fcnet, ("fcnet-as-published", "fcnet-corrected")),
    ("RI on 1 000 random points, fcnet of width 4, l = 0.02", points, ("points-as-published", "points-corrected")),
    ("RI in the unit ball, d = 3, l = 0.1, m = 5", ball, ("ball-as-published", "ball-corrected")),
    ("RI in ten dimensions, l = 0.05, m = 20", cube10d, ("cube10d-as-published", "cube10d-corrected")),
    ("RI along the training", trajectory, ("trajectory-as-published", "trajectory-corrected")),
    ("Widths 2 to 6", widths, ("widths-as-published", "widths-corrected")),
    ("A falling learning rate", decay, ("decay-as-published", "decay-corrected")),
    (
        "Surfaces, l = 0.01, and each loss at the other's minimizer",
        surface,
        ("surface-as-published", "surface-corrected"),
    ),
    ("Distance between the minimizers", distances, ("surface-as-published", "surface-corrected")),
    ("Eigenvalues of the Hessian after 10 000 epochs", spectrum, ("spectrum-as-published", "spectrum-corrected")),
    ("40 000 epochs of the Ritz loss", long, ("long-as-published", "long-corrected")),
    ("Loss switching", switching, ("switching", "switching")),
]


def page(folder, problems, quick):
    lines = [
        "# The published figures, as published and corrected",
        "",
        "Wu, Du, Chen, Zhou, *Understanding Loss Landscapes of Neural Network Models in Solving Partial Differential "
        "Equations*, arXiv 2103.11069.",
        "RI = std(T) / mean(T); in brackets 95 % intervals over directions. *As published*: with the slips of "
        "the released code.",
        "",
        RULES,
    ]
    if quick:
        lines += [
            "",
            "**Reduced size (`--quick`): short trainings and few directions. The verdicts below mean little.**",
        ]
    missing = [(name, reason) for name, reason in ABSENT.items()]
    summary, sections = [], []
    for title, function, presets in FIGURES:
        opened = [open_run(folder, preset) for preset in presets]
        reasons = [f"`{preset}`: {problems.get(preset, why)}" for preset, (r, why) in zip(presets, opened) if r is None]
        if reasons:
            missing.append((title, "; ".join(dict.fromkeys(reasons))))
            continue
        try:
            body = function(folder, *(r for r, _ in opened))
        except (ValueError, KeyError, IndexError, TypeError) as error:
            missing.append((title, f"its runs are not what the page is made of: {error}"))
            plt.close("all")
            continue
        sizes = "; ".join(dict.fromkeys(size_of(preset, r) for preset, (r, _) in zip(presets, opened)))
        for r, _ in opened:
            r.file.close()
        sections += ["", f"## {title}", "", f"Runs: {sizes}.", *body]
        sentence = body[-1]
        summary.append((title, sentence.split("Conclusion: ")[1].split(" **")[0], sentence[sentence.index("**") :]))
    lines += table(
        ("figure", "conclusion of the paper, or what it takes for granted", "with a sound computation"), summary
    )
    lines += [*sections, "", "## Not on this page", "", *(f"- {name}: {reason}" for name, reason in missing)]
    (folder / "published.md").write_text("\n".join(lines) + "\n")


def find_program(named):
    built = ROOT / "build/release/landscape_mpi"
    found = shutil.which(
        named or os.environ.get("LANDSCAPE_PROGRAM") or (str(built) if built.exists() else "landscape_mpi")
    )
    return os.path.abspath(found) if found else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", default="study", help="folder of the output files, the page and its pictures")
    parser.add_argument("--run", action="store_true", help="first run the presets that have no finished file there")
    parser.add_argument("--quick", action="store_true", help="in a reduced size (jobs/quick.cfg)")
    parser.add_argument("--only", help="of these figures: radius,long")
    parser.add_argument("--networks", help="folder of the authors' networks, *.pkl")
    parser.add_argument("--program", help="landscape_mpi")
    parser.add_argument("--ranks", type=int, default=1, help="of MPI [1]")
    options = parser.parse_args()
    folder, problems, failed = Path(options.output), {}, False
    presets = PRESETS
    if options.only:
        names = options.only.split(",")
        presets = [p for p in PRESETS if p.removesuffix("-as-published").removesuffix("-corrected") in names]
        known = {p.removesuffix("-as-published").removesuffix("-corrected") for p in PRESETS}
        unknown = [name for name in names if name not in known]
        if unknown:
            parser.error(f"--only: there is no figure {', '.join(unknown)}; there is {', '.join(sorted(known))}.")
    if options.networks and not os.path.isdir(options.networks):
        parser.error(f"--networks: '{options.networks}' is no folder.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if options.run:
            program = find_program(options.program)
            if program is None:
                parser.error("landscape_mpi is not there: build it, or name it with --program.")
            problems = run(presets, folder, program, options.quick, options.networks, options.ranks)
            failed = any(why.startswith("failed") for why in problems.values())
        page(folder, problems, options.quick)
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"published: {error}")
    print(f"published: {folder / 'published.md'}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
