"""--resume with more directions extends a file; every other change is refused; files of running and dead jobs are readable."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "app"))
import h5py
from system import MANY_ROUNDS, QUICK, SystemTest, contents, main, n_complete, text

SMALL = [word for word in QUICK if not word.startswith("--directions")]


def read(path):
    with open(path, "rb") as file:
        return file.read()


class Extend(SystemTest):
    def test_more_directions_extend_the_file_and_keep_its_rows(self):
        self.run_program(*SMALL, "--directions=10", "--output=whole.h5")
        self.run_program(*SMALL, "--directions=4", "--output=part.h5")
        before = contents(self.path("part.h5"))
        process = self.run_program(*SMALL, "--directions=10", "--output=part.h5", "--resume", ranks=3)
        self.assertIn("from 4 to 10 directions", process.stdout)
        self.assertIn(f"Evaluated   {2 * 6 * 9} losses", process.stdout)
        self.assert_same_files("whole.h5", "part.h5")
        self.assertEqual(
            contents(self.path("part.h5"))["minimizer/ritz training_seconds"], before["minimizer/ritz training_seconds"]
        )
        self.assertEqual(sorted(os.listdir(self.folder)), ["part.h5", "whole.h5"])
        self.run_program("verify", "part.h5", "--all")

    def test_missing_and_damaged_rows_are_computed_with_the_new_ones(self):
        self.run_program(*SMALL, "--directions=7", "--output=whole.h5")
        self.run_program(*SMALL, "--directions=5", "--output=part.h5")
        with h5py.File(self.path("part.h5"), "r+") as file:
            file["profiles/ritz/complete"][1, 2] = 0
            file["profiles/ritz/loss"][3, 3] += 1.0
        process = self.run_program(*SMALL, "--directions=7", "--output=part.h5", "--resume", ranks=2)
        self.assertIn(f"Evaluated   {(2 + 2 + 2) * 9} losses", process.stdout)
        self.assert_same_files("whole.h5", "part.h5")

    def test_stored_directions_are_extended_too(self):
        self.run_program(*SMALL, "--directions=6", "--output=whole.h5", "--save-directions")
        self.run_program(*SMALL, "--directions=3", "--output=a.h5", "--save-directions")
        self.run_program(*SMALL, "--directions=3", "--output=b.h5")
        self.run_program(*SMALL, "--directions=6", "--output=a.h5", "--resume", ranks=2)
        self.run_program(*SMALL, "--directions=6", "--output=b.h5", "--resume", "--save-directions")
        self.assert_same_files("whole.h5", "a.h5")
        self.assert_same_files("whole.h5", "b.h5")

    def test_extended_stopped_and_resumed(self):
        self.run_program(*MANY_ROUNDS, "--directions=24", "--output=whole.h5", "--quiet")
        self.run_program(*MANY_ROUNDS, "--directions=4", "--output=part.h5", "--quiet")
        process = self.start_program(*MANY_ROUNDS, "--directions=24", "--output=part.h5", "--resume", ranks=2)
        self.wait_for(lambda: n_complete(self.path("part.h5")) > 2 * 4 * 11, process)
        self.kill_group(process)
        self.assertLess(n_complete(self.path("part.h5")), 2 * 24 * 11)
        self.run_program(*MANY_ROUNDS, "--directions=24", "--output=part.h5", "--resume", ranks=3)
        self.assert_same_files("whole.h5", "part.h5")

    def test_other_changes_are_refused_and_shown(self):
        self.run_program(*SMALL, "--directions=4", "--output=a.h5")
        before = read(self.path("a.h5"))
        for change, words in (
            (["--directions=3"], ["directions was 4 and is now 3"]),
            (["--directions=8", "--seed=2"], ["seed was 1 and is now 2", "directions was 4 and is now 8"]),
            (["--directions=4", "--grid=-1:1:11"], ["grid was -1:1:9 and is now -1:1:11"]),
            (["--directions=4", "--losses=ritz"], ["losses was ritz,galerkin and is now ritz"]),
            (["--directions=8", "--losses=ritz"], ["losses was"]),
            (["--directions=4", "--norm=layer", "--bias=random"], ["norm was filter", "bias was zero"]),
            (["--directions=4", "--learning-rate=0.1"], ["learning-rate was 0.001 and is now 0.1"]),
            (["--directions=4", "--bootstrap=200"], ["bootstrap was"]),
        ):
            with self.subTest(change=change):
                names = {word.split("=")[0] for word in change}
                kept = [word for word in SMALL if word.split("=")[0] not in names]
                process = self.run_program(*kept, "--output=a.h5", "--resume", *change, code=2)
                for word in words:
                    self.assertIn(word, process.stderr)
                self.assertEqual(len(process.stderr.splitlines()), 1)
                self.assertEqual(read(self.path("a.h5")), before)

    def test_an_altered_file_is_not_extended(self):
        self.run_program(*SMALL, "--directions=4", "--output=a.h5")
        with h5py.File(self.path("a.h5"), "r+") as file:
            file["more"] = [1.0]
        process = self.run_program(*SMALL, "--directions=6", "--output=a.h5", "--resume", ranks=2, code=1)
        self.assertIn("a.h5", process.stderr)
        self.assertEqual(os.listdir(self.folder), ["a.h5"])


class Reading(SystemTest):
    def check_readable(self, name, state):
        info = self.run_program("info", name).stdout
        self.assertRegex(info, f"State       {state}")
        self.assertIn("roughness index", self.run_program("reduce", name).stdout)
        self.run_program("verify", name)
        with h5py.File(self.path(name), "r") as file:
            self.assertEqual(text(file["state"][()]), "running")

    def test_files_of_a_running_and_of_a_dead_job(self):
        case = [*MANY_ROUNDS, "--directions=400", "--output=live.h5"]
        process = self.start_program(*case, ranks=2)
        self.wait_for(lambda: n_complete(self.path("live.h5")) > 2 * 3 * 11, process)
        self.check_readable("live.h5", f"being written by process \\d+ on {os.uname().nodename} since ")
        self.assertIsNone(process.poll(), "the job was over before it was read")
        self.kill_group(process)
        self.check_readable("live.h5", "broken off; go on with --resume")


class DryRun(SystemTest):
    def test_it_touches_nothing_whatever_is_there(self):
        self.run_program(*SMALL, "--directions=4", "--output=a.h5")
        stamp = lambda: {
            name: (os.stat(self.path(name)).st_mtime_ns, read(self.path(name))) for name in os.listdir(self.folder)
        }
        before = stamp()
        for extra in (["--resume"], ["--overwrite"], ["--resume", "--directions=9"], ["--output=b.h5"]):
            for ranks in (None, 2):
                with self.subTest(extra=extra, ranks=ranks):
                    directions = [] if any(word.startswith("--directions") for word in extra) else ["--directions=4"]
                    self.run_program(
                        *SMALL,
                        *directions,
                        "--output=a.h5" if "--output=b.h5" not in extra else "--output=c.h5",
                        *[word for word in extra if not word.startswith("--output")],
                        "--dry-run",
                        ranks=ranks,
                    )
                    self.assertEqual(stamp(), before)
        self.run_program("train", *SMALL, "--output=t.h5", "--dry-run")
        self.assertEqual(stamp(), before)


if __name__ == "__main__":
    main()
