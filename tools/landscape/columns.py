"""An output file as tables of columns: what the CSV export writes, the page shows and pandas may have."""

import numpy as np

from .reader import Table


def columns_of(file, path, names, length):
    """Of the datasets in a group those with `length` numbers; intervals (length, 2) as two columns."""
    columns, meanings = {}, {}
    for name in names:
        value = np.asarray(file[f"{path}/{name}"])
        if value.shape == (length,):
            columns[name], meanings[name] = value, file.about(f"{path}/{name}")
        elif value.shape == (length, 2):
            description, units = file.about(f"{path}/{name}")
            for k, end in enumerate(("lower", "upper")):
                columns[f"{name}_{end}"], meanings[f"{name}_{end}"] = value[:, k], (f"{end}: {description}", units)
    return columns, meanings


def directions(file):
    """T and what else a direction has, one row each; of the complete ones."""
    for loss in file.losses:
        for kind in file.kinds(loss) or [None]:
            profiles = file.profiles(loss, kind)
            if profiles is None:
                continue
            with file.reading():
                group = file.h5[profiles.path]
                names = [
                    name
                    for name in group
                    if name not in ("row_checksum", "evaluation_seconds") and hasattr(group[name], "shape")
                ]
                reduced = profiles.confidence is not None  # until then most columns have no meaning
                names = [name for name in names if reduced and group[name].shape == (profiles.n_directions,)]
                columns, meanings = columns_of(file, profiles.path, names, profiles.n_directions)
                columns = {name: column[profiles.rows] for name, column in columns.items()}
                if f"sweep/{loss}" not in file.h5:
                    columns["total_variation"] = profiles.total_variation
                    meanings["total_variation"] = ("T = sum |f_(j+1) - f_j| / (|I| (max f - min f))", "1 / step")
                for name, column in (
                    ("minimum", profiles.losses.min(axis=1)),
                    ("maximum", profiles.losses.max(axis=1)),
                ):
                    columns[name], meanings[name] = column, (f"{name} of the profile", "loss")
                columns = {"direction": profiles.rows, **columns}
                meanings["direction"] = ("number k of the direction", "1")
            yield f"directions/{loss}" + (f"/{kind}" if kind else ""), columns, meanings


def of_results(file, group, length_of):
    """The results of every loss in a group that are arrays of one length, that of `length_of`."""
    for loss in file.losses:
        path = f"{group}/{loss}"
        results = file.results(path)
        if results is not None and length_of(results) is not None:
            length = len(results[length_of(results)])
            yield path, *columns_of(file, path, results, length)


def curves(file):
    for loss in file.losses:
        path = f"roughness/{loss}/curve"
        results = file.results(path)
        if results is not None:
            yield path, *columns_of(file, path, results, len(results["directions"]))


def sweeps(file):
    """One row for every radius and number of intervals."""
    for loss in file.losses:
        results = file.results(f"sweep/{loss}")
        if results is None:
            continue
        radius, intervals = np.meshgrid(results["radius"], results["intervals"], indexing="ij")
        columns = {"radius": radius.ravel(), "intervals": intervals.ravel()}
        meanings = {name: results.about(name) for name in columns}
        for name, value in results.items():
            if np.shape(value)[:2] == radius.shape:
                flat = np.asarray(value).reshape(radius.size, -1)
                ends = ("",) if flat.shape[1] == 1 else ("_lower", "_upper")
                for k, end in enumerate(ends):
                    columns[name + end], meanings[name + end] = flat[:, k], results.about(name)
        yield f"sweep/{loss}", columns, meanings


def spectra(file):
    for name in file.groups("spectrum"):
        results = file.results(f"spectrum/{name}")
        if results is None:
            continue
        key = "eigenvalues" if "eigenvalues" in results else "nodes"
        values = np.asarray(results[key])
        columns, meanings = {}, {}
        if values.ndim == 2:
            first = "checkpoint" if key == "eigenvalues" else "probe"
            columns[first] = np.repeat(np.arange(len(values)), values.shape[1])
            meanings[first] = (f"number of the {first}", "1")
        columns[key], meanings[key] = values.ravel(), results.about(key)
        if key == "nodes":
            columns["weights"], meanings["weights"] = np.asarray(results["weights"]).ravel(), results.about(
                "weights"
            )
        yield f"spectrum/{name}", columns, meanings


def surfaces(file):
    for name in file.surfaces:
        surface = file.surface(name)
        if surface is None:
            continue
        x, y = np.meshgrid(surface.x, surface.y)
        columns = {"x": x.ravel(), "y": y.ravel(), "loss": surface.losses.ravel()}
        yield f"surface/{name}", columns, {key: file.about(f"surface/{name}/{key}") for key in columns}
        if surface.path.size:
            meaning = ("of the training's checkpoints, on the plane", "1")
            yield f"surface/{name}/path", dict(zip("xy", surface.path.T)), {"x": meaning, "y": meaning}


def histories(file):
    for name in file.minimizers:
        minimizer = file.minimizer(name)
        if minimizer is not None and minimizer.history is not None:
            path = f"minimizer/{name}/history"
            columns = dict(sorted(minimizer.history.items()))
            yield path, columns, {key: file.about(f"{path}/{key}") for key in columns}


def pairs(file):
    """One row for every pair of minimizers: distances, and the barrier on each path."""
    for loss in file.losses:
        path = f"connectivity/{loss}"
        results = file.results(path) if path in file else None
        if results is None:
            continue
        length = len(results["first"])
        columns, meanings = columns_of(file, path, ("first", "second", "distance", "matched_distance"), length)
        for name in file.groups(path):
            of_path = file.results(f"{path}/{name}")
            if of_path is None:
                continue
            for key in ("barrier", "barrier_at", "scaled_barrier"):
                columns[f"{name}_{key}"] = np.asarray(of_path[key])
                meanings[f"{name}_{key}"] = of_path.about(key)
        yield path, columns, meanings


def comparison(file):
    path = "study/comparison"
    results = file.results(path) if path in file else None
    if results is not None:
        yield path, *columns_of(file, path, results, len(results["index_pairs"]))


def grid_choice(file):
    path = "roughness/grid"
    results = file.results(path) if path in file else None
    if results is not None:
        yield path, *columns_of(file, path, results, len(results["radius"]))


def preconditioned(file):
    """nu of every preconditioner beside the Hessian's eigenvalues, each ascending by itself."""
    for name in file.groups("spectrum"):
        results = file.results(f"spectrum/{name}")
        if results is None or np.ndim(results.get("eigenvalues")) != 1:
            continue
        columns = {"eigenvalues": np.asarray(results["eigenvalues"])}
        meanings = {"eigenvalues": results.about("eigenvalues")}
        for p in file.groups(f"spectrum/{name}"):
            of_p = file.results(f"spectrum/{name}/{p}")
            if of_p is not None:
                columns[f"nu_{p}"], meanings[f"nu_{p}"] = np.asarray(of_p["eigenvalues"]), of_p.about(
                    "eigenvalues"
                )
        if len(columns) > 1:
            yield f"spectrum/{name}/preconditioned", columns, meanings


SOURCES = (
    directions,
    curves,
    sweeps,
    lambda file: of_results(file, "trajectory", lambda results: "epoch"),
    spectra,
    surfaces,
    lambda file: of_results(file, "study", lambda results: "loss"),
    lambda file: of_results(file, "study/medians", lambda results: "loss"),
    comparison,
    pairs,
    grid_choice,
    preconditioned,
    histories,
)


def tables(file):
    """{name: Table} of everything in a file that has columns; names are paths, e.g. "directions/ritz"."""
    found = {}
    with file.reading():
        for source in SOURCES:
            for name, columns, meanings in source(file):
                found[name] = Table(name=name, columns=columns, meanings=meanings)
    return found
