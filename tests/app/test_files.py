"""What an output file is good for: the report again, verification, minimizers and directions for another run."""

import os
import shutil
import re
import subprocess
import sys

import h5py
import numpy as np
from system import QUICK, SOURCE, SystemTest, checksum_of_results, contents, main, result_states, table_of, text, write_safetensors

# With this, MPI cannot start: proof that a command does without it.
NO_MPI = {"OMPI_MCA_ess": "nothing", "OMPI_MCA_pml": "nothing"}


class Reduce(SystemTest):
    def test_reduce_prints_the_jobs_report_digit_by_digit(self):
        job = self.run_program(*QUICK, "--full-report", ranks=3)
        again = self.run_program("reduce", "landscape.h5", "--full-report", env=NO_MPI)
        self.assertGreater(len(table_of(job.stdout)), 500)
        self.assertEqual(table_of(again.stdout), table_of(job.stdout))
        self.assertTrue(job.stdout.endswith("\n\n" + again.stdout), "the whole report, timings and notes included")

    def test_the_reports_of_unusual_jobs_come_again_too(self):
        # Rounding only (the linear model), too few directions for an interval, one loss, stopped and resumed.
        linear = ["--network=linear", "--problem=cubic", "--quadrature=gauss:8"]
        for name, options in {
            "linear": [*linear, "--directions=7", "--grid=-1:1:9"],
            "few": ["--epochs=300", "--lbfgs-iterations=0", "--directions=3", "--grid=-1:1:9", "--confidence=0.8"],
            "one": [*linear, "--directions=7", "--losses=galerkin", "--grid=-1:1:2"],
        }.items():
            with self.subTest(name):
                job = self.run_program(*options, "--full-report", f"--output={name}.h5", ranks=2)
                again = self.run_program("reduce", f"{name}.h5", "--full-report", env=NO_MPI)
                self.assertTrue(again.stdout and job.stdout.endswith("\n\n" + again.stdout), job.stdout + again.stdout)
        job = [*QUICK[:-3], *QUICK[-2:], "--full-report", "--output=linear2.h5"]
        more = self.run_program(*job, "--directions=9", ranks=2)
        resumed = self.run_program(*job, "--directions=11", "--resume", ranks=2)
        again = self.run_program("reduce", "linear2.h5", "--full-report", env=NO_MPI)
        self.assertNotEqual(table_of(more.stdout), table_of(resumed.stdout))
        self.assertTrue(again.stdout and resumed.stdout.endswith("\n\n" + again.stdout), resumed.stdout + again.stdout)

    def test_the_environment_used_above_really_stops_mpi(self):
        process = subprocess.run(
            self.command(QUICK), cwd=self.folder, env={**os.environ, **NO_MPI}, capture_output=True
        )
        self.assertNotEqual(process.returncode, 0)

    def test_reduce_leaves_the_file_alone(self):
        self.run_program(*QUICK)
        before = contents(self.path("landscape.h5")), os.stat(self.path("landscape.h5")).st_mtime_ns
        self.run_program("reduce", "landscape.h5", "--bootstrap=300", "--confidence=0.5")
        self.assertEqual((contents(self.path("landscape.h5")), os.stat(self.path("landscape.h5")).st_mtime_ns), before)

    def test_the_stored_index_is_the_definition(self):
        self.run_program(*QUICK)
        with h5py.File(self.path("landscape.h5"), "r") as file:
            for loss in ("ritz", "galerkin"):
                f = file[f"profiles/{loss}/loss"][()]
                s = file[f"profiles/{loss}/steps"][()]
                t = np.abs(np.diff(f, axis=1)).sum(axis=1) / ((s[-1] - s[0]) * np.ptp(f, axis=1))
                np.testing.assert_allclose(file[f"profiles/{loss}/total_variation"][()], t, rtol=1e-13)
                self.assertAlmostEqual(file[f"roughness/{loss}/index"][()], t.std(ddof=1) / t.mean(), delta=1e-13)

    def test_what_moves_is_stored_per_direction_and_in_sum(self):
        self.run_program(
            "--epochs=300", "--lbfgs-iterations=0", "--bootstrap=100", "--grid=-0.5:0.7:13", "--directions=40"
        )
        with h5py.File(self.path("landscape.h5"), "r") as file:
            edges = []
            for loss in ("ritz", "galerkin"):
                profiles, found = file[f"profiles/{loss}"], file[f"roughness/{loss}"]
                f, s, t = profiles["loss"][()], profiles["steps"][()], profiles["total_variation"][()]
                height = np.ptp(f, axis=1)
                np.testing.assert_allclose(profiles["end_asymmetry"][()], (f[:, -1] - f[:, 0]) / height, rtol=1e-12)
                np.testing.assert_allclose(profiles["minimum_offset"][()], s[f.argmin(axis=1)], atol=1e-12)
                c = np.abs(s).argmin()
                curvature = (f[:, c - 1] - 2 * f[:, c] + f[:, c + 1]) / 0.1**2
                np.testing.assert_allclose(profiles["curvature"][()], curvature, rtol=1e-9, atol=1e-9)
                tilt = (f[:, 0] + f[:, -1] - 2 * f.min(axis=1)) / (1.2 * height)
                np.testing.assert_allclose(profiles["tilt"][()], tilt, rtol=1e-12)
                share = np.cov(t, tilt)[0, 1] / t.var(ddof=1)
                self.assertAlmostEqual(found["tilt_share"][()], share, delta=1e-10)
                self.assertAlmostEqual(
                    found["tilt_share"][()] + found["oscillation_share"][()], 1.0, delta=1e-12
                )
                self.assertAlmostEqual(found["median_curvature"][()], np.median(curvature), delta=1e-7)
                self.assertEqual(found["median_slope_changes"][()], np.median(profiles["slope_changes"][()]))
                counts = found["histogram/counts"][()]
                edges.append(found["histogram/edges"][()])
                np.testing.assert_array_equal(counts, np.histogram(t, edges[-1])[0])
                self.assertEqual(counts.sum(), 40)
            np.testing.assert_array_equal(edges[0], edges[1])

    def test_the_report_fits_one_hundred_columns(self):
        for line in self.run_program(*QUICK, "--full-report").stdout.splitlines():
            self.assertLessEqual(len(line), 100, line)


class Texts(SystemTest):
    def test_attributes_are_str_and_datasets_of_texts_become_it(self):
        self.run_program(*QUICK)
        attributes, datasets = {}, {}

        def visit(name, node):
            for key, value in node.attrs.items():
                if not isinstance(value, (np.number, np.ndarray)) or value.dtype.kind in "SO":
                    attributes[f"{name} {key}"] = value
            if isinstance(node, h5py.Dataset) and node.dtype.kind in "SO":
                datasets[name] = node.asstr()[()]

        with h5py.File(self.path("landscape.h5"), "r") as file:
            visit("/", file)
            file.visititems(visit)
        lists = {name: list(value) for name, value in attributes.items() if isinstance(value, np.ndarray)}
        self.assertIn("minimizer order", lists)
        for name, texts in [*lists.items(), *((n, [t]) for n, t in attributes.items() if n not in lists)]:
            self.assertEqual({type(text) for text in texts}, {str}, name)
        for name in ("/ config", "/ created", "minimizer/ritz source", "profiles/ritz/loss description"):
            self.assertIn(name, attributes)
        self.assertEqual(datasets["state"], "complete")
        self.assertIn("roughness/comparison/sentence", datasets)
        self.assertTrue(all(type(text) is str for text in datasets.values()), datasets)


class Verify(SystemTest):
    def test_an_untouched_file_is_confirmed(self):
        self.run_program(*QUICK)
        for extra in ([], ["--all"], ["--seed=9"]):
            process = self.run_program("verify", "landscape.h5", *extra, env=NO_MPI)
            self.assertEqual(process.stdout.count("the same bits"), 2, process.stdout)

    def test_an_altered_loss_is_found(self):
        self.run_program(*QUICK)
        with h5py.File(self.path("landscape.h5"), "r+") as file:
            file["profiles/ritz/loss"][2, 3] = np.nextafter(file["profiles/ritz/loss"][2, 3], np.inf)
        process = self.run_program("verify", "landscape.h5", "--all", code=1)
        self.assertRegex(process.stderr, "^landscape_mpi: .*landscape.h5.*\n$")

    def test_an_altered_minimizer_is_found(self):
        self.run_program(*QUICK)
        with h5py.File(self.path("landscape.h5"), "r+") as file:
            file["minimizer/ritz/parameters/layer2.bias"][0] *= 1 + 1e-9
        self.run_program("verify", "landscape.h5", code=1)


class Reuse(SystemTest):
    def test_the_stored_tensors_are_a_state_dict_of_the_same_network(self):
        job = ["--directions=6", "--grid=-1:1:9", "--bootstrap=100", "--losses=ritz"]
        self.run_program(*QUICK, "--dimension=2", "--quadrature=gauss:5", "--width=3", "--losses=ritz", "--output=a.h5")
        with h5py.File(self.path("a.h5"), "r") as file:
            tensors = {name: tensor[()] for name, tensor in file["minimizer/ritz/parameters"].items()}
        shapes = {"layer_in": (3, 2), "layer1": (3, 3), "layer2": (3, 3), "layer_out": (1, 3)}
        expected = {f"{layer}.weight": shape for layer, shape in shapes.items()}
        expected.update({f"{layer}.bias": shape[:1] for layer, shape in shapes.items()})
        self.assertEqual({name: tensor.shape for name, tensor in tensors.items()}, expected)
        write_safetensors(self.path("net.safetensors"), tensors, {"network": "resnet", "activation": "swish"})
        loading = ["--minimizer=net.safetensors", "--quadrature=gauss:5", *job, "--output=b.h5"]
        self.run_program(*loading)
        self.assertEqual(self.profiles("a.h5").tobytes(), self.profiles("b.h5").tobytes())

    def profiles(self, name, loss="ritz"):
        with h5py.File(self.path(name), "r") as file:
            return file[f"profiles/{loss}/loss"][()]

    def test_train_then_load_gives_the_profiles_of_one_job(self):
        self.run_program(*QUICK, "--output=whole.h5")
        self.run_program("train", *QUICK, "--output=trained.h5", ranks=2)
        self.run_program("info", "trained.h5", env=NO_MPI)
        self.run_program("--minimizer=trained.h5", "--directions=6", "--grid=-1:1:9", "--output=loaded.h5", ranks=2)
        for loss in ("ritz", "galerkin"):
            self.assertEqual(self.profiles("whole.h5", loss).tobytes(), self.profiles("loaded.h5", loss).tobytes())

    def test_saved_directions_give_the_same_profiles(self):
        self.run_program(*QUICK, "--save-directions", "--output=a.h5", ranks=3)
        self.run_program("--minimizer=a.h5", "--directions-from=a.h5", "--grid=-1:1:9", "--output=b.h5", ranks=2)
        self.run_program(
            "--minimizer=a.h5", "--directions-from=a.h5", "--directions=4", "--grid=-1:1:9", "--output=c.h5"
        )
        self.assertEqual(self.profiles("a.h5").tobytes(), self.profiles("b.h5").tobytes())
        self.assertEqual(self.profiles("a.h5")[:4].tobytes(), self.profiles("c.h5").tobytes())
        self.run_program("verify", "b.h5", "--all")

    def test_stored_settings_are_a_config_file(self):
        self.run_program(*QUICK, "--output=a.h5")
        with h5py.File(self.path("a.h5"), "r") as file, open(self.path("again.cfg"), "w") as config:
            config.write(text(file.attrs["config"]))
        self.run_program("--config=again.cfg", "--output=b.h5")
        self.assert_same_files("a.h5", "b.h5")

    def test_info_names_state_and_settings(self):
        self.run_program(*QUICK)
        printed = self.run_program("info", "landscape.h5", env=NO_MPI).stdout
        for part in ("complete", "grid = -1:1:9", "roughness/ritz", "54 of 54 losses"):
            self.assertIn(part, printed)

    def test_the_plot_tool_reads_the_file(self):
        self.run_program(*QUICK)
        tool = os.path.join(SOURCE, "tools", "landscape-plot")
        process = subprocess.run(
            [sys.executable, tool, "landscape.h5", "-o", "plot.png"], cwd=self.folder, capture_output=True, text=True
        )
        if "missing" in process.stderr:
            self.skipTest(process.stderr.strip())
        self.assertEqual(process.returncode, 0, process.stderr)
        self.assertGreater(os.path.getsize(self.path("plot.png")), 1000)


class Results(SystemTest):
    def test_every_result_is_a_dataset_that_h5py_reads_as_it_is(self):
        self.run_program(*QUICK)
        with h5py.File(self.path("landscape.h5"), "r") as file:
            self.assertEqual(file["state"].asstr()[()], "complete")
            ritz, comparison = file["roughness/ritz"], file["roughness/comparison"]
            self.assertEqual(ritz["state"].asstr()[()], "complete")
            self.assertEqual(ritz["index"][()].dtype, np.float64)
            self.assertEqual((ritz["used"][()].dtype, ritz["used"][()]), (np.int64, 6))
            self.assertEqual(ritz["interval"].shape, (2,))
            self.assertEqual(text(ritz["mean"].attrs["units"]), "1 / step")
            self.assertIn("std(T; ddof = 1) / mean(T)", text(ritz["index"].attrs["description"]))
            self.assertTrue(np.isnan(ritz["median_noise"][()]))
            self.assertIn("Ritz and Galerkin", comparison["sentence"].asstr()[()])
            self.assertEqual(comparison["sentence"].dtype.itemsize, 1024)
            self.assertEqual(file["roughness/stopping/outcome"].asstr()[()], "not asked")
            groups = list(result_states(self.path("landscape.h5")))
            self.assertEqual(len(groups), 8, groups)
            for name in groups:
                self.assertEqual(file[name]["crc32c"][()], checksum_of_results(file[name]), name)

    def test_a_damaged_result_is_named_by_every_command_and_made_again(self):
        self.run_program(*QUICK, "--output=whole.h5")
        for damaged in ("roughness/ritz/index", "roughness/comparison/sentence", "roughness/galerkin/state"):
            shutil.copy(self.path("whole.h5"), self.path("a.h5"))
            with h5py.File(self.path("a.h5"), "r+") as file:
                value = file[damaged][()]
                file[damaged][()] = value[:-1] + b"?" if isinstance(value, bytes) else np.nextafter(value, 9.0)
            group = damaged.rsplit("/", 1)[0]
            for command in (["info", "a.h5"], ["reduce", "a.h5"], ["verify", "a.h5"], ["compare", "whole.h5", "a.h5"]):
                with self.subTest(damaged=damaged, command=command):
                    stderr = self.run_program(*command, code=1).stderr
                    self.assertRegex(stderr, rf"\Alandscape_mpi: 'a.h5' [^\n]*/{group} [^\n]*damaged[^\n]*[.]\n\Z")
            process = self.run_program(*QUICK, "--output=a.h5", "--resume")
            self.assertRegex(process.stderr, rf"\Awarning: the results in /{group} of 'a.h5' are damaged[^\n]*\n\Z")
            self.assert_same_files("whole.h5", "a.h5")

    def test_the_plot_tool_names_a_damaged_result(self):
        self.run_program(*QUICK)
        with h5py.File(self.path("landscape.h5"), "r+") as file:
            file["roughness/ritz/index"][()] *= 2
        tool = os.path.join(SOURCE, "tools", "landscape-plot")
        process = subprocess.run([sys.executable, tool, "landscape.h5"], cwd=self.folder, capture_output=True, text=True)
        if "missing" in process.stderr:
            self.skipTest(process.stderr.strip())
        self.assertEqual(process.returncode, 1)
        self.assertIn("the results in /roughness/ritz do not match their checksum", process.stderr)

    def test_one_damaged_column_does_not_hide_its_block(self):
        self.run_program(*QUICK, "--output=a.h5")
        with h5py.File(self.path("a.h5"), "r") as file:
            header = file.userblock_size + h5py.h5o.get_info(file["profiles/ritz/shape_class"].id).addr
        with open(self.path("a.h5"), "r+b") as file:
            file.seek(header)
            file.write(b"\xff")  # its version
        info = self.run_program("info", "a.h5", code=1)
        self.assertIn("\nProfiles    ritz: 6 directions x 9 steps, 54 of 54 losses done\n", info.stdout)
        self.assertIn("HDF5 cannot open shape_class", info.stderr)

    def test_an_older_format_is_refused_in_one_sentence(self):
        self.run_program(*QUICK)
        with h5py.File(self.path("landscape.h5"), "r+") as file:
            file.attrs.modify("format_version", np.int64(3))
        for command in (["info", "landscape.h5"], ["reduce", "landscape.h5"], ["verify", "landscape.h5"]):
            stderr = self.run_program(*command, code=1).stderr
            self.assertRegex(stderr, r"\Alandscape_mpi: 'landscape.h5' [^\n]* version 3, [^\n]* 8: use the program that wrote it")
        self.run_program("--minimizer=landscape.h5", "--directions=3", "--grid=-1:1:5", "--output=b.h5")


class Schema(SystemTest):
    def test_every_dataset_says_what_it_is(self):
        self.run_program(*QUICK, "--save-directions")
        with h5py.File(self.path("landscape.h5"), "r") as file:
            datasets = []
            file.visititems(lambda name, node: datasets.append(node) if isinstance(node, h5py.Dataset) else None)
            self.assertGreater(len(datasets), 15)
            for dataset in datasets:
                for attribute in ("description", "shape", "units"):
                    self.assertIn(attribute, dataset.attrs, dataset.name)
            for attribute in (
                "format_version",
                "program",
                "version",
                "git_revision",
                "config",
                "config_hash",
                "created",
            ):
                self.assertIn(attribute, file.attrs)
            self.assertEqual(text(file["state"][()]), "complete")
            self.assertEqual(file["profiles/ritz/direction"].shape, (6, 53))
            self.assertTrue((file["profiles/ritz/complete"][()] == 1).all())


class DryRun(SystemTest):
    def test_it_touches_nothing_and_says_what_would_be_done(self):
        for ranks in (None, 2):
            printed = self.run_program("--dry-run", "--directions=1000", ranks=ranks).stdout
            self.assertEqual(os.listdir(self.folder), [])
            self.assertIn("202 000 losses", printed)
            for word in ("File ", "Memory ", "Training ", "Profiles "):
                self.assertRegex(printed, re.compile(f"^{word}", re.M))

    def test_help_and_version_need_no_mpi(self):
        self.assertIn("--quadrature", self.run_program("--help", env=NO_MPI).stdout)
        self.assertRegex(
            self.run_program("--version", env=NO_MPI).stdout, r"^landscape_mpi \d+\.\d+\.\d+( \(git [0-9a-z.-]+\))?\n$"
        )


if __name__ == "__main__":
    main()
