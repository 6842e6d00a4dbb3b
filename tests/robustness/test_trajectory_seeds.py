"""RI along trainings of 20 seeds beside the published one: rises, then falls?

published_figures.json holds the authors' RI every 500 epochs of one training of each loss (resnet, width 4, 1 000 fresh
random points an epoch, M = 50, m = 10, l = 0.01, directions with copied biases). Here the same over 20 seeds, once with
random points, whose index is the points' as well, and once with an exact quadrature.
"""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "app"))
import h5py
import numpy as np
from system import REFERENCE, SystemTest, main

SEEDS = range(1, 21)
COMMON = ["trajectory", "--epochs=5000", "--every=500", "--lbfgs-iterations=0", "--directions=50"]
COMMON += ["--grid=-0.01:0.01:11", "--bias=copy", "--bootstrap=50", "--quiet", "--threads=1"]
EXACT = ["--quadrature=gauss:64", "--train-quadrature=gauss:64"]
AS_PUBLISHED = ["--grid-rule=arange", "--quadrature=monte-carlo:1000", "--train-quadrature=monte-carlo:1000"]
AS_PUBLISHED += ["--train-points=redrawn"]


class Seeds(SystemTest):
    def indices(self, options):
        """{loss: RI (seed, epoch)} and the epochs."""
        found = {"ritz": [], "galerkin": []}
        for seed in SEEDS:
            self.run_program(*COMMON, *options, f"--seed={seed}", "--output=t.h5", "--overwrite", timeout=600)
            with h5py.File(self.path("t.h5")) as file:
                for loss, rows in found.items():
                    rows.append(file[f"trajectory/{loss}/index"][()])
                epochs = file["trajectory/ritz/epoch"][()]
        found = {loss: np.array(rows) for loss, rows in found.items()}
        for loss, rows in found.items():
            print(f"{loss}, {options[0]}: median RI by epoch")
            for i, epoch in enumerate(epochs):
                low, middle, high = np.quantile(rows[:, i], [0, 0.5, 1])
                print(f"  {epoch:5} {middle:.4f}  ({low:.4f} .. {high:.4f})")
        return epochs, found

    def test_with_exact_quadrature_the_galerkin_index_rises_then_falls(self):
        epochs, found = self.indices(EXACT)
        median = np.median(found["galerkin"], axis=0)
        self.assertGreater(median[(epochs >= 500) & (epochs <= 1500)].max(), 0.1)
        self.assertLess(median[-1], 0.05)

    def test_the_published_values_lie_inside_the_range_of_the_seeds(self):
        data = os.path.join(REFERENCE, "published_figures.json")
        if not REFERENCE or not os.path.exists(data):
            self.skipTest(f"no {data}: the published data are absent")
        with open(data) as file:
            published = json.load(file)["along_training"]
        epochs, found = self.indices(AS_PUBLISHED)
        np.testing.assert_array_equal(epochs, published["epochs"])
        for loss in ("ritz", "galerkin"):
            values, rows = np.array(published[loss]), found[loss]
            outside = (values < rows.min(axis=0) - 0.0005) | (values > rows.max(axis=0) + 0.0005)  # printed to 3 digits
            print(f"{loss}: published values outside the range of {len(SEEDS)} seeds at epochs {epochs[outside]}")
            # One run among 21 is an extreme of each of 11 epochs in 2 / 21 of cases.
            self.assertLessEqual(np.count_nonzero(outside), 4)


if __name__ == "__main__":
    main()
