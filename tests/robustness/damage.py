"""Ways to damage a file, for test_fuzz.py: bytes, HDF5 objects, lines of settings. Every one a function of the trial's number."""

import h5py
import numpy as np

HOSTILE = [
    "-1",
    "0",
    "nan",
    "inf",
    "-inf",
    "1e308",
    "1e-400",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551616",
    "4294967296",
    "1000000000",
    "0x10",
    "1,5",
    "",
    " ",
    "\u00e4",
    "true",
    "%s%n",
    "../../etc/passwd",
    "a" * 5000,
    "1:2",
    "-1:1:1000000000",
    "simpson:1000000000",
    "gauss:100000000",
    "sobol:99999999999",
    "monte-carlo:-1",
    "simpson:0",
    "none",
    "copy",
]


class Damage:
    """One way of damaging one file, a pure function of the trial's number."""

    def __init__(self, trial):
        self.rng = np.random.Generator(np.random.Philox(key=[500, trial]))

    def pick(self, things):
        return things[int(self.rng.integers(len(things)))]

    def bytes_of(self, path):
        with open(path, "rb") as file:
            data = bytearray(file.read())
        how = self.pick(["flip", "flip", "few", "block", "cut", "longer", "zeros", "ones", "head"])
        at = int(self.rng.integers(max(1, len(data))))
        if how == "flip":
            data[at] ^= 1 << int(self.rng.integers(8))
        elif how == "few":
            for _ in range(int(self.rng.integers(2, 30))):
                data[int(self.rng.integers(len(data)))] = int(self.rng.integers(256))
        elif how == "block":
            data[at : at + 64] = self.rng.bytes(64)
        elif how == "cut":
            del data[at:]
        elif how == "longer":
            data += self.rng.bytes(1000)
        elif how in ("zeros", "ones"):
            n = min(len(data) - at, 512)
            data[at : at + n] = (b"\0" if how == "zeros" else b"\xff") * n
        else:  # where the format's own fields lie, behind our 8 KiB of text too
            base = self.pick([0, 0, 8192]) if len(data) > 9000 else 0
            for _ in range(3):
                data[base + int(self.rng.integers(min(200, len(data) - base)))] = int(self.rng.integers(256))
        with open(path, "wb") as file:
            file.write(data)
        return how

    def hdf5_of(self, path):
        with h5py.File(path, "r+") as file:
            nodes = []
            file.visititems(lambda name, node: nodes.append(name))
            if self.rng.integers(2):  # most of the nodes are results: the others have their share
                nodes = [n for n in nodes if not n.startswith("roughness")]
            name = self.pick(sorted(nodes))
            node = file[name]
            how = self.pick(
                [
                    "dataset type",
                    "dataset shape",
                    "huge dataset",
                    "values",
                    "values",
                    "attribute",
                    "attribute",
                    "attribute type",
                    "delete",
                    "link",
                    "group for dataset",
                ]
            )
            if how.startswith(("dataset", "huge", "values", "group")) and not isinstance(node, h5py.Dataset):
                name = self.pick(sorted(n for n in nodes if isinstance(file[n], h5py.Dataset)))
                node = file[name]
            if how.startswith("attribute"):
                name = self.pick(["/", *sorted(n for n in nodes if isinstance(file[n], h5py.Group))])
                node = file[name]
                if not node.attrs:
                    node, name = file, "/"
                key = self.pick(sorted(node.attrs))
                if how == "attribute type":
                    value = self.pick(
                        [
                            np.int8(-3),
                            np.float32(2.5),
                            np.zeros((2, 2)),
                            "text",
                            h5py.Empty("f8"),
                            np.bytes_(b"\xff\xfe\xc3"),
                            np.arange(3),
                        ]
                    )
                    del node.attrs[key]
                    node.attrs[key] = value
                else:
                    old = np.asarray(node.attrs[key])
                    if old.dtype.kind in "iu":
                        value = np.full(old.shape, self.pick([-1, 0, 2**31, 2**40, 2**63 - 1]), old.dtype)
                    elif old.dtype.kind == "f":
                        value = np.full(old.shape, self.pick([np.nan, np.inf, -1.0, 1e308]), old.dtype)
                    else:
                        value = self.pick(  # of a fixed length, and, as ours are, of a variable one
                            [
                                np.bytes_(b"\xff\xfe\xc3("),
                                np.bytes_(b"a" * 50000),
                                "\u00fc" * 500000,
                                np.bytes_(b""),
                                "",
                                "directions = -5\n",
                                np.bytes_(b"grid = -1:1:99999999\ndimension = 999\n"),
                                ["ritz", "", "../ritz"],
                            ]
                        )
                    del node.attrs[key]
                    node.attrs[key] = value
                return f"{how} {name} {key}"
            if how == "dataset type":
                data = np.asarray(node[()])
                if data.dtype.kind not in "iuf":  # a text
                    data = np.frombuffer(data.tobytes(), "u1")
                del file[name]
                file.create_dataset(name, data=data.astype(self.pick(["f4", "i2", "S3", "c16"])))
            elif how == "dataset shape":
                data = np.asarray(node[()])
                del file[name]
                file.create_dataset(
                    name,
                    data=self.pick(
                        [
                            data.ravel()[:-1],
                            data.reshape(-1, 1, 1),
                            np.zeros(0),
                            data.ravel()[0],
                            np.repeat(np.atleast_1d(data), 2, axis=0),
                        ]
                    ),
                )
            elif how == "huge dataset":
                shape = tuple(
                    self.pick([2**33, 2**45, 2**20]) if i == 0 else max(1, n) for i, n in enumerate(node.shape or (1,))
                )
                dtype = node.dtype
                del file[name]
                file.create_dataset(name, shape=shape, dtype=dtype, chunks=tuple(min(n, 64) for n in shape))
            elif how == "values":
                data = np.asarray(node[()], dtype=node.dtype)  # of a text with its encoding, without which h5py writes none
                flat = np.atleast_1d(data).ravel()
                at = int(self.rng.integers(max(1, flat.size)))
                flat[at] = (
                    self.pick([np.nan, np.inf, -1e300, 0.0])
                    if flat.dtype.kind == "f"
                    else (
                        self.pick([0, 1, 7, 255 if flat.dtype == np.uint8 else 100000])
                        if flat.dtype.kind in "iu"
                        else self.pick([b"", b"complete", b"pending", b"\xff\xfe\xc3(", b"a" * 2000])
                    )
                )
                node[...] = flat.reshape(data.shape)
            elif how == "delete":
                del file[name]
            elif how == "link":
                del file[name]
                file[name] = self.pick(
                    [h5py.SoftLink("/nowhere"), h5py.SoftLink("/" + name), h5py.ExternalLink("none.h5", "/")]
                )
            else:
                del file[name]
                file.create_group(name)
            return f"{how} {name}"

    def text_of(self, path):
        with open(path, "rb") as file:
            lines = file.read().decode().splitlines()
        how = self.pick(["value", "value", "value", "key", "twice", "join", "bytes", "long"])
        i = int(self.rng.integers(len(lines)))
        key, _, _ = lines[i].partition(" = ")
        if how == "value":
            lines[i] = f"{key} = {self.pick(HOSTILE)}"
        elif how == "key":
            lines[i] = self.pick(
                [
                    "",
                    "=",
                    "= 5",
                    "key",
                    "\u00fc = 4",
                    "output = ",
                    "resume = maybe",
                    "config = self.cfg",
                    "threads = 5000",
                ]
            )
        elif how == "twice":
            lines.append(lines[i])
        elif how == "join":
            lines = [" ".join(lines)]
        elif how == "long":
            lines[i] = "x" * 1000000
        text = "\n".join(lines).encode() + b"\n"
        if how == "bytes":
            at = int(self.rng.integers(len(text)))
            text = text[:at] + self.pick([b"\xff\xfe", b"\0", b"\r", b"\xc3("]) + text[at:]
        with open(path, "wb") as file:
            file.write(text)
        return f"{how} {lines[min(i, len(lines) - 1)][:60]}"
