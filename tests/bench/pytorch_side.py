"""The program's residual networks and losses in PyTorch, for the benchmarks beside it; and the program's own trainings."""

import json
import subprocess

import torch

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


def train(program, options, path):
    """Trains one loss on one thread into `path`; what `info --json` says of the minimizer."""
    command = [program, "train", *options, "--threads=1", "--quiet", "--overwrite", "--minimum-check=off"]
    subprocess.run([*command, f"--output={path}"], check=True, capture_output=True)
    info = json.loads(subprocess.run([program, "info", path, "--json"], check=True, capture_output=True).stdout)
    (minimizer,) = info["minimizers"].values()
    return minimizer


class Network(torch.nn.Module):
    """N, a resnet with swish: x + two layers per block."""

    def __init__(self, d, width, blocks, seed=1):
        super().__init__()
        torch.manual_seed(seed)
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


class Problem:
    """-laplace u = f at points x (Q, d) with weights (Q): of u = B N, B and what follows from it, made once."""

    def __init__(self, x, weights, ball=False):
        self.x, self.weights = torch.as_tensor(x), torch.as_tensor(weights)
        d = self.x.shape[1]
        if ball:
            r = self.x.norm(dim=1)
            angle = 0.5 * torch.pi * (1 - r)
            self.exact = torch.sin(angle)
            self.f = 0.25 * torch.pi**2 * self.exact + 0.5 * torch.pi * (d - 1) / r * torch.cos(angle)
            self.b, self.grad_b = 1 - r**2, -2 * self.x.T
            self.lap_b = torch.full_like(r, -2.0 * d)
            return
        self.exact = torch.sin(torch.pi * self.x).prod(1)
        self.f = d * torch.pi**2 * self.exact
        t = self.x * (1 - self.x)
        others = torch.stack([torch.cat([t[:, :k], t[:, k + 1 :]], 1).prod(1) for k in range(d)])
        self.b, self.grad_b, self.lap_b = t.prod(1), others * (1 - 2 * self.x.T), -2 * others.sum(0)

    def loss(self, kind, n, g, lap):
        """Of N (Q), its gradient (d, Q) and, for galerkin, its Laplacian (Q)."""
        if kind == "galerkin":
            residual = self.b * lap + 2 * (self.grad_b * g).sum(0) + self.lap_b * n + self.f
            return (self.weights * residual**2).sum()
        g = self.b * g + n * self.grad_b
        return (self.weights * (0.5 * (g * g).sum(0) - self.f * self.b * n)).sum()

    def hand_batched(self, kind, network):
        return self.loss(kind, *network.jet(self.x, kind == "galerkin"))

    def nested(self, kind, network):
        x = self.x.clone().requires_grad_(True)
        n = network.values(x)
        g = torch.autograd.grad(n.sum(), x, create_graph=True)[0]
        lap = None
        if kind == "galerkin":
            lap = sum(torch.autograd.grad(g[:, k].sum(), x, create_graph=True)[0][:, k] for k in range(x.shape[1]))
        return self.loss(kind, n, g.T, lap)

    def relative_error(self, network):
        with torch.no_grad():
            u = self.b * network.values(self.x)
            return float(
                ((self.weights * (u - self.exact) ** 2).sum() / (self.weights * self.exact**2).sum()).sqrt()
            )
