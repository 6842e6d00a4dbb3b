"""Analyses that know nothing but their blocks: the same bits on any number of ranks, resumed, verified, damaged, named."""

import os

import h5py
import numpy as np
import system
from system import SystemTest, main

SHORT = ["--epochs=300", "--lbfgs-iterations=0", "--bootstrap=100"]
LINE = ["line", *SHORT, "--grid=-1:1:41"]
NORMS = ["gradient-norm", *SHORT, "--directions=50"]
# Long enough to be killed in the middle.
N_LONG = 60000
LONG = ["gradient-norm", *SHORT, f"--directions={N_LONG}", "--round-seconds=0.05"]


class Analyses(SystemTest):
    def setUp(self):
        super().setUp()
        system.PROGRAM = os.environ["LANDSCAPE_TWO_ANALYSES"]

    def test_any_number_of_ranks_gives_the_same_bits(self):
        for case in (LINE, NORMS):
            self.run_program(*case, "--output=one.h5", "--overwrite")
            for ranks in (2, 3, 7):
                self.run_program(*case, "--output=many.h5", "--overwrite", ranks=ranks)
                self.assert_same_files("one.h5", "many.h5")

    def test_rows_and_findings_are_what_the_analysis_says(self):
        text = self.run_program(*LINE, "--output=line.h5", ranks=2).stdout
        self.run_program("--minimizer=line.h5", "--directions=5", "--bootstrap=100", "--grid=-1:1:41", "--output=profiles.h5")
        with h5py.File(self.path("line.h5")) as line, h5py.File(self.path("profiles.h5")) as profiles:
            self.assertEqual(system.text(line.attrs["command"]), "line")
            for loss in ("ritz", "galerkin"):
                self.assertEqual(line[f"line/{loss}/loss"].shape, (1, 41))
                np.testing.assert_array_equal(line[f"line/{loss}/loss"][0], profiles[f"profiles/{loss}/loss"][0])
            self.assertIn(f"roughness/line {np.abs(line['line/ritz/loss'][()]).max():.17g}"[:20], text)
        self.assertEqual(self.run_program("reduce", "line.h5").stdout, text[text.index("roughness/line") :])

    def test_a_killed_job_goes_on_and_passes_verify(self):
        process = self.start_program(*LONG, "--output=part.h5", ranks=2)
        self.wait_for(lambda: self.n_done("part.h5") > 0, process)
        self.kill_group(process)
        self.assertLess(self.n_done("part.h5"), N_LONG, "the job was killed too late to tell")
        self.run_program(*LONG, "--output=part.h5", "--resume", ranks=3)
        self.run_program(*LONG, "--output=whole.h5")
        self.assert_same_files("whole.h5", "part.h5")
        self.assertIn("the same bits", self.run_program("verify", "part.h5", "--all").stdout)

    def test_verify_sees_a_changed_number(self):
        self.run_program(*NORMS, "--output=a.h5")
        self.assertIn("50 of 50 losses computed again: the same bits", self.run_program("verify", "a.h5").stdout)
        with h5py.File(self.path("a.h5"), "r+", locking=False) as file:
            file["gradients/norm"][7, 0] += 1e-6
        self.assertIn("do not match their checksum", self.run_program("verify", "a.h5", code=1).stderr)

    def test_a_program_without_the_command_says_so(self):
        self.run_program(*NORMS, "--output=a.h5")
        system.PROGRAM = os.environ["LANDSCAPE_PROGRAM"]
        for command in ("reduce", "verify"):
            said = self.run_program(command, "a.h5", code=1).stderr
            self.assertIn("command 'gradient-norm', which this program does not have", said)
        self.assertIn("gradients: 50 rows", self.run_program("info", "a.h5").stdout)
        said = self.run_program(*NORMS[1:], "--output=a.h5", "--resume", code=2).stderr
        self.assertIn("begun by the command gradient-norm", said)

    def n_done(self, name):
        try:
            with h5py.File(self.path(name), "r", locking=False) as file:
                return int(file["gradients/complete"][()].sum())
        except (OSError, KeyError):
            return 0


if __name__ == "__main__":
    main()
