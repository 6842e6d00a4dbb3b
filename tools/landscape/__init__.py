"""Reads, draws and exports the output files of landscape_mpi.

  landscape.open(FILE)                      the reader (numpy and h5py): see landscape.File
  landscape.plot(FILE, what)                one of the pictures, a matplotlib Figure: see landscape.plots
  landscape-plot, landscape-export          the same from the command line (python3 -m landscape is the first)
"""

from .reader import File, LandscapeError, Minimizer, Profiles, Results, Surface, open  # noqa: A004
from .tables import Table, tables

__all__ = [
    "File",
    "LandscapeError",
    "Minimizer",
    "Profiles",
    "Results",
    "Surface",
    "Table",
    "open",
    "plot",
    "tables",
]
__version__ = "0.1.0"


def plot(files, what=None, **options):
    """The Figure `what` (default: what the file's command suggests) of a path, a File or a list of them.

    Options as those of landscape-plot: loss=("ritz",), log=True, normalise=True, size=(3.4, 2.6), font_size=8, ...
    """
    from . import plots

    return plots.plot(files, what, **options)
