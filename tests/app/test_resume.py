"""Interrupted and resumed equals uninterrupted, bit for bit, however the job ended."""

import os
import signal
import time

import h5py
from system import QUICK, SystemTest, main, n_complete, text

# A second or two of evaluation on one core; the minimizer comes from prepare().
LONG = [
    "--minimizer=net.h5",
    "--quadrature=sobol:8000",
    "--directions=30",
    "--grid=-1:1:21",
    "--bootstrap=100",
    "--round-seconds=0.1",
]


class Resume(SystemTest):
    def prepare(self):
        self.run_program(
            "train",
            "--dimension=4",
            "--width=16",
            "--epochs=5",
            "--lbfgs-iterations=0",
            "--train-quadrature=sobol:64",
            "--quadrature=sobol:64",
            "--output=net.h5",
        )
        self.run_program(*LONG, "--output=whole.h5", "--quiet")

    def finish(self, case, name, ranks, code=0):
        return self.run_program(*case, f"--output={name}", "--resume", ranks=ranks, code=code)

    def test_missing_rows_are_computed_and_nothing_else(self):
        self.run_program(*QUICK, "--output=whole.h5")
        self.run_program(*QUICK, "--output=part.h5")
        with h5py.File(self.path("part.h5"), "r+") as file:
            for loss, rows in (("ritz", [0, 3]), ("galerkin", [2, 4, 5])):
                for row in rows:
                    file[f"profiles/{loss}/complete"][row, 1:] = 0
                    file[f"profiles/{loss}/loss"][row, :] = 7.0
            file["profiles/ritz/loss"][5, 5] += 1.0  # altered: does not match its checksum
        text = self.finish(QUICK, "part.h5", ranks=3).stdout
        self.assertIn(f"Evaluated   {9 * 6} losses", text)
        self.assert_same_files("whole.h5", "part.h5")

    def test_directions_are_stored_as_the_file_was_laid_out(self):
        self.run_program(*QUICK, "--output=whole.h5", "--save-directions")
        for name, first, then in (("a.h5", ["--save-directions"], []), ("b.h5", [], ["--save-directions"])):
            self.run_program(*QUICK, f"--output={name}", *first)
            with h5py.File(self.path(name), "r+") as file:
                file["profiles/ritz/complete"][1, :] = 0
                if first:
                    file["profiles/ritz/direction"][1, :] = 0.0
            header = self.finish([*QUICK, *then], name, ranks=2).stdout
            self.assertEqual("--save-directions stores nothing here" in header, bool(then))
        self.assert_same_files("whole.h5", "a.h5")
        self.run_program("verify", "b.h5", "--all")

    def test_a_complete_file_is_reported_again(self):
        self.run_program(*QUICK, "--output=whole.h5")
        self.run_program(*QUICK, "--output=again.h5")
        self.assertIn("roughness index", self.finish(QUICK, "again.h5", ranks=2).stdout)
        self.assert_same_files("whole.h5", "again.h5")

    def test_without_a_file_the_job_begins_anew(self):
        self.assertIn("begun anew", self.finish(QUICK, "new.h5", ranks=1).stdout)

    def test_other_directions_under_the_same_name_are_refused(self):
        for seed in (1, 2):
            self.run_program(*QUICK, f"--output=d{seed}.h5", f"--seed={seed}", "--save-directions")
        given = ["--minimizer=d1.h5", "--directions-from=d.h5", "--grid=-1:1:9", "--bootstrap=100"]
        os.rename(self.path("d1.h5"), self.path("d.h5"))
        os.symlink("d.h5", self.path("d1.h5"))
        self.run_program(*given, "--output=a.h5")
        self.run_program(*given, "--output=a.h5", "--resume")
        os.rename(self.path("d2.h5"), self.path("d.h5"))
        self.assertIn(
            "direction 0 of 'd.h5'", self.run_program(*given, "--output=a.h5", "--resume", code=2, ranks=2).stderr
        )
        os.remove(self.path("d.h5"))
        self.run_program("verify", "a.h5", "--all")  # needs nothing but the file

    def test_time_limit_during_the_profiles(self):
        self.prepare()
        process = self.run_program(*LONG, "--output=part.h5", "--time-limit=0.4", ranks=2, code=75)
        self.assertRegex(
            process.stderr, r"^landscape_mpi: stopped by the time limit with [\d ]+ of 1 260 losses left.*--resume\.\n$"
        )
        with h5py.File(self.path("part.h5"), "r") as file:
            self.assertEqual(text(file.attrs["state"]), "stopped")
            self.assertEqual(text(file["roughness/ritz"].attrs["state"]), "pending")
        self.assertIn("stopped early", self.run_program("info", "part.h5").stdout)
        self.run_program("reduce", "part.h5")
        self.finish(LONG, "part.h5", ranks=3)
        self.assert_same_files("whole.h5", "part.h5")

    def test_signal_during_the_profiles(self):
        self.prepare()
        process = self.start_program(*LONG, "--output=part.h5", ranks=2)
        self.wait_for(lambda: n_complete(self.path("part.h5")) > 0, process)
        process.send_signal(signal.SIGUSR1)
        _, stderr = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 75, stderr)
        self.assertIn("SIGUSR1", stderr)
        self.assertLess(n_complete(self.path("part.h5")), 1260)
        self.finish(LONG, "part.h5", ranks=1)
        self.assert_same_files("whole.h5", "part.h5")

    def test_kill_during_the_profiles(self):
        self.prepare()
        process = self.start_program(*LONG, "--output=part.h5", ranks=2)
        self.wait_for(lambda: n_complete(self.path("part.h5")) > 0, process)
        self.kill_group(process)
        done = n_complete(self.path("part.h5"))
        self.assertTrue(0 < done < 1260, done)
        self.assertIn("broken off", self.run_program("info", "part.h5").stdout)
        self.finish(LONG, "part.h5", ranks=2)
        self.assert_same_files("whole.h5", "part.h5")
        self.assertEqual(sorted(set(os.listdir(self.folder)) - {"net.h5"}), ["part.h5", "whole.h5"])

    def test_stop_during_the_training(self):
        case = [*QUICK, "--epochs=30000", "--history-every=50", "--lbfgs-iterations=20"]
        case.remove("--epochs=300")
        case.remove("--lbfgs-iterations=0")
        self.run_program(*case, "--output=whole.h5")
        code, runs = 75, 0
        while code == 75 and runs < 50:
            process = self.start_program(*case, "--output=part.h5", "--resume", ranks=2)
            self.wait_for(lambda: os.path.exists(self.path("part.h5.lock")) or process.poll() is not None, process)
            time.sleep(0.3)
            process.send_signal(signal.SIGUSR1)
            stdout, stderr = process.communicate(timeout=60)
            code = process.returncode
            # mpirun on its way out no longer passes the signal on.
            self.assertIn(code, (0, 75, -signal.SIGUSR1), stderr)
            runs += 1
        self.assertGreater(runs, 1, "the training was over before it could be stopped")
        if code != 0:
            self.finish(case, "part.h5", ranks=2)
        self.assert_same_files("whole.h5", "part.h5")
        self.assertEqual(sorted(set(os.listdir(self.folder)) - {"net.h5"}), ["part.h5", "whole.h5"])


if __name__ == "__main__":
    main()
