"""Whether a minimizer is one: in reports and files, off and on."""

import json
import os
import pathlib
import subprocess
import sys

import h5py
import numpy as np
from system import QUICK, SystemTest, main, text

REFERENCE = pathlib.Path(os.environ.get("LANDSCAPE_REFERENCE_DIR", "/nonexistent"))
SOURCE = pathlib.Path(os.environ["LANDSCAPE_SOURCE_DIR"])
NUMBERS = ("profile_gradient_norm", "smallest_eigenvalue", "largest_eigenvalue", "eigenvalue_error",
           "negative_eigenvalues", "newton_step", "newton_step_error", "predicted_decrease",
           "decrease_of_positive")  # fmt: skip

TEXTS = ("critical_point", "critical_point_verdict", "critical_point_method")


class MinimumCheck(SystemTest):
    def critical(self, name, loss):
        with h5py.File(self.path(name)) as file:
            attributes = file[f"minimizer/{loss}"].attrs
            return {key: attributes[key] for key in NUMBERS} | {key: text(attributes[key]) for key in TEXTS}

    def test_the_numbers_are_those_of_the_spectrum(self):
        self.run_program(*QUICK, "--output=a.h5")
        self.run_program("spectrum", "--minimizer=a.h5", "--output=s.h5")
        for loss in ("ritz", "galerkin"):
            found = self.critical("a.h5", loss)
            with h5py.File(self.path("s.h5")) as file:
                spectrum = {name: file[f"spectrum/{loss}/{name}"][()] for name in file[f"spectrum/{loss}"]}
            scale = found["largest_eigenvalue"]
            self.assertLess(abs(found["smallest_eigenvalue"] - spectrum["eigenvalues"][0]), 1e-13 * scale)
            self.assertLess(abs(scale - spectrum["eigenvalues"][-1]), 1e-13 * scale)
            self.assertLessEqual(found["negative_eigenvalues"], spectrum["negative"])  # which counts down to rounding
            self.assertAlmostEqual(found["profile_gradient_norm"] / spectrum["gradient_norm"], 1, delta=1e-12)
            for name in ("newton_step", "predicted_decrease"):
                self.assertAlmostEqual(found[name] / spectrum[name], 1, delta=1e-3)
            self.assertEqual(found["critical_point_method"], "dense")
            self.assertEqual(found["newton_step_error"], 0)

    def test_it_is_said_in_every_report_and_is_the_same_on_any_number_of_ranks(self):
        said = self.run_program(*QUICK, "--output=1.h5").stdout
        verdict = self.critical("1.h5", "ritz")["critical_point_verdict"]
        self.assertRegex(said, rf"\ntheta\* is +{verdict} ")
        self.assertIn("|grad L|", said)
        self.run_program(*QUICK, "--output=3.h5", ranks=3)
        self.assert_same_files("1.h5", "3.h5")
        for command in (["info", "1.h5"], ["train", "--minimizer=1.h5", "--output=t.h5"]):
            shown = " ".join(self.run_program(*command).stdout.split())
            self.assertIn(self.critical("1.h5", "ritz")["critical_point"], shown)
        self.assertRegex(self.run_program("reduce", "1.h5").stdout, rf"\ntheta\* is +{verdict} ")

    def test_off_dear_and_on(self):
        said = self.run_program(*QUICK, "--minimum-check=off", "--output=off.h5").stdout
        self.assertNotIn("\ntheta* is ", said)
        self.assertEqual(self.critical("off.h5", "ritz")["critical_point_verdict"], "not examined")
        self.assertTrue(np.isnan(self.critical("off.h5", "ritz")["largest_eigenvalue"]))
        dear = ["train", "--dimension=4", "--width=16", "--epochs=2", "--lbfgs-iterations=0", "--losses=ritz",
                "--quadrature=sobol:4096"]  # fmt: skip
        said = " ".join(self.run_program(*dear, "--output=dear.h5").stdout.split())
        self.assertIn("was not examined for being a minimum: that takes 120 products with the Hessian", said)
        self.assertIn("--minimum-check on makes them", said)
        self.run_program(*dear, "--minimum-check=on", "--output=on.h5")
        found = self.critical("on.h5", "ritz")
        self.assertEqual(found["critical_point_method"], "lanczos")
        self.assertTrue(np.isfinite(found["largest_eigenvalue"]))
        self.assertIn("choose auto, on or off", self.run_program("--minimum-check=yes", code=2).stderr)
        study = ["study", "--vary=width=2", "--minimum-check=on"]
        self.assertIn("no meaning for study", self.run_program(*study, code=2).stderr)

    def test_the_published_network_is_no_critical_point_of_the_sound_loss(self):
        if not (REFERENCE / "minimizers").exists():
            self.skipTest(f"no {REFERENCE}: the published data are absent")
        minimizer = self.path("m.safetensors")
        subprocess.run(
            [sys.executable, "-B", SOURCE / "tools" / "import_checkpoint.py",
             REFERENCE / "minimizers" / "resnet_ritz.pkl", "-o", minimizer, "--network", "resnet", "--activation",
             "swish", "--negate-output"],
            check=True, capture_output=True,
        )  # fmt: skip
        figures = json.loads((REFERENCE / "published_figures.json").read_text())["hessian_largest"]
        slopes = {"simpson:200": 2.1e-2, "simpson-as-published:200": 3.3e-3}
        for rule, slope in slopes.items():
            self.run_program(*QUICK, "--losses=ritz", f"--minimizer={minimizer}", f"--quadrature={rule}", "--overwrite",
                             "--output=a.h5")  # fmt: skip
            found = self.critical("a.h5", "ritz")
            self.assertAlmostEqual(found["profile_gradient_norm"], slope, delta=0.05 * slope)
            self.assertEqual(found["critical_point_verdict"], "not critical")
            if (key := f"resnet_ritz|ritz|{rule}") in figures:
                self.assertAlmostEqual(found["largest_eigenvalue"] / figures[key][0], 1, delta=1e-6)
            slopes[rule] = found["decrease_of_positive"]
        self.assertLess(slopes["simpson-as-published:200"], 0.3 * slopes["simpson:200"])


if __name__ == "__main__":
    main()
