#!/usr/bin/env python3
"""Training steps per second of the program beside PyTorch's, one thread each, as a table.

    tests/bench/bench_training_vs_pytorch.py [--program build/release/landscape_mpi] [--cases 1d,cube8,...] [--repeats 5]

A step is Adam's on all points of the same rule, networks of the same shape, in double precision. PyTorch's is written in two ways:
`hand-batched` carries grad N and Laplace N forward in one batch of matrix products (forward Laplacian), `nested` asks autograd for them,
once per dimension for Laplace N. All of them take turns; the fastest of the repeats counts, for a busy neighbour only slows down, and the
median stands in brackets. The ratios are to PyTorch's two ways.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import torch

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)

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
            path = os.path.join(folder, "m.h5")
            command = [program, "train", f"--dimension={d}", f"--width={width}", f"--blocks={blocks}", f"--losses={loss}"]
            command += [f"--train-quadrature={rule}", "--train-points=fixed", f"--optimizer=adam:{n_epochs}"]
            command += [f"--history-every={n_epochs}", "--threads=1", "--quiet", "--minimum-check=off", f"--output={path}"]
            if d > 1:
                command.append("--quadrature=sobol:1024")
            subprocess.run(command, check=True, capture_output=True)
            info = json.loads(subprocess.run([program, "info", path, "--json"], check=True, capture_output=True).stdout)
        (minimizer,) = info["minimizers"].values()
        return minimizer["training_seconds"]

    return (seconds(4 * epochs) - seconds(epochs)) / (3 * epochs)  # the error at the end costs the same in both


class Network(torch.nn.Module):
    """u = B N on the cube, N a resnet with swish: x + two layers per block."""

    def __init__(self, d, width, blocks):
        super().__init__()
        torch.manual_seed(1)
        sizes = [(width, d), *[(width, width)] * (2 * blocks), (1, width)]
        self.weights = torch.nn.ParameterList(torch.nn.init.xavier_normal_(torch.empty(s)) for s in sizes)
        self.biases = torch.nn.ParameterList(torch.zeros(s[0]) for s in sizes)

    def values(self, x):
        w, b = list(self.weights), list(self.biases)
        z = torch.nn.functional.linear(x, w[0], b[0])
        for k in range(1, len(w) - 1, 2):
            h = torch.nn.functional.silu(torch.nn.functional.linear(z, w[k], b[k]))
            z = z + torch.nn.functional.silu(torch.nn.functional.linear(h, w[k + 1], b[k + 1]))
        return torch.nn.functional.linear(z, w[-1], b[-1])[:, 0]

    def jet(self, x, with_laplacian):
        """N, grad N and Laplace N as channels (d + 1 or d + 2, points), in one batch of products per layer."""
        w, b = list(self.weights), list(self.biases)
        d = x.shape[1]
        slopes = w[0].T[:, None, :].expand(-1, len(x), -1)
        v = torch.nn.functional.linear(x, w[0], b[0])[None]
        z = torch.cat([v, slopes, torch.zeros_like(v)] if with_laplacian else [v, slopes])
        for k in range(1, len(w) - 1, 2):
            h = z
            for i in (k, k + 1):
                y = h @ w[i].T
                v, g = y[0] + b[i], y[1 : d + 1]
                s = torch.sigmoid(v)
                q = s * (1 - s)
                first = s + v * q
                parts = [(v * s)[None], first * g]
                if with_laplacian:
                    second = q * (2 + v * (1 - 2 * s))
                    parts.append((first * y[d + 1] + second * (g * g).sum(0))[None])
                h = torch.cat(parts)
            z = z + h
        out = (z @ w[-1].T)[:, :, 0]
        return out[0] + b[-1], out[1 : d + 1], out[d + 1] if with_laplacian else None


class Training:
    def __init__(self, case, loss, way):
        d, width, blocks, n, _ = CASES[case]
        points = np.linspace(0, 1, n)[:, None] if d == 1 else torch.quasirandom.SobolEngine(d).draw(n).double().numpy()
        self.x = torch.from_numpy(np.ascontiguousarray(points))
        self.f = d * torch.pi**2 * torch.sin(torch.pi * self.x).prod(1)
        t = self.x * (1 - self.x)
        others = torch.stack([torch.cat([t[:, :k], t[:, k + 1 :]], 1).prod(1) for k in range(d)])
        # B, grad B (d, points), Laplace B: of the points alone, made once.
        self.b, self.grad_b, self.lap_b = t.prod(1), others * (1 - 2 * self.x.T), -2 * others.sum(0)
        self.network, self.loss, self.way = Network(d, width, blocks), loss, way
        self.adam = torch.optim.Adam(self.network.parameters(), lr=1e-3)

    def value(self):
        galerkin = self.loss == "galerkin"
        if self.way == "hand-batched":
            n, g, lap = self.network.jet(self.x, galerkin)
            if galerkin:
                return ((self.b * lap + 2 * (self.grad_b * g).sum(0) + self.lap_b * n + self.f) ** 2).mean()
            g = self.b * g + n * self.grad_b
            return (0.5 * (g * g).sum(0) - self.f * self.b * n).mean()
        x = self.x.clone().requires_grad_(True)
        n = self.network.values(x)
        g = torch.autograd.grad(n.sum(), x, create_graph=True)[0]
        if galerkin:
            lap = sum(torch.autograd.grad(g[:, k].sum(), x, create_graph=True)[0][:, k] for k in range(x.shape[1]))
            return ((self.b * lap + 2 * (self.grad_b * g.T).sum(0) + self.lap_b * n + self.f) ** 2).mean()
        g = self.b * g.T + n * self.grad_b
        return (0.5 * (g * g).sum(0) - self.f * self.b * n).mean()

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
