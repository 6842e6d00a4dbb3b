"""The index along trainings: trajectory."""

import os
import re

import h5py
import numpy as np
from system import SystemTest, main, state_dict, text, theta_of, write_safetensors

SMALL = ["--width=3", "--epochs=90", "--every=40", "--lbfgs-iterations=20", "--directions=7", "--grid=-1:1:9"]
SMALL += ["--bootstrap=100"]
RANDOM = ["--quadrature=monte-carlo:50"]


def n_complete(path):
    """Numbers of all blocks that are marked as complete, 0 while the file cannot be read."""
    try:
        with h5py.File(path, "r") as file:
            return sum(int(np.count_nonzero(group["complete"][()])) for group in file["path"].values())
    except (OSError, KeyError):
        return 0


class Trajectory(SystemTest):
    def test_checkpoints_are_those_of_shorter_trainings_and_the_last_is_the_minimizer(self):
        self.run_program("trajectory", *SMALL, "--output=t.h5")
        self.run_program("train", "--width=3", "--epochs=40", "--lbfgs-iterations=0", "--output=short.h5")
        for loss in ("ritz", "galerkin"):
            with h5py.File(self.path("t.h5")) as file, h5py.File(self.path("short.h5")) as short:
                path = file[f"minimizer/{loss}/path"]
                epochs, parameters = path["epoch"][()], path["parameters"][()]
                np.testing.assert_array_equal(epochs[:4], [0, 40, 80, 90])
                self.assertEqual(len(epochs), 5)
                self.assertGreater(epochs[4], 90)
                np.testing.assert_array_equal(parameters[1], theta_of(short[f"minimizer/{loss}"]))
                np.testing.assert_array_equal(parameters[4], theta_of(file[f"minimizer/{loss}"]))
                np.testing.assert_array_equal(file[f"trajectory/{loss}/epoch"][()], epochs)

    def test_the_index_at_a_checkpoint_is_what_roughness_finds_there(self):
        self.run_program("trajectory", *SMALL, *RANDOM, "--output=t.h5", ranks=2)
        at_40 = ["--width=3", "--epochs=40", "--lbfgs-iterations=0", *SMALL[4:]]
        for name, quadrature in (("own.h5", RANDOM[0]), ("better.h5", "--quadrature=gauss:256")):
            self.run_program(*at_40, "--train-quadrature=simpson:100", quadrature, f"--output={name}")
        for loss in ("ritz", "galerkin"):
            with h5py.File(self.path("t.h5")) as file:
                found = file[f"trajectory/{loss}"]
                rows = file[f"path/{loss}/loss"][()].reshape(5, 7, 9)
                for name, prefix in (("own.h5", ""), ("better.h5", "reference_")):
                    with h5py.File(self.path(name)) as single:
                        alone = single[f"roughness/{loss}"]
                        self.assertEqual(found[prefix + "index"][1], alone["index"][()])
                        np.testing.assert_array_equal(found[prefix + "interval"][1], alone["interval"][()])
                        if not prefix:
                            np.testing.assert_array_equal(rows[1], single[f"profiles/{loss}/loss"][()])
                        self.assertEqual(
                            found[f"{loss}_gradient_norm"].shape + found["relative_l2_error"].shape, (5, 5)
                        )

    def test_losses_errors_and_gradients_are_those_of_the_minimizer_at_the_end(self):
        self.run_program("trajectory", *SMALL, "--quadrature=gauss:64", "--output=t.h5")
        with h5py.File(self.path("t.h5")) as file:
            for loss in ("ritz", "galerkin"):
                found, end = file[f"trajectory/{loss}"], file[f"minimizer/{loss}"].attrs
                self.assertAlmostEqual(found[f"{loss}_loss"][-1] / end["final_loss"], 1.0, delta=1e-9)
                self.assertAlmostEqual(found["relative_l2_error"][-1] / end["relative_l2_error"], 1.0, delta=1e-6)
                self.assertAlmostEqual(found["relative_h1_error"][-1] / end["relative_h1_error"], 1.0, delta=1e-6)
                self.assertAlmostEqual(found[f"{loss}_gradient_norm"][-1] / end["gradient_norm"], 1.0, delta=1e-5)
            # Both trainings begin at one point.
            for name in ("ritz_loss", "galerkin_loss", "index"):
                self.assertIn(f"trajectory/ritz/{name}", file)
            self.assertEqual(file["trajectory/ritz/galerkin_loss"][0], file["trajectory/galerkin/galerkin_loss"][0])

    def test_eigenvalues_at_the_end_are_those_of_the_spectrum(self):
        self.run_program("trajectory", *SMALL, "--eigenvalues", "--output=t.h5", ranks=2)
        self.run_program("spectrum", "--minimizer=t.h5", "--output=e.h5")
        with h5py.File(self.path("t.h5")) as file, h5py.File(self.path("e.h5")) as spectrum:
            for loss in ("ritz", "galerkin"):
                found, values = file[f"trajectory/{loss}"], spectrum[f"spectrum/{loss}/eigenvalues"][()]
                scale = np.abs(values).max()
                self.assertLess(abs(found["smallest_eigenvalue"][-1] - values.min()), 1e-12 * scale)
                self.assertLess(abs(found["largest_eigenvalue"][-1] - values.max()), 1e-12 * scale)
                self.assertTrue(np.isfinite(found["smallest_eigenvalue"][()]).all())
        self.assertIn("lambda_max", self.run_program("reduce", "t.h5").stdout)

    def test_the_points_of_a_step_are_those_that_its_loss_was_computed_on(self):
        redrawn = ["--train-quadrature=monte-carlo:40", "--train-points=redrawn", "--history-every=1"]
        case = [*SMALL[:3], "--lbfgs-iterations=0", *SMALL[4:], *redrawn]
        first = self.run_program("trajectory", *case, "--output=1.h5")
        self.assertIn("the step's own points, monte-carlo:40 redrawn", first.stdout)
        for ranks in (2, 3):
            self.run_program("trajectory", *case, f"--output={ranks}.h5", ranks=ranks)
            self.assert_same_files("1.h5", f"{ranks}.h5")
        self.run_program("verify", "1.h5", "--all")
        with h5py.File(self.path("1.h5")) as file:
            for loss in ("ritz", "galerkin"):
                minimizer = file[f"minimizer/{loss}"]
                recorded = dict(zip(minimizer["history/epoch"][()], minimizer["history/loss"][()]))
                centres = file[f"path/{loss}/step/loss"][()].reshape(4, 7, 9)[:, :, 4]  # where s = 0
                # The history's record of an epoch is the loss before its step.
                expected = [recorded[1], recorded[41], recorded[81], minimizer.attrs["training_loss"]]
                np.testing.assert_allclose(centres, np.tile(expected, (7, 1)).T, rtol=1e-12)
                self.assertEqual(file[f"trajectory/{loss}/step_index"].shape, (4,))

    def test_a_stored_path_and_a_folder_of_checkpoints_are_followed_again(self):
        self.run_program("trajectory", *SMALL, "--output=t.h5")
        self.run_program("trajectory", "--minimizer=t.h5", *SMALL[4:], "--output=again.h5", ranks=2)
        for loss in ("ritz", "galerkin"):
            os.mkdir(self.path(loss))
            with h5py.File(self.path("t.h5")) as file, h5py.File(self.path("again.h5")) as again:
                for name in ("loss", "total_variation"):
                    np.testing.assert_array_equal(file[f"path/{loss}/{name}"], again[f"path/{loss}/{name}"])
                for name in ("epoch", "index", "interval", "ritz_loss", "relative_l2_error"):
                    np.testing.assert_array_equal(file[f"trajectory/{loss}/{name}"], again[f"trajectory/{loss}/{name}"])
                path, shapes = file[f"minimizer/{loss}/path"], state_dict(file[f"minimizer/{loss}"])
                for epoch, theta in zip(path["epoch"][()], path["parameters"][()]):
                    tensors, first = {}, 0
                    for name, tensor in shapes.items():
                        tensors[name] = theta[first : first + tensor.size].reshape(tensor.shape)
                        first += tensor.size
                    name = self.path(f"{loss}/net-1-epoch{epoch}.safetensors")
                    write_safetensors(name, tensors, {"network": "resnet", "activation": "swish"})
        folders = ["--minimizer-ritz=ritz", "--minimizer-galerkin=galerkin", *SMALL[4:]]
        self.run_program("trajectory", *folders, "--output=folders.h5")
        self.run_program("verify", "folders.h5", "--all")
        with h5py.File(self.path("folders.h5")) as file, h5py.File(self.path("t.h5")) as first:
            for loss in ("ritz", "galerkin"):
                for name in ("epoch", "index"):
                    np.testing.assert_array_equal(file[f"trajectory/{loss}/{name}"], first[f"trajectory/{loss}/{name}"])
        self.run_program("surface", *folders[:2], "--path", "--x=-1:1:5", "--y=-1:1:5", "--output=s.h5")
        os.rename(self.path("ritz/net-1-epoch0.safetensors"), self.path("ritz/first.safetensors"))
        said = self.run_program("trajectory", *folders, "--output=x.h5", code=1).stderr
        self.assertIn("'first.safetensors' has no epoch, a number, in its name", said)
        os.mkdir(self.path("empty"))
        said = self.run_program("trajectory", "--minimizer=empty", "--output=x.h5", code=1).stderr
        self.assertIn("there is no .safetensors file in it", said)

    def test_damaged_numbers_of_a_checkpoint_are_undefined_and_told(self):
        self.run_program("trajectory", *SMALL, "--output=t.h5")
        with h5py.File(self.path("t.h5"), "r+") as file:
            file["path/ritz/checkpoints/measure"][0, 0] = -99.0
        said = self.run_program("reduce", "t.h5").stdout
        self.assertNotIn("-99", said)
        self.assertIn("1 rows do not match their checksum", said)

    def test_any_number_of_ranks_gives_the_same_bits_and_a_report(self):
        first = self.run_program("trajectory", *SMALL, *RANDOM, "--output=1.h5")
        self.assertIn("Deep Galerkin: RI along its training, 7 directions", first.stdout)
        self.assertIn("RI begins at", first.stdout)
        self.assertLessEqual(max(len(line) for line in first.stdout.splitlines()), 100)
        for ranks in (2, 3, 4):
            self.run_program("trajectory", *SMALL, *RANDOM, f"--output={ranks}.h5", ranks=ranks)
            self.assert_same_files("1.h5", f"{ranks}.h5")
        verified = self.run_program("verify", "1.h5", "--all")
        self.assertIn("the same bits", verified.stdout)
        self.assertIn("RI begins at", self.run_program("reduce", "1.h5").stdout)
        self.assertIn("ritz, checkpoints", self.run_program("info", "1.h5").stdout)
        self.run_program("trajectory", *SMALL, *RANDOM, "--output=none.h5", "--dry-run")
        self.assertFalse(os.path.exists(self.path("none.h5")))

    def test_other_ranks_evaluate_checkpoints_while_the_first_one_trains(self):
        case = ["trajectory", "--width=3", "--epochs=6000", "--every=500", "--lbfgs-iterations=30", "--directions=7"]
        case += ["--grid=-1:1:9", "--bootstrap=100", "--eigenvalues", "--train-quadrature=monte-carlo:200"]
        case += ["--train-points=redrawn", *RANDOM, "--threads=1"]
        alone = self.run_program(*case, "--output=1.h5").stdout
        self.assertNotIn("during the training", alone)
        for ranks in (2, 3, 4):
            said = self.run_program(*case, f"--output={ranks}.h5", ranks=ranks).stdout
            done, early = re.search(r"Evaluated +([0-9 ]+) losses \(([0-9 ]+) of them during", said).groups()
            self.assertIn(f"Evaluated   {done} losses", alone)
            self.assertLessEqual(int(early.replace(" ", "")), int(done.replace(" ", "")))
            self.assert_same_files("1.h5", f"{ranks}.h5")
        # The first rank's cores are all taken: a training by two threads.
        said = self.run_program(*case[:-1], "--output=two.h5", ranks=2).stdout
        self.assert_same_files("1.h5", "two.h5")
        stopped = [*case, "--round-seconds=0.05", "--output=stopped.h5"]
        self.run_program(*stopped, "--time-limit=0.2", ranks=2, code=75)
        self.run_program(*stopped, "--resume", ranks=3)
        self.assert_same_files("1.h5", "stopped.h5")
        codes, process = self.run_ranks([*case, "--learning-rate=1e300", "--output=x.h5"], 3)
        self.assertEqual(codes, [1, 1, 1])
        self.assertIn("lower --learning-rate", process.stderr)

    def test_an_index_that_rounding_can_make_is_shown_as_such_apart_from_its_neighbour(self):
        # Directions of the linear model's one weight differ in sign only: all T are equal.
        end = self.run_program("trajectory", "--network=linear", "--problem=cubic", *SMALL[1:], "--output=t.h5")
        rows = [line for line in end.stdout.splitlines() if line.startswith("       0")]
        self.assertEqual(len(rows), 2)
        for row in rows:
            self.assertRegex(row, r" < \de-\d\d ")

    def test_a_kill_in_training_or_evaluation_costs_no_bit(self):
        long = ["trajectory", "--width=3", "--epochs=30000", "--every=3000", "--lbfgs-iterations=0", "--directions=150"]
        long += ["--grid=-1:1:41", "--bootstrap=50", "--round-seconds=0.05", "--losses=galerkin"]
        self.run_program(*long, "--output=whole.h5")
        job = self.start_program(*long, "--output=cut.h5", ranks=2)
        checkpoint = self.path("cut.h5.training-galerkin.h5")
        self.wait_for(lambda: os.path.exists(checkpoint), job)
        self.kill_group(job)
        self.assertFalse(os.path.exists(self.path("cut.h5")))
        job = self.start_program(*long, "--output=cut.h5", "--resume", ranks=2)
        self.wait_for(lambda: n_complete(self.path("cut.h5")) > 0, job)
        self.kill_group(job)
        with h5py.File(self.path("cut.h5")) as file:
            self.assertNotEqual(text(file["state"][()]) if "state" in file else text(file.attrs["state"]), "complete")
        self.run_program("resume", "cut.h5", ranks=3)
        self.assert_same_files("whole.h5", "cut.h5")

    def test_what_cannot_be_is_refused_in_a_sentence(self):
        self.run_program("train", *SMALL[:2], "--lbfgs-iterations=0", "--output=m.h5")
        self.run_program("trajectory", *SMALL, "--output=t.h5")
        cases = [
            (["trajectory", "--minimizer=m.h5"], "'m.h5' has no path of a training: give a file of trajectory"),
            (["trajectory", "--minimizer-ritz=t.h5"], "take one loss at a time with --losses"),
            (["trajectory", "--minimizer=t.h5", "--every=5"], "--every is of a training"),
            (["trajectory", "--minimizer=t.h5", "--path-checkpoints=2"], "'t.h5' has a path of 5 checkpoints"),
            (["trajectory", "--path-checkpoints=2"], "--path-checkpoints is of a path that is loaded"),
            (["trajectory", "--save-directions"], "--save-directions has no meaning for trajectory."),
            (["trajectory", "--every=0"], "--every '0' is too small"),
            (["trajectory", "--every=1", "--epochs=1000000"], "--every 1 makes 1000000 checkpoints"),
            (["train", "--every=10"], "--every has no meaning for train: it belongs to the command trajectory."),
        ]
        for options, sentence in cases:
            with self.subTest(options=options):
                end = self.run_program(*options, code=2)
                self.assertIn(sentence, " ".join(end.stderr.split()))
        self.run_program("trajectory", "--start=m.h5", *SMALL[1:], "--output=on.h5")
        with h5py.File(self.path("on.h5")) as on, h5py.File(self.path("m.h5")) as file:
            np.testing.assert_array_equal(on["minimizer/ritz/path/parameters"][0], theta_of(file["minimizer/ritz"]))


if __name__ == "__main__":
    main()
