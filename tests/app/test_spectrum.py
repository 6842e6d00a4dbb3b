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
        self.run_program(*case, "--output=part.h5", "--resume", ranks=3)
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
