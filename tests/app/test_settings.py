"""Settings on their way through a run: into the file and back, across a resume, and into words."""

import os
import re
import signal
import subprocess
import sys

import h5py
import numpy as np
from system import QUICK, SOURCE, SystemTest, checksum_of_results, main, results, text

# A training that the time limit always meets, with checkpoints to go on from.
ENDLESS = ["--epochs=100000000", "--history-every=50", "--lbfgs-iterations=0", "--round-seconds=0.1"]
CHECKPOINTS = ["part.h5.training-ritz.h5", "part.h5.training-galerkin.h5"]


class Checkpoints(SystemTest):
    def stop(self, *arguments, code=75):
        return self.run_program(*arguments, "--output=part.h5", "--time-limit=0.5", code=code)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def test_what_matters_after_the_training_does_not_begin_it_anew(self):
        self.stop(*ENDLESS)
        epoch = 0
        for changes in (
            ["--interval=bca", "--bootstrap=321", "--confidence=0.9"],
            ["--precision=single"],
            ["--directions=7", "--norm=layer", "--bias=copy"],
            ["--grid=-0.5:0.5:11", "--grid-rule=arange"],
            ["--quadrature=gauss:64"],
            ["--quadrature=monte-carlo:64", "--point-sets=3", "--reference-quadrature=gauss:99"],
            ["--until-ci=0.5", "--max-directions=200"],
            ["--losses=ritz"],
        ):
            stdout = self.stop(*ENDLESS, "--resume", *changes).stdout
            goes_on = re.search(r"  ritz +goes on from epoch ([\d ]+) of 100 000 000", stdout)
            self.assertIsNotNone(goes_on, f"{changes}: {stdout}")
            self.assertGreater(int(goes_on[1].replace(" ", "")), epoch, changes)
            epoch = int(goes_on[1].replace(" ", ""))

    def test_another_training_is_named_and_takes_no_checkpoint_away(self):
        self.stop(*ENDLESS)
        before = self.read(CHECKPOINTS[0])
        for changes, part in (
            (["--resume", "--learning-rate=0.002"], "learning-rate was 0.001 and is now 0.002"),
            (["--resume", "--seed=2"], "seed was 1 and is now 2"),
            (["--resume", "--activation=tanh"], "activation was swish and is now tanh"),
            ([], "give --resume"),
        ):
            process = self.run_program(*ENDLESS, "--output=part.h5", *changes, code=2, ranks=2)
            self.assertRegex(process.stderr, f"^landscape_mpi: [^\n]*'{CHECKPOINTS[0]}'[^\n]*{part}[^\n]*[.]\n$")
            self.assertEqual(self.read(CHECKPOINTS[0]), before, changes)
        stdout = self.stop(*ENDLESS, "--learning-rate=0.002", "--overwrite").stdout
        self.assertIn("the checkpoint of a stopped training is replaced", stdout)
        with h5py.File(self.path(CHECKPOINTS[0]), "r") as file:
            self.assertIn("learning-rate = 0.002\n", text(file["training"].attrs["config"]))

    def test_a_damaged_checkpoint_is_named_and_stays(self):
        self.stop(*ENDLESS)
        damaged = self.read(CHECKPOINTS[0])[:-100]
        with open(self.path(CHECKPOINTS[0]), "wb") as file:
            file.write(damaged)
        process = self.stop(*ENDLESS, "--resume", code=1)
        self.assertRegex(process.stderr, f"^landscape_mpi: [^\n]*'{CHECKPOINTS[0]}'[^\n]*move it away[^\n]*\n$")
        self.assertEqual(self.read(CHECKPOINTS[0]), damaged)

    def test_a_training_resumed_for_other_profiles_has_the_bits_of_an_uninterrupted_job(self):
        case = ["--epochs=20000", "--history-every=50", "--lbfgs-iterations=20", "--grid=-1:1:9", "--bootstrap=100"]
        self.run_program(*case, "--output=whole.h5", "--directions=7", "--interval=percentile")
        self.run_program(*case, "--output=part.h5", "--round-seconds=0.02", "--time-limit=0.001", code=75)
        self.assertTrue(any(os.path.exists(self.path(name)) for name in CHECKPOINTS))
        again = [*case, "--output=part.h5", "--resume", "--directions=7", "--interval=percentile"]
        self.assertIn("goes on from epoch", self.run_program(*again).stdout)
        self.assert_same_files("whole.h5", "part.h5")
        self.assertEqual(sorted(os.listdir(self.folder)), ["part.h5", "whole.h5"])

    def test_errors_of_a_finished_training_are_measured_with_the_quadrature_of_the_run(self):
        case = ["--epochs=100000", "--history-every=1000", "--lbfgs-iterations=0", "--directions=6", "--grid=-1:1:9",
                "--bootstrap=100"]  # fmt: skip
        self.run_program(*case, "--quadrature=gauss:9", "--output=whole.h5")
        process = self.start_program(*case, "--output=part.h5", "--round-seconds=0.02")
        self.wait_for(lambda: os.path.exists(self.path(CHECKPOINTS[1])), process)  # Ritz is finished by then
        process.send_signal(signal.SIGUSR1)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 75)
        again = [*case, "--quadrature=gauss:9", "--output=part.h5", "--resume"]
        self.assertIn("goes on from epoch", self.run_program(*again).stdout)
        with h5py.File(self.path("whole.h5")) as whole, h5py.File(self.path("part.h5")) as part:
            for loss in ("ritz", "galerkin"):
                for name in ("final_loss", "profile_loss", "relative_l2_error", "relative_h1_error"):
                    a, b = (file[f"minimizer/{loss}"].attrs[name] for file in (whole, part))
                    self.assertEqual(a, b, f"{loss} {name}")


class Names(SystemTest):
    NASTY = ["a#b.h5", "a # b.h5", '"a".h5', "'a'.h5", "a\\b.h5", " a .h5 ", "a=b.h5", "ü;[x].h5", "a\tb.h5"]

    def test_any_output_name_is_the_name_of_the_file(self):
        for name in self.NASTY:
            with self.subTest(name=name):
                before = set(os.listdir(self.folder))
                self.run_program("train", "--epochs=1", "--lbfgs-iterations=0", "--losses=ritz", "--output", name)
                self.assertEqual(set(os.listdir(self.folder)) - before, {name})

    def test_a_name_of_one_character_is_written(self):
        for ranks in (None, 2):
            self.run_program(*QUICK, "--output", "x", "--overwrite", ranks=ranks)
        self.run_program("verify", "x")

    def test_a_link_to_itself_stays(self):
        os.symlink("loop.h5", self.path("loop.h5"))
        process = self.run_program(*QUICK, "--output=loop.h5", code=2)
        self.assertRegex(process.stderr, r"\Alandscape_mpi: --output 'loop.h5' leads nowhere [^\n]*choose another.\n\Z")
        self.assertTrue(os.path.islink(self.path("loop.h5")))

    def test_stored_settings_are_a_config_file(self):
        self.run_program(*QUICK, "--output=net.h5")
        for name in self.NASTY:
            with self.subTest(name=name):
                os.replace(self.path("net.h5"), self.path(name))
                self.run_program(*QUICK, "--minimizer", name, "--output=first.h5", "--overwrite", "--quiet")
                settings = self.run_program("info", "--settings", "first.h5").stdout
                with open(self.path("mine.cfg"), "w") as file:
                    file.write(settings)
                self.run_program("--config=mine.cfg", "--output=second.h5", "--overwrite", "--quiet")
                os.replace(self.path(name), self.path("net.h5"))
                self.assert_same_files("first.h5", "second.h5")

    def test_a_line_break_sets_no_other_option(self):
        for arguments in (["--output", "x.h5\nseed = 7"], ["info", "x\ny.h5"], ["-o", "x\n.h5"]):
            process = self.run_program("train", *arguments, code=2) if arguments[0] != "info" else self.run_program(
                *arguments, code=2
            )
            self.assertRegex(process.stderr, "^landscape_mpi: [^\n]*line break[^\n]*[.]\n$")
        self.assertEqual(os.listdir(self.folder), [])

    def test_compare_invents_no_settings(self):
        nasty = "x and is now ; y was z.h5"
        self.run_program(*QUICK, "--output=a.h5", "--losses=ritz")
        os.link(self.path("a.h5"), self.path(nasty))
        self.run_program(*QUICK, "--output=b.h5", "--losses=ritz", "--minimizer", nasty)
        stdout = self.run_program("compare", "a.h5", "b.h5").stdout
        lines = [line for line in stdout.splitlines() if line.startswith("A | B")]
        self.assertEqual(lines, [f"A | B       minimizer: trained | {nasty}"])

    def test_an_output_file_given_as_config_says_how_to_get_its_settings(self):
        self.run_program(*QUICK, "--output=out.h5", "--seed=9")
        process = self.run_program("--config=out.h5", code=2, ranks=2)
        self.assertIn("landscape_mpi info --settings out.h5", process.stderr)
        self.assertIn("seed = 9\n", self.run_program("info", "--settings", "out.h5").stdout)
        self.assertIn("belongs to the command info", self.run_program("--settings", code=2).stderr)


class Words(SystemTest):
    def test_the_importer_knows_the_activations_of_the_program(self):
        sys.path.insert(0, os.path.join(SOURCE, "tools"))
        self.addCleanup(sys.path.pop, 0)
        from import_checkpoint import ACTIVATIONS

        stderr = self.run_program("--activation=relu", code=2).stderr
        words = re.search(r"choose ([^\n]*)\.\n", stderr)[1]
        self.assertEqual(re.split(r", | or ", words), list(ACTIVATIONS))

    def test_labels_and_values_of_info_stand_apart(self):
        self.run_program(*QUICK, "--output=a.h5")
        stdout = self.run_program("info", "a.h5").stdout
        printed = stdout[stdout.index("\nroughness/") :]
        with h5py.File(self.path("a.h5")) as file:
            for group in ("roughness/ritz", "roughness/comparison"):
                for name in results(file[group]):
                    self.assertRegex(printed, rf"\n  {name} +  ?\S")

    def test_no_number_is_minus_nan(self):
        self.run_program(*QUICK, "--output=a.h5")
        with h5py.File(self.path("a.h5"), "r+") as file:
            for loss in ("ritz", "galerkin"):
                # The values keep their checksums out of the way: rows that are not complete are left out.
                file[f"profiles/{loss}/complete"][()] = 0
                for name in ("index", "mean", "std"):
                    file[f"roughness/{loss}/{name}"][()] = -np.float64("nan")
                file[f"roughness/{loss}/crc32c"][()] = checksum_of_results(file[f"roughness/{loss}"])
        self.assertNotIn("nan", self.run_program("info", "a.h5").stdout)
        self.assertNotIn("nan", self.run_program("reduce", "a.h5", "--full-report").stdout)

    def test_long_cells_keep_their_distance(self):
        self.run_program(*QUICK, "--output=a.h5")
        report = self.run_program("--minimizer=a.h5", "--grid=-1e-14:1e-14:21", "--directions=20", "--bootstrap=100",
                                  "--output=b.h5").stdout  # fmt: skip
        self.assertRegex(report, r"left out .*[a-z]  +[0-9]+ ")
        self.assertNotRegex(report, r"left out .*[a-z][0-9]")

    def test_a_network_of_no_finite_loss_is_told(self):
        self.run_program(*QUICK, "--output=a.h5", "--losses=galerkin")
        with h5py.File(self.path("a.h5"), "r") as file, h5py.File(self.path("huge.h5"), "w") as huge:
            file.copy("minimizer", huge)
            for tensor in huge["minimizer/galerkin/parameters"].values():
                tensor[()] = 1e300
                tensor.attrs.clear()  # its checksum
        given = ["--minimizer=huge.h5", "--activation=swish", "--losses=galerkin"]
        process = self.run_program(*QUICK, *given, "--full-report", "--output=b.h5")
        self.assertRegex(process.stdout, "Warning: galerkin: the loss at theta.*is not\\sfinite")
        self.assertNotRegex(process.stdout, r"\bnan\b")
        self.assertNotRegex(self.run_program("info", "b.h5").stdout, r"\bnan\b")

    def test_an_interval_misses_usable_directions(self):
        case = ["--minimizer=a.h5", "--losses=ritz", "--bootstrap=100", "--grid=-1e-30:1e-30:9"]
        self.run_program(*QUICK, "--output=a.h5", "--losses=ritz")
        report = self.run_program(*case, "--directions=6", "--output=b.h5").stdout
        self.assertRegex(report, r"95 % interval +needs 5 usable directions\n")
        report = self.run_program(*case, "--directions=4", "--output=c.h5").stdout
        self.assertRegex(report, r"95 % interval +needs 5 directions\n")

    def test_the_size_of_a_quadrature_is_explained(self):
        for arguments, line in (
            (["--quadrature=simpson:100"], "simpson:100 (100 intervals with midpoints), 201 points"),
            (["--quadrature=gauss:64"], "gauss:64, 64 points"),
            (
                ["--dimension=3", "--quadrature=gauss:12", "--train-quadrature=sobol:64"],
                "gauss:12 (12 per axis), 1 728 points",
            ),
        ):
            stdout = self.run_program(*QUICK, *arguments, "--output=x.h5", "--overwrite").stdout
            self.assertIn(f"Quadrature  {line}\n", stdout)

    def test_all_complaints_come_at_once_and_once(self):
        arguments = ["--directoins=5", "--grid=1:-1:5", "--learning-rate=-1", "--resume=yes"]
        for ranks in (None, 3):
            lines = self.run_program(*arguments, code=2, ranks=ranks).stderr.splitlines()
            self.assertEqual(len(lines), 4, lines)
            for line in lines:
                self.assertRegex(line, r"^landscape_mpi: .*[.?]$")
        quadratures = ["--quadrature=simpson:9", "--train-quadrature=simpson:9"]
        together = ["--resume", "--overwrite", "--dimension=2", *quadratures]
        lines = self.run_program(*together, code=2, ranks=3).stderr.splitlines()
        self.assertEqual(len(lines), 3, lines)

    def test_letters_are_options(self):
        self.run_program(*[a for a in QUICK if "directions" not in a], "-n", "5", "-o", "x.h5")
        with h5py.File(self.path("x.h5")) as file:
            self.assertEqual(file["profiles/ritz/loss"].shape[0], 5)

    def test_letters_replace_the_defaults_of_job_scripts(self):
        script = 'source "$0"; with_defaults output=a.h5 directions=3 -- "$@"; printf "%s " "${OPTIONS[@]}"'
        for given, options in (
            (["-o", "b.h5"], "--directions=3 -o b.h5"),
            (["-ob.h5", "-n5"], "-ob.h5 -n5"),
            (["--norm=none"], "--directions=3 --output=a.h5 --norm=none"),
        ):
            launch = os.path.join(SOURCE, "jobs", "launch.sh")
            process = subprocess.run(["bash", "-c", script, launch, *given], capture_output=True, text=True)
            self.assertEqual(process.stdout.strip(), options, process.stderr)

    def test_errors_about_files_hold_no_place_in_the_source(self):
        self.run_program(*QUICK, "--output=good.h5")
        with open(self.path("good.h5"), "rb") as file:
            data = file.read()
        for cut in (9, len(data) // 4, len(data) // 2):
            with open(self.path("cut.h5"), "wb") as file:
                file.write(data[:cut])
            stderr = self.run_program("info", "cut.h5", code=1).stderr
            self.assertNotRegex(stderr, r"[.](cpp|hpp|cu):\d")
            self.assertNotRegex(stderr, r"[.?!][.]")


if __name__ == "__main__":
    main()
