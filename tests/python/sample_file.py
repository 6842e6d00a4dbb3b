#!/usr/bin/env python3
"""Writes a small output file with the program's schema and made-up profiles, for the tests of tools/landscape.

A profile is a valley with unequal ends and a ripple, f(s) = f0 + a s^2 + b s^3 + c sin(w s), its coefficients Gaussian
(counter-based Philox, so every machine writes the same file).
"""

import sys

import h5py
import numpy as np

BASE = {"ritz": -2.4674, "galerkin": 0.003}


def profiles(loss, n_directions, steps):
    a, b, c, w = np.random.Generator(np.random.Philox(len(loss))).standard_normal((4, n_directions, 1))
    return BASE[loss] + (1.5 + 0.5 * a) ** 2 * steps**2 + 0.8 * b * steps**3 + 0.03 * c * np.sin(9 * w * steps)


def write_sample(
    path,
    losses=("ritz", "galerkin"),
    n_directions=60,
    n_steps=101,
    radius=1.0,
    n_complete=None,
    statistics=True,
    spoil=None,
):
    """n_complete: directions finished so far (None: all); spoil(loss array) may put NaN or flat profiles in."""
    steps = np.linspace(-radius, radius, n_steps)
    n_complete = n_directions if n_complete is None else n_complete
    with h5py.File(path, "w") as file:
        file.attrs.update(
            {
                "format_version": 8,
                "program": "landscape_mpi",
                "version": "0.1.0",
                "config": "seed = 1\n",
            }
        )
        file["state"] = "complete" if n_complete == n_directions and statistics else "running"
        problem = file.create_group("problem")
        problem.attrs.update({"pde": "-laplace(u) = f", "dimension": 1, "exact_solution": "sine"})
        for loss in losses:
            minimizer = file.create_group(f"minimizer/{loss}")
            minimizer.attrs.update(
                {"network": "resnet", "width": 4, "blocks": 1, "dimension": 1, "activation": "swish"}
            )
            values = profiles(loss, n_directions, steps)
            if spoil:
                spoil(values)
            complete = np.zeros(values.shape, "u1")
            complete[:n_complete] = 1
            if n_complete < n_directions:
                complete[n_complete, : n_steps // 2] = 1  # a direction that is being worked on
            group = file.create_group(f"profiles/{loss}")
            group["steps"] = steps
            group["loss"] = np.where(complete == 1, values, 0.0)  # not yet written: whatever the disk holds
            group["complete"] = complete
            t = (
                np.abs(np.diff(values, axis=1)).sum(axis=1) / (2 * radius * np.ptp(values, axis=1))
                if statistics
                else 0
            )
            group["total_variation"] = np.broadcast_to(t, n_directions)
            roughness = file.create_group(f"roughness/{loss}")
            roughness["state"] = "complete" if statistics else "pending"
            index = t.std(ddof=1) / t.mean() if statistics else np.nan
            results = {
                "index": index,
                "interval": [0.85 * index, 1.2 * index],
                "confidence": 0.95,
                "mean": np.mean(t),
                "std": np.std(t),
                "used": n_directions,
            }
            roughness.attrs["results"] = list(results)
            for name, value in results.items():
                roughness[name] = value
    return path


if __name__ == "__main__":
    write_sample(sys.argv[1] if len(sys.argv) > 1 else "sample.h5")
