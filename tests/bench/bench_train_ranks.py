#!/usr/bin/env python3
"""Seconds of a training on one rank, on several, and on as many threads, as a table.

    tests/bench/bench_train_ranks.py [--program build/release/landscape_mpi] [--ranks 2] [--repeats 3]

One thread per rank. All ways take turns; the fastest of the repeats counts. Files differ in their times only, which is checked.
"""

import argparse
import os
import subprocess
import tempfile

import h5py
import numpy as np

COMMON = ["train", "--losses=ritz,galerkin", "--lbfgs-iterations=0", "--minimum-check=off", "--quiet"]
CASES = {
    "10-D, width 20, three blocks, sobol:1024 redrawn": ["--dimension=10", "--width=20", "--blocks=3", "--epochs=600"],
    "the same, fixed sobol:4096": ["--dimension=10", "--width=20", "--blocks=3", "--epochs=600",
                                   "--train-points=fixed", "--train-quadrature=sobol:4096"],  # fmt: skip
    "cube, width 8": ["--dimension=3", "--width=8", "--epochs=2000"],
    "cube, width 32, sobol:8192": ["--dimension=3", "--width=32", "--train-quadrature=sobol:8192", "--epochs=30"],
}


def run(program, options, ranks, threads, how, folder):
    path = os.path.join(folder, "m.h5")
    command = ["mpirun", "--bind-to", "none", "-np", str(ranks), program, *COMMON, *options, f"--threads={threads}"]
    command += [f"--train-ranks={how}", f"--output={path}", "--overwrite"]
    subprocess.run(command, check=True, capture_output=True)
    with h5py.File(path) as file:
        found = file["minimizer"]
        theta = [tensor[()].ravel() for name in found for tensor in found[name]["parameters"].values()]
        return {name: found[name].attrs["training_seconds"] for name in found}, np.concatenate(theta)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", default="build/release/landscape_mpi")
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    ways = {"alone": (1, 1, "root"), "ranks": (options.ranks, 1, "all"), "threads": (1, options.ranks, "root")}
    print(f"| | loss | one rank | {options.ranks} ranks | {options.ranks} threads |")
    print("|---|---|---|---|---|")
    for case, case_options in CASES.items():
        best, bits = {}, set()
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(options.repeats):
                for way, (ranks, threads, how) in ways.items():
                    seconds, theta = run(options.program, case_options, ranks, threads, how, folder)
                    bits.add(theta.tobytes())
                    for loss, took in seconds.items():
                        best[way, loss] = min(took, best.get((way, loss), took))
        if len(bits) != 1:
            raise SystemExit(f"{case}: the trainings differ.")
        for loss in ("ritz", "galerkin"):
            alone = best["alone", loss]
            others = " | ".join(f"{best[way, loss]:.2f} s, {alone / best[way, loss]:.2f}x" for way in ("ranks", "threads"))
            print(f"| {case} | {loss} | {alone:.2f} s | {others} |", flush=True)


if __name__ == "__main__":
    main()
