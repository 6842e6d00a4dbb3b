"""The documentation's links lead somewhere, its commands run, and what it shows of their output is what they print."""

import os
import re
import shutil
import subprocess
import sys
import unittest

import numpy as np
from system import PROGRAM, SOURCE, SystemTest, main

sys.path.insert(0, os.path.join(SOURCE, "tests", "python"))
import torch_format  # noqa: E402

# What differs from run to run and from machine to machine.
VARYING = [
    (r"\(git \w+(-dirty)?\)", "(git)"),
    (r"\d[\d.]* (ms|s|min)\b", "some time"),
    (r"-?\b\d[\d.]*e-1\d\b", "tiny"),  # of eigenvalues and residuals: rounding's, so LAPACK's
    (r"on cpu, \d+ threads?, [\w-]+", "on cpu"),
    (r"^(\s*(seconds: \w+|profiles)) .*", r"\1"),
]


def documents():
    found = []
    for folder, folders, names in os.walk(SOURCE):
        folders[:] = [name for name in folders if name not in ("build", "shared") and not name.startswith(".")]
        found += [os.path.join(folder, name) for name in names if name.endswith(".md")]
    return sorted(found)


def lines_of(path):
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


def anchors(path):
    """As GitHub makes them of headings."""
    found, fenced = set(), False
    for line in lines_of(path):
        fenced ^= line.startswith("```")
        heading = None if fenced else re.match(r"#+ (.*)", line)
        if heading:
            found.add(re.sub(r"[^\w\- ]", "", heading[1].lower()).strip().replace(" ", "-"))
    return found


def shown_runs(path):
    """(command, lines shown of what it prints) of every indented block that begins with a prompt."""
    runs, shown = [], None
    for line in lines_of(path):
        if line.startswith("    $ "):
            shown = []
            runs.append((line[6:], shown))
        elif shown is not None and (line.startswith("    ") or not line):
            shown.append(line[4:])
        else:
            shown = None
    return runs


def steady(line):
    for pattern, word in VARYING:
        line = re.sub(pattern, word, line)
    return line.rstrip()


class Links(unittest.TestCase):
    def test_links_lead_to_files_and_headings(self):
        self.assertGreater(len(documents()), 5)
        for path in documents():
            for target in re.findall(r"\]\(([^)\s]+)\)", "\n".join(lines_of(path))):
                if target.startswith("http"):
                    continue
                name, _, anchor = target.partition("#")
                to = os.path.join(os.path.dirname(path), name) if name else path
                with self.subTest(document=os.path.relpath(path, SOURCE), link=target):
                    self.assertTrue(os.path.exists(to))
                    if anchor:
                        self.assertIn(anchor, anchors(to))


class Shell(SystemTest):
    """Commands as a user types them, beside whom the program is on the PATH and tools/ and jobs/ lie in the folder."""

    def setUp(self):
        super().setUp()
        os.mkdir(self.path("bin"))
        os.symlink(shutil.which(PROGRAM), self.path("bin/landscape_mpi"))
        for name in ("tools", "jobs"):
            os.symlink(os.path.join(SOURCE, name), self.path(name))
        python = os.path.dirname(sys.executable)
        self.environment = {**os.environ, "PATH": f"{self.path('bin')}:{python}:{os.environ['PATH']}"}

    def shell(self, command):
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=600,
        )
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}\n{done.stderr}")
        return done.stdout + done.stderr

    def check_shown(self, path):
        runs = shown_runs(path)
        for command, shown in runs:
            printed = iter([steady(line) for line in self.shell(command).splitlines()])
            for line in shown:
                if line.strip() in ("", "..."):
                    continue
                with self.subTest(document=os.path.relpath(path, SOURCE), command=command, line=line):
                    self.assertIn(
                        steady(line), printed
                    )  # in this order: the iterator goes on behind what it found
        return len(runs)


class Readme(Shell):
    PATH = os.path.join(SOURCE, "README.md")

    def test_commands_run_one_after_another(self):
        np.random.seed(1)
        torch_format.archive(
            self.path("net.pt"),
            torch_format.as_tensors(
                {
                    "0.weight": np.random.randn(8, 1),
                    "0.bias": np.random.randn(8),
                    "2.weight": np.random.randn(1, 8),
                    "2.bias": np.zeros(1),
                }
            ),
        )
        text = "\n".join(lines_of(self.PATH))
        table = re.findall(
            r"`(landscape_mpi [^`]*)`", text[text.index("## Commands") : text.index("## On a cluster")]
        )
        blocks = re.findall(
            r"^    ((?:landscape_mpi(?! \d)|mpirun|tools/[\w-]+\.py|tools/landscape)[^#\n]*)", text, re.M
        )
        self.shell("landscape_mpi")  # landscape.h5, of which several commands speak
        self.assertGreater(len(table), 12)
        self.assertGreater(len(blocks), 3)
        for command in [*table, *blocks]:
            if "COMMAND" in command:
                continue
            if re.match(r"landscape_mpi (--|resume|$)", command) and "-o " not in command:
                command += " --quiet" if "resume" in command else " --output=again.h5 --overwrite"
            with self.subTest(command=command):
                self.shell(command)

    def test_jobs_have_the_options_that_follow_them(self):
        found = [line[4:].split("#")[0].split() for line in lines_of(self.PATH) if line.startswith("    sbatch ")]
        self.assertGreater(len(found), 3)
        for _, script, *options in found:
            self.assertTrue(os.path.exists(self.path(script)), script)
            self.shell(" ".join(["landscape_mpi", "--dry-run", *options]))

    def test_output_is_what_is_printed(self):
        self.assertGreater(self.check_shown(self.PATH), 0)

    def test_snippets_of_python_run(self):
        self.shell("landscape_mpi --directions=6 --epochs=300")
        snippets = re.findall(r"```python\n(.*?)```", "\n".join(lines_of(self.PATH)), re.S)
        self.assertGreater(len(snippets), 0)
        for snippet in snippets:
            with open(self.path("snippet.py"), "w", encoding="utf-8") as file:
                file.write(snippet)
            self.shell("python3 snippet.py")

    def test_profiles_that_explain_the_index_have_the_numbers_given(self):
        rows = [line for line in lines_of(self.PATH) if re.match(r"\| (s² with|sin\(20|white noise)", line)]
        random = np.random.default_rng(1)
        s, n = np.linspace(-1, 1, 101), 100000
        profiles = [
            s**2 + 0.3 * random.standard_normal((n, 1)) * s,
            np.sin(20 * s + 2 * np.pi * random.random((n, 1))),
            random.standard_normal((n, 101)),
        ]
        self.assertEqual(len(rows), len(profiles))
        for row, f in zip(rows, profiles):
            variation = np.abs(np.diff(f, axis=1)).sum(axis=1) / (f.max(axis=1) - f.min(axis=1))
            *_, mean, index = [cell.strip() for cell in row.strip("|").split("|")]
            with self.subTest(row=row):
                self.assertAlmostEqual(variation.mean(), float(mean), delta=0.005 * float(mean))
                digits = len(index.split(".")[1])
                self.assertEqual(round(variation.std(ddof=1) / variation.mean(), digits), float(index))


class Analyses(Shell):
    def test_output_is_what_is_printed(self):
        self.assertGreater(self.check_shown(os.path.join(SOURCE, "src", "analysis", "README.md")), 5)


if __name__ == "__main__":
    main()
