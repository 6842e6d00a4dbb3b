"""The recipes for sites name the version and every need of the program, and are what their tools can read."""

import os
import re
import unittest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
RECIPES = ("landscape_mpi.def", "package.py", "landscape_mpi-0.1.0-foss-2023a.eb")
# A need in tools/setup.sh, and what stands for it in each recipe; the toolchain foss has MPI, LAPACK and a compiler.
WORDS = {
    "C++20 compiler": ("build-essential", '"cxx"', "foss"),
    "CMake 3.25": ("cmake", "cmake@3.25", "CMake"),
    "make or Ninja": ("ninja-build", "CMakePackage", "CMakeMake"),
    "MPI": ("openmpi-bin", '"mpi"', "usempi"),
    "parallel HDF5": ("libhdf5-openmpi-dev", "hdf5+mpi", "HDF5"),
    "Boost": ("libboost-program-options-dev", "+program_options", "Boost"),
    "fmt": ("libfmt-dev", '"fmt"', "fmt"),
    "nlohmann_json": ("nlohmann-json3-dev", "nlohmann-json", "nlohmann_json"),
    "Random123": ("librandom123-dev", "random123", "random123"),
    "libLBFGS": ("liblbfgs-dev", "liblbfgs", "libLBFGS"),
    "LAPACK": ("liblapack-dev", '"lapack"', "foss"),
}


def read(*names):
    with open(os.path.join(ROOT, *names), encoding="utf-8") as file:
        return file.read()


class Packaging(unittest.TestCase):
    def test_every_need_is_in_every_recipe(self):
        needs = re.findall(r"^([^|\n]+)\|run\|", read("tools", "setup.sh"), re.M)
        self.assertEqual(sorted(needs), sorted(WORDS))
        for recipe, column in zip(RECIPES, range(3)):
            text = read("tools", "packaging", recipe)
            for need, words in WORDS.items():
                self.assertIn(words[column], text, f"{recipe}: {need}")

    def test_debian_packages_are_those_of_the_setup(self):
        of_setup = set()
        for packages in re.findall(r"^[^|\n]+\|run\|[^|]*\|([^|]*)\|", read("tools", "setup.sh"), re.M):
            of_setup |= set(packages.split())
        words = set(re.findall(r"[\w+.-]+", read("tools", "packaging", "landscape_mpi.def")))
        self.assertGreater(len(of_setup), 8)
        self.assertEqual(of_setup - words, set())

    def test_versions_are_the_projects(self):
        version = re.search(r"project\(landscape_mpi VERSION ([\d.]+)", read("CMakeLists.txt"))[1]
        folder = os.path.join(ROOT, "tools", "packaging")
        for name in os.listdir(folder):
            own = re.findall(r"landscape_mpi[-/](\d+\.\d+\.\d+)", name + read(folder, name))
            self.assertEqual(set(own) - {version}, set(), name)
        self.assertIn(f'version("{version}")', read(folder, "package.py"))
        self.assertIn(f"version = '{version}'", read(folder, "landscape_mpi-0.1.0-foss-2023a.eb"))
        self.assertIn(f"landscape_mpi-{version}.tar.gz", read(folder, "landscape_mpi.def"))
        self.assertIn(f"Version: {version}", read(folder, "landscape_mpi.lua"))

    def test_what_is_python_compiles(self):
        for name in ("package.py", "landscape_mpi-0.1.0-foss-2023a.eb", "libLBFGS-1.10-GCCcore-12.3.0.eb"):
            compile(read("tools", "packaging", name), name, "exec")


if __name__ == "__main__":
    unittest.main()
