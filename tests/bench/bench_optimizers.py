#!/usr/bin/env python3
"""Relative L2 errors of the program's optimizers beside PyTorch's, at equal wall time, as a table.

    tests/bench/bench_optimizers.py [--program build/release/landscape_mpi] [--cases 1d,cube8,...] [--seeds 3]

Per case and loss: chains with Gauss-Newton, a short one and a long one; then Adam and L-BFGS of the program (its default chain, in ten
dimensions Adam alone, the numbers of steps scaled until they take as long), and of PyTorch (full batch, the same points, hand-batched
forward Laplacian, Adam for the first half of that time and torch.optim.LBFGS for the rest). One thread each. Medians over seeds, and the
largest error.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time

import h5py
import pytorch_side
import torch

# Options of the program, chains with Gauss-Newton, steps of Adam and of L-BFGS to begin with.
CASES = {
    "1d": (["--dimension=1", "--width=4", "--train-quadrature=simpson:400"], ["gauss-newton:60", "gauss-newton:99"], 3000, 300),
    "cube8": (
        ["--dimension=3", "--width=8"],
        ["adam:300,gauss-newton:20", "adam:300,gauss-newton:60"],
        3000,
        1000,
    ),
    "cube16": (
        ["--dimension=3", "--width=16"],
        ["adam:300,gauss-newton:25", "adam:300,gauss-newton:50"],
        9000,
        3000,
    ),
    "ball8": (
        ["--problem=ball", "--dimension=3", "--width=8", "--blocks=3"],
        ["adam:300,gauss-newton:6", "adam:300,gauss-newton:25"],
        2000,
        600,
    ),
    "10d": (
        ["--dimension=10", "--width=20", "--blocks=3"],
        ["adam:1000,gauss-newton:5", "adam:1000,gauss-newton:20"],
        5000,
        0,
    ),
}


def trained(program, options, folder):
    path = os.path.join(folder, "m.h5")
    minimizer = pytorch_side.train(program, options, path)
    return minimizer["relative_l2_error"], minimizer["training_seconds"], path


def adam_and_lbfgs(program, options, seconds, epochs, iterations, folder):
    """The default chain in about so many seconds: its steps are scaled by what a first run took."""
    for _ in range(3):
        chain = f"adam:{epochs},lbfgs:{iterations}" if iterations else f"adam:{epochs}"
        error, took, _ = trained(program, [*options, f"--optimizer={chain}"], folder)
        if 0.8 * seconds <= took <= 1.25 * seconds:
            break
        factor = seconds / max(took, 1e-3)
        epochs, iterations = max(1, round(epochs * factor)), round(iterations * factor)
    return error, took, f"{epochs} + {iterations}"


def start_of(optimizer):
    """A step of one parameter: what PyTorch loads for its first one is not counted."""
    x = torch.nn.Parameter(torch.ones(1))
    x.grad = torch.ones(1)
    optimizer([x]).step(lambda: x.detach() ** 2)


def torch_adam_and_lbfgs(case, loss, points, weights, seconds, seed):
    options = dict(option.lstrip("-").split("=") for option in CASES[case][0])
    problem = pytorch_side.Problem(points, weights, options.get("problem") == "ball")
    network = pytorch_side.Network(points.shape[1], int(options["width"]), int(options.get("blocks", 1)), seed)

    def value():
        return problem.hand_batched(loss, network)

    value().backward()
    for optimizer in (torch.optim.Adam, torch.optim.LBFGS):
        start_of(optimizer)
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
    return problem.relative_error(network), took, f"{n_adam} + {n_lbfgs}"


def row(options, case, loss, chain):
    chosen, _, epochs, iterations = CASES[case]
    columns = [[], [], []]
    for seed in range(1, options.seeds + 1):
        common = [*chosen, f"--losses={loss}", f"--train-seed={seed}"]
        with tempfile.TemporaryDirectory() as folder:
            error, seconds, path = trained(options.program, [*common, f"--optimizer={chain}"], folder)
            with h5py.File(path) as file:
                points, weights = file["problem/points"][()], file["problem/weights"][()]
            columns[0].append((error, seconds, chain))
            columns[1].append(adam_and_lbfgs(options.program, common, seconds, epochs, iterations, folder))
        columns[2].append(torch_adam_and_lbfgs(case, loss, points, weights, seconds, seed))
    cells, errors = [], []
    for column in columns:
        errors.append(statistics.median(entry[0] for entry in column))
        seconds = statistics.median(entry[1] for entry in column)
        worst = max(entry[0] for entry in column)
        cells += [f"{errors[-1]:.1e} (at most {worst:.1e})", f"{seconds:.3g} s, {column[0][2]}"]
    return f"| {case} | {loss} | " + " | ".join(cells) + f" | {errors[1] / errors[0]:.0f} |"


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
        for loss in options.losses.split(","):
            for chain in CASES[case][1]:
                print(row(options, case, loss, chain), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
