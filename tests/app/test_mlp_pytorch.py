"""Multilayer perceptrons against PyTorch, where it is present: losses by its double autograd, its own checkpoints."""

import os
import subprocess
import sys
import unittest

import h5py
import numpy as np
from system import SOURCE, main, state_dict, text, write_safetensors
from test_mlp import NETWORKS, PROFILES, MlpTest, random_network

try:
    import torch
except ImportError:
    torch = None


def gauss(n, dimension):
    nodes, weights = np.polynomial.legendre.leggauss(n)
    grid = np.stack(np.meshgrid(*[0.5 + 0.5 * nodes] * dimension, indexing="ij"), -1).reshape(-1, dimension)
    return grid, np.stack(np.meshgrid(*[0.5 * weights] * dimension, indexing="ij"), -1).reshape(-1, dimension).prod(1)


def torch_graphs(tensors, activation, points, weights):
    """{loss: its value as the end of a graph} by PyTorch's own layers and its double autograd, and the parameters."""
    acts = {
        "tanh": torch.tanh,
        "sin": torch.sin,
        "swish": torch.nn.functional.silu,
        "softplus": lambda y: torch.logaddexp(y, torch.zeros_like(y)),  # its own is linear above a threshold
    }
    x = torch.tensor(points, requires_grad=True)
    parameters = {name: torch.tensor(values, requires_grad=True) for name, values in tensors.items()}
    y = x
    for name in [name[:-7] for name in tensors if name.endswith(".weight")]:
        y = torch.nn.functional.linear(y, parameters[name + ".weight"], parameters[name + ".bias"])
        if name != "layer_out":
            y = acts[activation](y)
    u = y[:, 0] * (x * (1 - x)).prod(1)
    gradient = torch.autograd.grad(u.sum(), x, create_graph=True)[0]
    laplacian = sum(torch.autograd.grad(gradient[:, j].sum(), x, create_graph=True)[0][:, j] for j in range(x.shape[1]))
    f = x.shape[1] * np.pi**2 * torch.sin(np.pi * x).prod(1)
    w = torch.tensor(weights)
    losses = {
        "ritz": (w * (0.5 * (gradient**2).sum(1) - f * u)).sum(),
        "galerkin": (w * (laplacian + f) ** 2).sum(),
    }
    return losses, parameters


def torch_hessians(tensors, activation, points, weights):
    """{loss: (n, n)}, parameters in the order of the tensors."""
    losses, parameters = torch_graphs(tensors, activation, points, weights)
    # A Laplacian has no output bias: its slope is zero, not none.
    zero = sum((p * 0).sum() for p in parameters.values())
    found = {}
    for name, loss in losses.items():
        slopes = torch.autograd.grad(loss + zero, parameters.values(), create_graph=True)
        flat = torch.cat([slope.reshape(-1) for slope in slopes])
        rows = [torch.autograd.grad(slope + zero, parameters.values(), retain_graph=True) for slope in flat]
        found[name] = torch.stack([torch.cat([part.reshape(-1) for part in row]) for row in rows]).numpy()
    return found


def torch_losses(tensors, activation, points, weights):
    """{loss: (value, length of its gradient)}."""
    losses, parameters = torch_graphs(tensors, activation, points, weights)
    found = {}
    for name, loss in losses.items():
        slopes = torch.autograd.grad(loss, parameters.values(), retain_graph=True, allow_unused=True)
        square = sum((slope**2).sum() for slope in slopes if slope is not None)  # a Laplacian has no output bias
        found[name] = loss.item(), square.sqrt().item()
    return found


@unittest.skipIf(torch is None, "no PyTorch to compare with")
class PyTorch(MlpTest):
    def test_losses_and_the_lengths_of_gradients_are_those_of_its_autograd(self):
        for seed, (dimension, widths, activation, n) in enumerate(NETWORKS):
            tensors = random_network(dimension, widths, seed)
            expected = torch_losses(tensors, activation, *gauss(n, dimension))
            for loss, value in self.losses(tensors, activation, f"gauss:{n}").items():
                error = abs(value / expected[loss][0] - 1)
                self.assertLessEqual(error, 1e-12, (dimension, widths, activation, loss, value, expected[loss]))
            if dimension > 2:
                continue
            with h5py.File(self.path("landscape.h5"), "r") as file:
                for loss in ("ritz", "galerkin"):
                    found = file[f"minimizer/{loss}"].attrs
                    n = int(text(found["final_quadrature"]).removeprefix("gauss:"))
                    expected = torch_losses(tensors, activation, *gauss(n, dimension))[loss][1]
                    error = abs(found["gradient_norm"] / expected - 1)
                    self.assertLessEqual(error, 1e-11, (dimension, widths, activation, loss))

    def test_hessians_are_those_of_its_autograd(self):
        for seed, (dimension, widths, activation, n) in enumerate(((1, [4, 3], "swish", 24), (2, [5], "tanh", 8))):
            tensors = random_network(dimension, widths, seed)
            write_safetensors(self.path("n.safetensors"), tensors, {"network": "mlp", "activation": activation})
            case = ["--minimizer=n.safetensors", f"--quadrature=gauss:{n}", "--output=h.h5", "--overwrite", "--quiet"]
            self.run_program("spectrum", *case)
            expected = torch_hessians(tensors, activation, *gauss(n, dimension))
            with h5py.File(self.path("h.h5"), "r") as file:
                for loss, hessian in expected.items():
                    error = np.abs(file[f"hessian/{loss}/hessian"][()] - hessian).max() / np.abs(hessian).max()
                    print(f"{widths} {activation} {loss}: {error:.1e}")
                    self.assertLessEqual(error, 1e-10, (dimension, widths, activation, loss))

    def test_a_sequential_saved_by_pytorch_is_imported(self):
        net = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.Tanh(), torch.nn.Linear(8, 5), torch.nn.Tanh(),
                                  torch.nn.Linear(5, 1)).double()  # fmt: skip
        torch.save(net.state_dict(), self.path("net.pt"))
        subprocess.run([sys.executable, os.path.join(SOURCE, "tools", "import_checkpoint.py"), self.path("net.pt"), "-o",
                        self.path("net.safetensors"), "--activation", "tanh"], check=True, capture_output=True)  # fmt: skip
        self.run_program("--minimizer=net.safetensors", "--losses=ritz", *PROFILES)
        with h5py.File(self.path("landscape.h5"), "r") as file:
            tensors = state_dict(file["minimizer/ritz"])
        for ours, theirs in zip(tensors.values(), net.state_dict().values()):
            np.testing.assert_array_equal(ours, theirs.numpy())


if __name__ == "__main__":
    main()
