"""--point-sets: the same directions with independent sets of points, so that the integrator cannot pass for the landscape."""

import os
import subprocess
import sys
import unittest

import h5py
import numpy as np
from system import (
    REFERENCE,
    SOURCE,
    SystemTest,
    contents,
    index_of,
    main,
    n_complete,
    results,
    table_of,
    text,
    total_variation,
)

SMALL = [
    "--epochs=300",
    "--lbfgs-iterations=0",
    "--grid=-0.1:0.1:9",
    "--bootstrap=100",
    "--quadrature=monte-carlo:60",
    "--point-sets=3",
    "--reference-quadrature=gauss:12",
]
SLOW = [
    "--minimizer=net.h5",
    "--quadrature=sobol:4000",
    "--point-sets=2",
    "--reference-quadrature=sobol:4096",
    "--directions=12",
    "--grid=-1:1:21",
    "--bootstrap=100",
    "--round-seconds=0.1",
]


class PointSets(SystemTest):
    def test_the_split_is_that_of_the_profiles_in_the_file(self):
        report = self.run_program(*SMALL, "--directions=12", "--full-report", "--output=a.h5", ranks=2).stdout
        with h5py.File(self.path("a.h5"), "r") as file:
            for loss in ("ritz", "galerkin"):
                found = results(file[f"roughness/{loss}/point_sets"])
                profiles = file[f"profiles/{loss}"]
                self.assertEqual(list(profiles["point_sets"]), ["1", "2", "3"])
                self.assertEqual(text(profiles["point_sets/3"].attrs["quadrature"]), "gauss:12")
                self.assertEqual(list(found["stream"]), [0, 1, 2])
                steps = profiles["steps"][()]
                t = np.array(
                    [
                        total_variation(steps, group["loss"][()])
                        for group in (profiles, profiles["point_sets/1"], profiles["point_sets/2"])
                    ]
                )
                np.testing.assert_allclose(found["index"], [index_of(row) for row in t], rtol=1e-12)
                np.testing.assert_allclose(found["mean"], t.mean(axis=1), rtol=1e-12)
                self.assertEqual(found["index"][0], file[f"roughness/{loss}/index"][()])
                n_sets, n = t.shape
                rest = t - t.mean(axis=0) - t.mean(axis=1)[:, None] + t.mean()
                ms_rest = (rest**2).sum() / ((n_sets - 1) * (n - 1))
                ms_directions = n_sets * t.mean(axis=0).var(ddof=1)
                ms_sets = n * t.mean(axis=1).var(ddof=1)
                self.assertAlmostEqual(
                    found["variance_directions"], max(0.0, (ms_directions - ms_rest) / n_sets), places=9
                )
                self.assertAlmostEqual(
                    found["variance_points"], max(0.0, (ms_sets - ms_rest) / n) + ms_rest, places=9
                )
                self.assertAlmostEqual(found["index_spread"], np.std(found["index"], ddof=1), places=12)
                reference = total_variation(steps, profiles["point_sets/3/loss"][()])
                self.assertAlmostEqual(found["reference_index"], index_of(reference), places=12)
        self.assertIn("RI over 3 point sets", report)
        self.assertIn("RI with gauss:12", report)
        self.assertNotIn("was not measured", report)
        self.assertEqual(table_of(self.run_program("reduce", "a.h5", "--full-report").stdout), table_of(report))
        self.assertRegex(
            self.run_program("verify", "a.h5", "--all").stdout,
            "ritz, reference gauss:12 +108 of 108 losses computed again: the same bits",
        )
        self.assertRegex(self.run_program("info", "a.h5").stdout, "reference gauss:12: .*, 108 of 108 losses done")

    def test_the_reference_is_a_run_with_that_quadrature(self):
        self.run_program(*SMALL, "--directions=6", "--output=a.h5")
        plain = [word for word in SMALL if not word.startswith(("--quadrature", "--point-sets", "--reference"))]
        self.run_program(*plain, "--directions=6", "--quadrature=gauss:12", "--output=b.h5")
        a, b = contents(self.path("a.h5")), contents(self.path("b.h5"))
        for loss in ("ritz", "galerkin"):
            self.assertEqual(a[f"profiles/{loss}/point_sets/3/loss"], b[f"profiles/{loss}/loss"])
            self.assertEqual(a[f"roughness/{loss}/point_sets/reference_index"][2], b[f"roughness/{loss}/index"][2])
            self.assertEqual(
                a[f"roughness/{loss}/point_sets/reference_interval"][2], b[f"roughness/{loss}/interval"][2]
            )

    def test_ranks_rounds_and_later_directions_give_the_same_bits(self):
        self.run_program(*SMALL, "--directions=7", "--output=one.h5", "--threads=1")
        self.run_program(*SMALL, "--directions=7", "--output=three.h5", "--round-seconds=1e-6", ranks=3)
        self.assert_same_files("one.h5", "three.h5")
        self.run_program(*SMALL, "--directions=4", "--output=more.h5")
        with h5py.File(self.path("more.h5"), "r+") as file:
            file["profiles/ritz/point_sets/2/complete"][1, 3] = 0
            file["profiles/galerkin/point_sets/3/loss"][2, 2] += 1.0
        self.run_program(*SMALL, "--directions=7", "--output=more.h5", "--resume", ranks=2)
        self.assert_same_files("one.h5", "more.h5")

    def test_sobol_sets_are_random_shifts_and_a_killed_job_is_resumed(self):
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
        self.run_program(*SLOW, "--output=whole.h5", "--quiet")
        with h5py.File(self.path("whole.h5"), "r") as file:
            self.assertEqual(list(file["roughness/ritz/point_sets/stream"]), [1, 2])
            plain, first, second = (
                file[f"profiles/ritz/{place}loss"][()] for place in ("", "point_sets/1/", "point_sets/2/")
            )
            self.assertTrue((plain != first).any() and (first != second).any())
        process = self.start_program(*SLOW, "--output=part.h5", ranks=2)
        self.wait_for(lambda: n_complete(self.path("part.h5")) > 0, process)
        self.kill_group(process)
        self.run_program(*SLOW, "--output=part.h5", "--resume", ranks=2)
        self.assert_same_files("whole.h5", "part.h5")

    def test_random_points_without_sets_are_mentioned_and_others_not(self):
        quick = [
            "--epochs=50",
            "--lbfgs-iterations=0",
            "--directions=5",
            "--grid=-1:1:5",
            "--bootstrap=100",
            "--overwrite",
        ]
        for rule, said in (("monte-carlo:50", True), ("sobol:50", True), ("simpson:20", False), ("gauss:20", False)):
            report = " ".join(self.run_program(*quick, f"--quadrature={rule}", "--output=a.h5").stdout.split())
            self.assertEqual("was not measured: --point-sets 5" in report, said, report)

    def test_what_makes_no_sense_is_refused(self):
        for options, words in (
            (["--point-sets=4"], "deterministic rules have no independent sets"),
            (["--point-sets=4", "--quadrature=gauss:30"], "--quadrature monte-carlo:N or sobol:N"),
            (["--point-sets=1", "--quadrature=sobol:30"], "--point-sets '1'"),
            (["--reference-quadrature=gauss:30"], "--point-sets"),
            (
                ["--point-sets=4", "--quadrature=monte-carlo:10", "--reference-quadrature=monte-carlo:10"],
                "use gauss:N, or sobol:N with more than 10 points",
            ),
            (["--point-sets=4", "--quadrature=sobol:30", "--reference-quadrature=sobol:30"], "no better than"),
            (
                [
                    "--point-sets=4",
                    "--quadrature=sobol:30",
                    "--dimension=9",
                    "--train-quadrature=sobol:30",
                    "--reference-quadrature=gauss:30",
                ],
                "gauss:30",
            ),
        ):
            process = self.run_program(*options, "--output=a.h5", code=2)
            self.assertIn(words, process.stderr)
            self.assertEqual(len(process.stderr.splitlines()), 1)
        self.assertFalse(os.path.exists(self.path("a.h5")))


@unittest.skipUnless(os.path.isdir(os.path.join(REFERENCE, "minimizers")), "published data are absent")
class PublishedMinimizers(SystemTest):
    """A published minimizer at l = 0.02: what was seen there with redrawn points (RI from 0.06 to 0.14) is flagged."""

    def test_monte_carlo_ritz_is_dominated_by_its_points_and_exact_rules_agree(self):
        for loss in ("ritz", "galerkin"):
            subprocess.run(
                [
                    sys.executable,
                    os.path.join(SOURCE, "tools", "import_checkpoint.py"),
                    os.path.join(REFERENCE, "minimizers", f"resnet_{loss}.pkl"),
                    "-o",
                    self.path(f"{loss}.safetensors"),
                    "--negate-output",
                    "--network",
                    "resnet",
                    "--activation",
                    "swish",
                ],
                check=True,
                capture_output=True,
            )
        case = [
            "--minimizer-ritz=ritz.safetensors",
            "--minimizer-galerkin=galerkin.safetensors",
            "--grid=-0.02:0.02:101",
            "--quiet",
        ]
        report = self.run_program(
            *case, "--quadrature=monte-carlo:1000", "--point-sets=5", "--output=mc.h5", ranks=2
        ).stdout
        words = " ".join(report.split())
        self.assertIn("(!) Ritz: the index measures its integration points", words)
        self.assertIn("use --quadrature gauss:256", words)
        self.assertNotIn("(!) Galerkin", words)
        index = {}
        for rule in ("gauss:64", "gauss:256", "simpson:100", "simpson:400"):
            self.run_program(*case, f"--quadrature={rule}", "--output=a.h5", "--overwrite")
            with h5py.File(self.path("a.h5"), "r") as file:
                index[rule] = [file[f"roughness/{loss}/index"][()] for loss in ("ritz", "galerkin")]
        for rule in index:
            for found, exact in zip(index[rule], index["gauss:256"]):
                sixth_digit = 10.0 ** (np.floor(np.log10(exact)) - 5)
                self.assertTrue(abs(found - exact) < 0.5 * sixth_digit, f"{rule}: {found} and {exact}")
        with h5py.File(self.path("mc.h5"), "r") as file:
            ritz, galerkin = (results(file[f"roughness/{loss}/point_sets"]) for loss in ("ritz", "galerkin"))
            self.assertEqual([ritz["reference_index"], galerkin["reference_index"]], index["gauss:256"])
            self.assertEqual((ritz["points_dominate_profiles"], ritz["points_dominate_index"]), (1, 1))
            self.assertEqual(
                (galerkin["points_dominate_profiles"], galerkin["points_dominate_index"]), (0, 0)
            )
            self.assertGreater(ritz["variance_points"], 10 * ritz["variance_directions"])
            print(f"Ritz RI per point set {np.round(ritz['index'], 4)}, exact {index['gauss:256'][0]:.6f}")


if __name__ == "__main__":
    main()
