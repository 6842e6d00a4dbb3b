"""Two jobs on one output: the second is told which host and process holds it, and the first does not notice."""

import os
import re
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "app"))
from system import MANY_ROUNDS, SystemTest, children, main, n_complete

CASE = [*MANY_ROUNDS, "--directions=60"]


class TwoJobs(SystemTest):
    def refuse(self, holder, *arguments, ranks=None):
        process = self.run_program(*CASE, *arguments, ranks=ranks, code=1, timeout=60)
        self.assertEqual(len(process.stderr.splitlines()), 1, process.stderr)
        found = re.search(
            r"is being written by process (\d+) on (\S+) since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", process.stderr
        )
        self.assertTrue(found, process.stderr)
        self.assertIn(int(found[1]), holder)
        self.assertEqual(found[2], os.uname().nodename)

    def test_the_second_is_refused_and_the_first_is_undisturbed(self):
        self.run_program(*CASE, "--output=whole.h5", "--quiet")
        first = self.start_program(*CASE, "--output=shared.h5", "--quiet", ranks=2)
        self.wait_for(lambda: n_complete(self.path("shared.h5")) > 0, first)
        ranks = children(first.pid)
        os.symlink("shared.h5", self.path("other-name.h5"))
        for pid in ranks:  # it stands still, so that all of this happens while it runs
            os.kill(pid, signal.SIGSTOP)
        done = n_complete(self.path("shared.h5"))
        self.refuse(ranks, "--output=shared.h5")
        self.refuse(ranks, "--output=shared.h5", "--resume", ranks=2)
        self.refuse(ranks, "--output=shared.h5", "--overwrite", ranks=3)
        self.refuse(ranks, "--output=shared.h5", "--overwrite", "--seed=2")
        self.refuse(ranks, "--output=other-name.h5", "--resume")
        process = self.run_program("train", *CASE, "--output=shared.h5", "--overwrite", code=1)
        self.assertIn("is being written by process", process.stderr)
        self.assertEqual(n_complete(self.path("shared.h5")), done)
        self.assertLess(done, 2 * 60 * 11)
        for pid in ranks:
            os.kill(pid, signal.SIGCONT)
        _, stderr = first.communicate(timeout=60)
        self.assertEqual(first.returncode, 0, stderr)
        self.assert_same_files("whole.h5", "shared.h5")
        os.remove(self.path("other-name.h5"))
        self.assertEqual(sorted(os.listdir(self.folder)), ["shared.h5", "whole.h5"])

    def test_a_job_that_trains_holds_the_output_that_is_not_there_yet(self):
        first = self.start_program("--epochs=100000000", "--output=shared.h5", ranks=2)
        self.wait_for(
            lambda: os.path.exists(self.path("shared.h5.lock")) and os.path.getsize(self.path("shared.h5.lock")) > 0,
            first,
        )
        self.refuse(children(first.pid), "--output=shared.h5", ranks=2)
        self.assertIsNone(first.poll())
        first.send_signal(signal.SIGUSR1)  # which mpirun passes on
        first.communicate(timeout=60)
        self.assertEqual(first.returncode, 75)

    def test_of_two_started_at_once_one_wins(self):
        for trial in range(3):
            jobs = [self.start_program(*CASE, f"--output=race{trial}.h5", "--quiet") for _ in range(3)]
            outcomes = [job.communicate(timeout=120)[1] for job in jobs]
            codes = [job.returncode for job in jobs]
            self.assertEqual(codes.count(0), 1, outcomes)
            for code, stderr in zip(codes, outcomes):
                if code != 0:  # refused by the lock, or (code 2) by the file that the winner has left
                    self.assertRegex(stderr, r"^landscape_mpi: .*(is being written by|exists: give).*\n$")
        for trial in range(1, 3):
            self.assert_same_files("race0.h5", f"race{trial}.h5")


if __name__ == "__main__":
    main()
