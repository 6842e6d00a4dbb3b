"""Writes a minimizer as PyTorch and others read it, without torch and without changing a bit.

safetensors: 8 bytes with the header's length, a JSON header padded to 8 bytes, raw little-endian numbers. pt: the zip
archive of torch.save, data.pkl (a pickle of protocol 2 that rebuilds an OrderedDict of tensors) beside data/<key>, each
storage at a multiple of 64 bytes. torch.load(FILE) gives the state dict, with weights_only too.
"""

import io
import json
import struct
import zipfile

import numpy as np

from .architecture import class_text, layer_names
from .output import MARK
from .reader import LandscapeError, crc32c

MARKED = "made_by"  # an entry that torch.load passes over
ALIGNMENT = 64


def widths_of(minimizer):
    """Of layer_in, layer1, ... as the minimizer's attributes say."""
    about = minimizer.attributes
    if about.get("network") == "linear":
        return []
    if about.get("network") == "mlp":
        return [int(width) for width in np.atleast_1d(about["layers"])]
    return [int(about["width"])] * (1 + 2 * int(about["blocks"]))


def checked_tensors(file, minimizer):
    """{name: (out, in) or (out) float64} in PyTorch's order; the shapes are those of the network, the bits those written."""
    about = minimizer.attributes
    network, path = about.get("network"), f"minimizer/{minimizer.name}/parameters"
    if network not in ("linear", "fcnet", "resnet", "mlp"):
        raise LandscapeError(
            f"'{file.path}': the network '{network}' of the minimizer '{minimizer.name}' is not known."
        )
    widths = widths_of(minimizer)
    sizes = [int(about["dimension"]), *widths, 1]
    tensors = {}
    for layer, columns, rows in zip(layer_names(network, widths), sizes, sizes[1:]):
        for name, shape in ((f"{layer}.weight", (rows, columns)), (f"{layer}.bias", (rows,))):
            values = np.asarray(minimizer.tensors.get(name))
            if values.shape != shape or values.dtype.kind != "f":
                raise LandscapeError(f"'{file.path}' is damaged: /{path}/{name} is no tensor of shape {shape}.")
            content = np.ascontiguousarray(values, dtype="<f8")
            if "crc32c" in file.h5[f"{path}/{name}"].attrs:
                if crc32c(content.tobytes()) != int(file.h5[f"{path}/{name}"].attrs["crc32c"]):
                    raise LandscapeError(f"'{file.path}' is damaged: /{path}/{name} does not match its checksum.")
            tensors[name] = content
    spare = sorted(set(minimizer.tensors) - set(tensors))
    if spare:
        raise LandscapeError(f"'{file.path}' is damaged: /{path}/{spare[0]} has no place in its network.")
    return tensors


def metadata_of(minimizer):
    """As landscape_mpi and import_checkpoint.py write it; all values are texts."""
    about, widths = minimizer.attributes, widths_of(minimizer)
    network = about["network"]
    found = {"network": network, "dimension": str(int(about["dimension"]))}
    if network == "mlp":
        found["layers"] = ",".join(map(str, widths))
    else:
        found.update(width=str(widths[0] if widths else 0), blocks=str(len(widths) // 2))
    if network != "linear":
        found["activation"] = str(about["activation"])
    for key in ("loss", "problem"):
        if about.get(key):
            found[key] = str(about[key])
    return {**found, "minimizer": minimizer.name, MARKED: MARK}


def class_of(minimizer):
    """The torch.nn.Module that takes the state dict."""
    about = minimizer.attributes
    return class_text(about["network"], about.get("activation"), int(about["dimension"]), widths_of(minimizer))


def safetensors_bytes(tensors, metadata):
    header, offset = {"__metadata__": metadata}, 0
    for name, values in tensors.items():
        header[name] = {
            "dtype": "F64",
            "shape": list(values.shape),
            "data_offsets": [offset, offset + values.nbytes],
        }
        offset += values.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(values.tobytes() for values in tensors.values())


# ---- the pickle, opcode by opcode: torch's names are only named here
def text(value):
    content = value.encode()
    return b"X" + struct.pack("<I", len(content)) + content


def whole(value):
    return b"J" + struct.pack("<i", value)


def several(*parts):
    """A tuple."""
    return b"(" + b"".join(parts) + b"t"


ORDERED_DICT = b"ccollections\nOrderedDict\n)R"


def tensor_pickle(key, values):
    storage = several(text("storage"), b"ctorch\nDoubleStorage\n", text(key), text("cpu"), whole(values.size))
    strides = [int(np.prod(values.shape[k + 1 :])) for k in range(values.ndim)]
    return b"ctorch._utils\n_rebuild_tensor_v2\n" + several(
        storage + b"Q",  # BINPERSID
        whole(0),
        several(*map(whole, values.shape)),
        several(*map(whole, strides)),
        b"\x89",  # requires_grad: False
        ORDERED_DICT,
    ) + b"R"  # fmt: skip


def state_dict_pickle(tensors):
    items = b"".join(
        text(name) + tensor_pickle(str(key), values) for key, (name, values) in enumerate(tensors.items())
    )
    return b"\x80\x02" + ORDERED_DICT + b"(" + items + b"u."


def pt_bytes(tensors, metadata):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:

        def put(name, data):
            entry = zipfile.ZipInfo(
                f"archive/{name}", (1980, 1, 1, 0, 0, 0)
            )  # no date: equal networks, equal files
            entry.external_attr = 0o644 << 16
            begin = archive.fp.tell() + 30 + len(entry.filename) + 4
            entry.extra = struct.pack("<HH", 0x4246, -begin % ALIGNMENT) + b"Z" * (-begin % ALIGNMENT)
            archive.writestr(entry, data)

        put("data.pkl", state_dict_pickle(tensors))
        put("byteorder", b"little")
        for key, values in enumerate(tensors.values()):
            put(f"data/{key}", values.tobytes())
        put("version", b"3\n")
        put(MARKED, json.dumps(metadata))
    return content.getvalue()
