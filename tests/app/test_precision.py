"""--precision single: opt-in, checks itself against double precision, and says where its numbers mean nothing."""

import h5py
import numpy as np
from system import QUICK, SystemTest, main, results, text, theta_of

NO_MPI = {"OMPI_MCA_ess": "nothing", "OMPI_MCA_pml": "nothing"}
SMALL = ["--epochs=3000", "--lbfgs-iterations=300", "--directions=40", "--grid=-0.003:0.003:2001", "--bootstrap=200"]


class Precision(SystemTest):
    def index(self, name, loss):
        with h5py.File(self.path(name), "r") as file:
            return file[f"roughness/{loss}/index"][()]

    def test_ritz_near_a_minimum_is_warned_of(self):
        # An offset of 2.47 under a variation of 3e-5 of it: near the minimum, steps differ by less than their noise.
        self.run_program(*SMALL, "--output=double.h5")
        job = self.run_program(*SMALL, "--precision=single", "--full-report", "--output=single.h5", ranks=2)
        self.assertIn("single precision", job.stdout)
        self.assertRegex(
            " ".join(job.stdout.split()), r"Warning: along \d+ of the \d+ directions of ritz single precision"
        )
        self.assertNotIn("directions of galerkin single", " ".join(job.stdout.split()))
        again = self.run_program("reduce", "single.h5", "--full-report", env=NO_MPI)
        self.assertTrue(job.stdout.endswith("\n\n" + again.stdout), job.stdout + again.stdout)
        with h5py.File(self.path("single.h5"), "r") as file, h5py.File(self.path("double.h5"), "r") as other:
            profiles, found = file["profiles/ritz"], results(file["roughness/ritz"])
            self.assertEqual(text(profiles.attrs["precision"]), "single")
            self.assertGreater(found["noisy_directions"], 20)
            f, noise = profiles["loss"][()], profiles["noise"][()]
            self.assertTrue((f == f.astype(np.float32)).all())
            self.assertNotIn("noise", other["profiles/ritz"])
            self.assertEqual(theta_of(other["minimizer/ritz"]).tobytes(), theta_of(file["minimizer/ritz"]).tobytes())
            difference = (f - other["profiles/ritz/loss"][()])[:, ::250]
            np.testing.assert_allclose(noise, difference.std(axis=1), rtol=1e-9)
            # The estimate is worth something: T really is too large by about that share.
            flat = np.argsort(np.argsort(np.ptp(f, axis=1))) < found["excluded_flat"]  # all of one level of rounding
            t = np.abs(np.diff(f, axis=1)).sum(axis=1) / (0.006 * np.ptp(f, axis=1))
            excess = np.median((t / other["profiles/ritz/total_variation"][()])[~flat] - 1)
            estimate = found["median_noise_share_of_variation"]
            print(f"Ritz, l = 0.003, 2001 steps: T too large by {100 * excess:.2g} %, estimated {100 * estimate:.2g} %")
            self.assertGreater(excess, 0.1 * estimate)
            self.assertLess(excess, 2 * estimate)
            share = (noise / np.ptp(f, axis=1))[~flat]
            self.assertEqual(found["median_noise"], np.median(share))
            # Directions of which noise makes more than a tenth are left out, and counted under their own name.
            used = np.isfinite(profiles["total_variation"][()])
            np.testing.assert_allclose(profiles["total_variation"][()][used], t[used], rtol=1e-12)
            self.assertEqual(used.sum(), found["used"])
            self.assertEqual(found["excluded_unresolved"], 40 - used.sum() - flat.sum())
            self.assertGreater(found["excluded_unresolved"], 20)
            self.assertRegex(job.stdout, rf"{found['excluded_unresolved']} at rounding level")

    def test_nearer_still_nothing_is_left_and_no_number_is_given(self):
        job = self.run_program(*SMALL[:3], "--grid=-0.001:0.001:201", "--losses=ritz", "--precision=single")
        self.assertRegex(job.stdout, r"left out +\d+ flat")
        with h5py.File(self.path("landscape.h5"), "r") as file:
            self.assertGreater(file["roughness/ritz/excluded_flat"][()], 30)

    def test_far_from_a_minimum_it_is_as_good_as_double(self):
        for precision in ("double", "single"):
            self.run_program(*QUICK, f"--precision={precision}", f"--output={precision}.h5", ranks=3)
        for loss in ("ritz", "galerkin"):
            double, single = self.index("double.h5", loss), self.index("single.h5", loss)
            self.assertAlmostEqual(single / double, 1.0, delta=1e-3)
        self.assertEqual(self.run_program("verify", "single.h5", "--all", env=NO_MPI).stdout.count("the same bits"), 2)

    def test_a_stopped_job_says_that_its_noise_is_not_measured(self):
        self.run_program(
            "--epochs=300",
            "--lbfgs-iterations=0",
            "--directions=60",
            "--grid=-1:1:21",
            "--bootstrap=100",
            "--quiet",
            "--losses=ritz",
            "--precision=single",
        )
        with h5py.File(
            self.path("landscape.h5"), "r+"
        ) as file:  # as a job leaves it that was stopped after 37 directions
            file["profiles/ritz/complete"][37:, :] = 0
            file["roughness/ritz/state"][()] = b"pending"
        report = self.run_program("reduce", "landscape.h5", "--full-report", env=NO_MPI).stdout
        self.assertIn("The noise of single precision is not measured yet: --resume", " ".join(report.split()))
        curve = report.split("RI of the first M directions")[1].splitlines()[2:]
        self.assertEqual(
            [line.split()[0] for line in curve], ["10", "20"], "the curve ends with the complete directions"
        )
        verified = self.run_program("verify", "landscape.h5", env=NO_MPI).stdout
        self.assertIn("777 of 1 260 losses computed again: the same bits (483 are not done or damaged)", verified)

    def test_constant_profiles_are_left_out_in_either_precision(self):
        # Directions of the linear model without its weight: nothing moves. At l = 1e-9 all that moves is rounding.
        for precision in ("double", "single"):
            self.run_program(
                "--network=linear",
                "--problem=cubic",
                "--losses=ritz",
                "--grid=-1e-9:1e-9:11",
                "--directions=5",
                f"--precision={precision}",
                f"--output={precision}.h5",
            )
            with h5py.File(self.path(f"{precision}.h5"), "r") as file:
                self.assertEqual(file["roughness/ritz/excluded_flat"][()], 5)

    def test_refusals(self):
        for arguments, part in (
            (["--precision=half"], "'half'"),
            (["--precision=single", "--device=cuda"], "--device cuda"),
        ):
            message = self.run_program(*arguments, code=2).stderr
            self.assertRegex(message, r"^landscape_mpi: [^\n]+\n$")
            self.assertIn(part, message)

    def test_another_precision_is_another_calculation(self):
        self.run_program(*QUICK)
        message = self.run_program(*QUICK, "--resume", "--precision=single", code=2).stderr
        self.assertIn("precision was not set and is now single", message)


class Interval(SystemTest):
    def test_methods_differ_and_are_named(self):
        self.run_program("--epochs=300", "--lbfgs-iterations=0", "--directions=30", "--grid=-1:1:9", "--losses=ritz")
        printed = {
            method: self.run_program("reduce", "landscape.h5", f"--interval={method}", env=NO_MPI).stdout
            for method in ("automatic", "studentised", "bca", "percentile")
        }
        interval = {m: next(line for line in p.splitlines() if "95 % interval" in line) for m, p in printed.items()}
        self.assertEqual(interval["automatic"], interval["studentised"])
        self.assertEqual(len(set(interval.values())), 3, interval)
        self.run_program(
            "--epochs=300",
            "--lbfgs-iterations=0",
            "--directions=30",
            "--grid=-1:1:9",
            "--losses=ritz",
            "--interval=bca",
            "--output=bca.h5",
        )
        with h5py.File(self.path("bca.h5"), "r") as file:
            found = results(file["roughness/ritz"])
            self.assertEqual((found["lower_method"], found["upper_method"]), ("bca", "bca"))
        self.assertIn(interval["bca"], self.run_program("reduce", "bca.h5", env=NO_MPI).stdout)
        self.assertIn("--interval", self.run_program("--interval=exact", code=2).stderr)


if __name__ == "__main__":
    main()
