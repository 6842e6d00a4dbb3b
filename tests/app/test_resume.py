"""Interrupted and resumed equals uninterrupted, bit for bit, however the job ended."""

import os
import re
import shutil
import signal
import time

import h5py
from system import MANY_ROUNDS, QUICK, SystemTest, main, n_complete, result_states, state_dict, text, write_safetensors

# A second or two of evaluation on one core; the minimizer comes from prepare().
LONG = [
    "--minimizer=net.h5",
    "--quadrature=sobol:8000",
    "--directions=30",
    "--grid=-1:1:21",
    "--bootstrap=100",
    "--round-seconds=0.1",
]


def save_minimizer(path, network, loss):
    """The minimizer of an output file as safetensors."""
    with h5py.File(network, "r") as file:
        group = file[f"minimizer/{loss}"]
        metadata = {key: text(group.attrs[key]) for key in ("network", "activation")}
        write_safetensors(path, state_dict(group), metadata)


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

    def finish_what_was_left(self, name, stderr, ranks):
        """The resumed job evaluates as many losses as the stopped one left, and info says so too."""
        number = lambda words: int(words.replace(" ", ""))
        left = number(re.search(r"with ([\d ]+) of 1 260 losses left", stderr)[1])
        done = re.findall(r"([\d ]+) of 630 losses done", self.run_program("info", name).stdout)
        self.assertEqual(sum(number(words) for words in done), 1260 - left)
        stdout = self.finish(LONG, name, ranks).stdout
        self.assertEqual(number(re.search(r"Evaluated +([\d ]+) losses", stdout)[1]), left)

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

    def test_a_file_is_gone_on_with_by_its_own_settings(self):
        self.run_program("train", *QUICK, "--output=net.h5")
        for command, case in (("roughness", ["--minimizer=net.h5"]), ("sweep", ["--minimizer=net.h5"]), ("roughness", [])):
            options = [o for o in QUICK if not o.startswith("--directions")] + case
            if command == "sweep":
                options = [o for o in options if not o.startswith("--grid")] + ["--sweep-radius=0.1,1", "--sweep-intervals=5,10"]
            for directions, name in ((6, "part.h5"), (6, "whole.h5"), (9, "more.h5")):
                self.run_program(command, *options, f"--output={name}", f"--directions={directions}", "--overwrite")
            with h5py.File(self.path("part.h5"), "r+") as file:
                file["profiles/ritz/complete"][2, 1:] = 0
            os.rename(self.path("net.h5"), self.path("elsewhere.h5"))
            self.run_program("resume", "part.h5", ranks=3)
            self.assert_same_files("whole.h5", "part.h5")
            self.run_program("resume", "part.h5", "--directions=9", ranks=2)
            self.assert_same_files("more.h5", "part.h5")
            os.rename(self.path("elsewhere.h5"), self.path("net.h5"))
        self.assertIn("part.h5", self.run_program("resume", "part.h5", "--dry-run").stdout)

    def test_what_cannot_be_gone_on_with_is_said_in_one_sentence(self):
        self.run_program(*QUICK, "--output=a.h5")
        for arguments, code, words in (
            (["resume"], 2, "resume needs a file"),
            (["resume", "none.h5"], 1, "'none.h5' cannot be opened"),
            (["resume", "a.h5", "--output=b.h5"], 2, "cannot go with --output"),
            (["resume", "a.h5", "--overwrite"], 2, "cannot go with --overwrite"),
            (["resume", "a.h5", "--seed=7"], 2, "is another calculation: seed was 1 and is now 7"),
            (["resume", "a.h5", "--width=7"], 2, "is another calculation: width was"),
        ):
            with self.subTest(arguments=arguments):
                stderr = self.run_program(*arguments, code=code).stderr
                self.assertRegex(stderr, rf"\Alandscape_mpi: [^\n]*{words}[^\n]*\n\Z")

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
        given = ["--minimizer=m.h5", "--directions-from=d.h5", "--grid=-1:1:9", "--bootstrap=100"]
        os.rename(self.path("d1.h5"), self.path("d.h5"))
        shutil.copy(self.path("d.h5"), self.path("m.h5"))
        self.run_program(*given, "--output=a.h5")
        self.run_program(*given, "--output=a.h5", "--resume")
        os.rename(self.path("d2.h5"), self.path("d.h5"))
        self.assertIn(
            "direction 0 of 'd.h5'", self.run_program(*given, "--output=a.h5", "--resume", code=2, ranks=2).stderr
        )
        os.remove(self.path("d.h5"))
        self.run_program("verify", "a.h5", "--all")  # needs nothing but the file

    def check_nothing_stale(self, name):
        """No group says that it holds results, and no command shows any that are not of the rows as they are."""
        states = result_states(self.path(name))
        self.assertEqual({group: state for group, state in states.items() if state != "pending"}, {})
        info = self.run_program("info", name).stdout
        for group in states:
            if group.count("/") == 1:
                self.assertIn(f"\n{group}: pending\n", info)

    def test_results_of_a_stopped_job_are_pending(self):
        stopped = ["--resume", "--time-limit=0.001"]
        cases = {
            "plain": [*QUICK, "--until-ci=1e-6", "--max-directions=6"],
            "sets": [*QUICK, "--quadrature=sobol:64", "--point-sets=2", "--reference-quadrature=gauss:32"],
            "sweep": [
                "sweep",
                *[word for word in QUICK if not word.startswith("--grid")],
                "--sweep-radius=0.1,1",
                "--sweep-intervals=4,8",
            ],
        }
        for name, case in cases.items():
            with self.subTest(name):
                output = f"--output={name}.h5"
                self.run_program(*case, output)
                shutil.copy(self.path(f"{name}.h5"), self.path("whole.h5"))
                self.assertEqual(set(result_states(self.path(f"{name}.h5")).values()), {"complete"})
                with h5py.File(self.path(f"{name}.h5"), "r+") as file:
                    file["profiles/ritz/complete"][1, 1:] = 0
                self.run_program(*case, output, *stopped, ranks=2, code=75)
                self.check_nothing_stale(f"{name}.h5")
                if name != "sweep":
                    self.assertIn("5 of 6", self.run_program("reduce", f"{name}.h5").stdout)
                self.run_program(*case, output, "--resume")
                self.assert_same_files("whole.h5", f"{name}.h5")
                more = [word.replace("directions=6", "directions=9") for word in case]
                self.run_program(*more, output, *stopped, code=75)
                self.check_nothing_stale(f"{name}.h5")

    def test_results_of_a_killed_job_are_pending(self):
        self.prepare()
        shutil.copy(self.path("whole.h5"), self.path("part.h5"))
        with h5py.File(self.path("part.h5"), "r+") as file:
            for loss in ("ritz", "galerkin"):
                file[f"profiles/{loss}/complete"][1:, :] = 0
        before = n_complete(self.path("part.h5"))
        process = self.start_program(*LONG, "--output=part.h5", "--resume", ranks=2)
        self.wait_for(lambda: n_complete(self.path("part.h5")) > before, process)
        self.kill_group(process)
        self.assertLess(n_complete(self.path("part.h5")), 1260)
        self.check_nothing_stale("part.h5")
        self.finish(LONG, "part.h5", ranks=2)
        self.assert_same_files("whole.h5", "part.h5")

    def test_a_file_keeps_the_goal_that_it_was_begun_with(self):
        case = [*MANY_ROUNDS, "--directions=20", "--until-ci=1e-6", "--max-directions=40"]
        self.run_program(*case, "--output=whole.h5")
        process = self.start_program(*case, "--output=a.h5")
        self.wait_for(lambda: n_complete(self.path("a.h5")) > 0, process)
        process.send_signal(signal.SIGINT)
        self.output_of(process, 60)
        self.assertEqual(process.returncode, 75)
        self.run_program("resume", "a.h5", ranks=2)
        self.assert_same_files("whole.h5", "a.h5")
        with h5py.File(self.path("a.h5"), "r") as file:
            self.assertEqual(len(file["profiles/ritz/loss"]), 40)

    def test_a_rule_that_a_file_was_made_with_outlives_a_damaged_row(self):
        self.run_program(*QUICK, "--until-ci=1e-6", "--max-directions=6", "--output=whole.h5")
        shutil.copy(self.path("whole.h5"), self.path("part.h5"))
        with h5py.File(self.path("part.h5"), "r+") as file:
            file["profiles/ritz/loss"][1, 1] += 1.0
        self.finish(QUICK, "part.h5", ranks=2)
        self.assert_same_files("whole.h5", "part.h5")

    def test_a_training_that_goes_on_leaves_a_measured_file_alone(self):
        self.run_program(*QUICK, "--output=a.h5")
        case = [word.replace("directions=6", "directions=9") for word in QUICK]
        self.run_program(*case, "--output=a.h5", "--resume", "--time-limit=0.001", code=75)
        self.run_program("train", *case, "--output=a.h5", "--resume")
        with h5py.File(self.path("a.h5"), "r") as file:
            self.assertEqual(text(file["state"][()]), "stopped")

    def make_networks(self):
        """Of one shape: a.h5 and b.h5, and a.safetensors with the parameters of a.h5."""
        for name, seed in (("a", 1), ("b", 2)):
            self.run_program("train", *QUICK, f"--seed={seed}", f"--output={name}.h5")
        save_minimizer(self.path("a.safetensors"), self.path("a.h5"), "ritz")
        save_minimizer(self.path("b.safetensors"), self.path("b.h5"), "ritz")

    def test_another_minimizer_under_the_same_name_is_refused(self):
        self.make_networks()
        for option, one, other, more in (
            ("minimizer", "a.h5", "b.h5", []),
            ("minimizer-galerkin", "a.h5", "b.h5", ["--minimizer-ritz=a.h5"]),
            ("minimizer-ritz", "a.safetensors", "b.safetensors", ["--losses=ritz"]),
            ("minimizer", "a.safetensors", "b.h5", ["--losses=ritz"]),
        ):
            with self.subTest(option=option, other=other):
                case = [*QUICK, *more, f"--{option}=given", "--output=out.h5"]
                shutil.copy(self.path(one), self.path("given"))
                self.run_program(*case)
                shutil.copy(self.path(other), self.path("given"))
                more_directions = [word.replace("directions=6", "directions=8") for word in case]
                for again in ([*case, "--dry-run"], more_directions):
                    process = self.run_program(*again, "--resume", ranks=2, code=2)
                    self.assertRegex(
                        process.stderr,
                        r"^landscape_mpi: --resume: the (ritz|galerkin) minimizer in 'given' is not the one stored in "
                        r"'out.h5': .*\.\n$",
                    )
                os.remove(self.path("given"))
                process = self.run_program(*case, "--resume", code=2)
                self.assertRegex(process.stderr, r"^landscape_mpi: --resume: .*'given' is gone.*'out.h5'.*\.\n$")
                self.run_program(*[word.replace("given", "out.h5") for word in case], "--resume")
            os.remove(self.path("out.h5"))

    def test_another_network_under_the_same_name_is_refused(self):
        self.run_program("train", *QUICK, "--output=given.h5")
        self.run_program(*QUICK, "--minimizer=given.h5", "--output=out.h5")
        self.run_program("train", *QUICK, "--width=5", "--output=given.h5", "--overwrite")
        stderr = self.run_program(*QUICK, "--minimizer=given.h5", "--output=out.h5", "--resume", code=2).stderr
        self.assertIn("the ritz minimizer in 'given.h5' is not the one stored in 'out.h5'", stderr)

    def test_the_same_files_by_another_path_are_the_same(self):
        self.make_networks()
        self.run_program(*QUICK, "--output=d.h5", "--save-directions")
        os.mkdir(self.path("sub"))
        shutil.copy(self.path("a.h5"), self.path("sub/copy.h5"))
        shutil.copy(self.path("d.h5"), self.path("sub/d.h5"))
        os.symlink("a.h5", self.path("link.h5"))
        rest = [word for word in QUICK if not word.startswith("--directions")]
        self.run_program(*rest, "--minimizer=a.h5", "--directions-from=d.h5", "--output=whole.h5")
        for how in (
            ["--minimizer=./a.h5", "--directions-from=./d.h5"],
            [f"--minimizer={self.path('a.h5')}", "--directions-from=d.h5"],
            ["--minimizer=link.h5", "--directions-from=sub/d.h5"],
            ["--minimizer=sub/copy.h5", f"--directions-from={self.path('sub/d.h5')}"],
            ["--minimizer-ritz=a.safetensors", "--minimizer-galerkin=sub/copy.h5", "--directions-from=d.h5"],
        ):
            with self.subTest(how=how):
                shutil.copy(self.path("whole.h5"), self.path("part.h5"))
                with h5py.File(self.path("part.h5"), "r+") as file:
                    file["profiles/ritz/complete"][2, :] = 0
                self.assertIn("Evaluated   9 losses", self.finish([*rest, *how], "part.h5", ranks=2).stdout)
                self.assert_same_files("whole.h5", "part.h5")

    def test_time_limit_during_the_profiles(self):
        self.prepare()
        process = self.run_program(*LONG, "--output=part.h5", "--time-limit=0.4", ranks=2, code=75)
        self.assertRegex(
            process.stderr, r"^landscape_mpi: stopped by the time limit with [\d ]+ of 1 260 losses left.*--resume\.\n$"
        )
        with h5py.File(self.path("part.h5"), "r") as file:
            self.assertEqual(text(file["state"][()]), "stopped")
            self.assertEqual(text(file["roughness/ritz/state"][()]), "pending")
        self.assertIn("stopped early", self.run_program("info", "part.h5").stdout)
        self.run_program("reduce", "part.h5")
        self.finish_what_was_left("part.h5", process.stderr, ranks=3)
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
        self.finish_what_was_left("part.h5", stderr, ranks=1)
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
