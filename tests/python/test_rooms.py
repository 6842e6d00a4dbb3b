"""Every #include "landscape/<room>/..." goes along an arrow of the table of rooms, and none round in a circle."""

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
    "hessian": BASE | {"quadrature", "equation", "profile", "backend"},  # LAPACK
    "parallel": {"model"},
    "io": {"model", "quadrature", "parallel", "train"},
    # Settings hold the specifications that those rooms take; no MPI and no HDF5.
    "config": BASE | {"quadrature", "equation", "profile", "roughness", "backend", "train"},
}
ROOMS["job"] = set(ROOMS) - {"roughness"}
ROOMS["analysis"] = set(ROOMS)
ROOMS["app"] = set(ROOMS)
INCLUDE = re.compile(r'^#include "(?:landscape/(\w+)/)?(\w+)\.\w+"', re.M)  # without a room: of the same one


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
        own.update((other or room, name) for other, name in INCLUDE.findall(text))
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

    def test_no_circle_inside_a_room(self):
        """A header and its source are one unit: what they include together."""
        wrong = []
        for room in ROOMS:
            below = {unit: {n for r, n in others if r == room and n != unit}
                     for (r, unit), others in units().items() if r == room}
            while free := [unit for unit, needs in below.items() if not needs & set(below)]:
                for unit in free:
                    del below[unit]
            wrong += [f"{room}: {', '.join(sorted(below))}"] if below else []
        self.assertEqual(wrong, [])


if __name__ == "__main__":
    unittest.main()
