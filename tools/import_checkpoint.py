#!/usr/bin/env python3
"""Turns a PyTorch state dict into a safetensors file that landscape_mpi loads with --minimizer; torch is not needed.

A checkpoint is a pickle, and a pickle can run any code: here nothing of it runs (landscape/checkpoint.py). What torch.save
and safetensors write is read, a state dict by itself or among what people save beside it. The sizes are then inferred
from names and shapes, every tensor is checked, and all are written as F64, weight (out x in, row-major) before bias, from
input to output.

  tools/import_checkpoint.py net.pt -o net.safetensors --network resnet --activation swish
  tools/import_checkpoint.py fcnet_ritz.pkl -o fcnet_ritz.safetensors --network fcnet --activation swish --negate-output
  tools/import_checkpoint.py sequential.pt -o net.safetensors --network mlp --activation tanh
  tools/import_checkpoint.py checkpoint.pt -o net.safetensors --state-dict ema --network mlp --activation tanh
  tools/import_checkpoint.py net.pt -o net.safetensors --map fc_in=layer_in --map hidden=layer1 --map fc_out=layer_out \\
      --network mlp --activation tanh
  tools/import_checkpoint.py net.pt -o net.safetensors --network resnet --activation tanh \\
      --expect-loss galerkin=3.2e-5 --quadrature simpson:100

A state dict does not say which function it belongs to: tensors of one name and shape serve networks with and without
skip connections, with any activation. So --network and --activation have to be given, and the formula they stand for is
printed; without --network only what can be nothing but a plain multilayer perceptron (mlp) is taken: layers of unequal
widths, one hidden layer, or an even number of them. An mlp's layers may be numbered, as torch.nn.Sequential does it (0.weight,
2.weight) or by their author (fc1.weight, net.linears.0.weight). Weight normalisation is folded, in double precision.
--expect-loss makes sure: the network has to have that loss, as its training printed it, with that quadrature.
--negate-output is for networks trained with the boundary factor x(x - 1) instead of x(1 - x): u keeps its sign then.
Exit codes: 0 done, 1 the checkpoint cannot be used, 2 wrong options.
"""

import argparse
import collections
import decimal
import json
import os
import re
import shlex
import struct
import sys
import tempfile

try:
    import numpy as np
except ImportError:
    if (
        __name__ == "__main__"
        and "LANDSCAPE_PYTHON_TRIED" not in os.environ
        and os.access("/usr/bin/python3", os.X_OK)
    ):
        # apt installs for the system's python3; another one may stand before it on PATH
        os.environ["LANDSCAPE_PYTHON_TRIED"] = "1"
        os.execv("/usr/bin/python3", ["/usr/bin/python3", os.path.abspath(__file__), *sys.argv[1:]])
    sys.exit(
        "import_checkpoint: numpy is missing; install it with 'pip install numpy' or 'apt-get install python3-numpy'."
    )

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from landscape.architecture import ACTIVATIONS, FORMULAS, class_text, with_article  # noqa: E402
from landscape.checkpoint import (  # noqa: E402
    CheckpointError,
    Storage,
    Tensor,
    load_tensor,
    quoted,
    read,
)

FACTOR = "u(x) = N(x) prod_i x_i (1 - x_i)"


# ---- names
def canonical(name):
    """'layer_1.weight' (the published checkpoints) and 'layer1.weight' are the same tensor; None for any other name."""
    match = re.fullmatch(r"(layer_in|layer_out|layer_?([1-9][0-9]*))\.(weight|bias)", name)
    if not match:
        return None
    return (f"layer{match[2]}" if match[2] else match[1]) + "." + match[3]


ROW = re.compile(r"((?:[A-Za-z_]\w*\.)*(?:[A-Za-z_]\w*?_?)?)(0|[1-9][0-9]*)\.(weight|bias)")


def in_a_row(tensors):
    """The same with a torch.nn.Sequential's names, 0.weight, 2.weight, 4.weight, or a list's, linears.0.weight,
    linears.1.weight, or a row's, fc1.weight, fc2.weight, as layer_in, layer1, ..., layer_out in the order of their
    numbers; other names as they are."""
    matches = {name: ROW.fullmatch(name) for name in tensors}
    if not tensors or not all(matches.values()) or len({match[1] for match in matches.values()}) != 1:
        return tensors
    numbers = sorted({int(match[2]) for match in matches.values()})
    names = ["layer_in"] + [f"layer{k}" for k in range(1, len(numbers) - 1)] + ["layer_out"]
    layers = dict(zip(numbers, names if len(numbers) > 1 else names[-1:]))
    return {f"{layers[int(match[2])]}.{match[3]}": tensors[name] for name, match in matches.items()}


def without_common_prefix(tensors):
    """Without what all names begin with, as net.layer_in.weight has it where a network is part of another module."""
    while tensors:
        first = {name.partition(".")[0] for name in tensors}
        if len(first) != 1 or not all(name.count(".") >= 2 for name in tensors):
            return tensors
        (prefix,) = first
        if canonical(f"{prefix}.weight") or prefix.isdigit():
            return tensors
        tensors = {name[len(prefix) + 1 :]: tensor for name, tensor in tensors.items()}
    return tensors


# ---- a user's names
def read_map(entries):
    """{old name: new name} of --map's OLD=NEW, or of files of such lines; ValueError with a sentence."""
    pairs = {}
    for entry in entries or ():
        lines = [entry]
        if "=" not in entry or os.path.isfile(entry):
            try:
                with open(entry, encoding="utf-8", errors="surrogateescape") as file:
                    lines = [line.split("#")[0].strip() for line in file]
            except OSError as error:
                raise ValueError(
                    f"--map {quoted(entry)} is neither OLD=NEW nor a file ({error.strerror})."
                ) from error
        for line in filter(None, lines):
            old, equals, new = (part.strip() for part in line.partition("="))
            if not (
                old and equals and re.fullmatch(r"(layer_in|layer_out|layer[1-9][0-9]*)(\.(weight|bias))?", new)
            ):
                raise ValueError(
                    f"--map {quoted(line)} is not OLD=NEW with NEW layer_in, layer1, ..., layer_out, or such a layer's "
                    "weight or bias."
                )
            if old in pairs:
                raise ValueError(f"--map names {quoted(old)} twice.")
            pairs[old] = new
    return pairs


def renamed(tensors, pairs):
    """The same under the names of --map, of tensors or of whole layers."""
    found, used = {}, set()
    for name, tensor in tensors.items():
        layer, _, part = name.rpartition(".")
        if name in pairs:
            new = pairs[name]
            used.add(name)
            new = new if "." in new else f"{new}.{part}"
        elif layer in pairs:
            new = f"{pairs[layer]}.{part}"
            used.add(layer)
        else:
            new = name
        if new in found:
            raise CheckpointError(f"--map makes {quoted(new)} of two tensors.")
        found[new] = tensor
    unused = [name for name in pairs if name not in used]
    if unused:
        raise CheckpointError(
            f"--map names {quoted(unused[0])}, which it has not; its tensors are {names_of(tensors)}."
        )
    return found


def names_of(tensors, most=12):
    names = [f"{quoted(name)} {shape_text(tensor.shape)}" for name, tensor in tensors.items()]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def shape_text(shape):
    return "(" + ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")"


# ---- weight normalisation: weight = v g / |v|, the norm over all but what g has an extent of
NORMED = ((".weight_g", ".weight_v"), (".parametrizations.weight.original0", ".parametrizations.weight.original1"))


def folded(tensors, storages):
    """({name: tensor}, names of the weights that were folded) without weight normalisation."""
    tensors, names = dict(tensors), []
    for of_g, of_v in NORMED:
        for name in [name for name in tensors if name.endswith(of_g)]:
            layer = name[: -len(of_g)]
            if layer + of_v not in tensors:
                raise CheckpointError(
                    f"tensor {quoted(layer + of_v)} is missing, the other half of {quoted(name)}."
                )
            place = list(tensors).index(name)
            g, v = (load_tensor(part, tensors.pop(part), storages) for part in (name, layer + of_v))
            if g.ndim not in (0, v.ndim) or g.ndim and any(a not in (1, b) for a, b in zip(g.shape, v.shape)):
                raise CheckpointError(
                    f"tensor {quoted(name)} of shape {g.shape} is no length of the rows of {quoted(layer + of_v)}."
                )
            axes = tuple(k for k in range(v.ndim) if g.ndim == 0 or g.shape[k] == 1)
            with np.errstate(all="ignore"):
                weight = v * (g / np.sqrt((v * v).sum(axis=axes, keepdims=g.ndim > 0)))
            key = f"{layer}.weight"
            if key in tensors:
                raise CheckpointError(f"tensor {quoted(key)} is there twice.")
            storages[f"folded {key}"] = weight.reshape(-1)
            stride = tuple(int(np.prod(weight.shape[k + 1 :])) for k in range(weight.ndim))
            tensor = Tensor(Storage(f"folded {key}", "f8", 0, weight.size), 0, weight.shape, stride)
            items = list(tensors.items())
            tensors = dict([*items[:place], (key, tensor), *items[place:]])
            names.append(key)
    for name in tensors:
        if "parametrizations." in name or name.endswith(".weight_orig"):
            raise CheckpointError(
                f"tensor {quoted(name)} is part of a parametrisation that is no weight normalisation: save the state dict "
                "after torch.nn.utils.parametrize.remove_parametrizations(layer, 'weight')."
            )
    return tensors, names


# ---- names that the program has
def canonical_tensors(full, network, activation=None):
    """{canonical name: tensor}; a numbered row of layers is an mlp's, and no other network's."""
    raw, tensors = without_common_prefix(full), {}
    as_saved = dict(zip(raw, full))
    if network in ("linear", None) and set(raw) == {"weight", "bias"}:  # of a torch.nn.Linear by itself
        raw = {f"layer_out.{name}": tensor for name, tensor in raw.items()}
    row = in_a_row(raw)
    is_one = {name.partition(".")[0] for name in row} == {"layer_out"}
    for name, tensor in (row if network in (None, "mlp") or is_one and network == "linear" else raw).items():
        if canonical(name) is None:
            if row is not raw:
                raise CheckpointError(
                    f"tensor {quoted(as_saved[name])} has a number for a name: only --network mlp has such layers."
                )
            raise refusal_of_names(full, as_saved.get(name, name), network, activation)
        if canonical(name) in tensors:
            raise CheckpointError(f"tensor {quoted(canonical(name))} is there twice.")
        tensors[canonical(name)] = tensor
    return tensors


def in_order(tensors):
    """[(layer, (out, in))] as they are saved, where each one's outputs are the next one's inputs; else empty."""
    layers = [
        (name.rpartition(".")[0], tensor.shape)
        for name, tensor in tensors.items()
        if name.endswith("weight") and len(tensor.shape) == 2
    ]
    fits = all(one[1][0] == other[1][1] for one, other in zip(layers, layers[1:]))
    is_all = len(tensors) == 2 * len(layers) and all(f"{layer}.bias" in tensors for layer, _ in layers)
    return layers if len(layers) > 1 and fits and is_all and layers[-1][1][0] == 1 else []


def refusal_of_names(tensors, name, network, activation):
    """With the tensors found, the names wanted, the --map that may be meant and the class that has such names."""
    chain = in_order(tensors)
    wanted = {
        "linear": "layer_out",
        "mlp": "layer_in, layer1, layer2, ..., layer_out, or numbers in their order",
    }.get(network, "layer_in, layer1, layer2 (two per block), layer_out")
    sentence = (
        f"tensor {quoted(name)} belongs to none of the networks linear, fcnet, resnet and mlp; found "
        f"{names_of(tensors)}; wanted are weight and bias of {wanted}: rename them with --map OLD=NEW."
    )
    widths = [shape[0] for _, shape in chain[:-1]]
    is_blocks = len(widths) % 2 == 1 and len(widths) > 2 and len(set(widths)) == 1
    if not chain or network == "linear" or network in ("fcnet", "resnet") and not is_blocks:
        kind, widths, dimension = (
            network or "mlp",
            {"linear": [], "mlp": [16, 16]}.get(network or "mlp", [4, 4, 4]),
            1,
        )
        hint = ""
    else:
        kind, dimension = network or "mlp", chain[0][1][1]
        inner = [f"layer{k}" for k in range(1, len(chain) - 1)]
        pairs = zip([layer for layer, _ in chain], ["layer_in", *inner, "layer_out"])
        hint = "If its layers follow each other in the order in which they are saved:\n  " + " ".join(
            f"--map {shell_word(f'{old}={new}')}" for old, new in pairs
        )
    text = class_text(kind, activation, dimension, widths).replace("\n", "\n  ")
    about = "" if chain else ", here of some size"
    hint += ("\n" if hint else "") + f"The class of {with_article(kind)}{about}:\n  {text}"
    return CheckpointError(sentence, hint)


def shell_word(text):
    return text if re.fullmatch(r"[\w.=/:@%+-]+", text, re.A) else shlex.quote(text)


def layer_numbers(tensors):
    return sorted({int(m[1]) for m in (re.match(r"layer([0-9]+)\.", name) for name in tensors) if m})


def only_an_mlp(raw):
    """Whether names and shapes leave no other network: no square layers of one width, two per block."""
    row = in_a_row(raw)
    if any(canonical(name) is None for name in row):
        return False
    tensors = {canonical(name): tensor for name, tensor in row.items()}
    if not {"layer_in.weight", "layer_out.weight"} <= tensors.keys():
        return False
    inner = [tensors[f"layer{k}.weight"].shape for k in layer_numbers(tensors) if f"layer{k}.weight" in tensors]
    width = tensors["layer_in.weight"].shape[:1]
    return len(inner) % 2 == 1 or not inner or any(shape != 2 * width for shape in inner)


Sizes = collections.namedtuple("Sizes", "dimension widths layers")  # layer_in, layer1, ... give so many widths


def missing(name, tensors, shape=None):
    expected = f"; expected shape {shape}" if shape else ""
    return CheckpointError(f"tensor '{name}' is missing{expected}; found {names_of(tensors)}.")


def infer_sizes(tensors, wanted):
    """Sizes of a network of the wanted kind."""
    layers = layer_numbers(tensors)
    has_input = any(name.startswith("layer_in.") for name in tensors)
    first = "layer_in.weight" if has_input or layers else "layer_out.weight"
    if first not in tensors:
        raise missing(first, tensors)

    def matrix(name):
        if len(tensors[name].shape) != 2:
            raise CheckpointError(
                f"tensor '{name}' has shape {tensors[name].shape}; expected two dimensions, (out, in)."
            )
        return tensors[name].shape

    width, dimension = matrix(first)
    if first == "layer_out.weight":
        if wanted != "linear":
            raise CheckpointError(
                f"tensor 'layer_in.weight' is missing: this is a linear model, not {with_article(wanted)}."
            )
        return Sizes(dimension, [], ["layer_out"])
    if wanted == "linear":
        raise CheckpointError(f"tensor '{first}' has no place in a linear model, which has only layer_out.")
    if not layers and wanted != "mlp":
        raise missing("layer1.weight", tensors, (width, width))
    gap = next((k for k, layer in enumerate(layers, 1) if k != layer), len(layers) + 1)
    if gap <= len(layers) or (wanted != "mlp" and len(layers) % 2):  # two per block
        raise missing(f"layer{gap}.weight", tensors, (width, width))
    inner = [f"layer{k}" for k in range(1, len(layers) + 1)]
    widths = [width] * (1 + len(inner))
    if wanted == "mlp":
        for k, layer in enumerate(inner, 1):
            if f"{layer}.weight" not in tensors:
                raise missing(f"{layer}.weight", tensors)
            widths[k] = matrix(f"{layer}.weight")[0]
    return Sizes(dimension, widths, ["layer_in", *inner, "layer_out"])


def check_shapes(tensors, sizes):
    expected = {}
    for layer, rows, columns in zip(sizes.layers, [*sizes.widths, 1], [sizes.dimension, *sizes.widths]):
        expected[layer + ".weight"], expected[layer + ".bias"] = (rows, columns), (rows,)
    for name, shape in expected.items():
        if name not in tensors:
            raise missing(name, tensors, shape)
        if tensors[name].shape != shape:
            raise CheckpointError(f"tensor '{name}' has shape {tensors[name].shape}; expected {shape}.")
    return list(expected)


def sizes_as_text(network, sizes):
    if network == "mlp":
        return {"layers": ",".join(map(str, sizes.widths))}
    width, blocks = (sizes.widths[0], len(sizes.widths) // 2) if sizes.widths else (0, 0)
    return {"width": str(width), "blocks": str(blocks)}


# ---- safetensors
def write_safetensors(path, arrays, metadata):
    """8 bytes header length, JSON header padded to 8 bytes, raw little-endian data; whole or not at all."""
    header, offset = {"__metadata__": metadata}, 0
    for name, values in arrays.items():
        header[name] = {
            "dtype": "F64",
            "shape": list(values.shape),
            "data_offsets": [offset, offset + values.nbytes],
        }
        offset += values.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    try:
        path = os.path.realpath(path)  # a link stays one
        handle, temporary = tempfile.mkstemp(prefix=".import-", dir=os.path.dirname(path))
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(struct.pack("<Q", len(text)) + text)
                for values in arrays.values():
                    file.write(values.tobytes())
            umask = os.umask(0)
            os.umask(umask)
            os.chmod(temporary, 0o666 & ~umask)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise CheckpointError(f"{quoted(path)} cannot be written ({error.strerror}).") from error


def written_here(path):
    """Whether an existing file was written by this tool: its header says so."""
    try:
        with open(path, "rb") as file:
            header = json.loads(file.read(min(struct.unpack("<Q", file.read(8))[0], 10**7)))
        return "output_negated" in header["__metadata__"]
    except (OSError, struct.error, ValueError, KeyError, TypeError):
        return False


def refusal_of_output(target, source, overwrite):
    """Why `target` cannot be written; empty where it can."""
    if not os.path.lexists(target):
        return ""
    if os.path.exists(target) and os.path.exists(source) and os.path.samefile(target, source):
        return f"'{target}' is the checkpoint itself; choose another -o."
    if not os.path.isfile(target) or not written_here(target):
        return f"'{target}' exists and was not written by this tool; remove it or choose another -o."
    return "" if overwrite else f"'{target}' exists; give --overwrite or another -o."


# ---- the loss, for --expect-loss
def activate(name, z):
    """Value, first and second derivative."""
    if name == "tanh":
        f = np.tanh(z)
        return f, 1 - f * f, -2 * f * (1 - f * f)
    if name == "sin":
        return np.sin(z), np.cos(z), -np.sin(z)
    sigma = 0.5 * (1 + np.tanh(0.5 * z))
    slope = sigma * (1 - sigma)
    if name == "softplus":
        return np.logaddexp(0, z), sigma, slope
    return z * sigma, sigma + z * slope, slope * (2 + z * (1 - 2 * sigma))


def network_jet(arrays, network, activation, x):
    """N (Q), grad N (Q, d) and Laplace N (Q) at x (Q, d): every channel carries its value, gradient and Laplacian."""

    def layer(name, value, gradient, laplacian):
        weight, bias = arrays[name + ".weight"], arrays[name + ".bias"]
        return value @ weight.T + bias, gradient @ weight.T, laplacian @ weight.T

    def act(value, gradient, laplacian):
        f, f1, f2 = activate(activation, value)
        return f, f1[:, None] * gradient, f1 * laplacian + f2 * (gradient**2).sum(1)

    n, d = x.shape  # gradient (Q, d, channels)
    y = x, np.broadcast_to(np.eye(d), (n, d, d)), np.zeros((n, d))
    if network == "mlp":
        for name in ["layer_in"] + [f"layer{k}" for k in range(1, len(arrays) // 2 - 1)]:
            y = act(*layer(name, *y))
    elif network != "linear":
        y = layer("layer_in", *y)
        for k in range(1, (len(arrays) - 4) // 2, 2):
            z = act(*layer(f"layer{k + 1}", *act(*layer(f"layer{k}", *y))))
            y = tuple(a + b for a, b in zip(y, z)) if network == "resnet" else z
    value, gradient, laplacian = layer("layer_out", *y)
    return value[:, 0], gradient[:, :, 0], laplacian[:, 0]


def loss_of(arrays, network, activation, loss, problem, points, weights):
    value, gradient, laplacian = network_jet(arrays, network, activation, points)
    factors, d = points * (1 - points), points.shape[1]
    others = np.stack([np.delete(factors, j, 1).prod(1) for j in range(d)], 1)
    b, slope = factors.prod(1), others * (1 - 2 * points)
    source = d * np.pi**2 * np.sin(np.pi * points).prod(1) if problem == "sine" else 2 - 12 * points[:, 0]
    if loss == "galerkin":
        lap_u = b * laplacian + 2 * (slope * gradient).sum(1) - 2 * others.sum(1) * value
        return float(weights @ (lap_u + source) ** 2)
    grad_u = b[:, None] * gradient + value[:, None] * slope
    return float(weights @ (0.5 * (grad_u**2).sum(1) - source * b * value))


def quadrature(rule, dimension):
    """Points (Q, d) and weights (Q) of simpson:N, simpson-as-published:N or gauss:N on the unit cube."""
    kind, n = rule
    if kind == "gauss":
        nodes, weights = np.polynomial.legendre.leggauss(n)
        nodes, weights = 0.5 + 0.5 * nodes, 0.5 * weights
    else:
        nodes, weights = np.linspace(0, 1, 2 * n + 1), np.full(2 * n + 1, 2.0)
        weights[1::2] = 4
        weights[[0, -1]] = 1
        weights /= 6 * n
        weights[0] *= kind == "simpson"
    grid = np.stack(np.meshgrid(*[nodes] * dimension, indexing="ij"), -1).reshape(-1, dimension)
    return grid, np.stack(np.meshgrid(*[weights] * dimension, indexing="ij"), -1).reshape(-1, dimension).prod(1)


def check_loss(arrays, network, activation, expected):
    """Refuses a network that has another loss, and names those that have the expected one."""
    dimension = arrays[next(iter(arrays))].shape[1]
    if expected.rule[1] ** dimension > MOST_POINTS:
        raise CheckpointError(
            f"--quadrature {':'.join(map(str, expected.rule))} has more than {MOST_POINTS} points in {dimension} "
            "dimensions: its loss cannot be checked here."
        )
    points, weights = quadrature(expected.rule, dimension)

    def found(*function):
        return loss_of(arrays, *function, expected.loss, expected.problem, points, weights)

    def fits(value):
        return abs(value - expected.value) <= expected.tolerance  # false for NaN

    value = found(network, activation)
    if fits(value):
        return value
    shapes = [values.shape for name, values in arrays.items() if name.endswith(".weight")]
    squares = {shape for shape in shapes[1:-1]}
    in_blocks = len(shapes) % 2 == 0 and squares == {2 * shapes[0][:1]}
    kinds = ["linear"] if network == "linear" else ["fcnet", "resnet", "mlp"] if in_blocks else ["mlp"]
    others = [
        f"{with_article(kind)} with {act}" for kind in kinds for act in ACTIVATIONS if fits(found(kind, act))
    ]
    raise CheckpointError(
        f"as {with_article(network)} with {activation} its {expected.loss} loss with {':'.join(map(str, expected.rule))} is "
        f"{value:.6g}, not the expected {expected.text}; "
        + (f"it is that of {' or of '.join(others)}." if others else "none of the known networks has that loss.")
    )


MOST_POINTS = 1_000_000
Expected = collections.namedtuple("Expected", "loss text value tolerance rule problem")


def parse_expected(options):
    """The options' expectation, or None; ValueError with a sentence where they make no sense."""
    if options.expect_loss is None:
        if options.quadrature or options.tolerance is not None:
            raise ValueError("--quadrature and --tolerance belong to --expect-loss: give that too.")
        return None
    match = re.fullmatch(r"(ritz|galerkin)=(.+)", options.expect_loss)
    try:
        number = decimal.Decimal(match[2])
        half_unit = 0.5 * 10.0 ** number.as_tuple().exponent  # of the last digit given
    except (TypeError, ValueError, OverflowError, decimal.InvalidOperation):
        raise ValueError(
            f"--expect-loss '{options.expect_loss}' is not understood: write for example galerkin=3.2e-5."
        ) from None
    rule = re.fullmatch(r"(simpson|simpson-as-published|gauss):([1-9][0-9]{0,4})", options.quadrature or "")
    if not rule:
        raise ValueError(
            "--expect-loss needs the --quadrature it was printed with: simpson:N, simpson-as-published:N or gauss:N."
        )
    value = float(number)
    tolerance = half_unit if options.tolerance is None else options.tolerance * abs(value)
    return Expected(match[1], match[2], value, tolerance, (rule[1], int(rule[2])), options.problem)


def formula(network, activation, negate=False):
    text = f"{FORMULAS[network]}; {FACTOR}"
    if network != "linear":
        text += f"; act(z) = {ACTIVATIONS[activation]}"
    return text + ("; layer_out negated" if negate else "")


# ---- from a file to tensors with the program's names
Loaded = collections.namedtuple("Loaded", "tensors storages metadata folded")


def load(path, wanted, pairs):
    """The tensors of a checkpoint under the names that --map gives them, weight normalisation folded."""
    checkpoint = read(path, wanted)
    storages = checkpoint.storages
    tensors, names = folded(checkpoint.tensors, storages)
    return Loaded(renamed(tensors, pairs), storages, checkpoint.metadata, names)


def said_by_file(loaded, options):
    """Takes over what a safetensors file says of itself; refuses an option that says something else."""
    for key, known in (("network", FORMULAS), ("activation", ACTIVATIONS)):
        word, given = loaded.metadata.get(key), getattr(options, key)
        if word in known and given is None:
            setattr(options, key, word)
        elif word in known and given != word:
            raise CheckpointError(f"its __metadata__ says {key} = {word}, but --{key} {given} was given.")


def missing_choice(options, loaded):
    """What --network and --activation have to say, with the formulas; empty where they say it."""
    if options.network is None and loaded is not None and only_an_mlp(without_common_prefix(loaded.tensors)):
        options.network = "mlp"
    if options.network is None:
        choices = "\n".join(f"  {name:<8} {text}" for name, text in FORMULAS.items())
        return f"--network is missing, and a state dict does not say it: choose one of\n{choices}\n  {FACTOR}"
    if options.activation is None and options.network != "linear":
        choices = "\n".join(f"  {name:<8} act(z) = {text}" for name, text in ACTIVATIONS.items())
        return f"--activation is missing, and a state dict does not say it: choose one of\n{choices}"
    if options.activation is not None and options.network == "linear":
        return "--activation has no meaning for a linear model: drop it."
    return ""


def convert(loaded, options, expected=None):
    """Checks and writes; returns the metadata, the number of parameters and the expected loss as found."""
    network, activation, negate = options.network, options.activation, options.negate_output
    tensors = canonical_tensors(loaded.tensors, network, activation)
    sizes = infer_sizes(tensors, network)
    arrays = {name: load_tensor(name, tensors[name], loaded.storages) for name in check_shapes(tensors, sizes)}
    spare = [name for name in tensors if name not in arrays]
    if spare:
        raise CheckpointError(
            f"tensor {quoted(spare[0])} has no place in {with_article(network)} of these sizes: wanted are {', '.join(arrays)}."
        )
    if negate:
        for name in ("layer_out.weight", "layer_out.bias"):
            arrays[name] = -arrays[name]
    if expected and expected.rule[0] != "gauss" and sizes.dimension != 1:
        raise CheckpointError(
            f"--quadrature {expected.rule[0]} is for one dimension, not {sizes.dimension}: use gauss:N."
        )
    found = check_loss(arrays, network, activation, expected) if expected else None
    source = os.path.basename(options.checkpoint)
    metadata = {
        "network": network,
        **sizes_as_text(network, sizes),
        "dimension": str(sizes.dimension),
        **({"activation": activation} if activation else {}),
        "source": os.fsencode(source).decode("utf-8", "replace"),  # a name may be in any encoding, JSON is in one
        "output_negated": "true" if negate else "false",
    }
    write_safetensors(options.output, arrays, metadata)
    return metadata, sum(values.size for values in arrays.values()), found


def taken_as(loaded, network):
    """Where the names are not the program's own: which became which, in their order."""
    row = in_a_row(without_common_prefix(loaded.tensors))
    if network != "mlp" or set(row) == set(loaded.tensors):
        return ""
    old = [name.rpartition(".")[0] for name in loaded.tensors if name.endswith(".weight")]
    return ", ".join(f"{one} as {new}" for one, new in zip(sorted(old, key=number_in), sorted_layers(row)))


def number_in(name):
    digits = re.findall(r"[0-9]+", name)
    return int(digits[-1]) if digits else -1


def sorted_layers(tensors):
    names = list(dict.fromkeys(name.rpartition(".")[0] for name in tensors))
    return sorted(names, key=lambda name: {"layer_in": -1, "layer_out": 10**9}.get(name, number_in(name)))


def main(argv=None):
    summary, details = __doc__.split("\n\n", 1)
    parser = argparse.ArgumentParser(
        description=summary, epilog=details, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoint", help="written by torch.save (.pkl, .pt, .pth) or as .safetensors")
    parser.add_argument("-o", "--output", required=True, help="safetensors file to write")
    parser.add_argument("--network", choices=tuple(FORMULAS), help="kind of network; a state dict does not say it")
    parser.add_argument("--activation", choices=tuple(ACTIVATIONS), help="activation the network was trained with")
    parser.add_argument(
        "--map",
        action="append",
        metavar="OLD=NEW",
        help="the program's name of a layer or tensor, or a file of such lines",
    )
    parser.add_argument(
        "--state-dict", metavar="KEY", help="of a checkpoint that holds several: the key of one of them"
    )
    parser.add_argument(
        "--expect-loss", metavar="LOSS=VALUE", help="refuse the network unless its ritz or galerkin loss is VALUE"
    )
    parser.add_argument(
        "--quadrature", metavar="RULE", help="of that loss: simpson:N, simpson-as-published:N, gauss:N"
    )
    parser.add_argument(
        "--tolerance", type=float, metavar="REL", help="of that loss (default: half a unit of VALUE's last digit)"
    )
    parser.add_argument(
        "--problem", choices=("sine", "cubic"), default="sine", help="of that loss (default: sine)"
    )
    parser.add_argument(
        "--negate-output", action="store_true", help="negate layer_out, for the boundary factor x(x - 1)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an existing output of this tool")
    options = parser.parse_args(argv)
    for stream in (sys.stdout, sys.stderr):  # names that the terminal has no letters for
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    loaded = failure = expected = None
    try:
        pairs = read_map(options.map)
        try:
            loaded = load(options.checkpoint, options.state_dict, pairs)
            said_by_file(loaded, options)
        except CheckpointError as error:
            failure = error
        wrong, expected = missing_choice(options, loaded), parse_expected(options)
    except ValueError as error:
        wrong = str(error)
    refusal = wrong or refusal_of_output(options.output, options.checkpoint, options.overwrite)
    if refusal:
        print(f"import_checkpoint: {refusal}", file=sys.stderr)
        return 2
    try:
        if failure is not None:
            raise failure
        meta, count, found = convert(loaded, options, expected)
    except CheckpointError as error:
        print(f"import_checkpoint: {quoted(options.checkpoint)}: {error}", file=sys.stderr)
        if error.hint:
            print(error.hint, file=sys.stderr)
        return 1
    print(
        f"{options.output}: {meta['network']}, dimension {meta['dimension']}, "
        + "".join(f"{key} {meta[key]}, " for key in ("width", "blocks", "layers") if key in meta)
        + f"{count} parameters"
    )
    print(f"  {formula(options.network, options.activation, options.negate_output)}")
    if loaded.folded:
        print(f"  weight normalisation folded: {', '.join(map(quoted, loaded.folded))}")
    row = taken_as(loaded, options.network)
    if row:
        print(f"  {row}")
    if expected:
        print(f"  {expected.loss} loss {found:.8g} with {options.quadrature}, expected {expected.text}")
    else:
        print("  not checked: --expect-loss compares with a loss that the training printed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
