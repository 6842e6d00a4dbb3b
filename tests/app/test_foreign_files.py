"""Nobody's file is lost: whatever lies around the output's name, a run takes away or replaces only this program's own.

Mixtures are drawn (Philox, seeded): names around the output's, kinds from an empty folder to a FIFO, and ways to run.
After every run each foreign entry is compared with what it was: type, inode, times, bytes, target. LANDSCAPE_MIXTURES
sets their number (10).
"""

import os
import platform
import shutil
import signal
import socket
import stat
import time
import unittest

import h5py
import numpy as np
from system import QUICK, SystemTest, main

MIXTURES = int(os.environ.get("LANDSCAPE_MIXTURES", "10"))
HANG = 60  # seconds
OUTPUT = "landscape.h5"
HOST = platform.node()
# A training of a fifth of a second that keeps checkpoints, and few profiles.
CASE = [
    "--epochs=1500",
    "--history-every=50",
    "--lbfgs-iterations=0",
    "--directions=6",
    "--grid=-1:1:9",
    "--bootstrap=50",
    "--round-seconds=0.01",
    "--threads=1",
    "--quiet",
]
NAMES = [
    OUTPUT,
    ".lock",
    ".lock",
    ".lock.bak",
    ".part-",
    ".part-notes",
    ".part-node3-77",
    f".part-{HOST}-4194304",
    ".part-node3-77.old",
    ".training-ritz.h5",
    ".training-galerkin.h5",
    ".training-ritz.h5.lock",
    ".training-ritz.h5.part-node3-77",
    f".training-galerkin.h5.part-{HOST}-4194304",
    ".training-mine.h5.part-node3-77",
    ".bak",
    "~",
    "-old",
]
IN_THE_WAY = {OUTPUT, OUTPUT + ".lock", OUTPUT + ".training-ritz.h5", OUTPUT + ".training-galerkin.h5"}


def empty(path):
    open(path, "w").close()


def text(path):
    with open(path, "w") as file:
        file.write("precious notes\n")


def long_text(path):
    with open(path, "w") as file:
        file.write("node3 4711 2026-01-01T00:00:00Z\n" * 2 + "x" * 9000)


def hdf5(path):
    with h5py.File(path, "w") as file:
        file["measured"] = np.arange(5.0)


def latest_hdf5(path):
    with h5py.File(path, "w", libver="latest", userblock_size=4096) as file:
        file.attrs["program"] = "another"
        file.create_group("minimizer/ritz")["theta"] = np.arange(5.0)


def folder_with_a_file(path):
    os.mkdir(path)
    text(os.path.join(path, "inside"))


def outside(path):
    """A file elsewhere."""
    name = os.path.join(os.path.dirname(path), "elsewhere-" + os.path.basename(path))
    text(name)
    return name


def link_to_a_file(path):
    os.symlink(outside(path), path)


def link_to_nothing(path):
    os.symlink("nowhere", path)


def link_to_a_folder(path):
    os.symlink(".", path)


def hard_link(path):
    os.link(outside(path), path)


def unreadable(path):
    text(path)
    os.chmod(path, 0)


def unix_socket(path):
    before = os.getcwd()
    os.chdir(os.path.dirname(path))  # the name of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(os.path.basename(path))
    finally:
        os.chdir(before)


KINDS = [
    empty,
    text,
    long_text,
    hdf5,
    latest_hdf5,
    os.mkdir,
    folder_with_a_file,
    link_to_a_file,
    link_to_nothing,
    link_to_a_folder,
    hard_link,
    os.mkfifo,
    unix_socket,
    unreadable,
]
N_ENTRIES = (1, 7)


def state_of(path):
    """Everything about one entry; folders with what is in them."""
    status = os.lstat(path)
    found = [stat.filemode(status.st_mode), status.st_ino, status.st_nlink]
    if stat.S_ISLNK(status.st_mode):
        found.append(os.readlink(path))
    elif stat.S_ISDIR(status.st_mode):
        found += [(name, state_of(os.path.join(path, name))) for name in sorted(os.listdir(path))]
    elif stat.S_ISREG(status.st_mode):
        with open(path, "rb") as file:
            found += [status.st_mtime_ns, file.read()]
    return found


class ForeignFilesTest(SystemTest):
    def snapshot(self):
        return {name: state_of(self.path(name)) for name in sorted(os.listdir(self.folder))}

    def assert_kept(self, before, what):
        now = self.snapshot()
        for name, state in before.items():
            self.assertIn(name, now, what)
            self.assertEqual(now[name], state, f"{what}: {name}")
        return now.keys() - before.keys()

    def assert_refused(self, arguments, code, *words):
        """One sentence, nothing changed, nothing new."""
        before = self.snapshot()
        error = self.run_program(*arguments, code=code, timeout=HANG).stderr
        self.assertEqual(self.assert_kept(before, arguments), set(), arguments)
        self.assertRegex(error, r"\Alandscape_mpi: [^\n]+\n\Z")
        for word in words:
            self.assertIn(word, error)


class Mixtures(ForeignFilesTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rng = np.random.Generator(np.random.Philox(key=[2103, 11070]))

    def own_output(self):
        return os.path.join(self.store, "whole.h5")

    def setUp(self):
        super().setUp()
        self.run_program(*CASE, f"--output={self.path('whole.h5')}")
        self.store = self.folder + "-store"
        os.mkdir(self.store)
        self.addCleanup(shutil.rmtree, self.store, ignore_errors=True)
        os.replace(self.path("whole.h5"), self.own_output())

    def mix(self):
        """Foreign entries of drawn kinds under drawn names. Returns what they are."""
        shutil.rmtree(self.folder)
        os.mkdir(self.folder)

        def copy_of_an_output(path):
            shutil.copy(self.own_output(), path)

        what = []
        for name in self.rng.choice(NAMES, int(self.rng.integers(*N_ENTRIES)), replace=False):
            full = name if name == OUTPUT else OUTPUT + name
            if os.path.lexists(self.path(full)):
                continue
            # A copy of an output is a foreign file under any name but the output's own.
            kinds = KINDS if full == OUTPUT else [*KINDS, copy_of_an_output]
            kind = kinds[int(self.rng.integers(len(kinds)))]
            kind(self.path(full))
            what.append(f"{full}: {kind.__name__}")
        return what

    def run_and_check(self, before, arguments, what):
        """Returns whether the run was refused: then with one sentence, and without a trace."""
        taken = {name for name in os.listdir(self.folder)}
        process = self.start_program(*arguments)
        stderr = process.communicate(timeout=HANG)[1]
        what = f"{what}, {' '.join(arguments[len(CASE):])} -> {process.returncode}, {stderr}"
        self.assertIn(process.returncode, (0, 1, 2), what)
        new = self.assert_kept(before, what)
        if process.returncode == 0:
            own = {OUTPUT}
            if os.path.islink(self.path(OUTPUT)):  # an output is written where its link leads
                own.add(os.readlink(self.path(OUTPUT)))
            self.assertLessEqual(new, own, what)
            return False
        self.assertRegex(stderr, r"\A(warning: [^\n]+\n)?landscape_mpi: [^\n]+\n\Z", what)
        self.assertEqual(set(os.listdir(self.folder)), taken, what)
        return True

    def kill_one(self, before, what):
        process = self.start_program(*CASE)
        deadline = time.time() + HANG
        while process.poll() is None and not os.path.lexists(self.path(OUTPUT + ".lock")):
            self.assertLess(time.time(), deadline, f"{what}: no lock and no end")
            time.sleep(0.002)
        time.sleep(0.4 * float(self.rng.random()))
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=HANG)
        self.assert_kept(before, f"{what}, killed")

    def one_mixture(self, trial):
        what = f"mixture {trial}: {self.mix()}"
        before = self.snapshot()
        blocked = bool(IN_THE_WAY & before.keys())
        ways = [
            CASE,
            [*CASE, "--overwrite"],
            [*CASE, "--resume"],
            [*CASE, "--dry-run"],
            [*CASE, "--overwrite", f"--minimizer={self.own_output()}"],
            [*CASE, "--no-such-option"],
            ["train", *CASE],
            ["info", OUTPUT],
        ]
        if trial % 3 == 0:
            self.kill_one(before, what)
            refused = self.run_and_check(before, [*CASE, "--resume"], what)
            self.assertEqual(refused, blocked, what)
        elif not blocked:
            self.assertFalse(self.run_and_check(before, CASE, what), what)
        for i in self.rng.choice(len(ways), 2, replace=False):
            self.run_and_check(before, ways[int(i)], what)

    def test_every_foreign_entry_stays_as_it_is(self):
        for trial in range(MIXTURES):
            self.one_mixture(trial)


class InTheWay(ForeignFilesTest):
    def test_another_files_lock_name_is_refused(self):
        for i, kind in enumerate(KINDS):
            name = f"{i}.h5"
            kind(self.path(name + ".lock"))
            with self.subTest(kind.__name__):
                self.assert_refused([*QUICK, f"--output={name}"], 1, name + ".lock", "move it away")

    def test_info_does_not_wait_in_a_fifo(self):
        self.run_program("train", *QUICK, "--losses=ritz")
        with h5py.File(self.path(OUTPUT), "r+") as file:
            file["state"][()] = b"running"
        os.mkfifo(self.path(OUTPUT + ".lock"))
        self.assertIn("broken off", self.run_program("info", OUTPUT, timeout=HANG).stdout)

    def test_a_checkpoints_name_is_refused_by_a_training_only(self):
        self.run_program("train", *QUICK, "--output=trained.h5")
        for i, kind in enumerate(KINDS):
            name = f"{i}.h5"
            kind(self.path(name + ".training-ritz.h5"))
            with self.subTest(kind.__name__):
                for extra in ([], ["--resume"], ["--dry-run"]):
                    arguments = [*QUICK, f"--output={name}", *extra]
                    self.assert_refused(arguments, 1, name + ".training-ritz.h5", "move it away")
                before = self.snapshot()
                self.run_program(*QUICK[2:], "--minimizer=trained.h5", f"--output={name}")
                self.assertEqual(self.assert_kept(before, name), {name})

    def test_the_output_of_something_else_is_not_overwritten(self):
        for i, kind in enumerate(KINDS):
            name = f"{i}.h5"
            kind(self.path(name))
            if not os.path.exists(self.path(name)):
                continue  # a link to a file that is yet to come leads there
            with self.subTest(kind.__name__):
                self.assert_refused([*QUICK, "--overwrite", f"--output={name}"], 2, name)
                self.assert_refused([*QUICK, f"--output={name}"], 2, name)

    def test_an_output_is_overwritten_whatever_became_of_it(self):
        self.run_program(*QUICK)
        with open(self.path(OUTPUT), "rb") as file:
            whole = file.read()
        for n in (len(whole), len(whole) // 2, 6000):
            with open(self.path(OUTPUT), "wb") as file:
                file.write(whole[:n])
            self.run_program(*QUICK, "--overwrite")
        self.assertEqual(os.listdir(self.folder), [OUTPUT])

    def test_a_training_checkpoint_is_no_output(self):
        self.run_program("train", "--epochs=1000000", "--losses=ritz", "--time-limit=0.5", code=75)
        self.assertEqual(os.listdir(self.folder), [OUTPUT + ".training-ritz.h5"])
        self.assert_refused([*QUICK, "--overwrite", f"--output={OUTPUT}.training-ritz.h5"], 2, "no output file")


class Inputs(ForeignFilesTest):
    def test_a_job_does_not_overwrite_what_it_reads(self):
        self.run_program(*QUICK, "--save-directions", "--output=a.h5")
        os.symlink("a.h5", self.path("link.h5"))
        os.link(self.path("a.h5"), self.path("hard.h5"))
        for option in ("--minimizer", "--minimizer-ritz", "--minimizer-galerkin", "--directions-from"):
            for output, given in (("a.h5", "a.h5"), ("a.h5", "link.h5"), ("link.h5", "a.h5"), ("a.h5", "hard.h5")):
                arguments = [f"--output={output}", f"{option}={given}", "--overwrite", "--grid=-1:1:9"]
                self.assert_refused(arguments, 2, f"{option} {given}", "choose another --output")

    def test_a_config_file_is_not_overwritten(self):
        with open(self.path("a.cfg"), "w") as file:
            file.write("directions = 3\n")
        os.symlink("a.cfg", self.path("link.cfg"))
        for output in ("a.cfg", "link.cfg"):
            self.assert_refused(["--config=a.cfg", f"--output={output}", "--overwrite"], 2, output)

    def test_a_checkpoint_that_is_loaded_stays(self):
        self.run_program("train", *QUICK, "--losses=ritz", "--output=a.h5")
        name = "b.h5.training-ritz.h5"
        with h5py.File(self.path("a.h5"), "r") as trained, h5py.File(self.path(name), "w") as checkpoint:
            trained.copy("minimizer", checkpoint)
            group = checkpoint.create_group("training")
            group.attrs.update({"checkpoint_version": 1, "loss": "ritz"})
        before = self.snapshot()
        self.run_program(*QUICK[2:], "--losses=ritz", f"--minimizer-ritz={name}", "--output=b.h5")
        self.assertEqual(self.assert_kept(before, name), {"b.h5"})


if __name__ == "__main__":
    main()
