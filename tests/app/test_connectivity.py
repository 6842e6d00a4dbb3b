"""Barriers between minimizers of many seeds: connectivity."""

import os

import h5py
import numpy as np
from system import SystemTest, main, result_states, results

# Trainings of milliseconds.
SMALL = [
    "connectivity",
    "--seeds=5",
    "--epochs=60",
    "--lbfgs-iterations=60",
    "--t-points=11",
    "--curve-iterations=20",
]
SMALL += ["--curve-nodes=8", "--bootstrap=100"]
# Of some tenths of a second, then as long for the curves.
SLOW = ["connectivity", "--seeds=4", "--losses=ritz", "--epochs=15000", "--lbfgs-iterations=0", "--t-points=11"]
SLOW += ["--curve-iterations=400", "--bootstrap=50", "--threads=1"]
PATHS = ("straight", "straight_matched", "curve", "curve_matched")


def n_rows_complete(path, *groups):
    """Of all blocks in the groups."""
    done = 0

    def count(_, node):
        nonlocal done
        if isinstance(node, h5py.Dataset) and node.name.endswith("/complete"):
            done += int(node[()].all(axis=1).sum())

    try:
        with h5py.File(path, "r") as file:
            for group in groups:
                file[group].visititems(count)
    except (OSError, KeyError):
        pass
    return done


class Connectivity(SystemTest):
    def test_findings_are_those_of_the_stored_paths(self):
        self.run_program(*SMALL, "--output=c.h5", ranks=2)
        with h5py.File(self.path("c.h5")) as file:
            for loss, scale in (("ritz", np.pi**2 / 4), ("galerkin", np.pi**4 / 2)):
                found = results(file[f"connectivity/{loss}"])
                self.assertAlmostEqual(found["scale"], scale, delta=1e-10 * scale)
                pairs = list(zip(found["first"], found["second"]))
                self.assertEqual(pairs, [(i, j) for i in range(5) for j in range(i + 1, 5)])
                theta = file[f"minimizers/{loss}/minimizer"][:, :53]
                apart = [np.linalg.norm(theta[j] - theta[i]) for i, j in pairs]
                np.testing.assert_allclose(found["distance"], apart, rtol=1e-13)
                self.assertTrue((found["matched_distance"] <= found["distance"] * (1 + 1e-13)).all())
                matched = file[f"matched/{loss}/parameters"][()]
                apart = [np.linalg.norm(row - theta[i]) for row, (i, _) in zip(matched, pairs)]
                np.testing.assert_allclose(found["matched_distance"], apart, rtol=1e-13)
                for path in PATHS:
                    t, losses = file[f"paths/{loss}/{path}/t"][()], file[f"paths/{loss}/{path}/loss"][()]
                    np.testing.assert_array_equal(t, np.arange(11) / 10)
                    above = losses - np.outer(losses[:, 0], 1 - t) - np.outer(losses[:, -1], t)
                    above[:, [0, -1]] = 0
                    own = results(file[f"connectivity/{loss}/{path}"])
                    np.testing.assert_allclose(own["barrier"], above.max(axis=1), atol=1e-13)
                    np.testing.assert_allclose(own["scaled_barrier"], above.max(axis=1) / scale, atol=1e-13)
                    self.assertEqual(own["median_barrier"], np.median(own["barrier"]))
                    low, high = own["median_barrier_interval"]
                    self.assertTrue(0 <= low <= own["median_barrier"] <= high)
                    self.assertEqual((own["used"], own["minimizers"]), (10, 5))
                ends = file[f"paths/{loss}/straight/loss"][:, [0, -1]]
                np.testing.assert_array_equal(file[f"paths/{loss}/curve/loss"][:, [0, -1]], ends)
                np.testing.assert_allclose(file[f"paths/{loss}/curve_matched/loss"][:, -1], ends[:, 1], rtol=1e-9)
                curve = results(file[f"connectivity/{loss}/curve"])
                straight = file[f"paths/{loss}/straight/loss"][()]
                self.assertTrue((curve["mean_loss"] < straight.mean(axis=1)).all())
                self.assertTrue((curve["iterations"] <= 20).all())
            paired = results(file["connectivity/comparison/straight"])
            barriers = [file[f"connectivity/{loss}/straight/scaled_barrier"][()] for loss in ("ritz", "galerkin")]
            self.assertEqual(paired["difference"], np.median(barriers[0] - barriers[1]))
            self.assertEqual(paired["ritz_higher"], np.sum(barriers[0] > barriers[1]))
            self.assertIn("On the straight path the scaled barriers of both losses", paired["sentence"])

    def test_a_minimizer_is_what_its_training_alone_gives(self):
        self.run_program(*SMALL[:-3], "--curve-iterations=0", "--train-seed=3", "--output=c.h5")
        options = ["--epochs=60", "--lbfgs-iterations=60"]
        self.run_program("train", *options, "--train-seed=5", "--output=a.h5")
        with h5py.File(self.path("c.h5")) as file, h5py.File(self.path("a.h5")) as single:
            for loss in ("ritz", "galerkin"):
                alone, found = single[f"minimizer/{loss}"], file[f"connectivity/{loss}"]
                weights = alone["parameters/layer_in.weight"][()].ravel()
                np.testing.assert_array_equal(file[f"minimizers/{loss}/minimizer"][2, : weights.size], weights)
                self.assertEqual(found["loss"][2], alone.attrs["final_loss"])
                self.assertEqual(found["relative_l2_error"][2], alone.attrs["relative_l2_error"])
                self.assertNotIn("curve", found)

    def test_any_number_of_ranks_gives_the_same_bits_and_a_report(self):
        first = self.run_program(*SMALL, "--output=1.h5")
        self.assertIn("Barriers between 5 minimizers of each loss: medians over 10 pairs", first.stdout)
        self.assertIn("straight, matched", first.stdout)
        self.assertLessEqual(max(len(line) for line in first.stdout.splitlines()), 100)
        for ranks in (2, 3):
            self.run_program(*SMALL, f"--output={ranks}.h5", ranks=ranks)
            self.assert_same_files("1.h5", f"{ranks}.h5")
        self.assertIn("the same bits", self.run_program("verify", "1.h5", "--all").stdout)
        self.assertIn("5 of 10 rows computed again: the same bits", self.run_program("verify", "3.h5").stdout)
        self.assertEqual(set(result_states(self.path("1.h5")).values()), {"complete"})
        self.assertEqual(self.run_program("reduce", "1.h5").stdout, first.stdout.split("\n\n", 1)[1])
        self.assertIn("paths/ritz/curve: 10 rows x 11 columns", self.run_program("info", "1.h5").stdout)
        resumed = self.run_program("resume", "1.h5").stdout
        self.assertIn("Output      1.h5 (resumed)\n", resumed)
        self.assertIn("Evaluated   0 rows", resumed)

    def test_kills_cost_no_row_that_was_done(self):
        self.run_program(*SLOW, "--output=whole.h5")
        process = self.start_program(*SLOW, "--output=a.h5", ranks=2)
        self.wait_for(lambda: n_rows_complete(self.path("a.h5"), "minimizers") >= 1, process)
        self.kill_group(process)
        process = self.start_program("resume", "a.h5", ranks=2)
        self.wait_for(lambda: n_rows_complete(self.path("a.h5"), "curves") >= 1, process)
        self.kill_group(process)
        self.assertEqual(n_rows_complete(self.path("a.h5"), "minimizers"), 4)
        kept = n_rows_complete(self.path("a.h5"), "minimizers", "matched", "curves", "paths")
        self.assertLess(kept, 46)
        self.assertIn("none is done yet", self.run_program("verify", "a.h5").stdout)
        said = self.run_program("reduce", "a.h5").stdout
        self.assertIn("ritz: only 0 of 6 pairs have a barrier on every path.", said)
        self.assertNotIn("Warning", said)
        said = self.run_program("resume", "a.h5", ranks=3).stdout
        self.assertIn(f"Evaluated   {46 - kept} rows", said)
        self.assert_same_files("whole.h5", "a.h5")

    def test_a_damaged_minimizer_is_trained_again_and_its_pairs_stay(self):
        self.run_program(*SMALL, "--losses=ritz", "--output=whole.h5")
        self.run_program(*SMALL, "--losses=ritz", "--output=a.h5")
        with h5py.File(self.path("a.h5"), "r+") as file:
            file["minimizers/ritz/minimizer"][2, 0] += 1.0
        self.assertIn("do not match their checksum", self.run_program("verify", "a.h5", code=1).stderr)
        self.assertIn("1 rows do not match their checksum", self.run_program("reduce", "a.h5").stdout)
        self.assertIn("Evaluated   1 rows", self.run_program("resume", "a.h5").stdout)
        self.assert_same_files("whole.h5", "a.h5")

    def test_the_convex_linear_model_has_no_barrier(self):
        case = [
            "connectivity",
            "--network=linear",
            "--problem=cubic",
            "--seeds=5",
            "--epochs=50",
            "--bootstrap=100",
        ]
        said = self.run_program(*case, "--lbfgs-iterations=0", "--output=c.h5").stdout
        self.assertIn("neither loss has a barrier that is more than rounding", said)
        with h5py.File(self.path("c.h5")) as file:
            for loss in ("ritz", "galerkin"):
                self.assertGreater(file[f"connectivity/{loss}/distance"][()].min(), 1e-3)
                np.testing.assert_array_equal(file[f"connectivity/{loss}/straight/barrier"][()], np.zeros(10))
                for path in PATHS:
                    found = results(file[f"connectivity/{loss}/{path}"])
                    self.assertLessEqual(found["scaled_barrier"].max(), found["resolution"])

    def test_fewer_pairs_and_a_training_that_diverges(self):
        self.run_program(*SMALL, "--pairs=5", "--losses=ritz", "--output=p.h5")
        with h5py.File(self.path("p.h5")) as file:
            found = results(file["connectivity/ritz"])
            self.assertEqual(sorted(np.concatenate([found["first"], found["second"]])), sorted(list(range(5)) * 2))
            self.assertNotIn("comparison", file["connectivity"])
        said = self.run_program(*SMALL, "--learning-rate=1e300", "--output=d.h5").stdout
        self.assertIn("Warning: 5 of 5 Ritz trainings came to a loss that is not finite", said)
        self.run_program("verify", "d.h5", "--all")

    def test_a_dry_run_tells_work_and_time_and_touches_nothing(self):
        said = self.run_program(*SMALL, "--dry-run", "--output=c.h5", ranks=2).stdout
        self.assertRegex(said, r"Work +150 rows, as ranks get free\n")
        self.assertRegex(said, r"Time +about .* on every rank")
        self.assertEqual(os.listdir(self.folder), [])

    def test_a_time_limit_stops_within_a_row_and_resumably(self):
        case = [option for option in SLOW if not option.startswith("--epochs")] + ["--epochs=100000000"]
        stopped = self.run_program(*case, "--output=a.h5", "--time-limit=1", ranks=2, code=75)
        self.assertIn("with 46 of 46 rows left; go on with --resume", stopped.stderr)

    def test_what_cannot_be_is_refused_in_a_sentence(self):
        for options, words in (
            (["--seeds=1"], "--seeds '1' is too small: give a whole number from 2 to"),
            (["--pairs=0"], "--pairs '0' is too small"),
            (["--t-points=2"], "--t-points '2' is too small"),
            (["--curve-iterations=-1"], "--curve-iterations '-1' is too small"),
            (["--curve-nodes=x"], "--curve-nodes 'x' is not a whole number"),
            (
                ["--train-seed=18446744073709551615"],
                "--train-seed 18446744073709551615 leaves no room for 8 seeds",
            ),
            (["--minimizer=x.h5"], "--minimizer has no meaning for connectivity"),
            (["--directions=3"], "--directions has no meaning for connectivity"),
            (["--grid=-1:1:3"], "--grid has no meaning for connectivity"),
        ):
            process = self.run_program("connectivity", *options, "--output=c.h5", code=2)
            self.assertIn(words, process.stderr)
            self.assertEqual(len(process.stderr.strip().splitlines()), 1, process.stderr)
            self.assertEqual(os.listdir(self.folder), [], options)
        self.assertIn("--seeds has no meaning for roughness", self.run_program("--seeds=3", code=2).stderr)


if __name__ == "__main__":
    main()
