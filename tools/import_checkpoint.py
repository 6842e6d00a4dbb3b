#!/usr/bin/env python3
"""Turns a PyTorch state dict into a safetensors file that landscape_mpi loads with --minimizer; torch is not needed.

A checkpoint is a pickle, and a pickle can run any code. This reader therefore resolves only the handful of names that
a state dict consists of (ALLOWED below) to inert objects of its own, and refuses every other name before anything is
called. Both container formats are read: the legacy stream (torch < 1.6: magic number, protocol, system, object, storage
keys, raw storages) and the zip archive (torch >= 1.6: data.pkl beside data/<key>). The sizes are then inferred from
names and shapes, every tensor is checked, and all are written as F64, weight (out x in, row-major) before bias, from
input to output.

  tools/import_checkpoint.py net.pt -o net.safetensors --network resnet --activation swish
  tools/import_checkpoint.py fcnet_ritz.pkl -o fcnet_ritz.safetensors --network fcnet --activation swish --negate-output
  tools/import_checkpoint.py sequential.pt -o net.safetensors --network mlp --activation tanh
  tools/import_checkpoint.py net.pt -o net.safetensors --network resnet --activation tanh \\
      --expect-loss galerkin=3.2e-5 --quadrature simpson:100

A state dict does not say which function it belongs to: tensors of one name and shape serve networks with and without
skip connections, with any activation. So --network and --activation have to be given, and the formula they stand for is
printed; without --network only what can be nothing but a plain multilayer perceptron (mlp) is taken: layers of unequal
widths, one hidden layer, or an even number of them. An mlp's layers may be numbered as torch.nn.Sequential does it. --expect-loss makes
sure: the network has to have that loss, as its training printed it, with that quadrature.
--negate-output is for networks trained with the boundary factor x(x - 1) instead of x(1 - x): u keeps its sign then.
Exit codes: 0 done, 1 the checkpoint cannot be used, 2 wrong options.
"""

import argparse
import collections
import decimal
import io
import json
import math
import os
import pickle
import re
import struct
import sys
import tempfile
import zipfile

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

MAGIC = 0x1950A86A20F9469CFC6C  # first object of the legacy format
PROTOCOL = 1001
WRAPPERS = ("state_dict", "model_state_dict", "model")  # keys under which training scripts put the state dict
# torch storage -> numpy type of the raw bytes; bfloat16 is the upper half of a float32
STORAGES = {
    "DoubleStorage": "f8",
    "FloatStorage": "f4",
    "HalfStorage": "f2",
    "BFloat16Storage": "bf16",
    "LongStorage": "i8",
    "IntStorage": "i4",
    "ShortStorage": "i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}
REAL = ("f8", "f4", "f2", "bf16")

# What a network computes, layer names as in the state dict: layer1 is the first of a block's two.
FORMULAS = {
    "linear": "N(x) = layer_out(x)",
    "fcnet": "N(x) = layer_out(y), y = layer_in(x), then y <- act(layer2(act(layer1(y)))) for every pair of layers; "
    "no activation after layer_in",
    "resnet": "N(x) = layer_out(y), y = layer_in(x), then y <- y + act(layer2(act(layer1(y)))) for every pair of "
    "layers; no activation after layer_in",
    "mlp": "N(x) = layer_out(y), y = act(layer_in(x)), then y <- act(layer1(y)), y <- act(layer2(y)) and so on; an "
    "activation after every hidden layer",
}
ACTIVATIONS = {
    "swish": "z / (1 + exp(-z))",
    "tanh": "tanh(z)",
    "sin": "sin(z)",
    "softplus": "log(1 + exp(z))",
}
FACTOR = "u(x) = N(x) prod_i x_i (1 - x_i)"


class CheckpointError(Exception):
    """The checkpoint cannot be used; the text is one sentence for the user."""


# ---- the restricted unpickler
# Inert stand-ins: slotted and immutable, so that no pickle opcode can give them state or behaviour.
class State(dict):
    """What an OrderedDict becomes; the attributes a pickle would give it (_metadata) are dropped."""

    __slots__ = ()

    def __setstate__(self, _):
        pass


class Storage(collections.namedtuple("Storage", "key kind offset numel")):
    """A reference to raw bytes: the storage's key, its numpy type, and a view's offset and length in elements."""

    __slots__ = ()


class Tensor(collections.namedtuple("Tensor", "storage offset shape stride")):
    """A strided view of a storage; offset and stride in elements."""

    __slots__ = ()


class StorageKind:
    __slots__ = ("_kind",)

    def __init__(self, kind):
        object.__setattr__(self, "_kind", kind)

    def __setattr__(self, name, value):
        raise CheckpointError("a storage type may not be changed by a checkpoint.")

    kind = property(lambda self: self._kind)


class Function:
    """Something a pickle may call: one of the functions below, wrapped so that the pickle cannot alter it."""

    __slots__ = ("_function",)

    def __init__(self, function):
        object.__setattr__(self, "_function", function)

    def __setattr__(self, name, value):
        raise CheckpointError("a function may not be changed by a checkpoint.")

    def __call__(self, *args):
        return self._function(*args)


def natural(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def rebuild_tensor(
    storage, offset, shape, stride, *_
):  # requires_grad, hooks and metadata say nothing about values
    if not (
        isinstance(storage, Storage)
        and natural(offset)
        and isinstance(shape, tuple)
        and isinstance(stride, tuple)
        and len(shape) == len(stride)
        and all(map(natural, shape))
        and all(map(natural, stride))
    ):
        raise CheckpointError("a tensor in the checkpoint is described in a way that no state dict uses.")
    return Tensor(storage, offset, shape, stride)


def rebuild_parameter(data, *_):
    if not isinstance(data, Tensor):
        raise CheckpointError("a parameter in the checkpoint is described in a way that no state dict uses.")
    return data


ALLOWED = {
    ("collections", "OrderedDict"): lambda: State,
    ("torch", "Size"): lambda: Function(lambda shape=(): tuple(shape)),
    ("torch._utils", "_rebuild_tensor_v2"): lambda: Function(rebuild_tensor),
    ("torch._utils", "_rebuild_parameter"): lambda: Function(rebuild_parameter),
}


class StateDictUnpickler(pickle.Unpickler):
    def find_class(self, module, name):
        if (module, name) in ALLOWED:
            return ALLOWED[module, name]()
        if module in ("torch", "torch.storage") and name in STORAGES:
            return StorageKind(STORAGES[name])
        raise CheckpointError(
            f"the checkpoint asks for '{module}.{name}', which no state dict needs, so it was not opened "
            "further; save net.state_dict() and import that."
        )

    def persistent_load(self, pid):
        # ('storage', type, key, device, numel) and, in the legacy format, an optional (view key, offset, length)
        if not (
            isinstance(pid, tuple)
            and len(pid) in (5, 6)
            and pid[0] == "storage"
            and isinstance(pid[1], StorageKind)
            and isinstance(pid[2], str)
            and natural(pid[4])
        ):
            raise CheckpointError("the checkpoint refers to something that is not a tensor storage.")
        view = pid[5] if len(pid) == 6 and pid[5] is not None else (None, 0, pid[4])
        if not (isinstance(view, tuple) and len(view) == 3 and natural(view[1]) and natural(view[2])):
            raise CheckpointError("the checkpoint refers to a view of a storage that cannot be read.")
        return Storage(pid[2], pid[1].kind, view[1], view[2])


def unpickle(stream, what):
    try:
        return StateDictUnpickler(stream, encoding="utf-8").load()
    except CheckpointError:
        raise
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise CheckpointError(f"{what} is damaged or is no pickle ({type(error).__name__}: {error}).") from error


# ---- the containers
def item_size(kind):
    return 2 if kind == "bf16" else np.dtype(kind).itemsize


def decode(raw, kind, order="<"):
    if kind == "bf16":
        return (np.frombuffer(raw, order + "u2").astype("u4") << 16).view("f4")
    return np.frombuffer(raw, np.dtype(kind).newbyteorder(order))


def tensors_in(value):
    """Every Tensor inside nested dicts, lists and tuples; containers may be shared or contain themselves."""
    found, seen, todo = [], set(), [value]
    while todo:
        item = todo.pop()
        if isinstance(item, Tensor):
            found.append(item)
        elif isinstance(item, (dict, list, tuple)) and id(item) not in seen:
            seen.add(id(item))
            todo.extend(item.values() if isinstance(item, dict) else item)
    return found


def read_legacy(stream):
    """The object and {storage key: 1-D array} of a legacy stream; storages are little endian on every machine."""
    if unpickle(stream, "the file") != MAGIC:
        raise CheckpointError("it does not begin like a checkpoint written by torch.save.")
    if unpickle(stream, "the file") != PROTOCOL:
        raise CheckpointError(f"its protocol is not {PROTOCOL}, the only one of the legacy format.")
    unpickle(stream, "the file")  # the writer's system: int sizes, of no use here
    value = unpickle(stream, "its object")
    keys = unpickle(stream, "its list of storages")
    kinds = {tensor.storage.key: tensor.storage.kind for tensor in tensors_in(value)}
    storages = {}
    for key in keys if isinstance(keys, list) else [keys]:
        if key not in kinds:
            raise CheckpointError(f"it lists the storage {key!r}, which no tensor uses.")
        count = stream.read(8)  # of elements
        size = struct.unpack("<q", count)[0] * item_size(kinds[key]) if len(count) == 8 else -1
        if not 0 <= size <= len(stream.getbuffer()) - stream.tell():
            raise CheckpointError("it ends before its last tensor: the file was cut off.")
        storages[key] = decode(stream.read(size), kinds[key])
    return value, storages


def read_zip(stream):
    """The object and {storage key: 1-D array} of a zip archive; a byteorder entry (torch >= 2.1) names the writer's."""
    with zipfile.ZipFile(stream) as archive:
        entries = {info.filename: info for info in archive.infolist()}
        roots = [name[: -len("data.pkl")] for name in entries if re.fullmatch(r"([^/]+/)?data\.pkl", name)]
        if len(roots) != 1:
            raise CheckpointError("it is a zip archive, but not one written by torch.save (no single data.pkl).")

        def read(name):
            info = entries.get(roots[0] + name)
            if info is None:
                raise CheckpointError(f"its entry '{name}' is missing.")
            if info.compress_type != zipfile.ZIP_STORED:
                raise CheckpointError(f"its entry '{name}' is compressed, which torch.save never does.")
            return archive.read(info)

        value = unpickle(io.BytesIO(read("data.pkl")), "its data.pkl")
        order = ">" if roots[0] + "byteorder" in entries and read("byteorder").strip() == b"big" else "<"
        storages = {}
        for tensor in tensors_in(value):
            key, kind = tensor.storage.key, tensor.storage.kind
            raw = read("data/" + key)
            if len(raw) % item_size(kind):
                raise CheckpointError(f"the size of its entry 'data/{key}' is no multiple of one number's.")
            storages[key] = decode(raw, kind, order)
        return value, storages


def load_tensor(name, tensor, storages):
    """A float64 copy of one tensor; refuses what is not real, not inside its storage or not finite."""
    storage = tensor.storage
    if storage.kind not in REAL:
        raise CheckpointError(f"tensor '{name}' does not hold floating-point numbers.")
    data = storages[storage.key]
    count = math.prod(tensor.shape)
    last = storage.offset + tensor.offset + sum((n - 1) * step for n, step in zip(tensor.shape, tensor.stride))
    if not 0 < count <= len(data) or last >= len(data) or tensor.offset >= storage.numel:
        raise CheckpointError(f"tensor '{name}' of shape {tensor.shape} does not lie inside its storage.")
    strides = [step * data.itemsize for step in tensor.stride]
    view = np.lib.stride_tricks.as_strided(
        data[storage.offset + tensor.offset :], tensor.shape, strides, writeable=False
    )
    values = view.astype("<f8", order="C")
    if not np.isfinite(values).all():
        raise CheckpointError(f"tensor '{name}' holds values that are not finite.")
    return values


def read_checkpoint(path):
    """{tensor name: Tensor} without 'module.' prefixes, and the storages."""
    try:
        with open(path, "rb") as file:
            stream = io.BytesIO(file.read())
    except OSError as error:
        raise CheckpointError(f"it cannot be read ({error.strerror}).") from error
    if stream.getvalue().startswith(b"PK\3\4"):
        try:
            value, storages = read_zip(stream)
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
            raise CheckpointError(f"its zip archive is damaged ({error}).") from error
    else:
        value, storages = read_legacy(stream)
    if isinstance(value, dict) and not any(isinstance(item, Tensor) for item in value.values()):
        value = next((value[key] for key in WRAPPERS if isinstance(value.get(key), dict)), value)
    if not isinstance(value, dict) or not value:
        raise CheckpointError("it holds no state dict.")
    tensors = {}
    for name, item in value.items():
        if not (isinstance(name, str) and isinstance(item, Tensor)):
            raise CheckpointError(f"its entry {name!r} is not a tensor, so it is no state dict of a network.")
        while name.startswith("module."):  # torch.nn.DataParallel
            name = name[len("module.") :]
        tensors[name] = item
    return tensors, storages


# ---- the network
def canonical(name):
    """'layer_1.weight' (the published checkpoints) and 'layer1.weight' are the same tensor; None for any other name."""
    match = re.fullmatch(r"(layer_in|layer_out|layer_?([1-9][0-9]*))\.(weight|bias)", name)
    if not match:
        return None
    return (f"layer{match[2]}" if match[2] else match[1]) + "." + match[3]


def in_a_row(tensors):
    """The same with a torch.nn.Sequential's names, 0.weight, 2.weight, 4.weight, or a list's, linears.0.weight,
    linears.1.weight, as layer_in, layer1, ..., layer_out in the order of their numbers; other names as they are."""
    matches = {name: re.fullmatch(r"((?:[A-Za-z_]\w*\.)*)(0|[1-9][0-9]*)\.(weight|bias)", name) for name in tensors}
    if not all(matches.values()) or len({match[1] for match in matches.values()}) != 1:
        return tensors
    numbers = sorted({int(match[2]) for match in matches.values()})
    names = ["layer_in"] + [f"layer{k}" for k in range(1, len(numbers) - 1)] + ["layer_out"]
    if len(numbers) < 2:
        return tensors
    layers = dict(zip(numbers, names))
    return {f"{layers[int(match[2])]}.{match[3]}": tensors[name] for name, match in matches.items()}


def canonical_tensors(raw, network):
    """{canonical name: tensor}; a numbered row of layers is an mlp's, and no other network's."""
    tensors = {}
    for name, tensor in (in_a_row(raw) if network in (None, "mlp") else raw).items():
        if canonical(name) is None:
            if in_a_row(raw) is not raw:
                raise CheckpointError(f"tensor '{name}' has a number for a name: only --network mlp has such layers.")
            raise CheckpointError(f"tensor '{name}' belongs to none of the networks linear, fcnet, resnet and mlp.")
        if canonical(name) in tensors:
            raise CheckpointError(f"tensor '{canonical(name)}' is there twice.")
        tensors[canonical(name)] = tensor
    return tensors


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


def infer_sizes(tensors, wanted):
    """Sizes of a network of the wanted kind."""
    layers = layer_numbers(tensors)
    has_input = any(name.startswith("layer_in.") for name in tensors)
    first = "layer_in.weight" if has_input or layers else "layer_out.weight"
    if first not in tensors:
        raise CheckpointError(f"tensor '{first}' is missing.")

    def matrix(name):
        if len(tensors[name].shape) != 2:
            raise CheckpointError(
                f"tensor '{name}' has shape {tensors[name].shape}; expected two dimensions, (out, in)."
            )
        return tensors[name].shape

    width, dimension = matrix(first)
    if first == "layer_out.weight":
        if wanted != "linear":
            raise CheckpointError(f"tensor 'layer_in.weight' is missing: this is a linear model, not {with_article(wanted)}.")
        return Sizes(dimension, [], ["layer_out"])
    if wanted == "linear":
        raise CheckpointError(f"tensor '{first}' has no place in a linear model, which has only layer_out.")
    if not layers and wanted != "mlp":
        raise CheckpointError(f"tensor 'layer1.weight' is missing; expected shape {(width, width)}.")
    gap = next((k for k, layer in enumerate(layers, 1) if k != layer), len(layers) + 1)
    if gap <= len(layers) or (wanted != "mlp" and len(layers) % 2):  # two per block
        raise CheckpointError(f"tensor 'layer{gap}.weight' is missing; expected shape {(width, width)}.")
    inner = [f"layer{k}" for k in range(1, len(layers) + 1)]
    widths = [width] * (1 + len(inner))
    if wanted == "mlp":
        for k, layer in enumerate(inner, 1):
            if f"{layer}.weight" not in tensors:
                raise CheckpointError(f"tensor '{layer}.weight' is missing.")
            widths[k] = matrix(f"{layer}.weight")[0]
    return Sizes(dimension, widths, ["layer_in", *inner, "layer_out"])


def check_shapes(tensors, sizes):
    expected = {}
    for layer, rows, columns in zip(sizes.layers, [*sizes.widths, 1], [sizes.dimension, *sizes.widths]):
        expected[layer + ".weight"], expected[layer + ".bias"] = (rows, columns), (rows,)
    for name, shape in expected.items():
        if name not in tensors:
            raise CheckpointError(f"tensor '{name}' is missing; expected shape {shape}.")
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
        raise CheckpointError(f"'{path}' cannot be written ({error.strerror}).") from error


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


def with_article(network):
    return f"an {network}" if network in ("fcnet", "mlp") else f"a {network}"


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
    others = [f"{with_article(kind)} with {act}" for kind in kinds for act in ACTIVATIONS if fits(found(kind, act))]
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


def says_mlp(path):
    try:
        return only_an_mlp(read_checkpoint(path)[0])
    except CheckpointError:
        return False


def missing_choice(options):
    """What --network and --activation have to say, with the formulas; empty where they say it."""
    if options.network is None and says_mlp(options.checkpoint):
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


def convert(source, target, network, activation, negate=False, expected=None):
    """Reads, checks and writes; returns the metadata, the number of parameters and the expected loss as found."""
    raw, storages = read_checkpoint(source)
    tensors = canonical_tensors(raw, network)
    sizes = infer_sizes(tensors, network)
    arrays = {name: load_tensor(name, tensors[name], storages) for name in check_shapes(tensors, sizes)}
    if negate:
        for name in ("layer_out.weight", "layer_out.bias"):
            arrays[name] = -arrays[name]
    if expected and expected.rule[0] != "gauss" and sizes.dimension != 1:
        raise CheckpointError(
            f"--quadrature {expected.rule[0]} is for one dimension, not {sizes.dimension}: use gauss:N."
        )
    found = check_loss(arrays, network, activation, expected) if expected else None
    metadata = {
        "network": network,
        **sizes_as_text(network, sizes),
        "dimension": str(sizes.dimension),
        **({"activation": activation} if activation else {}),
        "source": os.path.basename(source),
        "output_negated": "true" if negate else "false",
    }
    write_safetensors(target, arrays, metadata)
    return metadata, sum(values.size for values in arrays.values()), found


def main(argv=None):
    summary, details = __doc__.split("\n\n", 1)
    parser = argparse.ArgumentParser(
        description=summary, epilog=details, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoint", help="state dict written by torch.save (.pkl, .pt, .pth)")
    parser.add_argument("-o", "--output", required=True, help="safetensors file to write")
    parser.add_argument("--network", choices=tuple(FORMULAS), help="kind of network; a state dict does not say it")
    parser.add_argument("--activation", choices=tuple(ACTIVATIONS), help="activation the network was trained with")
    parser.add_argument(
        "--expect-loss", metavar="LOSS=VALUE", help="refuse the network unless its ritz or galerkin loss is VALUE"
    )
    parser.add_argument("--quadrature", metavar="RULE", help="of that loss: simpson:N, simpson-as-published:N, gauss:N")
    parser.add_argument(
        "--tolerance", type=float, metavar="REL", help="of that loss (default: half a unit of VALUE's last digit)"
    )
    parser.add_argument("--problem", choices=("sine", "cubic"), default="sine", help="of that loss (default: sine)")
    parser.add_argument(
        "--negate-output", action="store_true", help="negate layer_out, for the boundary factor x(x - 1)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an existing output of this tool")
    options = parser.parse_args(argv)
    try:
        wrong, expected = missing_choice(options), parse_expected(options)
    except ValueError as error:
        wrong = str(error)
    refusal = wrong or refusal_of_output(options.output, options.checkpoint, options.overwrite)
    if refusal:
        print(f"import_checkpoint: {refusal}", file=sys.stderr)
        return 2
    try:
        meta, count, found = convert(
            options.checkpoint, options.output, options.network, options.activation, options.negate_output, expected
        )
    except CheckpointError as error:
        print(f"import_checkpoint: '{options.checkpoint}': {error}", file=sys.stderr)
        return 1
    print(
        f"{options.output}: {meta['network']}, dimension {meta['dimension']}, "
        + "".join(f"{key} {meta[key]}, " for key in ("width", "blocks", "layers") if key in meta)
        + f"{count} parameters"
    )
    print(f"  {formula(options.network, options.activation, options.negate_output)}")
    if expected:
        print(f"  {expected.loss} loss {found:.8g} with {options.quadrature}, expected {expected.text}")
    else:
        print("  not checked: --expect-loss compares with a loss that the training printed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
