"""Checkpoints as people save them: each loads with the values that PyTorch gives, or is refused with a sentence that names
the tensor. They are made here, without torch; where it is installed, it reads the same files.
"""

import collections
import json
import os
import struct
import subprocess
import sys
import unittest
import warnings
import zipfile

import numpy as np

try:
    import torch
except ImportError:
    torch = None

import torch_format as tf
from test_import_checkpoint import Runner, import_checkpoint, read_safetensors

INPUTS = os.path.join(os.environ.get("LANDSCAPE_REFERENCE_DIR", ""), "inputs")
MLP = ("--network", "mlp", "--activation", "tanh")


def tensors(arrays=None, prefix="", **options):
    arrays = tf.state_dict() if arrays is None else arrays
    return collections.OrderedDict(
        (prefix + name, tf.Tensor(values, **options)) for name, values in arrays.items()
    )


def mlp(names, widths=(6, 5, 4), dimension=2, seed=5):
    random = np.random.Generator(np.random.Philox(seed))
    arrays = collections.OrderedDict()
    for name, rows, columns in zip(names, [*widths, 1], [dimension, *widths]):
        arrays[f"{name}.weight"] = random.standard_normal((rows, columns))
        arrays[f"{name}.bias"] = random.standard_normal(rows)
    return arrays


def chain(n, pattern, step=1):
    return [pattern.format(step * k) for k in range(n)]


def optimizer():
    moments = {"step": tf.Tensor(np.ones(1)), "exp_avg": tf.Tensor(np.ones((4, 1)))}
    state = collections.defaultdict(dict, {0: moments})
    return {"state": state, "param_groups": [{"lr": 1e-3, "betas": (0.9, 0.999), "params": [0]}]}


def halves(arrays, g="{}.weight_g", v="{}.weight_v", of_rows=True):
    """Every weight as v g / |v|: (state dict, {name: v g / |v| as numpy has it})."""
    state, expected = collections.OrderedDict(), collections.OrderedDict()
    for name, values in arrays.items():
        layer, _, kind = name.rpartition(".")
        expected[name] = values
        if kind == "bias":
            state[name] = tf.Tensor(values)
            continue
        axis = 1 if of_rows else None
        length = np.linalg.norm(values, axis=axis, keepdims=of_rows)
        size = np.abs(values).sum(axis=axis, keepdims=of_rows)
        state[g.format(layer)], state[v.format(layer)] = tf.Tensor(np.asarray(size)), tf.Tensor(values)
        expected[name] = values * (size / length)
    return state, expected


class Module:
    """Pickles like a torch.nn.Module of that class."""

    def __init__(self, module, name, parameters=(), children=()):
        self.call = tf.Call(module, name)
        self.state = {"training": True, "_parameters": collections.OrderedDict(parameters),
                      "_buffers": collections.OrderedDict(), "_modules": collections.OrderedDict(children),
                      "in_features": 3}  # fmt: skip

    def __reduce__(self):
        return getattr(sys.modules[self.call.module], self.call.name), (), self.state


def whole_module(arrays):
    layers = collections.OrderedDict()
    for name, values in arrays.items():
        layer, _, kind = name.rpartition(".")
        layers.setdefault(layer, []).append((kind, tf.Tensor(values, parameter=True)))
    children = [(layer, Module("torch.nn.modules.linear", "Linear", parts)) for layer, parts in layers.items()]
    return Module("my_project", "Net", children=children)


def bfloat16(values):
    return (np.ascontiguousarray(values, "f4").view("u4") >> 16).astype("u2")


class Case:
    """value: what is saved; expected: {name: array} or, where it is refused, the words of the sentence; torch: how the state
    dict is found in what torch.load gives, None where its classes are somebody's own."""

    def __init__(self, value, expected, options=(), write=tf.archive, torch=lambda value: value, **keywords):
        self.value, self.expected, self.options = value, expected, options
        self.write, self.torch, self.keywords = write, torch, keywords


def under(key):
    return lambda value: value[key]


def cases():
    a, deep = tf.state_dict(), mlp(chain(7, "{}", 2), (6, 5, 4, 4, 3, 2))
    single = tf.state_dict(dtype="f4")
    found = {
        "legacy": Case(tensors(), a, write=tf.legacy),
        "zip": Case(tensors(), a),
        "re-compressed zip": Case(tensors(), a, compression=zipfile.ZIP_DEFLATED),
        "single precision": Case(tensors(single), single),
        "loss beside model_state_dict": Case(
            {"model_state_dict": tensors(), "loss": tf.Tensor(np.float32([0.5]), shape=())}, a,
            torch=under("model_state_dict")),
        "epoch, RNG state, optimizer, numpy scalar beside state_dict": Case(
            {"epoch": 3, "state_dict": tensors(), "rng": tf.Tensor(np.arange(9, dtype="u1")), "optimizer": optimizer(),
             "best": np.float64(0.25)}, a, torch=under("state_dict")),
        "the same, legacy": Case(
            {"epoch": 3, "state_dict": tensors(), "rng": tf.Tensor(np.arange(9, dtype="u1")), "optimizer": optimizer(),
             "best": np.float64(0.25)}, a, write=tf.legacy, torch=under("state_dict")),
        "model": Case({"model": tensors(), "epoch": 1}, a, torch=under("model")),
        "net": Case({"net": tensors(), "acc": 0.5}, a, torch=under("net")),
        "weights beside their average": Case(
            {"model": tensors(), "ema": tensors(tf.state_dict(seed=1))}, tf.state_dict(seed=1), ("--state-dict", "ema"),
            torch=under("ema")),
        "which of two is not guessed": Case(
            {"model": tensors(), "ema": tensors(tf.state_dict(seed=1))}, ("'model', 'ema'", "--state-dict")),
        "module.": Case(tensors(prefix="module."), a),
        "_orig_mod.": Case(tensors(prefix="_orig_mod."), a),
        "Lightning": Case(
            {"state_dict": tensors(prefix="model."), "hyper_parameters": tf.Call("my_project", "Config", state={"lr": 1}),
             "callbacks": {}, "pytorch-lightning_version": "2.0"}, a, torch=None),
        "several wrappers": Case(tensors(prefix="model._orig_mod.module."), a),
        "part of another module": Case(tensors(prefix="pinn.u."), a),
        "Counter": Case(
            {"model_state_dict": tensors(), "scheduler": {"milestones": collections.Counter([100, 200, 200])}}, a,
            torch=under("model_state_dict")),
        "set": Case({"model": tensors(), "seen": {1, 2}, "kept": frozenset("a")}, a, torch=under("model")),
        "device": Case({"model": tensors(), "device": tf.Call("torch", "device", "cpu")}, a, torch=under("model")),
        "dtype": Case({"model": tensors(), "dtype": tf.FLOAT32}, a, torch=under("model")),
        "n_averaged": Case(
            collections.OrderedDict([("n_averaged", tf.Tensor(np.array([7]), shape=())), *tensors(prefix="module.").items()]), a),
        "expanded": Case(
            collections.OrderedDict(tensors(), **{"layer_in.weight": tf.Tensor(np.array([0.5]), strides=(0, 1), shape=(4, 1))}),
            collections.OrderedDict(a, **{"layer_in.weight": np.full((4, 1), 0.5)})),
        "parameters": Case(tensors(parameter=True), a),
        "torch 0.1 to 0.3": Case(tensors(version=""), a, write=tf.legacy, torch=None),
        "Sequential": Case(tensors(deep), deep, MLP),
        "bf16": Case(
            tensors({name: bfloat16(values) for name, values in a.items()}),
            {name: (bfloat16(values).astype("u4") << 16).view("f4") for name, values in a.items()}),
        "whole numbers": Case(
            collections.OrderedDict(tensors(), **{"layer1.bias": tf.Tensor(np.array([-3, 0, 2**53, 7]))}),
            collections.OrderedDict(a, **{"layer1.bias": np.array([-3.0, 0, 2.0**53, 7])})),
        "a module itself": Case(whole_module(a), a, torch=None),
        "a module beside an epoch, legacy": Case({"epoch": 1, "net": whole_module(a)}, a, write=tf.legacy, torch=None),
        # refused
        "one tensor": Case(tf.Tensor(np.ones((3, 2))), ("one tensor of shape (3, 2)",)),
        "no network": Case({"epoch": 1, "losses": tf.Tensor(np.ones(3))}, ("holds no state dict", "'epoch', 'losses'")),
        "sparse": Case(
            collections.OrderedDict(tensors(), **{"layer1.weight": tf.Call("torch._utils", "_rebuild_sparse_tensor", 1, 2)}),
            ("'layer1.weight'", "'torch._utils._rebuild_sparse_tensor'")),
        "truth values": Case(
            collections.OrderedDict(tensors(), **{"layer1.bias": tf.Tensor(np.ones(4, "?"))}), ("'layer1.bias'", "truth values")),
        "complex": Case(
            collections.OrderedDict(tensors(), **{"layer1.bias": tf.Tensor(np.ones(4, "c16"))}), ("'layer1.bias'", "complex")),
        "not exact": Case(
            collections.OrderedDict(tensors(), **{"layer1.bias": tf.Tensor(np.array([1, 2, 3, 2**53 + 1]))}),
            ("'layer1.bias'", "beyond 2^53")),
        "numpy arrays": Case(dict(a), ("no state dict but", "_reconstruct'")),
        "spectral norm": Case(
            collections.OrderedDict(list(tensors().items())[1:] + [("layer_in.weight_orig", tf.Tensor(np.ones((4, 1))))]),
            ("'layer_in.weight_orig'", "remove_parametrizations")),
        "half of a weight": Case(
            collections.OrderedDict(list(tensors().items())[1:] + [("layer_in.weight_g", tf.Tensor(np.ones((4, 1))))]),
            ("'layer_in.weight_v' is missing",)),
        "bounds of the input": Case(
            collections.OrderedDict(tensors(), lb=tf.Tensor(np.zeros(1))), ("'lb'", "wanted are weight and bias of", "CLASS")),
        "a name that cannot be printed": Case(
            collections.OrderedDict(tensors(), **{"l\u0000\u2028b": tf.Tensor(np.zeros(1))}), ("'l\\x00\\u2028b'", "CLASS")),
    }  # fmt: skip
    tied = np.arange(1.0, 17.0).reshape(4, 4)
    shared = tf.Tensor(tied)
    other = tf.Tensor(tied)
    other.storage = shared.storage
    found["shared"] = Case(
        collections.OrderedDict(tensors(), **{"layer1.weight": shared, "layer2.weight": other}),
        collections.OrderedDict(a, **{"layer1.weight": tied, "layer2.weight": tied}),
    )
    for name in (
        "layers.{}",
        "net.{}",
        "linears.{}",
        "linear.{}",
        "network.{}",
        "fc{}",
        "model.net.layers.{}",
        "hidden_{}",
    ):
        arrays = mlp(chain(4, name))
        found[name] = Case(tensors(arrays), arrays, MLP)
    for words, g, v in (("weight_g and weight_v", "{}.weight_g", "{}.weight_v"),
                        ("parametrizations", "{}.parametrizations.weight.original0", "{}.parametrizations.weight.original1")):  # fmt: skip
        for of_rows in (True, False):
            state, expected = halves(a, g, v, of_rows)
            found[f"{words}, {'rows' if of_rows else 'whole'}"] = Case(state, expected, torch=None)
    return found


class Saved(Runner):
    def written(self, case):
        case.write(self.source, case.value, **case.keywords)
        if os.path.exists(self.target):
            os.unlink(self.target)


class AsPeopleSaveThem(Saved):
    def test_each_loads_with_its_values_or_is_refused_by_name(self):
        found = cases()
        self.assertGreaterEqual(len(found), 25)
        for words, case in found.items():
            with self.subTest(words):
                self.written(case)
                if isinstance(case.expected, tuple):
                    names = "CLASS" in case.expected
                    self.assertRefused(
                        *(word for word in case.expected if word != "CLASS"), options=case.options, names=names
                    )
                    continue
                values = list(self.imported(*case.options)[0].values())
                expected = list(case.expected.values())
                self.assertEqual([v.shape for v in values], [np.shape(v) for v in expected])
                folded = "weight_g" in words or "parametrizations" in words
                for one, other in zip(values, expected):
                    np.testing.assert_allclose(one, other, rtol=4e-16 if folded else 0, atol=0)

    def test_nothing_of_a_pickle_runs(self):
        marker = self.source + ".ran"

        class Evil:
            def __reduce__(self):
                return os.system, (f"touch '{marker}'",)

        for write in (tf.legacy, tf.archive):
            write(self.source, {"model": tensors(), "extra": Evil(), "args": [Evil(), {"a": Evil()}]})
            self.imported()
            self.assertFalse(os.path.exists(marker))


class Names(Runner):
    """--map, by hand or from a file, and what a refusal offers."""

    NAMES = ("fc_in", "hidden.0", "hidden.1", "out")

    def setUp(self):
        super().setUp()
        self.arrays = mlp(self.NAMES, (5, 5, 5))
        tf.archive(self.source, tensors(self.arrays))

    def check(self, *options):
        values = list(self.imported(*MLP, *options)[0].values())
        for one, other in zip(values, self.arrays.values()):
            np.testing.assert_array_equal(one, other)

    def test_layers_tensors_and_files(self):
        new = ("layer_in", "layer1", "layer2", "layer_out")
        pairs = [f"{old}={name}" for old, name in zip(self.NAMES, new)]
        self.check(*(word for pair in pairs for word in ("--map", pair)))
        parts = [
            f"{old}.{part}={name}.{part}" for old, name in zip(self.NAMES, new) for part in ("weight", "bias")
        ]
        self.check(*(word for pair in parts for word in ("--map", pair)))
        path = os.path.join(os.path.dirname(self.source), "names.txt")
        with open(path, "w") as file:
            file.write("# ours\n" + "\n".join(pair.replace("=", " = ") for pair in pairs) + "  # the last\n\n")
        self.check("--map", path)
        os.unlink(path)

    def test_a_refusal_names_what_is_there_and_offers_the_map_and_the_class(self):
        code, out, err = self.run_tool(*MLP)
        self.assertEqual((code, out), (1, ""))
        self.assertIn("found 'fc_in.weight' (5, 2), 'fc_in.bias' (5,), 'hidden.0.weight' (5, 5)", err)
        self.assertIn("wanted are weight and bias of layer_in, layer1, layer2, ..., layer_out", err)
        line = next(line for line in err.split("\n") if line.startswith("  --map"))
        self.check(*line.split())
        text = err[err.index("class Net") :]
        self.assertEqual(len(text.rstrip().split("\n")), 8)

    def test_maps_that_make_no_sense(self):
        for entry, code, words in (
            ("fc_in=layer_in.kernel", 2, "is not OLD=NEW"),
            ("fc_in=first", 2, "is not OLD=NEW"),
            ("nowhere.txt", 2, "neither OLD=NEW nor a file"),
            ("fc=layer_in", 1, "names 'fc', which it has not; its tensors are 'fc_in.weight' (5, 2)"),
            ("hidden.0.bias=layer1.weight", 1, "belongs to none"),
        ):
            result = self.run_tool(*MLP, "--map", entry)
            self.assertEqual((result[0], result[1]), (code, ""), entry)
            self.assertIn(words, result[2])
        both = ("--map", "fc_in=layer1", "--map", "hidden.0=layer1")
        self.assertIn("makes 'layer1.weight' of two tensors", self.run_tool(*MLP, *both)[2])
        self.assertIn(
            "names 'fc_in' twice", self.run_tool(*MLP, "--map", "fc_in=layer1", "--map", "fc_in=layer2")[2]
        )


def safetensors(path, arrays, kinds=None, metadata=None, say=True):
    """As the format has it; kinds: {name: dtype word}, bfloat16 as u2."""
    words = {"f8": "F64", "f4": "F32", "f2": "F16", "u2": "BF16", "i8": "I64", "u1": "U8", "b1": "BOOL"}
    header, data = ({"__metadata__": metadata} if say else {}), b""
    for name, values in arrays.items():
        content = np.ascontiguousarray(values).tobytes()
        kind = (kinds or {}).get(name) or words[values.dtype.str[1:]]
        header[name] = {
            "dtype": kind,
            "shape": list(values.shape),
            "data_offsets": [len(data), len(data) + len(content)],
        }
        data += content
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


class Safetensors(Runner):
    def test_every_type_and_metadata(self):
        a = tf.state_dict()
        for words, arrays, expected in (
            ("F64", a, a),
            ("F32", tf.state_dict(dtype="f4"), tf.state_dict(dtype="f4")),
            ("F16", tf.state_dict(dtype="f2"), tf.state_dict(dtype="f2")),
            ("BF16", {n: bfloat16(v) for n, v in a.items()}, {n: (bfloat16(v).astype("u4") << 16).view("f4") for n, v in a.items()}),
            ("I64", {n: np.rint(9 * v).astype("i8") for n, v in a.items()}, {n: np.rint(9 * v) for n, v in a.items()}),
        ):  # fmt: skip
            for metadata, say in ((None, True), (None, False), ({"format": "pt"}, True), ({"long": "x" * 3000000}, True),
                                  ({"source": "n\udcffet", "\ud800": "\udfff"}, True)):  # fmt: skip
                safetensors(self.source, arrays, metadata=metadata, say=say)
                found, said = self.imported()
                self.assertEqual(said["network"], "resnet")
                for one, other in zip(found.values(), expected.values()):
                    np.testing.assert_array_equal(one, np.asarray(other, dtype="f8"), words)

    def test_what_the_file_says_of_itself(self):
        safetensors(self.source, tf.state_dict(), metadata={"network": "fcnet", "activation": "sin"})
        code, out, err = self.run_as_given()
        self.assertEqual((code, err), (0, ""))
        self.assertIn("act(z) = sin(z)", out)
        os.unlink(self.target)
        self.assertRefused("says network = fcnet, but --network resnet", options=("--activation", "sin"))

    def test_refusals_name_the_tensor(self):
        a = tf.state_dict()
        safetensors(self.source, dict(a, **{"layer1.bias": np.array([1, 2, 3, -(2**60) - 1])}))
        self.assertRefused("'layer1.bias'", "beyond 2^53")
        safetensors(self.source, dict(a, **{"layer1.bias": np.ones(4, "?")}))
        self.assertRefused("'layer1.bias' has the type BOOL")
        safetensors(self.source, dict(a, **{"layer1.bias": np.full(4, np.nan)}))
        self.assertRefused("'layer1.bias'", "not finite")
        safetensors(self.source, a, kinds={"layer1.bias": "F32"})
        self.assertRefused("'layer1.bias' of shape (4,) does not fit its place")
        with open(self.source, "r+b") as file:
            file.truncate(60)
        self.assertRefused("cut off")

    def test_names_in_any_encoding(self):
        folder = os.path.dirname(self.source)
        source = os.path.join(os.fsencode(folder), b"n\xe9t \xff.pt")
        tf.archive(os.fsdecode(source), tensors())
        for stdout in ("utf-8", "ascii"):
            self.target = os.path.join(folder, os.fsdecode(b"\xe9\xff.safetensors"))
            tool = os.path.join(
                os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools", "import_checkpoint.py"
            )
            result = subprocess.run(
                [sys.executable, "-B", tool, source, "-o", os.fsencode(self.target), "--network", "resnet", "--activation", "swish", "--overwrite"],
                capture_output=True, env={**os.environ, "PYTHONIOENCODING": stdout, "PYTHONUTF8": "0"},
            )  # fmt: skip
            self.assertEqual((result.returncode, result.stderr), (0, b""))
            content = read_safetensors(self.target)[1]["source"]
            content.encode("utf-8")  # no half of a pair
            result = subprocess.run(
                [sys.executable, "-B", tool, b"\xff.pt", "-o", os.fsencode(self.target + "2"), "--network", "resnet", "--activation", "swish"],
                capture_output=True, env={**os.environ, "PYTHONIOENCODING": stdout},
            )  # fmt: skip
            self.assertEqual((result.returncode, result.stderr.count(b"\n")), (1, 1), result.stderr)


@unittest.skipIf(torch is None, "no Python module torch")
class AgainstPyTorch(Saved):
    def test_pytorch_reads_the_same(self):
        n = 0
        for words, case in cases().items():
            if case.torch is None or isinstance(case.expected, tuple):
                continue
            with self.subTest(words):
                self.written(case)
                state = case.torch(torch.load(self.source, map_location="cpu", weights_only=False))
                values = list(self.imported(*case.options)[0].values())
                theirs = [t.detach().double().numpy() for name, t in state.items() if name != "n_averaged"]
                self.assertEqual(len(values), len(theirs))
                for one, other in zip(values, theirs):
                    np.testing.assert_array_equal(one, other)
                n += 1
        self.assertGreaterEqual(n, 25)

    def test_pytorch_folds_weight_normalisation_alike(self):
        from torch.nn.utils import parametrizations, weight_norm

        for normalise in (weight_norm, parametrizations.weight_norm):
            for dim in (0, 1, None):
                torch.manual_seed(1)
                net = torch.nn.Sequential(*(torch.nn.Linear(*size) for size in ((2, 6), (6, 5), (5, 1)))).double()
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", FutureWarning)  # the older of the two
                    for layer in net:
                        normalise(layer, dim=dim)
                torch.save(net.state_dict(), self.source)
                values = list(self.imported(*MLP)[0].values())
                theirs = [part.detach().numpy() for layer in net for part in (layer.weight, layer.bias)]
                for one, other in zip(values, theirs):
                    np.testing.assert_allclose(one, other, rtol=1e-15, atol=0)

    def test_the_offered_class_has_the_names_and_shapes(self):
        from landscape.architecture import class_text

        for network, widths in (
            ("linear", []),
            ("mlp", [4, 3]),
            ("mlp", [5]),
            ("resnet", [4, 4, 4]),
            ("fcnet", [3] * 5),
        ):
            space = {}
            exec(class_text(network, "sin", 2, widths), space)
            net = space["Net"]()
            torch.save(net.state_dict(), self.source)
            options = ("--network", network, *(() if network == "linear" else ("--activation", "sin")))
            values = list(self.imported(*options)[0].values())
            for one, other in zip(values, net.state_dict().values()):
                np.testing.assert_array_equal(one, other.double().numpy())
            arrays = read_safetensors(self.target)[0]
            x = np.random.default_rng(1).random((7, 2))
            ours = import_checkpoint.network_jet(arrays, network, "sin", x)[0]  # the formula that is printed
            np.testing.assert_allclose(
                ours, net(torch.tensor(x).float()).detach().numpy()[:, 0], rtol=1e-4, atol=1e-5
            )


@unittest.skipUnless(os.path.isdir(INPUTS), "LANDSCAPE_REFERENCE_DIR holds no inputs")
class Inputs(Runner):
    def test_small_files_of_the_kinds_that_failed(self):
        names = [name for name in sorted(os.listdir(INPUTS)) if name.endswith((".pt", ".safetensors"))]
        self.assertGreater(len(names), 12)
        for name in names:
            code, _, err = self.run_tool("--overwrite", source=os.path.join(INPUTS, name))
            self.assertEqual((code, err), (0, ""), name)
            self.assertEqual(len(read_safetensors(self.target)[0]), 8, name)


if __name__ == "__main__":
    unittest.main()
