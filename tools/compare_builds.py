#!/usr/bin/env python3
"""Compares two builds of landscape_mpi: do they compute the same bits, and which is faster?

Both run the same short jobs with the same seeds; every dataset of losses is compared, then the default job is timed in
pairs. For whoever changes how something is computed, and says that the numbers are those of before.

    tools/compare_builds.py OLD/landscape_mpi NEW/landscape_mpi --pairs 11
"""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np

CASES = {
    "default": [],
    "preset, 1-D": ["--preset=corrected-1d"],
    "resnet, tanh": ["--network=resnet", "--activation=tanh", "--width=5", "--epochs=800", "--directions=30"],
    "2-D": ["--dimension=2", "--epochs=300", "--lbfgs-iterations=50", "--directions=10"],
    "3-D, random points": ["--dimension=3", "--epochs=100", "--lbfgs-iterations=20", "--directions=5",
                           "--quadrature=monte-carlo:500", "--train-quadrature=sobol:256"],
    "10-D": ["--dimension=10", "--network=resnet", "--blocks=3", "--width=20", "--epochs=20", "--directions=4",
             "--quadrature=monte-carlo:1000"],
    "as published": ["--epochs=500", "--lbfgs-iterations=50", "--grid-rule=arange", "--bias=copy",
                     "--quadrature=simpson-as-published:100"],
    "linear, cubic": ["--network=linear", "--problem=cubic", "--epochs=500", "--grid=-1:1:201"],
    "sweep": ["sweep", "--epochs=500", "--lbfgs-iterations=50", "--directions=20"],
    "point sets": ["--epochs=500", "--lbfgs-iterations=50", "--directions=20", "--quadrature=monte-carlo:1000",
                   "--point-sets=5"],
    "single precision": ["--epochs=500", "--lbfgs-iterations=50", "--directions=20", "--precision=single"],
}


def run(program: str, arguments: list[str], folder: str) -> tuple[Path, float]:
    """The output of one run in a folder of its own, and its seconds."""
    with tempfile.TemporaryDirectory(dir=folder) as own:
        output = Path(own) / "landscape.h5"
        start = time.perf_counter()
        done = subprocess.run([program, *arguments, f"--output={output}"], capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - start
        if done.returncode != 0:
            sys.exit(f"{program} {' '.join(arguments)} ended with {done.returncode}: {done.stderr.strip()}")
        kept = Path(folder) / f"{time.monotonic_ns()}.h5"
        output.rename(kept)
    return kept, seconds


def losses(path: Path) -> dict[str, np.ndarray]:
    """Every dataset called `loss`, by its path in the file."""
    found = {}

    def visit(name, item):
        if isinstance(item, h5py.Dataset) and name.rsplit("/", 1)[-1] == "loss" and item.ndim == 2:
            found[name] = item[()]

    with h5py.File(path) as file:
        file.visititems(visit)
    return found


def difference(a: np.ndarray, b: np.ndarray) -> str:
    if a.tobytes() == b.tobytes():
        return "same bits"
    if a.shape != b.shape:
        return f"shapes {a.shape} and {b.shape}"
    with np.errstate(invalid="ignore", divide="ignore"):
        return f"differ by {np.nanmax(np.abs(a - b) / np.abs(a)):.1e} of the loss at most"


def compare_losses(old: str, new: str, cases: list[str], folder: str) -> bool:
    equal = True
    for case in cases:
        a, b = (losses(run(program, CASES[case], folder)[0]) for program in (old, new))
        for name in sorted(a.keys() | b.keys()):
            said = difference(a[name], b[name]) if name in a and name in b else "only in one of them"
            equal = equal and said == "same bits"
            print(f"{case:<20} {name:<40} {said}", flush=True)
    return equal


def compare_times(old: str, new: str, pairs: int, folder: str) -> None:
    ratios, times = [], ([], [])
    for pair in range(pairs):
        order = (0, 1) if pair % 2 == 0 else (1, 0)
        seconds = [0.0, 0.0]
        for which in order:
            seconds[which] = run((old, new)[which], CASES["default"], folder)[1]
            times[which].append(seconds[which])
        ratios.append(seconds[1] / seconds[0])
    print(f"default job: {statistics.median(times[0]):.3f} s and {statistics.median(times[1]):.3f} s, new over old "
          f"{statistics.median(ratios):.3f} (median of {pairs} pairs, {min(ratios):.3f} to {max(ratios):.3f})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("--pairs", type=int, default=0, help="times the default job this often [not at all]")
    parser.add_argument("--case", action="append", choices=list(CASES), help="compare only this one [all]")
    asked = parser.parse_args()
    os.environ.setdefault("PMIX_MCA_gds", "hash")
    with tempfile.TemporaryDirectory() as folder:
        equal = compare_losses(asked.old, asked.new, asked.case or list(CASES), folder)
        if asked.pairs > 0:
            compare_times(asked.old, asked.new, asked.pairs, folder)
    sys.exit(0 if equal else 1)


if __name__ == "__main__":
    main()
