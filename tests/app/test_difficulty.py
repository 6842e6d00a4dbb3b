"""Problems of chosen difficulty: u* by its frequency, Helmholtz by its wave number, convection by its diffusivity."""

import shutil

import h5py
import numpy as np
from system import MEASURES, QUICK, UNCERTAINTIES, SystemTest, main, reference_of, text, theta_of

POINTS = {1: 150, 2: 96, 10: 4093}  # per dimension, or of a lattice (a prime)
PLANE = ["--dimension=2", "--epochs=30", "--lbfgs-iterations=3", "--bootstrap=50", "--train-quadrature=sobol:64",
         "--quadrature=sobol:64", "--directions=6", "--grid=-1:1:5"]  # fmt: skip
HELMHOLTZ = ["--problem=helmholtz", "--frequency=2", "--wavenumber=10"]
CONVECTION = ["--problem=convection", "--diffusivity=0.05"]
SLOW = ["--round-seconds=0.02", "--epochs=100000", "--time-limit=0.1"]
NO_RITZ = "has no Ritz loss, as its operator is not self-adjoint and belongs to no energy: give --losses galerkin."


def least_ritz(frequency=1, wavenumber=0):
    """In one dimension, where it is one."""
    return -((frequency * np.pi) ** 2 - wavenumber**2) / 4


class Difficulty(SystemTest):
    def minimizers(self, name):
        with h5py.File(self.path(name), "r") as file:
            return {loss: (dict(group.attrs), theta_of(group)) for loss, group in file["minimizer"].items()}

    def refused(self, *arguments, part):
        process = self.run_program(*arguments, code=2)
        self.assertIn(part, process.stderr)
        self.assertEqual(process.stderr.count("\n"), 1, process.stderr)

    def test_losses_and_errors_are_the_references(self):
        cases = [(1, "sine, frequency=3", 0), (2, "sine, frequency=2", 0), (1, "sine, frequency=2", 10)]
        cases += [(1, "helmholtz, wavenumber=2", 0), (2, "helmholtz, frequency=2, wavenumber=10", 0)]
        cases += [(2, "helmholtz, wavenumber=3", 20), (10, "helmholtz, wavenumber=3", 0)]
        cases += [(1, "convection, diffusivity=0.02", 0), (2, "convection", 0), (2, "convection", 5)]
        cases += [(10, "convection", 0)]
        for d, problem, beta in cases:
            with self.subTest(f"{problem} in {d} dimensions, beta {beta}"):
                name, *parameters = problem.split(", ")
                self.run_program("train", f"--dimension={d}", f"--problem={name}", *["--" + p for p in parameters],
                                 *([f"--boundary=penalty:{beta}"] if beta else []), "--epochs=150",
                                 "--learning-rate=0.01", "--lbfgs-iterations=0", "--output=a.h5",
                                 "--overwrite")  # fmt: skip
                found = self.minimizers("a.h5")
                self.assertEqual(list(found), ["galerkin"] if name == "convection" else ["galerkin", "ritz"])
                for loss, (measured, theta) in found.items():
                    self.assertEqual(text(measured["problem"]), problem + (f", penalty:{beta}" if beta else ""))
                    numbers = reference_of(measured, theta, problem, loss, POINTS[d], *([beta] if beta else []))
                    for what, uncertainty, (value, error) in zip(MEASURES, UNCERTAINTIES, numbers):
                        stated = measured[uncertainty]
                        bound = 1e-10 * abs(value) + stated if d <= 3 else 4 * np.hypot(stated, error)
                        message = f"{loss}: {what} {measured[what]} +- {stated}, reference {value} +- {error}"
                        self.assertLessEqual(abs(measured[what] - value), bound, message)

    def test_the_same_bits_on_any_number_of_ranks(self):
        for problem in (["--frequency=3"], HELMHOLTZ, CONVECTION):
            with self.subTest(problem):
                self.run_program(*PLANE, *problem, "--output=one.h5", "--threads=1", "--overwrite")
                self.run_program(*PLANE, *problem, "--output=three.h5", "--threads=2", "--overwrite", ranks=3)
                self.assert_same_files("one.h5", "three.h5")
                self.assertIn("the same bits", self.run_program("verify", "three.h5", "--all").stdout)
                self.run_program("reduce", "three.h5")

    def test_a_frequency_of_one_is_what_there_was(self):
        self.run_program(*QUICK, "--output=a.h5")
        self.run_program(*QUICK, "--output=b.h5", "--frequency=1")
        self.assert_same_files("a.h5", "b.h5")
        with h5py.File(self.path("a.h5"), "r") as file:
            self.assertNotIn("frequency", text(file.attrs["config"]))

    def test_the_file_and_the_report_say_so(self):
        report = self.run_program(*QUICK, *HELMHOLTZ, "--output=h.h5").stdout
        header = "Problem     -u'' - 10^2 u = f on (0,1), u(0) = u(1) = 0, u* = sin(2 pi x)\n"
        reason = "kappa^2 = 100 is not below 9.8696, the least eigenvalue of -laplace"
        self.assertIn(header + f"Note        the Ritz loss has no minimum, as {reason}\n", report)
        self.assertIn(f"(**) {reason}: the energy is indefinite", " ".join(report.split()))
        self.assertRegex(report, r"least over all functions +unknown \(\*\*\) +0\n")
        self.assertIn(header, self.run_program("info", "h.h5").stdout)
        with h5py.File(self.path("h.h5"), "r") as file:
            problem = file["problem"].attrs
            self.assertEqual((problem["frequency"], problem["wavenumber"]), (2, 10))
            self.assertNotIn("diffusivity", problem)
            self.assertLess({"frequency = 2", "wavenumber = 10"}, set(text(file.attrs["config"]).splitlines()))
            self.assertNotIn("below the least", text(file["minimizer/ritz"].attrs["warnings"]))
        self.assertNotIn("Note", self.run_program(*QUICK, *HELMHOLTZ, "--losses=galerkin", "--output=g.h5").stdout)
        bounded = ["--problem=helmholtz", "--wavenumber=2", "--full-report", "--output=k.h5"]
        report = self.run_program(*QUICK, *bounded).stdout
        self.assertNotIn("has no minimum", report)
        self.assertRegex(report, rf"least over all functions +{least_ritz(1, 2):.8g} +0\n")
        report = self.run_program(*QUICK, "--frequency=3", "--full-report", "--output=s.h5").stdout
        self.assertRegex(report, rf"least over all functions +{least_ritz(3):.8g} +0\n")
        report = self.run_program(*QUICK, *CONVECTION, "--full-report", "--output=c.h5").stdout
        self.assertIn("Problem     -0.05 u'' + u' = f on (0,1)", report)
        self.assertNotIn("Ritz", report)
        compared = self.run_program("compare", "k.h5", "h.h5").stdout
        self.assertRegex(compared, r"A \| B +frequency: 1 \| 2\n")
        self.assertRegex(compared, r"A \| B +wavenumber: 2 \| 10\n")

    def test_a_wrong_parameter_is_no_longer_what_the_file_holds(self):
        """The file's own parameters are what verify computes with."""
        for problem, key in ((["--frequency=3"], "frequency"), (HELMHOLTZ, "wavenumber"), (CONVECTION, "diffusivity")):
            self.run_program(*QUICK, *problem, "--output=a.h5", "--overwrite")
            self.run_program("verify", "a.h5", "--all")
            with h5py.File(self.path("a.h5"), "r+") as file:
                file["problem"].attrs[key] = file["problem"].attrs[key] * 1.5
            self.run_program("verify", "a.h5", "--all", code=1)

    def test_a_stopped_job_goes_on_with_the_same_problem_only(self):
        case = [o for o in PLANE if not o.startswith("--epochs")] + ["--losses=galerkin"]
        for problem, other, key in ((["--frequency=3"], "4", "frequency"), (HELMHOLTZ, "12", "wavenumber"),
                                    (CONVECTION, "0.06", "diffusivity")):  # fmt: skip
            with self.subTest(key):
                self.run_program(*case, *problem, *SLOW, "--output=a.h5", "--overwrite", code=75)
                rest = [*case, *SLOW[:2], "--output=a.h5", "--resume"]
                changed = [o for o in problem if not o.startswith(f"--{key}")] + [f"--{key}={other}"]
                was = next(o for o in problem if o.startswith(f"--{key}")).split("=")[1]
                self.refused(*rest, *changed, part=f"{key} was {was} and is now {other}")
        # Of the file alone, to the bits of a job that was never stopped.
        self.run_program(*case, *CONVECTION, "--epochs=300", "--output=whole.h5")
        shutil.copy(self.path("whole.h5"), self.path("stopped.h5"))
        with h5py.File(self.path("stopped.h5"), "r+") as file:
            file["profiles/galerkin/complete"][2:, :] = 0
        self.run_program("resume", "stopped.h5", ranks=3)
        self.assert_same_files("whole.h5", "stopped.h5")

    def test_a_loaded_minimizer_is_measured_with_the_problem_that_is_asked_for(self):
        self.run_program("train", *QUICK, "--frequency=2", "--output=a.h5")
        self.run_program(*QUICK, "--minimizer=a.h5", "--frequency=2", "--output=same.h5")
        self.run_program(*QUICK, "--minimizer=a.h5", "--frequency=3", "--output=other.h5")
        trained, same, other = (self.minimizers(name)["galerkin"][0] for name in ("a.h5", "same.h5", "other.h5"))
        for name in ("final_loss", "training_loss", "problem"):
            self.assertEqual(trained[name], same[name])
        self.assertNotEqual(trained["final_loss"], other["final_loss"])
        self.assertTrue(np.isnan(other["training_loss"]), "the file's was that of another loss")

    def test_distances_know_the_problem_of_their_files(self):
        self.run_program("train", *QUICK, *HELMHOLTZ, "--output=h.h5")
        self.run_program("train", *QUICK, *CONVECTION, "--output=c.h5")
        own = self.run_program("distance", "h.h5").stdout
        self.assertEqual(own, self.run_program("distance", "h.h5", *HELMHOLTZ).stdout)
        self.assertNotEqual(own, self.run_program("distance", "h.h5", "--problem=helmholtz").stdout)
        self.assertNotIn("ritz", self.run_program("distance", "c.h5", "c.h5").stdout.split("Loss with")[1])
        self.refused("distance", "h.h5", "c.h5", part="say by --problem")
        self.refused("distance", "h.h5", "--wavenumber=3", part="--wavenumber says more about --problem")
        self.refused("distance", "c.h5", "c.h5", "--losses=ritz", part=NO_RITZ)

    def test_a_study_over_frequencies(self):
        options = ["--losses=galerkin", "--epochs=50", "--lbfgs-iterations=5", "--bootstrap=50", "--directions=4",
                   "--grid=-1:1:5"]  # fmt: skip
        report = self.run_program("study", "--vary=frequency=1,2", *options, "--output=study.h5", ranks=2).stdout
        self.assertIn("frequency", report)
        with h5py.File(self.path("study.h5"), "r") as file:
            losses = file["study/galerkin/loss"][()]
        for frequency, loss in zip((1, 2), losses):
            self.run_program(*options, f"--frequency={frequency}", "--output=one.h5", "--overwrite")
            self.assertEqual(self.minimizers("one.h5")["galerkin"][0]["final_loss"], loss)
        self.refused("study", "--vary=wavenumber=1,2", *options, "--output=no.h5", part="sine has no --wavenumber")

    def test_what_has_no_energy_has_no_ritz_loss(self):
        quick = [*QUICK, "--problem=convection"]
        self.refused(*quick, "--losses=ritz", part=NO_RITZ)
        self.refused(*quick, "--losses=ritz,galerkin", part=NO_RITZ)
        self.refused("surface", "--problem=convection", "--through=ritz,galerkin", part=NO_RITZ)
        self.refused("spectrum", "--problem=convection", "--around=other", part="--around other needs both losses")
        self.refused("study", "--vary=problem=sine,convection", "--epochs=5", part=NO_RITZ)
        codes, process = self.run_ranks([*quick, "--losses=ritz"], 3)
        self.assertEqual(codes, [2, 2, 2], process.stderr)
        self.run_program("trajectory", "--problem=convection", "--epochs=20", "--every=10", "--lbfgs-iterations=0",
                         "--directions=3", "--grid=-1:1:3", "--bootstrap=50", "--output=t.h5")  # fmt: skip
        with h5py.File(self.path("t.h5"), "r") as file:
            found = file["trajectory/galerkin"]
            self.assertTrue(np.all(np.isnan(found["ritz_loss"])) and np.all(np.isfinite(found["galerkin_loss"])))
        self.run_program("verify", "t.h5", "--all")

    def test_other_values_are_refused(self):
        for arguments, part in ((["--problem=cubic", "--frequency=2"], "--problem cubic has no --frequency"),
                                (["--problem=convection", "--frequency=2"], "--problem convection has no --frequency"),
                                (["--diffusivity=0.2"], "give --problem convection."),
                                (["--frequency=0"], "--frequency '0' is too small"),
                                (["--problem=helmholtz", "--wavenumber=-1"], "--wavenumber -1 is impossible"),
                                (["--problem=helmholtz", "--wavenumber=nan"], "--wavenumber"),
                                (["--problem=helmholtz", "--wavenumber=3.14159265"], "makes u* an eigenfunction"),
                                (["--problem=convection", "--diffusivity=2"], "must be from 1e-5 to 1")):  # fmt: skip
            with self.subTest(arguments):
                self.refused(*QUICK, *arguments, part=part)


if __name__ == "__main__":
    main()
