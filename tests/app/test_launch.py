"""How the program starts and ends under a plain mpirun, with nothing set in the environment and no option that quietens it."""

import os
import re
import shutil
import subprocess
import sys
import unittest

from system import PROGRAM, QUICK, SystemTest, main


def is_open_mpi_4():
    said = subprocess.run(["mpirun", "--version"], capture_output=True, text=True).stdout if shutil.which("mpirun") else ""
    return re.search(r"Open MPI\) [1-4]\.", said) is not None


class Launch(SystemTest):
    def plain(self, *command, ranks=3, timeout=60):
        environment = {k: v for k, v in os.environ.items() if not re.match(r"OMPI_(?!MCA_plm_rsh)|PMIX_|PRTE_|HWLOC_|SLURM_", k)}
        start = ["mpirun", "-np", str(ranks), "--oversubscribe", *(["--allow-run-as-root"] if os.geteuid() == 0 else [])]
        return subprocess.run(
            [*start, *command], cwd=self.folder, env=environment, capture_output=True, text=True, timeout=timeout
        )


@unittest.skipUnless(is_open_mpi_4(), "mpirun is not that of Open MPI 4")
class Ends(Launch):
    def assert_one_error(self, arguments, code, pattern, ranks=3):
        process = self.plain(PROGRAM, *arguments, ranks=ranks)
        self.assertEqual(process.returncode, code, process.stderr)
        self.assertRegex(process.stderr, rf"\Alandscape_mpi: {pattern}.*\n\Z")

    def test_usage_errors_are_all_that_is_said(self):
        for arguments, pattern in (
            (["--nonsense"], "Option '--nonsense'"),  # found by every rank
            (["--directions=many"], "--directions 'many'"),
            (["--output=/nowhere/x.h5", *QUICK], "The folder of --output '/nowhere/x.h5'"),  # found by rank 0 only
        ):
            self.assert_one_error(arguments, 2, pattern)
        self.assert_one_error(["--nonsense"], 2, "Option '--nonsense'", ranks=1)
        for ranks in (1, 3):
            self.assert_one_error(["info"], 2, "info needs a file", ranks=ranks)
            wrong = ["reduce", "none.h5", "--directions=3"]
            self.assert_one_error(wrong, 2, "--directions has no meaning", ranks=ranks)

    def test_errors_are_all_that_is_said(self):
        with open(self.path("bad.h5"), "w") as file:
            file.write("this is no HDF5 file")
        for ranks in (1, 3):
            for command in ("info", "reduce", "verify"):
                self.assert_one_error([command, "bad.h5"], 1, "'bad.h5'", ranks=ranks)
                self.assert_one_error([command, "none.h5"], 1, "'none.h5'", ranks=ranks)
            self.assert_one_error(["compare", "none.h5", "bad.h5"], 1, "'none.h5'", ranks=ranks)
        self.assert_one_error(["--minimizer=bad.h5", *QUICK], 1, "'?.*bad.h5'?")

    def test_a_stopped_job_says_only_that_it_is_resumable(self):
        self.assert_one_error(["--epochs=100000000", "--time-limit=0.3"], 75, "stopped by the time limit")

    def test_success_says_nothing_beside_the_report(self):
        for arguments in (QUICK, ["--version"], ["info", "landscape.h5"]):
            process = self.plain(PROGRAM, *arguments)
            self.assertEqual((process.returncode, process.stderr), (0, ""), arguments)
            self.assertNotEqual(process.stdout, "")

    def test_a_rank_that_fails_alone_speaks_for_itself(self):
        self.plain(PROGRAM, *QUICK)
        process = self.plain(PROGRAM, "info", "landscape.h5", ":", "-np", "2", PROGRAM, "info", "none.h5", ranks=1)
        self.assertEqual(process.returncode, 1, process.stderr)
        self.assertIn("landscape_mpi: 'none.h5'", process.stderr)
        self.assertIn("State       complete", process.stdout)

    def test_tasks_of_a_farm_speak_for_themselves(self):
        for rank in "012":
            environment = {"SLURM_PROCID": rank, "SLURM_NTASKS": "3", "SLURM_STEP_ID": "0"}
            process = self.run_program("verify", "none.h5", code=1, env=environment, timeout=4)
            self.assertRegex(process.stderr, r"\Alandscape_mpi: 'none.h5'.*\n\Z")
        process = self.plain("sh", "-c", '"$0" info "none.$OMPI_COMM_WORLD_RANK"; exit 0', PROGRAM, timeout=30)
        for rank in range(3):
            self.assertIn(f"landscape_mpi: 'none.{rank}'", process.stderr)

    def test_a_shell_between_mpirun_and_the_program_goes_on(self):
        process = self.plain("sh", "-c", '"$0" --nonsense; echo "code $?"; exit 0', PROGRAM)
        self.assertEqual((process.returncode, process.stdout), (0, "code 2\n" * 3))
        self.assertRegex(process.stderr, r"\Alandscape_mpi: Option '--nonsense'.*\n\Z")


class NoSsh(Launch):
    def test_one_process_starts_without_ssh(self):
        os.mkdir(self.path("empty"))
        environment = {k: v for k, v in os.environ.items() if not re.match(r"OMPI_|PMIX_|PRTE_|SLURM_", k)}
        process = subprocess.run(
            [PROGRAM, *QUICK], cwd=self.folder, env={**environment, "PATH": self.path("empty")}, capture_output=True,
            text=True, timeout=60,
        )  # fmt: skip
        self.assertEqual((process.returncode, process.stderr), (0, ""))


if __name__ == "__main__":
    main()
