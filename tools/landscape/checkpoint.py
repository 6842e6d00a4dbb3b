"""Reads the tensors of networks that PyTorch or safetensors has saved; needs numpy alone.

A checkpoint is a pickle, and a pickle can run any code. Here none of it runs: the handful of names that tensors consist
of (ALLOWED below) become inert objects of this file, and every other name becomes an Unknown, which does nothing when the
pickle calls it and is named where a tensor was wanted. Three containers are read: the legacy stream (torch < 1.6: magic
number, protocol, system, object, storage keys, raw storages), the zip archive (torch >= 1.6: data.pkl beside data/<key>),
also re-compressed, and safetensors (length, JSON header, raw numbers).
"""

import collections
import io
import json
import math
import pickle
import re
import struct
import zipfile
import zlib

import numpy as np

MAGIC = 0x1950A86A20F9469CFC6C  # first object of the legacy format
PROTOCOL = 1001
LARGEST_EXACT = 2**53  # whole numbers up to it are doubles
MOST_NUMBERS = 10**8  # of one tensor: an expanded one may claim any
MOST_BYTES = 2**33  # of one entry of an archive, unpacked
# storage or type -> numpy type of the raw bytes; bfloat16 is the upper half of a float32
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
    "ComplexFloatStorage": "c8",
    "ComplexDoubleStorage": "c16",
    "QInt8Storage": "i1",
    "QUInt8Storage": "u1",
    "QInt32Storage": "i4",
    "UntypedStorage": "u1",
}
REAL = ("f8", "f4", "f2", "bf16")
WHOLE = ("i8", "i4", "i2", "i1", "u1", "u2", "u4", "u8")
SAFETENSORS = {
    "F64": "f8", "F32": "f4", "F16": "f2", "BF16": "bf16", "I64": "i8", "I32": "i4", "I16": "i2", "I8": "i1",
    "U64": "u8", "U32": "u4", "U16": "u2", "U8": "u1",
}  # fmt: skip


class CheckpointError(Exception):
    """The checkpoint cannot be used; the text is one sentence for the user, `hint` further lines that help, or empty."""

    def __init__(self, sentence, hint=""):
        super().__init__(sentence)
        self.hint = hint


def quoted(name):
    """A name in a sentence: as it is where it can be printed, else escaped."""
    name = name if isinstance(name, str) else repr(name)
    return f"'{name}'" if name.isprintable() else f"'{ascii(name)[1:-1]}'"


# ---- the restricted unpickler
# Inert stand-ins: slotted and immutable, so that no pickle opcode can give them state or behaviour.
class State(dict):
    """What an OrderedDict and its relatives become; the attributes a pickle would give it (_metadata) are dropped."""

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


class Unknown:
    """What stands where a pickle asks for something that tensors do not need: it takes everything and does nothing.

    Of a pickled torch.nn.Module it keeps the two dictionaries in which its tensors are.
    """

    __slots__ = ("parts",)
    name = "?"

    def __new__(cls, *_, **__):
        made = object.__new__(cls)
        made.parts = {}
        return made

    def __init__(self, *_, **__):
        pass

    def __call__(self, *_, **__):
        return type(self)()

    def __setstate__(self, state):
        if isinstance(state, dict) and {"_parameters", "_modules"} <= state.keys():
            self.parts = {key: state[key] for key in ("_parameters", "_buffers", "_modules") if key in state}

    def append(self, _):
        pass

    extend = add = append

    def __setitem__(self, key, value):
        pass


def unknown(module, name):
    """A class of its own, as some opcodes want one; its name is all that is left of it."""
    return type("Unknown", (Unknown,), {"__slots__": (), "name": f"{module}.{name}"})


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
    if not isinstance(data, (Tensor, Unknown)):
        raise CheckpointError("a parameter in the checkpoint is described in a way that no state dict uses.")
    return data


def counted(*items):
    """A Counter, a defaultdict and so on, as a plain dictionary of what it holds at the beginning."""
    return State(items[0]) if items and isinstance(items[0], dict) else State()


ALLOWED = {
    ("collections", "OrderedDict"): lambda: State,
    ("collections", "Counter"): lambda: Function(counted),
    ("collections", "defaultdict"): lambda: Function(lambda *_: State()),
    ("torch", "Size"): lambda: Function(lambda shape=(): tuple(shape)),
    ("torch._utils", "_rebuild_tensor"): lambda: Function(rebuild_tensor),  # torch 0.1 to 0.3
    ("torch._utils", "_rebuild_tensor_v2"): lambda: Function(rebuild_tensor),
    ("torch._utils", "_rebuild_parameter"): lambda: Function(rebuild_parameter),
    ("torch._utils", "_rebuild_parameter_with_state"): lambda: Function(rebuild_parameter),
}


class TensorUnpickler(pickle.Unpickler):
    def __init__(self, stream):
        super().__init__(stream, encoding="utf-8", errors="surrogateescape")
        self.kinds = {}  # of all storages, those of objects that are not kept too

    def find_class(self, module, name):
        if (module, name) in ALLOWED:
            return ALLOWED[module, name]()
        if module in ("torch", "torch.storage", "torch.cuda") and name in STORAGES:
            return StorageKind(STORAGES[name])
        return unknown(module, name)

    def persistent_load(self, pid):
        # ('storage', type, key, device, numel) and, in the legacy format, an optional (view key, offset, length);
        # there ('module', class, file, source) stands for the class of a pickled module
        if isinstance(pid, tuple) and len(pid) == 4 and pid[0] == "module":
            return pid[1]
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
        self.kinds[pid[2]] = pid[1].kind
        return Storage(pid[2], pid[1].kind, view[1], view[2])


def unpickle(stream, what, kinds=None):
    try:
        unpickler = TensorUnpickler(stream)
        value = unpickler.load()
    except CheckpointError:
        raise
    except Exception as error:  # a damaged pickle can raise nearly anything
        text = " ".join(str(error).split())
        raise CheckpointError(f"{what} is damaged or is no pickle ({type(error).__name__}: {text}).") from error
    if kinds is not None:
        kinds.update(unpickler.kinds)
    return value


def refuse_code(value):
    """What a checkpoint begins with is never an object of somebody's."""
    if isinstance(value, Unknown) or isinstance(value, type) and issubclass(value, Unknown):
        raise CheckpointError(f"it begins with {quoted(value.name)}, which is not run here: it is no checkpoint.")


# ---- the containers
def item_size(kind):
    return 2 if kind == "bf16" else np.dtype(kind).itemsize


def decode(raw, kind, order="<"):
    if kind == "bf16":
        return (np.frombuffer(raw, order + "u2").astype("u4") << 16).view("f4")
    return np.frombuffer(raw, np.dtype(kind).newbyteorder(order))


def tensors_in(value):
    """Every Tensor inside nested dicts, lists, tuples and modules; containers may be shared or contain themselves."""
    found, seen, todo = [], set(), [value]
    while todo:
        item = todo.pop()
        if isinstance(item, Tensor):
            found.append(item)
        elif isinstance(item, (dict, list, tuple, Unknown)) and id(item) not in seen:
            seen.add(id(item))
            item = item.parts if isinstance(item, Unknown) else item
            todo.extend(item.values() if isinstance(item, dict) else item)
    return found


def read_legacy(stream):
    """The object and {storage key: 1-D array} of a legacy stream; storages are little endian on every machine."""
    first = unpickle(stream, "the file")
    refuse_code(first)
    if first != MAGIC:
        raise CheckpointError("it does not begin like a checkpoint written by torch.save.")
    if unpickle(stream, "the file") != PROTOCOL:
        raise CheckpointError(f"its protocol is not {PROTOCOL}, the only one of the legacy format.")
    unpickle(stream, "the file")  # the writer's system: int sizes, of no use here
    kinds = {}
    value = unpickle(stream, "its object", kinds)
    keys = unpickle(stream, "its list of storages")
    storages = {}
    for key in keys if isinstance(keys, list) else [keys]:
        if not isinstance(key, str) or key not in kinds:
            raise CheckpointError(f"it lists the storage {key!r}, which no tensor uses.")
        count = stream.read(8)  # of elements
        size = struct.unpack("<q", count)[0] * item_size(kinds[key]) if len(count) == 8 else -1
        if not 0 <= size <= len(stream.getbuffer()) - stream.tell():
            raise CheckpointError("it ends before its last tensor: the file was cut off.")
        storages[key] = decode(stream.read(size), kinds[key])
    return value, storages


class ArchiveStorages(dict):
    """{storage key: 1-D array}, each unpacked when it is asked for: optimizers have more than the network."""

    def __init__(self, read, order, kinds):
        super().__init__()
        self.read, self.order, self.kinds = read, order, kinds

    def __missing__(self, key):
        raw = self.read("data/" + key)
        if len(raw) % item_size(self.kinds[key]):
            raise CheckpointError(f"the size of its entry 'data/{key}' is no multiple of one number's.")
        self[key] = decode(raw, self.kinds[key], self.order)
        return self[key]


def read_zip(stream):
    """The object, {storage key: 1-D array} and metadata of a zip archive; a byteorder entry (torch >= 2.1) names the writer's."""
    archive = zipfile.ZipFile(stream)
    entries = {info.filename: info for info in archive.infolist()}
    roots = [name[: -len("data.pkl")] for name in entries if re.fullmatch(r"([^/]+/)?data\.pkl", name)]
    if len(roots) != 1:
        raise CheckpointError("it is a zip archive, but not one written by torch.save (no single data.pkl).")
    if roots[0] + "constants.pkl" in entries:
        raise CheckpointError("it is a TorchScript archive, which holds code: save the module's state_dict().")

    def read(name):
        info = entries.get(roots[0] + name)
        if info is None:
            raise CheckpointError(f"its entry {quoted(name)} is missing.")
        if info.file_size > MOST_BYTES:
            raise CheckpointError(f"its entry {quoted(name)} would unpack to {info.file_size} bytes.")
        try:
            return archive.read(info)
        except (zipfile.BadZipFile, RuntimeError, EOFError, OSError, ValueError, zlib.error) as error:
            raise CheckpointError(
                f"its entry {quoted(name)} is damaged ({' '.join(str(error).split())})."
            ) from error

    kinds = {}
    value = unpickle(io.BytesIO(read("data.pkl")), "its data.pkl", kinds)
    order = ">" if roots[0] + "byteorder" in entries and read("byteorder").strip() == b"big" else "<"
    return value, ArchiveStorages(read, order, kinds), said_by_archive(read, roots[0] + "made_by" in entries)


def said_by_archive(read, is_said):
    """What landscape-export writes beside the tensors: the network's kind and activation."""
    try:
        metadata = json.loads(read("made_by")) if is_said else {}
    except (ValueError, RecursionError):
        metadata = {}
    return metadata if isinstance(metadata, dict) else {}


def load_tensor(name, tensor, storages):
    """A float64 copy of one tensor; refuses what is not real, not inside its storage, not exact or not finite."""
    storage = tensor.storage
    if storage.kind not in REAL + WHOLE:
        word = {"?": "truth values", "c8": "complex numbers", "c16": "complex numbers"}.get(
            storage.kind, storage.kind
        )
        raise CheckpointError(f"tensor {quoted(name)} holds {word}, not real numbers.")
    data = storages[storage.key]
    count = math.prod(tensor.shape)
    last = storage.offset + tensor.offset + sum((n - 1) * step for n, step in zip(tensor.shape, tensor.stride))
    if count < 1 or last >= len(data) or tensor.offset >= storage.numel:
        raise CheckpointError(f"tensor {quoted(name)} of shape {tensor.shape} does not lie inside its storage.")
    if count > MOST_NUMBERS:
        raise CheckpointError(f"tensor {quoted(name)} of shape {tensor.shape} is larger than any network here.")
    strides = [step * data.itemsize for step in tensor.stride]
    view = np.lib.stride_tricks.as_strided(
        data[storage.offset + tensor.offset :], tensor.shape, strides, writeable=False
    )
    if storage.kind in WHOLE and (np.abs(view.astype("O")) > LARGEST_EXACT).any():
        raise CheckpointError(f"tensor {quoted(name)} holds a whole number beyond 2^53, which no double has.")
    values = view.astype("<f8", order="C")
    if not np.isfinite(values).all():
        raise CheckpointError(f"tensor {quoted(name)} holds values that are not finite.")
    return values


# ---- safetensors
def read_safetensors(content):
    """({name: Tensor}, {key: 1-D array}, metadata)"""
    (length,) = struct.unpack("<Q", content[:8])
    if length > len(content) - 8:
        raise CheckpointError("its header is longer than the file: it was cut off.")
    try:
        header = json.loads(bytes(content[8 : 8 + length]))
    except (ValueError, RecursionError) as error:
        raise CheckpointError("its header is no JSON: it is damaged, or no safetensors file.") from error
    if not isinstance(header, dict):
        raise CheckpointError("its header is no JSON object.")
    metadata = header.pop("__metadata__", None) or {}
    if not isinstance(metadata, dict):
        raise CheckpointError("its __metadata__ is no JSON object.")
    data, tensors, storages = content[8 + length :], {}, {}
    for name, entry in header.items():
        entry = entry if isinstance(entry, dict) else {}
        kind, shape, offsets = (entry.get(key) for key in ("dtype", "shape", "data_offsets"))
        if not (isinstance(shape, list) and all(map(natural, shape)) and isinstance(offsets, list)
                and len(offsets) == 2 and all(map(natural, offsets)) and isinstance(kind, str)):  # fmt: skip
            raise CheckpointError(f"tensor {quoted(name)} is not described as the format demands.")
        if kind not in SAFETENSORS:
            raise CheckpointError(
                f"tensor {quoted(name)} has the type {quoted(kind)[1:-1]}, not one of {', '.join(SAFETENSORS)}."
            )
        count, kind = math.prod(shape), SAFETENSORS[kind]
        begin, end = offsets
        if not (begin <= end <= len(data) and end - begin == count * item_size(kind)):
            raise CheckpointError(
                f"tensor {quoted(name)} of shape {tuple(shape)} does not fit its place in the file."
            )
        storages[name] = decode(data[begin:end], kind)
        stride = tuple(math.prod(shape[k + 1 :]) for k in range(len(shape)))
        tensors[name] = Tensor(Storage(name, kind, 0, count), 0, tuple(shape), stride)
    return tensors, storages, metadata


def looks_like_safetensors(content):
    return len(content) > 9 and content[8:9] == b"{" and not content.startswith(b"\x80")


# ---- the state dict among what people save beside it
PARAMETER = re.compile(
    r"(.*\.)?(weight|bias|weight_[gv]|weight_orig|parametrizations\.(weight|bias)\.original[01]?)\Z", re.S
)


def is_state_dict(value):
    return isinstance(value, dict) and any(
        isinstance(key, str) and isinstance(item, Tensor) and PARAMETER.match(key) for key, item in value.items()
    )


def state_of_module(module, prefix="", depth=0):
    """{name: tensor} of a pickled torch.nn.Module, as its state_dict() has them."""
    found = {}
    for kind in ("_parameters", "_buffers"):
        part = module.parts.get(kind)
        for name, tensor in part.items() if isinstance(part, dict) else ():
            if tensor is not None:
                found[f"{prefix}{name}"] = tensor
    children = module.parts.get("_modules")
    for name, child in children.items() if isinstance(children, dict) and depth < 50 else ():
        if isinstance(child, Unknown):
            found.update(state_of_module(child, f"{prefix}{name}.", depth + 1))
    return found


def candidates(value, place=(), depth=0):
    """[(where, state dict)] inside a checkpoint; nothing inside a state dict is one."""
    if isinstance(value, Unknown):
        state = state_of_module(value)
        return [(place, state)] if is_state_dict(state) else []
    if not isinstance(value, dict) or depth > 4:
        return []
    if is_state_dict(value):
        return [(place, value)]
    return [
        found
        for key, item in value.items()
        if isinstance(key, str)
        for found in candidates(item, (*place, key), depth + 1)
    ]


def unknown_names(value):
    """Names of what the checkpoint holds beside tensors that would be code."""
    found, seen, todo = [], set(), [value]
    while todo:
        item = todo.pop()
        if isinstance(item, Unknown) or isinstance(item, type) and issubclass(item, Unknown):
            found.append(item.name)
        elif isinstance(item, (dict, list, tuple)) and id(item) not in seen:
            seen.add(id(item))
            todo.extend(item.values() if isinstance(item, dict) else item)
    return list(dict.fromkeys(found))


def choose_state_dict(value, wanted=None):
    """The state dict of a checkpoint: the only one, or that below the key `wanted`."""
    if isinstance(value, Tensor):
        raise CheckpointError(f"it is one tensor of shape {value.shape}, not a state dict: save net.state_dict().")
    found = candidates(value)
    if wanted is not None:
        chosen = [state for place, state in found if ".".join(place) == wanted or place[-1:] == (wanted,)]
        if len(chosen) != 1:
            has = ", ".join(quoted(".".join(place)) for place, _ in found if place) or "none"
            raise CheckpointError(f"it has no single state dict {quoted(wanted)}; state dicts in it: {has}.")
        return chosen[0]
    if len(found) > 1:
        has = ", ".join(quoted(".".join(place)) for place, _ in found)
        raise CheckpointError(f"it holds the state dicts {has}: choose one with --state-dict.")
    if found:
        return found[0][1]
    code = unknown_names(value)
    if code:
        some = ", ".join(map(quoted, code[:3])) + (" ..." if len(code) > 3 else "")
        raise CheckpointError(
            f"it holds no state dict but {some}, which no state dict needs and which is not run here: save "
            "net.state_dict()."
        )
    if isinstance(value, dict) and value:
        has = ", ".join(quoted(key) for key in list(value)[:8]) + (" ..." if len(value) > 8 else "")
        raise CheckpointError(
            f"it holds no state dict: nothing in it is named like a weight or a bias, only {has}."
        )
    raise CheckpointError("it holds no state dict.")


WRAPPERS = ("module.", "_orig_mod.", "model.")  # of torch.nn.DataParallel, torch.compile and Lightning
COUNTERS = ("n_averaged",)  # of torch.optim.swa_utils.AveragedModel: says nothing about values


def without_wrappers(state):
    """The same tensors without the prefixes that wrappers give them, and without counters."""
    tensors = {}
    for name, item in state.items():
        if name in COUNTERS:
            continue
        if not isinstance(name, str) or not isinstance(item, Tensor):
            what = (
                f": it would be made by {quoted(item.name)}, which is not run here"
                if isinstance(item, Unknown)
                else ""
            )
            raise CheckpointError(
                f"its entry {quoted(name)} is not a tensor{what}, so it is no state dict of a network."
            )
        short = name
        while short.startswith(WRAPPERS):
            short = short[len(next(wrapper for wrapper in WRAPPERS if short.startswith(wrapper))) :]
        if short in tensors:
            raise CheckpointError(f"tensor {quoted(short)} is there twice.")
        tensors[short] = item
    return tensors


Checkpoint = collections.namedtuple("Checkpoint", "tensors storages metadata")


def read(path, wanted=None):
    """The Checkpoint in a file: {name: Tensor} without wrappers' prefixes, the storages, safetensors' metadata."""
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        raise CheckpointError(f"it cannot be read ({error.strerror}).") from error
    metadata = {}
    if looks_like_safetensors(content):
        value, storages, metadata = read_safetensors(content)
        if not value:
            raise CheckpointError("it holds no tensor.")
        if wanted is not None:
            raise CheckpointError("it is a safetensors file, which has no --state-dict to choose.")
        return Checkpoint(without_wrappers(value), storages, metadata)
    if content.startswith(b"PK\3\4"):
        try:
            value, storages, metadata = read_zip(io.BytesIO(content))
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, ValueError, OSError) as error:
            raise CheckpointError(f"its zip archive is damaged ({' '.join(str(error).split())}).") from error
    else:
        value, storages = read_legacy(io.BytesIO(content))
    return Checkpoint(without_wrappers(choose_state_dict(value, wanted)), storages, metadata)
