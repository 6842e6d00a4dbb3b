#!/usr/bin/env python3
"""The four benchmark cases in PyTorch, double precision, as three kinds of users would write them:

    nested    one network at a time, gradients and Laplacian by nested autograd (how deep Ritz and PINN codes are written)
    eager     all networks at once with batched products; forward Laplacian for Galerkin, hand-written adjoint for Ritz
    compiled  the eager variant through torch.compile

    bench_torch.py [--device cuda|cpu] [--case A|B|C|D] [--seconds S] [--quick]

Every variant is checked against the others on a few networks. Times are scaled to the whole case (directions x steps x points); each line
ends with the number of evaluations that were really timed. --quick: a trial of the script, with few points and networks.
"""

import argparse
import math
import sys
import time

try:
    import torch
except ImportError:
    sys.exit("bench_torch: PyTorch is not installed here")

CASES = {  # d, w, blocks, networks, points
    "A": (1, 4, 1, 100 * 21, 401),
    "B": (10, 32, 1, 100 * 21, 10_000),
    "C": (10, 50, 1, 100 * 201, 100_000),
    "D": (20, 256, 1, 100 * 21, 10_000),
}


def make_networks(n, d, w, nb, device):
    """Parameters of n residual networks as (w_in, b_in, [(w1, b1, w2, b2)], a, c), first axis the network."""
    g = torch.Generator(device="cpu").manual_seed(1)
    draw = lambda *shape: (torch.randn(*shape, generator=g) / math.sqrt(w)).to(device)
    blocks = [(draw(n, w, w), draw(n, w), draw(n, w, w), draw(n, w)) for _ in range(nb)]
    return draw(n, w, d), draw(n, w), blocks, draw(n, w), draw(n)


def pick(networks, i):
    w_in, b_in, blocks, a, c = networks
    return w_in[i], b_in[i], [tuple(t[i] for t in block) for block in blocks], a[i], c[i]


def part(networks, n):
    return pick(networks, slice(0, n))


def swish(v):
    return v * torch.sigmoid(v)


def swish_jet(v):
    s = torch.sigmoid(v)
    q = s * (1 - s)
    return v * s, s + v * q, q * (2 + v * (1 - 2 * s))


def boundary(x):
    """B (q), grad B (q, d), Laplace B (q) of B = prod x_i (1 - x_i)."""
    t = x * (1 - x)
    others = torch.stack([torch.cat([t[:, :k], t[:, k + 1 :]], 1).prod(1) for k in range(x.shape[1])], 1)
    return t.prod(1), others * (1 - 2 * x), -2 * others.sum(1)


def source(x):
    return x.shape[1] * math.pi**2 * torch.sin(math.pi * x).prod(1)


def nested_loss(loss, x, weight, network):
    w_in, b_in, blocks, a, c = network
    x = x.clone().requires_grad_(True)
    z = x @ w_in.T + b_in
    for w1, b1, w2, b2 in blocks:
        z = z + swish(swish(z @ w1.T + b1) @ w2.T + b2)
    u = (z @ a + c) * (x * (1 - x)).prod(1)
    (grad,) = torch.autograd.grad(u.sum(), x, create_graph=loss == "galerkin")
    if loss == "ritz":
        return (weight * (0.5 * (grad * grad).sum(1) - source(x) * u)).sum().detach()
    laplacian = 0
    for k in range(x.shape[1]):
        laplacian = laplacian + torch.autograd.grad(grad[:, k].sum(), x, retain_graph=True)[0][:, k]
    return (weight * (laplacian + source(x)) ** 2).sum().detach()


def eager_galerkin(x, weight, b, grad_b, lap_b, f, networks):
    w_in, b_in, blocks, a, c = networks
    n, w, d = w_in.shape
    q = x.shape[0]
    channels = torch.empty(n, d + 2, q, w, dtype=x.dtype, device=x.device)
    channels[:, 0] = x @ w_in.transpose(1, 2) + b_in[:, None]
    channels[:, 1:-1] = w_in.transpose(1, 2)[:, :, None, :]
    channels[:, -1] = 0

    def layer(z, matrix, bias):
        y = torch.bmm(z.reshape(n, -1, w), matrix.transpose(1, 2)).view(n, d + 2, q, w)
        value, first, second = swish_jet(y[:, 0] + bias[:, None])
        gradient = y[:, 1:-1]
        laplacian = first * y[:, -1] + second * (gradient * gradient).sum(1)
        return torch.cat([value[:, None], first[:, None] * gradient, laplacian[:, None]], 1)

    for w1, b1, w2, b2 in blocks:
        channels = channels + layer(layer(channels, w1, b1), w2, b2)
    out = torch.bmm(channels.reshape(n, -1, w), a[:, :, None]).view(n, d + 2, q)
    value = out[:, 0] + c[:, None]
    laplacian = b * out[:, -1] + 2 * (grad_b.T * out[:, 1:-1]).sum(1) + lap_b * value
    return (weight * (laplacian + f) ** 2).sum(1)


def eager_ritz(x, weight, b, grad_b, lap_b, f, networks):
    w_in, b_in, blocks, a, c = networks
    z = x @ w_in.transpose(1, 2) + b_in[:, None]
    slopes = []
    for w1, b1, w2, b2 in blocks:
        h, s1, _ = swish_jet(torch.baddbmm(b1[:, None], z, w1.transpose(1, 2)))
        h, s2, _ = swish_jet(torch.baddbmm(b2[:, None], h, w2.transpose(1, 2)))
        slopes.append((s1, s2))
        z = z + h
    value = torch.bmm(z, a[:, :, None])[..., 0] + c[:, None]
    adjoint = a[:, None].expand_as(z)
    for (w1, _, w2, _), (s1, s2) in zip(reversed(blocks), reversed(slopes)):
        adjoint = adjoint + torch.bmm(torch.bmm(adjoint * s2, w2) * s1, w1)
    gradient = torch.bmm(adjoint, w_in)
    grad_u = b[:, None] * gradient + value[..., None] * grad_b
    return (weight * (0.5 * (grad_u * grad_u).sum(2) - f * b * value)).sum(1)


EAGER = {"galerkin": eager_galerkin, "ritz": eager_ritz}


def best_time(run, device, seconds):
    def once():
        if device == "cuda":
            torch.cuda.synchronize()
        start = time.perf_counter()
        run()
        if device == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - start

    once()
    best, spent = math.inf, 0.0
    while spent < seconds or best == math.inf:
        t = once()
        best, spent = min(best, t), spent + t
    return best


def bench_case(name, device, seconds, quick):
    d, w, nb, n_networks, n_points = CASES[name]
    if quick:
        n_networks, n_points = 4, 50
    evaluations = n_networks * n_points
    torch.manual_seed(2)
    # As much as fits comfortably: the eager variant holds about eight arrays of (networks, d + 2, points, w).
    budget = (torch.cuda.mem_get_info()[0] // 2 if device == "cuda" else 2**29) // (8 * 8 * w * (d + 2))
    points = min(n_points, budget)
    batch = max(1, min(n_networks, budget // points, 64 if device == "cpu" else n_networks))
    x = torch.rand(points, d, device=device)
    weight = torch.full((points,), 1.0 / points, device=device)
    networks = make_networks(batch, d, w, nb, device)
    fixed = (*boundary(x), source(x))
    for loss in ("galerkin", "ritz"):
        few = min(batch, 3)
        truth = torch.stack([nested_loss(loss, x[:500], weight[:500], pick(networks, i)) for i in range(few)])
        cut = [t[:500] for t in fixed]
        checked = EAGER[loss](x[:500], weight[:500], *cut, part(networks, few))
        error = float(((checked - truth) / truth).abs().max())
        if not error <= 1e-9:
            sys.exit(f"bench_torch: case {name} {loss}: eager and nested differ by {error:.1e}")
        variants = [("nested", lambda: [nested_loss(loss, x, weight, pick(networks, i)) for i in range(few)], few)]
        variants.append(("eager", lambda: EAGER[loss](x, weight, *fixed, networks), batch))
        if hasattr(torch, "compile"):  # since 2.0
            compiled = torch.compile(EAGER[loss])
            variants.append(("compiled", lambda: compiled(x, weight, *fixed, networks), batch))
        for variant, run, n in variants:
            try:
                with torch.set_grad_enabled(variant == "nested"):
                    t = best_time(run, device, seconds)
            except Exception as error:  # noqa: BLE001 - one failing variant must not hide the others
                print(
                    f"{name:<5} {loss:<9} {variant:<9} failed: {type(error).__name__}: {str(error).splitlines()[0][:120]}",
                    flush=True,
                )
                continue
            timed = n * points
            print(f"{name:<5} {loss:<9} {variant:<9} {1e3 * t * evaluations / timed:>14.3f} {timed:>14}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--case", choices=CASES)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        sys.exit("bench_torch: PyTorch sees no GPU")
    torch.set_default_dtype(torch.float64)
    name = torch.cuda.get_device_name() if options.device == "cuda" else "cpu"
    print(f"PyTorch {torch.__version__} on {name}, double precision")
    print(f"{'case':<5} {'loss':<9} {'variant':<9} {'whole case ms':>14} {'evals timed':>14}")
    for case in [options.case] if options.case else CASES:
        bench_case(case, options.device, options.seconds, options.quick)


if __name__ == "__main__":
    main()
