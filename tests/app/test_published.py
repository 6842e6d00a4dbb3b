"""The authors' printed runs, reproduced from the command line.

published_roughness.json holds 100 printed values of the normalised total variation T for each of two runs at one of
the authors' minimizers. Their directions were unseeded, so the comparison is of distributions: a two-sample
Kolmogorov-Smirnov test. The as-published settings (quadrature with the lost left end point, arange grid, biases copied
into the direction) must pass it; the corrected settings must not, at the radius where the slips matter.
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(os.environ.get("LANDSCAPE_SOURCE_DIR", Path(__file__).resolve().parents[2]))
REFERENCE = Path(os.environ.get("LANDSCAPE_REFERENCE_DIR", SOURCE.parent / "shared" / "reference"))
PROGRAM = os.environ.get("LANDSCAPE_PROGRAM", str(SOURCE / "build" / "release" / "landscape_mpi"))

# More directions than the authors drew: their 100 values set the test's power, ours should add no noise of their own.
DIRECTIONS = 1000


class Published(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not (REFERENCE / "published_roughness.json").exists():
            raise unittest.SkipTest(f"no {REFERENCE}: the published data are absent")
        cls.cases = json.loads((REFERENCE / "published_roughness.json").read_text())
        if isinstance(cls.cases, dict):
            cls.cases = list(cls.cases.values())
        cls.folder = tempfile.TemporaryDirectory()
        cls.minimizer = Path(cls.folder.name) / "minimizer.safetensors"

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def total_variation(self, case, *changes):
        """T of the profiles around the case's minimizer, imported and evaluated by the project's own commands."""
        import h5py

        subprocess.run(
            [sys.executable, SOURCE / "tools" / "import_checkpoint.py", REFERENCE / "minimizers" / case["minimizer"],
             "-o", self.minimizer, "--negate-output", "--network", case["network"], "--overwrite"],
            check=True, capture_output=True)
        output = Path(self.folder.name) / "profiles.h5"
        radius, points = case["radius"], case["intervals"] + 1
        subprocess.run(
            ["mpirun", "-np", "2", PROGRAM, "--quiet", "--overwrite", "--output", output, f"--minimizer-{case['loss']}",
             self.minimizer, "--losses", case["loss"], "--network", case["network"],
             f"--grid=-{radius}:{radius}:{points}",
             "--directions", str(DIRECTIONS), "--norm", "filter",
             *(changes or ["--quadrature", "simpson-as-published:100", "--grid-rule", "arange", "--bias", "copy"])],
            check=True, capture_output=True)
        with h5py.File(output) as file:
            return file[f"profiles/{case['loss']}/total_variation"][:]

    def p_value(self, case, values):
        from scipy.stats import ks_2samp

        return ks_2samp(values, case["normalized_total_variation"]).pvalue

    def test_as_published_settings_reproduce_the_printed_distribution(self):
        for case in self.cases:
            with self.subTest(radius=case["radius"]):
                p = self.p_value(case, self.total_variation(case))
                print(f"radius {case['radius']}: Kolmogorov-Smirnov p = {p:.3f}")
                self.assertGreater(p, 0.01)

    def test_the_test_can_fail(self):
        # Corrected settings are a different experiment here; a test that passed them too would prove nothing.
        case = min(self.cases, key=lambda c: c["radius"])
        p = self.p_value(case, self.total_variation(case, "--quadrature", "simpson:100", "--bias", "zero"))
        print(f"radius {case['radius']}, corrected settings: p = {p:.2g}")
        self.assertLess(p, 0.01)


if __name__ == "__main__":
    unittest.main()
