"""tools/plot_landscape.py: what the picture and its caption say is what the file holds, finished or not."""

import contextlib
import io
import os
import subprocess
import sys
import tempfile
import unittest

import h5py
import matplotlib
import numpy as np

matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402

from sample_file import profiles, write_sample

TOOLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools")
sys.path.insert(0, TOOLS)
import plot_landscape  # noqa: E402


class PlotTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file, self.picture = os.path.join(folder.name, "a b.h5"), os.path.join(folder.name, "a b.png")

    def run_tool(self, *options):
        """(exit code, stdout, stderr)"""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = plot_landscape.main([self.file, "-o", self.picture, *options])
            except SystemExit as stop:  # argparse
                code = stop.code
        return code, out.getvalue(), err.getvalue()

    def drawn(self, *options):
        code, out, err = self.run_tool(*options)
        self.assertEqual(code, 0, err)
        with open(self.picture, "rb") as file:
            content = file.read()
        self.assertGreater(len(content), 10000)
        return content, out, err

    def assertRefused(self, *words, options=(), code=1):
        got, out, err = self.run_tool(*options)
        self.assertEqual((got, out), (code, ""), err)
        for word in words:
            self.assertIn(word, err)
        self.assertFalse(os.path.exists(self.picture))

    def test_finished_file_shows_the_stored_index_and_interval(self):
        write_sample(self.file)
        with h5py.File(self.file, "r+") as file:
            for loss, index in (("ritz", 0.123), ("galerkin", 0.456)):
                results = file[f"roughness/{loss}"]
                results["index"][()], results["interval"][()] = index, [index - 0.01, index + 0.02]
        content, out, err = self.drawn()
        self.assertTrue(content.startswith(b"\x89PNG"))
        self.assertEqual(err, "")
        self.assertIn("ritz, 60 directions, RI = 0.123, 95 % interval 0.113 to 0.143", out)
        self.assertIn("galerkin, 60 directions, RI = 0.456, 95 % interval 0.446 to 0.476", out)

    def test_every_format_and_the_default_name(self):
        write_sample(self.file, losses=("ritz",), n_directions=8)
        for suffix, start in ((".pdf", b"%PDF"), (".svg", b"<?xml"), (".PNG", b"\x89PNG")):
            self.picture = self.picture[:-4] + suffix
            self.assertTrue(self.drawn()[0].startswith(start))
        script = os.path.join(TOOLS, "plot_landscape.py")
        folder = os.path.join(os.path.dirname(self.file), "elsewhere")
        os.mkdir(folder)
        subprocess.run([sys.executable, "-B", script, self.file], cwd=folder, check=True, capture_output=True)
        self.assertEqual(os.listdir(folder), ["a b.pdf"])

    def test_running_job_uses_complete_directions_only(self):
        write_sample(self.file, n_complete=23, statistics=False)
        _, out, _ = self.drawn()
        for loss in ("ritz", "galerkin"):
            steps = np.linspace(-1, 1, 101)
            t = [np.abs(np.diff(f)).sum() / (2 * np.ptp(f)) for f in profiles(loss, 60, steps)[:23]]
            index = np.std(t, ddof=1) / np.mean(t)
            self.assertIn(f"{loss}, 23 of 60 directions so far, RI = {index:#.3g} (no interval stored)", out)

    def test_file_that_another_process_holds_open_for_writing(self):
        write_sample(self.file, n_complete=23, statistics=False)
        holder = (
            "import h5py, sys\n"
            "file = h5py.File(sys.argv[1], 'r+')\n"
            "print('open', flush=True)\n"
            "sys.stdin.read()\n"
        )
        command = [sys.executable, "-B", "-c", holder, self.file]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            self.assertEqual(process.stdout.readline(), "open\n")
            self.assertIn("23 of 60", self.drawn()[1])
            process.stdin.close()

    def test_one_loss_of_two(self):
        write_sample(self.file)
        self.assertNotIn("ritz", self.drawn("--loss", "galerkin")[1])
        write_sample(self.file, losses=("ritz",))
        os.unlink(self.picture)
        self.assertRefused("'galerkin'", "only ritz", options=("--loss", "galerkin"))
        self.assertRefused("choose from ritz, galerkin", options=("--loss", "l2"), code=2)

    def test_loss_without_a_complete_direction_is_named(self):
        write_sample(self.file)
        with h5py.File(self.file, "r+") as file:
            file["profiles/galerkin/complete"][:, -1] = 0
        _, out, err = self.drawn()
        self.assertIn("ritz, 60 directions", out)
        self.assertIn("'galerkin' has no complete direction yet", err)

    def test_flat_and_non_finite_profiles_are_left_out(self):
        def spoil(values):
            values[3, 10], values[4], values[5, 0] = np.nan, values[4, 0], np.inf

        write_sample(self.file, losses=("ritz",), statistics=False, spoil=spoil)
        _, out, _ = self.drawn()
        steps = np.linspace(-1, 1, 101)
        good = np.delete(profiles("ritz", 60, steps), (3, 4, 5), axis=0)
        t = np.abs(np.diff(good, axis=1)).sum(axis=1) / (2 * np.ptp(good, axis=1))
        self.assertIn(f"RI = {t.std(ddof=1) / t.mean():#.3g} ", out)

    def test_extreme_files_are_drawn(self):
        def parabolas(values):
            values[:] = np.linspace(-1, 1, values.shape[1]) ** 2 * np.arange(1, len(values) + 1)[:, None]

        def nothing_finite(values):
            values[:] = np.nan

        for options, word in (
            ({"spoil": parabolas}, "RI = "),
            ({"spoil": nothing_finite, "statistics": False}, "RI undefined"),
            ({"n_directions": 1, "statistics": False}, "RI undefined"),
            ({"n_directions": 3000, "n_steps": 11}, "3000 directions"),
            ({"n_steps": 2}, "RI = "),
            ({"radius": 1e-6}, "RI = "),
        ):
            write_sample(self.file, losses=("ritz",), **options)
            self.assertIn(word, self.drawn()[1])

    def test_unusable_files_are_refused_in_one_sentence(self):
        self.assertRefused("does not exist")
        with open(self.file, "w") as file:
            file.write("no HDF5")
        self.assertRefused("not an HDF5 file")
        with h5py.File(self.file, "w") as file:
            file["x"] = 1
        self.assertRefused("holds no landscape_mpi profiles")
        write_sample(self.file, n_complete=0, statistics=False)
        self.assertRefused("no complete direction yet")
        write_sample(self.file, losses=("ritz",))
        with h5py.File(self.file, "r+") as file:
            del file["profiles/ritz/complete"]
        self.assertRefused("cannot be read")
        write_sample(self.file)
        with open(self.file, "r+b") as file:
            file.truncate(os.path.getsize(self.file) // 2)
        self.assertRefused("HDF5")
        write_sample(self.file)
        self.picture = os.path.join(os.path.dirname(self.file), "picture.doc")
        self.assertRefused(".pdf, .png or .svg", code=2)
        self.picture = os.path.join(os.path.dirname(self.file), "nowhere", "x.png")
        self.assertRefused("cannot be written")

    def test_missing_module_names_the_remedy(self):
        blocker = (
            "import sys; sys.modules['h5py'] = None; import runpy; runpy.run_path(sys.argv[1], run_name='__main__')"
        )
        script = os.path.join(TOOLS, "plot_landscape.py")
        result = subprocess.run(
            [sys.executable, "-B", "-c", blocker, script, "x.h5"],
            env={**os.environ, "LANDSCAPE_PYTHON_TRIED": "1"},
            capture_output=True,
            text=True,
        )
        self.assertEqual(result.returncode, 1)
        self.assertIn("'h5py' is missing", result.stderr)
        self.assertIn("python3-h5py", result.stderr)


class TotalVariationTest(unittest.TestCase):
    def test_known_profiles(self):
        steps = np.linspace(-2, 2, 5)
        losses = np.array(
            [[0.0, 1, 2, 3, 4], [4, 1, 0, 1, 4], [1, 1, 1, 1, 1], [0, 1, 0, 1, 0], [0, 1, np.inf, 1, 0]]
        )
        t = 4 * plot_landscape.total_variation(steps, losses)
        np.testing.assert_array_equal(t, [1, 2, np.nan, 4, np.nan])


def foreign_figure(suffix):
    """A picture that somebody else drew with the same library."""
    figure, drawn = plt.figure(), io.BytesIO()
    figure.savefig(drawn, format=suffix[1:])
    plt.close(figure)
    return drawn.getvalue()


def write_surface(path, n_rows=7, complete=True):
    """The parts of a surface's file that a picture needs: x^2 + 2 y^2 of both losses, lowest at (0.5, 0)."""
    x, y = np.linspace(-1.5, 2.5, 9), np.linspace(-3, 3, n_rows) if n_rows > 1 else np.zeros(1)
    with h5py.File(path, "w") as file:
        file.attrs["format_version"] = 5
        file.create_group("problem").attrs.update({"dimension": 1, "pde": "-u'' = f"})
        for name in ("ritz", "galerkin", "galerkin_around_ritz"):
            group = file.create_group(f"surface/{name}")
            group.attrs.update({"minimizer": "ritz", "plane": "plane of a test"})
            group["x"], group["y"] = x, y
            group["loss"] = (x - 0.5) ** 2 + 2 * y[:, None] ** 2
            group["complete"] = np.full((y.size, x.size), complete, dtype=np.uint8)


class Surfaces(PlotTest):
    def test_planes_and_lines_say_their_lowest_and_highest_loss(self):
        for n_rows, highest in ((7, 22), (1, 4)):
            write_surface(self.file, n_rows)
            out = self.drawn()[1].splitlines()
            self.assertEqual(len(out), 3)
            self.assertIn(f"Deep Ritz, {9 * n_rows} of {9 * n_rows} points, lowest 0, highest {highest}", out[0])
            self.assertIn("Deep Galerkin around ritz", out[2])
            self.assertEqual(len(self.drawn("--loss=ritz")[1].splitlines()), 1)

    def test_the_lowest_point_and_the_minimizers_stand_in_their_places(self):
        write_surface(self.file)
        with h5py.File(self.file, "r") as file:
            row = plot_landscape.read_surface(file, "ritz")
        row.places = np.array([[0.0, 0.0], [1.0, 0.5]])
        figure, axes = plt.subplots()
        plot_landscape.draw_surface(axes, row, figure)
        drawn = [line.get_xydata().tolist() for line in axes.lines]
        self.assertEqual(drawn, [[[0.5, 0.0]], [[0.0, 0.0], [1.0, 0.5]]])
        plt.close(figure)

    def test_what_is_not_there_yet_is_said(self):
        write_surface(self.file, complete=False)
        self.assertRefused("no complete point yet")
        write_surface(self.file)
        with h5py.File(self.file, "r+") as file:
            file["surface/ritz/complete"][3:] = 0
            file["surface/galerkin/complete"][:] = 0
        _, out, err = self.drawn()
        self.assertIn("27 of 63 points", out)
        self.assertIn("'galerkin' has no complete point yet", err)
        with h5py.File(self.file, "r+") as file:
            del file["surface/ritz/y"]
            file["surface/ritz/y"] = np.zeros(3)
        os.remove(self.picture)
        self.assertRefused("shapes do not fit together")


class Output(PlotTest):
    def test_a_file_is_not_replaced_by_its_own_picture(self):
        for name in ("a.pdf", "a.png"):
            self.file = self.picture = os.path.join(os.path.dirname(self.file), name)
            write_sample(self.file)
            with open(self.file, "rb") as file:
                before = file.read()
            code, out, err = self.run_tool()
            self.assertEqual((code, out), (1, ""))
            self.assertIn("choose another -o", err)
            with open(self.file, "rb") as file:
                self.assertEqual(file.read(), before)

    def test_only_its_own_pictures_are_replaced(self):
        write_sample(self.file)
        for suffix in (".png", ".pdf", ".svg"):
            self.picture = os.path.splitext(self.picture)[0] + suffix
            self.drawn()
            self.drawn()
            write_sample(self.picture)
            with open(self.picture, "rb") as file:
                output = file.read()
            foreign = foreign_figure(suffix)
            for content in (output, b"", b"%PDF-1.4 somebody's article", b"notes on matplotlib", foreign):
                with open(self.picture, "wb") as file:
                    file.write(content)
                code, _, err = self.run_tool()
                self.assertEqual(code, 1)
                self.assertIn("is no picture of this tool", err)
                with open(self.picture, "rb") as file:
                    self.assertEqual(file.read(), content)
            os.remove(self.picture)
            for make in (os.mkfifo, os.mkdir):
                make(self.picture)
                self.assertEqual(self.run_tool()[0], 1)
                self.assertTrue(os.path.lexists(self.picture))
                (os.rmdir if make is os.mkdir else os.remove)(self.picture)

    def test_a_compressed_copy_is_drawn(self):
        write_sample(self.file)
        copy = self.file + ".copy"
        with h5py.File(self.file, "r") as source, h5py.File(copy, "w", libver="latest") as target:
            target.attrs.update(source.attrs)
            for name in source:
                source.copy(name, target)
            for loss in ("ritz", "galerkin"):
                for name in ("loss", "complete"):
                    data = target[f"profiles/{loss}/{name}"][()]
                    del target[f"profiles/{loss}/{name}"]
                    target[f"profiles/{loss}"].create_dataset(name, data=data, compression="gzip", shuffle=True)
        expected = self.drawn()[1]
        self.file = copy
        self.assertEqual(self.drawn()[1], expected)


if __name__ == "__main__":
    unittest.main()
