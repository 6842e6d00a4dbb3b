"""The short report is a part of the full one that hides no warning and no mark, and says how to see the rest."""

import re
import shutil

import h5py
from system import QUICK, SystemTest, main, results

FULL = "--full-report"
HINT = "The whole report: landscape_mpi reduce FILE --full-report"
MOST_LINES = 30  # of the default job: rows, marks, verdict, hint
# What speaks against a number, or explains a mark in the table, begins so.
RAISED = re.compile(r"(Warning: |\([*!]+\) |\(limit\) |\(rounding B\)|How much of this|The noise of)")

FAST = ["--epochs=300", "--lbfgs-iterations=0", "--bootstrap=100"]
ROWS = ["--directions=12", "--grid=-1:1:9"]
SINGLE = ["--losses=ritz", "--epochs=3000", "--lbfgs-iterations=300", "--bootstrap=100", "--precision=single"]
# Jobs by what is essential to them: the beginning of a row, or of a sentence.
JOBS = {
    "metrics": ([*FAST, *ROWS, "--metrics=reference,gradient"],
                ["RI of the loss on gauss:256  ", "RI of |grad L|  ", "(*) ritz, gradient: "]),
    "point sets": ([*FAST, "--directions=12", "--grid=-0.1:0.1:9", "--quadrature=monte-carlo:60", "--point-sets=3"],
                   ["RI over 3 point sets  ", "(!) Ritz: the index measures its integration points"]),
    "random points": ([*FAST, *ROWS, "--quadrature=sobol:50"], ["How much of this is the sobol:50 points' doing"]),
    "single": ([*SINGLE, "--directions=40", "--grid=-0.003:0.003:401"],
               ["  left out  ", "rounding noise, of max - min  ", "Warning: along "]),
    "until-ci": ([*FAST, *ROWS, "--until-ci=1e-6", "--max-directions=14"], ["Relative half-width 0.0001 % not reached"]),
    "auto": ([*FAST, "--directions=12", "--grid=auto"], ["--grid auto took [-"]),
    "limit": (["--epochs=300", "--lbfgs-iterations=5", "--bootstrap=100", *ROWS],
              ["  |grad L| by the same rule  ", "(limit) ritz: "]),
    "saddle": ([*FAST, *ROWS, "--problem=helmholtz", "--frequency=2", "--wavenumber=10"],
               ["  least over all functions  ", "(**) kappa^2 = 100 "]),
    "no trace": ([*FAST, *ROWS, "--norm=none", "--bias=gaussian", "--minimum-check=off"],
                 ["  trace of the Hessian  ", "(***) the minimum check"]),
    "linear": (["--network=linear", "--problem=cubic", "--quadrature=gauss:8", *ROWS],
               ["(rounding B): ", "Ritz and Galerkin both have index zero"]),
}  # fmt: skip


def raised(lines):
    """The sentences that begin so, with all of their lines."""
    found, is_open = [], False
    for line in lines:
        begins = RAISED.match(line) is not None
        if begins:
            found.append(line)
        elif is_open:
            found[-1] += " " + line
        is_open = (begins or is_open) and not line.endswith(".")
    return found


class Report(SystemTest):
    def assert_short(self, short, full):
        """Lines of the full report in their order, all that is raised among them, then the hint."""
        self.assertEqual(short[-1], HINT)
        self.assertNotIn(HINT, full)
        self.assertLess(len(short), len(full))
        rest = iter(full)
        for line in short[:-1]:
            self.assertIn(line, rest, f"not in the full report, or not in this order: {line!r}")
        self.assertEqual(raised(short), raised(full))

    def test_the_default_job_prints_what_matters(self):
        said = self.run_program(ranks=2).stdout
        short = self.run_program("reduce", "landscape.h5").stdout
        self.assertTrue(said.endswith("\n\n" + short), said)
        lines = short.splitlines()
        self.assertLessEqual(len(lines), MOST_LINES, short)
        for row in ("roughness index RI", "  95 % interval", "mean T", "  mean |I| T", "directions used", "theta* is",
                    "monotone, one valley, more", "loss at the minimizer", "  its error", "  its training ended by",
                    "relative L2 error of u", "seconds: training"):  # fmt: skip
            self.assertEqual(len([line for line in lines if line.startswith(row + "  ")]), 1, row)
        self.assertRegex(" ".join(short.split()), r"Ritz.* Galerkin.*: ratio [\d.]+, 95 % interval [\d.]+–[\d.]+")
        self.assert_short(lines, self.run_program("reduce", "landscape.h5", FULL).stdout.splitlines())

    def test_what_is_essential_to_a_job_stands_in_both(self):
        for name, (job, essential) in JOBS.items():
            with self.subTest(name):
                said = self.run_program(*job, FULL, "--output=a.h5", "--overwrite", ranks=2).stdout
                short, full = (self.run_program("reduce", "a.h5", *more).stdout for more in ([], [FULL]))
                self.assertTrue(said.endswith("\n\n" + full), said)
                lines = short.splitlines()
                self.assert_short(lines, full.splitlines())
                for beginning in essential:
                    self.assertTrue(any(line.startswith(beginning) for line in lines), f"{beginning}\n{short}")

    def test_damage_is_told_in_both(self):
        self.run_program(*QUICK, "--losses=ritz", "--output=a.h5")
        with h5py.File(self.path("a.h5"), "r+") as file:
            file["profiles/ritz/loss"][2, 3] += 1.0
        for more in ([], [FULL]):
            said = self.run_program("reduce", "a.h5", *more).stdout
            self.assertIn("ritz: 1 directions do not match their checksum", said)
            self.assertRegex(said, r"\n  left out +1 not done\n")

    def test_the_variation_over_the_interval_is_that_of_the_file(self):
        for case, length in ((["--grid=-0.5:0.7:13"], 1.2), (["--grid=auto"], None)):
            self.run_program(*FAST, "--directions=7", *case, "--output=a.h5", "--overwrite")
            with h5py.File(self.path("a.h5")) as file:
                if length is None:
                    length = 2 * results(file["roughness/grid"])["chosen"]
                means = [length * file[f"roughness/{loss}/mean"][()] for loss in ("ritz", "galerkin")]
            row = re.search(r"\n  mean \|I\| T +(\S+) +(\S+)\n", self.run_program("reduce", "a.h5").stdout)
            for printed, mean in zip(row.groups(), means):
                self.assertAlmostEqual(float(printed) / mean, 1, delta=1e-3)

    def test_valleys_are_those_of_the_file(self):
        report = self.run_program(*FAST, "--directions=40", "--grid=-3:3:41", "--output=a.h5").stdout
        shares = []
        with h5py.File(self.path("a.h5")) as file:
            for loss in ("ritz", "galerkin"):
                shape = file[f"profiles/{loss}/shape_class"][()]
                shares += [100 * sum((shape == code).mean() for code in codes) for codes in ((0,), (1,), (2, 5))]
        self.assertGreater(min(shares[1:3] + shares[4:]), 0)
        printed = re.search(r"\nmonotone, one valley, more +(.*)\n", report)[1]
        for number, share in zip(re.findall(r"(\d+) %", printed), shares, strict=True):
            self.assertLessEqual(abs(int(number) - share), 0.5)

    def test_it_is_no_part_of_the_calculation(self):
        self.run_program(*QUICK, FULL, "--output=a.h5")
        self.run_program(*QUICK, "--output=b.h5")
        self.assert_same_files("a.h5", "b.h5")
        shutil.copy(self.path("b.h5"), self.path("c.h5"))
        for command in ([*QUICK, "--output=b.h5", "--resume"], ["resume", "c.h5"]):
            self.assertTrue(self.run_program(*command).stdout.endswith(HINT + "\n"))
            self.assertIn("slope sign changes", self.run_program(*command, FULL).stdout)
        self.assert_same_files("a.h5", "b.h5")

    def test_it_belongs_to_the_main_job(self):
        sweep = ["sweep", *QUICK[:3], "--sweep-radius=1", "--sweep-intervals=8", "--output=s.h5"]
        self.assertIn("--full-report has no meaning for sweep", self.run_program(*sweep, FULL, code=2).stderr)
        self.run_program(*sweep)
        short, full = (self.run_program("reduce", "s.h5", *more).stdout for more in ([], [FULL]))
        self.assertEqual(short, full)
        self.assertNotIn(HINT, short)


if __name__ == "__main__":
    main()
