"""--grid auto: the radius on which the index depends least, found from the rows and said."""

import h5py
import numpy as np
from system import SystemTest, index_of, main, results, total_variation

CASE = ["--epochs=300", "--lbfgs-iterations=100", "--directions=12", "--bootstrap=200", "--grid=auto"]
FULL = "--full-report"


class AutoGrid(SystemTest):
    def test_the_report_is_that_of_the_grid_it_took(self):
        said = self.run_program(*CASE, "--metrics=reference", FULL, "--output=auto.h5", ranks=3).stdout
        with h5py.File(self.path("auto.h5"), "r") as file:
            radius = file["roughness/grid/chosen"][()]
            grid = results(file["roughness/grid"])
        self.assertIn(f"--grid auto took [{-radius:g}, {radius:g}]", said)
        alone = [*CASE[:-1], f"--grid={-radius}:{radius}:101", "--metrics=reference"]
        fixed = self.run_program(*alone, FULL, "--output=fixed.h5").stdout
        table = said[said.index("roughness index RI") : said.index("seconds: training")]
        self.assertIn(table, fixed)
        with h5py.File(self.path("auto.h5"), "r") as auto, h5py.File(self.path("fixed.h5"), "r") as of_grid:
            for loss in ("ritz", "galerkin"):
                at = list(grid["radius"]).index(radius)
                index = of_grid[f"roughness/{loss}/index"][()]
                self.assertEqual(index, auto[f"roughness/{loss}/index"][()])
                self.assertEqual(index, grid[f"index_{loss}"][at])
                for column in ("total_variation", "tilt", "slope_changes"):
                    np.testing.assert_array_equal(
                        auto[f"profiles/{loss}/{column}"][()], of_grid[f"profiles/{loss}/{column}"][()]
                    )
            # The index by numpy on each grid, and by it how much it changes.
            steps = auto["profiles/ritz/steps"][()]
            sensitivity = np.zeros(len(grid["radius"]))
            for loss in ("ritz", "galerkin"):
                index = []
                for l in grid["radius"]:
                    columns = np.searchsorted(steps, np.linspace(-l, l, 101) - 1e-12)
                    losses = auto[f"profiles/{loss}/loss"][:, columns]
                    index.append(index_of(total_variation([-l, l], losses)))
                np.testing.assert_allclose(grid[f"index_{loss}"], index, rtol=1e-10)
                changes = np.abs(np.diff(np.log(index)))
                sensitivity[1:-1] = np.maximum(sensitivity[1:-1], np.maximum(changes[:-1], changes[1:]))
            np.testing.assert_allclose(grid["sensitivity"][1:-1], sensitivity[1:-1], rtol=1e-8)
        self.run_program("compare", "auto.h5", "fixed.h5")

    def test_ranks_resume_and_reduce_give_the_same_bits(self):
        first = self.run_program(*CASE, FULL, "--output=1.h5").stdout
        self.run_program(*CASE, "--output=3.h5", ranks=3)
        self.assert_same_files("1.h5", "3.h5")
        self.assertEqual(self.run_program("reduce", "1.h5", FULL).stdout, first.split("\n\n", 1)[1])
        self.run_program("resume", "3.h5", "--directions=20")
        more = [option.replace("directions=12", "directions=20") for option in CASE]
        self.run_program(*more, "--output=20.h5")
        self.assert_same_files("3.h5", "20.h5")
        self.assertIn("the same bits", self.run_program("verify", "1.h5", "--all").stdout)
        self.assertIn("grid = auto", self.run_program("info", "1.h5", "--settings").stdout)

    def test_where_it_cannot_be_a_sentence_says_so(self):
        for options, words in (
            (["trajectory", "--grid=auto"], "--grid auto is of the command roughness"),
            (["study", "--vary=width=2,3", "--grid=auto"], "--grid auto is of the command roughness"),
            (["study", "--vary=grid=auto,-1:1:11"], "--grid auto is of the command roughness"),
            (["--grid=auto", "--grid-rule=arange"], "drop --grid-rule arange"),
            (["--grid=atuo"], "--grid 'atuo' is not min:max:num"),
        ):
            self.assertIn(words, self.run_program(*options, "--output=x.h5", code=2).stderr)


if __name__ == "__main__":
    main()
