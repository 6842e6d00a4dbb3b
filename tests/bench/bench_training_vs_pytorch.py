#!/usr/bin/env python3
"""Training steps per second of the program beside PyTorch's, one thread each, as a table.

    tests/bench/bench_training_vs_pytorch.py [--program build/release/landscape_mpi] [--cases 1d,cube8,...] [--repeats 5]

A step is Adam's on all points of the same rule, networks of the same shape, in double precision. PyTorch's is written in two ways:
`hand-batched` carries grad N and Laplace N forward in one batch of matrix products (forward Laplacian), `nested` asks autograd for them,
once per dimension for Laplace N. All of them take turns; the fastest of the repeats counts, for a busy neighbour only slows down, and the
median stands in brackets. The ratios are to PyTorch's two ways.
"""

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time

import numpy as np
import pytorch_side
import torch

# Dimension, width, blocks, number of points, and the program's epochs of a short training; a long one has four times as many.
CASES = {
    "1d": (1, 4, 1, 401, 10000),
    "cube8": (3, 8, 1, 1000, 2000),
    "10d20x3": (10, 20, 3, 1000, 100),
    "10d32": (10, 32, 1, 1000, 200),
}


def processor_name():
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def program_step(program, case, loss):
    d, width, blocks, n, epochs = CASES[case]
    rule = f"simpson:{n // 2}" if d == 1 else f"sobol:{n}"

    def seconds(n_epochs):
        with tempfile.TemporaryDirectory() as folder:
            options = [f"--dimension={d}", f"--width={width}", f"--blocks={blocks}", f"--losses={loss}"]
            options += [f"--train-quadrature={rule}", "--train-points=fixed", f"--optimizer=adam:{n_epochs}"]
            options += [f"--history-every={n_epochs}", *(["--quadrature=sobol:1024"] if d > 1 else [])]
            return pytorch_side.train(program, options, os.path.join(folder, "m.h5"))["training_seconds"]

    return (seconds(4 * epochs) - seconds(epochs)) / (3 * epochs)  # the error at the end costs the same in both


class Training:
    def __init__(self, case, loss, way):
        d, width, blocks, n, _ = CASES[case]
        points = (
            np.linspace(0, 1, n)[:, None] if d == 1 else torch.quasirandom.SobolEngine(d).draw(n).double().numpy()
        )
        self.problem = pytorch_side.Problem(points, np.full(len(points), 1 / len(points)))
        self.network, self.loss = pytorch_side.Network(d, width, blocks), loss
        self.way = self.problem.hand_batched if way == "hand-batched" else self.problem.nested
        self.adam = torch.optim.Adam(self.network.parameters(), lr=1e-3)

    def value(self):
        return self.way(self.loss, self.network)

    def step(self):
        self.adam.zero_grad()
        self.value().backward()
        self.adam.step()

    def seconds(self):
        self.step()
        n, start = 0, time.perf_counter()
        while (took := time.perf_counter() - start) < 0.5 or n < 3:
            self.step()
            n += 1
        return took / n


def check_ways_agree(case, loss):
    """Both ways are the same loss and gradient, or the comparison means nothing."""
    results = []
    for way in ("hand-batched", "nested"):
        training = Training(case, loss, way)
        value = training.value()
        value.backward()
        results.append([value.detach()] + [p.grad for p in training.network.parameters()])
    for a, b in zip(*results):
        if not torch.allclose(a, b, rtol=1e-8, atol=1e-10):
            raise SystemExit(f"{case} {loss}: the two ways in PyTorch do not agree.")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="build/release/landscape_mpi")
    parser.add_argument("--cases", default=",".join(CASES))
    parser.add_argument("--losses", default="ritz,galerkin")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    print(f"{processor_name()}, one thread, PyTorch {torch.__version__}; steps per second\n")
    print("| case | loss | program | PyTorch hand-batched | PyTorch nested | ratios |")
    print("|---|---|---|---|---|---|")

    def cell(seconds):
        return f"{1 / min(seconds):.4g} ({1 / statistics.median(seconds):.4g})"

    for case in options.cases.split(","):
        for loss in options.losses.split(","):
            check_ways_agree(case, loss)
            trainings = [Training(case, loss, way) for way in ("hand-batched", "nested")]
            turns = [lambda: program_step(options.program, case, loss), trainings[0].seconds, trainings[1].seconds]
            measured = [[], [], []]
            for repeat in range(options.repeats):
                order = range(3) if repeat % 2 == 0 else range(2, -1, -1)
                for i in order:
                    measured[i].append(turns[i]())
            ratios = ", ".join(f"{min(m) / min(measured[0]):.1f}" for m in measured[1:])
            print(f"| {case} | {loss} | " + " | ".join(cell(m) for m in measured) + f" | {ratios} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
