"""Every preset of the study in its reduced size ends within two minutes, and the page of all of them is whole."""

import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "app"))
from system import PROGRAM, SOURCE, SystemTest, main

FIGURES = ["radius", "fcnet", "points", "ball", "trajectory", "widths", "decay", "surface", "spectrum", "long"]
FIGURES += ["switching"]


class Presets(SystemTest):
    def test_each_quick_figure_takes_less_than_two_minutes_and_the_page_has_them_all(self):
        script = os.path.join(SOURCE, "tools", "published.py")
        command = [sys.executable, "-B", script, "--program", PROGRAM, "-o", self.path("study"), "--run", "--quick"]
        for figure in FIGURES:
            start = time.monotonic()
            subprocess.run([*command, "--only", figure], check=True, stdout=subprocess.DEVNULL, timeout=240)
            seconds = time.monotonic() - start
            print(f"{figure}: {seconds:.1f} s")
            self.assertLess(seconds, 120, figure)
        with open(self.path("study/published.md"), encoding="utf-8") as file:
            shown, missing = file.read().split("## Not on this page")
        self.assertEqual(shown.count("Conclusion: "), 12)  # distances come from the surface's networks
        self.assertNotIn("`radius", missing)
        self.assertIn("cube10d-corrected", missing)


if __name__ == "__main__":
    main()
