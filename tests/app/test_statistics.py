"""The index is given wherever it is known, and the words of the report follow its numbers."""

import shutil

import h5py
import numpy as np
from system import SystemTest, main, results, text

JOB = ["--epochs=300", "--lbfgs-iterations=0", "--losses=ritz", "--bootstrap=200"]
GRID = "--grid=-1:1:9"


class NearFlat(SystemTest):
    """One of forty directions is so short that the loss along it moves by little more than its rounding."""

    ROW = 17

    def setUp(self):
        super().setUp()
        self.run_program(*JOB, GRID, "--directions=40", "--save-directions", "--output=a.h5")
        shutil.copy(self.path("a.h5"), self.path("d.h5"))
        with h5py.File(self.path("d.h5"), "r+") as file:
            f = file["profiles/ritz/loss"][self.ROW]
            slope = abs(f[5] - f[3]) / 0.5
            file["profiles/ritz/direction"][self.ROW] *= 1e-13 / slope  # max - min about 2e-13 = 400 units of rounding
        self.given = [*JOB, "--minimizer=a.h5", "--directions-from=d.h5"]

    def others(self, name):
        with h5py.File(self.path(name), "r") as file:
            f = np.delete(file["profiles/ritz/loss"][()], self.ROW, axis=0)
        t = np.abs(np.diff(f, axis=1)).sum(axis=1) / (2 * np.ptp(f, axis=1))
        return t.std(ddof=1) / t.mean()

    def test_it_is_left_out_and_counted_under_its_own_name(self):
        report = self.run_program(*self.given, GRID, "--output=b.h5").stdout
        self.assertRegex(report, r"directions used +39 of 40")
        self.assertRegex(report, r"left out +1 at rounding level")
        self.assertRegex(report, r"roughness index RI +0\.\d+\n")
        self.assertRegex(report, r"95 % interval +0\.\d+ \.\. 0\.\d+")
        with h5py.File(self.path("b.h5"), "r") as file:
            found, profiles = results(file["roughness/ritz"]), file["profiles/ritz"]
            self.assertEqual(found["excluded_unresolved"], 1)
            self.assertEqual(found["excluded_flat"], 0)
            self.assertEqual(found["used"], 39)
            self.assertAlmostEqual(found["index"], self.others("b.h5"), delta=1e-13)
            self.assertTrue(np.isfinite(found["interval"]).all())
            self.assertLess(found["resolution"], 1e-9)
            self.assertEqual(np.flatnonzero(np.isnan(profiles["total_variation"][()])).tolist(), [self.ROW])
            self.assertEqual(profiles["shape_class"][self.ROW], 4)

    def test_sweeps_inherit_it(self):
        report = self.run_program(
            "sweep", *self.given, "--sweep-radius=1", "--sweep-intervals=8,16", "--output=s.h5"
        ).stdout
        self.assertNotIn("(rounding", report)
        with h5py.File(self.path("s.h5"), "r") as file:
            sweep = file["sweep/ritz"]
            self.assertEqual(sweep["used"][()].tolist(), [[39, 39]])
            self.assertEqual(sweep["unresolved"][()].tolist(), [[1, 1]])
            self.assertTrue((sweep["resolution"][()] < 1e-9).all())
            self.assertGreater(sweep["index"][0, 0], 0.01)

    def test_point_sets_inherit_it(self):
        self.run_program(*self.given, GRID, "--quadrature=monte-carlo:200", "--point-sets=2", "--output=p.h5")
        with h5py.File(self.path("p.h5"), "r") as file:
            sets = results(file["roughness/ritz/point_sets"])
            self.assertEqual(sets["used"], 39)
            self.assertEqual(sets["reference_used"], 39)
            self.assertLess(sets["reference_resolution"], 1e-9)


class Words(SystemTest):
    def test_an_index_that_rounding_can_make_is_printed_with_its_bound(self):
        report = self.run_program(
            "--network=linear", "--problem=cubic", "--epochs=0", "--directions=20", "--bias=random", "--bootstrap=200"
        ).stdout
        self.assertRegex(report, r"roughness index RI( +[\d.e-]+ \(rounding \de-1\d\)){2}\n")
        self.assertIn("(rounding B): rounded losses alone can make an index of B", report)

    def test_directions_of_one_weight_differ_by_rounding_only(self):
        # Along +w or -w and their like, whatever was drawn: T is the same far from the minimum and off the centre too.
        self.run_program(
            "--network=linear",
            "--problem=cubic",
            "--epochs=20",
            "--lbfgs-iterations=0",
            "--directions=30",
            "--bootstrap=200",
            "--output=l.h5",
        )
        with h5py.File(self.path("l.h5"), "r") as file:
            for loss in ("ritz", "galerkin"):
                self.assertLess(file[f"roughness/{loss}/index"][()], 1e-14, loss)

    def test_a_training_cut_off_by_its_limit_says_so(self):
        cut = self.run_program("--epochs=300", "--lbfgs-iterations=5", GRID, "--directions=6", "--output=cut.h5").stdout
        words = " ".join(cut.split())
        for loss in ("ritz", "galerkin"):
            self.assertRegex(words, rf"\(limit\) {loss}: L-BFGS ended at its limit of iterations")
        again = self.run_program("reduce", "cut.h5").stdout
        self.assertTrue(cut.endswith("\n\n" + again), cut + again)
        with h5py.File(self.path("cut.h5"), "r") as file:
            attributes = file["minimizer/ritz"].attrs
            self.assertEqual(attributes["at_iteration_limit"], 1)
            self.assertIn("iteration limit", text(attributes["source"]))
            self.assertGreater(attributes["gradient_norm"], 1e-6)
            self.assertIn(f"{attributes['gradient_norm']:.2g} (limit)", cut)
        adam = self.run_program("--epochs=300", "--lbfgs-iterations=0", GRID, "--directions=6", "--output=adam.h5").stdout
        self.assertNotIn("(limit)", adam)
        again = ["--minimizer=cut.h5", GRID, "--directions=6", "--full-report", "--output=loaded.h5"]
        loaded = self.run_program(*again).stdout
        self.assertNotIn("(limit)", loaded)
        self.assertRegex(loaded, r"\|grad L\| by the same rule +\d")

    def test_the_sentence_names_what_decides(self):
        self.run_program("--epochs=300", "--lbfgs-iterations=0", GRID, "--directions=30", "--bootstrap=400")
        with h5py.File(self.path("landscape.h5"), "r") as file:
            comparison = results(file["roughness/comparison"])
            self.assertEqual(text(comparison["decided_by"]), "ratio")
            lower, upper = comparison["ratio_interval"]
            apart = lower > 1 or upper < 1
            self.assertEqual(apart, comparison["p_value"] <= 0.05)
            self.assertEqual("rougher than" in text(comparison["sentence"]), apart)


if __name__ == "__main__":
    main()
