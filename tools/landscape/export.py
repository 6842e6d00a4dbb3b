"""Writes an output file for other programs: VTK's XML files, CSV, npz, the HDF5 layout of tomgoldstein/loss-landscape, and
its minimizers as safetensors and as PyTorch's state dicts.
"""

import base64
import csv
import io
import os
import struct
import sys

import h5py
import numpy as np

from . import state_dict
from .columns import tables
from .output import MARK, check_target, write_bytes
from .reader import LandscapeError, tensor_order

# ---- VTK XML: inline base64, each array after its number of bytes as UInt64
VTK_TYPES = {"f8": "Float64", "i8": "Int64", "u1": "UInt8", "i4": "Int32"}


def data_array(name, values, components=1):
    values = np.ascontiguousarray(values)
    content = values.tobytes()
    text = base64.b64encode(struct.pack("=Q", len(content)) + content).decode()
    kind = VTK_TYPES[values.dtype.str[1:]]
    return f'<DataArray type="{kind}" Name="{name}" NumberOfComponents="{components}" format="binary">{text}</DataArray>'


def vtk_file(kind, body):
    order = "LittleEndian" if sys.byteorder == "little" else "BigEndian"
    return (
        f'<?xml version="1.0"?>\n<!-- {MARK} -->\n'
        f'<VTKFile type="{kind}" version="1.0" byte_order="{order}" header_type="UInt64">\n{body}\n</VTKFile>\n'
    ).encode()


def even_spacing(axis, what):
    """Of an axis for vtkImageData, which knows even ones only."""
    step = (axis[-1] - axis[0]) / (axis.size - 1) if axis.size > 1 else 1.0
    if axis.size > 1 and not (step != 0 and np.allclose(np.diff(axis), step, rtol=1e-6, atol=1e-9 * abs(step))):
        raise LandscapeError(
            f"The steps of {what} are not even: --format vti needs a grid that is; csv and npz do not."
        )
    return step


def image(x, y, arrays, what):
    """A .vti of arrays (name -> (P_y,P_x)) on the axes x and y."""
    extent = f"0 {x.size - 1} 0 {y.size - 1} 0 0"
    spacing = f"{even_spacing(x, what)!r} {even_spacing(y, what)!r} 1"
    data = "\n".join(data_array(name, np.asarray(values).ravel()) for name, values in arrays.items())
    return vtk_file(
        "ImageData",
        f'<ImageData WholeExtent="{extent}" Origin="{float(x[0])!r} {float(y[0])!r} 0" Spacing="{spacing}">\n'
        f'<Piece Extent="{extent}">\n<PointData Scalars="{next(iter(arrays))}">\n{data}\n</PointData>\n</Piece>\n</ImageData>',
    )


def polyline(points, arrays):
    """A .vtp of one line through points (K,2), in the plane z = 0."""
    n = len(points)
    corners = np.column_stack([points, np.zeros(n)])
    lines = data_array("connectivity", np.arange(n)) + data_array("offsets", np.array([n]))
    data = "".join(data_array(name, values) for name, values in arrays.items())
    return vtk_file(
        "PolyData",
        f'<PolyData><Piece NumberOfPoints="{n}" NumberOfVerts="0" NumberOfLines="1" NumberOfStrips="0" NumberOfPolys="0">\n'
        f"<PointData>{data}</PointData>\n<Points>{data_array('Points', corners, 3)}</Points>\n"
        f"<Lines>{lines}</Lines>\n</Piece></PolyData>",
    )


def wanted(name, losses):
    return not losses or name.split("_")[0] in losses


def surfaces_of(file, losses, word):
    found = [file.surface(name) for name in file.surfaces if wanted(name, losses)]
    found = [surface for surface in found if surface is not None]
    if not found and file.surfaces:
        raise LandscapeError(
            f"'{file.path}' has no complete point {word} yet; try again when the job has written it."
        )
    return found


def named(output, name, suffix=None):
    stem, own = os.path.splitext(output)
    return f"{stem}-{name}{suffix or own}"


def export_vti(file, output, losses, _):
    """[(path, bytes)]"""
    surfaces = surfaces_of(file, losses, "of a plane")
    made = []
    if surfaces:
        same = all(np.array_equal(s.x, surfaces[0].x) and np.array_equal(s.y, surfaces[0].y) for s in surfaces)
        groups = [surfaces] if same else [[surface] for surface in surfaces]
        for group in groups:
            arrays = {surface.name: surface.losses for surface in group}
            path = output if len(groups) == 1 else named(output, group[0].name)
            made.append((path, image(group[0].x, group[0].y, arrays, file.path)))
        for surface in surfaces:
            if surface.path.size:
                arrays = {"checkpoint": np.arange(len(surface.path))}
                made.append((named(output, f"{surface.name}-path", ".vtp"), polyline(surface.path, arrays)))
        return made
    profiles = [(loss, file.profiles(loss)) for loss in file.losses if wanted(loss, losses)]
    profiles = [(loss, p) for loss, p in profiles if p is not None]
    for loss, p in profiles:  # over the step and the direction's place, as a picture of the fan
        path = output if len(profiles) == 1 else named(output, loss)
        made.append(
            (path, image(p.steps, np.arange(float(len(p.losses))), {loss: p.losses}, f"{loss}'s profiles"))
        )
    if not made:
        raise LandscapeError(
            f"'{file.path}' holds neither a plane nor profiles on one grid: --format csv has the rest."
        )
    return made


# ---- CSV
def csv_bytes(table):
    """Comments with the meaning of every column, its names, the rows with 17 digits."""
    text = io.StringIO()
    text.write(f"# {table.name}; {MARK}\n")
    for name in table.columns:
        description, units = table.meanings.get(name, ("", ""))
        text.write(f"# {name} [{units}]: {' '.join(description.split())}\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.columns)
    for row in zip(*(np.asarray(column).tolist() for column in table.columns.values())):
        writer.writerow([repr(value) if isinstance(value, float) else value for value in row])
    return text.getvalue().encode()


def export_csv(file, output, losses, only):
    found = {
        name: table
        for name, table in tables(file).items()
        if not losses or any(part.split("_")[0] in losses for part in name.split("/"))
    }
    if only:
        if only not in found:
            raise LandscapeError(f"'{file.path}' has no table '{only}', only {', '.join(found) or 'none'}.")
        return [(output, csv_bytes(found[only]))]
    if not found:
        raise LandscapeError(f"'{file.path}' has nothing with columns yet; try again when the job has written it.")
    return [
        (output if len(found) == 1 else named(output, name.replace("/", "-")), csv_bytes(table))
        for name, table in found.items()
    ]


# ---- npz
def export_npz(file, output, losses, _):
    made = []
    surfaces = surfaces_of(file, losses, "of a plane")
    for surface in surfaces:
        line = surface.y.size == 1
        arrays = {"loss": surface.losses[0] if line else surface.losses, "x": surface.x, "y": surface.y}
        ranges = [surface.x] if line else [surface.x, surface.y]
        if len({axis.size for axis in ranges}) == 1:  # an array, no pickled list
            arrays["coordinates"] = np.stack(ranges)
        if surface.path.size:
            arrays["path"] = surface.path
        path = output if len(surfaces) == 1 else named(output, surface.name)
        made.append((path, npz_bytes(arrays)))
    if made:
        return made
    arrays = {}
    for loss in file.losses:
        for kind in file.kinds(loss) or [None]:
            p = file.profiles(loss, kind) if wanted(loss, losses) else None
            if p is not None:
                arrays[f"{p.path}/steps"], arrays[f"{p.path}/loss"] = p.steps, p.losses
    for name, table in tables(file).items():
        arrays.update({f"{name}/{column}": np.asarray(values) for column, values in table.columns.items()})
    if not arrays:
        raise LandscapeError(f"'{file.path}' has no arrays yet; try again when the job has written them.")
    return [(output, npz_bytes({name.replace("/", "."): values for name, values in arrays.items()}))]


def npz_bytes(arrays):
    content = io.BytesIO()
    np.savez(content, **arrays, made_by=np.frombuffer(MARK.encode(), dtype="u1"))
    return content.getvalue()


# ---- tomgoldstein/loss-landscape
def split(vector, minimizer):
    """The tensors of a direction, in PyTorch's order."""
    parts, start = [], 0
    for name in sorted(minimizer.tensors, key=tensor_order):
        shape = minimizer.tensors[name].shape
        size = int(np.prod(shape))
        parts.append(np.asarray(vector)[start : start + size].reshape(shape))
        start += size
    if start != np.size(vector):
        raise LandscapeError("The plane's directions do not fit the network: they are not exported.")
    return parts


def export_losslandscape(file, output, losses, _):
    surfaces = surfaces_of(file, losses, "of a plane")
    if not surfaces:
        raise LandscapeError(f"'{file.path}' holds no plane or line: landscape_mpi surface makes one.")
    made = []
    for surface in surfaces:
        if surface.n_complete < surface.n_points:
            raise LandscapeError(
                f"'{file.path}': {surface.n_points - surface.n_complete} points of {surface.name} are missing, for which "
                "that layout has no word; try again when the job has ended."
            )
        path = output if len(surfaces) == 1 else named(output, surface.name)
        made.append((path, losslandscape_bytes(path, file, surface)))
    return made


def losslandscape_bytes(path, file, surface):
    """Its readers take losses <= 0 for missing: train_loss is shifted so that the least is 1, raw values beside it."""
    line = surface.y.size == 1
    raw = surface.losses[0] if line else surface.losses
    offset = 0.0 if np.nanmin(raw) > 0 else 1.0 - float(np.nanmin(raw))
    with h5py.File("in memory", "w", driver="core", backing_store=False) as out:
        out.attrs["creator"] = MARK
        out["dir_file"] = os.path.basename(path)  # the directions are in the same file
        out["xcoordinates"] = surface.x
        if not line:
            out["ycoordinates"] = surface.y
        out["train_loss"] = raw + offset
        out["train_loss"].attrs["offset"] = offset
        out["train_loss_raw"] = raw
        out["train_acc"] = np.full(raw.shape, np.nan)  # there is none; its readers ask for it
        minimizer = file.minimizer(surface.around or surface.loss)
        if surface.summary is not None and minimizer is not None:
            for name, key in (("xdirection", "along"), ("ydirection", "across")):
                if key in surface.summary:
                    for i, tensor in enumerate(split(surface.summary[key], minimizer)):
                        out[f"{name}/{i}"] = tensor
        if surface.path.size:
            out["proj_xcoord"], out["proj_ycoord"] = surface.path.T
            out["explained_variance_ratio_"] = surface.explained
        out.flush()
        return out.id.get_file_image()


# ---- minimizers
def chosen_minimizer(file, losses, name):
    """The one of that name, else the only one (of the losses)."""
    names = [one for one in file.minimizers if wanted(one, losses)]
    if name and name not in file.minimizers:
        raise LandscapeError(
            f"'{file.path}' has no minimizer '{name}', only {', '.join(file.minimizers) or 'none'}: choose --minimizer."
        )
    if not name and not names:
        raise LandscapeError(f"'{file.path}' has no minimizer to export.")
    if not name and len(names) > 1:
        raise LandscapeError(f"'{file.path}' has the minimizers {', '.join(names)}: choose one with --minimizer.")
    minimizer = file.minimizer(name or names[0])
    if minimizer is None:
        raise LandscapeError(
            f"'{file.path}': the minimizer '{name or names[0]}' is not trained yet; try again later."
        )
    return minimizer


def export_network(to_bytes):
    def export_minimizer(file, output, losses, name):
        minimizer = chosen_minimizer(file, losses, name)
        return [(output, to_bytes(state_dict.checked_tensors(file, minimizer), state_dict.metadata_of(minimizer)))]

    return export_minimizer


# name: (function (file, output, losses, table or minimizer) -> [(path, bytes)], suffix)
FORMATS = {
    "vti": (export_vti, ".vti"),
    "csv": (export_csv, ".csv"),
    "npz": (export_npz, ".npz"),
    "losslandscape": (export_losslandscape, ".h5"),
    "safetensors": (export_network(state_dict.safetensors_bytes), ".safetensors"),
    "pt": (export_network(state_dict.pt_bytes), ".pt"),
}


NETWORKS = ("safetensors", "pt")


def export(file, kind, output, losses=(), table=None, minimizer=None):
    """Writes a File in one of FORMATS; returns the paths written."""
    with file.reading():
        made = FORMATS[kind][0](file, output, losses, minimizer if kind in NETWORKS else table)
    for path, _ in made:
        check_target(path, [file.path])  # all of them before the first is written
    for path, content in made:
        write_bytes(path, content, [file.path])
    return [path for path, _ in made]
