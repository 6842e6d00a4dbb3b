"""Chains of optimizers: what they reach, what is stored of them, what is refused, and that stopping changes nothing."""

import os
import signal
import time

import h5py
from system import SystemTest, main, text

FEW = ["--directions=6", "--grid=-1:1:9", "--bootstrap=100"]


class Optimizer(SystemTest):
    def minimizer(self, name, loss="galerkin"):
        with h5py.File(self.path(name)) as file:
            return {key: text(value) if isinstance(value, (str, bytes)) else value
                    for key, value in file[f"minimizer/{loss}"].attrs.items()}  # fmt: skip

    def test_gauss_newton_reaches_rounding_in_a_hundred_steps(self):
        report = self.run_program(
            "--optimizer=gauss-newton:99", "--train-quadrature=simpson:400", *FEW, "--output=a.h5"
        ).stdout
        ritz, galerkin = self.minimizer("a.h5", "ritz"), self.minimizer("a.h5")
        self.assertEqual((ritz["stopped_by"], ritz["stop_reason"]), ("gauss-newton", "rounding"))
        self.assertIn("gauss-newton, rounding", report)
        self.assertIn("gauss-newton", ritz["source"])
        self.assertLess(ritz["relative_l2_error"], 1e-7)
        self.assertEqual((galerkin["stop_reason"], galerkin["at_iteration_limit"]), ("limit", 1))
        self.assertLess(galerkin["relative_l2_error"], 1e-9)
        self.assertIn("raise the N of --optimizer gauss-newton:N", " ".join(report.split()))
        self.run_program("reduce", "a.h5")

    def test_numbers_of_a_chain_are_those_of_the_options(self):
        self.run_program("train", "--optimizer=adam:200,lbfgs:30", "--output=a.h5")
        self.run_program("train", "--epochs=200", "--lbfgs-iterations=30", "--output=b.h5")
        self.assert_same_files("a.h5", "b.h5")
        self.run_program("train", "--optimizer=adam", "--epochs=200", "--output=c.h5")
        found = self.minimizer("c.h5")
        self.assertEqual((found["stopped_by"], found["stop_reason"]), ("adam", "epochs"))

    def test_ranks_and_threads_change_no_bit(self):
        case = ["--optimizer=adam:100,gauss-newton:20,lbfgs:20,newton:3", *FEW]
        self.run_program(*case, "--output=one.h5")
        self.run_program(*case, "--threads=2", "--output=three.h5", ranks=3)
        self.assert_same_files("one.h5", "three.h5")

    def test_a_stopped_training_goes_on(self):
        case = ["--optimizer=adam:2000,gauss-newton:300", "--dimension=2", "--width=6", *FEW]
        self.run_program(*case, "--output=whole.h5")
        code, runs = 75, 0
        while code == 75 and runs < 6:
            process = self.start_program(*case, "--output=part.h5", "--resume")
            self.wait_for(lambda: os.path.exists(self.path("part.h5.lock")) or process.poll() is not None, process)
            time.sleep(1.0)
            process.send_signal(signal.SIGUSR1)
            _, stderr = process.communicate(timeout=60)
            code = process.returncode
            self.assertIn(code, (0, 75), stderr)
            runs += 1
        self.assertGreater(runs, 1, "the training was over before it could be stopped")
        if code != 0:
            self.run_program(*case, "--output=part.h5", "--resume")
        self.assert_same_files("whole.h5", "part.h5")

    def test_a_trajectory_has_a_checkpoint_behind_its_chain(self):
        self.run_program("trajectory", "--optimizer=adam:100,gauss-newton:5", "--every=50", *FEW, "--output=a.h5")
        with h5py.File(self.path("a.h5")) as file:
            self.assertEqual(list(file["minimizer/ritz/path/epoch"]), [0, 50, 100, 105])

    def test_bad_chains_are_refused_in_one_sentence(self):
        for case, words in {
            "--optimizer=sgd": "choose adam, lbfgs, gauss-newton or newton",
            "--optimizer=gauss-newton:x": "as in gauss-newton:50",
            "--optimizer=lbfgs,adam": "put it first",
            "--optimizer=lbfgs,lbfgs": "name each once",
            "--optimizer=adam:5 --epochs=7": "leave one of the two out",
            "--optimizer=gauss-newton --lbfgs-iterations=7": "leave one of the two out",
            "--optimizer=gauss-newton --dimension=3 --width=60": "leave gauss-newton out of --optimizer",
            "--optimizer=newton --dimension=3 --width=60": "leave newton out of --optimizer",
        }.items():
            stderr = self.run_program(*case.split(), "--output=z.h5", code=2).stderr
            self.assertIn("--optimizer", stderr)
            self.assertIn(words, stderr)
            self.assertEqual(stderr.count("\n"), 1, stderr)
            self.assertFalse(os.path.exists(self.path("z.h5")))


if __name__ == "__main__":
    main()
