"""The authors' printed runs, reproduced from the command line.

published_roughness.json holds 100 printed values of the normalised total variation T for each of two runs at one of
the authors' minimizers. Their directions were unseeded, so the comparison is of distributions: a two-sample
Kolmogorov-Smirnov test. The as-published settings (quadrature with the lost left end point, arange grid, biases copied
into the direction) must pass it; the corrected settings must not, at the radius where the slips matter.
"""

import json
import unittest

from published_table import AS_PUBLISHED, CORRECTED, REFERENCE, published_cases, settings, total_variation

# More directions than the authors drew: their 100 values set the test's power, ours should add no noise of their own.
DIRECTIONS = 1000


class Published(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not (REFERENCE / "published_roughness.json").exists():
            raise unittest.SkipTest(f"no {REFERENCE}: the published data are absent")
        cls.cases = published_cases()

    def total_variation(self, case, options):
        return total_variation(case, options, DIRECTIONS, launcher=["mpirun", "-np", "2"])

    def p_value(self, case, values):
        from scipy.stats import ks_2samp

        return ks_2samp(values, case["normalized_total_variation"]).pvalue

    def test_as_published_settings_reproduce_the_printed_distribution(self):
        for case in self.cases:
            with self.subTest(radius=case["radius"]):
                p = self.p_value(case, self.total_variation(case, AS_PUBLISHED))
                print(f"radius {case['radius']}: Kolmogorov-Smirnov p = {p:.3f}")
                self.assertGreater(p, 0.01)

    def test_the_test_can_fail(self):
        # Corrected settings are a different experiment here; a test that passed them too would prove nothing.
        case = min(self.cases, key=lambda c: c["radius"])
        p = self.p_value(case, self.total_variation(case, CORRECTED))
        print(f"radius {case['radius']}, corrected settings: p = {p:.2g}")
        self.assertLess(p, 0.01)

    def test_every_slip_alone_is_an_experiment_of_its_own(self):
        # The three are independent switches: at the small radius no two of the table's rows are the same numbers,
        # except where the grid gains no point.
        case = min(self.cases, key=lambda c: c["radius"])
        rows = {name: total_variation(case, options, 20) for name, options in settings().items()}
        none = rows["none"]
        self.assertGreater(abs(rows["quadrature simpson-as-published:100 alone"] / none - 1).max(), 1e-3)
        self.assertGreater(abs(rows["bias copy alone"] / none - 1).max(), 1e-3)
        self.assertLess(abs(rows["grid-rule arange alone"] / none - 1).max(), 0.05)

    def test_grids_that_gain_a_step_have_its_length(self):
        # Where a profile is monotone, T is 1/|I|, and that is what the authors printed for more than half of theirs. How
        # many are monotone depends on the random points.
        runs = json.loads((REFERENCE / "published_roughness_more.json").read_text())
        case = next(r for r in runs if r["loss"] == "ritz" and r["width"] == 4 and r["radius"] == 0.02)
        printed = min(case["normalized_total_variation"])
        t = total_variation(case, {**AS_PUBLISHED, "quadrature": "monte-carlo:1000"}, 100)
        self.assertAlmostEqual(t.min() / printed, 1.0, delta=1e-12)
        self.assertGreater((abs(t / printed - 1.0) < 1e-12).sum(), 5)

    def test_the_table_of_radii_is_that_of_real_lengths(self):
        table = json.loads((REFERENCE / "published_figures.json").read_text())["radius_table"]
        case = {"minimizer": "resnet_galerkin.pkl", "network": "resnet", "loss": "galerkin", "intervals": 100}
        for radius in (0.005, 0.01):
            at = table["l"].index(radius)
            mean, spread = table["galerkin_mean"][at], table["galerkin_std"][at]
            t = total_variation({**case, "radius": radius}, {**AS_PUBLISHED, "quadrature": "simpson:100"}, 400)
            print(f"l = {radius}: mean T {t.mean():.2f}, printed {mean}, standard error {spread / 10:.3f}")
            self.assertLess(abs(t.mean() - mean), 4 * spread / 10)


if __name__ == "__main__":
    unittest.main()
