"""The command spectrum: closed forms, published eigenvalues, ranks, kills, verify, restriction, bad input."""

import json
import os
import pathlib
import re
import subprocess
import sys

import h5py
import numpy as np
from system import SystemTest, main, results, write_safetensors

REFERENCE = pathlib.Path(os.environ.get("LANDSCAPE_REFERENCE_DIR", "/nonexistent"))
SOURCE = pathlib.Path(os.environ["LANDSCAPE_SOURCE_DIR"])
SHORT = ["spectrum", "--epochs=300", "--lbfgs-iterations=20"]
LANCZOS = [*SHORT, "--method=lanczos", "--probes=7", "--lanczos-steps=30"]


class Spectrum(SystemTest):
    def test_the_linear_model_has_its_closed_form(self):
        tensors = {"layer_out.weight": np.array([[-2.0]]), "layer_out.bias": np.array([-1.0])}
        write_safetensors(self.path("exact.safetensors"), tensors, {"network": "linear"})
        self.run_program(
            "spectrum", "--network=linear", "--problem=cubic", "--quadrature=gauss:8", "--minimizer=exact.safetensors",
            "--output=a.h5",
        )  # fmt: skip
        # Ritz: int (u_a')^2, u_a = x^2 - x^3 and u_c = x - x^2. Galerkin: 4 (a^2 + ab + b^2) about the minimizer.
        exact = {"ritz": [[2 / 15, 1 / 6], [1 / 6, 1 / 3]], "galerkin": [[8, 4], [4, 8]]}
        with h5py.File(self.path("a.h5")) as file:
            for loss, matrix in exact.items():
                np.testing.assert_allclose(file[f"hessian/{loss}/hessian"][()], matrix, rtol=1e-13)
                np.testing.assert_allclose(
                    file[f"spectrum/{loss}/eigenvalues"][()], np.linalg.eigvalsh(matrix), rtol=1e-13
                )
                np.testing.assert_allclose(file[f"gradient/{loss}/gradient"][()], 0.0, atol=1e-14)

    def test_published_networks_have_their_eigenvalues(self):
        if not (REFERENCE / "published_figures.json").exists():
            self.skipTest(f"no {REFERENCE}: the published data are absent")
        figures = json.loads((REFERENCE / "published_figures.json").read_text())["hessian_largest"]
        cases = [key.split("|") for key in figures if key.count("|") == 2]
        self.assertGreaterEqual(len(cases), 2)
        for network, loss, rule in cases:
            minimizer = self.load(network)
            self.run_program(
                "spectrum", f"--losses={loss}", f"--minimizer={minimizer}", f"--quadrature={rule}", "--overwrite",
                "--output=a.h5",
            )  # fmt: skip
            with h5py.File(self.path("a.h5")) as file:
                found = results(file[f"spectrum/{loss}"])
                matrix = file[f"hessian/{loss}/hessian"][()]
            np.testing.assert_allclose(found["largest"][:5], figures[f"{network}|{loss}|{rule}"], rtol=1e-6)
            values = np.linalg.eigvalsh((matrix + matrix.T) / 2)
            np.testing.assert_allclose(found["eigenvalues"], values, rtol=0, atol=1e-13 * values[-1])
            self.assertAlmostEqual(found["trace"], values.sum(), delta=1e-12 * values[-1])
            self.assertLess(found["asymmetry"], 1e-12 * values[-1])
            self.check_lanczos(minimizer, loss, rule, values)

    def check_lanczos(self, minimizer, loss, rule, values):
        self.run_program(
            "spectrum", f"--losses={loss}", f"--minimizer={minimizer}", f"--quadrature={rule}", "--method=lanczos",
            "--probes=30", "--output=b.h5", "--overwrite",
        )  # fmt: skip
        with h5py.File(self.path("b.h5")) as file:
            found = results(file[f"spectrum/{loss}"])
        np.testing.assert_allclose(found["largest"][:5], values[::-1][:5], rtol=0, atol=1e-8 * values[-1])
        np.testing.assert_allclose(found["smallest"][0], values[0], rtol=0, atol=1e-8 * values[-1])
        self.assertLess(abs(found["trace"] - values.sum()), 4 * found["trace_error"])
        self.assertAlmostEqual(found["positive_by_decade"].sum() + found["negative_by_decade"].sum(), len(values))
        for moment in (2, 3):
            samples = len(values) * np.nansum(found["weights"] * found["nodes"] ** moment, axis=1)
            error = samples.std(ddof=1) / np.sqrt(len(samples))
            self.assertLess(abs(samples.mean() - (values**moment).sum()), 4 * error)

    def load(self, network):
        script = SOURCE / "tools" / "import_checkpoint.py"
        minimizer = self.path(f"{network}.safetensors")
        source = REFERENCE / "minimizers" / f"{network}.pkl"
        kind, loss = network.split("_")[:2]
        subprocess.run(
            [sys.executable, "-B", script, source, "-o", minimizer, "--network", kind, "--activation",
             "swish", "--negate-output"],
            check=True, capture_output=True,
        )  # fmt: skip
        return minimizer

    def test_any_number_of_ranks_gives_the_same_bits(self):
        for case in (SHORT, LANCZOS):
            self.run_program(*case, "--output=one.h5", "--overwrite")
            for ranks in (2, 3):
                self.run_program(*case, "--output=many.h5", "--overwrite", ranks=ranks)
                self.assert_same_files("one.h5", "many.h5")

    def test_a_killed_job_goes_on_and_verify_recomputes_it(self):
        case = ["spectrum", "--epochs=5", "--lbfgs-iterations=0", "--dimension=3", "--width=8", "--quadrature=sobol:4096",
                "--train-quadrature=sobol:64", "--round-seconds=0.02", "--losses=galerkin"]  # fmt: skip
        process = self.start_program(*case, "--output=part.h5", ranks=2)
        self.wait_for(lambda: self.n_done("part.h5") > 0, process)
        self.kill_group(process)
        said = self.run_program(*case, "--output=part.h5", "--resume", ranks=3).stdout
        self.assertIn("Output      part.h5 (resumed)\n", said)
        self.run_program(*case, "--output=whole.h5")
        self.assert_same_files("whole.h5", "part.h5")
        said = self.run_program("verify", "part.h5").stdout
        self.assertRegex(said, r"hessian/galerkin *2 000 of [0-9 ]+ numbers computed again: the same bits")
        report = self.run_program("reduce", "part.h5").stdout
        self.assertIn("largest eigenvalues", report)

    def n_done(self, name):
        try:
            with h5py.File(self.path(name), "r", locking=False) as file:
                return int(file["hessian/galerkin/complete"][()].sum())
        except (OSError, KeyError):
            return 0

    def test_a_layer_is_the_block_of_the_whole_matrix(self):
        self.run_program(*SHORT, "--output=all.h5", "--eigenvectors=2")
        self.run_program("spectrum", "--minimizer=all.h5", "--restrict=layer1", "--output=layer.h5")
        self.run_program("spectrum", "--minimizer=all.h5", "--restrict=layer_out.bias", "--output=one.h5")
        with h5py.File(self.path("all.h5")) as whole, h5py.File(self.path("layer.h5")) as layer:
            for loss in ("ritz", "galerkin"):
                np.testing.assert_array_equal(
                    layer[f"hessian/{loss}/hessian"][()], whole[f"hessian/{loss}/hessian"][8:28, 8:28]
                )
                matrix, found = whole[f"hessian/{loss}/hessian"][()], results(whole[f"spectrum/{loss}"])
                vectors, values = found["eigenvectors"], [*found["largest"][:2], *found["smallest"][:2]]
                for vector, value in zip(vectors, values, strict=True):
                    np.testing.assert_allclose(matrix @ vector, value * vector, atol=1e-12 * values[0])
        with h5py.File(self.path("one.h5")) as file:
            self.assertEqual(file["hessian/ritz/hessian"].shape, (1, 1))

    def test_a_surface_along_eigenvectors_has_the_eigenvalues_as_curvatures(self):
        self.run_program(*SHORT, "--output=a.h5", "--eigenvectors=1")
        h = 1e-3
        self.run_program(
            "surface", "--minimizer=a.h5", "--directions-from=a.h5", f"--x={-h}:{h}:3", f"--y={-h}:{h}:3",
            "--output=s.h5", ranks=2,
        )  # fmt: skip
        with h5py.File(self.path("a.h5")) as spectrum, h5py.File(self.path("s.h5")) as surface:
            for loss in ("ritz", "galerkin"):
                found = results(spectrum[f"spectrum/{loss}"])
                largest, smallest = found["largest"][0], found["smallest"][0]
                f = surface[f"surface/{loss}/loss"][()]
                along, across = (f[1, 0] - 2 * f[1, 1] + f[1, 2]) / h**2, (f[0, 1] - 2 * f[1, 1] + f[2, 1]) / h**2
                mixed = (f[0, 0] - f[0, 2] - f[2, 0] + f[2, 2]) / (4 * h**2)
                self.assertLess(abs(along - largest), 1e-5 * largest)
                self.assertLess(abs(across - smallest), 1e-5 * largest)
                self.assertLess(abs(mixed), 1e-5 * largest)
        self.run_program("verify", "s.h5", "--all")
        self.run_program("spectrum", "--minimizer=a.h5", "--restrict=layer1", "--eigenvectors=1", "--output=part.h5")
        for file, words in (
            ("part.h5", "expected one row of"),  # vectors of some of the parameters
            ("s.h5", "give an output made with --save-directions, one of spectrum --eigenvectors"),
        ):
            said = self.run_program(
                "surface", "--minimizer=a.h5", f"--directions-from={file}", "--output=t.h5", code=1, ranks=2
            ).stderr
            self.assertIn(words, said)
            self.assertIn(file, said)
            self.assertFalse(os.path.exists(self.path("t.h5")))

    def test_along_a_path_and_around_the_other_minimizer(self):
        path = ["trajectory", "--width=3", "--epochs=90", "--every=40", "--lbfgs-iterations=20", "--directions=5"]
        self.run_program(*path, "--grid=-1:1:5", "--quadrature=gauss:64", "--eigenvalues", "--output=t.h5")
        same = ["--quadrature=gauss:64", "--minimizer=t.h5"]
        along = ["spectrum", *same, "--path", "--around=both", "--eigenvectors=1"]
        said = self.run_program(*along, "--output=1.h5").stdout
        self.assertIn("at each of 5 checkpoints", said)
        self.assertIn("Deep Ritz around galerkin: Hessian of 34 parameters along the training", said)
        for ranks in (2, 3):
            self.run_program(*along, f"--output={ranks}.h5", ranks=ranks)
            self.assert_same_files("1.h5", f"{ranks}.h5")
        self.assertIn("the same bits", self.run_program("verify", "1.h5", "--all").stdout)
        self.run_program("spectrum", *same, "--around=both", "--output=end.h5")
        with h5py.File(self.path("1.h5")) as file, h5py.File(self.path("end.h5")) as end:
            for name in ("ritz", "ritz_around_galerkin", "galerkin", "galerkin_around_ritz"):
                found, at_end = file[f"spectrum/{name}"], end[f"spectrum/{name}"]
                self.assertEqual(found["eigenvalues"].shape, (5, 34))
                self.assertEqual(found["eigenvectors"].shape, (5, 2, 34))
                for quantity in ("eigenvalues", "trace", "gradient_norm", "negative_by_decade", "condition"):
                    np.testing.assert_array_equal(found[quantity][-1], at_end[quantity][()])
                matrix = file[f"hessian/{name}/hessian"][34:68]
                np.testing.assert_allclose(
                    found["eigenvalues"][1], np.linalg.eigvalsh((matrix + matrix.T) / 2), rtol=0,
                    atol=1e-13 * found["largest"][1, 0],
                )  # fmt: skip
            np.testing.assert_array_equal(file["hessian/ritz/hessian"][:34], file["hessian/ritz_around_galerkin/hessian"][:34])
            with h5py.File(self.path("t.h5")) as path:
                for loss, other in (("ritz", "galerkin"), ("galerkin", "ritz")):
                    np.testing.assert_array_equal(file[f"spectrum/{loss}/epoch"], path[f"trajectory/{loss}/epoch"])
                    np.testing.assert_allclose(
                        file[f"spectrum/{loss}/smallest"][:, 0], path[f"trajectory/{loss}/smallest_eigenvalue"],
                        rtol=0, atol=1e-12 * file[f"spectrum/{loss}/largest"][-1, 0],
                    )  # fmt: skip
                    np.testing.assert_allclose(
                        file[f"spectrum/{loss}_around_{other}/gradient_norm"],
                        path[f"trajectory/{other}/{loss}_gradient_norm"], rtol=1e-12,
                    )  # fmt: skip
        self.run_program("spectrum", *same, "--path", "--method=lanczos", "--probes=2", "--output=l.h5")
        self.run_program("spectrum", *same, "--method=lanczos", "--probes=2", "--output=m.h5")
        with h5py.File(self.path("l.h5")) as file, h5py.File(self.path("m.h5")) as end:
            np.testing.assert_array_equal(file["spectrum/ritz/nodes"][-1], end["spectrum/ritz/nodes"][()])
        self.assertIn("log det+", self.run_program("reduce", "l.h5").stdout)
        for options, words in (
            (["--path"], "--path needs the path that a training took"),
            ([*same, "--path-checkpoints=3"], "--path-checkpoints says more about --path"),
            ([*same, "--around=other", "--losses=ritz"], "--around other needs the minimizers of both losses"),
        ):
            self.assertIn(words, self.run_program("spectrum", *options, "--output=x.h5", code=2).stderr)
        said = self.run_program("surface", *same, "--directions-from=1.h5", "--output=x.h5", code=1).stderr
        self.assertIn("1.h5", said)
        self.assertLess(said.count("\n"), 3)

    def test_a_dry_run_tells_work_and_time(self):
        said = self.run_program(*LANCZOS, "--output=a.h5", "--dry-run").stdout
        self.assertRegex(said, r"Work +946 numbers")
        self.assertTrue(re.search(r"Memory|File", said))
        self.assertFalse(os.path.exists(self.path("a.h5")))

    def test_bad_input_gets_a_sentence(self):
        for option, word in (
            ("--restrict=layer9", "choose layer_in, layer1, layer2, layer_out"),
            ("--method=qr", "choose dense or lanczos"),
            ("--device=cuda", "no products with the Hessian"),
            ("--directions=5", "no meaning for spectrum"),
            ("--grid=-1:1:5", "no meaning for spectrum"),
        ):
            codes, process = self.run_ranks([*SHORT, option, "--output=a.h5"], 2)
            self.assertEqual(codes, [2, 2], option)
            self.assertIn(word, process.stderr)
        said = self.run_program(*LANCZOS, "--eigenvectors=3", "--output=a.h5", code=2).stderr
        self.assertIn("--method dense only", said)
        self.assertIn("belongs to the command", self.run_program("--probes=3", "--output=a.h5", code=2).stderr)


if __name__ == "__main__":
    main()
