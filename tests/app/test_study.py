"""Many trainings as one job: study."""

import os
import time

import h5py
import numpy as np
from system import SystemTest, main, result_states, text

SMALL = ["--epochs=60", "--lbfgs-iterations=20", "--directions=7", "--grid=-1:1:9", "--bootstrap=100"]
TWO = ["study", "--vary=width=2,3 train-seed=1:3", *SMALL]
# Rows of some tenths of a second.
SLOW = ["study", "--vary=train-seed=1:8", "--losses=ritz", "--epochs=20000", "--lbfgs-iterations=0"]
SLOW += ["--history-every=100", "--directions=3", "--grid=-1:1:5", "--bootstrap=50", "--threads=1"]


def n_rows_complete(path):
    try:
        with h5py.File(path, "r") as file:
            return sum(int(group["complete"][()].all(axis=1).sum()) for group in file["trainings"].values())
    except (OSError, KeyError):
        return 0


class Study(SystemTest):
    def test_a_row_is_what_the_training_alone_gives(self):
        self.run_program(*TWO, "--eigenvalues", "--output=s.h5", ranks=2)
        alone = ["--width=3", "--train-seed=2", *SMALL]
        self.run_program(*alone, "--output=a.h5")
        self.run_program("spectrum", "--minimizer=a.h5", "--output=e.h5")
        row = 4  # width 3, seed 2
        for loss in ("ritz", "galerkin"):
            with h5py.File(self.path("s.h5")) as study, h5py.File(self.path("a.h5")) as single:
                found, minimizer = study[f"study/{loss}"], single[f"minimizer/{loss}"].attrs
                index = single[f"roughness/{loss}"]
                self.assertEqual((found["width"][row], found["train_seed"][row]), (3.0, 2.0))
                for name, expected in (
                    ("loss", minimizer["final_loss"]),
                    ("training_loss", minimizer["training_loss"]),
                    ("relative_l2_error", minimizer["relative_l2_error"]),
                    ("relative_h1_error", minimizer["relative_h1_error"]),
                    ("gradient_norm", minimizer["gradient_norm"]),
                    ("index", index["index"][()]),
                    ("index_lower", index["interval"][0]),
                    ("index_upper", index["interval"][1]),
                    ("mean", index["mean"][()]),
                    ("used", index["used"][()]),
                ):
                    self.assertEqual(found[name][row], expected, name)
                with h5py.File(self.path("e.h5")) as spectrum:
                    eigenvalues = spectrum[f"spectrum/{loss}/eigenvalues"][()]
                scale = np.abs(eigenvalues).max()
                self.assertLess(abs(found["smallest_eigenvalue"][row] - eigenvalues.min()), 1e-12 * scale)
                self.assertLess(abs(found["largest_eigenvalue"][row] - eigenvalues.max()), 1e-12 * scale)

    def test_any_number_of_ranks_gives_the_same_bits_and_a_report(self):
        first = self.run_program(*TWO, "--output=1.h5")
        self.assertIn("12 trainings in", first.stdout)
        self.assertIn("Deep Ritz: 6 trainings, RI of 7 directions", first.stdout)
        self.assertIn("Deep Galerkin: medians over seeds", first.stdout)
        self.assertLessEqual(max(len(line) for line in first.stdout.splitlines()), 100)
        for ranks in (2, 3, 4):
            self.run_program(*TWO, f"--output={ranks}.h5", ranks=ranks)
            self.assert_same_files("1.h5", f"{ranks}.h5")
        self.assertIn("the same bits", self.run_program("verify", "1.h5", "--all").stdout)
        self.assertIn("5 of 6 trainings computed again", self.run_program("verify", "2.h5").stdout)
        self.assertEqual(set(result_states(self.path("1.h5")).values()), {"complete"})
        self.assertEqual(self.run_program("reduce", "1.h5").stdout, first.stdout.split("\n\n", 1)[1])

    def test_medians_are_those_of_numpy_and_intervals_those_of_order_statistics(self):
        case = ["study", "--vary=train-seed=1:8 activation=swish,tanh", "--losses=galerkin", *SMALL]
        self.run_program(*case, "--output=s.h5")
        with h5py.File(self.path("s.h5")) as file:
            rows, medians = file["study/galerkin"], file["study/medians/galerkin"]
            self.assertIn("0 swish, 1 tanh", text(rows["activation"].attrs["description"]))
            np.testing.assert_array_equal(medians["activation"][()], [0, 1])
            for group in (0, 1):
                mine = rows["activation"][()] == group
                self.assertEqual(list(rows["train_seed"][mine]), list(range(1, 9)))
                for name in ("loss", "relative_l2_error", "gradient_norm", "index"):
                    values = np.sort(rows[name][mine])
                    self.assertEqual(medians[name][group], np.median(values), name)
                    # 8 values: the lowest and the highest enclose the median with 99 %, the second ones with 93 %.
                    self.assertEqual(list(medians[name + "_interval"][group]), [values[0], values[7]], name)
                    self.assertEqual(medians[name + "_count"][group], 8)
                self.assertEqual(medians["largest_eigenvalue_count"][group], 0)

    def test_two_losses_are_compared_in_pairs_of_seeds(self):
        case = ["study", "--vary=activation=swish,tanh seed=1:7", "--eigenvalues", *SMALL]
        said = self.run_program(*case, "--output=s.h5", ranks=2).stdout
        table = said[said.index("Is Ritz rougher than Galerkin?") :]
        with h5py.File(self.path("s.h5")) as file:
            compared = file["study/comparison"]
            np.testing.assert_array_equal(compared["activation"][()], [0, 1])
            for group in (0, 1):
                ritz, galerkin = (file[f"study/{loss}"] for loss in ("ritz", "galerkin"))
                mine = ritz["activation"][()] == group
                for name in ("index", "smad_normalised", "persistence_mean", "negative_share", "condition"):
                    a, b = ritz[name][mine], galerkin[name][mine]
                    pairs = np.isfinite(a) & np.isfinite(b)
                    difference = np.sort(a[pairs] - b[pairs])
                    self.assertEqual(compared[name + "_pairs"][group], difference.size)
                    self.assertEqual(compared[name + "_difference"][group], np.median(difference))
                    if difference.size < 6:
                        self.assertTrue(np.isnan(compared[name + "_difference_interval"][group]).all())
                        continue
                    ends = [difference[0], difference[-1]]  # of 6 or 7 values
                    np.testing.assert_array_equal(compared[name + "_difference_interval"][group], ends)
                    larger = 1 if ends[0] > 0 else -1 if ends[1] < 0 else 0
                    self.assertEqual(compared[name + "_larger"][group], larger)
                    if (a > 0).all() and (b > 0).all():
                        self.assertAlmostEqual(compared[name + "_ratio"][group], np.median(a / b), places=12)
                        self.assertIn(f"{compared[name + '_ratio'][group]:.3g}", table)
            self.assertEqual(table.count("yes") + table.count("no, G") + table.count("not decided"), 10)
        alone = [f"--activation=tanh", "--seed=3", *SMALL]
        self.run_program(*alone, "--output=a.h5")
        with h5py.File(self.path("s.h5")) as study, h5py.File(self.path("a.h5")) as single:
            for loss in ("ritz", "galerkin"):
                row, index = 9, single[f"roughness/{loss}"]  # tanh, seed 3
                self.assertEqual(study[f"study/{loss}/persistence_mean"][row], index["persistence_mean"][()])
                self.assertEqual(study[f"study/{loss}/smad_normalised"][row], index["smad_normalised"][()])
        one = self.run_program(*case, "--losses=ritz", "--output=r.h5").stdout
        self.assertNotIn("rougher than", one)

    def test_a_barrier_is_that_of_the_matched_line_to_the_minimizer_of_another_seed(self):
        self.run_program("study", "--vary=seed=3,7", "--barriers", *SMALL, "--output=s.h5", ranks=2)
        self.run_program("train", *SMALL[:2], "--seed=3", "--output=a.h5")
        self.run_program("train", *SMALL[:2], "--seed=3", f"--train-seed={3 + 2**32}", "--output=b.h5")
        with h5py.File(self.path("s.h5")) as file:
            found = {loss: file[f"study/{loss}/barrier"][()] for loss in ("ritz", "galerkin")}
            medians = file["study/medians/ritz/barrier"][0]
        self.assertEqual(medians, np.median(found["ritz"]))
        # |L(0) - L(u*)|: the energy of u*, and the squared norm of f.
        for loss, scale in (("ritz", np.pi**2 / 4), ("galerkin", np.pi**4 / 2)):
            through = f"--through=a.h5:{loss},b.h5:{loss}"
            self.run_program(
                "surface", through, "--match", "--x=0:1:51", f"--losses={loss}", "--output=l.h5", "--overwrite"
            )
            with h5py.File(self.path("l.h5")) as line:
                height = line[f"surface/{loss}_matched/summary/barrier_above_line"][()]
            self.assertAlmostEqual(found[loss][0] * scale, height, delta=1e-9 * scale)
        self.assertGreater(max(found["ritz"].max(), found["galerkin"].max()), 0)

    def test_the_presets_of_the_dispute_print_their_table(self):
        smaller = ["--epochs=30", "--lbfgs-iterations=10", "--directions=5", "--bootstrap=50", "--grid=-1:1:9"]
        smaller += ["--quadrature=gauss:5"]
        for preset in ("dispute-1d", "dispute-1d-near", "dispute-2d", "dispute-ball", "dispute-quick"):
            vary = "--vary=activation=swish,tanh seed=1:6"
            points = "monte-carlo:50" if preset == "dispute-ball" else "gauss:5"  # drawn anew there
            case = ["--preset", preset, vary, *smaller, f"--train-quadrature={points}"]
            said = self.run_program(*case, "--output=d.h5", "--overwrite", ranks=2).stdout
            table = said[said.index("Is Ritz rougher than Galerkin?") :]
            # A measure that too few of such trainings have stands in no line.
            for measure in ("roughness index", "negative curvature", "condition number"):
                self.assertEqual(table.count(measure), 2, (preset, measure))
            self.assertIn("barrier between seeds", table)

    def test_options_vary_alone_together_and_with_what_follows_from_them(self):
        vary = "quadrature+train-quadrature=simpson:10,gauss:16 network=fcnet,mlp,linear"
        self.run_program("study", f"--vary={vary}", "--losses=ritz", *SMALL, "--output=s.h5")
        pairs = [(q, n) for q in ("simpson:10", "gauss:16") for n in ("fcnet", "mlp", "linear")]
        for row, (quadrature, network) in enumerate(pairs):
            chosen = [f"--quadrature={quadrature}", f"--train-quadrature={quadrature}", f"--network={network}"]
            self.run_program(*chosen, "--losses=ritz", *SMALL, "--output=a.h5", "--overwrite")
            with h5py.File(self.path("s.h5")) as study, h5py.File(self.path("a.h5")) as single:
                np.testing.assert_array_equal(study["study/ritz/index"][row], single["roughness/ritz/index"][()])
        self.run_program("study", "--vary=layers=4,4|3", "--network=mlp", "--losses=ritz", *SMALL, "--output=l.h5")
        with h5py.File(self.path("l.h5")) as file:
            self.assertIn("0 4,4, 1 3", text(file["study/ritz/layers"].attrs["description"]))

    def test_a_kill_costs_no_row_that_was_done(self):
        self.run_program(*SLOW, "--output=whole.h5")
        process = self.start_program(*SLOW, "--output=a.h5", ranks=2)
        self.wait_for(lambda: n_rows_complete(self.path("a.h5")) >= 3, process)
        self.kill_group(process)
        kept = n_rows_complete(self.path("a.h5"))
        self.assertLess(kept, 8)
        said = self.run_program("resume", "a.h5", ranks=3).stdout
        self.assertIn(f"Evaluated   {8 - kept} trainings", said)
        self.assert_same_files("whole.h5", "a.h5")

    def test_a_time_limit_stops_within_a_row_and_resumably(self):
        case = [*SLOW[:3], "--epochs=100000000", *SLOW[4:]]
        start = time.time()
        stopped = self.run_program(*case, "--output=a.h5", "--time-limit=1", ranks=2, code=75)
        self.assertLess(time.time() - start, 30)
        self.assertIn("stopped by the time limit with 8 of 8 trainings left; go on with --resume", stopped.stderr)
        self.assertIn("stopped early", self.run_program("info", "a.h5").stdout)

    def test_a_training_that_diverges_is_told_and_ends_nothing(self):
        case = ["study", "--vary=learning-rate=1e-3,1e300", "--losses=galerkin", *SMALL]
        said = self.run_program(*case, "--output=s.h5", ranks=2).stdout
        self.assertIn("1 of 2 Galerkin trainings came to a loss that is not finite", said)
        self.assertIn("diverged", said)
        with h5py.File(self.path("s.h5")) as file:
            found = file["study/galerkin"]
            np.testing.assert_array_equal(found["diverged"][()], [0, 1])
            self.assertTrue(np.isfinite(found["loss"][0]) and np.isnan(found["loss"][1]))
        self.run_program("verify", "s.h5", "--all")

    def test_a_dry_run_tells_work_and_time_and_touches_nothing(self):
        said = self.run_program(*TWO, "--dry-run", "--output=s.h5", ranks=2).stdout
        self.assertRegex(said, r"Work +12 trainings, as ranks get free\n")
        self.assertRegex(said, r"Time +about .* on every rank")
        self.assertEqual(os.listdir(self.folder), [])

    def test_what_cannot_be_is_refused_in_a_sentence(self):
        for options, words in (
            ([], "study needs options that vary: give --vary"),
            (["--vary=width"], "--vary 'width' is no list of values"),
            (["--vary=foo=1"], "the option 'foo' is unknown"),
            (["--vary=output=a,b"], "the option 'output' cannot be varied"),
            (["--vary=dimension=1,2"], "the option 'dimension' cannot be varied"),
            (["--vary=losses=ritz"], "every training is done for each of --losses"),
            (["--vary=width=2,2"], "width has the value 2 twice"),
            (["--vary=width=2 width=3"], "--vary names width twice"),
            (["--vary=width=5:2"], "the range 5:2 has no number in it"),
            (["--vary=width=1:4096 epochs=1:4096"], "more than 100000 combinations"),
            (["--vary=width=0,4"], "width 0"),
            (["--vary=quadrature=simpson:10,gauss:0"], "gauss"),
            (["--vary=width=2,3", "--minimizer=x.h5"], "--minimizer has no meaning for study"),
        ):
            process = self.run_program("study", *options, "--output=s.h5", code=2)
            self.assertIn(words, process.stderr)
            self.assertEqual(os.listdir(self.folder), [], options)
        self.assertIn("--vary has no meaning for roughness", self.run_program("--vary=width=2", code=2).stderr)
        self.run_program(*TWO, "--output=s.h5")
        for command in (["--minimizer=s.h5", "--output=x.h5"], ["distance", "s.h5"], ["compare", "s.h5", "s.h5"]):
            self.assertRegex(self.run_program(*command, code=2 if command[0] == "compare" else 1).stderr, "'s.h5'")


if __name__ == "__main__":
    main()
