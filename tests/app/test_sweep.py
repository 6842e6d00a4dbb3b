"""sweep: RI over lists of half-widths and intervals in one pass, equal to plain runs with those grids to the last bit."""

import os
import re

import h5py
import numpy as np
from system import SystemTest, main, n_complete, results, text

NET = ["--epochs=300", "--lbfgs-iterations=0", "--directions=9", "--bootstrap=100", "--interval=bca"]
RADIUS, INTERVALS = (0.05, 0.1, 1.0), (4, 10, 20)
SWEEP = [
    "sweep",
    *NET,
    "--sweep-radius=" + ",".join(map(str, RADIUS)),
    "--sweep-intervals=" + ",".join(map(str, INTERVALS)),
]
SLOW = [
    "sweep",
    "--minimizer=net.h5",
    "--quadrature=sobol:6000",
    "--directions=20",
    "--sweep-radius=0.1,1",
    "--sweep-intervals=5,10,20",
    "--bootstrap=100",
    "--round-seconds=0.1",
]


class Sweep(SystemTest):
    def test_entries_are_those_of_plain_runs_bit_for_bit(self):
        report = self.run_program(*SWEEP, "--output=s.h5", ranks=2).stdout
        with h5py.File(self.path("s.h5"), "r") as file:
            for i, l in enumerate(RADIUS):
                for k, m in enumerate(INTERVALS):
                    self.run_program(
                        *NET, f"--grid=-{l}:{l}:{m + 1}", "--minimizer=s.h5", "--output=a.h5", "--overwrite", "--quiet"
                    )
                    with h5py.File(self.path("a.h5"), "r") as plain:
                        for loss in ("ritz", "galerkin"):
                            found, expected = file[f"sweep/{loss}"], results(plain[f"roughness/{loss}"])
                            self.assertEqual(found["index"][i, k], expected["index"])
                            self.assertEqual(list(found["interval"][i, k]), list(expected["interval"]))
                            self.assertEqual(found["mean"][i, k], expected["mean"])
                            self.assertEqual(found["used"][i, k], expected["used"])
            found = file["sweep/ritz"]
            self.assertEqual(text(found["state"][()]), "complete")
            np.testing.assert_array_equal(found["radius"], RADIUS)
            np.testing.assert_array_equal(found["intervals"], INTERVALS)
            n_steps = file["profiles/ritz/steps"].size
            self.assertEqual(found["steps"][()], n_steps)
            self.assertEqual(found["steps_if_separate"][()], 3 * (5 + 11 + 21))
            self.assertLess(n_steps, 3 * 21)  # 10 divides 20, and half-widths share points too
            self.assertNotIn("roughness", file)
        self.assertIn(f"{n_steps} distinct steps of 111", report)
        self.assertIn(f"Evaluated   {2 * 9 * n_steps:,} losses".replace(",", " "), report)
        tables = report[report.index("Deep Ritz: RI by") :]
        self.assertEqual(self.run_program("reduce", "s.h5").stdout, tables)
        self.assertLessEqual(max(map(len, tables.splitlines())), 100)
        self.assertIn("the same bits", self.run_program("verify", "s.h5", "--all").stdout)
        self.assertIn("steps_if_separate", self.run_program("info", "s.h5").stdout)

    def test_stability_is_that_of_the_definition(self):
        self.run_program(*SWEEP, "--output=s.h5")
        with h5py.File(self.path("s.h5"), "r") as file:
            for loss in ("ritz", "galerkin"):
                group = file[f"sweep/{loss}"]
                index, interval, stable = group["index"][()], group["interval"][()], group["stable"][()]
                lies_in = lambda i, a, b: interval[i, b, 0] <= index[i, a] <= interval[i, b, 1]
                agree = lambda i, a, b: lies_in(i, a, b) and lies_in(i, b, a)
                for i in range(len(RADIUS)):
                    expected = [all(agree(i, k, finer) for finer in range(k + 1, 3)) for k in range(2)] + [
                        agree(i, 2, 1)
                    ]
                    self.assertEqual(list(stable[i]), expected)

    def test_ranks_rounds_and_later_directions_give_the_same_bits(self):
        self.run_program(*SWEEP, "--output=one.h5", "--threads=1")
        self.run_program(*SWEEP, "--output=three.h5", "--round-seconds=1e-6", ranks=3)
        self.assert_same_files("one.h5", "three.h5")
        fewer = [word.replace("--directions=9", "--directions=5") for word in SWEEP]
        self.run_program(*fewer, "--output=more.h5")
        self.run_program(*SWEEP, "--output=more.h5", "--resume", ranks=2)
        self.assert_same_files("one.h5", "more.h5")

    def test_stopped_and_killed_sweeps_are_resumed(self):
        self.run_program(
            "train",
            "--dimension=4",
            "--width=16",
            "--epochs=5",
            "--lbfgs-iterations=0",
            "--train-quadrature=sobol:64",
            "--quadrature=sobol:64",
            "--output=net.h5",
        )
        report = self.run_program(*SLOW, "--output=whole.h5").stdout
        self.assertIn("was not measured", report)
        self.run_program(*SLOW, "--output=stop.h5", "--time-limit=0.3", ranks=2, code=75)
        self.assertIn("Deep Ritz: RI by", self.run_program("reduce", "stop.h5").stdout)
        process = self.start_program(*SLOW, "--output=kill.h5", ranks=2)
        self.wait_for(lambda: n_complete(self.path("kill.h5")) > 0, process)
        self.kill_group(process)
        for name in ("stop.h5", "kill.h5"):
            self.run_program(*SLOW, f"--output={name}", "--resume", ranks=2)
            self.assert_same_files("whole.h5", name)

    def test_the_linear_model_is_zero_and_stable_everywhere(self):
        report = self.run_program(
            "sweep",
            "--network=linear",
            "--problem=cubic",
            "--epochs=0",
            "--directions=6",
            "--bootstrap=100",
            "--sweep-radius=0.5,1",
            "--sweep-intervals=4,8",
            "--output=s.h5",
        ).stdout
        self.assertEqual(len(re.findall(r"[\d.e-]+ \(rounding \de-1\d\) \*", report)), 8, report)

    def test_what_makes_no_sense_is_refused(self):
        self.run_program(*SWEEP, "--output=s.h5")
        for arguments, words in (
            (["sweep", "--grid=-1:1:5"], "--grid has no meaning for sweep"),
            (["sweep", "--point-sets=3", "--quadrature=sobol:9"], "--point-sets has no meaning"),
            (["sweep", "--until-ci=0.1"], "--until-ci has no meaning"),
            (["sweep", "--sweep-radius=1,-1"], "--sweep-radius"),
            (["sweep", "--sweep-radius=1,,2"], "--sweep-radius"),
            (["sweep", "--sweep-intervals=10,10"], "names 10 twice"),
            (["sweep", "--sweep-intervals=0"], "--sweep-intervals '0'"),
            (["--sweep-radius=1"], "belongs to the command sweep"),
            (["--sweep-intervals=5"], "belongs to the command sweep"),
            ([*NET, "--resume", "--output=s.h5"], "sweep-radius was"),
            (["compare", "s.h5", "s.h5"], "is of the command sweep"),
        ):
            process = self.run_program(
                *arguments, *([] if "s.h5" in " ".join(arguments) else ["--output=a.h5"]), code=2
            )
            self.assertIn(words, process.stderr)
            self.assertEqual(len(process.stderr.splitlines()), 1)
        self.assertEqual(os.listdir(self.folder), ["s.h5"])


if __name__ == "__main__":
    main()
