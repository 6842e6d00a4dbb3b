"""Every command's help has an example, and the examples work one after the other in an empty folder."""

import shlex
import unittest

from system import SystemTest


class Help(SystemTest):
    def commands(self):
        """Of the general help, in its order."""
        lines = self.run_program("--help").stdout.splitlines()
        uses = [line.split() for line in lines if line.startswith("  landscape_mpi ")]
        return [words[1].split("]")[0].strip("[") for words in uses]

    def test_every_commands_example_works(self):
        names = self.commands()
        self.assertIn("spectrum", names)
        self.assertIn("verify", names)
        for name in names:
            with self.subTest(name):
                lines = self.run_program(name, "--help").stdout.splitlines()
                example = shlex.split(lines[lines.index("Example:") + 1])
                self.assertEqual(example[0], "landscape_mpi")
                self.assertTrue(name in example or name == "roughness", example)
                if name == "compare":
                    self.run_program("--width=6", "--epochs=500", "--directions=20", "--output=wider.h5")
                self.assertNotEqual(self.run_program(*example[1:]).stdout, "")

    def test_a_commands_help_shows_what_means_something_to_it(self):
        sweep = self.run_program("sweep", "--help").stdout
        self.assertIn("--sweep-radius", sweep)
        self.assertNotIn("--until-ci", sweep)
        self.assertNotIn("--through", sweep)
        verify = self.run_program("verify", "--help").stdout
        self.assertIn("--device", verify)
        self.assertNotIn("--epochs", verify)
        for name in self.commands():
            for line in self.run_program(name, "--help").stdout.splitlines():
                self.assertLessEqual(len(line), 100, line)

    def test_options_of_another_program_are_understood(self):
        plane = ["surface", "--x=-1:1:5", "--y=-1:1:5", "--epochs=20", "--lbfgs-iterations=0"]
        theirs = ["--xnorm", "layer", "--ynorm=layer", "--xignore=biasbn", "--yignore", "biasbn"]
        self.run_program(*plane, "--norm=layer", "--bias=zero", "--output=ours.h5")
        self.run_program(*plane, *theirs, "--output=theirs.h5")
        self.assert_same_files("ours.h5", "theirs.h5")
        said = self.run_program(*plane, "--xnorm=layer", "--ynorm=filter", "--output=z.h5", code=2).stderr
        self.assertIn("--norm is given twice, as 'layer' and as 'filter'", said)


if __name__ == "__main__":
    unittest.main()
