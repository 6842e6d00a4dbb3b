"""tools/landscape on files of the program: every picture shows the file's numbers and keeps apart what it writes, the page
is complete and asks nobody for anything, and what is exported reads back as it was.
"""

import csv
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import h5py
import numpy as np
from matplotlib import image

TOOLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools")
sys.path.insert(0, TOOLS)
import landscape  # noqa: E402
from landscape import animation, basins, export, network, page, plots, style  # noqa: E402
from landscape.options import defaults  # noqa: E402

PROGRAM = os.environ.get("LANDSCAPE_PROGRAM", "")
FEW = ["--bootstrap=100", "--quiet", "--threads=1"]
SHORT = ["--epochs=600", "--lbfgs-iterations=60", *FEW]
LOADED = ["--minimizer=roughness.h5", *FEW]
# name of a sample: how the program makes it; later ones load earlier ones
SAMPLES = {
    "roughness": [*SHORT, "--directions=30", "--grid=-1:1:41", "--metrics=reference,l2,h1,gradient"],
    "tanh": [*SHORT, "--directions=20", "--grid=-1:1:41", "--activation=tanh"],
    "points": [*LOADED, "--directions=12", "--grid=-0.02:0.02:21", "--quadrature=monte-carlo:100", "--point-sets=3"],
    "sweep": ["sweep", *LOADED, "--directions=12", "--sweep-radius=0.01,0.1,1", "--sweep-intervals=10,20"],
    "kinds": ["directions", *LOADED, "--directions=10", "--grid=-1:1:21"],
    "trajectory": ["trajectory", *SHORT, "--every=100", "--directions=8", "--grid=-0.1:0.1:11", "--eigenvalues"],
    "path": ["surface", "--minimizer=trajectory.h5", "--path", "--x=-1.3:1.3:17", "--y=-1.2:1.2:13", "--quiet"],
    "line": ["surface", "--through=ritz,galerkin", *LOADED],
    "spectrum": ["spectrum", *LOADED],
    "auto": [*LOADED, "--directions=25", "--grid=auto"],
    "between": ["connectivity", *FEW, "--seeds=5", "--epochs=200", "--lbfgs-iterations=20", "--t-points=11",
                "--curve-iterations=10"],
    "against": ["spectrum", *LOADED, "--precondition=gauss-newton,energy,adam,lbfgs"],
    "dispute": ["study", "--vary", "activation=swish,tanh train-seed=1:7", *FEW, "--epochs=100", "--lbfgs-iterations=20",
                "--eigenvalues", "--directions=8", "--grid=-1:1:21"],
    "lanczos": ["spectrum", *LOADED, "--method=lanczos"],
    "along": ["spectrum", "--path", "--minimizer=trajectory.h5", "--quiet"],
    "study": ["study", "--vary", "activation=swish,tanh width=2:4 train-seed=1:3", "--losses=galerkin", *FEW,
              "--epochs=100", "--lbfgs-iterations=20", "--eigenvalues", "--directions=8", "--grid=-1:1:21"],
    "cube": ["--dimension=3", "--epochs=100", "--lbfgs-iterations=10", "--quadrature=gauss:6", "--directions=8",
             "--grid=-1:1:9", *FEW],
    "train": ["train", "--problem=ball", "--dimension=2", "--network=mlp", "--layers=6,5", *FEW, "--epochs=100"],
}  # fmt: skip
FOLDER = None


def setUpModule():
    global FOLDER
    if not PROGRAM:
        raise unittest.SkipTest("LANDSCAPE_PROGRAM names no program")
    FOLDER = tempfile.mkdtemp(prefix="landscape-pictures-")
    unittest.addModuleCleanup(shutil.rmtree, FOLDER, ignore_errors=True)


def sample(name):
    """Its path; made at the first call, as are those that it loads: some tenths of a second each."""
    path = os.path.join(FOLDER, name + ".h5")
    if not os.path.exists(path):
        for argument in SAMPLES[name]:
            if argument.startswith("--minimizer="):
                sample(os.path.splitext(argument.split("=")[1])[0])
        made = subprocess.run(
            [PROGRAM, *SAMPLES[name], f"--output={path}"], cwd=FOLDER, capture_output=True, text=True, timeout=120
        )
        if made.returncode != 0:
            raise RuntimeError(f"{name}: {made.stderr}")
    return path


class Pictures(unittest.TestCase):
    def open(self, name):
        file = landscape.open(sample(name))
        self.addCleanup(file.close)
        return file

    def figure(self, name, what, **options):
        self.file = self.open(name)
        return plots.draw(what, [self.file], defaults(dpi=50, **options))

    def artists(self, figure, name):
        """Those that show the dataset of that name."""
        found = figure.findobj(lambda artist: str(artist.get_gid()).split(":")[0] == name)
        self.assertTrue(
            found, f"{name}: not among {sorted({a.get_gid() for a in figure.findobj() if a.get_gid()})}"
        )
        return found

    def line(self, figure, name):
        (artist,) = self.artists(figure, name)
        return artist.get_xdata(), np.asarray(artist.get_ydata(), dtype=float)

    def h5(self, path):
        with h5py.File(self.file.path, "r") as file:
            return file[path][()]

    # ---- one for each line of the table: drawn numbers are the file's
    def test_profiles(self):
        for what in ("profiles", "roughness"):
            figure = self.figure("roughness", what)
            for loss in ("ritz", "galerkin"):
                losses, steps = self.h5(f"profiles/{loss}/loss"), self.h5(f"profiles/{loss}/steps")
                (fan,) = self.artists(figure, f"profiles/{loss}/loss")
                drawn = np.array(fan.get_segments())
                np.testing.assert_array_equal(drawn[:, :, 1], losses)
                np.testing.assert_array_equal(drawn[:, :, 0], np.tile(steps, (len(losses), 1)))
                x, y = self.line(figure, f"profiles/{loss}/median")
                np.testing.assert_array_equal(x, steps)
                np.testing.assert_allclose(y, np.median(losses, axis=0), rtol=1e-14)
                (whole,) = self.artists(figure, f"profiles/{loss}/loss/all")  # these profiles have heavy ends
                np.testing.assert_array_equal(np.array(whole.get_segments())[:, :, 1], losses - losses.min())

    def test_profiles_on_a_logarithmic_axis_and_as_shares(self):
        losses = lambda: self.h5("profiles/ritz/loss")  # noqa: E731
        (fan,) = self.artists(self.figure("roughness", "profiles", log=True), "profiles/ritz/loss")
        above = losses() - losses().min()
        for drawn, expected in zip(fan.get_segments(), above):
            np.testing.assert_array_equal(drawn[:, 1], expected[expected > 0])
        (fan,) = self.artists(self.figure("roughness", "profiles", normalise=True), "profiles/ritz/loss")
        low, high = losses().min(axis=1)[:, None], losses().max(axis=1)[:, None]
        np.testing.assert_allclose(
            np.array(fan.get_segments())[:, :, 1], (losses() - low) / (high - low), rtol=1e-14
        )

    def test_histogram(self):
        figure = self.figure("roughness", "histogram")
        for loss, axes in zip(("ritz", "galerkin"), figure.axes):
            t = self.h5(f"profiles/{loss}/total_variation")
            bars = self.artists(figure, f"{style.name_loss(loss)}/profiles/{loss}/total_variation")
            edges = np.array([bar.get_x() for bar in bars] + [bars[-1].get_x() + bars[-1].get_width()])
            self.assertAlmostEqual(edges[0], t.min())
            self.assertAlmostEqual(edges[-1], t.max())
            counts = [bar.get_height() for bar in bars]
            edges[0], edges[-1] = t.min(), t.max()
            self.assertEqual(sum(counts), len(t))
            np.testing.assert_array_equal(counts, np.histogram(t, edges)[0])
            index, (low, high) = self.h5(f"roughness/{loss}/index"), self.h5(f"roughness/{loss}/interval")
            self.assertIn(f"RI = {index:#.3g}\n95 % interval {low:#.3g} to {high:#.3g}", axes.get_title())

    def test_convergence(self):
        figure = self.figure("roughness", "convergence")
        for loss in ("ritz", "galerkin"):
            x, y = self.line(figure, f"{style.name_loss(loss)}/roughness/{loss}/curve/index")
            np.testing.assert_array_equal(y, self.h5(f"roughness/{loss}/curve/index"))
            np.testing.assert_allclose(x, self.h5(f"roughness/{loss}/curve/directions"), rtol=0.05)

    def test_metrics_and_points(self):
        figure = self.figure("roughness", "metrics")
        for loss in ("ritz", "galerkin"):
            names = ["", "/metrics/reference", "/metrics/l2", "/metrics/h1", "/metrics/gradient"]
            x, _ = self.line(figure, f"{style.name_loss(loss)}/roughness/{loss}/metrics")
            np.testing.assert_array_equal(x, [self.h5(f"roughness/{loss}{name}/index") for name in names])
        figure = self.figure("points", "points")
        for loss in ("ritz", "galerkin"):
            path = f"roughness/{loss}/point_sets"
            np.testing.assert_array_equal(
                self.line(figure, f"{style.name_loss(loss)}/{path}/index")[1], self.h5(f"{path}/index")
            )

    def test_radius(self):
        figure = self.figure("sweep", "radius")
        for loss in ("ritz", "galerkin"):
            for k, m in enumerate((10, 20)):
                x, y = self.line(figure, f"{style.name_loss(loss)}/sweep/{loss}/index/{m}")
                np.testing.assert_array_equal(x, self.h5(f"sweep/{loss}/radius"))
                np.testing.assert_array_equal(y, self.h5(f"sweep/{loss}/index")[:, k])

    def test_kinds(self):
        figure = self.figure("kinds", "kinds")
        for loss in ("ritz", "galerkin"):
            for result in ("index", "mean", "mean_curvature"):
                kinds = ("random", "top_5", "bulk_5", "gradient", "adam", "towards", "worst")
                values = np.array([self.h5(f"directions/{loss}/{kind}/{result}") for kind in kinds])
                x, _ = self.line(figure, f"{style.name_loss(loss)}/directions/{loss}/{result}")
                np.testing.assert_array_equal(x, values[np.isfinite(values)])
            medians = {kind: np.median(self.h5(f"profiles/{loss}/{kind}/loss"), axis=0) for kind in kinds}
            least = min(map(np.min, medians.values()))
            _, y = self.line(figure, f"{style.name_loss(loss)}/profiles/{loss}/top_5/median")
            expected = np.where(medians["top_5"] > least, medians["top_5"] - least, np.nan)
            np.testing.assert_allclose(y, expected, rtol=1e-12)

    def test_trajectory(self):
        figure = self.figure("trajectory", "trajectory")
        names = ("ritz_loss", "galerkin_loss", "ritz_gradient_norm", "galerkin_gradient_norm", "relative_l2_error",
                 "relative_h1_error", "index", "largest_eigenvalue", "smallest_eigenvalue")  # fmt: skip
        for loss in ("ritz", "galerkin"):
            for name in names:
                values = self.h5(f"trajectory/{loss}/{name}")
                if name == "ritz_loss":  # negative: above its least value
                    values = np.where(values > values.min(), values - values.min(), np.nan)
                x, y = self.line(figure, f"{style.name_loss(loss)}/trajectory/{loss}/{name}")
                np.testing.assert_array_equal(y, values, name)
                np.testing.assert_array_equal(x, self.h5(f"trajectory/{loss}/epoch"))

    def test_history(self):
        figure = self.figure("roughness", "history")
        for loss in ("ritz", "galerkin"):
            for name in ("loss", "relative_l2_error"):
                values = self.h5(f"minimizer/{loss}/history/{name}")
                if (values <= 0).any():
                    values = np.where(values > values.min(), values - values.min(), np.nan)
                x, y = self.line(figure, f"{style.name_loss(loss)}/minimizer/{loss}/history/{name}")
                np.testing.assert_array_equal(y, values)
                np.testing.assert_array_equal(x, self.h5(f"minimizer/{loss}/history/epoch"))

    def test_surfaces(self):
        for what in ("surface", "contour", "heat", "3d"):
            figure = self.figure("path", what)
            for loss in ("ritz", "galerkin"):
                losses, path = self.h5(f"surface/{loss}/loss"), self.h5(f"surface/{loss}/summary/path_positions")
                lowest = np.unravel_index(losses.argmin(), losses.shape)
                x, y = self.h5(f"surface/{loss}/x"), self.h5(f"surface/{loss}/y")
                (mark,) = self.artists(figure, f"surface/{loss}/lowest")
                (line,) = self.artists(figure, f"surface/{loss}/path_positions")
                if what == "3d":
                    np.testing.assert_array_equal(np.array(line.get_data_3d()[:2]).T, path)
                    (sheet,) = [c for c in figure.axes[loss == "galerkin"].collections]
                    self.assertEqual(len(sheet.get_facecolor()), (x.size - 1) * (y.size - 1))
                    self.assertEqual((sheet.get_array().min() < np.median(losses)), True)
                    continue
                np.testing.assert_array_equal(mark.get_xydata(), [[x[lowest[1]], y[lowest[0]]]])
                np.testing.assert_array_equal(line.get_xydata(), path)
                axes = line.axes
                self.assertEqual((axes.get_xlim(), axes.get_ylim()), ((x[0], x[-1]), (y[0], y[-1])))
                if what == "heat":
                    (mesh,) = self.artists(figure, f"surface/{loss}/loss")
                    np.testing.assert_array_equal(np.asarray(mesh.get_array()).reshape(losses.shape), losses)
        np.testing.assert_array_equal(  # levels part the points evenly
            np.histogram(np.arange(100.0), plots.surface.levels_of(np.arange(100.0), 5))[0], [20] * 5
        )
        figure = self.figure("line", "surface")
        for loss in ("ritz", "galerkin"):
            x, y = self.line(figure, f"surface/{loss}/loss")
            np.testing.assert_array_equal(y, self.h5(f"surface/{loss}/loss")[0])
            np.testing.assert_array_equal(x, self.h5(f"surface/{loss}/x"))

    def test_spectrum(self):
        for name in ("spectrum", "lanczos", "along"):
            figure = self.figure(name, "spectrum")
            for loss in ("ritz", "galerkin"):
                path = f"spectrum/{loss}"
                last = (lambda value: value[-1]) if name == "along" else lambda value: value
                decade = last(self.h5(f"{path}/decade"))
                for sign, side in ((1, "positive"), (-1, "negative")):
                    bars = self.artists(figure, f"{loss_tag(name)}/{path}/{side}_by_decade")
                    counts = {bar.get_x(): bar.get_height() for bar in bars}
                    for e, count in zip(decade, last(self.h5(f"{path}/{side}_by_decade"))):
                        self.assertEqual(sign * counts.get(e, 0), count, f"{name} {loss} {side} 10^{e}")
                    _, y = self.line(figure, f"{loss_tag(name)}/{path}/eigenvalues/{side}")
                    if name != "lanczos":
                        values = np.sort(sign * last(self.h5(f"{path}/eigenvalues")))[::-1]
                        np.testing.assert_array_equal(np.sort(y)[::-1], values[values > 0])
                if name == "along":
                    for what in ("positive", "zero", "negative"):
                        _, y = self.line(figure, f"{loss_tag(name)}/{path}/{what}")
                        np.testing.assert_array_equal(y, self.h5(f"{path}/{what}"))
                    _, y = self.line(figure, f"{loss_tag(name)}/{path}/smallest")
                    np.testing.assert_array_equal(y, self.h5(f"{path}/smallest")[:, 0])

    def test_half_widths(self):
        figure = self.figure("auto", "half-width")
        for loss in ("ritz", "galerkin"):
            _, y = self.line(figure, f"{style.name_loss(loss)}/roughness/grid/index_{loss}")
            np.testing.assert_array_equal(y, self.h5(f"roughness/grid/index_{loss}"))
        x, _ = self.line(figure, "roughness/grid/chosen")
        self.assertEqual(set(x), {self.h5("roughness/grid/chosen")})

    def test_profiles_of_the_chosen_grid(self):
        figure = self.figure("auto", "roughness")
        half_width = self.h5("roughness/grid/chosen")
        even = np.linspace(-half_width, half_width, 101)
        for loss in ("ritz", "galerkin"):
            steps = self.h5(f"profiles/{loss}/steps")
            self.assertGreater(steps.size, 101)
            places = np.abs(steps - even[:, None]).argmin(axis=1)
            np.testing.assert_allclose(steps[places], even, atol=1e-15)
            (fan,) = self.artists(figure, f"profiles/{loss}/loss")
            drawn = np.array(fan.get_segments())
            losses = self.h5(f"profiles/{loss}/loss")[:, places]
            np.testing.assert_array_equal(drawn[:, :, 0], np.tile(steps[places], (len(losses), 1)))
            np.testing.assert_array_equal(drawn[:, :, 1], losses)
            t = np.abs(np.diff(losses, axis=1)).sum(axis=1) / (2 * half_width * np.ptp(losses, axis=1))
            stored = self.h5(f"profiles/{loss}/total_variation")
            np.testing.assert_allclose(t[np.isfinite(stored)], stored[np.isfinite(stored)], rtol=1e-9)
            profiles = self.file.profiles(loss)
            self.assertEqual((profiles.half_width, profiles.length), (half_width, 2 * half_width))
            np.testing.assert_array_equal(profiles.total_variation, stored)
        lines = {text.get_text().strip() for axes in figure.axes for text in axes.texts}
        names = {f: round(line.get_xdata()[0], 12) for axes in figure.axes for line, f in
                 zip([line for line in axes.lines if line.get_linestyle() == ":"],
                     [t.get_text().strip() for t in axes.texts if t.get_text().strip() in ("monotone", "even valley")])}  # fmt: skip
        self.assertTrue(lines & {"monotone", "even valley"})
        for name, value in names.items():
            self.assertAlmostEqual(value, {"monotone": 1, "even valley": 2}[name] / (2 * half_width), 10)

    def test_profiles_before_a_grid_is_chosen(self):
        copy = os.path.join(FOLDER, "undecided.h5")
        shutil.copy(sample("auto"), copy)
        with h5py.File(copy, "r+") as file:
            for group in ("ritz", "galerkin", "comparison", "grid"):
                file[f"roughness/{group}/state"][()] = b"pending"
        with landscape.open(copy) as file:
            profiles = file.profiles("ritz")
            self.assertTrue(np.isnan(profiles.half_width) and np.isnan(profiles.index))
            self.assertEqual(profiles.steps.size, file["profiles/ritz/steps"].size)
            figure = plots.draw("roughness", [file], defaults(dpi=50))
            titles = " ".join(axes.get_title() for axes in figure.axes)
            self.assertIn("no half-width chosen yet", titles)
            self.assertIn("RI: when the half-width is chosen", titles)
            self.assertNotIn("RI =", titles)
            with self.assertRaisesRegex(landscape.LandscapeError, "has chosen no half-width yet"):
                plots.draw("half-width", [file], defaults(dpi=50))

    def test_precondition(self):
        figure = self.figure("against", "precondition")
        for loss in ("ritz", "galerkin"):
            for name in ("", "/gauss-newton", "/energy", "/adam", "/lbfgs"):
                path = f"spectrum/{loss}{name}/eigenvalues"
                values = self.h5(path)
                values = np.sort(values[np.isfinite(values)])[::-1] / np.nanmax(np.abs(values))
                for sign, side in ((1, "positive"), (-1, "negative")):
                    rank, y = self.line(figure, f"{path}/{side}")
                    np.testing.assert_array_equal(y, np.abs(values[sign * values > 0]))
                    np.testing.assert_array_equal(rank, 1 + np.flatnonzero(sign * values > 0))

    def test_barriers(self):
        figure = self.figure("between", "barriers")
        for loss in ("ritz", "galerkin"):
            for path in ("straight", "straight_matched", "curve", "curve_matched"):
                losses, t = self.h5(f"paths/{loss}/{path}/loss"), self.h5(f"paths/{loss}/{path}/t")
                rises = losses - ((1 - t) * losses[:, :1] + t * losses[:, -1:])
                (fan,) = self.artists(figure, f"paths/{loss}/{path}/loss")
                np.testing.assert_array_equal(np.array(fan.get_segments())[:, :, 1], rises)
                _, y = self.line(figure, f"paths/{loss}/{path}/median")
                np.testing.assert_array_equal(y, np.median(rises, axis=0))
                stored = self.h5(f"connectivity/{loss}/{path}/barrier")  # the program's own
                np.testing.assert_allclose(rises.max(axis=1), stored, rtol=1e-9, atol=1e-12 * np.abs(losses).max())

    def test_barrier_matrix(self):
        figure = self.figure("between", "barrier-matrix")
        for loss in ("ritz", "galerkin"):
            first, second = (self.h5(f"connectivity/{loss}/{name}") for name in ("first", "second"))
            for path in ("straight", "curve"):
                (mesh,) = self.artists(figure, f"connectivity/{loss}/{path}/scaled_barrier")
                drawn = np.ma.getdata(mesh.get_array()).reshape(5, 5)
                for name, (i, j) in ((path, (first, second)), (f"{path}_matched", (second, first))):
                    stored = self.h5(f"connectivity/{loss}/{name}/scaled_barrier")
                    shown = stored >= mesh.norm.vmin
                    np.testing.assert_array_equal(drawn[i, j][shown], stored[shown])
                    self.assertTrue((drawn[i, j][~shown] < mesh.norm.vmin).all())
                self.assertTrue(np.ma.getmaskarray(mesh.get_array()).reshape(5, 5).diagonal().all())

    def test_rougher(self):
        figure = self.figure("dispute", "rougher")
        words = {1: "yes", 0: "not decided", -1: "no: Galerkin"}
        for name in ("index", "smad_normalised", "persistence_mean", "negative_share", "condition"):
            ratio = self.h5(f"study/comparison/{name}_ratio")
            interval = self.h5(f"study/comparison/{name}_ratio_interval")
            (line,) = self.artists(figure, f"study/comparison/{name}_ratio")
            there = np.isfinite(ratio)
            np.testing.assert_array_equal(line.get_xdata(), ratio[there])
            (bars,) = [c.lines[2][0] for c in line.axes.containers if c.lines[0] is line]
            ends = np.array([segment[:, 0] for segment in bars.get_segments()]).reshape(-1, 2)
            bounded = np.isfinite(interval[there]).all(axis=1)
            np.testing.assert_allclose(ends[bounded], interval[there][bounded], rtol=1e-12)
            for g, (larger, pairs) in enumerate(
                zip(self.h5(f"study/comparison/{name}_larger"), self.h5(f"study/comparison/{name}_pairs"))
            ):
                (text,) = self.artists(figure, f"study/comparison/{name}_larger/{g}")
                self.assertEqual(text.get_text(), words[int(larger)] if pairs else "no pair")

    def test_regimes(self):
        figure = self.figure("study", "regimes")
        for name in ("relative_l2_error", "index", "largest_eigenvalue"):
            (mesh,) = self.artists(figure, f"Deep Galerkin/study/galerkin/{name}")
            drawn = np.asarray(mesh.get_array()).reshape(3, 2)  # widths, activations
            medians = self.h5(f"study/medians/galerkin/{name}")  # the program's own, activation changing last
            np.testing.assert_array_equal(drawn.T.ravel(), medians)
        axes = mesh.axes
        self.assertEqual([text.get_text() for text in axes.get_xticklabels()], ["swish", "tanh"])
        self.assertEqual([text.get_text() for text in axes.get_yticklabels()], ["2", "3", "4"])
        self.assertIn("medians over 3 seeds", figure._suptitle.get_text())
        turned = self.figure("study", "regimes", factors=("width", "activation"))
        (mesh,) = self.artists(turned, "Deep Galerkin/study/galerkin/index")
        np.testing.assert_array_equal(
            np.asarray(mesh.get_array()).ravel(), self.h5("study/medians/galerkin/index")
        )
        with self.assertRaisesRegex(landscape.LandscapeError, "varies activation, width: --factors takes two"):
            self.figure("study", "regimes", factors=("depth", "width"))

    def test_study(self):
        figure = self.figure("study", "study")
        for factor in ("activation", "width"):
            _, y = self.line(figure, f"Deep Galerkin/study/galerkin/index/{factor}")
            np.testing.assert_array_equal(y, self.h5("study/galerkin/index"))

    def test_persistence(self):
        figure = self.figure("roughness", "persistence")
        for loss in ("ritz", "galerkin"):
            losses = self.h5(f"profiles/{loss}/loss")
            total = self.h5(f"profiles/{loss}/total_persistence")
            pairs = [basins.persistence_pairs(profile) for profile in losses]
            found = [sum(death - birth for birth, death in pair if death < np.inf) for pair in pairs]
            np.testing.assert_allclose(found, total, rtol=1e-12, atol=1e-13 * np.abs(losses).max())
            birth, death = self.line(figure, f"{style.name_loss(loss)}/pairs")
            shares = total / np.ptp(losses, axis=1)
            self.assertAlmostEqual((death - birth).sum(), shares.sum(), 10)
            bars = [
                line.get_xdata()
                for line in figure.findobj()
                if str(line.get_gid()).startswith(f"{style.name_loss(loss)}/bar:")
            ]
            self.assertAlmostEqual(sum(end - start for start, end in bars), shares.max(), 10)
        self.figure("path", "persistence")

    def test_solution(self):
        for name in ("roughness", "cube", "train", "tanh"):
            figure = self.figure(name, "solution")
            for loss in self.file.losses:
                minimizer = self.file.minimizer(loss)
                x, w = self.file["problem/points"], self.file["problem/weights"]
                solution = network.Solution(self.file, minimizer, x)
                if loss == "galerkin":  # a second opinion on the loss that the program stored
                    self.assertAlmostEqual(
                        np.sum(w * solution.residual**2) / minimizer.attributes["profile_loss"], 1, 5
                    )
                error = np.sqrt(np.sum(w * (solution.u - solution.exact) ** 2) / np.sum(w * solution.exact**2))
                self.assertAlmostEqual(error / minimizer.attributes["relative_l2_error"], 1, 1)
                lines = plots.solution.slices(self.file)
                for words, t, points in lines:
                    along, u = self.line(figure, f"{style.name_loss(loss)}/u/{words}")
                    np.testing.assert_array_equal(along, t)
                    np.testing.assert_array_equal(u, network.Solution(self.file, minimizer, points).u)

    def test_every_equation_is_solved_by_its_exact_solution(self):
        """The residual of u*, by differences: these formulas and the program's are two."""
        h, random = 1e-4, np.random.Generator(np.random.Philox(2))
        for name, equation in network.EQUATIONS.items():
            for d in (1,) if name == "cubic" else (1, 2, 3):
                x = random.random((50, d)) * 0.5 + 0.05  # inside the ball too
                p = {"frequency": 2.0, "wavenumber": 3.0, "diffusivity": 0.3}
                u, at = equation(x, p)
                laplacian, slope, drift = np.zeros(50), np.zeros(50), np.zeros(50)
                for i in range(d):
                    step = h * np.eye(d)[i]
                    right, left = equation(x + step, p)[0], equation(x - step, p)[0]
                    laplacian += (right - 2 * u + left) / h**2
                    slope += at["grad_a"][:, i] * (right - left) / (2 * h) if "grad_a" in at else 0
                    drift += at.get("b", 0.0) * (right - left) / (2 * h)
                residual = (
                    at.get("a", 1.0) * laplacian
                    + slope
                    - drift
                    - at.get("c", 0.0) * u
                    - at.get("s", 0.0) * u**3
                    + at["f"]
                )
                self.assertLess(np.abs(residual).max(), 1e-4 * np.abs(at["f"]).max() + 1e-4, f"{name}, d = {d}")

    # ---- how it is laid out
    def test_nothing_overlaps_and_nothing_is_cut_off_at_page_and_column_width(self):
        seen = set()
        for name in SAMPLES:
            with landscape.open(sample(name)) as file:
                for what in plots.available(file):
                    if what in seen and name not in ("along", "lanczos", "line", "cube"):
                        continue
                    seen.add(what)
                    for size in (
                        ("column", "page") if name not in ("along", "lanczos", "line", "cube") else ("column",)
                    ):
                        options = defaults(size=size, dpi=50)
                        figure = plots.draw(what, [file], options)
                        with self.subTest(sample=name, what=what, size=size), style.context(options):
                            self.check_layout(figure)
        self.assertEqual(seen, set(plots.NAMES))

    def check_layout(self, figure):
        figure.canvas.draw()
        renderer, frame = figure.canvas.get_renderer(), figure.bbox.padded(3)
        boxes = []
        for axes in figure.axes:
            if not axes.axison:
                continue
            self.assertTrue(axes.has_data() or axes.texts, "an empty panel")
            box = axes.get_tightbbox(renderer)
            self.assertTrue(
                frame.x0 <= box.x0 and frame.y0 <= box.y0 and box.x1 <= frame.x1 and box.y1 <= frame.y1,
                f"cut off: {box}",
            )
            window = axes.get_window_extent(renderer)
            if axes.get_label() != "<colorbar>":
                self.assertGreater(min(window.width, window.height), 25, "a panel is squeezed")
            boxes.append(box)
            for axis in (axes.xaxis, axes.yaxis):
                labels = [
                    t.get_window_extent(renderer)
                    for t in axis.get_ticklabels()
                    if t.get_visible() and t.get_text()
                ]
                inside = [box for box in labels if box.width and window.padded(12).contains(*(box.min + box.max) / 2)
                          or box.width and axis is axes.xaxis]  # fmt: skip
                if not hasattr(axes, "zaxis"):
                    for one, other in zip(inside, inside[1:]):
                        self.assertLess(overlap(one, other), 6, f"tick labels overlap in '{axes.get_title()}'")
        for k, one in enumerate(boxes):
            for other in boxes[:k]:
                self.assertLess(overlap(one, other), 60, "panels overlap")


def loss_tag(name):
    """How a spectrum's artists begin: with the file's label."""
    return name


def overlap(one, other):
    """Area in pixels that two boxes share."""
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    return max(width, 0) * max(height, 0)


class PageParser(HTMLParser):
    """What a page loads, its ids and links, and whether its elements close in order."""

    VOID = {"meta", "br", "link", "img", "input", "hr"}

    def __init__(self):
        super().__init__()
        self.loads, self.ids, self.links, self.scripts, self.open_elements = [], [], [], 0, []

    def handle_starttag(self, tag, attributes):
        self.element(tag, attributes)
        if tag not in self.VOID:
            self.open_elements.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.element(tag, attributes)

    def handle_endtag(self, tag):
        assert self.open_elements.pop() == tag, tag

    def element(self, tag, attributes):
        self.scripts += tag == "script"
        for name, value in attributes:
            if name == "id":
                self.ids.append(value)
            elif name in ("href", "xlink:href") and tag == "a":
                self.links.append(value)
            elif name in ("src", "href", "xlink:href", "data", "poster", "srcset", "action"):
                self.loads.append(value)
            elif value:
                self.loads += re.findall(r"url\(([^)]*)\)", value)


class Page(unittest.TestCase):
    def parsed(self, name):
        with landscape.open(sample(name)) as file:
            text = page.build(file)
        parser = PageParser()
        parser.feed(text)
        parser.close()
        return text, parser

    def test_the_page_is_complete_and_asks_no_network(self):
        for name in ("roughness", "path", "study"):
            text, parser = self.parsed(name)
            self.assertEqual(parser.open_elements, [])
            of_commands = {"meaning", *(section for section, _, _ in page.findings.TABLES)}
            for section in {section for section, _ in page.SECTIONS} - of_commands:
                self.assertIn(section, parser.ids)
            self.assertEqual(len(parser.ids), len(set(parser.ids)), "ids twice")
            for load in parser.loads:
                self.assertRegex(load, r"\A(#|data:)")
                if load.startswith("#"):
                    self.assertIn(load[1:], parser.ids)
            self.assertEqual(
                [link for link in parser.links if not link.startswith("#")], ["https://arxiv.org/abs/2103.11069"]
            )
            self.assertEqual((parser.scripts, text.count("@import")), (0, 0))
            self.assertEqual(len(re.findall("https?:", text)), 1)
            self.assertTrue("prefers-color-scheme: dark" in text)
            with landscape.open(sample(name)) as file:
                shown = [
                    what for what in plots.available(file) if page.SAME_AS.get(what) not in plots.available(file)
                ]
                for what in shown:
                    self.assertIn(f"picture-{what}", parser.ids)
                for path in [*file.result_groups(), *file.paths()]:
                    self.assertTrue(f"/{path}<" in text)
                for option, value in file.settings.items():
                    self.assertTrue(page.escape(f"{option} = {value}") in text)

    def test_the_page_says_what_the_program_says(self):
        text, _ = self.parsed("roughness")
        with h5py.File(sample("roughness"), "r") as file:
            for said in (
                file["roughness/comparison/sentence"].asstr()[()],
                file["minimizer/ritz"].attrs["critical_point"],
                f"{file['roughness/ritz/index'][()]:.6g}",
                f"{file['minimizer/galerkin'].attrs['final_loss']:.6g}",
            ):
                self.assertTrue(page.escape(said) in text)
            for loss in ("ritz", "galerkin"):
                cut_off = bool(file[f"minimizer/{loss}"].attrs["at_iteration_limit"])
                self.assertEqual(f"The training of the {loss} minimizer was not finished" in text, cut_off)
                few = page.rests_on_few({name: data[()] for name, data in file[f"roughness/{loss}"].items()
                                         if name in ("effective_directions", "used")})  # fmt: skip
                self.assertEqual(f"roughness/{loss}: about" in text, few)
        self.assertTrue("IEEE Big Data 2023, 966–975" in text)

    def test_the_page_says_what_the_index_means(self):
        text, parser = self.parsed("roughness")
        self.assertIn("meaning", parser.ids)
        with h5py.File(sample("roughness"), "r") as file:
            for loss in ("ritz", "galerkin"):
                steps = file[f"profiles/{loss}/steps"][()]
                mean = (steps[-1] - steps[0]) * np.nanmean(file[f"profiles/{loss}/total_variation"][()])
                self.assertTrue(f"<td>{mean:.4g}</td>" in text, mean)
        self.assertNotIn("meaning", self.parsed("study")[1].ids)

    def test_the_page_has_a_table_of_what_a_command_looks_for(self):
        for name, section in (("dispute", "rougher"), ("between", "barriers"), ("against", "preconditioners")):
            text, parser = self.parsed(name)
            self.assertIn(section, parser.ids)
            self.assertEqual((len(parser.ids), parser.open_elements), (len(set(parser.ids)), []))
            with landscape.open(sample(name)) as file:
                for identifier, _, function in page.findings.TABLES:
                    found = function(file)
                    self.assertEqual(found is not None, identifier == section)
                    for row in found[1] if found else ():
                        self.assertTrue("".join(f"<td>{page.escape(cell)}</td>" for cell in row) in text, row)
        with landscape.open(sample("between")) as file:
            rows = {row[:2]: row for row in page.findings.barriers(file)[1]}
            stored = file["connectivity/galerkin/curve_matched/median_scaled_barrier"]
            self.assertEqual(rows["Deep Galerkin", "curve, matched"][3], f"{stored:.4g}")
        with landscape.open(sample("dispute")) as file:
            rows = page.findings.rougher(file)[1]
            self.assertEqual({row[0] for row in rows}, {"activation swish", "activation tanh"})
            self.assertEqual(rows[0][5], f"{file['study/comparison/index_ratio'][0]:.4g}")
        with landscape.open(sample("against")) as file:
            (row,) = [row for row in page.findings.preconditioners(file)[1] if row[:2] == ("ritz", "adam")]
            self.assertEqual(row[8], f"{file['spectrum/ritz/adam/leading_condition']:.4g}")

    def test_a_file_that_is_not_done_has_a_page(self):
        copy = os.path.join(FOLDER, "running.h5")
        shutil.copy(sample("tanh"), copy)
        with h5py.File(copy, "r+") as file:
            file["state"][()] = b"running"
            for group in ("roughness/ritz", "roughness/galerkin", "roughness/comparison"):
                file[f"{group}/state"][()] = b"pending"
            file["profiles/ritz/complete"][5:] = 0
        with landscape.open(copy) as file:
            text = page.build(file)
        for words in ("/roughness/ritz: pending", "directions/ritz, 5 rows", 'id="picture-roughness"'):
            self.assertTrue(words in text, words)  # without the whole page in the message


class Film(unittest.TestCase):
    def test_a_film_has_a_frame_for_every_checkpoint(self):
        from PIL import Image

        path = os.path.join(FOLDER, "film.gif")
        with landscape.open(sample("trajectory")) as file:
            results, steps, shares = animation.read(file, "ritz")
            stored = file["path/ritz/total_variation"].reshape(shares.shape[:2])
            for profiles, t in zip(shares, stored):
                there = np.isfinite(t)
                drawn = np.abs(np.diff(profiles, axis=1)).sum(axis=1) / (steps[-1] - steps[0])
                np.testing.assert_allclose(drawn[there], t[there], rtol=1e-9)
            n = animation.write(file, path, defaults(dpi=40))
            self.assertEqual(n, len(results["epoch"]))
        with Image.open(path) as film:
            self.assertEqual(film.n_frames, n)
        with landscape.open(sample("path")) as file:
            with self.assertRaisesRegex(landscape.LandscapeError, "holds no trajectory"):
                animation.write(file, path, defaults(dpi=40))


def exported(name, kind, **options):
    """The paths written."""
    folder = tempfile.mkdtemp(dir=FOLDER)
    with landscape.open(sample(name)) as file:
        return export.export(file, kind, os.path.join(folder, "x" + export.FORMATS[kind][1]), **options)


class Exports(unittest.TestCase):
    def arrays_of(self, path):
        """{name: array} of a VTK XML file, and its attributes."""
        import base64

        root = ElementTree.parse(path).getroot()
        self.assertEqual(root.attrib["header_type"], "UInt64")
        found = {}
        for node in root.iter("DataArray"):
            content = base64.b64decode(node.text)
            self.assertEqual(int.from_bytes(content[:8], sys.byteorder), len(content) - 8)
            kind = {"Float64": "f8", "Int64": "i8"}[node.attrib["type"]]
            found[node.attrib["Name"]] = np.frombuffer(content[8:], kind)
        return found, root

    def test_vti_and_vtp(self):
        image, *paths = exported("path", "vti")
        found, root = self.arrays_of(image)
        with h5py.File(sample("path"), "r") as file:
            for loss, path in zip(("ritz", "galerkin"), paths):
                np.testing.assert_array_equal(found[loss], file[f"surface/{loss}/loss"][()].ravel())
                points = self.arrays_of(path)[0]["Points"].reshape(-1, 3)
                np.testing.assert_array_equal(points[:, :2], file[f"surface/{loss}/summary/path_positions"][()])
        (attributes,) = [node.attrib for node in root.iter("ImageData")]
        self.assertEqual(attributes["WholeExtent"], "0 16 0 12 0 0")
        self.assertEqual(attributes["Origin"].split()[:2], ["-1.3", "-1.2"])

    def test_csv(self):
        (path,) = exported("roughness", "csv", table="directions/ritz")
        with open(path, newline="") as file:
            rows = list(csv.DictReader(io.StringIO("".join(line for line in file if not line.startswith("#")))))
        with h5py.File(sample("roughness"), "r") as file:
            for name in ("total_variation", "tilt", "curvature", "saddle_gap", "basins"):
                column = np.array([float(row[name]) for row in rows])
                np.testing.assert_array_equal(column, file[f"profiles/ritz/{name}"][()], name)  # to the last bit
        written = [os.path.basename(path) for path in exported("study", "csv")]
        self.assertIn("x-study-galerkin.csv", written)
        self.assertIn("x-study-medians-galerkin.csv", written)
        with landscape.open(sample("study")) as file:
            with self.assertRaisesRegex(
                landscape.LandscapeError, "has no table 'directions/ritz', only study/galerkin"
            ):
                export.export(file, "csv", os.path.join(FOLDER, "no.csv"), table="directions/ritz")
        for name in SAMPLES:  # every file has some
            with landscape.open(sample(name)) as file:
                for table in landscape.tables(file).values():
                    self.assertEqual(len({len(column) for column in table.columns.values()}), 1, table.name)
                    self.assertEqual(set(table.columns), set(table.meanings), table.name)

    def test_npz(self):
        for path, loss in zip(exported("line", "npz"), ("ritz", "galerkin")):
            with np.load(path) as found, h5py.File(sample("line"), "r") as file:
                np.testing.assert_array_equal(found["loss"], file[f"surface/{loss}/loss"][0])
                np.testing.assert_array_equal(found["coordinates"], [file[f"surface/{loss}/x"][()]])
        (path,) = exported("tanh", "npz")
        with np.load(path) as found, h5py.File(sample("tanh"), "r") as file:
            np.testing.assert_array_equal(found["profiles.ritz.loss"], file["profiles/ritz/loss"][()])

    def test_losslandscape(self):
        for name in ("path", "line"):
            for path, loss in zip(exported(name, "losslandscape"), ("ritz", "galerkin")):
                with h5py.File(path, "r") as found, h5py.File(sample(name), "r") as file:
                    surface = file[f"surface/{loss}"]
                    losses = surface["loss"][()] if name == "path" else surface["loss"][0]
                    np.testing.assert_array_equal(found["xcoordinates"][:], surface["x"][()])
                    self.assertEqual("ycoordinates" in found, name == "path")
                    z = found["train_loss"][:]
                    self.assertTrue((z > 0).all())  # none of them is taken for missing
                    np.testing.assert_array_equal(found["train_loss_raw"][:], losses)
                    np.testing.assert_array_equal(z, losses + found["train_loss"].attrs["offset"])
                    self.assertEqual(found["dir_file"].asstr()[()], os.path.basename(path))
                    parts = [found[f"xdirection/{i}"][()].ravel() for i in range(len(found["xdirection"]))]
                    np.testing.assert_array_equal(np.concatenate(parts), surface["summary/along"][()])
                    if name == "path":
                        self.assertEqual(z.shape, (found["ycoordinates"].size, found["xcoordinates"].size))
                        np.testing.assert_array_equal(
                            found["proj_xcoord"][:], surface["summary/path_positions"][:, 0]
                        )
        with landscape.open(sample("tanh")) as file:
            with self.assertRaisesRegex(landscape.LandscapeError, "holds no plane"):
                export.export(file, "losslandscape", os.path.join(FOLDER, "no.h5"))


class NetworkTest(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def bits(self, path, name):
        """{tensor: bits} of a minimizer in an output file."""
        with h5py.File(path, "r") as file:
            return {key: node[()].view("i8") for key, node in file[f"minimizer/{name}/parameters"].items()}

    def assertSameBits(self, ours, theirs):
        self.assertEqual(sorted(ours), sorted(theirs))
        for name, bits in ours.items():
            np.testing.assert_array_equal(bits, np.ascontiguousarray(theirs[name]).view("i8"), name)

    def exported(self, name, kind, minimizer):
        path = self.path(f"{name}-{minimizer}.{kind}")
        with landscape.open(sample(name)) as file:
            self.assertEqual(export.export(file, kind, path, minimizer=minimizer), [path])
        return path

    def loaded_by_the_program(self, path, minimizer):
        """{tensor: bits} of what --minimizer makes of a safetensors file that says what it is."""
        out = self.path("again.h5")
        command = [PROGRAM, f"--minimizer-{minimizer}={path}", f"--losses={minimizer}", "--directions=2", *FEW, "--overwrite",
                   "--grid=-1:1:3", "--minimum-check=off", f"--output={out}"]  # fmt: skip
        with landscape.open(sample(os.path.basename(path).rpartition("-")[0])) as file:
            keys = ("problem", "dimension", "quadrature")
            command += [f"--{key}={file.settings[key]}" for key in keys if key in file.settings]
        made = subprocess.run(command, capture_output=True, text=True, timeout=120)
        self.assertEqual(made.returncode, 0, made.stderr)
        return self.bits(out, minimizer)

    def imported(self, path):
        tool = os.path.join(TOOLS, "import_checkpoint.py")
        made = subprocess.run([sys.executable, "-B", tool, path, "-o", self.path("i.safetensors"), "--overwrite"],
                              capture_output=True, text=True)  # fmt: skip
        self.assertEqual((made.returncode, made.stderr), (0, ""))
        return self.tensors_of(self.path("i.safetensors"))

    def tensors_of(self, path):
        from landscape import checkpoint

        found = checkpoint.read(path)
        return {
            name: checkpoint.load_tensor(name, tensor, found.storages) for name, tensor in found.tensors.items()
        }


class Networks(NetworkTest):
    """Minimizers as safetensors and state dicts, and back: no bit changes."""

    def test_round_trips(self):
        for name in ("roughness", "cube", "train"):  # resnet in one and three dimensions, mlp
            for minimizer in ("ritz", "galerkin"):
                bits = self.bits(sample(name), minimizer)
                path = self.exported(name, "safetensors", minimizer)
                self.assertSameBits(bits, self.tensors_of(path))
                self.assertSameBits(bits, self.loaded_by_the_program(path, minimizer))
                self.assertSameBits(bits, self.imported(path))
                self.assertSameBits(bits, self.imported(self.exported(name, "pt", minimizer)))

    def test_the_command_line(self):
        command = [os.path.join(TOOLS, "landscape-export"), sample("roughness"), "--format"]
        run = lambda *words: subprocess.run([*command, *words], capture_output=True, text=True)  # noqa: E731
        for kind in ("safetensors", "pt"):
            made = run(kind, "--minimizer", "ritz", "-o", self.path(f"a.{kind}"))
            self.assertEqual((made.returncode, made.stderr), (0, ""))
            self.assertIn("ritz, resnet (width 4, 1 block, swish)", made.stdout)
            self.assertIn("class Net(torch.nn.Module):", made.stdout)
            with open(self.path(f"a.{kind}"), "rb") as file:
                first = file.read()
            self.assertEqual(run(kind, "--minimizer", "ritz", "-o", self.path(f"a.{kind}")).returncode, 0)
            with open(self.path(f"a.{kind}"), "rb") as file:
                self.assertEqual(file.read(), first)  # its own is replaced, by the same bytes
        for words, code, sentence in (
            (["pt"], 1, "has the minimizers galerkin, ritz: choose one with --minimizer."),
            (["pt", "--minimizer", "adam"], 1, "has no minimizer 'adam', only galerkin, ritz"),
            (["csv", "--minimizer", "ritz"], 2, "--minimizer belongs to the formats safetensors and pt"),
        ):
            made = run(*words, "-o", self.path("none"))
            self.assertEqual((made.returncode, made.stdout), (code, ""))
            self.assertIn(sentence, made.stderr)
            self.assertFalse(os.path.exists(self.path("none")))

    def test_a_damaged_tensor_is_not_exported(self):
        copy = self.path("damaged.h5")
        shutil.copy(sample("roughness"), copy)
        with h5py.File(copy, "r+") as file:
            file["minimizer/ritz/parameters/layer1.bias"][2] += 1e-9
        with landscape.open(copy) as file:
            with self.assertRaisesRegex(landscape.LandscapeError, "layer1.bias does not match its checksum"):
                export.export(file, "pt", self.path("x.pt"), minimizer="ritz")
            export.export(file, "pt", self.path("x.pt"), minimizer="galerkin")


class InPyTorch(NetworkTest):
    def test_pytorch_reads_them(self):
        try:
            import torch
        except ImportError:
            self.skipTest("no Python module torch")
        for name in ("roughness", "train"):
            path = self.exported(name, "pt", "ritz")
            for options in ({"weights_only": True}, {"weights_only": False}, {"weights_only": True, "mmap": True}):
                state = torch.load(path, **options)
                self.assertSameBits(self.bits(sample(name), "ritz"), {key: t.numpy() for key, t in state.items()})
            again = self.path("again.pt")
            torch.save(state, again)
            found = self.tensors_of(again)
            self.assertSameBits(self.bits(sample(name), "ritz"), found)
            with landscape.open(sample(name)) as file:
                space, minimizer = {}, file.minimizer("ritz")
                exec(export.state_dict.class_of(minimizer), space)
                net = space["Net"]().double()
                net.load_state_dict(state)
                x = np.random.default_rng(1).random((9, 2 if name == "train" else 1)) * 0.5
                ours = network.network_jet(minimizer, x)[0]
                np.testing.assert_allclose(net(torch.tensor(x)).detach().numpy()[:, 0], ours, rtol=1e-12)


class Elsewhere(unittest.TestCase):
    """What other programs make of it, where they are installed."""

    def test_a_browser_opens_it_light_and_dark_without_errors_and_requests(self):
        browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        if browser is None:
            self.skipTest("no Chromium to open the page with")
        path, picture, log = (os.path.join(FOLDER, name) for name in ("page.html", "page.png", "net.json"))
        quiet = ["--disable-background-networking", "--disable-component-update", "--no-first-run", "--disable-sync"]

        def opened(scheme):
            """What the browser complains of, and the hosts that it asks."""
            done = subprocess.run(
                [browser, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", *quiet,
                 f"--user-data-dir={FOLDER}/browser", f"--blink-settings=preferredColorScheme={scheme}",
                 f"--log-net-log={log}", "--window-size=800,600", f"--screenshot={picture}", f"file://{path}"],
                check=True, capture_output=True, text=True, timeout=120,
            )  # fmt: skip
            with open(log, encoding="utf-8") as file:
                hosts = set(re.findall(r'"url":"https?://([^/"]*)', file.read()))
            return [line for line in done.stderr.splitlines() if "CONSOLE" in line], hosts

        with open(path, "w", encoding="utf-8") as file:
            file.write('<!doctype html><script>missing()</script><img src="http://localhost:9/x.png">')
        complaints, its_own = opened(1)  # it asks its maker for the time
        self.assertGreater(len(complaints), 0)
        self.assertIn("localhost:9", its_own)
        its_own -= {"localhost:9"}
        os.remove(path)
        for name in ("roughness", "path", "trajectory", "study", "between", "against", "dispute"):
            with landscape.open(sample(name)) as file:
                page.write(file, path)
            for scheme, paper in (("1", "#ffffff"), ("0", "#16181b")):  # light, dark
                with self.subTest(page=name, scheme=scheme):
                    complaints, hosts = opened(scheme)
                    self.assertEqual((complaints, hosts - its_own), ([], set()))
                    pixels = image.imread(picture)[..., :3]
                    corner = "#" + "".join(f"{round(255 * float(value)):02x}" for value in pixels[3, 3])
                    self.assertEqual(corner, paper)
                    self.assertGreater(pixels.std(), 0.05)  # something is on it

    def test_a_film_by_ffmpeg(self):
        path = os.path.join(FOLDER, "film.mp4")
        with landscape.open(sample("trajectory")) as file:
            if shutil.which("ffmpeg") is None:
                with self.assertRaisesRegex(landscape.LandscapeError, "needs the program ffmpeg"):
                    animation.mp4([np.zeros((2, 2, 3), "u1")], 4)
                self.skipTest("no ffmpeg")
            animation.write(file, path, defaults(dpi=40))
        self.assertGreater(os.path.getsize(path), 1000)

    def test_vtk_reads_them(self):
        try:
            import vtk
            from vtk.util.numpy_support import vtk_to_numpy
        except ImportError:
            self.skipTest("no Python module vtk")
        image, path, _ = exported("path", "vti")
        with h5py.File(sample("path"), "r") as file:
            reader = vtk.vtkXMLImageDataReader()
            reader.SetFileName(image)
            reader.Update()
            data = reader.GetOutput()
            self.assertEqual(data.GetDimensions(), (17, 13, 1))
            for loss in ("ritz", "galerkin"):
                values = vtk_to_numpy(data.GetPointData().GetArray(loss))
                np.testing.assert_array_equal(values, file[f"surface/{loss}/loss"][()].ravel())
            reader = vtk.vtkXMLPolyDataReader()
            reader.SetFileName(path)
            reader.Update()
            points = vtk_to_numpy(reader.GetOutput().GetPoints().GetData())
            np.testing.assert_array_equal(points[:, :2], file["surface/ritz/summary/path_positions"][()])
            self.assertEqual(reader.GetOutput().GetNumberOfLines(), 1)


class Damaged(unittest.TestCase):
    """Every sample with pieces missing or of another shape: a sentence or a picture, never anything else."""

    def test_holes_in_real_files_make_sentences(self):
        from landscape import cli
        import contextlib

        random = np.random.Generator(np.random.Philox(3))
        copy, out = os.path.join(FOLDER, "hole.h5"), os.path.join(FOLDER, "hole.png")
        tally = [0, 0]
        for name in ("roughness", "sweep", "kinds", "trajectory", "path", "along", "study", "train",
                     "auto", "between", "against", "dispute"):  # fmt: skip
            with landscape.open(sample(name)) as file:
                paths = file.paths()
            for path in random.choice(paths, 3, replace=False):
                shutil.copy(sample(name), copy)
                with h5py.File(copy, "r+") as file:
                    kind, shape = file[path].dtype, file[path].shape
                    del file[path]
                    if random.random() < 0.6:
                        file[path] = np.zeros(shape[:-1] + (1,) if shape else (2,), dtype=kind)
                said = io.StringIO()
                with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
                    code = cli.plot([copy, "-o", out, "--dpi=40"])
                self.assertIn(code, (0, 1), path)
                tally[code] += 1
                if code:
                    self.assertRegex(said.getvalue(), r"\Alandscape-plot: [^\n]{10,}\.\n\Z", path)
        self.assertGreater(min(tally), 2, tally)


if __name__ == "__main__":
    unittest.main()
