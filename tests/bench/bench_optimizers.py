#!/usr/bin/env python3
"""Relative L2 errors of the program's optimizers beside PyTorch's, at equal wall time, as a table.

    tests/bench/bench_optimizers.py [--program build/release/landscape_mpi] [--cases 1d,cube8,...] [--seeds 3]

Per case and loss: Gauss-Newton for as many steps as the case says; then Adam and L-BFGS of the program (its default chain, the numbers of
steps scaled until they take as long), and of PyTorch (full batch, the same points, hand-batched forward Laplacian, Adam for the first half
of that time and torch.optim.LBFGS for the rest). One thread each. Medians over seeds. PyTorch's columns are left out where it is not there.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time

try:
    import torch

    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
except ImportError:
    torch = None
import h5py
import numpy as np

# Options of the program, steps of Gauss-Newton, of Adam and of L-BFGS to begin with.
CASES = {
    "1d": (["--dimension=1", "--width=4"], 60, 3000, 300),
    "cube8": (["--dimension=3", "--width=8"], 60, 1000, 300),
    "cube16": (["--dimension=3", "--width=16"], 60, 1000, 300),
    "ball8": (["--problem=ball", "--dimension=3", "--width=8", "--blocks=3"], 30, 500, 100),
}


def train(program, options, folder):
    path = os.path.join(folder, "m.h5")
    command = [program, "train", *options, "--threads=1", "--quiet", "--overwrite", f"--output={path}"]
    command.append("--minimum-check=off")
    subprocess.run(command, check=True, capture_output=True)
    info = json.loads(subprocess.run([program, "info", path, "--json"], check=True, capture_output=True).stdout)
    (minimizer,) = info["minimizers"].values()
    return minimizer["relative_l2_error"], minimizer["training_seconds"], path


def adam_and_lbfgs(program, options, seconds, epochs, iterations, folder):
    """The default chain in about so many seconds: its steps are scaled by what a first run took."""
    for _ in range(3):
        error, took, _ = train(
            program, [*options, f"--epochs={epochs}", f"--lbfgs-iterations={iterations}"], folder
        )
        if 0.8 * seconds <= took <= 1.25 * seconds:
            break
        factor = seconds / max(took, 1e-3)
        epochs, iterations = max(1, round(epochs * factor)), max(1, round(iterations * factor))
    return error, took, f"{epochs} + {iterations}"


class Network(torch.nn.Module if torch else object):
    """u = B N of the program's resnet, with its gradient and Laplacian carried forward."""

    def __init__(self, d, width, blocks, ball, seed):
        super().__init__()
        torch.manual_seed(seed)
        sizes = [(width, d), *[(width, width)] * (2 * blocks), (1, width)]
        self.weights = torch.nn.ParameterList(torch.nn.init.xavier_normal_(torch.empty(s)) for s in sizes)
        self.biases = torch.nn.ParameterList(torch.zeros(s[0]) for s in sizes)
        self.ball = ball

    @staticmethod
    def activate(v, g, lap):
        s = torch.sigmoid(v)
        q = s * (1 - s)
        first, second = s + v * q, q * (2 + v * (1 - 2 * s))
        return v * s, g * first[:, None], lap * first + second * (g * g).sum(1)

    def forward(self, x):
        """u (Q), its gradient (Q, d), Laplacian (Q)"""
        w, b = list(self.weights), list(self.biases)
        v = x @ w[0].T + b[0]
        g = w[0].T.expand(len(x), -1, -1)
        lap = torch.zeros_like(v)
        for k in range(1, len(w) - 1, 2):
            a = (v, g, lap)
            for i in (k, k + 1):
                a = self.activate(a[0] @ w[i].T + b[i], a[1] @ w[i].T, a[2] @ w[i].T)
            v, g, lap = v + a[0], g + a[1], lap + a[2]
        n, gn, ln = (v @ w[-1].T + b[-1])[:, 0], (g @ w[-1].T)[:, :, 0], (lap @ w[-1].T)[:, 0]
        d = x.shape[1]
        if self.ball:
            factor, grad, lap_b = 1 - (x * x).sum(1), -2 * x, torch.full((len(x),), -2.0 * d)
        else:
            t = x * (1 - x)
            factor = t.prod(1)
            others = torch.stack([torch.cat([t[:, :k], t[:, k + 1 :]], 1).prod(1) for k in range(d)], 1)
            grad, lap_b = others * (1 - 2 * x), -2 * others.sum(1)
        return (
            factor * n,
            factor[:, None] * gn + n[:, None] * grad,
            factor * ln + 2 * (grad * gn).sum(1) + n * lap_b,
        )


def exact(x, ball):
    """u* and f = -laplace u*"""
    d = x.shape[1]
    if not ball:
        u = np.prod(np.sin(np.pi * x), axis=1)
        return u, d * np.pi**2 * u
    r = np.sqrt((x * x).sum(1))
    angle = 0.5 * np.pi * (1 - r)
    return np.sin(angle), 0.25 * np.pi**2 * np.sin(angle) + 0.5 * np.pi * (d - 1) / r * np.cos(angle)


def torch_adam_and_lbfgs(case, loss, points, weights, seconds, seed):
    options = dict(option.lstrip("-").split("=") for option in CASES[case][0])
    ball = options.get("problem") == "ball"
    network = Network(points.shape[1], int(options["width"]), int(options.get("blocks", 1)), ball, seed)
    u_star, f = (torch.from_numpy(a) for a in exact(points, ball))
    x, w = torch.from_numpy(points), torch.from_numpy(weights)

    def value():
        u, g, lap = network(x)
        if loss == "galerkin":
            return (w * (lap + f) ** 2).sum()
        return (w * (0.5 * (g * g).sum(1) - f * u)).sum()

    value().backward()  # PyTorch's own start is not counted
    start, n_adam = time.perf_counter(), 0
    adam = torch.optim.Adam(network.parameters(), lr=1e-3)
    while time.perf_counter() - start < 0.5 * seconds:
        adam.zero_grad()
        value().backward()
        adam.step()
        n_adam += 1
    lbfgs = torch.optim.LBFGS(network.parameters(), max_iter=1, history_size=10, line_search_fn="strong_wolfe")
    n_lbfgs = 0

    def closure():
        lbfgs.zero_grad()
        result = value()
        result.backward()
        return result

    while time.perf_counter() - start < seconds:
        lbfgs.step(closure)
        n_lbfgs += 1
    took = time.perf_counter() - start
    with torch.no_grad():
        u = network(x)[0]
        error = math.sqrt(float((w * (u - u_star) ** 2).sum() / (w * u_star**2).sum()))
    return error, took, f"{n_adam} + {n_lbfgs}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="build/release/landscape_mpi")
    parser.add_argument("--cases", default=",".join(CASES))
    parser.add_argument("--losses", default="ritz,galerkin")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    print("| case | loss | Gauss-Newton | | Adam + L-BFGS | | PyTorch Adam + L-BFGS | | ratio |")
    print("|---|---|---|---|---|---|---|---|---|")
    for case in options.cases.split(","):
        chosen, steps, epochs, iterations = CASES[case]
        for loss in options.losses.split(","):
            columns = [[], [], []]
            for seed in range(1, options.seeds + 1):
                common = [*chosen, f"--losses={loss}", f"--train-seed={seed}"]
                with tempfile.TemporaryDirectory() as folder:
                    error, seconds, path = train(options.program, [*common, f"--optimizer=gauss-newton:{steps}"], folder)
                    with h5py.File(path) as file:
                        points, weights = file["problem/points"][()], file["problem/weights"][()]
                    columns[0].append((error, seconds, f"{steps}"))
                    columns[1].append(
                        adam_and_lbfgs(options.program, common, seconds, epochs, iterations, folder)
                    )
                if torch is not None:
                    columns[2].append(torch_adam_and_lbfgs(case, loss, points, weights, seconds, seed))
            cells, errors = [], []
            for column in columns:
                if not column:
                    cells += ["-", "-"]
                    continue
                errors.append(statistics.median(entry[0] for entry in column))
                seconds = statistics.median(entry[1] for entry in column)
                cells += [f"{errors[-1]:.1e}", f"{seconds:.3g} s, {column[0][2]}"]
            print(f"| {case} | {loss} | " + " | ".join(cells) + f" | {errors[1] / errors[0]:.0f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
