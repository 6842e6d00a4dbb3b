"""compare: two files on common random directions, or apart where the directions are not common."""

import os
import re
import subprocess
import sys

import h5py
import numpy as np
from system import REFERENCE, SOURCE, SystemTest, main

NO_MPI = {"OMPI_MCA_ess": "nothing", "OMPI_MCA_pml": "nothing"}
JOB = ["--quiet", "--epochs=300", "--lbfgs-iterations=0", "--grid=-1:1:9", "--bootstrap=400"]


class Compare(SystemTest):
    def compare(self, *arguments, code=0):
        process = self.run_program("compare", *arguments, code=code, env=NO_MPI)
        return process.stdout if code == 0 else process.stderr

    def numbers(self, printed, label):
        """Of the first line that begins with the label."""
        line = next(line for line in printed.splitlines() if line.strip().startswith(label))
        return [float(word) for word in re.findall(r"-?\d+(?:\.\d+)?(?:e[-+]\d+)?", line.split(label, 1)[1])]

    def total_variation(self, name, loss):
        with h5py.File(self.path(name), "r") as file:
            return file[f"profiles/{loss}/total_variation"][()]

    def test_two_minimizers_on_common_directions(self):
        self.run_program(*JOB, "--directions=40", "--output=a.h5", ranks=2)
        self.run_program("--quiet", "--epochs=3000", *JOB[2:], "--directions=30", "--output=b.h5")
        printed = self.compare("a.h5", "b.h5")
        self.assertEqual(printed.count("paired over 30 common directions"), 2, printed)
        self.assertIn("epochs: 300 | 3000", printed)
        self.assertIn("Only the first 30 directions", printed)
        for loss, part in zip(("ritz", "galerkin"), printed.split("\n\n")[1:]):
            a, b = self.total_variation("a.h5", loss)[:30], self.total_variation("b.h5", loss)
            index = [t.std(ddof=1) / t.mean() for t in (a, b)]
            np.testing.assert_allclose(self.numbers(part, "RI(A) / RI(B)")[0], index[0] / index[1], rtol=1e-3)
            np.testing.assert_allclose(
                self.numbers(part, "RI(A) - RI(B)")[0], index[0] - index[1], rtol=1e-3, atol=1e-4
            )
            self.assertRegex(part, r"(rougher than|not distinguishable with)")
        self.assertEqual(self.compare("a.h5", "b.h5"), printed, "the same digits again")
        self.assertEqual(self.compare("a.h5", "b.h5", "--losses=ritz").count("common directions"), 1)

    def test_what_is_not_common_is_named_and_resampled_apart(self):
        self.run_program(*JOB, "--directions=20", "--output=a.h5")
        for change, reason in (
            ("--seed=2", "their direction seed differs (1 and 2)"),
            ("--direction-seed=3", "their direction seed differs (1 and 3)"),
            ("--norm=layer", "their norm differs (filter and layer)"),
            ("--bias=copy", "their bias differs (zero and copy)"),
            ("--width=3", "their networks differ"),
            ("--grid-rule=arange", "their grid differs"),
        ):
            self.run_program(*JOB, "--directions=12", "--output=b.h5", "--overwrite", change)
            printed = " ".join(self.compare("a.h5", "b.h5", "--losses=galerkin").split())
            self.assertIn("not paired, because " + reason, printed)
            self.assertIn("20 and 12 directions, unpaired", printed)

    def test_precision_is_a_difference(self):
        self.run_program(*JOB, "--directions=6", "--output=a.h5", "--losses=ritz")
        self.run_program(*JOB, "--directions=6", "--output=b.h5", "--losses=ritz", "--precision=single")
        self.assertIn("A | B       precision: double | single\n", self.compare("a.h5", "b.h5"))
        self.assertIn("A | B       precision: single | double\n", self.compare("b.h5", "a.h5"))

    def test_a_file_is_no_rougher_than_itself(self):
        self.run_program(*JOB, "--directions=12", "--output=a.h5")
        printed = self.compare("a.h5", "a.h5")
        self.assertEqual(printed.count("not distinguishable with 12 directions"), 2, printed)

    def test_refusals_are_one_sentence(self):
        self.run_program(*JOB, "--directions=6", "--output=a.h5", "--losses=ritz")
        self.run_program("train", *JOB, "--output=t.h5")
        self.run_program(
            "sweep",
            *[option for option in JOB if "grid" not in option],
            "--directions=4",
            "--losses=ritz",
            "--output=s.h5",
            "--sweep-radius=0.1,1",
            "--sweep-intervals=4,8",
        )
        for arguments, code, part in (
            (["a.h5"], 2, "two files"),
            (["s.h5", "a.h5"], 2, "sweep"),
            (["a.h5", "none.h5"], 1, "none.h5"),
            (["a.h5", "a.h5", "a.h5"], 2, "too many"),
            (["a.h5", "t.h5"], 2, "t.h5"),
            (["a.h5", "a.h5", "--losses=galerkin"], 2, "--losses"),
            (["a.h5", "a.h5", "--width=3"], 2, "--width"),
        ):
            message = self.compare(*arguments, code=code)
            self.assertRegex(message, r"^landscape_mpi: [^\n]+\n$")
            self.assertIn(part, message)
        nothing = self.run_program("compare", "a.h5", "a.h5", "--losses=galerkin", code=2, env=NO_MPI).stdout
        self.assertEqual(nothing, "", "no header before an error")

    def test_the_published_networks(self):
        # d = 1, width 4, trained by the authors: at l = 0.02 with exact quadrature Ritz is rougher than Galerkin.
        if not os.path.exists(os.path.join(REFERENCE, "minimizers")):
            self.skipTest(f"no {REFERENCE}: the published data are absent")
        for loss in ("ritz", "galerkin"):
            net = self.path(f"{loss}.safetensors")
            source = os.path.join(REFERENCE, "minimizers", f"resnet_{loss}.pkl")
            subprocess.run(
                [
                    sys.executable,
                    os.path.join(SOURCE, "tools", "import_checkpoint.py"),
                    source,
                    "-o",
                    net,
                    "--negate-output",
                    "--network",
                    "resnet",
                    "--activation",
                    "swish",
                ],
                check=True,
                capture_output=True,
            )
            self.run_program(
                "--quiet",
                f"--minimizer-{loss}={net}",
                f"--losses={loss}",
                "--grid=-0.02:0.02:101",
                "--quadrature=simpson:400",
                f"--output={loss}.h5",
            )
        printed = self.compare("ritz.h5", "galerkin.h5")
        self.assertIn("paired over 100 common directions", printed)
        self.assertIn("Ritz in ritz.h5 is rougher than Galerkin in galerkin.h5: ratio", printed)
        low, high = self.numbers(printed, "RI(A) / RI(B)")[1:]
        self.assertGreater(low, 2.0)
        self.assertLess(high, 12.0)


if __name__ == "__main__":
    main()
