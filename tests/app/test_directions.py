"""directions: kinds of directions side by side; the curvature along normal directions and the Hessian's trace."""

import os

import h5py
import numpy as np
from system import SystemTest, main, results, theta_of

NET = ["--epochs=300", "--lbfgs-iterations=20", "--directions=8", "--grid=-0.5:0.5:9", "--bootstrap=100"]
DIRECTIONS = ["directions", *NET, "--direction-kind=random,top:3,bulk:3,gradient,adam,towards,worst"]
KINDS = ("random", "top_3", "bulk_3", "gradient", "adam", "towards", "worst")
MANY = KINDS[:3]
LOSSES = ("ritz", "galerkin")
SLOW = ["directions", "--minimizer=net.h5", "--quadrature=sobol:4000", "--directions=60", "--grid=-1:1:11",
        "--bootstrap=100", "--round-seconds=0.05", "--direction-kind=gradient,random,bulk:3,towards"]  # fmt: skip


def n_done(path):
    """Losses marked as complete, 0 while the file cannot be read."""
    try:
        with h5py.File(path, "r") as file:
            blocks = [kind for loss in file["profiles"].values() for kind in loss.values()]
            return sum(int((block["complete"][()] == 1).sum()) for block in blocks)
    except (OSError, KeyError):
        return 0


class Directions(SystemTest):
    def test_kinds_are_what_they_are_called(self):
        report = self.run_program(*DIRECTIONS, "--output=d.h5", ranks=2).stdout
        self.run_program("spectrum", "--minimizer=d.h5", "--output=s.h5")
        with h5py.File(self.path("d.h5")) as file, h5py.File(self.path("s.h5")) as spectrum:
            theta = {loss: theta_of(file[f"minimizer/{loss}"]) for loss in LOSSES}
            for loss, other in (LOSSES, LOSSES[::-1]):
                profiles, found = file[f"profiles/{loss}"], file[f"directions/{loss}"]
                self.assertEqual(set(found), set(KINDS))
                hessian, gradient = spectrum[f"hessian/{loss}/hessian"][()], spectrum[f"gradient/{loss}/gradient"][0]
                leading = np.linalg.eigh((hessian + hessian.T) / 2)[1][:, -3:]
                length = found["random/length"][()]
                self.assertNotIn("direction", profiles["random"])
                for kind in KINDS[1:]:
                    d = profiles[kind]["direction"][()]
                    self.assertEqual(d.shape[0], 8 if kind in MANY else 1)
                    if kind != "worst":
                        np.testing.assert_allclose(np.linalg.norm(d, axis=1), length, rtol=1e-12)
                    inside = np.linalg.norm(d @ leading, axis=1) / length
                    if kind == "bulk_3":
                        self.assertLess(inside.max(), 1e-10)
                    elif kind == "top_3":
                        self.assertLess(np.linalg.norm(d - d @ leading @ leading.T, axis=1).max(), 1e-10 * length)
                d = {kind: profiles[kind]["direction"][0] for kind in KINDS[3:]}
                np.testing.assert_allclose(d["gradient"], gradient * length / np.linalg.norm(gradient), rtol=1e-10)
                away = theta[other] - theta[loss]
                np.testing.assert_allclose(d["towards"] * found["towards/other_at"][()], away, rtol=1e-10)
                step = -gradient / (abs(gradient) + 1e-8)
                np.testing.assert_allclose(d["adam"], step * length / np.linalg.norm(step), rtol=1e-10)
                ends = {kind: profiles[kind]["loss"][:, [0, -1]].max() for kind in KINDS}
                self.assertGreater(ends["worst"], ends["random"])
                for kind in KINDS:
                    block, group = profiles[kind], results(found[kind])
                    t = block["total_variation"][()]
                    self.assertAlmostEqual(group["mean"], t.mean(), delta=1e-13 * t.mean())
                    self.assertEqual(group["highest_end"], ends[kind])
                    self.assertAlmostEqual(group["mean_curvature"] / block["curvature"][()].mean(), 1, delta=1e-12)
                    if kind in MANY:
                        self.assertAlmostEqual(group["index"], t.std(ddof=1) / t.mean(), delta=1e-13)
                        self.assertLess(group["interval"][0], group["index"])
                        self.assertLess(group["index"], group["interval"][1])
                    else:
                        self.assertTrue(np.isnan(group["index"]))
                        self.assertTrue(np.isnan(group["interval"]).all())
                    for node in found[kind].values():
                        self.assertTrue(node.attrs["description"] and node.attrs["units"])
        self.assertEqual(report.count("one direction\n") + report.count("one direction  "), 8)
        tables = report[report.index("Deep Ritz: RI by kind") :]
        self.assertEqual(self.run_program("reduce", "d.h5").stdout, tables)
        self.assertLessEqual(max(map(len, tables.splitlines())), 100)
        self.assertEqual(self.run_program("verify", "d.h5", "--all").stdout.count("the same bits"), 14)
        self.assertIn("ritz top:3", self.run_program("info", "d.h5").stdout)

    def test_random_ones_are_those_of_a_plain_run(self):
        self.run_program(*DIRECTIONS, "--output=d.h5")
        self.run_program(*NET, "--minimizer=d.h5", "--output=r.h5")
        with h5py.File(self.path("d.h5")) as kinds, h5py.File(self.path("r.h5")) as plain:
            for loss in LOSSES:
                a, b = kinds[f"profiles/{loss}/random/loss"][()], plain[f"profiles/{loss}/loss"][()]
                self.assertEqual(a.tobytes(), b.tobytes())
                for name in ("index", "mean", "resolution", "mean_curvature"):
                    of_kind = kinds[f"directions/{loss}/random/{name}"][()]
                    self.assertEqual(of_kind, plain[f"roughness/{loss}/{name}"][()])

    def test_ranks_rounds_and_later_directions_give_the_same_bits(self):
        self.run_program(*DIRECTIONS, "--output=one.h5", "--threads=1")
        self.run_program(*DIRECTIONS, "--output=two.h5", ranks=2)
        self.run_program(*DIRECTIONS, "--output=three.h5", "--round-seconds=1e-6", ranks=3)
        self.assert_same_files("one.h5", "two.h5")
        self.assert_same_files("one.h5", "three.h5")
        fewer = [word.replace("--directions=8", "--directions=5") for word in DIRECTIONS]
        self.run_program(*fewer, "--output=more.h5")
        self.run_program(*DIRECTIONS, "--output=more.h5", "--resume", ranks=2)
        self.assert_same_files("one.h5", "more.h5")

    def test_killed_jobs_are_resumed(self):
        self.run_program("train", "--dimension=4", "--width=8", "--epochs=5", "--lbfgs-iterations=0",
                         "--train-quadrature=sobol:64", "--quadrature=sobol:64", "--output=net.h5")  # fmt: skip
        self.run_program(*SLOW, "--output=whole.h5", ranks=2)
        process = self.start_program(*SLOW, "--output=kill.h5", ranks=2)
        self.wait_for(lambda: n_done(self.path("kill.h5")) > 0, process)
        self.kill_group(process)
        self.run_program("resume", "kill.h5", ranks=3)
        self.assert_same_files("whole.h5", "kill.h5")

    def test_defaults_fit_the_network_and_the_losses(self):
        said = self.run_program("directions", "--network=linear", "--problem=cubic", "--epochs=0", "--directions=6",
                                "--bootstrap=100", "--losses=ritz", "--bias=random",
                                "--output=l.h5").stdout  # fmt: skip
        self.assertIn("Directions  random, top:1, bulk:1, gradient, adam, worst\n", said)
        said = self.run_program("directions", *NET, "--direction-kind=gradient", "--output=g.h5").stdout
        self.assertIn("Profiles    1 direction", said)
        self.run_program("resume", "g.h5")

    def test_the_trace_stands_beside_the_mean_curvature(self):
        normal = ["--epochs=300", "--lbfgs-iterations=20", "--bootstrap=200", "--norm=none", "--bias=gaussian",
                  "--grid=-1e-3:1e-3:3", "--directions=2000"]  # fmt: skip
        report = self.run_program(*normal, "--full-report", "--output=a.h5").stdout
        self.run_program("spectrum", "--minimizer=a.h5", "--output=s.h5")
        with h5py.File(self.path("a.h5")) as file, h5py.File(self.path("s.h5")) as spectrum:
            for loss in LOSSES:
                found, trace = results(file[f"roughness/{loss}"]), spectrum[f"spectrum/{loss}/trace"][()]
                self.assertAlmostEqual(found["hessian_trace"] / trace, 1, delta=1e-12)
                self.assertAlmostEqual(file[f"minimizer/{loss}"].attrs["hessian_trace"] / trace, 1, delta=1e-12)
                lower, upper = found["mean_curvature_interval"]
                self.assertLess(lower, trace)
                self.assertLess(trace, upper)
                self.assertIn(f"{trace:.4g}", report[report.index("trace of the Hessian") :].splitlines()[0])
        said = self.run_program(*normal, "--minimum-check=off", "--output=b.h5").stdout
        self.assertRegex(said, r"trace of the Hessian( +not known \(\*\*\*\)){2}\n")
        self.assertIn("--minimum-check on does", " ".join(said.split()))
        self.assertNotIn("trace of the Hessian", self.run_program(*NET, "--full-report", "--output=c.h5").stdout)

    def test_what_makes_no_sense_is_refused(self):
        self.run_program(*DIRECTIONS, "--output=d.h5")
        for arguments, words in (
            (["directions", "--direction-kind=sideways"], "--direction-kind 'sideways' is unknown: choose random, top"),
            (["directions", "--direction-kind=top"], "write top:5"),
            (["directions", "--direction-kind=top:0"], "--direction-kind top: '0'"),
            (["directions", "--direction-kind=worst:2"], "takes no number: write worst"),
            (["directions", "--direction-kind=adam,adam"], "names adam twice"),
            (["directions", "--direction-kind=bulk:53"], "give 52 at most"),
            (["directions", "--direction-kind=top:54"], "give 53 at most"),
            (["directions", "--direction-kind=top:3", "--width=45"], "and 2 000 are the most: leave it out"),
            (["directions", "--direction-kind=towards", "--losses=ritz"], "drop --losses"),
            (["directions", "--direction-kind=towards", "--problem=convection"], "the problem has no Ritz loss"),
            (["directions", "--directions-from=d.h5"], "--directions-from has no meaning for directions"),
            (["directions", "--until-ci=0.1"], "--until-ci has no meaning"),
            (["--direction-kind=adam"], "belongs to the command directions"),
            (["--bias=normal"], "choose zero, copy, random or gaussian"),
            ([*DIRECTIONS[:-1], "--resume", "--output=d.h5"], "direction-kind was"),
            (["compare", "d.h5", "d.h5"], "is of the command directions: compare takes files of roughness"),
        ):
            with self.subTest(arguments=arguments):
                output = [] if "d.h5" in " ".join(arguments[-1:]) and "from" not in arguments[-1] else ["--output=a.h5"]
                said = self.run_program(*arguments, *output, code=2).stderr
                self.assertIn(words, said)
                self.assertEqual(len(said.splitlines()), 1, said)
        self.assertEqual(os.listdir(self.folder), ["d.h5"])


if __name__ == "__main__":
    main()
