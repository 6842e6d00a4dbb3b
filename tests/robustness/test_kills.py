"""SIGKILL at random moments: one rank, or all ranks and mpirun. What was written stays readable and right, and --resume on another number
of ranks ends with the bits of a job that was left alone.

The moments are drawn (Philox, seeded) within phases that are recognised by what lies in the folder: starting, training,
training with a checkpoint, first round, later rounds, closing. How long a phase may take, and how long a job may hang,
follows what whole jobs take on this machine while the test runs. LANDSCAPE_KILLS sets the number of kills of each kind
(50); after LANDSCAPE_KILL_SECONDS (700) there are no more of them, once there were LEAST_KILLS.
"""

import collections
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "app"))
import h5py
import numpy as np
from system import PROGRAM, SOURCE, TIMES, SystemTest, children, contents, last_part, main, n_complete, name_of, stacks

KILLS = int(os.environ.get("LANDSCAPE_KILLS", "50"))
DIRECTIONS, STEPS = 150, 21
TOTAL = 2 * DIRECTIONS * STEPS
# Half a second of training with a checkpoint every 0.04 s, then half a second of evaluation in rounds of 0.04 s.
CASE = [
    "--epochs=4000",
    "--history-every=100",
    "--lbfgs-iterations=5",
    f"--directions={DIRECTIONS}",
    f"--grid=-1:1:{STEPS}",
    "--quadrature=simpson:1000",
    "--bootstrap=50",
    "--round-seconds=0.04",
    "--threads=1",
    "--quiet",
]
LEAST_KILLS = 14  # two of each phase
MOST_SECONDS = float(os.environ.get("LANDSCAPE_KILL_SECONDS", "700"))
QUIET_JOB = 1.5  # seconds of a whole job where nothing else runs

# What must lie in the folder before the clock of a phase starts, and the longest time from there to the kill, on a
# quiet machine.
PHASES = {
    "starting": (lambda test: True, 0.6),
    "training": (lambda test: test.exists("a.h5.lock"), 0.3),
    "training with a checkpoint": (lambda test: test.exists("a.h5.training-ritz.h5"), 0.3),
    "creating": (lambda test: test.exists("a.h5.training-galerkin.h5"), 0.4),
    "first round": (lambda test: test.exists("a.h5"), 0.05),
    "later rounds": (lambda test: n_complete(test.path("a.h5")) > 200, 0.2),
    "closing": (lambda test: n_complete(test.path("a.h5")) == TOTAL, 0.01),
}


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


class Kills(SystemTest):
    reference = None
    job_seconds = QUIET_JOB  # of the last whole jobs, the slower ones counting longer

    def whole_job(self, *arguments, ranks):
        """Runs to the end, and measures how busy the machine is."""
        start = time.time()
        self.run_program(*CASE, *arguments, ranks=ranks, timeout=self.patience())
        Kills.job_seconds = max(QUIET_JOB, time.time() - start, 0.8 * Kills.job_seconds)

    def patience(self):
        """Seconds after which a job hangs."""
        return 60 + 20 * self.job_seconds

    def exists(self, name):
        return os.path.exists(self.path(name))

    def setUp(self):
        super().setUp()
        if Kills.reference is None:
            self.whole_job("--output=whole.h5", ranks=2)
            Kills.reference = contents(self.path("whole.h5"))
            os.remove(self.path("whole.h5"))

    def check_kept(self, what):
        """The output opens, and every loss that is marked is the reference's, bit for bit. Returns the number marked."""
        self.assertIn("Settings", self.run_program("info", "a.h5", timeout=self.patience()).stdout, what)
        marked = 0
        with h5py.File(self.path("a.h5"), "r") as file:
            for loss in ("ritz", "galerkin"):
                group = file[f"profiles/{loss}"]
                done = group["complete"][()] == 1
                expected = np.frombuffer(self.reference[f"profiles/{loss}/loss"][2]).reshape(done.shape)
                self.assertEqual(group["loss"][()][done].tobytes(), expected[done].tobytes(), what)
                for name, tensor in file[f"minimizer/{loss}/parameters"].items():
                    expected = self.reference[f"minimizer/{loss}/parameters/{name}"][2]
                    self.assertEqual(tensor[()].tobytes(), expected, what)
                marked += int(done.sum())
        return marked

    def one_kill(self, trial, rng, all_of_them, tally):
        phase = list(PHASES)[trial % len(PHASES)]
        reached, longest = PHASES[phase]
        n_ranks = int(rng.integers(2, 4))
        longest *= self.job_seconds / QUIET_JOB
        delay, victim, n_next = longest * rng.random(), int(rng.integers(n_ranks)), int(rng.integers(1, 3))
        n_next += n_next >= n_ranks  # another number than before, from 1 to 3
        process = self.start_program(*CASE, "--output=a.h5", ranks=n_ranks)
        deadline = time.time() + self.patience()
        while process.poll() is None and not (len(children(process.pid)) >= n_ranks and reached(self)):
            if time.time() > deadline:
                self.fail(f"{phase}: never reached\n{stacks(process.pid)}")
            time.sleep(0.002)
        time.sleep(delay)
        ranks = children(process.pid)
        what = f"trial {trial}: {phase} + {delay:.3f} s, {n_ranks} ranks, then {n_next}"
        victims = [process.pid, *ranks] if all_of_them else [ranks[victim]] if len(ranks) == n_ranks else []
        for pid in victims if process.poll() is None else []:  # else the numbers may belong to strangers by now
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.output_of(process, self.patience())
        deadline = time.time() + self.patience()
        while any(is_alive(pid) for pid in ranks):  # mpirun ends the others; dead ranks take no file with them
            self.assertLess(time.time(), deadline, f"{what}: ranks go on")
            time.sleep(0.005)
        if process.returncode == 0:
            self.assertEqual(n_complete(self.path("a.h5")), TOTAL, what)
            tally["it had finished"] += 1
        elif not self.exists("a.h5"):
            tally["training, with a checkpoint" if self.exists("a.h5.training-ritz.h5") else "before any file"] += 1
        else:
            marked = self.check_kept(what)
            tally[
                (
                    "no loss marked yet"
                    if marked == 0
                    else "all losses marked" if marked == TOTAL else "some losses marked"
                )
            ] += 1
        self.whole_job("--output=a.h5", "--resume", ranks=None if n_next == 1 else n_next)
        self.assertEqual(os.listdir(self.folder), ["a.h5"], what)
        found = contents(self.path("a.h5"))
        different = [
            name for name in sorted(found.keys() | self.reference.keys()) if found.get(name) != self.reference.get(name)
        ]
        self.assertEqual([name for name in different if last_part(name) not in TIMES], [], what)
        os.remove(self.path("a.h5"))

    def kill_often(self, all_of_them):
        rng = np.random.Generator(np.random.Philox(key=[2103, 11069 + all_of_them]))
        tally, start = collections.Counter(), time.time()
        for trial in range(KILLS):
            if trial >= LEAST_KILLS and time.time() - start > MOST_SECONDS:
                print(f"only {trial} of {KILLS} kills: the machine is busy")
                break
            self.one_kill(trial, rng, all_of_them, tally)
        n = sum(tally.values())
        print(
            f"{n} kills in {time.time() - start:.0f} s: "
            + "; ".join(f"{count} {name}" for name, count in sorted(tally.items()))
        )
        if n >= LEAST_KILLS:
            self.assertLess(tally["it had finished"], n // 2, "too few jobs were killed before their end")
        if n >= 50:
            self.assertLess(tally["it had finished"], n // 3, "too few jobs were killed before their end")
            self.assertGreater(tally["some losses marked"], 2, "no job was killed between two rounds")
            self.assertGreater(tally["training, with a checkpoint"], 2, "no job was killed while it trained")

    def test_one_rank_is_killed(self):
        self.kill_often(False)

    def test_mpirun_ends_where_a_rank_is_killed_while_it_starts(self):
        """Within 0.08 s of the ranks' start mpirun then waits for ever now and then, in 5 of 100 times with PMIx's
        default store, which is taken here; jobs/launch.sh ends it."""
        launch = os.path.join(SOURCE, "jobs", "launch.sh")
        command = ["bash", "-c", 'source "$0"; launch "$@"', launch, PROGRAM, *CASE, "--output=a.h5"]
        env = {"LANDSCAPE_LAUNCHER": "mpirun", "PMIX_MCA_gds": ""}

        def ranks(process):
            mpirun = [pid for pid in children(process.pid) if name_of(pid) == "mpirun"]
            return [rank for pid in mpirun for rank in children(pid)]

        rng = np.random.Generator(np.random.Philox(key=[2103, 1244]))
        n_ended = 0
        for _ in range(KILLS):
            n_ranks = int(rng.integers(2, 4))
            process = self.start_program(command=command, env={**env, "SLURM_NTASKS": str(n_ranks)})
            while process.poll() is None and len(ranks(process)) < n_ranks:
                time.sleep(0.002)
            time.sleep(0.08 * rng.random())
            if len(started := ranks(process)) == n_ranks:
                os.kill(started[int(rng.integers(n_ranks))], signal.SIGKILL)
            start = time.time()
            self.output_of(process, self.patience())
            n_ended += time.time() - start > 10
        print(f"{n_ended} of {KILLS} times mpirun had to be ended")

    def test_all_ranks_and_mpirun_are_killed(self):
        self.kill_often(True)

    def test_a_killed_training_goes_on_from_its_checkpoint(self):
        """A resumed training that is stopped at once is not behind the checkpoint it began with."""
        case = [
            "train",
            "--epochs=1000000",
            "--history-every=50",
            "--losses=ritz",
            "--round-seconds=0.05",
            "--output=a.h5",
        ]

        def epoch():
            with h5py.File(self.path("a.h5.training-ritz.h5"), "r") as file:
                return int(file["training"].attrs["epoch"])

        process = self.start_program(*case, ranks=2)
        self.wait_for(lambda: self.exists("a.h5.training-ritz.h5") and epoch() > 20000, process)
        self.kill_group(process)
        killed_at = epoch()
        self.run_program(*case, "--resume", "--time-limit=0.001", ranks=3, code=75)
        self.assertTrue(killed_at <= epoch() <= killed_at + 1000, f"{killed_at}, then {epoch()}")


if __name__ == "__main__":
    main()
