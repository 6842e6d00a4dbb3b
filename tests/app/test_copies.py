"""Copies of an output that HDF5's own tools and h5py make, in any format, chunked and compressed, are read like it; and
minimizers and directions that h5py wrote."""

import os
import shutil
import subprocess
import sys
import unittest

import h5py
import numpy as np
from system import QUICK, REFERENCE, SOURCE, SystemTest, contents, main, table_of, theta_of

INPUTS = os.path.join(REFERENCE, "inputs") if REFERENCE else ""
REPACKED = {
    "latest.h5": ["-L"],
    "chunked.h5": ["-l", "profiles/ritz/loss,profiles/galerkin/complete:CHUNK=4x5", "-l", "minimizer/ritz/parameters/layer1.weight:CHUNK=3x2"],
    "all.h5": ["-L", "-f", "SHUF", "-f", "GZIP=1", "-f", "FLET"],
}


def copy_by_h5py(source, target, **keywords):
    """Value by value, attributes included: texts become texts of variable length."""

    def visit(name, node):
        if isinstance(node, h5py.Dataset):
            options = keywords if node.shape and node.size else {}
            new = target.create_dataset(name, data=node[()], **options)
        else:
            new = target.require_group(name)
        for key, value in node.attrs.items():
            new.attrs[key] = value.decode() if isinstance(value, bytes) else value

    target.attrs.update({k: v.decode() if isinstance(v, bytes) else v for k, v in source.attrs.items()})
    source.visititems(visit)


class Copies(SystemTest):
    def setUp(self):
        super().setUp()
        self.run_program(*QUICK, "--save-directions", "--output=whole.h5")

    def copies(self):
        made = []
        if shutil.which("h5repack"):
            for name, options in REPACKED.items():
                subprocess.run(
                    ["h5repack", *options, "whole.h5", name], cwd=self.folder, check=True, capture_output=True
                )
                made.append(name)
        with h5py.File(self.path("whole.h5"), "r") as source:
            with h5py.File(self.path("values.h5"), "w", libver="latest") as target:
                copy_by_h5py(source, target, compression="gzip", shuffle=True)
            with h5py.File(self.path("nodes.h5"), "w", libver="latest") as target:
                target.attrs.update(source.attrs)
                for name in source:
                    source.copy(name, target)
        return [*made, "values.h5", "nodes.h5"]

    def test_every_reading_command_reads_them(self):
        report = self.run_program("reduce", "whole.h5", "--full-report").stdout
        info = sorted(self.run_program("info", "whole.h5").stdout.splitlines()[1:])
        run = ["--minimizer=whole.h5", "--directions-from=whole.h5", "--grid=-1:1:9", "--bootstrap=100"]
        self.run_program(*run, "--output=again.h5")
        expected = contents(self.path("again.h5"))
        for name in self.copies():
            with self.subTest(name):
                self.assertEqual(self.run_program("reduce", name, "--full-report").stdout, report)
                self.assertEqual(sorted(self.run_program("info", name).stdout.splitlines()[1:]), info)
                printed = self.run_program("verify", name, "--all").stdout
                self.assertEqual(printed.count("the same bits"), 2, printed)
                self.assertIn("not distinguishable", self.run_program("compare", "whole.h5", name).stdout)
                self.run_program(*[word.replace("whole.h5", name) for word in run], f"--output=by-{name}")
                found = contents(self.path(f"by-{name}"))
                for loss in ("ritz", "galerkin"):
                    key = f"profiles/{loss}/loss"
                    self.assertEqual(found[key], expected[key], name)

    def test_nothing_is_added_to_them(self):
        for name in self.copies():
            before = contents(self.path(name))
            with self.subTest(name):
                error = self.run_program(*QUICK, "--save-directions", "--resume", f"--output={name}", code=1).stderr
                self.assertRegex(error, rf"\Alandscape_mpi: '{name}' .*nothing can be added to it[^\n]*\n\Z")
                self.assertEqual(contents(self.path(name)), before)

    def test_damage_in_them_is_seen(self):
        for name in self.copies():
            with self.subTest(name):
                with h5py.File(self.path(name), "r+") as file:
                    file["profiles/ritz/loss"][2, 3] += 1e-9
                self.run_program("verify", name, "--all", code=1)
                with h5py.File(self.path(name), "r+") as file:
                    file["minimizer/galerkin/parameters/layer1.weight"][2, 1] *= 1 + 1e-12
                self.assertIn("checksum does not match", self.run_program("reduce", name, code=1).stderr)
                self.assertIn("checksum does not match", self.run_program("--minimizer=" + name, code=1).stderr)

    def test_they_can_be_overwritten(self):
        for name in self.copies():
            self.run_program("train", *QUICK, "--overwrite", f"--output={name}")

    def test_the_plot_tool_draws_them(self):
        tool = os.path.join(SOURCE, "tools", "landscape-plot")
        said = set()
        for name in ["whole.h5", *self.copies()]:
            process = subprocess.run(
                [sys.executable, tool, name, "-o", "plot.png"], cwd=self.folder, capture_output=True, text=True
            )
            self.assertEqual(process.returncode, 0, process.stderr)
            said.add(process.stdout)
        self.assertEqual(len(said), 1, said)


class Incomplete(SystemTest):
    """Copies that left something out, by hand or by a tool that does not copy attributes."""

    READING = (["info", "x.h5"], ["reduce", "x.h5"], ["verify", "x.h5"], ["compare", "x.h5", "whole.h5"])
    LOADING = ["--minimizer=x.h5", "--directions-from=x.h5", "--grid=-1:1:3", "--output=y.h5", "--overwrite"]
    # What is left out, and the commands that need it: the first letters of the above.
    NEEDED = {
        ("state", None): "irvc",
        ("/", "command"): "irvc",
        ("/", "device"): "irvc",
        ("/", "config"): "irvc",
        ("/", "config_hash"): "irvc",
        ("problem", None): "irvc",
        ("problem", "problem"): "irvc",
        ("problem", "dimension"): "irvc",
        ("problem/points", None): "v",
        ("problem/weights", None): "v",
        ("minimizer", None): "rvcl",
        ("minimizer/ritz", None): "irvcl",
        ("minimizer/ritz", "network"): "irvcl",
        ("minimizer/ritz", "width"): "irvcl",
        ("minimizer/galerkin/parameters", None): "irvcl",
        ("minimizer/galerkin/parameters/layer1.weight", None): "irvcl",
        ("minimizer/galerkin/history/loss", None): "irvcl",
        ("profiles/ritz", "values"): "irvc",
        ("profiles/ritz", "axis"): "rvc",
        ("profiles/ritz/loss", None): "irvc",
        ("profiles/ritz/steps", None): "rvc",
        ("profiles/galerkin/complete", None): "irvc",
        ("profiles/galerkin/row_checksum", None): "irvc",
        ("profiles/galerkin/evaluation_seconds", None): "rc",
        ("profiles/galerkin/curvature", None): "",
        ("roughness/ritz/evaluation_seconds", None): "irvc",
        ("roughness/ritz/state", None): "irvc",
        ("roughness/galerkin", "results"): "irvc",
    }

    def setUp(self):
        super().setUp()
        self.run_program(*QUICK, "--save-directions", "--history-every=50", "--output=whole.h5")

    def copy(self, change):
        with h5py.File(self.path("whole.h5"), "r") as source, h5py.File(self.path("x.h5"), "w") as target:
            copy_by_h5py(source, target)
            change(target)

    def test_without_checksums_they_are_read_and_that_is_said_once(self):
        def change(file):
            file.visititems(lambda name, node: node.attrs.pop("crc32c", None) and None)
            for name in ("ritz", "ritz/curve", "ritz/histogram", "galerkin", "comparison"):
                del file[f"roughness/{name}/crc32c"]

        self.copy(change)
        for command in self.READING:
            process = self.run_program(*command)
            self.assertRegex(process.stderr, r"\Awarning: 'x.h5' is a copy without checksums: [^\n]*[.]\n\Z")
        copied, whole = (self.run_program("reduce", name, "--full-report").stdout for name in ("x.h5", "whole.h5"))
        self.assertEqual(copied, whole)
        process = self.run_program(*self.LOADING)
        self.assertEqual((process.stdout.count("x.h5 without a checksum"), process.stderr), (2, ""))

    def test_without_another_part_they_are_refused_in_one_sentence(self):
        for (name, attribute), commands in self.NEEDED.items():

            def change(file):
                if attribute is None:
                    del file[name]
                else:
                    del file[name].attrs[attribute]

            self.copy(change)
            for command in (*self.READING, self.LOADING):
                letter = "l" if command is self.LOADING else command[0][0]
                if letter == "l" and "l" not in commands:
                    continue  # seconds saved
                with self.subTest(name=name, attribute=attribute, command=command):
                    process = self.run_program(*command, code=int(letter in commands))
                    self.assertNotIn("HDF5 cannot", process.stderr)
                    if letter in commands:
                        part = attribute or name
                        sentence = rf"\Alandscape_mpi: [^\n]*'x.h5'[^\n]*\b{part}\b[^\n]*[.]\n\Z"
                        self.assertRegex(process.stderr, sentence)
                        self.assertRegex(process.stderr, "use the original or a complete copy|give another file")

    def test_what_leads_nowhere_or_is_something_else_is_missing(self):
        for other in (h5py.SoftLink("/nowhere"), h5py.ExternalLink("none.h5", "/x"), None, 3.0):
            for name in ("minimizer/ritz", "profiles/ritz/loss", "profiles/ritz/steps"):

                def change(file):
                    del file[name]
                    if other is None:
                        file.create_group(name)
                    else:
                        file[name] = other

                self.copy(change)
                with self.subTest(name=name, other=other):
                    stderr = self.run_program("reduce", "x.h5", code=1).stderr
                    self.assertRegex(stderr, r"\Alandscape_mpi: 'x.h5' [^\n]*[.]\n\Z")
                    self.assertNotIn("HDF5 cannot", stderr)

    def test_that_a_file_was_altered_is_said_once_per_file(self):
        for name in ("x.h5", "z.h5"):
            shutil.copy(self.path("whole.h5"), self.path(name))
            with h5py.File(self.path(name), "r+") as file:
                file.attrs["note"] = "mine"
        for command in (*self.READING, self.LOADING):
            stderr = self.run_program(*command).stderr
            self.assertRegex(stderr, r"\Awarning: 'x.h5' was altered [^\n]*[.]\n\Z", command)
        stderr = self.run_program("compare", "x.h5", "z.h5").stderr
        self.assertEqual(stderr.count("'x.h5' was altered"), 1, stderr)
        self.assertEqual(stderr.count("'z.h5' was altered"), 1, stderr)


class FromPython(SystemTest):
    """What people write with h5py: no checksums, texts of variable length, whole numbers where others have fractions."""

    def write(self, name, spoil=lambda file: None, **keywords):
        theta = 0.1 * np.cos(np.arange(53.0))
        shapes = {"layer_in": (4, 1), "layer1": (4, 4), "layer2": (4, 4), "layer_out": (1, 4)}
        with h5py.File(self.path(name), "w", **keywords) as file:
            for loss in ("ritz", "galerkin"):
                group = file.create_group(f"minimizer/{loss}")
                at = 0
                for layer, shape in shapes.items():
                    for name, shape in ((f"{layer}.weight", shape), (f"{layer}.bias", shape[:1])):
                        group[f"parameters/{name}"] = theta[at : at + np.prod(shape)].reshape(shape)
                        at += np.prod(shape)
                group.attrs.update(network="resnet", activation="swish", width=4, blocks=1, dimension=1, final_loss=0)
            rows = np.random.Generator(np.random.Philox(1)).standard_normal((5, 53))
            file.create_dataset("direction", data=rows, compression="gzip", fletcher32=True, chunks=(2, 10))
            spoil(file)
        return theta, rows

    def test_a_minimizer_without_a_checksum_is_read_and_that_is_said(self):
        for keywords in ({}, {"libver": "latest"}):
            theta, rows = self.write("mine.h5", **keywords)
            run = ["--minimizer=mine.h5", "--directions-from=mine.h5", "--grid=-1:1:5", "--bootstrap=50"]
            process = self.run_program(*run, "--save-directions", "--output=a.h5", "--overwrite")
            self.assertEqual(process.stdout.count("loaded from mine.h5 without a checksum"), 2, process.stdout)
            with h5py.File(self.path("a.h5"), "r") as file:
                for loss in ("ritz", "galerkin"):
                    self.assertEqual(theta_of(file[f"minimizer/{loss}"]).tobytes(), theta.tobytes())
                    self.assertEqual(file[f"profiles/{loss}/direction"][()].tobytes(), rows.tobytes())
        checked = self.run_program("--minimizer=a.h5", "--directions=3", "--grid=-1:1:5", "--output=b.h5")
        self.assertNotIn("loaded from a.h5 without", checked.stdout)

    def test_a_flat_vector_as_in_files_of_old_is_read_too(self):
        def spoil(file):
            for loss in ("ritz", "galerkin"):
                file[f"minimizer/{loss}/theta"] = theta_of(file[f"minimizer/{loss}"])
                del file[f"minimizer/{loss}/parameters"]

        theta, _ = self.write("mine.h5", spoil)
        self.run_program("--minimizer=mine.h5", "--grid=-1:1:5", "--directions=3", "--bootstrap=50", "--output=a.h5")
        with h5py.File(self.path("a.h5"), "r") as file:
            self.assertEqual(theta_of(file["minimizer/galerkin"]).tobytes(), theta.tobytes())

    def test_tensors_that_do_not_fit_the_network_are_named(self):
        def change(how):
            def spoil(file):
                how(file["minimizer/ritz/parameters"])

            self.write("mine.h5", spoil)
            return self.run_program("--minimizer=mine.h5", code=1).stderr

        def transposed(group):
            del group["layer_in.weight"]
            group["layer_in.weight"] = np.zeros((1, 4))

        def flat(group):
            del group["layer1.weight"]
            group["layer1.weight"] = np.zeros(16)

        def one_more(group):
            group["layer5.bias"] = np.zeros(4)

        def infinite(group):
            group["layer2.bias"][1] = np.inf

        shaped = r"/minimizer/ritz/parameters/layer_in.weight has shape \(1, 4\), but in its network \(resnet.*\) it has \(4, 1\)"
        self.assertRegex(change(transposed), shaped)
        self.assertRegex(change(flat), "minimizer/ritz/parameters/layer1.weight has 1 dimensions, expected 2")
        self.assertRegex(change(one_more), "/minimizer/ritz/parameters/layer5.bias has no place in its network")
        self.assertRegex(change(infinite), "/minimizer/ritz/parameters/layer2.bias has values that are not finite")

    def test_a_wrong_checksum_is_no_missing_one(self):
        def spoil(file):
            file["minimizer/ritz/parameters/layer2.bias"].attrs["crc32c"] = 5

        self.write("mine.h5", spoil)
        self.assertIn("checksum", self.run_program("--minimizer=mine.h5", code=1).stderr)

    def test_a_file_of_this_program_must_have_its_checksums(self):
        self.run_program("train", *QUICK, "--output=a.h5")
        with h5py.File(self.path("a.h5"), "r+") as file:
            del file["minimizer/ritz/parameters/layer2.bias"].attrs["crc32c"]
        self.assertIn("crc32c", self.run_program("--minimizer=a.h5", code=1).stderr)

    def test_a_filter_that_is_not_here_is_named(self):
        def spoil(file):
            del file["direction"]
            file.create_dataset("direction", data=np.ones((5, 53)), compression="lzf")

        self.write("mine.h5", spoil)
        arguments = ["--minimizer=mine.h5", "--directions-from=mine.h5", "--output=a.h5"]
        self.assertRegex(self.run_program(*arguments, code=1).stderr, r"filter 32000 \(lzf\).*h5repack -f NONE")

    def test_a_dataset_outside_the_file_is_refused(self):
        def spoil(file):
            del file["direction"]
            layout = h5py.VirtualLayout(shape=(5, 53), dtype="f8")
            layout[:] = h5py.VirtualSource("other.h5", "direction", shape=(5, 53))
            file.create_virtual_dataset("direction", layout)

        self.write("mine.h5", spoil, libver="latest")
        arguments = ["--minimizer=mine.h5", "--directions-from=mine.h5", "--output=a.h5"]
        self.assertIn("outside the file", self.run_program(*arguments, code=1).stderr)

    def test_a_claimed_size_takes_no_memory(self):
        def spoil(file):
            del file["direction"]
            file.create_dataset("direction", (2**40, 53), "f8", chunks=(64, 53), compression="gzip")

        self.write("mine.h5", spoil)
        arguments = ["--minimizer=mine.h5", "--directions-from=mine.h5", "--output=a.h5"]
        self.assertIn("more data than the file holds", self.run_program(*arguments, code=1).stderr)


@unittest.skipUnless(os.path.isdir(INPUTS), "LANDSCAPE_REFERENCE_DIR has no inputs")
class ReferenceInputs(SystemTest):
    def test_the_repacked_file_says_what_the_original_says(self):
        original, repacked = (os.path.join(INPUTS, name) for name in ("c.h5", "h5repack_latest.h5"))
        for command in ("reduce", "verify", "info"):  # they are of an older format
            refusals = [self.run_program(command, f, code=1).stderr.replace(f, "") for f in (original, repacked)]
            self.assertRegex(refusals[0], "its format has version 2, this program reads version [0-9]+: use the program")
            self.assertEqual(*refusals)
        run = ["--losses=ritz", "--grid=-1:1:5", "--bootstrap=50"]
        directions = f"--directions-from={os.path.join(INPUTS, 'dirlatest.h5')}"
        for name, minimizer in (("a.h5", original), ("b.h5", repacked)):
            self.run_program(*run, f"--minimizer={minimizer}", directions, f"--output={name}")
        a, b = (contents(self.path(name))["profiles/ritz/loss"] for name in ("a.h5", "b.h5"))
        self.assertEqual(a, b)
        self.assertEqual(a[1], (8, 5))


if __name__ == "__main__":
    main()
