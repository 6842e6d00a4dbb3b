"""What is installed or packed runs where it was not made: the program finds its presets, the job scripts find the program,
the tools draw its files, and nothing knows where it was built."""

import glob
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest

from system import PROGRAM, QUICK, SOURCE, main

CMAKE, CPACK = os.environ.get("LANDSCAPE_CMAKE", "cmake"), os.environ.get("LANDSCAPE_CPACK", "cpack")
BUILD = os.path.dirname(PROGRAM)
# What would lead to another program, other presets, scripts or modules than the installed ones.
MISLEADING = ("LANDSCAPE_PROGRAM", "LANDSCAPE_PRESETS", "LANDSCAPE_JOBS", "LANDSCAPE_LAUNCHER", "PYTHONPATH")


def version():
    with open(os.path.join(SOURCE, "CMakeLists.txt")) as file:
        return re.search(r"project\(landscape_mpi VERSION ([\d.]+)", file.read())[1]


def run(*command, **options):
    process = subprocess.run(command, capture_output=True, text=True, **options)
    assert process.returncode == 0, f"{command}\n{process.stdout}{process.stderr}"
    return process.stdout


class Installed(unittest.TestCase):
    """prefix: where bin and share lie, in a folder with a space in its name. Commands run in an empty folder."""

    @classmethod
    def make_folder(cls):
        folder = os.path.realpath(tempfile.mkdtemp(prefix="landscape-"))
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        return os.path.join(folder, "a site")

    def setUp(self):
        self.folder = os.path.realpath(tempfile.mkdtemp(prefix="landscape-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.bin = os.path.join(self.folder, "stand-ins")
        os.mkdir(self.bin)
        os.symlink(sys.executable, os.path.join(self.bin, "python3"))  # has the modules that the tools need

    def stand_in(self, name, body):
        with open(os.path.join(self.bin, name), "w") as file:
            os.fchmod(file.fileno(), 0o755)
            file.write(f"#!/bin/bash\n{body}\n")

    def run_there(self, *command, **variables):
        """With the stand-ins first on PATH; the prefix is not on it."""
        environment = {name: value for name, value in os.environ.items() if name not in MISLEADING}
        environment |= {"PATH": f"{self.bin}:{environment['PATH']}", **variables}
        return run(*command, cwd=self.folder, env=environment, timeout=120)

    def installed(self, *names):
        return os.path.join(self.prefix, *names)

    def assert_runs(self):
        program = self.installed("bin/landscape_mpi")
        self.assertRegex(self.run_there(program, "--version"), rf"^landscape_mpi {re.escape(version())}\b")
        self.assertIn("Exit codes", self.run_there(program, "--help"))
        self.assertIn("simpson-as-published:100", self.run_there(program, "--preset", "published-1d", "--dry-run"))
        said = self.run_there("mpirun", "-np", "2", program, *QUICK)
        self.assertIn("2 ranks", said.splitlines()[0])
        self.run_there(self.installed("bin/landscape-plot"), "landscape.h5", "-o", "landscape.png")
        with open(os.path.join(self.folder, "landscape.png"), "rb") as file:
            self.assertEqual(file.read(4), b"\x89PNG")
        said = self.run_there(self.installed("bin/landscape-export"), "landscape.h5", "--format", "csv")
        self.assertIn("csv of roughness", said)


class Install(Installed):
    @classmethod
    def setUpClass(cls):
        cls.prefix = cls.make_folder()
        run(CMAKE, "--install", BUILD, "--prefix", cls.prefix)

    def files(self):
        found = [os.path.join(folder, name) for folder, _, names in os.walk(self.prefix) for name in names]
        self.assertGreater(len(found), 60)
        return found

    def test_program_and_tools_run_from_a_foreign_folder(self):
        self.assert_runs()

    def test_presets_are_those_beside_the_program_also_behind_a_link(self):
        folder = self.installed("share/landscape_mpi/jobs")
        with open(os.path.join(folder, "of-this-site.cfg"), "w") as file:
            file.write("preset = corrected-1d\nwidth = 7\n")
        self.addCleanup(os.remove, os.path.join(folder, "of-this-site.cfg"))
        os.symlink(self.installed("bin/landscape_mpi"), os.path.join(self.bin, "landscape_mpi"))
        self.assertIn("width 7", self.run_there("landscape_mpi", "--preset", "of-this-site", "--dry-run"))

    def test_every_job_script_runs_the_installed_program(self):
        """From the copy that Slurm makes of a script."""
        self.stand_in("srun", "exit 1")
        started = f'while [[ $1 != "{self.installed("bin/landscape_mpi")}" ]]; do shift || exit 99; done; "$@"'
        self.stand_in("mpirun", f"[[ $1 == --version ]] || {{ {started}; }}")
        self.stand_in("scontrol", 'echo "   Command=$SCRIPT --directions 3"')
        scripts = glob.glob(self.installed("share/landscape_mpi/jobs/*.sbatch"))
        self.assertEqual(len(scripts), len(glob.glob(os.path.join(SOURCE, "jobs", "*.sbatch"))))
        copy = os.path.join(self.folder, "slurm_script")
        for number, script in enumerate(scripts):
            shutil.copyfile(script, copy)
            slurm = {"SLURM_JOB_ID": str(number), "SLURM_ARRAY_TASK_ID": "1", "SLURM_JOB_NODELIST": "here"}
            said = self.run_there(
                "bash", copy, *QUICK, "--device=cpu", SCRIPT=script, LANDSCAPE_DEBUGGER="none", **slurm
            )
            self.assertIn("directions used", said, script)

    def test_a_job_script_runs_a_job(self):
        script = self.installed("share/landscape_mpi/jobs/single-node.sbatch")
        said = self.run_there(script, *QUICK, LANDSCAPE_LAUNCHER="mpirun", SLURM_NTASKS="2", SLURM_JOB_ID="7")
        self.assertIn("2 ranks", said.splitlines()[0])
        self.assertTrue(os.path.exists(os.path.join(self.folder, "landscape-7.h5")))

    def test_nothing_names_the_folder_it_was_built_in(self):
        for path in self.files():
            self.assertFalse(os.path.islink(path) and os.path.isabs(os.readlink(path)), path)
            with open(path, "rb") as file:
                content = file.read()
            for folder in {SOURCE, BUILD, os.path.realpath(SOURCE), os.path.realpath(BUILD)}:
                # Errors of MPI and CUDA say from which source file they came.
                for sources in ("src", "kernels"):
                    content = content.replace(os.path.join(folder, sources, "").encode(), b"")
                if b".debug_info" not in content:  # which is about the sources
                    self.assertFalse(os.path.join(folder, "").encode() in content, path)

    @unittest.skipUnless(shutil.which("readelf"), "readelf is not installed")
    def test_libraries_are_named_without_their_folders(self):
        said = run("readelf", "-d", self.installed("bin/landscape_mpi"))
        needed = re.findall(r"\(NEEDED\).*\[(.*)\]", said)
        self.assertTrue(any(name.startswith("libhdf5") for name in needed), said)
        self.assertFalse([name for name in needed if "/" in name])
        self.assertNotRegex(said, rf"PATH\).*({re.escape(SOURCE)}|{re.escape(BUILD)})")

    def test_readme_jobs_and_tools_find_each_other(self):
        folder = self.installed("share/landscape_mpi")
        with open(os.path.join(folder, "README.md")) as file:
            readme = file.read()
        links = set(re.findall(r"\]\(((?:jobs|tools|(?:src|tests)/[\w/]+\.md)\b[^)#]*)", readme))
        self.assertGreaterEqual(len(links), 8)
        # What the table of tools and the job scripts say, less what only the source tree has: building and timing.
        said = set(re.findall(r"`((?:tools|jobs)/[\w./-]+\w)", readme))
        for script in glob.glob(os.path.join(folder, "jobs", "*.sbatch")):
            with open(script) as file:
                said |= set(re.findall(r"\b((?:tools|jobs)/[\w./-]+\w)", file.read()))
        of_the_tree = {
            "tools/run.sh",
            "tools/test.sh",
            "tools/setup.sh",
            "tools/compare_builds.py",
            "tools/packaging",
            "tools/packaging/README.md",
        }
        self.assertGreaterEqual(len(said - of_the_tree), 8)
        for name in (links | said) - of_the_tree:
            self.assertTrue(os.path.exists(os.path.join(folder, name)), name)

    def test_everybody_may_read_and_scripts_may_be_started(self):
        for path in self.files():
            mode = os.stat(path).st_mode
            self.assertEqual(mode & 0o444, 0o444, path)
            with open(path, "rb") as file:
                starts = file.read(4)
            if starts.startswith(b"#!") or starts == b"\x7fELF":
                self.assertEqual(mode & 0o111, 0o111, path)


class Packed(Installed):
    @classmethod
    def pack(cls, generator, pattern):
        """The package; made by somebody whose files nobody else may read."""
        folder = cls.make_folder()
        os.mkdir(folder)
        command = [CPACK, "--config", os.path.join(BUILD, "CPackConfig.cmake"), "-B", folder, "-G", generator]
        cls.packing = subprocess.run(command, cwd=folder, capture_output=True, text=True, umask=0o077)
        cls.out = os.path.join(folder, "un packed")
        os.mkdir(cls.out)
        return glob.glob(os.path.join(folder, pattern))

    def assert_readable(self):
        for folder, _, names in os.walk(self.out):
            for path in [folder, *(os.path.join(folder, name) for name in names)]:
                if path not in (self.out, os.path.join(self.out, "usr")):  # which every Debian has
                    self.assertEqual(os.stat(path).st_mode & 0o444, 0o444, path)
                    self.assertFalse(os.path.isdir(path) and os.stat(path).st_mode & 0o111 != 0o111, path)


class TarGz(Packed):
    @classmethod
    def setUpClass(cls):
        cls.found = cls.pack("TGZ", "*.tar.gz")
        assert len(cls.found) == 1, cls.packing.stdout + cls.packing.stderr
        with tarfile.open(cls.found[0]) as archive:
            archive.extractall(cls.out)
        cls.prefix = os.path.join(cls.out, os.path.basename(cls.found[0])[: -len(".tar.gz")])

    def test_it_has_one_folder_with_the_version_in_its_name(self):
        self.assertEqual(os.listdir(self.out), [os.path.basename(self.prefix)])
        self.assertRegex(os.path.basename(self.prefix), rf"^landscape_mpi-{re.escape(version())}-\w+-\w+$")
        self.assert_readable()

    def test_it_runs_where_it_is_unpacked(self):
        self.assert_runs()


class Deb(Packed):
    @classmethod
    def setUpClass(cls):
        missing = [name for name in ("dpkg", "dpkg-deb", "dpkg-shlibdeps", "file") if not shutil.which(name)]
        if missing:
            raise unittest.SkipTest(f"missing here: {', '.join(missing)}")
        found = cls.pack("DEB", "*.deb")
        foreign = re.search(r"no dependency information found for (\S+)", cls.packing.stdout + cls.packing.stderr)
        if foreign:
            raise unittest.SkipTest(f"{foreign[1]} is of no Debian package")
        assert len(found) == 1, cls.packing.stdout + cls.packing.stderr
        cls.package = found[0]
        run("dpkg-deb", "-x", cls.package, cls.out)
        cls.prefix = os.path.join(cls.out, "usr")

    def test_its_fields_are_what_debian_wants(self):
        fields = {"Package": "landscape-mpi", "Version": version(), "Section": "science",
                  "Architecture": run("dpkg", "--print-architecture").strip(), "Maintainer": "landscape_mpi developers",
                  "Recommends": "python3-h5py, python3-matplotlib, python3-numpy"}  # fmt: skip
        for name, value in fields.items():
            self.assertEqual(run("dpkg-deb", "-f", self.package, name).strip(), value, name)
        depends = run("dpkg-deb", "-f", self.package, "Depends")
        for package in (
            r"openmpi-bin",
            r"libopenmpi\w+",
            r"libhdf5-openmpi",
            r"libfmt",
            r"liblbfgs",
            r"libboost-program-options",
        ):
            self.assertRegex(depends, rf"(^|, ){package}")
        description = run("dpkg-deb", "-f", self.package, "Description").splitlines()
        self.assertGreater(len(description), 2)
        self.assertEqual(os.path.basename(self.package), f"landscape-mpi_{version()}_{fields['Architecture']}.deb")

    def test_it_has_its_licence_and_everybody_may_read_it(self):
        with open(os.path.join(SOURCE, "LICENSE")) as ours, open(
            self.installed("share/doc/landscape-mpi/copyright")
        ) as theirs:
            self.assertEqual(theirs.read(), ours.read())
        self.assert_readable()

    def test_it_runs_where_it_is_unpacked(self):
        self.assert_runs()


if __name__ == "__main__":
    main()
