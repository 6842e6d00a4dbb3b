"""Every #include "landscape/<room>/..." goes along an arrow of the table of rooms."""

import re
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]

# Room: the rooms that it may include, all above it in this list.
BASE = {"math", "random", "model"}
ROOMS = {
    "math": set(),
    "random": {"math"},
    "model": {"math", "random"},
    "quadrature": BASE,
    "equation": BASE,
    "profile": BASE,
    "roughness": BASE,
    "backend": BASE | {"quadrature", "equation", "profile"},
    "train": BASE | {"quadrature", "equation", "backend"},
    "parallel": {"model"},
    "io": {"model", "quadrature", "parallel", "train"},
}
ROOMS["app"] = set(ROOMS)
INCLUDE = re.compile(r'^#include "landscape/(\w+)/(\w+)\.(?:hpp|cuh)"', re.M)


def sources():
    for top in ("src", "include/landscape"):
        for path in sorted((SOURCE / top).rglob("*")):
            if path.suffix in (".cpp", ".hpp"):
                yield path.relative_to(SOURCE / top).parts[0], path


def units():
    """{(room, unit): set of units that it includes}"""
    found = {}
    for room, path in sources():
        text = path.read_text()
        own = found.setdefault((room, path.stem), set())
        own.update((other, name) for other, name in INCLUDE.findall(text))
    return found


class Rooms(unittest.TestCase):
    def test_includes_go_along_the_arrows(self):
        wrong = []
        for (room, unit), others in units().items():
            self.assertIn(room, ROOMS, f"{room}/{unit} is in no room of the table")
            wrong += [f"{room}/{unit} -> {o}/{n}" for o, n in sorted(others) if o != room and o not in ROOMS[room]]
        self.assertEqual(wrong, [])

    def test_the_table_has_no_arrow_upwards(self):
        order = list(ROOMS)
        for room, below in ROOMS.items():
            self.assertTrue(room == "app" or all(order.index(o) < order.index(room) for o in below), room)


if __name__ == "__main__":
    unittest.main()
