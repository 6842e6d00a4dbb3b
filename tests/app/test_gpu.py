"""Whole runs on the CUDA backend: the program linked to the CPU stand-in for the CUDA runtime (tests/cuda/shim), whose failures are chosen
by LANDSCAPE_SHIM; and what the program itself says where there is no GPU."""

import os
import subprocess
import unittest

import h5py
import numpy as np
from system import PROGRAM, QUICK, SystemTest, main, n_complete, text, theta_of

REAL_PROGRAM = os.environ["LANDSCAPE_REAL_PROGRAM"]
LOSSES = ("ritz", "galerkin")
RANKS = 2


class Gpu(SystemTest):
    def refused(self, arguments, code, part, shim="", program=None):
        """Every rank ends with this code, and one sentence is said."""
        codes, process = self.run_ranks(arguments, RANKS, env={"LANDSCAPE_SHIM": shim}, program=program)
        what = f"{' '.join(arguments)} {shim}\nstdout: {process.stdout}\nstderr: {process.stderr}"
        self.assertEqual(codes, [code] * RANKS, what)
        lines = process.stderr.strip().splitlines()
        self.assertEqual(len(lines), 1, what)
        self.assertTrue(lines[0].startswith("landscape_mpi: ") and lines[0][-1] == ".", what)
        self.assertIn(part, lines[0], what)

    def device_of(self, name):
        with h5py.File(self.path(name), "r") as file:
            return {text(file.attrs["device"]) for loss in LOSSES}

    def test_cpu_and_gpu_agree(self):
        self.run_program(*QUICK, "--device=cpu", "--output=cpu.h5")
        self.run_program(*QUICK, "--device=cuda", "--minimizer=cpu.h5", "--output=gpu.h5", ranks=RANKS)
        self.run_program(*QUICK, "--device=cuda", "--minimizer=cpu.h5", "--output=one.h5")
        self.assertEqual(self.device_of("gpu.h5"), {"cuda"})
        self.assert_same_files("gpu.h5", "one.h5")
        with h5py.File(self.path("cpu.h5"), "r") as cpu, h5py.File(self.path("gpu.h5"), "r") as gpu:
            for loss in LOSSES:
                want, got = (float(file[f"roughness/{loss}/index"][()]) for file in (cpu, gpu))
                self.assertTrue(abs(got - want) <= 1e-9 * abs(want), f"{loss}: {got} not {want}")
                f, g = (file[f"profiles/{loss}/loss"][()] for file in (cpu, gpu))
                self.assertTrue(np.all(np.abs(g - f) <= 1e-12 * np.abs(f).max(axis=1, keepdims=True)), loss)
        self.run_program("verify", "gpu.h5", "--all", "--device=cpu")
        self.run_program("verify", "gpu.h5", "--all", "--device=cuda")

    def test_training_takes_the_same_steps(self):
        few = ["train", "--epochs=20", "--lbfgs-iterations=0", "--width=5"]
        self.run_program(*few, "--device=cpu", "--output=cpu.h5")
        report = self.run_program(*few, "--device=cuda", "--output=gpu.h5", ranks=RANKS).stdout
        self.assertIn("Training on the GPU", report)
        with h5py.File(self.path("cpu.h5"), "r") as cpu, h5py.File(self.path("gpu.h5"), "r") as gpu:
            for loss in LOSSES:
                want, got = (theta_of(file[f"minimizer/{loss}"]) for file in (cpu, gpu))
                self.assertTrue(np.abs(got - want).max() <= 20 * 1e-10 * np.abs(want).max(), loss)

    def test_a_lost_device_leaves_what_was_written(self):
        self.run_program(*QUICK, "--device=cuda", "--output=whole.h5")
        self.run_program(*QUICK, "--device=cuda", "--output=part.h5")
        gaps = {"ritz": [0, 3, 4], "galerkin": [2, 4, 5]}
        with h5py.File(self.path("part.h5"), "r+") as file:
            for loss, rows in gaps.items():
                for row in rows:
                    file[f"profiles/{loss}/complete"][row, :] = 0
                    file[f"profiles/{loss}/loss"][row, :] = 7.0
        before = n_complete(self.path("part.h5"))
        with h5py.File(self.path("whole.h5"), "r") as file:
            whole = {loss: file[f"profiles/{loss}/loss"][()] for loss in LOSSES}
        for rank in range(RANKS):
            self.refused(
                [*QUICK, "--device=cuda", "--output=part.h5", "--resume"],
                1,
                "The GPU was lost to this process",
                shim=f"rank={rank},launches_left=4",
            )
            self.assertGreaterEqual(n_complete(self.path("part.h5")), before)  # the other rank's losses stay, too
            with h5py.File(self.path("part.h5"), "r") as file:
                for loss in LOSSES:
                    there = file[f"profiles/{loss}/complete"][()] != 0
                    self.assertFalse(there.all(), loss)
                    np.testing.assert_array_equal(file[f"profiles/{loss}/loss"][()][there], whole[loss][there])
        self.run_program("verify", "part.h5", "--all", "--device=cuda")
        self.run_program(*QUICK, "--device=cuda", "--output=part.h5", "--resume", ranks=RANKS)
        self.assert_same_files("whole.h5", "part.h5")

    def test_a_device_lost_in_training(self):
        self.refused([*QUICK, "--device=cuda"], 1, "The GPU was lost to this process", shim="rank=0,launches_left=100")

    def test_cards_are_counted_by_what_they_are(self):
        """However many each rank sees: a launcher may show every rank one of its own."""
        ranks, rank = 4, "OMPI_COMM_WORLD_RANK"
        for shim, note in (
            (f"count=1,first_card=${rank}", ""),
            (f"count=1,first_card=$(({rank} / 2))", "4 ranks of a node share 2 GPUs"),
            (f"count=1,first_card=$(({rank} / 3))", "4 ranks of a node share 2 GPUs"),
            ("count=1", "4 ranks of a node share 1 GPU"),
            ("count=3", "4 ranks of a node share 3 GPUs"),
            ("count=4", ""),
            (f"count=4,first_card=$((4 * {rank}))", ""),
        ):
            with self.subTest(shim=shim):
                start = self.command([], ranks)[:-1]
                process = subprocess.run(
                    [*start, "sh", "-c", f'LANDSCAPE_SHIM="{shim}" exec "$@"', "sh", PROGRAM, *QUICK, "--dry-run"],
                    cwd=self.folder,
                    capture_output=True,
                    text=True,
                    timeout=60,
                )
                self.assertEqual(process.returncode, 0, process.stderr)
                notes = [line for line in process.stdout.splitlines() if line.startswith("Note")]
                self.assertEqual(notes, [f"Note        {note}"] if note else [])

    def test_memory_that_runs_out(self):
        for rank in range(RANKS):
            with self.subTest(rank=rank):
                self.refused(
                    [*QUICK, "--device=cuda", "--overwrite"],
                    1,
                    "Run fewer ranks per GPU",
                    shim=f"rank={rank},free_memory=1000",
                )

    def test_a_card_without_code_for_it(self):
        for shim, part in (
            ("major=7", "compute capability 7.0"),
            ("rank=1,major=7", "compute capability 7.0"),
            ("device_count_error=100", "sees no GPU"),
            ("rank=1,device_count_error=100", "sees no GPU"),
        ):
            with self.subTest(shim=shim):
                self.refused([*QUICK, "--device=cuda"], 2, part, shim=shim)
        self.run_program(*QUICK, "--device=auto", ranks=RANKS, env={"LANDSCAPE_SHIM": "rank=1,major=7"})
        self.assertEqual(self.device_of("landscape.h5"), {"cpu"})

    def test_the_program_itself_without_a_gpu(self):
        seen = self.run_ranks([*QUICK, "--device=cuda", "--dry-run"], RANKS, program=REAL_PROGRAM)[0]
        if seen == [0] * RANKS:
            raise unittest.SkipTest("this machine has a GPU")
        self.refused([*QUICK, "--device=cuda"], 2, "--device cuda cannot be had", program=REAL_PROGRAM)
        self.assertEqual(os.listdir(self.folder), [])
        self.run_program(*QUICK, "--device=auto", ranks=RANKS)

    def test_verify_chooses_its_device_as_a_job_does(self):
        self.run_program(*QUICK, "--device=cpu", "--output=cpu.h5")
        self.assertIn("verified on cuda:0", self.run_program("verify", "cpu.h5").stdout)
        self.assertNotIn("cuda", self.run_program("verify", "cpu.h5", "--device=cpu").stdout)
        lacking = {"LANDSCAPE_SHIM": "rank=0,major=7"}
        self.assertNotIn("cuda", self.run_program("verify", "cpu.h5", env=lacking).stdout)
        stderr = self.run_program("verify", "cpu.h5", "--device=cuda", code=2, env=lacking).stderr
        self.assertRegex(stderr, r"^landscape_mpi: --device cuda cannot be had: [^\n]*7\.0[^\n]*; use --device cpu\.\n$")

    def test_auto_trains_on_the_gpu_where_a_step_is_long(self):
        train = ["train", "--epochs=1", "--lbfgs-iterations=0", "--overwrite"]
        self.assertNotIn("GPU", self.run_program(*train).stdout)
        wide = ["--dimension=3", "--width=20", "--train-quadrature=sobol:512", "--quadrature=sobol:64", "--losses=ritz"]
        self.assertIn("Training on the GPU", self.run_program(*train, *wide).stdout)
        self.assertNotIn("GPU", self.run_program(*train, *wide, "--device=cpu").stdout)


if __name__ == "__main__":
    main()
