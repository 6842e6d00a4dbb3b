"""Reads an output file of landscape_mpi: arrays, results and settings by the names that src/io/README.md gives them.

  import landscape
  with landscape.open("landscape.h5") as file:
      print(file.command, file.state, file.settings["grid"])
      print(file["roughness/ritz/index"], file.results("roughness/ritz").interval)
      profiles = file.profiles("ritz")            # steps (P), losses (M,P), total_variation (M)

Works on the file of a job that still runs: only what is marked complete is handed out. Results are checked against
their checksum, rows of numbers against theirs. What cannot be read raises LandscapeError, one sentence.
"""

import contextlib
import io
import os
import re
from types import SimpleNamespace

os.environ.setdefault("HDF5_USE_FILE_LOCKING", "FALSE")  # a running job may hold the file; before h5py loads HDF5
import h5py
import numpy as np

LOSSES = ("ritz", "galerkin")
OLDEST_FORMAT = 8
AUTO_STEPS = 101  # of each of --grid auto's grids
TITLES = {"ritz": "Deep Ritz", "galerkin": "Deep Galerkin"}

# What h5py and numpy raise over a damaged file.
DAMAGE = (
    ArithmeticError,
    AttributeError,
    IndexError,
    KeyError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)


class LandscapeError(Exception):
    """The file cannot be used; the text is one sentence for the user, with the file's name."""


def as_text(value):
    """HDF5 strings arrive as bytes or str."""
    return value.decode("utf-8", "replace").rstrip("\0") if isinstance(value, bytes) else value


def attribute(node, name, default=None):
    """An attribute as str, number or array."""
    value = node.attrs.get(name, default)
    if isinstance(value, np.ndarray) and value.size == 1 and value.dtype.kind != "O":
        value = value.reshape(-1)[0]
    return as_text(value)


# ---- checksums
def crc32c_tables():
    """table[k][b]: CRC-32C (Castagnoli) of the byte b with k zero bytes behind it."""
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(0x82F63B78), table >> 1)
    tables = [table]
    for _ in range(7):
        tables.append((tables[-1] >> 8) ^ table[tables[-1] & 255])
    return tables


TABLES = crc32c_tables()
TABLE = TABLES[0].tolist()


def crc32c(data):
    """CRC-32C of bytes."""
    crc, table = 0xFFFFFFFF, TABLE
    for byte in data:
        crc = (crc >> 8) ^ table[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


def crc32c_of_rows(rows):
    """CRC-32C of the little-endian bytes of every row, (M), of rows (M,P) of eight-byte numbers."""
    words = np.ascontiguousarray(rows, dtype=rows.dtype.newbyteorder("<")).view("<u4").reshape(len(rows), -1)
    crc = np.full(len(rows), 0xFFFFFFFF, dtype=np.uint32)
    for j in range(0, words.shape[1], 2):  # eight bytes at once
        low, high = words[:, j] ^ crc, words[:, j + 1]
        crc = np.zeros_like(crc)
        for k in range(4):
            crc ^= TABLES[7 - k][(low >> (8 * k)) & 255] ^ TABLES[3 - k][(high >> (8 * k)) & 255]
    return ~crc


# ---- numbers of a profile
def total_variation(steps, losses):
    """T = sum |f_{j+1} - f_j| / (|I| (max f - min f)) of each profile, (M).

    NaN where a loss is not finite or rounding may make more than a tenth of T.
    """
    with np.errstate(all="ignore"):
        length = steps[-1] - steps[0]
        spread = losses.max(axis=1) - losses.min(axis=1)
        t = np.abs(np.diff(losses, axis=1)).sum(axis=1) / (length * spread)
        rounding = 64 * np.finfo(float).eps * np.abs(losses).max(axis=1)  # as the program: 32 eps on either side
        runs = 1 + np.count_nonzero(np.diff(np.sign(np.diff(losses, axis=1)), axis=1), axis=1)
        error = (runs / (length * t) + 1) * rounding / spread
        return np.where(np.isfinite(losses).all(axis=1) & (spread > rounding) & (error <= 0.1), t, np.nan)


def optional_module(name):
    """pandas or xarray, which nothing else here needs."""
    try:
        return __import__(name)
    except ImportError as error:
        raise LandscapeError(f"This view needs the Python module '{name}': pip install {name}.") from error


# ---- what a file hands out
class Results(dict):
    """The results of one group by name, e.g. results["index"] or results.index; about(name) says what one is."""

    def __init__(self, path, values, meanings):
        super().__init__(values)
        self.path, self.meanings = path, meanings

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"/{self.path} has no result '{name}', only {', '.join(self)}.") from None

    def about(self, name):
        """(description, units)"""
        return self.meanings[name]

    def to_series(self):
        """The single numbers and texts as a pandas.Series."""
        single = {name: value for name, value in self.items() if np.ndim(value) == 0}
        return optional_module("pandas").Series(single, name=self.path)


class Profiles(SimpleNamespace):
    """Loss along the complete directions of one loss (or one kind of direction).

    steps (P), losses (M',P), rows (M') their numbers among n_directions, total_variation (M', NaN where undefined),
    index (RI), interval (2) and confidence, or None while the job has not reduced them; damaged: directions whose
    losses do not match their checksum, which are left out. Of --grid auto the steps are those of the grid that the
    program took, half_width its l; until it has taken one all steps that it evaluates, and half_width is NaN. Of any
    other grid half_width is None.
    """

    @property
    def used(self):
        """T of the directions that RI rests on."""
        return self.total_variation[np.isfinite(self.total_variation)]

    @property
    def length(self):
        """|I|, last minus first step."""
        return self.steps[-1] - self.steps[0]

    def to_xarray(self):
        """The losses as an xarray.DataArray over direction and step."""
        return optional_module("xarray").DataArray(
            self.losses,
            coords={"direction": self.rows, "step": self.steps},
            dims=("direction", "step"),
            name=self.loss,
        )


class Surface(SimpleNamespace):
    """Loss on a plane (or line: one y). x (P_x), y (P_y), losses (P_y,P_x), NaN where not yet computed; places (.,2) of
    the minimizers, path (K,2) of a training's checkpoints, explained (2); summary: the results, or None."""

    @property
    def n_points(self):
        return self.losses.size

    def to_xarray(self):
        """The losses as an xarray.DataArray over y and x."""
        return optional_module("xarray").DataArray(
            self.losses, coords={"y": self.y, "x": self.x}, dims=("y", "x"), name=self.name
        )


class Minimizer(SimpleNamespace):
    """A trained or loaded network: tensors (name -> array, in PyTorch's order), attributes, history and path, or None."""

    def describe(self):
        """Its architecture in words."""
        about = self.attributes
        network, activation = about.get("network"), about.get("activation", "activation not stored")
        if network is None:
            return "network not stored"
        if network == "linear":
            return "linear model"
        if network == "mlp":
            layers = ",".join(str(width) for width in np.atleast_1d(about.get("layers", "?")))
            return f"mlp (layers {layers}, {activation})"
        blocks = about.get("blocks", 0)
        return f"{network} (width {about.get('width', '?')}, {blocks} block{'s' if blocks != 1 else ''}, {activation})"


class Table(SimpleNamespace):
    """Columns of one length by name, and their meanings: {name: (description, units)}."""

    def to_pandas(self):
        """As a pandas.DataFrame."""
        return optional_module("pandas").DataFrame(self.columns)


def check_readable(path):
    """A sentence of its own for each way in which a path is no file to read."""
    if not os.path.lexists(path):
        raise LandscapeError(f"'{path}' does not exist; landscape_mpi writes it (--output).")
    if os.path.isdir(path):
        raise LandscapeError(f"'{path}' is a folder, not an output file.")
    try:
        if not os.path.isfile(path):
            raise LandscapeError(f"'{path}' is not a regular file.")
        with io.open(path, "rb"):  # `open` is the reader's own
            pass
    except OSError as error:
        raise LandscapeError(f"'{path}' cannot be read ({error.strerror}).") from error


def most_bytes(path, dataset):
    """That a dataset can have in a file of this size; deflate reaches 1032 to 1."""
    if dataset.chunks is None:
        return os.path.getsize(path)
    return max(2**26, 1100 * min(dataset.id.get_storage_size(), os.path.getsize(path)))


class File:
    """An output file of landscape_mpi, open for reading; use it in a with statement, or close() it."""

    def __init__(self, path):
        self.path = os.fspath(path)
        self.label = os.path.splitext(os.path.basename(self.path))[0]
        self.checked = {}
        check_readable(self.path)
        try:
            self.h5 = h5py.File(self.path, "r")
        except OSError as error:
            raise LandscapeError(
                f"'{self.path}' is not an HDF5 file, or was cut off before its first flush."
            ) from error
        try:
            with self.reading():
                self.read_header()
        except LandscapeError:
            self.h5.close()
            raise

    def read_header(self):
        version = attribute(self.h5, "format_version")
        if version is None or attribute(self.h5, "program", "landscape_mpi") != "landscape_mpi":
            raise LandscapeError(f"'{self.path}' is an HDF5 file, but no output of landscape_mpi.")
        if int(version) < OLDEST_FORMAT:
            raise LandscapeError(
                f"'{self.path}' has the format version {int(version)}, older than {OLDEST_FORMAT}: use the tools of the "
                "program that wrote it."
            )
        if not isinstance(self.h5.get("problem"), h5py.Group):
            raise LandscapeError(f"'{self.path}' is damaged: it has no group /problem.")
        self.attributes = {name: attribute(self.h5, name) for name in self.h5.attrs}
        self.problem = {name: attribute(self.h5["problem"], name) for name in self.h5["problem"].attrs}
        self.dimension = self.problem.get("dimension", "?")
        self.equation = str(self.problem.get("pde", ""))

    # ---- the file itself
    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.h5.close()

    def __repr__(self):
        return f"<landscape file '{self.path}', {self.command}, {self.state}>"

    @contextlib.contextmanager
    def reading(self):
        """Whatever a damaged file makes h5py or numpy say becomes one sentence."""
        try:
            yield
        except DAMAGE as error:
            text = " ".join(str(error).strip("'").split()) or type(error).__name__
            raise LandscapeError(f"'{self.path}' cannot be read to its end ({text}).") from error

    @property
    def command(self):
        """Of landscape_mpi: roughness, sweep, trajectory, ..."""
        return str(self.attributes.get("command", "roughness"))

    @property
    def state(self):
        """running, stopped or complete"""
        with self.reading():
            return str(as_text(self.h5["state"][()])) if "state" in self.h5 else "unknown"

    @property
    def settings(self):
        """The stored settings, {option: text}; the attribute config is a config file of the program."""
        found = {}
        for line in str(self.attributes.get("config", "")).splitlines():
            name, equals, value = line.partition("=")
            if equals and not name.lstrip().startswith("#"):
                value = value.strip()
                if value[:1] == '"' == value[-1:] and len(value) > 1:
                    value = re.sub(r"\\(.)", r"\1", value[1:-1])
                found[name.strip()] = value
        return found

    # ---- datasets and results by path
    def __contains__(self, path):
        with self.reading():
            return path.strip("/") in self.h5

    def paths(self):
        """Of all datasets, sorted."""
        found = []
        with self.reading():
            self.h5.visititems(lambda name, node: found.append(name) if isinstance(node, h5py.Dataset) else None)
        return sorted(found)

    def groups(self, path):
        """Names of the groups in a group, sorted; none where it is not there."""
        with self.reading():
            node = self.h5.get(path)
            return (
                sorted(name for name in node if isinstance(node.get(name), h5py.Group)) if node is not None else []
            )

    def result_groups(self):
        """Paths of all groups of results, pending ones too."""
        found = []
        with self.reading():
            self.h5.visititems(lambda name, node: found.append(name) if "results" in node.attrs else None)
        return sorted(found)

    def about(self, path):
        """(description, units) of a dataset."""
        with self.reading():
            return tuple(str(attribute(self.h5[path], name, "")) for name in ("description", "units"))

    def raw(self, path):
        """A dataset as it is, complete or not; a damaged shape must not take all memory."""
        dataset = self.h5[path]
        if not isinstance(dataset, h5py.Dataset):
            raise LandscapeError(f"'{self.path}' is damaged: /{path} is no dataset.")
        if dataset.size * dataset.dtype.itemsize > most_bytes(self.path, dataset):
            raise LandscapeError(f"'{self.path}' has a dataset /{path} that is larger than the file.")
        value = dataset[()]
        return as_text(value)

    def __getitem__(self, path):
        """A dataset: numbers, arrays (masked where not yet computed) or a text; results only when they are there."""
        path = path.strip("/")
        with self.reading():
            if path not in self.h5:
                raise LandscapeError(f"'{self.path}' holds no /{path}.")
            group, _, name = path.rpartition("/")
            node = self.h5[group or "/"]
            if name in [as_text(result) for result in node.attrs.get("results", ())]:
                results = self.results(group)
                if results is None:
                    raise LandscapeError(f"'{self.path}' has no results in /{group} yet: its job has not ended.")
                return results[name]
            if name == attribute(node, "values") and "complete" in node:
                complete = self.raw(f"{group}/complete")  # before the values: the job writes it after them
                return (
                    np.ma.masked_array(self.raw(path), mask=complete != 1)
                    if (complete != 1).any()
                    else self.raw(path)
                )
            return self.raw(path)

    def results(self, path):
        """The Results of a group, or None until its job has written them (or the file has no such group)."""
        path = path.strip("/")
        if path in self.checked:
            return self.checked[path]
        with self.reading():
            group = self.h5.get(path)
            if group is None or "results" not in group.attrs or as_text(group["state"][()]) == "pending":
                return None
            names = [as_text(name) for name in group.attrs["results"]]
            found = {name: self.raw_result(f"{path}/{name}") for name in names}
            parts = [value.tobytes() if hasattr(value, "tobytes") else value for value in found.values()]
            if "crc32c" in group and crc32c(b"".join(parts)) != group["crc32c"][()]:
                raise LandscapeError(
                    f"'{self.path}' is damaged: the results in /{path} do not match their checksum."
                )
            meanings = {name: self.about(f"{path}/{name}") for name in names}
            values = {name: as_text(value) if isinstance(value, bytes) else value for name, value in found.items()}
            self.checked[path] = Results(path, values, meanings)
            return self.checked[path]

    def raw_result(self, path):
        dataset = self.h5[path]
        if dataset.size * dataset.dtype.itemsize > most_bytes(self.path, dataset):
            raise LandscapeError(f"'{self.path}' has a dataset /{path} that is larger than the file.")
        value = dataset[()]
        return bytes(value) if isinstance(value, bytes) else value

    # ---- what the schema is made of
    @property
    def losses(self):
        """Those that the file has anything about."""
        with self.reading():
            places = ("profiles", "sweep", "trajectory", "spectrum", "study", "trainings", "path", "minimizer",
                      "minimizers", "paths")  # fmt: skip
            return tuple(
                loss for loss in LOSSES if any(f"{place}/{loss}" in self.h5 for place in places)
            ) or tuple(loss for loss in LOSSES if any(name.split("_")[0] == loss for name in self.surfaces))

    def block(self, path, values=None):
        """(rows, numbers of them, number of all, damaged ones) of a block: the complete rows that match their checksum."""
        group = self.h5[path]
        name = values or attribute(group, "values", "loss")
        complete = self.raw(f"{path}/complete")  # before the numbers: the job writes it after them
        numbers = self.raw(f"{path}/{name}")
        if complete.ndim != 2 or numbers.shape != complete.shape:
            raise LandscapeError(f"'{self.path}' has a group /{path} whose shapes do not fit together.")
        rows = np.flatnonzero((complete == 1).all(axis=1))
        damaged = np.zeros(0, dtype=int)
        if "row_checksum" in group and numbers.dtype.itemsize == 8 and rows.size:
            wrong = crc32c_of_rows(numbers[rows]) != self.raw(f"{path}/row_checksum")[rows]
            rows, damaged = rows[~wrong], rows[wrong]
        return numbers[rows], rows, len(complete), damaged

    def kinds(self, loss):
        """Kinds of directions of the command directions."""
        return [kind for kind in self.groups(f"directions/{loss}") if f"profiles/{loss}/{kind}/loss" in self]

    def chosen_columns(self, steps):
        """Of --grid auto: the half-width taken and the places of its even grid among all steps (NaN, all until then)."""
        results = self.results("roughness/grid")
        if results is None:
            return np.nan, np.arange(steps.size)
        half_width = float(results["chosen"])
        even = np.linspace(-half_width, half_width, AUTO_STEPS)
        places = np.searchsorted(steps, even - 1e-9 * half_width)
        if places[-1] >= steps.size or np.abs(steps[places] - even).max() > 1e-9 * half_width:
            raise LandscapeError(
                f"'{self.path}' is damaged: it lacks steps of the half-width {half_width:g} it took."
            )
        return half_width, places

    def profiles(self, loss, kind=None):
        """The Profiles of a loss, of one kind of direction where the file has several; None while none is complete."""
        path = f"profiles/{loss}" + (f"/{kind}" if kind else "")
        with self.reading():
            if f"{path}/loss" not in self.h5:
                return None
            losses, rows, n, damaged = self.block(path)
            steps = np.asarray(self.raw(f"{path}/steps"), dtype=float)
            if steps.ndim != 1 or losses.shape[1:] != steps.shape or steps.size < 2:
                raise LandscapeError(f"'{self.path}' has a group /{path} whose shapes do not fit together.")
            if rows.size == 0:
                return None
            half_width = None
            if attribute(self.h5[path], "grid") == "auto":
                half_width, places = self.chosen_columns(steps)
                steps, losses = steps[places], losses[:, places]
            results = self.results(f"directions/{loss}/{kind}" if kind else f"roughness/{loss}")
            if f"sweep/{loss}" in self.h5:  # many grids in one: no T of the whole
                t = np.full(rows.size, np.nan)
            elif results is not None:
                t = np.asarray(self.raw(f"{path}/total_variation"), dtype=float)[rows]
            else:
                t = total_variation(steps, losses)
            used = t[np.isfinite(t)]
            interval = None if results is None else np.asarray(results["interval"], dtype=float)
            if interval is not None and not (interval.shape == (2,) and np.isfinite(interval).all()):
                interval = None
            if results is not None:
                index = float(results["index"])
            elif half_width is not None:  # of which grid is not decided
                index = np.nan
            else:
                index = used.std(ddof=1) / used.mean() if used.size > 1 else np.nan
            return Profiles(
                loss=loss,
                kind=kind,
                path=path,
                steps=steps,
                losses=losses,
                rows=rows,
                n_directions=n,
                total_variation=t,
                index=index,
                interval=interval,
                confidence=float(results["confidence"]) if results is not None else None,
                damaged=damaged,
                half_width=half_width,
            )

    @property
    def surfaces(self):
        """Names of the surfaces: a loss, or <loss>_around_<other>."""
        names = self.groups("surface")
        return [name for loss in LOSSES for name in names if name.split("_")[0] == loss]

    def surface(self, name):
        """The Surface of that name, or None while no point is complete."""
        with self.reading():
            path = f"surface/{name}"
            group = self.h5[path]
            complete, x, y = (self.raw(f"{path}/{part}") for part in ("complete", "x", "y"))
            losses = np.asarray(self.raw(f"{path}/loss"), dtype=float)
            if complete.shape != (y.size, x.size) or losses.shape != complete.shape or x.size < 2:
                raise LandscapeError(f"'{self.path}' has a group /{path} whose shapes do not fit together.")
            losses = np.where((complete == 1) & np.isfinite(losses), losses, np.nan)
            if np.isnan(losses).all():
                return None
            summary = self.results(f"{path}/summary")
            of_summary = lambda key, shape: np.asarray(  # noqa: E731
                (summary or {}).get(key, np.zeros(shape)), dtype=float
            )
            around = str(attribute(group, "minimizer", ""))
            return Surface(
                name=name,
                loss=name.split("_")[0],
                title=TITLES[name.split("_")[0]] + (f" around {around}" if "_around_" in name else ""),
                around=around,
                x=x,
                y=y,
                losses=losses,
                n_complete=int(np.count_nonzero(complete == 1)),
                places=of_summary("minimizer_positions", (0, 2)).reshape(-1, 2),
                path=of_summary("path_positions", (0, 2)).reshape(-1, 2),
                explained=of_summary("explained", (0,)),
                plane=str(attribute(group, "plane", "")),
                summary=summary,
            )

    @property
    def minimizers(self):
        """Their names."""
        return self.groups("minimizer")

    def minimizer(self, name):
        """The Minimizer of that name, or None while it is not trained (or where there is none)."""
        with self.reading():
            group = self.h5.get(f"minimizer/{name}")
            if not isinstance(group, h5py.Group) or "parameters" not in group:
                return None
            tensors = {}
            for tensor in sorted(group["parameters"], key=tensor_order):
                tensors[tensor] = self.raw(f"minimizer/{name}/parameters/{tensor}")
            parts = {}
            for part in ("history", "path"):
                here = f"minimizer/{name}/{part}"
                node = self.h5.get(here)
                parts[part] = None if node is None else {key: self.raw(f"{here}/{key}") for key in node}
            if parts["history"] is not None and not parts["history"].get("epoch", np.zeros(0)).size:
                parts["history"] = None
            return Minimizer(
                name=name, attributes={key: attribute(group, key) for key in group.attrs}, tensors=tensors, **parts
            )

    def network(self, name=None):
        """The architecture of a minimizer, or of all of them, in words."""
        with self.reading():
            words = []
            for minimizer in [name] if name else self.minimizers:
                group = self.h5.get(f"minimizer/{minimizer}")
                if group is not None:
                    attributes = {key: attribute(group, key) for key in group.attrs}
                    words.append(Minimizer(attributes=attributes).describe())
            return " and ".join(dict.fromkeys(words)) or "network not stored"

    def factors(self, loss):
        """The varied options of a study and their values: {name: (labels or None, numbers (R))}, --vary's order."""
        return self.factors_of(f"study/{loss}")

    def factors_of(self, path):
        """The same of a group of results."""
        study = self.results(path)
        if study is None:
            return {}
        found = {}
        for name in study:
            description = study.about(name)[0]
            if not description.startswith("--"):
                continue
            _, colon, listing = description.partition(":")
            labels = None
            if colon and re.match(r"\s*0 ", listing):
                places = [entry.strip().split(" ", 1) for entry in re.split(r", (?=\d+ )", listing)]
                labels = {int(place[0]): place[1] if len(place) > 1 else "" for place in places}
            found[name] = (labels, np.asarray(study[name], dtype=float))
        return found


def tensor_order(name):
    """PyTorch's: layer_in, layer1, layer2 ..., layer_out, each weight before bias."""
    layer, _, kind = name.partition(".")
    number = {"layer_in": 0, "layer_out": 10**9}.get(layer)
    if number is None:
        digits = re.sub(r"\D", "", layer)
        number = int(digits) if digits else 10**8
    return number, kind != "weight", name


def open(path):  # noqa: A001  landscape.open, as h5py.File or tarfile.open
    """Opens an output file of landscape_mpi for reading: see File."""
    return File(path)
