"""The folder that tests/bench_cuda/bundle.sh makes for a GPU machine without MPI and HDF5: it runs where it was not
made, with nothing of this machine but glibc."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest

from system import PROGRAM, QUICK, SOURCE, main

BUNDLE = os.path.join(SOURCE, "tests", "bench_cuda", "bundle.sh")
BUILD = os.path.dirname(PROGRAM)
PATH = "/usr/bin:/bin"
GLIBC = r"/(ld-linux[^/]*|lib(c|m|dl|pthread|rt|resolv|util|anl|nsl|mvec|nss_\w+))\.so\.\d+$"


class Bundle(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        programs = [os.path.join(BUILD, "tests", name) for name in ("cuda/cuda_device_test", "bench_cuda/bench_cuda")]
        if not all(map(os.path.exists, programs)):
            raise unittest.SkipTest("built without a CUDA compiler")
        if not shutil.which("ompi_info"):
            raise unittest.SkipTest("no Open MPI")
        folder = tempfile.mkdtemp(prefix="landscape-bundle-")
        cls.addClassCleanup(shutil.rmtree, folder)
        made = os.path.join(folder, "made")
        process = subprocess.run([BUNDLE, BUILD, made], capture_output=True, text=True)
        assert process.returncode == 0, process.stderr
        again = subprocess.run([BUNDLE, BUILD, made], capture_output=True, text=True)
        cls.again = (again.returncode, again.stderr)
        cls.moved = os.path.join(folder, "else where")
        os.rename(made, cls.moved)
        cls.work = os.path.join(folder, "work")
        os.mkdir(cls.work)

    def run_moved(self, *command):
        """With an empty environment; the exit code is expected to be 0."""
        process = subprocess.run(
            ["env", "-i", f"PATH={PATH}", *command], cwd=self.work, capture_output=True, text=True, timeout=120
        )
        self.assertEqual(process.returncode, 0, f"{command}\n{process.stdout}{process.stderr}")
        self.assertEqual(process.stderr, "")
        return process.stdout

    def test_two_ranks_and_verify_use_its_files_only(self):
        run = os.path.join(self.moved, "run")
        log = os.path.join(self.work, "loaded")
        traced = [run, "env", "LD_DEBUG=files", f"LD_DEBUG_OUTPUT={log}"]
        traced_ranks = [*traced, "mpirun", "-np", "2"]
        report = self.run_moved(*traced_ranks, "landscape_mpi", "--device=cpu", *QUICK, "--output=x.h5")
        self.assertIn("2 ranks", report.splitlines()[0])
        verified = self.run_moved(*traced, "landscape_mpi", "verify", "x.h5", "--all", "--device=cpu")
        self.assertIn("the same bits", verified)
        loaded = set()
        for name in os.listdir(self.work):
            if name.startswith("loaded."):
                with open(os.path.join(self.work, name)) as file:
                    loaded.update(os.path.normpath(path) for path in re.findall(r"calling init: (.*)", file.read()))
        names = {os.path.basename(path) for path in loaded}
        self.assertLessEqual({"libmpi.so.40", "mca_btl_vader.so"}, names)
        self.assertTrue(any(name.startswith("libhdf5") for name in names), names)
        strangers = {path for path in loaded if not path.startswith(self.moved + "/") and not re.search(GLIBC, path)}
        self.assertEqual(strangers, set())

    def test_a_launched_program_leaves_the_environment_alone(self):
        """Python's own HDF5 and torch must not meet the bundle's libraries."""
        launch = os.path.join(self.moved, "launch")
        said = self.run_moved("sh", "-c", '"$0/mpirun" -np 2 "$0/landscape_mpi" --version; env', launch)
        self.assertNotIn("LD_LIBRARY_PATH", said)
        self.assertIn("landscape_mpi", said.splitlines()[0])

    @unittest.skipIf(shutil.which("nvidia-smi", path=PATH), "this machine has a GPU")
    def test_without_a_gpu_the_checks_are_skipped(self):
        script = os.path.join(self.moved, "run_on_gpu.sh")
        process = subprocess.run(["env", "-i", f"PATH={PATH}", script], cwd=self.work, capture_output=True, text=True)
        self.assertEqual((process.returncode, process.stdout), (77, ""))
        self.assertIn("skipped", process.stderr)

    def test_what_exists_is_not_overwritten(self):
        self.assertEqual(self.again[0], 2)
        self.assertIn("made exists", self.again[1])


if __name__ == "__main__":
    main()
