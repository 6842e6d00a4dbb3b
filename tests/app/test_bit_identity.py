"""The numbers do not depend on how many ranks and threads computed them, nor on when."""

import json
import re
import subprocess

from system import QUICK, TIMES, SystemTest, main

CASE = [*QUICK, "--directions=7", "--grid=-1:1:13", "--save-directions"]
CASE = [option for option in CASE if option not in ("--directions=6", "--grid=-1:1:9")]


class BitIdentity(SystemTest):
    def test_any_number_of_ranks_and_threads_gives_the_same_bits(self):
        self.run_program(*CASE, "--output=one.h5", "--threads=1")
        for ranks, threads in ((1, 2), (2, 1), (3, 2), (4, 1), (7, 3)):
            with self.subTest(ranks=ranks, threads=threads):
                name = f"{ranks}x{threads}.h5"
                self.run_program(*CASE, f"--output={name}", f"--threads={threads}", ranks=ranks)
                self.assert_same_files("one.h5", name)

    def test_a_reduction_of_many_directions_gives_the_same_bits_on_any_threads(self):
        """Enough of them for weights in the resamples, and enough resamples for threads."""
        case = [option for option in CASE if not option.startswith(("--directions", "--bootstrap", "--save"))]
        case += ["--directions=5000", "--bootstrap=300", "--quadrature=simpson:20"]
        first = self.run_program(*case, "--full-report", "--output=one.h5", "--threads=1").stdout
        for ranks, threads in ((1, 2), (2, 1), (3, 2)):
            with self.subTest(ranks=ranks, threads=threads):
                self.run_program(*case, "--output=more.h5", "--overwrite", f"--threads={threads}", ranks=ranks)
                self.assert_same_files("one.h5", "more.h5")
        one, two = (self.run_program("reduce", "one.h5", "--full-report", f"--threads={n}").stdout for n in (1, 2))
        self.assertEqual(one, two)
        self.assertTrue(first.endswith(one), first + "\n\nreduce:\n" + one)
        one, two = (self.run_program("reduce", "one.h5", "--json", f"--threads={n}").stdout for n in (1, 2))
        self.assertEqual(json.loads(one), json.loads(two))
        one, two = (self.run_program("compare", "one.h5", "more.h5", f"--threads={n}").stdout for n in (1, 2))
        self.assertEqual(one, two)

    def test_short_rounds_give_the_same_bits(self):
        self.run_program(*CASE, "--output=long.h5")
        self.run_program(*CASE, "--output=short.h5", "--round-seconds=1e-6", ranks=2)
        self.assert_same_files("long.h5", "short.h5")

    def test_random_points_and_batches_give_the_same_bits(self):
        case = [
            "--dimension=2",
            "--epochs=50",
            "--lbfgs-iterations=0",
            "--train-quadrature=monte-carlo:64",
            "--batch=24",
            "--train-points=redrawn",
            "--quadrature=sobol:64",
            "--directions=5",
            "--grid=-1:1:5",
            "--bootstrap=100",
        ]
        self.run_program(*case, "--output=one.h5", "--threads=1")
        self.run_program(*case, "--output=three.h5", "--threads=2", ranks=3)
        self.assert_same_files("one.h5", "three.h5")

    def test_h5diff_of_two_equal_runs_names_times_only(self):
        self.run_program(*CASE, "--output=a.h5")
        self.run_program(*CASE, "--output=b.h5", ranks=2)
        text = subprocess.run(
            ["h5diff", "-r", self.path("a.h5"), self.path("b.h5")], capture_output=True, text=True
        ).stdout
        different, name = set(), ""
        for line in text.splitlines():
            named = re.match(r"(?:attribute|dataset): +<([^ >]+)", line)
            count = re.match(r"(\d+) differences? found", line)
            name = named[1].rsplit("/", 1)[-1] if named else name
            if count and int(count[1]) > 0:
                different.add(name)
        self.assertLessEqual({name.rsplit("/", 1)[-1] for name in different}, TIMES, text)
        self.assertIn("training_seconds", different, "h5diff named nothing: was its text read?\n" + text)

    def test_another_seed_gives_other_numbers(self):
        self.run_program(*CASE, "--output=a.h5", "--seed=1")
        self.run_program(*CASE, "--output=b.h5", "--seed=2")
        with self.assertRaises(AssertionError):
            self.assert_same_files("a.h5", "b.h5")


if __name__ == "__main__":
    main()
