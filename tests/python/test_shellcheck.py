"""Every shell script of the tree passes shellcheck (skipped where it is missing); what setup.sh finds missing."""

import os
import shutil
import subprocess
import unittest

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))


def shell_scripts():
    """Files that a shell reads, by name or first line, without what is built."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in ("build", ".git", "shared")]
        for path in (os.path.join(folder, name) for name in names):
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    first = file.readline(100)
                if path.endswith((".sh", ".sbatch")) or first.startswith((b"#!/usr/bin/env bash", b"#!/bin/sh", b"#!/bin/bash")):
                    found.append(path)
    return sorted(found)


class ShellCheck(unittest.TestCase):
    @unittest.skipUnless(shutil.which("shellcheck"), "shellcheck is not installed")
    def test_every_script_passes(self):
        scripts = shell_scripts()
        self.assertGreaterEqual(len(scripts), 15)
        result = subprocess.run(["shellcheck", "-x", *scripts], cwd=ROOT, capture_output=True, text=True)
        self.assertEqual((result.returncode, result.stdout + result.stderr), (0, ""))


class Missing(unittest.TestCase):
    def test_a_compiler_may_have_a_launcher_and_flags(self):
        compilers = {"c++": True, "env c++": True, "c++ -O1": True, "no-such-compiler -O1": False}
        for compiler, is_there in compilers.items():
            if is_there and not shutil.which("c++"):
                continue
            process = subprocess.run(
                ["bash", "-c", ". tools/setup.sh; landscape_missing run"], cwd=ROOT, capture_output=True, text=True,
                env={**os.environ, "CXX": compiler},
            )  # fmt: skip
            self.assertEqual("C++20 compiler" not in process.stdout, is_there, f"{compiler}: {process.stdout}")


if __name__ == "__main__":
    unittest.main()
