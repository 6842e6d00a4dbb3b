"""tools/landscape on made-up files: the reader, what the command lines say and refuse, and that nothing is half written."""

import contextlib
import io
import os
import re
import resource
import stat
import subprocess
import sys
import tempfile
import unittest

import h5py
import numpy as np
from sample_file import profiles, write_sample

TOOLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools")
sys.path.insert(0, TOOLS)
import landscape  # noqa: E402
from landscape import basins, cli, output, reader, style  # noqa: E402
from landscape import plots  # noqa: E402


class ToolTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.file, self.picture = os.path.join(folder.name, "a b.h5"), os.path.join(folder.name, "a b.png")

    def run_tool(self, *options, tool="plot"):
        """(exit code, stdout, stderr)"""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = getattr(cli, tool)(list(options))
            except SystemExit as stop:  # argparse
                code = stop.code
        return code, out.getvalue(), err.getvalue()

    def plot(self, *options):
        return self.run_tool(self.file, "-o", self.picture, "--dpi=60", *options)

    def drawn(self, *options):
        code, out, err = self.plot(*options)
        self.assertEqual(code, 0, err)
        with open(self.picture, "rb") as file:
            content = file.read()
        self.assertGreater(len(content), 5000)
        return content, out, err

    def assertRefused(self, *words, options=(), code=1):
        """One sentence with these words and nothing written."""
        before = sorted(os.listdir(self.folder))
        for tool, given in (("plot", ["-o", self.picture]), ("plot", ["--report", self.picture + ".html"])):
            got, out, err = self.run_tool(self.file, *given, *options, tool=tool)
            self.assertEqual((got, out), (code, ""), err)
            for word in words:
                self.assertIn(word, err)
            if code == 1:
                self.assertRegex(err, r"\Alandscape-plot: [^\n]*\.\n\Z")
        self.assertEqual(sorted(os.listdir(self.folder)), before)

    def script(self, name, *arguments, cwd=None, env=None):
        return subprocess.run(
            [sys.executable, "-B", os.path.join(TOOLS, f"landscape-{name}"), *arguments],
            cwd=cwd or self.folder, env={**os.environ, **(env or {})}, capture_output=True, text=True,
        )  # fmt: skip


class Plot(ToolTest):
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
        folder = os.path.join(self.folder, "elsewhere")
        os.mkdir(folder)
        for arguments in ([self.file], [self.file, "--what=histogram,convergence"]):
            self.script("plot", *arguments, cwd=folder)
        self.assertEqual(
            os.listdir(folder), ["a b.pdf"]
        )  # there is no curve: of the two none before both are known
        self.script("plot", self.file, "--what=histogram", cwd=folder)
        self.assertEqual(sorted(os.listdir(folder)), ["a b-histogram.pdf", "a b.pdf"])
        mode = stat.S_IMODE(os.stat(os.path.join(folder, "a b.pdf")).st_mode)
        self.assertEqual(mode & 0o400, 0o400)

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
        self.assertEqual(self.plot("--loss=galerkin")[0], 1)
        self.assertIn("'galerkin', only ritz", self.plot("--loss=galerkin")[2])
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

    def test_damaged_rows_are_left_out_and_named(self):
        write_sample(self.file, losses=("ritz",))
        with h5py.File(self.file, "r+") as file:
            group = file["profiles/ritz"]
            group.attrs["values"] = "loss"
            group["row_checksum"] = reader.crc32c_of_rows(group["loss"][()])
            group["loss"][7, 50] += 1e-9
        _, out, err = self.drawn()
        self.assertIn("59 of 60", out)
        self.assertIn("damaged directions of ritz are left out: 7.", err)

    def test_several_files_share_bins_and_axes(self):
        write_sample(self.file, n_directions=20)
        other = os.path.join(self.folder, "other.h5")
        write_sample(other, n_directions=50, radius=0.5)
        with landscape.open(self.file) as a, landscape.open(other) as b:
            figure = landscape.plot([a, b], "histogram", normalise=True)
            for axes, loss in zip(figure.axes, ("ritz", "galerkin")):
                t = [file.profiles(loss).used for file in (a, b)]
                outlines = axes.patches
                self.assertEqual(len(outlines), 2)
                edges = [np.unique(outline.get_xy()[:, 0]) for outline in outlines]
                np.testing.assert_array_equal(edges[0], edges[1])
                self.assertAlmostEqual(edges[0][0], min(map(np.min, t)))
                self.assertAlmostEqual(edges[0][-1], max(map(np.max, t)))
                self.assertEqual({outline.get_label().split(":")[0] for outline in outlines}, {"a b", "other"})
        self.assertEqual(self.run_tool(self.file, other, "-o", self.picture)[0], 0)
        code, _, err = self.run_tool(self.file, other, "--what=persistence", "-o", self.picture)
        self.assertEqual(code, 1)
        self.assertIn("shows one file", err)


class Refusals(ToolTest):
    def test_unusable_files_are_refused_in_one_sentence(self):
        self.assertRefused("does not exist")
        with open(self.file, "w") as file:
            file.write("no HDF5")
        self.assertRefused("not an HDF5 file")
        open(self.file, "w").close()
        self.assertRefused("not an HDF5 file")
        with h5py.File(self.file, "w") as file:
            file["x"] = 1
        self.assertRefused("no output of landscape_mpi")
        write_sample(self.file, losses=("ritz",))
        with h5py.File(self.file, "r+") as file:
            file.attrs["format_version"] = 7
        self.assertRefused("format version 7, older than 8")
        write_sample(self.file)
        with h5py.File(self.file, "r+") as file:
            del file["problem"]
        self.assertRefused("damaged")
        write_sample(self.file)
        with open(self.file, "r+b") as file:
            file.truncate(os.path.getsize(self.file) // 2)
        self.assertRefused("HDF5")
        os.remove(self.file)
        os.mkdir(self.file)
        self.assertRefused("is a folder")
        os.rmdir(self.file)
        os.mkfifo(self.file)
        self.assertRefused("not a regular file")

    def test_files_with_holes_are_refused_in_one_sentence(self):
        write_sample(self.file, n_complete=0, statistics=False)
        code, out, err = self.plot()
        self.assertEqual((code, out), (1, ""))
        self.assertIn("no complete direction yet; try again", err)
        write_sample(self.file, losses=("ritz",))
        with h5py.File(self.file, "r+") as file:
            del file["profiles/ritz/complete"]
        self.assertRefused("cannot be read")
        write_sample(self.file, losses=("ritz",))
        with h5py.File(self.file, "r+") as file:
            del file["profiles/ritz/steps"]
            file["profiles/ritz/steps"] = np.zeros(3)
        self.assertRefused("shapes do not fit together")
        write_sample(self.file, losses=("ritz",))
        with h5py.File(self.file, "r+") as file:
            file["roughness/ritz/crc32c"] = np.uint32(1)
        self.assertRefused("the results in /roughness/ritz do not match their checksum")
        write_sample(self.file, losses=("ritz",))
        with h5py.File(self.file, "r+") as file:
            del file["profiles/ritz/loss"]
            file["profiles/ritz"].create_dataset("loss", (60, 10**10), dtype="f8", chunks=(1, 10**6))
        self.assertRefused("larger than the file")

    def test_a_file_without_permission_is_not_called_foreign(self):
        write_sample(self.file)
        os.chmod(self.file, 0)
        if os.geteuid() == 0:  # who reads every file
            real = reader.io.open
            reader.io.open = lambda *_: (_ for _ in ()).throw(PermissionError(13, "Permission denied"))
            self.addCleanup(setattr, reader.io, "open", real)
        self.assertRefused("cannot be read (Permission denied)")

    def test_wrong_options_are_usage_errors(self):
        write_sample(self.file, losses=("ritz",), n_directions=5)
        for options, word in (
            (("--what=pie",), "choose from roughness"),
            (("--size=huge",), "give column, page, or inches"),
            (("--font=No Such Font",), "is not installed"),
            (("--font-size=1",), "3 to 40"),
            (("--dpi=1",), "20 to 2400"),
        ):
            self.assertRefused(word, options=options, code=2)
        self.picture = os.path.join(self.folder, "picture.doc")
        self.assertEqual(self.plot()[0], 2)
        self.assertEqual(self.run_tool(self.file, "--format=xls", tool="export")[0], 2)
        code, _, err = self.run_tool(self.file, "--format=vti", "--loss=galerkin", tool="export")
        self.assertEqual(code, 1)
        self.assertIn("neither a plane nor profiles", err)

    def test_a_picture_that_the_file_has_not(self):
        write_sample(self.file, losses=("ritz",))
        code, _, err = self.plot("--what=spectrum")
        self.assertEqual(code, 1)
        self.assertIn("holds nothing for the picture 'spectrum', only for: roughness, profiles, histogram", err)

    def test_a_crash_of_hdf5_gets_a_sentence(self):
        crash = (
            "import os, resource, sys; sys.path.insert(0, sys.argv[1]); from landscape import cli, start\n"
            "resource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n"
            "cli.plot = os.abort\n"
            "sys.exit(start.run('plot'))"
        )
        result = subprocess.run([sys.executable, "-B", "-c", crash, TOOLS], capture_output=True, text=True)
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertRegex(result.stderr, r"\Alandscape-plot: the file is damaged [^\n]*\.\n\Z")

    def test_missing_module_names_the_remedy(self):
        blocker = (
            "import sys; sys.modules[sys.argv.pop(1)] = None; sys.argv = sys.argv[1:]; import runpy\n"
            "import os; sys.path.insert(0, os.path.dirname(sys.argv[0])); runpy.run_path(sys.argv[0], run_name='__main__')"
        )
        for tool, module in (("plot", "h5py"), ("plot", "matplotlib"), ("export", "numpy")):
            script = os.path.join(TOOLS, f"landscape-{tool}")
            result = subprocess.run(
                [sys.executable, "-B", "-c", blocker, module, script, "x.h5"],
                env={**os.environ, "LANDSCAPE_PYTHON_TRIED": "1"}, capture_output=True, text=True,
            )  # fmt: skip
            self.assertEqual((result.returncode, result.stdout), (1, ""), result.stderr)
            self.assertIn(f"'{module}' is missing", result.stderr)
            self.assertIn(f"python3-{module}", result.stderr)
            self.assertRegex(result.stderr, r"\A[^\n]*\n\Z")


class Output(ToolTest):
    def outputs(self):
        """(arguments, file written) of every kind of output."""
        return (
            (("plot", "-o", "x.png"), "x.png"),
            (("plot", "-o", "x.pdf"), "x.pdf"),
            (("plot", "-o", "x.svg"), "x.svg"),
            (("plot", "--report", "x.html"), "x.html"),
            (("export", "--format=csv", "--table=directions/ritz", "-o", "x.csv"), "x.csv"),
            (("export", "--format=npz", "-o", "x.npz"), "x.npz"),
            (("export", "--format=vti", "--loss=ritz", "-o", "x.vti"), "x.vti"),
        )

    def in_folder(self, tool, *arguments):
        before = os.getcwd()
        os.chdir(self.folder)
        try:
            return self.run_tool(self.file, *arguments, tool=tool)
        finally:
            os.chdir(before)

    def test_an_input_is_not_replaced_by_what_is_made_of_it(self):
        for name in ("a.pdf", "a.png"):
            self.file = self.picture = os.path.join(self.folder, name)
            write_sample(self.file)
            with open(self.file, "rb") as file:
                before = file.read()
            for path in (self.picture, os.path.join(self.folder, ".", name)):
                code, out, err = self.run_tool(self.file, "-o", path)
                self.assertEqual((code, out), (1, ""))
                self.assertIn("choose another -o", err)
            with open(self.file, "rb") as file:
                self.assertEqual(file.read(), before)

    def test_only_own_files_are_replaced_and_the_same_file_makes_the_same_bytes(self):
        write_sample(self.file, losses=("ritz",), n_directions=5)
        for arguments, name in self.outputs():
            path = os.path.join(self.folder, name)
            contents = set()
            for _ in range(2):
                code, _, err = self.in_folder(*arguments)
                self.assertEqual(code, 0, err)
                with open(path, "rb") as file:
                    contents.add(file.read())
            self.assertEqual(len(contents), 1, f"{name}: other bytes the second time")
            own = contents.pop()
            self.assertIn(output.OWN, own)
            for content in (
                b"",
                b"%PDF-1.4 somebody's article",
                own.replace(output.OWN, b"drawn by somebody else. "),
            ):
                with open(path, "wb") as file:
                    file.write(content)
                code, _, err = self.in_folder(*arguments)
                self.assertEqual(code, 1)
                self.assertIn("was not made by this tool", err)
                with open(path, "rb") as file:
                    self.assertEqual(file.read(), content)
            os.remove(path)
            for make in (os.mkfifo, os.mkdir):
                make(path)
                self.assertEqual(self.in_folder(*arguments)[0], 1)
                (os.rmdir if make is os.mkdir else os.remove)(path)

    def test_a_link_keeps_pointing_to_the_picture(self):
        write_sample(self.file, losses=("ritz",), n_directions=5)
        real, link = os.path.join(self.folder, "real.png"), self.picture
        self.picture = real
        self.drawn()
        os.symlink("real.png", link)
        self.picture = link
        self.drawn()
        self.assertTrue(os.path.islink(link))

    def test_a_full_disk_gets_a_sentence_and_no_half_file(self):
        write_sample(self.file, losses=("ritz",), n_directions=20)
        self.assertEqual(self.in_folder("plot", "-o", "x.png")[0], 0)
        with open(os.path.join(self.folder, "x.png"), "rb") as file:
            before = file.read()
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        for arguments, name in self.outputs():
            resource.setrlimit(resource.RLIMIT_FSIZE, (500, limits[1]))  # as a disk with room for that
            try:
                code, out, err = self.in_folder(*arguments)
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            self.assertEqual((code, out), (1, ""))
            self.assertRegex(err, rf"\Alandscape-\w+: '{name}' cannot be written \([^\n]*\)\.\n\Z")
        with open(os.path.join(self.folder, "x.png"), "rb") as file:
            self.assertEqual(file.read(), before)
        self.assertEqual(sorted(os.listdir(self.folder)), ["a b.h5", "x.png"])

    def test_a_full_standard_output_gets_a_sentence(self):
        write_sample(self.file, losses=("ritz",), n_directions=5)
        with open("/dev/full", "w") as full:
            result = subprocess.run(
                [sys.executable, "-B", os.path.join(TOOLS, "landscape-plot"), self.file],
                cwd=self.folder, stdout=full, stderr=subprocess.PIPE, text=True,
            )  # fmt: skip
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, r"\Alandscape-plot: [^\n]*No space left on device[^\n]*\n\Z")

    def test_a_folder_that_cannot_be_written_gets_a_sentence(self):
        write_sample(self.file, losses=("ritz",), n_directions=5)
        for place in ("/proc/x.png", os.path.join(self.folder, "nowhere", "x.png")):
            self.picture = place
            code, out, err = self.plot()
            self.assertEqual((code, out), (1, ""))
            self.assertRegex(err, r"\Alandscape-plot: '[^']*' cannot be written \([^\n]*\)\.\n\Z")

    def test_a_users_settings_of_matplotlib_have_no_say(self):
        write_sample(self.file, losses=("ritz",), n_directions=5)
        self.assertEqual(self.script("plot", self.file, "-o", "plain.png").returncode, 0)
        with open(os.path.join(self.folder, "matplotlibrc"), "w") as file:
            file.write(
                "text.usetex: True\nbackend: nothing\nfont.size: 30\nlines.colour: 3\nsavefig.bbox: tight\n"
            )
        for env in ({}, {"MPLBACKEND": "nothing", "DISPLAY": ":77"}):
            result = self.script("plot", self.file, "-o", "odd.png", env=env)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            pictures = [open(os.path.join(self.folder, name), "rb") for name in ("plain.png", "odd.png")]
            contents = [picture.read() for picture in pictures]
            for picture in pictures:
                picture.close()
            self.assertEqual(*contents)

    def test_a_home_that_cannot_be_written_is_no_matter(self):
        write_sample(self.file, losses=("ritz",), n_directions=5)
        for nowhere in ({"HOME": "/dev/null/none"}, {"MPLCONFIGDIR": "/dev/null/none"}):
            result = self.script("plot", self.file, "-o", "plain.png", env=nowhere)
            self.assertEqual((result.returncode, result.stderr), (0, ""))

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


class Reader(ToolTest):
    def test_results_come_by_name_and_not_before_they_are_there(self):
        write_sample(self.file)
        with landscape.open(self.file) as file:
            ritz = file.results("roughness/ritz")
            self.assertEqual(ritz["index"], ritz.index)
            self.assertEqual(file["roughness/ritz/index"], ritz.index)
            self.assertEqual(file.settings, {"seed": "1"})
            self.assertEqual((file.state, file.losses), ("complete", ("ritz", "galerkin")))
            with self.assertRaises(AttributeError):
                ritz.nothing
            with self.assertRaisesRegex(landscape.LandscapeError, "holds no /nowhere"):
                file["nowhere"]
        write_sample(self.file, n_complete=10, statistics=False)
        with landscape.open(self.file) as file:
            self.assertIsNone(file.results("roughness/ritz"))
            with self.assertRaisesRegex(landscape.LandscapeError, "no results in /roughness/ritz yet"):
                file["roughness/ritz/index"]
            self.assertEqual(len(file.profiles("ritz").losses), 10)

    def test_settings_are_read_as_the_program_writes_them(self):
        write_sample(self.file)
        with h5py.File(self.file, "r+") as file:
            file.attrs["config"] = '# a comment\ngrid = -1:1:9\nminimizer = "a \\"b\\" \\\\ c.h5"\n'
        with landscape.open(self.file) as file:
            self.assertEqual(file.settings, {"grid": "-1:1:9", "minimizer": 'a "b" \\ c.h5'})

    def test_checksums_agree_with_the_definition(self):
        self.assertEqual(reader.crc32c(b"123456789"), 0xE3069283)  # the check value of CRC-32C
        rows = np.random.Generator(np.random.Philox(1)).random((5, 7))
        self.assertEqual(reader.crc32c_of_rows(rows).tolist(), [reader.crc32c(row.tobytes()) for row in rows])

    def test_total_variation_of_known_profiles(self):
        steps = np.linspace(-2, 2, 5)
        losses = np.array(
            [[0.0, 1, 2, 3, 4], [4, 1, 0, 1, 4], [1, 1, 1, 1, 1], [0, 1, 0, 1, 0], [0, 1, np.inf, 1, 0]]
        )
        np.testing.assert_array_equal(4 * reader.total_variation(steps, losses), [1, 2, np.nan, 4, np.nan])

    def test_basins_of_known_values(self):
        self.assertEqual(basins.persistence_pairs([3, 0, 2, 1, 4]).tolist(), [[0, np.inf], [1, 2]])
        self.assertEqual(
            basins.persistence_pairs([[0, 5, 5], [5, 5, 1], [5, 5, 5]]).tolist(), [[0, np.inf], [1, 5]]
        )
        self.assertEqual(basins.persistence_pairs([1, 1, 1]).tolist(), [[1, np.inf]])
        self.assertEqual(basins.persistence_pairs([0, np.nan, 1]).tolist(), [[0, np.inf], [1, np.inf]])

    def test_views_of_pandas_and_xarray(self):
        write_sample(self.file)
        with landscape.open(self.file) as file:
            for module, view in (
                ("pandas", lambda: landscape.tables(file)["directions/ritz"].to_pandas().total_variation),
                ("xarray", lambda: file.profiles("ritz").to_xarray().isel(step=0)),
            ):
                try:
                    __import__(module)
                except ImportError:
                    with self.assertRaisesRegex(landscape.LandscapeError, f"'{module}': pip install"):
                        view()
                else:
                    self.assertEqual(len(view()), 60)

    def test_the_example_runs(self):
        write_sample(self.file)
        example = os.path.join(TOOLS, "example_reader.py")
        result = subprocess.run([sys.executable, "-B", example, self.file], capture_output=True, text=True)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn("ritz: RI", result.stdout)


class Package(unittest.TestCase):
    def test_pyproject_names_every_package_and_command(self):
        with open(os.path.join(TOOLS, "pyproject.toml")) as file:
            text = file.read()
        found = {"landscape"}
        for name in os.listdir(os.path.join(TOOLS, "landscape")):
            if os.path.exists(os.path.join(TOOLS, "landscape", name, "__init__.py")):
                found.add(f"landscape.{name}")
        packages = re.search(r"packages = \[(.*)\]", text)[1]
        self.assertEqual(set(re.findall(r'"([^"]+)"', packages)), found)
        for command in ("plot", "export"):
            self.assertIn(f'landscape-{command} = "landscape.start:run_{command}"', text)
        self.assertIn(f'version = "{landscape.__version__}"', text)

    def test_every_picture_has_a_line_and_a_name_of_its_own(self):
        self.assertEqual(len(set(plots.NAMES)), len(plots.NAMES))
        commands = [command for line in plots.TABLE for command in line.commands]
        wanted = {"roughness", "sweep", "directions", "trajectory", "surface", "spectrum", "study", "train",
                  "connectivity"}  # fmt: skip
        self.assertEqual(set(commands), wanted)


# Machado, Oliveira and Fernandes 2009, severity 1
DEFICIENCIES = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def lab(linear):
    """CIE L*a*b* of linear RGB."""
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ linear
    f = np.cbrt(np.maximum(xyz / [0.9505, 1.0, 1.089], 0.008856))
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


class Colours(unittest.TestCase):
    def test_colours_differ_for_colour_blind_readers_too(self):
        from matplotlib.colors import to_rgb

        colours = [np.array(to_rgb(colour)) ** 2.2 for colour in style.CYCLE]
        for name, matrix in {"none": np.eye(3), **DEFICIENCIES}.items():
            seen = [lab(np.clip(np.array(matrix) @ colour, 0, 1)) for colour in colours]
            for i in range(len(seen)):
                for j in range(i):
                    distance = np.linalg.norm(seen[i] - seen[j])
                    self.assertGreater(distance, 12, f"{name}: {style.CYCLE[i]} and {style.CYCLE[j]}")

    def test_the_first_colours_differ_in_grey_or_have_dashes_of_their_own(self):
        self.assertEqual(len(set(map(str, style.DASHES))), len(style.DASHES))
        self.assertGreaterEqual(len(style.DASHES), len(style.CYCLE))
        self.assertEqual(len(set(style.MARKERS)), len(style.MARKERS))


if __name__ == "__main__":
    unittest.main()
