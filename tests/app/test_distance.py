"""distance: how far minimizers are from each other, and each loss at each of them."""

import json
import os
import re
import subprocess
import sys
import unittest

import h5py
import numpy as np
from system import REFERENCE, SOURCE, SystemTest, main, state_dict, theta_of, write_safetensors

SHORT = ["--epochs=300", "--lbfgs-iterations=0"]
NETWORK = {"network": "resnet", "activation": "swish"}


def tables(report):
    """{label: numbers} of every line of numbers: 'A - B', 'layer_in.weight', 'A'."""
    found = {}
    for line in report.splitlines():
        words = re.split(r"\s{2,}", line.strip())
        try:
            found[words[0]] = [float(word) for word in words[1:]]
        except ValueError:
            pass
    return {label: numbers for label, numbers in found.items() if numbers}


class Distance(SystemTest):
    def test_is_that_of_the_parameters(self):
        self.run_program("train", *SHORT, "--output=m.h5")
        report = self.run_program("distance", "m.h5").stdout
        found = tables(report)
        with h5py.File(self.path("m.h5")) as file:
            a, b = (state_dict(file[f"minimizer/{loss}"]) for loss in ("ritz", "galerkin"))
            whole = [np.concatenate([t.ravel() for t in tensors.values()]) for tensors in (a, b)]
            losses = [file[f"minimizer/{loss}"].attrs["profile_loss"] for loss in ("ritz", "galerkin")]
        pairs = {"A - B": whole, **{name: (a[name].ravel(), b[name].ravel()) for name in a}}
        for label, (p, q) in pairs.items():
            d, size = p - q, (np.linalg.norm(p) + np.linalg.norm(q)) / 2
            expected = [np.linalg.norm(d), np.abs(d).max(), np.linalg.norm(d) / size]
            np.testing.assert_allclose(found[label][:3], expected, rtol=1e-6, err_msg=label)
        self.assertLessEqual(found["A - B"][3], found["A - B"][0])
        # Each loss at each minimizer: its own is what the training's file says.
        self.assertAlmostEqual(found["A"][0] / losses[0], 1, delta=1e-9)
        self.assertAlmostEqual(found["B"][1] / losses[1], 1, delta=1e-9)
        # The other's: what a line through both has at its ends.
        self.run_program("surface", "--through=m.h5:ritz,m.h5:galerkin", "--x=0:1:2", "--output=l.h5")
        with h5py.File(self.path("l.h5")) as file:
            cross = [file[f"surface/{loss}/loss"][0] for loss in ("ritz", "galerkin")]
        np.testing.assert_allclose([found["A"], found["B"]], np.transpose(cross), rtol=1e-9)
        self.assertLessEqual(max(map(len, report.splitlines())), 98)

    def test_a_shuffled_network_has_no_distance_and_the_same_loss(self):
        self.run_program("train", *SHORT, "--losses=ritz", "--output=m.h5")
        with h5py.File(self.path("m.h5")) as file:
            tensors = state_dict(file["minimizer/ritz"])
        stream, inner = [2, 0, 3, 1], [1, 3, 0, 2]
        shuffled = {
            "layer_in.weight": tensors["layer_in.weight"][stream],
            "layer_in.bias": tensors["layer_in.bias"][stream],
            "layer1.weight": tensors["layer1.weight"][inner][:, stream],
            "layer1.bias": tensors["layer1.bias"][inner],
            "layer2.weight": tensors["layer2.weight"][stream][:, inner],
            "layer2.bias": tensors["layer2.bias"][stream],
            "layer_out.weight": tensors["layer_out.weight"][:, stream],
            "layer_out.bias": tensors["layer_out.bias"],
        }
        tensors = {name: np.ascontiguousarray(tensor) for name, tensor in shuffled.items()}
        write_safetensors(self.path("s.safetensors"), tensors, NETWORK)
        found = tables(self.run_program("distance", "m.h5", "s.safetensors").stdout)
        self.assertGreater(found["A - B"][0], 0.1)
        self.assertEqual(found["A - B"][3:], [0, 0])
        np.testing.assert_allclose(found["A"], found["B"], rtol=1e-9)

    def test_any_number_of_files_of_any_kind(self):
        self.run_program("train", *SHORT, "--output=m.h5")
        with h5py.File(self.path("m.h5")) as file:
            write_safetensors(self.path("r.safetensors"), state_dict(file["minimizer/ritz"]), {})
        self.run_program("surface", "--through=m.h5:ritz,m.h5:galerkin", "--x=0:1:2", "--output=l.h5")
        report = self.run_program("distance", "m.h5", "r.safetensors", "l.h5:B", "--network=resnet",
                                  "--activation=swish").stdout  # fmt: skip
        found = tables(report)
        self.assertEqual(found["A - C"][:2], [0, 0])
        self.assertEqual(found["B - D"][:2], [0, 0])
        self.assertEqual(found["A - B"][:2], found["A - D"][:2])
        for label, place in zip("ABCD", ("m.h5:ritz", "m.h5:galerkin", "r.safetensors", "l.h5:B")):
            self.assertIn(f"  {label}  {place}\n", report)

    def test_what_cannot_be_is_one_sentence(self):
        self.run_program("train", *SHORT, "--output=m.h5")
        self.run_program("train", *SHORT, "--width=5", "--losses=ritz", "--output=w.h5")
        self.run_program("train", *SHORT, "--problem=cubic", "--losses=ritz", "--output=c.h5")
        cases = [
            (2, ["distance"], "distance needs a file"),
            (2, ["distance", "w.h5"], "needs two minimizers"),
            (2, ["distance", "m.h5", "w.h5"], "different networks"),
            (2, ["distance", "m.h5", "c.h5"], "by --problem"),
            (2, ["distance", "m.h5", "--directions=3"], "--directions has no meaning for distance"),
            (1, ["distance", "m.h5:nobody", "w.h5"], "it holds no minimizer 'nobody', but ritz, galerkin."),
            (1, ["distance", "m.h5", "gone.h5"], "'gone.h5'"),
        ]
        for code, arguments, sentence in cases:
            said = self.run_program(*arguments, code=code).stderr
            self.assertIn(sentence, said)
            self.assertEqual(len(said.strip().splitlines()), 1, said)
        self.run_program("distance", "m.h5", "c.h5", "--problem=sine")


@unittest.skipUnless(os.path.exists(os.path.join(REFERENCE, "published_figures.json")), "no published figures")
class Published(SystemTest):
    def setUp(self):
        super().setUp()
        with open(os.path.join(REFERENCE, "published_figures.json")) as file:
            self.figures = json.load(file)
        self.names = ("resnet_galerkin", "resnet_ritz", "resnet_ritz_then_galerkin")
        for name in self.names:
            subprocess.run(
                [sys.executable, os.path.join(SOURCE, "tools", "import_checkpoint.py"),
                 os.path.join(REFERENCE, "minimizers", name + ".pkl"), "-o", self.path(name + ".safetensors"),
                 "--negate-output", "--network", "resnet", "--activation", "swish"],
                check=True, capture_output=True)  # fmt: skip

    def assert_printed(self, value, printed):
        """In as many significant digits as were printed."""
        digits = len(f"{printed!r}".split("e")[0].replace(".", "").lstrip("-0"))
        self.assertEqual(f"{value:.{digits}g}", f"{printed:.{digits}g}")
        return digits

    def test_distances_have_the_published_digits(self):
        printed = self.figures["distances"]
        files = [name + ".safetensors" for name in printed["pair"]]
        whole = tables(self.run_program("distance", *files).stdout)["A - B"]
        part = tables(self.run_program("distance", *files, "--as-published").stdout)["A - B"]
        print(f"all parameters {whole[:2]}, as published {part[:2]}; all after matching {whole[3:]}")
        names = ("mine_all_L2", "mine_all_Linf", "mine_in_out_L2", "mine_in_out_Linf")
        for value, name in zip([*whole[:2], *part[:2]], names):
            self.assertEqual(self.assert_printed(value, printed[name]), 7)
        self.assert_printed(part[0], printed["published_L2"])
        self.assert_printed(part[1], printed["published_Linf"])

    def test_cross_losses_have_the_published_digits(self):
        printed = self.figures["loss_at_minimizers"]
        files = [name + ".safetensors" for name in self.names]
        for loss, quadrature in (("galerkin", "simpson:200"), ("ritz", "simpson-as-published:200")):
            report = self.run_program("distance", *files, f"--losses={loss}", f"--quadrature={quadrature}").stdout
            found = tables(report)
            for label, name in zip("ABC", self.names):
                print(f"{loss} at {name}: {found[label][0]:.10g}, published {printed[name][loss]}")
                self.assert_printed(found[label][0], printed[name][loss])


if __name__ == "__main__":
    main()
