"""Steps of a training that all ranks share: the bits of one rank, and what is said of it."""

import re

from system import SystemTest, main

CASE = ["--dimension=3", "--width=8", "--epochs=200", "--lbfgs-iterations=20", "--minimum-check=off", "--threads=1"]
FEW = ["--directions=6", "--grid=-1:1:9", "--bootstrap=50"]


class TrainRanks(SystemTest):
    def test_the_same_bits_on_any_number_of_ranks(self):
        for name, options in {
            "fixed": [],
            "redrawn": ["--train-quadrature=monte-carlo:300", "--train-points=redrawn", "--lbfgs-iterations=0"],
            "batches": ["--train-quadrature=sobol:256", "--batch=50"],
            "boundary": ["--boundary=penalty:20", "--train-quadrature=sobol:200"],
            "chain": ["--optimizer=adam:50,gauss-newton:3,lbfgs:10"],
            "few points": ["--train-quadrature=sobol:8"],
        }.items():
            if name == "chain":
                case = [o for o in CASE if not o.startswith(("--epochs", "--lbfgs"))]
            else:
                case = [o for o in CASE if not any(o.split("=")[0] == other.split("=")[0] for other in options)]
            self.run_program("train", *case, *options, "--output=1.h5", "--overwrite")
            for ranks in (2, 3, 5):
                with self.subTest(name, ranks=ranks):
                    self.run_program("train", *case, *options, "--train-ranks=all", "--output=n.h5", "--overwrite",
                                     ranks=ranks)  # fmt: skip
                    self.assert_same_files("1.h5", "n.h5")

    def test_auto_tries_both_ways_and_says_which_is_faster(self):
        alone = self.run_program("train", *CASE, "--output=1.h5").stdout
        self.assertNotIn("each step on", alone)
        said = self.run_program("train", *CASE, "--output=2.h5", ranks=2).stdout
        pattern = r"  {:<9} each step on (2 ranks, [0-9.]+ times as fast as on the first alone|"
        pattern += r"the first rank alone, [0-9.]+ times as fast as on 2 ranks)\n"
        for loss in ("ritz", "galerkin"):
            self.assertRegex(said, pattern.format(loss))
        self.assert_same_files("1.h5", "2.h5")
        for options in (["--train-ranks=root"], ["--dimension=1", "--width=4"]):
            case = [o for o in CASE if not o.startswith(tuple(p.split("=")[0] for p in options))]
            said = self.run_program("train", *case, *options, "--output=3.h5", "--overwrite", ranks=2).stdout
            self.assertNotIn("each step on", said)

    def test_a_stopped_training_goes_on_with_other_ranks(self):
        case = [*CASE, *FEW, "--epochs=2000", "--round-seconds=0.02"]
        case.remove("--epochs=200")
        self.run_program(*case, "--output=whole.h5")
        self.run_program(*case, "--train-ranks=all", "--time-limit=0.001", "--output=part.h5", ranks=3, code=75)
        said = self.run_program(*case, "--resume", "--train-ranks=all", "--output=part.h5", ranks=2).stdout
        self.assertIn("goes on from epoch", said)
        self.assert_same_files("whole.h5", "part.h5")

    def test_checkpoints_are_evaluated_afterwards_where_all_ranks_train(self):
        case = ["trajectory", *CASE, *FEW, "--every=50"]
        self.run_program(*case, "--output=1.h5")
        said = self.run_program(*case, "--train-ranks=all", "--output=2.h5", ranks=2).stdout
        self.assertNotRegex(said, "during the training")
        self.assert_same_files("1.h5", "2.h5")

    def test_a_divergence_ends_all_ranks(self):
        codes, process = self.run_ranks(
            ["train", *CASE, "--train-ranks=all", "--learning-rate=1e300", "--output=x.h5"], 3
        )
        self.assertEqual(codes, [1, 1, 1])
        self.assertEqual(len(re.findall("lower --learning-rate", process.stderr)), 1)

    def test_a_word_that_is_none_is_refused(self):
        self.assertIn("--train-ranks", self.run_program("train", "--train-ranks=some", code=2).stderr)


if __name__ == "__main__":
    main()
