"""tools/import_checkpoint.py: all that torch.save writes is read exactly; everything else is refused."""

import collections
import contextlib
import io
import json
import os
import pickle
import struct
import sys
import tempfile
import unittest

import numpy as np

import torch_format as tf

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools"))
import import_checkpoint  # noqa: E402

REFERENCE = os.environ.get("LANDSCAPE_REFERENCE_DIR", "")


def read_safetensors(path):
    """(tensors in file order, metadata); checks that the data are dense, in order and fill the file."""
    with open(path, "rb") as file:
        content = file.read()
    (length,) = struct.unpack("<Q", content[:8])
    header, data = json.loads(content[8 : 8 + length]), content[8 + length :]
    metadata, tensors, end = header.pop("__metadata__"), {}, 0
    assert length % 8 == 0
    for name, entry in header.items():
        assert entry["dtype"] == "F64" and entry["data_offsets"][0] == end
        end = entry["data_offsets"][1]
        tensors[name] = np.frombuffer(data[slice(*entry["data_offsets"])], "<f8").reshape(entry["shape"])
    assert end == len(data)
    return tensors, metadata


class Runner(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.source, self.target = os.path.join(folder.name, "net.pt"), os.path.join(folder.name, "net.safetensors")

    def run_tool(self, *options, source=None):
        """(exit code, stdout, stderr)"""
        options = list(options)
        if "--network" not in options:
            options += ["--network", "resnet"]
        if "--activation" not in options and "linear" not in options:
            options += ["--activation", "swish"]
        return self.run_as_given(*options, source=source)

    def run_as_given(self, *options, source=None):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = import_checkpoint.main([source or self.source, "-o", self.target, *options])
        return code, out.getvalue(), err.getvalue()

    def imported(self, *options):
        code, out, err = self.run_tool("--overwrite", *options)
        self.assertEqual((code, err), (0, ""))
        return read_safetensors(self.target)

    def assertRefused(self, *words, options=(), names=False):
        """One sentence; where names are unknown the class that has the wanted ones below it."""
        code, out, err = self.run_tool(*options)
        self.assertEqual((code, out), (1, ""), err)
        self.assertEqual("class Net(torch.nn.Module):" in err, names, err)
        err = err.split("\n", 1)[0] + "\n" if names else err
        self.assertEqual(err.count("\n"), 1, "one sentence on one line")
        for word in words:
            self.assertIn(word, err)
        self.assertFalse(os.path.exists(self.target))
        self.assertEqual(os.listdir(os.path.dirname(self.target)), [os.path.basename(self.source)])

    def assertSameTensors(self, tensors, arrays):
        self.assertEqual(
            [name.replace("layer_1", "layer1").replace("layer_2", "layer2") for name in arrays], list(tensors)
        )
        for values, expected in zip(tensors.values(), arrays.values()):
            self.assertEqual(values.shape, expected.shape)
            self.assertTrue((values == expected.astype("f8")).all())


class ReadsWhatTorchWrites(Runner):
    def test_both_containers(self):
        arrays = tf.state_dict()
        for write in (tf.legacy, tf.archive):
            for protocol in (2, 4):
                write(self.source, tf.as_tensors(arrays), protocol=protocol)
                self.assertSameTensors(self.imported()[0], arrays)

    def test_storages_of_a_big_endian_writer(self):
        arrays = tf.state_dict()
        tf.archive(self.source, tf.as_tensors(arrays), order="big", root="net/")
        self.assertSameTensors(self.imported()[0], arrays)

    def test_single_and_half_precision_become_double(self):
        for dtype in ("f4", "f2"):
            arrays = tf.state_dict(dtype=dtype)
            for write in (tf.legacy, tf.archive):
                write(self.source, tf.as_tensors(arrays))
                self.assertSameTensors(self.imported()[0], arrays)

    def test_parameters_wrappers_and_prefixes(self):
        arrays = tf.state_dict(name="layer_{}")
        tensors = tf.as_tensors(arrays, parameter=True)
        wrapped = collections.OrderedDict(("module." + name, tensor) for name, tensor in tensors.items())
        for write in (tf.legacy, tf.archive):
            moments = {"exp_avg": tf.Tensor(np.ones(3)), "step": 7, "betas": (0.9, 0.999)}
            write(self.source, {"epoch": 3, "optimizer": {"state": {0: moments}}, "state_dict": wrapped})
            self.assertSameTensors(self.imported()[0], arrays)

    def test_views_into_one_shared_storage(self):
        arrays = tf.state_dict(width=3, dimension=2)
        flat = np.concatenate([values.T.reshape(-1) for values in arrays.values()])  # every matrix transposed
        tensors, offset = collections.OrderedDict(), 0
        for name, values in arrays.items():
            strides = (1, values.shape[0]) if values.ndim == 2 else (1,)
            tensors[name] = tf.Tensor(flat, offset, strides, shape=values.shape)
            tensors[name].storage = flat
            offset += values.size
        for write in (tf.legacy, tf.archive):
            write(self.source, tensors)
            self.assertSameTensors(self.imported()[0], arrays)

    def test_a_pickle_may_attach_metadata_to_its_dictionary(self):
        tensors = tf.as_tensors(tf.state_dict())
        tensors._metadata = collections.OrderedDict({"": {"version": 1}})
        tensors.values = 3  # would break a reader that used the pickled object's own methods
        tf.legacy(self.source, tensors)
        self.imported()


class InfersTheNetwork(Runner):
    def metadata(self, arrays, *options):
        tf.archive(self.source, tf.as_tensors(arrays))
        return self.imported(*options)[1]

    def test_sizes_and_settings_are_recorded_as_text(self):
        meta = self.metadata(tf.state_dict(width=20, blocks=3, dimension=10), "--activation", "tanh")
        words = "network=resnet width=20 blocks=3 dimension=10 activation=tanh source=net.pt output_negated=false"
        self.assertEqual(meta, dict(word.split("=") for word in words.split()))

    def test_what_a_state_dict_does_not_say_has_to_be_given(self):
        tf.archive(self.source, tf.as_tensors(tf.state_dict()))
        for given, missing, choices in (
            ((), "--network", ("linear", "fcnet", "resnet", "y <- y + act(layer2(act(layer1(y))))")),
            (("--activation", "tanh"), "--network", ("fcnet", "resnet")),
            (("--network", "fcnet"), "--activation", ("swish", "tanh(z)", "sin(z)", "log(1 + exp(z))")),
        ):
            code, out, err = self.run_as_given(*given)
            self.assertEqual((code, out), (2, ""))
            self.assertIn(f"{missing} is missing", err)
            for word in choices:
                self.assertIn(word, err)
            self.assertFalse(os.path.exists(self.target))

    def test_the_formula_is_printed(self):
        tf.archive(self.source, tf.as_tensors(tf.state_dict()))
        for network, step in (("fcnet", "y <- act("), ("resnet", "y <- y + act(")):
            _, out, _ = self.run_as_given("--overwrite", "--network", network, "--activation", "softplus")
            self.assertIn(step, out)
            self.assertIn("act(z) = log(1 + exp(z))", out)
            self.assertIn("no activation after layer_in", out)

    def test_linear_model(self):
        arrays = {"layer_out.weight": np.array([[-2.0, 1.0]]), "layer_out.bias": np.array([-1.0])}
        meta = self.metadata(arrays, "--network", "linear")
        self.assertEqual(
            [meta[key] for key in ("network", "width", "blocks", "dimension")], ["linear", "0", "0", "2"]
        )
        self.assertNotIn("activation", meta)
        self.assertEqual(self.run_as_given("--overwrite", "--network", "linear", "--activation", "sin")[0], 2)

    def test_negate_output_touches_only_the_last_layer(self):
        arrays = tf.state_dict()
        self.metadata(arrays)
        tensors, meta = self.imported("--negate-output")
        self.assertEqual(meta["output_negated"], "true")
        for name in ("layer_out.weight", "layer_out.bias"):
            arrays[name] = -arrays[name]
        self.assertSameTensors(tensors, arrays)


class ImportsAnMlp(Runner):
    """A plain multilayer perceptron of any depth and widths, with our names or a torch.nn.Sequential's."""

    @staticmethod
    def arrays(dimension, widths, names=None):
        random = np.random.default_rng(3)
        names = names or ["layer_in"] + [f"layer{k}" for k in range(1, len(widths))] + ["layer_out"]
        arrays = collections.OrderedDict()
        for name, rows, columns in zip(names, [*widths, 1], [dimension, *widths]):
            arrays[name + ".weight"] = random.normal(size=(rows, columns))
            arrays[name + ".bias"] = random.normal(size=rows)
        return arrays

    def write(self, *arguments):
        arrays = self.arrays(*arguments)
        tf.archive(self.source, tf.as_tensors(arrays))
        return arrays

    def test_layers_and_tensors_are_taken_over(self):
        for widths in ((16, 16), (7,), (4, 9, 6), (5, 5, 5)):
            arrays = self.write(2, widths)
            tensors, meta = self.imported("--network", "mlp", "--activation", "tanh")
            self.assertSameTensors(tensors, arrays)
            layers = ",".join(map(str, widths))
            self.assertEqual(
                {key: meta[key] for key in meta.keys() - {"source", "output_negated"}},
                {"network": "mlp", "layers": layers, "dimension": "2", "activation": "tanh"},
            )

    def test_shapes_that_leave_nothing_else_need_no_word(self):
        for widths in ((16, 16), (7,), (4, 9, 6), (5, 5, 5, 5)):
            self.write(2, widths)
            code, out, err = self.run_as_given("--overwrite", "--activation", "tanh")
            self.assertEqual((code, err), (0, ""), widths)
            self.assertIn("mlp, dimension 2, layers " + ",".join(map(str, widths)), out)
            self.assertIn("an activation after every hidden layer", out)
            os.unlink(self.target)
        for widths in ((5, 5, 5), (4,) * 7):  # an fcnet's or a resnet's, too
            self.write(2, widths)
            code, out, err = self.run_as_given("--activation", "tanh")
            self.assertEqual((code, out), (2, ""), widths)
            self.assertIn("--network is missing", err)
            self.assertFalse(os.path.exists(self.target))

    def test_the_names_of_a_sequential(self):
        for names in (("0", "2", "4", "6"), ("net.0", "net.2", "net.4", "net.10"), [f"linears.{k}" for k in range(4)]):
            arrays = self.write(3, (8, 5, 8), names)
            tensors, meta = self.imported("--network", "mlp")
            self.assertEqual(meta["layers"], "8,5,8")
            self.assertEqual(list(tensors), list(self.arrays(3, (8, 5, 8))))
            for values, expected in zip(tensors.values(), arrays.values()):
                self.assertTrue((values == expected).all())
            os.unlink(self.target)
        self.assertRefused("'linears.0.weight'", "only --network mlp", options=("--network", "resnet"))

    def test_what_does_not_fit_is_refused(self):
        def refused(change, *words, names=False):
            arrays = self.arrays(1, (4, 3))
            change(arrays)
            tf.archive(self.source, tf.as_tensors(arrays))
            self.assertRefused(*words, options=("--network", "mlp"), names=names)

        refused(lambda a: a.update({"layer1.weight": np.ones((3, 5))}), "'layer1.weight'", "(3, 5)", "expected (3, 4)")
        refused(lambda a: a.pop("layer1.weight"), "'layer1.weight' is missing")
        refused(lambda a: a.update({"layer3.weight": np.ones((3, 3))}), "'layer2.weight' is missing")
        refused(lambda a: a.update({"layer_out.weight": np.ones((1, 4))}), "'layer_out.weight'", "expected (1, 3)")
        refused(lambda a: a.update({"5.weight": np.ones((3, 3))}), "'5.weight'", names=True)

    def test_the_loss_tells_an_mlp_from_an_fcnet(self):
        arrays = self.write(1, (4, 4, 4))
        losses = {
            network: import_checkpoint.loss_of(
                arrays, network, "tanh", "galerkin", "sine", *import_checkpoint.quadrature(("gauss", 20), 1)
            )
            for network in ("mlp", "fcnet")
        }
        loss = f"galerkin={losses['mlp']:.5e}"
        expected = ("--activation", "tanh", "--quadrature", "gauss:20", "--expect-loss", loss)
        self.assertEqual(self.run_as_given("--network", "mlp", *expected)[0], 0)
        os.unlink(self.target)
        code, _, err = self.run_as_given("--network", "fcnet", *expected)
        self.assertEqual(code, 1)
        self.assertIn("it is that of an mlp with tanh.", err)


class RefusesWhatDoesNotFit(Runner):
    def write(self, change):
        arrays = tf.state_dict()
        change(arrays)
        tf.archive(self.source, tf.as_tensors(arrays))

    def test_wrong_shape_names_tensor_and_expectation(self):
        self.write(lambda a: a.update({"layer2.weight": np.ones((4, 3))}))
        self.assertRefused("'layer2.weight'", "(4, 3)", "expected (4, 4)")
        self.write(lambda a: a.update({"layer_out.bias": np.ones(2)}))
        self.assertRefused("'layer_out.bias'", "(2,)", "expected (1,)")

    def test_missing_tensor(self):
        for name, shape in (("layer1.bias", "(4,)"), ("layer_out.weight", "(1, 4)"), ("layer_in.weight", "")):
            self.write(lambda a: a.pop(name))
            self.assertRefused(f"'{name}' is missing", shape)

    def test_half_a_block(self):
        self.write(lambda a: (a.pop("layer2.weight"), a.pop("layer2.bias")))
        self.assertRefused("'layer2.weight' is missing", "(4, 4)")

    def test_foreign_or_double_tensor(self):
        self.write(lambda a: a.update({"conv.weight": np.ones((4, 4))}))
        self.assertRefused("'conv.weight'", "linear, fcnet, resnet and mlp", "found 'layer_in.weight' (4, 1),", names=True)
        self.write(lambda a: a.update({"layer_1.weight": np.ones((4, 4))}))
        self.assertRefused("'layer1.weight' is there twice")

    def test_network_asked_for_does_not_fit(self):
        self.write(lambda a: None)
        self.assertRefused("no place in a linear model", options=("--network", "linear"))

    def test_values_that_are_no_finite_reals(self):
        for value in (np.nan, np.inf):
            self.write(lambda a: a["layer2.bias"].__setitem__(1, value))
            self.assertRefused("'layer2.bias'", "not finite")
        self.write(lambda a: a.update({"layer2.bias": 2**53 + np.arange(4, dtype="i8")}))
        self.assertRefused("'layer2.bias'", "beyond 2^53, which no double has")

    def test_view_outside_its_storage(self):
        arrays = tf.state_dict()
        for options in ({"offset": 1}, {"strides": (4, 2)}, {"strides": (0, 0), "shape": (10**7, 10**7)}):
            tensors = tf.as_tensors(arrays)
            tensors["layer1.weight"] = tf.Tensor(arrays["layer1.weight"], **options)
            if "shape" in options:  # a matrix of 800 terabytes out of one number, in a network it fits
                for name, shape in (("layer_in.weight", (10**7, 1)), ("layer_in.bias", (10**7,))):
                    tensors[name] = tf.Tensor(np.ones(1), strides=(0,) * len(shape), shape=shape)
                tensors["layer1.bias"] = tensors["layer2.bias"] = tensors["layer_in.bias"]
                tensors["layer2.weight"] = tensors["layer1.weight"]
                tensors["layer_out.weight"] = tf.Tensor(np.ones(1), strides=(0, 0), shape=(1, 10**7))
            tf.archive(self.source, tensors)
            self.assertRefused("larger than any network" if "shape" in options else "does not lie inside its storage")

    def test_no_state_dict(self):
        for value in ([1, 2], {}, {"a": 1}, {"state_dict": 3}, 5):
            tf.archive(self.source, value)
            self.assertRefused("state dict")

    def test_damaged_and_foreign_files(self):
        for write in (tf.legacy, tf.archive):
            write(self.source, tf.as_tensors(tf.state_dict()))
            with open(self.source, "rb") as file:
                content = file.read()
            for length in range(0, len(content), 41):
                with open(self.source, "wb") as file:
                    file.write(content[:length])
                self.assertRefused()
        for content in (b"", b"text", b"PK\3\4", b"\x89HDF\r\n\x1a\n", pickle.dumps({"layer_in.weight": 1})):
            with open(self.source, "wb") as file:
                file.write(content)
            self.assertRefused()
        os.unlink(self.source)
        self.assertEqual(self.run_tool()[0], 1)

    def test_every_flipped_byte_is_survived(self):
        tf.legacy(self.source, tf.as_tensors(tf.state_dict(width=1)))
        with open(self.source, "rb") as file:
            content = file.read()
        for place in range(len(content)):
            with open(self.source, "wb") as file:
                file.write(content[:place] + bytes([content[place] ^ 0x15]) + content[place + 1 :])
            self.assertIn(self.run_tool("--overwrite")[0], (0, 1))


class ExpectsALoss(Runner):
    """Against losses known by hand: the linear model is the exact solution of the cubic problem, or nothing at all."""

    def linear(self, a, c):
        arrays = {"layer_out.weight": np.array([[float(a)]]), "layer_out.bias": np.array([float(c)])}
        tf.archive(self.source, tf.as_tensors(arrays))

    def expect(self, text, *options, rule="gauss:20"):
        return self.run_as_given("--overwrite", "--expect-loss", text, "--quadrature", rule, *options)

    def test_known_losses(self):
        linear = ("--network", "linear")
        for a, c, problem, ritz, galerkin in (
            (-2, -1, "cubic", -23 / 30, 0),
            (0, 0, "cubic", 0, 28),
            (0, 0, "sine", 0, np.pi**4 / 2),
            # u = x (1 - x): R = 1/6 - int pi^2 sin(pi x) x (1 - x) = 1/6 - 4 / pi
            (0, 1, "sine", 1 / 6 - 4 / np.pi, 4 - 8 * np.pi + np.pi**4 / 2),
        ):
            self.linear(a, c)
            for rule in ("gauss:20", "simpson:400"):
                for loss, value in (("ritz", ritz), ("galerkin", galerkin)):
                    code, out, err = self.expect(f"{loss}={value:.6f}", *linear, "--problem", problem, rule=rule)
                    self.assertEqual((code, err), (0, ""), f"{a} {c} {problem} {loss} {rule}")
                    self.assertIn(f"expected {value:.6f}", out)
                    os.unlink(self.target)
                    code, _, err = self.expect(f"{loss}={value + 1:.6f}", *linear, "--problem", problem, rule=rule)
                    self.assertEqual(code, 1)
                    self.assertIn("not the expected", err)
                    self.assertFalse(os.path.exists(self.target))

    def test_a_lost_end_point(self):
        self.linear(0, 1)  # u = x (1 - x): the Ritz integrand at x = 0 is 1/2, its weight 1/6 per interval
        _, out, _ = self.expect("ritz=1", "--network", "linear", "--tolerance", "9", rule="simpson-as-published:1")
        lost = float(out.split("ritz loss ")[1].split()[0])
        _, out, _ = self.expect("ritz=1", "--network", "linear", "--tolerance", "9", rule="simpson:1")
        self.assertAlmostEqual(float(out.split("ritz loss ")[1].split()[0]) - lost, 0.5 / 6, places=6)

    def test_another_function_is_refused_and_the_right_one_named(self):
        rng = np.random.default_rng(4)
        for dimension in (1, 2):
            arrays = {name: rng.normal(size=a.shape) for name, a in tf.state_dict(width=3, dimension=dimension).items()}
            tf.archive(self.source, tf.as_tensors(arrays))
            _, out, _ = self.expect("galerkin=0", "--network", "resnet", "--activation", "tanh", "--tolerance", "inf")
            self.assertEqual(out, "")  # nothing is within any share of zero
            right = import_checkpoint.loss_of(
                arrays, "resnet", "tanh", "galerkin", "sine", *import_checkpoint.quadrature(("gauss", 20), dimension)
            )
            text = f"galerkin={right:.5e}"
            self.assertEqual(self.expect(text, "--network", "resnet", "--activation", "tanh")[0], 0)
            os.unlink(self.target)
            for wrong in (("resnet", "swish"), ("fcnet", "tanh"), ("fcnet", "sin")):
                code, _, err = self.expect(text, "--network", wrong[0], "--activation", wrong[1])
                self.assertEqual(code, 1)
                self.assertIn("it is that of a resnet with tanh.", err)
                self.assertFalse(os.path.exists(self.target))

    def test_the_digits_given_count(self):
        self.linear(0, 0)
        for text, code in (("galerkin=48.705", 0), ("galerkin=48.7", 0), ("galerkin=48.8", 1), ("galerkin=4.9e1", 0)):
            self.assertEqual(self.expect(text, "--network", "linear")[0], code, text)
        self.assertEqual(self.expect("galerkin=48.8", "--network", "linear", "--tolerance", "0.01")[0], 0)

    def test_expectations_that_make_no_sense(self):
        self.linear(0, 0)
        for options in (
            ("--expect-loss", "galerkin=1"),
            ("--expect-loss", "galerkin", "--quadrature", "gauss:4"),
            ("--expect-loss", "mse=1", "--quadrature", "gauss:4"),
            ("--expect-loss", "ritz=x", "--quadrature", "gauss:4"),
            ("--expect-loss", "ritz=nan", "--quadrature", "gauss:4"),
            ("--expect-loss", "ritz=1e400", "--quadrature", "gauss:4"),
            ("--expect-loss", "ritz=1", "--quadrature", "monte-carlo:4"),
            ("--quadrature", "gauss:4"),
            ("--tolerance", "1"),
        ):
            code, _, err = self.run_as_given("--network", "linear", *options)
            self.assertEqual((code, err.count("\n")), (2, 1), options)


class RunsNothing(Runner):
    def test_code_in_a_checkpoint_is_refused_by_name(self):
        marker = self.source + ".ran"

        class Evil:
            def __init__(self, function, *args):
                self.call = function, args

            def __reduce__(self):
                return self.call

        for name, value in (
            ("posix.system", Evil(os.system, f"touch '{marker}'")),
            ("builtins.eval", Evil(eval, "1")),
            (
                "builtins.getattr",
                Evil(collections.OrderedDict.fromkeys, "ab"),
            ),  # pickled as getattr(OrderedDict, ...)
        ):
            for write in (tf.legacy, tf.archive):
                tensors = tf.as_tensors(tf.state_dict())
                tensors["layer_in.weight"] = value
                write(self.source, tensors, protocol=4)
                self.assertRefused(f"'{name}'")
                self.assertFalse(os.path.exists(marker))

    def test_code_in_the_legacy_header_is_refused(self):
        with open(self.source, "wb") as file:
            file.write(b"\x80\x02cos\nsystem\nX\x04\x00\x00\x00true\x85R.")
        self.assertRefused("'os.system'")

    def test_allowed_names_cannot_be_altered_or_misused(self):
        head = b"".join(pickle.dumps(item, 2) for item in (0x1950A86A20F9469CFC6C, 1001, {}))
        for body in (
            b"ctorch._utils\n_rebuild_tensor_v2\nN}X\x01\x00\x00\x00aK\x01s\x86b.",  # BUILD on a function
            b"ctorch\nDoubleStorage\nN}X\x05\x00\x00\x00_kindX\x02\x00\x00\x00i8s\x86b.",  # BUILD on a storage type
            b"ccollections\nOrderedDict\nN}X\x01\x00\x00\x00aK\x01s\x86b.",  # BUILD on a class
            b"ctorch._utils\n_rebuild_tensor_v2\n(K\x01K\x02tR.",  # a tensor of no storage
            b"K\x01Q.",  # a persistent id that is no storage
            b"]q\x00h\x00a.",  # a list that contains itself
        ):
            with open(self.source, "wb") as file:
                file.write(head + b"\x80\x02" + body + pickle.dumps([], 2))
            self.assertRefused()


class Files(Runner):
    def test_existing_output_is_kept_without_overwrite(self):
        tf.archive(self.source, tf.as_tensors(tf.state_dict()))
        self.imported()
        with open(self.target, "rb") as file:
            written = file.read()
        code, _, err = self.run_tool("--negate-output")
        self.assertEqual(code, 2)
        self.assertIn("--overwrite", err)
        with open(self.target, "rb") as file:
            self.assertEqual(file.read(), written)
        self.imported()

    def test_what_it_did_not_write_is_not_replaced(self):
        tf.archive(self.source, tf.as_tensors(tf.state_dict()))
        with open(self.source, "rb") as file:
            source = file.read()
        others = [b"", b"precious", struct.pack("<Q", 2) + b"{}", struct.pack("<Q", 2**60), source]
        for content in others:
            with open(self.target, "wb") as file:
                file.write(content)
            for options in ([], ["--overwrite"]):
                code, _, err = self.run_tool(*options)
                self.assertEqual(code, 2)
                self.assertRegex(err, "not written by this tool; remove it or choose another -o[.]\n$")
                with open(self.target, "rb") as file:
                    self.assertEqual(file.read(), content)
        os.remove(self.target)
        for link in (os.symlink, os.link, lambda source, target: os.mkfifo(target)):
            link(self.source, self.target)
            self.assertEqual(self.run_tool("--overwrite")[0], 2)
            self.assertTrue(os.path.lexists(self.target))
            os.remove(self.target)
        with open(self.source, "rb") as file:
            self.assertEqual(file.read(), source)

    def test_the_checkpoint_is_not_its_own_output(self):
        tf.archive(self.source, tf.as_tensors(tf.state_dict()))
        self.target = self.source
        code, _, err = self.run_tool("--overwrite")
        self.assertEqual(code, 2)
        self.assertIn("the checkpoint itself", err)

    def test_a_link_to_an_earlier_output_stays_a_link(self):
        tf.archive(self.source, tf.as_tensors(tf.state_dict()))
        self.imported()
        real = self.target + ".real"
        os.replace(self.target, real)
        os.symlink(real, self.target)
        self.assertEqual(self.run_tool("--overwrite", "--negate-output")[0], 0)
        self.assertTrue(os.path.islink(self.target))
        with open(real, "rb") as file:
            self.assertIn(b'"output_negated": "true"', file.read())

    def test_unwritable_output(self):
        tf.archive(self.source, tf.as_tensors(tf.state_dict()))
        self.target = os.path.join(os.path.dirname(self.target), "nowhere", "x.safetensors")
        code, _, err = self.run_tool()
        self.assertEqual(code, 1)
        self.assertIn("cannot be written", err)


@unittest.skipUnless(
    os.path.isdir(os.path.join(REFERENCE, "minimizers")), "LANDSCAPE_REFERENCE_DIR holds no minimizers"
)
class PublishedMinimizers(Runner):
    def test_parameters_equal_the_independent_reading(self):
        with open(os.path.join(REFERENCE, "profiles.json")) as file:
            profiles = json.load(file)["profiles"]
        for kind in ("resnet", "fcnet"):
            for loss in ("ritz", "galerkin"):
                name = f"{kind}_{loss}.pkl"
                self.source = os.path.join(REFERENCE, "minimizers", name)
                tensors, meta = self.imported("--negate-output", "--network", kind)
                self.assertEqual([meta[k] for k in ("network", "width", "blocks", "dimension", "source")],
                                 [kind, "4", "1", "1", name])  # fmt: skip
                theta = np.concatenate([values.reshape(-1) for values in tensors.values()])
                expected = [entry["theta"] for entry in profiles if entry["minimizer"] == name]
                self.assertTrue(expected, f"profiles.json has no {name}")
                self.assertTrue((theta == np.array(expected[0])).all())


if __name__ == "__main__":
    unittest.main()
