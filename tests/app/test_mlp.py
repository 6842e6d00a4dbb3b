"""A plain multilayer perceptron: trained, measured, stored, loaded and gone on with like every other network."""

import h5py
import numpy as np
from system import SystemTest, main, n_complete, reference_numbers, state_dict, text, write_safetensors

PROFILES = ["--directions=5", "--grid=-0.5:0.5:5", "--bootstrap=100"]
CASE = ["--network=mlp", "--layers=9,4,6", "--activation=tanh", "--epochs=100", "--lbfgs-iterations=5", *PROFILES]
# dimension, hidden layers, activation, points per dimension of a Gauss rule
NETWORKS = [
    (1, (16, 16), "tanh", 40),
    (1, (7,), "swish", 40),
    (1, (20, 20, 20), "sin", 40),
    (2, (5, 3), "sin", 15),
    (2, (3, 8, 5, 2, 7), "tanh", 15),
    (2, (12,), "softplus", 15),
    (3, (4, 9, 6), "softplus", 8),
    (3, (8, 8, 8, 8), "swish", 8),
    (10, (6, 20, 9, 3), "tanh", 2),
    (10, (16, 16, 16, 16, 16), "swish", 2),
]


def random_network(dimension, widths, seed):
    random = np.random.default_rng(seed)
    names = ["layer_in"] + [f"layer{k}" for k in range(1, len(widths))] + ["layer_out"]
    tensors = {}
    for name, rows, columns in zip(names, [*widths, 1], [dimension, *widths]):
        tensors[name + ".weight"] = random.normal(size=(rows, columns)) / np.sqrt(columns)
        tensors[name + ".bias"] = 0.3 * random.normal(size=rows)
    return tensors


class MlpTest(SystemTest):
    def losses(self, tensors, activation, rule):
        write_safetensors(self.path("net.safetensors"), tensors, {"network": "mlp", "activation": activation})
        self.run_program("--minimizer=net.safetensors", f"--quadrature={rule}", "--directions=2", "--grid=-1:1:3",
                         "--bootstrap=100", "--overwrite")  # fmt: skip
        with h5py.File(self.path("landscape.h5"), "r") as file:
            return {loss: file[f"profiles/{loss}/loss"][0, 1] for loss in ("ritz", "galerkin")}


class Mlp(MlpTest):
    def test_any_number_of_ranks_and_threads_gives_the_same_bits(self):
        process = self.run_program(*CASE, "--output=one.h5", "--threads=1")
        self.assertIn("Network     mlp, layers 9,4,6, tanh, d = 1, 95 parameters", process.stdout)
        for ranks, threads in ((2, 1), (3, 2)):
            self.run_program(*CASE, "--output=more.h5", f"--threads={threads}", "--overwrite", ranks=ranks)
            self.assert_same_files("one.h5", "more.h5")
        for isa in ("portable", "avx2"):
            env = {"LANDSCAPE_CPU_ISA": isa}
            self.run_program(*CASE, "--output=more.h5", "--overwrite", env=env)
            self.assert_same_files("one.h5", "more.h5")
        self.assertIn("the same bits", self.run_program("verify", "one.h5", "--all").stdout)

    def test_the_file_has_its_layers_and_every_command_names_them(self):
        self.run_program(*CASE)
        with h5py.File(self.path("landscape.h5"), "r") as file:
            group = file["minimizer/galerkin"]
            self.assertEqual(text(group.attrs["network"]), "mlp")
            self.assertEqual(group.attrs["layers"].tolist(), [9, 4, 6])
            shapes = {name: tensor.shape for name, tensor in state_dict(group).items()}
        self.assertEqual(list(shapes.items()),
                         [("layer_in.weight", (9, 1)), ("layer_in.bias", (9,)), ("layer1.weight", (4, 9)),
                          ("layer1.bias", (4,)), ("layer2.weight", (6, 4)), ("layer2.bias", (6,)),
                          ("layer_out.weight", (1, 6)), ("layer_out.bias", (1,))])  # fmt: skip
        self.assertIn("mlp, layers 9,4,6, tanh, d = 1", self.run_program("info", "landscape.h5").stdout)
        settings = self.run_program("info", "landscape.h5", "--settings").stdout
        self.assertIn("layers = 9,4,6\n", settings)
        self.assertNotIn("width", settings)
        with open(self.path("again.cfg"), "w") as file:
            file.write(settings)
        self.run_program("--config=again.cfg", "--output=again.h5")
        self.assert_same_files("landscape.h5", "again.h5")
        self.assertIn("mlp, layers 9,4,6, tanh", self.run_program(*CASE, "--output=none.h5", "--dry-run").stdout)

    def test_a_training_comes_to_the_solution(self):
        for layers in ("16,16", "6,12,4"):
            self.run_program("train", "--network=mlp", f"--layers={layers}", "--activation=tanh", "--epochs=500",
                             "--learning-rate=0.01", "--lbfgs-iterations=300", "--overwrite")  # fmt: skip
            with h5py.File(self.path("landscape.h5"), "r") as file:
                for loss in ("ritz", "galerkin"):
                    self.assertLess(file[f"minimizer/{loss}"].attrs["relative_l2_error"], 1e-4)

    def test_a_killed_job_goes_on(self):
        self.run_program("train", *CASE, "--output=net.h5")
        case = ["--minimizer=net.h5", "--quadrature=gauss:2000", "--directions=20", "--grid=-1:1:21", "--bootstrap=50",
                "--round-seconds=0.05"]  # fmt: skip
        self.run_program(*case, "--output=whole.h5")
        process = self.start_program(*case, "--output=part.h5", ranks=2)
        self.wait_for(lambda: n_complete(self.path("part.h5")) > 0, process)
        self.kill_group(process)
        self.run_program("resume", "part.h5", ranks=3)
        self.assert_same_files("whole.h5", "part.h5")

    def test_its_state_dict_can_be_loaded(self):
        self.run_program("train", *CASE, "--output=net.h5")
        with h5py.File(self.path("net.h5"), "r") as file:
            write_safetensors(self.path("net.safetensors"), state_dict(file["minimizer/ritz"]), {})
        common = ["--losses=ritz", *PROFILES]
        self.run_program("--minimizer=net.h5", *common, "--output=a.h5")
        # nothing but an mlp has such shapes
        self.run_program("--minimizer=net.safetensors", "--activation=tanh", *common, "--output=b.h5")
        with h5py.File(self.path("a.h5"), "r") as a, h5py.File(self.path("b.h5"), "r") as b:
            self.assertEqual(b["minimizer/ritz"].attrs["layers"].tolist(), [9, 4, 6])
            np.testing.assert_array_equal(a["profiles/ritz/loss"][()], b["profiles/ritz/loss"][()])

    def test_a_training_may_start_from_one(self):
        self.run_program("train", *CASE, "--losses=ritz", "--output=net.h5")
        self.run_program("train", "--start=net.h5", "--epochs=0", "--lbfgs-iterations=0", "--losses=ritz",
                         "--output=same.h5")  # fmt: skip
        with h5py.File(self.path("net.h5"), "r") as a, h5py.File(self.path("same.h5"), "r") as b:
            first, second = state_dict(a["minimizer/ritz"]), state_dict(b["minimizer/ritz"])
            self.assertEqual(b["minimizer/ritz"].attrs["layers"].tolist(), [9, 4, 6])
        for name, tensor in first.items():
            np.testing.assert_array_equal(tensor, second[name])

    def test_what_contradicts_a_file_is_said_in_one_sentence(self):
        self.run_program("train", *CASE, "--output=net.h5")
        write_safetensors(self.path("square.safetensors"), random_network(1, (4, 4, 4), 1), {})
        for options, words in (
            (["--minimizer=net.h5", "--network=fcnet"], "--network fcnet contradicts 'net.h5', whose network has mlp"),
            (["--minimizer=net.h5", "--network=mlp", "--layers=9,4"], "--layers 9,4 contradicts 'net.h5'"),
            (["--minimizer=square.safetensors", "--activation=tanh"], "give --network fcnet, resnet or mlp"),
            (["--network=mlp", "--width=4"], "An mlp has neither --width nor --blocks: give its --layers"),
            (["--layers=4,4"], "--layers 4,4 belongs to an mlp"),
        ):
            code = 1 if "square" in options[0] else 2
            stderr = self.run_program(*options, code=code).stderr
            self.assertRegex(stderr, r"\Alandscape_mpi: [^\n]*\n\Z")
            self.assertIn(words, stderr)

    def test_losses_are_those_of_the_reference(self):
        # In ten dimensions the reference has other points; there the backend's own tests have the same.
        for seed, (dimension, widths, activation, n) in enumerate(NETWORKS[:8:2]):
            tensors = random_network(dimension, widths, seed)
            theta = [x for t in tensors.values() for x in t.ravel().tolist()]
            for loss, value in self.losses(tensors, activation, f"gauss:{n}").items():
                words = ["mlp", activation, dimension, ",".join(map(str, widths)), "-", "sine", loss, n]
                want = reference_numbers(words, theta)[0][0]
                self.assertLessEqual(abs(value - want), 1e-12 * abs(want), (dimension, widths, activation, loss))


if __name__ == "__main__":
    main()
