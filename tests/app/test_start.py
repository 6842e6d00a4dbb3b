"""Trainings that continue from a minimizer in a file: --start.

loss_switching.json holds 1 000 losses of an independent program, PyTorch's Adam on the Galerkin loss from the authors'
Ritz minimizer, and resnet_ritz_then_galerkin.pkl its parameters after 999 steps.
"""

import json
import os
import subprocess
import sys

import h5py
import numpy as np
from system import QUICK, REFERENCE, SOURCE, SystemTest, main, text, theta_of

SHORT = ["--width=3", "--epochs=40", "--lbfgs-iterations=0", "--history-every=1", "--train-quadrature=gauss:12"]


class LossSwitching(SystemTest):
    def imported(self, name):
        checkpoint = os.path.join(REFERENCE, "minimizers", name + ".pkl")
        if not REFERENCE or not os.path.exists(checkpoint):
            self.skipTest(f"no {checkpoint}: the published data are absent")
        out = self.path(name + ".safetensors")
        tool = os.path.join(SOURCE, "tools", "import_checkpoint.py")
        # The authors' boundary factor is x (x - 1).
        options = ["--network=resnet", "--activation=swish", "--negate-output"]
        subprocess.run([sys.executable, tool, checkpoint, "-o", out, *options], check=True, capture_output=True)
        return out

    def switch(self, epochs):
        output = f"{epochs}.h5"
        options = ["--losses=galerkin", "--lbfgs-iterations=0", "--train-quadrature=simpson:200", "--history-every=1"]
        start = self.imported("resnet_ritz")
        self.run_program("train", f"--start={start}", f"--epochs={epochs}", *options, f"--output={output}")
        return self.path(output)

    def test_a_thousand_losses_are_those_of_an_independent_adam(self):
        with h5py.File(self.switch(1000)) as file:
            ours = file["minimizer/galerkin/history/loss"][()]
        with open(os.path.join(REFERENCE, "loss_switching.json")) as file:
            theirs = np.array(json.load(file)["losses"])
        self.assertEqual(len(ours), 1000)
        largest = np.max(np.abs(ours / theirs - 1.0))
        print(f"largest relative difference of 1000 losses: {largest:.2g}")
        self.assertLess(largest, 1e-11)

    def test_the_parameters_after_999_steps_are_those_of_an_independent_adam(self):
        self.imported("resnet_ritz_then_galerkin")
        theirs = "--minimizer=resnet_ritz_then_galerkin.safetensors"
        self.run_program("train", theirs, "--losses=galerkin", "--output=theirs.h5")
        with h5py.File(self.switch(999)) as a, h5py.File(self.path("theirs.h5")) as b:
            ours, theirs = theta_of(a["minimizer/galerkin"]), theta_of(b["minimizer/galerkin"])
        largest = np.max(np.abs(ours - theirs))
        print(f"largest difference of the parameters after 999 steps: {largest:.2g}")
        self.assertLess(largest, 1e-12)


class Start(SystemTest):
    def setUp(self):
        super().setUp()
        self.run_program("train", *SHORT, "--output=both.h5")

    def theta(self, name, loss):
        with h5py.File(self.path(name)) as file:
            return theta_of(file[f"minimizer/{loss}"])

    def first_loss(self, name, loss):
        with h5py.File(self.path(name)) as file:
            return file[f"minimizer/{loss}/history/loss"][0]

    def settings(self, name):
        with h5py.File(self.path(name)) as file:
            return dict(line.split(" = ", 1) for line in text(file.attrs["config"]).splitlines())

    def test_each_loss_continues_from_its_own_minimizer_and_from_another_where_asked(self):
        self.run_program("train", "--start=both.h5", *SHORT[1:], "--output=own.h5")
        self.run_program("train", "--start=both.h5", "--start-minimizer=ritz", *SHORT[1:], "--output=ritz.h5")
        with h5py.File(self.path("both.h5")) as file:
            end = {loss: file[f"minimizer/{loss}"].attrs["training_loss"] for loss in ("ritz", "galerkin")}
        for loss in ("ritz", "galerkin"):
            self.assertEqual(self.first_loss("own.h5", loss), end[loss])
        self.assertEqual(self.first_loss("ritz.h5", "ritz"), end["ritz"])
        self.assertNotEqual(self.first_loss("ritz.h5", "galerkin"), end["galerkin"])

    def test_no_epochs_leave_the_start_as_it_is(self):
        self.run_program("train", "--start=both.h5", "--epochs=0", "--lbfgs-iterations=0", "--output=same.h5")
        for loss in ("ritz", "galerkin"):
            np.testing.assert_array_equal(self.theta("same.h5", loss), self.theta("both.h5", loss))

    def test_the_only_minimizer_of_a_file_serves_both_losses(self):
        self.run_program("train", *SHORT, "--losses=ritz", "--output=one.h5")
        self.run_program("train", "--start=one.h5", "--epochs=0", "--lbfgs-iterations=0", "--output=same.h5")
        np.testing.assert_array_equal(self.theta("same.h5", "galerkin"), self.theta("one.h5", "ritz"))

    def test_one_job_trains_on_and_measures_and_its_start_is_stored(self):
        self.run_program("--start=both.h5", *QUICK, "--output=one.h5", ranks=2)
        self.run_program("train", "--start=both.h5", *QUICK[:2], "--output=two.h5")
        for loss in ("ritz", "galerkin"):
            np.testing.assert_array_equal(self.theta("one.h5", loss), self.theta("two.h5", loss))
        settings = self.settings("one.h5")
        self.assertEqual(settings["start"], "both.h5")
        self.assertRegex(settings["start-parameters"], "^[0-9a-f]{8},[0-9a-f]{8}$")
        self.assertNotIn("init", settings)
        with h5py.File(self.path("one.h5")) as file:
            source = text(file["minimizer/ritz"].attrs["source"])
        self.assertIn(f"start from both.h5 (parameters {settings['start-parameters']})", source)
        self.run_program("verify", "one.h5")

    def test_one_content_is_one_start_under_any_name_and_another_content_another(self):
        self.run_program("--start=both.h5", *QUICK, "--output=one.h5")
        os.rename(self.path("both.h5"), self.path("moved.h5"))
        self.run_program("--start=moved.h5", *QUICK, "--output=one.h5", "--resume")
        self.run_program("resume", "one.h5")  # the start's file is gone
        self.run_program("train", *SHORT, "--seed=2", "--output=both.h5")
        end = self.run_program("--start=both.h5", *QUICK, "--output=one.h5", "--resume", code=2)
        self.assertIn("start-parameters was ", end.stderr)
        checksum = self.settings("one.h5")["start-parameters"]
        pinned = self.run_program("train", "--start=both.h5", f"--start-parameters={checksum}", "-o", "x.h5", code=2)
        self.assertIn(f"--start-parameters {checksum} are not those of 'both.h5'", pinned.stderr)

    def test_a_killed_training_goes_on_with_the_bits_of_an_uninterrupted_one(self):
        long = ["train", "--losses=galerkin", "--epochs=20000", "--lbfgs-iterations=0", "--round-seconds=0.05"]
        self.run_program(*long, "--start=both.h5", "--output=whole.h5")
        job = self.start_program(*long, "--start=both.h5", "--output=cut.h5")
        checkpoint = self.path("cut.h5.training-galerkin.h5")
        self.wait_for(lambda: os.path.exists(checkpoint), job)
        self.kill_group(job)
        self.assertFalse(os.path.exists(self.path("cut.h5")))
        # Another start is another training.
        self.run_program("train", *SHORT, "--seed=2", "--output=other.h5")
        end = self.run_program(*long, "--start=other.h5", "--output=cut.h5", "--resume", code=2)
        self.assertIn("is the checkpoint of another training: start was both.h5 and is now other.h5", end.stderr)
        os.rename(self.path("both.h5"), self.path("moved.h5"))
        end = self.run_program(*long, "--start=moved.h5", "--output=cut.h5", "--resume")
        self.assertIn("goes on from epoch", end.stdout)
        np.testing.assert_array_equal(self.theta("cut.h5", "galerkin"), self.theta("whole.h5", "galerkin"))

    def test_what_cannot_be_is_refused_in_a_sentence(self):
        self.run_program("train", "--width=2", *SHORT[1:], "--losses=ritz", "--output=small.h5")
        cases = [
            (["--start=both.h5", "--minimizer=both.h5"], 2, "--start begins a training, and --minimizer leaves none"),
            (["--start=both.h5", "--init=normal"], 2, "--init draws the first parameters and --start takes them from"),
            (["--start=both.h5", "--width=7"], 2, "--width 7 contradicts 'both.h5', whose network has 3"),
            (["--start=both.h5", "--dimension=2"], 2, "--dimension 2 contradicts 'both.h5', whose network has 1"),
            (["--start=both.h5", "--start-minimizer=c"], 1, "no minimizer 'c' in it; it has ritz, galerkin"),
            (["--start=none.h5"], 1, "The minimizer file 'none.h5'"),
            (["--start-minimizer=ritz"], 2, "--start-minimizer says more about a start's file"),
            (["--start=small.h5", "--minimizer-ritz=both.h5"], 2, "hold different networks"),
            (["--start=both.h5", "--output=both.h5", "--overwrite"], 2, "which this job reads (--start both.h5)"),
        ]
        for options, code, sentence in cases:
            with self.subTest(options=options):
                end = self.run_program(*options, *QUICK, code=code, ranks=2 if len(options) == 2 else None)
                self.assertIn(sentence, " ".join(end.stderr.split()))
                self.assertFalse(os.path.exists(self.path("landscape.h5")))


if __name__ == "__main__":
    main()
