"""Persistence, basins and SMAD of profiles and surfaces, against pairs found here."""

import shutil

import h5py
import numpy as np
from system import QUICK, SystemTest, main, results

SHORT = ["--epochs=300", "--lbfgs-iterations=0"]
# Far enough from the minimizer that profiles have several basins, none of them so shallow that rounding could make it.
JOB = [*SHORT, "--directions=40", "--grid=-3:3:61", "--bootstrap=200"]
LOSSES = ("ritz", "galerkin")


def pairs(f):
    """Sorted (birth, death) of all finite pairs of f, (P_y, P_x): points join from the lowest on."""
    f = np.atleast_2d(f)
    label = np.full(np.array(f.shape) + 2, -1)  # flat index of the component's lowest point; -1: not yet there
    values, found = f.ravel(), []
    for at in np.argsort(values, kind="stable"):
        i, j = divmod(at, f.shape[1])
        around = label[i : i + 3, j : j + 3]
        components = sorted(set(around[around >= 0].tolist()), key=lambda k: (values[k], k))
        label[i + 1, j + 1] = components[0] if components else at
        for higher in components[1:]:
            found.append((values[higher], values[at]))
            label[label == higher] = components[0]
    return sorted(pair for pair in found if pair[0] < pair[1])


def depths(f):
    return np.array([death - birth for birth, death in pairs(f)])


class Profiles(SystemTest):
    def test_the_file_has_the_numbers_of_its_profiles(self):
        report = self.run_program(*JOB, "--full-report", "--output=a.h5", ranks=3).stdout
        with h5py.File(self.path("a.h5")) as file:
            persistence = {}
            for loss in LOSSES:
                profiles, found = file[f"profiles/{loss}"], results(file[f"roughness/{loss}"])
                f = profiles["loss"][()]
                span, deep = np.ptp(f, axis=1), [depths(row) for row in f]
                self.assertTrue(any(d.size > 1 for d in deep))
                self.assertGreater(min((d / s).min() for d, s in zip(deep, span) if d.size), 1e-9)
                total = np.array([d.sum() for d in deep])
                gap = np.array([d.mean() if d.size else np.nan for d in deep])
                basins = np.array([1 + (d > 0.01 * s).sum() for d, s in zip(deep, span)])
                np.testing.assert_allclose(profiles["total_persistence"][()], total, rtol=1e-13)
                np.testing.assert_allclose(profiles["saddle_gap"][()], gap, rtol=1e-13)
                np.testing.assert_array_equal(profiles["basins"][()], basins)

                persistence[loss] = total / span
                some = np.isfinite(gap)
                self.assertEqual(found["smad_directions"], some.sum())
                for name, values in (("persistence_mean", total / span), ("smad", gap[some]),
                                     ("smad_normalised", (gap / span)[some]), ("basins_mean", basins)):  # fmt: skip
                    self.assertAlmostEqual(found[name] / values.mean(), 1, delta=1e-13, msg=name)
                    if name == "basins_mean":
                        continue
                    lower, upper = found[name.replace("_mean", "") + "_interval"]
                    half = 2 * values.std(ddof=1) / np.sqrt(values.size)  # of normal values
                    self.assertTrue(0 <= lower <= values.mean() <= upper, name)
                    self.assertTrue(0.7 * half < upper - values.mean() < 6 * half, (name, lower, upper, half))
                self.assertGreater(found["persistence_mean"], found["persistence_resolution"])
                self.assertIn(f"{found['persistence_mean']:.4g}", report)
                self.assertIn(f"{found['smad_normalised']:.4g} (in {some.sum()})", report)
            compared = results(file["roughness/comparison"])
            difference = persistence["ritz"] - persistence["galerkin"]
            self.assertAlmostEqual(compared["persistence_difference"], difference.mean(), delta=1e-14)
            for loss in LOSSES:
                self.assertAlmostEqual(compared[f"persistence_{loss}"], persistence[loss].mean(), delta=1e-14)
            lower, upper = compared["persistence_difference_interval"]
            self.assertAlmostEqual((lower + upper) / 2, difference.mean(), delta=1e-14)
            self.assertEqual(compared["persistence_p_value"] <= 0.05, not lower <= 0 <= upper)
        self.assertRegex(report, r"difference of persistence +-?[\d.e-]+ +-?[\d.e-]+ \.\. ")
        self.assertTrue(report.endswith("\n\n" + self.run_program("reduce", "a.h5", "--full-report").stdout))
        self.run_program(*JOB, "--output=b.h5")
        self.assert_same_files("a.h5", "b.h5")

    def test_twice_persistence_is_the_oscillation(self):
        report = self.run_program(*JOB, "--full-report", "--output=a.h5").stdout
        deviations = []
        with h5py.File(self.path("a.h5")) as file:
            for loss in LOSSES:
                profiles = file[f"profiles/{loss}"]
                oscillation = 6 * (profiles["total_variation"][()] - profiles["tilt"][()])
                persistence = profiles["total_persistence"][()] / np.ptp(profiles["loss"][()], axis=1)
                deviations.append(file[f"roughness/{loss}/identity_deviation"][()])
                self.assertLess(abs(oscillation - 2 * persistence).max(), 1e-14)
                self.assertAlmostEqual(deviations[-1], abs(oscillation - 2 * persistence).max(), delta=2e-15)
        self.assertIn(f"holds to {max(deviations):.0e}".replace("e-0", "e-"), " ".join(report.split()))

    def test_what_is_left_out_has_no_topology(self):
        self.run_program(*QUICK, "--losses=ritz", "--save-directions", "--output=a.h5")
        shutil.copy(self.path("a.h5"), self.path("d.h5"))
        with h5py.File(self.path("d.h5"), "r+") as file:
            file["profiles/ritz/direction"][2] *= 1e-30  # too short to move any parameter
        given = ["--losses=ritz", "--minimizer=a.h5", "--directions-from=d.h5"]
        self.run_program(*QUICK, *given, "--output=b.h5")
        with h5py.File(self.path("b.h5")) as file:
            profiles = file["profiles/ritz"]
            self.assertEqual(np.flatnonzero(np.isnan(profiles["total_persistence"][()])).tolist(), [2])
            self.assertTrue(np.isnan(profiles["saddle_gap"][2]))
            self.assertEqual(profiles["basins"][2], 0)
            self.assertTrue((np.delete(profiles["basins"][()], 2) >= 1).all())
            self.assertLess(file["roughness/ritz/identity_deviation"][()], 1e-14)

    def test_parabolas_have_one_basin_and_no_persistence(self):
        linear = ["--network=linear", "--problem=cubic", "--epochs=0", "--bias=random", "--directions=20"]
        report = self.run_program(*linear, "--bootstrap=200", "--full-report", "--output=l.h5").stdout
        self.assertRegex(report, r"basins deeper than 1 %( +mean 1){2}\n")
        self.assertRegex(report, r"persistence, of max - min +(0|\S+ \(rounding \S+\)) +(0|\S+ \(rounding \S+\))\n")
        self.assertRegex(report, r"of one basin \(SMAD\) +none +none\n")
        with h5py.File(self.path("l.h5")) as file:
            for loss in LOSSES:
                found = results(file[f"roughness/{loss}"])
                self.assertLessEqual(found["persistence_mean"], found["persistence_resolution"])
                self.assertTrue(np.isnan(found["smad"]))
                self.assertEqual(found["smad_directions"], 0)
            self.assertTrue(np.isnan(file["roughness/comparison/persistence_p_value"][()]))

    def test_files_without_these_numbers_are_refused_in_one_sentence(self):
        self.run_program(*QUICK)
        with h5py.File(self.path("landscape.h5"), "r+") as file:
            file.attrs.modify("format_version", np.int64(7))
        for command in (["info"], ["reduce"], ["verify"], ["resume"], ["compare", "landscape.h5"]):
            said = self.run_program(*command, "landscape.h5", code=1).stderr
            self.assertEqual(len(said.splitlines()), 1, said)
            self.assertIn("its format has version 7, this program reads version 8", said)


class Surfaces(SystemTest):
    def test_the_summary_has_the_numbers_of_the_grid(self):
        plane = ["surface", *SHORT, "--x=-3:3:31", "--y=-3:3:21"]
        report = self.run_program(*plane, "--output=s.h5", ranks=3).stdout
        with h5py.File(self.path("s.h5")) as file:
            for loss in LOSSES:
                f, found = file[f"surface/{loss}/loss"][()], results(file[f"surface/{loss}/summary"])
                deep = depths(f)
                self.assertGreater(deep.size, 1)
                self.assertAlmostEqual(found["total_persistence"] / deep.sum(), 1, delta=1e-13)
                self.assertAlmostEqual(found["smad"] / deep.mean(), 1, delta=1e-13)
                self.assertAlmostEqual(found["smad_normalised"] / (deep.mean() / np.ptp(f)), 1, delta=1e-13)
                self.assertEqual(found["deep_minima"], 1 + (deep > 0.01 * np.ptp(f)).sum())
                self.assertEqual(found["local_minima"], 1 + deep.size)
                self.assertIn(f"{found['smad']:.4g}", report)
        self.run_program(*plane, "--output=one.h5")
        self.assert_same_files("s.h5", "one.h5")
        self.assertTrue(report.endswith(self.run_program("reduce", "s.h5").stdout))

    def test_a_valley_has_none(self):
        report = self.run_program("surface", *SHORT, "--losses=ritz", "--x=-1:1:11", "--output=l.h5").stdout
        self.assertRegex(report, r"saddle above minimum, mean \(SMAD\) +none\n")
        with h5py.File(self.path("l.h5")) as file:
            found = results(file["surface/ritz/summary"])
            self.assertEqual(found["total_persistence"], 0)
            self.assertTrue(np.isnan(found["smad"]) and np.isnan(found["smad_normalised"]))

    def test_points_drawn_anew_have_no_neighbours(self):
        self.run_program("surface", *SHORT, "--losses=ritz", "--redraw", "--x=-1:1:5", "--y=-1:1:5", "--output=r.h5")
        with h5py.File(self.path("r.h5")) as file:
            self.assertNotIn("smad", file["surface/ritz/summary"])


if __name__ == "__main__":
    main()
