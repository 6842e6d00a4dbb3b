"""Instructions per network and point of the CPU's AVX2 kernels, as valgrind counts them: no clock, so no noise."""

import os
import re
import shutil
import subprocess
import unittest

PROGRAM = os.environ.get("LANDSCAPE_KERNEL_WORK", "")
POINTS = 512
FEW, MANY = 2, 4
BOUND = 1.15  # another compiler may choose a few other instructions
# Dimension, width, blocks: of a loss, of its gradient and, where valgrind is quick enough, of a product with its Hessian.
# GCC 12.
RITZ = {
    (1, 4, 1): (220, 456, 845),
    (3, 8, 1): (541, 1149, 2366),
    (10, 20, 3): (8041, 18264),
    (10, 32, 1): (4558, 9630),
}
GALERKIN = {
    (1, 4, 1): (268, 598, 1774),
    (3, 8, 1): (813, 1803, 5483),
    (10, 20, 3): (21718, 61306),
    (10, 32, 1): (11326, 31101),
}


def count(*arguments):
    command = [
        "valgrind",
        "--tool=cachegrind",
        "--cache-sim=no",
        "--cachegrind-out-file=/dev/null",
        PROGRAM,
        *arguments,
    ]
    environment = {**os.environ, "LANDSCAPE_CPU_ISA": "avx2", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=200)
    if done.returncode != 0:
        raise unittest.SkipTest(f"valgrind cannot run it here: {done.stderr.splitlines()[-1]}")
    return int(re.search(r"I\s+refs:\s+([\d,]+)", done.stderr)[1].replace(",", ""))


def per_point(shape, loss, what):
    few, many = (count(*map(str, shape), loss, what, str(n)) for n in (FEW, MANY))
    return (many - few) / ((MANY - FEW) * POINTS)


@unittest.skipUnless(PROGRAM and shutil.which("valgrind"), "valgrind, or the program that it counts, is not there")
class InstructionCounts(unittest.TestCase):
    def check(self, loss, table):
        for shape, expected in table.items():
            for what, most in zip(("loss", "gradient", "product"), expected):
                with self.subTest(loss=loss, shape=shape, what=what):
                    found = per_point(shape, loss, what)
                    print(f"{loss} {shape} {what}: {found:.0f}, {most} expected")
                    self.assertLess(found, BOUND * most)
                    self.assertGreater(found, 0.5 * most, "much better: make the table follow")

    def test_ritz_kernels_take_no_more_instructions_than_before(self):
        self.check("ritz", RITZ)

    def test_galerkin_kernels_take_no_more_instructions_than_before(self):
        self.check("galerkin", GALERKIN)


if __name__ == "__main__":
    unittest.main()
