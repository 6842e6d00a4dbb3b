"""Loss and errors of a minimizer: one definition, whatever rule trained or measured it; warnings where it is none."""

import os
import subprocess
import sys
import unittest

import h5py
import numpy as np
from system import (
    MEASURES,
    REFERENCE,
    SOURCE,
    UNCERTAINTIES,
    SystemTest,
    main,
    reference_of,
    state_dict,
    text,
    write_safetensors,
)

LEAST_RITZ = {1: -np.pi**2 / 4, 2: -np.pi**2 / 4, 3: -3 * np.pi**2 / 16, 10: -10 * np.pi**2 / 2**11}
POINTS = {1: 100, 2: 40, 3: 32, 10: 4093}  # per dimension, or of a lattice (a prime)

# dimension: networks and quadratures that no loss should be reported with
ODD = {
    1: [
        ["--train-quadrature=gauss:2", "--quadrature=gauss:2"],
        ["--train-quadrature=simpson:100", "--batch=10", "--quadrature=simpson-as-published:20", "--init=pytorch"],
        ["--problem=cubic", "--network=fcnet", "--activation=tanh", "--train-quadrature=monte-carlo:40",
         "--train-points=redrawn", "--quadrature=monte-carlo:30"],
    ],
    2: [["--activation=sin", "--train-quadrature=sobol:40", "--quadrature=monte-carlo:20"]],
    3: [["--width=5", "--train-quadrature=monte-carlo:100", "--train-points=redrawn", "--batch=30",
         "--quadrature=gauss:2"]],
    10: [["--train-quadrature=monte-carlo:300", "--train-points=redrawn", "--quadrature=monte-carlo:50"]],
}  # fmt: skip


def minimizer_of(path, loss):
    """(attributes, tensors)"""
    with h5py.File(path, "r") as file:
        group = file[f"minimizer/{loss}"]
        return dict(group.attrs), state_dict(group)


class OneDefinition(SystemTest):
    def reference(self, attributes, tensors, loss):
        theta = np.concatenate([t.ravel() for t in tensors.values()])
        points = POINTS[int(attributes["dimension"])]
        return reference_of(attributes, theta, text(attributes["problem"]), loss, points)

    def assert_measured(self, path, what):
        for loss in ("ritz", "galerkin"):
            attributes, tensors = minimizer_of(path, loss)
            expected = self.reference(attributes, tensors, loss)
            for name, uncertainty, (value, error) in zip(MEASURES, UNCERTAINTIES, expected):
                stated = attributes[uncertainty]
                difference = abs(attributes[name] - value)
                message = f"{what}, {loss}: {name} {attributes[name]} +- {stated}, reference {value} +- {error}"
                if attributes["dimension"] <= 3:
                    self.assertLessEqual(difference, 1e-10 * abs(value) + stated, message)
                    self.assertLessEqual(stated, 1e-8 * abs(value) + 1e-13, message)
                else:
                    self.assertLessEqual(difference, 4 * np.hypot(stated, error), message)
                    self.assertLessEqual(stated, 0.1 * abs(value), message)

    def check(self, dimension):
        for options in ODD[dimension]:
            self.run_program("train", f"--dimension={dimension}", *options, "--epochs=150", "--lbfgs-iterations=0",
                             "--output=trained.h5", "--overwrite")  # fmt: skip
            self.assert_measured(self.path("trained.h5"), f"trained with {options}")
            # Loaded and measured with another odd rule, the numbers have the same bits.
            problem = [option for option in options if option.startswith("--problem")]
            self.run_program("--minimizer=trained.h5", *problem, "--quadrature=gauss:1", "--directions=3",
                             "--grid=-1:1:3", "--output=loaded.h5", "--overwrite")  # fmt: skip
            for loss in ("ritz", "galerkin"):
                trained, loaded = (minimizer_of(self.path(name), loss)[0] for name in ("trained.h5", "loaded.h5"))
                for name in (*MEASURES, *UNCERTAINTIES, "gradient_norm"):
                    self.assertEqual(trained[name], loaded[name], name)
                self.assertEqual(text(loaded["profile_quadrature"]), "gauss:1")
                self.assertEqual(trained["training_loss"], loaded["training_loss"])
                with h5py.File(self.path("loaded.h5"), "r") as file:  # its own rule's value is that of the profiles
                    centre = file[f"profiles/{loss}/loss"][0, 1]
                self.assertAlmostEqual(loaded["profile_loss"] / centre, 1, delta=1e-9)

    def test_in_one_dimension(self):
        self.check(1)

    def test_in_two_dimensions(self):
        self.check(2)

    def test_in_three_dimensions(self):
        self.check(3)

    def test_in_ten_dimensions(self):
        for options in ODD[10]:
            self.run_program("train", "--dimension=10", *options, "--epochs=0", "--lbfgs-iterations=0",
                             "--output=first.h5")  # fmt: skip
            self.assert_measured(self.path("first.h5"), "untrained")
            self.run_program("train", "--dimension=10", *options, "--epochs=400", "--lbfgs-iterations=0",
                             "--learning-rate=0.01", "--output=trained.h5")  # fmt: skip
            self.assert_measured(self.path("trained.h5"), f"trained with {options}")
            # The seed, the threads and the ranks have no part in it.
            self.run_program("train", "--minimizer=trained.h5", "--seed=5", "--threads=3", "--output=loaded.h5")
            for loss in ("ritz", "galerkin"):
                trained, loaded = (minimizer_of(self.path(name), loss)[0] for name in ("trained.h5", "loaded.h5"))
                for name in (*MEASURES, *UNCERTAINTIES, "gradient_norm"):
                    self.assertEqual(trained[name], loaded[name], name)

    def test_batches_are_not_the_loss(self):
        process = self.run_program("train", "--epochs=3000", "--lbfgs-iterations=0", "--batch=10", "--losses=ritz",
                                   "--output=a.h5")  # fmt: skip
        attributes, _ = minimizer_of(self.path("a.h5"), "ritz")
        self.assertTrue(LEAST_RITZ[1] < attributes["final_loss"] < LEAST_RITZ[1] + 0.01, attributes["final_loss"])
        self.assertAlmostEqual(attributes["training_loss"], attributes["final_loss"], delta=1e-6)
        self.assertIn(f"{attributes['final_loss']:.8g}", process.stdout)
        # what every command says of it is what the file holds
        self.assertIn(f"loss {attributes['final_loss']:.8g} +- ", self.run_program("info", "a.h5").stdout)

    @unittest.skipUnless(os.path.isdir(os.path.join(REFERENCE, "minimizers")), "no published minimizers")
    def test_published_minimizers_have_the_published_errors(self):
        for name, error in (("resnet_galerkin", 3.6e-5), ("resnet_ritz", 2.1e-3), ("fcnet_ritz", 4.9e-3),
                            ("fcnet_galerkin", 1.2e-4)):  # fmt: skip
            network, loss = name.split("_")
            subprocess.run([sys.executable, os.path.join(SOURCE, "tools", "import_checkpoint.py"),
                            os.path.join(REFERENCE, "minimizers", name + ".pkl"), "-o", self.path("net.safetensors"),
                            "--network", network, "--activation", "swish", "--negate-output", "--overwrite"],
                           check=True, capture_output=True)  # fmt: skip
            self.run_program("--minimizer=net.safetensors", f"--losses={loss}", "--quadrature=gauss:2", "--overwrite",
                             "--directions=3", "--grid=-1:1:3")  # fmt: skip
            attributes, tensors = minimizer_of(self.path("landscape.h5"), loss)
            self.assertAlmostEqual(attributes["relative_l2_error"] / error, 1, delta=0.03)
            for measure, (value, _) in zip(MEASURES, self.reference(attributes, tensors, loss)):
                self.assertLessEqual(abs(attributes[measure] - value), 1e-9 * abs(value), measure)


class Warnings(SystemTest):
    PROFILES = ["--directions=10", "--grid=-0.1:0.1:11"]

    def test_a_sound_minimizer_has_none(self):
        process = self.run_program("--epochs=3000", "--lbfgs-iterations=300", *self.PROFILES)
        self.assertNotIn("Warning", process.stdout)
        for loss in ("ritz", "galerkin"):
            self.assertEqual(text(minimizer_of(self.path("landscape.h5"), loss)[0]["warnings"]), "")

    def test_a_ritz_loss_below_its_minimum_is_said_everywhere(self):
        for options in (["--train-quadrature=gauss:3"], ["--train-quadrature=simpson-as-published:20"],
                        ["--train-quadrature=monte-carlo:20", "--train-points=redrawn"]):  # fmt: skip
            trained = self.run_program("train", "--losses=ritz", *options, "--epochs=2000", "--lbfgs-iterations=0",
                                       "--output=a.h5", "--overwrite")  # fmt: skip
            measured = self.run_program("--minimizer=a.h5", "--losses=ritz", *self.PROFILES, "--output=b.h5",
                                        "--overwrite")  # fmt: skip
            again = self.run_program("reduce", "b.h5")
            information = self.run_program("info", "a.h5")
            for process in (trained, measured, again, information):
                words = " ".join(process.stdout.split())
                self.assertIn("Warning: ritz: the loss is -", words, options)
                self.assertIn("below the least over all functions, -2.4674011", words, options)

    def test_the_profiles_own_points_are_looked_at_too(self):
        self.run_program("train", "--epochs=3000", "--output=a.h5")
        process = self.run_program("--minimizer=a.h5", "--losses=ritz", *self.PROFILES, "--quadrature=monte-carlo:9",
                                   "--seed=2")  # fmt: skip
        attributes, _ = minimizer_of(self.path("landscape.h5"), "ritz")
        below = attributes["profile_loss"] < LEAST_RITZ[1]
        self.assertEqual(below, "with the profiles' monte-carlo:9" in " ".join(process.stdout.split()))
        self.assertTrue(below, "a set of points was meant on which the loss is low")

    def test_another_function_than_the_trained_one_is_noticed(self):
        self.run_program("train", "--losses=galerkin", "--epochs=4000", "--lbfgs-iterations=0", "--output=a.h5")
        attributes, tensors = minimizer_of(self.path("a.h5"), "galerkin")
        for activation in ("swish", "tanh"):
            words = {"network": "resnet", "activation": activation}
            write_safetensors(self.path("net.safetensors"), tensors, words)
            process = self.run_program("--minimizer=net.safetensors", "--losses=galerkin", *self.PROFILES,
                                       "--overwrite")  # fmt: skip
            words = " ".join(process.stdout.split())
            for part in ("far from the solution", "no minimum of the loss: |grad L|", "profiles fall below their centre"):
                self.assertEqual(part in words, activation == "tanh", process.stdout)
            stored = text(minimizer_of(self.path("landscape.h5"), "galerkin")[0]["warnings"])
            self.assertEqual(stored != "", activation == "tanh")

    def test_a_file_that_does_not_say_its_function_needs_to_be_told(self):
        self.run_program("train", "--losses=galerkin", "--epochs=50", "--lbfgs-iterations=0", "--output=a.h5")
        attributes, tensors = minimizer_of(self.path("a.h5"), "galerkin")
        for metadata, missing in (({"activation": "swish"}, "network"), ({"network": "resnet"}, "activation")):
            write_safetensors(self.path("net.safetensors"), tensors, metadata)
            given = {"network": "resnet", "activation": "swish"}
            process = self.run_program("--minimizer=net.safetensors", "--losses=galerkin", *self.PROFILES, code=1)
            self.assertEqual(process.stderr.count("\n"), 1)
            self.assertIn("'net.safetensors' cannot be used: it does not say", process.stderr)
            self.assertIn(f"give --{missing} ", process.stderr)
            self.run_program("--minimizer=net.safetensors", f"--{missing}={given[missing]}", "--losses=galerkin",
                             *self.PROFILES, "--overwrite")  # fmt: skip


class BelowTheLeastLoss(SystemTest):
    def test_a_training_that_left_its_quadrature_behind_is_told(self):
        """However far: the error of the exact loss is then huge, and is not that of the training's own."""
        process = self.run_program("train", "--epochs=1000", "--lbfgs-iterations=30", "--train-quadrature=gauss:3",
                                   "--losses=ritz", "--output=a.h5")  # fmt: skip
        self.assertRegex(process.stdout, r"below\s+the\s+least\s+over\s+all\s+functions")


class DefaultsFitTheDimension(SystemTest):
    def test_the_dimension_alone_makes_a_job(self):
        rules = {1: ("simpson:100",) * 2, 2: ("gauss:24",) * 2, 3: ("gauss:16",) * 2,
                 4: ("sobol:4096", "sobol:1024 redrawn")}  # fmt: skip
        for dimension, (profiles, training) in rules.items():
            process = self.run_program(f"--dimension={dimension}", "--epochs=3", "--directions=2", "--grid=-1:1:3",
                                       "--lbfgs-iterations=0", "--overwrite")  # fmt: skip
            self.assertRegex(process.stdout, rf"(?m)^Quadrature  {profiles}( \(.*\))?, [0-9 ]+ points$")
            self.assertIn(f"\nTrained on  {training}\n", process.stdout)
            with h5py.File(self.path("landscape.h5"), "r") as file:
                settings = text(file.attrs["config"]).splitlines()
            self.assertIn(f"quadrature = {profiles}", settings)
            self.assertIn(f"train-quadrature = {training.split()[0]}", settings)
            self.run_program("verify", "landscape.h5")
            # a loaded minimizer brings its dimension along
            self.run_program("--minimizer=landscape.h5", "--directions=2", "--grid=-1:1:3",
                             "--output=again.h5", "--overwrite")  # fmt: skip
            with h5py.File(self.path("again.h5"), "r") as file:
                self.assertIn(f"quadrature = {profiles}", text(file.attrs["config"]).splitlines())


if __name__ == "__main__":
    main()
