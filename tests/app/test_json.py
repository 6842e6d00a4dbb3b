"""--json of reduce, info and compare: one valid object on standard output, with the report's numbers."""

import json
import math

import h5py
import numpy as np
from system import QUICK, SystemTest, main, results


def strict(text):
    """RFC 8259 has no NaN and no Infinity."""

    def refuse(word):
        raise ValueError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


def as_json(value):
    if isinstance(value, np.ndarray):
        return [as_json(part) for part in value]
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    return value if isinstance(value, str) else int(value)


class JsonOutput(SystemTest):
    def groups(self, name):
        with h5py.File(self.path(name), "r") as file:
            found = {}
            file.visititems(
                lambda group, node: found.update({group: results(node)} if "results" in node.attrs else {})
            )
        return {group: {key: as_json(value) for key, value in of.items()} for group, of in found.items()}

    def test_reduce_and_info_have_the_files_results_and_settings(self):
        self.run_program(*QUICK, "--metrics=reference,l2", "--output=a.h5")
        reduced = strict(self.run_program("reduce", "a.h5", "--json").stdout)
        info = strict(self.run_program("info", "a.h5", "--json").stdout)
        stored = self.groups("a.h5")
        self.assertEqual(reduced["results"], stored)
        self.assertEqual(info["results"], stored)
        self.assertIsNone(reduced["results"]["roughness/ritz"]["median_noise"])  # undefined in double precision
        for found, command in ((reduced, "reduce"), (info, "info")):
            self.assertEqual((found["schema"], found["json_of"]), (1, command))
            self.assertEqual(found["file"]["state"], "complete")
            self.assertEqual(found["settings"]["metrics"], "reference,l2")
        self.assertEqual(info["blocks"]["profiles/ritz/metrics/l2"]["complete_rows"], 6)
        with h5py.File(self.path("a.h5"), "r") as file:
            for loss in ("ritz", "galerkin"):
                stored, found = file[f"minimizer/{loss}"].attrs, info["minimizers"][loss]
                for name in ("final_loss", "relative_l2_error", "stop_reason"):
                    self.assertEqual(found[name], stored[name])
                self.assertEqual(found["critical_point"]["verdict"], stored["critical_point_verdict"])
                self.assertEqual(found["critical_point"]["smallest_eigenvalue"], stored["smallest_eigenvalue"])

    def test_other_statistics_and_other_commands_on_files(self):
        self.run_program(*QUICK, "--output=a.h5")
        wide = strict(self.run_program("reduce", "a.h5", "--json", "--confidence=0.9").stdout)
        self.assertEqual(wide["settings"]["confidence"], "0.9")
        self.assertEqual(wide["results"]["roughness/ritz"]["confidence"], 0.9)
        self.run_program("surface", "--minimizer=a.h5", "--x=-1:1:5", "--y=-1:1:4", "--output=s.h5")
        self.assertEqual(
            strict(self.run_program("reduce", "s.h5", "--json").stdout)["results"], self.groups("s.h5")
        )

    def test_compare_has_the_sentence_and_its_numbers(self):
        self.run_program(*QUICK, "--output=a.h5")
        self.run_program(*QUICK, "--output=b.h5", "--train-seed=5")
        said = " ".join(self.run_program("compare", "a.h5", "b.h5").stdout.split())
        found = strict(self.run_program("compare", "a.h5", "b.h5", "--json").stdout)
        self.assertIsNone(found["why_unpaired"])
        self.assertEqual(found["differences"], ["train-seed: 1 | 5"])
        self.assertEqual([one["loss_a"] for one in found["comparisons"]], ["ritz", "galerkin"])
        for one in found["comparisons"]:
            self.assertIn(" ".join(one["sentence"].split()), said)
            self.assertAlmostEqual(one["difference"], one["index_a"] - one["index_b"], places=12)
            self.assertTrue(one["ratio_interval"][0] <= one["ratio"] <= one["ratio_interval"][1])
        self.assertEqual((found["a"]["path"], found["b"]["settings"]["train-seed"]), ("a.h5", "5"))

    def test_what_cannot_be_had_is_one_sentence_and_no_json(self):
        self.run_program(*QUICK, "--output=a.h5")
        process = self.run_program("info", "a.h5", "--json", "--settings", code=2)
        self.assertIn("give one of them", process.stderr)
        self.assertEqual((process.stdout, len(process.stderr.splitlines())), ("", 1))
        with h5py.File(self.path("a.h5"), "r+") as file:
            file["roughness/ritz/mean"][()] = 7.0
        for command in ("reduce", "info"):
            process = self.run_program(command, "a.h5", "--json", code=1)
            self.assertEqual((process.stdout, len(process.stderr.splitlines())), ("", 1))
        self.assertIn("--json has no meaning for", self.run_program("verify", "a.h5", "--json", code=2).stderr)


if __name__ == "__main__":
    main()
