"""Disks that are full, read-only, limited or pulled away: one sentence, no hang, no exit code 0, and what was written stays readable.

A small tmpfs is mounted where the test runs as root and may do so; parts that cannot be tried here are skipped visibly.
"""

import os
import resource
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "app"))
from system import MANY_ROUNDS, PROGRAM, QUICK, SystemTest, children, main, n_complete

RANKS = 2
WRAPPER = '"$@"; echo $? > "$RC_FOLDER/rc.$OMPI_COMM_WORLD_RANK"; exit 0'
SMALL = [word for word in QUICK if not word.startswith("--directions")]
LONG = [*MANY_ROUNDS, "--quiet"]
LONG_TOTAL = 2 * 60 * 11
NOBODY = 65534


class DiskTest(SystemTest):
    def mount(self, options):
        """A tmpfs in the test's folder; its path."""
        place = self.path("disk")
        os.mkdir(place)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], capture_output=True, text=True)
        if done.returncode != 0:
            self.skipTest(f"a tmpfs cannot be mounted here: {done.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", place])
        return place

    def one_sentence(self, stderr, *parts):
        # Before it may come Open MPI's own line, and that the lock file could not be filled in.
        lines = [
            line for line in stderr.strip().splitlines() if not line.startswith(("mca_", "warning: the lock file"))
        ]
        self.assertEqual(len(lines), 1, stderr)
        self.assertTrue(lines[0].startswith("landscape_mpi: ") and lines[0][-1] in ".)", stderr)
        for part in parts:
            self.assertIn(part, lines[0])

    def refuse(self, arguments, *parts, limit=None, code=1):
        """On RANKS ranks, every one of which must end with the code."""
        command = [
            "mpirun",
            "-np",
            str(RANKS),
            "--bind-to",
            "none",
            "--quiet",
            "sh",
            "-c",
            WRAPPER,
            "sh",
            PROGRAM,
            *arguments,
        ]
        if limit is not None:
            at = command.index(PROGRAM)
            command[at:at] = ["prlimit", f"--fsize={limit}"]
        process = subprocess.run(
            command,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, "RC_FOLDER": self.folder},
        )
        self.one_sentence(process.stderr, *parts)
        for rank in range(RANKS):
            with open(self.path(f"rc.{rank}")) as file:
                self.assertEqual(int(file.read()), code, process.stderr)
            os.remove(self.path(f"rc.{rank}"))

    def start_long(self, name, *more):
        """A running job of which a round is done."""
        job = self.start_program(*LONG, "--directions=60", f"--output={name}", *more, ranks=RANKS)
        self.wait_for(lambda: n_complete(self.path(name)) > 0, job)
        return job

    def end_of(self, job):
        _, stderr = job.communicate(timeout=60)
        return job.returncode, stderr


class FullDisk(DiskTest):
    def test_a_file_that_does_not_fit_is_refused_and_nothing_stays(self):
        disk = self.mount("size=600k")
        self.refuse([*SMALL, "--directions=20000", "--output=disk/a.h5"], "disk/a.h5", "free")
        self.assertEqual(os.listdir(disk), [])
        self.run_program(*SMALL, "--directions=6", "--output=disk/a.h5")
        self.refuse([*SMALL, "--directions=20000", "--output=disk/a.h5", "--resume"], "disk/a.h5", "free")
        self.refuse([*SMALL, "--directions=20000", "--output=disk/a.h5", "--overwrite"], "disk/a.h5", "free")
        self.assertEqual(os.listdir(disk), ["a.h5"])
        self.run_program("verify", "disk/a.h5", "--all")

    def test_no_room_for_a_checkpoint_or_even_the_lock(self):
        disk = self.mount("size=64k")
        training = ["train", "--epochs=1000000", "--round-seconds=0.05", "--output=disk/a.h5"]
        self.refuse(training, "disk/a.h5", "free")
        self.assertEqual(os.listdir(disk), [])
        with open(os.path.join(disk, "filler"), "wb", buffering=0) as file, self.assertRaises(OSError):
            while True:
                file.write(bytes(4096))
        self.refuse(training, "disk/a.h5")
        self.assertEqual(os.listdir(disk), ["filler"])

    def test_a_disk_that_fills_up_while_the_job_runs_does_no_harm(self):
        """The file has its space from the start."""
        disk = self.mount("size=2m")
        self.run_program(*LONG, "--directions=60", "--output=whole.h5")
        job = self.start_long("disk/a.h5")
        with open(os.path.join(disk, "filler"), "wb", buffering=0) as file, self.assertRaises(OSError):
            while True:
                file.write(bytes(4096))
        self.assertLess(n_complete(self.path("disk/a.h5")), LONG_TOTAL)
        code, stderr = self.end_of(job)
        self.assertEqual(code, 0, stderr)
        self.assert_same_files("whole.h5", "disk/a.h5")


class ReadOnly(DiskTest):
    def test_a_read_only_disk(self):
        disk = self.mount("size=4m")
        self.run_program(*SMALL, "--directions=6", "--output=disk/a.h5")
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        for arguments in (
            ["--output=disk/b.h5"],
            ["--output=disk/a.h5", "--resume"],
            ["--output=disk/a.h5", "--overwrite"],
        ):
            with self.subTest(arguments=arguments):
                self.refuse([*SMALL, "--directions=6", *arguments], "disk", "Read-only")
        for command in ("info", "reduce", "verify"):
            self.run_program(command, "disk/a.h5")

    def as_nobody(self, *arguments):
        return subprocess.run(
            ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", PROGRAM, *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, "HOME": "/tmp"},
        )

    def test_another_users_files(self):
        if os.geteuid() != 0 or shutil.which("setpriv") is None:
            self.skipTest("needs root and setpriv")
        os.chmod(self.folder, 0o755)
        probe = self.as_nobody("--version")
        if probe.returncode != 0:
            self.skipTest(f"the program cannot be run by another user here: {probe.stderr.strip()}")
        self.run_program(*SMALL, "--directions=6", "--output=a.h5")
        os.chmod(self.path("a.h5"), 0o444)
        process = self.as_nobody(*SMALL, "--directions=6", "--output=b.h5")
        self.assertEqual(process.returncode, 1, process.stderr)
        self.one_sentence(process.stderr, "b.h5", "cannot be written")
        os.chmod(self.folder, 0o777)
        for extra in (["--resume"], ["--overwrite"], ["--resume", "--directions=8"]):
            more = [] if "--directions=8" in extra else ["--directions=6"]
            process = self.as_nobody(*SMALL, *more, "--output=a.h5", *extra)
            self.assertEqual(process.returncode, 1, process.stderr)
            self.one_sentence(process.stderr, "a.h5", "cannot be written")
        self.assertEqual(os.listdir(self.folder), ["a.h5"])
        self.assertEqual(self.as_nobody("info", "a.h5").returncode, 0)
        os.chmod(self.path("a.h5"), 0o000)
        process = self.as_nobody("info", "a.h5")
        self.assertEqual(process.returncode, 1)
        self.one_sentence(process.stderr, "a.h5")

    def test_a_file_made_immutable_while_the_job_runs(self):
        with open(self.path("probe"), "w"):
            pass
        if subprocess.run(["chattr", "+i", self.path("probe")], capture_output=True).returncode != 0:
            self.skipTest("this file system has no immutable files")
        subprocess.run(["chattr", "-i", self.path("probe")], check=True)
        job = self.start_long("a.h5")
        self.addCleanup(subprocess.run, ["chattr", "-i", self.path("a.h5")])
        subprocess.run(["chattr", "+i", self.path("a.h5")], check=True)
        code, stderr = self.end_of(job)
        self.assertEqual(code, 1, stderr)
        self.one_sentence(stderr)
        subprocess.run(["chattr", "-i", self.path("a.h5")], check=True)
        self.run_program("reduce", "a.h5")
        self.run_program(*LONG, "--directions=60", "--output=a.h5", "--resume")


class Removed(DiskTest):
    def test_the_output_is_removed_while_the_job_runs(self):
        job = self.start_long("a.h5")
        os.remove(self.path("a.h5"))
        code, stderr = self.end_of(job)
        self.assertEqual(code, 1, stderr)
        self.one_sentence(stderr, "a.h5")
        self.assertEqual(os.listdir(self.folder), [])

    def test_its_folder_is_removed_while_the_job_runs(self):
        os.mkdir(self.path("sub"))
        job = self.start_long("sub/a.h5")
        shutil.rmtree(self.path("sub"))
        code, stderr = self.end_of(job)
        self.assertEqual(code, 1, stderr)
        self.one_sentence(stderr, "a.h5")

    def test_the_folder_is_removed_during_the_training(self):
        os.mkdir(self.path("sub"))
        job = self.start_program("train", "--epochs=3000000", "--output=sub/a.h5", "--round-seconds=0.3", ranks=RANKS)
        self.wait_for(lambda: os.path.exists(self.path("sub/a.h5.lock")), job)
        shutil.rmtree(self.path("sub"))
        code, stderr = self.end_of(job)
        self.assertEqual(code, 1, stderr)
        self.one_sentence(stderr, "sub/a.h5")

    def test_another_file_takes_its_place(self):
        job = self.start_long("a.h5")
        os.remove(self.path("a.h5"))
        with open(self.path("a.h5"), "w") as file:
            file.write("precious")
        code, stderr = self.end_of(job)
        self.assertEqual(code, 1, stderr)
        self.one_sentence(stderr, "a.h5")
        with open(self.path("a.h5")) as file:
            self.assertEqual(file.read(), "precious")


class Limited(DiskTest):
    def test_a_file_size_limit_is_met_before_anything_is_written(self):
        for limit in (0, 1000, 100000):
            with self.subTest(limit=limit):
                self.refuse([*SMALL, "--directions=20000", "--output=a.h5"], "a.h5", "ulimit -f", limit=limit)
                self.assertEqual([name for name in os.listdir(self.folder) if not name.endswith(".lock")], [])

    def test_a_limit_that_comes_while_the_job_runs(self):
        """Every write fails from then on; the rounds before stay."""
        job = self.start_long("a.h5")
        ranks = children(job.pid)
        for pid in ranks:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (1000, 1000))
        code, stderr = self.end_of(job)
        self.assertEqual(code, 1, stderr)
        self.one_sentence(stderr)
        done = n_complete(self.path("a.h5"))
        self.assertTrue(0 < done < LONG_TOTAL, done)
        self.run_program("info", "a.h5")
        self.run_program("verify", "a.h5")
        self.run_program(*LONG, "--directions=60", "--output=a.h5", "--resume", ranks=3)
        self.run_program(*LONG, "--directions=60", "--output=whole.h5")
        self.assert_same_files("whole.h5", "a.h5")
        self.assertEqual(sorted(os.listdir(self.folder)), ["a.h5", "whole.h5"])


if __name__ == "__main__":
    main()
