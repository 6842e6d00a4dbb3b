"""Bad input is refused by every rank with the same exit code and one sentence, before any work and without leaving a file."""

import os
import signal
import subprocess
import time
import unittest

import h5py
from system import PROGRAM, QUICK, SystemTest, main

RANKS = 3


class BadInput(SystemTest):
    def refuse(self, arguments, code, part, created=()):
        before = set(os.listdir(self.folder))
        codes, process = self.run_ranks(arguments, RANKS)
        what = f"{' '.join(arguments)}\nstdout: {process.stdout}\nstderr: {process.stderr}"
        self.assertEqual(codes, [code] * RANKS, what)
        lines = process.stderr.strip().splitlines()
        self.assertEqual(len(lines), 1, what)
        self.assertTrue(lines[0].startswith("landscape_mpi: ") and lines[0][-1] in ".?", what)
        self.assertIn(part, lines[0], what)
        after = set(os.listdir(self.folder))
        self.assertEqual(after - before, set(created), what)

    def write(self, name, data):
        with open(self.path(name), "wb") as file:
            file.write(data)

    def test_options(self):
        self.write("bad.cfg", b"widht = 4\n")
        for arguments, part in (
            (["--directoins=5"], "--directions"),
            (["--config=bad.cfg"], "bad.cfg: the key 'widht'"),
            (["--config=none.cfg"], "none.cfg"),
            (["--grid=1:-1:0"], "--grid"),
            (["--quadrature=gauss:x"], "--quadrature"),
            (["--dimension=3", "--quadrature=simpson:9", "--train-quadrature=sobol:8"], "simpson"),
            (["--dimension=10", "--quadrature=gauss:100", "--epochs=0", "--train-quadrature=sobol:8"], "gauss"),
            (["--preset=published-99d"], "published-99d"),
            (["--device=cuda", "--network=nothing"], "nothing"),
            (["--resume", "--overwrite"], "give one of them"),
            (["--boundary=soft"], "choose hard or penalty:BETA"),
            (["--boundary=penalty:"], "--boundary 'penalty:' needs a positive number"),
            (["--boundary=penalty:-1"], "--boundary 'penalty:-1' needs a positive number"),
            (["--boundary=penalty:nan"], "--boundary 'penalty:nan' needs a positive number"),
            (["--minimizer", ""], "--minimizer is empty"),
            (["--preset=published-1d", "--preset=published-3d"], "twice"),
            (["--time-limit=0:00"], "--time-limit"),
            (["--confidence=0.9999999"], "0.99999"),
            (["wander"], "'wander'"),
        ):
            with self.subTest(arguments=arguments):
                self.refuse(arguments, 2, part)

    def test_more_ranks_than_work(self):
        self.refuse(["--directions=1", "--grid=0:1:2", "--losses=ritz"], 2, "3 ranks for 2 losses")

    def test_presets_that_go_in_circles(self):
        self.write("round.cfg", b"preset = about\n")
        self.write("about.cfg", b"preset = round\n")
        process = self.run_program("--preset=round", code=2, env={"LANDSCAPE_PRESETS": self.folder})
        self.assertIn("based on itself", process.stderr)

    @unittest.skipUnless(os.path.exists("/dev/full"), "no /dev/full")
    def test_a_report_that_cannot_be_printed(self):
        self.run_program(*QUICK, "--output=good.h5")
        for arguments in (["reduce", "good.h5"], ["info", "good.h5"], [*QUICK, "--output=good.h5", "--resume"]):
            with open("/dev/full", "w") as full:
                process = subprocess.run(
                    self.command(arguments), cwd=self.folder, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60
                )
            self.assertEqual(process.returncode, 1, arguments)
            self.assertRegex(process.stderr, "^landscape_mpi: [^\n]*[.]\n$")

    def test_outputs(self):
        os.mkdir(self.path("folder.h5"))
        self.write("there.h5", b"precious")
        self.refuse(["--output=nowhere/x.h5"], 2, "nowhere")
        self.refuse(["--output=folder.h5"], 2, "folder.h5")
        self.refuse(["--output=there.h5"], 2, "no output file of this program")
        self.refuse(["--output=there.h5", "--resume"], 1, "there.h5")
        with open(self.path("there.h5"), "rb") as file:
            self.assertEqual(file.read(), b"precious")

    def test_files_that_are_not_what_they_should_be(self):
        self.run_program(*QUICK, "--output=good.h5")
        with open(self.path("good.h5"), "rb") as file:
            data = file.read()
        self.write("cut.h5", data[: len(data) // 3])
        self.write("text.safetensors", b"not tensors at all")
        self.write("huge.safetensors", b"\xff" * 8 + b"{}")
        with h5py.File(self.path("other.h5"), "w") as file:
            file["x"] = [1.0]
        for arguments, code, part in (
            (["--minimizer=none.h5"], 1, "none.h5"),
            (["--minimizer=cut.h5"], 1, "cut.h5"),
            (["--minimizer=other.h5"], 1, "other.h5"),
            (["--minimizer=text.safetensors"], 1, "text.safetensors"),
            (["--minimizer=huge.safetensors"], 1, "huge.safetensors"),
            (["--minimizer=good.h5", "--width=5"], 2, "--width 5"),
            (["--directions-from=good.h5"], 1, "good.h5"),
            (["--output=good.h5", "--resume", "--seed=2"], 2, "seed was"),
        ):
            with self.subTest(arguments=arguments):
                self.refuse(arguments, code, part)
        for command in ("info", "reduce", "verify"):
            for name in ("none.h5", "cut.h5", "other.h5", "text.safetensors"):
                with self.subTest(command=command, name=name):
                    process = self.run_program(command, name, code=1)
                    self.assertRegex(process.stderr, f"^landscape_mpi: .*{name}.*[.]\n$")

    def test_what_is_no_output_is_refused_in_one_sentence_with_a_remedy(self):
        self.run_program(*QUICK, "--output=good.h5")
        os.mkdir(self.path("folder"))
        os.mkfifo(self.path("fifo"))
        os.symlink("nowhere", self.path("link"))
        self.write("empty", b"")
        self.write("text", b"this is no HDF5 file\n")
        with h5py.File(self.path("other"), "w") as file:
            file["measured"] = [1.0, 2.0]
        for name in ("folder", "fifo", "link", "empty", "text", "other", "missing"):
            for command in (["info", name], ["reduce", name], ["verify", name], ["compare", "good.h5", name]):
                with self.subTest(command=command):
                    stderr = self.run_program(*command, code=1, timeout=20).stderr
                    self.assertRegex(stderr, rf"\Alandscape_mpi: '{name}' [^\n]*: give [^\n]*[.]\n\Z")
                    self.assertNotIn("HDF5 cannot", stderr)
            for option in ("minimizer", "directions-from"):
                with self.subTest(option=option, name=name):
                    run = [f"--{option}={name}", "--epochs=1", "--lbfgs-iterations=0", "--quiet"]
                    stderr = self.run_program(*run, code=1, timeout=20).stderr
                    self.assertRegex(stderr, rf"\Alandscape_mpi: The [a-z]+ (file|folder) '{name}' [^\n]*: [^\n]*[.]\n\Z")
                    self.assertNotIn("HDF5 cannot", stderr)

    def test_every_wrong_option_of_a_reading_command_is_named_before_the_file_is_read(self):
        wrong = ["--directions=3", "--seed=x", "--confidence=7"]
        for command in (["reduce"], ["verify"], ["compare", "b.h5"], ["info"]):
            stderr = self.run_program(*command, "none.h5", *wrong, code=2).stderr
            self.assertIn("--directions has no meaning", stderr)
            self.assertIn("--seed 'x'", stderr)
            self.assertNotIn("none.h5", stderr)

    def test_a_second_job_on_the_same_output_is_kept_out(self):
        first = self.start_program("--epochs=100000000", "--output=shared.h5", ranks=2)
        self.wait_for(lambda: os.path.exists(self.path("shared.h5.lock")), first)
        time.sleep(0.2)
        self.refuse(["--output=shared.h5"], 1, "shared.h5")
        first.send_signal(signal.SIGTERM)
        first.communicate(timeout=60)

    def test_a_file_size_limit_is_one_sentence_and_leaves_nothing(self):
        command = f"ulimit -f 32768; exec {PROGRAM} --quiet --epochs=10 --lbfgs-iterations=0 --directions=100000"
        process = subprocess.run(["bash", "-c", command], cwd=self.folder, capture_output=True, text=True, timeout=60)
        self.assertEqual(process.returncode, 1, process.stderr)
        self.assertRegex(process.stderr, "^landscape_mpi: [^\n]*landscape.h5[^\n]*[.]\n$")
        self.assertEqual(os.listdir(self.folder), [])


if __name__ == "__main__":
    main()
