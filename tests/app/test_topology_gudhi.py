"""Persistence pairs, their sum and SMAD of profiles and surfaces against GUDHI, where it is present."""

import unittest

import h5py
import numpy as np
from system import SystemTest, main, results
from test_topology import JOB, LOSSES, SHORT, pairs

try:
    import gudhi
except ImportError:
    gudhi = None


@unittest.skipUnless(gudhi, "the module gudhi is not installed")
class Gudhi(SystemTest):
    def finite(self, f):
        """Points are cells that share corners with their neighbours."""
        complex = gudhi.CubicalComplex(top_dimensional_cells=f)
        complex.persistence()
        found = complex.persistence_intervals_in_dimension(0)
        return found[np.isfinite(found[:, 1]) & (found[:, 0] < found[:, 1])]

    def test_profiles_and_surfaces_agree_with_it(self):
        self.run_program(*JOB, "--output=a.h5", ranks=2)
        self.run_program("surface", *SHORT, "--x=-3:3:31", "--y=-3:3:21", "--output=s.h5", ranks=2)
        worst = 0.0
        with h5py.File(self.path("a.h5")) as file, h5py.File(self.path("s.h5")) as planes:
            for loss in LOSSES:
                profiles = file[f"profiles/{loss}"]
                for f, total in zip(profiles["loss"][()], profiles["total_persistence"][()]):
                    found = self.finite(f)
                    self.assertEqual(sorted(map(tuple, found.tolist())), pairs(f))
                    worst = max(worst, abs((found[:, 1] - found[:, 0]).sum() - total) / np.ptp(f))
                f, summary = planes[f"surface/{loss}/loss"][()], results(planes[f"surface/{loss}/summary"])
                gaps = np.diff(self.finite(f), axis=1)
                self.assertEqual(summary["local_minima"], 1 + len(gaps))
                worst = max(worst, abs(gaps.sum() - summary["total_persistence"]) / np.ptp(f))
                worst = max(worst, abs(gaps.mean() - summary["smad"]) / np.ptp(f))
        print(f"off by {worst:.1e} of max - min")
        self.assertLess(worst, 1e-14)


if __name__ == "__main__":
    main()
