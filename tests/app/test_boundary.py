"""u = 0 on the boundary by a penalty: losses, minima, files, ranks and interruptions."""

import h5py
import numpy as np
from system import MEASURES, QUICK, UNCERTAINTIES, SystemTest, main, reference_of, state_dict, text, theta_of

LOSSES = ("ritz", "galerkin")
POINTS = {1: 100, 2: 40, 10: 4093}  # per dimension, or of a lattice (a prime)
# Random points inside and on the boundary, in batches, drawn anew; further point sets.
SQUARE = ["--dimension=2", "--boundary=penalty:20", "--epochs=30", "--lbfgs-iterations=0", "--bootstrap=50",
          "--train-quadrature=monte-carlo:64", "--batch=24", "--train-points=redrawn", "--quadrature=sobol:64",
          "--point-sets=2", "--reference-quadrature=gauss:8", "--directions=6", "--grid=-1:1:5"]  # fmt: skip


def least_ritz(beta):
    """Of u* + pi / (2 beta), which solves -u'' = pi^2 sin(pi x) with du/dn + 2 beta u = 0."""
    return -np.pi**2 / 4 - np.pi**2 / (2 * beta)


def network_at(group, x):
    """N(x) of a residual network in one dimension, by its definition."""
    tensors = iter(state_dict(group).values())
    layers = list(zip(tensors, tensors))

    def act(z):
        return z / (1 + np.exp(-z))

    y = layers[0][0] @ [x] + layers[0][1]
    for (w1, b1), (w2, b2) in zip(layers[1:-1:2], layers[2:-1:2]):
        y = y + act(w2 @ act(w1 @ y + b1) + b2)
    return (layers[-1][0] @ y + layers[-1][1])[0]


class Penalty(SystemTest):
    def minimizer(self, name, loss):
        with h5py.File(self.path(name), "r") as file:
            group = file[f"minimizer/{loss}"]
            return dict(group.attrs), theta_of(group)

    def test_losses_and_errors_are_the_references(self):
        for d, beta, problem in ((1, 100, "sine"), (1, 5, "cubic"), (2, 50, "sine"), (10, 2, "sine"), (2, 20, "sine-sum")):
            name = f"{d}{problem}.h5"
            self.run_program("train", f"--dimension={d}", f"--problem={problem}", f"--boundary=penalty:{beta}",
                             "--epochs=150", "--learning-rate=0.01", "--lbfgs-iterations=0",
                             f"--output={name}")  # fmt: skip
            for loss in LOSSES:
                measured, theta = self.minimizer(name, loss)
                numbers = reference_of(measured, theta, problem, loss, POINTS[d], beta)
                for what, uncertainty, (value, error) in zip(MEASURES, UNCERTAINTIES, numbers):
                    stated = measured[uncertainty]
                    bound = 1e-10 * abs(value) + stated if d <= 3 else 4 * np.hypot(stated, error)
                    message = f"{name}, {loss}: {what} {measured[what]} +- {stated}, reference {value} +- {error}"
                    self.assertLessEqual(abs(measured[what] - value), bound, message)
                    self.assertLessEqual(stated, (1e-8 if d <= 3 else 0.1) * abs(value) + 1e-13, message)

    def test_a_larger_penalty_brings_the_boundary_values_nearer_to_zero(self):
        """A Ritz minimizer's are pi / (2 beta), a Galerkin minimizer's are zero."""
        for beta in (100, 1000):
            self.run_program("train", f"--boundary=penalty:{beta}", "--output=a.h5", "--overwrite")
            ritz, _ = self.minimizer("a.h5", "ritz")
            self.assertTrue(least_ritz(beta) <= ritz["final_loss"] <= least_ritz(beta) + 1e-4, ritz["final_loss"])
            self.assertEqual(text(ritz["warnings"]), "")
            with h5py.File(self.path("a.h5"), "r") as file:
                for x in (0.0, 1.0):
                    values = [network_at(file[f"minimizer/{loss}"], x) for loss in LOSSES]
                    self.assertAlmostEqual(values[0] / (np.pi / (2 * beta)), 1, delta=0.1)
                    self.assertLess(abs(values[1]), 1e-4)

    def test_the_same_bits_on_any_number_of_ranks(self):
        self.run_program(*SQUARE, "--output=one.h5", "--threads=1")
        for ranks in (2, 3):
            self.run_program(*SQUARE, f"--output={ranks}.h5", "--threads=2", ranks=ranks)
            self.assert_same_files("one.h5", f"{ranks}.h5")
        self.assertIn("the same bits", self.run_program("verify", "one.h5", "--all").stdout)
        self.run_program("reduce", "one.h5")

    def test_a_wrong_boundary_is_no_longer_what_the_file_holds(self):
        """The file's own boundary and its boundary points are what verify computes with."""
        self.run_program(*QUICK, "--boundary=penalty:20", "--output=a.h5")
        self.run_program("verify", "a.h5", "--all")
        with h5py.File(self.path("a.h5"), "r+") as file:
            file["problem"].attrs.modify("boundary", "penalty:21")
        self.run_program("verify", "a.h5", "--all", code=1)

    def test_a_stopped_job_goes_on_to_the_same_bits(self):
        case = [*SQUARE, "--epochs=10000", "--round-seconds=0.02", "--time-limit=0.001", "--output=stopped.h5"]
        self.run_program(*[o for o in case if o != "--epochs=30"], code=75)
        rest = [o for o in case if not o.startswith(("--time-limit", "--epochs=30"))] + ["--resume"]
        other = [o for o in rest if not o.startswith("--boundary")]
        refused = self.run_program(*other, "--boundary=penalty:21", code=2).stderr
        self.assertIn("boundary was penalty:20 and is now penalty:21", refused)
        self.run_program(*rest, ranks=2)
        self.run_program(*[o for o in rest[:-1] if not o.startswith("--output")], "--output=whole.h5")
        self.assert_same_files("whole.h5", "stopped.h5")

    def test_the_file_and_the_report_say_so(self):
        report = self.run_program(*QUICK, "--boundary=penalty:20", "--full-report", "--output=a.h5").stdout
        self.assertIn("\nProblem     -u'' = f on (0,1), u(0) = u(1) = 0 by penalty:20, u* = sin(pi x)\n", report)
        self.assertIn("203 points, 2 of them on the boundary\n", report)
        self.assertRegex(report, rf"least over all functions +{least_ritz(20):.8g} +0\n")
        with h5py.File(self.path("a.h5"), "r") as file:
            problem = file["problem"]
            self.assertEqual(text(problem.attrs["boundary"]), "penalty:20")
            self.assertIn("u = 0 on the boundary by penalty (losses + 20 int u^2", text(problem.attrs["pde"]))
            self.assertEqual(problem.attrs["boundary_points"], 2)
            np.testing.assert_array_equal(problem["points"][-2:, 0], [0, 1])
            self.assertIn("boundary = penalty:20", text(file.attrs["config"]).splitlines())
        self.assertIn("by penalty:20", self.run_program("info", "a.h5").stdout)
        self.run_program(*QUICK, "--output=hard.h5")
        with h5py.File(self.path("hard.h5"), "r") as file:
            self.assertEqual(text(file["problem"].attrs["boundary"]), "hard")
            self.assertNotIn("boundary", text(file.attrs["config"]))
        compared = self.run_program("compare", "a.h5", "hard.h5").stdout
        self.assertRegex(compared, r"A \| B +boundary: penalty:20 \| hard\n")

    def test_a_quadrature_below_the_robin_minimum_is_warned_about_where_that_is_known(self):
        coarse = [*QUICK[1:], "--losses=ritz", "--boundary=penalty:20", "--epochs=3000", "--train-quadrature=gauss:1"]
        words = " ".join(self.run_program(*coarse, "--output=line.h5").stdout.split())
        self.assertIn(f"below the least over all functions, {least_ritz(20):.8g}", words)
        square = [o for o in coarse if not o.startswith("--epochs")]
        report = self.run_program(*square, "--epochs=300", "--dimension=2", "--output=square.h5").stdout
        self.assertRegex(report, r"least over all functions +unknown \(\*\*\)\n")
        self.assertIn("known for -u'' = f only", " ".join(report.split()))
        self.assertNotIn("below the least", " ".join(report.split()))

    def test_a_loaded_minimizer_is_measured_with_the_boundary_that_is_asked_for(self):
        self.run_program("train", *QUICK, "--boundary=penalty:20", "--output=a.h5")
        trained, theta = self.minimizer("a.h5", "ritz")
        self.run_program(*QUICK, "--minimizer=a.h5", "--boundary=penalty:20", "--output=b.h5")
        loaded, _ = self.minimizer("b.h5", "ritz")
        for name in ("final_loss", "training_loss", "problem", "gradient_norm"):
            self.assertEqual(trained[name], loaded[name])
        self.run_program(*QUICK, "--minimizer=a.h5", "--output=c.h5")  # as u = B N it is another function
        hard, same_theta = self.minimizer("c.h5", "ritz")
        self.assertEqual(theta.tobytes(), same_theta.tobytes())
        self.assertNotEqual(trained["final_loss"], hard["final_loss"])
        self.assertTrue(np.isnan(hard["training_loss"]), "the file's was that of another loss")


if __name__ == "__main__":
    main()
