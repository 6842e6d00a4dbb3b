"""What tests/bench_cuda/run_on_gpu.sh writes: every part in its time, what failed, did not finish or could not be run.
A pretended card and pretended programs."""

import os
import shutil
import subprocess
import tempfile
import unittest

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
SCRIPT = os.path.join(ROOT, "tests", "bench_cuda", "run_on_gpu.sh")
CARD = """case $* in
*=name*) echo Pretended Card ;;
*clocks.sm*) echo 345 MHz, 1980 MHz, 70 W, 700 W, 30 ;;
*) echo 9.0 ;;
esac"""
TESTS = """echo libcublas.so.999 >/dev/null
echo "[       OK ] Card.Adds (1 ms)"
echo "a.cpp:1: Skipped"
echo "no published data"
echo "[  SKIPPED ] Card.Compares (0 ms)"
"""
FAILURE = 'echo "[  FAILED  ] Card.Divides (2 ms)"; exit 1'
SANITIZER = """[[ $2 == racecheck ]] && { echo "========= Race reported"; exit 9; }
[[ $2 == initcheck ]] && { echo "[       OK ] Card.Adds (1 ms)"; exec sleep 60; }
shift 4; "$@"; echo "========= ERROR SUMMARY: 0 errors" """


class RunOnGpu(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="landscape-gpu-")
        self.addCleanup(shutil.rmtree, self.folder)
        shutil.copy(SCRIPT, self.folder)
        os.mkdir(os.path.join(self.folder, "reference"))
        with open(os.path.join(self.folder, "revision"), "w") as file:
            file.write("abc123\n")
        self.script("run", 'exec "$@"')
        self.script("app/cuda_device_test", TESTS)
        self.script("app/bench_cuda", "echo case A: 1 ms")
        self.script("path/nvidia-smi", CARD)
        self.script("path/compute-sanitizer", SANITIZER)

    def script(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(f"#!/usr/bin/env bash\n{text}\n")
        os.chmod(path, 0o755)

    def start(self, part, code, **environment):
        """The results, after a run that ends with this code."""
        path = f"{self.folder}/path:/usr/bin:/bin"
        process = subprocess.run(
            [os.path.join(self.folder, "run_on_gpu.sh"), os.path.join(self.folder, "out")],
            env={**os.environ, "PATH": path, "CUDA_HOME": "/nowhere", "PART": part, **environment},
            cwd=self.folder, capture_output=True, text=True, timeout=100,
        )  # fmt: skip
        self.assertEqual(process.returncode, code, process.stdout + process.stderr)
        if code == 2:
            return process.stderr
        self.assertEqual(process.stderr, "")
        results = process.stdout.splitlines()[-1]
        self.assertTrue(os.path.basename(results).startswith("results-Pretended-Card-20"), results)
        with open(results) as file:
            return file.read()

    def test_tests_are_counted_by_how_they_ended(self):
        said = self.start("tests", 0)
        for part in ("# CUDA backend on Pretended Card", "revision abc123", "- passed: 1\n", "- failed: 0",
                     "- not run: 1 Card.Compares no published data", "0 failed or did not finish"):  # fmt: skip
            self.assertIn(part, said)
        self.script("app/cuda_device_test", TESTS + FAILURE)
        said = self.start("tests", 1)
        self.assertIn("- failed: 1 Card.Divides", said)
        self.assertIn("FAILED with exit code 1", said)
        self.assertEqual(said.count("# CUDA backend on"), 1, "a second run is appended")

    def test_a_part_that_takes_too_long_keeps_what_it_printed(self):
        slow = "\nexec sleep 60"
        self.script("app/cuda_device_test", TESTS + slow)
        self.script("app/bench_cuda", "echo case A: 1 ms" + slow)
        said = self.start("tests,cases", 1, PART_TIME="3")
        self.assertIn("- passed: 1\n", said)
        self.assertIn("case A: 1 ms\n", said)
        self.assertEqual(said.count("NOT FINISHED"), 2)
        self.assertIn("2 failed or did not finish", said)

    def test_each_sanitizer_has_its_own_verdict(self):
        said = self.start("sanitize", 1, SANITIZER_TIME="3")
        self.assertIn("- memcheck: 1 tests, clean (ERROR SUMMARY: 0 errors)", said)
        self.assertRegex(said, "- racecheck: FAILED with exit code 9, 0 tests .*\n```\n========= Race reported")
        self.assertIn("- initcheck: NOT FINISHED in 3 s, 1 tests done", said)
        self.assertIn("- synccheck: 1 tests, clean", said)

    def test_benchmarks_show_the_card_before_and_after(self):
        said = self.start("gradient,dispatch", 0)
        state = "SM clock, its maximum, power, its limit, degrees: 345 MHz, 1980 MHz"
        for when in ("Before", "After"):
            self.assertEqual(said.count(f"{when}: {state}"), 2)

    def test_what_cannot_be_run_is_counted(self):
        for part in ("program", "torch"):
            said = self.start(part, 0, PYTHON="/nowhere/python3")
            self.assertIn("0 failed or did not finish, 1 could not be run", said)

    def test_cublas_is_looked_for_in_the_toolkit(self):
        self.script("app/cuda_device_test", TESTS + 'echo "[       OK ] $LD_LIBRARY_PATH (1 ms)"')
        self.assertIn("libcublas.so.999 NOT FOUND", self.start("tests", 0))
        lib = os.path.join(self.folder, "toolkit", "lib64")
        self.script("toolkit/lib64/libcublas.so.999", "")
        said = self.start("tests", 0, CUDA_HOME=os.path.dirname(lib), LD_LIBRARY_PATH="/other")
        self.assertIn(f"libcublas.so.999 of {lib}", said)
        with open(os.path.join(self.folder, "out", "tests.log")) as file:
            self.assertIn(f"{lib}:/other ", file.read())

    def test_wrong_settings_are_refused(self):
        self.assertIn("PART has 'nonsense'", self.start("tests,nonsense", 2))
        self.assertIn("'soon' is no number of seconds", self.start("tests", 2, PART_TIME="soon"))


if __name__ == "__main__":
    unittest.main()
