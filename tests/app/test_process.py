"""What the program takes from where it runs: launchers and their variables, limits, signals, paths."""

import functools
import os
import re
import resource
import signal
import subprocess
import time
import unittest

import h5py
from system import MANY_ROUNDS, PROGRAM, QUICK, SystemTest, main, n_complete, text

# How launchers number their processes.
RANK_VARIABLES = ("SLURM_PROCID", "PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK")
STEP = {"SLURM_PROCID": "2", "SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "4", "SLURM_NTASKS": "4"}
BATCH_SHELL = {"SLURM_PROCID": "0", "SLURM_NTASKS": "4", "SLURM_NPROCS": "4", "SLURM_JOB_ID": "7"}
for variable in [name for name in os.environ if name.startswith(("SLURM_", "PMI_", "PMIX_", "OMPI_COMM_"))]:
    del os.environ[variable]  # of a launcher that started the tests
ONE_SENTENCE = r"^landscape_mpi: [^\n]*[.?]\n$"


class Launchers(SystemTest):
    def refused(self, *arguments, code, part, env):
        process = self.run_program(*arguments, code=code, env=env)
        self.assertRegex(process.stderr, ONE_SENTENCE, (arguments, env))
        self.assertIn(part, process.stderr, (arguments, env))

    def test_commands_on_files_speak_in_every_task_of_a_farm(self):
        self.run_program(*QUICK, "--output=good.h5")
        for variable in RANK_VARIABLES:
            env = {variable: "1"}
            self.refused("verify", "none.h5", code=1, part="none.h5", env=env)
            self.refused("verify", code=2, part="needs a file", env=env)
            self.assertNotEqual(self.run_program("info", "good.h5", env=env).stdout, "")
        env = {**STEP, "OMPI_COMM_WORLD_SIZE": "4", "PMI_SIZE": "4", "PMIX_RANK": "2"}
        for command in ("info", "reduce", "verify"):
            self.refused(command, "none.h5", code=1, part="none.h5", env=env)
            self.refused(command, code=2, part="needs a file", env=env)
            self.refused(command, "good.h5", "--directoins=5", code=2, part="--directions", env=env)
        self.refused("compare", "good.h5", "none.h5", code=1, part="none.h5", env=env)
        for arguments in (["--version"], ["--help"], ["info", "good.h5"], ["reduce", "good.h5"]):
            self.assertNotEqual(self.run_program(*arguments, env=env).stdout, "", arguments)

    def test_commands_on_files_speak_in_every_rank(self):
        self.assertEqual(self.run_program("--version", ranks=3).stdout.count("landscape_mpi"), 3)
        codes, process = self.run_ranks(["verify", "none.h5"], 3)
        self.assertEqual(codes, [1] * 3)
        self.assertEqual(process.stderr.count("none.h5"), 3, process.stderr)

    def test_usage_errors_are_said_wherever_a_process_is_alone(self):
        for variable in RANK_VARIABLES:
            for env in ({variable: "1"}, {**STEP, variable: "3"}, {"OMPI_COMM_WORLD_SIZE": "4", variable: "3"}):
                self.refused("--directoins=5", code=2, part="--directions", env=env)

    def test_a_usage_error_of_one_rank_ends_all_ranks(self):
        for first, second in ((["--directoins=5"], QUICK), (QUICK, ["--directoins=5"])):
            process = subprocess.run(
                [*self.command([], 1), *first, ":", "-np", "1", PROGRAM, *second],
                cwd=self.folder,
                capture_output=True,
                text=True,
                timeout=60,
            )
            self.assertEqual(process.returncode, 2, process.stderr)
            self.assertRegex(process.stderr, r"(?m)^landscape_mpi: rank [01] on [^:]*: .*--directions")
            self.assertEqual(os.listdir(self.folder), [])

    def test_processes_that_mpi_does_not_know_of_one_another_write_nothing(self):
        self.run_program(*QUICK, "--output=kept.h5")
        with open(self.path("kept.h5"), "rb") as file:
            kept = file.read()
        for env, remedy in (
            (STEP, "srun --mpi=pmix"),
            ({**STEP, "SLURM_PROCID": "0"}, "srun --mpi=pmix"),
            ({**STEP, "PMI_SIZE": "4", "PMI_RANK": "2"}, "srun --mpi=pmix"),
            ({"SLURM_PROCID": "1", "SLURM_NTASKS": "4"}, "srun --mpi=pmix"),
            ({"PMI_SIZE": "4", "PMI_RANK": "0"}, "mpirun"),
            ({"OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "1"}, "mpirun"),
        ):
            self.refused(*QUICK, "--output=kept.h5", "--overwrite", code=1, part=remedy, env=env)
            self.refused(*QUICK, "--output=new.h5", code=1, part=remedy, env=env)
            self.assertEqual(os.listdir(self.folder), ["kept.h5"], env)
        for arguments in (["train", "--overwrite"], ["--resume"], ["--dry-run"]):
            self.refused(*arguments, *QUICK, "--output=kept.h5", code=1, part="srun --mpi=pmix", env=STEP)
        with open(self.path("kept.h5"), "rb") as file:
            self.assertEqual(file.read(), kept)

    def test_what_the_sentence_recommends_for_separate_jobs_works(self):
        for env in (STEP, {**STEP, "PMI_SIZE": "4"}, {"SLURM_PROCID": "1", "SLURM_NTASKS": "4"}, {"PMI_SIZE": "2"}):
            said = self.run_program(*QUICK, code=1, env=env).stderr
            remedy = said[said.index("`env ") + 1 : said.rindex("`")].split()
            process = subprocess.run(
                [*remedy, PROGRAM, *QUICK, "--overwrite"],
                cwd=self.folder,
                env={**os.environ, **env},
                capture_output=True,
                text=True,
                timeout=60,
            )
            self.assertEqual(process.returncode, 0, process.stderr)

    def test_a_job_of_one_rank_is_not_mistaken_for_a_failed_launch(self):
        one_task = {**BATCH_SHELL, "SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "1"}
        for env, ranks in (
            ({"SLURM_NTASKS": "4"}, None),  # a shell that salloc opened
            (BATCH_SHELL, None),
            (BATCH_SHELL, 1),
            (one_task, None),
            (STEP, 1),
            (STEP, 2),
            ({"PMI_SIZE": "", "OMPI_COMM_WORLD_SIZE": "1"}, None),
        ):
            with self.subTest(env=env, ranks=ranks):
                self.run_program(*QUICK, "--overwrite", ranks=ranks, env=env)


class Limits(SystemTest):
    MANY = ["--directions=200", "--threads=1000"]

    def run_in(self, gigabytes, *arguments, env=None, ranks=None):
        """Room for so much: every thread needs a stack of 8 MiB."""

        def limit():
            resource.setrlimit(resource.RLIMIT_STACK, (8 << 20, resource.getrlimit(resource.RLIMIT_STACK)[1]))
            resource.setrlimit(resource.RLIMIT_AS, (gigabytes << 30, gigabytes << 30))

        return subprocess.run(
            self.command(arguments, ranks),
            cwd=self.folder,
            env={**os.environ, **(env or {})},
            preexec_fn=limit,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def test_threads_that_cannot_be_had_are_one_sentence_before_any_work(self):
        quick = [option for option in QUICK if not option.startswith("--directions")]
        self.run_program(*QUICK, "--output=good.h5")
        for arguments, env in (
            ([*quick, *self.MANY], {}),
            (["train", *quick, "--threads=1000"], {}),
            ([*quick, "--directions=200"], {"OMP_NUM_THREADS": "1000"}),
            (["verify", "good.h5", "--threads=1000"], {}),
        ):
            with self.subTest(arguments=arguments):
                process = self.run_in(4, *arguments, env=env)
                self.assertEqual(process.returncode, 1, process.stderr)
                self.assertRegex(process.stderr, ONE_SENTENCE)
                self.assertIn("1000 threads cannot be started", process.stderr)
                self.assertIn("--threads", process.stderr)
                self.assertEqual(os.listdir(self.folder), ["good.h5"])
        self.assertEqual(self.run_in(32, *quick, *self.MANY).returncode, 0)

    def test_a_rank_that_cannot_have_its_threads_ends_all_ranks(self):
        process = self.run_in(4, *QUICK, *self.MANY[1:], ranks=2)
        self.assertEqual(process.returncode, 1, process.stderr)
        self.assertEqual(process.stderr.count("1000 threads cannot be started"), 1, process.stderr)
        self.assertEqual(os.listdir(self.folder), [])

    def test_more_threads_than_any_machine_has(self):
        for number in ("4097", "100000"):
            process = self.run_program(*QUICK, code=2, env={"OMP_NUM_THREADS": number})
            self.assertRegex(process.stderr, ONE_SENTENCE)
            self.assertRegex(process.stderr, "OMP_NUM_THREADS .*4096.*--threads")
            self.assertIn("--threads", self.run_program(*QUICK, f"--threads={number}", code=2).stderr)
            self.assertEqual(os.listdir(self.folder), [])
        self.run_program(*QUICK, "--threads=1", env={"OMP_NUM_THREADS": "100000"})


class Surroundings(SystemTest):
    def test_an_empty_variable_is_one_that_is_not_set(self):
        names = ("LANDSCAPE_CPU_ISA", "LANDSCAPE_PRESETS", "OMP_NUM_THREADS", "PMI_SIZE", *STEP, *RANK_VARIABLES)
        chosen = []
        for env in ({}, {name: "" for name in names}):
            report = self.run_program(*QUICK, "--preset=corrected-1d", "--overwrite", env=env).stdout
            chosen.append(re.search(r"Evaluated .* on (cpu, .*)", report)[1])
        self.assertEqual(chosen[0], chosen[1])

    def test_a_colon_in_the_output_is_refused_before_the_training_or_works(self):
        """By ROMIO, which takes what stands before it for a file system's type, and by OMPIO."""
        os.mkdir(self.path("12:30"))
        endless = [*QUICK[1:], "--epochs=100000000"]
        components = io_components()
        for name in ("a:b.h5", "nfs:x.h5", "ufs:x.h5", "12:30/x.h5"):
            for romio in (component for component in components if component.startswith("romio")):
                process = self.run_program(*endless, f"--output={name}", code=2, env={"OMPI_MCA_io": romio})
                self.assertRegex(process.stderr, ONE_SENTENCE)
                self.assertIn(name, process.stderr)
                self.assertEqual((os.listdir(self.folder), os.listdir(self.path("12:30"))), (["12:30"], []))
            if "ompio" in components:
                self.run_program(*QUICK, f"--output={name}", ranks=2, env={"OMPI_MCA_io": "ompio"})
                self.run_program("verify", name)
                os.remove(self.path(name))
        if not components:
            raise unittest.SkipTest("ompi_info names no MPI-IO")


class Signals(SystemTest):
    LONG = [*MANY_ROUNDS, "--directions=60"]

    def start(self, *before):
        process = subprocess.Popen(
            [*before, PROGRAM, *self.LONG, "--output=part.h5"],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.addCleanup(self.kill_group, process)
        self.wait_for(lambda: n_complete(self.path("part.h5")) > 0, process)
        return process

    def test_what_asks_a_job_to_stop_leaves_a_file_that_goes_on(self):
        for asked in (signal.SIGHUP, signal.SIGUSR2):
            process = self.start()
            process.send_signal(asked)
            _, stderr = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 75, stderr)
            self.assertIn(f"stopped by {asked.name} ", stderr)
            with h5py.File(self.path("part.h5"), "r") as file:
                self.assertEqual(text(file["state"][()]), "stopped")
            self.run_program(*self.LONG, "--output=part.h5", "--resume")
            os.remove(self.path("part.h5"))

    def test_what_mpirun_passes_on_stops_all_ranks(self):
        process = self.start("mpirun", "-np", "2", "--bind-to", "none", "--quiet")
        process.send_signal(signal.SIGUSR2)
        _, stderr = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 75, stderr)
        self.assertIn("stopped by SIGUSR2 ", stderr)

    def test_nohup_outlives_its_terminal(self):
        process = self.start("nohup")
        process.send_signal(signal.SIGHUP)
        time.sleep(0.1)
        process.send_signal(signal.SIGHUP)
        _, stderr = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, stderr)


@functools.cache
def io_components():
    """Open MPI's implementations of MPI-IO, none where this is another MPI."""
    try:
        said = subprocess.run(["ompi_info", "--parsable"], capture_output=True, text=True).stdout
    except OSError:
        return ()
    return [line.split(":")[2] for line in said.splitlines() if line.startswith("mca:io:")]


if __name__ == "__main__":
    main()
