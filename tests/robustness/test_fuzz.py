"""Mutated files and settings given to every command: a sentence and exit code 1 or 2, or a success whose numbers are the original's.

Never a signal, never a hang, never more memory than LIMIT. The mutations (Philox, seeded): bytes flipped, blocks overwritten, files cut or
lengthened, zeros; of HDF5 also objects of other types, shapes and sizes, NaN, negative counts and texts that are no UTF-8; of texts also
words moved, doubled and replaced by hostile numbers. LANDSCAPE_FUZZ sets their number (500).
"""

import collections
import json
import os
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
import time

for folder in ("app", "python"):
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", folder))
import h5py
import numpy as np
import torch_format
from damage import Damage
from system import PROGRAM, SOURCE, SystemTest, contents, main, state_dict, table_of, write_safetensors

TRIALS = int(os.environ.get("LANDSCAPE_FUZZ", "500"))
LIMIT = 6 << 30  # bytes of address space: the program starts with less than one GiB
SECONDS = 60
TINY = ["--epochs=20", "--lbfgs-iterations=0", "--bootstrap=40", "--directions=6", "--grid=-1:1:9", "--threads=1"]
IMPORT = [os.path.join(SOURCE, "tools", "import_checkpoint.py"), "--network=resnet", "--activation=swish"]
PLOT = os.path.join(SOURCE, "tools", "landscape-plot")


def tensors(path):
    """The tensors of a safetensors file: name -> bytes."""
    with open(path, "rb") as file:
        data = file.read()
    (n,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + n])
    body = data[8 + n :]
    return {
        name: (entry["shape"], body[slice(*entry["data_offsets"])])
        for name, entry in header.items()
        if name != "__metadata__"
    }


class Fuzz(SystemTest):
    @classmethod
    def setUpClass(cls):
        cls.store = tempfile.mkdtemp(prefix="landscape-fuzz-")
        make = lambda *arguments: subprocess.run(
            [PROGRAM, *arguments], cwd=cls.store, check=True, capture_output=True, timeout=SECONDS
        )
        make(*TINY, "--save-directions", "--output=good.h5")
        make(*TINY, "--output=plain.h5")
        shutil.copy(os.path.join(cls.store, "plain.h5"), os.path.join(cls.store, "part.h5"))
        with h5py.File(os.path.join(cls.store, "part.h5"), "r+") as file:
            file["profiles/ritz/complete"][2:4, :] = 0
        make(
            "--minimizer=good.h5",
            "--directions-from=good.h5",
            "--grid=-1:1:9",
            "--bootstrap=40",
            "--threads=1",
            "--output=again.h5",
        )
        cls.good = contents(os.path.join(cls.store, "plain.h5"))
        cls.config = (
            "".join(f"{word[2:].replace('=', ' = ', 1)}\n" for word in TINY)
            + "seed = 1\nlosses = ritz,galerkin\nquadrature = simpson:100\nnorm = filter\n"
        )
        with open(os.path.join(cls.store, "good.cfg"), "w") as file:
            file.write(cls.config)
        cls.write_safetensors(os.path.join(cls.store, "good.safetensors"))
        weights = torch_format.as_tensors(torch_format.state_dict())
        torch_format.archive(os.path.join(cls.store, "good.pt"), weights)
        torch_format.legacy(os.path.join(cls.store, "good.pkl"), weights)
        env = {**os.environ, "MPLCONFIGDIR": cls.store}
        imported = subprocess.run(
            [sys.executable, *IMPORT, "good.pt", "-o", "imported.safetensors"],
            cwd=cls.store,
            capture_output=True,
            text=True,
            env=env,
        )
        cls.has_import = imported.returncode == 0
        plotted = subprocess.run(
            [sys.executable, PLOT, "plain.h5", "-o", "plot.png"], cwd=cls.store, capture_output=True, text=True, env=env
        )
        cls.has_plot = plotted.returncode == 0
        cls.report = subprocess.run(
            [PROGRAM, "reduce", "plain.h5", "--full-report"], cwd=cls.store, capture_output=True, text=True
        ).stdout
        cls.tool_notes = [p.stderr.strip()[-200:] for p in (imported, plotted) if p.returncode != 0]

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.store, ignore_errors=True)

    @classmethod
    def write_safetensors(cls, path):
        with h5py.File(os.path.join(cls.store, "good.h5"), "r") as file:
            group = file["minimizer/ritz"]
            write_safetensors(path, state_dict(group), {"network": "resnet", "activation": "swish"})

    def try_command(self, command, what):
        """Runs under the limits; (exit code, stdout, stderr)."""
        limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT))
        try:
            process = subprocess.run(
                command,
                cwd=self.folder,
                capture_output=True,
                timeout=SECONDS,
                preexec_fn=limit,
                env={**os.environ, "MPLCONFIGDIR": self.store, "OPENBLAS_NUM_THREADS": "1"},
            )
        except subprocess.TimeoutExpired:
            self.fail(f"{what}: it hangs")
        stderr = process.stderr.decode("utf-8", "replace")
        self.assertIn(process.returncode, (0, 1, 2), f"{what}\n{stderr[-600:]}")
        self.assertNotIn("Traceback", stderr, what)
        if process.returncode != 0:
            lines = [line for line in stderr.strip().splitlines() if not line.startswith("warning: ")]
            self.assertTrue(lines and len(lines[-1]) > 10, f"{what}: it fails without a word")
            if command[0] == PROGRAM:
                # Of settings everything wrong is said.
                self.assertTrue(len(lines) == 1 or (lines and process.returncode == 2), f"{what}\n{stderr[-600:]}")
                for line in lines:
                    self.assertTrue(line.startswith("landscape_mpi: "), f"{what}\n{stderr[-600:]}")
        return process.returncode, process.stdout.decode("utf-8", "replace"), stderr

    def same_numbers(self, name, reference, what):
        """The losses and the minimizers are those of the reference."""
        with h5py.File(self.path(name), "r") as file:
            for loss in ("ritz", "galerkin"):
                parameters = f"minimizer/{loss}/parameters"
                for key in (f"profiles/{loss}/loss", *(f"{parameters}/{name}" for name in file[parameters])):
                    self.assertEqual(file[key][()].tobytes(), reference[key][2], f"{what}: {key}")

    def fresh(self, *names):
        for entry in os.listdir(self.folder):
            os.remove(self.path(entry))
        for name in names:
            shutil.copy(os.path.join(self.store, name), self.path(name))

    def run_trials(self, share, one):
        tally, start, failures = collections.Counter(), time.time(), []
        for trial in range(max(1, int(TRIALS * share))):
            try:
                tally[one(trial)] += 1
            except AssertionError as error:
                failures.append(f"trial {trial}: {error}")
        print(
            f"{sum(tally.values()) + len(failures)} mutations in {time.time() - start:.0f} s: {dict(sorted(tally.items()))}"
        )
        self.assertEqual(failures, [], "\n\n".join(failures[:10]))

    def outcome(self, code):
        return "accepted" if code == 0 else "refused"

    def test_output_files_given_to_the_readers(self):
        def one(trial):
            self.fresh("plain.h5")
            damage = Damage(trial)
            how = damage.bytes_of(self.path("plain.h5")) if trial % 2 else damage.hdf5_of(self.path("plain.h5"))
            codes = []
            sound = os.path.join(self.store, "plain.h5")
            for command in (
                ["info", "plain.h5"],
                ["reduce", "plain.h5", "--full-report"],
                ["verify", "plain.h5", "--threads=1"],
                ["compare", sound, "plain.h5"],
            ):
                what = f"{how}: {command[0]}"
                code, stdout, stderr = self.try_command([PROGRAM, *command], what)
                codes.append(code)
                # A report that was not warned about is the original one, or says what is left out or damaged.
                if (
                    command[0] == "reduce"
                    and code == 0
                    and "altered" not in stderr
                    and "checksum" not in stdout
                    and "not done" not in stdout
                ):
                    self.assertEqual(self.numbers(stdout), self.numbers(self.report), what)
            return self.outcome(max(codes))

        self.run_trials(0.34, one)

    def numbers(self, report):
        return [line for line in table_of(report).splitlines() if "seconds" not in line and "  profiles" not in line]

    def test_output_files_to_be_gone_on_with(self):
        def one(trial):
            self.fresh("part.h5")
            damage = Damage(1000 + trial)
            how = damage.bytes_of(self.path("part.h5")) if trial % 2 else damage.hdf5_of(self.path("part.h5"))
            code, _, _ = self.try_command([PROGRAM, *TINY, "--output=part.h5", "--resume"], how)
            if code == 0:
                self.same_numbers("part.h5", self.good, how)
            return self.outcome(code)

        self.run_trials(0.16, one)

    def test_minimizers_and_directions(self):
        again = contents(os.path.join(self.store, "again.h5"))

        def one(trial):
            damage = Damage(2000 + trial)
            if trial % 3 == 0:
                self.fresh("good.safetensors")
                how = damage.bytes_of(self.path("good.safetensors"))
                command = [
                    "--minimizer=good.safetensors",
                    "--losses=ritz",
                    "--directions=2",
                    "--grid=-1:1:3",
                    "--bootstrap=40",
                    "--threads=1",
                    "--output=b.h5",
                ]
            else:
                self.fresh("good.h5")
                how = damage.bytes_of(self.path("good.h5")) if trial % 2 else damage.hdf5_of(self.path("good.h5"))
                command = [
                    "--minimizer=good.h5",
                    "--directions-from=good.h5",
                    "--grid=-1:1:9",
                    "--bootstrap=40",
                    "--threads=1",
                    "--output=b.h5",
                ]
            code, _, stderr = self.try_command([PROGRAM, *command], how)
            if code != 0:
                self.assertFalse(os.path.exists(self.path("b.h5")), how)
            elif trial % 3 and "altered" not in stderr:
                # Raw data of directions has no checksum of its own: what counts is that theta and the losses belong together.
                self.try_command([PROGRAM, "verify", "b.h5", "--threads=1"], how)
                with h5py.File(self.path("b.h5"), "r") as file:
                    self.assertEqual(file["profiles/ritz/loss"].shape, again["profiles/ritz/loss"][1], how)
            return self.outcome(code)

        self.run_trials(0.18, one)

    def test_settings(self):
        def one(trial):
            self.fresh("good.cfg")
            how = Damage(3000 + trial).text_of(self.path("good.cfg"))
            code, stdout, _ = (
                self.try_command(
                    [
                        PROGRAM,
                        "--config=good.cfg",
                        "--time-limit=5",
                        "--output=b.h5",
                        *(["--dry-run"] if trial % 2 else []),
                    ],
                    how,
                )
                if self.is_small("good.cfg") or trial % 2
                else self.try_command([PROGRAM, "--config=good.cfg", "--dry-run", "--output=b.h5"], how)
            )
            return self.outcome(code)

        self.run_trials(0.2, one)

    def is_small(self, name):
        """Whether a run with these settings is a matter of a second."""
        with open(self.path(name), "rb") as file:
            return not any(
                len(word) > 6 and word.isdigit() for word in file.read().decode("latin-1").replace(":", " ").split()
            )

    def test_import_tool(self):
        if not self.has_import:
            self.skipTest(f"the import tool does not run here: {self.tool_notes}")
        expected = tensors(os.path.join(self.store, "imported.safetensors"))

        def one(trial):
            name = ["good.pt", "good.pkl"][trial % 2]
            self.fresh(name)
            how = Damage(4000 + trial).bytes_of(self.path(name))
            code, _, _ = self.try_command([sys.executable, "-B", *IMPORT, name, "-o", "b.safetensors"], how)
            if code == 0:
                found = tensors(self.path("b.safetensors"))
                self.assertEqual(
                    {name: (shape, len(data)) for name, (shape, data) in found.items()},
                    {name: (shape, len(data)) for name, (shape, data) in expected.items()},
                    how,
                )
            return self.outcome(code)

        self.run_trials(0.06, one)

    def test_plot_tool(self):
        if not self.has_plot:
            self.skipTest(f"the plot tool does not run here: {self.tool_notes}")

        def one(trial):
            self.fresh("plain.h5")
            damage = Damage(5000 + trial)
            how = damage.bytes_of(self.path("plain.h5")) if trial % 2 else damage.hdf5_of(self.path("plain.h5"))
            code, _, _ = self.try_command([sys.executable, "-B", PLOT, "plain.h5", "-o", "b.png"], how)
            return self.outcome(code)

        self.run_trials(0.06, one)


if __name__ == "__main__":
    main()
