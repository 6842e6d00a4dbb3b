"""--until-ci adds directions until the intervals are short enough; what it ends with is what a plain run gives."""

import signal

import h5py
import numpy as np
from system import QUICK, TIMES, SystemTest, differing, last_part, main, n_complete, results, table_of, text

FAST = [word for word in QUICK if not word.startswith("--directions")]
# About a second of evaluation on one core for the last batches.
SLOW = [
    "--minimizer=net.h5",
    "--quadrature=sobol:8000",
    "--grid=-1:1:21",
    "--bootstrap=100",
    "--directions=5",
    "--until-ci=0.01",
    "--max-directions=40",
    "--round-seconds=0.1",
]


class UntilCi(SystemTest):
    def stopping(self, name):
        with h5py.File(self.path(name), "r") as file:
            return results(file["roughness/stopping"])

    def assert_same_but_for_the_rule(self, a, b):
        differences = [
            name
            for name in differing(self.path(a), self.path(b))
            if last_part(name) not in TIMES and not name.startswith("roughness/stopping/")
        ]
        self.assertEqual(differences, [])

    def test_it_ends_with_the_bits_of_a_plain_run(self):
        job = [*FAST, "--directions=20", "--until-ci=0.2", "--max-directions=300", "--full-report"]
        report = self.run_program(*job, "--output=a.h5", ranks=2).stdout
        found = self.stopping("a.h5")
        self.assertEqual(found["outcome"], "reached", report)
        self.assertEqual((found["until_ci"], found["max_directions"]), (0.2, 300))
        self.assertLessEqual(found["half_width"], 0.2)
        with h5py.File(self.path("a.h5"), "r") as file:
            n = file["profiles/ritz/loss"].shape[0]
            widths = [
                (g["interval"][1] - g["interval"][0]) / (2 * g["index"][()])
                for g in (file["roughness/ritz"], file["roughness/galerkin"])
            ]
        self.assertEqual(found["half_width"], max(widths))
        self.assertIn(n, (36, 54, 81, 121, 181, 271))
        self.assertIn(f"Reached the relative half-width 20 % with {n} directions", report)
        self.assertIn("20 directions: relative half-width Ritz", report)
        plain = self.run_program(*FAST, f"--directions={n}", "--full-report", "--output=plain.h5").stdout
        self.assertNotIn("half-width", plain)
        self.assertEqual(self.stopping("plain.h5")["outcome"], "not asked")
        self.assert_same_but_for_the_rule("a.h5", "plain.h5")
        self.assertEqual(table_of(self.run_program("reduce", "a.h5", "--full-report").stdout), table_of(report))
        self.run_program("verify", "a.h5", "--all")

    def test_max_directions_ends_it_and_more_can_be_asked_for_later(self):
        report = self.run_program(
            *FAST, "--directions=6", "--until-ci=1e-6", "--max-directions=30", "--output=a.h5"
        ).stdout
        self.assertIn("Relative half-width 0.0001 % not reached with 30 directions", " ".join(report.split()))
        self.assertEqual(self.stopping("a.h5")["outcome"], "not reached")
        self.run_program(
            *FAST, "--directions=6", "--until-ci=1e-6", "--max-directions=40", "--output=a.h5", "--resume", ranks=2
        )
        self.run_program(*FAST, "--directions=40", "--output=plain.h5")
        self.assert_same_but_for_the_rule("a.h5", "plain.h5")

    def test_a_plain_file_can_be_carried_on(self):
        self.run_program(*FAST, "--directions=9", "--output=a.h5")
        self.run_program(*FAST, "--directions=9", "--output=a.h5", "--resume", "--until-ci=1e-6", "--max-directions=20")
        self.run_program(*FAST, "--directions=20", "--output=plain.h5")
        self.assert_same_but_for_the_rule("a.h5", "plain.h5")

    def test_an_index_of_zero_ends_it_at_once(self):
        report = self.run_program(
            "--network=linear",
            "--problem=cubic",
            "--directions=10",
            "--grid=-1:1:9",
            "--bootstrap=100",
            "--epochs=0",
            "--until-ci=0.1",
            "--output=a.h5",
        ).stdout
        self.assertIn("was not pursued beyond 10 directions", " ".join(report.split()))
        self.assertEqual(self.stopping("a.h5")["outcome"], "undefined")

    def test_given_directions_are_no_more_than_there_are(self):
        self.run_program(*FAST, "--directions=12", "--save-directions", "--output=d.h5")
        report = self.run_program(
            *FAST, "--directions-from=d.h5", "--directions=6", "--until-ci=1e-6", "--output=a.h5", ranks=2
        ).stdout
        self.assertIn("not reached with 12 directions", report)
        self.assertIn("give more directions than 'd.h5' holds", " ".join(report.split()))

    def test_stopped_and_killed_jobs_end_with_the_same_bits(self):
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
        for how in ("stop", "kill"):
            name = f"{how}.h5"
            process = self.start_program(*SLOW, f"--output={name}", ranks=2)
            self.wait_for(lambda: n_complete(self.path(name)) > 2 * 21 * 21, process)  # beyond the first batch
            if how == "kill":
                self.kill_group(process)
            else:
                process.send_signal(signal.SIGUSR1)
                _, stderr = process.communicate(timeout=60)
                self.assertEqual(process.returncode, 75, stderr)
            self.assertLess(n_complete(self.path(name)), 2 * 40 * 21)
            output = self.run_program(*SLOW, f"--output={name}", "--resume", ranks=2).stdout
            self.assertIn("not reached with 40 directions", output)
            self.assert_same_files("whole.h5", name)

    def test_what_makes_no_sense_is_refused(self):
        for options, words in (
            (["--max-directions=30"], "--until-ci"),
            (["--until-ci=0"], "--until-ci 0"),
            (["--until-ci=0.1", "--directions=50", "--max-directions=30"], "--max-directions 30"),
        ):
            self.assertIn(words, self.run_program(*options, "--output=a.h5", code=2).stderr)


class Curve(SystemTest):
    def test_the_curve_is_the_index_of_the_first_directions(self):
        report = self.run_program(*FAST, "--directions=25", "--full-report", "--output=a.h5", ranks=2).stdout
        with h5py.File(self.path("a.h5"), "r") as file:
            for loss in ("ritz", "galerkin"):
                curve = file[f"roughness/{loss}/curve"]
                self.assertEqual(text(curve["state"][()]), "complete")
                self.assertEqual(list(curve["directions"]), [10, 20, 25])
                self.assertEqual(list(curve["used"]), [10, 20, 25])
                t = file[f"profiles/{loss}/total_variation"][()]
                for m, index in zip(curve["directions"], curve["index"]):
                    self.assertAlmostEqual(index, np.std(t[:m], ddof=1) / np.mean(t[:m]), delta=1e-13)
                self.assertEqual(curve["index"][2], file[f"roughness/{loss}/index"][()])
                self.assertEqual(list(curve["interval"][2]), list(file[f"roughness/{loss}/interval"][()]))
        self.run_program(*FAST, "--directions=10", "--output=b.h5")
        with h5py.File(self.path("a.h5"), "r") as a, h5py.File(self.path("b.h5"), "r") as b:
            self.assertEqual(a["roughness/ritz/curve/index"][0], b["roughness/ritz/index"][()])
            self.assertEqual(list(a["roughness/ritz/curve/interval"][0]), list(b["roughness/ritz/interval"][()]))
        self.assertIn("RI of the first M directions", report)
        self.assertEqual(table_of(self.run_program("reduce", "a.h5", "--full-report").stdout), table_of(report))


if __name__ == "__main__":
    main()
