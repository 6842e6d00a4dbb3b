"""Preconditioned spectra: against SciPy from the stored matrices, exact cases, ranks, kills, verify, bad input."""

import os

import h5py
import numpy as np
import scipy.linalg
from system import SystemTest, main, results, write_safetensors

ALL = "--precondition=gauss-newton,energy,adam,lbfgs"
SHORT = ["spectrum", "--epochs=300", "--lbfgs-iterations=40"]
LOSSES = ("ritz", "galerkin")


def lbfgs_matrix(pairs, n):
    """B from pairs (2 m n), by the update of its inverse K: K <- (I - r s y') K (I - r y s') + r s s', r = 1 / y's."""
    steps, changes = pairs.reshape(2, -1, n)
    used = [(s, y) for s, y in zip(steps, changes, strict=True) if np.any(s)]
    s, y = used[-1]
    inverse = np.eye(n, dtype=np.longdouble) * (s @ y) / (y @ y)
    for s, y in used:
        rate, unit = 1 / (y @ s), np.eye(n)
        inverse = (unit - rate * np.outer(s, y)) @ inverse @ (unit - rate * np.outer(y, s)) + rate * np.outer(s, s)
    return np.linalg.inv(inverse.astype(float))


def stored_matrix(file, place, minimizer, name):
    """P, whatever the file has of it."""
    if name == "adam":
        return np.diag(np.sqrt(file[f"minimizer/{minimizer}/adam_second_moment"][()]) + 1e-8)
    group = file[f"preconditioner/{place}/{name}"]
    if name == "lbfgs":
        return lbfgs_matrix(group["pairs"][0], file[f"hessian/{place}/hessian"].shape[1])
    return group["matrix"][()]


def on_range(h, p, tolerance):
    """Eigenvalues of h against p on the span of p's eigenvectors above the tolerance."""
    values, vectors = np.linalg.eigh((p + p.T) / 2)
    basis = vectors[:, values > tolerance * values[-1]]
    return scipy.linalg.eigh(basis.T @ h @ basis, basis.T @ p @ basis, eigvals_only=True)


class Preconditioned(SystemTest):
    def check(self, file, place, minimizer, name, tolerance=1e-6):
        h = file[f"hessian/{place}/hessian"][()]
        h = (h + h.T) / 2
        p = stored_matrix(file, place, minimizer, name)
        found = results(file[f"spectrum/{place}/{name}"])
        expected, r = on_range(h, p, tolerance), found["rank"]
        self.assertEqual(len(expected), r, f"{place} {name}")
        np.testing.assert_allclose(found["eigenvalues"][:r], expected, rtol=1e-8, atol=1e-8 * abs(expected).max())
        self.assertTrue(np.isnan(found["eigenvalues"][r:]).all())
        nu, level = found["eigenvalues"][:r], found["level"]
        self.assertGreaterEqual(level, tolerance * abs(nu).max() * (1 - 1e-12))
        self.assertEqual(found["positive"], (nu > level).sum())
        self.assertEqual(found["negative"], (nu < -level).sum())
        self.assertEqual(found["positive"] + found["negative"] + found["zero"], r)
        np.testing.assert_allclose(found["condition"], nu[-1] / nu[nu > level][0], rtol=1e-14)
        np.testing.assert_allclose(
            found["negative_weight"], -nu[nu < -level].sum() / abs(nu).sum(), rtol=1e-12, atol=1e-300
        )
        values = np.linalg.eigvalsh(h)
        curved = (values > tolerance * abs(values).max()).sum()
        k = min(curved, found["positive"])
        self.assertGreater(k, 0)
        self.assertEqual((found["curved"], found["leading"]), (curved, k))
        np.testing.assert_allclose(found["hessian_condition"], values[-1] / values[-k], rtol=1e-8)
        np.testing.assert_allclose(found["leading_condition"], nu[-1] / nu[-k], rtol=1e-14)
        if name == "gauss-newton":
            np.testing.assert_allclose(found["difference"], np.linalg.norm(h - p) / np.linalg.norm(h), rtol=1e-6)
        return found

    def test_eigenvalues_are_scipys(self):
        said = self.run_program(*SHORT, ALL, "--output=a.h5").stdout
        with h5py.File(self.path("a.h5")) as file:
            for loss in LOSSES:
                for name in ("gauss-newton", "energy", "adam", "lbfgs"):
                    self.check(file, loss, loss, name)
                np.testing.assert_array_equal(
                    file["preconditioner/ritz/gauss-newton/matrix"], file["preconditioner/ritz/energy/matrix"]
                )
            found = results(file["spectrum/galerkin/gauss-newton"])
        # Near a solution the residual is small, and its Jacobian nearly all of the Hessian on its range.
        self.assertLess(found["leading_condition"], 0.01 * found["hessian_condition"])
        self.assertIn("largest nu have the condition", said)
        report = self.run_program("reduce", "a.h5").stdout
        self.assertEqual(report, said[said.index("Deep Ritz") :])
        self.assertIn("0.001 of the largest", self.run_program("reduce", "a.h5", "--rank-tolerance=1e-3").stdout)

    def test_around_the_other_minimizer_and_of_a_layer(self):
        names = ("gauss-newton", "energy", "lbfgs")
        option = f"--precondition={','.join(names)}"
        self.run_program(*SHORT, option, "--around=both", "--dimension=2", "--width=3", "--quadrature=gauss:8",
                         "--rank-tolerance=1e-5", "--output=a.h5")  # fmt: skip
        self.run_program("spectrum", "--minimizer=a.h5", "--quadrature=gauss:8", ALL,
                         "--restrict=layer1", "--output=layer.h5")  # fmt: skip
        with h5py.File(self.path("a.h5")) as whole, h5py.File(self.path("layer.h5")) as layer:
            for loss, other in (LOSSES, LOSSES[::-1]):
                for name in names:
                    self.check(whole, loss, loss, name, 1e-5)
                    self.check(whole, f"{loss}_around_{other}", other, name, 1e-5)
                n, first = 12, 9  # layer1 of width 3, behind layer_in of two inputs
                for name in names[:2]:
                    np.testing.assert_array_equal(
                        layer[f"preconditioner/{loss}/{name}/matrix"],
                        whole[f"preconditioner/{loss}/{name}/matrix"][first : first + n, first : first + n],
                    )
                moment = whole[f"minimizer/{loss}/adam_second_moment"][first : first + n]
                found = results(layer[f"spectrum/{loss}/adam"])
                h = layer[f"hessian/{loss}/hessian"][()]
                scale = 1 / np.sqrt(np.sqrt(moment) + 1e-8)
                expected = np.linalg.eigvalsh(scale[:, None] * (h + h.T) / 2 * scale)
                np.testing.assert_allclose(found["eigenvalues"], expected, rtol=0, atol=1e-10 * expected[-1])

    def test_where_the_residual_is_zero_the_matrix_is_the_hessian(self):
        tensors = {"layer_out.weight": np.array([[-2.0]]), "layer_out.bias": np.array([-1.0])}
        write_safetensors(self.path("exact.safetensors"), tensors, {"network": "linear"})
        self.run_program(
            "spectrum", "--network=linear", "--problem=cubic", "--quadrature=gauss:8", "--minimizer=exact.safetensors",
            "--precondition=gauss-newton,lbfgs", "--output=a.h5",
        )  # fmt: skip
        with h5py.File(self.path("a.h5")) as file:
            for loss in LOSSES:
                found = results(file[f"spectrum/{loss}/gauss-newton"])
                self.assertLess(found["difference"], 1e-14)
                self.assertEqual(found["rank"], 2)
                np.testing.assert_allclose(found["eigenvalues"], 1.0, rtol=1e-13)
                found = results(file[f"spectrum/{loss}/lbfgs"])  # as many steps as parameters know all
                self.assertEqual(found["pairs"], 2)
                np.testing.assert_allclose(found["eigenvalues"], 1.0, rtol=1e-12)

    def test_the_second_moment_is_that_of_the_last_epochs(self):
        # Of one epoch it is the square of the first gradient, which spectrum has of the parameters before it.
        same = ["--width=3", "--quadrature=gauss:32", "--train-quadrature=gauss:32", "--lbfgs-iterations=0"]
        self.run_program("spectrum", *same, "--epochs=1", "--precondition=adam", "--output=one.h5")
        self.run_program("spectrum", *same, "--epochs=0", "--output=none.h5")
        with h5py.File(self.path("one.h5")) as one, h5py.File(self.path("none.h5")) as none:
            for loss in LOSSES:
                gradient = none[f"gradient/{loss}/gradient"][0]
                np.testing.assert_allclose(one[f"minimizer/{loss}/adam_second_moment"], gradient**2, rtol=1e-11)
                self.assertNotIn("adam_second_moment", none[f"minimizer/{loss}"])

    def test_any_number_of_ranks_gives_the_same_bits(self):
        self.run_program(*SHORT, ALL, "--output=one.h5")
        self.run_program(*SHORT, ALL, "--output=three.h5", ranks=3)
        self.assert_same_files("one.h5", "three.h5")
        self.run_program("spectrum", "--minimizer=one.h5", ALL, "--output=again.h5", ranks=2)
        with h5py.File(self.path("one.h5")) as one, h5py.File(self.path("again.h5")) as again:
            for place in ("preconditioner/ritz/lbfgs/pairs", "spectrum/galerkin/adam/eigenvalues"):
                np.testing.assert_array_equal(one[place], again[place])

    def test_a_killed_job_goes_on_and_verify_recomputes_it(self):
        case = ["spectrum", "--epochs=5", "--lbfgs-iterations=0", "--dimension=3", "--width=6", "--losses=galerkin",
                "--quadrature=sobol:4096", "--train-quadrature=sobol:64", "--round-seconds=0.02", ALL]  # fmt: skip
        process = self.start_program(*case, "--output=part.h5", ranks=2)
        self.wait_for(lambda: self.n_done("part.h5") > 0, process)
        self.kill_group(process)
        with h5py.File(self.path("part.h5"), "r") as file:
            self.assertFalse(file["preconditioner/galerkin/energy/complete"][()].all())
        self.run_program(*case, "--output=part.h5", "--resume", ranks=3)
        self.run_program(*case, "--output=whole.h5")
        self.assert_same_files("whole.h5", "part.h5")
        said = self.run_program("verify", "part.h5").stdout
        for name in ("gauss-newton", "energy", "lbfgs"):
            self.assertRegex(said, rf"preconditioner/galerkin/{name} .*computed again: the same bits")
        with h5py.File(self.path("part.h5"), "r+") as file:
            file["preconditioner/galerkin/energy/matrix"][3, 5] += 1.0
        said = self.run_program("reduce", "part.h5", code=1).stderr
        self.assertIn("rows of /preconditioner/galerkin/energy", said)

    def n_done(self, name):
        try:
            with h5py.File(self.path(name), "r", locking=False) as file:
                return int(file["preconditioner/galerkin/gauss-newton/complete"][()].sum())
        except (OSError, KeyError):
            return 0

    def test_bad_input_gets_a_sentence(self):
        tensors = {"layer_out.weight": np.array([[-2.0]]), "layer_out.bias": np.array([-1.0])}
        write_safetensors(self.path("exact.safetensors"), tensors, {"network": "linear"})
        self.run_program("trajectory", "--epochs=20", "--every=10", "--width=2", "--lbfgs-iterations=0",
                         "--directions=2", "--grid=-1:1:3", "--output=t.h5")  # fmt: skip
        for options, words in (
            (["--precondition=newton"], "choose gauss-newton, energy, adam or lbfgs"),
            (["--precondition=adam,adam"], "names adam twice"),
            (["--precondition=adam", "--epochs=0"], "no epochs"),
            (["--precondition=adam", "--optimizer=lbfgs"], "no epochs"),
            (["--precondition=adam", "--around=both"], "cannot go with --around"),
            (["--precondition=lbfgs", "--method=lanczos"], "choose --method dense"),
            (["--precondition=lbfgs", "--minimizer=t.h5", "--path"], "not of a --path"),
            (["--precondition=energy", "--problem=convection"], "has no energy"),
            (["--rank-tolerance=1e-3"], "of the matrices of --precondition"),
            (["--precondition=lbfgs", "--rank-tolerance=1"], "between 0 and 1"),
            (
                ["--precondition=adam", "--network=linear", "--problem=cubic", "--minimizer=exact.safetensors"],
                "'exact.safetensors' has none",
            ),
            (["--precondition=adam", "--minimizer=t.h5", "--problem=reaction"], "'t.h5' has none"),
        ):
            said = self.run_program("spectrum", *options, "--output=x.h5", code=2).stderr
            self.assertIn(words, said)
            self.assertEqual(said.count("\n"), 1, said)
            self.assertFalse(os.path.exists(self.path("x.h5")))
        said = self.run_program("--precondition=lbfgs", "--output=x.h5", code=2).stderr
        self.assertIn("belongs to the command", said)


if __name__ == "__main__":
    main()
