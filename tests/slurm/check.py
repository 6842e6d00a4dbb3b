"""What run.sh asks about output files, read with h5py.

check.py complete FILE          every loss is there and the results are numbers
check.py same A B               the same bits in everything but times
check.py begun FILE SECONDS     waits until some losses are there; fails when all are
check.py setting FILE NAME      prints a setting the file was made with
check.py directions FILE S      prints how many directions the same job could evaluate in S seconds
"""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "app"))
import h5py
import numpy as np
from system import TIMES, differing, last_part, n_complete, text


def complete(path):
    with h5py.File(path, "r") as file:
        if text(file["state"][()]) != "complete":
            return f"{path} is {text(file['state'][()])}"
        for loss in ("ritz", "galerkin"):
            profiles = file["profiles"][loss]
            if not np.all(profiles["complete"][()] == 1):
                return f"{path}: losses of {loss} are missing"
            if not np.all(np.isfinite(profiles["loss"][()])):
                return f"{path}: losses of {loss} are not finite"
            if not float(file["roughness"][loss]["index"][()]) > 0.0:
                return f"{path}: no index of {loss}"
    return None


def same(a, b):
    differences = [name for name in differing(a, b) if last_part(name) not in TIMES]
    return f"{a} and {b} differ in {', '.join(differences)}" if differences else None


def begun(path, seconds):
    end = time.time() + float(seconds)
    while n_complete(path) == 0:
        if time.time() > end:
            return f"{path}: no losses after {seconds} s"
        time.sleep(0.02)
    with h5py.File(path, "r") as file:
        size = sum(group["complete"].size for group in file["profiles"].values())
    return f"{path}: complete before it could be interrupted" if n_complete(path) == size else None


def setting(path, name):
    with h5py.File(path, "r") as file:
        lines = text(file.attrs["config"]).splitlines()
    values = [line.partition("=")[2].strip() for line in lines if line.partition("=")[0].strip() == name]
    if not values:
        return f"{path} has no setting {name}"
    print(values[0])
    return None


def directions(path, seconds):
    with h5py.File(path, "r") as file:
        taken = sum(float(file["roughness"][loss]["evaluation_seconds"][()]) for loss in ("ritz", "galerkin"))
        print(max(16, round(len(file["profiles/ritz/loss"]) * float(seconds) / taken)))


if __name__ == "__main__":
    questions = {f.__name__: f for f in (complete, same, begun, setting, directions)}
    try:
        sys.exit(questions[sys.argv[1]](*sys.argv[2:]))
    except (OSError, KeyError) as error:
        sys.exit(f"{' '.join(sys.argv[1:])}: {error}")
