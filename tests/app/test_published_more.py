"""The authors' further printed lists of T: two widths, the unit ball in three dimensions, ten dimensions.

Their points were random, fixed and unseeded, and so were their directions. At the Galerkin loss the points hardly
matter: on at least one of five sets of points our T must be of their distribution (two-sample Kolmogorov-Smirnov test).
At the Ritz loss one set of points is one experiment: their index must lie inside the range of the indices on 20 sets.
"""

import json
import os
import subprocess
import sys
import unittest

from published_table import REFERENCE, total_variation
from system import SOURCE, SystemTest, h5py

def index(t):
    return t.std(ddof=1) / t.mean()


class PublishedMore(SystemTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not (REFERENCE / "published_roughness_more.json").exists():
            raise unittest.SkipTest(f"no {REFERENCE}: the published data are absent")
        cls.cases = json.loads((REFERENCE / "published_roughness_more.json").read_text())

    def variations(self, case, sets):
        """T with so many sets of points, and with directions of their own."""
        rule = case["quadrature"].split(",")[0].split(" ")[0]
        options = {"quadrature": rule, "grid-rule": "arange", "bias": case["bias"], "bootstrap": 100}
        if "ball" in case.get("domain", ""):
            options["problem"] = "ball"
        n = len(case["normalized_total_variation"])
        return [total_variation(case, {**options, "seed": seed}, n) for seed in range(1, sets + 1)]

    def named(self, case):
        return f"{case['minimizer']}, {case['loss']}, l = {case['radius']}, {case['intervals']} intervals"

    def test_galerkin_lists_are_of_the_printed_distribution(self):
        from scipy.stats import ks_2samp

        for case in [c for c in self.cases if c["loss"] == "galerkin"]:
            with self.subTest(self.named(case)):
                printed = case["normalized_total_variation"]
                p = [ks_2samp(t, printed).pvalue for t in self.variations(case, 5)]
                print(f"{self.named(case)}: p = {', '.join(f'{x:.2g}' for x in p)}")
                self.assertGreater(max(p), 0.01)

    def test_ritz_indices_lie_inside_the_range_of_point_sets(self):
        for case in [c for c in self.cases if c["loss"] == "ritz"]:
            with self.subTest(self.named(case)):
                found = [index(t) for t in self.variations(case, 20)]
                print(f"{self.named(case)}: printed {case['roughness_index']:.4f}, {min(found):.4f} to {max(found):.4f}")
                self.assertLess(min(found), case["roughness_index"])
                self.assertGreater(max(found), case["roughness_index"])

    def test_stored_networks_of_the_ball_have_the_errors_that_they_had(self):
        known = json.loads((REFERENCE / "published_figures.json").read_text())["ball3d"]["relative_l2_mine"]
        for name, want in known.items():
            loss, file = name.split("_")[1], f"{name}.safetensors"
            checkpoint = REFERENCE / "minimizers" / f"{name}.pkl"
            tool = [sys.executable, os.path.join(SOURCE, "tools", "import_checkpoint.py"), checkpoint, "-o", self.path(file)]
            subprocess.run([*tool, "--network=resnet", "--activation=swish"], check=True, capture_output=True)
            job = ["--problem=ball", f"--minimizer={file}", f"--losses={loss}", "--directions=2", "--bootstrap=100"]
            self.run_program(*job, f"--output={name}.h5")
            with h5py.File(self.path(f"{name}.h5")) as output:
                found = output[f"minimizer/{loss}"].attrs["relative_l2_error"]
            print(f"{name}: relative L2 error {found:.4g}, known {want}")
            self.assertLess(abs(found / want - 1.0), 0.03)


if __name__ == "__main__":
    unittest.main()
