"""Reads, draws and exports the output files of landscape_mpi.

landscape.open(FILE)                      the reader (numpy and h5py): see landscape.File
landscape.tables(FILE)                    everything that has columns
landscape.plot(FILE, what)                one of the pictures, a matplotlib Figure: see landscape.plots
landscape-plot, landscape-export          the same from the command line (python3 -m landscape is the first)
"""

import importlib

__version__ = "0.1.0"

# Imported when they are asked for: the command line says in a sentence which module is missing.
PLACES = {
    **dict.fromkeys(
        ("File", "LandscapeError", "Minimizer", "Profiles", "Results", "Surface", "Table", "open"), "reader"
    ),
    "tables": "columns",
    "plot": "plots",
}
__all__ = list(PLACES)


def __getattr__(name):
    if name not in PLACES:
        raise AttributeError(f"module 'landscape' has no attribute '{name}'")
    return getattr(importlib.import_module(f".{PLACES[name]}", __name__), name)


def __dir__():
    return sorted([*globals(), *PLACES])
