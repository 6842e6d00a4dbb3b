"""surface: losses on planes and lines, against an independent evaluation, closed forms and the published ones."""

import json
import os
import subprocess
import sys
import unittest

import h5py
import numpy as np
from system import REFERENCE, SOURCE, SystemTest, main, results, state_dict, text, theta_of, write_safetensors

SHORT = ["--epochs=300", "--lbfgs-iterations=0"]
# Long enough to be killed in the middle.
LONG = ["surface", *SHORT, "--quadrature=sobol:3000", "--x=-1:1:200", "--y=-1:1:150", "--round-seconds=0.05"]


def losses_at(theta, shapes, points, weights):
    """{loss: value} of a residual network of one block, d = 1, swish, u* = sin(pi x), in long double."""
    tensors, at = [], 0
    for shape in shapes:
        size = int(np.prod(shape))
        tensors.append(np.asarray(theta[at : at + size], np.longdouble).reshape(shape))
        at += size
    x = np.asarray(points, np.longdouble).reshape(1, -1)

    def affine(jet, weight, bias):
        return [weight @ jet[0] + bias[:, None], weight @ jet[1], weight @ jet[2]]

    def swish(jet):  # z s(z) and its two derivatives
        z, dz, ddz = jet
        s = 1 / (1 + np.exp(-z))
        ds, dds = s * (1 - s), s * (1 - s) * (1 - 2 * s)
        first, second = s + z * ds, 2 * ds + z * dds
        return [z * s, first * dz, second * dz**2 + first * ddz]

    y = affine([x, np.ones_like(x), np.zeros_like(x)], *tensors[0:2])
    inner = swish(affine(swish(affine(y, *tensors[2:4])), *tensors[4:6]))
    n, dn, ddn = (part[0] for part in affine([a + b for a, b in zip(y, inner)], *tensors[6:8]))
    x, pi = x[0], np.longdouble("3.14159265358979323846")
    b, db, ddb = x * (1 - x), 1 - 2 * x, -2
    u, du, ddu = b * n, db * n + b * dn, ddb * n + 2 * db * dn + b * ddn
    f = pi**2 * np.sin(pi * x)
    w = np.asarray(weights, np.longdouble)
    return {"ritz": (w * (du**2 / 2 - f * u)).sum(), "galerkin": (w * (ddu + f) ** 2).sum()}


class Surface(SystemTest):
    def assert_evaluated(self, name, group, origin, axes):
        """Every loss of the surface is that of the network at origin + x along + y across."""
        with h5py.File(self.path(name)) as file:
            surface = file[f"surface/{group}"]
            loss = group.split("_")[0]
            shapes = [t.shape for t in state_dict(file["minimizer"][list(file["minimizer"])[0]]).values()]
            points, weights = file["problem/points"][()], file["problem/weights"][()]
            for i, y in enumerate(surface["y"][()]):
                for j, x in enumerate(surface["x"][()]):
                    theta = origin + x * axes[0] + (y * axes[1] if len(axes) > 1 else 0)
                    expected = losses_at(theta, shapes, points, weights)[loss]
                    self.assertLess(abs(surface["loss"][i, j] - expected), 1e-12 * (1 + abs(expected)), (x, y))

    def axes(self, name, group):
        with h5py.File(self.path(name)) as file:
            summary = file[f"surface/{group}/summary"]
            return [summary[axis][()] for axis in ("along", "across") if axis in summary]

    def test_a_random_plane_is_evaluated_at_its_points(self):
        self.run_program("surface", *SHORT, "--x=-1:1:5", "--y=-0.5:0.5:3", "--around=both", "--output=s.h5", ranks=2)
        with h5py.File(self.path("s.h5")) as file:
            thetas = {loss: theta_of(file[f"minimizer/{loss}"]) for loss in ("ritz", "galerkin")}
            self.assertEqual(file["surface/ritz/loss"].shape, (3, 5))
            self.assertEqual(text(file["surface/ritz"].attrs["row_axis"]), "y")
        for group, around in (("ritz", "ritz"), ("ritz_around_galerkin", "galerkin"), ("galerkin", "galerkin"),
                              ("galerkin_around_ritz", "ritz")):  # fmt: skip
            self.assert_evaluated("s.h5", group, thetas[around], self.axes("s.h5", group))
        # Its directions are the first two of the streams: on its axes it is two profiles, to the last bit.
        profiles = ["--minimizer=s.h5", "--directions=2", "--bootstrap=100", "--grid=-1:1:5", "--output=p.h5"]
        self.run_program(*profiles, "--save-directions")
        with h5py.File(self.path("s.h5")) as file, h5py.File(self.path("p.h5")) as profiles:
            for loss in ("ritz", "galerkin"):
                np.testing.assert_array_equal(file[f"surface/{loss}/loss"][1], profiles[f"profiles/{loss}/loss"][0])
                np.testing.assert_array_equal(profiles[f"profiles/{loss}/direction"][()], self.axes("s.h5", loss))

    def test_findings_are_those_of_the_grid(self):
        report = self.run_program("surface", *SHORT, "--x=-2:2:41", "--y=-2:2:31", "--output=s.h5", ranks=2).stdout
        with h5py.File(self.path("s.h5")) as file:
            for loss in ("ritz", "galerkin"):
                f, x, y = (file[f"surface/{loss}/{name}"][()] for name in ("loss", "x", "y"))
                found = results(file[f"surface/{loss}/summary"])
                i, j = np.unravel_index(f.argmin(), f.shape)
                self.assertEqual(found["minimum"], f.min())
                self.assertEqual(list(found["minimum_at"]), [x[j], y[i]])
                i, j = np.unravel_index(f.argmax(), f.shape)
                self.assertEqual(list(found["maximum_at"]), [x[j], y[i]])
                self.assertEqual(found["range"], f.max() - f.min())
                self.assertEqual(found["centre"], f[15, 20])
                self.assertEqual(found["below_centre"], (f < f[15, 20]).sum())
                padded = np.pad(f, 1, constant_values=np.inf)
                around = [padded[1 + a : 32 + a, 1 + b : 42 + b] for a in (-1, 0, 1) for b in (-1, 0, 1) if a or b]
                self.assertEqual(found["local_minima"], (f < np.min(around, axis=0)).sum())
                inside = f[1:-1, 1:-1] < np.min(around, axis=0)[1:-1, 1:-1]
                self.assertEqual(found["local_minima"] - found["local_minima_at_border"], inside.sum())
                self.assertGreaterEqual(found["deep_minima"], 1)
                self.assertIn(f"{f.max():.8g}", report)
        table = report[report.index("loss  ") :]
        self.assertLessEqual(len(table.splitlines()), 16)
        self.assertLessEqual(max(map(len, table.splitlines())), 98)
        self.assertEqual(self.run_program("reduce", "s.h5").stdout, table)

    def test_orthogonal_directions_are_and_keep_their_length(self):
        for name, options in (("a.h5", []), ("b.h5", ["--orthogonal"])):
            self.run_program("surface", *SHORT, "--x=-1:1:3", "--y=-1:1:3", *options, f"--output={name}")
        (along, across), (same, turned) = self.axes("a.h5", "ritz"), self.axes("b.h5", "ritz")
        np.testing.assert_array_equal(along, same)
        self.assertLess(abs(turned @ along), 1e-15 * (along @ along))
        self.assertAlmostEqual((turned @ turned) / (across @ across), 1, delta=1e-14)
        part = across - along * (across @ along) / (along @ along)
        np.testing.assert_allclose(turned, part * np.sqrt((across @ across) / (part @ part)), atol=1e-14)

    def test_a_line_through_two_minimizers_has_their_losses_and_a_barrier(self):
        line = ["--through=ritz,galerkin", "--x=-0.25:1.25:31", "--output=l.h5"]
        report = self.run_program("surface", *SHORT, *line, ranks=3).stdout
        with h5py.File(self.path("l.h5")) as file:
            a, b = theta_of(file["minimizer/ritz"]), theta_of(file["minimizer/galerkin"])
            for loss in ("ritz", "galerkin"):
                f, x = file[f"surface/{loss}/loss"][0], file[f"surface/{loss}/x"][()]
                found = results(file[f"surface/{loss}/summary"])
                at_a, at_b = f[x == 0.0][0], f[x == 1.0][0]
                between = f[(x >= 0) & (x <= 1)]
                self.assertEqual(list(found["minimizer_losses"]), [at_a, at_b])
                self.assertEqual(found["barrier"], between.max() - max(at_a, at_b))
                above = f - (at_a + x * (at_b - at_a))
                self.assertAlmostEqual(found["barrier_above_line"], above[(x >= 0) & (x <= 1)].max(), delta=1e-14)
                self.assertEqual(found["barrier_at"], x[(x >= 0) & (x <= 1)][between.argmax()])
                own = file[f"minimizer/{loss}"].attrs["profile_loss"]
                self.assertAlmostEqual(at_a if loss == "ritz" else at_b, own, delta=1e-12)
                self.assertIn(f"{found['barrier']:.4g}", report)
        for loss in ("ritz", "galerkin"):
            self.assert_evaluated("l.h5", loss, a, [b - a])
        # The other way round, from the file: the same losses in reverse.
        self.run_program("surface", "--through=l.h5:galerkin,l.h5:ritz", "--x=-0.25:1.25:31", "--output=r.h5")
        with h5py.File(self.path("l.h5")) as file, h5py.File(self.path("r.h5")) as back:
            self.assertEqual(sorted(back["minimizer"]), ["A", "B"])
            for loss in ("ritz", "galerkin"):
                f = file[f"surface/{loss}/loss"][0]
                np.testing.assert_allclose(back[f"surface/{loss}/loss"][0], f[::-1], rtol=1e-11, atol=1e-13)
        said = self.run_program("surface", "--through=l.h5:galerkin,l.h5:ritz", "--x=0.1:0.9:5", "--output=n.h5").stdout
        self.assertIn("its --x must hold 0 and 1", said)

    def test_given_directions_serve_a_plane_through_files(self):
        drawn = ["--directions=2", "--grid=-1:1:3", "--bootstrap=50", "--save-directions"]
        self.run_program(*SHORT, *drawn, "--output=d.h5")
        through = "--through=d.h5:ritz,d.h5:galerkin"
        case = ["surface", through, "--directions-from=d.h5", "--x=0:1:3", "--y=0:1:2", "--losses=ritz"]
        self.run_program(*case, "--output=s.h5")
        self.run_program("verify", "s.h5", "--all")
        with h5py.File(self.path("s.h5")) as file:
            found = file["surface/ritz/loss"][()]
            self.assertAlmostEqual(found[0, 0], file["minimizer/A"].attrs["profile_loss"], delta=1e-12)
        self.assertIn("points below A", self.run_program("reduce", "s.h5").stdout)

    def test_a_barrier_does_not_miss_an_end_for_rounding(self):
        case = ["surface", *SHORT, "--through=ritz,galerkin", "--bootstrap=50"]
        found = {}
        for name, x in (("exact", "0:1:11"), ("rounded", "-0.1:1.1:13")):  # whose last but one is 1 + 2e-16
            self.run_program(*case, f"--x={x}", f"--output={name}.h5")
            with h5py.File(self.path(f"{name}.h5")) as file:
                found[name] = [file[f"surface/{loss}/summary/barrier"][()] for loss in ("ritz", "galerkin")]
        np.testing.assert_allclose(found["rounded"], found["exact"], atol=1e-12)
        self.assertGreaterEqual(min(found["rounded"]), 0.0)

    def test_matched_units_take_away_what_their_order_makes(self):
        self.run_program("train", *SHORT, "--output=m.h5")
        with h5py.File(self.path("m.h5")) as file:
            state = state_dict(file["minimizer/ritz"])
            theta = theta_of(file["minimizer/ritz"])
        names = list(state)
        outer, inner = np.array([2, 0, 3, 1]), np.array([1, 3, 0, 2])
        for name in names:  # layer1 goes from the units of layer_in to its own, layer2 back, layer_out from them
            if name.startswith(("layer_in.", "layer2.", "layer1.")):
                state[name] = state[name][inner if name.startswith("layer1.") else outer]
            if name in ("layer1.weight", "layer_out.weight", "layer2.weight"):
                state[name] = state[name][:, inner if name.startswith("layer2.") else outer]
        write_safetensors(self.path("p.safetensors"), state, {"network": "resnet", "activation": "swish"})
        line = ["surface", "--losses=ritz", "--through=m.h5:ritz,p.safetensors", "--match", "--x=0:1:11"]
        report = self.run_program(*line, "--output=s.h5", ranks=2).stdout
        self.assertIn("matched to A", report)
        with h5py.File(self.path("s.h5")) as file:
            f = {name: file[f"surface/{name}/loss"][0] for name in ("ritz", "ritz_matched")}
            found = {name: results(file[f"surface/{name}/summary"]) for name in f}
            permuted = theta_of(file["minimizer/B"])
        self.assertAlmostEqual(found["ritz"]["along_length"], np.linalg.norm(permuted - theta), delta=1e-14)
        self.assertAlmostEqual(f["ritz"][0], f["ritz"][-1], delta=1e-13)  # one function
        self.assertGreater(found["ritz"]["barrier"], 0.01)
        self.assertEqual(found["ritz_matched"]["along_length"], 0.0)
        self.assertEqual(found["ritz_matched"]["barrier"], 0.0)
        np.testing.assert_array_equal(f["ritz_matched"], f["ritz"][0])
        self.assertIn("the same bits", self.run_program("verify", "s.h5", "--all").stdout)
        self.run_program(*line, "--output=one.h5")
        self.assert_same_files("s.h5", "one.h5")
        # Two trainings: matched, they are nearer, at the same losses.
        self.run_program("train", *SHORT, "--losses=ritz", "--train-seed=2", "--output=n.h5")
        line[2] = "--through=m.h5:ritz,n.h5"
        self.run_program(*line, "--y=-1:1:3", "--output=t.h5")
        with h5py.File(self.path("t.h5")) as file:
            before, after = (results(file[f"surface/{name}/summary"]) for name in ("ritz", "ritz_matched"))
            self.assertLess(after["along_length"], before["along_length"])
            np.testing.assert_allclose(after["minimizer_losses"], before["minimizer_losses"], rtol=1e-13)
            np.testing.assert_array_equal(after["across"], before["across"])
        self.assertIn("needs --through A,B", self.run_program("surface", "--match", "--output=u.h5", code=2).stderr)
        said = self.run_program(*line[:2], "--through=m.h5:ritz,p.safetensors", "--match", "--x=0:1:3", "--y=0:1:3",
                                "--output=u.h5", code=2, ranks=2).stderr  # fmt: skip
        self.assertIn("span no plane", said)

    def test_the_plane_of_a_path_is_that_of_its_principal_components(self):
        training = ["--epochs=400", "--every=40", "--lbfgs-iterations=20", "--directions=3", "--grid=-1:1:5"]
        self.run_program("trajectory", *training, "--bootstrap=50", "--output=t.h5")
        case = ["surface", "--minimizer=t.h5", "--path", "--x=-1:1:9", "--y=-1:1:5"]
        report = self.run_program(*case, "--output=s.h5").stdout
        self.assertRegex(report, r"the path's variation along x +\d")
        for ranks in (2, 3):
            self.run_program(*case, f"--output={ranks}.h5", ranks=ranks)
            self.assert_same_files("s.h5", f"{ranks}.h5")
        self.run_program("verify", "s.h5", "--all")
        self.assertIn("the path's variation", self.run_program("reduce", "s.h5").stdout)
        with h5py.File(self.path("s.h5")) as file:
            for loss in ("ritz", "galerkin"):
                found = file[f"surface/{loss}/summary"]
                path = file[f"minimizer/{loss}/path/parameters"][()]
                away = path - path[-1]
                _, lengths, components = np.linalg.svd(away, full_matrices=False)
                shares = lengths**2 / np.sum(lengths**2)
                np.testing.assert_allclose(found["explained"][()], shares[:2], rtol=1e-10)
                for name, component, column in (("along", components[0], 0), ("across", components[1], 1)):
                    axis = found[name][()]
                    length = np.linalg.norm(axis)
                    self.assertAlmostEqual(abs(axis @ component) / length, 1.0, delta=1e-10)
                    places = away @ axis / length**2
                    np.testing.assert_allclose(found["path_positions"][:, column], places, atol=1e-10)
                    self.assertAlmostEqual(np.abs(places).max(), 1.0, delta=1e-10)
                self.assertLess(abs(found["cosine"][()]), 1e-12)
                self.assertAlmostEqual(
                    found["centre"][()], file[f"minimizer/{loss}"].attrs["profile_loss"], delta=1e-12
                )

    def test_planes_through_minimizers_hold_them(self):
        self.run_program("train", *SHORT, "--output=m.h5")
        self.run_program("train", *SHORT, "--losses=ritz", "--train-seed=2", "--output=n.h5")
        with h5py.File(self.path("m.h5")) as m, h5py.File(self.path("n.h5")) as n:
            a, b, c = theta_of(m["minimizer/ritz"]), theta_of(m["minimizer/galerkin"]), theta_of(n["minimizer/ritz"])
            metadata = {"network": "resnet", "activation": "swish"}
            write_safetensors(self.path("c.safetensors"), state_dict(n["minimizer/ritz"]), metadata)
        # A file may be an output with one minimizer, one of several, or safetensors.
        for third in ("n.h5", "c.safetensors"):
            self.run_program("surface", f"--through=m.h5:ritz,m.h5:galerkin,{third}", "--x=0:1:3", "--y=0:1:3",
                             "--output=p.h5", "--overwrite", ranks=2)  # fmt: skip
            self.assert_evaluated("p.h5", "ritz", a, [b - a, c - a])
            with h5py.File(self.path("p.h5")) as file:
                f, summary = file["surface/galerkin/loss"][()], results(file["surface/galerkin/summary"])
                self.assertEqual(list(summary["minimizer_losses"]), [f[0, 0], f[0, 2], f[2, 0]])
                np.testing.assert_array_equal(theta_of(file["minimizer/C"]), c)
        self.run_program("surface", "--through=m.h5:ritz,m.h5:galerkin,n.h5", "--orthogonal", "--output=o.h5")
        along, across = self.axes("o.h5", "ritz")
        part = (c - a) @ (b - a) / ((b - a) @ (b - a))
        np.testing.assert_allclose(across, c - a - part * (b - a), atol=1e-14)
        with h5py.File(self.path("o.h5")) as file:
            positions = file["surface/ritz/summary/minimizer_positions"][()]
            np.testing.assert_allclose(positions, [[0, 0], [1, 0], [part, 1]], atol=1e-14)
        # Two, and a random direction.
        self.run_program("surface", "--through=m.h5:ritz,m.h5:galerkin", "--x=0:1:3", "--y=-1:1:3", "--orthogonal",
                         "--output=q.h5")  # fmt: skip
        along, across = self.axes("q.h5", "ritz")
        self.assertLess(abs(along @ across), 1e-14 * (along @ along))
        self.assert_evaluated("q.h5", "ritz", a, [b - a, across])

    def test_the_linear_models_plane_is_its_quadratic_form(self):
        tensors = {"layer_out.weight": np.array([[-2.0]]), "layer_out.bias": np.array([-1.0])}
        write_safetensors(self.path("m.safetensors"), tensors, {"network": "linear"})
        with h5py.File(self.path("axes.h5"), "w") as file:
            file["direction"] = np.eye(2)
        self.run_program("surface", "--minimizer=m.safetensors", "--problem=cubic", "--quadrature=gauss:8",
                         "--directions-from=axes.h5", "--x=-1:1:41", "--y=-1:1:41", "--output=s.h5", ranks=2)  # fmt: skip
        with h5py.File(self.path("s.h5")) as file:
            for loss, form in (("galerkin", [[8, 4], [4, 8]]), ("ritz", [[2 / 15, 1 / 6], [1 / 6, 1 / 3]])):
                f, s = file[f"surface/{loss}/loss"][()], file[f"surface/{loss}/x"][()]
                a, b = np.meshgrid(s, s)
                expected = (form[0][0] * a**2 + 2 * form[0][1] * a * b + form[1][1] * b**2) / 2
                error = np.abs(f - f[20, 20] - expected).max() / expected.max()
                print(f"{loss}: largest difference {error:.1e}")
                self.assertLess(error, 1e-13)
                self.assertEqual(file[f"surface/{loss}/summary/local_minima"][()], 1)
            self.assertLess(abs(file["surface/galerkin/loss"][20, 20]), 1e-28)
        self.assertIn("the same bits", self.run_program("verify", "s.h5", "--all").stdout)

    def test_any_number_of_ranks_gives_the_same_bits(self):
        for case in (["--x=-1:1:7", "--y=-1:1:5", "--around=both"], ["--redraw", "--x=-1:1:7", "--y=-1:1:5"],
                     ["--through=ritz,galerkin", "--x=0:1:9"], ["--x=-1:1:9"]):  # fmt: skip
            self.run_program("surface", *SHORT, *case, "--output=one.h5", "--overwrite", "--threads=1")
            for ranks in (2, 3, 4):
                rounds = ["--output=many.h5", "--overwrite", "--round-seconds=1e-6"]
                self.run_program("surface", *SHORT, *case, *rounds, ranks=ranks)
                self.assert_same_files("one.h5", "many.h5")
            self.assertIn("the same bits", self.run_program("verify", "one.h5", "--all").stdout)

    def test_a_killed_surface_goes_on_and_passes_verify(self):
        process = self.start_program(*LONG, "--output=part.h5", ranks=2)
        self.wait_for(lambda: self.n_done("part.h5") > 0, process)
        self.kill_group(process)
        self.assertLess(self.n_done("part.h5"), 2 * 200 * 150, "the job was killed too late to tell")
        self.assertIn("rows x 200 columns", self.run_program("info", "part.h5").stdout)
        said = self.run_program("resume", "part.h5", ranks=3).stdout
        self.assertIn("Output      part.h5 (resumed)\n", said)
        self.run_program(*LONG, "--output=whole.h5", ranks=2)
        self.assert_same_files("whole.h5", "part.h5")
        self.assertIn("the same bits", self.run_program("verify", "part.h5").stdout)

    def n_done(self, name):
        try:
            with h5py.File(self.path(name), "r", locking=False) as file:
                return sum(int(file[f"surface/{loss}/complete"][()].sum()) for loss in ("ritz", "galerkin"))
        except (OSError, KeyError):
            return 0

    def test_a_surface_through_files_goes_on_without_them(self):
        self.run_program("train", *SHORT, "--output=m.h5")
        case = ["surface", "--through=m.h5:ritz,m.h5:galerkin", "--x=0:1:5", "--y=-1:1:3", "--output=s.h5"]
        self.run_program(*case)
        table = self.run_program("reduce", "s.h5").stdout
        os.rename(self.path("m.h5"), self.path("gone.h5"))
        self.assertIn(table, self.run_program("resume", "s.h5").stdout)
        self.assertIn("--resume: the minimizer file 'm.h5' is gone", self.run_program(*case, "--resume", code=2).stderr)
        self.run_program("train", *SHORT, "--train-seed=5", "--output=m.h5")
        self.assertIn("is not the one stored in 's.h5'", self.run_program(*case, "--resume", code=2).stderr)
        self.assertIn("verify", self.run_program("--help").stdout)

    def test_a_dry_run_writes_nothing(self):
        said = self.run_program("surface", *SHORT, "--dry-run", "--output=s.h5", ranks=2).stdout
        self.assertIn("5 202 losses", said)
        self.assertFalse(os.path.exists(self.path("s.h5")))

    def test_what_cannot_be_is_one_sentence(self):
        self.run_program("train", *SHORT, "--output=m.h5")
        cases = {
            ("--y=-1:1:3",): "give --x too",
            ("--x=-1:1:3", "--orthogonal"): "give --y",
            ("--through=ritz",): "two or three minimizers",
            ("--through=ritz,ritz",): "names ritz twice",
            ("--through=ritz,",): "an empty entry",
            ("--through=ritz,galerkin", "--losses=ritz"): "add it to --losses",
            ("--through=ritz,galerkin", "--around=both"): "cannot go with --through",
            ("--through=ritz,galerkin", "--redraw"): "cannot go with --through",
            ("--around=other", "--losses=ritz"): "needs the minimizers of both losses",
            ("--redraw", "--orthogonal"): "cannot go with --orthogonal",
            ("--through=m.h5,m.h5:ritz",): "say which, for example m.h5:ritz",
            ("--grid=-1:1:5",): "--grid has no meaning for surface",
            ("--directions=5",): "--directions has no meaning for surface",
            ("--x=1:0:5",): "min < max",
            ("--path",): "give a file of the command trajectory",
            ("--path-checkpoints=5",): "give that too",
            ("--path", "--through=ritz,galerkin"): "give a file of the command trajectory",
        }
        for options, sentence in cases.items():
            for ranks in (None, 2) if options[0] == "--y=-1:1:3" else (None,):
                said = self.run_program("surface", *SHORT, *options, "--output=s.h5", code=2, ranks=ranks).stderr
                self.assertIn(sentence, said, options)
                if ranks is None:
                    self.assertEqual(len(said.strip().splitlines()), 1, said)
        path = ["surface", "--minimizer=m.h5", "--path", "--output=s.h5"]
        self.assertIn("'m.h5' has no path of a training", self.run_program(*path, code=2).stderr)
        for third in ("m.h5:nobody", "missing.h5"):
            said = self.run_program("surface", f"--through=m.h5:ritz,{third}", "--output=s.h5", code=1).stderr
            self.assertIn(third.split(":")[0], said)
        twice = ["--minimizer-ritz=m.h5", "--losses=ritz", "--through=ritz,m.h5:ritz", "--output=s.h5"]
        said = self.run_program("surface", *twice, code=2).stderr
        self.assertIn("span no plane", said)
        onto_itself = ["--through=m.h5:ritz,m.h5:galerkin", "--overwrite", "--output=m.h5"]
        said = self.run_program("surface", *onto_itself, code=2).stderr
        self.assertIn("which this job reads (--through m.h5:ritz)", said)
        self.assertIn("belongs to the command surface", self.run_program("--x=-1:1:5", "--output=s.h5", code=2).stderr)
        self.assertFalse(os.path.exists(self.path("s.h5")))


@unittest.skipUnless(os.path.exists(os.path.join(REFERENCE, "published_surfaces.json")), "no published surfaces")
class Published(SystemTest):
    """Two directions were drawn at every point: the centre is compared digit by digit, the rest as a distribution."""

    def surface(self, case, *options):
        n = case["shape"][0]
        subprocess.run(
            [sys.executable, os.path.join(SOURCE, "tools", "import_checkpoint.py"),
             os.path.join(REFERENCE, "minimizers", case["minimizer"]), "-o", self.path("m.safetensors"), "--overwrite",
             "--negate-output", "--network", "resnet", "--activation", "swish"],
            check=True, capture_output=True)  # fmt: skip
        axis = f"-{case['radius']}:{case['radius']}:{n}"
        self.run_program("surface", f"--losses={case['loss']}", f"--minimizer-{case['loss']}=m.safetensors",
                         f"--quadrature={case['quadrature']}", f"--bias={case['bias']}", f"--x={axis}", f"--y={axis}",
                         *options, "--output=s.h5", "--overwrite", ranks=2)  # fmt: skip
        with h5py.File(self.path("s.h5")) as file:
            return file[f"surface/{case['loss']}/loss"][()]

    def test_as_published_surfaces_have_the_published_centre_and_distribution(self):
        from scipy.stats import mannwhitneyu

        with open(os.path.join(REFERENCE, "published_surfaces.json")) as file:
            cases = json.load(file)
        self.assertGreaterEqual(len(cases), 3)
        for case in cases:
            published, middle = np.array(case["loss_values"]), (case["shape"][0] // 2,) * 2
            for seed in (1, 2):
                ours = self.surface(case, "--redraw", f"--direction-seed={seed}")
                p = mannwhitneyu(ours.ravel(), published.ravel()).pvalue
                difference = abs(ours[middle] / published[middle] - 1)
                print(f"{case['minimizer']}, {case['loss']}, radius {case['radius']}: centre {ours[middle]:.9g}, "
                      f"off by {difference:.1e}; rank test p = {p:.3f}")  # fmt: skip
                self.assertLess(difference, 5e-8)
                self.assertGreater(p, 0.001)

    def test_the_rank_test_can_fail(self):
        with open(os.path.join(REFERENCE, "published_surfaces.json")) as file:
            case = json.load(file)[0]
        from scipy.stats import mannwhitneyu

        ours = self.surface({**case, "bias": "zero"}, "--redraw")
        p = mannwhitneyu(ours.ravel(), np.ravel(case["loss_values"])).pvalue
        print(f"biases left alone: p = {p:.2g}")
        self.assertLess(p, 0.001)


if __name__ == "__main__":
    main()
