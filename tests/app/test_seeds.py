"""--seed and its two parts: what the training draws and which directions are drawn."""

import h5py
import numpy as np
from system import QUICK, TIMES, SystemTest, differing, last_part, main, theta_of

# Every random part of a training: first parameters, batches, points drawn anew.
JOB = [*QUICK, "--train-quadrature=monte-carlo:50", "--train-points=redrawn", "--batch=20", "--save-directions"]


class Seeds(SystemTest):
    def job(self, name, *seeds, **options):
        return self.run_program(*JOB, f"--output={name}", *seeds, **options).stdout

    def parts(self, name):
        """Bits of the minimizers, and the directions."""
        with h5py.File(self.path(name), "r") as file:
            theta = {loss: theta_of(file[f"minimizer/{loss}"]).tobytes() for loss in ("ritz", "galerkin")}
            drawn = {loss: file[f"profiles/{loss}/direction"][()] for loss in ("ritz", "galerkin")}
        return theta, drawn

    def test_the_training_and_the_directions_have_seeds_of_their_own(self):
        self.job("one.h5")
        self.assertIn("seed 1, direction-seed 2\n", self.job("other_directions.h5", "--direction-seed=2"))
        self.assertIn("seed 1, train-seed 2\n", self.job("other_training.h5", "--train-seed=2", ranks=2))
        theta, drawn = self.parts("one.h5")
        same_theta, others = self.parts("other_directions.h5")
        other_theta, same_draws = self.parts("other_training.h5")
        for loss in theta:
            self.assertEqual(theta[loss], same_theta[loss])
            self.assertFalse(np.any(np.all(drawn[loss] == others[loss], axis=1)), "no direction is a stored one")
            self.assertNotEqual(theta[loss], other_theta[loss])
            # norm filter scales rows of weights: their signs are the draws'
            np.testing.assert_array_equal(np.sign(drawn[loss]), np.sign(same_draws[loss]))
        # Both at once are the common seed's, where nothing else is drawn from it.
        self.job("both.h5", "--train-seed=2", "--direction-seed=2")
        self.job("two.h5", "--seed=2")
        drawn_apart = differing(self.path("both.h5"), self.path("two.h5"))
        measured = {name for name in drawn_apart if name.startswith(("minimizer", "profiles"))}
        self.assertEqual({last_part(name) for name in measured} - TIMES, set(), "only resampling differs")

    def test_only_common_directions_are_paired(self):
        self.job("one.h5")
        self.job("directions.h5", "--direction-seed=2")
        self.job("training.h5", "--train-seed=2")
        unpaired = " ".join(self.run_program("compare", "one.h5", "directions.h5").stdout.split())
        self.assertIn("A | B direction-seed: 1 | 2", unpaired)
        self.assertIn("not paired, because their direction seed differs (1 and 2)", unpaired)
        paired = self.run_program("compare", "one.h5", "training.h5").stdout
        self.assertIn("A | B       train-seed: 1 | 2\n", paired)
        self.assertEqual(paired.count("paired over 6 common directions"), 2, paired)
        # --seed of a command that reads a file draws the command's own numbers, not the file's directions again.
        self.assertIn("paired over 6", self.run_program("compare", "one.h5", "training.h5", "--seed=5").stdout)
        self.run_program("verify", "directions.h5", "--seed=5")
        self.run_program("verify", "training.h5")

    def test_a_job_goes_on_with_its_own_seeds_only(self):
        self.job("x.h5", "--train-seed=3", "--direction-seed=4")
        for seeds, what in (
            (["--train-seed=3"], "direction-seed was 4 and is now not set"),
            (["--train-seed=3", "--direction-seed=5"], "direction-seed was 4 and is now 5"),
            (["--train-seed=5", "--direction-seed=4"], "train-seed was 3 and is now 5"),
        ):
            process = self.run_program(*JOB, "--output=x.h5", "--resume", *seeds, code=2)
            self.assertRegex(process.stderr, rf"^landscape_mpi: --resume: 'x.h5' is another calculation: {what}\.\n$")
        self.job("x.h5", "--train-seed=3", "--direction-seed=4", "--resume", ranks=2)
        settings = self.run_program("info", "--settings", "x.h5").stdout
        self.assertRegex(settings, r"(?m)^train-seed = 3$")
        self.assertRegex(settings, r"(?m)^direction-seed = 4$")
        with h5py.File(self.path("x.h5"), "r") as file:
            self.assertEqual(file["profiles/ritz"].attrs["seed"], 4)

    def test_a_stopped_training_goes_on_for_other_directions_but_not_with_another_seed(self):
        endless = [*JOB, "--epochs=100000000", "--history-every=50", "--round-seconds=0.1", "--output=x.h5"]
        endless.remove("--epochs=300")
        self.run_program(*endless, "--time-limit=0.5", code=75)
        stdout = self.run_program(*endless, "--time-limit=0.5", "--resume", "--direction-seed=2", code=75).stdout
        self.assertIn("goes on from epoch", stdout)
        stderr = self.run_program(*endless, "--resume", "--train-seed=2", code=2).stderr
        self.assertIn("train-seed was not set and is now 2", stderr)

    def test_given_directions_have_no_seed(self):
        self.job("one.h5")
        given = ["--directions-from=one.h5", "--direction-seed=2", "--output=x.h5"]
        stderr = self.run_program(*QUICK, *given, code=2).stderr
        self.assertRegex(stderr, r"^landscape_mpi: --direction-seed shapes random directions: [^\n]*\n$")

    def test_a_dry_run_shows_both(self):
        stdout = self.job("x.h5", "--train-seed=3", "--direction-seed=4", "--dry-run")
        self.assertIn("seed 1, train-seed 3, direction-seed 4\n", stdout)


if __name__ == "__main__":
    main()
