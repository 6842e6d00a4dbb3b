"""--metrics: numbers beside the loss along the same profiles, each with rows, an index and a comparison of its own."""

import os

import h5py
import numpy as np
from system import (
    QUICK,
    SystemTest,
    differing,
    index_of,
    last_part,
    main,
    result_states,
    results,
    table_of,
    text,
    total_variation,
)

ALL = ["--metrics=reference,l2,h1,gradient"]
VALUES = {"reference": "loss", "l2": "relative_l2_error", "h1": "relative_h1_error", "gradient": "gradient_norm"}
LOSSES = ("ritz", "galerkin")
SLOW = [
    "--minimizer=net.h5",
    "--quadrature=sobol:4000",
    "--reference-quadrature=sobol:4096",
    "--directions=8",
    "--grid=-1:1:21",
    "--bootstrap=100",
    "--round-seconds=0.1",
]


def n_metric_items(path):
    """Numbers of metrics marked as complete, 0 while the file cannot be read."""
    try:
        with h5py.File(path, "r") as file:
            return sum(
                int(np.count_nonzero(block["complete"][()]))
                for loss in file["profiles"].values()
                for block in loss["metrics"].values()
            )
    except (OSError, KeyError):
        return 0


class Metrics(SystemTest):
    def test_rows_at_the_minimizer_are_the_reports_numbers(self):
        for options in ([], ["--dimension=2", "--problem=reaction", "--boundary=penalty:20"], ["--dimension=3"]):
            self.run_program(*QUICK, *ALL, *options, "--minimum-check=on", "--output=a.h5", "--overwrite")
            with h5py.File(self.path("a.h5"), "r") as file:
                for loss in LOSSES:
                    metrics, minimizer = file[f"profiles/{loss}/metrics"], file[f"minimizer/{loss}"].attrs
                    at_zero = {name: metrics[f"{name}/{VALUES[name]}"][:, 4] for name in VALUES}
                    uncertainty = [minimizer[f"relative_{norm}_uncertainty"] for norm in ("l2", "h1")]
                    np.testing.assert_allclose(
                        at_zero["l2"], minimizer["relative_l2_error"], rtol=0, atol=1e-12 + uncertainty[0]
                    )
                    np.testing.assert_allclose(
                        at_zero["h1"], minimizer["relative_h1_error"], rtol=0, atol=1e-12 + uncertainty[1]
                    )
                    np.testing.assert_allclose(at_zero["gradient"], minimizer["profile_gradient_norm"], rtol=1e-12)
                    np.testing.assert_allclose(at_zero["reference"], minimizer["final_loss"], rtol=1e-9)

    def test_the_loss_on_the_same_points_is_the_loss(self):
        self.run_program(
            *QUICK, "--metrics=reference", "--quadrature=gauss:20", "--reference-quadrature=gauss:20", "--output=a.h5"
        )
        with h5py.File(self.path("a.h5"), "r") as file:
            for loss in LOSSES:
                profiles, found = file[f"profiles/{loss}"], results(file[f"roughness/{loss}/metrics/reference"])
                own, other = profiles["loss"][()], profiles["metrics/reference/loss"][()]
                self.assertEqual(own.tobytes(), other.tobytes())
                self.assertEqual((found["median_gap"], found["largest_gap"]), (0, 0))
                whole = results(file[f"roughness/{loss}"])
                for name in ("index", "interval", "mean", "resolution", "standard_error"):
                    np.testing.assert_array_equal(found[name], whole[name])

    def test_statistics_are_those_of_the_rows(self):
        job = [*QUICK, *ALL, "--quadrature=monte-carlo:40", "--full-report", "--output=a.h5"]
        report = self.run_program(*job).stdout
        with h5py.File(self.path("a.h5"), "r") as file:
            for loss in LOSSES:
                profiles = file[f"profiles/{loss}"]
                steps = profiles["steps"][()]
                for name, values in VALUES.items():
                    block, found = profiles[f"metrics/{name}"], results(file[f"roughness/{loss}/metrics/{name}"])
                    t = total_variation(steps, block[values][()])
                    np.testing.assert_allclose(block["total_variation"][()], t, rtol=1e-12)
                    self.assertEqual(found["used"], len(t))
                    np.testing.assert_allclose(found["index"], index_of(t), rtol=1e-12)
                    self.assertTrue(found["interval"][0] <= found["index"] <= found["interval"][1])
                    self.assertEqual(found["quadrature"], "monte-carlo:40" if name == "gradient" else "gauss:256")
                    self.assertEqual(text(block.attrs["quadrature"]), found["quadrature"])
                    for dataset in file[f"roughness/{loss}/metrics/{name}"].values():
                        self.assertTrue(text(dataset.attrs["description"]) and text(dataset.attrs["units"]))
                own, other = profiles["loss"][()], profiles["metrics/reference/loss"][()]
                gap = np.abs(own - other).max(axis=1) / np.ptp(own, axis=1)
                found = results(file[f"roughness/{loss}/metrics/reference"])
                np.testing.assert_allclose(profiles["metrics/reference/gap"][()], gap, rtol=1e-12)
                np.testing.assert_allclose(found["median_gap"], np.median(gap), rtol=1e-12)
                np.testing.assert_allclose(found["largest_gap"], gap.max(), rtol=1e-12)
            for name in VALUES:
                found = results(file[f"roughness/comparison/{name}"])
                indices = [file[f"roughness/{loss}/metrics/{name}/index"][()] for loss in LOSSES]
                np.testing.assert_allclose(found["difference"], indices[0] - indices[1], rtol=1e-9)
                self.assertIn(" ".join(found["sentence"].split()), " ".join(report.split()))
        self.assertRegex(report, "\nRI of the loss on gauss:256 +[0-9.]+ +[0-9.]+\n")
        self.assertRegex(report, r"\n  gap / \(max - min\), median +[0-9.e-]+ +[0-9.e-]+\n")
        self.assertIn("\nRI of |grad L|, paired over 6 directions:\n", report)
        self.assertEqual(set(result_states(self.path("a.h5")).values()), {"complete"})
        self.assertEqual(table_of(self.run_program("reduce", "a.h5", "--full-report").stdout), table_of(report))
        self.assertRegex(
            self.run_program("verify", "a.h5", "--all").stdout,
            "galerkin, gradient +54 of 54 losses computed again: the same bits",
        )
        self.assertRegex(self.run_program("info", "a.h5").stdout, "ritz, h1: 6 directions x 9 steps, 54 of 54")

    def test_without_them_every_bit_is_as_before(self):
        self.run_program(*QUICK, *ALL, "--output=with.h5")
        self.run_program(*QUICK, "--output=without.h5")
        allowed = {"config", "config_hash", "created", "training_seconds", "evaluation_seconds", "crc32c", "goal"}
        wrong = [
            name
            for name in differing(self.path("with.h5"), self.path("without.h5"))
            if "/metrics" not in name and not name.startswith("roughness/comparison/") and last_part(name) not in allowed
        ]
        self.assertEqual(wrong, [])
        with h5py.File(self.path("without.h5"), "r") as file:
            self.assertNotIn("metrics", file["profiles/ritz"])
            self.assertNotIn("metrics", file["roughness/ritz"])
            self.assertNotIn("metrics", text(file.attrs["config"]))
        self.run_program("reduce", "without.h5")

    def test_ranks_rounds_later_directions_and_damage_leave_the_bits(self):
        case = [option for option in QUICK if not option.startswith("--directions")] + [*ALL, "--save-directions"]
        self.run_program(*case, "--directions=7", "--output=one.h5", "--threads=1")
        self.run_program(*case, "--directions=7", "--output=two.h5", ranks=2)
        self.assert_same_files("one.h5", "two.h5")
        self.run_program(*case, "--directions=7", "--output=three.h5", "--round-seconds=1e-6", ranks=3)
        self.assert_same_files("one.h5", "three.h5")
        self.run_program(*case, "--directions=4", "--output=more.h5")
        with h5py.File(self.path("more.h5"), "r+") as file:
            file["profiles/ritz/metrics/l2/complete"][1, 3] = 0
            file["profiles/galerkin/metrics/gradient/gradient_norm"][2, 2] += 1.0
        self.assertIn("do not match their checksum", self.run_program("verify", "more.h5", code=1).stderr)
        self.run_program(*case, "--directions=7", "--output=more.h5", "--resume", ranks=2)
        self.assert_same_files("one.h5", "more.h5")
        with h5py.File(self.path("one.h5"), "r") as file:
            self.assertIn("direction", file["profiles/ritz"])
            self.assertNotIn("direction", file["profiles/ritz/metrics/gradient"])
        given = ["--minimizer=one.h5", "--directions-from=one.h5", "--grid=-1:1:9", "--bootstrap=100"]
        self.run_program(*given, *ALL, "--output=given.h5")
        os.rename(self.path("one.h5"), self.path("gone.h5"))
        self.assertRegex(self.run_program("verify", "given.h5", "--all").stdout, "ritz, gradient +63 of 63 .*same bits")

    def test_a_killed_job_is_resumed(self):
        self.run_program(
            "train",
            "--dimension=4",
            "--width=12",
            "--epochs=5",
            "--lbfgs-iterations=0",
            "--train-quadrature=sobol:64",
            "--quadrature=sobol:64",
            "--output=net.h5",
        )
        self.run_program(*SLOW, *ALL, "--output=whole.h5", "--quiet")
        process = self.start_program(*SLOW, *ALL, "--output=killed.h5", ranks=2)
        self.wait_for(lambda: n_metric_items(self.path("killed.h5")) > 0, process)
        self.kill_group(process)
        done = n_metric_items(self.path("killed.h5"))
        self.assertLess(done, 8 * 8 * 21)
        self.run_program("resume", "killed.h5", "--quiet", ranks=3)
        self.assert_same_files("whole.h5", "killed.h5")

    def test_until_ci_and_the_dry_run_know_them(self):
        said = self.run_program(*QUICK, *ALL, "--until-ci=0.5", "--max-directions=40", "--output=a.h5").stdout
        self.assertIn("Metrics     reference (gauss:256), l2 (gauss:256), h1 (gauss:256), gradient (simpson:100)", said)
        with h5py.File(self.path("a.h5"), "r") as file:
            n = len(file["profiles/ritz/loss"])
            self.assertEqual(file["profiles/ritz/metrics/h1/relative_h1_error"].shape, (n, 9))
        self.assertIn("Work        540 losses", self.run_program(*QUICK, *ALL, "--dry-run").stdout)

    def test_what_cannot_be_meant_is_one_sentence(self):
        for options, words in (
            (["--metrics=l3"], "--metrics 'l3' is unknown: choose reference, l2, h1 or gradient."),
            (["--metrics=l2,h1,l2"], "--metrics names l2 twice."),
            (["--metrics="], "--metrics is empty: give it a value or leave it out."),
            (["--metrics=l2", "--precision=single"], "drop --precision single, or --metrics"),
            (["--metrics=gradient", "--reference-quadrature=gauss:9"], "--metrics reference, l2 or h1"),
            (["sweep", "--metrics=l2"], "--metrics has no meaning for sweep: it belongs to the command roughness."),
            (["--metrics=l2", "--dimension=9", "--reference-quadrature=gauss:30"], "gauss:30"),
        ):
            process = self.run_program(*options, "--output=a.h5", code=2)
            self.assertIn(words, process.stderr)
            self.assertEqual(len(process.stderr.splitlines()), 1, process.stderr)
        self.assertFalse(os.path.exists(self.path("a.h5")))

    def test_another_list_is_another_calculation(self):
        self.run_program(*QUICK, "--metrics=l2", "--output=a.h5")
        said = self.run_program(*QUICK, "--metrics=h1,l2", "--output=a.h5", "--resume", code=2).stderr
        self.assertIn("metrics was l2 and is now l2,h1", said)


if __name__ == "__main__":
    main()
