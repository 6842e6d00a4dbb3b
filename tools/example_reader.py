#!/usr/bin/env python3
"""The reader in use: the index of each loss, the roughest direction, and what else the file can be asked for.

tools/example_reader.py landscape.h5
"""

import sys

import landscape

with landscape.open(sys.argv[1]) as file:
    print(f"{file.path}: {file.command}, {file.state}, {file.equation}, {file.network()}")
    for loss in file.losses:
        profiles = file.profiles(loss)  # None while no direction is complete
        if profiles is None:
            continue
        print(
            f"{loss}: RI = {profiles.index:.4g} of {profiles.used.size} directions, interval {profiles.interval}"
        )
        k = profiles.total_variation.argmax()
        print(f"  largest T: {profiles.total_variation[k]:.4g}, direction {profiles.rows[k]}")
        results = file.results(f"roughness/{loss}")  # None until the job has ended
        if results is not None:
            description, units = results.about("mean")
            print(f"  {description}: {results.mean:.4g} {units}")
    for name, table in landscape.tables(file).items():  # to_pandas() makes a DataFrame of one
        print(f"table {name}: {', '.join(table.columns)}")
