"""The linear model, whose roughness index is zero."""

import h5py
import numpy as np
from system import SystemTest, main, results, theta_of, write_safetensors


class LinearModel(SystemTest):
    """N = a x + c with u* = 2x^3 - x^2 - x: every profile is a parabola about s = 0, so |I| T = 2 along every direction."""

    def check(self, name, largest_index, largest_error):
        with h5py.File(self.path(name), "r") as file:
            for loss in ("ritz", "galerkin"):
                np.testing.assert_allclose(
                    theta_of(file[f"minimizer/{loss}"]), [-2.0, -1.0], rtol=0, atol=largest_error
                )
                roughness = results(file[f"roughness/{loss}"])
                self.assertEqual(roughness["used"], 20)
                self.assertTrue(roughness["index"] < largest_index, f"{loss}: {roughness['index']}")
                self.assertEqual(roughness["single_valley"], 20)
                np.testing.assert_allclose(
                    file[f"profiles/{loss}/total_variation"][()], 1.0, rtol=max(1e-12, 10 * largest_error)
                )

    CASE = ["--network=linear", "--problem=cubic", "--quadrature=gauss:8", "--directions=20", "--bias=random"]

    def test_trained_its_index_is_zero(self):
        self.run_program(
            *self.CASE, "--train-quadrature=gauss:8", "--epochs=0", "--lbfgs-iterations=200", "--output=a.h5", ranks=2
        )
        self.check("a.h5", 1e-12, 1e-13)

    def test_loaded_its_index_is_zero(self):
        with h5py.File(self.path("exact.h5"), "w") as file:
            pass  # a bare HDF5 file is no minimizer
        self.run_program(*self.CASE, "--minimizer=exact.h5", "--output=b.h5", code=1)
        tensors = {"layer_out.weight": np.array([[-2.0]]), "layer_out.bias": np.array([-1.0])}
        write_safetensors(self.path("exact.safetensors"), tensors, {"network": "linear"})
        process = self.run_program(*self.CASE, "--minimizer=exact.safetensors", "--output=b.h5")
        self.assertIn("zero at rounding level", process.stdout)
        self.check("b.h5", 1e-12, 0)


class ConvergedGalerkinMinimizer(SystemTest):
    """Its residuals are differences of terms 10^4 to 10^6 times larger: rounding, not the landscape, makes narrow profiles."""

    def test_profiles_at_rounding_level_are_no_rough_landscape(self):
        train = ["--losses=galerkin", "--epochs=4000", "--lbfgs-iterations=3000", "--directions=10", "--bootstrap=100"]
        self.run_program("train", *train[:3], "--output=trained.h5")
        for radius, is_rough in (("1e-12", False), ("1e-11", False), ("1e-6", True)):
            output = f"l{radius}.h5"
            self.run_program(
                *train[:1], *train[3:], "--minimizer=trained.h5", f"--grid=-{radius}:{radius}:41", f"--output={output}"
            )
            with h5py.File(self.path(output), "r") as file:
                found = results(file["roughness/galerkin"])
                counts = found["used"] >= 2 and found["index"] > found["resolution"]
                self.assertEqual(counts, is_rough, f"half-width {radius}: {found}")
                if is_rough:
                    self.assertEqual(found["used"], 10)


if __name__ == "__main__":
    main()
