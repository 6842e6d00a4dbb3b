"""tools/published.py: quick runs of presets become one page; the rules decide; what is missing is named."""

import importlib.util
import os
import re
import subprocess
import sys
import unittest

from system import PROGRAM, SOURCE, SystemTest, main

SCRIPT = os.path.join(SOURCE, "tools", "published.py")


def load_script():
    spec = importlib.util.spec_from_file_location("published", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Page(SystemTest):
    def make(self, *arguments, code=0):
        command = [sys.executable, "-B", SCRIPT, "--program", PROGRAM, "-o", self.path("study"), *arguments]
        env = {**os.environ, "MPLCONFIGDIR": self.folder}
        process = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300)
        self.assertEqual(process.returncode, code, process.stdout + process.stderr)
        return process

    def page(self):
        with open(self.path("study/published.md"), encoding="utf-8") as file:
            return file.read()

    def test_quick_runs_become_a_page_that_names_what_is_missing(self):
        self.make("--run", "--quick", "--only=fcnet,long,surface")
        text = self.page()
        self.assertIn("Reduced size", text)
        for picture in re.findall(r"\]\((\w+\.png)\)", text):
            self.assertGreater(os.path.getsize(self.path("study/" + picture)), 1000)
        self.assertEqual(set(re.findall(r"\]\((\w+\.png)\)", text)), {"long.png", "surface.png"})
        shown, missing = text.split("## Not on this page")
        self.assertIn("| mean T, l = 0.001 | 914.8 |", shown)
        self.assertIn("Runs: `fcnet-as-published`: 1000 epochs, 20 directions;", shown)
        self.assertIn("## Distance between the minimizers", shown)
        for name in ("trajectory-as-published", "spectrum-corrected", "switching", "Initialisations"):
            self.assertIn(name, missing)
            self.assertNotIn(name, shown)
        # The distances of the page are those of the program, of the same file.
        listed = self.run_program("distance", self.path("study/surface-as-published.h5")).stdout
        whole = re.search(r"\| L2 \|.* ([\d.]+) \|\n", shown).group(1)
        self.assertIn(whole[:-1], listed)

    def test_a_failed_preset_is_on_the_page_and_in_the_exit_code(self):
        os.mkdir(self.path("study"))
        with open(self.path("study/long-corrected.h5"), "w") as file:
            file.write("mine")
        self.make("--run", "--quick", "--only=long", code=1)
        self.assertRegex(self.page().split("## Not on this page")[1], r"40 000 epochs.*`long-corrected`: failed: ")
        with open(self.path("study/long-corrected.h5")) as file:
            self.assertEqual(file.read(), "mine")

    def test_an_unknown_figure_and_a_missing_folder_are_refused(self):
        self.assertIn("there is no figure heights", self.make("--only=heights", code=2).stderr)
        self.assertIn("is no folder", self.make("--networks=nowhere", code=2).stderr)


class Rules(unittest.TestCase):
    def setUp(self):
        self.rules = load_script()

    def test_a_conclusion_is_judged_by_disjoint_intervals(self):
        compare = self.rules.compare_orders
        self.assertEqual(compare(0.2, 0.1, (0.3, 0.4), (0.1, 0.2)), "same")
        self.assertEqual(compare(0.1, 0.2, (0.3, 0.4), (0.1, 0.2)), "opposite")
        self.assertEqual(compare(0.2, 0.1, (0.15, 0.4), (0.1, 0.2)), "open")
        self.assertEqual(compare(0.2, 0.1, (float("nan"), 0.4), (0.1, 0.2)), "open")

    def test_one_reversed_comparison_fells_a_conclusion_and_an_open_one_weakens_it(self):
        verdict = self.rules.verdict
        self.assertIn("does not stand", verdict(["same", "same", "opposite"]))
        self.assertIn("The conclusion stands**", verdict(["same", "same"]))
        self.assertIn("stands in part", verdict(["same", "open"]))
        self.assertIn("is not decided", verdict(["open", "open"]))

    def test_an_index_rises_then_falls_only_with_disjoint_intervals(self):
        rule = self.rules.rises_then_falls
        narrow = [(0.0, 0.1), (0.4, 0.6), (0.1, 0.2)]
        self.assertEqual(rule([0.05, 0.5, 0.15], narrow), "yes")
        self.assertEqual(rule([0.05, 0.5, 0.45], [*narrow[:2], (0.3, 0.5)]), "open")
        self.assertEqual(rule([0.05, 0.1, 0.5], [(0.0, 0.1), (0.05, 0.15), (0.4, 0.6)]), "no")
        self.assertEqual(rule([0.05, 0.45, 0.5], [(0.0, 0.1), (0.4, 0.5), (0.4, 0.6)]), "open")

    def test_a_printed_index_may_miss_our_interval_by_its_own_error(self):
        self.assertTrue(self.rules.inside(0.135, 0.1, (0.08, 0.13)))
        self.assertFalse(self.rules.inside(0.145, 0.1, (0.08, 0.13)))

    def test_redrawn_noise_has_more_local_minima_than_a_bowl(self):
        import numpy as np

        x = np.linspace(-1, 1, 21)
        bowl = x[:, None] ** 2 + x**2
        self.assertEqual(self.rules.local_minima(bowl), 1)
        self.assertGreater(self.rules.local_minima(np.random.default_rng(1).random((21, 21))), 20)


if __name__ == "__main__":
    main()
