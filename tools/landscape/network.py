"""A stored minimizer as a function: u = B N, its gradient and Laplacian at points, and the residual of its equation

  r = div(a grad u) - b . grad u - c u - s u^3 + f,

in numpy, by forward propagation of (value, gradient, Laplacian). Shares no code with the program: a second opinion.
"""

import numpy as np

from .reader import LandscapeError


# ---- activations: phi, phi', phi''
def swish(z):
    sigma = 0.5 * (1 + np.tanh(0.5 * z))
    slope = sigma * (1 - sigma)
    return z * sigma, sigma + z * slope, slope * (2 + z * (1 - 2 * sigma))


def tanh(z):
    t = np.tanh(z)
    return t, 1 - t * t, -2 * t * (1 - t * t)


def softplus(z):
    sigma = 0.5 * (1 + np.tanh(0.5 * z))
    return np.logaddexp(0, z), sigma, sigma * (1 - sigma)


ACTIVATIONS = {
    "swish": swish,
    "tanh": tanh,
    "sin": lambda z: (np.sin(z), np.cos(z), -np.sin(z)),
    "softplus": softplus,
}


def dense(layer, jet):
    """A layer (weight, bias) applied to a jet: value (Q,w), gradient (Q,d,w), Laplacian (Q,w)."""
    weight, bias = layer
    value, gradient, laplacian = jet
    return value @ weight.T + bias, gradient @ weight.T, laplacian @ weight.T


def activated(phi, jet):
    value, gradient, laplacian = jet
    f, f1, f2 = phi(value)
    return f, f1[:, None, :] * gradient, f1 * laplacian + f2 * (gradient**2).sum(axis=1)


def network_jet(minimizer, x):
    """N (Q), its gradient (Q,d) and Laplacian (Q) at points x (Q,d)."""
    kind, activation = minimizer.attributes.get("network"), minimizer.attributes.get("activation")
    names = list(dict.fromkeys(name.rpartition(".")[0] for name in minimizer.tensors))
    layers = [(minimizer.tensors[f"{name}.weight"], minimizer.tensors[f"{name}.bias"]) for name in names]
    if kind not in ("linear", "fcnet", "resnet", "mlp") or (kind != "linear" and activation not in ACTIVATIONS):
        raise LandscapeError(
            f"The network '{kind}' with the activation '{activation}' is not known to these tools."
        )
    phi = ACTIVATIONS.get(activation)
    jet = x, np.broadcast_to(np.eye(x.shape[1]), (len(x), x.shape[1], x.shape[1])), np.zeros_like(x)
    if kind == "mlp":
        for layer in layers[:-1]:
            jet = activated(phi, dense(layer, jet))
    elif kind != "linear":
        jet = dense(layers[0], jet)
        for first, second in zip(layers[1:-1:2], layers[2:-1:2]):
            step = activated(phi, dense(second, activated(phi, dense(first, jet))))
            jet = tuple(a + b for a, b in zip(jet, step)) if kind == "resnet" else step
    value, gradient, laplacian = dense(layers[-1], jet)
    return value[:, 0], gradient[:, :, 0], laplacian[:, 0]


# ---- equations: exact solution and coefficients (a, grad a, b, c, s, f)
def sine_product(x, k=1.0):
    return np.prod(np.sin(k * np.pi * x), axis=1)


def sine(x, p):
    k = p.get("frequency", 1.0)
    u = sine_product(x, k)
    return u, {"f": x.shape[1] * (k * np.pi) ** 2 * u}


def cubic(x, p):
    s = x[:, 0]
    return ((2 * s - 1) * s - 1) * s, {"f": 2 - 12 * s}


def diffusion(x, p):
    d, u, a = x.shape[1], sine_product(x), 1 + x[:, 0]
    slope = np.pi * np.cos(np.pi * x[:, 0]) * np.prod(np.sin(np.pi * x[:, 1:]), axis=1)
    grad_a = np.zeros_like(x)
    grad_a[:, 0] = 1
    return u, {"a": a, "grad_a": grad_a, "c": 2.0, "f": (a * d * np.pi**2 + 2) * u - slope}


def reaction(x, p):
    u = sine_product(x)
    return u, {"s": 1.0, "f": (x.shape[1] * np.pi**2 + u * u) * u}


def helmholtz(x, p):
    k, kappa = p.get("frequency", 1.0), p.get("wavenumber", 1.0)
    u = sine_product(x, k)
    return u, {"c": -(kappa**2), "f": (x.shape[1] * (k * np.pi) ** 2 - kappa**2) * u}


def convection(x, p):
    epsilon = p.get("diffusivity", 0.1)
    at_zero = np.exp(-1 / epsilon)
    phi = x - (np.exp((x - 1) / epsilon) - at_zero) / (1 - at_zero)
    others = [np.prod(np.delete(phi, i, axis=1), axis=1) for i in range(x.shape[1])]
    return np.prod(phi, axis=1), {"a": epsilon, "b": 1.0, "f": np.sum(others, axis=0)}


def ball(x, p):
    r = np.sqrt((x**2).sum(axis=1))
    sine_over_r = 0.5 * np.pi * np.sinc(0.5 * r)
    u = np.cos(0.5 * np.pi * r)
    return u, {"f": 0.5 * np.pi * (0.5 * np.pi * u + (x.shape[1] - 1) * sine_over_r)}


def sine_sum(x, p):
    u = np.sin(np.pi * x).sum(axis=1)
    return u, {"f": np.pi**2 * u}


EQUATIONS = {
    "sine": sine,
    "cubic": cubic,
    "diffusion": diffusion,
    "reaction": reaction,
    "helmholtz": helmholtz,
    "convection": convection,
    "ball": ball,
    "sine-sum": sine_sum,
}


def boundary_factor(problem, x):
    """B (Q), its gradient (Q,d) and Laplacian (Q): prod x_i (1 - x_i), in the ball 1 - |x|^2, with a penalty 1."""
    d = x.shape[1]
    if str(problem.get("boundary", "hard")) != "hard":
        return np.ones(len(x)), np.zeros_like(x), np.zeros(len(x))
    if problem.get("problem") == "ball":
        return 1 - (x**2).sum(axis=1), -2 * x, np.full(len(x), -2.0 * d)
    factors = x * (1 - x)
    others = np.stack([np.prod(np.delete(factors, i, axis=1), axis=1) for i in range(d)], axis=1)
    return np.prod(factors, axis=1), others * (1 - 2 * x), -2 * others.sum(axis=1)


class Solution:
    """A minimizer's u at points x (Q,d), beside the exact one: u, exact, residual (Q)."""

    def __init__(self, file, minimizer, x):
        problem = file.problem
        name = problem.get("problem")
        if name not in EQUATIONS:
            raise LandscapeError(f"The problem '{name}' is not known to these tools: its solution is not drawn.")
        with np.errstate(all="ignore"):
            self.exact, at = EQUATIONS[name](x, problem)
            n, grad_n, lap_n = network_jet(minimizer, x)
            b, grad_b, lap_b = boundary_factor(problem, x)
            self.u = b * n
            gradient = b[:, None] * grad_n + n[:, None] * grad_b
            laplacian = b * lap_n + 2 * (grad_b * grad_n).sum(axis=1) + n * lap_b
            self.residual = at.get("a", 1.0) * laplacian - at.get("c", 0.0) * self.u + at["f"]
            self.residual -= at.get("s", 0.0) * self.u**3 + at.get("b", 0.0) * gradient.sum(axis=1)
            if "grad_a" in at:
                self.residual += (at["grad_a"] * gradient).sum(axis=1)
