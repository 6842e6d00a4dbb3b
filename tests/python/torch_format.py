"""Writes checkpoints as torch.save lays them out, without torch: the legacy stream and the zip archive.

Stand-ins named torch.DoubleStorage, torch._utils._rebuild_tensor_v2 ... are put in place while pickling, so that the
pickle refers to them by the very names a real checkpoint has.
"""

import collections
import io
import pickle
import struct
import sys
import types
import unittest.mock
import zipfile

import numpy as np

KINDS = {"f8": "DoubleStorage", "f4": "FloatStorage", "f2": "HalfStorage", "i8": "LongStorage", "u1": "ByteStorage",
         "b1": "BoolStorage", "c16": "ComplexDoubleStorage", "u2": "BFloat16Storage"}  # fmt: skip


class Named:
    """Pickles as a bare name, as torch.float32 does."""

    def __init__(self, module, name):
        self.__module__, self.name = module, name

    def __reduce__(self):
        return self.name


class Call:
    """Pickles as a call of a name, e.g. torch.device("cpu"), with a state where there is one."""

    def __init__(self, module, name, *arguments, state=None):
        self.module, self.name, self.arguments, self.state = module, name, arguments, state

    def __reduce__(self):
        function = getattr(sys.modules[self.module], self.name)
        return (function, self.arguments) if self.state is None else (function, self.arguments, self.state)


FLOAT32 = Named("torch", "float32")
CALLS = (
    ("torch", "device"), ("torch", "Size"), ("torch._utils", "_rebuild_tensor"), ("torch._utils", "_rebuild_sparse_tensor"),
    ("torch._utils", "_rebuild_parameter_with_state"), ("my_project", "Config"), ("my_project", "Net"),
    ("torch.nn.modules.linear", "Linear"),
)  # fmt: skip


def stand_ins():
    """sys.modules entries for a torch that only knows names."""

    def define(module, name, value):
        value.__module__, value.__qualname__, value.__name__ = module.__name__, name, name
        setattr(module, name, value)

    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for name in KINDS.values():
        define(torch, name, type(name, (), {}))
    for name in ("_rebuild_tensor_v2", "_rebuild_parameter"):
        define(utils, name, lambda *args: None)
    found = {"torch": torch, "torch._utils": utils}
    for module, name in CALLS:
        for k in range(1, module.count(".") + 2):
            part = ".".join(module.split(".")[:k])
            found.setdefault(part, types.ModuleType(part))
        define(found[module], name, lambda *args: None)
    torch.float32 = FLOAT32
    return found


class Tensor:
    """Pickles like a torch tensor that views part of a storage; `parameter` like a torch.nn.Parameter around it."""

    def __init__(self, values, offset=0, strides=None, parameter=False, shape=None, version="_v2"):
        self.storage = np.ascontiguousarray(values).reshape(-1)
        self.shape = tuple(shape or values.shape)
        self.strides = strides or tuple(int(np.prod(self.shape[k + 1 :])) for k in range(len(self.shape)))
        self.offset, self.parameter, self.version = offset, parameter, version

    def __reduce__(self):
        utils = sys.modules["torch._utils"]
        reference = StorageReference(self.storage)
        hooks = collections.OrderedDict()
        if self.parameter:
            return utils._rebuild_parameter, (
                Tensor(self.storage, self.offset, self.strides, False, self.shape),
                True,
                hooks,
            )
        if not self.version:  # torch 0.1 to 0.3
            return utils._rebuild_tensor, (reference, self.offset, self.shape, self.strides)
        return utils._rebuild_tensor_v2, (reference, self.offset, self.shape, self.strides, False, hooks)


class StorageReference:
    def __init__(self, array):
        self.array = array


class Pickler(pickle.Pickler):
    def __init__(self, stream, legacy, protocol=2):
        super().__init__(stream, protocol)
        self.legacy, self.storages = legacy, {}

    def persistent_id(self, item):
        if not isinstance(item, StorageReference):
            return None
        key = next((key for key, array in self.storages.items() if array is item.array), str(len(self.storages)))
        self.storages[key] = item.array
        kind = getattr(sys.modules["torch"], KINDS[item.array.dtype.str[1:]])
        return ("storage", kind, key, "cuda:0", item.array.size) + ((None,) if self.legacy else ())


def legacy(path, value, protocol=2):
    stream = io.BytesIO()
    with unittest.mock.patch.dict(sys.modules, stand_ins()):
        for head in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True, "type_sizes": {"int": 4}}):
            pickle.dump(head, stream, protocol)
        pickler = Pickler(stream, True, protocol)
        pickler.dump(value)
        pickle.dump(sorted(pickler.storages), stream, protocol)
    for key in sorted(pickler.storages):
        array = pickler.storages[key]
        stream.write(struct.pack("<q", array.size) + array.astype(array.dtype.newbyteorder("<")).tobytes())
    with open(path, "wb") as file:
        file.write(stream.getvalue())


def archive(path, value, order="little", root="archive/", protocol=2, compression=zipfile.ZIP_STORED):
    stream = io.BytesIO()
    with unittest.mock.patch.dict(sys.modules, stand_ins()):
        pickler = Pickler(stream, False, protocol)
        pickler.dump(value)
    with zipfile.ZipFile(path, "w", compression) as file:
        file.writestr(root + "data.pkl", stream.getvalue())
        file.writestr(root + "byteorder", order)
        for key, array in pickler.storages.items():
            file.writestr(root + "data/" + key, array.astype(array.dtype.newbyteorder(order)).tobytes())
        file.writestr(root + "version", "3\n")


def state_dict(width=4, blocks=1, dimension=1, dtype="f8", name="layer{}", seed=0):
    """Arrays of a random network in the state dict's order."""
    random = np.random.Generator(np.random.Philox(seed))
    layers = [("layer_in", width, dimension)]
    layers += [(name.format(k), width, width) for k in range(1, 2 * blocks + 1)]
    arrays = collections.OrderedDict()
    for layer, rows, columns in layers + [("layer_out", 1, width)]:
        arrays[layer + ".weight"] = random.standard_normal((rows, columns)).astype(dtype)
        arrays[layer + ".bias"] = random.standard_normal(rows).astype(dtype)
    return arrays


def as_tensors(arrays, **options):
    return collections.OrderedDict((name, Tensor(values, **options)) for name, values in arrays.items())
